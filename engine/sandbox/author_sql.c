/* Authors' SQL, compiled but not run. */
#include "sandbox/author_sql.h"

#include <string.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/text.h"
#include "sandbox/functions.h"
#include "sandbox/tables.h"

struct author_sql {
    sqlite3 *db;
    struct arena *arena;
    struct function_work work;
};

static void close_db(void *db) { sqlite3_close(db); }
static void end_statement(void *q) { sqlite3_finalize(q); }

/* Functions that need a run: here they are only named. */
static void nothing(sqlite3_context *c, int count, sqlite3_value **values) {
    (void)c, (void)count, (void)values;
}

static bool name_functions(sqlite3 *db) {
    static const struct {
        const char *name;
        int arguments;
    } all[] = {{"holds", 3},  {"filter_fault", 2}, {"objection", 4}, {"tokens", 4},
               {"chance", 2}, {"word", 3},         {"faded", 2}};
    for (size_t i = 0; i < COUNT_OF(all); i++)
        if (sqlite3_create_function_v2(db, all[i].name, all[i].arguments,
                                       SQLITE_UTF8 | SQLITE_INNOCUOUS, NULL, nothing, NULL, NULL,
                                       NULL) != SQLITE_OK)
            return false;
    return true;
}

struct author_sql *author_sql_new(const struct lab_stack *stack, struct arena *a,
                                  const struct lab_object **bad, const char **why) {
    struct author_sql *p = NEW(a, struct author_sql);
    *bad = NULL;
    p->arena = a;
    int rc = sqlite3_open_v2(":memory:", &p->db, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE, NULL);
    if (p->db) arena_defer(a, close_db, p->db);
    if (rc == SQLITE_OK) {
        tables_harden(p->db);
        p->work = FUNCTION_WORK_UNBOUNDED;
        if (functions_register(p->db, &p->work) && name_functions(p->db) &&
            tables_try(p->db, stack, a, bad))
            return p;
    }
    *why = p->db ? arena_dup(a, sqlite3_errmsg(p->db)) : "memory is short";
    return NULL;
}

static size_t blanks(const char *text) { return strspn(text, " \t\r\n;"); }

/* SQLite says where most errors are; of a name that it does not know it only says the name. */
static size_t place_of(sqlite3 *db, const char *sql, const char *why) {
    int at = sqlite3_error_offset(db);
    if (at >= 0) return (size_t)at;
    const char *name = str_has_prefix(why, "no such ") ? strstr(why, ": ") : NULL;
    const char *found = name ? strstr(sql, name + 2) : NULL;
    return found ? (size_t)(found - sql) : 0;
}

static const char *names_of(sqlite3_stmt *q, struct arena *a) {
    struct buf b;
    buf_init(&b, a);
    for (int i = 0; i < sqlite3_column_count(q); i++)
        buf_printf(&b, "%s%s", i ? ", " : "", sqlite3_column_name(q, i));
    return buf_text(&b);
}

/* `columns` not NULL: a check. */
static bool compile(struct author_sql *p, const char *sql, const char **columns, const char **why,
                    size_t *offset) {
    sqlite3_stmt *q = NULL;
    const char *tail = "";
    *offset = 0;
    if (sqlite3_prepare_v2(p->db, sql, -1, &q, &tail) != SQLITE_OK) {
        *why = arena_dup(p->arena, sqlite3_errmsg(p->db));
        *offset = place_of(p->db, sql, *why);
        return false;
    }
    arena_defer(p->arena, end_statement, q); /* the arena may leave through its guard */
    *why = !q || !sqlite3_stmt_readonly(q) ? "it must be a SELECT"
           : tail[blanks(tail)]            ? "it must be one statement"
           : columns && !str_eq(sqlite3_column_name(q, 0), "ok")
               ? "its first column must be called ok"
               : NULL;
    if (q && sqlite3_stmt_readonly(q) && tail[blanks(tail)])
        *offset = (size_t)(tail - sql) + blanks(tail);
    if (columns && !*why) *columns = names_of(q, p->arena);
    return !*why;
}

bool author_sql_check(struct author_sql *p, const char *sql, const char **why, size_t *offset) {
    return compile(p, sql, NULL, why, offset);
}

bool author_sql_check_verdict(struct author_sql *p, const char *sql, const char **columns,
                              const char **why, size_t *offset) {
    return compile(p, sql, columns, why, offset);
}
