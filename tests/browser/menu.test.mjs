// run: timeout 300
// The bar at the top, between phone and desk: the names of the rooms stand in one line, and what stands at its end stays there.
import assert from "node:assert/strict";
import { after, test } from "node:test";
import { closeBrowser, closePage, login, openPage } from "../lib/browser.mjs";
import { addPerson, makeAcademy, startServer } from "../lib/server.mjs";

const data = makeAcademy();
addPerson(data, "everything", { roles: "learner,instructor,assessor,admin" });
const server = await startServer({ data });
after(async () => {
    await closeBrowser();
    await server.stop();
});

for (const who of ["learner", "instructor", "assessor", "admin", "everything"])
    test(`the names of the rooms of the ${who} stand in one line, and the menu at the end of the first`, async () => {
        const page = await openPage(server);
        await login(page, who);
        await page.goto("/programmes");
        for (const dir of ["ltr", "rtl"])
            for (const width of [320, 390, 600, 700, 800, 900, 1000, 1100, 1216, 1217, 1280, 1500]) {
                await page.setViewportSize({ width, height: 600 });
                const seen = await page.evaluate((to) => {
                    document.documentElement.setAttribute("dir", to);
                    const box = (of) => document.querySelector(of).getBoundingClientRect();
                    const bar = box(".site-bar"), menu = box(".menu"), brand = box(".brand"), free = to === "rtl" ? menu.left - bar.left : bar.right - menu.right;
                    return {
                        lines: new Set([...document.querySelectorAll(".site-nav li")].map((one) => Math.round(one.getBoundingClientRect().top))).size,
                        /* Of a learner, the five rooms may have a second line of their own; of everybody else all is in one. */
                        one: bar.height < (document.querySelectorAll(".site-nav li").length < 6 ? 110 : 64),
                        beside: Math.abs(menu.top + menu.height / 2 - brand.top - brand.height / 2) < 4,
                        end: free < 64,
                        within: document.documentElement.scrollWidth <= innerWidth,
                    };
                }, dir);
                assert.deepEqual(seen, { lines: 1, one: true, beside: true, end: true, within: true }, `${width} px, ${dir}`);
            }
        await closePage(page);
    });

for (const javaScript of [true, false])
    test(`who has more rooms than a phone's line holds opens a menu of them, ${javaScript ? "by keyboard" : "without scripts too"}`, async () => {
        const page = await openPage(server, { width: 390, javaScript });
        await login(page, "everything");
        await page.goto("/admin");
        const rooms = page.locator(".rooms-panel a");
        assert.equal(await page.locator(".site-nav").isVisible(), false);
        assert.equal(await rooms.first().isVisible(), false);
        await page.focus(".rooms > summary");
        await page.keyboard.press("Enter");
        assert.deepEqual(await rooms.allInnerTexts(), ["Home", "Programmes", "Exams", "Labs", "Glossary", "Author", "Assess", "Admin"]);
        assert.equal(await page.locator('.rooms-panel a[aria-current="page"]').innerText(), "Admin");
        const { x, width } = await page.locator(".rooms-panel").boundingBox();
        assert.ok(x >= 0 && x + width <= 390, `${x} ${width}`);
        if (javaScript) {
            await page.keyboard.press("Escape");
            assert.equal(await rooms.first().isVisible(), false);
            await page.keyboard.press("Enter");
        }
        await rooms.nth(1).click();
        await page.waitForURL("**/programmes");
        await closePage(page);
    });
