/* holds(): rows of a filter become one prepared condition. */
#include "sandbox/filters.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/text.h"
#include "labmodel/lab_filter.h"
#include "labmodel/lab_surface.h"
#include "sandbox/rules_index.h"

/* Of filters with members; the value is an owner of another filter. */
#define MEMBER_OF "member_of"
#define NOT_MEMBER_OF "not_member_of"

struct row {
    const char *group, *field, *operator, * value;
    bool is_number; /* the value of a field that is one */
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
                                     state_column(q, 2, a), state_column(q, 3, a), false};
    }
    state_end(q);
    s->reads += count;
    return count;
}

/* The value as a call of the dialect would bring it. */
static bool read_as(struct lab_state *s, const struct lab_filter *f, const struct lab_field *field,
                    json_t *json, struct arena *a, const char **neutral) {
    const struct lab_surface surface = {&s->stack, s->dialect, f->over.member};
    bool is = json && lab_surface_read(&surface, f->over.object, field, json, a, neutral);
    json_decref(json);
    return is;
}

/* What a learner writes of a field, as the table has it; NULL: it is no value of such a field.
 * Words, truths and times may be the dialect's; a day alone is its midnight. */
static const char *value_of(struct lab_state *s, const struct lab_filter *f,
                            const struct lab_field *field, const char *value, struct arena *a) {
    static const char *const yes[] = {"1", "true", "yes"}, *const no[] = {"0", "false", "no"};
    const struct lab_dialect *d = s->dialect[f->over.member];
    const char *neutral = NULL;
    int64_t n;
    if (record_empty(value)) return record_is_number(field->type) ? NULL : "";
    switch (field->type) {
    case LAB_PICKLIST:
        neutral = lab_surface_neutral(d, f->over.object, field, value);
        return neutral ? neutral : value;
    case LAB_BOOLEAN:
        for (size_t i = 0; i < COUNT_OF(yes); i++) {
            if (sqlite3_stricmp(yes[i], value) == 0) return "1";
            if (sqlite3_stricmp(no[i], value) == 0) return "0";
        }
        return NULL;
    case LAB_TIME:
        if (read_as(s, f, field, json_string(value), a, &neutral)) return neutral;
        if (parse_i64(value, INT64_MIN / 2, INT64_MAX / 2, &n) &&
            read_as(s, f, field, json_integer(n), a, &neutral))
            return neutral;
        if (!time_parse_iso(value, &n) &&
            !time_parse_iso(arena_printf(a, "%.10sT00:00:00Z", value), &n))
            return NULL;
        return arena_printf(a, "%lld", (long long)n);
    case LAB_INTEGER: return parse_i64(value, INT64_MIN / 2, INT64_MAX / 2, &n) ? value : NULL;
    default: return value;
    }
}

/* "in so many days": a count, whatever the field is. */
static bool counts_days(const char *operator) { return strstr(operator, "_days") != NULL; }

static bool is_membership(const struct row *row) {
    return str_eq(row->operator, MEMBER_OF) || str_eq(row->operator, NOT_MEMBER_OF);
}

/* What the dialect calls the field; what is no field of it stays as it is. */
static const char *field_shown(struct lab_state *s, const struct lab_filter *f,
                               const struct lab_field *field, const char *stored) {
    const struct lab_dialect *d = s->dialect[f->over.member];
    if (!field) return stored ? stored : "";
    return d->objects[f->over.object->index].fields[field->index].as;
}

/* What the dialect calls the operator. */
static const char *operator_shown(struct lab_state *s, const struct lab_filter *f,
                                  const char *operator) {
    return operator? lab_surface_value(s->dialect[f->rows.member], f->rows.object,
                                       f->operator, operator)
                   : "";
}

/* What the row asks, to be printed with field and parameter; NULL with a sentence: nothing. */
static const char *question_of(struct lab_state *s, const struct lab_filter *f,
                               const struct row *row, const struct lab_field **field,
                               const char **value, struct arena *a, const char **why) {
    const char *format = NULL;
    int64_t n;
    bool known = false;
    *field = lab_field_find(f->over.object, row->field);
    if (!*field) {
        *why = arena_printf(a, "There is no field “%.40s”.", field_shown(s, f, NULL, row->field));
        return NULL;
    }
    bool number = record_is_number((*field)->type);
    for (int i = 0; i < LAB_FILTER_OPERATORS; i++)
        known = known || str_eq(lab_filter_operators[i].id, row->operator);
    format = lab_filter_sql(row->operator, number);
    if (!format) {
        *why = arena_printf(a,
                            known ? "“%.40s” says nothing of the field “%.40s”."
                                  : "There is no operator “%.40s”.",
                            operator_shown(s, f, row->operator), field_shown(s, f, *field, NULL));
        return NULL;
    }
    *value = counts_days(row->operator) ? row->value : value_of(s, f, *field, row->value, a);
    if (counts_days(row->operator) && !parse_i64(row->value, 0, FILTER_DAYS_MAX, &n)) *value = NULL;
    if (*value || !lab_filter_asks(format)) return format;
    *why = arena_printf(a, "“%.40s” is no value to compare the field “%.40s” with.",
                        row->value ? row->value : "", field_shown(s, f, *field, NULL));
    return NULL;
}

/* RULE lab-filter-self: whoever is meant by an owner's rows cannot be said by that owner. */
static const char *membership_fault(const struct lab_filter *f, const struct row *row,
                                    const char *owner, struct arena *a) {
    if (!f->members.object) return arena_printf(a, "There is no operator “%.40s”.", row->operator);
    if (record_empty(row->value)) return "It does not say of what somebody is a member.";
    return str_eq(row->value, owner) ? "It asks for its own members." : NULL;
}

/* Writes the condition of a row whose value is parameter `at`; a row that says nothing holds for
 * nobody. */
static void condition(struct lab_state *s, const struct lab_filter *f, const char *owner,
                      struct row *row, int at, struct arena *a, struct buf *out) {
    const struct lab_field *field;
    const char *value = NULL, *why, *parameter = arena_printf(a, "?%d", at);
    if (is_membership(row)) {
        if (membership_fault(f, row, owner, a)) buf_puts(out, "0");
        else
            buf_printf(out, "%sEXISTS (SELECT 1 FROM %s WHERE %s = ?1 AND %s = %s)",
                       str_eq(row->operator, NOT_MEMBER_OF) ? "NOT " : "", f->members.object->table,
                       f->member_record->id, f->member_of->id, parameter);
        return;
    }
    const char *format = question_of(s, f, row, &field, &value, a, &why);
    if (format) buf_printf(out, format, field->id, parameter);
    else buf_puts(out, "0");
    row->is_number = format && record_is_number(field->type);
    row->value = value;
}

static const char *sql_of(struct lab_state *s, const struct lab_filter *f, const char *owner,
                          struct row *rows, int count, struct arena *a) {
    struct buf b;
    buf_init(&b, a);
    buf_printf(&b, "SELECT 1 FROM %s WHERE id = ?1 AND ((", f->over.object->table);
    for (int i = 0; i < count; i++) {
        if (i) buf_puts(&b, record_same(rows[i].group, rows[i - 1].group) ? " AND " : ") OR (");
        condition(s, f, owner, &rows[i], 3 + i, a, &b);
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

static void bind_value(sqlite3_stmt *q, int at, const struct row *row) {
    int64_t n = 0;
    if ((row->is_number || counts_days(row->operator ? row->operator : "")) &&
        parse_i64(row->value, INT64_MIN / 2, INT64_MAX / 2, &n))
        sqlite3_bind_int64(q, at, n);
    else sqlite3_bind_text(q, at, row->value ? row->value : "", -1, SQLITE_TRANSIENT);
}

/* The condition of the owner's rows with all but the record bound; NULL: there are no rows. */
static sqlite3_stmt *condition_of(struct lab_state *s, const struct lab_filter *f,
                                  const char *owner, struct arena *a) {
    struct filter_asked *asked = &s->rules->asked;
    if (asked->filter == f && str_eq(asked->owner, owner)) return asked->q;
    struct row *rows = NEW_ARRAY(a, struct row, FILTER_ROWS);
    int count = read_rows(s, f, owner, rows, a);
    sqlite3_stmt *q = count ? prepared(s, sql_of(s, f, owner, rows, count, a)) : NULL;
    int parameters = q ? sqlite3_bind_parameter_count(q) : 0;
    if (parameters >= 2) sqlite3_bind_int64(q, 2, s->now_ms);
    for (int i = 0; i < count && 3 + i <= parameters; i++) bind_value(q, 3 + i, &rows[i]);
    int len = snprintf(asked->owner, sizeof asked->owner, "%s", owner);
    asked->filter = len < (int)sizeof asked->owner ? f : NULL;
    asked->q = q;
    return q;
}

static bool holds(struct lab_state *s, const struct lab_filter *f, const char *owner,
                  const char *record, struct arena *a) {
    sqlite3_stmt *q = condition_of(s, f, owner, a);
    if (!q) return false;
    sqlite3_bind_text(q, 1, record, -1, SQLITE_TRANSIENT);
    count_from_zero(q);
    bool is = sqlite3_step(q) == SQLITE_ROW;
    sqlite3_reset(q); /* its values stay for the next record */
    return is;
}

/* The filter of this id, of the binding whose rule runs; NULL: an error is said. */
static const struct lab_filter *filter_named(sqlite3_context *c, sqlite3_value *name) {
    struct lab_state *s = sqlite3_user_data(c);
    const char *id = (const char *)sqlite3_value_text(name);
    for (int i = 0; i < s->stack.filter_count; i++)
        if (s->stack.filters[i].binding == s->rules->binding && str_eq(s->stack.filters[i].id, id))
            return &s->stack.filters[i];
    sqlite3_result_error(c, "the kind has no such filter", -1);
    return NULL;
}

static void holds_function(sqlite3_context *c, int count, sqlite3_value **values) {
    struct lab_state *s = sqlite3_user_data(c);
    const struct lab_filter *filter = filter_named(c, values[0]);
    const char *owner = (const char *)sqlite3_value_text(values[1]),
               *record = (const char *)sqlite3_value_text(values[2]);
    struct arena a;
    (void)count;
    if (!filter || !function_charge(c, &s->work, FILTER_ROWS * FUNCTION_OPERATION_BYTES)) return;
    arena_init(&a, (size_t)256 * 1024);
    bool is = owner && record && holds(s, filter, owner, record, &a);
    if (function_charge(c, &s->work, 0)) sqlite3_result_int(c, is);
    arena_release(&a);
}

/* What is wrong with the first row that says nothing; NULL: none is. */
static const char *fault_of(struct lab_state *s, const struct lab_filter *f, const char *owner,
                            struct arena *a) {
    const char *why = NULL, *value;
    const struct lab_field *field;
    struct row *rows = NEW_ARRAY(a, struct row, FILTER_ROWS);
    int count = read_rows(s, f, owner, rows, a);
    for (int i = 0; i < count && !why; i++)
        if (is_membership(&rows[i])) why = membership_fault(f, &rows[i], owner, a);
        else (void)question_of(s, f, &rows[i], &field, &value, a, &why);
    return why;
}

struct filters_count filters_count(struct lab_state *s, const struct lab_filter *f,
                                   const char *owner, struct arena *a) {
    struct filters_count out = {.fault = fault_of(s, f, owner, a)};
    filters_forget(s);
    sqlite3_stmt *q = state_query(s, arena_printf(a, "SELECT id FROM %s", f->over.object->table),
                                  "");
    for (; state_row(s, q); out.of++)
        out.passed += holds(s, f, owner, (const char *)sqlite3_column_text(q, 0), a);
    state_end(q);
    filters_forget(s); /* the next rule may find other rows */
    return out;
}

static void fault_function(sqlite3_context *c, int count, sqlite3_value **values) {
    struct lab_state *s = sqlite3_user_data(c);
    const struct lab_filter *f = filter_named(c, values[0]);
    const char *owner = (const char *)sqlite3_value_text(values[1]);
    struct arena a;
    (void)count;
    if (!f || !owner || !function_charge(c, &s->work, FILTER_ROWS * FUNCTION_OPERATION_BYTES))
        return;
    arena_init(&a, (size_t)256 * 1024);
    const char *why = fault_of(s, f, owner, &a);
    if (why) sqlite3_result_text(c, why, -1, SQLITE_TRANSIENT);
    arena_release(&a);
}

bool filters_register(struct lab_state *s) {
    return sqlite3_create_function_v2(s->db, "holds", 3, SQLITE_UTF8 | SQLITE_INNOCUOUS, s,
                                      holds_function, NULL, NULL, NULL) == SQLITE_OK &&
           sqlite3_create_function_v2(s->db, "filter_fault", 2, SQLITE_UTF8 | SQLITE_INNOCUOUS, s,
                                      fault_function, NULL, NULL, NULL) == SQLITE_OK;
}

void filters_forget(struct lab_state *s) { s->rules->asked.filter = NULL; }

void filters_drop_statements(struct lab_state *s) {
    filters_forget(s);
    for (int i = 0; i < FILTER_STATEMENTS; i++) {
        sqlite3_finalize(s->rules->filters[i].q);
        free(s->rules->filters[i].sql);
        s->rules->filters[i] = (struct filter_statement){NULL, NULL};
    }
}
