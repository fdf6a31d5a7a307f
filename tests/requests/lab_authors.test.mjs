// The lab that the authors' programme builds from nothing, put together from the text of its modules; and what is said of each
// of its files when it is wrong (tests/golden/labs).
import assert from "node:assert/strict";
import { cpSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { filesOf, writeAll } from "../lib/module_files.mjs";
import { command, root, scratch } from "../lib/server.mjs";

const modules = ["write-a-connector", "write-a-scenario", "write-checks-and-solutions"].map((id) => join(root, "content/gradus/modules", `${id}.md`));
const files = filesOf(modules);

function academy(changed = {}) {
    const folder = scratch("authors");
    for (const name of ["content/gradus", "content/vendors.txt", "labs/schema"]) cpSync(join(root, name), join(folder, name), { recursive: true });
    writeAll(folder, { ...files, ...changed });
    return folder;
}
const problemsOf = (folder) => command(["check", folder]).out.split("\n").filter((line) => line.startsWith("labs/"));

test("the lab of the three modules is whole, and is proved", () => {
    assert.deepEqual(Object.keys(files).sort(), [
        "labs/connectors/lending.xml", "labs/connectors/lending/pollard.xml",
        ...["checks.md", "loans.csv", "members.csv", "scenario.md", "solutions/all-that-is-out.xml", "solutions/only-the-oldest.xml", "solutions/reference.xml", "solutions/tidied-up.xml", "stack.xml"].map((name) => `labs/scenarios/late-tools/${name}`),
    ]);
    const folder = academy();
    const checked = command(["check", folder]);
    assert.equal(checked.code, 0, checked.out);
    assert.match(checked.out, /^0 errors, 0 warnings$/m);
    const proved = command(["lab", "test", "late-tools", "--root", folder]);
    assert.equal(proved.code, 0, proved.out + proved.err);
    assert.match(proved.out, /^late-tools: 20 seeds, .* 0 problems$/m);
});

/** The same lab with a kind, a world and a timeline. */
const golden = join(root, "tests/golden/labs");
const more = Object.fromEntries(["kinds/letter.xml", "worlds/village.xml", "timeline.xml"].map((name) => [`labs/${name.replace(/^timeline/, "scenarios/late-tools/timeline")}`, readFileSync(join(golden, "more", name), "utf8")]));
const lab = (name) => `labs/scenarios/late-tools/${name}`;
const whole = { ...files, ...more, [lab("stack.xml")]: files[lab("stack.xml")].replace("  <seed", '  <world use="village" people="4" companies="1"><role id="neighbour" is="lending.member"><part id="given" is="name"/></role></world>\n  <bind kind="letter" id="letters"><role id="loan" is="lending.loan"/></bind>\n\n  <seed') };

/** The lab with planted faults: in each file, `from` is replaced by `to` where it stands first. */
function planted(faults) {
    const changed = { ...whole };
    for (const [name, from, to] of faults) {
        assert.ok(changed[name].includes(from), `“${from}” is not in ${name}`);
        changed[name] = changed[name].replace(from, () => to);
    }
    return changed;
}

/** Faults of form, at least one in each file that has a schema, and two in two of them. */
const form = [
    ["labs/connectors/lending.xml", 'type="email"', 'type="mail"'],
    ["labs/connectors/lending.xml", 'operations="list get create update"', 'operations="list read"'],
    ["labs/connectors/lending/pollard.xml", 'boolean="json"', 'boolean="maybe"'],
    ["labs/connectors/lending/pollard.xml", ' default="25"', ' defaults="25"'],
    ["labs/kinds/letter.xml", "<raise", "<rise"],
    ["labs/worlds/village.xml", 'zone="0"', 'zone="2000"'],
    [lab("stack.xml"), 'permille="700"', 'permille="7 of 10"'],
    [lab("timeline.xml"), 'kind="outage"', 'kind="flood"'],
    [lab("solutions/reference.xml"), 'operation="update"', 'operation="mark"'],
    [lab("solutions/tidied-up.xml"), ' solution="reference"', ""],
];
/** Faults of meaning: what is named is not there, or is not of that kind. */
const meaning = [
    ["labs/connectors/lending/pollard.xml", 'of="late" as="overdue"', 'of="overdue" as="overdue"'],
    ["labs/connectors/lending/pollard.xml", '<field id="tool" as="what"', '<field id="tools" as="what"'],
];
const scenario = [
    ["labs/kinds/letter.xml", "{loan.state}", "{loan.stamp}"],
    ["labs/worlds/village.xml", 'refuses="post"', 'refuses="letters"'],
    [lab("stack.xml"), 'object="lending.loan" field="due"', 'object="lending.loan" field="day"'],
    [lab("stack.xml"), 'is="name"', 'is="full_name"'],
    [lab("stack.xml"), 'id="given"', 'id="first"'],
    [lab("stack.xml"), 'file="members.csv"', 'file="member.csv"'],
    [lab("timeline.xml"), "ready:missed", "ready:late"],
    [lab("timeline.xml"), 'at="d1 10:00"', 'at="d1 25:00"'],
];
const rows = [
    [lab("members.csv"), "created,name,email", "created,name,mail"],
    [lab("members.csv"), "m2,2,2025-09-08T09:00:00Z", "m1,2,8 September"],
    [lab("loans.csv"), "Tile cutter,@m3,2026-03-09T17:00:00Z,out", "Tile cutter,m3,next week,lost"],
    [lab("loans.csv"), "Pipe wrench,@m2", "Pipe wrench,@m5"],
    [lab("loans.csv"), "Cement mixer,@m3", "Cement mixer@m3"],
    [lab("loans.csv"), "l12,2026-02-23T16:50:00Z,Chalk line", "l12,2026-03-23T16:50:00Z,"],
    [lab("solutions/all-that-is-out.xml"), 'fails="nobody-else"', 'fails="nobody"'],
    [lab("solutions/tidied-up.xml"), 'solution="reference"', 'solution="the-reference"'],
];

const checks = [
    [lab("checks.md"), "SELECT total > 0", "SELECT totals > 0"],
    [lab("checks.md"), "partial: marked / total", "partial: done / total"],
    [lab("checks.md"), "kind: never", "kind: nevermore"],
];

for (const [name, faults] of Object.entries({ form, meaning, scenario, rows, checks }))
    test(`faults of ${name} are told all at once, each with its place and what is allowed`, () => {
        const told = problemsOf(academy(planted(faults)));
        const expected = join(golden, `${name}.txt`);
        if (process.env.UPDATE) writeFileSync(expected, `${told.join("\n")}\n`);
        assert.deepEqual(told, readFileSync(expected, "utf8").trim().split("\n"));
        for (const line of told) assert.match(line, /^labs\/\S+:\d+:\d+: error: .+ \[[a-z-]+\]$/);
        for (const [file] of faults) assert.ok(told.some((line) => line.startsWith(`${file}:`)), `nothing is said of ${file}`);
    });

test("the same lab without a fault has none", () => {
    assert.deepEqual(problemsOf(academy(whole)), []);
});

test("what the modules say of messages is so", () => {
    const alone = Object.fromEntries(Object.entries(files).filter(([name]) => name.startsWith("labs/connectors/")));
    const folder = scratch("alone");
    for (const name of ["content/gradus", "content/vendors.txt", "labs/schema"]) cpSync(join(root, name), join(folder, name), { recursive: true });
    writeAll(folder, alone);
    assert.match(command(["check", folder]).out, /^0 errors, 0 warnings$/m, "a connector that no scenario has yet");
    const renamed = { "labs/connectors/lending.xml": files["labs/connectors/lending.xml"].replace("<value>late</value>", "<value>overdue</value>") };
    assert.ok(problemsOf(academy(renamed)).some((line) => /pollard\.xml:\d+:14: error: The connector's field “state” has no value “late”; it has out, overdue and returned\. /.test(line)));
    const cards = { [lab("loans.csv")]: files[lab("loans.csv")].replace("Pipe wrench,@m2", "Pipe wrench,@m5").replace("Cement mixer,@m3", "Cement mixer@m3") };
    assert.deepEqual(problemsOf(academy(cards)).map((line) => line.split(": ")[0]).sort(), [lab("loans.csv:12:1"), lab("loans.csv:8:37")]);
});
