// run: timeout 300
// The bar at the top, between phone and desk: the names of the rooms stand in one line, and what stands at its end stays there.
import assert from "node:assert/strict";
import { after, test } from "node:test";
import { closeBrowser, closePage, login, openPage } from "../lib/browser.mjs";
import { makeAcademy, startServer } from "../lib/server.mjs";

const server = await startServer({ data: makeAcademy() });
after(async () => {
    await closeBrowser();
    await server.stop();
});

for (const who of ["learner", "instructor", "admin"])
    test(`the names of the rooms of the ${who} stand in one line, and the menu at the end of the first`, async () => {
        const page = await openPage(server);
        await login(page, who);
        await page.goto("/programmes");
        for (const dir of ["ltr", "rtl"])
            for (const width of [600, 700, 800, 900, 1000, 1100, 1280, 1500]) {
                await page.setViewportSize({ width, height: 600 });
                const seen = await page.evaluate((to) => {
                    document.documentElement.setAttribute("dir", to);
                    const box = (of) => document.querySelector(of).getBoundingClientRect();
                    const bar = box(".site-bar"), menu = box(".menu"), brand = box(".brand"), free = to === "rtl" ? menu.left - bar.left : bar.right - menu.right;
                    return {
                        lines: new Set([...document.querySelectorAll(".site-nav li")].map((one) => Math.round(one.getBoundingClientRect().top))).size,
                        beside: Math.abs(menu.top + menu.height / 2 - brand.top - brand.height / 2) < 4,
                        end: free < 64,
                        within: document.documentElement.scrollWidth <= innerWidth,
                    };
                }, dir);
                assert.deepEqual(seen, { lines: 1, beside: true, end: true, within: true }, `${width} px, ${dir}`);
            }
        await closePage(page);
    });
