/* What a record's page shows beside its fields: the diagram that its nodes make, drawn and as a
 * list with the same words; the filters that its rows make, as sentences with how many records
 * pass. Which objects have them, kinds say (docs/lab-kinds.md). */
#include <string.h>

#include "base/codec.h"
#include "base/json.h"
#include "base/text.h"
#include "lab/lab_diagram.h"
#include "lab/lab_pages.h"
#include "labmodel/lab_filter.h"
#include "labmodel/lab_rules.h"

#define BOX_CHARACTERS 22 /* that have room in a box */

static const char *at(json_t *list, int i) {
    return json_string_value(json_array_get(list, (size_t)i));
}

int screen_diagram_of(const struct screen *s) {
    for (int i = 0; s->object && i < s->stack->diagram_count; i++)
        if (s->stack->diagrams[i].over.object == s->object) return i;
    return -1;
}

bool screen_has_filters(const struct screen *s) {
    const char *connector = s->stack->members[s->member].connector->id;
    const char *path = arena_printf(s->r->arena, "%s.%s", connector, s->object->id);
    for (int i = 0; i < s->stack->filter_count; i++)
        if (str_eq(s->stack->filters[i].of->of, path)) return true;
    return false;
}

/* ---- Diagrams ------------------------------------------------------------------------------- */
struct drawing {
    struct screen *s;
    const struct lab_diagram *of;
    json_t *rows;
    int count;
    struct diagram_node nodes[DIAGRAM_NODES];
};

static json_t *row_of(const struct drawing *d, int i) {
    return json_object_get(json_array_get(d->rows, (size_t)i), "row");
}

static int position_of(const struct drawing *d, const char *id) {
    for (int i = 0; id && i < d->count; i++)
        if (str_eq(screen_text(row_of(d, i), "id"), id)) return i;
    return -1;
}

static void read_nodes(struct drawing *d) {
    for (int i = 0; i < d->count; i++) {
        json_t *neutral = json_object_get(row_of(d, i), "neutral");
        const char *next = at(neutral, d->of->next->index),
                   *label = at(neutral, d->of->label->index);
        bool ends = d->of->last && str_eq(label, d->of->last);
        d->nodes[i].next = position_of(d, next);
        if (ends) d->nodes[i].next = -1;
        else if (!next || !*next) d->nodes[i].next = i + 1 < d->count ? i + 1 : -1;
        d->nodes[i].other = d->of->other && !ends ? position_of(d, at(neutral, d->of->other->index))
                                                  : -1;
        if (d->nodes[i].other == d->nodes[i].next) d->nodes[i].other = -1;
    }
}

/* A line of a box: what has no room ends with dots. */
static const char *short_line(struct arena *a, const char *text) {
    size_t bytes = 0, characters = 0;
    for (; text[bytes]; bytes++)
        if (((unsigned char)text[bytes] & 0xC0) != 0x80 && characters++ == BOX_CHARACTERS)
            return arena_printf(a, "%.*s…", (int)bytes, text);
    return text;
}

static void facts_view(struct drawing *d, struct view *item, json_t *row) {
    struct view *facts = view_list(item, "facts");
    const struct lab_object_name *names =
        &d->s->dialects[d->of->nodes.member]->objects[d->of->nodes.object->index];
    const char *line = "";
    for (int k = 0; k < d->of->tell_count; k++) {
        const struct lab_field *f = d->of->tells[k];
        const char *value = at(json_object_get(row, "shown"), f->index);
        if (!value || !*value) continue;
        struct view *fact = view_item(facts);
        view_text(fact, "title", names->fields[f->index].title);
        view_text(fact, "text", value);
        if (!*line) line = value;
    }
    view_text(item, "line", short_line(d->s->r->arena, line));
}

static void arrow(struct drawing *d, struct view *list, int from, bool other) {
    int to = other ? d->nodes[from].other : d->nodes[from].next;
    if (to < 0) return;
    struct view *item = view_item(list);
    view_text(item, "d", diagram_arrow(d->nodes, from, other, d->s->r->arena));
    view_bool(item, "other", other);
}

static void node_view(struct drawing *d, struct view *item, int i) {
    struct screen *s = d->s;
    const struct diagram_node *n = &d->nodes[i];
    json_t *row = row_of(d, i);
    int64_t here = screen_number(json_array_get(d->rows, (size_t)i), "here");
    const char *label = at(json_object_get(row, "shown"), d->of->label->index);
    int x = diagram_x(n), y = diagram_y(n);
    view_int(item, "n", i + 1);
    view_text(item, "label", label ? label : "");
    view_text(item, "short_label", short_line(s->r->arena, label ? label : ""));
    view_text(
        item, "href",
        screen_record_href(s, d->of->nodes.member, d->of->nodes.object, screen_text(row, "id")));
    facts_view(d, item, row);
    view_int(item, "here", here);
    view_bool(item, "has_here", here > 0);
    view_int(item, "x", x);
    view_int(item, "y", y);
    view_int(item, "middle", x + DIAGRAM_WIDTH / 2);
    view_int(item, "first_y", y + 21);
    view_int(item, "second_y", y + 39);
    view_int(item, "third_y", y + 56);
    view_int(item, "next", n->next + 1);
    view_bool(item, "has_next", n->next >= 0);
    view_int(item, "other", n->other + 1);
    view_bool(item, "has_other", n->other >= 0);
}

void screen_diagram_part(struct screen *s, struct view *v, int diagram) {
    struct drawing *d = NEW(s->r->arena, struct drawing);
    struct view *nodes = view_list(v, "nodes"), *arrows = view_list(v, "arrows");
    d->s = s;
    d->of = &s->stack->diagrams[diagram];
    d->rows = json_object_get(screen_json(s, s->diagram_question), "rows");
    size_t count = json_array_size(d->rows);
    d->count = count < DIAGRAM_NODES ? (int)count : DIAGRAM_NODES;
    view_bool(v, "is_diagram", true);
    view_bool(v, "has_nodes", d->count > 0);
    view_text(v, "nodes_title",
              s->dialects[d->of->nodes.member]->objects[d->of->nodes.object->index].plural);
    read_nodes(d);
    struct diagram_size size = diagram_layout(d->nodes, d->count);
    view_int(v, "svg_width", size.width);
    view_int(v, "svg_height", size.height);
    for (int i = 0; i < d->count; i++) {
        node_view(d, view_item(nodes), i);
        arrow(d, arrows, i, false);
        arrow(d, arrows, i, true);
    }
}

/* ---- Filters -------------------------------------------------------------------------------- */
static const char *operator_words(struct screen *s, const char *neutral, const char *shown) {
    for (int i = 0; neutral && i < LAB_FILTER_OPERATORS; i++)
        if (str_eq(lab_filter_operators[i].id, neutral))
            return lab_text(s->r, arena_printf(s->r->arena, "lab_operator_%s", neutral), NULL);
    return shown ? shown : "";
}

static void sentence(struct screen *s, const struct lab_filter *f, json_t *rows,
                     struct view *list) {
    const struct lab_object_name *names =
        &s->dialects[f->over.member]->objects[f->over.object->index];
    const char *group = NULL;
    json_t *row;
    size_t i;
    json_array_foreach (rows, i, row) {
        json_t *neutral = json_object_get(row, "neutral"), *shown = json_object_get(row, "shown");
        const char *now = at(neutral, f->group->index), *id = at(neutral, f->field->index);
        const struct lab_field *field = id ? lab_field_find(f->over.object, id) : NULL;
        struct view *item = view_item(list);
        view_text(item, "field",
                  field ? names->fields[field->index].title : at(shown, f->field->index));
        view_text(
            item, "operator",
            operator_words(s, at(neutral, f->operator->index), at(shown, f->operator->index)));
        view_text(item, "value", at(shown, f->value->index));
        view_text(item, "href",
                  screen_record_href(s, f->rows.member, f->rows.object, screen_text(row, "id")));
        view_bool(item, "first", i == 0);
        view_bool(item, "and", i > 0 && str_eq(now ? now : "", group ? group : ""));
        view_bool(item, "or", i > 0 && !str_eq(now ? now : "", group ? group : ""));
        group = now;
    }
}

void screen_filters_part(struct screen *s, struct view *v) {
    json_t *all = json_object_get(screen_json(s, s->filters_question), "filters"), *each;
    struct view *list = view_list(v, "filters");
    size_t i;
    json_array_foreach (all, i, each) {
        int64_t which = screen_number(each, "filter");
        if (which < 0 || which >= s->stack->filter_count) continue;
        const struct lab_filter *f = &s->stack->filters[which];
        json_t *rows = json_object_get(each, "rows");
        struct view *item = view_item(list);
        view_text(
            item, "title",
            s->dialects[f->rows.member]->objects[f->rows.object->index].fields[f->of->index].title);
        view_int(item, "passed", screen_number(each, "passed"));
        view_int(item, "of", screen_number(each, "of"));
        view_text(item, "plural",
                  s->dialects[f->over.member]->objects[f->over.object->index].plural);
        view_text(item, "fault", screen_text(each, "fault"));
        view_bool(item, "has_rows", json_array_size(rows) > 0);
        sentence(s, f, rows, view_list(item, "rows"));
        view_text(item, "add_href",
                  screen_href(s, arena_printf(s->r->arena, "?tab=%s&object=%s&add=1",
                                              s->stack->members[f->rows.member].connector->id,
                                              f->rows.object->id)));
    }
}
