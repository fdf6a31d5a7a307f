// Which of its languages a text is read in, what the page says of it, and that progress is one in all of them.
import assert from "node:assert/strict";
import { cpSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, test } from "node:test";
import { addPerson, command, makeAcademy, root, scratch, startServer } from "../lib/server.mjs";
import { until } from "../lib/until.mjs";

const academy = scratch("root");
for (const part of ["content", "exams", "labs", "site/templates", "site/locale", "site/static"]) cpSync(join(root, part), join(academy, part), { recursive: true });
// Pages in Arabic and Thai: their names are all that is translated, the rest falls back to English.
for (const [locale, name] of [["ar", "العربية"], ["th", "ไทย"]]) {
    mkdirSync(join(academy, "site/locale", locale));
    writeFileSync(join(academy, "site/locale", locale, "site.json"), JSON.stringify({ site_language_name: name }));
}

// ---- A course in three languages; "first" is written in English, "second" in Arabic, "third" is in English alone ----
const course = join(academy, "content/tongues");
mkdirSync(join(course, "modules"), { recursive: true });
writeFileSync(join(course, "programme.md"), `---
id: tongues
title: Tongues
body: The academy of the tests
scheme_version: "1"
summary: A course in several languages.
domains:
  - {id: words, title: Words}
levels:
  - id: one
    title: One
    summary: The first.
    scope: Reading.
    requires:
      modules: [first, second, third]
---
About it.
`);
const file = (name) => join(course, "modules", `${name}.md`);
function put(name, { title, more = "", marks = " x", question = "Which?", heading = "Part" }) {
    // Other words in each language, so that a question's own key is another, too.
    const options = [...marks].map((mark, i) => `- [${mark}] Option ${i + 1} of ${name}\n  > Feedback ${i + 1} of ${name}.`).join("\n");
    writeFileSync(file(name), `---
id: ${name.split(".")[0]}
title: ${title}
summary: The summary of ${name}.
programme: tongues
level: one
domain: words
minutes: 1
objectives:
  - {id: ${name.split(".")[0]}-know, text: The objective of ${name}.}
${more}---
## ${heading}

Zephyr text of ${name}.

${question}

${options}
`);
}
/** The version that a translation must name, as the check says it. */
function versionOf(name) {
    put(`${name}.fr`, { title: "x", more: "translates: 0123456789abcdef\n" });
    const said = new RegExp(`modules/${name}\\.fr\\.md:.*it is now at version ([0-9a-f]{16})`).exec(command(["check", course]).out);
    writeFileSync(file(`${name}.fr`), "");
    assert.ok(said, name);
    return said[1];
}
put("first", { title: "Weather" });
put("second", { title: "الرياح", more: "lang: ar\n", heading: "جزء" });
put("third", { title: "Tides" });
const follows = (name) => `translates: ${versionOf(name)}\n`;
const [ofFirst, ofSecond] = [follows("first"), follows("second")];
put("first.ar", { title: "الطقس", more: ofFirst, heading: "جزء" });
put("first.th", { title: "อากาศ", more: ofFirst, heading: "ส่วน" });
put("second.en", { title: "Wind", more: ofSecond });
for (const name of ["first", "second"]) writeFileSync(file(`${name}.fr`), "---\nbroken\n---\n");

// Questions of an exam in Arabic, a lab brief in Thai.
const state = (path, line) => {
    const whole = join(academy, path), text = readFileSync(whole, "utf8");
    writeFileSync(whole, text.replace("---\n", `---\n${line}\n`));
};
state("exams/mops/associate.md", "lang: th");
for (const bank of ["people", "process", "technology", "data", "privacy", "analytics"]) state(`exams/mops/bank/${bank}.md`, "lang: AR");
state("labs/scenarios/field-mapping-dedupe/scenario.md", "lang: th");

const data = makeAcademy();
for (const name of ["chooser", "answerer", "apart", "finder", "sitter", "keeper"]) addPerson(data, name);
const server = await startServer({ data, args: ["--root", academy] });
after(() => server.stop());

const shown = (page) => /<article class="prose" lang="([^"]+)" dir="([^"]+)"/.exec(page).slice(1).join(" ");
const text = async (client, path) => (await client.fetch(path)).text();

test("the whole check of these languages finds nothing but the file that is broken on purpose", () => {
    const lines = command(["check", course]).out.split("\n").filter((line) => /error|warning/.test(line) && !/modules\/\w+\.fr\.md/.test(line));
    assert.deepEqual(lines.slice(0, -1), [], lines.join("\n"));
});

test("RULE reading-language: asked for, then chosen, then set, then accepted, then the original", async () => {
    // Each row: ?lang, the reading language, the language of the pages, Accept-Language; then "first", "second", "third".
    const rows = [
        ["", "", "", "", "en ltr", "ar rtl", "en ltr"],
        ["", "", "", "th", "th ltr", "ar rtl", "en ltr"],
        ["", "", "", "fr, th;q=0.2, ar;q=0.7", "ar rtl", "ar rtl", "en ltr"],
        ["", "", "", "en-GB, ar;q=0.9", "en ltr", "en ltr", "en ltr"],
        ["", "", "ar", "th", "ar rtl", "ar rtl", "en ltr"],
        ["", "", "th", "en", "th ltr", "en ltr", "en ltr"],
        ["", "en", "ar", "th", "en ltr", "en ltr", "en ltr"],
        ["", "th", "en", "ar", "th ltr", "en ltr", "en ltr"],
        ["", "de", "ar", "th", "ar rtl", "ar rtl", "en ltr"],
        ["th", "en", "ar", "ar", "th ltr", "en ltr", "en ltr"],
        ["AR", "en", "en", "en", "ar rtl", "ar rtl", "en ltr"],
        ["nonsense%22%3E", "", "th", "", "th ltr", "ar rtl", "en ltr"],
    ];
    for (const [i, [asked, reading, setting, accept, ...want]] of rows.entries()) {
        addPerson(data, `row${i}`);
        const client = await server.signedIn(`row${i}`);
        client.headers = { "accept-language": accept || "x-none" };
        if (setting) assert.equal((await client.post("/me/language", { locale: setting, next: "/" })).status, 303);
        if (reading) assert.equal((await client.post("/me/reading", { lang: reading, next: "/" })).status, 303);
        const got = [];
        for (const name of ["first", "second", "third"]) got.push(shown(await client.page(`/modules/${name}${asked ? `?lang=${asked}` : ""}`)));
        assert.deepEqual(got, want, JSON.stringify(rows[i]));
    }
});

test("the switch is there where there is a choice, in each language's own name, and is remembered", async () => {
    const client = await server.signedIn("chooser");
    const page = await client.page("/modules/first");
    const form = /<form method="post" action="\/me\/reading"[\s\S]*?<\/form>/.exec(page)[0];
    assert.deepEqual([...form.matchAll(/name="lang" value="([^"]+)" lang="([^"]+)" dir="([^"]+)"( aria-current="true")?>([^<]+)</g)].map((m) => m.slice(1)), [
        ["en", "en", "ltr", ' aria-current="true"', "English"], ["ar", "ar", "rtl", undefined, "العربية"], ["th", "th", "ltr", undefined, "ไทย"]]);
    assert.doesNotMatch(await client.page("/modules/third"), /\/me\/reading/);
    const [, next] = /name="next" value="([^"]+)"/.exec(form);
    const answer = await client.post("/me/reading", { lang: "ar", next });
    assert.deepEqual([answer.status, answer.headers.get("location")], [303, "/modules/first"]);
    const arabic = await client.page("/modules/first");
    assert.equal(shown(arabic), "ar rtl");
    assert.match(arabic, /<html lang="en" dir="ltr"/);
    assert.match(arabic, /<h1 lang="ar" dir="rtl">الطقس<\/h1>/);
    assert.match(arabic, /<ul lang="ar" dir="rtl"><li>The objective of first\.ar/);
    assert.match(arabic, /<ol lang="ar" dir="rtl"><li><a href="#جزء">/);
    assert.match(arabic, /<p class="checkpoint-title"[^>]*><bdi lang="en" dir="ltr">/);
    assert.match(arabic, /rel="next" href="\/modules\/second">.*<bdi lang="ar" dir="rtl">الرياح<\/bdi>/);
    const again = await server.signedIn("chooser");
    assert.equal(shown(await again.page("/modules/first")), "ar rtl", "in another session, too");
    for (const lang of ["", "draft", '"><script>', "en-"]) {
        const refused = await client.post("/me/reading", { lang, next });
        assert.equal(refused.status, 400, lang);
        assert.match(await refused.text(), /Your choice from before is kept/);
    }
    assert.equal(shown(await client.page("/modules/first")), "ar rtl");
    const outside = await client.post("/me/reading", { lang: "ar", next: "//elsewhere.example/" });
    assert.equal(outside.headers.get("location"), "/");
    assert.notEqual((await server.client().post("/me/reading", { lang: "ar" }, { from: "/login" })).status, 200);
});

test("titles say their language wherever they are listed, and nothing says it where it goes without saying", async () => {
    const client = await server.signedIn("keeper");
    const title = '<bdi class="path-title" lang="ar" dir="rtl">الرياح</bdi>';
    for (const path of ["/programmes/tongues"]) assert.ok((await client.page(path)).includes(title), path);
    await client.post("/modules/first/progress", { section: "part", done: "1" });
    const home = await client.page("/");
    assert.ok(home.includes(title), "the start page");
    assert.ok(home.includes('<bdi class="path-title">Weather</bdi>'));
    assert.match(await client.page("/programmes/tongues/levels/one"), /<bdi lang="ar" dir="rtl">الرياح<\/bdi>/);
    assert.match(await client.page("/modules/third"), /rel="prev" href="\/modules\/second">.*<bdi lang="ar" dir="rtl">/);
    assert.match(await client.page("/modules/third"), /<h1>Tides<\/h1>/);
    await client.post("/me/language", { locale: "ar", next: "/" });
    const turned = await client.page("/modules/third");
    assert.match(turned, /<html lang="ar" dir="rtl"/);
    assert.match(turned, /<h1 lang="en" dir="ltr">Tides<\/h1>/);
    assert.equal(shown(turned), "en ltr");
    assert.match(turned, /rel="prev" href="\/modules\/second">.*<bdi>الرياح<\/bdi>/);
});

test("who is not signed in gets the titles that their browser asks for, and no cache gives them to others", async () => {
    const ask = async (accept) => {
        const answer = await fetch(`${server.origin}/programmes/tongues`, { headers: { "accept-language": accept } });
        assert.match(answer.headers.get("vary") ?? "", /Accept-Language/);
        assert.match(answer.headers.get("cache-control"), /no-cache|no-store/);
        return answer.text();
    };
    for (let i = 0; i < 3; i++) {
        assert.ok((await ask("th")).includes("อากาศ"));
        assert.ok((await ask("en")).includes(">Weather<"));
        assert.ok((await ask("ar;q=0.4, en;q=0.3")).includes("الطقس"));
    }
});

test("RULE one-progress: what is answered and read in one language is so in all", async () => {
    const client = await server.signedIn("answerer");
    const form = /action="(\/modules\/first\/checkpoints\/1[^"]*)"/.exec(await client.page("/modules/first?lang=ar"));
    assert.equal(form[1], "/modules/first/checkpoints/1?lang=ar");
    const answer = await client.post(form[1], { "choice[]": "1" });
    assert.equal(answer.headers.get("location"), "/modules/first?lang=ar#checkpoint-1");
    assert.match(await client.page("/modules/first?lang=ar"), /Feedback 1 of first\.ar/);
    assert.match(await client.page("/modules/first"), /Feedback 1 of first\./);
    assert.match(await client.page("/modules/first?lang=th"), /Feedback 1 of first\.th/);
    const part = await (await client.post("/modules/first/checkpoints/1?lang=th", { "choice[]": "2" }, { headers: { "hx-request": "true" } })).text();
    assert.match(part, /Feedback 2 of first\.th/);
    assert.match(part, /checkpoints\/1\?lang=th/);
    await client.post("/modules/first/progress", { section: "part", done: "1" });
    for (const lang of ["en", "ar", "th"]) {
        const page = await client.page(`/modules/first?lang=${lang}`);
        assert.match(page, /feedback-right/, lang);
        assert.match(page, /data-section="part" data-anchor="[^"]+" data-done/, lang);
    }
    assert.match(await client.page("/programmes/tongues"), /<li class="done"><span><a href="\/modules\/first"/);
});

test("a translation of another version says so at its head, and one with other questions keeps no answer", async () => {
    const client = await server.signedIn("apart");
    assert.doesNotMatch(await client.page("/modules/second?lang=en"), /data-stale/);
    put("second.en", { title: "Wind", more: "translates: 0123456789abcdef\n" });
    const stale = await client.page("/modules/second?lang=en");
    assert.match(stale, /data-stale><p>This translation is older than the original[^<]*<a href="\/modules\/second\?lang=ar" hreflang="ar">/);
    assert.doesNotMatch(stale, /practice questions of this translation/);
    assert.ok(stale.indexOf("data-stale") < stale.indexOf("<article"));
    put("second.en", { title: "Wind", more: "translates: 0123456789abcdef\n", marks: "x " });
    assert.match(await client.page("/modules/second?lang=en"), /practice questions of this translation are not those of the original/);
    const refused = await client.post("/modules/second/checkpoints/1?lang=en", { "choice[]": "1" });
    assert.equal(refused.status, 400);
    assert.match(await refused.text(), /your answer was not kept/);
    const original = await client.page("/modules/second?lang=ar");
    assert.doesNotMatch(original, /data-feedback/);
    assert.equal((await client.post("/modules/second/checkpoints/1?lang=ar", { "choice[]": "2" })).status, 303);
    assert.match(await client.page("/modules/second?lang=ar"), /feedback-right/);
    assert.doesNotMatch(await client.page("/modules/second?lang=en"), /data-feedback/);
    put("second.en", { title: "Wind", more: ofSecond });
    assert.match(await client.page("/modules/second?lang=en"), /feedback-right/);
});

test("the search leads to the text that holds the words", async () => {
    const client = await server.signedIn("finder");
    const hrefs = async (typed) => [...(await client.page(`/search?q=${encodeURIComponent(typed)}`)).matchAll(/<li><h2><a href="(\/modules\/(?:first|second)[^"]*)" lang="([^"]+)"/g)].map((m) => m.slice(1));
    await until("the text is found", async () => (await hrefs("الطقس")).length);
    assert.deepEqual(await hrefs("الطقس"), [["/modules/first?lang=ar", "ar"]]);
    assert.deepEqual(await hrefs("Weather"), [["/modules/first", "en"]]);
    await client.post("/me/reading", { lang: "ar", next: "/" });
    assert.deepEqual(await hrefs("الطقس"), [["/modules/first", "ar"]]);
    assert.deepEqual(await hrefs("Weather"), [["/modules/first?lang=en", "en"]]);
    assert.deepEqual(await hrefs("الرياح"), [["/modules/second", "ar"]]);
    // Further sections are of the same text: the others' anchors are not in it.
    const [, row] = /<li>(<h2><a href="\/modules\/first[\s\S]*?)<\/li>/.exec(await client.page("/search?q=zephyr"));
    const anchors = new Set([...row.matchAll(/#([^"]+)"/g)].map(([, anchor]) => anchor));
    assert.equal(anchors.size, 1, [...anchors].join());
});

test("exams say the language of their rules and of each question, labs that of their brief", async () => {
    const client = await server.signedIn("sitter");
    const lobby = await client.page("/exams/mops-associate");
    assert.match(lobby, /<h1 lang="th" dir="ltr">/);
    assert.match(lobby, /<div class="prose" lang="th" dir="ltr">/);
    assert.match(await client.page("/exams"), /<a href="\/exams\/mops-associate"><bdi lang="th" dir="ltr">/);
    const start = await client.post("/exams/mops-associate/start", {}, { from: "/exams/mops-associate" });
    const attempt = start.headers.get("location").match(/^\/attempts\/[^/]+/)[0];
    const question = await client.page(`${attempt}/q/1`);
    assert.match(question, /id="stem" lang="ar" dir="rtl">/);
    assert.match(question, /<span class="option-text" lang="ar" dir="rtl">/);
    assert.match(question, /<html lang="en" dir="ltr"/);
    const lab = await client.page("/labs/field-mapping-dedupe");
    assert.match(lab, /<h1 lang="th" dir="ltr">/);
    assert.match(lab, /<div class="prose lab-brief" lang="th" dir="ltr">/);
    assert.match(await client.page("/labs"), /<bdi lang="th" dir="ltr">Field mapping/);
    assert.match(await client.page("/programmes/mops"), /<bdi class="path-title" lang="th" dir="ltr">Field mapping/);
});

test("a language that is none is an error of its author, at its place", () => {
    const tree = scratch("wrong");
    cpSync(academy, tree, { recursive: true });
    for (const path of ["exams/mops/associate.md", "exams/mops/bank/data.md", "labs/scenarios/field-mapping-dedupe/scenario.md", "content/mops/programme.md", "content/mops/glossary.md", "content/mops/self-assessment.md"]) {
        const whole = join(tree, path);
        writeFileSync(whole, readFileSync(whole, "utf8").replace(/^lang: .*\n/m, "").replace("---\n", "---\nlang: klingonese\n"));
        assert.match(command(["check", whole]).out, new RegExp(`^${path}:2:7: error: “klingonese” is no language: .* \\[lang\\]$`, "m"), path);
    }
});
