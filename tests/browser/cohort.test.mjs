// An instructor's learners in a real browser, in every mode.
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

test("the learners' page works in every mode", async () => assert.deepEqual(await inspect(server, "/author/cohort", { signIn: (page) => login(page, "instructor", password) }), []));
