/* The own password again, before what takes an account over: how long one counts, and what becomes
 * of the session when it is given. */
#include "unit/account/people.h"

static enum err begin(struct db *db, struct arena *a, void *arg, int64_t now_ms) {
    return account_session_begin(db, a, now_ms, ana, "10.0.0.1", true, arg);
}

static struct new_session session_at(int64_t now_ms) {
    struct new_session fresh = {0};
    assert_int_equal(job(begin, &fresh, now_ms), OK);
    return fresh;
}

/* RULE power-proven: ten minutes less a millisecond, and ten minutes; a clock that was set back
 * proves nothing. */
static void test_recent(void **state) {
    (void)state;
    static const struct {
        int64_t after_ms;
        bool yes;
    } times[] = {{0, true}, {10 * MS_MINUTE - 1, true}, {10 * MS_MINUTE, false}, {-1, false}};
    struct new_session session = session_at(NOW);
    struct db *db = reading();
    for (size_t i = 0; i < COUNT_OF(times); i++) {
        bool yes = !times[i].yes;
        assert_int_equal(account_password_recent(db, session.id, NOW + times[i].after_ms, &yes),
                         OK);
        assert_int_equal(yes, times[i].yes);
    }
    bool yes = false;
    assert_int_equal(account_password_recent(db, "nobody's", NOW, &yes), ERR_NOT_FOUND);
    assert_false(yes);
    store_read_end(db);
}

static enum err renew(struct db *db, struct arena *a, void *arg, int64_t now_ms) {
    return account_renew_session(db, a, arg, now_ms);
}

struct counting {
    int64_t open, failed, let_in;
};

static enum err count(struct db *db, struct arena *a, void *arg, int64_t now_ms) {
    struct counting *c = arg;
    sqlite3_stmt *q;
    (void)a, (void)now_ms;
    assert_int_equal(sqlite3_prepare_v2(db->sql,
                                        "SELECT (SELECT count(*) FROM session WHERE ended_ms IS "
                                        "NULL), count(*) - sum(succeeded), sum(succeeded) "
                                        "FROM login_attempt WHERE login = 'ana'",
                                        -1, &q, NULL),
                     SQLITE_OK);
    assert_int_equal(sqlite3_step(q), SQLITE_ROW);
    *c = (struct counting){sqlite3_column_int64(q, 0), sqlite3_column_int64(q, 1),
                           sqlite3_column_int64(q, 2)};
    sqlite3_finalize(q);
    return OK;
}

static void expect_counts(int open, int failed, int let_in) {
    struct counting c;
    assert_int_equal(job(count, &c, NOW), OK);
    assert_int_equal(c.open, open);
    assert_int_equal(c.failed, failed);
    assert_int_equal(c.let_in, let_in);
}

/* RULE session-renewed: who gives the password has another session, and the one before is over. */
static void test_renewal(void **state) {
    (void)state;
    struct new_session old = session_at(NOW);
    struct session_renewal x = {.guess = {"ana", "10.0.0.1", "10.0.0.1"},
                                .person = ana,
                                .session = old.id,
                                .hash = "hash of ana"};
    const struct session_renewal asked = x;
    /* A wrong password is noted, and the session goes on. */
    each_step(renew, &x, sizeof x, NOW + 1);
    assert_true(x.wrong && !x.fresh.id && x.throttle.wait_ms == 0);
    expect_counts(2, 1, 0); /* with the one of the test before */
    /* So is one that was right of the hash that counted a moment ago. */
    x = asked;
    x.matches = true;
    x.hash = "what ana had before";
    assert_int_equal(job(renew, &x, NOW + 2), OK);
    assert_true(x.wrong && !x.fresh.id);
    expect_counts(2, 2, 0);
    x = asked;
    x.matches = true;
    each_step(renew, &x, sizeof x, NOW + 3);
    assert_false(x.wrong);
    assert_string_not_equal(x.fresh.id, old.id);
    assert_false(x.fresh.awaits_code);
    expect_counts(2, 2, 1);
    struct db *db = reading();
    bool yes = false;
    assert_int_equal(account_password_recent(db, x.fresh.id, NOW + 3, &yes), OK);
    assert_true(yes);
    store_read_end(db);
    /* The old one is over: it is renewed for nobody. */
    x.session = old.id;
    assert_int_equal(job(renew, &x, NOW + 4), ERR_DENIED);
    expect_counts(2, 2, 1);
    /* RULE sign-in-pace: who has to wait is told so, and not even the right password counts. */
    struct new_session other = session_at(NOW + 5);
    x = asked;
    x.session = other.id;
    int wrong = 0;
    for (; wrong < 10; wrong++) {
        assert_int_equal(job(renew, &x, NOW + 5), OK);
        if (x.throttle.wait_ms > 0) break;
    }
    assert_in_range(wrong, 1, 9);
    expect_counts(3, 2 + wrong, 1);
    x = asked;
    x.session = other.id;
    x.matches = true;
    assert_int_equal(job(renew, &x, NOW + 6), OK);
    assert_true(x.throttle.wait_ms > 0 && !x.fresh.id);
    expect_counts(3, 2 + wrong, 1);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_recent),
                                       cmocka_unit_test(test_renewal)};
    return cmocka_run_group_tests(tests, open_all, close_all);
}
