/* Named queries: what goes in comes out, errors latch, misuse aborts, wrong queries are named at
 * open. */
#include "unit/store/fixture.h"

#include "base/text.h"

#include "store/store_db.h"

static const char blob[] = "a\0b";

static enum err add_all(struct db *db, struct arena *a, void *arg, int64_t now_ms) {
    (void)a, (void)arg, (void)now_ms;
    enum err e = db_run(db, Q(NOTE_ADD), "itb", INT64_MIN, "Thai ก, \"quotes\"; DROP TABLE note",
                        (const void *)blob, (size_t)4);
    if (e == OK)
        e = db_run(db, Q(NOTE_ADD), "itb", (int64_t)0, (const char *)NULL, (const void *)blob,
                   (size_t)0);
    if (e == OK) e = db_run(db, Q(NOTE_ADD), "itb", INT64_MAX, "", (const void *)NULL, (size_t)0);
    if (e == OK) assert_int_equal(db_changed_rows(db), 1);
    return e;
}

static void values_come_back(void **state) {
    (void)state;
    struct store *s = fixture_open();
    assert_int_equal(store_write(s, add_all, NULL, &fixture_arena), OK);
    struct db *db = store_reader(s);
    assert_string_equal(db_path(db), fixture_db);
    struct stmt *q;
    enum err e;
    size_t len;

    assert_true(db_one(db, &q, &e, Q(NOTE_BY_ID), "i", INT64_MIN));
    assert_string_equal(stmt_text(q, 0, &fixture_arena), "Thai ก, \"quotes\"; DROP TABLE note");
    assert_memory_equal(stmt_blob(q, 1, &fixture_arena, &len), blob, 4);
    assert_int_equal(len, 4);
    assert_true(stmt_int(q, 2) == INT64_MIN);
    assert_false(stmt_row(q));
    assert_int_equal(stmt_end(q), OK);

    assert_true(db_one(db, &q, &e, Q(NOTE_BY_ID), "i", (int64_t)0));
    assert_true(stmt_null(q, 0));
    assert_null(stmt_text(q, 0, &fixture_arena));
    assert_false(stmt_null(q, 1)); /* empty, not absent */
    assert_non_null(stmt_blob(q, 1, &fixture_arena, &len));
    assert_int_equal(len, 0);
    assert_int_equal(stmt_end(q), OK);

    assert_true(db_one(db, &q, &e, Q(NOTE_BY_ID), "i", INT64_MAX));
    assert_string_equal(stmt_text(q, 0, &fixture_arena), "");
    assert_null(stmt_blob(q, 1, &fixture_arena, &len));
    assert_int_equal(stmt_end(q), OK);

    assert_false(db_one(db, &q, &e, Q(NOTE_BY_ID), "i", (int64_t)12345));
    assert_int_equal(e, ERR_NOT_FOUND);
    assert_true(store_close(s, 1000));
}

/* SQLite numbers $2 before $1 when it stands first; we do not. */
static void values_go_by_number(void **state) {
    (void)state;
    struct store *s = fixture_open();
    struct stmt *q;
    enum err e;
    assert_true(db_one(store_reader(s), &q, &e, Q(SWAPPED), "ti", "one", (int64_t)2));
    assert_int_equal(stmt_int(q, 0), 2);
    assert_string_equal(stmt_text(q, 1, &fixture_arena), "one");
    assert_int_equal(stmt_end(q), OK);
    assert_true(db_one(store_reader(s), &q, &e, Q(TWICE), "tt", "a", "b"));
    assert_string_equal(stmt_text(q, 0, &fixture_arena), "aba");
    assert_int_equal(stmt_end(q), OK);
    assert_true(db_one(store_reader(s), &q, &e, Q(SWAPPED), "nn"));
    assert_true(stmt_null(q, 0) && stmt_null(q, 1));
    assert_int_equal(stmt_end(q), OK);
    assert_true(store_close(s, 1000));
}

static void a_snapshot_stands_still(void **state) {
    (void)state;
    struct store *s = fixture_open();
    assert_int_equal(fixture_save(s, 1, "a"), OK);
    struct db *db = store_reader(s);
    assert_ptr_equal(db, store_reader(s));
    for (int round = 0; round < 3; round++) {
        store_read_begin(db);
        assert_int_equal(fixture_count(s), 1 + round);
        assert_int_equal(fixture_save(s, 2 + round, "b"), OK);
        assert_int_equal(fixture_count(s), 1 + round);
        struct stmt *left_open = db_query(db, Q(NOTE_ALL), "");
        assert_true(stmt_row(left_open));
        store_read_end(db);
        assert_int_equal(fixture_count(s), 2 + round);
    }
    assert_true(store_close(s, 1000));
}

static enum err read_and_leave(struct db *db, struct arena *a, void *arg) {
    assert_true(stmt_row(db_query(db, Q(NOTE_ALL), "")));
    if (arg) arena_fail(a);
    return ERR_CONFLICT;
}

/* RULE read-ends: what a reading that ran out of memory left open is closed, so that the next one
 * finds nothing open and no snapshot is held; and control goes on to the caller's guard. */
static void a_reading_may_run_out_of_memory(void **state) {
    (void)state;
    struct store *s = fixture_open();
    assert_int_equal(fixture_save(s, 1, "a"), OK);
    static volatile int left, came_back;
    left = came_back = 0;
    for (int i = 0; i < 3; i++) {
        struct arena a;
        arena_init(&a, 64 * 1024);
        if (ARENA_GUARD(&a) == 0) {
            assert_int_equal(store_read(s, read_and_leave, NULL, &a), ERR_CONFLICT);
            assert_true(a.guarded);
            came_back++;
            (void)!store_read(s, read_and_leave, s, &a);
            fail_msg("control did not leave through the guard");
        }
        left++;
        arena_release(&a);
        assert_int_equal(fixture_save(s, 2 + i, "b"), OK);
        assert_int_equal(fixture_count(s), 2 + i);
    }
    assert_int_equal(left, 3);
    assert_int_equal(came_back, 3);    /* what needs no more than there is gives its answer */
    assert_true(store_close(s, 1000)); /* aborts when a snapshot is held */
}

/* Without a snapshot around it: the next use of the connection begins anew, be it by store_reader
 * or by store_read_begin. */
static void what_was_left_open_is_reset(void **state) {
    (void)state;
    struct store *s = fixture_open();
    assert_int_equal(fixture_save(s, 1, "a"), OK);
    for (int i = 0; i < 2; i++) assert_true(stmt_row(db_query(store_reader(s), Q(NOTE_ALL), "")));
    struct db *db = store_reader(s);
    assert_true(stmt_row(db_query(db, Q(NOTE_ALL), "")));
    store_read_begin(db);
    struct stmt *q = db_query(db, Q(NOTE_ALL), "");
    assert_true(stmt_row(q));
    assert_ptr_equal(store_reader(s), db); /* within a snapshot nothing is reset */
    assert_int_equal(stmt_int(q, 0), 1);
    assert_int_equal(stmt_end(q), OK);
    store_read_end(db);
    assert_true(store_close(s, 1000));
}

static enum err leave_open(struct db *db, struct arena *a, void *arg, int64_t now_ms) {
    (void)now_ms;
    struct stmt *q = db_query(db, Q(NOTE_ALL), "");
    assert_true(stmt_row(q));
    if (arg) arena_fail(a);
    return OK;
}

static void a_job_may_leave_statements_open(void **state) {
    (void)state;
    struct store *s = fixture_open();
    assert_int_equal(fixture_save(s, 1, "a"), OK);
    for (int i = 0; i < 3; i++) {
        assert_int_equal(store_write(s, leave_open, NULL, &fixture_arena), OK);
        assert_int_equal(store_write(s, leave_open, s, &fixture_arena), ERR_LIMIT);
    }
    assert_true(store_close(s, 1000));
}

/* ---- Misuse --------------------------------------------------------------------------------- */

static void opens_twice(struct store *s) {
    struct db *db = store_reader(s);
    db_query(db, Q(NOTE_ALL), "");
    db_query(db, Q(NOTE_ALL), "");
}
static void too_few_values(struct store *s) {
    db_query(store_reader(s), Q(SWAPPED), "i", (int64_t)1);
}
static void too_many_values(struct store *s) {
    db_query(store_reader(s), Q(NOTE_COUNT), "i", (int64_t)1);
}
static void unknown_type(struct store *s) {
    db_query(store_reader(s), Q(NOTE_BY_ID), "x", (int64_t)1);
}
static void unknown_query(struct store *s) { db_query(store_reader(s), Q(FIXTURE_COUNT), ""); }
static void writes_on_a_reader(struct store *s) {
    db_query(store_reader(s), Q(NOTE_DELETE), "i", (int64_t)1);
}
static void row_after_end(struct store *s) {
    struct stmt *q = db_query(store_reader(s), Q(NOTE_ALL), "");
    if (stmt_end(q) == OK) stmt_row(q);
}
static void ends_twice(struct store *s) {
    struct stmt *q = db_query(store_reader(s), Q(NOTE_ALL), "");
    if (stmt_end(q) == OK && stmt_end(q) == OK) return;
}
static void column_without_row(struct store *s) {
    stmt_int(db_query(store_reader(s), Q(NOTE_COUNT), ""), 0);
}
static void no_such_column(struct store *s) {
    struct stmt *q = db_query(store_reader(s), Q(NOTE_COUNT), "");
    if (stmt_row(q)) stmt_int(q, 1);
}
static void run_returns_rows(struct store *s) {
    if (db_run(store_reader(s), Q(NOTE_COUNT), "") == OK) return;
}
static void begins_twice(struct store *s) {
    store_read_begin(store_reader(s));
    store_read_begin(store_reader(s));
}
static void ends_without_begin(struct store *s) { store_read_end(store_reader(s)); }
static void closes_while_reading(struct store *s) {
    store_read_begin(store_reader(s));
    store_close(s, 100);
}
static enum err writes_inside(struct db *db, struct arena *a, void *arg, int64_t now_ms) {
    (void)db, (void)now_ms;
    return store_write(arg, writes_inside, arg, a);
}
static void a_job_waits_for_itself(struct store *s) {
    if (store_write(s, writes_inside, s, &fixture_arena) == OK) return;
}
static void hears_on_a_reader(struct store *s) { db_on_commit(store_reader(s), NULL, "x", 1); }

static void misuse_aborts(void **state) {
    (void)state;
    struct store *s = fixture_open();
    assert_true(store_close(s, 1000));
    void (*const misuses[])(struct store *) = {
        opens_twice,        too_few_values,       too_many_values,        unknown_type,
        unknown_query,      row_after_end,        writes_on_a_reader,     ends_twice,
        column_without_row, no_such_column,       run_returns_rows,       begins_twice,
        ends_without_begin, closes_while_reading, a_job_waits_for_itself, hears_on_a_reader};
    for (size_t i = 0; i < COUNT_OF(misuses); i++)
        fixture_must_abort(misuses[i], (struct store_options){0});
}

/* ---- The check at open ---------------------------------------------------------------------- */

static void wrong_queries_are_named(void **state) {
    (void)state;
    static const struct {
        const char *text, *says;
    } cases[] = {
        {"SELECT absent FROM note", "no such column: absent"},
        {"SELECT 1; SELECT 2", "more"},
        {"SELECT 1 ; \n\t ", NULL},
        {"", "empty"},
        {"SELECT ?", "values are named"},
        {"SELECT ?1", "values are named"},
        {"SELECT :name", "values are named"},
        {"SELECT $name", "values are named"},
        {"SELECT $1, $3", "without gaps"},
        {"SELECT $0, $1", "without gaps"},
        {"SELECT $2, $1, $2", NULL},
        {"SELECT \"text in the wrong quotes\"", "no such column"},
        {"SELECT $1,$2,$3,$4,$5,$6,$7,$8,$9,$10,$11,$12,$13,$14,$15,$16,$17,$18,$19,$20,$21,$22,$23,$24,$25,"
         "$26,$27,$28,$29,$30,$31,$32",
         NULL},
        {"SELECT $1,$2,$3,$4,$5,$6,$7,$8,$9,$10,$11,$12,$13,$14,$15,$16,$17,$18,$19,$20,$21,$22,$23,$24,$25,"
         "$26,$27,$28,$29,$30,$31,$32,$33",
         "more values"},
        {"SELEC 1", "syntax error"}};
    struct store *s = fixture_open();
    assert_true(store_close(s, 1000));
    sqlite3 *sql = NULL;
    const char *why = NULL;
    assert_int_equal(db_open_sqlite(&sql, fixture_db, DB_READ, &fixture_arena, &why), OK);
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct sql_text text = {"the_query", cases[i].text, "engine/room/room.sql:12"};
        struct query_info info;
        enum err e = db_check_query(sql, fixture_db, NULL, &text, &info, &fixture_arena, &why);
        if (!cases[i].says) {
            if (e != OK) fail_msg("%s: %s", cases[i].text, why);
            continue;
        }
        assert_int_equal(e, ERR_INVALID);
        if (!strstr(why, cases[i].says)) fail_msg("%s: %s", cases[i].text, why);
        const char *begins = arena_printf(
            &fixture_arena,
            "%s cannot be used: the query the_query does not fit it. engine/room/room.sql:12:1: error: ",
            fixture_db);
        if (!str_has_prefix(why, begins)) fail_msg("%s", why);
    }
    struct sql_text write = {"w", "UPDATE note SET text = $1", "x:1"},
                    read = {"r", "SELECT 1", "x:2"};
    struct query_info info;
    assert_int_equal(db_check_query(sql, fixture_db, NULL, &write, &info, &fixture_arena, &why),
                     OK);
    assert_false(info.read_only);
    assert_int_equal(db_check_query(sql, fixture_db, NULL, &read, &info, &fixture_arena, &why), OK);
    assert_true(info.read_only);
    sqlite3_close(sql);
}

static void note_plan(void *arg, const char *name, const char *sql, const char *plan) {
    assert_non_null(sql);
    if (strcmp(name, "note_by_id") == 0) {
        assert_non_null(strstr(plan, "SEARCH note USING INTEGER PRIMARY KEY"));
        ++*(int *)arg;
    }
}

static void plans_are_shown(void **state) {
    (void)state;
    struct store *s = fixture_open();
    int seen = 0;
    assert_int_equal(store_plans(s, note_plan, &seen), OK);
    assert_int_equal(seen, 1);
    assert_true(store_close(s, 1000));
}

/* Also what a trigger or a foreign key does is a change. */
static void writes_to_watched_tables_are_known(void **state) {
    (void)state;
    static const char *const watched[] = {"session", "Role", NULL};
    const struct {
        const char *text;
        bool watched;
    } cases[] = {
        {"SELECT id FROM session", false},
        {"INSERT INTO session (id) VALUES ($1)", true},
        {"UPDATE role SET person = $1", true},
        {"DELETE FROM session", true},
        {"INSERT INTO log (id) VALUES ($1)", false},
        {"INSERT INTO noisy (id) VALUES ($1)", true},
        {"DELETE FROM person WHERE id = $1", true},
        {"REPLACE INTO person VALUES ($1)", true}, /* what it replaces takes its roles along */
        {"INSERT INTO person VALUES ($1)", false},
        {"UPDATE person SET id = $1", true},
        {"INSERT INTO log SELECT id FROM session", false},
        {"WITH gone AS (SELECT id FROM log) DELETE FROM session WHERE id IN gone", true},
        {"INSERT INTO both VALUES ($1)", true},
        {"UPDATE other SET id = (SELECT max(id) FROM session)", false}};
    sqlite3 *sql = NULL;
    assert_int_equal(sqlite3_open(":memory:", &sql), SQLITE_OK);
    assert_int_equal(
        sqlite3_exec(
            sql,
            "PRAGMA foreign_keys=ON; CREATE TABLE session (id); CREATE TABLE log (id); CREATE TABLE other (id);"
            "CREATE TABLE person (id INTEGER PRIMARY KEY); CREATE TABLE noisy (id);"
            "CREATE TABLE role (person REFERENCES person (id) ON DELETE CASCADE ON UPDATE CASCADE);"
            "CREATE VIEW both AS SELECT id FROM session;"
            "CREATE TRIGGER b INSTEAD OF INSERT ON both BEGIN INSERT INTO noisy (id) VALUES (new.id); END;"
            "CREATE TRIGGER t AFTER INSERT ON noisy BEGIN DELETE FROM session; END",
            NULL, NULL, NULL),
        SQLITE_OK);
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct sql_text text = {"the_query", cases[i].text, "x:1"};
        struct query_info info;
        const char *why = NULL;
        enum err e = db_check_query(sql, ":memory:", watched, &text, &info, &fixture_arena, &why);
        if (e != OK) fail_msg("%s: %s", cases[i].text, why);
        if (info.watched != cases[i].watched) fail_msg("%s", cases[i].text);
    }
    sqlite3_close(sql);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(writes_to_watched_tables_are_known, fixture_setup,
                                        fixture_teardown),
        cmocka_unit_test_setup_teardown(values_come_back, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(values_go_by_number, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(a_snapshot_stands_still, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(a_reading_may_run_out_of_memory, fixture_setup,
                                        fixture_teardown),
        cmocka_unit_test_setup_teardown(what_was_left_open_is_reset, fixture_setup,
                                        fixture_teardown),
        cmocka_unit_test_setup_teardown(a_job_may_leave_statements_open, fixture_setup,
                                        fixture_teardown),
        cmocka_unit_test_setup_teardown(misuse_aborts, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(wrong_queries_are_named, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(plans_are_shown, fixture_setup, fixture_teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
