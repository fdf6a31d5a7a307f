// A learner's start page: what it says after a failed exam, which step it offers, and what waits.
import assert from "node:assert/strict";
import { after, test } from "node:test";
import { examRoot, startAttempt } from "../lib/exam.mjs";
import { addPerson, makeAcademy, startServer } from "../lib/server.mjs";
import { startLevel, applyAs } from "../lib/level.mjs";

const folder = examRoot({ kind: "live", review: "domains" });
const { write, read } = examRoot.files;
write("content/p/programme.md", read("content/p/programme.md").replace("valid_months: 12}", "valid_months: 12, requires: {exams: [small]}}"));
write("exams/p/small.md", read("exams/p/small.md").replace("review: domains", "retake:\n  wait_days: 7\nreview: domains"));
write("content/q/programme.md", read("content/p/programme.md").replace("id: p", "id: q").replace("{exams: [small]}", "{modules: [first, second]}"));
for (const id of ["first", "second"])
    write(`content/q/modules/${id}.md`, `---\nid: ${id}\ntitle: Module ${id}\nsummary: S.\nprogramme: q\nlevel: associate\ndomain: data\npersona: all\nminutes: 8\nobjectives:\n  - {id: ${id}-o, text: Do it}\nprerequisites: []\n---\nText.\n\n## One\n\nMore.\n\n## Two\n\nMore.\n\n## Three\n\nMore.\n`);
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
