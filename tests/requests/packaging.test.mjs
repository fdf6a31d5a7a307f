// What `make run` and `make install` do besides building: the demo is filled once and whole or not at all; what is
// installed works from where it stands.
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { chmodSync, cpSync, existsSync, mkdirSync, readFileSync, readdirSync, rmSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { roomProblems } from "../lint/rooms.mjs";
import { build, gradus, root, scratch, startServer } from "../lib/server.mjs";

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
    const second = run("packaging/fill-demo.sh", [gradus, data, "http://127.0.0.1:8080"]);
    assert.equal(second.status, 0, second.stderr);
    assert.equal(second.stdout, "");
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
        "engine/sandbox/deep.c": '/*\n#include "cert/cert.h"\n*/ # include "cert/cert.h"\n#include "sandbox/x.h"\n#include <seccomp.h>\n',
        "engine/labmodel/up.c": '#include "sandbox/wire.h"\n#include "labmodel/lab_pack.h"\n',
        "engine/lab/private.c": '#include "sandbox/state.h"\n#include "sandbox/sandbox.h"\n',
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
    assert.equal(wanted.length, 9, wanted.join("\n"));
    assert.deepEqual(said.sort(), wanted.sort());
    for (const file of Object.keys(planted)) if (!/base\.h|fine/.test(file)) writeFileSync(join(place, file), "");
    writeFileSync(join(place, "engine/exam/fine.c"), planted["engine/exam/fine.c"].replace('#include "lab/lab.h"\n', ""));
    assert.match(make(join(place, "build/rooms")).stderr, /attic is no room/);
    run("rm", ["-r", join(place, "engine/attic")]);
    const fine = make(join(place, "build/rooms"));
    assert.equal(fine.status, 0, fine.stderr);
});

test("a changed query compiles one object, a new name its room, and a wrong name stops the build with its place", () => {
    const place = scratch("queries");
    const room = (name, used) => ({
        [`engine/${name}/${name}.sql`]: `-- name: ${name}_one\nSELECT 1;\n-- name: ${name}_two\nSELECT 2;\n`,
        [`engine/${name}/${name}.c`]: `#include "${name}/${name}_sql.h"\nint ${name}_used(void);\nint ${name}_used(void) { return SQL_${name}_${used}; }\n`,
    });
    const planted = { ...room("audit", "two"), ...room("exam", "one"), "engine/exam/plain.c": "typedef int nothing;\n" };
    for (const [file, text] of Object.entries(planted)) {
        mkdirSync(join(place, file, ".."), { recursive: true });
        writeFileSync(join(place, file), text);
    }
    for (const file of ["Makefile", "engine/rooms.txt", "engine/tools", "engine/store/store_sql.h"]) cpSync(join(root, file), join(place, file), { recursive: true });
    mkdirSync(join(place, "engine/store/migrations"));
    const make = () => run("make", ["BUILD=build", "build/libgradus.a"], { cwd: place, env: { ...process.env, MAKEFLAGS: "" } });
    const compiled = () => {
        const done = make();
        assert.equal(done.status, 0, done.stdout + done.stderr);
        return [...done.stdout.matchAll(/^ {2}CC {3}(\S+)$/gm)].map((m) => m[1]).sort();
    };
    assert.equal(compiled().length, 8); // three sources, two rooms' texts, both lists, the tool
    assert.deepEqual(compiled(), []);
    const change = (from, to) => writeFileSync(join(place, "engine/exam/exam.sql"), readFileSync(join(place, "engine/exam/exam.sql"), "utf8").replace(from, to));
    change("SELECT 1", "SELECT 11");
    assert.deepEqual(compiled(), ["build/gen/exam/exam_sql.c"]);
    change("-- name: exam_two", "-- name: exam_more\nSELECT 3;\n-- name: exam_two");
    assert.deepEqual(compiled(), ["build/gen/exam/exam_sql.c", "build/gen/store/rooms.c", "engine/exam/exam.c"]);
    for (const [name, said] of [["exam_more", /exam\.sql:5:1: error: this name is taken already/], ["audit_two", /exam\.sql:5:1: error: a query's name begins with its room's/]]) {
        change(/exam_two|audit_two|(?<=SELECT 3;\n-- name: )exam_more/, name);
        const done = make();
        assert.notEqual(done.status, 0);
        assert.match(done.stderr, said);
    }
});

test("what is installed works from where it stands", () => {
    const place = scratch("install");
    const done = run("packaging/install.sh", [build, "/opt/gradus", place]);
    assert.equal(done.status, 0, done.stderr);
    const installed = join(place, "opt/gradus");
    const share = join(installed, "share/gradus");
    assert.deepEqual(readdirSync(share).sort(), ["courses", "labs", "site"]);
    assert.deepEqual(readdirSync(join(share, "courses")).sort(), ["content", "exams", "labs"]);
    assert.deepEqual(readdirSync(join(share, "site")).sort(), ["locale", "static", "templates"]);
    const service = readFileSync(join(installed, "lib/systemd/system/gradus.service"), "utf8");
    assert.doesNotMatch(service, /@PREFIX@/);
    assert.match(service, /^ExecStart=\/opt\/gradus\/bin\/gradus serve /m);
    // Denied as one of @resources before it is allowed: the thread that looks after the database calls it.
    assert.match(service.split("SystemCallFilter=~")[1], /^SystemCallFilter=.*\bsetpriority\b/m);
    const elsewhere = scratch();
    mkdirSync(join(elsewhere, "empty"));
    // The courses have no schema of labs beside them: it comes with the program.
    const check = run(join(installed, "bin/gradus"), ["check", "--root", join(share, "courses")], { cwd: join(elsewhere, "empty") });
    assert.equal(check.status, 0, check.stdout + check.stderr);
    const lab = run(join(installed, "bin/gradus"), ["lab", "run", "field-mapping-dedupe", "--solution", "reference", "--root", join(share, "courses")], { cwd: join(elsewhere, "empty") });
    assert.equal(lab.status, 0, lab.stdout + lab.stderr);
    const fresh = run(join(installed, "bin/gradus"), ["lab", "new", "fresh", "--root", join(share, "courses")], { cwd: join(elsewhere, "empty") });
    assert.equal(fresh.status, 0, fresh.stdout + fresh.stderr);
    // RULE lab-program: a server without the workers' program, or with one of another build, does not start.
    const worker = join(installed, "libexec/gradus/gradus-labs");
    const serve = () => run("timeout", ["20", join(installed, "bin/gradus"), "serve", "--port", "0", "--data", join(elsewhere, "data"), "--root", join(share, "courses")]);
    writeFileSync(worker, "#!/bin/sh\nprintf '+another build' >&3\ncat <&3\n");
    const other = serve();
    assert.equal(other.status, 2, other.stderr);
    assert.match(other.stderr, /gradus-labs, is of another version than this one/);
    rmSync(worker);
    const missing = serve();
    assert.equal(missing.status, 2, missing.stderr);
    assert.match(missing.stderr, /program of the lab workers is missing: .*gradus-labs/);
    assert.ok(!existsSync(join(elsewhere, "data")), "something was written");
});

test("an installed program shows an academy with nothing in it, with the pages that came with it", async (t) => {
    const place = scratch("install");
    assert.equal(run("packaging/install.sh", [build, "/opt/gradus", place]).status, 0);
    const academy = join(place, "var/academy");
    mkdirSync(join(academy, "content"), { recursive: true });
    const server = await startServer({ program: join(place, "opt/gradus/bin/gradus"), data: join(place, "var/data"), args: ["--root", academy], t });
    const page = await fetch(`${server.origin}/login`);
    assert.equal(page.status, 200);
    const programmes = await fetch(`${server.origin}/programmes`);
    assert.doesNotMatch(await programmes.text(), /programmes\/(mops|gradus)/);
    const style = /href="(\/static\/[^"]+\.css)"/.exec(await page.text())[1];
    assert.equal((await fetch(server.origin + style)).status, 200);
});

test("an upgrade replaces what came with the program, and nothing of the academy's", () => {
    const place = scratch("install");
    const install = () => assert.equal(run("packaging/install.sh", [build, "/usr", place]).status, 0);
    install();
    const mine = ["var/lib/gradus/academy/content/mine.md", "etc/default/gradus", "usr/share/gradus/content/mine.md"];
    const old = ["usr/share/gradus/site/templates/old.mustache", "usr/share/gradus/courses/content/old.md"];
    for (const file of [...mine, ...old]) {
        mkdirSync(join(place, file, ".."), { recursive: true });
        writeFileSync(join(place, file), "mine");
    }
    const template = join(place, "usr/share/gradus/site/templates/layout_head.mustache");
    writeFileSync(template, "old");
    install();
    for (const file of mine) assert.equal(readFileSync(join(place, file), "utf8"), "mine", file);
    for (const file of old) assert.ok(!existsSync(join(place, file)), file);
    assert.notEqual(readFileSync(template, "utf8"), "old");
});

test("the service asks for its public address and its proxy, and does not start without", () => {
    const place = scratch("install");
    for (const text of [null, "GRADUS_ORIGIN=https://mine.example\n"]) {
        if (text) writeFileSync(join(place, "etc/default/gradus"), text);
        assert.equal(run("packaging/install.sh", [build, "/opt/gradus", place]).status, 0);
        if (text) assert.equal(readFileSync(join(place, "etc/default/gradus"), "utf8"), text, "an operator's answers are lost");
    }
    const service = readFileSync(join(place, "opt/gradus/lib/systemd/system/gradus.service"), "utf8");
    assert.match(service, /^EnvironmentFile=\/etc\/default\/gradus$/m); // without a hyphen: a missing file is an error
    const words = /^ExecStart=\S+ (.+)$/m.exec(service)[1].split(" ");
    const start = (values) => run("timeout", ["20", gradus, ...words.map((word) => word.replace("${GRADUS_ROOT}", root).replace(/^\$\{(\w+)\}$/, (_, name) => values[name] ?? "").replace("/var/lib/gradus", join(place, "data")).replace(/^8080$/, "0"))]);
    const asked = [...readFileSync(join(root, "packaging/gradus.default"), "utf8").matchAll(/^(\w+)=$/gm)].map((m) => m[1]); // without an answer
    assert.deepEqual(asked, ["GRADUS_ORIGIN", "GRADUS_PROXY"]);
    for (const [values, said] of [[{}, /--origin “” cannot be a public address/], [{ GRADUS_PROXY: "127.0.0.1" }, /--origin “”/], [{ GRADUS_ORIGIN: "https://academy.example" }, /--trust-proxy “” is no address/], [{ GRADUS_ORIGIN: "https://academy.example", GRADUS_PROXY: "localhost" }, /“localhost” is no address/]]) {
        const done = start(values);
        assert.equal(done.status, 2, done.stderr);
        assert.match(done.stderr, said);
        assert.ok(!existsSync(join(place, "data")), "something was written");
    }
    assert.match(words.join(" "), /--second-factor required$/);
});

test("the unit allows as many threads and processes as the program may have", () => {
    const number = (file, pattern) => Number(pattern.exec(readFileSync(join(root, file), "utf8"))[1]);
    const threads = number("engine/server/serve.c", /parse_i64\(optarg, 1, (\d+), &number\)\) s->http\.threads/);
    const workers = number("engine/lab/lab.h", /#define LAB_LIVE_DEFAULT (\d+)/) + number("engine/lab/lab_manager.h", /#define LAB_THREADS (\d+)/);
    const tasks = number("packaging/gradus.service", /^TasksMax=(\d+)$/m);
    assert.ok(tasks >= threads + workers + 32, `${threads} threads and ${workers} workers do not fit in ${tasks}`);
});

test("every library that the build asks for is one that a program uses, and its package is installed", () => {
    const makefile = readFileSync(join(root, "Makefile"), "utf8").replace(/\\\n/g, " ");
    const packages = /^PACKAGES := (.+)$/m.exec(makefile)[1].trim().split(/\s+/);
    assert.ok(packages.length > 10);
    const needed = run("readelf", ["-d", gradus, join(build, "gradus-labs")]).stdout;
    for (const name of packages) {
        const library = /^-l(\S+)/.exec(run("pkg-config", ["--libs-only-l", name]).stdout)?.[1];
        assert.match(needed, new RegExp(`\\[lib${library}(-[0-9.]+)?\\.so`), `${name}: nothing uses -l${library}`);
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

test("make unit says which package is missing, and so does the build", () => {
    const place = scratch("bare");
    for (const [name, text] of [["dpkg-query", "#!/bin/sh\n"], ["pkg-config", "#!/bin/sh\nexit 1\n"]]) {
        writeFileSync(join(place, name), text);
        chmodSync(join(place, name), 0o755);
    }
    const env = { ...process.env, PATH: `${place}:${process.env.PATH}`, MAKEFLAGS: "" };
    const unit = run("make", ["-s", "CC=false", "cmocka"], { env });
    assert.notEqual(unit.status, 0);
    assert.match(unit.stderr, /^ {2}libcmocka-dev +unit tests$/m);
    assert.match(unit.stderr, /packages\.sh test/);
    assert.doesNotMatch(unit.stderr, /cppcheck/, "what is not needed for this");
    const all = run("make", ["-s", `BUILD=${join(place, "build")}`, "all"], { env });
    assert.notEqual(all.status, 0);
    assert.match(all.stderr, /^ {2}libmicrohttpd-dev +HTTP$/m);
    assert.doesNotMatch(all.stderr, /Traceback|command not found/);
});

test("tests can be listed and run by name", () => {
    const runner = (...args) => run("node", ["tests/run.mjs", "--build", build, ...args]);
    const help = runner("--help");
    assert.equal(help.status, 0, help.stderr);
    assert.match(help.stdout, /unit, fault, lint, .*requests/);
    assert.equal(runner("--wrong").status, 2);
    const one = runner("lint/postgres", "--name", "every difference has its reason");
    assert.equal(one.status, 0, one.stdout + one.stderr);
    assert.match(one.stdout, /^1 passed, 0 failed, 0 skipped$/m);
    const none = runner("lint/postgres", "--name", "no test is called so");
    assert.notEqual(none.status, 0);
});
