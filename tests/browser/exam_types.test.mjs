// run: timeout 600
// Orders and numbers in a real browser: by buttons and keys, on a phone, right to left, offline, and afterwards.
import assert from "node:assert/strict";
import { after, test } from "node:test";
import { closeBrowser, closePage, inspect, login, openPage, screenshot, widths } from "../lib/browser.mjs";
import { addPerson, makeAcademy, startServer } from "../lib/server.mjs";
import { examRoot, kindsExam, startAttempt } from "../lib/exam.mjs";
import { until } from "../lib/until.mjs";

const data = makeAcademy();
for (const name of ["looker", "mover", "writer", "away"]) addPerson(data, name);
const folder = examRoot();
kindsExam();
const server = await startServer({ data, args: ["--root", folder] });
after(async () => {
    await closeBrowser();
    await server.kill9();
});

const kinds = { order: "steps of a merge", run: "four seasons", number: "long is the way", choice: "Stem 9" };
/** An attempt of a person, and where each of its questions stands. */
async function sitting(name, options = {}) {
    const client = await server.signedIn(name);
    const attempt = await startAttempt(client, "kinds"), slots = {};
    for (let slot = 1; slot <= 4; slot++) {
        const html = await (await client.fetch(`/attempts/${attempt}/q/${slot}`)).text();
        for (const [kind, words] of Object.entries(kinds)) if (html.includes(words)) slots[kind] = slot;
    }
    const page = await openPage(server, options);
    await login(page, name);
    const held = async (slot) => (await (await client.fetch(`/attempts/${attempt}/state`)).json()).slots[slot - 1].response;
    return { client, attempt, slots, page, held, at: (kind) => page.goto(`/attempts/${attempt}/q/${slots[kind]}`) };
}
const saved = (page) => page.locator("[data-save-state]").filter({ hasText: /^Saved \d\d:\d\d:\d\d/ }).waitFor();
const rows = (page) => page.locator("[data-order-rows] [data-value]");
const texts = (page) => page.locator("[data-order-text]").allTextContents();
const shown = (page) => page.locator("[data-order-rows] [data-value]").evaluateAll((all) => all.map((row) => Number(row.dataset.value)));
const same = (a, b) => JSON.stringify(a) === JSON.stringify(b);

test("each type works at every width, dark, and right to left, while it is asked and afterwards", async () => {
    const { client, attempt, slots } = await sitting("looker");
    const as = { as: "looker" };
    for (const kind of ["order", "number"]) assert.deepEqual(await inspect(server, `/attempts/${attempt}/q/${slots[kind]}`, as), []);
    for (const [label, options] of [["desk", {}], ["phone-dark", { width: widths.phone, dark: true }]]) {
        const page = await openPage(server, options);
        await login(page, "looker");
        for (const kind of ["order", "number"]) {
            await page.goto(`/attempts/${attempt}/q/${slots[kind]}`);
            await screenshot(page, `exam-${kind}-${label}`);
        }
        await closePage(page);
    }
    assert.equal((await client.send("PUT", `/attempts/${attempt}/responses/${slots.order}`, { seq: 1, response: [1, 2, 0, 3] })).status, 200);
    assert.equal((await client.send("PUT", `/attempts/${attempt}/responses/${slots.number}`, { seq: 1, response: "125" })).status, 200);
    await client.post(`/attempts/${attempt}/submit`, {}, { from: `/attempts/${attempt}/review` });
    assert.deepEqual(await inspect(server, `/attempts/${attempt}/result`, as), []);
    const page = await openPage(server, { width: widths.phone });
    await login(page, "looker");
    await page.goto(`/attempts/${attempt}/result`);
    assert.ok(await page.getByText("KEY-SECRET ten times.").isVisible());
    await screenshot(page, "exam-types-result-phone");
    await page.emulateMedia({ media: "print" });
    assert.ok(await page.getByText("You gave it no place").first().isVisible());
    assert.ok(await page.getByText("Your answer:").isVisible());
    await closePage(page);
});

test("an order: by buttons and arrow keys, kept as it is, and shown again", async () => {
    const { page, slots, held, at } = await sitting("mover");
    await at("order");
    assert.deepEqual(await shown(page), [1, 2, 3, 4]);
    assert.equal(await page.locator("select").first().isVisible(), false);
    await page.getByRole("button", { name: "Keep this order" }).click();
    await saved(page);
    assert.deepEqual(await held(slots.order), [1, 2, 3, 4]);
    await rows(page).nth(2).getByRole("button", { name: "Move up" }).click();
    await until("one up", async () => same(await held(slots.order), [1, 3, 2, 4]));
    // The focus stays with what is moved: the keys go on.
    await page.keyboard.press("ArrowUp");
    await until("up again", async () => same(await held(slots.order), [3, 1, 2, 4]));
    await page.keyboard.press("ArrowUp"); // at the top: nothing
    await page.keyboard.press("ArrowDown");
    await until("down", async () => same(await held(slots.order), [1, 3, 2, 4]));
    await page.keyboard.press("Tab");
    await page.keyboard.press("Enter"); // its button down
    await until("by enter", async () => same(await held(slots.order), [1, 2, 3, 4]));
    await rows(page).nth(0).getByRole("button", { name: "Move down" }).click();
    await until("moved", async () => same(await held(slots.order), [2, 1, 3, 4]));
    const before = await texts(page);
    await at("order");
    assert.deepEqual(await texts(page), before);
    assert.equal(await page.getByRole("button", { name: "Keep this order" }).isVisible(), false);
    await page.keyboard.press("n"); // keys of the page still turn it, and none of them is an option
    await page.waitForURL(new RegExp(slots.order === 4 ? "review$" : `q/${slots.order + 1}$`));
    assert.deepEqual(page.problems, []);
    await closePage(page);
});

test("a number: read as it is written, refused with a reason, Enter keeps the page", async () => {
    const { page, slots, held, at } = await sitting("writer");
    await at("number");
    const field = page.locator("#answer");
    await field.fill("12,50");
    await until("the pause saves", async () => (await held(slots.number)) === "12.5");
    await page.getByText("Read as 12.5").waitFor();
    await saved(page);
    await field.fill("1,234");
    await field.blur();
    await page.locator("[data-exam-message]").filter({ hasText: "This can be read in two ways" }).waitFor();
    assert.equal(await field.getAttribute("aria-invalid"), "true");
    assert.equal(await held(slots.number), "12.5"); // what was given before counts
    assert.match(await page.locator(`[data-slot="${slots.number}"][aria-label]`).getAttribute("aria-label"), /answered/);
    await field.fill("๑๓");
    await page.keyboard.press("Enter");
    await until("enter saves", async () => (await held(slots.number)) === "13");
    assert.match(page.url(), new RegExp(`q/${slots.number}$`));
    await page.locator("[data-exam-message]").waitFor({ state: "hidden" });
    await field.fill("");
    await field.blur();
    await until("taken back", async () => same(await held(slots.number), []));
    assert.deepEqual(page.problems.filter((problem) => !/400/.test(problem)), []);
    await closePage(page);
});

test("without a connection both can be answered; the pages that were fetched before show it", async () => {
    const { page, slots, held, at } = await sitting("away");
    await at("order");
    await page.waitForFunction(() => document.documentElement.dataset.examAhead === "all");
    await page.context().setOffline(true);
    await rows(page).nth(0).getByRole("button", { name: "Move down" }).click();
    await page.locator("[data-save-state]").filter({ hasText: "Not sent yet" }).waitFor();
    await page.locator(".exam-overview summary").click();
    await page.locator(`[data-exam-map] [data-slot="${slots.number}"]`).click();
    await page.locator("#answer").fill("13");
    await page.locator("#answer").blur();
    await page.locator("[data-save-state]").filter({ hasText: "Not sent yet" }).waitFor();
    await page.locator(".exam-overview summary").click();
    await page.locator(`[data-exam-map] [data-slot="${slots.order}"]`).click();
    await page.locator("[data-order-rows]").waitFor();
    assert.deepEqual(await shown(page), [2, 1, 3, 4]);
    await page.locator(".exam-overview summary").click();
    await page.locator('[data-exam-overview]').waitFor();
    await page.getByRole("button", { name: "Review and submit" }).last().click();
    await page.locator("[data-exam-review]").waitFor();
    assert.match(await page.locator("[data-exam-lede]").textContent(), /Questions answered: 2 of 4/);
    await page.context().setOffline(false);
    await until("both are sent", async () => same(await held(slots.order), [2, 1, 3, 4]) && (await held(slots.number)) === "13");
    await closePage(page);
});
