/* Connections: how each kind is opened, and SQLite's failures as sentences for the operator. */
#include "store/store_db.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "base/codec.h"
#include "base/owner.h"

static bool started;

static void configure_library(void) {
    /* No global counters (a mutex for every allocation of every thread), and savepoints that
     * stay in memory up to 1 MiB instead of spilling to a temporary file at 64 KiB. Refused when
     * SQLite already runs, which costs speed only. */
    sqlite3_config(SQLITE_CONFIG_MEMSTATUS, 0);
    sqlite3_config(SQLITE_CONFIG_STMTJRNL_SPILL, 1 << 20);
    started = sqlite3_initialize() == SQLITE_OK;
}

bool db_library_start(void) {
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    pthread_once(&once, configure_library);
    return started;
}

enum err db_err(int rc) {
    switch (rc & 0xff) {
    case SQLITE_OK:
    case SQLITE_ROW:
    case SQLITE_DONE: return OK;
    case SQLITE_CONSTRAINT: return ERR_CONFLICT;
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
    case SQLITE_NOMEM: /* memory may be free again at the next try */
    case SQLITE_INTERRUPT: return ERR_BUSY;
    case SQLITE_TOOBIG: return ERR_LIMIT;
    default: return ERR_IO;
    }
}

const char *db_why_errno(struct arena *a, int why, const char *path, const char *doing) {
    switch (why) {
    case ENOSPC:
    case EDQUOT:
        return arena_printf(
            a,
            "%s cannot %s: the disk is full. What was saved before is safe. Free some space, "
            "then try again.",
            path, doing);
    case EROFS:
    case EACCES:
    case EPERM:
        return arena_printf(
            a,
            "%s cannot %s: it, its folder or the disk is read-only for this user (%s). Nothing "
            "was changed. Give this user write access, then try again.",
            path, doing, strerror(why));
    default: return arena_printf(a, "%s cannot %s: %s.", path, doing, strerror(why));
    }
}

/* SQLite does not always say why a COMMIT failed. */
static bool disk_is_full(const char *path) {
    struct statvfs disk;
    return statvfs(path, &disk) == 0 && disk.f_bavail * disk.f_frsize < 65536;
}

const char *db_why(struct arena *a, sqlite3 *sql, int rc, const char *path, const char *doing) {
    int extended = sql ? sqlite3_extended_errcode(sql) : rc,
        os = sql ? sqlite3_system_errno(sql) : 0;
    if ((extended & 0xff) != (rc & 0xff)) extended = rc;
    switch (rc & 0xff) {
    case SQLITE_FULL: return db_why_errno(a, ENOSPC, path, doing);
    case SQLITE_READONLY: return db_why_errno(a, os == EROFS ? EROFS : EACCES, path, doing);
    case SQLITE_PERM: return db_why_errno(a, EACCES, path, doing);
    case SQLITE_CANTOPEN:
        if (os) return db_why_errno(a, os, path, doing);
        break;
    case SQLITE_IOERR:
        if (!os && disk_is_full(path)) os = ENOSPC;
        if (os == ENOSPC || os == EDQUOT || os == EROFS) return db_why_errno(a, os, path, doing);
        return arena_printf(
            a,
            "%s cannot %s: the disk reports an error (%s%s%s). What was saved before is kept. "
            "Look at the disk and the system's log, then try again.",
            path, doing, sqlite3_errstr(extended), os ? ": " : "", os ? strerror(os) : "");
    case SQLITE_NOTADB:
        return arena_printf(a, "%s cannot %s: it is not a database. Nothing was changed.", path,
                            doing);
    case SQLITE_CORRUPT:
        return arena_printf(
            a,
            "%s cannot %s: the file is damaged (%s). Nothing was changed. Keep a copy of it, then "
            "put a backup in place with: gradus restore FILE --replace",
            path, doing, sql ? sqlite3_errmsg(sql) : sqlite3_errstr(rc));
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
        return arena_printf(
            a, "%s cannot %s: another program is using it. Stop that one, or try again later.",
            path, doing);
    case SQLITE_NOMEM: return arena_printf(a, "%s cannot %s: memory is short.", path, doing);
    default: break;
    }
    return arena_printf(a, "%s cannot %s: %s.", path, doing,
                        sql ? sqlite3_errmsg(sql) : sqlite3_errstr(rc));
}

const char *db_why_absent(struct arena *a, const char *path) {
    return arena_printf(
        a,
        "There is no academy at this place: %s does not exist. Nothing was made. Name the folder "
        "of the academy with --data.",
        path);
}

int db_step_once(sqlite3_stmt *q) {
    sqlite3_step(q);
    return sqlite3_reset(q);
}

int db_exec(sqlite3 *sql, const char *text) { return sqlite3_exec(sql, text, NULL, NULL, NULL); }

int db_scalar(sqlite3 *sql, const char *text, int64_t *out) {
    sqlite3_stmt *q = NULL;
    *out = 0;
    int rc = sqlite3_prepare_v2(sql, text, -1, &q, NULL);
    if (rc == SQLITE_OK) rc = sqlite3_step(q);
    if (rc == SQLITE_ROW) {
        *out = sqlite3_column_int64(q, 0);
        rc = SQLITE_OK;
    } else if (rc == SQLITE_DONE) rc = SQLITE_ERROR; /* no row: the query was no scalar */
    sqlite3_finalize(q);
    return rc;
}

/* Creates the file itself, so that its mode is 0600; SQLite gives the WAL and the shared memory the
 * same mode. */
static int make_file(const char *path) {
    int fd = file_open_or_make(path, O_RDWR, 0600);
    if (fd < 0) return errno;
    close(fd);
    return 0;
}

static int configure(sqlite3 *sql, enum db_mode mode) {
    sqlite3_extended_result_codes(sql, 1);
    sqlite3_busy_timeout(sql, STORE_BUSY_TIMEOUT_MS);
    sqlite3_db_config(sql, SQLITE_DBCONFIG_DQS_DML, 0, NULL);
    sqlite3_db_config(sql, SQLITE_DBCONFIG_DQS_DDL, 0, NULL);
    sqlite3_db_config(sql, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL);
    sqlite3_wal_autocheckpoint(sql, 0);
    if (mode != DB_WRITE)
        /* Not mapped: after each commit SQLite would unmap the whole file in every reader, which
         * costs all threads more than the copies do; and an I/O error is a result code here, not a
         * signal. */
        return db_exec(sql, "PRAGMA temp_store=MEMORY; PRAGMA mmap_size=0; PRAGMA cache_size=-4096;"
                            "PRAGMA cell_size_check=ON; PRAGMA query_only=ON");
    /* recursive_triggers: INSERT OR REPLACE must not slip past a trigger that refuses DELETE.
     * The writer does not map the file: an I/O error shall be a result code, not a signal. */
    return db_exec(
        sql,
        "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA foreign_keys=ON;"
        "PRAGMA recursive_triggers=ON; PRAGMA temp_store=MEMORY; PRAGMA mmap_size=0;"
        "PRAGMA cache_size=-8192; PRAGMA cell_size_check=ON; PRAGMA journal_size_limit=67108864");
}

static int open_once(sqlite3 **out, const char *name, enum db_mode mode, int flags) {
    flags |= SQLITE_OPEN_NOMUTEX |
             (mode == DB_WRITE ? SQLITE_OPEN_READWRITE : SQLITE_OPEN_READONLY);
    int rc = sqlite3_open_v2(name, out, flags, NULL);
    if (rc == SQLITE_OK) rc = configure(*out, mode);
    /* SQLite opens a file lazily: this query reads it. */
    if (rc == SQLITE_OK) rc = db_exec(*out, "SELECT count(*) FROM sqlite_schema");
    return rc;
}

/* "file:...?immutable=1": reads a database of a folder where SQLite cannot make its shared
 * memory. Sound only when nobody writes it and no WAL waits to be read. */
static const char *immutable_name(struct arena *a, const char *path) {
    if (access(arena_printf(a, "%s-wal", path), F_OK) == 0) return NULL;
    return arena_printf(a, "file:%s?immutable=1", percent_encode(a, path, "/"));
}

enum err db_open_sqlite(sqlite3 **out, const char *path, enum db_mode mode, struct arena *a,
                        const char **why) {
    *out = NULL;
    if (!db_library_start()) {
        *why = "SQLite cannot start: memory is short.";
        return ERR_IO;
    }
    if (mode == DB_WRITE) {
        int os = make_file(path);
        if (os) {
            *why = db_why_errno(a, os, path, "be opened");
            return ERR_IO;
        }
    }
    int rc = open_once(out, path, mode, 0);
    bool no_shm = (rc & 0xff) == SQLITE_CANTOPEN ||
                  (rc & 0xff) == SQLITE_READONLY; /* SQLite could not make its shared memory */
    const char *immutable = mode == DB_READ_OR_IMMUTABLE && no_shm ? immutable_name(a, path) : NULL;
    if (immutable) {
        sqlite3_close(*out);
        *out = NULL;
        rc = open_once(out, immutable, mode, SQLITE_OPEN_URI);
    }
    if (rc == SQLITE_OK && mode == DB_WRITE && sqlite3_db_readonly(*out, "main") == 1)
        rc = SQLITE_READONLY;
    if (rc == SQLITE_OK) return OK;
    *why = db_why(a, *out, rc, path, "be opened");
    sqlite3_close(*out);
    *out = NULL;
    return db_err(rc);
}

struct db *db_new(sqlite3 *sql, struct store *s, const char *path, const struct query_info *infos,
                  struct watch_count *watch, struct seal_key *seal, bool writer) {
    struct db *db = calloc(1, sizeof *db);
    if (!db) return NULL;
    db->stmts = calloc((size_t)sql_text_count + 1, sizeof *db->stmts);
    int rc = SQLITE_OK;
    if (!writer) {
        rc = sqlite3_prepare_v3(sql, "BEGIN", -1, SQLITE_PREPARE_PERSISTENT, &db->begin, NULL);
        if (rc == SQLITE_OK)
            rc = sqlite3_prepare_v3(sql, "COMMIT", -1, SQLITE_PREPARE_PERSISTENT, &db->end, NULL);
    }
    if (!db->stmts || rc != SQLITE_OK) {
        sqlite3_finalize(db->begin);
        sqlite3_finalize(db->end);
        free(db->stmts);
        free(db);
        return NULL;
    }
    for (int i = 0; i < sql_text_count; i++) {
        db->stmts[i].db = db;
        db->stmts[i].index = i;
    }
    db->sql = sql;
    db->store = s;
    db->path = path;
    db->infos = infos;
    db->watch = watch;
    db->seal = seal;
    db->writer = writer;
    return db;
}

void db_free(struct db *db) {
    if (!db) return;
    for (int i = 0; i < sql_text_count; i++) sqlite3_finalize(db->stmts[i].handle);
    sqlite3_finalize(db->begin);
    sqlite3_finalize(db->end);
    /* A statement that outlives its connection is a bug of this room. */
    BUG_IF(sqlite3_close(db->sql) != SQLITE_OK); /* SQLITE_BUSY is its only error */
    free(db->stmts);
    free(db);
}
