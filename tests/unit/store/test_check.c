/* The check of a whole file says "damaged" of what is damaged, and of nothing else: a single
 * allocation or read that fails is no reason to tell anybody to restore a backup. */
#include "unit/store/fixture.h"

#include "base/text.h"
#include "fault/fault_vfs.h"
#include "store/store_copy.h"

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define HAS_FAILING_MEMORY 0 /* a sanitizer has an allocator of its own */
#else
#define HAS_FAILING_MEMORY 1
#include "memory/failing_memory.h"
#endif

#define MOST 20000

static const char *why;

static bool go_on(void *arg, int64_t worked_ms) {
    (void)arg, (void)worked_ms;
    return false;
}

/* What can be said of a database: OK, what is wrong in `why` (ERR_INVALID), or that it cannot be
 * said. */
static enum err check(void) {
    struct store_check found;
    enum err e = store_check_file(fixture_db, go_on, NULL, &fixture_arena, &found, &why);
    if (e != OK) return e;
    assert_null(why);
    why = found.problem;
    assert_int_equal(found.whole, !found.problem);
    return found.problem ? ERR_INVALID : OK;
}

static enum err back_up(void) {
    const char *to = fixture_path("b.db");
    enum err e = store_backup(fixture_db, to, &fixture_arena, &why);
    assert_int_equal(access(to, F_OK) == 0, e == OK);
    unlink(to);
    return e;
}

static enum err check_backup(void) { return store_check_backup(fixture_db, &fixture_arena, &why); }

/* Each time to another place: whoever leaves through the guard ends no restore, and so holds its
 * lock. */
static enum err restore(void) {
    static int places;
    const char *to = fixture_path(arena_printf(&fixture_arena, "new%d.db", places++));
    enum err e = store_restore(fixture_db, to, false, &fixture_arena, &why);
    unlink(to);
    return e;
}

static enum err open_it(void) {
    struct store *s = NULL;
    enum err e = store_open(&s, &(struct store_options){.path = fixture_db}, &fixture_arena, &why);
    assert_int_equal(s != NULL, e == OK);
    if (e != OK) return e;
        /* What is open can be written, once nothing fails any more. */
#if HAS_FAILING_MEMORY
    atomic_store(&order->left, 0);
#endif
    fault_clear();
    assert_int_equal(fixture_save(s, fixture_count(s), "after it"), OK);
    assert_true(store_close(s, 1000));
    return OK;
}

static const struct {
    const char *name;
    enum err (*run)(void);
    int step; /* those that bring files to the disk take their time */
} ways[] = {{"check", check, 1},
            {"backup", back_up, 5},
            {"check_backup", check_backup, 1},
            {"open", open_it, 1},
            {"restore", restore, 5}};

/* Through the guard of the arena, too. */
static enum err run(enum err (*f)(void)) {
    volatile enum err e = ERR_BUSY;
    why = NULL;
    if (ARENA_GUARD(&fixture_arena) == 0) {
        e = f();
        if (e != OK) assert_non_null(why);
    } else why = "memory is short";
    return e;
}

static void is_no_damage(const char *name, int nth, enum err e) {
    if (e == OK) return;
    static const char *const words[] = {"damaged", "last good backup", "is whole", "put a backup",
                                        "not a database"};
    for (size_t i = 0; i < COUNT_OF(words); i++)
        if (strstr(why, words[i])) fail_msg("%s, number %d: %s", name, nth, why);
    if (e == ERR_INVALID || e == ERR_CONFLICT)
        fail_msg("%s, number %d: %s: %s", name, nth, err_name(e), why);
}

static void begin_again(void **state) {
    arena_release(&fixture_arena);
    fixture_empty_folder();
    fixture_teardown(state);
    assert_int_equal(fixture_setup(state), 0);
    fixture_fill(40);
}

static void a_failed_allocation_is_no_damage(void **state) {
    (void)state;
#if HAS_FAILING_MEMORY
    for (size_t i = 0; i < COUNT_OF(ways); i++) {
        begin_again(state);
        assert_int_equal(run(ways[i].run), OK);
        int nth = 1, failed = 0;
        for (; nth < MOST; nth += ways[i].step) {
            long long before = atomic_load(&order->refused);
            atomic_store(&order->left, nth);
            enum err e = run(ways[i].run);
            atomic_store(&order->left, 0);
            if (atomic_load(&order->refused) == before) break;
            if (e != OK) failed++;
            is_no_damage(ways[i].name, nth, e);
            arena_release(&fixture_arena);
        }
        assert_true(nth > 50 && nth < MOST);
        assert_true(failed > 20);
        assert_int_equal(run(ways[i].run), OK);
    }
#endif
}

static void a_failed_read_is_no_damage(void **state) {
    (void)state;
    for (size_t i = 0; i < COUNT_OF(ways); i++) {
        begin_again(state);
        int nth = 1, failed = 0;
        for (; nth < MOST; nth++) {
            fault_arm(FAULT_READ | FAULT_OPEN, nth, EIO, false);
            enum err e = run(ways[i].run);
            bool happened = fault.failed;
            fault_clear();
            if (!happened) break;
            if (e != OK) failed++;
            is_no_damage(ways[i].name, nth, e);
            arena_release(&fixture_arena);
        }
        assert_true(failed > 3 && nth < MOST);
        assert_int_equal(run(ways[i].run), OK);
    }
}

static void damage_is_damage(void **state) {
    (void)state;
    fixture_fill(2000);
    int fd = open(fixture_db, O_RDWR);
    char junk[512];
    memset(junk, 0xa5, sizeof junk);
    struct stat st;
    assert_int_equal(fstat(fd, &st), 0);
    for (off_t at = 4096 * 6 + 8; at < st.st_size; at += 4096)
        assert_int_equal(pwrite(fd, junk, sizeof junk, at), sizeof junk);
    close(fd);
    for (size_t i = 0; i < COUNT_OF(ways); i++) {
        if (ways[i].run == open_it) continue; /* it reads the schema, which is whole */
        if (run(ways[i].run) == OK || !strstr(why, "damaged"))
            fail_msg("%s: %s", ways[i].name, why);
        arena_release(&fixture_arena);
    }
    assert_int_equal(check(), ERR_INVALID);
    const char *begins = arena_printf(&fixture_arena, "%s is damaged (table note: ", fixture_db);
    assert_memory_equal(why, begins, strlen(begins));
}

/* What SQLite's check answers, and which of it is damage. */
static void answers_are_told_apart(void **state) {
    (void)state;
    static const struct {
        const char *question;
        int rc;
        const char *damage;
    } cases[] = {
        {"SELECT 'ok'", SQLITE_OK, NULL},
        {"SELECT 1 WHERE 0", SQLITE_OK, NULL},
        {"SELECT NULL", SQLITE_NOMEM, NULL},
        {"SELECT 'row 1 missing' || char(10) || 'row 2 missing'", SQLITE_OK,
         "row 1 missing row 2 missing"},
        {"SELECT 'Tree 3: unable to get the page. error code=266'", SQLITE_IOERR_READ, NULL},
        {"SELECT 'error code=7'", SQLITE_NOMEM, NULL},
        {"SELECT 'error code=11'", SQLITE_OK, "error code=11"},
        {"SELECT 'error code=26'", SQLITE_OK, "error code=26"},
        {"SELECT 'error code=11, error code=10'", SQLITE_IOERR, NULL},
        {"SELECT 'error code'", SQLITE_OK, "error code"},
        {"SELECT wrong", SQLITE_ERROR, NULL},
    };
    sqlite3 *sql = NULL;
    assert_int_equal(sqlite3_open(":memory:", &sql), SQLITE_OK);
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        const char *damage = "not set";
        int rc = db_integrity(sql, cases[i].question, &fixture_arena, &damage);
        if (rc != cases[i].rc || !str_eq(damage, cases[i].damage))
            fail_msg("%s: %d, %s", cases[i].question, rc, damage);
    }
    sqlite3_close(sql);
}

/* ---- The check's rests ---------------------------------------------------------------------- */

struct rests {
    int after_tables, between;
    int stop_after, stop_between; /* at which of them it ends; 0: never */
};

static bool count_rest(void *arg, int64_t worked_ms) {
    struct rests *r = arg;
    if (worked_ms > 0) return ++r->after_tables == r->stop_after;
    return ++r->between == r->stop_between;
}

/* The schema and the tables of the fixture, one after the other. */
static void a_check_rests_and_can_be_ended(void **state) {
    (void)state;
    fixture_fill(1);
    sqlite3 *sql = NULL;
    assert_int_equal(sqlite3_open(fixture_db, &sql), SQLITE_OK);
    assert_int_equal(
        sqlite3_exec(sql,
                     "INSERT INTO note (id, text) WITH RECURSIVE c (n) AS (SELECT 1 UNION ALL"
                     " SELECT n + 1 FROM c WHERE n < 20000) SELECT n, 'a note' FROM c",
                     NULL, NULL, NULL),
        SQLITE_OK);
    sqlite3_close(sql);
    static const struct {
        struct rests rests;
        int64_t tables; /* 0: before the end */
        bool whole;
    } cases[] = {{{0, 0, 0, 0}, 6, true},
                 {{0, 0, 1, 0}, 1, false},
                 {{0, 0, 2, 0}, 2, false},
                 {{0, 0, 0, 1}, 0, false}};
    int64_t all = 0;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct store_check found;
        struct rests rests = cases[i].rests;
        assert_int_equal(
            store_check_file(fixture_db, count_rest, &rests, &fixture_arena, &found, &why), OK);
        assert_null(found.problem);
        assert_int_equal(found.whole, cases[i].whole);
        if (i == 0) {
            all = found.tables;
            assert_int_equal(rests.after_tables, all);
            assert_true(rests.between > 2);
        }
        if (cases[i].tables) assert_int_equal(found.tables, cases[i].tables);
        else {
            assert_true(found.tables < all);
            assert_int_equal(rests.between, 1);
            assert_int_equal(rests.after_tables, found.tables - 1); /* none after its end */
        }
    }
}

int main(void) {
    fault_install();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_failed_allocation_is_no_damage, fixture_setup,
                                        fixture_teardown),
        cmocka_unit_test_setup_teardown(a_failed_read_is_no_damage, fixture_setup,
                                        fixture_teardown),
        cmocka_unit_test_setup_teardown(damage_is_damage, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(answers_are_told_apart, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(a_check_rests_and_can_be_ended, fixture_setup,
                                        fixture_teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
