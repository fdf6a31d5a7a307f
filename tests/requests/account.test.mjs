// Accounts under attack: guessing with many tries at once, guessing at an open session, powers that ended meanwhile.
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { after, afterEach, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { addPerson, makeAcademy, must, parseAnswer, password, startServer, setCookies } from "../lib/server.mjs";

const data = makeAcademy();
for (const login of ["crowded", "guessed", "second"]) addPerson(data, login);
addPerson(data, "deputy", { roles: "admin" });
addPerson(data, "helper", { roles: "assessor" });
for (const login of ["reset-me", "slow-sender", "third", "learner-too"]) addPerson(data, login);
const server = await startServer({ data });
after(() => server.stop());
afterEach(() => server.assertWell());

const statuses = (answers) => answers.map((answer) => answer.status).sort();
const count = (answers, status) => answers.filter((answer) => answer.status === status).length;

/** `secrets` at once, each as a form of its own. */
async function signInAtOnce(login, secrets) {
    const guest = server.client();
    const csrf = await guest.csrf("/login");
    return Promise.all(secrets.map((secret) => guest.fetch("/login", { method: "POST", body: new URLSearchParams({ csrf, login, password: secret }) })));
}

test("forty guesses at once are four, and the right one among the late ones tells nothing", async () => {
    const wrong = await signInAtOnce("crowded", Array.from({ length: 40 }, (_, i) => `a wrong password ${i}`));
    assert.deepEqual([count(wrong, 403), count(wrong, 429)], [4, 36], statuses(wrong).join(" "));
    assert.ok(wrong.filter((answer) => answer.status === 429).every((answer) => Number(answer.headers.get("retry-after")) > 0));
    const right = (await signInAtOnce("learner", [...Array.from({ length: 14 }, (_, i) => `a wrong password ${i}`), password])).at(-1); // sent last: nine more than are looked at stand before it
    assert.equal(right.status, 429);
    assert.equal(setCookies(right.headers).some((line) => line.startsWith("gradus=")), false);
});

test("many people of one address sign in at once", async () => {
    const answers = (await Promise.all(["assessor", "second", "instructor"].map((login) => signInAtOnce(login, Array(6).fill(password))))).flat();
    assert.deepEqual([...new Set(statuses(answers))], [303]);
});

test("the password is not guessed at an open session either", async () => {
    const client = await server.signedIn("guessed");
    const csrf = await client.csrf("/me");
    const change = (current) => client.fetch("/me/password", { method: "POST", body: new URLSearchParams({ csrf, current, new: "six white swans swim", again: "six white swans swim" }) });
    const answers = await Promise.all(Array.from({ length: 20 }, (_, i) => change(`a wrong password ${i}`)));
    assert.deepEqual([...new Set(statuses(answers))].sort(), [400, 429]);
    assert.ok(answers.every((answer) => (answer.status === 429) === (answer.headers.get("retry-after") !== null)));
    const texts = await Promise.all(answers.map((answer) => answer.text()));
    const looked = texts.filter((text) => text.includes("This is not your password now")).length;
    assert.equal(looked, 5); // this person is known here
    assert.equal(texts.filter((text) => text.includes("several wrong attempts")).length, 20 - looked);
    const right = await change(password); // waits too
    assert.equal(right.status, 429);
    assert.match(await right.text(), /several wrong attempts/);
});

test("of two changes of one password at once only one holds, and the other session is over", async () => {
    const one = await server.signedIn("second"), other = await server.signedIn("second");
    const tokens = [await one.csrf("/me"), await other.csrf("/me")];
    const change = async (client, wanted, csrf) => client.post("/me/password", { current: password, new: wanted, again: wanted, csrf });
    const answers = await Promise.all([change(one, "six white swans swim", tokens[0]), change(other, "nine grey herons wade", tokens[1])]);
    assert.equal(count(answers, 303), 1, statuses(answers).join(" "));
    const [winner, secret] = answers[0].status === 303 ? [one, "six white swans swim"] : [other, "nine grey herons wade"];
    assert.equal((await winner.fetch("/me")).status, 200);
    assert.equal((await (winner === one ? other : one).fetch("/me")).status, 303);
    await server.signedIn("second", secret);
});

/** What was looked up a moment ago must not outlive its end. */
const warm = async (client, path) => {
    for (let i = 0; i < 5; i++) assert.equal((await client.fetch(path)).status, 200, path);
};

test("a session that ends is over at the next request, however many it has just answered", async () => {
    for (const how of ["/logout", "/me/sessions/end"]) {
        const one = await server.signedIn("assessor"), other = await server.signedIn("assessor");
        const [csrf] = [await one.csrf("/me"), await warm(one, "/me"), await warm(other, "/me")];
        assert.equal((await one.post(how, { csrf })).status, 303);
        const [ended, stays] = how === "/logout" ? [one, other] : [other, one];
        assert.equal((await ended.fetch("/me")).status, 303, how);
        assert.equal((await stays.fetch("/me")).status, 200, how);
    }
});

test("a new password ends the other sessions at once, an administrator's reset ends all", async () => {
    const one = await server.signedIn("third"), other = await server.signedIn("third"), admin = await server.signedIn("admin");
    const wanted = "six white swans swim", csrf = await one.csrf("/me");
    await warm(one, "/me"), await warm(other, "/me");
    assert.equal((await one.post("/me/password", { current: password, new: wanted, again: wanted, csrf })).status, 303);
    assert.equal((await other.fetch("/me")).status, 303);
    assert.equal((await one.fetch("/me")).status, 200);
    const page = await admin.page("/admin/people");
    const id = /\/admin\/people\/([0-9a-z]+)\/roles/.exec(page.slice(page.indexOf(">third<")))[1];
    await warm(one, "/me");
    assert.equal((await admin.post(`/admin/people/${id}/reset`, {}, { from: "/admin/people" })).status, 200);
    assert.equal((await one.fetch("/me")).status, 303);
});

test("who is told that a session is over finds it over, however many requests keep it in memory meanwhile", async () => {
    for (let round = 0; round < 6; round++) {
        const client = await server.signedIn("assessor"), csrf = await client.csrf("/me"), copy = server.client(), late = [];
        copy.cookies = new Map(client.cookies);
        let told = false;
        const asking = Array.from({ length: 8 }, async () => {
            for (let after = 0; after < 3;) {
                const known = told, answer = await copy.fetch("/me");
                await answer.arrayBuffer();
                if (known) after = late.push(answer.status);
            }
        });
        await sleep(30);
        assert.equal((await client.post("/logout", { csrf })).status, 303);
        told = true;
        await Promise.all(asking);
        assert.deepEqual([...new Set(late)], [303]);
    }
});

test("sessions whose places in memory meet are each one's own", async () => {
    const logins = ["assessor", "helper", "learner-too", "instructor"], places = new Map();
    const place = (client) => parseInt(createHash("sha256").update(client.cookies.get("gradus")).digest("hex").slice(0, 4), 16) % 1024;
    let met;
    for (let i = 0; !met && i < 400; i++) {
        const login = logins[i % logins.length], client = await server.signedIn(login), there = places.get(place(client));
        if (there && there.login !== login) met = [there, { client, login }];
        places.set(place(client), { client, login });
    }
    assert.ok(met, "400 sessions have not met");
    const look = async ({ client, login }) => assert.ok((await client.page("/me")).includes(`${login} of the tests`), login);
    for (let i = 0; i < 10; i++) for (const one of met) await look(one);
    await Promise.all(Array.from({ length: 60 }, (_, i) => look(met[i % 2])));
});

test("powers that are taken away are gone at the next request", async () => {
    const admin = await server.signedIn("admin"), helper = await server.signedIn("helper");
    const page = await admin.page("/admin/people");
    const id = /\/admin\/people\/([0-9a-z]+)\/roles/.exec(page.slice(page.indexOf(">helper<")))[1];
    for (let round = 0; round < 3; round++) {
        await warm(helper, "/assess");
        assert.equal((await admin.post(`/admin/people/${id}/roles`, { "roles[]": "learner" }, { from: "/admin/people" })).status, 303);
        assert.equal((await helper.fetch("/assess")).status, 403);
        assert.equal((await admin.post(`/admin/people/${id}/roles`, { "roles[]": "assessor" }, { from: "/admin/people" })).status, 303);
        assert.equal((await helper.fetch("/assess")).status, 200);
    }
});

test("a password reset beside the running server ends the sessions within a second", async () => {
    const client = await server.signedIn("reset-me");
    await warm(client, "/me");
    must(["user", "reset", "reset-me", "--data", data]);
    await sleep(1100);
    assert.equal((await client.fetch("/me")).status, 303);
});

test("a request that began before its session ended is refused when its last byte comes", async () => {
    const client = await server.signedIn("slow-sender");
    const body = new URLSearchParams({ csrf: await client.csrf("/me"), locale: "en", next: "/me" }).toString();
    const head = `POST /me/language HTTP/1.1\r\nHost: ${server.host}:${server.port}\r\nCookie: ${client.cookie}\r\nContent-Type: application/x-www-form-urlencoded\r\nContent-Length: ${body.length}\r\nConnection: close\r\n\r\n`;
    await warm(client, "/me");
    const sent = server.raw([head, body], { pause_ms: 4000, timeout_ms: 10_000 });
    await sleep(200);
    must(["user", "reset", "slow-sender", "--data", data]);
    const { status } = parseAnswer((await sent).text);
    assert.equal(status, 401);
});

test("two administrators who dismiss each other at once leave one", async () => {
    const one = await server.signedIn("admin"), other = await server.signedIn("deputy");
    const page = await one.page("/admin/people");
    const id = (login) => /\/admin\/people\/([0-9a-z]+)\/roles/.exec(page.slice(page.indexOf(`>${login}<`)))[1];
    /* Both hold their form before either sends it. */
    const tokens = [await one.csrf("/admin/people"), await other.csrf("/admin/people")];
    const dismiss = (client, login, csrf) => client.post(`/admin/people/${id(login)}/roles`, { "roles[]": "learner", csrf });
    const answers = await Promise.all([dismiss(one, "deputy", tokens[0]), dismiss(other, "admin", tokens[1])]);
    assert.equal(count(answers, 303), 1, statuses(answers).join(" "));
    assert.equal([(await one.fetch("/admin")).status, (await other.fetch("/admin")).status].filter((status) => status === 200).length, 1);
});

// ---- The pace of guessing ---------------------------------------------------------------------------

/** Signs in as often as it takes, as a person would: waits when told to. */
async function signInPatiently(on, login, secret = password) {
    const begin = performance.now();
    for (;;) {
        const client = on.client(), answer = await client.post("/login", { login, password: secret }, { from: "/login" });
        if (answer.status === 303) return { client, ms: performance.now() - begin };
        assert.ok([429, 503].includes(answer.status), `${login}: ${answer.status}`);
        assert.ok(performance.now() - begin < 60_000, `${login} does not get in`);
        await sleep(1000 * Number(answer.headers.get("retry-after")));
    }
}

for (const [where, headers, options] of [["a classroom behind one address", {}, {}], ["an academy behind a proxy that nobody declared", { "x-forwarded-for": "198.51.100.7" }, {}]])
    test(`${where} gets in while somebody there fails with sixty invented names and goes on`, async (t) => {
        const crowd = await startServer({ t, ...options }), pupils = Array.from({ length: 12 }, (_, i) => `pupil-${i}`);
        for (const login of [...pupils, "known"]) addPerson(crowd.data, login);
        await crowd.signedIn("known");
        const guest = crowd.client({ headers }), csrf = await guest.csrf("/login");
        let going = true, number = 0;
        const fail = () => guest.fetch("/login", { method: "POST", body: new URLSearchParams({ csrf, login: `invented-${number++}`, password: "a wrong password" }) }).then((answer) => answer.status);
        const first = await Promise.all(Array.from({ length: 60 }, fail));
        assert.deepEqual([...new Set(first)], [403]);
        const attack = Promise.all(Array.from({ length: 8 }, async () => { while (going) await fail(); }));
        const known = await signInPatiently(crowd, "known");
        const all = await Promise.all(pupils.map((login) => signInPatiently(crowd, login)));
        going = false;
        await attack;
        const slowest = Math.max(...all.map(({ ms }) => ms));
        t.diagnostic(`${number} invented names; the known one in ${Math.round(known.ms)} ms, the slowest of ${pupils.length} newcomers in ${Math.round(slowest)} ms`);
        assert.ok(slowest < 20_000, `${slowest} ms`);
        await crowd.assertWell();
    });

test("an account is guessed at fewer than ten times a minute, from however many addresses, by login and address", async (t) => {
    const behind = await startServer({ t, args: ["--trust-proxy", "127.0.0.1"] });
    addPerson(behind.data, "target", { email: "target@example.org" });
    const until = performance.now() + 8000;
    let looked = 0, tried = 0;
    await Promise.all(Array.from({ length: 12 }, async (_, i) => {
        for (let n = 0; performance.now() < until; n++) {
            const guest = behind.client({ headers: { "x-forwarded-for": `203.0.${i}.${n % 250}` } });
            const answer = await guest.post("/login", { login: ["target", "TARGET", "Target@Example.org"][n % 3], password: "a wrong password" }, { from: "/login" });
            await answer.text();
            tried++;
            looked += answer.status === 403;
            assert.ok([403, 429].includes(answer.status), String(answer.status));
            await sleep(200); // many more than are looked at, all the same
        }
    }));
    t.diagnostic(`${looked} of ${tried} guesses in 8 s were looked at`);
    assert.ok(tried > 30, String(tried));
    assert.equal(looked, 4);
});

test("who has to wait is told so, and what is too much for the academy is something else", async () => {
    const answers = await signInAtOnce("helper", Array.from({ length: 30 }, (_, i) => `a wrong password ${i}`));
    const waits = answers.find((answer) => answer.status === 429);
    assert.match(await waits.text(), /several wrong attempts\. Wait \d+ seconds?, then try again; your account is not locked/);
    const many = await Promise.all(Array.from({ length: 400 }, async (_, i) => (await signInAtOnce(`nobody-${i}`, ["a wrong password"]))[0]));
    const full = many.filter((answer) => answer.status === 503);
    assert.ok(full.length > 0, statuses(many).join(" "));
    assert.match(await full[0].text(), /Very many people are signing in right now\. Nothing is wrong with your password/);
    assert.ok(Number(full[0].headers.get("retry-after")) > 0);
    assert.equal(count(many, 429), 0);
});
