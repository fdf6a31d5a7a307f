// run: timeout 600
// Formulas in questions, keys and rationales, and in the glossary: drawn as in modules, with the script only where one is,
// readable without it, and there when the connection is not.
import assert from "node:assert/strict";
import { after, test } from "node:test";
import { examRoot, startAttempt } from "../lib/exam.mjs";
import { axe, closeBrowser, closePage, login, openPage, overflow, screenshot, widths } from "../lib/browser.mjs";
import { addPerson, makeAcademy, startServer } from "../lib/server.mjs";

const data = makeAcademy();
for (const name of ["viewer", "sitter", "reader"]) addPerson(data, name);
const folder = examRoot({ items: 4, minutes: 60 });
const { write, read } = examRoot.files;
const bank = read("exams/p/bank/small.md").split(/(?=^## )/m);
// The same in each but one: whichever the form asks first, one with a formula comes after one without.
const formula = (text, n) => [
    [`Stem ${n}?`, String.raw`Stem ${n}: what is $\frac{a}{b} + \sqrt{x}$?`],
    [`First of ${n}`, String.raw`First of ${n}: $\sum_{i=1}^{n} x_i$`],
    [`KEY-SECRET ${n}`, `KEY-SECRET ${n}\n  > $$\n  > \\frac{1}{2}\n  > $$`],
].reduce((whole, [from, to]) => whole.replace(from, () => to), text);
write("exams/p/bank/small.md", [bank[0], bank[1], ...bank.slice(2).map((text, i) => formula(text, i + 2))].join(""));
write("content/p/glossary.md", "---\nid: g\ntitle: Terms\nprogramme: p\n---\n## Rate\n\nWhat came of all: $\\frac{n}{m}$.\n");
const server = await startServer({ data, args: ["--root", folder] });
after(async () => {
    await closeBrowser();
    await server.stop();
});

const scripted = /<script type="module" src="[^"]*\/math\.[^"]*js"/;
const questions = async (client, attempt) => Promise.all([1, 2, 3, 4].map(async (n) => [`/attempts/${attempt}/q/${n}`, await client.page(`/attempts/${attempt}/q/${n}`)]));

test("the script comes only with a formula, whose source stands in the page", async () => {
    const client = await server.signedIn("viewer"), attempt = await startAttempt(client, "small");
    const all = await questions(client, attempt);
    assert.equal(all.filter(([, html]) => html.includes('<code class="math"')).length, 3);
    for (const [path, html] of all) assert.equal(scripted.test(html), html.includes('<code class="math"'), path);
    assert.ok(all.some(([, html]) => html.includes(String.raw`\frac{a}{b} + \sqrt{x}</code>`)));
    await client.post(`/attempts/${attempt}/submit`);
    const result = await client.page(`/attempts/${attempt}/result`);
    assert.match(result, scripted);
    assert.match(result, /<code class="math math-block"/);
    assert.match(await client.page("/glossary?programme=p"), scripted);
    assert.doesNotMatch(await client.page("/glossary?programme=mops"), scripted);
});

test("questions draw their formulas, also the later ones, without a connection, and nothing is refused by the policy", async () => {
    const client = await server.signedIn("sitter"), attempt = await startAttempt(client, "small");
    const all = await questions(client, attempt), plain = all.find(([, html]) => !scripted.test(html))[0];
    const page = await openPage(server, {});
    await login(page, "sitter");
    await page.goto(plain);
    await page.waitForFunction(() => document.documentElement.dataset.examAhead === "all" && document.fonts.check('1em "Gradus Math"'));
    await page.context().setOffline(true);
    for (const [path] of all.filter(([at]) => at !== plain)) {
        await page.locator("[data-exam-overview]").click();
        await page.locator(`[data-exam-map] a[href="${path}"]`).click();
        await page.waitForURL(`**${path}`);
        await page.locator(".question-stem math mfrac").waitFor();
        await page.locator(".option-text math").first().waitFor();
        assert.equal(await page.locator("code.math").count(), 0);
    }
    await page.context().setOffline(false);
    assert.deepEqual(page.problems.filter((one) => !/ERR_INTERNET_DISCONNECTED/.test(one)), []);
    await closePage(page);
    for (const [label, options] of [["desk", {}], ["phone-dark", { width: widths.phone, dark: true }], ["narrow", { width: widths.narrow }]]) {
        const narrow = await openPage(server, options);
        await login(narrow, "sitter");
        await narrow.goto(all.find(([at]) => at !== plain)[0]);
        await narrow.locator(".question-stem math").waitFor();
        await narrow.evaluate(() => document.fonts.ready);
        assert.deepEqual(await overflow(narrow), []);
        await screenshot(narrow, `exam-formula-${label}`);
        await closePage(narrow);
    }
    await client.post(`/attempts/${attempt}/submit`);
});

test("the result and the glossary draw them", async () => {
    const client = await server.signedIn("reader"), attempt = await startAttempt(client, "small");
    await client.post(`/attempts/${attempt}/submit`);
    const page = await openPage(server, {});
    await login(page, "reader");
    await page.goto(`/attempts/${attempt}/result`);
    await page.locator(".exam-rationale .formula-block math").first().waitFor();
    assert.equal(await page.locator("code.math").count(), 0);
    assert.deepEqual(await axe(page), []);
    await screenshot(page, "exam-formula-result");
    await page.goto("/glossary?programme=p");
    await page.locator("dl.glossary math mfrac").waitFor();
    await screenshot(page, "glossary-formula");
    assert.deepEqual(page.problems, []);
    await closePage(page);
});
