// @ts-check
// Scottish STV: Scottish Local Government Elections Order 2007 (SSI 2007/42), schedule 1, rules 45 to 52.
// Votes are held in hundred-thousandths, as whole numbers of any size.

const UNIT = 100_000n;

/** @typedef {(occasion: string, tied: number[]) => Promise<number>} Draw */
/** @typedef {{ranks: number[], value: bigint}} Paper */

/** @param {bigint} votes @returns {string} five decimals */
const written = (votes) => `${votes / UNIT}.${String(votes % UNIT).padStart(5, '0')}`;

/** One count: where every paper lies and what it is worth there. */
class Tally {
  /** @param {{papers: number[][], options: number, seats: number, draw: Draw}} vote */
  constructor({ papers, options, seats, draw }) {
    this.seats = seats;
    this.draw = draw;
    this.numbers = Array.from({ length: options }, (_, i) => i + 1);
    this.continuing = new Set(this.numbers);
    /** @type {number[]} */
    this.elected = [];
    /** @type {Set<number>} */
    this.surpluses = new Set();
    /** @type {Map<number, Paper[]>} */
    this.held = new Map(this.numbers.map((number) => [number, []]));
    this.votes = new Map(this.numbers.map((number) => [number, 0n]));
    /** @type {bigint[][]} */
    this.stages = [];
    this.quota = BigInt(Math.floor(papers.length / (seats + 1)) + 1) * UNIT;
    for (const ranks of papers) this.give({ ranks, value: UNIT });
  }

  /** A paper to the next of its preferences who is neither elected nor excluded. @param {Paper} paper */
  give(paper) {
    const next = paper.ranks.find((number) => this.continuing.has(number));
    if (next === undefined) return;
    /** @type {Paper[]} */ (this.held.get(next)).push(paper);
    this.votes.set(next, this.total(next) + paper.value);
  }

  /** @param {number} number */
  total(number) {
    return /** @type {bigint} */ (this.votes.get(number));
  }

  /** Which stage is under way, counted from 1. */
  get stage() {
    return this.stages.length + 1;
  }

  /** Ends a stage: writes the totals, then says who is elected by it (rules 47 and 51). */
  end() {
    this.stages.push(this.numbers.map((number) => this.total(number)));
    const found = [...this.continuing].filter((number) => this.total(number) >= this.quota);
    for (const number of found) {
      this.continuing.delete(number);
      if (this.total(number) > this.quota) this.surpluses.add(number);
    }
    if (this.continuing.size <= this.seats - this.elected.length - found.length) {
      found.push(...this.continuing);
      this.continuing.clear();
    }
    this.elected.push(...found.sort((a, b) => this.order(a, b)));
  }

  /** Most votes first, then by earlier stages from the last back, then by number. @param {number} a @param {number} b */
  order(a, b) {
    for (let at = this.stages.length - 1; at >= 0; at -= 1) {
      const [ours, theirs] = [this.stages[at][a - 1], this.stages[at][b - 1]];
      if (ours !== theirs) return ours > theirs ? -1 : 1;
    }
    return a - b;
  }

  /**
   * Who has most votes (or fewest); of several, those whom each earlier stage puts first, else a lot.
   * @param {number[]} numbers @param {'surplus' | 'exclusion'} occasion
   */
  async choose(numbers, occasion) {
    let tied = numbers;
    for (let at = this.stages.length - 1; at >= 0 && tied.length > 1; at -= 1) {
      const totals = tied.map((number) => this.stages[at][number - 1]);
      const first = totals.reduce((a, b) => ((occasion === 'surplus' ? a > b : a < b) ? a : b));
      tied = tied.filter((_, i) => totals[i] === first);
    }
    return tied.length === 1 ? tied[0] : this.draw(`${occasion} ${this.stage}`, tied);
  }

  /** Rule 48: every paper moves on at its share of the surplus, cut off after five decimals. @param {number} number */
  transfer(number) {
    const votes = this.total(number);
    const surplus = votes - this.quota;
    this.surpluses.delete(number);
    this.votes.set(number, this.quota);
    for (const { ranks, value } of this.take(number)) this.give({ ranks, value: (value * surplus) / votes });
  }

  /** Rule 50: every paper moves on at what it is worth. @param {number} number */
  exclude(number) {
    this.continuing.delete(number);
    this.votes.set(number, 0n);
    for (const paper of this.take(number)) this.give(paper);
  }

  /** @param {number} number @returns {Paper[]} */
  take(number) {
    const papers = /** @type {Paper[]} */ (this.held.get(number));
    this.held.set(number, []);
    return papers;
  }
}

/**
 * Elects by the single transferable vote.
 * @param {{papers: number[][], options: number, seats: number, draw: Draw}} vote papers that rank somebody
 */
export async function countTransferable(vote) {
  const tally = new Tally(vote);
  tally.end();
  while (vote.papers.length > 0 && tally.elected.length < tally.seats && tally.continuing.size > 0) {
    if (tally.surpluses.size > 0) tally.transfer(await tally.choose([...tally.surpluses], 'surplus'));
    else tally.exclude(await tally.choose([...tally.continuing], 'exclusion'));
    tally.end();
  }
  return {
    quota: Number(tally.quota / UNIT),
    elected_numbers: tally.elected,
    stage_totals: tally.stages.map((totals) => totals.map(written)),
    vacant: tally.seats - tally.elected.length,
  };
}
