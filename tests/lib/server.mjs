// A running academy for tests: a server on a free port over a data folder of its own, people, and clients that keep
// their cookies.
import assert from "node:assert/strict";
import { execFileSync, spawn, spawnSync } from "node:child_process";
import { chmodSync, cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync } from "node:fs";
import net from "node:net";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";

export const root = resolve(import.meta.dirname ?? new URL(".", import.meta.url).pathname, "../..");
export const build = resolve(root, process.env.GRADUS_BUILD ?? "build");
export const gradus = join(build, "gradus");
/** Sanitized builds are slower, and do not fit under a memory limit or a system call filter. */
export const sanitizer = process.env.GRADUS_SANITIZER ?? "";

export const password = "eight brown geese walk";
export const roles = ["learner", "instructor", "assessor", "admin"];

const folders = new Set();
const children = new Set();
process.on("exit", () => {
    for (const child of children) child.kill("SIGKILL");
    for (const folder of folders) rmSync(folder, { recursive: true, force: true });
});

/** A folder that is gone when the test program ends. */
export function scratch(name = "data") {
    const folder = mkdtempSync(join(tmpdir(), `gradus-${name}-`));
    folders.add(folder);
    return folder;
}

/** Runs `gradus …` to its end: {code, out, err}. */
export function command(args, { input = "", cwd = root, env = {} } = {}) {
    const done = spawnSync(gradus, args, { input, cwd, env: { ...process.env, ...env }, encoding: "utf8", maxBuffer: 64 * 1024 * 1024 });
    /* A program that ends without reading what it is given is no error of the test's: how it ended is known all the same. */
    if (done.error && done.error.code !== "EPIPE") throw done.error;
    return { code: done.status, signal: done.signal, out: done.stdout, err: done.stderr };
}

/** As `command`, for what must work: its output. */
export function must(args, options) {
    const done = command(args, options);
    assert.equal(done.code, 0, `gradus ${args.join(" ")}: ${done.signal ?? done.code}\n${done.out}${done.err}`);
    return done.out;
}

export function addPerson(data, login, { name = `${login} of the tests`, email = `${login}@example.org`, roles: held = "learner", password: secret = password } = {}) {
    return must(["user", "add", login, "--name", name, "--email", email, "--roles", held, "--own-password-stdin", "--data", data], { input: `${secret}\n` });
}

let alone; // the folder of a program that is not run by tests/run.mjs

/** A data folder of its own, a copy of what `fill` makes: filled once in a run of all tests, by whichever program needs it
 *  first. Two that need it at once both fill one, and the first to be done is kept. */
function copyOf(name, fill) {
    const folder = process.env.GRADUS_PREPARED ?? (alone ??= scratch("prepared")), prepared = join(folder, name);
    if (!existsSync(prepared)) {
        mkdirSync(folder, { recursive: true });
        const mine = mkdtempSync(join(folder, "filling-"));
        fill(mine);
        try {
            renameSync(mine, prepared);
        } catch (error) {
            if (error.code !== "ENOTEMPTY" && error.code !== "EEXIST") throw error;
            rmSync(mine, { recursive: true });
        }
    }
    const data = scratch();
    cpSync(prepared, data, { recursive: true });
    return data;
}

/** A data folder with one person a role, who sign in with the role's name and `password`. */
export function makeAcademy() {
    return copyOf("academy", (data) => {
        for (const role of roles) addPerson(data, role, { roles: role });
    });
}

/** Installs the program where every user of the machine may enter, whoever owns the tree of the tests (a clone in a home
 *  that nobody else enters): {program, root: what came with it}. */
export function installForAll() {
    const folder = scratch("installed");
    const done = spawnSync("packaging/install.sh", [build, "/usr", folder], { cwd: root, encoding: "utf8" });
    assert.equal(done.status, 0, done.stderr);
    chmodSync(folder, 0o755);
    return { program: join(folder, "usr/bin/gradus"), root: join(folder, "usr/share/gradus/courses") };
}

/** A data folder with the whole demo academy. */
export function makeDemo() {
    return copyOf("demo", (data) => must(["demo", "--data", data]));
}

export class Server {
    /** The process's log: one object a line. */
    logs = [];
    out = "";
    err = "";

    constructor(data, args, env, limits = "", program = gradus) {
        this.program = program;
        this.data = data;
        this.args = args;
        this.env = env;
        this.limits = limits;
    }

    async start() {
        this.out = "";
        const line = [this.program, "serve", "--port", "0", "--data", this.data, ...this.args];
        if (this.limits) line.unshift("bash", "-c", `${this.limits} exec "$@"`, "bash");
        const child = spawn(line[0], line.slice(1), {
            cwd: root,
            env: { ...process.env, ...this.env },
            stdio: ["ignore", "pipe", "pipe"],
        });
        this.child = child;
        children.add(child);
        this.ended = new Promise((done) => child.on("close", (code, signal) => {
            children.delete(child);
            done({ code, signal });
        }));
        let rest = "";
        child.stderr.setEncoding("utf8").on("data", (chunk) => {
            this.err = (this.err + chunk).slice(-200_000);
            const lines = (rest + chunk).split("\n");
            rest = lines.pop();
            for (const line of lines) {
                try {
                    this.logs.push(JSON.parse(line));
                } catch {
                    this.logs.push({ raw: line });
                }
            }
        });
        this.origin = await new Promise((done, fail) => {
            const late = setTimeout(() => fail(new Error(`no address within 60 s\n${this.out}${this.err}`)), 60_000);
            child.stdout.setEncoding("utf8").on("data", (chunk) => {
                this.out += chunk;
                const address = /^Serving on (http:\/\/\S+)$/m.exec(this.out);
                if (address) {
                    clearTimeout(late);
                    done(address[1]);
                }
            });
            this.ended.then(({ code, signal }) => {
                clearTimeout(late);
                fail(new Error(`the server ended at once (${signal ?? code})\n${this.out}${this.err}`));
            });
        });
        const { hostname, port } = new URL(this.origin);
        this.host = hostname;
        this.port = Number(port);
        return this;
    }

    get pid() {
        return this.child.pid;
    }

    /** Ends it as an operator would; fails when it does not end well. */
    async stop() {
        this.child.kill("SIGTERM");
        const how = await this.ended;
        assert.deepEqual(how, { code: 0, signal: null }, `the server did not end well\n${this.err}`);
        this.assertTexts();
    }

    /** No page had a text with a number or a name that nobody gave it. */
    assertTexts() {
        assert.deepEqual(this.logs.filter(({ event }) => event === "text_parameter_missing"), []);
    }

    async kill9() {
        this.child.kill("SIGKILL");
        await this.ended;
        this.assertTexts();
    }

    /** A new process over the same data, on a new port. */
    async restart(args = this.args) {
        if (this.child.exitCode === null && this.child.signalCode === null) await this.stop();
        this.args = args;
        return this.start();
    }

    /** The first log line with these members, waiting for it when it is not there yet. */
    async log(members, timeout_ms = 5000) {
        const fits = (line) => Object.entries(members).every(([key, value]) => line[key] === value);
        for (const end = performance.now() + timeout_ms; ; await sleep(20)) {
            const line = this.logs.find(fits);
            if (line) return line;
            if (performance.now() > end) throw new Error(`no log line ${JSON.stringify(members)} in\n${this.err.slice(-4000)}`);
        }
    }

    /** Processor time that its threads have used, in seconds, at 100 ticks each. */
    cpuSeconds() {
        const fields = readFileSync(`/proc/${this.child.pid}/stat`, "latin1").replace(/^.*\) /, "").split(" ");
        return (Number(fields[11]) + Number(fields[12])) / 100;
    }

    /** Alive, and able to answer. */
    async assertWell() {
        /* A kept connection may be cut for its age at the very moment when it is used again: then a new one is asked. */
        const ask = () => fetch(`${this.origin}/healthz`);
        const answer = await ask().catch(ask);
        assert.equal(answer.status, 200, await answer.text());
    }

    client(options) {
        return new Client(this, options);
    }

    async signedIn(login, secret = password) {
        const client = this.client();
        await client.login(login, secret);
        return client;
    }

    /** Sends bytes as they are and gives everything that comes back, until the server closes or `timeout_ms` of
     *  silence. `bytes` may be a list: then there is a pause between its parts. */
    raw(bytes, { timeout_ms = 2000, pause_ms = 50, end = false } = {}) {
        return new Promise((done, fail) => {
            const socket = net.connect(this.port, this.host);
            let text = "";
            let closed = false;
            const finish = () => {
                socket.destroy();
                done({ text, closed });
            };
            socket.setTimeout(timeout_ms, finish);
            socket.on("data", (chunk) => (text += chunk.toString("latin1")));
            socket.on("end", () => {
                closed = true;
                finish();
            });
            socket.on("error", (error) => {
                if (!["ECONNRESET", "EPIPE"].includes(error.code)) return fail(error);
                closed = true;
                finish();
            });
            socket.on("connect", async () => {
                for (const part of Array.isArray(bytes) ? bytes : [bytes]) {
                    if (socket.destroyed) return;
                    if (!socket.write(part)) await new Promise((go) => socket.once("drain", go).once("close", go));
                    if (Array.isArray(bytes)) await sleep(pause_ms);
                }
                if (end) socket.end();
            });
        });
    }
}

/** Starts a server; it ends with the test program, or with `t` when a test context is given. `limits`: shell commands
 *  before it ("ulimit -n 512;"). `program`: another one than build/gradus. */
export async function startServer({ data = makeAcademy(), args = [], env = {}, limits, program = gradus, t } = {}) {
    assert.ok(existsSync(program), `${program} is not built`);
    const server = await new Server(data, args, env, limits, program).start();
    t?.after(() => server.kill9());
    return server;
}

/** The Set-Cookie lines of an answer; older Nodes join them with commas, of which dates hold some too. */
export function setCookies(headers) {
    return headers.getSetCookie?.() ?? (headers.get("set-cookie") ?? "").split(/,(?=\s*[\w-]+=)/).filter(Boolean);
}

export class Client {
    cookies = new Map();

    constructor(server, { headers = {} } = {}) {
        this.server = server;
        this.headers = headers;
    }

    get cookie() {
        return [...this.cookies].map(([name, value]) => `${name}=${value}`).join("; ");
    }

    /** Like fetch, with cookies; redirects are given back, not followed. */
    async fetch(path, { headers = {}, ...options } = {}) {
        const ask = () => fetch(new URL(path, this.server.origin), {
            redirect: "manual",
            ...options,
            headers: { ...(this.cookies.size ? { cookie: this.cookie } : {}), ...this.headers, ...headers },
        });
        /* While a command was waited for, the server may have closed a kept connection for its age, and nobody here has
         * heard of it: what changes nothing is asked again, as browsers do. */
        const answer = await ((options.method ?? "GET") === "GET" ? ask().catch(ask) : ask());
        for (const line of setCookies(answer.headers)) {
            const [, name, value] = /^([^=]+)=([^;]*)/.exec(line);
            if (/max-age=0/i.test(line)) this.cookies.delete(name);
            else this.cookies.set(name, value);
        }
        return answer;
    }

    /** The text of a page that must be there; follows redirects to pages of ours. */
    async page(path) {
        let answer = await this.fetch(path);
        for (let hops = 0; answer.status === 303 && hops < 5; hops++) answer = await this.fetch(answer.headers.get("location"));
        const text = await answer.text();
        assert.equal(answer.status, 200, `GET ${path}: ${answer.status}\n${text.slice(0, 2000)}`);
        return text;
    }

    /** A token that a form of this page carries. */
    async csrf(path = "/login") {
        const text = await this.page(path);
        const token = /name="csrf" value="([^"]+)"/.exec(text) ?? /<meta name="csrf" content="([^"]+)"/.exec(text);
        assert.ok(token, `${path} carries no token`);
        return token[1];
    }

    /** Posts a form with a token of `from` (a page's path), or with none when it is null. */
    async post(path, fields = {}, { from = "/me", headers = {}, ...options } = {}) {
        const body = new URLSearchParams(fields);
        if (from !== null && !body.has("csrf")) body.set("csrf", await this.csrf(from));
        return this.fetch(path, { method: "POST", body, headers, ...options });
    }

    /** Sends JSON with a token of `from`. */
    async send(method, path, value, { from = "/me", headers = {} } = {}) {
        const token = from === null ? {} : { "x-csrf-token": await this.csrf(from) };
        return this.fetch(path, { method, body: JSON.stringify(value), headers: { "content-type": "application/json", accept: "application/json", ...token, ...headers } });
    }

    async login(login, secret = password) {
        const answer = await this.post("/login", { login, password: secret }, { from: "/login" });
        assert.equal(answer.status, 303, `${login} cannot sign in: ${answer.status}\n${(await answer.text()).slice(0, 2000)}`);
        return answer;
    }
}

/** Takes an HTTP/1.1 answer of `raw` apart; `body` is what comes after the head. */
export function parseAnswer(text) {
    const [, status, head, body] = /^HTTP\/1\.[01] (\d{3})[^\r\n]*\r\n([\s\S]*?)\r\n\r\n([\s\S]*)$/.exec(text) ?? [];
    if (!status) return null;
    const headers = new Map(head.split("\r\n").map((line) => [line.slice(0, line.indexOf(":")).toLowerCase(), line.slice(line.indexOf(":") + 1).trim()]));
    return { status: Number(status), headers, body };
}

/** How many descriptors this process may open. */
export function descriptorLimit() {
    return Number(execFileSync("bash", ["-c", "ulimit -n"], { encoding: "utf8" }).trim()) || Infinity;
}
