/* Ordering: an ordered list in its right order. Canonical text: for each place the number of the
 * option that stands there, as the page numbers them, "[3,1,2]"; 0 is a place that is still empty.
 *
 * RULE order-whole: one point when all options stand in their places, else none.
 * RULE order-neighbours: with `scoring: neighbours`, of n options n - 1 parts of a point, one for
 * each option that directly follows the one before which it belongs. Where the run stands does
 * not count: with the right order A B C D, "B C D A" has two parts of three. */
#include "base/json.h"
#include "base/text.h"
#include "exam/exam_read.h"

#define LEAST 3 /* with two options one would guess right half of the time */

struct ordering {
    bool neighbours;
};

/* ---- What authors write -------------------------------------------------------------------- */

static cmark_node *find(struct exam_reader *r, cmark_node *heading, cmark_node *from,
                        cmark_node *until) {
    cmark_node *last = NULL;
    for (cmark_node *at = from; at && at != until; at = cmark_node_next(at))
        if (cmark_node_get_type(at) == CMARK_NODE_LIST &&
            cmark_node_get_list_type(at) == CMARK_ORDERED_LIST)
            last = at;
    if (!last)
        exam_report(r, heading, "item-options",
                    "%s has nothing to put in order: a list 1. 2. 3. in its right order",
                    r->item->id);
    return last;
}

static bool read_scoring(struct exam_reader *r) {
    struct field *field = field_get(r->block, "scoring");
    const char *said = field ? field_scalar(field) : "whole";
    if (said && (str_eq(said, "whole") || str_eq(said, "neighbours")))
        return str_eq(said, "neighbours");
    exam_report_field(r, field, "item-scoring",
                      "an order is scored as “whole” (all or nothing) or by “neighbours”");
    return false;
}

static void parse(struct exam_reader *r, cmark_node *heading, cmark_node *list, const char *stem) {
    struct exam_item *item = r->item;
    (void)heading;
    (void)stem;
    struct ordering *own = NEW(r->out, struct ordering);
    own->neighbours = read_scoring(r);
    item->own = own;
    if (doc_is_task_list(list))
        exam_report(r, list, "item-options",
                    "the entries of %s are put in order: none of them is ticked", item->id);
    exam_read_options(r, list, LEAST, false);
    cmark_node *after = cmark_node_next(list);
    if (after && cmark_node_get_type(after) == CMARK_NODE_BLOCK_QUOTE)
        item->rationale = exam_read_reason(r, after);
    bool reasons = item->rationale != NULL;
    for (int i = 0; i < item->option_count; i++) reasons |= item->options[i].rationale != NULL;
    if (!reasons)
        diag_add(r->diags, SEVERITY_WARNING, r->doc->file, doc_line(r->doc, list),
                 doc_column(r->doc, list), "item-rationale",
                 "the order of %s has no rationale: put a quote under the list that says why",
                 item->id);
}

/* ---- What candidates answer ---------------------------------------------------------------- */

static const char *refuse(const char **why, const char *key) {
    *why = key;
    return NULL;
}

/* Numbers from 0 to `options`; each but 0 once. */
static bool read_list(const json_t *list, int options, int *out, const char **why) {
    unsigned seen = 0;
    if ((int)json_array_size(list) != options) return refuse(why, "exam_order_shape");
    for (int i = 0; i < options; i++) {
        const json_t *v = json_array_get(list, (size_t)i);
        json_int_t n = json_is_integer(v) ? json_integer_value(v) : -1;
        if (n < 0 || n > options) return refuse(why, "exam_response_no_option");
        if (n && seen & 1u << n) return refuse(why, "exam_order_twice");
        seen |= 1u << n;
        out[i] = (int)n;
    }
    return true;
}

/* {"places": [2,3,1]} says of each option where it stands, as forms do. */
static const char *canonical(const json_t *value, int options, struct arena *a, const char **why) {
    const json_t *places = json_object_get(value, "places"), *list = places ? places : value;
    int given[EXAM_OPTIONS] = {0}, at[EXAM_OPTIONS] = {0}, any = 0;
    if (json_is_null(value) || (json_is_array(list) && json_array_size(list) == 0))
        return EXAM_NO_ANSWER;
    if (!json_is_array(list)) return refuse(why, "exam_order_shape");
    if (!read_list(list, options, given, why)) return NULL;
    for (int i = 0; i < options; i++) {
        if (!places) at[i] = given[i];
        else if (given[i]) at[given[i] - 1] = i + 1;
        any |= given[i];
    }
    return any ? exam_numbers_text(at, options, a) : EXAM_NO_ANSWER;
}

static json_t *from_form(const char *const *values, size_t count, struct arena *a) {
    json_t *places = json_array(), *object = json_adopt(a, json_object());
    for (size_t i = 0; i < count && i <= EXAM_OPTIONS; i++) {
        int64_t n = 0;
        if (*values[i] && !parse_i64(values[i], 1, EXAM_OPTIONS, &n)) n = -1;
        json_array_append_new(places, json_integer(n));
    }
    json_object_set_new(object, "places", places);
    return object;
}

/* ---- Scoring ------------------------------------------------------------------------------- */

static int surplus(const struct exam_ask *ask) {
    int numbers[EXAM_OPTIONS], count = exam_numbers_read(ask->response, numbers, EXAM_OPTIONS);
    for (int i = 0; i < count; i++)
        if (!numbers[i]) return -1;
    return 0;
}

/* The options by place as the author numbered them, from 0; -1 = empty. */
static void by_place(const struct exam_ask *ask, int out[EXAM_OPTIONS]) {
    int shown[EXAM_OPTIONS] = {0}, n = ask->slot->option_count;
    (void)exam_numbers_read(ask->response, shown, EXAM_OPTIONS);
    for (int i = 0; i < n; i++)
        out[i] = shown[i] >= 1 && shown[i] <= n ? ask->slot->order[shown[i] - 1] : -1;
}

static int points(const struct exam_ask *ask, int *max) {
    const struct ordering *own = ask->item->own;
    int at[EXAM_OPTIONS], n = ask->slot->option_count, right = 0;
    *max = own->neighbours ? n - 1 : 1;
    if (!exam_answered(ask->response)) return 0;
    by_place(ask, at);
    if (own->neighbours) {
        for (int i = 0; i + 1 < n; i++) right += at[i] >= 0 && at[i + 1] == at[i] + 1;
        return right;
    }
    for (int i = 0; i < n; i++) right += at[i] == i;
    return right == n;
}

/* ---- What is shown ------------------------------------------------------------------------- */

/* The place of each shown option, from 1; what has none stays as it is. */
static void places_of(const char *response, int options, int out[EXAM_OPTIONS]) {
    int shown[EXAM_OPTIONS] = {0};
    (void)exam_numbers_read(response, shown, EXAM_OPTIONS);
    for (int i = 0; i < options; i++)
        if (shown[i] >= 1 && shown[i] <= options) out[shown[i] - 1] = i + 1;
}

static void view(struct view *v, const struct exam_ask *ask, struct arena *a) {
    (void)a;
    struct view *options = view_list(v, "options");
    int place[EXAM_OPTIONS] = {0}, n = ask->slot->option_count;
    places_of(ask->response, n, place);
    for (int i = 0; i < n && (size_t)i < ask->given_count; i++) {
        int64_t k;
        place[i] = parse_i64(ask->given[i], 1, n, &k) ? (int)k : 0;
    }
    for (int i = 0; i < n; i++) {
        struct view *o = view_item(options), *places = view_list(o, "places");
        char letter[2] = {(char)('A' + i), '\0'};
        view_int(o, "value", i + 1);
        view_text(o, "letter", letter);
        view_html(o, "option", ask->item->options[ask->slot->order[i]].html);
        for (int k = 1; k <= n; k++) {
            struct view *p = view_item(places);
            view_int(p, "place", k);
            view_bool(p, "here", place[i] == k);
        }
    }
    view_int(v, "option_count", n);
    view_bool(v, "by_neighbours", ((const struct ordering *)ask->item->own)->neighbours);
}

static void view_key(struct view *v, const struct exam_ask *ask, struct arena *a) {
    (void)a;
    struct view *options = view_list(v, "options");
    int at[EXAM_OPTIONS], n = ask->slot->option_count;
    by_place(ask, at);
    for (int i = 0; i < n; i++) { /* as written: the right order */
        struct view *o = view_item(options);
        view_int(o, "right_place", i + 1);
        view_html(o, "option", ask->item->options[i].html);
        view_html(o, "rationale", ask->item->options[i].rationale);
        for (int k = 0; k < n; k++)
            if (at[k] == i) {
                view_int(o, "place", k + 1);
                view_bool(o, "is_placed", true);
                view_bool(o, "is_here", k == i);
            }
    }
    view_html(v, "why", ask->item->rationale);
    view_bool(v, "by_neighbours", ((const struct ordering *)ask->item->own)->neighbours);
}

/* ---- Demo answers -------------------------------------------------------------------------- */

enum { STREAM_SWAP = (1u << 20) + 3 };

/* The usual mistake: two neighbours have changed places. */
static json_t *demo_answer(const struct exam_ask *ask, bool right, uint64_t seed, uint64_t n,
                           struct arena *a) {
    int count = ask->slot->option_count, at[EXAM_OPTIONS];
    for (int i = 0; i < count; i++) at[ask->slot->order[i]] = i + 1;
    if (!right) {
        uint32_t k = exam_chance_below(seed, STREAM_SWAP, &n, (uint32_t)count - 1);
        int moved = at[k];
        at[k] = at[k + 1];
        at[k + 1] = moved;
    }
    json_t *list = json_adopt(a, json_array());
    for (int i = 0; i < count; i++) json_array_append_new(list, json_integer(at[i]));
    return list;
}

static const char *const fields[] = {"scoring", NULL};

const struct exam_type exam_type_ordering = {.name = "ordering",
                                             .face = "ordering",
                                             .letter = 'o',
                                             .shuffled = true,
                                             .fields = fields,
                                             .find = find,
                                             .parse = parse,
                                             .canonical = canonical,
                                             .from_form = from_form,
                                             .points = points,
                                             .view = view,
                                             .view_key = view_key,
                                             .surplus = surplus,
                                             .say = exam_letters_say,
                                             .demo_answer = demo_answer};
