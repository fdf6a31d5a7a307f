// The rules of the house: each has a name in the code (`RULE exam-cut: sentence`), and tests name the rule that they hold.
// docs/rules.md is the list: `node tests/lint/rules.mjs --write` writes it anew, the lint compares.
import { readFileSync, writeFileSync } from "node:fs";
import { tracked } from "./files.mjs";

const table = "docs/rules.md";
const name = /\bRULE ([a-z][a-z0-9-]*[a-z0-9])/g;

/** The comments of a C or JavaScript file, each as one line of text with its first line's number. */
function* comments(text) {
    const pattern = /\/\*[\s\S]*?\*\/|(?:^[ \t]*\/\/[^\n]*\n?)+|\/\/[^\n]*|"(?:[^"\\\n]|\\.)*"|'(?:[^'\\\n]|\\.)*'|`(?:[^`\\]|\\.)*`/gm;
    for (const hit of text.matchAll(pattern)) {
        if (!hit[0].trimStart().startsWith("/")) continue;
        yield hit[0].replace(/^\s*\/[*/]|\*\/$|^[ \t]*(\*|\/\/)/gm, " ").replace(/\s+/g, " ").trim();
    }
}

/** rule → {said: its sentence or undefined, files: Set} from the engine; rule → Set of files from the tests. */
export function rulesOf(engine, tests, read = (file) => readFileSync(file, "utf8")) {
    const code = new Map();
    for (const file of engine)
        for (const comment of comments(read(file)))
            for (const hit of comment.matchAll(name)) {
                const rule = code.get(hit[1]) ?? { files: new Set(), sentences: [] };
                code.set(hit[1], rule);
                rule.files.add(file);
                const sentence = /^: (.*?\.)(?= [A-Z`]|$)/.exec(comment.slice(hit.index + hit[0].length)) ?? /^: ([^.]*)/.exec(comment.slice(hit.index + hit[0].length));
                if (sentence) rule.sentences.push({ file, text: sentence[1].replace(/ RULE .*/, "") });
            }
    const held = new Map();
    for (const file of tests)
        for (const hit of read(file).matchAll(name)) held.set(hit[1], (held.get(hit[1]) ?? new Set()).add(file));
    return { code, held };
}

/** What breaks the order: "file: sentence". */
export function brokenRules({ code, held }) {
    const problems = [];
    for (const [rule, { files, sentences }] of code) {
        const [first] = files;
        if (!held.has(rule)) problems.push(`${first}: no test names RULE ${rule}`);
        if (sentences.length === 0) problems.push(`${first}: nothing says what RULE ${rule} is ("RULE ${rule}: a sentence")`);
    }
    for (const [rule, files] of held) if (!code.has(rule)) problems.push(`${[...files][0]}: names RULE ${rule}, which is none`);
    return problems;
}

/** What a header says of a rule goes before what others say of it. */
const said = (sentences) => (sentences.find(({ file }) => file.endsWith(".h")) ?? sentences[0])?.text;

export function rulesPage({ code, held }) {
    const rows = [...code].sort(([a], [b]) => (a < b ? -1 : 1)).map(([rule, { files, sentences }]) => {
        const list = (set) => [...(set ?? [])].map((file) => `\`${file.replace(/^(engine|tests)\//, "")}\``).join(", ");
        return `| \`${rule}\` | ${said(sentences)?.replaceAll("|", "\\|") ?? ""} | ${list(files)} | ${list(held.get(rule))} |`;
    });
    return `# Rules that have a name

Each rule stands in the code as \`RULE name: what it says\`, and a test that names it dies when the rule is bent by one.
This page is written by \`node tests/lint/rules.mjs --write\`; the lint fails when it is not of today, when a rule has no
test, and when a test names a rule that is none. \`make mutate\` bends the rules, one at a time, and lists what no test
notices; \`tests/mutate/equivalent.txt\` holds the faults that change nothing, each with its reason.

| Rule | What it says | Code below engine/ | Tests below tests/ |
|---|---|---|---|
${rows.join("\n")}
`;
}

const found = () => rulesOf(tracked(/^engine\/.*\.[ch]$/), tracked(/^tests\/(?!lint\/(rules|faults)).*\.(c|h|mjs)$/));

export function ruleProblems() {
    const rules = found();
    const problems = brokenRules(rules);
    if (problems.length === 0 && readFileSync(table, "utf8") !== rulesPage(rules)) problems.push(`${table}: not of today (node tests/lint/rules.mjs --write)`);
    return problems;
}

if (process.argv[1]?.endsWith("lint/rules.mjs") && process.argv.includes("--write")) {
    const rules = found();
    writeFileSync(table, rulesPage(rules));
    for (const problem of brokenRules(rules)) console.log(problem);
}
