// run: timeout 900
// The screens of labs in a real browser: lists, records, two windows, by mouse, by keyboard and on a phone.
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
const run = (await learner.post(`${lab}/runs`, { dialect_crm: "boreal", dialect_map: "quillon" }, { from: lab })).headers.get("location");
const contacts = `${run}?tab=crm&object=contact`;
const person = /record=(c\d+)/.exec(await learner.page(contacts))[1];
await learner.post(`${run}/calls`, { tab: "crm", object: "contact", record: person, operation: "update", f_job_title: "Tester" });

const pages = {
    "a filtered list": `${contacts}&f1=industry&o1=is&v1=finance&sort=-job_title`,
    "a list in which nothing matches": `${contacts}&find=nobody-at-all`,
    "a record with references": `${contacts}&record=${person}`,
    "a record that others lead to": `${run}?tab=crm&object=account&record=${/record=(c\d+)/.exec(await learner.page(`${run}?tab=crm&object=account`))[1]}`,
    "a new record": `${contacts}&add=1`,
    "the warehouse with its editor": `${run}?tab=sql`,
    "the console": `${run}?tab=access&at=map&object=lead&op=update`,
};
for (const [what, path] of Object.entries(pages)) {
    test(`${what} works in every mode`, async () => assert.deepEqual(await inspect(server, path, { as: "learner" }), []));
}

/** The part that the reader waits for is there, and htmx, where there is one. */
async function open(path, options = {}) {
    const page = await openPage(server, options);
    await login(page, "learner");
    await page.goto(path);
    if (options.javaScript !== false) await settled(page);
    return page;
}

for (const [device, size, most] of [["desk", { width: widths.desk, height: 800 }, 220], ["phone", { width: widths.phone, height: 844 }, 260]]) {
    test(`the first row of a list stands high, at a ${device}`, async () => {
        const page = await open(contacts, size);
        const top = await page.$eval("#part tbody tr", (row) => row.getBoundingClientRect().top);
        assert.ok(top <= most, `${top} px`);
        await closePage(page);
    });
}

test("a list is filtered and ordered by keyboard, and conditions are taken away again", async () => {
    const page = await open(contacts);
    await page.locator(".lab-filter summary").focus();
    await page.keyboard.press("Enter");
    await page.getByLabel("Field", { exact: true }).focus();
    await page.keyboard.type("Sector");
    await page.keyboard.press("Tab");
    await page.keyboard.press("Tab");
    await page.keyboard.type("finance");
    await page.keyboard.press("Enter");
    await page.locator(".lab-active").getByText("Sector is finance").waitFor();
    const sectors = await page.locator("#part tbody").innerText();
    assert.match(sectors, /finance/);
    assert.doesNotMatch(sectors, /shops|schools/);
    await page.locator("thead").getByRole("link", { name: "Family name" }).press("Enter");
    await page.locator('th[aria-sort="ascending"]', { hasText: "Family name" }).waitFor();
    await page.locator("thead").getByRole("link", { name: "Family name" }).press("Enter");
    await page.locator('th[aria-sort="descending"]', { hasText: "Family name" }).waitFor();
    await page.locator(".lab-active").getByText("Sector is finance").waitFor();
    await page.locator(".lab-active").getByRole("link", { name: "Remove this condition" }).press("Enter");
    await page.locator(".lab-active").waitFor({ state: "detached" });
    await page.getByText("220 records.").waitFor();
    await page.locator(".lab-filter summary").press("Enter");
    await page.keyboard.press("Escape");
    assert.equal(await page.locator(".lab-filter").evaluate((part) => part.open), false);
    assert.deepEqual(page.problems, []);
    await closePage(page);
});

test("without scripts a phone filters, turns pages and follows a reference", async () => {
    const page = await open(contacts, { width: widths.phone, height: 844, javaScript: false });
    await page.locator(".lab-filter summary").click();
    await page.getByLabel("Field", { exact: true }).selectOption({ label: "Firm" });
    await page.getByLabel("How it compares").selectOption({ label: "has a value" });
    await page.getByRole("button", { name: "Show", exact: true }).click();
    await page.getByRole("link", { name: "Next" }).click();
    await page.getByText("26 to 50 on this page").waitFor();
    await page.locator("#part tbody tr").first().locator("th a").click();
    await page.locator(".lab-form .field:has(#field-account_id) a").click();
    await page.getByRole("heading", { name: "Leads here" }).waitFor();
    assert.deepEqual(page.problems, []);
    await closePage(page);
});

test("RULE lab-told: two windows change one field; the second is told where it stands, and decides", async () => {
    const first = await open(`${contacts}&record=${person}`), second = await open(`${contacts}&record=${person}`);
    for (const [page, role] of [[first, "Baker"], [second, "Miller"]]) {
        await page.getByLabel("Role", { exact: true }).fill(role);
        await page.getByRole("button", { name: "Save" }).click();
        await page.locator("#lab [data-done]").waitFor();
    }
    await second.locator("#field-job_title[aria-invalid]").waitFor();
    await second.waitForFunction(() => document.activeElement?.id === "field-job_title");
    assert.match(await second.locator("#field-job_title-wrong").innerText(), /it is “Baker” now/);
    assert.equal(await second.getByLabel("Role", { exact: true }).inputValue(), "Miller");
    await second.getByRole("button", { name: "Save" }).click();
    await second.locator("#lab [data-done]").getByText("Saved. The call").waitFor();
    assert.match(await second.locator("section:has(#history)").innerText(), /on a screen[\s\S]*Role: Baker → Miller/);
    for (const page of [first, second]) {
        assert.deepEqual(page.problems, []);
        await closePage(page);
    }
});

test("any operation is tried in the console, by keyboard, and its answer comes into view", async () => {
    const page = await open(`${run}?tab=access`, { height: 700 });
    await page.locator(".lab-pick").getByRole("link", { name: "Quillon Nurture" }).press("Enter");
    await page.locator('.lab-pick [aria-current]', { hasText: "Quillon" }).waitFor();
    await page.getByRole("link", { name: "create Guests" }).press("Enter");
    await page.locator('.lab-operations [aria-current]', { hasText: "create Guests" }).waitFor();
    await page.getByLabel("Body (JSON)").press("Control+Enter");
    await page.locator("#answer").waitFor();
    assert.match(await page.locator("#answer").innerText(), /20[01]|4\d\d/);
    await page.waitForFunction(() => { const { top } = document.getElementById("answer").getBoundingClientRect(); return top >= 0 && top < innerHeight; });
    assert.match(await page.locator("#curl").innerText(), /curl -X POST/);
    assert.ok(await page.getByRole("button", { name: "Copy" }).isVisible());
    assert.match(await page.locator("#calls details").first().innerText(), /POST \//);
    assert.deepEqual(page.problems, []);
    await closePage(page);
});

test("the warehouse's editor completes tables and columns, runs by keyboard, and keeps the query", async () => {
    const page = await open(`${run}?tab=sql`);
    const editor = page.locator(".lab-editor .cm-content");
    for (let again = 0; again < 2; again++) {
        await editor.click();
        await page.keyboard.press("Control+A");
        await page.keyboard.type("select count(*) as people from crm_con");
        await page.locator(".lab-editor [role=option]", { hasText: "crm_contact" }).waitFor();
        await page.waitForTimeout(150); // what is shown for less than that is not taken, so that nobody takes it by mistake
        await page.keyboard.press("Enter");
        await page.keyboard.press("Control+Enter");
        await page.locator("[data-sql-result]").waitFor();
        assert.match(await page.locator("[data-sql-result]").innerText(), /people\s+2\d\d/);
        await page.waitForFunction(() => document.querySelector(".lab-editor")?.shadowRoot.textContent.includes("crm_contact"));
        assert.equal(await page.locator("#sql").inputValue(), "select count(*) as people from crm_contact");
        await page.evaluate(() => document.querySelector("[data-sql-result]").remove());
    }
    assert.deepEqual(page.problems, []);
    await closePage(page);
});

test("a replay is scrubbed with the arrow keys, and tells what was done in words", async () => {
    const page = await openPage(server);
    await login(page, "learner");
    await page.goto(`${run}/replay?step=1`);
    await page.locator(".lab-did").getByText(`changed Person ${person}: Role: Tester`).waitFor();
    await page.keyboard.press("ArrowLeft");
    await page.waitForURL(/step=0/);
    await page.getByRole("heading", { name: "The run at its start" }).waitFor();
    await page.keyboard.press("ArrowRight");
    await page.waitForURL(/step=1/);
    await page.locator(".lab-steps [aria-current]").waitFor();
    assert.deepEqual(page.problems, []);
    await closePage(page);
});

if (pictured) test("pictures for whoever reviews the pages", async () => {
    for (const [name, width] of Object.entries({ desk: widths.desk, phone: widths.phone })) {
        const page = await open(contacts, { width });
        for (const [what, path] of Object.entries(pages)) {
            await page.goto(path);
            await screenshot(page, `lab-${what.replaceAll(" ", "-")}-${name}`);
        }
        await closePage(page);
    }
});
