// What the tests of exams share: a root with a small exam beside the real ones, starting, and what must stay secret.
import assert from "node:assert/strict";
import { mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { root, scratch } from "./server.mjs";

const item = (n) => `## keys-${n}\n\n\`\`\`item\nobjective: keys\nlevel: apply\n\`\`\`\n\nStem ${n}?\n\n- [ ] First of ${n}\n  > Why not.\n- [x] Second of ${n}\n  > KEY-SECRET ${n}\n- [ ] Third of ${n}\n  > Why not.\n\n`;

/** A folder with the real site, content and exams, and a practice exam "small": one item, one minute, full review. */
export function examRoot({ minutes = 1, kind = "practice", review = "full", items = 1 } = {}) {
    const folder = scratch("root");
    const write = (file, text) => {
        mkdirSync(dirname(join(folder, file)), { recursive: true });
        writeFileSync(join(folder, file), text);
    };
    for (const part of ["site", "labs"]) symlinkSync(join(root, part), join(folder, part));
    for (const part of ["content", "exams"]) {
        mkdirSync(join(folder, part));
        for (const name of readdirSync(join(root, part))) symlinkSync(join(root, part, name), join(folder, part, name));
    }
    write("content/p/programme.md", "---\nid: p\ntitle: Small programme\nbody: B\nscheme_version: \"1\"\nsummary: S.\ndomains:\n  - {id: data, title: Data}\nlevels:\n  - {id: associate, title: Associate, summary: S., scope: S., valid_months: 12}\n---\nText.\n");
    write("exams/p/bank/small.md", `---\nid: small\ntitle: Small\nprogramme: p\ndomain: data\n---\n${Array.from({ length: items }, (_, i) => item(i + 1)).join("")}`);
    write("exams/p/small.md", `---\nid: small\ntitle: Small exam\nsummary: One item.\nprogramme: p\nlevel: associate\nkind: ${kind}\nbanks: [small]\nminutes: ${minutes}\ncut:\n  method: fixed-percentage\n  percent: 70\nreview: ${review}\n---\nText.\n\n## Blueprint\n\n| domain | apply |\n|---|---|\n| data | ${items} |\n`);
    examRoot.files = { root: folder, write, read: (file) => readFileSync(join(folder, file), "utf8") };
    return folder;
}

/** Beside the small exam: a practice exam "kinds" of one order, one order by neighbours, one number and one choice. */
export function kindsExam({ cut = 70, kind = "practice" } = {}) {
    const { write } = examRoot.files;
    const block = (fields) => `\n\n\`\`\`item\nobjective: keys\nlevel: apply\n${fields}\`\`\`\n\n`;
    write("exams/p/bank/kinds.md", `---\nid: kinds\ntitle: Kinds\nprogramme: p\ndomain: data\n---\n## keys-order${block("type: ordering\n")}Put the steps of a merge in order.\n\n1. Find the pairs\n   > KEY-SECRET pairs\n2. Choose the survivor\n3. Fill its gaps\n4. Write the log\n\n> KEY-SECRET as a merge goes.\n\n` +
        `## keys-run${block("type: ordering\nscoring: neighbours\n")}Put the four seasons in order, from spring.\n\n1. Spring\n2. Summer\n3. Autumn\n4. Winter\n\n> KEY-SECRET seasons.\n\n` +
        `## keys-number${block("type: numeric\n")}How long is the way?\n\n- [x] 12.5 ± 0.5 km\n  > KEY-SECRET number\n- [ ] 125 km\n  > KEY-SECRET ten times.\n\n${item(9)}`);
    write("exams/p/kinds.md", `---\nid: kinds\ntitle: Kinds of items\nsummary: Four items.\nprogramme: p\nlevel: associate\nkind: ${kind}\nbanks: [kinds]\nminutes: 60\ncut:\n  method: fixed-percentage\n  percent: ${cut}\nreview: full\n---\nText.\n\n## Blueprint\n\n| domain | apply |\n|---|---|\n| data | 4 |\n`);
}

/** Starts an exam as a person would; the attempt's id. */
export async function startAttempt(client, exam) {
    const answer = await client.post(`/exams/${exam}/start`, {}, { from: `/exams/${exam}` });
    assert.equal(answer.status, 303, await answer.text());
    return /^\/attempts\/(\w+)/.exec(answer.headers.get("location"))[1];
}

/** Answers the one question of the small exam right and submits. */
export async function passSmall(client, attempt) {
    const page = await client.page(`/attempts/${attempt}/q/1`);
    const options = [...page.matchAll(/name="response\[\]" value="(\d)"[^]*?(First|Second|Third) of 1/g)];
    const right = options.find(([, , word]) => word === "Second")[1];
    const saved = await client.fetch(`/attempts/${attempt}/responses/1`, {
        method: "PUT", headers: { "content-type": "application/json", "x-csrf-token": await client.csrf("/me") }, body: JSON.stringify({ seq: 1, response: Number(right) }),
    });
    assert.equal(saved.status, 200, await saved.text());
    const answer = await client.post(`/attempts/${attempt}/submit`, {}, { from: `/attempts/${attempt}/review` });
    assert.ok(answer.status < 400, `${answer.status}`);
}

/** Beginnings of all rationales of a folder of banks, as plain text that a page would hold. */
export function keysOf(folder) {
    const found = [];
    for (const name of readdirSync(join(root, folder)))
        for (const [, text] of readFileSync(join(root, folder, name), "utf8").matchAll(/^ {2}> ([^\n*`[&<>"']{24,60})/gm)) found.push(text);
    return found;
}
