// @ts-check
// The board, line by line, and what of it counts.

import { sha256, signedEd25519, signedRsa } from './cryptography.mjs';
import { canonical, fromBase64, join, label, listOf, textOf, toBase64, utf8, whole, withFields } from './documents.mjs';
import { demand, fail } from './faults.mjs';

/** @typedef {import('./terms.mjs').Terms} Terms */
/** @typedef {import('./logs.mjs').Log} Log */
/** @typedef {import('./logs.mjs').Queue} Queue */
/** @typedef {import('./logs.mjs').Head} Head */
/** @typedef {import('./desks.mjs').Desk} Desk */
/** @typedef {{index: number, key: Uint8Array, sequence: number, content: any}} Ballot */
/** @typedef {{index: number, choice: any}} Paper */

const SEQUENCE_MAX = 1_000_000;
const TIME_MAX = Number.MAX_SAFE_INTEGER;
const FIELDS = /** @type {Record<string, string[]>} */ ({
  ballot: ['ballot'],
  cancellation: ['key', 'tokens', 'signature'],
  extension: ['closes_at_ms', 'reason'],
  close: ['closed_at_ms'],
  paper_ballot: ['content'],
});

/** What a board says, as it is read. */
export class Board {
  /** @param {{terms: Terms, manifestHash: Uint8Array, desk: Desk, queue: Queue}} given the first desk's log decides who may vote openly */
  constructor({ terms, manifestHash, desk, queue }) {
    this.terms = terms;
    this.manifestHash = manifestHash;
    this.desk = desk;
    this.queue = queue;
    this.closes = terms.closes;
    this.ballots = 0;
    /** @type {Map<string, Ballot>} */
    this.last = new Map();
    /** @type {Set<string>} */
    this.cancelled = new Set();
    /** @type {Paper[]} */
    this.papers = [];
    /** @type {{index: number, at: number} | null} */
    this.closed = null;
  }

  /** Ballot keys on the board, those only cancelled included. */
  get keys() {
    return new Set([...this.last.keys(), ...this.cancelled]).size;
  }

  /** @param {any} entry @param {string} where */
  read(entry, where) {
    const fields = FIELDS[entry.kind];
    demand(Object.hasOwn(FIELDS, entry.kind), 'document_malformed', where);
    withFields(entry, ['index', 'kind', ...fields], where);
    if (entry.kind === 'ballot') this.readBallot(entry, where);
    else if (entry.kind === 'cancellation') this.readCancellation(entry, where);
    else if (entry.kind === 'extension') this.readExtension(entry, where);
    else if (entry.kind === 'close') this.readClose(entry, where);
    else this.readPaper(entry, where);
  }

  /** @param {any} entry @param {string} where */
  readBallot({ index, ballot }, where) {
    withFields(ballot, ['content', 'key', 'sequence', 'signature', 'tokens', 'voter', 'vote'], where);
    const key = fromBase64(ballot.key, where, 32);
    const tokens = listOf(ballot.tokens, where).map((token) => fromBase64(token, where));
    const sequence = whole(ballot.sequence, 1, SEQUENCE_MAX, where);
    const signature = fromBase64(ballot.signature, where, 64);
    const content = this.readContent(ballot, where);
    demand(fromBase64(ballot.vote, where, 32) && ballot.vote === toBase64(this.manifestHash), 'replayed_ballot', where);
    this.demandTokens(key, tokens, where);
    const { signature: _, ...signed } = ballot;
    this.demandSignature(key, signature, join(label('khan-cars ballot 1'), utf8(canonical(signed))), where);
    this.demandVoter(ballot.voter, key, where);
    const before = this.last.get(ballot.key);
    demand(before === undefined || before.sequence < sequence, 'repeated_sequence', where);
    demand(!this.cancelled.has(ballot.key), 'ballot_after_cancellation', where);
    demand(this.closed === null, 'late_ballot', where);
    this.ballots += 1;
    this.last.set(ballot.key, { index, key, sequence, content });
  }

  /** @param {any} ballot @param {string} where */
  readContent({ content, voter }, where) {
    if (this.terms.tier === 'open') {
      demand(typeof content === 'object' && content !== null && !Array.isArray(content), 'document_malformed', where);
      fromBase64(voter, where, 32);
      return content;
    }
    demand(voter === '', 'document_malformed', where);
    return fromBase64(content, where);
  }

  /** Every desk with an issuer key has signed the ballot's key (RFC 9474). @param {Uint8Array} key @param {Uint8Array[]} tokens @param {string} where */
  demandTokens(key, tokens, where) {
    const { issuers } = this.terms;
    if (issuers.length === 0) {
      demand(tokens.length === 0, 'document_malformed', where);
      return;
    }
    const message = join(label('khan-cars ballot token 1'), this.manifestHash, key);
    this.queue.add(async () => {
      const signed = await Promise.all(tokens.slice(0, issuers.length).map((token, desk) => signedRsa(issuers[desk], token.subarray(32), join(token.subarray(0, 32), message))));
      if (!signed.includes(true)) fail('forged_token', where);
      demand(tokens.length === issuers.length && !signed.includes(false), 'one_desk_alone', where);
    });
  }

  /** @param {Uint8Array} key @param {Uint8Array} signature @param {Uint8Array} message @param {string} where */
  demandSignature(key, signature, message, where) {
    this.queue.add(async () => demand(await signedEd25519(key, signature, message), 'forged_ballot', where));
  }

  /** An open ballot's voter was issued this key's hash. @param {string} voter @param {Uint8Array} key @param {string} where */
  demandVoter(voter, key, where) {
    if (this.terms.tier !== 'open') return;
    const issued = this.desk.issued.get(voter);
    this.queue.add(async () => demand(issued?.[0] === toBase64(await sha256(key)), 'ballot_of_nobody', where));
  }

  /** @param {any} entry @param {string} where */
  readCancellation({ key, tokens, signature }, where) {
    const bytes = fromBase64(key, where, 32);
    this.demandTokens(bytes, listOf(tokens, where).map((token) => fromBase64(token, where)), where);
    const message = join(label('khan-cars ballot cancellation 1'), this.manifestHash, bytes);
    this.demandSignature(bytes, fromBase64(signature, where, 64), message, where);
    demand(!this.cancelled.has(key), 'document_malformed', where);
    demand(this.closed === null, 'late_ballot', where);
    this.cancelled.add(key);
  }

  /** @param {any} entry @param {string} where */
  readExtension({ closes_at_ms, reason }, where) {
    const closes = whole(closes_at_ms, 0, TIME_MAX, where);
    textOf(reason, where);
    demand(this.closed === null, 'late_ballot', where);
    demand(closes > this.closes, 'closed_early', where);
    this.closes = closes;
  }

  /** @param {any} entry @param {string} where */
  readClose({ index, closed_at_ms }, where) {
    const at = whole(closed_at_ms, 0, TIME_MAX, where);
    demand(this.closed === null, 'late_ballot', where);
    demand(at === this.closes, 'closed_early', where);
    this.closed = { index, at };
  }

  /** @param {any} entry @param {string} where */
  readPaper({ index, content }, where) {
    demand(typeof content === 'object' && content !== null && !Array.isArray(content), 'document_malformed', where);
    demand(this.closed !== null, 'document_malformed', where);
    this.papers.push({ index, choice: content });
  }

  /**
   * A head ends with the close, and witnesses enough saw it in time.
   * @param {Head[]} heads @returns {{index: number, at: number}}
   */
  demandClosed(heads) {
    const closed = this.closed ?? fail('late_ballot', 'board.jsonl');
    const head = heads.find(({ size }) => size === closed.index + 1) ?? fail('too_few_witnesses', 'board-heads.jsonl');
    const first = Math.ceil(closed.at / 1000);
    const within = head.times.filter((time) => time >= first && time <= first + this.terms.grace);
    if (within.length < this.terms.needed) fail(head.times.some((time) => time < first) ? 'closed_early' : 'late_ballot', 'board-heads.jsonl');
    return closed;
  }

  /** There are no more ballots and papers than the desks let in. @param {Desk[]} desks */
  demandLetIn(desks) {
    for (const { issued } of desks) demand(this.keys <= issued.size, 'too_many_ballots');
    const { papers } = desks[0];
    demand(this.papers.length <= papers.size, 'too_many_papers');
    const both = [...papers].filter((commitment) => desks.some(({ issued }) => issued.has(commitment))).length;
    demand(both <= this.cancelled.size, 'paper_without_cancellation');
  }
}
