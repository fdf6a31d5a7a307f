// Tests of the rules about source files.
import assert from "node:assert/strict";
import { test } from "node:test";
import { sourceProblems } from "./source.mjs";

const found = (file, line) => sourceProblems([file], () => `/* A file. */\n${line}\n`).filter((problem) => problem.startsWith(file));

test("a line of the engine ends at 100 characters, however many bytes they are", () => {
    const full = `"${"é".repeat(98)}"`;
    assert.deepEqual(found("engine/base/wide.c", full), []);
    assert.deepEqual(found("engine/base/wide.c", `${full};`), ["engine/base/wide.c:2: 101 columns; a line ends at 100"]);
    assert.deepEqual(found("engine/base/wide.c", `/* ${"x".repeat(95)} */`), ["engine/base/wide.c:2: 101 columns; a line ends at 100"]);
    assert.deepEqual(found("tests/unit/base/wide.c", `${full};`), []);
});
