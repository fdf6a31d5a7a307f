// Each system of a lab against its own OpenAPI document: every operation is called, and every answer, good or bad, must
// be as declared for its status, member by member.
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { createHmac } from "node:crypto";
import { cpSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, test } from "node:test";
import { OpenApi, openObjects } from "../lib/openapi.mjs";
import { makeAcademy, root, startServer, scratch } from "../lib/server.mjs";

const server = await startServer({ data: makeAcademy() });
after(() => server.stop());
const learner = await server.signedIn("learner");
const lab = "/labs/field-mapping-dedupe";

/** What each dialect is asked to take. `bad` lacks a required field or has a word that no picklist holds. */
const vendors = {
    aurelia: {
        connector: "crm", choice: ["aurelia", "heron"], people: "contact",
        contact: { create: { FamilyName: "Świątek", Email: "s@x.example", Industry_x: null, NoMail: false }, update: { GivenName: "Iga" }, bad: { Email: "s@x.example" }, wrong: { FamilyName: "S", Industry_x: "Mfg" } },
        dedupe_rule: { update: { MatchKey: "Phone" }, wrong: { MatchKey: "" } },
        dedupe_job: { create: {}, wrong: { GroupsFound: 3 } },
        seller: { create: { FullName: "Iga Świątek", Team: "North", ClockOffset: 60, InRota: true }, update: { OpenLimit: 3 }, bad: { FullName: "Iga" }, wrong: { FullName: "Iga", Team: "North", WorkDays: "Sundays" } },
        routing_rule: { create: { RuleName: "North", SortOrder: 1, TargetTeam: "North" }, update: { AnswerMinutes: 30 }, bad: { RuleName: "North" }, wrong: { RuleName: "North", SortOrder: "first", TargetTeam: "North" } },
        routing_condition: { create: (ids) => ({ RouteId: ids.routing_rule, Operator: "is", FilterValue: "x" }), update: { OrBlock: 2 }, bad: { Operator: "is" }, wrong: { RouteId: "R0", Operator: "resembles" } },
        assignment: { update: {}, wrong: {} },
    },
    boreal: {
        connector: "crm", choice: ["boreal", "quillon"], people: "contact",
        contact: { create: { family_name: "Świątek", email: "s@x.example", sector: "making", no_mail: 1, heat: null }, update: { given_name: "Iga" }, bad: { email: "s@x.example" }, wrong: { family_name: "S", no_mail: true } },
        dedupe_rule: { update: { compare: "phone" }, wrong: { compare: "Phone" } },
        dedupe_job: { create: {}, wrong: { group_count: 3 } },
        seller: { create: { full_name: "Iga Świątek", squad: "North", utc_minutes: 60, takes_people: 1 }, update: { plate_size: 3 }, bad: { full_name: "Iga" }, wrong: { full_name: "Iga", squad: "North", works_on: "Sundays" } },
        routing_rule: { create: { title: "North", place: 1, squad: "North" }, update: { answer_in: 30 }, bad: { title: "North" }, wrong: { title: "North", place: "first", squad: "North" } },
        routing_condition: { create: (ids) => ({ route_id: ids.routing_rule, relation: "is", to: "x" }), update: { either: 2 }, bad: { relation: "is" }, wrong: { route_id: "R0", relation: "resembles" } },
        assignment: { update: {}, wrong: {} },
    },
    heron: {
        connector: "map", choice: ["aurelia", "heron"], people: "lead", batch: "rows",
        lead: { create: { email: "s@x.example", lastName: "Świątek", optedOut: true, warmth: null }, update: { industry: "Technology" }, bad: { lastName: "S" }, wrong: { email: "s2@x.example", industry: "Mfg" } },
        field_mapping: { create: { crmField: "Position", leadField: "phone", direction: "crmToLead", transform: "trim" }, update: { note: "Sales owns it." }, bad: { crmField: "Phone" }, wrong: { crmField: "phone", leadField: "phone", direction: "crmToLead", transform: "trim" } },
        value_mapping: { create: (ids) => ({ syncFieldId: ids.field_mapping, crmValue: "x", leadValue: "y" }), update: { leadValue: "z" }, bad: { crmValue: "x" }, wrong: { syncFieldId: "L0", crmValue: 3, leadValue: "z" } },
        sync_setting: { update: { schedule: "everyDay" }, wrong: { schedule: "now" } },
        sync_run: { create: {}, wrong: { status: "fine" } },
        dedupe_rule: { update: { dedupeKey: "phone" }, wrong: { dedupeKey: null } },
        dedupe_job: { create: {}, wrong: { groupsFound: 3 } },
        score_rule: { create: { label: "Opens", pointsGiven: 5, switchedOn: true }, update: { coolsBy: 1 }, bad: { label: "Opens" }, wrong: { label: "Opens", pointsGiven: "many" } },
        score_condition: { create: (ids) => ({ ruleId: ids.score_rule, isWhat: "is", toWhat: "x" }), update: { alternative: 2 }, bad: { isWhat: "is" }, wrong: { ruleId: "R0", isWhat: "resembles" } },
    },
    quillon: {
        connector: "map", choice: ["boreal", "quillon"], people: "lead",
        lead: { create: { "Email Address": "s@x.example", "Opted Out": "No", "Line Of Business": "", "Engagement Points": 3 }, update: { Surname: "Świątek" }, bad: { Surname: "S" }, wrong: { "Email Address": "s2@x.example", "Opted Out": true } },
        field_mapping: { create: { "CRM Column": "role", "Guest Column": "Telephone", Flow: "Both Ways", "Clean Up": "Cut blanks" }, update: { Remarks: "Sales owns it." }, bad: { Flow: "Both Ways" }, wrong: { "CRM Column": "Phone", "Guest Column": "Telephone", Flow: "Both Ways", "Clean Up": "Cut blanks" } },
        value_mapping: { create: (ids) => ({ "Link ID Of Column": ids.field_mapping, "CRM Word": "x", "Guest Word": "y" }), update: { "Guest Word": "z" }, bad: { "CRM Word": "x" }, wrong: { "CRM Word": 3 } },
        sync_setting: { update: { Runs: "Each day" }, wrong: { Runs: "Now" } },
        sync_run: { create: {}, wrong: { Outcome: "fine" } },
        dedupe_rule: { update: { "Who Stays": "Fullest row" }, wrong: { "Who Stays": "me" } },
        dedupe_job: { create: {}, wrong: { Groups: 3 } },
        score_rule: { create: { "Rule Name": "Opens", "Points Awarded": 5, "In Use": "Yes" }, update: { "Points Lost": 1 }, bad: { "Rule Name": "Opens" }, wrong: { "Rule Name": "Opens", "Points Awarded": "many" } },
        score_condition: { create: (ids) => ({ "Point Rule": ids.score_rule, Comparison: "is", "Compared To": "x" }), update: { "Or Group": 2 }, bad: { Comparison: "is" }, wrong: { "Point Rule": "R0", Comparison: "resembles" } },
    },
};

/** A run in the vendor's dialect, with its document: {api, doc, headers(), call(), clock()}. */
async function open(vendor) {
    const [crm, map] = vendor.choice;
    const begun = await learner.post(`${lab}/runs`, { dialect_crm: crm, dialect_map: map }, { from: lab });
    const run = begun.headers.get("location");
    const secret = /run_[A-Za-z0-9_-]{20,}/.exec(await learner.page(`${run}?tab=access`))[0];
    const base = `${server.origin}${run}/api`;
    const api = new OpenApi(await (await fetch(`${base}/${vendor.connector}/openapi.json`)).json());
    const scheme = api.doc.components.securitySchemes.account;
    const token = (fields) => fetch(new URL(scheme.flows.clientCredentials.tokenUrl, api.doc.servers[0].url), { method: "POST", body: new URLSearchParams({ grant_type: "client_credentials", client_id: run.split("/").pop(), client_secret: secret, ...fields }) }); // as OpenAPI 3.1 resolves it
    const sign = async () => {
        if (scheme.type === "apiKey") return { [scheme.name]: secret };
        if (scheme.scheme === "bearer") return { authorization: `Bearer ${secret}` };
        if (scheme.scheme === "basic") return { authorization: `Basic ${btoa(`account:${secret}`)}` };
        const given = await token();
        assert.equal(given.status, 200);
        return { authorization: `Bearer ${(await given.json()).access_token}` };
    };
    const clock = async (seconds) => assert.equal((await fetch(`${base}/lab/clock`, { method: "POST", headers: { authorization: `Bearer ${secret}` }, body: JSON.stringify({ advance_seconds: seconds }) })).status, 200);
    /** A call of the lab's own API that has to succeed; its value. */
    const ownApi = async (method, path, body) => {
        const answer = await fetch(`${base}/lab/${path}`, { method, headers: { authorization: `Bearer ${secret}` }, body: body && JSON.stringify(body) });
        const text = await answer.text();
        assert.ok(answer.ok, `${method} ${path}: ${answer.status} ${text}`);
        return text ? JSON.parse(text) : null;
    };
    let headers = await sign();
    const call = (operation, { id, query, body, raw, auth = headers } = {}) => {
        const path = operation.path.replace("{id}", encodeURIComponent(id ?? ""));
        return fetch(`${api.doc.servers[0].url}${path}${query ? `?${new URLSearchParams(query)}` : ""}`, { method: operation.verb.toUpperCase(), headers: auth, body: operation.requestBody && (raw ?? (body && JSON.stringify(body))) });
    };
    /** Calls and holds the answer against the document: {status, value}. */
    const ask = async (operation, options) => {
        const answer = await call(operation, options);
        return { status: answer.status, value: await api.assertAnswer(operation, answer) };
    };
    return { api, ask, call, clock, ownApi, token, sign, renew: async () => (headers = await sign()), of: Object.fromEntries(api.operations().map((operation) => [operation.operationId, operation])) };
}

/** Names of a dialect that the document itself tells: where records stand, where the next page is told. */
function shapeOf(api, list) {
    const page = api.doc.components.schemas[list.responses[200].content["application/json"].schema.$ref?.split("/").pop() ?? list.responses[200].content["application/json"].schema.oneOf[0].$ref.split("/").pop()];
    const items = Object.keys(page.properties).find((key) => page.properties[key].type === "array");
    const record = page.properties[items].items.$ref.split("/").pop();
    const [size, position] = list.parameters.map(({ name }) => name);
    return { items, id: Object.keys(api.doc.components.schemas[record].properties)[0], size, position, next: Object.keys(page.properties).at(-1) };
}

/** What is not deleted again, since others need it. */
const owners = ["field_mapping", "routing_rule", "score_rule"];
/** Not those of traits, which have tests of their own. */
const ofRecords = (api) => api.operations().filter(({ tags }) => !["Webhooks", "Access", "Bulk jobs", "Composite calls", "Deleted records"].includes(tags[0]));
const failed = ({ status, value }) => status >= 400 || value?.done === false || value?.found?.[0]?.status === "refused";

for (const [name, vendor] of Object.entries(vendors)) {
    const wrap = (body) => (vendor.batch ? { [vendor.batch]: [body] } : body);

    test(`${name}: every operation answers as its document says`, async () => {
        const { api, ask, clock, of } = await open(vendor);
        assert.deepEqual(openObjects(Object.fromEntries(Object.entries(api.doc.components.schemas))), [], "an answer's members are all declared");
        const ids = {};
        let asked = 0;
        for (const [operationId, list] of Object.entries(of).filter(([key]) => key.startsWith("list_"))) {
            const object = operationId.slice(5);
            const shape = shapeOf(api, list);
            const given = vendor[object] ?? {};
            await clock(30);

            // Reading: all pages, one of them small, a filter, what is not understood.
            const all = await ask(list);
            const first = await ask(list, { query: { [shape.size]: 2 } });
            ids[object] = all.value[shape.items][0]?.[shape.id];
            const row = all.value[shape.items][0] ?? {};
            for (const { name: field } of list.parameters.slice(2).filter((parameter) => ![undefined, null, ""].includes(row[parameter.name]))) {
                const found = await ask(list, { query: { [field]: row[field] } });
                assert.ok(found.value[shape.items].some((one) => one[shape.id] === row[shape.id]), `${object}: no record by ${field} ${row[field]}`);
            }
            await clock(30);
            const next = first.value[shape.next];
            if (next) {
                const position = list.parameters[1].schema.type === "integer" ? new URLSearchParams(next.split("?")[1]).get(shape.position) : next;
                assert.equal((await ask(list, { query: { [shape.size]: 2, [shape.position]: position } })).value[shape.items].length, 2);
            }
            assert.ok(failed(await ask(list, { query: { "no such": "1" } })));
            assert.ok(failed(await ask(list, { query: { [shape.size]: "all" } })));
            assert.ok(failed(await ask(list, { query: { [shape.position]: "-" } })));

            // Writing: what fits the document is taken, what does not is refused.
            await clock(30);
            const { [`create_${object}`]: create, [`get_${object}`]: get, [`update_${object}`]: update, [`delete_${object}`]: remove, [`merge_${object}`]: merge } = of;
            const made = async () => {
                const body = wrap(typeof given.create === "function" ? given.create(ids) : given.create);
                api.assertRequest(create, body);
                const answer = await ask(create, { body });
                assert.ok(!failed(answer), JSON.stringify(answer.value));
                return (answer.value.found?.[0] ?? answer.value)[shape.id];
            };
            if (create) {
                ids[object] = await made();
                if (object === "field_mapping") assert.ok(failed(await ask(create, { body: wrap(given.create) })), "the same pair of fields twice");
                for (const bad of [given.bad, given.wrong, { "no such": "1" }].filter(Boolean)) {
                    api.assertRequest(create, wrap(bad), false);
                    assert.ok(failed(await ask(create, { body: wrap(bad) })), JSON.stringify(bad));
                }
                assert.ok(failed(await ask(create, { raw: "{" })));
                if (vendor.batch) assert.ok(failed(await ask(create, { body: { [vendor.batch]: [] } })));
            }
            await clock(30);
            if (get) {
                const one = ids[object] && (await ask(get, { id: ids[object] })); // what only behaviour makes may not be there yet
                if (one) assert.equal((one.value.found?.[0] ?? one.value)[shape.id], ids[object]);
                for (const id of ["nobody", "x".repeat(65)]) assert.ok(failed(await ask(get, { id })));
            }
            if (update && ids[object]) {
                api.assertRequest(update, wrap(given.update));
                assert.ok(!failed(await ask(update, { id: ids[object], body: wrap(given.update) })));
                api.assertRequest(update, wrap(given.wrong), false);
                assert.ok(failed(await ask(update, { id: ids[object], body: wrap(given.wrong) })));
                for (const id of ["nobody", "x".repeat(65)]) assert.ok(failed(await ask(update, { id, body: wrap(given.update) })));
                if (get) await ask(get, { id: ids[object] });
            }
            if (merge) {
                const field = Object.keys(merge.requestBody.content["application/json"].schema.properties)[0];
                const loser = await ask(list).then(({ value }) => value[shape.items].find((row) => row[shape.id] !== ids[object])[shape.id]);
                assert.ok(!failed(await ask(merge, { id: ids[object], body: { [field]: loser } })));
                assert.ok(failed(await ask(merge, { id: ids[object], body: { [field]: "nobody" } })));
                assert.ok(failed(await ask(merge, { id: ids[object], body: {} })));
            }
            if (remove && !owners.includes(object)) {
                assert.equal((await ask(remove, { id: ids[object] })).status, 204);
                assert.ok(failed(await ask(remove, { id: ids[object] })));
            }
            await ask(list);
            asked += [list, create, get, update, remove, merge].filter(Boolean).length;
        }
        // Last, for the value mapping above stands on it.
        if (of.delete_field_mapping) assert.equal((await ask(of.delete_field_mapping, { id: ids.field_mapping })).status, 204);
        assert.equal(asked, ofRecords(api).length, "every operation was called");
    });

    test(`${name}: a wrong key, an old token, too many calls, an outage: as declared`, async () => {
        const { api, ask, clock, renew, of } = await open(vendor);
        const list = of[`list_${vendor.people}`];
        for (const operation of ofRecords(api)) assert.equal((await ask(operation, { id: "x", auth: { authorization: "Bearer wrong" } })).status, 401);
        if (name === "aurelia") {
            await clock(1900);
            assert.equal((await ask(list)).status, 401);
            await renew();
        }
        await clock(60);
        const { size } = shapeOf(api, list);
        let limited;
        for (let i = 0; i < 110 && !limited; i++) {
            const answer = await ask(list, { query: { [size]: 1 } });
            if (failed(answer)) limited = answer;
        }
        assert.ok(limited, "no call was too many");
        assert.equal(limited.status, name === "heron" ? 200 : 429);
        if (vendor.connector === "crm") {
            await clock(20 * 3600);
            for (const operation of ofRecords(api)) assert.equal((await ask(operation, { id: "x", body: {} })).status, 503);
        }
    });
}

/** What Redocly's recommended rules, its default, call an error. It asks nobody in the network. */
function redocly(name, doc) {
    const place = scratch("openapi");
    const file = join(place, `${name}.openapi.json`);
    writeFileSync(file, JSON.stringify(doc));
    const { stdout, status } = spawnSync(process.execPath, [join(root, "tests/node_modules/@redocly/cli/bin/cli.js"), "lint", file, "--format=json"], { cwd: place, encoding: "utf8", env: { ...process.env, REDOCLY_TELEMETRY: "off", REDOCLY_SUPPRESS_UPDATE_NOTICE: "true" } });
    const { problems } = JSON.parse(stdout);
    assert.equal(status === 0, problems.every(({ severity }) => severity !== "error"));
    return problems.filter(({ severity }) => severity === "error").map(({ ruleId, message }) => `${ruleId}: ${message}`);
}

test("Redocly's default lint finds no error in a document, and one where there is one", async () => {
    for (const [name, vendor] of Object.entries(vendors)) {
        const { api } = await open(vendor);
        assert.deepEqual(redocly(name, api.doc), [], name);
        delete Object.values(Object.values(api.doc.paths)[0])[0].summary;
        assert.equal(redocly(name, api.doc).length, 1);
    }
});

test("the lab's own API is as its document says, which each system's document leads to", async () => {
    const vendor = await open(vendors.boreal);
    const lab = new OpenApi(await (await fetch(vendor.api.doc.externalDocs.url)).json());
    assert.deepEqual(redocly("lab", lab.doc), []);
    assert.deepEqual(openObjects(lab.doc.components.schemas), []);
    const of = Object.fromEntries(lab.operations().map((operation) => [operation.operationId, operation]));
    const tried = new Set();
    const key = (await vendor.sign())["X-Boreal-Key"];
    const ask = async (id, body, { name = "in", number = 1, query = "", auth = key, raw } = {}) => {
        tried.add(id);
        if (body && !raw) lab.assertRequest(of[id], body);
        const path = of[id].path.replace("{name}", name).replace("{number}", number);
        const answer = await fetch(`${lab.doc.servers[0].url}${path}${query}`, { method: of[id].verb.toUpperCase(), headers: { authorization: `Bearer ${auth}` }, body: raw ?? (body && JSON.stringify(body)) });
        return { status: answer.status, value: await lab.assertAnswer(of[id], answer) };
    };
    for (const id of Object.keys(of)) assert.equal((await ask(id, null, { auth: "wrong" })).status, 401, id);
    assert.equal((await ask("open_receiver", { name: "in" })).status, 201);
    assert.equal((await ask("open_receiver", { name: "in" })).status, 409);
    for (const raw of ["{", "[]", "\u0000", '{"name":"A"}']) assert.ok((await ask("open_receiver", null, { raw })).status >= 400, raw);
    assert.equal((await ask("list_receivers")).value.receivers.length, 1);
    assert.equal((await ask("get_receiver", null, { name: "out" })).status, 404);
    assert.equal((await ask("set_receiver_rule", { secrets: ["x"], tolerance_seconds: 60, once: true })).status, 200);
    assert.equal((await ask("set_receiver_rule", { secrets: null, tolerance_seconds: 0, once: false })).value.secrets, null);
    const { address } = (await ask("get_receiver")).value;
    await vendor.ask(vendor.of.hook_create, { body: { url: address } });
    for (const advance_seconds of [0, 604801]) assert.equal((await ask("advance_clock", null, { raw: JSON.stringify({ advance_seconds }) })).status, 422);
    assert.equal((await ask("advance_clock", { advance_seconds: 60 })).status, 200);
    assert.equal((await ask("advance_clock", { advance_seconds: 5, until: "SELECT 1" })).value.why, "condition");
    assert.deepEqual((await ask("list_inbox")).value.rows, []);
    assert.equal((await ask("answer_inbox", { message: 1, text: "Yes." })).status, 422);
    const { messages } = (await ask("list_messages")).value;
    assert.equal(messages.length, 1);
    assert.equal((await ask("list_messages", null, { query: "?after=x" })).status, 422);
    assert.equal((await ask("answer_message", { accept: true, reply: JSON.parse(messages[0].body).challenge }, { number: messages[0].number })).value.verdict, "accepted");
    assert.equal((await ask("answer_message", { accept: true }, { number: messages[0].number })).status, 409);
    assert.equal((await ask("answer_message", { accept: true }, { number: 99 })).status, 404);
    assert.equal((await ask("close_receiver")).status, 204);
    assert.equal((await ask("list_messages")).status, 404);
    assert.deepEqual([...tried].sort(), Object.keys(of).sort());
});

test("HEAD, OPTIONS and the next page in a header, where a dialect has them", async () => {
    const { api, call, sign, of } = await open(vendors.boreal);
    const list = of.list_contact;
    assert.deepEqual(Object.keys(api.doc.paths[list.path]).sort(), ["get", "head", "options", "post"]);
    const as = (verb, query) => call({ ...list, verb }, { query });
    const got = await as("get", { page_size: 2, order: "-email" });
    const link = got.headers.get("link");
    const { next_page_token: token } = await got.json();
    assert.equal(link, `<?page_size=2&page_token=${token}&order=-email>; rel="next"`);
    const next = await fetch(new URL(/<(.*)>/.exec(link)[1], got.url), { headers: await sign() });
    assert.equal((await next.json()).data.length, 2);
    const head = await as("head", { page_size: 2, order: "-email" });
    assert.equal(head.status, 200);
    assert.equal(head.headers.get("link"), link);
    assert.equal(await head.text(), "");
    const options = await as("options");
    assert.equal(options.status, 204);
    assert.equal(options.headers.get("allow"), "GET, HEAD, POST, OPTIONS");
    const patch = await as("patch");
    assert.equal(patch.status, 405);
    assert.equal(patch.headers.get("allow"), "GET, HEAD, POST, OPTIONS");
});

/** A call with headers of its own. */
const send = async ({ api, sign }, path, { method = "GET", body, raw, headers = {} } = {}) => fetch(`${api.doc.servers[0].url}${path}`, { method, headers: { ...(await sign()), ...headers }, body: raw ?? (body && JSON.stringify(body)) });

test("tags: the document tells them, the second of two writers is told, what is known is not sent again", async () => {
    const vendor = await open(vendors.boreal);
    const { api, of } = vendor;
    assert.ok(of.update_contact.parameters.some(({ name, required }) => name === "If-Match" && !required));
    assert.ok(of.get_contact.responses[304].headers.ETag);
    assert.ok(!of.list_contact.responses[200].headers.ETag);
    const made = await send(vendor, of.create_contact.path, { method: "POST", body: { family_name: "Iga" } });
    const tag = made.headers.get("etag");
    const path = `${of.create_contact.path}/${(await made.json()).id}`;
    const first = await send(vendor, path, { method: "PUT", body: { role: "Welder" }, headers: { "If-Match": tag } });
    assert.equal(first.status, 200);
    const second = await send(vendor, path, { method: "PUT", body: { role: "Smith" }, headers: { "If-Match": tag } });
    assert.equal(second.status, 412);
    await api.assertAnswer(of.update_contact, second);
    const known = await send(vendor, path, { headers: { "If-None-Match": first.headers.get("etag") } });
    assert.equal(known.status, 304);
    assert.equal(await known.text(), "");
    assert.equal((await (await send(vendor, path)).json()).role, "Welder");
});

test("a call that is repeated with its key is made once", async () => {
    const vendor = await open(vendors.boreal);
    const { api, of } = vendor;
    assert.ok(of.create_contact.parameters.some(({ name }) => name === "Idempotency-Key"));
    assert.ok(!of.list_contact.parameters.some(({ name }) => name === "Idempotency-Key"));
    const create = (body) => send(vendor, of.create_contact.path, { method: "POST", body, headers: { "idempotency-key": "one" } });
    const first = await create({ family_name: "Iga" });
    const again = await create({ family_name: "Iga" });
    assert.equal(again.status, first.status);
    assert.equal(await again.text(), await first.text());
    const other = await create({ family_name: "Ada" });
    assert.equal(other.status, 422);
    await api.assertAnswer(of.create_contact, other);
});

test("webhooks: a receiver in the lab, the handshake, a signature that holds, a new secret, the log", async () => {
    const vendor = await open(vendors.boreal);
    const { api, ask, clock, of, ownApi } = vendor;
    const hook = api.doc.webhooks.record.post;
    const { address } = await ownApi("POST", "receivers", { name: "inbox" });
    assert.ok(failed(await ask(of.hook_create, { body: { url: "https://elsewhere.example/inbox" } })));
    assert.ok(failed(await ask(of.hook_create, { body: { address } })));
    assert.ok(failed(await ask(of.hook_create, { body: {} })));
    assert.ok(failed(await ask(of.hook_create, { raw: "{" })));
    const { value: made } = await ask(of.hook_create, { body: { url: address } });
    const messages = async (after = 0) => (await ownApi("GET", `receivers/inbox/messages?after=${after}`)).messages;
    await clock(60);
    const [challenge] = await messages();
    await ownApi("POST", `receivers/inbox/messages/${challenge.number}`, { accept: true, reply: JSON.parse(challenge.body).challenge });
    assert.equal((await ask(of.hook_get, { id: made.id })).value.status, "active");
    assert.ok(!JSON.stringify((await ask(of.hook_list)).value).includes(made.secret), "the secret is told once");

    // What the document says of the signature is enough to check it.
    await send(vendor, of.create_contact.path, { method: "POST", body: { family_name: "Iga" } });
    await clock(60);
    const [message] = await messages(challenge.number);
    const [id, time, signature] = hook.parameters.map(({ name }) => message.headers[name]);
    const sign = (secret) => `v1=${createHmac("sha256", secret).update(`${id}.${time}.${message.body}`).digest("hex")}`;
    assert.equal(signature, sign(made.secret));
    api.schema("#/components/schemas/webhook.message")(JSON.parse(message.body)) || assert.fail(message.body);
    await ownApi("POST", `receivers/inbox/messages/${message.number}`, { accept: true });

    const { value: rotated } = await ask(of.hook_rotate, { id: made.id });
    assert.notEqual(rotated.secret, made.secret);
    const { value: log } = await ask(of.hook_log, { id: made.id });
    assert.deepEqual(log.data.map(({ state, tries }) => `${state} ${tries}`), ["delivered 1", "delivered 1"]);
    assert.equal((await ask(of.hook_delete, { id: made.id })).status, 204);
    for (const operation of [of.hook_get, of.hook_delete, of.hook_rotate, of.hook_log]) assert.equal((await ask(operation, { id: made.id })).status, 404);
});

test("scopes and refresh tokens: as the document says", async () => {
    const { api, of, call, token } = await open(vendors.aurelia);
    const contacts = of.list_contact;
    const flow = api.doc.components.securitySchemes.account.flows.clientCredentials;
    assert.deepEqual(Object.keys(flow.scopes), ["desk.read", "desk.contacts", "desk.rules", "desk.full"]);
    assert.deepEqual(of.create_contact.security, [{ account: ["desk.contacts"] }, { account: ["desk.full"] }]);
    const given = async (fields) => {
        const answer = await token(fields);
        return { status: answer.status, value: await api.assertAnswer(of.access_token, answer) };
    };
    const as = (one) => ({ auth: { authorization: `Bearer ${one.value.access_token}` } });
    const reader = await given({ scope: "desk.read" });
    assert.equal(reader.value.scope, "desk.read");
    assert.equal((await call(contacts, as(reader))).status, 200);
    const refused = await call(of.create_contact, { ...as(reader), body: { FamilyName: "Iga" } });
    assert.equal(refused.status, 403);
    assert.match(JSON.stringify(await api.assertAnswer(of.create_contact, refused)), /desk\.contacts/);
    assert.equal((await given({ scope: "desk.read desk.nothing" })).status, 400);
    // A refresh token is good once, and for no more than it was given for.
    const refresh = (refresh_token, more) => given({ grant_type: "refresh_token", refresh_token, ...more });
    assert.equal((await refresh(reader.value.refresh_token, { scope: "desk.rules" })).status, 400);
    const second = await refresh(reader.value.refresh_token);
    assert.equal(second.value.scope, "desk.read");
    assert.equal((await call(contacts, as(second))).status, 200);
    assert.equal((await refresh(reader.value.refresh_token)).status, 400);
    for (const one of [reader, second]) assert.equal((await call(contacts, as(one))).status, 401);
    assert.equal((await refresh(second.value.refresh_token)).status, 400);
    for (const bad of ["", "x", `${second.value.refresh_token}0`, second.value.access_token]) assert.equal((await refresh(bad)).status, 400);
    const other = await given({});
    assert.equal((await call(contacts, as(other))).status, 200);
});

/** What the document says of a call's input: [media type, schema]. */
const inputOf = ({ requestBody }) => Object.entries(requestBody.content)[0];

for (const [name, { connector, choice, rows, bad, words }] of Object.entries({
    aurelia: { ...vendors.aurelia, rows: (n) => `FamilyName\n${"Ada\n".repeat(n)}`, bad: "FamilyName,Email\n,x\n", words: ["Contact", "insert"] },
    boreal: { ...vendors.boreal, rows: (n) => '{"family_name":"Ada"}\n'.repeat(n), bad: '{"email":"x"}\n', words: ["Person", "create"] },
})) {
    test(`${name}: a bulk job from its opening to its refused rows, composite calls, what was deleted: as the document says`, async () => {
        const vendor = await open({ connector, choice });
        const { api, ask, clock, of } = vendor;
        const bytes = async (operation, id, raw) => {
            const answer = await send(vendor, operation.path.replace("{id}", id), { method: operation.verb.toUpperCase(), raw, headers: { "content-type": inputOf(operation)[0] } });
            return { status: answer.status, value: await api.assertAnswer(operation, answer) };
        };
        const members = Object.keys(api.doc.components.schemas["bulk.new"].properties);
        const wanted = Object.fromEntries(members.map((member, i) => [member, words[i]]));
        api.assertRequest(of.bulk_create, wanted);
        const { status, value } = await ask(of.bulk_create, { body: wanted });
        assert.equal(status, 201);
        const id = Object.values(value.import ?? value)[0];
        assert.ok(failed(await ask(of.bulk_create, { body: { ...wanted, [members[0]]: 7 } })));
        assert.ok(failed(await bytes(of.bulk_rows, id, "a\0b")), "NUL");
        assert.equal((await bytes(of.bulk_rows, id, rows(3) + (name === "aurelia" ? "" : bad))).status, 200);
        if (name === "aurelia") assert.equal((await bytes(of.bulk_rows, id, bad)).status, 200);
        assert.ok(failed(await ask(of.bulk_done, { id })), "before the end");
        assert.equal((await ask(of.bulk_close, { id })).status, 200);
        assert.ok(failed(await bytes(of.bulk_rows, id, rows(1))), "after the close");
        await clock(120);
        await ask(of.bulk_get, { id });
        await ask(of.bulk_list);
        const itemsOf = (page) => Object.values(page.value).find(Array.isArray);
        assert.equal(itemsOf(await ask(of.bulk_done, { id })).length, 3);
        assert.equal(itemsOf(await ask(of.bulk_failed, { id })).length, 1);
        // Another run's job is nobody's here.
        const other = await open({ connector, choice });
        for (const operation of [of.bulk_get, of.bulk_close, of.bulk_done, of.bulk_delete]) assert.equal((await other.ask(operation, { id })).status, 404);
        assert.equal((await ask(of.bulk_delete, { id })).status, 204);

        // One composite call makes one record and takes another away.
        await clock(30);
        const schema = api.doc.components.schemas["composite.call"].properties;
        const listAs = Object.keys(schema).at(-1);
        const [method, address, body] = Object.keys(schema[listAs].items.properties);
        const record = vendors[name].contact;
        const made = await ask(of.create_contact, { body: record.create });
        const gone = made.value[Object.keys(api.doc.components.schemas[name === "aurelia" ? "Contact" : "Person"].properties)[0]];
        const call = { [listAs]: [{ [method]: "POST", [address]: of.create_contact.path, [body]: record.create }, { [method]: "DELETE", [address]: `${of.create_contact.path}/${gone}` }] };
        api.assertRequest(of.composite, call);
        const statuses = (answer) => Object.values(answer.value)[0].map((one) => Object.values(one)[0]);
        assert.deepEqual(statuses(await ask(of.composite, { body: call })), [name === "aurelia" ? 201 : 200, 204]);
        const many = { [listAs]: Array(schema[listAs].maxItems + 1).fill(call[listAs][0]) };
        api.assertRequest(of.composite, many, false);
        assert.ok(failed(await ask(of.composite, { body: many })));

        // The feed has it.
        const since = of.deleted_contact.parameters.at(-1).name;
        assert.equal(Object.values(itemsOf(await ask(of.deleted_contact))[0])[0], gone);
        assert.ok(failed(await ask(of.deleted_contact, { query: { [since]: "soon" } })));
        assert.equal((await ask(of.deleted_contact, { query: { [since]: name === "aurelia" ? "2036-01-01T00:00:00Z" : "2082758400" } })).status, name === "aurelia" ? 400 : 422);
        // RULE lab-verbs: the document has no operation that the system refuses.
        assert.equal(of.delete_routing_rule === undefined, name === "aurelia");
    });
}

test("RULE lab-key-overlap: a new key, and the old one for a quarter of an hour", async () => {
    const { api, of, ask, clock, sign } = await open(vendors.boreal);
    const old = await sign();
    const { status, value } = await ask(of.access_rotate);
    assert.equal(status, 200);
    const fresh = { "X-Boreal-Key": value.key };
    const list = async (auth) => (await ask(of.list_contact, { auth })).status;
    assert.deepEqual([await list(old), await list(fresh)], [200, 200]);
    await clock(15 * 60 - 2);
    assert.equal(await list(old), 200);
    await clock(2);
    assert.deepEqual([await list(old), await list(fresh)], [401, 200]);
    assert.equal(await list({ "X-Boreal-Key": `${value.key}0` }), 401);
});

/** A server of its own with a dialect that was changed: {own, person}. */
async function withDialect(t, dialect, ...changes) {
    const tree = scratch("labs");
    for (const folder of ["labs", "content", "exams", "site"]) cpSync(join(root, folder), join(tree, folder), { recursive: true });
    const file = join(tree, `labs/connectors/${dialect}.xml`);
    const text = readFileSync(file, "utf8");
    for (const [from] of changes) assert.ok(text.includes(from), from);
    writeFileSync(file, changes.reduce((now, [from, to]) => now.replace(from, to), text));
    const own = await startServer({ data: makeAcademy(), args: ["--root", tree], t });
    return { own, person: await own.signedIn("learner") };
}

test("forms and the console change records where nothing is changed without If-Match, and the console's command says so", async (t) => {
    const { own, person } = await withDialect(t, "crm/boreal", ["<etag/>", '<etag required="true"/>'], ["</errors>", '<error when="unconditional" status="428" code="say_which">Say which state of {value} you change</error></errors>']);
    const run = (await person.post(`${lab}/runs`, { dialect_crm: "boreal", dialect_map: "heron" }, { from: lab })).headers.get("location");
    const key = /run_[A-Za-z0-9_-]{20,}/.exec(await person.page(`${run}?tab=access`))[0];
    const people = `${own.origin}${run}/api/crm/v1/people`;
    const headers = { "X-Boreal-Key": key };
    const { id, role: before } = (await (await fetch(`${people}?page_size=1`, { headers })).json()).data[0];
    assert.equal((await fetch(`${people}/${id}`, { method: "PUT", headers, body: '{"role":"Smith"}' })).status, 428);
    await person.post(`${run}/calls`, { tab: "crm", object: "contact", record: id, operation: "update", f_job_title: "Smith", o_job_title: before ?? "" });
    const role = async () => (await (await fetch(`${people}/${id}`, { headers })).json()).role;
    assert.equal(await role(), "Smith");
    const tried = await (await person.post(`${run}/console`, { at: "crm", object: "contact", op: "update", path: `/v1/people/${id}`, body: '{"role":"Welder"}' })).text();
    assert.match(tried, /If-Match: \*/);
    assert.equal(await role(), "Welder");
});

test("RULE lab-key-hidden: a key in the query opens the system and is not in the record", async (t) => {
    const { own, person } = await withDialect(t, "map/heron", ['<auth kind="bearer"/>', '<auth kind="query" param="nest-key"/>']);
    const run = (await person.post(`${lab}/runs`, { dialect_crm: "aurelia", dialect_map: "heron" }, { from: lab })).headers.get("location");
    const access = await person.page(`${run}?tab=access&at=map&object=lead&op=list`);
    const secret = /run_[A-Za-z0-9_-]{20,}/.exec(access)[0];
    assert.match(access, /leads\?perPage=5&amp;nest-key=(&#39;|'|&apos;)(&quot;|")\$RUN_TOKEN/);
    const leads = `${own.origin}${run}/api/map/nest/v2/leads`;
    const doc = await (await fetch(`${own.origin}${run}/api/map/openapi.json`)).json();
    assert.deepEqual(doc.components.securitySchemes.account, { type: "apiKey", in: "query", name: "nest-key" });
    for (const query of ["", "?nest-key=x", "?perPage=1"]) assert.equal((await fetch(`${leads}${query}`)).status, 401);
    assert.equal((await fetch(leads, { headers: { authorization: `Bearer ${secret}` } })).status, 401);
    for (const query of [`nest-key=${secret}&perPage=1`, `perPage=1&nest-key=${secret}`]) {
        const answer = await fetch(`${leads}?${query}`);
        assert.equal((await answer.json()).found.length, 1);
    }
    await own.stop();
    assert.equal(spawnSync("grep", ["-rlF", secret, own.data], { encoding: "utf8" }).stdout, "");
});

test("RULE lab-header-in: a header that no dialect reads is not in the record, one that is too long is refused", async () => {
    const vendor = await open(vendors.boreal);
    const { of } = vendor;
    const path = `${of.create_contact.path}/c1`;
    const long = (n) => ({ method: "DELETE", headers: { "If-Match": "x".repeat(n) } });
    assert.equal((await send(vendor, path, long(400))).status, 404);
    const answer = await send(vendor, path, long(401));
    assert.equal(answer.status, 422);
    await vendor.api.assertAnswer(of.delete_contact, answer);
    assert.equal((await send(vendor, path, { method: "DELETE", headers: { "If-Match": "\u00fc" } })).status, 422);
    // A dialect without tags does not look at it.
    const other = await open(vendors.aurelia);
    assert.equal((await send(other, `${other.of.create_contact.path}/AU-1`, long(401))).status, 404);
});

test("old words in a picklist are shown, and refused when they are sent", async () => {
    for (const [name, key] of [["heron", "industry"], ["quillon", "Line Of Business"]]) {
        const { api, ask, of } = await open(vendors[name]);
        const schemas = api.doc.components.schemas;
        const title = name === "heron" ? "Lead" : "Guest";
        const { size, items } = shapeOf(api, of.list_lead);
        const { value } = await ask(of.list_lead, { query: { [size]: 100 } });
        const known = new Set(schemas[`${title}.new`].properties[key].enum ?? schemas[`${title}.new`].properties[key].anyOf[0].enum);
        const old = value[items].find((row) => row[key] && !known.has(row[key]));
        assert.ok(old, "the data hold no old word");
        const change = { [key]: old[key] };
        const body = vendors[name].batch ? { [vendors[name].batch]: [change] } : change;
        api.assertRequest(of.update_lead, body, false);
        assert.ok(failed(await ask(of.update_lead, { id: Object.values(old)[0], body })));
        assert.equal(schemas[title].properties[key].enum, undefined);
    }
});
