/* The exams' thread: keeps what is open current, ends what ran out, scores what has ended. And
 * opening and closing. */
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/clock.h"
#include "base/codec.h"
#include "base/log.h"
#include "exam/exam_live.h"

#define SCRATCH_BYTES ((size_t)256 * 1024 * 1024)
#define THREAD_EVERY_MS 500 /* how late a deadline may be noticed */
#define SCORE_BATCH 32

/* ---- Ends and scores ----------------------------------------------------------------------- */

static bool any_expired(struct db *db, struct arena *a, int64_t now_ms) {
    if (store_read_begin(db) != OK) return false;
    struct stmt *q = db_query(db, SQL_exam_expired, "ii", now_ms - EXAM_GRACE_MS - 1, (int64_t)1);
    bool any = stmt_row(q);
    enum err e = stmt_end(q);
    store_read_end(db);
    (void)a;
    return any && e == OK;
}

/* Scores up to a batch of ended attempts outside the writer, then writes the results together. */
static size_t score_some(struct exams *e, struct db *db, struct arena *a, const char **after) {
    struct exam_scored_list list = {.scored = NEW_ARRAY(a, struct exam_scored, SCORE_BATCH)};
    size_t looked = 0;
    if (store_read_begin(db) != OK) return 0;
    while (looked < SCORE_BATCH) {
        struct stmt *q;
        struct exam_attempt t;
        enum err result;
        if (!db_one(db, &q, &result, SQL_exam_unscored_next, "t", *after)) break;
        *after = stmt_text(q, 0, a);
        result = stmt_end(q);
        looked++;
        if (result == OK) result = exam_attempt_load(db, a, *after, NULL, &t);
        struct exam_scored *s = &list.scored[list.count];
        if (result == OK) result = exam_attempt_score(e, db, a, &t, &s->score);
        if (result != OK) {
            log_say(LOG_ERROR, "exam_score", "attempt %s cannot be scored: %s", *after,
                    err_name(result));
            continue;
        }
        s->attempt_id = t.id;
        s->cut_permille = t.cut_permille;
        list.count++;
    }
    store_read_end(db);
    if (list.count && store_write(e->app->store, exam_result_job, &list, a) != OK) return 0;
    return looked;
}

/* One round of the thread. This is the exams' clock: the one place of this room that reads it. */
static void round_of_care(struct exams *e, struct db *db) {
    struct arena a;
    arena_init(&a, SCRATCH_BYTES);
    if (ARENA_GUARD(&a) != 0) {
        store_read_end(db);
        arena_release(&a);
        return;
    }
    live_publish(e, &a);
    int closed = 100;
    while (closed == 100 && any_expired(db, &a, clock_now_ms()))
        if (store_write(e->app->store, exam_expire_job, &closed, &a) != OK) closed = 0;
    const char *after = "";
    while (score_some(e, db, &a, &after) == SCORE_BATCH)
        ;
    arena_release(&a);
}

static void *care(void *exams) {
    struct exams *e = exams;
    struct db *db = store_reader(e->app->store);
    if (!db)
        log_say(LOG_ERROR, "exam_clock",
                "cannot read the database: attempts are not submitted at their deadline");
    pthread_mutex_lock(&e->sleep);
    while (!e->stop) {
        pthread_mutex_unlock(&e->sleep);
        exams_refresh(e);
        if (db) round_of_care(e, db);
        pthread_mutex_lock(&e->sleep);
        struct timespec until;
        clock_gettime(CLOCK_REALTIME, &until);
        until.tv_nsec += THREAD_EVERY_MS * 1000000L;
        if (until.tv_nsec >= 1000000000L) {
            until.tv_sec++;
            until.tv_nsec -= 1000000000L;
        }
        while (!e->stop && !e->awake && pthread_cond_timedwait(&e->wake, &e->sleep, &until) == 0)
            ;
        e->awake = false;
    }
    pthread_mutex_unlock(&e->sleep);
    return NULL;
}

void exams_wake(struct exams *e) {
    pthread_mutex_lock(&e->sleep);
    e->awake = true;
    pthread_cond_signal(&e->wake);
    pthread_mutex_unlock(&e->sleep);
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
    pthread_mutex_init(&e->lock, NULL);
    pthread_mutex_init(&e->reload, NULL);
    pthread_mutex_init(&e->sleep, NULL);
    pthread_cond_init(&e->wake, NULL);
    *out = e;
    enum err result = store_write(app->store, key_job, &secret, a);
    if (result == OK) e->secret = strdup(secret);
    else *why = "the exams cannot be opened: their key cannot be written to the database";
    if (result == OK && !e->secret) result = ERR_IO;
    if (result == OK) {
        live_look(e);
        e->running = pthread_create(&e->thread, NULL, care, e) == 0;
        if (!e->running) {
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

void exams_close(struct exams *e) {
    if (!e) return;
    if (e->running) {
        pthread_mutex_lock(&e->sleep);
        e->stop = true;
        pthread_cond_signal(&e->wake);
        pthread_mutex_unlock(&e->sleep);
        pthread_join(e->thread, NULL);
    }
    live_close(e);
    pthread_mutex_destroy(&e->lock);
    pthread_mutex_destroy(&e->reload);
    pthread_mutex_destroy(&e->sleep);
    pthread_cond_destroy(&e->wake);
    free(e->secret);
    free(e);
}
