// @ts-check
// Choices: what stands on a ballot, and why one is broken.

import { readDocument } from './documents.mjs';

/** @typedef {{[name: string]: any}} Choice */
/** @typedef {import('./terms.mjs').Terms} Terms */

const FIELD_OF_RULE = /** @type {Record<string, string>} */ ({
  for_against: 'mark',
  lower_median: 'value',
  scottish_stv: 'ranks',
  schulze: 'ranks',
  equal_shares: 'approved',
});
const MARKS = ['for', 'against', 'abstain'];

/** @param {unknown} value */
const isWhole = (value) => typeof value === 'number' && Number.isSafeInteger(value);

/**
 * The choice in an opened plaintext, or null when its padding holds none.
 * @param {Uint8Array} plain @param {number} length @returns {Choice | null}
 */
export function unpad(plain, length) {
  if (plain.length !== length) return null;
  const end = 2 + plain[0] * 256 + plain[1];
  if (end > length || plain.subarray(end).some((byte) => byte !== 0)) return null;
  try {
    return readDocument(plain.subarray(2, end), 'choice');
  } catch {
    return null;
  }
}

/**
 * Why a choice cannot be followed: the first reason of the page's table, or null when it can.
 * @param {Choice | null} choice @param {Terms} terms @returns {string | null}
 */
export function whyBroken(choice, terms) {
  return whyFormless(choice, FIELD_OF_RULE[terms.rule]) ?? whyUnfollowable(/** @type {Choice} */ (choice), terms);
}

/** @param {Choice | null} choice @param {string} field the rule's */
function whyFormless(choice, field) {
  const fields = choice === null ? [] : Object.keys(choice);
  if (choice === null || fields.length !== 1) return 'malformed';
  const [name] = fields;
  if (name !== field) return 'wrong_kind';
  const value = choice[name];
  if (name === 'mark') return typeof value !== 'string' ? 'wrong_kind' : MARKS.includes(value) ? null : 'malformed';
  if (name === 'value') return value === null || isWhole(value) ? null : 'malformed';
  if (!Array.isArray(value)) return 'wrong_kind';
  if (name === 'approved') return value.every(isWhole) ? null : 'malformed';
  return value.every((group) => Array.isArray(group) && group.length > 0 && group.every(isWhole)) ? null : 'malformed';
}

/** @param {Choice} choice @param {Terms} terms */
function whyUnfollowable(choice, terms) {
  if ('mark' in choice) return null;
  if ('value' in choice) return choice.value === null ? null : whyOutside(choice.value, terms.parameters);
  // Approvals are judged as one group is, and are ascending like one.
  const groups = 'approved' in choice ? [choice.approved] : choice.ranks;
  const numbers = groups.flat();
  if (numbers.some((/** @type {number} */ n) => n < 1 || n > terms.options.length)) return 'unknown_option';
  if (new Set(numbers).size !== numbers.length) return 'option_twice';
  if (groups.some((/** @type {number[]} */ group) => group.some((n, at) => at > 0 && n < group[at - 1]))) return 'malformed';
  if (terms.rule !== 'scottish_stv') return null;
  if (groups.some((/** @type {number[]} */ group) => group.length > 1)) return 'equal_ranks';
  return groups.length > terms.parameters.ranks_max ? 'too_many_ranks' : null;
}

/** @param {number} value @param {any} bounds */
function whyOutside(value, { lowest, highest, step }) {
  if (value < lowest || value > highest) return 'outside_bounds';
  return (value - lowest) % step === 0 ? null : 'off_step';
}

/** Whether a choice that can be followed says nothing. @param {Choice} choice */
export function isBlank(choice) {
  if ('mark' in choice) return choice.mark === 'abstain';
  if ('value' in choice) return choice.value === null;
  return (choice.ranks ?? choice.approved).length === 0;
}
