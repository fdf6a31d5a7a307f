// Words that this house does not use in what people read. One list, here. Whoever adds a word adds a sample of it to
// words.test.mjs, which fails otherwise.
import { readFileSync } from "node:fs";
import { tracked } from "./files.mjs";

/** What is meant by a word of the list, and what to write. `but` are the phrases in which the word is right. */
export const houseWords = [
    { rule: "mend", word: /\bmend(?:s|ed|ing)?\b/giu, say: "correct, repair, or put right" },
    { rule: "nought", word: /\bnoughts?\b/giu, say: "zero or nothing" },
    { rule: "for-ever", word: /\bfor[ -]?ever\b/giu, say: "always, permanently, or without an end" },
    { rule: "whilst", word: /\bwhilst\b/giu, say: "while" },
    {
        rule: "email",
        word: /\b(?:e-mail(?:s|ed|ing|ings)?|mail(?:s|ed)?)\b/giu,
        say: "email",
        but: [
            /\bdirect mail\b/giu, // what comes by post
            /\bmail (?:servers?|merge)\b/giu,
            /\bidentified mail\b/giu, // the name of DKIM
            /\bno mail\b/giu, // a label of the labs' invented systems, which have words of their own
        ],
    },
    {
        // Firms that makers of software invented for their samples: a reader takes them for a hint at the maker.
        rule: "sample-firm",
        word: /\b(?:northwind|contoso|fabrikam|adventure ?works|acme|wide ?world importers|tailspin|wingtip|litware|proseware|relecloud|woodgrove|trey research|fourth coffee|cloud kicks|ursa major solar|sakila|globex|initech)\b/giu,
        say: "an invented firm of ours",
    },
];

/** Where people read: documents, what labs show, the interface, and what the program prints. Solutions of labs are programs and no texts. */
export const readByPeople = /^README\.md$|^docs\/.*\.md$|^(?:content|exams)\/.*\.(?:md|svg|txt)$|^labs\/(?!.*\/solutions\/).*\.(?:md|xml)$|^site\/locale\/en\/.*\.json$|^site\/templates\/.*\.mustache$|^engine\/.*\.c$/;

/** What a program reads and a person does not: blanked, so that every word stays where it was. */
const programs = {
    all: [
        /\bhttps?:\/\/[^\s)>\]]+/gu,
        /[\w.+-]+@[\w.-]+/gu, // an address
    ],
    md: [/\]\([^)\n]*\)/gu, /<!--[\s\S]*?-->/gu],
    svg: [/<!--[\s\S]*?-->/gu],
    xml: [/<!--[\s\S]*?-->/gu, /\bid="[^"]*"/gu],
    json: [/^\s*"[^"]*"\s*:/gmu],
    mustache: [/\{\{[^}]*\}\}/gu, /\s(?!alt|title|placeholder|aria-label|content)[\w-]+="[^"]*"/gu],
};
/** In C: all but the literals that hold a sentence. */
const outsideSentences = (text) => text.replace(/"(?:[^"\\\n]|\\.)*"|'(?:[^'\\\n]|\\.)*'|\/\*[\s\S]*?\*\/|\/\/[^\n]*|[^"'/]+|\//gu, (hit) => (hit[0] === '"' && /\S\s+\S/u.test(hit) ? hit : hit.replace(/[^\n]/g, " ")));
const blank = (text, pattern) => text.replace(pattern, (hit) => hit.replace(/[^\n]/g, " "));

/** What is wrong with one text, in the order in which it stands there. */
export function wordProblems(file, text) {
    if (file.endsWith(".c")) text = outsideSentences(text);
    for (const pattern of [...(programs[file.split(".").at(-1)] ?? []), ...programs.all]) text = blank(text, pattern);
    const found = [];
    for (const { rule, word, say, but = [] } of houseWords) {
        const left = but.reduce(blank, text);
        for (const { 0: hit, index } of left.matchAll(word)) found.push({ rule, say, hit, index });
    }
    return found
        .sort((a, b) => a.index - b.index)
        .map(({ rule, say, hit, index }) => {
            const before = text.slice(0, index).split("\n");
            return `${file}:${before.length}:${before.at(-1).length + 1}: error: “${hit}” is no word of this house; write ${say} [${rule}]`;
        });
}

export const houseWordProblems = () => tracked(readByPeople).flatMap((file) => wordProblems(file, readFileSync(file, "utf8")));
