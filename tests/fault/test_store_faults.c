/* Every operation of the disk fails once, and from then on: opening, migrating, saving, backing
 * up, restoring. What was acknowledged is there afterwards, the sentence is clear, and when the
 * disk is well again so is the store. */
#include "unit/store/fixture.h"

#include "fault/fault_vfs.h"
#include "store/store_db.h"

#define SAVES 12
static bool acknowledged[SAVES];
static const char *why;

/* Opens, saves, closes; notes what was acknowledged. True when all went well. */
static bool scenario(bool recover) {
    struct store *s = NULL;
    why = NULL;
    enum err e = store_open(&s, &(struct store_options){.path = fixture_db}, &fixture_arena, &why);
    if (e != OK) {
        assert_null(s);
        assert_non_null(why);
        return false;
    }
    bool well = true;
    for (int i = 0; i < SAVES; i++) {
        e = fixture_save(s, i, "a note");
        acknowledged[i] = e == OK;
        if (e != OK) {
            well = false;
            assert_int_equal(e, ERR_IO);
            assert_false(store_healthy(s));
            if (recover) {
                /* Space returns: the same store goes on, and the same note can be saved. */
                fault_clear();
                assert_int_equal(fixture_save(s, i, "a note"), OK);
                acknowledged[i] = true;
                assert_true(store_healthy(s));
            }
        } else assert_true(store_healthy(s));
    }
    store_close(s, 1000);
    return well;
}

static void everything_acknowledged_is_there(void) {
    struct store *s = fixture_open();
    for (int i = 0; i < SAVES; i++) {
        struct stmt *q;
        enum err e;
        bool there = db_one(store_reader(s), &q, &e, Q(NOTE_BY_ID), "i", (int64_t)i);
        if (there) {
            assert_string_equal(stmt_text(q, 0, &fixture_arena), "a note");
            assert_int_equal(stmt_end(q), OK);
        }
        if (acknowledged[i] && !there) fail_msg("save %d was acknowledged and is lost", i);
    }
    assert_int_equal(fixture_save(s, 1000, "goes on"), OK);
    assert_true(store_close(s, 1000));
    sqlite3 *sql = NULL;
    assert_int_equal(sqlite3_open(fixture_db, &sql), SQLITE_OK);
    int64_t wrong = -1;
    assert_int_equal(
        db_scalar(sql, "SELECT count(*) FROM pragma_integrity_check WHERE integrity_check <> 'ok'",
                  &wrong),
        SQLITE_OK);
    assert_int_equal(wrong, 0);
    sqlite3_close(sql);
}

static void afresh(void) {
    fixture_empty_folder();
    memset(acknowledged, 0, sizeof acknowledged);
    arena_release(&fixture_arena);
}

static void fail_each(unsigned ops, int error, bool sticky, bool existing, bool recover) {
    int64_t nth = 1, sentences = 0;
    for (;; nth++) {
        afresh();
        if (existing) {
            fault_clear();
            struct store *s = fixture_open();
            assert_true(store_close(s, 1000));
        }
        fault_arm(ops, nth, error, sticky);
        bool well = scenario(recover);
        bool failed = fault.failed;
        fault_clear();
        if (why) {
            sentences++;
            const char *expected = error == ENOSPC ? "the disk is full"
                                                   : "rror"; /* "error" of some kind */
            if (!strstr(why, expected) && !strstr(why, "cannot be opened"))
                fail_msg("operation %lld: %s", (long long)nth, why);
            assert_non_null(strstr(why, fixture_db));
        }
        everything_acknowledged_is_there();
        if (!failed) {
            assert_true(well);
            break;
        }
        assert_true(nth < 1000);
    }
    print_message("  %lld operations failed in turn (%s, %s, %s database), %lld refused to open\n",
                  (long long)nth - 1, error == ENOSPC ? "full" : "error",
                  sticky ? "and all after" : "once", existing ? "old" : "new",
                  (long long)sentences);
    assert_true(nth > 10);
}

static void a_full_disk(void **state) {
    (void)state;
    const unsigned ops = FAULT_WRITE | FAULT_SHM; /* all else works on a full disk */
    for (int i = 0; i < 8; i++) fail_each(ops, ENOSPC, i & 1, i & 2, i & 4);
}

static void a_failing_disk(void **state) {
    (void)state;
    for (int i = 0; i < 8; i++) fail_each(FAULT_CHANGES | FAULT_READ, EIO, i & 1, i & 2, i & 4);
}

/* Nobody saves any more, because everybody was told that it does not work: the store looks by
 * itself. */
static void health_returns_by_itself(void **state) {
    (void)state;
    struct store *s = fixture_open();
    assert_int_equal(fixture_save(s, 1, "a"), OK);
    fault_arm(FAULT_WRITE, 1, ENOSPC, true);
    assert_int_equal(fixture_save(s, 2, "b"), ERR_IO);
    assert_false(store_healthy(s));
    usleep(1500 * 1000);
    assert_false(store_healthy(s));        /* still full */
    assert_int_equal(fixture_count(s), 1); /* reading goes on */
    fault_clear();
    for (int i = 0; i < 40 && !store_healthy(s); i++) usleep(100 * 1000);
    assert_true(store_healthy(s));
    assert_int_equal(fixture_save(s, 2, "b"), OK);
    struct store_stats stats;
    store_stats(s, &stats);
    assert_int_equal(stats.failed, 1);
    assert_true(store_close(s, 1000));
}

/* A job that looks away when its statement fails must not be told that it is saved. Of an INSERT
 * of many rows SQLite takes back the statement only, not the transaction: it could still be
 * committed. */
static enum err look_away(struct db *db, struct arena *a, void *arg, int64_t now_ms) {
    enum err *seen = arg, e = fixture_add(db, a, &(struct note){-1, "the first half"}, now_ms);
    *seen = db_run(db, Q(NOTE_FILL), "i",
                   (int64_t)300); /* 30 MB do not fit the cache: written before COMMIT */
    return e;
}

static void an_overlooked_error_is_not_a_save(void **state) {
    (void)state;
    struct store *s = fixture_open();
    enum err seen = OK;
    fault_arm(FAULT_WRITE, 5, ENOSPC, false);
    assert_int_equal(store_write(s, look_away, &seen, &fixture_arena), ERR_IO);
    assert_true(fault.failed);
    assert_false(store_healthy(s)); /* so that the person is told about the disk */
    fault_clear();
    assert_int_equal(seen, ERR_IO);
    assert_int_equal(fixture_count(s), 0);
    assert_int_equal(store_write(s, look_away, &seen, &fixture_arena), OK);
    assert_true(store_healthy(s));
    assert_int_equal(fixture_count(s), 301);
    assert_true(store_close(s, 1000));
}

static void a_backup_is_whole_or_absent(void **state) {
    (void)state;
    bool failed = true;
    for (int64_t nth = 1; failed; nth++) {
        afresh();
        fixture_fill(30);
        const char *to = fixture_path("b.db");
        fault_arm(FAULT_CHANGES | FAULT_READ, nth, nth % 2 ? ENOSPC : EIO, false);
        enum err e = store_backup(fixture_db, to, &fixture_arena, &why);
        failed = fault.failed;
        fault_clear();
        if (e == OK) assert_int_equal(fixture_count_in(to), 30);
        else {
            assert_non_null(why);
            assert_int_not_equal(access(to, F_OK), 0);
            assert_int_equal(store_backup(fixture_db, to, &fixture_arena, &why), OK);
        }
        if (!failed) {
            assert_int_equal(e, OK);
            assert_true(nth > 10);
        }
    }
}

static void a_restore_is_whole_or_not_at_all(void **state) {
    (void)state;
    bool failed = true;
    for (int64_t nth = 1; failed; nth++) {
        afresh();
        fixture_fill(30);
        const char *copy = fixture_path("b.db");
        assert_int_equal(store_backup(fixture_db, copy, &fixture_arena, &why), OK);
        fixture_die_with_wal(
            30, 10); /* what cannot be moved into the old one must not be read into the new */
        fault_arm(FAULT_CHANGES | FAULT_READ, nth, nth % 2 ? ENOSPC : EIO, nth % 3 == 0);
        enum err e = store_restore(copy, fixture_db, true, &fixture_arena, &why);
        failed = fault.failed;
        fault_clear();
        assert_int_equal(fixture_count_in(fixture_db), e == OK ? 30 : 40);
        if (e == OK)
            assert_int_equal(fixture_count_in(fixture_path("gradus.db.before-restore")), 40);
        else assert_non_null(why);
        if (!failed) {
            assert_int_equal(e, OK);
            assert_true(nth > 10);
        }
    }
}

/* The power goes at each operation in turn. */
static void a_power_cut_loses_nothing_acknowledged(void **state) {
    (void)state;
    unsigned seed = 20261122;
    int taken = 0, cuts = 0;
    fault.remember = true;
    bool failed = true;
    for (int64_t nth = 1; failed; nth++) {
        for (int luck = 0; luck < 4; luck++) {
            afresh();
            fault_forget(NULL);
            fault_arm(FAULT_CHANGES, nth, EIO, true);
            scenario(false);
            failed = fault.failed;
            /* The process has ended with the power; nothing of it is written any more. */
            taken += fault_power_cut(luck == 0 ? 1000 : luck == 1 ? 0 : 500, &seed);
            unlink(fixture_path("gradus.db-shm"));
            fault_clear();
            everything_acknowledged_is_there();
            cuts += failed;
        }
    }
    fault.remember = false;
    fault_forget(NULL);
    print_message("  %d cuts, %d unsynced writes taken back\n", cuts, taken);
    assert_true(cuts > 100 && taken > 100);
}

/* ---- A disk that is really full ------------------------------------------------------------- */

#include <sched.h>
#include <sys/mount.h>

static int on_a_small_disk(const char *folder) {
    if (unshare(CLONE_NEWNS) != 0 || mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) != 0 ||
        mount("tmpfs", folder, "tmpfs", 0, "size=1m") != 0)
        return 77; /* not permitted here */
    struct store *s = fixture_open();
    char text[4000];
    memset(text, 'x', sizeof text - 1);
    text[sizeof text - 1] = '\0';
    int64_t saved = 0;
    enum err e;
    while ((e = fixture_save(s, saved, text)) == OK && saved < 2000) saved++;
    if (e != ERR_IO || saved < 20 || store_healthy(s) || fixture_count(s) != saved) return 2;
    const char *to = fixture_path("b.db");
    if (store_backup(fixture_db, to, &fixture_arena, &why) != ERR_IO ||
        !strstr(why, "the disk is full"))
        return 3;
    if (access(to, F_OK) == 0) return 4;
    if (mount("tmpfs", folder, "tmpfs", MS_REMOUNT, "size=20m") != 0) return 5;
    if (fixture_save(s, saved, text) != OK || !store_healthy(s)) return 6;
    if (!store_close(s, 1000)) return 7;
    s = fixture_open();
    if (fixture_count(s) != saved + 1) return 8;
    if (!store_close(s, 1000)) return 9;
    /* And one that is full from the start, or read-only. */
    if (mount("tmpfs", folder, "tmpfs", MS_REMOUNT | MS_RDONLY, NULL) != 0) return 10;
    if (!strstr(fixture_refused(fixture_db, false, ERR_IO), "read-only")) return 11;
    if (fixture_count_in(fixture_db) != saved + 1) return 12;
    if (mount("tmpfs", folder, "tmpfs", 0, "size=12k") != 0) return 13;
    const char *sentence = fixture_refused(fixture_db, false, ERR_IO);
    if (!strstr(sentence, "the disk is full")) return fprintf(stderr, "%s\n", sentence), 14;
    return 0;
}

static void a_small_tmpfs_fills_up(void **state) {
    (void)state;
    fflush(NULL);
    pid_t child = fork();
    if (child == 0) {
        sqlite3_vfs_register(fault.real, 1);
        _exit(on_a_small_disk(fixture_folder));
    }
    int status = -1;
    waitpid(child, &status, 0);
    if (WIFEXITED(status) && WEXITSTATUS(status) == 77) {
        print_message("  mounting is not permitted here\n");
        skip();
    }
    assert_int_equal(status, 0);
}

int main(void) {
    fault_install();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_full_disk, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(a_failing_disk, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(health_returns_by_itself, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(an_overlooked_error_is_not_a_save, fixture_setup,
                                        fixture_teardown),
        cmocka_unit_test_setup_teardown(a_backup_is_whole_or_absent, fixture_setup,
                                        fixture_teardown),
        cmocka_unit_test_setup_teardown(a_restore_is_whole_or_not_at_all, fixture_setup,
                                        fixture_teardown),
        cmocka_unit_test_setup_teardown(a_power_cut_loses_nothing_acknowledged, fixture_setup,
                                        fixture_teardown),
        cmocka_unit_test_setup_teardown(a_small_tmpfs_fills_up, fixture_setup, fixture_teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
