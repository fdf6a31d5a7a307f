// A log out of which somebody took a row while the server was down: what is asked of it, and what is decided by it.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { after, test } from "node:test";
import { caseOf } from "../lib/level.mjs";
import { writer } from "../lib/records.mjs";
import { command, makeDemo, must, startServer } from "../lib/server.mjs";
import { until } from "../lib/until.mjs";

const data = makeDemo(), file = join(data, "gradus.db");
const demo = JSON.parse(readFileSync(join(data, "demo.json"), "utf8")), { password } = demo.accounts[0];
const number = (state) => demo.certificates.find((c) => c.state === state).number;
const certified = number("certified"), revoked = number("revoked"), candidate = "ณัฐยา ศรีสุวรรณ";
const reason = "All of it was checked against the evidence.";
const { sql, free } = writer(file);
const credential = (n) => sql(`SELECT json FROM cert_credential WHERE certificate_id = (SELECT id FROM cert_certificate WHERE number = '${n}')`);
free();
sql("DROP TRIGGER audit_log_no_delete; DELETE FROM cert_status; DELETE FROM audit_log WHERE action = 'cert.revoke'");
const server = await startServer({ data });
after(() => server.stop());
const stranger = server.client();

test("RULE audit-read: while a row is missing, nothing is shown as valid, the revoked certificate least of all", async () => {
    for (const n of [revoked, certified])
        for (const end of ["", ".json", ".pdf", ".png"]) {
            const answer = await stranger.fetch(`/certificates/${n}${end}`);
            assert.equal(answer.status, 409, n + end);
            assert.match(await answer.text(), /cannot be checked here now: the academy(?:'|&#39;)s log/, n + end);
        }
    const list = sql("SELECT list_id FROM cert_credential LIMIT 1");
    assert.equal((await stranger.fetch(`/status/${list}`)).status, 409);
    for (const n of [revoked, certified]) {
        const page = await (await stranger.fetch("/verify", { method: "POST", body: new URLSearchParams({ credential: credential(n) }) })).text();
        assert.match(page, /Not decided/, n);
        assert.match(page, /the academy(?:'|&#39;)s log, by which it is checked, was changed or is not whole/, n);
    }
});

test("RULE audit-read: health, metrics, the page of administrators and the log tell it from the start on", async () => {
    const health = await (await stranger.fetch("/healthz")).json();
    assert.equal(health.status, "the audit log does not hold: see the log");
    assert.equal(health.records, "changed");
    assert.match(await (await stranger.fetch("/metrics")).text(), /^gradus_audit_broken 1$/m);
    await server.log({ event: "audit_broken" });
    const admin = await server.signedIn("admin", password);
    assert.match(await admin.page("/admin"), /Row \d+ of the audit log is missing/);
    // And so does the reading of all of it, behind the check of the file.
    await until("the file is checked", async () => (await (await stranger.fetch("/healthz")).json()).database === "ok");
    assert.equal((await (await stranger.fetch("/healthz")).json()).records, "changed");
});

test("RULE audit-read: nothing is granted, refused, marked, revoked or suspended", async () => {
    const rows = () => sql("SELECT (SELECT count(*) FROM cert_decision), (SELECT count(*) FROM cert_status), (SELECT count(*) FROM cert_mark)");
    const assessor = await server.signedIn("assessor", password), path = await caseOf(assessor, candidate), before = rows();
    for (const outcome of ["granted", "refused"]) {
        const answer = await assessor.post(`${path}/decision`, { outcome, reason });
        assert.equal(answer.status, 409, outcome);
        assert.match(await answer.text(), /Nothing can be decided now: the audit log was changed or is not whole/);
    }
    for (const change of ["revoked", "suspended"])
        assert.equal((await assessor.post(`/assess/certificates/${certified}/status`, { change, reason }, { from: "/assess/certificates" })).status, 409, change);
    assert.equal(rows(), before);
});

test("RULE audit-accept: after an inquiry the academy goes on, and what is changed afterwards is found again", async () => {
    const verify = () => command(["audit", "verify", "--data", data]);
    assert.match(verify().err, /Row \d+ of the audit log is missing/);
    await server.stop();
    must(["audit", "accept", "--reason", "a revocation was taken out; it is made again", "--data", data]);
    assert.doesNotMatch(verify().err, /of the audit log is missing/);
    await server.restart();
    assert.equal((await stranger.fetch(`/certificates/${certified}`)).status, 200);
    assert.match(await (await stranger.fetch("/metrics")).text(), /^gradus_audit_broken 0$/m);
    const assessor = await server.signedIn("assessor", password);
    assert.equal((await assessor.post(`/assess/certificates/${revoked}/status`, { change: "revoked", reason }, { from: "/assess/certificates" })).status, 303);
    await server.stop();
    sql("DROP TRIGGER IF EXISTS audit_log_no_delete; DELETE FROM audit_log WHERE seq = 20");
    assert.match(verify().err, /Row 20 of the audit log is missing/);
    await server.restart();
    assert.equal((await stranger.fetch(`/certificates/${certified}`)).status, 409);
});
