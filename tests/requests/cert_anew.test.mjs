// After a revocation: what was done before counts nowhere, and what is asked anew can be done anew.
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { join } from "node:path";
import { after, test } from "node:test";
import { examRoot, passSmall, startAttempt } from "../lib/exam.mjs";
import { caseOf, grant } from "../lib/level.mjs";
import { addPerson, scratch, startServer } from "../lib/server.mjs";
import { until } from "../lib/until.mjs";

const folder = examRoot({ kind: "live", review: "domains", minutes: 20 }), data = scratch("data");
examRoot.files.write("content/p/programme.md", "---\nid: p\ntitle: Small programme\nbody: B\nscheme_version: \"1\"\nsummary: S.\ndomains:\n  - {id: data, title: Data}\nlevels:\n  - {id: associate, title: Associate, summary: S., scope: S., valid_months: 12, requires: {exams: [small]}, again: {after_revocation_days: 1}}\n---\nText.\n");
addPerson(data, "ada");
addPerson(data, "assessor", { roles: "assessor" });
const server = await startServer({ data, args: ["--root", folder] });
after(() => server.stop());
const learner = await server.signedIn("ada"), assessor = await server.signedIn("assessor");
const level = "/programmes/p/levels/associate", why = "The work was somebody else’s, as came out.";
const sql = (text) => execFileSync("sqlite3", ["-cmd", ".timeout 5000", join(server.data, "gradus.db"), text], { encoding: "utf8" }).trim();

async function pass() {
    const attempt = await startAttempt(learner, "small");
    await passSmall(learner, attempt);
    await until("the result", async () => /You have passed/.test(await learner.page(`/attempts/${attempt}/result`)));
    await until("what is on record", async () => sql(`SELECT count(*) FROM exam_result WHERE attempt_id = '${attempt}'`) !== "0");
}

// RULE exam-anew.
test("a pass that no longer counts is no reason to refuse the exam", async () => {
    await pass();
    assert.match(await learner.page("/exams/small"), /You need not sit it again/);
    assert.equal((await learner.post("/exams/small/start", {}, { from: "/me" })).status, 409);
    assert.match(await learner.page("/programmes/p"), /1 of 1 step done[^]*data-apply/);
    assert.equal((await learner.post(level, {})).status, 303);
    assert.match(await learner.page("/programmes/p"), /1 of 1 step done[^]*data-waits/);
    // One box says it: at first that the application is in, later that it waits.
    const applied = await learner.page(`${level}?applied=1`);
    assert.match(applied, /Your application is in\./);
    assert.doesNotMatch(applied, /Your application waits/);
    assert.match(await learner.page(level), /Your application waits for a decision/);
    // RULE brief-exam: whoever decides is told, in fair words.
    const row = (await assessor.page("/assess")).split("<tr").find((part) => part.includes("ada of the tests"));
    assert.match(row, /exam unusually short/);
    assert.doesNotMatch(row, /nothing unusual/);
    assert.match(await assessor.page(await caseOf(assessor, "ada of the tests")), /This attempt was unusually short: less than a tenth of the 20 minutes of the exam\. There can be good reasons for it\./);
    const number = await grant(assessor, await caseOf(assessor, "ada of the tests"));
    assert.equal((await learner.post("/exams/small/start", {}, { from: "/me" })).status, 409, "it is held");
    assert.match(await learner.page("/programmes/p"), /data-holds[^]*You hold the certificate of this level/);
    assert.match(await learner.page(level), /You hold a certificate/);
    assert.equal((await assessor.post(`/assess/certificates/${number}/status`, { change: "revoked", reason: why })).status, 303);
    // RULE revocation-told, RULE done-before, RULE apply-told: all pages say the same.
    assert.match(await assessor.page(`/assess/certificates?q=${number}`), /The certificate was revoked|Revoked/);
    const told = await learner.page(level), home = await learner.page("/"), path = await learner.page("/programmes/p");
    assert.match(told, /Your certificate of this level was revoked on [^]*Revoked[^]*somebody else’s[^]*You can apply again from[^]*only what you do after that counts[^]*0 of 1 met[^]*done on [^]*, which does not count any more/);
    assert.doesNotMatch(told, /You hold|not sat yet/);
    assert.match(home, /0 of 1 step done[^]*data-revoked[^]*revoked on [^]*somebody else’s[^]*does not count any more[^]*You can apply again from [^]*to be done anew/);
    assert.match(path, /0 of 1 step done[^]*data-revoked[^]*To be done anew/);
    assert.doesNotMatch(path, /All steps done|data-apply|data-holds/);
    assert.doesNotMatch(await learner.page("/exams/small"), /You need not sit it again/);
    const stranger = server.client(), credential = await (await stranger.fetch(`/certificates/${number}.json`)).text();
    const check = await stranger.fetch("/verify", { method: "POST", body: new URLSearchParams({ credential }) });
    assert.match(await check.text(), /Whether it holds now:<\/strong> <span>it does not\.<\/span> <span class="cert-why">It was revoked\.</);
    await pass();
    assert.match(await learner.page("/exams/small"), /You need not sit it again/);
    assert.equal((await learner.post("/exams/small/start", {}, { from: "/me" })).status, 409);
});
