// The screens of labs over HTTP: lists with filters, order and pages by key, what a record's page tells, two windows that
// change one field.
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { after, test } from "node:test";
import { startServer } from "../lib/server.mjs";

const server = await startServer();
after(() => server.stop());
const learner = await server.signedIn("learner");
const lab = "/labs/field-mapping-dedupe";
const run = (await learner.post(`${lab}/runs`, { dialect_crm: "boreal", dialect_map: "quillon" }, { from: lab })).headers.get("location");

/** Rows of a query in the warehouse, as texts. */
async function query(sql, of = run) {
    const page = await (await learner.post(`${of}/sql`, { sql })).text();
    const body = /data-sql-result[\s\S]*?<tbody>([\s\S]*?)<\/tbody>/.exec(page)[1];
    return [...body.matchAll(/<tr>([\s\S]*?)<\/tr>/g)].map(([, row]) => [...row.matchAll(/<td[^>]*>([\s\S]*?)<\/td>/g)].map(([, cell]) => cell.replace(/<[^>]*>/g, "")));
}
const ids = async (sql) => (await query(sql)).map(([id]) => id);
const rowsOf = (page) => [...page.matchAll(/<tr><th scope="row"><a[^>]*><code>([^<]*)<\/code>/g)].map(([, id]) => id);
const list = (more) => learner.page(`${run}?tab=crm&object=contact${more}`);
const linkOf = (page, rel) => new RegExp(`rel="${rel}" href="([^"]*)"`).exec(page)?.[1].replaceAll("&amp;", "&");

/** All ids of a list, by the links of its pages, forwards; then backwards the same. */
async function walk(more) {
    const found = [];
    let page = await list(more), from = 1;
    for (;;) {
        const here = rowsOf(page);
        if (linkOf(page, "prev") || linkOf(page, "next")) assert.match(page, new RegExp(`${from} to ${from + here.length - 1} on this page`));
        found.push(...here);
        from += here.length;
        if (!linkOf(page, "next")) break;
        page = await learner.page(linkOf(page, "next"));
    }
    const back = [];
    for (;;) {
        back.unshift(...rowsOf(page));
        if (!linkOf(page, "prev")) break;
        page = await learner.page(linkOf(page, "prev"));
    }
    assert.deepEqual(back, found, "the way back shows other rows");
    return found;
}

test("RULE lab-list-key: the pages of an ordered list are all of its records, once, in that order, with those without a value last", async () => {
    const orders = {
        "": "id",
        "&sort=-id": "id DESC",
        "&sort=job_title": "job_title IS NULL, job_title COLLATE NOCASE, id",
        "&sort=-phone": "phone IS NULL, phone COLLATE NOCASE DESC, id",
        "&sort=-updated_ms": "updated_ms DESC, id",
        "&sort=industry": "industry IS NULL, instr('manufacturing healthcare banking_insurance software retail logistics education government', industry), id",
    };
    for (const [asked, order] of Object.entries(orders)) {
        const wanted = await ids(`SELECT id FROM crm_contact ORDER BY ${order} LIMIT 400`);
        assert.equal(wanted.length, 220);
        assert.deepEqual(await walk(asked), asked === "&sort=-id" ? wanted.toSorted().reverse() : wanted, order);
    }
});

test("a page begins behind its key also when that record was deleted meanwhile", async () => {
    const first = await list("&sort=last_name"), next = linkOf(first, "next"), last = rowsOf(first).at(-1);
    const wanted = rowsOf(await learner.page(next));
    assert.equal((await learner.post(`${run}/calls`, { tab: "crm", object: "contact", record: last, operation: "delete" })).status, 303);
    assert.deepEqual(rowsOf(await learner.page(next)), wanted);
});

test("RULE lab-list-filter: filters hold together, by the dialect's words; one that makes no sense finds nothing", async () => {
    const cases = {
        "&f1=industry&o1=is&v1=finance": "industry = 'banking_insurance'",
        "&f1=industry&o1=is_not&v1=finance": "coalesce(industry, '') <> 'banking_insurance'",
        "&f1=email&o1=is_empty": "email IS NULL",
        "&f1=email&o1=has_value&f2=country&o2=is&v2=de": "email IS NOT NULL AND country = 'DE'",
        "&f1=job_title&o1=contains&v1=ANALYST&find=%40": "instr(lower(job_title), 'analyst') AND instr(email, '@')",
        "&f1=first_name&o1=begins&v1=a": "lower(substr(trim(first_name), 1, 1)) = 'a'",
        "&f1=do_not_email&o1=is&v1=1": "do_not_email = 1",
        "&f1=created_ms&o1=before&v1=2025-06-01": "created_ms < 1748736000000",
        "&f1=updated_ms&o1=within_days&v1=30": "updated_ms >= 1772438400000 - 30 * 86400000",
        "&f1=lead_score&o1=greater&v1=much": "0",
        "&f1=lead_score&o1=contains&v1=1": "0",
        "&f1=no_such&o1=is&v1=1": "0",
        "&f1=email&o1=resembles&v1=a": "0",
    };
    for (const [asked, condition] of Object.entries(cases)) {
        const [[wanted]] = await query(`SELECT count(*) FROM crm_contact WHERE ${condition}`);
        const page = await list(asked);
        if (wanted === "0") assert.match(page, /<h3>Nothing matches<\/h3>/, asked);
        else assert.match(page, new RegExp(`>${wanted} records?\\.`), `${asked}: not ${wanted}, but ${/>(\d+ records?)\./.exec(page)?.[1]}`);
        assert.ok(condition === "0" || wanted !== "0", `nothing is tried by ${asked}`);
    }
    const page = await list("&f1=email&o1=contains&v1=a%26b%22%3C");
    assert.match(page, /Email contains <strong>a&amp;b&quot;&lt;<\/strong>/);
    assert.match(page, /name="v1" value="a&amp;b&quot;&lt;"/);
});

test("four filters are taken, and an address that asks for nonsense is a page", async () => {
    const four = [1, 2, 3, 4, 5].map((n) => `&f${n}=email&o${n}=has_value`).join("");
    const page = await list(four);
    assert.equal(page.match(/Remove this condition/g).length, 4);
    assert.doesNotMatch(page, /no condition<\/option>[\s\S]*name="f5"/);
    for (const odd of ["&sort=no_such", "&sort=-", "&after=none", "&before=none&key=x&sort=email", `&find=${"x".repeat(300)}`, "&page=3"]) assert.equal((await learner.fetch(`${run}?tab=crm&object=contact${odd}`)).status, 200, odd);
});

test("references are told by name, and a record tells what leads to it", async () => {
    const [[contact, account, name]] = await query("SELECT c.id, a.id, a.name FROM crm_contact c JOIN crm_account a ON a.id = c.account_id LIMIT 1");
    const record = await learner.page(`${run}?tab=crm&object=contact&record=${contact}`);
    assert.match(record, new RegExp(`object=account&amp;record=${account}"><svg[^>]*>[^]*?</svg> ${name}</a>`));
    assert.match(record, new RegExp(`<option value="${account}" label="${name}">`));
    const page = await learner.page(`${run}?tab=crm&object=account&record=${account}`);
    const [[count]] = await query(`SELECT count(*) FROM crm_contact WHERE account_id = '${account}'`);
    const [, href, shown] = /<a href="([^"]*)">People<\/a> <span class="muted">(\d+)<\/span> <span class="small muted">by Firm</.exec(page);
    assert.equal(shown, count);
    assert.match(await learner.page(href.replaceAll("&amp;", "&")), new RegExp(`>${count} records?\\.`));
});

test("a record's history tells who, what, and because of what, in the words of the dialect", async () => {
    const [[setting]] = await query("SELECT id FROM map_sync_setting");
    const [[lead]] = await query("SELECT l.id FROM map_lead l JOIN crm_contact c ON c.id = l.crm_id WHERE c.industry IS NOT NULL LIMIT 1");
    await learner.post(`${run}/calls`, { tab: "map", object: "lead", record: lead, operation: "update", f_job_title: "Tester" });
    await learner.post(`${run}/calls`, { tab: "map", object: "sync_run", operation: "create" });
    const history = /aria-labelledby="history"[\s\S]*?<\/section>/.exec(await learner.page(`${run}?tab=map&object=lead&record=${lead}`))[0].replace(/<svg[\s\S]*?<\/svg>/g, "");
    assert.match(history, /A person:<\/span> *on a screen<\/span>\s*<p><strong>[^<]+<\/strong>: [^]*?<ins>Tester<\/ins>/);
    const log = (await learner.page(`${run}?tab=log&find=sync`)).replace(/<svg[\s\S]*?<\/svg>/g, "");
    assert.match(log, /Software, by itself:<\/span> *sync<\/span>/);
    assert.match(log, /because of: A record was created\. \(on a screen\) *<a href="[^"]*object=sync_run&amp;record=[^"]*">/);
    assert.ok(setting);
});

test("RULE lab-told: of two windows that change one field the second is told, keeps what it typed, and may save again", async () => {
    const [[record]] = await query("SELECT id FROM crm_contact WHERE job_title = 'Data Analyst' AND phone IS NOT NULL LIMIT 1");
    const form = { tab: "crm", object: "contact", record, operation: "update" };
    const at = `${run}?tab=crm&object=contact&record=${record}`;
    const phone = /name="o_phone" value="([^"]*)"/.exec(await learner.page(at))[1];
    assert.equal((await learner.post(`${run}/calls`, { ...form, f_job_title: "Baker", o_job_title: "Data Analyst", f_phone: phone, o_phone: phone })).status, 303);
    const told = await (await learner.post(`${run}/calls`, { ...form, f_job_title: "Miller", o_job_title: "Data Analyst", f_phone: phone, o_phone: phone })).text();
    assert.match(told, /This was not saved yet/);
    assert.match(told, /id="field-job_title-wrong"><span class="lab-said">Meanwhile this field was changed: it is “Baker” now\./);
    assert.match(told, /name="f_job_title" value="Miller"/);
    assert.match(told, /name="o_job_title" value="Baker"/);
    assert.equal((await query(`SELECT job_title FROM crm_contact WHERE id = '${record}'`))[0][0], "Baker");
    assert.equal((await learner.post(`${run}/calls`, { ...form, f_job_title: "Miller", o_job_title: "Baker", f_phone: phone, o_phone: phone })).status, 303);
    assert.equal((await query(`SELECT job_title FROM crm_contact WHERE id = '${record}'`))[0][0], "Miller");
    // Different fields of one record do not come into each other's way, and are not undone either.
    assert.equal((await learner.post(`${run}/calls`, { ...form, f_job_title: "Baker", o_job_title: "Baker", f_phone: "+44 20 7946 0001", o_phone: phone })).status, 303);
    assert.deepEqual(await query(`SELECT job_title, phone FROM crm_contact WHERE id = '${record}'`), [["Miller", "+44 20 7946 0001"]]);
    // A form that is shown again shows what a field holds now, where nothing else was typed.
    const again = await (await learner.post(`${run}/calls`, { ...form, f_job_title: "Baker", o_job_title: "Baker", f_phone: "+44 20 7946 0002", o_phone: phone })).text();
    assert.match(again, /name="f_job_title" value="Miller"/);
    assert.match(again, /name="f_phone" value="\+44 20 7946 0002"/);
    // A record that is gone: the system says so itself.
    await learner.post(`${run}/calls`, { ...form, operation: "delete" });
    assert.match(await (await learner.post(`${run}/calls`, { ...form, f_job_title: "Miller", o_job_title: "Baker" })).text(), /There is no record/);
});

const plain = (html) => html.replace(/<[^>]*>/g, "").replaceAll("&quot;", '"').replaceAll("&#39;", "'").replaceAll("&lt;", "<").replaceAll("&gt;", ">").replaceAll("&amp;", "&");
const curlOf = (page) => plain(/<code id="curl">([\s\S]*?)<\/code>/.exec(page)[1]);
const field = (page, name) => plain(new RegExp(`name="${name}" value="([^"]*)"|name="${name}"[^>]*>([\\s\\S]*?)</textarea>`).exec(page)?.slice(1).find((x) => x !== undefined) ?? "");

for (const [crm, map] of [["aurelia", "heron"], ["boreal", "quillon"]]) {
    test(`every operation of ${crm} and ${map} is offered in the console with its form, and the same as a command answers the same in a shell`, async () => {
        const mine = (await learner.post(`${lab}/runs`, { dialect_crm: crm, dialect_map: map }, { from: lab })).headers.get("location");
        let tried = 0;
        for (const at of ["crm", "map"]) {
            const links = [...(await learner.page(`${mine}?tab=access&at=${at}`)).matchAll(/href="([^"]*&amp;op=[a-z]+#console)"/g)].map(([, href]) => href.replaceAll("&amp;", "&")).filter((href) => href.includes(`at=${at}&`));
            for (const href of links) {
                const page = await learner.page(href), [, object, op] = /object=([a-z_]+)&op=([a-z]+)/.exec(href);
                assert.match(curlOf(page), /^(ACCESS_TOKEN=[\s\S]*\n\n)?curl -X (GET|POST|PUT|PATCH|DELETE) '/, href);
                assert.doesNotMatch(curlOf(page), /run_/, "the secret stands in the command");
                if (!["list", "create"].includes(op)) continue;
                const sent = await (await learner.post(`${mine}/console`, { at, object, op, path: field(page, "path"), query: field(page, "query"), body: field(page, "body") })).text();
                const status = />(\d+)<\/span> Answered/.exec(sent)[1], answer = plain(/id="answer"[\s\S]*?<pre[^>]*><code>([\s\S]*?)<\/code>/.exec(sent)?.[1] ?? "");
                const secret = /run_[A-Za-z0-9_-]{20,}/.exec(sent)[0];
                const shell = spawnSync("bash", ["-c", `${curlOf(sent)} -s -w '\\n%{http_code}'`], { env: { ...process.env, RUN_TOKEN: secret }, encoding: "utf8" });
                const lines = shell.stdout.split("\n"), code = lines.pop();
                assert.equal(code, status, `${href}: ${shell.stderr}${shell.stdout}`);
                const numbered = (text) => JSON.parse(text.replace(/"r\d+"/g, '"the call"')); // one dialect numbers its calls
                if (op === "list") assert.deepEqual(numbered(lines.join("\n")), numbered(answer), href);
                assert.ok(op !== "list" || code === "200", href);
                tried++;
            }
        }
        assert.ok(tried >= 14, `${tried} operations`);
    });
}

test("RULE lab-typed-time: a form shows times as the dialect writes them, and takes them so or as the world does", async () => {
    for (const [crm, typed, shown] of [["boreal", "1772582400", "1772582400"], ["boreal", "2026-03-04", "1772582400"], ["aurelia", "2026-03-04T00:00:00Z", "2026-03-04T00:00:00Z"]]) {
        const own = (await learner.post(`${lab}/runs`, { dialect_crm: crm, dialect_map: "quillon" }, { from: lab })).headers.get("location");
        const made = await learner.post(`${own}/calls`, { tab: "crm", object: "seller", operation: "create", f_name: "Iga", f_team: "North", f_away_from: typed });
        assert.equal(made.status, 303, await made.text());
        const [[record]] = await query("SELECT id FROM crm_seller", own);
        const page = await learner.page(`${own}?tab=crm&object=seller&record=${record}`);
        assert.match(page, new RegExp(`name="f_away_from" value="${shown}"`), `${crm} ${typed}`);
        assert.match(page, new RegExp(`name="o_away_from" value="${shown}"`), `${crm} ${typed}`);
        // What was not changed is nobody's change; what was is told to nobody else.
        const form = { tab: "crm", object: "seller", record, operation: "update", o_away_from: shown };
        assert.match((await learner.post(`${own}/calls`, { ...form, f_away_from: shown })).headers.get("location"), /unchanged/);
        assert.equal((await learner.post(`${own}/calls`, { ...form, f_away_from: "2026-03-05" })).status, 303);
        assert.deepEqual(await query("SELECT away_from FROM crm_seller", own), [["1772668800000"]]);
    }
});

test("RULE lab-console: what is tried costs no call of the day; a quote in it is a quote; only the owner tries", async () => {
    const send = (fields) => learner.post(`${run}/console`, { at: "crm", object: "contact", op: "create", path: "/v1/people", ...fields });
    const page = await (await send({ body: '{"family_name":"O\'Brien $HOME `x`"}' })).text();
    assert.match(page, /badge-ok">200<\/span> Answered/);
    assert.match(curlOf(page), /-d '\{\s*"family_name": ?"O'\\''Brien \$HOME `x`"\s*\}'/);
    const body = /-d ('[\s\S]*')$/.exec(curlOf(page))[1];
    assert.match(spawnSync("bash", ["-c", `printf %s ${body}`], { encoding: "utf8" }).stdout, /O'Brien \$HOME `x`/);
    assert.match(page, /up, 0 of 8,000 calls today/);
    assert.match(await (await send({ body: "{" })).text(), /badge-danger">400<\/span>[\s\S]*malformed_body/);
    assert.equal((await send({ path: "nowhere" })).status, 400);
    assert.match(await (await send({ path: "/v1/none" })).text(), /badge-danger">404/);
    const assessor = await server.signedIn("assessor");
    assert.equal((await assessor.post(`${run}/console`, { at: "crm", object: "contact", op: "list", path: "/v1/people" })).status, 403);
});

test("RULE lab-own-words: the brief, the tasks, a check's title and its sentence speak of fields as the learner's product does", async () => {
    for (const [crm, map, words] of [["aurelia", "heron", ["Position", "Contacts", "Leads", "Aurelia CRM"]], ["boreal", "quillon", ["Role", "People", "Guests", "Boreal Deals"]]]) {
        const mine = (await learner.post(`${lab}/runs`, { dialect_crm: crm, dialect_map: map }, { from: lab })).headers.get("location");
        const [job, people, leads, system] = words;
        for (const tab of ["brief", "log"]) assert.match(await learner.page(`${mine}?tab=${tab}`), new RegExp(`From ${system}: [^]*, ${job}, `));
        await learner.post(`${mine}/check`);
        const page = plain(await learner.page(`${mine}?tab=check`));
        assert.match(page, new RegExp(`No person is there twice among the ${people}`));
        assert.match(page, new RegExp(`Not yet right: [^.]*\\b${job}\\b`));
        assert.match(page, new RegExp(`addresses are there more than once among the ${leads}`));
        assert.doesNotMatch(page, /[^$]\{(?:crm|map)\b[^}]*\}/);
    }
    const lobby = plain(await learner.page(lab));
    assert.match(lobby, /No person is there twice among the Contacts[^]*/);
    assert.doesNotMatch(lobby, /\{(?:crm|map)\b[^}]*\}/);
});

test("a replay tells each step in words of the plan and the dialect, the answer's status, and how each check stood", async () => {
    const mine = (await learner.post(`${lab}/runs`, { dialect_crm: "boreal", dialect_map: "quillon" }, { from: lab })).headers.get("location");
    const person = /record=(c\d+)/.exec(await learner.page(`${mine}?tab=crm&object=contact`))[1];
    const call = (fields) => learner.post(`${mine}/calls`, fields);
    await learner.post(`${mine}/console`, { at: "crm", object: "contact", op: "list", path: "/v1/people", query: "page_size=1" });
    await learner.post(`${mine}/console`, { at: "crm", object: "contact", op: "get", path: `/v1/people/${person}` });
    await call({ tab: "map", object: "field_mapping", operation: "create", f_left_field: "job_title", f_right_field: "job_title", f_direction: "both", f_transform: "trim" });
    await call({ tab: "crm", object: "contact", operation: "update", record: person, f_job_title: "Baker <&>" });
    await call({ tab: "crm", object: "contact", operation: "create", f_last_name: "Nobody" });
    await call({ tab: "map", object: "sync_run", operation: "create" });
    await call({ tab: "crm", object: "contact", operation: "merge", record: person, loser: "c1" });
    await call({ tab: "crm", object: "contact", operation: "delete", record: person });
    await learner.post(`${mine}/console`, { at: "crm", object: "contact", op: "list", path: "/v1/peoples" });
    await learner.post(`${mine}/clock`, { minutes: "60" });
    await learner.post(`${mine}/sql`, { sql: "SELECT 1 AS one" });
    const page = await learner.page(`${mine}/replay?step=3`);
    const told = [...page.matchAll(/<span class="lab-step-what">([^]*?)<\/span>/g)].map(([, words]) => plain(words));
    assert.deepEqual(told.map((words) => words.replaceAll(person, "PERSON")), [
        "read the list of People",
        "read Person PERSON",
        "mapped Role to Job Role (Flow: Both Ways, Clean Up: Cut blanks)",
        "changed Person PERSON: Role: Baker <&>",
        "made Person: Family name: Nobody",
        "made Link Run",
        "merged Person c1 into PERSON",
        "deleted Person PERSON",
        "GET /v1/peoples",
        "The clock moves on by 60 minutes",
        "asked the warehouse",
    ]);
    assert.match(page, /<div class="lab-did"><p>mapped Role to Job Role[^<]*<\/p><pre[^>]*><code>POST \/sheets\/2\/link\/columns<\/code>[^]*The answer had the status 201\./);
    // How each check stood: none of them at the start, and "Ten fields are mapped" knows of the mapping after it.
    const mapped = async (step) => /Of ten fields (\d+) are mapped/.exec(plain(await learner.page(`${mine}/replay?step=${step}`)))[1];
    assert.equal(Number(await mapped(3)), Number(await mapped(2)) + 1);
    assert.match(plain(page), /Checks at this step: \d of 9/);
});
