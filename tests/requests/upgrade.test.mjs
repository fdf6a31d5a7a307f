// An academy of the last version before migration 7 (tests/golden/upgrade) is served by the program of today: everything is
// still there, right, and of use.
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { after, test } from "node:test";
import { gunzipSync } from "node:zlib";
import { verify } from "../credentials/verify.mjs";
import { clockOptions, machine } from "../lib/clock.mjs";
import { writer } from "../lib/records.mjs";
import { lab, oldAcademy, upgradeRoot } from "../lib/upgrade.mjs";
import { command, must, scratch, startServer } from "../lib/server.mjs";

const { data, facts } = oldAcademy(), files = upgradeRoot(), file = join(data, "gradus.db");
const { sql, changed } = writer(file);
const audit = (folder = data) => command(["audit", "verify", "--data", folder]);
// Every row of that version, by table: what is in the columns that it had.
const tables = sql("SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%' AND name NOT LIKE 'content_search%' AND name NOT IN ('content_section', 'content_indexed', 'schema_migration')").split("\n");
const columns = Object.fromEntries(tables.map((name) => [name, sql(`SELECT group_concat('quote("' || name || '")', ' || '','' || ') FROM pragma_table_info('${name}')`)]));
const rows = () => Object.fromEntries(tables.map((name) => [name, new Set(sql(`SELECT ${columns[name]} || char(31) FROM ${name}`).split(/\x1f\n?/))]));
const before = rows();

/* A minute after it was made: attempts run, sessions are open. Somebody else's deadline is not awaited. */
const served_ms = facts.made_ms + 60_000;
const clock = clockOptions.skip ? null : machine();
clock?.step(served_ms - Date.now());
const old = audit();
const server = clock && await startServer({ data, args: ["--root", files, "--origin", "http://academy.example:8080"], env: clock.env });
after(() => server?.stop());
const run = (name, fn) => test(name, clockOptions, fn);
const stranger = server?.client();
const state = { ada: "valid", bo: "suspended", cy: "revoked", di: "valid" };

run("what only reads does not migrate, and says what to do", () => {
    assert.equal(old.code, 2);
    assert.match(old.err, /is at migration 6 and must be brought up to date/);
    assert.ok(existsSync(`${file}.before-migration-7`));
});

run("no row is lost or changed", () => {
    const now = rows();
    for (const name of tables)
        for (const row of before[name]) assert.ok(now[name].has(row), `${name}: ${row.slice(0, 300)}`);
});

run("log, records and results are as they were", () => {
    const done = audit();
    assert.deepEqual([done.code, done.err], [0, ""]);
    assert.match(done.out, /4 certificates are as they were signed and logged/);
});

run("RULE exam-published, RULE programme-published: what the old program kept is named once, and what differs from it is found", async () => {
    const count = (action) => Number(sql(`SELECT count(*) FROM audit_log WHERE action = '${action}'`));
    for (const action of ["exam.publications", "content.publications"]) assert.equal(count(action), 1, action);
    assert.equal(count("exam.publish"), Number(sql("SELECT count(DISTINCT exam_version || items) FROM exam_publication")));
    assert.equal(count("content.publish"), Number(sql("SELECT count(DISTINCT version) FROM content_version WHERE kind = 'programme'")));
    assert.ok(count("exam.publish") >= 2 && count("content.publish") >= 1);
});

run("RULE exam-recomputed: a log without digests, too: results are computed again from form and answers", async () => {
    const id = facts.attempts["cy-small"], of = `attempt_id = '${id}'`, triggers = sql("SELECT sql || ';' FROM sqlite_master WHERE type = 'trigger' AND tbl_name LIKE 'exam_%'");
    for (const name of sql("SELECT name FROM sqlite_master WHERE type = 'trigger' AND tbl_name LIKE 'exam_%'").split("\n")) sql(`DROP TRIGGER "${name}"`);
    const other = "response = CASE response WHEN '[1]' THEN '[2]' ELSE '[1]' END", form = `id = '${id}'`;
    const bo = `person_id = '${facts.people.bo}'`, time = /[Tt]he person \w+: the extra time in exams is not what was logged/;
    const ways = [
        ["exam_accommodation", bo, "factor_permille = 4000", time], ["exam_accommodation", bo, "granted_ms = 1", time], ["exam_accommodation", bo, "exam_id = 'small'", time],
        ["exam_accommodation", bo, `approved_by = '${facts.people.ada}'`, time], ["exam_accommodation", bo, `person_id = '${facts.people.cy}'`, time], ["exam_accommodation", bo, "", time],
        ["exam_response", `${of} AND slot = 1`, other, /its form and its answers give 2 of 3 points \(passed\), its result says 3 of 3 \(passed\)/], ["exam_response", `${of} AND slot = 2 AND seq = 2`, "", /its form and its answers give 2 of 3/],
        ["exam_response", `${of} AND slot = 3`, "slot = 4", /its form and its answers give 2 of 3/], ["exam_response", of, "", /its form and its answers give 0 of 3 points, its result says 3 of 3/],
        ["exam_response", `${of} AND slot = 1`, "response = '[9]'", /its answer to question 1 is none that could be given/], ["exam_response", `${of} AND slot = 1`, "response = 'x'", /its answer to question 1 is none that could be given/],
        ["exam_attempt", form, "form = 'x'", /its form cannot be read/], ["exam_attempt", form, "form = json_set(form, '$.slots[0].order', json_array(form ->> '$.slots[0].order[1]', form ->> '$.slots[0].order[2]', form ->> '$.slots[0].order[0]'))", /its form and its answers give 2 of 3/],
        ["exam_attempt", form, "form = json_set(form, '$.slots[0].scored', json('false'))", /its form and its answers give 2 of 2/], ["exam_attempt", form, "form = json_set(form, '$.slots[0].item', 'keys-9')", /the item keys-9 of its form is not on record/],
        ["exam_attempt", form, "cut_permille = 900", /computed with another cut/], ["exam_result", of, "scoring_version = 9", /a scoring version that there is not/],
        ["exam_result", of, "permille = 999", /share or the scaled score/], ["exam_result", of, "scaled = 799", /share or the scaled score/], ["exam_result", of, `domains = '[["d",2,3]]'`, /other points by domain/],
        ["exam_item_version", "id = 'keys-1'", "source = replace(source, 'Why.', 'So.')", /the item keys-1 is not the one that was asked/],
    ];
    try {
        for (const [table, where, set, sentence] of ways)
            await changed(table, where, set, () => {
                const done = audit();
                assert.deepEqual([done.code, sentence.test(done.err)], [1, true], `${table} ${set}: ${done.out}${done.err}`);
                if (table === "exam_accommodation") return;
                if (table !== "exam_item_version") assert.ok(done.err.includes(`attempt ${id}`), done.err);
                else assert.match(done.err, /also the attempt \w+: the item keys-1/); // each attempt that it was asked in
            });
    } finally {
        sql(triggers);
    }
    assert.equal(audit().code, 0);
});

run("what was printed and signed then is still valid, or is what became of it since", async () => {
    for (const [name, base64] of Object.entries(facts.papers)) {
        const [login, kind] = name.split("."), bytes = Buffer.from(base64, "base64"), form = new FormData();
        form.set("file", new Blob([bytes]), `certificate.${kind}`);
        const answer = await stranger.fetch("/verify", { method: "POST", body: form, headers: { accept: "application/json" } });
        const report = await answer.json();
        assert.equal(report.valid, state[login] === "valid", `${name}: ${JSON.stringify(report)}`);
    }
});

run("a credential that a reinstatement replaced stays revoked", async () => {
    const text = await (await stranger.fetch(`/certificates/${facts.certificates.di}.json?version=1`)).text();
    const answer = await stranger.fetch("/verify", { method: "POST", body: new URLSearchParams({ credential: text }), headers: { accept: "application/json" } });
    assert.equal((await answer.json()).valid, false);
});

run("pages, papers and lists of certificates", async () => {
    const json = async (path) => (await stranger.fetch(path)).json();
    for (const [login, number] of Object.entries(facts.certificates)) {
        const page = await stranger.page(`/certificates/${number}`);
        assert.match(page, { valid: /Valid/, suspended: /Suspended/, revoked: /Revoked/ }[state[login]], login);
        const credential = await json(`/certificates/${number}.json`);
        assert.equal(JSON.stringify(credential), JSON.stringify(JSON.parse(Buffer.from(facts.papers[`${login}.json`], "base64"))), login);
        const list = await json(new URL(credential.credentialStatus.statusListCredential).pathname), index = Number(credential.credentialStatus.statusListIndex);
        const bits = gunzipSync(Buffer.from(list.credentialSubject.encodedList.slice(1), "base64url"));
        assert.equal(bits[index >> 3] >> (7 - (index & 7)) & 1, state[login] === "valid" ? 0 : 1, login);
        const seen = await verify({ credential, didDocument: await json("/.well-known/did.json"), statusList: list, now: new Date(served_ms + 60_000) });
        assert.equal(seen.revoked, state[login] !== "valid", `${login} ${JSON.stringify(seen)}`);
        for (const kind of state[login] === "valid" ? ["pdf", "png"] : []) assert.equal((await stranger.fetch(`/certificates/${number}.${kind}`)).status, 200, `${login}.${kind}`);
    }
});

// RULE session-seal: sessions of then carry no seal.
run("people sign in with their passwords; who was signed in signs in again", async () => {
    for (const login of ["ada", "bo", "assessor", "admin", "instructor"]) await server.signedIn(login, facts.password);
    const [, hal] = /^hal,(\S+)$/m.exec(facts.imported);
    await server.signedIn("hal", hal);
    const gus = server.client({ headers: { cookie: facts.session } });
    assert.equal((await gus.fetch("/me")).status, 303);
    assert.match(await (await server.signedIn("gus", facts.password)).page("/"), /สมชาย ตัวอย่าง/);
});

run("results, exceptions and cases are shown as they were", async () => {
    const bo = await server.signedIn("bo", facts.password);
    assert.match(await bo.page(`/attempts/${facts.attempts["bo-small"]}/result`), /2 of 3|2 \/ 3/);
    const ada = await server.signedIn("ada", facts.password);
    assert.match(await ada.page(`/attempts/${facts.attempts["ada-practice"]}/result`), /1 of 3|1 \/ 3/);
    assert.match(await ada.page("/me/certificates"), new RegExp(facts.certificates.ada));
    const assessor = await server.signedIn("assessor", facts.password), queue = await assessor.page("/assess");
    assert.match(queue, /نور مثال/);
    for (const [, path] of queue.matchAll(/href="(\/assess\/cases\/\w+)"/g)) assert.doesNotMatch(await assessor.page(path), /not what was logged/);
    const admin = await server.signedIn("admin", facts.password);
    assert.match(await admin.page(`/admin/people/${facts.people.bo}/time`), /A longer time was agreed on\./);
    assert.match(await admin.page("/admin/people?q=ivy"), /Ivy Imported/);
    await admin.page("/admin/audit");
});

run("a running attempt goes on with its answers, and is scored", async () => {
    const gus = await server.signedIn("gus", facts.password), attempt = facts.attempts["gus-small"], token = await gus.csrf("/me");
    const put = async (slot, seq, response) => {
        const answer = await gus.fetch(`/attempts/${attempt}/responses/${slot}`, { method: "PUT", headers: { "content-type": "application/json", "x-csrf-token": token }, body: JSON.stringify({ seq, response, client: "make" }) });
        return { status: answer.status, ...(await answer.json()) };
    };
    for (const { slot, seq, response, told } of facts.receipts[attempt]) {
        const again = await put(slot, seq, response); // what was acknowledged then is told again, with the same receipt
        assert.equal(again.status, 200);
        assert.equal(again.receipt, told.receipt);
    }
    const page = await gus.page(`/attempts/${attempt}/q/2`);
    const options = [...page.matchAll(/(First|Second|Third) of \d/g)].map((m) => m[1]).slice(0, 3);
    assert.equal((await put(2, 1, options.indexOf("Second") + 1)).status, 200);
    assert.equal((await gus.post(`/attempts/${attempt}/submit`, { anyway: "1", sure: "1", confirm: "1" }, { from: `/attempts/${attempt}/review` })).status, 303);
    for (let i = 0; i < 100 && !sql(`SELECT 1 FROM exam_result WHERE attempt_id = '${attempt}'`); i++) await new Promise((go) => setTimeout(go, 100));
    assert.equal(sql(`SELECT correct || ' of ' || total FROM exam_result WHERE attempt_id = '${attempt}'`), "3 of 3");
});

run("an open lab run of an older engine is refused with what is kept, and a new one begun", async () => {
    const gus = await server.signedIn("gus", facts.password);
    // RULE lab-engine-old: what objects do was in the program then, and stands in the scenario's files now.
    for (const path of [facts.run, `${facts.run}/replay?verify=1`]) {
        const answer = await gus.fetch(path);
        assert.equal(answer.status, 409);
        assert.match(await answer.text(), /begun with an older version of the labs/);
    }
    assert.equal(sql("SELECT count(*) FROM lab_incident"), "0");
    assert.equal(sql("SELECT count(*) FROM lab_checking"), "1");
    const lobby = await gus.page(`/labs/${lab}`), choice = {};
    for (const [, system, dialect] of lobby.matchAll(/type="radio" name="([^"]+)" value="([^"]+)"/g)) choice[system] = dialect;
    const begun = await gus.post(`/labs/${lab}/runs`, choice, { from: `/labs/${lab}` });
    assert.equal(begun.status, 303, await begun.text());
    assert.match(await gus.page(begun.headers.get("location")), /Your tasks/);
});

run("a suspended certificate is reinstated, a valid one revoked, a case decided", async () => {
    const assessor = await server.signedIn("assessor", facts.password), reason = "It was looked into again.";
    for (const [login, change] of [["bo", "reinstated"], ["di", "revoked"]]) {
        const answer = await assessor.post(`/assess/certificates/${facts.certificates[login]}/status`, { change, reason }, { from: "/assess/certificates" });
        assert.equal(answer.status, 303, await answer.text());
    }
    assert.match(await stranger.page(`/certificates/${facts.certificates.bo}`), /Valid/);
    assert.match(await stranger.page(`/certificates/${facts.certificates.di}`), /Revoked/);
    const queue = await assessor.page("/assess"), path = /href="(\/assess\/cases\/\w+)"/.exec(queue.split("<tr").find((row) => row.includes("نور مثال")))[1];
    const answer = await assessor.post(`${path}/decision`, { outcome: "granted", reason });
    assert.equal(answer.status, 303, await answer.text());
    assert.deepEqual([audit().code, audit().err], [0, ""]);
});

run("a backup of it is restored, and so is one that is its database alone", async () => {
    const folder = scratch("backup"), archive = join(folder, "a.tar"), to = join(folder, "to"), plain = join(folder, "plain");
    must(["backup", archive, "--data", data]);
    must(["restore", archive, "--data", to, "--without-keys"]);
    assert.equal(sql("SELECT count(*) FROM audit_log") <= execFileSync("sqlite3", [join(to, "gradus.db"), "SELECT count(*) FROM audit_log"], { encoding: "utf8" }).trim(), true);
    must(["restore", `${file}.before-migration-7`, "--data", plain, "--without-keys"]);
    assert.equal(execFileSync("sqlite3", [join(plain, "gradus.db"), "SELECT count(*) FROM exam_result"], { encoding: "utf8" }).trim(), "7");
});
