// @ts-check
// Writes the figures frame into the page. Everything the map shows is here in words and numbers.

import { drawChart } from './chart.mjs';
import { readRules, tellOrigin, tellRule } from './rules.mjs';

/** @typedef {import('./words.mjs').Words} Words */

const ROWS_MAX = 8;
const STATES = /** @type {const} */ (['free', 'to_pickup', 'on_trip', 'other']);

/** @param {string} id @returns {HTMLElement} */
export const byId = (id) => {
  const found = document.getElementById(id);
  if (found === null) throw new Error(`no element ${id}`);
  return found;
};

/** Write a text where it is not the same already. @param {string | HTMLElement} where @param {string} text */
export function write(where, text) {
  const element = typeof where === 'string' ? byId(where) : where;
  if (element.textContent !== text) element.textContent = text;
}

/** Put the page's own words into the language. @param {Words} words */
export function translate(words) {
  const root = document.documentElement;
  root.lang = words.language;
  root.dir = words.direction;
  for (const element of /** @type {NodeListOf<HTMLElement>} */ (document.querySelectorAll('[data-say]'))) {
    write(element, words.say(element.dataset.say ?? ''));
  }
  for (const element of /** @type {NodeListOf<HTMLElement>} */ (document.querySelectorAll('[data-say-label]'))) {
    const label = words.say(element.dataset.sayLabel ?? '');
    element.setAttribute('aria-label', label);
    element.title = label;
  }
}

/**
 * Show a figures frame.
 * @param {any} figures @param {Words} words
 * @param {{chosen: string | null, choose: ((code: string) => void) | null}} zones
 */
export function showFigures(figures, words, zones) {
  const number = (/** @type {number | null | undefined} */ value, decimals = 0) => (value == null ? '–' : words.number(value, decimals));
  const { drivers, trips, waits, offers, round } = figures;
  write('on_shift', number(drivers.on_shift));
  for (const state of STATES) {
    write(state, number(drivers[state]));
    byId(`split-${state}`).style.flexGrow = String(drivers[state]);
  }
  write('waiting', number(trips.waiting));
  write('open', number(trips.waiting + trips.under_way));
  write('under-way', words.say('underWay', { count: trips.under_way }));
  write('completed', number(trips.completed_today));
  write('waits-window', `· ${words.say('waitsWindow', { minutes: Math.round(waits.window_seconds / 60) })}`);
  write('mean', waits.mean_seconds == null ? '–' : words.duration(waits.mean_seconds));
  write('p95', waits.p95_seconds == null ? words.say('noWaits') : `${words.say('p95')} ${words.duration(waits.p95_seconds)}`);
  write('made', number(offers.made_today));
  write('declined', number(offers.declined_today));
  write('round-ms', number(round.ms, round.ms != null && round.ms < 10 ? 1 : 0));
  write('round-number', round.degraded ? words.say('degraded') : round.number == null ? '' : words.say('roundNumber', { number: round.number }));
  showDemonstration(figures, words);
  showSummary(figures, words);
  showQueues((figures.zones ?? []).slice(0, ROWS_MAX), words, zones);
}

/** @param {any} figures @param {Words} words */
function showDemonstration({ demonstration, rate }, words) {
  const badge = byId('demonstration');
  badge.hidden = !demonstration;
  if (!demonstration) return;
  write(badge, rate === 1 ? words.say('demonstration') : words.say('demonstrationRate', { rate }));
  badge.title = words.say('demonstrationMeaning', { rate });
}

/** @param {any} figures @param {Words} words */
function showSummary({ drivers, trips, zones }, words) {
  const first = words.say('summaryDrivers', { count: drivers.on_shift, free: drivers.free });
  const riders = words.say('summaryRiders', { count: trips.waiting });
  const longest = zones?.[0];
  const where = longest && longest.waiting > 1 ? words.say('summaryWhere', { zone: longest.name, most: longest.waiting }) : words.say('summaryEnd');
  write('summary', `${first} ${riders}${where}`);
}

/** @type {Map<string, HTMLTableRowElement>} */
const rows = new Map();

/** @param {any[]} zones @param {Words} words @param {{chosen: string | null, choose: ((code: string) => void) | null}} how */
function showQueues(zones, words, { chosen, choose }) {
  byId('queues').hidden = zones.length === 0;
  byId('no-queues').hidden = zones.length > 0;
  const body = byId('queue-rows');
  const focused = document.activeElement;
  const most = Math.max(1, ...zones.map((zone) => zone.waiting));
  const wanted = zones.map((zone) => {
    let row = rows.get(zone.code);
    if (row === undefined || (row.dataset.choosable === 'yes') !== (choose !== null)) {
      row = queueRow(zone.code, choose);
      rows.set(zone.code, row);
    }
    const [name, waiting, free, wait] = row.cells;
    const label = /** @type {HTMLElement} */ (name.firstElementChild);
    // Names like "Times Sq/Theatre District" may break after the stroke.
    write(label, zone.name.replaceAll('/', '/\u200b'));
    if (choose !== null) label.title = words.say('showZone', { zone: zone.name });
    const [bar, count] = /** @type {HTMLCollectionOf<HTMLElement>} */ (waiting.children);
    bar.style.setProperty('--share', String(zone.waiting / most));
    write(count, words.number(zone.waiting));
    write(free, words.number(zone.free));
    write(wait, zone.mean_wait_seconds == null ? '–' : shortWait(zone.mean_wait_seconds, words));
    row.toggleAttribute('data-chosen', zone.code === chosen);
    return row;
  });
  // Rows are only moved when their order has changed, and whoever stands on one keeps standing there.
  if (wanted.length !== body.children.length || wanted.some((row, i) => row !== body.children[i])) {
    body.replaceChildren(...wanted);
    if (focused instanceof HTMLElement && focused !== document.activeElement && body.contains(focused)) focused.focus();
  }
}

/** A wait in a narrow column: whole seconds, then tenths of a minute. @param {number} seconds @param {Words} words */
function shortWait(seconds, words) {
  return seconds < 59.5 ? words.duration(seconds) : words.measure(seconds / 60, 'minute', 'short', 1);
}

/** @param {string} code @param {((code: string) => void) | null} choose @returns {HTMLTableRowElement} */
function queueRow(code, choose) {
  const row = document.createElement('tr');
  row.dataset.choosable = choose === null ? 'no' : 'yes';
  for (let i = 0; i < 4; i++) row.insertCell();
  const name = document.createElement(choose === null ? 'span' : 'button');
  name.className = 'zone';
  if (name instanceof HTMLButtonElement && choose !== null) {
    name.type = 'button';
    name.addEventListener('click', () => choose(code));
  }
  row.cells[0].append(name);
  const bar = document.createElement('span');
  bar.className = 'queue-bar';
  row.cells[1].append(bar, document.createElement('span'));
  return row;
}

/**
 * Draw the two lines of the time just past.
 * @param {{waits: (number | null)[], trips: (number | null)[], minutes: number}} history both lists equally long, over so many minutes @param {Words} words
 */
export function showHistory({ waits, trips, minutes }, words) {
  write('trips-window', trips.length > 1 && minutes >= 1 ? `· ${words.say('waitsWindow', { minutes })}` : '');
  const say = words.say.bind(words);
  drawChart(byId('waits-chart'), waits, { what: words.say('waits'), say, write: (value) => words.duration(value) });
  drawChart(byId('trips-chart'), trips, { what: words.say('openTrips'), say, write: (value) => words.number(value) });
}

/**
 * Tell the rules in force.
 * @param {any} answer of /public/v1/rules, or null @param {Words} words @param {string} currency
 */
export function showRules(answer, words, currency) {
  const open = new Set([...document.querySelectorAll('.rule[open]')].map((rule) => /** @type {HTMLElement} */ (rule).dataset.kind));
  const told = readRules(answer).flatMap((rule) => {
    const sentences = tellRule(rule, words, currency);
    if (sentences.length === 0) return [];
    const details = document.createElement('details');
    details.className = 'rule';
    details.dataset.kind = rule.kind;
    details.open = open.has(rule.kind);
    const summary = document.createElement('summary');
    summary.textContent = words.say(rule.kind);
    const list = document.createElement('ul');
    for (const sentence of [...sentences, tellOrigin(rule, words)]) {
      const item = document.createElement('li');
      item.textContent = sentence;
      list.append(item);
    }
    details.append(summary, list);
    return [details];
  });
  if (told.length) byId('rules').replaceChildren(...told);
  else write('rules', words.say('rulesMissing'));
}

/** Links to the documentation; only to pages of this host. @param {{title: string, href: string}[]} links */
export function showLinks(links) {
  const own = links.filter(({ href }) => typeof href === 'string' && /^\/(?!\/)/.test(href));
  byId('documentation-card').hidden = own.length === 0;
  byId('documentation').replaceChildren(
    ...own.map(({ title, href }) => {
      const item = document.createElement('li');
      const link = document.createElement('a');
      link.href = href;
      link.textContent = title;
      item.append(link);
      return item;
    }),
  );
}
