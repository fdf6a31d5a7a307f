// Systems and people of the labs are invented: no name of a column or table and no limit that tells a real product, no
// phone number that rings somewhere, no customer with the name of a firm of the course.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import test from "node:test";
import { tracked } from "./files.mjs";

/** By hand: names that were recognised here, and how ids and own fields are written in products that people in the field know. */
const names = /^(?:leadScore|leadSource|leadId|createdAt|updatedAt|add_time|update_time|people_count|org_id|org_name|FirstName|LastName|AccountId|OwnerId|LeadSource|IsDeleted|(?:Created|LastModified)Date|SystemModstamp|DuplicateRule|vid|(?:hs|pp|mkto)_\w+|\w+__[cr])$|[Pp]rospect|[Oo]rgani[sz]ation/;
/** Calls in so many seconds, and calls of a day. */
const limits = ["100/20", "100/10", "190/10", "20/2"], days = ["15000", "25000", "50000", "100000"];

/** What a learner reads of a dialect, and what clients write: values of attributes, parts of paths. */
function dialectProblems(text) {
    const said = [...text.matchAll(/ (?:as|title|plural|path|id-as|created-as|updated-as|merge-field|code)="([^"]*)"/g)].flatMap(([, value]) => [value, ...value.split("/")]);
    const [, burst, seconds, day] = / burst="(\d+)" seconds="(\d+)" daily="(\d+)"/.exec(text);
    return [...new Set(said)].filter((word) => names.test(word)).concat([`${burst}/${seconds}`].filter((x) => limits.includes(x)), [day].filter((x) => days.includes(x)));
}

/** Kept for fiction: London 020 7946 0xxx, 555-01xx, Paris 01 99 00 xx xx, Berlin 030 23125 xxx. Elsewhere six digits after the country are too few. */
const silent = /^\+(?:44 20 7946 0\d{3}|1 312 555 01\d\d|33 1 9900 \d{4}|49 30 23125 \d{3}|(?:20 2|31 20|34 91|39 02|48 22|52 55|66 2|971 4) \d{4})$/;
const phones = (text) => text.match(/\+\d[\d ]*/g) ?? [];

test("dialects have names and limits of their own", () => {
    const files = tracked(/^labs\/connectors\/[a-z_]+\/.*\.xml$/);
    assert.ok(files.length >= 4);
    for (const file of files) assert.deepEqual(dialectProblems(readFileSync(file, "utf8")), [], file);
});

test("a name, a path or a limit of a real product is found", () => {
    const dialect = (object, limit = 'burst="20" seconds="5" daily="8000"') => `<limits ${limit}/>\n<object ${object}/>`;
    assert.deepEqual(dialectProblems(dialect('as="warmth" path="/firms"')), []);
    for (const object of ['as="leadScore"', 'created-as="add_time"', 'title="Prospects"', 'path="/rules/DuplicateRule"', 'as="Region__c"', 'as="hs_score"', 'merge-field="leadId"'])
        assert.equal(dialectProblems(dialect(object)).length, 1, object);
    assert.deepEqual(dialectProblems(dialect("", 'burst="100" seconds="20" daily="50000"')), ["100/20", "50000"]);
});

test("the list for authors has a line for each connector, with its dialects", () => {
    const lines = readFileSync("docs/connectors.md", "utf8").split("\n");
    const files = tracked(/^labs\/connectors\/[a-z_]+\.xml$/);
    assert.ok(files.length >= 15);
    for (const file of files) {
        const id = /([a-z_]+)\.xml$/.exec(file)[1];
        const titles = tracked(/^labs\/connectors\/[a-z_]+\/.*\.xml$/).filter((one) => one.split("/")[2] === id).map((one) => / title="([^"]*)"/.exec(readFileSync(one, "utf8"))[1]);
        assert.deepEqual(lines.filter((line) => line.startsWith(`| [${id}](`)).map((line) => line.split("|")[3].trim().split(", ").sort()), [titles.sort()], file);
    }
});

test("no phone number of a lab rings anywhere", () => {
    const files = tracked(/^labs\/scenarios\/.*\.csv$/);
    const found = files.flatMap((file) => phones(readFileSync(file, "utf8")));
    assert.ok(found.length > 400);
    assert.deepEqual(found.filter((phone) => !silent.test(phone)), []);
});

test("a number that rings is found", () => {
    for (const phone of ["+44 20 5550 8833", "+1 312 5550 9661", "+1 312 555 0200", "+33 1 5550 7388", "+49 30 5550 8921", "+34 91 555 9238", "+39 02 5550 4903"])
        assert.deepEqual(phones(`a,${phone},b`).filter((one) => !silent.test(one)), [phone]);
});

test("no customer of a lab has the name of a firm of the course", () => {
    const firms = ["tidewell", "brackwater"], files = tracked(/^labs\/scenarios\/.*\.csv$/);
    for (const file of files) for (const firm of firms) assert.ok(!readFileSync(file, "utf8").toLowerCase().includes(firm), `${firm} in ${file}`);
});

/** What files of labs/ call something: connectors, objects, fields, values of picklists, keys, transforms, kinds, roles, dialects. */
function idsOf(text) {
    const ids = [...text.matchAll(/<(?:connector|object|field|kind|role|part|dialect|key|transform|lookup)\b[^>]*? id="([^"]+)"/g)].map((m) => m[1]);
    return [...ids, ...[...text.matchAll(/<value>([^<]+)<\/value>/g)].map((m) => m[1])];
}

/** By hand: names of labs that the engine, too, has for something, which is not theirs. Single words are everybody's: they count only where a lab is asked for them. */
const own = new Set(["email", // a type of fields
    "created_left", "created_right", // what <match> says of its work
    "old_value", "new_value", "record_id", // columns of the log
    "is_not", "is_empty", "has_value", "within_days", "within_next_days", "older_than_days", "member_of", "not_member_of", // operators of filters
    "last_value"]); // a function of SQL

/** Strings of C. */
const strings = (text) => [...text.replace(/\/\*[^]*?\*\//g, "").matchAll(/"((?:[^"\\\n]|\\.)*)"/g)].map((m) => m[1]);
/** What a template shows, compares or addresses by name. */
const named = (text) => [...text.matchAll(/\{\{[#^&]?([\w.]+)\}\}|="([^"{}]*)"/g)].map((m) => m[1] ?? m[2]).flatMap((name) => [name, ...name.split(/[.?&=/]/)]);
/** Strings by which C asks a connector for something of its own. */
const asked = (text) => [...text.matchAll(/(?:lab_(?:field|object|key|member|dialect)_find|lab_object_by_path|record_value)\([^;]*?"([a-z_.]+)"|str_eq\([\w[\]>.()-]*\bid, "([a-z_]+)"\)|str_eq\("([a-z_]+)", [\w[\]>.()-]*\bid\)/g)].map((m) => m[1] ?? m[2] ?? m[3]);
/** A string is to blame that is a name of a lab, holds a table ("map_lead") or is a path of an object ("map.lead"). */
function idProblems(words, names, objects) {
    const tables = objects.map(([connector, object]) => new RegExp(`\\b${connector}[_.]${object}\\b`));
    return words.filter((word) => (names.has(word) && !own.has(word)) || tables.some((table) => table.test(word)));
}

const labFiles = tracked(/^labs\/(?:connectors|kinds|worlds)\/.*\.xml$/).map((file) => readFileSync(file, "utf8"));
const labIds = new Set(labFiles.flatMap(idsOf));
const kinds = labFiles.map((text) => /<kind\b[^>]* id="(\w+)"/.exec(text)?.[1]).filter(Boolean);
/** Those that nobody else has: of more than one word, and those of kinds. */
const labNames = new Set([...[...labIds].filter((id) => id.includes("_")), ...kinds]);
const labObjects = labFiles.flatMap((text) => {
    const connector = /<connector\b[^>]* id="(\w+)"/.exec(text)?.[1];
    return connector ? [...text.matchAll(/<object id="(\w+)"/g)].map((m) => [connector, m[1]]) : [];
});

const cProblems = (text) => [...new Set([...idProblems(strings(text), labNames, labObjects), ...asked(text.replace(/\/\*[^]*?\*\//g, "")).filter((word) => labIds.has(word))])];

test("no id of a lab is in the engine or in a template: what labs do is data", () => {
    assert.ok(labNames.size > 100 && labObjects.length >= 10 && kinds.length >= 3);
    for (const file of tracked(/^engine\/(?:labmodel|sandbox|lab)\/.*\.[ch]$/)) assert.deepEqual(cProblems(readFileSync(file, "utf8")), [], file);
    for (const file of tracked(/^site\/templates\/lab.*\.mustache$/)) assert.deepEqual(idProblems(named(readFileSync(file, "utf8")), labNames, labObjects), [], file);
});

test("an id of a lab in C or in a template is found", () => {
    for (const line of ['lab_field_find(o, "phone")', 'str_eq(o->fields[i].id, "country")', 'str_eq("country", f->id)', 'record_value(o, r, "first_name")', 'str_eq(key, "email_normalised")', '"SELECT id FROM map_lead"', '"{\\"object\\":\\"crm.contact\\"}"', 'str_eq(kind, "dedupe")', 'str_eq(v, "six_hourly")'])
        assert.equal(cProblems(line).length, 1, line);
    for (const line of ["{{#crm_id}}x{{/crm_id}}", '<option value="sync.finished">', '<a href="?tab=map&object=sync_setting">'])
        assert.ok(idProblems(named(line), labNames, labObjects).length > 0, line);
    assert.deepEqual(cProblems('/* "first_name" */ f("name", "record.created", "labs/x", "phone")'), []);
});

/** The limits of a page: what the table calls them, with their numbers. */
const limitsTold = (text) => Object.fromEntries([...text.matchAll(/^\|[^|]*\| ([\d,]+) \| `(\w+)` \|/gm)].map(([, number, name]) => [name, Number(number.replaceAll(",", ""))]));
/** The constants of C that end as limits do; a size may be a product. */
function limitsOf(text) {
    const found = [...text.matchAll(/^#define (\w+_(?:MAX|DEPTH|PENDING|CELLS)) (.*?)(?:\s*\/\*.*)?$/gm)];
    return Object.fromEntries(found.map(([, name, value]) => [name, value.replace(/\((?:size_t|int64_t)\)/g, "").replace(/[()\s]/g, "").split("*").reduce((all, n) => all * Number(n), 1)]));
}
/** By hand: limits of workers and of messages between programs, which no author meets. */
const inside = new Set(["FILTER_DAYS_MAX", "FUNCTION_WIDTH_MAX", "HOOK_MESSAGES_MAX", "LAB_READS_MAX", "LAB_CONDITIONS_MAX", "ONCE_MAX", "WIRE_MAX"]);

test("the page of limits says what the headers say, of each limit that an author meets", () => {
    const headers = tracked(/^engine\/(?:labmodel|sandbox)\/.*\.h$|^engine\/base\/csv\.h$/);
    const code = Object.assign({}, ...headers.map((file) => limitsOf(readFileSync(file, "utf8"))));
    const told = limitsTold(readFileSync("docs/lab-limits.md", "utf8"));
    assert.ok(Object.keys(told).length > 30);
    assert.deepEqual(told, Object.fromEntries(Object.keys(told).map((name) => [name, code[name]])));
    assert.deepEqual(Object.keys(code).filter((name) => !(name in told) && !inside.has(name)), [], "limits that the page does not have");
});

test("a limit that is told otherwise, or not at all, is found", () => {
    assert.deepEqual(limitsOf("#define A_MAX ((size_t)2 * 1024) /* x */\n#define B_DEPTH 8\n#define C 4\n"), { A_MAX: 2048, B_DEPTH: 8 });
    assert.deepEqual(limitsTold("| Bytes | 2,048 | `A_MAX` |\n| x | 9 | `B_DEPTH` | why |\n"), { A_MAX: 2048, B_DEPTH: 9 });
});
