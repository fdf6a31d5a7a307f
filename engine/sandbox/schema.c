/* Makes the tables of a run and fills them at its start. */
#include "sandbox/schema.h"

#include <string.h>

#include "base/clock.h"
#include "base/text.h"
#include "sandbox/people.h"
#include "sandbox/record.h"
#include "sandbox/rules.h"
#include "sandbox/tables.h"
#include "sandbox/world.h"

#define ROW_ARENA_BYTES ((size_t)16 * 1024 * 1024)

static void create_object(struct lab_state *s, const struct lab_object *o) {
    state_run(s, tables_object(o, s->scratch), "");
    const char *index;
    for (int i = 0; (index = tables_index(o, i, s->scratch)) != NULL; i++) state_run(s, index, "");
}

/* What SQL cannot read elsewhere. */
static void describe(struct lab_state *s, const struct lab_connector *c) {
    for (int i = 0; i < c->object_count; i++) {
        state_run(s, "INSERT INTO sim_object (object, setup) VALUES ($1, $2)", "ti",
                  arena_printf(s->scratch, "%s.%s", c->id, c->objects[i].id),
                  (int64_t)c->objects[i].setup);
        for (int k = 0; k < c->objects[i].field_count; k++) {
            const struct lab_field *f = &c->objects[i].fields[k];
            for (int v = 0; v < f->value_count; v++)
                state_run(s, "INSERT INTO sim_value (object, field, value) VALUES ($1, $2, $3)",
                          "ttt", arena_printf(s->scratch, "%s.%s", c->id, c->objects[i].id), f->id,
                          f->values[v]);
        }
    }
}

static void fill_lookups(struct lab_state *s) {
    for (int i = 0; i < s->stack.lookup_count; i++)
        for (int k = 0; k < s->stack.lookups[i].pair_count; k++)
            state_run(s,
                      "INSERT INTO sim_lookup (lookup, position, left_value, right_value) "
                      "VALUES ($1, $2, $3, $4) ON CONFLICT DO NOTHING",
                      "titt", s->stack.lookups[i].id, (int64_t)k + 1,
                      s->stack.lookups[i].pairs[k].left, s->stack.lookups[i].pairs[k].right);
}

void schema_create(struct lab_state *s) {
    for (size_t i = 0; tables_own[i]; i++) state_run(s, tables_own[i], "");
    for (int m = 0; m < s->stack.member_count; m++) {
        const struct lab_connector *c = s->stack.members[m].connector;
        for (int i = 0; i < c->object_count; i++) create_object(s, &c->objects[i]);
        describe(s, c);
        state_run(s,
                  "INSERT INTO sim_quota (member, window_ms, window_used, day, day_used) VALUES "
                  "($1, 0, 0, 0, 0)",
                  "i", (int64_t)m);
    }
    fill_lookups(s);
}

static const char *change_case(struct lab_state *s, const char *v, const char *entity) {
    char *out = arena_dup(s->scratch, v);
    uint32_t how = state_draw(s, "case-how", entity, 0, 3);
    for (char *p = out; *p; p++) {
        bool start = p == out || p[-1] == '.' || p[-1] == '-';
        bool up = how == 0 || (how == 1 && start) ||
                  (how == 2 && (start || !strchr(out, '@') || p < strchr(out, '@')));
        if (how == 1 && strchr(out, '@') && p > strchr(out, '@')) up = false;
        if (up && *p >= 'a' && *p <= 'z') *p = (char)(*p - 32);
    }
    return out;
}

static void distort(struct lab_state *s, const struct lab_object *o, const char *path,
                    const char *entity, struct record *r) {
    for (int i = 0; i < s->stack.distort_count; i++) {
        const struct lab_distort *d = &s->stack.distorts[i];
        if (!str_eq(d->object, path)) continue;
        int at = lab_field_find(o, d->field)->index;
        const char *stream = arena_printf(s->scratch, "distort-%d", i);
        if ((record_empty(r->value[at]) && d->kind != LAB_ONE_OF) ||
            state_draw(s, stream, entity, 0, 1000) >= (uint32_t)d->permille)
            continue;
        switch (d->kind) {
        case LAB_CASE: r->value[at] = change_case(s, r->value[at], entity); break;
        case LAB_PAD: r->value[at] = arena_printf(s->scratch, "%s ", r->value[at]); break;
        case LAB_BLANK: r->value[at] = NULL; break;
        case LAB_CAPITAL: break; /* of people who come again */
        case LAB_ONE_OF:
            r->value[at] = d->values[state_draw(s, stream, entity, 1, (uint32_t)d->value_count)];
            break;
        case LAB_DRIFT:
            if (str_eq(r->value[at], d->from))
                r->value[at] =
                    d->values[state_draw(s, stream, entity, 1, (uint32_t)d->value_count)];
            break;
        }
    }
}

static int64_t time_cell(struct lab_state *s, const struct lab_csv *csv, int row,
                         const char *column) {
    int at = lab_csv_column(csv, column);
    int64_t ms;
    if (at < 0 || !time_parse_iso(csv->rows[row][at], &ms)) return s->now_ms;
    return ms;
}

/* "@c17" is the id that row c17 of that object got; a key that no row has gives an id that leads
 * nowhere. */
static const char *reference(struct lab_state *s, const char *path, const char *key) {
    sqlite3_stmt *q = state_query(s, "SELECT record_id FROM sim_key WHERE object = $1 AND key = $2",
                                  "tt", path, key);
    const char *id = state_row(s, q) ? state_column(q, 0, s->scratch) : NULL;
    state_end(q);
    if (id) return id;
    int member = 0;
    lab_object_by_path(&s->stack, path, &member);
    return record_new_id(s, member, s->scratch);
}

void schema_row(struct lab_state *s, const struct lab_object *o, const char *path,
                const struct lab_csv *csv, int row, bool with_distortion, struct record *out,
                int64_t *person) {
    *out = record_blank(o, s->scratch);
    *person = 0;
    for (int i = 0; i < csv->columns; i++) {
        const char *h = csv->header[i], *cell = csv->rows[row][i];
        if (str_eq(h, "person")) parse_i64(cell, 0, 1000000000, person);
        const struct lab_field *f = lab_field_find(o, h);
        if (!f || !*cell) continue;
        int64_t ms;
        if (*cell == '@' && f->of) cell = reference(s, f->of, cell + 1);
        if (f->type == LAB_TIME && time_parse_iso(cell, &ms))
            cell = arena_printf(s->scratch, "%lld", (long long)ms);
        out->value[f->index] = cell;
    }
    int key = lab_csv_column(csv, "key");
    if (with_distortion) distort(s, o, path, key >= 0 ? csv->rows[row][key] : "", out);
    out->created_ms = time_cell(s, csv, row, "created");
    out->updated_ms = time_cell(s, csv, row, "updated");
}

static void fill_row(struct lab_state *s, const struct lab_seed *seed, struct lab_place at,
                     const struct lab_csv *csv, int row) {
    struct record r;
    int64_t person;
    int key = lab_csv_column(csv, "key");
    schema_row(s, at.object, seed->object, csv, row, true, &r, &person);
    r.id = record_new_id(s, at.member, s->scratch);
    record_insert(s, at.member, at.object, &r);
    if (key >= 0)
        state_run(s,
                  "INSERT INTO sim_key (object, key, record_id) VALUES ($1, $2, $3) ON "
                  "CONFLICT DO NOTHING",
                  "ttt", seed->object, csv->rows[row][key], r.id);
    if (person) world_person(s, seed->object, at.object, &r, person);
}

/* A row's memory is used again for the next one. */
static void fill(struct lab_state *s, const struct lab_seed *seed, const struct lab_csv *csv) {
    struct arena *outer = s->scratch, inner;
    struct lab_place at = {NULL, 0};
    at.object = lab_object_by_path(&s->stack, seed->object, &at.member);
    if (!at.object)
        BUG("a seed has no object"); /* lab_scenario_load has looked; ends the worker (state.c) */
    for (int i = 0; i < csv->row_count; i++) {
        arena_init(&inner, ROW_ARENA_BYTES);
        s->scratch = &inner;
        fill_row(s, seed, at, csv, i);
        arena_release(&inner);
    }
    s->scratch = outer;
}

void schema_fill(struct lab_state *s) {
    /* The event log begins when the learner does: the seeds themselves are no events. */
    s->unheard = true;
    for (int i = 0; i < s->stack.seed_count; i++) fill(s, &s->stack.seeds[i], &s->seeds[i]);
    s->unheard = false;
    rules_begin(s);
    people_start(s);
    state_run(s, "DELETE FROM event", "");
    s->last_event = 0;
    world_start(s);
}
