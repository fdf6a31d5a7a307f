/* Inside the store: the writer thread and its queue. */
#ifndef GR_STORE_WRITER_H
#define GR_STORE_WRITER_H

#include <pthread.h>

#include "store/store_db.h"

/* Size of the sentence that tells a fault; a longer one is cut. */
#define STORE_FAULT_BYTES 1024

/* One job of the batch that runs, and what became of it. */
struct batch_entry {
    struct write_job *job;
    enum err result;
};

struct writer {
    /* Any thread, under `lock`. */
    pthread_mutex_t lock;
    pthread_cond_t wake;  /* the writer waits for work */
    pthread_cond_t ended; /* store_close waits for the writer */
    struct write_job *first, **last;
    int queued, capacity;
    bool sleeping, closing, finished;
    char fault[STORE_FAULT_BYTES]; /* why the last write failed; "" while none has */

    /* The writer's thread only. */
    struct db *db;
    struct batch_entry *batch; /* batch_limit of them */
    int batch_limit, batch_count;
    sqlite3_stmt *begin, *commit, *rollback, *savepoint, *release, *rollback_to;
    struct commit_hooks batch_hooks, job_hooks;
    int wal_frames;   /* in the WAL after the last commit */
    int moved_frames; /* wal_frames at the last checkpoint */
    bool in_job;
    bool wrote;        /* the COMMIT put something into the WAL */
    bool fault_logged; /* the fault is in the log, which tells each once */

    /* Written by the writer, read by anyone. */
    atomic_bool healthy;
    atomic_bool past_deadline; /* store_close has waited long enough */
    atomic_llong jobs, commits, failed, commit_us_total;

    pthread_t thread;
};

/* Takes `db` (a writer's connection, configured); on failure it stays the caller's. */
enum err writer_start(struct writer *w, struct db *db, int capacity, int batch_limit) MUST_USE;
/* Refuses new jobs, finishes what is queued, ends the thread, checkpoints, closes the
 * connection. False when the deadline cut jobs off. */
bool writer_stop(struct writer *w, int64_t deadline_ms);
enum err writer_submit(struct writer *w, struct write_job *job) MUST_USE;
int writer_queued(struct writer *w);
/* Copies the sentence of the fault; "" when the last write reached the disk. */
void writer_fault(struct writer *w, char out[STORE_FAULT_BYTES]);

#endif
