// @ts-check
// Making elements, and the few things that all views use.

/**
 * An element. Attributes: `class`, `for` and others as written; `on…` a listener; true sets, null leaves out, false
 * leaves out but for `aria-…`, where it is a word.
 * @param {string} tag @param {Record<string, any>} [attributes] @param {...(Node | string | null | false)} children
 * @returns {HTMLElement}
 */
export function h(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value === null || value === undefined || (value === false && !name.startsWith('aria-'))) continue;
    if (name.startsWith('on')) element.addEventListener(name.slice(2), value);
    else element.setAttribute(name, value === true && !name.startsWith('aria-') ? '' : String(value));
  }
  element.append(...children.filter((child) => child !== null && child !== false).map((child) => /** @type {Node | string} */ (child)));
  return element;
}

/** A button. @param {string} words @param {(event: Event) => void} onclick @param {Record<string, any>} [attributes] */
export const button = (words, onclick, attributes = {}) => h('button', { type: 'button', onclick, ...attributes }, words);

/** Say something to those who listen rather than look. @param {string} words */
export function announce(words) {
  const announcer = document.getElementById('announcer');
  if (announcer !== null) announcer.textContent = words;
}

/** Hand the reader a file. @param {string} name @param {string} text */
export function saveFile(name, text) {
  const address = URL.createObjectURL(new Blob([text], { type: 'application/json' }));
  const link = h('a', { href: address, download: name, hidden: true });
  document.body.append(link);
  link.click();
  link.remove();
  setTimeout(() => URL.revokeObjectURL(address), 60_000);
}

/** What somebody chose earlier on this device; a browser may forbid keeping it. @param {string} key */
export function remembered(key) {
  try {
    return window.localStorage.getItem(key);
  } catch {
    return null;
  }
}

/** @param {string} key @param {string} value */
export function remember(key, value) {
  try {
    window.localStorage.setItem(key, value);
  } catch {
    // It holds until the page is closed.
  }
}
