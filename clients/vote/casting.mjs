// @ts-check
// A ballot from the voter's gesture to the receipt. The gesture makes everything that needs the voter;
// the rest goes on by itself, over lost connections and closed pages, one step at a time.

import { cancellationSlip, challengeFor, makeBallotKey, nameOf, seal, signBallot, tokenMessage } from './ballot.mjs';
import { blind, readIssuer, unblind } from './blinding.mjs';
import { hex, pack, sha256, unpack } from './bytes.mjs';
import { readManifest } from './manifest.mjs';
import { checkReceipt, ReceiptFalse } from './receipt.mjs';
import { askDesk, fetchBoard, fetchReceipt, putIntoBox, Refused } from './service.mjs';

/** @typedef {import('./manifest.mjs').Manifest} Manifest */
/** @typedef {import('./shelf.mjs').Kept} Kept */
/** @typedef {'desks' | 'leaving' | 'box' | 'board' | 'held' | 'problem'} Stage what a ballot waits for */

/** A ballot does not leave later than this before the close, whatever wait was drawn. */
const MARGIN_MS = 60_000;

/** What a ballot waits for. @param {Kept} kept @returns {Stage} */
export function stageOf(kept) {
  if (kept.receipt !== null) return 'held';
  if (kept.problem !== null) return 'problem';
  if (kept.tokens === null) return 'desks';
  if (!kept.isTaken) return kept.leavesAt > Date.now() ? 'leaving' : 'box';
  return 'board';
}

/**
 * When a ballot leaves the device: a random moment within the voter's wait, and in time for the close.
 * @param {number} now @param {number} waitMs at most @param {number} closesAt @param {number} share from 0 to below 1
 */
export function drawLeaving(now, waitMs, closesAt, share) {
  return now + Math.floor(Math.max(0, Math.min(waitMs, closesAt - MARGIN_MS - now)) * share);
}

/** A share of one from the system's generator. */
const drawShare = () => crypto.getRandomValues(new Uint32Array(1))[0] / 2 ** 32;

/**
 * Make a ballot of a choice, sign for it where that is due, and keep it. All that needs the voter.
 * @param {{
 *   shelf: import('./shelf.mjs').Shelf, poll: any, manifest: Manifest, me: any, choice: Record<string, any>, waitMs: number,
 *   signRequest: (partyId: string, challenge: Uint8Array, credentialId: Uint8Array) => Promise<any>,
 * }} by
 * @returns {Promise<Kept>}
 */
export async function makeBallot({ shelf, poll, manifest, me, choice, waitMs, signRequest }) {
  const before = await shelf.find(poll.poll_id);
  const kept = before ?? (await begun(poll, manifest, me));
  const sequence = kept.sequence + 1;
  const content = await seal(manifest, kept.key.publicKey, sequence, choice);
  if (manifest.tier === 'sealed' && kept.tokens === null && kept.asked === null) {
    kept.asked = await askedOf(manifest, kept, me, signRequest);
  } else if (kept.asked !== null && kept.problem === 'ballot_request_not_signed') {
    // Another gesture for the same request: a desk that took the first one sees no second.
    const requests = kept.asked.requests.map(unpack);
    kept.asked = { ...kept.asked, assertion: await gesture(manifest, kept, requests, me, signRequest) };
  }
  const next = { ...kept, sequence, content, waitMs, ballot: null, name: '', isTaken: false, waiting: 0, leavesAt: 0 };
  const after = { ...next, receipt: null, place: null, problem: null, told: '' };
  await shelf.keep(after);
  return after;
}

/** @param {any} poll @param {Manifest} manifest @param {any} me @returns {Promise<Kept>} */
async function begun(poll, manifest, me) {
  return {
    pollId: poll.poll_id,
    manifest: manifest.text,
    digest: hex(manifest.digest),
    desks: poll.desks,
    box: poll.box,
    key: await makeBallotKey(),
    commitment: manifest.tier === 'sealed' ? me.commitment : '',
    asked: null,
    tokens: manifest.tier === 'sealed' ? null : [],
    slip: null,
    sequence: 0,
    content: new Uint8Array(),
    ballot: null,
    name: '',
    leavesAt: 0,
    waitMs: 0,
    isTaken: false,
    waiting: 0,
    receipt: null,
    place: null,
    problem: null,
    told: '',
  };
}

/** The voter's passkey signs for these requests. @param {Manifest} manifest @param {Kept} kept @param {Uint8Array[]} requests @param {any} me @param {Function} signRequest */
async function gesture(manifest, kept, requests, me, signRequest) {
  const challenge = await challengeFor(manifest.digest, unpack(kept.commitment), requests);
  return signRequest(manifest.partyId, challenge, unpack(me.credential_id));
}

/** @param {Manifest} manifest @param {Kept} kept @param {any} me @param {Function} signRequest */
async function askedOf(manifest, kept, me, signRequest) {
  const message = tokenMessage(manifest.digest, kept.key.publicKey);
  const issuers = await Promise.all(manifest.issuers.map(readIssuer));
  const blinded = await Promise.all(issuers.map((issuer) => blind(issuer, message)));
  const requests = await Promise.all(blinded.map((one) => sha256(one.message)));
  const assertion = await gesture(manifest, kept, requests, me, signRequest);
  return { requests: requests.map(pack), assertion, blinded };
}

/**
 * How a ballot is moved on. `now`: it leaves without a wait; `handOver`: in a detached vote, how a
 * signed-in member hands it over; `wallOf`: the wall moment of a service moment, both in milliseconds.
 * @typedef {{
 *   now?: boolean, handOver?: (pollId: string, ballot: any) => Promise<any>, wallOf?: (ms: number) => number,
 * }} How
 */

/**
 * Move a kept ballot on as far as it goes now.
 * @param {import('./shelf.mjs').Shelf} shelf @param {Kept} kept @param {How} [how]
 * @returns {Promise<Kept>} as it is kept afterwards
 */
export async function advance(shelf, kept, how = {}) {
  let one = kept;
  if (one.receipt !== null || one.problem !== null) return one;
  try {
    const manifest = await readManifest(one.manifest, one.digest);
    if (one.tokens === null) one = await taken(shelf, manifest, one);
    if (one.ballot === null) one = await signed(shelf, manifest, one, how);
    if (how.now && one.leavesAt > Date.now()) one = await keep(shelf, one, { leavesAt: Date.now() });
    if (!one.isTaken && one.leavesAt <= Date.now()) one = await sent(shelf, one, how);
    if (one.isTaken) one = await receipted(shelf, manifest, one, how);
  } catch (error) {
    const latest = (await shelf.find(one.pollId)) ?? one;
    // A newer choice has taken this one's place meanwhile; what was refused is not it.
    if (latest.sequence !== one.sequence) return latest;
    if (error instanceof ReceiptFalse) return keep(shelf, latest, { problem: 'false_receipt', told: error.message });
    if (!(error instanceof Refused)) throw error;
    if (!error.isPassing) return keep(shelf, latest, { problem: error.code, told: error.message });
    return latest;
  }
  return one;
}

/** @param {import('./shelf.mjs').Shelf} shelf @param {Kept} kept @param {Partial<Kept>} change @returns {Promise<Kept>} */
async function keep(shelf, kept, change) {
  const after = { ...kept, ...change };
  const latest = await shelf.find(kept.pollId);
  if (latest !== undefined && latest.sequence > kept.sequence) {
    // The voter has chosen anew while this step was on its way: what the desks gave is kept, the rest is old.
    const granted = { asked: after.asked, tokens: after.tokens, slip: after.slip, commitment: after.commitment };
    const merged = latest.tokens === null ? { ...latest, ...granted } : latest;
    await shelf.keep(merged);
    return merged;
  }
  await shelf.keep(after);
  return after;
}

/** Every desk's signature, and the slip. @param {import('./shelf.mjs').Shelf} shelf @param {Manifest} manifest @param {Kept} kept */
async function taken(shelf, manifest, kept) {
  const asked = kept.asked;
  if (asked === null) throw new Error('nothing was asked of the desks');
  const tokens = await Promise.all(
    manifest.issuers.map(async (spki, number) => {
      const blinded = asked.blinded[number];
      const request = {
        commitment: kept.commitment,
        requests: asked.requests,
        assertion: asked.assertion,
        blinded: pack(blinded.message),
      };
      const answer = await askDesk(kept.desks[number], kept.pollId, request);
      try {
        return await unblind(await readIssuer(spki), blinded, unpack(answer.signature));
      } catch {
        throw new Refused('desk_signed_falsely', '', 422);
      }
    }),
  );
  // What ties the ballot to its request and its member is forgotten here, and kept no step longer.
  return keep(shelf, kept, { tokens, asked: null, commitment: '', slip: await cancellationSlip(manifest, kept.key, tokens) });
}

/** When the vote closes, in wall time. @param {Manifest} manifest @param {How} how */
const closing = (manifest, { wallOf = (ms) => ms }) => wallOf(manifest.closesAt);

/** @param {import('./shelf.mjs').Shelf} shelf @param {Manifest} manifest @param {Kept} kept @param {How} how */
async function signed(shelf, manifest, kept, how) {
  const ballot = await signBallot(manifest, kept.key, kept.tokens ?? [], kept.sequence, kept.content);
  const leavesAt = drawLeaving(Date.now(), kept.waitMs, closing(manifest, how), drawShare());
  return keep(shelf, kept, { ballot, name: await nameOf(ballot), leavesAt });
}

/** @param {import('./shelf.mjs').Shelf} shelf @param {Kept} kept @param {How} how */
async function sent(shelf, kept, how) {
  const answer = await post(kept, how);
  if (answer === null) return kept;
  return keep(shelf, kept, { isTaken: true, waiting: answer?.waiting ?? 0 });
}

/**
 * Sends a ballot; what the box has already, it has. Null: a member must sign in to hand it over.
 * @param {Kept} kept @param {How} how
 */
async function post(kept, how) {
  try {
    if (JSON.parse(kept.manifest).tier === 'sealed') return await putIntoBox(kept.box, kept.pollId, kept.ballot);
    return how.handOver === undefined ? null : await how.handOver(kept.pollId, kept.ballot);
  } catch (error) {
    if (error instanceof Refused && error.code === 'ballot_superseded') return { waiting: kept.waiting };
    throw error;
  }
}

/**
 * The receipt, checked; or the ballot once more, for a box that has lost what was waiting.
 * @param {import('./shelf.mjs').Shelf} shelf @param {Manifest} manifest @param {Kept} kept
 * @param {How} how
 */
async function receipted(shelf, manifest, kept, how) {
  let receipt = await foundReceipt(kept);
  if (receipt === null) {
    try {
      const answer = await post(kept, how);
      return answer === null ? kept : keep(shelf, kept, { waiting: answer?.waiting ?? kept.waiting });
    } catch (error) {
      if (!(error instanceof Refused && error.code === 'vote_not_open')) throw error;
      // After the close the box takes nothing more, and publishes what it has.
      if (!(await fetchBoard(kept.box, kept.pollId)).finished) return kept;
      receipt = await foundReceipt(kept);
      if (receipt === null) throw new Refused('ballot_lost', '', 404);
    }
  }
  const place = await checkReceipt(receipt, manifest, /** @type {Record<string, any>} */ (kept.ballot));
  return keep(shelf, kept, { receipt, place });
}

/** The receipt, or null while the ballot is not on the board. @param {Kept} kept @returns {Promise<any>} */
async function foundReceipt(kept) {
  try {
    return await fetchReceipt(kept.box, kept.pollId, kept.name);
  } catch (error) {
    if (error instanceof Refused && error.status === 404) return null;
    throw error;
  }
}
