// Ten thousand connections at once.  run: alone  run: timeout 180
import assert from "node:assert/strict";
import net from "node:net";
import { after, test } from "node:test";
import { descriptorLimit, parseAnswer, sanitizer, startServer } from "../lib/server.mjs";
import { until } from "../lib/until.mjs";

// ThreadSanitizer remembers so much of each connection that a tenth has to do.
const CROWD = sanitizer === "tsan" ? 1_000 : 10_000;
const limit = descriptorLimit();
const server = await startServer({ args: ["--request-deadline", "60"] });
after(() => server.stop());

/** Opens `count` connections, some at a time; gives those that stand. */
async function connect(count) {
    const sockets = [];
    while (sockets.length < count) {
        const some = await Promise.all(Array.from({ length: Math.min(250, count - sockets.length) }, () => new Promise((done, fail) => {
            const socket = net.connect(server.port, server.host, () => done(socket));
            socket.on("error", fail);
        })));
        for (const socket of some) {
            socket.removeAllListeners("error");
            socket.on("error", () => {});
            socket.answer = new Promise((close) => {
                let text = "";
                socket.on("data", (data) => (text += data.toString("latin1")));
                socket.on("close", () => close(parseAnswer(text)?.status));
            });
        }
        sockets.push(...some);
    }
    return sockets;
}

async function openConnections() {
    return Number(/^gradus_http_connections (\d+)/m.exec(await (await fetch(`${server.origin}/metrics`)).text())[1]);
}

async function memory_kb() {
    const text = await (await fetch(`${server.origin}/metrics`)).text();
    return Number(/^process_resident_memory_bytes (\d+)/m.exec(text)[1]) / 1024;
}

test(`${CROWD} idle connections cost little, and the next visitor is served at once`, { skip: limit < CROWD + 500 ? `only ${limit} open files are allowed here (ulimit -n)` : false }, async () => {
    const before = await memory_kb();
    const sockets = await connect(CROWD);
    const began = performance.now();
    const answer = await fetch(`${server.origin}/login`);
    assert.equal(answer.status, 200);
    await answer.text();
    assert.ok(performance.now() - began < 3000, "the next visitor waited");
    await until("all connections are open", async () => (await openConnections()) >= CROWD);
    const grown = (await memory_kb()) - before;
    assert.ok(grown < 600 * 1024, `${Math.round(grown / 1024)} MB more`);
    for (const socket of sockets) socket.destroy();
});

test(`${CROWD} clients ask at once and each is answered`, { skip: limit < CROWD + 500 ? `only ${limit} open files are allowed here (ulimit -n)` : false }, async () => {
    const sockets = await connect(CROWD);
    const answers = sockets.map((socket) => socket.answer);
    for (const socket of sockets) socket.write("GET /healthz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
    const statuses = new Map();
    for (const status of await Promise.all(answers)) statuses.set(status, (statuses.get(status) ?? 0) + 1);
    assert.deepEqual([...statuses], [[200, CROWD]]);
});

// RULE share-of-one-address, at its real size.
test("12,300 half-sent requests from one address: the next visitor, from there or from elsewhere, is served at once", { skip: sanitizer || limit < 12_800 ? `${limit} open files are allowed here (ulimit -n)` : false }, async () => {
    const sockets = await connect(12_300);
    for (const socket of sockets) socket.write("GET /login HTTP/1.1\r\nHost: x\r\nX-Half: ");
    for (const localAddress of ["127.0.0.2", "127.0.0.1"]) {
        const began = performance.now();
        const socket = net.connect({ port: server.port, host: server.host, localAddress }, () => socket.write("GET /login HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"));
        const text = await new Promise((done) => {
            let all = "";
            socket.on("data", (data) => (all += data.toString("latin1")));
            socket.on("error", () => {});
            socket.on("close", () => done(all));
        });
        assert.equal(parseAnswer(text)?.status, 200, localAddress);
        assert.ok(performance.now() - began < 2000, `${localAddress} waited ${Math.round(performance.now() - began)} ms`);
    }
    for (const socket of sockets) socket.destroy();
});

test("when the crowd is gone so is its load", async () => {
    await until("the connections are closed", async () => (await openConnections()) < 50);
    await server.assertWell();
});
