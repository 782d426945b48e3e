// @ts-check
// One vote: what is asked, what to know, the ballot, and what came out.

import { choiceField } from './choices.mjs';
import { makeBallot } from './casting.mjs';
import { button, h, remember, remembered } from './dom.mjs';
import { readManifest } from './manifest.mjs';
import { TOLD } from './messages.mjs';
import { makeVotingKey, signRequest } from './passkeys.mjs';
import { outcome } from './outcome.mjs';
import { monthCard } from './month.mjs';
import { Refused } from './service.mjs';
import { ShelfRefused } from './shelf.mjs';
import { signInCard } from './sign_in.mjs';
import { statusCard, tellRefusal } from './status.mjs';
import { tellLeft } from './timing.mjs';

/** @typedef {import('./vote.mjs').Page} Page */
/** @typedef {import('./manifest.mjs').Manifest} Manifest */
/** @typedef {import('./shelf.mjs').Kept} Kept */

const WAITS = { waitNone: 0, waitShort: 600_000, waitLong: 7_200_000 };
const USUAL_WAIT = 'waitShort';

/** @param {Page} page @param {string} pollId */
export async function pollPage(page, pollId) {
  const { words, service, shelf, timing } = page;
  const poll = await service.getPoll(pollId);
  const [motion, impact, month, me, kept, keepsNothing] = await Promise.all([
    service.findMotion(poll.motion_id),
    service.findImpact(poll.motion_id),
    service.findMonth(poll.motion_id),
    page.isSignedIn ? service.getMe(pollId) : null,
    shelf.find(pollId),
    shelf.isRefused(),
  ]);
  const manifest = poll.manifest === null ? null : await termsOf(poll);
  const isOpen = poll.state === 'open' && timing.left(poll.closes_at) > 0;
  const expected = [
    ...(motion === null ? [] : [textCard(motion, page)]),
    ...(impact === null || impact.why_none !== null ? [] : [impactCard(impact, poll.motion_id, page)]),
    ...[monthCard(motion, month, page)].filter((one) => one !== null),
  ];
  const shown = parts(page, { poll, manifest, me, kept, isOpen, keepsNothing });
  const left = isOpen ? tellLeft(timing.left(poll.closes_at), words) : '';
  const when = [words.say(isOpen ? 'until' : manifest === null ? 'opens' : 'closed', { time: timing.tell(isOpen || manifest !== null ? poll.closes_at : poll.opens_at, words) }), left];
  return [
    h('p', {}, h('a', { class: 'back', href: '#/' }, words.say('back'))),
    h('h1', { dir: 'auto' }, poll.title),
    h('p', { class: 'lead' }, when.filter(Boolean).join(' · ')),
    ...(manifest === null || manifest.question === poll.title ? [] : [h('p', { class: 'question', dir: 'auto' }, manifest.question)]),
    ...(poll.certificate ? [shown, expected].flat() : [expected, shown].flat()),
  ];
}

/** @param {any} poll */
async function termsOf(poll) {
  try {
    return await readManifest(poll.manifest, poll.digest);
  } catch {
    throw new Refused('changed_manifest', '', 422);
  }
}

/** @param {Page} page @param {{poll: any, manifest: Manifest | null, me: any, kept: Kept | undefined, isOpen: boolean, keepsNothing: boolean}} what */
function parts(page, { poll, manifest, me, kept, isOpen, keepsNothing }) {
  const { words } = page;
  const mine = h('div', { id: 'mine' });
  showMine(page, mine, kept);
  page.onBallot = (news) => news.pollId === poll.poll_id && showMine(page, mine, news);
  const asks = (/** @type {string} */ key) => h('p', { class: 'card' }, words.say(key));
  if (manifest === null) return [statement(poll.tier, words), ...(me === null ? [signInCard(page)] : [keyCard(page, poll, me)])];
  if (poll.certificate) return [outcome(poll, manifest.options, words), mine];
  if (!isOpen) return [asks('counting'), mine];
  if (poll.tier !== 'open' && !canMakeBallots()) return [asks('cannotVote')];
  if (poll.tier !== 'open' && keepsNothing) return [asks('cannotKeep')];
  // A ballot that the desks have let in is changed without a name: nobody needs to sign in for that.
  if (kept === undefined || kept.tokens === null || poll.tier !== 'sealed') {
    if (me === null) return [statement(poll.tier, words), mine, signInCard(page)];
    if (!me.on_roll) return [h('p', { class: 'card' }, words.say('notOnRoll', { reason: me.reason ?? '' }))];
    if (poll.tier === 'sealed' && me.credential_id === null) return [asks('keyMissing'), statement(poll.tier, words)];
  }
  return [mine, ballotForm(page, { poll, manifest, me, kept })];
}

/** Whether this browser has the keys that ballots need. */
const canMakeBallots = () => window.isSecureContext && 'indexedDB' in window && 'locks' in navigator && 'isWellFormed' in String.prototype;

/** @param {Page} page @param {HTMLElement} mine @param {Kept | undefined} kept */
function showMine(page, mine, kept) {
  if (kept === undefined) return;
  const sendNow = () => page.trips.move(kept.pollId, { now: true });
  const forget = async () => {
    await page.trips.forget(kept.pollId);
    await page.show();
  };
  const card = statusCard(kept, page.words, { isOnline: navigator.onLine, isSignedIn: page.isSignedIn, sendNow, forget });
  const before = mine.querySelector('.stage')?.textContent;
  if (mine.textContent === card.textContent) return;
  mine.replaceChildren(card);
  const after = card.querySelector('.stage');
  if (before !== undefined && after !== null && before !== after.textContent) after.setAttribute('role', 'status');
}

/** What is moved: the reasons in words, or the rule as it would be. @param {any} motion @param {Page} page */
function textCard(motion, { words }) {
  const isRule = motion.rule_kind !== null && motion.text.trimStart().startsWith('{');
  const text = isRule
    ? h('details', {}, h('summary', {}, words.say('ruleText')), h('pre', { class: 'rule', dir: 'ltr', tabindex: '0' }, motion.text))
    : h('p', { class: 'motion-text', dir: 'auto' }, motion.text);
  return h('section', { class: 'card', 'aria-labelledby': 'text-label' }, h('h2', { id: 'text-label' }, words.say('proposed')), text);
}

/** @param {any} impact @param {string} motionId @param {Page} page */
function impactCard(impact, motionId, { words }) {
  return h(
    'section',
    { class: 'card', 'aria-labelledby': 'impact-label' },
    h('h2', { id: 'impact-label' }, words.say('impact')),
    ...impact.pictures.map((/** @type {{name: string, href: string}} */ one) =>
      h('img', { class: 'picture', src: one.href, alt: words.say('impactPicture', { name: one.name }), loading: 'lazy' }),
    ),
    h('p', {}, h('a', { href: `/public/v1/motions/${motionId}/impact` }, words.say('impactMore'))),
  );
}

/** What every voter is told before. @param {string} tier @param {import('../live/words.mjs').Words} words */
function statement(tier, words) {
  const first = { sealed: 'tellSealed', detached: 'tellDetached', open: 'tellOpen' }[tier] ?? 'tellSealed';
  const all = Array.from({ length: TOLD }, (_, at) => h('li', {}, words.say(`told${at + 1}`)));
  return h(
    'section',
    { class: 'card', 'aria-labelledby': 'tell-label' },
    h('h2', { id: 'tell-label' }, words.say('tellFirst')),
    h('p', {}, words.say(first)),
    tier === 'open' ? null : h('details', {}, h('summary', {}, words.say('tellMore')), h('ul', { class: 'statement' }, ...all)),
  );
}

/** Before the opening: a key to vote with. @param {Page} page @param {any} poll @param {any} me */
function keyCard(page, poll, me) {
  const { words } = page;
  if (!me.on_roll) return h('p', { class: 'card' }, words.say('notOnRoll', { reason: me.reason ?? '' }));
  if (poll.tier !== 'sealed') return h('p', { class: 'card' }, words.say('opens', { time: page.timing.tell(poll.opens_at, words) }));
  const trouble = h('p', { class: 'trouble', role: 'alert' });
  const make = async () => {
    trouble.textContent = '';
    try {
      const key = await makeVotingKey(poll.rp_id, words.say('keyName', { title: poll.title }));
      await page.service.registerVotingKey(key);
      page.show();
    } catch (error) {
      if (error instanceof Refused) trouble.textContent = tellRefusal(error, words);
      else if (error instanceof DOMException) trouble.textContent = words.say('err_gesture');
      else throw error;
    }
  };
  const hasKey = me.credential_id !== null;
  return h(
    'section',
    { class: 'card', 'aria-labelledby': 'key-label' },
    h('h2', { id: 'key-label' }, words.say('keyTitle')),
    h('p', {}, words.say(hasKey ? 'keyReady' : 'keyWhy')),
    button(words.say(hasKey ? 'keyAgain' : 'keyMake'), make, { class: hasKey ? 'button' : 'button primary' }),
    trouble,
  );
}

/** @param {import('../live/words.mjs').Words} words */
function waitField(words) {
  const chosen = remembered('vote-wait') ?? USUAL_WAIT;
  const select = /** @type {HTMLSelectElement} */ (
    h('select', { id: 'wait', 'aria-describedby': 'wait-why' }, ...Object.keys(WAITS).map((key) => h('option', { value: key, selected: key === chosen }, words.say(key))))
  );
  select.addEventListener('change', () => remember('vote-wait', select.value));
  return {
    element: h('div', { class: 'wait' }, h('label', { class: 'label', for: 'wait' }, words.say('wait')), select, h('p', { class: 'note', id: 'wait-why' }, words.say('waitWhy'))),
    read: () => WAITS[/** @type {keyof typeof WAITS} */ (select.value)],
  };
}

/** @param {Page} page @param {{poll: any, manifest: Manifest, me: any, kept: Kept | undefined}} what */
function ballotForm(page, { poll, manifest, me, kept }) {
  const { words, timing, shelf } = page;
  const field = choiceField(manifest, words);
  const wait = poll.tier === 'sealed' ? waitField(words) : null;
  const trouble = h('p', { class: 'trouble', role: 'alert' });
  const cast = /** @type {HTMLButtonElement} */ (h('button', { class: 'button primary cast' }, words.say(poll.tier === 'open' ? 'castOpen' : 'cast')));
  const form = h('form', { class: 'card ballot', novalidate: true }, field.element, wait?.element ?? null, trouble, cast,
    h('p', { class: 'note' }, words.say('changeUntil', { time: timing.tell(poll.closes_at, words) })));
  const again = h('details', { class: 'again' }, h('summary', { class: 'button' }, words.say('castAgain')));
  const place = h('div');
  const arrange = (/** @type {boolean} */ hasVoted) => {
    if (!hasVoted) place.replaceChildren(statement(poll.tier, words), form);
    else {
      again.append(form);
      /** @type {HTMLDetailsElement} */ (again).open = false;
      place.replaceChildren(again, statement(poll.tier, words));
    }
  };
  form.addEventListener('submit', async (event) => {
    event.preventDefault();
    const read = field.read();
    trouble.textContent = 'missing' in read ? read.missing : '';
    if ('missing' in read) return;
    cast.disabled = true;
    try {
      if (poll.tier === 'open') {
        await page.service.say(poll.poll_id, read.choice);
        said(page);
      } else {
        const waitMs = wait?.read() ?? 0;
        const made = await makeBallot({ shelf, poll, manifest, me, choice: read.choice, waitMs, signRequest });
        page.onBallot?.(made);
        page.trips.move(poll.poll_id);
      }
      arrange(true);
      document.getElementById('mine')?.scrollIntoView({ block: 'center' });
    } catch (error) {
      if (error instanceof Refused) trouble.textContent = tellRefusal(error, words);
      else if (error instanceof ShelfRefused) trouble.textContent = words.say('cannotKeep');
      else if (error instanceof DOMException && error.name === 'NotSupportedError') trouble.textContent = words.say('cannotVote');
      else if (error instanceof DOMException) trouble.textContent = words.say('err_gesture');
      else throw error;
    } finally {
      cast.disabled = false;
    }
  });
  arrange(kept !== undefined);
  return place;
}

/** An open vote keeps nothing on the device: the choice stands on the board, with the name. @param {Page} page */
function said({ words }) {
  const card = h('section', { class: 'card status held', 'aria-labelledby': 'yours-label' }, h('h2', { id: 'yours-label' }, words.say('yours')), h('p', { class: 'stage', role: 'status' }, words.say('stageSaid')));
  document.getElementById('mine')?.replaceChildren(card);
}
