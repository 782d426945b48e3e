// @ts-check
// Bytes, and documents that are the same bytes everywhere (RFC 8785).

const encoder = new TextEncoder();

/** @param {string} text */
export const utf8 = (text) => encoder.encode(text);

/** @param {...Uint8Array} parts */
export function joined(...parts) {
  const whole = new Uint8Array(parts.reduce((size, part) => size + part.length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}

/** Base64 with padding (RFC 4648, section 4). @param {Uint8Array} data */
export function pack(data) {
  let text = '';
  for (const byte of data) text += String.fromCharCode(byte);
  return btoa(text);
}

/** The bytes that `pack` packed. @param {string} text @returns {Uint8Array<ArrayBuffer>} */
export const unpack = (text) => Uint8Array.from(atob(text), (one) => one.charCodeAt(0));

/** Base64url without padding (RFC 4648, section 5). @param {Uint8Array} data */
export const packUrl = (data) => pack(data).replace(/\+/g, '-').replace(/\//g, '_').replace(/=/g, '');

/** @param {string} text */
export const unpackUrl = (text) => unpack(text.replace(/-/g, '+').replace(/_/g, '/'));

/** @param {Uint8Array} data */
export const hex = (data) => Array.from(data, (byte) => byte.toString(16).padStart(2, '0')).join('');

/** A whole number below 2**53 in eight bytes, big-endian. @param {number} number */
export function u64(number) {
  const data = new Uint8Array(8);
  new DataView(data.buffer).setBigUint64(0, BigInt(number));
  return data;
}

/** @param {Uint8Array} data */
export async function sha256(data) {
  return new Uint8Array(await crypto.subtle.digest('SHA-256', /** @type {BufferSource} */ (data)));
}

/** @param {Uint8Array} left @param {Uint8Array} right */
export const isSame = (left, right) => left.length === right.length && left.every((byte, at) => byte === right[at]);

/**
 * The canonical text of a document (RFC 8785). Documents of a vote hold text, whole numbers, truth
 * values, null, arrays and objects; anything else is a mistake of ours.
 *
 * `JSON.stringify` writes text as section 3.2.2.2 asks, and the default sort goes by UTF-16 code
 * units, as section 3.2.3 asks.
 * @param {unknown} value @returns {string}
 */
export function canonicalText(value) {
  if (value === null || typeof value === 'boolean') return JSON.stringify(value);
  if (typeof value === 'string') {
    if (!value.isWellFormed()) throw new TypeError('half a character has no canonical form');
    return JSON.stringify(value);
  }
  if (typeof value === 'number' && Number.isSafeInteger(value)) return JSON.stringify(value);
  if (Array.isArray(value)) return `[${value.map(canonicalText).join(',')}]`;
  if (typeof value === 'object') {
    const fields = /** @type {Record<string, unknown>} */ (value);
    const names = Object.keys(fields).sort();
    return `{${names.map((name) => `${canonicalText(name)}:${canonicalText(fields[name])}`).join(',')}}`;
  }
  throw new TypeError(`a document of a vote holds no ${typeof value} like ${String(value)}`);
}

/** @param {unknown} value */
export const canonical = (value) => utf8(canonicalText(value));
