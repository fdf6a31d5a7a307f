// Where faults are planted, and which tests must find them: the pure files and the jobs of the rooms that decide about people.
// Pages, commands and demos are held by tests in a browser and by requests.
import { existsSync, readFileSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { faultsOf } from "./faults.mjs";

const unit = (...rooms) => rooms.flatMap((room) => readdirSync(join("tests/unit", room)).filter((name) => /^test_.*\.c$/.test(name)).map((name) => `${room}/${name.slice(0, -2)}`));
const shown = /_(pages?|cli|demo|bench|command|screens?|drawer|draw|labs|search|api|question|unit|course|lobby|loaded|result|search|hooks|cache|history|open|key_cli|contexts)\.c$|^exams\.c$/;

const drawn = /^cert_(pdf|pdf_finish|pdf_read|png|contexts)\.c$/;
const handlers = /^account_(admin|factor_pages|import_pages|pages|password|proof_pages|session|signin)\.c$/;

/** `files`: what faults are planted in; `units`: programs of tests/unit; `requests`: files of tests/requests that hold these
 *  files, asked about what survives the units. */
export const rooms = {
    exam: { files: (name) => !shown.test(name) || name === "exam_unit.c" || name === "exam_course.c", units: () => unit("exam", "cert").filter((name) => !/cert\/test_(paper|keys|published)/.test(name)), requests: ["exam", "exam_clock", "exam_floor", "exam_live_bank", "exam_time", "exam_types", "cert_evidence", "cert_records", "records_read", "start", "growth", "upgrade"] },
    cert: { files: (name) => !shown.test(name) && !drawn.test(name), units: () => unit("cert"), requests: ["cert", "cert_anew", "cert_demo", "cert_evidence", "cert_records", "audit_broken", "records_read", "start", "growth", "upgrade"] },
    account: { files: (name, all) => !/_cli\.c$/.test(name) && (all || !handlers.test(name)), units: () => unit("account"), requests: ["account", "factor", "four_eyes", "people", "person", "session", "cohort", "records_read", "growth", "upgrade"] },
    audit: { files: () => true, units: () => unit("audit", "cert"), requests: ["audit", "audit_broken", "cert", "cert_records", "records_read", "commands", "upgrade"] },
    store: { files: () => true, units: () => [...unit("store", "audit"), "account/test_find", "fault/test_store_faults"], requests: ["backup", "commands", "growth", "keeping", "stop", "upgrade"] },
    lab: { files: (name) => /^lab_(check|log|queue|evidence|history)\.c$/.test(name), units: () => unit("lab", "labmodel", "sandbox"), requests: ["lab", "lab_outage", "cert_evidence"] },
    labmodel: { files: (name) => /^lab_(checks|verdict|random|seed)\.c$/.test(name), units: () => unit("lab", "labmodel", "sandbox"), requests: [] },
    content: { files: (name) => /^content_(progress|read_reapply|spelling|questions|version|store)\.c$/.test(name), units: () => unit("content"), requests: ["content", "languages", "start"] },
};

/** Paths of the C files of a room in which faults are planted; `all`: also those that only request scripts reach. */
export function filesOf(room, all) {
    const folder = join("engine", room);
    return readdirSync(folder).filter((name) => name.endsWith(".c") && rooms[room].files(name, all)).map((name) => join(folder, name)).sort();
}

/** tests/mutate/equivalent.txt: "file | line | change | reason" a line; {file, key, reason, line}. */
export function equivalents(path = "tests/mutate/equivalent.txt") {
    const list = [];
    readFileSync(path, "utf8").split("\n").forEach((text, index) => {
        if (!text.trim() || text.startsWith("#")) return;
        const parts = text.split(" | ");
        const at = `${path}:${index + 1}`;
        if (parts.length < 4) throw new Error(`${at}: not "file | line | change | reason"`);
        list.push({ file: parts[0], key: parts.slice(1, -1).join(" | "), reason: parts.at(-1), at });
    });
    return list;
}

/** Of the equivalents: which name no fault of today, or one twice. */
export function staleProblems(list = equivalents(), read = (file) => (existsSync(file) ? readFileSync(file, "utf8") : "")) {
    const keys = new Map();
    const problems = [];
    const seen = new Set();
    for (const { file, key, reason, at } of list) {
        if (!keys.has(file)) keys.set(file, new Set(faultsOf(read(file)).faults.map((fault) => fault.key)));
        if (!keys.get(file).has(key)) problems.push(`${at}: ${file} has no such fault any more: ${key}`);
        if (seen.has(`${file} ${key}`)) problems.push(`${at}: stands twice`);
        if (reason.trim().length < 10) problems.push(`${at}: says no reason`);
        seen.add(`${file} ${key}`);
    }
    return problems;
}
