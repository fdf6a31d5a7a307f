// Files that stand whole in the text of modules: a line “File `PATH`:”, and a fenced block below it.
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";

const file = /^File `(labs\/[^`]+)`:\n\n(`{3,})[a-z]+\n([^]*?\n)\2$/gm;

/** The files of these modules, by their paths. */
export function filesOf(paths) {
    const found = paths.flatMap((path) => [...readFileSync(path, "utf8").matchAll(file)].map(([, name, , text]) => [name, text]));
    return Object.fromEntries(found);
}

export function writeAll(folder, files) {
    for (const [name, text] of Object.entries(files)) {
        mkdirSync(dirname(join(folder, name)), { recursive: true });
        writeFileSync(join(folder, name), text);
    }
}
