/* Watched tables: what was read under a count holds as long as the count says the same. */
#include "unit/store/fixture.h"

#include <pthread.h>
#include <semaphore.h>
#include <stdatomic.h>

static const char *const watched_tables[] = {"note", NULL};

struct told_count {
    struct write_job job;
    struct note note;
    struct store *store;
    uint64_t count; /* of changes, when this job was told */
    sem_t done;
};

static void tell_count(struct write_job *job, enum err result) {
    struct told_count *t = job->context;
    t->count = result == OK ? store_watched_version(t->store) : 0;
    sem_post(&t->done);
}

static enum err add_clock(struct db *db, struct arena *a, void *arg, int64_t now_ms) {
    (void)a, (void)arg;
    return db_run(db, Q(CLOCK_ADD), "i", now_ms);
}

static void changes_of_watched_tables_are_counted(void **state) {
    (void)state;
    struct store *s = fixture_open_with((struct store_options){.watched = watched_tables});
    const uint64_t before = store_watched_version(s);
    assert_int_equal(store_watched_version(s), before);
    assert_int_equal(store_write(s, add_clock, NULL, &fixture_arena), OK);
    assert_int_equal(store_watched_version(s), before); /* another table */
    struct told_count t = {.note = {1, "one"}, .store = s};
    t.job = (struct write_job){.run = fixture_add,
                               .arg = &t.note,
                               .arena = &fixture_arena,
                               .done = tell_count,
                               .context = &t};
    sem_init(&t.done, 0, 0);
    struct db *db = store_reader(s);
    store_read_begin(db);
    assert_int_equal(store_submit(s, &t.job), OK);
    sem_wait(&t.done);
    sem_destroy(&t.done);
    assert_int_equal(t.count, before + 1); /* whoever is told finds it counted */
    /* This snapshot began earlier: it does not claim to know of it, whatever it saw. */
    assert_int_equal(db_watched_version(db), before);
    store_read_end(db);
    store_read_begin(db);
    assert_int_equal(db_watched_version(db), before + 1);
    store_read_end(db);
    assert_true(store_close(s, 1000));
}

static void what_is_not_watched_cannot_be_kept(void **state) {
    (void)state;
    struct store *s = fixture_open();
    struct db *db = store_reader(s);
    store_read_begin(db);
    assert_int_not_equal(db_watched_version(db), store_watched_version(s));
    assert_int_not_equal(store_watched_version(s), store_watched_version(s));
    store_read_end(db);
    assert_true(store_close(s, 1000));
}

/* ---- Keeping under the count, as the account room does -------------------------------------- */

#define SAVES 400

static struct {
    pthread_mutex_t lock;
    struct store *store;
    uint64_t as_of;
    int64_t notes; /* what was read under `as_of` */
    bool full;
    _Atomic int64_t told; /* saves that somebody was told of */
    atomic_bool over;
    _Atomic int64_t stale, used;
} keeping = {.lock = PTHREAD_MUTEX_INITIALIZER};

/* What is kept, when it may be used: then it knows of everything that anyone was told. */
static bool use(void) {
    const int64_t told = keeping.told;
    pthread_mutex_lock(&keeping.lock);
    bool usable = keeping.full && keeping.as_of == store_watched_version(keeping.store);
    if (usable && keeping.notes < told) keeping.stale++;
    pthread_mutex_unlock(&keeping.lock);
    keeping.used += usable;
    return usable;
}

static void read_and_keep(void) {
    struct stmt *q;
    enum err e;
    struct db *db = store_reader(keeping.store);
    store_read_begin(db);
    if (db_one(db, &q, &e, Q(NOTE_COUNT), "")) {
        const int64_t notes = stmt_int(q, 0);
        pthread_mutex_lock(&keeping.lock);
        keeping.notes = notes;
        keeping.as_of = db_watched_version(db);
        keeping.full = true;
        pthread_mutex_unlock(&keeping.lock);
        e = stmt_end(q);
    }
    store_read_end(db);
}

static void *read_often(void *arg) {
    while (!keeping.over)
        if (!use()) read_and_keep();
    return arg;
}

static void nothing_that_was_told_is_overlooked(void **state) {
    (void)state;
    pthread_t threads[3];
    keeping.store = fixture_open_with((struct store_options){.watched = watched_tables});
    for (size_t i = 0; i < COUNT_OF(threads); i++)
        pthread_create(&threads[i], NULL, read_often, NULL);
    for (int64_t i = 1; i <= SAVES; i++) {
        assert_int_equal(fixture_save(keeping.store, i, "x"), OK);
        keeping.told = i;
        for (int64_t used = keeping.used; keeping.used == used;) sched_yield();
    }
    keeping.over = true;
    for (size_t i = 0; i < COUNT_OF(threads); i++) pthread_join(threads[i], NULL);
    assert_int_equal(keeping.stale, 0);
    assert_true(keeping.used > SAVES);
    assert_true(store_close(keeping.store, 1000));
}

/* A job that took its change back may be counted, but one that shares its COMMIT must be. */
static enum err add_and_fail(struct db *db, struct arena *a, void *arg, int64_t now_ms) {
    enum err e = fixture_add(db, a, arg, now_ms);
    return e == OK ? ERR_DENIED : e;
}

static void a_failing_job_hides_no_change(void **state) {
    (void)state;
    struct store *s = fixture_open_with((struct store_options){.watched = watched_tables});
    struct note note = {1, "taken back"};
    assert_int_equal(store_write(s, add_and_fail, &note, &fixture_arena), ERR_DENIED);
    const uint64_t before = store_watched_version(s);
    assert_int_equal(store_write(s, add_clock, NULL, &fixture_arena), OK);
    assert_int_equal(store_watched_version(s), before); /* it is not held against the next one */
    assert_int_equal(fixture_save(s, 1, "kept"), OK);
    assert_int_equal(store_watched_version(s), before + 1);
    assert_true(store_close(s, 1000));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(changes_of_watched_tables_are_counted, fixture_setup,
                                        fixture_teardown),
        cmocka_unit_test_setup_teardown(what_is_not_watched_cannot_be_kept, fixture_setup,
                                        fixture_teardown),
        cmocka_unit_test_setup_teardown(a_failing_job_hides_no_change, fixture_setup,
                                        fixture_teardown),
        cmocka_unit_test_setup_teardown(nothing_that_was_told_is_overlooked, fixture_setup,
                                        fixture_teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
