/* <match>: the records of two objects are paired, and the fields of a pair kept alike. Which
 * fields, which way, and what wins is data. */
#include <stdlib.h>
#include <string.h>

#include "base/hash.h"
#include "base/text.h"
#include "sandbox/rule_run.h"

struct side {
    struct lab_place at;
    struct record *rows;
    int count;
    const char *path, **hand; /* hand: the values of the record that is changed */
    int64_t created, no_room; /* records made, and those that a full system did not take */
};

struct mapping {
    const char *id;
    const struct lab_field *left, *right;
    bool to_right, to_left;
    const struct lab_transform *transform; /* NULL: values stay as they are */
};

/* What a transform made of a value: most values of most fields come again and again. */
struct known {
    uint64_t hash; /* 0: free */
    int mapping;
    bool to_right;
    const char *from, *to;
};
#define KNOWN_SLOTS 1024

struct sorted {
    const char *key;
    int row;
};

struct match {
    struct rule_run *r;
    struct lab_state *s;
    const struct lab_step *step;
    struct side left, right;
    struct mapping mappings[LAB_FIELDS_MAX];
    int mapping_count;
    bool overwrite, create_left, create_right;
    int left_key, right_key; /* which of the objects' keys; -1: none */
    struct sorted *sorted;   /* left rows by key; NULL: nobody has asked yet */
    int sorted_count;
    bool *taken; /* left rows that have a partner */
    int64_t updated, rejected;
    struct known *known;
};

/* ---- What it is told ------------------------------------------------------------------------- */
static const struct lab_transform *transform_of(const struct lab_step *step, const char *id) {
    for (int i = 0; id && i < step->transforms->count; i++)
        if (str_eq(step->transforms->list[i].id, id)) return &step->transforms->list[i];
    return NULL;
}

/* Rows of id, left field, right field, to the right?, to the left?, transform. */
static void load_mappings(struct match *x) {
    sqlite3_stmt *q = rule_sql_begin(x->r, x->step->arg[LAB_ARG_MAPPINGS]);
    if (!q) return;
    while (rule_sql_row(x->r, q) && x->mapping_count < LAB_FIELDS_MAX) {
        const struct lab_field *left = lab_field_find(x->left.at.object, rule_column(x->r, q, 1)),
                               *right = lab_field_find(x->right.at.object, rule_column(x->r, q, 2));
        if (!left || !right) continue;
        x->mappings[x->mapping_count++] = (struct mapping){
            .id = rule_column(x->r, q, 0),
            .left = left,
            .right = right,
            .to_right = sqlite3_column_int(q, 3) != 0,
            .to_left = sqlite3_column_int(q, 4) != 0,
            .transform = transform_of(x->step, rule_column(x->r, q, 5))};
    }
    rule_sql_end(x->r, q);
    x->s->reads += x->mapping_count;
}

static void load_side(struct match *x, struct side *side) {
    side->rows = record_all(x->s, side->at.object, x->s->scratch, &side->count);
    side->hand = record_blank(side->at.object, x->s->scratch).value;
    side->path = arena_printf(x->s->scratch, "%s.%s",
                              x->s->stack.members[side->at.member].connector->id,
                              side->at.object->id);
}

/* The key of one record (scratch); NULL: it has none. */
static const char *key_of(struct match *x, const struct lab_statement *by_key, int key,
                          const char *id) {
    if (key < 0) return NULL;
    int before = x->r->variable_count;
    rule_push(x->r, (struct rule_variable){.name = "this_id", .text = id});
    const char *text = rule_text(x->r, &by_key[key]);
    x->r->variable_count = before;
    return record_empty(text) ? NULL : text;
}

/* ---- Pairs ---------------------------------------------------------------------------------- */
static int by_key(const void *p, const void *q) {
    const struct sorted *a = p, *b = q;
    int order = strcmp(a->key, b->key);
    return order ? order : (a->row > b->row) - (a->row < b->row);
}

static void sort_left(struct match *x) {
    x->sorted = NEW_ARRAY(x->s->scratch, struct sorted, (size_t)x->left.count + 1);
    sqlite3_stmt *q = x->left_key < 0 ? NULL
                                      : rule_sql_begin(x->r, &x->step->all_by_key[x->left_key]);
    if (!q) return;
    for (int i = 0; i < x->left.count && rule_sql_row(x->r, q); i++) {
        const char *key = rule_column(x->r, q, 0);
        if (!record_empty(key)) x->sorted[x->sorted_count++] = (struct sorted){key, i};
    }
    rule_sql_end(x->r, q);
    qsort(x->sorted, (size_t)x->sorted_count, sizeof *x->sorted, by_key);
}

static int by_id(const void *id, const void *row) {
    return strcmp(id, ((const struct record *)row)->id);
}

/* The left row that the right one is linked to, or the first with its key; -1. */
static int find_left(struct match *x, int row) {
    const char *link = x->right.rows[row].value[x->step->field->index];
    if (!record_empty(link)) {
        struct record *at = bsearch(link, x->left.rows, (size_t)x->left.count, sizeof *at, by_id);
        if (at) return (int)(at - x->left.rows);
    }
    const char *key = key_of(x, x->step->right_by_key, x->right_key, x->right.rows[row].id);
    if (!key) return -1;
    if (!x->sorted) sort_left(x);
    int low = 0, high = x->sorted_count;
    while (low < high) {
        int middle = (low + high) / 2;
        if (strcmp(x->sorted[middle].key, key) < 0) low = middle + 1;
        else high = middle;
    }
    bool found = low < x->sorted_count && str_eq(x->sorted[low].key, key);
    return found ? x->sorted[low].row : -1;
}

/* ---- Values --------------------------------------------------------------------------------- */
static uint64_t known_hash(int mapping, bool to_right, const char *value) {
    return (hash_bytes(value, strlen(value)) ^ (uint64_t)(mapping * 2 + to_right)) | 1;
}

/* The place for what becomes of the value: known, when its hash is the value's. */
static struct known *known_of(struct match *x, uint64_t hash, int mapping, bool to_right,
                              const char *value) {
    for (unsigned i = 0; i < 4; i++) {
        struct known *k = &x->known[(hash / 2 + i) % KNOWN_SLOTS];
        bool same = k->hash == hash && k->mapping == mapping && k->to_right == to_right &&
                    strcmp(k->from, value) == 0;
        if (same || !k->hash) return k;
    }
    struct known *k = &x->known[hash / 2 % KNOWN_SLOTS];
    k->hash = 0;
    return k;
}

static const struct lab_statement *sql_of(const struct mapping *m, bool to_right) {
    return !m->transform ? NULL : to_right ? m->transform->to_right : m->transform->to_left;
}

/* The value as the other side writes it (scratch); NULL for empty. */
static const char *transformed(struct match *x, const struct mapping *m, const char *value,
                               bool to_right) {
    const struct lab_statement *sql = sql_of(m, to_right);
    if (record_empty(value)) return NULL;
    if (!sql) return value;
    bool direction = to_right || m->transform->tidies; /* which does the same both ways */
    int index = (int)(m - x->mappings), before = x->r->variable_count;
    uint64_t hash = known_hash(index, direction, value);
    struct known *k = known_of(x, hash, index, direction, value);
    if (k->hash) return k->to;
    const struct rule_variable given[] = {
        {.name = "field", .text = (to_right ? m->right : m->left)->id},
        {.name = "object", .text = (to_right ? &x->right : &x->left)->path},
        {.name = "mapping", .text = m->id},
        {.name = "value", .text = value}};
    for (size_t i = 0; i < COUNT_OF(given); i++) rule_push(x->r, given[i]);
    const char *to = rule_text(x->r, sql);
    x->r->variable_count = before;
    *k = (struct known){hash, index, direction, value, to};
    return to;
}

static bool keeps(const struct mapping *m, const char *value) {
    return m->transform && m->transform->keeps && str_eq(m->transform->keeps, value);
}

struct pair {
    const struct record *left, *right;
    struct record new_left, new_right;
    struct lab_fields set_left, set_right; /* what the mappings have set in them */
    bool asked, left_wins;                 /* what the rule says of the pair, once it is asked */
};

static bool rule_prefers_left(struct match *x, struct pair *p) {
    if (p->asked) return p->left_wins;
    int before = x->r->variable_count;
    rule_push(x->r, (struct rule_variable){.name = "left_updated_ms",
                                           .is_number = true,
                                           .number = p->left->updated_ms});
    rule_push(x->r, (struct rule_variable){.name = "right_updated_ms",
                                           .is_number = true,
                                           .number = p->right->updated_ms});
    p->left_wins = rule_true(x->r, x->step->arg[LAB_ARG_WINNER]);
    p->asked = true;
    x->r->variable_count = before;
    return p->left_wins;
}

/* Which side's value wins, where both may write. */
static bool left_wins(struct match *x, const struct mapping *m, struct pair *p) {
    const char *lv = p->left->value[m->left->index], *rv = p->right->value[m->right->index];
    if (m->transform && m->transform->keeps) return keeps(m, lv) || !keeps(m, rv);
    if (!x->overwrite && record_empty(lv) != record_empty(rv)) return !record_empty(lv);
    return rule_prefers_left(x, p);
}

static void apply_mapping(struct match *x, const struct mapping *m, struct pair *p) {
    const char *lv = p->left->value[m->left->index], *rv = p->right->value[m->right->index];
    bool same = record_same(lv, rv);
    if (same && !sql_of(m, true) && !sql_of(m, false)) return;
    /* Of a value that both have it does not matter who wins, where tidying is all that is done. */
    bool either = same && m->transform && m->transform->tidies;
    bool from_left = !m->to_left || (m->to_right && (either || left_wins(x, m, p)));
    /* The value is first written as the left side has it, so that both ways also tidy the side that
     * it came from. */
    const char *value = from_left ? lv : transformed(x, m, rv, false);
    if (record_empty(value) && !x->overwrite) return;
    if (m->to_right && !keeps(m, rv)) {
        p->new_right.value[m->right->index] = transformed(x, m, value, true);
        lab_fields_add(&p->set_right, m->right->index);
    }
    if (m->to_left && !keeps(m, lv)) {
        bool tidy = from_left && m->transform && m->transform->tidies;
        p->new_left.value[m->left->index] = tidy ? transformed(x, m, value, false) : value;
        lab_fields_add(&p->set_left, m->left->index);
    }
}

/* ---- Writing -------------------------------------------------------------------------------- */
static const char *connector_of(const struct match *x, const struct side *side) {
    return x->s->stack.members[side->at.member].connector->id;
}

static bool refused(struct match *x, const struct side *side, const char *id,
                    struct record_problem p) {
    if (!p.what) return false;
    x->rejected++;
    state_event(x->s, &(struct state_event){.kind = x->step->rejected,
                                            .connector = connector_of(x, side),
                                            .object = side->at.object->id,
                                            .record_id = id,
                                            .field = p.field->id,
                                            .old_value = p.value,
                                            .detail = rule_refusal(&p)});
    return true;
}

/* Only what really changes is checked: old values that no longer fit stay until somebody touches
 * them. */
static void write_side(struct match *x, struct side *side, const struct record *old,
                       const struct record *fresh, const struct lab_fields *set) {
    const struct lab_object *o = side->at.object;
    struct lab_fields changed = record_differing(o, old, fresh, set);
    if (lab_fields_empty(&changed)) return;
    if (refused(x, side, old->id, record_validate(x->s, o, fresh, &changed))) return;
    if (record_update(x->s, side->at.member, o, old->id, fresh, &changed, true)) x->updated++;
}

/* A copy of the record, which lives until the next one of that side is taken in hand. */
static struct record in_hand(const struct side *side, const struct record *r) {
    struct record copy = *r;
    copy.value = side->hand;
    memcpy(copy.value, r->value, (size_t)side->at.object->field_count * sizeof *copy.value);
    return copy;
}

static void pair_up(struct match *x, const struct record *left, const struct record *right) {
    struct pair p = {.left = left,
                     .right = right,
                     .new_left = in_hand(&x->left, left),
                     .new_right = in_hand(&x->right, right)};
    const struct lab_field *link = x->step->field;
    p.new_right.value[link->index] = left->id;
    lab_fields_add(&p.set_right, link->index);
    for (int i = 0; i < x->mapping_count && !x->r->stopped; i++)
        apply_mapping(x, &x->mappings[i], &p);
    if (x->r->stopped) return;
    write_side(x, &x->left, left, &p.new_left, &p.set_left);
    write_side(x, &x->right, right, &p.new_right, &p.set_right);
}

/* Records that the new record is about the person whom the old one is about. */
static void copy_person(struct match *x, const struct side *from, const char *old_id,
                        const struct side *to, const char *new_id) {
    state_run(
        x->s,
        "INSERT INTO sim_person (object, record_id, person) SELECT $1, $2, person FROM sim_person "
        "WHERE object = $3 AND record_id = $4 ON CONFLICT DO NOTHING",
        "tttt", to->path, new_id, from->path, old_id);
}

/* A new record takes over every mapped field, whatever the direction of later updates. NULL: it was
 * not made. */
static const char *create(struct match *x, const struct side *from, struct side *to,
                          const struct record *old, const char *link) {
    bool to_right = to == &x->right;
    struct record fresh = record_blank(to->at.object, x->s->scratch);
    for (int i = 0; i < x->mapping_count; i++) {
        const struct mapping *m = &x->mappings[i];
        const struct lab_field *source = to_right ? m->left : m->right,
                               *target = to_right ? m->right : m->left;
        fresh.value[target->index] = transformed(x, m, old->value[source->index], to_right);
    }
    if (link) fresh.value[x->step->field->index] = link;
    if (x->r->stopped) return NULL;
    struct lab_fields all = lab_fields_first(to->at.object->field_count);
    struct record_problem p = record_validate(x->s, to->at.object, &fresh, &all);
    if (refused(x, to, old->id, p)) return NULL;
    if (record_count(x->s, to->at.object) >= LAB_RECORDS_MAX) {
        to->no_room++;
        return NULL;
    }
    fresh.id = record_new_id(x->s, to->at.member, x->s->scratch);
    fresh.created_ms = fresh.updated_ms = x->s->now_ms;
    record_insert(x->s, to->at.member, to->at.object, &fresh);
    copy_person(x, from, old->id, to, fresh.id);
    to->created++;
    return fresh.id;
}

static void match_all(struct match *x) {
    const int link = x->step->field->index;
    const struct lab_fields linked = lab_fields_one(link);
    for (int i = 0; i < x->right.count && !x->r->stopped; i++) {
        struct record *right = &x->right.rows[i];
        int left = find_left(x, i);
        if (left >= 0) {
            x->taken[left] = true;
            pair_up(x, &x->left.rows[left], right);
        } else if (x->create_left) {
            const char *id = create(x, &x->right, &x->left, right, NULL);
            if (!id) continue;
            right->value[link] = id;
            record_update(x->s, x->right.at.member, x->right.at.object, right->id, right, &linked,
                          false);
        }
    }
    for (int i = 0; x->create_right && i < x->left.count && !x->r->stopped; i++) {
        struct record *left = &x->left.rows[i];
        if (!x->taken[i] && key_of(x, x->step->by_key, x->left_key, left->id))
            (void)create(x, &x->left, &x->right, left, left->id);
    }
}

/* RULE lab-room: what a full system did not take is told once a run of the rule, with how many. */
static void tell_no_room(struct match *x, const struct side *side) {
    if (side->no_room == 0) return;
    state_event(x->s, &(struct state_event){
                          .kind = x->step->full,
                          .connector = connector_of(x, side),
                          .object = side->at.object->id,
                          .detail = arena_printf(x->s->scratch, "%lld not created: %s",
                                                 (long long)side->no_room, rule_no_room(x->s))});
}

void rule_match(struct rule_run *r, const struct lab_step *step) {
    struct match *x = NEW(r->s->scratch, struct match);
    x->r = r;
    x->s = r->s;
    x->step = step;
    x->left.at = step->at;
    x->right.at = step->right;
    x->known = NEW_ARRAY(r->s->scratch, struct known, KNOWN_SLOTS);
    const char *key = rule_text(r, step->arg[LAB_ARG_KEY]);
    x->overwrite = rule_true(r, step->arg[LAB_ARG_OVERWRITE]);
    x->create_left = rule_true(r, step->arg[LAB_ARG_CREATE_LEFT]);
    x->create_right = rule_true(r, step->arg[LAB_ARG_CREATE_RIGHT]);
    load_mappings(x);
    x->left_key = lab_key_find(step->at.object, key);
    x->right_key = lab_key_find(step->right.object, key);
    load_side(x, &x->left);
    load_side(x, &x->right);
    x->taken = NEW_ARRAY(r->s->scratch, bool, (size_t)x->left.count + 1);
    match_all(x);
    tell_no_room(x, &x->left);
    tell_no_room(x, &x->right);
    const struct {
        const char *name;
        int64_t value;
    } told[] = {{"read_left", x->left.count},      {"read_right", x->right.count},
                {"created_left", x->left.created}, {"created_right", x->right.created},
                {"full_left", x->left.no_room},    {"full_right", x->right.no_room},
                {"updated", x->updated},           {"rejected", x->rejected}};
    for (size_t i = 0; i < COUNT_OF(told); i++)
        rule_set_number(r, step->as, told[i].name, told[i].value);
}
