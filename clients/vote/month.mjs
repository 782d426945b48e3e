// @ts-check
// What the reader's own last month would have been under what is moved. The service works it out for
// whoever is signed in, and keeps it nowhere.

import { h } from './dom.mjs';
import { AS_PROPOSED, IMPACT_KINDS } from './service.mjs';

/** @typedef {import('./vote.mjs').Page} Page */
/** @typedef {import('../live/words.mjs').Words} Words */
/** @typedef {{amount_minor: number, currency: string}} Money */
/** @typedef {{label: string, value: number | null, amount: Money | null, change: Money | null, why_none: string | null}} Under */
/** @typedef {{start: string, end: string, trips: number, was: Money, today: Money | null, proposals: Under[], why_none: string | null}} Month */

/**
 * The card beside the impact statement; nothing where the motion writes no rule that a trip is priced by.
 * @param {any} motion @param {Month | null} month null: not signed in, or not told just now @param {Page} page
 */
export function monthCard(motion, month, page) {
  const { words } = page;
  if (motion === null || !IMPACT_KINDS.includes(motion.rule_kind)) return null;
  return h(
    'section',
    { class: 'card month', 'aria-labelledby': 'month-label' },
    h('h2', { id: 'month-label' }, words.say('month')),
    ...(month === null ? [note(words.say(page.isSignedIn ? 'monthUntold' : 'monthSignIn'))] : told(motion, month, page)),
  );
}

const note = (/** @type {string} */ text) => h('p', { class: 'note', dir: 'auto' }, text);

/** @param {any} motion @param {Month} month @param {Page} page */
function told(motion, month, page) {
  const { words } = page;
  // Which trips would have come nobody knows; that a month was empty is known in every language.
  if (motion.rule_kind === 'matching_policy') return [note(words.say('monthMatching'))];
  if (month.trips === 0) return [note(words.say('monthNoTrip'))];
  const day = (/** @type {string} */ moment) => words.time(Date.parse(moment) / 1000, { day: 'numeric', month: 'long' });
  const lead = words.say('monthTrips', { count: month.trips, from: day(month.start), to: day(month.end) });
  if (month.why_none !== null) return [h('p', {}, lead), note(month.why_none)];
  const isDriver = page.service.session?.entrance === 'driver';
  return [
    h('p', {}, lead),
    h(
      'table',
      {},
      h('caption', { class: 'hidden' }, words.say('month')),
      h('thead', { class: 'hidden' }, h('tr', {}, ...['monthRule', 'monthAmount', 'monthChange'].map((key) => h('th', { scope: 'col' }, words.say(key))))),
      h(
        'tbody',
        {},
        row(words.say(isDriver ? 'monthEarned' : 'monthPaid'), money(month.was, words)),
        row(words.say('monthToday'), month.today === null ? '–' : money(month.today, words)),
        ...month.proposals.map((one) => under(one, words)),
      ),
    ),
    note(words.say(isDriver ? 'monthEarnedWhy' : 'monthPaidWhy')),
  ];
}

/** @param {Under} one @param {Words} words */
function under(one, words) {
  const name = one.label === AS_PROPOSED ? words.say('monthProposed') : words.say('monthWith', { label: one.label });
  if (one.amount === null || one.change === null) return row(name, one.why_none ?? '–');
  return row(name, money(one.amount, words), change(one.change, words));
}

/** @param {string} name @param {string} amount @param {string} [difference] */
function row(name, amount, difference = '') {
  return h(
    'tr',
    {},
    h('th', { scope: 'row', dir: 'auto' }, name),
    h('td', { dir: 'auto' }, amount),
    h('td', {}, h('bdi', {}, difference)),
  );
}

/** @param {Money} amount @param {Words} words */
const money = (amount, words) => words.money(amount.amount_minor, amount.currency, words.digits(amount.currency));

/** With its sign. @param {Money} by @param {Words} words */
function change(by, words) {
  const sign = by.amount_minor > 0 ? '+' : by.amount_minor < 0 ? '−' : '±';
  return sign + money({ ...by, amount_minor: Math.abs(by.amount_minor) }, words);
}
