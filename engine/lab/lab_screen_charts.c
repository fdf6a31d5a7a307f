/* Results of queries as tables and, where each row has a label and a whole number, as charts: of
 * the warehouse, of saved queries, of boards. The table always stands beside its chart. */
#include <ctype.h>
#include <string.h>

#include "base/json.h"
#include "base/text.h"
#include "lab/lab_chart.h"
#include "lab/lab_pages.h"
#include "labmodel/lab_rules.h"

/* ---- The table ------------------------------------------------------------------------------ */
static const char *cell_text(struct screen *s, json_t *cell) {
    if (json_is_string(cell)) return json_string_value(cell);
    return json_is_integer(cell) ? json_text(s->r->arena, cell) : NULL;
}

static void table(struct screen *s, struct view *v, json_t *result) {
    struct view *columns = view_list(v, "result_columns"), *rows = view_list(v, "result_rows");
    json_t *name, *row, *cell;
    size_t i, k;
    json_array_foreach (json_object_get(result, "columns"), i, name)
        view_item_text(columns, json_string_value(name));
    json_array_foreach (json_object_get(result, "rows"), i, row) {
        struct view *cells = view_list(view_item(rows), "cells");
        json_array_foreach (row, k, cell) {
            struct view *c = view_item(cells);
            view_text(c, "text", cell_text(s, cell));
            view_bool(c, "number", json_is_integer(cell));
            view_bool(c, "empty", json_is_null(cell));
        }
    }
    view_bool(v, "has_result", true);
    view_int(v, "row_count", (int64_t)json_array_size(json_object_get(result, "rows")));
    view_bool(v, "truncated", json_is_true(json_object_get(result, "truncated")));
}

/* ---- The chart ------------------------------------------------------------------------------ */
struct points {
    const char *labels[CHART_POINTS], *value_title;
    int64_t values[CHART_POINTS];
    int count;
};

/* The column whose cells are all whole numbers, but not the first; the last of them. -1: none. */
static int number_column(json_t *rows) {
    json_t *row;
    size_t i;
    for (int k = (int)json_array_size(json_array_get(rows, 0)) - 1; k > 0; k--) {
        bool all = true;
        json_array_foreach (rows, i, row)
            all = all && json_is_integer(json_array_get(row, (size_t)k));
        if (all) return k;
    }
    return -1;
}

/* RULE lab-chart-rows: 2 to 40 rows, each with a label and a whole number, are drawn; what is else
 * is a table only. */
static bool read_points(struct screen *s, json_t *result, struct points *out) {
    json_t *rows = json_object_get(result, "rows"), *row;
    size_t count = json_array_size(rows), i;
    if (count < 2 || count > CHART_POINTS) return false;
    int number = number_column(rows);
    if (number < 0) return false;
    out->value_title = json_string_value(
        json_array_get(json_object_get(result, "columns"), (size_t)number));
    json_array_foreach (rows, i, row) {
        out->labels[i] = cell_text(s, json_array_get(row, 0));
        out->values[i] = json_integer_value(json_array_get(row, (size_t)number));
    }
    out->count = (int)count;
    return true;
}

/* "2026-03" or "2026-03-09", whatever stands behind it. */
static bool is_date(const char *text) {
    for (int i = 0; i < 7; i++)
        if (!text || (i == 4 ? text[i] != '-' : !isdigit((unsigned char)text[i]))) return false;
    return true;
}

static bool by_dates(const struct points *p) {
    for (int i = 0; i < p->count; i++)
        if (!is_date(p->labels[i])) return false;
    return true;
}

static void bars(const struct points *p, struct view *v) {
    struct view *list = view_list(v, "bars");
    const int length = CHART_WIDTH - 2 * CHART_EDGE;
    struct chart_scale scale = chart_scale(p->values, p->count, length);
    for (int i = 0; i < p->count; i++) {
        struct view *item = view_item(list);
        int to = chart_place(&scale, p->values[i], length),
            from = to < scale.zero ? to : scale.zero;
        view_text(item, "label", p->labels[i] ? p->labels[i] : "–");
        view_int(item, "value", p->values[i]);
        view_int(item, "x", CHART_EDGE + from);
        view_int(item, "width", (to > scale.zero ? to : scale.zero) - from);
        view_int(item, "y", i * CHART_STEP + 20);
        view_int(item, "text_y", i * CHART_STEP + 15);
    }
    view_int(v, "chart_height", p->count * CHART_STEP + 4);
    view_bool(v, "is_bars", true);
}

static void line(struct screen *s, const struct points *p, struct view *v) {
    struct view *list = view_list(v, "dots");
    struct chart_scale scale = chart_scale(p->values, p->count, CHART_HEIGHT - 2 * CHART_EDGE);
    for (int i = 0; i < p->count; i++) {
        struct view *item = view_item(list);
        view_text(item, "label", p->labels[i] ? p->labels[i] : "–");
        view_int(item, "value", p->values[i]);
        view_int(item, "x", chart_x(i, p->count));
        view_int(item, "y", chart_y(&scale, p->values[i]));
    }
    view_text(v, "points", chart_line(&scale, p->values, p->count, s->r->arena));
    view_int(v, "zero_y", chart_y(&scale, 0));
    view_int(v, "highest", scale.high);
    view_int(v, "lowest", scale.low);
    view_text(v, "first_label", p->labels[0]);
    view_text(v, "last_label", p->labels[p->count - 1]);
    view_int(v, "chart_height", CHART_HEIGHT);
    view_bool(v, "is_line", true);
}

void screen_result(struct screen *s, struct view *v, json_t *result, const char *form) {
    struct points p;
    table(s, v, result);
    if (str_eq(form, "table") || str_eq(form, "number") || !read_points(s, result, &p)) return;
    view_bool(v, "has_chart", true);
    view_int(v, "chart_width", CHART_WIDTH);
    view_text(v, "value_title", p.value_title);
    if (str_eq(form, "line") || (!str_eq(form, "bar") && by_dates(&p))) line(s, &p, v);
    else bars(&p, v);
}

/* ---- Records -------------------------------------------------------------------------------- */
int screen_chart_of(const struct screen *s, bool *board) {
    for (int i = 0; s->object && i < s->stack->chart_count; i++) {
        *board = s->stack->charts[i].board.object == s->object;
        if (*board || s->stack->charts[i].query.object == s->object) return i;
    }
    return -1;
}

void screen_charts_part(struct screen *s, struct view *v) {
    bool board;
    const struct lab_chart *c = &s->stack->charts[screen_chart_of(s, &board)];
    json_t *all = json_object_get(screen_json(s, s->charts_question), "charts"), *each;
    struct view *list = view_list(v, "charts");
    size_t i;
    view_bool(v, "is_board", board);
    view_bool(v, "has_charts", true);
    json_array_foreach (all, i, each) {
        struct view *item = view_item(list);
        const char *id = screen_text(each, "id");
        view_text(item, "title", screen_text(each, "title"));
        view_text(item, "unit", screen_text(each, "unit"));
        view_text(item, "error", screen_text(each, "error"));
        view_text(item, "href",
                  id && board ? screen_record_href(s, c->query.member, c->query.object, id) : NULL);
        view_text(item, "id", arena_printf(s->r->arena, "chart-%zu", i + 1));
        json_t *result = json_object_get(each, "result");
        if (result) screen_result(s, item, result, screen_text(each, "draws"));
    }
}
