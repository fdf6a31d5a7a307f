// Every URL of the engine, as its own table lists them: each refuses whoever lacks the role.
import assert from "node:assert/strict";
import { after, test } from "node:test";
import { makeAcademy, must, roles, startServer } from "../lib/server.mjs";

const routes = JSON.parse(must(["routes", "--format", "json"]));
const server = await startServer({ data: makeAcademy() });
after(() => server.stop());

const allowed = (route) => (route.roles === "any" ? roles : route.roles.split(","));
const methodsOf = (route) => (route.method === "*" ? ["GET", "POST", "PUT", "PATCH", "DELETE"] : [route.method]);
/** An address of the route: captures of things that are not there. */
const addressOf = (route) => route.path.replace(/:[a-z_]+/g, "none").replace(/\*$/, "none");

test("the table is a table: known methods, roles, no route twice", () => {
    assert.ok(routes.length >= 10);
    const seen = new Set();
    for (const route of routes) {
        assert.match(route.method, /^(GET|POST|PUT|PATCH|DELETE|OPTIONS|\*)$/);
        assert.match(route.path, /^\//);
        assert.ok(!seen.has(`${route.method} ${route.path}`), `${route.method} ${route.path} stands twice`);
        seen.add(`${route.method} ${route.path}`);
        if (route.roles !== "public") for (const role of allowed(route)) assert.ok(roles.includes(role), `${route.path}: ${role}`);
    }
});

test("only these are open to everybody; a new one is a decision", () => {
    const open = routes.filter((route) => route.roles === "public" && !route.bearer).map((route) => `${route.method} ${route.path}`);
    const meant = `
        GET /
        GET /static/*
        GET /healthz
        GET /metrics
        GET /login
        POST /login
        GET /programmes
        GET /programmes/:id
        GET /programmes/:p/levels/:l
        GET /glossary
        GET /certificates/:n
        GET /status/:n
        GET /.well-known/did.json
        GET /verify
        POST /verify`.trim().split(/\n\s*/);
    assert.deepEqual(open.filter((route) => !meant.includes(route)), []);
    // Who needs neither a session nor a form's token brings a token of another kind: the lab's own interface.
    for (const route of routes.filter((each) => each.bearer)) assert.match(route.path, /^\/runs\/:[a-z]+\/api\//);
});

test("nobody gets in where a role is needed", async () => {
    const nobody = server.client();
    for (const route of routes.filter((each) => each.roles !== "public"))
        for (const method of methodsOf(route)) {
            const answer = await nobody.fetch(addressOf(route), { method });
            const text = await answer.text();
            if (answer.status === 303) {
                assert.equal(method, "GET", `${method} ${route.path} redirects`);
                assert.match(answer.headers.get("location"), /^\/login/, route.path);
            } else assert.ok([401, 403].includes(answer.status), `${method} ${route.path} gave nobody ${answer.status}\n${text.slice(0, 300)}`);
        }
});

for (const role of roles)
    test(`a person who is only ${role} gets in nowhere else`, async () => {
        const client = await server.signedIn(role);
        const token = await client.csrf("/me"); // a good one: the role alone must refuse
        let refused = 0;
        for (const route of routes.filter((each) => each.roles !== "public" && !allowed(each).includes(role)))
            for (const method of methodsOf(route)) {
                const answer = await client.fetch(addressOf(route), { method, headers: { "x-csrf-token": token } });
                await answer.text();
                assert.ok([401, 403].includes(answer.status), `${method} ${route.path} gave ${role} ${answer.status}`);
                refused++;
            }
        assert.ok(refused > 0 || role === "admin");
    });

test("whoever has the role is not refused for the role", async () => {
    for (const role of roles) {
        const client = await server.signedIn(role);
        for (const route of routes.filter((each) => each.method === "GET" && each.roles !== "public" && !each.bearer && allowed(each).includes(role))) {
            const answer = await client.fetch(addressOf(route));
            const text = await answer.text();
            assert.ok(answer.status < 500, `GET ${route.path} gave ${role} ${answer.status}\n${text.slice(0, 500)}`);
            assert.doesNotMatch(text, /does not have the role/, `GET ${route.path} refused ${role}`);
        }
    }
});

test("every route that changes something asks for the token of a form", async () => {
    for (const route of routes.filter((each) => each.csrf)) {
        const role = route.roles === "public" ? null : allowed(route)[0];
        const client = role ? await server.signedIn(role) : server.client();
        const answer = await client.fetch(addressOf(route), { method: route.method });
        await answer.text();
        assert.equal(answer.status, 403, `${route.method} ${route.path} without a token gave ${answer.status}`);
    }
});
