// @ts-check
// Signed notes, checkpoints and cosignatures (C2SP), and Merkle trees (RFC 9162 section 2.1).

import { sha256, signedEd25519 } from './cryptography.mjs';
import { findBase64, same, utf8 } from './documents.mjs';
import { Fault, demand } from './faults.mjs';

export const SIGNED = 0x01;
export const COSIGNED = 0x04;
const LINES_MAX = 64;

/** @typedef {{name: string, key: Uint8Array}} Signer */
/** @typedef {{name: string, identifier: Uint8Array, signature: Uint8Array}} SignatureLine */
/** @typedef {{text: string, lines: SignatureLine[]}} Note */
/** @typedef {{origin: string, size: number, root: Uint8Array}} Checkpoint */

/**
 * A note's text, with the newline it ends in, and its signature lines.
 * @param {string} written @param {string} code of the fault when it is no note @param {string} where @returns {Note}
 */
export function readNote(written, code, where) {
  const malformed = () => new Fault(code, where);
  // A note ends in its signatures: behind the last empty line there is nothing else.
  const cut = written.lastIndexOf('\n\n');
  // eslint-disable-next-line no-control-regex
  if (cut < 1 || !written.endsWith('\n') || /[\u0000-\u0009\u000b-\u001f]/.test(written)) throw malformed();
  const lines = written.slice(cut + 2, -1).split('\n');
  if (cut + 2 >= written.length || lines.length > LINES_MAX) throw malformed();
  return {
    text: written.slice(0, cut + 1),
    lines: lines.map((line) => {
      const parts = /^\u2014 ([^\s+]+) ([A-Za-z0-9+/=]+)$/u.exec(line);
      if (parts === null) throw malformed();
      const bytes = findBase64(parts[2]);
      if (bytes === null || bytes.length < 5) throw malformed();
      return { name: parts[1], identifier: bytes.subarray(0, 4), signature: bytes.subarray(4) };
    }),
  };
}

/** @param {Signer} signer @param {number} kind @returns {Promise<Uint8Array>} the key ID */
async function identify(signer, kind) {
  return (await sha256(utf8(`${signer.name}\n`), Uint8Array.of(kind), signer.key)).subarray(0, 4);
}

/**
 * What a signer's lines in a note are worth.
 * @param {Note} note @param {Signer} signer @param {number} kind SIGNED or COSIGNED
 * @returns {Promise<{signed: boolean, false: boolean, times: number[]}>} whether a line is true; whether one is
 *   false, which makes the whole note so; the seconds that cosignatures bear
 */
export async function lookUp(note, signer, kind) {
  const identifier = await identify(signer, kind);
  const found = { signed: false, false: false, times: /** @type {number[]} */ ([]) };
  for (const line of note.lines) {
    if (line.name !== signer.name || !same(line.identifier, identifier)) continue;
    const seconds = kind === COSIGNED ? timeOf(line.signature) : 0;
    const message = kind === COSIGNED ? `cosignature/v1\ntime ${seconds}\n${note.text}` : note.text;
    const signature = kind === COSIGNED ? line.signature.subarray(8) : line.signature;
    if (seconds !== null && (await signedEd25519(signer.key, signature, utf8(message)))) {
      found.signed = true;
      found.times.push(seconds);
    } else {
      found.false = true;
    }
  }
  return found;
}

/** @param {Uint8Array} signature @returns {number | null} */
function timeOf(signature) {
  if (signature.length !== 72) return null;
  const seconds = new DataView(signature.buffer, signature.byteOffset, 8).getBigUint64(0);
  return seconds > BigInt(Number.MAX_SAFE_INTEGER) ? null : Number(seconds);
}

/** @param {Note} note @param {string} code of the fault when it is no checkpoint @param {string} where @returns {Checkpoint} */
export function readCheckpoint(note, code, where) {
  const lines = note.text.slice(0, -1).split('\n');
  demand(lines.length === 3 && lines[0] !== '' && /^(0|[1-9][0-9]{0,14})$/.test(lines[1]), code, where);
  const root = findBase64(lines[2]);
  demand(root?.length === 32, code, where);
  return { origin: lines[0], size: Number(lines[1]), root };
}

const LEAF = Uint8Array.of(0);
const NODE = Uint8Array.of(1);
const AT_ONCE = 512;

/** @param {Uint8Array} line @returns {Promise<Uint8Array>} */
export const leafHash = (line) => sha256(LEAF, line);

/** A Merkle tree over lines, whose root can be asked for at every size that it had. */
export class Tree {
  /** @param {Uint8Array[][]} levels the whole nodes of each height, leaves first */
  constructor(levels) {
    this.levels = levels;
  }

  /** @param {Uint8Array[]} lines @returns {Promise<Tree>} */
  static async over(lines) {
    const levels = [await inParts(lines, (line) => leafHash(line))];
    for (let below = levels[0]; below.length > 1; below = levels[levels.length - 1]) {
      const pairs = Array.from({ length: below.length >> 1 }, (_, i) => i);
      const nodes = below;
      levels.push(await inParts(pairs, (i) => sha256(NODE, nodes[2 * i], nodes[2 * i + 1])));
    }
    return new Tree(levels);
  }

  get size() {
    return this.levels[0].length;
  }

  /** @param {number} size from 0 to the tree's @returns {Promise<Uint8Array>} */
  async root(size) {
    if (size === 0) return sha256(new Uint8Array(0));
    /** @type {Uint8Array | null} */
    let root = null;
    for (let height = 0; 2 ** height <= size; height += 1) {
      const number = Math.floor(size / 2 ** height);
      if (number % 2 === 0) continue;
      const peak = this.levels[height][number - 1];
      root = root === null ? peak : await sha256(NODE, peak, root);
    }
    return /** @type {Uint8Array} */ (root);
  }
}

/**
 * Many small things at once, without holding all of them at once.
 * @template T, R @param {T[]} given @param {(one: T) => Promise<R>} make @returns {Promise<R[]>}
 */
export async function inParts(given, make) {
  /** @type {R[]} */
  const made = [];
  for (let at = 0; at < given.length; at += AT_ONCE) {
    for (const one of await Promise.all(given.slice(at, at + AT_ONCE).map(make))) made.push(one);
  }
  return made;
}

/**
 * The root that an inclusion proof leads to (RFC 9162 section 2.1.3.2), or null when it leads nowhere.
 * @param {{index: number, size: number, leaf: Uint8Array, proof: Uint8Array[]}} claim @returns {Promise<Uint8Array | null>}
 */
export async function rootOfProof({ index, size, leaf, proof }) {
  if (index >= size) return null;
  let node = BigInt(index);
  let last = BigInt(size - 1);
  let root = leaf;
  for (const step of proof) {
    if (last === 0n) return null;
    if (node & 1n || node === last) {
      root = await sha256(NODE, step, root);
      while (!(node & 1n) && node !== 0n) {
        node >>= 1n;
        last >>= 1n;
      }
    } else {
      root = await sha256(NODE, root, step);
    }
    node >>= 1n;
    last >>= 1n;
  }
  return last === 0n ? root : null;
}
