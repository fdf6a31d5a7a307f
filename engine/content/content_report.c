/* Diagnostics as text, JSON and SARIF. Pure. */
#include <stdlib.h>
#include <string.h>

#include "base/codec.h"
#include "base/text.h"
#include "content/content.h"

static int by_place(const void *a, const void *b) {
    const struct diag *x = *(const struct diag *const *)a, *y = *(const struct diag *const *)b;
    int order = strcmp(x->file, y->file);
    if (order == 0) order = (x->line > y->line) - (x->line < y->line);
    if (order == 0) order = (x->column > y->column) - (x->column < y->column);
    if (order == 0) order = strcmp(x->rule, y->rule);
    return order ? order : strcmp(x->message, y->message);
}

static const struct diag **sorted(const struct diag_list *l, struct arena *a, size_t *count) {
    size_t n = 0;
    for (const struct diag *d = l->first; d; d = d->next) n++;
    const struct diag **all = NEW_ARRAY(a, const struct diag *, n + 1);
    n = 0;
    for (const struct diag *d = l->first; d; d = d->next) all[n++] = d;
    qsort(all, n, sizeof *all, by_place);
    *count = n;
    return all;
}

#define EACH 50 /* of one rule in one file; whoever reads them knows what to look for */

struct totals {
    int errors, warnings;
};

/* Of one file: how many findings of a rule there were. */
struct tally {
    const char *rule;
    size_t count;
    struct diag *rest; /* stands for those that are not listed */
};

static struct tally *tally_of(struct tally *all, size_t *count, const char *rule) {
    for (size_t i = 0; i < *count; i++)
        if (str_eq(all[i].rule, rule)) return &all[i];
    all[*count] = (struct tally){.rule = rule};
    return &all[(*count)++];
}

/* RULE report-once: what is equal in all is told once, and of many alike in a file the first ones.
 */
static size_t condense(const struct diag **all, size_t count, struct arena *a,
                       struct totals *totals) {
    struct tally *tallies = NULL;
    size_t tally_count = 0, room = 0, kept = 0;
    const struct diag *last = NULL;
    for (size_t i = 0; i < count; i++) {
        const struct diag *d = all[i];
        if (last && by_place(&last, &d) == 0) continue;
        if (!last || !str_eq(last->file, d->file)) tally_count = 0;
        last = d;
        *(d->severity == SEVERITY_ERROR ? &totals->errors : &totals->warnings) += 1;
        if (tally_count == room) {
            struct tally *more = NEW_ARRAY(a, struct tally, room = room * 2 + 16);
            if (tally_count) memcpy(more, tallies, tally_count * sizeof *more);
            tallies = more;
        }
        struct tally *t = tally_of(tallies, &tally_count, d->rule);
        if (++t->count <= EACH) {
            all[kept++] = d;
            continue;
        }
        if (!t->rest) {
            t->rest = NEW(a, struct diag);
            *t->rest = *d;
            all[kept++] = t->rest;
        }
        t->rest->hides = t->rest->hides || d->hides;
        if (t->count > EACH + 1) /* one more is told as itself */
            t->rest->message = arena_printf(
                a, "and %zu more like those before, from here on in this file", t->count - EACH);
    }
    return kept;
}

static const char *severity_name(const struct diag *d) {
    return d->severity == SEVERITY_ERROR ? "error" : "warning";
}

/* RULE exam-kept: an exam that is open stays as it was, and its author has to know it. */
static const char *hides(const struct diag *d) {
    if (!d->hides) return "";
    return str_has_prefix(d->file, "exams/") ? "; the file is not used: learners keep the last "
                                               "version without errors, where there is one"
                                             : "; the file is not shown";
}

static void report_text(const struct diag **all, size_t count, const struct totals *l,
                        struct buf *out) {
    for (size_t i = 0; i < count; i++) {
        const struct diag *d = all[i];
        buf_printf(out, "%s: %s: %s%s [%s]\n", diag_place(out->arena, d), severity_name(d),
                   d->message, hides(d), d->rule);
    }
    buf_printf(out, "%d error%s, %d warning%s\n", l->errors, l->errors == 1 ? "" : "s", l->warnings,
               l->warnings == 1 ? "" : "s");
}

static void report_json(const struct diag **all, size_t count, const struct totals *l,
                        struct buf *out) {
    buf_puts(out, "{\n  \"problems\": [");
    for (size_t i = 0; i < count; i++) {
        const struct diag *d = all[i];
        buf_printf(out, "%s\n    {\"file\": ", i ? "," : "");
        buf_json(out, d->file);
        buf_printf(out, ", \"line\": %d, \"column\": %d, \"severity\": \"%s\", \"rule\": ", d->line,
                   d->column, severity_name(d));
        buf_json(out, d->rule);
        buf_puts(out, ", \"message\": ");
        buf_json(out, d->message);
        buf_printf(out, ", \"hides\": %s}", d->hides ? "true" : "false");
    }
    buf_printf(out, "%s],\n  \"errors\": %d,\n  \"warnings\": %d\n}\n", count ? "\n  " : "",
               l->errors, l->warnings);
}

/* ---- SARIF (Static Analysis Results Interchange Format 2.1.0, OASIS)
 * ------------------------------------------ */

/* A path as a relative URI reference (RFC 3986). */
static void put_uri(struct buf *out, const char *path) {
    buf_printf(out, "\"%s\"", percent_encode(out->arena, path, "/"));
}

static size_t rule_index(const char **rules, size_t *count, const char *rule) {
    for (size_t i = 0; i < *count; i++)
        if (str_eq(rules[i], rule)) return i;
    rules[*count] = rule;
    return (*count)++;
}

static void sarif_result(const struct diag *d, size_t rule, struct buf *out) {
    buf_puts(out, "        {\"ruleId\": ");
    buf_json(out, d->rule);
    buf_printf(out, ", \"ruleIndex\": %zu, \"level\": \"%s\", \"message\": {\"text\": ", rule,
               severity_name(d));
    buf_json(out, d->message);
    buf_puts(out, "}, \"locations\": [{\"physicalLocation\": {\"artifactLocation\": {\"uri\": ");
    put_uri(out, d->file);
    buf_puts(out, ", \"uriBaseId\": \"ROOT\"}");
    if (d->line > 0) {
        buf_printf(out, ", \"region\": {\"startLine\": %d", d->line);
        if (d->column > 0) buf_printf(out, ", \"startColumn\": %d", d->column);
        buf_puts(out, "}");
    }
    buf_puts(out, "}}]}");
}

static void report_sarif(const struct diag **all, size_t count, struct arena *a, struct buf *out) {
    const char **rules = NEW_ARRAY(a, const char *, count + 1);
    size_t *index = NEW_ARRAY(a, size_t, count + 1), rule_count = 0;
    for (size_t i = 0; i < count; i++) index[i] = rule_index(rules, &rule_count, all[i]->rule);
    buf_puts(out, "{\n  \"$schema\": \"https://json.schemastore.org/sarif-2.1.0.json\",\n"
                  "  \"version\": \"2.1.0\",\n  \"runs\": [\n    {\n"
                  "      \"tool\": {\"driver\": {\"name\": \"gradus check\", \"rules\": [");
    for (size_t i = 0; i < rule_count; i++) {
        buf_printf(out, "%s{\"id\": ", i ? ", " : "");
        buf_json(out, rules[i]);
        buf_puts(out, "}");
    }
    buf_puts(out, "]}},\n      \"results\": [");
    for (size_t i = 0; i < count; i++) {
        buf_puts(out, i ? ",\n" : "\n");
        sarif_result(all[i], index[i], out);
    }
    buf_printf(out, "%s]\n    }\n  ]\n}\n", count ? "\n      " : "");
}

void content_report(const struct diag_list *l, enum report_format format, struct buf *out) {
    size_t count;
    struct totals totals = {0};
    const struct diag **all = sorted(l, out->arena, &count);
    count = condense(all, count, out->arena, &totals);
    switch (format) {
    case REPORT_TEXT: report_text(all, count, &totals, out); break;
    case REPORT_JSON: report_json(all, count, &totals, out); break;
    case REPORT_SARIF: report_sarif(all, count, out->arena, out); break;
    }
}
