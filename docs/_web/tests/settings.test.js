import assert from "node:assert/strict";
import { test } from "node:test";

import { defaults, fromHash, number, obstacle, PRESETS, toHash } from "../static/playground/settings.js";

test("what is written into the address is read from it", () => {
  const moved = defaults();
  moved.readings = [{ u: 1.5, c: -2, held: false }, { u: 3, c: 4.25, held: true }];
  for (const changes of [{}, ...Object.values(PRESETS), { readings: moved.readings }, { readings: [] }]) {
    const settings = { ...defaults(), ...changes };
    assert.deepEqual(fromHash(`#${toHash(settings)}`), { settings, problems: [] });
  }
});

test("no address stands for the book's own run", () => {
  assert.deepEqual(fromHash(""), { settings: defaults(), problems: [] });
});

test("what cannot be read is named, and the default stands in its place", () => {
  const { settings, problems } = fromHash("#hidden=1.5&lr=0.01&seed=-3&colour=red");
  assert.equal(problems.length, 3);
  assert.deepEqual(settings, { ...defaults(), lr: 0.01 });
});

test("a number is a number, and nothing else is", () => {
  for (const text of ["1", "-0.5", "1e-3", " 2 "]) assert.equal(number(text), Number(text));
  for (const text of ["", "x", "1,5", "0x10", "Infinity", "NaN", "1 2"]) assert.ok(Number.isNaN(number(text)));
});

test("two different readings are enough to train on, and fewer are not", () => {
  const two = [{ u: 1, c: 2, held: false }, { u: 3, c: 4, held: false }];
  assert.equal(obstacle({ ...defaults(), readings: two }), "");
  assert.notEqual(obstacle({ ...defaults(), readings: two.slice(1) }), "");
  assert.notEqual(obstacle({ ...defaults(), readings: [] }), "");
});
