// The way in, in a real browser: signing in with and without scripts, by keyboard, in every mode; signing out.
import assert from "node:assert/strict";
import { after, test } from "node:test";
import { closeBrowser, closePage, inspect, login, openPage, pictured, screenshot, tabOrder, widths } from "../lib/browser.mjs";
import { password, startServer } from "../lib/server.mjs";

const server = await startServer();
after(async () => {
    await closeBrowser();
    await server.stop();
});

for (const javaScript of [true, false])
    test(`a person signs in and out ${javaScript ? "with" : "without"} scripts`, async () => {
        const page = await openPage(server, { javaScript });
        await page.goto("/me");
        assert.equal(new URL(page.url()).pathname, "/login");
        await page.fill('input[name="login"]', "learner");
        await page.fill('input[name="password"]', "wrong, and long enough");
        await page.click("main form button");
        await page.waitForSelector(".error-summary, [role=alert], .message-error");
        assert.equal(await page.inputValue('input[name="login"]'), "learner", "what was typed is kept");
        assert.equal(await page.inputValue('input[name="password"]'), "");
        await page.fill('input[name="password"]', password);
        await page.click("main form button");
        await page.waitForURL((url) => url.pathname === "/me");
        await page.goto("/me");
        const out = page.locator('form[action="/logout"] button').first();
        if (!(await out.isVisible())) await page.locator("details.menu summary").click();
        await out.click();
        await page.waitForLoadState();
        await page.goto("/me");
        assert.equal(new URL(page.url()).pathname, "/login");
        assert.deepEqual(page.problems, []);
        await closePage(page);
    });

test("signing in works by keyboard alone, and what has the focus can be seen", async () => {
    const page = await openPage(server);
    await page.goto("/login");
    const stops = await tabOrder(page);
    assert.ok(stops.length >= 3);
    assert.match(stops[0].html, /href="#main"/, "the first stop skips to the content");
    for (const stop of stops) {
        assert.ok(stop.visible, `the focus goes where nothing is seen: ${stop.html}`);
        assert.ok(stop.outlined, `no focus ring: ${stop.html}`);
    }
    await page.goto("/login");
    await page.focus('input[name="login"]');
    await page.keyboard.type("learner");
    await page.keyboard.press("Tab");
    await page.keyboard.type(password);
    await page.keyboard.press("Enter");
    await page.waitForURL((url) => url.pathname !== "/login");
    await closePage(page);
});

for (const [path, who] of [["/login", null], ["/", null], ["/", "learner"], ["/me", "learner"], ["/admin/people", "admin"], ["/nowhere-at-all", null]])
    test(`${path} ${who ? `for ${who}` : "for guests"} works in every mode`, async () => {
        const wrong = await inspect(server, path, { as: who });
        assert.deepEqual(wrong.filter((what) => !(path === "/nowhere-at-all" && what.endsWith(": 404"))), []);
    });

if (pictured) test("screenshots of the way in", async () => {
    for (const [name, width] of Object.entries(widths)) {
        const page = await openPage(server, { width });
        await page.goto("/login");
        await screenshot(page, `login-${name}`);
        await closePage(page);
    }
});
