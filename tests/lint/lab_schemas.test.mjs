// The schemas of labs/schema as an editor uses them, by another program than ours: every file that ships follows its own, and
// planted faults do not.
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join, normalize } from "node:path";
import { after, test } from "node:test";
import { filesOf } from "../lib/module_files.mjs";
import { tracked } from "./files.mjs";

const folder = mkdtempSync(join(tmpdir(), "gradus-schemas-"));
after(() => rmSync(folder, { recursive: true }));

/** By its place, which schema a file has. */
const placed = {
    connector: /^labs\/connectors\/[a-z_]+\.xml$/,
    dialect: /^labs\/connectors\/[a-z_]+\/.*\.xml$/,
    kind: /^labs\/kinds\/.*\.xml$|^tests\/.*\/kinds\/.*\.xml$/,
    world: /^labs\/worlds\/.*\.xml$|^tests\/.*\/worlds\/.*\.xml$/,
    stack: /^(?:labs|tests\/unit)\/.*stack\.xml$/,
    timeline: /^(?:labs|tests\/.*)\/.*timeline\.xml$/,
    solution: /^(?:labs|tests\/.*)\/.*\/solutions\/.*\.xml$/,
};

/** What xmllint says of these files: those that do not follow the schema. */
function refused(schema, files) {
    const run = spawnSync("xmllint", ["--noout", "--nonet", "--relaxng", `labs/schema/${schema}.rng`, ...files], { encoding: "utf8" });
    assert.equal(run.error, undefined, "xmllint (libxml2-utils) is needed");
    assert.match(run.stderr, /validates|fails to validate/, `it has been looked at: ${run.stderr}`);
    return [...run.stderr.matchAll(/^(.*) fails to validate$/gm)].map(([, file]) => file);
}

for (const [schema, place] of Object.entries(placed))
    test(`every file that is a ${schema} follows its schema`, () => {
        const files = tracked(place);
        assert.ok(files.length > 0);
        assert.deepEqual(refused(schema, files), []);
    });

/** By schema: a file, and faults in it, each alone. */
const faults = {
    connector: ["labs/connectors/crm.xml", [['type="email"', 'type="mail"'], ["<about>", "<abouts>", "</about>", "</abouts>"], ['required="true"', 'required="yes"'], [' title="', ' titel="'], ['id="', 'id="X-']]],
    dialect: ["labs/connectors/crm/boreal.xml", [['kind="key"', 'kind="keys"'], ["<paging ", "<pages "], ["<errors>", "<error/><errors>"], ['status="401"', 'status="4o1"'], ['of="page"', 'of="pages"']]],
    kind: ["labs/kinds/form.xml", [["<find ", "<seek "], ['from="row"', 'from="record"'], ["<part ", "<piece "], ['arrive="record"', ""]]],
    world: ["labs/worlds/b2b.xml", [['code="PL"', 'code="pl"'], ['every="12d"', 'every="12 days"'], ["permille=\"990\"", "permille=\"1990\""], ["<hours ", "<hour ", "</hours>", "</hour>"], ['granted="850"', ""]]],
    stack: ["labs/new/stack.xml", [['kind="blank"', 'kind="empty"'], ['start="2026-03-02T08:00:00Z"', 'start="Monday"'], ["<seed ", "<seeds "], ['file="leads.csv"', 'file="../leads.csv"'], ['object="map.lead"', 'object="lead"']]],
    timeline: ["labs/scenarios/weekend-outage/timeline.xml", [["<fault ", "<failure "], ['kind="', 'kind="x'], ['at="d', 'at="day '], [' from="', ' of="']]],
    solution: ["labs/new/solutions/reference.xml", [['operation="update"', 'operation="change"'], ["<each ", "<every ", "</each>", "</every>"], ['task="2"', 'task="two"'], [' title="', ' name="']]],
};

for (const [schema, [file, planted]] of Object.entries(faults))
    test(`a ${schema} with a fault is refused`, () => {
        const text = readFileSync(file, "utf8");
        const wrong = planted.map((change, i) => {
            let bent = text;
            for (let k = 0; k < change.length; k += 2) {
                assert.ok(bent.includes(change[k]), `${change[k]} is not in ${file}`);
                bent = bent.replace(change[k], change[k + 1]);
            }
            const name = join(folder, `${schema}-${i}.xml`);
            writeFileSync(name, bent);
            return name;
        });
        const whole = join(folder, `${schema}.xml`);
        writeFileSync(whole, text);
        assert.deepEqual(refused(schema, [...wrong, whole]), wrong);
    });

/** The schema that the line xml-model names; null: there is none. */
const named = (text) => /^<\?xml-model href="([^"]+)" schematypens="http:\/\/relaxng\.org\/ns\/structure\/1\.0"\?>$/m.exec(text)?.[1] ?? null;

test("files that say which schema they follow say the right one", () => {
    const shipped = tracked(/^labs\/(?:connectors|kinds|worlds|scenarios|new)\/.*\.xml$/).map((file) => [file.replace(/^labs\/new\//, "labs/scenarios/new/"), readFileSync(file, "utf8"), file.startsWith("labs/new/")]);
    const taught = Object.entries(filesOf(tracked(/^content\/gradus\/modules\/write-.*\.md$/))).filter(([file]) => file.endsWith(".xml")).map(([file, text]) => [file, text, true]);
    assert.ok(taught.length >= 7 && shipped.length > 60);
    for (const [file, text, must] of [...shipped, ...taught]) {
        const schema = Object.keys(placed).find((name) => placed[name].test(file));
        if (named(text) !== null || must) assert.equal(normalize(join(dirname(file), named(text) ?? "")), `labs/schema/${schema}.rng`, file);
    }
});
