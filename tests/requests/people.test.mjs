// People by their login or address, and from tables of other programs: on the command line and in the browser.
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdirSync, readFileSync, readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, afterEach, test } from "node:test";
import { addPerson, command, makeAcademy, must, password, root, scratch, startServer } from "../lib/server.mjs";

const data = makeAcademy();
addPerson(data, "Mixed.Case", { email: "Mixed.Case@Example.ORG" });
addPerson(data, "elise", { email: "Élise@exämple.org" });
addPerson(data, "forgetful");
const server = await startServer({ data });
after(() => server.stop());
afterEach(() => server.assertWell());
const admin = await server.signedIn("admin");

const sqlite = (file, sql) => {
    const done = spawnSync("sqlite3", [file, `\n${sql}`], { encoding: "utf8" });
    assert.equal(done.status, 0, done.stderr);
    return done.stdout.trim();
};

test("login and address sign in, in any case", async () => {
    for (const [typed, who] of [["mixed.case", "mixed.case"], ["MIXED.CASE", "mixed.case"], [" Mixed.Case@example.org", "mixed.case"], ["MIXED.CASE@EXAMPLE.ORG", "mixed.case"], ["élise@EXÄMPLE.org", "elise"], ["E\u0301LISE@exa\u0308mple.org", "elise"], ["Elise\u200E", "elise"]]) {
        const client = await server.signedIn(typed);
        assert.match(await client.page("/me"), new RegExp(`<code>${who}</code>`), typed);
    }
});

test("RULE ask-first: a new password is asked for on a page that names the person, and the list stays as it was searched", async () => {
    const list = await admin.page("/admin/people?q=forgetful"), path = /\/admin\/people\/\w+\/reset\?q=forgetful/.exec(list)[0];
    assert.doesNotMatch(list, /<form[^>]*\/reset/, "the list itself ends nothing");
    const page = await admin.page(path);
    assert.match(page, /<h1>New password: <bdi>forgetful of the tests<\/bdi>[^]*every session of this person ends/);
    assert.match(page, /href="\/admin\/people\?q=forgetful">Cancel/);
    const one = await server.signedIn("forgetful");
    assert.equal((await one.fetch("/me")).status, 200, "to look is to change nothing");
    const made = await (await admin.post(path.split("?")[0], { q: "forgetful" }, { from: path })).text();
    assert.match(made, /Hand this password over now/);
    assert.match(made, /name="q" type="search" value="forgetful"/);
    assert.doesNotMatch(made, /mixed\.case/);
    assert.equal((await one.fetch("/me")).status, 303);
    const roles = await admin.post(path.replace(/reset.*/, "roles"), { "roles[]": "learner", q: "forgetful" }, { from: "/admin/people" });
    assert.equal(roles.headers.get("location"), "/admin/people?q=forgetful");
});

test("RULE form-address: an address that only takes forms says so, and leads to the page above it", async () => {
    for (const [path, back] of [["/admin/people/none/second-factor", "/admin/people"], ["/me/password", "/me"], ["/assess/cases/none/decision", "/assess/cases/none"]]) {
        const answer = await admin.fetch(path), page = await answer.text();
        assert.equal(answer.status, 405, path);
        assert.match(page, /This address only takes forms/);
        assert.match(page, new RegExp(`href="${back}">Go back to that page`));
        assert.doesNotMatch(page, /does not exist/);
    }
});

test("RULE name-marks: a name is stored without marks of direction, wherever it was typed", async () => {
    const typed = "\u202EAna\u200F \u2067Ruiz\u2069\u202C", name = "Ana Ruiz";
    const stored = (login) => sqlite(join(data, "gradus.db"), `SELECT name FROM person WHERE login = '${login}'`);
    assert.equal((await admin.post("/admin/people", { login: "marked-page", name: typed, email: "mp@example.org", "roles[]": "learner" }, { from: "/admin/people" })).status, 200);
    addPerson(data, "marked-command", { name: typed });
    const file = join(scratch("marked"), "people.csv");
    writeFileSync(file, `login,name,email\nmarked-table,${typed},mt@example.org\n`);
    must(["user", "import", file, "--commit", "--data", data]);
    for (const login of ["marked-page", "marked-command", "marked-table"]) assert.equal(stored(login), name, login);
    const path = /\/admin\/people\/[0-9a-z]+\/name/.exec(await admin.page("/admin/people?q=marked-page"))[0];
    const renamed = await admin.post(path, { name: `${typed} \u202EII`, email: "mp@example.org" }, { from: path });
    assert.equal(renamed.status, 303, (await renamed.text()).replace(/^[^]*<main/, ""));
    assert.equal(stored("marked-page"), `${name} II`);
    assert.equal((await admin.post("/admin/cohorts", { name: typed, programme: "mops" }, { from: "/admin/cohorts" })).status, 303);
    assert.equal(sqlite(join(data, "gradus.db"), "SELECT name FROM cohort"), name);
    for (const page of ["/admin/people", "/admin/cohorts", "/admin/audit"]) assert.doesNotMatch(await admin.page(page), /[\u200F\u202C\u202E\u2067\u2069]/, page);
});

test("two people never share a login or an address", async () => {
    for (const [login, email, said] of [["MIXED.case", "new@example.org", /user name “mixed\.case” is taken/], ["new", "mixed.case@example.org", /“mixed\.case@example\.org” belongs to “mixed\.case” already/], ["new", "E\u0301lise@EXÄMPLE.ORG", /belongs to “elise” already/]]) {
        const done = command(["user", "add", login, "--name", "N Ew", "--email", email, "--password-stdin", "--data", data], { input: `${password}\n` });
        assert.equal(done.code, 2, done.out);
        assert.match(done.err, said);
    }
    const answer = await admin.post("/admin/people", { login: "new", name: "N Ew", email: "MIXED.case@example.org", "roles[]": "learner" }, { from: "/admin/people" });
    assert.equal(answer.status, 400);
    assert.match(await answer.text(), /href="#field-email">[^<]*belongs to mixed\.case already[^]*id="error-email">[^<]*belongs to mixed\.case already[^]*aria-invalid/);
    const person = { login: "other", name: "N Ew", email: "other@example.org", "roles[]": "learner" };
    for (const [field, value, said] of [["login", "a", /2 to 64 letters from a to z, digits, dots, hyphens or underscores; their case does not matter/], ["login", "elise", /is taken/], ["name", "", /name is missing/], ["email", "none", /not valid/], ["roles[]", "none", /at least one role/]]) {
        const refused = await admin.post("/admin/people", { ...person, [field]: value }, { from: "/admin/people" });
        const page = await refused.text(), id = field.replace("[]", "");
        assert.equal(refused.status, 400);
        assert.match(new RegExp(`id="error-${id}">([^<]*)`).exec(page)?.[1] ?? `nothing at ${field}`, said);
        assert.match(page, new RegExp(`href="#field-${id}"`));
    }
    const people = await admin.page("/admin/people");
    assert.match(people, /class="crumbs[^]*href="\/admin"[^]*href="#add"[^]*\/admin\/people\/import[^]*<table/, "both ways to add people stand above the list");
    const hint = /id="hint-login">([^<]*)/.exec(people)[1];
    assert.match(hint, /^2 to 64 letters from a to z, digits, dots, hyphens or underscores; their case does not matter$/, "the hint and the error say the same");
    const link = /\/admin\/people\/[0-9a-z]+\/name/.exec(await admin.page("/admin/people?q=elise"))[0];
    const changed = await admin.post(link, { name: "Élise", email: "Mixed.Case@example.org" }, { from: link });
    assert.equal(changed.status, 400);
    assert.match(await changed.text(), /belongs to mixed\.case already/);
    assert.equal((await admin.post(link, { name: "Élise", email: "elise@example.org" }, { from: link })).status, 303);
    await server.signedIn("ELISE@example.org");
    assert.match(await admin.page("/admin/audit"), /person\.email/);
    assert.equal((await server.client().post("/login", { login: "élise@exämple.org", password }, { from: "/login" })).status, 403);
});

test("an academy of before has its addresses made comparable, and whoever had one first keeps it", async (t) => {
    const folder = join(root, "engine/store/migrations"), mine = readdirSync(folder).find((name) => name.endsWith("_account_address.sql"));
    const old = scratch(), file = join(old, "gradus.db"), number = Number(mine.slice(0, 4));
    const before = readdirSync(folder).filter((name) => Number(name.slice(0, 4)) < number).sort();
    const person = (login, email) => `INSERT INTO person (id, login, name, email, created_ms) VALUES ('${login}', '${login}', '${login}', '${email}', 0);`;
    sqlite(file, `${before.map((name) => readFileSync(join(folder, name), "utf8")).join("\n")}
        ATTACH '${join(data, "gradus.db")}' AS new;
        PRAGMA application_id = ${sqlite(join(data, "gradus.db"), "PRAGMA application_id")};
        CREATE TABLE schema_migration (number INTEGER NOT NULL PRIMARY KEY, name TEXT NOT NULL, checksum TEXT NOT NULL, applied_ms INTEGER NOT NULL) STRICT;
        INSERT INTO schema_migration SELECT number, name, checksum, applied_ms FROM new.schema_migration WHERE number < ${number};
        ${person("a-first", "Shared@Example.org")} ${person("b-second", "shared@EXAMPLE.org")} ${person("c-foreign", "ÉLISE@example.org")} ${person("d-foreign", "élise@EXAMPLE.ORG")} ${person("e-alone", "Alone@Example.org")}`);
    must(["user", "list", "--data", old]);
    const keys = () => sqlite(file, "SELECT coalesce(email_key, '-') FROM person ORDER BY login").split("\n");
    assert.deepEqual(keys(), ["shared@example.org", "-", "-", "-", "alone@example.org"]);
    // What SQL cannot fold is folded when the academy is opened to be served.
    const upgraded = await startServer({ data: old, t });
    assert.deepEqual(keys(), ["shared@example.org", "-", "élise@example.org", "-", "alone@example.org"]);
    await upgraded.assertWell();
});

test("names of other things are held to the same", async () => {
    const cohort = await admin.post("/admin/cohorts", { name: "Autumn\uFDD0", programme: "gradus" }, { from: "/admin/cohorts" });
    assert.equal(cohort.status, 400);
    assert.match(await cohort.text(), /cannot be printed \(U\+FDD0\)/);
    assert.equal((await admin.post("/admin/cohorts", { name: "\u2067Autumn\u2069", programme: "gradus" }, { from: "/admin/cohorts" })).status, 303);
    assert.match(await admin.page("/admin/cohorts"), />Autumn</);
    const place = scratch();
    mkdirSync(join(place, "content/x/modules"), { recursive: true });
    const module = (title) => writeFileSync(join(place, "content/x/modules/m.md"), `---\nid: m\ntitle: "${title}"\nsummary: s\n---\n\nText.\n`);
    module("Steps\\uFFFE");
    assert.match(command(["check", place]).out, /m\.md:3:\d+: error: “title” holds a character that cannot be printed \(U\+FFFE\)/);
    module("Steps\\u200E");
    assert.doesNotMatch(command(["check", place]).out, /cannot be printed/);
});

// ---- Tables -----------------------------------------------------------------------------------------

const file = join(scratch(), "people.csv");
const importing = (bytes, ...more) => {
    writeFileSync(file, bytes);
    return command(["user", "import", file, ...more, "--data", data]);
};
const listed = (login) => must(["user", "list", "--data", data]).split("\n").find((line) => line.startsWith(`${login} `))?.trim().split(/\s{2,}/);
const utf16 = (text, big) => {
    const bytes = Buffer.from(`\uFEFF${text}`, "utf16le");
    return big ? bytes.swap16() : bytes;
};

test("a table is understood as spreadsheets and other systems write it", () => {
    const tables = {
        comma: "login,name,email,roles\nLOGIN,Ana Ruiz,LOGIN@t.example,learner\n",
        semicolon: "Login;Name;E-Mail;Roles\r\nLOGIN;Ana Ruiz;LOGIN@t.example;Learner\r\n",
        tab: "USERNAME\tFirst name\tLast name\tEmail address\nLOGIN\tAna\tRuiz\tLOGIN@t.example\n",
        sep: "sep=;\r\nlogin;name;email\r\nLOGIN;\"Ana Ruiz\";LOGIN@t.example\r\n",
        trailing: "login,name,email,roles,,\nLOGIN,Ana Ruiz,LOGIN@t.example,,,\n,,,,,\n",
        bom: "\uFEFFlogin,name,email\nLOGIN,Ana Ruiz,LOGIN@t.example",
        little: utf16("login\tname\temail\r\nLOGIN\tAna Ruiz\tLOGIN@t.example\r\n", false),
        big: utf16("login\tname\temail\r\nLOGIN\tAna Ruiz\tLOGIN@t.example\r\n", true),
        marks: "login,name,email\n\u200ELOGIN,\u202AAna Ruiz\u202C,LOGIN@t.example\uFEFF\n",
    };
    for (const [login, table] of Object.entries(tables)) {
        const bytes = typeof table === "string" ? table.replaceAll("LOGIN", login) : Buffer.from(table.toString("latin1").replaceAll([..."LOGIN"].join("\0"), [...login].join("\0")), "latin1");
        const done = importing(bytes, "--commit");
        assert.equal(done.code, 0, `${login}: ${done.err}`);
        assert.match(done.out, new RegExp(`^${login},[a-z0-9-]{23}\n$`));
        assert.deepEqual(listed(login), [login, "Ana Ruiz", `${login}@t.example`, "learner"], login);
    }
});

test("what is not understood is refused with what was found and what was expected; nothing is dropped without a word", () => {
    for (const [bytes, said] of [
        ["login,e-mail\nxx,x@t.example\n", /:1:1: error: The first row names “login”, “e-mail”\. It must also name name \(or first name and last name\)\./],
        ["Kennung;Vorname;Nachname\nxx;y;z\n", /The first row names “Kennung”, “Vorname”, “Nachname”\. It must also name login, name \(or first name and last name\), email\./],
        ["login,name,email,mail\nxx,y,x@t.example,\n", /“?mail”? is the second one with the email/],
        ["", /The file is empty\. The first row must name the columns/],
        ["PK\u0003\u0004…", /spreadsheet’s own file/],
        ["login,name,email\nxx,A\uFFFEb,x@t.example\n", /:2:1: error: The name holds a character that cannot be printed \(U\+FFFE\)/],
        ["login,name,email\nxx,A\u0001b,x@t.example\n", /\(U\+0001\)/],
        [utf16("login,name,email\nxx,A\uD800b,x@t.example\n"), /not UTF-8 \(U\+D800\)/],
        [Buffer.from("login,name,email\nxx,Jos\xe9,x@t.example\n", "latin1"), /not UTF-8 \(byte E9\)/],
        ["login,name,email\nxx,X,same@t.example\nyy,Y,SAME@t.example\n", /:3:1: error: The address “SAME@t\.example” stands in line 2 already/],
        ["login,name,email\nxx,X,MIXED.CASE@example.org\n", /belongs to “mixed\.case” already/],
        ["login,name,email\nmixed.case,X,x@t.example\n", /The user name “mixed\.case” is taken\. To change people who are there already, ask for it/],
        ["login,name,email,roles\nxx,X,x@t.example,boss\n", /“boss” is no role\. The roles are learner, instructor, assessor, admin/],
    ]) {
        const before = must(["user", "list", "--data", data]), done = importing(bytes, "--commit");
        assert.equal(done.code, 1, `${JSON.stringify(bytes)}\n${done.out}`);
        assert.match(done.err, said);
        assert.equal(/changed with --update/.test(done.err), /is taken/.test(done.err), "what to ask for is named");
        assert.equal(must(["user", "list", "--data", data]), before);
    }
    const done = importing("login,name,email,Telephone,Cost centre\nphoned,P Hone,phoned@t.example,555,7\n", "--commit");
    assert.equal(done.code, 0, done.err);
    assert.match(done.err, /:1:1: warning: Not used: “Telephone”, “Cost centre”/);
});

test("people who are there already are changed when that is asked for, and nothing else of them", async () => {
    addPerson(data, "married", { roles: "learner,instructor" });
    const table = "Login,Name,Email,Roles\nMARRIED,Mary New,mary.new@t.example,\nadmin,admin of the tests,admin@example.org,admin\nfresh,F Resh,fresh@t.example,assessor\n";
    assert.match(importing(table).err, /“married” is taken/);
    assert.match(importing(table, "--update").out, /^1 person would be added, 1 person would be changed, 1 person stays as before; run again/);
    const done = importing(table, "--update", "--commit");
    assert.equal(done.code, 0, done.err);
    assert.match(done.out, /^fresh,\S+\n$/);
    assert.deepEqual(listed("married"), ["married", "Mary New", "mary.new@t.example", "learner,instructor"]);
    await server.signedIn("Mary.New@t.example");
    assert.equal(importing("login,name,email,roles\nmarried,Mary New,mary.new@t.example,learner\n", "--update", "--commit").code, 0);
    assert.deepEqual(listed("married").at(-1), "learner");
    const last = importing("login,name,email,roles\nadmin,admin of the tests,admin@example.org,learner\n", "--update", "--commit");
    assert.equal(last.code, 2, last.out);
    assert.match(last.err, /no administrator would be left; nothing was changed/);
    assert.match(must(["audit", "verify", "--data", data]), /chain holds/);
});

// ---- The page ---------------------------------------------------------------------------------------

const page = "/admin/people/import";
async function upload(fields, bytes, client = admin) {
    const body = new FormData();
    body.set("csrf", await client.csrf(page));
    for (const [name, value] of Object.entries(fields)) body.set(name, value);
    if (bytes !== undefined) body.set("file", new Blob([bytes]), "people.csv");
    const answer = await client.fetch(page, { method: "POST", body });
    return { status: answer.status, text: await answer.text(), headers: answer.headers };
}
const unescape = (text) => text.replaceAll("&#10;", "\n").replaceAll("&quot;", '"').replaceAll("&#39;", "'").replaceAll("&lt;", "<").replaceAll("&gt;", ">").replaceAll("&amp;", "&");

test("the browser shows what would happen, then does it once", async () => {
    const table = "Login;First name;Last name;Email;Team\r\npaged;Pa;\"Ge <b>\";paged@t.example;x\r\nmixed.case;Mixed;Case;mixed.case@example.org;y\r\n";
    const refused = await upload({}, table);
    assert.equal(refused.status, 400);
    assert.match(refused.text, /Line 3: The user name “mixed\.case” is taken/);
    assert.match(refused.text, /Line 1: Not used: “Team”/);
    const shown = await upload({ update: "1" }, table);
    assert.equal(shown.status, 200);
    assert.equal(shown.headers.get("cache-control"), "private, no-store");
    assert.match(shown.text, /1 person is added, 1 person is changed, nobody stays as before/);
    assert.match(shown.text, /Pa Ge &lt;b&gt;/);
    assert.equal(listed("paged"), undefined, "a preview added somebody");
    const carried = unescape(/name="text" value="([^"]*)"/.exec(shown.text)[1]);
    const done = await upload({ text: carried, update: "1", confirmed: "1" });
    assert.equal(done.status, 200, done.text);
    assert.match(done.text, /1 person was added, 1 person was changed/);
    const secret = /paged,([a-z0-9-]{23})/.exec(done.text)[1];
    assert.equal(done.headers.get("cache-control"), "private, no-store");
    assert.deepEqual(listed("paged").slice(0, 3), ["paged", "Pa Ge <b>", "paged@t.example"]);
    assert.equal((await server.client().post("/login", { login: "paged", password: secret }, { from: "/login" })).status, 303);
    const again = await upload({ text: carried, update: "1", confirmed: "1" });
    assert.match(again.text, /Nobody was added, nobody was changed/);
    assert.doesNotMatch(again.text, /paged,[a-z0-9-]{23}/);
});

test("a file that is none, or too large, is refused in words", async () => {
    for (const [bytes, said] of [["", /Choose a file first/], [Buffer.from(`\ufefflogin,name,email,note\na1,A,a1@t.example,${"语".repeat(400_000)}`, "utf16le"), /larger than 1 MB/], ["x".repeat((1 << 20) + 1), /larger than 1 MB/], ["PK\u0003\u0004", /spreadsheet’s own file/], [`login,name,email\n${Array.from({ length: 2001 }, (_, i) => `m${i},M,m${i}@t.example`).join("\n")}`, /more than 2000 rows/]]) {
        const answer = await upload({}, bytes);
        assert.equal(answer.status, 400);
        assert.match(answer.text, said);
    }
    assert.equal((await upload({})).status, 400);
    const many = await upload({ confirmed: "1" }, `login,name,email\n${Array.from({ length: 2000 }, (_, i) => `many${i},M,many${i}@t.example`).join("\n")}`);
    assert.equal(many.status, 200);
    assert.match(many.text, /2,000 people were added/);
});
