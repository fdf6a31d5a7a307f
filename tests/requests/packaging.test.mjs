// What `make run` and `make install` do besides building: the demo is filled once and whole or not at all; what is
// installed works from where it stands.
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { chmodSync, cpSync, existsSync, mkdirSync, readFileSync, readdirSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { roomProblems } from "../lint/rooms.mjs";
import { build, gradus, root, scratch } from "../lib/server.mjs";

const run = (file, args, options = {}) => spawnSync(file, args, { cwd: root, encoding: "utf8", ...options });

test("the demo is filled once and keeps its data", () => {
    const data = join(scratch(), "data");
    const first = run("packaging/fill-demo.sh", [gradus, data, "http://127.0.0.1:8080"]);
    assert.equal(first.status, 0, first.stderr);
    assert.ok(existsSync(join(data, "gradus.db")));
    assert.ok(existsSync(join(data, "demo.json")));
    assert.ok(!existsSync(`${data}.filling`));
    writeFileSync(join(data, "mine"), "kept");
    const before = statSync(join(data, "gradus.db")).mtimeMs;
    const began = performance.now();
    const second = run("packaging/fill-demo.sh", [gradus, data, "http://127.0.0.1:8080"]);
    assert.equal(second.status, 0, second.stderr);
    assert.equal(second.stdout, "");
    assert.ok(performance.now() - began < 1000);
    assert.equal(statSync(join(data, "gradus.db")).mtimeMs, before);
    assert.equal(readFileSync(join(data, "mine"), "utf8"), "kept");
});

test("a demo that was broken off leaves nothing that looks whole, and is filled anew", () => {
    const folder = scratch();
    const data = join(folder, "data");
    const broken = join(folder, "gradus");
    writeFileSync(broken, '#!/bin/sh\nwhile [ "$1" != --data ]; do shift; done\nmkdir -p "$2"\necho half >"$2/gradus.db"\nexit 1\n');
    chmodSync(broken, 0o755);
    assert.notEqual(run("packaging/fill-demo.sh", [broken, data, "http://127.0.0.1:8080"]).status, 0);
    assert.ok(!existsSync(join(data, "gradus.db")));
    const again = run("packaging/fill-demo.sh", [gradus, data, "http://127.0.0.1:8080"]);
    assert.equal(again.status, 0, again.stderr);
    assert.notEqual(readFileSync(join(data, "gradus.db"), "latin1").slice(0, 4), "half");
});

test("an include against the order of the rooms fails the build, and the lint sees the same", () => {
    const planted = {
        "engine/base/base.h": '#include <stdint.h>\n',
        "engine/base/up.c": '#include "base/base.h"\n#include "http/http.h"\n',
        "engine/exam/door.c": '/* #include "server/server.h" */\n#include "page/page.h"\n#include "page/view.h" /* private */\n',
        "engine/exam/fine.c": '#include "exam/exam_inside.h"\n#include "content/content.h"\nstatic const char *s = "/*";\n// http://x/*\n#include "lab/lab.h"\n',
        "engine/lab/sandbox/deep.c": '/*\n#include "cert/cert.h"\n*/ # include "cert/cert.h"\n#include "lab/sandbox/x.h"\n#include <seccomp.h>\n',
        "engine/cert/library.c": '#  include   <sqlite3.h>\n#include <microhttpd.h> // here\n#include "local.h"\n',
        "engine/attic/old.c": '#include "base/base.h"\n',
    };
    const place = scratch("rooms");
    for (const [file, text] of Object.entries(planted)) {
        mkdirSync(join(place, file, ".."), { recursive: true });
        writeFileSync(join(place, file), text);
    }
    for (const file of ["Makefile", "engine/rooms.txt", "engine/tools"]) cpSync(join(root, file), join(place, file), { recursive: true });
    const make = (target) => run("make", ["-s", `BUILD=${join(place, "build")}`, target], { cwd: place, env: { ...process.env, MAKEFLAGS: "" } });
    const failed = make("all");
    assert.notEqual(failed.status, 0, failed.stdout);
    const said = failed.stderr.split("\n").filter((line) => line.startsWith("engine/"));
    const wanted = roomProblems(Object.keys(planted), (file) => planted[file]);
    assert.equal(wanted.length, 7, wanted.join("\n"));
    assert.deepEqual(said.sort(), wanted.sort());
    for (const file of Object.keys(planted)) if (!/base\.h|fine/.test(file)) writeFileSync(join(place, file), "");
    writeFileSync(join(place, "engine/exam/fine.c"), planted["engine/exam/fine.c"].replace('#include "lab/lab.h"\n', ""));
    assert.match(make(join(place, "build/rooms")).stderr, /attic is no room/);
    run("rm", ["-r", join(place, "engine/attic")]);
    const fine = make(join(place, "build/rooms"));
    assert.equal(fine.status, 0, fine.stderr);
});

test("what is installed works from where it stands", () => {
    const place = scratch("install");
    const done = run("packaging/install.sh", [build, "/opt/gradus", place]);
    assert.equal(done.status, 0, done.stderr);
    const installed = join(place, "opt/gradus");
    const share = join(installed, "share/gradus");
    assert.deepEqual(readdirSync(share).sort(), ["content", "exams", "labs", "site"]);
    assert.ok(!existsSync(join(share, "site/node_modules")));
    const service = readFileSync(join(installed, "lib/systemd/system/gradus.service"), "utf8");
    assert.doesNotMatch(service, /@PREFIX@/);
    assert.match(service, /^ExecStart=\/opt\/gradus\/bin\/gradus serve /m);
    const elsewhere = scratch();
    mkdirSync(join(elsewhere, "empty"));
    const check = run(join(installed, "bin/gradus"), ["check", "--root", share], { cwd: join(elsewhere, "empty") });
    assert.equal(check.status, 0, check.stdout + check.stderr);
});

test("the unit allows as many threads and processes as the program may have", () => {
    const number = (file, pattern) => Number(pattern.exec(readFileSync(join(root, file), "utf8"))[1]);
    const threads = number("engine/server/serve.c", /parse_i64\(optarg, 1, (\d+), &number\)\) s->http\.threads/);
    const workers = number("engine/lab/lab_manager.h", /#define LAB_LIVE_DEFAULT (\d+)/) + number("engine/lab/lab_manager.h", /#define LAB_THREADS (\d+)/);
    const tasks = number("packaging/gradus.service", /^TasksMax=(\d+)$/m);
    assert.ok(tasks >= threads + workers + 32, `${threads} threads and ${workers} workers do not fit in ${tasks}`);
});

test("every library that the build asks for is one that the program uses, and its package is installed", () => {
    const makefile = readFileSync(join(root, "Makefile"), "utf8").replace(/\\\n/g, " ");
    const packages = /^PACKAGES := (.+)$/m.exec(makefile)[1].trim().split(/\s+/);
    assert.ok(packages.length > 10);
    const needed = run("readelf", ["-d", gradus]).stdout;
    for (const name of packages) {
        const library = /^-l(\S+)/.exec(run("pkg-config", ["--libs-only-l", name]).stdout)?.[1];
        assert.ok(needed.includes(`[lib${library}.so`), `${name}: nothing uses -l${library}`);
    }
    const wanted = run("packaging/packages.sh", ["run", "--list"]).stdout.split("\n").filter((name) => /-dev$/.test(name) && name !== "libc6-dev");
    assert.equal(wanted.length, packages.length - 1 + 2, "ICU has two libraries in one package, Markdown two packages without pkg-config");
});

test("the packages that Debian must have are asked for by name, with a reason each", () => {
    for (const kind of ["run", "test"]) {
        const list = run("packaging/packages.sh", [kind, "--list"]);
        assert.equal(list.status, 0, list.stderr);
        const names = list.stdout.trim().split("\n");
        assert.ok(names.length > 5);
        assert.deepEqual([...new Set(names)], names, "a package stands twice");
        for (const name of names) assert.match(name, /^[a-z0-9][a-z0-9+.-]+$/);
    }
    // Nothing is missing here any more: the second time it is silent and quick.
    const again = run("packaging/packages.sh", ["run"]);
    assert.equal(again.status, 0);
    assert.equal(again.stdout, "");
});
