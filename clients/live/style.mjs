// @ts-check
// How the map looks: a MapLibre style drawn from our own tiles alone, by day and by night.
// The layers and their attributes are those of docs/reference/tiles.md. There is no sprite sheet and
// no glyph server: a text-font is the name of a font face in live.css.

/** @typedef {'day' | 'night'} Theme */

/** The lowest zoom that has tiles. */
export const FIRST_ZOOM = 10;

const LOOKS = {
  day: {
    beyond: '#d5e2e8', land: '#f7f5f0', green: '#d9e9cd', sand: '#f2e9d2', shore: '#b9d3df', water: '#b7d9ea', stream: '#a9cfe2', border: '#9fb3bd',
    casing: '#ddd6c9', roads: ['#ffdf9e', '#ffe6b3', '#fff0cf', '#ffffff', '#ffffff', '#ffffff', '#fbfaf7', '#e3dacb'],
    rail: '#c9c5bd', zone: '#8d97a3', heat: '#d6336c', text: '#4c5663', strong: '#1f2731', halo: '#fbfaf7', waterText: '#4a7b94', greenText: '#54734a', faint: 0.42,
  },
  night: {
    beyond: '#07101a', land: '#131a23', green: '#12271f', sand: '#1a1c1a', shore: '#2b5f84', water: '#0a1b2a', stream: '#12304a', border: '#33455a',
    casing: '#0b0f14', roads: ['#60718a', '#57677e', '#4c5a6f', '#425063', '#384454', '#2f3a48', '#29323e', '#212932'],
    rail: '#27303b', zone: '#7f92aa', heat: '#ff5c8d', text: '#8796a9', strong: '#c6d2e0', halo: '#0b0f14', waterText: '#4f7d9b', greenText: '#5f8571', faint: 0.26,
  },
};

/** Line widths by rank 1 to 8, in pixels at zooms 10, 12, 13, 14, 16 and 18. */
const WIDTHS = [
  [1.6, 2.6, 3.6, 5, 13, 30],
  [1.4, 2.3, 3.3, 4.6, 12, 28],
  [1.1, 1.8, 2.7, 4, 11, 26],
  [0.8, 1.4, 2.2, 3.3, 10, 24],
  [0.55, 1, 1.7, 2.8, 8.5, 21],
  [0.35, 0.7, 1.2, 2.2, 7, 18],
  [0, 0.3, 0.6, 1.1, 4.5, 12],
  [0, 0.2, 0.4, 0.7, 1.6, 3],
];
const ZOOMS = [10, 12, 13, 14, 16, 18];

/** A value for each rank. @param {(rank: number) => number | string} of */
const byRank = (of) => ['match', ['get', 'rank'], ...[1, 2, 3, 4, 5, 6, 7].flatMap((rank) => [rank, of(rank)]), of(8)];

/** Road width that grows with the zoom. @param {number} extra pixels on top, for a casing */
const roadWidth = (extra) => [
  'interpolate', ['exponential', 1.5], ['zoom'],
  ...ZOOMS.flatMap((zoom, i) => [zoom, byRank((rank) => WIDTHS[rank - 1][i] + (WIDTHS[rank - 1][i] && extra * (zoom > 14 ? 2.2 : 1.2)))]),
];

/** @param {...number} stops zoom, value, zoom, value... */
const grow = (...stops) => ['interpolate', ['linear'], ['zoom'], ...stops];

/**
 * The style of a city.
 * @param {string} tiles the address of the tiles, with {z}, {x} and {y}
 * @param {Theme} theme
 * @param {string} attribution
 * @returns {object} a MapLibre style, version 8
 */
export function cityStyle(tiles, theme, attribution) {
  const look = LOOKS[theme];
  /** @type {object[]} */
  const layers = [{ id: 'beyond', type: 'background', paint: { 'background-color': look.beyond } }];
  /** @param {string} id @param {string} type @param {string} from @param {object} rest */
  const add = (id, type, from, rest) => layers.push({ id, type, source: 'city', 'source-layer': from, ...rest });
  const label = { 'text-color': look.text, 'text-halo-color': look.halo, 'text-halo-width': 1.5 };

  add('land', 'fill', 'land', { paint: { 'fill-color': look.land } });
  add('shore', 'line', 'land', { layout: { 'line-join': 'round' }, paint: { 'line-color': look.shore, 'line-width': grow(10, 4, 14, 9), 'line-blur': grow(10, 3, 14, 7), 'line-opacity': 0.5 } });
  add('green', 'fill', 'green', { filter: ['!=', ['get', 'kind'], 'sand'], paint: { 'fill-color': look.green, 'fill-opacity': grow(10, 0.7, 13, 1) } });
  add('sand', 'fill', 'green', { filter: ['==', ['get', 'kind'], 'sand'], paint: { 'fill-color': look.sand } });
  add('water', 'fill', 'water', { filter: ['!=', ['get', 'line'], 1], paint: { 'fill-color': look.water } });
  add('stream', 'line', 'water', {
    filter: ['==', ['get', 'line'], 1], layout: { 'line-cap': 'round' },
    paint: { 'line-color': look.stream, 'line-width': grow(11, 0.6, 14, ['match', ['get', 'kind'], 'river', 4, 'canal', 3, 1.2], 18, ['match', ['get', 'kind'], 'river', 16, 'canal', 11, 4]) },
  });
  add('queues', 'fill', 'zones', {
    paint: {
      'fill-color': look.heat,
      'fill-opacity': ['interpolate', ['linear'], ['coalesce', ['feature-state', 'waiting'], 0], 0, 0, 1, 0.045, 6, 0.15, 15, 0.26],
    },
  });
  add('zones', 'line', 'zones', { paint: { 'line-color': look.zone, 'line-opacity': grow(10, look.faint * 0.35, 14, look.faint), 'line-width': grow(10, 0.5, 15, 1), 'line-dasharray': [3, 2] } });
  add('rail', 'line', 'rail', { minzoom: 11, filter: ['!=', ['get', 'tunnel'], 1], paint: { 'line-color': look.rail, 'line-width': grow(11, 0.5, 16, 1.8, 18, 3), 'line-dasharray': [4, 1.5] } });
  addRoads(add, look);
  add('boundary', 'line', 'boundary', { paint: { 'line-color': look.border, 'line-width': grow(10, 0.8, 14, 1.4), 'line-opacity': 0.8 } });
  add('chosen', 'line', 'zones', {
    filter: ['==', ['get', 'code'], ''], layout: { 'line-join': 'round' },
    paint: { 'line-color': look.heat, 'line-width': grow(10, 1.6, 15, 3) },
  });
  addLabels(add, look, label);
  return {
    version: 8,
    name: `city by ${theme}`,
    transition: { duration: 0 },
    sources: { city: { type: 'vector', tiles: [tiles], minzoom: FIRST_ZOOM, maxzoom: 15, attribution, promoteId: { zones: 'code' } } },
    layers,
  };
}

/** @param {(id: string, type: string, from: string, rest: object) => void} add @param {typeof LOOKS['day']} look */
function addRoads(add, look) {
  const order = { 'line-cap': 'round', 'line-join': 'round', 'line-sort-key': ['-', 0, ['get', 'rank']] };
  add('tunnels', 'line', 'roads', {
    filter: ['==', ['get', 'tunnel'], 1], layout: order,
    paint: { 'line-color': byRank((rank) => look.roads[rank - 1]), 'line-width': roadWidth(0), 'line-opacity': 0.4 },
  });
  for (const bridge of [false, true]) {
    const suffix = bridge ? '-bridge' : '';
    const filter = ['all', ['!=', ['get', 'tunnel'], 1], [bridge ? '==' : '!=', ['get', 'bridge'], 1]];
    add(`casing${suffix}`, 'line', 'roads', {
      minzoom: 12.5, filter: [...filter, ['<', ['get', 'rank'], 8]], layout: { ...order, 'line-cap': bridge ? 'butt' : 'round' },
      paint: { 'line-color': look.casing, 'line-width': roadWidth(1), 'line-opacity': grow(12.5, 0, 13.5, 1) },
    });
    add(`roads${suffix}`, 'line', 'roads', {
      filter, layout: order, paint: { 'line-color': byRank((rank) => look.roads[rank - 1]), 'line-width': roadWidth(0) },
    });
  }
}

/** @param {(id: string, type: string, from: string, rest: object) => void} add @param {typeof LOOKS['day']} look @param {object} label */
function addLabels(add, look, label) {
  add('road-names', 'symbol', 'roads', {
    minzoom: 12.5, filter: ['all', ['has', 'name'], ['<=', ['get', 'rank'], ['step', ['zoom'], 4, 14, 5, 15, 6, 16.5, 8]]],
    layout: { 'symbol-placement': 'line', 'symbol-spacing': 340, 'text-field': ['get', 'name'], 'text-font': ['Inter Medium'], 'text-size': grow(12, 10, 15, 11.5, 18, 14), 'text-padding': 6, 'text-max-angle': 35, 'symbol-sort-key': ['get', 'rank'] },
    paint: label,
  });
  add('water-names', 'symbol', 'water', {
    minzoom: 12, filter: ['has', 'name'],
    layout: { 'text-field': ['get', 'name'], 'text-font': ['Inter Medium'], 'text-size': 11.5, 'text-letter-spacing': 0.06, 'text-max-width': 7, 'symbol-placement': 'point' },
    paint: { 'text-color': look.waterText },
  });
  add('green-names', 'symbol', 'green', {
    minzoom: 14, filter: ['has', 'name'],
    layout: { 'text-field': ['get', 'name'], 'text-font': ['Inter Medium'], 'text-size': 11, 'text-max-width': 7, 'text-padding': 8 },
    paint: { ...label, 'text-color': look.greenText },
  });
  add('stations', 'symbol', 'places', {
    minzoom: 13.5, filter: ['==', ['get', 'kind'], 'station'],
    layout: { 'text-field': ['get', 'name'], 'text-font': ['Inter SemiBold'], 'text-size': 11, 'text-max-width': 8, 'text-padding': 6 },
    paint: { ...label, 'text-color': look.strong },
  });
  add('zone-names', 'symbol', 'places', {
    minzoom: 11.9, maxzoom: 16.5, filter: ['==', ['get', 'kind'], 'zone'],
    layout: { 'text-field': ['get', 'name'], 'text-font': ['Inter SemiBold'], 'text-size': grow(11.9, 9.5, 15, 13), 'text-max-width': 7, 'text-padding': 5, 'text-letter-spacing': 0.02 },
    paint: { ...label, 'text-opacity': grow(11.9, 0.75, 13.5, 1) },
  });
  add('quarters', 'symbol', 'places', {
    minzoom: 12, maxzoom: 16.5, filter: ['in', ['get', 'kind'], ['literal', ['suburb', 'village', 'quarter', 'neighbourhood', 'hamlet']]],
    layout: { 'text-field': ['get', 'name'], 'text-font': ['Inter SemiBold'], 'text-size': grow(12, 10.5, 16, 14), 'text-transform': 'uppercase', 'text-letter-spacing': 0.07, 'text-max-width': 8, 'text-padding': 10, 'symbol-sort-key': ['get', 'rank'] },
    paint: label,
  });
  add('towns', 'symbol', 'places', {
    maxzoom: 14.5, filter: ['in', ['get', 'kind'], ['literal', ['city', 'town']]],
    layout: { 'text-field': ['get', 'name'], 'text-font': ['Inter SemiBold'], 'text-size': grow(10, 14, 14, 20), 'text-max-width': 8 },
    paint: { ...label, 'text-color': look.strong, 'text-halo-width': 2 },
  });
}
