// The pages of certification in a real browser: every mode, an assessor at the keyboard, a stranger without scripts.
import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, test } from "node:test";
import { closeBrowser, closePage, inspect, loading, login, openPage, screenshot, widths } from "../lib/browser.mjs";
import { applyAs, caseOf, grant, names, startLevel } from "../lib/level.mjs";
import { scratch } from "../lib/server.mjs";

const server = await startLevel();
after(async () => {
    await closeBrowser();
    await server.stop();
});
const assessor = await server.signedIn("assessor");
const as = (name) => (page) => login(page, name);
const reason = "All of it was checked against the evidence.";

for (const name of ["ada", "arabic", "thai"]) await applyAs(server, name);
const held = { thai: await grant(assessor, await caseOf(assessor, names.thai)), arabic: await grant(assessor, await caseOf(assessor, names.arabic)) };
await assessor.post(`/assess/certificates/${held.arabic}/status`, { change: "revoked", reason });

const pages = {
    "the level, to a stranger": ["/programmes/p/levels/first"],
    "the level, to a learner who waits": ["/programmes/p/levels/first", "ada"],
    "own certificates": ["/me/certificates", "thai"],
    "no certificate yet": ["/me/certificates", "ada"],
    "the queue": ["/assess", "assessor"],
    "a case": [await caseOf(assessor, names.ada), "assessor"],
    "the register": ["/assess/certificates", "admin"],
    "a valid certificate": [`/certificates/${held.thai}`],
    "a valid certificate, to its holder": [`/certificates/${held.thai}`, "thai"],
    "a revoked certificate": [`/certificates/${held.arabic}`],
    "the check": ["/verify"],
};
for (const [what, [path, who]] of Object.entries(pages)) {
    test(`${what} works in every mode`, async () => assert.deepEqual(await inspect(server, path, { as: who }), []));
}

test("a case is decided from the keyboard", async () => {
    const page = await openPage(server);
    await as("assessor")(page);
    await page.goto("/assess");
    await page.keyboard.press("j");
    await page.keyboard.press("Enter");
    await page.waitForURL(/\/assess\/cases\//);
    await page.keyboard.press("j");
    assert.equal(await page.evaluate(() => document.activeElement.id), "requirements");
    await screenshot(page, "cert-case");
    await page.keyboard.press("g");
    assert.ok(await page.isChecked("#field-grant"));
    assert.equal(await page.evaluate(() => document.activeElement.name), "reason");
    await page.keyboard.type(`${reason} And g or r in a text are letters.`);
    await page.keyboard.press("Control+Enter");
    await page.getByText("Nothing has happened yet.").waitFor();
    await page.waitForLoadState();
    await screenshot(page, "cert-look");
    await page.keyboard.press("Tab");
    assert.equal(await page.evaluate(() => document.activeElement.textContent), "Grant the certificate");
    await page.keyboard.press("Enter");
    await page.waitForURL(/done=granted/);
    const told = page.locator("main [role=status]").filter({ hasText: "Granted" });
    const number = await told.getByRole("link").textContent();
    const name = await told.locator("bdi").first().textContent();
    await screenshot(page, "cert-granted", { fullPage: false });
    await told.getByRole("link").click();
    await page.waitForURL(new RegExp(`/certificates/${number}$`));
    assert.ok((await page.textContent("main")).includes(name), "the certificate of the person who was named");
    assert.deepEqual(page.problems, []);
    await closePage(page);
});

test("a reason that is too short is kept, and told about", async () => {
    const page = await openPage(server, { javaScript: false });
    await as("second")(page);
    await applyAs(server, "second");
    await page.goto("/assess");
    assert.match(await page.textContent("main"), /This is you/); // the own case is no case of one's own
    await closePage(page);
    const other = await openPage(server, { javaScript: false });
    await as("assessor")(other);
    await other.goto(await caseOf(assessor, "Max Second"));
    await other.check("#field-refuse");
    await other.fill("#field-reason", "          x");
    await loading(other, () => other.click(".cert-decide button"));
    assert.match(await other.textContent("[role=alert]"), /ten characters/);
    assert.equal(await other.inputValue("#field-reason"), "          x");
    assert.ok(await other.isChecked("#field-refuse"));
    await closePage(other);
});

test("a stranger checks a credential without scripts", async () => {
    const page = await openPage(server, { javaScript: false, width: widths.phone });
    await page.goto(`/certificates/${held.thai}`);
    await screenshot(page, "cert-valid-phone");
    assert.equal(await page.textContent("h1"), names.thai);
    const text = await (await fetch(`${server.origin}/certificates/${held.thai}.json`)).text();
    await loading(page, () => page.click("text=check it here"));
    await page.fill("#field-credential", text);
    await loading(page, () => page.click("main form button"));
    assert.match(await page.textContent("#verdict"), /Valid/);
    await page.fill("#field-credential", text.replace("Test Academy", "Best Academy"));
    await loading(page, () => page.click("main form button"));
    assert.match(await page.textContent("#verdict"), /Not valid/);
    assert.match(await page.textContent(".cert-checks .fail"), /Signature/);
    await screenshot(page, "cert-verify-failed");
    const file = join(scratch("badge"), "badge.png");
    writeFileSync(file, Buffer.from(await (await fetch(`${server.origin}/certificates/${held.thai}.png`)).arrayBuffer()));
    await page.fill("#field-credential", "");
    await page.setInputFiles("#field-file", file);
    await loading(page, () => page.click("main form button"));
    assert.match(await page.textContent("#verdict"), /Valid/);
    await closePage(page);
});

test("the certificate prints without what is only for screens", async () => {
    const page = await openPage(server);
    await page.goto(`/certificates/${held.thai}`);
    await page.emulateMedia({ media: "print" });
    assert.equal(await page.locator(".cert-files").isVisible(), false);
    assert.equal(await page.locator(".cert-paper").isVisible(), true);
    await closePage(page);
});
