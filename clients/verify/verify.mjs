// @ts-check
// Verifies a ballot bundle by docs/reference/ballot_bundle.md: bytes in, a report or the first fault out.

import { Board } from './board.mjs';
import { isBlank, unpad, whyBroken } from './choices.mjs';
import { count } from './counting.mjs';
import { drawLot, electionKey, lotSeed, openSealed, sha256, signedEd25519 } from './cryptography.mjs';
import { Gestures, demandAgreement, readDesk, readRoll } from './desks.mjs';
import { canonical, fromBase64, fromHex, join, label, listOf, readDocument, same, textOf, toBase64, toHex, u64, utf8, whole, withFields } from './documents.mjs';
import { Fault, demand, fail } from './faults.mjs';
import { Log, Queue } from './logs.mjs';
import { SIGNED, leafHash, lookUp, readCheckpoint, readNote, rootOfProof } from './notes.mjs';
import { isKnown, readTerms } from './terms.mjs';
import { readParts } from './zip.mjs';

/** @typedef {import('./terms.mjs').Terms} Terms */
/** @typedef {import('./notes.mjs').Tree} Tree */
/** @typedef {{index: number, leaf: Uint8Array, proof: Uint8Array[], size: number, root: Uint8Array}} Receipt */
/** @typedef {{index: number, choice: import('./choices.mjs').Choice | null, reason: string | null}} Sheet what is counted, and where it stands on the board */
/** @typedef {{part: string, done: number, total: number}} Progress `part` is one of STEPS */
/**
 * @typedef {object} Report
 * @property {boolean} accepted
 * @property {string} [code] of the first fault
 * @property {string} [where] the fault was found
 * @property {string} [manifest] the manifest's hash in hexadecimal, if there was one
 * @property {Terms} [terms]
 * @property {any} [certificate]
 * @property {{witnesses: number, needed: number, trustees: number}} [who]
 * @property {{index: number, kind: string, cancelled: boolean, replaced: boolean} | null} [receipt]
 */

export const STEPS = ['manifest', 'roll', 'desks', 'board', 'opening', 'count'];
const FIXED = ['manifest.json', 'manifest.note', 'roll.jsonl', 'board.jsonl', 'board-heads.jsonl', 'opening.json', 'certificate.json'];

/**
 * Verifies a bundle.
 * @param {Uint8Array} archive
 * @param {{receipt?: Uint8Array, noticed?: string, report?: (progress: Progress) => void}} [options]
 *   the voter's receipt; the hash that stood in the notice, in hexadecimal; called as the work goes on
 * @returns {Promise<Report>}
 * @throws {import('./faults.mjs').CannotCheck} when this browser lacks what the vote was sealed with
 */
export async function verify(archive, { receipt, noticed, report = () => {} } = {}) {
  /** @type {Partial<Report>} */
  const known = {};
  try {
    return { accepted: true, ...(await new Verification(archive, { receipt, noticed, report, known }).run()) };
  } catch (error) {
    if (!(error instanceof Fault)) throw error;
    return { accepted: false, ...known, code: error.code, where: error.where };
  }
}

/** One bundle under verification; each step leaves behind what later ones need. */
class Verification {
  /** @param {Uint8Array} archive @param {{receipt?: Uint8Array, noticed?: string, report: (progress: Progress) => void, known: Partial<Report>}} options */
  constructor(archive, { receipt, noticed, report, known }) {
    this.archive = archive;
    this.given = { receipt, noticed };
    this.report = report;
    this.known = known;
  }

  /** The page's order of checks. @returns {Promise<Partial<Report>>} */
  async run() {
    await this.readArchive();
    await this.checkManifest();
    const receipt = this.given.receipt === undefined ? null : await this.checkReceipt(this.given.receipt);
    await this.checkRoll();
    await this.checkKeyAndLot();
    await this.checkDesks();
    await this.checkBoard();
    const found = receipt === null ? null : await this.findReceipt(receipt);
    const trustees = await this.checkReleases();
    const certificate = await this.count();
    const written = utf8(canonical(certificate));
    readDocument(this.part('certificate.json'), 'certificate.json');
    demand(same(written, this.part('certificate.json')), 'broken_recount', 'certificate.json');
    const { witnesses, needed } = this.terms;
    return { ...this.known, certificate, receipt: found, who: { witnesses: witnesses.length, needed, trustees } };
  }

  /** @param {string} name @returns {Uint8Array} */
  part(name) {
    return /** @type {Uint8Array} */ (this.parts.get(name));
  }

  async readArchive() {
    this.parts = await readParts(this.archive, (names) => [...FIXED, ...names.filter((name) => /^desk-(0|[1-9]\d{0,3})(-heads)?\.jsonl$/.test(name))]);
  }

  /** @param {string} step @param {number} total @returns {Queue} */
  queue(step, total) {
    this.report({ part: step, done: 0, total });
    return new Queue((done) => this.report({ part: step, done: Math.min(done, total), total }));
  }

  async checkManifest() {
    this.queue('manifest', 1);
    const bytes = this.part('manifest.json');
    this.manifestHash = await sha256(bytes);
    this.known.manifest = toHex(this.manifestHash);
    const { noticed } = this.given;
    demand(noticed === undefined || noticed === this.known.manifest, 'changed_manifest', 'manifest.json');
    this.terms = await readTerms(bytes);
    this.known.terms = this.terms;
    const { vote, desks, board } = this.terms;
    for (let desk = 0; desk < desks.length; desk += 1) {
      demand(this.parts.has(`desk-${desk}.jsonl`) && this.parts.has(`desk-${desk}-heads.jsonl`), 'bundle_unreadable', `desk-${desk}`);
    }
    const note = readNote(decoded(this.part('manifest.note')), 'unsigned_manifest', 'manifest.note');
    const lines = await Promise.all([...desks.map(({ log }) => log), board].map((signer) => lookUp(note, signer, SIGNED)));
    demand(!lines.some((line) => line.false), 'unsigned_manifest', 'manifest.note');
    demand(note.text === `khan-cars manifest 1\n${vote}\n${toBase64(this.manifestHash)}\n`, 'changed_manifest', 'manifest.note');
    demand(lines.every((line) => line.signed), 'unsigned_manifest', 'manifest.note');
  }

  /** @param {Uint8Array} bytes @returns {Promise<Receipt>} */
  async checkReceipt(bytes) {
    const where = 'receipt';
    const given = withFields(readDocument(bytes, where), ['format', 'manifest', 'index', 'leaf', 'proof', 'checkpoint'], where);
    demand(given.format === 'khan-cars receipt 1', 'document_malformed', where);
    fromBase64(given.manifest, where, 32);
    const claim = {
      index: whole(given.index, 0, Number.MAX_SAFE_INTEGER, where),
      leaf: fromBase64(given.leaf, where, 32),
      proof: listOf(given.proof, where).map((hash) => fromBase64(hash, where, 32)),
    };
    const note = readNote(textOf(given.checkpoint, where), 'unsigned_head', where);
    const { origin, size, root } = readCheckpoint(note, 'unsigned_head', where);
    demand(given.manifest === toBase64(this.manifestHash), 'receipt_of_another_vote', where);
    const { board } = this.terms;
    const line = await lookUp(note, board, SIGNED);
    demand(line.signed && !line.false && origin === board.name, 'unsigned_head', where);
    const leads = await rootOfProof({ ...claim, size });
    demand(leads !== null && same(leads, root), 'false_receipt', where);
    return { ...claim, size, root };
  }

  async checkRoll() {
    this.queue('roll', 1);
    this.roll = await readRoll(this.part('roll.jsonl'), this.terms);
  }

  async checkKeyAndLot() {
    const where = 'opening.json';
    const given = withFields(readDocument(this.part(where), where), ['election_key', 'lot', 'releases'], where);
    const secret = given.election_key === null ? null : fromBase64(given.election_key, where, 32);
    demand(typeof given.lot === 'string' && /^[0-9a-f]{64}$/.test(given.lot), 'document_malformed', where);
    this.releases = listOf(given.releases, where).map((release) => {
      const { at_ms, signature, trustee } = withFields(release, ['at_ms', 'signature', 'trustee'], where);
      return { at: whole(at_ms, 0, Number.MAX_SAFE_INTEGER, where), signature: fromBase64(signature, where, 64), trustee: textOf(trustee, where) };
    });
    const { trustees, lotCommitment } = this.terms;
    demand((secret === null) === (trustees === null), 'wrong_key', where);
    this.election = secret === null ? null : await electionKey(secret);
    demand(this.election === null || same(this.election.open, /** @type {any} */ (trustees).electionKey), 'wrong_key', where);
    this.lot = fromHex(given.lot);
    demand(same(await sha256(this.lot), lotCommitment), 'wrong_lot', where);
  }

  /** @param {import('./notes.mjs').Signer} keeper */
  keptBy(keeper) {
    return { keeper, witnesses: this.terms.witnesses, needed: this.terms.needed };
  }

  async checkDesks() {
    const { terms, roll, manifestHash } = this;
    const gestures = new Gestures(terms, manifestHash);
    this.desks = [];
    const logs = terms.desks.map((_, desk) => new Log(`desk-${desk}.jsonl`, this.part(`desk-${desk}.jsonl`), manifestHash));
    const total = logs.reduce((sum, { lines }) => sum + lines.length, 0);
    const queue = this.queue('desks', total);
    for (const [desk, log] of logs.entries()) {
      this.desks.push(await readDesk(log, { terms, roll, gestures, queue }));
      await log.heads(this.part(`desk-${desk}-heads.jsonl`), this.keptBy(terms.desks[desk].log));
    }
    demandAgreement(this.desks);
  }

  async checkBoard() {
    const { terms, manifestHash, desks } = this;
    this.log = new Log('board.jsonl', this.part('board.jsonl'), manifestHash);
    const queue = this.queue('board', this.log.lines.length * (terms.tier === 'detached' ? 1 : 2));
    this.board = new Board({ terms, manifestHash, desk: desks[0], queue });
    await this.log.each(queue, (entry, where) => this.board.read(entry, where));
    const { heads, tree } = await this.log.heads(this.part('board-heads.jsonl'), this.keptBy(terms.board));
    this.tree = tree;
    this.heads = heads;
    this.root = await tree.root(tree.size);
    this.closed = this.board.demandClosed(heads);
    this.board.demandLetIn(desks);
  }

  /** @param {Receipt} receipt */
  async findReceipt({ index, leaf, size, root }) {
    const leaves = this.tree.levels[0];
    const line = this.log.lines[index];
    if (!(line && same(await leafHash(line), leaf))) fail(leaves.some((one) => same(one, leaf)) ? 'forked_board' : 'dropped_ballot', 'receipt');
    demand(size <= this.tree.size, 'dropped_ballot', 'receipt');
    demand(same(await this.tree.root(size), root), 'forked_board', 'receipt');
    const entry = /** @type {any} */ (readDocument(line, 'receipt'));
    const key = entry.ballot?.key ?? entry.key;
    const cancelled = this.board.cancelled.has(key);
    return { index, kind: entry.kind, cancelled, replaced: entry.kind === 'ballot' && this.board.last.get(key)?.index !== index };
  }

  /** @returns {Promise<number>} how many trustees gave up their shares in time */
  async checkReleases() {
    this.queue('opening', 1);
    const { trustees } = this.terms;
    if (trustees === null) return 0;
    const people = new Map(trustees.people.map(({ name, key }) => [name, key]));
    const released = new Set();
    for (const { at, signature, trustee } of this.releases) {
      const key = people.get(trustee);
      if (key === undefined) continue;
      let signed = false;
      for (const { size, root } of this.heads) {
        const message = join(label('khan-cars key release 1'), this.manifestHash, u64(size), root, u64(at));
        if (!(await signedEd25519(key, signature, message))) continue;
        demand(at >= this.closed.at && size === this.tree.size, 'early_key', trustee);
        signed = true;
      }
      demand(signed, 'too_few_trustees', trustee);
      released.add(trustee);
    }
    demand(released.size >= trustees.needed, 'too_few_trustees', 'opening.json');
    return released.size;
  }

  /** The certificate, made anew. */
  async count() {
    const { terms, board } = this;
    demand(isKnown(terms.rule), 'unknown_rule', terms.rule);
    const counted = [...board.last].filter(([key]) => !board.cancelled.has(key)).map(([, ballot]) => ballot);
    const queue = this.queue('count', counted.length);
    /** @type {Sheet[]} */
    const sheets = board.papers.map(({ index, choice }) => ({ index, choice, reason: whyBroken(choice, terms) }));
    for (const ballot of counted) queue.add(async () => void sheets.push(await this.open(ballot)));
    await queue.settle();
    sheets.sort((a, b) => a.index - b.index);
    const followed = sheets.flatMap(({ choice, reason }) => (reason === null ? [/** @type {any} */ (choice)] : []));
    const seed = await lotSeed(this.lot, join(u64(this.tree.size), this.root));
    const result = await count(terms, followed, (occasion, tied) => drawLot(seed, occasion, tied));
    const issued = this.desks.map((desk) => desk.issued.size);
    return {
      format: 'khan-cars certificate 1',
      vote: terms.vote,
      manifest: toBase64(this.manifestHash),
      board: { size: this.tree.size, root: toBase64(this.root) },
      roll: this.roll.size,
      issued,
      unused: Math.min(...issued) - board.keys,
      keys: board.keys,
      superseded: board.ballots - board.last.size,
      cancelled: board.cancelled.size,
      papers: board.papers.length,
      valid: followed.length,
      blank: followed.filter(isBlank).length,
      broken: sheets.flatMap(({ index, reason }) => (reason === null ? [] : [{ index, reason }])),
      result,
    };
  }

  /** A ballot's choice, and why it is broken if it is. @param {import('./board.mjs').Ballot} ballot @returns {Promise<Sheet>} */
  async open({ index, key, sequence, content }) {
    let choice = content;
    if (this.election !== null) {
      const info = join(label('khan-cars ballot content 1'), this.manifestHash, key, u64(sequence));
      const plain = await openSealed(this.election, content, info);
      if (plain === null) return { index, choice: null, reason: 'cannot_be_opened' };
      choice = unpad(plain, this.terms.contentBytes);
    }
    return { index, choice, reason: whyBroken(choice, this.terms) };
  }
}

/** @param {Uint8Array} bytes of a note @returns {string} empty, which is no note, when they are no UTF-8 */
function decoded(bytes) {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    return '';
  }
}
