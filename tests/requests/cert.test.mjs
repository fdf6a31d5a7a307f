// Certification over HTTP: from the application to a certificate that independent libraries verify, and what is refused.
import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, test } from "node:test";
import { applyAs, caseOf, grant, names, startLevel } from "../lib/level.mjs";
import { command, scratch } from "../lib/server.mjs";
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
const failed = (report) => report.checks.filter((c) => c.outcome === "fail").map((c) => c.code);

test("the level says what is met and what is missing", async () => {
    const page = await (await server.signedIn("thai")).page("/programmes/p/levels/first");
    assert.match(page, /0 of 2 met/);
    assert.match(page, /href="\/modules\/one"/);
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
    const short = await learner.post("/programmes/p/levels/first", { statement: "I know it." });
    assert.equal(short.status, 422);
    assert.match(await short.text(), /I know it\./); // what was written is kept
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
    const page = await (await stranger.fetch("/verify", { method: "POST", body: new URLSearchParams({ credential: text }) })).text();
    assert.ok(page.includes("Valid") && page.includes(names.ada));
});

test("what does not hold says which check failed", async () => {
    const good = JSON.parse(readFileSync(join(folder, "certificate.json"), "utf8"));
    const changed = structuredClone(good);
    changed.name += "!";
    assert.deepEqual(failed(await check(JSON.stringify(changed))), ["changed"]);
    const foreign = JSON.parse(JSON.stringify(good).replaceAll(good.proof[0].verificationMethod, "did:web:else.example#z6MkpTHR8VNsBxYAAWHut2Geadd9jSwuBV8xRoAnwWsdvktH"));
    assert.deepEqual(failed(await check(JSON.stringify(foreign))), ["unknown_key"]);
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
    for (const bytes of ["%PDF-1.7", hidden, paper.slice(0, 400), "%PDF-1.7\n" + "1 0 obj<<".repeat(500_000), "%PDF-1.7\n" + "1 0 obj<</Type/EmbeddedFile/Length 4000000>>stream\nendstream".repeat(60_000) + " ".repeat(1 << 20)]) {
        const began = performance.now(), answer = await upload(bytes, "text/html"), page = await answer.text();
        assert.equal(answer.status, 422);
        assert.equal((await upload(bytes)).status, 400);
        assert.match(page, /no readable credential in this PDF/);
        assert.doesNotMatch(page, /Not valid/);
        assert.ok(performance.now() - began < 4000, "in time");
    }
    assert.deepEqual(failed(await (await upload(paper.replace("Test Academy\",\"url", "Best Academy\",\"url"))).json()), ["changed"]);
    const long = await stranger.fetch("/verify", { method: "POST", body: new URLSearchParams({ credential: "x".repeat(300_000) }) });
    assert.equal(long.status, 422);
    const markup = await (await stranger.fetch("/verify", { method: "POST", body: new URLSearchParams({ credential: "<script>alert(1)</script>" }) })).text();
    assert.ok(!markup.includes("<script>alert"));
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
    assert.equal((await assessor.post(`/assess/certificates/${number}/status`, { change: "revoked", reason })).status, 303);
    const page = await stranger.page(`/certificates/${number}`);
    assert.ok(page.includes("Revoked") && !page.includes(`${number}.pdf`));
    assert.deepEqual(failed(await check(JSON.stringify(credential))), ["revoked"]);
    assert.equal((await verifyPublished(credential)).revoked, true);
    assert.equal((await get(`/certificates/${number}.pdf`)).status, 409);
    assert.equal((await assessor.post(`/assess/certificates/${number}/status`, { change: "reinstated", reason })).status, 409);
});

test("suspending and reinstating gives a new credential under the same number", async () => {
    const admin = await server.signedIn("admin"), register = await admin.page(`/assess/certificates?q=${encodeURIComponent("الأمين")}`);
    const held = /GR-[0-9A-Z-]+/.exec(register)[0], before = await json(`/certificates/${held}.json`);
    const change = async (what) => assert.equal((await admin.post(`/assess/certificates/${held}/status`, { change: what, reason })).status, 303);
    await change("suspended");
    assert.ok((await stranger.page(`/certificates/${held}`)).includes("Suspended"));
    assert.equal((await verifyPublished(before)).verified, false);
    await change("reinstated");
    const now = await json(`/certificates/${held}.json`);
    assert.notEqual(now.id, before.id);
    assert.equal(now.credentialSubject.licenseNumber, held);
    assert.equal((await verifyPublished(now)).verified, true);
    assert.equal((await verifyPublished(before)).verified, false);
});

test("the register is searched and exported", async () => {
    const admin = await server.signedIn("admin");
    assert.match(await admin.page("/assess/certificates?q=nobody"), /No certificate fits/);
    assert.ok((await admin.page(`/assess/certificates?q=${number.slice(8, 13).toLowerCase()}`)).includes(number));
    const answer = await admin.fetch("/assess/certificates?format=csv"), lines = (await answer.text()).trim().split("\r\n");
    assert.match(answer.headers.get("content-type"), /^text\/csv/);
    assert.equal(lines.length, 3);
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
    assert.equal(command(["verify", file("held.json"), "--key", "z6MkpTHR8VNsBxYAAWHut2Geadd9jSwuBV8xRoAnwWsdvktH"], { cwd: folder }).code, 1);
    for (const args of [["verify"], ["verify", file("none.json")], ["verify", file("held.json"), "--key", "nonsense"], ["verify", file("held.json"), "--data", folder]])
        assert.equal(command(args, { cwd: folder }).code, 2, args.join(" "));
    assert.equal(command(["verify", "--help"]).code, 0);
    assert.equal(command(["audit", "verify", "--data", server.data]).code, 0);
});

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
    assert.deepEqual([report.verdict, report.valid, failed(report)], ["not valid", false, ["revoked"]]);
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
    assert.equal(other.code, 1);
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
