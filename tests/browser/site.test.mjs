// run: timeout 900
// The frame of every page in a real browser: the style guide in every mode, themes, right to left, keyboard, and life
// without scripts.
import assert from "node:assert/strict";
import { after, test } from "node:test";
import { axe, closeBrowser, closePage, inspect, login, openPage, overflow, rightToLeft, screenshot, widths } from "../lib/browser.mjs";
import { password, startServer } from "../lib/server.mjs";

const server = await startServer();
after(async () => {
    await closeBrowser();
    await server.stop();
});

const asLearner = async (page) => {
    await login(page, "learner");
    await page.goto("/");
};

async function guide(options) {
    const page = await openPage(server, options);
    await asLearner(page);
    await page.goto("/guide");
    return page;
}

test("the style guide works in every mode", async () => {
    assert.deepEqual(await inspect(server, "/guide", { as: "learner" }), []);
});

test("the guide prints and is pictured", async () => {
    const page = await guide({ width: widths.desk });
    await screenshot(page, "guide-desk");
    await page.emulateMedia({ media: "print", colorScheme: "dark" });
    assert.equal(await page.locator(".site-header").isVisible(), false);
    assert.equal(await page.evaluate(() => getComputedStyle(document.body).backgroundColor), "rgb(255, 255, 255)", "paper stays white");
    await closePage(page);
});

test("an error page names its request", async () => {
    const page = await openPage(server);
    const answer = await page.goto("/nowhere");
    assert.equal(answer.status(), 404);
    assert.equal(await page.textContent("main code"), answer.headers()["x-request-id"]);
    await closePage(page);
});

test("right to left is a mirror", async () => {
    const page = await guide({ bypassCsp: true });
    const side = () => page.$eval(".brand", (brand) => brand.getBoundingClientRect().left);
    const before = await side();
    await rightToLeft(page);
    assert.ok((await side()) > before + 600, "the mark goes to the other side");
    for (const width of [widths.desk, widths.narrow]) {
        await page.setViewportSize({ width, height: 900 });
        assert.deepEqual(await overflow(page), []);
    }
    await closePage(page);
});

test("the chosen appearance is kept, and served with the page", async () => {
    const page = await openPage(server);
    await asLearner(page);
    await page.click(".menu > summary");
    await page.check(".theme-choice input[value=dark]", { force: true });
    assert.equal(await page.getAttribute("html", "data-theme"), "dark");
    const dark = await page.evaluate(() => getComputedStyle(document.body).backgroundColor);
    await page.goto("/me");
    assert.match(await (await page.request.get("/me")).text(), /data-theme="dark"/);
    assert.equal(await page.evaluate(() => getComputedStyle(document.body).backgroundColor), dark);
    await closePage(page);
});

test("the account menu is within the window at every width, whoever is signed in", async () => {
    const outside = [];
    for (const who of ["learner", "instructor", "assessor", "admin"]) {
        const page = await openPage(server);
        await login(page, who);
        await page.goto("/me");
        await page.click(".menu > summary");
        for (const width of [320, 360, 390, 480, 600, 640, 641, 700, 768, 820, 896, 897, 960, 1024, 1100, 1150, 1200, 1280, 1400]) {
            await page.setViewportSize({ width, height: 900 });
            for (const dir of ["ltr", "rtl"]) {
                await page.evaluate((way) => document.documentElement.setAttribute("dir", way), dir);
                const { left, right } = await page.$eval(".menu-panel", (panel) => panel.getBoundingClientRect().toJSON());
                if (left < 0 || right > width) outside.push(`${who} at ${width} ${dir}: ${left} to ${right}`);
                const sideways = await overflow(page);
                if (sideways.length) outside.push(`${who} at ${width} ${dir}: ${sideways.join(" ")}`);
            }
        }
        await closePage(page);
    }
    assert.deepEqual(outside, []);
});

test("the mark and the headings of wide pages stand where those of others do", async () => {
    const page = await openPage(server);
    await login(page, "admin");
    const edges = async () => page.evaluate(() => [".brand", "h1"].map((one) => document.querySelector(one).getBoundingClientRect().left));
    for (const width of [640, 1280, 1920]) {
        await page.setViewportSize({ width, height: 900 });
        await page.goto("/me");
        const usual = await edges();
        for (const path of ["/admin", "/admin/people"]) {
            await page.goto(path);
            assert.deepEqual(await edges(), usual, `${path} at ${width}`);
            assert.deepEqual(await overflow(page), []);
        }
    }
    await closePage(page);
});

test("an error in a short field has the room of a sentence", async () => {
    const page = await openPage(server);
    await login(page, "instructor");
    await page.goto("/me/second-factor");
    await page.fill("#field-current", password);
    await page.click("main form .button");
    await page.fill("#field-code", "1");
    await page.click("main section .button");
    await page.waitForSelector("#error-code");
    await page.waitForLoadState();
    const [error, input] = await page.evaluate(() => ["#error-code", "#field-code"].map((one) => document.querySelector(one).getBoundingClientRect().toJSON()));
    assert.ok(error.height < 60, `at most two lines: ${error.height} px high in ${error.width}`);
    assert.ok(input.width < 160, "the field itself stays short");
    await screenshot(page, "factor-error", { fullPage: false });
    await closePage(page);
});

test("everything in the frame is reached by keyboard", async () => {
    const page = await guide();
    await page.keyboard.press("Tab");
    assert.equal(await page.evaluate(() => document.activeElement.className), "skip-link");
    await page.keyboard.press("Enter");
    assert.equal(await page.evaluate(() => document.activeElement.id), "main");
    await page.keyboard.press("?");
    assert.ok(await page.$eval("#keys", (dialog) => dialog.open));
    await page.keyboard.press("Escape");
    assert.ok(!(await page.$eval("#keys", (dialog) => dialog.open)));
    await page.keyboard.press("/");
    assert.equal(await page.evaluate(() => document.activeElement.id), "site-q");
    // A shortcut typed into a field is a letter, not a command.
    await page.keyboard.type("a?b");
    assert.equal(await page.inputValue("#site-q"), "a?b");
    assert.ok(!(await page.$eval("#keys", (dialog) => dialog.open)));
    await page.focus(".menu > summary");
    await page.keyboard.press("Enter");
    assert.ok(await page.$eval(".menu", (menu) => menu.open));
    await page.keyboard.press("Escape");
    assert.ok(!(await page.$eval(".menu", (menu) => menu.open)));
    assert.equal(await page.evaluate(() => document.activeElement.tagName), "SUMMARY");
    await closePage(page);
});

test("every focus can be seen", async () => {
    const page = await openPage(server);
    await asLearner(page);
    await page.goto("/me");
    const unseen = [];
    for (let i = 0; i < 40; i++) {
        await page.keyboard.press("Tab");
        const seen = await page.evaluate(() => {
            const now = document.activeElement;
            if (now === document.body) return null;
            const styles = [now, now.nextElementSibling, now.parentElement].filter(Boolean).map((e) => getComputedStyle(e));
            return styles.some((s) => s.outlineStyle !== "none" && parseFloat(s.outlineWidth) >= 2) ? null : now.outerHTML.slice(0, 120);
        });
        if (seen) unseen.push(seen);
    }
    assert.deepEqual(unseen, []);
    await closePage(page);
});

test("the server learns the reader's zone", async () => {
    const page = await openPage(server, { timezoneId: "Asia/Bangkok" });
    await asLearner(page);
    await page.goto("/me");
    const [began, iso] = await page.$eval("#sessions ~ .table-wrap time", (time) => [time.textContent, time.dateTime]);
    const expected = new Date(iso).toLocaleTimeString("en-GB", { timeZone: "Asia/Bangkok", hour: "2-digit", minute: "2-digit" });
    assert.ok(began.includes(expected) && !began.includes("UTC"), `${began} for ${iso}`);
    await closePage(page);
});

test("a table sorts by its headers and says so", async () => {
    const page = await guide();
    const order = () => page.$$eval("table[data-sort] tbody th", (cells) => cells.map((cell) => cell.textContent));
    const before = await order();
    await page.click("table[data-sort] thead th:nth-child(3) button");
    const sorted = await order();
    assert.notDeepEqual(sorted, before);
    assert.equal(await page.getAttribute("table[data-sort] thead th:nth-child(3)", "aria-sort"), "ascending");
    await page.click("table[data-sort] thead th:nth-child(3) button");
    assert.deepEqual(await order(), sorted.reverse());
    await closePage(page);
});

test("without scripts one signs in, reads and signs out", async () => {
    const page = await openPage(server, { javaScript: false });
    await asLearner(page);
    await page.goto("/guide");
    // What needs a script does not show itself.
    assert.equal(await page.locator("[data-theme-choice]").isVisible(), false);
    await page.click(".menu > summary");
    await page.click(".menu-panel form button");
    await page.waitForURL((url) => url.pathname === "/");
    assert.equal(await page.locator(".menu").count(), 0);
    await closePage(page);
});

test("a refused form begins at its errors", async () => {
    const page = await openPage(server, { bypassCsp: true });
    await page.goto("/login");
    await page.fill("[name=login]", "learner");
    await page.fill("[name=password]", "not the password");
    await page.click("main button.button");
    await page.waitForSelector(".error-summary");
    await page.waitForFunction(() => /error-summary/.test(document.activeElement?.className));
    await page.click(".error-summary a");
    await page.waitForFunction(() => document.activeElement?.id === "field-login");
    assert.deepEqual(await axe(page), []);
    await closePage(page);
});

test("the first view of each module is under 50 KB on a phone, and nothing moves", async () => {
    const sizes = {};
    const reader = await openPage(server);
    await asLearner(reader);
    const state = await reader.context().storageState();
    await reader.goto("/programmes/mops");
    const modules = await reader.$$eval('a[href^="/modules/"]', (links) => [...new Set(links.map((link) => link.getAttribute("href")))]);
    await closePage(reader);
    assert.ok(modules.length >= 10);
    for (const path of modules) {
        const page = await openPage(server, { width: widths.phone, storageState: state });
        const debug = await page.context().newCDPSession(page);
        await debug.send("Network.enable");
        let bytes = 0;
        debug.on("Network.loadingFinished", (event) => (bytes += event.encodedDataLength));
        await page.goto(path, { waitUntil: "networkidle" });
        sizes[path] = bytes;
        const moved = await page.evaluate(
            () => new Promise((done) => {
                let sum = 0;
                new PerformanceObserver((list) => list.getEntries().forEach((entry) => (sum += entry.value))).observe({ type: "layout-shift", buffered: true });
                setTimeout(() => done(sum), 200);
            }),
        );
        assert.ok(moved < 0.01, `${path} moves: ${moved}`);
        await closePage(page);
    }
    for (const [path, bytes] of Object.entries(sizes)) assert.ok(bytes < 50 * 1024, `${path}: ${bytes} bytes\n${JSON.stringify(sizes)}`);
});
