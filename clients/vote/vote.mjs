// @ts-check
// The votes of the members: which concern me, one of them, my ballot until its receipt, what came out.

import { LANGUAGES } from '../live/messages.mjs';
import { chooseLanguage, Words } from '../live/words.mjs';
import { announce, button, h, remember, remembered } from './dom.mjs';
import { MESSAGES } from './messages.mjs';
import { pollPage } from './poll.mjs';
import { Refused, Service } from './service.mjs';
import { Shelf } from './shelf.mjs';
import { signInCard } from './sign_in.mjs';
import { stageOf } from './casting.mjs';
import { tellRefusal } from './status.mjs';
import { tellLeft, Timing } from './timing.mjs';
import { Trips } from './trips.mjs';

const SESSION = 'vote-session';
const STATES = { coming: ['amending', 'frozen'], over: ['closed', 'certified', 'lost'] };
const darkness = window.matchMedia('(prefers-color-scheme: dark)');

/** @param {string} id @returns {HTMLElement} */
const byId = (id) => /** @type {HTMLElement} */ (document.getElementById(id));

/** @returns {{token: string, entrance: 'driver' | 'rider'} | null} until the page is closed */
function keptSession() {
  try {
    return JSON.parse(window.sessionStorage.getItem(SESSION) ?? 'null');
  } catch {
    return null;
  }
}

/** What all views share. */
export class Page {
  constructor() {
    this.service = new Service(keptSession());
    this.shelf = new Shelf();
    this.timing = new Timing();
    this.words = this.#speak(chooseLanguage([remembered('language') ?? '', ...navigator.languages]));
    this.trips = new Trips(this);
    /** @type {((kept: import('./shelf.mjs').Kept) => void) | null} what the view on show does with news of a ballot */
    this.onBallot = null;
    this.turn = 0;
  }

  /** @param {string} language */
  #speak(language) {
    return new Words(language, { timezone: this.timing.timezone, wanted: navigator.languages, messages: MESSAGES });
  }

  get isSignedIn() {
    return this.service.session !== null;
  }

  /** Keep or forget who is signed in. */
  keepSession() {
    try {
      if (this.service.session === null) window.sessionStorage.removeItem(SESSION);
      else window.sessionStorage.setItem(SESSION, JSON.stringify(this.service.session));
    } catch {
      // It holds until the page is closed.
    }
    byId('sign-out').hidden = !this.isSignedIn;
  }

  async start() {
    this.#listen();
    this.keepSession();
    this.showTheme();
    await this.timing.ask();
    this.speak(this.words.language);
    this.trips.start();
  }

  #listen() {
    window.addEventListener('hashchange', () => this.show());
    darkness.addEventListener('change', () => this.showTheme());
    const select = /** @type {HTMLSelectElement} */ (byId('language'));
    select.append(...Object.entries(LANGUAGES).map(([code, name]) => h('option', { value: code, lang: code }, name)));
    select.addEventListener('change', () => {
      remember('language', select.value);
      this.speak(select.value);
    });
    for (const one of document.querySelectorAll('input[name="theme"]')) {
      one.addEventListener('change', () => {
        remember('theme', /** @type {HTMLInputElement} */ (one).value);
        this.showTheme();
      });
    }
    byId('skip').addEventListener('click', (event) => {
      event.preventDefault();
      byId('main').focus();
    });
    byId('sign-out').addEventListener('click', async () => {
      const ending = this.service.signOut();
      this.keepSession();
      this.show();
      await ending.catch(() => null);
    });
  }

  showTheme() {
    const chosen = remembered('theme');
    const theme = chosen === 'day' || chosen === 'night' ? chosen : darkness.matches ? 'night' : 'day';
    document.documentElement.dataset.theme = theme;
    /** @type {HTMLInputElement} */ (document.querySelector(`input[name="theme"][value="${theme}"]`)).checked = true;
  }

  /** @param {string} language */
  speak(language) {
    this.words = this.#speak(language);
    document.documentElement.lang = language;
    document.documentElement.dir = this.words.direction;
    /** @type {HTMLSelectElement} */ (byId('language')).value = language;
    for (const element of /** @type {NodeListOf<HTMLElement>} */ (document.querySelectorAll('[data-say]'))) {
      element.textContent = this.words.say(element.dataset.say ?? '');
    }
    this.show();
  }

  /** Show what the address asks for. */
  async show() {
    const turn = ++this.turn;
    this.onBallot = null;
    const main = byId('main');
    main.replaceChildren(h('p', { class: 'note' }, this.words.say('loading')));
    const poll = /^#\/poll\/([0-9a-f-]{36})$/.exec(window.location.hash);
    let view;
    try {
      view = poll === null ? await listPage(this) : await pollPage(this, poll[1]);
    } catch (error) {
      view = this.#failed(error);
    }
    if (turn !== this.turn) return;
    main.replaceChildren(...view);
    const heading = main.querySelector('h1');
    document.title = `${heading?.textContent ?? this.words.say('title')} · Khan Cars`;
    announce(heading?.textContent ?? '');
    window.scrollTo(0, 0);
  }

  /** @param {unknown} error */
  #failed(error) {
    if (!(error instanceof Refused)) throw error;
    if (error.status === 401 && this.isSignedIn) {
      this.service.session = null;
      this.keepSession();
    }
    const again = button(this.words.say('tryAgain'), () => this.show(), { class: 'button' });
    return [h('h1', {}, this.words.say('title')), h('section', { class: 'card' }, h('p', { role: 'alert' }, tellRefusal(error, this.words)), again)];
  }
}

/** @param {any} poll @param {Page} page @param {Map<string, import('./shelf.mjs').Kept>} kept */
function pollLink(poll, page, kept) {
  const { words, timing } = page;
  const mine = kept.get(poll.poll_id);
  const isOpen = poll.state === 'open';
  const when = isOpen ? ['until', poll.closes_at] : STATES.coming.includes(poll.state) ? ['opens', poll.opens_at] : ['closed', poll.closes_at];
  const facts = [
    words.say(when[0], { time: timing.tell(when[1], words) }),
    isOpen ? tellLeft(timing.left(poll.closes_at), words) : '',
    poll.member_class === null ? '' : words.say('classOnly', { class: poll.member_class }),
  ].filter(Boolean);
  return h(
    'li',
    {},
    h(
      'a',
      { class: `card poll ${isOpen ? 'open' : ''}`, href: `#/poll/${poll.poll_id}` },
      h('span', { class: 'name', dir: 'auto' }, poll.title),
      h('span', { class: 'note' }, facts.join(' · ')),
      h(
        'span',
        { class: 'tags' },
        h('span', { class: 'tag' }, words.say({ sealed: 'tierSealed', detached: 'tierDetached', open: 'tierOpen' }[/** @type {string} */ (poll.tier)] ?? '')),
        mine === undefined ? null : h('span', { class: 'tag good' }, words.say(stageOf(mine) === 'held' ? 'doneHeld' : 'doneWay')),
      ),
    ),
  );
}

/** @param {Page} page */
async function listPage(page) {
  const { words } = page;
  const [{ polls }, shelf] = await Promise.all([page.service.listPolls(), page.shelf.all()]);
  const kept = new Map(shelf.map((one) => [one.pollId, one]));
  const concerning = page.isSignedIn ? await thoseForMe(page, polls) : polls;
  const part = (/** @type {string} */ key, /** @type {any[]} */ those) =>
    those.length === 0
      ? null
      : h('section', { 'aria-labelledby': `${key}-label` }, h('h2', { id: `${key}-label` }, words.say(key)), h('ul', { class: 'polls' }, ...those.map((one) => pollLink(one, page, kept))));
  const open = concerning.filter((/** @type {any} */ one) => one.state === 'open');
  const parts = [
    part('openNow', open),
    part('coming', concerning.filter((/** @type {any} */ one) => STATES.coming.includes(one.state))),
    part('over', concerning.filter((/** @type {any} */ one) => STATES.over.includes(one.state))),
  ].filter((one) => one !== null);
  return [
    h('h1', {}, words.say('title')),
    h('p', { class: 'lead' }, words.say('lead')),
    ...(concerning.length === 0 ? [h('p', { class: 'card' }, words.say('noVotes'))] : []),
    ...(concerning.length > 0 && open.length === 0 ? [h('p', { class: 'card' }, words.say('noneOpen'))] : []),
    ...parts,
    ...(page.isSignedIn ? [] : [signInCard(page)]),
  ];
}

/** The votes that are asked of me, and those that are over. @param {Page} page @param {any[]} polls */
async function thoseForMe(page, polls) {
  const mine = await Promise.all(
    polls.map(async (one) => {
      if (one.member_class === null || STATES.over.includes(one.state)) return true;
      return (await page.service.getMe(one.poll_id)).on_roll;
    }),
  );
  return polls.filter((_, at) => mine[at]);
}

const page = new Page();
await page.start();
