// run: timeout 600
// Orders and numbers in a real browser: by buttons and keys, on a phone, right to left, offline, and afterwards.
import assert from "node:assert/strict";
import { after, test } from "node:test";
import { closeBrowser, closePage, inspect, login, openPage, screenshot, widths } from "../lib/browser.mjs";
import { addPerson, makeAcademy, startServer } from "../lib/server.mjs";
import { examRoot, kindsExam, startAttempt } from "../lib/exam.mjs";
import { until } from "../lib/until.mjs";

const data = makeAcademy();
for (const name of ["looker", "mover", "writer", "away", "holder", "leaver", "plain", "train", "chooser"]) addPerson(data, name);
const folder = examRoot();
kindsExam();
const { write } = examRoot.files;
write("exams/p/bank/two.md", "---\nid: two\ntitle: Two\nprogramme: p\ndomain: data\n---\n## keys-two\n\n```item\nobjective: keys\nlevel: apply\n```\n\nWhich are numbers? Choose two.\n\n- [x] One\n  > R.\n- [ ] Blue\n  > R.\n- [x] Two\n  > R.\n- [ ] Green\n  > R.\n");
write("exams/p/two.md", "---\nid: two\ntitle: Two keys\nsummary: One item.\nprogramme: p\nlevel: associate\nkind: practice\nbanks: [two]\nminutes: 60\ncut:\n  method: fixed-percentage\n  percent: 70\nreview: full\n---\nText.\n\n## Blueprint\n\n| domain | apply |\n|---|---|\n| data | 1 |\n");
const { read } = examRoot.files;
write("exams/p/arabic.md", read("exams/p/two.md").replace("id: two\ntitle: Two keys\nsummary: One item.", "id: arabic\nlang: ar\ntitle: امتحان قصير\nsummary: سؤال واحد."));
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
const refusal = (page, words) => page.locator("[data-exam-why]").filter({ hasText: words, visible: true }).waitFor();
const next = (page) => page.locator('.question-nav .button:not(.secondary)').click();
const onward = (attempt, slot) => new RegExp(slot === 4 ? `${attempt}/review$` : `${attempt}/q/${slot + 1}$`);
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
    const arrow = await page.locator(".order-arrow").first().evaluate((one) => parseFloat(getComputedStyle(one).fontSize));
    assert.ok(arrow >= 28, `an arrow that fills its button: ${arrow}`);
    assert.ok(await page.locator(".ordering > legend").evaluate((one) => one.getBoundingClientRect().width) <= 1, "the stem says it already");
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
    await refusal(page, /This can be read in two ways.*Saved before, and still your answer: 12\.5/);
    assert.equal(await field.getAttribute("aria-invalid"), "true");
    assert.equal(await held(slots.number), "12.5"); // what was given before counts
    assert.match(await page.locator(`[data-slot="${slots.number}"][aria-label]`).getAttribute("aria-label"), /answered/);
    await field.fill("๑๓");
    await page.keyboard.press("Enter");
    await until("enter saves", async () => (await held(slots.number)) === "13");
    assert.match(page.url(), new RegExp(`q/${slots.number}$`));
    await page.locator("[data-exam-why]").waitFor({ state: "hidden" });
    await page.locator("[data-exam-message]").waitFor({ state: "hidden" });
    await field.fill("");
    await field.blur();
    await until("taken back", async () => same(await held(slots.number), []));
    assert.deepEqual(page.problems.filter((problem) => !/400/.test(problem)), []);
    await closePage(page);
});

test("a number that is refused holds its reader, stays in the field, and is named on the review", async () => {
    const { page, attempt, slots, held, at } = await sitting("holder");
    const field = page.locator("#answer"), here = new RegExp(`q/${slots.number}$`);
    await at("number");
    await field.fill("5");
    await field.blur();
    await saved(page);
    for (const way of [() => next(page), () => page.locator('[name="go"][value="previous"], .exam-overview summary').first().click(), () => page.keyboard.press("Enter")]) {
        await field.fill("50 kg");
        await way();
        await refusal(page, /Write a number alone.*Saved before, and still your answer: 5/);
        assert.match(page.url(), here);
        assert.equal(await field.inputValue(), "50 kg");
    }
    /* The same again, typed or not: the reason stands there all the time. */
    await page.evaluate(() => {
        const refusal = document.querySelector("[data-exam-refusal]");
        window.gone = 0;
        new MutationObserver(() => { window.gone += refusal.hidden; }).observe(refusal, { attributes: true });
    });
    await field.fill("50 kg");
    await field.blur();
    await next(page); // nothing new was typed: the same
    await page.waitForFunction(() => document.activeElement?.id === "answer");
    assert.match(page.url(), here);
    assert.equal(await page.locator("[data-save-state]").textContent(), "Not saved");
    assert.equal(await page.locator("[data-exam-message]").isVisible(), false, "the reason stands at the field");
    assert.equal(await page.evaluate(() => window.gone), 0);
    await field.pressSequentially("s");
    await page.locator("[data-exam-why]").waitFor({ state: "hidden" });
    await page.keyboard.press("Backspace");
    await refusal(page, /Write a number alone/);
    const [label, box, way] = await page.evaluate(() => ["label[for=answer]", "#answer", "[data-exam-keep]"].map((one) => document.querySelector(one).getBoundingClientRect().top));
    assert.ok(label < box && box < way, "the field stands at its label, the way on below it");
    await page.setViewportSize({ width: widths.phone, height: 800 });
    await screenshot(page, "exam-number-refused-phone");
    await page.reload();
    await refusal(page, /Write a number alone/);
    assert.equal(await field.inputValue(), "50 kg");
    assert.equal(await held(slots.number), "5");
    await page.getByRole("button", { name: "Go on with the saved answer" }).click();
    await page.waitForURL(onward(attempt, slots.number));
    await page.goto(`/attempts/${attempt}/review`);
    const named = `Question ${slots.number}: what you typed, “50 kg”, is not saved. Saved before, and still your answer: 5`;
    await page.locator("[data-exam-drafts]").filter({ hasText: named, visible: true }).waitFor();
    assert.match(await page.locator(`[data-exam-map] [data-slot="${slots.number}"]`).getAttribute("aria-label"), /^Question \d, answered, what you typed is not saved/);
    await page.getByRole("link", { name: named }).click();
    await refusal(page, /Write a number alone/);
    await field.fill("50");
    await next(page);
    await page.waitForURL(onward(attempt, slots.number));
    assert.equal(await held(slots.number), "50");
    await page.goto(`/attempts/${attempt}/review`);
    await page.locator("[data-exam-lede]").waitFor();
    assert.equal(await page.locator("[data-exam-drafts]").isVisible(), false);
    await closePage(page);
});

test("a number that was refused only when the connection came back is named, and submitting waits for a look at it", async () => {
    const { page, client, attempt, slots, held, at } = await sitting("train");
    await at("number");
    await page.waitForFunction(() => document.documentElement.dataset.examAhead === "all");
    await page.context().setOffline(true);
    await page.locator("#answer").fill("10,5 kg");
    await page.locator("#answer").blur();
    await page.locator("[data-save-state]").filter({ hasText: "Not sent yet" }).waitFor();
    await page.locator(".exam-overview summary").click();
    await page.getByRole("button", { name: "Review and submit" }).last().click();
    await page.locator("[data-exam-review]").waitFor();
    const anyway = page.locator("[data-exam-submit] input[type=checkbox]");
    if (await anyway.count()) await anyway.check();
    await page.getByRole("button", { name: "Submit the exam" }).click();
    await page.locator("[data-exam-message]").filter({ hasText: "nothing was submitted yet" }).waitFor();
    await page.context().setOffline(false);
    await page.locator("[data-exam-message]").filter({ hasText: `Question ${slots.number}: what you typed, “10,5 kg”, is not saved. No answer` }).waitFor();
    assert.equal((await (await client.fetch(`/attempts/${attempt}/state`)).json()).open, true);
    assert.equal(await held(slots.number), null);
    await page.getByRole("button", { name: "Submit the exam" }).click(); // it was seen
    await page.waitForURL(/result$/);
    await closePage(page);
});

test("a number that was just typed is not lost when the page is left at once", async () => {
    const { page, attempt, slots, held, at } = await sitting("leaver");
    await at("number");
    await page.locator("#answer").pressSequentially("7");
    assert.match(await page.evaluate(() => Object.entries(localStorage).filter(([key]) => /draft/.test(key)).map(([, raw]) => JSON.parse(raw).text).join()), /^7$/, "kept at once");
    await page.goto("/exams");
    await until("it was sent on the way", async () => (await held(slots.number)) === "7");
    /* A browser that ends before it can send. */
    await at("number");
    await page.evaluate(() => addEventListener("pagehide", (event) => event.stopImmediatePropagation(), { capture: true }));
    await page.locator("#answer").fill("78");
    await page.route("**/responses/*", (route) => route.abort());
    await page.goto("/exams");
    assert.equal(await held(slots.number), "7");
    await page.unroute("**/responses/*");
    await at("number");
    await until("sent on return", async () => (await held(slots.number)) === "78");
    assert.equal(await page.locator("#answer").inputValue(), "78");
    /* And to another question with the browser's own way back. */
    await page.goto(`/attempts/${attempt}/review`);
    await page.locator(`[data-exam-map] [data-slot="${slots.number}"]`).click();
    await page.locator("#answer").fill("789");
    await page.goBack();
    await until("sent by the next view", async () => (await held(slots.number)) === "789");
    await closePage(page);
});

test("without scripts a number that is refused is asked again, with a way on", async () => {
    const { page, attempt, slots, held, at } = await sitting("plain", { javaScript: false, bypassCsp: true });
    await at("number");
    await page.locator("#answer").fill("5");
    await next(page);
    await page.waitForURL(onward(attempt, slots.number));
    await at("number");
    await page.locator("#answer").fill("50 kg");
    await next(page);
    await refusal(page, /Write a number alone.*Saved before, and still your answer: 5/);
    assert.equal(await page.locator("#answer").inputValue(), "50 kg");
    assert.equal(await page.locator("#answer").evaluate((field) => field === document.activeElement), true);
    await page.getByRole("button", { name: "Go on with the saved answer" }).click();
    await page.waitForURL(onward(attempt, slots.number));
    assert.equal(await held(slots.number), "5");
    await closePage(page);
});

test("how many are to be chosen stands at the question, and the review names what is not complete", async () => {
    const client = await server.signedIn("chooser"), attempt = await startAttempt(client, "two");
    const page = await openPage(server, { width: widths.phone });
    await login(page, "chooser");
    await page.goto(`/attempts/${attempt}/q/1`);
    const count = (words) => page.locator("#choose-state").filter({ hasText: words }).waitFor();
    await count("2 to choose, 0 chosen");
    await page.locator(".option").nth(0).click();
    await count("2 to choose, 1 chosen");
    await saved(page);
    assert.match(await page.locator('[data-exam-map] [data-slot="1"]').getAttribute("aria-label"), /answered, not complete/);
    await next(page);
    await page.locator("[data-exam-lede]").filter({ hasText: "some answers give less or more than their questions ask for" }).waitFor();
    await screenshot(page, "exam-incomplete-phone");
    await page.getByRole("link", { name: "Question 1: the answer is not complete." }).click();
    await count("2 to choose, 1 chosen");
    await page.locator(".option").nth(1).click();
    await count("2 to choose, 2 chosen");
    /* Too many is not too few. */
    await page.locator(".option").nth(2).click();
    await count("2 to choose, 3 chosen: that is too many");
    await saved(page);
    assert.match(await page.locator('[data-exam-map] [data-slot="1"]').getAttribute("aria-label"), /answered, too many chosen$/);
    await screenshot(page, "exam-too-many-phone");
    await next(page);
    const over = page.getByRole("link", { name: "Question 1: more is chosen than the question asks for." });
    await over.waitFor();
    await page.reload(); // and as the server says it
    await over.waitFor();
    await screenshot(page, "exam-too-many-review-phone");
    assert.match(await page.locator('[data-exam-map] [data-slot="1"]').getAttribute("aria-label"), /answered, too many chosen$/);
    assert.match(await page.locator(".exam-review").textContent(), /With a dashed edge: not complete, or too many chosen/);
    assert.ok(await over.evaluate((link) => link.getBoundingClientRect().left - link.closest("ul").getBoundingClientRect().left) >= 12, "the warning has room beside its bar");
    await over.click();
    await count("2 to choose, 3 chosen: that is too many");
    await page.locator(".option").nth(2).click();
    await count("2 to choose, 2 chosen");
    assert.equal(await page.locator("#choose-state.over").count(), 0);
    await next(page);
    await page.locator("[data-exam-lede]").filter({ hasText: "All questions are answered." }).waitFor();
    assert.equal(await page.locator("[data-exam-incomplete]").isVisible(), false);
    /* Practice that was passed, or not, may be taken again at once. */
    await page.getByRole("button", { name: "Submit the exam" }).click();
    await page.waitForURL(/result$/);
    assert.ok(await startAttempt(client, "two"));
    await closePage(page);
});

test("the title of an exam in another direction stands where its summary begins", async () => {
    const page = await openPage(server, { width: widths.phone });
    await login(page, "chooser");
    await page.goto("/exams/arabic");
    const [title, summary] = await page.evaluate(() => [".page-head h1", ".page-head .lede"].map((one) => {
        const range = document.createRange();
        range.selectNodeContents(document.querySelector(one));
        return range.getBoundingClientRect().right;
    }));
    assert.ok(Math.abs(title - summary) <= 1, `${title}, ${summary}`);
    assert.ok(title > widths.phone / 2, `${title}`);
    await screenshot(page, "exam-arabic-phone");
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
