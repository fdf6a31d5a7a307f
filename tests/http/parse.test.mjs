// Requests that no browser sends: broken addresses, headers without end, methods that nobody knows, several requests
// at once. Each gets a clear error, and the server is well afterwards.
import assert from "node:assert/strict";
import { after, afterEach, test } from "node:test";
import { parseAnswer, startServer } from "../lib/server.mjs";

const server = await startServer();
after(() => server.stop());
afterEach(() => server.assertWell());

const get = (path, { method = "GET", headers = "" } = {}) => `${method} ${path} HTTP/1.1\r\nHost: ${server.host}:${server.port}\r\n${headers}Connection: close\r\n\r\n`;
const ask = async (path, options) => parseAnswer((await server.raw(get(path, options))).text);

test("broken escapes in an address are a 400 with a sentence", async () => {
    for (const path of ["/%", "/%2", "/%zz", "/me/%", "/static/%00.css", "/%00", "/%C3%28", "/%C0%AF", "/%ED%A0%80", "/%F5%80%80%80", "/modules/%FF"]) {
        const answer = await ask(path);
        assert.equal(answer?.status, 400, path);
        assert.match(answer.body, /address is broken/, path);
    }
});

test("raw bytes that are no UTF-8, and control characters, are refused or taken for what they are", async () => {
    for (const path of ["/\xff", "/a\xc3", "/\x01", "/modules/\x01", "/me\x02", "/me?next=\x03", "/modules/a\x7fb", "/runs/\x1b[31m"]) {
        const { text } = await server.raw(Buffer.from(get(path), "latin1"));
        const answer = parseAnswer(text);
        assert.ok(answer === null || [303, 400, 404].includes(answer.status), `${JSON.stringify(path)} gave ${answer?.status}`);
        assert.doesNotMatch(answer?.headers.get("location") ?? "", /[\x00-\x1f\x7f]/, path);
    }
});

test("an address that asks to sign in comes back whole, and only as one of ours", async () => {
    const answer = await ask("/me/%2F%0D%0ASet-Cookie:x=1/a%20b");
    assert.equal(answer.status, 404);
    for (const path of ["/me", "/admin/people", "/guide"]) {
        const there = await ask(path);
        assert.equal(there.status, 303, path);
        assert.equal(there.headers.get("location"), `/login?next=${path}`);
    }
});

test("a slash in escapes stays inside its segment", async () => {
    assert.equal((await ask("/static%2Fapp.css")).status, 404);
    assert.equal((await ask("/static/..%2F..%2FMakefile")).status, 404);
    assert.equal((await ask("/static/../../Makefile")).status, 404);
    assert.equal((await ask("//etc/passwd")).status, 404);
    assert.equal((await ask("/static/%2e%2e/%2e%2e/Makefile")).status, 404);
});

test("a query given twice, or with a hundred thousand names, is refused", async () => {
    const twice = await ask("/login?next=a&next=b");
    assert.equal(twice.status, 400);
    assert.match(twice.body, /twice/);
    assert.equal((await ask("/login?next=%")).status, 400);
    assert.equal((await ask("/login?next=%00")).status, 400);
    assert.equal((await ask(`/login?${Array.from({ length: 101 }, (_, i) => `a${i}=1`).join("&")}`)).status, 400);
    const huge = await server.raw(get(`/login?${Array.from({ length: 100_000 }, (_, i) => `a${i}=1`).join("&")}`));
    assert.ok([400, 413, 414, 431].includes(parseAnswer(huge.text)?.status) || huge.closed, huge.text.slice(0, 200));
});

test("headers larger than the limit are refused, 10 MB lines too", async () => {
    for (const size of [32 * 1024, 10 * 1024 * 1024]) {
        for (const bytes of [get("/login", { headers: `X-Long: ${"a".repeat(size)}\r\n` }), get(`/${"a".repeat(size)}`), "A".repeat(size)]) {
            const { text, closed } = await server.raw(bytes);
            const answer = parseAnswer(text);
            assert.ok(closed, "the connection stayed open");
            if (answer) assert.ok([400, 404, 413, 414, 431].includes(answer.status), String(answer.status));
        }
    }
    const many = await server.raw(get("/login", { headers: Array.from({ length: 5000 }, (_, i) => `X-${i}: 1\r\n`).join("") }));
    assert.ok(many.closed);
});

test("what is no HTTP is refused", async () => {
    for (const bytes of ["\r\n\r\n", "GET\r\n\r\n", "GET / HTTP/9.9\r\n\r\n", "\x16\x03\x01\x02\x00\x01\x00", "GET / HTTP/1.1\r\nHost\r\n\r\n", "GET / HTTP/1.1\nHost: x\n\n", `${"\0".repeat(5000)}\r\n\r\n`, "GET / HTTP/1.1\r\n Host: folded\r\n\r\n"]) {
        const { text, closed } = await server.raw(Buffer.from(bytes, "latin1"), { timeout_ms: 1500, end: true });
        const answer = parseAnswer(text);
        assert.ok(closed || answer === null || answer.status < 600);
        if (answer) assert.ok(answer.status < 500 || answer.status === 505, `${JSON.stringify(bytes.slice(0, 20))} gave ${answer.status}`);
    }
});

test("a request without a host, with two, or with a strange one is refused", async () => {
    for (const headers of ["", "Host: \r\n", "Host: a b\r\n", "Host: evil.example/path\r\n", "Host: <script>\r\n", "Host: a\x01\r\n", `Host: ${"a".repeat(300)}\r\n`, "Host: user@evil.example\r\n"]) {
        const { text } = await server.raw(`GET /login HTTP/1.1\r\n${headers}Connection: close\r\n\r\n`);
        assert.equal(parseAnswer(text)?.status, 400, JSON.stringify(headers));
    }
    const { text } = await server.raw("GET /login HTTP/1.1\r\nHost: a.example\r\nHost: b.example\r\nConnection: close\r\n\r\n");
    assert.equal(parseAnswer(text)?.status, 400);
});

test("HEAD has the headers of GET and no body", async () => {
    for (const path of ["/login", "/healthz", "/nowhere"]) {
        const whole = await ask(path);
        const { text } = await server.raw(get(path, { method: "HEAD" }));
        const head = parseAnswer(text);
        assert.equal(head.status, whole.status, path);
        assert.equal(head.body, "", path);
        assert.ok(Math.abs(Number(head.headers.get("content-length")) - Number(whole.headers.get("content-length"))) < 64, path);
        assert.equal(head.headers.get("content-type"), whole.headers.get("content-type"), path);
    }
});

test("the wrong method is a 405 that names the right ones", async () => {
    for (const [method, path, allow] of [["DELETE", "/login", "GET, HEAD, POST"], ["PUT", "/healthz", "GET, HEAD"], ["GET", "/logout", "POST"], ["BREW", "/login", "GET, HEAD, POST"], ["OPTIONS", "/login", "GET, HEAD, POST"], ["TRACE", "/login", "GET, HEAD, POST"], ["CONNECT", "/login", "GET, HEAD, POST"], ["get", "/login", "GET, HEAD, POST"]]) {
        const answer = await ask(path, { method });
        assert.equal(answer?.status, 405, `${method} ${path}`);
        assert.equal(answer.headers.get("allow"), allow, `${method} ${path}`);
    }
    for (const method of ["DELETE", "POST", "BREW"]) assert.equal((await ask("/nowhere", { method })).status, 404, method);
});

test("requests in one packet are answered one after the other", async () => {
    const one = (path, connection = "keep-alive") => `GET ${path} HTTP/1.1\r\nHost: x\r\nConnection: ${connection}\r\n\r\n`;
    const { text, closed } = await server.raw(one("/healthz") + one("/nowhere") + one("/login") + one("/healthz", "close"));
    assert.ok(closed);
    const statuses = [...text.matchAll(/^HTTP\/1\.1 (\d{3})/gm)].map((m) => Number(m[1]));
    assert.deepEqual(statuses, [200, 404, 200, 200]);
});

test("a body that is not read does not become the next request", async () => {
    const smuggled = "GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n";
    const { text } = await server.raw(`POST /nowhere HTTP/1.1\r\nHost: x\r\nContent-Length: ${smuggled.length}\r\n\r\n${smuggled}GET /login HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n`);
    const statuses = [...text.matchAll(/^HTTP\/1\.1 (\d{3})/gm)].map((m) => Number(m[1]));
    assert.deepEqual(statuses, [404, 200]);
});

test("two lengths, or a length beside chunks, are refused and the connection is closed", async () => {
    const next = "GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n";
    for (const headers of ["Content-Length: 5\r\nContent-Length: 7\r\n", "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n", "Transfer-Encoding: chunked\r\nContent-Length: 0\r\n", "Transfer-Encoding: identity, chunked\r\n", "Transfer-Encoding: gzip\r\n"]) {
        const { text, closed } = await server.raw(`POST /nowhere HTTP/1.1\r\nHost: x\r\n${headers}\r\n0\r\n\r\n${next}`, { timeout_ms: 3000 });
        const statuses = [...text.matchAll(/^HTTP\/1\.1 (\d{3})/gm)].map((m) => Number(m[1]));
        assert.ok(closed, `${JSON.stringify(headers)} left the connection open: ${statuses}`);
        assert.ok(statuses.length <= 1 && (statuses[0] ?? 400) === 400, `${JSON.stringify(headers)} gave ${statuses}`);
    }
});
