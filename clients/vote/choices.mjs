// @ts-check
// The part of a ballot that is filled in, by the rule of the vote. Each gives what it shows and a
// function that reads the choice: a document of docs/reference/ballot_bundle.md, or the words for what
// is still missing.

import { announce, button, h } from './dom.mjs';

/** @typedef {import('../live/words.mjs').Words} Words */
/** @typedef {import('./manifest.mjs').Manifest} Manifest */
/** @typedef {{element: HTMLElement, read: () => {choice: Record<string, any>} | {missing: string}}} Field */

/** @param {Pick<Manifest, 'rule' | 'options'>} terms @param {Words} words @returns {Field} */
export function choiceField(terms, words) {
  switch (terms.rule.name) {
    case 'for_against':
      return markField(words);
    case 'lower_median':
      return valueField(terms.rule.parameters, words);
    case 'equal_shares':
      return approvalField(terms.options, words);
    default:
      return rankField(terms, words);
  }
}

/** @param {Words} words @param {string} [hint] @param {string} [id] @param {...Node} children */
const group = (words, hint, id, ...children) =>
  h(
    'fieldset',
    { class: 'choice', 'aria-describedby': hint === undefined ? null : id },
    h('legend', {}, words.say('choice')),
    hint === undefined ? null : h('p', { class: 'note', id: id ?? null }, hint),
    ...children,
  );

/** @param {Words} words @returns {Field} */
function markField(words) {
  const marks = ['for', 'against', 'abstain'].map((mark) =>
    h('label', { class: `mark-choice ${mark}` }, h('input', { type: 'radio', name: 'mark', value: mark }), h('span', {}, words.say(mark))),
  );
  const element = group(words, undefined, undefined, h('div', { class: 'marks' }, ...marks));
  return {
    element,
    read() {
      const chosen = /** @type {HTMLInputElement | null} */ (element.querySelector('input:checked'));
      return chosen === null ? { missing: words.say('choose') } : { choice: { mark: chosen.value } };
    },
  };
}

/** @param {Record<string, any>} parameters @param {Words} words @returns {Field} */
function valueField({ lowest, highest, step, today }, words) {
  const input = /** @type {HTMLInputElement} */ (
    h('input', { type: 'number', id: 'value', inputmode: 'numeric', min: lowest, max: highest, step, value: today, 'aria-describedby': 'value-bounds' })
  );
  const none = /** @type {HTMLInputElement} */ (h('input', { type: 'checkbox' }));
  const bounds = { lowest, highest, step, today: today ?? '–' };
  /** @param {number} way */
  const move = (way) => {
    none.checked = false;
    const now = Number.isFinite(input.valueAsNumber) ? input.valueAsNumber : (today ?? lowest);
    const onStep = lowest + Math.round((now - lowest) / step) * step;
    input.value = String(Math.min(highest, Math.max(lowest, onStep + way * step)));
    announce(input.value);
  };
  const sign = (/** @type {string} */ key, /** @type {number} */ way) =>
    button(way < 0 ? '−' : '+', () => move(way), { class: 'step', 'aria-label': words.say(key) });
  input.addEventListener('input', () => (none.checked = false));
  const element = group(
    words,
    undefined,
    undefined,
    h('label', { class: 'label', for: 'value' }, words.say('value')),
    h('div', { class: 'stepper' }, sign('less', -1), input, sign('more', 1)),
    h('p', { class: 'note', id: 'value-bounds' }, words.say('valueBounds', bounds)),
    h('label', { class: 'tick' }, none, h('span', {}, words.say('noOpinion'))),
  );
  return {
    element,
    read() {
      if (none.checked) return { choice: { value: null } };
      const value = input.valueAsNumber;
      const fits = Number.isInteger(value) && value >= lowest && value <= highest && (value - lowest) % step === 0;
      return fits ? { choice: { value } } : { missing: words.say('valueOff', bounds) };
    },
  };
}

/** @param {import('./manifest.mjs').Option[]} options @param {Words} words @returns {Field} */
function approvalField(options, words) {
  const ticks = options.map((option) =>
    h('label', { class: 'tick' }, h('input', { type: 'checkbox', value: option.number }), h('span', { dir: 'auto' }, option.name)),
  );
  const element = group(words, words.say('approveHelp'), 'choice-help', ...ticks);
  return {
    element,
    read: () => ({
      choice: { approved: Array.from(element.querySelectorAll('input:checked'), (one) => Number(/** @type {HTMLInputElement} */ (one).value)) },
    }),
  };
}

/**
 * A ranking: tap the options in order, or move them in the list below. Under Schulze's rule two may
 * share a place.
 * @param {Pick<Manifest, 'rule' | 'options'>} terms @param {Words} words @returns {Field}
 */
function rankField({ rule, options }, words) {
  const most = rule.name === 'scottish_stv' ? Math.min(rule.parameters.ranks_max, options.length) : options.length;
  const mayTie = rule.name === 'schulze';
  /** @type {{number: number, isTied: boolean}[]} */
  let ranked = [];
  const pool = h('ul', { class: 'pool' });
  const order = h('ol', { class: 'order', 'aria-labelledby': 'order-label' });
  const help = rule.name === 'scottish_stv' ? `${words.say('rankHelp')} ${words.say('rankMost', { count: most })}` : words.say('rankHelp');
  const name = (/** @type {number} */ number) => options[number - 1].name;

  const groups = () => {
    /** @type {number[][]} */
    const found = [];
    for (const one of ranked) {
      if (one.isTied && found.length > 0) found[found.length - 1].push(one.number);
      else found.push([one.number]);
    }
    return found.map((numbers) => numbers.sort((left, right) => left - right));
  };
  const placeOf = (/** @type {number} */ number) => groups().findIndex((numbers) => numbers.includes(number)) + 1;

  /** @param {() => void} change @param {number} number @param {string} part which button has the focus afterwards */
  function act(change, number, part) {
    change();
    show();
    const place = placeOf(number);
    announce(place > 0 ? words.say('moved', { name: name(number), place }) : words.say('tookOut', { name: name(number) }));
    const wanted = /** @type {HTMLButtonElement | null} */ (element.querySelector(`[data-part="${part}-${number}"]:not(:disabled)`));
    (wanted ?? /** @type {HTMLElement} */ (element.querySelector(`[data-part="pool-${number}"]`))).focus();
  }
  const takeOut = (/** @type {number} */ number) => () => (ranked = ranked.filter((one) => one.number !== number));
  const toggle = (/** @type {number} */ number) => () => {
    if (placeOf(number) > 0) takeOut(number)();
    else if (ranked.length < most) ranked.push({ number, isTied: false });
  };
  const move = (/** @type {number} */ at, /** @type {number} */ way) => () => {
    [ranked[at], ranked[at + way]] = [ranked[at + way], ranked[at]];
  };

  /** @param {{number: number, isTied: boolean}} one @param {number} at */
  function row(one, at) {
    const { number } = one;
    const called = { name: name(number) };
    const tie = () => (one.isTied = !one.isTied);
    return h(
      'li',
      {},
      h('span', { class: 'place', 'aria-hidden': 'true' }, words.number(placeOf(number))),
      h('span', { class: 'name', dir: 'auto' }, name(number)),
      mayTie && at > 0
        ? button('=', () => act(tie, number, 'tie'), { 'data-part': `tie-${number}`, 'aria-pressed': one.isTied, 'aria-label': words.say('tie', called) })
        : null,
      button('↑', () => act(move(at, -1), number, 'up'), { 'data-part': `up-${number}`, disabled: at === 0, 'aria-label': words.say('up', called) }),
      button('↓', () => act(move(at, 1), number, 'down'), { 'data-part': `down-${number}`, disabled: at === ranked.length - 1, 'aria-label': words.say('down', called) }),
      button('×', () => act(takeOut(number), number, 'pool'), { 'data-part': `out-${number}`, 'aria-label': words.say('takeOut', called) }),
    );
  }

  function show() {
    pool.replaceChildren(
      ...options.map(({ number }) => {
        const place = placeOf(number);
        const label = place > 0 ? words.say('rankTake', { name: name(number), place }) : words.say('rankPut', { name: name(number), place: groups().length + 1 });
        const isFull = place === 0 && ranked.length >= most;
        const parts = [h('span', { class: 'place' }, place > 0 ? words.number(place) : ''), h('span', { class: 'name', dir: 'auto' }, name(number))];
        const pick = h('button', { type: 'button', class: 'pick', 'aria-pressed': place > 0, 'aria-label': label, disabled: isFull, 'data-part': `pool-${number}` }, ...parts);
        pick.addEventListener('click', () => act(toggle(number), number, 'pool'));
        return h('li', {}, pick);
      }),
    );
    order.replaceChildren(...ranked.map(row));
    none.hidden = ranked.length > 0;
  }
  const none = h('p', { class: 'note' }, words.say('orderNone'));
  const element = group(words, help, 'choice-help', pool, h('p', { class: 'label', id: 'order-label' }, words.say('order')), none, order);
  show();
  return { element, read: () => ({ choice: { ranks: groups() } }) };
}
