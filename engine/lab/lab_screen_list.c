/* A list of records on a run's page: which columns, which filters and order the address asks for,
 * pages by key. All of it comes from the plan. */
#include <string.h>

#include "base/clock.h"
#include "base/codec.h"
#include "base/text.h"
#include "lab/lab_pages.h"
#include "labmodel/lab_filter.h"

#define COLUMNS 8       /* of records; of the configuration, all */
#define COLUMN_TEXT 400 /* longer texts are no column */

static const char *at(json_t *list, int i) {
    return json_string_value(json_array_get(list, (size_t)i));
}

/* ---- The address ---------------------------------------------------------------------------- */
static const char *short_text(const char *text, size_t most) {
    return text && *text && strlen(text) <= most ? text : NULL;
}

void screen_list_read(struct screen *s, const char *(*get)(struct request *, const char *)) {
    struct request *r = s->r;
    struct screen_list *l = &s->list;
    const char *sort = short_text(get(r, "sort"), 64);
    l->find = short_text(get(r, "find"), 200);
    l->down = sort && *sort == '-';
    l->sort = sort ? sort + l->down : NULL;
    l->after = short_text(get(r, "after"), 64);
    l->before = short_text(get(r, "before"), 64);
    l->key = short_text(get(r, "key"), 500);
    for (int i = 0; i < SCREEN_FILTERS; i++) {
        struct screen_filter f = {short_text(get(r, arena_printf(r->arena, "f%d", i + 1)), 64),
                                  short_text(get(r, arena_printf(r->arena, "o%d", i + 1)), 64),
                                  short_text(get(r, arena_printf(r->arena, "v%d", i + 1)), 200)};
        if (f.field && f.operator) l->filters[l->filter_count++] = f;
    }
}

/* The address of the list with these filters but one (-1: all of them), ordered by `sort`. */
static const char *list_href(struct screen *s, int without, const char *sort, bool down) {
    const struct screen_list *l = &s->list;
    struct arena *a = s->r->arena;
    struct buf b;
    buf_init(&b, a);
    buf_printf(&b, "?tab=%s&object=%s", s->tab, s->object->id);
    if (l->find) buf_printf(&b, "&find=%s", percent_encode(a, l->find, ""));
    for (int i = 0, n = 0; i < l->filter_count; i++) {
        if (i == without) continue;
        n++;
        buf_printf(&b, "&f%d=%s&o%d=%s", n, percent_encode(a, l->filters[i].field, ""), n,
                   percent_encode(a, l->filters[i].operator, ""));
        if (l->filters[i].value)
            buf_printf(&b, "&v%d=%s", n, percent_encode(a, l->filters[i].value, ""));
    }
    if (sort) buf_printf(&b, "&sort=%s%s", down ? "-" : "", percent_encode(a, sort, ""));
    return screen_href(s, buf_text(&b));
}

/* ---- What the worker is asked --------------------------------------------------------------- */
static const char *neutral(struct screen *s, const struct lab_field *f, const char *operator,
                           const char * typed) {
    if (!f || !typed || str_eq(operator, "within_days")) return typed;
    return screen_neutral(s, f, typed);
}

const char *screen_neutral(struct screen *s, const struct lab_field *f, const char *typed) {
    struct lab_surface surface = {s->stack, s->dialects, s->member};
    struct arena *a = s->r->arena;
    const char *out = NULL;
    int64_t ms;
    if (f->type == LAB_TIME) {
        if (time_parse_iso(typed, &ms) ||
            time_parse_iso(arena_printf(a, "%sT00:00:00Z", typed), &ms))
            return arena_printf(a, "%lld", (long long)ms);
    }
    if (f->type == LAB_BOOLEAN)
        for (const char *truth = "10"; *truth; truth++) {
            const char *word = arena_copy(a, truth, 1);
            if (str_eq(lab_surface_text(&surface, s->object, f, word, a), typed)) return word;
        }
    /* Some dialects write times as numbers. */
    json_t *given = f->type == LAB_TIME && parse_i64(typed, INT64_MIN, INT64_MAX, &ms)
                        ? json_integer(ms)
                        : json_string(typed);
    if ((f->type == LAB_PICKLIST || f->type == LAB_FIELD_NAME || f->type == LAB_TIME) &&
        !lab_surface_read(&surface, s->object, f, given, a, &out))
        out = NULL;
    json_decref(given);
    return out ? out : typed;
}

json_t *screen_list_question(struct screen *s, const char *path) {
    const struct screen_list *l = &s->list;
    json_t *q = json_pack("{s:s, s:s, s:i, s:s, s:b}", "view", "list", "object", path, "limit",
                          PAGE_ROWS, "find", l->find ? l->find : "", "down", l->down),
           *filters = json_array();
    for (int i = 0; i < l->filter_count; i++) {
        const struct lab_field *f = lab_column_find(s->object, l->filters[i].field);
        json_array_append_new(
            filters, json_pack("{s:s, s:s, s:s*}", "field", l->filters[i].field, "operator",
                               l->filters[i].operator, "value",
                               neutral(s, f, l->filters[i].operator, l->filters[i].value)));
    }
    json_object_set_new(q, "filters", filters);
    if (l->sort) json_object_set_new(q, "sort", json_string(l->sort));
    if (l->after || l->before)
        json_object_set_new(
            q, l->before ? "before" : "after",
            json_pack("{s:s, s:s*}", "id", l->before ? l->before : l->after, "key", l->key));
    return q;
}

/* ---- Filters -------------------------------------------------------------------------------- */
static void choice(struct view *list, const char *value, const char *text, const char *chosen) {
    struct view *o = view_item(list);
    view_text(o, "value", value);
    view_text(o, "text", text);
    view_bool(o, "chosen", str_eq(value, chosen));
}

static const char *operator_text(struct screen *s, const char *id) {
    for (int i = 0; i < LAB_FILTER_OPERATORS; i++)
        if (str_eq(lab_filter_operators[i].id, id))
            return lab_text(s->r, arena_printf(s->r->arena, "lab_operator_%s", id), NULL);
    return id;
}

static const char *column_title(struct screen *s, const char *id) {
    const struct lab_object_name *names = &s->dialects[s->member]->objects[s->object->index];
    const struct lab_field *f = lab_field_find(s->object, id);
    if (f) return names->fields[f->index].title;
    if (str_eq(id, "created_ms")) return names->created_as;
    return str_eq(id, "updated_ms") ? names->updated_as : names->id_as;
}

/* A row of the form: which field, how it compares, with what. */
static void filter_row(struct screen *s, struct view *row, int n, const struct screen_filter *f) {
    const struct lab_object *o = s->object;
    struct view *fields = view_list(row, "fields"), *operators = view_list(row, "operators");
    view_int(row, "n", n);
    view_text(row, "value", f && f->value ? f->value : "");
    for (int i = 0; i < o->field_count; i++)
        choice(fields, o->fields[i].id, column_title(s, o->fields[i].id), f ? f->field : NULL);
    static const char *const own[] = {"id", "created_ms", "updated_ms"};
    for (size_t i = 0; i < COUNT_OF(own); i++)
        choice(fields, own[i], column_title(s, own[i]), f ? f->field : NULL);
    for (int i = 0; i < LAB_FILTER_OPERATORS; i++)
        choice(operators, lab_filter_operators[i].id,
               operator_text(s, lab_filter_operators[i].id), f ? f->operator : NULL);
}

/* Words that values may be, to choose from: those of the object's picklists. */
static void words(struct screen *s, struct view *v) {
    struct view *list = view_list(v, "words");
    const struct lab_object *o = s->object;
    for (int i = 0; i < o->field_count; i++)
        for (int k = 0; k < o->fields[i].value_count; k++)
            choice(
                list,
                lab_surface_value(s->dialects[s->member], o, &o->fields[i], o->fields[i].values[k]),
                column_title(s, o->fields[i].id), NULL);
}

static void filters(struct screen *s, struct view *v) {
    const struct screen_list *l = &s->list;
    struct view *active = view_list(v, "active"), *rows = view_list(v, "filter_rows");
    for (int i = 0; i < l->filter_count; i++) {
        struct view *item = view_item(active);
        view_text(item, "field", column_title(s, l->filters[i].field));
        view_text(item, "operator", operator_text(s, l->filters[i].operator));
        view_text(item, "value", l->filters[i].value);
        view_text(item, "href", list_href(s, i, l->sort, l->down));
        filter_row(s, view_item(rows), i + 1, &l->filters[i]);
    }
    if (l->filter_count < SCREEN_FILTERS) filter_row(s, view_item(rows), l->filter_count + 1, NULL);
    words(s, v);
    view_int(v, "filter_count", l->filter_count);
    view_bool(v, "filtered", l->filter_count > 0 || l->find);
    view_text(v, "find", l->find);
    view_text(v, "sort",
              l->sort ? arena_printf(s->r->arena, "%s%s", l->down ? "-" : "", l->sort) : NULL);
    view_text(
        v, "all_href",
        screen_href(s, arena_printf(s->r->arena, "?tab=%s&object=%s", s->tab, s->object->id)));
}

/* ---- Rows ----------------------------------------------------------------------------------- */
/* Whether the list is filtered or ordered by this field. */
static bool asked_for(const struct screen_list *l, const struct lab_field *f) {
    for (int i = 0; i < l->filter_count; i++)
        if (str_eq(l->filters[i].field, f->id)) return true;
    return str_eq(l->sort, f->id);
}

/* The fields that are columns; returns how many. Those that say most of a record: no long texts,
 * of records the first few, and what the reader asks for. */
static int columns_of(const struct screen *s, int *fields) {
    const struct lab_object *o = s->object;
    int n = 0;
    for (int i = 0; i < o->field_count; i++) {
        const struct lab_field *f = &o->fields[i];
        bool lengthy = f->type == LAB_TEXT && f->max >= COLUMN_TEXT;
        if (asked_for(&s->list, f) || (!lengthy && (o->setup || n < COLUMNS))) fields[n++] = i;
    }
    return n;
}

static void head(struct screen *s, struct view *v, const int *fields, int count) {
    const struct screen_list *l = &s->list;
    struct view *columns = view_list(v, "columns");
    for (int k = -1; k < count; k++) {
        struct view *column = view_item(columns);
        const char *id = k < 0 ? "id" : s->object->fields[fields[k]].id;
        bool sorted = str_eq(l->sort ? l->sort : "id", id);
        view_text(column, "title", column_title(s, id));
        view_bool(column, "up", sorted && !l->down);
        view_bool(column, "down", sorted && l->down);
        view_bool(column, "number", k >= 0 && s->object->fields[fields[k]].type == LAB_INTEGER);
        view_text(column, "href", list_href(s, -1, id, sorted && !l->down));
    }
}

static void cell(struct screen *s, struct view *item, const struct lab_field *f, json_t *row) {
    const char *text = at(json_object_get(row, "shown"), f->index),
               *named = at(json_object_get(row, "named"), f->index);
    view_text(item, "text", named ? named : text);
    view_text(item, "href", text ? screen_reference_href(s, f, text) : NULL);
    view_bool(item, "empty", !text);
    view_bool(item, "number", f->type == LAB_INTEGER);
}

/* The address of the page behind this row, or before it. */
static const char *page_href(struct screen *s, const char *way, json_t *row) {
    struct arena *a = s->r->arena;
    const char *key = screen_text(row, "key");
    return arena_printf(a, "%s&%s=%s%s%s", list_href(s, -1, s->list.sort, s->list.down), way,
                        percent_encode(a, screen_text(row, "id"), ""), key ? "&key=" : "",
                        key ? percent_encode(a, key, "") : "");
}

static void pages(struct screen *s, struct view *v, json_t *answer) {
    json_t *rows = json_object_get(answer, "rows");
    int64_t total = screen_number(answer, "total"), passed = screen_number(answer, "passed"),
            count = (int64_t)json_array_size(rows);
    view_int(v, "total", total);
    view_int(v, "from", count ? passed + 1 : 0);
    view_int(v, "to", passed + count);
    view_bool(v, "many_pages", total > count);
    view_text(v, "previous_href",
              count && passed ? page_href(s, "before", json_array_get(rows, 0)) : NULL);
    view_text(v, "next_href",
              count && passed + count < total
                  ? page_href(s, "after", json_array_get(rows, (size_t)count - 1))
                  : NULL);
    /* A page behind what was deleted meanwhile has no row to begin from. */
    view_bool(v, "none", total == 0);
    view_bool(v, "page_gone", total > 0 && count == 0);
}

void screen_list_part(struct screen *s, struct view *v) {
    json_t *answer = screen_json(s, s->list_question), *row;
    struct view *rows = view_list(v, "rows");
    int fields[LAB_FIELDS_MAX], count = columns_of(s, fields);
    size_t i;
    view_bool(v, "is_list", true);
    head(s, v, fields, count);
    json_array_foreach (json_object_get(answer, "rows"), i, row) {
        struct view *item = view_item(rows), *cells = view_list(item, "cells");
        view_text(item, "id", screen_text(row, "id"));
        view_text(item, "href",
                  screen_record_href(s, s->member, s->object, screen_text(row, "id")));
        for (int k = 0; k < count; k++)
            cell(s, view_item(cells), &s->object->fields[fields[k]], row);
    }
    filters(s, v);
    pages(s, v, answer);
}
