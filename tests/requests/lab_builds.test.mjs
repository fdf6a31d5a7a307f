// RULE lab-same-bytes: the same actions give the same answers and the same state whoever compiled the program.
import assert from "node:assert/strict";
import { execFileSync, spawnSync } from "node:child_process";
import { copyFileSync } from "node:fs";
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
