/* The list of diagnostics. */
#include <string.h>

#include "doc/doc.h"

void diag_init(struct diag_list *l, struct arena *a) {
    memset(l, 0, sizeof *l);
    l->arena = a;
    l->tail = &l->first;
}

void diag_add(struct diag_list *l, enum severity severity, const char *file, int line, int column,
              const char *rule, const char *format, ...) {
    struct diag *d = NEW(l->arena, struct diag);
    va_list args;
    va_start(args, format);
    d->message = arena_vprintf(l->arena, format, args);
    va_end(args);
    d->file = arena_dup(l->arena, file);
    d->line = line;
    d->column = column;
    d->severity = severity;
    d->rule = rule;
    *l->tail = d;
    l->last = d;
    l->tail = &d->next;
    if (severity == SEVERITY_ERROR) l->errors++;
    else l->warnings++;
}

const char *const diag_hiding_rules[] = {"unreadable",    "size",     "encoding",   "front-matter",
                                         "missing-field", "field-id", "field-type", "nesting",
                                         "too-slow",      "headings", "axis",       NULL};

void diag_hide_file(struct diag_list *l) {
    if (l->last) l->last->hides = true;
}

const char *diag_place(struct arena *a, const struct diag *d) {
    if (d->line < 1) return d->file;
    return arena_printf(a, "%s:%d:%d", d->file, d->line, d->column < 1 ? 1 : d->column);
}

void diag_copy(struct diag_list *l, const struct diag *d) {
    diag_add(l, d->severity, d->file, d->line, d->column, d->rule, "%s", d->message);
    l->last->hides = d->hides;
}
