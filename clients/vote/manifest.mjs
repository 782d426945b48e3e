// @ts-check
// The terms of a vote, as the device reads them before it votes.

import { canonicalText, hex, sha256, unpack, utf8 } from './bytes.mjs';

const FORMAT = 'khan-cars manifest 1';

/**
 * @typedef {{name: string, key: string}} KeyTerms
 * @typedef {{number: number, name: string}} Option
 * @typedef {'for_against' | 'lower_median' | 'scottish_stv' | 'schulze' | 'equal_shares'} RuleName
 * @typedef {{
 *   text: string, digest: Uint8Array, vote: string, tier: 'sealed' | 'detached' | 'open',
 *   question: string, rule: {name: RuleName, parameters: Record<string, any>}, options: Option[],
 *   opensAt: number, closesAt: number,
 *   issuers: Uint8Array[], electionKey: Uint8Array | null, board: KeyTerms, witnesses: KeyTerms[],
 *   partyId: string, origins: string[], contentBytes: number,
 * }} Manifest
 */

/**
 * Read the terms, and insist that they are the ones that were noticed.
 * @param {string} text @param {string} noticed the hash in the notice, in hexadecimal
 * @returns {Promise<Manifest>}
 */
export async function readManifest(text, noticed) {
  const digest = await sha256(utf8(text));
  const fields = JSON.parse(text);
  if (hex(digest) !== noticed || canonicalText(fields) !== text || fields.format !== FORMAT) {
    throw new Error('changed_manifest');
  }
  const issuers = fields.desks.map((/** @type {any} */ desk) => desk.issuer).filter(Boolean).map(unpack);
  return {
    text,
    digest,
    vote: fields.vote,
    tier: fields.tier,
    question: fields.question,
    rule: fields.rule,
    options: fields.options,
    opensAt: fields.opens_at_ms,
    closesAt: fields.closes_at_ms,
    issuers,
    electionKey: fields.trustees === null ? null : unpack(fields.trustees.election_key),
    board: fields.board,
    witnesses: fields.witnesses,
    partyId: fields.relying_party.id,
    origins: fields.relying_party.origins,
    contentBytes: fields.content_bytes,
  };
}
