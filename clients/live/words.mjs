// @ts-check
// Speaks one language: messages, numbers, durations, times and money.

import { LANGUAGES, MESSAGES } from './messages.mjs';

/** The first of somebody's languages that the page speaks. @param {readonly string[]} wanted @returns {string} */
export function chooseLanguage(wanted) {
  for (const tag of wanted) {
    const language = tag.toLowerCase().split('-')[0];
    if (language in LANGUAGES) return language;
  }
  return 'en';
}

/** Speaks one language: messages, numbers, durations, times and money. */
export class Words {
  /**
   * @param {string} language one of LANGUAGES
   * @param {{timezone?: string, wanted?: readonly string[], messages?: typeof MESSAGES}} [how] the city's
   *   time zone; somebody's languages with their regions, which decide between 20:05 and 8:05 PM; what
   *   another page than the city live says
   */
  constructor(language, { timezone, wanted = [], messages = MESSAGES } = {}) {
    this.messages = messages;
    this.language = language;
    this.timezone = timezone;
    this.direction = language === 'ar' ? 'rtl' : 'ltr';
    // Figures stand in tables with Latin letters beside them: one set of digits for all.
    const region = wanted.find((tag) => tag.toLowerCase().split('-')[0] === language) ?? language;
    this.locale = language === 'ar' ? `${region.split('-u-')[0]}-u-nu-latn` : region;
    this.plurals = new Intl.PluralRules(language);
    /** @type {Map<string, any>} */
    this.formats = new Map();
  }

  /**
   * A message, with its places filled in.
   * @param {string} key @param {Record<string, string | number>} [values] numbers are written in the language's way
   * @returns {string}
   */
  say(key, values = {}) {
    const message = this.messages[this.language][key] ?? this.messages.en[key];
    if (message === undefined) return key;
    const text = typeof message === 'string' ? message : (message[this.plurals.select(Number(values.count))] ?? message.other ?? '');
    return text.replace(/\{(\w+)\}/g, (whole, name) => {
      const value = values[name];
      if (value === undefined) return whole;
      if (typeof value === 'number') return this.number(value);
      // A Latin name inside an Arabic sentence keeps its own direction and disturbs nobody else's.
      return this.direction === 'rtl' ? `\u2068${value}\u2069` : value;
    });
  }

  /** @param {string} kind @param {Intl.NumberFormatOptions} options @returns {Intl.NumberFormat} */
  #format(kind, options) {
    if (!this.formats.has(kind)) this.formats.set(kind, new Intl.NumberFormat(this.locale, options));
    return this.formats.get(kind);
  }

  /** @param {number} value @param {number} [decimals] */
  number(value, decimals = 0) {
    return this.#format(`n${decimals}`, { maximumFractionDigits: decimals, minimumFractionDigits: decimals }).format(value);
  }

  /** Basis points as a share. @param {number} points */
  share(points) {
    return this.#format('%', { style: 'percent', maximumFractionDigits: 1 }).format(points / 10_000);
  }

  /** @param {number} value @param {string} unit @param {'short' | 'long' | 'narrow'} [display] @param {number} [decimals] always shown */
  measure(value, unit, display = 'short', decimals = 0) {
    const options = { style: /** @type {const} */ ('unit'), unit, unitDisplay: display, minimumFractionDigits: decimals, maximumFractionDigits: decimals || 2 };
    return this.#format(unit + display + decimals, options).format(value);
  }

  /** Seconds as people say them, to the nearest second below an hour. @param {number} seconds @param {'short' | 'long'} [display] */
  duration(seconds, display = 'short') {
    const whole = Math.max(0, Math.round(seconds));
    if (whole < 60) return this.measure(whole, 'second', display);
    if (whole >= 3600) return this.measure(whole / 3600, 'hour', display);
    const parts = [this.measure(Math.floor(whole / 60), 'minute', display)];
    if (whole % 60) parts.push(this.measure(whole % 60, 'second', display));
    return parts.join(' ');
  }

  /** @param {number} epochSeconds @param {Intl.DateTimeFormatOptions} options */
  time(epochSeconds, options) {
    const kind = JSON.stringify(options);
    if (!this.formats.has(kind)) {
      this.formats.set(kind, new Intl.DateTimeFormat(this.locale, { timeZone: this.timezone, ...options }));
    }
    return this.formats.get(kind).format(epochSeconds * 1000);
  }

  /** How many digits a currency has behind the point. @param {string} currency */
  digits(currency) {
    return this.#format(currency, moneyOptions(currency)).resolvedOptions().maximumFractionDigits ?? 2;
  }

  /** @param {number} amount in minor units @param {string} currency @param {number} [digits] */
  money(amount, currency, digits = 2) {
    return this.#format(currency, moneyOptions(currency)).format(amount / 10 ** digits);
  }
}

/** @param {string} currency @returns {Intl.NumberFormatOptions} */
const moneyOptions = (currency) => ({ style: 'currency', currency, currencyDisplay: 'narrowSymbol' });
