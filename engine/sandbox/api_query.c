/* Reads the parameters of a list, in the dialect's own syntax. */
#include "sandbox/api_query.h"

#include <string.h>

#include "base/codec.h"
#include "base/text.h"
#include "labmodel/lab_pattern.h"

/* ---- Columns -------------------------------------------------------------------------------- */
struct column {
    const char *sql;
    enum lab_type type;
    const struct lab_field *field; /* NULL: the id or one of the times that every record has */
};

static bool column_named(struct api *x, const char *name, struct column *out) {
    const struct lab_field *f = lab_field_named(x->object, x->d, name);
    if (f) *out = (struct column){f->id, f->type, f};
    else if (str_eq(name, x->names->id_as)) *out = (struct column){"id", LAB_TEXT, NULL};
    else if (str_eq(name, x->names->created_as))
        *out = (struct column){"created_ms", LAB_TIME, NULL};
    else if (str_eq(name, x->names->updated_as))
        *out = (struct column){"updated_ms", LAB_TIME, NULL};
    else return false;
    return true;
}

/* ---- Filters -------------------------------------------------------------------------------- */
/* What a filter looks for, in neutral terms; NULL: the dialect has no such value. Words that are in
 * no picklist are looked for as they are: old records have some. */
static const char *filter_value(struct api *x, const struct lab_field *f, const char *value) {
    const char *neutral = value;
    if (f->type == LAB_PICKLIST) {
        if (lab_surface_hidden(x->d, x->object, f, value)) return NULL;
        neutral = lab_surface_neutral(x->d, x->object, f, value);
        return neutral ? neutral : value;
    }
    if (f->type == LAB_BOOLEAN) {
        for (neutral = "1"; neutral; neutral = *neutral == '1' ? "0" : NULL)
            if (str_eq(lab_surface_text(&x->surface, x->object, f, neutral, x->a), value)) break;
        return neutral;
    }
    if (f->type != LAB_FIELD_NAME) return value;
    json_t *given = json_string(value);
    if (!lab_surface_read(&x->surface, x->object, f, given, x->a, &neutral)) neutral = NULL;
    json_decref(given);
    return neutral;
}

/* Adds a condition whose SQL has one value, $N; `number`: it is one. */
static bool add_condition(struct api *x, struct api_query *l, const char *name, const char *before,
                          const char *after, const char *value, bool number) {
    if (l->value_count == FILTERS_MAX)
        return api_problem(x, LAB_PROBLEM_TOO_MANY_FILTERS, name,
                           arena_printf(x->a, "%d", FILTERS_MAX), 0);
    l->number[l->value_count] = number;
    l->values[l->value_count++] = value;
    buf_printf(&l->where, "%s%s$%d%s", l->where.len ? " AND " : " WHERE ", before, l->value_count,
               after);
    return true;
}

static bool add_filter(struct api *x, struct api_query *l, const char *name, const char *value) {
    struct column c;
    bool known = column_named(x, name, &c) && (c.field || c.type != LAB_TIME);
    if (!known) return api_problem(x, LAB_PROBLEM_UNKNOWN_FIELD, name, NULL, 0);
    const char *neutral = c.field && *value ? filter_value(x, c.field, value) : value;
    if (!neutral) return api_problem(x, LAB_PROBLEM_INVALID_VALUE, name, value, 0);
    return add_condition(x, l, name, arena_printf(x->a, "%s = ", c.sql), "", neutral, false);
}

const char *api_time_value(struct api *x, const char *value) {
    static const struct lab_field time = {.type = LAB_TIME};
    const char *ms = NULL;
    int64_t n;
    bool whole = parse_i64(value, INT64_MIN, INT64_MAX, &n);
    json_t *given = whole ? json_integer(n) : json_string(value);
    if (!lab_surface_read(&x->surface, x->object, &time, given, x->a, &ms)) ms = NULL;
    json_decref(given);
    return ms;
}

/* What a comparison is made with; NULL: the column does not have such values. */
static const char *compared_value(struct api *x, const struct column *c, const char *value) {
    int64_t n;
    if (c->type == LAB_TIME) return api_time_value(x, value);
    if (c->type == LAB_INTEGER) return parse_i64(value, INT64_MIN, INT64_MAX, &n) ? value : NULL;
    return c->field ? filter_value(x, c->field, value) : value;
}

static bool is_text(enum lab_type t) {
    return t == LAB_TEXT || t == LAB_EMAIL || t == LAB_REFERENCE || t == LAB_VALUE_NAME;
}

static bool add_comparison(struct api *x, struct api_query *l, enum lab_operator how,
                           const char *name, const char *value) {
    static const char *const signs[LAB_OPERATOR_COUNT] = {[LAB_NOT] = "<>",
                                                          [LAB_LESS] = "<",
                                                          [LAB_AT_MOST] = "<=",
                                                          [LAB_MORE] = ">",
                                                          [LAB_AT_LEAST] = ">="};
    struct column c;
    if (!column_named(x, name, &c)) return api_problem(x, LAB_PROBLEM_UNKNOWN_FIELD, name, NULL, 0);
    const char *neutral = compared_value(x, &c, value);
    bool number = c.type == LAB_TIME || c.type == LAB_INTEGER,
         ordered = number || is_text(c.type) || how == LAB_NOT, part = !signs[how];
    if (!neutral || !ordered || (part && !is_text(c.type)))
        return api_problem(x, LAB_PROBLEM_INVALID_VALUE, name, value, 0);
    if (how == LAB_NOT)
        return add_condition(x, l, name, arena_printf(x->a, "(%s IS NULL OR %s <> ", c.sql, c.sql),
                             ")", neutral, number);
    if (how == LAB_CONTAINS)
        return add_condition(x, l, name, arena_printf(x->a, "instr(%s, ", c.sql), ") > 0", neutral,
                             false);
    if (how == LAB_BEGINS)
        return add_condition(x, l, name, arena_printf(x->a, "instr(%s, ", c.sql), ") = 1", neutral,
                             false);
    return add_condition(x, l, name, arena_printf(x->a, "%s %s ", c.sql, signs[how]), "", neutral,
                         number);
}

/* A filter with an operator, in the name or in the value, as the dialect writes it; without one it
 * asks for exactly the value. */
static bool read_filter(struct api *x, struct api_query *l, const char *name, const char *value) {
    const struct lab_query *q = &x->d->query;
    for (int i = 0; i < LAB_OPERATOR_COUNT; i++) {
        if (!q->operators[i]) continue;
        if (q->filter_name) {
            const char *field = lab_pattern_take(
                lab_pattern_fill(q->filter_name, "operator", q->operators[i], x->a), "field", name,
                x->a);
            if (field) return add_comparison(x, l, (enum lab_operator)i, field, value);
        } else {
            const char *rest = lab_pattern_take(
                lab_pattern_fill(q->filter_value, "operator", q->operators[i], x->a), "value",
                value, x->a);
            if (rest) return add_comparison(x, l, (enum lab_operator)i, name, rest);
        }
    }
    return add_filter(x, l, name, value);
}

/* ---- Order, time, fields -------------------------------------------------------------------- */
/* The next of the words that commas part; NULL: there is none. */
static const char *next_word(struct api *x, const char **at) {
    if (!*at) return NULL;
    size_t len = strcspn(*at, ",");
    const char *word = arena_copy(x->a, *at, len);
    *at = (*at)[len] ? *at + len + 1 : NULL;
    return word;
}

static bool read_sort(struct api *x, struct api_query *l, const char *value) {
    const struct lab_query *q = &x->d->query;
    for (const char *at = value, *word; (word = next_word(x, &at));) {
        struct column c;
        const char *down = lab_pattern_take(q->descending, "field", word, x->a),
                   *up = lab_pattern_take(q->ascending, "field", word, x->a);
        bool falls = down && column_named(x, down, &c);
        if (!falls && !(up && column_named(x, up, &c)))
            return api_problem(x, LAB_PROBLEM_UNKNOWN_FIELD, down ? down : word, NULL, 0);
        if (l->sort_keys++ == SORT_KEYS_MAX)
            return api_problem(x, LAB_PROBLEM_INVALID_VALUE, q->sort_param, value, 0);
        buf_printf(&l->order, "%s%s, ", c.sql, falls ? " DESC" : "");
    }
    return true;
}

static bool read_since(struct api *x, struct api_query *l, const char *value) {
    const char *ms = api_time_value(x, value);
    if (!ms) return api_problem(x, LAB_PROBLEM_INVALID_VALUE, x->d->query.since_param, value, 0);
    return add_condition(x, l, x->d->query.since_param, "updated_ms >= ", "", ms, true);
}

static bool read_fields(struct api *x, const char *value) {
    x->chosen = true;
    for (const char *at = value, *word; (word = next_word(x, &at));) {
        struct column c;
        if (!column_named(x, word, &c))
            return api_problem(x, LAB_PROBLEM_UNKNOWN_FIELD, word, NULL, 0);
        if (c.field) x->choice[c.field->index] = true;
        else if (str_eq(c.sql, "created_ms")) x->choose_created = true;
        else if (str_eq(c.sql, "updated_ms")) x->choose_updated = true;
    }
    return true;
}

/* ---- Place ---------------------------------------------------------------------------------- */
/* Page tokens and cursors are opaque on purpose: base64url of "o:40" or "a:003c1042". */
static bool read_position(struct api *x, struct api_query *l, const char *value) {
    l->place = value;
    if (x->d->paging == LAB_PAGE_OFFSET)
        return parse_i64(value, 0, 1000000, &l->offset) ||
               api_problem(x, LAB_PROBLEM_INVALID_VALUE, x->d->position_param, value, 0);
    size_t len = 0;
    char *text = strlen(value) > 200 ? NULL : (char *)base64url_decode(x->a, value, &len);
    if (text) text = arena_copy(x->a, text, len);
    if (text && str_has_prefix(text, "o:") && parse_i64(text + 2, 0, 1000000, &l->offset)) {
        l->counted = true;
        return true;
    }
    if (text && x->d->paging == LAB_PAGE_CURSOR && str_has_prefix(text, "a:")) {
        l->after = text + 2;
        return true;
    }
    return api_problem(x, LAB_PROBLEM_INVALID_VALUE, x->d->position_param, value, 0);
}

/* Cursors of an ordered list count, those of others name the last record: one of the other sort
 * would lead astray. */
static bool place_fits(struct api *x, struct api_query *l) {
    if (x->d->paging != LAB_PAGE_CURSOR || !l->place ||
        l->counted == (l->sort_keys > 0 || l->counts))
        return true;
    return api_problem(x, LAB_PROBLEM_INVALID_VALUE, x->d->position_param, l->place, 0);
}

/* ---- All ------------------------------------------------------------------------------------ */
static bool is_utf8(struct api *x, const char *name, const char *value) {
    return (utf8_valid(value, strlen(value)) && utf8_valid(name, strlen(name))) ||
           api_problem(x, LAB_PROBLEM_INVALID_VALUE, NULL, NULL, 0);
}

bool api_query_read(struct api *x, struct api_query *l) {
    const struct lab_query *q = &x->d->query;
    const char *name, *value;
    memset(l, 0, sizeof *l);
    l->size = x->d->page_default;
    buf_init(&l->where, x->a);
    buf_init(&l->order, x->a);
    for (int i = 0; api_param(x, i, &name, &value); i++) {
        if (!is_utf8(x, name, value)) return false;
        if (str_eq(name, x->d->size_param)) {
            if (!parse_i64(value, 1, x->d->page_max, &l->size))
                return api_problem(x, LAB_PROBLEM_INVALID_VALUE, name, value, 0);
        } else if (str_eq(name, x->d->position_param)) {
            if (!read_position(x, l, value)) return false;
        } else if (q->sort_param && str_eq(name, q->sort_param)) {
            if (!read_sort(x, l, value)) return false;
        } else if (q->since_param && str_eq(name, q->since_param)) {
            if (!read_since(x, l, value)) return false;
        } else if (q->fields_param && str_eq(name, q->fields_param)) {
            if (!read_fields(x, value)) return false;
        } else if (*name && !read_filter(x, l, name, value)) return false;
    }
    return place_fits(x, l);
}

bool api_query_page(struct api *x, struct api_query *l, const char *also, const char **value) {
    const char *name, *given;
    memset(l, 0, sizeof *l);
    l->size = x->d->page_default;
    l->counts = true;
    if (also) *value = NULL;
    for (int i = 0; api_param(x, i, &name, &given); i++) {
        if (!is_utf8(x, name, given)) return false;
        if (str_eq(name, x->d->size_param)) {
            if (!parse_i64(given, 1, x->d->page_max, &l->size))
                return api_problem(x, LAB_PROBLEM_INVALID_VALUE, name, given, 0);
        } else if (str_eq(name, x->d->position_param)) {
            if (!read_position(x, l, given)) return false;
        } else if (also && str_eq(name, also)) *value = given;
        else if (*name) return api_problem(x, LAB_PROBLEM_UNKNOWN_FIELD, name, NULL, 0);
    }
    return place_fits(x, l);
}

bool api_query_shown(struct api *x) {
    const char *wanted = x->d->query.fields_param, *name, *value;
    for (int i = 0; wanted && api_param(x, i, &name, &value); i++)
        if (str_eq(name, wanted) && !(is_utf8(x, name, value) && read_fields(x, value)))
            return false;
    return true;
}
