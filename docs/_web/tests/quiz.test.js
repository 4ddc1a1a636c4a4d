// What the questions keep in the browser. How they look and act is tested in tests/site/test_quiz.py.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import vm from "node:vm";

// A classic script, as it runs on pages that were opened from a folder: its functions are globals.
const source = readFileSync(new URL("../static/quiz.js", import.meta.url), "utf8");
const { readAnswers, keepAnswer } = vm.runInThisContext(`${source}; ({ readAnswers, keepAnswer })`);

/** @param {Record<string, string>} content */
function storage(content = {}) {
  return {
    content,
    getItem: (/** @type {string} */ name) => content[name] ?? null,
    setItem: (/** @type {string} */ name, /** @type {string} */ text) => {
      content[name] = text;
    },
  };
}

test("what was kept is read again, and nothing else changes", () => {
  const kept = storage({ other: "1" });
  keepAnswer(kept, "1_learning-rate", 2);
  keepAnswer(kept, "1_learning-adam", 0);
  assert.deepEqual(readAnswers(kept), { "1_learning-rate": 2, "1_learning-adam": 0 });
  assert.equal(kept.content.other, "1");
});

test("an answer that is forgotten leaves the others", () => {
  const kept = storage();
  keepAnswer(kept, "a", 1);
  keepAnswer(kept, "b", 2);
  keepAnswer(kept, "a", null);
  assert.deepEqual(readAnswers(kept), { b: 2 });
});

test("nonsense in the storage counts as nothing", () => {
  for (const text of ["{", "null", "3", '"x"', '{"a": "1", "b": 1.5, "c": null}'])
    assert.deepEqual(readAnswers(storage({ "nnbook-answers": text })), {});
});

test("a browser that keeps nothing is no error", () => {
  const full = {
    getItem: () => null,
    setItem: () => {
      throw new Error("full");
    },
  };
  keepAnswer(full, "a", 1);
  const shut = {
    getItem: () => {
      throw new Error("shut");
    },
    setItem: () => undefined,
  };
  assert.deepEqual(readAnswers(shut), {});
});
