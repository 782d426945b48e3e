// @ts-check
// What the page asks the service, the desks and the box. To desks and box nothing goes along that
// could tell who asks: no cookie, no token, no referrer.

/** Kinds of rules whose impact is worked out before members vote on them. */
export const IMPACT_KINDS = ['tariff', 'pay_floor', 'levy', 'matching_policy'];

/** What the service calls the one text of a motion beside today's rules. */
export const AS_PROPOSED = 'as proposed';

/** An answer that is no success; `code` is the service's, `offline` when nobody answered. */
export class Refused extends Error {
  /** @param {string} code @param {string} sentence @param {number} status */
  constructor(code, sentence, status) {
    super(sentence);
    this.code = code;
    this.status = status;
  }

  /** Whether asking again later may help: also where a vote has opened a moment ago and a desk has not seen it yet. */
  get isPassing() {
    return this.status === 0 || this.status === 429 || this.status >= 500 || this.code === 'poll_not_found';
  }
}

/** @param {string} address @param {RequestInit} options @returns {Promise<any>} */
async function ask(address, options) {
  let answer;
  try {
    answer = await fetch(address, { cache: 'no-store', referrerPolicy: 'no-referrer', ...options });
  } catch {
    throw new Refused('offline', '', 0);
  }
  const text = await answer.text();
  let body = null;
  try {
    body = text === '' ? null : JSON.parse(text);
  } catch {
    throw new Refused('answer_unreadable', '', 502);
  }
  if (!answer.ok) throw new Refused(body?.code ?? `status_${answer.status}`, body?.detail ?? '', answer.status);
  return body;
}

/** @param {string} address @param {unknown} [body] */
const namelessly = (address, body) =>
  ask(address, {
    credentials: 'omit',
    ...(body === undefined ? {} : { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) }),
  });

/** A desk signs a hidden message. @param {string} desk @param {string} pollId @param {unknown} request */
export const askDesk = (desk, pollId, request) => namelessly(`${desk}/desk/v1/polls/${pollId}/issue`, request);

/** @param {string} box @param {string} pollId @param {unknown} ballot */
export const putIntoBox = (box, pollId, ballot) => namelessly(`${box}/box/v1/polls/${pollId}/ballots`, ballot);

/** @param {string} box @param {string} pollId @param {string} name */
export const fetchReceipt = (box, pollId, name) => namelessly(`${box}/box/v1/polls/${pollId}/receipts/${name}`);

/** The board's newest head, and whether it has ended. @param {string} box @param {string} pollId */
export const fetchBoard = (box, pollId) => namelessly(`${box}/board/v1/polls/${pollId}`);

/** The service, as somebody who may be signed in. */
export class Service {
  /** @param {{token: string, entrance: 'driver' | 'rider'} | null} session */
  constructor(session = null) {
    this.session = session;
  }

  /** @param {string} path @param {unknown} [body] */
  #ask(path, body) {
    /** @type {Record<string, string>} */
    const headers = {};
    if (this.session !== null) headers.authorization = `Bearer ${this.session.token}`;
    if (body === undefined) return ask(path, { headers, credentials: 'omit' });
    headers['content-type'] = 'application/json';
    headers['idempotency-key'] = crypto.randomUUID();
    return ask(path, { method: 'POST', headers, credentials: 'omit', body: JSON.stringify(body) });
  }

  /** @param {string} phone @param {string} language */
  askForCode(phone, language) {
    return this.#ask('/public/v1/sign-in/code', { phone, language });
  }

  /** @param {string} challengeId @param {string} code */
  async signInWithCode(challengeId, code) {
    this.#begin(await this.#ask('/public/v1/sign-in/code/confirm', { challenge_id: challengeId, code }));
  }

  /** @param {(options: any) => Promise<any>} answer */
  async signInWithPasskey(answer) {
    const begun = await this.#ask('/public/v1/sign-in/passkey/options', {});
    const credential = await answer(begun.options);
    this.#begin(await this.#ask('/public/v1/sign-in/passkey/confirm', { challenge_id: begun.challenge_id, credential }));
  }

  /** @param {{token: string, roles: string[]}} answer */
  #begin(answer) {
    this.session = { token: answer.token, entrance: answer.roles.includes('driver') ? 'driver' : 'rider' };
  }

  async signOut() {
    const token = this.session?.token;
    this.session = null;
    if (token !== undefined) {
      await ask('/public/v1/session', { method: 'DELETE', headers: { authorization: `Bearer ${token}` }, credentials: 'omit' });
    }
  }

  listPolls() {
    return this.#ask('/public/v1/polls');
  }

  /** @param {string} pollId */
  getPoll(pollId) {
    return this.#ask(`/public/v1/polls/${pollId}`);
  }

  /** What is moved. @param {string} motionId */
  findMotion(motionId) {
    return this.#find(`/public/v1/motions/${motionId}`);
  }

  /** What would change, where somebody has worked it out. @param {string} motionId */
  findImpact(motionId) {
    return this.#find(`/public/v1/motions/${motionId}/impact`);
  }

  /** What my last month would have been, or null where nobody is signed in. @param {string} motionId */
  findMonth(motionId) {
    return this.session === null ? null : this.#find(`/${this.session.entrance}/v1/motions/${motionId}/my-month`);
  }

  /** What is there, or null. @param {string} path */
  async #find(path) {
    try {
      return await this.#ask(path);
    } catch (error) {
      if (error instanceof Refused) return null;
      throw error;
    }
  }

  /** How this vote concerns me. @param {string} pollId */
  getMe(pollId) {
    return this.#ask(`/${this.session?.entrance}/v1/polls/${pollId}/me`);
  }

  /** @param {{credential: string, credential_id: string}} key */
  registerVotingKey(key) {
    return this.#ask(`/${this.session?.entrance}/v1/voting-key`, key);
  }

  /** Detached: a ballot, handed over by its member. @param {string} pollId @param {unknown} ballot */
  handOver(pollId, ballot) {
    return this.#ask(`/${this.session?.entrance}/v1/polls/${pollId}/ballots`, { ballot });
  }

  /** Open: a choice with a name beside it. @param {string} pollId @param {unknown} choice */
  say(pollId, choice) {
    return this.#ask(`/${this.session?.entrance}/v1/polls/${pollId}/ballots`, { choice });
  }
}
