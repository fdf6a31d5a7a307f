// run: timeout 7200
// No allocation that fails may end the server: over a script of some thirty requests each nth allocation is refused once,
// and the same process must answer afterwards. `make test` takes a sample; `make test-memory` takes each n to 20,000.
import assert from "node:assert/strict";
import { closeSync, cpSync, existsSync, openSync, readdirSync, readFileSync, readSync, symlinkSync, writeFileSync, writeSync } from "node:fs";
import { endianness } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { startAttempt } from "../lib/exam.mjs";
import { build, makeDemo, root, sanitizer, scratch, startServer } from "../lib/server.mjs";

const library = join(build, "tests/failing_memory.so");
const MOST = 20_000;
const step = Number(process.env.GRADUS_MEMORY_STEP ?? 97);
const first = Number(process.env.GRADUS_MEMORY_FIRST ?? 1), last = Number(process.env.GRADUS_MEMORY_LAST ?? MOST);

/** The order that the preloaded allocator reads: see failing_memory.c. */
class Order {
    constructor(file) {
        writeFileSync(file, Buffer.alloc(16));
        this.fd = openSync(file, "r+");
    }
    #read(at) {
        const bytes = Buffer.alloc(8);
        readSync(this.fd, bytes, 0, 8, at);
        return Number(endianness() === "LE" ? bytes.readBigInt64LE() : bytes.readBigInt64BE());
    }
    #write(at, value) {
        const bytes = Buffer.alloc(8);
        if (endianness() === "LE") bytes.writeBigInt64LE(BigInt(value));
        else bytes.writeBigInt64BE(BigInt(value));
        writeSync(this.fd, bytes, 0, 8, at);
    }
    /** The nth allocation from now is refused. */
    refuse(nth) {
        this.#write(0, nth);
    }
    get left() {
        return this.#read(0);
    }
    get refused() {
        return this.#read(8);
    }
    close() {
        closeSync(this.fd);
    }
}

/** The script: what people of each role, programs and strangers ask for, each with what it answers when memory lasts. */
async function makeScript(server) {
    const demo = JSON.parse(readFileSync(join(server.data, "demo.json"), "utf8")), { password } = demo.accounts[0];
    const [learner, assessor, instructor, admin] = await Promise.all(["learner", "assessor", "instructor", "admin"].map((login) => server.signedIn(login, password)));
    const stranger = server.client();
    const attempt = await startAttempt(learner, "mops-associate");
    const lab = "/labs/field-mapping-dedupe";
    const begun = await learner.post(`${lab}/runs`, { dialect_crm: "aurelia", dialect_map: "quillon" }, { from: lab });
    const run = begun.headers.get("location");
    const secret = /run_[A-Za-z0-9_-]{20,}/.exec(await learner.page(`${run}?tab=access`))[0];
    const csrf = await learner.csrf("/me"), token = await assessor.csrf("/me");
    const number = demo.certificates.find((c) => c.state === "certified").number;
    const credential = await (await stranger.fetch(`/certificates/${number}.json`)).text();
    const module = "/modules/what-mops-is";
    let seq = 0;
    const form = (client, token, path, fields) => () => client.fetch(path, { method: "POST", body: new URLSearchParams({ csrf: token, ...fields }) });
    const get = (client, path, headers = {}) => () => client.fetch(path, { headers });
    return [
        get(learner, "/"),
        get(learner, "/", { "accept-language": "ar" }),
        get(learner, "/programmes/mops"),
        get(learner, "/programmes/mops/levels/associate"),
        get(learner, module),
        form(learner, csrf, `${module}/checkpoints/1`, { "choice[]": "1" }),
        get(learner, "/search?q=consent+report"),
        get(learner, "/search?q=%E0%B8%95%E0%B8%A5%E0%B8%B2%E0%B8%94"),
        get(learner, "/glossary"),
        get(learner, "/exams/mops-associate"),
        get(learner, `/attempts/${attempt}/q/3`),
        () => learner.fetch(`/attempts/${attempt}/responses/3`, { method: "PUT", body: JSON.stringify({ seq: ++seq, response: 1, client: "memory-test" }), headers: { "x-csrf-token": csrf, "content-type": "application/json" } }),
        get(learner, `/attempts/${attempt}/review`),
        get(learner, lab),
        get(learner, run),
        get(learner, `${run}/api/crm/openapi.json`, { authorization: `Basic ${btoa(`account:${secret}`)}` }),
        () => form(learner, csrf, `${run}/sql`, { sql: `SELECT count(*), ${++seq} FROM sqlite_schema` })(),
        form(learner, csrf, `${run}/check`, {}),
        get(learner, "/me/certificates"),
        get(assessor, "/assess"),
        get(assessor, "/assess/certificates?q=a"),
        get(instructor, "/author"),
        get(instructor, "/author/cohort"),
        get(admin, "/admin"),
        get(admin, "/admin/people"),
        get(admin, "/admin/audit"),
        get(stranger, `/certificates/${number}`),
        get(stranger, `/certificates/${number}.pdf`),
        get(stranger, `/certificates/${number}.png`),
        get(stranger, "/.well-known/did.json"),
        get(stranger, "/status/1"),
        () => stranger.fetch("/verify", { method: "POST", body: new URLSearchParams({ credential }), headers: { accept: "application/json" } }),
        get(stranger, "/login"),
    ].map((ask, i) => ({ ask, name: `request ${i + 1}` }));
}

/** One request while memory fails: its status, or "cut" when the connection ended. */
async function ask(step) {
    try {
        const answer = await step.ask();
        await answer.arrayBuffer();
        return answer.status;
    } catch (error) {
        if (error.code === "ERR_ASSERTION") throw error;
        return "cut";
    }
}

// In parts, each with a server of its own: the attempt at the exam would run out of time.
const part = 2500 * step;
for (let from = first; from <= last; from += part) test(`no failed allocation of ${from} to ${Math.min(last, from + part - 1)} (every ${step}th) ends the server`, { skip: sanitizer ? "a sanitizer has an allocator of its own" : false }, async (t) => {
    assert.ok(existsSync(library), `${library} is not built`);
    const file = join(scratch("order"), "order"), order = new Order(file);
    t.after(() => order.close());
    const server = await startServer({ t, data: makeDemo(), env: { LD_PRELOAD: library, GRADUS_FAILING_MEMORY: file } });
    const script = await makeScript(server), { pid } = server;
    const usual = [];
    for (const request of script) usual.push(await ask(request));
    assert.deepEqual(usual.filter((status) => status !== 200 && status !== 303), [], usual.join(" "));
    const seen = new Map(), odd = [];
    let worked = 0;
    for (let nth = from; nth <= Math.min(last, from + part - 1); nth += step) {
        const before = order.refused;
        order.refuse(nth);
        // The order may be carried out by whoever allocates: one more round, until it has been.
        for (let i = 0; i < script.length && order.left > 0; i++) {
            const status = await ask(script[i]);
            if (server.child.exitCode !== null || server.child.signalCode !== null) assert.fail(`allocation ${nth} failed in ${script[i].name}: the server ended (${server.child.signalCode ?? server.child.exitCode})\n${server.err.slice(-3000)}`);
            if (order.left <= 0) {
                const key = `${i + 1}: ${status}`;
                seen.set(key, (seen.get(key) ?? 0) + 1);
                if (![200, 303, 503, "cut"].includes(status)) odd.push(`allocation ${nth} failed in ${script[i].name}: ${status}\n${server.err.slice(-1200)}`);
            }
        }
        if (order.refused === before) break; // the whole script takes fewer allocations than this
        worked++;
    }
    order.refuse(0);
    for (const [i, request] of script.entries()) assert.equal(await ask(request), usual[i], `${request.name} afterwards`);
    assert.equal(server.pid, pid);
    await server.assertWell();
    t.diagnostic(`${worked} allocations were refused; ${[...seen].map(([key, n]) => `${key} × ${n}`).join(", ")}`);
    assert.ok(worked > 0 || from > first);
    assert.deepEqual(odd, [], "memory that fails is a reason to come back later: 503");
});

/** A root with the shipped course whose texts may be changed. */
function makeRoot() {
    const academy = scratch("root");
    for (const folder of ["content", "exams", "labs"]) cpSync(join(root, folder), join(academy, folder), { recursive: true });
    symlinkSync(join(root, "site"), join(academy, "site"));
    return academy;
}

/** What an author changes (each file gets a last line with a number), and the page that must show it afterwards. */
const changed = [
    { file: "labs/scenarios/field-mapping-dedupe/scenario.md", path: "/labs/field-mapping-dedupe" },
    { file: "exams/mops/associate.md", path: "/exams/mops-associate" },
    { file: "content/mops/modules/what-mops-is.md", path: "/modules/what-mops-is" },
];

test(`no failed allocation of ${first} to ${last} (every ${step * 3}th) while changed files are read ends the server, and they are read again`, { skip: sanitizer ? "a sanitizer has an allocator of its own" : false }, async (t) => {
    const file = join(scratch("order"), "order"), order = new Order(file);
    t.after(() => order.close());
    const academy = makeRoot();
    const server = await startServer({ t, data: makeDemo(), args: ["--root", academy], env: { LD_PRELOAD: library, GRADUS_FAILING_MEMORY: file } });
    const demo = JSON.parse(readFileSync(join(server.data, "demo.json"), "utf8")), learner = await server.signedIn("learner", demo.accounts[0].password);
    let worked = 0;
    for (const { file, path } of changed) {
        const source = readFileSync(join(academy, file), "utf8");
        assert.equal((await learner.fetch(path)).status, 200);
        for (let nth = first; nth <= last; nth += step * 3) {
            const before = order.refused, sentence = `This text was changed for the ${nth}th time.`;
            writeFileSync(join(academy, file), `${source.trimEnd()}\n\n${sentence}\n`);
            order.refuse(nth);
            const odd = [];
            for (const end = performance.now() + 1500; order.left > 0 && performance.now() < end; await sleep(20)) {
                const status = await ask({ ask: () => learner.fetch(path) });
                if (server.child.exitCode !== null || server.child.signalCode !== null) assert.fail(`${file}: allocation ${nth} failed: the server ended (${server.child.signalCode ?? server.child.exitCode})\n${server.err.slice(-3000)}`);
                if (![200, 503, "cut"].includes(status)) odd.push(status);
            }
            order.refuse(0);
            assert.deepEqual(odd, [], `${file}: allocation ${nth}\n${server.err.slice(-2000)}`);
            let text = "";
            for (const end = performance.now() + 10_000; !text.includes(sentence) && performance.now() < end; await sleep(50)) text = await learner.fetch(path).then((answer) => answer.text()).catch(() => "");
            if (server.child.exitCode !== null || server.child.signalCode !== null) assert.fail(`${file}: allocation ${nth} failed: the server ended (${server.child.signalCode ?? server.child.exitCode})\n${server.err.slice(-3000)}`);
            assert.ok(text.includes(sentence), `${path} still shows the old text after allocation ${nth} failed\n${server.err.slice(-2000)}`);
            if (order.refused > before) worked++;
        }
    }
    t.diagnostic(`${worked} allocations were refused`);
    assert.ok(worked > changed.length * 10);
    await server.assertWell();
});

/** The process that draws for the server, as soon as there is one. */
async function drawerOf(server) {
    for (const end = performance.now() + 30_000; performance.now() < end; await sleep(1))
        for (const name of readdirSync("/proc").filter((name) => /^\d+$/.test(name)))
            try {
                const parent = /\) \S (\d+)/.exec(readFileSync(`/proc/${name}/stat`, "latin1"))[1];
                if (Number(parent) === server.pid && readFileSync(`/proc/${name}/cmdline`, "latin1").includes("\0draw\0")) return Number(name);
            } catch {
                // gone while we looked
            }
    throw new Error("nothing draws");
}

test("a drawing that dies harms nobody, and the next one is drawn", async (t) => {
    const server = await startServer({ t, data: makeDemo() }), stranger = server.client();
    const demo = JSON.parse(readFileSync(join(server.data, "demo.json"), "utf8"));
    const number = demo.certificates.find((c) => c.state === "certified").number;
    for (const kind of ["pdf", "png"]) {
        const path = `/certificates/${number}.${kind}`, drawn = stranger.fetch(path);
        process.kill(await drawerOf(server), "SIGKILL");
        const answer = await drawn, text = await answer.text();
        assert.equal(answer.status, 503);
        assert.match(text, /could not be drawn just now/);
        assert.ok(Number(answer.headers.get("retry-after")) > 0);
        assert.equal(answer.headers.get("etag"), null);
        await server.log({ event: "drawing_failed", message: `the ${kind} of certificate ${number}: it was ended by signal 9` });
        const again = await stranger.fetch(path);
        assert.equal(again.status, 200, `${path} afterwards`);
        assert.ok((await again.arrayBuffer()).byteLength > 10_000);
        assert.equal((await stranger.fetch(path, { headers: { "if-none-match": again.headers.get("etag") } })).status, 304);
    }
    await server.assertWell();
});
