// Who may include whom. A room reaches another only through that room's public headers, and only along these arrows.
import { readFileSync } from "node:fs";
import { tracked, withoutComments } from "./files.mjs";

const foundation = ["base"];
const domain = ["base", "store", "audit", "page", "doc", "http"];
export const arrows = {
    base: [],
    store: foundation,
    audit: ["base", "store"],
    page: foundation,
    doc: foundation,
    http: ["base", "store", "page"],
    account: domain,
    content: [...domain, "account"],
    exam: [...domain, "account", "content"],
    lab: [...domain, "account", "content", "exam"],
    cert: [...domain, "account", "content", "exam", "lab"],
    server: [...domain, "account", "content", "exam", "lab", "cert"],
    tools: [],
};

/** What a room shows to the others; "base" shows everything. */
const doors = { page: ["page.h"], http: ["http.h", "app.h"] };
const isDoor = (room, header) => room === "base" || (doors[room] ?? [`${room}.h`]).includes(header);

/** Libraries that stay behind one door. */
const libraries = {
    "microhttpd.h": ["http"],
    "sqlite3.h": ["store", "lab"],
    "seccomp.h": ["lab"],
};

/** The clock is read where the world comes in, and by the exams' thread that closes what is over; everything else is
 *  told the time. */
const clockReaders = /^engine\/(base|store|http|server)\/|_cli\.c$|^engine\/exam\/exams\.c$/;

export function roomProblems(files = tracked(/^engine\/.*\.[ch]$/), read = (file) => readFileSync(file, "utf8")) {
    const problems = [];
    for (const file of files) {
        const room = file.split("/")[1];
        if (!arrows[room]) {
            problems.push(`${file}: ${room} is no room; see tests/lint/rooms.mjs`);
            continue;
        }
        withoutComments(read(file)).split("\n").forEach((line, index) => {
            const at = `${file}:${index + 1}`;
            const own = /^\s*#\s*include\s+"([^"]+)"/.exec(line)?.[1];
            if (own?.includes("/")) {
                const [other, header] = own.split("/");
                if (other !== room && !arrows[room].includes(other)) problems.push(`${at}: ${room} may not include ${other}`);
                else if (other !== room && !isDoor(other, header)) problems.push(`${at}: ${own} is private to ${other}`);
            }
            const library = /^\s*#\s*include\s+<([^>]+)>/.exec(line)?.[1];
            if (library && libraries[library] && !libraries[library].includes(room)) problems.push(`${at}: <${library}> belongs to ${libraries[library].join(" and ")} alone`);
            if (/\bclock_now_ms\s*\(/.test(line) && !clockReaders.test(file)) problems.push(`${at}: a domain does not read the clock, it is told the time`);
        });
    }
    return problems;
}
