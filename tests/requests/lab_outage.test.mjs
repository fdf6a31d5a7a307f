// What starts the workers of labs is killed, stands still, cannot be executed: labs answer again by themselves, and meanwhile
// the log, the admin's page, /healthz and /metrics tell.
import assert from "node:assert/strict";
import { cpSync, renameSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { templatesOf, zygotesOf } from "../lib/lab.mjs";
import { build, scratch, startServer } from "../lib/server.mjs";
import { until } from "../lib/until.mjs";

const lab = "/labs/field-mapping-dedupe";

async function begin(client) {
    const answer = await client.post(`${lab}/runs`, { dialect_crm: "aurelia", dialect_map: "heron" }, { from: lab });
    assert.equal(answer.status, 303, await answer.text());
    return answer.headers.get("location");
}
const ask = async (client, run) => (await client.post(`${run}/sql`, { sql: "SELECT 1" })).status;

const health = async (server) => {
    const answer = await fetch(`${server.origin}/healthz`);
    const { labs, status } = await answer.json();
    return [answer.status, labs, status];
};
const metric = async (server) => /^gradus_lab_failing (\d)$/m.exec(await (await fetch(`${server.origin}/metrics`)).text())[1];

/** A server of a copy of the programs, so that one of them can be taken away. */
async function start(t) {
    const place = scratch("programs");
    for (const name of ["gradus", "gradus-labs"]) cpSync(join(build, name), join(place, name));
    const server = await startServer({ t, program: join(place, "gradus"), args: ["--root", process.cwd()] });
    return { place, server };
}

const untilLabs = (server, state) => until(`labs are ${state}`, async () => (await health(server))[1] === state);

test("labs answer after what starts their workers was killed, or stands still, all of it", { timeout: 120_000 }, async (t) => {
    const { server } = await start(t);
    const learner = await server.signedIn("learner");
    const runs = [await begin(learner), await begin(learner)];
    for (const signal of ["SIGKILL", "SIGSTOP", "SIGKILL"]) {
        for (const run of runs) assert.equal(await ask(learner, run), 200);
        const before = [...zygotesOf(server.child.pid), ...templatesOf(server.child.pid)];
        assert.ok(before.length > 1);
        for (const pid of before) process.kill(pid, signal);
        assert.equal(await ask(learner, await begin(learner)), 200, `a new run after ${signal}`);
        assert.deepEqual(await Promise.all(runs.map((run) => ask(learner, run))), [200, 200], `after ${signal}`);
        assert.deepEqual([...zygotesOf(server.child.pid), ...templatesOf(server.child.pid)].filter((pid) => before.includes(pid)), [], "one is left");
    }
    await server.assertWell();
});

test("an outage is told while it lasts, and ends by itself", { timeout: 120_000 }, async (t) => {
    const { place, server } = await start(t);
    const learner = await server.signedIn("learner");
    const admin = await server.signedIn("admin");
    const run = await begin(learner);
    assert.equal(await ask(learner, run), 200);
    assert.deepEqual(await health(server), [200, "ok", "ok"]);
    assert.equal(await metric(server), "0");
    assert.match(await admin.page("/admin"), /<dt>Labs<\/dt><dd>Can be started<\/dd>/);
    renameSync(join(place, "gradus-labs"), join(place, "away"));
    for (const pid of zygotesOf(server.child.pid)) process.kill(pid, "SIGKILL");
    await untilLabs(server, "failing");
    assert.deepEqual(await health(server), [200, "failing", "no lab can be started: see the log"]);
    assert.equal(await metric(server), "1");
    const page = await admin.page("/admin");
    assert.match(page, /role="alert"><p>No lab can be started at present\./);
    assert.match(page, /<dt>Labs<\/dt><dd>Cannot be started now<\/dd>/);
    assert.doesNotMatch(page, /message-ok/);
    for (let i = 0; i < 3; i++) assert.equal(await ask(learner, run), 503);
    await sleep(1000); // it is tried again meanwhile, and fails
    renameSync(join(place, "away"), join(place, "gradus-labs"));
    await untilLabs(server, "ok");
    assert.equal(await ask(learner, run), 200);
    assert.equal(await metric(server), "0");
    const told = (event) => server.logs.filter((line) => line.event === event);
    assert.equal(told("labs_failing").length, 1);
    assert.match(told("labs_failing")[0].message, /gradus-labs, cannot be executed: No such file or directory/);
    assert.equal(told("labs_again").length, 1);
    await server.assertWell();
});
