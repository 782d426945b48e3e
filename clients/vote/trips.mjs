// @ts-check
// Ballots on their way: moved on when the page opens, when the line is back, and every few seconds; more and
// more seldom while nothing happens, so that those who wait for others do not wear the box down.

import { advance, stageOf } from './casting.mjs';

const EVERY_MS = 5_000;
const PATIENCE_MS = 120_000;

/** @typedef {import('./shelf.mjs').Kept} Kept */

/** Takes every kept ballot as far as it goes. */
export class Trips {
  /** @param {import('./vote.mjs').Page} page */
  constructor(page) {
    this.page = page;
    /** @type {Map<string, {stage: string, pause: number, next: number}>} by poll */
    this.paces = new Map();
  }

  start() {
    window.addEventListener('online', () => this.hurry());
    document.addEventListener('visibilitychange', () => document.visibilityState === 'visible' && this.hurry());
    setInterval(() => this.turn(), EVERY_MS);
    this.turn();
  }

  /** Something has changed: everything is tried again at once. */
  async hurry() {
    this.paces.clear();
    await this.turn();
  }

  /** How long to leave a ballot alone: longer each time it stands where it stood. @param {Kept} kept */
  #pace(kept) {
    const stage = stageOf(kept);
    const before = this.paces.get(kept.pollId);
    const pause = before?.stage === stage ? Math.min(2 * before.pause, PATIENCE_MS) : EVERY_MS;
    const next = stage === 'leaving' ? kept.leavesAt : Date.now() + pause * (0.5 + Math.random() / 2);
    this.paces.set(kept.pollId, { stage, pause, next });
  }

  /** Every ballot that is not home. */
  async turn() {
    if (document.visibilityState !== 'visible') return;
    for (const kept of await this.page.shelf.all()) {
      const stage = stageOf(kept);
      if (stage === 'held' || stage === 'problem') continue;
      if (Date.now() < (this.paces.get(kept.pollId)?.next ?? 0)) continue;
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
      this.#pace(moved);
      this.page.onBallot?.(moved);
    });
  }

  /** What this device keeps of a ballot is gone; on the board it stands. @param {string} pollId */
  async forget(pollId) {
    await navigator.locks.request(`vote-${pollId}`, () => this.page.shelf.drop(pollId));
    this.paces.delete(pollId);
  }
}
