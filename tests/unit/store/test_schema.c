/* What somebody put into a database past the program: it is named, and nothing of it runs. */
#include "unit/store/fixture.h"

#include "store/store_migrate.h"

static void change(const char *text) {
    sqlite3 *sql = NULL;
    const char *why = NULL;
    if (db_open_sqlite(&sql, fixture_db, DB_WRITE, &fixture_arena, &why) != OK) fail_msg("%s", why);
    sqlite3_db_config(sql, SQLITE_DBCONFIG_DEFENSIVE, 0, NULL);
    if (db_exec(sql, text) != SQLITE_OK) fail_msg("%s: %s", text, sqlite3_errmsg(sql));
    sqlite3_close(sql);
}

static bool go_on(void *arg, int64_t worked_ms) {
    (void)arg, (void)worked_ms;
    return false;
}

static void begin_again(void) {
    fixture_teardown(NULL);
    assert_int_equal(fixture_setup(NULL), 0);
    struct store *s = fixture_open();
    assert_int_equal(fixture_save(s, 1, "kept"), OK);
    assert_true(store_close(s, 1000));
}

#define WRITABLE(update) "PRAGMA writable_schema=ON; UPDATE sqlite_schema SET " update

/* RULE own-schema: each kind, for whoever writes, reads, checks or restores. */
static void what_is_foreign_is_named_and_refused(void **state) {
    (void)state;
    static const struct {
        const char *change, *says;
    } cases[] = {
        {"CREATE TRIGGER spy AFTER INSERT ON note BEGIN DELETE FROM note; END",
         "has a trigger that is none of Gradus (spy, on note)"},
        {"CREATE TRIGGER aaa AFTER INSERT ON clock BEGIN DELETE FROM note; END",
         "has a trigger that is none of Gradus (aaa, on clock)"},
        {"CREATE VIEW notes AS SELECT * FROM note",
         "has a view that is none of Gradus (notes, on notes)"},
        {"CREATE INDEX by_text ON note (text)",
         "has an index that is none of Gradus (by_text, on note)"},
        {"CREATE TABLE zzz (id)", "has a table that is none of Gradus (zzz, on zzz)"},
        {"CREATE TABLE aaa (id)", "has a table that is none of Gradus (aaa, on aaa)"},
        {"CREATE TABLE sqlitestat1 (id)", "has a table that is none of Gradus (sqlitestat1"},
        {"ALTER TABLE note ADD COLUMN more TEXT", "has a table that was changed (note)"},
        {WRITABLE("sql = replace(sql, 'text TEXT', 'text TEXT CHECK (text <> ''x'')') "
                  "WHERE name = 'note'"),
         "has a table that was changed (note)"},
        {"ALTER TABLE clock RENAME TO watch", "lacks the table clock"},
        {"DROP TABLE clock", "lacks the table clock"},
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct store_check found;
        const char *why = NULL;
        begin_again();
        change(cases[i].change);
        for (int read_only = 0; read_only < 2; read_only++) {
            why = fixture_refused(fixture_db, read_only, ERR_INVALID);
            if (!strstr(why, cases[i].says)) fail_msg("%s", why);
        }
        assert_int_equal(store_check_file(fixture_db, go_on, NULL, &fixture_arena, &found, &why),
                         OK);
        if (!found.problem || !strstr(found.problem, cases[i].says))
            fail_msg("%s: %s", cases[i].says, found.problem ? found.problem : "nothing");
        assert_false(found.whole);
        assert_int_equal(store_check_backup(fixture_db, &fixture_arena, &why), ERR_INVALID);
        if (!strstr(why, cases[i].says)) fail_msg("%s", why);
    }
}

/* A trigger whose name is that of a statistic is a trigger. */
static void only_tables_are_statistics(void **state) {
    (void)state;
    begin_again();
    change("CREATE TRIGGER spy AFTER INSERT ON note BEGIN DELETE FROM note; END;" WRITABLE(
        "name = 'sqlite_stat1', sql = replace(sql, 'spy', 'sqlite_stat1') WHERE name = 'spy'"));
    const char *why = fixture_refused(fixture_db, false, ERR_INVALID);
    assert_non_null(strstr(why, "trigger that is none of Gradus (sqlite_stat1, on note)"));
}

/* RULE own-schema: what SQLite makes by itself is nobody's work, and a trigger that is gone lets
 * nothing happen. */
static void what_is_sqlites_own_is_served(void **state) {
    (void)state;
    begin_again();
    change("CREATE INDEX soon_gone ON note (text); ANALYZE; DROP INDEX soon_gone");
    struct store *s = fixture_open();
    assert_int_equal(fixture_count(s), 1);
    assert_true(store_close(s, 1000));
}

/* The statements of a migration fire triggers, too: so an older file is compared with what it
 * should be before it is brought up to date. */
static void an_older_file_is_compared_first(void **state) {
    (void)state;
    sqlite3 *sql = NULL;
    const char *why = NULL;
    struct migration_list first = store_migrations();
    first.count = 1;
    assert_int_equal(db_open_sqlite(&sql, fixture_db, DB_WRITE, &fixture_arena, &why), OK);
    assert_int_equal(migrate_apply(sql, fixture_db, first, 1, &fixture_arena, &why), OK);
    sqlite3_close(sql);
    change("CREATE TRIGGER spy AFTER INSERT ON note BEGIN DELETE FROM note; END");
    why = fixture_refused(fixture_db, false, ERR_INVALID);
    assert_non_null(strstr(why, "has a trigger that is none of Gradus (spy, on note)"));
    assert_int_not_equal(access(fixture_path("gradus.db.before-migration-2"), F_OK), 0);
    change("DROP TRIGGER spy");
    struct store *s = fixture_open();
    assert_true(store_close(s, 1000));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(what_is_foreign_is_named_and_refused, fixture_setup,
                                        fixture_teardown),
        cmocka_unit_test_setup_teardown(only_tables_are_statistics, fixture_setup,
                                        fixture_teardown),
        cmocka_unit_test_setup_teardown(what_is_sqlites_own_is_served, fixture_setup,
                                        fixture_teardown),
        cmocka_unit_test_setup_teardown(an_older_file_is_compared_first, fixture_setup,
                                        fixture_teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
