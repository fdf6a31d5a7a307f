/* What a run's checks say: the question to a worker, and its answer in words and points. */
#include <string.h>

#include "base/json.h"
#include "base/text.h"
#include "labmodel/lab_scenario.h"
#include "labmodel/lab_words.h"

char *lab_checks_question(const struct lab_scenario *s, struct arena *a) {
    struct buf b;
    buf_init(&b, a);
    buf_puts(&b, "{\"view\":\"checks\",\"checks\":[");
    for (int i = 0; i < s->check_count; i++) {
        buf_puts(&b, i ? ",{\"id\":" : "{\"id\":");
        buf_json(&b, s->checks[i].id);
        buf_puts(&b, ",\"sql\":");
        buf_json(&b, s->checks[i].sql);
        buf_putc(&b, '}');
    }
    buf_puts(&b, "]}");
    return arena_dup(a, buf_text(&b));
}

/* ---- Sentences ------------------------------------------------------------------------------- */
struct filling {
    const struct lab_scenario *s;
    const struct lab_dialect *const *dialects;
    json_t *columns, *row;
    struct arena *a;
};

static json_t *cell_of(const struct filling *x, const char *name) {
    json_t *each;
    size_t i;
    json_array_foreach (x->columns, i, each)
        if (str_eq(json_string_value(each), name)) return json_array_get(x->row, i);
    return NULL;
}

/* "{mapped} of ten": the columns of the check's row by their names; then the words of the dialects,
 * which a query may name, too. */
static const char *fill(const struct filling *x, const char *sentence) {
    struct buf b;
    buf_init(&b, x->a);
    for (const char *p = sentence; *p;) {
        const char *end = *p == '{' ? strchr(p, '}') : NULL;
        json_t *cell = end ? cell_of(x, arena_copy(x->a, p + 1, (size_t)(end - p - 1))) : NULL;
        if (json_is_string(cell)) buf_puts(&b, json_string_value(cell));
        else if (json_is_integer(cell)) buf_printf(&b, "%lld", (long long)json_integer_value(cell));
        if (cell) p = end + 1;
        else buf_putc(&b, *p++);
    }
    return lab_words(&x->s->stack, x->dialects, buf_text(&b), false, x->a);
}

/* ---- Points --------------------------------------------------------------------------------- */
/* A column, or a number. */
static bool share(const struct filling *x, const char *name, int64_t *out) {
    json_t *cell = cell_of(x, name);
    if (json_is_integer(cell)) *out = json_integer_value(cell);
    return json_is_integer(cell) || parse_i64(name, 1, 1000000, out);
}

/* RULE lab-partial: of a check that is not passed, points in proportion to what was reached,
 * rounded down. */
static bool points(const struct filling *x, struct lab_verdict *v) {
    const struct lab_check *c = v->check;
    int64_t part = 0, whole = 0;
    if (v->passed) v->points = c->points;
    if (v->passed || !c->partial) return true;
    if (!share(x, c->partial, &part) || !share(x, c->partial_of, &whole)) return false;
    if (part > whole) part = whole;
    if (part > 0 && part <= INT32_MAX) v->points = (int)(part * c->points / whole);
    return true;
}

int lab_points_after_hints(const struct lab_check *c, int points, int hints) {
    int left = points - hints * c->hint_points;
    return left > 0 ? left : 0;
}

int lab_verdicts_read(const struct lab_scenario *s, const struct lab_dialect *const *dialects,
                      const char *answer, size_t len, struct lab_verdict *verdicts,
                      struct arena *a) {
    const char *why;
    json_t *results = json_object_get(json_read(a, answer, len, &why), "results");
    int passed = 0;
    for (int i = 0; i < s->check_count; i++) {
        json_t *each = json_array_get(results, (size_t)i),
               *result = json_object_get(each, "result");
        struct filling x = {.s = s,
                            .dialects = dialects,
                            .columns = json_object_get(result, "columns"),
                            .row = json_array_get(json_object_get(result, "rows"), 0),
                            .a = a};
        struct lab_verdict *v = &verdicts[i];
        *v = (struct lab_verdict){.check = &s->checks[i],
                                  .error = json_string_value(json_object_get(each, "error"))};
        bool shaped = x.row && str_eq(json_string_value(json_array_get(x.columns, 0)), "ok");
        if (!v->error && !shaped)
            v->error = "The check's query must give one row whose first column is called ok.";
        v->passed = !v->error && json_integer_value(json_array_get(x.row, 0)) == 1;
        if (!v->error && !points(&x, v))
            v->error = "The columns that partial names must be there, and hold whole numbers.";
        v->sentence = v->error ? "This check could not be evaluated. It costs you nothing; please "
                                 "tell your instructor."
                               : fill(&x, v->passed ? v->check->pass : v->check->fail);
        passed += v->passed;
    }
    return passed;
}

/* RULE lab-not-evaluated: a check that cannot be evaluated takes no points from those that can be
 * reached, and is not failed; but nobody passes a run by it. */
int lab_points_reachable(const struct lab_verdict *verdicts, int count) {
    int out = 0;
    for (int i = 0; i < count; i++)
        if (!verdicts[i].error) out += verdicts[i].check->points;
    return out;
}

int lab_verdicts_write(const struct lab_verdict *verdicts, int count, const int *hints,
                       struct buf *out) {
    int sum = 0;
    buf_putc(out, '[');
    for (int i = 0; i < count; i++) {
        const struct lab_verdict *v = &verdicts[i];
        int reached = lab_points_after_hints(v->check, v->points, hints ? hints[i] : 0);
        buf_puts(out, i ? ",{\"id\":" : "{\"id\":");
        buf_json(out, v->check->id);
        buf_printf(out,
                   ",\"passed\":%s,\"points\":%d,%s\"sentence\":", v->passed ? "true" : "false",
                   reached, v->error ? "\"not_evaluated\":true," : "");
        buf_json(out, v->sentence);
        buf_putc(out, '}');
        sum += reached;
    }
    buf_putc(out, ']');
    return sum;
}
