/* Numeric: the candidate writes a number. A task list says what is right, `- [x] 12.5 ± 0.5 km`,
 * and what usual mistakes lead to, `- [ ] 125 km`; each with its reasons. Canonical text: the
 * number as JSON text with a point, "\"12.5\"", see exam_decimal.h.
 *
 * RULE number-tolerance: one point when the number is between key - tolerance and key + tolerance,
 * both included, exactly; else none. */
#include <string.h>

#include "base/json.h"
#include "base/text.h"
#include "exam/exam_decimal.h"
#include "exam/exam_read.h"

#define UNIT_LIMIT 24      /* bytes */
#define RESPONSE_LIMIT 200 /* bytes of what is sent */

struct range {
    struct exam_decimal low, high;
};
struct numeric {
    struct range ranges[EXAM_OPTIONS]; /* of the item's options */
    const char *unit;                  /* "" = none */
};

static bool within(const struct range *r, const struct exam_decimal *n) {
    return exam_decimal_compare(n, &r->low) >= 0 && exam_decimal_compare(n, &r->high) <= 0;
}

static bool overlap(const struct range *a, const struct range *b) {
    return exam_decimal_compare(&a->low, &b->high) <= 0 &&
           exam_decimal_compare(&b->low, &a->high) <= 0;
}

/* ---- What authors write -------------------------------------------------------------------- */

static const char *after_blanks(const char *p) { return p + strspn(p, " \t\r\n"); }

/* "NUMBER", "NUMBER ± NUMBER", with a unit behind; a sentence when it is neither. */
static const char *read_range(struct arena *a, const char *text, struct range *out,
                              const char **unit) {
    static const char *const signs[] = {"±", "+/-", "+-"};
    static const char two_ways[] =
        "“%s” can be read as thousands or as a decimal: write 1234 or 1.234";
    struct exam_decimal key, tolerance = {.whole = "0"};
    const char *why = "", *at = exam_decimal_scan(text, &key, &why);
    if (!at)
        return arena_printf(a,
                            str_eq(why, "exam_number_two_ways")
                                ? two_ways
                                : "“%s” does not begin with a number, for instance 12.5 ± 0.5 km",
                            text);
    at = after_blanks(at);
    for (size_t i = 0; i < COUNT_OF(signs); i++) {
        if (!str_has_prefix(at, signs[i])) continue;
        const char *behind = at + strlen(signs[i]);
        at = exam_decimal_scan(behind, &tolerance, &why);
        if (!at)
            return arena_printf(
                a, "behind “%s” of “%s” stands the tolerance, a number that can be read in one way",
                signs[i], text);
        if (tolerance.negative) return arena_printf(a, "the tolerance of “%s” is below 0", text);
        at = after_blanks(at);
        break;
    }
    if (!exam_decimal_add(&key, &tolerance, true, &out->low) ||
        !exam_decimal_add(&key, &tolerance, false, &out->high))
        return arena_printf(
            a, "“%s” has more than 12 digits before or 6 digits behind its decimal sign", text);
    *unit = str_trim(a, at);
    return strlen(*unit) > UNIT_LIMIT
               ? arena_printf(a, "the unit “%s” is longer than %d bytes", *unit, UNIT_LIMIT)
               : NULL;
}

static cmark_node *entry_at(cmark_node *list, int i) {
    cmark_node *n = cmark_node_first_child(list);
    while (n && i-- > 0) n = cmark_node_next(n);
    return n;
}

/* One entry; what it says is compared with those before it. */
static void read_entry(struct exam_reader *r, cmark_node *list, struct numeric *own, int i) {
    const struct exam_item *item = r->item;
    cmark_node *at = entry_at(list, i);
    const char *unit = "",
               *wrong = read_range(r->doc->arena, str_trim(r->doc->arena, item->options[i].text),
                                   &own->ranges[i], &unit);
    if (wrong) {
        exam_report(r, at, "item-number", "%s: %s", item->id, wrong);
        return;
    }
    if (!own->unit) own->unit = arena_dup(r->out, unit);
    else if (!str_eq(own->unit, unit))
        exam_report(r, at, "item-number", "the unit of %s is “%s” here and “%s” before", item->id,
                    unit, own->unit);
    for (int k = 0; k < i; k++)
        if (*own->ranges[k].low.whole && overlap(&own->ranges[k], &own->ranges[i]))
            exam_report(r, at, "item-options",
                        "answers %d and %d of %s overlap: a number would be both", k + 1, i + 1,
                        item->id);
}

static void parse(struct exam_reader *r, cmark_node *heading, cmark_node *list, const char *stem) {
    struct exam_item *item = r->item;
    struct numeric *own = NEW(r->out, struct numeric);
    (void)heading;
    (void)stem;
    item->own = own;
    exam_read_options(r, list, 1, true);
    if (item->key_count != 1)
        exam_report(r, list, "item-key", "%s has %d keys: mark the one right number with [x]",
                    item->id, item->key_count);
    for (int i = 0; i < item->option_count; i++) read_entry(r, list, own, i);
    if (!own->unit) own->unit = "";
}

/* ---- What candidates answer ---------------------------------------------------------------- */

static const char *canonical(const json_t *value, int options, struct arena *a, const char **why) {
    struct exam_decimal d;
    const char *text = json_string_value(value);
    (void)options;
    if (json_is_null(value) || (json_is_array(value) && json_array_size(value) == 0))
        return EXAM_NO_ANSWER;
    /* JSON numbers are taken as they stand when they are whole: what a reader of JSON makes of
     * others is not what was written. */
    if (json_is_integer(value))
        text = arena_printf(a, "%lld", (long long)json_integer_value(value));
    if (!text) {
        *why = "exam_number_shape";
        return NULL;
    }
    if (!*str_trim(a, text)) return EXAM_NO_ANSWER;
    if (strlen(text) > RESPONSE_LIMIT) {
        *why = "exam_number_long";
        return NULL;
    }
    if (!exam_decimal_read(text, &d, why)) return NULL;
    return arena_printf(a, "\"%s\"", exam_decimal_text(&d, a));
}

static json_t *from_form(const char *const *values, size_t count, struct arena *a) {
    return json_adopt(a, count ? json_string(values[0]) : json_null());
}

/* ---- Scoring ------------------------------------------------------------------------------- */

/* The number without its quotes; "" for no answer. */
static const char *say(const char *response, struct arena *a) {
    if (*response != '"') return "";
    return arena_printf(a, "%.*s", (int)strcspn(response + 1, "\""), response + 1);
}

/* The option in whose range the answer is, -1 = none. */
static int option_of(const struct exam_ask *ask) {
    const struct numeric *own = ask->item->own;
    struct exam_decimal n;
    const char *why;
    if (*ask->response != '"' || !exam_decimal_scan(ask->response + 1, &n, &why)) return -1;
    for (int i = 0; i < ask->item->option_count; i++)
        if (within(&own->ranges[i], &n)) return i;
    return -1;
}

static int points(const struct exam_ask *ask, int *max) {
    int option = option_of(ask);
    *max = 1;
    return option >= 0 && ask->item->options[option].key;
}

/* ---- What is shown ------------------------------------------------------------------------- */

static void view(struct view *v, const struct exam_ask *ask, struct arena *a) {
    const struct numeric *own = ask->item->own;
    view_text(v, "number", *ask->response == '"' ? say(ask->response, a) : NULL);
    view_text(v, "field", ask->given_count ? ask->given[0] : say(ask->response, a));
    view_text(v, "unit", *own->unit ? own->unit : NULL);
}

static void view_key(struct view *v, const struct exam_ask *ask, struct arena *a) {
    struct view *options = view_list(v, "options");
    int given = option_of(ask);
    view(v, ask, a);
    for (int i = 0; i < ask->item->option_count; i++) {
        const struct exam_option *option = &ask->item->options[i];
        if (!option->key && i != given) continue; /* a mistake that this candidate did not make */
        struct view *o = view_item(options);
        view_html(o, "option", option->html);
        view_html(o, "rationale", option->rationale);
        view_bool(o, "is_key", option->key);
        view_bool(o, "is_chosen", i == given);
    }
}

/* ---- Demo answers -------------------------------------------------------------------------- */

enum { STREAM_MISTAKE = (1u << 20) + 4 };

/* A mistake of the list when there is one, else far beside the key. */
static json_t *demo_answer(const struct exam_ask *ask, bool right, uint64_t seed, uint64_t n,
                           struct arena *a) {
    const struct exam_item *item = ask->item;
    const struct numeric *own = item->own;
    int key = 0;
    while (key + 1 < item->option_count && !item->options[key].key) key++;
    int of = key;
    if (!right && item->option_count > 1) {
        of = (int)exam_chance_below(seed, STREAM_MISTAKE, &n, (uint32_t)item->option_count - 1);
        of += of >= key;
    }
    struct exam_decimal d = own->ranges[of].high, one = {.whole = "1"};
    if (!right && of == key && !exam_decimal_add(&own->ranges[of].high, &one, false, &d))
        d.negative = !d.negative;
    return json_adopt(a, json_string(exam_decimal_text(&d, a)));
}

const struct exam_type exam_type_numeric = {.name = "numeric",
                                            .face = "numeric",
                                            .letter = 'n',
                                            .find = exam_find_tasks,
                                            .parse = parse,
                                            .canonical = canonical,
                                            .from_form = from_form,
                                            .points = points,
                                            .view = view,
                                            .view_key = view_key,
                                            .say = say,
                                            .demo_answer = demo_answer};
