// RULE four-eyes: what administrators decide about a person, they decide neither about themselves nor about somebody in whom
// they declared an interest. RULE power-proven: what takes an account over asks for the own password again.
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { join } from "node:path";
import { after, afterEach, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { clockOptions, machine } from "../lib/clock.mjs";
import { examRoot, startAttempt } from "../lib/exam.mjs";
import { reseal } from "../lib/seal.mjs";
import { addPerson, makeAcademy, must, password, startServer } from "../lib/server.mjs";
import { until } from "../lib/until.mjs";

const data = makeAcademy();
addPerson(data, "both", { roles: "admin,learner" });
for (let i = 0; i < 6; i++) addPerson(data, `prover-${i}`, { roles: "admin" });
for (const login of ["friend", "stranger", "taken"]) addPerson(data, login);
const clock = machine();
const server = await startServer({ data, args: ["--root", examRoot({ items: 2, minutes: 10, kind: "live", review: "domains" })], env: clock.env });
after(() => server.stop());
afterEach(() => server.assertWell());

const sql = (text) => execFileSync("sqlite3", [join(data, "gradus.db"), `PRAGMA busy_timeout = 5000; ${text}`], { encoding: "utf8" }).trim().split("\n").slice(1).join("\n");
const idOf = (login) => sql(`SELECT id FROM person WHERE login = '${login}'`);
const rolesOf = (login) => sql(`SELECT group_concat(role, ',') FROM (SELECT role FROM person_role WHERE person_id = '${idOf(login)}' ORDER BY role)`);
const nameOf = (login) => sql(`SELECT name FROM person WHERE login = '${login}'`);
const countOf = (table, where) => Number(sql(`SELECT count(*) FROM ${table} WHERE ${where}`));
const reason = "A reason that is long enough.";
const both = await server.signedIn("both"), admin = await server.signedIn("admin");
assert.equal((await both.post("/assess/interests", { person: "friend", note: "", chosen: idOf("friend") }, { from: "/assess/interests" })).status, 303);

const aboutOneself = /This is about you, so that another administrator has to do it\. Where there is no other one, give somebody else that role first\. Nothing was changed\./;
const interested = /You declared an interest in this person, so that another administrator has to do it\.[^]*Nothing was changed\./;
async function refused(answer, sentence) {
    assert.equal(answer.status, 403);
    assert.match(await answer.text(), sentence);
}

for (const [login, sentence] of [["both", aboutOneself], ["friend", interested]]) {
    const base = `/admin/people/${idOf(login)}`, post = (client, what, fields) => client.post(`${base}/${what}`, fields, { from: "/admin/people" });
    test(`extra time for ${login} is granted by somebody else`, async () => {
        await refused(await post(both, "time", { percent: "200", exam: "", reason }), sentence);
        assert.equal(countOf("exam_accommodation", `person_id = '${idOf(login)}'`), 0);
        assert.match(await both.page(`${base}/time`), sentence);
        assert.equal((await post(admin, "time", { percent: "110", exam: "", reason })).status, 303);
        assert.equal(countOf("exam_accommodation", `person_id = '${idOf(login)}'`), 1);
    });
    test(`the name of ${login} is corrected by somebody else; the address alone is not what a certificate says`, async () => {
        const name = nameOf(login);
        await refused(await post(both, "name", { name: "Somebody Else Entirely", email: `${login}@example.org` }), sentence);
        assert.equal(nameOf(login), name);
        assert.equal((await post(both, "name", { name, email: `${login}@example.com` })).status, 303);
        assert.equal((await post(admin, "name", { name: `${login} put right`, email: `${login}@example.com` })).status, 303);
        assert.equal(nameOf(login), `${login} put right`);
    });
    test(`a file does not get around it for ${login}`, async () => {
        const file = (row) => ({ text: `login,name,email,roles\n${row}\n`, update: "1", confirmed: "1" });
        for (const row of [`${login},Another Name,${login}@example.com,`, `${login},${nameOf(login)},${login}@example.com,learner admin assessor`]) {
            const name = nameOf(login), roles = rolesOf(login), answer = await both.post("/admin/people/import", file(row), { from: "/admin/people/import" });
            assert.equal(answer.status, 400, row);
            assert.match(await answer.text(), /another administrator/);
            assert.deepEqual([nameOf(login), rolesOf(login)], [name, roles]);
        }
    });
}

const setRoles = async (client, login, roles) => {
    const body = new URLSearchParams({ csrf: await client.csrf("/admin/people") });
    for (const role of roles) body.append("roles[]", role);
    return client.fetch(`/admin/people/${idOf(login)}/roles`, { method: "POST", body });
};
test("nobody gives a role that decides to themselves or to whom they are close; that of a learner decides nothing", async () => {
    for (const roles of [["admin", "assessor", "learner"], ["admin", "instructor", "learner"], ["learner"]]) await refused(await setRoles(both, "both", roles), aboutOneself);
    assert.equal(rolesOf("both"), "admin,learner");
    await refused(await setRoles(both, "friend", ["learner", "assessor"]), interested);
    assert.equal(rolesOf("friend"), "learner");
    assert.equal((await setRoles(both, "both", ["admin"])).status, 303);
    assert.equal(rolesOf("both"), "admin");
    assert.equal((await setRoles(both, "both", ["admin", "learner"])).status, 303);
    assert.equal((await setRoles(both, "stranger", ["learner", "assessor"])).status, 303);
    assert.equal(rolesOf("stranger"), "assessor,learner");
    assert.equal((await setRoles(both, "stranger", ["learner"])).status, 303);
});

test("an attempt of one's own, or of somebody close, is opened again by somebody else", clockOptions, async () => {
    const friend = await server.signedIn("friend"), attempts = [await startAttempt(both, "small"), await startAttempt(friend, "small")];
    clock.sleep(15 * 60 * 1000);
    await until("both are ended", () => attempts.every((id) => countOf("exam_end", `attempt_id = '${id}'`)));
    const again = await server.signedIn("both"), other = await server.signedIn("admin");
    for (const [attempt, sentence] of [[attempts[0], aboutOneself], [attempts[1], interested]]) {
        const path = `/admin/attempts/${attempt}/reopen`;
        assert.match(await again.page(path), sentence);
        await refused(await again.post(path, { minutes: "5", reason }, { from: path.replace(/attempts.*/, "people") }), sentence);
        assert.equal(countOf("exam_end", `attempt_id = '${attempt}'`), 1);
        assert.equal((await other.post(path, { minutes: "5", reason }, { from: path })).status, 303);
        assert.equal(countOf("exam_end", `attempt_id = '${attempt}'`), 0);
    }
});

// RULE own-account.
test("one's own password and second factor change where the password is asked for, nowhere else", async () => {
    const client = await server.signedIn("both"), base = `/admin/people/${idOf("both")}`;
    const before = countOf("audit_log", "action IN ('person.password', 'person.factor_end')");
    for (const what of ["reset", "second-factor"]) await refused(await client.post(`${base}/${what}`, {}, { from: "/admin/people" }), /This is your own account[^]*Nothing was changed/);
    assert.equal(countOf("audit_log", "action IN ('person.password', 'person.factor_end')"), before);
    assert.equal((await client.fetch("/me")).status, 200);
    assert.doesNotMatch(await client.page("/admin/people"), new RegExp(`${base}/reset`));
});

// ---- The own password again -------------------------------------------------------------------------------------------------

const age = (login, minutes) => {
    const theirs = `person_id = '${idOf(login)}' AND ended_ms IS NULL`;
    sql(`UPDATE session SET created_ms = created_ms - ${minutes * 60_000} WHERE ${theirs}`);
    reseal(data, "session", theirs);
};
const hidden = (page) => [...page.matchAll(/<input type="hidden" name="([^"]+)" value="([^"]*)"/g)].filter(([, name]) => name !== "csrf").map(([, name, value]) => [name, value]);

for (const [i, [what, path, fields, done]] of [
    ["a new password", () => `/admin/people/${idOf("taken")}/reset`, [], 200],
    ["the end of a second factor", () => `/admin/people/${idOf("taken")}/second-factor`, [], 303],
    ["roles", () => `/admin/people/${idOf("taken")}/roles`, [["roles[]", "learner"], ["roles[]", "assessor"]], 303],
    ["a new person with power", () => "/admin/people", [["name", "New Person"], ["login", "newcomer"], ["email", "newcomer@example.org"], ["roles[]", "assessor"], ["roles[]", "learner"]], 200],
    ["a file with somebody of power", () => "/admin/people/import", [["text", "login,name,email,roles\nlisted,\"Listed, Person\",listed@example.org,assessor\n"], ["confirmed", "1"]], 200],
].entries())
    test(`${what}: after ten minutes the own password is asked for, and then everything is done as it was asked for`, async () => {
        const login = `prover-${i}`, client = await server.signedIn(login), facts = () => sql("SELECT count(*) FROM audit_log WHERE action NOT LIKE 'session.%'");
        age(login, 9);
        const send = async (more) => {
            const body = new URLSearchParams({ csrf: await client.csrf("/admin/people") });
            for (const [name, value] of [...fields, ...more]) body.append(name, value);
            return client.fetch(path(), { method: "POST", body });
        };
        age(login, 2);
        const before = facts(), asked = await send([]), page = await asked.text();
        assert.equal(asked.status, 403);
        assert.match(page, /name="proof"[^>]*type="password"|type="password"[^>]*name="proof"/);
        assert.match(page, /Nothing has been changed yet/);
        assert.deepEqual(hidden(page).map(([name, value]) => [name, value.replaceAll("&quot;", '"')]), fields);
        const wrong = await send([["proof", "a wrong password"]]);
        assert.equal(wrong.status, 403);
        assert.match(await wrong.text(), /not your password/);
        assert.equal(facts(), before, "something was changed");
        const cookie = client.cookies.get("gradus"), right = await send([["proof", password]]);
        assert.equal(right.status, done, await right.text());
        assert.notEqual(client.cookies.get("gradus"), cookie, "RULE session-renewed");
        if (!what.includes("factor")) assert.notEqual(facts(), before);
        assert.notEqual((await send([])).status, 403, "it was asked for again at once");
    });

test("at nine minutes nobody is asked; a learner is added without a question at any time; guesses are counted", async () => {
    const client = await server.signedIn("prover-5");
    age("prover-5", 9);
    assert.equal((await client.post(`/admin/people/${idOf("taken")}/reset`, {}, { from: "/admin/people" })).status, 200);
    age("prover-5", 20);
    assert.equal((await client.post("/admin/people", { name: "Only Learner", login: "only-learner", email: "only@example.org", "roles[]": "learner" }, { from: "/admin/people" })).status, 200);
    const csrf = await client.csrf("/admin/people"), guess = () => client.fetch(`/admin/people/${idOf("taken")}/reset`, { method: "POST", body: new URLSearchParams({ csrf, proof: "a wrong password" }) });
    const statuses = (await Promise.all(Array.from({ length: 20 }, guess))).map((answer) => answer.status);
    assert.ok(statuses.filter((status) => status === 403).length <= 9, statuses.join());
    const waits = (await Promise.all([guess()]))[0];
    assert.equal(waits.status, 429);
    assert.ok(Number(waits.headers.get("retry-after")) > 0);
    assert.match(must(["audit", "verify", "--data", data]), /chain holds/);
});
