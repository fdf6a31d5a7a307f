/* Named queries: checked once at open, prepared by each connection at first use, bound, read,
 * reset. */
#include <stdarg.h>
#include <stdio.h>

#include "base/log.h"
#include "base/text.h"
#include "store/store_db.h"

/* ---- The check at open ---------------------------------------------------------------------- */

struct watch {
    const char *const *tables; /* NULL: none */
    bool hit;
};

/* The authorizer: SQLite calls it for each action of a statement while compiling it, triggers and
 * foreign keys included. */
static int note_writes(void *arg, int action, const char *table, const char *detail,
                       const char *database, const char *trigger) {
    (void)detail, (void)database, (void)trigger;
    struct watch *w = arg;
    bool writes = action == SQLITE_INSERT || action == SQLITE_UPDATE || action == SQLITE_DELETE;
    for (const char *const *t = w->tables; writes && t && *t; t++)
        w->hit = w->hit || sqlite3_stricmp(*t, table) == 0;
    return SQLITE_OK;
}

static const char *check_query(sqlite3 *sql, const struct sql_text *text, struct query_info *info,
                               struct arena *a) {
    sqlite3_stmt *q = NULL;
    const char *rest = NULL;
    if (sqlite3_prepare_v2(sql, text->text, -1, &q, &rest) != SQLITE_OK)
        return arena_printf(a, "%s:1: error: %s [sql]", text->place, sqlite3_errmsg(sql));
    const char *problem = NULL;
    while (rest && (*rest == ' ' || *rest == '\n' || *rest == '\t' || *rest == ';')) rest++;
    if (!q) problem = "the query is empty";
    else if (rest && *rest) problem = "a name stands for one statement, here are more";
    info->values = sqlite3_bind_parameter_count(q);
    info->read_only = q && sqlite3_stmt_readonly(q);
    if (info->values > STORE_VALUES_MAX) problem = "more values than $1 to $32";
    for (int i = 1; !problem && i <= info->values; i++) {
        const char *name = sqlite3_bind_parameter_name(q, i);
        int64_t number = 0;
        if (!name || name[0] != '$' || !parse_i64(name + 1, 1, info->values, &number))
            problem = "values are named $1, $2, ... without gaps";
        else info->slot[number - 1] = (signed char)i;
    }
    sqlite3_finalize(q);
    return problem ? arena_printf(a, "%s:1: error: %s [sql]", text->place, problem) : NULL;
}

enum err db_check_query(sqlite3 *sql, const char *path, const char *const *watched,
                        const struct sql_text *text, struct query_info *info, struct arena *a,
                        const char **why) {
    struct watch watch = {.tables = watched};
    sqlite3_set_authorizer(sql, note_writes, &watch);
    const char *problem = check_query(sql, text, info, a);
    int rc = sqlite3_errcode(sql);
    sqlite3_set_authorizer(sql, NULL, NULL);
    info->watched = watch.hit;
    if (!problem) return OK;
    /* Usually the query is wrong; but the schema may have been unreadable. */
    if (rc != SQLITE_OK && rc != SQLITE_ERROR && (rc & 0xff) != SQLITE_DONE &&
        (rc & 0xff) != SQLITE_ROW) {
        *why = db_why(a, sql, rc, path, "be opened");
        return db_err(rc);
    }
    *why = arena_printf(a, "%s cannot be used: the query %s does not fit it. %s", path, text->name,
                        problem);
    return ERR_INVALID;
}

enum err db_check_queries(sqlite3 *sql, const char *path, const char *const *watched,
                          struct query_info *infos, struct arena *a, const char **why) {
    enum err e = OK;
    for (int i = 0; i < sql_text_count && e == OK; i++)
        e = db_check_query(sql, path, watched, sql_text_at(i), &infos[i], a, why);
    return e;
}

/* ---- Running queries ------------------------------------------------------------------------- */

/* Each misuse depends on the code of a handler alone (which query, which values, in which order),
 * never on what a row holds: a value of another type is converted, and a lost row is an error. */
static _Noreturn void misuse(const struct stmt *q, const char *what) {
    const struct sql_text *text = sql_text_at(q->index);
    fprintf(stderr, "gradus: query %s (%s): %s\n", text->name, text->place, what);
    BUG("a query is used wrongly");
}

static void latch(struct stmt *q, int rc) {
    enum err e = db_err(rc);
    if (e == OK || q->latched != OK) return;
    q->latched = e;
    /* The writer fails the transaction for this, even when the job ignores the error. */
    if (e == ERR_IO || e == ERR_BUSY) {
        q->db->worst_error = e;
        struct log_line l;
        log_begin(&l, LOG_ERROR, "query_failed");
        log_text(&l, "query", sql_text_at(q->index)->name);
        log_text(&l, "problem", sqlite3_errmsg(q->db->sql));
        log_int(&l, "code", sqlite3_extended_errcode(q->db->sql));
        log_end(&l);
    }
}

static void bind(struct stmt *q, const char *types, va_list values) {
    const struct query_info *info = &q->db->infos[q->index];
    int count = 0;
    for (const char *t = types; *t; t++, count++) {
        if (count == info->values) misuse(q, "more values than it takes");
        int at = info->slot[count], rc;
        switch (*t) {
        case 't':
            rc = sqlite3_bind_text(q->handle, at, va_arg(values, const char *), -1, SQLITE_STATIC);
            break;
        case 'i': rc = sqlite3_bind_int64(q->handle, at, va_arg(values, int64_t)); break;
        case 'n': rc = sqlite3_bind_null(q->handle, at); break;
        case 'b': {
            const void *bytes = va_arg(values, const void *);
            size_t len = va_arg(values, size_t);
            /* SQLite takes a NULL pointer for NULL, also where an empty blob is meant. */
            rc = bytes ? sqlite3_bind_blob64(q->handle, at, bytes, len, SQLITE_STATIC)
                       : sqlite3_bind_null(q->handle, at);
            break;
        }
        default: misuse(q, "a type is none of t, i, b, n");
        }
        latch(q, rc);
    }
    if (count < info->values) misuse(q, "fewer values than it takes");
}

/* Many requests run no query, so BEGIN is delayed until the first one. */
static int begin_if_due(struct db *db) {
    if (db->begun || !atomic_load_explicit(&db->reading, memory_order_relaxed)) return SQLITE_OK;
    int rc = db_step_once(db->begin);
    db->begun = rc == SQLITE_OK;
    return rc;
}

static struct stmt *ask(struct db *db, int query, const char *types, va_list values) {
    int index = sql_index(query);
    struct stmt *q = &db->stmts[index];
    if (q->open) misuse(q, "it is open already");
    if (!db->writer && !db->infos[index].read_only) misuse(q, "it writes, and this is a reader");
    db->touched |= db->infos[index].watched;
    int begin_rc = begin_if_due(db);
    q->open = true;
    q->on_row = false;
    q->latched = OK;
    q->prev_open = NULL;
    q->next_open = db->open;
    if (db->open) db->open->prev_open = q;
    db->open = q;
    if (!q->handle) {
        latch(q, sqlite3_prepare_v3(db->sql, sql_text_at(index)->text, -1,
                                    SQLITE_PREPARE_PERSISTENT, &q->handle, NULL));
        if (!q->handle) return q;
        q->columns = sqlite3_column_count(q->handle);
    }
    latch(q, begin_rc);
    bind(q, types, values);
    return q;
}

struct stmt *db_query(struct db *db, int query, const char *types, ...) {
    va_list values;
    va_start(values, types);
    struct stmt *q = ask(db, query, types, values);
    va_end(values);
    return q;
}

bool stmt_row(struct stmt *q) {
    if (!q->open) misuse(q, "stmt_row after stmt_end");
    if (q->latched != OK) return false;
    int rc = sqlite3_step(q->handle);
    q->on_row = rc == SQLITE_ROW;
    latch(q, rc);
    return q->on_row;
}

static sqlite3_stmt *column_of(struct stmt *q, int column) {
    if (!q->on_row) misuse(q, "a column is read where there is no row");
    if (column < 0 || column >= q->columns) misuse(q, "it has no such column");
    return q->handle;
}

int64_t stmt_int(struct stmt *q, int column) {
    return sqlite3_column_int64(column_of(q, column), column);
}

bool stmt_null(struct stmt *q, int column) {
    return sqlite3_column_type(column_of(q, column), column) == SQLITE_NULL;
}

char *stmt_text(struct stmt *q, int column, struct arena *a) {
    sqlite3_stmt *handle = column_of(q, column);
    if (sqlite3_column_type(handle, column) == SQLITE_NULL) return NULL;
    const unsigned char *text = sqlite3_column_text(handle, column);
    if (!text) arena_starve(a); /* SQLite had no memory to convert it */
    return arena_copy(a, (const char *)text, (size_t)sqlite3_column_bytes(handle, column));
}

const unsigned char *stmt_blob(struct stmt *q, int column, struct arena *a, size_t *len) {
    sqlite3_stmt *handle = column_of(q, column);
    *len = 0;
    if (sqlite3_column_type(handle, column) == SQLITE_NULL) return NULL;
    const void *bytes = sqlite3_column_blob(handle, column);
    size_t size = (size_t)sqlite3_column_bytes(handle, column);
    if (!bytes && size) arena_starve(a);
    char *copy = arena_copy(a, bytes, size);
    *len = size;
    return (const unsigned char *)copy;
}

static void close_stmt(struct stmt *q) {
    struct db *db = q->db;
    if (q->prev_open) q->prev_open->next_open = q->next_open;
    else db->open = q->next_open;
    if (q->next_open) q->next_open->prev_open = q->prev_open;
    q->open = q->on_row = false;
    if (q->handle) sqlite3_reset(q->handle);
}

enum err stmt_end(struct stmt *q) {
    if (!q->open) misuse(q, "it is ended twice");
    close_stmt(q);
    return q->latched;
}

void db_reset_all(struct db *db) {
    while (db->open) close_stmt(db->open);
}

bool db_one(struct db *db, struct stmt **q, enum err *e, int query, const char *types, ...) {
    va_list values;
    va_start(values, types);
    struct stmt *asked = ask(db, query, types, values);
    va_end(values);
    *q = asked;
    *e = OK;
    if (stmt_row(asked)) return true;
    *e = stmt_end(asked);
    if (*e == OK) *e = ERR_NOT_FOUND;
    return false;
}

enum err db_run(struct db *db, int query, const char *types, ...) {
    va_list values;
    va_start(values, types);
    struct stmt *q = ask(db, query, types, values);
    va_end(values);
    if (stmt_row(q)) misuse(q, "db_run of a query that returns rows");
    return stmt_end(q);
}

int64_t db_changed_rows(struct db *db) { return sqlite3_changes64(db->sql); }

const char *db_path(struct db *db) { return db->path; }

/* ---- Snapshots ------------------------------------------------------------------------------ */

void store_read_begin(struct db *db) {
    BUG_IF(db->writer);
    BUG_IF(atomic_load_explicit(&db->reading, memory_order_relaxed));
    db_reset_all(db);
    /* Read before the snapshot begins, so that each change that it counts is in the snapshot. */
    db->watched_as_of = watch_now(db->watch);
    db->begun = false;
    atomic_store_explicit(&db->reading, true, memory_order_relaxed);
}

uint64_t watch_now(struct watch_count *w) {
    return w->any ? atomic_load(&w->changes) : atomic_fetch_add(&w->changes, 1);
}

uint64_t db_watched_version(struct db *db) { return db->watched_as_of; }

void store_read_end(struct db *db) {
    BUG_IF(!atomic_load_explicit(&db->reading, memory_order_relaxed));
    db_reset_all(db);
    /* After some errors SQLite has ended the transaction by itself. */
    if (db->begun && !sqlite3_get_autocommit(db->sql) && db_step_once(db->end) != SQLITE_OK)
        db_exec(db->sql, "ROLLBACK");
    atomic_store_explicit(&db->reading, false, memory_order_relaxed);
}
