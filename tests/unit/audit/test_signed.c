/* Signed heads: when, over what, and what they find. */
#include "fixture.h"

#include <sodium.h>

/* ---- Signed heads --------------------------------------------------------------------------- */

/* The key of the moment is the only one that is here. */
static char name[MULTIKEY_MAX + 1];

static bool knows(void *context, const char *key) {
    (void)context;
    return str_eq(key, name);
}

static void sign_again(void) {
    snprintf(name, sizeof name, "%s", multikey_encode(&arena, public_key));
    audit_signer_set(&(struct audit_signer){sign, knows, secret_key, name});
}

static void begin_signing_as_known(void) {
    begin_signing();
    sign_again();
}

/* RULE audit-sign. */
static void facts_of_importance_are_signed_as_they_are_made(void **state) {
    (void)state;
    begin_signing_as_known();
    static const struct {
        const char *action;
        bool is_signed;
    } cases[] = {{"session.begin", false},  {"cert.grant", true},     {"exam.start", true},
                 {"person.add", true},      {"person.roles", true},   {"cert.revoke", true},
                 {"academy.restore", true}, {"certificate", false},   {"lab.see_run", false},
                 {"cohort.join", true},     {"clock.followed", true}, {"lab.pass", true},
                 {"lab.pack", true},        {"exam.result", true},    {"audit.accept", true}};
    struct store *s = open_store();
    struct audit_signed_head head;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        assert_int_equal(say(s, (struct fact){"p", cases[i].action, "s", NULL, OK}), OK);
        enum err e = audit_signed_find(store_reader(s), &arena, (int64_t)i + 1, &head);
        if ((e == OK) != cases[i].is_signed) fail_msg("%s", cases[i].action);
    }
    /* What failed is not signed, and its number goes to the next. */
    assert_int_equal(say(s, (struct fact){"p", "cert.grant", "s", NULL, ERR_DENIED}), ERR_DENIED);
    assert_int_equal(audit_signed_find(store_reader(s), &arena, COUNT_OF(cases) + 1, &head),
                     ERR_NOT_FOUND);
    /* The text that is signed, made by hand from the header. */
    assert_int_equal(audit_signed_find(store_reader(s), &arena, 0, &head), OK);
    assert_int_equal(head.seq, COUNT_OF(cases));
    struct audit_row *rows;
    size_t count, len;
    assert_int_equal(audit_list(store_reader(s), &arena, NULL, 0, 1, &rows, &count), OK);
    const char *text = arena_printf(&arena, "gradus-audit-head/1\n15\n%s\n%s\n", rows[0].hash,
                                    time_iso(&arena, head.at_ms));
    const unsigned char *signature = base58_decode(&arena, head.signature + 1, &len);
    assert_int_equal(crypto_sign_verify_detached(signature, (const unsigned char *)text,
                                                 strlen(text), public_key),
                     0);
    /* And its digest: SHA-256 of what is published, by multihash and multibase. */
    const char *published = audit_signed_text(&arena, &head);
    unsigned char multihash[34] = {0x12, 32};
    sha256(published, strlen(published), multihash + 2);
    assert_string_equal(
        audit_signed_digest(&arena, &head),
        arena_printf(&arena, "u%s", base64url_encode(&arena, multihash, sizeof multihash)));
    /* At an interval, when the log has grown; both sides of it. */
    struct db *db = store_reader(s);
    assert_false(audit_sign_due(db, head.at_ms + AUDIT_SIGN_INTERVAL_MS));
    assert_int_equal(say(s, (struct fact){"p", "session.begin", "s", NULL, OK}), OK);
    assert_false(audit_sign_due(db, head.at_ms + AUDIT_SIGN_INTERVAL_MS - 1));
    assert_true(audit_sign_due(db, head.at_ms + AUDIT_SIGN_INTERVAL_MS));
    assert_int_equal(store_write(s, audit_sign, NULL, &arena), OK);
    assert_int_equal(audit_signed_find(db, &arena, 0, &head), OK);
    assert_int_equal(head.seq, 16);
    assert_true(store_close(s, 1000));
    audit_signer_set(NULL);
    struct audit_report r;
    assert_int_equal(verify(&r), OK);
    assert_int_equal(r.signed_heads, 13);
    assert_int_equal(r.key_count, 1);
}

/* The newest signature rests on all before it; a fault of another signature is for the whole
 * reading. And who has no key accepts nothing (RULE audit-accept). */
static void the_newest_signature_finds_what_was_changed(void **state) {
    (void)state;
    static const struct {
        const char *sql;
        enum err newest, whole;
    } cases[] = {
        {"SELECT 1", OK, OK},
        {"DELETE FROM audit_log WHERE seq = 3", ERR_INVALID, ERR_INVALID},
        {"UPDATE audit_log SET subject = 'x' WHERE seq = 1", ERR_INVALID, ERR_INVALID},
        {"DELETE FROM audit_log WHERE seq = 9", ERR_INVALID, ERR_INVALID},
        {"UPDATE audit_signed_head SET hash = replace(hash, substr(hash, 1, 1), 'x') WHERE seq = 8",
         ERR_INVALID, ERR_INVALID},
        {"UPDATE audit_signed_head SET at_ms = 1 WHERE seq = 8", OK, ERR_INVALID},
        {"UPDATE audit_signed_head SET at_ms = 1 WHERE seq = 9", ERR_INVALID, ERR_INVALID},
    };
    const char *why;
    struct audit_report r;
    begin_signing_as_known();
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        if (i) begin_anew();
        sign_again();
        fill();
        struct store *s = open_store();
        for (int n = 0; n < 2; n++)
            assert_int_equal(say(s, (struct fact){"p", "cert.grant", "s", NULL, OK}), OK);
        assert_true(store_close(s, 1000));
        audit_signer_set(NULL);
        tamper("DROP TRIGGER IF EXISTS audit_signed_head_stays");
        tamper(cases[i].sql);
        s = open_store();
        assert_int_equal(audit_verify_newest(store_reader(s), &arena, &r), cases[i].newest);
        assert_true(store_close(s, 1000));
        assert_int_equal(verify(&r), cases[i].whole);
        if (cases[i].whole == OK) continue;
        s = open_store();
        assert_int_equal(audit_accept(s, &arena, "root", "I have no key for it", NULL, &why), OK);
        assert_true(store_close(s, 1000));
        assert_int_equal(verify(&r), ERR_INVALID);
    }
}

static enum err against(const char *text, const char **said) {
    struct store *s = open_store();
    const char *key;
    enum err e = audit_compare_published(store_reader(s), &arena, text, strlen(text), &key, said);
    assert_true(store_close(s, 1000));
    return e;
}

static const char *replace(const char *text, const char *what, const char *with) {
    const char *at = strstr(text, what);
    assert_non_null(at);
    return arena_printf(&arena, "%.*s%s%s", (int)(at - text), text, with, at + strlen(what));
}

/* Whoever makes chain, head and signatures anew is found by what somebody else kept. */
static void a_log_made_anew_is_not_the_one_that_was_published(void **state) {
    (void)state;
    begin_signing_as_known();
    fill();
    struct store *s = open_store();
    struct audit_signed_head head;
    assert_int_equal(store_write(s, audit_sign, NULL, &arena), OK);
    assert_int_equal(audit_signed_find(store_reader(s), &arena, 0, &head), OK);
    const char *published = audit_signed_text(&arena, &head), *said;
    const char *list = arena_printf(
        &arena,
        "{\"relatedResource\":[{\"id\":\"https://a.example/.well-known/audit-head/7\",\"digestMultibase\":\"%s\"}]}",
        audit_signed_digest(&arena, &head));
    assert_int_equal(say(s, (struct fact){"p", "cert.grant", "s", NULL, OK}), OK);
    assert_true(store_close(s, 1000));
    assert_int_equal(against(published, &said), OK);
    assert_non_null(strstr(said, "row 7 is as it was published"));
    assert_int_equal(against(list, &said), OK);
    /* A head that was changed proves nothing. */
    static const char *const changes[][2] = {{"\"sequence\":7", "\"sequence\":6"},
                                             {"\"time\":\"20", "\"time\":\"21"},
                                             {"\"key\":\"z6Mk", "\"key\":\"z6Ml"},
                                             {"head/1", "head/2"},
                                             {"\"signature\":\"z", "\"signature\":\"z1"}};
    for (size_t i = 0; i < COUNT_OF(changes); i++) {
        assert_int_equal(against(replace(published, changes[i][0], changes[i][1]), &said),
                         ERR_INVALID);
        assert_non_null(strstr(said, "signature does not fit"));
    }
    assert_int_equal(against("[]", &said), ERR_INVALID);
    assert_int_equal(against("", &said), ERR_INVALID);
    /* All of it anew, by somebody who has the folder and the key. */
    char *kept[] = {strdup(published), strdup(list)};
    begin_anew();
    sign_again();
    fill();
    s = open_store();
    assert_int_equal(store_write(s, audit_sign, NULL, &arena), OK);
    assert_true(store_close(s, 1000));
    audit_signer_set(NULL);
    struct audit_report r;
    assert_int_equal(verify(&r), OK);
    for (size_t i = 0; i < COUNT_OF(kept); i++) {
        assert_int_equal(against(kept[i], &said), ERR_INVALID);
        assert_non_null(strstr(said, "published"));
    }
    /* And one that is shorter than what was published. */
    tamper("DELETE FROM audit_log WHERE seq = 7");
    assert_int_equal(against(kept[0], &said), ERR_INVALID);
    assert_non_null(strstr(said, "is missing"));
    free(kept[0]);
    free(kept[1]);
}

/* Chain and head fit each other, but not what was signed. */
static void a_signed_head_that_does_not_fit_is_found(void **state) {
    (void)state;
    static const struct {
        const char *sql, *says;
    } cases[] = {
        {"UPDATE audit_signed_head SET hash = replace(hash, substr(hash, 1, 1), 'x')",
         "was signed"},
        {"UPDATE audit_signed_head SET at_ms = at_ms - 1000", "signature does not fit"},
        {"UPDATE audit_signed_head SET signature = 'z1' || substr(signature, 2)",
         "signature does not fit"},
        {"UPDATE audit_signed_head SET signature = 'u' || substr(signature, 2)",
         "signature does not fit"},
        {"UPDATE audit_signed_head SET key = 'z6Mk'", "signature does not fit"},
        {"UPDATE audit_signed_head SET key = hex(zeroblob(8000000))", "is not there"},
        {"UPDATE audit_signed_head SET seq = 9", "row 9 was signed"},
        {"UPDATE audit_signed_head SET seq = 0", "is not there"},
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        if (i) begin_anew();
        begin_signing_as_known();
        fill();
        struct store *s = open_store();
        assert_int_equal(store_write(s, audit_sign, NULL, &arena), OK);
        assert_true(store_close(s, 1000));
        audit_signer_set(NULL);
        tamper("DROP TRIGGER audit_signed_head_stays");
        sqlite3 *db;
        assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
        assert_int_equal(sqlite3_exec(db, cases[i].sql, NULL, NULL, NULL), SQLITE_OK);
        sqlite3_close(db);
        struct audit_report r;
        if (verify(&r) != ERR_INVALID) fail_msg("not found: %s", cases[i].sql);
        if (!strstr(r.problem, cases[i].says)) fail_msg("%s: %s", cases[i].sql, r.problem);
    }
}

/* RULE audit-signed: a row whose signed head is taken away is one that somebody without the key has
 * written. */
static void a_fact_of_importance_without_its_signed_head_is_found(void **state) {
    (void)state;
    static const struct fact facts[] = {
        {"p", "cert.apply", "s", NULL, OK},
        {"p", "cert.grant", "s", NULL, OK},
        {"system", "cert.key", "s", NULL, OK},
        {"system", "person.roles", "s", NULL, OK},
        {"p", "person.roles", "s", NULL, OK},
        {"p", "session.begin", "s", NULL, OK},
        {"p", "cert.revoke", "s", "{\"list\":1,\"index\":5}", OK},
    };
    static const struct {
        const char *gone, *says; /* NULL: nothing is wrong */
    } cases[] = {
        {"seq = 2", "Row 2 of the audit log is not signed by the academy: it was written past"},
        {"seq = 5", "Row 5 of the audit log is not signed"},
        {"seq IN (2, 5)", "Rows 2, 5 of the audit log are not signed"},
        {"seq IN (3, 4)", NULL}, /* a command may lack the key */
        {"seq < 3", NULL},       /* from the first signed head on */
        {"seq > 0",
         "Row 7 of the audit log is not signed"}, /* such a row is of a program that signs */
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        if (i) begin_anew();
        begin_signing_as_known();
        struct store *s = open_store();
        for (size_t k = 0; k < COUNT_OF(facts); k++) assert_int_equal(say(s, facts[k]), OK);
        /* Without the keys nothing is written that has to be signed. */
        audit_signer_set(NULL);
        assert_int_equal(say(s, facts[1]), ERR_BUSY);
        assert_true(store_close(s, 1000));
        struct audit_report r;
        assert_int_equal(verify(&r), OK);
        tamper(arena_printf(
            &arena,
            "DROP TRIGGER audit_signed_head_remains; DELETE FROM audit_signed_head WHERE %s",
            cases[i].gone));
        enum err e = verify(&r);
        if (e != (cases[i].says ? ERR_INVALID : OK)) fail_msg("%s", cases[i].gone);
        if (cases[i].says && !strstr(r.problem, cases[i].says)) fail_msg("%s", r.problem);
    }
}

/* A row whose chain holds, as whoever has the database alone writes it. */
static int64_t forge(const char *actor, const char *action, const char *subject) {
    sqlite3 *db;
    sqlite3_stmt *q;
    assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
    assert_int_equal(sqlite3_prepare_v2(db,
                                        "SELECT seq, hash FROM audit_log ORDER BY seq DESC LIMIT 1",
                                        -1, &q, NULL),
                     SQLITE_OK);
    assert_int_equal(sqlite3_step(q), SQLITE_ROW);
    int64_t seq = sqlite3_column_int64(q, 0) + 1;
    const char *row = arena_printf(&arena, "[%lld,5,\"%s\",\"%s\",\"%s\",null,\"%s\"]",
                                   (long long)seq, actor, action, subject,
                                   (const char *)sqlite3_column_text(q, 1));
    sqlite3_finalize(q);
    const char *sql = arena_printf(
        &arena, "INSERT INTO audit_log VALUES (%lld, 5, '%s', '%s', '%s', NULL, '%s')",
        (long long)seq, actor, action, subject, sha256_hex(&arena, row, strlen(row)));
    assert_int_equal(sqlite3_exec(db, sql, NULL, NULL, NULL), SQLITE_OK);
    sqlite3_close(db);
    return seq;
}

static const char *row_problem(struct store *s, int64_t seq) {
    struct audit_row *rows;
    size_t count;
    const char *problem;
    struct db *db = store_reader(s);
    assert_int_equal(audit_list(db, &arena, NULL, seq + 1, 1, &rows, &count), OK);
    assert_int_equal(audit_rows_signed(db, &arena, rows, count, &problem), OK);
    return problem;
}

/* RULE audit-signed: at a start the server signs what commands left, but nothing that has to have
 * been signed when it was written; whatever is added behind such a row, it is found. */
static void a_start_does_not_sign_what_somebody_else_wrote(void **state) {
    (void)state;
    static const char *const forged[][2] = {
        {"p", "cert.grant"},  {"p", "person.roles"},     {"system", "person.roles"},
        {"p", "person.add"},  {"system", "exam.result"}, {"p", "lab.pass"},
        {"p", "cohort.join"}, {"p", "exam.accommodate"}, {"system", "clock.followed"}};
    for (size_t i = 0; i < COUNT_OF(forged); i++) {
        if (i) begin_anew();
        struct audit_signed_head head;
        begin_signing_as_known();
        fill();
        struct store *s = open_store();
        assert_int_equal(store_write(s, audit_sign_begin, NULL, &arena), OK);
        assert_true(store_close(s, 1000));
        int64_t seq = forge(forged[i][0], forged[i][1], "s");
        assert_int_equal(seq, ROWS + 2);
        sign_again();
        s = open_store();
        assert_int_equal(store_write(s, audit_sign_begin, NULL, &arena), OK);
        assert_int_equal(audit_signed_find(store_reader(s), &arena, seq, &head), ERR_NOT_FOUND);
        if (!row_problem(s, seq)) fail_msg("%s", forged[i][1]);
        assert_int_equal(say(s, (struct fact){"p", "session.begin", "s", NULL, OK}), OK);
        assert_int_equal(store_write(s, audit_sign, NULL, &arena), OK);
        assert_int_equal(audit_signed_find(store_reader(s), &arena, 0, &head), OK);
        assert_int_equal(head.seq, seq + 1);
        assert_true(store_close(s, 1000));
        struct audit_report r;
        assert_int_equal(verify(&r), ERR_INVALID);
        assert_int_equal(r.unsigned_count, 1);
        assert_int_equal(r.first_bad, seq);
        audit_signer_set(NULL);
    }
}

/* What a command leaves that need not be signed is signed at the start; the row from which on all
 * of it has to be is written once. Before it stands what older programs left. */
static void the_first_start_says_from_when_on_all_is_signed(void **state) {
    (void)state;
    struct audit_signed_head head;
    int64_t from;
    audit_signer_set(NULL);
    begin_anew();
    fill();
    forge("system", "exam.result", "s"); /* of an older program */
    begin_signing_as_known();
    struct store *s = open_store();
    assert_int_equal(store_write(s, audit_sign_begin, NULL, &arena), OK);
    assert_int_equal(audit_signing_start(store_reader(s), &from), OK);
    assert_int_equal(from, ROWS + 2);
    assert_null(row_problem(s, from - 1));
    assert_null(row_problem(s, from));
    assert_int_equal(say(s, (struct fact){"system", "test.fact", "s", NULL, OK}), OK);
    assert_int_equal(store_write(s, audit_sign_begin, NULL, &arena), OK);
    assert_int_equal(audit_signed_find(store_reader(s), &arena, 0, &head), OK);
    assert_int_equal(head.seq, from + 1);
    struct audit_report r;
    assert_int_equal(verify(&r), OK);
    /* All heads taken away: the row itself has to be signed. */
    tamper("DROP TRIGGER audit_signed_head_remains; DELETE FROM audit_signed_head");
    if (!row_problem(s, from)) fail_msg("no head is needed");
    assert_true(store_close(s, 1000));
    assert_int_equal(verify(&r), ERR_INVALID);
    assert_int_equal(r.first_bad, from);
    audit_signer_set(NULL);
}

/* RULE audit-signed: signing begins with that action about that subject, and with nothing that
 * looks like it. */
static void what_looks_like_the_beginning_begins_nothing(void **state) {
    (void)state;
    struct audit_report r;
    audit_signer_set(&(struct audit_signer){.key = ""}); /* as in a command */
    begin_anew();
    struct store *s = open_store();
    assert_int_equal(say(s, (struct fact){"system", "audit.signs", "other", NULL, OK}), OK);
    assert_int_equal(say(s, (struct fact){"system", "test.fact", "signing", NULL, OK}), OK);
    assert_int_equal(say(s, (struct fact){"system", "exam.result", "s", NULL, OK}), OK);
    assert_true(store_close(s, 1000));
    assert_int_equal(verify(&r), OK);
    forge("system", "audit.signs", "signing");
    assert_int_equal(verify(&r), ERR_INVALID);
    assert_int_equal(r.first_bad, 4);
    assert_int_equal(r.unsigned_count, 1);
}

static bool lent;
static bool lend(const char *database, struct arena *a, struct audit_signer *out) {
    assert_string_equal(database, path);
    (void)a;
    *out = (struct audit_signer){sign, knows, secret_key, name};
    return lent;
}

/* A command signs with the key beside the database; without it, it leaves such facts alone. */
static void a_command_signs_or_refuses(void **state) {
    (void)state;
    struct audit_report r;
    begin_signing_as_known();
    struct store *s = open_store();
    assert_int_equal(store_write(s, audit_sign_begin, NULL, &arena), OK);
    lent = true;
    audit_signer_set(&(struct audit_signer){.key = ""}); /* as in a command */
    audit_signer_on_demand(lend);
    assert_int_equal(say(s, (struct fact){"system", "person.roles", "s", NULL, OK}), OK);
    assert_int_equal(verify(&r), OK);
    assert_int_equal(r.signed_heads, 2);
    assert_true(store_close(s, 1000));
    audit_signer_set(NULL);
}

static void a_command_without_the_key_refuses(void **state) {
    (void)state;
    struct audit_report r;
    begin_signing_as_known();
    struct store *s = open_store();
    assert_int_equal(say(s, (struct fact){"system", "audit.signs", "signing", NULL, OK}), OK);
    lent = false;
    audit_signer_set(&(struct audit_signer){.key = ""});
    audit_signer_on_demand(lend);
    assert_int_equal(say(s, (struct fact){"system", "person.roles", "s", NULL, OK}), ERR_DENIED);
    assert_int_equal(say(s, (struct fact){"system", "cert.key", "s", NULL, OK}), OK);
    assert_int_equal(say(s, (struct fact){"system", "academy.restore", "s", NULL, OK}), OK);
    assert_int_equal(say(s, (struct fact){"p", "session.begin", "s", NULL, OK}), OK);
    assert_int_equal(verify(&r), OK);
    assert_int_equal(r.rows, 4);
    assert_true(store_close(s, 1000));
    audit_signer_set(NULL);
}

/* RULE audit-stranger: on both sides of the first row of a key that is here. */
static void a_strangers_head_is_a_fault_and_a_lost_keys_is_not(void **state) {
    (void)state;
    struct audit_report r;
    bool strange;
    begin_signing_as_known();
    const char *lost = arena_dup(&arena, multikey_encode(&arena, public_key));
    struct store *s = open_store();
    assert_int_equal(say(s, (struct fact){"p", "cert.grant", "s", NULL, OK}), OK);
    begin_signing_as_known(); /* another key: the one before is not here any more */
    assert_int_equal(say(s, (struct fact){"p", "cert.grant", "s", NULL, OK}), OK);
    struct db *db = store_reader(s);
    assert_int_equal(audit_key_untrusted(db, &arena, lost, 1, &strange), OK);
    assert_false(strange);
    assert_int_equal(audit_key_untrusted(db, &arena, lost, 2, &strange), OK);
    assert_false(strange);
    assert_int_equal(audit_key_untrusted(db, &arena, lost, 3, &strange), OK);
    assert_true(strange);
    assert_int_equal(verify(&r), OK);
    /* The stranger signs a row of their own with a key of their own. */
    unsigned char ours[2][64];
    memcpy(ours[0], public_key, 32);
    memcpy(ours[1], secret_key, 64);
    begin_signing_as_known();
    const char *stranger = arena_dup(&arena, multikey_encode(&arena, public_key));
    assert_int_equal(say(s, (struct fact){"p", "cert.grant", "s", NULL, OK}), OK);
    memcpy(public_key, ours[0], 32);
    memcpy(secret_key, ours[1], 64);
    sign_again();
    if (!row_problem(s, 3) || !strstr(row_problem(s, 3), "not the academy's")) fail_msg("row 3");
    assert_null(row_problem(s, 1));
    assert_int_equal(verify(&r), ERR_INVALID);
    assert_int_equal(r.first_bad, 3);
    assert_non_null(strstr(r.problem, "a key that is not the academy's"));
    /* Announced by a key that is here, it is a lost one. */
    assert_int_equal(say(s, (struct fact){"system", "cert.key", stranger, NULL, OK}), OK);
    assert_null(row_problem(s, 3));
    assert_int_equal(verify(&r), OK);
    assert_true(store_close(s, 1000));
    audit_signer_set(NULL);
}

int main(void) {
    log_threshold((enum log_level)(LOG_ERROR + 1));
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(facts_of_importance_are_signed_as_they_are_made, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(the_newest_signature_finds_what_was_changed, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(a_log_made_anew_is_not_the_one_that_was_published, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(a_signed_head_that_does_not_fit_is_found, setup, teardown),
        cmocka_unit_test_setup_teardown(a_fact_of_importance_without_its_signed_head_is_found,
                                        setup, teardown),
        cmocka_unit_test_setup_teardown(a_start_does_not_sign_what_somebody_else_wrote, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(the_first_start_says_from_when_on_all_is_signed, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(what_looks_like_the_beginning_begins_nothing, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(a_command_signs_or_refuses, setup, teardown),
        cmocka_unit_test_setup_teardown(a_command_without_the_key_refuses, setup, teardown),
        cmocka_unit_test_setup_teardown(a_strangers_head_is_a_fault_and_a_lost_keys_is_not, setup,
                                        teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
