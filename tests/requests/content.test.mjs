// Programmes, modules, search and the author's page over loopback, as a client without scripts sees them.
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { cpSync, mkdirSync, readFileSync, readdirSync, rmdirSync, unlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { command, addPerson, makeAcademy, root, scratch, startServer } from "../lib/server.mjs";
import { until } from "../lib/until.mjs";

const academy = scratch("root");
for (const part of ["content", "exams", "labs"]) cpSync(join(root, part), join(academy, part), { recursive: true });
cpSync(join(root, "site"), join(academy, "site"), { recursive: true, filter: (path) => !path.includes("node_modules") });
const module = (name) => join(academy, "content/mops/modules", `${name}.md`);
const original = readFileSync(module("data-basics"), "utf8");

const data = makeAcademy();
for (const name of ["reader", "second", "finisher", "walker"]) addPerson(data, name);
const server = await startServer({ data, args: ["--root", academy] });
after(() => server.stop());
const learner = await server.signedIn("reader");
const instructor = await server.signedIn("instructor");

const checkpointOf = (page, n) => new RegExp(`<section class="checkpoint" id="checkpoint-${n}"[\\s\\S]*?</section>`).exec(page)[0];
/** Feedback and keys of the first question, from the file. */
const firstQuestion = /\n((?:- \[[ x]\][^\n]*\n  > [^\n]*\n)+)/.exec(original)[1].split("\n- ").map((option) => ({
    right: option.includes("[x]"),
    feedback: option.split("> ")[1].trim(),
}));
const rightChoice = String(firstQuestion.findIndex((option) => option.right) + 1);
const wrongChoice = String(firstQuestion.findIndex((option) => !option.right) + 1);

test("programmes are public, modules are not", async () => {
    const stranger = server.client();
    assert.match(await stranger.page("/programmes"), /Marketing Operations/);
    assert.match(await stranger.page("/programmes/mops"), /Associate/);
    assert.match(await stranger.page("/glossary"), /id="page-lead-scoring"/);
    for (const path of ["/modules/data-basics", "/search?q=data", "/self-assessment", "/author"]) {
        const answer = await stranger.fetch(path);
        assert.ok([303, 401, 403].includes(answer.status), `${path}: ${answer.status}`);
    }
    assert.equal((await learner.fetch("/author")).status, 403);
    for (const path of ["/modules/none", "/programmes/none", "/modules/data-basics/files/none.svg", "/modules/..%2Fx"]) assert.equal((await learner.fetch(path)).status, 404, path);
});

test("a kept glossary follows its text and the site's templates", async () => {
    const files = { [join(academy, "content/mops/glossary.md")]: [/^## .*$/m, "## Aardvark rate"], [join(academy, "site/templates/content_terms.mustache")]: ["<dl class=", '<dl data-new="yes" class='] };
    await learner.page("/glossary");
    for (const [file, [what, by]] of Object.entries(files)) {
        const before = readFileSync(file, "utf8"), shown = by.replace("## ", "").slice(0, 18);
        assert.notEqual(before.replace(what, by), before, file);
        assert.ok(!(await learner.page("/glossary")).includes(shown));
        writeFileSync(file, before.replace(what, by));
        await until(`${shown} in the glossary`, async () => (await learner.page("/glossary")).includes(shown));
        writeFileSync(file, before);
        await until(`no ${shown} in the glossary`, async () => !(await learner.page("/glossary")).includes(shown));
    }
});

test("a module page holds what it promises", async () => {
    const page = await learner.page("/modules/data-basics");
    for (const what of [/<h1>Records, fields and keys<\/h1>/, /class="toc/, /popovertarget="term-1"/, /class="callout callout-case"/, /rel="prev"/, /rel="next"/, /width="\d+" height="\d+"/, /14 min/])
        assert.match(page, what);
    const ids = [...page.matchAll(/ id="([^"]+)"/g)].map(([, id]) => id);
    assert.deepEqual(ids.filter((id, i) => ids.indexOf(id) !== i), [], "ids are unique");
    for (const [, target] of page.matchAll(/ (?:popovertarget|href)="#?([^"#:/]+)"/g)) if (!page.includes(`id="${target}"`)) assert.fail(`nothing has the id ${target}`);
});

test("pictures come under a policy of their own", async () => {
    const page = await learner.page("/modules/data-basics");
    const [, src] = /<img src="([^"]+)"/.exec(page);
    const answer = await learner.fetch(src);
    assert.equal(answer.status, 200);
    assert.equal(answer.headers.get("content-type"), "image/svg+xml");
    assert.match(answer.headers.get("content-security-policy"), /default-src 'none'.*sandbox/);
    const again = await learner.fetch(src, { headers: { "if-none-match": answer.headers.get("etag") } });
    assert.equal(again.status, 304);
    for (const name of ["..%2f..%2fprogramme.md", ".hidden.svg", "a%00.svg", "data-model.svg%2f..%2fx", "%2e%2e"]) {
        const refused = await learner.fetch(`/modules/data-basics/files/${name}`);
        assert.ok([400, 404].includes(refused.status), `${name}: ${refused.status}`);
    }
});

test("keys and feedback are nowhere before an answer", async () => {
    const page = await learner.page("/modules/data-basics");
    for (const { feedback } of firstQuestion) assert.ok(!page.includes(feedback.slice(0, 40).replaceAll('"', "&quot;")), feedback);
    const search = await learner.page(`/search?q=${encodeURIComponent(firstQuestion[0].feedback)}`);
    assert.ok(!(search.split('class="results"')[1] ?? "").includes(firstQuestion[0].feedback.slice(10, 60)), "beyond the field that repeats the query");
});

test("a practice question works without scripts", async () => {
    const path = "/modules/data-basics/checkpoints/1";
    const answer = await learner.post(path, { "choice[]": wrongChoice });
    assert.equal(answer.status, 303);
    assert.equal(answer.headers.get("location"), "/modules/data-basics#checkpoint-1");
    let box = checkpointOf(await learner.page("/modules/data-basics"), 1);
    assert.match(box, /feedback-wrong/);
    assert.doesNotMatch(box, /is-key/, "a wrong answer does not give the key away");
    assert.equal([...box.matchAll(/<li>/g)].length, 1, "only the feedback of what was chosen");
    await learner.post(path, { "choice[]": rightChoice });
    box = checkpointOf(await learner.page("/modules/data-basics"), 1);
    assert.match(box, /feedback-right/);
    assert.equal([...box.matchAll(/<li>/g)].length, firstQuestion.length, "all feedback once it is right");
    const fragment = await learner.post(path, { "choice[]": wrongChoice }, { headers: { "hx-request": "true" } });
    const part = await fragment.text();
    assert.equal(fragment.status, 200);
    assert.match(part.trim(), /^<section class="checkpoint" id="checkpoint-1"/);
    assert.match(part, /feedback-wrong/);
});

test("the glossary says how many terms it has", async () => {
    const page = await learner.page("/glossary");
    assert.equal(Number(/(\d+) terms, in plain words/.exec(page)?.[1]), [...page.matchAll(/<div id="page-[^"]+"><dt>/g)].length);
});

test("RULE checkpoint-count: another number of choices than the question asks for is told, kept and not recorded", async () => {
    const module = await learner.page("/modules/campaign-process");
    const number = module.split("Which gaps stop the work?")[0].match(/id="checkpoint-\d+"/g).length, path = `/modules/campaign-process/checkpoints/${number}`;
    const answer = (headers, ...choices) => learner.post(path, new URLSearchParams(choices.map((choice) => ["choice[]", choice])), { from: "/modules/campaign-process", headers });
    const part = { "hx-request": "true" };
    for (const [choices, sentence] of [[[], /Choose two answers, then check/], [["1"], /Choose two answers, then check/], [["1", "2", "4"], /too many: choose two answers/]]) {
        assert.equal((await answer(part, ...choices)).status, 400, choices.join());
        const page = await answer({}, ...choices), box = checkpointOf(await page.text(), number);
        assert.equal(page.status, 400);
        assert.match(/<p class="field-error"[^>]*>([^<]+)/.exec(box)[1], sentence);
        assert.deepEqual([...box.matchAll(/value="(\d)" checked/g)].map(([, value]) => value), choices, "what was chosen is kept");
        assert.doesNotMatch(checkpointOf(await learner.page("/modules/campaign-process"), number), /class="feedback|<p class="field-error"[^>]*>[^<]/, "nothing was recorded");
    }
    assert.match(await (await answer(part, "1", "2")).text(), /Not quite/);
    assert.match(await (await answer(part, "1", "4")).text(), /That is right\./);
});

test("a begun module that is read says how many questions are left (RULE module-left)", async () => {
    const one = await server.signedIn("second");
    await one.post("/modules/data-basics/progress", { section: "*", done: "1" });
    for (const path of ["/", "/programmes/mops"]) assert.match(await one.page(path), /Begun: \d+ questions? to answer/, path);
});

test("answers that make no sense are not recorded", async () => {
    const second = await server.signedIn("second");
    for (const [fields, status] of [[{}, 400], [{ "choice[]": "9" }, 400], [{ "choice[]": "-1" }, 400], [{ "choice[]": "x" }, 400], [{ "choice[]": "99999999999999999999" }, 400]])
        assert.equal((await second.post("/modules/data-basics/checkpoints/1", fields)).status, status, JSON.stringify(fields));
    const twice = new URLSearchParams([["choice[]", "1"], ["choice[]", "2"], ["csrf", await second.csrf("/me")]]);
    assert.equal((await second.fetch("/modules/data-basics/checkpoints/1", { method: "POST", body: twice })).status, 400);
    assert.doesNotMatch(checkpointOf(await second.page("/modules/data-basics"), 1), /class="feedback/);
    for (const path of ["/modules/data-basics/checkpoints/0", "/modules/data-basics/checkpoints/99", "/modules/data-basics/checkpoints/x", "/modules/none/checkpoints/1"])
        assert.equal((await second.post(path, { "choice[]": "1" })).status, 404, path);
    assert.equal((await second.post("/modules/data-basics/checkpoints/1", { "choice[]": "1" }, { from: null })).status, 403, "no token");
});

test("reading is recorded and goes on elsewhere", async () => {
    const one = await server.signedIn("walker");
    const path = "/modules/the-stack/progress";
    const section = /data-section="([^"]+)"/g;
    const sections = [...(await one.page("/modules/the-stack")).matchAll(section)].map(([, id]) => id);
    assert.ok(sections.length > 2);
    assert.equal((await one.post(path, { section: sections[1], position: "250", quiet: "1" })).status, 204);
    const marked = await one.post(path, { section: sections[0], done: "1" });
    assert.equal(marked.headers.get("location"), "/modules/the-stack#page-progress");
    for (const fields of [{ section: "nowhere" }, {}, { section: sections[0], position: "1001" }, { section: sections[0], position: "-1" }, { section: sections[0], position: "1e3" }])
        assert.equal((await one.post(path, fields)).status, 400, JSON.stringify(fields));
    assert.equal((await one.post("/modules/none/progress", { section: "x" })).status, 404);
    /* Another device: a session of its own. */
    const other = await server.signedIn("walker");
    assert.match(await other.page("/modules/the-stack"), new RegExp(`href="#${sections[0]}" data-resume`));
    assert.match(await other.page("/programmes/mops"), new RegExp(`href="/modules/the-stack#${sections[0]}"`));
    assert.match(await other.page("/"), new RegExp(`href="/modules/the-stack#${sections[0]}"`));
});

test("a module is complete when all is read and answered", async () => {
    const one = await server.signedIn("finisher");
    const page = await one.page("/modules/measuring");
    const count = [...page.matchAll(/<section class="checkpoint"/g)].length;
    await one.post("/modules/measuring/progress", { section: "*", done: "1" });
    assert.match(await one.page("/modules/measuring"), /\d+ practice questions? (is|are) still to be answered. Then the module is finished/);
    for (let n = 1; n <= count; n++) await one.post(`/modules/measuring/checkpoints/${n}`, { "choice[]": "1" });
    const done = await one.page("/modules/measuring");
    assert.match(done, /You have completed this module/);
    assert.match(await one.page("/programmes/mops"), /class="done"><span><a href="\/modules\/measuring"/);
});

test("the next request shows what an author changed; a broken file keeps the last good version", async () => {
    const file = module("data-basics");
    for (let i = 0; i < 5; i++) {
        writeFileSync(file, original.replace("title: Records, fields and keys", `title: Records, take ${i}`));
        assert.match(await learner.page("/modules/data-basics"), new RegExp(`<h1>Records, take ${i}</h1>`));
    }
    writeFileSync(file, "---\nid: data-basics\ntitle: [broken\n---\n");
    assert.match(await learner.page("/modules/data-basics"), /<h1>Records, take 4<\/h1>/);
    assert.match(await instructor.page("/modules/data-basics"), /has an error/);
    assert.match(await instructor.page("/author"), /data-basics\.md:\d+:\d+/);
    assert.match(await instructor.page("/author?file=content%2Fmops%2Fmodules%2Fdata-basics.md"), /this list is never closed/);
    /* What only all files together tell (line 4) is found after what one file tells; the page goes from above. */
    writeFileSync(file, original.replace(/^domain: .*$/m, "domain: nowhere") + "\n## Late\n\n#### Later\n\nText.\n");
    const places = [...(await instructor.page("/author?file=content%2Fmops%2Fmodules%2Fdata-basics.md")).matchAll(/data-basics\.md:(\d+):(\d+)/g)].map(([, line]) => +line);
    assert.ok(places.length >= 2 && places[0] < 10 && places.at(-1) > 50, places.join(" "));
    assert.deepEqual(places, [...places].sort((x, y) => x - y), "by line");
    writeFileSync(file, original);
    assert.match(await learner.page("/modules/data-basics"), /<h1>Records, fields and keys<\/h1>/);
    assert.doesNotMatch(await instructor.page("/author"), /data-basics\.md:\d+:\d+/);
});

test("a pipe in the place of a module is not waited for", async (t) => {
    const file = module("data-basics");
    unlinkSync(file);
    execFileSync("mkfifo", [file]);
    t.after(() => {
        unlinkSync(file);
        writeFileSync(file, original);
    });
    for (let i = 0; i < 8; i++) { // before and after it is noticed
        for (const path of ["/modules/data-basics", "/author"]) assert.ok([200, 404].includes((await instructor.fetch(path)).status), path);
        await sleep(250);
    }
    assert.equal((await learner.fetch("/modules/what-mops-is")).status, 200);
});

// RULE hidden-told, RULE author-order.
test("a hidden module, exam or nothing: learners get 404, instructors what is wrong and where", async (t) => {
    writeFileSync(module("a-hidden"), "---\nid: shy\ntitle: Shy module\nlang: en\ndomain: [broken\n---\n");
    writeFileSync(join(academy, "exams/mops/z-broken.md"), "---\nid: broken-exam\ntitle: Broken exam\n---\nText.\n");
    writeFileSync(module("data-basics"), original.replace(/^domain: .*$/m, "domain: nowhere"));
    mkdirSync(join(academy, "labs/connectors/fax"));
    t.after(() => {
        rmdirSync(join(academy, "labs/connectors/fax"));
        for (const file of [module("a-hidden"), join(academy, "exams/mops/z-broken.md")]) unlinkSync(file);
        writeFileSync(module("data-basics"), original);
    });
    for (const [path, file] of [["/modules/shy", "content/mops/modules/a-hidden.md"], ["/modules/a-hidden", "content/mops/modules/a-hidden.md"], ["/exams/broken-exam", "exams/mops/z-broken.md"]]) {
        const told = await instructor.fetch(path), html = await told.text();
        assert.equal(told.status, 404, path);
        assert.match(html, /<h1>Hidden because of an error/, path);
        assert.match(html, new RegExp(`${file}(:\\d+:\\d+)?</code>`), path);
        assert.ok(html.includes(`href="/author?file=${file}"`) || html.includes(`href="/author?file=${encodeURIComponent(file)}"`), path);
        const learners = await learner.fetch(path);
        assert.equal(learners.status, 404);
        assert.doesNotMatch(await learners.text(), /Hidden because|\.md/);
    }
    const nothing = await instructor.fetch("/modules/nowhere-at-all");
    assert.equal(nothing.status, 404);
    assert.doesNotMatch(await nothing.text(), /Hidden because/);
    const author = await instructor.page("/author");
    const rows = [...author.matchAll(/<code class="small">(content\/mops\/[^<]*)<\/code>/g)].map(([, path]) => path);
    assert.deepEqual(rows.slice(0, 3).map((path) => path.replace(/.*\//, "")), ["a-hidden.md", "data-basics.md", "programme.md"], "hidden, errors, then as learners come to it");
    // The modules of the first level, in the order that the programme gives, written by hand.
    assert.deepEqual(rows.filter((path) => /\/(what-mops-is|four-pillars|the-stack|working-with-others|four-personas)\.md$/.test(path)).map((path) => path.replace(/.*\//, "")), ["what-mops-is.md", "four-pillars.md", "the-stack.md", "working-with-others.md", "four-personas.md"]);
    const hidden = author.split("<tr>").slice(1).find((row) => row.includes("a-hidden.md"));
    assert.match(hidden, /Shy module/);
    assert.match(hidden, /nothing is shown[\s\S]*Line 5: [\s\S]*Correct this in the file/);
    const places = [...author.matchAll(/<p class="problem-place"><code>([^:<]*)/g)].map(([, path]) => path);
    assert.equal(places[0], "content/mops/modules/a-hidden.md");
    assert.match(author, /Hides the file/);
    // Each file that does not parse is counted, exams as well.
    assert.match(author, /<span class="stat-value">2<\/span><span class="stat-label">files that do not parse</);
    /* Exams with their banks, and labs: those with errors before the others, and both behind the courses with errors. */
    const exams = [...author.matchAll(/<code class="small">(exams\/mops\/[^<]*)<\/code>/g)].map(([, path]) => path.slice("exams/mops/".length));
    assert.deepEqual(exams, ["z-broken.md", "associate.md", "bank/analytics.md", "bank/data.md", "bank/people.md", "bank/privacy.md", "bank/process.md", "bank/technology.md"]);
    const rowOf = (file) => author.split("<tr>").slice(1).find((row) => row.includes(`<code class="small">${file}</code>`));
    assert.match(rowOf("exams/mops/z-broken.md"), /Broken exam[^]*href="\/author\?file=exams\/mops\/z-broken\.md">\d+ errors?<[^]*There is no good version of this exam yet, so learners do not see it/);
    assert.doesNotMatch(rowOf("exams/mops/z-broken.md"), /last good version|href="\/exams/);
    assert.match(rowOf("exams/mops/bank/data.md"), /Data and integration[^]*Item bank[^]*Fine/);
    assert.match(rowOf("labs/connectors/fax"), /data-label="Kind">Folder<[^]*1 error</, "no lab, and no file of one");
    assert.match(rowOf("exams/mops/bank/data.md"), /data-label="Version" class="none"/);
    assert.match(rowOf("exams/mops/associate.md"), /href="\/exams\/mops-associate"/);
    assert.match(rowOf("labs/scenarios/field-mapping-dedupe/scenario.md"), /Field mapping and deduplication[^]*href="\/labs\/field-mapping-dedupe"/);
    const captions = [...author.matchAll(/<caption><code>([^<]*)<\/code><\/caption>/g)].map(([, folder]) => folder);
    assert.deepEqual(captions, ["content/mops", "exams/mops", "labs", "content/gradus"]);
});

test("behind the last module of a level stands what else it asks for; the start page leads to practice, and authors to their course", async () => {
    const next = (html) => /<a rel="next" href="([^"]+)"><span class="pager-label">([^<]*)<\/span><bdi[^>]*>([^<]*)/.exec(html)?.slice(1);
    const lastOf = (programme) => readFileSync(join(academy, `content/${programme}/programme.md`), "utf8").match(/modules:\n((?: +- .*\n)+)/)[1].trim().split("\n").at(-1).replace(/^ *- /, "");
    assert.deepEqual(next(await learner.page(`/modules/${lastOf("mops")}`)), ["/exams/mops-associate", "Next: Exam", "Marketing Operations Associate"]);
    assert.deepEqual(next(await learner.page(`/modules/${lastOf("gradus")}`)), ["/programmes/gradus/levels/author", "Next", "Requirements and certificate"]);
    assert.deepEqual(next(await learner.page("/modules/what-mops-is"))[0], "/modules/four-pillars");
    const start = await learner.page("/");
    assert.match(start, /<h2 id="practice">Practice<\/h2>[^]*<a href="\/labs"><bdi>Labs<\/bdi><\/a>/);
    assert.doesNotMatch(start, /programmes\/gradus"|count for nothing/, "no desk, and no exam for practice here");
    const desk = await instructor.page("/");
    assert.match(desk, /id="desk"[^]*<a href="\/programmes\/gradus"><bdi>Gradus for authors and assessors<\/bdi><\/a>/);
    assert.doesNotMatch(desk, /id="practice"/);
});

// RULE exam-kept.
test("an exam whose file is broken: the check and the authors' page say that learners keep the version before", async (t) => {
    const file = join(academy, "exams/mops/associate.md"), exam = readFileSync(file, "utf8");
    t.after(() => writeFileSync(file, exam));
    writeFileSync(file, exam.replace("kind: live", "kind: practise"));
    const page = await instructor.page("/author?again=1&file=exams%2Fmops%2Fassociate.md");
    const problem = page.split("<li>").find((part) => part.includes("must be live or practice")) ?? assert.fail("not told");
    assert.match(problem, /Hides the file[^]*Until then learners see the last good version\./);
    assert.match(await learner.page("/exams/mops-associate"), /Marketing Operations Associate/);
    /* Whoever can mend it is told on the exam's page, as on a module's; learners are not. */
    const notice = /message-warn"><p>The file of this exam, or one of its banks, has an error\. [^<]* <a href="\/author">/;
    await until("the instructor is told", async () => notice.test(await instructor.page("/exams/mops-associate")));
    assert.doesNotMatch(await learner.page("/exams/mops-associate"), notice);
    writeFileSync(file, exam);
    await until("it is mended", async () => !notice.test(await instructor.page("/exams/mops-associate")));
    writeFileSync(file, exam.replace("kind: live", "kind: practise"));
    const told = command(["check", academy]);
    assert.match(told.out, /associate\.md:\d+:\d+: error: .*the file is not used: learners keep the last version without errors, where there is one \[field-type\]/);
});

test("raw HTML and dangerous links are text", async () => {
    const file = module("data-basics");
    writeFileSync(file, `${original}\n## Status\n\n<script>alert(1)</script> <b onclick="x">b</b> [a](javascript:alert) ![p](https://example.org/x.png)\n`);
    const page = await learner.page("/modules/data-basics");
    assert.ok(page.includes("&lt;script&gt;alert(1)&lt;/script&gt;"));
    for (const bad of ["<script>alert", 'href="javascript:', 'src="https://example.org']) assert.ok(!page.includes(bad), bad);
    assert.match(page, /id="status-section"/);
    writeFileSync(file, original);
});

test("translations are shown, and said to be stale", async () => {
    mkdirSync(join(academy, "content/mops/modules"), { recursive: true });
    const arabic = original.replace(/title: .*/, "title: السجلات والحقول والمفاتيح").replace("prerequisites:", "translates: 0123456789abcdef\nprerequisites:");
    writeFileSync(module("data-basics.ar"), arabic);
    const page = await learner.page("/modules/data-basics?lang=ar");
    assert.match(page, /<article class="prose" lang="ar" dir="rtl"/);
    assert.match(page, /older than the original/);
    const author = await instructor.page("/author");
    const marked = author.split("<tr>").filter((row) => row.includes("Stale translation"));
    assert.equal(marked.length, 1, "one file is stale, and no other is called so");
    assert.match(marked[0], /data-basics\.ar\.md/);
    assert.match(await learner.page("/modules/data-basics"), /name="lang" value="ar"/);
});

/** The search's page once it says so: exams and labs are looked at every second or two. */
const found = (query, wanted) =>
    until(`${query}: ${wanted} is on the page`, async () => {
        const page = await learner.page(`/search?q=${encodeURIComponent(query)}`);
        return wanted.test(page) && page;
    });

test("the search finds exams and labs by what their lobbies say", async () => {
    const lab = await found("Tidewell Instruments", /href="\/labs\/field-mapping-dedupe"/);
    assert.match(lab, /<mark>Tidewell<\/mark> <mark>Instruments<\/mark>/);
    assert.match(lab, /badge-plain">Lab</);
    assert.match(await learner.page("/search?q=Field+mapping+and+deduplication"), /href="\/labs\/field-mapping-dedupe"/);
    assert.match(await learner.page("/search?q=transformation+pair+words+industry+partner"), /href="\/labs\/field-mapping-dedupe#your-tasks"/);
    const exam = await found("Marketing Operations Associate", /href="\/exams\/mops-associate/);
    assert.match(exam, /badge-plain">Exam</);
    const rules = await learner.page(`/search?q=${encodeURIComponent("judges who rated each question")}`);
    const [, anchor] = /href="\/exams\/mops-associate#([^"]+)"/.exec(rules);
    assert.match(await learner.page("/exams/mops-associate"), new RegExp(`id="${anchor}"`));
});

test("the search knows nothing of items, keys, checks, hints and solutions", async () => {
    await found("Marketing Operations Associate", /href="\/exams\/mops-associate/);
    const results = async (query) => (await learner.page(`/search?q=${encodeURIComponent(query)}`)).split("<li ").filter((one) => /href="\/(exams|labs)\//.test(one)).join("\n");
    const banks = readdirSync(join(academy, "exams/mops/bank")).map((name) => readFileSync(join(academy, "exams/mops/bank", name), "utf8"));
    const lines = banks.flatMap((bank) => bank.split("\n").filter((line) => /^- \[[ x]\] |^  > |\?$/.test(line)));
    assert.ok(lines.length > 200, "the banks hold stems, options and rationales");
    const hints = readFileSync(join(academy, "labs/scenarios/field-mapping-dedupe/checks.md"), "utf8").split("\n").filter((line) => /^\d\. |^(title|pass|fail): /.test(line));
    assert.ok(hints.length > 10);
    const plain = (text) => text.replaceAll(/<[^>]*>/g, "").replaceAll(/\s+/g, " ");
    for (const line of [...lines.filter((_, i) => i % 40 === 0), ...hints.filter((_, i) => i % 4 === 0)]) {
        const text = line.replace(/^- \[[ x]\] |^ *> |^\d\. |^\w+: /, "").trim();
        const page = plain(await results(text.split(" ").slice(0, 12).join(" ")));
        if (text.length > 30) assert.ok(!page.includes(text.slice(0, 60)), text);
    }
});

test("what changes in an exam or a lab is found within seconds", async () => {
    for (const [file, address] of [["labs/scenarios/field-mapping-dedupe/scenario.md", "/labs/field-mapping-dedupe"], ["exams/mops/associate.md", "/exams/mops-associate"]]) {
        const path = join(academy, file), before = readFileSync(path, "utf8");
        writeFileSync(path, before.replace(/^(---\n[^]*?\n---\n)/, "$1A quokka changes everything.\n\n"));
        await found("quokka", new RegExp(`href="${address}"`));
        writeFileSync(path, before);
        await found("quokka", /Nothing found/);
    }
});

test("results come twenty a page, and each page leads on", async () => {
    const refs = [];
    let address = "/search?q=data+is", pages = 0;
    for (; address && pages < 50; pages++) {
        const page = await learner.page(address);
        const results = [...page.matchAll(/<li><h2><a href="([^"]+)" lang="[^"]*"/g)].map(([, href]) => href);
        refs.push(...results);
        const next = /<a rel="next" href="([^"]+)"/.exec(page)?.[1].replaceAll("&amp;", "&");
        assert.equal(results.length === 20 || !next, true);
        assert.equal(/<a rel="prev"/.test(page), pages > 0);
        assert.match(page, new RegExp(`Page ${pages + 1} of `));
        address = next;
    }
    assert.ok(pages > 1, "there is more than a page");
    assert.deepEqual(refs.filter((ref, i) => refs.indexOf(ref) !== i), [], "nothing stands on two pages");
    const first = await learner.page("/search?q=data+is");
    assert.equal(Number(/role="status">(\d+) results/.exec(first)[1]), refs.length);
    for (const page of ["0", "-1", "x", "2000000"]) assert.equal((await learner.fetch(`/search?q=data&page=${page}`)).status, 200, page);
    /* What was typed comes through whole. */
    const odd = await learner.page(`/search?q=${encodeURIComponent('data & "is" +the# Ł%')}`);
    const [, next] = /<a rel="next" href="([^"]+)"/.exec(odd) ?? [];
    if (next) assert.equal(new URL(next.replaceAll("&amp;", "&"), "http://x").searchParams.get("q"), 'data & "is" +the# Ł%');
    else assert.match(odd, /some of them/);
});

test("the search finds, marks and does not break", async () => {
    assert.match(await learner.page("/search?q=survivorship"), /<mark>Survivorship<\/mark>|<mark>survivorship<\/mark>/);
    assert.match(await learner.page("/search?q=lead+scor"), /\/glossary\?programme=mops#page-lead-scoring/);
    assert.match(await learner.page("/search?q=xyzzyq"), /Nothing found/);
    for (const query of ['"', "*", "a AND (", "<script>", "%F0%9F%98%80", "x".repeat(400)]) await learner.page(`/search?q=${query.startsWith("%") ? query : encodeURIComponent(query)}`);
    const long = await learner.fetch(`/search?q=${"x".repeat(401)}`);
    assert.equal(long.status, 413);
    assert.match(await long.text(), /more text than the search takes/);
    const odd = await learner.page(`/search?q=${encodeURIComponent('"><script>alert(1)</script>')}`);
    assert.ok(!odd.includes("<script>alert"));
});

test("Thai and Arabic names of a term find its page, and a slip of the hand is forgiven and said", async () => {
    for (const [typed, place] of [["การให้คะแนนผู้สนใจ", "lead-scoring"], ["تقييم العملاء", "lead-scoring"], ["جودة البيانات", "data-quality"], ["ความยินยอม", "consent"], ["lead scroing", "lead-scoring"], ["survivroship", "survivorship-rule"], ["personnal data", "personal-data"]]) {
        const page = await learner.page(`/search?q=${encodeURIComponent(typed)}`);
        const [, first] = /<ol class="results"><li[^>]*><h2><a href="([^"]+)"/.exec(page) ?? assert.fail(`${typed} finds nothing`);
        const hrefs = [...page.matchAll(/<h2><a href="([^"]+)"/g)].map(([, href]) => href);
        assert.ok(hrefs.includes(`/glossary?programme=mops#page-${place}`), `${typed}: ${first}`);
        assert.equal(page.includes("spelt much like them"), /^[a-z ]+$/.test(typed), typed);
    }
    const glossary = await learner.page("/glossary");
    assert.match(glossary, /id="page-lead-scoring">[\s\S]{0,600}<span lang="ar" dir="rtl">تقييم العملاء المحتملين<\/span>/);
});

test("RULE own-courses: what is not the learner's comes last, and for those who teach nothing does", async () => {
    addPerson(data, "newcomer");
    const courses = async (who, typed) => [...(await who.page(`/search?q=${typed}`)).matchAll(/<h2><a href="\/modules\/([^"?#]+)/g)].map(([, id]) => (readdirSync(join(academy, "content/gradus/modules")).includes(`${id}.md`) ? "gradus" : "mops"));
    const newcomer = await server.signedIn("newcomer");
    const order = await courses(newcomer, "lab");
    assert.ok(order.includes("gradus") && order.includes("mops"), order.join());
    assert.ok(order.lastIndexOf("mops") < order.indexOf("gradus"), order.join());
    await newcomer.post("/modules/write-an-item/checkpoints/1", { "choice[]": "1" });
    const turned = await courses(newcomer, "lab");
    assert.ok(turned.lastIndexOf("gradus") < turned.indexOf("mops"), turned.join());
});

test("the start page of who has begun nothing says how a certificate is reached; then it does not", async () => {
    addPerson(data, "first");
    const first = await server.signedIn("first");
    const page = await first.page("/");
    const [, text] = /<h2 id="first">How you reach a certificate<\/h2><p>([^<]+)<\/p>/.exec(page);
    assert.equal(text.split(/[.:] [A-Z]/).length, 3, "three sentences");
    for (const path of ["/exams", "/labs", "/glossary"]) {
        assert.ok(page.includes(`<li><a href="${path}">`), path);
        assert.ok((await first.page(path)).includes(`<li><a href="${path}" aria-current="page">`), path);
    }
    await first.post("/modules/data-basics/checkpoints/1", { "choice[]": "1" });
    assert.ok(!(await first.page("/")).includes('id="first"'));
});

test("how long is left counts exam and lab", async () => {
    addPerson(data, "counter");
    const counter = await server.signedIn("counter");
    const minutes = (page) => [...page.slice(page.indexOf('<ol class="path">')).split("</ol>")[0].matchAll(/<li class="[^"]*">[\s\S]*?<\/li>/g)].map(([row]) => ({ kind: /href="\/(\w+)\//.exec(row)[1], minutes: Number(/(\d+) min/.exec(row)?.[1] ?? 0) }));
    const page = await counter.page("/"), rows = minutes(page);
    const exam = Number(/^minutes: (\d+)$/m.exec(readFileSync(join(academy, "exams/mops/associate.md"), "utf8"))[1]);
    assert.equal(rows.find((row) => row.kind === "exams").minutes, exam);
    assert.ok(rows.filter((row) => row.kind === "labs").every((row) => row.minutes > 0) && rows.some((row) => row.kind === "labs"));
    const sum = rows.reduce((total, row) => total + row.minutes, 0);
    const said = /about (\d+) hours left/.exec(page);
    assert.equal(Number(said[1]), Math.floor((sum + 30) / 60));
    assert.ok((await counter.page("/programmes/mops")).includes(`about ${said[1]} hours left`), "the programme says the same");
});

test("an expired form says what to do, a closed page whom to ask, and neither says the other", async () => {
    const person = await server.signedIn("second");
    const old = await (await person.fetch("/me/password", { method: "POST", headers: { "content-type": "application/x-www-form-urlencoded" }, body: "csrf=old" })).text();
    assert.match(old, /This form is no longer valid/);
    assert.match(old, /Go back with your browser/);
    assert.ok(!/for the role/.test(old));
    const closed = await (await person.fetch("/admin")).text();
    assert.match(closed, /Ask an administrator for the role/);
    assert.ok(!/Go back with your browser/.test(closed));
    const out = await (await server.client().fetch("/me/password", { method: "POST", headers: { "content-type": "application/x-www-form-urlencoded" }, body: "csrf=old" })).text();
    assert.match(out, /You are signed out/);
    assert.ok(!/for the role/.test(out));
});

test("the self-assessment asks, complains and shows a point", async () => {
    const page = await learner.page("/self-assessment");
    const names = [...new Set([...page.matchAll(/name="(s\d+)"/g)].map(([, name]) => name))];
    assert.equal(names.length, 16);
    const incomplete = await learner.post("/self-assessment", Object.fromEntries(names.slice(1).map((name) => [name, "5"])));
    assert.equal(incomplete.status, 400);
    const again = await incomplete.text();
    assert.match(again, /href="#field-s1"/);
    assert.match(again, /name="s2" value="5" checked/);
    const odd = await learner.post("/self-assessment", Object.fromEntries(names.map((name) => [name, "6"])));
    assert.equal(odd.status, 400);
    assert.equal((await learner.post("/self-assessment", Object.fromEntries(names.map((name) => [name, "5"])))).status, 303);
    assert.match(await learner.page("/self-assessment"), /You are in the middle/);
    await learner.post("/self-assessment", Object.fromEntries(names.map((name, i) => [name, String(1 + (i % 5))])));
    assert.match(await learner.page("/self-assessment"), /<circle class="plot"/);
});

test("the point of the self-assessment lies in the quadrant of its persona", async () => {
    const person = await server.signedIn("walker");
    const text = readFileSync(join(academy, "content/mops/self-assessment.md"), "utf8");
    const statements = [...text.matchAll(/axis: ([xy])\nweight: (-?1)/g)].map(([, axis, weight]) => ({ axis, weight: Number(weight) }));
    for (const [x, y, home, side] of [[-1, 1, "scientist", "rational"], [1, 1, "psychologist", "rational"], [-1, -1, "modernizer", "emotional"], [1, -1, "orchestrator", "emotional"]]) {
        await person.post("/self-assessment", Object.fromEntries(statements.map(({ axis, weight }, i) => [`s${i + 1}`, String(3 + (axis === "x" ? x : y) * weight)])));
        const page = await person.page("/self-assessment");
        const [, left, top, width, height] = new RegExp(`data-persona="${home}" class="on"><rect x="(\\d+)" y="(\\d+)" width="(\\d+)" height="(\\d+)"`).exec(page) ?? assert.fail(`${home} is not marked`);
        const [, cx, cy] = /<circle class="plot" cx="(\d+)" cy="(\d+)"/.exec(page);
        assert.ok(+cx > +left && +cx < +left + +width && +cy > +top && +cy < +top + +height, `${home}: ${cx}, ${cy}`);
        assert.ok(page.includes(`<td>${side}</td>`) || new RegExp(`<td>${side}`, "i").test(page), side);
    }
});

test("an answer that waited in the browser is dated when it was given; a time that cannot be is not believed", async () => {
    const late = await server.signedIn("walker");
    const path = "/modules/data-basics/checkpoints/1", month = 30 * 24 * 3600 * 1000;
    const dated = () => Number(execFileSync("sqlite3", [join(data, "gradus.db"), "SELECT at_ms FROM content_checkpoint_answer ORDER BY rowid DESC LIMIT 1"], { encoding: "utf8" }));
    for (const [waited, counts] of [["0", 0], ["90000", 90000], [String(month), month], [String(month + 1), 0], ["-1", 0], ["1e3", 0], ["", 0]]) {
        const before = Date.now();
        assert.equal((await late.post(path, { "choice[]": "1", waited })).status, 303);
        const at = dated() + counts;
        assert.ok(at >= before && at <= Date.now(), `${waited}: ${at - before}`);
    }
});

// RULE author-check.
test("while all files are checked for authors, others are answered", async (t) => {
    const busy = await startServer({ t, args: ["--threads", "2"] }); // over all that we write ourselves
    const author = await busy.signedIn("instructor");
    const order = [];
    const checks = Array.from({ length: 4 }, async () => {
        const answer = await author.fetch("/author?again=1");
        order.push(answer.status);
        return answer.text();
    });
    const health = (async () => {
        for (let i = 0; i < 3; i++) assert.equal((await fetch(`${busy.origin}/healthz`)).status, 200);
        order.push("health");
    })();
    const pages = await Promise.all(checks);
    await health;
    assert.notEqual(order.at(-1), "health", order.join(" ")); // some of the checks were still under way
    assert.deepEqual(order.filter((one) => one !== "health"), [200, 200, 200, 200]);
    assert.equal(new Set(pages.map((page) => /<h1>[^<]*<\/h1>/.exec(page)[0])).size, 1);
});
