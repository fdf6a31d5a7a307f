/* holds(): rows of a filter become one prepared condition. */
#include "sandbox/filters.h"

#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/text.h"
#include "labmodel/lab_filter.h"
#include "sandbox/rules_index.h"

struct row {
    const char *group, *field, *operator, * value;
};

/* As in rule_sql.c: what a statement did before does not count. */
static void count_from_zero(sqlite3_stmt *q) {
    sqlite3_stmt_status(q, SQLITE_STMTSTATUS_VM_STEP, 1);
}

/* It works within the budget of the rule that asks: when that is used up it ends early, and
 * holds_function says so. */
static int read_rows(struct lab_state *s, const struct lab_filter *f, const char *owner,
                     struct row *rows, struct arena *a) {
    int count = 0;
    sqlite3_stmt *q = state_query(
        s,
        arena_printf(a, "SELECT %s, %s, %s, %s FROM %s WHERE %s = $1 ORDER BY 1, id LIMIT $2",
                     f->group->id, f->field->id, f->operator->id, f->value->id,
                     f->rows.object->table, f->of->id),
        "ti", owner, (int64_t)FILTER_ROWS);
    count_from_zero(q);
    while (count < FILTER_ROWS && sqlite3_step(q) == SQLITE_ROW) {
        rows[count++] = (struct row){state_column(q, 0, a), state_column(q, 1, a),
                                     state_column(q, 2, a), state_column(q, 3, a)};
    }
    state_end(q);
    s->reads += count;
    return count;
}

/* A number, or a time as text. */
static bool number_of(const char *value, int64_t *n) {
    return value && (parse_i64(value, INT64_MIN / 2, INT64_MAX / 2, n) || time_parse_iso(value, n));
}

/* Writes the condition of a row whose value is parameter `at`. */
static void condition(const struct lab_filter *f, const struct row *row, int at, struct arena *a,
                      struct buf *out) {
    const struct lab_field *field = lab_field_find(f->over.object, row->field);
    const char *format = NULL, *parameter = arena_printf(a, "?%d", at);
    int64_t n;
    bool number = field && record_is_number(field->type);
    if (field) format = lab_filter_sql(row->operator, number);
    if (format && number && lab_filter_asks(format) && !number_of(row->value, &n)) format = NULL;
    if (format) buf_printf(out, format, field->id, parameter);
    else buf_puts(out, "0");
}

static const char *sql_of(const struct lab_filter *f, const struct row *rows, int count,
                          struct arena *a) {
    struct buf b;
    buf_init(&b, a);
    buf_printf(&b, "SELECT 1 FROM %s WHERE id = ?1 AND ((", f->over.object->table);
    for (int i = 0; i < count; i++) {
        if (i) buf_puts(&b, record_same(rows[i].group, rows[i - 1].group) ? " AND " : ") OR (");
        condition(f, &rows[i], 3 + i, a, &b);
    }
    buf_puts(&b, "))");
    return buf_text(&b);
}

/* The statement, from those that are kept; the one that was not asked for longest makes room. */
static sqlite3_stmt *prepared(struct lab_state *s, const char *sql) {
    struct filter_statement *kept = s->rules->filters;
    int at = 0;
    while (at < FILTER_STATEMENTS - 1 && kept[at].sql && strcmp(kept[at].sql, sql) != 0) at++;
    struct filter_statement found = kept[at];
    if (!found.sql || strcmp(found.sql, sql) != 0) {
        sqlite3_finalize(found.q);
        free(found.sql);
        found = (struct filter_statement){strdup(sql), NULL};
        BUG_IF(!found.sql); /* ends the worker: see state.c */
        if (sqlite3_prepare_v3(s->db, sql, -1, SQLITE_PREPARE_PERSISTENT, &found.q, NULL) !=
            SQLITE_OK)
            found.q = NULL;
    }
    memmove(kept + 1, kept, (size_t)at * sizeof *kept);
    kept[0] = found;
    return found.q;
}

static bool holds(struct lab_state *s, const struct lab_filter *f, const char *owner,
                  const char *record, struct arena *a) {
    struct row *rows = NEW_ARRAY(a, struct row, FILTER_ROWS);
    int count = read_rows(s, f, owner, rows, a);
    sqlite3_stmt *q = count ? prepared(s, sql_of(f, rows, count, a)) : NULL;
    if (!q) return false;
    sqlite3_bind_text(q, 1, record, -1, SQLITE_STATIC);
    if (sqlite3_bind_parameter_count(q) >= 2) sqlite3_bind_int64(q, 2, s->now_ms);
    for (int i = 0; i < count && 3 + i <= sqlite3_bind_parameter_count(q); i++) {
        const struct lab_field *field = lab_field_find(f->over.object, rows[i].field);
        int64_t n = 0;
        if (field && record_is_number(field->type) && number_of(rows[i].value, &n))
            sqlite3_bind_int64(q, 3 + i, n);
        else sqlite3_bind_text(q, 3 + i, rows[i].value ? rows[i].value : "", -1, SQLITE_STATIC);
    }
    count_from_zero(q);
    bool is = sqlite3_step(q) == SQLITE_ROW;
    state_end(q);
    return is;
}

static void holds_function(sqlite3_context *c, int count, sqlite3_value **values) {
    struct lab_state *s = sqlite3_user_data(c);
    const char *id = (const char *)sqlite3_value_text(values[0]),
               *owner = (const char *)sqlite3_value_text(values[1]),
               *record = (const char *)sqlite3_value_text(values[2]);
    const struct lab_filter *filter = NULL;
    struct arena a;
    (void)count;
    for (int i = 0; i < s->stack.filter_count; i++)
        if (s->stack.filters[i].binding == s->rules->binding && str_eq(s->stack.filters[i].id, id))
            filter = &s->stack.filters[i];
    if (!filter) {
        sqlite3_result_error(c, "the kind has no such filter", -1);
        return;
    }
    if (!function_charge(c, &s->work, FILTER_ROWS * FUNCTION_OPERATION_BYTES)) return;
    arena_init(&a, (size_t)256 * 1024);
    bool is = owner && record && holds(s, filter, owner, record, &a);
    if (function_charge(c, &s->work, 0)) sqlite3_result_int(c, is);
    arena_release(&a);
}

bool filters_register(struct lab_state *s) {
    return sqlite3_create_function_v2(s->db, "holds", 3, SQLITE_UTF8 | SQLITE_INNOCUOUS, s,
                                      holds_function, NULL, NULL, NULL) == SQLITE_OK;
}

void filters_drop_statements(struct lab_state *s) {
    for (int i = 0; i < FILTER_STATEMENTS; i++) {
        sqlite3_finalize(s->rules->filters[i].q);
        free(s->rules->filters[i].sql);
        s->rules->filters[i] = (struct filter_statement){NULL, NULL};
    }
}
