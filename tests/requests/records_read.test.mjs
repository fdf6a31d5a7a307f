// What the reading of all records does with bad ones, and what a role that was never logged can do.
import assert from "node:assert/strict";
import { readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { writer } from "../lib/records.mjs";
import { command, makeDemo, must, startServer } from "../lib/server.mjs";

const data = makeDemo(), { sql, free } = writer(join(data, "gradus.db"));
const { password } = JSON.parse(readFileSync(join(data, "demo.json"), "utf8")).accounts[0];
const audit = () => command(["audit", "verify", "--data", data]);
free();

test("RULE each-record: a bad record is told by its id, and the others are read all the same", () => {
    const failed = sql("SELECT attempt_id FROM exam_result WHERE passed = 0 LIMIT 1"), long = "z".repeat(200);
    const copy = (id, person) => sql(`PRAGMA foreign_keys = 0; INSERT INTO cert_application SELECT '${id}', ${person}, programme_id, level_id, scheme_version, programme_version, basis, statement, at_ms FROM cert_application LIMIT 1`);
    const first = sql("SELECT min(id) FROM cert_application"), statement = sql(`SELECT statement FROM cert_application WHERE id = '${first}'`);
    sql(`UPDATE exam_result SET correct = correct + 1 WHERE attempt_id = '${failed}'`);
    const told = (sentence) => {
        const done = audit();
        assert.deepEqual([done.code, sentence.test(done.err)], [1, true], `${sentence}: ${done.out}${done.err}`);
        assert.match(done.err, new RegExp(`the attempt ${failed}: its result is not the one that was logged`));
        assert.doesNotMatch(done.err, /could not be compared/);
    };
    copy("0orphan", "'nobody'");
    told(/he case 0orphan: what belongs to it is not on record/);
    sql("DELETE FROM cert_application WHERE id = '0orphan'");
    copy(long, "person_id");
    copy(`${long}y`, "person_id");
    told(/he case z{60}…: its id is none of Gradus/);
    sql(`DELETE FROM cert_application WHERE id LIKE '${long}%'`);
    sql(`UPDATE cert_application SET statement = hex(zeroblob(40000000)) WHERE id = '${first}'`);
    told(new RegExp(`he case ${first}: it is larger than any that is written`));
    sql(`UPDATE cert_application SET statement = '${statement.replaceAll("'", "''")}' WHERE id = '${first}'`);
    sql(`UPDATE exam_result SET correct = correct - 1 WHERE attempt_id = '${failed}'`);
    assert.equal(audit().code, 0);
});

test("RULE logged-power: a role that was never logged gives no roles, no people, no cohorts and no extra time", async (t) => {
    const server = await startServer({ data, t });
    sql("INSERT INTO person_role SELECT id, 'admin', 1, 'nobody' FROM person WHERE login = 'learner'");
    const forged = await server.signedIn("learner", password), other = sql("SELECT id FROM person WHERE login = 'layla'");
    const rows = () => sql("SELECT (SELECT count(*) FROM person), (SELECT count(*) FROM person_role), (SELECT count(*) FROM cohort), (SELECT count(*) FROM exam_accommodation)");
    const before = rows();
    const ways = [
        [`/admin/people/${other}/roles`, { "roles[]": "assessor", password }, "/admin/people"],
        [`/admin/people/${other}/time`, { percent: "200", reason: "It was asked for in writing." }, "/admin/people"],
        ["/admin/cohorts", { name: "Of nobody", programme: "mops" }, "/admin/cohorts"],
    ];
    for (const [path, fields, from] of ways) assert.equal((await forged.post(path, fields, { from })).status, 403, path);
    assert.equal(rows(), before);
    sql("DELETE FROM person_role WHERE granted_by = 'nobody'");
});

test("RULE accepted-people: an accept excuses whoever was there, with the roles of then, and nobody who came later", () => {
    const add = (id) => sql(`INSERT INTO person (id, login, name, email, created_ms, email_key) VALUES ('${id}', '${id}', 'A Name', '${id}@x.example', 1, '${id}@x.example'); INSERT INTO person_role VALUES ('${id}', 'assessor', 1, 'system')`);
    add("before");
    assert.match(audit().err, /person before: roles are on record that were never logged/);
    rmSync(join(data, "gradus.db.audit-head"));
    must(["audit", "accept", "--reason", "the head was lost in a move", "--data", data]);
    assert.equal(audit().code, 0);
    add("later");
    assert.match(audit().err, /person later: roles are on record that were never logged/);
    sql("DELETE FROM person_role WHERE person_id = 'later'; INSERT INTO person_role VALUES ('before', 'admin', 1, 'system')");
    assert.match(audit().err, /person before: roles are on record that were never logged/);
});
