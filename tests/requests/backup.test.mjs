// An academy is backed up and restored as a whole, keys included when they are asked for; what a restore cannot do is said before
// it happens; and a restore happens or does not.
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { chmodSync, chownSync, cpSync, existsSync, mkdirSync, readFileSync, readdirSync, rmSync, statSync, writeFileSync } from "node:fs";
import { basename, join } from "node:path";
import { before, test } from "node:test";
import { addPerson, command, installForAll, makeAcademy, makeDemo, must, scratch, startServer } from "../lib/server.mjs";

const sqlite = (file, sql) => {
    const done = spawnSync("sqlite3", [file, sql], { encoding: "utf8" });
    assert.equal(done.status, 0, done.stderr);
    return done.stdout.trim();
};
const tar = (...args) => {
    const done = spawnSync("tar", args, { encoding: "utf8" });
    assert.equal(done.status, 0, done.stderr);
    return done.stdout;
};
const sha256 = (file) => createHash("sha256").update(readFileSync(file)).digest("hex");
const passphrase = "five wet stones under bridges";
const keyFiles = (data) => [...readdirSync(join(data, "keys")).map((name) => `keys/${name}`), "lab.key", "seal.key"].sort();
/** All that a folder holds, by name and content; locks and what was set aside left out. */
function contents(data) {
    const out = {};
    for (const name of readdirSync(data, { recursive: true }).sort())
        if (statSync(join(data, name)).isFile() && !/\.(lock|serving)$|-wal$|-shm$|before-restore/.test(name)) out[name] = sha256(join(data, name));
    return out;
}

let academy, withKeys, without;
before(async () => {
    // A demo has all of it: credentials, keys, lab runs, of which some are open (an image of these is sealed with lab.key).
    academy = makeDemo();
    sqlite(join(academy, "gradus.db"), "INSERT INTO lab_snapshot SELECT id, 1, 1, zeroblob(32), zeroblob(64) FROM lab_run LIMIT 3");
    const folder = scratch("backup");
    withKeys = join(folder, "with-keys");
    without = join(folder, "without");
    must(["backup", withKeys, "--with-keys", "--data", academy], { input: `${passphrase}\n` });
    must(["backup", without, "--data", academy]);
    assert.equal(sqlite(join(academy, "gradus.db"), "SELECT count(*) FROM lab_snapshot"), "3");
});

test("a backup is a private archive with a manifest whose checksums are true", () => {
    const inside = scratch();
    tar("-xf", withKeys, "-C", inside);
    assert.equal(statSync(withKeys).mode & 0o077, 0);
    const manifest = JSON.parse(readFileSync(join(inside, "manifest.json"), "utf8"));
    assert.equal(readFileSync(join(inside, "manifest.json.sha256"), "utf8"), `${sha256(join(inside, "manifest.json"))}\n`);
    assert.deepEqual(manifest.files.map((file) => file.name).sort(), ["demo.json", "gradus.db", "gradus.db.audit-head", "keys.sealed"]);
    for (const file of manifest.files) {
        assert.equal(file.sha256, sha256(join(inside, file.name)), file.name);
        assert.equal(file.bytes, statSync(join(inside, file.name)).size, file.name);
    }
    assert.deepEqual(manifest.keys.map((key) => key.name), keyFiles(academy));
    assert.equal(sqlite(join(inside, "gradus.db"), "PRAGMA integrity_check"), "ok");
    // No key in the clear, in either archive.
    const names = tar("-tf", without).split("\n");
    assert.ok(!names.includes("keys.sealed"), names.join());
    for (const archive of [withKeys, without]) {
        const bytes = readFileSync(archive);
        for (const name of keyFiles(academy)) assert.equal(bytes.indexOf(readFileSync(join(academy, name)).subarray(0, 32)), -1, name);
    }
});

test("a restore with keys gives the whole academy: runs go on, credentials verify, the log is whole", async (t) => {
    const data = join(scratch(), "new");
    must(["restore", withKeys, "--data", data], { input: `${passphrase}\n` });
    for (const name of keyFiles(academy)) {
        assert.equal(sha256(join(data, name)), sha256(join(academy, name)), name);
        assert.equal(statSync(join(data, name)).mode & 0o077, 0, name);
    }
    assert.match(must(["audit", "verify", "--data", data]), /chain holds/);
    assert.match(sqlite(join(data, "gradus.db"), "SELECT detail FROM audit_log WHERE action = 'academy.restore'"), /"keys":true/);
    assert.deepEqual(readdirSync(data).filter((name) => /partial|restor/.test(name)), []);
    const server = await startServer({ t, data });
    assert.equal(server.logs.filter((entry) => JSON.stringify(entry).includes("signing_key_missing")).length, 0);
    const number = JSON.parse(readFileSync(join(data, "demo.json"), "utf8")).certificates.find((one) => one.state === "certified").number;
    const credential = join(scratch(), "credential.json");
    writeFileSync(credential, await (await server.client().fetch(`/certificates/${number}.json`)).text());
    must(["verify", credential, "--data", data]);
});

test("what a restore without keys cannot do is said before anything happens", () => {
    const credentials = Number(sqlite(join(academy, "gradus.db"), "SELECT count(*) FROM cert_credential"));
    const runs = Number(sqlite(join(academy, "gradus.db"), "SELECT count(*) FROM lab_snapshot"));
    const data = join(scratch(), "new");
    const refused = command(["restore", without, "--data", data]);
    assert.equal(refused.code, 2, refused.out);
    assert.match(refused.err, new RegExp(`${credentials} credentials were signed with the key z6Mk`));
    assert.match(refused.err, new RegExp(`${runs} lab runs were sealed with lab\\.key`));
    assert.match(refused.err, /Put the key files .* into .*new first, or restore --without-keys\. Nothing was changed/);
    assert.equal(existsSync(data), false);
    // With the keys put there first nothing is missing; with others of the same name it is.
    mkdirSync(data);
    cpSync(join(academy, "keys"), join(data, "keys"), { recursive: true });
    assert.match(command(["restore", without, "--data", data]).err, /lab runs/);
    writeFileSync(join(data, "lab.key"), Buffer.alloc(32, 7), { mode: 0o600 });
    assert.match(command(["restore", without, "--data", data]).err, /lab runs/);
    cpSync(join(academy, "lab.key"), join(data, "lab.key"));
    const sealed = ["content_completion", "lab_run", "exam_response"].reduce((sum, table) => sum + Number(sqlite(join(academy, "gradus.db"), `SELECT count(*) FROM ${table} WHERE seal IS NOT NULL`)), 0);
    const unsealed = command(["restore", without, "--data", data]);
    assert.deepEqual([unsealed.code, new RegExp(`${sealed} completed modules, lab runs and exam answers were sealed with seal\\.key`).test(unsealed.err)], [2, true], unsealed.err);
    assert.doesNotMatch(unsealed.err, /with lab\.key/);
    cpSync(join(academy, "seal.key"), join(data, "seal.key"));
    must(["restore", without, "--data", data]);
    must(["audit", "verify", "--data", data]);
    // Or somebody knows, and says so.
    const known = join(scratch(), "known");
    assert.match(must(["restore", without, "--without-keys", "--data", known]), /as was said:\n.*nobody can verify them/);
    assert.match(must(["restore", withKeys, "--without-keys", "--data", join(scratch(), "known")]), /nobody can verify them/);
});

test("another passphrase, a short one, and none", () => {
    const data = join(scratch(), "new");
    for (const [input, words] of [[`${passphrase} \n`, /passphrase is another one/], ["\n", /no passphrase was given/], ["", /no passphrase was given/]]) {
        const done = command(["restore", withKeys, "--data", data], { input });
        assert.equal(done.code, 2, JSON.stringify(input));
        assert.match(done.err, words);
        assert.match(done.err, /Nothing was changed/);
        assert.equal(existsSync(data), false);
    }
    for (const [input, code] of [["eleven char\n", 2], ["twelve chars\n", 0], ["\n", 2], ["", 2]]) {
        const file = join(scratch("backup"), "file");
        assert.equal(command(["backup", file, "--with-keys", "--data", academy], { input }).code, code, JSON.stringify(input));
        assert.equal(existsSync(file), code === 0);
    }
});

test("a backup of which one byte is wrong, or the end is missing, is refused and changes nothing", () => {
    const data = makeAcademy(), was = contents(data);
    const bytes = readFileSync(withKeys), bad = join(scratch(), "bad");
    const at = (text, from = 0) => {
        const i = bytes.indexOf(text, from);
        assert.ok(i > 0, text);
        return i;
    };
    const cases = { manifest: at('"made_at"') + 12, sum: at("manifest.json.sha256") + 512, database: at("SQLite format 3") + 40_000, head: at("gradus.db.audit-head", at("manifest.json.sha256")) + 512, sealed: at("GRADUSKEYS1") + 60 };
    for (const [name, i] of Object.entries(cases)) {
        const changed = Buffer.from(bytes);
        changed[i] ^= 1;
        writeFileSync(bad, changed);
        const done = command(["restore", bad, "--replace", "--data", data], { input: `${passphrase}\n` });
        assert.equal(done.code, 2, `${name}: ${done.out}`);
        assert.match(done.err, /no whole backup of Gradus: .*Nothing was changed/, name);
        assert.deepEqual(contents(data), was, name);
    }
    for (const length of [0, 100, 512, 5000, Math.floor(bytes.length / 2), bytes.length - 10_240 - 512]) {
        writeFileSync(bad, bytes.subarray(0, length));
        const done = command(["restore", bad, "--replace", "--data", data], { input: `${passphrase}\n` });
        assert.equal(done.code, 2, `${length}: ${done.out}`);
        assert.match(done.err, /Nothing was changed/, String(length));
        assert.deepEqual(contents(data), was, String(length));
    }
    // Names that lead out of the folder, links, and files that nobody announced.
    const inside = scratch(), evil = join(scratch(), "evil.tar");
    tar("-xf", withKeys, "-C", inside);
    spawnSync("ln", ["-s", "/etc/passwd", join(inside, "link")]);
    writeFileSync(join(inside, "extra"), "x");
    for (const more of [["link"], ["extra"], ["--transform", "s,^extra,../../evil,", "extra"], ["gradus.db"]]) {
        tar("-cf", evil, "-P", "-C", inside, "manifest.json", "manifest.json.sha256", "gradus.db", "gradus.db.audit-head", "demo.json", "keys.sealed", ...more);
        const done = command(["restore", evil, "--replace", "--data", data], { input: `${passphrase}\n` });
        assert.equal(done.code, 2, more.join(" "));
        assert.match(done.err, /no whole backup/);
        assert.deepEqual(contents(data), was, more.join(" "));
    }
});

test("what is replaced is kept, keys and all, and can be put back", () => {
    const data = makeDemo();
    addPerson(data, "newcomer");
    const was = contents(data), other = makeAcademy(), file = join(scratch("backup"), "other");
    must(["backup", file, "--data", other]);
    must(["restore", withKeys, "--replace", "--data", data], { input: `${passphrase}\n` });
    assert.doesNotMatch(must(["user", "list", "--data", data]), /newcomer/);
    for (const name of keyFiles(data)) {
        const kept = name.includes("/") ? name.replace("keys/", "keys.before-restore/") : `${name}.before-restore`;
        assert.equal(sha256(join(data, kept)), was[name], kept);
    }
    assert.match(sqlite(join(data, "gradus.db.before-restore"), "SELECT group_concat(login) FROM person"), /newcomer/);
    assert.equal(sha256(join(data, "gradus.db.before-restore.audit-head")), was["gradus.db.audit-head"]);
    must(["restore", file, "--replace", "--data", data]);
    assert.equal(sqlite(join(data, "gradus.db.before-restore.2"), "SELECT count(*) FROM audit_log WHERE action = 'academy.restore'"), "1");
});

test("a single database, as older programs wrote it, is restored, and begins a new head", () => {
    const data = makeAcademy(), file = join(scratch("backup"), "old.backup");
    sqlite(join(data, "gradus.db"), `VACUUM INTO '${file}'`);
    const into = join(scratch(), "new");
    must(["restore", file, "--data", into]);
    assert.match(must(["user", "list", "--data", into]), /\blearner\b/);
    must(["audit", "verify", "--data", into]);
    assert.equal(sqlite(join(into, "gradus.db"), "SELECT action FROM audit_log ORDER BY seq DESC LIMIT 1"), "academy.restore");
    assert.ok(existsSync(file));
});

test("a lost end of the log goes with the backup, and everybody says so", () => {
    const data = makeAcademy(), file = join(scratch("backup"), "file"), into = join(scratch(), "new");
    sqlite(join(data, "gradus.db"), "DROP TRIGGER audit_log_no_delete; DELETE FROM audit_log WHERE seq = (SELECT max(seq) FROM audit_log)");
    const backup = command(["backup", file, "--data", data]);
    assert.equal(backup.code, 1, backup.err);
    assert.match(backup.err, /end was cut off/);
    const refused = command(["restore", file, "--data", into]);
    assert.equal(refused.code, 2, refused.out);
    assert.match(refused.err, /end was cut off.*--as-it-is/s);
    assert.equal(existsSync(into), false);
    assert.match(must(["restore", file, "--as-it-is", "--data", into]), /audit log is broken/);
    assert.equal(command(["audit", "verify", "--data", into]).code, 1);
    assert.equal(command(["serve", "--port", "0", "--data", into]).code, 2);
    must(["audit", "accept", "--reason", "the backup had lost it", "--data", into]);
    must(["audit", "verify", "--data", into]);
});

test("what is there and cannot be read is not left out of a backup in silence", () => {
    for (const name of ["profile-links.txt", "gradus.db.audit-head"]) {
        const data = makeAcademy(), file = join(scratch("backup"), "file");
        rmSync(join(data, name), { force: true });
        mkdirSync(join(data, name)); // a file of another user is no hindrance for root, who runs these tests
        const done = command(["backup", file, "--data", data]);
        assert.equal(done.code, 2, name);
        assert.match(done.err, new RegExp(`cannot be written: .*${name} cannot be read .*Nothing is left of it`), name);
        assert.equal(existsSync(file), false);
    }
});

test("keys that are there and cannot be read are not called missing", () => {
    const data = join(scratch(), "new");
    mkdirSync(data);
    cpSync(join(academy, "keys"), join(data, "keys"), { recursive: true });
    cpSync(join(academy, "lab.key"), join(data, "lab.key"));
    const [key] = readdirSync(join(data, "keys"));
    chmodSync(join(data, "keys", key), 0o644);
    const refused = command(["restore", without, "--data", data]);
    assert.equal(refused.code, 2, refused.out);
    assert.match(refused.err, /the keys in .*new cannot be read: .* can be read by others .*Nothing was changed/);
    assert.doesNotMatch(refused.err, /nobody can verify/);
    chmodSync(join(data, "keys", key), 0o600);
    rmSync(join(data, "lab.key"));
    mkdirSync(join(data, "lab.key"));
    const second = command(["restore", without, "--data", data]);
    assert.equal(second.code, 2, second.out);
    assert.match(second.err, /the key .*lab\.key cannot be read/);
    assert.doesNotMatch(second.err, /lab runs/);
    rmSync(join(data, "lab.key"), { recursive: true });
    cpSync(join(academy, "lab.key"), join(data, "lab.key"));
    cpSync(join(academy, "seal.key"), join(data, "seal.key"));
    must(["restore", without, "--data", data]);
    chmodSync(join(data, "keys", key), 0o644);
    const verified = command(["audit", "verify", "--data", data]);
    assert.match(verified.out, /whether it is in .*keys cannot be said: .* can be read by others/);
});

// As the packaged service runs: a user of its own owns the folder, and root's commands come by.
const service = 61234;
let installed;
const give = (path) => {
    chownSync(path, service, service);
    if (statSync(path).isDirectory()) for (const name of readdirSync(path)) give(join(path, name));
};
const asService = (args, options = {}) => {
    const done = spawnSync("setpriv", ["--reuid", String(service), "--regid", String(service), "--clear-groups", installed.program, ...args], { encoding: "utf8", cwd: "/", ...options });
    return { code: done.status, out: done.stdout, err: done.stderr };
};
const mustAsService = (args, options) => {
    const done = asService(args, options);
    assert.equal(done.code, 0, `${args.join(" ")}: ${done.err}`);
};

test("what root's commands make beside a server of another user belongs to that user", { skip: process.getuid() === 0 ? false : "only root can give files away" }, () => {
    installed = installForAll();
    const data = makeAcademy();
    // The locks go, so that root makes them.
    for (const name of readdirSync(data)) if (/\.(lock|serving)$/.test(name)) rmSync(join(data, name));
    give(data);
    const strangers = () => readdirSync(data, { recursive: true }).filter((name) => !name.includes(".before-restore") && statSync(join(data, name)).uid !== service);
    addPerson(data, "by-root");
    assert.deepEqual(strangers(), []);
    must(["key", "add", "--data", data]);
    assert.deepEqual(strangers(), []);
    mustAsService(["user", "add", "by-service", "--name", "S", "--email", "s@example.org", "--own-password-stdin", "--data", data], { input: "a long password for them\n" });
    mustAsService(["audit", "verify", "--data", data]);
    // A backup that root makes stays root's, wherever it is put.
    const file = join(data, "..", `${basename(data)}-backup`);
    must(["backup", file, "--with-keys", "--data", data], { input: `${passphrase}\n` });
    assert.equal(statSync(file).uid, 0);
    assert.deepEqual(strangers(), []);
    must(["restore", file, "--replace", "--data", data], { input: `${passphrase}\n` });
    assert.deepEqual(strangers(), []);
    mustAsService(["key", "list", "--data", data]);
    mustAsService(["audit", "verify", "--data", data]);
    mustAsService(["user", "add", "later", "--name", "L", "--email", "l@example.org", "--own-password-stdin", "--data", data], { input: "a long password for them\n" });
    // A head that an older program made for root is not called somebody else's invention.
    chownSync(join(data, "gradus.db.audit-head"), 0, 0);
    const refused = asService(["audit", "verify", "--data", data]);
    assert.equal(refused.code, 2, refused.out);
    assert.match(refused.err, /audit-head cannot be read: Permission denied\. It has to belong to the user of the server/);
    assert.match(asService(["serve", "--port", "0", "--root", installed.root, "--data", data]).err, /audit-head cannot be read: Permission denied/);
    rmSync(file);
});
