// @ts-check
// Reads the cars' frame; the layout is in docs/reference/live_public.md.

/**
 * One car as the public sees it.
 * @typedef {object} Car
 * @property {number} id session number
 * @property {number} lon longitude, degrees
 * @property {number} lat latitude, degrees
 * @property {number} heading radians clockwise from north, 0 to 2π
 * @property {number} state 0 free, 1 to a pick-up, 2 with a rider, 3 other
 */

/**
 * @typedef {object} CarsFrame
 * @property {number} at service time, epoch seconds
 * @property {number} rate service seconds in a wall second
 * @property {Car[]} cars
 */

const HEADER_BYTES = 20;
const CAR_BYTES = 14;
const MAGIC = 0x314e484b; // "KHN1", read as a little-endian number

/**
 * Read a frame of cars.
 * @param {ArrayBuffer} buffer
 * @returns {CarsFrame | null} null when it is not a whole frame of this kind
 */
export function readCars(buffer) {
  const view = new DataView(buffer);
  if (buffer.byteLength < HEADER_BYTES || view.getUint32(0, true) !== MAGIC) return null;
  const count = view.getUint32(4, true);
  if (buffer.byteLength !== HEADER_BYTES + count * CAR_BYTES) return null;
  /** @type {Car[]} */
  const cars = [];
  for (let at = HEADER_BYTES; at < buffer.byteLength; at += CAR_BYTES) {
    const lon = view.getInt32(at + 4, true) / 1e6;
    const lat = view.getInt32(at + 8, true) / 1e6;
    // Web Mercator ends near 85 degrees; nobody drives there.
    if (Math.abs(lon) > 180 || Math.abs(lat) > 85) continue;
    cars.push({
      id: view.getUint32(at, true),
      lon,
      lat,
      heading: (view.getUint8(at + 12) * Math.PI) / 128,
      state: Math.min(3, view.getUint8(at + 13)),
    });
  }
  return { at: view.getFloat64(8, true), rate: view.getFloat32(16, true), cars };
}
