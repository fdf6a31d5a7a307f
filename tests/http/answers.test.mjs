// Answers: metrics that Prometheus can read, health, compression, caching.
import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, test } from "node:test";
import { gunzipSync } from "node:zlib";
import { command, parseAnswer, scratch, startServer } from "../lib/server.mjs";

const server = await startServer();
after(() => server.stop());

/** Reads the Prometheus text format, version 0.0.4, strictly: name → {type, help, samples: [{name, labels, value}]}. */
function parseMetrics(text) {
    const families = new Map();
    assert.ok(text.endsWith("\n"), "the last line has no end");
    for (const line of text.trimEnd().split("\n")) {
        const note = /^# (HELP|TYPE) ([a-zA-Z_:][a-zA-Z0-9_:]*) (.+)$/.exec(line);
        if (note) {
            const family = families.get(note[2]) ?? { samples: [] };
            families.set(note[2], family);
            const key = note[1].toLowerCase();
            assert.equal(family[key], undefined, `${line} comes twice`);
            assert.equal(family.samples.length, 0, `${line} comes after its samples`);
            if (key === "type") assert.match(note[3], /^(counter|gauge|histogram|summary|untyped)$/);
            family[key] = note[3];
            continue;
        }
        const sample = /^([a-zA-Z_:][a-zA-Z0-9_:]*)(?:\{((?:[a-zA-Z_][a-zA-Z0-9_]*="(?:[^"\\\n]|\\[\\"n])*",?)*)\})? (-?(?:\d+(?:\.\d+)?(?:e[+-]?\d+)?|Inf)|NaN|\+Inf)$/.exec(line);
        assert.ok(sample, `no sample: ${line}`);
        const base = families.has(sample[1]) ? sample[1] : sample[1].replace(/_(bucket|sum|count)$/, "");
        const family = families.get(base);
        assert.ok(family?.type && family.help, `${line} has no TYPE or HELP before it`);
        const labels = Object.fromEntries([...(sample[2] ?? "").matchAll(/([a-zA-Z_]\w*)="([^"]*)"/g)].map((m) => [m[1], m[2]]));
        assert.ok(!family.samples.some((other) => other.name === sample[1] && JSON.stringify(other.labels) === JSON.stringify(labels)), `${line} comes twice`);
        family.samples.push({ name: sample[1], labels, value: sample[3] === "+Inf" ? Infinity : Number(sample[3]) });
    }
    return families;
}

async function metrics() {
    const answer = await fetch(`${server.origin}/metrics`);
    assert.equal(answer.status, 200);
    assert.match(answer.headers.get("content-type"), /^text\/plain; version=0\.0\.4/);
    return parseMetrics(await answer.text());
}

// RULE metrics-readers.
test("metrics are for this machine, not for whom a proxy lets in", async (t) => {
    const status = async (to, headers) => (await fetch(`${to.origin}/metrics`, { headers })).status;
    assert.equal(await status(server, {}), 200);
    for (const headers of [{ "x-forwarded-for": "192.0.2.1" }, { "x-forwarded-for": "127.0.0.1" }, { "x-forwarded-for": "" }, { forwarded: "for=192.0.2.1" }, { "x-forwarded-proto": "https" }, { "x-real-ip": "127.0.0.1" }, { via: "1.1 proxy" }]) assert.equal(await status(server, headers), 403, JSON.stringify(headers));
    const proxied = await startServer({ args: ["--trust-proxy", "127.0.0.1"], t });
    assert.equal(await status(proxied, {}), 200);
    assert.equal(await status(proxied, { "x-forwarded-for": "127.0.0.1" }), 403);
    assert.equal(await status(proxied, { "x-forwarded-for": "127.0.0.1, 192.0.2.1" }), 403);
    assert.equal(await status(proxied, { forwarded: "for=127.0.0.1" }), 403);
});

// RULE metrics-readers.
test("an operator lets others read the metrics, by address or by token", async (t) => {
    const status = async (to, headers) => (await fetch(`${to.origin}/metrics`, { headers })).status;
    const token = "0123456789abcdef", file = join(scratch(), "token");
    writeFileSync(file, `${token}\n`);
    const args = ["--trust-proxy", "127.0.0.1", "--metrics", "192.0.2.7", "--metrics", file];
    const proxied = await startServer({ args, t });
    assert.equal(await status(proxied, { "x-forwarded-for": "192.0.2.7" }), 200);
    assert.equal(await status(proxied, { "x-forwarded-for": "192.0.2.8" }), 403);
    assert.equal(await status(proxied, { "x-forwarded-for": "192.0.2.7, 192.0.2.8" }), 403);
    assert.equal(await status(proxied, { forwarded: "for=192.0.2.7" }), 403);
    assert.equal(await status(proxied, { "x-forwarded-for": "192.0.2.8", authorization: `Bearer ${token}` }), 200);
    for (const wrong of [`Bearer ${token.slice(1)}`, `Bearer ${token}0`, `Bearer ${token.slice(1)}0`, "Bearer ", `Basic ${token}`, token]) assert.equal(await status(proxied, { "x-forwarded-for": "192.0.2.8", authorization: wrong }), 403, wrong);
    // An address is a client's: through a proxy that nobody declared it is only a claim. A token is not.
    const undeclared = await startServer({ args: args.slice(2), t });
    assert.equal(await status(undeclared, { "x-forwarded-for": "192.0.2.7" }), 403);
    assert.equal(await status(undeclared, { "x-forwarded-for": "192.0.2.7", authorization: `Bearer ${token}` }), 200);
    // Without the option no token is right.
    assert.equal(await status(server, { via: "1.1 proxy", authorization: "Bearer " }), 403);
    writeFileSync(file, `${token.slice(1)}\n`);
    for (const reader of [file, join(scratch(), "none"), "192.0.2.256"]) {
        const refused = command(["serve", "--port", "0", "--data", scratch(), "--metrics", reader]);
        assert.equal(refused.code, 2);
        assert.match(refused.err, /is neither an address nor a file whose first line is a token of 16 to 256/);
    }
});

test("metrics are in the Prometheus text format and count", async () => {
    const before = await metrics();
    for (const [name, family] of before) {
        if (family.type === "counter") assert.match(name, /_total$/, `${name} is a counter`);
        if (family.type !== "histogram") continue;
        const buckets = family.samples.filter((sample) => sample.name.endsWith("_bucket"));
        for (let i = 1; i < buckets.length; i++) {
            assert.ok(Number(buckets[i].labels.le.replace("+Inf", "Infinity")) > Number(buckets[i - 1].labels.le), `${name} buckets rise`);
            assert.ok(buckets[i].value >= buckets[i - 1].value, `${name} buckets are cumulative`);
        }
        assert.equal(buckets.at(-1).labels.le, "+Inf");
        assert.equal(buckets.at(-1).value, family.samples.find((sample) => sample.name.endsWith("_count")).value);
    }
    await fetch(`${server.origin}/nowhere`);
    const after404 = await metrics();
    const count = (families, label) => families.get("gradus_http_responses_total").samples.find((sample) => sample.labels.class === label).value;
    assert.equal(count(after404, "4xx"), count(before, "4xx") + 1);
    assert.equal(count(after404, "2xx"), count(before, "2xx") + 1);
    for (const name of ["gradus_http_connections", "gradus_store_queue_length", "gradus_store_queue_capacity", "gradus_store_healthy", "process_resident_memory_bytes"]) assert.ok(after404.has(name), name);
    assert.equal(after404.get("gradus_store_healthy").samples[0].value, 1);
});

test("health is JSON and never cached", async () => {
    const answer = await fetch(`${server.origin}/healthz`);
    const { status, database, records, checked_at: at, ...rest } = await answer.json();
    assert.deepEqual([status, rest], ["ok", { labs: "ok" }]); // tests/requests/lab_outage
    for (const check of [database, records]) assert.ok(["checking", "ok"].includes(check), check); // tests/requests/keeping
    assert.equal(at === null, database === "checking");
    assert.equal(answer.headers.get("cache-control"), "no-store");
});

const get = async (path, headers = "") => parseAnswer((await server.raw(`GET ${path} HTTP/1.1\r\nHost: x\r\n${headers}Connection: close\r\n\r\n`, { timeout_ms: 5000 })).text);

test("pages are compressed for whoever understands it, and for nobody else", async () => {
    const plain = await get("/login");
    assert.equal(plain.headers.get("content-encoding"), undefined);
    assert.match(plain.headers.get("vary"), /accept-encoding/i);
    for (const accept of ["gzip", "br, gzip", "deflate, gzip;q=1.0", "gzip, *;q=0"]) {
        const packed = await get("/login", `Accept-Encoding: ${accept}\r\n`);
        assert.equal(packed.headers.get("content-encoding"), "gzip", accept);
        assert.match(packed.headers.get("vary"), /accept-encoding/i);
        const text = gunzipSync(Buffer.from(packed.body, "latin1")).toString();
        assert.equal(Number(packed.headers.get("content-length")), packed.body.length);
        assert.match(text, /<form method="post" action="\/login"/);
    }
    for (const accept of ["identity", "br", "gzip;q=0", "gzip;q=0, br"]) assert.equal((await get("/login", `Accept-Encoding: ${accept}\r\n`)).headers.get("content-encoding"), undefined, accept);
});

test("a file has an ETag; who has it already gets 304 and no body", async () => {
    const page = Buffer.from((await get("/login")).body, "latin1").toString();
    const files = [...page.matchAll(/(?:href|src)="(\/static\/[^"]+)"/g)].map((m) => m[1]);
    assert.ok(files.length >= 2, "the sign-in page has no files");
    for (const file of files) {
        const whole = await get(file);
        assert.equal(whole.status, 200, file);
        const etag = whole.headers.get("etag");
        assert.match(etag, /^"[^"]+"$/, file);
        assert.match(whole.headers.get("cache-control"), /immutable/, file);
        for (const match of [etag, `W/${etag}`, `"other", ${etag}`, "*"]) {
            const same = await get(file, `If-None-Match: ${match}\r\n`);
            assert.equal(same.status, 304, `${file} ${match}`);
            assert.equal(same.body, "");
            assert.equal(same.headers.get("etag"), etag);
        }
        assert.equal((await get(file, 'If-None-Match: "other"\r\n')).status, 200);
        const packed = await get(file, "Accept-Encoding: gzip\r\n");
        if (packed.headers.get("content-encoding") === "gzip") assert.equal(gunzipSync(Buffer.from(packed.body, "latin1")).toString("latin1"), whole.body, file);
    }
    for (const path of ["/static/", "/static/none.css", "/static/../server.mjs", "/static/fonts/"]) assert.equal((await get(path)).status, 404, path);
});
