// @ts-check
// The roll and what the issuing desks did with it.

import { sha256, signedByPasskey } from './cryptography.mjs';
import { compare, fromBase64, join, label, listOf, readDocument, same, splitLines, textOf, toBase64, utf8, withFields } from './documents.mjs';
import { demand, fail } from './faults.mjs';
import { Tree } from './notes.mjs';

/** @typedef {import('./terms.mjs').Terms} Terms */
/** @typedef {import('./logs.mjs').Log} Log */
/** @typedef {import('./logs.mjs').Queue} Queue */
/** @typedef {{commitment: Uint8Array, credential: Uint8Array}} Entry */
/** @typedef {Map<string, Entry>} Roll entries by their commitment's base64 */
/** @typedef {{issued: Map<string, string[]>, papers: Set<string>}} Desk requests by commitment, and who got a paper */

const ROLL = 'roll.jsonl';

/** @param {Uint8Array} bytes @param {Terms} terms @returns {Promise<Roll>} */
export async function readRoll(bytes, terms) {
  const lines = splitLines(bytes);
  /** @type {Roll} */
  const roll = new Map();
  let last = new Uint8Array(0);
  let ascending = true;
  const fields = terms.tier === 'open' ? ['commitment', 'credential', 'name'] : ['commitment', 'credential'];
  for (const [number, line] of lines.entries()) {
    const where = `${ROLL}, line ${number}`;
    const entry = withFields(readDocument(line, where), fields, where);
    const commitment = fromBase64(entry.commitment, where, 32);
    if ('name' in entry) textOf(entry.name, where);
    ascending &&= compare(last, commitment) < 0;
    last = commitment;
    roll.set(entry.commitment, { commitment, credential: fromBase64(entry.credential, where) });
  }
  demand(lines.length === terms.roll.size, 'swapped_roll', ROLL);
  const tree = await Tree.over(/** @type {Uint8Array[]} */ (lines));
  demand(same(await tree.root(lines.length), terms.roll.root), 'swapped_roll', ROLL);
  demand(ascending, 'document_malformed', ROLL);
  return roll;
}

/** Every desk issues on the same gesture, so its signature is checked once. */
export class Gestures {
  /** @param {Terms} terms @param {Uint8Array} manifestHash */
  constructor(terms, manifestHash) {
    this.terms = terms;
    this.manifestHash = manifestHash;
    this.party = sha256(utf8(terms.relyingParty.id));
    /** @type {Map<string, Promise<boolean>>} */
    this.known = new Map();
  }

  /** Whether the passkey asked for this. @param {Entry} entry @param {string[]} requests @param {any} assertion */
  asked(entry, requests, assertion) {
    const name = JSON.stringify([toBase64(entry.commitment), requests, assertion]);
    let answer = this.known.get(name);
    if (answer === undefined) {
      answer = this.check(entry, requests, assertion);
      this.known.set(name, answer);
    }
    return answer;
  }

  /** Web Authentication Level 2, section 7.2. @param {Entry} entry @param {string[]} requests @param {any} assertion @returns {Promise<boolean>} */
  async check(entry, requests, assertion) {
    const authenticator = fromBase64(assertion.authenticator_data);
    const client = fromBase64(assertion.client_data);
    const challenge = await sha256(
      label('khan-cars ballot request 1'), this.manifestHash, entry.commitment, ...requests.map((request) => fromBase64(request)),
    );
    if (!isAsking(client, toBase64(challenge, true), this.terms.relyingParty.origins)) return false;
    // 32 bytes of hash, one of flags (user present and verified), four of a counter.
    if (authenticator.length < 37 || !same(authenticator.subarray(0, 32), await this.party) || (authenticator[32] & 0x05) !== 0x05) return false;
    const message = join(authenticator, await sha256(client));
    return signedByPasskey(entry.credential, fromBase64(assertion.signature), message);
  }
}

/** @param {Uint8Array} client @param {string} challenge @param {string[]} origins */
function isAsking(client, challenge, origins) {
  try {
    const given = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(client));
    return given?.type === 'webauthn.get' && given.challenge === challenge && origins.includes(given.origin);
  } catch {
    return false;
  }
}

/**
 * One desk's log, line by line.
 * @param {Log} log @param {{terms: Terms, roll: Roll, gestures: Gestures, queue: Queue}} given @returns {Promise<Desk>}
 */
export async function readDesk(log, { terms, roll, gestures, queue }) {
  /** @type {Desk} */
  const desk = { issued: new Map(), papers: new Set() };
  const wanted = terms.tier === 'sealed' ? terms.desks.length : terms.tier === 'open' ? 1 : 0;
  await log.each(queue, (entry, where) => {
    const fields = entry.kind === 'issued' ? ['assertion', 'commitment', 'index', 'kind', 'requests'] : ['commitment', 'index', 'kind'];
    demand(entry.kind === 'issued' || entry.kind === 'paper', 'document_malformed', where);
    const { commitment } = withFields(entry, fields, where);
    fromBase64(commitment, where, 32);
    if (entry.kind === 'issued') demandRequest(entry, wanted, where);
    const voter = roll.get(commitment) ?? fail('not_on_the_roll', where);
    const twice = desk.papers.has(commitment) || (entry.kind === 'issued' && desk.issued.has(commitment));
    demand(!twice, 'double_vote', where);
    if (entry.kind === 'paper') {
      desk.papers.add(commitment);
      return;
    }
    desk.issued.set(commitment, entry.requests);
    if (entry.assertion === null) {
      demand(terms.tier !== 'sealed', 'document_malformed', where);
      return;
    }
    queue.add(async () => demand(await gestures.asked(voter, entry.requests, entry.assertion), 'forged_request', where));
  });
  return desk;
}

/** @param {any} entry @param {number} wanted @param {string} where */
function demandRequest({ requests, assertion }, wanted, where) {
  demand(listOf(requests, where).length === wanted, 'document_malformed', where);
  for (const request of requests) fromBase64(request, where, 32);
  if (assertion === null) return;
  withFields(assertion, ['authenticator_data', 'client_data', 'signature'], where);
  for (const part of Object.values(assertion)) fromBase64(part, where);
}

/** Every desk has the same entries with a paper. @param {Desk[]} desks */
export function demandAgreement(desks) {
  for (const { papers } of desks) {
    demand(papers.size === desks[0].papers.size && [...papers].every((one) => desks[0].papers.has(one)), 'desks_differ');
  }
}
