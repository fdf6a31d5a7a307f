// What is in the process of a lab worker is what the linker put into build/gradus-labs, and the server has none of it: read
// from the programs themselves, whatever engine/rooms.txt and the Makefile say.
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { existsSync, readFileSync, readdirSync } from "node:fs";
import { join, resolve } from "node:path";
import test from "node:test";

const build = resolve(process.env.GRADUS_BUILD ?? "build");
const server = join(build, "gradus"), worker = join(build, "gradus-labs");
const run = (file, args) => execFileSync(file, args, { encoding: "utf8", maxBuffer: 64 * 1024 * 1024 });

/** Symbols that files define: functions and data. Of objects the global ones; a linker may make those of a program local. */
const defined = (kinds, files) => new Set(run("nm", ["--defined-only", ...files]).split("\n").map((line) => new RegExp(`^[0-9a-f]+ ${kinds} (\\w+)$`).exec(line)?.[1]).filter(Boolean));
const symbols = (program) => defined("[TDBRtdbr]", [program]);
const objects = (room) => {
    const folder = join(build, "obj", room);
    return readdirSync(folder).filter((name) => name.endsWith(".o") && name !== "main.o" && existsSync(`engine/${room}/${name.replace(/\.o$/, ".c")}`)).map((name) => join(folder, name));
};
const rooms = readdirSync("engine", { withFileTypes: true }).filter((entry) => entry.isDirectory() && !["tools"].includes(entry.name)).map((entry) => entry.name);
const libraries = (file) => [...run("readelf", ["-d", file]).matchAll(/\(NEEDED\).*\[(lib[^\]]+?)\.so/g)].map((m) => m[1]);

/** Written by hand: what a worker may consist of. */
const allowed = ["base", "doc", "labmodel", "sandbox"];

test("a worker has nothing of the other rooms", () => {
    const inside = symbols(worker);
    assert.ok(inside.has("worker_serve") && inside.has("lab_stack_read"));
    let looked = 0;
    for (const room of rooms.filter((name) => !allowed.includes(name))) {
        const theirs = [...defined("[TDBR]", objects(room))];
        looked += theirs.length;
        assert.deepEqual(theirs.filter((name) => inside.has(name)), [], `${room} is in the worker`);
    }
    assert.ok(looked > 500, `${looked} symbols of other rooms`);
});

test("a worker has the libraries of its work only", () => {
    const sanitizers = /^lib(?:asan|ubsan|tsan|gcc_s|m)$/;
    assert.deepEqual(libraries(worker).filter((name) => !sanitizers.test(name)).sort(), ["libc", "libjansson", "libseccomp", "libsodium", "libsqlite3", "libxml2"]);
});

test("the server has no step, no console and no jail", () => {
    const inside = symbols(server);
    assert.ok(inside.has("zygote_start") && inside.has("author_sql_new"));
    for (const name of ["worker_serve", "zygote_main", "jail_enter", "state_new", "step_begin", "api_step", "console_step", "view_answer"]) {
        assert.ok(symbols(worker).has(name), `${name} has another name now`);
        assert.ok(!inside.has(name), `${name} is in the server`);
    }
    assert.ok(!libraries(server).includes("libseccomp"));
});

test("both programs are of the same sources, and stand anywhere in memory", () => {
    const version = run(worker, ["--version"]).trim();
    assert.match(version, /^[0-9a-f]{16} gradus-lab-\d+ sqlite-[\d.]+$/);
    assert.ok(readFileSync(server).includes(version.split(" ")[0]));
    for (const file of [server, worker]) {
        assert.match(run("readelf", ["-h", file]), /Type:\s+DYN/);
        assert.match(run("readelf", ["-d", file]), /FLAGS.*(?:BIND_)?NOW/);
    }
});
