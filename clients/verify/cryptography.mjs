// @ts-check
// What the browser's own WebCrypto is asked: nothing here does arithmetic on keys.

import { compare, join, label, toBase64, utf8 } from './documents.mjs';
import { CannotCheck } from './faults.mjs';

const { subtle } = crypto;
/** @param {Uint8Array} bytes @returns {BufferSource} */
const given = (bytes) => /** @type {BufferSource} */ (bytes);

/** @param {...Uint8Array} parts @returns {Promise<Uint8Array>} */
export async function sha256(...parts) {
  return new Uint8Array(await subtle.digest('SHA-256', given(parts.length === 1 ? parts[0] : join(...parts))));
}

/** @type {Map<string, Promise<CryptoKey | null>>} */
const keys = new Map();

/**
 * A public key as WebCrypto holds it, or null when the bytes are none.
 * @param {'raw' | 'spki'} form @param {Uint8Array} bytes @param {any} algorithm
 */
function publicKey(form, bytes, algorithm) {
  const name = `${algorithm.name} ${toBase64(bytes)}`;
  let key = keys.get(name);
  if (key === undefined) {
    if (keys.size > 4096) keys.clear(); // ballot keys are each used once or twice
    key = subtle.importKey(form, given(bytes), algorithm, true, ['verify']).catch((error) => {
      if (error?.name === 'NotSupportedError') throw new CannotCheck(algorithm.name);
      return null;
    });
    keys.set(name, key);
  }
  return key;
}

/** Whether an Ed25519 signature (RFC 8032) is true. @param {Uint8Array} key @param {Uint8Array} signature @param {Uint8Array} message */
export async function signedEd25519(key, signature, message) {
  const imported = signature.length === 64 ? await publicKey('raw', key, { name: 'Ed25519' }) : null;
  return imported !== null && subtle.verify('Ed25519', imported, given(signature), given(message));
}

const RSA = { name: 'RSA-PSS', hash: 'SHA-384' };

/** The bits of an issuer's key, 0 when it is no RSA key. @param {Uint8Array} issuer */
export async function rsaBits(issuer) {
  const key = await publicKey('spki', issuer, RSA);
  return key === null ? 0 : /** @type {RsaHashedKeyAlgorithm} */ (key.algorithm).modulusLength;
}

/** Whether an RSASSA-PSS signature with SHA-384 and a salt of 48 bytes is true. @param {Uint8Array} issuer @param {Uint8Array} signature @param {Uint8Array} message */
export async function signedRsa(issuer, signature, message) {
  const key = await publicKey('spki', issuer, RSA);
  return key !== null && subtle.verify({ name: 'RSA-PSS', saltLength: 48 }, key, given(signature), given(message));
}

const P256_BYTES = 91;
const ED25519_BYTES = 44;

/** Whether a passkey's signature is true. @param {Uint8Array} credential SubjectPublicKeyInfo @param {Uint8Array} signature @param {Uint8Array} message */
export async function signedByPasskey(credential, signature, message) {
  if (credential.length === ED25519_BYTES) {
    const key = await publicKey('spki', credential, { name: 'Ed25519' });
    return key !== null && subtle.verify('Ed25519', key, given(signature), given(message));
  }
  const numbers = fromDer(signature);
  if (credential.length !== P256_BYTES || numbers === null) return false;
  const key = await publicKey('spki', credential, { name: 'ECDSA', namedCurve: 'P-256' });
  return key !== null && subtle.verify({ name: 'ECDSA', hash: 'SHA-256' }, key, given(numbers), given(message));
}

/** An ECDSA signature out of its DER: r and s of 32 bytes each; null if it is no DER. @param {Uint8Array} der @returns {Uint8Array | null} */
function fromDer(der) {
  if (der.length < 8 || der[0] !== 0x30 || der[1] !== der.length - 2) return null;
  const numbers = new Uint8Array(64);
  let at = 2;
  for (const end of [32, 64]) {
    if (der[at] !== 0x02) return null;
    let length = der[at + 1];
    let start = at + 2;
    at = start + length;
    if (!(length > 0) || at > der.length || der[start] > 0x7f) return null;
    if (der[start] === 0 && length > 1) {
      if (der[start + 1] <= 0x7f) return null; // a zero that nothing asks for
      start += 1;
      length -= 1;
    }
    if (length > 32) return null;
    numbers.set(der.subarray(start, at), end - length);
  }
  return at === der.length ? numbers : null;
}

/* ---- HPKE (RFC 9180), base mode: DHKEM(X25519, HKDF-SHA256), HKDF-SHA256, ChaCha20-Poly1305 */

const X25519_PKCS8 = Uint8Array.of(0x30, 0x2e, 2, 1, 0, 0x30, 5, 6, 3, 0x2b, 0x65, 0x6e, 4, 0x22, 4, 0x20);
const KEM = join(utf8('KEM'), Uint8Array.of(0, 0x20));
const SUITE = join(utf8('HPKE'), Uint8Array.of(0, 0x20, 0, 1, 0, 3));
const VERSION = utf8('HPKE-v1');
const EMPTY = new Uint8Array(0);

/** Names its input as RFC 9180 section 4 does before it extracts. @param {Uint8Array} suite @param {string} name @param {Uint8Array} material */
const labelled = (suite, name, material) => join(VERSION, suite, utf8(name), material);

/** The same before it expands. @param {Uint8Array} suite @param {string} name @param {Uint8Array} info @param {number} length */
const labelledInfo = (suite, name, info, length) => join(Uint8Array.of(0, length), VERSION, suite, utf8(name), info);

/** @param {Uint8Array} material @returns {Promise<CryptoKey>} what HKDF extracts from */
const hkdfKey = (material) => subtle.importKey('raw', given(material), 'HKDF', false, ['deriveBits']);

/** HKDF-SHA256 (RFC 5869), extract and expand in one. @param {CryptoKey} material @param {Uint8Array} salt @param {Uint8Array} info @param {number} length */
async function hkdf(material, salt, info, length) {
  return new Uint8Array(await subtle.deriveBits({ name: 'HKDF', hash: 'SHA-256', salt: given(salt), info: given(info) }, material, 8 * length));
}

/** What of HPKE's schedule is the same for every ballot, made when the first one is opened. */
const schedule = (() => {
  /** @type {Promise<{secret: CryptoKey, extract: CryptoKey, pskHash: Uint8Array}> | undefined} */
  let made;
  const make = async () => {
    // Extracting without a salt is HMAC under a block of zeros (RFC 5869 section 2.2).
    const extract = await subtle.importKey('raw', new Uint8Array(32), { name: 'HMAC', hash: 'SHA-256' }, false, ['sign']);
    const pskHash = new Uint8Array(await subtle.sign('HMAC', extract, given(labelled(SUITE, 'psk_id_hash', EMPTY))));
    return { secret: await hkdfKey(labelled(SUITE, 'secret', EMPTY)), extract, pskHash };
  };
  return () => (made ??= make());
})();

/**
 * The private key that opens ballots, with its public half.
 * @param {Uint8Array} secret 32 bytes
 * @returns {Promise<{key: CryptoKey, open: Uint8Array}>}
 */
export async function electionKey(secret) {
  try {
    const key = await subtle.importKey('pkcs8', given(join(X25519_PKCS8, secret)), 'X25519', true, ['deriveBits']);
    const { x } = await subtle.exportKey('jwk', key);
    const open = Uint8Array.from(atob(String(x).replaceAll('-', '+').replaceAll('_', '/')), (c) => c.charCodeAt(0));
    return { key, open };
  } catch (error) {
    throw new CannotCheck(`X25519 (${error})`);
  }
}

/**
 * Opens one sealed message (RFC 9180 section 6.1, OpenBase).
 * @param {{key: CryptoKey, open: Uint8Array}} election @param {Uint8Array} sealed encapsulated key and ciphertext
 * @param {Uint8Array} info @param {Uint8Array} [aad]
 * @returns {Promise<Uint8Array | null>} null when it cannot be opened
 */
export async function openSealed(election, sealed, info, aad = EMPTY) {
  if (sealed.length < 48) return null;
  const encapsulated = sealed.subarray(0, 32);
  let shared;
  try {
    const theirs = await subtle.importKey('raw', given(encapsulated), 'X25519', true, []);
    shared = new Uint8Array(await subtle.deriveBits({ name: 'X25519', public: theirs }, election.key, 256));
  } catch {
    return null; // a point of small order: RFC 9180 section 7.1.4
  }
  if (shared.every((byte) => byte === 0)) return null;
  const kem = await hkdfKey(labelled(KEM, 'eae_prk', shared));
  const secretShared = await hkdf(kem, EMPTY, labelledInfo(KEM, 'shared_secret', join(encapsulated, election.open), 32), 32);
  const { secret, extract, pskHash } = await schedule();
  const infoHash = new Uint8Array(await subtle.sign('HMAC', extract, given(labelled(SUITE, 'info_hash', info))));
  const context = join(Uint8Array.of(0), pskHash, infoHash);
  const [key, nonce] = await Promise.all([
    hkdf(secret, secretShared, labelledInfo(SUITE, 'key', context, 32), 32),
    hkdf(secret, secretShared, labelledInfo(SUITE, 'base_nonce', context, 12), 12),
  ]);
  return decrypt(key, nonce, sealed.subarray(32), aad);
}

const CIPHER = 'ChaCha20-Poly1305';

/** @param {Uint8Array} key @param {Uint8Array} nonce @param {Uint8Array} sealed @param {Uint8Array} aad */
async function decrypt(key, nonce, sealed, aad) {
  let held;
  try {
    held = await subtle.importKey(/** @type {any} */ ('raw-secret'), given(key), CIPHER, false, ['decrypt']);
  } catch {
    throw new CannotCheck(CIPHER);
  }
  try {
    return new Uint8Array(await subtle.decrypt({ name: CIPHER, iv: given(nonce), additionalData: given(aad) }, held, given(sealed)));
  } catch {
    return null;
  }
}

/** S of the page: what lots are drawn from. @param {Uint8Array} lot @param {Uint8Array} sizeAndRoot */
export const lotSeed = (lot, sizeAndRoot) => sha256(label('khan-cars lot seed 1'), lot, sizeAndRoot);

/**
 * Draws one of several that are tied: whose hash is smallest.
 * @param {Uint8Array} seed @param {string} occasion @param {number[]} tied @returns {Promise<number>}
 */
export async function drawLot(seed, occasion, tied) {
  const drawn = await Promise.all(
    tied.map(async (number) => ({ number, hash: await sha256(label('khan-cars lot 1'), seed, label(occasion), utf8(String(number))) })),
  );
  return drawn.reduce((a, b) => (compare(a.hash, b.hash) <= 0 ? a : b)).number;
}
