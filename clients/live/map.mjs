// @ts-check
// The map of the city with its overlay of cars; null in a browser that cannot draw it.

import { Fleet } from './fleet.mjs';
import { cityStyle, FIRST_ZOOM } from './style.mjs';

/** @typedef {import('./motion.mjs').Motion} Motion */
/** @typedef {import('./style.mjs').Theme} Theme */

/** Read a colour of the style sheet. @param {string} name @returns {[number, number, number]} */
function colour(name) {
  const hex = getComputedStyle(document.documentElement).getPropertyValue(name).trim();
  return /** @type {[number, number, number]} */ ([1, 3, 5].map((at) => parseInt(hex.slice(at, at + 2), 16) / 255));
}

/** Room that the columns and the attribution take from the map, so that the city stands between them. */
function padding() {
  const gap = 12;
  const [area, attribution] = ['map-area', 'attribution'].map((id) => document.getElementById(id)?.getBoundingClientRect());
  const bottom = area && attribution && window.innerHeight > 700 ? area.bottom - attribution.top + gap : gap;
  if (!window.matchMedia('(min-width: 1024px)').matches) return { top: gap, bottom, left: gap, right: gap };
  const [start, end] = ['start', 'end'].map((id) => document.getElementById(id)?.getBoundingClientRect().width ?? 0);
  const isRightToLeft = document.documentElement.dir === 'rtl';
  return { top: gap, bottom, left: (isRightToLeft ? end : start) + 8, right: (isRightToLeft ? start : end) + 8 };
}

/** @returns {boolean} */
function hasWebGl() {
  try {
    return document.createElement('canvas').getContext('webgl2') !== null;
  } catch {
    return false;
  }
}

/** The map. */
export class CityMap {
  /** @param {any} map @param {Fleet} fleet @param {any} city @param {Theme} theme */
  constructor(map, fleet, city, theme) {
    this.map = map;
    this.fleet = fleet;
    this.city = city;
    this.theme = theme;
    /** @type {Map<string, number>} */
    this.waiting = new Map();
    /** @type {Promise<any> | null} */
    this.zones = null;
    /** @type {string | null} */
    this.chosen = null;
    this.isReady = false;
    // Tints and outlines can only be set on a style that has been read.
    map.on('style.load', () => {
      this.isReady = true;
      const queues = this.waiting;
      this.waiting = new Map();
      this.setQueues([...queues].map(([zone, waiting]) => ({ code: zone, waiting })));
      this.#mark();
    });
    this.#paint();
  }

  /**
   * Make the map, or find that this browser cannot.
   * @param {HTMLElement} container @param {any} city the answer of /public/v1/city
   * @param {{theme: Theme, motion: Motion, label: string}} how
   * @returns {Promise<CityMap | null>}
   */
  static async make(container, city, { theme, motion, label }) {
    if (!hasWebGl()) return null;
    try {
      const maplibre = await import('../vendor/maplibre-gl.mjs');
      const [west, south, east, north] = city.bounds;
      const map = new maplibre.Map({
        container,
        style: cityStyle(new URL(city.tiles, window.location.href).href.replaceAll('%7B', '{').replaceAll('%7D', '}'), theme, ''),
        bounds: [[west, south], [east, north]],
        fitBoundsOptions: { padding: padding() },
        attributionControl: false,
        minZoom: 7,
        maxZoom: 18,
        maxPitch: 0,
        pitchWithRotate: false,
        renderWorldCopies: false,
        fadeDuration: 150,
        hash: true,
        locale: { 'Map.Title': label },
        // The pages scroll past the map with one finger or the wheel on small screens.
        cooperativeGestures: false,
      });
      map.touchPitch?.disable();
      // Below its first zoom the map is empty: only a city too large for this window goes there.
      const fit = map.cameraForBounds([[west, south], [east, north]], { padding: padding() });
      map.setMinZoom((fit?.zoom ?? FIRST_ZOOM) > FIRST_ZOOM - 0.4 ? FIRST_ZOOM : 7);
      return new CityMap(map, new Fleet(map, motion), city, theme);
    } catch (error) {
      // No vendor files, or no memory for the graphics: the figures go on without the map.
      console.warn('The map cannot be drawn.', error);
      container.replaceChildren();
      return null;
    }
  }

  #paint() {
    this.fleet.repaint({
      cars: [colour('--free'), colour('--to-pickup'), colour('--on-trip'), colour('--other')],
      edge: colour('--car-edge'),
      rider: colour('--rider'),
      glow: Number(getComputedStyle(document.documentElement).getPropertyValue('--glow')),
    });
  }

  /** @param {Theme} theme */
  setTheme(theme) {
    if (theme !== this.theme) {
      this.theme = theme;
      this.map.setStyle(cityStyle(this.map.getStyle().sources.city.tiles[0], theme, ''), { diff: true });
      this.#mark();
    }
    this.#paint();
  }

  /** Tint zones by their queues. @param {{code: string, waiting: number}[]} zones */
  setQueues(zones) {
    const next = new Map(zones.map(({ code, waiting }) => [code, waiting]));
    for (const code of this.isReady ? new Set([...next.keys(), ...this.waiting.keys()]) : []) {
      const waiting = next.get(code) ?? 0;
      if (waiting !== (this.waiting.get(code) ?? 0)) {
        this.map.setFeatureState({ source: 'city', sourceLayer: 'zones', id: code }, { waiting });
      }
    }
    this.waiting = next;
  }

  #mark() {
    if (this.isReady) this.map.setFilter('chosen', ['==', ['get', 'code'], this.chosen ?? '']);
  }

  /** Outline a zone and go there; the same zone again lets it go. @param {string} code @returns {Promise<void>} */
  async choose(code) {
    this.chosen = this.chosen === code ? null : code;
    this.#mark();
    if (this.chosen === null) return this.showAll();
    this.zones ??= fetch(this.city.zones).then((answer) => answer.json());
    const zones = await this.zones.catch(() => null);
    const zone = zones?.features?.find((/** @type {any} */ feature) => feature.properties?.code === code);
    if (zone === undefined || this.chosen !== code) return undefined;
    const points = zone.geometry.coordinates.flat(Infinity);
    const axis = (/** @type {number} */ from) => points.filter((/** @type {number} */ _, /** @type {number} */ i) => i % 2 === from);
    const [lons, lats] = [axis(0), axis(1)];
    this.#go([[Math.min(...lons), Math.min(...lats)], [Math.max(...lons), Math.max(...lats)]], 15);
    return undefined;
  }

  /** Go back to the whole city. */
  showAll() {
    const [west, south, east, north] = this.city.bounds;
    this.#go([[west, south], [east, north]], 18);
  }

  /** @param {[number, number][]} bounds @param {number} maxZoom */
  #go(bounds, maxZoom) {
    this.map.fitBounds(bounds, { padding: padding(), maxZoom, bearing: this.map.getBearing(), duration: this.fleet.glides ? 900 : 0 });
  }

  /** @param {1 | -1} steps */
  zoom(steps) {
    this.map.easeTo({ zoom: this.map.getZoom() + steps, duration: this.fleet.glides ? 250 : 0 });
  }

  /** @param {string} label */
  setLabel(label) {
    this.map.getCanvas().setAttribute('aria-label', label);
  }

  /** @param {[number, number, number][]} riders */
  setRiders(riders) {
    this.fleet.riders = riders;
  }
}
