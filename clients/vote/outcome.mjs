// @ts-check
// What came out, from the certificate, and how anybody counts it again.

import { h } from './dom.mjs';

/** @typedef {import('../live/words.mjs').Words} Words */
/** @typedef {import('./manifest.mjs').Option} Option */

/** The sentence that tells a result. @param {any} result @param {Option[]} options @param {Words} words */
export function tellResult(result, options, words) {
  const name = (/** @type {number} */ number) => options[number - 1]?.name ?? String(number);
  switch (result.rule) {
    case 'for_against':
      return words.say({ passed: 'outcomePassed', no_quorum: 'outcomeQuorum' }[/** @type {string} */ (result.outcome)] ?? 'outcomeNot');
    case 'lower_median':
      return result.value === null ? words.say('resultNone') : words.say('resultValue', { value: result.value });
    case 'scottish_stv':
      return words.say('resultElected', { names: result.elected_numbers.map(name).join(', ') });
    case 'schulze':
      return result.winner === null ? words.say('resultNone') : words.say('resultWinner', { name: name(result.winner) });
    default:
      return words.say('checkHow');
  }
}

/**
 * The result of a vote that is certified.
 * @param {{poll_id: string, certificate: string}} poll @param {Option[]} options @param {Words} words
 */
export function outcome(poll, options, words) {
  const certificate = JSON.parse(poll.certificate);
  const { result } = certificate;
  const total = Math.max(1, ...['for', 'against', 'abstain'].map((mark) => result[mark] ?? 0));
  const bars =
    result.rule !== 'for_against'
      ? []
      : ['for', 'against', 'abstain'].map((mark) => {
          const bar = h('span', { class: `bar ${mark}` });
          bar.style.setProperty('--share', String(result[mark] / total));
          return h('div', {}, h('dt', {}, words.say(mark)), h('dd', {}, bar, h('span', {}, words.number(result[mark]))));
        });
  const counts = Object.fromEntries(['valid', 'blank', 'unused', 'roll'].map((one) => [one, certificate[one] ?? 0]));
  return h(
    'section',
    { class: 'card', 'aria-labelledby': 'result-label' },
    h('h2', { id: 'result-label' }, words.say('result')),
    h('p', { class: 'told' }, tellResult(result, options, words)),
    bars.length > 0 ? h('dl', { class: 'bars' }, ...bars) : null,
    h('p', { class: 'note' }, words.say('resultCount', { ...counts, broken: certificate.broken?.length ?? 0 })),
    h('h3', {}, words.say('checkIt')),
    h('p', { class: 'note' }, words.say('checkHow')),
    h('pre', { dir: 'ltr' }, 'khan verify bundle.zip --receipt receipt.json'),
    h('a', { class: 'button', href: `/public/v1/polls/${poll.poll_id}/bundle.zip`, download: 'bundle.zip' }, words.say('bundle')),
  );
}
