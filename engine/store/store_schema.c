/* Compares the schema of a file with the one that the migrations make in an empty database. */
#include "store/store_schema.h"

#include <stdio.h>
#include <string.h>

#include "base/text.h"

#define MADE_BYTES ((size_t)8 << 20) /* for what the migrations make */
#define SAID_BYTES 300

/* A row of sqlite_schema; `text` is NULL for what SQLite makes by itself. */
struct part {
    const char *type, *name, *table, *text;
};
struct schema {
    struct part *parts; /* by type, then by name */
    size_t count;
};

static const char query[] = "SELECT type, name, tbl_name, sql FROM sqlite_schema"
                            " ORDER BY type, name";

/* Statistics of ANALYZE, and the counter of AUTOINCREMENT, are SQLite's. */
static bool is_of_sqlite(const struct part *p) {
    static const char *const names[] = {"sqlite_stat1", "sqlite_stat2", "sqlite_stat3",
                                        "sqlite_stat4", "sqlite_sequence"};
    for (size_t i = 0; i < COUNT_OF(names); i++)
        if (str_eq(p->type, "table") && str_eq(p->name, names[i])) return true;
    return false;
}

/* Steps to the next part that is not SQLite's own; its texts are the statement's. SQLITE_ROW, or
 * how it ended. */
static int next_part(sqlite3_stmt *q, struct part *out) {
    int rc;
    do {
        rc = sqlite3_step(q);
        if (rc != SQLITE_ROW) return rc;
        *out = (struct part){
            (const char *)sqlite3_column_text(q, 0), (const char *)sqlite3_column_text(q, 1),
            (const char *)sqlite3_column_text(q, 2), (const char *)sqlite3_column_text(q, 3)};
    } while (is_of_sqlite(out));
    return rc;
}

static const char *copy(struct arena *a, const char *text) {
    return text ? arena_dup(a, text) : NULL;
}

/* The database in memory in which they are made. */
struct empty {
    sqlite3 *sql;
    sqlite3_stmt *q;
};

/* Not by sqlite3_next_stmt: some statements are those of full-text tables. */
static void close_empty(void *arg) {
    struct empty *x = arg;
    sqlite3_finalize(x->q);
    sqlite3_close(x->sql);
}

/* What the first `applied` of these migrations make; all of it is `a`'s. */
static enum err make(const char *path, struct migration_list list, int applied, struct arena *a,
                     struct schema *out, const char **why) {
    struct empty *x = NEW(a, struct empty);
    struct part p;
    list.count = applied;
    arena_defer(a, close_empty, x);
    int rc = sqlite3_open_v2(":memory:", &x->sql, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE, NULL);
    enum err e = rc == SQLITE_OK ? migrate_apply(x->sql, path, list, 0, a, why) : OK;
    if (rc == SQLITE_OK && e == OK) rc = sqlite3_prepare_v2(x->sql, query, -1, &x->q, NULL);
    while (rc == SQLITE_OK && e == OK && (rc = next_part(x->q, &p)) == SQLITE_ROW) {
        out->parts = list_more(a, out->parts, out->count, sizeof p);
        out->parts[out->count++] = (struct part){copy(a, p.type), copy(a, p.name), copy(a, p.table),
                                                 copy(a, p.text)};
        rc = SQLITE_OK;
    }
    if (e != OK || rc == SQLITE_DONE) return e;
    *why = db_why(a, x->sql, rc, path, "be compared with what Gradus makes");
    return db_err(rc);
}

static int order_of(const struct part *x, const struct part *y) {
    int types = strcmp(x->type ? x->type : "", y->type ? y->type : "");
    return types ? types : strcmp(x->name ? x->name : "", y->name ? y->name : "");
}

/* Says what is different about one of the two, which stand at the same place of both lists; `here`
 * or `made` is NULL when its list has nothing there. */
static bool differs(const struct part *here, const struct part *made, char said[SAID_BYTES]) {
    if (here && !made)
        snprintf(said, SAID_BYTES, "has %s %.20s that is none of Gradus (%.80s, on %.80s)",
                 str_eq(here->type, "index") ? "an" : "a", here->type ? here->type : "part",
                 here->name ? here->name : "without a name", here->table ? here->table : "nothing");
    else if (made && !here && !str_eq(made->type, "trigger"))
        snprintf(said, SAID_BYTES, "lacks the %s %.80s", made->type, made->name);
    else if (here && made && (!str_eq(here->text, made->text) || !str_eq(here->table, made->table)))
        snprintf(said, SAID_BYTES, "has %s %s that was changed (%.80s)",
                 str_eq(made->type, "index") ? "an" : "a", made->type, made->name);
    return *said;
}

/* Reads the file's parts beside `made`, up to the first difference. SQLite's code. */
static int compare(sqlite3 *sql, const struct schema *made, char said[SAID_BYTES]) {
    sqlite3_stmt *q = NULL;
    struct part p;
    size_t at = 0;
    int rc = sqlite3_prepare_v2(sql, query, -1, &q, NULL);
    if (rc == SQLITE_OK) rc = next_part(q, &p);
    while (!*said && (rc == SQLITE_ROW || (rc == SQLITE_DONE && at < made->count))) {
        const struct part *here = rc == SQLITE_ROW ? &p : NULL,
                          *m = at < made->count ? &made->parts[at] : NULL;
        int order = !here ? 1 : !m ? -1 : order_of(here, m);
        if (differs(order <= 0 ? here : NULL, order >= 0 ? m : NULL, said)) break;
        if (order >= 0) at++;
        if (order <= 0) rc = next_part(q, &p);
    }
    sqlite3_finalize(q);
    return rc == SQLITE_DONE || rc == SQLITE_ROW ? SQLITE_OK : rc;
}

enum err schema_compare(sqlite3 *sql, const char *path, struct migration_list list, int applied,
                        struct arena *a, const char **problem, const char **why) {
    char said[SAID_BYTES] = "";
    struct schema made = {0};
    const char *failure = "memory is short";
    struct arena *scratch = arena_scratch(a, MADE_BYTES);
    volatile enum err e = ERR_BUSY;
    volatile int rc = SQLITE_OK;
    *problem = NULL;
    if (ARENA_GUARD(scratch) == 0) {
        e = make(path, list, applied, scratch, &made, &failure);
        if (e == OK) rc = compare(sql, &made, said);
    } else failure = "memory is short";
    if (e != OK) *why = arena_printf(a, "%s cannot be opened: %s.", path, failure);
    arena_release(scratch);
    if (rc != SQLITE_OK) {
        *why = db_why(a, sql, rc, path, "be read");
        return db_err(rc);
    }
    if (*said)
        *problem = arena_printf(
            a,
            "%s %s: somebody wrote into the file past the program, and what is read or written "
            "could be changed by it. Nothing was changed now. Find out who did it; then take it "
            "out, or restore a backup from before.",
            path, said);
    return e;
}

enum err schema_check(sqlite3 *sql, const char *path, struct migration_list list, int applied,
                      struct arena *a, const char **why) {
    const char *problem = NULL;
    enum err e = schema_compare(sql, path, list, applied, a, &problem, why);
    if (e != OK || !problem) return e;
    *why = problem;
    return ERR_INVALID;
}
