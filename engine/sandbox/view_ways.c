/* Diagrams and filters for screens. */
#include "sandbox/view_ways.h"

#include <string.h>

#include "base/text.h"
#include "sandbox/filters.h"
#include "sandbox/view_record.h"

static const char *text_of(json_t *q, const char *key) {
    return json_string_value(json_object_get(q, key));
}

/* ---- Diagrams ------------------------------------------------------------------------------- */
static bool is_word_of(const char *words, const char *word, struct arena *a) {
    if (!words || !word) return false;
    for (size_t len; *words; words += len + strspn(words + len, " ")) {
        len = strcspn(words, " ");
        if (str_eq(arena_copy(a, words, len), word)) return true;
    }
    return false;
}

/* How many stand at this node, of those that have not gone on or left. */
static int64_t standing(struct lab_state *s, const struct lab_diagram *d, const char *node,
                        struct arena *a) {
    int64_t n = 0;
    if (!d->stands.object) return 0;
    sqlite3_stmt *q = state_query(
        s,
        arena_printf(a, "SELECT %s, count(*) FROM %s WHERE %s = $1 GROUP BY 1", d->stands_while->id,
                     d->stands.object->table, d->stands_at->id),
        "t", node);
    while (state_row(s, q))
        if (is_word_of(d->stands_values, state_column(q, 0, a), a)) n += sqlite3_column_int64(q, 1);
    state_end(q);
    return n;
}

/* The ids of an object's records whose field has this value, in this order. Arena. */
static size_t ids_of(struct lab_state *s, const struct lab_object *o, const struct lab_field *by,
                     const char *value, const char *order, int most, const char **ids,
                     struct arena *a) {
    size_t n = 0;
    sqlite3_stmt *q = state_query(
        s,
        arena_printf(a, "SELECT id FROM %s WHERE %s = $1 ORDER BY %s, id LIMIT %d", o->table,
                     by->id, order, most),
        "t", value);
    while (state_row(s, q)) ids[n++] = state_column(q, 0, a);
    state_end(q);
    return n;
}

void view_diagram(struct lab_state *s, json_t *q, struct arena *a, struct buf *out) {
    json_int_t at = json_integer_value(json_object_get(q, "diagram"));
    const char *id = text_of(q, "record"), *ids[VIEW_NODES];
    if (!id || at < 0 || at >= s->stack.diagram_count) {
        buf_puts(out, "{\"error\":\"There is no such diagram.\"}");
        return;
    }
    const struct lab_diagram *d = &s->stack.diagrams[at];
    struct api x;
    api_bind(&x, s, d->nodes.member, a);
    size_t count = ids_of(s, d->nodes.object, d->of, id, d->order->id, VIEW_NODES, ids, a);
    buf_puts(out, "{\"rows\":[");
    for (size_t i = 0; i < count; i++) {
        struct record r;
        if (!record_get(s, d->nodes.object, ids[i], &r, a)) continue;
        buf_puts(out, i ? ",{\"row\":" : "{\"row\":");
        view_row(&x, d->nodes.object, &r, NULL, out);
        buf_printf(out, ",\"here\":%lld}", (long long)standing(s, d, ids[i], a));
    }
    buf_puts(out, "]}");
}

/* ---- Filters -------------------------------------------------------------------------------- */
static void filter_rows(struct lab_state *s, const struct lab_filter *f, const char *owner,
                        struct arena *a, struct buf *out) {
    const char *ids[FILTER_ROWS];
    struct api x;
    api_bind(&x, s, f->rows.member, a);
    size_t count = ids_of(s, f->rows.object, f->of, owner, f->group->id, FILTER_ROWS, ids, a);
    buf_puts(out, ",\"rows\":[");
    for (size_t i = 0; i < count; i++) {
        struct record r;
        if (!record_get(s, f->rows.object, ids[i], &r, a)) continue;
        if (i) buf_putc(out, ',');
        view_row(&x, f->rows.object, &r, NULL, out);
    }
    buf_putc(out, ']');
}

void view_filters(struct lab_state *s, json_t *q, struct arena *a, struct buf *out) {
    const char *path = text_of(q, "object"), *owner = text_of(q, "record");
    bool first = true;
    buf_puts(out, "{\"filters\":[");
    for (int i = 0; owner && i < s->stack.filter_count; i++) {
        const struct lab_filter *f = &s->stack.filters[i];
        if (f->of->type != LAB_REFERENCE || !str_eq(f->of->of, path)) continue;
        struct filters_count passed = filters_count(s, f, owner, a);
        buf_printf(out, "%s{\"filter\":%d,\"passed\":%lld,\"of\":%lld,\"fault\":", first ? "" : ",",
                   i, (long long)passed.passed, (long long)passed.of);
        if (passed.fault) buf_json(out, passed.fault);
        else buf_puts(out, "null");
        filter_rows(s, f, owner, a, out);
        buf_putc(out, '}');
        first = false;
    }
    buf_puts(out, "]}");
}

/* ---- Charts --------------------------------------------------------------------------------- */
static void member(struct buf *out, const char *key, const char *text) {
    buf_printf(out, "\"%s\":", key);
    if (text) buf_json(out, text);
    else buf_puts(out, "null");
    buf_putc(out, ',');
}

/* RULE lab-chart-learner: a query of a record is a learner's: it is run under the guard and within
 * the bounds of one. */
static void result(struct lab_state *s, const char *sql, struct arena *a, struct buf *out) {
    const char *why = "It has no SQL.", *cut;
    struct buf rows;
    buf_init(&rows, a);
    if (!record_empty(sql) &&
        console_query(s, sql, true, VIEW_TILE_OPERATIONS, &rows, &why, &cut)) {
        buf_puts(out, "\"result\":");
        buf_add(out, buf_text(&rows), rows.len);
    } else {
        buf_puts(out, "\"error\":");
        buf_json(out, why);
    }
}

/* One query; `title` and `form`: those of its tile, NULL: the query's own, any. */
static void chart(struct lab_state *s, const struct lab_chart *c, const char *query,
                  const char *title, const char *form, struct arena *a, struct buf *out) {
    struct record r;
    struct api x;
    bool there = query && record_get(s, c->query.object, query, &r, a);
    api_bind(&x, s, c->query.member, a);
    buf_putc(out, '{');
    member(out, "id", there ? query : NULL);
    member(out, "title", title || !there ? title : r.value[c->title->index]);
    member(out, "draws", form);
    member(out, "unit",
           there && !record_empty(r.value[c->unit->index])
               ? api_text(&x, c->query.object, &r, c->unit->index)
               : NULL);
    result(s, there ? r.value[c->sql->index] : NULL, a, out);
    buf_putc(out, '}');
}

static void board(struct lab_state *s, const struct lab_chart *c, const char *id, struct arena *a,
                  struct buf *out) {
    const char *ids[VIEW_TILES];
    size_t count = ids_of(s, c->tiles.object, c->of, id, c->order->id, VIEW_TILES, ids, a);
    for (size_t i = 0; i < count; i++) {
        struct record r;
        if (!record_get(s, c->tiles.object, ids[i], &r, a)) continue;
        if (i) buf_putc(out, ',');
        chart(s, c, r.value[c->shows->index], r.value[c->tile_title->index],
              r.value[c->form->index], a, out);
    }
}

void view_charts(struct lab_state *s, json_t *q, struct arena *a, struct buf *out) {
    json_int_t at = json_integer_value(json_object_get(q, "chart"));
    const char *id = text_of(q, "record");
    if (!id || at < 0 || at >= s->stack.chart_count) {
        buf_puts(out, "{\"error\":\"There is no such chart.\"}");
        return;
    }
    state_write_out(s);
    buf_puts(out, "{\"charts\":[");
    if (json_is_true(json_object_get(q, "board"))) board(s, &s->stack.charts[at], id, a, out);
    else chart(s, &s->stack.charts[at], id, NULL, NULL, a, out);
    buf_puts(out, "]}");
}
