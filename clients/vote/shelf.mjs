// @ts-check
// Where ballots are kept on the device until their receipts are held, and the receipts afterwards.
// IndexedDB, because it keeps private keys without showing them to anybody, the page included.

const NAME = 'khan-votes';
const STORE = 'ballots';

/**
 * One ballot on its way. Nothing in it says in clear what was chosen.
 * @typedef {{
 *   pollId: string, manifest: string, digest: string, desks: string[], box: string,
 *   key: {privateKey: CryptoKey, publicKey: Uint8Array},
 *   commitment: string,
 *   asked: {requests: string[], assertion: any, blinded: import('./blinding.mjs').Blinded[]} | null,
 *   tokens: Uint8Array[] | null, slip: Record<string, any> | null,
 *   sequence: number, content: Uint8Array, ballot: Record<string, any> | null, name: string,
 *   leavesAt: number, waitMs: number, isTaken: boolean, waiting: number,
 *   receipt: import('./receipt.mjs').Receipt | null, place: {index: number, size: number, witnesses: number} | null,
 *   problem: string | null, told: string,
 * }} Kept
 */

/** @template T @param {IDBRequest<T>} request @returns {Promise<T>} */
const done = (request) =>
  new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
  });

/** The ballots of this device. */
export class Shelf {
  constructor() {
    const opening = indexedDB.open(NAME, 1);
    opening.onupgradeneeded = () => opening.result.createObjectStore(STORE, { keyPath: 'pollId' });
    this.database = done(opening);
  }

  /** @param {IDBTransactionMode} mode */
  async #store(mode) {
    return (await this.database).transaction(STORE, mode, { durability: 'strict' }).objectStore(STORE);
  }

  /** @param {string} pollId @returns {Promise<Kept | undefined>} */
  async find(pollId) {
    return done((await this.#store('readonly')).get(pollId));
  }

  /** @returns {Promise<Kept[]>} */
  async all() {
    return done((await this.#store('readonly')).getAll());
  }

  /** Written through to the disk before it returns. @param {Kept} kept */
  async keep(kept) {
    const store = await this.#store('readwrite');
    await new Promise((resolve, reject) => {
      store.transaction.oncomplete = resolve;
      store.transaction.onerror = store.transaction.onabort = () => reject(store.transaction.error);
      store.put(kept);
    });
  }

  /** @param {string} pollId */
  async drop(pollId) {
    await done((await this.#store('readwrite')).delete(pollId));
  }
}
