import assert from "node:assert/strict";
import { test } from "node:test";

import { logTicks, short, thinned, ticks } from "../static/playground/chart.js";

test("marks on an axis are round and lie within it", () => {
  assert.deepEqual(ticks([15, 90], 8), [20, 30, 40, 50, 60, 70, 80, 90]);
  assert.deepEqual(ticks([-10, 35], 5), [-10, 0, 10, 20, 30]);
  assert.deepEqual(logTicks([0.5, 20], 5), [0.5, 1, 2, 5, 10, 20]);
  assert.deepEqual(logTicks([1, 1e6], 3), [1, 100, 1e4, 1e6]);
});

test("a number is written as a reader would write it", () => {
  assert.equal(short(5000), "5,000");
  assert.equal(short(-0.5), "−0.5");
  assert.equal(short(1e37), "10³⁷");
  assert.equal(short(2.5e-7), "2.5·10⁻⁷");
});

test("a thinned line keeps each peak and each trough, in order", () => {
  const values = Float32Array.from({ length: 1000 }, (_, i) => (i === 333 ? 99 : i === 334 ? -99 : Math.sin(i)));
  const { xs, ys } = thinned(values, 1000, 1000, 100);
  assert.ok(xs.length <= 200);
  assert.deepEqual([Math.max(...ys), Math.min(...ys)], [99, -99]);
  assert.equal(xs[ys.indexOf(99)], 334);
  assert.deepEqual(xs, [...xs].sort((a, b) => a - b));
  assert.deepEqual(thinned(values, 3, 1000, 2000).xs, [1, 2, 3]);
});
