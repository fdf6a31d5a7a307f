// What the server needs it says before it makes anything: the number that it needs, and exit status 2.
import assert from "node:assert/strict";
import { spawn, spawnSync } from "node:child_process";
import { chmodSync, existsSync, mkdirSync, readdirSync, writeFileSync } from "node:fs";
import net from "node:net";
import { join } from "node:path";
import { test } from "node:test";
import { gradus, installForAll, root, sanitizer, scratch, startServer } from "../lib/server.mjs";

/** `gradus serve` under limits of the shell, as it ends: {code, err}; it must not have made its data folder. */
function refused(limits, { args = [], env = {}, uid, program = gradus } = {}) {
    const parent = scratch("needs");
    chmodSync(parent, 0o777);
    const data = join(parent, "data");
    const done = spawnSync("bash", ["-c", `${limits} exec "$@"`, "bash", program, "serve", "--port", "0", "--data", data, ...args], { cwd: root, env: { ...process.env, ...env }, encoding: "utf8", timeout: 60_000, uid });
    assert.equal(done.status, 2, `${limits}: ${done.status ?? done.signal}\n${done.stdout}${done.stderr}`);
    assert.equal(existsSync(data), false, `it made ${data}: ${existsSync(data) && readdirSync(data)}`);
    assert.doesNotMatch(done.stdout, /Serving/);
    return done.stderr;
}

/** It starts, answers, and ends when asked. */
async function serves(limits, args = [], { uid, program = gradus, look = () => {} } = {}) {
    const parent = scratch("needs");
    chmodSync(parent, 0o777);
    const child = spawn("bash", ["-c", `${limits} exec "$@"`, "bash", program, "serve", "--port", "0", "--data", join(parent, "data"), ...args], { cwd: root, stdio: ["ignore", "pipe", "pipe"], uid });
    try {
        let text = "";
        const origin = await new Promise((done, fail) => {
            child.stderr.on("data", (data) => (text += data));
            child.stdout.on("data", (data) => {
                text += data;
                const found = /Serving on (\S+)/.exec(text);
                if (found) done(found[1]);
            });
            child.on("close", () => fail(new Error(`it ended\n${text}`)));
        });
        assert.equal((await fetch(`${origin}/login`)).status, 200);
        look(child.pid);
        return text;
    } finally {
        child.kill("SIGTERM");
    }
}

test("too few open files: refused with the number; with that number it serves", async () => {
    const said = refused("ulimit -n 256;", { args: ["--threads", "2"] });
    const needed = Number(/needs (\d+) open files/.exec(said)?.[1]);
    assert.ok(needed > 256 && needed <= 1024, said);
    assert.match(said, /may have 256\..*LimitNOFILE/);
    refused(`ulimit -n ${needed - 1};`, { args: ["--threads", "2"] });
    const text = await serves(`ulimit -n ${needed};`, ["--threads", "2"]);
    assert.match(text, /only 280 connections at a time/);
    assert.match(refused("ulimit -n 1024;", { args: ["--connections", "5000"] }), /and 5000 for connections/);
});

// RULE least-places.
test("at the least number of open files every place can be taken, and the next visitor is served", async (t) => {
    const needed = /needs (\d+) open files/.exec(refused("ulimit -n 256;", { args: ["--threads", "2"] }))[1];
    const server = await startServer({ args: ["--threads", "2"], t, limits: `ulimit -n ${needed};` });
    const sockets = [];
    for (let i = 0; i < 300; i++) {
        const socket = net.connect({ port: server.port, host: server.host, localAddress: `127.0.0.${1 + (i % 4)}` });
        socket.on("error", () => {});
        sockets.push(socket);
    }
    const client = await server.signedIn("learner");
    assert.match(await client.page("/"), /./);
    for (const socket of sockets) socket.destroy();
});

test("too little memory: refused with the number; with that number it serves", { skip: sanitizer ? "reserves terabytes of addresses" : false }, async () => {
    const said = refused("ulimit -v 300000;", { args: ["--threads", "2"] });
    const needed = Number(/needs (\d+) MiB of address space/.exec(said)?.[1]);
    assert.ok(needed > 300 && needed < 2000, said);
    refused(`ulimit -v ${needed * 1024 - 1};`, { args: ["--threads", "2"] });
    await serves(`ulimit -v ${needed * 1024};`, ["--threads", "2"]);
});

test("too few threads: refused with the number; with that number it serves", { skip: sanitizer ? "has threads of its own" : false }, async () => {
    // The limit counts all that a user runs, and does not bind root: each time a user that nobody else is.
    let used = 0;
    const nobody = () => (process.getuid() === 0 ? 100_000 + process.pid * 4 + used++ : undefined);
    const installed = installForAll(), { program } = installed, args = ["--threads", "4", "--root", installed.root];
    const said = refused("ulimit -u 9;", { args, program, uid: nobody() });
    assert.match(said, /needs \d+ threads, and this machine lets it have \d+\..*TasksMax/);
    if (nobody() === undefined) return;
    const needed = Number(/needs (\d+) threads/.exec(said)[1]);
    refused(`ulimit -u ${needed - 1};`, { args, program, uid: nobody() });
    let threads;
    const text = await serves(`ulimit -u ${needed};`, args, { uid: nobody(), program, look: (pid) => (threads = readdirSync(`/proc/${pid}/task`).length) });
    assert.doesNotMatch(text, /"level":"(error|warn)"/);
    // At rest; beside them the process that labs are forked from, one lab, and three that read when content changes.
    const least = threads + 1 + 1 + 3;
    assert.ok(needed >= least && needed < least + 5, `it says ${needed}, and needs ${least}`);
});

test("a port that somebody has, an address that is none: refused before anything is made", async (t) => {
    const other = net.createServer().listen(0, "127.0.0.1");
    t.after(() => other.close());
    await new Promise((done) => other.once("listening", done));
    assert.match(refused("", { args: ["--port", String(other.address().port)] }), /cannot listen on 127\.0\.0\.1 port \d+: Address already in use/);
    assert.match(refused("", { args: ["--listen", "192.0.2.1"] }), /cannot listen on 192\.0\.2\.1/);
    assert.match(refused("", { args: ["--listen", "nowhere"] }), /no address to listen on/);
});

test("no fonts for certificates: refused with the package", () => {
    const folder = scratch("fonts");
    mkdirSync(join(folder, "none"));
    writeFileSync(join(folder, "fonts.conf"), `<?xml version="1.0"?><!DOCTYPE fontconfig SYSTEM "fonts.dtd"><fontconfig><dir>${folder}/none</dir><cachedir>${folder}/cache</cachedir></fontconfig>`);
    assert.match(refused("", { env: { FONTCONFIG_FILE: join(folder, "fonts.conf") } }), /fonts are missing \(Noto Serif, Noto Naskh Arabic, Noto Sans Thai, Noto Sans, Noto Serif CJK SC\).*fonts-noto-core and fonts-noto-cjk/);
});

test("a root without a site: refused before anything is made", () => {
    assert.match(refused("", { args: ["--root", scratch("root")] }), /templates/);
});
