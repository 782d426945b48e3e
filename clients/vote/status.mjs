// @ts-check
// Where somebody's ballot is, in one card that follows it from the desks to the board.

import { canonicalText } from './bytes.mjs';
import { stageOf } from './casting.mjs';
import { button, h, saveFile } from './dom.mjs';

/** @typedef {import('../live/words.mjs').Words} Words */
/** @typedef {import('./shelf.mjs').Kept} Kept */

/** The words for a refusal. @param {{code: string, message: string}} error @param {Words} words */
export function tellRefusal({ code, message }, words) {
  const known = words.say(`err_${code}`);
  return known === `err_${code}` ? words.say('err_other', { detail: message || code }) : known;
}

/** @param {Kept} kept @param {Words} words @param {boolean} isSignedIn @returns {string} */
export function tellStage(kept, words, isSignedIn) {
  const stage = stageOf(kept);
  if (stage === 'desks') return words.say('stageDesks');
  if (stage === 'leaving') return words.say('stageLeaving', { time: words.time(60 * Math.ceil(kept.leavesAt / 60_000), { hour: 'numeric', minute: '2-digit' }) });
  if (stage === 'box') return words.say(kept.slip === null && !isSignedIn ? 'stageSignIn' : 'stageBox');
  if (stage === 'board') return words.say('stageBoard', { count: kept.waiting });
  if (stage === 'problem') return tellRefusal({ code: kept.problem ?? '', message: kept.told }, words);
  return words.say('stageHeld', { index: kept.place?.index ?? 0, size: kept.place?.size ?? 0 });
}

/**
 * The card of a ballot.
 * @param {Kept} kept @param {Words} words
 * @param {{isOnline: boolean, isSignedIn: boolean, sendNow: () => void, forget: () => void}} how
 */
export function statusCard(kept, words, { isOnline, isSignedIn, sendNow, forget }) {
  const stage = stageOf(kept);
  const steps = { desks: 1, leaving: 2, box: 2, board: 3, held: 4, problem: 0 }[stage];
  const meter = Array.from({ length: 4 }, (_, at) => h('i', { class: at < steps ? 'done' : '' }));
  const short = kept.pollId.slice(0, 8);
  return h(
    'section',
    { class: `card status ${stage}`, 'aria-labelledby': 'yours-label' },
    h('h2', { id: 'yours-label' }, words.say('yours')),
    steps > 0 ? h('div', { class: 'meter', 'aria-hidden': 'true' }, ...meter) : null,
    h('p', { class: 'stage', 'data-stage': stage }, tellStage(kept, words, isSignedIn)),
    stage === 'held' && kept.place !== null && kept.place.witnesses > 0
      ? h('p', { class: 'note' }, words.say('witnessed', { count: kept.place.witnesses }))
      : null,
    stage !== 'held' && stage !== 'problem' ? h('p', { class: 'note' }, words.say(isOnline ? 'keepPage' : 'offline')) : null,
    h(
      'div',
      { class: 'actions' },
      stage === 'leaving' ? button(words.say('sendNow'), sendNow, { class: 'button primary' }) : null,
      kept.receipt !== null
        ? button(words.say('saveReceipt'), () => saveFile(`receipt-${short}.json`, canonicalText(kept.receipt)), { class: 'button primary' })
        : null,
      kept.slip !== null
        ? button(words.say('saveSlip'), () => saveFile(`cancellation-${short}.json`, canonicalText(kept.slip)), { class: 'button' })
        : null,
    ),
    kept.receipt !== null ? h('p', { class: 'note' }, words.say('receiptWhy')) : null,
    kept.slip !== null ? h('p', { class: 'note' }, words.say('slipWhy')) : null,
    stage === 'held' || stage === 'problem' ? forgetting(words, forget) : null,
  );
}

/** Whoever picks the device up would find the receipt: it can be cleared away. @param {Words} words @param {() => void} forget */
function forgetting(words, forget) {
  return h(
    'details',
    { class: 'forget' },
    h('summary', {}, words.say('forget')),
    h('p', { class: 'note' }, words.say('forgetWhy')),
    button(words.say('forgetNow'), forget, { class: 'button' }),
  );
}
