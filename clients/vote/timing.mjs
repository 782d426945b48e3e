// @ts-check
// Service time: wall time but in a demonstration, which may start elsewhere and run faster.

/** @typedef {import('../live/words.mjs').Words} Words */

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;

/** How long is left, in words. @param {number} ms @param {Words} words */
export function tellLeft(ms, words) {
  if (ms <= 0) return '';
  if (ms >= 2 * DAY_MS) return words.say('daysLeft', { count: Math.floor(ms / DAY_MS) });
  return words.say('hoursLeft', { count: Math.max(1, Math.floor(ms / HOUR_MS)) });
}

/** The service's clock and its city's time zone. */
export class Timing {
  constructor() {
    this.at = Date.now();
    this.since = this.at;
    this.rate = 1;
    /** @type {string | undefined} */
    this.timezone = undefined;
  }

  /** Ask the service; without an answer this device's own clock holds. */
  async ask() {
    const [clock, city] = await Promise.all(
      ['clock', 'city'].map(async (one) => {
        try {
          const answer = await fetch(`/public/v1/${one}`, { credentials: 'omit' });
          return answer.ok ? await answer.json() : null;
        } catch {
          return null;
        }
      }),
    );
    if (clock !== null) {
      this.since = Date.now();
      this.at = Date.parse(clock.now);
      this.rate = clock.rate;
    }
    if (city !== null) this.timezone = city.timezone;
  }

  /** Service time now, in milliseconds. */
  now() {
    return this.at + (Date.now() - this.since) * this.rate;
  }

  /** The wall moment at which a service moment comes, in milliseconds. @param {number} ms */
  wallOf(ms) {
    return this.since + (ms - this.at) / this.rate;
  }

  /** Milliseconds of service time until a moment. @param {string} moment */
  left(moment) {
    return Date.parse(moment) - this.now();
  }

  /** @param {string} moment @param {Words} words */
  tell(moment, words) {
    return words.time(Date.parse(moment) / 1000, { weekday: 'short', day: 'numeric', month: 'long', hour: 'numeric', minute: '2-digit' });
  }
}
