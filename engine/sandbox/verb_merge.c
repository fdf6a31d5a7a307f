/* <merge-groups>: records with an equal key become one. */
#include <string.h>

#include "base/text.h"
#include "sandbox/rule_run.h"

struct keyed {
    const char *id, *key;
    int64_t rank;
};

static struct keyed *read_keyed(struct rule_run *r, const struct lab_statement *sql, int *count) {
    struct keyed *list = NULL;
    *count = 0;
    sqlite3_stmt *q = rule_sql_begin(r, sql);
    if (!q) return NULL;
    while (rule_sql_row(r, q)) {
        list = list_more(r->s->scratch, list, (size_t)*count, sizeof *list);
        list[(*count)++] = (struct keyed){state_column(q, 0, r->s->scratch), rule_column(r, q, 1),
                                          sqlite3_column_int64(q, 2)};
    }
    rule_sql_end(r, q);
    return list;
}

void rule_merge_groups(struct rule_run *r, const struct lab_step *step) {
    int key = lab_key_find(step->at.object, rule_text(r, step->arg[LAB_ARG_KEY])), count = 0;
    int64_t groups = 0, merged = 0;
    bool fill = rule_true(r, step->arg[LAB_ARG_FILL]);
    /* In the order of key and id. */
    struct keyed *all = key < 0 ? NULL : read_keyed(r, &step->by_key[key], &count);
    r->s->reads += record_count(r->s, step->at.object);
    for (int i = 0, end; i < count && !r->stopped; i = end) {
        const struct keyed *best = &all[i];
        for (end = i + 1; end < count && str_eq(all[end].key, all[i].key); end++)
            if (all[end].rank > best->rank) best = &all[end]; /* of equals the smaller id stays */
        if (end > i + 1) groups++;
        for (int k = i; k < end; k++) {
            if (&all[k] == best) continue;
            record_merge(r->s, step->at.member, step->at.object, best->id, all[k].id, fill);
            merged++;
        }
    }
    rule_set_number(r, step->as, "groups", groups);
    rule_set_number(r, step->as, "merged", merged);
}
