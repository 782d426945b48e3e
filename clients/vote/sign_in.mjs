// @ts-check
// Signing in, by a code or by a passkey.

import { button, h } from './dom.mjs';
import { answerSignIn, canSign } from './passkeys.mjs';
import { Refused } from './service.mjs';
import { tellRefusal } from './status.mjs';

/** @param {import('./vote.mjs').Page} page */
export function signInCard(page) {
  const { words, service } = page;
  const trouble = h('p', { class: 'trouble', role: 'alert' });
  /** @param {() => Promise<void>} act */
  const trying = async (act) => {
    trouble.textContent = '';
    try {
      await act();
    } catch (error) {
      if (error instanceof Refused) trouble.textContent = tellRefusal(error, words);
      else if (error instanceof DOMException) trouble.textContent = words.say('err_gesture');
      else throw error;
    }
  };
  const entered = () => {
    page.keepSession();
    page.show();
  };
  const phone = /** @type {HTMLInputElement} */ (h('input', { id: 'phone', type: 'tel', autocomplete: 'tel', required: true, dir: 'ltr' }));
  const code = /** @type {HTMLInputElement} */ (
    h('input', { id: 'code', inputmode: 'numeric', autocomplete: 'one-time-code', required: true, dir: 'ltr', pattern: '[0-9]*' })
  );
  let challenge = '';
  const confirming = h(
    'form',
    { hidden: true, onsubmit: (/** @type {Event} */ event) => {
      event.preventDefault();
      trying(async () => {
        await service.signInWithCode(challenge, code.value.trim());
        entered();
      });
    } },
    h('label', { class: 'label', for: 'code' }, words.say('code')),
    code,
    h('button', { class: 'button primary' }, words.say('confirm')),
  );
  const asking = h(
    'form',
    { onsubmit: (/** @type {Event} */ event) => {
      event.preventDefault();
      trying(async () => {
        challenge = (await service.askForCode(phone.value.trim(), words.language)).challenge_id;
        confirming.hidden = false;
        code.focus();
      });
    } },
    h('label', { class: 'label', for: 'phone' }, words.say('phone')),
    phone,
    h('button', { class: 'button' }, words.say('sendCode')),
  );
  const withPasskey = button(
    words.say('withPasskey'),
    () => trying(async () => {
      await service.signInWithPasskey(answerSignIn);
      entered();
    }),
    { class: 'button' },
  );
  return h(
    'section',
    { class: 'card sign-in', 'aria-labelledby': 'sign-in-label' },
    h('h2', { id: 'sign-in-label' }, words.say('signIn')),
    h('p', { class: 'note' }, words.say('signInWhy')),
    asking,
    confirming,
    ...(canSign() ? [h('p', { class: 'note or' }, words.say('otherWay')), withPasskey] : []),
    trouble,
  );
}
