/* From which row on rows are judged by their seals, and who may seal them anew. */
#include "fixture.h"

#include "store/seal.h"

static enum err begin(struct db *db, struct arena *a, void *arg, int64_t now_ms) {
    return audit_seal_begin(db, a, now_ms, arg);
}

static enum err anew(struct db *db, struct arena *a, void *arg, int64_t now_ms) {
    return audit_seal_anew(db, a, now_ms, "root", arg);
}

/* A server's start, and how it went on. */
struct started {
    bool anew;
    int64_t judged_from, served_from; /* by a command, by the server */
    const char *problem;              /* NULL: none */
};

static struct started start(void) {
    struct started x;
    struct store *s = open_store();
    assert_int_equal(store_write(s, audit_sign_begin, NULL, &arena), OK);
    assert_int_equal(store_write(s, begin, &x.anew, &arena), OK);
    x.served_from = seal_begun(store_reader(s));
    assert_true(store_close(s, 1000));
    s = open_store();
    struct db *db = store_reader(s);
    assert_int_equal(audit_sealed_from(db, &arena, &x.judged_from), OK);
    assert_int_equal(audit_seal_problem(db, &arena, &x.problem), OK);
    assert_true(store_close(s, 1000));
    return x;
}

static enum err say_so(void) {
    struct store *s = open_store();
    enum err e = store_write(s, anew, (char *)"The disk is lost.", &arena);
    assert_true(store_close(s, 1000));
    return e;
}

static void lose_key(void) {
    assert_int_equal(unlink(arena_printf(&arena, "%s/seal.key", folder)), 0);
}

#define ROW_OF(seq, action, subject)                                                               \
    "INSERT INTO audit_log VALUES (" seq ", 1, 'system', '" action "', '" subject                  \
    "', '{\"key\":\"00\"}', hex(zeroblob(32)))"

/* RULE seal-begins, RULE seal-once. */
static void a_start_begins_once(void **state) {
    (void)state;
    begin_signing();
    struct started x = start();
    assert_true(x.anew && x.judged_from == 2 && x.served_from == 2 && !x.problem);
    x = start();
    assert_true(!x.anew && x.judged_from == 2 && !x.problem);
    assert_int_equal(say_so(), ERR_CONFLICT);
    lose_key();
    x = start();
    assert_true(!x.anew && x.judged_from == 0 && x.served_from == 2);
    assert_non_null(
        strstr(x.problem, "that row 2 of the audit log names is not here, but another"));
    assert_int_equal(say_so(), OK);
    x = start();
    assert_true(!x.anew && x.judged_from == 3 && x.served_from == 3 && !x.problem);
    lose_key();
    x = start();
    assert_true(!x.anew && x.judged_from == 0 && x.served_from == 2);
    assert_non_null(strstr(x.problem, "that row 3 of"));
}

/* RULE seal-once: what somebody without the key did to the log seals nothing. */
static void what_was_done_to_the_log_begins_nothing(void **state) {
    (void)state;
    static const struct {
        const char *sql;
        int64_t judged_from;
        const char *problem;
    } cases[] = {
        {ROW_OF("3", "seal.begins", "seals"), 2, NULL},
        {"DELETE FROM audit_log WHERE seq = 2", 0, NULL},
        {"DELETE FROM audit_log WHERE seq = 2; DELETE FROM audit_signed_head WHERE seq = 2", 0,
         NULL},
        {"UPDATE audit_log SET action = 'seal.began' WHERE seq = 2", 0, NULL},
        {"DELETE FROM audit_signed_head WHERE seq = 2", 0,
         "only in rows that the academy did not sign"},
        {"UPDATE audit_log SET detail = '{\"key\":\"00\"}', hash = hex(zeroblob(32)) WHERE seq = 2",
         0, "only in rows that the academy did not sign"},
        {"UPDATE audit_log SET action = 'audit.accept', subject = 'audit' WHERE seq = 2", 0, NULL},
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        begin_anew();
        begin_signing();
        assert_true(start().anew);
        print_message("%s\n", cases[i].sql);
        tamper("DROP TRIGGER audit_signed_head_remains; DROP TRIGGER audit_signed_head_stays");
        tamper(cases[i].sql);
        struct started x = start();
        assert_false(x.anew);
        assert_int_equal(x.judged_from, cases[i].judged_from);
        assert_int_equal(x.served_from, cases[i].judged_from);
        if (!cases[i].problem) assert_null(x.problem);
        else assert_non_null(strstr(x.problem ? x.problem : "", cases[i].problem));
        if (!cases[i].judged_from) assert_int_equal(say_so(), ERR_INVALID);
    }
}

static void use_key(void) {
    struct store *s = open_store();
    assert_true(store_seal_key_use(s));
    assert_true(store_close(s, 1000));
}

/* RULE seal-once: a log that was emptied, with its head, looks like the one of a new academy. The
 * file of a key that was used tells them apart. */
static void an_emptied_log_seals_nothing(void **state) {
    (void)state;
    for (int used = 0; used < 2; used++) {
        begin_anew();
        begin_signing();
        assert_true(start().anew);
        if (used) use_key();
        assert_true(!start().anew);
        tamper("DROP TRIGGER audit_signed_head_remains; DELETE FROM audit_signed_head; "
               "DELETE FROM audit_log");
        assert_int_equal(unlink(head_file), 0);
        struct started x = start();
        assert_int_equal(x.anew, !used);
        assert_true(!x.problem == !used);
        if (!used) continue;
        assert_true(!x.judged_from && !x.served_from);
        assert_non_null(strstr(x.problem, "the audit log does not tell of it"));
        assert_int_equal(say_so(), OK);
        x = start();
        assert_true(!x.anew && x.judged_from == 2 && !x.problem);
    }
}

/* A log that somebody accepted and that names no key: the start seals nothing, a word does. */
static void an_accepted_log_waits_for_a_word(void **state) {
    (void)state;
    begin_signing();
    struct store *s = open_store();
    assert_int_equal(store_write(s, audit_sign_begin, NULL, &arena), OK);
    assert_int_equal(say(s, (struct fact){"system", "audit.accept", "audit", "{}", OK}), OK);
    assert_true(store_close(s, 1000));
    struct started x = start();
    assert_true(!x.anew && !x.judged_from && !x.served_from && !x.problem);
    assert_int_equal(say_so(), OK);
    x = start();
    assert_true(!x.anew && x.judged_from == 3 && !x.problem);
}

int main(void) {
    log_threshold(LOG_ERROR + 1);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_start_begins_once, setup, teardown),
        cmocka_unit_test_setup_teardown(what_was_done_to_the_log_begins_nothing, setup, teardown),
        cmocka_unit_test_setup_teardown(an_emptied_log_seals_nothing, setup, teardown),
        cmocka_unit_test_setup_teardown(an_accepted_log_waits_for_a_word, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
