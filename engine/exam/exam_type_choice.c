/* Single and multiple choice: a task list, in which [x] marks the keys. Canonical text: the numbers
 * of the chosen options as the page shows them, ascending, "[1,3]".
 *
 * RULE choice-all: one point when exactly the keys are chosen, else none. */
#include "base/json.h"
#include "base/text.h"
#include "exam/exam_read.h"

/* ---- What authors write -------------------------------------------------------------------- */

static void check_count(struct exam_reader *r, cmark_node *heading, const char *stem) {
    struct exam_item *item = r->item;
    int asked = doc_choose_count(stem);
    if (item->key_count == 0) return;
    if (asked && asked != item->key_count)
        exam_report(r, heading, "choose-count",
                    "the stem of %s says to choose %d, and %d option%s marked as key", item->id,
                    asked, item->key_count, item->key_count == 1 ? " is" : "s are");
    else if (!asked && item->key_count > 1)
        exam_report(
            r, heading, "choose-count",
            "%s has %d keys: end its stem with how many to choose, for instance “Choose two.”",
            item->id, item->key_count);
}

static void parse(struct exam_reader *r, cmark_node *heading, cmark_node *list, const char *stem) {
    struct exam_item *item = r->item;
    exam_read_options(r, list, 2, true);
    if (item->key_count == 0)
        exam_report(r, list, "item-key", "%s has no key: mark what is right with [x]", item->id);
    else if (item->key_count == item->option_count)
        exam_report(r, list, "item-key",
                    "every option of %s is marked as a key: there is nothing to choose", item->id);
    check_count(r, heading, stem);
    struct field *said = field_get(r->block, "type");
    const struct exam_type *is = item->key_count > 1 ? &exam_type_multiple : &exam_type_single;
    if (said && is != item->type)
        exam_report_field(r, said, "item-type", "%s is said to be %s choice, and has %d key%s",
                          item->id, item->type->name, item->key_count,
                          item->key_count == 1 ? "" : "s");
    item->type = is;
}

/* ---- What candidates answer ---------------------------------------------------------------- */

static bool add_choice(const json_t *v, int options, unsigned *bits, const char **why) {
    json_int_t n = json_is_integer(v) ? json_integer_value(v) : 0;
    if (n < 1 || n > options) {
        *why = "exam_response_no_option";
        return false;
    }
    if (*bits & 1u << (n - 1)) {
        *why = "exam_response_twice";
        return false;
    }
    *bits |= 1u << (n - 1);
    return true;
}

static const char *canonical_text(unsigned bits, struct arena *a) {
    int numbers[EXAM_OPTIONS], n = 0;
    for (int i = 0; i < EXAM_OPTIONS; i++)
        if (bits & 1u << i) numbers[n++] = i + 1;
    return exam_numbers_text(numbers, n, a);
}

static const char *canonical(const json_t *value, int options, bool several, struct arena *a,
                             const char **why) {
    unsigned bits = 0;
    if (json_is_array(value)) {
        if (json_array_size(value) > (size_t)options) {
            *why = "exam_response_too_many";
            return NULL;
        }
        for (size_t i = 0; i < json_array_size(value); i++)
            if (!add_choice(json_array_get(value, i), options, &bits, why)) return NULL;
        if (!several && json_array_size(value) > 1) {
            *why = "exam_response_one";
            return NULL;
        }
    } else if (json_is_integer(value)) {
        if (!add_choice(value, options, &bits, why)) return NULL;
    } else if (!json_is_null(value)) {
        *why = "exam_response_shape";
        return NULL;
    }
    return canonical_text(bits, a);
}

static const char *canonical_single(const json_t *value, int options, struct arena *a,
                                    const char **why) {
    return canonical(value, options, false, a, why);
}

static const char *canonical_multiple(const json_t *value, int options, struct arena *a,
                                      const char **why) {
    return canonical(value, options, true, a, why);
}

static json_t *from_form(const char *const *values, size_t count, struct arena *a) {
    json_t *list = json_adopt(a, json_array());
    for (size_t i = 0; i < count && i <= EXAM_OPTIONS; i++) {
        int64_t n;
        json_array_append_new(list,
                              json_integer(parse_i64(values[i], 1, EXAM_OPTIONS, &n) ? n : 0));
    }
    return list;
}

/* ---- Scoring ------------------------------------------------------------------------------- */

/* Which options are chosen: bit i is the option that the page shows as number i + 1. */
static unsigned chosen(const char *response) {
    int numbers[EXAM_OPTIONS], count = exam_numbers_read(response, numbers, EXAM_OPTIONS);
    unsigned bits = 0;
    for (int i = 0; i < count; i++)
        if (numbers[i] >= 1 && numbers[i] <= EXAM_OPTIONS) bits |= 1u << (numbers[i] - 1);
    return bits;
}

/* The keys as the form shows them. */
static unsigned keys(const struct exam_ask *ask) {
    unsigned bits = 0;
    for (int i = 0; i < ask->slot->option_count; i++)
        if (ask->item->options[ask->slot->order[i]].key) bits |= 1u << i;
    return bits;
}

static int chosen_count(const struct exam_ask *ask) {
    int numbers[EXAM_OPTIONS];
    return exam_numbers_read(ask->response, numbers, EXAM_OPTIONS);
}

static int surplus(const struct exam_ask *ask) { return chosen_count(ask) - ask->item->key_count; }

static int points(const struct exam_ask *ask, int *max) {
    unsigned shown = (1u << ask->slot->option_count) - 1, given = chosen(ask->response) & shown;
    *max = 1;
    return given && given == keys(ask);
}

/* ---- What is shown ------------------------------------------------------------------------- */

static void view(struct view *v, const struct exam_ask *ask, struct arena *a) {
    (void)a;
    struct view *options = view_list(v, "options");
    unsigned given = chosen(ask->response);
    for (int i = 0; i < ask->slot->option_count; i++) {
        struct view *o = view_item(options);
        char letter[2] = {(char)('A' + i), '\0'};
        view_int(o, "value", i + 1);
        view_text(o, "letter", letter);
        view_html(o, "option", ask->item->options[ask->slot->order[i]].html);
        view_bool(o, "is_chosen", given & 1u << i);
    }
    view_bool(v, "is_multiple", ask->slot->type == &exam_type_multiple);
    /* The number of keys may be shown, since the stem says it. */
    view_int(v, "choose", ask->item->key_count);
    view_int(v, "chosen", chosen_count(ask));
    view_bool(v, "is_over", surplus(ask) > 0);
    view_bool(v, "stem_says", doc_choose_count(ask->item->stem) == ask->item->key_count);
}

static void view_key(struct view *v, const struct exam_ask *ask, struct arena *a) {
    (void)a;
    struct view *options = view_list(v, "options");
    unsigned given = chosen(ask->response);
    for (int i = 0; i < ask->slot->option_count; i++) {
        const struct exam_option *option = &ask->item->options[ask->slot->order[i]];
        struct view *o = view_item(options);
        view_html(o, "option", option->html);
        view_html(o, "rationale", option->rationale);
        view_bool(o, "is_key", option->key);
        view_bool(o, "is_chosen", given & 1u << i);
    }
}

/* ---- Demo answers -------------------------------------------------------------------------- */

enum { STREAM_WRONG = (1u << 20) + 1 };

static json_t *demo_answer(const struct exam_ask *ask, bool right, uint64_t seed, uint64_t n,
                           struct arena *a) {
    unsigned bits = keys(ask);
    if (!right) {
        int options = ask->slot->option_count;
        int wrong = (int)exam_chance_below(seed, STREAM_WRONG, &n, (uint32_t)options);
        while (bits & 1u << wrong) wrong = (wrong + 1) % options;
        /* The usual mistake: one right, one wrong. */
        unsigned one = ask->slot->type == &exam_type_multiple ? bits & -bits : 0;
        bits = one | 1u << wrong;
    }
    json_t *list = json_adopt(a, json_array());
    for (int k = 0; k < ask->slot->option_count; k++)
        if (bits & 1u << k) json_array_append_new(list, json_integer(k + 1));
    return list;
}

#define CHOICE                                                                                     \
    .face = "choice", .shuffled = true, .find = exam_find_tasks, .parse = parse,                   \
    .from_form = from_form, .points = points, .view = view, .view_key = view_key,                  \
    .say = exam_letters_say, .demo_answer = demo_answer

const struct exam_type exam_type_single = {
    .name = "single", .letter = 's', .canonical = canonical_single, CHOICE};
const struct exam_type exam_type_multiple = {
    .name = "multiple", .letter = 'm', .canonical = canonical_multiple, .surplus = surplus, CHOICE};
