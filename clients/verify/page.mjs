// @ts-check
// The page: takes files, shows how far the check is, and tells what was found.

import { Words, chooseLanguage } from '../live/words.mjs';
import { LANGUAGES, MESSAGES } from './messages.mjs';
import { element, showFigures, showOwn, showResult, showVerdict } from './show.mjs';

/** @typedef {import('./verify.mjs').Report} Report */

const STEPS = ['manifest', 'roll', 'desks', 'board', 'opening', 'count'];
// How long each step takes of a sealed vote, in thousandths: for the bar alone.
const WEIGHTS = [5, 10, 250, 480, 5, 250];

/** @param {string} id @returns {any} */
const at = (id) => document.getElementById(id);

/** @type {{bundle: File | null, receipt: File | null, run: number, words: Words, shown: any, step: number}} */
const state = { bundle: null, receipt: null, run: 0, words: speak(chooseLanguage(navigator.languages)), shown: null, step: -1 };
// Started with the page, so that everything is here when somebody takes the machine off the network.
const worker = new Worker(new URL('worker.mjs', import.meta.url), { type: 'module' });

/** @param {string} language */
function speak(language) {
  return new Words(language, { wanted: navigator.languages, messages: MESSAGES });
}

function translate() {
  const { words } = state;
  document.documentElement.lang = words.language;
  document.documentElement.dir = words.direction;
  document.title = `${words.say('title')} · Khan Cars`;
  for (const place of document.querySelectorAll('[data-say]')) place.textContent = words.say(/** @type {HTMLElement} */ (place).dataset.say ?? '');
  if (state.bundle !== null) at('bundle-name').textContent = state.bundle.name;
  showSteps();
  if (state.shown !== null) show(state.shown);
}

function showSteps() {
  const wrong = state.shown !== null && !state.shown.report?.accepted;
  const states = STEPS.map((_, number) => {
    if (state.shown?.report?.accepted || number < state.step) return 'done';
    return number > state.step ? 'later' : wrong ? 'wrong' : 'now';
  });
  at('steps').replaceChildren(
    ...STEPS.map((step, number) => {
      const line = element('li', {}, element('span', {}, state.words.say(`step_${step}`)));
      line.dataset.state = states[number];
      if (states[number] !== 'later') line.append(element('span', { class: 'hidden' }, state.words.say(`state_${states[number]}`)));
      return line;
    }),
  );
}

/** @param {{part: string, done: number, total: number}} progress */
function showProgress({ part, done, total }) {
  const step = STEPS.indexOf(part);
  const before = WEIGHTS.slice(0, step).reduce((sum, weight) => sum + weight, 0);
  at('progress').value = before + (WEIGHTS[step] * done) / Math.max(1, total);
  if (step !== state.step) {
    state.step = step;
    showSteps();
  }
}

/** @param {{report?: Report, lacks?: string}} answer */
function show(answer) {
  state.shown = answer;
  const { words } = state;
  const { report, lacks } = answer;
  const noticed = at('notice').value.trim() !== '';
  if (report?.accepted) at('progress').value = 1000;
  showSteps();
  showVerdict(at('verdict'), { report, lacks, noticed, words });
  at('found').hidden = !report?.accepted;
  if (!report?.accepted) return;
  showOwn(at('own'), report, words);
  at('question').textContent = report.terms?.question ?? '';
  showResult(at('result'), report, words);
  showFigures({ figures: at('figures'), broken: at('broken'), title: at('broken-title'), list: at('broken-list') }, report, words);
}

async function check() {
  const noticed = at('notice').value.trim().toLowerCase();
  const readable = noticed === '' || /^[0-9a-f]{64}$/.test(noticed);
  at('notice').setAttribute('aria-invalid', String(!readable));
  at('notice-help').textContent = state.words.say(readable ? 'noticeHelp' : 'noticeInvalid');
  if (state.bundle === null || !readable) return;
  state.run += 1;
  const { run } = state;
  Object.assign(state, { shown: null, step: -1 });
  at('work').hidden = false;
  at('verdict').hidden = true;
  at('found').hidden = true;
  showProgress({ part: 'manifest', done: 0, total: 1 });
  try {
    const receipt = state.receipt === null ? null : await state.receipt.arrayBuffer();
    const bundle = await state.bundle.arrayBuffer();
    worker.postMessage({ run, bundle, receipt, noticed }, [bundle]);
  } catch (error) {
    // Somebody changed or moved the file since it was chosen.
    if (run === state.run) show({ lacks: String(error) });
  }
}

/** @param {Iterable<File>} files */
function take(files) {
  for (const file of files) {
    if (/\.json$/i.test(file.name)) state.receipt = file;
    else state.bundle = file;
  }
  if (state.bundle !== null) at('bundle-name').textContent = state.bundle.name;
  if (state.receipt !== null) at('receipt-help').textContent = state.receipt.name;
  void check();
}

worker.onmessage = ({ data }) => {
  if (data.ready) document.documentElement.dataset.ready = 'true';
  else if (data.run !== state.run) return;
  else if (data.progress) showProgress(data.progress);
  else show(data);
};
worker.onerror = () => show({ lacks: 'worker.mjs' });

at('language').append(...Object.entries(LANGUAGES).map(([tag, name]) => element('option', { value: tag, lang: tag }, name)));
at('language').value = state.words.language;
at('language').addEventListener('change', () => {
  state.words = speak(at('language').value);
  translate();
});
at('choose').addEventListener('submit', (/** @type {Event} */ event) => {
  event.preventDefault();
  void check();
});
at('bundle').addEventListener('change', () => take(at('bundle').files));
at('receipt').addEventListener('change', () => {
  state.receipt = at('receipt').files[0] ?? null;
  void check();
});
at('notice').addEventListener('change', () => void check());
// Anywhere on the page will do; a file dropped beside the frame must not replace the page.
document.addEventListener('dragover', (event) => {
  event.preventDefault();
  at('drop').classList.add('over');
});
document.addEventListener('dragleave', () => at('drop').classList.remove('over'));
document.addEventListener('drop', (event) => {
  event.preventDefault();
  at('drop').classList.remove('over');
  take(event.dataTransfer?.files ?? []);
});
translate();
if (!globalThis.isSecureContext) show({ lacks: 'HTTPS' });
