// RULE lab-same-bytes: the same actions give the same answers and the same state whoever compiled the program.
import assert from "node:assert/strict";
import { execFileSync, spawnSync } from "node:child_process";
import { copyFileSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { build, root, sanitizer, scratch } from "../lib/server.mjs";

const run = (gradus, seed, solution) => {
    const done = spawnSync(gradus, ["lab", "run", "field-mapping-dedupe", "--solution", solution, "--seed", String(seed), "--dialects", "crm=boreal,map=quillon", "--root", root], { encoding: "utf8" });
    assert.ok(done.status === 0 || done.status === 1, done.stdout + done.stderr);
    assert.match(done.stdout, /^answers [0-9a-f]{16}$/m);
    assert.match(done.stdout, /, state [0-9a-f]{16}\n$/);
    return done.stdout;
};
const has = (compiler) => spawnSync(compiler, ["--version"]).status === 0;

test("two processes of one build", () => {
    for (const solution of ["reference", "same-phone"]) assert.equal(run(join(build, "gradus"), 7, solution), run(join(build, "gradus"), 7, solution));
    assert.notEqual(run(join(build, "gradus"), 7, "reference"), run(join(build, "gradus"), 8, "reference"));
});

for (const [compiler, opt] of [["gcc", "-O0"], ["clang", "-O2"]])
    test(`the lab workers' program as ${compiler} ${opt} makes it`, { skip: sanitizer ? "sanitizers have an environment of their own" : !has(compiler) && `${compiler} is not on this machine` }, () => {
        const place = scratch("builds"), folder = join(place, compiler);
        execFileSync("make", ["--no-print-directory", `BUILD=${folder}`, `CC=${compiler}`, `OPT=${opt}`, "HARDEN=", join(folder, "gradus-labs")], { cwd: root, stdio: ["ignore", "ignore", "inherit"], env: { ...process.env, MAKEFLAGS: "" } });
        // The program looks for its workers beside itself, where links lead.
        copyFileSync(join(build, "gradus"), join(folder, "gradus"));
        for (const [seed, solution] of [[7, "reference"], [11, "same-phone"]])
            assert.equal(run(join(folder, "gradus"), seed, solution), run(join(build, "gradus"), seed, solution), `${solution}, seed ${seed}`);
    });

// The C library chooses its functions by what the processor can do; an older processor gets others.
const older = "glibc.cpu.hwcaps=-AVX512F,-AVX512VL,-AVX512BW,-AVX2,-AVX,-BMI2,-SSE4_2,-SSSE3,-ERMS,-FSRM";
const linker = "/lib64/ld-linux-x86-64.so.2";
const chosen = (tunables) => spawnSync(linker, ["--list-diagnostics"], { encoding: "utf8", env: tunables ? { GLIBC_TUNABLES: tunables } : {} }).stdout ?? "";

test("the lab workers' program on an older processor", { skip: sanitizer ? "sanitizers have an environment of their own" : !chosen("") && "this C library does not tell what it chose" }, () => {
    assert.notEqual(chosen(older).replaceAll(older, ""), chosen(""), "the C library takes no notice");
    const folder = join(scratch("older"), "programs");
    mkdirSync(folder);
    copyFileSync(join(build, "gradus"), join(folder, "gradus"));
    writeFileSync(join(folder, "gradus-labs"), `#!/bin/sh\nGLIBC_TUNABLES=${older} exec '${join(build, "gradus-labs")}'\n`, { mode: 0o755 });
    for (const [seed, solution] of [[7, "reference"], [11, "same-phone"]])
        assert.equal(run(join(folder, "gradus"), seed, solution), run(join(build, "gradus"), seed, solution), `${solution}, seed ${seed}`);
});
