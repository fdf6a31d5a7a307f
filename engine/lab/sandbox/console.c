/* SQL of people. The learner's passes an authorizer that allows by list: SELECT, a few functions, the tables of
 * connectors and the event log. Everything else (PRAGMA, ATTACH, schema, writes, hidden tables) is refused
 * when the statement is compiled. */
#include "lab/sandbox/console.h"

#include <string.h>

#include "base/text.h"
#include "lab/sandbox/step.h"

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
    if (str_eq(table, "event")) return true;
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

static int out_of_operations(void *left) { return --*(int64_t *)left < 0; }

static void cell(sqlite3_stmt *q, int i, struct buf *out) {
    switch (sqlite3_column_type(q, i)) {
    case SQLITE_NULL: buf_puts(out, "null"); return;
    case SQLITE_INTEGER: buf_printf(out, "%lld", (long long)sqlite3_column_int64(q, i)); return;
    case SQLITE_BLOB: buf_puts(out, "\"(bytes)\""); return;
    default:
        break; /* floats as SQLite writes them, 15 digits: in JSON as text, so that no reader rounds again */
    }
    const char *text = (const char *)sqlite3_column_text(q, i);
    size_t len = text ? strlen(text) : 0;
    if (len > CONSOLE_CELL) {
        len = CONSOLE_CELL;
        while (len && ((unsigned char)text[len] & 0xc0) == 0x80) len--;
    }
    buf_json(out, text ? arena_copy(out->arena, text, len) : "");
}

static const char *explain(sqlite3 *db, int rc, struct arena *a) {
    switch (rc) {
    case SQLITE_INTERRUPT:
        return "The query took too many steps and was stopped. Ask for less: a WHERE, an index, fewer joins.";
    case SQLITE_NOMEM: return "The query needs more memory than a lab has.";
    case SQLITE_TOOBIG: return "A value in the query is too large.";
    case SQLITE_AUTH:
        return arena_printf(
            a,
            "Not allowed here: %s. The console reads the systems' tables and the event log, nothing else.",
            sqlite3_errmsg(db));
    default: return arena_dup(a, sqlite3_errmsg(db));
    }
}

static bool only_blanks(const char *text) { return text[strspn(text, " \t\r\n;")] == '\0'; }

bool console_query(struct lab_state *s, const char *sql, bool learner, int64_t operations,
                   struct buf *out, const char **why) {
    sqlite3_stmt *q = NULL;
    const char *tail = "";
    int64_t left = operations / 1000;
    bool fine = false;
    *why = "Write one SELECT.";
    if (!sql || only_blanks(sql)) return false;
    if (learner) sqlite3_set_authorizer(s->db, authorize, s);
    sqlite3_progress_handler(s->db, 1000, out_of_operations, &left);
    int rc = sqlite3_prepare_v2(s->db, sql, -1, &q, &tail);
    if (rc == SQLITE_OK && q && !sqlite3_stmt_readonly(q))
        *why = "The console only reads: write a SELECT.";
    else if (rc == SQLITE_OK && q && !only_blanks(tail)) *why = "Write one statement at a time.";
    else if (rc == SQLITE_OK && q) {
        int columns = sqlite3_column_count(q), rows = 0;
        buf_puts(out, "{\"columns\":[");
        for (int i = 0; i < columns; i++) {
            if (i) buf_putc(out, ',');
            buf_json(out, sqlite3_column_name(q, i));
        }
        buf_puts(out, "],\"rows\":[");
        while ((rc = sqlite3_step(q)) == SQLITE_ROW && rows < CONSOLE_ROWS) {
            buf_puts(out, rows++ ? ",[" : "[");
            for (int i = 0; i < columns; i++) {
                if (i) buf_putc(out, ',');
                cell(q, i, out);
            }
            buf_putc(out, ']');
        }
        buf_printf(out, "],\"truncated\":%s}", rc == SQLITE_ROW ? "true" : "false");
        fine = rc == SQLITE_ROW || rc == SQLITE_DONE;
    }
    if (!fine && rc != SQLITE_OK && rc != SQLITE_DONE) *why = explain(s->db, rc, out->arena);
    sqlite3_finalize(q);
    sqlite3_progress_handler(s->db, 0, NULL, NULL);
    sqlite3_set_authorizer(s->db, NULL, NULL);
    return fine;
}

void console_step(struct lab_state *s, const char *sql, struct step_answer *out) {
    const char *why;
    struct buf rows;
    buf_init(&rows, out->body.arena);
    out->type = "application/json";
    out->status = 200;
    if (console_query(s, sql, true, CONSOLE_OPERATIONS, &rows, &why)) {
        buf_add(&out->body, buf_text(&rows), rows.len);
        return;
    }
    out->status = 422;
    out->refused = true;
    buf_puts(&out->body, "{\"error\":");
    buf_json(&out->body, why);
    buf_putc(&out->body, '}');
}
