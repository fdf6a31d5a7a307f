// A domain's own floor, over HTTP: the lobby tells it beforehand, the result says what was missed.
import assert from "node:assert/strict";
import { cpSync, rmSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { makeAcademy, root as tree, startServer } from "../lib/server.mjs";
import { examRoot, startAttempt } from "../lib/exam.mjs";

const root = examRoot();
const { write } = examRoot.files;
rmSync(join(root, "content/mops")); // a link, which the content room does not follow; here its modules are asked for
cpSync(join(tree, "content/mops"), join(root, "content/mops"), { recursive: true });
const item = (id, domain, objective) => `## ${id}\n\n\`\`\`item\nobjective: ${objective}\nlevel: apply\ndomain: ${domain}\n\`\`\`\n\nStem of ${domain}?\n\n- [ ] Wrong one\n  > Why not.\n- [x] Right one\n  > Why.\n- [ ] Wrong two\n  > Why not.\n\n`;
const items = [...[91, 92].map((n) => item(`privacy-basis-${n}`, "privacy", "privacy-basis")), ...[91, 92, 93, 94, 95, 96].map((n) => item(`data-model-${n}`, "data", "data-model"))];
write("exams/q/bank/floor.md", `---\nid: floor\ntitle: Floor\nprogramme: mops\n---\n${items.join("")}`);
write("exams/q/floor.md", "---\nid: floor\ntitle: Exam with a floor\nsummary: Eight items.\nprogramme: mops\nlevel: associate\nkind: practice\nbanks: [floor]\nminutes: 5\ncut:\n  method: fixed-percentage\n  percent: 75\n  floors: {privacy: 50}\n---\nText.\n\n## Blueprint\n\n| domain | apply |\n|---|---|\n| privacy | 2 |\n| data | 6 |\n");

const data = makeAcademy();
const server = await startServer({ data, args: ["--root", root] });
test.after(() => server.kill9());
const learner = await server.signedIn("learner");
const token = await learner.csrf("/me");

/** Sits the exam with so many right in each domain; the text of the result's page. */
async function sit(right) {
    const left = { ...right }, attempt = await startAttempt(learner, "floor");
    for (let slot = 1; slot <= 8; slot++) {
        const page = await learner.page(`/attempts/${attempt}/q/${slot}`);
        const domain = /Stem of (\w+)\?/.exec(page)[1], wanted = left[domain]-- > 0 ? "Right one" : "Wrong one";
        const choice = Number(new RegExp(`value="(\\d)"[^>]*><span class="option-key" aria-hidden="true">.</span><span class="option-text">${wanted}`).exec(page)[1]);
        const answer = await learner.fetch(`/attempts/${attempt}/responses/${slot}`, { method: "PUT", body: JSON.stringify({ seq: 1, response: choice }), headers: { "content-type": "application/json", "x-csrf-token": token } });
        assert.equal(answer.status, 200, await answer.text());
    }
    await learner.post(`/attempts/${attempt}/submit`);
    return learner.page(`/attempts/${attempt}/result`);
}

test("the lobby tells the floor beforehand", async () => {
    assert.match(await learner.page("/exams/floor"), /75%: 6 of 8 points<br>and in Privacy and consent at least 1 of 2/);
    assert.match(await learner.page("/exams/mops-associate"), /and in Privacy and consent at least 3 of 5/);
});

test("below the sum and below the floor: the floor is told, and nothing says that the sum is enough", async () => {
    const both = await sit({ privacy: 0, data: 5 });
    assert.match(both, /You have not passed this time/);
    assert.match(both, /You have 5 of 8 points in all, and the least that passes is 6\./);
    assert.match(both, /\d% of the points are needed to pass/);
    assert.doesNotMatch(both, /\d %|cut score/, "a share is written one way, in plain words");
    assert.match(both, /you have 0 of 2 points/);
    assert.ok(!both.includes("You have enough points in all"));
    const sum = await sit({ privacy: 2, data: 3 });
    assert.match(sum, /You have not passed this time/);
    assert.match(sum, /You have 5 of 8 points in all, and the least that passes is 6\./);
    assert.ok(!sum.includes("data-exam-floor"));
});

test("RULE weak-domain: a domain below the cut leads to its modules, one at the cut does not", async () => {
    const modules = (page, domain) => [...(new RegExp(`<dt>${domain}</dt><dd>([\\s\\S]*?)</dd>`).exec(page)?.[1] ?? "").matchAll(/href="\/modules\/([^"]+)"/g)].map(([, id]) => id);
    const weak = await sit({ privacy: 0, data: 5 }); // 5 of 6: the least that is 75 %
    assert.deepEqual(modules(weak, "Privacy and consent"), ["privacy-basics"]);
    assert.ok(!weak.includes("<dt>Data and integration</dt>"), "at the cut");
    const both = await sit({ privacy: 1, data: 4 });
    assert.ok(modules(both, "Data and integration").includes("data-basics"), "4 of 6 is below");
    assert.match(both, /<p class="print-only">Result of <bdi>learner of the tests<\/bdi>/);
});

test("a failed result says from when the exam can be sat again, as the lobby does", async () => {
    const attempt = await startAttempt(learner, "mops-associate");
    await learner.post(`/attempts/${attempt}/submit`);
    const page = await learner.page(`/attempts/${attempt}/result`), lobby = await learner.page("/exams/mops-associate");
    const [, when] = /<p data-exam-again><strong>You can sit this exam again from ([^<]+) on\.<\/strong>/.exec(page);
    assert.ok(lobby.includes(`You can start it from ${when} on.`), when);
    assert.ok(/<dt>[^<]+<\/dt><dd><ul><li><a href="\/modules\//.test(page), "with the modules of its weak domains");
});

test("RULE exam-floor: six of eight and none in privacy has not passed, and says why; one in privacy has", async () => {
    const below = await sit({ privacy: 0, data: 6 });
    assert.match(below, /You have not passed this time/);
    assert.match(below, /You have enough points in all/);
    assert.match(below, /Privacy and consent: you have 0 of 2 points, and the least that passes in this domain is 1\./);
    const on = await sit({ privacy: 1, data: 5 });
    assert.match(on, /You have passed/);
    assert.ok(!on.includes("data-exam-floor"));
    assert.ok(!on.includes("exam-weak"), "who passed has nothing to read again");
});
