// The second factor: set up with the password, asked for at the sign-in, each code once, guesses paced, a way out for who lost it.
import assert from "node:assert/strict";
import { createHmac } from "node:crypto";
import { join } from "node:path";
import { after, afterEach, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { writer } from "../lib/records.mjs";
import { addPerson, command, makeAcademy, must, password, startServer } from "../lib/server.mjs";

const data = makeAcademy();
for (const login of ["holder", "guessed", "loser", "changer", "robbed"]) addPerson(data, login, { roles: "assessor" });
const server = await startServer({ data });
after(() => server.stop());
afterEach(() => server.assertWell());

const page = "/me/second-factor";

/** RFC 4226, section 5.3, and RFC 6238: written here a second time. */
function codeOf(letters, step = Math.floor(Date.now() / 30_000)) {
    const bits = [...letters.replaceAll(" ", "")].map((c) => "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567".indexOf(c).toString(2).padStart(5, "0")).join("");
    const key = Buffer.from(bits.match(/.{8}/g).map((byte) => parseInt(byte, 2)));
    const counter = Buffer.alloc(8);
    counter.writeBigUInt64BE(BigInt(step));
    const hash = createHmac("sha1", key).update(counter).digest(), at = hash.at(-1) & 15;
    return String((hash.readUInt32BE(at) & 0x7fffffff) % 1_000_000).padStart(6, "0");
}

/** Sets it up; the letters of the secret and the recovery codes. */
async function setUp(client, secret = password) {
    assert.equal((await client.post(page, { action: "begin", current: secret }, { from: page })).status, 303);
    const shown = await client.page(page);
    const letters = /<code dir="ltr">([A-Z2-7 ]+)<\/code>/.exec(shown)[1];
    assert.match(shown, /<svg class="qr"/);
    const answer = await client.post(page, { action: "confirm", code: codeOf(letters) }, { from: page });
    const text = await answer.text();
    assert.equal(answer.status, 200, text);
    assert.equal(answer.headers.get("cache-control"), "private, no-store");
    const codes = /<pre[^>]*><code>([\s\S]*?)<\/code>/.exec(text)[1].trim().split("\n");
    assert.equal(codes.length, 10);
    assert.doesNotMatch(await client.page(page), new RegExp(codes[0]));
    return { letters, codes };
}

async function half(login) {
    const client = server.client(), answer = await client.post("/login", { login, password, next: "/me?a=1" }, { from: "/login" });
    assert.equal(answer.headers.get("location"), "/login/code?next=/me%3Fa%3D1");
    return client;
}
const give = (client, code) => client.post("/login/code", { code, next: "/me?a=1" }, { from: "/login/code" });

// RULE second-factor-once.
test("the password alone opens nothing; the code opens once, with another session", async () => {
    const { letters, codes } = await setUp(await server.signedIn("holder"));
    const client = await half("holder"), before = client.cookies.get("gradus");
    const routes = JSON.parse(must(["routes", "--format", "json"])).filter((route) => !route.bearer && !/^\/(static|healthz|metrics|logout|me\/language)|^\/login\/code/.test(route.path));
    const csrf = await client.csrf("/login/code");
    for (const { method, path } of routes) {
        const answer = await client.fetch(path.replace(/:[a-z_]+/g, "none").replace(/\*$/, "none"), { method, headers: { "x-csrf-token": csrf } });
        await answer.text();
        if (answer.status === 303) assert.match(answer.headers.get("location"), /^\/login\/code$/, `${method} ${path}`);
        else assert.ok([401, 403].includes(answer.status), `${method} ${path} gave ${answer.status}`);
    }
    const wrong = await give(client, "000000");
    assert.equal(wrong.status, 403);
    assert.match(await wrong.text(), /This code is wrong, or was used already/);
    // The step before, of now, and after are taken; those further away are not, and none twice.
    const step = Math.floor(Date.now() / 30_000);
    assert.equal((await give(client, codeOf(letters, step + 3))).status, 403);
    const next = await give(client, ` ${codeOf(letters, step + 1).replace(/^.../, "$& ")} `);
    assert.equal(next.status, 303);
    assert.equal(next.headers.get("location"), "/me?a=1");
    assert.notEqual(client.cookies.get("gradus"), before);
    assert.equal((await client.fetch("/assess")).status, 200);
    const stale = server.client();
    stale.cookies.set("gradus", before);
    assert.equal((await stale.fetch("/me")).headers.get("location"), "/login?next=/me");
    const again = await half("holder");
    assert.equal((await give(again, codeOf(letters, step + 1))).status, 403, "a code was taken twice");
    assert.equal((await give(again, codes[3].toUpperCase())).status, 303);
    assert.match(await again.page(page), /9 recovery codes are left/);
    assert.equal((await give(await half("holder"), codes[3])).status, 403, "a recovery code was taken twice");
    assert.match(must(["audit", "verify", "--data", data]), /chain holds/);
});

test("codes are guessed as slowly as passwords", async () => {
    const { letters } = await setUp(await server.signedIn("guessed"));
    const client = await half("guessed"), csrf = await client.csrf("/login/code");
    const answers = await Promise.all(Array.from({ length: 30 }, (_, i) => client.fetch("/login/code", { method: "POST", body: new URLSearchParams({ csrf, code: String(i).padStart(6, "0") }) })));
    const count = (status) => answers.filter((answer) => answer.status === status).length;
    assert.deepEqual([count(403), count(429)], [4, 26]);
    assert.ok(answers.filter((answer) => answer.status === 429).every((answer) => Number(answer.headers.get("retry-after")) > 0));
    assert.equal((await give(client, codeOf(letters, Math.floor(Date.now() / 30_000) + 1))).status, 429);
});

test("where a password or code is asked for again, who must wait is told for how long", async () => {
    for (const [login, path, wrong] of [["waiter", page, { action: "begin", current: "a wrong password" }], ["waiter2", "/me/password", { current: "a wrong password", new: "nine white swans fly", again: "nine white swans fly" }]]) {
        addPerson(data, login);
        const client = await server.signedIn(login), from = path === page ? page : "/me";
        const statuses = [];
        let last;
        do statuses.push((last = await client.post(path, wrong, { from })).status);
        while (last.status === 400 && statuses.length < 12);
        assert.equal(last.status, 429, `${path}: ${statuses}`);
        assert.ok(Number(last.headers.get("retry-after")) > 0, path);
        assert.match(await last.text(), /Wait \d+ second/);
    }
});

// RULE factor-lost.
test("it begins and ends with the password only; whoever lost it is let in by an administrator or the command line", async () => {
    const client = await server.signedIn("loser");
    for (const current of ["", "a wrong password"]) {
        const answer = await client.post(page, { action: "begin", current }, { from: page });
        assert.equal(answer.status, 400);
        assert.match(await answer.text(), /not your password now/);
    }
    await setUp(client);
    assert.equal((await client.post(page, { action: "end", current: "a wrong password" }, { from: page })).status, 400);
    const again = await client.post(page, { action: "begin", current: password }, { from: page });
    assert.equal(again.status, 303);
    assert.match(await client.page(page), /Set up on/, "another one took its place");
    const admin = await server.signedIn("admin");
    const link = /\/admin\/people\/[0-9a-z]+\/name/.exec(await admin.page("/admin/people?q=loser"))[0];
    assert.match(await admin.page(link), /Set up on/);
    assert.equal((await admin.post(link.replace("/name", "/second-factor"), {}, { from: link })).status, 303);
    assert.doesNotMatch(await admin.page(link), /Set up on/);
    // Whoever has the telephone now may have a session, too.
    assert.equal((await client.fetch("/me")).headers.get("location"), "/login?next=/me");
    await setUp(await server.signedIn("loser"));
    const secret = /^password: (\S+)$/m.exec(must(["user", "reset", "loser", "--second-factor", "--data", data]))[1];
    await sleep(1100);
    assert.equal((await (await server.signedIn("loser", secret)).fetch("/me")).headers.get("location"), "/me/first-password");
    const changer = await server.signedIn("changer");
    await setUp(changer);
    assert.equal((await changer.post(page, { action: "end", current: password }, { from: page })).status, 303);
    assert.match(await changer.page(page), /Begin/, "ending one's own ends no session");
    await server.signedIn("changer");
});

test("RULE logged-factor: a factor that was ended, or changed, in the store alone lets nobody in until an administrator ends it", async () => {
    const { changed } = writer(join(data, "gradus.db")), verify = () => command(["audit", "verify", "--data", data]);
    const client = await server.signedIn("robbed"), { codes } = await setUp(client);
    assert.equal(verify().code, 0);
    const id = "(SELECT id FROM person WHERE login = 'robbed')", ours = `person_id = ${id}`, said = /Your second factor is not the one that the academy&#39;s log tells|Your second factor is not the one that the academy's log tells/;
    const signIn = () => server.client().post("/login", { login: "robbed", password }, { from: "/login" });
    for (const [set, told] of [["ended_ms = 1", /the second factor that was logged is not on record/], ["confirmed_ms = NULL", /the second factor that was logged is not on record/], ["secret = zeroblob(20)", /the second factor is not the one that was logged/]])
        await changed("second_factor", ours, set, async () => {
            const answer = await signIn();
            assert.equal(answer.status, 403, set);
            assert.match(await answer.text(), said);
            assert.match(verify().err, told);
        });
    assert.equal((await signIn()).headers.get("location"), "/login/code?next=/");
    assert.equal((await give(await half("robbed"), codes[0])).status, 303);
    await changed("second_factor", ours, "ended_ms = 1", async () => {
        const admin = await server.signedIn("admin"), link = /\/admin\/people\/[0-9a-z]+\/name/.exec(await admin.page("/admin/people?q=robbed"))[0];
        assert.match(await admin.page(link), /It is not the one that was logged/);
        assert.equal((await admin.post(link.replace("/name", "/second-factor"), {}, { from: link })).status, 303);
        assert.equal((await signIn()).headers.get("location"), "/");
        assert.equal(verify().code, 0);
    });
    // Put back, it is one that ended by the log.
    assert.equal((await signIn()).status, 403);
});

// RULE second-factor.
test("where the academy asks for it, who has power sets it up before anything else; who learns need not", async (t) => {
    const strict = await startServer({ t, args: ["--second-factor", "required"] });
    for (const role of ["instructor", "assessor", "admin"]) {
        const client = await strict.signedIn(role);
        assert.equal((await client.fetch("/")).headers.get("location"), page, role);
        assert.equal((await client.fetch("/me")).headers.get("location"), page, role);
        await setUp(client);
        assert.equal((await client.fetch("/me")).status, 200, role);
    }
    assert.equal((await (await strict.signedIn("learner")).fetch("/me")).status, 200);
});
