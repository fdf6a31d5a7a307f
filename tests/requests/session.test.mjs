// From the first sign-in to the last sign-out: passwords that were handed over, sessions that end, what stays in a browser.
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { after, afterEach, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { reseal } from "../lib/seal.mjs";
import { addPerson, makeAcademy, makeDemo, must, parseAnswer, password, roles, setCookies, startServer } from "../lib/server.mjs";
import { until } from "../lib/until.mjs";

const data = makeAcademy();
const server = await startServer({ data });
after(() => server.stop());
afterEach(() => server.assertWell());
const wanted = "six white swans swim";

const sqlite = (sql) => {
    const done = spawnSync("sqlite3", [join(data, "gradus.db"), `\nPRAGMA busy_timeout = 5000; ${sql}`], { encoding: "utf8" });
    assert.equal(done.status, 0, done.stderr);
    return done.stdout.trim();
};

// RULE first-password.
test("a password that was handed over opens nothing but the page to choose another", async () => {
    const issue = {
        page: async (login) => {
            const admin = await server.signedIn("admin");
            const answer = await admin.post("/admin/people", { login, name: login, email: `${login}@i.example`, "roles[]": "learner" }, { from: "/admin/people" });
            return /<code>([a-z0-9-]{23})<\/code>/.exec(await answer.text())[1];
        },
        command: (login) => /^password: (\S+)$/m.exec(must(["user", "add", login, "--name", login, "--email", `${login}@i.example`, "--data", data]))[1],
        typed: (login) => {
            must(["user", "add", login, "--name", login, "--email", `${login}@i.example`, "--password-stdin", "--data", data], { input: `${password}\n` });
            return password;
        },
        reset: (login) => {
            addPerson(data, login);
            return /^password: (\S+)$/m.exec(must(["user", "reset", login.toUpperCase(), "--data", data]))[1];
        },
    };
    const routes = JSON.parse(must(["routes", "--format", "json"])).filter((route) => !route.bearer && !/^\/(static|healthz|metrics)/.test(route.path));
    const open = ["/me/first-password", "/logout", "/me/language"];
    for (const [how, make] of Object.entries(issue)) {
        const login = `issued-${how}`, secret = await make(login), client = await server.signedIn(login, secret);
        const csrf = await client.csrf("/me/first-password");
        for (const { method, path } of routes.filter((route) => !open.includes(route.path))) {
            const address = path.replace(/:[a-z_]+/g, "none").replace(/\*$/, "none");
            const answer = await client.fetch(address, { method, headers: { "x-csrf-token": csrf } });
            await answer.text();
            if (answer.status === 303) assert.equal(answer.headers.get("location"), "/me/first-password", `${method} ${path}`);
            else assert.ok([401, 403].includes(answer.status), `${how}: ${method} ${path} gave ${answer.status}`);
            if (how !== "page") break; // all routes once are enough
        }
        const choose = (choice, again = choice) => client.post("/me/first-password", { new: choice, again }, { from: "/me/first-password" });
        for (const [choice, again, said] of [["short", "short", /at least 10/], [wanted, "other", /differ/], [secret, secret, /the password you have now/]]) {
            const answer = await choose(choice, again);
            assert.equal(answer.status, 400, choice);
            assert.match(await answer.text(), said);
        }
        const before = client.cookies.get("gradus");
        assert.equal((await choose(wanted)).status, 303);
        assert.notEqual(client.cookies.get("gradus"), before, "the token stays the same");
        assert.equal((await client.fetch("/me")).status, 200);
        const again = await server.signedIn(login, wanted);
        assert.equal((await again.fetch("/me")).status, 200);
        assert.equal((await again.fetch("/me/first-password")).headers.get("location"), "/me");
        assert.equal((await again.post("/me/first-password", { new: "nine grey herons wade", again: "nine grey herons wade" })).headers.get("location"), "/me");
        await server.signedIn(login, wanted);
    }
});

test("with the password the session's token changes, and the token of its forms", async () => {
    addPerson(data, "renewed");
    const client = await server.signedIn("renewed"), stolen = server.client(), csrf = await client.csrf("/me");
    stolen.cookies = new Map(client.cookies);
    const same = await client.post("/me/password", { current: password, new: password, again: password });
    assert.equal(same.status, 400);
    assert.match(await same.text(), /the password you have now/);
    assert.equal((await client.post("/me/password", { current: password, new: wanted, again: wanted })).status, 303);
    assert.notEqual(client.cookies.get("gradus"), stolen.cookies.get("gradus"));
    assert.equal((await stolen.fetch("/me")).status, 303);
    assert.equal((await client.fetch("/me")).status, 200);
    assert.equal((await client.fetch("/logout", { method: "POST", body: new URLSearchParams({ csrf }) })).status, 403);
});

test("who does nothing is signed out, with power sooner; who does something stays", async () => {
    const hour = 3600 * 1000, day = 24 * hour;
    for (const [role, idle, most] of [["learner", 3 * day, 14 * day], ["instructor", hour, 12 * hour], ["assessor", hour, 12 * hour], ["admin", hour, 12 * hour]]) {
        const client = await server.signedIn(role);
        const person = `(SELECT id FROM person WHERE login = '${role}')`;
        const newest = sqlite(`SELECT id FROM session WHERE person_id = ${person} ORDER BY created_ms DESC, id LIMIT 1`).split("\n").at(-1);
        const age = async (began, used) => {
            sqlite(`UPDATE session SET created_ms = ${Date.now() - began}, expires_ms = ${Date.now() - began + most} WHERE id = '${newest}'; DELETE FROM session_use WHERE session_id = '${newest}'; INSERT INTO session_use VALUES ('${newest}', ${Date.now() - used})`);
            reseal(data, "session", `id = '${newest}'`);
            await sleep(1100); // what another process changed is seen within a second
            return (await client.fetch("/me")).status;
        };
        assert.equal(await age(idle - 60_000, idle - 60_000), 200, `${role} a minute before`);
        await until("the use is noted", () => Date.now() - Number(sqlite(`SELECT used_ms FROM session_use WHERE session_id = '${newest}'`).split("\n").at(-1)) < 60_000);
        await sleep(1100);
        assert.equal((await client.fetch("/me")).status, 200, `${role}: the use was noted`);
        assert.equal(await age(idle + 1000, idle + 1000), 303, `${role} a second after`);
        assert.equal(await age(most - 60_000, 0), 200, `${role} a minute before the end`);
        assert.equal(await age(most + 1000, 0), 303, `${role} after the end`);
    }
});

test("over https the cookies are this host's alone; over http they have another name", async (t) => {
    const behind = await startServer({ args: ["--origin", "https://academy.example"], t });
    const client = behind.client(), answer = await client.login("learner");
    const cookies = setCookies(answer.headers);
    assert.match(cookies.find((line) => line.startsWith("__Host-gradus=")), /^__Host-gradus=[\w-]{43}; Path=\/; HttpOnly; SameSite=Lax; Max-Age=\d+; Secure$/);
    assert.deepEqual([...client.cookies.keys()].sort(), ["__Host-gradus", "__Host-gradus_guest"]);
    assert.equal((await client.fetch("/me")).status, 200);
    const planted = behind.client();
    planted.cookies.set("gradus", client.cookies.get("__Host-gradus"));
    assert.equal((await planted.fetch("/me")).status, 303, "a cookie that another host of the domain may set is believed");
    const out = await client.post("/logout");
    assert.match(setCookies(out.headers).find((line) => line.startsWith("__Host-gradus=;")), /Max-Age=0; Secure/);
    const plain = await server.signedIn("learner");
    assert.ok(plain.cookies.has("gradus") && ![...plain.cookies.keys()].some((name) => name.startsWith("__Host-")));
});

// RULE no-store.
test("nothing personal stays in a cache, and signing out clears what does", async (t) => {
    const demo = await startServer({ data: makeDemo(), t });
    const routes = JSON.parse(must(["routes", "--format", "json"])).filter((route) => route.method === "GET" && !route.bearer);
    const known = { ":p": "mops", ":l": "associate", ":exam": "mops-associate", ":lab": "none" };
    for (const role of roles) {
        const client = await demo.signedIn(role, "steps-and-levels");
        const name = /<bdi>([^<]+)<\/bdi>/.exec(await client.page("/me"))[1];
        for (const { path } of routes) {
            const answer = await client.fetch(path.replace(/:[a-z_]+/g, (capture) => known[capture] ?? (path.startsWith("/programmes") ? "mops" : "none")).replace(/\*$/, "app.css"));
            const text = await answer.text(), cache = answer.headers.get("cache-control");
            if (/^text\/html|json/.test(answer.headers.get("content-type")) && !/^\/(static|healthz|metrics)/.test(path)) assert.equal(cache, "private, no-store", `${role} ${path}`);
            if (text.includes(name)) assert.doesNotMatch(cache, /public/, `${role} ${path}`);
        }
        if (role !== "learner") continue;
        const number = /\/certificates\/([\w-]+)/.exec(demo.out)?.[1];
        const page = await client.fetch(`/certificates/${number}`);
        assert.ok((await page.text()).includes(name));
        assert.equal(page.headers.get("cache-control"), "private, no-store");
        const out = await client.post("/logout");
        assert.equal(out.headers.get("clear-site-data"), '"cache"');
    }
    const guest = await demo.client().fetch("/login");
    assert.equal(guest.headers.get("cache-control"), "private, no-store"); // its form holds a token
});

// RULE fair-share, with a small share: how fast this machine is does not matter then.
test("who asks for too much at once waits, and nobody else does", async (t) => {
    const own = makeAcademy();
    addPerson(own, "greedy");
    addPerson(own, "patient");
    const busy = await startServer({ data: own, args: ["--share", "1"], t });
    const greedy = await busy.signedIn("greedy"), patient = await busy.signedIn("patient");
    let served = 0, refused;
    const asking = async () => {
        while (!refused && served < 20_000) {
            const answer = await greedy.fetch("/search?q=the+marketing+operations");
            const text = await answer.text();
            if (answer.status === 200) served++;
            else refused ??= { answer, text };
        }
    };
    const flood = Promise.all(Array.from({ length: 32 }, asking));
    while (!refused && served < 20_000) {
        assert.equal((await patient.fetch("/me", { method: "HEAD" })).status, 200);
        await sleep(100);
    }
    await flood;
    assert.equal(refused?.answer.status, 429, `${served} were answered`);
    assert.equal(refused.answer.headers.get("retry-after"), "1");
    assert.match(refused.text, /others would have to wait. What was saved before is safe; try again in a second./);
    assert.equal((await patient.fetch("/me")).status, 200);
    await busy.stop();
});
