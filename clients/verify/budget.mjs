// @ts-check
// Equal shares: Peters, Pierczyński and Skowron (NeurIPS 2021), section 3, as the page settles it.
//
// What voters have left are whole numbers over one common denominator, so that most of the work is to
// compare and to add whole numbers; whoever approves the same is one group. An option only ever gets
// dearer for those who pay, so what it was found to ask of them once bounds what it asks later.

/** @typedef {(occasion: string, tied: number[]) => Promise<number>} Draw */
/** @typedef {{options: number[], votes: bigint}} Group of ballots that approve the same */
/** @typedef {{number: number, cost: bigint, approved: bigint, groups: Uint32Array}} Option with the groups that approve it */
/** @typedef {{top: bigint, bottom: bigint}} Ratio */
/** @typedef {{option: number, step: string, pays_at_most: string | null, money_left: number}} Round */
/** @typedef {{rounds: Round[], bought: Set<number>, left: bigint}} Outcome `left` of the budget; below zero if it costs more */

/** @param {Ratio} a @param {Ratio} b whether a is less, equal or more: negative, zero, positive */
const compare = (a, b) => {
  const [left, right] = [a.top * b.bottom, b.top * a.bottom];
  return left < right ? -1 : Number(left > right);
};

/** @param {bigint} a @param {bigint} b @returns {bigint} */
function divisor(a, b) {
  while (b !== 0n) [a, b] = [b, a % b];
  return a;
}

/** In lowest terms, a whole number without a stroke. @param {Ratio} ratio */
function written({ top, bottom }) {
  const common = divisor(top, bottom);
  return bottom === common ? String(top / common) : `${top / common}/${bottom / common}`;
}

/**
 * The certificate's figures for a budget.
 * @param {{approvals: number[][], budget: number, costs: number[], unit: number, draw: Draw}} given
 */
export async function countEqualShares({ approvals, budget, costs, unit, draw }) {
  const groups = grouped(approvals);
  const options = approvedOptions(groups, costs);
  const voters = groups.reduce((sum, { votes }) => sum + votes, 0n);
  if (voters === 0n) return { share: null, units_added: 0, rounds: [], selected_numbers: [], money_left: budget };
  const share = { top: BigInt(budget), bottom: voters };
  const given = { groups, options, budget: BigInt(budget), draw };
  let outcome = await buyTogether(given, share);
  let added = 0;
  while (options.some(({ number, cost }) => !outcome.bought.has(number) && cost <= outcome.left)) {
    const next = await buyTogether(given, { top: share.top + BigInt(added + unit) * voters, bottom: voters });
    if (next.left < 0n) break;
    outcome = next;
    added += unit;
  }
  await buyByVotes(given, outcome);
  const selected = outcome.rounds.filter(({ step }) => step !== 'too_dear').map(({ option }) => option);
  return { share: written(share), units_added: added, rounds: outcome.rounds, selected_numbers: selected, money_left: Number(outcome.left) };
}

/** @param {number[][]} approvals @returns {Group[]} of ballots that approve something */
function grouped(approvals) {
  /** @type {Map<string, Group>} */
  const groups = new Map();
  for (const options of approvals) {
    if (options.length === 0) continue;
    const name = options.join();
    const group = groups.get(name) ?? { options, votes: 0n };
    group.votes += 1n;
    groups.set(name, group);
  }
  return [...groups.values()];
}

/** @param {Group[]} groups @param {number[]} costs @returns {Option[]} that somebody approves */
function approvedOptions(groups, costs) {
  /** @type {number[][]} */
  const of = costs.map(() => []);
  groups.forEach(({ options }, group) => options.forEach((number) => of[number - 1].push(group)));
  return costs.flatMap((cost, at) => {
    const approved = of[at].reduce((sum, group) => sum + groups[group].votes, 0n);
    return approved === 0n ? [] : [{ number: at + 1, cost: BigInt(cost), approved, groups: Uint32Array.from(of[at]) }];
  });
}

/** What every group has left for each of its ballots. */
class Purses {
  /** @param {Group[]} groups @param {Ratio} share of every ballot */
  constructor(groups, share) {
    this.groups = groups;
    this.denominator = share.bottom;
    /** @type {bigint[]} over the denominator */
    this.money = groups.map(() => share.top);
    /** Groups, who has least first, and the place of each in that order. */
    this.order = Uint32Array.from(groups.keys());
    this.place = Uint32Array.from(groups.keys());
  }

  /**
   * What those who approve an option pay at most, over the denominator; null if they have too little.
   * @param {Option} option @returns {Ratio | null}
   */
  asks({ cost, approved, groups }) {
    let rest = cost * this.denominator;
    let payers = approved;
    const places = groups.map((group) => this.place[group]).sort();
    for (const place of places) {
      const group = this.order[place];
      // Everybody from here on has at least as much.
      if (this.money[group] * payers >= rest) return { top: rest, bottom: payers };
      rest -= this.money[group] * this.groups[group].votes;
      payers -= this.groups[group].votes;
    }
    return null;
  }

  /** @param {Option} option @param {Ratio} most over the denominator */
  pay({ groups }, most) {
    const common = divisor(most.top, most.bottom);
    const scale = most.bottom / common;
    const price = most.top / common;
    this.denominator *= scale;
    this.money = this.money.map((money) => money * scale);
    for (const group of groups) this.money[group] = this.money[group] > price ? this.money[group] - price : 0n;
    this.arrange(new Set(groups));
  }

  /** Those who paid keep their order among themselves, and so do the others. @param {Set<number>} paid */
  arrange(paid) {
    const payers = this.order.filter((group) => paid.has(group));
    const others = this.order.filter((group) => !paid.has(group));
    for (let at = 0, payer = 0; at < this.order.length; at += 1) {
      const other = at - payer;
      const isPayer = other === others.length || (payer < payers.length && this.money[payers[payer]] <= this.money[others[other]]);
      const group = isPayer ? payers[payer] : others[other];
      payer += Number(isPayer);
      this.order[at] = group;
      this.place[group] = at;
    }
  }
}

/**
 * One outcome: again and again the option that asks the smallest part of its cost.
 * @param {{groups: Group[], options: Option[], budget: bigint, draw: Draw}} given @param {Ratio} share @returns {Promise<Outcome>}
 */
async function buyTogether({ groups, options, budget, draw }, share) {
  const purses = new Purses(groups, share);
  /** @type {Outcome} */
  const outcome = { rounds: [], bought: new Set(), left: budget };
  // Nobody can be asked for less than if all who approve it pay.
  let waiting = options.map((option) => ({ option, part: { top: 1n, bottom: option.approved } }));
  for (;;) {
    waiting.sort((a, b) => compare(a.part, b.part));
    /** @type {{option: Option, part: Ratio, most: Ratio}[]} */
    let best = [];
    const tooDear = new Set();
    for (const one of waiting) {
      if (best.length > 0 && compare(one.part, best[0].part) > 0) break;
      const most = purses.asks(one.option);
      if (most === null) {
        tooDear.add(one);
        continue;
      }
      one.part = { top: most.top, bottom: most.bottom * purses.denominator * one.option.cost };
      const order = best.length === 0 ? -1 : compare(one.part, best[0].part);
      if (order <= 0) best = [...(order < 0 ? [] : best), { ...one, most }];
    }
    if (best.length === 0) return outcome;
    const option = await first(best.map((one) => one.option), outcome, draw);
    const { most } = /** @type {{most: Ratio}} */ (best.find((one) => one.option === option));
    take(outcome, option, { step: 'equal_shares', pays: written({ top: most.top, bottom: most.bottom * purses.denominator }) });
    purses.pay(option, most);
    waiting = waiting.filter((one) => one.option !== option && !tooDear.has(one));
  }
}

/** What is left of the budget, to the most approved that it pays for. @param {{options: Option[], draw: Draw}} given @param {Outcome} outcome */
async function buyByVotes({ options, draw }, outcome) {
  let waiting = options.filter(({ number }) => !outcome.bought.has(number));
  while (waiting.length > 0) {
    const option = await first(waiting, outcome, draw);
    take(outcome, option, { step: option.cost <= outcome.left ? 'most_votes' : 'too_dear', pays: null });
    waiting = waiting.filter((one) => one !== option);
  }
}

/** The most approved, of several the cheaper, else by lot. @param {Option[]} options @param {Outcome} outcome @param {Draw} draw @returns {Promise<Option>} */
async function first(options, { rounds }, draw) {
  const before = (/** @type {Option} */ a, /** @type {Option} */ b) => a.approved > b.approved || (a.approved === b.approved && a.cost < b.cost);
  const leader = options.reduce((best, option) => (before(option, best) ? option : best));
  const tied = options.filter((option) => !before(leader, option));
  if (tied.length === 1) return leader;
  const drawn = await draw(`round ${rounds.length + 1}`, tied.map(({ number }) => number));
  return /** @type {Option} */ (tied.find(({ number }) => number === drawn));
}

/** @param {Outcome} outcome @param {Option} option @param {{step: string, pays: string | null}} how */
function take(outcome, { number, cost }, { step, pays }) {
  if (step !== 'too_dear') {
    outcome.bought.add(number);
    outcome.left -= cost;
  }
  outcome.rounds.push({ option: number, step, pays_at_most: pays, money_left: Number(outcome.left) });
}
