// The checks that read the tree instead of running it. Each is a program of tests/run.mjs: a name and a function
// (or a command) that gives a list of {name, ok, why}.
import { execFile } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import { staleProblems } from "../mutate/rooms.mjs";
import { allDocProblems } from "./docs.mjs";
import { tracked } from "./files.mjs";
import { roomProblems } from "./rooms.mjs";
import { ruleProblems } from "./rules.mjs";
import { sourceProblems } from "./source.mjs";
import { templateProblems } from "./templates.mjs";
import { textProblems } from "./texts.mjs";
import { houseWordProblems } from "./words.mjs";

const exec = promisify(execFile);

/** One test of a list of problems ("file:line: sentence"). */
const verdict = (name, problems) => [{ name, ok: problems.length === 0, why: problems.join("\n") }];

/** Runs a command; its output is the problem when it fails. */
async function command(name, file, args) {
    try {
        await exec(file, args, { maxBuffer: 16 * 1024 * 1024 });
        return { name, ok: true };
    } catch (error) {
        return { name, ok: false, why: `${error.stdout ?? ""}${error.stderr ?? ""}`.slice(0, 20_000) || String(error) };
    }
}

async function clangFormat() {
    const result = await command("", "clang-format", ["--dry-run", "--Werror", ...tracked(/^(engine|tests)\/.*\.[ch]$/)]);
    const wrong = new Set([...(result.why ?? "").matchAll(/^([^:\n]+\.[ch]):\d+:/gm)].map(([, file]) => file));
    if (!result.ok && wrong.size === 0) return [{ ...result, name: "clang-format runs" }];
    return verdict("every C file is laid out by clang-format", [...wrong].sort().map((file) => `${file}: not laid out as .clang-format says (make format)`));
}

const cppcheckArguments = (build) => [
    "--enable=warning,portability,performance",
    "--inline-suppr",
    "--error-exitcode=1",
    "--quiet",
    "-j2",
    "--std=c11",
    "--library=posix",
    "--library=tests/lint/cppcheck.cfg",
    // Compilers and sanitizers know this better: cppcheck does not follow functions that fill a buffer.
    "--suppress=uninitvar",
    "--suppress=uninitStructMember",
    // One thread reads a folder.
    "--suppress=readdirCalled",
    "--suppress=missingIncludeSystem",
    // Newer ones say of each long file that they could look deeper.
    "--suppress=normalCheckLevelMaxBranches",
    // It takes a designated initializer's member for a variable.
    "--suppress=unknownEvaluationOrder",
    "--template={file}:{line}:{column}: {severity}: {message} [{id}]",
    "-Iengine",
    `-I${join(build, "gen")}`,
    "engine",
];

/** All in one process: a process a file took half of what the lint costs. */
async function scripts() {
    const files = tracked(/^(site\/scripts|site|tests)\/.*\.m?js$/).filter((file) => !file.startsWith("site/static/"));
    const parse = `
        for (const file of process.argv.slice(1)) {
            let why = "";
            try {
                new vm.SourceTextModule(fs.readFileSync(file, "utf8").replace(/^#!/, "//"), { identifier: file });
            } catch (error) {
                why = String(error.stack);
            }
            console.log(JSON.stringify({ name: file + " parses", ok: !why, why }));
        }`;
    const { stdout } = await exec(process.execPath, ["--no-warnings", "--experimental-vm-modules", "--eval", parse, ...files], { maxBuffer: 16 * 1024 * 1024 });
    const told = stdout.trim().split("\n").map((line) => JSON.parse(line));
    return told.length === files.length ? told : [...told, { name: "every script was parsed", ok: false, why: `${told.length} of ${files.length}` }];
}

async function shells() {
    const files = tracked(/\.sh$|^\.ci\/run$/);
    return Promise.all(files.map((file) => command(`${file} parses`, "bash", ["-n", file])));
}

async function contentCheck(build) {
    const gradus = join(build, "gradus");
    if (!existsSync(gradus)) return [{ name: "gradus check finds no error", ok: false, why: `${gradus} is not built` }];
    return [await command("gradus check finds no error", gradus, ["check"])];
}

/** The unit says what it may do; systemd's own judgement may not get worse than this. */
async function unit() {
    const file = "packaging/gradus.service";
    const text = readFileSync(file, "utf8").replaceAll("@PREFIX@", "/usr/local");
    const results = verdict(
        "the systemd unit confines the service",
        ["NoNewPrivileges=yes", "ProtectSystem=strict", "PrivateTmp=yes", "StateDirectory=gradus", "SystemCallFilter=", "RestrictAddressFamilies=", "LimitNOFILE=", "MemoryMax="]
            .filter((line) => !text.includes(`\n${line}`))
            .map((line) => `${file}: has no ${line}`),
    );
    if (!existsSync("/usr/bin/systemd-analyze")) return results;
    const { mkdtempSync, writeFileSync, rmSync } = await import("node:fs");
    const folder = mkdtempSync("/tmp/gradus-unit-");
    writeFileSync(join(folder, "gradus.service"), text);
    results.push(await command("systemd's exposure level stays low", "systemd-analyze", ["security", "--offline=true", "--threshold=20", "--no-pager", join(folder, "gradus.service")]));
    rmSync(folder, { recursive: true });
    return results;
}

/** `layout` is asked for by `make lint`: where a line breaks is no reason for the tests to fail. */
export function checks({ build, layout }) {
    return [
        { name: "rooms", check: async () => verdict("includes follow the order of the rooms", roomProblems()) },
        { name: "source", check: async () => verdict("no banned function, no overgrown file, nothing left open", sourceProblems()) },
        { name: "templates", check: async () => verdict("templates hold no inline script, style or handler", templateProblems()) },
        { name: "texts", check: async () => verdict("every text of the interface is in the catalogue and used", textProblems()) },
        { name: "docs", check: async () => verdict("what the documents name exists", allDocProblems()) },
        { name: "words", check: async () => verdict("texts for people hold only words of the house", houseWordProblems()) },
        { name: "rules", check: async () => verdict("every rule with a name has a test, every test's rule a name", ruleProblems()) },
        { name: "faults", check: async () => verdict("each fault that is said to change nothing can still be planted", staleProblems()) },
        ...(layout ? [{ name: "layout", check: clangFormat }] : []),
        { name: "cppcheck", check: async () => [await command("static analysis", "cppcheck", cppcheckArguments(build))] },
        { name: "scripts", check: scripts },
        { name: "shells", check: shells },
        { name: "unit", check: unit },
        { name: "content", check: () => contentCheck(build) },
    ];
}
