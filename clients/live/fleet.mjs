// @ts-check
// Draws cars, the light they leave behind, and waiting riders on a canvas of its own above the map.
//
// A canvas of its own, because a layer inside the map would make the whole map be drawn again for
// every frame. Legs and trails go to the graphics card when a frame of cars arrives; between frames
// only the time changes, and the shaders do the gliding.

import { mercator, TRAIL_POINTS } from './motion.mjs';

/** @typedef {import('./motion.mjs').Motion} Motion */
/** @typedef {import('./motion.mjs').Mover} Mover */
/** @typedef {[number, number, number]} Colour red, green, blue, 0 to 1 */

/**
 * How the overlay looks in a theme.
 * @typedef {object} Paint
 * @property {[Colour, Colour, Colour, Colour]} cars one for each state
 * @property {Colour} edge outline of a car
 * @property {Colour} rider
 * @property {number} glow strength of the halo, 0 to 1
 */

const CAR_FLOATS = 13;
const TRAIL_FLOATS = 6;
const RIDER_FLOATS = 4;
const TRAIL_SECONDS_MIN = 2.5;
const TRAIL_SECONDS_MAX = 30;

const PROJECT = `
uniform vec2 anchor, turnScale, view;
vec4 onScreen(vec2 world) {
  vec2 px = anchor + vec2(world.x * turnScale.x + world.y * turnScale.y, world.y * turnScale.x - world.x * turnScale.y);
  return vec4(px.x * 2. / view.x - 1., 1. - px.y * 2. / view.y, 0., 1.);
}`;

const CAR_VERTEX = `#version 300 es
precision highp float;
${PROJECT}
uniform float now, size, bearing, reach;
in vec4 ac; in vec2 b; in vec3 timing; in vec4 headings;
flat out vec3 pose; out float pixel;
void main() {
  float t = clamp((now - timing.x) / timing.y, 0., 1.), share = timing.z;
  vec2 spot = t < share ? mix(ac.xy, ac.zw, t / share)
                        : mix(ac.zw, b, share < 1. ? (t - share) / (1. - share) : 1.);
  float heading = headings.x + (headings.y - headings.x) * smoothstep(0., .12, t)
                + (headings.z - headings.y) * smoothstep(share - .07, share + .07, t) - bearing;
  gl_Position = onScreen(spot);
  gl_PointSize = size * 3.2 * reach;
  pixel = 1. / (size * 1.6);
  pose = vec3(cos(heading), sin(heading), headings.w);
}`;

// A car is a rounded bar seen from above, nose up. Each state has its own shape as well as its own
// colour: hollow, with a nose, solid with a passenger, a small dot.
const CAR_FRAGMENT = `#version 300 es
precision highp float;
uniform highp float reach; uniform vec3 colours[4], edge; uniform float glow;
flat in vec3 pose; in float pixel; out vec4 paint;
float bar(vec2 p, float half_, float back, float nose) {
  float h = clamp(p.y / (2. * half_) + .5, 0., 1.);
  return length(p - vec2(0., mix(-half_, half_, h))) - mix(back, nose, h);
}
void main() {
  vec2 q = (gl_PointCoord * 2. - 1.) * reach;
  vec2 p = vec2(q.x * pose.x + q.y * pose.y, q.x * pose.y - q.y * pose.x);
  int state = int(pose.z + .5);
  vec3 colour = colours[state];
  float d = state == 3 ? length(p) - .17 : state == 1 ? bar(p, .19, .18, .075) : bar(p, .155, .155, .145);
  float inside = clamp(.5 - d / pixel, 0., 1.);
  float rim = clamp(.5 - (d - 1.25 * pixel) / pixel, 0., 1.);
  float core = state == 0 ? clamp(.5 - (d + .105) / pixel, 0., 1.)
             : state == 2 ? clamp(.5 - (length(p) - .062) / pixel, 0., 1.) : 0.;
  // A shape only shows when it has room; a small car is plain colour.
  core *= clamp((.085 - pixel) / .03, 0., 1.);
  vec3 body = mix(colour, state == 2 ? vec3(1.) : edge, core * .92);
  float alpha = max(inside, rim * .85);
  vec3 lit = mix(edge * rim * .85, body, inside);
  float near = max(0., 1. - length(p) / reach);
  float halo = glow * (state == 3 ? .25 : 1.) * near * near * sqrt(near) * (1. - alpha);
  paint = vec4(lit + colour * halo, alpha + halo * .55);
}`;

const TRAIL_VERTEX = `#version 300 es
precision highp float;
${PROJECT}
uniform float now, lasts, width;
in vec2 spot, side; in vec2 stamp;
out float age; flat out int state;
void main() {
  age = (now - stamp.x) / lasts;
  state = int(stamp.y + .5);
  gl_Position = onScreen(spot);
  vec2 across = vec2(side.x * turnScale.x + side.y * turnScale.y, side.y * turnScale.x - side.x * turnScale.y) / length(turnScale);
  gl_Position.xy += across * max(width * clamp(1.1 - age, .15, 1.), .9) * vec2(2., -2.) / view;
}`;

const TRAIL_FRAGMENT = `#version 300 es
precision highp float;
uniform vec3 colours[4]; uniform float strength;
in float age; flat in int state; out vec4 paint;
void main() {
  if (age < 0. || age > 1. || state == 3) discard;
  float alpha = strength * pow(1. - age, 1.6);
  paint = vec4(colours[state] * alpha, alpha);
}`;

const RIDER_VERTEX = `#version 300 es
precision highp float;
${PROJECT}
uniform float ratio;
in vec2 spot, about;
flat out vec2 shape; out float pixel;
void main() {
  float radius = (3.2 + 1.7 * sqrt(about.x)) * ratio;
  gl_Position = onScreen(spot);
  gl_PointSize = radius * 7.;
  pixel = 2. / (radius * 7.);
  shape = vec2(2. / 7., about.y);
}`;

const RIDER_FRAGMENT = `#version 300 es
precision highp float;
uniform vec3 rider, edge; uniform float now, pulse;
flat in vec2 shape; in float pixel; out vec4 paint;
void main() {
  float r = length(gl_PointCoord * 2. - 1.);
  float ring = clamp(.5 - (abs(r - shape.x + 1.2 * pixel) - 1.1 * pixel) / pixel, 0., 1.);
  float disc = clamp(.5 - (r - shape.x) / pixel, 0., 1.);
  float beat = fract(now * .45 + shape.y);
  float wave = pulse * (1. - beat) * clamp(.5 - (abs(r - mix(shape.x, .95, beat)) - pixel) / pixel, 0., 1.);
  float alpha = max(max(ring, disc * .38), wave * .75);
  paint = vec4(rider * alpha, alpha);
}`;

/** The overlay. Throws when the browser gives no WebGL 2. */
export class Fleet {
  /**
   * @param {any} map a MapLibre map without pitch
   * @param {Motion} motion
   */
  constructor(map, motion) {
    this.map = map;
    this.motion = motion;
    /** @type {[number, number, number][]} */
    this.riders = [];
    /** @type {Paint} */
    this.paint = { cars: [[0, 1, 0], [1, 1, 0], [0, 0, 1], [0.5, 0.5, 0.5]], edge: [0, 0, 0], rider: [1, 0, 0], glow: 0 };
    this.glides = true;
    this.origin = map.getCenter();
    this.epoch = 0;
    this.until = 0;
    this.waiting = 0;
    this.canvas = document.createElement('canvas');
    this.canvas.className = 'fleet';
    this.canvas.setAttribute('aria-hidden', 'true');
    map.getCanvasContainer().append(this.canvas);
    const gl = this.canvas.getContext('webgl2', { antialias: false, powerPreference: 'low-power' });
    if (gl === null) throw new Error('WebGL 2 is not there');
    this.gl = gl;
    this.#prepare();
    this.canvas.addEventListener('webglcontextlost', (event) => event.preventDefault());
    this.canvas.addEventListener('webglcontextrestored', () => {
      this.#prepare();
      this.refresh();
    });
    map.on('resize', () => this.#fit());
    // While the map moves, cars are drawn with it and not in a frame of their own: no swimming.
    map.on('render', () => this.#draw());
    this.#fit();
  }

  #prepare() {
    const { gl } = this;
    this.cars = program(gl, CAR_VERTEX, CAR_FRAGMENT, [['ac', 4], ['b', 2], ['timing', 3], ['headings', 4]]);
    this.trails = program(gl, TRAIL_VERTEX, TRAIL_FRAGMENT, [['spot', 2], ['side', 2], ['stamp', 2]]);
    this.dots = program(gl, RIDER_VERTEX, RIDER_FRAGMENT, [['spot', 2], ['about', 2]]);
    this.indices = gl.createBuffer();
    this.counts = { cars: 0, dots: 0, trails: 0 };
    gl.enable(gl.BLEND);
    gl.blendFunc(gl.ONE, gl.ONE_MINUS_SRC_ALPHA);
  }

  #fit() {
    const box = this.map.getContainer();
    this.ratio = Math.min(2, window.devicePixelRatio || 1);
    this.canvas.width = Math.round(box.clientWidth * this.ratio);
    this.canvas.height = Math.round(box.clientHeight * this.ratio);
    this.#draw();
  }

  /** Take the motion and riders as they are now to the graphics card, and keep drawing while something moves. */
  refresh() {
    const now = performance.now();
    this.epoch = now;
    this.origin = this.map.getCenter();
    const [ox, oy] = mercator(this.origin.lng, this.origin.lat);
    const movers = [...this.motion.movers.values()];
    const cars = new Float32Array(movers.length * CAR_FLOATS);
    this.until = now + (this.glides && this.riders.length ? 3000 : 0);
    movers.forEach(({ leg, state }, i) => {
      const { a, b, c, headings } = leg;
      cars.set([a[0] - ox, a[1] - oy, c[0] - ox, c[1] - oy, b[0] - ox, b[1] - oy], i * CAR_FLOATS);
      cars.set([(leg.start - now) / 1000, leg.lasts / 1000, leg.share, ...headings, state], i * CAR_FLOATS + 6);
      this.until = Math.max(this.until, leg.start + leg.lasts);
    });
    const dots = new Float32Array(this.riders.length * RIDER_FLOATS);
    this.riders.forEach(([lon, lat, riders], i) => {
      const [x, y] = mercator(lon, lat);
      // The beat begins at another moment at each corner, and at the same one in the next frame.
      dots.set([x - ox, y - oy, riders, Math.abs((lon * 7919 + lat * 104729) % 1)], i * RIDER_FLOATS);
    });
    const { gl } = this;
    upload(gl, this.cars, cars);
    upload(gl, this.dots, dots);
    const { vertices, indices } = trailMesh(this.glides ? movers : [], ox, oy, now, this.#trailSeconds() * 1000);
    upload(gl, this.trails, vertices);
    gl.bindVertexArray(this.trails.array);
    gl.bindBuffer(gl.ELEMENT_ARRAY_BUFFER, this.indices);
    gl.bufferData(gl.ELEMENT_ARRAY_BUFFER, indices, gl.DYNAMIC_DRAW);
    gl.bindVertexArray(null);
    this.counts = { cars: movers.length, dots: this.riders.length, trails: indices.length };
    this.until += this.#trailSeconds() * 1000;
    if (!this.waiting) this.#loop();
  }

  #trailSeconds() {
    // About 600 m of a driving car; less of it near by, where 600 m would fill the screen.
    const nearness = Math.min(1, Math.max(0.35, 2 ** ((12 - this.map.getZoom()) / 2)));
    return Math.min(TRAIL_SECONDS_MAX, Math.max(TRAIL_SECONDS_MIN, (80 / this.motion.rate) * nearness));
  }

  #loop() {
    this.waiting = requestAnimationFrame(() => {
      this.waiting = 0;
      if (!this.map.isMoving()) this.#draw();
      if (performance.now() < this.until) this.#loop();
    });
  }

  #draw() {
    const { gl, map, canvas, ratio, paint } = this;
    if (gl.isContextLost()) return;
    const bearing = (map.getBearing() * Math.PI) / 180;
    const scale = 512 * 2 ** map.getZoom() * ratio;
    const anchor = map.project(this.origin);
    const now = (performance.now() - this.epoch) / 1000;
    const size = carLength(map.getZoom()) * ratio;
    gl.viewport(0, 0, canvas.width, canvas.height);
    gl.clearColor(0, 0, 0, 0);
    gl.clear(gl.COLOR_BUFFER_BIT);
    for (const [layer, count] of /** @type {[Layer, number][]} */ ([
      [this.trails, this.counts.trails],
      [this.dots, this.counts.dots],
      [this.cars, this.counts.cars],
    ])) {
      if (count === 0) continue;
      const { at } = layer;
      gl.useProgram(layer.program);
      gl.bindVertexArray(layer.array);
      gl.uniform2f(at('anchor'), anchor.x * ratio, anchor.y * ratio);
      gl.uniform2f(at('turnScale'), scale * Math.cos(bearing), scale * Math.sin(bearing));
      gl.uniform2f(at('view'), canvas.width, canvas.height);
      gl.uniform1f(at('now'), now);
      gl.uniform3fv(at('colours'), paint.cars.flat());
      gl.uniform3fv(at('edge'), paint.edge);
      if (layer === this.trails) {
        gl.uniform1f(at('lasts'), this.#trailSeconds());
        gl.uniform1f(at('width'), Math.max(0.9 * ratio, size * 0.17));
        gl.uniform1f(at('strength'), paint.glow > 0 ? 0.85 : 0.6);
        gl.drawElements(gl.TRIANGLES, count, gl.UNSIGNED_INT, 0);
      } else if (layer === this.dots) {
        gl.uniform3fv(at('rider'), paint.rider);
        gl.uniform1f(at('ratio'), ratio);
        gl.uniform1f(at('pulse'), this.glides ? 1 : 0);
        gl.drawArrays(gl.POINTS, 0, count);
      } else {
        gl.uniform1f(at('size'), size);
        gl.uniform1f(at('bearing'), bearing);
        gl.uniform1f(at('glow'), paint.glow);
        // Without a halo a car needs far less of the screen to be painted.
        const halo = Math.min(0.86, Math.max(0.6, 0.6 + (map.getZoom() - 11.5) * 0.13));
        gl.uniform1f(at('reach'), paint.glow > 0 ? halo : 0.46);
        gl.drawArrays(gl.POINTS, 0, count);
      }
    }
    gl.bindVertexArray(null);
  }

  /** Draw once with another look. @param {Paint} paint */
  repaint(paint) {
    this.paint = paint;
    this.#draw();
  }
}

/**
 * @typedef {object} Layer
 * @property {WebGLProgram} program
 * @property {WebGLVertexArrayObject} array
 * @property {WebGLBuffer} buffer
 * @property {(name: string) => WebGLUniformLocation | null} at
 */

/**
 * Compile a pair of shaders and lay out its one buffer.
 * @param {WebGL2RenderingContext} gl @param {string} vertex @param {string} fragment
 * @param {[string, number][]} layout attribute and its floats, in order
 * @returns {Layer}
 */
function program(gl, vertex, fragment, layout) {
  const made = gl.createProgram();
  for (const [kind, source] of /** @type {[number, string][]} */ ([[gl.VERTEX_SHADER, vertex], [gl.FRAGMENT_SHADER, fragment]])) {
    const shader = /** @type {WebGLShader} */ (gl.createShader(kind));
    gl.shaderSource(shader, source);
    gl.compileShader(shader);
    gl.attachShader(made, shader);
    if (!gl.getShaderParameter(shader, gl.COMPILE_STATUS) && !gl.isContextLost()) throw new Error(gl.getShaderInfoLog(shader) ?? '');
  }
  gl.linkProgram(made);
  if (!gl.getProgramParameter(made, gl.LINK_STATUS) && !gl.isContextLost()) throw new Error(gl.getProgramInfoLog(made) ?? '');
  const array = gl.createVertexArray();
  const buffer = gl.createBuffer();
  gl.bindVertexArray(array);
  gl.bindBuffer(gl.ARRAY_BUFFER, buffer);
  const stride = 4 * layout.reduce((sum, [, floats]) => sum + floats, 0);
  let offset = 0;
  for (const [name, floats] of layout) {
    const place = gl.getAttribLocation(made, name);
    gl.enableVertexAttribArray(place);
    gl.vertexAttribPointer(place, floats, gl.FLOAT, false, stride, offset);
    offset += 4 * floats;
  }
  gl.bindVertexArray(null);
  /** @type {Map<string, WebGLUniformLocation | null>} */
  const places = new Map();
  const at = (/** @type {string} */ name) => {
    if (!places.has(name)) places.set(name, gl.getUniformLocation(made, name));
    return places.get(name) ?? null;
  };
  return { program: made, array, buffer, at };
}

/** @param {WebGL2RenderingContext} gl @param {Layer} layer @param {Float32Array} values */
function upload(gl, layer, values) {
  gl.bindBuffer(gl.ARRAY_BUFFER, layer.buffer);
  gl.bufferData(gl.ARRAY_BUFFER, values, gl.DYNAMIC_DRAW);
}

/** How long a car is drawn, in CSS pixels: readable from the whole city to one street. @param {number} zoom */
export function carLength(zoom) {
  return Math.min(30, Math.max(5, 9.5 * 2 ** ((zoom - 13) * 0.5)));
}

/**
 * Both edges of each car's trail, as triangles. Every vertex knows when the car was or will be
 * there; the shader shows what lies between now and a few seconds ago.
 * @param {Mover[]} movers @param {number} ox @param {number} oy @param {number} now wall milliseconds
 * @param {number} lasts milliseconds that a trail is seen
 * @returns {{vertices: Float32Array, indices: Uint32Array}}
 */
function trailMesh(movers, ox, oy, now, lasts) {
  const vertices = new Float32Array(movers.length * TRAIL_POINTS * 2 * TRAIL_FLOATS);
  const indices = new Uint32Array(movers.length * (TRAIL_POINTS - 1) * 6);
  let filled = 0;
  let joined = 0;
  for (const { trail, state } of movers) {
    const last = trail.length - 1;
    // A resting car has left no light, and what has gone out is not drawn.
    if (last < 1 || trail[last].at < now - lasts) continue;
    let first = 0;
    while (first < last && trail[first + 1].at < now - lasts) first += 1;
    for (let k = first; k <= last; k++) {
      const point = trail[k];
      const before = trail[Math.max(first, k - 1)];
      const after = trail[Math.min(last, k + 1)];
      const [dx, dy] = [after.x - before.x, after.y - before.y];
      const length = Math.hypot(dx, dy) || 1;
      const v = filled / TRAIL_FLOATS;
      for (const sign of [1, -1]) {
        vertices[filled] = point.x - ox;
        vertices[filled + 1] = point.y - oy;
        vertices[filled + 2] = (-dy / length) * sign;
        vertices[filled + 3] = (dx / length) * sign;
        vertices[filled + 4] = (point.at - now) / 1000;
        vertices[filled + 5] = state;
        filled += TRAIL_FLOATS;
      }
      if (k > first) {
        indices.set([v - 2, v - 1, v, v, v - 1, v + 1], joined);
        joined += 6;
      }
    }
  }
  return { vertices: vertices.subarray(0, filled), indices: indices.subarray(0, joined) };
}
