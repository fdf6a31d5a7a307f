// The register as a file, of an academy with many certificates.
import assert from "node:assert/strict";
import { readFileSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { writer } from "../lib/records.mjs";
import { makeDemo, startServer } from "../lib/server.mjs";

const certificates = 101000, mostKilobytes = 64 * 1024;

test("RULE export-bounded: 101,000 certificates are exported with the memory of a few", async (t) => {
    const data = makeDemo(), demo = JSON.parse(readFileSync(join(data, "demo.json"), "utf8"));
    const { sql } = writer(join(data, "gradus.db"));
    const of = demo.certificates.find((c) => c.state === "certified").number;
    const here = Number(sql("SELECT count(*) FROM cert_certificate")), columns = sql("SELECT group_concat(name) FROM pragma_table_info('cert_certificate')").split(",");
    const value = { id: "'many' || i", number: "'GR-MANY-' || i", application_id: "'many' || i", issued_ms: "issued_ms - i" };
    sql(`WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ${certificates - here})
        INSERT INTO cert_certificate (${columns}) SELECT ${columns.map((name) => value[name] ?? name)} FROM cert_certificate, n WHERE number = '${of}'`);
    const server = await startServer({ data, t, args: ["--threads", "2"] }), assessor = await server.signedIn("assessor", demo.accounts[0].password);
    const peak = () => Number(/VmHWM:\s+(\d+)/.exec(readFileSync(`/proc/${server.pid}/status`, "utf8"))[1]);
    const before = peak(), began = Date.now(), answer = await assessor.fetch("/assess/certificates?format=csv"), text = await answer.text();
    const lines = text.trim().split("\r\n"), grown = peak() - before;
    t.diagnostic(`${lines.length - 1} certificates, ${text.length} characters, ${Date.now() - began} ms, ${grown} KB more at the peak`);
    assert.equal(answer.status, 200, text.slice(0, 300));
    assert.match(answer.headers.get("cache-control"), /no-store/);
    assert.equal(lines.length, certificates + 1);
    assert.equal(new Set(lines).size, lines.length);
    assert.ok(lines.some((line) => line.startsWith(`"${of}"`) && line.includes('"Valid"')));
    assert.ok(grown < mostKilobytes, `${grown} KB`);
    // While two are being written, on two threads that answer, others are answered.
    let ended = 0;
    const exports = [1, 2].map(() => assessor.fetch("/assess/certificates?format=csv").then((each) => each.text()).then(() => ended++));
    for (let i = 0; i < 20; i++) assert.equal((await fetch(`${server.origin}/healthz`)).status, 200);
    assert.equal(ended, 0, "twenty answers came before either was written");
    await Promise.all(exports);
    // The file has no name, and is closed.
    assert.deepEqual(readdirSync(data).filter((name) => name.startsWith("answer-")), []);
    await server.assertWell();
});
