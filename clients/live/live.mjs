// @ts-check
// The city live: joins the socket, the map and the figures.

import { byId, showFigures, showHistory, showLinks, showRules, translate, write } from './figures.mjs';
import { readCars } from './frames.mjs';
import { CityMap } from './map.mjs';
import { LANGUAGES } from './messages.mjs';
import { Motion, placeOn } from './motion.mjs';
import { keepOpen } from './socket.mjs';
import { chooseLanguage, Words } from './words.mjs';

/** @typedef {import('./style.mjs').Theme} Theme */

const STALE_MS = 3500;
const SAMPLES_MAX = 60;
const darkness = window.matchMedia('(prefers-color-scheme: dark)');
const stillness = window.matchMedia('(prefers-reduced-motion: reduce)');

/** What somebody chose earlier on this device; a browser may forbid keeping it. @param {string} key */
function remembered(key) {
  try {
    return window.localStorage.getItem(key);
  } catch {
    return null;
  }
}

/** @param {string} key @param {string} value */
function remember(key, value) {
  try {
    window.localStorage.setItem(key, value);
  } catch {
    // It holds until the page is closed.
  }
}

/** @param {string} language @param {string} [timezone] */
function speak(language, timezone) {
  return new Words(language, { timezone, wanted: navigator.languages });
}

const asked = new URLSearchParams(window.location.search);
const motion = new Motion();
const page = {
  words: speak(chooseLanguage([asked.get('lang') ?? '', remembered('language') ?? '', ...navigator.languages])),
  /** @type {Theme} */
  theme: 'day',
  /** @type {any} */
  city: null,
  /** @type {any} */
  rules: null,
  /** @type {any} */
  figures: null,
  /** @type {CityMap | null} */
  map: null,
  /** @type {import('./socket.mjs').State} */
  connection: 'connecting',
  heard: 0,
  /** Service time at a wall moment. */
  clock: { at: 0, since: 0, rate: 1 },
  /** @type {{at: number, wait: number | null, trips: number}[]} */
  samples: [],
};

// ---- what the page says

function showTheme() {
  const chosen = asked.get('theme') ?? remembered('theme');
  page.theme = chosen === 'day' || chosen === 'night' ? chosen : darkness.matches ? 'night' : 'day';
  document.documentElement.dataset.theme = page.theme;
  const button = document.querySelector(`input[name="theme"][value="${page.theme}"]`);
  /** @type {HTMLInputElement} */ (button).checked = true;
  page.map?.setTheme(page.theme);
}

function showWords() {
  translate(page.words);
  if (page.city !== null) showCity();
  page.map?.setLabel(page.words.say('map'));
  show();
  showTime();
}

function showCity() {
  const { title, attribution, documentation, currency } = page.city;
  byId('city').textContent = title;
  document.title = `${title} · ${page.words.say('title')} · Khan Cars`;
  if (attribution) /** @type {HTMLElement} */ (byId('attribution').firstElementChild).textContent = attribution;
  showLinks(documentation ?? []);
  showRules(page.rules, page.words, currency ?? 'USD');
}

function show() {
  if (page.figures === null) return;
  const choose = page.map === null ? null : chooseZone;
  showFigures(page.figures, page.words, { chosen: page.map?.chosen ?? null, choose });
  const { history } = page.figures;
  const isKept = history?.open_trips?.length > 1;
  showHistory(
    isKept
      ? {
          waits: history.mean_wait_seconds,
          trips: history.open_trips,
          minutes: Math.round((history.open_trips.length * history.step_seconds) / 60),
        }
      : {
          waits: page.samples.map(({ wait }) => wait),
          trips: page.samples.map(({ trips }) => trips),
          minutes: page.samples.length,
        },
    page.words,
  );
}

/** @param {string} code */
function chooseZone(code) {
  page.map?.choose(code);
  show();
}

/** The clock of the city, and how fresh all this is. */
function showTime() {
  const now = performance.now();
  const { words, clock } = page;
  const isStale = page.heard > 0 && now - page.heard > Math.max(STALE_MS, 3 * motion.period);
  const state = page.connection === 'open' && isStale ? 'stale' : page.connection;
  document.documentElement.classList.toggle('is-stale', isStale);
  const status = byId('status');
  if (status.dataset.state !== state) status.dataset.state = state;
  // Only a change of state is announced; the age beside it, which changes every second, is not.
  write('status-words', words.say(state === 'open' ? 'live' : state === 'stale' ? 'lost' : state));
  let age = '';
  if (clock.at > 0) {
    // The clock stops with the news: it never shows a time nobody has reported.
    const service = clock.at + (Math.min(now - clock.since, STALE_MS) / 1000) * clock.rate;
    write('clock', words.time(service, { timeStyle: 'medium' }));
    write('date', words.time(service, { weekday: 'short', day: 'numeric', month: 'short', year: 'numeric' }));
    if (isStale) {
      const time = words.time(clock.at, { timeStyle: 'short' });
      age = words.say('stale', { time, age: words.duration((now - page.heard) / 1000) });
    }
  }
  write('status-age', age);
}

// ---- what comes in

/** @param {ArrayBuffer} data */
function takeCars(data) {
  const frame = readCars(data);
  if (frame === null) return;
  page.heard = performance.now();
  page.clock = { at: frame.at, since: page.heard, rate: frame.rate };
  motion.take(frame.cars, page.heard, { glides: !stillness.matches, rate: Math.max(0.01, frame.rate) });
  page.map?.fleet.refresh();
}

/** @param {string} data */
function takeFigures(data) {
  const figures = JSON.parse(data);
  if (figures?.type !== 'figures') return;
  page.figures = figures;
  const at = Math.floor(Date.parse(figures.now) / 60_000);
  if (page.samples.at(-1)?.at !== at) {
    page.samples.push({ at, wait: figures.waits.mean_seconds, trips: figures.trips.waiting + figures.trips.under_way });
    page.samples.splice(0, page.samples.length - SAMPLES_MAX);
  }
  page.map?.setRiders(figures.waiting ?? []);
  page.map?.setQueues(figures.zones ?? []);
  show();
}

/** @param {string} path @returns {Promise<any>} null when it cannot be had now */
async function read(path) {
  try {
    const answer = await fetch(path, { headers: { accept: 'application/json' } });
    return answer.ok ? await answer.json() : null;
  } catch {
    return null;
  }
}

let isReading = false;

/** Read what changes seldom: at first, and again whenever the connection has come back. */
async function readCity() {
  if (isReading) return;
  isReading = true;
  const [city, rules] = await Promise.all([read('/public/v1/city'), read('/public/v1/rules')]);
  const isFirst = page.city === null;
  page.city = city ?? page.city;
  page.rules = rules ?? page.rules;
  if (page.city !== null) {
    if (isFirst) page.words = speak(page.words.language, page.city.timezone);
    showCity();
    if (isFirst) await makeMap();
  }
  isReading = false;
}

async function makeMap() {
  const label = page.words.say('map');
  page.map = await CityMap.make(byId('map'), page.city, { theme: page.theme, motion, label });
  byId('map-missing').hidden = page.map !== null;
  byId('tools').hidden = page.map === null;
  document.documentElement.dataset.map = page.map === null ? 'missing' : 'drawn';
  if (page.map === null) return;
  page.map.fleet.glides = !stillness.matches;
  page.map.setLabel(label);
  const paintZones = () => {
    if (page.figures === null) return;
    page.map?.setRiders(page.figures.waiting ?? []);
    page.map?.setQueues(page.figures.zones ?? []);
  };
  paintZones();
  page.map.fleet.refresh();
  show();
}

// ---- what people do

const language = /** @type {HTMLSelectElement} */ (byId('language'));
for (const [code, name] of Object.entries(LANGUAGES)) {
  const option = new Option(name, code);
  option.lang = code;
  language.append(option);
}
language.value = page.words.language;
language.addEventListener('change', () => {
  remember('language', language.value);
  page.words = speak(language.value, page.city?.timezone);
  showWords();
});
for (const input of /** @type {NodeListOf<HTMLInputElement>} */ (document.querySelectorAll('input[name="theme"]'))) {
  input.addEventListener('change', () => {
    remember('theme', input.value);
    asked.delete('theme');
    showTheme();
  });
}
byId('zoom-in').addEventListener('click', () => page.map?.zoom(1));
byId('zoom-out').addEventListener('click', () => page.map?.zoom(-1));
byId('whole-city').addEventListener('click', () => page.map?.showAll());
darkness.addEventListener('change', showTheme);
stillness.addEventListener('change', () => {
  if (page.map !== null) page.map.fleet.glides = !stillness.matches;
});

// For the curious, at the console, and for the tests.
Object.assign(window, { cityLive: { page, motion, placeOn } });

showTheme();
showWords();
window.setInterval(showTime, 500);
keepOpen('/public/v1/live', {
  onState(state) {
    page.connection = state;
    showTime();
    if (state === 'open') readCity();
  },
  onMessage: (data) => (typeof data === 'string' ? takeFigures(data) : takeCars(data)),
});
readCity();
