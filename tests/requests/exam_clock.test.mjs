// The machine's clock is set while exams run: nobody loses or gains time, the log and the administrators' page say so, and
// what was ended too early can be opened again.
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { createHmac } from "node:crypto";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { clockOptions, machine } from "../lib/clock.mjs";
import { examRoot, startAttempt } from "../lib/exam.mjs";
import { writer } from "../lib/records.mjs";
import { command, must, startServer } from "../lib/server.mjs";
import { until } from "../lib/until.mjs";

const sql = (data, text) => execFileSync("sqlite3", ["-cmd", ".timeout 5000", join(data, "gradus.db"), text], { encoding: "utf8" }).trim();
const seconds = 1000, minutes = 60 * seconds, hours = 60 * minutes, days = 24 * hours;

async function academy(t, exam = { items: 3, minutes: 10, kind: "live", review: "domains" }) {
    const clock = machine();
    const server = await startServer({ t, args: ["--root", examRoot(exam)], env: clock.env });
    const learner = await server.signedIn("learner"), admin = await server.signedIn("admin");
    return { clock, server, learner, admin };
}

async function saver(client, attempt) {
    const token = await client.csrf("/me");
    let seq = 0;
    return async (response = 1) => {
        const answer = await client.fetch(`/attempts/${attempt}/responses/1`, {
            method: "PUT", headers: { "content-type": "application/json", "x-csrf-token": token }, body: JSON.stringify({ seq: ++seq, response, client: "t" }),
        });
        return { status: answer.status, body: await answer.json() };
    };
}
const state = async (client, attempt) => (await client.fetch(`/attempts/${attempt}/state`)).json();
const left = (answer) => (Date.parse(answer.deadline) - Date.parse(answer.now)) / seconds;

for (const [name, by, word] of [["30 seconds ahead", 30 * seconds, "30 s ahead of"], ["30 seconds back", -30 * seconds, "30 s behind"], ["2 hours ahead", 2 * hours, "2 h ahead of"], ["2 hours back", -2 * hours, "2 h behind"], ["a day ahead", days, "1 day ahead of"]])
    test(`the clock is set ${name} for some seconds`, clockOptions, async (t) => {
        const { clock, server, learner, admin } = await academy(t);
        const attempt = await startAttempt(learner, "small");
        const save = await saver(learner, attempt);
        assert.equal((await save()).status, 200);
        clock.step(by);
        const wrong = await server.log({ event: "clock_wrong" });
        assert.match(wrong.message, new RegExp(`${by > 0 ? "\\+" : "-"}${Math.abs(by) / seconds}\\.\\d s`.replace(/(\d)(\d{3})\\/, "$1$2\\")));
        for (const path of ["/admin", "/admin/clock"]) assert.match(await admin.page(path), new RegExp(`The machine&#39;s clock is wrong[\\s\\S]*${word}`));
        await sleep(1500); // the exams' thread has come by more than once
        const kept = await save(2);
        assert.equal(kept.status, 200);
        assert.ok(left(kept.body) > 590 && left(kept.body) <= 600, `${left(kept.body)} s left`);
        assert.equal((await state(learner, attempt)).open, true);
        // Whoever begins now gets the time of the exam, neither a day nor nothing.
        const other = await server.signedIn("admin");
        must(["user", "add", "late", "--name", "Late", "--email", "late@example.org", "--roles", "learner", "--own-password-stdin", "--data", server.data], { input: "eight brown geese walk\n" });
        const late = await server.signedIn("late");
        const second = await startAttempt(late, "small");
        const now = await state(late, second);
        assert.ok(left(now) > 590 && left(now) <= 600);
        clock.step(-by);
        await server.log({ event: "clock_right" });
        assert.doesNotMatch(await other.page("/admin"), /clock is wrong/);
        assert.match(await other.page("/admin/clock"), /Seen wrong[\s\S]*|Right again/);
        const after = await state(late, second);
        assert.ok(left(after) > 580 && left(after) <= 600);
        /* The academy's log is written behind the line that tells it. */
        const told = () => sql(server.data, "SELECT group_concat(action, ' ') FROM audit_log WHERE subject = 'clock'");
        await until("the log has both", () => told().includes("clock.right"));
        assert.equal(told(), "clock.wrong clock.right");
        assert.match(must(["audit", "verify", "--data", server.data]), /\d+/);
    });

/** The mark as another start of the machine left it, sealed as the program does it (RULE clock-seal). */
const anotherStart = (data) => {
    const boot = "another start of the machine", key = readFileSync(join(data, "clock.key"));
    const [trusted, since] = ["trusted_ms", "boot_ms"].map((column) => sql(data, `SELECT ${column} FROM clock_mark`));
    const seal = createHmac("sha256", key).update(`gradus-clock-mark/1 ${trusted} ${since} ${boot}`).digest("hex");
    sql(data, `UPDATE clock_mark SET boot_id = '${boot}', seal = '${seal}'`);
};

test("a clock that stays as it was set is followed, and deadlines go with it", clockOptions, async (t) => {
    const { clock, server, learner } = await academy(t, { items: 3, minutes: 30, kind: "live", review: "domains" });
    const attempt = await startAttempt(learner, "small");
    const save = await saver(learner, attempt);
    await save();
    for (const by of [-2 * hours, 3 * hours]) {
        const told = server.logs.filter((line) => line.event === "clock_followed").length;
        const before = left(await state(learner, attempt));
        clock.step(by);
        await sleep(1500);
        clock.sleep(10 * minutes);
        await until("the clock is followed", () => server.logs.filter((line) => line.event === "clock_followed").length > told);
        const kept = await save(2);
        assert.equal(kept.status, 200);
        assert.ok(Math.abs(Date.parse(kept.body.now) - clock.now()) < 3000, "the academy's time is the machine's");
        const gone = before - left(kept.body);
        assert.ok(gone > 600 && gone < 620, `ten minutes have passed, not ${gone} s`);
    }
    /* An hour and more has passed: whoever administers signs in again. */
    assert.match(await (await server.signedIn("admin")).page("/admin/clock"), /Followed: deadlines moved/);
    /* And then its time is over, by the time that passes. */
    clock.sleep(10 * minutes);
    await until("the attempt is ended", () => sql(server.data, `SELECT 1 FROM exam_end WHERE attempt_id = '${attempt}'`));
    assert.equal((await state(learner, attempt)).open, false);
});

test("over a restart of the server time goes on as it passed, whatever the clock says meanwhile", clockOptions, async (t) => {
    const { clock, server, learner } = await academy(t);
    const attempt = await startAttempt(learner, "small");
    await server.kill9();
    clock.step(days);
    await server.restart();
    await server.log({ event: "clock_wrong" });
    await sleep(1500);
    const again = server.client();
    await again.login("learner");
    const now = await state(again, attempt);
    assert.equal(now.open, true);
    assert.ok(left(now) > 580 && left(now) <= 600, `${left(now)} s left`);
});

test("a machine that slept: time has passed for everybody, and a step in the last minute ends nothing", clockOptions, async (t) => {
    const { clock, server, learner } = await academy(t);
    const attempt = await startAttempt(learner, "small");
    const save = await saver(learner, attempt);
    clock.sleep(9 * minutes + 30 * seconds);
    const kept = await save();
    assert.ok(left(kept.body) > 15 && left(kept.body) <= 30, `${left(kept.body)} s left`);
    assert.equal(server.logs.some((line) => line.event === "clock_wrong"), false);
    clock.step(days);
    await sleep(2000);
    assert.equal((await save(2)).status, 200);
    clock.step(-days);
    await sleep(1000);
    assert.equal((await save(3)).status, 200);
    clock.sleep(40 * seconds);
    assert.equal((await save(1)).status, 409);
    await until("the attempt is ended", () => sql(server.data, `SELECT 1 FROM exam_end WHERE attempt_id = '${attempt}'`));
    assert.equal(sql(server.data, `SELECT how FROM exam_end WHERE attempt_id = '${attempt}'`), "deadline");
});

// RULE exam-settle.
test("after a start of the machine nothing is ended before its clock had time to be put right", clockOptions, async (t) => {
    const { clock, server, learner } = await academy(t);
    const attempt = await startAttempt(learner, "small");
    await server.stop();
    anotherStart(server.data);
    clock.step(days);
    await server.restart();
    const again = server.client();
    await again.login("learner");
    const save = await saver(again, attempt);
    const early = await save();
    assert.equal(early.status, 503, "neither refused for good nor taken");
    assert.equal((await again.fetch(`/attempts/${attempt}/result`)).status, 503);
    clock.step(-days);
    await server.log({ event: "clock_followed" });
    const kept = await save();
    assert.equal(kept.status, 200);
    assert.ok(left(kept.body) > 560 && left(kept.body) <= 600, `${left(kept.body)} s left`);
});

test("attempts that ran out together are all listed, each once", async (t) => {
    const server = await startServer({ t }), admin = await server.signedIn("admin");
    sql(server.data, `WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 120)
        INSERT INTO exam_attempt SELECT 'together-' || i, 'small', '1', (SELECT id FROM person LIMIT 1), 0, 1, 700, 10, 1000, 1000, 2000, '{}' FROM n;
        INSERT INTO exam_end SELECT id, 'deadline', 2000, 3000, 2000 FROM exam_attempt WHERE id LIKE 'together-%'`);
    const seen = [];
    for (let path = "/admin/clock"; path;) {
        const page = await admin.page(path), here = [...page.matchAll(/attempts\/(together-\d+)\/reopen/g)].map((m) => m[1]);
        assert.ok(here.length > 0, `${path} has none`);
        seen.push(...here);
        path = /rel="next" href="([^"]+)"/.exec(page)?.[1];
    }
    assert.equal(seen.length, 120);
    assert.equal(new Set(seen).size, 120);
    assert.match(await admin.page("/admin/clock?after=nonsense"), /together-/);
});

test("a board without a battery starts in 1970: no time before the last one that was seen", clockOptions, async (t) => {
    const { clock, server } = await academy(t);
    await server.stop();
    const marked = Number(sql(server.data, "SELECT trusted_ms FROM clock_mark"));
    anotherStart(server.data);
    const back = clock.now();
    clock.step(-back);
    await server.restart();
    assert.match((await server.log({ event: "clock_wrong" })).message, /is not followed: set it right/);
    await sleep(2000); // the exams' thread has come by more than once
    assert.equal(server.logs.some((line) => line.event === "clock_followed"), false);
    assert.ok(Number(sql(server.data, "SELECT trusted_ms FROM clock_mark")) >= marked);
    clock.step(back); // an NTP server answers
    /* The time between the stop and the start is nobody's: when it was long (a busy machine), the right time is some seconds
     * ahead of the last one that was seen, and followed. */
    await Promise.any(["clock_right", "clock_followed"].map((event) => server.log({ event })));
    await server.stop();
});

test("an administrator opens an attempt again, with a reason and the time that was lost", clockOptions, async (t) => {
    const { clock, server, learner, admin } = await academy(t);
    const attempt = await startAttempt(learner, "small");
    await (await saver(learner, attempt))();
    clock.sleep(10 * minutes + 10 * seconds);
    await until("the attempt is ended", () => sql(server.data, `SELECT 1 FROM exam_result WHERE attempt_id = '${attempt}'`));
    const path = `/admin/attempts/${attempt}/reopen`, reason = "The clock of the server was wrong, see its log.";
    assert.match(await admin.page("/admin/clock"), new RegExp(path));
    assert.match(await admin.page(path), /name="minutes"[^>]*value="10"/);
    for (const fields of [{ minutes: "0", reason }, { minutes: "11", reason }, { minutes: "x", reason }, { minutes: "5", reason: "short" }]) {
        const answer = await admin.post(path, fields, { from: path });
        assert.equal(answer.status, 400, JSON.stringify(fields));
        assert.match(await answer.text(), /Nothing was changed/);
    }
    assert.equal((await learner.post(path, { minutes: "5", reason })).status, 403);
    assert.equal((await state(learner, attempt)).open, false);
    const done = await admin.post(path, { minutes: "5", reason }, { from: path });
    assert.equal(done.status, 303);
    const page = await admin.page(done.headers.get("location"));
    for (const shown of [/open again, and its time is running/, /see its log/, /5 minutes/]) assert.match(page, shown);
    const now = await state(learner, attempt);
    assert.equal(now.open, true);
    assert.ok(left(now) > 290 && left(now) <= 300);
    assert.deepEqual(now.slots[0].response, [1]);
    assert.match(await learner.page("/"), new RegExp(`/attempts/${attempt}`));
    assert.equal((await admin.post(path, { minutes: "5", reason }, { from: path })).status, 409);
    assert.equal((await learner.post(`/attempts/${attempt}/submit`)).status, 303);
    assert.match(await learner.page(`/attempts/${attempt}/result`), /Points|Result/);
    assert.equal(sql(server.data, `SELECT count(*) FROM exam_result WHERE attempt_id = '${attempt}'`), "2");
    const log = await admin.page("/admin/audit");
    assert.match(log, /exam\.reopen/);
    assert.match(must(["audit", "verify", "--data", server.data]), /\d+/);
    // RULE records: each column of its being opened again that the log tells.
    const { changed, free } = writer(join(server.data, "gradus.db"));
    free();
    for (const set of ["given_ms = 60000", "at_ms = at_ms - 1", "submitted_ms = 1", "by_person = (SELECT person_id FROM exam_attempt LIMIT 1)", ""])
        await changed("exam_reopened", `attempt_id = '${attempt}'`, set, () => assert.match(command(["audit", "verify", "--data", server.data]).err, /its being opened again is not what was logged/, set));
});
