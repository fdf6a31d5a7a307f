// Half-sent requests hold nobody's place for long: an address that opens thousands takes them from itself, and who
// sends too slowly is cut.
import assert from "node:assert/strict";
import net from "node:net";
import { test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { startServer } from "../lib/server.mjs";

const PLACES = 400;
const SHARE = 350; // seven eighths

const half = "GET /login HTTP/1.1\r\nHost: x\r\nX-Half: ";

/** Opens a connection from an address of this machine; says `bytes` and nothing more. */
function open(server, from, bytes) {
    return new Promise((done) => {
        const socket = net.connect({ port: server.port, host: server.host, localAddress: from }, () => {
            socket.write(bytes);
            done(socket);
        });
        socket.on("data", () => {});
        socket.on("error", () => {});
        socket.on("close", () => ((socket.gone = true), done(socket)));
    });
}

async function flood(server, from, count) {
    const sockets = [];
    while (sockets.length < count) sockets.push(...(await Promise.all(Array.from({ length: Math.min(100, count - sockets.length) }, () => open(server, from, half)))));
    return sockets;
}

/** A request on a connection of its own, until it is answered. */
function ask(server, from, path = "/login") {
    return new Promise((done, fail) => {
        let text = "";
        const socket = net.connect({ port: server.port, host: server.host, localAddress: from }, () => socket.write(`GET ${path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n`));
        socket.setTimeout(60_000, () => socket.destroy(new Error("no answer in 60 s")));
        socket.on("data", (data) => (text += data.toString("latin1")));
        socket.on("error", fail);
        socket.on("close", () => (/^HTTP\/1\.1 200/.test(text) ? done() : fail(new Error(`no answer: ${text.slice(0, 100)}`))));
    });
}

const number = async (server, name) => Number(new RegExp(`^${name} (\\d+)`, "m").exec(await (await fetch(`${server.origin}/metrics`)).text())[1]);

test("thousands of half-sent requests from one address: others are answered at once, and so is that address", async (t) => {
    const server = await startServer({ args: ["--connections", String(PLACES)], t });
    const sockets = await flood(server, "127.0.0.1", 2000);
    for (const from of ["127.0.0.2", "127.0.0.1", "127.0.0.3"]) {
        await ask(server, from);
    }
    await sleep(200);
    const stand = sockets.filter((socket) => !socket.gone).length;
    assert.ok(stand <= SHARE, `${stand} half-sent requests stand`);
    assert.ok((await number(server, "gradus_http_connections_evicted_total")) >= 2000 - SHARE);
    assert.ok((await number(server, "gradus_http_connections")) <= PLACES);
    for (const socket of sockets) socket.destroy();
});

test("a classroom of 40 behind the address of an attacker goes on", async (t) => {
    const server = await startServer({ args: ["--connections", String(PLACES)], t });
    let over = false;
    let opened = 0;
    const attack = (async () => {
        while (!over) {
            const sockets = await flood(server, "127.0.0.1", 100);
            opened += sockets.length;
            await sleep(20); // up to 5,000 a second, and the machine's two cores are not all ours
            setTimeout(() => sockets.forEach((socket) => socket.destroy()), 8000).unref();
        }
    })();
    await sleep(500);
    let answered = 0;
    try {
        await Promise.all(Array.from({ length: 40 }, async () => {
            for (let i = 0; i < 10; i++, answered++) {
                await ask(server, "127.0.0.1");
                await sleep(50);
            }
        }));
    } finally {
        over = true; // also when one of them waits in vain: the attack would never end
    }
    await attack;
    assert.equal(answered, 400);
    assert.ok(opened > 1000, `only ${opened} half-sent requests`);
});

test("a classroom's own connections, and a proxy that nobody declared, are within the share", async (t) => {
    const server = await startServer({ args: ["--connections", String(PLACES)], t });
    const sockets = await Promise.all(Array.from({ length: 240 }, () => open(server, "127.0.0.1", "GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n")));
    await sleep(300);
    assert.equal(sockets.filter((socket) => socket.gone).length, 0);
    assert.equal(await number(server, "gradus_http_connections_evicted_total"), 0);
    for (const socket of sockets) socket.destroy();
});

test("many addresses that hold everything together make room as well", async (t) => {
    const server = await startServer({ args: ["--connections", String(PLACES)], t });
    const sockets = (await Promise.all(["127.0.0.4", "127.0.0.5", "127.0.0.6"].map((from) => flood(server, from, 300)))).flat();
    for (const from of ["127.0.0.7", "127.0.0.4"]) {
        await ask(server, from);
    }
    for (const socket of sockets) socket.destroy();
});

// RULE connections-exact.
test("more connections at one moment than there are places: those behind them are answered", async (t) => {
    for (const addresses of [["127.0.0.4"], ["127.0.0.4", "127.0.0.5", "127.0.0.6", "127.0.0.8"]]) {
        const server = await startServer({ args: ["--connections", String(PLACES), "--threads", "2"], t });
        process.kill(server.child.pid, "SIGSTOP"); // the kernel takes them, and the server meets all of them at once
        const sockets = (await Promise.all(addresses.map((from) => flood(server, from, 4 * PLACES / addresses.length)))).flat();
        process.kill(server.child.pid, "SIGCONT");
        const at_once = [];
        for (let i = 0; i < 20; i++) at_once.push(await number(server, "gradus_http_connections"));
        assert.ok(Math.max(...at_once) <= PLACES, `${Math.max(...at_once)} at once`);
        for (const from of ["127.0.0.7", "127.0.0.4"]) await ask(server, from);
        for (const socket of sockets) socket.destroy();
        await server.stop();
    }
});

test("RULE events-at-once: as many requests at once as the library takes events are answered as quickly as one more or less", async (t) => {
    const LANES = 2; // each has 128 connections, or one more or less
    for (const count of [127, 128, 129].map((each) => each * LANES)) {
        const server = await startServer({ args: ["--threads", String(LANES)], t });
        const sockets = [];
        for (let i = 0; i < count; i++) sockets.push(await open(server, "127.0.0.1", ""));
        await sleep(300); // both event loops have taken up theirs, and sleep
        process.kill(server.child.pid, "SIGSTOP");
        const answers = sockets.map((socket) => new Promise((done) => socket.once("data", () => done(true)).once("close", () => done(false))));
        for (const socket of sockets) socket.write("GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n");
        await sleep(300);
        process.kill(server.child.pid, "SIGCONT");
        const late = sleep(20_000, "late", { ref: false }); // what lies there is taken up after half a minute
        assert.deepEqual([...new Set(await Promise.race([Promise.all(answers), late]))], [true], `${count} requests at once`);
        for (const socket of sockets) socket.destroy();
        await server.stop();
    }
});

test("a head has ten seconds; a body ten and what it earns by coming", async (t) => {
    const server = await startServer({ t });
    const post = "POST /login HTTP/1.1\r\nHost: x\r\nContent-Type: application/x-www-form-urlencoded\r\nContent-Length: 100000\r\n\r\n";
    const dribble = (first, each, every_ms) => new Promise((done) => {
        const began = performance.now();
        const socket = net.connect(server.port, server.host, () => socket.write(first));
        const timer = setInterval(() => socket.write(each), every_ms);
        const end = setTimeout(() => socket.destroy(), 17_000);
        socket.on("data", () => {});
        socket.on("error", () => {});
        socket.on("close", () => {
            clearInterval(timer);
            clearTimeout(end);
            done((performance.now() - began) / 1000);
        });
    });
    const [head, body, fast] = await Promise.all([dribble(half, "a", 200), dribble(post, "a".repeat(20), 200), dribble(post, "a".repeat(1000), 200)]);
    assert.ok(head > 9.5 && head < 14, `a head was cut after ${head} s`);
    assert.ok(body > 9.5 && body < 15, `a slow body was cut after ${body} s`);
    assert.ok(fast > 16.5, `a body of 5 KB a second was cut after ${fast} s`);
});
