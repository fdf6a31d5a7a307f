// The files of the project: what git tracks, or would track. In an unpacked archive without git: what lies there.
import { execFileSync } from "node:child_process";
import { existsSync, readFileSync, readdirSync } from "node:fs";
import { join } from "node:path";

let all;

function list() {
    try {
        const out = execFileSync("git", ["ls-files", "-z", "--cached", "--others", "--exclude-standard"], { maxBuffer: 64 * 1024 * 1024, stdio: ["ignore", "pipe", "ignore"] });
        return out.toString().split("\0").filter((file) => file && existsSync(file));
    } catch {
        return ["engine", "tests", "site", "packaging", "content", "exams", "labs"]
            .filter((folder) => existsSync(folder))
            .flatMap((folder) => readdirSync(folder, { recursive: true, withFileTypes: true }).filter((e) => e.isFile()).map((e) => join(e.path ?? e.parentPath, e.name)))
            .filter((file) => !file.includes("node_modules/"));
    }
}

/** Paths from the project's root that match. */
export function tracked(pattern) {
    all ??= list().sort();
    return all.filter((file) => pattern.test(file));
}

/** Lines of a file with their numbers, from 1. */
export function* lines(file) {
    let number = 0;
    for (const text of readFileSync(file, "utf8").split("\n")) yield [++number, text];
}

/** C without its comments, every line still where it was. */
export function withoutComments(text) {
    return text.replace(/\/\*[\s\S]*?\*\/|\/\/[^\n]*|"(?:[^"\\\n]|\\.)*"|'(?:[^'\\\n]|\\.)*'/g, (hit) => (hit[0] === "/" ? hit.replace(/[^\n]/g, " ") : hit));
}
