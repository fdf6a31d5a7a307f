// Whoever can write the database, but has no key of the data folder, writes rows that would give them something: they carry
// no seal of this academy, and give nothing (RULE row-seal).
import assert from "node:assert/strict";
import { createHash, randomBytes } from "node:crypto";
import { readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { after, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { startAttempt } from "../lib/exam.mjs";
import { writer } from "../lib/records.mjs";
import { reseal } from "../lib/seal.mjs";
import { command, makeDemo, startServer } from "../lib/server.mjs";
import { until } from "../lib/until.mjs";

const data = makeDemo(), file = join(data, "gradus.db");
const demo = JSON.parse(readFileSync(join(data, "demo.json"), "utf8")), { password } = demo.accounts[0];
const { sql, changed, free } = writer(file);
const audit = () => command(["audit", "verify", "--data", data]);
const server = await startServer({ data });
after(() => server.stop());
const idOf = (login) => sql(`SELECT id FROM person WHERE login = '${login}'`);
const known = 1100; // what another process changed is seen within a second

// ---- The log ----------------------------------------------------------------------------------------------------------------

test("RULE seal-begins, RULE seal-once: the log names the key once; another one seals what is there when somebody says so", async (t) => {
    const begun = (of = sql) => of("SELECT detail FROM audit_log WHERE subject = 'seals' AND action = 'seal.begins' ORDER BY seq");
    assert.match(begun(), /^\{"key":"[0-9a-f]{32}"\}$/);
    assert.equal(audit().code, 0, audit().err);
    const other = makeDemo(), mine = writer(join(other, "gradus.db")).sql, of = (...args) => command(["audit", ...args, "--data", other]);
    const sealedRuns = () => mine("SELECT group_concat(seal) FROM (SELECT seal FROM lab_run ORDER BY id)");
    const again = await startServer({ data: other, t });
    await again.stop();
    assert.equal(begun(mine).split("\n").length, 1);
    const seal = ["seal", "--reason", "The disk with the keys is lost."];
    assert.deepEqual([of(...seal).code, /there is nothing to seal/.test(of(...seal).err)], [2, true]);
    rmSync(join(other, "seal.key"));
    const before = sealedRuns();
    await again.restart();
    assert.ok(again.logs.some(({ event, message }) => event === "seals" && /gradus audit seal --reason/.test(message)), JSON.stringify(again.logs.slice(-5)));
    await until("the records are read", async () => /"records":"changed"/.test(await (await again.client().fetch("/healthz")).text()));
    await again.stop();
    assert.equal(begun(mine).split("\n").length, 1);
    assert.equal(sealedRuns(), before, "nothing was sealed anew");
    const lost = of("verify");
    assert.deepEqual([lost.code, /not decided: The key of the rows' seals \(seal\.key\) that row \d+ of the audit log names is not here/.test(lost.err)], [1, true], lost.err);
    assert.equal(of("seal").code, 2);
    assert.equal(of("seal", "--reason", "too short").code, 2);
    const done = of(...seal);
    assert.deepEqual([done.code, done.err], [0, ""]);
    assert.match(begun(mine).split("\n")[1], /^\{"key":"[0-9a-f]{32}","by":"[^"]+","reason":"The disk with the keys is lost."\}$/);
    const whole = of("verify");
    assert.deepEqual([whole.code, whole.err], [0, ""]);
    await again.restart();
    await again.stop();
    assert.equal(begun(mine).split("\n").length, 2);
});

test("RULE seal-once: nobody gets the seals of this academy for rows of their own by a row in the log, or by taking one out", async (t) => {
    const forged = (of) => of(`UPDATE lab_run SET seal = NULL; UPDATE content_completion SET seal = NULL`);
    const seals = (of) => of("SELECT (SELECT count(seal) FROM lab_run) + (SELECT count(seal) FROM content_completion)");
    const cases = {
        "an unsigned row that names another key": `INSERT INTO audit_log SELECT max(seq) + 1, 1, 'system', 'seal.begins', 'seals', '{"key":"${"0".repeat(32)}"}', '${"0".repeat(64)}' FROM audit_log`,
        "the row is gone": "DELETE FROM audit_log WHERE action = 'seal.begins'",
        "the row and its signature are gone": "DELETE FROM audit_signed_head WHERE seq = (SELECT seq FROM audit_log WHERE action = 'seal.begins'); DELETE FROM audit_log WHERE action = 'seal.begins'",
        "the whole log and its head are gone": "DELETE FROM audit_signed_head; DELETE FROM audit_log",
    };
    for (const [how, text] of Object.entries(cases)) {
        const other = makeDemo(), { sql: mine } = writer(join(other, "gradus.db"));
        for (const name of mine("SELECT name FROM sqlite_master WHERE type = 'trigger'").split("\n")) mine(`DROP TRIGGER "${name}"`);
        const triggers = writer(file).sql("SELECT sql || ';' FROM sqlite_master WHERE type = 'trigger'");
        mine(text);
        if (/whole log/.test(how)) rmSync(join(other, "gradus.db.audit-head"));
        forged(mine);
        mine(triggers);
        const started = await startServer({ data: other, t });
        await started.stop();
        assert.equal(seals(mine), "0", how);
        assert.equal(started.logs.some(({ message }) => /the audit log does not tell of it/.test(message)), !/unsigned/.test(how), how);
        assert.equal(command(["audit", "verify", "--data", other]).code, 1, how);
    }
});

// ---- Sessions ---------------------------------------------------------------------------------------------------------------

test("RULE session-seal: a session that was written past the program signs nobody in", async () => {
    for (const login of ["learner", "assessor", "admin"]) {
        const token = randomBytes(32).toString("base64url"), id = createHash("sha256").update(token).digest("hex"), now = Date.now();
        sql(`INSERT INTO session (id, person_id, csrf, created_ms, expires_ms, client, awaits_code) VALUES ('${id}', '${idOf(login)}', '${"c".repeat(43)}', ${now}, ${now + 3_600_000}, '127.0.0.1', 0)`);
        const forged = server.client();
        forged.cookies.set("gradus", token);
        assert.equal((await forged.fetch("/me")).status, 303, login);
        // With the seal of another session, too.
        await server.signedIn(login, password);
        sql(`UPDATE session SET seal = (SELECT seal FROM session WHERE seal IS NOT NULL AND person_id = '${idOf(login)}' LIMIT 1) WHERE id = '${id}'`);
        await sleep(known);
        assert.equal((await forged.fetch("/me")).status, 303, login);
        reseal(data, "session", `id = '${id}'`); // the test would be of nothing if that were none either
        await sleep(known);
        assert.equal((await forged.fetch("/me")).status, 200, login);
    }
});

test("RULE session-seal: whatever of a session is changed, it is none; put back, it is one again", async () => {
    const client = await server.signedIn("learner", password), token = client.cookies.get("gradus");
    const id = createHash("sha256").update(token).digest("hex");
    for (const set of [`person_id = '${idOf("admin")}'`, "csrf = 'another'", "created_ms = created_ms + 1", "created_ms = created_ms - 1", "expires_ms = expires_ms + 1", "awaits_code = 1 - awaits_code", "seal = NULL", "seal = upper(seal)"]) {
        await changed("session", `id = '${id}'`, set, async () => {
            await sleep(known);
            assert.equal((await client.fetch("/me")).status, 303, set);
        });
        await sleep(known);
        assert.equal((await client.fetch("/me")).status, 200, `${set}, put back`);
    }
});

test("RULE logged-sign-in: by a password that was put into the store nobody signs in, also when it is put back", async () => {
    const other = "six white swans swim", change = (client, from, to) => client.post("/me/password", { current: from, new: to, again: to }, { from: "/me" });
    assert.equal((await change(await server.signedIn("learner", password), password, other)).status, 303);
    const mine = sql(`SELECT hash FROM password WHERE person_id = '${idOf("learner")}'`), admin = await server.signedIn("admin", password);
    await changed("password", `person_id = '${idOf("admin")}'`, `hash = '${mine}'`, async () => {
        assert.equal((await server.client().post("/login", { login: "admin", password: other }, { from: "/login" })).status, 403);
        assert.ok(server.logs.some((line) => /cannot sign in: the password was set by nobody/.test(JSON.stringify(line))));
        assert.equal((await change(admin, other, "nine grey herons wade")).status, 400);
        assert.match(audit().err, /the password was set by nobody/);
    });
    assert.equal((await server.client().login("admin", password)).status, 303);
    assert.equal((await change(await server.signedIn("learner", other), other, password)).status, 303);
    assert.equal(audit().code, 0);
});

test("RULE session-ended: a session that ended is none again, whatever its row says of its end", async () => {
    const idOfToken = (client) => createHash("sha256").update(client.cookies.get("gradus")).digest("hex");
    const ends = {
        "signed out": (client) => client.post("/logout", {}, { from: "/me" }),
        "ended from another": async () => (await server.signedIn("tomasz", password)).post("/me/sessions/end", {}, { from: "/me" }),
        "the password was changed": async () => {
            const change = (from, to) => server.signedIn("tomasz", from).then((c) => c.post("/me/password", { current: from, new: to, again: to }, { from: "/me" }));
            assert.equal((await change(password, "six white swans swim")).status, 303);
            assert.equal((await change("six white swans swim", password)).status, 303);
        },
        "the password was reset": () => assert.equal(command(["user", "reset", "tomasz", "--own-password-stdin", "--data", data], { input: `${password}\n` }).code, 0),
    };
    for (const [how, end] of Object.entries(ends)) {
        const client = await server.signedIn("tomasz", password), token = client.cookies.get("gradus"), id = idOfToken(client);
        await end(client);
        client.cookies.set("gradus", token);
        await sleep(known);
        assert.equal((await client.fetch("/me")).status, 303, how);
        sql(`UPDATE session SET ended_ms = NULL WHERE id = '${id}'`);
        await sleep(known);
        assert.equal((await client.fetch("/me")).status, 303, `${how}, and put back`);
        reseal(data, "session", `id = '${id}'`); // the test would be of nothing if its time were over
        await sleep(known);
        assert.equal((await client.fetch("/me")).status, 200, how);
    }
});

// ---- Lab runs ---------------------------------------------------------------------------------------------------------------

const passedRun = sql("SELECT run_id FROM lab_checking WHERE total > 0 AND passed = total ORDER BY run_id LIMIT 1");
const broken = new RegExp(`lab run ${passedRun}: its record is not the one that was made with it`);
const ofRun = `run_id = '${passedRun}'`, lastOfRun = `${ofRun} AND seq = (SELECT max(seq) FROM lab_action WHERE ${ofRun})`;

test("RULE lab-seal: a run and its actions are of this program, whole and in nobody else's name", async () => {
    for (const [table, where, set, sentence] of [
        ["lab_run", `id = '${passedRun}'`, "seal = NULL", broken], ["lab_run", `id = '${passedRun}'`, "seed = seed + 1", broken],
        ["lab_run", `id = '${passedRun}'`, "sealed_seq = 1000, sealed_hash = (SELECT max(hash) FROM lab_action)", broken],
        ["lab_action", lastOfRun, "seal = NULL", broken], ["lab_action", `${ofRun} AND seq = 1`, "seal = (SELECT seal FROM lab_action WHERE seal IS NOT NULL ORDER BY run_id DESC LIMIT 1)", broken],
        ["lab_action", `${ofRun} AND seq > 10`, "", /lab run \w+: its record does not have the actions that were logged when it was passed/],
    ])
        await changed(table, where, set, () => {
            const done = audit();
            assert.deepEqual([done.code, sentence.test(done.err)], [1, true], `${table} ${set}: ${done.out}${done.err}`);
        });
    assert.equal(audit().code, 0);
});

test("RULE lab-record: a signed pass names its last action, and that one stands where it stood", async () => {
    // One action more is no matter: a lab goes on after it was passed. One place further is.
    for (const by of [-1, 1])
        await changed("lab_checking", `${ofRun} AND passed = total`, `seq = seq + ${by}`, () => assert.match(audit().err, /does not have the actions that were logged/));
    assert.equal(audit().code, 0);
});

test("RULE lab-seal: somebody else's run, copied with its chain made anew, passes nothing", async () => {
    const id = `${passedRun.slice(0, -4)}zzzz`, learner = idOf("learner"), hash = (...parts) => createHash("sha256").update(JSON.stringify(parts)).digest("hex");
    sql(`INSERT INTO lab_run (id, person_id, scenario_id, version, choice, seed, engine, started_ms, seal) SELECT '${id}', '${learner}', scenario_id, version, choice, seed, engine, started_ms, seal FROM lab_run WHERE id = '${passedRun}'`);
    let previous = "0".repeat(64);
    for (const row of JSON.parse(sql(`SELECT json_group_array(json_object('seq', seq, 'at_ms', at_ms, 'action', action, 'status', status, 'answer_sha', answer_sha, 'seal', seal)) FROM (SELECT * FROM lab_action WHERE ${ofRun} ORDER BY seq)`))) {
        previous = hash(id, row.seq, row.at_ms, learner, row.action, row.status, row.answer_sha, previous);
        sql(`INSERT INTO lab_action VALUES ('${id}', ${row.seq}, ${row.at_ms}, '${learner}', '${row.action.replaceAll("'", "''")}', ${row.status}, '${row.answer_sha}', '${previous}', '${row.seal}')`);
    }
    const client = await server.signedIn("learner", password);
    const answer = await client.post(`/runs/${id}/check`, {}, { from: "/me" });
    assert.ok(answer.status >= 400, `${answer.status}`);
    assert.equal(sql(`SELECT count(*) FROM lab_checking WHERE run_id = '${id}'`), "0");
    assert.equal(sql(`SELECT count(*) FROM audit_log WHERE subject = '${id}' AND action = 'lab.pass'`), "0");
    sql(`DELETE FROM lab_incident WHERE run_id = '${id}'; DELETE FROM lab_action WHERE run_id = '${id}'; DELETE FROM lab_run WHERE id = '${id}'`);
});

// ---- Exams ------------------------------------------------------------------------------------------------------------------

test("RULE response-seal: an answer that was not saved by this program is told, and nobody is certified by it", async () => {
    const client = await server.signedIn("tomasz", password), attempt = await startAttempt(client, "mops-associate");
    const ours = `attempt_id = '${attempt}'`, told = new RegExp(`attempt ${attempt}: an answer to question 1 was not saved by this program`);
    const save = await client.fetch(`/attempts/${attempt}/responses/2`, {
        method: "PUT", headers: { "content-type": "application/json", "x-csrf-token": await client.csrf("/me") }, body: JSON.stringify({ seq: 1, response: [1], client: "t" }),
    });
    assert.equal(save.status, 200, await save.text());
    assert.equal(audit().code, 0);
    free();
    sql(`UPDATE exam_open SET saves = saves + 1 WHERE ${ours}`);
    reseal(data, "exam_open", ours); // one answer more is told as well
    sql(`INSERT INTO exam_response (attempt_id, slot, seq, n, client, response, saved_ms, ordinal, seal) SELECT attempt_id, 1, seq, n, client, response, saved_ms, ordinal + 1, seal FROM exam_response WHERE ${ours}`);
    await client.post(`/attempts/${attempt}/submit`, {}, { from: `/attempts/${attempt}/review` });
    await until("it is scored", () => sql(`SELECT 1 FROM exam_result WHERE ${ours}`));
    assert.match(audit().err, told);
    reseal(data, "exam_response", `${ours} AND slot = 1`);
    assert.equal(audit().code, 0, audit().err);
    for (const set of ["seal = NULL", "seal = (SELECT max(seal) FROM exam_response)"])
        await changed("exam_response", `${ours} AND slot = 1`, set, () => assert.match(audit().err, told, set));
    assert.equal(audit().code, 0);
});

test("RULE exam-open-kept: an attempt that has begun is open or has ended, and nothing between", async () => {
    const [attempt, person] = sql("SELECT attempt_id, person_id FROM exam_open LIMIT 1").split("|");
    assert.ok(attempt && person);
    await changed("exam_open", `attempt_id = '${attempt}'`, "", () => assert.match(audit().err, new RegExp(`attempt ${attempt}: it has not ended by the log, and is not on record as open`)));
    assert.equal(audit().code, 0);
});

// ---- Reading ----------------------------------------------------------------------------------------------------------------

test("RULE completion-seal: a module that was completed past the program is not, until this program completes it", async () => {
    const client = await server.signedIn("learner", password), person = idOf("learner"), done = /You have completed this module/;
    const [module, version] = sql(`SELECT module_id, version FROM content_completion WHERE module_id NOT IN (SELECT module_id FROM content_completion WHERE person_id = '${person}') LIMIT 1`).split("|");
    const row = `person_id = '${person}' AND module_id = '${module}'`;
    sql(`INSERT INTO content_completion (person_id, module_id, version, at_ms, seal) VALUES ('${person}', '${module}', '${version}', ${Date.now() - 1000}, (SELECT max(seal) FROM content_completion))`);
    assert.doesNotMatch(await client.page(`/modules/${module}`), done);
    reseal(data, "content_completion", row);
    assert.match(await client.page(`/modules/${module}`), done);
    for (const set of ["at_ms = at_ms - 1", "version = 'another'", "seal = NULL"])
        await changed("content_completion", row, set, async () => assert.doesNotMatch(await client.page(`/modules/${module}`), done, set));
    assert.match(await client.page(`/modules/${module}`), done);
});

// ---- Answers that are gone: last, since the end of such an attempt stays told -----------------------------------------------

test("RULE saves-counted: an answer that is gone is told to who gave it, while the attempt is open and after its end", async () => {
    const client = await server.signedIn("kwame", password), attempt = await startAttempt(client, "mops-associate"), ours = `attempt_id = '${attempt}'`;
    const save = async (slot, seq, response) => client.fetch(`/attempts/${attempt}/responses/${slot}`, {
        method: "PUT", headers: { "content-type": "application/json", "x-csrf-token": await client.csrf("/me") }, body: JSON.stringify({ seq, response, client: "t" }),
    });
    for (const [slot, seq] of [[1, 1], [1, 2], [2, 1]]) assert.equal((await save(slot, seq, [1])).status, 200);
    const missing = /Answers that you saved in this attempt are no longer there/, review = () => client.page(`/attempts/${attempt}/review`);
    const told = (were, are) => new RegExp(`attempt ${attempt}: ${were} answers were saved in it, and ${are} are on record`);
    assert.doesNotMatch(await review(), missing);
    assert.equal(audit().code, 0, audit().err);
    await changed("exam_response", `${ours} AND slot = 2`, "", async () => {
        assert.match(await review(), missing);
        assert.match(audit().err, told(3, 2));
        await changed("exam_open", ours, "saves = 2", () => assert.match(audit().err, new RegExp(`attempt ${attempt}: the number of its saved answers is not the one that was counted`)));
        assert.equal((await save(3, 1, [1])).status, 200, "saving goes on");
        assert.match(audit().err, told(4, 3));
        await client.post(`/attempts/${attempt}/submit`, {}, { from: `/attempts/${attempt}/review` });
        await until("it is scored", () => sql(`SELECT 1 FROM exam_result WHERE ${ours}`));
        assert.match(audit().err, told(4, 3));
    });
});
