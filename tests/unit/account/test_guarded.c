/* Second factors, guesses, people from a table, and the opening of an academy, in a real store. */
#include "unit/account/people.h"

/* ---- Second factor ----------------------------------------------------------------------------
 */
struct factoring {
    const char *person, *actor, *code, **codes;
    struct factor f;
    bool right;
};

static enum err look(struct db *db, struct arena *a, void *arg, int64_t now_ms) {
    struct factoring *x = arg;
    (void)now_ms;
    return factor_of(db, a, x->person, &x->f);
}

static enum err begin(struct db *db, struct arena *a, void *arg, int64_t now_ms) {
    return factor_begin(db, a, now_ms, ((struct factoring *)arg)->person);
}

static enum err confirm(struct db *db, struct arena *a, void *arg, int64_t now_ms) {
    struct factoring *x = arg;
    return factor_confirm(db, a, now_ms, x->person, x->code, &x->right, x->codes);
}

static enum err take(struct db *db, struct arena *a, void *arg, int64_t now_ms) {
    struct factoring *x = arg;
    return factor_use_code(db, a, now_ms, x->person, x->code, &x->right);
}

static enum err finish(struct db *db, struct arena *a, void *arg, int64_t now_ms) {
    struct factoring *x = arg;
    return factor_end(db, a, now_ms, x->actor, x->person);
}

/* The code of a step: the one of all that is right. */
static const char *code_of(const struct factor *f, int64_t at_ms) {
    for (int i = 0; i < 1000000; i++) {
        char code[8];
        int64_t step;
        snprintf(code, sizeof code, "%06d", i);
        if (factor_code_matches(f->secret, f->secret_len, at_ms, code, &step) &&
            step == at_ms / (FACTOR_STEP_S * MS_SECOND))
            return arena_dup(&arena, code);
    }
    fail_msg("no code");
    return NULL;
}

static const char *hash_of(const char *factor, const char *code) {
    const char *text = arena_printf(&arena, "%s %s", factor, factor_code_clean(&arena, code));
    return sha256_hex(&arena, text, strlen(text));
}

static enum err problem_of(struct db *db, struct arena *a, void *problem, int64_t now_ms) {
    (void)now_ms;
    return factor_problem(db, a, bo, problem);
}

static enum err session_of(struct db *db, struct arena *a, void *fresh, int64_t now_ms) {
    (void)now_ms;
    return account_session_begin(db, a, NOW, bo, "127.0.0.1", false, fresh);
}

/* RULE logged-factor: with a factor that is on by the log, nothing but that one is one. */
static void check_logged_factor(void) {
    static const char gone[] = "the second factor that was logged is not on record",
                      other[] = "the second factor is not the one that was logged";
#define OLDER "UPDATE audit_log SET action = 'factor.add' WHERE action = 'person.factor'; "
    static const struct {
        const char *sql, *problem;
        bool awaits_code;
    } cases[] = {
        {"SELECT 1", NULL, true},
        {"UPDATE second_factor SET ended_ms = 1 WHERE confirmed_ms > 0", gone, false},
        {"UPDATE second_factor SET confirmed_ms = NULL", gone, false},
        {"UPDATE second_factor SET secret = zeroblob(20)", other, false},
        {"UPDATE second_factor SET person_id = (SELECT id FROM person WHERE login = 'ana')", gone,
         false},
        {"INSERT INTO second_factor (id, person_id, secret, made_ms, confirmed_ms) SELECT 'x', "
         "person_id, secret, made_ms + 1, 1 FROM second_factor WHERE confirmed_ms > 0",
         other, false},
        {"INSERT INTO recovery_code (factor_id, hash) SELECT factor_id, 'x' FROM recovery_code "
         "LIMIT 1",
         other, false},
        {"UPDATE recovery_code SET hash = 'x' WHERE hash = (SELECT min(hash) FROM recovery_code)",
         other, false},
        {"DELETE FROM recovery_code WHERE hash = (SELECT min(hash) FROM recovery_code)", other,
         false},
        {"UPDATE recovery_code SET used_ms = 1", NULL, true},
        {"INSERT INTO audit_log SELECT max(seq) + 1, 1, 'x', 'person.factor_end', (SELECT id FROM "
         "person WHERE login = 'bo'), NULL, hex(zeroblob(32)) FROM audit_log",
         "a second factor is on record that has ended by the log", false},
        /* Rows have to be signed from row 1 on, and these are not. */
        {"UPDATE audit_log SET action = 'audit.signs', subject = 'signing' WHERE seq = 1; UPDATE "
         "second_factor SET ended_ms = 1",
         "is not signed", false},
        {OLDER "SELECT 1", NULL, true},
        {OLDER "UPDATE second_factor SET ended_ms = 1", NULL, false},
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        const char *problem = NULL;
        struct new_session fresh = {0};
        print_message("%s\n", cases[i].sql);
        assert_int_equal(tampered(store, &arena, cases[i].sql, problem_of, &problem), OK);
        if (!cases[i].problem) assert_null(problem);
        else assert_non_null(strstr(problem ? problem : "", cases[i].problem));
        assert_int_equal(tampered(store, &arena, cases[i].sql, session_of, &fresh),
                         cases[i].problem ? ERR_CONFLICT : OK);
        assert_int_equal(fresh.awaits_code, cases[i].awaits_code);
    }
    /* Nothing is set up in its place, and whoever may ends it by the log. */
    static const char ended[] = "UPDATE second_factor SET ended_ms = 1";
    struct factoring x = {.person = bo, .actor = boss};
    assert_int_equal(tampered(store, &arena, ended, begin, &x), ERR_CONFLICT);
}

/* It is ended by the log, too, when its row is gone already. */
static enum err finish_and_look(struct db *db, struct arena *a, void *arg, int64_t now_ms) {
    struct factoring *x = arg;
    const char *problem = NULL;
    enum err e = factor_end(db, a, now_ms, x->actor, x->person);
    if (e == OK) e = factor_problem(db, a, x->person, &problem);
    return e == OK && problem ? ERR_INVALID : e;
}

/* A factor of an older program is told from its first right code on. */
static enum err take_and_ask(struct db *db, struct arena *a, void *arg, int64_t now_ms) {
    struct factoring *x = arg;
    bool ever, on;
    (void)now_ms;
    enum err e = factor_use_code(db, a, NOW, x->person, x->code, &x->right);
    if (e == OK) e = factor_logged(db, a, x->person, &ever, &on);
    return e == OK && on != x->right ? ERR_INVALID : e;
}

/* RULE second-factor-once. */
static void test_factor(void **state) {
    (void)state;
    const char *codes[FACTOR_RECOVERY] = {NULL};
    struct factoring x = {.person = bo, .actor = boss, .codes = codes};
    assert_int_equal(job(look, &x, NOW), ERR_NOT_FOUND);
    x.code = "123456";
    assert_int_equal(job(confirm, &x, NOW), ERR_NOT_FOUND);
    assert_int_equal(job(take, &x, NOW), ERR_NOT_FOUND);
    assert_int_equal(job(begin, &x, NOW - 1), OK);
    assert_int_equal(job(look, &x, NOW), OK);
    const char *first = x.f.id;
    const unsigned char *secret = x.f.secret;
    each_step(begin, &x, sizeof x, NOW); /* again: the first one ends */
    each_step(look, &x, sizeof x, NOW);
    assert_string_not_equal(x.f.id, first);
    assert_int_equal(x.f.secret_len, FACTOR_SECRET_BYTES);
    assert_memory_not_equal(x.f.secret, secret, FACTOR_SECRET_BYTES);
    assert_true(x.f.made_ms == NOW && x.f.confirmed_ms == 0);
    assert_int_equal(x.f.codes_left, 0);
    assert_int_equal(job(take, &x, NOW), ERR_NOT_FOUND); /* it is not confirmed */
    const int64_t step_ms = FACTOR_STEP_S * MS_SECOND;
    x.code = "12345";
    assert_int_equal(job(confirm, &x, NOW), OK);
    assert_false(x.right);
    x.code = code_of(&x.f, NOW);
    each_step(confirm, &x, sizeof x, NOW);
    assert_true(x.right);
    assert_true(str_has_prefix(
        logged(bo),
        arena_printf(
            &arena,
            "%s person.factor {\"factor\":\"%s\",\"secret_sha256\":\"%s\",\"codes_sha256\":\"", bo,
            x.f.id, sha256_hex(&arena, x.f.secret, x.f.secret_len))));
    assert_int_equal(job(confirm, &x, NOW), ERR_CONFLICT);
    assert_int_equal(job(begin, &x, NOW), ERR_CONFLICT);
    assert_int_equal(job(look, &x, NOW), OK);
    assert_true(x.f.confirmed_ms == NOW && x.f.last_step == NOW / step_ms);
    assert_int_equal(x.f.codes_left, FACTOR_RECOVERY);
    assert_int_equal(job(take, &x, NOW), OK); /* the code that confirmed it is used */
    assert_false(x.right);
    x.code = code_of(&x.f, NOW + step_ms);
    each_step(take, &x, sizeof x, NOW + step_ms);
    assert_true(x.right);
    assert_int_equal(job(take, &x, NOW + step_ms), OK);
    assert_false(x.right);
    assert_int_equal(job(look, &x, NOW), OK);
    assert_true(x.f.last_step == NOW / step_ms + 1);
    x.code = arena_printf(&arena, " %s ", codes[FACTOR_RECOVERY - 1]);
    each_step(take, &x, sizeof x, NOW + step_ms);
    assert_true(x.right);
    assert_string_equal(logged(bo),
                        arena_printf(&arena, "%s person.recovery {\"code_sha256\":\"%s\"}", bo,
                                     hash_of(x.f.id, codes[FACTOR_RECOVERY - 1])));
    assert_int_equal(job(take, &x, NOW + step_ms), OK);
    assert_false(x.right);
    static const char unused[] = "UPDATE recovery_code SET used_ms = NULL";
    assert_int_equal(tampered(store, &arena, unused, take, &x), OK);
    assert_false(x.right); /* the log tells that it was used */
    check_logged_factor();
    assert_int_equal(
        tampered(store, &arena, "UPDATE second_factor SET ended_ms = 1", finish_and_look, &x), OK);
    x.code = codes[1];
    assert_int_equal(tampered(store, &arena, OLDER "SELECT 1", take_and_ask, &x), OK);
    assert_true(x.right);
    x.code = "wrong";
    assert_int_equal(tampered(store, &arena, OLDER "SELECT 1", take_and_ask, &x), OK);
    assert_false(x.right);
    x.code = codes[0];
    assert_int_equal(job(take, &x, NOW + step_ms), OK);
    assert_true(x.right);
    assert_int_equal(job(look, &x, NOW), OK);
    assert_int_equal(x.f.codes_left, FACTOR_RECOVERY - 2);
    each_step(finish, &x, sizeof x, NOW + 1);
    assert_string_equal(logged(bo), arena_printf(&arena, "%s person.factor_end -", boss));
    assert_int_equal(job(look, &x, NOW), ERR_NOT_FOUND);
    assert_int_equal(job(finish, &x, NOW + 2), OK); /* there is none */
}

/* ---- Guesses ----------------------------------------------------------------------------------
 */
struct guessing {
    struct guess g;
    struct login_throttle pace;
    bool right;
};

static enum err note(struct db *db, struct arena *a, void *arg, int64_t now_ms) {
    struct guessing *x = arg;
    return account_note_guess(db, a, &x->g, now_ms, x->right);
}

static enum err pace_of(struct db *db, struct arena *a, void *arg, int64_t now_ms) {
    struct guessing *x = arg;
    (void)a;
    return account_throttle_of(db, &x->g, now_ms, &x->pace);
}

static struct login_throttle pace_at(struct guess g, int64_t now_ms) {
    struct guessing x = {.g = g};
    assert_int_equal(job(pace_of, &x, now_ms), OK);
    return x.pace;
}

/* RULE sign-in-pace, from what the store holds. */
static void test_pace(void **state) {
    (void)state;
    const struct guess here = {"ana", "10.0.0.1", "10.0.0.1"},
                       there = {"ana", "10.0.0.2", "10.0.0.2"},
                       other = {"bo", "10.0.0.1", "10.0.0.1"};
    struct guessing x = {.g = here};
    for (int i = 0; i < 4; i++) each_step(note, &x, sizeof x, NOW + i);
    assert_true(pace_at(here, NOW + 4).wait_ms == THROTTLE_MINUTE_MS - 4);
    assert_true(pace_at(there, NOW + 4).wait_ms == THROTTLE_MINUTE_MS - 4); /* whoever it is */
    assert_true(pace_at(other, NOW + 4).wait_ms == 0);
    assert_true(pace_at(here, NOW + THROTTLE_MINUTE_MS).wait_ms == 0);
    /* The fifth of the pair: a second, counted from it. */
    assert_int_equal(job(note, &x, NOW + THROTTLE_MINUTE_MS), OK);
    assert_true(pace_at(here, NOW + THROTTLE_MINUTE_MS).wait_ms == MS_SECOND);
    assert_true(pace_at(there, NOW + THROTTLE_MINUTE_MS).wait_ms == 1); /* the fourth newest */
    assert_true(pace_at(here, NOW + THROTTLE_MINUTE_MS + 999).wait_ms == 1);
    assert_true(pace_at(here, NOW + THROTTLE_MINUTE_MS + 1000).wait_ms == 0);
    /* Once let in, the pair begins anew; what others guessed stays. */
    x.right = true;
    assert_int_equal(job(note, &x, NOW + THROTTLE_MINUTE_MS + 1000), OK);
    assert_true(pace_at(here, NOW + THROTTLE_MINUTE_MS + 1000).wait_ms == 0);
    x.right = false;
    assert_int_equal(job(note, &x, NOW + THROTTLE_MINUTE_MS + 1001), OK);
    assert_true(pace_at(here, NOW + THROTTLE_MINUTE_MS + 1001).wait_ms == 0);
    /* What is older than the window is nothing. */
    for (int i = 0; i < 12; i++)
        assert_int_equal(job(note, &x, NOW + THROTTLE_MINUTE_MS + 1002 + i), OK);
    const int64_t last_ms = NOW + THROTTLE_MINUTE_MS + 1013;
    assert_true(pace_at(here, last_ms + 1).wait_ms > MS_MINUTE);
    assert_true(pace_at(here, last_ms + THROTTLE_WINDOW_MS).wait_ms == 0);
    assert_false(pace_at(here, last_ms).known);
    each_step(pace_of, &x, sizeof x, last_ms);
    /* An address that has failed at many accounts. */
    struct guess spread = {"", "10.0.0.9", "10.0.0.9"};
    for (int i = 0; i < THROTTLE_CLIENT; i++) {
        assert_true(pace_at(spread, last_ms).hold_ms == 0);
        x.g = spread;
        x.g.login = arena_printf(&arena, "nobody-%d", i);
        assert_int_equal(job(note, &x, last_ms), OK);
    }
    assert_true(pace_at(spread, last_ms).hold_ms == 250);
    assert_true(pace_at(spread, last_ms + THROTTLE_WINDOW_MS).hold_ms == 0);
}

/* ---- From a table -----------------------------------------------------------------------------
 */
static enum err plan(struct db *db, struct arena *a, void *arg, int64_t now_ms) {
    (void)a, (void)now_ms;
    return import_plan(arg, db);
}

static enum err apply(struct db *db, struct arena *a, void *arg, int64_t now_ms) {
    (void)a;
    return import_apply(arg, db, now_ms, boss);
}

static struct import planned(const char *text, bool update, const char *actor) {
    struct import x = {.arena = &arena, .update = update, .actor = actor};
    import_read(&x, text, strlen(text), 100);
    assert_int_equal(job(plan, &x, NOW), OK);
    return x;
}

static const char *told(const struct import *x) {
    struct buf b;
    buf_init(&b, &arena);
    for (size_t i = 0; i < x->finding_count; i++) {
        const struct import_finding *f = &x->findings[i];
        buf_printf(&b, "%s%d %s %s %s %d%s", i ? "|" : "", f->line, f->key,
                   f->found ? f->found : "-", f->expected ? f->expected : "-", f->other_line,
                   f->warning ? " warning" : "");
    }
    return buf_text(&b);
}

static void test_import(void **state) {
    (void)state;
#define COLUMNS "login,name,email,roles\n"
    struct import x = planned(COLUMNS "ana,Ana Ruiz,ana@example.org,\nnew,New,new@example.org,\n"
                                      "bo,Bo Two,bo@example.org,learner\n",
                              true, NULL);
    assert_string_equal(told(&x), "");
    assert_int_equal(x.added, 1);
    assert_int_equal(x.updated, 1);
    assert_int_equal(x.same, 1);
    assert_true(import_changes_privileges(&x));          /* it takes some */
    assert_int_equal(job(apply, &x, NOW), ERR_CONFLICT); /* who is new has no hash */
    x.rows[1].hash = "a hash";
    assert_int_equal(job(plan, &x, NOW), OK);
    each_step(apply, &x, sizeof x, NOW);
    struct person p;
    struct db *db = reading();
    assert_int_equal(account_find_login(db, &arena, "new", &p), OK);
    store_read_end(db);
    assert_int_equal(p.roles, ROLE_LEARNER);
    assert_string_equal(found(bo).name, "Bo Two");
    assert_int_equal(found(bo).roles, ROLE_LEARNER);
    each_step(plan, &x, sizeof x, NOW);
    /* Who is there is refused, unless it was asked for; whose address it is, always. */
    x = planned(COLUMNS "ana,Ana Ruiz,ana@example.org,\nanna,Ana,ana@example.org,\n", false, NULL);
    assert_string_equal(told(&x),
                        "2 import_login_taken ana - 0|3 import_email_twice ana@example.org - 2");
    x = planned(COLUMNS "ana,Ana Ruiz,ana@example.org,\nanna,Ana,bo@example.org,\n", true, NULL);
    assert_string_equal(told(&x), "3 import_email_taken bo@example.org bo 0");
    x = planned(COLUMNS "ana,,ana@example.org,\n", false, NULL);
    assert_string_equal(told(&x), "2 account_problem_no_name - - 0|2 import_login_taken ana - 0");
    x = planned(COLUMNS "ana,,ana@example.org,\n", true, NULL);
    assert_string_equal(told(&x), "2 account_problem_no_name - - 0");
    /* RULE four-eyes: about oneself others decide. */
    x = planned(COLUMNS "boss,Other,boss@example.org,\n", true, boss);
    assert_string_equal(told(&x), "2 admin_refusal_self - - 0");
    x = planned(COLUMNS "boss,Boss,other@example.org,\n", true, boss);
    assert_string_equal(told(&x), "");
    x = planned(COLUMNS "boss,Boss,boss@example.org,\", admin;;learner |\"\n", true, boss);
    assert_string_equal(told(&x), ""); /* a learner's role is no power */
    x = planned(COLUMNS "boss,Boss,boss@example.org,admin assessor\n", true, boss);
    assert_string_equal(told(&x), "2 admin_refusal_self - - 0");
    x = planned(COLUMNS "ana,Other,ana@example.org,\n", true, boss);
    assert_string_equal(told(&x), "");
    each_step(plan, &x, sizeof x, NOW);
    x = planned(COLUMNS "boss,Other,boss@example.org,\n", true, NULL);
    assert_string_equal(told(&x), "");
    x = planned(COLUMNS "newer,Newer,newer@example.org,learner\nana,Ana Ruiz,ana@example.org,\n",
                true, NULL);
    assert_false(import_changes_privileges(&x));
    x = planned(COLUMNS "newer,Newer,newer@example.org,assessor\n", true, NULL);
    assert_true(import_changes_privileges(&x));
    /* Within a line as found, lines in order. */
    x = planned(COLUMNS "q,,no,dean\nana,Ana,x@example.org,,more\nana,Ana,X@example.org\n", true,
                NULL);
    assert_string_equal(
        told(&x),
        "2 account_problem_login - - 0|2 account_problem_no_name - - 0|2 account_problem_email - - 0|2 "
        "import_role dean - 0|3 import_more_cells - - 0|4 import_no_cell roles - 0|4 "
        "import_login_twice ana - 3|4 import_email_twice X@example.org - 3");
    assert_int_equal(x.faulty, 3);
    /* A change of an address that is somebody else's, and a row that is none. */
    x = planned(COLUMNS "bo,Bo Two,ana@example.org,\n\"cy\"x,Cy,cy@example.org,\n", true, NULL);
    assert_string_equal(told(&x),
                        "2 import_email_taken ana@example.org ana 0|3 import_quote_inside - - 0");
    x = planned("login,Login,name,email\na,b,c,d\n", true, NULL);
    assert_string_equal(told(&x), "1 import_column_twice Login login 0");
    assert_true(x.faulty == SIZE_MAX);
}

/* ---- Keys of addresses ------------------------------------------------------------------------
 */
static enum err make_keys(struct db *db, struct arena *a, void *arg, int64_t now_ms) {
    int failing = failing_step; /* not what only the test does */
    failing_step = 0;
    int rc = sqlite3_exec(db->sql, "UPDATE person SET email_key = NULL", NULL, NULL, NULL);
    failing_step = failing;
    return rc == SQLITE_OK ? account_make_email_keys(db, a, arg, now_ms) : ERR_CONFLICT;
}

static void test_keys(void **state) {
    (void)state;
    struct person p;
    struct email_keys keys = {.after_id = ""};
    assert_int_equal(job(make_keys, &keys, NOW), OK);
    assert_int_equal(keys.read, 4); /* who came with the table, too */
    keys.after_id = keys.last_id;
    assert_int_equal(job(account_make_email_keys, &keys, NOW), OK);
    assert_int_equal(keys.read, 0);
    assert_string_equal(keys.last_id, keys.after_id);
    struct db *db = reading();
    assert_int_equal(account_find_login(db, &arena, "ANA@example.org", &p), OK);
    assert_string_equal(p.id, ana);
    static const char *const logins[] = {"ana", "bo", "boss", "new"}; /* each has a key now */
    for (size_t i = 0; i < COUNT_OF(logins); i++) {
        const char *address = arena_printf(&arena, "%s@example.org", logins[i]);
        assert_int_equal(account_find_login(db, &arena, address, &p), OK);
        assert_string_equal(p.login, logins[i]);
    }
    store_read_end(db);
    keys.after_id = "";
    each_step(make_keys, &keys, sizeof keys, NOW);
}

static enum err many_without_key(struct db *db, struct arena *a, void *arg, int64_t now_ms) {
    (void)a, (void)arg, (void)now_ms;
    return sqlite3_exec(
               db->sql,
               "UPDATE person SET email_key = NULL; "
               "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 1500) "
               "INSERT INTO person (id, login, name, email, created_ms) SELECT 'many-' || i, "
               "'many-' || i, 'Many', 'M' || i || '@example.org', 1 FROM n; "
               "INSERT INTO person_unfound SELECT id FROM person WHERE login = 'many-1500'",
               NULL, NULL, NULL) == SQLITE_OK
               ? OK
               : ERR_IO;
}

/* Who opens an academy of before the keys has them all made, however many there are. */
static void test_opened(void **state) {
    (void)state;
    struct accounts *accounts;
    struct person p;
    assert_int_equal(job(many_without_key, NULL, NOW), OK);
    assert_int_equal(accounts_open(&accounts, store), OK);
    struct db *db = reading();
    static const char *const typed[] = {"m1@example.org", "m1500@example.org", "ana@example.org"};
    for (size_t i = 0; i < COUNT_OF(typed); i++)
        assert_int_equal(account_find_login(db, &arena, typed[i], &p), OK);
    struct people list; /* who could not be found until now */
    assert_int_equal(account_list(db, &arena, "m1500", NULL, 10, &list), OK);
    assert_int_equal(list.count, 1);
    store_read_end(db);
    accounts_close(accounts);
    accounts_close(NULL);
    /* Where nothing can be written there are no keys to be had: that is told. */
    struct store *other;
    const char *why;
    struct store_options options = {.path = arena_printf(&arena, "%s/gradus.db", folder),
                                    .read_only = true};
    assert_int_equal(store_open(&other, &options, &arena, &why), OK);
    assert_int_equal(accounts_open(&accounts, other), ERR_IO);
    assert_null(accounts);
    store_close(other, 1000);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_factor), cmocka_unit_test(test_pace),   cmocka_unit_test(test_import),
        cmocka_unit_test(test_keys),   cmocka_unit_test(test_opened),
    };
    return cmocka_run_group_tests(tests, open_all, close_all);
}
