// Whoever can write the database changes what is on record: each column that a certificate, its state or a decision rests on
// is compared with what was signed and logged, and what differs is neither shown, nor listed, nor decided on.
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { readFileSync, renameSync } from "node:fs";
import { join } from "node:path";
import { after, test } from "node:test";
import { gunzipSync } from "node:zlib";
import { caseOf } from "../lib/level.mjs";
import { writer } from "../lib/records.mjs";
import { startAttempt } from "../lib/exam.mjs";
import { addPerson, command, makeDemo, must, scratch, startServer } from "../lib/server.mjs";
import { until } from "../lib/until.mjs";

const data = makeDemo(), file = join(data, "gradus.db");
const demo = JSON.parse(readFileSync(join(data, "demo.json"), "utf8")), { password } = demo.accounts[0];
const { sql, changed, free } = writer(file);
const audit = () => command(["audit", "verify", "--data", data]);
const untouched = audit();
free();
const server = await startServer({ data });
after(() => server.stop());
const stranger = server.client(), get = (path) => stranger.fetch(path);
const number = (state) => demo.certificates.find((c) => c.state === state).number;
const certified = number("certified"), revoked = number("revoked");
const certificate = (n) => `(SELECT id FROM cert_certificate WHERE number = '${n}')`, application = (n) => `(SELECT application_id FROM cert_certificate WHERE number = '${n}')`;
const candidate = "ณัฐยา ศรีสุวรรณ", reason = "All of it was checked against the evidence.";
const person = `(SELECT person_id FROM cert_application a WHERE NOT EXISTS (SELECT 1 FROM cert_decision d WHERE d.application_id = a.id) AND person_id = (SELECT id FROM person WHERE name = '${candidate}'))`;

const notShown = /Cannot be shown as valid: its records do not agree, or cannot be checked/;
const found = (sentence, name) => {
    const done = audit();
    assert.deepEqual([done.code, sentence.test(done.err)], [1, true], `${name ?? sentence}: ${done.out}${done.err}`);
};

test("what nobody touched is as it was signed and logged", () => {
    assert.equal(untouched.code, 0, untouched.err);
    assert.match(untouched.out, /\d certificates are as they were signed and logged/);
    assert.equal(audit().code, 0);
});

test("RULE signed: each column of a certificate and of its credential is compared", async () => {
    const columns = {
        "scope = 'The holder may do everything.'": /another scope/, "body = 'Best Academy'": /name of the issuer/, "decided_by_name = 'Somebody Else'": /name of who decided/,
        "level_id = 'expert'": /another level/, "level_number = 4": /another step of the programme/, "origin = 'http://evil.example'": /another/, "scheme_version = '9'": /another scheme/,
        "person_id = (SELECT id FROM person WHERE login = 'learner')": /somebody else's/, "issued_ms = issued_ms + 1": /another moment of issue/,
    };
    for (const [set, sentence] of Object.entries(columns))
        await changed("cert_certificate", `number = '${certified}'`, set, async () => {
            found(sentence, set);
            for (const end of ["", ".json"]) assert.equal((await get(`/certificates/${certified}${end}`)).status, 409, set + end);
        });
    for (const [set, sentence] of Object.entries({ "status_index = 7": /another place on its status list/, "version = 2": /address or version|not on record/, "signing_key = 'z6MkpTHR8VNsBxYAAWHut2Geadd9jSwuBV8xRoAnwWsdvktH'": /another key/, "at_ms = at_ms - 1000": /another beginning/ }))
        await changed("cert_credential", `certificate_id = ${certificate(certified)}`, set, async () => {
            found(sentence, set);
            assert.equal((await get(`/certificates/${certified}`)).status, 409, set);
        });
    assert.equal((await get(`/certificates/${certified}`)).status, 200);
});

test("a credential that names a key that nobody has is not shown, and not called as it was signed", async () => {
    const of = `certificate_id = ${certificate(certified)}`, unknown = "z6MkhaXgBZDvotDkL5257faiztiGiC2QtKLGpbnnEGta2doK";
    const forged = `json = replace(json, '#' || signing_key, '#${unknown}'), signing_key = '${unknown}'`;
    await changed("cert_credential", of, forged, async () => {
        found(new RegExp(`not decided: The case .*certificate ${certified}: its signature cannot be checked: the key ${unknown} is missing: put its file back into keys/`));
        for (const end of ["", ".json", ".pdf", ".png"]) {
            const answer = await get(`/certificates/${certified}${end}`);
            assert.equal(answer.status, 409, end);
            assert.match(await answer.text(), /cannot be checked here now: the key that signed it is missing/);
        }
    });
    // Changed words are what they are, whatever key is named.
    await changed("cert_credential", of, `${forged.replace("json = ", "json = replace(")}`.replace("), signing_key", "), 'awardedDate', 'x'), signing_key"), async () => found(/another day of issue/));
    // did:key brings its key with it.
    await changed("cert_credential", of, `json = replace(json, (SELECT 'did:web:' || substr(json, instr(json, 'did:web:') + 8, instr(substr(json, instr(json, 'did:web:')), '"') - 9)) || '#' || signing_key, 'did:key:${unknown}#${unknown}')`, async () => found(/signature of its credential does not fit|another key/));
    // Without any key nothing can be said of any of them, but nothing is said to be changed.
    const away = join(scratch("away"), "keys");
    renameSync(join(data, "keys"), away);
    try {
        const done = audit();
        assert.deepEqual([done.code, /not decided: [^]*cannot be checked: the key z6Mk\w+ is missing/.test(done.err)], [1, true], done.out + done.err);
        assert.match(done.out, /^0 certificates are as they were signed/m);
    } finally {
        renameSync(away, join(data, "keys"));
    }
    assert.equal(audit().code, 0);
});

test("RULE list-logged: the signed list says what was logged, whatever the tables say", async () => {
    const [id, index, list] = sql(`SELECT id, status_index, list_id FROM cert_credential WHERE certificate_id = ${certificate(revoked)}`).split("|");
    const other = sql(`SELECT id FROM cert_credential WHERE certificate_id = ${certificate(certified)}`);
    const bit = async (i) => {
        sql(`INSERT INTO cert_status SELECT 'turn', certificate_id, credential_row, list_id, 'reinstated', actor, reason, 1 FROM cert_status LIMIT 1`); // not the one that is kept in memory
        try {
            const bits = gunzipSync(Buffer.from((await (await get(`/status/${list}`)).json()).credentialSubject.encodedList.slice(1), "base64url"));
            return bits[i >> 3] >> (7 - (i & 7)) & 1;
        } finally {
            sql("DELETE FROM cert_status WHERE id = 'turn'");
        }
    };
    assert.equal(await bit(Number(index)), 1);
    sql("INSERT INTO cert_status_list (id, origin, created_ms, purpose) SELECT 99, origin, created_ms, purpose FROM cert_status_list LIMIT 1");
    const facts = `certificate_id = ${certificate(revoked)}`;
    const ways = [
        ["cert_credential", `id = '${id}'`, "status_index = 7", /another place on its status list/],
        ["cert_status", facts, `credential_row = '${other}'`, /for another credential or list/],
        ["cert_status", facts, "list_id = 99", /for another credential or list/],
        ["cert_status", facts, "at_ms = at_ms - 86400000", /another time than was logged/],
        ["cert_status", facts, "kind = 'reinstated'", /not the one that was logged/],
        ["cert_status", facts, "", /logged is not on record/],
    ];
    for (const [table, where, set, sentence] of ways)
        await changed(table, where, set, async () => {
            found(sentence, set);
            assert.equal(await bit(Number(index)), 1, set);
            assert.equal((await get(`/certificates/${revoked}`)).status, 409, set);
        });
    await changed("cert_status_list", `id = ${list}`, "purpose = CASE purpose WHEN 'revocation' THEN 'suspension' ELSE 'revocation' END", async () => {
        found(/another purpose/);
        sql(`INSERT INTO cert_status SELECT 'turn', certificate_id, credential_row, list_id, 'reinstated', actor, reason, 1 FROM cert_status LIMIT 1`);
        assert.equal((await get(`/status/${list}`)).status, 409);
        sql("DELETE FROM cert_status WHERE id = 'turn'");
    });
    sql("DELETE FROM cert_status_list WHERE id = 99");
});

// A row of the log whose chain holds, as whoever has the database alone can write it.
function chain(action, subject, detail, at_ms, by) {
    const [seq, before, decided_by] = sql("SELECT l.seq, l.hash, (SELECT decided_by FROM cert_certificate LIMIT 1) FROM audit_log l ORDER BY l.seq DESC LIMIT 1").split("|");
    const row = [Number(seq) + 1, at_ms, by ?? decided_by, action, subject, detail];
    const hash = createHash("sha256").update(JSON.stringify([...row, before])).digest("hex");
    sql(`INSERT INTO audit_log (seq, at_ms, actor, action, subject, detail, hash) VALUES (${row.map((v) => typeof v === "number" ? v : `'${v}'`).join(", ")}, '${hash}')`);
    return row[0];
}
const unchain = (seq) => sql(`DROP TRIGGER IF EXISTS audit_log_no_delete; DELETE FROM audit_log WHERE seq = ${seq}`);

let forgeries = 0;
/** A change of state, in the table and in the log, as the program writes it. */
function forge(of, kind, action) {
    const [id, row, list, index, applied, actor] = sql(`SELECT c.id, r.id, r.list_id, r.status_index, c.application_id, (SELECT decided_by FROM cert_certificate LIMIT 1) FROM cert_certificate c JOIN cert_credential r ON r.certificate_id = c.id WHERE c.number = '${of}' ORDER BY r.version DESC LIMIT 1`).split("|");
    const at_ms = Date.now() + ++forgeries, member = kind === "replaced" ? "by" : "reason";
    sql(`INSERT INTO cert_status (id, certificate_id, credential_row, list_id, kind, actor, reason, at_ms) VALUES ('forged-${at_ms}-${kind}', '${id}', '${row}', ${list}, '${kind}', '${actor}', 'It was an error.', ${at_ms})`);
    return chain(action, applied, `{"number":"${of}","${member}":"It was an error.","list":${list},"index":${index}}`, at_ms);
}
async function forged(of, steps, look) {
    const rows = steps.map(([kind, action]) => forge(of, kind, action));
    try {
        await look();
    } finally {
        rows.reverse().forEach(unchain);
        sql("DELETE FROM cert_status WHERE id LIKE 'forged-%'");
    }
}

test("RULE status-step: a change of state that Gradus never makes is found, however it was logged", async () => {
    const suspend = ["suspended", "cert.suspend"], reinstate = ["reinstated", "cert.reinstate"], revoke = ["revoked", "cert.revoke"], replace = ["replaced", "cert.replace"];
    const [list, index] = sql(`SELECT list_id, status_index FROM cert_credential WHERE certificate_id = ${certificate(revoked)}`).split("|").map(Number);
    const assessor = await server.signedIn("assessor", password);
    assert.match(await assessor.page(`/assess/certificates?q=${revoked}`), /badge-danger">[^]*?Revoked<\/span>/);
    const ways = [
        [revoked, [reinstate], /reinstated after revoked, which Gradus never does/], [revoked, [suspend, reinstate], /suspended after revoked/],
        [revoked, [revoke], /revoked after revoked/], [revoked, [replace], /replaced after revoked/],
        [certified, [reinstate], /reinstated after its issue/], [certified, [suspend, suspend], /suspended after suspended/],
        [certified, [suspend, replace], /replaced after suspended/],
    ];
    for (const [of, steps, sentence] of ways)
        await forged(of, steps, async () => {
            found(sentence, `${of} ${steps}`);
            for (const end of ["", ".json"]) assert.equal((await get(`/certificates/${of}${end}`)).status, 409, `${steps}`);
            if (of !== revoked) return;
            const answer = await (await get(`/status/${list}`)).json(), bits = gunzipSync(Buffer.from(answer.credentialSubject.encodedList.slice(1), "base64url"));
            assert.equal(bits[index >> 3] >> (7 - (index & 7)) & 1, 1, `${steps}`);
            assert.match(await assessor.page(`/assess/certificates?q=${revoked}`), notShown, "the register");
        });
    assert.equal(audit().code, 0);
});

test("RULE shown-state: a list says of a certificate what the signed log says, or that it cannot be shown", async () => {
    const assessor = await server.signedIn("assessor", password), [login, level] = sql(`SELECT p.login, c.programme_id || '/levels/' || c.level_id FROM cert_certificate c JOIN person p ON p.id = c.person_id WHERE c.number = '${revoked}'`).split("|");
    const holder = await server.signedIn(login, password);
    const csv = async (of) => (await (await assessor.fetch("/assess/certificates?format=csv")).text()).split("\r\n").find((line) => line.startsWith(`"${of}"`));
    const told = async (of, state, name) => {
        const sentence = state === "unchecked" ? notShown : new RegExp(`${state}</span>`), page = await assessor.page(`/assess/certificates?q=${of}`);
        assert.match(page, sentence, name);
        assert.match(await csv(of), state === "unchecked" ? notShown : new RegExp(`,"${state}",`), `${name}: in the file`);
        if (of !== revoked) return;
        for (const path of ["/me/certificates", `/programmes/${level}`, "/"]) assert.match(await holder.page(path), sentence, `${name}: ${path}`);
    };
    await told(revoked, "Revoked");
    await told(certified, "Valid");
    const facts = `certificate_id = ${certificate(revoked)}`;
    // A revocation that only the tables lost, or only the tables know.
    await changed("cert_status", facts, "", () => told(revoked, "unchecked", "taken out"));
    await changed("cert_status", facts, "kind = 'reinstated'", () => told(revoked, "unchecked", "turned"));
    sql(`INSERT INTO cert_status (id, certificate_id, credential_row, list_id, kind, actor, reason, at_ms) SELECT 'put', certificate_id, id, list_id, 'revoked', ${person}, 'none', 1 FROM cert_credential WHERE certificate_id = ${certificate(certified)}`);
    await told(certified, "unchecked", "put in");
    sql("DELETE FROM cert_status WHERE id = 'put'");
    // A certificate whose issue was never logged, or logged otherwise.
    await changed("cert_certificate", `number = '${certified}'`, `application_id = application_id || 'x', issued_ms = issued_ms`, () => told(certified, "unchecked", "of another application"));
    await changed("cert_certificate", `number = '${certified}'`, "issued_ms = issued_ms - 1", () => told(certified, "unchecked", "another time"));
    const number = certified.replace(/.$/, (c) => (c === "2" ? "3" : "2"));
    await changed("cert_certificate", `number = '${certified}'`, `number = '${number}'`, async () => assert.match(await csv(number), notShown));
    // RULE audit-signed: what was written into both, by somebody without the key.
    await forged(certified, [["suspended", "cert.suspend"], ["reinstated", "cert.reinstate"]], () => told(certified, "unchecked", "forged"));
    await changed("cert_certificate", `number = '${certified}'`, "holder_name = 'Mallory'", async () => assert.match(await assessor.page("/assess/certificates"), notShown));
    await told(revoked, "Revoked");
    await told(certified, "Valid");
    assert.equal(audit().code, 0);
});

test("RULE signed: the address of a status list is the one that its credentials name", async () => {
    const list = sql(`SELECT list_id FROM cert_credential WHERE certificate_id = ${certificate(certified)}`);
    await changed("cert_status_list", `id = ${list}`, "origin = 'https://evil.example'", async () => {
        found(/its status list has another address than was signed/);
        assert.equal((await get(`/certificates/${certified}`)).status, 409);
        sql(`INSERT INTO cert_status SELECT 'turn', certificate_id, credential_row, list_id, 'reinstated', actor, reason, 1 FROM cert_status LIMIT 1`); // not the one that is kept in memory
        assert.equal((await get(`/status/${list}`)).status, 409);
        sql("DELETE FROM cert_status WHERE id = 'turn'");
    });
    assert.equal(audit().code, 0);
});

test("RULE records: applications, admissions, decisions, marks and what waits are what was logged", async () => {
    const of = `application_id = ${application(certified)}`, id = `id = ${application(certified)}`;
    const ways = [
        ["cert_decision", of, "evidence = '[]'", /what was known at the decision/], ["cert_eligibility", of, "evidence = '[]'", /what was known at the admission/],
        ["cert_decision", of, "at_ms = 1", /what was known at the decision/], ["cert_application", id, "at_ms = 1", /application's time/],
        ["cert_application", id, "statement = 'forged words'", /statement is not what was logged/], ["cert_application", id, "scheme_version = '9'", /scheme/],
        ["cert_application", id, "basis = CASE basis WHEN 'training' THEN 'experience' ELSE 'training' END", /basis/],
        ["cert_waiting", `person_id = ${person}`, "", /whether it waits/],
    ];
    for (const [table, where, set, sentence] of ways) await changed(table, where, set, () => found(sentence, `${table} ${set}`));
    sql(`INSERT INTO cert_mark SELECT 'x', application_id, person_id, decided_by, 'application', application_id, 'insufficient', 'nobody said that', 1 FROM cert_certificate WHERE number = '${certified}'`);
    found(/a mark is on record that was never logged/);
    sql("DELETE FROM cert_mark WHERE id = 'x'");
    assert.equal(audit().code, 0);
});

test("RULE exam-recomputed: each column of an attempt that its result comes of is compared", async () => {
    const assessor = await server.signedIn("assessor", password), path = await caseOf(assessor, candidate);
    const id = sql(`SELECT id FROM exam_attempt WHERE person_id = ${person} AND practice = 0`), of = `attempt_id = '${id}'`;
    const counts = `${of} AND slot = 2`; // one save, which counts
    const item = sql(`SELECT form ->> '$.slots[0].item' FROM exam_attempt WHERE id = '${id}'`);
    const version = sql(`SELECT form ->> '$.slots[0].version' FROM exam_attempt WHERE id = '${id}'`), asked = `id = '${item}' AND version = '${version}'`;
    const answers = /its answers are not those that were logged at its end/, form = /its form is not the one that was logged/;
    const ways = [
        ["exam_response", counts, "response = '[]'", answers], ["exam_response", counts, "seq = seq + 1", answers], ["exam_response", counts, "n = n + 1", answers],
        ["exam_response", counts, "client = 'other'", answers], ["exam_response", counts, "saved_ms = saved_ms - 1", answers], ["exam_response", counts, "", answers],
        ["exam_attempt", `id = '${id}'`, "form = replace(form, '\"scored\":true', '\"scored\":false')", form], ["exam_attempt", `id = '${id}'`, "form = '{}'", form],
        ["exam_attempt", `id = '${id}'`, "cut_permille = 1", /its cut, its minutes or its extra time/], ["exam_attempt", `id = '${id}'`, "minutes = 600", /its cut, its minutes or its extra time/],
        ["exam_attempt", `id = '${id}'`, "extra_permille = 2000", /its cut, its minutes or its extra time/],
        ["exam_item_version", asked, "source = replace(source, '- [x]', '- [ ]')", /the item \S+ is not the one that was asked/], ["exam_item_version", asked, "", /the item \S+ of its form is not on record/],
        ["exam_result", of, "scoring_version = 9", /a scoring version that there is not/], ["exam_result", of, "cut_permille = 1", /computed with another cut/],
        ["exam_result", of, "permille = 1000 - permille", /share or the scaled score/], ["exam_result", of, "scaled = 777", /share or the scaled score/],
        ["exam_result", of, "domains = '[]'", /other points by domain/], ["exam_result", of, "steps = 2", /its form and its answers give \d+ of \d+ points/],
        ["exam_end", of, "", /its end that was logged is not on record/],
    ];
    for (const [table, where, set, sentence] of ways)
        await changed(table, where, set, async () => {
            found(sentence, `${table} ${set}`);
            const answer = await assessor.post(`${path}/decision`, { outcome: "granted", reason });
            assert.equal(answer.status, 409, `${table} ${set}`);
            assert.equal(sql(`SELECT count(*) FROM cert_certificate WHERE person_id = ${person} AND application_id = '${path.split("/").pop()}'`), "0");
        });
    sql(`INSERT INTO exam_reopened SELECT attempt_id, 1, how, submitted_ms, recorded_ms, deadline_ms, recorded_ms, ${person}, 'none', 60000 FROM exam_end WHERE ${of}`);
    found(/its being opened again is not what was logged/);
    sql("DELETE FROM exam_reopened");
    assert.equal(audit().code, 0);
});

/** What the administrator finds in the server's log. */
const logged = (sentence) => until(String(sentence), () => server.logs.some((line) => line.event === "records_changed" && sentence.test(JSON.stringify(line))));

test("RULE past-kept: an attempt that was taken out of the tables is missed before the next one begins", async () => {
    const [id, login, exam] = sql("SELECT a.id, p.login, a.exam_id FROM exam_result r JOIN exam_attempt a ON a.id = r.attempt_id JOIN person p ON p.id = a.person_id WHERE r.passed = 0 AND a.practice = 0 AND NOT EXISTS (SELECT 1 FROM exam_result o JOIN exam_attempt b ON b.id = o.attempt_id WHERE o.passed = 1 AND b.person_id = a.person_id AND b.exam_id = a.exam_id) LIMIT 1").split("|");
    const learner = await server.signedIn(login, password), refused = /This exam, or an earlier attempt of yours at it, is not on record as it was logged/;
    assert.doesNotMatch(await learner.page(`/exams/${exam}`), refused);
    const starts = () => sql(`SELECT count(*) FROM audit_log WHERE action = 'exam.start'`), before = starts();
    const other = sql(`SELECT id FROM person WHERE login = 'assessor'`);
    for (const set of ["", "exam_id = 'another'", `person_id = '${other}'`, "start_ms = start_ms - 31536000000"])
        await changed("exam_attempt", `id = '${id}'`, set, async () => {
            assert.match(await learner.page(`/exams/${exam}`), refused, set);
            const answer = await learner.post(`/exams/${exam}/start`, {}, { from: `/exams/${exam}` });
            assert.equal(answer.status, 409, set);
            assert.match(await answer.text(), refused, set);
            assert.equal(starts(), before, set);
        });
    await logged(new RegExp(`exam ${exam}, person \\w+: not started: the attempt ${id}`));
    // Practice is free, and asks nobody.
    assert.doesNotMatch(await learner.page(`/exams/${exam}`), refused);
    assert.equal(audit().code, 0);
});

test("RULE past-kept: nobody decides or applies while an application that was logged is gone", async () => {
    const assessor = await server.signedIn("assessor", password), path = await caseOf(assessor, candidate), id = sql(`SELECT ${person}`);
    const row = chain("cert.apply", "gone", "{}", Date.now(), id);
    try {
        assert.match(await assessor.page(path), /Something on record about this case/);
        for (const outcome of ["granted", "refused"]) assert.equal((await assessor.post(`${path}/decision`, { outcome, reason })).status, 409, outcome);
        await logged(/case \w+: not decided: the application gone: it was logged and is not on record/);
    } finally {
        unchain(row);
    }
    const level = sql(`SELECT programme_id || '/levels/' || level_id FROM cert_certificate WHERE number = '${revoked}'`);
    const holder = await server.signedIn(sql(`SELECT p.login FROM cert_certificate c JOIN person p ON p.id = c.person_id WHERE c.number = '${revoked}'`), password);
    await changed("cert_application", `id = ${application(revoked)}`, "", () => changed("cert_certificate", `number = '${revoked}'`, "", async () => {
        const answer = await holder.post(`/programmes/${level}`, {}, { from: `/programmes/${level}` });
        assert.equal(answer.status, 409);
        assert.match(await answer.text(), /it was changed outside of Gradus\. Nothing was changed/);
    }));
    assert.equal(audit().code, 0);
});

test("RULE records: roles, cohorts and interests are what was logged, and nobody decides while they are not", async () => {
    const assessor = await server.signedIn("assessor", password), path = await caseOf(assessor, candidate);
    const decide = async (sentence) => {
        found(sentence);
        const page = await assessor.page(path);
        assert.match(page, /Something on record about this case[^]*is not what was logged/);
        for (const outcome of ["granted", "refused"]) {
            const answer = await assessor.post(`${path}/decision`, { outcome, reason });
            assert.equal(answer.status, 409, String(sentence));
            assert.match(await answer.text(), /it was changed outside of Gradus\. Nothing was changed/);
        }
    };
    sql("INSERT INTO person_role SELECT id, 'admin', 1, 'nobody' FROM person WHERE login = 'assessor'");
    await decide(/The person \w+: the roles are not those that were logged/);
    for (const change of ["revoked", "suspended"]) {
        const answer = await assessor.post(`/assess/certificates/${certified}/status`, { change, reason }, { from: "/assess/certificates" });
        assert.equal(answer.status, 409, change);
    }
    assert.equal(sql(`SELECT count(*) FROM cert_status WHERE certificate_id = ${certificate(certified)}`), "0");
    sql("DELETE FROM person_role WHERE granted_by = 'nobody'");
    await changed("cohort_member", `person_id = ${person}`, "", () => decide(/membership of a cohort that was logged is not on record/));
    assert.equal((await assessor.post(`${path}/interest`, { note: "A cousin." })).status, 303);
    await changed("cert_interest", `candidate_id = ${person}`, "", () => decide(/an interest that was logged is not on record/));
    assert.equal(audit().code, 0);
    assert.doesNotMatch(await (await server.signedIn("second", password).catch(() => assessor)).page(path), /Something on record about this case/);
});

test("RULE logged-evidence: exams and labs count when the log says so; on others nothing is granted", async () => {
    const other = demo.accounts.find((a) => a.role === "assessor" && a.login !== "assessor")?.login;
    const assessor = await server.signedIn(other ?? "assessor", password), path = await caseOf(assessor, candidate);
    const run = `run_id IN (SELECT id FROM lab_run WHERE person_id = ${person})`;
    const attempt = `attempt_id IN (SELECT id FROM exam_attempt WHERE person_id = ${person} AND practice = 0)`;
    const ways = [
        ["exam_result", attempt, "correct = total", /its result is not the one that was logged/, true], ["exam_end", attempt, "submitted_ms = submitted_ms + 600000", /its end is not/, true],
        ["exam_attempt", `id IN (SELECT id FROM exam_attempt WHERE person_id = ${person} AND practice = 0)`, "exam_version = 'x'", /whose start was logged/, true],
        ["lab_checking", run, "at_ms = at_ms + 1", /lab run \w+: that it was passed, by whom/, true],
    ];
    for (const [table, where, set, sentence] of ways)
        await changed(table, where, set, async () => {
            found(sentence, `${table} ${set}`);
            const page = await assessor.page(path);
            assert.match(page, /Something on record about this case/, table);
            assert.match(page, /what is on record is not what was logged, so that it does not count/, table);
            const answer = await assessor.post(`${path}/decision`, { outcome: "granted", reason });
            assert.ok([403, 409].includes(answer.status), table);
        });
    // A failed attempt that became a passed one does not count.
    const failed = sql("SELECT attempt_id FROM exam_result r WHERE passed = 0 AND n = (SELECT max(n) FROM exam_result WHERE attempt_id = r.attempt_id) LIMIT 1");
    await changed("exam_result", `attempt_id = '${failed}'`, "passed = 1, correct = total, permille = 1000, scaled = 800", () => found(/attempt \w+: its result is not the one that was logged/));
    await changed("exam_attempt", `id = '${failed}'`, "practice = 1 - practice", () => found(/whether it is for practice/));
    assert.equal(audit().code, 0);
});

test("an attempt that was scored is not scored again because a row says that it waits", async () => {
    const attempt = sql("SELECT attempt_id FROM exam_result LIMIT 1"), results = sql("SELECT count(*) FROM exam_result");
    await changed("exam_response", `attempt_id = '${attempt}'`, "", async () => {
        sql(`INSERT INTO exam_unscored VALUES ('${attempt}')`);
        for (let i = 0; i < 100 && sql("SELECT count(*) FROM exam_unscored") !== "0"; i++) await new Promise((go) => setTimeout(go, 100));
        assert.equal(sql("SELECT count(*) FROM exam_unscored"), "0");
        assert.equal(sql("SELECT count(*) FROM exam_result"), results);
        found(/its answers are not those/);
    });
    await server.log({ event: "exam_score" });
});

const signedHeads = (rows) => sql(`SELECT count(*) FROM audit_signed_head WHERE seq IN (${rows.join()})`);

test("RULE records: what pages, papers and decisions rest on beside results is compared", async () => {
    const attempt = sql("SELECT e.attempt_id FROM exam_end e JOIN exam_attempt a ON a.id = e.attempt_id WHERE a.practice = 0 AND e.how = 'submitted' LIMIT 1");
    const run = `id = (SELECT run_id FROM lab_checking WHERE passed = total LIMIT 1)`;
    const name = /the name is not the one that was logged/, pack = /its scenario is not the one that was logged/;
    const ways = [
        ["person", `id = ${person}`, "name = 'Somebody Else'", name], ["person", `id = ${person}`, "deactivated_ms = 1", /deactivated on record/],
        ["password", `person_id = ${person}`, "hash = 'x'", /[Tt]he person \w+: the password was set by nobody/],
        ["person_role", `person_id = ${person}`, "granted_by = 'nobody'", /a role was given by somebody else/], ["exam_end", `attempt_id = '${attempt}'`, "how = 'deadline'", /how it ended is not what was logged/],
        ["lab_run", run, "started_ms = started_ms - 1", /that it was passed, by whom, in which systems or when/],
        ["lab_pack", "version = (SELECT version FROM lab_run LIMIT 1)", "bytes = zeroblob(9)", pack],
    ];
    for (const [table, where, set, sentence] of ways) await changed(table, where, set, () => found(sentence, `${table} ${set}`));
    // A name that was changed by the program is the one that is compared.
    const admin = await server.signedIn("admin", password), id = sql(`SELECT id FROM person WHERE login = 'learner'`);
    const was = sql(`SELECT name FROM person WHERE id = '${id}'`);
    assert.equal((await admin.post(`/admin/people/${id}/name`, { name: "Another Name" }, { from: `/admin/people/${id}/name` })).status, 303);
    assert.equal(audit().code, 0);
    await changed("person", `id = '${id}'`, `name = '${was}'`, () => found(name));
    assert.equal(audit().code, 0);
});

test("RULE exam-time-given: an attempt that had more time than the log gave it does not count", async () => {
    const id = sql(`SELECT id FROM exam_attempt WHERE person_id = ${person} AND practice = 0`), of = `attempt_id = '${id}'`, more = /attempt \w+: it had more time than was given by the log/;
    assert.equal(sql(`SELECT e.deadline_ms - a.start_ms - a.minutes * 60000 FROM exam_end e JOIN exam_attempt a ON a.id = e.attempt_id WHERE a.id = '${id}'`), "0");
    await changed("exam_end", of, "deadline_ms = deadline_ms + 1", () => found(more));
    await changed("exam_end", of, "deadline_ms = deadline_ms - 1", () => assert.equal(audit().code, 0, "less is no advantage"));
    const saved = (late_ms) => `saved_ms = (SELECT start_ms + minutes * 60000 + ${late_ms} FROM exam_attempt WHERE id = attempt_id)`;
    await changed("exam_response", `${of} AND slot = 2`, saved(5000), () => found(/its answers are not those that were logged/)); // on the way at the end
    await changed("exam_response", `${of} AND slot = 2`, saved(5001), () => found(more));
    // While it runs: somebody starts, and their deadline is put off.
    addPerson(data, "sitter");
    const open = await startAttempt(await server.signedIn("sitter"), "mops-associate");
    assert.equal(audit().code, 0);
    await changed("exam_open", `attempt_id = '${open}'`, "deadline_ms = deadline_ms + 1", () => found(more));
    assert.equal(audit().code, 0);
});

test("RULE audit-signed: a mark, a result, a role that was chained but not signed is nobody's, also for a decision", async () => {
    const assessor = await server.signedIn("assessor", password), path = await caseOf(assessor, candidate), app = path.split("/").pop();
    const marker = sql("SELECT decided_by FROM cert_certificate LIMIT 1"), at_ms = Date.now();
    const refused = async (seq, what) => {
        found(new RegExp(`row ${seq} of the audit log is not signed by the academy`), what);
        const answer = await assessor.post(`${path}/decision`, { outcome: "granted", reason });
        assert.ok([403, 409].includes(answer.status), `${what}: ${answer.status}`);
        assert.equal(sql(`SELECT count(*) FROM cert_certificate WHERE application_id = '${app}'`), "0", what);
    };
    // Of the case itself: a mark with its row.
    sql(`INSERT INTO cert_mark SELECT 'forged', '${app}', person_id, '${marker}', 'application', '${app}', 'sufficient', 'All is well.', ${at_ms} FROM cert_application WHERE id = '${app}'`);
    let seq = chain("cert.mark", app, `{"sufficient":"All is well.","subject":"${app}","kind":"application"}`, at_ms);
    await refused(seq, "cert.mark");
    unchain(seq);
    sql("DELETE FROM cert_mark WHERE id = 'forged'");
    // Of what it rests on: a second start of the attempt, extra time, a role of the candidate.
    const attempt = sql(`SELECT id FROM exam_attempt WHERE person_id = ${person} AND practice = 0`), who = sql(`SELECT ${person}`);
    for (const [action, subject, detail] of [["exam.see", attempt, "{}"], ["person.roles", who, '{"roles":"learner"}'], ["cohort.leave", who, "{}"]]) {
        seq = chain(action, subject, detail, at_ms);
        if (action === "cohort.leave") found(new RegExp(`fact ${action} of ${subject}: row ${seq} of the audit log is not signed`), action);
        else await refused(seq, action);
        unchain(seq);
    }
    assert.equal(audit().code, 0);
});

test("RULE audit-signed: a command signs what it writes, so that \"system\" is no way past it", () => {
    const rows = () => sql("SELECT group_concat(seq) FROM audit_log WHERE subject = (SELECT id FROM person WHERE login = 'newcomer')").split(",");
    must(["user", "add", "newcomer", "--name", "New Comer", "--email", "new@example.org", "--roles", "admin", "--data", data]);
    assert.equal(signedHeads(rows()), String(rows().length));
    assert.equal(audit().code, 0);
    const id = sql("SELECT id FROM person WHERE login = 'newcomer'");
    sql(`INSERT INTO person_role VALUES ('${id}', 'assessor', 1, 'system')`);
    const seq = chain("person.roles", id, '{"roles":"assessor,admin"}', Date.now(), "system");
    found(new RegExp(`The person ${id}: row ${seq} of the audit log is not signed by the academy`));
    unchain(seq);
    sql(`DELETE FROM person_role WHERE person_id = '${id}' AND role = 'assessor'`);
    assert.equal(audit().code, 0);
    // Without the key nothing is written that has to be signed.
    const away = join(scratch("away"), "keys"), before = sql("SELECT max(seq) FROM audit_log");
    renameSync(join(data, "keys"), away);
    try {
        const done = command(["user", "add", "late", "--name", "Late Comer", "--email", "late@example.org", "--data", data]);
        assert.equal(done.code, 2, done.out);
        assert.match(done.err, /has to be signed with the academy's key, which is not in its folder keys/);
        assert.equal(sql("SELECT max(seq) FROM audit_log"), before);
    } finally {
        renameSync(away, join(data, "keys"));
    }
});

test("RULE audit-signed: a restore refuses a log with rows that nobody signed", async () => {
    const folder = scratch("restored"), archive = join(folder, "a.tar");
    await forged(certified, [["suspended", "cert.suspend"], ["reinstated", "cert.reinstate"]], () => must(["backup", archive, "--data", data]));
    const done = command(["restore", archive, "--without-keys", "--data", join(folder, "to")]);
    assert.equal(done.code, 2, done.out);
    assert.match(done.err, /Rows \d+, \d+ of the audit log are not signed by the academy[^]*Nothing was changed/);
});

test("RULE audit-signed: a possible change that was chained but not signed is found and stays so over a restart", async () => {
    await forged(certified, [["suspended", "cert.suspend"], ["reinstated", "cert.reinstate"]], async () => {
        const rows = sql("SELECT group_concat(seq) FROM (SELECT seq FROM audit_log ORDER BY seq DESC LIMIT 2)").split(",");
        const told = async () => {
            found(/Rows \d+, \d+ of the audit log are not signed by the academy: they were written past the program/);
            for (const end of ["", ".json"]) assert.equal((await get(`/certificates/${certified}${end}`)).status, 409, end);
            assert.equal(signedHeads(rows), "0");
        };
        await told();
        for (let restarts = 0; restarts < 2; restarts++) {
            await server.restart();
            const records = await until("the records are compared", async () => {
                const { records } = await (await get("/healthz")).json();
                return ["ok", "changed"].includes(records) && records;
            });
            assert.equal(records, "changed");
            await told();
        }
    });
    // A log that was found broken is believed again after a reading.
    assert.equal((await get(`/certificates/${certified}`)).status, 409);
    await server.restart();
    assert.equal((await get(`/certificates/${certified}`)).status, 200);
});
