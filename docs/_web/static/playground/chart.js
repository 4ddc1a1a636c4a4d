/* A chart as SVG: axes with a grid, and lines in them. It is as wide as its place. */

/** @typedef {[number, number]} Range */

const MARGIN = { left: 52, right: 20, top: 10, bottom: 42 };

/**
 * Make an element of SVG.
 * @param {string} name @param {Record<string, string | number>} [attributes] @param {string} [text]
 */
export function svg(name, attributes = {}, text = "") {
  const element = document.createElementNS("http://www.w3.org/2000/svg", name);
  for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, String(value));
  if (text) element.textContent = text;
  return element;
}

/**
 * Return round numbers within a range: multiples of 1, 2 or 5 times a power of ten.
 * @param {Range} range @param {number} most
 */
export function ticks([low, high], most) {
  const rough = (high - low) / most;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = power * ([1, 2, 5, 10].find((factor) => factor * power >= rough) ?? 10);
  const first = Math.ceil(low / step);
  const count = Math.floor(high / step + 1e-9) - first + 1;
  return Array.from({ length: count }, (_, i) => Number(((first + i) * step).toPrecision(12)));
}

/**
 * Return powers of ten within a range; where there are few, 2 and 5 times them as well.
 * @param {Range} range @param {number} most
 */
export function logTicks([low, high], most) {
  const from = Math.floor(Math.log10(low) + 1e-9);
  const to = Math.ceil(Math.log10(high) - 1e-9);
  const each = Math.max(1, Math.ceil((to - from) / most));
  const factors = Math.log10(high / low) <= 2 ? [1, 2, 5] : [1];
  const found = [];
  for (let power = from; power <= to; power += each) {
    for (const factor of factors) found.push(Number((factor * 10 ** power).toPrecision(6)));
  }
  return found.filter((value) => value >= low * 0.999 && value <= high * 1.001);
}

/** @param {number} value a short number: 5,000, 0.002 or 10³⁰ */
export function short(value) {
  const size = Math.abs(value);
  if (size === 0 || (size >= 1e-4 && size < 1e6)) return sign(value.toLocaleString("en", { maximumSignificantDigits: 4 }));
  const [digits = "", power = ""] = value.toExponential(1).split("e");
  const raised = [...String(Number(power))].map((digit) => "⁰¹²³⁴⁵⁶⁷⁸⁹"[Number(digit)] ?? "⁻").join("");
  return sign(digits === "1.0" ? `10${raised}` : `${digits}·10${raised}`);
}

/** @param {string} text */
const sign = (text) => text.replace("-", "−");

/** Axes with a grid; `lines` are drawn within them. */
export class Chart {
  /**
   * @param {SVGSVGElement} place
   * @param {{x: string, y: string, isLog?: boolean, onResize: () => void}} options
   */
  constructor(place, { x, y, isLog = false, onResize }) {
    this.place = place;
    this.labels = { x, y };
    this.isLog = isLog;
    /** @type {Range} */
    this.xRange = [0, 1];
    /** @type {Range} */
    this.yRange = isLog ? [1, 10] : [0, 1];
    this.width = this.height = 0;
    this.axes = svg("g", { "aria-hidden": "true" });
    const clip = svg("clipPath", { id: `${place.id}-inside` });
    this.inside = clip.appendChild(svg("rect"));
    this.lines = svg("g", { "clip-path": `url(#${place.id}-inside)` });
    place.append(clip, this.axes, this.lines);
    this.#measure();
    new ResizeObserver(() => {
      if (this.#measure()) onResize();
    }).observe(place);
  }

  #measure() {
    const { clientWidth: width, clientHeight: height } = this.place;
    if (width === this.width && height === this.height) return false;
    this.width = width;
    this.height = height;
    this.place.setAttribute("viewBox", `0 0 ${width} ${height}`);
    const box = { x: MARGIN.left, y: MARGIN.top, width: this.innerWidth, height: this.#innerHeight };
    for (const [key, value] of Object.entries(box)) this.inside.setAttribute(key, String(value));
    this.#drawAxes();
    return true;
  }

  get innerWidth() {
    return Math.max(this.width - MARGIN.left - MARGIN.right, 10);
  }

  get #innerHeight() {
    return Math.max(this.height - MARGIN.top - MARGIN.bottom, 10);
  }

  /** @param {Range} xRange @param {Range} yRange */
  setRanges(xRange, yRange) {
    if (`${this.xRange}/${this.yRange}` === `${xRange}/${yRange}`) return;
    this.xRange = xRange;
    this.yRange = yRange;
    this.#drawAxes();
  }

  /** @param {number} value its place, from the left */
  x(value) {
    const [low, high] = this.xRange;
    return MARGIN.left + (this.innerWidth * (value - low)) / (high - low);
  }

  /** @param {number} value its place, from the top */
  y(value) {
    const [low, high] = this.yRange;
    const part = this.isLog
      ? Math.log(value / low) / Math.log(high / low)
      : (value - low) / (high - low);
    // What lies far outside is cut off; browsers draw no numbers without end.
    return MARGIN.top + this.#innerHeight * Math.min(Math.max(1 - part, -10), 10);
  }

  /** The value at a place of the window. @param {number} left @param {number} top @returns {Range} */
  valueAt(left, top) {
    const box = this.place.getBoundingClientRect();
    const across = (left - box.left - MARGIN.left) / this.innerWidth;
    const down = (top - box.top - MARGIN.top) / this.#innerHeight;
    const [[x0, x1], [y0, y1]] = [this.xRange, this.yRange];
    return [x0 + (x1 - x0) * across, y1 - (y1 - y0) * down];
  }

  #drawAxes() {
    const [bottom, right] = [MARGIN.top + this.#innerHeight, MARGIN.left + this.innerWidth];
    const parts = [];
    for (const value of ticks(this.xRange, this.width / 90)) {
      const x = this.x(value);
      parts.push(svg("line", { x1: x, x2: x, y1: MARGIN.top, y2: bottom, class: "grid" }));
      parts.push(svg("text", { x, y: bottom + 17, "text-anchor": "middle" }, short(value)));
    }
    const values = this.isLog ? logTicks : ticks;
    for (const value of values(this.yRange, this.height / 50)) {
      const y = this.y(value);
      parts.push(svg("line", { x1: MARGIN.left, x2: right, y1: y, y2: y, class: "grid" }));
      parts.push(svg("text", { x: MARGIN.left - 7, y: y + 4, "text-anchor": "end" }, short(value)));
    }
    const corner = `M${MARGIN.left} ${MARGIN.top}V${bottom}H${right}`;
    parts.push(svg("path", { d: corner, class: "axis" }));
    const middle = { x: (MARGIN.left + right) / 2, y: (MARGIN.top + bottom) / 2 };
    parts.push(svg("text", { x: middle.x, y: this.height - 6, "text-anchor": "middle" }, this.labels.x));
    const turn = `translate(13 ${middle.y}) rotate(-90)`;
    parts.push(svg("text", { transform: turn, "text-anchor": "middle" }, this.labels.y));
    this.axes.replaceChildren(...parts);
  }

  /** Write a line through points. @param {ArrayLike<number>} xs @param {ArrayLike<number>} ys */
  path(xs, ys) {
    let words = "";
    for (let i = 0; i < xs.length; i++) {
      words += `${i ? "L" : "M"}${this.x(xs[i] ?? 0).toFixed(1)} ${this.y(ys[i] ?? 0).toFixed(1)}`;
    }
    return words;
  }
}

/**
 * Return the least and the greatest of each stretch of a long row of losses, so that a line of them
 * has no more corners than the screen has columns.
 * @param {Float32Array} values @param {number} count how many of them there are
 * @param {number} total how many there will be @param {number} columns
 * @returns {{xs: number[], ys: number[]}}
 */
export function thinned(values, count, total, columns) {
  const stretch = Math.max(1, Math.ceil(total / columns));
  const [xs, ys] = [/** @type {number[]} */ ([]), /** @type {number[]} */ ([])];
  for (let from = 0; from < count; from += stretch) {
    const part = values.subarray(from, Math.min(from + stretch, count));
    let [low, high] = [0, 0];
    part.forEach((value, i) => {
      if (value < (part[low] ?? 0)) low = i;
      if (value > (part[high] ?? 0)) high = i;
    });
    for (const i of new Set([low, high].sort((a, b) => a - b))) {
      xs.push(from + i + 1);
      ys.push(part[i] ?? 0);
    }
  }
  return { xs, ys };
}
