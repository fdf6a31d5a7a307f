// run: timeout 600
// Videos, sounds, files, diagrams and definitions in a real browser: the clip is recorded by the browser itself.
import assert from "node:assert/strict";
import { cpSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, test } from "node:test";
import { closeBrowser, closePage, inspect, login, openPage, screenshot, widths } from "../lib/browser.mjs";
import { addPerson, makeAcademy, root, scratch, startServer } from "../lib/server.mjs";

const academy = scratch("root");
for (const part of ["content", "exams", "labs"]) cpSync(join(root, part), join(academy, part), { recursive: true });
cpSync(join(root, "site"), join(academy, "site"), { recursive: true, filter: (path) => !path.includes("node_modules") });
const data = makeAcademy();
for (const name of ["viewer", "printer", "plain"]) addPerson(data, name);
const server = await startServer({ data, args: ["--root", academy] });
after(async () => {
    await closeBrowser();
    await server.stop();
});

/** Two seconds of 320 by 180, as WebM. */
async function record() {
    const page = await openPage(server);
    await page.goto("/login");
    const bytes = await page.evaluate(async () => {
        const canvas = document.createElement("canvas");
        Object.assign(canvas, { width: 320, height: 180 });
        const pen = canvas.getContext("2d");
        const recorder = new MediaRecorder(canvas.captureStream(25), { mimeType: "video/webm;codecs=vp8" });
        const parts = [];
        recorder.ondataavailable = (event) => parts.push(event.data);
        recorder.start();
        for (let i = 0; i < 50; i++) {
            pen.fillStyle = `hsl(${i * 7} 80% 50%)`;
            pen.fillRect(0, 0, 320, 180);
            await new Promise((go) => setTimeout(go, 40));
        }
        const ended = new Promise((go) => (recorder.onstop = go));
        recorder.stop();
        await ended;
        return [...new Uint8Array(await new Blob(parts).arrayBuffer())];
    });
    await closePage(page);
    return Buffer.from(bytes);
}

/** A second of silence, as WAV. */
function silence() {
    const wav = Buffer.alloc(44 + 8000);
    wav.write("RIFF", 0);
    wav.writeUInt32LE(wav.length - 8, 4);
    wav.write("WAVEfmt ", 8);
    [[16, 4], [1, 2], [1, 2], [8000, 4], [8000, 4], [1, 2], [8, 2]].reduce((at, [value, size]) => wav.writeUIntLE(value, at, size), 16);
    wav.write("data", 36);
    wav.writeUInt32LE(8000, 40);
    wav.fill(128, 44);
    return wav;
}

const modules = join(academy, "content/mops/modules"), files = join(modules, "files");
mkdirSync(files, { recursive: true });
writeFileSync(join(files, "clip.webm"), await record());
writeFileSync(join(files, "clip.vtt"), "WEBVTT\n\n00:00.000 --> 00:01.000\nThe record is opened.\n\n00:01.000 --> 00:02.000\nIt is saved.\n");
writeFileSync(join(files, "clip.transcript.md"), "A person opens the record and saves it.\n");
writeFileSync(join(files, "talk.wav"), silence());
writeFileSync(join(files, "talk.transcript.md"), "Nothing is said.\n");
writeFileSync(join(files, "rows.csv"), "name,age\n");
const file = join(modules, "data-basics.md"), original = readFileSync(file, "utf8");
writeFileSync(file, `${original}
## Clips and files

![How a record is opened and saved](files/clip.webm)

![A second of silence](files/talk.wav)

[The rows](files/rows.csv)

Lead
Prospect
: Somebody who may buy.
: Somebody who has said so.

    They are told apart by what they did.

\`\`\`mermaid
flowchart LR
  accTitle: Two steps
  accDescr: A record is opened, and then it is saved.
  Open --> Save
\`\`\`
`);

test("every width, dark, right to left, without a fault of access", async () => {
    assert.deepEqual(await inspect(server, "/modules/data-basics", { as: "viewer" }), []);
    for (const [label, options] of [["desk", {}], ["phone-dark", { width: widths.phone, dark: true }]]) {
        const page = await openPage(server, options);
        await login(page, "viewer");
        await page.goto("/modules/data-basics#clips-and-files");
        await page.locator(".clip video").first().scrollIntoViewIfNeeded();
        await screenshot(page, `clips-${label}`, { fullPage: false });
        await page.locator(".diagram").scrollIntoViewIfNeeded();
        await screenshot(page, `clips-${label}-2`, { fullPage: false });
        assert.deepEqual(page.problems, []);
        await closePage(page);
    }
});

test("the video plays and seeks, its captions are there, and nothing moves when it loads", async () => {
    const page = await openPage(server);
    await login(page, "viewer");
    const asked = [];
    page.on("response", (answer) => answer.url().includes("/files/") && asked.push([answer.url().replace(/.*\//, ""), answer.status()]));
    await page.goto("/modules/data-basics");
    const video = page.locator(".clip video");
    const shape = () => video.evaluate((one) => one.getBoundingClientRect().width / one.getBoundingClientRect().height);
    assert.ok(Math.abs((await shape()) - 16 / 9) < 0.02, "before its first byte");
    await video.evaluate((one) => one.readyState >= 1 || new Promise((go) => one.addEventListener("loadedmetadata", go)));
    assert.deepEqual(await video.evaluate((one) => [one.videoWidth, one.videoHeight, one.getAttribute("width"), one.getAttribute("height")]), [320, 180, "320", "180"]);
    assert.ok(Math.abs((await shape()) - 16 / 9) < 0.02);
    const texts = await video.evaluate(async (one) => {
        const track = one.textTracks[0];
        one.muted = true;
        await one.play();
        for (let i = 0; i < 100 && !track.cues?.length; i++) await new Promise((go) => setTimeout(go, 50));
        return { mode: track.mode, cues: [...(track.cues ?? [])].map((cue) => cue.text) };
    });
    assert.deepEqual(texts, { mode: "showing", cues: ["The record is opened.", "It is saved."] });
    const back = await video.evaluate(async (one) => {
        one.pause();
        await new Promise((go) => {
            one.addEventListener("seeked", go, { once: true });
            one.currentTime = 0.5;
        });
        return one.currentTime;
    });
    assert.ok(Math.abs(back - 0.5) < 0.1, String(back));
    assert.ok(asked.some(([name, status]) => name === "clip.webm" && status === 206), JSON.stringify(asked));
    assert.equal(await page.locator(".clip audio").evaluate((one) => one.readyState >= 1 || new Promise((go) => one.addEventListener("loadedmetadata", () => go(true)))), true);
    assert.deepEqual(page.problems, []);
    await closePage(page);
});

test("a file is saved under its name, and the page stays", async () => {
    const page = await openPage(server);
    await login(page, "viewer");
    await page.goto("/modules/data-basics");
    const [download] = await Promise.all([page.waitForEvent("download"), page.click('a[href$="/rows.csv"]')]);
    assert.equal(download.suggestedFilename(), "rows.csv");
    assert.equal(readFileSync(await download.path(), "utf8"), "name,age\n");
    assert.match(page.url(), /\/modules\/data-basics$/);
    await closePage(page);
});

test("on paper the description and the transcript stand for the player", async () => {
    const page = await openPage(server);
    await login(page, "printer");
    await page.goto("/modules/data-basics");
    await page.emulateMedia({ media: "print" });
    assert.equal(await page.locator(".clip video").isVisible(), false);
    assert.equal(await page.locator(".clip audio").isVisible(), false);
    for (const text of ["How a record is opened and saved", "A person opens the record and saves it.", "Nothing is said.", "A record is opened, and then it is saved."])
        assert.ok(await page.getByText(text).first().evaluate((one) => one.checkVisibility({ contentVisibilityAuto: true }) && one.getBoundingClientRect().height > 5), text);
    await closePage(page);
});

test("without scripts the player has its controls and the transcript opens", async () => {
    const page = await openPage(server, { javaScript: false });
    await login(page, "plain");
    await page.goto("/modules/data-basics");
    assert.notEqual(await page.locator(".clip video").getAttribute("controls"), null);
    const transcript = page.getByText("A person opens the record");
    assert.equal(await transcript.isVisible(), false);
    await page.locator(".transcript summary").first().click();
    assert.equal(await transcript.isVisible(), true);
    assert.deepEqual(await page.locator("article dl > *").evaluateAll((all) => all.map((one) => one.tagName)), ["DT", "DT", "DD", "DD"]);
    await closePage(page);
});
