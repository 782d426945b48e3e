// @ts-check
// The manifest: the terms of a vote, read whole or refused.

import { rsaBits } from './cryptography.mjs';
import { fromBase64, listOf, readDocument, textOf, toBase64, whole, withFields } from './documents.mjs';
import { demand } from './faults.mjs';
import { readFraction, readShare } from './fractions.mjs';

/** @typedef {import('./notes.mjs').Signer} Signer */
/**
 * @typedef {object} Terms
 * @property {string} vote
 * @property {'open' | 'detached' | 'sealed'} tier
 * @property {string} question
 * @property {string} rule
 * @property {any} parameters
 * @property {{name: string, number: number}[]} options
 * @property {number} opens milliseconds since 1970
 * @property {number} closes milliseconds since 1970
 * @property {number} grace seconds
 * @property {{date: string, size: number, root: Uint8Array}} roll
 * @property {{issuer: Uint8Array | null, log: Signer}[]} desks
 * @property {Uint8Array[]} issuers keys of the desks that have one
 * @property {Signer} board
 * @property {Signer[]} witnesses
 * @property {number} needed witnesses
 * @property {{electionKey: Uint8Array, needed: number, people: Signer[]} | null} trustees
 * @property {Uint8Array} lotCommitment
 * @property {{id: string, origins: string[]}} relyingParty
 * @property {number} contentBytes
 */

const WHERE = 'manifest.json';
const MOST = Number.MAX_SAFE_INTEGER;
const FIELDS = [
  'format', 'vote', 'tier', 'question', 'rule', 'options', 'opens_at_ms', 'closes_at_ms', 'grace_seconds', 'roll', 'desks', 'board', 'witnesses',
  'witnesses_needed', 'trustees', 'lot_commitment', 'relying_party', 'content_bytes',
];

/** @param {unknown} holds @param {string} what @returns {asserts holds} */
function term(holds, what) {
  demand(holds, 'document_malformed', `${WHERE}, ${what}`);
}

/** @param {any} value @param {string} what @returns {Signer} */
function signer(value, what) {
  const { key, name } = withFields(value, ['key', 'name'], `${WHERE}, ${what}`);
  term(typeof name === 'string' && name !== '' && !/[\p{White_Space}+]/u.test(name), what);
  return { name, key: fromBase64(key, `${WHERE}, ${what}`, 32) };
}

/** @param {unknown} value @param {string} what @returns {Signer[]} */
const signers = (value, what) => listOf(value, `${WHERE}, ${what}`).map((one) => signer(one, what));

/**
 * @param {Uint8Array} bytes of manifest.json
 * @returns {Promise<Terms>}
 */
export async function readTerms(bytes) {
  const given = withFields(readDocument(bytes, WHERE), FIELDS, WHERE);
  term(given.format === 'khan-cars manifest 1', 'format');
  term(['open', 'detached', 'sealed'].includes(given.tier), 'tier');
  const rule = readRule(given.rule);
  const roll = withFields(given.roll, ['date', 'size', 'root'], `${WHERE}, roll`);
  term(/^\d{4}-\d{2}-\d{2}$/.test(textOf(roll.date, WHERE)), 'roll');
  const party = withFields(given.relying_party, ['id', 'origins'], `${WHERE}, relying_party`);
  term(typeof given.lot_commitment === 'string' && /^[0-9a-f]{64}$/.test(given.lot_commitment), 'lot_commitment');
  const witnesses = signers(given.witnesses, 'witnesses');
  const desks = await readDesks(given.desks);
  const opens = whole(given.opens_at_ms, 0, MOST, `${WHERE}, opens_at_ms`);
  /** @type {Terms} */
  const terms = {
    vote: textOf(given.vote, `${WHERE}, vote`),
    tier: given.tier,
    question: textOf(given.question, `${WHERE}, question`),
    rule: rule.name,
    parameters: rule.parameters,
    options: readOptions(given.options, rule.name),
    opens,
    closes: whole(given.closes_at_ms, opens + 1, MOST, `${WHERE}, closes_at_ms`),
    grace: whole(given.grace_seconds, 0, MOST, `${WHERE}, grace_seconds`),
    roll: { date: roll.date, size: whole(roll.size, 0, MOST, `${WHERE}, roll`), root: fromBase64(roll.root, `${WHERE}, roll`, 32) },
    desks,
    issuers: desks.flatMap(({ issuer }) => (issuer === null ? [] : [issuer])),
    board: signer(given.board, 'board'),
    witnesses,
    needed: whole(given.witnesses_needed, 0, witnesses.length, `${WHERE}, witnesses_needed`),
    trustees: readTrustees(given.trustees),
    lotCommitment: Uint8Array.from(given.lot_commitment.match(/../g), (pair) => parseInt(pair, 16)),
    relyingParty: { id: textOf(party.id, WHERE), origins: listOf(party.origins, WHERE).map((origin) => textOf(origin, WHERE)) },
    contentBytes: whole(given.content_bytes, 64, 4096, `${WHERE}, content_bytes`),
  };
  demandConsistent(terms);
  return terms;
}

/** What the parts of the terms say of one another. @param {Terms} terms */
function demandConsistent({ tier, rule, parameters, options, desks, issuers, board, witnesses, trustees }) {
  term(rule !== 'schulze' || (parameters.status_quo ?? 0) <= options.length, 'rule');
  term(rule !== 'equal_shares' || parameters.costs.length === options.length, 'rule');
  const names = [...desks.map(({ log }) => log.name), board.name, ...witnesses.map(({ name }) => name)];
  term(new Set(names).size === names.length, 'names');
  if (tier === 'sealed') {
    term(desks.length >= 2 && issuers.length === desks.length, 'desks');
    term(new Set(issuers.map((issuer) => toBase64(issuer))).size === issuers.length, 'desks');
  } else {
    term(desks.length === 1 && issuers.length === 0, 'desks');
  }
  term((trustees === null) === (tier === 'open'), 'trustees');
}

/** @param {any} value */
async function readDesks(value) {
  const desks = [];
  for (const desk of listOf(value, `${WHERE}, desks`)) {
    const { issuer, log } = withFields(desk, ['issuer', 'log'], `${WHERE}, desks`);
    const key = issuer === null ? null : fromBase64(issuer, `${WHERE}, desks`);
    const bits = key === null ? 2048 : await rsaBits(key);
    term(bits >= 2048 && bits <= 4096, 'desks');
    desks.push({ issuer: key, log: signer(log, 'desks') });
  }
  return desks;
}

/** @param {any} value */
function readTrustees(value) {
  if (value === null) return null;
  const given = withFields(value, ['election_key', 'needed', 'people'], `${WHERE}, trustees`);
  const people = signers(given.people, 'trustees');
  term(new Set(people.map(({ name }) => name)).size === people.length, 'trustees');
  return {
    electionKey: fromBase64(given.election_key, `${WHERE}, trustees`, 32),
    needed: whole(given.needed, 1, people.length, `${WHERE}, trustees`),
    people,
  };
}

/** @param {any} value @param {string} rule */
function readOptions(value, rule) {
  const options = listOf(value, `${WHERE}, options`).map((option, at) => {
    const { name, number } = withFields(option, ['name', 'number'], `${WHERE}, options`);
    term(typeof name === 'string' && number === at + 1, 'options');
    return { name, number };
  });
  if (isKnown(rule)) term((rule === 'for_against' || rule === 'lower_median') === (options.length === 0), 'options');
  return options;
}

const PARAMETERS = /** @type {Record<string, string[]>} */ ({
  for_against: ['required', 'quorum'],
  lower_median: ['lowest', 'highest', 'step', 'today', 'phantom_share'],
  scottish_stv: ['seats', 'ranks_max'],
  schulze: ['status_quo', 'required'],
  equal_shares: ['budget', 'costs', 'unit'],
});

/** Whether this verifier can count by a rule; all else can be checked without. @param {string} name */
export const isKnown = (name) => Object.hasOwn(PARAMETERS, name);

/** @param {any} value @returns {{name: string, parameters: any}} */
function readRule(value) {
  const { name, parameters } = withFields(value, ['name', 'parameters'], `${WHERE}, rule`);
  term(typeof name === 'string' && typeof parameters === 'object' && parameters !== null && !Array.isArray(parameters), 'rule');
  if (isKnown(name)) demandParameters(name, withFields(parameters, PARAMETERS[name], `${WHERE}, rule`));
  return { name, parameters };
}

/** @param {string} name @param {any} given */
function demandParameters(name, given) {
  const number = (/** @type {unknown} */ value, lowest = 0) => whole(value, lowest, MOST, `${WHERE}, rule`);
  if ('required' in given) term(readShare(given.required) !== null, 'rule');
  if (name === 'for_against') number(given.quorum);
  if (name === 'scottish_stv') [number(given.seats, 1), number(given.ranks_max, 1)];
  if (name === 'schulze') term(given.status_quo === null || number(given.status_quo, 1), 'rule');
  if (name === 'equal_shares') {
    [number(given.budget, 1), number(given.unit, 1)];
    for (const cost of listOf(given.costs, `${WHERE}, rule`)) number(cost, 1);
  }
  if (name === 'lower_median') {
    const lowest = number(given.lowest, -MOST);
    term((number(given.highest, lowest) - lowest) % number(given.step, 1) === 0, 'rule');
    number(given.today, -MOST);
    term(readFraction(given.phantom_share) !== null, 'rule');
  }
}
