// An instructor's learners: their own, where they are, and who has fallen silent.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { after, test } from "node:test";
import { addPerson, makeDemo, startServer } from "../lib/server.mjs";

const data = makeDemo();
addPerson(data, "newteacher", { roles: "instructor" });
const server = await startServer({ data });
after(() => server.stop());
const { password } = JSON.parse(readFileSync(join(data, "demo.json"), "utf8")).accounts[0];
const rows = (page, caption) => {
    const table = page.slice(page.indexOf(caption));
    return [...table.slice(0, table.indexOf("</table>")).matchAll(/<tr><th scope="row">([\s\S]*?)<\/tr>/g)].map(([, row]) => row.replace(/<[^>]+>/g, " ").replace(/\s+/g, " ").trim());
};

test("the page shows each learner of the instructor's cohorts once, and where they are", async () => {
    const teacher = await server.signedIn("instructor", password);
    assert.match(await teacher.page("/"), /href="\/author\/cohort"/);
    const page = await teacher.page("/author/cohort");
    const who = rows(page, "Whoever has been silent longest");
    assert.equal(new Set(who.map((row) => row.split(/ \d+ of /)[0])).size, who.length);
    assert.ok(who.some((row) => /^Amira Nilsson 3 of 13 Records, fields and keys/.test(row)), who.join("\n"));
    assert.ok(who.some((row) => /13 of 13 all done/.test(row)));
    const silent = who.map((row) => Number(/silent for (\d+) days/.exec(row)?.[1] ?? 0));
    assert.deepEqual(silent, [...silent].sort((a, b) => b - a), "whoever has been silent longest comes first");
    const inTheExam = who.find((row) => row.startsWith("Ελένη"));
    assert.match(inTheExam, /11 of 13 Marketing Operations Associate today/, "who sits in an exam is not silent");
});

test("RULE own-learners: a name leads to how far that learner is and where to write, for their own instructor only", async () => {
    const teacher = await server.signedIn("instructor", password);
    const path = /<a href="(\/author\/cohort\/\w+)"><bdi>Amira Nilsson/.exec(await teacher.page("/author/cohort"))[1];
    const page = await teacher.page(path);
    assert.match(page, /<a href="mailto:[^"@]+@[^"]+">/);
    assert.match(page, /3 of 13/);
    assert.equal([...page.matchAll(/class="path-state">/g)].length, 13);
    assert.equal([...page.matchAll(/class="path-state">Done</g)].length, 3);
    assert.match(page, /class="path-state">Begun: \d+ sections? to read/);
    const stranger = await server.signedIn("newteacher");
    assert.equal((await stranger.fetch(path)).status, 404);
});

test("at each step the counts agree with the rows above", async () => {
    const page = await (await server.signedIn("instructor", password)).page("/author/cohort");
    const who = rows(page, "Whoever has been silent longest"), steps = rows(page, "Done: has got through");
    assert.equal(steps.length, 13);
    const numbers = steps.map((row) => /(\d+) of (\d+) (\d+) (\d+)$/.exec(row).slice(1).map(Number));
    for (const [met, total, here, silent] of numbers) assert.ok(met + here <= total && total === who.length && silent <= here);
    const sum = (i) => numbers.reduce((all, row) => all + row[i], 0);
    assert.equal(sum(0), who.map((row) => Number(/ (\d+) of 13/.exec(row)[1])).reduce((a, b) => a + b));
    assert.equal(sum(3), who.filter((row) => row.includes("silent for")).length);
});

test("who teaches nobody is told so, and who learns is refused", async () => {
    const fresh = await server.signedIn("newteacher");
    assert.match(await fresh.page("/author/cohort"), /No learners yet/);
    const learner = await server.signedIn("learner", password);
    assert.equal((await learner.fetch("/author/cohort")).status, 403);
    const assessor = await server.signedIn("assessor", password);
    assert.equal((await assessor.fetch("/author/cohort")).status, 403);
});

test("an administrator makes a cohort and puts people in; then its instructor sees them", async () => {
    const admin = await server.signedIn("admin", password), list = "/admin/cohorts";
    for (const login of ["pupil-one", "pupil-two"]) addPerson(data, login);
    addPerson(data, "both-hats", { roles: "instructor,assessor" });
    const made = await admin.post(list, { name: "Winter & snow", programme: "mops" }, { from: list });
    assert.equal(made.status, 303);
    const home = made.headers.get("location");
    const put = (logins, role) => admin.post(`${home}/members`, { logins, role }, { from: home });
    assert.equal((await put("pupil-one\n pupil-two, ", "learner")).status, 303);
    assert.equal((await put("both-hats", "instructor")).status, 303);
    const page = await admin.page(home);
    for (const login of ["pupil-one", "pupil-two", "both-hats"]) assert.match(page, new RegExp(`>${login}<`));
    assert.match(await admin.page(list), /Winter &amp; snow[\s\S]*?data-label="Instructors">1<[\s\S]*?data-label="Learners">2</);
    const teacher = await server.signedIn("both-hats");
    assert.match(await teacher.page("/author/cohort"), /pupil-one of the tests[\s\S]*has not begun/);

    const unknown = await put("pupil-one, nobody-here; nor-here", "learner");
    assert.equal(unknown.status, 400);
    const back = await unknown.text();
    assert.match(back, /no active account with these user names: nobody-here, nor-here/);
    assert.match(back, />pupil-one, nobody-here; nor-here<\/textarea>/);
    assert.match(await (await put("pupil-one", "instructor")).text(), /role of an instructor: pupil-one/);
    assert.equal((await put("  \n ", "learner")).status, 400);
    assert.equal((await admin.post(list, { name: " ", programme: "mops" }, { from: list })).status, 400);
    assert.equal((await admin.post(list, { name: "\u3164 \u2800", programme: "mops" }, { from: list })).status, 400);
    assert.equal((await admin.post(list, { name: "x".repeat(121), programme: "mops" }, { from: list })).status, 400);
    assert.equal((await admin.post(list, { name: "x", programme: "none" }, { from: list })).status, 400);
    assert.equal((await admin.fetch("/admin/cohorts/none")).status, 404);

    const person = new RegExp('name="person" value="([0-9a-z]+)"><input type="hidden" name="role" value="learner"').exec(page)[1];
    for (let twice = 0; twice < 2; twice++) assert.equal((await admin.post(`${home}/leave`, { person, role: "learner" }, { from: home })).status, 303);
    assert.doesNotMatch(await admin.page(home), new RegExp(person));
    assert.equal((await admin.post(`${home}/leave`, { person: "nobody", role: "learner" }, { from: home })).status, 404);
    assert.equal((await put("pupil-one pupil-two", "learner")).status, 303);
    assert.match(await admin.page(home), new RegExp(person), "who comes back is there again");
    const log = await admin.page("/admin/audit");
    for (const action of ["cohort.add", "cohort.join", "cohort.leave"]) assert.match(log, new RegExp(action.replace(".", "\\.")));
});
