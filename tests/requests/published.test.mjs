// A kept exam and a kept programme are those that this academy published: whoever can write the database puts others there,
// under their own digests, and waits for a start with broken files.
import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, test } from "node:test";
import { writer } from "../lib/records.mjs";
import { addPerson, command, makeAcademy, startServer } from "../lib/server.mjs";
import { until } from "../lib/until.mjs";
import { upgradeRoot } from "../lib/upgrade.mjs";

const examFile = "exams/p/small.md", programmeFile = "content/p/programme.md";
const data = makeAcademy(), root = upgradeRoot(), file = join(data, "gradus.db"), { sql, changed, free } = writer(file);
for (const login of ["one", "two"]) addPerson(data, login);
const audit = () => command(["audit", "verify", "--data", data]);
const named = (action) => Number(sql(`SELECT count(*) FROM audit_log WHERE action = '${action}'`));
let server;
after(() => server?.stop());
const serve = async () => { server = await startServer({ data, args: ["--root", root] }); };
const stop = async () => { await server.stop(); server = null; };

// What another academy, whose exam is easier and whose level asks for nothing but a module, keeps of its own.
const elsewhere = makeAcademy(), otherRoot = upgradeRoot(), other = writer(join(elsewhere, "gradus.db")).sql;
for (const [name, from, to] of [[examFile, "percent: 60", "percent: 10"], [programmeFile, "      exams: [small]\n", ""]]) {
    const path = join(otherRoot, name), text = readFileSync(path, "utf8");
    assert.ok(text.includes(from));
    writeFileSync(path, text.replace(from, to));
}

test("a version is named once, when it is first kept, and by the first start what was kept before", async () => {
    await serve();
    await until("exams and programmes are kept", () => named("exam.publish") === 2 && named("content.publish") === 1);
    await stop();
    await serve();
    await stop();
    for (const [action, count] of [["exam.publish", 2], ["content.publish", 1], ["exam.publications", 1], ["content.publications", 1]]) assert.equal(named(action), count, action);
    assert.equal(audit().code, 0, audit().err);
    const there = await startServer({ data: elsewhere, args: ["--root", otherRoot] });
    await until("the other academy has kept its own", () => other("SELECT (SELECT count(*) FROM exam_publication) = 2 AND (SELECT count(*) FROM content_version WHERE kind = 'programme') = 1") === "1");
    await there.stop();
});

const quoted = (text) => `'${text.replaceAll("'", "''")}'`;
const good = Object.fromEntries([examFile, programmeFile].map((name) => [name, readFileSync(join(root, name), "utf8")]));

test("RULE exam-published: an exam that is kept, and that the log does not name, is not begun", async () => {
    free();
    const [version, source] = ["exam_version", "source"].map((column) => other(`SELECT ${column} FROM exam_publication WHERE file = '${examFile}'`));
    assert.match(source, /percent: 10/);
    writeFileSync(join(root, examFile), "broken");
    await changed("exam_publication", `file = '${examFile}'`, `exam_version = '${version}', source = ${quoted(`${source}\n`)}`, async () => {
        const done = audit();
        assert.deepEqual([done.code, new RegExp(`version ${version}: its exam is not one that this academy published`).test(done.err)], [1, true], done.out + done.err);
        await serve();
        const one = await server.signedIn("one"), lobby = await one.page("/exams/small");
        assert.match(lobby, /10 %|10%/);
        assert.match(lobby, /This exam cannot be started now/);
        assert.equal((await one.post("/exams/small/start", {}, { from: "/me" })).status, 409);
        assert.equal(sql("SELECT count(*) FROM exam_attempt"), "0");
        await until("the records are compared", async () => (await (await one.fetch("/healthz")).json()).records === "changed");
        assert.match(await (await server.signedIn("admin")).page("/admin"), /its exam is not one that this academy published/);
        await stop();
    });
    // The one that was published is begun, though its file is still broken.
    await serve();
    const one = await server.signedIn("one");
    assert.equal((await one.post("/exams/small/start", {}, { from: "/exams/small" })).status, 303);
    await stop();
    assert.equal(audit().code, 0, audit().err);
    // What was begun on a version does not count once another is kept in its place, or its name is not in the log.
    await changed("exam_publication", `file = '${examFile}'`, `source = source || ' '`, () => {
        const done = audit();
        assert.match(done.err, /attempt \w+: its exam is not one that this academy published/);
    });
    writeFileSync(join(root, examFile), good[examFile]);
});

test("RULE programme-published: by a programme that is kept, and that the log does not name, nobody applies", async () => {
    const [version, source] = ["version", "source"].map((column) => other(`SELECT ${column} FROM content_version WHERE kind = 'programme'`));
    writeFileSync(join(root, programmeFile), "broken");
    const forged = async () => {
        const done = audit();
        assert.deepEqual([done.code, new RegExp(`version ${version}: its programme is not one that this academy published`).test(done.err)], [1, true], done.out + done.err);
        await serve();
        const two = await server.signedIn("two"), page = await two.page("/programmes/p/levels/first");
        assert.doesNotMatch(page, /\/exams\/small/);
        assert.match(page, /What is on record of this programme is not what was published/);
        const answer = await two.post("/programmes/p/levels/first", { statement: "I have done all of this for years, in two companies." }, { from: "/me" });
        assert.deepEqual([answer.status, /What is on record for this is not what was logged/.test(await answer.text())], [409, true]);
        assert.equal(sql("SELECT count(*) FROM cert_application"), "0");
        await until("the records are compared", async () => (await (await two.fetch("/healthz")).json()).records === "changed");
        assert.match(await (await server.signedIn("admin")).page("/admin"), /its programme is not one that this academy published/);
        await stop();
        assert.equal(named("content.publish"), 1, "the program does not name it afterwards");
    };
    await changed("content_version", "kind = 'programme'", `version = '${version}', source = ${quoted(`${source}\n`)}`, () =>
        changed("content_publication", `file = '${programmeFile}'`, `version = '${version}'`, forged));
    await serve();
    assert.doesNotMatch(await (await server.signedIn("two")).page("/programmes/p/levels/first"), /is not what was published/);
    await stop();
    assert.equal(audit().code, 0, audit().err);
});
