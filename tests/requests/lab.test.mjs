// Labs over HTTP: the systems' APIs with real keys, who may see and do what, and that what was told survives a kill.
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { cpSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, test } from "node:test";
import { addPerson, command, makeAcademy, must, root, scratch, startServer } from "../lib/server.mjs";
import { workersOf } from "../lib/lab.mjs";

const data = makeAcademy();
addPerson(data, "other");
const server = await startServer({ data });
after(() => server.stop());
const learner = await server.signedIn("learner");
const other = await server.signedIn("other");
const assessor = await server.signedIn("assessor");
const lab = "/labs/field-mapping-dedupe";

async function begin(client, crm, map) {
    const answer = await client.post(`${lab}/runs`, { dialect_crm: crm, dialect_map: map }, { from: lab });
    assert.equal(answer.status, 303, await answer.text());
    return answer.headers.get("location");
}

/** The run's secret, from its page. */
async function secretOf(client, run) {
    return /run_[A-Za-z0-9_-]{20,}/.exec(await client.page(`${run}?tab=access`))[0];
}

const run = await begin(learner, "aurelia", "quillon");
const secret = await secretOf(learner, run);
const id = run.split("/").pop();
const crm = `${server.origin}${run}/api/crm`;
const map = `${server.origin}${run}/api/map`;
const basic = { authorization: `Basic ${btoa(`account:${secret}`)}` };

test("the brief and its tasks stand in the lobby and in the run", async () => {
    for (const path of [lab, run]) {
        const text = await learner.page(path);
        assert.match(text, /Harriet, head of sales/);
        assert.match(text, /Your tasks/);
    }
});

test("RULE open-run, RULE resume-lab: the run that is not passed comes first in the lobby, and on the start page while nothing is newer", async () => {
    const lobby = await learner.page(lab);
    assert.match(lobby, new RegExp(`data-go-on>[^]*href="${run}">Go on[^]*<h2 id="start">Or begin anew`));
    assert.doesNotMatch(await other.page(lab), /data-go-on|begin anew/);
    const card = async () => /<section class="card feature" aria-labelledby="next">[^]*?<\/section>/.exec(await learner.page("/"))[0];
    assert.match(await card(), new RegExp(`Continue where you left off[^]*href="${run}"`));
    const section = /data-section="([^"]+)"/.exec(await learner.page("/modules/data-basics"))[1];
    await learner.post("/modules/data-basics/progress", { section, position: "100", quiet: "1" });
    assert.match(await card(), /href="\/modules\/data-basics/);
    assert.equal((await learner.post(`${run}/clock`, { minutes: "60" })).status, 303);
    assert.match(await card(), new RegExp(`href="${run}"`));
});

test("OAuth: a token for the client's credentials, and with it the records", async () => {
    const refused = await fetch(`${crm}/desk/v3/tables/Contact`, { headers: { authorization: `Bearer ${secret}` } });
    assert.equal(refused.status, 401);
    assert.equal((await refused.json())[0].why, "TOKEN_REFUSED");
    const form = { grant_type: "client_credentials", client_id: id, client_secret: secret };
    const wrong = await fetch(`${crm}/oauth2/token`, { method: "POST", body: new URLSearchParams({ ...form, client_secret: `${secret}x` }) });
    assert.equal(wrong.status, 401);
    const given = await fetch(`${crm}/oauth2/token`, { method: "POST", body: new URLSearchParams(form) });
    assert.equal(given.status, 200);
    const { access_token: token, expires_in: seconds } = await given.json();
    assert.equal(seconds, 1800);
    const headers = { authorization: `Bearer ${token}` };
    const page = await fetch(`${crm}/desk/v3/tables/Contact?limit=5&offset=5`, { headers });
    assert.equal(page.status, 200);
    const { Rows: records, Overall } = await page.json();
    assert.equal(records.length, 5);
    assert.equal(Overall, 220);
    const made = await fetch(`${crm}/desk/v3/tables/Contact`, { method: "POST", headers, body: JSON.stringify({ FamilyName: "Świątek", Email: "s@x.example" }) });
    assert.equal(made.status, 201);
    const contact = (await made.json()).Id;
    const one = await fetch(`${crm}/desk/v3/tables/Contact/${contact}`, { headers });
    assert.equal((await one.json()).FamilyName, "Świątek");
    const changed = await fetch(`${crm}/desk/v3/tables/Contact/${contact}`, { method: "PATCH", headers, body: JSON.stringify({ FamilyName: "Iga" }) });
    assert.equal(changed.status, 204);
    assert.equal(await changed.text(), "");
    const clock = await fetch(`${server.origin}${run}/api/lab/clock`, { method: "POST", headers: { authorization: `Bearer ${secret}` }, body: '{"advance_seconds":1900}' });
    assert.equal(clock.status, 200);
    assert.equal((await fetch(`${crm}/desk/v3/tables/Contact`, { headers })).status, 401);
});

test("basic authentication, names with blanks, problem details", async () => {
    assert.equal((await fetch(`${map}/sheets/2/people`)).status, 401);
    assert.equal((await fetch(`${map}/sheets/2/people`, { headers: { authorization: `Basic ${btoa("account:wrong")}` } })).status, 401);
    const made = await fetch(`${map}/sheets/2/people`, { method: "POST", headers: basic, body: JSON.stringify({ "Email Address": "p+1@x.example", "Opted Out": "No" }) });
    assert.equal(made.status, 201);
    const found = await fetch(`${map}/sheets/2/people?Email%20Address=p%2B1%40x.example`, { headers: basic });
    assert.equal((await found.json()).of, 1);
    const bad = await fetch(`${map}/sheets/2/people`, { method: "POST", headers: basic, body: "{}" });
    assert.equal(bad.status, 400);
    assert.match(bad.headers.get("content-type"), /^application\/problem\+json/);
});

test("a body that a record does not take is refused before it is done, and costs the run nothing", async () => {
    const post = (size) => fetch(`${map}/sheets/2/people`, { method: "POST", headers: basic, body: JSON.stringify({ "Email Address": "x".repeat(size) }) });
    const actions = async () => Number(/([\d,]+) actions? in the record/.exec(await learner.page(`${run}/replay`))?.[1]);
    const before = await actions();
    assert.ok(before > 0);
    const large = await post(70_000);
    assert.equal(large.status, 413);
    assert.match((await large.json()).error, /larger than 64 KB.*as it was before/);
    assert.equal(await actions(), before);
    assert.equal((await post(60_000)).status, 400); // the system's own refusal: an action like any other
    assert.equal(await actions(), before + 1);
});

test("an OpenAPI document describes each system as it is", async () => {
    for (const [api, path] of [[crm, "/desk/v3/tables/Contact"], [map, "/sheets/2/people"]]) {
        const answer = await fetch(`${api}/openapi.json`);
        assert.equal(answer.status, 200);
        const doc = await answer.json();
        assert.equal(doc.openapi, "3.1.0");
        assert.equal(doc.servers[0].url, api);
        assert.ok(doc.paths[path].get && doc.paths[path].post && doc.paths[`${path}/{id}`]);
        for (const [, ref] of JSON.stringify(doc.paths).matchAll(/"\$ref":"#\/components\/schemas\/([^"]+)"/g)) assert.ok(doc.components.schemas[ref], ref);
    }
});

test("bearer and API key, as the other two want them", async () => {
    const second = await begin(learner, "boreal", "heron");
    const key = await secretOf(learner, second);
    const people = `${server.origin}${second}/api/crm/v1/people`;
    assert.equal((await fetch(people, { headers: { authorization: `Bearer ${key}` } })).status, 401);
    assert.equal((await fetch(people, { headers: { "x-boreal-key": secret } })).status, 401, "another run's secret opens this one");
    assert.equal((await (await fetch(people, { headers: { "x-boreal-key": key } })).json()).data.length, 50);
    const leads = `${server.origin}${second}/api/map/nest/v2/leads`;
    const answer = await fetch(`${leads}?perPage=3`, { headers: { authorization: `Bearer ${key}` } });
    assert.equal((await answer.json()).found.length, 3);
    const burst = [];
    for (let i = 0; i < 25; i++) burst.push((await fetch(`${people}?page_size=1`, { headers: { "x-boreal-key": key } })));
    const limited = burst.find(({ status }) => status === 429);
    assert.ok(limited?.headers.get("retry-after"));
});

test("the lab's clock goes to a time, to what happens next, and until a condition holds", async () => {
    const move = async (body) => {
        const answer = await fetch(`${server.origin}${run}/api/lab/clock`, { method: "POST", headers: { authorization: `Bearer ${secret}` }, body: JSON.stringify(body) });
        return { status: answer.status, ...(await answer.json()) };
    };
    const began = await move({ advance_seconds: 1 }), at = began.now_ms;
    assert.equal(began.why, "time");
    assert.equal((await move({ to: new Date(at + 60_000).toISOString() })).now_ms, at + 60_000);
    const until = await move({ until: `SELECT count(*) > 0 FROM event WHERE at_ms > ${at + 60_000}`, advance_seconds: 86_400 });
    assert.equal(until.why, "condition");
    assert.ok(until.now_ms > at + 60_000 && until.now_ms < at + 86_460_000);
    assert.equal((await move({ next: true })).why, "event");
    assert.equal((await move({ until: "SELECT 0", advance_seconds: 5 })).why, "time");
    for (const body of [{}, { to: "tomorrow" }, { to: "2020-01-01T00:00:00Z" }, { to: 5 }, { next: false }, { next: true, until: "SELECT 1" }, { until: 1 }, { until: "SELECT * FROM sim_due" },
        { advance_seconds: 0 }, { advance_seconds: 604_801 }, { advance_seconds: 5, to: "2030-01-01T00:00:00Z" }])
        assert.equal((await move(body)).status, 422, JSON.stringify(body));
});

test("what makes no sense is answered, and the server lives", async () => {
    const tries = [
        ["GET", `${map}/`], ["GET", `${map}/sheets/2`], ["GET", `${map}/sheets/2/people/%2e%2e`], ["GET", `${map}/sheets/2/people/${"x".repeat(500)}`],
        ["POST", `${map}/sheets/2/people`, "\xff\xfe"], ["POST", `${map}/sheets/2/people`, "[".repeat(50000)], ["POST", `${map}/sheets/2/people`, `{"Email Address":"${"x".repeat(100000)}@x.example"}`],
        ["PATCH", `${map}/sheets/2/people`, "{}"], ["OPTIONS", `${map}/sheets/2/people`], ["GET", `${server.origin}${run}/api/erp/x`], ["GET", `${server.origin}/runs/nobody/api/crm/x`],
        ["GET", `${map}/sheets/2/people?start=-1`], ["GET", `${map}/sheets/2/people?count=1e9`], ["GET", `${map}/sheets/2/people?${"a=1&".repeat(3)}`],
        ["POST", `${server.origin}${run}/api/lab/clock`, '{"advance_seconds":-5}'],
    ];
    for (const [method, url, body] of tries) {
        const answer = await fetch(url, { method, headers: basic, body });
        assert.ok(answer.status >= 400 && answer.status < 500, `${method} ${url.slice(0, 120)}: ${answer.status}`);
        await answer.arrayBuffer();
    }
    await server.assertWell();
});

test("RULE lab-answer-members: messages are read, answered, written, by the API and by the form", async () => {
    const headers = { authorization: `Bearer ${secret}` }, url = `${server.origin}${run}/api/lab/messages`;
    assert.equal((await fetch(url)).status, 401);
    assert.deepEqual(await (await fetch(url, { headers })).json(), { rows: [], to: [] });
    for (const body of ["", "{}", "[]", '{"message":1,"text":"x"}', '{"to":"support","text":"x"}', '{"kind":"clock","advance_ms":5}'])
        assert.equal((await fetch(url, { method: "POST", headers, body })).status, 422, body);
    assert.equal((await fetch(url, { method: "PUT", headers, body: "{}" })).status, 404);
    const refused = await learner.post(`${run}/answers`, { message: "1", text: "x" });
    assert.equal(refused.status, 400);
    assert.match(await refused.text(), /There is no such message/);
    assert.equal((await learner.post(`${run}/answers`, {})).status, 400);
    assert.equal((await other.post(`${run}/answers`, { message: "1", text: "x" })).status, 404);
    assert.equal((await assessor.post(`${run}/answers`, { message: "1", text: "x" })).status, 403);
});

test("RULE lab-chaos: an instructor who may see the run lets something go wrong in it; nobody else does", async () => {
    addPerson(data, "teacher", { roles: "instructor,learner" });
    const teacher = await server.signedIn("teacher"), own = await begin(teacher, "aurelia", "heron");
    const fault = { kind: "outage", on: "map", for: "2h" };
    for (const client of [learner, other, assessor]) assert.equal((await client.post(`${own}/chaos`, fault)).status, 403);
    assert.equal((await teacher.post(`${run}/chaos`, fault)).status, 403, "of a learner who is none of theirs");
    const leads = `${server.origin}${own}/api/map/nest/v2/leads`, headers = { authorization: `Bearer ${await secretOf(teacher, own)}` };
    assert.equal((await fetch(leads, { headers })).status, 200);
    assert.match((await teacher.post(`${own}/chaos`, fault)).headers.get("location"), /notice=chaos/);
    assert.equal((await fetch(leads, { headers })).status, 503);
    assert.match((await teacher.post(`${own}/chaos`, { end: "chaos-1" })).headers.get("location"), /notice=chaos_end/);
    assert.equal((await teacher.post(`${own}/chaos`, { kind: "latency", on: "map", ms: "2500" })).status, 303);
    const slow = await fetch(leads, { headers });
    assert.equal(slow.headers.get("lab-latency"), "2500");
    assert.match(await (await teacher.post(`${own}/chaos`, { kind: "flood", on: "map" })).text(), /“flood” is none of them/);
    // RULE lab-chaos-audit: three entries, none of what was refused.
    const entries = JSON.parse(execFileSync("sqlite3", ["-json", join(data, "gradus.db"), "SELECT subject, detail FROM audit_log WHERE action = 'lab.chaos' ORDER BY seq"], { encoding: "utf8" }));
    assert.deepEqual(entries.map(({ subject, detail }) => [subject === own.split("/").pop(), Object.keys(JSON.parse(detail)).sort().join()]), [[true, "fault,kind"], [true, "end,kind"], [true, "fault,kind"]]);

    // The panel: nobody else reaches it, and it asks for a reason (RULE lab-chaos-reason).
    for (const client of [learner, other, assessor]) assert.equal((await client.fetch(`${own}/chaos`)).status, 403);
    assert.equal((await teacher.fetch(`${run}/chaos`)).status, 403);
    assert.doesNotMatch(await learner.page(run), /\/chaos/);
    const panel = await teacher.page(`${own}/chaos`);
    for (const kind of ["outage", "status", "error", "latency", "limit", "expire", "revoke", "schema", "skew", "hook"]) assert.ok(panel.includes(`id="fault-${kind}"`), kind);
    assert.match(panel, /Slow calls<\/strong>[^]*?since/);
    const asked = { panel: "1", kind: "skew", on: "crm", seconds: "60", for: "1h" };
    for (const reason of ["", "  ", "x".repeat(501)]) {
        const refused = await teacher.post(`${own}/chaos`, { ...asked, reason });
        assert.equal(refused.status, 422);
        assert.match(await refused.text(), /Say why[^]*value="60"/);
    }
    assert.match((await teacher.post(`${own}/chaos`, { ...asked, reason: "x".repeat(500) })).headers.get("location"), /\/chaos\?notice=chaos$/);
    assert.match(await (await teacher.post(`${own}/chaos`, { ...asked, seconds: "much", reason: "Practice" })).text(), /whole number[^]*value="much"/);
    assert.match(await teacher.page(`${own}/chaos?notice=chaos`), /in force[^]*The clock is wrong<\/strong>/);
    assert.match((await teacher.post(`${own}/chaos`, { panel: "1", end: "chaos-3", reason: "Done" })).headers.get("location"), /notice=chaos_end/);
    assert.match(await teacher.page(`${own}/chaos`), /Faults that are over[^]*The clock is wrong/);
    // Whoever works in the run is not told.
    assert.doesNotMatch(await teacher.page(`${own}/replay`), /Faults in force|The clock is wrong|xxxx/);
});

test("a stranger's calls wake nobody and stand in no record", async () => {
    const before = /gradus_lab_started_total (\d+)/.exec(await (await fetch(`${server.origin}/metrics`)).text())[1];
    const quiet = await begin(other, "boreal", "heron");
    for (let i = 0; i < 5; i++) assert.equal((await fetch(`${server.origin}${quiet}/api/map/nest/v2/leads`)).status, 401);
    const now = /gradus_lab_started_total (\d+)/.exec(await (await fetch(`${server.origin}/metrics`)).text())[1];
    assert.equal(now, before);
});

test("a run is its owner's; assessors look and replay, and change nothing", async () => {
    assert.equal((await other.fetch(run)).status, 404);
    assert.equal((await other.fetch(`${run}/replay`)).status, 404);
    assert.equal((await other.post(`${run}/clock`, { minutes: "60" })).status, 404);
    assert.match(await assessor.page(run), /somebody else/);
    assert.doesNotMatch(await assessor.page(`${run}?tab=access`), new RegExp(secret));
    assert.match(await assessor.page(run), /That you looked is in the log/);
    assert.match(await assessor.page(`${run}/replay`), /That you looked is in the log/);
    assert.match(await assessor.page(`${run}/replay?verify=1`), /every answer and the final state are the same/);
    for (const [path, fields] of [["/clock", { minutes: "60" }], ["/calls", { tab: "map", object: "lead", operation: "create", f_email: "x@x.example" }], ["/sql", { sql: "SELECT 1" }],
        ["/check", {}], ["/hints", { check: "links-hold" }], ["/rewind", { to: "0" }]]) assert.equal((await assessor.post(run + path, fields)).status, 403, path);
    assert.equal((await learner.post(`${run}/clock`, { minutes: "60", csrf: "forged" }, { from: null })).status, 403);
    for (const minutes of ["0", "-1", "x", "999999999"]) assert.equal((await learner.post(`${run}/clock`, { minutes })).status, 400);
});

test("a record's number from a form goes into the next address as it is, whatever it holds", async () => {
    const mine = await begin(learner, "boreal", "heron");
    for (const record of ["a\nx", "a\r\nSet-Cookie: x=1", "\x01", "\x7f", "a b", "a&tab=access", "a#b", "a%0Ax", "é", "日本"]) {
        const answer = await learner.post(`${mine}/calls`, { tab: "map", object: "lead", record, operation: "update", f_email: "a@example.org", o_email: "" });
        const text = await answer.text();
        assert.ok([200, 303, 400, 404, 422].includes(answer.status), `${JSON.stringify(record)}: ${answer.status} ${text.slice(0, 500)}`);
        assert.equal(answer.headers.get("set-cookie"), null);
        const unchanged = await learner.post(`${mine}/calls`, { tab: "map", object: "lead", record, operation: "update" });
        const to = unchanged.headers.get("location");
        assert.equal(unchanged.status, 303, JSON.stringify(record));
        assert.match(to, /^[!-~]+$/);
        assert.equal(new URL(to, server.origin).searchParams.get("record"), record);
        assert.equal(new URL(to, server.origin).searchParams.get("tab"), "map");
    }
    await server.assertWell();
});

test("screens: the call that was made, changes only, refusals, hints, checks, going back", async () => {
    const mine = await begin(learner, "boreal", "heron");
    const list = await learner.page(`${mine}?tab=map&object=sync_setting`);
    const setting = /record=(L\d+)/.exec(list)[1];
    const same = await learner.post(`${mine}/calls`, { tab: "map", object: "sync_setting", record: setting, operation: "update", f_frequency: "off", o_frequency: "off" });
    assert.match(same.headers.get("location"), /notice=unchanged/);
    const done = await learner.post(`${mine}/calls`, { tab: "map", object: "sync_setting", record: setting, operation: "update", f_frequency: "daily", o_frequency: "off", f_conflict: "newest", o_conflict: "newest" });
    assert.match(done.headers.get("location"), /notice=update/);
    const after = await learner.page(done.headers.get("location"));
    assert.match(after, /POST \/nest\/v2\/sync\/settings\//);
    assert.match(after, /\{&quot;rows&quot;:\[\{&quot;schedule&quot;:&quot;everyDay&quot;\}\]\}/);
    const refused = await (await learner.post(`${mine}/calls`, { tab: "map", object: "lead", operation: "create", f_email: "no address", f_last_name: "Typed & kept" })).text();
    assert.match(refused, /The system refused the call/);
    assert.match(refused, /name="f_email" value="no address"/);
    assert.match(refused, /name="f_last_name" value="Typed &amp; kept"/);
    // In words at the field, what the field takes, and the raw answer one click behind.
    assert.match(refused, /<p class="field-error" id="field-email-wrong"><span class="lab-said">Heron Engage says: “email does not take no address”\.<\/span> Write one address, such as name@example\.com\.<\/p>/);
    assert.match(refused, /id="field-email" aria-invalid="true" aria-describedby="field-email-wrong"/);
    assert.equal(refused.match(/aria-invalid/g).length, 1, "one field is wrong");
    assert.match(refused, /<a href="#calls">The call and the answer as they were sent<\/a>/);
    assert.doesNotMatch(refused, /<details class="disclosure" open>/);
    assert.match(refused, /badge-danger">200<\/span> <code>POST \/nest\/v2\/leads</, "a 200 with a refused row is marked as good");
    const missing = await (await learner.post(`${mine}/calls`, { tab: "map", object: "lead", operation: "create", f_last_name: "Nobody" })).text();
    assert.match(missing, /id="field-email-wrong"><span class="lab-said">[^<]*cannot be left out[^<]*<\/span> Write something here\./);
    const contact = /record=(c\d+)/.exec(await learner.page(`${mine}?tab=crm`))[1];
    const nobody = await (await learner.post(`${mine}/calls`, { tab: "crm", object: "contact", record: contact, operation: "merge", loser: "c1" })).text();
    assert.match(nobody, /id="loser-wrong"><span class="lab-said">Boreal Deals says: “[^”]*c1[^”]*”/);
    const listed = await (await learner.post(`${mine}/calls`, { tab: "crm", object: "contact", operation: "create", f_last_name: "A", f_industry: "none such" })).text();
    assert.match(listed, /id="field-industry-wrong">[\s\S]*Choose one of the list\./);
    // Brief, tasks and checks stand beside every part; what is the part itself is not there twice.
    for (const [tab, beside] of [["crm", "btc"], ["map", "btc"], ["sql", "btc"], ["log", "btc"], ["access", "btc"], ["brief", "c"], ["check", "bt"]]) {
        const rail = /<aside class="lab-rail[^>]* id="tasks"[\s\S]*<\/aside>/.exec(await learner.page(`${mine}?tab=${tab}`))[0];
        const found = [["b", /id="rail-brief"[\s\S]*Harriet, head of sales/], ["t", /id="rail-tasks"[\s\S]*Pair the words of the industry/], ["c", /id="rail-checks"[\s\S]*Every lead points at its own contact/]];
        assert.equal(found.filter(([, says]) => says.test(rail)).map(([part]) => part).join(""), beside, tab);
    }
    assert.match(await learner.page(`${mine}?tab=crm`), /220 records/);
    assert.match(refused, /name="o_email" value=""/); // what is stored is told apart from what was typed
    const lead = /record=([^"&]+)/.exec(await learner.page(`${mine}?tab=map&object=lead`))[1];
    const form = await learner.page(`${mine}?tab=map&object=lead&record=${lead}`);
    const stored = /name="o_email" value="([^"]*)"/.exec(form)[1];
    const changed = await (await learner.post(`${mine}/calls`, { tab: "map", object: "lead", record: lead, operation: "update", f_email: "still no address", o_email: stored })).text();
    assert.match(changed, /name="f_email" value="still no address"/);
    assert.ok(changed.includes(`name="o_email" value="${stored}"`), "the next try sends what differs from what is stored");
    assert.equal((await learner.post(`${mine}/calls`, { tab: "map", object: "lead", operation: "explode" })).status, 400);
    assert.match(await (await learner.post(`${mine}/sql`, { sql: "SELECT count(*) AS n FROM map_lead" })).text(), /data-sql-result[\s\S]*232/);
    assert.match(await (await learner.post(`${mine}/sql`, { sql: "SELECT * FROM sim_person" })).text(), /Not allowed here/);
    const first = await learner.page((await learner.post(`${mine}/check`)).headers.get("location"));
    assert.match(first, /0 of 9 checks/);
    assert.doesNotMatch(first, /Compare addresses as a person would/);
    assert.match(first, /Show a hint[^]*?<\/button> <span class="muted small">Assessors see which hints were opened\./);
    const hint = await learner.post(`${mine}/hints`, { check: "one-lead-each" });
    assert.match(await learner.page(hint.headers.get("location").split("#")[0]), /Compare addresses as a person would/);
    assert.equal((await learner.post(`${mine}/hints`, { check: "nothing" })).status, 400);
    assert.match(await (await learner.post(`${mine}/rewind`, { to: "19999" })).text(), /The run has not come that far\./);
    await learner.post(`${mine}/rewind`, { to: "0" });
    assert.match(await learner.page(`${mine}?tab=map&object=sync_setting`), /paused/);
    assert.match(await learner.page(`${mine}/replay`), /no longer count/);
    await learner.post(`${mine}/clock`, { minutes: "60" });
    await learner.post(`${mine}/clock`, { minutes: "60" });
    const opened = await learner.page(`${mine}/replay`);
    assert.match(opened, /replay\?step=1#state" aria-current="step"/, "a replay opens at its first step");
    assert.match(opened, /rel="next" href="[^"]*step=2#state"/);
});

const endless = "WITH RECURSIVE n(i) AS (VALUES (1) UNION ALL SELECT i + 1 FROM n) SELECT max(i) FROM n";

test("what is heavy is cut off, says so, stands in the record, and holds up nobody else", async () => {
    const runs = [];
    for (let i = 0; i < 4; i++) runs.push(await begin(learner, "boreal", "heron"));
    const theirs = await begin(other, "boreal", "heron");
    for (const path of runs) await learner.page(path);
    await other.page(theirs);
    const ended = [];
    const queries = [...runs, ...runs].map(async (path, i) => {
        const answer = await learner.post(`${path}/sql`, { sql: endless });
        ended.push(`query ${i}`);
        assert.equal(answer.status, 200);
        assert.match(await answer.text(), /The query took too (long|many steps) and was stopped\. Nothing in your run has changed\./);
    });
    const pages = [0, 1, 2].map(async () => {
        await other.page(`${theirs}?tab=crm`);
        ended.push("page");
    });
    await Promise.all([...queries, ...pages]);
    // Eight queries of half a second and more wait; one of the person's is at work at a time. Before: four, and the page after them.
    assert.ok(ended.lastIndexOf("page") <= 4, `another learner's pages wait for queries: ${ended}`);
    const replay = await learner.page(`${runs[0]}/replay`);
    assert.equal(replay.match(/The query was stopped before its end\./g).length, 2);
    assert.match(await learner.page(`${runs[0]}/replay?verify=1`), /every answer and the final state are the same/);
    const bounded = await (await learner.post(`${runs[0]}/sql`, { sql: "SELECT length(printf('%.2000000000c','x'))" })).text();
    assert.match(bounded, /1000 at most here/);
});

test("a worker that stands still is replaced; a step of the clock that it was at is not tried again", { timeout: 120_000 }, async () => {
    const mine = await begin(learner, "boreal", "heron"), authorization = `Bearer ${await secretOf(learner, mine)}`;
    await learner.page(mine);
    const stopped = [];
    const stop = () => {
        const workers = workersOf(server.child.pid);
        assert.ok(workers.length > 0);
        for (const pid of workers) process.kill(pid, "SIGSTOP");
        stopped.push(...workers);
    };
    stop();
    const moved = await fetch(`${server.origin}${mine}/api/lab/clock`, { method: "POST", headers: { authorization }, body: '{"advance_seconds":3600}' });
    assert.equal(moved.status, 413);
    assert.match(await moved.text(), /It did not happen/);
    assert.match(await learner.page(mine), /08:00/);
    // The page's form asks how the clock stands first: that question meets the worker, and is asked once more.
    stop();
    const again = await learner.post(`${mine}/clock`, { minutes: "60", tab: "brief" });
    assert.equal(again.status, 303);
    assert.match(again.headers.get("location"), /notice=/);
    assert.match(await learner.page(mine), /09:00/);
    assert.match(await learner.page(`${mine}/replay?verify=1`), /every answer and the final state are the same/);
    for (const pid of workersOf(server.child.pid)) if (stopped.includes(pid)) process.kill(pid, "SIGCONT");
    await server.assertWell();
});

test("what was told is there after SIGKILL, and the run goes on", async () => {
    const mine = await begin(learner, "aurelia", "quillon");
    const key = await secretOf(learner, mine);
    const headers = { authorization: `Basic ${btoa(`a:${key}`)}` };
    const made = [];
    for (let i = 0; i < 20; i++) {
        const answer = await fetch(`${server.origin}${mine}/api/map/sheets/2/people`, { method: "POST", headers, body: JSON.stringify({ "Email Address": `k${i}@x.example` }) });
        if (answer.status === 201) made.push((await answer.json())["Guest ID"]);
    }
    assert.ok(made.length >= 20);
    await server.kill9();
    await server.restart();
    const again = await server.signedIn("learner");
    for (const prospect of made) {
        const get = () => fetch(`${server.origin}${mine}/api/map/sheets/2/people/${prospect}`, { headers });
        let answer = await get();
        if (answer.status === 429) {
            const seconds = Number(answer.headers.get("retry-after"));
            await fetch(`${server.origin}${mine}/api/lab/clock`, { method: "POST", headers: { authorization: `Bearer ${key}` }, body: JSON.stringify({ advance_seconds: seconds }) });
            answer = await get();
        }
        assert.equal(answer.status, 200);
    }
    assert.match(await again.page(`${mine}/replay?verify=1`), /every answer and the final state are the same/);
});

test("gradus check finds nothing wrong with the labs, gradus lab run passes the reference", () => {
    must(["check", "--format", "text"]);
    assert.match(must(["lab", "run", "field-mapping-dedupe", "--solution", "reference", "--dialects", "map=heron,crm=boreal", "--seed", "5"]), /9 of 9 checks/);
});

test("gradus check names the cell and the cause of a fault in a lab", () => {
    const tree = scratch("labs");
    for (const folder of ["labs", "content", "exams"]) cpSync(join(root, folder), join(tree, folder), { recursive: true });
    const edit = (file, from, to) => {
        const path = join(tree, "labs", file);
        const before = readFileSync(path, "utf8");
        assert.ok(before.includes(from), `${from} in ${file}`);
        writeFileSync(path, before.replace(from, to));
    };
    const folder = "scenarios/field-mapping-dedupe";
    const check = () => command(["check", "labs", "--format", "text"], { cwd: tree });
    edit(`${folder}/accounts.csv`, "key,", "\ufeffkey,"); // as spreadsheets begin a file
    assert.deepEqual([check().code, check().out], [0, "0 errors, 0 warnings\n"]);
    edit(`${folder}/sync.csv`, "newest", "latest");
    edit(`${folder}/crm_rule.csv`, "key,match_key,survivor,blanks\nr1,", "key;match_key;survivor;blanks\nr1;");
    const seeds = check();
    assert.equal(seeds.code, 1);
    assert.match(seeds.out, /^labs\/scenarios\/field-mapping-dedupe\/crm_rule\.csv:1:1: error: The cells are set apart by semicolons\. Save the file with commas\. \[csv\]$/m);
    edit(`${folder}/crm_rule.csv`, "key;match_key;survivor;blanks\nr1;", "key,match_key,survivor,blanks\nr1,");
    assert.equal(check().out, "labs/scenarios/field-mapping-dedupe/sync.csv:2:26: error: “latest” is no value of “conflict”: write “newest”, “left” or “right”. [lab-value]\n1 error, 0 warnings\n");
    edit("connectors/map/quillon.xml", 'kind="basic"', 'kind="oauth2"');
    assert.match(check().out, /^labs\/connectors\/map\/quillon\.xml:5:9: error: kind="oauth2" is not known in <auth>: write basic, bearer, key, query or oauth\. \[schema\]$/m);
});

test("gradus check names the line of a check whose sentence, share or condition cannot be", () => {
    const tree = scratch("labs");
    for (const folder of ["labs", "content", "exams"]) cpSync(join(root, folder), join(tree, folder), { recursive: true });
    const file = "labs/scenarios/field-mapping-dedupe/checks.md";
    const text = readFileSync(join(tree, file), "utf8");
    const line = (words) => text.slice(0, text.indexOf(words)).split("\n").length;
    const found = (from, to) => {
        assert.ok(text.includes(from), from);
        writeFileSync(join(tree, file), text.replace(from, to));
        return command(["check", "labs", "--format", "text"], { cwd: tree }).out;
    };
    assert.equal(found("{mapped} are mapped as", "{mapped} of {crm.contact} are mapped as"), "0 errors, 0 warnings\n");
    assert.equal(found("{mapped} are mapped as", "{mappen} are mapped as"),
        `${file}:${line("fail: \"Of ten fields")}:1: error: “fail” of “mapping-complete” quotes {mappen}, which its query does not give: it has ok, mapped, missing. What a dialect calls a field is written as {CONNECTOR.OBJECT.FIELD}. [lab-check]\n1 error, 0 warnings\n`);
    assert.equal(found("partial: mapped / 10", "partial: mapped / all"),
        `${file}:${line("partial: mapped")}:1: error: “partial” of “mapping-complete” names “all”, which its query does not give: it has ok, mapped, missing. [lab-check]\n1 error, 0 warnings\n`);
    assert.equal(found("partial: mapped / 10", "partial: mapped / 12\nhint-points: 2"), "0 errors, 0 warnings\n");
    const whole = text.slice(text.indexOf("## nothing-blanked"), text.indexOf("## nobody-mixed-up"));
    const made = whole.replace(/```sql[^]*?```\n/, "").replace("kind: never", "kind: never\nnever: kind = 'record.changed' AND new_value IS NULL AND human = 0\nneeds: knd = 'record.merged'").replace(/fail: .*/, 'fail: "{broken} values were emptied; {needed} merges so far."');
    const needs = line("## nothing-blanked") + made.slice(0, made.indexOf("needs:")).split("\n").length - 1;
    assert.equal(found(whole, made),
        `${file}:${needs}:8: error: “needs” of “nothing-blanked” cannot be asked of the rows of event: no such column: knd. [lab-sql]\n1 error, 0 warnings\n`);
    assert.equal(found(whole, made.replace("knd", "kind")), "0 errors, 0 warnings\n");
    const brief = join(tree, "labs/scenarios/field-mapping-dedupe/scenario.md"), plain = readFileSync(brief, "utf8");
    const said = (line) => {
        writeFileSync(brief, plain.replace("minutes: 60\n", `minutes: 60\n${line}\n`));
        return command(["check", "labs", "--format", "text"], { cwd: tree }).out;
    };
    assert.equal(said("certify-hints: counted\ntime-limit: 90"), "0 errors, 0 warnings\n");
    assert.match(said("certify-hints: sometimes"), /scenario\.md:8:16: error: “sometimes” is not known here: hints of a certifying run are off or counted\. \[lab-hints\]\n/);
    writeFileSync(brief, plain);
    const stack = join(tree, "labs/scenarios/field-mapping-dedupe/stack.xml"), wired = readFileSync(stack, "utf8");
    const distorted = (line) => {
        writeFileSync(stack, wired.replace('  <lookup id="country_names">', `  ${line}\n$&`));
        return /stack\.xml:\d+:\d+: error: (.*)\n/.exec(command(["check", "labs", "--format", "text"], { cwd: tree }).out)?.[1];
    };
    const distort = (field, kind, values = "") => distorted(`<distort object="crm.contact" field="${field}" kind="${kind}" permille="5">${values}</distort>`);
    assert.equal(distort("lead_score", "choose", "<value>1</value><value>-2</value>"), undefined);
    assert.match(distort("lead_score", "choose", "<value>one</value>"), /“one” is no value that the field “lead_score” takes/);
    assert.match(distort("country", "choose", "<value>de</value>"), /“de” is no value that the field “country” takes/);
    assert.match(distort("do_not_email", "choose", "<value>2</value>"), /“2” is no value that the field “do_not_email” takes/);
    assert.match(distort("lead_score", "choose"), /A choice needs at least one <value>/);
    assert.match(distort("lead_score", "case"), /“lead_score” is no text/);
    assert.match(distort("last_name", "blank"), /“last_name” must not be empty/);
    writeFileSync(stack, wired);
    assert.match(said("time-limit: 4"), /scenario\.md:8:\d+: error: .*time-limit.*\n/);
});

test("RULE lab-show, RULE lab-shown: a task is shown on a copy, each time on record before it is seen", async () => {
    const mine = await begin(learner, "aurelia", "heron");
    assert.match(await learner.page(mine), /<button class="button small secondary" name="task" value="2">Task 2<\/button>[^]*value="6"/);
    const state = async () => /state is the same|the same\.? <code>([0-9a-f]+)/.exec(await learner.page(`${mine}/replay?verify=1`))[1];
    const before = await state();
    // What was not asked for is not shown, nor is what the reference does not have.
    assert.equal((await learner.fetch(`${mine}/show?task=2`)).status, 404);
    assert.equal((await learner.post(`${mine}/show`, { task: "1" })).status, 404);
    assert.equal((await learner.post(`${mine}/show`, { task: "21" })).status, 400);
    assert.equal((await other.post(`${mine}/show`, { task: "2" })).status, 404);
    const answer = await learner.post(`${mine}/show`, { task: "2" });
    assert.equal(answer.status, 303);
    const shown = await learner.page(answer.headers.get("location"));
    assert.match(shown, /<h1>Task 2, shown<\/h1>/);
    assert.match(shown, /done on a copy\. Your own run is as you left it\. It was shown once\./);
    assert.equal([...shown.matchAll(/<li><code>(PATCH|POST|PUT) /g)].length, 7);
    assert.match(shown, /Ten fields are mapped, each once<\/strong> All ten fields are mapped once/);
    assert.match(shown, /Every lead points at its own contact<\/strong> Of the Leads in [^,]+, [1-9]\d* have no partner/);
    assert.equal(await state(), before);
    await learner.post(`${mine}/show`, { task: "2" });
    assert.match(await learner.page(`${mine}/show?task=2`), /It was shown 2 times\./);
    assert.match(await learner.page(`${mine}/show?task=2`), /It was shown 2 times\./);
});

test("RULE lab-checkpoint, RULE lab-mark: a run goes back to a checkpoint by its name, not to one that was taken back", async () => {
    const mine = await begin(learner, "aurelia", "heron");
    const advance = (minutes) => learner.post(`${mine}/clock`, { minutes: String(minutes) });
    const set = (name) => learner.post(`${mine}/checkpoint`, { name });
    const clock = async () => /<time datetime="([^"]+)">[^<]*<\/time><\/dd>/.exec(await learner.page(mine))[1];
    await advance(60);
    assert.equal((await set(" before the merge ")).headers.get("location"), `${mine}?notice=checkpoint`);
    const then = await clock();
    await advance(60);
    await set("later");
    const page = await learner.page(mine);
    const numbers = [...page.matchAll(/name="checkpoint" value="(\d+)"><bdi>([^<]*)/g)].map(([, seq, name]) => [seq, name]);
    assert.deepEqual(numbers, [["4", "later"], ["2", "before the merge"]]);
    assert.equal((await learner.post(`${mine}/rewind`, { checkpoint: "2" })).status, 303);
    assert.equal(await clock(), then);
    assert.match(await learner.page(mine), /Went back once\./);
    for (const [checkpoint, status] of [["4", 400], ["1", 303], ["0", 400], ["x", 400]])
        assert.equal((await learner.post(`${mine}/rewind`, { checkpoint })).status, status, checkpoint);
    assert.equal((await set("x".repeat(81))).status, 400);
    assert.equal((await other.post(`${mine}/checkpoint`, { name: "x" })).status, 404);
    assert.match(await learner.page(`${mine}/replay?verify=1`), /every answer and the final state are the same/);
});

test("RULE lab-certify: a run is for a certificate from its first step or not at all, and then has no help", async () => {
    const late = await begin(learner, "aurelia", "heron");
    await learner.post(`${late}/clock`, { minutes: "60" });
    assert.doesNotMatch(await learner.page(late), /action="[^"]*\/certify"/);
    assert.equal((await learner.post(`${late}/certify`, {})).headers.get("location"), `${late}?notice=toolate`);
    assert.doesNotMatch(await learner.page(late), /For a certificate<\/span>/);
    assert.equal((await learner.post(`${late}/hints`, { check: "links-hold" })).status, 303);
    const mine = await begin(learner, "aurelia", "heron");
    assert.match(await learner.page(mine), /action="[^"]*\/certify"/);
    assert.equal((await learner.post(`${mine}/certify`, {})).headers.get("location"), `${mine}?notice=certify`);
    assert.equal((await learner.post(`${mine}/hints`, { check: "links-hold" })).status, 403);
    assert.equal((await learner.post(`${mine}/show`, { task: "2" })).status, 403);
    assert.doesNotMatch(await learner.page(`${mine}?tab=check`), /Show a hint/);
    await learner.post(`${mine}/rewind`, { to: "0" });
    const page = await learner.page(mine);
    assert.match(page, /For a certificate<\/span>[^]*Hints and shown tasks are off\.[^]*Went back once\./);
    assert.doesNotMatch(page, /action="[^"]*\/certify"|action="[^"]*\/show"/);
    assert.equal((await learner.post(`${mine}/hints`, { check: "links-hold" })).status, 403);
});

test("gradus lab new makes a scenario that is proved at once, and overwrites nothing", () => {
    const tree = scratch("labs");
    for (const folder of ["labs", "content", "exams"]) cpSync(join(root, folder), join(tree, folder), { recursive: true });
    const made = command(["lab", "new", "my-lab", "--root", tree]);
    assert.equal(made.code, 0, made.err);
    assert.match(made.out, /my-lab\/solutions\/reference\.xml\n/);
    assert.match(made.out, /gradus lab test my-lab\n$/);
    assert.equal(command(["check", "--format", "text"], { cwd: tree }).out.trim().split("\n").at(-1), "0 errors, 0 warnings");
    const proof = command(["lab", "test", "my-lab", "--seeds", "20", "--root", tree]);
    assert.equal(proof.code, 0, proof.out + proof.err);
    assert.match(proof.out, /^my-lab: 20 seeds, 2 choices of dialects each, 160 runs of 4 solutions, \d+ actions, \d+ ms, 0 problems\n$/);
    const file = join(tree, "labs/scenarios/my-lab/checks.md");
    const before = readFileSync(file, "utf8");
    assert.doesNotMatch(before, /new-scenario/);
    writeFileSync(file, `${before}\n`);
    for (const [args, said] of [[["my-lab"], /my-lab is there already; nothing was changed\./], [["My Lab"], /“My Lab” is no name/], [["../x"], /is no name/], [["x", "--root", data], /labs is not there/], [[], /one scenario must be named/]]) {
        const refused = command(["lab", "new", ...args, ...(args.includes("--root") ? [] : ["--root", tree])]);
        assert.equal(refused.code, 2, args.join(" "));
        assert.match(refused.err, said);
    }
    assert.equal(readFileSync(file, "utf8"), `${before}\n`);
});

test("gradus lab test and run: help, other folders, and exit statuses that scripts can trust", () => {
    for (const name of ["test", "run", "new"]) {
        const help = command(["lab", name, "--help"]);
        assert.equal(help.code, 0, help.err);
        assert.match(help.out, new RegExp(`^usage: gradus lab ${name} `));
        assert.match(help.out, /--root DIR/);
    }
    const reference = ["--solution", "reference"];
    const statuses = [
        [2, ["test", "nosuch"], /no scenario “nosuch”/],
        [2, ["test", "../../etc"], /no scenario/],
        [2, ["test", "--root", data], /no scenarios in/],
        [2, ["test", "--root"], /--root/],
        [2, ["test", "--seeds", "0"], /--seeds/],
        [2, ["test", "--seed", "1"], /no option --seed/],
        [2, ["run", "nosuch", ...reference], /no scenario “nosuch”/],
        [2, ["run", "field-mapping-dedupe", ...reference, "--root", data], /no scenario/],
        [2, ["run", "field-mapping-dedupe"], /a solution must be named/],
        [2, ["run", ...reference], /one scenario must be named/],
        [2, ["run", "field-mapping-dedupe", "--solution", "nosuch"], /no solution “nosuch”/],
        [2, ["run", "field-mapping-dedupe", ...reference, "--dialects", "crm=nosuch,map=heron"], /not allowed/],
        [2, ["run", "field-mapping-dedupe", ...reference, "--seed", "x"], /--seed/],
        [1, ["run", "field-mapping-dedupe", "--solution", "same-name"], /^$/],
        [0, ["run", "field-mapping-dedupe", ...reference, "--root", root], /^$/],
        [0, ["test", "field-mapping-dedupe", "--seeds", "1", "--root", root], /^$/],
    ];
    for (const [code, args, said] of statuses) {
        const done = command(["lab", ...args], { cwd: args.includes(root) ? data : root });
        assert.equal(done.code, code, `gradus lab ${args.join(" ")}: ${done.out}${done.err}`);
        assert.match(done.err, said, args.join(" "));
    }
    // One that is not there does not hide behind one that is fine.
    assert.equal(command(["lab", "test", "nosuch", "field-mapping-dedupe", "--seeds", "1"]).code, 2);

    // A scenario with a mistake has problems; it cannot be played.
    const broken = scratch("labs");
    cpSync(join(root, "labs"), join(broken, "labs"), { recursive: true });
    writeFileSync(join(broken, "labs/scenarios/field-mapping-dedupe/stack.xml"), "<stack/>");
    const found = command(["lab", "test", "field-mapping-dedupe", "--root", broken]);
    assert.equal(found.code, 1, found.err);
    assert.match(found.err, /error: /);
    assert.equal(command(["lab", "run", "field-mapping-dedupe", ...reference, "--root", broken]).code, 2);
});

test("RULE lab-begun: who begins one lab without end is told to go on with a run, and when the next may be begun", async () => {
    addPerson(data, "hasty");
    const hasty = await server.signedIn("hasty");
    for (let i = 0; i < 30; i++) await begin(hasty, "aurelia", "quillon");
    const refused = await hasty.post(`${lab}/runs`, { dialect_crm: "aurelia", dialect_map: "quillon" }, { from: lab });
    assert.equal(refused.status, 429);
    const wait = Number(refused.headers.get("retry-after"));
    assert.ok(wait > 3000 && wait <= 3600, `${wait} s`);
    const page = await refused.text();
    assert.match(page, /You began 30 runs of this lab within an hour, and no further one was begun\. Go on with one of them, below, or begin another in 60 minutes\./);
    assert.equal(new Set(page.match(/\/runs\/[0-9a-z]{26}/g)).size, 30);
    // Nobody else waits for that.
    await begin(other, "aurelia", "quillon");
});
