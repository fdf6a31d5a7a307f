// What the strict content security policy forbids, found in the templates before a browser finds it.
import { lines, tracked } from "./files.mjs";

const rules = [
    [/<style\b/i, "inline style sheet"],
    [/<script\b(?![^>]*\bsrc=)/i, "inline script"],
    [/<script\b[^>]*\bsrc=["']?(?:https?:)?\/\//i, "script of another site"],
    [/\sstyle\s*=/i, "inline style"],
    [/\son[a-z]+\s*=/i, "inline handler"],
    [/\bhx-on\b|\bjs:|\bjavascript:/i, "script in an attribute"],
    [/\{\{\{|\{\{\s*&/, "unescaped value: only html values go in as they are"],
    [/<(?:b|i|u|center|font)\b/i, "element without meaning"],
    [/<(?:img)\b(?![^>]*\balt=)/i, "picture without alt"],
    [/\btabindex=["'][1-9]/i, "positive tabindex"],
];

export function templateProblems(files = tracked(/^site\/templates\/.*\.mustache$/), read = lines) {
    const problems = [];
    for (const file of files)
        for (const [number, line] of read(file))
            for (const [pattern, what] of rules) if (pattern.test(line)) problems.push(`${file}:${number}: ${what}`);
    return problems;
}
