/* Lists of records for screens: filters, order, pages by key; and what records are called. */
#include "sandbox/view_records.h"

#include "base/json.h"
#include "base/text.h"
#include "labmodel/lab_filter.h"
#include "sandbox/view_record.h"

static const char *text_of(json_t *q, const char *key) {
    return json_string_value(json_object_get(q, key));
}

/* ---- Conditions ----------------------------------------------------------------------------- */
/* The list's SQL in parts, and what its parameters are: ?1 the text to find, ?2 the time now, from
 * ?3 on `values`. */
struct listing {
    struct lab_state *s;
    const struct lab_object *object;
    struct arena *a;
    struct buf where;
    const char *find, *key; /* `key`: the SQL of what the list is ordered by */
    bool key_is_number, down;
    const char *values[VIEW_FILTERS + 2];
    bool number[VIEW_FILTERS + 2];
    int value_count;
};

/* As SQL's lower() has it: A to Z only. */
static const char *small_letters(struct arena *a, const char *text) {
    char *out = arena_dup(a, text);
    for (char *p = out; *p; p++)
        if (*p >= 'A' && *p <= 'Z') *p = (char)(*p + 32);
    return out;
}

/* Halves in brackets, since an expression may not be deep (tables.c). */
static void any_field(struct listing *l, int from, int until) {
    int middle = (from + until) / 2;
    if (until - from == 1)
        buf_printf(&l->where, "instr(lower(%s), ?1) > 0", l->object->fields[from].id);
    if (until - from < 2) return;
    buf_putc(&l->where, '(');
    any_field(l, from, middle);
    buf_puts(&l->where, " OR ");
    any_field(l, middle, until);
    buf_putc(&l->where, ')');
}

/* Any field contains the text, without regard to case. */
static void find_in_all(struct listing *l) {
    buf_puts(&l->where, " WHERE (?1 = '' OR instr(lower(id), ?1) > 0");
    buf_puts(&l->where, " OR ");
    any_field(l, 0, l->object->field_count);
    buf_putc(&l->where, ')');
}

/* A value of the list's SQL; returns the name of its parameter. */
static const char *parameter(struct listing *l, const char *value, bool number) {
    l->values[l->value_count] = value ? value : "";
    l->number[l->value_count++] = number;
    return arena_printf(l->a, "?%d", 2 + l->value_count);
}

/* RULE lab-list-filter: a filter of a list names a field of the object and an operator that says
 * something of it; one that does not, or whose value is no number where one is needed, finds
 * nothing. */
static void add_filter(struct listing *l, json_t *filter) {
    const struct lab_field *f = lab_column_find(l->object, text_of(filter, "field"));
    bool number = f && record_is_number(f->type);
    const char *value = text_of(filter, "value"),
               *sql = f ? lab_filter_sql(text_of(filter, "operator"), number) : NULL;
    int64_t n;
    if (sql && number && lab_filter_asks(sql) &&
        !(value && parse_i64(value, INT64_MIN / 2, INT64_MAX / 2, &n)))
        sql = NULL;
    buf_puts(&l->where, " AND ");
    if (!sql) buf_putc(&l->where, '0');
    else buf_printf(&l->where, sql, f->id, lab_filter_asks(sql) ? parameter(l, value, number) : "");
}

/* ---- Order ---------------------------------------------------------------------------------- */
/* Picklists are ordered as their author listed the values, text without regard to case. */
static void order_by(struct listing *l, const char *id) {
    const struct lab_field *f = lab_column_find(l->object, id ? id : "id");
    struct buf b;
    if (!f) f = lab_column_find(l->object, "id");
    l->key_is_number = record_is_number(f->type) || f->type == LAB_PICKLIST;
    if (f->type != LAB_PICKLIST) {
        l->key = l->key_is_number ? f->id : arena_printf(l->a, "%s COLLATE NOCASE", f->id);
        return;
    }
    buf_init(&b, l->a);
    buf_printf(&b, "CASE WHEN %s IS NULL THEN NULL", f->id);
    for (int i = 0; i < f->value_count; i++) {
        char *quoted = sqlite3_mprintf("%Q", f->values[i]);
        buf_printf(&b, " WHEN %s = %s THEN %d", f->id, quoted ? quoted : "''", i);
        sqlite3_free(quoted);
    }
    buf_printf(&b, " ELSE %d END", f->value_count);
    l->key = buf_text(&b);
}

/* RULE lab-list-key: a page begins behind the record that the one before it ended with, wherever
 * that stands now; records without a value come last, equal ones by their ids. The rows that stand
 * behind the one of this key, or (`before`) before it. */
static const char *beyond(struct listing *l, json_t *place, bool before) {
    const char *value = text_of(place, "key"), *id = text_of(place, "id");
    if (!id) return "1";
    const char *at_id = parameter(l, id, false), *sign = before ? "<" : ">";
    if (!value)
        return before ? arena_printf(l->a, "(%s IS NOT NULL OR id < %s)", l->key, at_id)
                      : arena_printf(l->a, "(%s IS NULL AND id > %s)", l->key, at_id);
    const char *at = parameter(l, value, l->key_is_number), *way = l->down != before ? "<" : ">";
    return arena_printf(l->a, "(%s(%s) %s %s OR ((%s) = %s AND id %s %s))",
                        before ? "" : arena_printf(l->a, "(%s) IS NULL OR ", l->key), l->key, way,
                        at, l->key, at, sign, at_id);
}

static const char *order_sql(const struct listing *l, bool backwards) {
    return arena_printf(l->a, " ORDER BY (%s) IS NULL%s, %s%s, id%s", l->key,
                        backwards ? " DESC" : "", l->key, l->down != backwards ? " DESC" : "",
                        backwards ? " DESC" : "");
}

/* ---- Asking --------------------------------------------------------------------------------- */
static sqlite3_stmt *ask(struct listing *l, const char *sql) {
    sqlite3_stmt *q = state_query(l->s, sql, "ti", l->find, l->s->now_ms);
    int64_t n;
    for (int i = 0; i < l->value_count && 3 + i <= sqlite3_bind_parameter_count(q); i++)
        if (l->number[i] && parse_i64(l->values[i], INT64_MIN / 2, INT64_MAX / 2, &n))
            sqlite3_bind_int64(q, 3 + i, n);
        else sqlite3_bind_text(q, 3 + i, l->values[i], -1, SQLITE_TRANSIENT);
    return q;
}

static int64_t count(struct listing *l, const char *more) {
    sqlite3_stmt *q = ask(l, arena_printf(l->a, "SELECT count(*), ?1, ?2 FROM %s%s%s",
                                          l->object->table, buf_text(&l->where), more));
    int64_t n = state_row(l->s, q) ? sqlite3_column_int64(q, 0) : 0;
    state_end(q);
    return n;
}

struct found {
    struct record record;
    const char *key;
};

/* The rows of a page, in the list's order. */
static int read_page(struct listing *l, const char *where, bool backwards, int limit,
                     struct found *rows) {
    int n = 0;
    sqlite3_stmt *q = ask(l,
                          arena_printf(l->a, "SELECT %s, %s, ?1, ?2 FROM %s%s AND %s%s LIMIT %d",
                                       record_columns(l->s, l->object), l->key, l->object->table,
                                       buf_text(&l->where), where, order_sql(l, backwards), limit));
    while (n < limit && state_row(l->s, q)) {
        record_read(l->object, q, &rows[n].record, l->a);
        rows[n++].key = state_column(q, 3 + l->object->field_count, l->a);
    }
    state_end(q);
    for (int i = 0; backwards && i < n / 2; i++) {
        struct found kept = rows[i];
        rows[i] = rows[n - 1 - i];
        rows[n - 1 - i] = kept;
    }
    return n;
}

void view_records(struct lab_state *s, json_t *q, struct arena *a, struct buf *out) {
    int member = 0;
    struct listing l = {.s = s, .a = a};
    json_t *filter, *after = json_object_get(q, "after"), *before = json_object_get(q, "before");
    json_int_t limit = json_integer_value(json_object_get(q, "limit"));
    size_t i;
    l.object = lab_object_by_path(&s->stack, text_of(q, "object"), &member);
    if (!l.object) {
        buf_puts(out, "{\"error\":\"There is no such object.\"}");
        return;
    }
    if (limit < 1 || limit > 1000) limit = 25;
    l.find = text_of(q, "find") ? small_letters(a, str_trim(a, text_of(q, "find"))) : "";
    l.down = json_is_true(json_object_get(q, "down"));
    buf_init(&l.where, a);
    find_in_all(&l);
    json_array_foreach (json_object_get(q, "filters"), i, filter)
        if (i < VIEW_FILTERS) add_filter(&l, filter);
    order_by(&l, text_of(q, "sort"));
    const int filters = l.value_count;
    const int64_t total = count(&l, "");
    struct found *rows = NEW_ARRAY(a, struct found, (size_t)limit);
    const char *where = before ? beyond(&l, before, true) : after ? beyond(&l, after, false) : "1";
    int n = read_page(&l, where, before != NULL, (int)limit, rows);
    int64_t passed = 0; /* rows that stand before the page */
    if (n) {
        l.value_count = filters;
        json_t *first = json_adopt(
            a, json_pack("{s:s*, s:s}", "key", rows[0].key, "id", rows[0].record.id));
        passed = count(&l, arena_printf(a, " AND %s", beyond(&l, first, true)));
    }
    struct api x;
    api_bind(&x, s, member, a);
    buf_printf(out, "{\"total\":%lld,\"passed\":%lld,\"rows\":[", (long long)total,
               (long long)passed);
    for (int k = 0; k < n; k++) {
        if (k) buf_putc(out, ',');
        view_row(&x, l.object, &rows[k].record, rows[k].key, out);
    }
    buf_puts(out, "]}");
}
