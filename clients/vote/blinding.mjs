// @ts-check
// Blind signatures by Cloudflare's library (RFC 9474): a desk signs what it cannot see.

import { RSABSSA } from '../vendor/blindrsa/index.js';

const SUITE = RSABSSA.SHA384.PSS.Randomized();
export const PREFIX_BYTES = 32;

/**
 * A message on its way to a desk: what the desk gets, what takes the hiding off again, and the
 * message with its random prefix, as it will be verified.
 * @typedef {{message: Uint8Array, inverse: Uint8Array, prepared: Uint8Array}} Blinded
 */

/** A desk's public key. @param {Uint8Array} spki as in the manifest */
export function readIssuer(spki) {
  const algorithm = { name: 'RSA-PSS', hash: 'SHA-384' };
  // The library reads the modulus out of it, so it must be one that can be exported.
  return crypto.subtle.importKey('spki', /** @type {BufferSource} */ (spki), algorithm, true, ['verify']);
}

/**
 * Hide a message for a desk (RFC 9474, sections 4.1 and 4.2).
 * @param {CryptoKey} issuer @param {Uint8Array} message @returns {Promise<Blinded>}
 */
export async function blind(issuer, message) {
  const prepared = SUITE.prepare(message);
  const { blindedMsg, inv } = await SUITE.blind(issuer, prepared);
  return { message: blindedMsg, inverse: inv, prepared };
}

/**
 * Take the hiding off a desk's answer (section 4.4); the library refuses what does not verify then.
 * @param {CryptoKey} issuer @param {Blinded} blinded @param {Uint8Array} signed
 * @returns {Promise<Uint8Array>} the token: prefix and signature
 */
export async function unblind(issuer, blinded, signed) {
  const signature = await SUITE.finalize(issuer, blinded.prepared, signed, blinded.inverse);
  const token = new Uint8Array(PREFIX_BYTES + signature.length);
  token.set(blinded.prepared.subarray(0, PREFIX_BYTES));
  token.set(signature, PREFIX_BYTES);
  return token;
}
