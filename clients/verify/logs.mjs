// @ts-check
// What holds of every log: numbered lines, the manifest first, heads that keeper and witnesses signed.

import { fromBase64, readDocument, same, splitLines, textOf, toBase64, whole, withFields } from './documents.mjs';
import { Fault, demand, fail } from './faults.mjs';
import { COSIGNED, SIGNED, Tree, lookUp, readCheckpoint, readNote } from './notes.mjs';

/** @typedef {import('./notes.mjs').Signer} Signer */
/** @typedef {import('./notes.mjs').Checkpoint & {times: number[]}} Head */

const CHECKS_AT_ONCE = 256;

/**
 * Checks that are asked for in order and done many at a time: the first that fails in that order
 * is the one that is told, as if each had been waited for.
 */
export class Queue {
  /** @param {(done: number) => void} report */
  constructor(report) {
    /** @type {(() => Promise<void>)[]} */
    this.waiting = [];
    this.report = report;
    this.done = 0;
  }

  /** @param {() => Promise<void>} check throws a Fault */
  add(check) {
    this.waiting.push(check);
  }

  /** Does what waits. @param {number} [most] only if so many wait */
  async settle(most = 0) {
    if (this.waiting.length <= most) return;
    const checks = this.waiting;
    this.waiting = [];
    for (let at = 0; at < checks.length; at += CHECKS_AT_ONCE) {
      const settled = await Promise.allSettled(checks.slice(at, at + CHECKS_AT_ONCE).map((check) => check()));
      for (const one of settled) if (one.status === 'rejected') throw one.reason;
      this.done += settled.length;
      this.report(this.done);
    }
  }
}

/** The lines of one log, read one after another. */
export class Log {
  /** @param {string} part @param {Uint8Array} bytes @param {Uint8Array} manifestHash */
  constructor(part, bytes, manifestHash) {
    this.part = part;
    this.lines = splitLines(bytes);
    this.manifestHash = manifestHash;
  }

  /**
   * Every entry behind the first to `read`, which may leave slower checks in the queue. A fault that
   * `read` throws is told only after what was queued before it.
   * @param {Queue} queue @param {(entry: any, where: string) => void} read
   */
  async each(queue, read) {
    try {
      demand(this.lines.length > 0, 'document_malformed', this.part);
      for (let number = 0; number < this.lines.length; number += 1) {
        const where = `${this.part}, line ${number}`;
        const entry = this.entry(number, where);
        if (number === 0) this.demandManifest(entry, where);
        else read(entry, where);
        await queue.settle(4 * CHECKS_AT_ONCE);
      }
    } catch (error) {
      if (error instanceof Fault) await queue.settle();
      throw error;
    }
    await queue.settle();
  }

  /** @param {number} number @param {string} where @returns {any} */
  entry(number, where) {
    const entry = readDocument(this.lines[number], where);
    const index = whole(entry.index, 0, Number.MAX_SAFE_INTEGER, where);
    textOf(entry.kind, where);
    if (index !== number) fail(this.isMissing(number) ? 'dropped_ballot' : 'reordered_entries', where);
    return entry;
  }

  /** Whether an entry stands nowhere, though a later one does. @param {number} number */
  isMissing(number) {
    const numbers = this.lines.map((line) => {
      try {
        return Number(readDocument(line, this.part).index);
      } catch {
        return -1;
      }
    });
    return !numbers.includes(number) && numbers.some((other) => other > number);
  }

  /** @param {any} entry @param {string} where */
  demandManifest(entry, where) {
    demand(entry.kind === 'manifest', 'document_malformed', where);
    withFields(entry, ['index', 'kind', 'manifest'], where);
    fromBase64(entry.manifest, where, 32);
    demand(entry.manifest === toBase64(this.manifestHash), 'changed_manifest', where);
  }

  /**
   * The log's heads, each signed by its keeper and by witnesses enough, and true of the lines.
   * @param {Uint8Array} bytes of the part with the heads
   * @param {{keeper: Signer, witnesses: Signer[], needed: number}} who
   * @returns {Promise<{heads: Head[], tree: Tree}>}
   */
  async heads(bytes, who) {
    const part = this.part.replace('.jsonl', '-heads.jsonl');
    const tree = await Tree.over(/** @type {Uint8Array[]} */ (this.lines));
    /** @type {Head[]} */
    const heads = [];
    for (const [number, line] of splitLines(bytes).entries()) {
      const where = `${part}, line ${number}`;
      const { note } = withFields(readDocument(line, where), ['note'], where);
      const head = await readHead(textOf(note, where), who, where);
      demand((heads.at(-1)?.size ?? -1) <= head.size, 'document_malformed', where);
      demand(head.size <= tree.size, 'dropped_ballot', where);
      heads.push(head);
    }
    await this.demandTrue(heads, tree, part);
    return { heads, tree };
  }

  /** The last head is of these lines, and so was every earlier one. @param {Head[]} heads @param {Tree} tree @param {string} part */
  async demandTrue(heads, tree, part) {
    const isTrue = async (/** @type {Head} */ head) => same(await tree.root(head.size), head.root);
    const last = heads.at(-1) ?? fail('unsigned_head', part);
    demand(last.size === tree.size && (await isTrue(last)), 'changed_entries', part);
    for (const head of heads) demand(await isTrue(head), 'forked_board', part);
  }
}

/**
 * @param {string} written @param {{keeper: Signer, witnesses: Signer[], needed: number}} who @param {string} where
 * @returns {Promise<Head>}
 */
async function readHead(written, { keeper, witnesses, needed }, where) {
  const note = readNote(written, 'unsigned_head', where);
  const checkpoint = readCheckpoint(note, 'unsigned_head', where);
  const kept = await lookUp(note, keeper, SIGNED);
  demand(kept.signed && !kept.false && checkpoint.origin === keeper.name, 'unsigned_head', where);
  const found = await Promise.all(witnesses.map((witness) => lookUp(note, witness, COSIGNED)));
  demand(!found.some((one) => one.false), 'unsigned_head', where);
  const signed = found.filter((one) => one.signed);
  demand(signed.length >= needed, 'too_few_witnesses', where);
  return { ...checkpoint, times: signed.map(({ times }) => Math.max(...times)) };
}
