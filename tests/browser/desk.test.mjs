// Pages of those who run an academy, filled as the demo fills them, in a real browser and in every mode.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { after, test } from "node:test";
import { closeBrowser, inspect, login } from "../lib/browser.mjs";
import { makeDemo, startServer } from "../lib/server.mjs";

const server = await startServer({ data: makeDemo() });
const { password } = JSON.parse(readFileSync(join(server.data, "demo.json"), "utf8")).accounts[0];
after(async () => {
    await closeBrowser();
    await server.stop();
});

const admin = await server.signedIn("admin", password);
const time = /\/admin\/people\/[0-9a-z]+\/time/.exec(await admin.page("/admin/people?q=eleni"))[0];
await admin.post(time, { percent: "150", exam: "", reason: "Dyslexia; the letter was seen." }, { from: time });
const cohort = /\/admin\/cohorts\/[0-9a-z]+/.exec(await admin.page("/admin/cohorts"))[0];
for (const path of ["/admin/people", "/admin/clock", time, time.replace("/time", "/name"), "/admin/cohorts", cohort]) test(`${path.replace(/[0-9a-z]{26}/, "…")} works in every mode`, async () => assert.deepEqual(await inspect(server, path, { as: "admin", secret: password }), []));
test("the learners' page works in every mode", async () => assert.deepEqual(await inspect(server, "/author/cohort", { as: "instructor", secret: password }), []));
