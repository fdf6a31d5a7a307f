/* The simulated world. */
#include "sandbox/world.h"

#include <string.h>

#include "base/clock.h"
#include "base/text.h"
#include "sandbox/rules.h"
#include "sandbox/schema.h"

/* Smaller numbers first when two things fall due at the same time: a system that goes down at nine
 * is down for a run of nine. */
enum { PRIORITY_OUTAGE, PRIORITY_HOUR, PRIORITY_RULE };

/* Permille of a day's arrivals in each hour of UTC: an office day with an evening tail. */
static const int hour_weight[24] = {5,  5,  5,  5,  10, 20, 40, 70, 90, 95, 90, 70,
                                    60, 75, 80, 75, 60, 45, 30, 25, 20, 12, 8,  5};

static void schedule(struct lab_state *s, int64_t at_ms, int priority, const char *kind,
                     int64_t ref, const char *entity, const char *data) {
    state_run(s,
              "INSERT INTO sim_due (at_ms, priority, seq, kind, ref, entity, data) "
              "VALUES ($1, $2, $3, $4, $5, $6, $7)",
              "iiititt", at_ms, (int64_t)priority, state_next(s, "due"), kind, ref, entity, data);
}

void world_due(struct lab_state *s, int64_t at_ms, const char *kind, int64_t ref,
               const char *entity, const char *data) {
    schedule(s, at_ms, PRIORITY_RULE, kind, ref, entity, data);
}

void world_person(struct lab_state *s, const char *path, const struct lab_object *o,
                  const struct record *r, int64_t person) {
    state_run(s,
              "INSERT INTO sim_person (object, record_id, person) VALUES ($1, $2, $3) ON CONFLICT "
              "DO NOTHING",
              "tti", path, r->id, person);
    for (int i = 0; i < o->field_count; i++)
        if (o->fields[i].sticky && str_eq(r->value[i], "1"))
            state_run(
                s, "INSERT INTO sim_opt_out (person, at_ms) VALUES ($1, $2) ON CONFLICT DO NOTHING",
                "ii", person, s->now_ms);
}

void world_start(struct lab_state *s) {
    rules_start(s);
    for (int i = 0; i < s->stack.outage_count; i++)
        schedule(s, s->now_ms + s->stack.outages[i].after_ms, PRIORITY_OUTAGE, "outage", i, NULL,
                 NULL);
    for (int i = 0; i < s->stack.arrivals_count; i++)
        schedule(s, s->now_ms + MS_HOUR, PRIORITY_HOUR, "arrivals", i, NULL, NULL);
    for (int i = 0; i < s->stack.edits_count; i++)
        schedule(s, s->now_ms + MS_HOUR, PRIORITY_HOUR, "edits", i, NULL, NULL);
}

int64_t world_outage(struct lab_state *s, int member) {
    int64_t until = state_number(s, "SELECT until_ms FROM sim_outage WHERE connector = $1", "t",
                                 s->stack.members[member].connector->id);
    return until > s->now_ms ? until : 0;
}

static void outage(struct lab_state *s, int64_t ref) {
    const struct lab_outage *f = &s->stack.outages[ref];
    state_run(s,
              "INSERT INTO sim_outage (connector, until_ms) VALUES ($1, $2) "
              "ON CONFLICT (connector) DO UPDATE SET until_ms = excluded.until_ms",
              "ti", f->connector, s->now_ms + f->for_ms);
    s->who = (struct lab_who){.actor = "world"};
    state_event(s,
                &(struct state_event){.kind = "outage.started",
                                      .connector = f->connector,
                                      .detail = arena_printf(s->scratch, "%lld minutes",
                                                             (long long)(f->for_ms / MS_MINUTE))});
}

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
    r->created_ms = r->updated_ms = s->now_ms;
    record_insert(s, at.member, at.object, r);
    if (person) world_person(s, path, at.object, r, person);
}

static void arrive(struct lab_state *s, int index, int64_t hour, int n) {
    const struct lab_arrivals *a = &s->stack.arrivals[index];
    int member = 0;
    const struct lab_object *o = lab_object_by_path(&s->stack, a->object, &member);
    if (world_outage(s, member)) return;
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
    if (world_outage(s, member) || !pick(s, o, "edit", tick, &r)) return;
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
    record_update(s, member, o, r.id, &r, (uint64_t)1 << f->index, true);
}

static void arrivals(struct lab_state *s, int index) {
    int64_t hour = s->now_ms / MS_HOUR;
    int count = count_in_hour(s, "arrivals", index, s->stack.arrivals[index].per_day, hour);
    for (int n = count; n > 0; n--) arrive(s, index, hour, n);
    schedule(s, s->now_ms + MS_HOUR, PRIORITY_HOUR, "arrivals", index, NULL, NULL);
}

static void edits(struct lab_state *s, int index) {
    int64_t hour = s->now_ms / MS_HOUR;
    int count = count_in_hour(s, "edits", index, s->stack.edits[index].per_day, hour);
    for (int n = count; n > 0; n--) edit(s, index, hour, n);
    schedule(s, s->now_ms + MS_HOUR, PRIORITY_HOUR, "edits", index, NULL, NULL);
}

static void run_due(struct lab_state *s, const char *kind, int64_t ref, const char *entity,
                    const char *data) {
    if (str_eq(kind, "outage")) outage(s, ref);
    else if (str_eq(kind, "arrivals")) arrivals(s, (int)ref);
    else if (str_eq(kind, "edits")) edits(s, (int)ref);
    else rules_due(s, str_eq(kind, "schedule"), ref, entity, data);
    (void)rules_run(s);
}

/* Takes the next due event off the list and lets it happen; false when none is due. */
static bool next(struct lab_state *s, int64_t until_ms) {
    sqlite3_stmt *q = state_query(
        s,
        "SELECT at_ms, priority, seq, kind, ref, entity, data FROM sim_due WHERE at_ms <= $1 "
        "ORDER BY at_ms, priority, seq LIMIT 1",
        "i", until_ms);
    if (!state_row(s, q)) {
        state_end(q);
        return false;
    }
    int64_t at = sqlite3_column_int64(q, 0), priority = sqlite3_column_int64(q, 1),
            seq = sqlite3_column_int64(q, 2);
    char *kind = state_column(q, 3, s->scratch);
    int64_t ref = sqlite3_column_int64(q, 4);
    const char *entity = state_column(q, 5, s->scratch), *data = state_column(q, 6, s->scratch);
    state_end(q);
    state_run(s, "DELETE FROM sim_due WHERE at_ms = $1 AND priority = $2 AND seq = $3", "iii", at,
              priority, seq);
    if (at > s->now_ms) s->now_ms = at;
    run_due(s, kind, ref, entity, data);
    return true;
}

const char *world_full(struct lab_state *s) {
    if (state_number(s, "SELECT seq FROM event ORDER BY seq DESC LIMIT 1", "") >= LAB_EVENTS_MAX)
        return "This run's event log is full. Reset the run to go on; the record of what you did "
               "is kept.";
    if (state_meta(s, "reads") + s->reads >= LAB_READS_MAX)
        return "The syncs and merges of this run have read eight million records, which is all "
               "that a run may. Reset the run to go on, with fewer records or a sync that runs "
               "less often; the record of what you did is kept.";
    return NULL;
}

bool world_advance_some(struct lab_state *s, int64_t until_ms, int64_t slice_ms) {
    struct lab_who who = s->who;
    struct arena *outer = s->scratch, inner;
    int64_t began_ms = clock_monotonic_ms();
    bool more = true, slice = true, stands = false;
    /* A week has 168 syncs, so each event's memory is released after it. */
    while (more && slice) {
        arena_init(&inner, (size_t)64 * 1024 * 1024);
        s->scratch = &inner;
        stands = world_full(s) != NULL;
        more = !stands && next(s, until_ms);
        arena_release(&inner);
        slice = clock_monotonic_ms() - began_ms < slice_ms;
    }
    s->scratch = outer;
    s->who = who;
    if (!more && !stands) s->now_ms = until_ms;
    return !more;
}

void world_advance(struct lab_state *s, int64_t until_ms) {
    if (!world_advance_some(s, until_ms, INT64_MAX)) BUG("time has not passed");
}
