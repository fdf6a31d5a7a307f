// Who may send what from where: CSRF tokens, other sites, forged hosts and proxies, headers of every kind of answer.
import assert from "node:assert/strict";
import { after, afterEach, test } from "node:test";
import { makeAcademy, parseAnswer, password, startServer, setCookies } from "../lib/server.mjs";

const data = makeAcademy();
const server = await startServer({ data });
after(() => server.stop());
afterEach(() => server.assertWell());

// ---- CSRF ----------------------------------------------------------------------------------------

test("a form without its token changes nothing", async () => {
    const client = await server.signedIn("learner");
    for (const csrf of [undefined, "", "x", "A".repeat(86), "%00", "é"]) {
        const answer = await client.fetch("/logout", { method: "POST", body: new URLSearchParams(csrf === undefined ? {} : { csrf }) });
        assert.ok([400, 403].includes(answer.status), `${csrf} gave ${answer.status}`);
    }
    assert.equal((await client.fetch("/me")).status, 200);
    const header = await client.fetch("/logout", { method: "POST", headers: { "x-csrf-token": "A".repeat(86) } });
    assert.equal(header.status, 403);
});

test("a token of another session, or of before signing in, is refused", async () => {
    const one = await server.signedIn("learner");
    const other = await server.signedIn("assessor");
    const guest = server.client();
    for (const csrf of [await other.csrf("/me"), await guest.csrf("/login")]) {
        const answer = await one.fetch("/logout", { method: "POST", body: new URLSearchParams({ csrf }) });
        assert.equal(answer.status, 403);
    }
    // The token of a session does not sign another person in either.
    const stolen = await guest.fetch("/login", { method: "POST", body: new URLSearchParams({ csrf: await one.csrf("/me"), login: "learner", password }) });
    assert.equal(stolen.status, 403);
});

test("the token of an earlier session of the same person is refused", async () => {
    const client = await server.signedIn("learner");
    const old = await client.csrf("/me");
    await client.post("/logout");
    await client.login("learner");
    assert.equal((await client.fetch("/logout", { method: "POST", body: new URLSearchParams({ csrf: old }) })).status, 403);
});

test("each page masks its token anew, and every mask is good", async () => {
    const client = await server.signedIn("learner");
    const tokens = new Set([await client.csrf("/me"), await client.csrf("/me"), await client.csrf("/me")]);
    assert.equal(tokens.size, 3);
    const [first] = tokens;
    assert.equal((await client.fetch("/logout", { method: "POST", body: new URLSearchParams({ csrf: first }) })).status, 303);
});

test("a form that another site sends is refused even with its token", async () => {
    const client = await server.signedIn("learner");
    const csrf = await client.csrf("/me");
    for (const site of ["cross-site", "same-site", "nonsense"]) {
        const answer = await client.fetch("/logout", { method: "POST", body: new URLSearchParams({ csrf }), headers: { "sec-fetch-site": site } });
        assert.equal(answer.status, 403, site);
    }
    const own = await client.fetch("/logout", { method: "POST", body: new URLSearchParams({ csrf }), headers: { "sec-fetch-site": "same-origin" } });
    assert.equal(own.status, 303);
});

test("signing in needs the token of the guest's cookie", async () => {
    const client = server.client();
    const csrf = await client.csrf("/login");
    const without = await server.client().fetch("/login", { method: "POST", body: new URLSearchParams({ csrf, login: "learner", password }) });
    assert.equal(without.status, 403);
    const withIt = await client.fetch("/login", { method: "POST", body: new URLSearchParams({ csrf, login: "learner", password }) });
    assert.equal(withIt.status, 303);
});

// ---- Sessions --------------------------------------------------------------------------------------

test("cookies are HttpOnly and SameSite, a session that was ended is over everywhere", async () => {
    const client = server.client();
    const answer = await client.login("learner");
    for (const cookie of setCookies(answer.headers)) {
        assert.match(cookie, /; HttpOnly/i);
        assert.match(cookie, /; SameSite=Lax/i);
        assert.match(cookie, /; Path=\/(;|$)/i);
        assert.doesNotMatch(cookie, /; Secure/i); // this server speaks http
    }
    const copy = server.client();
    copy.cookies = new Map(client.cookies);
    assert.equal((await copy.fetch("/me")).status, 200);
    await client.post("/logout");
    assert.equal((await copy.fetch("/me")).status, 303);
});

test("a made-up session cookie is nobody's", async () => {
    const client = await server.signedIn("learner");
    const [name] = [...client.cookies.keys()].filter((key) => !key.includes("guest"));
    const good = client.cookies.get(name);
    for (const value of ["", "x", "A".repeat(43), good.slice(0, -1), `${good}A`, good.toUpperCase(), "%00", "' OR 1=1 --", "a".repeat(5000)]) {
        const forged = server.client();
        forged.cookies.set(name, value);
        assert.equal((await forged.fetch("/me")).status, 303, value.slice(0, 50));
    }
});

test("after signing in nobody is sent to another site", async () => {
    for (const next of ["https://evil.example/", "//evil.example", "/\\evil.example", "\\evil", "javascript:alert(1)", "/me\r\nSet-Cookie: x=1", "/\t/evil.example", "me", ""]) {
        const client = server.client();
        const answer = await client.post("/login", { login: "learner", password, next }, { from: "/login" });
        assert.equal(answer.status, 303, next);
        assert.equal(answer.headers.get("location"), "/", JSON.stringify(next));
        assert.equal(setCookies(answer.headers).filter((cookie) => cookie.startsWith("x=")).length, 0);
    }
    const client = server.client();
    const answer = await client.post("/login", { login: "learner", password, next: "/me?a=%2F" }, { from: "/login" });
    assert.equal(answer.headers.get("location"), "/me?a=%2F");
});

// ---- Hosts and proxies -----------------------------------------------------------------------------

const get = (path, headers) => `GET ${path} HTTP/1.1\r\n${headers}Connection: close\r\n\r\n`;

test("a forged host appears in no link, a configured origin wins", async (t) => {
    const configured = await startServer({ args: ["--origin", "https://academy.example"], t });
    for (const headers of ["Host: evil.example\r\n", "Host: evil.example\r\nX-Forwarded-Host: worse.example\r\n", "X-Forwarded-Host: worse.example\r\nHost: x\r\n"]) {
        const answer = parseAnswer((await configured.raw(get("/login", headers))).text);
        assert.equal(answer.status, 200);
        assert.doesNotMatch(answer.body, /evil\.example|worse\.example/);
        assert.equal(answer.headers.get("strict-transport-security"), "max-age=31536000");
        assert.match(answer.headers.get("set-cookie"), /; Secure/);
    }
});

test("nobody's X-Forwarded headers are believed unless it is the trusted proxy's", async () => {
    const answer = parseAnswer((await server.raw(get("/login", "Host: x\r\nX-Forwarded-For: 203.0.113.9\r\nX-Forwarded-Proto: https\r\nX-Forwarded-Host: evil.example\r\n"))).text);
    assert.equal(answer.status, 200);
    assert.equal(answer.headers.get("strict-transport-security"), undefined);
    assert.doesNotMatch(answer.headers.get("set-cookie") ?? "", /Secure/);
    assert.doesNotMatch(answer.body, /evil\.example/);
    const line = await server.log({ event: "request", id: answer.headers.get("x-request-id") });
    assert.equal(line.client, "127.0.0.1");
});

test("the trusted proxy is right about scheme, host and client", async (t) => {
    const behind = await startServer({ args: ["--trust-proxy", "127.0.0.1"], t });
    const ask = async (headers) => {
        const answer = parseAnswer((await behind.raw(get("/login", `Host: internal\r\n${headers}`))).text);
        return { answer, line: await behind.log({ event: "request", id: answer.headers.get("x-request-id") }) };
    };
    const { answer, line } = await ask("X-Forwarded-For: 198.51.100.1, 203.0.113.9\r\nX-Forwarded-Proto: https\r\nX-Forwarded-Host: academy.example\r\n");
    assert.equal(line.client, "203.0.113.9"); // what the proxy itself saw, not what the client claims
    assert.match(answer.headers.get("set-cookie"), /; Secure/);
    assert.equal(answer.headers.get("strict-transport-security"), "max-age=31536000");
    for (const forwarded of ["nonsense", "1.2.3.4.5", "", "<script>", "203.0.113.9, "]) assert.equal((await ask(`X-Forwarded-For: ${forwarded}\r\n`)).line.client, "127.0.0.1", forwarded);
    assert.equal((await ask("X-Forwarded-For: 2001:db8::7\r\n")).line.client, "2001:db8::7");
    // A proxy may add a line of its own behind what the client wrote: the last one is the proxy's.
    const twice = await ask("X-Forwarded-For: 127.0.0.1\r\nX-Forwarded-Proto: https\r\nX-Forwarded-For: 203.0.113.9\r\nX-Forwarded-Proto: http\r\n");
    assert.equal(twice.line.client, "203.0.113.9");
    assert.equal(twice.answer.headers.get("strict-transport-security"), undefined);
    const strange = parseAnswer((await behind.raw(get("/login", "Host: internal\r\nX-Forwarded-Host: evil.example/<x>\r\n"))).text);
    assert.equal(strange.status, 400);
});

// ---- Every answer ----------------------------------------------------------------------------------

test("every kind of answer carries the security headers and a request id", async () => {
    const signed = await server.signedIn("learner");
    const asset = /href="(\/static\/[^"]+)"/.exec(await signed.page("/me"))[1];
    const kinds = [
        ["page", await signed.fetch("/me")],
        ["guest page", await server.client().fetch("/login")],
        ["redirect", await server.client().fetch("/me")],
        ["not found", await signed.fetch("/nowhere")],
        ["denied", await signed.fetch("/admin/people")],
        ["method", await signed.fetch("/me", { method: "DELETE" })],
        ["broken", await signed.fetch("/%00")],
        ["type", await signed.fetch("/logout", { method: "POST", body: "x", headers: { "content-type": "text/plain" } })],
        ["static", await signed.fetch(asset)],
        ["static 304", await signed.fetch(asset, { headers: { "if-none-match": (await signed.fetch(asset)).headers.get("etag") } })],
        ["health", await signed.fetch("/healthz")],
        ["metrics", await signed.fetch("/metrics")],
        ["json error", await signed.fetch("/nowhere", { headers: { accept: "application/json" } })],
    ];
    for (const [kind, answer] of kinds) {
        const csp = answer.headers.get("content-security-policy");
        assert.match(csp, /default-src 'none'/, kind);
        assert.match(csp, /frame-ancestors 'none'/, kind);
        assert.match(csp, /base-uri 'none'/, kind);
        assert.doesNotMatch(csp, /unsafe-|\*/, kind);
        assert.equal(answer.headers.get("x-content-type-options"), "nosniff", kind);
        assert.equal(answer.headers.get("referrer-policy"), "same-origin", kind);
        assert.equal(answer.headers.get("cross-origin-opener-policy"), "same-origin", kind);
        assert.equal(answer.headers.get("cross-origin-resource-policy"), "same-origin", kind);
        assert.ok(answer.headers.get("cache-control"), kind);
        assert.equal(answer.headers.get("access-control-allow-origin"), null, kind);
        assert.match(answer.headers.get("x-request-id"), /^[0-9a-f]{16}$/, kind);
    }
    for (const [kind, answer] of kinds.filter(([kind]) => ["page", "denied"].includes(kind))) assert.match(answer.headers.get("cache-control"), /private/, kind);
    // Only pages carry no secrets of others: what belongs to one person is never shared by a cache.
    assert.equal(kinds.find(([kind]) => kind === "static 304")[1].status, 304);
    assert.match(kinds.find(([kind]) => kind === "static")[1].headers.get("cache-control"), /immutable/);
});

test("an error's page, its header and its log line share one id", async () => {
    const client = await server.signedIn("learner");
    for (const [path, status] of [["/nowhere", 404], ["/admin/people", 403], ["/%00", 400]]) {
        const answer = await client.fetch(path);
        assert.equal(answer.status, status);
        const id = answer.headers.get("x-request-id");
        assert.ok((await answer.text()).includes(id), `${path} does not show ${id}`);
        const line = await server.log({ event: "request", id });
        assert.equal(line.status, status);
        assert.equal(line.method, "GET");
        assert.ok(Number.isInteger(line.us) && line.us >= 0);
        assert.ok(line.error.length > 0);
    }
    const json = await client.fetch("/nowhere", { headers: { accept: "application/json" } });
    const value = await json.json();
    assert.deepEqual({ ...value, message: "" }, { error: "not_found", status: 404, message: "", request_id: json.headers.get("x-request-id") });
});

test("the log holds no password, token or cookie, and no line of another's making", async () => {
    const client = await server.signedIn("learner");
    await client.post("/me/password", { current: password, new: "never to be logged 1", again: "different" });
    await client.fetch("/me%0A%7B%22level%22%3A%22forged%22%7D");
    const answer = await client.fetch("/nowhere");
    await server.log({ event: "request", id: answer.headers.get("x-request-id") });
    assert.ok(server.logs.every((line) => line.raw === undefined), "a log line is no JSON");
    assert.ok(server.logs.every((line) => line.level !== "forged"));
    const all = JSON.stringify(server.logs);
    for (const secret of [password, "never to be logged", ...client.cookies.values()]) assert.ok(!all.includes(secret), `the log holds ${secret}`);
});

test("what a person types is text on the page that shows it again", async () => {
    const client = server.client();
    const login = `"><script>alert(1)</script>'`;
    const answer = await client.post("/login", { login, password: "x", next: login }, { from: "/login" });
    const text = await answer.text();
    assert.doesNotMatch(text, /<script>alert/);
    const missing = await (await client.fetch("/%3Cscript%3Ealert(1)%3C/script%3E")).text();
    assert.doesNotMatch(missing, /<script>alert/);
});
