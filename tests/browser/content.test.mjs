// Programmes, modules and their neighbours in a real browser: every width and mode, reading that is noticed, questions that
// are answered in place, and all of it without scripts.
import assert from "node:assert/strict";
import { after, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { closeBrowser, closePage, inspect, login, openPage, screenshot, widths } from "../lib/browser.mjs";
import { addPerson, makeAcademy, startServer } from "../lib/server.mjs";

const data = makeAcademy();
for (const name of ["looker", "scroller", "answerer", "plain", "device"]) addPerson(data, name);
addPerson(data, "both", { roles: "learner,instructor" });
const server = await startServer({ data });
after(async () => {
    await closeBrowser();
    await server.stop();
});

const until = async (what, fn) => {
    for (let i = 0; i < 150; i++, await sleep(100)) if (await fn()) return;
    assert.fail(`never: ${what}`);
};

test("each page works at every width, dark, and right to left", async () => {
    const client = await server.signedIn("looker");
    await client.post("/modules/data-basics/checkpoints/1", { "choice[]": "1" });
    await client.post("/modules/data-basics/checkpoints/2", { "choice[]": "2" });
    const as = { signIn: (page) => login(page, "looker") };
    for (const path of ["/programmes", "/programmes/mops", "/modules/data-basics", "/modules/four-personas", "/glossary", "/search?q=data+qual", "/search?q=xyzzyq", "/self-assessment"])
        assert.deepEqual(await inspect(server, path, as), []);
    assert.deepEqual(await inspect(server, "/author", { signIn: (page) => login(page, "both") }), []);
    await client.post("/self-assessment", Object.fromEntries(Array.from({ length: 16 }, (_, i) => [`s${i + 1}`, String(1 + (i % 5))])));
    assert.deepEqual(await inspect(server, "/self-assessment", as), []);
});

test("the pages are pictured", async () => {
    for (const [label, options] of [["desk", {}], ["desk-dark", { dark: true }], ["phone", { width: widths.phone }], ["phone-dark", { width: widths.phone, dark: true }]]) {
        const page = await openPage(server, options);
        await login(page, "both");
        for (const [name, path] of [["programme", "/programmes/mops"], ["module", "/modules/data-basics"], ["search", "/search?q=data+qual"], ["self", "/self-assessment"], ["author", "/author"], ["glossary", "/glossary"]]) {
            await page.goto(path);
            await screenshot(page, `content-${name}-${label}`);
        }
        assert.deepEqual(page.problems, []);
        await closePage(page);
    }
});

test("a practice question is answered in place", async () => {
    const page = await openPage(server);
    await login(page, "answerer");
    await page.goto("/modules/data-basics");
    const box = page.locator("#checkpoint-1");
    assert.equal(await box.locator(".feedback").count(), 0);
    for (let option = 0; option < 4; option++) {
        await box.locator(".choices input").nth(option).check();
        await Promise.all([page.waitForResponse((answer) => answer.url().endsWith("/checkpoints/1")), box.locator("p > .button").click()]);
        await box.locator(".feedback").waitFor();
        if (await box.locator(".feedback-right").count()) break;
    }
    assert.equal(await box.locator(".feedback-right").count(), 1);
    await until("the feedback has the focus", () => page.evaluate(() => document.activeElement?.matches("#checkpoint-1 [data-feedback]")));
    assert.equal(new URL(page.url()).pathname, "/modules/data-basics", "no page was left");
    await page.reload();
    assert.equal(await page.locator("#checkpoint-1 .feedback-right").count(), 1, "it is kept");
    assert.deepEqual(page.problems, []);
    await closePage(page);
});

test("a term explains itself in place, by keyboard too", async () => {
    const page = await openPage(server);
    await login(page, "looker");
    await page.goto("/modules/data-basics");
    const term = page.locator("button.term").first();
    const note = page.locator(".term-note").first();
    assert.equal(await note.isVisible(), false);
    await term.focus();
    await page.keyboard.press("Enter");
    assert.equal(await note.isVisible(), true);
    await page.keyboard.press("Escape");
    assert.equal(await note.isVisible(), false);
    await closePage(page);
});

test("reading is noticed and goes on on another device", async () => {
    const page = await openPage(server);
    await login(page, "scroller");
    await page.goto("/modules/the-stack");
    const rows = page.locator("[data-section]");
    const second = await rows.nth(1).getAttribute("data-anchor");
    await page.mouse.wheel(0, 100);
    await sleep(4500);
    await page.evaluate((id) => document.getElementById(id).scrollIntoView({ block: "start" }), second);
    await page.mouse.wheel(0, 40);
    await until("the first section is read", async () => /^[1-9]/.test(await page.locator("[data-progress-text]").textContent()));
    const other = await openPage(server, { width: widths.phone });
    await login(other, "scroller");
    await until("the other device knows where", async () => {
        await other.goto("/modules/the-stack");
        return (await other.locator("[data-resume]").count()) === 1;
    });
    await other.click("[data-resume]");
    assert.match(other.url(), /#/);
    await other.goto("/");
    assert.equal(await other.locator('a[href^="/modules/the-stack#"]').count() > 0, true, "the start page leads there");
    assert.deepEqual([...page.problems, ...other.problems], []);
    await closePage(page);
    await closePage(other);
});

test("all of it works without scripts", async () => {
    const page = await openPage(server, { javaScript: false });
    await login(page, "plain");
    await page.goto("/modules/measuring");
    const questions = await page.locator(".checkpoint").count();
    for (let n = 1; n <= questions; n++) {
        await page.locator(`#checkpoint-${n} .choices input`).first().check();
        await page.locator(`#checkpoint-${n} p > .button`).click();
        assert.ok(page.url().endsWith(`/modules/measuring#checkpoint-${n}`), page.url());
        assert.equal(await page.locator(`#checkpoint-${n} .feedback`).count(), 1);
    }
    await page.locator("[data-sections] summary").click();
    await page.locator("[data-sections] li button").first().click();
    assert.equal(await page.locator("[data-sections] .badge-ok").count(), 1);
    await page.locator('[data-sections] button[value="*"]').click();
    assert.match(await page.textContent("#page-progress"), /You have completed this module/);
    await page.fill("#site-q", "dedupe");
    await Promise.all([page.waitForURL(/\/search/), page.press("#site-q", "Enter")]);
    assert.ok((await page.locator(".results mark").count()) > 0);
    await closePage(page);
});

test("the self-assessment shows its point and its table", async () => {
    const page = await openPage(server);
    await login(page, "device");
    await page.goto("/self-assessment");
    await page.click("form.self-form button");
    assert.equal(await page.locator('a[href^="#field-s"]').count(), 16, "every statement that waits is named");
    for (let n = 1; n <= 16; n++) await page.locator(`input[name="s${n}"][value="${n % 2 ? 5 : 1}"]`).check();
    await page.click("form.self-form button");
    assert.equal(await page.locator("svg .plot").count(), 1);
    assert.equal(await page.locator("main table tbody tr").count(), 2);
    assert.deepEqual(page.problems, []);
    await closePage(page);
});
