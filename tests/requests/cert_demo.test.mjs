// Certification in the demo academy, where a level asks for modules, an exam and a lab: the evidence on one page, and who
// may decide on it.
import assert from "node:assert/strict";
import { execFileSync, spawnSync } from "node:child_process";
import { existsSync, readFileSync, renameSync } from "node:fs";
import { join } from "node:path";
import { after, test } from "node:test";
import { caseOf, grant } from "../lib/level.mjs";
import { command, makeDemo, startServer } from "../lib/server.mjs";
import { verify } from "../credentials/verify.mjs";

const server = await startServer({ data: makeDemo() });
after(() => server.stop());
const demo = JSON.parse(readFileSync(join(server.data, "demo.json"), "utf8"));
const { password } = demo.accounts[0];
const as = (login) => server.signedIn(login, password);
const stranger = server.client();
const candidate = "ณัฐยา ศรีสุวรรณ";
const reason = "All of it was checked against the evidence.";
const number = (state) => demo.certificates.find((c) => c.state === state).number;

test("a learner sees what is met and what is missing", async () => {
    const page = await (await as("learner")).page("/programmes/mops/levels/associate");
    assert.match(page, /3 of 13 met/);
    assert.match(page, /href="\/exams\/mops-associate"/);
    assert.match(page, /href="\/labs\/field-mapping-dedupe"/);
    assert.match(page, /not sat yet/);
    assert.match(page, /you may sit the exam and do the lab without the modules/);
});

test("the evidence stands on one page", async () => {
    const assessor = await as("assessor"), page = await assessor.page(await caseOf(assessor, candidate));
    assert.match(page, /13 of 13 met/);
    assert.match(page, /Data and integration/); // the exam by domain
    assert.match(page, /scaled \d{3}/);
    assert.equal((await assessor.fetch(/href="(\/assess\/cases\/[0-9a-z]+\/runs\/[0-9a-z]+)"/.exec(page)[1])).status, 200);
    assert.match(page, /<span class="muted">[A-Z][^<=]+ · [A-Z][^<=]+<\/span>/); // the systems by their names
    assert.doesNotMatch(page, /crm=/);
    assert.match(page, /Lucía Ferrer/); // who taught
});

test("whoever taught the candidate is refused by the server, not only by the page", async () => {
    const teacher = await as("lucia"), path = await caseOf(teacher, candidate), page = await teacher.page(path);
    assert.match(page, /You taught this person/);
    assert.doesNotMatch(page, /name="outcome"/);
    for (const outcome of ["granted", "refused"]) {
        const answer = await teacher.post(`${path}/decision`, { outcome, reason });
        assert.equal(answer.status, 403);
        assert.match(await answer.text(), /You taught this person/);
    }
    assert.match(await (await as("assessor")).page(path), /name="outcome"/); // still open
});

test("a grant on modules, exam and lab verifies with independent libraries", async () => {
    const assessor = await as("assessor"), granted = await grant(assessor, await caseOf(assessor, candidate));
    const credential = await (await stranger.fetch(`/certificates/${granted}.json`)).json();
    assert.deepEqual(credential.evidence.map((e) => e.genre), ["modules", "exam", "lab"]);
    assert.equal(credential.credentialSubject.result.length, 2);
    const get = async (path) => (await stranger.fetch(path)).json();
    const { verified, reason: why } = await verify({
        credential, didDocument: await get("/.well-known/did.json"), statusList: await get(new URL(credential.credentialStatus.statusListCredential).pathname),
    });
    assert.ok(verified, why);
    assert.equal(command(["audit", "verify", "--data", server.data]).code, 0);
});

test("the academy's own certified and revoked ones say so", async () => {
    assert.match(await stranger.page(`/certificates/${number("certified")}`), /is on record here/);
    assert.match(await stranger.page(`/certificates/${number("revoked")}`), /Revoked/);
    const text = await (await stranger.fetch(`/certificates/${number("revoked")}.json`)).text();
    const report = await (await stranger.fetch("/verify", { method: "POST", body: new URLSearchParams({ credential: text }), headers: { accept: "application/json" } })).json();
    assert.deepEqual(report.checks.filter((c) => c.outcome === "fail").map((c) => c.code), ["revoked"]);
});

test("page and paper name the scheme as people do", { skip: spawnSync("pdftotext", ["-v"]).status !== 0 && "pdftotext is not installed" }, async () => {
    const path = `/certificates/${number("certified")}`;
    assert.match(await stranger.page(path), /Scheme<\/dt><dd><bdi>Marketing Operations 2026\.1<\/bdi>/);
    const pdf = Buffer.from(await (await stranger.fetch(`${path}.pdf`)).arrayBuffer());
    const text = execFileSync("pdftotext", ["-raw", "-", "-"], { input: pdf, encoding: "utf8" }).replace(/\s+/g, " ");
    assert.match(text, /Scheme Marketing Operations 2026\.1/);
    assert.doesNotMatch(text, /mops 2026/);
});

test("every passed lab is in the audit log, with the record that it stands on", { skip: spawnSync("sqlite3", ["-version"]).status !== 0 && "sqlite3 is not installed" }, () => {
    const data = makeDemo();
    const sql = (text) => JSON.parse(execFileSync("sqlite3", ["-json", join(data, "gradus.db"), text], { encoding: "utf8" }) || "[]");
    const passed = sql(`SELECT r.id AS subject, r.person_id AS actor, c.at_ms, (SELECT hash FROM lab_action a WHERE a.run_id = r.id ORDER BY seq DESC LIMIT 1) AS head
                          FROM lab_checking c JOIN lab_run r ON r.id = c.run_id WHERE c.passed = c.total ORDER BY r.id`);
    const entered = sql("SELECT subject, actor, at_ms, json_extract(detail, '$.head') AS head FROM audit_log WHERE action = 'lab.pass' ORDER BY subject");
    assert.ok(passed.length > 5, `${passed.length} passed`);
    assert.deepEqual(entered, passed);
    assert.ok(sql("SELECT count(*) AS n FROM lab_checking WHERE passed < total")[0].n > 0, "some did not pass, and are not in it");
    assert.equal(command(["audit", "verify", "--data", data]).code, 0);
});

test("an academy without the key that signed says so at its start, and takes the key back", async (t) => {
    const data = makeDemo();
    const key = join(data, "keys/issuer-0001.key"), apart = join(data, "issuer.copy");
    renameSync(key, apart);
    const without = await startServer({ t, data });
    const line = await without.log({ event: "signing_key_missing", level: "error" });
    assert.match(line.message, /z6Mk\w+.*keys.*put back/);
    const { certificates } = JSON.parse(readFileSync(join(data, "demo.json"), "utf8"));
    const valid = certificates.find((c) => c.state === "certified").number;
    for (const end of ["", ".json", ".pdf"]) {
        const answer = await without.client().fetch(`/certificates/${valid}${end}`);
        assert.equal(answer.status, 409, end);
        assert.match(await answer.text(), /cannot be checked here now/);
    }
    await without.stop();
    assert.equal(existsSync(key), false, "the key that was made meanwhile does not take the lost one's place");
    renameSync(apart, key);
    const whole = await startServer({ t, data });
    const published = await (await whole.client().fetch("/.well-known/did.json")).json();
    assert.equal(published.verificationMethod.length, 2);
    assert.match(await whole.client().page(`/certificates/${valid}`), new RegExp(valid));
    assert.equal(whole.logs.some((entry) => entry.event === "signing_key_missing"), false);
});

test("an academy under another address than its certificates name says so at its start", async (t) => {
    const data = makeDemo(), event = "certificate_origin";
    const { certificates } = JSON.parse(readFileSync(join(data, "demo.json"), "utf8"));
    const moved = await startServer({ t, data });
    const line = await moved.log({ event, level: "warn" });
    const count = Number(/^(\d+) certificates name the address http:\/\/127\.0\.0\.1:8080,/.exec(line.message)[1]);
    assert.ok(count >= certificates.length, line.message);
    assert.ok(line.message.includes(`is served as ${moved.origin}:`), line.message);
    assert.match(line.message, /--origin http:\/\/127\.0\.0\.1:8080 .*--port/);
    assert.notEqual((await (await moved.client().fetch("/.well-known/did.json")).json()).id, "did:web:127.0.0.1%3A8080"); // what is told of
    await moved.stop();
    const home = await startServer({ t, data, args: ["--origin", "http://127.0.0.1:8080"] });
    assert.equal((await (await home.client().fetch("/.well-known/did.json")).json()).id, "did:web:127.0.0.1%3A8080");
    await home.stop();
    assert.equal(home.logs.some((entry) => entry.event === event), false);
});

test("a demo is not served under a name that only begins like this machine's", () => {
    const data = makeDemo();
    for (const origin of ["http://127.0.0.1.evil.example", "http://localhost.evil.example:80"]) {
        const done = command(["serve", "--port", "0", "--data", data, "--origin", origin]);
        assert.equal(done.code, 2, origin);
        assert.match(done.err, /demo academy/);
    }
});
