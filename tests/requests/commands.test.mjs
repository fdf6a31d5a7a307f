// The one binary and its commands: exit statuses, help, and the care of a data folder while a server uses it.
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { copyFileSync, existsSync, mkdirSync, readFileSync, readdirSync, rmSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { addPerson, command, makeAcademy, makeDemo, must, scratch, startServer } from "../lib/server.mjs";

const commands = [...must(["help"]).matchAll(/^ {2}([a-z]+) {2,}\S/gm)].map((m) => m[1]);
const sqlite = (file, sql) => {
    const done = spawnSync("sqlite3", [file, sql], { encoding: "utf8" });
    assert.equal(done.status, 0, done.stderr);
    return done.stdout.trim();
};

test("every command has its help, and says 2 to what it does not know", () => {
    for (const name of ["serve", "demo", "check", "lab", "user", "verify", "audit", "backup", "restore", "stats", "routes"]) assert.ok(commands.includes(name), `gradus help does not list ${name}`);
    for (const name of commands) {
        const help = command([name, "--help"]);
        assert.equal(help.code, 0, `${name} --help: ${help.err}`);
        assert.match(help.out, new RegExp(`usage: gradus ${name}`), name);
        const wrong = command([name, "--no-such-option"]);
        assert.equal(wrong.code, 2, `${name} --no-such-option`);
        assert.ok(wrong.err.length > 0, name);
    }
    for (const args of [[], ["nonsense"], ["--nonsense"], [""], ["serve", "--port", "70000"], ["serve", "--port", "x"], ["serve", "--port", "-1"], ["serve", "--listen", "nowhere", "--data", scratch()], ["serve", "--origin", "academy.example"], ["serve", "--origin", "https://academy.example/"], ["serve", "--threads", "0"]])
        assert.equal(command(args).code, 2, args.join(" "));
});

test("two servers cannot share a port, and the second one says so", async (t) => {
    const first = await startServer({ t });
    const second = command(["serve", "--port", String(first.port), "--data", makeAcademy()]);
    assert.equal(second.code, 2);
    assert.match(second.err, new RegExp(`port ${first.port}`));
    await first.assertWell();
});

test("an academy has one server; commands go on beside it", async (t) => {
    const first = await startServer({ t });
    const second = command(["serve", "--port", "0", "--data", first.data]);
    assert.equal(second.code, 2, second.out);
    assert.match(second.err, /^gradus: .+gradus\.db is served by another process already/m);
    addPerson(first.data, "beside");
    assert.match(must(["user", "list", "--data", first.data]), /\bbeside\b/);
    must(["backup", join(scratch("backup"), "beside.backup"), "--data", first.data]);
    must(["audit", "verify", "--data", first.data]);
    must(["stats", "--data", first.data]);
    await first.assertWell();
    // Whoever is killed holds nothing any more.
    await first.kill9();
    await first.restart();
    await first.assertWell();
});

test("a mistyped folder does not become an academy", () => {
    const place = scratch();
    const people = join(place, "people.csv");
    writeFileSync(people, "login,name,email,roles\nada,Ada L,ada@example.org,learner\n");
    const commandsOf = (data) => [["user", "list"], ["user", "import", people], ["user", "import", people, "--commit"], ["user", "reset", "admin"], ["audit", "verify"], ["stats"], ["backup", join(place, "file")], ["key", "add"]].map((args) => [...args, "--data", data]);
    for (const data of [join(place, "typo"), join(place, "no/such"), scratch()])
        for (const args of commandsOf(data)) {
            const there = existsSync(data);
            const done = command(args);
            assert.equal(done.code, 2, `${args.join(" ")}: ${done.out}`);
            assert.match(done.err, /[Tt]here is no academy at this place/, args.join(" "));
            assert.equal(existsSync(data), there, args.join(" "));
            if (there) assert.deepEqual(readdirSync(data), [], args.join(" "));
        }
    assert.ok(!existsSync(join(place, "file")));
    assert.equal(command(["user", "add", "--data", join(place, "typo")]).code, 2);
    assert.ok(!existsSync(join(place, "typo")));
    addPerson(join(place, "new"), "first");
    assert.equal(statSync(join(place, "new")).mode & 0o777, 0o700);
});

test("an import tells every fault of every row at once, and counts people as people", () => {
    const data = makeAcademy();
    const file = join(scratch(), "people.csv");
    const importing = (text, ...more) => {
        writeFileSync(file, text);
        return command(["user", "import", file, ...more, "--data", data]);
    };
    const head = "login,name,email,roles\n";
    const before = must(["user", "list", "--data", data]);
    const bad = importing(Buffer.from(`${head}ada,"Ada L,ada@example.org,learner\nGRACE,,nowhere,captain\nadmin,A B,ab@example.org,learner\nfine,F Ine,fine@example.org,learner instructor\nfine,F Ine,fine2@example.org,\nshort,S Hort\nwide,W, Ide,wide@example.org,learner\nbad,\xff,bad@example.org,learner\n`, "latin1"));
    assert.equal(bad.code, 1, bad.out + bad.err);
    const said = bad.err.trim().split("\n");
    assert.equal(said.pop(), "7 rows have problems; nobody was added");
    assert.equal(said.pop(), "people who are there already are changed with --update"); // “admin” is
    const lines = said.map((line) => line.replace(`${file}:`, "").split(":1: error: "));
    const wanted = [[2, /quoted cell/i], [3, /name is missing/], [3, /email address/], [3, /roles are/], [4, /“admin” is taken/], [6, /“fine” stands in line 5 already/], [7, /no cell for “email”/], [7, /no cell for “roles”/], [8, /more cells than the first/], [8, /email/], [8, /roles are/], [9, /UTF-8/]];
    assert.equal(lines.length, wanted.length, bad.err);
    wanted.forEach(([line, words], i) => {
        assert.equal(lines[i][0], String(line), said[i]);
        assert.match(lines[i][1], words);
    });
    assert.equal(must(["user", "list", "--data", data]), before);
    assert.match(importing(`${head}one,O Ne,nowhere,learner\n`).err, /^1 row has problems; nobody was added$/m);
    const one = `${head}one,"O ""N"" Ne",one@example.org,learner\n`;
    assert.equal(importing(one).out, "1 person would be added; run again with --commit to do it\n");
    assert.equal(importing(`${one}two,T Wo,two@example.org,\r\n\n`).out, "2 people would be added; run again with --commit to do it\n");
    assert.equal(must(["user", "list", "--data", data]), before);
    const added = importing(one, "--commit");
    assert.match(added.out, /^one,\S+\n$/);
    assert.match(added.err, /^1 person added;/);
});

test("a demo academy is served on this machine only", () => {
    const data = makeDemo();
    for (const args of [["--listen", "0.0.0.0"], ["--listen", "::"], ["--origin", "https://academy.example"], ["--trust-proxy", "127.0.0.1"]] /* an address that this machine lacks is refused before: needs.test.mjs */) {
        const done = command(["serve", "--port", "0", "--data", data, ...args]);
        assert.equal(done.code, 2, args.join(" "));
        assert.match(done.err, /demo/, args.join(" "));
    }
});

test("a demo stays one when its database goes elsewhere", async (t) => {
    const file = join(scratch("backup"), "demo.backup");
    must(["backup", file, "--data", makeDemo()]);
    const elsewhere = join(scratch(), "academy");
    must(["restore", file, "--without-keys", "--data", elsewhere]);
    rmSync(join(elsewhere, "demo.json"));
    const done = command(["serve", "--port", "0", "--data", elsewhere, "--listen", "0.0.0.0"]);
    assert.equal(done.code, 2, done.out);
    assert.match(done.err, /this is a demo academy, its passwords are public/);
    // The chain holds; without the key nobody can say whether the certificates are what was signed.
    const verified = command(["audit", "verify", "--data", elsewhere]);
    assert.deepEqual([verified.code, verified.signal], [1, null], verified.err);
    assert.match(verified.out, /rows, the chain holds/);
    assert.match(verified.err, /not decided: .*its signature cannot be checked: the key z6Mk\w+ is missing/);
    // Nor is any academy taken for a demo.
    const real = await startServer({ t, args: ["--listen", "0.0.0.0"] });
    await real.assertWell();
});

test("a demo's certificates are not made for an address that cannot carry them", () => {
    for (const origin of ["https://academy.example/", "http://user@academy.example", "academy.example", ""]) {
        const data = join(scratch(), "new"), done = command(["demo", "--data", data, "--origin", origin]);
        assert.equal(done.code, 2, origin);
        assert.match(done.err, /cannot be a public address/, origin);
        assert.equal(existsSync(data), false, origin);
    }
});

test("a demo says who can sign in", () => {
    const out = must(["demo", "--data", join(scratch(), "new")]), accounts = [...out.matchAll(/^ {2}(\w+) +(\S+) \/ (\S+)$/gm)].map(([, role]) => role);
    for (const role of ["admin", "assessor", "instructor", "learner"]) assert.ok(accounts.includes(role), `${role}: ${out}`);
});

test("a demo is not poured over an academy", () => {
    const data = makeAcademy();
    const before = must(["user", "list", "--data", data]);
    assert.notEqual(command(["demo", "--data", data]).code, 0);
    assert.equal(must(["user", "list", "--data", data]), before);
});

test("a backup is taken while the server writes, and restores what it held", async (t) => {
    const server = await startServer({ t });
    const admin = await server.signedIn("admin");
    const add = (login) => admin.post("/admin/people", { login, name: login, email: `${login}@example.org`, "roles[]": "learner" }, { from: "/admin/people" });
    let writing = true;
    let acknowledged = 0;
    const writer = (async () => {
        while (writing) if ((await add(`during-${acknowledged}`)).status < 400) acknowledged++;
    })();
    assert.ok((await add("before")).status < 400);
    const file = join(scratch("backup"), "academy.backup");
    must(["backup", file, "--data", server.data]);
    writing = false;
    await writer;
    assert.ok((await add("after")).status < 400);
    assert.equal(statSync(file).mode & 0o077, 0, "others may read the backup");
    assert.equal(command(["backup", file, "--data", server.data]).code, 2, "a backup was overwritten");

    // A restore overwrites nothing by itself, and nothing that is in use.
    const into = join(scratch(), "newdata");
    assert.match(must(["restore", file, "--data", into]), /keys are not in it/);
    assert.equal(statSync(into).mode & 0o777, 0o700);
    const people = must(["user", "list", "--data", into]);
    assert.match(people, /\bbefore\b/);
    assert.doesNotMatch(people, /\bafter\b/);
    assert.equal(command(["restore", file, "--data", server.data]).code, 2);
    assert.equal(command(["restore", file, "--data", server.data, "--replace"]).code, 2, "a database in use was replaced");
    await server.assertWell();
    await server.stop();
    assert.equal(command(["restore", file, "--data", server.data]).code, 2);
    assert.match(must(["user", "list", "--data", server.data]), /\bafter\b/);
    must(["restore", file, "--data", server.data, "--replace"]);
    assert.doesNotMatch(must(["user", "list", "--data", server.data]), /\bafter\b/);
    // Its seals are of a key that is not in the backup.
    const undecided = command(["audit", "verify", "--data", into]);
    assert.deepEqual([undecided.code, /^gradus audit: not decided: The key of the rows' seals [^\n]*\n$/.test(undecided.err)], [1, true], undecided.err);
});

test("what is no backup is not restored", () => {
    const folder = scratch();
    const data = makeAcademy();
    const before = must(["user", "list", "--data", data]);
    const junk = join(folder, "junk");
    writeFileSync(junk, "SQLite format 3\0 and then nothing that makes sense");
    const cut = join(folder, "cut");
    must(["backup", cut, "--data", data]);
    writeFileSync(cut, readFileSync(cut).subarray(0, 9000));
    for (const file of [junk, cut, join(folder, "none"), folder, "/dev/null"]) {
        const done = command(["restore", file, "--data", data, "--replace"]);
        assert.equal(done.code, 2, file);
        assert.ok(done.err.length > 20, done.err);
        assert.equal(must(["user", "list", "--data", data]), before);
        assert.equal(command(["restore", file, "--data", join(folder, "new")]).code, 2, file);
        assert.ok(!existsSync(join(folder, "new")), `${file} left a folder`);
    }
});

test("a database of a newer version, a damaged one and a read-only folder are refused in words", () => {
    const newer = makeAcademy();
    sqlite(join(newer, "gradus.db"), "INSERT INTO schema_migration SELECT 9999, 'from_the_future', checksum, applied_ms FROM schema_migration LIMIT 1");
    const damaged = makeAcademy();
    const bytes = readFileSync(join(damaged, "gradus.db"));
    bytes.fill(0xa5, 4096, 8192);
    writeFileSync(join(damaged, "gradus.db"), bytes);
    const file = join(scratch(), "file");
    writeFileSync(file, "");
    for (const [data, words] of [[newer, /newer/], [damaged, /./], [file, /./], ["/proc/none", /./]]) {
        const done = command(["serve", "--port", "0", "--data", data]);
        assert.equal(done.code, 2, `${data}: ${done.out}`);
        assert.match(done.err, words);
        assert.match(done.err, /^gradus/m);
    }
});

test("the audit log's chain is checked, and a change is found", () => {
    const data = makeAcademy();
    assert.match(must(["audit", "verify", "--data", data]), /chain holds/);
    const changed = scratch();
    mkdirSync(changed, { recursive: true });
    for (const name of ["gradus.db", "gradus.db.audit-head"]) if (existsSync(join(data, name))) copyFileSync(join(data, name), join(changed, name));
    const table = sqlite(join(changed, "gradus.db"), "SELECT name FROM sqlite_master WHERE type = 'table' AND name LIKE 'audit%' LIMIT 1");
    const triggers = sqlite(join(changed, "gradus.db"), `SELECT name FROM sqlite_master WHERE type = 'trigger' AND tbl_name = '${table}'`).split("\n").filter(Boolean);
    assert.ok(triggers.length > 0, "nothing keeps the log from being changed");
    const column = sqlite(join(changed, "gradus.db"), `SELECT name FROM pragma_table_info('${table}') WHERE name IN ('action', 'event', 'what') LIMIT 1`);
    sqlite(join(changed, "gradus.db"), `${triggers.map((name) => `DROP TRIGGER ${name};`).join("")} UPDATE ${table} SET ${column} = 'x' WHERE rowid = 2`);
    const done = command(["audit", "verify", "--data", changed]);
    assert.equal(done.code, 1, done.out + done.err);
});

test("names of a thousand characters, hidden characters and broken text are refused with a sentence", () => {
    const data = makeAcademy();
    const before = must(["user", "list", "--data", data]);
    for (const name of ["n".repeat(1000), "two\nlines", "zero\u200Bwidth", "", "   ", "bell\u0007", "non\uFFFEcharacter", "\u200E\u202E"]) {
        const done = command(["user", "add", "person", "--name", name, "--email", "person@example.org", "--password-stdin", "--data", data], { input: "eight brown geese walk\n" });
        assert.notEqual(done.code, 0, JSON.stringify(name.slice(0, 20)));
        assert.match(done.err, /[a-z]{3,} [a-z]/, JSON.stringify(name.slice(0, 20)));
    }
    for (const login of ["a", "l".repeat(65), "with space", "../up", "ไทย", "", "'; DROP TABLE person; --"]) assert.notEqual(command(["user", "add", login, "--name", "A Person", "--email", "a@example.org", "--password-stdin", "--data", data], { input: "eight brown geese walk\n" }).code, 0, login);
    assert.equal(must(["user", "list", "--data", data]), before);
    for (const name of ["สมชาย วงศ์สวัสดิ์", "ליאת כהן", "فاطمة الزهراء", "O’Connell-Þórsdóttir", "李小龍"]) addPerson(data, `p${Buffer.from(name).length}x${name.length}`, { name });
});
