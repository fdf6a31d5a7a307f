// run: timeout 300
// Orders and numbers without a script and over the save contract: what is accepted, refused, scored, shown.
import assert from "node:assert/strict";
import { after, test } from "node:test";
import { addPerson, makeAcademy, startServer } from "../lib/server.mjs";
import { examRoot, kindsExam, startAttempt } from "../lib/exam.mjs";

const data = makeAcademy();
for (const name of ["plain", "api", "part", "once"]) addPerson(data, name);
const folder = examRoot();
kindsExam();
const { read, write } = examRoot.files;
write("exams/p/bank/once.md", read("exams/p/bank/small.md").replace("id: small", "id: once").replaceAll("keys-1", "keys-once").replaceAll("of 1", "of the live one").replace("Stem 1?", "What is asked once and counts?"));
write("exams/p/once.md", read("exams/p/small.md").replace("id: small", "id: once").replace("kind: practice", "kind: live").replace("[small]", "[once]").replace("review: full", "review: domains"));
const server = await startServer({ data, args: ["--root", folder] });
after(() => server.kill9());

/** The questions of an attempt by what they ask: {order, run, number, choice} with slot and, for orders, the right response. */
async function questions(client, attempt) {
    const found = {};
    for (let slot = 1; slot <= 4; slot++) {
        const html = await (await client.fetch(`/attempts/${attempt}/q/${slot}`)).text();
        assert.ok(!html.includes("KEY-SECRET"), `question ${slot} holds reasons`);
        assert.ok(!html.includes("125 km") && !html.includes("12.5"), `question ${slot} holds the number`);
        const name = html.includes("steps of a merge") ? "order" : html.includes("four seasons") ? "run" : html.includes("long is the way") ? "number" : "choice";
        const shown = [...html.matchAll(/data-value="(\d)"[^]*?data-order-text[^>]*>([^<]*)</g)].map(([, value, text]) => [text.trim(), Number(value)]);
        const right = { order: ["Find the pairs", "Choose the survivor", "Fill its gaps", "Write the log"], run: ["Spring", "Summer", "Autumn", "Winter"] }[name];
        const key = /value="(\d)"[^>]*><span class="option-key"[^>]*>.<\/span><span class="option-text"[^>]*>Second/.exec(html);
        found[name] = { slot, html, right: right ? right.map((text) => new Map(shown).get(text)) : name === "choice" ? [Number(key[1])] : "12.5" };
    }
    return found;
}
const was = (html) => /name="was" value="([^"]*)"/.exec(html)[1].replaceAll("&quot;", '"');
const seqOf = (html) => /name="seq" value="(\d+)"/.exec(html)[1];
async function post(client, attempt, q, values, go = "stay") {
    const path = `/attempts/${attempt}/q/${q.slot}`, html = await (await client.fetch(path)).text();
    const body = new URLSearchParams([["seq", seqOf(html)], ["was", was(html)], ["go", go], ...values.map((value) => ["response[]", value])]);
    return client.post(path, body, { from: path });
}
const held = async (client, attempt, slot) => (await (await client.fetch(`/attempts/${attempt}/state`)).json()).slots[slot - 1].response;

test("without a script: places and numbers are saved, and come back", async () => {
    const client = await server.signedIn("plain");
    const attempt = await startAttempt(client, "kinds"), q = await questions(client, attempt);
    const places = (right) => right.map((_, i) => String(right.indexOf(i + 1) + 1));
    // What is not complete is saved, too.
    assert.equal((await post(client, attempt, q.order, ["1", "", "", ""])).status, 303);
    assert.deepEqual(await held(client, attempt, q.order.slot), [1, 0, 0, 0]);
    // Two options at one place: the page comes again with what was chosen, and nothing is saved.
    let answer = await post(client, attempt, q.order, ["2", "2", "1", "3"]);
    assert.equal(answer.status, 422);
    let html = await answer.text();
    assert.match(html, /Two places or two options are the same/);
    assert.equal(html.match(/<option value="2" selected>/g).length, 2);
    assert.deepEqual(await held(client, attempt, q.order.slot), [1, 0, 0, 0]);
    assert.equal((await post(client, attempt, q.order, places(q.order.right))).status, 303);
    assert.deepEqual(await held(client, attempt, q.order.slot), q.order.right);
    assert.equal((await post(client, attempt, q.run, places(q.run.right))).status, 303);
    assert.equal((await post(client, attempt, q.choice, [String(q.choice.right[0])])).status, 303);
    // A number that can be read in two ways comes again as it was typed.
    answer = await post(client, attempt, q.number, ["12,500"]);
    assert.equal(answer.status, 422);
    html = await answer.text();
    assert.match(html, /This can be read in two ways/);
    assert.match(html, /id="answer"[^>]* value="12,500"[^>]* aria-invalid="true"/);
    assert.equal(await held(client, attempt, q.number.slot), null);
    assert.equal((await post(client, attempt, q.number, ["١٢٫٥ "])).status, 303);
    assert.equal(await held(client, attempt, q.number.slot), "12.5");
    html = await (await client.fetch(`/attempts/${attempt}/q/${q.number.slot}`)).text();
    assert.match(html, /id="answer"[^>]* value="12\.5"/);
    assert.match(html, /Read as 12\.5/);
    // Sent as it came, it saves nothing again.
    const before = seqOf(html);
    assert.equal((await post(client, attempt, q.number, ["12.5"])).status, 303);
    assert.equal(seqOf(await (await client.fetch(`/attempts/${attempt}/q/${q.number.slot}`)).text()), before);
    html = await (await client.fetch(`/attempts/${attempt}/review`)).text();
    assert.match(html, /All questions are answered/);
    await client.post(`/attempts/${attempt}/submit`, {}, { from: `/attempts/${attempt}/review` });
    html = await (await client.fetch(`/attempts/${attempt}/result`)).text();
    assert.match(html, /You have passed/);
    assert.match(html, /4 of 4 points/);
    assert.equal(html.match(/Your place, too/g).length, 8);
    assert.match(html, /KEY-SECRET as a merge goes/);
    assert.match(html, /KEY-SECRET number/);
    assert.ok(!html.includes("KEY-SECRET ten times"), "a mistake that was not made");
});

test("the save contract: each type takes its own answers and refuses others", async () => {
    const client = await server.signedIn("api");
    const attempt = await startAttempt(client, "kinds"), q = await questions(client, attempt);
    let seq = 0;
    const says = async (slot, response) => {
        const answer = await client.send("PUT", `/attempts/${attempt}/responses/${slot}`, { seq: ++seq, response });
        return answer.status === 200 ? (await answer.json()).response : answer.status;
    };
    assert.deepEqual(await says(q.order.slot, [4, 3, 2, 1]), [4, 3, 2, 1]);
    assert.deepEqual(await says(q.order.slot, [0, 0, 0, 0]), []);
    for (const bad of [[1, 2, 3], [1, 2, 3, 5], [1, 1, 2, 3], 1, "1", "abcd", {}, { places: [1, 1, 2, 3] }, true]) assert.equal(await says(q.order.slot, bad), 400, JSON.stringify(bad));
    assert.equal(await says(q.number.slot, "๑๒,๕๐"), "12.5");
    assert.equal(await says(q.number.slot, -7), "-7");
    assert.deepEqual(await says(q.number.slot, null), []);
    for (const bad of ["12 km", "1,234", "1.2.3", 1.5, [12], {}, "9".repeat(61), "NaN", "0x10", "𝟙".repeat(3000)]) assert.equal(await says(q.number.slot, bad), 400, JSON.stringify(bad).slice(0, 40));
    assert.equal(await says(q.choice.slot, "2"), 400);
});

test("a part of a point: the sum, the percentage and the profile are exact", async () => {
    const client = await server.signedIn("part");
    const attempt = await startAttempt(client, "kinds"), q = await questions(client, attempt);
    const [a, b, c, d] = q.run.right;
    for (const [slot, response] of [[q.run.slot, [b, c, d, a]], [q.number.slot, "13"], [q.choice.slot, q.choice.right], [q.order.slot, [...q.order.right].reverse()]])
        assert.equal((await client.send("PUT", `/attempts/${attempt}/responses/${slot}`, { seq: 1, response })).status, 200);
    await client.post(`/attempts/${attempt}/submit`, {}, { from: `/attempts/${attempt}/review` });
    const html = await (await client.fetch(`/attempts/${attempt}/result`)).text();
    assert.match(html, /You have not passed/); // 8 of 12 parts, the cut is 70 %
    assert.match(html, /2\.67 of 4 points/);
    assert.match(html, /66\.7%/);
    /* RULE exam-least. Which form it will be is not known before: both pages say what is true of every form. */
    assert.match(html, /the least that passes is 2\.8\./);
    assert.match(await (await client.fetch("/exams/kinds")).text(), /70%: 2\.8 of 4 points/);
    assert.match(await (await client.fetch("/exams/small")).text(), /70%: 1 of 1 points/); // whole points only
    assert.match(html, /Partly right: 2 of 3/);
    assert.match(html, /You put it at 4/);
});

test("who has passed is not told how often the exam may be sat again", async () => {
    const client = await server.signedIn("once"), lobby = async () => (await client.fetch("/exams/once")).text();
    assert.match(await lobby(), /<dt>Again<\/dt><dd>As often as you like/);
    const attempt = await startAttempt(client, "once"), html = await (await client.fetch(`/attempts/${attempt}/q/1`)).text();
    const key = Number(/value="(\d)"[^>]*><span class="option-key"[^>]*>.<\/span><span class="option-text"[^>]*>Second/.exec(html)[1]);
    assert.equal((await client.send("PUT", `/attempts/${attempt}/responses/1`, { seq: 1, response: key })).status, 200);
    await client.post(`/attempts/${attempt}/submit`, {}, { from: `/attempts/${attempt}/review` });
    const after = await lobby();
    assert.match(after, /You have passed this exam.*You need not sit it again\./s);
    assert.doesNotMatch(after, /<dt>Again|As often as you like/);
});
