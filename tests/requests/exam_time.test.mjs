// The server's clock: attempts that run out while nobody looks, or while nothing is running; saves through a crash.
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { join } from "node:path";
import { test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { makeAcademy, startServer } from "../lib/server.mjs";
import { examRoot, startAttempt } from "../lib/exam.mjs";
import { until } from "../lib/until.mjs";

const sql = (data, text) => execFileSync("sqlite3", [join(data, "gradus.db"), text], { encoding: "utf8" }).trim();
let sqlite = true;
try {
    execFileSync("sqlite3", ["-version"]);
} catch {
    sqlite = false;
}
const options = sqlite ? {} : { skip: "needs the sqlite3 command" };

async function saving(client) {
    const token = await client.csrf("/me");
    return async (attempt, slot, seq, response) => {
        const answer = await client.fetch(`/attempts/${attempt}/responses/${slot}`, {
            method: "PUT", headers: { "content-type": "application/json", "x-csrf-token": token }, body: JSON.stringify({ seq, response, client: "t" }),
        });
        return { status: answer.status, body: await answer.json() };
    };
}

test("an attempt ends at its deadline with no browser there", options, async (t) => {
    const server = await startServer({ t, args: ["--root", examRoot({ items: 3, review: "domains", kind: "live" })] });
    let learner = await server.signedIn("learner");
    const attempt = await startAttempt(learner, "small");
    const save = await saving(learner);
    assert.equal((await save(attempt, 1, 1, 1)).status, 200);
    await server.stop();
    /* As if the minute were nearly over. */
    const deadline = Math.floor(Date.now() / 1000) * 1000 + 3000;
    sql(server.data, `UPDATE exam_open SET deadline_ms = ${deadline} WHERE attempt_id = '${attempt}'`);
    await server.restart();
    learner = server.client();
    await learner.login("learner");
    assert.match(await learner.page(`/attempts/${attempt}/q/2`), new RegExp(`data-deadline="${new Date(deadline).toISOString().replace(".000", "")}"`));
    const again = await saving(learner);
    while (Date.now() < deadline + 1000) await sleep(100);
    assert.equal((await again(attempt, 2, 1, 1)).status, 200, "what is under way at the deadline still counts");
    await until("the attempt is ended", () => sql(server.data, `SELECT 1 FROM exam_result WHERE attempt_id = '${attempt}'`));
    assert.equal(sql(server.data, `SELECT how || ' ' || submitted_ms FROM exam_end WHERE attempt_id = '${attempt}'`), `deadline ${deadline}`);
    const recorded = Number(sql(server.data, `SELECT recorded_ms FROM exam_end WHERE attempt_id = '${attempt}'`));
    assert.ok(recorded > deadline + 5000 && recorded < deadline + 60_000, `closed ${recorded - deadline} ms after the deadline`);
    const late = await again(attempt, 3, 1, 1);
    assert.equal(late.status, 409);
    assert.match(late.body.message, /time for this exam ended at .*not saved/);
    assert.match(await learner.page(`/attempts/${attempt}/result`), /submitted with what had been saved/);
});

test("an attempt that ran out while the server was down is closed when it comes back", options, async (t) => {
    const server = await startServer({ t, args: ["--root", examRoot({ items: 2 })] });
    const learner = await server.signedIn("learner");
    const attempt = await startAttempt(learner, "small");
    await server.kill9();
    const deadline = Date.now() - 3_600_000;
    sql(server.data, `UPDATE exam_open SET deadline_ms = ${deadline} WHERE attempt_id = '${attempt}'`);
    await server.restart();
    const back = server.client();
    await back.login("learner");
    assert.match(await back.page(`/attempts/${attempt}`), /Result/); // at once, whether or not the clock has come by
    await until("the attempt is ended", () => sql(server.data, `SELECT 1 FROM exam_result WHERE attempt_id = '${attempt}'`));
    assert.equal(sql(server.data, `SELECT how || ' ' || submitted_ms FROM exam_end WHERE attempt_id = '${attempt}'`), `deadline ${deadline}`);
});

test("kill -9 in the middle of saves: everything acknowledged is there, and the receipts are still good", async (t) => {
    const server = await startServer({ t, data: makeAcademy(), args: ["--root", examRoot({ items: 20, minutes: 60 })] });
    let learner = await server.signedIn("learner");
    const attempt = await startAttempt(learner, "small");
    const acknowledged = new Map();
    for (let round = 0; round < 5; round++) {
        const save = await saving(learner);
        let running = true;
        const workers = Array.from({ length: 8 }, async (_, w) => {
            for (let n = 1; running; n++) {
                const slot = ((w + n * 8) % 20) + 1, seq = round * 100_000 + n, response = ((n + w) % 3) + 1;
                try {
                    const answer = await save(attempt, slot, seq, response);
                    if (answer.status === 200) acknowledged.set(`${slot}:${seq}:${response}`, answer.body);
                } catch {
                    return; // the connection died: nothing was promised
                }
            }
        });
        await sleep(300 + round * 50);
        await server.kill9();
        running = false;
        await Promise.all(workers);
        await server.restart();
        learner = server.client();
        await learner.login("learner");
    }
    assert.ok(acknowledged.size > 100, `${acknowledged.size} saves`);
    const save = await saving(learner);
    const newest = new Map();
    for (const [key, body] of acknowledged) {
        const [slot, seq, response] = key.split(":").map(Number);
        const again = await save(attempt, slot, seq, response);
        assert.equal(again.status, 200);
        assert.equal(again.body.receipt, body.receipt, key);
        assert.equal(again.body.saved_at, body.saved_at, key);
        newest.set(slot, Math.max(newest.get(slot) ?? 0, seq));
    }
    const state = await (await learner.fetch(`/attempts/${attempt}/state`)).json();
    for (const [slot, seq] of newest) assert.ok(state.slots[slot - 1].seq >= seq);
    await learner.page(`/attempts/${attempt}/q/1`);
});
