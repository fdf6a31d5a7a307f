/* The sync between the stack's two objects, as the learner has configured it. */
#include "sandbox/sync.h"

#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "sandbox/world.h"

struct side {
    int member;
    const struct lab_object *object;
    struct record *rows;
    int count;
};

struct key {
    const char *text;
    int row;
};

struct run {
    struct lab_state *s;
    const struct lab_sync *y;
    struct side left, right;
    struct sync_mapping mappings[LAB_FIELDS_MAX];
    int mapping_count;
    const char *match_key, *conflict;
    bool overwrite, create_left, create_right;
    struct key *keys; /* of the left rows, sorted */
    int key_count;
    bool *taken; /* left rows that have a partner */
    int created_left, created_right, updated, rejected;
    int no_room_left, no_room_right; /* records that a full system did not take */
};

/* ---- Configuration -------------------------------------------------------------------------- */
static void load_values(struct run *r, struct sync_mapping *m) {
    int count;
    struct record *rows = record_all(r->s, r->y->value, r->s->scratch, &count);
    struct sync_value *values = NEW_ARRAY(r->s->scratch, struct sync_value, (size_t)count + 1);
    for (int i = 0; i < count; i++)
        if (str_eq(record_value(r->y->value, &rows[i], "mapping_id"), m->id))
            values[m->value_count++] = (struct sync_value){
                record_value(r->y->value, &rows[i], "left_value"),
                record_value(r->y->value, &rows[i], "right_value")};
    m->values = values;
}

static void load_mappings(struct run *r) {
    int count;
    const struct lab_object *o = r->y->mapping;
    struct record *rows = record_all(r->s, o, r->s->scratch, &count);
    for (int i = 0; i < count && r->mapping_count < LAB_FIELDS_MAX; i++) {
        const struct lab_field *left = lab_field_find(r->left.object,
                                                      record_value(o, &rows[i], "left_field"));
        const struct lab_field *right = lab_field_find(r->right.object,
                                                       record_value(o, &rows[i], "right_field"));
        const char *direction = record_value(o, &rows[i], "direction");
        if (!left || !right) continue;
        struct sync_mapping *m = &r->mappings[r->mapping_count++];
        *m = (struct sync_mapping){.id = rows[i].id,
                                   .transform = record_value(o, &rows[i], "transform"),
                                   .left = left,
                                   .right = right,
                                   .direction = str_eq(direction, "to_right")  ? SYNC_TO_RIGHT
                                                : str_eq(direction, "to_left") ? SYNC_TO_LEFT
                                                                               : SYNC_BOTH};
        load_values(r, m);
    }
}

static void load_settings(struct run *r) {
    int count;
    const struct lab_object *o = r->y->setting;
    struct record *rows = record_all(r->s, o, r->s->scratch, &count);
    if (count == 0) return;
    r->match_key = record_value(o, &rows[0], "match_key");
    r->conflict = record_value(o, &rows[0], "conflict");
    r->overwrite = str_eq(record_value(o, &rows[0], "empty_values"), "overwrite");
    r->create_left = str_eq(record_value(o, &rows[0], "create_left"), "1");
    r->create_right = str_eq(record_value(o, &rows[0], "create_right"), "1");
}

/* ---- Matching ------------------------------------------------------------------------------- */
static int by_text(const void *x, const void *y) {
    const struct key *a = x, *b = y;
    int order = strcmp(a->text, b->text);
    return order ? order : (a->row > b->row) - (a->row < b->row);
}

static void index_left(struct run *r) {
    r->keys = NEW_ARRAY(r->s->scratch, struct key, (size_t)r->left.count + 1);
    r->taken = NEW_ARRAY(r->s->scratch, bool, (size_t)r->left.count + 1);
    for (int i = 0; i < r->left.count; i++) {
        const char *text = record_key(r->left.object, &r->left.rows[i], r->match_key,
                                      r->s->scratch);
        if (text) r->keys[r->key_count++] = (struct key){text, i};
    }
    qsort(r->keys, (size_t)r->key_count, sizeof *r->keys, by_text);
}

static int by_id(const void *x, const void *y) { return strcmp(x, ((const struct record *)y)->id); }

static int find_left(struct run *r, const struct record *right) {
    const char *link = right->value[r->y->link];
    if (!record_empty(link)) {
        struct record *at = bsearch(link, r->left.rows, (size_t)r->left.count, sizeof *at, by_id);
        if (at) return (int)(at - r->left.rows);
    }
    const char *text = record_key(r->right.object, right, r->match_key, r->s->scratch);
    if (!text) return -1;
    int low = 0, high = r->key_count;
    while (low < high) {
        int middle = (low + high) / 2;
        if (strcmp(r->keys[middle].text, text) < 0) low = middle + 1;
        else high = middle;
    }
    return low < r->key_count && strcmp(r->keys[low].text, text) == 0 ? r->keys[low].row : -1;
}

/* ---- Values --------------------------------------------------------------------------------- */
/* Which side's value wins, where both may write. */
static bool left_wins(struct run *r, const struct sync_mapping *m, const struct record *left,
                      const struct record *right) {
    const char *lv = left->value[m->left->index], *rv = right->value[m->right->index];
    if (str_eq(m->transform, "keep_true")) return str_eq(lv, "1") || !str_eq(rv, "1");
    if (!r->overwrite && record_empty(lv) != record_empty(rv)) return !record_empty(lv);
    if (str_eq(r->conflict, "left")) return true;
    if (str_eq(r->conflict, "right")) return false;
    return left->updated_ms >= right->updated_ms;
}

static void apply_mapping(struct run *r, const struct sync_mapping *m, const struct record *left,
                          const struct record *right, struct record *new_left,
                          struct record *new_right, uint64_t *left_mask, uint64_t *right_mask) {
    const char *lv = left->value[m->left->index], *rv = right->value[m->right->index];
    bool from_left = m->direction == SYNC_TO_RIGHT ||
                     (m->direction == SYNC_BOTH && left_wins(r, m, left, right));
    /* The value is first written as the left side has it, so that "both" also normalises the side
     * that it came from. */
    const char *value = from_left ? lv : sync_transform(r->s, m, rv, false);
    if (record_empty(value) && !r->overwrite) return;
    bool sticky = str_eq(m->transform, "keep_true");
    if (m->direction != SYNC_TO_LEFT && !(sticky && str_eq(rv, "1"))) {
        new_right->value[m->right->index] = sync_transform(r->s, m, value, true);
        *right_mask |= (uint64_t)1 << m->right->index;
    }
    if (m->direction != SYNC_TO_RIGHT && !(sticky && str_eq(lv, "1"))) {
        bool tidy = from_left && sync_tidies(m);
        new_left->value[m->left->index] = tidy ? sync_transform(r->s, m, value, false) : value;
        *left_mask |= (uint64_t)1 << m->left->index;
    }
}

static bool refuse(struct run *r, const struct side *side, const char *id,
                   struct record_problem p) {
    if (!p.what) return false;
    r->rejected++;
    const char *why = p.what == LAB_PROBLEM_REQUIRED ? "required and empty"
                                                     : "value is not allowed";
    state_event(r->s, &(struct state_event){"sync.rejected",
                                            r->s->stack.members[side->member].connector->id,
                                            side->object->id, id, p.field->id, p.value, NULL, why});
    return true;
}

/* Only what really changes is checked: old values that no longer fit stay until somebody touches
 * them. */
static uint64_t differing(const struct lab_object *o, const struct record *old,
                          const struct record *fresh, uint64_t mask) {
    uint64_t changed = 0;
    for (int i = 0; i < o->field_count; i++)
        if (mask >> i & 1 && !record_same(old->value[i], fresh->value[i]))
            changed |= (uint64_t)1 << i;
    return changed;
}

static void write_side(struct run *r, struct side *side, struct record *old,
                       const struct record *fresh, uint64_t mask) {
    mask = differing(side->object, old, fresh, mask);
    if (!mask || refuse(r, side, old->id, record_validate(r->s, side->object, fresh, mask))) return;
    if (record_update(r->s, side->member, side->object, old->id, fresh, mask, true)) r->updated++;
}

static void pair_up(struct run *r, int left_row, struct record *right) {
    struct record *left = &r->left.rows[left_row];
    struct record new_left = *left, new_right = *right;
    uint64_t left_mask = 0, right_mask = (uint64_t)1 << r->y->link;
    new_right.value[r->y->link] = left->id;
    for (int i = 0; i < r->mapping_count; i++)
        apply_mapping(r, &r->mappings[i], left, right, &new_left, &new_right, &left_mask,
                      &right_mask);
    write_side(r, &r->left, left, &new_left, left_mask);
    write_side(r, &r->right, right, &new_right, right_mask);
}

/* A new record takes over every mapped field, whatever the direction of later updates. */
static const char *create(struct run *r, struct side *to, const struct record *from, bool to_right,
                          const char *link) {
    struct record fresh;
    memset(&fresh, 0, sizeof fresh);
    for (int i = 0; i < r->mapping_count; i++) {
        const struct sync_mapping *m = &r->mappings[i];
        if (to_right)
            fresh.value[m->right->index] = sync_transform(r->s, m, from->value[m->left->index],
                                                          true);
        else
            fresh.value[m->left->index] = sync_transform(r->s, m, from->value[m->right->index],
                                                         false);
    }
    if (link) fresh.value[r->y->link] = link;
    uint64_t all = ((uint64_t)1 << to->object->field_count) - 1;
    if (refuse(r, to, from->id, record_validate(r->s, to->object, &fresh, all))) return NULL;
    if (record_count(r->s, to->object) >= LAB_RECORDS_MAX) {
        *(to_right ? &r->no_room_right : &r->no_room_left) += 1;
        return NULL;
    }
    fresh.id = record_new_id(r->s, to->member, r->s->scratch);
    fresh.created_ms = fresh.updated_ms = r->s->now_ms;
    record_insert(r->s, to->member, to->object, &fresh);
    return fresh.id;
}

static const char *path_of(struct run *r, const struct side *side) {
    return arena_printf(r->s->scratch, "%s.%s", r->s->stack.members[side->member].connector->id,
                        side->object->id);
}

/* Records that the new record is about the person whom the old one is about. */
static void copy_person(struct run *r, const struct side *from, const char *old_id,
                        const struct side *to, const char *new_id) {
    state_run(
        r->s,
        "INSERT INTO sim_person (object, record_id, person) SELECT $1, $2, person FROM sim_person "
        "WHERE object = $3 AND record_id = $4 ON CONFLICT DO NOTHING",
        "tttt", path_of(r, to), new_id, path_of(r, from), old_id);
}

static void match_all(struct run *r) {
    for (int i = 0; i < r->right.count; i++) {
        struct record *right = &r->right.rows[i];
        int left = find_left(r, right);
        if (left >= 0) {
            r->taken[left] = true;
            pair_up(r, left, right);
        } else if (r->create_left) {
            const char *id = create(r, &r->left, right, false, NULL);
            if (!id) continue;
            copy_person(r, &r->right, right->id, &r->left, id);
            struct record linked = *right;
            linked.value[r->y->link] = id;
            record_update(r->s, r->right.member, r->right.object, right->id, &linked,
                          (uint64_t)1 << r->y->link, false);
            r->created_left++;
        }
    }
    for (int i = 0; r->create_right && i < r->left.count; i++) {
        struct record *left = &r->left.rows[i];
        if (r->taken[i] || record_empty(left->value[r->y->left_email])) continue;
        const char *id = create(r, &r->right, left, true, left->id);
        if (!id) continue;
        copy_person(r, &r->left, left->id, &r->right, id);
        r->created_right++;
    }
}

/* RULE lab-room: what a full system did not take is told once a run of the sync, with how many. */
static void tell_no_room(struct run *r, const struct side *side, int count) {
    if (count == 0) return;
    state_event(r->s, &(struct state_event){
                          .kind = "sync.full",
                          .connector = r->s->stack.members[side->member].connector->id,
                          .object = side->object->id,
                          .detail = arena_printf(r->s->scratch,
                                                 "%d not created: there is room for %d records",
                                                 count, LAB_RECORDS_MAX)});
}

/* ---- The run -------------------------------------------------------------------------------- */
static void set(const struct lab_object *o, struct record *r, const char *field,
                const char *value) {
    r->value[lab_field_find(o, field)->index] = value;
}
static void set_number(struct lab_state *s, const struct lab_object *o, struct record *r,
                       const char *field, int64_t value) {
    set(o, r, field, arena_printf(s->scratch, "%lld", (long long)value));
}

/* A sync reads pages of 200 and writes batches of 100; its calls count against the account's day.
 */
static int calls_of(const struct run *r) {
    return r->left.count / 200 + r->right.count / 200 + 2 +
           (r->updated + r->created_left + r->created_right) / 100;
}

static const char *finish(struct run *r, const char *trigger, const char *status) {
    struct lab_state *s = r->s;
    const struct lab_object *o = r->y->run;
    struct record row;
    memset(&row, 0, sizeof row);
    int calls = calls_of(r);
    row.id = record_new_id(s, r->right.member, s->scratch);
    row.created_ms = row.updated_ms = s->now_ms;
    set_number(s, o, &row, "started", s->now_ms);
    set_number(s, o, &row, "finished", s->now_ms);
    set(o, &row, "status", status);
    set(o, &row, "trigger", trigger);
    set_number(s, o, &row, "created_left", r->created_left);
    set_number(s, o, &row, "created_right", r->created_right);
    set_number(s, o, &row, "updated", r->updated);
    set_number(s, o, &row, "rejected", r->rejected);
    set_number(s, o, &row, "calls", calls);
    record_insert(s, r->right.member, o, &row);
    state_run(s, "UPDATE sim_quota SET day_used = day_used + $2 WHERE member = $1", "ii",
              (int64_t)r->left.member, (int64_t)calls);
    state_event(s,
                &(struct state_event){.kind = "sync.finished",
                                      .connector = s->stack.members[r->right.member].connector->id,
                                      .object = o->id,
                                      .record_id = row.id,
                                      .detail = status});
    return row.id;
}

const char *sync_run(struct lab_state *s, const char *trigger) {
    struct run *r = NEW(s->scratch, struct run);
    r->s = s;
    r->y = &s->stack.sync;
    r->left = (struct side){.member = r->y->left_member, .object = r->y->left};
    r->right = (struct side){.member = r->y->right_member, .object = r->y->right};
    struct lab_who who = s->who;
    s->who = (struct lab_who){.actor = "sync"};
    load_settings(r);
    const char *id;
    if (world_outage(s, r->left.member) || world_outage(s, r->right.member))
        id = finish(r, trigger, "failed");
    else {
        load_mappings(r);
        r->left.rows = record_all(s, r->left.object, s->scratch, &r->left.count);
        r->right.rows = record_all(s, r->right.object, s->scratch, &r->right.count);
        index_left(r);
        match_all(r);
        tell_no_room(r, &r->left, r->no_room_left);
        tell_no_room(r, &r->right, r->no_room_right);
        bool all = !r->rejected && !r->no_room_left && !r->no_room_right;
        id = finish(r, trigger, all ? "completed" : "completed_with_errors");
    }
    s->who = who;
    return id;
}
