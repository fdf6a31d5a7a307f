// The desk of a lab over HTTP: the inbox, the ways of the clock and what happened meanwhile, diagrams, filters as sentences,
// charts.
import assert from "node:assert/strict";
import { after, test } from "node:test";
import { startServer } from "../lib/server.mjs";

const server = await startServer();
after(() => server.stop());
const learner = await server.signedIn("learner");
const begin = async (lab, dialects) => (await learner.post(`/labs/${lab}/runs`, dialects, { from: `/labs/${lab}` })).headers.get("location");
const said = async (answer) => /class="lab-said">([^<]*)/.exec(await answer.text())?.[1];
const plain = (html) => html.replace(/<[^>]*>/g, " ").replace(/\s+/g, " ");

test("the clock goes to the next event, to a time, until a query is true, and says what happened meanwhile; RULE lab-inbox-waits", async () => {
    const run = await begin("weekend-outage", { dialect_crm: "aurelia", dialect_email: "larkmere" });
    const clock = (form) => learner.post(`${run}/clock`, { tab: "inbox", ...form });
    const place = async (form) => (await clock(form)).headers.get("location");
    const now = async () => /class="lab-now">[^]*?datetime="([^"]*)"/.exec(await learner.page(run))[1];
    assert.match(await learner.page(`${run}?tab=inbox`), /Nobody has written yet/);
    const begun = await now();
    assert.match(await place({ way: "next" }), /tab=inbox&notice=clock_event&since=0$/);
    assert.ok((await now()) > begun);
    // What is no way is refused, and the clock stands.
    const stood = await now();
    for (const [form, why] of [
        [{ way: "to", to: "soon" }, /Give a time/],
        [{ way: "to", to: "1999-01-01T00:00" }, /moves forward/],
        [{ way: "until", until: " " }, /Write one SELECT/],
        [{ way: "until", until: "DELETE FROM event" }, /./],
    ])
        assert.match(await said(await clock(form)), why, JSON.stringify(form));
    for (const form of [{ way: "back" }, {}, { minutes: "0" }, { minutes: "10081" }]) assert.equal((await clock(form)).status, 400, JSON.stringify(form));
    assert.equal(await now(), stood);
    assert.match(await place({ way: "until", until: "SELECT count(*) FROM message" }), /notice=clock_met/);
    let inbox = await learner.page(`${run}?tab=inbox`);
    assert.match(plain(inbox), /1 waits for you[^]*Waits for your answer Head of sales[^]*Nothing opens[^]*Answer within 25 minutes/);
    const id = /id="message-(\d+)"/.exec(inbox)[1];
    const wrong = await learner.post(`${run}/answers`, { tab: "inbox", message: id, text: "hello" });
    assert.match(await wrong.text(), /This was not sent yet[^]*Answer this message with one of its choices/);
    const after = await place({ way: "to", to: "2026-03-07T07:40" });
    assert.match(after, /notice=clock&since=\d+$/);
    inbox = await learner.page(after);
    assert.match(plain(inbox), /What happened meanwhile[^]*A message was not answered in time[^]*The time for an answer was over at/);
    assert.match(inbox, /<strong>\d+ ×<\/strong> <a href="[^"]*tab=log&amp;find=[a-z._]+">/);
    // The one with a deadline that is still to come stands behind the one that is late: the nearest first.
    assert.ok(inbox.indexOf("Nothing opens") < inbox.indexOf("Saturday offer"));
    assert.match((await learner.post(`${run}/answers`, { tab: "inbox", message: id, choice: "facts" })).headers.get("location"), /notice=answered/);
    inbox = await learner.page(`${run}?tab=inbox`);
    assert.match(plain(inbox), /1 waits for you[^]*All other messages[^]*You answered[^]*too late[^]*Plan tomorrow with paper/);
    const long = await learner.post(`${run}/answers`, { tab: "inbox", to: "support", text: "x".repeat(4001) });
    assert.match(await long.text(), /4000 characters at most[^]*x{4001}<\/textarea>/);
    // The rest of a way: how much of it is gone, and where it goes on.
    const from = Date.parse("2026-03-06T07:40:00Z"), to = Date.parse("2026-03-08T07:40:00Z");
    assert.match(await learner.page(`${run}?tab=inbox&notice=part&since=0&from=${from}&to=${to}`), /name="to" value="2026-03-08T07:40:00Z"[^]*50 % of the way/);
    assert.doesNotMatch(await learner.page(`${run}?tab=inbox&notice=part&since=0&from=${from}&to=1`), /id="go-on"/);
});

test("a journey is drawn and told, an audience's rows are a sentence with a preview", async () => {
    const run = await begin("identity-resolution", { dialect_cdp: "cairnwell" });
    const make = async (object, fields) => {
        const form = Object.fromEntries(Object.entries(fields).map(([field, value]) => [`f_${field}`, value]));
        assert.equal((await learner.post(`${run}/calls`, { tab: "cdp", object, operation: "create", ...form })).status, 303, object);
        return /<th scope="row"><a href="[^"]*record=([^"&]*)/.exec(await learner.page(`${run}?tab=cdp&object=${object}&sort=-created_ms`))[1];
    };
    const journey = await make("journey", { name: "Welcome", state: "draft", starts_with: "event", event_name: "joined", again: "never" });
    const page = () => learner.page(`${run}?tab=cdp&object=journey&record=${journey}`);
    assert.match(await page(), /There are none yet/);
    await make("journey_step", { journey_id: journey, position: "1", action: "branch" });
    await make("journey_step", { journey_id: journey, position: "2", action: "wait", wait_minutes: "60" });
    await make("journey_step", { journey_id: journey, position: "3", action: "end" });
    const steps = [...(await page()).matchAll(/<li><a href="[^"]*record=([^"]*)"/g)].map(([, id]) => id);
    assert.equal(steps.length, 3);
    assert.equal((await learner.post(`${run}/calls`, { tab: "cdp", object: "journey_step", record: steps[0], operation: "update", f_else_id: steps[2] })).status, 303);
    const drawn = await page(), svg = /<svg viewBox[^]*?<\/svg>/.exec(drawn)[0];
    assert.equal(svg.match(/<rect /g).length, 3);
    assert.equal(svg.match(/class="lab-arrow/g).length, 3);
    assert.match(plain(drawn), /then 2; otherwise 3[^]*60 then 3[^]*then it is over/);

    const audience = await make("audience", { name: "Some", definition: "Some of them", refresh: "live" });
    const of = () => learner.page(`${run}?tab=cdp&object=audience&record=${audience}`);
    assert.match(await of(), /nobody is meant/);
    const total = Number(/(\d+) records\./.exec(await learner.page(`${run}?tab=cdp&object=profile`))[1]);
    await make("audience_rule", { audience_id: audience, any: "1", field: "email", operator: "has_value" });
    const all = Number(new RegExp(`(\\d+) of ${total} match`).exec(await of())[1]);
    assert.ok(all > 0);
    await make("audience_rule", { audience_id: audience, any: "1", field: "email", operator: "is", value: "<b>nobody</b>" });
    const none = await of();
    assert.match(plain(none), new RegExp(`and [^]*0 of ${total} match`));
    assert.match(none, /&lt;b&gt;nobody&lt;\/b&gt;/);
    await make("audience_rule", { audience_id: audience, any: "2", field: "email", operator: "has_value" });
    assert.match(plain(await of()), new RegExp(` or [^]*${all} of ${total} match`));
});

test("results with labels and numbers are drawn, saved queries and dashboards too; RULE lab-chart-rows, RULE lab-chart-learner", async () => {
    const run = await begin("bi-reconciliation", Object.fromEntries([...(await learner.page("/labs/bi-reconciliation")).matchAll(/name="(dialect_[a-z_]+)" value="([a-z]+)"/g)].map(([, name, value]) => [name, value])));
    const ask = async (sql) => (await learner.post(`${run}/sql`, { sql })).text();
    const rows = (n) => `WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ${n}) SELECT 'row ' || i AS label, i * 10 AS amount FROM n`;
    const bars = async (n) => /<svg class="lab-chart"[^]*?<\/svg>/.exec(await ask(rows(n)))[0].match(/<rect /g).length;
    for (const n of [2, 40]) assert.equal(await bars(n), n);
    for (const n of [1, 41]) assert.doesNotMatch(await ask(rows(n)), /class="lab-chart"/, `${n} rows`);
    assert.doesNotMatch(await ask("SELECT 'a' AS x, 'b' AS y UNION SELECT 'c', 'd'"), /class="lab-chart"/);
    assert.match(await ask("SELECT '2026-03-01' AS day, 4 AS n UNION SELECT '2026-03-02', 9"), /<polyline points="12,\d+ 468,12"/);
    const dashboards = await learner.page(`${run}?tab=bi&object=dashboard`), first = /record=([^"&]*)/.exec(dashboards)[1];
    const board = await learner.page(`${run}?tab=bi&object=dashboard&record=${first}`);
    assert.match(board, /class="lab-tile"[^]*data-sql-result/);
    const form = { tab: "bi", object: "query", operation: "create", f_name: "Secret", f_owner: "me" };
    assert.equal((await learner.post(`${run}/calls`, { ...form, f_sql: "SELECT id, n FROM sim_fault" })).status, 303);
    const made = /<th scope="row"><a href="[^"]*record=([^"&]*)/.exec(await learner.page(`${run}?tab=bi&object=query&sort=-created_ms`))[1];
    const shown = await learner.page(`${run}?tab=bi&object=query&record=${made}`);
    assert.match(shown, /class="field-error">[^<]+</);
    assert.doesNotMatch(shown, /data-sql-result/);
});
