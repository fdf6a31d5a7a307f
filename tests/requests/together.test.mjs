// Many people read the same pages at once: what the server puts together from parts that they share is each one's own.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { after, afterEach, test } from "node:test";
import { gunzipSync } from "node:zlib";
import { addPerson, makeAcademy, makeDemo, parseAnswer, startServer } from "../lib/server.mjs";

const data = makeAcademy();
const people = ["Ada Unique", "Bedřich Sólový", "ชื่อเดียว เท่านั้น", "لا مثيل له", "<b>Eve & 'co'</b>", "Ada Unique Too"].map((name, i) => ({ login: `together-${i}`, name }));
for (const { login, name } of people) addPerson(data, login, { name });
const server = await startServer({ data });
after(() => server.stop());
afterEach(() => server.assertWell());
for (const person of people) person.client = await server.signedIn(person.login);

const escaped = (text) => text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;").replaceAll('"', "&quot;").replaceAll("'", "&#39;");
const tokens = (page) => new Set([...page.matchAll(/name="csrf" value="([^"]+)"/g)].map(([, token]) => token));

/** Everyone's page `rounds` times, all at once; every second one as a client that takes no compression. */
async function everyone(path, rounds) {
    const asked = Array.from({ length: rounds }, (_, round) => people.map(async (person) => {
        const answer = await person.client.fetch(path, { headers: { "accept-encoding": round % 2 ? "identity" : "gzip" } });
        assert.equal(answer.status, 200, path);
        return { person, page: await answer.text() };
    })).flat();
    return Promise.all(asked);
}

for (const path of ["/modules/data-basics", "/programmes/mops", "/glossary", "/me", "/", "/self-assessment", "/exams/mops-associate"]) {
    test(`${path} is everyone's own`, async () => {
        const answers = await everyone(path, 8), seen = new Set();
        for (const { person, page } of answers) {
            for (const other of people) {
                if (other === person || person.name.startsWith(other.name)) continue;
                assert.ok(!page.includes(escaped(other.name)) && !page.includes(`${other.login}<`), `${person.name} is shown ${other.name} on ${path}`);
            }
            assert.ok(page.includes(escaped(person.name)), `${path} does not greet ${person.name}`);
            assert.equal(tokens(page).size, 1, "one token a page");
            for (const token of tokens(page)) {
                assert.ok(!seen.has(token), "a token came twice");
                seen.add(token);
            }
        }
    });
}

test("a token from a page put together is this person's, and nobody else's", async () => {
    const answers = (await everyone("/modules/data-basics", 4)).slice(-people.length);
    const [first, second] = answers;
    const record = (client, csrf) => client.fetch("/modules/data-basics/progress", { method: "POST", body: new URLSearchParams({ csrf, section: "start", position: "0" }), headers: { accept: "text/html" } });
    const theirs = [...tokens(first.page)][0];
    assert.equal((await record(second.person.client, theirs)).status, 403);
    assert.notEqual((await record(first.person.client, theirs)).status, 403);
});

test("what one person has done is on no other's page, from the next request on", async () => {
    const [ada, other] = people;
    await everyone("/modules/data-basics", 3);
    const page = await ada.client.page("/modules/data-basics");
    const csrf = [...tokens(page)][0];
    const form = /<form[^>]*action="(\/modules\/data-basics\/checkpoints\/1)"/.exec(page);
    assert.ok(form, "the first question has a form");
    const answer = await ada.client.fetch(form[1], { method: "POST", body: new URLSearchParams([["csrf", csrf], ["choice[]", "1"]]), redirect: "manual" });
    assert.ok([200, 303].includes(answer.status), String(answer.status));
    for (let i = 0; i < 3; i++) {
        assert.match(await ada.client.page("/modules/data-basics"), /class="feedback/);
        assert.doesNotMatch(await other.client.page("/modules/data-basics"), /class="feedback/);
    }
});

/** A page, with the id that its header gives. */
async function ask(person, path, headers = {}) {
    const answer = await person.client.fetch(path, { headers: { cookie: `${person.client.cookie}${headers.cookie ? `; ${headers.cookie}` : ""}`, "accept-encoding": headers["accept-encoding"] ?? "gzip" } });
    return { status: answer.status, id: answer.headers.get("x-request-id"), page: await answer.text() };
}

test("an error page is everyone's own, too: the name, the token and the request's id", async () => {
    for (const path of ["/modules/there-is-none", "/admin/people"]) {
        const answers = await Promise.all(Array.from({ length: 6 }, (_, round) => people.map(async (person) => ({ person, ...await ask(person, path, { "accept-encoding": round % 2 ? "identity" : "gzip" }) }))).flat());
        for (const { person, status, id, page } of answers) {
            assert.ok([403, 404].includes(status), `${path}: ${status}`);
            assert.match(page, new RegExp(`<code>${id}</code>`));
            assert.ok(page.includes(escaped(person.name)), path);
            assert.equal(answers.filter((other) => page.includes(`<code>${other.id}</code>`)).length, 1);
        }
    }
});

test("theme, zone and language come from each request, however equal the pages are otherwise", async () => {
    const [person] = people, wishes = [];
    for (const theme of ["light", "dark", "auto", "\"><b>"]) for (const zone of ["Asia/Bangkok", "America/New_York"]) wishes.push({ theme, zone });
    for (let round = 0; round < 4; round++) {
        const pages = await Promise.all(wishes.map(({ theme, zone }) => ask(person, "/me", { cookie: `theme=${encodeURIComponent(theme)}; tz=${zone}` })));
        const times = pages.map(({ page }) => [...page.matchAll(/<time[^>]*>([^<]*)/g)].map(([, time]) => time).join("|"));
        for (const [i, { theme, zone }] of wishes.entries()) {
            assert.equal(/data-theme="([^"]*)"/.exec(pages[i].page)[1], ["light", "dark"].includes(theme) ? theme : "auto");
            for (const [k, other] of wishes.entries()) assert.equal(times[i] === times[k], zone === other.zone, `${zone} and ${other.zone}`);
        }
    }
});

test("a part of a page is asked for by htmx, the whole by its address: neither is the other", async () => {
    const { client } = people[2];
    const [csrf] = tokens(await client.page("/modules/data-basics"));
    const answer = (headers) => client.fetch("/modules/data-basics/checkpoints/1", { method: "POST", body: new URLSearchParams([["csrf", csrf], ["choice[]", "2"]]), headers });
    const ids = new Set();
    for (let i = 0; i < 5; i++) {
        const part = await answer({ "hx-request": "true" });
        assert.equal(part.status, 200);
        const text = await part.text();
        assert.match(text, /^<section class="checkpoint"/);
        assert.doesNotMatch(text, /<html/);
        assert.equal(tokens(text).size, 1);
        for (const token of tokens(text)) ids.add(token);
        assert.equal((await answer({})).status, 303);
        assert.match(await client.page("/modules/data-basics"), /^<!doctype html>/);
    }
    assert.equal(ids.size, 5);
});

test("whatever is put together from compressed parts is the page itself, on every page that the demo's people come across", async (t) => {
    const full = makeDemo(), { accounts } = JSON.parse(readFileSync(`${full}/demo.json`, "utf8")), academy = await startServer({ data: full, t });
    const look = async (client, path, encoding) => {
        const answer = await client.fetch(path, { headers: { "accept-encoding": encoding } });
        const text = await answer.text(), [, csrf] = /name="csrf" content="([^"]+)"/.exec(text) ?? [];
        return csrf ? text.replaceAll(csrf, "CSRF").replaceAll(answer.headers.get("x-request-id"), "ID") : null;
    };
    const found = async () => Number(/^gradus_http_pieces_found_total (\d+)/m.exec(await (await fetch(`${academy.origin}/metrics`)).text())[1]);
    const before = await found();
    let compared = 0;
    // One of each role: what others of it see differs by facts only.
    const first = [...new Map(accounts.map((account) => [account.role ?? account.login, account])).values()];
    const clients = await Promise.all(first.map(({ login, password: secret }) => academy.signedIn(login, secret)));
    await Promise.all(clients.map(async (client, person) => {
        const paths = ["/", "/me", "/programmes", "/glossary", "/assess", "/author", "/admin/people", "/search?q=data", "/login", "/nowhere"];
        for (let i = 0; i < Math.min(paths.length, 40); i++) {
            let plain, answers = [];
            for (let again = 0; again < 3 && answers.length < 2; again++) { // where a clock moved on between them, once more
                plain = await look(client, paths[i], "identity");
                if (plain === null) break;
                answers = [await look(client, paths[i], "gzip"), await look(client, paths[i], "gzip")]; // parts are kept when asked for again
                if (again < 2) answers = answers.filter((answer) => answer === plain);
            }
            if (plain === null) continue;
            for (const answer of answers) assert.equal(answer, plain, `${paths[i]} of ${first[person].login}`);
            compared += answers.length;
            for (const [, href] of plain.matchAll(/href="(\/[^"#]*)/g)) {
                const path = href.replaceAll("&amp;", "&");
                if (!paths.includes(path) && !path.startsWith("/static") && path !== "/admin") paths.push(path); // there the store's own numbers stand
            }
        }
    }));
    assert.ok(compared > 200, `${compared} compared`);
    assert.ok(await found() - before > compared / 5, "most were put together from parts that lay there");
});

test("gzip goes to whoever takes it, and to nobody else", async () => {
    const takes = { gzip: true, "GZIP": true, "gzip;q=0.5": true, "br, gzip ; q=0.001": true, "deflate,gzip": true, identity: false, "": false, "gzip;q=0": false, "gzip; q=0": false, "br, gzip ;q=0.000": false, "br": false, "notgzip": false, "gzipped": false };
    for (let i = 0; i < 3; i++) {
        for (const [accept, gzip] of Object.entries(takes)) {
            const { text } = await server.raw(`GET /programmes/mops HTTP/1.1\r\nHost: ${server.host}\r\nCookie: ${people[1].client.cookie}\r\nAccept-Encoding: ${accept}\r\nConnection: close\r\n\r\n`);
            assert.equal(parseAnswer(text).headers.get("content-encoding"), gzip ? "gzip" : undefined, `“${accept}”`);
        }
    }
});

test("HEAD tells of the page without giving it", async () => {
    const ask = async (method, encoding) => {
        const { text } = await server.raw(`${method} /programmes/mops HTTP/1.1\r\nHost: ${server.host}\r\nCookie: ${people[3].client.cookie}\r\nAccept-Encoding: ${encoding}\r\nConnection: close\r\n\r\n`);
        return parseAnswer(text);
    };
    for (let i = 0; i < 6; i++) {
        for (const encoding of ["gzip", "identity"]) {
            const head = await ask("HEAD", encoding), whole = await ask("GET", encoding);
            assert.equal(head.status, 200);
            assert.equal(head.headers.get("content-encoding"), encoding === "gzip" ? "gzip" : undefined);
            assert.match(head.headers.get("vary"), /Accept-Encoding, Accept-Language, Cookie/);
            assert.equal(head.body, "");
            assert.equal(whole.body.length, Number(whole.headers.get("content-length")));
            if (i >= 3) assert.equal(head.headers.get("content-length"), whole.headers.get("content-length")); // by then both are put together from the same parts
        }
    }
});

test("names and tokens are not compressed, also on a page put together", async () => {
    const [person] = people;
    for (let i = 0; i < 5; i++) {
        const { text } = await server.raw(`GET /glossary HTTP/1.1\r\nHost: ${server.host}\r\nCookie: ${person.client.cookie}\r\nAccept-Encoding: gzip\r\nConnection: close\r\n\r\n`);
        const { headers, body } = parseAnswer(text);
        assert.equal(headers.get("content-encoding"), "gzip");
        assert.ok(body.includes(person.name), "the name was compressed with the page");
        const page = gunzipSync(Buffer.from(body, "latin1")).toString("utf8");
        for (const token of tokens(page)) assert.ok(body.includes(token), "the token was compressed with the page");
    }
});
