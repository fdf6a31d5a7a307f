// What the documents for people who work on the program name must exist: files, functions, types, rules, routes, make
// targets, commands and their options. Read is what stands in `backticks`, and where links lead; fenced blocks are not.
// A word in capitals (ROOM, NAME, N) stands for any: `engine/ROOM/ROOM.sql`, `SQL_ROOM_NAME`, `/certificates/N`.
import { readFileSync } from "node:fs";
import { dirname, posix } from "node:path";
import { tracked } from "./files.mjs";

export const documents = /^(README|CONTRIBUTING)\.md$|^docs\/.*\.md$/;

const anything = /\.\.\.|…|[<>{}$ ]/; // not a name but an example
const fileEnding = /\.(?:c|h|mjs|js|sql|sh|txt|mustache|md|mk|service|awk|csv|json|css|rng|xml|supp)$/;
const made = /^content\/bees\//; // what the reader of README.md writes
const generated = /_sql\.h$/;
const foreign = /^\/(?:etc|usr|var|proc|lib|dev|sys|tmp|run)(?:\/|$)/; // of the machine, not of the academy

const escape = (text) => text.replace(/[.*+?^${}()|[\]\\]/g, "\\$&");
const lower = /[a-z]/;
/** A name with words in capitals or stars as the expression that it stands for; null when it has none. */
function pattern(name, rest) {
    if (!/(?<![A-Za-z0-9])[A-Z]+(?![A-Za-z0-9])|\*/.test(name) || !lower.test(name)) return null;
    const source = escape(name).replace(/\\\*\\\*|\\\*/g, "*").replace(/(?<![A-Za-z0-9\\])[A-Z]+(?![A-Za-z0-9])|\*/g, rest);
    return new RegExp(`^${source}$`);
}

/** What there is: {files, words, rules, targets, commands, options, routes}, each asked with has…(). */
export function project() {
    const files = tracked(/./);
    const folders = new Set(files.flatMap((file) => file.split("/").map((_, i, parts) => parts.slice(0, i).join("/"))).filter(Boolean));
    // The test of this names what is not there.
    const read = (filter) => files.filter((file) => filter.test(file) && file !== "tests/lint/docs.test.mjs").map((file) => readFileSync(file, "utf8"));
    const engine = read(/^engine\/.*\.(?:c|h|sql|txt|awk)$/).join("\n");
    const texts = [engine, ...read(/^(?:tests\/(?!golden|fuzz\/corpus).*\.(?:c|h|mjs|mk|sh|txt|cfg|supp)|site\/(?!static\/).*\.(?:mustache|json|mk|js|mjs|css)|packaging\/.*|Makefile|\.clang-format)$/)].join("\n");
    return {
        files: new Set(files),
        // "store/store.h" and "store.h" name engine/store/store.h.
        ends: new Set(files.flatMap((file) => file.split("/").map((_, i, parts) => parts.slice(i).join("/")))),
        folders,
        texts,
        words: new Set(texts.match(/[A-Za-z]\w*_\w*|\w+/g)),
        rules: new Set([...engine.matchAll(/RULE\s+(?:\*\s*)?([a-z][a-z0-9-]*)/g)].map(([, name]) => name)),
        targets: new Set([...readFileSync("Makefile", "utf8").concat(...read(/\.mk$/)).matchAll(/^([a-z][a-z-]*):/gm)].map(([, name]) => name)),
        commands: new Set([...readFileSync("engine/server/main.c", "utf8").matchAll(/^ {4}\{"([a-z]+)", /gm)].map(([, name]) => name)),
        routes: [...readFileSync("engine/server/routes.c", "utf8").matchAll(/\{METHOD_\w+, "([^"]+)"/g)].map(([, path]) => path),
    };
}

const hasFile = (there, name) => {
    const path = name.replace(/\/$/, "");
    const form = pattern(path, "[^/]*");
    if (form) return [...there.files, ...there.folders].some((file) => form.test(file) || form.test(posix.basename(file)));
    return there.files.has(path) || there.folders.has(path) || there.ends.has(path);
};

const hasWord = (there, word) => {
    const form = pattern(word.replace(/_/g, "-"), "\\w+");
    if (!form) return there.words.has(word);
    const own = new RegExp(form.source.replace(/\\?-/g, "_"));
    return [...there.words].some((known) => own.test(known));
};

function hasRoute(there, path) {
    const parts = path.replace(/\?.*$/, "").split("/");
    return there.routes.some((route) => {
        const own = route.split("/");
        const rest = own.at(-1) === "*";
        return (own.length === parts.length || (rest && parts.length >= own.length - 1)) && parts.every((part, i) => (rest && i >= own.length - 1) || own[i]?.startsWith(":") || own[i] === part);
    });
}

/** What is wrong with one span of code: a sentence, or null. */
function problem(span, there) {
    const [first, second = ""] = span.split(/\s+/);
    const options = [...span.matchAll(/(?<=^|\s|\[)--[a-z][a-z-]+/g)].map(([option]) => option);
    if (/^(?:build\/)?gradus$/.test(first) && /^[a-z]+$/.test(second) && !there.commands.has(second)) return `there is no command “gradus ${second}”`;
    if (first === "make" && /^[a-z][a-z-]*$/.test(second) && !there.targets.has(second)) return `the Makefile has no target “${second}”`;
    if (/^(?:build\/)?gradus$|^--|^make$|^node$/.test(first)) {
        const missing = options.find((option) => !there.texts.includes(option) && !there.texts.includes(`"${option.slice(2)}"`) && !there.texts.includes(`${option.slice(2)}:`));
        if (missing) return `nothing has the option ${missing}`;
    }
    const rule = /^RULE ([a-z][a-z0-9-]*)$/.exec(span);
    if (rule) return there.rules.has(rule[1]) ? null : `no rule is called “${rule[1]}”`;
    const type = /^(?:struct|enum) (\w+)$/.exec(span);
    if (type) return new RegExp(`\\b${span}\\b`).test(there.texts) ? null : `there is no ${span}`;
    if (/^\/[a-z.][\w.:/*-]*$/.test(span) && !foreign.test(span)) return hasRoute(there, span) || there.texts.includes(span) ? null : `no route is ${span}`;
    if (!anything.test(span)) {
        const path = span.replace(/:\d+$/, "");
        const inside = there.folders.has(path.split("/")[0]) && path.includes("/");
        if (made.test(path) || generated.test(path) || foreign.test(path)) return null;
        if (inside || (fileEnding.test(path) && /^[\w.@*/-]+$/.test(path)))
            return hasFile(there, path) || path.startsWith("build/") || (!inside && there.texts.includes(path)) ? null : `there is no file ${path}`;
    }
    const names = span.match(/(?<![\w./-])[A-Za-z]\w*_\w+(?![\w./-]*\/)/g) ?? [];
    const call = /^(\w+)\(\)?/.exec(span);
    const missing = [...names, ...(call ? [call[1]] : [])].find((name) => !hasWord(there, name));
    return missing ? `nothing is called “${missing}”` : null;
}

/** Problems of one document: "file:line: error: sentence [docs]". */
export function docProblems(file, text, there) {
    const problems = [];
    let fence = null;
    text.split("\n").forEach((line, i) => {
        const mark = /^\s*(`{3,}|~{3,})/.exec(line)?.[1];
        if (mark && (!fence || mark.startsWith(fence))) {
            fence = fence ? null : mark;
            return;
        }
        if (fence) return;
        const say = (sentence) => problems.push(`${file}:${i + 1}: error: ${sentence} [docs]`);
        for (const [, span] of line.matchAll(/(?<!`)`([^`]+)`(?!`)/g)) {
            const sentence = problem(span.trim(), there);
            if (sentence) say(sentence);
        }
        for (const [, to] of line.replace(/`[^`]*`/g, "").matchAll(/\]\(([^)\s]+)\)/g)) {
            if (/^[a-z]+:|^#/.test(to)) continue;
            const path = posix.join(dirname(file), to.replace(/#.*$/, ""));
            if (!there.files.has(path) && !there.folders.has(path.replace(/\/$/, ""))) say(`the link leads to ${path}, which is not there`);
        }
    });
    return problems;
}

/** Every document, and that every room has its page with the doors that engine/rooms.txt gives it. */
export function allDocProblems() {
    const there = project();
    const list = readFileSync("engine/rooms.txt", "utf8");
    const rooms = [...list.matchAll(/^room (\w+):/gm)].map(([, room]) => ({ page: `docs/internals/${room}.md`, doors: new RegExp(`^door ${room}: (.*)$`, "m").exec(list)?.[1].split(" ") ?? [] }));
    return [
        ...tracked(documents).flatMap((file) => docProblems(file, readFileSync(file, "utf8"), there)),
        ...rooms.filter(({ page }) => !there.files.has(page)).map(({ page }) => `${page}: error: engine/rooms.txt names this room, and it has no page [docs]`),
        ...rooms.filter(({ page }) => there.files.has(page)).flatMap(({ page, doors }) => {
            const text = readFileSync(page, "utf8");
            return doors.filter((door) => !text.includes(`\`${door}\``)).map((door) => `${page}: error: ${door} is a door of the room, and is not on its page [docs]`);
        }),
    ];
}
