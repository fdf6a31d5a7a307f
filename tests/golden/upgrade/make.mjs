// Makes academy.sql.gz and facts.json: node tests/golden/upgrade/make.mjs TREE, where TREE is a built working copy of the
// version before migration 7 (git worktree add --detach TREE a7aedca). Everything is done through that program, as people
// would; all names are invented.
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { gzipSync } from "node:zlib";
import { lab, upgradeRoot } from "../../lib/upgrade.mjs";

const tree = resolve(process.argv[2] ?? "");
assert.ok(existsSync(join(tree, "build/gradus")), "usage: node tests/golden/upgrade/make.mjs TREE (built)");
const { addPerson, must, password, scratch, startServer } = await import(join(tree, "tests/lib/server.mjs"));
const { startAttempt } = await import(join(tree, "tests/lib/exam.mjs"));
const { caseOf } = await import(join(tree, "tests/lib/level.mjs"));

const data = scratch("old"), files = upgradeRoot(tree);
const names = { ada: "Ada Example", bo: "Bo Example", cy: "Cy Example", di: "Di Example", eve: "Eve Example", fay: "نور مثال", gus: "สมชาย ตัวอย่าง" };
for (const [login, name] of Object.entries(names)) addPerson(data, login, { name });
addPerson(data, "assessor", { name: "Noor Assessor", roles: "assessor" });
addPerson(data, "second", { name: "Max Second", roles: "assessor" });
addPerson(data, "admin", { roles: "admin" });
addPerson(data, "instructor", { roles: "instructor" });
const csv = join(scratch("csv"), "people.csv");
writeFileSync(csv, "login,name,email,roles\nhal,Hal Imported,hal@example.org,learner\nivy,Ivy Imported,IVY@Example.org,learner instructor\n");
const imported = must(["user", "import", csv, "--commit", "--data", data]);

const server = await startServer({ data, args: ["--root", files, "--origin", "http://academy.example:8080"] });
const admin = await server.signedIn("admin"), assessor = await server.signedIn("assessor");
const reason = "All of it was checked against the evidence.";
const people = await admin.page("/admin/people");
const idOf = (login) => new RegExp(`<tr(?:(?!</tr>)[^])*?${login}@example\\.org(?:(?!</tr>)[^])*?/admin/people/(\\w+)/`, "i").exec(people)?.[1] ?? assert.fail(`${login} is not listed`);
const facts = { made_ms: 0, password, imported, people: {}, attempts: {}, certificates: {}, receipts: {}, papers: {} };
for (const login of Object.keys(names)) facts.people[login] = idOf(login);

// A cohort with its instructor; more time for one.
const cohort = (await admin.post("/admin/cohorts", { name: "Spring", programme: "p" }, { from: "/admin/cohorts" })).headers.get("location")?.replace(/\?.*/, "");
for (const login of ["fay", "gus"]) assert.equal((await admin.post(`${cohort}/members`, { logins: login, role: "learner" }, { from: cohort })).status, 303);
assert.equal((await admin.post(`${cohort}/members`, { logins: "instructor", role: "instructor" }, { from: cohort })).status, 303);
const time = `/admin/people/${facts.people.bo}/time`, given = await admin.post(time, { exam: "", percent: "150", reason: "A longer time was agreed on." }, { from: time });
assert.equal(given.status, 303, await given.text());

// Attempts: the question's page tells which option is the key (their texts are ours).
async function sit(client, id, right, { submit = true, exam = "small" } = {}) {
    const attempt = await startAttempt(client, exam), token = await client.csrf("/me");
    facts.attempts[`${id}-${exam}`] = attempt;
    for (let slot = 1; slot <= right.length; slot++) {
        if (right[slot - 1] === null) continue;
        const page = await client.page(`/attempts/${attempt}/q/${slot}`);
        const options = [...page.matchAll(/(First|Second|Third) of \d/g)].map((m) => m[1]).slice(0, 3);
        const response = options.indexOf(right[slot - 1] ? "Second" : "Third") + 1;
        for (const seq of [1, 2]) { // a first thought, and the answer that counts
            const answer = await client.fetch(`/attempts/${attempt}/responses/${slot}`, { method: "PUT", headers: { "content-type": "application/json", "x-csrf-token": token }, body: JSON.stringify({ seq, response: seq === 1 ? response % 3 + 1 : response, client: "make" }) });
            const told = await answer.json();
            assert.equal(answer.status, 200, JSON.stringify(told));
            if (seq === 2) (facts.receipts[attempt] ??= []).push({ slot, seq, response, told });
        }
    }
    if (submit) assert.equal((await client.post(`/attempts/${attempt}/submit`, { anyway: "1", sure: "1", confirm: "1" }, { from: `/attempts/${attempt}/review` })).status, 303);
    return attempt;
}
const clients = {};
for (const login of Object.keys(names)) clients[login] = await server.signedIn(login);
const read = (client) => client.post("/modules/one/progress", { section: "*", done: "1" });
for (const login of ["ada", "bo", "cy", "di", "eve"]) {
    assert.ok((await read(clients[login])).status < 400);
    await sit(clients[login], login, login === "bo" ? [true, true, null] : [true, true, true]);
}
await sit(clients.ada, "ada", [false, true, false], { exam: "practice" });
await sit(clients.fay, "fay", [false, true, null]); // failed
await sit(clients.gus, "gus", [true, null, true], { submit: false }); // runs
const sql = (text) => execFileSync("sqlite3", ["-cmd", ".timeout 5000", join(data, "gradus.db"), text], { encoding: "utf8" }).trim();
for (let i = 0; i < 100 && sql("SELECT count(*) FROM exam_result") !== "7"; i++) await new Promise((go) => setTimeout(go, 200));
assert.equal(sql("SELECT count(*) FROM exam_result"), "7");

// Certificates: valid, suspended, revoked, reinstated; a refused case and one that waits.
async function certify(login, level, outcome = "granted") {
    const answer = await clients[login].post(`/programmes/p/levels/${level}`, {});
    assert.equal(answer.status, 303, await answer.text());
    if (!outcome) return;
    const path = await caseOf(assessor, names[login]);
    if (login === "ada") assert.equal((await (await server.signedIn("second")).post(`${path}/marks`, { subject: "application", verdict: "sufficient", comment: "The answers are sound." }, { from: path })).status, 303);
    assert.equal((await assessor.post(`${path}/decision`, { outcome, reason })).status, 303);
    if (outcome === "granted") facts.certificates[login] = /\/certificates\/(GR-[0-9A-Z-]+)/.exec(await assessor.page(path))[1];
}
for (const login of ["ada", "bo", "cy", "di"]) await certify(login, "first");
await certify("eve", "first", "refused");
assert.ok((await read(clients.fay)).status < 400);
await certify("fay", "open", null);
const change = async (login, status) => {
    const answer = await assessor.post(`/assess/certificates/${facts.certificates[login]}/status`, { change: status, reason: `It was ${status} for a test.` }, { from: "/assess/certificates" });
    assert.equal(answer.status, 303, await answer.text());
};
for (const [login, changes] of Object.entries({ bo: ["suspended"], cy: ["revoked"], di: ["suspended", "reinstated"] })) for (const status of changes) await change(login, status);
for (const [login, number] of Object.entries(facts.certificates))
    for (const kind of login === "ada" ? ["json", "pdf", "png"] : ["json"]) {
        const answer = await clients.ada.fetch(`/certificates/${number}.${kind}`);
        assert.equal(answer.status, 200, kind);
        facts.papers[`${login}.${kind}`] = Buffer.from(await answer.arrayBuffer()).toString("base64");
    }

// A lab run that is open, with things done and a checking that was not passed.
const begun = await clients.gus.post(`/labs/${lab}/runs`, { dialect_crm: "aurelia", dialect_map: "heron" }, { from: `/labs/${lab}` });
assert.equal(begun.status, 303, await begun.text());
facts.run = begun.headers.get("location");
const queried = await clients.gus.post(`${facts.run}/sql`, { sql: "SELECT id FROM map_dedupe_rule" }, { from: facts.run });
const rule = /<td[^>]*>(?:<[^>]*>)*(\w{4,})</.exec((await queried.text()).replace(/^[^]*?data-sql-result/, ""))?.[1];
const ruled = await clients.gus.post(`${facts.run}/calls`, { tab: "map", object: "dedupe_rule", operation: "update", record: rule, f_match_key: "email_normalised", f_survivor: "most_complete", f_blanks: "fill" }, { from: facts.run });
assert.ok(ruled.status === 303 && !/refused/.test(ruled.headers.get("location")), `${rule} ${ruled.status} ${ruled.headers.get("location")}`);
assert.ok((await clients.gus.post(`${facts.run}/clock`, { minutes: "60" }, { from: facts.run })).status < 400);
assert.ok((await clients.gus.post(`${facts.run}/check`, {}, { from: facts.run })).status < 400);

facts.session = clients.gus.cookie;
facts.made_ms = Date.now();
await server.stop();
facts.files = {};
for (const name of ["gradus.db.audit-head", "lab.key", ...readdirSync(join(data, "keys")).map((key) => `keys/${key}`)]) facts.files[name] = readFileSync(join(data, name)).toString("base64");

// Rows alone: the tables come of the migrations, which never change. Search is made anew from the content.
const tables = sql("SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%' AND name NOT LIKE 'content_search%' AND name NOT IN ('content_section', 'content_indexed', 'lab_snapshot')").split("\n");
const dump = execFileSync("sqlite3", [join(data, "gradus.db")], { input: `${tables.map((name) => `.mode insert ${name}\nSELECT * FROM ${name};`).join("\n")}\n`, encoding: "utf8", maxBuffer: 1 << 26 });
const first = dump.match(/^INSERT INTO schema_migration .*$/gm).join("\n"), made = sql("SELECT sql FROM sqlite_master WHERE name = 'schema_migration'");
/* Whatever refers to others comes behind them. */
writeFileSync(join(import.meta.dirname ?? ".", "academy.sql.gz"), gzipSync(`PRAGMA application_id = ${sql("PRAGMA application_id")};\nPRAGMA defer_foreign_keys = ON;\n${made};\n${first}\n${dump.replace(/^INSERT INTO schema_migration .*\n/gm, "")}`, { level: 9 }));
writeFileSync(join(import.meta.dirname ?? ".", "facts.json"), `${JSON.stringify(facts, null, 1)}\n`);
