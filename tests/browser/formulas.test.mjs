// run: timeout 600
// Formulas in a real browser: roots keep their sign, brackets grow, what stands in columns stands in columns, and nothing
// of it breaks the content security policy.
import assert from "node:assert/strict";
import { cpSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, test } from "node:test";
import { closeBrowser, closePage, inspect, login, openPage, screenshot, widths } from "../lib/browser.mjs";
import { addPerson, makeAcademy, root, scratch, startServer } from "../lib/server.mjs";

const academy = scratch("root");
for (const part of ["content", "exams", "labs"]) cpSync(join(root, part), join(academy, part), { recursive: true });
cpSync(join(root, "site"), join(academy, "site"), { recursive: true, filter: (path) => !path.includes("node_modules") });
const file = join(academy, "content/mops/modules/data-basics.md");
const show = (name, tex) => `### ${name}\n\n$$\n${tex}\n$$\n\n`;
const formulas = {
    Root: String.raw`\sqrt{x} + \sqrt[3]{\frac{a}{b}}`,
    Matrix: String.raw`\begin{pmatrix} a & b \\ c & d \\ e & f \end{pmatrix}`,
    Cases: String.raw`f(x) = \begin{cases} x & \text{if } x > 0 \\ -x^2 & \text{otherwise} \end{cases}`,
    Aligned: String.raw`\begin{aligned} a + b + c &= d \\ e &= f - g \end{aligned}`,
    Struck: String.raw`\cancel{x} \bcancel{y} \xcancel{z} + \color{red}{r} + \overline{ab} + \underline{cd} + \boxed{E}`,
    Letters: String.raw`\mathbb{R} \mathcal{L} \mathfrak{g} \mathbf{v} \vec{w} \hat{y} f' \sum_{i=1}^{n} \int_a^b \xrightarrow{k}`,
};
writeFileSync(file, `${readFileSync(file, "utf8")}\n## Formulas\n\nIn a line: $x_1 + \\sqrt{2}$.\n\n${Object.entries(formulas).map(([name, tex]) => show(name, tex)).join("")}`);
const brief = join(academy, "labs/scenarios/field-mapping-dedupe/scenario.md");
writeFileSync(brief, readFileSync(brief, "utf8").replace(/^1\. /m, "1. $\\sqrt{n}$: "));
const data = makeAcademy();
addPerson(data, "viewer");
const server = await startServer({ data, args: ["--root", academy] });
after(async () => {
    await closeBrowser();
    await server.stop();
});

const shown = async (options = {}) => {
    const page = await openPage(server, options);
    await login(page, "viewer");
    await page.goto("/modules/data-basics");
    await page.waitForFunction((count) => document.querySelectorAll(".formula-block math").length === count, Object.keys(formulas).length);
    await page.evaluate(() => document.fonts.ready);
    return page;
};
/** The formula below the heading of this name. */
const below = (page, name) => page.locator(`h3:has-text("${name}") + p .formula-block math, h3:has-text("${name}") + .formula-block math`);

test("formulas at every width, dark, without a fault of access", async () => {
    assert.deepEqual(await inspect(server, "/modules/data-basics", { as: "viewer" }), []);
    for (const [label, options] of [["desk", {}], ["phone-dark", { width: widths.phone, dark: true }]]) {
        const page = await shown(options);
        await below(page, "Root").scrollIntoViewIfNeeded();
        await page.evaluate(() => document.getElementById("formulas").scrollIntoView());
        await screenshot(page, `formulas-${label}`, { fullPage: false });
        await below(page, "Letters").scrollIntoViewIfNeeded();
        await screenshot(page, `formulas-${label}-2`, { fullPage: false });
        await closePage(page);
    }
});

test("nothing is refused by the policy, and the font comes only with a formula", async () => {
    const page = await shown();
    assert.deepEqual(page.problems, []);
    const fonts = () => page.evaluate(() => performance.getEntriesByType("resource").map((one) => /fonts\/(math[a-z-]*)\./.exec(one.name)?.[1]).filter(Boolean));
    assert.deepEqual((await fonts()).sort(), ["math", "math-letters"]);
    await page.goto("/modules/measuring");
    assert.deepEqual(await fonts(), []);
    await closePage(page);
});

test("a root has its sign", async () => {
    const page = await shown();
    const [sign, third] = await below(page, "Root").evaluate((math) =>
        ["msqrt", "mroot"].map((name) => {
            const box = math.querySelector(name), inner = box.firstElementChild;
            return inner.getBoundingClientRect().left - box.getBoundingClientRect().left;
        }));
    // The sign is drawn in the room before what stands under it, six tenths of a letter's height at least.
    assert.ok(sign > 8, `${sign} px before the root's content`);
    assert.ok(third > 8, `${third} px before the third root's content`);
    await closePage(page);
});

test("brackets grow with what they hold", async () => {
    const page = await shown();
    for (const name of ["Matrix", "Cases"]) {
        const [bracket, table] = await below(page, name).evaluate((math) => {
            const body = math.querySelector("mtable"), fence = body.previousElementSibling ?? body.parentElement.querySelector("mo");
            return [fence, body].map((one) => one.getBoundingClientRect().height);
        });
        assert.ok(bracket > table * 0.85, `${name}: a bracket of ${bracket} px beside ${table} px`);
    }
    await closePage(page);
});

test("columns are aligned, and marks are drawn", async () => {
    const page = await shown();
    const edges = await below(page, "Aligned").evaluate((math) => [...math.querySelectorAll("mtr")].map((row) => {
        const [left, right] = [...row.querySelectorAll("mtd")].map((cell) => { const part = document.createRange(); part.selectNodeContents(cell); return part.getBoundingClientRect(); });
        return [left.right, right.left];
    }));
    assert.ok(Math.abs(edges[0][0] - edges[1][0]) < 1.5, `the left column ends at ${edges[0][0]} and ${edges[1][0]}`);
    assert.ok(Math.abs(edges[0][1] - edges[1][1]) < 1.5, `the right column begins at ${edges[0][1]} and ${edges[1][1]}`);
    const cases = await below(page, "Cases").evaluate((math) => [...math.querySelectorAll("mtr")].map((row) => {
        const part = document.createRange();
        part.selectNodeContents(row.querySelector("mtd"));
        return part.getBoundingClientRect().left;
    }));
    assert.ok(Math.abs(cases[0] - cases[1]) < 1.5, `the cases begin at ${cases}`);
    const struck = await below(page, "Struck").evaluate((math) => ({
        strikes: [...math.querySelectorAll(".tml-cancel")].map((one) => getComputedStyle(one).clipPath.startsWith("polygon")),
        red: [...math.querySelectorAll("*")].some((one) => getComputedStyle(one).color === "rgb(255, 0, 0)"),
        over: getComputedStyle(math.querySelector(".tml-overline")).borderTopStyle,
    }));
    assert.equal(struck.strikes.length >= 3 && struck.strikes.every(Boolean), true, JSON.stringify(struck));
    assert.equal(struck.red, true);
    assert.equal(struck.over, "solid");
    await closePage(page);
});

test("formulas of a lab's brief and of its tasks, also on a tab that was come to from another", async () => {
    const page = await openPage(server), drawn = (where) => page.waitForFunction((at) => document.querySelectorAll(`${at} .formula math`).length === 1, where);
    await login(page, "viewer");
    await page.goto("/labs/field-mapping-dedupe");
    await drawn(".lab-brief");
    await screenshot(page, "lab-formula-desk");
    await page.click('form[action$="/runs"] button');
    await page.waitForURL(/\/runs\//);
    await drawn(".lab-brief");
    await page.locator(".lab-tabs a").nth(1).click();
    await page.waitForURL(/tab=/);
    await drawn("#rail-tasks");
    assert.deepEqual(page.problems, []);
    await closePage(page);
});
