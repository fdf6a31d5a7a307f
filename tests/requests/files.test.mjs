// Videos, sounds and files of a module over loopback: in parts, whole, as what they are, to whom they are shown, and to
// a slow reader without holding up others.
import assert from "node:assert/strict";
import { cpSync, mkdirSync, readFileSync, rmSync, symlinkSync, truncateSync, writeFileSync } from "node:fs";
import net from "node:net";
import { join } from "node:path";
import { after, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { command, makeAcademy, root, scratch, startServer } from "../lib/server.mjs";
import { until } from "../lib/until.mjs";

const academy = scratch("root");
for (const part of ["content", "exams", "labs"]) cpSync(join(root, part), join(academy, part), { recursive: true });
cpSync(join(root, "site"), join(academy, "site"), { recursive: true, filter: (path) => !path.includes("node_modules") });
const modules = join(academy, "content/mops/modules");
const files = join(modules, "files");
mkdirSync(files, { recursive: true });
const put = (name, bytes) => writeFileSync(join(files, name), bytes);

/* 1 MiB that begins as an MP4 does; each byte tells where it stands. */
const clip = Buffer.alloc(1 << 20, 0);
for (let i = 0; i < clip.length; i++) clip[i] = (i * 31 + (i >> 8)) & 255;
Buffer.from("\0\0\0\x10ftypisom\0\0\0\0", "latin1").copy(clip);
put("clip.mp4", clip);
put("clip.vtt", "WEBVTT\n\n00:00.000 --> 00:01.000\nWords\n");
put("clip.transcript.md", "What is said.\n");
put("Übersicht 2026 \"a\".csv", "a,b\n");
put("plan.xlsx", "PK\x03\x04");
put("page.html", "<script>1</script>");
put("code.js", "1");
put("liar.csv", "a\0b");
put("captions.vtt", "<html>WEBVTT</html>");
put(".hidden.csv", "a\n");
writeFileSync(join(academy, "secret.csv"), "secret\n");
symlinkSync(join(academy, "secret.csv"), join(files, "link.csv"));
put("huge.mp4", clip.subarray(0, 16));
truncateSync(join(files, "huge.mp4"), 3 * 1024 ** 3);
put("long.mp4", clip.subarray(0, 16));
truncateSync(join(files, "long.mp4"), 256 * 1024 ** 2);

const server = await startServer({ data: makeAcademy(), args: ["--root", academy, "--threads", "2"] });
after(() => server.stop());
const learner = await server.signedIn("learner");
const at = (name) => `/modules/data-basics/files/${encodeURIComponent(name)}`;
const bytesOf = async (answer) => Buffer.from(await answer.arrayBuffer());

test("a clip comes whole, with its type and no right to do anything", async () => {
    const answer = await learner.fetch(at("clip.mp4"));
    assert.equal(answer.status, 200);
    assert.equal(answer.headers.get("content-type"), "video/mp4");
    assert.equal(answer.headers.get("accept-ranges"), "bytes");
    assert.equal(answer.headers.get("x-content-type-options"), "nosniff");
    assert.equal(answer.headers.get("content-disposition"), null);
    assert.equal(answer.headers.get("content-encoding"), null);
    assert.match(answer.headers.get("content-security-policy"), /default-src 'none'.*sandbox/);
    assert.match(answer.headers.get("cache-control"), /private/);
    assert.ok((await bytesOf(answer)).equals(clip));
});

test("in parts: what was asked for, by the edges", async () => {
    const size = clip.length;
    for (const [range, from, to] of [["bytes=0-0", 0, 0], ["bytes=0-", 0, size - 1], [`bytes=${size - 1}-`, size - 1, size - 1], [`bytes=1000-70000`, 1000, 70000], ["bytes=-1", size - 1, size - 1], [`bytes=-${size + 5}`, 0, size - 1], [`bytes=5-${size + 5}`, 5, size - 1]]) {
        const answer = await learner.fetch(at("clip.mp4"), { headers: { range } });
        assert.equal(answer.status, 206, range);
        assert.equal(answer.headers.get("content-range"), `bytes ${from}-${to}/${size}`, range);
        assert.ok((await bytesOf(answer)).equals(clip.subarray(from, to + 1)), range);
    }
    for (const range of [`bytes=${size}-`, `bytes=${size}-${size}`, "bytes=-0"]) {
        const answer = await learner.fetch(at("clip.mp4"), { headers: { range } });
        assert.equal(answer.status, 416, range);
        assert.equal(answer.headers.get("content-range"), `bytes */${size}`);
        assert.ok((await bytesOf(answer)).length < 100);
    }
    for (const range of ["bytes=2-1", "bytes=a-b", "bytes=0-1,5-6", "lines=0-1"]) {
        const answer = await learner.fetch(at("clip.mp4"), { headers: { range } });
        assert.equal(answer.status, 200, range);
        assert.equal((await bytesOf(answer)).length, size, range);
    }
});

test("If-Range, If-None-Match and HEAD", async () => {
    const head = await learner.fetch(at("clip.mp4"), { method: "HEAD", headers: { range: "bytes=0-9" } });
    assert.equal(head.status, 200, "ranges are for GET");
    assert.equal(head.headers.get("content-length"), String(clip.length));
    assert.equal((await bytesOf(head)).length, 0);
    const etag = head.headers.get("etag");
    assert.match(etag, /^"[0-9a-f-]+"$/);
    const ask = (headers) => learner.fetch(at("clip.mp4"), { headers: { range: "bytes=0-9", ...headers } });
    assert.equal((await ask({ "if-range": etag })).status, 206);
    for (const other of ['"other"', `W/${etag}`, "Sun, 29 Nov 2026 00:00:00 GMT"]) assert.equal((await ask({ "if-range": other })).status, 200, other);
    assert.equal((await ask({ "if-none-match": etag })).status, 304);
    put("turns.mp4", clip.subarray(0, 100));
    const before = (await learner.fetch(at("turns.mp4"))).headers.get("etag");
    put("turns.mp4", clip.subarray(0, 101));
    assert.notEqual((await learner.fetch(at("turns.mp4"))).headers.get("etag"), before);
});

test("files to be saved are saved under their name", async () => {
    const sheet = await learner.fetch(at("plan.xlsx"));
    assert.equal(sheet.status, 200);
    assert.equal(sheet.headers.get("content-disposition"), "attachment; filename=\"plan.xlsx\"; filename*=UTF-8''plan.xlsx");
    assert.equal(sheet.headers.get("content-type"), "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet");
    const rows = await learner.fetch(at("Übersicht 2026 \"a\".csv"));
    assert.equal(rows.headers.get("content-disposition"), "attachment; filename=\"_bersicht 2026 _a_.csv\"; filename*=UTF-8''%C3%9Cbersicht%202026%20%22a%22.csv");
    assert.equal(await rows.text(), "a,b\n");
    assert.equal((await learner.fetch(at("clip.vtt"))).headers.get("content-type"), "text/vtt; charset=utf-8");
});

test("what a browser could run, what lies, what lies elsewhere and what is too large is not there", async () => {
    for (const name of ["page.html", "code.js", "liar.csv", "captions.vtt", ".hidden.csv", "link.csv", "huge.mp4", "gone.csv", "..", "."]) assert.equal((await learner.fetch(at(name))).status, 404, name);
    for (const path of ["..%2f..%2fprogramme.md", "..%2f..%2f..%2f..%2fsecret.csv", "%2e%2e%2fdata-basics.md", "files%2fplan.xlsx", "a%00.csv", "plan.xlsx%00.csv", "..%5cplan.xlsx", "plan.xlsx/", "x/plan.xlsx"]) {
        const answer = await learner.fetch(`/modules/data-basics/files/${path}`);
        assert.ok([400, 404].includes(answer.status), `${path}: ${answer.status}`);
    }
    assert.equal((await learner.fetch("/modules/none/files/plan.xlsx")).status, 404);
});

test("only who may read the module", async () => {
    for (const name of ["clip.mp4", "plan.xlsx", "clip.vtt"]) {
        const answer = await server.client().fetch(at(name), { headers: { range: "bytes=0-9" } });
        assert.equal(answer.status, 303, name);
        assert.match(answer.headers.get("location"), /^\/login/);
        const posted = await learner.fetch(at(name), { method: "POST" });
        assert.ok([403, 405].includes(posted.status), String(posted.status));
    }
});

test("readers who stop reading hold neither threads nor memory", async () => {
    const memory = () => Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${server.pid}/status`, "utf8"))[1]);
    const before = memory();
    const sockets = [];
    for (let i = 0; i < 24; i++) {
        const socket = net.connect(server.port, server.host);
        socket.on("error", () => {});
        socket.write(`GET ${at("long.mp4")} HTTP/1.1\r\nHost: ${server.host}\r\nCookie: ${learner.cookie}\r\n\r\n`);
        await new Promise((go) => socket.once("readable", go));
        socket.pause();
        sockets.push(socket);
    }
    for (let i = 0; i < 10; i++) {
        const began = performance.now();
        assert.equal((await fetch(`${server.origin}/healthz`)).status, 200);
        assert.match(await learner.page("/modules/data-basics"), /<h1>/);
        assert.ok(performance.now() - began < 2000, `${performance.now() - began} ms`);
        await sleep(20);
    }
    assert.ok(memory() - before < 40_000, `${memory() - before} KiB for 24 readers of 256 MiB`);
    for (const socket of sockets) socket.destroy();
    await server.assertWell();
});

// RULE files-share.
test("at most one file for four places is on its way; then one is asked to come again", async (t) => {
    const few = await startServer({ args: ["--root", academy, "--threads", "2", "--connections", "100"], t });
    const reader = await few.signedIn("learner");
    const sockets = [];
    const ask = () => new Promise((go) => {
        const socket = net.connect(few.port, few.host);
        socket.on("error", () => {});
        socket.write(`GET ${at("long.mp4")} HTTP/1.1\r\nHost: ${few.host}\r\nCookie: ${reader.cookie}\r\n\r\n`);
        socket.once("readable", () => go(Number(String(socket.read(12)).slice(9))));
        sockets.push(socket);
    });
    for (let i = 0; i < 25; i++) assert.equal(await ask(), 200, `${i + 1}`);
    assert.equal(await ask(), 503);
    for (const socket of sockets) socket.destroy();
    await until("a place is free", async () => (await ask()) === 200);
    assert.equal((await reader.fetch(at("clip.mp4"))).status, 200, "they count no longer when their readers have gone");
    for (const socket of sockets) socket.destroy();
});

test("the page shows what lies beside it, and notices when it changes", async () => {
    const file = join(modules, "data-basics.md");
    const original = readFileSync(file, "utf8");
    writeFileSync(file, `${original}\n## Clip\n\n![How it goes](files/clip.mp4)\n\n[Plan](files/plan.xlsx) [page](files/page.html)\n\n![3 GB](files/huge.mp4)\n`);
    let page = await learner.page("/modules/data-basics");
    assert.match(page, /<video controls preload="metadata"[^>]* src="\/modules\/data-basics\/files\/clip\.mp4"[^>]*><track kind="captions" src="\/modules\/data-basics\/files\/clip\.vtt" srclang="en" label="English" default><\/video>/);
    assert.match(page, /<summary>Transcript<\/summary>\s*<div>\s*<p>What is said\.<\/p>/);
    assert.match(page, /<a href="\/modules\/data-basics\/files\/plan\.xlsx" download>Plan <span class="file-note">\(XLSX, 1 kB\)<\/span><\/a> page<\/p>/);
    assert.match(page, /<p>3 GB<\/p>/);
    put("clip.ar.vtt", "WEBVTT\n");
    rmSync(join(files, "clip.transcript.md"));
    page = await learner.page("/modules/data-basics");
    assert.match(page, /srclang="ar" label="العربية"/);
    assert.doesNotMatch(page, /<summary>Transcript/);
    const said = command(["check", academy]);
    assert.equal(said.code, 1);
    assert.match(said.out, /“files\/huge\.mp4” is larger than 2048 MiB \[clip\]/);
    assert.match(said.out, /“files\/page\.html” is not offered.*\[file\]/);
    assert.match(said.out, /“files\/clip\.mp4” has no transcript.*\[transcript\]/);
    assert.match(said.out, /files\/code\.js: warning: no module shows this file or links to it \[file-name\]/);
    assert.match(said.out, /files\/link\.csv: warning/);
    assert.doesNotMatch(said.out, /files\/(plan|clip\.vtt|\.hidden)/);
});
