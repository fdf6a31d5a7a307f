/* Migrations: a new file, a newer one, an altered one, somebody else's, one that fails half-way. */
#include "unit/store/fixture.h"

#include "store/store_migrate.h"

static const struct sql_migration base[] = {
    {1, "0001_a.sql",
     "CREATE TABLE a (id INTEGER PRIMARY KEY) STRICT;\nINSERT INTO a VALUES (7);\n"},
    {2, "0002_b.sql",
     "CREATE TABLE b (id INTEGER PRIMARY KEY, a_id INTEGER NOT NULL REFERENCES a (id)) STRICT;\n"
     "INSERT INTO b VALUES (1, 7);\n"},
};

static sqlite3 *open_raw(void) {
    sqlite3 *sql = NULL;
    const char *why = NULL;
    if (db_open_sqlite(&sql, fixture_db, DB_WRITE, &fixture_arena, &why) != OK) fail_msg("%s", why);
    return sql;
}

static int64_t number_of(sqlite3 *sql, const char *query) {
    int64_t n;
    return db_scalar(sql, query, &n) == SQLITE_OK ? n : -1;
}

static enum err apply(const struct sql_migration *items, int count, const char **why) {
    sqlite3 *sql = open_raw();
    *why = NULL;
    enum err e = migrate_apply(sql, fixture_db, (struct migration_list){items, count}, 1234,
                               &fixture_arena, why);
    assert_true(sqlite3_get_autocommit(sql));
    assert_int_equal(number_of(sql, "PRAGMA foreign_keys"), 1);
    sqlite3_close(sql);
    return e;
}

static int64_t ask(const char *query) {
    sqlite3 *sql = open_raw();
    int64_t n = number_of(sql, query);
    sqlite3_close(sql);
    return n;
}

static void change(const char *text) {
    sqlite3 *sql = open_raw();
    if (db_exec(sql, text) != SQLITE_OK) fail_msg("%s", sqlite3_errmsg(sql));
    sqlite3_close(sql);
}

/* A name in double quotes that is none is an error, in a table and in a query, and never a text. */
static void a_misspelt_name_is_no_text(void **state) {
    (void)state;
    static const struct sql_migration bad[] = {{1, "0001_a.sql",
                                                "CREATE TABLE a (id INTEGER PRIMARY KEY) STRICT;\n"
                                                "CREATE INDEX a_by_id ON a (\"idd\");\n"},
                                               {1, "0001_a.sql",
                                                "CREATE TABLE a (id INTEGER PRIMARY KEY) STRICT;\n"
                                                "INSERT INTO a SELECT 1 WHERE \"idd\" = 'idd';\n"}};
    for (size_t i = 0; i < COUNT_OF(bad); i++) {
        const char *why;
        assert_int_equal(apply(&bad[i], 1, &why), ERR_INVALID);
        assert_non_null(strstr(why, "0001_a.sql:2:"));
        assert_non_null(strstr(why, "no such column: "));
    }
}

static void a_new_file_gets_all(void **state) {
    (void)state;
    const char *why;
    assert_int_equal(apply(base, 2, &why), OK);
    assert_int_equal(ask("SELECT count(*) FROM b"), 1);
    assert_int_equal(
        ask("SELECT sum(number * applied_ms) FROM schema_migration WHERE length(checksum) = 64"),
        3 * 1234);
    assert_int_equal(
        ask(arena_printf(&fixture_arena,
                         "SELECT count(*) FROM schema_migration WHERE name = '%s' OR name = '%s'",
                         base[0].name, base[1].name)),
        2);
    assert_int_equal(ask("PRAGMA application_id"), STORE_APPLICATION_ID);
    assert_int_equal(apply(base, 2, &why), OK); /* again: nothing to do */
    assert_int_equal(ask("SELECT count(*) FROM a"), 1);
    /* Nothing was there to be copied. */
    assert_int_not_equal(access(fixture_path("gradus.db.before-migration-1"), F_OK), 0);
}

static void later_ones_follow_after_a_copy(void **state) {
    (void)state;
    const char *why;
    assert_int_equal(apply(base, 1, &why), OK);
    change("INSERT INTO a VALUES (8)");
    assert_int_equal(apply(base, 2, &why), OK);
    assert_int_equal(ask("SELECT count(*) FROM b"), 1);
    assert_int_equal(ask("SELECT count(*) FROM a"), 2);
    sqlite3 *copy = NULL;
    const char *name = fixture_path("gradus.db.before-migration-2");
    assert_int_equal(db_open_sqlite(&copy, name, DB_READ_OR_IMMUTABLE, &fixture_arena, &why), OK);
    assert_int_equal(number_of(copy, "SELECT count(*) FROM a"), 2);
    assert_int_equal(number_of(copy, "SELECT count(*) FROM sqlite_schema WHERE name = 'b'"), 0);
    assert_int_equal(number_of(copy, "SELECT max(number) FROM schema_migration"), 1);
    sqlite3_close(copy);
}

static void failing_ones_leave_all_as_it_was(void **state) {
    (void)state;
    static const struct {
        const char *text, *says;
    } cases[] = {
        {"-- first\nCREATE TABLE c (x INTEGER) STRICT;\n\nCREATE TABLE c (x INTEGER) STRICT;\n",
         "0002_x.sql:4:1: error: table c already"},
        {"CREATE TABLE c (x INTEGER) STRICT;\nSELEC 1;\n", "0002_x.sql:2:1: error: near \"SELEC\""},
        {"CREATE TABLE c (x INTEGER PRIMARY KEY) STRICT;\nINSERT INTO c VALUES (1);\n\n\nINSERT INTO c VALUES (1);\n",
         "0002_x.sql:5:1: error: UNIQUE"},
        {"CREATE TABLE c (x INTEGER REFERENCES a (id)) STRICT;\nINSERT INTO c VALUES (99);\n",
         "[foreign-key]"},
        {"DELETE FROM a;\nCREATE TABLE d (x NUMBER) STRICT;\n",
         "0002_x.sql:2:1: error: unknown datatype"},
        {"COMMIT;\nCREATE TABLE c (x INTEGER) STRICT;\n",
         "0002_x.sql:1:1: error: a migration runs inside"},
    };
    const char *why;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        if (i) {
            fixture_teardown(NULL);
            assert_int_equal(fixture_setup(NULL), 0);
        }
        assert_int_equal(apply(base, 1, &why), OK);
        struct sql_migration items[] = {base[0], {2, "0002_x.sql", cases[i].text}};
        assert_int_equal(apply(items, 2, &why), ERR_INVALID);
        if (!strstr(why, cases[i].says)) fail_msg("%s", why);
        assert_non_null(strstr(why, "stays as it was"));
        assert_int_equal(ask("SELECT count(*) FROM a"), 1);
        assert_int_equal(ask("SELECT max(number) FROM schema_migration"), 1);
        assert_int_equal(ask("SELECT count(*) FROM sqlite_schema WHERE name IN ('c', 'd')"), 0);
    }
    /* Each attempt made a copy under a name of its own. */
    struct sql_migration bad[] = {base[0], {2, "0002_x.sql", "SELEC 1;"}};
    assert_int_equal(apply(bad, 2, &why), ERR_INVALID);
    assert_int_equal(access(fixture_path("gradus.db.before-migration-2"), F_OK), 0);
    assert_int_equal(access(fixture_path("gradus.db.before-migration-2.2"), F_OK), 0);
}

static void strange_files_are_refused(void **state) {
    (void)state;
    static const struct {
        const char *change, *says;
    } cases[] = {
        {"INSERT INTO schema_migration VALUES (9, '0009_future.sql', 'abc', 1)",
         "made by a newer Gradus (migration 9); this one knows 2"},
        {"UPDATE schema_migration SET checksum = replace(checksum, substr(checksum, 1, 1), 'x') WHERE number = 1",
         "another text of migration 1 (0001_note.sql)"},
        {"UPDATE schema_migration SET checksum = '' WHERE number = 2",
         "another text of migration 2 (0002_clock.sql)"},
        {"INSERT INTO schema_migration VALUES (-1, 'x', 'x', 1)", "another text of migration -1"},
        {"UPDATE schema_migration SET number = 0 WHERE number = 1",
         "another text of migration 1 ("},
        {"INSERT INTO schema_migration VALUES (0, 'x', 'x', 1)", "text of migration 0 (unknown)"},
        {"PRAGMA application_id = 12345", "not one of Gradus"},
        {"DROP TABLE schema_migration", "not one of Gradus"},
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        if (i) {
            fixture_teardown(NULL);
            assert_int_equal(fixture_setup(NULL), 0);
        }
        struct store *s = fixture_open();
        assert_int_equal(fixture_save(s, 1, "kept"), OK);
        assert_true(store_close(s, 1000));
        change(cases[i].change);
        for (int read_only = 0; read_only < 2; read_only++) {
            const char *why = fixture_refused(fixture_db, read_only, ERR_INVALID);
            if (!strstr(why, cases[i].says)) fail_msg("%s", why);
            assert_non_null(strstr(why, "Nothing was changed."));
        }
        assert_int_equal(ask("SELECT count(*) FROM note"), 1);
    }
}

/* A row with the right numbers but a missing first one: what is there was made with other texts. */
static void a_gap_is_not_overlooked(void **state) {
    (void)state;
    struct store *s = fixture_open();
    assert_true(store_close(s, 1000));
    change("DELETE FROM schema_migration WHERE number = 1");
    assert_non_null(strstr(fixture_refused(fixture_db, false, ERR_INVALID), "migration 1"));
}

static void reading_does_not_migrate(void **state) {
    (void)state;
    const char *why;
    assert_int_equal(apply(sql_migrations, 1, &why), OK);
    assert_non_null(
        strstr(fixture_refused(fixture_db, true, ERR_INVALID), "must be brought up to date"));
    assert_int_equal(ask("SELECT max(number) FROM schema_migration"), 1);
    struct store *s = fixture_open();
    assert_true(store_close(s, 1000));
    s = fixture_open_with((struct store_options){.read_only = true});
    assert_int_equal(fixture_count(s), 0);
    assert_true(store_close(s, 0));
}

static void a_running_store_stops_a_migration(void **state) {
    (void)state;
    const char *why;
    struct store *s = fixture_open();
    /* As if a program with one migration more came along. */
    change("DELETE FROM schema_migration WHERE number = 2; DROP TABLE clock");
    assert_non_null(
        strstr(fixture_refused(fixture_db, false, ERR_BUSY), "in use by another process"));
    assert_true(store_close(s, 1000));
    s = fixture_open();
    assert_true(store_close(s, 1000));
    (void)why;
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_new_file_gets_all, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(a_misspelt_name_is_no_text, fixture_setup,
                                        fixture_teardown),
        cmocka_unit_test_setup_teardown(later_ones_follow_after_a_copy, fixture_setup,
                                        fixture_teardown),
        cmocka_unit_test_setup_teardown(failing_ones_leave_all_as_it_was, fixture_setup,
                                        fixture_teardown),
        cmocka_unit_test_setup_teardown(strange_files_are_refused, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(a_gap_is_not_overlooked, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(reading_does_not_migrate, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(a_running_store_stops_a_migration, fixture_setup,
                                        fixture_teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
