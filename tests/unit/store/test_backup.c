/* Backup while others write, restore with its refusals, and nothing left behind. */
#include "unit/store/fixture.h"

#include <pthread.h>
#include <sqlite3.h>

static const char *why;

static enum err backup(const char *to) {
    return store_backup(fixture_db, fixture_path(to), &fixture_arena, &why);
}
static enum err restore(const char *from, bool replace) {
    return store_restore(fixture_path(from), fixture_db, replace, &fixture_arena, &why);
}

static int partials(void) {
    DIR *dir = opendir(fixture_folder);
    int n = 0;
    for (struct dirent *e; (e = readdir(dir));) n += strstr(e->d_name, "partial") != NULL;
    closedir(dir);
    return n;
}

static void a_backup_is_one_private_file(void **state) {
    (void)state;
    fixture_fill(50);
    assert_int_equal(backup("b.db"), OK);
    struct stat st;
    assert_int_equal(stat(fixture_path("b.db"), &st), 0);
    assert_int_equal(st.st_mode & 0777, 0600);
    /* It needs no WAL: a folder that cannot be written will do. */
    unsigned char versions[2];
    FILE *f = fopen(fixture_path("b.db"), "rb");
    fseek(f, 18, SEEK_SET);
    assert_int_equal(fread(versions, 1, 2, f), 2);
    fclose(f);
    assert_int_equal(versions[0], 1);
    assert_int_equal(versions[1], 1);
    assert_int_equal(fixture_count_in(fixture_path("b.db")), 50);
    assert_int_equal(partials(), 0);
}

static void a_backup_overwrites_nothing(void **state) {
    (void)state;
    fixture_fill(1);
    assert_int_equal(backup("b.db"), OK);
    fixture_fill(2);
    assert_int_equal(backup("b.db"), ERR_CONFLICT);
    assert_non_null(strstr(why, "not overwritten"));
    assert_int_equal(fixture_count_in(fixture_path("b.db")), 1);
    assert_int_equal(symlink("nowhere", fixture_path("link")), 0);
    assert_int_equal(backup("link"), ERR_CONFLICT);
    assert_int_equal(backup("no/such/folder"), ERR_IO);
    assert_int_equal(
        store_backup(fixture_path("absent"), fixture_path("c.db"), &fixture_arena, &why),
        ERR_NOT_FOUND);
    assert_int_not_equal(access(fixture_path("c.db"), F_OK), 0);
    assert_int_not_equal(access(fixture_path("absent"), F_OK), 0);
    assert_int_equal(partials(), 0);
}

static struct store *shared;
static _Atomic bool stop_writing;
static _Atomic int64_t acknowledged;
static void *write_on(void *arg) {
    (void)arg;
    for (int64_t i = 0; !stop_writing; i++) {
        if (fixture_save(shared, i,
                         "a note of some length, so that the file grows while it is copied") != OK)
            break;
        acknowledged = i + 1;
    }
    return NULL;
}

static void a_backup_of_a_busy_store_is_a_moment_of_it(void **state) {
    (void)state;
    shared = fixture_open();
    stop_writing = false;
    acknowledged = 0;
    pthread_t writer;
    pthread_create(&writer, NULL, write_on, NULL);
    for (int i = 0; i < 10; i++) {
        while (acknowledged < i * 100) usleep(1000);
        int64_t before = acknowledged;
        char name[32];
        snprintf(name, sizeof name, "busy-%d.db", i);
        assert_int_equal(backup(name), OK);
        int64_t after = acknowledged + 1, n = fixture_count_in(fixture_path(name));
        assert_true(n >= before && n <= after);
    }
    stop_writing = true;
    pthread_join(writer, NULL);
    assert_true(store_close(shared, 1000));
}

static void damage(const char *name) {
    FILE *f = fopen(fixture_path(name), "r+b");
    assert_non_null(f);
    char junk[512];
    memset(junk, 0xa5, sizeof junk);
    for (long at = 4096 * 2 + 8; at < 4096 * 12;
         at += 4096) { /* pages of tables, behind the schema's */
        fseek(f, at, SEEK_SET);
        fwrite(junk, 1, sizeof junk, f);
    }
    fclose(f);
}

static void a_damaged_database_gives_no_backup(void **state) {
    (void)state;
    fixture_fill(2000);
    damage("gradus.db");
    assert_int_not_equal(backup("b.db"), OK);
    assert_non_null(strstr(why, "damaged"));
    assert_int_not_equal(access(fixture_path("b.db"), F_OK), 0);
    assert_int_equal(partials(), 0);
}

static void a_restore_into_an_empty_place(void **state) {
    (void)state;
    fixture_fill(5);
    assert_int_equal(backup("b.db"), OK);
    unlink(fixture_db);
    assert_int_equal(restore("b.db", false), OK);
    assert_int_equal(fixture_count_in(fixture_db), 5);
    fixture_fill(6); /* it can be written */
    assert_int_equal(fixture_count_in(fixture_path("b.db")), 5);
    assert_int_equal(partials(), 0);
}

static void a_restore_keeps_what_was_there(void **state) {
    (void)state;
    fixture_fill(5);
    assert_int_equal(backup("b.db"), OK);
    fixture_fill(9);
    assert_int_equal(restore("b.db", false), ERR_CONFLICT);
    assert_non_null(strstr(why, "--replace"));
    assert_int_equal(fixture_count_in(fixture_db), 9);
    assert_int_equal(restore("b.db", true), OK);
    assert_int_equal(fixture_count_in(fixture_db), 5);
    assert_int_equal(fixture_count_in(fixture_path("gradus.db.before-restore")), 9);
    fixture_fill(7);
    assert_int_equal(restore("b.db", true), OK);
    assert_int_equal(fixture_count_in(fixture_path("gradus.db.before-restore")), 9);
    assert_int_equal(fixture_count_in(fixture_path("gradus.db.before-restore.2")), 7);
    assert_int_equal(partials(), 0);
}

/* What is in the WAL belongs to the old database and not to the new one. */
static void a_restore_keeps_the_wal_of_the_old(void **state) {
    (void)state;
    fixture_fill(5);
    assert_int_equal(backup("b.db"), OK);
    fixture_die_with_wal(5, 20);
    assert_int_equal(restore("b.db", true), OK);
    assert_int_equal(fixture_count_in(fixture_db), 5);
    assert_int_equal(fixture_count_in(fixture_path("gradus.db.before-restore")), 25);
}

static void a_broken_database_can_be_replaced(void **state) {
    (void)state;
    fixture_fill(5);
    assert_int_equal(backup("b.db"), OK);
    FILE *f = fopen(fixture_db, "wb");
    fputs("no database", f);
    fclose(f);
    assert_int_equal(restore("b.db", true), OK);
    assert_int_equal(fixture_count_in(fixture_db), 5);
    struct stat st;
    assert_int_equal(stat(fixture_path("gradus.db.before-restore"), &st), 0);
    assert_int_equal(st.st_size, strlen("no database"));
}

static void unfit_backups_are_refused(void **state) {
    (void)state;
    fixture_fill(2000);
    assert_int_equal(backup("damaged.db"), OK);
    damage("damaged.db");
    assert_int_equal(backup("newer.db"), OK);
    FILE *f = fopen(fixture_path("text.db"), "wb");
    fputs(
        "not a database, but a hundred bytes of text, which is what it takes for a look at the header of a file..",
        f);
    fclose(f);
    fclose(fopen(fixture_path("empty.db"), "wb"));
    sqlite3 *newer = NULL;
    assert_int_equal(sqlite3_open(fixture_path("newer.db"), &newer), SQLITE_OK);
    assert_int_equal(sqlite3_exec(newer, "INSERT INTO schema_migration VALUES (9, 'x', 'y', 1)",
                                  NULL, NULL, NULL),
                     SQLITE_OK);
    sqlite3_close(newer);
    static const struct {
        const char *name, *says;
    } cases[] = {{"damaged.db", "damaged"},
                 {"text.db", "not a database"},
                 {"empty.db", "empty"},
                 {"absent.db", "No such file"},
                 {"newer.db", "made by a newer Gradus"}};
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        assert_int_not_equal(restore(cases[i].name, true), OK);
        if (!strstr(why, cases[i].says)) fail_msg("%s: %s", cases[i].name, why);
        assert_int_equal(fixture_count_in(fixture_db), 2000);
        assert_int_not_equal(access(fixture_path("gradus.db.before-restore"), F_OK), 0);
        assert_int_equal(partials(), 0);
    }
}

static void a_running_store_is_not_replaced(void **state) {
    (void)state;
    fixture_fill(5);
    assert_int_equal(backup("b.db"), OK);
    struct store *s = fixture_open();
    assert_int_equal(restore("b.db", true), ERR_BUSY);
    assert_non_null(strstr(why, "Stop it"));
    assert_int_equal(fixture_save(s, 100, "goes on"), OK);
    assert_true(store_close(s, 1000));
    s = fixture_open_with(
        (struct store_options){.read_only = true}); /* nor under somebody who reads */
    assert_int_equal(restore("b.db", true), ERR_BUSY);
    assert_true(store_close(s, 0));
    assert_int_equal(restore("b.db", true), OK);
    assert_int_equal(fixture_count_in(fixture_db), 5);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_backup_is_one_private_file, fixture_setup,
                                        fixture_teardown),
        cmocka_unit_test_setup_teardown(a_backup_overwrites_nothing, fixture_setup,
                                        fixture_teardown),
        cmocka_unit_test_setup_teardown(a_backup_of_a_busy_store_is_a_moment_of_it, fixture_setup,
                                        fixture_teardown),
        cmocka_unit_test_setup_teardown(a_damaged_database_gives_no_backup, fixture_setup,
                                        fixture_teardown),
        cmocka_unit_test_setup_teardown(a_restore_into_an_empty_place, fixture_setup,
                                        fixture_teardown),
        cmocka_unit_test_setup_teardown(a_restore_keeps_what_was_there, fixture_setup,
                                        fixture_teardown),
        cmocka_unit_test_setup_teardown(a_restore_keeps_the_wal_of_the_old, fixture_setup,
                                        fixture_teardown),
        cmocka_unit_test_setup_teardown(a_broken_database_can_be_replaced, fixture_setup,
                                        fixture_teardown),
        cmocka_unit_test_setup_teardown(unfit_backups_are_refused, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(a_running_store_is_not_replaced, fixture_setup,
                                        fixture_teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
