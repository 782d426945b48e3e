// @ts-check
// Documents in canonical form (RFC 8785), logs of them, base64, hexadecimal and joined bytes.

import { Fault, demand } from './faults.mjs';

const DECODER = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });
const ENCODER = new TextEncoder();
const NEWLINE = 0x0a;
const LINE_BYTES_MAX = 65_536;

/** @typedef {null | boolean | number | string | Json[] | {[name: string]: Json}} Json */

/** UTF-8 of text. @param {string} text @returns {Uint8Array} */
export const utf8 = (text) => ENCODER.encode(text);

/** ASCII with a zero byte behind it. @param {string} text @returns {Uint8Array} */
export const label = (text) => ENCODER.encode(`${text}\0`);

/** @param {Uint8Array[]} parts @returns {Uint8Array} */
export function join(...parts) {
  const bytes = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    bytes.set(part, at);
    at += part.length;
  }
  return bytes;
}

/** @param {number} value a whole number from 0 to 2^53 - 1 @returns {Uint8Array} 8 bytes, big-endian */
export function u64(value) {
  const bytes = new Uint8Array(8);
  new DataView(bytes.buffer).setBigUint64(0, BigInt(value));
  return bytes;
}

/** Order of bytes; negative when `a` stands first. @param {Uint8Array} a @param {Uint8Array} b */
export function compare(a, b) {
  for (let i = 0; i < Math.min(a.length, b.length); i += 1) if (a[i] !== b[i]) return a[i] - b[i];
  return a.length - b.length;
}

/** @param {Uint8Array} a @param {Uint8Array} b */
export const same = (a, b) => compare(a, b) === 0;

/** @param {Uint8Array} bytes @returns {string} */
export const toHex = (bytes) => Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('');

/** @param {string} text @returns {Uint8Array} */
export const fromHex = (text) => Uint8Array.from(text.match(/../g) ?? [], (pair) => parseInt(pair, 16));

/** @param {Uint8Array} bytes @param {boolean} [web] base64url without padding @returns {string} */
export function toBase64(bytes, web = false) {
  let text = '';
  for (let at = 0; at < bytes.length; at += 8192) text += String.fromCharCode(...bytes.subarray(at, at + 8192));
  const written = btoa(text);
  return web ? written.replaceAll('+', '-').replaceAll('/', '_').replaceAll('=', '') : written;
}

/** Base64 as RFC 4648 section 4 has it: padded, no line breaks, unused bits zero; null if it is not. @param {unknown} text @returns {Uint8Array | null} */
export function findBase64(text) {
  if (typeof text !== 'string' || text.length % 4 !== 0 || !/^[A-Za-z0-9+/]*={0,2}$/.test(text)) return null;
  try {
    const characters = atob(text);
    return btoa(characters) === text ? Uint8Array.from(characters, (character) => character.charCodeAt(0)) : null;
  } catch {
    return null;
  }
}

/**
 * The bytes that a field holds in base64.
 * @param {unknown} text @param {string} [where] @param {number} [length] of the bytes, if it is fixed
 * @returns {Uint8Array}
 */
export function fromBase64(text, where = 'base64', length = undefined) {
  const bytes = findBase64(text);
  demand(bytes !== null && (length === undefined || bytes.length === length), 'document_malformed', where);
  return bytes;
}

/** The canonical form of a value. @param {Json} value @returns {string} */
export function canonical(value) {
  if (Array.isArray(value)) return `[${value.map(canonical).join(',')}]`;
  if (typeof value === 'object' && value !== null) {
    // RFC 8785 section 3.2.3 sorts by UTF-16 code units, which is how JavaScript compares text.
    const names = Object.keys(value).sort();
    return `{${names.map((name) => `${text(name)}:${canonical(value[name])}`).join(',')}}`;
  }
  if (typeof value === 'number') {
    if (!Number.isSafeInteger(value)) throw new RangeError('a number that is not whole or too large');
    return String(value);
  }
  return typeof value === 'string' ? text(value) : JSON.stringify(value);
}

/** @param {string} value @returns {string} */
function text(value) {
  if (/[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]/.test(value)) throw new RangeError('half a character');
  return JSON.stringify(value);
}

/**
 * A document: an object whose bytes are its own canonical form, so no name twice and no other spelling.
 * @param {Uint8Array | null} bytes @param {string} where @returns {{[name: string]: Json}}
 */
export function readDocument(bytes, where) {
  demand(bytes !== null, 'document_malformed', where);
  try {
    const written = DECODER.decode(bytes);
    const value = JSON.parse(written);
    demand(typeof value === 'object' && value !== null && !Array.isArray(value), 'document_malformed', where);
    demand(canonical(value) === written, 'document_malformed', where);
    return value;
  } catch (error) {
    if (error instanceof Fault) throw error;
    throw new Fault('document_malformed', where);
  }
}

/**
 * An object with exactly these fields.
 * @param {unknown} value @param {string[]} names @param {string} where @returns {any}
 */
export function withFields(value, names, where) {
  demand(typeof value === 'object' && value !== null && !Array.isArray(value), 'document_malformed', where);
  const given = Object.keys(value);
  demand(given.length === names.length && names.every((name) => Object.hasOwn(value, name)), 'document_malformed', where);
  return value;
}

/** @param {unknown} value @param {number} lowest @param {number} highest @param {string} where @returns {number} */
export function whole(value, lowest, highest, where) {
  demand(typeof value === 'number' && Number.isSafeInteger(value) && value >= lowest && value <= highest, 'document_malformed', where);
  return value;
}

/** @param {unknown} value @param {string} where @returns {string} */
export function textOf(value, where) {
  demand(typeof value === 'string', 'document_malformed', where);
  return value;
}

/** @param {unknown} value @param {string} where @returns {any[]} */
export function listOf(value, where) {
  demand(Array.isArray(value), 'document_malformed', where);
  return value;
}

/**
 * The lines of a log, without their newlines; each is a document, which is not read yet. A line that
 * is too long or does not end is null, and the last: what stands before it is read first.
 * @param {Uint8Array} bytes @returns {(Uint8Array | null)[]}
 */
export function splitLines(bytes) {
  /** @type {(Uint8Array | null)[]} */
  const lines = [];
  let start = 0;
  while (start < bytes.length) {
    const end = bytes.indexOf(NEWLINE, start);
    if (end < 0 || end - start > LINE_BYTES_MAX) return [...lines, null];
    lines.push(bytes.subarray(start, end));
    start = end + 1;
  }
  return lines;
}
