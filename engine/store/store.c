/* The store: opening and closing, the read connections, statistics. */
#include "store/store.h"

#include <errno.h>
#include <pthread.h>
#include <semaphore.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/log.h"
#include "store/store_file.h"
#include "store/store_migrate.h"
#include "store/store_schema.h"
#include "store/store_seal.h"
#include "store/store_writer.h"

struct store {
    char *path;
    struct query_info *infos;
    int lock_fd, serving_fd;
    bool read_only;
    pthread_key_t reader_key; /* each thread's connection */
    pthread_mutex_t readers_lock;
    struct db *readers;
    struct watch_count watch;
    struct seal_key seal;
    struct writer writer; /* unused when read_only */
};

/* ---- Readers -------------------------------------------------------------------------------- */

static void forget_reader(struct store *s, struct db *db) {
    pthread_mutex_lock(&s->readers_lock);
    struct db **at = &s->readers;
    while (*at && *at != db) at = &(*at)->next;
    if (*at) *at = db->next;
    pthread_mutex_unlock(&s->readers_lock);
}

/* At the end of a thread: closes its connection. */
static void end_reader(void *arg) {
    struct db *db = arg;
    forget_reader(db->store, db);
    db_free(db);
}

/* NULL, and the log says why. `a` gets a guard, so that a full arena does not end the process. */
static struct db *open_reader(struct store *s, struct arena *a) {
    const char *why = "memory is short";
    sqlite3 *sql = NULL;
    if (ARENA_GUARD(a) != 0) {
        log_say(LOG_ERROR, "store_reader", "memory is short");
        return NULL;
    }
    if (db_open_sqlite(&sql, s->path, s->read_only ? DB_READ_OR_IMMUTABLE : DB_READ, a, &why) ==
        OK) {
        struct db *db = db_new(sql, s, s->path, s->infos, &s->watch, &s->seal, false);
        if (db && pthread_setspecific(s->reader_key, db) == 0) return db;
        if (db) db_free(db);
        else sqlite3_close(sql);
        why = "memory is short";
    }
    log_say(LOG_ERROR, "store_reader", "%s", why);
    return NULL;
}

struct db *store_reader(struct store *s) {
    struct db *db = pthread_getspecific(s->reader_key);
    if (db) {
        if (!atomic_load_explicit(&db->reading, memory_order_relaxed)) db_reset_all(db);
        return db;
    }
    struct arena a;
    arena_init(&a, 256 * 1024);
    db = open_reader(s, &a);
    arena_release(&a);
    if (!db) return NULL;
    pthread_mutex_lock(&s->readers_lock);
    db->next = s->readers;
    s->readers = db;
    pthread_mutex_unlock(&s->readers_lock);
    return db;
}

enum err store_read(struct store *s, read_fn run, void *arg, struct arena *a) {
    struct db *db = store_reader(s);
    if (!db) return ERR_BUSY;
    struct arena_guard outer;
    volatile enum err e = OK;
    volatile bool left = false;
    arena_guard_save(a, &outer);
    store_read_begin(db);
    if (ARENA_GUARD(a) == 0) e = run(db, a, arg);
    else left = true;
    store_read_end(db);
    arena_guard_restore(a, &outer);
    if (left) arena_fail(a);
    return e;
}

static void close_readers(struct store *s) {
    while (s->readers) {
        struct db *db = s->readers;
        BUG_IF(atomic_load(&db->reading)); /* a thread is still reading */
        s->readers = db->next;
        db_free(db);
    }
}

/* ---- Opening -------------------------------------------------------------------------------- */

/* A committed restore that was interrupted is finished before anything else. */
static enum err finish_restore(const char *path, struct arena *a, const char **why) {
    int lock = -1;
    if (!store_stage_pending(path, a)) return OK;
    enum err e = file_lock(&lock, path, LOCK_EXCLUSIVE, a, why);
    if (e == OK) e = store_stage_finish(path, a, why);
    file_unlock(lock);
    return e;
}

/* Locks, opens and, when needed, migrates. On OK `*sql` fits the program and the shared lock is
 * held. */
static enum err open_current(struct store *s, sqlite3 **sql, struct arena *a, const char **why) {
    struct migration_list list = store_migrations();
    for (bool tried = false;; tried = true) {
        int applied = 0;
        enum err e = file_lock(&s->lock_fd, s->path, LOCK_SHARED, a, why);
        if (e == OK)
            e = db_open_sqlite(sql, s->path, s->read_only ? DB_READ_OR_IMMUTABLE : DB_WRITE, a,
                               why);
        if (e == OK) e = migrate_state(*sql, s->path, list, &applied, a, why);
        if (e == OK && applied > 0) e = schema_check(*sql, s->path, list, applied, a, why);
        if (e == OK && applied == list.count && applied > 0) return OK;
        if (e == OK && s->read_only) {
            *why = arena_printf(
                a,
                "%s is at migration %d and must be brought up to date (%d) first. Nothing was "
                "changed. Start the server on it once.",
                s->path, applied, list.count);
            e = ERR_INVALID;
        }
        if (e == OK && tried) { /* another process exchanged the file between our two locks */
            *why = arena_printf(
                a, "%s was exchanged for an older one while it was opened. Start again.", s->path);
            e = ERR_CONFLICT;
        }
        if (e != OK) return e;
        /* Exclusive for the migration, then shared again: flock cannot convert a lock without a
         * gap, so nothing stays open across it, and the state is checked anew. */
        sqlite3_close(*sql);
        *sql = NULL;
        file_unlock(s->lock_fd);
        e = file_lock(&s->lock_fd, s->path, LOCK_EXCLUSIVE, a, why);
        if (e == OK) e = db_open_sqlite(sql, s->path, DB_WRITE, a, why);
        if (e == OK) e = migrate_apply(*sql, s->path, list, clock_now_ms(), a, why);
        if (e != OK) return e;
        sqlite3_close(*sql);
        *sql = NULL;
        file_unlock(s->lock_fd);
        s->lock_fd = -1;
    }
}

/* Checks what must hold before anything is created beside the database. */
static enum err claim(struct store *s, const struct store_options *options, struct arena *a,
                      const char **why) {
    enum err e = finish_restore(s->path, a, why);
    if (e != OK) return e;
    if ((options->read_only || options->must_exist) && access(s->path, F_OK) != 0 &&
        (errno == ENOENT || errno == ENOTDIR)) {
        *why = db_why_absent(a, s->path);
        return ERR_NOT_FOUND;
    }
    return options->serving ? file_lock(&s->serving_fd, s->path, LOCK_SERVING, a, why) : OK;
}

static void discard(struct store *s, sqlite3 *sql) {
    sqlite3_close(sql);
    file_unlock(s->lock_fd);
    file_unlock(s->serving_fd);
    pthread_mutex_destroy(&s->readers_lock);
    pthread_key_delete(s->reader_key);
    seal_key_close(&s->seal);
    free(s->infos);
    free(s->path);
    free(s);
}

enum err store_open(struct store **out, const struct store_options *options, struct arena *a,
                    const char **why) {
    *out = NULL;
    *why = NULL;
    struct store *s = calloc(1, sizeof *s);
    if (s) {
        s->path = strdup(options->path);
        s->infos = calloc((size_t)sql_text_count + 1, sizeof *s->infos);
    }
    if (!s || !s->path || !s->infos || pthread_key_create(&s->reader_key, end_reader) != 0) {
        if (s) free(s->infos), free(s->path);
        free(s);
        *why = "The store cannot be opened: memory is short.";
        return ERR_IO;
    }
    pthread_mutex_init(&s->readers_lock, NULL);
    s->lock_fd = s->serving_fd = -1;
    s->read_only = options->read_only;
    s->watch.any = options->watched != NULL;
    sqlite3 *sql = NULL;
    enum err e = claim(s, options, a, why);
    if (e == OK) e = open_current(s, &sql, a, why);
    if (e == OK) e = db_check_queries(sql, s->path, options->watched, s->infos, a, why);
    if (e == OK) e = seal_key_open(&s->seal, s->path, !s->read_only, a, why);
    if (e == OK && s->read_only) {
        sqlite3_close(sql);
        *out = s;
        return OK;
    }
    if (e == OK) {
        struct db *db = db_new(sql, s, s->path, s->infos, &s->watch, &s->seal, true);
        if (db) sql = NULL; /* it belongs to db now */
        e = db ? writer_start(&s->writer, db, options->queue_capacity, options->batch_limit)
               : ERR_IO;
        if (e != OK) {
            db_free(db);
            *why = arena_printf(a, "%s cannot be opened: memory or threads are short.", s->path);
        }
    }
    if (e != OK) {
        discard(s, sql);
        return e;
    }
    *out = s;
    return OK;
}

bool store_close(struct store *s, int64_t deadline_ms) {
    if (!s) return true;
    /* Closes readers first, so that the last checkpoint meets none. The threads that own them must
     * have ended or be idle: one that still reads is a bug and aborts. */
    close_readers(s);
    bool whole = s->read_only || writer_stop(&s->writer, deadline_ms);
    discard(s, NULL);
    return whole;
}

/* ---- Writing -------------------------------------------------------------------------------- */

enum err store_submit(struct store *s, struct write_job *job) {
    return s->read_only ? ERR_DENIED : writer_submit(&s->writer, job);
}

struct waiting {
    sem_t done;
    enum err result;
};

static void wake_waiting(struct write_job *job, enum err result) {
    struct waiting *w = job->context;
    w->result = result;
    sem_post(&w->done);
}

static enum err write_and_wait(struct store *s, write_fn run, void *arg, struct arena *a,
                               bool last) {
    BUG_IF(!s->read_only &&
           pthread_equal(pthread_self(), s->writer.thread)); /* a job would wait for itself */
    struct waiting w = {.result = ERR_IO};
    sem_init(&w.done, 0, 0);
    struct write_job job = {
        .run = run, .arg = arg, .arena = a, .done = wake_waiting, .context = &w, .last = last};
    enum err e = store_submit(s, &job);
    if (e == OK) {
        while (sem_wait(&w.done) != 0) continue; /* EINTR */
        e = w.result;
    }
    sem_destroy(&w.done);
    return e;
}

enum err store_write(struct store *s, write_fn run, void *arg, struct arena *a) {
    return write_and_wait(s, run, arg, a, false);
}

enum err store_write_last(struct store *s, write_fn run, void *arg, struct arena *a) {
    return write_and_wait(s, run, arg, a, true);
}

uint64_t store_watched_version(struct store *s) { return watch_now(&s->watch); }

bool store_seal_key_use(struct store *s) { return seal_key_use(&s->seal, s->path); }

/* ---- Statistics ------------------------------------------------------------------------------ */

bool store_healthy(struct store *s) { return s->read_only || atomic_load(&s->writer.healthy); }

const char *store_fault(struct store *s, struct arena *a) {
    char why[STORE_FAULT_BYTES] = "";
    if (!s->read_only) writer_fault(&s->writer, why); /* no arena under the writer's lock */
    return *why ? arena_dup(a, why) : NULL;
}

static int64_t file_size(const char *path, const char *suffix) {
    char name[4096];
    struct stat st;
    if (snprintf(name, sizeof name, "%s%s", path, suffix) >= (int)sizeof name ||
        stat(name, &st) != 0)
        return 0;
    return st.st_size;
}

void store_stats(struct store *s, struct store_stats *out) {
    memset(out, 0, sizeof *out);
    out->file_bytes = file_size(s->path, "");
    out->wal_bytes = file_size(s->path, "-wal");
    if (s->read_only) return;
    struct writer *w = &s->writer;
    out->jobs = atomic_load(&w->jobs);
    out->commits = atomic_load(&w->commits);
    out->failed = atomic_load(&w->failed);
    out->commit_us_total = atomic_load(&w->commit_us_total);
    out->queue_length = writer_queued(w);
    out->queue_capacity = w->capacity;
}

enum err store_plans(struct store *s,
                     void (*each)(void *arg, const char *name, const char *sql, const char *plan),
                     void *arg) {
    struct arena a;
    arena_init(&a, (size_t)64 * 1024 * 1024);
    const char *why = NULL;
    sqlite3 *sql = NULL;
    enum err e = db_open_sqlite(&sql, s->path, DB_READ_OR_IMMUTABLE, &a, &why);
    for (int i = 0; i < sql_text_count && e == OK; i++) {
        struct buf plan;
        buf_init(&plan, &a);
        sqlite3_stmt *q = NULL;
        const struct sql_text *query = sql_text_at(i);
        const char *text = arena_printf(&a, "EXPLAIN QUERY PLAN %s", query->text);
        int rc = sqlite3_prepare_v2(sql, text, -1, &q, NULL);
        while (rc == SQLITE_OK && (rc = sqlite3_step(q)) == SQLITE_ROW) {
            buf_printf(&plan, "%s\n", (const char *)sqlite3_column_text(q, 3));
            rc = SQLITE_OK;
        }
        sqlite3_finalize(q);
        if (rc == SQLITE_DONE) each(arg, query->name, query->text, buf_text(&plan));
        else e = db_err(rc);
    }
    sqlite3_close(sql);
    arena_release(&a);
    return e;
}
