// Plants faults in the rules of a room, one at a time, and lists those that no test finds.
//
//   node tests/mutate/mutate.mjs --build build/mutate [--room exam]… [--file engine/exam/exam_score.c]… [--sample 150] [--minutes 10]
//                                [--seed 1] [--units] [--tests exam/test_form]… [--handlers] [--again] [--jobs 2] [--list] [--unreached]
//
// All faults of a room are compiled at once, each behind a switch, into a libfault.so that takes the place of these files
// (make mutate links all programs against shared libraries). A first run of the tests says which of them reaches which fault;
// then one run of those for each fault. The unit tests, which take milliseconds, come first; only what survives them is asked of
// the room's request scripts, which take seconds each. --units: the unit tests alone. --handlers: also the files that nothing but
// requests reaches. --tests: of the unit tests, only these programs, for a quick look. --again: only those that survived the
// last time. --list: the faults, without running any. --minutes: as many as the unit tests can be asked of in so long.
// --unreached: those that no test comes to, which is known after the first run. Ends with 1 when more than 3 of 100 survive.
import { execFile, spawn } from "node:child_process";
import { closeSync, existsSync, ftruncateSync, mkdirSync, mkdtempSync, openSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join, resolve } from "node:path";
import { parseArgs, promisify } from "node:util";
import { faultsOf, instrumented, prelude, swapClaims, switchSource } from "./faults.mjs";
import { equivalents, filesOf, rooms, staleProblems } from "./rooms.mjs";

const exec = promisify(execFile);
const ALLOWED_PERCENT = 3;

process.chdir(resolve(import.meta.dirname ?? new URL(".", import.meta.url).pathname, "../.."));
const { values: options } = parseArgs({
    options: {
        build: { type: "string", default: "build/mutate" },
        room: { type: "string", multiple: true },
        file: { type: "string", multiple: true },
        sample: { type: "string" },
        minutes: { type: "string" },
        seed: { type: "string", default: "1" },
        jobs: { type: "string", default: "2" },
        units: { type: "boolean", default: false },
        tests: { type: "string", multiple: true },
        handlers: { type: "boolean", default: false },
        again: { type: "boolean", default: false },
        list: { type: "boolean", default: false },
        unreached: { type: "boolean", default: false },
    },
});
const build = resolve(options.build);

/** A sequence that is the same on every machine (mulberry32). */
function chance(seed) {
    let state = seed >>> 0;
    return () => {
        state = (state + 0x6d2b79f5) >>> 0;
        let t = state;
        t = Math.imul(t ^ (t >>> 15), t | 1);
        t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
        return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
    };
}

function shuffled(list, seed) {
    const next = chance(seed);
    const out = [...list];
    for (let i = out.length - 1; i > 0; i--) {
        const j = Math.floor(next() * (i + 1));
        [out[i], out[j]] = [out[j], out[i]];
    }
    return out;
}

async function inParallel(list, jobs, work) {
    const queue = [...list];
    await Promise.all(Array.from({ length: jobs }, async () => {
        for (let next = queue.shift(); next !== undefined; next = queue.shift()) await work(next);
    }));
}

// ---- Planting ------------------------------------------------------------------------------------

const flags = existsSync(join(build, "flags")) ? readFileSync(join(build, "flags"), "utf8").trim().replace(/ -W(?![lp],)\S+/g, "") : "";
const compiler = flags.split(" ")[0];

/** Compiles; undefined when it is well, else what the compiler said. */
async function compile(source, object, include, more = "") {
    try {
        await exec("sh", ["-c", `${flags} ${more} -fdiagnostics-color=never -Werror=vla -Werror=incompatible-pointer-types -Werror=int-conversion -iquote ${include} -c -o "$1" "$0" 2>&1`, source, object], { maxBuffer: 1 << 26 });
        return undefined;
    } catch (error) {
        return error.stdout || String(error);
    }
}

/** Leaves out the swaps of arguments of unlike types: nobody makes these unseen. */
async function dropUnlikeSwaps(file, source, copy) {
    const swaps = file.faults.filter((fault) => fault.kind === "swap");
    if (!swaps.length) return;
    writeFileSync(copy, swapClaims(source, file.parsed, swaps));
    const said = (await compile(copy, "/dev/null", dirname(file.path), "-fsyntax-only")) ?? "";
    for (const hit of said.matchAll(/"swap (\d+)"/g)) swaps[Number(hit[1])].unlike = true;
    file.faults = file.faults.filter((fault) => !fault.unlike);
}

/** Compiles a file with all of its faults. What the compiler does not take behind a switch is marked: it is planted alone. */
async function plant(file, folder) {
    const source = readFileSync(file.path, "utf8");
    const copy = join(folder, file.path);
    file.object = copy.replace(/\.c$/, ".o");
    mkdirSync(dirname(copy), { recursive: true });
    await dropUnlikeSwaps(file, source, copy);
    let complaint = "";
    for (let round = 0; round < 8; round++) {
        const behind = file.faults.filter((fault) => !fault.alone && !fault.size);
        const { text, left } = instrumented(source, file.parsed, new Map(behind.map((fault) => [fault, fault.number])));
        for (const fault of left) fault.alone = true;
        writeFileSync(copy, prelude + text);
        const said = await compile(copy, file.object, dirname(file.path));
        if (said === undefined) return;
        complaint = said;
        for (const hit of said.matchAll(/:(\d+):\d+: error: ([^\n]*)/g)) {
            // The line itself, or the last one before it on which something was planted.
            const lines = behind.map((fault) => fault.line).filter((line) => line <= Number(hit[1]));
            const line = lines.reduce((most, each) => Math.max(most, each), -1);
            const after = behind.map((fault) => fault.line).filter((other) => other > Number(hit[1])).reduce((least, each) => Math.min(least, each), Infinity);
            for (const fault of behind) if (fault.line === line || (round > 1 && fault.line === after)) fault[/-Werror=vla/.test(hit[2]) ? "size" : "alone"] = true;
        }
    }
    throw new Error(`${file.path}: does not compile with its faults:\n${complaint.slice(0, 2000)}`);
}

/** A library for a fault that stands by itself; undefined when no compiler takes it. */
async function plantAlone(fault, room) {
    const { file } = fault;
    const folder = join(room.folder, `alone-${fault.number}`);
    const source = readFileSync(file.path, "utf8");
    const { text, left } = instrumented(source, file.parsed, new Map([[fault, fault.number]]));
    if (left.length) return undefined;
    mkdirSync(folder, { recursive: true });
    const copy = join(folder, "fault.c");
    const whole = text.replaceAll(`fault_here(${fault.number})`, "1");
    writeFileSync(copy, prelude + whole);
    if ((await compile(copy, join(folder, "fault.o"), dirname(file.path))) !== undefined) return undefined;
    await link(folder, room.files.map((other) => (other === file ? join(folder, "fault.o") : other.object)), room.switchObject);
    return folder;
}

async function link(folder, objects, switchObject) {
    await exec("sh", ["-c", `${compiler} -shared -Wl,-soname,libfault.so -o "$0" "$@"`, join(folder, "libfault.so"), ...objects, switchObject]);
}

async function prepare(name) {
    const folder = join(build, "faults", name);
    rmSync(folder, { recursive: true, force: true });
    mkdirSync(folder, { recursive: true });
    const paths = filesOf(name, options.handlers).filter((path) => !options.file || options.file.includes(path));
    const room = { name, folder, files: paths.map((path) => ({ path, parsed: faultsOf(readFileSync(path, "utf8")) })), count: 0 };
    for (const file of room.files) {
        file.faults = file.parsed.faults;
        for (const fault of file.faults) Object.assign(fault, { file, number: room.count++ });
    }
    if (options.list) return room;
    await inParallel(room.files, Number(options.jobs), (file) => plant(file, folder));
    writeFileSync(join(folder, "switch.c"), switchSource(room.count));
    room.switchObject = join(folder, "switch.o");
    await exec("sh", ["-c", `${compiler} -O1 -fPIC -c -o "$1" "$0"`, join(folder, "switch.c"), room.switchObject]);
    await link(folder, room.files.map((file) => file.object), room.switchObject);
    return room;
}

// ---- Running -------------------------------------------------------------------------------------

function unitsOf(name) {
    const wanted = (unit) => !options.tests || options.tests.some((word) => unit.includes(word));
    return rooms[name].units().filter(wanted).map((unit) => ({ name: unit, command: [join(build, "tests", unit)], preload: true })).filter((program) => existsSync(program.command[0]));
}

function requestsOf(name) {
    if (options.units) return [];
    return rooms[name].requests.map((script) => ({ name: `requests/${script}`, command: [process.execPath, "--test-reporter=tap", `tests/requests/${script}.test.mjs`] }));
}

/** Runs a program with a fault: {failed, ms}. It is ended at its first test that fails, and when it takes far too long. */
function run(program, library, environment) {
    return new Promise((done) => {
        const began = performance.now();
        const wall = program.ms ? program.ms * 10 + 20_000 : 600_000;
        const limit = Math.ceil((program.ms ?? 300_000) / 1000) + 2;
        // A test that is ended leaves its files.
        const scratch = mkdtempSync(join(tmpdir(), "gradus-fault-"));
        const env = { ...process.env, TMPDIR: scratch, GRADUS_BUILD: build, GRADUS_SANITIZER: "", CMOCKA_MESSAGE_OUTPUT: "TAP", LD_LIBRARY_PATH: library, ...environment };
        // Programs of tests are told by hand; the engine, which scripts start, finds the library by its name.
        const first = program.preload ? ["env", `LD_PRELOAD=${join(library, "libfault.so")}`] : [];
        const child = spawn("prlimit", [`--cpu=${limit}`, "--core=0", ...first, ...program.command], { env, stdio: ["ignore", "pipe", "ignore"], detached: true });
        let failed = false;
        let out = "";
        const end = () => {
            try {
                process.kill(-child.pid, "SIGKILL");
            } catch {
                // gone already
            }
        };
        const timer = setTimeout(() => {
            failed = true;
            end();
        }, wall);
        child.stdout.setEncoding("utf8").on("data", (chunk) => {
            out = (out + chunk).slice(-100_000);
            if (/^\s*not ok (?!.*# SKIP)/im.test(out)) {
                failed = true;
                if (environment.GRADUS_FAULT) end();
            }
        });
        child.on("close", (code) => {
            clearTimeout(timer);
            end();
            rmSync(scratch, { recursive: true, force: true, maxRetries: 5 });
            done({ failed: failed || code !== 0, ms: performance.now() - began, out });
        });
    });
}

/** Which faults each program reaches; and that all of them pass without a fault. */
async function measure(room, programs) {
    await inParallel(programs, Number(options.jobs), async (program) => {
        const path = join(room.folder, `${program.name.replaceAll("/", "-")}.reached`);
        const fd = openSync(path, "w+");
        ftruncateSync(fd, room.count + 1);
        closeSync(fd);
        const result = await run(program, room.folder, { GRADUS_FAULT_REACHED: path });
        if (result.failed) throw new Error(`${program.name} fails without a fault:\n${result.out.slice(-2000)}`);
        program.ms = result.ms;
        program.kills = 0;
        program.reached = readFileSync(path);
    });
}

/** The test that finds the fault, "" when none does, undefined when it cannot be planted. */
async function hunt(room, programs, fault) {
    let reaching = programs.filter((program) => program.reached[fault.number]);
    fault.library ??= room.folder;
    if (fault.alone) {
        reaching = programs.filter((program) => fault.file.faults.some((other) => program.reached[other.number]));
        if (fault.library === room.folder) fault.library = await plantAlone(fault, room);
        if (!fault.library) return undefined;
    }
    fault.reaching = (fault.reaching ?? 0) + reaching.length;
    reaching.sort((a, b) => b.kills / b.ms - a.kills / a.ms || a.ms - b.ms);
    for (const program of reaching)
        if ((await run(program, fault.library, { GRADUS_FAULT: String(fault.number) })).failed) {
            program.kills++;
            return program.name;
        }
    return "";
}

const excused = equivalents();
const stale = staleProblems(excused);
if (stale.length) {
    console.error(stale.join("\n"));
    process.exit(2);
}

async function mutate(name) {
    const room = await prepare(name);
    const all = room.files.flatMap((file) => file.faults).filter((fault) => !fault.size);
    if (options.list) {
        for (const fault of all) console.log(`${fault.file.path}:${fault.line}: ${fault.key}`);
        return 0;
    }
    const record = join(build, "faults", `${name}.survivors.json`);
    const units = unitsOf(name);
    const requests = requestsOf(name);
    await measure(room, units);
    if (options.unreached) {
        await measure(room, requests);
        const programs = [...units, ...requests];
        for (const fault of all.filter((each) => !each.alone && !programs.some((program) => program.reached[each.number]))) console.log(`${fault.file.path}:${fault.line}: ${fault.key}`);
        return 0;
    }
    const same = (fault) => (entry) => entry.file === fault.file.path && entry.key === fault.key;
    const before = options.again && existsSync(record) ? JSON.parse(readFileSync(record, "utf8")) : undefined;
    const queue = shuffled(all, Number(options.seed)).filter((fault) => !excused.some(same(fault)) && (!before || before.some(same(fault))));
    const wanted = options.sample ? Number(options.sample) : Infinity;
    const until = options.minutes ? performance.now() + Number(options.minutes) * 60_000 : Infinity;
    const left = [];
    const tried = [];
    let taken = 0;
    await inParallel(Array.from({ length: Number(options.jobs) }, (_, i) => i), Number(options.jobs), async () => {
        while (taken < wanted && queue.length && performance.now() < until) {
            taken++;
            const fault = queue.shift();
            const found = await hunt(room, units, fault);
            if (found === undefined) {
                taken--;
                continue;
            }
            tried.push(fault);
            if (found === "") left.push(fault);
        }
    });
    const survivors = [];
    if (left.length) await measure(room, requests);
    await inParallel(left, Number(options.jobs), async (fault) => {
        if (await hunt(room, requests, fault)) return;
        survivors.push(fault);
        console.log(`${fault.file.path}:${fault.line}: ${fault.reaching ? "" : "(no test comes here) "}${fault.key}`);
    });
    writeFileSync(record, JSON.stringify(survivors.map((fault) => ({ file: fault.file.path, key: fault.key })), null, 1));
    for (const file of room.files) {
        const of = (list) => list.filter((entry) => (entry.file.path ?? entry.file) === file.path).length;
        console.log(`${file.path}: ${of(tried)} planted, ${of(survivors)} survived, ${of(excused)} excused`);
    }
    const planted = tried.length;
    const percent = planted ? (100 * survivors.length) / planted : 0;
    const blank = survivors.filter((fault) => !fault.reaching).length;
    console.log(`${name}: ${planted} of ${all.length} faults planted, ${left.length} survived the unit tests, ${survivors.length} all tests (${percent.toFixed(1)} %), ${blank} of them where no test comes`);
    return percent;
}

let worst = 0;
for (const name of options.room ?? (options.file ? [...new Set(options.file.map((path) => path.split("/")[1]))] : Object.keys(rooms))) {
    if (!rooms[name]) {
        console.error(`no such room: ${name} (${Object.keys(rooms).join(", ")})`);
        process.exit(2);
    }
    worst = Math.max(worst, await mutate(name));
}
process.exitCode = worst > ALLOWED_PERCENT ? 1 : 0; // what is printed into a pipe is still on its way
