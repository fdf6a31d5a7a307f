// What administrators do for a person: extra time, which counts at once and stays between them; a name that is put right.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { after, test } from "node:test";
import { makeDemo, must, startServer } from "../lib/server.mjs";

const server = await startServer({ data: makeDemo() });
after(() => server.stop());
const { password } = JSON.parse(readFileSync(join(server.data, "demo.json"), "utf8")).accounts[0];
const admin = await server.signedIn("admin", password), eleni = await server.signedIn("eleni", password);
const people = await admin.page("/admin/people?q=eleni");
const path = /\/admin\/people\/[0-9a-z]+\/time/.exec(people)[0];
const reason = "Dyslexia; the doctor's letter of 3 May was seen.";

test("what is granted counts at once, also for the attempt that is running", async () => {
    const before = await eleni.page("/");
    assert.match(await admin.page(path), /Nothing yet/);
    const granted = await admin.post(path, { percent: "200", exam: "", reason }, { from: path });
    assert.equal(granted.status, 303);
    const page = await admin.page(granted.headers.get("location"));
    for (const shown of [/Granted\. It counts/, /200%/, /Every exam/, /Dyslexia; the doctor&#39;s letter/]) assert.match(page, shown);
    const until = (text) => Date.parse(/<time datetime="([^"]+)"/.exec(text.slice(text.indexOf('id="due"')))[1]);
    const more = until(await eleni.page("/")) - until(before);
    assert.equal(more, 60 * 60 * 1000, "an hour's exam at double time lasts an hour longer");
});

test("what is wrong is sent back with what was typed", async () => {
    for (const [fields, problem] of [[{ percent: "99", exam: "", reason }, /from 100 to 400/], [{ percent: "401", exam: "", reason }, /from 100 to 400/], [{ percent: "1e2", exam: "", reason }, /from 100 to 400/], [{ percent: "150", exam: "", reason: " ok " }, /in 10 to 1,000 characters/]]) {
        const answer = await admin.post(path, fields, { from: path });
        assert.equal(answer.status, 400);
        const page = await answer.text();
        assert.match(page, problem);
        assert.ok(page.includes(fields.reason.trim().replaceAll("'", "&#39;")));
    }
    assert.equal((await admin.post(path, { percent: "150", exam: "no-such-exam", reason }, { from: path })).status, 404);
    assert.equal((await admin.post(path.replace(/people\/\w+/, "people/nobody"), { percent: "150", exam: "", reason }, { from: path })).status, 404);
});

test("nobody but an administrator sees or grants it, and the log that many read has no reason", async () => {
    for (const login of ["learner", "instructor", "assessor"]) {
        const other = await server.signedIn(login, password);
        assert.equal((await other.fetch(path)).status, 403);
        assert.equal((await other.post(path, { percent: "150", exam: "", reason }, { from: "/me" })).status, 403);
    }
    const log = await admin.page("/admin/audit");
    assert.match(log, /exam\.accommodate/);
    assert.doesNotMatch(log, /Dyslexia/);
    assert.match(must(["audit", "verify", "--data", server.data]), /\d+/);
});

test("a new person's form keeps what was typed when something in it is wrong", async () => {
    const answer = await admin.post("/admin/people", { name: "Typed Name", login: "Not A Login!", email: "typed@example.org", "roles[]": "assessor" }, { from: "/admin/people" });
    assert.equal(answer.status, 400);
    const page = await answer.text();
    for (const kept of [/name="name" value="Typed Name"/, /name="login" value="Not A Login!"/, /name="email" type="email" value="typed@example.org"/]) assert.match(page, kept);
    const form = page.slice(page.lastIndexOf('action="/admin/people"'));
    assert.match(form, /value="assessor" checked/);
    assert.doesNotMatch(form, /value="learner" checked/);
});

test("an administrator corrects a name; it is shown at once, and the log knows the old one", async () => {
    const link = people.match(/\/admin\/people\/[0-9a-z]+\/name/)[0];
    assert.match(await admin.page(link), /value="Ελένη Παπαδάκη"/);
    const wrong = await admin.post(link, { name: "evil\u{1FFFE}name" }, { from: link });
    assert.equal(wrong.status, 400);
    const said = await wrong.text();
    assert.match(said, /name="name" value="evil/);
    assert.match(said, /cannot be printed \(U\+1FFFE\)/);
    assert.equal((await admin.post(link, { name: " " }, { from: link })).status, 400);
    assert.equal((await admin.post(link, { name: "\u202AΕλένη Παπαδάκη-Ρήγα\u202C\uFEFF" }, { from: link })).status, 303);
    assert.match(await eleni.page("/"), /Ελένη Παπαδάκη-Ρήγα/);
    assert.match(await admin.page("/admin/audit"), /person\.name[\s\S]*Ελένη Παπαδάκη/);
    assert.equal((await eleni.fetch(link)).status, 403);
});

test("whoever is signed in stays so on a page that does not exist", async () => {
    const answer = await eleni.fetch("/no/such/page");
    assert.equal(answer.status, 404);
    const page = await answer.text();
    assert.match(page, /Ελένη/);
    assert.doesNotMatch(page, /href="\/login/);
});
