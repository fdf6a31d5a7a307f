// A small academy for tests of certification: one programme whose level asks for two short modules, so that a learner
// meets it in two requests.
import assert from "node:assert/strict";
import { mkdirSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { addPerson, root, scratch, startServer } from "./server.mjs";

const programme = `---
id: p
title: Programme
body: Test Academy
scheme_version: "1"
summary: A programme for tests.
domains:
  - {id: d, title: Domain}
levels:
  - id: first
    title: First
    summary: You know it.
    scope: The holder may claim to know it.
    valid_months: 12
    requires:
      modules: [one, two]
  - id: quick
    title: Quick
    summary: You know a part of it.
    scope: The holder may claim a part.
    valid_months: 12
    requires:
      modules: [one]
    again: {after_refusal_days: 0, after_revocation_days: 0}
  - id: later
    title: Later
    summary: It is not open.
    scope: The holder may claim nothing.
    valid_months: 12
    open: false
---
A programme.
`;

const module = (id) => `---
id: ${id}
title: Module ${id}
summary: It teaches.
programme: p
level: first
domain: d
persona: all
minutes: 8
objectives:
  - id: ${id}-o
    text: Do it
prerequisites: []
---
Text.

## Section

More text.
`;

export const names = { ada: "Ada Example", arabic: "نور حداد الأمين", thai: "กรรณิการ์ ศรีสุวรรณ" };

/** A server over such an academy, with an assessor, a second one, an admin, an instructor and three learners. */
export async function startLevel() {
    const files = scratch("root"), data = scratch("data");
    for (const folder of ["content/p/modules", "exams", "labs"]) mkdirSync(join(files, folder), { recursive: true });
    symlinkSync(join(root, "site"), join(files, "site"));
    writeFileSync(join(files, "content/vendors.txt"), "");
    writeFileSync(join(files, "content/p/programme.md"), programme);
    for (const id of ["one", "two"]) writeFileSync(join(files, `content/p/modules/${id}.md`), module(id));
    for (const [login, name] of Object.entries(names)) addPerson(data, login, { name });
    addPerson(data, "assessor", { name: "Noor Assessor", roles: "assessor" });
    addPerson(data, "second", { name: "Max Second", roles: "learner,assessor" });
    addPerson(data, "admin", { roles: "admin" });
    addPerson(data, "instructor", { roles: "instructor" });
    return startServer({ data, args: ["--root", files] });
}

/** Reads both modules and applies. */
export async function applyAs(server, login) {
    const learner = await server.signedIn(login);
    for (const id of ["one", "two"]) {
        const answer = await learner.post(`/modules/${id}/progress`, { section: "*", done: "1" });
        assert.ok(answer.status < 400, `${id}: ${answer.status} ${await answer.text()}`);
    }
    const answer = await learner.post("/programmes/p/levels/first", {});
    assert.equal(answer.status, 303, await answer.text());
    return learner;
}

/** The address of the case of this name in an assessor's queue. */
export async function caseOf(assessor, name) {
    const page = await assessor.page("/assess");
    const row = page.split("<tr").slice(1).find((part) => part.includes(name));
    assert.ok(row, `${name} is not in the queue`);
    return /href="(\/assess\/cases\/[^"]+)"/.exec(row)[1];
}

/** Has the case granted; gives the certificate's number. */
export async function grant(assessor, path) {
    const answer = await assessor.post(`${path}/decision`, { outcome: "granted", reason: "All of it was checked against the evidence." });
    assert.equal(answer.status, 303, await answer.text());
    return /\/certificates\/(GR-[0-9A-Z-]+)/.exec(await assessor.page(path))[1];
}
