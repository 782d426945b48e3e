// @ts-check
// How cars move between two frames: pure arithmetic, no drawing and no clock of its own.
//
// A car is always on a leg: from where it was shown (A), by way of a corner (C), to where it was
// last heard of (B). The leg takes as long as this car usually takes between two positions, so a
// car that reports every four seconds glides for four, whatever the pace of the frames. The corner
// is where the line of the old heading meets the line of the new one: in a town of blocks that is
// the street corner, and the car does not cut through houses.

/** @typedef {import('./frames.mjs').Car} Car */
/** @typedef {[number, number]} Spot x and y in the unit square of Web Mercator, y southwards */

/**
 * @typedef {object} Leg
 * @property {Spot} a
 * @property {Spot} c
 * @property {Spot} b
 * @property {number} share part of the way that lies before the corner, 0 to 1
 * @property {number} start wall milliseconds
 * @property {number} lasts wall milliseconds, at least 1
 * @property {[number, number, number]} headings at the start, before and after the corner; radians, unwrapped
 */

/**
 * @typedef {object} Mover
 * @property {Leg} leg
 * @property {number} state
 * @property {number} lon as last heard
 * @property {number} lat as last heard
 * @property {number} changed when it last came to a new place, wall milliseconds
 * @property {number} usual milliseconds it usually takes between two places
 * @property {{x: number, y: number, at: number}[]} trail where it was and will be, and when
 */

export const TRAIL_POINTS = 16;
const USUAL_MIN = 200;
const USUAL_MAX = 8000;
// A leg lasts a little longer than usual: a frame that comes late finds the car still on its way.
const SLACK = 1.08;
const JUMP_METRES = 3000;
const EARTH_METRES = 40_075_016.7;
const TURN = 2 * Math.PI;

/**
 * Web Mercator, the whole world a unit square.
 * @param {number} lon degrees
 * @param {number} lat degrees
 * @returns {Spot}
 */
export function mercator(lon, lat) {
  const sine = Math.sin((lat * Math.PI) / 180);
  return [lon / 360 + 0.5, 0.5 - Math.log((1 + sine) / (1 - sine)) / (2 * TURN)];
}

/** Metres in one unit of the unit square, at a height in it. @param {number} y @returns {number} */
export function metresPerUnit(y) {
  return EARTH_METRES / Math.cosh((0.5 - y) * TURN);
}

/** The turn from one angle to another, -π to π. @param {number} from @param {number} to */
function turn(from, to) {
  const gap = (to - from) % TURN;
  return gap > Math.PI ? gap - TURN : gap < -Math.PI ? gap + TURN : gap;
}

/** @param {Spot} p @param {Spot} q */
const distance = (p, q) => Math.hypot(q[0] - p[0], q[1] - p[1]);

/** Heading from p to q. @param {Spot} p @param {Spot} q */
const bearing = (p, q) => Math.atan2(q[0] - p[0], p[1] - q[1]);

/**
 * Where two headings meet between two places, if a corner there is likely.
 * @param {Spot} a @param {number} headingA @param {Spot} b @param {number} headingB
 * @returns {Spot | null}
 */
export function corner(a, headingA, b, headingB) {
  const bend = Math.abs(turn(headingA, headingB));
  if (bend < 0.4 || bend > 2.75) return null; // straight on, or turned round
  const [ux, uy] = [Math.sin(headingA), -Math.cos(headingA)];
  const [vx, vy] = [Math.sin(headingB), -Math.cos(headingB)];
  const [dx, dy] = [b[0] - a[0], b[1] - a[1]];
  const cross = ux * vy - uy * vx;
  const before = (dx * vy - dy * vx) / cross;
  const after = (ux * dy - uy * dx) / cross;
  const straight = Math.hypot(dx, dy);
  if (before <= 0 || after <= 0 || before + after > 1.6 * straight) return null;
  return [a[0] + ux * before, a[1] + uy * before];
}

/**
 * Plan the way from where a car is shown to where it was heard of.
 * @param {Spot} a @param {number} shown heading it is drawn with @param {Spot} b @param {number} heard heading it reported
 * @param {number} start @param {number} lasts
 * @returns {Leg}
 */
export function planLeg(a, shown, b, heard, start, lasts) {
  const found = corner(a, shown, b, heard);
  const metres = distance(a, b) * metresPerUnit(b[1]);
  /** @type {Spot} */
  const c = found ?? [(a[0] + b[0]) / 2, (a[1] + b[1]) / 2];
  // Over a short way the rounding of positions says nothing of direction; the heading does.
  const first = metres < 25 ? heard : bearing(a, c);
  const second = metres < 25 ? heard : bearing(c, b);
  const one = shown + turn(shown, first);
  const way = distance(a, c) + distance(c, b);
  return {
    a,
    c,
    b,
    share: way > 0 ? distance(a, c) / way : 0.5,
    start,
    lasts: Math.max(1, lasts),
    headings: [shown, one, one + turn(one, second)],
  };
}

/** @param {number} from @param {number} to @param {number} x */
function smoothstep(from, to, x) {
  const t = Math.min(1, Math.max(0, (x - from) / (to - from)));
  return t * t * (3 - 2 * t);
}

/**
 * Where a car is on its leg. The vertex shader in fleet.mjs says the same.
 * @param {Leg} leg @param {number} now
 * @returns {{x: number, y: number, heading: number}}
 */
export function placeOn(leg, now) {
  const t = Math.min(1, Math.max(0, (now - leg.start) / leg.lasts));
  const [p, q] = t < leg.share ? [leg.a, leg.c] : [leg.c, leg.b];
  const u = t < leg.share ? t / leg.share : leg.share < 1 ? (t - leg.share) / (1 - leg.share) : 1;
  const [h0, h1, h2] = leg.headings;
  const heading =
    h0 + (h1 - h0) * smoothstep(0, 0.12, t) + (h2 - h1) * smoothstep(leg.share - 0.07, leg.share + 0.07, t);
  return { x: p[0] + (q[0] - p[0]) * u, y: p[1] + (q[1] - p[1]) * u, heading };
}

/**
 * Whether a car drives straight on through a spot, so that its trail needs no point there.
 * @param {{x: number, y: number}[]} driven @param {{x: number, y: number}} at @param {Leg} leg
 */
function isStraight(driven, at, leg) {
  const before = driven.at(-1);
  if (before === undefined || driven.length < 2) return false;
  const came = Math.atan2(at.x - before.x, before.y - at.y);
  return Math.abs(turn(came, bearing(leg.a, leg.c))) < 0.06;
}

/** Keeps every car's leg from frame to frame. */
export class Motion {
  constructor() {
    /** @type {Map<number, Mover>} */
    this.movers = new Map();
    this.period = 1000;
    this.rate = 1;
    /** @type {number | null} */
    this.heard = null;
  }

  /**
   * Take in a frame.
   * @param {Car[]} cars
   * @param {number} now wall milliseconds
   * @param {{glides: boolean, rate: number}} how whether cars glide, and the rate of service time
   */
  take(cars, now, { glides, rate }) {
    if (this.heard !== null) {
      const gap = Math.min(5000, Math.max(USUAL_MIN, now - this.heard));
      this.period += (gap - this.period) * 0.3;
    }
    const isLate = this.heard === null || now - this.heard > 5000;
    this.heard = now;
    this.rate = rate;
    /** @type {Map<number, Mover>} */
    const next = new Map();
    for (const car of cars) {
      if (next.has(car.id)) {
        // Two cars that share a number (one day in three hundred, with 5,000 cars): drawn, but not joined.
        next.set(-1 - next.size, this.#begin(car, now));
        continue;
      }
      const known = isLate ? undefined : this.movers.get(car.id);
      next.set(car.id, known === undefined ? this.#begin(car, now) : this.#goOn(known, car, now, glides));
    }
    this.movers = next;
  }

  /** @param {Car} car @param {number} now @returns {Mover} */
  #begin(car, now) {
    const spot = mercator(car.lon, car.lat);
    return {
      leg: planLeg(spot, car.heading, spot, car.heading, now, 1),
      state: car.state,
      lon: car.lon,
      lat: car.lat,
      changed: now,
      usual: this.period,
      trail: [{ x: spot[0], y: spot[1], at: now }],
    };
  }

  /** @param {Mover} mover @param {Car} car @param {number} now @param {boolean} glides @returns {Mover} */
  #goOn(mover, car, now, glides) {
    mover.state = car.state;
    if (car.lon === mover.lon && car.lat === mover.lat) return mover;
    const since = now - mover.changed;
    // A long rest says nothing about the pace of reports.
    if (since <= USUAL_MAX) mover.usual += (since - mover.usual) * 0.4;
    const at = placeOn(mover.leg, now);
    const spot = mercator(car.lon, car.lat);
    const isFar = distance([at.x, at.y], spot) * metresPerUnit(spot[1]) > JUMP_METRES;
    if (isFar || !glides) return { ...this.#begin(car, now), usual: mover.usual };
    const lasts = Math.min(USUAL_MAX, Math.max(USUAL_MIN, mover.usual)) * SLACK;
    const leg = planLeg([at.x, at.y], at.heading, spot, car.heading, now, lasts);
    // What was planned and not driven is taken back.
    const driven = mover.trail.filter((point) => point.at < now);
    if (!isStraight(driven, at, leg)) driven.push({ x: at.x, y: at.y, at: now });
    if (leg.headings[1] !== leg.headings[2]) driven.push({ x: leg.c[0], y: leg.c[1], at: now + lasts * leg.share });
    driven.push({ x: spot[0], y: spot[1], at: now + lasts });
    mover.trail = driven.slice(-TRAIL_POINTS);
    mover.leg = leg;
    mover.changed = now;
    mover.lon = car.lon;
    mover.lat = car.lat;
    return mover;
  }
}
