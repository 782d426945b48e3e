// @ts-check
// Counting: the certificate's `result` by each rule, from choices that can all be followed.

import { countEqualShares } from './budget.mjs';
import { fail } from './faults.mjs';
import { reaches, readFraction, readShare, shareUp } from './fractions.mjs';
import { countTransferable } from './transfers.mjs';

/** @typedef {import('./choices.mjs').Choice} Choice */
/** @typedef {import('./terms.mjs').Terms} Terms */
/** @typedef {import('./fractions.mjs').Share} Share */
/** @typedef {(occasion: string, tied: number[]) => Promise<number>} Draw */

/**
 * The result by the vote's rule.
 * @param {Terms} terms @param {Choice[]} choices @param {Draw} draw @returns {Promise<any>}
 */
export async function count(terms, choices, draw) {
  switch (terms.rule) {
    case 'for_against':
      return countForAgainst(choices, terms.parameters);
    case 'lower_median':
      return countLowerMedian(choices, terms.parameters);
    case 'scottish_stv': {
      const papers = choices.map(({ ranks }) => ranks.flat()).filter((paper) => paper.length > 0);
      return { rule: terms.rule, ...(await countTransferable({ papers, options: terms.options.length, seats: terms.parameters.seats, draw })) };
    }
    case 'schulze':
      return countSchulze(choices, terms, draw);
    case 'equal_shares': {
      const { budget, costs, unit } = terms.parameters;
      return { rule: terms.rule, ...(await countEqualShares({ approvals: choices.map(({ approved }) => approved), budget, costs, unit, draw })) };
    }
    default:
      return fail('unknown_rule', terms.rule);
  }
}

/** @param {Choice[]} choices @param {any} parameters */
export function countForAgainst(choices, { required, quorum }) {
  const marks = { for: 0, against: 0, abstain: 0 };
  for (const { mark } of choices) marks[/** @type {keyof typeof marks} */ (mark)] += 1;
  const share = /** @type {Share} */ (readShare(required));
  let outcome = reaches(marks.for, marks.for + marks.against, share) ? 'passed' : 'not_enough';
  if (marks.for === marks.against) outcome = 'tie';
  if (choices.length < quorum) outcome = 'no_quorum';
  return { rule: 'for_against', ...marks, outcome };
}

/** @param {Choice[]} choices @param {any} parameters */
export function countLowerMedian(choices, { today, phantom_share }) {
  const named = choices.map(({ value }) => value).filter((value) => value !== null);
  const phantoms = shareUp(named.length, /** @type {any} */ (readFraction(phantom_share)));
  /** @type {Map<number, number>} */
  const ballots = new Map();
  for (const value of named) ballots.set(value, (ballots.get(value) ?? 0) + 1);
  const values = [...ballots].sort(([a], [b]) => a - b);
  const standing = [...named, ...new Array(phantoms).fill(today)].sort((a, b) => a - b);
  return {
    rule: 'lower_median',
    values,
    abstained: choices.length - named.length,
    phantoms,
    value: standing.length === 0 ? null : standing[Math.floor((standing.length - 1) / 2)],
  };
}

/**
 * How many ballots rank one option above another; what is not ranked stands below all that is.
 * @param {Choice[]} choices @param {number} options @returns {number[][]}
 */
export function pairwise(choices, options) {
  const preferred = Array.from({ length: options }, () => new Array(options).fill(0));
  for (const { ranks } of choices) {
    const place = new Array(options).fill(ranks.length);
    ranks.forEach((/** @type {number[]} */ group, /** @type {number} */ rank) => group.forEach((number) => (place[number - 1] = rank)));
    for (let a = 0; a < options; a += 1) for (let b = 0; b < options; b += 1) if (place[a] < place[b]) preferred[a][b] += 1;
  }
  return preferred;
}

/** A path's strength, as one number: more winning votes first, then fewer losing ones. @param {number} winning @param {number} losing @param {number} ballots */
const strength = (winning, losing, ballots) => (winning > losing ? winning * (ballots + 1) + (ballots - losing) + 1 : 0);

/**
 * Whom no other option has a stronger path to (Schulze 2011, section 2.3.1).
 * @param {number[][]} preferred @param {number[]} standing numbers of the options not dropped @param {number} ballots
 */
export function unbeaten(preferred, standing, ballots) {
  const paths = standing.map((a) => standing.map((b) => strength(preferred[a - 1][b - 1], preferred[b - 1][a - 1], ballots)));
  for (let via = 0; via < standing.length; via += 1) {
    for (let a = 0; a < standing.length; a += 1) {
      for (let b = 0; b < standing.length; b += 1) {
        if (a !== b && a !== via && b !== via) paths[a][b] = Math.max(paths[a][b], Math.min(paths[a][via], paths[via][b]));
      }
    }
  }
  return standing.filter((_, a) => standing.every((__, b) => paths[b][a] <= paths[a][b]));
}

/** @param {Choice[]} choices @param {Terms} terms @param {Draw} draw */
async function countSchulze(choices, { options, parameters }, draw) {
  const statusQuo = parameters.status_quo;
  const share = /** @type {Share} */ (readShare(parameters.required));
  const preferred = pairwise(choices, options.length);
  const numbers = options.map(({ number }) => number);
  const dropped = numbers.filter((number) => {
    if (statusQuo === null || number === statusQuo) return false;
    const above = preferred[number - 1][statusQuo - 1];
    const below = preferred[statusQuo - 1][number - 1];
    // As a motion against keeping things as they are: a tie is lost, whatever is required.
    return above === below || !reaches(above, above + below, share);
  });
  const standing = numbers.filter((number) => !dropped.includes(number));
  const anything = choices.some(({ ranks }) => ranks.length > 0);
  const winners = anything ? unbeaten(preferred, standing, choices.length) : [];
  const winner = winners.length === 0 ? statusQuo : winners.length === 1 ? winners[0] : await draw('winner', winners);
  return { rule: 'schulze', preferred, dropped, winners, winner };
}
