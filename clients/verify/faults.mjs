// @ts-check
// What may be wrong with a bundle, as docs/reference/ballot_bundle.md names it.

/** The first thing that is wrong: a code of the published table, and where it was found. */
export class Fault extends Error {
  /** @param {string} code @param {string} [where] */
  constructor(code, where = '') {
    super(where === '' ? code : `${code}: ${where}`);
    this.code = code;
    this.where = where;
  }
}

/** What this browser lacks; says nothing about the vote. */
export class CannotCheck extends Error {}

/** @param {string} code @param {string} [where] @returns {never} */
export function fail(code, where) {
  throw new Fault(code, where);
}

/** @param {unknown} holds @param {string} code @param {string} [where] @returns {asserts holds} */
export function demand(holds, code, where) {
  if (!holds) throw new Fault(code, where);
}
