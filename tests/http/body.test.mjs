// Bodies: lengths that make no sense, types that a page does not take, fields twice, chunks without end, clients that
// dribble.
import assert from "node:assert/strict";
import { after, afterEach, test } from "node:test";
import net from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { parseAnswer, sanitizer, startServer } from "../lib/server.mjs";
import { until } from "../lib/until.mjs";

const server = await startServer({ args: ["--request-deadline", "3"] });
after(() => server.stop());
afterEach(() => server.assertWell());

const head = (extra) => `POST /login HTTP/1.1\r\nHost: x\r\n${extra}`;
const form = "Content-Type: application/x-www-form-urlencoded\r\n";

test("lengths that make no sense are refused at once", async () => {
    for (const length of ["-1", "abc", "1e3", "99999999999999999999", "18446744073709551616", "9223372036854775807", "+5", "0x10", "5, 5", ""]) {
        const { text, closed } = await server.raw(head(`${form}Content-Length: ${length}\r\n\r\nlogin=a`), { timeout_ms: 3000 });
        const answer = parseAnswer(text);
        assert.ok(closed || [400, 413].includes(answer?.status), `${length} gave ${text.slice(0, 100)}`);
        if (answer) assert.ok([400, 403, 413].includes(answer.status), `${length} gave ${answer.status}`);
    }
});

test("a body that is announced as too large is refused before it is sent", async () => {
    const { text, closed } = await server.raw(head(`${form}Content-Length: 300000\r\n\r\n`));
    const answer = parseAnswer(text);
    assert.equal(answer?.status, 413);
    assert.match(answer.body, /256 KB/);
    assert.ok(closed);
});

test("types that the page does not take are a 415", async () => {
    for (const type of ["text/plain", "application/json", "application/xml", "multipart/form-data; boundary=x", "", "application/x-www-form-urlencodedx"]) {
        const answer = parseAnswer((await server.raw(head(`${type ? `Content-Type: ${type}\r\n` : ""}Content-Length: 5\r\nConnection: close\r\n\r\na=b&c`))).text);
        assert.equal(answer?.status, 415, type || "none");
    }
});

test("a field given twice changes nothing and says so", async () => {
    const client = server.client();
    const answer = await client.fetch("/login", { method: "POST", body: `csrf=${encodeURIComponent(await client.csrf())}&login=a&login=b&password=c`, headers: { "content-type": "application/x-www-form-urlencoded" } });
    assert.equal(answer.status, 400);
    assert.match(await answer.text(), /twice/);
});

test("a form of broken text is a 400", async () => {
    for (const body of ["login=%", "login=%00", "login=%FF", "login=\xff", `${"n".repeat(300)}=1`, "a&".repeat(1001)]) {
        const answer = parseAnswer((await server.raw(Buffer.from(head(`${form}Content-Length: ${body.length}\r\nConnection: close\r\n\r\n${body}`), "latin1"))).text);
        assert.ok([400, 413].includes(answer?.status), `${JSON.stringify(body.slice(0, 20))} gave ${answer?.status}`);
    }
});

test("a chunked body is taken, one over the limit is a 413 with a page", async () => {
    const chunk = (n) => `${n.toString(16)}\r\n${"a".repeat(n)}\r\n`;
    const small = parseAnswer((await server.raw(head(`${form}Transfer-Encoding: chunked\r\nConnection: close\r\n\r\n7\r\nlogin=a\r\n0\r\n\r\n`))).text);
    assert.equal(small?.status, 403); // no token
    const large = parseAnswer((await server.raw(head(`${form}Transfer-Encoding: chunked\r\nConnection: close\r\n\r\n${chunk(300_000)}0\r\n\r\n`))).text);
    assert.equal(large?.status, 413);
    assert.match(large.headers.get("content-type"), /html/);
});

test("broken chunks are refused", async () => {
    for (const chunks of ["zz\r\nabc\r\n0\r\n\r\n", "-5\r\nabc\r\n", "ffffffffffffffffff\r\nabc\r\n", "3\r\nabcd\r\n0\r\n\r\n"]) {
        const { text, closed } = await server.raw(head(`${form}Transfer-Encoding: chunked\r\n\r\n${chunks}`), { timeout_ms: 6000 });
        assert.ok(closed, JSON.stringify(chunks));
        const answer = parseAnswer(text);
        if (answer) assert.ok([400, 413].includes(answer.status), `${JSON.stringify(chunks)} gave ${answer.status}`);
    }
});

test("a chunked body without end gets its 413 and is cut off", async () => {
    const socket = net.connect(server.port, server.host);
    let text = "";
    let sent = 0;
    let closed = false;
    socket.on("data", (data) => (text += data.toString("latin1")));
    socket.on("error", () => {});
    socket.on("close", () => (closed = true));
    socket.write(head(`${form}Transfer-Encoding: chunked\r\n\r\n`));
    const chunk = Buffer.from(`10000\r\n${"a".repeat(0x10000)}\r\n`);
    while (!closed && sent < 200 * 1024 * 1024) {
        if (!socket.write(chunk)) await Promise.race([new Promise((go) => socket.once("drain", go)), new Promise((go) => socket.once("close", go)), sleep(2000)]);
        sent += chunk.length;
        await new Promise(setImmediate);
    }
    assert.ok(closed, "the server still takes it");
    assert.ok(sent < 32 * 1024 * 1024, `${sent} bytes were taken`);
    const answer = parseAnswer(text);
    assert.equal(answer?.status, 413);
    assert.equal(answer.headers.get("connection"), "close");
    const line = await server.log({ event: "request", id: answer.headers.get("x-request-id") });
    assert.equal(line.status, 413);
});

test("clients that dribble are cut off", async () => {
    const began = performance.now();
    const dribble = (first, each) => new Promise((done) => {
        const socket = net.connect(server.port, server.host, () => socket.write(first));
        const timer = setInterval(() => socket.write(each), 300);
        socket.on("error", () => {});
        socket.on("data", () => {});
        socket.on("close", () => {
            clearInterval(timer);
            done(performance.now() - began);
        });
    });
    const times = await Promise.all([
        dribble("GET /login HTTP/1.1\r\nHost: x\r\n", "X-A: b\r\n"),
        dribble(head(`${form}Content-Length: 1000\r\n\r\n`), "a"),
        dribble(head(`${form}Transfer-Encoding: chunked\r\n\r\n`), "1\r\na\r\n"),
        dribble("G", ""), // connects and says nothing more
    ]);
    for (const ms of times) assert.ok(ms > 2500 && ms < 8000, `cut after ${ms} ms`);
});

test("an honest request is not cut by the deadline of the one before it", async () => {
    const socket = net.connect(server.port, server.host);
    let text = "";
    socket.on("data", (data) => (text += data.toString("latin1")));
    for (let i = 0; i < 3; i++) {
        socket.write("GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n");
        await sleep(1500);
    }
    socket.destroy();
    assert.equal([...text.matchAll(/^HTTP\/1\.1 200/gm)].length, 3);
});

test("strangers' files that never end leave room for everybody's saving", { skip: sanitizer ? "a quarter of a gigabyte" : false }, async (t) => {
    const busy = await startServer({ t });
    const head = "POST /verify HTTP/1.1\r\nHost: x\r\nContent-Type: multipart/form-data; boundary=b\r\nContent-Length: 1000001\r\n\r\n";
    const sockets = [], part = Buffer.alloc(1_000_000, 120);
    for (let i = 0; i < 270; i++) {
        const socket = net.connect(busy.port, busy.host);
        socket.on("error", () => {});
        sockets.push(socket);
        await new Promise((done) => socket.write(head, done));
        await Promise.race([new Promise((done) => socket.write(part, done)), sleep(2000)]);
    }
    const client = await busy.signedIn("learner"); // a form
    assert.equal((await client.post("/me/language", { locale: "en", next: "/me" })).status, 303);
    for (const socket of sockets) socket.destroy();
});

test("RULE share-of-bodies: files of one address that never end leave room for what others send", { skip: sanitizer ? "a quarter of a gigabyte" : false }, async (t) => {
    const busy = await startServer({ t }), head = "POST /verify HTTP/1.1\r\nHost: x\r\nContent-Type: multipart/form-data; boundary=b\r\nContent-Length: 1000001\r\n\r\n";
    const sockets = [], part = Buffer.alloc(900_000, 120);
    for (let i = 0; i < 150; i++) {
        const socket = net.connect({ port: busy.port, host: busy.host, localAddress: "127.0.0.2" });
        socket.on("error", () => {});
        sockets.push(socket);
        await Promise.race([new Promise((done) => socket.write(head + part.toString("latin1"), done)), sleep(2000)]);
    }
    const client = await busy.signedIn("learner"), csrf = await client.csrf("/me");
    const form = (bytes) => new URLSearchParams({ csrf, locale: "en", next: "/me", more: "x".repeat(bytes) }).toString();
    assert.equal((await client.fetch("/me/language", { method: "POST", headers: { "content-type": "application/x-www-form-urlencoded" }, body: form(100_000) })).status, 303);
    /* Of their own address: what is large waits for them, what is small does not. */
    const send = (bytes) => new Promise((done, fail) => {
        const socket = net.connect({ port: busy.port, host: busy.host, localAddress: "127.0.0.2" }), body = form(bytes);
        let text = "";
        socket.on("data", (data) => (text += data)).on("end", () => done(Number(/^HTTP\/1\.1 (\d+)/.exec(text)?.[1]))).on("error", fail);
        socket.write(`POST /me/language HTTP/1.1\r\nHost: x\r\nConnection: close\r\nCookie: ${client.cookie}\r\nContent-Type: application/x-www-form-urlencoded\r\nContent-Length: ${body.length}\r\n\r\n${body}`);
    });
    assert.deepEqual([await send(100_000), await send(1000)], [503, 303]);
    for (const socket of sockets) socket.destroy();
    await until("the share is given back", async () => (await send(100_000)) === 303);
});
