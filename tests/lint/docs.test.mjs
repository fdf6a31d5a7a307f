// What documents name and what is not there is found where it stands; what is there, and examples, are let through.
import assert from "node:assert/strict";
import test from "node:test";
import { allDocProblems, docProblems, documents, project } from "./docs.mjs";
import { tracked } from "./files.mjs";

const there = project();
const of = (text) => docProblems("docs/a.md", text, there);

/** By hand: what is there. (Rules are put together: the list of rules takes no test of theirs from here.) */
const right = [
    "engine/store/store.h", "store_writer.c", "store/store.h", "engine/http/", "engine/ROOM/ROOM.sql", "engine/*/*.c", "tests/unit/ROOM/test_NAME.c", "build/gradus",
    "store_write", "store_write()", "struct request", "enum err", "SQL_ROOM_NAME", "ERR_BUSY", "ROLE_ANY", "RULE " + "four-eyes",
    "make test", "make run PORT=8090", "gradus serve", "gradus user add LOGIN --roles admin", "--trust-proxy 127.0.0.1", "node tests/run.mjs --only lint",
    "/healthz", "/certificates/N", "/runs/R/api/crm/v3/contacts", "/admin/people/:id/roles", "/etc/default/gradus", "database_damaged", "gradus_database_damaged",
    "demo.json", "gradus.db.audit-head", "ulimit -n", "content", "a < b",
];
/** What is not, and what is said of it. */
const wrong = {
    "engine/store/stores.h": "there is no file engine/store/stores.h",
    "store_writers.c": "there is no file store_writers.c",
    "engine/ROOMS/none_of_them.sql": "there is no file engine/ROOMS/none_of_them.sql",
    store_writeth: "nothing is called “store_writeth”",
    "writeth()": "nothing is called “writeth”",
    "struct requesters": "there is no struct requesters",
    "SQL_NO_such_thing_ROOM": "nothing is called “SQL_NO_such_thing_ROOM”",
    ["RULE " + "five-eyes"]: "no rule is called “five-eyes”",
    "make tests": "the Makefile has no target “tests”",
    "gradus serves": "there is no command “gradus serves”",
    "gradus serve --trusty": "nothing has the option --trusty",
    "/healths": "no route is /healths",
    "/admin/people/:id/shoes": "no route is /admin/people/:id/shoes",
};

for (const span of right) test(`\`${span}\` is there`, () => assert.deepEqual(of(`See \`${span}\` for it.`), []));
for (const [span, sentence] of Object.entries(wrong))
    test(`\`${span}\` is not there`, () => assert.deepEqual(of(`Well.\n\nSee \`${span}\` for it.`), [`docs/a.md:3: error: ${sentence} [docs]`]));

test("links are followed, from the folder of the document", () => {
    assert.deepEqual(of("[a](keeping.md) [b](../README.md#where-things-are) [c](https://example.org/x) [d](#here) [e](../engine/)"), []);
    assert.deepEqual(of("[a](not-there.md)"), ["docs/a.md:1: error: the link leads to docs/not-there.md, which is not there [docs]"]);
});

test("fenced blocks are examples, and what stands behind them is read again", () => {
    assert.deepEqual(of("```\n`no_such_name`\n```\n`no_such_thing`"), ["docs/a.md:4: error: nothing is called “no_such_thing” [docs]"]);
    assert.deepEqual(of("````\n```\n`no_such_name`\n````\nright"), []);
});

test("documents of every place are read, and the pages of the rooms", () => {
    const files = tracked(documents);
    for (const file of ["README.md", "CONTRIBUTING.md", "docs/keeping.md", "docs/architecture.md", "docs/internals/store.md"]) assert.ok(files.includes(file), file);
    assert.deepEqual(allDocProblems(), []);
});
