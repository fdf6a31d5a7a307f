/* Checks a whole database file, one table at a time. */
#include "store/store.h"

#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "store/store_schema.h"

/* Virtual machine steps between looks at whether to stop. */
#define LOOK_STEPS 10000

struct check {
    sqlite3 *sql;
    const char *path;
    check_pause_fn pause;
    void *arg;
    bool stopped;
};

static int on_progress(void *arg) {
    struct check *c = arg;
    if (!c->stopped) c->stopped = c->pause(c->arg, 0);
    return c->stopped;
}

/* ---- What a check says ---------------------------------------------------------------------- */

/* Only these two result codes say that the bytes are wrong. Any other (no memory, no descriptors, a
 * lock, a failed read) says that they could not be checked. */
static bool is_damage(int rc) {
    return (rc & 0xff) == SQLITE_CORRUPT || (rc & 0xff) == SQLITE_NOTADB;
}

/* integrity_check reports a page that could not be read as a finding: "unable to get the page.
 * error code=266". Other findings may follow from that. Returns the first such code that is no
 * damage, SQLITE_OK when there is none. */
static int code_in(const char *answer) {
    static const char mark[] = "error code";
    for (const char *p = answer; (p = strstr(p, mark)) != NULL;) {
        p += sizeof mark - 1;
        int rc = *p ? (int)strtol(p + 1, NULL, 10) : 0;
        if (rc && !is_damage(rc)) return rc;
    }
    return SQLITE_OK;
}

static const char *one_line(struct arena *a, const char *words) {
    char *line = arena_dup(a, words);
    for (char *p = line; *p; p++)
        if (*p == '\n') *p = ' ';
    return line;
}

int db_integrity(sqlite3 *sql, const char *pragma, struct arena *a, const char **damage) {
    sqlite3_stmt *q = NULL;
    int rc = sqlite3_prepare_v2(sql, pragma, -1, &q, NULL);
    *damage = NULL;
    if (rc == SQLITE_OK) rc = sqlite3_step(q);
    if (rc == SQLITE_ROW) {
        const char *answer = (const char *)sqlite3_column_text(q, 0);
        rc = answer ? code_in(answer) : SQLITE_NOMEM;
        if (rc == SQLITE_OK && strcmp(answer, "ok") != 0) *damage = one_line(a, answer);
    } else if (is_damage(rc)) {
        *damage = one_line(a, sqlite3_errmsg(sql));
        rc = SQLITE_OK;
    } else if (rc == SQLITE_DONE) rc = SQLITE_OK;
    sqlite3_finalize(q);
    return rc;
}

/* ---- Table by table -------------------------------------------------------------------------- */

static const char *damaged(struct check *c, const char *table, const char *words, struct arena *a) {
    return arena_printf(a,
                        "%s is damaged (table %s: %s). Something else wrote over the file, or the "
                        "disk is failing. What is read from there may be wrong. Stop the server, "
                        "keep a copy of the whole folder, and restore the last good backup.",
                        c->path, table, words);
}

/* Also OK when the caller ended the check. */
static enum err could_not(struct check *c, int rc, struct arena *a, const char **why) {
    if (rc == SQLITE_OK || c->stopped) return OK;
    *why = db_why(a, c->sql, rc, c->path, "be checked");
    return db_err(rc);
}

/* One table with its indexes; the schema itself as "sqlite_schema". */
static enum err check_table(struct check *c, const char *table, struct arena *a,
                            struct store_check *out, const char **why) {
    const char *damage = NULL;
    char *text = sqlite3_mprintf("PRAGMA integrity_check(\"%w\")", table);
    if (!text) arena_starve(a);
    arena_defer(a, sqlite3_free, text);
    int rc = db_integrity(c->sql, text, a, &damage);
    if (damage) out->problem = damaged(c, table, damage, a);
    out->tables++;
    return could_not(c, rc, a, why);
}

/* Lists all names and closes the statement, so that each table is checked in a snapshot of its own.
 * A table that is gone by then is reported as "ok". */
static int list_tables(sqlite3 *sql, struct arena *a, const char ***out, size_t *count) {
    sqlite3_stmt *q = NULL;
    int rc = sqlite3_prepare_v2(
        sql,
        "SELECT name FROM sqlite_schema WHERE type = 'table' AND rootpage > 0 ORDER BY rootpage",
        -1, &q, NULL);
    *out = list_more(a, NULL, 0, sizeof **out);
    (*out)[0] = "sqlite_schema";
    for (*count = 1; rc == SQLITE_OK && (rc = sqlite3_step(q)) == SQLITE_ROW; ++*count) {
        *out = list_more(a, *out, *count, sizeof **out);
        const char *name = (const char *)sqlite3_column_text(q, 0);
        if (!name) break;
        (*out)[*count] = arena_dup(a, name);
        rc = SQLITE_OK;
    }
    sqlite3_finalize(q);
    return rc == SQLITE_DONE ? SQLITE_OK : rc == SQLITE_ROW ? SQLITE_NOMEM : rc;
}

/* RULE own-schema: what was put into the file while it was served. */
static enum err check_schema(struct check *c, struct arena *a, struct store_check *out,
                             const char **why) {
    int applied = 0;
    struct migration_list list = store_migrations();
    enum err e = migrate_state(c->sql, c->path, list, &applied, a, why);
    if (e == OK && applied > 0)
        e = schema_compare(c->sql, c->path, list, applied, a, &out->problem, why);
    if (c->stopped) return OK;
    if (e != ERR_INVALID) return e;
    out->problem = *why; /* the rows about its migrations were changed */
    *why = NULL;
    return OK;
}

static void close_all(void *sql) {
    for (sqlite3_stmt *q; (q = sqlite3_next_stmt(sql, NULL)) != NULL;) sqlite3_finalize(q);
    sqlite3_close(sql);
}

enum err store_check_file(const char *path, check_pause_fn pause, void *arg, struct arena *a,
                          struct store_check *out, const char **why) {
    struct check c = {.path = path, .pause = pause, .arg = arg};
    const char **tables = NULL;
    size_t count = 0;
    memset(out, 0, sizeof *out);
    *why = NULL;
    enum err e = db_open_sqlite(&c.sql, path, DB_READ, a, why);
    if (e != OK) return e;
    arena_defer(a, close_all, c.sql);
    sqlite3_progress_handler(c.sql, LOOK_STEPS, on_progress, &c);
    int rc = list_tables(c.sql, a, &tables, &count);
    if (is_damage(rc)) {
        out->problem = damaged(&c, "sqlite_schema", sqlite3_errmsg(c.sql), a);
    } else e = could_not(&c, rc, a, why);
    if (rc == SQLITE_OK && e == OK && !c.stopped) e = check_schema(&c, a, out, why);
    for (size_t i = 0; rc == SQLITE_OK && e == OK && i < count && !out->problem && !c.stopped;
         i++) {
        int64_t start_ms = clock_monotonic_ms();
        e = check_table(&c, tables[i], a, out, why);
        int64_t worked_ms = clock_monotonic_ms() - start_ms;
        if (!c.stopped) c.stopped = pause(arg, worked_ms > 0 ? worked_ms : 1);
    }
    sqlite3_progress_handler(c.sql, 0, NULL, NULL); /* it points at this function's frame */
    out->whole = e == OK && !c.stopped && !out->problem;
    return e;
}
