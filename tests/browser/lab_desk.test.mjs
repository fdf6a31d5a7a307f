// run: timeout 900
// The first night without a CRM, done as a person does it: read, click, type, wait. The first half at a desk with the keyboard, the
// second on a phone. On the way the inbox and the clock are looked at in every mode.
import assert from "node:assert/strict";
import { after, test } from "node:test";
import { closeBrowser, closePage, inspect, login, openPage, widths } from "../lib/browser.mjs";
import { startServer } from "../lib/server.mjs";

const server = await startServer();
after(async () => {
    await closeBrowser();
    await server.stop();
});
const learner = await server.signedIn("learner");
const begin = async (lab, dialects) => (await learner.post(`/labs/${lab}/runs`, dialects, { from: `/labs/${lab}` })).headers.get("location");

/** Somebody at a page of a run: what they can do with it. */
function person(page, run) {
    const settled = () => page.waitForFunction(() => "htmx" in globalThis && !document.querySelector(".htmx-request"));
    const list = async (object, more = "") => {
        await page.goto(`${run}?tab=${object.replace(".", "&object=")}${more}`);
        return page.$$eval("#part tbody tr", (rows) => rows.map((row) => ({ href: row.querySelector("a").getAttribute("href"), cells: [...row.querySelectorAll("td")].map((cell) => cell.textContent.trim()) })));
    };
    return {
        list,
        /** Changes a record by the form on its page. */
        async edit(href, change) {
            await page.goto(href);
            await settled();
            for (const [label, value] of Object.entries(change)) await page.getByLabel(label, { exact: true }).selectOption(value);
            await page.locator("#part").getByRole("button", { name: "Save" }).press("Enter");
            await page.locator("#lab [data-done]", { hasText: "Saved" }).waitFor();
        },
        async add(object, fields) {
            await page.goto(`${run}?tab=${object.replace(".", "&object=")}&add=1`);
            await settled();
            for (const [label, value] of Object.entries(fields)) await page.getByLabel(label, { exact: true }).fill(value);
            await page.locator("#part").getByRole("button", { name: "Save" }).click();
            await page.locator("#lab [data-done]", { hasText: "Done" }).waitFor();
        },
        /** Lets time pass until a query is true, in the panel of the clock. */
        async until(sql) {
            await page.goto(`${run}?tab=inbox${page.viewportSize().width < 900 ? "#time" : ""}`);
            await settled();
            await page.locator(".lab-clock-more summary").press("Enter");
            await page.getByLabel("Until a query is true").fill(sql);
            await page.getByRole("button", { name: "Go Until a query is true" }).press("Enter");
            await page.locator("#lab [data-done]", { hasText: "The query is true now" }).waitFor();
            await page.getByRole("heading", { name: "What happened meanwhile" }).waitFor();
        },
        /** Answers the message with these words: the choice that has those, or a text. */
        async answer(subject, words, choose = true) {
            await page.goto(`${run}?tab=inbox`);
            await settled();
            const message = page.locator(".lab-message-open", { hasText: subject });
            if (choose) await message.getByRole("radio", { name: words }).check();
            else await message.getByLabel("Your message").fill(words);
            await message.getByRole("button", { name: choose ? /^Answer/ : "Send" }).click();
            await page.locator("#lab [data-done]", { hasText: "Your message is sent." }).waitFor();
        },
        async write(words) {
            await page.goto(`${run}?tab=inbox`);
            await settled();
            await page.locator("#inbox-new > summary").press("Enter");
            await page.locator("#new-text").fill(words);
            await page.locator("#inbox-new").getByRole("button", { name: "Send" }).press("Enter");
            await page.locator("#lab [data-done]", { hasText: "Your message is sent." }).waitFor();
        },
    };
}

test("the first night without a CRM, at a desk and on a phone, by inbox and clock", async () => {
    const run = await begin("weekend-outage", { dialect_crm: "aurelia", dialect_email: "larkmere" });
    const page = await openPage(server);
    await login(page, "learner");
    const she = person(page, run);
    await she.until("SELECT count(*) FROM event WHERE kind = 'outage.started'");
    // Which designs lead to the booking page, and which sends use them.
    const risky = [];
    for (const design of await she.list("email.template")) {
        await page.goto(design.href);
        if ((await page.locator("#part .lab-form").evaluate((form) => [...form.elements].map((field) => field.value).join(" "))).includes("book.sallowfield.example")) risky.push(design.cells[0]);
    }
    assert.ok(risky.length > 1);
    for (const send of await she.list("email.mailing")) if (send.cells.some((cell) => risky.includes(cell))) await she.edit(send.href, { [await label(page, run, "state")]: "paused" });
    await she.write("Since 22:00 UTC no page and no call of our account answers. Please tell us the cause and until when it will last.");
    await she.until("SELECT count(*) FROM message WHERE say = 'down'");
    assert.deepEqual(await inspect(server, `${run}?tab=inbox`, { as: "learner" }), []);
    await she.answer("Nothing opens", /^"The CRM is down since 22:00/);
    await page.setViewportSize({ width: widths.phone, height: 844 });
    await she.until("SELECT count(*) FROM message WHERE say = 'pressure'");
    await she.answer("Saturday offer", /^"It would lead 30 people/);
    await she.until("SELECT count(*) FROM message WHERE say = 'morning'");
    await she.answer("News?", /^"No change: down since 22:00/);
    await she.until("SELECT count(*) FROM message WHERE say = 'back'");
    assert.deepEqual(page.problems, []);
    await closePage(page);
});

/** What the form of a send calls this field. */
async function label(page, run, field) {
    await page.goto(`${run}?tab=email&object=mailing&add=1`);
    return (await page.locator(`label[for="field-${field}"]`).textContent()).trim();
}
