// @ts-check
// A small line of the time just past: no axes, one point for now; the same in words for those who cannot see it.

const SVG = 'http://www.w3.org/2000/svg';
const WIDTH = 300;
const HEIGHT = 60;

/** @param {string} name @param {Record<string, string>} attributes */
function shape(name, attributes) {
  const made = document.createElementNS(SVG, name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  return made;
}

/**
 * Draw values into an element that has role="img".
 * @param {HTMLElement} into
 * @param {(number | null)[]} values oldest first; null where there is none
 * @param {{what: string, say: (key: string, values: Record<string, string | number>) => string, write: (value: number) => string}} words
 */
export function drawChart(into, values, { what, say, write }) {
  const known = /** @type {number[]} */ (values.filter((value) => value !== null && Number.isFinite(value)));
  into.hidden = known.length < 2;
  if (into.hidden) return;
  const low = Math.min(...known);
  const high = Math.max(...known);
  const now = known[known.length - 1];
  into.setAttribute('aria-label', say('chart', { what, low: write(low), high: write(high), now: write(now) }));
  // A flat hour must look flat, and not like a mountain range of one second.
  const span = Math.max(high - low, Math.abs(high) * 0.12, 1);
  const floor = (low + high - span) / 2;
  const y = (/** @type {number} */ value) => HEIGHT * (0.92 - 0.84 * ((value - floor) / span));
  const step = WIDTH / (values.length - 1);
  // A minute in which no car arrived has no mean wait: the line goes on to the next that has one.
  const spots = values.flatMap((value, i) => (value === null ? [] : [[i * step, y(value)]]));
  const line = `M${spots.map(([x, at]) => `${x.toFixed(1)} ${at.toFixed(1)}`).join('L')}`;
  const area = `${line}L${spots[spots.length - 1][0].toFixed(1)} ${HEIGHT}L${spots[0][0].toFixed(1)} ${HEIGHT}Z`;
  const image = shape('svg', { viewBox: `0 0 ${WIDTH} ${HEIGHT}`, preserveAspectRatio: 'none', 'aria-hidden': 'true', focusable: 'false' });
  image.append(shape('path', { class: 'area', d: area }), shape('path', { class: 'line', d: line }));
  const dot = document.createElement('span');
  dot.className = 'now';
  dot.style.setProperty('--now', String(y(now) / HEIGHT));
  dot.style.setProperty('--when', String(spots[spots.length - 1][0] / WIDTH));
  into.replaceChildren(image, dot);
}
