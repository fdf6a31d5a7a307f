// run: timeout 300
// An assessor who reads English, and a case whose exam is Arabic: titles have their language and direction, and no line
// of the page is turned around by them.
import assert from "node:assert/strict";
import { after, test } from "node:test";
import { closeBrowser, closePage, inspect, login, openPage, screenshot, widths } from "../lib/browser.mjs";
import { examRoot, startAttempt } from "../lib/exam.mjs";
import { caseOf } from "../lib/level.mjs";
import { addPerson, makeAcademy, startServer } from "../lib/server.mjs";

const root = examRoot({ kind: "live", review: "domains", items: 1 }), { write, read } = examRoot.files;
const name = "نور حداد الأمين", exam = "امتحان المفاتيح (CRM 2)", domain = "البيانات والتكامل";
write("content/p/programme.md", `---\nid: p\ntitle: برنامج البيانات\nlang: ar\nbody: الأكاديمية\nscheme_version: "1"\nsummary: ملخص.\ndomains:\n  - {id: data, title: ${domain}}\nlevels:\n  - id: associate\n    title: مساعد\n    summary: ملخص.\n    scope: نطاق.\n    valid_months: 12\n    requires:\n      exams: [small]\n---\nنص.\n`);
write("exams/p/bank/small.md", "---\nid: small\ntitle: البنك\nprogramme: p\ndomain: data\nlang: ar\n---\n## keys-1\n\n```item\nobjective: keys\nlevel: apply\n```\n\nما المفتاح الذي يربط سجلين؟\n\n- [ ] الاسم\n  > لا.\n- [x] المعرّف\n  > نعم.\n- [ ] اللون\n  > لا.\n");
write("exams/p/small.md", read("exams/p/small.md").replace("title: Small exam", `title: ${exam}`).replace("summary: One item.", "summary: سؤال واحد.\nlang: ar"));
const data = makeAcademy();
addPerson(data, "nour", { name });
const server = await startServer({ data, args: ["--root", root] });
after(async () => {
    await closeBrowser();
    await server.stop();
});

test("the case and the attempt of an Arabic exam", async () => {
    const learner = await server.signedIn("nour"), attempt = await startAttempt(learner, "small");
    const options = [...(await learner.page(`/attempts/${attempt}/q/1`)).matchAll(/name="response\[\]" value="(\d)"[^]*?(الاسم|المعرّف|اللون)/g)];
    const saved = await learner.send("PUT", `/attempts/${attempt}/responses/1`, { seq: 1, response: Number(options.find(([, , word]) => word === "المعرّف")[1]) });
    assert.equal(saved.status, 200);
    await learner.post(`/attempts/${attempt}/submit`, {}, { from: `/attempts/${attempt}/review` });
    assert.equal((await learner.post("/programmes/p/levels/associate", {})).status, 303);
    const assessor = await server.signedIn("assessor"), path = await caseOf(assessor, name), html = await assessor.page(path);
    const marked = (text) => `<bdi lang="ar" dir="rtl">${text}</bdi>`;
    assert.equal(html.split(marked(exam)).length - 1, 2, "as what is required, and as what was passed");
    assert.ok(html.includes(`<th scope="row">${marked(domain)}</th>`));
    assert.ok(html.includes("<bdi>برنامج البيانات: مساعد</bdi>"));
    const answers = /href="(\/assess\/cases\/\w+\/attempts\/\w+)"/.exec(html)[1];
    assert.ok((await assessor.page(answers)).includes(`<h1>${marked(exam)}</h1>`));
    for (const [label, width] of [["desk", widths.desk], ["phone", widths.phone]]) {
        const page = await openPage(server, { width });
        await login(page, "assessor");
        for (const [what, address] of [["case", path], ["attempt", answers]]) {
            await page.goto(address);
            await screenshot(page, `arabic-${what}-${label}`);
        }
        assert.deepEqual(page.problems, []);
        await closePage(page);
    }
    for (const address of [path, answers]) assert.deepEqual(await inspect(server, address, { as: "assessor" }), []);
});
