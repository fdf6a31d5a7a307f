/* Signed heads: when, over what, and what they find. */
#include "fixture.h"

#include <sodium.h>

/* ---- Signed heads --------------------------------------------------------------------------- */

static unsigned char public_key[32], secret_key[64];

static void sign(void *context, const void *bytes, size_t len,
                 unsigned char signature[AUDIT_SIGNATURE_BYTES]) {
    crypto_sign_detached(signature, NULL, bytes, len, context);
}

static void begin_signing(void) {
    codec_start();
    crypto_sign_keypair(public_key, secret_key);
    audit_signer_set(&(struct audit_signer){sign, secret_key, multikey_encode(&arena, public_key)});
}

/* RULE audit-sign. */
static void facts_of_importance_are_signed_as_they_are_made(void **state) {
    (void)state;
    begin_signing();
    static const struct {
        const char *action;
        bool is_signed;
    } cases[] = {{"session.begin", false},  {"cert.grant", true},   {"exam.start", false},
                 {"person.add", false},     {"person.roles", true}, {"cert.revoke", true},
                 {"academy.restore", true}, {"certificate", false}, {"audit.accept", true}};
    struct store *s = open_store();
    struct audit_signed_head head;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        assert_int_equal(say(s, (struct fact){"p", cases[i].action, "s", NULL, OK}), OK);
        enum err e = audit_signed_find(store_reader(s), &arena, (int64_t)i + 1, &head);
        if ((e == OK) != cases[i].is_signed) fail_msg("%s", cases[i].action);
    }
    /* What failed is not signed, and its number goes to the next. */
    assert_int_equal(say(s, (struct fact){"p", "cert.grant", "s", NULL, ERR_DENIED}), ERR_DENIED);
    assert_int_equal(audit_signed_find(store_reader(s), &arena, 10, &head), ERR_NOT_FOUND);
    /* The text that is signed, made by hand from the header. */
    assert_int_equal(audit_signed_find(store_reader(s), &arena, 0, &head), OK);
    assert_int_equal(head.seq, 9);
    struct audit_row *rows;
    size_t count, len;
    assert_int_equal(audit_list(store_reader(s), &arena, NULL, 0, 1, &rows, &count), OK);
    const char *text = arena_printf(&arena, "gradus-audit-head/1\n9\n%s\n%s\n", rows[0].hash,
                                    time_iso(&arena, head.at_ms));
    const unsigned char *signature = base58_decode(&arena, head.signature + 1, &len);
    assert_int_equal(crypto_sign_verify_detached(signature, (const unsigned char *)text,
                                                 strlen(text), public_key),
                     0);
    /* At an interval, when the log has grown; both sides of it. */
    struct db *db = store_reader(s);
    assert_false(audit_sign_due(db, head.at_ms + AUDIT_SIGN_INTERVAL_MS));
    assert_int_equal(say(s, (struct fact){"p", "session.begin", "s", NULL, OK}), OK);
    assert_false(audit_sign_due(db, head.at_ms + AUDIT_SIGN_INTERVAL_MS - 1));
    assert_true(audit_sign_due(db, head.at_ms + AUDIT_SIGN_INTERVAL_MS));
    assert_int_equal(store_write(s, audit_sign, NULL, &arena), OK);
    assert_int_equal(audit_signed_find(db, &arena, 0, &head), OK);
    assert_int_equal(head.seq, 10);
    assert_true(store_close(s, 1000));
    audit_signer_set(NULL);
    struct audit_report r;
    assert_int_equal(verify(&r), OK);
    assert_int_equal(r.signed_heads, 6);
    assert_int_equal(r.key_count, 1);
}

static enum err against(const char *text, const char **said) {
    struct store *s = open_store();
    const char *key;
    enum err e = audit_against(store_reader(s), &arena, text, strlen(text), &key, said);
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
    begin_signing();
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
    teardown(NULL);
    assert_int_equal(setup(NULL), 0);
    audit_signer_set(&(struct audit_signer){sign, secret_key, multikey_encode(&arena, public_key)});
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
        {"UPDATE audit_signed_head SET key = 'z6Mk'", "signature does not fit"},
        {"UPDATE audit_signed_head SET key = hex(zeroblob(8000000))", "is not there"},
        {"UPDATE audit_signed_head SET seq = 9", "row 9 was signed"},
        {"UPDATE audit_signed_head SET seq = 0", "is not there"},
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        if (i) {
            teardown(NULL);
            assert_int_equal(setup(NULL), 0);
        }
        begin_signing();
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
        if (i) {
            teardown(NULL);
            assert_int_equal(setup(NULL), 0);
        }
        begin_signing();
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

int main(void) {
    log_threshold((enum log_level)(LOG_ERROR + 1));
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(facts_of_importance_are_signed_as_they_are_made, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(a_log_made_anew_is_not_the_one_that_was_published, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(a_signed_head_that_does_not_fit_is_found, setup, teardown),
        cmocka_unit_test_setup_teardown(a_fact_of_importance_without_its_signed_head_is_found,
                                        setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
