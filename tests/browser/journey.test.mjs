// The whole way of one person in a real browser: sign in, study the Associate level, sit its exam, pass its lab, apply; an
// assessor reads the evidence and grants; a stranger opens the certificate and verifies the credential with tools of
// their own. An instructor meanwhile edits a file and sees the page change.
import assert from "node:assert/strict";
import { cpSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, test } from "node:test";
import { chooseAsAsked, closeBrowser, loading, loginByForm, openPage, screenshot, widths } from "../lib/browser.mjs";
import { solveLab } from "../lib/lab.mjs";
import { addPerson, command, must, root, scratch, startServer } from "../lib/server.mjs";
import { verify } from "../credentials/verify.mjs";

const files = scratch("root");
for (const part of ["site", "labs", "exams"]) symlinkSync(join(root, part), join(files, part));
cpSync(join(root, "content"), join(files, "content"), { recursive: true });
const data = scratch("journey");
const name = "วรรณา Żółkiewska";
addPerson(data, "wanderer", { name });
addPerson(data, "judge", { name: "Noor Haddad", roles: "assessor" });
addPerson(data, "teacher", { roles: "instructor" });
const server = await startServer({ data, args: ["--root", files] });
after(async () => {
    await closeBrowser();
    await server.kill9();
});

const letters = (text) => text.normalize("NFKC").toLowerCase().replace(/[^\p{L}\p{N}]+/gu, "");

/** The options that an item's file marks as keys, by the letters of the stem. */
const keys = new Map();
for (const bank of readdirSync(join(root, "exams/mops/bank"))) {
    for (const item of readFileSync(join(root, "exams/mops/bank", bank), "utf8").split(/^## /m).slice(1)) {
        const [stem] = item.replace(/^[\s\S]*?```item[\s\S]*?```/, "").split(/^- \[/m);
        const right = [...item.matchAll(/^- \[x\] ((?:.|\n(?! {2}>|- \[))*)/gm)].map(([, text]) => letters(text));
        keys.set(letters(stem.replace(/```\w*|^\d+\. /gm, "")), right);
    }
}

const list = /modules:\n((?:\s+- [\w-]+\n)+)/.exec(readFileSync(join(root, "content/mops/programme.md"), "utf8"))[1];
const modules = list.match(/[\w-]*\w/g);

let page, stranger, number;

test("a learner signs in on a phone and sees the next step", async () => {
    page = await openPage(server, { width: widths.phone });
    await loginByForm(page, "wanderer");
    await page.getByRole("heading", { level: 1, name: /Hello/ }).waitFor();
    assert.match(await page.locator(".card.feature h2").innerText(), /What marketing operations is/);
    await screenshot(page, "journey-home");
    await page.locator(".card.feature a.button").click();
    await page.waitForURL(/\/modules\/what-mops-is/);
});

test("an answer to a practice question explains itself in place, and counts on another device", async () => {
    const first = page.locator("#checkpoint-1");
    assert.doesNotMatch(await page.content(), /Taking the blame here hides the real fault/, "feedback is in the page before an answer");
    await first.locator("label.choice").nth(0).click();
    await first.locator("button.button").click();
    await page.locator("#checkpoint-1 [data-feedback]").waitFor();
    assert.match(await page.locator("#checkpoint-1").innerText(), /Not quite|right/i);
    assert.equal(new URL(page.url()).pathname, "/modules/what-mops-is");
    const other = await openPage(server, { width: widths.desk });
    await loginByForm(other, "wanderer");
    await other.goto("/modules/what-mops-is");
    await other.locator("#checkpoint-1 [data-feedback]").waitFor();
    await other.close();
});

test("the whole level is studied", async () => {
    assert.ok(modules.length >= 10);
    for (const id of modules) {
        await page.goto(`/modules/${id}`);
        const count = await page.locator("section.checkpoint").count();
        for (let n = 1; n <= count; n++) {
            const part = page.locator(`#checkpoint-${n}`);
            if (await part.locator("[data-feedback]").count()) continue;
            await chooseAsAsked(part);
            await part.locator("button.button").click();
            await page.locator(`#checkpoint-${n} [data-feedback]`).waitFor();
        }
        const finish = page.locator('[data-sections] button[value="*"]');
        if (await finish.count()) await Promise.all([page.waitForURL(/#page-progress/), finish.click()]);
        await page.reload();
        await page.locator("#page-progress .message-ok").waitFor();
    }
    await page.goto("/");
    assert.match(await page.locator(".home-progress .progress-text").first().innerText(), /^11 of 13/);
});

test("the exam is sat and passed; no key reaches the browser", async () => {
    await page.goto("/exams/mops-associate");
    await page.locator('form[action$="/start"] input[type="checkbox"]').check();
    await Promise.all([page.waitForURL(/\/attempts\/\w+\/q\/1/), page.locator('form[action$="/start"] button').click()]);
    const total = Number(/of (\d+)/.exec(await page.locator(".question-number").innerText())[1]);
    assert.ok(total >= 40);
    for (let n = 1; n <= total; n++) {
        const stem = letters(await page.locator("#stem").innerText());
        const right = [...keys].find(([text]) => text === stem)?.[1] ?? assert.fail(`no item has this stem: ${await page.locator("#stem").innerText()}`);
        for (const option of await page.locator("label.option").all())
            if (right.includes(letters(await option.locator(".option-text").innerText()))) await option.click();
        await page.locator("[data-save-state]", { hasText: /^Saved/ }).waitFor();
        if (n === 7) await screenshot(page, "journey-question");
        await page.locator(`.question-nav button[value="${n < total ? "next" : "review"}"]`).click();
        await page.waitForURL(n < total ? `**/q/${n + 1}` : /\/review/);
    }
    await page.locator("[data-exam-submit] button").click();
    await page.waitForURL(/\/result/);
    assert.match(await page.locator("main h1").innerText(), /^You have passed/, await page.locator("main").innerText());
    await screenshot(page, "journey-result");
});

test("the lab is passed on its own screens and API", async () => {
    const desk = await openPage(server, { width: widths.desk });
    await loginByForm(desk, "wanderer");
    await solveLab(desk, server, "field-mapping-dedupe");
    await screenshot(desk, "journey-lab");
    assert.deepEqual(desk.problems, []);
    await desk.close();
});

test("all is met: the learner applies", async () => {
    await page.goto("/programmes/mops/levels/associate");
    assert.equal(await page.locator(".checklist .missing").count(), 0, (await page.locator(".checklist").allInnerTexts()).join("\n"));
    await page.getByRole("button", { name: /Apply/ }).click();
    await page.getByText("Your application is in").waitFor();
    await page.waitForLoadState();
    assert.equal(await page.locator(".message").count(), 1, "one box says so");
    assert.deepEqual(page.problems, []);
});

test("an assessor reads the evidence and grants", async () => {
    const judge = await openPage(server, { width: widths.desk });
    await loginByForm(judge, "judge");
    await judge.goto("/assess");
    await judge.getByRole("link", { name }).first().click();
    await judge.waitForURL(/\/assess\/cases\//);
    await screenshot(judge, "journey-case");
    await judge.locator("#field-grant").check();
    await judge.locator("#field-reason").fill("Exam, lab run and its replay were read; all requirements are met.");
    const address = new URL(judge.url()).pathname;
    await loading(judge, () => judge.locator(".cert-decide button").click());
    await loading(judge, () => judge.getByRole("button", { name: "Grant the certificate" }).click());
    await judge.goto(address);
    const link = judge.locator('a[href^="/certificates/GR-"]').first();
    await link.waitFor();
    number = (await link.innerText()).trim();
    assert.match(number, /^GR-\d{4}-[0-9A-Z]{11}$/);
    assert.deepEqual(judge.problems, []);
    await judge.close();
});

test("a stranger opens the certificate and verifies it with tools of their own", async () => {
    stranger = await openPage(server, { width: widths.phone });
    await stranger.goto(`/certificates/${number}`);
    assert.equal(await stranger.locator("h1").innerText(), name);
    assert.equal(await stranger.locator(".cert-paper").getAttribute("data-state"), "valid");
    await screenshot(stranger, "journey-certificate");
    const json = async (path) => (await fetch(new URL(path, server.origin))).json();
    const credential = await json(`/certificates/${number}.json`), didDocument = await json("/.well-known/did.json");
    const statusList = await json(new URL(credential.credentialStatus.statusListCredential).pathname);
    const result = await verify({ credential, didDocument, statusList });
    assert.equal(result.verified, true, result.reason);
    const changed = structuredClone(credential);
    changed.credentialSubject.achievement.name += ".";
    assert.equal((await verify({ credential: changed, didDocument, statusList })).verified, false);
    const folder = scratch("stranger");
    for (const type of ["json", "png", "pdf"]) {
        const file = join(folder, `credential.${type}`);
        writeFileSync(file, Buffer.from(await (await fetch(new URL(`/certificates/${number}.${type}`, server.origin))).arrayBuffer()));
        must(["verify", file, "--data", data]);
    }
    writeFileSync(join(folder, "changed.json"), JSON.stringify(changed));
    assert.equal(command(["verify", join(folder, "changed.json"), "--data", data]).code, 1);
    assert.match(must(["audit", "verify", "--data", data]), /the chain holds/);
    assert.deepEqual(stranger.problems, []);
});

test("an instructor edits a Markdown file and sees the page change at the next request; a broken file harms no learner", async () => {
    const teacher = await openPage(server, { width: widths.desk });
    await loginByForm(teacher, "teacher");
    const file = join(files, "content/mops/modules/what-mops-is.md"), text = readFileSync(file, "utf8");
    await teacher.goto("/modules/what-mops-is");
    writeFileSync(file, text.replace("## What operations answers for", "## What operations truly answers for"));
    await teacher.reload();
    await teacher.getByRole("heading", { name: "What operations truly answers for" }).waitFor();
    writeFileSync(file, text.replace("title: What marketing operations is", "title: [broken"));
    await page.goto("/modules/what-mops-is");
    await page.getByRole("heading", { level: 1, name: "What marketing operations is" }).waitFor();
    await teacher.goto("/author");
    await teacher.getByText(/front-matter/).first().waitFor();
    await screenshot(teacher, "journey-author");
    writeFileSync(file, text);
    await teacher.reload();
    assert.equal(await teacher.getByText(/front-matter/).count(), 0);
    assert.deepEqual(teacher.problems, []);
    await teacher.close();
});
