/* Problems that loads found: each is logged once, when a second load finds it too. */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/log.h"
#include "base/text.h"
#include "tree/tree_private.h"

struct tree_problems {
    struct problem {
        char *line;
        bool logged;
    } at[TREE_PROBLEMS];
    size_t count;
};

struct tree_problems *tree_problems_new(void) {
    return calloc(1, sizeof(struct tree_problems));
}

void tree_problems_free(struct tree_problems *p) {
    if (!p) return;
    for (size_t i = 0; i < p->count; i++) free(p->at[i].line);
    free(p);
}

void tree_problem(struct tree_problems *p, const char *format, ...) {
    va_list args;
    char *line = NULL;
    if (!p || p->count == TREE_PROBLEMS) return;
    va_start(args, format);
    if (vasprintf(&line, format, args) >= 0) p->at[p->count++].line = line;
    va_end(args);
}

static const struct problem *find_line(const struct tree_problems *p, const char *line) {
    for (size_t i = 0; p && i < p->count; i++)
        if (str_eq(p->at[i].line, line)) return &p->at[i];
    return NULL;
}

bool tree_problems_report(struct tree_problems *now, const struct tree_problems *before,
                          const char *event) {
    bool doubtful = false;
    for (size_t i = 0; i < now->count; i++) {
        struct problem *p = &now->at[i];
        const struct problem *earlier = find_line(before, p->line);
        if (before && !earlier) {
            doubtful = true;
            continue;
        }
        if (!earlier || !earlier->logged) log_say(LOG_WARN, event, "%s", p->line);
        p->logged = true;
    }
    return doubtful;
}
