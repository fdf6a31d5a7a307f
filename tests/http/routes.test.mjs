// Every URL of the engine: each refuses whoever lacks the role.
import assert from "node:assert/strict";
import { after, test } from "node:test";
import { makeAcademy, must, roles, startServer } from "../lib/server.mjs";

const routes = JSON.parse(must(["routes", "--format", "json"]));
const server = await startServer({ data: makeAcademy() });
after(() => server.stop());

/*
 * RULE route-roles, written by hand and not taken from the engine's table: a role that is wrong there must be noticed here.
 * Who adds a route decides here a second time who may use it. "any": whoever is signed in.
 */
const meant = `
public                      GET / /static/* /healthz /metrics /login /programmes /programmes/:id /programmes/:p/levels/:l /glossary
public                      GET /certificates/:n /status/:n /.well-known/did.json /.well-known/audit-head /.well-known/audit-head/:n /verify
public                      POST /login /verify
public                      * /runs/:run/api/:connector/*
any                         GET /guide /me /me/first-password /me/second-factor /me/certificates /login/code
any                         GET /modules/:id /modules/:id/files/:name /self-assessment /search /exams /exams/:exam
any                         GET /labs /labs/:lab /runs/:run /runs/:run/replay /runs/:run/show
any                         POST /logout /login/code /me/password /me/first-password /me/second-factor /me/language /me/reading /me/sessions/end
any                         POST /modules/:id/checkpoints/:n /modules/:id/progress /self-assessment
any                         POST /runs/:run/calls /runs/:run/clock /runs/:run/sql /runs/:run/check /runs/:run/hints /runs/:run/rewind /runs/:run/answers /runs/:run/console /runs/:run/checkpoint /runs/:run/certify /runs/:run/show
learner                     GET /attempts/:attempt /attempts/:attempt/q/:n /attempts/:attempt/state /attempts/:attempt/review /attempts/:attempt/result
learner                     POST /exams/:exam/start /attempts/:attempt/q/:n /attempts/:attempt/submit /labs/:lab/runs /programmes/:p/levels/:l
learner                     PUT /attempts/:attempt/responses/:slot /attempts/:attempt/flags/:slot
instructor                  GET /author/cohort /author/cohort/:person
instructor                  GET /runs/:run/chaos
instructor                  POST /runs/:run/chaos
instructor,admin            GET /author
assessor                    GET /assess/cases/:id/attempts/:attempt
assessor                    POST /assess/cases/:id/decision
assessor                    POST /runs/:run/notes
assessor,admin              GET /assess/certificates
assessor,admin              POST /assess/certificates/:n/status
instructor,assessor         GET /assess /assess/cases/:id /assess/cases/:id/runs/:run /assess/cases/:id/runs/:run/replay
instructor,assessor         POST /assess/cases/:id/marks /assess/cases/:id/interest
instructor,assessor,admin   GET /assess/interests
instructor,assessor,admin   POST /assess/interests
admin                       GET /admin /admin/audit /admin/clock /admin/cohorts /admin/cohorts/:id /admin/people /admin/people/import
admin                       GET /admin/people/:id/time /admin/people/:id/name /admin/people/:id/reset /admin/attempts/:attempt/reopen
admin                       POST /admin/cohorts /admin/cohorts/:id/members /admin/cohorts/:id/leave /admin/people /admin/people/import
admin                       POST /admin/people/:id/roles /admin/people/:id/time /admin/people/:id/second-factor /admin/people/:id/name
admin                       POST /admin/people/:id/reset /admin/attempts/:attempt/reopen`;
const who = new Map();
for (const line of meant.trim().split("\n")) {
    const [held, method, ...paths] = line.split(/\s+/);
    for (const path of paths) who.set(`${method} ${path}`, held);
}
const nameOf = (route) => `${route.method} ${route.path}`;

const allowed = (route) => {
    const held = who.get(nameOf(route)) ?? "";
    return held === "any" ? roles : held.split(",");
};
const isPublic = (route) => who.get(nameOf(route)) === "public";
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
        if (!isPublic(route)) for (const role of allowed(route)) assert.ok(roles.includes(role), `${nameOf(route)}: ${role || "nobody has said who may"}`);
    }
});

test("each route is for those for whom it is meant, and no other", () => {
    const inOrder = (held) => (["public", "any"].includes(held) ? held : held.split(",").sort().join(","));
    const say = (name, held) => `${name}: ${inOrder(held)}`;
    assert.deepEqual(routes.map((route) => say(nameOf(route), route.roles)).sort(), [...who].map(([name, held]) => say(name, held)).sort());
});

test("who needs neither a session nor a form's token brings a token of another kind: the lab's own interface", () => {
    assert.deepEqual(routes.filter((each) => each.bearer).map(nameOf), ["* /runs/:run/api/:connector/*"]);
});

test("nobody gets in where a role is needed", async () => {
    const nobody = server.client();
    for (const route of routes.filter((each) => !isPublic(each)))
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
        for (const route of routes.filter((each) => !isPublic(each) && !allowed(each).includes(role)))
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
        for (const route of routes.filter((each) => each.method === "GET" && !isPublic(each) && !each.bearer && allowed(each).includes(role))) {
            const answer = await client.fetch(addressOf(route));
            const text = await answer.text();
            assert.ok(answer.status < 500, `GET ${route.path} gave ${role} ${answer.status}\n${text.slice(0, 500)}`);
            assert.doesNotMatch(text, /does not have the role/, `GET ${route.path} refused ${role}`);
        }
    }
});

test("every route that changes something asks for the token of a form", async () => {
    for (const route of routes.filter((each) => each.csrf)) {
        const role = isPublic(route) ? null : allowed(route)[0];
        const client = role ? await server.signedIn(role) : server.client();
        const answer = await client.fetch(addressOf(route), { method: route.method });
        await answer.text();
        assert.equal(answer.status, 403, `${route.method} ${route.path} without a token gave ${answer.status}`);
    }
});
