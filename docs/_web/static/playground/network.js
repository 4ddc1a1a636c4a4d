/* The network outside of training: its starting weights, its inputs, and the curve that it draws. */

import { startingWeights } from "./random.js";

/** @typedef {import("./settings.js").Settings} Settings */

/** @param {Settings} settings @returns {Float32Array[]} weight and bias of each layer, in order */
export function startOf({ hidden, seed, start }) {
  if (!start) return startingWeights(seed, hidden);
  if (!hidden) return [start.slice(0, 1), start.slice(1)].map((part) => Float32Array.from(part));
  const ends = [0, hidden, 2 * hidden, 3 * hidden, 3 * hidden + 1];
  return ends.slice(1).map((end, i) => Float32Array.from(start.slice(ends[i], end)));
}

/** @param {Float32Array[]} weights each number with its last binary digit changed */
export const nudged = (weights) => weights.map((part) => part.map((value) => value * (1 + 2 ** -23)));

/**
 * Return how readings become inputs: shift, then scale, in single precision.
 * @param {Settings} settings
 * @returns {{shift: number, scale: (value: number) => number}}
 */
export function scalingOf({ scaling, readings }) {
  if (scaling !== "standard") {
    const factor = Math.fround(scaling === "tenth" ? 0.1 : 1);
    return { shift: 0, scale: (value) => Math.fround(value * factor) };
  }
  const rows = readings.filter(({ held }) => !held).map(({ u }) => Math.fround(u));
  const mean = Math.fround(rows.reduce((sum, u) => sum + u, 0) / rows.length);
  const squares = rows.reduce((sum, u) => sum + (u - mean) ** 2, 0);
  const deviation = Math.fround(Math.sqrt(squares / rows.length));
  return { shift: mean, scale: (value) => Math.fround(value / deviation) };
}

/** @param {Settings} settings @param {number[]} readings @returns {Float32Array} */
export function inputsOf(settings, readings) {
  const { shift, scale } = scalingOf(settings);
  return Float32Array.from(readings, (u) => scale(Math.fround(Math.fround(u) - shift)));
}

/** @type {Record<string, (value: number) => number>} */
const ACTIVATIONS = {
  tanh: Math.tanh,
  relu: (x) => Math.max(x, 0),
  gelu: (x) => (x * (1 + errorFunction(x / Math.SQRT2))) / 2,
  sigmoid: (x) => 1 / (1 + Math.exp(-x)),
};

/** The error function to 1.5e-7, which no eye can see (Abramowitz and Stegun, 7.1.26).
 * @param {number} x */
function errorFunction(x) {
  const t = 1 / (1 + 0.3275911 * Math.abs(x));
  const factors = [1.061405429, -1.453152027, 1.421413741, -0.284496736, 0.254829592];
  const series = factors.reduce((sum, factor) => (sum + factor) * t, 0);
  return Math.sign(x) * (1 - series * Math.exp(-x * x));
}

/**
 * Return what the network makes of inputs: the curve that is drawn.
 * @param {Settings} settings @param {Float32Array[]} weights @param {Float32Array} inputs
 */
export function outputsOf({ activation }, weights, inputs) {
  const [first = [], bias = [], second = [], last = []] = weights;
  if (weights.length === 2) return inputs.map((x) => x * (first[0] ?? 0) + (bias[0] ?? 0));
  const act = ACTIVATIONS[activation] ?? Math.tanh;
  return inputs.map((x) => {
    let sum = last[0] ?? 0;
    for (let i = 0; i < first.length; i++) {
      sum += (second[i] ?? 0) * act((first[i] ?? 0) * x + (bias[i] ?? 0));
    }
    return sum;
  });
}
