// Many people read the same pages at once: what the server puts together from parts that they share is each one's own.
import assert from "node:assert/strict";
import { after, afterEach, test } from "node:test";
import { addPerson, makeAcademy, startServer } from "../lib/server.mjs";

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
