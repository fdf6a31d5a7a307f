// run: timeout 900
// Labs in a real browser: every part in every mode, with and without scripts, at a desk and on a phone.
import assert from "node:assert/strict";
import { after, test } from "node:test";
import { closeBrowser, closePage, inspect, login, openPage, pictured, screenshot, widths } from "../lib/browser.mjs";
import { startServer } from "../lib/server.mjs";

const server = await startServer();
after(async () => {
    await closeBrowser();
    await server.stop();
});
const learner = await server.signedIn("learner");
const lab = "/labs/field-mapping-dedupe";
const begun = await learner.post(`${lab}/runs`, { dialect_crm: "boreal", dialect_map: "quillon" }, { from: lab });
const run = begun.headers.get("location");
const as = (name) => (page) => login(page, name);
const record = /record=(Q-\d+)/.exec(await learner.page(`${run}?tab=map`))[1];
await learner.post(`${run}/calls`, { tab: "map", object: "lead", record, operation: "update", f_job_title: "Tester" });
await learner.post(`${run}/calls`, { tab: "map", object: "lead", operation: "create", f_email: "nonsense" });
await learner.post(`${run}/clock`, { minutes: "1440" });
await learner.post(`${run}/check`);
await learner.post(`${run}/hints`, { check: "links-hold" });

const pages = {
    "the list of labs": "/labs",
    "the lobby": lab,
    "the brief": run,
    "records": `${run}?tab=crm`,
    "a record": `${run}?tab=map&object=lead&record=${record}`,
    "the mappings": `${run}?tab=map&object=field_mapping`,
    "a new word pair": `${run}?tab=map&object=value_mapping&add=1`,
    "no records": `${run}?tab=map&object=value_mapping`,
    "the warehouse": `${run}?tab=sql`,
    "the log": `${run}?tab=log`,
    "the access": `${run}?tab=access`,
    "the checks": `${run}?tab=check`,
    "the replay": `${run}/replay?step=1`,
};
for (const [what, path] of Object.entries(pages)) {
    test(`${what} works in every mode`, async () => assert.deepEqual(await inspect(server, path, { as: "learner" }), []));
}

for (const javaScript of [false, true]) {
    test(`a learner configures, merges, asks and checks ${javaScript ? "with" : "without"} scripts`, async () => {
        const page = await openPage(server, { javaScript });
        await login(page, "learner");
        await page.goto(lab);
        await Promise.all([page.waitForURL(/\/runs\//), page.locator('form[action$="/runs"] button').click()]);
        const desk = page.locator("#lab");
        const done = () => desk.locator("[data-done]");
        // The part of before stays until the answer is there: what is clicked next is in the new one.
        const show = async (name) => {
            await desk.getByRole("link", { name }).click();
            await desk.locator("a[aria-current]").filter({ hasText: name }).waitFor();
        };
        await show("Heron Engage");
        await show(/^Dedupe Rules/);
        await desk.locator("tbody a").first().click();
        await desk.getByLabel("Dedupe Key").selectOption({ label: "cleanEmail" });
        await desk.getByLabel("Blanks of the Winner").selectOption({ label: "fillFromLosers" });
        await desk.getByRole("button", { name: "Save" }).click();
        await done().getByText("Saved").waitFor();
        assert.match(await desk.locator("#calls details[open]").innerText(), /POST \/nest\/v2\/dedupe\/rules\/[\s\S]*cleanEmail[\s\S]*updated/);
        await show(/^Dedupe Jobs/);
        await desk.getByRole("button", { name: "Run now" }).click();
        await done().getByText("Done").waitFor();
        assert.match(await desk.locator("tbody tr").first().innerText(), /\d+\s+\d+/);
        await show("Warehouse");
        await desk.getByLabel("SQL: one SELECT").fill("SELECT count(*) AS twice FROM (SELECT 1 FROM map_lead GROUP BY lower(trim(email)) HAVING count(*) > 1)");
        await desk.getByRole("button", { name: "Run" }).click();
        await desk.locator("[data-sql-result]").waitFor();
        assert.equal(await desk.locator("[data-sql-result] tbody td").innerText(), "0");
        await desk.getByRole("button", { name: "1 hour" }).click();
        await done().getByText("Time has passed").waitFor();
        assert.match(await desk.locator(".lab-now").innerText(), /09:00/);
        await desk.getByRole("button", { name: "Check my work" }).click();
        await desk.locator("#check-one-lead-each.met").waitFor();
        await desk.locator("#check-links-hold").getByRole("button").click();
        await desk.locator("#check-links-hold .lab-hints li").waitFor();
        await desk.getByRole("link", { name: "Replay" }).click();
        await page.getByRole("link", { name: "Verify the record" }).click();
        await page.getByText("every answer and the final state are the same").waitFor();
        assert.deepEqual(page.problems, []);
        await closePage(page);
    });
}

test("a field of the warehouse that was drawn larger: no style is written into the page", async () => {
    const page = await openPage(server);
    await login(page, "learner");
    await page.goto(`${run}?tab=sql`);
    await page.$eval("#sql", (field) => { field.style.height = "20rem"; }); // as a browser does for whoever drags its corner
    await page.getByLabel("SQL: one SELECT").fill("SELECT 1 AS one");
    await page.getByRole("button", { name: "Run" }).click();
    await page.locator("[data-sql-result]").waitFor();
    assert.deepEqual(page.problems, []);
    await closePage(page);
});

test("parts are exchanged without loading the page again, and the address follows", async () => {
    const page = await openPage(server);
    await login(page, "learner");
    await page.goto(run);
    await page.waitForFunction(() => "htmx" in globalThis);
    await page.evaluate(() => (globalThis.sameDocument = true));
    await page.locator("#lab").getByRole("link", { name: "Event log" }).click();
    await page.waitForURL(/tab=log/);
    await page.locator(".lab-log").waitFor();
    assert.ok(await page.evaluate(() => globalThis.sameDocument), "the page was loaded again");
    await page.locator("#lab").getByRole("button", { name: "6 hours" }).click();
    await page.locator("#status", { hasText: "Time has passed" }).waitFor({ state: "attached" });
    assert.ok(await page.evaluate(() => globalThis.sameDocument));
    assert.deepEqual(page.problems, []);
    await closePage(page);
});

test("the tasks stand beside the systems at a desk, and one tap away on a phone", async () => {
    const seen = (page) => page.evaluate(() => {
        const { top, left, bottom } = document.getElementById("tasks").getBoundingClientRect();
        const part = document.getElementById("part").getBoundingClientRect();
        return { visible: top < innerHeight && bottom > 0, beside: left >= part.right };
    });
    for (const [width, beside] of [[widths.desk, true], [widths.phone, false]]) {
        const page = await openPage(server, { width });
        await login(page, "learner");
        await page.goto(`${run}?tab=crm`);
        assert.deepEqual(await seen(page), { visible: beside, beside });
        const tap = page.locator(".lab-to-tasks");
        assert.equal(await tap.isVisible(), !beside);
        if (!beside) {
            await tap.click();
            await page.waitForFunction(() => document.getElementById("tasks").getBoundingClientRect().top < innerHeight / 2);
        }
        assert.match(await page.locator("#tasks").innerText(), /Map the fields/);
        assert.deepEqual(page.problems, []);
        await closePage(page);
    }
});

for (const [device, size] of [["phone", { width: widths.phone, height: 844 }], ["desk", { width: widths.desk, height: 700 }]]) {
    test(`what a tap brought is in view, at a ${device}`, async () => {
        const page = await openPage(server, size);
        await login(page, "learner");
        await page.goto(`${run}?tab=map&object=lead`);
        await page.waitForFunction(() => "htmx" in globalThis);
        const inView = async (selector, what) => {
            await page.locator(selector).first().waitFor({ state: "attached" });
            await page.waitForTimeout(200); // whatever scrolls, has
            const { top, height } = await page.$eval(selector, (part) => ({ top: part.getBoundingClientRect().top, height: innerHeight }));
            assert.ok(top >= 0 && top < height, `${what}: at ${top} of ${height}`);
        };
        const down = (selector) => page.$eval(selector, (part) => part.scrollIntoView({ block: "end" }));
        await down(".lab-tasks");
        await page.$eval("#part tbody tr:last-child a", (link) => link.click());
        await inView("#part .lab-form", "a record");
        await down(".lab-form .actions");
        await page.getByRole("button", { name: "Save" }).click();
        await inView("#lab [data-done]", "what was saved");
        await inView("#part .lab-form", "the saved record");
        await page.goto(`${run}?tab=map&object=lead`);
        await page.waitForFunction(() => "htmx" in globalThis);
        await down("#part tbody tr:last-child");
        await page.$eval('#part a[href*="add=1"]', (link) => link.click());
        await inView("#part .lab-form", "a new record");
        await page.getByLabel("Email Address").fill(`${device}@example.org`);
        await page.getByRole("button", { name: "Save" }).click();
        await page.locator("#lab [data-done]").waitFor();
        await page.waitForFunction(() => !location.search.includes("add="));
        assert.deepEqual(page.problems, []);
        await closePage(page);
    });
}

test("what was refused is where the next thing is typed", async () => {
    const page = await openPage(server, { width: widths.phone });
    await login(page, "learner");
    await page.goto(`${run}?tab=map&object=lead&add=1`);
    await page.waitForFunction(() => "htmx" in globalThis);
    await page.getByLabel("Email Address").fill("nonsense");
    await page.getByRole("button", { name: "Save" }).click();
    await page.locator("#field-email[aria-invalid]").waitFor();
    await page.waitForFunction(() => document.activeElement.id === "field-email");
    assert.match(await page.locator("#field-email-wrong").innerText(), /Quillon Nurture says: “.*nonsense.*”\. Write one address/);
    const shown = await page.evaluate(() => document.activeElement.getBoundingClientRect().top);
    assert.ok(shown > 0 && shown < 900, `the field is out of sight: ${shown}`);
    assert.deepEqual(page.problems, []);
    await closePage(page);
});

test("an assessor reads another's run and is offered nothing to change", async () => {
    const page = await openPage(server);
    await login(page, "assessor");
    for (const path of [run, `${run}?tab=map&object=lead&record=${record}`, `${run}?tab=check`, `${run}?tab=sql`, `${run}/replay`]) {
        await page.goto(path);
        assert.equal(await page.locator('main form[method="post"]').count(), 0, path);
    }
    await closePage(page);
});

if (pictured) test("pictures for whoever reviews the pages", async () => {
    for (const [name, width] of Object.entries({ desk: widths.desk, phone: widths.phone })) {
        const page = await openPage(server, { width });
        await login(page, "learner");
        for (const [what, path] of Object.entries(pages)) {
            await page.goto(path);
            await screenshot(page, `lab-${what.replaceAll(" ", "-")}-${name}`);
        }
        await closePage(page);
    }
});
