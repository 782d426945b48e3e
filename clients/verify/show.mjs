// @ts-check
// What was found, as parts of the page.

/** @typedef {import('../live/words.mjs').Words} Words */
/** @typedef {import('./verify.mjs').Report} Report */

/**
 * @param {string} name @param {Record<string, string>} attributes @param {...(Node | string)} content
 * @returns {HTMLElement}
 */
export function element(name, attributes, ...content) {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  made.append(...content);
  return made;
}

/** @param {HTMLElement} place @param {{report?: Report, lacks?: string, noticed: boolean, words: Words}} given */
export function showVerdict(place, { report, lacks, noticed, words }) {
  place.hidden = false;
  place.dataset.kind = report === undefined ? 'lacks' : report.accepted ? 'good' : 'bad';
  if (report === undefined) {
    place.replaceChildren(element('h2', {}, words.say('cannot')), element('p', {}, words.say('cannotWhy')), element('p', {}, element('code', { dir: 'ltr' }, lacks ?? '')));
    return;
  }
  if (!report.accepted) {
    const where = report.where ? [element('p', {}, element('code', { dir: 'ltr' }, `${report.code} · ${report.where}`))] : [element('p', {}, element('code', { dir: 'ltr' }, report.code ?? ''))];
    place.replaceChildren(element('h2', {}, words.say('wrong')), element('p', {}, words.say(`fault_${report.code}`)), ...where);
    return;
  }
  const hash = element('code', { class: 'hash', dir: 'ltr' }, report.manifest ?? '');
  place.replaceChildren(
    element('h2', {}, words.say('right')),
    element('p', {}, words.say(noticed ? 'rightNoticed' : 'rightCompare')),
    element('p', { class: 'compare' }, hash),
  );
}

/** What became of the ballot that a receipt is of. @param {HTMLElement} place @param {Report} report @param {Words} words */
export function showOwn(place, { receipt, certificate }, words) {
  place.hidden = !receipt;
  if (!receipt) return;
  const broken = certificate.broken.find((/** @type {{index: number}} */ one) => one.index === receipt.index);
  const fate = receipt.cancelled ? 'ownCancelled' : receipt.replaced ? 'ownReplaced' : broken ? 'ownBroken' : receipt.kind === 'ballot' ? 'ownCounted' : 'ownThere';
  place.replaceChildren(
    element('h2', { id: 'own-title' }, words.say('own')),
    element('p', {}, words.say(fate, { index: receipt.index, reason: broken ? words.say(`reason_${broken.reason}`) : '' })),
  );
}

/** @param {string[]} heads @param {string[][]} rows @param {string} caption */
function table(heads, rows, caption) {
  const head = element('thead', {}, element('tr', {}, ...heads.map((text) => element('th', { scope: 'col', dir: 'auto' }, text))));
  const body = rows.map((row) => element('tr', {}, ...row.map((text, column) => element(column === 0 ? 'th' : 'td', column === 0 ? { scope: 'row', dir: 'auto' } : {}, text))));
  return element('div', { class: 'scroll', tabindex: '0', role: 'group', 'aria-label': caption }, element('table', {}, element('caption', {}, caption), head, element('tbody', {}, ...body)));
}

/** @param {HTMLElement} place @param {Report} report @param {Words} words */
export function showResult(place, { terms, certificate }, words) {
  const { result } = certificate;
  /** @param {number} number */
  const name = (number) => terms?.options[number - 1]?.name ?? String(number);
  const shown = { for_against: showMotion, lower_median: showNumber, scottish_stv: showElection, schulze: showChoice, equal_shares: showBudget }[/** @type {'schulze'} */ (result.rule)];
  place.replaceChildren(...shown(result, words, name));
}

/** @param {string} text */
const outcome = (text) => element('p', { class: 'outcome', dir: 'auto' }, text);

/** @param {any} result @param {Words} words */
function showMotion(result, words) {
  const all = Math.max(1, result.for + result.against + result.abstain);
  const bars = ['for', 'against', 'abstain'].map((mark) => {
    const share = element('meter', { min: '0', max: String(all), value: String(result[mark]), 'aria-label': words.say(mark) });
    return element('div', { class: mark }, element('dt', {}, words.say(mark)), share, element('dd', {}, words.number(result[mark])));
  });
  const list = element('dl', { class: 'bars' });
  for (const bar of bars) {
    const meter = bar.querySelector('meter');
    if (meter) meter.replaceWith(element('dd', { class: 'meter' }, meter.cloneNode()));
    list.append(bar);
  }
  return [outcome(words.say(`outcome_${result.outcome}`)), list];
}

/** @param {any} result @param {Words} words */
function showNumber(result, words) {
  const rows = result.values.map((/** @type {number[]} */ [value, ballots]) => [words.number(value), words.number(ballots)]);
  return [
    outcome(result.value === null ? words.say('noValue') : words.number(result.value)),
    element('p', { class: 'note' }, words.say('medianNote', { abstained: result.abstained, phantoms: result.phantoms })),
    table([words.say('value'), words.say('ballots')], rows, words.say('values')),
  ];
}

/** @param {any} result @param {Words} words @param {(number: number) => string} name */
function showElection(result, words, name) {
  const stages = result.stage_totals;
  const rows = (stages[0] ?? []).map((/** @type {string} */ _, /** @type {number} */ at) => [name(at + 1), ...stages.map((/** @type {string[]} */ totals) => totals[at])]);
  const heads = [words.say('candidate'), ...stages.map((/** @type {unknown} */ _, /** @type {number} */ at) => words.say('stage', { number: at + 1 }))];
  return [
    element('h3', {}, words.say('elected')),
    element('ol', { class: 'elected' }, ...result.elected_numbers.map((/** @type {number} */ number) => element('li', { dir: 'auto' }, name(number)))),
    element('p', { class: 'note' }, words.say('quota', { quota: result.quota, vacant: result.vacant })),
    table(heads, rows, words.say('stages')),
  ];
}

/** @param {any} result @param {Words} words @param {(number: number) => string} name */
function showChoice(result, words, name) {
  const numbers = result.preferred.map((/** @type {unknown} */ _, /** @type {number} */ at) => at + 1);
  const rows = numbers.map((/** @type {number} */ a) => [name(a), ...numbers.map((/** @type {number} */ b) => (a === b ? '–' : words.number(result.preferred[a - 1][b - 1])))]);
  const notes = result.winners.length > 1 ? [element('p', { class: 'note' }, words.say('byLot'))] : [];
  return [outcome(result.winner === null ? words.say('noWinner') : name(result.winner)), ...notes, table([words.say('option'), ...numbers.map(name)], rows, words.say('preferred'))];
}

/** @param {any} result @param {Words} words @param {(number: number) => string} name */
function showBudget({ rounds, share, units_added: added, money_left: left }, words, name) {
  const money = (/** @type {string} */ text) => {
    const [top, bottom = '1'] = text.split('/').map(Number);
    const rounded = Math.round((100 * top) / Number(bottom));
    return words.number(rounded / 100, rounded % 100 === 0 ? 0 : rounded % 10 === 0 ? 1 : 2);
  };
  const rows = rounds.map((/** @type {import('./budget.mjs').Round} */ one) => [
    name(one.option),
    words.say(`step_${one.step}`),
    one.pays_at_most === null ? '–' : money(one.pays_at_most),
    words.number(one.money_left),
  ]);
  if (rows.length === 0) return [outcome(words.say('noProject'))];
  return [
    element('p', { class: 'note' }, words.say('shareNote', { share: money(share), added: words.number(added), left: words.number(left) })),
    table([words.say('project'), words.say('bought'), words.say('paysAtMost'), words.say('moneyLeft')], rows, words.say('projects')),
  ];
}

const FIGURES = ['roll', 'issued', 'keys', 'unused', 'superseded', 'cancelled', 'papers', 'valid', 'blank'];

/**
 * @param {{figures: HTMLElement, broken: HTMLElement, title: HTMLElement, list: HTMLElement}} places
 * @param {Report} report @param {Words} words
 */
export function showFigures({ figures, broken, title, list }, { terms, certificate, who }, words) {
  const rows = FIGURES.map((name) => [words.say(`figure_${name}`), [certificate[name]].flat().map((one) => words.number(one)).join(' · ')]);
  const time = (/** @type {number} */ ms) => words.time(ms / 1000, { dateStyle: 'medium', timeStyle: 'short' });
  rows.unshift([words.say('figure_vote'), certificate.vote], [words.say('figure_tier'), words.say(`tier_${terms?.tier}`)]);
  rows.push([words.say('figure_opened'), time(terms?.opens ?? 0)], [words.say('figure_closes'), time(terms?.closes ?? 0)]);
  rows.push([words.say('figure_witnesses'), words.say('of', { needed: who?.needed ?? 0, all: who?.witnesses ?? 0 })]);
  if (terms?.trustees) rows.push([words.say('figure_trustees'), words.say('of', { needed: who?.trustees ?? 0, all: terms.trustees.people.length })]);
  figures.replaceChildren(...rows.map(([name, value]) => element('div', {}, element('dt', {}, name), element('dd', { dir: 'auto' }, value))));
  broken.hidden = certificate.broken.length === 0;
  title.textContent = words.say('broken', { count: certificate.broken.length });
  list.replaceChildren(
    ...certificate.broken.map((/** @type {{index: number, reason: string}} */ { index, reason }) =>
      element('li', {}, words.say('brokenEntry', { index, reason: words.say(`reason_${reason}`) })),
    ),
  );
}
