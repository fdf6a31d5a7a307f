// A disk without room: whoever saves is told so, and nothing else is taken from anybody.
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { statSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { password, startServer } from "../lib/server.mjs";

/** From now on no file of the server grows beyond `bytes`. */
const limitFiles = (server, bytes) => {
    const done = spawnSync("prlimit", ["--pid", String(server.pid), `--fsize=${bytes}:unlimited`], { encoding: "utf8" });
    assert.equal(done.status, 0, done.stderr);
};
const healthy = async (server) => (await fetch(`${server.origin}/healthz`)).status === 200;

test("who cannot save is told that, and when to come back; who reads goes on; then it saves again", async (t) => {
    const server = await startServer({ t });
    const admin = await server.signedIn("admin");
    const add = (login, headers = {}) => admin.post("/admin/people", { login, name: login, email: `${login}@example.org`, "roles[]": "learner" }, { from: "/admin/people", headers });
    assert.ok((await add("before")).status < 400);

    limitFiles(server, statSync(join(server.data, "gradus.db-wal")).size);
    const page = await add("unsaved");
    assert.equal(page.status, 503);
    assert.match(page.headers.get("retry-after"), /^[1-9]\d*$/);
    const text = await page.text();
    for (const words of [/<h1>The academy cannot save just now<\/h1>/, /Nothing that was saved before is lost/, /still in your browser/, /in a minute/]) assert.match(text, words);
    assert.doesNotMatch(text, /went wrong|failed on our side/);
    const json = await add("unsaved", { accept: "application/json" });
    assert.equal(json.status, 503);
    assert.match(json.headers.get("retry-after"), /^[1-9]\d*$/);
    const said = await json.json();
    assert.deepEqual([said.error, said.status], ["unsaved", 503]);
    assert.match(said.message, /^The academy cannot save just now\./);

    const { message } = await server.log({ event: "failure" });
    assert.match(message, /^request \w+: \S+gradus\.db cannot be written: /, "the log says why");
    assert.equal(await healthy(server), false);
    const people = await admin.page("/admin/people");
    assert.match(people, /before@example\.org/);
    assert.doesNotMatch(people, /unsaved@example\.org/);

    limitFiles(server, "unlimited");
    for (const end = performance.now() + 10_000; !(await healthy(server)); await sleep(50)) assert.ok(performance.now() < end, "the store does not find out that there is room again");
    assert.ok((await add("unsaved")).status < 400);
    assert.match(await admin.page("/admin/people"), /unsaved@example\.org/);
});

test("a server that starts on a full disk serves what is read, and tells who saves", async (t) => {
    const server = await startServer({ t });
    await server.signedIn("admin");
    await server.kill9();
    const blocks = Math.floor(statSync(join(server.data, "gradus.db-wal")).size / 1024); // nothing grows beyond what is there
    assert.ok(blocks >= 32, "the memory that SQLite shares between processes is 32 KiB");
    server.limits = `ulimit -S -f ${blocks};`;
    await server.restart();
    await server.log({ event: "clock_mark" });
    assert.equal(await healthy(server), false);
    assert.match(await server.client().page("/programmes"), /<h1>/);
    const refused = await server.client().post("/login", { login: "admin", password }, { from: "/login" });
    assert.equal(refused.status, 503);
    assert.match(await refused.text(), /<h1>The academy cannot save just now<\/h1>/);

    limitFiles(server, "unlimited");
    for (const end = performance.now() + 10_000; !(await healthy(server)); await sleep(50)) assert.ok(performance.now() < end, "the store does not find out that there is room again");
    await server.signedIn("admin");
});
