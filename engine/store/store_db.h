/* Inside the store: what a connection consists of. Other rooms include store.h only. */
#ifndef GR_STORE_DB_H
#define GR_STORE_DB_H

#include <sqlite3.h>
#include <stdatomic.h>

#include "store/store.h"
#include "store/store_sql.h"

/* "Grad": tells our files from other people's SQLite databases. */
#define STORE_APPLICATION_ID 0x47726164
#define STORE_BUSY_TIMEOUT_MS 5000
#define STORE_VALUES_MAX 32 /* $1 to $32 */
#define STORE_COMMIT_HOOKS 4

/* What the check at open learned about each query; not changed afterwards, so every thread may
 * read it. */
struct query_info {
    int values;     /* parameters it takes */
    bool read_only; /* may run on a reader */
    bool watched;   /* may change a watched table, be it by a trigger or a foreign key */
    signed char
        slot[STORE_VALUES_MAX]; /* $n -> SQLite's index: SQLite numbers by first appearance */
};

/* Counts changes of watched tables, see store_watched_version. */
struct watch_count {
    bool any; /* something is watched */
    atomic_uint_least64_t changes;
};
uint64_t watch_now(struct watch_count *w);

struct seal_key; /* store_seal.h */

struct stmt {
    sqlite3_stmt *handle; /* prepared at first use */
    struct db *db;
    struct stmt *next_open, *prev_open;
    int index; /* of sql_text_at */
    int columns;
    bool open, on_row;
    enum err latched;
};

/* A callback that a job registered for the COMMIT that holds it, see db_on_commit. */
struct commit_hook {
    commit_fn run;
    size_t len;
    char bytes[STORE_COMMIT_BYTES];
};
struct commit_hooks {
    int count;
    struct commit_hook hook[STORE_COMMIT_HOOKS];
};

/* Used by one thread at a time: a reader by the thread that leased it, the writer's by the
 * writer. */
struct db {
    sqlite3 *sql;
    struct store *store;
    const char *path;               /* borrowed from the store */
    const struct query_info *infos; /* borrowed from the store */
    struct stmt *stmts;             /* sql_text_count of them */
    struct stmt *open;              /* newest first */
    sqlite3_stmt *begin, *end;      /* of a reader's snapshot */
    struct commit_hooks *hooks;     /* of the job that runs; NULL on a reader */
    enum err worst_error;           /* the worst I/O error since it was cleared */
    bool writer;
    bool touched; /* the writer's: a query since BEGIN may have changed a watched table */
    bool begun;   /* a reader's: BEGIN has run; the first query of a snapshot runs it */
    struct watch_count *watch; /* the store's */
    struct seal_key *seal;     /* the store's */
    uint64_t watched_as_of;    /* a reader's: the count before its snapshot began */
    atomic_bool reading; /* between store_read_begin and store_read_end; store_close looks at it */
    struct db *next;     /* the store's list of readers, under its mutex */
};

enum db_mode {
    DB_READ,              /* read-only, never checkpoints */
    DB_WRITE,             /* WAL, foreign keys, synchronous=FULL; checkpoints only when told */
    DB_READ_OR_IMMUTABLE, /* as DB_READ; opens with immutable=1 when the folder cannot be written */
};

/* Once a process, before any other call of SQLite. */
bool db_library_start(void); /* false: SQLite cannot start, there is no memory */
/* Opens a bare connection with the pragmas of its mode. On failure `*why` is a sentence. */
enum err db_open_sqlite(sqlite3 **out, const char *path, enum db_mode mode, struct arena *a,
                        const char **why) MUST_USE;
/* Adds the tables of statements; NULL when memory is short (then `sql` stays the caller's). */
struct db *db_new(sqlite3 *sql, struct store *s, const char *path, const struct query_info *infos,
                  struct watch_count *watch, struct seal_key *seal, bool writer);
void db_free(struct db *db); /* closes the connection; NULL is ignored */
/* Resets whatever is open. */
void db_reset_all(struct db *db);

/* Prepares each query once and fills `infos` (in the order of sql_text_at); the sentence names the
 * place of the first that is wrong. `watched`: see store_options. */
enum err db_check_queries(sqlite3 *sql, const char *path, const char *const *watched,
                          struct query_info *infos, struct arena *a, const char **why) MUST_USE;
/* The same for one query. */
enum err db_check_query(sqlite3 *sql, const char *path, const char *const *watched,
                        const struct sql_text *text, struct query_info *info, struct arena *a,
                        const char **why) MUST_USE;

/* Maps a result code of SQLite to an error. */
enum err db_err(int rc);
/* What went wrong with `path`, what was kept, what to do; arena. `doing`: "be opened", "be
 * copied". */
const char *db_why(struct arena *a, sqlite3 *sql, int rc, const char *path, const char *doing);
/* The same for an errno of the file system. */
const char *db_why_errno(struct arena *a, int why, const char *path, const char *doing);
/* There is no database at `path`; arena. */
const char *db_why_absent(struct arena *a, const char *path);
/* Steps and resets a statement of the transaction (BEGIN, SAVEPOINT, ...). SQLite's code. */
int db_step_once(sqlite3_stmt *q);
/* Runs statements that take and return nothing. SQLite's code. */
int db_exec(sqlite3 *sql, const char *text);
/* Runs a check ("PRAGMA integrity_check…"): `*damage` (arena) says what is wrong with the bytes,
 * NULL when they are whole. Returns SQLite's code when the check could not be made. `sql` must have
 * an owner that closes it when the arena leaves through its guard. */
int db_integrity(sqlite3 *sql, const char *pragma, struct arena *a, const char **damage);
/* The one integer that a query returns. On a failure SQLite's code, and `*out` is 0. */
int db_scalar(sqlite3 *sql, const char *text, int64_t *out);

#endif
