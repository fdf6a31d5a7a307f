// gradus check as a command: what it prints, how it ends, what a path narrows it to.
import assert from "node:assert/strict";
import { cpSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { command, root, scratch } from "../lib/server.mjs";

const trees = join(root, "tests/golden/check");

test("the academy that ships has no error", () => {
    const done = command(["check"]);
    assert.equal(done.code, 0, done.out);
    assert.match(done.out, /^0 errors, /m);
});

test("errors end with 1, each with its place and rule", () => {
    const done = command(["check", join(trees, "links")]);
    assert.equal(done.code, 1);
    const lines = done.out.trim().split("\n");
    assert.match(lines.pop(), /^\d+ errors?, \d+ warnings?$/);
    assert.ok(lines.length > 15);
    for (const line of lines) assert.match(line, /^\S+:\d+:\d+: (error|warning): .+ \[[a-z-]+\]$/, line);
});

test("warnings alone end with 0", () => {
    const folder = scratch("check");
    cpSync(join(trees, "fine"), folder, { recursive: true });
    writeFileSync(join(folder, "content/p/notes.md"), "Notes.\n");
    const done = command(["check", folder]);
    assert.equal(done.code, 0, done.out);
    assert.match(done.out, /warning: nothing reads this file/);
});

test("what cannot run ends with 2 and says why", () => {
    const empty = scratch("nothing");
    for (const [args, why] of [[[empty], /in no folder that holds content/], [["/nonexistent"], /in no folder/], [["--format", "xml"], /text, json or sarif/], [["--format"], /text, json or sarif/], [["--root", empty], /no folder content/], [["--root"], /needs a folder/], [["--wrong"], /no option --wrong/]]) {
        const done = command(["check", ...args]);
        assert.equal(done.code, 2, args.join(" "));
        assert.match(done.err, why);
        assert.equal(done.out, "");
    }
    assert.equal(command(["check", "--help"]).code, 0);
});

test("JSON and SARIF parse and agree with the text", () => {
    const text = command(["check", join(trees, "text")]).out.trim().split("\n").length - 1;
    const json = command(["check", join(trees, "text"), "--format", "json"]);
    assert.equal(json.code, 1);
    const problems = JSON.parse(json.out);
    assert.equal(problems.problems.length, text);
    assert.equal(problems.errors + problems.warnings, text);
    const sarif = JSON.parse(command(["check", "--format", "sarif", join(trees, "text")]).out);
    assert.equal(sarif.version, "2.1.0");
    assert.equal(sarif.runs[0].results.length, text);
    for (const result of sarif.runs[0].results) assert.equal(sarif.runs[0].tool.driver.rules[result.ruleIndex].id, result.ruleId);
});

test("a path narrows the report, not what is known", () => {
    const file = join(trees, "links/content/p/modules/b.md");
    const done = command(["check", file]);
    assert.equal(done.code, 1);
    assert.ok(done.out.trim().split("\n").slice(0, -1).every((line) => line.startsWith("content/p/modules/b.md:")), done.out);
    /* Two paths of two academies in one run. */
    const both = command(["check", file, join(trees, "vendors/exams")]);
    assert.match(both.out, /exams\/p\/bank\.md/);
    assert.match(both.out, /modules\/b\.md/);
    assert.doesNotMatch(both.out, /modules\/a\.md/);
});

test("a file name with any letters is quoted as a URI", () => {
    const folder = scratch("check");
    cpSync(join(trees, "fine"), folder, { recursive: true });
    mkdirSync(join(folder, "content/p/modules"), { recursive: true });
    writeFileSync(join(folder, "content/p/modules/é %20.md"), "x");
    const sarif = JSON.parse(command(["check", folder, "--format", "sarif"]).out);
    assert.ok(sarif.runs[0].results.some((r) => r.locations[0].physicalLocation.artifactLocation.uri === "content/p/modules/%C3%A9%20%2520.md"));
});

test("ten megabytes, devices and loops of links do not stop it", () => {
    const folder = scratch("check");
    cpSync(join(trees, "fine"), folder, { recursive: true });
    writeFileSync(join(folder, "content/p/modules/huge.md"), "x".repeat(10 * 1024 * 1024));
    cpSync(join(folder, "content/p/modules/a.md"), join(folder, "content/p/modules/c.md"));
    const done = command(["check", folder]);
    assert.equal(done.code, 1);
    assert.match(done.out, /huge\.md: error: the file is larger than 2 MiB; the file is not shown \[size\]/);
    assert.match(done.out, /c\.md:2:5: error: .*duplicate-id|c\.md:2:5: error: .*file-name/);
});

let shipped; // a copy of the academy that ships, whole again after each change

/** The academy that ships with one text in one file changed: every line of the report but the last, and the line of the change. */
function mended(file, from, to) {
    if (!shipped) {
        shipped = scratch("check");
        for (const part of ["content", "exams", "labs"]) cpSync(join(root, part), join(shipped, part), { recursive: true });
    }
    const text = readFileSync(join(shipped, file), "utf8");
    assert.ok(text.includes(from), `${file}: ${from}`);
    writeFileSync(join(shipped, file), text.replace(from, () => to));
    const done = command(["check", shipped]);
    writeFileSync(join(shipped, file), text);
    const line = text.slice(0, text.indexOf(from)).split("\n").length, now = text.replace(from, () => to).split("\n")[line - 1];
    return { code: done.code, lines: done.out.trim().split("\n").slice(0, -1), line, columnOf: (word) => now.indexOf(word) + 1 };
}

const lab = "labs/scenarios/field-mapping-dedupe";

test("a query that SQLite does not take, and what a lab names in vain, are found where they stand", () => {
    for (const [file, from, to, what] of [
        [`${lab}/checks.md`, "people are in {crm} more", "people are in {crm.none} more", /\{crm\.none\} is no system, object, field or value of this stack\. \[lab-words\]/],
        [`${lab}/scenario.md`, "From {crm}:", "From {crm.contact.e_mail}:", /\{crm\.contact\.e_mail\} is no system/],
        [`${lab}/checks.md`, "FROM judged", "FORM judged", /near "judged": syntax error\. \[lab-sql\]/],
        [`${lab}/checks.md`, "map_lead WHERE industry IS NOT NULL", "map_leads WHERE industry IS NOT NULL", /no such table: map_leads\. \[lab-sql\]/],
        [`${lab}/checks.md`, "n.position", "n.positions", /no such column: n\.positions\. \[lab-sql\]/],
        [`${lab}/checks.md`, "WITH need(", "DELETE FROM map_lead; WITH need(", /it must be a SELECT\. \[lab-sql\]/],
        [`${lab}/scenario.md`, "data-dedupe", "data-nope", /no module of mops has the objective “data-nope” \[unknown-objective\]/],
        [`${lab}/scenario.md`, "level: associate", "level: nope", /no level “nope” \[unknown-level\]/],
        [`${lab}/scenario.md`, "programme: mops", "programme: nope", /no programme “nope” \[unknown-programme\]/],
        [`${lab}/scenario.md`, "Tidewell Instruments", "[Tidewell](/modules/nope)", /no such module \[link\]/],
        ["exams/mops/associate.md", "The exam asks", "![](img/gone.svg) asks", /no alternative text.*\[alt-text\]/],
    ]) {
        const { code, lines, line } = mended(file, from, to);
        assert.equal(code, 1, what);
        assert.match(lines[0], what);
        assert.ok(lines[0].startsWith(`${file}:${line}:`), `${line}: ${lines[0]}`);
        if (!to.includes("![]")) assert.equal(lines.length, 1, lines.join("\n"));
    }
    const reference = `${lab}/solutions/reference.xml`, { lines, line, columnOf } = mended(reference, 'sql="SELECT', 'sql="SELEKT');
    assert.equal(lines.length, 1, lines.join("\n"));
    assert.ok(lines[0].startsWith(`${reference}:${line}:${columnOf("<each")}: error: `), lines[0]);
    assert.match(lines[0], /near "SELEKT"/);
});

test("of a broken scenario the parts that are sound are checked as well", () => {
    const folder = scratch("check");
    for (const part of ["content", "exams", "labs"]) cpSync(join(root, part), join(folder, part), { recursive: true });
    const change = (file, from, to) => writeFileSync(join(folder, file), readFileSync(join(folder, file), "utf8").replace(from, to));
    change(`${lab}/scenario.md`, "minutes: 60", "minutes: 1");
    change(`${lab}/checks.md`, "FROM judged", "FORM judged");
    const done = command(["check", folder]);
    assert.match(done.out, /scenario\.md:7:\d+: error: .*minutes/);
    assert.match(done.out, /near "judged": syntax error/);
    assert.match(done.out, /^2 errors, /m);
});

test("connectors and dialects that no scenario names are checked, too", () => {
    const folder = scratch("check");
    for (const part of ["content", "exams", "labs"]) cpSync(join(root, part), join(folder, part), { recursive: true });
    const connectors = join(folder, "labs/connectors");
    const boreal = readFileSync(join(connectors, "crm/boreal.xml"), "utf8");
    const line = boreal.split("\n").findIndex((each) => each.includes('<field id="phone"')) + 1;
    writeFileSync(join(connectors, "crm/austral.xml"), boreal.replace('<field id="phone"', '<feld id="phone"').replace('id="boreal"', 'id="austral"'));
    writeFileSync(join(connectors, "crm/zephyr.xml"), boreal.replace('id="phone" as="phone"', 'id="telefax" as="phone"'));
    writeFileSync(join(connectors, "telex.xml"), "<connector>");
    mkdirSync(join(connectors, "fax"));
    const done = command(["check", folder]);
    assert.equal(done.code, 1);
    assert.match(done.out, new RegExp(`^labs/connectors/crm/austral\\.xml:${line}:5: error: .*feld.*\\[schema\\]$`, "m"));
    assert.match(done.out, new RegExp(`^labs/connectors/crm/zephyr\\.xml:${line}:12: error: .*telefax.*\\[lab-unknown\\]$`, "m"));
    assert.match(done.out, /^labs\/connectors\/crm\/zephyr\.xml:2:1: error: .*boreal.*\[lab-id\]$/m);
    assert.match(done.out, /^labs\/connectors\/telex\.xml:1:\d+: error: .*\[xml\]$/m);
    assert.match(done.out, /^labs\/connectors\/fax: error: .*fax\.xml does not exist/m);
    /* What a scenario names as well is told once. */
    writeFileSync(join(connectors, "crm/boreal.xml"), boreal.replace('id="phone" as="phone"', 'id="telefax" as="phone"'));
    assert.equal(command(["check", folder]).out.split(`crm/boreal.xml:${line}:1`).length, 2);
});

test("a fault against a schema is told once, at its own line", () => {
    const boreal = "labs/connectors/crm/boreal.xml";
    for (const [file, from, to, at] of [
        [boreal, 'id="phone" as="phone"', 'id="phone" az="phone"', "az="],
        [boreal, '<field id="phone"', '<feld id="phone"', "<feld"],
        [boreal, '<error when="burst"', '<error when="nope"', "when="],
        [boreal, '<value of="banking_insurance"', '<value off="banking_insurance"', "off="],
        [boreal, "<limits ", "<limitz ", "<limitz"],
        [boreal, 'boolean="', 'boolean="x', "boolean="],
        ["labs/connectors/crm.xml", '<field id="phone"', '<field idd="phone"', "idd="],
        [`${lab}/stack.xml`, '<outage connector="crm"', '<outage connector="crm" x="y"', "x="],
        [`${lab}/stack.xml`, "<outage ", "<outages ", "<outages"],
        [`${lab}/solutions/reference.xml`, '<set field="transform"', '<set feld="transform"', "feld="],
    ]) {
        const { code, lines, line, columnOf } = mended(file, from, to);
        assert.equal(code, 1, to);
        assert.equal(lines.length, 1, lines.join("\n"));
        assert.ok(lines[0].startsWith(`${file}:${line}:${columnOf(at)}: error: `) && lines[0].endsWith(" [schema]"), `${line}: ${lines[0]}`);
    }
});

test("RULE report-once: what is equal is told once, and of many alike the first fifty", () => {
    const folder = scratch("check"), file = join(folder, "content/p/modules/a.md");
    cpSync(join(trees, "fine"), folder, { recursive: true });
    const text = readFileSync(file, "utf8");
    const told = (more, rule) => {
        writeFileSync(file, `${text}\n${more}\n`);
        const lines = command(["check", folder]).out.trim().split("\n");
        const totals = Number(/, (\d+) warnings?$/.exec(lines.pop())[1]), others = lines.filter((line) => !line.includes(rule)).length;
        return { lines: lines.filter((line) => line.includes(rule)), found: totals - others };
    };
    const struck = (more) => told(more, "[struck]");
    const same = told("a [^x] ".repeat(3000), "[note]");
    assert.equal(same.lines.length, 1, same.lines.slice(0, 3).join("\n"));
    assert.equal(same.found, 1);
    // Each at its place; a line with thousands of them took half a minute when it was searched for each.
    const line = struck(`~~a${"~~b ~x~ ".repeat(10000)}`);
    assert.match(line.lines[1], /:28:\d+: warning: “x”/);
    assert.equal(line.found, 10000);
    for (const [count, listed, last] of [[50, 50, /“49”/], [51, 51, /“50”/], [52, 51, /and 2 more like those before/], [400, 51, /and 350 more like those before/]]) {
        const many = struck(Array.from({ length: count }, (_, i) => `Line ~${i}~ of them.`).join("\n\n"));
        assert.equal(many.lines.length, listed, `${count}`);
        assert.match(many.lines.at(-1), last);
        assert.equal(many.found, count);
    }
});
