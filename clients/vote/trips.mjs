// @ts-check
// Ballots on their way: moved on when the page opens, when the line is back, and every few seconds.

import { advance, stageOf } from './casting.mjs';

const EVERY_MS = 5_000;

/** @typedef {import('./shelf.mjs').Kept} Kept */

/** Takes every kept ballot as far as it goes. */
export class Trips {
  /** @param {import('./vote.mjs').Page} page */
  constructor(page) {
    this.page = page;
  }

  start() {
    window.addEventListener('online', () => this.turn());
    document.addEventListener('visibilitychange', () => document.visibilityState === 'visible' && this.turn());
    setInterval(() => this.turn(), EVERY_MS);
    this.turn();
  }

  /** Every ballot that is not home. */
  async turn() {
    if (document.visibilityState !== 'visible') return;
    for (const kept of await this.page.shelf.all()) {
      const stage = stageOf(kept);
      if (stage === 'held' || stage === 'problem') continue;
      await this.move(kept.pollId);
    }
  }

  /** One ballot; in one window at a time. @param {string} pollId @param {{now?: boolean}} [how] */
  async move(pollId, how = {}) {
    await navigator.locks.request(`vote-${pollId}`, async () => {
      const kept = await this.page.shelf.find(pollId);
      if (kept === undefined) return;
      const { service, timing, shelf } = this.page;
      /** @param {string} id @param {any} ballot */
      const handOver = (id, ballot) => service.handOver(id, ballot);
      const moved = await advance(shelf, kept, {
        ...how,
        wallOf: (ms) => timing.wallOf(ms),
        ...(this.page.isSignedIn ? { handOver } : {}),
      });
      this.page.onBallot?.(moved);
    });
  }
}
