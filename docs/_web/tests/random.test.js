import assert from "node:assert/strict";
import { test } from "node:test";

import { generator } from "../static/playground/random.js";

test("the generator gives the numbers that the Mersenne Twister's authors printed for seed 5489", () => {
  const draw = generator(5489);
  assert.equal(draw(), 3499211612);
  for (let i = 2; i < 10_000; i++) draw();
  assert.equal(draw(), 4123659995);
});
