/* The writer: group commit, one savepoint a job, a bounded queue, a clock that does not run
 * back, an end in time. */
#include "unit/store/fixture.h"

#include <pthread.h>
#include <semaphore.h>
#include <sys/syscall.h>
#include <time.h>

#include "base/clock.h"

/* The wall clock as this program sees it: the real one and what a test adds. */
static _Atomic int64_t clock_shift_s;
int clock_gettime(clockid_t id, struct timespec *out) {
    int rc = (int)syscall(SYS_clock_gettime, id, out);
    if (id == CLOCK_REALTIME) out->tv_sec += clock_shift_s;
    return rc;
}

/* A job that holds the writer until it is told to go on. */
struct gate {
    sem_t entered, open;
};
static enum err stand(struct db *db, struct arena *a, void *arg, int64_t now_ms) {
    (void)db, (void)a, (void)now_ms;
    struct gate *gate = arg;
    sem_post(&gate->entered);
    while (sem_wait(&gate->open) != 0) continue;
    return OK;
}

/* Jobs without a thread each. */
struct task {
    struct write_job job;
    struct arena arena;
    struct note note;
    enum err result;
    bool told;
};
static _Atomic int told_count;
static void tell(struct write_job *job, enum err result) {
    struct task *t = job->context;
    t->result = result;
    t->told = true;
    told_count++;
}
static void task_init(struct task *t, write_fn run, void *arg) {
    memset(t, 0, sizeof *t);
    arena_init(&t->arena, 1024 * 1024);
    t->job = (struct write_job){
        .run = run, .arg = arg, .arena = &t->arena, .done = tell, .context = t};
}
static void wait_told(int n) {
    while (told_count < n) usleep(1000);
}

static struct task gate_task;
static struct gate gate;
static void shut_gate(struct store *s) {
    told_count = 0;
    sem_init(&gate.entered, 0, 0);
    sem_init(&gate.open, 0, 0);
    task_init(&gate_task, stand, &gate);
    assert_int_equal(store_submit(s, &gate_task.job), OK);
    while (sem_wait(&gate.entered) != 0) continue;
}

#define MANY 100
static struct task tasks[MANY];

static void waiting_jobs_share_a_commit(void **state) {
    (void)state;
    struct store *s = fixture_open_with((struct store_options){.batch_limit = MANY + 1});
    struct store_stats before, after;
    store_stats(s, &before);
    shut_gate(s);
    for (int i = 0; i < MANY; i++) {
        task_init(&tasks[i], fixture_add, &tasks[i].note);
        tasks[i].note = (struct note){i, "x"};
        assert_int_equal(store_submit(s, &tasks[i].job), OK);
    }
    store_stats(s, &after);
    assert_int_equal(after.queue_length, MANY);
    assert_int_equal(told_count, 0);
    sem_post(&gate.open);
    wait_told(MANY + 1);
    store_stats(s, &after);
    assert_int_equal(after.jobs - before.jobs, MANY + 1);
    assert_int_equal(after.commits - before.commits, 1);
    assert_int_equal(after.failed, 0);
    assert_int_equal(after.queue_length, 0);
    assert_int_equal(fixture_count(s), MANY);
    assert_true(store_close(s, 1000));
}

static void a_batch_has_its_limit(void **state) {
    (void)state;
    struct store *s = fixture_open_with((struct store_options){.batch_limit = 10});
    struct store_stats before, after;
    store_stats(s, &before);
    shut_gate(s);
    for (int i = 0; i < MANY; i++) {
        task_init(&tasks[i], fixture_add, &tasks[i].note);
        tasks[i].note = (struct note){i, "x"};
        assert_int_equal(store_submit(s, &tasks[i].job), OK);
    }
    sem_post(&gate.open);
    wait_told(MANY + 1);
    store_stats(s, &after);
    assert_int_equal(after.commits - before.commits, 11); /* 101 jobs by ten */
    assert_true(store_close(s, 1000));
}

/* ---- Failing jobs --------------------------------------------------------------------------- */

static enum err add_and_deny(struct db *db, struct arena *a, void *arg, int64_t now_ms) {
    enum err e = fixture_add(db, a, arg, now_ms);
    return e == OK ? ERR_DENIED : e;
}
static enum err add_and_overflow(struct db *db, struct arena *a, void *arg, int64_t now_ms) {
    if (fixture_add(db, a, arg, now_ms) != OK) return ERR_IO;
    for (;;) arena_alloc(a, 10000);
}
static enum err add_dangling_later(struct db *db, struct arena *a, void *arg, int64_t now_ms) {
    if (fixture_add(db, a, arg, now_ms) != OK) return ERR_IO;
    return db_run(db, Q(LATER_ADD), "i", (int64_t)-5);
}
static enum err add_later_resolved(struct db *db, struct arena *a, void *arg, int64_t now_ms) {
    const struct note *note = arg;
    enum err e = db_run(db, Q(LATER_ADD), "i", note->id);
    return e == OK ? fixture_add(db, a, arg, now_ms) : e;
}
static enum err add_dangling(struct db *db, struct arena *a, void *arg, int64_t now_ms) {
    if (fixture_add(db, a, arg, now_ms) != OK) return ERR_IO;
    return db_run(db, Q(CHILD_ADD), "i", (int64_t)-5);
}
/* A refused statement may be part of the plan: what the job does besides stays. */
static enum err add_twice_and_go_on(struct db *db, struct arena *a, void *arg, int64_t now_ms) {
    if (fixture_add(db, a, arg, now_ms) != OK) return ERR_IO;
    return fixture_add(db, a, arg, now_ms) == ERR_CONFLICT ? OK : ERR_IO;
}

static void a_failing_job_harms_no_other(void **state) {
    (void)state;
    static const struct {
        write_fn run;
        enum err result;
        bool stays;
    } kinds[] = {
        {fixture_add, OK, true},
        {add_and_deny, ERR_DENIED, false},
        {add_and_overflow, ERR_LIMIT, false},
        {add_dangling_later, ERR_CONFLICT, false},
        {add_later_resolved, OK, true},
        {add_dangling, ERR_CONFLICT, false},
        {add_twice_and_go_on, OK, true},
    };
    struct store *s = fixture_open();
    struct store_stats before, after;
    store_stats(s, &before);
    shut_gate(s);
    for (int i = 0; i < MANY; i++) {
        task_init(&tasks[i], kinds[(size_t)i % COUNT_OF(kinds)].run, &tasks[i].note);
        tasks[i].note = (struct note){i, "x"};
        assert_int_equal(store_submit(s, &tasks[i].job), OK);
    }
    sem_post(&gate.open);
    wait_told(MANY + 1);
    store_stats(s, &after);
    assert_int_equal(after.commits - before.commits, 1);
    int64_t stay = 0, fail = 0;
    for (int i = 0; i < MANY; i++) {
        assert_int_equal(tasks[i].result, kinds[(size_t)i % COUNT_OF(kinds)].result);
        stay += kinds[(size_t)i % COUNT_OF(kinds)].stays;
        fail += tasks[i].result != OK;
        struct stmt *q;
        enum err e;
        bool there = db_one(store_reader(s), &q, &e, Q(NOTE_BY_ID), "i", (int64_t)i);
        if (there) assert_int_equal(stmt_end(q), OK);
        assert_int_equal(there, kinds[(size_t)i % COUNT_OF(kinds)].stays);
        arena_release(&tasks[i].arena);
    }
    assert_int_equal(fixture_count(s), stay);
    assert_int_equal(after.failed - before.failed, fail);
    assert_true(store_healthy(s));
    assert_true(store_close(s, 1000));
}

struct nth {
    long n;
    int64_t id;
    bool failed;
};
static enum err allocate(struct db *db, struct arena *a, void *arg, int64_t now_ms) {
    (void)now_ms;
    struct nth *nth = arg;
    arena_fail_at(nth->n);
    for (int i = 0; i < 5; i++) {
        const char *text = arena_printf(a, "note %d", i);
        if (db_run(db, Q(NOTE_ADD), "itn", nth->id * 10 + i, text) != OK) return ERR_IO;
        struct stmt *q;
        enum err e;
        if (!db_one(db, &q, &e, Q(NOTE_BY_ID), "i", nth->id * 10 + i)) return ERR_IO;
        if (strcmp(stmt_text(q, 0, a), text) != 0) return ERR_IO; /* may leave with q open */
        if (stmt_end(q) != OK) return ERR_IO;
    }
    arena_fail_at(0);
    return OK;
}

static void the_nth_allocation_fails(void **state) {
    (void)state;
    struct store *s = fixture_open();
    int64_t kept = 0;
    bool through = false;
    for (long n = 1; !through; n++) {
        assert_true(n < 100);
        struct arena a;
        arena_init(&a, 1024 * 1024);
        struct nth nth = {n, n, false};
        enum err e = store_write(s, allocate, &nth, &a);
        arena_release(&a);
        if (e == OK) kept += 5;
        else assert_int_equal(e, ERR_BUSY); /* as if malloc had nothing */
        assert_int_equal(fixture_count(s), kept);
        through = e == OK;
        if (through) assert_true(n > 10); /* each allocation had its turn */
        assert_int_equal(fixture_save(s, -n, "others go on"), OK);
        kept++;
    }
    assert_true(store_close(s, 1000));
}

/* The caller of store_write keeps the guard that it had. */
static void the_callers_guard_survives(void **state) {
    (void)state;
    struct store *s = fixture_open();
    struct arena a;
    arena_init(&a, 1024 * 1024);
    volatile int left = 0;
    struct note note = {1, "x"};
    if (ARENA_GUARD(&a) == 0) {
        assert_int_equal(store_write(s, add_and_overflow, &note, &a), ERR_LIMIT);
        assert_true(a.guarded);
        arena_fail(&a);
    } else left = 1;
    assert_int_equal(left, 1);
    arena_release(&a);
    arena_init(&a, 1024 * 1024);
    assert_int_equal(store_write(s, fixture_add, &note, &a), OK);
    assert_false(a.guarded);
    arena_release(&a);
    assert_true(store_close(s, 1000));
}

/* ---- The queue and the end ------------------------------------------------------------------ */

static void a_full_queue_refuses(void **state) {
    (void)state;
    struct store *s = fixture_open_with((struct store_options){.queue_capacity = 10});
    shut_gate(s);
    for (int i = 0; i < 20; i++) {
        task_init(&tasks[i], fixture_add, &tasks[i].note);
        tasks[i].note = (struct note){i, "x"};
        assert_int_equal(store_submit(s, &tasks[i].job), i < 10 ? OK : ERR_BUSY);
    }
    sem_post(&gate.open);
    wait_told(11);
    for (int i = 0; i < 20; i++) assert_int_equal(tasks[i].told, i < 10); /* refused: never told */
    assert_int_equal(fixture_count(s), 10);
    assert_int_equal(fixture_save(s, 100, "room again"), OK);
    assert_true(store_close(s, 1000));
}

static void *close_it(void *s) { return store_close(s, 10000) ? s : NULL; /* whole: not NULL */ }

static void closing_finishes_what_was_accepted(void **state) {
    (void)state;
    struct store *s = fixture_open();
    shut_gate(s);
    for (int i = 0; i < MANY; i++) {
        task_init(&tasks[i], fixture_add, &tasks[i].note);
        tasks[i].note = (struct note){i, "x"};
        assert_int_equal(store_submit(s, &tasks[i].job), OK);
    }
    pthread_t closer;
    pthread_create(&closer, NULL, close_it, s);
    /* The store is closing once it refuses. */
    struct task late[50];
    int refused = -1;
    for (int i = 0; i < 50 && refused < 0; i++) {
        usleep(40000);
        task_init(&late[i], fixture_add, &late[i].note);
        late[i].note = (struct note){1000 + i, "late"};
        if (store_submit(s, &late[i].job) == ERR_BUSY) refused = i;
    }
    assert_true(refused >= 0);
    sem_post(&gate.open);
    void *how;
    pthread_join(closer, &how);
    assert_non_null(how);
    assert_int_equal(told_count, MANY + 1 + refused);
    /* The last checkpoint left nothing in the WAL. */
    assert_int_not_equal(access(fixture_path("gradus.db-wal"), F_OK), 0);
    assert_false(late[refused].told);
    s = fixture_open();
    assert_int_equal(fixture_count(s), MANY + refused);
    assert_true(store_close(s, 1000));
}

static enum err nap(struct db *db, struct arena *a, void *arg, int64_t now_ms) {
    usleep(10000);
    return fixture_add(db, a, arg, now_ms);
}

static void a_deadline_cuts_off(void **state) {
    (void)state;
    struct store *s = fixture_open_with((struct store_options){.batch_limit = 4});
    told_count = 0;
    for (int i = 0; i < MANY; i++) {
        task_init(&tasks[i], nap, &tasks[i].note);
        tasks[i].note = (struct note){i, "x"};
        assert_int_equal(store_submit(s, &tasks[i].job), OK);
    }
    int64_t start = clock_monotonic_ms();
    assert_false(store_close(s, 200));
    assert_true(clock_monotonic_ms() - start < 5000);
    assert_int_equal(told_count, MANY);
    s = fixture_open();
    int64_t saved = 0;
    for (int i = 0; i < MANY; i++) {
        assert_true(tasks[i].result == OK || tasks[i].result == ERR_BUSY);
        saved += tasks[i].result == OK;
    }
    assert_true(saved > 0 && saved < MANY);
    assert_int_equal(fixture_count(s), saved); /* those told OK, and no other */
    assert_true(store_close(s, 1000));
}

static enum err run_long(struct db *db, struct arena *a, void *arg, int64_t now_ms) {
    (void)a, (void)now_ms;
    sem_post(&((struct gate *)arg)->entered);
    return db_run(db, Q(SLOW), "i", (int64_t)1 << 40);
}

static void a_deadline_ends_a_runaway_query(void **state) {
    (void)state;
    struct store *s = fixture_open();
    assert_int_equal(fixture_save(s, 1, "before"), OK);
    told_count = 0;
    sem_init(&gate.entered, 0, 0);
    task_init(&tasks[0], run_long, &gate);
    task_init(&tasks[1], fixture_add, &tasks[1].note);
    tasks[1].note = (struct note){2, "behind it"};
    assert_int_equal(store_submit(s, &tasks[0].job), OK);
    while (sem_wait(&gate.entered) != 0) continue;
    assert_int_equal(store_submit(s, &tasks[1].job), OK);
    int64_t start = clock_monotonic_ms();
    assert_false(store_close(s, 100));
    assert_true(clock_monotonic_ms() - start < 5000);
    assert_int_equal(tasks[0].result, ERR_BUSY);
    assert_int_equal(tasks[1].result, ERR_BUSY);
    s = fixture_open();
    assert_int_equal(fixture_count(s), 1);
    assert_true(store_close(s, 1000));
}

/* It overlooks that its query was cut short, and means to be done. */
static enum err read_long(struct db *db, struct arena *a, void *arg, int64_t now_ms) {
    (void)a, (void)now_ms;
    enum err e = db_run(db, Q(NOTE_ADD), "itn", (int64_t)9, "decided on half of the facts");
    sem_post(&((struct gate *)arg)->entered);
    struct stmt *q = db_query(db, Q(SLOW_READ), "i", (int64_t)1 << 40);
    while (stmt_row(q)) continue;
    return stmt_end(q) == OK ? ERR_INVALID : e;
}

static void a_query_cut_short_is_not_a_save(void **state) {
    (void)state;
    struct store *s = fixture_open();
    told_count = 0;
    sem_init(&gate.entered, 0, 0);
    task_init(&tasks[0], read_long, &gate);
    assert_int_equal(store_submit(s, &tasks[0].job), OK);
    while (sem_wait(&gate.entered) != 0) continue;
    assert_false(store_close(s, 100));
    assert_int_equal(tasks[0].result, ERR_BUSY);
    s = fixture_open();
    assert_int_equal(fixture_count(s), 0);
    assert_true(store_close(s, 1000));
}

/* ---- Time and news -------------------------------------------------------------------------- */

static enum err note_time(struct db *db, struct arena *a, void *arg, int64_t now_ms) {
    (void)a;
    *(int64_t *)arg = now_ms;
    return db_run(db, Q(CLOCK_ADD), "i", now_ms);
}

/* The wall clock is set back, and forth: jobs are told the time that passes. When the academy's
 * clock itself is put back, each job from then on is told so, also those of a batch that has begun.
 */
static void jobs_are_told_the_time_that_passes(void **state) {
    (void)state;
    struct store *s = fixture_open();
    int64_t base_ms = clock_now_ms() - clock_boot_ms(), last = 0, now;
    clock_set(base_ms);
    for (int i = 0; i < 6; i++) {
        clock_shift_s = i == 2 ? -3600 : i == 4 ? 3600 : 0;
        assert_int_equal(store_write(s, note_time, &now, &fixture_arena), OK);
        if (i > 0) assert_in_range(now - last, 0, 60 * 1000);
        last = now;
    }
    clock_shift_s = 0;
    clock_set(base_ms - 3600 * 1000);
    assert_int_equal(store_write(s, note_time, &now, &fixture_arena), OK);
    assert_in_range(now - last + 3600 * 1000, 0, 60 * 1000);
    clock_unset();
    assert_true(store_close(s, 1000));
}

static char heard[256];
static void hear_a(const char *path, const void *bytes, size_t len) {
    assert_string_equal(path, fixture_db);
    assert_int_equal(told_count, 0); /* before anybody is told */
    snprintf(heard + strlen(heard), sizeof heard - strlen(heard), "a:%.*s ", (int)len,
             (const char *)bytes);
}
static void hear_b(const char *path, const void *bytes, size_t len) {
    (void)path;
    snprintf(heard + strlen(heard), sizeof heard - strlen(heard), "b:%.*s ", (int)len,
             (const char *)bytes);
}
static enum err speak(struct db *db, struct arena *a, void *arg, int64_t now_ms) {
    (void)a, (void)now_ms;
    const char *word = arg;
    db_on_commit(db, *word == 'b' ? hear_b : hear_a, word, strlen(word));
    return strchr(word, '!') ? ERR_DENIED : OK;
}

static void only_commits_are_heard(void **state) {
    (void)state;
    static char words[][8] = {"one", "b-first", "two", "lost!", "three", "b-lost!"};
    struct store *s = fixture_open();
    heard[0] = '\0';
    shut_gate(s);
    for (size_t i = 0; i < COUNT_OF(words); i++) {
        task_init(&tasks[i], speak, words[i]);
        assert_int_equal(store_submit(s, &tasks[i].job), OK);
    }
    sem_post(&gate.open);
    wait_told((int)COUNT_OF(words) + 1);
    assert_string_equal(heard, "a:three b:b-first "); /* the newest of each, once */
    told_count = 0;
    assert_int_equal(store_write(s, speak, words[3], &fixture_arena), ERR_DENIED);
    assert_string_equal(heard, "a:three b:b-first ");
    assert_true(store_close(s, 1000));
}

static enum err listen_in(struct db *db, struct arena *a, void *arg, int64_t now_ms) {
    (void)db, (void)a, (void)now_ms;
    snprintf(arg, sizeof heard, "%s", heard);
    return OK;
}

/* Nobody runs between what a last job stores and what its COMMIT lets be known: not who waits
 * already, nor who joins. */
static void a_last_job_ends_its_commit(void **state) {
    (void)state;
    static char one[] = "one", last[] = "last", before[sizeof heard], after[sizeof heard];
    struct store *s = fixture_open();
    struct store_stats stats;
    heard[0] = '\0';
    shut_gate(s);
    task_init(&tasks[0], speak, one);
    task_init(&tasks[1], listen_in, before);
    task_init(&tasks[2], speak, last);
    tasks[2].job.last = true;
    task_init(&tasks[3], listen_in, after);
    for (size_t i = 0; i < 4; i++) assert_int_equal(store_submit(s, &tasks[i].job), OK);
    sem_post(&gate.open);
    wait_told(5);
    assert_string_equal(before, "");
    assert_string_equal(after, "a:last ");
    store_stats(s, &stats);
    assert_int_equal(stats.commits, 2); /* the others share the first */
    assert_true(store_close(s, 1000));
}

/* ---- Many threads --------------------------------------------------------------------------- */

#define THREADS 16
#define SAVES 100
static struct store *shared;
static const char *save_and_see(int64_t first) {
    for (int64_t i = 0; i < SAVES; i++) {
        if (fixture_save(shared, first + i, "x") != OK) return "save";
        struct stmt *q;
        enum err e;
        struct db *db = store_reader(shared);
        if (!db) return "no reader";
        store_read_begin(db);
        /* What was acknowledged is seen by the next snapshot. */
        if (!db_one(db, &q, &e, Q(NOTE_BY_ID), "i", first + i)) return "not there";
        store_read_end(db);
    }
    return NULL;
}
static const char *problems[THREADS];
static void *save_many(void *arg) {
    problems[(intptr_t)arg] = save_and_see((int64_t)(intptr_t)arg * SAVES);
    return NULL;
}

static void many_threads_write_and_read(void **state) {
    (void)state;
    shared = fixture_open();
    pthread_t threads[THREADS];
    for (intptr_t i = 0; i < THREADS; i++) pthread_create(&threads[i], NULL, save_many, (void *)i);
    for (int i = 0; i < THREADS; i++) {
        pthread_join(threads[i], NULL);
        if (problems[i]) fail_msg("%s", problems[i]);
    }
    assert_int_equal(fixture_count(shared), THREADS * SAVES);
    struct store_stats stats;
    store_stats(shared, &stats);
    assert_int_equal(stats.jobs, THREADS * SAVES);
    assert_true(stats.commits < stats.jobs);
    assert_true(store_close(shared, 1000));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(waiting_jobs_share_a_commit, fixture_setup,
                                        fixture_teardown),
        cmocka_unit_test_setup_teardown(a_batch_has_its_limit, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(a_failing_job_harms_no_other, fixture_setup,
                                        fixture_teardown),
        cmocka_unit_test_setup_teardown(the_nth_allocation_fails, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(the_callers_guard_survives, fixture_setup,
                                        fixture_teardown),
        cmocka_unit_test_setup_teardown(a_full_queue_refuses, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(closing_finishes_what_was_accepted, fixture_setup,
                                        fixture_teardown),
        cmocka_unit_test_setup_teardown(a_deadline_cuts_off, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(a_deadline_ends_a_runaway_query, fixture_setup,
                                        fixture_teardown),
        cmocka_unit_test_setup_teardown(a_query_cut_short_is_not_a_save, fixture_setup,
                                        fixture_teardown),
        cmocka_unit_test_setup_teardown(jobs_are_told_the_time_that_passes, fixture_setup,
                                        fixture_teardown),
        cmocka_unit_test_setup_teardown(only_commits_are_heard, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(a_last_job_ends_its_commit, fixture_setup,
                                        fixture_teardown),
        cmocka_unit_test_setup_teardown(many_threads_write_and_read, fixture_setup,
                                        fixture_teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
