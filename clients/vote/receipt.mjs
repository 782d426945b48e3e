// @ts-check
// Checks a receipt on the voter's device: that it is of this very ballot, and that the board signed a
// list in which it stands (RFC 9162, section 2.1.3.2; C2SP signed-note and tlog-checkpoint).

import { canonical, isSame, joined, pack, sha256, unpack, utf8 } from './bytes.mjs';

const FORMAT = 'khan-cars receipt 1';
const NOTE_TYPE = 0x01;
const COSIGNATURE_TYPE = 0x04;
const ID_BYTES = 4;
const TIME_BYTES = 8;
const LEAF = Uint8Array.of(0);
const NODE = Uint8Array.of(1);

/** @typedef {import('./manifest.mjs').Manifest} Manifest */
/** @typedef {import('./manifest.mjs').KeyTerms} KeyTerms */
/** @typedef {{manifest: string, index: number, leaf: string, proof: string[], checkpoint: string, format: string}} Receipt */

/** A receipt that would not convince anybody; the message is one of a few codes. */
export class ReceiptFalse extends Error {}

/** @param {boolean} holds @param {string} otherwise */
function insist(holds, otherwise) {
  if (!holds) throw new ReceiptFalse(otherwise);
}

/**
 * The root over `size` entries that an inclusion proof leads to.
 * @param {Uint8Array} leaf @param {Uint8Array[]} proof @param {number} index @param {number} size
 */
export async function rootFrom(leaf, proof, index, size) {
  insist(Number.isSafeInteger(index) && index >= 0 && index < size, 'no_such_entry');
  let [first, last, root] = [index, size - 1, leaf];
  for (const sibling of proof) {
    insist(last > 0, 'proof_too_long');
    if (first % 2 === 1 || first === last) {
      root = await sha256(joined(NODE, sibling, root));
      while (first % 2 === 0 && first !== 0) [first, last] = [first / 2, Math.floor(last / 2)];
    } else {
      root = await sha256(joined(NODE, root, sibling));
    }
    [first, last] = [Math.floor(first / 2), Math.floor(last / 2)];
  }
  insist(last === 0, 'proof_too_short');
  return root;
}

/** @param {KeyTerms} terms @param {number} type */
async function identityOf(terms, type) {
  return (await sha256(joined(utf8(terms.name), utf8('\n'), Uint8Array.of(type), unpack(terms.key)))).subarray(0, ID_BYTES);
}

/**
 * Who of the known keys has signed a note; a known key's false signature is an error, lines of others
 * are passed over.
 * @param {string} note @param {KeyTerms} board @param {KeyTerms[]} witnesses
 * @returns {Promise<{text: string, signed: string[]}>}
 */
export async function openNote(note, board, witnesses) {
  const end = note.lastIndexOf('\n\n');
  insist(end > 0 && note.endsWith('\n'), 'note_malformed');
  const text = note.slice(0, end + 1);
  const known = [{ terms: board, type: NOTE_TYPE }, ...witnesses.map((terms) => ({ terms, type: COSIGNATURE_TYPE }))];
  const signed = [];
  for (const line of note.slice(end + 2, -1).split('\n')) {
    const parts = /^— ([^ +]+) ([A-Za-z0-9+/]+=*)$/.exec(line);
    if (parts === null) throw new ReceiptFalse('note_malformed');
    const data = unpack(parts[2]);
    for (const { terms, type } of known) {
      if (terms.name !== parts[1] || !isSame(data.subarray(0, ID_BYTES), await identityOf(terms, type))) continue;
      insist(await isSigned(text, terms, type, data.subarray(ID_BYTES)), 'note_not_signed');
      signed.push(terms.name);
    }
  }
  return { text, signed };
}

/** @param {string} text @param {KeyTerms} terms @param {number} type @param {Uint8Array} stamped */
async function isSigned(text, terms, type, stamped) {
  let [message, signature] = [utf8(text), stamped];
  if (type === COSIGNATURE_TYPE) {
    if (stamped.length !== TIME_BYTES + 64) return false;
    const seconds = new DataView(stamped.buffer, stamped.byteOffset, TIME_BYTES).getBigUint64(0);
    message = utf8(`cosignature/v1\ntime ${seconds}\n${text}`);
    signature = stamped.subarray(TIME_BYTES);
  }
  const key = await crypto.subtle.importKey('raw', unpack(terms.key), 'Ed25519', false, ['verify']);
  return crypto.subtle.verify('Ed25519', key, /** @type {BufferSource} */ (signature), /** @type {BufferSource} */ (message));
}

/**
 * Check a receipt for a ballot.
 * @param {Receipt} receipt @param {Manifest} manifest @param {Record<string, any>} ballot
 * @returns {Promise<{index: number, size: number, witnesses: number}>} where it stands, among how
 *   many entries, and how many witnesses have signed besides the board
 */
export async function checkReceipt(receipt, manifest, ballot) {
  insist(receipt.format === FORMAT && receipt.manifest === pack(manifest.digest), 'receipt_of_another_vote');
  const line = canonical({ index: receipt.index, kind: 'ballot', ballot });
  const leaf = await sha256(joined(LEAF, line));
  insist(receipt.leaf === pack(leaf), 'receipt_of_another_ballot');
  const { text, signed } = await openNote(receipt.checkpoint, manifest.board, manifest.witnesses);
  insist(signed.includes(manifest.board.name), 'note_not_signed');
  const [origin, size, root, rest] = text.split('\n');
  insist(origin === manifest.board.name && /^[1-9][0-9]{0,15}$/.test(size) && rest === '', 'note_malformed');
  const found = await rootFrom(leaf, receipt.proof.map(unpack), receipt.index, Number(size));
  insist(isSame(found, unpack(root)), 'proof_leads_elsewhere');
  return { index: receipt.index, size: Number(size), witnesses: new Set(signed).size - 1 };
}
