// The faults that `make mutate` plants, and the list of rules: each on a small source of its own.
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { faultsOf, instrumented, prelude, swapClaims, switchSource } from "../mutate/faults.mjs";
import { staleProblems } from "../mutate/rooms.mjs";
import { tokens } from "../mutate/tokens.mjs";
import { brokenRules, rulesOf } from "./rules.mjs";

const source = `#include <stdio.h>
#define LIMIT 3 < 4
/* if (a < b) return 1; */
static const char *const text = "a < b && 'c' /* no comment */";
static int twice(int n) { return n * 2; } // 1 < 2
int judge(int points, int cut);
int judge(int points, int cut) {
    int sum = 0;
    for (int i = 0; i < points; i++) sum += twice(i) / 2;
    if (points >= cut && cut != 99) return sum + 10;
    switch (points) {
    case 7: twice(3); break;
    default: break;
    }
    return points ? -1 : twice(cut) == 4 || '\\'' < '"';
}
`;

test("text in strings, comments and preprocessor lines is no token", () => {
    const list = tokens(source);
    assert.equal(list.find((token) => token.text === "include"), undefined);
    assert.equal(list.find((token) => token.text === "LIMIT"), undefined);
    assert.deepEqual(list.filter((token) => token.kind === "string").map((token) => token.text), ['"a < b && \'c\' /* no comment */"']);
    assert.deepEqual(list.filter((token) => token.kind === "character").map((token) => token.text), ["'\\''", "'\"'"]);
    assert.equal(list.filter((token) => token.text === "&&").length, 1);
    assert.equal(list.find((token) => token.text === "judge").line, 6);
});

test("what is planted, by name", () => {
    assert.deepEqual(faultsOf(source).faults.map((fault) => `${fault.line} ${fault.change}`), [
        "5 returns 0",
        "5 2 - 1",
        "5 2 + 1",
        "8 0 + 1",
        "9 0 + 1",
        "9 the loop ends one too early",
        "9 2 - 1",
        "9 2 + 1",
        "10 the condition of if is negated",
        "10 >= becomes >",
        "10 && becomes ||",
        "10 != becomes ==",
        "10 99 - 1",
        "10 99 + 1",
        "10 returns 0",
        "10 10 - 1",
        "10 10 + 1",
        "12 7 - 1",
        "12 7 + 1",
        "12 twice is not called",
        "12 3 - 1",
        "12 3 + 1",
        "15 returns 0",
        "15 the condition before ? is negated",
        "15 1 - 1",
        "15 == becomes !=",
        "15 4 - 1",
        "15 4 + 1",
        "15 || becomes &&",
        "15 < becomes <=",
    ]);
});

/** The faults of a function with this body. */
const changes = (body) => faultsOf(`void f(void) {\n${body}\n}\n`).faults.map((fault) => fault.change);

test("what is the same fault twice, or a sentence's words, or room, is planted once or not at all", () => {
    assert.deepEqual(changes("if (a == b) c = 0;"), ["== becomes !=", "0 + 1"]);
    assert.deepEqual(changes("if (a == b && d) c = a;"), ["the condition of if is negated", "== becomes !=", "&& becomes ||"]);
    assert.deepEqual(changes("a = b != c ? d : e;"), ["!= becomes =="]);
    assert.deepEqual(changes("a = stmt_int(q, 3);"), ["stmt_int takes q and 3 swapped", "3 + 1"]);
    assert.deepEqual(changes("exam_report(r, at, a ? 1 : 2, b, c);"), ["exam_report is not called"]);
    assert.deepEqual(changes("l = list_more(a, l, n, 1);"), []);
    const ended = "e = stmt_end(q);\nif (e != OK) return e;\nreturn stmt_end(q);";
    assert.deepEqual(changes(`q = db_query(db);\n${ended}`), ["!= becomes ==", "returns 0", "returns 0"]);
    assert.deepEqual(changes(`db_one(db, &q);\n${ended}`).slice(2), ["!= becomes =="]);
});

test("arguments of unlike types are not swapped", () => {
    const own = "void g(int, int, char *);\nvoid g(int a, int b, char *c) {\n    g(a, b, c);\n}\n";
    const parsed = faultsOf(own);
    const swaps = parsed.faults.filter((fault) => fault.kind === "swap");
    assert.deepEqual(swaps.map((fault) => fault.change), ["g takes a and b swapped", "g takes b and c swapped"]);
    assert.throws(() => execFileSync("cc", ["-x", "c", "-fsyntax-only", "-"], { input: swapClaims(own, parsed, swaps), stdio: ["pipe", "pipe", "pipe"] }), (error) => {
        const said = String(error.stderr);
        return said.includes('"swap 1"') && !said.includes('"swap 0"');
    });
});

test("behind its switch each fault does what it says, and nothing when it is off", () => {
    const folder = mkdtempSync(join(tmpdir(), "gradus-faults-"));
    try {
        const parsed = faultsOf(source);
        // A label is a constant: such a fault is planted by itself.
        const planted = parsed.faults.filter((fault) => !/^7 [+-]/.test(fault.change));
        const { text, left } = instrumented(source, parsed, new Map(planted.map((fault, i) => [fault, i])));
        assert.deepEqual(left, []);
        writeFileSync(join(folder, "a.c"), prelude + text);
        writeFileSync(join(folder, "switch.c"), switchSource(planted.length));
        writeFileSync(join(folder, "main.c"), '#include <stdio.h>\nint judge(int, int);\nint main(void) { printf("%d %d %d %d", judge(5, 5), judge(4, 5), judge(0, 2), judge(99, 99)); }');
        execFileSync("cc", ["-w", "-D_GNU_SOURCE", "-o", join(folder, "a"), ...["a.c", "switch.c", "main.c"].map((name) => join(folder, name))]);
        const said = (change) => {
            const number = planted.findIndex((fault) => fault.change === change);
            assert.ok(change === null || number >= 0, change);
            return execFileSync(join(folder, "a"), { env: change === null ? {} : { GRADUS_FAULT: String(number) }, encoding: "utf8" });
        };
        assert.equal(said(null), "20 -1 1 -1");
        assert.equal(said(">= becomes >"), "-1 -1 1 -1");
        assert.equal(said("&& becomes ||"), "20 16 10 4861");
        assert.equal(said("the loop ends one too early"), "16 -1 1 -1");
        assert.equal(said("10 + 1"), "21 -1 1 -1");
        assert.equal(said("99 - 1"), "20 -1 1 4861");
        assert.equal(said("== becomes !="), "20 -1 0 -1");
        assert.equal(said("the condition before ? is negated"), "20 0 -1 0");
    } finally {
        rmSync(folder, { recursive: true });
    }
});

test("an excuse for a fault that cannot be planted any more is an error", () => {
    const fault = (line, change, reason = "a good reason") => ({ file: "a.c", key: `${line} | ${change}`, reason, at: "equivalent.txt:1" });
    const problems = (...list) => staleProblems(list, () => source);
    const known = fault("if (points >= cut && cut != 99) return sum + 10;", ">= becomes >");
    assert.deepEqual(problems(known), []);
    assert.equal(problems(known, known).length, 1);
    assert.equal(problems({ ...known, reason: "" }).length, 1);
    assert.equal(problems(fault("if (points > cut) return 1;", "> becomes >=")).length, 1);
});

test("a rule without a test, a test without a rule, a rule that says nothing", () => {
    const files = { "a.h": "/* RULE exam-cut: the cut\n * itself passes. */\n/* RULE mute */", "b.c": '/* RULE exam-cut. */\nputs("RULE in-text");', "t.c": "/* RULE exam-cut, RULE unknown. */" };
    const rules = rulesOf(["a.h", "b.c"], ["t.c"], (file) => files[file]);
    assert.equal(rules.code.get("exam-cut").sentences[0].text, "the cut itself passes.");
    assert.deepEqual(brokenRules(rules), [
        "a.h: no test names RULE mute",
        'a.h: nothing says what RULE mute is ("RULE mute: a sentence")',
        "t.c: names RULE unknown, which is none",
    ]);
});
