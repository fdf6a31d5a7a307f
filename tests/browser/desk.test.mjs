// Pages of those who run an academy, filled as the demo fills them, in a real browser and in every mode.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { after, test } from "node:test";
import { closeBrowser, closePage, inspect, login, openPage, overflow } from "../lib/browser.mjs";
import { addPerson, makeDemo, startServer } from "../lib/server.mjs";

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
const learnerPath = /\/author\/cohort\/\w+/.exec(await (await server.signedIn("instructor", password)).page("/author/cohort"))[0];
test("a learner's page works in every mode", async () => assert.deepEqual(await inspect(server, learnerPath, { as: "instructor", secret: password }), []));
test("the question before a new password works in every mode", async () => assert.deepEqual(await inspect(server, time.replace("/time", "/reset"), { as: "admin", secret: password }), []));
test("the learners' page works in every mode", async () => assert.deepEqual(await inspect(server, "/author/cohort", { as: "instructor", secret: password }), []));

test("every page under the administration and the desk says where it is", async () => {
    const assessor = await server.signedIn("assessor", password);
    const steps = (html) => [.../<nav class="crumbs[^]*?<\/nav>/.exec(html)?.[0].matchAll(/<bdi[^>]*>([^<]*)/g) ?? []].map(([, text]) => text);
    for (const [client, path, way] of [
        [admin, "/admin/audit", ["Administration", "Audit log"]],
        [admin, "/admin/people", ["Administration", "People"]],
        [admin, "/admin/people/import", ["Administration", "People", "Import people"]],
        [admin, "/admin/clock", ["Administration", "The clock"]],
        [admin, "/admin/cohorts", ["Administration", "Cohorts"]],
        [admin, cohort, ["Administration", "Cohorts"]],
        [admin, time, ["Administration", "People"]],
        [admin, time.replace("/time", "/name"), ["Administration", "People"]],
        [assessor, "/assess/certificates", ["Cases to decide"]],
        [assessor, "/assess/interests", ["Cases to decide"]],
    ])
        assert.deepEqual(steps(await client.page(path)).slice(0, way.length), way, path);
});

test("a long Arabic name stands whole in the audit log on a phone", async () => {
    const name = "عبد الرحمن بن محمد الخطيب العمراني بن عبد العزيز";
    addPerson(server.data, "arabic", { name, roles: "admin" });
    for (const width of [320, 390]) {
        const page = await openPage(server, { width });
        await login(page, "arabic");
        await page.goto("/admin/audit");
        assert.deepEqual(await overflow(page), []);
        const torn = await page.evaluate((whole) => {
            const cells = [...document.querySelectorAll('td[data-label="Who"] bdi')].filter((one) => one.textContent === whole);
            return cells.length === 0 ? ["nobody"] : cells.filter((one) => {
                const cell = one.closest("td").getBoundingClientRect();
                return [...one.getClientRects()].some((line) => line.left < cell.left - 1 || line.right > cell.right + 1 || line.top < cell.top - 1 || line.bottom > cell.bottom + 1);
            }).map((one) => one.outerHTML);
        }, name);
        assert.deepEqual(torn, [], `${width} px`);
        await closePage(page);
    }
});

test("a case's lines are not torn at a fact, and the way back keeps its distance", async () => {
    for (const width of [390, 1280]) {
        const page = await openPage(server, { width });
        await login(page, "assessor", password);
        await page.goto("/assess");
        const path = await page.getAttribute("main tbody a", "href");
        await page.goto(path);
        const lines = await page.evaluate(() => ({
            bold: [...document.querySelectorAll(".cert-line")].filter((one) => Number(getComputedStyle(one).fontWeight) > 400).length,
            torn: [...document.querySelectorAll(".cert-line time")].filter((one) => one.getClientRects().length > 1).length,
            count: document.querySelectorAll(".cert-line").length,
        }));
        assert.deepEqual({ ...lines, count: lines.count >= 3 }, { bold: 0, torn: 0, count: true }, `${width} px`);
        for (const part of ["attempts", "runs"]) {
            await page.goto(path);
            await page.goto(await page.getAttribute(`main a[href*="/${part}/"]`, "href"));
            const gap = await page.evaluate(() => {
                const back = document.querySelector('main a.button[href^="/assess/cases/"]');
                return back.getBoundingClientRect().top - back.closest("p").previousElementSibling.getBoundingClientRect().bottom;
            });
            assert.ok(gap >= 12, `${part}, ${width} px: ${gap}`);
        }
        await closePage(page);
    }
});

test("a certificate's page that is printed says where it can be verified", async () => {
    const page = await openPage(server);
    await login(page, "assessor", password);
    await page.goto("/assess/certificates");
    const path = await page.getAttribute('main a[href^="/certificates/"]', "href");
    await page.goto(path);
    const address = page.locator(".cert-address");
    assert.equal(await address.isVisible(), false);
    await page.emulateMedia({ media: "print" });
    assert.match(await address.innerText(), new RegExp(`^Verify this certificate at https?://[^ ]+${path}$`));
    await closePage(page);
});
