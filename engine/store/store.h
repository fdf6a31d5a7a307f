/* The store: one database, many readers, one writer.
 *
 * Reading: each thread leases a read-only connection (`store_reader`), runs named queries on it,
 * and sees one snapshot between store_read_begin and store_read_end.
 *
 * Writing: a job is a function that runs on the writer thread inside a transaction, in its own
 * savepoint. Jobs that wait at the same time share one COMMIT (group commit, synchronous=FULL).
 * A job is told that it is done only after that COMMIT: "saved" means on disk.
 *
 * Queries stand in `engine/<room>/<room>.sql` as
 *
 *     -- name: account_person_by_login
 *     SELECT id, name FROM person WHERE login = $1;
 *
 * The build makes `SQL_account_person_by_login` of that, in "account/account_sql.h", which only
 * its own room includes. store_open prepares each query once and refuses one that does not fit the
 * tables, by file and line; each connection then prepares it at its first use. Only values are ever
 * bound. This room alone (and the lab's sandbox) includes <sqlite3.h>.
 *
 * Threads: any thread uses a store between store_open and store_close, which its owner calls once.
 * A `struct db` and its statements belong to the thread that leased them; a job's belong to the
 * writer and end with the job. What waits for the disk (store_write, store_write_last, and the
 * functions under Maintenance) is for threads that may wait, never for those of the HTTP pool. */
#ifndef GR_STORE_STORE_H
#define GR_STORE_STORE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/err.h"

struct store;
struct db;   /* one connection, used by one thread at a time */
struct stmt; /* a prepared query of that connection */

struct store_options {
    /* The database file; made (0600) when missing, unless read_only or must_exist. */
    const char *path;
    int queue_capacity; /* write jobs that may wait; 0 = 4096 */
    int batch_limit;    /* jobs in one COMMIT; 0 = 512 */
    bool read_only;     /* no writer; refuses a file that would need a migration */
    /* A path without a database is refused (ERR_NOT_FOUND), and nothing is made there. */
    bool must_exist;
    /* For the server: only one process at a time may open the store with this; a second one gets
     * ERR_BUSY. Commands beside a running server open it without. */
    bool serving;
    /* Tables whose changes store_watched_version counts; NULL-terminated, lives as long as the
     * store. NULL: none. */
    const char *const *watched;
};

/* Opens, migrates (a backup of the file, *.before-migration-N, is kept beside it when there is data
 * already), checks every query, starts the writer. On failure `*why` is a sentence for the
 * operator (arena): cannot open, disk full, read-only, made by a newer version, a changed
 * migration, corrupt. */
enum err store_open(struct store **out, const struct store_options *options, struct arena *a,
                    const char **why) MUST_USE;
/* Refuses new jobs, finishes what is queued within `deadline_ms`, checkpoints, closes. False
 * when the deadline cut something off (those jobs are told ERR_BUSY). All reader leases must be
 * back. */
bool store_close(struct store *s, int64_t deadline_ms);

/* ---- Reading ------------------------------------------------------------------------------- */
/* RULE read-ends: one snapshot for what `run` reads, with the guard of `a` around it: however `run`
 * ends, the snapshot ends and no statement stays open; then control leaves through the caller's
 * guard, if it did so in `run`. ERR_BUSY: there is no connection to be had. Not within another
 * snapshot of this thread. Threads that live as long as the server read in this way, or as a
 * request does. */
typedef enum err (*read_fn)(struct db *db, struct arena *a, void *arg);
enum err store_read(struct store *s, read_fn run, void *arg, struct arena *a) MUST_USE;

/* The calling thread's read connection, opened at its first call. NULL when it cannot be opened.
 * Outside of a snapshot each call begins anew: what an earlier one left open is reset. */
struct db *store_reader(struct store *s);
/* One snapshot for all queries between the two, as of the first of them: a failure is that query's.
 * Statements left open are reset at both ends. */
void store_read_begin(struct db *db);
void store_read_end(struct db *db);

/* The version of the watched tables, for caches of what they hold. It goes up after each COMMIT
 * that may have changed one of them, before anyone is told of that COMMIT. What was read in a
 * snapshot is of db_watched_version, and valid as long as store_watched_version returns the same.
 * Changes by other processes are not counted. When nothing is watched each call returns another
 * number, so that nothing can be cached. */
uint64_t store_watched_version(struct store *s);
uint64_t db_watched_version(struct db *db); /* between store_read_begin and store_read_end */

/* Binds and returns the query by its number (SQL_room_name). `types` has a letter for each value
 * that follows, $1 first: 't' const char * (NULL binds NULL), 'i' int64_t (cast it), 'b' const void
 * * and size_t (a NULL pointer binds NULL), 'n' nothing (NULL). Too few, too many or a writing
 * query on a reader abort. Values are borrowed until stmt_end. Each query of a connection can be
 * open once: finish a statement before using the same name again (a bug aborts). */
struct stmt *db_query(struct db *db, int query, const char *types, ...);
bool stmt_row(struct stmt *q); /* the next row; false at the end and on an error (latched) */
int64_t stmt_int(struct stmt *q, int column);
bool stmt_null(struct stmt *q, int column);
char *stmt_text(struct stmt *q, int column, struct arena *a); /* copy; NULL for NULL */
/* Copy; NULL for NULL. */
const unsigned char *stmt_blob(struct stmt *q, int column, struct arena *a, size_t *len);
/* Resets the query. OK, or what went wrong since db_query. Rows read before an error are not all
 * rows. */
enum err stmt_end(struct stmt *q) MUST_USE;

/* One row or none: true with the statement on its row (call stmt_end when done), false with the
 * statement ended; `*e` is ERR_NOT_FOUND for no row. */
bool db_one(struct db *db, struct stmt **q, enum err *e, int query, const char *types, ...);
/* Runs a query that returns no rows (in a job). ERR_CONFLICT when a constraint refuses it. */
enum err db_run(struct db *db, int query, const char *types, ...) MUST_USE;
/* The database file of this connection; borrowed from the store. */
const char *db_path(struct db *db);
/* Rows that the last db_run of this connection changed. */
int64_t db_changed_rows(struct db *db);

/* ---- Writing ------------------------------------------------------------------------------- */
/* Runs on the writer thread. What it does is decided by the database, `arg` and `now_ms`, and it
 * changes nothing but the database and what of `arg` is for results: a job whose COMMIT fails can
 * be run again. Anything but OK rolls this job's savepoint back and nothing else's; so does leaving
 * through the guard of `a`, which the writer sets (ERR_LIMIT; ERR_BUSY when malloc had nothing),
 * and a deferred foreign key that the job leaves dangling (ERR_CONFLICT). Statements left open are
 * reset. It never waits. `a` belongs to the job's submitter and may be used for results. `now_ms`
 * is the academy's time (clock_now_ms) at which it began. */
typedef enum err (*write_fn)(struct db *db, struct arena *a, void *arg, int64_t now_ms);

struct write_job {
    write_fn run;
    void *arg;
    struct arena *arena;
    /* Called on the writer thread after COMMIT (or failure) with the job's result: ERR_IO when the
     * COMMIT itself failed, or when a failing disk took the whole batch back. Nothing of the job is
     * touched by the writer afterwards. */
    void (*done)(struct write_job *job, enum err result);
    void *context;          /* the submitter's */
    struct write_job *next; /* the queue's */
    /* No other job follows in its COMMIT: what db_on_commit runs for it is done before the next one
     * begins. */
    bool last;
};

/* Queues a job (borrowed until `done`). ERR_BUSY when the queue is full or the store is closing:
 * then `done` is not called. ERR_DENIED on a read-only store. */
enum err store_submit(struct store *s, struct write_job *job) MUST_USE;
/* Queues, waits, returns the result. Never call it on a thread of the HTTP pool. */
enum err store_write(struct store *s, write_fn run, void *arg, struct arena *a) MUST_USE;
/* The same for a job that is the last of its COMMIT. */
enum err store_write_last(struct store *s, write_fn run, void *arg, struct arena *a) MUST_USE;

/* In a job: calls `run` on the writer thread once the COMMIT that holds this job is on the disk,
 * and before anyone's `done`. `bytes` are copied. Registering the same `run` again, also by an
 * earlier job of the batch, replaces its bytes. Not called when the job or the COMMIT fails. */
#define STORE_COMMIT_BYTES 128
typedef void (*commit_fn)(const char *database_path, const void *bytes, size_t len);
void db_on_commit(struct db *db, commit_fn run, const void *bytes, size_t len);

/* ---- Maintenance ----------------------------------------------------------------------------- */
/* The suffix of the file beside the database that says how far its audit log has come. A restore
 * keeps it with the old database, since the log of the backup may end earlier. */
#define STORE_HEAD_SUFFIX ".audit-head"

/* A file that is written as FILE.PID.gradus-partial (0600), synced, and only then given its final
 * name. It belongs to its maker: a backup that root makes in somebody's folder stays root's. */
struct store_partial {
    const char *path, *to; /* arena; borrowed */
    int fd;                /* open for writing; holds the lock that shows that its maker lives */
};
/* First removes what makers that died left in the folder. */
enum err store_partial_begin(struct store_partial *p, const char *to, struct arena *a,
                             const char **why) MUST_USE;
/* Syncs it and gives it its final name. ERR_CONFLICT when that exists by now: nothing is
 * overwritten. */
enum err store_partial_publish(struct store_partial *p, struct arena *a, const char **why) MUST_USE;
void store_partial_end(struct store_partial *p, struct arena *a); /* removes the temporary file */
/* Removes what interrupted backups and restores left in the folder of `beside`; files of living
 * processes stay. */
void store_remove_leftovers(const char *beside, struct arena *a);

/* A consistent copy of a database (may be in use) to a new file, checked with integrity_check. When
 * the copy is damaged, so is the database or the disk that was written to: the sentence says which.
 * Refuses to overwrite. */
enum err store_backup(const char *path, const char *to, struct arena *a, const char **why) MUST_USE;
/* A copy, checked in the same way, into a file that was begun. */
enum err store_copy_into(const char *path, const struct store_partial *into, struct arena *a,
                         const char **why) MUST_USE;
/* Checks that a file is an undamaged database of this program or of an older version. */
enum err store_check_backup(const char *backup, struct arena *a, const char **why) MUST_USE;

/* Replaces files beside a database all at once: they are written to a folder of their own and put
 * in place by one rename. A crash leaves the old files, or the new ones once somebody opens the
 * store. */
struct store_stage {
    const char *path, *folder; /* the database file; the folder that holds everything */
    const char *dir;           /* where new files are written */
    const char *suffix;        /* what was added to the names of kept files */
    int lock;
    bool replace, made, committed;
};
/* Makes the folder (0700) when it is missing. Refuses when `path` exists unless `replace`, and when
 * a server or command holds it. */
enum err store_stage_begin(struct store_stage *s, const char *path, bool replace, struct arena *a,
                           const char **why) MUST_USE;
/* The path at which the new file NAME ("gradus.db", "keys/issuer-0001.key") is to be written; makes
 * the folder before the slash. Arena. */
const char *store_stage_file(struct store_stage *s, const char *name, struct arena *a);
/* Puts these names in place. What they replace, and what belonged to the old database, is kept as
 * NAME.before-restore. When a name is in keys/, all other files of keys/ are removed too. Sets
 * `suffix`. */
enum err store_stage_commit(struct store_stage *s, const char *const *names, size_t count,
                            struct arena *a, const char **why) MUST_USE;
void store_stage_end(struct store_stage *s, struct arena *a); /* after begin, in any case */

/* Puts a backup that is one database file in place, by these means. The old file is kept as
 * *.before-restore. */
enum err store_restore(const char *backup, const char *path, bool replace, struct arena *a,
                       const char **why) MUST_USE;

/* Called after each table with the milliseconds that it took, and often in between with 0:
 * returning true ends the check. With more than 0 it may wait, since no lock or snapshot is held
 * then. */
typedef bool (*check_pause_fn)(void *arg, int64_t worked_ms);
struct store_check {
    int64_t tables;      /* looked at, with all their indexes */
    bool whole;          /* false: something is wrong, or `pause` ended it */
    const char *problem; /* sentence (arena), NULL: nothing is wrong with what was looked at */
};
/* Checks a whole database file slowly, for pages that something else overwrote. Uses a connection
 * of its own, and a snapshot for each table, so that the WAL is held up by one table at a time. OK
 * with `*out`; another error with a sentence in `*why`: the check itself failed. The connection
 * stays open until `a` is released. */
enum err store_check_file(const char *path, check_pause_fn pause, void *arg, struct arena *a,
                          struct store_check *out, const char **why) MUST_USE;

struct store_stats {
    int64_t jobs, commits, failed, queue_length, queue_capacity, commit_us_total, file_bytes,
        wal_bytes;
};
void store_stats(struct store *s, struct store_stats *out);
/* True when the last write reached the disk; false after disk full or read-only until one
 * succeeds. */
bool store_healthy(struct store *s);
/* Why the last write did not reach the disk, as a sentence for the operator (arena): out of space,
 * read-only, an error of the disk. NULL when it did. */
const char *store_fault(struct store *s, struct arena *a);

/* For the test of query plans: calls `each` with name, SQL and the plan's lines. */
enum err store_plans(struct store *s,
                     void (*each)(void *arg, const char *name, const char *sql, const char *plan),
                     void *arg) MUST_USE;

#endif
