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
    l->tail = &d->next;
    if (severity == SEVERITY_ERROR) l->errors++;
    else l->warnings++;
}
