/* Reads when a person may apply for a level again, and what a renewal asks for. Pure. */
#include "base/text.h"
#include "content/content_private.h"

/* The defaults, where the programme says nothing. A refusal names what is missing, and that takes
 * some days to put right; after a revocation, certification bodies commonly set a year. */
#define AFTER_REFUSAL_DAYS 14
#define AFTER_REVOCATION_DAYS 365
#define OPENS_DAYS 90

static int days(struct doc *d, struct diag_list *l, struct field *map, const char *key,
                int64_t least, int otherwise) {
    int64_t n = otherwise;
    (void)field_int(d, l, map, key, least, 3650, false, &n);
    return (int)n;
}

static struct field *map_of(struct doc *d, struct diag_list *l, struct field *level,
                            const char *key, const char *const *known) {
    struct field *map = field_get(level, key);
    if (!map) return NULL;
    if (!field_is_map(map)) {
        diag_add(l, SEVERITY_ERROR, d->file, field_line(map), field_column(map), "field-type",
                 "“%s” must be fields of the form “name: value”", key);
        return NULL;
    }
    field_unknown(d, l, map, known);
    return map;
}

/* RULE new-evidence: a renewal asks for something, and only for what the level itself asks for: all
 * of nothing would be done anew by everybody. */
static void read_anew(struct doc *d, struct diag_list *l, struct field *renewal,
                      struct content_level *level) {
    struct content_reapply_rules *x = &level->reapply;
    const struct {
        const char *name;
        bool asked, *anew;
    } kinds[] = {{"modules", level->module_count > 0, &x->renew_modules},
                 {"exams", level->exam_count > 0, &x->renew_exams},
                 {"labs", level->lab_count > 0, &x->renew_labs}};
    struct field *list = field_get(renewal, "anew");
    for (size_t k = 0; k < COUNT_OF(kinds); k++) *kinds[k].anew = list == NULL;
    if (!list) return;
    if (!field_is_list(list) || !field_count(list)) {
        diag_add(l, SEVERITY_ERROR, d->file, field_line(list), field_column(list), "level-renewal",
                 "“anew” must list at least one of modules, exams and labs");
        return;
    }
    for (size_t i = 0; i < field_count(list); i++) {
        const char *word = field_scalar(field_at(list, i)),
                   *why = "there is no kind “%.40s”: write modules, exams or labs";
        for (size_t k = 0; k < COUNT_OF(kinds); k++) {
            if (!str_eq(word, kinds[k].name)) continue;
            *kinds[k].anew = true;
            why = kinds[k].asked
                      ? NULL
                      : "the level asks for no %.40s, so that a renewal cannot ask for them anew";
        }
        if (why)
            diag_add(l, SEVERITY_ERROR, d->file, field_line(field_at(list, i)),
                     field_column(field_at(list, i)), "level-renewal", why, word ? word : "");
    }
}

void content_read_reapply(struct doc *d, struct diag_list *l, struct field *f,
                          struct content_level *level) {
    static const char *const again_known[] = {"after_refusal_days", "after_revocation_days", NULL},
                             *const renewal_known[] = {"opens_days", "anew", NULL};
    struct field *again = map_of(d, l, f, "again", again_known),
                 *renewal = map_of(d, l, f, "renewal", renewal_known);
    level->reapply.after_refusal_days = days(d, l, again, "after_refusal_days", 0,
                                             AFTER_REFUSAL_DAYS);
    level->reapply.after_revocation_days = days(d, l, again, "after_revocation_days", 0,
                                                AFTER_REVOCATION_DAYS);
    level->reapply.renewal_opens_days = days(d, l, renewal, "opens_days", 1, OPENS_DAYS);
    read_anew(d, l, renewal, level);
}
