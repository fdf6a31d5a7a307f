// What is kept beside the facts (counts, the list of what waits, the words by which people and certificates are found) says what a scan of the
// facts says, also in an academy of before.
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { readFileSync, readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { addPerson, command, makeAcademy, must, root, scratch, startServer } from "../lib/server.mjs";

const sqlite = (file, sql) => {
    const done = spawnSync("sqlite3", ["-cmd", ".timeout 5000", file, `\n${sql}`], { encoding: "utf8" });
    assert.equal(done.status, 0, done.stderr);
    return done.stdout.trim();
};

const scans = {
    people: "SELECT count(*) FROM person",
    "sessions open": "SELECT count(*) FROM session WHERE ended_ms IS NULL",
    cohorts: "SELECT count(*) FROM cohort",
    "applications waiting": "SELECT count(*) FROM cert_application a WHERE NOT EXISTS (SELECT 1 FROM cert_decision d WHERE d.application_id = a.id)",
};

function agrees(file) {
    const kept = Object.fromEntries(sqlite(file, "SELECT name, n FROM kept_count").split("\n").map((line) => [line.split("|")[0], Number(line.split("|")[1])]));
    const counted = Object.fromEntries(Object.entries(scans).map(([name, sql]) => [name, Number(sqlite(file, sql))]));
    assert.deepEqual(kept, counted);
    assert.equal(sqlite(file, "SELECT count(*) FROM person p WHERE NOT EXISTS (SELECT 1 FROM person_word w WHERE w.person_id = p.id AND w.word = p.login)"), "0");
    assert.equal(sqlite(file, "SELECT (SELECT count(*) FROM person_unfound) + (SELECT count(*) FROM cert_unfound)"), "0");
    return kept;
}

test("counts follow every statement that changes what they count", async (t) => {
    const data = makeAcademy(), file = join(data, "gradus.db");
    const server = await startServer({ data, t });
    const first = agrees(file), admin = await server.signedIn("admin");
    assert.equal(agrees(file)["sessions open"], first["sessions open"] + 1);
    const learner = await server.signedIn("learner");
    assert.equal(agrees(file)["sessions open"], first["sessions open"] + 2);
    await learner.post("/logout", {}, { from: "/me" });
    assert.equal(agrees(file)["sessions open"], first["sessions open"] + 1);
    assert.equal((await admin.post("/admin/people", { login: "more", name: "One More", email: "more@example.org", "roles[]": "learner" }, { from: "/admin/people" })).status, 200);
    assert.equal(agrees(file).people, first.people + 1);
    assert.equal((await admin.post("/admin/people", { login: "more", name: "One More", email: "again@example.org", "roles[]": "learner" }, { from: "/admin/people" })).status, 400);
    assert.equal(agrees(file).people, first.people + 1);
    assert.equal((await admin.post("/admin/cohorts", { name: "Autumn", programme: "gradus" }, { from: "/admin/cohorts" })).status, 303);
    assert.equal(agrees(file).cohorts, first.cohorts + 1);
    // Deleted on time, by other statements.
    sqlite(file, "UPDATE session SET ended_ms = NULL; DELETE FROM session");
    assert.equal(agrees(file)["sessions open"], 0);
    await server.assertWell();
});

test("an academy of before gets its counts, its list and its words when it is opened", async (t) => {
    const made = makeAcademy(), newest = join(made, "gradus.db");
    const folder = join(root, "engine/store/migrations"), mine = readdirSync(folder).find((name) => name.endsWith("_growth.sql")), number = Number(mine.slice(0, 4));
    const old = scratch(), file = join(old, "gradus.db");
    const before = readdirSync(folder).filter((name) => Number(name.slice(0, 4)) < number).sort();
    const applied = (id, at) => `INSERT INTO cert_application (id, person_id, programme_id, level_id, scheme_version, programme_version, basis, statement, at_ms) VALUES ('${id}', 'p1', 'gradus', 'x', '1', '0', 'training', '', ${at});`;
    sqlite(file, `${before.map((name) => readFileSync(join(folder, name), "utf8")).join("\n")}
        ATTACH '${newest}' AS new;
        PRAGMA application_id = ${sqlite(newest, "PRAGMA application_id")};
        CREATE TABLE schema_migration (number INTEGER NOT NULL PRIMARY KEY, name TEXT NOT NULL, checksum TEXT NOT NULL, applied_ms INTEGER NOT NULL) STRICT;
        INSERT INTO schema_migration SELECT number, name, checksum, applied_ms FROM new.schema_migration WHERE number < ${number};
        WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 700)
        INSERT INTO person (id, login, name, email, created_ms, email_key) SELECT 'p' || i, 'login' || i, 'Éva Number' || i, 'e' || i || '@example.org', 0, 'e' || i || '@example.org' FROM n;
        ${applied("a1", 10)} ${applied("a2", 20)} ${applied("a3", 30)}
        INSERT INTO cert_decision (id, application_id, outcome, actor, reason, evidence, at_ms) VALUES ('d', 'a2', 'refused', 'p2', 'r', '[]', 40);
        INSERT INTO session (id, person_id, csrf, created_ms, expires_ms, ended_ms, client) VALUES ('s1', 'p1', '', 0, 9000000000000, NULL, ''), ('s2', 'p1', '', 0, 9000000000000, 8000000000000, '');`);
    assert.equal(must(["user", "list", "eva number70", "--data", old]).trim().split("\n").length, 2); // 70 and 700
    const server = await startServer({ data: old, t });
    assert.deepEqual(agrees(file), { people: 700, "sessions open": 1, cohorts: 0, "applications waiting": 2 });
    assert.equal(sqlite(file, "SELECT group_concat(application_id || person_id || at_ms) FROM cert_waiting"), "a1p110,a3p130");
    await server.assertWell();
});

test("a list of people and a search go on by key, page after page, and keep what was searched for", async (t) => {
    const data = makeAcademy();
    for (let i = 0; i < 3; i++) addPerson(data, `extra${i}`, { name: `Extra & Person${i}` });
    const rows = Array.from({ length: 120 }, (_, i) => `many${i},Máñy Person${i},many${i}@example.org`).join("\n");
    const table = join(scratch(), "people.csv");
    writeFileSync(table, `login,name,email\n${rows}\n`);
    const done = command(["user", "import", table, "--commit", "--data", data]);
    assert.equal(done.code, 0, done.err);
    const server = await startServer({ data, t }), admin = await server.signedIn("admin");
    const walk = async (path, pages) => {
        const seen = [];
        for (let page = 1; ; page++) {
            const html = await admin.page(path);
            const names = [...html.matchAll(/<th scope="row"><bdi>(.*?)<\/bdi>/g)].map((m) => m[1]);
            assert.ok(names.length <= 50);
            seen.push(...[...html.matchAll(/\/admin\/people\/([0-9a-z]+)\/reset/g)].map((m) => m[1]));
            assert.equal(/First page/.test(html), page > 1);
            const next = /rel="next" href="([^"]+)"/.exec(html);
            if (!next) {
                assert.equal(page, pages);
                break;
            }
            path = next[1].replaceAll("&amp;", "&");
        }
        assert.equal(new Set(seen).size, seen.length);
        return seen.length;
    };
    assert.equal(await walk("/admin/people?q=many", 3), 120);
    assert.equal(await walk("/admin/people?q=%20MANY%20%26%20person", 3), 120);
    assert.ok((await walk("/admin/people", 3)) > 120);
    assert.equal(await walk("/admin/people?q=extra%20%26", 1), 3);
    assert.match(await admin.page("/admin/people?q=nobody"), /Nobody found/);
    for (const after of ["%20", "x", "%F4%8F%BF%BF%20z", "9%209%209"]) for (const path of ["/admin/people?", "/admin/people?q=many&", "/assess/certificates?", "/assess/certificates?q=a&"]) assert.equal((await admin.fetch(`${path}after=${after}`)).status, 200, path);
    await server.assertWell();
});

test("a page that needs more memory than one request may have is a 413, which does not pass by waiting; others go on", async (t) => {
    const server = await startServer({ t }), admin = await server.signedIn("admin");
    sqlite(join(server.data, "gradus.db"), `INSERT INTO cohort VALUES ('crowd', 'Crowd', 'none', 1);
        WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 100000)
        INSERT INTO person (id, login, name, email, created_ms) SELECT 'crowd' || i, 'crowd' || i, 'C', 'c@example.org', 1 FROM n;
        INSERT INTO cohort_member SELECT 'crowd', id, 'learner', 1, NULL FROM person WHERE id LIKE 'crowd%'`);
    const answer = await admin.fetch("/admin/cohorts/crowd"), text = await answer.text();
    assert.equal(answer.status, 413, text.slice(0, 300));
    assert.match(text, /needs more memory than one request may have\. Nothing was changed/);
    assert.equal(answer.headers.get("retry-after"), null);
    await admin.page("/admin/cohorts");
});
