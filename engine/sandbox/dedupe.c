/* Finding and merging records of the same person inside one connector. */
#include "sandbox/dedupe.h"

#include <stdlib.h>
#include <string.h>

#include "base/text.h"

struct rule {
    const char *key, *survivor;
    bool fill;
};

struct keyed {
    const char *key;
    const struct record *r;
};

const struct lab_object *dedupe_object(const struct lab_connector *c) {
    for (int i = 0; i < c->object_count; i++)
        if (c->objects[i].kind == LAB_RECORD && c->objects[i].operations & LAB_MERGE)
            return &c->objects[i];
    return NULL;
}

static struct rule rule_of(struct lab_state *s, int member) {
    struct rule rule = {NULL, "newest", false};
    const struct lab_object *o = lab_object_of_kind(s->stack.members[member].connector,
                                                    LAB_DEDUPE_RULE);
    int count = 0;
    struct record *rows = o ? record_all(s, o, s->scratch, &count) : NULL;
    if (count == 0) return rule;
    rule.key = record_value(o, &rows[0], "match_key");
    rule.survivor = record_value(o, &rows[0], "survivor");
    rule.fill = str_eq(record_value(o, &rows[0], "blanks"), "fill");
    return rule;
}

bool dedupe_fills(struct lab_state *s, int member) { return rule_of(s, member).fill; }

/* Fields that record_key looks at. */
static bool in_key(const char *key, const char *field) {
    if (str_eq(key, "full_name")) return str_eq(field, "first_name") || str_eq(field, "last_name");
    return str_eq(field, str_eq(key, "phone") ? "phone" : "email");
}

static const char *key_columns(const struct lab_object *o, const char *key, struct arena *a) {
    struct buf b;
    buf_init(&b, a);
    for (int i = 0; i < o->field_count; i++)
        if (in_key(key, o->fields[i].id)) buf_printf(&b, ", %s", o->fields[i].id);
    return buf_text(&b);
}

const char *dedupe_match(struct lab_state *s, int member, const struct lab_object *o,
                         const struct record *r) {
    struct rule rule = rule_of(s, member);
    const char *key = rule.key ? record_key(o, r, rule.key, s->scratch) : NULL, *found = NULL;
    if (!key) return NULL;
    /* This runs for each form that comes in: it reads no more columns than the key has, and
     * releases each row. */
    struct arena *outer = s->scratch, row;
    sqlite3_stmt *q = state_query(s,
                                  arena_printf(outer, "SELECT id%s FROM %s ORDER BY id",
                                               key_columns(o, rule.key, outer), o->table),
                                  "");
    while (!found && state_row(s, q)) {
        struct record each;
        memset(&each, 0, sizeof each);
        arena_init(&row, (size_t)1024 * 1024);
        for (int i = 0, column = 1; i < o->field_count; i++)
            if (in_key(rule.key, o->fields[i].id)) each.value[i] = state_column(q, column++, &row);
        if (str_eq(record_key(o, &each, rule.key, &row), key)) found = state_column(q, 0, outer);
        arena_release(&row);
    }
    state_end(q);
    return found;
}

static int by_key(const void *x, const void *y) {
    const struct keyed *a = x, *b = y;
    int order = strcmp(a->key, b->key);
    return order ? order : strcmp(a->r->id, b->r->id);
}

static int filled(const struct lab_object *o, const struct record *r) {
    int n = 0;
    for (int i = 0; i < o->field_count; i++) n += !record_empty(r->value[i]);
    return n;
}

/* Does `b` beat `a`? Ties stay with the smaller id. */
static bool better(const struct lab_object *o, const char *survivor, const struct record *a,
                   const struct record *b) {
    if (str_eq(survivor, "oldest")) return b->created_ms < a->created_ms;
    if (str_eq(survivor, "most_complete")) return filled(o, b) > filled(o, a);
    return b->updated_ms > a->updated_ms;
}

struct dedupe_result dedupe_run(struct lab_state *s, int member) {
    struct dedupe_result result = {0, 0};
    const struct lab_object *o = dedupe_object(s->stack.members[member].connector);
    struct rule rule = rule_of(s, member);
    if (!o || !rule.key) return result;
    int count, n = 0;
    struct record *all = record_all(s, o, s->scratch, &count);
    struct keyed *keyed = NEW_ARRAY(s->scratch, struct keyed, (size_t)count + 1);
    for (int i = 0; i < count; i++) {
        const char *key = record_key(o, &all[i], rule.key, s->scratch);
        if (key) keyed[n++] = (struct keyed){key, &all[i]};
    }
    qsort(keyed, (size_t)n, sizeof *keyed, by_key);
    for (int i = 0, end; i < n; i = end) {
        const struct record *best = keyed[i].r;
        for (end = i + 1; end < n && strcmp(keyed[end].key, keyed[i].key) == 0; end++)
            if (better(o, rule.survivor, best, keyed[end].r)) best = keyed[end].r;
        if (end == i + 1) continue;
        result.groups++;
        for (int k = i; k < end; k++) {
            if (keyed[k].r == best) continue;
            record_merge(s, member, o, best->id, keyed[k].r->id, rule.fill);
            result.merged++;
        }
    }
    return result;
}
