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
/** Who waits by the wall clock is stopped by whoever sets it; who reads it dates facts by it. */
const clockCall = /\b(CLOCK_REALTIME|pthread_cond_timedwait|sem_timedwait|mtx_timedlock|pthread_mutex_timedlock|gettimeofday|time\s*\(\s*NULL)\b/;
const clockRooms = /^engine\/(base\/(clock|log|wait)\.c$|tools\/)/;
/** Who reads without a snapshot, and why that is well: all others read between store_read_begin and store_read_end, or by store_read. */
const readsBare = new Map([
    ["engine/audit/audit.c", "a database that is opened for one look and closed"],
    ["engine/audit/audit_head.c", "at the start and in a command, before anybody is served"],
    ["engine/cert/cert_cli.c", "a command"],
    ["engine/cert/cert_key_cli.c", "a command"],
    ["engine/cert/cert_open.c", "at the start, before anybody is served"],
    ["engine/server/cli_audit.c", "a command that wants the newest state (audit_verify)"],
    ["engine/server/cli_backup.c", "a command"],
]);
const LINES = 600;
const COLUMNS = 100; // characters, not bytes
const leftOpen = new RegExp(`\\b(${["TO" + "DO", "FIX" + "ME", "X" + "XX", "HA" + "CK"].join("|")})\\b`);

export function sourceProblems(files = tracked(/^(engine|tests)\/.*\.[ch]$/), read = (file) => readFileSync(file, "utf8")) {
    const problems = [];
    for (const file of files) {
        const text = read(file);
        const count = text.split("\n").length - 1;
        if (count > LINES) problems.push(`${file}: ${count} lines; a file ends before ${LINES}`);
        if (/^engine\/(?!store\/)/.test(file) && /\bstore_reader\s*\(/.test(text) && !/\bstore_read_begin\s*\(/.test(text) && !readsBare.has(file))
            problems.push(`${file}: store_reader without store_read_begin; use store_read`);
        if (!/^\s*(\/\*|#ifndef|#include "unit\/)/.test(text)) problems.push(`${file}:1: a file opens with what it is for`);
        withoutComments(text).split("\n").forEach((line, index) => {
            const call = bannedCall.exec(line.replace(/"(?:[^"\\]|\\.)*"/g, '""'));
            if (call && /^engine\/(?!tools\/)/.test(file)) problems.push(`${file}:${index + 1}: ${call[1]} is banned; use ${banned[call[1]]}`);
            const clock = /^engine\//.test(file) && !clockRooms.test(file) && clockCall.exec(line);
            if (clock) problems.push(`${file}:${index + 1}: ${clock[1]} is for base/clock.c and base/wait.c; use clock_now_ms or wait_for`);
            const columns = [...text.split("\n")[index]].length;
            if (/^engine\//.test(file) && columns > COLUMNS) problems.push(`${file}:${index + 1}: ${columns} columns; a line ends at ${COLUMNS}`);
            if (/[ \t]+$/.test(line) && /[ \t]$/.test(text.split("\n")[index])) problems.push(`${file}:${index + 1}: blanks at the end of the line`);
        });
    }
    for (const file of tracked(/^(engine|tests|site\/(scripts|style|templates)|packaging)\/.*\.(c|h|mjs|js|css|sql|sh|mustache)$|^Makefile$/))
        for (const [number, line] of lines(file)) if (leftOpen.test(line)) problems.push(`${file}:${number}: something was left open here`);
    return problems;
}
