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

/** This browser keeps nothing, or not this: a private window, a full disk. */
export class ShelfRefused extends Error {}

/** @returns {Promise<IDBDatabase>} */
async function openDatabase() {
  const opening = indexedDB.open(NAME, 1);
  opening.onupgradeneeded = () => opening.result.createObjectStore(STORE, { keyPath: 'pollId' });
  return done(opening);
}

/** The ballots of this device. */
export class Shelf {
  constructor() {
    /** @type {Promise<IDBDatabase | null>} null where the browser keeps nothing */
    this.database = openDatabase().catch(() => null);
  }

  /** Whether the browser keeps nothing: then no ballot may be made, for it would be lost with the page. */
  async isRefused() {
    return (await this.database) === null;
  }

  /** @param {IDBTransactionMode} mode */
  async #store(mode) {
    const database = await this.database;
    if (database === null) throw new ShelfRefused();
    return database.transaction(STORE, mode, { durability: 'strict' }).objectStore(STORE);
  }

  /** @param {string} pollId @returns {Promise<Kept | undefined>} */
  async find(pollId) {
    return (await this.isRefused()) ? undefined : done((await this.#store('readonly')).get(pollId));
  }

  /** @returns {Promise<Kept[]>} */
  async all() {
    return (await this.isRefused()) ? [] : done((await this.#store('readonly')).getAll());
  }

  /** Written through to the disk before it returns. @param {Kept} kept @throws {ShelfRefused} */
  async keep(kept) {
    const store = await this.#store('readwrite');
    try {
      await new Promise((resolve, reject) => {
        store.transaction.oncomplete = resolve;
        store.transaction.onerror = store.transaction.onabort = () => reject(store.transaction.error);
        store.put(kept);
      });
    } catch (error) {
      throw new ShelfRefused(String(error));
    }
  }

  /** @param {string} pollId */
  async drop(pollId) {
    await done((await this.#store('readwrite')).delete(pollId));
  }
}
