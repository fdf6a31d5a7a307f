// Catalogues of interface texts: no key that is missing, unused, in two files, or under another room's name.
import { readFileSync } from "node:fs";
import { basename } from "node:path";
import { lines, tracked, withoutComments } from "./files.mjs";

/** Every key with its file, and what is wrong with the catalogues themselves. */
function readCatalogues(problems) {
    const keys = new Map();
    for (const file of tracked(/^site\/locale\/en\/.*\.json$/)) {
        const room = basename(file, ".json");
        let catalogue;
        try {
            catalogue = JSON.parse(readFileSync(file, "utf8"));
        } catch (error) {
            problems.push(`${file}: ${error.message}`);
            continue;
        }
        for (const [key, text] of Object.entries(catalogue)) {
            if (typeof text !== "string" || text.trim() === "") problems.push(`${file}: ${key} is no text`);
            if (!key.startsWith(`${room}_`)) problems.push(`${file}: ${key} does not start with ${room}_`);
            if (keys.has(key)) problems.push(`${file}: ${key} stands in ${keys.get(key)} too`);
            keys.set(key, file);
        }
    }
    return keys;
}

/** page_text and what the rooms call it by. */
const textCall = /\b(?:page_text|(?:content|exam)_text|lab_text|text|words|say)\((?:r|s|[a-z]->r|request)\b/;
/** "title" in view_text(v, "title", text(r, "key")) is a view's name and no key. */
const asName = (line, text) => new RegExp(`view_[a-z]+\\([^",]*, "${text}"`).test(line);

/** A call of http_error or http_refuse to its end, and what is put into an error slot by hand. */
const refusal = /\bhttp_(?:error|refuse)\((?:[^;"']|"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*')*;|(?:->|\.)error =\s+"(?:[^"\\]|\\.)*"/g;
/** What programs and authors read: the answers of a lab's API, its worker, a check that its author got wrong. */
const notPeople = /^engine\/(?:lab\/(?:lab_api|lab_client)|labmodel\/lab_verdict|sandbox\/)/;
/** What only the log holds. */
const logged = new Set(["the request's body does not end"]);

/** Sentences for people that are written in C, where nobody can translate them, and refusals with a key that is not there. */
export function refusalProblems(file, text, keys) {
    const problems = [];
    for (const { 0: call, index } of withoutComments(text).matchAll(refusal)) {
        const at = `${file}:${text.slice(0, index).split("\n").length}`;
        for (const [, literal] of call.matchAll(/"((?:[^"\\]|\\.)*)"/g))
            if (/\S\s+\S/.test(literal) && !logged.has(literal)) problems.push(`${at}: “${literal}” is a sentence in C: put it into site/locale/en and name its key in http_refuse`);
            else if (call.startsWith("http_refuse") && /^[a-z]+_[a-z0-9_]+$/.test(literal) && !keys.has(literal)) problems.push(`${at}: ${literal} is in no catalogue`);
    }
    return problems;
}

export function textProblems() {
    const problems = [];
    const keys = readCatalogues(problems);
    const rooms = new Set([...keys.values()].map((file) => basename(file, ".json")));
    const used = new Set();
    const shapes = []; // keys that C puts together: "exam_state_%s"
    for (const file of tracked(/^site\/templates\/.*\.mustache$/))
        for (const [number, line] of lines(file))
            for (const [, key] of line.matchAll(/\{\{[#^/]?\s*t\.([a-z0-9_]+)\s*\}\}/g)) {
                used.add(key);
                if (!keys.has(key)) problems.push(`${file}:${number}: t.${key} is in no catalogue`);
            }
    for (const file of tracked(/^engine\/.*\.[ch]$|^site\/scripts\/.*\.js$/))
        for (const [number, line] of lines(file)) {
            for (const [, text] of line.matchAll(/["'`]((?:[^"'`\\]|\\.)*)["'`]/g)) {
                if (keys.has(text)) used.add(text);
                else if (/^[a-z]+_(?:[a-z0-9_]*_)?$/.test(text)) shapes.push(new RegExp(`^${text}[a-z0-9_]+$`));
                else if (/^[a-z]+_[a-z0-9_]*%(?:s|d)[a-z0-9_%]*$/.test(text)) shapes.push(new RegExp(`^${text.replace(/%[sd]/g, "[a-z0-9_]+")}$`));
                // page_text(…, "key") of a key that is not there prints the key: a person would see it.
                else if (textCall.test(line) && /^[a-z]+_[a-z0-9_]+$/.test(text) && rooms.has(text.split("_")[0]) && !asName(line, text)) problems.push(`${file}:${number}: ${text} is in no catalogue`);
            }
        }
    for (const file of tracked(/^engine\/.*\.[ch]$/))
        if (!notPeople.test(file)) problems.push(...refusalProblems(file, readFileSync(file, "utf8"), keys));
    for (const [key, file] of keys)
        if (!used.has(key) && !shapes.some((shape) => shape.test(key))) problems.push(`${file}: nothing uses ${key}`);
    return problems;
}
