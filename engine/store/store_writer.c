/* The writer: the one thread that changes the database.
 *
 * A batch is: BEGIN IMMEDIATE, a savepoint for each job, COMMIT (which waits for the disk), and
 * only then everybody's `done`. Jobs that arrive while others run join the same batch, up to its
 * limit. After a batch, when the WAL has grown, the writer moves it into the database: nobody
 * else ever checkpoints. */
#include "store/store_writer.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/wait.h"

/* Frames (pages) in the WAL: from the first number on they are moved when nobody stands in the
 * way, from the second on the writer waits a little for readers to move on, so that the WAL
 * starts over. A page that many saves touch is moved once for all of them: more frames, less to
 * move; 8,000 are 33 MB of disk. */
#define CHECKPOINT_FRAMES 8000
#define RESTART_FRAMES 32000
#define RESTART_WAIT_MS 250
/* After a write failed, the writer tries again this often, so that recovery is noticed without a
 * save. */
#define PROBE_INTERVAL_MS 1000
/* Steps of the virtual machine between checks of the deadline. */
#define PROGRESS_STEPS 4000

/* ---- The queue ------------------------------------------------------------------------------ */

enum err writer_submit(struct writer *w, struct write_job *job) {
    BUG_IF(!job->run || !job->done || !job->arena);
    job->next = NULL;
    pthread_mutex_lock(&w->lock);
    bool refused = w->closing || w->queued >= w->capacity;
    if (!refused) {
        *w->last = job;
        w->last = &job->next;
        w->queued++;
        /* Signals only a sleeping writer: one that works checks the queue by itself. */
        if (w->sleeping) {
            w->sleeping = false;
            pthread_cond_signal(&w->wake);
        }
    }
    pthread_mutex_unlock(&w->lock);
    return refused ? ERR_BUSY : OK;
}

int writer_queued(struct writer *w) {
    pthread_mutex_lock(&w->lock);
    int queued = w->queued;
    pthread_mutex_unlock(&w->lock);
    return queued;
}

/* Moves jobs from the queue to the batch, as many as fit. Returns how many; call with the lock. */
static int take(struct writer *w) {
    int taken = 0;
    while (w->first && w->batch_count < w->batch_limit &&
           !(w->batch_count && w->batch[w->batch_count - 1].job->last)) {
        struct write_job *job = w->first;
        w->first = job->next;
        w->queued--;
        taken++;
        w->batch[w->batch_count++] = (struct batch_entry){job, OK};
    }
    if (!w->first) w->last = &w->first;
    return taken;
}

static void wait_for_work(struct writer *w, bool probing) {
    w->sleeping = true;
    if (!probing) {
        pthread_cond_wait(&w->wake, &w->lock);
    } else {
        struct timespec until = wait_until(PROBE_INTERVAL_MS);
        (void)wait_for(&w->wake, &w->lock, &until);
    }
    w->sleeping = false;
}

/* ---- One batch ------------------------------------------------------------------------------ */

void db_on_commit(struct db *db, commit_fn run, const void *bytes, size_t len) {
    BUG_IF(!db->hooks || len > STORE_COMMIT_BYTES);
    struct commit_hooks *hooks = db->hooks;
    int at = 0;
    while (at < hooks->count && hooks->hook[at].run != run) at++;
    BUG_IF(at == STORE_COMMIT_HOOKS);
    if (at == hooks->count) hooks->count++;
    hooks->hook[at].run = run;
    hooks->hook[at].len = len;
    memcpy(hooks->hook[at].bytes, bytes, len);
}

static void add_job_hooks(struct writer *w) {
    struct db into = {.hooks = &w->batch_hooks};
    for (int i = 0; i < w->job_hooks.count; i++) {
        const struct commit_hook *hook = &w->job_hooks.hook[i];
        db_on_commit(&into, hook->run, hook->bytes, hook->len);
    }
}

/* Runs the job under a guard of its own, and restores the guard of the submitter, who may wait in
 * store_write. */
static enum err run_guarded(struct db *db, struct write_job *job, int64_t now_ms) {
    struct arena *a = job->arena;
    jmp_buf outer;
    memcpy(&outer, &a->guard, sizeof outer);
    const bool was_guarded = a->guarded;
    volatile enum err result;
    a->starved = false;
    if (ARENA_GUARD(a) == 0) result = job->run(db, a, job->arg, now_ms);
    else result = a->starved ? ERR_BUSY : ERR_LIMIT;
    memcpy(&a->guard, &outer, sizeof outer);
    a->guarded = was_guarded;
    return result;
}

static enum err run_job(struct writer *w, struct write_job *job) {
    struct db *db = w->db;
    int rc = db_step_once(w->savepoint);
    if (rc != SQLITE_OK) return db_err(rc);
    db->worst_error = OK;
    w->job_hooks.count = 0;
    w->in_job = true;
    enum err result = run_guarded(db, job, clock_now_ms());
    w->in_job = false;
    db_reset_all(db);
    /* An I/O error that the job overlooked: what it wrote may be half of what it meant. */
    if (result == OK) result = db->worst_error;
    if (sqlite3_get_autocommit(db->sql)) return db->worst_error != OK ? db->worst_error : ERR_IO;
    if (result == OK) {
        /* A deferred foreign key that points nowhere would fail the COMMIT, and with it all the
         * others. */
        int dangling = 0, high;
        sqlite3_db_status(db->sql, SQLITE_DBSTATUS_DEFERRED_FKS, &dangling, &high, 0);
        if (dangling) result = ERR_CONFLICT;
    }
    rc = result == OK ? SQLITE_OK : db_step_once(w->rollback_to);
    if (rc == SQLITE_OK) rc = db_step_once(w->release);
    if (rc != SQLITE_OK) {
        /* Half a job must not be committed with the others: the whole batch is rolled back. */
        db_step_once(w->rollback);
        return ERR_IO;
    }
    if (result == OK) add_job_hooks(w);
    return result;
}

static void set_fault(struct writer *w, const char *why) {
    pthread_mutex_lock(&w->lock);
    snprintf(w->fault, sizeof w->fault, "%s", why);
    pthread_mutex_unlock(&w->lock);
}

void writer_fault(struct writer *w, char out[STORE_FAULT_BYTES]) {
    pthread_mutex_lock(&w->lock);
    memcpy(out, w->fault, sizeof w->fault);
    pthread_mutex_unlock(&w->lock);
}

static void note_fault(struct writer *w, int rc, const char *doing) {
    atomic_store(&w->healthy, false);
    if (w->fault_logged) return;
    w->fault_logged = true;
    struct arena a;
    arena_init(&a, 64 * 1024);
    if (ARENA_GUARD(&a) == 0) {
        const char *why = db_why(&a, w->db->sql, rc, w->db->path, doing);
        log_say(LOG_ERROR, "store_unhealthy", "%s", why);
        set_fault(w, why);
    } else log_say(LOG_ERROR, "store_unhealthy", "%s cannot %s", w->db->path, doing);
    arena_release(&a);
}

static void note_health(struct writer *w) {
    if (w->fault_logged) {
        log_say(LOG_INFO, "store_healthy", "%s can be written again.", w->db->path);
        w->fault_logged = false;
        set_fault(w, "");
    }
    atomic_store(&w->healthy, true);
}

/* Rolls the batch back: every job that was OK so far gets `e`. */
static void fail_batch(struct writer *w, enum err e) {
    if (!sqlite3_get_autocommit(w->db->sql) && db_step_once(w->rollback) != SQLITE_OK)
        db_exec(w->db->sql, "ROLLBACK");
    for (int i = 0; i < w->batch_count; i++)
        if (w->batch[i].result == OK) w->batch[i].result = e;
}

static bool cut_off(struct writer *w) {
    return atomic_load_explicit(&w->past_deadline, memory_order_relaxed);
}

/* Runs the batch, and whoever joins while it runs. False when the transaction was lost on the
 * way. */
static bool run_batch(struct writer *w) {
    for (int i = 0; i < w->batch_count; i++) {
        struct batch_entry *entry = &w->batch[i];
        if (cut_off(w)) {
            entry->result = ERR_BUSY;
            continue;
        }
        entry->result = run_job(w, entry->job);
        if (sqlite3_get_autocommit(w->db->sql)) {
            /* A full disk or an interrupt inside a statement ends the whole transaction. */
            enum err e = w->db->worst_error == ERR_BUSY ? ERR_BUSY : ERR_IO;
            if (e == ERR_IO) note_fault(w, sqlite3_errcode(w->db->sql), "be written");
            fail_batch(w, e); /* also for jobs that have not run */
            return false;
        }
        if (i + 1 == w->batch_count && w->batch_count < w->batch_limit) {
            pthread_mutex_lock(&w->lock);
            take(w);
            pthread_mutex_unlock(&w->lock);
        }
    }
    return true;
}

static void commit_batch(struct writer *w) {
    w->batch_hooks.count = 0;
    w->db->touched = false;
    int rc = db_step_once(w->begin);
    if (rc != SQLITE_OK) {
        if (db_err(rc) == ERR_IO) note_fault(w, rc, "be written");
        fail_batch(w, db_err(rc) == ERR_BUSY ? ERR_BUSY : ERR_IO);
        return;
    }
    if (!run_batch(w)) return;
    int64_t start_us = clock_monotonic_us();
    w->wrote = false;
    rc = db_step_once(w->commit);
    /* Also when the COMMIT failed: its outcome is unknown then, and caches must read again. */
    if (w->db->touched) atomic_fetch_add(&w->db->watch->changes, 1);
    if (rc != SQLITE_OK) {
        note_fault(w, rc, "be written");
        fail_batch(w, ERR_IO);
        return;
    }
    atomic_fetch_add_explicit(&w->commit_us_total, clock_monotonic_us() - start_us,
                              memory_order_relaxed);
    atomic_fetch_add_explicit(&w->commits, 1, memory_order_relaxed);
    if (w->wrote) note_health(w); /* a batch that only read proves nothing about the disk */
    for (int i = 0; i < w->batch_hooks.count; i++) {
        const struct commit_hook *hook = &w->batch_hooks.hook[i];
        hook->run(w->db->path, hook->bytes, hook->len);
    }
}

static void report_batch(struct writer *w) {
    int failed = 0;
    for (int i = 0; i < w->batch_count; i++) failed += w->batch[i].result != OK;
    /* Counted first, so that `done` finds this batch in the counters. */
    atomic_fetch_add_explicit(&w->jobs, w->batch_count, memory_order_relaxed);
    atomic_fetch_add_explicit(&w->failed, failed, memory_order_relaxed);
    for (int i = 0; i < w->batch_count; i++)
        w->batch[i].job->done(w->batch[i].job, w->batch[i].result);
    w->batch_count = 0;
}

/* ---- Checkpoints ------------------------------------------------------------------------ */

static int on_wal(void *arg, sqlite3 *sql, const char *name, int frames) {
    (void)sql, (void)name;
    struct writer *w = arg;
    w->wal_frames = frames;
    w->wrote = true;
    return SQLITE_OK;
}

static void checkpoint(struct writer *w) {
    if (w->wal_frames < w->moved_frames) w->moved_frames = 0; /* the WAL has started over */
    if (w->wal_frames - w->moved_frames < CHECKPOINT_FRAMES) return;
    w->moved_frames = w->wal_frames;
    bool patient = w->wal_frames >= RESTART_FRAMES;
    if (patient) sqlite3_busy_timeout(w->db->sql, RESTART_WAIT_MS);
    int rc = sqlite3_wal_checkpoint_v2(
        w->db->sql, "main", patient ? SQLITE_CHECKPOINT_RESTART : SQLITE_CHECKPOINT_PASSIVE, NULL,
        NULL);
    if (patient) sqlite3_busy_timeout(w->db->sql, STORE_BUSY_TIMEOUT_MS);
    /* The saves themselves are safe in the WAL; the next round tries again. */
    if (rc != SQLITE_OK && db_err(rc) != ERR_BUSY) note_fault(w, rc, "be checkpointed");
}

/* A write that changes nothing but has to reach the disk. */
static void probe(struct writer *w) {
    if (db_step_once(w->begin) != SQLITE_OK) return;
    char sql[64];
    int64_t version = 0;
    bool read = db_scalar(w->db->sql, "PRAGMA user_version", &version) == SQLITE_OK;
    snprintf(sql, sizeof sql, "PRAGMA user_version=%d", (int)version);
    if (read && db_exec(w->db->sql, sql) == SQLITE_OK && db_step_once(w->commit) == SQLITE_OK)
        note_health(w);
    else if (!sqlite3_get_autocommit(w->db->sql)) db_step_once(w->rollback);
}

/* ---- The thread ----------------------------------------------------------------------------- */

static void *writer_main(void *arg) {
    struct writer *w = arg;
    bool more = true;
    while (more) {
        pthread_mutex_lock(&w->lock);
        bool healthy = atomic_load(&w->healthy), probing = false;
        while (!w->first && !w->closing && !probing) {
            wait_for_work(w, !healthy);
            probing = !healthy && !w->first;
        }
        int taken = take(w);
        more = taken || !w->closing;
        pthread_mutex_unlock(&w->lock);
        if (taken) {
            commit_batch(w);
            report_batch(w);
            checkpoint(w);
        } else if (probing) probe(w);
    }
    pthread_mutex_lock(&w->lock);
    w->finished = true;
    pthread_cond_signal(&w->ended);
    pthread_mutex_unlock(&w->lock);
    return NULL;
}

/* Only jobs are interrupted: the outcome of a COMMIT that has begun must be known. */
static int on_progress(void *arg) {
    struct writer *w = arg;
    return w->in_job && cut_off(w);
}

static int prepare(struct writer *w) {
    const struct {
        sqlite3_stmt **into;
        const char *text;
    } all[] = {{&w->begin, "BEGIN IMMEDIATE"}, {&w->commit, "COMMIT"},
               {&w->rollback, "ROLLBACK"},     {&w->savepoint, "SAVEPOINT job"},
               {&w->release, "RELEASE job"},   {&w->rollback_to, "ROLLBACK TO job"}};
    int rc = SQLITE_OK;
    for (size_t i = 0; i < COUNT_OF(all) && rc == SQLITE_OK; i++)
        rc = sqlite3_prepare_v3(w->db->sql, all[i].text, -1, SQLITE_PREPARE_PERSISTENT, all[i].into,
                                NULL);
    return rc;
}

static void release(struct writer *w) {
    sqlite3_finalize(w->begin);
    sqlite3_finalize(w->commit);
    sqlite3_finalize(w->rollback);
    sqlite3_finalize(w->savepoint);
    sqlite3_finalize(w->release);
    sqlite3_finalize(w->rollback_to);
    free(w->batch);
    pthread_cond_destroy(&w->ended);
    pthread_cond_destroy(&w->wake);
    pthread_mutex_destroy(&w->lock);
}

enum err writer_start(struct writer *w, struct db *db, int capacity, int batch_limit) {
    memset(w, 0, sizeof *w);
    w->last = &w->first;
    w->db = db;
    w->capacity = capacity > 0 ? capacity : 4096;
    w->batch_limit = batch_limit > 0 ? batch_limit : 512;
    atomic_store(&w->healthy, true);
    pthread_mutex_init(&w->lock, NULL);
    wait_init(&w->wake);
    wait_init(&w->ended);
    w->batch = calloc((size_t)w->batch_limit, sizeof *w->batch);
    bool ok = w->batch && prepare(w) == SQLITE_OK;
    if (ok) {
        db->hooks = &w->job_hooks;
        sqlite3_wal_hook(db->sql, on_wal, w);
        sqlite3_progress_handler(db->sql, PROGRESS_STEPS, on_progress, w);
        ok = pthread_create(&w->thread, NULL, writer_main, w) == 0;
    }
    if (ok) return OK;
    sqlite3_wal_hook(db->sql, NULL, NULL);
    sqlite3_progress_handler(db->sql, 0, NULL, NULL);
    db->hooks = NULL;
    release(w);
    return ERR_IO;
}

bool writer_stop(struct writer *w, int64_t deadline_ms) {
    struct timespec until = wait_until(deadline_ms > 0 ? deadline_ms : 0);
    pthread_mutex_lock(&w->lock);
    w->closing = true;
    pthread_cond_signal(&w->wake);
    bool in_time = true;
    while (!w->finished && in_time) in_time = wait_for(&w->ended, &w->lock, &until);
    if (!w->finished) atomic_store(&w->past_deadline, true);
    else in_time = true;
    pthread_mutex_unlock(&w->lock);
    pthread_join(w->thread, NULL);
    sqlite3_wal_hook(w->db->sql, NULL, NULL);
    sqlite3_progress_handler(w->db->sql, 0, NULL, NULL);
    /* With readers gone this empties the WAL; when it cannot, the next open does it. */
    sqlite3_wal_checkpoint_v2(w->db->sql, "main", SQLITE_CHECKPOINT_TRUNCATE, NULL, NULL);
    release(w);
    db_free(w->db);
    w->db = NULL;
    return in_time;
}
