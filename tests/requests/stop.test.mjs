// Stopping: whatever was acknowledged is there afterwards, whether the server was asked to end or was killed.
import assert from "node:assert/strict";
import { test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { must, startServer } from "../lib/server.mjs";

/** Adds people from several clients at once until the server is gone; gives the logins that were acknowledged. */
async function addUntilTheEnd(server, clients, end, round = 0) {
    const admin = await server.signedIn("admin");
    const csrf = await admin.csrf("/admin/people");
    const done = [];
    const strange = [];
    let over = false;
    const work = Array.from({ length: clients }, async (_, client) => {
        for (let i = 0; !over && i < 500; i++) {
            const login = `p${round}${client}-${i}`;
            try {
                const answer = await admin.fetch("/admin/people", { method: "POST", body: new URLSearchParams({ csrf, login, name: login, email: `${login}@example.org`, "roles[]": "learner" }) });
                await answer.text();
                if (answer.status < 400) done.push(login);
                else if (answer.status !== 503) strange.push(answer.status);
            } catch {
                over = true;
            }
        }
    });
    await sleep(400);
    await end();
    over = true;
    await Promise.all(work);
    assert.deepEqual(strange, []);
    assert.ok(done.length > 0, "nobody was added");
    return done;
}

const people = (data) => new Set([...must(["user", "list", "--data", data]).matchAll(/\bp\d+-\d+\b/g)].map((m) => m[0]));

test("SIGTERM finishes what was accepted, within its deadline", async (t) => {
    const server = await startServer({ t });
    let took_ms;
    const done = await addUntilTheEnd(server, 8, async () => {
        const began = performance.now();
        await server.stop();
        took_ms = performance.now() - began;
    });
    assert.ok(took_ms < 12_000, `it took ${took_ms} ms`);
    const there = people(server.data);
    assert.deepEqual(done.filter((login) => !there.has(login)), []);
    must(["audit", "verify", "--data", server.data]);
});

test("after SIGKILL everything that was acknowledged is there, and the chain holds", async (t) => {
    const server = await startServer({ t });
    for (let round = 0; round < 3; round++) {
        const done = await addUntilTheEnd(server, 8, () => server.kill9(), round);
        const there = people(server.data);
        assert.deepEqual(done.filter((login) => !there.has(login)), []);
        must(["audit", "verify", "--data", server.data]);
        await server.start();
    }
    await server.assertWell();
});

test("an idle connection does not hold the server up", async (t) => {
    const server = await startServer({ t });
    const idle = fetch(`${server.origin}/healthz`, { headers: { connection: "keep-alive" } });
    await (await idle).text();
    const began = performance.now();
    await server.stop();
    assert.ok(performance.now() - began < 5000);
});
