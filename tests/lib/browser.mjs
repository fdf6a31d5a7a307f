// A real browser for tests: Debian's Chromium, if possible its build without windows, through playwright-core, axe-core from a file, the widths and modes that
// every page must work in. make screenshots keeps pictures for whoever reviews the pages, in build/screenshots/.
import assert from "node:assert/strict";
import { existsSync, mkdirSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { chromium } from "playwright-core";
import { build, Client, password, sanitizer } from "./server.mjs";

/** The engine without windows takes less than half of the processor's time. GRADUS_BROWSER names another one. */
export const executable = [process.env.GRADUS_BROWSER, "/usr/bin/chromium-headless-shell", "/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome"].find((path) => path && existsSync(path));
const axeSource = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
const launchArguments = ["--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync"];

/** Widths in CSS pixels: the narrowest phone (and 1280 at 400 %), a common phone, a desk. */
export const widths = { narrow: 320, phone: 390, desk: 1280 };

let shared;
/** Pages that `inspect` has open: one for each server and person. */
const inspectors = new Map();

/** One browser a test program; closed when the program ends. */
export async function openBrowser() {
    assert.ok(executable, "no Chromium is installed (make test installs it)");
    shared ??= chromium.launch({ executablePath: executable, args: launchArguments, timeout: 60_000 });
    return shared;
}

export async function closeBrowser() {
    await (await shared)?.close();
    shared = undefined;
    inspectors.clear();
}

/**
 * A page of a fresh profile. What must not happen on any page is collected in page.problems: errors of scripts,
 * violations of the content security policy, requests that failed or went elsewhere. Options: width, height, dark,
 * locale, javaScript (default true), bypassCsp (only to put axe in), reducedMotion.
 */
export async function openPage(server, { width = widths.desk, height = 900, dark = false, locale = "en", javaScript = true, bypassCsp = false, reducedMotion = true, ...more } = {}) {
    const browser = await openBrowser();
    const context = await browser.newContext({
        baseURL: server.origin,
        viewport: { width, height },
        colorScheme: dark ? "dark" : "light",
        locale,
        timezoneId: "UTC",
        javaScriptEnabled: javaScript,
        bypassCSP: bypassCsp,
        reducedMotion: reducedMotion ? "reduce" : "no-preference",
        ...more,
    });
    context.setDefaultTimeout(60_000); // a busy machine is no fault
    const page = await context.newPage();
    page.origin = server.origin;
    page.scripted = javaScript;
    page.problems = [];
    page.on("pageerror", (error) => page.problems.push(`script: ${error.message}`));
    page.on("console", (message) => {
        if (message.type() === "error" && !/status of (4\d\d|503)/.test(message.text())) page.problems.push(`console: ${message.text()}`);
    });
    page.on("request", (request) => {
        const { origin, protocol } = new URL(request.url());
        if (origin !== server.origin && !["data:", "blob:", "about:"].includes(protocol)) page.problems.push(`a request left for ${request.url()}`);
    });
    page.on("requestfailed", (request) => {
        if (request.failure()?.errorText !== "net::ERR_ABORTED") page.problems.push(`${request.url()}: ${request.failure()?.errorText}`);
    });
    return page;
}

export async function closePage(page) {
    await page.context().close();
}

/** Does what loads a page, and waits until that is loaded: what is read then is of the new one, whole, also when both have
 *  the same address. */
export async function loading(page, act) {
    await Promise.all([page.waitForEvent("load"), act()]);
}

/** Waits until htmx is there and has done with what it exchanged: within the first moments a new part's links and forms are
 *  not yet its own, and the page's scripts have not put focus and scrolling where they belong. */
export async function settled(page) {
    await page.waitForFunction(() => "htmx" in globalThis && !document.querySelector(".htmx-request, .htmx-swapping, .htmx-settling"));
}

/** Signs a page's person in without loading a page: the cookies come from a client of ours. */
export async function login(page, name, secret = password) {
    const client = new Client({ origin: page.origin });
    await client.login(name, secret);
    await page.context().addCookies([...client.cookies].map(([name, value]) => ({ name, value, url: page.origin })));
}

/** Signs in through the form, as a person would. */
export async function loginByForm(page, name, secret = password) {
    await page.goto("/login");
    await page.fill('input[name="login"]', name);
    await page.fill('input[name="password"]', secret);
    await Promise.all([page.waitForURL((url) => url.pathname !== "/login"), page.click('main form button:not([type="button"])')]);
}

/** Ticks the first options of a practice question, as many as it asks for. */
export async function chooseAsAsked(box) {
    const asked = box.locator("[data-choose]"), count = (await asked.count()) ? Number(await asked.getAttribute("data-choose")) : 1;
    for (let i = 0; i < count; i++) await box.locator(".choices input").nth(i).check();
}

/** Whether pictures are wanted: no test needs one, and they take a third of a browser's time. */
export const pictured = process.env.GRADUS_SCREENSHOTS === "1";

/** build/screenshots/NAME.png where pictures are wanted, the whole page unless told otherwise. */
export async function screenshot(page, name, options = {}) {
    if (!pictured) return;
    const folder = join(build, "screenshots");
    mkdirSync(folder, { recursive: true });
    await page.screenshot({ path: join(folder, `${name}.png`), fullPage: true, timeout: 60_000, ...options }); // a long page, a busy machine
}

const axeTags = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"];
/** Of these rules, what the colours of a page decide, and what its direction does. */
const axeColours = ["color-contrast", "link-in-text-block"], axeDirection = ["target-size"];

/** Violations that axe finds, as sentences; the page must have been opened with bypassCsp. `only`: these rules of it. */
export async function axe(page, { rules = {}, exclude = [], only = axeTags } = {}) {
    if (!(await page.evaluate(() => "axe" in globalThis))) await page.evaluate(axeSource);
    const violations = await page.evaluate(
        async ({ rules: set, exclude: out, only: wanted }) => {
            const result = await globalThis.axe.run(out.length ? { exclude: out } : document, {
                runOnly: wanted,
                rules: set,
                resultTypes: ["violations"],
            });
            return result.violations.map(({ id, help, nodes }) => ({ id, help, nodes: nodes.map((node) => `${node.html.slice(0, 160)}\n      ${node.failureSummary.replace(/\s+/g, " ")}`) }));
        },
        { rules, exclude, only },
    );
    return violations.map(({ id, help, nodes }) => `${id}: ${help}\n    ${nodes.join("\n    ")}`);
}

/** Elements that stick out of the window, so that a reader would have to scroll sideways. */
export async function overflow(page) {
    return page.evaluate(() => {
        const wide = document.documentElement.scrollWidth;
        const room = document.documentElement.clientWidth;
        if (wide <= room + 1) return [];
        const culprits = [...document.querySelectorAll("body *")].filter((element) => {
            const { right, left, width } = element.getBoundingClientRect();
            return width > 0 && (right > room + 1 || left < -1) && getComputedStyle(element).position !== "fixed";
        });
        return [`${wide} px wide in a window of ${room}`, ...culprits.slice(-5).map((element) => element.outerHTML.slice(0, 120))];
    });
}

/** Turns the page round: what a reader of Arabic or Hebrew sees. */
export async function rightToLeft(page) {
    await page.evaluate(() => document.documentElement.setAttribute("dir", "rtl"));
}

/** The names of what the Tab key reaches, in order, until it comes round or `most` are found. */
export async function tabOrder(page, most = 200) {
    const seen = [];
    await page.evaluate(() => document.body.focus());
    for (let i = 0; i < most; i++) {
        await page.keyboard.press("Tab");
        const here = await page.evaluate(() => {
            const element = document.activeElement;
            if (!element || element === document.body) return null;
            const { width, height } = element.getBoundingClientRect();
            const style = getComputedStyle(element);
            return {
                html: element.outerHTML.slice(0, 100),
                name: (element.getAttribute("aria-label") ?? element.textContent ?? element.getAttribute("name") ?? "").trim().slice(0, 60),
                visible: width > 0 && height > 0 && style.visibility !== "hidden",
                outlined: style.outlineStyle !== "none" || style.boxShadow !== "none",
            };
        });
        if (!here || (seen.length && here.html === seen[0].html)) break;
        seen.push(here);
    }
    return seen;
}

async function inspector(server, name, secret) {
    const key = `${server.origin} ${name ?? ""}`;
    if (!inspectors.has(key)) {
        const page = await openPage(server, { bypassCsp: true });
        if (name) await login(page, name, secret);
        inspectors.set(key, page);
    }
    return inspectors.get(key);
}

/** What every page must be, seen by the person `as` (without one: by a stranger): no problem, no violation, nothing wider than
 *  the window, at each width, dark and light, right to left. Dark, and right to left, are turned on while the page is open;
 *  of them axe tells what colours or direction decide. Gives what is wrong, as sentences. */
export async function inspect(server, path, { as, secret = password, modes } = {}) {
    const wrong = [];
    const all = modes ?? [
        { width: widths.desk },
        { width: widths.desk, rtl: true },
        { width: widths.narrow },
        { width: widths.phone, dark: true },
    ];
    const page = await inspector(server, as, secret);
    for (const { rtl, width, dark = false } of all) {
        const label = `${path} at ${width} px${dark ? ", dark" : ""}${rtl ? ", right to left" : ""}`;
        page.problems.length = 0;
        await page.setViewportSize({ width, height: page.viewportSize().height });
        await page.emulateMedia({ colorScheme: dark ? "dark" : "light" });
        if (!dark && !rtl) {
            const answer = await page.goto(path, { waitUntil: "load" });
            if (answer.status() >= 400) wrong.push(`${label}: ${answer.status()}`);
            if (new URL(page.url()).pathname === "/login" && path !== "/login") wrong.push(`${label}: nobody is signed in`);
        }
        const direction = await page.evaluate(() => document.documentElement.dir);
        if (rtl) await rightToLeft(page);
        for (const what of await axe(page, rtl ? { only: axeDirection } : dark ? { only: axeColours } : {})) wrong.push(`${label}: ${what}`);
        for (const what of await overflow(page)) wrong.push(`${label}: ${what}`);
        if (rtl) await page.evaluate((before) => document.documentElement.setAttribute("dir", before), direction);
        wrong.push(...page.problems.map((what) => `${label}: ${what}`));
    }
    return wrong;
}
