// Who may include whom. A room reaches another only through that room's public headers, and only along these arrows.
import { readFileSync } from "node:fs";
import { tracked, withoutComments } from "./files.mjs";

/** engine/rooms.txt, which the build reads as well: {room, door, library}, each name → names. */
const list = { room: {}, door: {}, library: {} };
for (const [, kind, name, names] of readFileSync("engine/rooms.txt", "utf8").matchAll(/^(room|door|library) ([^:\s]+):[ ]*(.*)$/gm)) list[kind][name] = names.split(" ").filter(Boolean);
const arrows = list.room;
/** What a room shows to the others; "base" shows everything. */
const doors = list.door;
/** Libraries that stay behind one door. */
const libraries = list.library;
const isDoor = (room, header) => room === "base" || (doors[room] ?? [`${room}.h`]).includes(header);

/** The clock is read where the world comes in, and by the exams' thread that closes what is over; everything else is
 *  told the time. */
const clockReaders = /^engine\/(base|store|http|server)\/|_cli\.c$|^engine\/exam\/exams\.c$/;

export function roomProblems(files = tracked(/^engine\/.*\.[ch]$/), read = (file) => readFileSync(file, "utf8")) {
    const problems = [];
    for (const file of files) {
        const room = file.split("/")[1];
        if (!arrows[room]) {
            problems.push(`${file}: ${room} is no room; see engine/rooms.txt`);
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
