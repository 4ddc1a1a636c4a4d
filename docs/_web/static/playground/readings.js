/* The readings in the chart: marks that are dragged, and a ring around the chosen one, which the
   arrow keys move. */

import { svg } from "./chart.js";

/** @typedef {import("./chart.js").Chart} Chart */
/** @typedef {import("./settings.js").Reading} Reading */

const KEYS = /** @type {Record<string, [number, number]>} */ ({
  ArrowLeft: [-1, 0],
  ArrowRight: [1, 0],
  ArrowDown: [0, -1],
  ArrowUp: [0, 1],
});
const round = (/** @type {number} */ value) => Math.round(value * 10) / 10;

/** The marks in a chart. `readings` and `chosen` are set from outside; `draw` shows them. */
export class Marks {
  /**
   * @param {Chart} chart
   * @param {{choose: (row: number) => void, move: (row: number, u: number, c: number) => void,
   *   remove: () => void, hold: () => void}} acts
   */
  constructor(chart, acts) {
    this.chart = chart;
    this.acts = acts;
    /** @type {Reading[]} */
    this.readings = [];
    this.chosen = 0;
    /** @type {string[]} */
    this.kinds = [];
    /** @type {SVGElement[]} */
    this.shapes = [];
    this.marks = chart.place.appendChild(svg("g", { class: "marks" }));
    this.ring = svg("circle", { r: 13, class: "ring", tabindex: 0, role: "slider" });
    this.ring.addEventListener("keydown", (event) => this.#press(/** @type {KeyboardEvent} */ (event)));
    // A finger on a mark drags it; elsewhere it scrolls the page.
    this.marks.addEventListener("touchstart", (event) => event.preventDefault(), { passive: false });
    this.marks.addEventListener("pointerdown", (event) => this.#grab(/** @type {PointerEvent} */ (event)));
  }

  draw() {
    const { chart } = this;
    // A mark stays the same element while a finger moves it.
    const kinds = this.readings.map(({ held }) => (held ? "held" : "training"));
    if (kinds.join() !== this.kinds.join()) {
      this.kinds = kinds;
      this.shapes = kinds.map((kind, row) => {
        const mark = svg("g", { class: kind, "data-row": row });
        const square = () => svg("rect", { x: -6, y: -6, width: 12, height: 12 });
        mark.append(svg("circle", { r: 16, class: "grip" }));
        mark.append(kind === "held" ? square() : svg("circle", { r: 6.5 }));
        return mark;
      });
      // Nor does the ring leave the page, so that it keeps the focus.
      for (const old of [...this.marks.children]) if (old !== this.ring) old.remove();
      this.marks.prepend(...this.shapes);
    }
    this.readings.forEach(({ u, c }, row) => {
      this.shapes[row]?.setAttribute("transform", `translate(${chart.x(u)} ${chart.y(c)})`);
    });
    const reading = this.readings[this.chosen];
    if (!reading) this.ring.remove();
    else {
      const { u, c, held } = reading;
      if (!this.ring.isConnected) this.marks.append(this.ring);
      const [low, high] = chart.xRange;
      const words = `shows ${u} at ${c} °C, ${held ? "held out" : "learned from"}`;
      const attributes = {
        cx: chart.x(u),
        cy: chart.y(c),
        "aria-label": `Reading ${this.chosen + 1} of ${this.readings.length}; arrow keys move it`,
        "aria-valuemin": low,
        "aria-valuemax": high,
        "aria-valuenow": u,
        "aria-valuetext": words,
      };
      for (const [key, value] of Object.entries(attributes)) this.ring.setAttribute(key, String(value));
    }
  }

  /** Move a reading, but not out of the chart. @param {number} row @param {number} u @param {number} c */
  #moveTo(row, u, c) {
    const [[left, right], [bottom, top]] = [this.chart.xRange, this.chart.yRange];
    this.acts.move(row, round(Math.min(Math.max(u, left), right)), round(Math.min(Math.max(c, bottom), top)));
  }

  /** @param {KeyboardEvent} event */
  #press(event) {
    const reading = this.readings[this.chosen];
    const direction = KEYS[event.key];
    if (!reading || event.ctrlKey || event.altKey || event.metaKey) return;
    if (direction) {
      const far = event.shiftKey ? 5 : 0.5;
      this.#moveTo(this.chosen, reading.u + far * direction[0], reading.c + far * direction[1]);
    } else if (event.key === "Delete" || event.key === "Backspace") this.acts.remove();
    else if (event.key === " " || event.key === "Enter") this.acts.hold();
    else if (event.key === "PageUp" || event.key === "PageDown") {
      const count = this.readings.length;
      this.acts.choose((this.chosen + (event.key === "PageDown" ? 1 : count - 1)) % count);
    } else return;
    event.preventDefault();
    event.stopPropagation();
  }

  /** @param {PointerEvent} event */
  #grab(event) {
    const target = /** @type {Element} */ (event.target);
    const row = target === this.ring ? this.chosen : Number(target.closest("[data-row]")?.getAttribute("data-row"));
    const reading = this.readings[row];
    if (!reading || event.button) return;
    event.preventDefault();
    this.acts.choose(row);
    this.ring.focus({ preventScroll: true });
    const [u, c] = this.chart.valueAt(event.clientX, event.clientY);
    const [aside, above] = [reading.u - u, reading.c - c];
    this.marks.setPointerCapture(event.pointerId);
    const end = new AbortController();
    const { signal } = end;
    /** @param {PointerEvent} event */
    const move = ({ clientX, clientY }) => {
      const [newU, newC] = this.chart.valueAt(clientX, clientY);
      this.#moveTo(row, newU + aside, newC + above);
    };
    this.marks.addEventListener("pointermove", /** @type {EventListener} */ (move), { signal });
    for (const name of ["pointerup", "pointercancel"]) {
      this.marks.addEventListener(name, () => end.abort(), { signal });
    }
  }
}
