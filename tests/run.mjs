// Runs every test of the project and closes with one line: "N passed, N failed, N skipped". --help says how.
// A test program may say on one of its first lines
//   run: alone          nothing else runs beside it (it measures, or takes the machine's limits)
//   run: timeout 600    seconds, instead of 300
import { spawn } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, readdirSync, rmSync } from "node:fs";
import { availableParallelism, tmpdir } from "node:os";
import { join, relative, resolve } from "node:path";
import { parseArgs } from "node:util";
import { checks } from "./lint/checks.mjs";

const usage = `usage: node tests/run.mjs [--only SUITE,…] [--name TEXT] [WORD…]

Runs the tests of the project, or some of them, against what is built (make all unit).

  WORD              only test programs whose path holds each WORD: exam/test_score, requests/cert
  --only SUITE,…    only these suites:
                    SUITES
  --name TEXT       only tests whose name holds TEXT
  --build DIR       where the program is built (default: build)
  --fuzz DIR        where the fuzz targets are built (default: they are not run)
  --sanitizer KIND  asan or tsan: what is below DIR was built so
  --jobs N          programs at a time (default: one more than there are cores)
  --times           after the run: the processor time of each program, most first

One test by its name:  node tests/run.mjs requests/packaging --name "what is installed works"
`;

process.chdir(resolve(import.meta.dirname ?? new URL(".", import.meta.url).pathname, ".."));
const known = {
    allowPositionals: true,
    options: {
        build: { type: "string", default: "build" },
        fuzz: { type: "string" },
        only: { type: "string" },
        sanitizer: { type: "string" },
        jobs: { type: "string" },
        name: { type: "string" },
        times: { type: "boolean" },
        help: { type: "boolean", short: "h" },
    },
};
function given() {
    try {
        return parseArgs(known);
    } catch (error) {
        console.error(`${error.message}\n\n${usage}`);
        process.exit(2);
    }
}
const { values: options, positionals: words } = given();
const build = resolve(options.build);
const scratch = mkdtempSync(join(tmpdir(), "gradus-tests-"));
const env = {
    ...process.env,
    GRADUS_BUILD: build,
    GRADUS_SANITIZER: options.sanitizer ?? "",
    GRADUS_PREPARED: join(scratch, "prepared"), // academies that many programs begin with (tests/lib/server.mjs)
    CMOCKA_MESSAGE_OUTPUT: "TAP",
    ASAN_OPTIONS: "allocator_may_return_null=1:abort_on_error=1:detect_stack_use_after_return=1",
    LSAN_OPTIONS: `suppressions=${resolve("tests/lib/lsan.supp")}:print_suppressions=0`,
    UBSAN_OPTIONS: "print_stacktrace=1",
    TSAN_OPTIONS: `allocator_may_return_null=1:halt_on_error=1:second_deadlock_stack=1:suppressions=${resolve("tests/lib/tsan.supp")}`,
    NO_COLOR: "1",
};

// ---- What there is to run ----------------------------------------------------------------------

/** Files below `folder` that `keep` likes, sorted. */
function filesBelow(folder, keep) {
    if (!existsSync(folder)) return [];
    return readdirSync(folder, { recursive: true, withFileTypes: true })
        .filter((entry) => entry.isFile() && !(entry.path ?? entry.parentPath).includes("node_modules"))
        .map((entry) => join(entry.path ?? entry.parentPath, entry.name))
        .filter(keep)
        .sort();
}

function settings(source) {
    const head = readFileSync(source, "utf8").slice(0, 2000);
    const timeout = /run: timeout (\d+)/.exec(head);
    return { alone: /run: alone/.test(head), timeoutS: (timeout ? Number(timeout[1]) : 300) * (options.sanitizer ? 5 : 1) };
}

/** Programs of C: `folder` is below tests/, `prefix` where make puts them below build/tests/. */
function cPrograms(folder, prefix) {
    return filesBelow(join("tests", folder), (path) => /\/test_[^/]*\.c$/.test(path)).map((source) => {
        const name = relative(join("tests", folder), source).replace(/\.c$/, "");
        return { name, command: [join(build, "tests", prefix, name)], read: readTap, ...settings(source) };
    });
}

function nodeFiles(folder) {
    return filesBelow(join("tests", folder), (path) => path.endsWith(".test.mjs")).map((source) => {
        const results = join(scratch, source.replaceAll("/", "-") + ".jsonl");
        return {
            name: relative("tests", source).replace(/\.test\.mjs$/, ""),
            command: [process.execPath, ...(options.name ? [`--test-name-pattern=${options.name.replace(/[^\w ]/g, "\\$&")}`] : []), "--test-reporter=./tests/lib/reporter.mjs", `--test-reporter-destination=${results}`, source],
            read: (run) => readResults(run, results),
            ...settings(source),
        };
    });
}

function fuzzPrograms() {
    if (!options.fuzz) return [];
    return filesBelow("tests/fuzz", (path) => /\/fuzz_[^/]*\.c$/.test(path)).map((source) => {
        const name = /fuzz_[^/]*(?=\.c$)/.exec(source)[0];
        const corpus = filesBelow(join("tests/fuzz/corpus", name), () => true);
        return {
            name,
            // Every file is run by itself: a target without a corpus proves nothing.
            command: [resolve(options.fuzz, name), "-timeout=10", "-rss_limit_mb=2048", ...corpus],
            read: (run) => readFuzz(run, corpus),
            ...settings(source),
        };
    });
}

const suites = [
    { name: "unit", programs: cPrograms("unit", "") },
    { name: "fault", programs: cPrograms("fault", "fault") },
    { name: "lint", programs: checks({ build, layout: options.only?.split(",").includes("lint") }).map((check) => ({ timeoutS: 300, alone: false, ...check })) },
    { name: "fuzz", programs: fuzzPrograms(), absent: options.fuzz ? null : "no fuzz programs were built (make test builds them)" },
];
// Each other folder of tests with node:test files is a suite by its name.
const folders = readdirSync("tests", { withFileTypes: true }).filter((entry) => entry.isDirectory()).map((entry) => entry.name);
for (const folder of folders.filter((name) => !["unit", "fault", "fuzz", "lib", "node_modules"].includes(name)).sort()) {
    const programs = nodeFiles(folder);
    const there = suites.find((suite) => suite.name === folder);
    if (there) there.programs.push(...programs);
    else if (programs.length) suites.push({ name: folder, programs });
}

if (options.help) {
    process.stdout.write(usage.replace("SUITES", suites.map((suite) => suite.name).join(", ")));
    rmSync(scratch, { recursive: true, force: true });
    process.exit(0);
}

// ---- Reading what programs say -------------------------------------------------------------------

/** TAP of cmocka: several groups a program, each with its own plan. */
function readTap(run) {
    const tests = [];
    let planned = 0;
    for (const line of run.out.split("\n")) {
        const plan = /^1\.\.(\d+)/.exec(line);
        if (plan) planned += Number(plan[1]);
        const result = /^(not )?ok \d+(?: -)? ?(.*)$/.exec(line);
        if (result) {
            const skip = /# SKIP ?(.*)$/i.exec(result[2]);
            tests.push({ name: skip ? skip[1] : result[2], ok: !result[1] || skip !== null, skip: skip ? skip[1] : undefined, why: "" });
        } else if (line.startsWith("#") && tests.length && !tests.at(-1).ok) tests.at(-1).why += line.replace(/^#\s?/, "") + "\n";
    }
    const failed = tests.some((test) => !test.ok);
    if (!run.timedOut && !run.signal && planned !== tests.length) tests.push({ name: `${planned} tests planned, ${tests.length} ran`, ok: false, why: tail(run) });
    else if (run.code !== 0 && !failed && !run.timedOut) tests.push({ name: `ended with ${run.signal ?? `status ${run.code}`}`, ok: false, why: tail(run) });
    for (const test of tests) if (!test.ok && !test.why) test.why = tail(run);
    // A test that was skipped says why on the line above, if at all.
    for (const test of tests) if (test.skip !== undefined) test.skip = skipReason(run, test.name) || test.skip;
    return tests;
}

function skipReason(run, name) {
    const said = (run.out + run.err).split("\n").filter((line) => /skip/i.test(line) && !/^(not )?ok /.test(line));
    return said.length ? `${name}: ${said[0].trim()}` : name;
}

function readResults(run, file) {
    const lines = existsSync(file) ? readFileSync(file, "utf8").split("\n").filter(Boolean) : [];
    const tests = lines.map((line) => JSON.parse(line)).filter((line) => line.name !== undefined);
    if (run.code !== 0 && !run.timedOut && !tests.some((test) => !test.ok))
        tests.push({ name: `ended with ${run.signal ?? `status ${run.code}`}`, ok: false, why: tail(run) });
    return tests;
}

function readFuzz(run, corpus) {
    if (corpus.length === 0) return [];
    if (run.code === 0) return corpus.map((file) => ({ name: file, ok: true }));
    const done = corpus.filter((file) => run.err.includes(`Executed ${file}`));
    const culprit = corpus[done.length] ?? "?";
    return [...done.map((file) => ({ name: file, ok: true })), { name: culprit, ok: false, why: tail(run) }];
}

function tail(run) {
    const lines = (run.out + run.err).trimEnd().split("\n");
    return lines.slice(-80).join("\n");
}

// ---- Running -----------------------------------------------------------------------------------

const running = new Set();

/** Ends a program and whatever it started, by its process group. */
function end(child) {
    try {
        process.kill(-child.pid, "SIGKILL");
    } catch {
        // gone already
    }
}

function start(program) {
    return new Promise((done) => {
        const began = performance.now();
        const run = { out: "", err: "", code: null, signal: null, timedOut: false, ms: 0 };
        let [command, ...args] = program.command;
        // ThreadSanitizer needs its address layout.
        if (options.sanitizer === "tsan") [command, args] = ["setarch", ["-R", command, ...args]];
        const spent = join(scratch, `times-${began}`);
        if (options.times) [command, args] = ["bash", ["-c", '"$@"; code=$?; times >"$0"; exit $code', spent, command, ...args]];
        const child = spawn(command, args, { env, stdio: ["ignore", "pipe", "pipe"], detached: true });
        running.add(child);
        const timer = setTimeout(() => {
            run.timedOut = true;
            end(child);
        }, program.timeoutS * 1000);
        const keep = (what) => (chunk) => {
            run[what] = (run[what] + chunk).slice(-2_000_000);
        };
        child.stdout.setEncoding("utf8").on("data", keep("out"));
        child.stderr.setEncoding("utf8").on("data", keep("err"));
        child.on("error", (error) => {
            run.err += String(error);
        });
        child.on("close", (code, signal) => {
            clearTimeout(timer);
            running.delete(child);
            end(child); // what it left behind
            Object.assign(run, { code, signal, ms: performance.now() - began, cpuS: options.times ? processorTime(spent) : 0 });
            done(run);
        });
    });
}

/** Seconds of a program and all that it waited for, of bash's "times": two lines of "0m1.5s 0m0.2s", its own first. */
function processorTime(file) {
    const lines = existsSync(file) ? readFileSync(file, "utf8").trim().split("\n") : [];
    return [...(lines[1] ?? "").matchAll(/(\d+)m([\d.]+)s/g)].reduce((sum, [, minutes, seconds]) => sum + Number(minutes) * 60 + Number(seconds), 0);
}

const total = { passed: 0, failed: 0, skipped: 0 };
const spent = [];
const reasons = new Map();

function account(suite, program, tests, ms) {
    suite.ms += ms;
    for (const test of tests) {
        if (test.skip !== undefined) {
            suite.skipped++;
            const reason = test.skip || test.name;
            reasons.set(reason, (reasons.get(reason) ?? 0) + 1);
        } else if (test.ok) suite.passed++;
        else {
            suite.failed++;
            console.log(`FAILED ${suite.name}: ${program.name}: ${test.name}`);
            if (test.why) console.log(test.why.trimEnd().replace(/^/gm, "    "));
        }
    }
}

async function runProgram(suite, program) {
    const began = performance.now();
    let tests;
    try {
        if (program.check) tests = await program.check();
        else {
            const run = await start(program);
            tests = program.read(run);
            spent.push({ name: `${suite.name}/${program.name}`, cpuS: run.cpuS });
            if (options.name) tests = tests.filter((test) => test.name.includes(options.name));
            if (run.timedOut) tests.push({ name: `took longer than ${program.timeoutS} s`, ok: false, why: tail(run) });
            else if (tests.length === 0 && !options.name) tests.push({ name: "ran no test", ok: false, why: tail(run) });
        }
    } catch (error) {
        tests = [{ name: "could not be run", ok: false, why: String(error.stack ?? error) }];
    }
    account(suite, program, tests, performance.now() - began);
}

async function runAll(list, jobs) {
    const queue = [...list];
    await Promise.all(Array.from({ length: jobs }, async () => {
        for (let next = queue.shift(); next; next = queue.shift()) await runProgram(next.suite, next.program);
    }));
}

process.on("SIGINT", () => {
    for (const child of running) end(child);
    process.exit(130);
});

const only = options.only?.split(",");
const chosen = suites.filter((suite) => !only || only.includes(suite.name));
/* One more than there are cores: half of a test program is waiting. */
const jobs = options.jobs ? Number(options.jobs) : Math.max(2, availableParallelism() + 1);
const list = [];
for (const suite of chosen) {
    Object.assign(suite, { passed: 0, failed: 0, skipped: 0, ms: 0 });
    suite.programs = suite.programs.filter((program) => words.every((word) => `${suite.name}/${program.name}`.includes(word)));
    list.push(...suite.programs.map((program) => ({ suite, program })));
}
// The longest first, so that the last one does not run by itself: programs of C take a second or less.
const isQuick = ({ program }) => program.command !== undefined && program.command[0] !== process.execPath;
list.sort((a, b) => b.program.timeoutS - a.program.timeoutS || isQuick(a) - isQuick(b));
await runAll(list.filter(({ program }) => !program.alone), jobs);
await runAll(list.filter(({ program }) => program.alone), 1);

console.log("");
for (const suite of chosen) {
    if (suite.programs.length === 0 && words.length) continue;
    if (options.name && suite.passed + suite.failed + suite.skipped === 0) continue;
    if (suite.absent) {
        console.log(`${suite.name.padEnd(12)} not run: ${suite.absent}`);
        continue;
    }
    if (suite.passed + suite.failed + suite.skipped === 0) {
        suite.failed++;
        console.log(`FAILED ${suite.name}: the suite ran no test`);
    }
    console.log(`${suite.name.padEnd(12)} ${suite.passed} passed, ${suite.failed} failed, ${suite.skipped} skipped in ${(suite.ms / 1000).toFixed(1)} s`);
    for (const key of Object.keys(total)) total[key] += suite[key];
}
if (options.times) for (const { name, cpuS } of spent.sort((a, b) => b.cpuS - a.cpuS)) console.log(`${cpuS.toFixed(1).padStart(8)} s of processor time: ${name}`);
for (const [reason, count] of reasons) console.log(`skipped${count > 1 ? ` (${count})` : ""}: ${reason}`);
if (total.passed + total.failed === 0) {
    console.log("FAILED: no test was run");
    total.failed++;
}
rmSync(scratch, { recursive: true, force: true });
console.log("");
console.log(`${total.passed} passed, ${total.failed} failed, ${total.skipped} skipped`);
process.exit(total.failed ? 1 : 0);
