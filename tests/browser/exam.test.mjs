// run: timeout 900
// An exam in a real browser: saved as one chooses, through lost networks, closed tabs, killed servers and other devices.
import assert from "node:assert/strict";
import { execFileSync, spawnSync } from "node:child_process";
import { join } from "node:path";
import { after, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { axe, closeBrowser, closePage, inspect, loading, login, loginByForm, openPage, overflow, screenshot, tabOrder, widths } from "../lib/browser.mjs";
import { addPerson, makeAcademy, password, startServer } from "../lib/server.mjs";
import { examRoot, startAttempt } from "../lib/exam.mjs";
import { until } from "../lib/until.mjs";

const data = makeAcademy();
const people = ["looker", "chooser", "offline", "closer", "tabs", "devices", "killed", "busy", "plain", "keys", "away", "late", "private", "first", "second", "renewed", "train", "onetab", "patchy", "status429", "status503", "status500", "status403", "status404"];
for (const name of people) addPerson(data, name);
const folder = examRoot({ items: 6, minutes: 60 });
const server = await startServer({ data, args: ["--root", folder] });
after(async () => {
    await closeBrowser();
    await server.kill9();
});

/** An attempt of a person at the small exam, and a page on its first question. */
async function sitting(name, options = {}) {
    const client = await server.signedIn(name);
    const attempt = await startAttempt(client, "small");
    const page = await openPage(server, options);
    await login(page, name);
    await page.goto(`/attempts/${attempt}/q/1`);
    const held = async (slot) => (await (await client.fetch(`/attempts/${attempt}/state`)).json()).slots[slot - 1];
    return { client, attempt, page, held };
}
const saveState = (page) => page.locator("[data-save-state]");
const option = (page, n) => page.locator(`input[name="response[]"][value="${n}"]`);
const saved = (page) => saveState(page).filter({ hasText: /^Saved \d\d:\d\d:\d\d/ }).waitFor();

test("each page of an exam works at every width, dark, and right to left", async () => {
    const client = await server.signedIn("looker");
    const attempt = await startAttempt(client, "mops-associate");
    const as = { as: "looker" };
    for (const path of ["/exams", "/exams/mops-associate", `/attempts/${attempt}/q/1`, `/attempts/${attempt}/review`]) assert.deepEqual(await inspect(server, path, as), []);
    for (const [label, options] of [["desk", {}], ["desk-dark", { dark: true }], ["phone", { width: widths.phone }], ["phone-dark", { width: widths.phone, dark: true }], ["narrow", { width: widths.narrow }]]) {
        const page = await openPage(server, options);
        await login(page, "looker");
        await page.goto("/exams/mops-associate");
        await page.locator("[data-exam-checks] li").nth(3).waitFor();
        await screenshot(page, `exam-lobby-${label}`);
        await page.goto(`/attempts/${attempt}/q/2`);
        await option(page, 2).click();
        await saved(page);
        await screenshot(page, `exam-question-${label}`);
        await page.goto(`/attempts/${attempt}/review`);
        await screenshot(page, `exam-review-${label}`);
        await closePage(page);
    }
    const narrow = await openPage(server, { width: widths.narrow });
    await login(narrow, "looker");
    for (let n = 1; n <= 42; n++) { // tables and all
        await narrow.goto(`/attempts/${attempt}/q/${n}`);
        assert.deepEqual(await overflow(narrow), [], `question ${n}`);
    }
    await closePage(narrow);
    await client.post(`/attempts/${attempt}/submit`);
    assert.deepEqual(await inspect(server, `/attempts/${attempt}/result`, as), []);
    const practice = await startAttempt(client, "small");
    await client.post(`/attempts/${practice}/submit`);
    assert.deepEqual(await inspect(server, `/attempts/${practice}/result`, as), []);
    for (const [label, options] of [["desk", {}], ["phone-dark", { width: widths.phone, dark: true }]]) {
        const page = await openPage(server, options);
        await login(page, "looker");
        await page.goto(`/attempts/${attempt}/result`);
        await screenshot(page, `exam-result-${label}`);
        await page.goto(`/attempts/${practice}/result`);
        await screenshot(page, `exam-result-full-${label}`);
        await closePage(page);
    }
});

test("choosing saves, and the page says when; coming back shows it", async () => {
    const { page, attempt, held } = await sitting("chooser");
    assert.equal(await saveState(page).textContent(), "Not answered yet");
    await option(page, 2).click();
    await saved(page);
    assert.deepEqual((await held(1)).response, [2]);
    await option(page, 3).click();
    await until("the second choice", async () => (await held(1)).response[0] === 3);
    await page.locator('input[name="flag"]').check();
    await until("the flag", async () => (await held(1)).flagged);
    await page.getByRole("button", { name: "Next" }).click();
    await page.waitForURL(/q\/2$/);
    await page.goto(`/attempts/${attempt}/q/1`);
    assert.equal(await option(page, 3).isChecked(), true);
    assert.match(await saveState(page).textContent(), /^Saved \d\d:\d\d:\d\d/);
    await page.locator(".exam-overview summary").click();
    assert.match(await page.locator('[data-exam-map] [data-slot="1"]').getAttribute("aria-label"), /Question 1, answered, flagged/);
    assert.match(await page.locator(".timer-value").textContent(), /^(1:00:00|\d\d:\d\d)$/);
    await page.locator("[data-timer-toggle]").click();
    assert.equal(await page.locator(".timer-value").isVisible(), false);
    assert.deepEqual(page.problems, []);
    await closePage(page);
});

test("keys: numbers and letters choose, n and p turn the page, f flags, ? lists them", async () => {
    const { page, held } = await sitting("keys");
    await page.keyboard.press("2");
    await until("2", async () => (await held(1)).response?.[0] === 2);
    await page.keyboard.press("c");
    await until("c", async () => (await held(1)).response?.[0] === 3);
    await page.keyboard.press("f");
    await until("f", async () => (await held(1)).flagged);
    await page.keyboard.press("?");
    const list = await page.locator("#keys").textContent();
    for (const what of ["Next question", "Previous question", "Flag for review", "Choose an answer"]) assert.ok(list.includes(what), what);
    await page.keyboard.press("Escape");
    await page.keyboard.press("n");
    await page.waitForURL(/q\/2$/);
    await page.keyboard.press("p");
    await page.waitForURL(/q\/1$/);
    const order = await tabOrder(page, 40);
    assert.ok(order.every((stop) => stop.visible || /type="(radio|checkbox)"/.test(stop.html)));
    assert.ok(order.some((stop) => /Next/.test(stop.name)));
    await closePage(page);
});

test("a lost network: the answer waits in the browser, the page says so, and it is sent when the network is back", async () => {
    const { page, held } = await sitting("offline");
    await option(page, 1).click();
    await saved(page);
    await page.context().setOffline(true);
    await option(page, 3).click();
    await saveState(page).filter({ hasText: "Not sent yet: kept in this browser" }).waitFor();
    await page.getByRole("button", { name: "Next" }).click();
    await page.locator("[data-exam-message]").filter({ hasText: "no connection" }).waitFor(); // not the browser's own error page
    assert.deepEqual((await held(1)).response, [1]);
    await page.context().setOffline(false);
    await until("it is sent", async () => (await held(1)).response[0] === 3);
    await closePage(page);
});

test("a closed tab: what was not sent is sent on return, and does not overwrite what another device said since", async () => {
    const { page, attempt, held, client } = await sitting("closer");
    await page.context().setOffline(true);
    await option(page, 2).click();
    await saveState(page).filter({ hasText: "Not sent yet" }).waitFor();
    await page.close();
    const token = await client.csrf("/me");
    await client.fetch(`/attempts/${attempt}/responses/2`, { method: "PUT", headers: { "content-type": "application/json", "x-csrf-token": token }, body: '{"seq":1,"response":1,"client":"else"}' });
    const second = await page.context().newPage();
    await page.context().setOffline(false);
    await second.goto(`/attempts/${attempt}/q/2`);
    await until("the answer of the closed tab", async () => (await held(1)).response?.[0] === 2);
    assert.deepEqual((await held(2)).response, [1]);
    /* And now the other way round: an old answer in the journal, a newer one on the server. */
    await page.context().setOffline(true);
    await option(second, 3).click();
    await saveState(second).filter({ hasText: "Not sent yet" }).waitFor();
    await second.close();
    for (const [seq, response] of [[2, 1], [3, 2]])
        await client.fetch(`/attempts/${attempt}/responses/2`, { method: "PUT", headers: { "content-type": "application/json", "x-csrf-token": token }, body: JSON.stringify({ seq, response, client: "else" }) });
    await page.context().setOffline(false);
    const third = await page.context().newPage();
    await third.goto(`/attempts/${attempt}/q/2`);
    await third.locator("[data-exam-message]").filter({ hasText: "newer answer" }).waitFor();
    assert.equal(await option(third, 2).isChecked(), true);
    assert.deepEqual((await held(2)).response, [2]);
    await option(third, 1).click(); // by hand, here, now: that counts
    await until("the newest choice", async () => (await held(2)).response[0] === 1);
    await page.context().close();
});

test("one tab is one client for a whole attempt, through pages and reloads; a copy of it is another", async () => {
    const { page, attempt } = await sitting("onetab");
    const clients = [];
    page.context().on("request", (request) => request.method() === "PUT" && /responses/.test(request.url()) && clients.push(request.postDataJSON().client));
    const answer = async (where, n) => {
        await option(where, n).click();
        await saved(where);
    };
    await answer(page, 1);
    await page.getByRole("button", { name: "Next" }).click();
    await page.waitForURL(/q\/2$/);
    await answer(page, 2);
    await page.reload();
    await answer(page, 3);
    await page.goto("/exams");
    await page.goto(`/attempts/${attempt}/q/3`);
    await answer(page, 1);
    assert.equal(clients.length, 4);
    assert.match(clients[0], /^[a-z0-9]{24}$/);
    assert.equal(new Set(clients).size, 1, clients.join());
    /* A window that this one opens begins with what this one's sessionStorage holds, as a duplicate of the tab does. */
    const [copy] = await Promise.all([page.waitForEvent("popup"), page.evaluate(() => void window.open(location.href))]);
    await copy.waitForLoadState();
    await answer(copy, 2);
    assert.equal(new Set(clients).size, 2, clients.join());
    await closePage(page);
});

test("two tabs of one browser show the same, and the last choice counts", async () => {
    const { page, attempt, held } = await sitting("tabs");
    const other = await page.context().newPage();
    await other.goto(`/attempts/${attempt}/q/1`);
    await option(page, 1).click();
    await saved(page);
    await until("the other tab shows it", () => option(other, 1).isChecked());
    await option(other, 3).click();
    await saved(other);
    await until("the first tab shows it", () => option(page, 3).isChecked());
    assert.deepEqual((await held(1)).response, [3]);
    /* Different questions in two tabs do not touch each other. */
    await other.goto(`/attempts/${attempt}/q/2`);
    await Promise.all([option(page, 2).click(), option(other, 1).click()]);
    await until("both", async () => (await held(1)).response[0] === 2 && (await held(2)).response?.[0] === 1);
    await closePage(page);
});

test("two devices: the last choice made by hand counts, and whoever looks is told", async () => {
    const { page, attempt, held } = await sitting("devices");
    const phone = await openPage(server, { width: widths.phone });
    await login(phone, "devices");
    await phone.goto(`/attempts/${attempt}/q/1`);
    for (const n of [1, 2, 3, 1]) {
        await option(page, n).click();
        await saved(page);
    }
    await option(phone, 2).click(); // this device knows of none of the four
    await saved(phone);
    await until("the phone's choice", async () => (await held(1)).response[0] === 2);
    await page.evaluate(() => document.dispatchEvent(new Event("visibilitychange"))); // back at the desk
    await page.locator("[data-exam-message]").filter({ hasText: "newer answer" }).waitFor();
    assert.equal(await option(page, 2).isChecked(), true);
    await closePage(page);
    await closePage(phone);
});

test("a busy server is tried again, and the page never claims what is not so", async () => {
    const { page, held } = await sitting("busy");
    let refused = 0;
    await page.route("**/responses/*", (route) => (refused++ < 2 ? route.fulfill({ status: 503, headers: { "Retry-After": "1" }, contentType: "application/json", body: "{}" }) : route.continue()));
    await option(page, 2).click();
    await saveState(page).filter({ hasText: "Not sent yet" }).waitFor();
    assert.equal((await held(1)).response, null);
    await saved(page);
    assert.deepEqual((await held(1)).response, [2]);
    assert.equal(refused, 3);
    await closePage(page);
});

test("kill -9 of the server in the middle: nothing is lost, and work goes on when it is back", async () => {
    const { page, attempt, held } = await sitting("killed");
    await option(page, 1).click();
    await saved(page);
    const port = String(server.port);
    await server.kill9();
    await option(page, 3).click();
    await saveState(page).filter({ hasText: "Not sent yet: kept in this browser" }).waitFor();
    await server.restart(["--root", folder, "--port", port]);
    await saved(page);
    assert.deepEqual((await held(1)).response, [3]);
    /* An answer that waits is sent before the exam is submitted, and while it cannot be, nothing is. */
    await page.context().setOffline(true);
    await option(page, 2).click();
    await saveState(page).filter({ hasText: "Not sent yet" }).waitFor();
    await page.route("**/responses/*", (route) => route.fulfill({ status: 503, contentType: "application/json", body: "{}" }));
    await page.context().setOffline(false);
    await page.goto(`/attempts/${attempt}/review`);
    await page.getByLabel(/submit with 5 questions not answered/).check();
    await page.getByRole("button", { name: "Submit the exam" }).click();
    await page.locator("[data-exam-message]").filter({ hasText: "nothing was submitted" }).waitFor();
    await page.unroute("**/responses/*");
    await until("the answer", async () => (await held(1)).response[0] === 2);
    await page.waitForURL(/result$/); // what was asked for happens as soon as it can
    assert.match(await page.locator("h1").textContent(), /You have (not )?passed/);
    await closePage(page);
});

test("a browser that keeps nothing: the page says that it must stay open, and still sends what it holds", async () => {
    const { page, attempt, held } = await sitting("private");
    await page.addInitScript(() => {
        Storage.prototype.setItem = () => {
            throw new DOMException("full", "QuotaExceededError");
        };
    });
    await page.goto("/exams/small");
    await page.locator("[data-exam-checks]").filter({ hasText: "This browser keeps nothing" }).waitFor();
    await page.goto(`/attempts/${attempt}/q/1`);
    await page.context().setOffline(true);
    await option(page, 2).click();
    await saveState(page).filter({ hasText: "leave this page open" }).waitFor();
    await page.context().setOffline(false);
    await saved(page);
    assert.deepEqual((await held(1)).response, [2]);
    await closePage(page);
});

const message = (page, text) => page.locator("[data-exam-message]").filter({ hasText: text }).waitFor();
const dialog = (page) => page.locator("#sign-in");
const ahead = (page) => page.locator("html[data-exam-ahead]").waitFor({ state: "attached" });
async function signInHere(page, name, secret = password) {
    await dialog(page).locator('input[name="login"]').fill(name);
    await dialog(page).locator('input[name="password"]').fill(secret);
    await dialog(page).getByRole("button", { name: "Sign in", exact: true }).click();
}

test("signed out in the middle: signing in happens on the same page, and then the answer is sent with a fresh token", async () => {
    const { page, held } = await sitting("away");
    await page.context().clearCookies();
    await option(page, 2).click();
    await dialog(page).waitFor();
    assert.equal((await held(1)).response, null);
    assert.match(await dialog(page).textContent(), /What you gave is kept in this browser/);
    assert.equal(await dialog(page).locator('input[name="login"]').inputValue(), "away");
    await screenshot(page, "exam-sign-in-desk", { fullPage: false });
    await signInHere(page, "away", "a wrong password");
    await dialog(page).locator("[data-sign-in-problem]:visible").waitFor();
    assert.equal((await held(1)).response, null);
    /* Later is a choice: nothing is lost, and the way back stands on the page. */
    await dialog(page).getByRole("button", { name: "Later" }).click();
    await message(page, "You are signed out");
    await page.locator("[data-exam-message]").getByRole("button", { name: "Sign in" }).click();
    await signInHere(page, "away");
    await saved(page);
    assert.match(page.url(), /q\/1$/);
    assert.deepEqual((await held(1)).response, [2]);
    await option(page, 3).click();
    await until("the next answer", async () => (await held(1)).response[0] === 3);
    await page.locator("[data-exam-message]").waitFor({ state: "hidden" });
    await closePage(page);
});

test("somebody else signs in on this browser: what waits is not sent as theirs, and not lost", async () => {
    const { page, attempt, held } = await sitting("first");
    await page.context().clearCookies();
    await option(page, 2).click();
    await dialog(page).waitFor();
    await signInHere(page, "second");
    await dialog(page).locator("[data-sign-in-problem]").filter({ hasText: "Somebody else is signed in on this device now" }).waitFor();
    assert.equal((await held(1)).response, null);
    /* Also not from another page of that person. */
    const other = await page.context().newPage();
    await other.goto("/exams/small");
    await other.goto(`/attempts/${attempt}/q/1`); // not theirs: not even there
    assert.equal(await other.locator("[data-exam]").count(), 0);
    await other.close();
    /* It was said that the other one will be signed out. */
    await signInHere(page, "first");
    await saved(page);
    assert.deepEqual((await held(1)).response, [2]);
    await closePage(page);
});

test("a session that was ended elsewhere and begun again in another tab: the old page goes on with a new token", async () => {
    const { page, held } = await sitting("renewed");
    await page.context().clearCookies();
    const other = await page.context().newPage();
    /* The old page may ask for a token just between the other one's form and its answer, and both begin without a cookie
     * here: then that form is refused as an old one, and sent again. */
    await loginByForm(other, "renewed").catch(() => loginByForm(other, "renewed"));
    await option(page, 2).click();
    await saved(page);
    assert.deepEqual((await held(1)).response, [2]);
    assert.equal(await dialog(page).isVisible(), false);
    await closePage(page);
});

for (const [status, words] of [[429, "Too much came from here at once"], [503, "The academy is busy just now"], [500, "Something failed on our side"], [403, "Your account may not save this"], [404, "The server does not know this page any more"]])
    test(`an answer of ${status} has its sentence, keeps the answer${status === 403 || status === 404 ? "" : ", and is tried again"}`, async () => {
        const { page, held } = await sitting(`status${status}`);
        let refuse = true, tries = 0;
        await page.route("**/responses/1", (route) => {
            tries++;
            return refuse ? route.fulfill({ status, headers: { "Retry-After": "1", "Content-Type": "application/json" }, body: "{}" }) : route.continue();
        });
        await option(page, 2).click();
        await message(page, words);
        await saveState(page).filter({ hasText: "Not sent yet: kept in this browser" }).waitFor();
        refuse = false;
        if (status === 403 || status === 404) {
            const before = tries;
            await sleep(2500);
            assert.equal(tries, before, "it is not tried again without a reason");
            await page.reload();
        }
        await saved(page);
        assert.deepEqual((await held(1)).response, [2]);
        await page.locator("[data-exam-message]").waitFor({ state: "hidden" });
        await closePage(page);
    });

test("without a connection all questions are visited and answered, and submitting waits for the connection", async () => {
    const { page, attempt, held, client } = await sitting("train");
    await option(page, 1).click();
    await saved(page);
    await ahead(page);
    await page.context().setOffline(true);
    for (let n = 1; n <= 6; n++) {
        await page.waitForURL(new RegExp(`q/${n}$`));
        await page.locator("h1").filter({ hasText: `Question ${n} of 6` }).waitFor();
        await option(page, n % 3 + 1).click();
        await saveState(page).filter({ hasText: "Not sent yet: kept" }).waitFor();
        if (n === 3) await screenshot(page, "exam-offline-desk");
        await page.locator(".question-nav .button:not(.secondary)").click();
    }
    await page.waitForURL(/review$/);
    assert.match(await page.locator("[data-exam-lede]").textContent(), /Questions answered: 6 of 6/);
    await page.locator('[data-exam-map] [data-slot="2"]').click();
    await page.waitForURL(/q\/2$/);
    await until("what was answered offline is shown again", () => option(page, 3).isChecked());
    await page.goBack();
    await page.waitForURL(/review$/);
    const anyway = page.locator("[data-exam-submit] input[type=checkbox]");
    if (await anyway.count()) await anyway.check();
    await page.setViewportSize({ width: widths.phone, height: 700 });
    await page.getByRole("button", { name: "Submit the exam" }).click();
    await message(page, "nothing was submitted yet");
    await page.waitForFunction(() => document.activeElement?.matches("[data-exam-message]"));
    await screenshot(page, "exam-offline-submit-phone", { fullPage: false });
    const [told, button] = await page.evaluate(() => ["[data-exam-message]", "[data-exam-submit] button"].map((one) => document.querySelector(one).getBoundingClientRect().toJSON()));
    assert.ok(told.top >= 0 && told.bottom <= 700, `the message is in sight: ${told.top} to ${told.bottom}`);
    assert.ok(button.top - told.bottom >= 0 && button.top - told.bottom <= 48, `it stands at the button: ${told.bottom}, ${button.top}`);
    assert.equal((await (await client.fetch(`/attempts/${attempt}/state`)).json()).open, true);
    assert.deepEqual((await held(2)).response, null);
    await page.context().setOffline(false);
    await page.waitForURL(/result$/);
    await page.getByText("The connection came back, and your exam was submitted.").waitFor();
    await page.reload();
    assert.equal(await page.locator("[data-exam-waited]").isVisible(), false, "once");
    assert.equal((await (await client.fetch(`/attempts/${attempt}/state`)).json()).open, false);
    for (let n = 1; n <= 6; n++) assert.deepEqual((await held(n)).response, [n % 3 + 1], `question ${n}`);
    await closePage(page);
});

test("a page that an outage kept away is fetched when it is over; until then nobody is told that all can be visited", async () => {
    const { page, attempt } = await sitting("patchy");
    const fifth = `**/attempts/${attempt}/q/5`;
    let away = true, asked = 0;
    await page.route(fifth, (route) => (asked++, away ? route.abort() : route.continue()));
    await page.reload();
    await until("it is asked for again, after the others", async () => asked >= 2);
    assert.equal(await page.locator("html[data-exam-ahead]").count(), 0);
    await page.context().setOffline(true); // and nothing waits to be sent
    await message(page, "5 of 6 questions are in this browser");
    assert.doesNotMatch(await page.locator("[data-exam-message]").textContent(), /all questions/);
    away = false;
    await page.context().setOffline(false);
    await page.locator("[data-exam-message]").waitFor({ state: "hidden" });
    await ahead(page);
    await page.context().setOffline(true);
    await message(page, "You can visit and answer all questions");
    await page.locator(".exam-overview summary").click();
    await page.locator('[data-exam-map] [data-slot="5"]').click();
    await page.waitForURL(/q\/5$/);
    await message(page, "You can visit and answer all questions");
    /* The page that came first was never fetched a second time. */
    await page.locator(".exam-overview summary").click();
    await page.locator('[data-exam-map] [data-slot="1"]').click();
    await page.waitForURL(/q\/1$/);
    await page.context().setOffline(false);
    await page.locator("[data-exam-message]").waitFor({ state: "hidden" });
    await closePage(page);
});

const sqlite = spawnSync("sqlite3", ["-version"]).status === 0;
test("time runs out while the page is open: it says so and goes to the result", { skip: sqlite ? false : "needs the sqlite3 command" }, async () => {
    const { page, attempt } = await sitting("late");
    const port = String(server.port);
    await server.stop();
    const deadline = Math.floor(Date.now() / 1000) * 1000 + 15_000; // to open the page and answer, on a busy machine
    execFileSync("sqlite3", [join(data, "gradus.db"), `UPDATE exam_open SET deadline_ms = ${deadline} WHERE attempt_id = '${attempt}'`]);
    await server.restart(["--root", folder, "--port", port]);
    page.problems.length = 0; // what was still being fetched while the server stopped
    await page.goto(`/attempts/${attempt}/q/1`);
    await page.locator(".option", { hasText: "Second of" }).click(); // the key, wherever this form shows it
    await saved(page);
    await page.locator("[data-exam-message]").filter({ hasText: "The time is over" }).waitFor();
    await page.waitForURL(/result$/);
    assert.match(await page.locator("main").textContent(), /submitted with what had been saved by then.*1 of 6 points/s);
    assert.deepEqual(page.problems.filter((what) => !/ERR_CONNECTION_REFUSED/.test(what)), []);
    await closePage(page);
});

test("without scripts: answer, flag, review, submit", async () => {
    const { page, held } = await sitting("plain", { javaScript: false, bypassCsp: true });
    await option(page, 2).check();
    await page.locator('input[name="flag"]').check();
    await page.getByRole("button", { name: "Next" }).click();
    await page.waitForURL(/q\/2$/);
    assert.deepEqual([(await held(1)).response, (await held(1)).flagged], [[2], true]);
    assert.match(await page.locator(".timer-value").textContent(), /^\d+ min$/);
    await loading(page, () => page.getByRole("button", { name: "Previous" }).click());
    assert.equal(await option(page, 2).isChecked(), true);
    await page.locator(".exam-overview summary").click();
    await page.locator(".exam-overview button").click();
    await page.waitForURL(/review$/);
    assert.match(await page.locator(".lede").textContent(), /5 questions are not answered.*1 question is flagged/);
    await page.getByRole("button", { name: "Submit the exam" }).click();
    assert.match(page.url(), /review$/, "what is open is confirmed first");
    await page.getByLabel(/submit with 5 questions not answered/).check();
    await page.getByRole("button", { name: "Submit the exam" }).click();
    await page.waitForURL(/result$/);
    await closePage(page);
});

test("axe finds nothing while a message is shown", async () => {
    const { page } = await sitting("looker", { bypassCsp: true });
    await page.context().setOffline(true);
    await option(page, 1).click();
    await saveState(page).filter({ hasText: "Not sent yet" }).waitFor();
    await page.getByRole("button", { name: "Next" }).click();
    await page.locator("[data-exam-message]").filter({ hasText: "no connection" }).waitFor();
    assert.deepEqual(await axe(page), []);
    await closePage(page);
});
