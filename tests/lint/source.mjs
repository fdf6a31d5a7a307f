// Rules about source files that a compiler does not hold.
import { readFileSync } from "node:fs";
import { lines, tracked, withoutComments } from "./files.mjs";

const banned = {
    strcpy: "arena_dup or buf_puts",
    strcat: "buf_puts",
    strncpy: "arena_copy",
    strncat: "buf_add",
    sprintf: "snprintf or arena_printf",
    vsprintf: "vsnprintf or arena_vprintf",
    gets: "fgets",
    strtok: "strcspn",
    alloca: "an arena",
    atoi: "parse_i64",
    atol: "parse_i64",
    atoll: "parse_i64",
    system: "nothing: no shell",
    popen: "nothing: no shell",
    tmpnam: "mkstemp",
    mktemp: "mkstemp",
    rand: "random_below",
    srand: "random_below",
};
const bannedCall = new RegExp(`(?<![\\w.>])(${Object.keys(banned).join("|")})\\s*\\(`);
const LINES = 600;
const leftOpen = new RegExp(`\\b(${["TO" + "DO", "FIX" + "ME", "X" + "XX", "HA" + "CK"].join("|")})\\b`);

export function sourceProblems(files = tracked(/^(engine|tests)\/.*\.[ch]$/), read = (file) => readFileSync(file, "utf8")) {
    const problems = [];
    for (const file of files) {
        const text = read(file);
        const count = text.split("\n").length - 1;
        if (count > LINES) problems.push(`${file}: ${count} lines; a file ends before ${LINES}`);
        if (!/^\s*(\/\*|#ifndef|#include "unit\/)/.test(text)) problems.push(`${file}:1: a file opens with what it is for`);
        withoutComments(text).split("\n").forEach((line, index) => {
            const call = bannedCall.exec(line.replace(/"(?:[^"\\]|\\.)*"/g, '""'));
            if (call && /^engine\/(?!tools\/)/.test(file)) problems.push(`${file}:${index + 1}: ${call[1]} is banned; use ${banned[call[1]]}`);
            if (/[ \t]+$/.test(line) && /[ \t]$/.test(text.split("\n")[index])) problems.push(`${file}:${index + 1}: blanks at the end of the line`);
        });
    }
    for (const file of tracked(/^(engine|tests|site\/(scripts|style|templates)|packaging)\/.*\.(c|h|mjs|js|css|sql|sh|mustache)$|^Makefile$/))
        for (const [number, line] of lines(file)) if (leftOpen.test(line)) problems.push(`${file}:${number}: something was left open here`);
    return problems;
}
