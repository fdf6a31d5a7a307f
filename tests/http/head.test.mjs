// RULE head-limit: however much a request's head holds, there is an answer at once, its headers stand there once, and the log has a line.
import assert from "node:assert/strict";
import { after, test } from "node:test";
import { parseAnswer, startServer } from "../lib/server.mjs";

const server = await startServer();
after(() => server.stop());

const limits = { all: 16 * 1024, extra: 12 * 1024 }; // each byte and each entry; entries of 64 bytes and copies of cookies
const grow = {
    "arguments": ["GET /login?", "a=b&", " HTTP/1.1\r\nHost: x\r\n\r\n", 64, 414, "extra"],
    "a long address": ["GET /login?a=", "b", " HTTP/1.1\r\nHost: x\r\n\r\n", 1, 414],
    "a long path": ["GET /", "b", " HTTP/1.1\r\nHost: x\r\n\r\n", 1, 414],
    "cookies": ["GET /login HTTP/1.1\r\nHost: x\r\nCookie: ", "a=b; ", "\r\n\r\n", 69, 431, "extra"],
    "a long cookie": ["GET /login HTTP/1.1\r\nHost: x\r\nCookie: a=", "b", "\r\n\r\n", 2, 431],
    "fields": ["GET /login HTTP/1.1\r\nHost: x\r\n", "x: y\r\n", "\r\n", 64, 431, "extra"],
    "a long field": ["GET /login HTTP/1.1\r\nHost: x\r\nX: ", "y", "\r\n\r\n", 1, 431],
    "fields before a body": ["POST /login HTTP/1.1\r\nHost: x\r\nContent-Type: application/x-www-form-urlencoded\r\nContent-Length: 9000\r\n", "x: y\r\n", `\r\n${"a".repeat(9000)}`, 64, 431, "extra"],
    "a long field before chunks": ["POST /verify HTTP/1.1\r\nHost: x\r\nContent-Type: multipart/form-data; boundary=b\r\nTransfer-Encoding: chunked\r\nX: ", "y", `\r\n\r\n${`1000\r\n${"a".repeat(4096)}\r\n`.repeat(8)}0\r\n\r\n`, 1, 431],
};
const single = (text) => {
    const { status } = parseAnswer(text), names = text.slice(0, text.indexOf("\r\n\r\n")).split("\r\n").slice(1).map((line) => line.split(":")[0].toLowerCase());
    for (const name of ["date", "connection", "content-length", "content-type"]) assert.ok(names.filter((one) => one === name).length <= 1, text.slice(0, 400));
    assert.match(text, /\r\nContent-Length: [1-9]/);
    return status;
};

for (const [what, [before, part, rest, price, refused, limit = "all"]] of Object.entries(grow))
    test(`${what}: answered up to the limit, refused beyond it`, async () => {
        const counts = [300, 2000, 5000, 8000, limits[limit] - 1000, limits[limit] - 400].map((cost) => Math.floor(cost / price));
        for (const n of counts) {
            const { text } = await server.raw(before + part.repeat(n) + rest, { timeout_ms: 400 });
            assert.match(text, /^HTTP\/1\.1 \d{3} .*\r\n/, `no answer to ${n}`);
            assert.ok([200, 400, 403, 404, 413].includes(single(text)), `${n}: ${text.slice(0, 80)}`);
            assert.match(text, /X-Request-Id/i, "not an answer of ours");
        }
        for (const cost of [limits[limit] + 400, 25_000, 60_000, 300_000]) {
            const begin = performance.now(), { text, closed } = await server.raw(before + part.repeat(Math.ceil(cost / price)) + rest, { timeout_ms: 3000 });
            assert.equal(single(text), refused, text.slice(0, 80));
            assert.ok(closed && performance.now() - begin < 2000, "it was left waiting");
            assert.equal(text.match(/HTTP\/1\.1/g).length, 1);
        }
        const line = await server.log({ event: "request", status: refused });
        assert.match(line.error, refused === 414 ? /address/ : /fields/);
    });

test("answers to what the library would refuse are ours, whole and single", async () => {
    for (const [bytes, expected] of [
        ["GET /healthz HTTP/1.1\r\n\r\n", 400],
        ["GET /healthz HTTP/1.1\r\nHost: x\r\nHost: x\r\n\r\n", 400],
        ["GET /healthz HTTP/2.0\r\nHost: x\r\n\r\n", 505],
        ["GET /healthz HTTP/0.9\r\n\r\n", 505],
        ["PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 505],
    ]) {
        const { text, closed } = await server.raw(bytes);
        assert.equal(single(text), expected, bytes);
        assert.doesNotMatch(text, /<html>/);
        assert.ok(closed);
        await server.log({ event: "request", status: expected });
    }
});

test("HTTP/1.0 without a host, and an address in full, are served (RFC 9112, section 3.2.2)", async () => {
    const old = await server.raw("GET /login HTTP/1.0\r\n\r\n");
    assert.equal(parseAnswer(old.text).status, 200);
    for (const [target, path] of [[`http://a.example/healthz`, 200], ["HTTPS://a.example:8080/healthz?x=1", 200], ["http://a.example", 200], ["http://a.example/nowhere", 404], ["http://user@a.example/healthz", 400], ["http:///healthz", 400], ["ftp://a.example/healthz", 400], ["http:/healthz", 400]])
        assert.equal(parseAnswer((await server.raw(`GET ${target} HTTP/1.1\r\nHost: b.example\r\nConnection: close\r\n\r\n`)).text).status, path, target);
});
