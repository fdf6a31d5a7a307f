// A learner's start page: what it says after a failed exam, which step it offers, and what waits.
import assert from "node:assert/strict";
import { after, test } from "node:test";
import { examRoot, passSmall, startAttempt } from "../lib/exam.mjs";
import { startLevel, applyAs } from "../lib/level.mjs";
import { addPerson, makeAcademy, startServer } from "../lib/server.mjs";
import { until } from "../lib/until.mjs";

const folder = examRoot({ kind: "live", review: "domains" });
const { write, read } = examRoot.files;
write("content/p/programme.md", read("content/p/programme.md").replace("valid_months: 12}", "valid_months: 12, requires: {exams: [small]}}"));
write("exams/p/small.md", read("exams/p/small.md").replace("review: domains", "retake:\n  wait_days: 7\nreview: domains"));
write("content/q/programme.md", read("content/p/programme.md").replace("id: p", "id: q").replace("{exams: [small]}", "{modules: [first, second]}"));
for (const id of ["first", "second"])
    write(`content/q/modules/${id}.md`, `---\nid: ${id}\ntitle: Module ${id}\nsummary: S.\nprogramme: q\nlevel: associate\ndomain: ${id === "first" ? "nowhere" : "data"}\npersona: all\nminutes: 8\nobjectives:\n  - {id: ${id}-o, text: Do it}\nprerequisites: []\n---\nText.\n\n## One\n\nMore.\n\n## Two\n\nMore.\n\n## Three\n\nMore.\n`);
const data = makeAcademy();
addPerson(data, "newcomer");
const server = await startServer({ data, args: ["--root", folder] });
after(() => server.stop());

const card = (page) => /<section class="card feature" aria-labelledby="next">[\s\S]*?<\/section>/.exec(page)?.[0] ?? "";
const programmes = (page) => [...page.matchAll(/aria-labelledby="programme-(\w+)-\w+"/g)].map(([, id]) => id);
const current = (page, id) => /<li class="current"><span><a href="([^"]+)"/.exec(page.slice(page.indexOf(`id="programme-${id}-`)))?.[1];
const pause = () => new Promise((done) => setTimeout(done, 20));

test("the start page follows the person: the programme at work, a failed exam, the same step twice", async () => {
    const one = await server.signedIn("newcomer");
    const sections = [...(await one.page("/modules/second")).matchAll(/data-section="([^"]+)"/g)].map(([, id]) => id);
    await one.post("/modules/second/progress", { section: sections[0], done: "1" });
    let page = await one.page("/");
    assert.match(card(page), /Continue where you left off[\s\S]*\/modules\/second#/);
    assert.equal(current(page, "q"), "/modules/second", "the highlighted step is the one that the card offers");

    await pause();
    const attempt = await startAttempt(one, "small");
    page = await one.page("/");
    assert.match(card(page), new RegExp(`/attempts/${attempt}`));
    assert.equal(current(page, "p"), "/exams/small");
    await one.post(`/attempts/${attempt}/submit`);
    page = await one.page("/");
    assert.deepEqual(programmes(page), ["p", "q"], "where the person is at work comes first");
    assert.match(page, /not passed, may be repeated from \w[^<]*20\d\d/);
    assert.match(card(page), /\/exams\/small[\s\S]*See the exam/);
    assert.match(await one.page("/programmes/p"), /Not passed/);

    await pause();
    await one.post("/modules/second/progress", { section: sections[1], done: "1" });
    page = await one.page("/");
    assert.deepEqual(programmes(page), ["q", "p"]);
    assert.match(card(page), /\/modules\/second/);
});

test("a domain that the programme does not have is not shown to learners as its id", async () => {
    const page = await (await server.signedIn("newcomer")).page("/modules/first");
    assert.match(page, /<h1[^>]*>Module first/);
    assert.doesNotMatch(page, /nowhere/);
});

test("a module that is begun says what is missing (RULE module-left)", async () => {
    const one = await server.signedIn("learner"), told = async (path) => /Begun: [^<]*/.exec(await one.page(path))?.[0];
    const sections = [...(await one.page("/modules/second")).matchAll(/data-section="([^"]+)"/g)].map(([, id]) => id);
    assert.ok(sections.length >= 3);
    for (const [i, section] of sections.slice(0, -1).entries()) {
        const left = sections.length - 1 - i;
        await one.post("/modules/second/progress", { section, done: "1" });
        for (const path of ["/", "/programmes/q"]) assert.equal(await told(path), `Begun: ${left} section${left > 1 ? "s" : ""} to read`, path);
    }
    await one.post("/modules/second/progress", { section: sections.at(-1), done: "1" });
    assert.equal(await told("/programmes/q"), undefined);
    assert.match(await one.page("/programmes/q"), /A module is complete when you have read all of it and answered each practice question/);
});

test("an application that waits has its card in its programme, whatever else is begun", async () => {
    const academy = await startLevel();
    try {
        const one = await applyAs(academy, "ada"), page = await one.page("/");
        const part = (level) => /[\s\S]*?<\/section>/.exec(page.slice(page.indexOf(`id="programme-p-${level}"`)))[0];
        assert.match(part("first"), /data-waits[\s\S]*Your application waits for a decision/);
        assert.doesNotMatch(part("first"), /data-apply/);
        assert.match(part("quick"), /data-apply[\s\S]*levels\/quick#apply/, "every level says for itself whether one can apply");
        assert.doesNotMatch(part("quick"), /data-waits/);
    } finally {
        await academy.stop();
    }
});

test("RULE next-step: from the modules to the exam and the application, the page of a programme and the start page offer the same", async () => {
    const live = examRoot({ kind: "live", review: "domains" }), { write: put, read: got } = examRoot.files;
    put("content/p/programme.md", got("content/p/programme.md").replace("valid_months: 12}", "valid_months: 12, requires: {modules: [only], exams: [small]}}"));
    put("content/p/modules/only.md", "---\nid: only\ntitle: The only module\nsummary: S.\nprogramme: p\nlevel: associate\ndomain: data\npersona: all\nminutes: 8\nobjectives:\n  - {id: only-o, text: Do it}\nprerequisites: []\n---\nText.\n\n## One\n\nMore.\n");
    const one = makeAcademy();
    addPerson(one, "walker");
    const academy = await startServer({ data: one, args: ["--root", live] });
    try {
        const walker = await academy.signedIn("walker");
        const same = async () => {
            const [start, programme] = [card(await walker.page("/")), card(await walker.page("/programmes/p"))];
            assert.ok(start);
            assert.equal(programme, start);
            return /class="button large" href="([^"]+)"/.exec(start)[1];
        };
        assert.equal(await same(), "/modules/only");
        for (const [, section] of (await walker.page("/modules/only")).matchAll(/data-section="([^"]+)"/g)) await walker.post("/modules/only/progress", { section, done: "1" });
        assert.equal(await same(), "/exams/small");
        const attempt = await startAttempt(walker, "small");
        assert.equal(await same(), `/attempts/${attempt}`);
        await passSmall(walker, attempt);
        await until("the result", async () => /You have passed/.test(await walker.page(`/attempts/${attempt}/result`)));
        assert.equal(await same(), "/programmes/p/levels/associate#apply");
        assert.equal((await walker.post("/programmes/p/levels/associate", {})).status, 303);
        assert.equal(card(await walker.page("/")), "");
        assert.equal(card(await walker.page("/programmes/p")), "");
        assert.doesNotMatch(await academy.client().page("/programmes/p"), /class="card feature"/);
    } finally {
        await academy.stop();
    }
});
