// The exam over HTTP: the save contract, what must be refused, and what must never leave the server.
import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { addPerson, makeAcademy, startServer } from "../lib/server.mjs";
import { examRoot, keysOf, startAttempt } from "../lib/exam.mjs";
import { until } from "../lib/until.mjs";

const data = makeAcademy();
addPerson(data, "second");
const server = await startServer({ data, args: ["--root", examRoot()] });
test.after(() => server.kill9());
const learner = await server.signedIn("learner");
const other = await server.signedIn("second");
const token = await learner.csrf("/me");

/** PUT with the token that is at hand: {status, body, text}. */
async function put(client, path, value, headers = { "x-csrf-token": token }) {
    const answer = await client.fetch(path, { method: "PUT", body: typeof value === "string" ? value : JSON.stringify(value), headers: { "content-type": "application/json", ...headers } });
    const text = await answer.text();
    let body;
    try {
        body = JSON.parse(text);
    } catch { /* not JSON: `text` tells */ }
    return { status: answer.status, body, text, headers: answer.headers };
}
const save = (attempt, slot, seq, response, client) => put(learner, `/attempts/${attempt}/responses/${slot}`, { seq, response, client });
const state = async (attempt) => (await (await learner.fetch(`/attempts/${attempt}/state`)).json());

test("the lobby says what holds, and only a learner may start", async () => {
    const text = await learner.page("/exams/mops-associate");
    for (const part of ["Marketing Operations Associate", "60 minutes", "70%: 28 of 40 points", "A fixed percentage", "What is measured", "After 7 days.", "3 attempts in any 365 days"])
        assert.ok(text.includes(part), part);
    assert.equal((text.match(/<h1/g) ?? []).length, 1);
    assert.equal((await learner.fetch("/exams/no-such-exam")).status, 404);
    const author = await server.signedIn("instructor");
    assert.match(await author.page("/exams/mops-associate"), /cannot sit the exam/);
    assert.equal((await author.post("/exams/mops-associate/start")).status, 403);
    assert.ok((await learner.page("/exams")).includes("/exams/mops-associate"));
});

const attempt = await startAttempt(learner, "mops-associate");

test("a save is acknowledged with its receipt, and the same again gives the same", async () => {
    const first = await save(attempt, 1, 1, 2, "tab");
    assert.equal(first.status, 200, first.text);
    assert.deepEqual(Object.keys(first.body).slice(0, 3), ["seq", "saved_at", "receipt"]);
    assert.equal(first.body.seq, 1);
    assert.match(first.body.saved_at, /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/);
    assert.match(first.body.receipt, /^[\w-]{43}$/);
    assert.equal(first.body.stale, false);
    await sleep(1100);
    const again = await save(attempt, 1, 1, 2, "tab");
    /* The server's time of the answer is the only thing that goes on. */
    assert.ok(Date.parse(again.body.now) > Date.parse(first.body.now));
    assert.deepEqual({ ...again.body, now: first.body.now }, first.body);
    const next = await save(attempt, 1, 2, 3, "tab");
    assert.notEqual(next.body.receipt, first.body.receipt);
    const late = await save(attempt, 1, 1, 2, "tab"); // a repeat that was held up on its way
    assert.equal(late.body.receipt, first.body.receipt);
    assert.equal(late.body.stale, true);
    assert.deepEqual(late.body.newest, { seq: 2, response: [3] });
    const held = (await state(attempt)).slots[0];
    assert.deepEqual(held.response, [3]);
    assert.equal(held.receipt, next.body.receipt); // whoever wants to prove it later finds it there
});

test("saves that come out of order, and from two devices, lose nothing and mix nothing", async () => {
    const order = [5, 2, 9, 1, 7, 3, 8, 4, 6];
    const answers = await Promise.all(order.map((seq) => save(attempt, 2, seq, (seq % 4) + 1, "a")));
    assert.ok(answers.every((a) => a.status === 200));
    assert.deepEqual((await state(attempt)).slots[1].response, [(9 % 4) + 1]);
    const [a, b] = await Promise.all([save(attempt, 3, 1, 1, "a"), save(attempt, 3, 1, 2, "b")]);
    assert.equal(a.status + b.status, 400);
    const counts = (await state(attempt)).slots[2].response;
    const winner = counts[0] === 1 ? a : b, loser = counts[0] === 1 ? b : a;
    assert.notDeepEqual(winner.body.receipt, loser.body.receipt);
    const repeat = await save(attempt, 3, 1, counts[0] === 1 ? 2 : 1, counts[0] === 1 ? "b" : "a");
    assert.equal(repeat.body.stale, true); // acknowledged again, and it still does not count
    assert.equal(repeat.body.receipt, loser.body.receipt);
    assert.deepEqual((await state(attempt)).slots[2].response, counts);
});

test("what a response may be", async () => {
    for (const response of [1, [1], [], null]) assert.equal((await save(attempt, 4, 1, response)).status, 200, JSON.stringify(response));
    for (const response of [0, -1, 10, 1.5, "1", true, {}, [1, 1], [[1]], [1, 2, 3, 4, 5, 6, 7, 8, 9, 1]])
        assert.equal((await save(attempt, 4, 2, response)).status, 400, JSON.stringify(response));
});

test("malformed requests: a clear error, nothing stored", async () => {
    const before = JSON.stringify((await state(attempt)).slots);
    const path = `/attempts/${attempt}/responses/5`;
    const bodies = ["", "null", "[]", "{", "{}", "\u0000", '{"seq":1}', '{"response":1}', '{"seq":0,"response":1}', '{"seq":-5,"response":1}', '{"seq":1.5,"response":1}',
        '{"seq":"1","response":1}', '{"seq":9007199254740992,"response":1}', '{"seq":1e300,"response":1}', '{"seq":99999999999999999999999,"response":1}',
        '{"seq":1,"seq":2,"response":1}', '{"seq":1,"response":1,"client":5}', `{"seq":1,"response":1,"client":"${"x".repeat(65)}"}`, '{"seq":1,"response":1,"client":"a b"}',
        `${"[".repeat(5000)}${"]".repeat(5000)}`, '{"seq":1,"response":"\ud800"}'];
    for (const body of bodies) {
        const answer = await put(learner, path, body);
        assert.equal(answer.status, 400, `${body.slice(0, 60)}: ${answer.text}`);
        assert.ok(answer.body.message.length > 10);
        assert.ok(answer.body.request_id);
    }
    assert.equal((await put(learner, path, `{"seq":1,"response":1,"client":"${"x".repeat(300_000)}"}`)).status, 413);
    for (const slot of ["0", "-1", "43", "1000000", "99999999999999999999", "1.5", "x", "%00", "1%20"])
        assert.ok([400, 404].includes((await put(learner, `/attempts/${attempt}/responses/${slot}`, { seq: 1, response: 1 })).status), slot);
    assert.equal((await put(learner, path, "seq=1", { "x-csrf-token": token, "content-type": "text/plain" })).status, 415);
    assert.equal(JSON.stringify((await state(attempt)).slots), before);
});

// RULE exam-seq-step.
test("a number out of nothing is refused, and other devices go on saving", async () => {
    const largest = await save(attempt, 6, 9007199254740991, 1, "a");
    assert.equal(largest.status, 400);
    assert.match(largest.body.message, /numbered far ahead of those before it and was not taken; what was saved before counts/);
    assert.equal((await state(attempt)).slots[5].seq, 0);
    const next = await save(attempt, 6, 1, 2, "b");
    assert.equal(next.status, 200);
    assert.equal(next.body.stale, false);
    assert.deepEqual((await state(attempt)).slots[5].response, [2]);
});

test("an attempt is its person's alone, and needs the token of the session", async () => {
    const theirs = await other.csrf("/me");
    for (const path of [`/attempts/${attempt}`, `/attempts/${attempt}/q/1`, `/attempts/${attempt}/review`, `/attempts/${attempt}/result`, `/attempts/${attempt}/state`])
        assert.equal((await other.fetch(path)).status, 404, path);
    assert.equal((await put(other, `/attempts/${attempt}/responses/1`, { seq: 99, response: 1 }, { "x-csrf-token": theirs })).status, 404);
    assert.equal((await put(other, `/attempts/${attempt}/flags/1`, { flagged: true }, { "x-csrf-token": theirs })).status, 404);
    assert.equal((await other.post(`/attempts/${attempt}/submit`)).status, 404);
    assert.equal((await put(learner, `/attempts/${attempt}/responses/1`, { seq: 99, response: 1 }, {})).status, 403);
    assert.equal((await put(learner, `/attempts/${attempt}/responses/1`, { seq: 99, response: 1 }, { "x-csrf-token": theirs })).status, 403);
    const nobody = await put(server.client(), `/attempts/${attempt}/responses/1`, { seq: 99, response: 1 }, {});
    assert.ok([401, 403].includes(nobody.status), String(nobody.status));
    assert.notEqual((await state(attempt)).slots[0].seq, 99);
});

test("without a script the form does it all, and a form that was only looked at overwrites nothing", async () => {
    const page = await learner.page(`/attempts/${attempt}/q/7`);
    assert.match(page, /Question 7 of 42/);
    const send = (fields) => learner.post(`/attempts/${attempt}/q/7`, { seq: "0", was: "[]", flag_was: "", ...fields }, { from: `/attempts/${attempt}/q/7` });
    let answer = await send({ "response[]": "1", flag: "1", go: "next" });
    assert.equal(answer.status, 303);
    assert.equal(answer.headers.get("location"), `/attempts/${attempt}/q/8`);
    let seven = (await state(attempt)).slots[6];
    assert.deepEqual([seven.seq, seven.response, seven.flagged], [1, [1], true]);
    assert.match(await learner.page(`/attempts/${attempt}/q/7`), /Saved \d\d:\d\d:\d\d/);
    await save(attempt, 7, 5, 2, "tab"); // another tab, meanwhile
    answer = await send({ "response[]": "1", seq: "1", was: "[1]", flag: "1", flag_was: "1", go: "previous" });
    assert.equal(answer.headers.get("location"), `/attempts/${attempt}/q/6`);
    assert.deepEqual((await state(attempt)).slots[6].response, [2]);
    answer = await send({ "response[]": "3", seq: "1", was: "[1]", flag: "1", flag_was: "1", go: "next" }); // from a page that knew only the first
    assert.equal(answer.headers.get("location"), `/attempts/${attempt}/q/7?elsewhere=1`);
    assert.match(await learner.page(`/attempts/${attempt}/q/7?elsewhere=1`), /newer answer/);
    assert.deepEqual((await state(attempt)).slots[6].response, [2]);
    assert.equal((await send({ "response[]": "12" })).status, 422);
    assert.equal((await send({ seq: "x" })).status, 400);
    answer = await send({ seq: "5", was: "[2]", flag_was: "1", go: "review" });
    assert.equal(answer.headers.get("location"), `/attempts/${attempt}/review`);
    seven = (await state(attempt)).slots[6];
    assert.deepEqual([seven.response, seven.flagged], [[], false]);
});

test("keys and rationales stay on the server while the attempt is running and after it", async () => {
    const secrets = keysOf("exams/mops/bank");
    assert.ok(secrets.length > 400);
    const bodies = [];
    for (const path of ["/exams", "/exams/mops-associate", `/attempts/${attempt}/review`, `/attempts/${attempt}/state`]) bodies.push(await (await learner.fetch(path)).text());
    for (let n = 1; n <= 42; n++) {
        const answer = await learner.fetch(`/attempts/${attempt}/q/${n}`);
        assert.match(answer.headers.get("cache-control"), /no-store/);
        bodies.push(await answer.text());
    }
    bodies.push((await save(attempt, 9, 1, 1)).text, (await save(attempt, 9, 1, 77)).text);
    for (const body of bodies) {
        for (const secret of secrets) assert.ok(!body.includes(secret), `a rationale is in a response: ${secret}`);
        assert.ok(!/is-key|badge-ok|data-(key|pilot|scored|correct)[= >]/.test(body), "markup that tells of keys");
    }
    // The form's options carry nothing but their place.
    assert.match(bodies[10], /<input type="(radio|checkbox)" name="response\[\]" value="1" autocomplete="off">/);
});

test("one returns to where one was", async () => {
    const answer = await learner.fetch(`/attempts/${attempt}`);
    assert.equal(answer.status, 303);
    assert.match(answer.headers.get("location"), /\/q\/10$/); // the first open one after the last that was answered
    const lobby = await learner.page("/exams/mops-associate");
    assert.match(lobby, /You are in the middle of this exam/);
    const again = await learner.post("/exams/mops-associate/start");
    assert.match(again.headers.get("location"), new RegExp(`^/attempts/${attempt}`)); // no second one
});

test("review, submission, result; nothing can be changed afterwards", async () => {
    assert.match(await learner.page(`/attempts/${attempt}/review`), /not answered/);
    const answer = await learner.post(`/attempts/${attempt}/submit`);
    assert.equal(answer.status, 303);
    const result = await learner.page(`/attempts/${attempt}/result`);
    assert.match(result, /You have not passed this time/);
    assert.match(result, /Measuring|Privacy and consent/);
    for (const secret of keysOf("exams/mops/bank")) assert.ok(!result.includes(secret));
    assert.ok(!result.includes("Right answer<"));
    const late = await save(attempt, 10, 1, 1);
    assert.equal(late.status, 409);
    assert.match(late.body.message, /was submitted at .*not saved/);
    assert.equal((await save(attempt, 1, 1, 2, "tab")).status, 200); // what was saved is still confirmed
    assert.equal((await put(learner, `/attempts/${attempt}/flags/1`, { flagged: true })).status, 409);
    assert.match((await learner.fetch(`/attempts/${attempt}/q/1`)).headers.get("location"), /result$/);
    assert.equal((await learner.post(`/attempts/${attempt}/submit`)).status, 303); // a second press changes nothing
    const refused = await learner.post("/exams/mops-associate/start");
    assert.equal(refused.status, 409);
    assert.match(await refused.text(), /pause between two attempts/);
});

test("a practice exam shows keys and reasons, and only after its end", async () => {
    const practice = await startAttempt(learner, "small");
    const page = await learner.page(`/attempts/${practice}/q/1`);
    assert.ok(!page.includes("KEY-SECRET"));
    const right = Number(/value="(\d)"[^>]*><span class="option-key" aria-hidden="true">.<\/span><span class="option-text">Second of/.exec(page)[1]);
    const theirs = { "x-csrf-token": token };
    assert.equal((await put(learner, `/attempts/${practice}/responses/1`, { seq: 1, response: right }, theirs)).status, 200);
    await learner.post(`/attempts/${practice}/submit`);
    const result = await learner.page(`/attempts/${practice}/result`);
    assert.ok(result.includes("KEY-SECRET"));
    assert.match(result, /Right answer/);
    assert.match(result, /You have passed/);
});

test("an exam that breaks keeps its last good version; one that is mended is open at once", async () => {
    const { root, write, read } = examRoot.files;
    const before = read("exams/p/small.md");
    write("exams/p/small.md", before.replace("minutes: 1", "minutes: none"));
    await sleep(300);
    assert.match(await learner.page("/exams/small"), /1 minute/);
    write("exams/p/small.md", before.replace("minutes: 1", "minutes: 5"));
    await until("5 minutes", async () => (await learner.page("/exams/small")).includes("5 minutes"));
    write("exams/p/small.md", before);
    assert.ok(root);
});

test("the pages of an exam are small", async () => {
    const mine = await startAttempt(other, "mops-associate");
    for (const path of ["/exams/mops-associate", `/attempts/${mine}/q/1`, `/attempts/${mine}/review`]) {
        const answer = await other.fetch(path, { headers: { "accept-encoding": "gzip" } });
        assert.ok((await answer.text()).length < 100_000, path);
    }
    assert.ok(readdirSync("site/static").includes("exam.js"));
    assert.ok(readFileSync("site/static/exam.js").length < 40_000);
});
