/* Forms that people fill in and edits that colleagues make, so many a day. */
#include "sandbox/world_forms.h"

#include <string.h>

#include "base/clock.h"
#include "base/text.h"
#include "sandbox/faults.h"
#include "sandbox/rules.h"
#include "sandbox/schema.h"
#include "sandbox/world.h"

/* Permille of a day's arrivals in each hour of UTC: an office day with an evening tail. */
static const int hour_weight[24] = {5,  5,  5,  5,  10, 20, 40, 70, 90, 95, 90, 70,
                                    60, 75, 80, 75, 60, 45, 30, 25, 20, 12, 8,  5};

/* How many of `per_day` fall into this hour: the whole part, and one more with the probability of
 * the fraction. */
static int count_in_hour(struct lab_state *s, const char *stream, int index, int per_day,
                         int64_t hour) {
    int permille = per_day * hour_weight[hour % 24];
    const char *entity = arena_printf(s->scratch, "%d", index);
    return permille / 1000 +
           (state_draw(s, stream, entity, hour, 1000) < (uint32_t)(permille % 1000));
}

static bool pick(struct lab_state *s, const struct lab_object *o, const char *stream, int64_t tick,
                 struct record *out) {
    int64_t count = record_count(s, o);
    if (count == 0) return false;
    const char *sql = arena_printf(s->scratch, "SELECT id FROM %s ORDER BY id LIMIT 1 OFFSET $1",
                                   o->table);
    sqlite3_stmt *q = state_query(s, sql, "i",
                                  (int64_t)state_draw(s, stream, "pick", tick, (uint32_t)count));
    char *id = state_row(s, q) ? state_column(q, 0, s->scratch) : NULL;
    state_end(q);
    return id && record_get(s, o, id, out, s->scratch);
}

static int64_t person_of(struct lab_state *s, const char *path, const char *id) {
    return state_number(s,
                        "SELECT min(person) FROM sim_person WHERE object = $1 AND record_id = $2",
                        "tt", path, id);
}

/* Changes a record as people do who fill in a form again: they write otherwise, and leave out what
 * is not asked again. */
static void retype(struct lab_state *s, const struct lab_object *o, const struct lab_arrivals *a,
                   int64_t tick, struct record *r) {
    for (int i = 0; i < a->retype_count; i++) {
        const struct lab_retype *how = &a->retypes[i];
        int at = lab_field_find(o, how->field)->index;
        if (record_empty(r->value[at]) ||
            state_draw(s, "retype", "", tick, 1000) >= (uint32_t)how->permille)
            continue;
        char *text = how->kind == LAB_BLANK ? NULL : arena_dup(s->scratch, r->value[at]);
        if (text && *text >= 'a' && *text <= 'z') *text = (char)(*text - 32);
        r->value[at] = text;
    }
}

/* A system without a rule for what arrives keeps it as it is. */
static void keep(struct lab_state *s, struct lab_place at, const char *path, struct record *r,
                 int64_t person) {
    s->who = (struct lab_who){.actor = "world", .human = true};
    if (record_count(s, at.object) >= LAB_RECORDS_MAX) return;
    r->id = record_new_id(s, at.member, s->scratch);
    r->created_ms = r->updated_ms = faults_clock(s, at.member);
    record_insert(s, at.member, at.object, r);
    if (person) world_person(s, path, at.object, r, person);
}

static void arrive(struct lab_state *s, int index, int64_t hour, int n) {
    const struct lab_arrivals *a = &s->stack.arrivals[index];
    int member = 0;
    const struct lab_object *o = lab_object_by_path(&s->stack, a->object, &member);
    if (faults_outage(s, member)) return;
    int64_t tick = hour * 100 + n, person = 0, next = state_meta(s, "arrival");
    struct record r;
    bool returning = state_draw(s, "returning", "", tick, 1000) < (uint32_t)a->returning_permille;
    if (returning || next >= s->arrivals[index].row_count) {
        if (!pick(s, o, "arrive", tick, &r)) return;
        person = person_of(s, a->object, r.id);
        retype(s, o, a, tick, &r);
    } else {
        state_meta_set(s, "arrival", next + 1);
        schema_row(s, o, a->object, &s->arrivals[index], (int)next, false, &r, &person);
    }
    struct lab_place at = {o, member};
    if (!rules_arrive(s, at, &r, person)) keep(s, at, a->object, &r, person);
}

static void edit(struct lab_state *s, int index, int64_t hour, int n) {
    const struct lab_edits *e = &s->stack.edits[index];
    int member = 0;
    const struct lab_object *o = lab_object_by_path(&s->stack, e->object, &member);
    const struct lab_field *f = lab_field_find(o, e->field);
    int64_t tick = (hour * 100 + n) * 16 + index;
    struct record r;
    if (faults_outage(s, member) || !pick(s, o, "edit", tick, &r)) return;
    s->who = (struct lab_who){.actor = "colleague", .human = true};
    if (f->type == LAB_BOOLEAN) {
        r.value[f->index] = "1";
        int64_t person = person_of(s, e->object, r.id);
        if (person) world_person(s, e->object, o, &r, person);
    } else {
        const char *old = r.value[f->index];
        size_t len = old ? strlen(old) : 0;
        if (len < 4) return;
        r.value[f->index] = arena_printf(s->scratch, "%.*s%04u", (int)len - 4, old,
                                         state_draw(s, "digits", "", tick, 10000));
    }
    struct lab_fields edited = lab_fields_one(f->index);
    record_update(s, member, o, r.id, &r, &edited, true);
}

void world_arrivals(struct lab_state *s, int index) {
    int64_t hour = s->now_ms / MS_HOUR;
    int count = count_in_hour(s, "arrivals", index, s->stack.arrivals[index].per_day, hour);
    for (int n = count; n > 0; n--) arrive(s, index, hour, n);
    due_add(s, s->now_ms + MS_HOUR, DUE_WORLD, DUE_ARRIVALS, index, NULL, NULL);
}

void world_edits(struct lab_state *s, int index) {
    int64_t hour = s->now_ms / MS_HOUR;
    int count = count_in_hour(s, "edits", index, s->stack.edits[index].per_day, hour);
    for (int n = count; n > 0; n--) edit(s, index, hour, n);
    due_add(s, s->now_ms + MS_HOUR, DUE_WORLD, DUE_EDITS, index, NULL, NULL);
}
