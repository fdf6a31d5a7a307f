/* What comes after a grant: suspension and back, who may do it, renewal, and applying again. */
#include "base/json.h"
#include "unit/cert/workflow.h"

#include <sqlite3.h>

#include "cert/cert_records.h"
#include "unit/store/tampered.h"

/* RULE suspension: what the holder keeps in a wallet holds again. */
static void suspended_and_reinstated(void **state) {
    (void)state;
    const char *number = granted();
    struct cert_credential_row old = credential(number, 0);
    struct cert_change_status c;
    assert_string_equal(old.purpose, "suspension");
    const char *clear = signed_list(NOW_MS);
    for (int round = 0; round < 2; round++) {
        assert_int_equal(change(number, f.admin, CERT_SUSPEND, &c), OK);
        assert_string_equal(check(old.json, NOW_MS + 1000).checks[4].code, "suspended");
        assert_string_not_equal(signed_list(NOW_MS), clear);
        assert_int_equal(change(number, f.admin, CERT_SUSPEND, &c), ERR_CONFLICT);
        f.now_ms += 1000;
        assert_int_equal(change(number, f.admin, CERT_REINSTATE, &c), OK);
        struct cert_credential_row now = credential(number, 0);
        assert_int_equal(now.version, 1);
        assert_string_equal(now.json, old.json);
        assert_true(check(old.json, NOW_MS + 5000).valid);
        f.now_ms += 1000;
    }
    assert_string_equal(cert_state_at(certificate(number).last_status, 0, NOW_MS), "valid");
    assert_int_equal(change(number, f.admin, CERT_SUSPEND, &c), OK);
    assert_int_equal(change(number, f.admin, CERT_REVOKE, &c), OK);
    assert_string_equal(check(old.json, NOW_MS + 5000).checks[4].code, "revoked");
    assert_int_equal(change(number, f.admin, CERT_REINSTATE, &c), ERR_CONFLICT);
    /* So many changes, in their order, are what was logged. */
    struct cert_records records;
    assert_int_equal(cert_records_check(reader(), &f.arena, f.app.data, NULL, &records), OK);
    assert_int_equal(records.certificates, 1);
}

/* As if certificate and list had been made before there were suspensions. */
static void make_old(const char *number) {
    struct cert_credential_row row = credential(number, 0);
    const char *why = "";
    json_t *doc = json_read(&f.arena, row.json, strlen(row.json), &why);
    const char *did = json_string_value(json_object_get(json_object_get(doc, "issuer"), "id"));
    json_object_set_new(json_object_get(doc, "credentialStatus"), "statusPurpose",
                        json_string("revocation"));
    json_object_del(doc, "proof");
    assert_non_null(did);
    assert_int_equal(cert_keys_sign(f.app.certs->keys, &f.arena, doc, did, NOW_MS, &why), OK);
    sqlite3 *db;
    sqlite3_stmt *q;
    assert_int_equal(sqlite3_open(arena_printf(&f.arena, "%s/gradus.db", f.app.data), &db), 0);
    sqlite3_busy_timeout(db, 5000);
    assert_int_equal(sqlite3_exec(db,
                                  "DROP TRIGGER cert_status_list_no_update;"
                                  "DROP TRIGGER cert_credential_no_update;"
                                  "UPDATE cert_status_list SET purpose = 'revocation';",
                                  NULL, NULL, NULL),
                     0);
    assert_int_equal(
        sqlite3_prepare_v2(db, "UPDATE cert_credential SET json = ? WHERE id = ?", -1, &q, NULL),
        0);
    sqlite3_bind_text(q, 1, cert_json(&f.arena, doc), -1, SQLITE_TRANSIENT);
    sqlite3_bind_text(q, 2, row.id, -1, SQLITE_TRANSIENT);
    assert_int_equal(sqlite3_step(q), SQLITE_DONE);
    sqlite3_finalize(q);
    sqlite3_close(db);
}

/* What the list says to strangers is what the register says. */
static void the_list_follows(void **state) {
    (void)state;
    const char *number = granted();
    uint32_t index = credential(number, 0).status_index;
    struct cert_change_status c;
    static const struct {
        enum cert_change change;
        bool set;
    } steps[] = {
        {CERT_SUSPEND, true}, {CERT_REINSTATE, false}, {CERT_SUSPEND, true}, {CERT_REVOKE, true}};
    assert_false(bit_of(signed_list(NOW_MS), index));
    for (size_t i = 0; i < COUNT_OF(steps); i++) {
        f.now_ms -= i; /* in the same millisecond, and with a clock that was set back */
        assert_int_equal(change(number, f.admin, steps[i].change, &c), OK);
        const char *list = signed_list(NOW_MS);
        assert_int_equal(bit_of(list, index), steps[i].set);
        assert_false(bit_of(list, (index + 1) % CERT_STATUS_BITS));
        assert_non_null(strstr(list, "\"statusPurpose\":\"suspension\""));
    }
}

struct list_read {
    int64_t id;
    const char *purpose;
    unsigned char bits[CERT_STATUS_BYTES];
    size_t differ;
};

static enum err read_list(struct db *db, struct arena *a, void *arg, int64_t now_ms) {
    struct list_read *l = arg;
    (void)now_ms;
    return cert_list_read(db, a, f.app.certs->keys, l->id, ORIGIN, l->purpose, l->bits, &l->differ);
}

/* What is said of the learner's only certificate: when it is verified, and on their page. */
struct told {
    struct cert_check_report report;
    const char *state;
};

static enum err tell(struct db *db, struct arena *a, void *arg, int64_t now_ms) {
    struct told *t = arg;
    struct request r = {.arena = a, .app = &f.app, .db = db};
    struct cert_summary *held;
    size_t count;
    enum err e = cert_records_report(db, a, f.app.certs->keys, &t->report);
    if (e == OK) e = cert_list(db, a, f.learner, now_ms, 5, &held, &count);
    if (e == OK) e = cert_show_state(&r, held);
    if (e == OK) t->state = arena_dup(&f.arena, held[0].state);
    return e;
}

/* What was issued before stays as it was: on its list of revocations a set bit stays set, and the
 * credential that takes its place can be suspended. */
static void credentials_of_old(void **state) {
    (void)state;
    const char *number = granted();
    struct cert_change_status c;
    make_old(number);
    struct cert_credential_row old = credential(number, 0);
    assert_string_equal(old.purpose, "revocation");
    assert_true(check(old.json, NOW_MS + 1000).valid);
    assert_int_equal(change(number, f.admin, CERT_SUSPEND, &c), OK);
    assert_true(bit_of(signed_list_of(1, NOW_MS), old.status_index));
    f.now_ms += 1000;
    assert_int_equal(change(number, f.admin, CERT_REINSTATE, &c), OK);
    struct cert_credential_row fresh = credential(number, 0);
    assert_int_equal(fresh.version, 2);
    assert_string_equal(fresh.purpose, "suspension");
    assert_int_equal(fresh.list_id, 2);
    assert_true(check(fresh.json, NOW_MS + 2000).valid);
    assert_false(check(old.json, NOW_MS + 2000).valid);
    /* What is compared with the records is the newest credential, not the first. */
    static const char *const changes[] = {
        "SELECT 1",
        "UPDATE cert_credential SET json = replace(json, 'May ', 'Can ') WHERE version = 2"};
    for (int i = 0; i < 2; i++) {
        struct told told = {.report = {.valid = true, .ours = true, .number = number}};
        assert_int_equal(tampered(f.app.store, &f.arena, changes[i], tell, &told), OK);
        assert_int_equal(told.report.valid, i == 0);
        assert_string_equal(told.state, i ? "unchecked" : "valid");
    }
    assert_true(bit_of(signed_list_of(1, NOW_MS), old.status_index));
    assert_non_null(strstr(signed_list_of(1, NOW_MS), "\"statusPurpose\":\"revocation\""));
    f.now_ms += 1000;
    assert_int_equal(change(number, f.admin, CERT_SUSPEND, &c), OK);
    assert_false(check(fresh.json, NOW_MS + 2000).valid);
    f.now_ms += 1000;
    assert_int_equal(change(number, f.admin, CERT_REINSTATE, &c), OK);
    assert_int_equal(credential(number, 0).version, 2);
    assert_true(check(fresh.json, NOW_MS + 5000).valid);
    assert_non_null(strstr(fresh.json, "\"validFrom\":\"2026-11-22T04:10:52Z\""));
    /* Rows of the log that do not name the bit yet: of each change it is that of the credential
     * which was in force. */
    for (int64_t id = 1; id <= 2; id++) {
        struct list_read list = {.id = id, .purpose = id == 1 ? "revocation" : "suspension"};
        assert_int_equal(
            tampered(f.app.store, &f.arena,
                     "UPDATE audit_log SET detail = json_remove(detail, '$.list', '$.index') "
                     "WHERE action IN ('cert.suspend', 'cert.reinstate')",
                     read_list, &list),
            OK);
        assert_int_equal(list.differ, 0);
        size_t set = 0;
        for (uint32_t i = 0; i < CERT_STATUS_BITS; i++) set += cert_status_get(list.bits, i);
        assert_int_equal(set, id == 1);
        assert_int_equal(cert_status_get(list.bits, old.status_index), id == 1);
    }
}

/* ---- Four eyes, whatever is decided
 * ---------------------------------------------------------------- */
/* RULE four-eyes: who may do what to the certificate and the case of somebody, written by hand. */
static void who_may_decide_what(void **state) {
    (void)state;
    const char *number = granted(), *declared = person("declared", ROLE_ASSESSOR | ROLE_ADMIN),
               *gone = person("nobody", 0);
    struct cert_change_status c;
    struct cert_declare interest = {.actor_id = declared, .person_id = f.learner};
    assert_int_equal(run(cert_declare, &interest), OK);
    assert_int_equal(run(complete, (void *)f.other), OK);
    const struct {
        const char *who, *refusal;
    } people[] = {{f.learner, "cert_refusal_self"},    {f.teacher, "cert_refusal_taught"},
                  {declared, "cert_refusal_interest"}, {f.other, "cert_refusal_role"},
                  {f.plain, "cert_refusal_role"},      {gone, "cert_refusal_role"}};
    static const enum cert_change changes[] = {CERT_REVOKE, CERT_SUSPEND, CERT_REINSTATE};
    for (size_t i = 0; i < COUNT_OF(people); i++)
        for (size_t k = 0; k < COUNT_OF(changes); k++) {
            assert_int_equal(change(number, people[i].who, changes[k], &c), ERR_DENIED);
            assert_string_equal(c.refusal, people[i].refusal);
        }
    f.now_ms += 1000;
    assert_int_equal(change(number, f.second, CERT_SUSPEND, &c), OK);
    for (size_t i = 0; i < COUNT_OF(people); i++) {
        assert_int_equal(change(number, people[i].who, CERT_REINSTATE, &c), ERR_DENIED);
        assert_string_equal(c.refusal, people[i].refusal);
    }
    assert_int_equal(change(number, f.admin, CERT_REINSTATE, &c), OK);
    assert_int_equal(audit_rows("cert.suspend") + audit_rows("cert.reinstate"), 2);
    assert_int_equal(audit_rows("cert.revoke"), 0);
}

static void a_marker_changes_no_status(void **state) {
    (void)state;
    const char *id = ready_case();
    struct cert_mark m;
    struct cert_decide d;
    struct cert_change_status c;
    assert_int_equal(mark(id, f.second, true, "Reads well, all of it.", &m), OK);
    assert_int_equal(decide(id, f.assessor, true, REASON, &d), OK);
    assert_int_equal(change(d.number, f.second, CERT_SUSPEND, &c), ERR_DENIED);
    assert_string_equal(c.refusal, "cert_refusal_marked");
}

static void an_interest_counts_at_once_and_stays(void **state) {
    (void)state;
    const char *id = ready_case();
    struct cert_declare x = {.actor_id = f.assessor, .person_id = f.learner, .note = "cousin"};
    struct cert_decide d;
    struct cert_mark m;
    assert_int_equal(run(cert_declare, &x), OK);
    for (int grant = 0; grant < 2; grant++) {
        assert_int_equal(decide(id, f.assessor, grant, REASON, &d), ERR_DENIED);
        assert_string_equal(d.refusal, "cert_refusal_interest");
    }
    assert_int_equal(mark(id, f.assessor, true, "I know this person well.", &m), ERR_DENIED);
    assert_string_equal(m.refusal, "cert_refusal_interest");
    x.note = "changed my mind";
    assert_int_equal(run(cert_declare, &x), OK); /* nothing is taken back */
    assert_int_equal(audit_rows("cert.interest"), 1);
    struct cert_interest *declared;
    size_t count;
    assert_int_equal(
        cert_interests(store_reader(f.app.store), &f.arena, f.assessor, &declared, &count), OK);
    assert_int_equal(count, 1);
    assert_string_equal(declared[0].note, "cousin");
    assert_true(declared[0].at_ms > 0);
    x = (struct cert_declare){.actor_id = f.learner, .person_id = f.learner};
    assert_int_equal(run(cert_declare, &x), ERR_CONFLICT);
    x = (struct cert_declare){.actor_id = f.other, .person_id = f.learner};
    assert_int_equal(run(cert_declare, &x), ERR_DENIED);
    x = (struct cert_declare){.actor_id = f.second, .person_id = "nowhere"};
    assert_int_equal(run(cert_declare, &x), ERR_NOT_FOUND);
    char long_note[1002];
    memset(long_note, 'x', sizeof long_note - 1);
    long_note[sizeof long_note - 1] = 0;
    x = (struct cert_declare){.actor_id = f.second, .person_id = f.learner, .note = long_note};
    assert_int_equal(run(cert_declare, &x), ERR_INVALID);
    x.note = long_note + 1; /* a thousand */
    assert_int_equal(run(cert_declare, &x), OK);
}

/* ---- Applying again
 * -------------------------------------------------------------------------------- */
static const char *grant_able(int64_t *until_ms) {
    struct cert_apply a;
    struct cert_decide d;
    assert_int_equal(apply(f.other, "able", NULL, &a), OK);
    assert_int_equal(decide(a.application_id, f.assessor, true, REASON, &d), OK);
    *until_ms = certificate(d.number).valid_until_ms;
    return d.number;
}

static enum err try_able(const char *refusal) {
    struct cert_apply a;
    enum err e = apply(f.other, "able", NULL, &a);
    if (refusal) assert_string_equal(a.refusal, refusal);
    return e;
}

static void renewed(void **state) {
    (void)state;
    int64_t until, next;
    assert_int_equal(run(complete, (void *)f.other), OK);
    sit(f.other, true);
    const char *first = grant_able(&until);
    f.now_ms = until - 30 * MS_DAY - 1;
    assert_int_equal(try_able("cert_refusal_held"), ERR_CONFLICT);
    f.now_ms++; /* the window is open, and the evidence is a year old */
    assert_int_equal(try_able("cert_refusal_missing"), ERR_CONFLICT);
    sit(f.other, false);
    assert_int_equal(try_able("cert_refusal_missing"), ERR_CONFLICT);
    f.now_ms += MS_MINUTE * 2;
    sit(f.other, true); /* the exam alone: the programme asks for no modules anew */
    const char *second = grant_able(&next);
    assert_string_not_equal(second, first);
    assert_int_equal(next, time_add_months(until, 12)); /* renewing early costs no time */
    /* One valid certificate: the older one ends, here and on the list. */
    struct cert_summary *held;
    size_t count, valid = 0;
    store_read_begin(reader());
    assert_int_equal(cert_list(reader(), &f.arena, f.other, f.now_ms, 10, &held, &count), OK);
    store_read_end(reader());
    assert_int_equal(count, 2);
    for (size_t i = 0; i < count; i++) valid += str_eq(held[i].state, "valid");
    assert_int_equal(valid, 1);
    assert_string_equal(held[1].state, "replaced");
    assert_string_equal(check(credential(first, 0).json, f.now_ms).checks[4].code, "replaced");
    assert_true(check(credential(second, 0).json, f.now_ms).valid);
    assert_true(bit_of(signed_list(f.now_ms), credential(first, 0).status_index));
    assert_int_equal(audit_rows("cert.replace"), 1);
    struct cert_change_status c;
    assert_int_equal(change(first, f.admin, CERT_SUSPEND, &c), ERR_CONFLICT);
    assert_string_equal(c.refusal, "cert_refusal_replaced");
    assert_int_equal(try_able("cert_refusal_held"), ERR_CONFLICT); /* no third one on top */
}

static void expired_and_renewed(void **state) {
    (void)state;
    int64_t until, next;
    assert_int_equal(run(complete, (void *)f.other), OK);
    sit(f.other, true);
    (void)grant_able(&until);
    f.now_ms = until + MS_DAY;
    assert_int_equal(try_able("cert_refusal_missing"), ERR_CONFLICT);
    sit(f.other, true);
    (void)grant_able(&next);
    assert_int_equal(next,
                     time_add_months(f.now_ms, 12)); /* from the grant: the gap is not given */
}

static void revoked_and_back(void **state) {
    (void)state;
    int64_t until;
    struct cert_change_status c;
    assert_int_equal(run(complete, (void *)f.other), OK);
    sit(f.other, true);
    const char *number = grant_able(&until);
    f.now_ms += 31 * MS_DAY; /* the exam can be sat again a month after it was passed */
    assert_int_equal(change(number, f.admin, CERT_REVOKE, &c), OK);
    const int64_t revoked_ms = f.now_ms;
    f.now_ms = revoked_ms + 10 * MS_DAY - 1;
    assert_int_equal(try_able("cert_refusal_after_revocation"), ERR_CONFLICT);
    f.now_ms++;
    assert_int_equal(try_able("cert_refusal_missing"), ERR_CONFLICT);
    sit(f.other, true);
    assert_int_equal(try_able("cert_refusal_missing"), ERR_CONFLICT); /* the module, too */
    assert_int_equal(run(complete, (void *)f.other), OK);
    (void)grant_able(&until);
}

static void suspended_stays_out(void **state) {
    (void)state;
    int64_t until;
    struct cert_change_status c;
    struct cert_apply a;
    struct cert_decide d;
    assert_int_equal(run(complete, (void *)f.other), OK);
    sit(f.other, true);
    const char *number = grant_able(&until);
    f.now_ms = until - MS_DAY;
    sit(f.other, true);
    assert_int_equal(apply(f.other, "able", NULL, &a), OK);
    assert_int_equal(change(number, f.admin, CERT_SUSPEND, &c), OK);
    /* Suspended while the application waited. */
    assert_int_equal(decide(a.application_id, f.assessor, true, REASON, &d), ERR_CONFLICT);
    assert_string_equal(d.refusal, "cert_refusal_suspended");
    f.now_ms = until + MS_DAY; /* time does not end a suspension */
    assert_int_equal(decide(a.application_id, f.assessor, true, REASON, &d), ERR_CONFLICT);
    assert_int_equal(decide(a.application_id, f.assessor, false, REASON, &d), OK);
    assert_int_equal(try_able("cert_refusal_suspended"), ERR_CONFLICT);
}

static void begin_a_key(void) {
    const char *why = "";
    assert_int_equal(cert_keys_add(f.app.data, 0, &f.arena, &why), OK);
    certs_close(f.app.certs);
    assert_int_equal(certs_open(&f.app.certs, &f.app, &f.arena, &why), OK);
    assert_int_equal(cert_keys_count(f.app.certs->keys), 2);
}

static struct cert_keys *keys_without(int number) {
    const char *why = "",
               *path = arena_printf(&f.arena, "%s/keys/issuer-%04d.key", f.app.data, number);
    struct cert_keys *left;
    assert_int_equal(rename(path, arena_printf(&f.arena, "%s/lost", f.app.data)), 0);
    assert_int_equal(cert_keys_open(&left, f.app.data, false, &f.arena, &why), OK);
    return left;
}

struct look {
    const char *id;
    struct cert_keys *keys;
    struct cert_record_finding found;
};

static enum err look_at_all(struct db *db, struct arena *a, void *arg, int64_t now_ms) {
    struct look *l = arg;
    bool certified;
    (void)now_ms;
    return cert_records_application(db, a, l->keys, l->id, &l->found, &certified);
}

/* The newest credential cannot be checked: an older one that was changed is told all the same. */
static void the_newest_key_is_lost(void **state) {
    (void)state;
    struct cert_change_status c;
    const char *number = granted();
    struct look l = {.id = certificate(number).application_id};
    make_old(number);
    begin_a_key();
    assert_int_equal(change(number, f.admin, CERT_SUSPEND, &c), OK);
    f.now_ms += 1000;
    assert_int_equal(change(number, f.admin, CERT_REINSTATE, &c), OK);
    assert_int_equal(credential(number, 0).version, 2);
    l.keys = keys_without(2);
    assert_int_equal(tampered(f.app.store, &f.arena, "SELECT 1", look_at_all, &l), OK);
    assert_non_null(l.found.problem);
    assert_true(l.found.undecided);
    static const char changed[] =
        "UPDATE cert_credential SET json = replace(json, 'May ', 'Can ') WHERE version = 1";
    assert_int_equal(tampered(f.app.store, &f.arena, changed, look_at_all, &l), OK);
    assert_non_null(l.found.problem);
    assert_false(l.found.undecided);
    cert_keys_close(l.keys);
}

/* The first key is lost, with which the application was logged: the certificate, which the second
 * signed, cannot be told to be right, and is not found wrong. */
static void a_key_that_is_lost(void **state) {
    (void)state;
    const char *id = ready_case();
    struct cert_decide d;
    struct cert_record_finding found;
    begin_a_key();
    const char *lost = cert_keys_name(f.app.certs->keys, 0);
    f.now_ms += 1000;
    assert_int_equal(decide(id, f.assessor, true, REASON, &d), OK);
    struct cert_certificate c = certificate(d.number);
    struct cert_credential_row row = credential(d.number, 0);
    struct cert_keys *left = keys_without(1);
    struct db *db = reader();
    store_read_begin(db);
    assert_int_equal(cert_records_certificate(db, &f.arena, f.app.certs->keys, &c, &row, &found),
                     OK);
    assert_null(found.problem);
    assert_int_equal(cert_records_certificate(db, &f.arena, left, &c, &row, &found), OK);
    store_read_end(db);
    assert_true(found.undecided && !found.log);
    assert_memory_equal(found.problem, "row ", 4);
    assert_non_null(strstr(found.problem, arena_printf(&f.arena, "the key %s is missing", lost)));
    cert_keys_close(left);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        FLOW(suspended_and_reinstated),
        FLOW(the_list_follows),
        FLOW(credentials_of_old),
        FLOW(a_key_that_is_lost),
        FLOW(the_newest_key_is_lost),
        FLOW(who_may_decide_what),
        FLOW(a_marker_changes_no_status),
        FLOW(an_interest_counts_at_once_and_stays),
        FLOW(renewed),
        FLOW(expired_and_renewed),
        FLOW(revoked_and_back),
        FLOW(suspended_stays_out),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
