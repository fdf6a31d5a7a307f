// The audit log of an academy that runs: its head, what is signed and published of it, and what every command says when
// files were lost or changed.
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { createHash, createPublicKey, verify as verifySignature } from "node:crypto";
import { cpSync, existsSync, readFileSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { addPerson, command, makeAcademy, makeDemo, must, scratch, startServer } from "../lib/server.mjs";

const sqlite = (file, sql) => {
    const done = spawnSync("sqlite3", [file, sql], { encoding: "utf8" });
    assert.equal(done.status, 0, done.stderr);
    return done.stdout.trim();
};
const head = (data) => readFileSync(join(data, "gradus.db.audit-head"), "utf8");
const cutLog = (data) => sqlite(join(data, "gradus.db"), "DROP TRIGGER audit_log_no_delete; DELETE FROM audit_log WHERE seq = (SELECT max(seq) FROM audit_log)");
const digits = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz";
const base58 = (text) => {
    const hex = [...text].reduce((n, c) => n * 58n + BigInt(digits.indexOf(c)), 0n).toString(16);
    return Buffer.from(hex.padStart(hex.length + (hex.length % 2), "0"), "hex");
};

/** What all of them say of one folder: [command, its answer]. */
function everybody(data) {
    return [["serve", "--port", "0"], ["audit", "verify"], ["user", "add", "late", "--name", "Late", "--email", "late@example.org"], ["key", "add"]].map((args) => [args.join(" "), command([...args, "--data", data])]);
}

test("a lost end of the log is told by every command, and the head stays where it was", () => {
    const data = makeAcademy(), before = head(data);
    cutLog(data);
    for (const [name, done] of everybody(data)) {
        assert.equal(done.code, name === "audit verify" ? 1 : 2, `${name}: ${done.out}${done.err}`);
        assert.match(done.err, /ends with row \d+, but row \d+ was written .*end was cut off/, name);
        assert.equal(head(data), before, name);
    }
});

test("a -wal that vanished is a lost end", async (t) => {
    const server = await startServer({ t });
    await server.stop();
    await server.restart();
    await server.signedIn("admin");
    await server.kill9();
    const before = head(server.data);
    rmSync(join(server.data, "gradus.db-wal"));
    rmSync(join(server.data, "gradus.db-shm"), { force: true });
    const done = command(["serve", "--port", "0", "--data", server.data]);
    assert.equal(done.code, 2, done.out);
    assert.match(done.err, /lost -wal file/);
    assert.match(done.err, /restore a backup\..*gradus audit accept --reason/);
    assert.equal(head(server.data), before);
});

test("a missing head is an error with a way on, which is audited", () => {
    const data = makeAcademy();
    rmSync(join(data, "gradus.db.audit-head"));
    for (const [name, done] of everybody(data)) {
        assert.equal(done.code, name === "audit verify" ? 1 : 2, `${name}: ${done.out}${done.err}`);
        assert.match(done.err, /audit-head is missing, while the audit log has \d+ rows/, name);
    }
    assert.equal(command(["audit", "accept", "--data", data]).code, 2, "accepted without a reason");
    assert.equal(command(["audit", "accept", "--reason", "too short", "--data", data]).code, 2);
    assert.ok(!existsSync(join(data, "gradus.db.audit-head")));
    must(["audit", "accept", "--reason", "copied without it", "--data", data]);
    must(["audit", "verify", "--data", data]);
    assert.match(sqlite(join(data, "gradus.db"), "SELECT detail FROM audit_log WHERE action = 'audit.accept'"), /"reason":"copied without it","by":"\w+"/);
    addPerson(data, "goes-on");
    const again = command(["audit", "accept", "--reason", "nothing is wrong", "--data", data]);
    assert.equal(again.code, 2);
    assert.match(again.err, /nothing to accept/);
});

test("RULE own-schema: what was put into the database past the program is told by every command, and never fired", async (t) => {
    const server = await startServer({ t }), db = join(server.data, "gradus.db"), spy = "CREATE TRIGGER spy AFTER INSERT ON audit_log BEGIN UPDATE password SET hash = 'x'; END";
    const found = /gradus\.db has a trigger that is none of Gradus \(spy, on audit_log\): somebody wrote into the file past the program/;
    await server.stop();
    sqlite(db, spy);
    const hashes = sqlite(db, "SELECT hash FROM password ORDER BY person_id");
    for (const [name, done] of everybody(server.data)) {
        assert.equal(done.code, 2, `${name}: ${done.out}${done.err}`);
        assert.match(done.err, found, name);
    }
    assert.equal(sqlite(db, "SELECT hash FROM password ORDER BY person_id"), hashes, "it was fired");
    sqlite(db, "DROP TRIGGER spy; ANALYZE");
    await server.restart();
    must(["audit", "verify", "--data", server.data]);
});

test("keys without a database are no new academy", async (t) => {
    const server = await startServer({ t });
    await server.stop();
    for (const name of readdirSync(server.data)) if (name.startsWith("gradus.db")) rmSync(join(server.data, name));
    const before = readdirSync(server.data).sort();
    assert.ok(before.includes("keys") && before.includes("lab.key"), before.join());
    for (const args of [["serve", "--port", "0"], ["user", "add", "late", "--name", "Late", "--email", "late@example.org"]]) {
        const done = command([...args, "--data", server.data]);
        assert.equal(done.code, 2, done.out);
        assert.match(done.err, /gradus\.db is missing, but .*\/keys is there: .*restore a backup/);
        assert.deepEqual(readdirSync(server.data).sort(), before);
    }
});

test("the head is signed and published for strangers", async (t) => {
    const server = await startServer({ t });
    const anyone = server.client();
    const fetchHead = async (path = "/.well-known/audit-head") => {
        const answer = await anyone.fetch(path);
        assert.equal(answer.status, 200, path);
        assert.equal(answer.headers.get("access-control-allow-origin"), "*");
        assert.match(answer.headers.get("content-type"), /^application\/json/);
        return answer.text();
    };
    const text = await fetchHead(), first = JSON.parse(text);
    assert.equal(await fetchHead(`/.well-known/audit-head/${first.sequence}`), text);
    assert.equal(sqlite(join(server.data, "gradus.db"), `SELECT hash FROM audit_log WHERE seq = ${first.sequence}`), first.hash);
    // With means of its own: the key is in did.json, and made the signature over the four lines.
    const did = await (await anyone.fetch("/.well-known/did.json")).json();
    assert.ok(did.verificationMethod.some((method) => method.publicKeyMultibase === first.key));
    const key = createPublicKey({ key: Buffer.concat([Buffer.from("302a300506032b6570032100", "hex"), base58(first.key.slice(1)).subarray(2)]), format: "der", type: "spki" });
    const message = `gradus-audit-head/1\n${first.sequence}\n${first.hash}\n${first.time}\n`;
    assert.ok(verifySignature(null, Buffer.from(message), key, base58(first.signature.slice(1))));
    // A change of who may do what is signed at once.
    const admin = await server.signedIn("admin");
    const person = sqlite(join(server.data, "gradus.db"), "SELECT id FROM person WHERE login = 'learner'");
    const changed = await admin.post(`/admin/people/${person}/roles`, { "roles[]": "instructor" }, { from: "/admin/people" });
    assert.ok(changed.status < 400, String(changed.status));
    const second = JSON.parse(await fetchHead());
    assert.ok(second.sequence > first.sequence);
    assert.equal(sqlite(join(server.data, "gradus.db"), `SELECT action FROM audit_log WHERE seq = ${second.sequence}`), "person.roles");
    for (const path of ["/.well-known/audit-head/999999", "/.well-known/audit-head/0", "/.well-known/audit-head/x"]) assert.equal((await anyone.fetch(path)).status, 404, path);
    // What was kept elsewhere is compared.
    const kept = join(scratch(), "head.json");
    writeFileSync(kept, text);
    assert.match(must(["audit", "verify", "--against", kept, "--data", server.data]), /row \d+ is as it was published/);
    writeFileSync(kept, text.replace(first.hash, second.hash));
    assert.equal(command(["audit", "verify", "--against", kept, "--data", server.data]).code, 1);
    assert.equal(command(["audit", "verify", "--against", join(scratch(), "none"), "--data", server.data]).code, 2);
});

test("a status list is a witness of the log, and finds one that was made anew", async (t) => {
    const data = makeDemo();
    const server = await startServer({ t, data });
    const list = await (await server.client().fetch("/status/1")).text();
    const [resource] = JSON.parse(list).relatedResource;
    const published = await (await server.client().fetch(new URL(resource.id).pathname)).text();
    const digest = Buffer.concat([Buffer.from([0x12, 32]), createHash("sha256").update(published).digest()]);
    assert.equal(resource.digestMultibase, `u${digest.toString("base64url")}`);
    await server.stop();
    const kept = join(scratch(), "list.json");
    writeFileSync(kept, list);
    assert.match(must(["audit", "verify", "--against", kept, "--data", data]), /is as it was published/);
    // Somebody with the folder takes the signatures away, changes a row on which no record rests, and makes all hashes and the
    // head anew.
    const changed = scratch();
    cpSync(data, changed, { recursive: true });
    const db = join(changed, "gradus.db");
    sqlite(db, `DROP TRIGGER audit_log_no_update; DROP TRIGGER audit_signed_head_remains; DELETE FROM audit_signed_head; UPDATE audit_log SET action = 'nothing.happened' WHERE action = 'demo.fill'`);
    const rows = JSON.parse(sqlite(db, "SELECT json_group_array(json_array(seq, at_ms, actor, action, subject, detail)) FROM (SELECT * FROM audit_log ORDER BY seq)"));
    let before = "0".repeat(64);
    const updates = rows.map((row) => {
        before = createHash("sha256").update(JSON.stringify([...row, before])).digest("hex");
        return `UPDATE audit_log SET hash = '${before}' WHERE seq = ${row[0]};`;
    });
    const done = spawnSync("sqlite3", [db], { input: updates.join("\n"), encoding: "utf8" });
    assert.equal(done.status, 0, done.stderr);
    writeFileSync(join(changed, "gradus.db.audit-head"), `${rows.at(-1)[0]} ${before}\n`);
    const alone = command(["audit", "verify", "--data", changed]); // the chain fits; but steps of certification have no signature
    assert.equal(alone.code, 1, alone.out);
    assert.match(alone.err, /Rows [^]* are not signed by the academy/);
    assert.doesNotMatch(alone.err, /published/);
    const found = command(["audit", "verify", "--against", kept, "--data", changed]);
    assert.equal(found.code, 1, found.out);
    assert.match(found.err, /not the one that was published/);
});

test("RULE audit-sign: a fact and its signature are one COMMIT, whenever the server is killed", async (t) => {
    const server = await startServer({ t }), db = join(server.data, "gradus.db");
    const person = sqlite(db, "SELECT id FROM person WHERE login = 'learner'");
    const unsigned = () => sqlite(db, "SELECT count(*) FROM audit_log l WHERE l.action = 'person.roles' AND NOT EXISTS (SELECT 1 FROM audit_signed_head h WHERE h.seq = l.seq AND h.hash = l.hash)");
    let facts = 0;
    for (const wait of [0, 3, 10, 30, 100]) {
        const admin = await server.signedIn("admin"), token = await admin.csrf("/admin/people");
        const changes = Array.from({ length: 40 }, (_, i) => admin.post(`/admin/people/${person}/roles`, { csrf: token, "roles[]": i % 2 ? "instructor" : "learner" }).catch(() => null));
        await Promise.race(changes);
        await new Promise((go) => setTimeout(go, wait));
        await server.kill9();
        await Promise.all(changes);
        assert.equal(unsigned(), "0");
        must(["audit", "verify", "--data", server.data]);
        facts = Number(sqlite(db, "SELECT count(*) FROM audit_log WHERE action = 'person.roles'"));
        await server.restart();
        must(["audit", "verify", "--data", server.data]);
    }
    assert.ok(facts > 5, `${facts} changes were made`);
});
