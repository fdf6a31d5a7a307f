// What an academy does for itself: it finds pages that were written over, removes what interrupted commands left, and deletes
// what is past its time.
import assert from "node:assert/strict";
import { spawn, spawnSync } from "node:child_process";
import { existsSync, openSync, readFileSync, readdirSync, writeFileSync, writeSync, closeSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { command, gradus, makeAcademy, makeDemo, must, root, scratch, startServer } from "../lib/server.mjs";
import { until } from "../lib/until.mjs";

const sqlite = (file, sql) => {
    const done = spawnSync("sqlite3", [file, sql], { encoding: "utf8" });
    assert.equal(done.status, 0, done.stderr);
    return done.stdout.trim();
};
const health = async (server) => {
    const answer = await fetch(`${server.origin}/healthz`);
    return { code: answer.status, ...(await answer.json()) };
};
const checked = (server) => until("a check of the file", async () => {
    const now = await health(server);
    return now.database !== "checking" && now;
});

/** Writes over a leaf page of a table, as a stray program or a failing disk does. */
function writeOver(data, table) {
    const db = join(data, "gradus.db");
    const page = Number(sqlite(db, `SELECT pageno FROM dbstat WHERE name = '${table}' AND pagetype = 'leaf' LIMIT 1`));
    const size = Number(sqlite(db, "PRAGMA page_size"));
    assert.ok(page > 1, table);
    const file = openSync(db, "r+");
    writeSync(file, Buffer.alloc(size, 0xa5), 0, size, (page - 1) * size);
    closeSync(file);
}

test("a certificate that was changed behind the academy's back is told in the log, on the admin's page, by /healthz and by /metrics", async (t) => {
    const data = makeDemo(), db = join(data, "gradus.db");
    const admin = JSON.parse(readFileSync(join(data, "demo.json"), "utf8")).accounts.find((account) => account.role === "admin");
    for (const line of sqlite(db, "SELECT name FROM sqlite_master WHERE type = 'trigger' AND tbl_name LIKE 'cert_%'").split("\n")) sqlite(db, `DROP TRIGGER ${line}`);
    sqlite(db, "UPDATE cert_certificate SET holder_name = 'Mallory Forger' WHERE id = (SELECT min(id) FROM cert_certificate)");
    const server = await startServer({ t, data });
    const found = await until("a comparison of the records", async () => {
        const now = await health(server);
        return now.records !== "checking" && now;
    });
    assert.deepEqual([found.code, found.records, found.status], [200, "changed", "records were changed: see the log"]);
    assert.ok(server.logs.some((entry) => JSON.stringify(entry).includes("another name was signed")), "the log is silent");
    const page = await (await (await server.signedIn(admin.login, admin.password)).fetch("/admin")).text();
    assert.match(page, /role="alert"><p>Somebody changed certificates[^]*another name was signed/);
    assert.doesNotMatch(page, /message-ok/);
    assert.match(await (await fetch(`${server.origin}/metrics`)).text(), /^gradus_records_changed 1$/m);
});

test("a page that was written over is told in the log, on the admin's page, by /healthz and by backup", async (t) => {
    const good = await startServer({ t });
    const before = await checked(good);
    assert.equal(before.database, "ok");
    assert.equal(before.status, "ok");
    assert.ok(Math.abs(Date.parse(before.checked_at) - Date.now()) < 60_000, before.checked_at);
    assert.match(await (await (await good.signedIn("admin")).fetch("/admin")).text(), /Check of the whole file<\/dt><dd>Whole, <time[^]*compared with the log<\/dt><dd>(As signed and logged, <time|The first one is under way)/);

    const data = makeDemo();
    writeOver(data, "content_reading");
    // What is served does not touch the page, and says nothing by itself.
    const server = await startServer({ t, data });
    const found = await checked(server);
    assert.deepEqual([found.code, found.database], [200, "damaged"]);
    assert.match(found.status, /database is damaged/);
    const line = server.logs.find((entry) => entry.event === "database_damaged") ?? server.logs.find((entry) => JSON.stringify(entry).includes("database_damaged"));
    assert.ok(line, "the log is silent");
    assert.match(JSON.stringify(line), /gradus\.db is damaged \(table content_reading: .*restore the last good backup/);
    const { login, password } = JSON.parse(readFileSync(join(data, "demo.json"), "utf8")).accounts.find((account) => account.role === "admin");
    const page = await (await (await server.signedIn(login, password)).fetch("/admin")).text();
    assert.match(page, /role="alert"><p>The database is damaged\./);
    assert.match(page, /table content_reading/);
    const backup = command(["backup", join(scratch("backup"), "file"), "--data", data]);
    assert.equal(backup.code, 2);
    assert.match(backup.err, /fault is in the database itself, not in the copy\. Nothing was written/);
    await server.stop(); // while it rests or checks
});

test("what an interrupted backup or restore left is removed, and what is being made stays", async (t) => {
    const folder = scratch("backup"), data = makeAcademy();
    const dead = [join(folder, "old.backup.4711.gradus-partial"), join(folder, "old.backup.4711.gradus-partial-journal")];
    const alive = join(folder, "other.backup.4712.gradus-partial"), foreign = join(folder, "film.4711.partial");
    for (const file of [...dead, alive, foreign]) writeFileSync(file, "x");
    const holder = spawn("flock", [alive, "sleep", "60"], { stdio: "ignore" });
    t.after(() => holder.kill());
    await until("a lock", () => spawnSync("flock", ["-n", alive, "true"]).status === 1);
    must(["backup", join(folder, "new.backup"), "--data", data]);
    assert.deepEqual(readdirSync(folder).sort(), ["film.4711.partial", "new.backup", "other.backup.4712.gradus-partial"]);

    const left = ["gradus.db.4711.gradus-partial", "gradus.db.4711.partial", "gradus.db.x.partial"];
    for (const name of left) writeFileSync(join(data, name), "x");
    const server = await startServer({ t, data });
    assert.deepEqual(left.map((name) => existsSync(join(data, name))), [false, false, true]);
    await server.assertWell();

    // One that is killed in the middle leaves nothing for good.
    const big = makeDemo();
    const child = spawn(gradus, ["backup", join(folder, "killed.backup"), "--data", big], { stdio: "ignore" });
    const ended = new Promise((done) => child.on("close", done)); // it may end before it is killed
    await until("the copy begins", () => readdirSync(folder).some((name) => name.startsWith("killed.backup")));
    child.kill("SIGKILL");
    await ended;
    must(["backup", join(folder, "next.backup"), "--data", data]);
    assert.deepEqual(readdirSync(folder).filter((name) => name.startsWith("killed.backup.")), []);
});

test("sign-in attempts and sessions are deleted on time, and not before", async (t) => {
    const data = makeAcademy(), db = join(data, "gradus.db"), day = 86_400_000, now = Date.now();
    const person = sqlite(db, "SELECT id FROM person LIMIT 1");
    const cut = now - 30 * day;
    const attempts = (n, at) => `INSERT INTO login_attempt SELECT 'a' || ${at} || '-' || value, 'x', '192.0.2.1', ${at}, 0 FROM generate_series(1, ${n});`;
    const session = (id, expires, ended) => `INSERT INTO session (id, person_id, csrf, created_ms, expires_ms, ended_ms, client) VALUES ('${id}', '${person}', 'c', 1, ${expires}, ${ended}, '192.0.2.1');`;
    sqlite(db, attempts(1234, cut - 1000) + attempts(7, cut + 600_000)
        + session("expired", cut - 1000, "NULL") + session("ended", now + day, cut - 1000)
        + session("recent", cut + 600_000, "NULL") + session("ended-late", cut - day, cut + 600_000) + session("open", now + day, "NULL"));
    const server = await startServer({ t, data });
    await until("the old attempts are gone", () => sqlite(db, "SELECT count(*) FROM login_attempt") === "7");
    assert.equal(await until("the old sessions are gone", () => {
        const left = sqlite(db, "SELECT group_concat(id) FROM (SELECT id FROM session ORDER BY id)");
        return !left.includes("expired") && left;
    }), "ended-late,open,recent");
    await server.assertWell();
});

// RULE password-forgotten.
test("a password that was replaced is forgotten at once", () => {
    const data = makeAcademy(), db = join(data, "gradus.db");
    const hashes = () => sqlite(db, "SELECT hash FROM password JOIN person ON person.id = person_id WHERE login = 'learner'").split("\n");
    const [first, ...none] = hashes();
    assert.deepEqual(none, []);
    must(["user", "reset", "learner", "--data", data]);
    assert.equal(hashes().length, 1);
    assert.notEqual(hashes()[0], first);
});

// RULE keeping.
test("one table says what is kept how long: for every table of the database, in words and in the program alike", () => {
    const rules = JSON.parse(must(["keeping", "--format", "json"]));
    const fits = (pattern, name) => (pattern.endsWith("*") ? name.startsWith(pattern.slice(0, -1)) : name === pattern);
    const tables = sqlite(join(makeAcademy(), "gradus.db"), "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite_%'").split("\n");
    assert.deepEqual(tables.filter((name) => !rules.some((rule) => fits(rule.tables, name))), [], "nothing says how long these are kept");
    assert.deepEqual(rules.filter((rule) => !tables.some((name) => fits(rule.tables, name))), [], "these are kept nowhere");
    const text = readFileSync(join(root, "docs/keeping.md"), "utf8");
    const written = [...text.matchAll(/^\| `([a-z_*]+)` \| (.+?) \| (.+?) \|$/gm)].map(([, name, kept, why]) => ({ tables: name, kept, why }));
    assert.deepEqual(written, rules.map(({ tables: name, kept, why }) => ({ tables: name, kept, why })));
    // The two that hold addresses, by hand.
    assert.deepEqual(rules.filter((rule) => rule.days > 0).map((rule) => [rule.tables, rule.days]), [["login_attempt", 30], ["session", 30]]);
});
