// Items of an exam that counts reach nobody outside of an attempt of it; and practice never counts.
import assert from "node:assert/strict";
import { rmSync } from "node:fs";
import { join } from "node:path";
import { after, test } from "node:test";
import { examRoot, passSmall, startAttempt } from "../lib/exam.mjs";
import { addPerson, command, makeAcademy, startServer } from "../lib/server.mjs";
import { until } from "../lib/until.mjs";

const root = examRoot({ kind: "practice", review: "full", items: 1 });
const { write, read } = examRoot.files;
const practice = read("exams/p/small.md");
const live = practice.replace("id: small", "id: final").replace("title: Small exam", "title: Final").replace("kind: practice", "kind: live").replace("review: full", "review: domains");
// The level names the practice exam: the check says so, and nobody meets it.
write("content/p/programme.md", read("content/p/programme.md").replace(/levels:\n.*\n/, "levels:\n  - id: associate\n    title: Associate\n    summary: S.\n    scope: S.\n    valid_months: 12\n    requires:\n      exams: [small]\n"));
const data = makeAcademy();
for (const login of ["ida", "jon"]) addPerson(data, login, { name: `Learner ${login}` });
const server = await startServer({ data, args: ["--root", root] });
after(() => server.stop());
const ida = await server.signedIn("ida"), jon = await server.signedIn("jon");
const lint = () => command(["check", "--root", root]);
let done;
// RULE practice-never-counts.
test("a practice exam that is passed meets no level", async () => {
    done = await startAttempt(ida, "small");
    await passSmall(ida, done);
    await until("the result", async () => /KEY-SECRET/.test(await ida.page(`/attempts/${done}/result`)));
    assert.match(await ida.page(`/attempts/${done}/result`), /You have passed/);
    const page = await ida.page("/programmes/p/levels/associate");
    assert.match(page, /0 of 1 met/);
    assert.doesNotMatch(page, /Apply for certification/);
    const answer = await ida.post("/programmes/p/levels/associate", {});
    assert.equal(answer.status, 409);
    assert.match(lint().out, /content\/p\/programme\.md:\d+:\d+: error: the exam “small” is for practice: what is required is an exam of kind live \[level-exam\]/);
});

// RULE live-bank.
test("a bank that a live exam uses closes the practice exam, and what was shown is shown no more", async () => {
    const running = await startAttempt(jon, "small");
    assert.match(await jon.page(`/attempts/${running}/q/1`), /Stem 1/);
    write("exams/p/final.md", live);
    await until("the practice exam is closed", async () => (await jon.fetch("/exams/small")).status === 404);
    assert.equal((await jon.fetch("/exams/final")).status, 200);
    assert.match(lint().out, /exams\/p\/small\.md:1:1: error: this exam shows the keys of the bank small, which the live exam final uses \[review-policy\]/);
    const result = await ida.page(`/attempts/${done}/result`);
    assert.doesNotMatch(result, /Stem 1|KEY-SECRET|Second of 1/);
    assert.match(result, /asked in an exam that counts/);
    const question = await jon.fetch(`/attempts/${running}/q/1`), text = await question.text();
    assert.equal(question.status, 409);
    assert.doesNotMatch(text, /Stem 1|Second of 1/);
    assert.equal((await ida.post("/exams/small/start", {}, { from: "/me" })).status, 404);
});

test("a practice exam without keys may not draw on it either", async () => {
    write("exams/p/small.md", practice.replace("review: full", "review: domains"));
    assert.match(lint().out, /exams\/p\/small\.md:1:1: error: this practice exam draws on the bank small, which the live exam final uses: give it a bank of its own \[live-bank\]/);
    await until("it was read", async () => (await jon.fetch("/exams/final")).status === 200);
    assert.equal((await jon.fetch("/exams/small")).status, 404);
});

test("nobody finds the live item anywhere else", async () => {
    const people = { ida, jon };
    for (const role of ["instructor", "assessor", "admin"]) people[role] = await server.signedIn(role);
    for (const [name, client] of Object.entries(people))
        for (const path of ["/exams", "/exams/final", "/search?q=Stem", "/search?q=SECRET", "/author", "/programmes/p", "/programmes/p/levels/associate", "/admin", "/assess", "/"]) {
            const answer = await client.fetch(path);
            if (answer.status === 200) assert.doesNotMatch(await answer.text(), /Stem 1|KEY-SECRET|Second of 1/, `${name} ${path}`);
        }
    const attempt = await startAttempt(ida, "final");
    assert.match(await ida.page(`/attempts/${attempt}/q/1`), /Stem 1/); // inside of the attempt
    assert.equal((await jon.fetch(`/attempts/${attempt}/q/1`)).status, 404); // it is hers
    await passSmall(ida, attempt);
    await until("the result", async () => (await ida.fetch(`/attempts/${attempt}/result`)).status === 200);
    for (const path of [`/attempts/${attempt}/q/1`, `/attempts/${attempt}/result`, `/attempts/${attempt}/review`, `/attempts/${attempt}/state`])
        assert.doesNotMatch(await (await ida.fetch(path)).text(), /Stem 1|KEY-SECRET|Second of 1/, path);
});

// RULE live-copy.
test("a practice exam with a copy of a live item, under another id or the same, is not open", async () => {
    const bank = read("exams/p/bank/small.md");
    const stem = "Which of these three is the key of this sample that stands first?";
    write("exams/p/bank/small.md", bank.replace("Stem 1?", stem));
    const open = async () => (await jon.fetch("/exams/copied")).status;
    const copy = (change) => {
        write("exams/p/bank/copied.md", change(read("exams/p/bank/small.md").replace("id: small", "id: copied")));
        write("exams/p/copied.md", practice.replaceAll("small", "copied").replace(/^id: .*$/m, "id: copied"));
    };
    const otherIds = (text) => text.replaceAll("keys-", "other-");
    copy((text) => otherIds(text).replace(stem, "A question of its own that no other exam asks of anybody?"));
    await until("a practice exam of its own is open", async () => (await open()) === 200);
    copy((text) => otherIds(text).replace("of these three", "of\nthese three"));
    await until("the copy is closed", async () => (await open()) === 404);
    assert.match(lint().out, /exams\/p\/bank\/copied\.md:\d+:1: error: this is keys-1 of the bank small \(exams\/p\/bank\/small\.md:\d+\), which the live exam final asks: a practice exam must not show it \[live-copy\]/);
    copy((text) => otherIds(text).replace(stem, "A question of its own that no other exam asks of anybody?"));
    await until("it is open again", async () => (await open()) === 200);
    copy((text) => text);
    await until("the same ids are closed", async () => (await open()) === 404);
    rmSync(join(root, "exams/p/bank/copied.md"));
    rmSync(join(root, "exams/p/copied.md"));
    write("exams/p/bank/small.md", bank);
});

// RULE live-item.
test("a module that holds a live item's question is reported", () => {
    const bank = read("exams/p/bank/small.md"), stem = "What does the second of the three keys of this sample do?";
    write("exams/p/bank/small.md", bank.replace("Stem 1?", stem));
    const module = (text) => write("content/p/modules/m.md", `---\nid: m\ntitle: M\nsummary: S.\nprogramme: p\nlevel: associate\ndomain: data\npersona: all\nminutes: 1\nobjectives:\n  - id: keys\n    text: Keys\nprerequisites: []\n---\nText.\n\n## Section\n\n${text}\n`);
    module("Something else.");
    assert.doesNotMatch(lint().out, /live-item/);
    module(stem.replace("of the", "of\nthe")); // as an editor wraps it
    assert.match(lint().out, /content\/p\/modules\/m\.md:1:1: error: this module holds the question of keys-1, an item of an exam that counts \(exams\/p\/bank\/small\.md:\d+\) \[live-item\]/);
});
