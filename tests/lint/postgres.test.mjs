// The migrations and every query on a private PostgreSQL: what is written for SQLite today must be taken by the second
// backend, but for what postgres_differences.mjs lists. (SQLite prepares all of them in tests/unit/store/test_plans.c.)
import assert from "node:assert/strict";
import { execFileSync, spawnSync } from "node:child_process";
import { chownSync, existsSync, mkdtempSync, readFileSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { after, test } from "node:test";
import { inMigrations, inQueries, wholeQueries } from "./postgres_differences.mjs";

const root = resolve(import.meta.dirname, "../..");
const installed = "/usr/lib/postgresql";
const bin = existsSync(installed) && readdirSync(installed).sort((a, b) => a - b).map((version) => join(installed, version, "bin")).filter((folder) => existsSync(join(folder, "initdb"))).at(-1);
const skip = bin ? false : "PostgreSQL is not installed (packaging/packages.sh test)";

/** [{name, text, place}] of a .sql file, as engine/tools/embed.c reads it. */
export function queriesOf(text, file) {
    const found = [];
    text.split("\n").forEach((line, index) => {
        const name = /^-- name: (\w+)/.exec(line)?.[1];
        if (name) found.push({ name, text: "", place: `${file}:${index + 1}` });
        else if (!line.startsWith("--") && line.trim()) found.at(-1).text += `${line}\n`;
    });
    return found;
}

const used = new Set();
function changed(text, differences) {
    for (const difference of differences) {
        const before = text;
        text = text.replace(difference.from, difference.to);
        if (text !== before) used.add(difference);
    }
    return text;
}

/** A server of its own on a socket in a new folder: no port, nobody else's data. It refuses to run as root. */
function startServer() {
    const folder = mkdtempSync(join(tmpdir(), "gradus-pg-"));
    const user = process.getuid() === 0 ? "postgres" : null;
    if (user) {
        const id = (flag) => Number(execFileSync("id", [flag, user], { encoding: "utf8" }));
        chownSync(folder, id("-u"), id("-g"));
    }
    const as = (command, args, input) => {
        const [file, rest] = user ? ["setpriv", [`--reuid=${user}`, `--regid=${user}`, "--init-groups", command, ...args]] : [command, args];
        return spawnSync(file, rest, { encoding: "utf8", input, cwd: folder, maxBuffer: 1 << 26, env: { PATH: process.env.PATH, LC_ALL: "C.UTF-8", HOME: folder } });
    };
    const data = join(folder, "data");
    const made = as(join(bin, "initdb"), ["-D", data, "-U", "gradus", "-A", "trust", "-E", "UTF8", "--locale=C.UTF-8", "--no-sync"]);
    assert.equal(made.status, 0, made.stdout + made.stderr);
    const options = `-k ${folder} -c listen_addresses= -c fsync=off -c shared_buffers=16MB -c max_connections=5`;
    const up = as(join(bin, "pg_ctl"), ["-D", data, "-w", "-l", join(folder, "log"), "-o", options, "start"]);
    assert.equal(up.status, 0, up.stdout + up.stderr);
    after(() => {
        as(join(bin, "pg_ctl"), ["-D", data, "-m", "immediate", "stop"]);
        rmSync(folder, { recursive: true, force: true });
    });
    /** Runs a script of SQL; what went wrong, by the line of the script. */
    return (script) => {
        const done = as(join(bin, "psql"), ["-X", "-q", "-h", folder, "-U", "gradus", "-d", "postgres", "-f", "-"], script);
        return [...done.stderr.matchAll(/^psql:<stdin>:(\d+): ((?:ERROR|FATAL).*)$/gm)].map(([, line, what]) => ({ line: Number(line), what }));
    };
}

test("PostgreSQL takes the migrations and every query", { skip }, () => {
    const psql = startServer();
    const folder = join(root, "engine/store/migrations");
    const problems = [];
    for (const name of readdirSync(folder).sort()) {
        const wrong = psql(`BEGIN;\n${changed(readFileSync(join(folder, name), "utf8"), inMigrations)}\nCOMMIT;\n`);
        // What follows from the first error in a transaction says nothing new.
        problems.push(...wrong.filter(({ what }) => !/current transaction is aborted/.test(what)).map(({ what }) => `engine/store/migrations/${name}: ${what}`));
    }
    const queries = readdirSync(join(root, "engine")).flatMap((room) => {
        const file = `engine/${room}/${room}.sql`;
        return existsSync(join(root, file)) ? queriesOf(readFileSync(join(root, file), "utf8"), file) : [];
    });
    assert.ok(queries.length > 200, `${queries.length} queries`);
    let script = "";
    const places = []; // by line of the script
    for (const query of queries) {
        const own = wholeQueries[query.name];
        if (own) used.add(own);
        const text = `PREPARE ${query.name} AS ${(own?.text ?? changed(query.text, inQueries)).trim().replace(/;$/, "")};\n`;
        script += text;
        for (const _ of text.trimEnd().split("\n")) places.push(`${query.place}: ${query.name}`);
    }
    problems.push(...psql(script).map(({ line, what }) => `${places[line - 1]}: ${what}`));
    assert.deepEqual(problems, []);
    const idle = [...inMigrations, ...inQueries, ...Object.values(wholeQueries)].filter((difference) => !used.has(difference));
    assert.deepEqual(idle.map(({ from, text }) => String(from ?? text)), [], "listed in postgres_differences.mjs, and nothing needs it");
});

test("every difference has its reason", () => {
    for (const { why } of [...inMigrations, ...inQueries, ...Object.values(wholeQueries)]) assert.ok(why?.length > 20, why);
});
