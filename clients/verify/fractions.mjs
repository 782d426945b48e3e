// @ts-check
// Exact shares: a whole number or a fraction as text, compared and rounded without loss.

/** @typedef {{top: bigint, bottom: bigint}} Fraction */
/** @typedef {Fraction & {strict: boolean}} Share */

/** @param {unknown} text @returns {Fraction | null} */
export function readFraction(text) {
  const parts = typeof text === 'string' ? /^([0-9]{1,18})(?:\/([1-9][0-9]{0,17}))?$/.exec(text) : null;
  return parts === null ? null : { top: BigInt(parts[1]), bottom: BigInt(parts[2] ?? '1') };
}

/** A share that is required, such as ">1/2" or ">=3/4". @param {unknown} text @returns {Share | null} */
export function readShare(text) {
  const parts = typeof text === 'string' ? /^(>=?)(.*)$/.exec(text) : null;
  const fraction = parts === null ? null : readFraction(parts[2]);
  return parts === null || fraction === null ? null : { ...fraction, strict: parts[1] === '>' };
}

/** Whether `part` of `whole` is the share required. @param {number} part @param {number} whole @param {Share} share */
export function reaches(part, whole, share) {
  const has = BigInt(part) * share.bottom;
  const needs = BigInt(whole) * share.top;
  return share.strict ? has > needs : has >= needs;
}

/** A share of a count, rounded up. @param {number} count @param {Fraction} share @returns {number} */
export function shareUp(count, { top, bottom }) {
  return Number((BigInt(count) * top + bottom - 1n) / bottom);
}
