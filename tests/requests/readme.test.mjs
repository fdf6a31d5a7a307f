// The README's own course, taken from the README: it passes the check and is served.
import assert from "node:assert/strict";
import { cpSync, existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { test } from "node:test";
import { command, makeAcademy, root, scratch, startServer } from "../lib/server.mjs";
import { until } from "../lib/until.mjs";

/** The files of the ten-minute path: "Write `NAME`:" and the indented block after it. */
function filesOf(readme) {
    return [...readme.matchAll(/Write `([^`]+)`:\n\n {3}```\n([\s\S]*?)\n {3}```/g)].map(([, name, text]) => [name, text.replace(/^ {3}/gm, "") + "\n"]);
}

test("the course that the README has one write passes the check and can be read", async (t) => {
    const files = filesOf(readFileSync(join(root, "README.md"), "utf8"));
    assert.equal(files.length, 2);
    const place = scratch("root");
    for (const folder of ["content", "exams", "labs", "site/templates", "site/static", "site/locale"]) cpSync(join(root, folder), join(place, folder), { recursive: true });
    const server = await startServer({ data: makeAcademy(), args: ["--root", place], t });
    for (const [name, text] of files) {
        mkdirSync(dirname(join(place, name)), { recursive: true });
        writeFileSync(join(place, name), text);
    }
    const checked = command(["check", "--root", place]);
    assert.equal(checked.code, 0, checked.out + checked.err);
    assert.doesNotMatch(checked.out, /content\/bees/, "not even a warning");
    const client = await server.signedIn("instructor");
    const page = await until("the module is there", async () => {
        const answer = await client.fetch("/modules/the-first-look");
        return answer.status === 200 && answer.text();
    });
    assert.match(page, /The first look into a hive/);
    assert.match(await client.page("/programmes"), /Keeping bees/);
});

test("what the README names is there", () => {
    const readme = readFileSync(join(root, "README.md"), "utf8");
    for (const [, path] of readme.matchAll(/(?:\]\(|`)((?:docs|content|exams|labs|site|engine|tests|packaging)\/[\w./-]*)[)`]/g))
        if (!path.startsWith("content/bees")) assert.ok(existsSync(join(root, path)), `${path} is not there`);
});
