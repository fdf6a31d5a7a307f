/* Which rows have to be signed, whether they are, and whose key it was: on both sides of each edge.
 */
#include "fixture.h"

#include "unit/store/failing_step.h"

/* Heads and keys by hand: a key is here when its name begins with "ours", or when it is this one.
 */
static char ours[MULTIKEY_MAX + 1];

static bool knows(void *context, const char *key) {
    (void)context;
    return str_has_prefix(key, "ours") || str_eq(key, ours);
}

static void begin_signing_with_ours(void) {
    begin_signing();
    snprintf(ours, sizeof ours, "%s", multikey_encode(&arena, public_key));
    audit_signer_set(&(struct audit_signer){sign, knows, secret_key, ours});
}

static void behind_its_back(const char *sql) {
    tamper(arena_printf(&arena,
                        "DROP TRIGGER IF EXISTS audit_signed_head_stays;"
                        "DROP TRIGGER IF EXISTS audit_signed_head_remains; %s",
                        sql));
}

/* Signed heads without signatures: "row key, row key, …". */
static void heads_by(const char *rows) {
    behind_its_back(
        arena_printf(&arena,
                     "DELETE FROM audit_signed_head; INSERT INTO audit_signed_head "
                     "(seq, key, hash, at_ms, signature) SELECT column1, column2, '%064d', 1, 'z' "
                     "FROM (VALUES %s)",
                     0, rows));
}

/* Whoever knows the keys starts anew. */
static void with_keys(bool some) {
    audit_signer_set(&(struct audit_signer){.knows = some ? knows : NULL, .key = ""});
}

static struct audit_row row_of(struct db *db, int64_t seq) {
    struct audit_row *rows;
    size_t count;
    assert_int_equal(audit_list(db, &arena, NULL, seq + 1, 1, &rows, &count), OK);
    assert_int_equal(count, 1);
    assert_int_equal(rows[0].seq, seq);
    return rows[0];
}

/* Many rows in one COMMIT. */
struct many {
    int count;
    const char *action, *subject, *detail;
};

static enum err append_many(struct db *db, struct arena *a, void *arg, int64_t now_ms) {
    const struct many *m = arg;
    enum err e = OK;
    for (int i = 0; e == OK && i < m->count; i++)
        e = audit_append(db, a, now_ms, "system", m->action, m->subject, m->detail);
    return e;
}

static void say_many(struct store *s, struct many m) {
    assert_int_equal(store_write(s, append_many, &m, &arena), OK);
}

/* RULE audit-signed: by what was done, by whom, and whether signing had begun. */
static void what_has_to_be_signed(void **state) {
    (void)state;
    static const struct {
        const char *actor, *action;
        bool before, behind; /* the row "audit.signs" */
    } cases[] = {
        {"p", "cert.grant", true, true},
        {"system", "cert.expire", true, true},
        {"p", "cert.key", false, false},
        {"p", "cert", false, false},
        {"p", "exam.start", false, true},
        {"p", "lab.pass", false, true},
        {"p", "lab.pack", false, true},
        {"p", "lab.see", false, false},
        {"p", "person.add", false, true},
        {"p", "person.roles", true, true},
        {"system", "person.roles", false, true},
        {"p", "cohort.join", false, true},
        {"system", "clock.set", false, true},
        {"system", "audit.signs", true, true},
        {"p", "audit.accept", false, false},
        {"p", "academy.restore", false, false},
        {"p", "session.begin", false, false},
        {NULL, "cert.grant", false, false},
        {"p", NULL, false, false},
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++)
        if (audit_must_be_signed(cases[i].actor, cases[i].action, false) != cases[i].before ||
            audit_must_be_signed(cases[i].actor, cases[i].action, true) != cases[i].behind)
            fail_msg("%s", cases[i].action);
}

/* RULE audit-signed in a log without "audit.signs": from the first signed head on, and where a row
 * can only be of a program that signs. */
static void before_signing_began_the_first_head_is_the_edge(void **state) {
    (void)state;
    struct store *s = open_store();
    say_many(s, (struct many){3, "cert.grant", "s", NULL});
    say_many(s, (struct many){1, "cert.grant", "s", "{\"list\":1,\"index\":5}"});
    say_many(s, (struct many){1, "exam.start", "s", NULL});
    struct db *db = store_reader(s);
    const char *problem, *key;
    static const struct {
        const char *heads;
        int64_t seq;
        bool problem;
    } cases[] = {
        {NULL, 1, false},          {NULL, 3, false},          {NULL, 4, true},
        {NULL, 5, false},          {"(2, 'ours')", 1, false}, {"(2, 'ours')", 3, true},
        {"(1, 'ours')", 5, false},
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        if (cases[i].heads) heads_by(cases[i].heads);
        struct audit_row row = row_of(db, cases[i].seq);
        assert_int_equal(audit_row_signed(db, &arena, &row, &key, &problem), OK);
        if ((problem != NULL) != cases[i].problem) fail_msg("%zu: %s", i, problem);
        assert_null(key);
    }
    assert_true(store_close(s, 1000));
}

/* Of more rows than one the first problem is told, with its row. */
static void the_first_problem_is_told_with_its_row(void **state) {
    (void)state;
    begin_signing();
    struct store *s = open_store();
    say_many(s, (struct many){4, "cert.grant", "s", NULL});
    behind_its_back("DELETE FROM audit_signed_head WHERE seq IN (2, 4)");
    struct db *db = store_reader(s);
    struct audit_row rows[4];
    for (int i = 0; i < 4; i++) rows[i] = row_of(db, i + 1);
    const char *problem, *key;
    assert_int_equal(audit_rows_signed(db, &arena, rows, 1, &problem), OK);
    assert_null(problem);
    assert_int_equal(audit_rows_signed(db, &arena, rows, 4, &problem), OK);
    assert_string_equal(problem, "row 2 of the audit log is not signed by the academy: it was "
                                 "written past the program");
    assert_int_equal(audit_rows_signed(db, &arena, rows + 2, 2, &problem), OK);
    assert_true(str_has_prefix(problem, "row 4 "));
    assert_int_equal(audit_row_signed(db, &arena, &rows[2], &key, &problem), OK);
    assert_string_equal(key, multikey_encode(&arena, public_key));
    /* A valid signature of what stood there before; and the right hash with another's signature. */
    rows[0].hash = rows[2].hash;
    assert_int_equal(audit_row_signed(db, &arena, &rows[0], &key, &problem), OK);
    assert_non_null(problem);
    assert_null(key);
    behind_its_back("UPDATE audit_signed_head SET at_ms = at_ms + 1000 WHERE seq = 3");
    assert_int_equal(audit_row_signed(db, &arena, &rows[2], &key, &problem), OK);
    assert_non_null(problem);
    assert_null(key);
    assert_true(store_close(s, 1000));
    audit_signer_set(NULL);
}

/* RULE audit-stranger: the edge is the first row that any of the keys that are here signed. */
static void strangers_begin_behind_the_first_known_row(void **state) {
    (void)state;
    fill();
    struct store *s = open_store();
    struct db *db = store_reader(s);
    static const struct {
        const char *heads;
        int64_t first; /* that one of ours signed; 0: none */
    } cases[] = {
        {"(1, 'a'), (3, 'ours'), (5, 'z')", 3},
        {"(1, 'a'), (3, 'ours-2'), (5, 'ours-1')", 3},
        {"(1, 'z'), (3, 'ours-1'), (5, 'ours-2')", 3},
        {"(3, 'ours'), (5, 'ours'), (6, 'a')", 3},
        {"(1, 'a'), (2, 'z')", 0},
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        heads_by(cases[i].heads);
        for (int64_t seq = 1; seq <= ROWS; seq++) {
            bool strange;
            with_keys(true);
            assert_int_equal(audit_key_untrusted(db, &arena, "lost", seq, &strange), OK);
            bool wanted = cases[i].first && seq > cases[i].first;
            if (strange != wanted) fail_msg("%s, row %lld", cases[i].heads, (long long)seq);
            assert_int_equal(audit_key_untrusted(db, &arena, NULL, seq, &strange), OK);
            assert_int_equal(strange, wanted);
            assert_int_equal(audit_key_untrusted(db, &arena, "ours", seq, &strange), OK);
            assert_false(strange);
            with_keys(false);
            assert_int_equal(audit_key_untrusted(db, &arena, "lost", seq, &strange), OK);
            assert_false(strange);
        }
    }
    assert_true(store_close(s, 1000));
    audit_signer_set(NULL);
}

/* RULE audit-stranger: a key that is lost signs nothing any more, be it the log's first one. */
static void a_lost_key_that_signs_again_is_a_strangers(void **state) {
    (void)state;
    unsigned char lost[2][64];
    struct audit_report r;
    begin_signing();
    memcpy(lost[0], public_key, 32);
    memcpy(lost[1], secret_key, 64);
    struct store *s = open_store();
    say_many(s, (struct many){1, "cert.grant", "s", NULL});
    begin_signing_with_ours();
    say_many(s, (struct many){1, "cert.grant", "s", NULL});
    assert_int_equal(audit_verify(store_reader(s), &arena, &r), OK);
    assert_int_equal(r.key_count, 2);
    audit_signer_set(&(struct audit_signer){
        .sign = sign, .context = lost[1], .key = multikey_encode(&arena, lost[0])});
    say_many(s, (struct many){1, "cert.grant", "s", NULL});
    with_keys(true);
    assert_int_equal(audit_verify(store_reader(s), &arena, &r), ERR_INVALID);
    assert_int_equal(r.first_bad, 3);
    assert_non_null(strstr(r.problem, AUDIT_UNTRUSTED));
    assert_int_equal(r.key_count, 2);
    assert_int_equal(r.key_rows[0], 3);
    assert_int_equal(r.key_rows[1], 2);
    assert_true(store_close(s, 1000));
    audit_signer_set(NULL);
}

/* The edge is looked up once; a lookup that failed is none, and neither is one that found nothing
 * once this process has signed. */
static void the_edge_is_looked_up_once(void **state) {
    (void)state;
    fill();
    struct store *s = open_store();
    struct db *db = store_reader(s);
    bool strange;
    heads_by("(3, 'ours')");
    with_keys(true);
    assert_int_equal(audit_signer_first(0), 0);
    failing_step = 1;
    assert_int_equal(audit_key_untrusted(db, &arena, "lost", 4, &strange), ERR_IO);
    failing_step = 0;
    assert_false(strange);
    assert_int_equal(audit_signer_first(0), 0);
    assert_int_equal(audit_key_untrusted(db, &arena, "lost", 4, &strange), OK);
    assert_true(strange);
    assert_int_equal(audit_signer_first(0), 3);
    heads_by("(1, 'ours')");
    assert_int_equal(audit_key_untrusted(db, &arena, "lost", 3, &strange), OK);
    assert_false(strange);
    heads_by("(1, 'a')");
    begin_signing_with_ours();
    assert_int_equal(audit_key_untrusted(db, &arena, "lost", ROWS, &strange), OK);
    assert_false(strange);
    say_many(s, (struct many){1, "cert.grant", "s", NULL});
    assert_int_equal(audit_key_untrusted(db, &arena, "lost", ROWS + 1, &strange), OK);
    assert_false(strange);
    assert_int_equal(audit_key_untrusted(db, &arena, "lost", ROWS + 2, &strange), OK);
    assert_true(strange);
    assert_true(store_close(s, 1000));
    audit_signer_set(NULL);
}

/* RULE audit-stranger: a key came when one that is here signed so, in one of the ten newest rows
 * about it. */
static void a_key_comes_by_what_our_own_key_signed(void **state) {
    (void)state;
    static const struct {
        const char *action, *sql; /* of row 2, about the key; what is done behind its back */
        int later;                /* rows about the key that follow */
        bool strange;
    } cases[] = {
        {"cert.key", "SELECT 1", 0, false},
        {"cert.key", "SELECT 1", 9, false},
        {"cert.key", "SELECT 1", 10, true},
        {"cert.grant", "SELECT 1", 0, true},
        {"cert.key", "DELETE FROM audit_signed_head WHERE seq = 2", 0, true},
        {"cert.key", "UPDATE audit_signed_head SET key = 'another' WHERE seq = 2", 0, true},
        {"cert.key", "UPDATE audit_signed_head SET at_ms = at_ms + 1000 WHERE seq = 2", 0, true},
        {"cert.key", "UPDATE audit_log SET hash = replace(hash, 'a', 'b') WHERE seq = 2", 0, true},
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        if (i) begin_anew();
        bool strange;
        begin_signing_with_ours();
        struct store *s = open_store();
        say_many(s, (struct many){1, "cert.grant", "s", NULL});
        say_many(s, (struct many){1, cases[i].action, "lost", NULL});
        say_many(s, (struct many){cases[i].later, "test.fact", "lost", NULL});
        behind_its_back(cases[i].sql);
        assert_int_equal(audit_key_untrusted(store_reader(s), &arena, "lost", 2, &strange), OK);
        if (strange != cases[i].strange) fail_msg("%zu: %s", i, cases[i].sql);
        assert_int_equal(audit_key_untrusted(store_reader(s), &arena, "other", 2, &strange), OK);
        assert_true(strange);
        assert_true(store_close(s, 1000));
        audit_signer_set(NULL);
    }
}

/* ---- Accepted people ------------------------------------------------------------------------- */

static bool accepted(struct store *s, const char *person, const char *roles) {
    bool yes = true;
    assert_int_equal(audit_accepted(store_reader(s), &arena, person, roles, &yes), OK);
    return yes;
}

/* RULE accepted-people: that person with those roles, by that action alone. */
static void who_was_accepted_with_which_roles(void **state) {
    (void)state;
    struct store *s = open_store();
    assert_false(accepted(s, "ada", "admin"));
    say_many(s, (struct many){1, AUDIT_ACCEPT, "audit", NULL});
    say_many(s, (struct many){1, AUDIT_ACCEPT, "audit", "{\"reason\":\"no people\"}"});
    say_many(s, (struct many){1, "audit.other", "audit", "{\"people\":{\"eve\":\"admin\"}}"});
    say_many(s, (struct many){1, AUDIT_ACCEPT, "another", "{\"people\":{\"eve\":\"admin\"}}"});
    say_many(s, (struct many){1, AUDIT_ACCEPT, "audit",
                              "{\"people\":{\"ada\":\"admin\",\"bob\":\"assessor\"}}"});
    say_many(s, (struct many){1, AUDIT_ACCEPT, "audit", "{\"people\":{\"cyd\":\"learner\"}}"});
    assert_true(accepted(s, "ada", "admin"));
    assert_true(accepted(s, "bob", "assessor"));
    assert_true(accepted(s, "cyd", "learner"));
    assert_false(accepted(s, "ada", "admin,assessor"));
    assert_false(accepted(s, "bob", "admin"));
    assert_false(accepted(s, "eve", "admin"));
    assert_true(store_close(s, 1000));
}

/* RULE accepted-people: behind "audit.signs" whoever accepted had the key. */
static void whoever_accepted_had_the_key(void **state) {
    (void)state;
    struct store *s = open_store();
    say_many(s, (struct many){1, AUDIT_ACCEPT, "audit", "{\"people\":{\"ada\":\"admin\"}}"});
    begin_signing_with_ours();
    say_many(s, (struct many){1, AUDIT_SIGNS, AUDIT_SIGNS_SUBJECT, NULL});
    say_many(s, (struct many){1, AUDIT_ACCEPT, "audit", "{\"people\":{\"bob\":\"admin\"}}"});
    assert_true(accepted(s, "ada", "admin"));
    assert_true(accepted(s, "bob", "admin"));
    behind_its_back("DELETE FROM audit_signed_head WHERE seq = 3");
    assert_true(accepted(s, "ada", "admin"));
    assert_false(accepted(s, "bob", "admin"));
    /* Said once more, with the key. */
    say_many(s, (struct many){1, AUDIT_ACCEPT, "audit", "{\"people\":{\"bob\":\"admin\"}}"});
    assert_true(accepted(s, "bob", "admin"));
    assert_true(store_close(s, 1000));
    audit_signer_set(NULL);
}

/* However much has been said about the log since. */
static void people_are_accepted_for_good(void **state) {
    (void)state;
    struct store *s = open_store();
    say_many(s, (struct many){1, AUDIT_ACCEPT, "audit", "{\"people\":{\"ada\":\"admin\"}}"});
    static const int more[] = {99, 1, 1, 99, 100};
    for (size_t i = 0; i < COUNT_OF(more); i++) {
        say_many(s, (struct many){more[i], AUDIT_ACCEPT, "audit", "{\"people\":{}}"});
        assert_true(accepted(s, "ada", "admin"));
        assert_false(accepted(s, "eve", "admin"));
    }
    assert_true(store_close(s, 1000));
}

/* ---- What cannot be read --------------------------------------------------------------------- */

static struct audit_row first_row;

static enum err ask_row(struct db *db) {
    const char *key, *problem;
    return audit_row_signed(db, &arena, &first_row, &key, &problem);
}

static enum err ask_rows(struct db *db) {
    const char *problem;
    struct audit_row rows[] = {first_row, first_row};
    return audit_rows_signed(db, &arena, rows, COUNT_OF(rows), &problem);
}

static enum err ask_key(struct db *db) {
    bool strange;
    with_keys(true); /* nothing is looked up yet */
    enum err e = audit_key_untrusted(db, &arena, "lost", ROWS, &strange);
    if (e != OK) assert_false(strange);
    return e;
}

static enum err ask_accepted(struct db *db) {
    bool yes;
    enum err e = audit_accepted(db, &arena, "ada", "admin", &yes);
    if (e != OK) assert_false(yes);
    return e;
}

static enum err ask_head(struct db *db) {
    const char *why = NULL;
    enum err e = audit_check_head(db, &arena, &why);
    if (e != OK) assert_string_equal(why, "The audit log cannot be read.");
    return e;
}

static enum err ask_log(struct db *db) {
    struct audit_report r;
    return audit_verify(db, &arena, &r);
}

static void each_query_fails(struct db *db, enum err (*ask)(struct db *db), int queries,
                             const char *name) {
    int nth = 0;
    for (bool failed = true; failed;) {
        failing_step = ++nth;
        enum err e = ask(db);
        failed = failing_step == 0;
        failing_step = 0;
        if (e != (failed ? ERR_IO : OK)) fail_msg("%s, query %d: %d", name, nth, e);
    }
    if (nth <= queries) fail_msg("%s: %d", name, nth);
}

/* Whichever query fails, the answer is its failure, and neither "fine" nor "wrong". */
static void a_failing_query_is_told(void **state) {
    (void)state;
    begin_signing_with_ours();
    struct store *s = open_store();
    say_many(s, (struct many){1, "cert.grant", "s", NULL});
    say_many(s, (struct many){1, AUDIT_SIGNS, AUDIT_SIGNS_SUBJECT, NULL});
    say_many(s, (struct many){1, "cert.key", "lost", NULL});
    say_many(s, (struct many){1, AUDIT_ACCEPT, "audit", "{\"people\":{\"ada\":\"admin\"}}"});
    struct db *db = store_reader(s);
    static const struct {
        const char *name;
        enum err (*ask)(struct db *db);
        const char *sql;
        int queries; /* at least */
    } cases[] = {
        {"ask_log", ask_log, "SELECT 1", 2},
        {"ask_head", ask_head, "SELECT 1", 2},
        {"ask_key", ask_key, "SELECT 1", 3},
        {"ask_accepted", ask_accepted, "SELECT 1", 3},
        {"ask_row", ask_row, "SELECT 1", 1},
        {"ask_rows", ask_rows, "SELECT 1", 2},
        {"ask_row", ask_row, "UPDATE audit_signed_head SET seq = 77 WHERE seq = 1", 2},
        {"ask_row", ask_row, "DELETE FROM audit_log WHERE seq = 2", 3},
    };
    first_row = row_of(db, 1);
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        behind_its_back(cases[i].sql);
        each_query_fails(db, cases[i].ask, cases[i].queries, cases[i].name);
    }
    assert_true(store_close(s, 1000));
    audit_signer_set(NULL);
}

int main(void) {
    log_threshold((enum log_level)(LOG_ERROR + 1));
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_has_to_be_signed),
        cmocka_unit_test_setup_teardown(before_signing_began_the_first_head_is_the_edge, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(the_first_problem_is_told_with_its_row, setup, teardown),
        cmocka_unit_test_setup_teardown(strangers_begin_behind_the_first_known_row, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(a_lost_key_that_signs_again_is_a_strangers, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(the_edge_is_looked_up_once, setup, teardown),
        cmocka_unit_test_setup_teardown(a_key_comes_by_what_our_own_key_signed, setup, teardown),
        cmocka_unit_test_setup_teardown(who_was_accepted_with_which_roles, setup, teardown),
        cmocka_unit_test_setup_teardown(whoever_accepted_had_the_key, setup, teardown),
        cmocka_unit_test_setup_teardown(people_are_accepted_for_good, setup, teardown),
        cmocka_unit_test_setup_teardown(a_failing_query_is_told, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
