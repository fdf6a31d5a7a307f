// Certification over HTTP: from the application to a certificate that independent libraries verify, and what is refused.
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import http from "node:http";
import { join } from "node:path";
import { after, test } from "node:test";
import { gunzipSync } from "node:zlib";
import { applyAs, caseOf, grant, names, startLevel } from "../lib/level.mjs";
import { reseal } from "../lib/seal.mjs";
import { addPerson, command, scratch } from "../lib/server.mjs";
import { badge, key as strangersKey, signed as signedByStranger } from "../credentials/stranger.mjs";
import { verify } from "../credentials/verify.mjs";

const server = await startLevel();
after(() => server.stop());
const folder = scratch("files");
const assessor = await server.signedIn("assessor");
const stranger = server.client();
const reason = "All of it was checked against the evidence.";

const get = async (path, headers = {}) => stranger.fetch(path, { headers });
const json = async (path, headers) => (await get(path, headers)).json();
/** As a stranger would: everything from published addresses. */
async function verifyPublished(credential) {
    const list = credential.credentialStatus.statusListCredential;
    return verify({ credential, didDocument: await json("/.well-known/did.json"), statusList: await json(new URL(list).pathname) });
}
async function check(given) {
    const body = typeof given === "string" ? new URLSearchParams({ credential: given }) : given;
    const answer = await stranger.fetch("/verify", { method: "POST", body, headers: { accept: "application/json" } });
    assert.equal(answer.status, 200, await answer.clone().text());
    return answer.json();
}
async function held_by(login) {
    const page = await (await server.signedIn("assessor")).page(`/assess/certificates?q=${encodeURIComponent(names[login])}`);
    return /GR-\d{4}-[0-9A-Z-]+/.exec(page)[0];
}
const failed = (report) => report.checks.filter((c) => c.outcome === "fail").map((c) => c.code);

test("the level says what is met and what is missing", async () => {
    const page = await (await server.signedIn("thai")).page("/programmes/p/levels/first");
    assert.match(page, /0 of 2 met/);
    assert.match(page, /href="\/modules\/one"/);
    assert.match(page, /You can apply as soon as everything above is met\./);
    assert.doesNotMatch(page, /without the modules/, "there is nothing else to do in this level");
    const public_ = await stranger.page("/programmes/p/levels/first");
    assert.match(public_, /Module two/);
    assert.doesNotMatch(public_, /of 2 met/);
    assert.equal((await get("/programmes/p/levels/none")).status, 404);
});

test("nobody applies without meeting it, or for a closed level", async () => {
    const learner = await server.signedIn("thai");
    const early = await learner.post("/programmes/p/levels/first", {});
    assert.equal(early.status, 409);
    assert.match(await early.text(), /missing/);
    assert.equal((await learner.post("/programmes/p/levels/later", {})).status, 409);
    // A level of modules alone: there is no exam or lab that a statement could stand beside.
    for (const statement of ["I know it.", "I did this for years. ".repeat(10)])
        assert.equal((await learner.post("/programmes/p/levels/first", { statement })).status, 409, statement);
    assert.doesNotMatch(await learner.page("/programmes/p/levels/first"), /You have passed|name="statement"/);
    assert.equal((await stranger.fetch("/programmes/p/levels/first", { method: "POST" })).status >= 300, true);
});

let number;
test("application, decision, certificate", async () => {
    const learner = await applyAs(server, "ada");
    assert.equal((await learner.post("/programmes/p/levels/first", {})).status, 409); // once
    const path = await caseOf(assessor, names.ada), page = await assessor.page(path);
    assert.match(page, /2 of 2 met/);
    assert.equal((await learner.fetch(path)).status, 403);
    assert.equal((await learner.fetch("/assess")).status, 403);
    assert.equal((await assessor.post(`${path}/decision`, { outcome: "granted", reason: "ok" })).status, 422);
    assert.equal((await assessor.post(`${path}/decision`, { reason })).status, 422);
    // RULE second-look: the form shows what will happen, and nothing happens before the second button.
    assert.match(page, /<form[^>]*\/decision"[^]*?<input type="hidden" name="look" value="1">/);
    for (const [outcome, said] of [["granted", /A certificate is signed and issued in the name of[^]*Grant the certificate/], ["refused", /No certificate is issued[^]*Refuse the application/]]) {
        const look = await (await assessor.post(`${path}/decision`, { outcome, reason, look: "1" })).text();
        for (const part of [said, /What becomes public/, new RegExp(names.ada), /Programme: First/, new RegExp(`name="reason" value="${reason}"`)]) assert.match(look, part);
        const back = await (await assessor.post(`${path}/decision`, { outcome, reason, back: "1" })).text();
        assert.match(back, new RegExp(`value="${outcome}"[^>]* checked`));
        assert.ok(back.includes(`>${reason}</textarea>`), "the reason is kept");
    }
    assert.match(await assessor.page(path), /name="look"/, "it is not decided");
    number = await grant(assessor, path);
    assert.equal((await assessor.post(`${path}/decision`, { outcome: "refused", reason })).status, 409);
    assert.match(await learner.page("/me/certificates"), new RegExp(number));
});

test("the public page: whose, what, one number, one state", async () => {
    const page = await stranger.page(`/certificates/${number}`);
    for (const part of [names.ada, "Programme: First", number, "Valid", "Noor Assessor", "Signed by this academy"]) assert.ok(page.includes(part), part);
    assert.match(page, /Scheme<\/dt><dd><bdi>Programme 1<\/bdi>/); // its title and the scheme's version, not its id
    assert.equal((await get(`/certificates/${number.toLowerCase()}`)).status, 200);
    assert.equal((await get("/certificates/GR-2026-AAAAAAAA")).status, 404);
    assert.equal((await get(`/certificates/${number}.exe`)).status, 404);
    assert.equal((await get(`/certificates/${number}.json?version=2`)).status, 404);
});

test("independent libraries verify what is published", async () => {
    const credential = await json(`/certificates/${number}.json`);
    assert.deepEqual(await verifyPublished(credential), { verified: true, revoked: false, reason: "" });
    assert.equal((await json(new URL(credential.id).pathname + new URL(credential.id).search)).id, credential.id);
    credential.credentialSubject.identifier.at(-1).identityHash = "Somebody Else";
    assert.equal((await verifyPublished(credential)).verified, false);
});

test("media types, cross-origin use, entity tags", async () => {
    const types = { "application/vc": "application/vc", "application/ld+json": "application/ld+json", "text/html,*/*": "application/json", "*/*": "application/vc" };
    for (const [accept, type] of Object.entries(types)) {
        const answer = await get(`/certificates/${number}.json`, { accept });
        assert.ok(answer.headers.get("content-type").startsWith(type), `${accept}: ${answer.headers.get("content-type")}`);
    }
    assert.ok((await get(`/certificates/${number}`, { accept: "application/vc" })).headers.get("content-type").startsWith("application/vc"));
    for (const path of [`/certificates/${number}`, `/certificates/${number}.json`, "/status/1", "/.well-known/did.json"]) {
        const answer = await get(path), tag = answer.headers.get("etag");
        assert.equal(answer.headers.get("access-control-allow-origin"), "*", path);
        assert.match(answer.headers.get("cache-control"), /no-cache/, path);
        assert.equal(tag !== null, path !== `/certificates/${number}`, path); // a page is made anew for each reader
        if (tag) assert.equal((await get(path, { "if-none-match": tag })).status, 304, path);
    }
});

test("paper and badge carry the credential", async () => {
    const text = await (await get(`/certificates/${number}.json`)).text();
    for (const [kind, type] of [["pdf", "application/pdf"], ["png", "image/png"]]) {
        const answer = await get(`/certificates/${number}.${kind}`), bytes = Buffer.from(await answer.arrayBuffer());
        assert.equal(answer.headers.get("content-type"), type);
        assert.ok(bytes.includes(text), kind);
        assert.ok(bytes.equals(Buffer.from(await (await get(`/certificates/${number}.${kind}`)).arrayBuffer())), "the same bytes");
        writeFileSync(join(folder, `certificate.${kind}`), bytes);
    }
    writeFileSync(join(folder, "certificate.json"), text);
});

test("a stranger's check: text, file, picture, number", async () => {
    const text = readFileSync(join(folder, "certificate.json"), "utf8");
    assert.equal((await check(text)).valid, true);
    for (const [name, type] of [["certificate.json", "application/json"], ["certificate.png", "image/png"], ["certificate.pdf", "application/pdf"]]) {
        const form = new FormData();
        form.set("file", new Blob([readFileSync(join(folder, name))], { type }), name);
        assert.equal((await check(form)).valid, true, name);
    }
    const found = await stranger.fetch("/verify", { method: "POST", body: new URLSearchParams({ credential: ` ${number.toLowerCase()} ` }) });
    assert.equal(found.headers.get("location"), `/certificates/${number}`);
    const typed = (credential) => stranger.fetch("/verify", { method: "POST", body: new URLSearchParams({ credential }) });
    for (const way of [number.replaceAll("-", ""), number.replaceAll("-", " "), number.replaceAll("-", "–").toLowerCase(), number.replace("2026", "2O26"), number.slice(8), number.slice(3).toLowerCase(), `${number.slice(0, 12)} ${number.slice(12)}`])
        assert.equal((await typed(way)).headers.get("location"), `/certificates/${number}`, way);
    for (const way of [`${number}A`, number.replace(/.$/, "O"), "GR-2026-AAAAAAAAAAA", "gr2026", "AB-1999-12345"]) {
        const answer = await typed(way), text = await answer.text();
        assert.equal(answer.status, 404, way);
        assert.match(text, /No certificate here has this number/, way);
        assert.doesNotMatch(text, /JSON|Not valid/);
        assert.ok(text.includes(way), "what was typed is kept");
    }
    for (const way of ["hello", "Is this certificate real?", "eyJ", "[1, 2"]) {
        const answer = await typed(way), text = await answer.text();
        assert.equal(answer.status, 422, way);
        assert.match(text, /This is neither a certificate number nor a credential/, way);
        assert.doesNotMatch(text, /JSON|Not valid|<ul class="cert-checks">/, way);
        assert.ok(text.includes(way), "what was typed is kept");
    }
    const cut = await (await typed(text.slice(0, 700))).text();
    assert.match(cut, /Not valid[^]*A part may be missing/, "the beginning of a credential is judged as one");
    assert.doesNotMatch(cut, /JSON: /, "without a parser's words");
    assert.match(cut, /href="\/login">Sign in/);
    const page = await (await stranger.fetch("/verify", { method: "POST", body: new URLSearchParams({ credential: text }) })).text();
    assert.match(page, /Whether it holds now:<\/strong> <span>it does: neither revoked nor suspended\.<\/span>/);
    assert.ok(page.includes("Valid") && page.includes(names.ada));
});

test("what does not hold says which check failed", async () => {
    const good = JSON.parse(readFileSync(join(folder, "certificate.json"), "utf8"));
    const changed = structuredClone(good);
    changed.name += "!";
    assert.deepEqual(failed(await check(JSON.stringify(changed))), ["changed"]);
    const foreign = JSON.parse(JSON.stringify(good).replaceAll(good.proof[0].verificationMethod, "did:web:else.example#z6MkpTHR8VNsBxYAAWHut2Geadd9jSwuBV8xRoAnwWsdvktH"));
    // The issuer is this academy, and the key is none of its: that is decided. Of another issuer nobody looked.
    assert.deepEqual(failed(await check(JSON.stringify(foreign))), ["unknown_key"]);
    const elsewhere = JSON.parse(JSON.stringify(foreign).replaceAll(good.issuer.id, "did:web:else.example")), told = await check(JSON.stringify(elsewhere));
    assert.deepEqual([told.verdict, told.valid, failed(told)], ["not decided", null, []]);
    assert.equal(told.checks.find((c) => c.check === "signature").code, "foreign_key");
    const shown = await (await stranger.fetch("/verify", { method: "POST", body: new URLSearchParams({ credential: JSON.stringify(elsewhere) }) })).text();
    assert.match(shown, /Not decided[^]*signed with a key that is not known here/);
    assert.doesNotMatch(shown, /Not valid/);
    for (const text of ["{", "null", "[]", "{\"a\":1}", "🙂", "[".repeat(5000)]) assert.equal((await check(text)).valid, false);
    const nothing = await stranger.fetch("/verify", { method: "POST", body: new URLSearchParams({ credential: " " }) });
    assert.equal(nothing.status, 422);
    const picture = new FormData();
    picture.set("file", new Blob([Buffer.from("89504e470d0a1a0a", "hex")], { type: "image/png" }), "x.png");
    assert.equal((await stranger.fetch("/verify", { method: "POST", body: picture })).status, 422);
    // A PDF that carries nothing gets no verdict, whatever else is wrong with it; one with a changed credential does.
    const paper = readFileSync(join(folder, "certificate.pdf"), "latin1"), hidden = paper.replaceAll("/EmbeddedFile", "/EmbeddedFeil");
    const upload = async (bytes, accept = "application/json") => {
        const form = new FormData();
        form.set("file", new Blob([Buffer.from(bytes, "latin1")], { type: "application/pdf" }), "x.pdf");
        return stranger.fetch("/verify", { method: "POST", body: form, headers: { accept } });
    };
    for (const bytes of ["%PDF-1.7", hidden, paper.slice(0, 400), "%PDF-1.7\n" + "1 0 obj<<".repeat(110_000), "%PDF-1.7\n" + "1 0 obj<</Type/EmbeddedFile/Length 4000000>>stream\nendstream".repeat(14_000) + " ".repeat(1 << 16)]) {
        const began = server.cpuSeconds(), answer = await upload(bytes, "text/html"), page = await answer.text();
        assert.equal(answer.status, 422);
        assert.equal((await upload(bytes)).status, 400);
        assert.match(page, /no readable credential in this PDF/);
        assert.doesNotMatch(page, /Not valid/);
        assert.ok(server.cpuSeconds() - began < 4, "in time");
    }
    assert.deepEqual(failed(await (await upload(paper.replace("Test Academy\",\"url", "Best Academy\",\"url"))).json()), ["changed"]);
    const long = await stranger.fetch("/verify", { method: "POST", body: new URLSearchParams({ credential: "x".repeat(300_000) }) });
    assert.equal(long.status, 422);
    const markup = await (await stranger.fetch("/verify", { method: "POST", body: new URLSearchParams({ credential: "<script>alert(1)</script>" }) })).text();
    assert.ok(!markup.includes("<script>alert"));
});

/** A self-made credential with the claims of a real one: its key is the stranger's own. */
function forged({ issuer = "Gymnasium of Bees", over = {} } = {}) {
    const b = badge({ issuer: { id: strangersKey, type: ["Profile"], name: issuer } });
    Object.assign(b.credentialSubject, { identifier: [{ type: "IdentityObject", hashed: false, identityHash: "Mallory Forger", identityType: "name" }] }, over);
    return signedByStranger(b);
}
const pageOf = async (document) => (await stranger.fetch("/verify", { method: "POST", body: new URLSearchParams({ credential: JSON.stringify(document) }) })).text();
const coded = (report) => report.checks.filter((c) => c.code).map((c) => c.code);

test("what a stranger signs with a key of their own is never called valid", async () => {
    const document = await forged(), told = await check(JSON.stringify(document));
    assert.deepEqual([told.verdict, told.valid, coded(told)], ["not decided", null, ["issuer_unknown"]]);
    assert.deepEqual(told.issuer, { id: strangersKey, ours: false });
    const page = await pageOf(document);
    assert.match(page, /Not decided/);
    assert.match(page, /This academy did not issue it/);
    assert.ok(page.includes(strangersKey) && page.includes("Mallory Forger") && page.includes("Gymnasium of Bees"));
    assert.doesNotMatch(page, /is-valid|href="\/certificates\//);
    const own = JSON.parse(readFileSync(join(folder, "certificate.json"), "utf8"));
    assert.deepEqual((await check(JSON.stringify(own))).issuer, { id: own.issuer.id, ours: true });
    assert.match(await pageOf(own), new RegExp(`is-valid[^]*href="/certificates/${number}"[^]*Issued by this academy[^]*${own.issuer.id.replaceAll("%", "%")}`));
});

test("a stranger's claim to the academy's name or to a number of its own is named as false", async () => {
    for (const issuer of ["Test Academy", " test  ACADEMY ", "Tést Academy"]) {
        const document = await forged({ issuer }), told = await check(JSON.stringify(document));
        assert.deepEqual([told.verdict, coded(told)], ["not valid", ["claims_name"]], issuer);
        assert.match(await pageOf(document), /Not valid[^]*bears the name of this academy, but this academy did not sign it/);
    }
    assert.equal((await check(JSON.stringify(await forged({ issuer: "Test Academy of Bees" })))).verdict, "not decided");
    for (const licenseNumber of [number, number.toLowerCase(), [number]]) {
        const document = await forged({ over: { licenseNumber } }), page = await pageOf(document);
        assert.deepEqual(coded(await check(JSON.stringify(document))), ["claims_number"]);
        assert.match(page, /Not valid[^]*number of a certificate of this academy, but this academy did not sign it/);
        assert.doesNotMatch(page, /href="\/certificates\//);
    }
    assert.deepEqual(coded(await check(JSON.stringify(await forged({ over: { licenseNumber: "GR-2026-AAAAAAAAAAA" } })))), ["issuer_unknown"]);
    const file = join(folder, "forged.json");
    writeFileSync(file, JSON.stringify(await forged({ issuer: "Test Academy" })));
    const done = command(["verify", file, "--data", server.data]);
    assert.equal(done.code, 1, done.out);
    assert.match(done.out, /^NOT VALID\n[^]*calls its issuer as this academy is called[^]*issued by  did:key:\S+ \(not known here\)/);
});

test("a genuine credential that was rearranged is read, or not called valid", async () => {
    const good = readFileSync(join(folder, "certificate.json"), "utf8");
    const rearranged = (change) => { const d = JSON.parse(good); change(d, d.credentialSubject); return d; };
    const read = {
        "a list of one number": rearranged((d, s) => (s.licenseNumber = [s.licenseNumber])),
        "false as a text": rearranged((d, s) => (s.identifier.at(-1).hashed = "false")),
        "a list of one subject": rearranged((d) => (d.credentialSubject = [d.credentialSubject])),
        "a list of one achievement": rearranged((d, s) => (s.achievement = [s.achievement])),
        "lists of one name": rearranged((d, s) => { s.achievement.name = [s.achievement.name]; s.identifier.at(-1).identityHash = [s.identifier.at(-1).identityHash]; }),
        "lists of one date": rearranged((d) => { d.validUntil = [d.validUntil]; d.validFrom = [d.validFrom]; }),
        "a list of one issuer": rearranged((d) => (d.issuer = [d.issuer])),
    };
    for (const [name, document] of Object.entries(read)) {
        assert.deepEqual([(await check(JSON.stringify(document))).verdict, name], ["valid", name]);
        const page = await pageOf(document);
        assert.ok(page.includes(names.ada) && page.includes(`/certificates/${number}`) && page.includes("Programme: First"), name);
    }
    assert.deepEqual(coded(await check(JSON.stringify(rearranged((d) => (d["@context"] = d["@context"][0]))))), ["form"]);
    assert.deepEqual(coded(await check(JSON.stringify(rearranged((d) => (d["@context"] = [d["@context"][0], d["@context"][2]]))))), ["form"]);
    assert.equal((await check(`\ufeff${good}`)).verdict, "valid");
    const typed = await stranger.fetch("/verify", { method: "POST", body: new URLSearchParams({ credential: `\ufeff${number}` }) });
    assert.equal(typed.headers.get("location"), `/certificates/${number}`);
    const form = new FormData();
    form.set("file", new Blob([`\ufeff${good}`], { type: "application/json" }), "c.json");
    assert.equal((await check(form)).verdict, "valid");
});

test("an entity tag without quotes is another one: paper and badge come", async () => {
    for (const kind of ["pdf", "png"]) {
        const path = `/certificates/${number}.${kind}`, tag = (await get(path)).headers.get("etag");
        for (const [held, status] of [[tag, 304], [`W/${tag}`, 304], ["*", 304], [tag.slice(1, -1), 200], [`"x${tag.slice(1)}`, 200]])
            assert.equal((await get(path, { "if-none-match": held })).status, status, `${kind} ${held}`);
    }
});

// RULE check-aside.
test("a credential that would take long is refused, and others are served meanwhile", async () => {
    const document = await forged(), role = Array.from({ length: 1930 }, (_, i) => i.toString(36));
    document.credentialSubject.role = [...role, ...Array.from({ length: 38_000 }, () => role.at(-1))];
    const text = JSON.stringify(document), before_s = server.cpuSeconds();
    assert.ok(text.length > 200_000 && text.length < 256 * 1024, String(text.length));
    const all = await Promise.all(Array.from({ length: 24 }, () => stranger.fetch("/verify", { method: "POST", body: new URLSearchParams({ credential: text }), headers: { accept: "application/json" } })));
    // One address has a share of the queue; who is told to come back is told when.
    assert.deepEqual([...new Set(all.map((a) => a.status))].filter((s) => s !== 200 && s !== 503), []);
    for (const answer of all) {
        const body = await answer.json();
        if (answer.status === 503) assert.ok(Number(answer.headers.get("retry-after")) > 0);
        else assert.match(body.checks[1].detail, /more values than can be checked/);
    }
    const took_s = server.cpuSeconds() - before_s; // of the processor: it was some 11 s
    assert.ok(took_s < 5, `${took_s} s of the processor`);
    const refused = await new Promise((done, failed) => {
        const asked = http.request(`${server.origin}/verify`, { method: "POST", headers: { "content-type": "multipart/form-data; boundary=b", "content-length": (1 << 20) + 1 } });
        asked.on("response", (answer) => (done(answer.statusCode), asked.destroy())).on("error", failed).flushHeaders();
    });
    assert.equal(refused, 413);
});

test("four eyes: not oneself, not whom one marked, whatever the page shows", async () => {
    const second = await applyAs(server, "second");
    const own = await caseOf(second, "Max Second");
    assert.match(await second.page(own), /This is you/);
    const self = await second.post(`${own}/decision`, { outcome: "granted", reason });
    assert.equal(self.status, 403);
    assert.match(await self.text(), /somebody else/);

    await applyAs(server, "arabic");
    const path = await caseOf(assessor, names.arabic);
    assert.equal((await second.post(`${path}/marks`, { verdict: "sufficient", comment: "Read, and it is all there." })).status, 303);
    assert.match(await second.page(path), /You marked this person/);
    assert.equal((await second.post(`${path}/decision`, { outcome: "granted", reason })).status, 403);
    assert.equal((await second.post(`${path}/decision`, { outcome: "refused", reason })).status, 403);
    const instructor = await server.signedIn("instructor"); // taught neither
    assert.equal((await instructor.post(`${path}/marks`, { verdict: "sufficient", comment: "Never taught this person." })).status, 403);
    assert.ok(await grant(assessor, path));
});

test("a revocation takes effect at once, everywhere", async () => {
    const credential = JSON.parse(readFileSync(join(folder, "certificate.json"), "utf8"));
    assert.equal((await verifyPublished(credential)).verified, true);
    const learner = await server.signedIn("ada");
    assert.equal((await learner.post(`/assess/certificates/${number}/status`, { change: "revoked", reason })).status, 403);
    assert.equal((await assessor.post(`/assess/certificates/${number}/status`, { change: "revoked", reason: "no" })).status, 422);
    const look = await (await assessor.post(`/assess/certificates/${number}/status`, { change: "revoked", reason, look: "1" })).text();
    for (const part of [names.ada, number, "for good", "reads that it was revoked", "Revoke the certificate"]) assert.ok(look.includes(part), part);
    const back = await (await assessor.post(`/assess/certificates/${number}/status`, { change: "revoked", reason, back: "1" })).text();
    assert.match(back, /value="revoked" required checked/);
    assert.ok(back.includes(`>${reason}</textarea>`));
    assert.match(await stranger.page(`/certificates/${number}`), /Valid/, "to look is to change nothing");
    assert.equal((await assessor.post(`/assess/certificates/${number}/status`, { change: "revoked", reason })).status, 303);
    const page = await stranger.page(`/certificates/${number}`);
    assert.ok(page.includes("Revoked") && !page.includes(`${number}.pdf`));
    assert.deepEqual(failed(await check(JSON.stringify(credential))), ["revoked"]);
    assert.equal((await verifyPublished(credential)).revoked, true);
    assert.equal((await get(`/certificates/${number}.pdf`)).status, 409);
    assert.equal((await assessor.post(`/assess/certificates/${number}/status`, { change: "reinstated", reason })).status, 409);
});

test("suspended and reinstated, the credential in the holder's wallet is valid again", async () => {
    const admin = await server.signedIn("admin"), register = await admin.page(`/assess/certificates?q=${encodeURIComponent("الأمين")}`);
    const held = /GR-[0-9A-Z-]+/.exec(register)[0], before = await json(`/certificates/${held}.json`);
    const change = async (what) => assert.equal((await admin.post(`/assess/certificates/${held}/status`, { change: what, reason })).status, 303);
    await change("suspended");
    assert.ok((await stranger.page(`/certificates/${held}`)).includes("Suspended"));
    assert.equal((await verifyPublished(before)).verified, false);
    await change("reinstated");
    const now = await json(`/certificates/${held}.json`);
    assert.deepEqual(now, before);
    assert.equal(before.credentialStatus.statusPurpose, "suspension");
    assert.deepEqual(await verifyPublished(before), { verified: true, revoked: false, reason: "" });
    assert.equal((await check(JSON.stringify(before))).verdict, "valid");
    const list = await json(new URL(before.credentialStatus.statusListCredential).pathname);
    assert.equal(list.credentialSubject.statusPurpose, "suspension");
});

test("a revoked holder waits, brings new evidence, and the queue and the case say so", async () => {
    // "first" asks for a year; "quick" says: at once.
    const learner = await server.signedIn("ada"), level = "/programmes/p/levels/quick";
    const first = await learner.page("/programmes/p/levels/first");
    assert.match(first, /revoked\. You can apply again from/);
    assert.doesNotMatch(first, /Apply for certification/);
    const early = await learner.post("/programmes/p/levels/first", {});
    assert.equal(early.status, 409);
    assert.match(await early.text(), /how long to wait/);

    assert.equal((await learner.post(level, {})).status, 303);
    const quick = await grant(assessor, await caseOf(assessor, "Programme: Quick"));
    const why = "The work was somebody else's, as came out.";
    assert.equal((await assessor.post(`/assess/certificates/${quick}/status`, { change: "revoked", reason: why })).status, 303);
    assert.equal((await learner.post(level, {})).status, 409); // nothing new
    assert.match(await learner.page(level), /only what you do after that counts[^]*0 of 1 met/);
    // Reading again is offered a day after the first time.
    execFileSync("sqlite3", ["-cmd", ".timeout 5000", join(server.data, "gradus.db"), ["reading", "place", "completion"].map((what) => `UPDATE content_${what} SET at_ms = at_ms - 86400000`).join("; ")]);
    reseal(server.data, "content_completion");
    assert.match(await learner.page("/modules/one"), /name="section" value="\*\*"/);
    await learner.post("/modules/one/progress", { section: "**", done: "1" });
    assert.equal((await learner.post(level, {})).status, 303);
    const queue = await assessor.page("/assess"), row = queue.split("<tr").find((part) => part.includes("Programme: Quick"));
    assert.match(row, /revoked before/);
    assert.doesNotMatch(row, /nothing unusual/);
    const path = await caseOf(assessor, "Programme: Quick"), page = await assessor.page(path);
    assert.match(page, /A certificate of this level was revoked/);
    assert.ok(page.includes(quick) && page.includes(number), "certificates of every level");
    assert.ok(page.includes(why.replace("'", "&#39;")), "with the reason");
    assert.match(page, /Other applications[^]*Programme: First/);

    // Refused: the next case shows it with its reason.
    const no = "Check *owner*: failed in all runs, 14 without.";
    assert.equal((await assessor.post(`${path}/decision`, { outcome: "refused", reason: no })).status, 303);
    assert.equal((await learner.post(level, {})).status, 303); // "quick" lets people apply at once
    const next = await caseOf(assessor, "Programme: Quick"), again = await assessor.page(next);
    assert.ok(again.includes(no));
    assert.match(await assessor.page("/assess?sort=risk"), /refused before/);
});

// RULE refusal-told.
test("after a refusal the start page tells it, its reason, and from when on one may apply again", async () => {
    addPerson(server.data, "rae", { name: "Rae Refused" });
    const learner = await applyAs(server, "rae"), first = async () => /id="programme-p-first"[^]*?<\/section>/.exec(await learner.page("/"))[0];
    const waiting = await first();
    assert.match(waiting, /data-waits/);
    assert.doesNotMatch(waiting, /data-refused/);
    const no = "Check *owner*: it failed in all runs.";
    assert.equal((await assessor.post(`${await caseOf(assessor, "Rae Refused")}/decision`, { outcome: "refused", reason: no })).status, 303);
    const told = await first(), card = /data-refused>[^]*?<\/div>/.exec(told)?.[0] ?? assert.fail("no refusal on the start page");
    assert.match(card, /was refused on/);
    assert.ok(card.includes(no));
    const from = /apply again from ([^<]*? on\.)/;
    assert.match(card, from);
    assert.equal(from.exec(card)[1], from.exec(await learner.page("/programmes/p/levels/first"))[1], "the date of the level's page");
    assert.doesNotMatch(told, /data-waits|data-apply/);
    // "quick" lets people apply at once: no date, and the next application takes the place of the refusal.
    assert.equal((await learner.post("/programmes/p/levels/quick", {})).status, 303);
    assert.equal((await assessor.post(`${await caseOf(assessor, "Rae Refused")}/decision`, { outcome: "refused", reason: no })).status, 303);
    const both = await learner.page("/");
    assert.equal(both.split("data-refused").length, 3);
    assert.equal(both.split("You can apply again from").length, 2);
    assert.match(both, /data-apply/);
    assert.equal((await learner.post("/programmes/p/levels/quick", {})).status, 303);
    assert.equal((await learner.page("/")).split("data-refused").length, 2);
    assert.equal((await assessor.post(`${await caseOf(assessor, "Rae Refused")}/decision`, { outcome: "refused", reason: no })).status, 303);
});

test("an interest is declared on a page or in a case, and counts at once", async () => {
    const second = await server.signedIn("second"), admin = await server.signedIn("admin");
    assert.match(await second.page("/assess/interests"), /declared no interest/);
    const nobody = await second.post("/assess/interests", { person: "nobody-here", note: "kept text" });
    assert.equal(nobody.status, 422);
    assert.match(await nobody.text(), /Nobody here has a name or user name like this[^]*kept text/);
    /** By what somebody types, to the choice that has this text, to what is recorded. */
    const interest = async (client, person, text, note = "") => {
        const asked = await client.post("/assess/interests", { person, note }), choice = await asked.text();
        assert.equal(asked.status, 200, choice);
        assert.match(choice, /Nothing is recorded yet/);
        assert.ok((await client.page("/assess/interests")).includes("declared no interest"), "asked first");
        const label = choice.split('class="choice"').slice(1).find((part) => part.includes(text)) ?? assert.fail(`${text} is not offered for ${person}`);
        return client.post("/assess/interests", { person, note, chosen: /value="([^"]+)"/.exec(label)[1] });
    };
    assert.equal((await interest(second, "second", "Max Second")).status, 409);
    assert.match(await (await second.post("/assess/interests", { person: "exam" })).text(), /Ada Example/, "a name is found by how a word of it begins");
    const held = await held_by("arabic");
    assert.equal((await interest(admin, "ARABIC", names.arabic, "A neighbour")).status, 303);
    assert.match(await admin.page("/assess/interests"), /arabic[^]*A neighbour/);
    for (const change of ["suspended", "revoked", "reinstated"]) {
        const answer = await admin.post(`/assess/certificates/${held}/status`, { change, reason });
        assert.equal(answer.status, 403, change);
        assert.match(await answer.text(), /declared an interest/);
    }
    assert.match(await stranger.page(`/certificates/${held}`), /Valid/);
    // In the case: the evidence goes, and the forms.
    const path = await caseOf(second, "Programme: Quick");
    assert.match(await second.page(path), /Requirements[^]*I have an interest/);
    const answer = await second.post(`${path}/interest`, { note: "" });
    assert.equal(answer.headers.get("location"), `${path}?declared=1`);
    const page = await second.page(path);
    assert.match(page, /You declared an interest in this person/);
    assert.doesNotMatch(page, /name="outcome"|name="verdict"|Other applications/);
    assert.equal((await second.post(`${path}/decision`, { outcome: "refused", reason })).status, 403);
    assert.equal((await second.post(`${path}/marks`, { verdict: "sufficient", comment: "Read, and it is all there." })).status, 403);
    const log = await admin.page("/admin/audit");
    assert.match(log, /cert\.interest/);
    assert.doesNotMatch(log, /neighbour/);
    assert.match(await (await server.signedIn("assessor")).page(path), /name="outcome"/); // nobody else is bound
});

test("an instructor's list of cases has one name", async () => {
    const teacher = await server.signedIn("instructor"), page = await teacher.page("/assess");
    assert.match(page, /<title>Cases to mark/);
    assert.doesNotMatch(page, /Cases to decide/);
    assert.match(await assessor.page("/assess"), /<title>Cases to decide/);
});

test("the register is searched and exported", async () => {
    const admin = await server.signedIn("admin");
    assert.match(await admin.page("/assess/certificates?q=nobody"), /No certificate fits/);
    assert.ok((await admin.page(`/assess/certificates?q=${number.slice(8, 13).toLowerCase()}`)).includes(number));
    const answer = await admin.fetch("/assess/certificates?format=csv"), lines = (await answer.text()).trim().split("\r\n");
    assert.match(answer.headers.get("content-type"), /^text\/csv/);
    assert.equal(lines.length, 4);
    assert.ok(lines.some((line) => line.startsWith(`"${number}","${names.ada}","Programme: First","Revoked"`)), lines.join("\n"));
    assert.equal((await (await server.signedIn("ada")).fetch("/assess/certificates?format=csv")).status, 403);
});

test("gradus verify from the command line", async () => {
    const admin = await server.signedIn("admin"), held = /GR-[0-9A-Z-]+/.exec(await admin.page(`/assess/certificates?q=${encodeURIComponent("الأمين")}`))[0];
    const file = (name) => join(folder, name);
    for (const kind of ["json", "png", "pdf"]) {
        writeFileSync(file(`held.${kind}`), Buffer.from(await (await get(`/certificates/${held}.${kind}`)).arrayBuffer()));
        const done = command(["verify", file(`held.${kind}`), "--data", server.data]);
        assert.equal(done.code, 0, `${kind}: ${done.out}${done.err}`);
        assert.match(done.out, /^valid/);
    }
    const text = readFileSync(file("held.json"), "utf8");
    writeFileSync(file("changed.json"), text.replace("Test Academy", "Best Academy"));
    assert.equal(command(["verify", file("changed.json"), "--data", server.data]).code, 1);
    const revoked = command(["verify", file("certificate.json"), "--data", server.data, "--format", "json"]);
    assert.equal(revoked.code, 1);
    assert.deepEqual(failed(JSON.parse(revoked.out)), ["revoked"]);
    const key = JSON.parse(text).proof[0].verificationMethod.split("#")[1];
    const offline = command(["verify", file("held.json"), "--key", key], { cwd: folder });
    assert.equal(offline.code, 2, offline.out + offline.err);
    assert.match(offline.out, /^NOT DECIDED/);
    assert.match(offline.out, /status +skip: .*download http\S+\/status\/1 and give it with --status/);
    assert.equal(command(["verify", file("held.json"), "--key", "z6MkpTHR8VNsBxYAAWHut2Geadd9jSwuBV8xRoAnwWsdvktH"], { cwd: folder }).code, 2); // one key says nothing of the others
    for (const args of [["verify"], ["verify", file("none.json")], ["verify", file("held.json"), "--key", "nonsense"], ["verify", file("held.json"), "--data", folder]])
        assert.equal(command(args, { cwd: folder }).code, 2, args.join(" "));
    assert.equal(command(["verify", "--help"]).code, 0);
    assert.equal(command(["audit", "verify", "--data", server.data]).code, 0);
});

// RULE true-verdict.
test("a stranger with downloaded files gets a full verdict, and none that was not looked up", async () => {
    const file = (name) => join(folder, name);
    const run = (...args) => command(["verify", ...args], { cwd: folder });
    for (const [path, name] of [["/.well-known/did.json", "did.json"], ["/status/1", "list.json"]])
        writeFileSync(file(name), await (await get(path)).text());
    const did = JSON.parse(readFileSync(file("did.json"), "utf8")), list = JSON.parse(readFileSync(file("list.json"), "utf8"));
    const key = did.verificationMethod[0].publicKeyMultibase;
    const published = ["--did", file("did.json"), "--status", file("list.json")];
    for (const kind of ["json", "png", "pdf"]) {
        const done = run(file(`held.${kind}`), ...published);
        assert.equal(done.code, 0, `${kind}: ${done.out}${done.err}`);
        assert.match(done.out, /^valid\n[^]*status +pass/);
    }
    // certificate.json was revoked above: whoever looks is told, whoever cannot look is not told that it is valid.
    const revoked = run(file("certificate.json"), ...published, "--format", "json"), report = JSON.parse(revoked.out);
    assert.equal(revoked.code, 1);
    assert.deepEqual([report.verdict, report.valid, failed(report)], ["not valid", false, ["listed"]]); // what the list can tell
    assert.equal(run(file("certificate.json"), "--key", key, "--status", file("list.json")).code, 1);
    for (const args of [["--key", key], ["--key", key, "--data", file("none")], ["--did", file("did.json")]]) {
        const done = run(file("certificate.json"), ...args);
        assert.equal(done.code, 2, args.join(" "));
        assert.match(done.out, /^NOT DECIDED\n[^]*status +skip: .*\/status\/1 and give it with --status/);
        assert.doesNotMatch(done.out, /^valid/m);
    }
    const open = run(file("certificate.json"), "--did", file("did.json"), "--format", "json"), said = JSON.parse(open.out);
    assert.equal(open.code, 2);
    assert.deepEqual([said.verdict, said.valid], ["not decided", null]);
    assert.match(said.checks.find((c) => c.check === "status").detail, /--status/);

    // A list that proves nothing decides nothing, also for a credential that holds.
    const lists = {
        changed: { ...list, validUntil: "2099-01-01T00:00:00Z" }, unsigned: { ...list, proof: undefined },
        "of another id": { ...list, id: `${list.id}0` }, "of another issuer": { ...list, issuer: "did:web:else.example" }, "no list": did,
    };
    for (const [name, text] of [...Object.entries(lists).map(([n, l]) => [n, JSON.stringify(l)]), ["no JSON", "<html>"]]) {
        writeFileSync(file("odd.json"), text);
        const done = run(file("held.json"), "--did", file("did.json"), "--status", file("odd.json"));
        assert.equal(done.code, 2, `${name}: ${done.out}`);
        assert.match(done.out, /^NOT DECIDED\n[^]*skip: .*the status list .*download/, name);
    }
    // A document of somebody else makes no key known; one that cannot be read, or a list that is not there, is no check at all.
    writeFileSync(file("odd.json"), JSON.stringify(did).replaceAll(did.id, "did:web:else.example"));
    const other = run(file("held.json"), "--did", file("odd.json"), "--status", file("list.json"));
    assert.equal(other.code, 2);
    assert.match(other.out, /document of did:web:else\.example, and the credential names the issuer did:web:127/);
    for (const [flag, name] of [["--did", "list.json"], ["--did", "none.json"], ["--status", "none.json"]]) {
        const done = run(file("held.json"), flag, file(name));
        assert.equal(done.code, 2, name);
        assert.match(done.err, /none\.json cannot be read|cannot be used as a DID document/);
        assert.equal(done.out, "");
    }
    // The academy's own register knows more than an old copy of its list.
    assert.equal(run(file("certificate.json"), "--data", server.data, "--status", file("list.json")).code, 1);
    assert.equal(run(file("held.json"), "--data", server.data, "--status", file("list.json")).code, 0);
});

test("an address that certificates cannot carry is refused at the start, with the reason", () => {
    const cases = {
        "": /neither https/, "http://x.example/path?q=1#f": /more than a host/, "https://x.example/": /more than a host/, "https://user@x.example": /names a user/,
        "https://user:secret@x.example": /names a user/, "http://[::1]:80": /IPv6/, "https://x.example:99999": /port/, "https://x example": /its host/, "https://a_b.example": /its host/,
    };
    for (const [origin, why] of Object.entries(cases)) {
        const done = command(["serve", "--origin", origin, "--port", "0", "--data", scratch("refused")]);
        assert.equal(done.code, 2, origin);
        assert.match(done.err, why, origin);
        assert.match(done.err, /^gradus serve: --origin “/);
    }
});

// RULE drawable-name.
test("what no font draws is said before a certificate is granted; Chinese, Japanese and Korean names are printed", async () => {
    addPerson(server.data, "private", { name: "Ada \u{e000} Example" });
    addPerson(server.data, "chinese", { name: "李小龍" });
    await applyAs(server, "private");
    await applyAs(server, "chinese");
    const path = await caseOf(assessor, "Ada \u{e000} Example");
    const answer = await assessor.post(`${path}/decision`, { outcome: "granted", reason }), text = await answer.text();
    assert.equal(answer.status, 409);
    assert.match(text, /no font on this server has these characters of the name “Ada \u{e000} Example”: \u{e000}\. Nothing was granted/u);
    assert.ok(text.includes(reason), "the reason is kept");
    assert.doesNotMatch(await assessor.page(path), /\/certificates\/GR-/);
    const refused = await assessor.post(`${path}/decision`, { outcome: "refused", reason });
    assert.equal(refused.status, 303, "what is not printed needs no font");
    const number = await grant(assessor, await caseOf(assessor, "李小龍"));
    assert.equal((await get(`/certificates/${number}.pdf`)).status, 200);
});

// RULE records.
test("what was changed behind the academy's back is found, and neither shown nor called valid", async () => {
    const held = await held_by("arabic"), credential = await (await get(`/certificates/${held}.json`)).text();
    const sql = (text) => execFileSync("sqlite3", ["-cmd", ".timeout 5000", join(server.data, "gradus.db"), text], { encoding: "utf8" });
    const audit = () => command(["audit", "verify", "--data", server.data]);
    const where = `WHERE number = '${held}'`, of = (n) => `certificate_id = (SELECT id FROM cert_certificate WHERE number = '${n}')`;
    const kept = sql(`SELECT quote(holder_name), valid_until_ms, issued_ms, quote(json) FROM cert_certificate c JOIN cert_credential x ON x.certificate_id = c.id WHERE number = '${held}'`).trim().split("|");
    const fine = audit();
    assert.equal(fine.code, 0, fine.err);
    assert.match(fine.out, /4 certificates are as they were signed and logged/);
    for (const line of sql("SELECT name FROM sqlite_master WHERE type = 'trigger' AND tbl_name LIKE 'cert_%'").trim().split("\n")) sql(`DROP TRIGGER ${line}`);
    const changes = {
        "another name": [`UPDATE cert_certificate SET holder_name = 'Mallory Forger' ${where}`, `UPDATE cert_certificate SET holder_name = ${kept[0]} ${where}`, /another name was signed/],
        "another end": [`UPDATE cert_certificate SET valid_until_ms = valid_until_ms + 1000 ${where}`, `UPDATE cert_certificate SET valid_until_ms = ${kept[1]} ${where}`, /another end was signed/],
        "another day": [`UPDATE cert_certificate SET issued_ms = issued_ms - 86400000 ${where}`, `UPDATE cert_certificate SET issued_ms = ${kept[2]} ${where}`, /another moment of issue was logged|another day of issue was signed/],
        "another credential": [`UPDATE cert_credential SET json = replace(json, 'Test Academy', 'Best Academy') WHERE ${of(held)}`, `UPDATE cert_credential SET json = ${kept.slice(3).join("|")} WHERE ${of(held)}`, /another name of the issuer was signed/],
        "a state that nobody decided": [`INSERT INTO cert_status SELECT 'x', c.id, x.id, x.list_id, 'reinstated', c.decided_by, 'nobody', 99999999999999 FROM cert_certificate c JOIN cert_credential x ON x.certificate_id = c.id WHERE number = '${held}'`, "DELETE FROM cert_status WHERE id = 'x'", /on record that was never logged/],
    };
    for (const [name, [change, back, sentence]] of Object.entries(changes)) {
        sql(change);
        const found = audit();
        assert.equal(found.code, 1, name);
        assert.match(found.err, sentence, name);
        for (const end of ["", ".json", ".pdf", ".png"]) assert.equal((await get(`/certificates/${held}${end}`)).status, 409, name + end);
        assert.doesNotMatch(await (await get(`/certificates/${held}`)).text(), /Mallory|is-valid/);
        const report = await check(credential);
        assert.deepEqual([report.verdict, failed(report)], ["not valid", ["records"]], name);
        sql(back);
        assert.equal(audit().code, 0, `${name}: taken back`);
    }
    assert.equal((await get(`/certificates/${held}`)).status, 200);
    // A revocation that was taken out again: the log has it.
    const revoked = sql(`SELECT id FROM cert_status WHERE ${of(number)}`).trim();
    const aside = `ATTACH '${join(scratch("aside"), "taken.db")}' AS aside;`;
    sql(`${aside} CREATE TABLE aside.taken AS SELECT * FROM cert_status WHERE id = '${revoked}'; DELETE FROM cert_status WHERE id = '${revoked}'`);
    assert.match(audit().err, /a change of its state that was logged is not on record/);
    assert.equal((await get(`/certificates/${number}`)).status, 409);
    assert.deepEqual(failed(await check(readFileSync(join(folder, "certificate.json"), "utf8"))), ["records"]);
    // RULE list-logged: verifiers who know nothing but the signed list still see that it does not hold.
    const index = Number(sql(`SELECT status_index FROM cert_credential WHERE ${of(number)}`)), others = Number(sql(`SELECT status_index FROM cert_credential WHERE ${of(held)}`));
    const list = await (await get("/status/1")).json();
    const bits = gunzipSync(Buffer.from(list.credentialSubject.encodedList.slice(1), "base64url"));
    const bit = (i) => bits[i >> 3] >> (7 - (i & 7)) & 1;
    assert.deepEqual([bit(index), bit(others)], [1, 0]);
    assert.ok(server.logs.some((line) => line.event === "status_list"), "the log is silent");
    sql(`${aside} INSERT INTO cert_status SELECT * FROM aside.taken`);
    // A decision by somebody else, and a case that is gone.
    const decision = sql(`SELECT d.id, d.actor FROM cert_decision d JOIN cert_certificate c ON c.application_id = d.application_id ${where}`).trim().split("|");
    sql(`UPDATE cert_decision SET actor = (SELECT id FROM person WHERE login = 'second') WHERE id = '${decision[0]}'`);
    assert.match(audit().err, /the decision is not the one that was logged/);
    sql(`UPDATE cert_decision SET actor = '${decision[1]}' WHERE id = '${decision[0]}'`);
    assert.equal(audit().code, 0);
    // In an archive it is the same: what was changed is not laid out, unless somebody says so.
    const restore = (file, ...more) => command(["restore", file, "--data", scratch("restored"), "--without-keys", ...more]);
    const backup = (name) => assert.equal(command(["backup", join(folder, name), "--data", server.data]).code, 0) ?? join(folder, name);
    const good = restore(backup("good.tar"));
    assert.equal(good.code, 0, good.err);
    sql(changes["another name"][0]);
    const bad = backup("bad.tar"), refused = restore(bad);
    assert.notEqual(refused.code, 0);
    assert.match(refused.err, /another name was signed[^]*Nothing was changed/);
    assert.equal(restore(bad, "--as-it-is").code, 0);
    sql(changes["another name"][1]);
});
