// Refusals are read in the reader's language, wherever they come from: a second catalogue that marks each text tells.
import assert from "node:assert/strict";
import { cpSync, mkdirSync, readFileSync, readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, test } from "node:test";
import { parseAnswer, root, scratch, startServer } from "../lib/server.mjs";

/** The academy with a language “de” whose texts are the English ones behind a mark. */
function twoLanguages() {
    const folder = scratch("root");
    for (const part of ["content", "exams", "labs", "site/templates", "site/locale", "site/static"]) cpSync(join(root, part), join(folder, part), { recursive: true });
    const from = join(folder, "site/locale/en"), to = join(folder, "site/locale/de");
    mkdirSync(to);
    for (const file of readdirSync(from)) {
        const texts = Object.entries(JSON.parse(readFileSync(join(from, file), "utf8")));
        writeFileSync(join(to, file), JSON.stringify(Object.fromEntries(texts.map(([key, text]) => [key, `§${text}`]))));
    }
    return folder;
}

const server = await startServer({ args: ["--root", twoLanguages()] });
after(() => server.stop());

const german = { "accept-language": "de", accept: "application/json" };

test("each refusal speaks the reader's language, and English to everybody else", async () => {
    const learner = await server.signedIn("learner");
    const form = { ...german, "content-type": "application/x-www-form-urlencoded" };
    const refusals = [
        ["/nowhere", {}, 404, "There is no page at this address."],
        ["/healthz", { method: "DELETE" }, 405, "This address does not take that method."],
        ["/?a=1&a=2", {}, 400, "The address gives “a” twice."],
        ["/logout", { method: "POST", headers: form, body: "a=%" }, 400, "The form holds bytes that are not readable text."],
        ["/logout", { method: "POST", headers: form, body: "a=1&a=2" }, 400, "The form gives “a” twice; nothing was changed."],
        ["/logout", { method: "POST", headers: form, body: "a=".padEnd(300_000, "x") }, 413, "What you sent is larger than the 256 KB that this page takes."],
        ["/logout", { method: "POST", headers: { ...german, "content-type": "text/plain" }, body: "x" }, 415, "This page does not take that type of content."],
        ["/logout", { method: "POST", headers: form, body: "csrf=no" }, 403, "This form was opened before you last signed in, or came from elsewhere. Nothing was changed: reload the page and send it again."],
        ["/admin/people", {}, 403, "Your account does not have the role that this page asks for."],
        ["/modules/nothing", {}, 404, "There is no module at this address. It may have been renamed or taken away."],
        ["/exams/nothing", {}, 404, "There is no exam at this address. It may have been closed; your results stay where they are."],
    ];
    for (const [path, { headers = german, ...options }, status, sentence] of refusals) {
        const answer = await learner.fetch(path, { headers, ...options });
        const said = await answer.json();
        assert.deepEqual([answer.status, said.message], [status, `§${sentence}`], path);
        const plain = await learner.fetch(path, { headers: { ...headers, "accept-language": "en" }, ...options });
        assert.equal((await plain.json()).message, sentence, path);
    }
});

test("so do those of the save contract, of the rules about passwords, and the page of a failure", async () => {
    const learner = await server.signedIn("learner");
    learner.headers = { "accept-language": "de" };
    const put = async (body) => (await (await learner.send("PUT", "/attempts/none/responses/1", body)).json()).message;
    assert.equal(await put([]), "§The body must be a JSON object.");
    assert.equal(await put({ seq: 0 }), "§“seq” must be a whole number from 1 to 9007199254740991 that counts the saves of this question.");
    assert.equal(await put({ seq: 1, response: 1, client: "x".repeat(65) }), "§“client” must be a name of at most 64 letters, digits and signs.");
    assert.equal(await put({ seq: 1, response: 1 }), "§There is no such attempt or question.");
    const page = await (await learner.post("/me/password", { current: "eight brown geese walk", new: "short", again: "short" })).text();
    assert.match(page, /§The password needs at least 10 characters\. Four unrelated words make a good one\./);
    assert.match(await (await learner.fetch("/nowhere")).text(), /§There is no page at this address\./);
});

test("before anything is known of the reader, it is English", async () => {
    const { text } = await server.raw("GET /%00 HTTP/1.1\r\nHost: a\r\nAccept: application/json\r\nConnection: close\r\n\r\n");
    assert.equal(JSON.parse(parseAnswer(text).body).message, "The address is broken.");
});
