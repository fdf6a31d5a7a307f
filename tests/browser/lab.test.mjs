// run: timeout 900
// Labs in a real browser: every part in every mode, with and without scripts, at a desk and on a phone.
import assert from "node:assert/strict";
import { after, test } from "node:test";
import { closeBrowser, closePage, inspect, login, openPage, pictured, screenshot, settled, widths } from "../lib/browser.mjs";
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

/** Writes a query: into the editor where there are scripts, else into the field. */
async function write(page, sql) {
    const editor = page.locator(".lab-editor .cm-content");
    if (!page.scripted) return page.locator("#sql").fill(sql);
    await editor.click();
    await page.keyboard.press("Control+A");
    await page.keyboard.insertText(sql);
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
            await desk.locator("nav").getByRole("link", { name }).click();
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
        await write(page, "SELECT count(*) AS twice FROM (SELECT 1 FROM map_lead GROUP BY lower(trim(email)) HAVING count(*) > 1)");
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
    await write(page, "SELECT 1 AS one");
    await page.getByRole("button", { name: "Run" }).click();
    await page.locator("[data-sql-result]").waitFor();
    assert.deepEqual(page.problems, []);
    await closePage(page);
});

test("parts are exchanged without loading the page again, and the address follows", async () => {
    const page = await openPage(server);
    await login(page, "learner");
    await page.goto(run);
    await settled(page);
    await page.evaluate(() => (globalThis.sameDocument = true));
    await page.locator("#lab").getByRole("link", { name: "Event log" }).click();
    await page.waitForURL(/tab=log/);
    await page.locator(".lab-log").waitFor();
    await settled(page);
    assert.ok(await page.evaluate(() => globalThis.sameDocument), "the page was loaded again");
    await page.locator("#lab").getByRole("button", { name: "6 hours" }).click();
    await page.locator("#status", { hasText: "Time has passed" }).waitFor({ state: "attached" });
    assert.ok(await page.evaluate(() => globalThis.sameDocument));
    assert.deepEqual(page.problems, []);
    await closePage(page);
});

/** Where an element stands in the window. */
const box = (page, selector) => page.$eval(selector, (part) => {
    const { top, bottom, left, right } = part.getBoundingClientRect();
    return { top, bottom, left, right };
});

test("brief, tasks and checks stay beside the systems at a desk, however far one reads", async () => {
    const page = await openPage(server, { height: 700 });
    await login(page, "learner");
    await page.goto(`${run}?tab=crm`);
    await settled(page);
    await page.evaluate(() => scrollTo(0, document.body.scrollHeight));
    const rail = await box(page, "#tasks"), part = await box(page, "#part"), bar = await box(page, ".lab-bar");
    assert.ok(rail.left >= part.right, "the tasks are not beside the system");
    assert.ok(bar.top >= 0 && bar.bottom < 100, "clock and check went out of view");
    assert.ok(rail.top >= bar.bottom && rail.bottom <= 700, JSON.stringify(rail));
    assert.match(await page.locator("#rail-tasks").innerText(), /Map the fields/);
    assert.match(await page.locator("#rail-checks").innerText(), /No person is there twice[\s\S]*\d+ people are in Boreal Deals/);
    assert.equal(await page.locator("#rail-brief").evaluate((part) => part.open), false);
    await page.locator("#rail-brief summary").press("Enter");
    assert.match(await page.locator("#rail-brief").innerText(), /Harriet, head of sales/);
    await page.locator("#tasks").evaluate((part) => { part.scrollTop = 120; });
    await page.locator(".lab-tabs").getByRole("link", { name: "Event log" }).click();
    await page.locator(".lab-log").waitFor();
    await settled(page);
    assert.ok(await page.locator("#rail-brief").evaluate((part) => part.open), "what the reader opened is closed");
    assert.equal(await page.locator("#tasks").evaluate((part) => part.scrollTop), 120);
    assert.deepEqual(page.problems, []);
    await closePage(page);
});

for (const javaScript of [false, true]) {
    test(`clock, tasks and checking are in the thumb's reach on a phone, ${javaScript ? "with" : "without"} scripts`, async () => {
        const page = await openPage(server, { width: widths.phone, height: 844, javaScript });
        await login(page, "learner");
        await page.goto(`${run}?tab=crm`);
        await page.evaluate(() => scrollTo(0, 600));
        const foot = await box(page, ".lab-controls");
        assert.ok(foot.top > 750 && foot.bottom <= 844, JSON.stringify(foot));
        assert.match(await page.locator(".lab-controls").innerText(), /\d\d:00:00 UTC[\s\S]*Tasks[\s\S]*of 9[\s\S]*Check my work/);
        for (const [sheet, says] of [["#tasks", /Map the fields/], ["#time", /Let time pass/]]) {
            assert.equal(await page.locator(sheet).isVisible(), false);
            await page.locator(`.lab-open[href="${sheet}"]`).click();
            await page.locator(sheet).waitFor();
            assert.match(await page.locator(sheet).innerText(), says);
            const { top, bottom } = await box(page, sheet);
            assert.ok(top >= 0 && bottom <= foot.top + 1, `${sheet}: ${top} to ${bottom}`);
            if (javaScript) await page.keyboard.press("Escape");
            else await page.locator(`${sheet} .lab-to-part a`).click();
            await page.locator(sheet).waitFor({ state: "hidden" });
            if (!javaScript) continue;
            await page.waitForFunction((opener) => document.activeElement.getAttribute("href") === opener, sheet); // the focus is not lost
            assert.equal(await page.evaluate(() => scrollY), 600, "the reader's place is lost");
        }
        assert.deepEqual(page.problems, []);
        await closePage(page);
    });
}

test("the switcher shows each system by its product's name, with its calls and whether it is up", async () => {
    const page = await openPage(server);
    await login(page, "learner");
    const another = (await learner.post(`${lab}/runs`, { dialect_crm: "boreal", dialect_map: "quillon" }, { from: lab })).headers.get("location");
    const names = () => page.locator(".lab-tabs a:has(.lab-state)").allInnerTexts();
    await page.goto(another);
    assert.deepEqual((await names()).map((name) => name.replace(/\s+/g, " ")), ["Boreal Deals up, 0 of 8,000 calls today", "Quillon Nurture up, 0 of 10,000 calls today"]);
    for (const hours of ["6 hours", "6 hours", "6 hours", "1 hour", "1 hour"]) {
        const before = await page.locator(".lab-now time").getAttribute("datetime");
        await page.getByRole("button", { name: hours }).click();
        await page.waitForFunction((was) => ![undefined, was].includes(document.querySelector(".lab-now time")?.dateTime), before);
    }
    assert.match((await names())[0], /Boreal Deals\s+down until 3 Mar 2026, 04:45/);
    assert.match((await names())[1], /Quillon Nurture\s+up/);
    assert.deepEqual(page.problems, []);
    await closePage(page);
});

for (const [device, size] of [["phone", { width: widths.phone, height: 844 }], ["desk", { width: widths.desk, height: 700 }]]) {
    test(`what a tap brought is in view, at a ${device}`, async () => {
        const page = await openPage(server, size);
        await login(page, "learner");
        await page.goto(`${run}?tab=map&object=lead`);
        await settled(page);
        const inView = async (selector, what) => {
            await page.locator(selector).first().waitFor({ state: "attached" });
            await settled(page); // whatever scrolls, has
            const { top, height } = await page.$eval(selector, (part) => ({ top: part.getBoundingClientRect().top, height: innerHeight }));
            assert.ok(top >= 0 && top < height, `${what}: at ${top} of ${height}`);
        };
        const down = (selector) => page.$eval(selector, (part) => part.scrollIntoView({ block: "end" }));
        await page.evaluate(() => scrollTo(0, document.body.scrollHeight));
        await page.$eval("#part tbody tr:last-child a", (link) => link.click());
        await inView("#part .lab-form", "a record");
        await down(".lab-form .actions");
        await page.getByRole("button", { name: "Save" }).click();
        await inView("#lab [data-done]", "what was saved");
        await inView("#part .lab-form", "the saved record");
        await page.goto(`${run}?tab=map&object=lead`);
        await settled(page);
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
    await settled(page);
    await page.getByLabel("Email Address").fill("nonsense");
    await page.getByRole("button", { name: "Save" }).click();
    await page.locator("#field-email[aria-invalid]").waitFor();
    await page.waitForFunction(() => document.activeElement?.id === "field-email");
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
        assert.equal(await page.locator(`main form[method="post"]:not([action$="/notes"])`).count(), 0, path);
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
