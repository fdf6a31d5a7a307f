// What an assessor sees behind a case: the attempt with its times, the lab run with its checks and hints. Read only, logged, and
// only in a case that is open to them.
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { after, test } from "node:test";
import { caseOf } from "../lib/level.mjs";
import { keysOf } from "../lib/exam.mjs";
import { facts, sealOf } from "../lib/seal.mjs";
import { command, makeDemo, root, startServer } from "../lib/server.mjs";

const server = await startServer({ data: makeDemo() });
after(() => server.stop());
const demo = JSON.parse(readFileSync(join(server.data, "demo.json"), "utf8"));
const { password } = demo.accounts[0];
const as = (login) => server.signedIn(login, password);
const candidate = "ณัฐยา ศรีสุวรรณ";
const assessor = await as("assessor"), path = await caseOf(assessor, candidate), page = await assessor.page(path);
const attempt = /href="(\/assess\/cases\/[0-9a-z]+\/attempts\/[0-9a-z]+)"/.exec(page)[1];
const run = /href="(\/assess\/cases\/[0-9a-z]+\/runs\/[0-9a-z]+)"/.exec(page)[1];

test("the attempt: each answer with its time, the time line, and nothing of what the items say", async () => {
    const answer = await assessor.fetch(attempt), text = await answer.text();
    assert.equal(answer.status, 200);
    assert.match(answer.headers.get("cache-control"), /no-store/);
    const rows = text.split("<tr>").slice(2);
    assert.equal(rows.length, 42);
    for (const row of rows) assert.match(row, /<code>[a-z0-9-]+<\/code>[^]*(right|not right|tried out)/);
    assert.ok(rows.filter((row) => /<time datetime="2026/.test(row)).length >= 40, "answers have times");
    assert.equal(rows.filter((row) => /> right</.test(row)).length, 38 + rows.filter((row) => /tried out/.test(row) && /> right</.test(row)).length);
    assert.match(text, /Time line[^]*0:00[^]*Began[^]*Question \d+: answer [A-Z](?:, [A-Z])* saved[^]*counts[^]*Submitted/);
    for (const key of keysOf("exams/mops/bank")) assert.ok(!text.includes(key), `a rationale is shown: ${key}`);
    for (const name of readdirSync(join(root, "exams/mops/bank"))) {
        const bank = readFileSync(join(root, "exams/mops/bank", name), "utf8");
        for (const [, stem] of bank.matchAll(/```\n\n([^\n*`[&<>"'’]{30,80})/g)) assert.ok(!text.includes(stem.slice(0, 60)), `a stem is shown: ${stem}`);
    }
});

test("the time line tells pages apart by number, where there was more than one", async () => {
    const id = attempt.split("/").at(-1), sql = (text) => execFileSync("sqlite3", ["-cmd", ".timeout 5000", join(server.data, "gradus.db"), text], { encoding: "utf8" }).trim();
    const line = async () => (await assessor.page(attempt)).split('<ol class="timeline">')[1];
    const ids = sql(`SELECT DISTINCT client FROM exam_response WHERE attempt_id = '${id}'`).split("\n");
    assert.equal(ids.length, 1);
    assert.doesNotMatch(await line(), /page \d|<bdi>/, "there was one");
    const [response, saved, saves] = sql(`SELECT response, saved_ms, (SELECT max(ordinal) FROM exam_response WHERE attempt_id = '${id}') FROM exam_response WHERE attempt_id = '${id}' AND slot = 2 LIMIT 1`).split("|");
    const row = [id, 2, 0, 1, "w7x2hq0another", response, Number(saved) + 1, Number(saves) + 1];
    sql(`INSERT INTO exam_response (${facts.exam_response.join(", ")}, seal) VALUES (${[...row, sealOf(server.data, "exam_response", row)].map((value) => (typeof value === "number" ? value : `'${value}'`)).join(", ")})`);
    const told = await line();
    assert.match(told, /Question 2: answer [A-Z, ]+ saved[^<]*(?:<span class="badge[^>]*>counts<\/span> )?<span class="muted small">page 1<[^]*page 2</);
    assert.equal(told.match(/page 2</g).length, 1);
    assert.doesNotMatch(told, /w7x2hq0another/);
    assert.match(await assessor.page(attempt), /from more than one page: each tab, window or device has a number/);
    // One answer more than was counted would be told from here on.
    sql(`DROP TRIGGER exam_response_remains; DELETE FROM exam_response WHERE attempt_id = '${id}' AND client = 'w7x2hq0another'`);
});

test("the lab run: checks with their sentences, hints, the replay", async () => {
    const text = await assessor.page(run);
    assert.match(text, /9 of 9 checks, after action \d+/);
    assert.match(text, /Hints that were opened/);
    assert.match(text, /What for<\/dt><dd>not said<\/dd>[^]*Went back<\/dt><dd>never, never to the begin/);
    assert.match(text, /No task was shown\./);
    execFileSync("sqlite3", ["-cmd", ".timeout 5000", join(server.data, "gradus.db"), `INSERT INTO lab_hint (run_id, check_id, level, at_ms) VALUES ('${run.split("/").at(-1)}', 'task:5', 1, 1790000000000)`]);
    const again = await assessor.page(run);
    assert.match(again, /<p>task 5 was shown, time 1 · <time/);
    assert.doesNotMatch(again, /No task was shown|<code>task:5/);
    const replay = await assessor.fetch(`${run}/replay`);
    assert.equal(replay.status, 303);
    assert.match(replay.headers.get("location"), /^\/runs\/[0-9a-z]+\/replay$/);
    assert.equal((await assessor.fetch(replay.headers.get("location"))).status, 200);
});

// RULE exceptions.
test("what was done for this candidate alone: who opened the attempt again, who gave extra time, and why", async () => {
    const id = attempt.split("/").at(-1), sql = (text) => execFileSync("sqlite3", ["-cmd", ".timeout 5000", join(server.data, "gradus.db"), text], { encoding: "utf8" }).trim();
    for (const address of [path, attempt]) assert.doesNotMatch(await assessor.page(address), /Opened again|Extra time of/);
    const admin = "(SELECT id FROM person WHERE login = 'admin')", [person, exam, submitted] = sql(`SELECT a.person_id, a.exam_id, e.submitted_ms FROM exam_attempt a JOIN exam_end e ON e.attempt_id = a.id WHERE a.id = '${id}'`).split("|");
    sql(`INSERT INTO exam_reopened (attempt_id, n, how, submitted_ms, recorded_ms, deadline_ms, at_ms, by_person, reason, given_ms) VALUES ('${id}', 1, 'deadline', 1, 1, 1, 2, ${admin}, 'The power was <out>.', 1500000)`);
    const grant = (n, exam, at, reason) => sql(`INSERT INTO exam_accommodation (id, person_id, exam_id, factor_permille, reason, approved_by, granted_ms) VALUES ('t${n}', '${person}', ${exam}, 1250, '${reason}', ${admin}, ${at})`);
    grant(1, `'${exam}'`, submitted, "A certificate of a doctor.");
    grant(2, "NULL", submitted - 1, "For every exam.");
    grant(3, `'${exam}'`, Number(submitted) + 1, "Later than this attempt.");
    grant(4, "'another'", submitted - 1, "Of another exam.");
    const name = sql("SELECT name FROM person WHERE login = 'admin'");
    for (const address of [path, attempt]) {
        const text = await assessor.page(address);
        assert.ok(text.includes(`Opened again by ${name}, with 25 minutes. Reason: The power was &lt;out&gt;.`), address);
        assert.ok(text.includes(`Extra time of 25% granted by ${name}. Reason: A certificate of a doctor.`), address);
        assert.match(text, /For every exam\./);
        assert.doesNotMatch(text, /Later than this attempt|Of another exam/);
    }
    // None of it was logged: the records are as they were for those who come after.
    sql("DROP TRIGGER exam_reopened_remains; DELETE FROM exam_reopened; DELETE FROM exam_accommodation WHERE reason <> ''");
});

test("each look is in the case and in the audit log, which holds", async () => {
    const count = (text, what) => text.split(what).length - 1;
    const before = await assessor.page(path);
    await assessor.page(attempt);
    await assessor.page(run);
    const now = await assessor.page(path);
    for (const what of ["Exam attempt looked at", "Lab run looked at"]) assert.equal(count(now, what), count(before, what) + 1, what);
    assert.match(now, /Lab replay looked at/);
    assert.match(await (await as("admin")).page("/admin/audit"), /cert\.see_attempt/);
    assert.equal(command(["audit", "verify", "--data", server.data]).code, 0, command(["audit", "verify", "--data", server.data]).err);
});

// By hand: who gets what. lucia taught the candidate and is an assessor, too; instructor taught others.
// RULE look.
test("who may look: the matrix", async () => {
    const expected = {
        assessor: [200, 200, 303], lucia: [200, 200, 303], admin: [403, 403, 403], learner: [403, 403, 403], eleni: [403, 403, 403],
        instructor: [403, null, null],
    };
    const taught = (await (await as("instructor")).fetch(path)).status === 200;
    expected.instructor[1] = taught ? 200 : 403;
    expected.instructor[2] = taught ? 303 : 403;
    for (const [login, [exam, lab, replay]] of Object.entries(expected)) {
        const client = await as(login);
        const got = [];
        for (const address of [attempt, run, `${run}/replay`]) got.push((await client.fetch(address)).status);
        assert.deepEqual(got, [exam, lab, replay], login);
    }
    for (const address of [attempt, run]) assert.match((await server.client().fetch(address)).headers.get("location"), /^\/login/);
});

test("only of the candidate of this case, and only what has ended", async () => {
    const other = "/assess/cases/" + /cases\/([0-9a-z]+)/.exec((await assessor.page("/assess")).split("<tr").slice(2).find((row) => !row.includes(candidate)))[1];
    assert.notEqual(other, path);
    for (const address of [attempt, run]) {
        assert.equal((await assessor.fetch(address.replace(path, other))).status, 404, "another's evidence");
        assert.equal((await assessor.fetch(address.replace(/[0-9a-z]+$/, "none"))).status, 404);
        assert.equal((await assessor.fetch(address.replace(path, "/assess/cases/none"))).status, 404);
    }
    // eleni's attempt is running: nobody looks over her shoulder.
    const running = /\/attempts\/([0-9a-z]+)/.exec(await (await as("eleni")).page("/"));
    assert.ok(running, "an attempt is open");
    assert.equal((await assessor.fetch(`${path}/attempts/${running[1]}`)).status, 404);
});

// The run's own address is no way around the case: the same people, and each look is in the log.
const own = `/runs/${run.split("/").pop()}`;
const looks = () => JSON.parse(execFileSync("sqlite3", ["-json", "-readonly", join(server.data, "gradus.db"),
    `SELECT action FROM audit_log WHERE action LIKE 'lab.see%' AND subject = '${own.split("/").pop()}' ORDER BY seq`], { encoding: "utf8" }) || "[]").map(({ action }) => action);
const parts = [own, `${own}?tab=sql`, `${own}/replay`];

// RULE lab-see.
test("who may look at the run itself: as in the case", async () => {
    const taught = (await (await as("instructor")).fetch(path)).status === 200;
    const expected = { assessor: 200, lucia: 200, admin: 404, learner: 404, eleni: 404, instructor: taught ? 200 : 403 };
    for (const [login, status] of Object.entries(expected)) {
        const client = await as(login);
        for (const address of parts) assert.equal((await client.fetch(address)).status, status, `${login} ${address}`);
    }
});

test("each look at somebody else's run is in the audit log, none at one's own", async () => {
    const before = looks().length, answer = await assessor.fetch(own);
    assert.match(answer.headers.get("cache-control"), /no-store/);
    assert.match(await answer.text(), /That you looked is in the log/);
    await assessor.page(`${own}?tab=sql`);
    await assessor.page(`${own}/replay?step=2`);
    const now = looks();
    assert.equal(now.length, before + 3);
    assert.deepEqual(now.slice(before), ["lab.see_run", "lab.see_run", "lab.see_replay"]);
    const mine = await as("learner");
    assert.equal((await mine.fetch(own)).status, 404);
    assert.equal((await assessor.post(`${own}/clock`, { minutes: "5" })).status, 403);
    assert.equal(looks().length, before + 3, "a refusal is no look");
    assert.equal(command(["audit", "verify", "--data", server.data]).code, 0, command(["audit", "verify", "--data", server.data]).err);
});

test("nothing can be changed there", async () => {
    const token = await assessor.csrf("/me");
    for (const address of [attempt, run]) for (const method of ["POST", "PUT", "DELETE"])
        assert.ok([404, 405].includes((await assessor.fetch(address, { method, headers: { "x-csrf-token": token } })).status), `${method} ${address}`);
    for (const address of [attempt, run]) assert.doesNotMatch((await assessor.page(address)).replace(/<header[^]*?<\/header>|<nav[^]*?<\/nav>/g, ""), /<form method="post" action="\/assess/);
});

test("an interest closes the evidence", async () => {
    const lucia = await as("lucia");
    assert.equal((await lucia.post(`${path}/interest`, { note: "" }, { from: path })).status, 303);
    const before = looks().length;
    for (const address of [attempt, run, `${run}/replay`, ...parts]) {
        const answer = await lucia.fetch(address);
        assert.equal(answer.status, 403, address);
        assert.match(await answer.text(), /declared an interest/);
    }
    assert.equal(looks().length, before);
});

test("RULE lab-note, RULE lab-note-shown: an assessor notes something at a step; it stays, and the learner reads what was marked", async () => {
    const id = run.split("/").at(-1), replay = `/runs/${id}/replay?step=2`;
    const note = (client, form) => client.post(`/runs/${id}/notes`, { seq: "2", step: "2", ...form }, { from: replay });
    const text = await assessor.page(replay);
    assert.match(text, /action="\/runs\/[^"]*\/notes"/);
    assert.match(text, /name="seq" value="2"/);
    assert.match((await note(assessor, { text: "Looked at <b>both</b> systems first" })).headers.get("location"), /replay\?step=2#state$/);
    assert.equal((await note(assessor, { text: "x".repeat(2000), shown: "1" })).status, 303);
    for (const form of [{ text: " " }, { text: "x".repeat(2001) }, { text: "a", seq: "0" }, { text: "a", seq: "99999" }]) assert.equal((await note(assessor, form)).status, 400, JSON.stringify(form).slice(0, 40));
    const again = await assessor.page(replay);
    assert.match(again, /Looked at &lt;b&gt;both&lt;\/b&gt; systems first/);
    assert.match(again, /the learner reads it, too[^]*x{2000}/);
    assert.match(await assessor.page(run), /At action 2 of the record[^]*Looked at[^]*x{2000}/);
    assert.match(await assessor.page(replay), /Faults in force/);
    // Instructors read them and write none.
    const sql = (query) => execFileSync("sqlite3", ["-cmd", ".timeout 5000", join(server.data, "gradus.db"), query], { encoding: "utf8" }).trim();
    const owner = await as(sql(`SELECT login FROM person p JOIN lab_run r ON r.person_id = p.id WHERE r.id = '${id}'`));
    const own = await owner.page(replay);
    assert.match(own, /x{2000}/);
    assert.doesNotMatch(own, /Looked at|Faults in force|\/notes"/);
    assert.equal((await note(owner, { text: "a" })).status, 403);
    for (const change of ["UPDATE lab_note SET text = 'y'", "DELETE FROM lab_note"]) assert.throws(() => sql(change), /facts are appended/);
    assert.equal(sql(`SELECT count(*) FROM audit_log WHERE action = 'lab.note' AND subject = '${id}'`), "2");
    assert.equal(sql("SELECT count(*) FROM audit_log WHERE action = 'lab.note' AND detail LIKE '%both%'"), "0");
});
