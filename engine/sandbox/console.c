/* Runs SQL that people wrote. The learner's passes an authorizer that allows by list: SELECT, a few
 * functions, the tables of connectors and the event log. Everything else (PRAGMA, ATTACH, schema,
 * writes, hidden tables) is refused when the statement is compiled. */
#include "sandbox/console.h"

#include <string.h>
#include <time.h>

#include "base/clock.h"
#include "base/text.h"
#include "sandbox/step.h"

static const char *const functions[] = {
    "abs",          "avg",        "char",        "coalesce",  "count",      "date",
    "datetime",     "dense_rank", "first_value", "format",    "glob",       "group_concat",
    "hex",          "ifnull",     "iif",         "instr",     "julianday",  "lag",
    "last_value",   "lead",       "length",      "like",      "lower",      "ltrim",
    "max",          "min",        "nth_value",   "ntile",     "nullif",     "printf",
    "quote",        "rank",       "replace",     "round",     "row_number", "rtrim",
    "sign",         "strftime",   "substr",      "substring", "sum",        "time",
    "total",        "trim",       "typeof",      "unicode",   "unixepoch",  "upper",
    "percent_rank", "cume_dist",
};

bool console_table_allowed(const struct lab_state *s, const char *table) {
    if (str_eq(table, "event") || str_eq(table, "message")) return true;
    for (int m = 0; m < s->stack.member_count; m++)
        for (int i = 0; i < s->stack.members[m].connector->object_count; i++)
            if (str_eq(s->stack.members[m].connector->objects[i].table, table)) return true;
    return false;
}

static int authorize(void *context, int action, const char *first, const char *second,
                     const char *schema, const char *trigger) {
    (void)schema, (void)trigger;
    switch (action) {
    case SQLITE_SELECT:
    case SQLITE_RECURSIVE: return SQLITE_OK;
    case SQLITE_READ: return console_table_allowed(context, first) ? SQLITE_OK : SQLITE_DENY;
    case SQLITE_FUNCTION:
        for (size_t i = 0; i < COUNT_OF(functions); i++)
            if (sqlite3_stricmp(second, functions[i]) == 0) return SQLITE_OK;
        return SQLITE_DENY;
    default: return SQLITE_DENY;
    }
}

/* ---- Bounds --------------------------------------------------------------------------------- */
#define OPERATIONS_AT_ONCE 50 /* each can be a call of a slow function */

struct budget {
    struct function_work *work;
    int64_t began_ms, began_cpu_ms;
    bool learner, timed;
    const char *cut;
    int length, pattern, program; /* the limits before */
    sqlite3_int64 heap;
};

/* Processor time of the worker: a busy machine is not the query's fault. */
static int64_t cpu_ms(void) {
    struct timespec t;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

static int on_progress(void *context) {
    struct budget *b = context;
    if ((b->work->left -= OPERATIONS_AT_ONCE) < 0) b->cut = "steps";
    /* Processor time is never more than elapsed time, whose clock is cheaper to read: so that is
     * asked first. */
    else if (b->timed && clock_monotonic_ms() - b->began_ms > CONSOLE_CPU_MS &&
             cpu_ms() - b->began_cpu_ms > CONSOLE_CPU_MS)
        b->cut = "time";
    return b->cut != NULL;
}

static void set_bounds(struct lab_state *s, struct budget *b) {
    sqlite3_progress_handler(s->db, OPERATIONS_AT_ONCE, on_progress, b);
    if (!b->learner) return;
    sqlite3_set_authorizer(s->db, authorize, s);
    b->began_ms = clock_monotonic_ms();
    b->began_cpu_ms = cpu_ms();
    b->length = sqlite3_limit(s->db, SQLITE_LIMIT_LENGTH, CONSOLE_VALUE_BYTES);
    b->pattern = sqlite3_limit(s->db, SQLITE_LIMIT_LIKE_PATTERN_LENGTH, CONSOLE_PATTERN_BYTES);
    b->program = sqlite3_limit(s->db, SQLITE_LIMIT_VDBE_OP, CONSOLE_PROGRAM);
    sqlite3_int64 heap = sqlite3_memory_used() + CONSOLE_HEAP_BYTES;
    b->heap = sqlite3_hard_heap_limit64(heap < LAB_HEAP_BYTES ? heap : LAB_HEAP_BYTES);
}

static void lift_bounds(struct lab_state *s, const struct budget *b) {
    sqlite3_progress_handler(s->db, 0, NULL, NULL);
    s->work = FUNCTION_WORK_UNBOUNDED;
    if (!b->learner) return;
    sqlite3_set_authorizer(s->db, NULL, NULL);
    sqlite3_limit(s->db, SQLITE_LIMIT_LENGTH, b->length);
    sqlite3_limit(s->db, SQLITE_LIMIT_LIKE_PATTERN_LENGTH, b->pattern);
    sqlite3_limit(s->db, SQLITE_LIMIT_VDBE_OP, b->program);
    sqlite3_hard_heap_limit64(b->heap);
}

static void cell(sqlite3_stmt *q, int i, struct buf *out) {
    switch (sqlite3_column_type(q, i)) {
    case SQLITE_NULL: buf_puts(out, "null"); return;
    case SQLITE_INTEGER: buf_printf(out, "%lld", (long long)sqlite3_column_int64(q, i)); return;
    case SQLITE_BLOB: buf_puts(out, "\"(bytes)\""); return;
    default:
        break; /* floats as SQLite writes them, 15 digits: in JSON as text, so that no reader rounds
                  again */
    }
    const char *text = (const char *)sqlite3_column_text(q, i);
    size_t len = text ? strlen(text) : 0;
    if (len > CONSOLE_CELL) {
        len = CONSOLE_CELL;
        while (len && ((unsigned char)text[len] & 0xc0) == 0x80) len--;
    }
    buf_json(out, text ? arena_copy(out->arena, text, len) : "");
}

static const char *explain(sqlite3 *db, int rc, struct budget *b, struct arena *a) {
    if (b->work->left < 0) { /* a function of ours stopped it, or SQLite */
        rc = SQLITE_INTERRUPT;
        b->cut = "steps";
    }
    switch (rc) {
    case SQLITE_INTERRUPT:
        return str_eq(b->cut, "time") ? CONSOLE_TOO_LONG
                                      : "The query took too many steps and was stopped. Ask for "
                                        "less: a WHERE, fewer joins, shorter texts.";
    case SQLITE_NOMEM:
        b->cut = "memory";
        return "The query is too long, or needs more memory than a lab has.";
    case SQLITE_TOOBIG: b->cut = "size"; return "A value in the query is too large.";
    case SQLITE_AUTH:
        return arena_printf(a,
                            "Not allowed here: %s. The console reads the systems' tables and the "
                            "event log, nothing else.",
                            sqlite3_errmsg(db));
    default: return arena_dup(a, sqlite3_errmsg(db));
    }
}

static bool only_blanks(const char *text) { return text[strspn(text, " \t\r\n;")] == '\0'; }

static void write_rows(sqlite3_stmt *q, int *rc, struct buf *out) {
    int columns = sqlite3_column_count(q), rows = 0;
    size_t end = out->len + CONSOLE_BYTES;
    buf_puts(out, "{\"columns\":[");
    for (int i = 0; i < columns; i++) {
        if (i) buf_putc(out, ',');
        buf_json(out, sqlite3_column_name(q, i));
    }
    buf_puts(out, "],\"rows\":[");
    while ((*rc = sqlite3_step(q)) == SQLITE_ROW && rows < CONSOLE_ROWS && out->len < end) {
        buf_puts(out, rows++ ? ",[" : "[");
        for (int i = 0; i < columns; i++) {
            if (i) buf_putc(out, ',');
            cell(q, i, out);
        }
        buf_putc(out, ']');
    }
    buf_printf(out, "],\"truncated\":%s}", *rc == SQLITE_ROW ? "true" : "false");
}

bool console_query(struct lab_state *s, const char *sql, bool learner, int64_t operations,
                   struct buf *out, const char **why, const char **cut) {
    sqlite3_stmt *q = NULL;
    const char *tail = "";
    struct budget budget = {.work = &s->work, .learner = learner, .timed = learner};
    bool fine = false;
    *why = "Write one SELECT.";
    *cut = NULL;
    if (!sql || only_blanks(sql)) return false;
    s->work.left = operations;
    set_bounds(s, &budget);
    int rc = sqlite3_prepare_v2(s->db, sql, -1, &q, &tail);
    if (rc == SQLITE_OK && q && !sqlite3_stmt_readonly(q))
        *why = "The console only reads: write a SELECT.";
    else if (rc == SQLITE_OK && q && !only_blanks(tail)) *why = "Write one statement at a time.";
    else if (rc == SQLITE_OK && q) {
        write_rows(q, &rc, out);
        fine = rc == SQLITE_ROW || rc == SQLITE_DONE;
    }
    if (!fine && rc != SQLITE_OK && rc != SQLITE_DONE)
        *why = explain(s->db, rc, &budget, out->arena);
    *cut = fine ? NULL : budget.cut;
    sqlite3_finalize(q);
    s->asked = operations - s->work.left;
    lift_bounds(s, &budget);
    return fine;
}

/* ---- Conditions ----------------------------------------------------------------------------- */
sqlite3_stmt *console_condition(struct lab_state *s, const char *sql, struct arena *a,
                                const char **why) {
    sqlite3_stmt *q = NULL;
    const char *tail = "";
    struct budget budget = {.work = &s->work, .learner = true};
    *why = "Write one SELECT.";
    if (!sql || only_blanks(sql)) return NULL;
    s->work.left = CONSOLE_OPERATIONS;
    set_bounds(s, &budget);
    int rc = sqlite3_prepare_v3(s->db, sql, -1, SQLITE_PREPARE_PERSISTENT, &q, &tail);
    if (rc != SQLITE_OK) *why = explain(s->db, rc, &budget, a);
    lift_bounds(s, &budget);
    if (rc == SQLITE_OK && q && sqlite3_stmt_readonly(q) && only_blanks(tail)) return q;
    sqlite3_finalize(q);
    return NULL;
}

enum console_holds console_holds(struct lab_state *s, sqlite3_stmt *q, int64_t *operations) {
    struct budget budget = {.work = &s->work, .learner = true};
    s->work.left = *operations;
    set_bounds(s, &budget);
    int rc = sqlite3_step(q);
    bool holds = rc == SQLITE_ROW && sqlite3_column_int64(q, 0) != 0, spent = s->work.left < 0;
    sqlite3_reset(q);
    *operations = spent ? 0 : s->work.left;
    lift_bounds(s, &budget);
    if (spent) return CONSOLE_HOLDS_STEPS;
    if (rc != SQLITE_ROW && rc != SQLITE_DONE) return CONSOLE_HOLDS_ERROR;
    return holds ? CONSOLE_HOLDS : CONSOLE_HOLDS_NOT;
}

void console_step(struct lab_state *s, const char *sql, struct step_answer *out) {
    const char *why;
    struct buf rows;
    buf_init(&rows, out->body.arena);
    out->type = "application/json";
    out->status = 200;
    if (console_query(s, sql, true, CONSOLE_OPERATIONS, &rows, &why, &out->cut)) {
        buf_add(&out->body, buf_text(&rows), rows.len);
        return;
    }
    out->status = 422;
    out->refused = true;
    buf_puts(&out->body, "{\"error\":");
    buf_json(&out->body, why);
    buf_putc(&out->body, '}');
}
