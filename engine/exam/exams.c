/* Opens and closes the room, and runs the exams' thread: it stores newly loaded exams, ends
 * attempts that ran out, and scores those that have ended. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/clock.h"
#include "base/codec.h"
#include "base/log.h"
#include "base/wait.h"
#include "exam/exam_loaded.h"
#include "exam/exam_sql.h"

#define SCRATCH_BYTES ((size_t)256 * 1024 * 1024)
#define THREAD_EVERY_MS 500 /* how late a deadline may be noticed */
#define SCORE_BATCH 32
#define RETRY_MS (60 * MS_SECOND)

/* ---- Ends and scores ---------------------------------------------------------------------- */

/* One batch of the thread's work, with its own memory, and a read snapshot that is released
 * whatever happens. */
struct batch {
    struct exams *exams;
    struct db *db;
    struct arena arena;
    bool reading;
    char after[ID_LENGTH + 1]; /* the last attempt that was looked at for its score */
    int done, failed;
};

static void read_begin(struct batch *b) {
    store_read_begin(b->db);
    b->reading = true;
}

static void read_end(struct batch *b) {
    if (b->reading) store_read_end(b->db);
    b->reading = false;
}

/* Runs `work` with an empty arena; false when it needs more memory than there is. */
static bool run_batch(struct batch *b, void (*work)(struct batch *b)) {
    volatile bool fine = false;
    b->done = 0;
    arena_init(&b->arena, SCRATCH_BYTES);
    if (ARENA_GUARD(&b->arena) == 0) {
        work(b);
        fine = true;
    }
    read_end(b);
    arena_release(&b->arena);
    return fine;
}

static void publish(struct batch *b) { loaded_publish(b->exams, &b->arena); }
static void look_at_clock(struct batch *b) { exam_clock_check(b->exams, &b->arena); }

/* The only place of this room that reads the clock itself; jobs and handlers are given the time. */
static void close_expired(struct batch *b) {
    if (exam_clock_settling(b->exams)) return;
    read_begin(b);
    struct stmt *q = db_query(b->db, SQL_exam_expired, "ii", clock_now_ms() - EXAM_GRACE_MS - 1,
                              (int64_t)1);
    bool any = stmt_row(q);
    enum err e = stmt_end(q);
    read_end(b);
    if (!any || e != OK) return;
    if (store_write(b->exams->app->store, exam_expire_job, &b->done, &b->arena) != OK) b->done = 0;
}

static enum err score_next(struct batch *b, const char *attempt_id, struct exam_scored *out) {
    struct exam_attempt t;
    enum err e = exam_attempt_load(b->db, &b->arena, attempt_id, NULL, &t);
    if (e == OK) e = exam_attempt_score(b->exams, b->db, &b->arena, &t, &out->score);
    out->attempt_id = t.id;
    out->cut_permille = t.cut_permille;
    return e;
}

/* Scores some ended attempts here and not on the writer's thread, then writes the results
 * together. */
static void score_some(struct batch *b) {
    struct exam_scored_list list = {
        .scored = NEW_ARRAY(&b->arena, struct exam_scored, SCORE_BATCH)};
    struct stmt *q;
    enum err e;
    read_begin(b);
    while (b->done < SCORE_BATCH && db_one(b->db, &q, &e, SQL_exam_unscored_next, "t", b->after)) {
        const char *id = stmt_text(q, 0, &b->arena);
        e = stmt_end(q);
        snprintf(b->after, sizeof b->after, "%s", id);
        b->done++;
        if (e == OK) e = score_next(b, id, &list.scored[list.count]);
        if (e == OK) list.count++;
        else {
            b->failed++;
            log_say(LOG_ERROR, "exam_score", "attempt %s cannot be scored: %s", id, err_name(e));
        }
    }
    read_end(b);
    if (list.count && store_write(b->exams->app->store, exam_result_job, &list, &b->arena) != OK)
        b->done = 0;
}

/* One round of the thread. What cannot be scored is tried again after a while, not at once. */
static void exam_tick(struct exams *e, struct db *db, int64_t *retry_ms) {
    struct batch b = {.exams = e, .db = db};
    (void)run_batch(&b, look_at_clock);
    (void)run_batch(&b, publish);
    while (!atomic_load(&e->stop) && run_batch(&b, close_expired) && b.done == EXAM_EXPIRE_BATCH)
        ;
    if (clock_monotonic_ms() < *retry_ms) return;
    while (!atomic_load(&e->stop) && run_batch(&b, score_some) && b.done == SCORE_BATCH)
        ;
    if (b.failed) *retry_ms = clock_monotonic_ms() + RETRY_MS;
}

static void *exams_thread(void *exams) {
    struct exams *e = exams;
    struct db *db = store_reader(e->app->store);
    int64_t retry_ms = 0;
    if (!db)
        log_say(LOG_ERROR, "exam_clock",
                "cannot read the database: attempts are not submitted at their deadline");
    pthread_mutex_lock(&e->sleep);
    while (!atomic_load(&e->stop)) {
        pthread_mutex_unlock(&e->sleep);
        if (db) exam_tick(e, db, &retry_ms);
        pthread_mutex_lock(&e->sleep);
        struct timespec until = wait_until(THREAD_EVERY_MS);
        while (!atomic_load(&e->stop) && !e->awake && wait_for(&e->wake, &e->sleep, &until))
            ;
        e->awake = false;
    }
    pthread_mutex_unlock(&e->sleep);
    return NULL;
}

/* ---- Opening ------------------------------------------------------------------------------- */

static enum err key_job(struct db *db, struct arena *a, void *secret, int64_t now_ms) {
    struct stmt *q;
    enum err e;
    const char **out = secret;
    if (!db_one(db, &q, &e, SQL_exam_key, "")) {
        if (e != ERR_NOT_FOUND) return e;
        *out = random_token(a, 32);
        return db_run(db, SQL_exam_key_add, "ti", *out, now_ms);
    }
    *out = stmt_text(q, 0, a);
    return stmt_end(q);
}

const char *exams_secret(const struct exams *e) { return e->secret; }

enum err exams_open(struct exams **out, struct app *app, struct arena *a, const char **why) {
    struct exams *e = calloc(1, sizeof *e);
    const char *secret = NULL;
    *out = NULL;
    *why = "the exams cannot be opened: memory is short";
    if (!e) return ERR_IO;
    e->app = app;
    pthread_mutex_init(&e->sleep, NULL);
    pthread_mutex_init(&e->clock_lock, NULL);
    wait_init(&e->wake);
    *out = e;
    enum err result = exam_clock_begin(e, a, why);
    if (result == OK) {
        *why = "the exams cannot be opened: their key cannot be read from the database, or written "
               "to it";
        result = store_write(app->store, key_job, &secret, a);
    }
    if (result == OK) e->secret = strdup(secret);
    if (result == OK && !e->secret) result = ERR_IO;
    if (result == OK) {
        result = loaded_open(e);
        *why = "the exams cannot be opened: their files cannot be read";
    }
    if (result == OK) {
        e->running = pthread_create(&e->thread, NULL, exams_thread, e) == 0;
        if (!e->running || !tree_start(e->tree)) {
            *why = "the exams cannot be opened: their thread cannot be started";
            result = ERR_IO;
        }
    }
    if (result != OK) {
        exams_close(e);
        *out = NULL;
    }
    return result;
}

void exams_set_anew(struct exams *e, exam_anew_fn ask) { e->anew = ask; }

void exams_close(struct exams *e) {
    if (!e) return;
    tree_stop(e->tree); /* it wakes the thread */
    if (e->running) {
        pthread_mutex_lock(&e->sleep);
        atomic_store(&e->stop, true);
        pthread_cond_signal(&e->wake);
        pthread_mutex_unlock(&e->sleep);
        pthread_join(e->thread, NULL);
    }
    tree_close(e->tree);
    exam_clock_end(e);
    pthread_mutex_destroy(&e->clock_lock);
    pthread_mutex_destroy(&e->sleep);
    pthread_cond_destroy(&e->wake);
    free(e->secret);
    free(e);
}
