// A small academy as the last version before migration 7 left it: what it taught, and how its folder is laid out again.
// tests/golden/upgrade/make.mjs makes it, requests/upgrade.test.mjs opens it with the program of today.
import { execFileSync } from "node:child_process";
import { mkdirSync, readFileSync, readdirSync, symlinkSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { gunzipSync } from "node:zlib";
import { root, scratch } from "./server.mjs";

const golden = join(root, "tests/golden/upgrade");
export const lab = "field-mapping-dedupe";

const module = (id) => `---
id: ${id}
title: Module ${id}
summary: It teaches.
programme: p
level: first
domain: d
persona: all
minutes: 8
objectives:
  - id: keys
    text: Do it
prerequisites: []
---
Text.

## Section

More text.
`;
const programme = `---
id: p
title: Programme
body: Test Academy
scheme_version: "1"
summary: A programme for tests.
domains:
  - {id: d, title: Domain}
levels:
  - id: first
    title: First
    summary: You know it.
    scope: The holder may claim to know it.
    valid_months: 12
    requires:
      modules: [one]
      exams: [small]
  - id: open
    title: Open
    summary: You know a part of it.
    scope: The holder may claim a part.
    requires:
      modules: [one]
---
A programme.
`;
const item = (n) => `## keys-${n}\n\n\`\`\`item\nobjective: keys\nlevel: apply\n\`\`\`\n\nStem ${n}?\n\n- [ ] First of ${n}\n  > Why not.\n- [x] Second of ${n}\n  > Why.\n- [ ] Third of ${n}\n  > Why not.\n\n`;
const exam = (id, kind, cut) => `---\nid: ${id}\ntitle: ${id} exam\nsummary: Three items.\nprogramme: p\nlevel: first\nkind: ${kind}\nbanks: [${id}]\nminutes: 60\ncut:\n  method: fixed-percentage\n  percent: ${cut}\nreview: domains\n---\nText.\n\n## Blueprint\n\n| domain | apply |\n|---|---|\n| d | 3 |\n`;

/** The folder that the academy is served from: its own content and exams, site and labs of the tree `from`. */
export function upgradeRoot(from = root) {
    const folder = scratch("root");
    const write = (file, text) => {
        mkdirSync(dirname(join(folder, file)), { recursive: true });
        writeFileSync(join(folder, file), text);
    };
    for (const part of ["site", "labs"]) symlinkSync(join(from, part), join(folder, part));
    write("content/vendors.txt", "");
    write("content/p/programme.md", programme);
    write("content/p/modules/one.md", module("one"));
    write("exams/p/bank/small.md", `---\nid: small\ntitle: Small\nprogramme: p\ndomain: d\n---\n${[1, 2, 3].map(item).join("")}`);
    write("exams/p/bank/practice.md", `---\nid: practice\ntitle: Practice\nprogramme: p\ndomain: d\n---\n${[4, 5, 6].map(item).join("")}`);
    write("exams/p/small.md", exam("small", "live", 60));
    write("exams/p/practice.md", exam("practice", "practice", 60));
    return folder;
}

/** The data folder as that version left it, and what was told while it was made. */
export function oldAcademy() {
    const data = scratch("old"), facts = JSON.parse(readFileSync(join(golden, "facts.json"), "utf8"));
    const rows = gunzipSync(readFileSync(join(golden, "academy.sql.gz")));
    const migrations = join(root, "engine/store/migrations");
    const tables = readdirSync(migrations).filter((name) => name < "0007").sort().map((name) => readFileSync(join(migrations, name), "utf8"));
    execFileSync("sqlite3", [join(data, "gradus.db")], { input: `BEGIN;\n${tables.join("\n")}\n${rows}\nCOMMIT;\nPRAGMA journal_mode = WAL;\n` });
    for (const [name, base64] of Object.entries(facts.files)) {
        mkdirSync(dirname(join(data, name)), { recursive: true, mode: 0o700 });
        writeFileSync(join(data, name), Buffer.from(base64, "base64"), { mode: 0o600 });
    }
    return { data, facts };
}
