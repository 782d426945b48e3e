// @ts-check
// A ballot, made on the voter's device: its own key, the desks' signatures on it, a sealed choice.
// The format is docs/reference/ballot_bundle.md. Keys and signatures are the browser's (Ed25519),
// the seal is @hpke's (RFC 9180).

import { Chacha20Poly1305 } from '../vendor/hpke/chacha20poly1305/mod.js';
import { CipherSuite, DhkemX25519HkdfSha256, HkdfSha256 } from '../vendor/hpke/core/mod.js';
import { canonical, hex, joined, pack, sha256, u64, utf8 } from './bytes.mjs';

/** @typedef {import('./manifest.mjs').Manifest} Manifest */
/** @typedef {{privateKey: CryptoKey, publicKey: Uint8Array}} BallotKey a key that cannot be exported, and its public half */
/** @typedef {Record<string, any>} Choice such as {mark: 'for'}, {value: 125}, {ranks: [[2], [1]]}, {approved: [1, 4]} */

const TOKEN_DOMAIN = utf8('khan-cars ballot token 1\0');
const BALLOT_DOMAIN = utf8('khan-cars ballot 1\0');
const CONTENT_DOMAIN = utf8('khan-cars ballot content 1\0');
const CANCELLATION_DOMAIN = utf8('khan-cars ballot cancellation 1\0');
const REQUEST_DOMAIN = utf8('khan-cars ballot request 1\0');
const LENGTH_BYTES = 2;

/** A key for one ballot; its private half never leaves the browser. @returns {Promise<BallotKey>} */
export async function makeBallotKey() {
  const pair = /** @type {CryptoKeyPair} */ (await crypto.subtle.generateKey('Ed25519', false, ['sign', 'verify']));
  const publicKey = new Uint8Array(await crypto.subtle.exportKey('raw', pair.publicKey));
  return { privateKey: pair.privateKey, publicKey };
}

/** What desks sign blindly. @param {Uint8Array} digest of the manifest @param {Uint8Array} ballotKey */
export const tokenMessage = (digest, ballotKey) => joined(TOKEN_DOMAIN, digest, ballotKey);

/**
 * What the passkey signs: this vote, this entry of the roll, and the hash of what each desk is asked.
 * @param {Uint8Array} digest @param {Uint8Array} commitment @param {Uint8Array[]} requests
 */
export const challengeFor = (digest, commitment, requests) => sha256(joined(REQUEST_DOMAIN, digest, commitment, ...requests));

/**
 * A choice as bytes of one length for all, so that a ciphertext's length tells nothing.
 * @param {Choice} choice @param {number} length
 */
export function padded(choice, length) {
  const document = canonical(choice);
  if (document.length + LENGTH_BYTES > length) throw new RangeError('the choice is longer than the vote allows');
  const content = new Uint8Array(length);
  content[0] = document.length >> 8;
  content[1] = document.length & 0xff;
  content.set(document, LENGTH_BYTES);
  return content;
}

/**
 * A choice, sealed to the trustees' key: only with this ballot key and number can it be opened.
 * @param {Manifest} manifest @param {Uint8Array} ballotKey
 * @param {number} sequence from 1, higher in each later ballot of the key
 * @param {Choice} choice
 * @returns {Promise<Uint8Array>} the encapsulated key and the ciphertext
 */
export async function seal(manifest, ballotKey, sequence, choice) {
  const suite = new CipherSuite({ kem: new DhkemX25519HkdfSha256(), kdf: new HkdfSha256(), aead: new Chacha20Poly1305() });
  const recipientPublicKey = await suite.kem.deserializePublicKey(manifest.electionKey);
  const info = joined(CONTENT_DOMAIN, manifest.digest, ballotKey, u64(sequence));
  const sealed = await suite.seal({ recipientPublicKey, info }, padded(choice, manifest.contentBytes));
  return joined(new Uint8Array(sealed.enc), new Uint8Array(sealed.ct));
}

/** @param {BallotKey} key @param {Uint8Array} data */
async function sign(key, data) {
  return new Uint8Array(await crypto.subtle.sign('Ed25519', key.privateKey, /** @type {BufferSource} */ (data)));
}

/**
 * A ballot, signed by its own key.
 * @param {Manifest} manifest @param {BallotKey} key @param {Uint8Array[]} tokens of the desks, in their order
 * @param {number} sequence @param {Uint8Array} content as sealed for this key and number
 */
export async function signBallot(manifest, key, tokens, sequence, content) {
  const unsigned = {
    vote: pack(manifest.digest),
    key: pack(key.publicKey),
    tokens: tokens.map(pack),
    sequence,
    content: pack(content),
    voter: '',
  };
  const signature = await sign(key, joined(BALLOT_DOMAIN, canonical(unsigned)));
  return { ...unsigned, signature: pack(signature) };
}

/** The name of a ballot at the box: SHA-256 of its document, in hexadecimal. @param {Record<string, any>} ballot */
export const nameOf = async (ballot) => hex(await sha256(canonical(ballot)));

/**
 * The slip that strikes the ballot key out for good, so that paper can take its place.
 * @param {Manifest} manifest @param {BallotKey} key @param {Uint8Array[]} tokens
 */
export async function cancellationSlip(manifest, key, tokens) {
  const signature = await sign(key, joined(CANCELLATION_DOMAIN, manifest.digest, key.publicKey));
  return { kind: 'cancellation', key: pack(key.publicKey), tokens: tokens.map(pack), signature: pack(signature) };
}
