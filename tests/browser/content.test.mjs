// run: timeout 900
// Programmes, modules and their neighbours in a real browser: every width and mode, reading that is noticed, questions that
// are answered in place, and all of it without scripts.
import assert from "node:assert/strict";
import { after, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { chooseAsAsked, closeBrowser, closePage, inspect, loading, login, openPage, pictured, screenshot, widths } from "../lib/browser.mjs";
import { addPerson, makeAcademy, password, startServer } from "../lib/server.mjs";
import { until } from "../lib/until.mjs";

const data = makeAcademy();
for (const name of ["printer", "jumper", "last", "ender", "night", "looker", "scroller", "answerer", "plain", "device", "waiter", "other", "several", "sharer", "reading"]) addPerson(data, name);
addPerson(data, "both", { roles: "learner,instructor" });
const server = await startServer({ data });
after(async () => {
    await closeBrowser();
    await server.stop();
});

test("each page works at every width, dark, and right to left", async () => {
    const client = await server.signedIn("looker");
    await client.post("/modules/data-basics/checkpoints/1", { "choice[]": "1" });
    await client.post("/modules/data-basics/checkpoints/2", new URLSearchParams([["choice[]", "2"], ["choice[]", "3"]]));
    const as = { as: "looker" };
    for (const path of ["/programmes", "/programmes/mops", "/modules/data-basics", "/modules/four-personas", "/glossary", "/search?q=data+qual", "/search?q=xyzzyq", "/self-assessment"])
        assert.deepEqual(await inspect(server, path, as), []);
    assert.deepEqual(await inspect(server, "/author", { as: "both" }), []);
    await client.post("/self-assessment", Object.fromEntries(Array.from({ length: 16 }, (_, i) => [`s${i + 1}`, String(1 + (i % 5))])));
    assert.deepEqual(await inspect(server, "/self-assessment", as), []);
});

if (pictured) test("the pages are pictured", async () => {
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
        await box.locator(".feedback").evaluateAll((all) => all.forEach((one) => one.setAttribute("data-of-before", "")));
        await box.locator(".choices input").nth(option).check();
        await Promise.all([page.waitForResponse((answer) => answer.url().endsWith("/checkpoints/1")), box.locator("p > .button").click()]);
        await box.locator(".feedback:not([data-of-before])").first().waitFor();
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

test("a wrong number of choices is told at the question, and no request leaves (RULE checkpoint-count)", async () => {
    const page = await openPage(server);
    await login(page, "looker");
    await page.goto("/modules/campaign-process");
    const asked = [];
    /* What was read is told as well, after some seconds; answers are what may not leave. */
    page.on("request", (request) => { if (request.method() === "POST" && !request.url().endsWith("/progress")) asked.push(request.url()); });
    const question = page.locator(".checkpoint:has([data-choose='2'])").first(), error = question.locator(".field-error");
    const check = (name) => question.getByRole("button", { name }).click();
    await check("Check my answer");
    await error.filter({ hasText: /Choose two answers/ }).waitFor();
    for (const n of [0, 1, 2]) await question.locator("input[type=checkbox]").nth(n).check();
    await check("Check my answer");
    await error.filter({ hasText: /too many: choose two answers/ }).waitFor();
    assert.equal(await question.locator("input:checked").count(), 3);
    assert.deepEqual(asked, []);
    await question.locator("input[type=checkbox]").nth(2).uncheck();
    await check("Check my answer");
    await question.locator("[data-feedback]").waitFor();
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
    await note.waitFor();
    await page.keyboard.press("Escape");
    await note.waitFor({ state: "hidden" });
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

test("the contents mark where one is, also after a jump and on the way up, and never lie on the text", async () => {
    const page = await openPage(server);
    await login(page, "jumper");
    await page.goto("/modules/the-stack");
    const ids = await page.$$eval(".toc-side a", (links) => links.map((a) => a.hash.slice(1)));
    const marked = () => page.$$eval(".toc-side a[aria-current]", (links) => links.map((a) => a.hash.slice(1)));
    for (const [id, below] of [[ids[3], 60], [ids[3], 900], [ids[1], 400], [ids[0], 10]]) {
        await page.evaluate(([to, more]) => scrollTo(0, document.getElementById(to).getBoundingClientRect().top + scrollY + more), [id, below]);
        const wanted = await page.evaluate((all) => all.filter((one) => document.getElementById(one).getBoundingClientRect().top < innerHeight * 0.3).pop(), ids);
        await until(`the mark at ${wanted}`, async () => (await marked()).join() === wanted);
        const apart = await page.evaluate(() => document.querySelector(".prose").getBoundingClientRect().right <= document.querySelector(".toc-side").getBoundingClientRect().left);
        assert.ok(apart, "beside the text");
    }
    await page.evaluate(() => scrollTo(0, 0));
    await until("no mark above the first heading", async () => (await marked()).length === 0);
    for (const width of [390, 959]) {
        await page.setViewportSize({ width, height: 700 });
        assert.equal(await page.locator(".toc-side").isVisible(), false);
        const fold = await page.locator(".toc-fold").evaluate((toc) => getComputedStyle(toc).position);
        assert.equal(fold, "static", "it goes with the page");
    }
    await closePage(page);
});

test("a module on paper has no buttons, its pictures and few pages", async () => {
    const page = await openPage(server);
    await login(page, "printer");
    for (const [path, most] of [["/modules/data-basics", 6], ["/modules/four-personas", 6], ["/modules/the-stack", 7]] /* some 3,100 words */) {
        await page.goto(path);
        await page.emulateMedia({ media: "print" });
        const shown = await page.$$eval("button.button, a.button, [data-resume], .site-header, .toc", (all) => all.filter((one) => one.getClientRects().length).map((one) => one.outerHTML.slice(0, 80)));
        assert.deepEqual(shown, [], path);
        assert.ok(await page.locator(".term, [popovertarget]").first().isVisible(), "words that are explained stay");
        await page.emulateMedia({ media: null });
        await page.goto(path); // nobody has scrolled
        await page.evaluate(() => dispatchEvent(new Event("beforeprint"))); // as a browser does before it prints
        await page.waitForLoadState("networkidle");
        const blank = await page.$$eval("article img", (all) => all.filter((one) => !one.complete || !one.naturalWidth).map((one) => one.src));
        assert.deepEqual(blank, [], path);
        const pdf = (await page.pdf({ format: "A4" })).toString("latin1");
        const pages = Math.max(...[...pdf.matchAll(/\/Count (\d+)/g)].map(([, n]) => Number(n)));
        assert.ok(pages <= most, `${path}: ${pages} pages`);
    }
    await closePage(page);
});

test("the last answer completes the module before one's eyes", async () => {
    const client = await server.signedIn("last"), path = "/modules/measuring";
    await client.post(`${path}/progress`, { section: "*", done: "1" });
    const page = await openPage(server);
    await login(page, "last");
    await page.goto(path);
    const count = await page.locator(".checkpoint").count();
    for (let n = 1; n <= count; n++) {
        assert.equal(await page.locator("#page-said .message-ok").count(), 0, `before answer ${n}`);
        assert.equal(await page.locator("#page-said [data-open-question]").evaluate((link) => link.hash), `#checkpoint-${n}`);
        await page.locator(`#checkpoint-${n} .choices input`).first().check();
        await page.locator(`#checkpoint-${n} p > .button`).click();
        await page.locator(`#checkpoint-${n} [data-feedback]`).waitFor();
    }
    await page.locator("#page-said .message-ok").waitFor();
    assert.match(await page.textContent("#page-said"), /You have completed this module/);
    assert.equal(await page.locator("#page-standing .badge-ok").count(), 1);
    assert.equal(await page.locator('#page-finish button').count(), 0, "nobody has read it again within a moment");
    assert.deepEqual(page.problems, []);
    await closePage(page);
});

test("what is read to its end says so, too", async () => {
    const client = await server.signedIn("ender"), path = "/modules/measuring";
    const html = await client.page(path);
    const sections = [...html.matchAll(/<li data-section="([^"]+)"/g)].map(([, id]) => id);
    for (const [, n, question] of html.matchAll(/id="checkpoint-(\d+)"([^]*?)<\/section>/g)) {
        const asked = Number(/data-choose="(\d+)"/.exec(question)?.[1] ?? 1);
        await client.post(`${path}/checkpoints/${n}`, new URLSearchParams(Array.from({ length: asked }, (_, i) => ["choice[]", i + 1])));
    }
    for (const section of sections) {
        const answer = await client.post(`${path}/progress`, { section, done: "1", position: "1000", quiet: "1" }, { headers: { "HX-Request": "true" } });
        assert.equal(answer.status, 200);
        const parts = await answer.text();
        assert.equal(/You have completed this module/.test(parts), section === sections.at(-1), section);
        assert.ok(!/<main/.test(parts), "a part, no page");
    }
});

test("drawings are no white cards in the dark", async () => {
    for (const [dark, stored, turned] of [[false, null, false], [true, null, true], [false, "dark", true], [true, "light", false]]) {
        const page = await openPage(server, { dark });
        await login(page, "night");
        if (stored) await page.context().addCookies([{ name: "theme", value: stored, url: server.origin }]);
        await page.goto("/modules/four-personas");
        const style = await page.locator('article img[src$=".svg"]').first().evaluate((img) => {
            const { filter, mixBlendMode } = getComputedStyle(img);
            return [filter, mixBlendMode];
        });
        assert.deepEqual(style, turned ? ["invert(1) hue-rotate(180deg)", "screen"] : ["none", "multiply"], `${dark} ${stored}`);
        await closePage(page);
    }
});

test("a drawing that is wider than a phone shows at its edge that there is more", async () => {
    const page = await openPage(server, { width: widths.phone });
    await login(page, "learner");
    await page.goto("/modules/measuring");
    const { shade, tables, wide, room } = await page.evaluate(() => {
        const box = document.querySelector('.prose img[src$="funnel.svg"]').parentElement, table = document.querySelector(".prose :is(.table-scroll, .table-wrap)");
        return { shade: getComputedStyle(box).backgroundImage, tables: getComputedStyle(table).backgroundImage, wide: box.scrollWidth, room: box.clientWidth };
    });
    assert.ok(wide > room, "it scrolls");
    assert.match(shade, /gradient/);
    assert.equal(shade, tables, "with the shade of tables");
    assert.match(await page.textContent("main"), /38\u00a0%/);
    await closePage(page);
});

test("all of it works without scripts", async () => {
    const page = await openPage(server, { javaScript: false });
    await login(page, "plain");
    await page.goto("/modules/measuring");
    const questions = await page.locator(".checkpoint").count();
    for (let n = 1; n <= questions; n++) {
        await page.locator(`#checkpoint-${n} .choices input`).first().check();
        await loading(page, () => page.locator(`#checkpoint-${n} p > .button`).click());
        assert.ok(page.url().endsWith(`/modules/measuring#checkpoint-${n}`), page.url());
        assert.equal(await page.locator(`#checkpoint-${n} .feedback`).count(), 1);
    }
    await page.locator("[data-sections] summary").click();
    await loading(page, () => page.locator("[data-sections] li button").first().click());
    assert.equal(await page.locator("[data-sections] .badge-ok").count(), 1);
    await loading(page, () => page.locator('[data-sections] button[value="*"]').click());
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
    await loading(page, () => page.click("form.self-form button"));
    assert.equal(await page.locator('a[href^="#field-s"]').count(), 16, "every statement that waits is named");
    for (let n = 1; n <= 16; n++) await page.locator(`input[name="s${n}"][value="${n % 2 ? 5 : 1}"]`).check();
    await loading(page, () => page.click("form.self-form button"));
    assert.equal(await page.locator("svg .plot").count(), 1);
    assert.equal(await page.locator("main table tbody tr").count(), 2);
    assert.deepEqual(page.problems, []);
    await closePage(page);
});

test("a practice question answered without a connection waits, says so, and is sent on return with its time", async () => {
    const page = await openPage(server);
    await login(page, "waiter");
    await page.goto("/modules/data-basics");
    const box = page.locator("#checkpoint-1");
    await page.context().setOffline(true);
    await chooseAsAsked(box);
    await box.locator("p > .button").click();
    await box.locator("[data-waits]").filter({ hasText: "There is no connection. What you gave is kept" }).waitFor();
    await sleep(3000);
    await screenshot(page, "module-offline", { fullPage: false });
    assert.equal(await box.locator("[data-feedback]").count(), 0);
    const [sent] = await Promise.all([page.waitForRequest((request) => request.url().endsWith("/checkpoints/1") && request.method() === "POST"), page.context().setOffline(false)]);
    const waited = Number(new URLSearchParams(sent.postData()).get("waited"));
    assert.ok(waited >= 3000 && waited < 30000, `${waited} ms`);
    await box.locator("[data-feedback]").waitFor();
    assert.equal(await box.locator("[data-waits]").count(), 0);
    /* The page is left while it waits: the next one sends it, for the same person alone. */
    await page.context().setOffline(true);
    const second = page.locator("#checkpoint-2");
    await chooseAsAsked(second);
    await second.locator("p > .button").click();
    await second.locator("[data-waits]").waitFor();
    await page.context().setOffline(false);
    await page.route("**/checkpoints/2", (route) => route.abort());
    await page.goto("/programmes");
    await page.context().clearCookies();
    await login(page, "other");
    await page.unroute("**/checkpoints/2");
    await page.goto("/modules/data-basics");
    await sleep(1500);
    assert.equal(await page.locator("#checkpoint-2 [data-feedback]").count(), 0, "it is not theirs");
    await page.context().clearCookies();
    await login(page, "waiter");
    await page.goto("/modules/data-basics");
    await page.locator("#checkpoint-2 [data-feedback]").waitFor();
    await closePage(page);
});

test("where one was when the connection went is kept, and sent with its time by the next page", async () => {
    const page = await openPage(server);
    await login(page, "reading");
    await page.goto("/modules/the-stack");
    await page.context().setOffline(true);
    const id = await page.$$eval(".toc-side a", (links) => links.at(3).hash.slice(1));
    await page.evaluate((to) => document.getElementById(to).scrollIntoView({ behavior: "instant" }), id);
    await page.waitForFunction(() => scrollY > 300);
    await page.evaluate(() => {
        dispatchEvent(new Event("scroll"));
        Object.defineProperty(document, "visibilityState", { get: () => "hidden" });
        document.dispatchEvent(new Event("visibilitychange"));
    });
    await sleep(1500);
    await page.route("**/the-stack/progress", (route) => route.abort());
    await page.context().setOffline(false);
    await page.goto("/programmes");
    await page.unroute("**/the-stack/progress");
    const [sent] = await Promise.all([page.waitForRequest((request) => request.url().endsWith("/modules/the-stack/progress")), page.goto("/modules/data-basics")]);
    const fields = new URLSearchParams(sent.postData() ?? "");
    assert.ok(Number(fields.get("waited")) >= 1500, `${fields}`);
    const other = await openPage(server);
    await login(other, "reading");
    await until("the start page leads there", async () => {
        await other.goto("/");
        return (await other.locator('a[href^="/modules/the-stack#"]').count()) > 0;
    });
    await closePage(page);
    await closePage(other);
});

test("signed out in a module: the answer waits, and is sent after signing in on the same page", async () => {
    const page = await openPage(server);
    await login(page, "waiter");
    await page.goto("/modules/data-basics");
    await page.context().clearCookies();
    const box = page.locator("#checkpoint-3");
    await chooseAsAsked(box);
    await box.locator("p > .button").click();
    await page.locator("#sign-in").waitFor();
    await page.locator("#sign-in input[name=password]").fill(password);
    await page.locator("#sign-in").getByRole("button", { name: "Sign in", exact: true }).click();
    await box.locator("[data-feedback]").waitFor();
    assert.match(page.url(), /modules\/data-basics/);
    await closePage(page);
});

test("several answers without a connection: each says at its place that it waits", async () => {
    const page = await openPage(server);
    await login(page, "several");
    await page.goto("/modules/data-basics");
    await page.context().setOffline(true);
    for (const n of [1, 2, 3]) {
        const box = page.locator(`#checkpoint-${n}`);
        await chooseAsAsked(box);
        await box.locator("p > .button").click();
        await box.locator("[data-waits]").filter({ hasText: "There is no connection. What you gave is kept" }).waitFor();
    }
    await page.context().setOffline(false);
    for (const n of [1, 2, 3]) await page.locator(`#checkpoint-${n} [data-feedback]`).waitFor();
    await closePage(page);
});

test("somebody else has signed in on a shared device: the way back is on the same page", async () => {
    const page = await openPage(server, { width: widths.phone });
    await login(page, "sharer");
    await page.goto("/modules/data-basics");
    await page.context().clearCookies();
    await login(page, "other");
    const box = page.locator("#checkpoint-3"), dialog = page.locator("#sign-in");
    await chooseAsAsked(box);
    await box.locator("p > .button").click();
    await box.locator("[data-waits]").filter({ hasText: "Somebody else is signed in now" }).waitFor();
    await box.locator("[data-waits] button").click();
    await dialog.locator("input[name=password]").fill(password);
    const enter = dialog.getByRole("button", { name: "Sign in", exact: true });
    await enter.click();
    await dialog.locator("[data-sign-in-problem]").filter({ hasText: "Sign in once more, and they are signed out here" }).waitFor();
    await screenshot(page, "module-shared-device", { fullPage: false });
    assert.equal(await box.locator("[data-feedback]").count(), 0, "nobody was signed out without being told");
    await enter.click();
    await box.locator("[data-feedback]").waitFor();
    /* The page of its own says who is there, and signs them out. */
    await page.goto("/login?other=1");
    assert.match(await page.textContent("main"), /sharer of the tests is signed in on this device/);
    await screenshot(page, "login-other");
    await page.locator('main form[action="/logout"] button').click();
    await page.locator("#field-password").waitFor();
    assert.equal(new URL(page.url()).pathname, "/login");
    assert.deepEqual(page.problems, []);
    await closePage(page);
});
