// @ts-check
// Passkeys (Web Authentication Level 2): signing in, a voting key, and the signature under a request
// for a ballot.

import { pack, packUrl, unpackUrl } from './bytes.mjs';

const P256 = -7;
const VOTING_NAME_BYTES = 32;

/** Whether this device can hold passkeys at all. */
export const canSign = () => typeof window.PublicKeyCredential === 'function';

/** @param {ArrayBuffer} data */
const url = (data) => packUrl(new Uint8Array(data));

/**
 * Answer the service's sign-in challenge.
 * @param {any} options as `POST /public/v1/sign-in/passkey/options` gives them
 */
export async function answerSignIn(options) {
  const publicKey = { ...options, challenge: unpackUrl(options.challenge), allowCredentials: [] };
  const found = /** @type {PublicKeyCredential} */ (await navigator.credentials.get({ publicKey }));
  const response = /** @type {AuthenticatorAssertionResponse} */ (found.response);
  return {
    id: found.id,
    rawId: url(found.rawId),
    type: found.type,
    response: {
      authenticatorData: url(response.authenticatorData),
      clientDataJSON: url(response.clientDataJSON),
      signature: url(response.signature),
      userHandle: response.userHandle === null ? null : url(response.userHandle),
    },
  };
}

/**
 * Make a passkey that votes and does nothing else. Its account name is random, so that it replaces no
 * other passkey on the device and cannot be tied to a person by it.
 * @param {string} partyId the domain @param {string} name what the device shows
 * @returns {Promise<{credential: string, credential_id: string}>} public key and identifier, base64
 */
export async function makeVotingKey(partyId, name) {
  const made = /** @type {PublicKeyCredential} */ (
    await navigator.credentials.create({
      publicKey: {
        rp: { id: partyId, name: 'Khan Cars' },
        user: { id: crypto.getRandomValues(new Uint8Array(VOTING_NAME_BYTES)), name, displayName: name },
        challenge: crypto.getRandomValues(new Uint8Array(32)),
        pubKeyCredParams: [{ type: 'public-key', alg: P256 }],
        authenticatorSelection: { residentKey: 'preferred', userVerification: 'required' },
        attestation: 'none',
      },
    })
  );
  const response = /** @type {AuthenticatorAttestationResponse} */ (made.response);
  const spki = response.getPublicKey();
  if (spki === null) throw new Error('passkey_of_another_kind');
  return { credential: pack(new Uint8Array(spki)), credential_id: pack(new Uint8Array(made.rawId)) };
}

/**
 * Sign a request for a ballot: one gesture for all desks.
 * @param {string} partyId @param {Uint8Array} challenge of `challengeFor` @param {Uint8Array} credentialId
 * @returns {Promise<{authenticator_data: string, client_data: string, signature: string}>}
 */
export async function signRequest(partyId, challenge, credentialId) {
  const found = /** @type {PublicKeyCredential} */ (
    await navigator.credentials.get({
      publicKey: {
        rpId: partyId,
        challenge: /** @type {BufferSource} */ (challenge),
        allowCredentials: [{ type: 'public-key', id: /** @type {BufferSource} */ (credentialId) }],
        userVerification: 'required',
      },
    })
  );
  const response = /** @type {AuthenticatorAssertionResponse} */ (found.response);
  return {
    authenticator_data: pack(new Uint8Array(response.authenticatorData)),
    client_data: pack(new Uint8Array(response.clientDataJSON)),
    signature: pack(new Uint8Array(response.signature)),
  };
}
