// @ts-check
// Reads the parts of a ZIP archive (APPNOTE.TXT 6.3): stored or deflated, with their checksums.

import { Fault } from './faults.mjs';

const END = 0x06054b50;
const ENTRY = 0x02014b50;
const LOCAL = 0x04034b50;
const END_BYTES = 22;
const COMMENT_BYTES_MAX = 0xffff;
const PART_BYTES_MAX = 2 ** 31;

const CHECKSUMS = Uint32Array.from({ length: 256 }, (_, byte) => {
  let value = byte;
  for (let bit = 0; bit < 8; bit += 1) value = value & 1 ? (value >>> 1) ^ 0xedb88320 : value >>> 1;
  return value >>> 0;
});

/** CRC-32 of bytes, as ZIP has it. @param {Uint8Array} bytes @returns {number} */
export function crc32(bytes) {
  let value = 0xffffffff;
  for (const byte of bytes) value = (value >>> 8) ^ CHECKSUMS[(value ^ byte) & 0xff];
  return (value ^ 0xffffffff) >>> 0;
}

/** @param {string} why @returns {never} */
function unreadable(why) {
  throw new Fault('bundle_unreadable', why);
}

/**
 * The archive's parts, still packed.
 * @param {Uint8Array} archive
 * @returns {Map<string, {method: number, checksum: number, size: number, packed: Uint8Array}>}
 */
export function listParts(archive) {
  const view = new DataView(archive.buffer, archive.byteOffset, archive.byteLength);
  const end = findEnd(view);
  const count = view.getUint16(end + 10, true);
  const names = new TextDecoder('utf-8', { fatal: true });
  const parts = new Map();
  let at = view.getUint32(end + 16, true);
  for (let number = 0; number < count; number += 1) {
    if (at + 46 > end || view.getUint32(at, true) !== ENTRY) unreadable('directory');
    const nameBytes = view.getUint16(at + 28, true);
    const name = names.decode(archive.subarray(at + 46, at + 46 + nameBytes));
    if (parts.has(name)) unreadable(`${name} twice`);
    parts.set(name, readEntry(archive, view, at, end));
    at += 46 + nameBytes + view.getUint16(at + 30, true) + view.getUint16(at + 32, true);
  }
  return parts;
}

/** @param {DataView} view @returns {number} where the end of the directory is written */
function findEnd(view) {
  const last = view.byteLength - END_BYTES;
  for (let at = last; at >= Math.max(0, last - COMMENT_BYTES_MAX); at -= 1) {
    if (view.getUint32(at, true) === END && at + END_BYTES + view.getUint16(at + 20, true) === view.byteLength) return at;
  }
  return unreadable('no end of directory');
}

/** @param {Uint8Array} archive @param {DataView} view @param {number} at @param {number} end */
function readEntry(archive, view, at, end) {
  const local = view.getUint32(at + 42, true);
  const packedBytes = view.getUint32(at + 20, true);
  if (view.getUint16(at + 8, true) & 1) unreadable('encrypted');
  if (local + 30 > end || view.getUint32(local, true) !== LOCAL) unreadable('local header');
  const start = local + 30 + view.getUint16(local + 26, true) + view.getUint16(local + 28, true);
  if (start + packedBytes > end) unreadable('part beyond the end');
  return {
    method: view.getUint16(at + 10, true),
    checksum: view.getUint32(at + 16, true),
    size: view.getUint32(at + 24, true),
    packed: archive.subarray(start, start + packedBytes),
  };
}

/**
 * The bytes of some of an archive's parts.
 * @param {Uint8Array} archive @param {(parts: string[]) => string[]} choose which of the names to read
 * @returns {Promise<Map<string, Uint8Array>>}
 */
export async function readParts(archive, choose) {
  try {
    const listed = listParts(archive);
    const read = new Map();
    for (const name of choose([...listed.keys()])) {
      const part = listed.get(name);
      if (part === undefined) return unreadable(`no ${name}`);
      if (part.size > PART_BYTES_MAX) return unreadable(`${name} is too large`);
      const bytes = part.method === 0 ? part.packed : part.method === 8 ? await inflate(part.packed, part.size) : unreadable('method');
      if (bytes.length !== part.size || crc32(bytes) !== part.checksum) unreadable(`checksum of ${name}`);
      read.set(name, bytes);
    }
    return read;
  } catch (error) {
    // A view outside its bytes, a name that is no UTF-8, a broken stream: all are no archive of ours.
    if (error instanceof Fault) throw error;
    return unreadable(String(error));
  }
}

/**
 * Deflated bytes unpacked; never more than announced, however much a small part would swell to.
 * @param {Uint8Array} packed @param {number} size @returns {Promise<Uint8Array>}
 */
async function inflate(packed, size) {
  const bytes = new Uint8Array(size);
  const stream = new Blob([/** @type {BlobPart} */ (packed)]).stream().pipeThrough(new DecompressionStream('deflate-raw'));
  const reader = stream.getReader();
  let at = 0;
  for (;;) {
    const { done, value } = await reader.read();
    if (done) break;
    if (at + value.length > size) {
      await reader.cancel();
      unreadable('part longer than announced');
    }
    bytes.set(value, at);
    at += value.length;
  }
  return bytes.subarray(0, at);
}
