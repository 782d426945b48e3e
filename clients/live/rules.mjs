// @ts-check
// Turns the bodies of rules in force into sentences. A field that is not known is passed over: better
// to say less than to say what no member voted.

/** @typedef {import('./words.mjs').Words} Words */
/** @typedef {{kind: string, version?: number, valid_from?: string, adopted_by?: string, body?: any}} Rule */

const ORDER = ['tariff', 'pay_floor', 'matching_policy'];

/**
 * The rules the page tells, in order, from either form of the answer.
 * @param {any} answer of /public/v1/rules
 * @returns {Rule[]}
 */
export function readRules(answer) {
  const rules = Array.isArray(answer) ? answer : Array.isArray(answer?.rules) ? answer.rules : [];
  return ORDER.flatMap((kind) => rules.filter((/** @type {Rule} */ rule) => rule?.kind === kind).slice(0, 1));
}

/**
 * What a rule says.
 * @param {Rule} rule @param {Words} words @param {string} currency of the city
 * @returns {string[]} sentences; none when nothing in the body is known
 */
export function tellRule(rule, words, currency) {
  const body = rule.body ?? {};
  switch (rule.kind) {
    case 'tariff':
      return tellTariff(body, words, currency);
    case 'pay_floor':
      return tellFloor(body, words, currency);
    case 'matching_policy':
      return tellMatching(body, words);
    default:
      return [];
  }
}

/**
 * Since when a rule is in force, and by whose will: the charter adopts the first version of every
 * kind, and only the members later ones.
 * @param {Rule} rule @param {Words} words
 * @returns {string}
 */
export function tellOrigin(rule, words) {
  const since = Date.parse(rule.valid_from ?? '');
  const origin = words.say((rule.version ?? 1) === 1 ? 'byCharter' : 'byMembers');
  if (Number.isNaN(since)) return origin;
  const date = words.time(since / 1000, { dateStyle: 'long' });
  return `${words.say('since', { version: rule.version ?? 1, date })} ${origin}`;
}

/** Measures come as whole numbers or as decimals in quotes. @param {any} value @returns {number} NaN when it is neither */
const measured = (value) => (typeof value === 'number' || typeof value === 'string' ? Number(value) : NaN);

/** Whether a rule asks for something: an hour, a place, a class of vehicle. @param {any} rule */
const isSpecial = (rule) =>
  rule.start_local != null || rule.calendar != null || ['zone_from', 'zone_to', 'days'].some((field) => rule[field]?.length > 0);

/** @param {any} body @param {Words} words @param {string} currency */
function tellTariff(body, words, currency) {
  const rules = Array.isArray(body.rules) ? body.rules : [];
  const usual = body.vehicle_classes?.[0];
  // What an ordinary car costs at an ordinary hour; the rest is counted, not listed.
  const rule = rules.find(
    (/** @type {any} */ one) => !isSpecial(one) && (!one.vehicle_classes?.length || one.vehicle_classes.includes(usual)),
  );
  if (rule === undefined) return [];
  const digits = body.minor_digits ?? 2;
  const money = (/** @type {any} */ minor) => words.money(measured(minor), body.currency ?? currency, digits);
  const rate = (/** @type {any} */ mills) => words.money(measured(mills) / 1000, body.currency ?? currency, digits);
  const said = [];
  if (rule.flag?.amount_minor > 0) {
    const covered = measured(rule.flag.includes_m ?? 0);
    said.push(words.say(covered > 0 ? 'fareFlagDistance' : 'fareFlag', { amount: money(rule.flag.amount_minor), distance: length(covered, words) }));
  }
  for (const step of rule.distance_steps ?? []) {
    const from = measured(step.from_m ?? 0);
    said.push(words.say(from > 0 ? 'fareStepFrom' : 'fareStep', { amount: rate(step.amount_mills), part: length(measured(step.per_m), words), from: length(from, words) }));
  }
  for (const step of rule.time_steps ?? []) {
    const slow = step.below_kmh == null ? '' : words.measure(measured(step.below_kmh), 'kilometer-per-hour');
    said.push(words.say(slow ? 'fareTimeSlow' : 'fareTime', { amount: rate(step.amount_mills), part: each(measured(step.per_s), words), speed: slow }));
  }
  if (rule.booking_fee_minor > 0) said.push(words.say('fareBooking', { amount: money(rule.booking_fee_minor) }));
  if (rule.minimum_minor > 0) said.push(words.say('fareMinimum', { amount: money(rule.minimum_minor) }));
  if (rule.waiting?.amount_mills > 0) {
    const { free_s: free, per_s: per, amount_mills: mills } = rule.waiting;
    said.push(words.say('fareWaiting', { free: words.duration(measured(free ?? 0), 'long'), amount: rate(mills), part: each(measured(per), words) }));
  }
  if (rules.length > 1) said.push(words.say('fareMore', { count: rules.length - 1 }));
  if (body.dynamic?.allowed !== true) said.push(words.say('fareSteady'));
  const { driver_bps: driver, coop_bps: coop, city_bps: city } = body.share ?? {};
  if (driver > 0) said.push(words.say('fareShare', { driver: words.share(driver), coop: words.share(coop ?? 0), city: words.share(city ?? 0) }));
  return said;
}

/** @param {any} body @param {Words} words @param {string} currency */
function tellFloor(body, words, currency) {
  const floors = Array.isArray(body.floors) ? body.floors : [];
  const floor = floors.find((/** @type {any} */ one) => !one.vehicle_classes?.length && !one.start_zones?.length) ?? floors[0];
  if (floor === undefined) return [];
  const { distance, minute, trip } = { distance: floor.per_distance, minute: floor.per_minute_mills, trip: floor.per_trip_min_minor };
  const rate = (/** @type {number} */ mills) => words.money(mills / 1000, body.currency ?? currency, words.digits(body.currency ?? currency));
  const said = [];
  if (distance?.mills > 0 && minute >= 0) {
    said.push(words.say('payFloor', { distance: rate(distance.mills), unit: words.say(distance.unit), minute: rate(minute) }));
  }
  if (trip > 0) said.push(words.say('payFloorTrip', { amount: rate(trip * 1000) }));
  if (floors.length > 1) said.push(words.say('payMore', { count: floors.length - 1 }));
  said.push(words.say('payTopUp'));
  return said;
}

/** @param {any} body @param {Words} words */
function tellMatching(body, words) {
  const said = [];
  if (body.round_seconds > 0) said.push(words.say('matchRound', { time: each(body.round_seconds, words) }));
  const { age, overdue, earnings, idle } = body.weights ?? {};
  if (age > 0 || overdue > 0) said.push(words.say('matchAge'));
  if (earnings > 0) said.push(words.say('matchEarnings'));
  if (idle > 0) said.push(words.say('matchIdle'));
  if (body.offer_seconds > 0) said.push(words.say('matchOffer', { time: words.duration(body.offer_seconds, 'long') }));
  if (body.pickup_seconds_max > 0) said.push(words.say('matchLimit', { time: words.duration(body.pickup_seconds_max, 'long') }));
  return said;
}

const MILE_METRES = 1609.344;

/** A length in the unit it was written in: miles when it is a round part of a mile. @param {number} metres @param {Words} words */
function length(metres, words) {
  const miles = metres / MILE_METRES;
  if (metres > 0 && Math.abs(miles * 20 - Math.round(miles * 20)) < 1e-6) {
    return miles === 1 ? words.say('mile') : words.measure(miles, 'mile', 'long');
  }
  if (metres === 1000) return words.say('km');
  return metres > 1000 ? words.measure(metres / 1000, 'kilometer', 'long') : words.measure(metres, 'meter', 'long');
}

/** "every second", "every 15 seconds": the number one is left out. @param {number} seconds @param {Words} words */
function each(seconds, words) {
  const [value, unit] = seconds % 60 === 0 ? [seconds / 60, 'minute'] : [seconds, 'second'];
  if (value !== 1) return words.measure(value, unit, 'long');
  const parts = new Intl.NumberFormat(words.locale, { style: 'unit', unit, unitDisplay: 'long' }).formatToParts(1);
  return parts.filter((part) => part.type === 'unit').map((part) => part.value.trim()).join(' ');
}
