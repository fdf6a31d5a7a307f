/* What the steps of rules do. Everything that a step writes goes through record.h, so that it is
 * checked, told in the event log and heard by other rules like anything else. */
#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "base/text.h"
#include "labmodel/lab_surface.h"
#include "sandbox/console.h"
#include "sandbox/faults.h"
#include "sandbox/rule_run.h"
#include "sandbox/rules_index.h"
#include "sandbox/world.h"

static const char *connector_of(struct rule_run *r, struct lab_place at) {
    return r->s->stack.members[at.member].connector->id;
}

const char *rule_refusal(const struct record_problem *p) {
    return p->what == LAB_PROBLEM_REQUIRED ? "required and empty" : "value is not allowed";
}

const char *rule_no_room(struct lab_state *s) {
    return arena_printf(s->scratch, "there is room for %d records", LAB_RECORDS_MAX);
}

/* ---- Records -------------------------------------------------------------------------------- */
/* The values that a step's <set>s and its row give to `out`; returns which fields they are. */
static struct lab_fields values(struct rule_run *r, const struct lab_step *step,
                                struct record *out) {
    struct lab_fields given = {0};
    if (step->from_row && r->has_row)
        for (int i = 0; i < step->at.object->field_count; i++)
            if (!record_empty(r->row.value[i]) && !lab_fields_has(&step->except, i)) {
                out->value[i] = r->row.value[i];
                lab_fields_add(&given, i);
            }
    for (int i = 0; i < step->step_count; i++) {
        const struct lab_step *set = &step->steps[i];
        if (set->verb != LAB_DO_SET || !set->field) continue;
        out->value[set->field->index] = rule_text(r, set->arg[LAB_ARG_SQL]);
        lab_fields_add(&given, set->field->index);
    }
    return given;
}

/* Stores a new record, or says why not. What a person brought is taken as it came. */
static const char *store(struct rule_run *r, const struct lab_step *step, struct record *out) {
    struct lab_state *s = r->s;
    const struct lab_object *o = step->at.object;
    struct lab_fields all = lab_fields_first(o->field_count);
    *out = record_blank(o, s->scratch);
    values(r, step, out);
    if (r->stopped) return r->stopped;
    struct record_problem p = {LAB_PROBLEM_NONE, NULL, NULL};
    if (!step->from_row) p = record_validate(s, o, out, &all);
    if (p.what) return arena_printf(s->scratch, "%s: %s", p.field->id, rule_refusal(&p));
    if (record_count(s, o) >= LAB_RECORDS_MAX) return rule_no_room(s);
    out->id = record_new_id(s, step->at.member, s->scratch);
    out->created_ms = out->updated_ms = faults_clock(s, step->at.member);
    record_insert(s, step->at.member, o, out);
    return NULL;
}

/* Whoever brings the row is the person whom the record is about. */
static void note_person(struct rule_run *r, const struct lab_step *step, const char *id) {
    struct record about = r->row;
    about.id = id;
    if (step->from_row && r->person)
        world_person(
            r->s,
            arena_printf(r->s->scratch, "%s.%s", connector_of(r, step->at), step->at.object->id),
            step->at.object, &about, r->person);
}

static void create(struct rule_run *r, const struct lab_step *step) {
    struct record made;
    const char *why = store(r, step, &made);
    if (!why) note_person(r, step, made.id);
    else if (!step->as)
        state_event(r->s, &(struct state_event){.kind = "record.refused",
                                                .connector = connector_of(r, step->at),
                                                .object = step->at.object->id,
                                                .detail = why});
    rule_set_text(r, step->as, "id", made.id);
    rule_set_text(r, step->as, "why", why);
}

static void change(struct rule_run *r, struct lab_place at, const char *id,
                   const struct record *fresh, const struct lab_fields *fields, bool check) {
    struct lab_state *s = r->s;
    struct record old;
    if (r->stopped || !id || !record_get(s, at.object, id, &old, s->scratch)) return;
    struct lab_fields changed = record_differing(at.object, &old, fresh, fields);
    struct record_problem p = {LAB_PROBLEM_NONE, NULL, NULL};
    if (check) p = record_validate(s, at.object, fresh, &changed);
    if (!p.what) record_update(s, at.member, at.object, id, fresh, &changed, true);
    else
        state_event(s, &(struct state_event){.kind = "record.refused",
                                             .connector = connector_of(r, at),
                                             .object = at.object->id,
                                             .record_id = id,
                                             .field = p.field->id,
                                             .old_value = old.value[p.field->index],
                                             .new_value = p.value,
                                             .detail = rule_refusal(&p)});
}

static void update(struct rule_run *r, const struct lab_step *step) {
    struct record fresh = record_blank(step->at.object, r->s->scratch);
    const char *id = rule_text(r, step->arg[LAB_ARG_RECORD]);
    struct lab_fields given = values(r, step, &fresh);
    change(r, step->at, id, &fresh, &given, !step->from_row);
    if (id) note_person(r, step, id);
}

/* A field that a value names, to a value that may be the dialect's word: both are a learner's. */
static void change_one(struct rule_run *r, struct lab_place at, const char *id,
                       const struct lab_field *f, const char *value) {
    struct record fresh = record_blank(at.object, r->s->scratch);
    struct lab_fields one = lab_fields_one(f->index);
    fresh.value[f->index] = value;
    change(r, at, id, &fresh, &one, true);
}

static void put(struct rule_run *r, const struct lab_step *step) {
    const struct lab_object *o = step->at.object;
    const char *id = rule_text(r, step->arg[LAB_ARG_RECORD]),
               *name = rule_text(r, step->arg[LAB_ARG_KEY]),
               *value = rule_text(r, step->arg[LAB_ARG_VALUE]);
    const struct lab_field *f = name ? lab_field_find(o, name) : NULL;
    if (r->stopped) return;
    if (!f || f->read_only) {
        state_event(r->s, &(struct state_event){.kind = "record.refused",
                                                .connector = connector_of(r, step->at),
                                                .object = o->id,
                                                .record_id = id,
                                                .detail = f ? "the field is read-only"
                                                            : "there is no such field"});
        return;
    }
    const char *neutral = f->type == LAB_PICKLIST && value
                              ? lab_surface_neutral(r->s->dialect[step->at.member], o, f, value)
                              : NULL;
    change_one(r, step->at, id, f, neutral ? neutral : value);
}

/* A field of the row in hand. In a record that was just made this is part of making it. */
static void set(struct rule_run *r, const struct lab_step *step) {
    if (!step->field || !r->has_row) return;
    const char *value = rule_text(r, step->arg[LAB_ARG_SQL]);
    if (r->stopped) return;
    r->row.value[step->field->index] = value;
    if (r->rule->on == LAB_ON_CREATE)
        record_fill_in(r->s, step->at.object, r->row.id, step->field, value);
    else if (r->row.id) change_one(r, step->at, r->row.id, step->field, value);
}

static void merge(struct rule_run *r, const struct lab_step *step) {
    const char *survivor = rule_text(r, step->arg[LAB_ARG_RECORD]),
               *loser = rule_text(r, step->arg[LAB_ARG_LOSER]);
    bool fill = rule_true(r, step->arg[LAB_ARG_FILL]);
    if (!r->stopped && survivor && loser && !str_eq(survivor, loser))
        record_merge(r->s, step->at.member, step->at.object, survivor, loser, fill);
}

static void find(struct rule_run *r, const struct lab_step *step) {
    int key = lab_key_find(step->at.object, rule_text(r, step->arg[LAB_ARG_KEY]));
    rule_set_text(r, step->as, "id", key < 0 ? NULL : rule_text(r, &step->by_key[key]));
}

/* ---- Messages, time, people ------------------------------------------------------------------ */
static void send(struct rule_run *r, const struct lab_step *step) {
    struct record made = {.id = NULL};
    const char *why = rule_true(r, step->arg[LAB_ARG_ALLOWED]) ? NULL : "not allowed";
    if (!why) why = store(r, step, &made);
    if (r->stopped) return;
    state_event(r->s, &(struct state_event){.kind = why ? step->rejected : step->event,
                                            .connector = connector_of(r, step->at),
                                            .object = step->at.object->id,
                                            .record_id = made.id ? made.id : r->row.id,
                                            .detail = why});
    rule_set_text(r, step->as, "id", made.id);
    rule_set_text(r, step->as, "why", why);
}

/* The rule of the same binding that goes on with records of this object; -1. */
static int rule_due(struct rule_run *r, const struct lab_step *step) {
    const struct lab_stack *stack = &r->s->stack;
    for (int i = 0; i < stack->rule_count; i++)
        if (stack->rules[i].on == LAB_ON_DUE && stack->rules[i].binding == r->rule->binding &&
            stack->rules[i].at.object == step->at.object &&
            str_eq(stack->rules[i].event, step->due))
            return i;
    return -1;
}

/* RULE lab-wait: at least a second passes, so that waiting comes to an end. */
static void wait_for(struct rule_run *r, const struct lab_step *step) {
    const char *id = rule_text(r, step->arg[LAB_ARG_RECORD]);
    const char *data = rule_text(r, step->arg[LAB_ARG_DATA]);
    int64_t now = r->s->now_ms, at = step->arg[LAB_ARG_UNTIL]
                                         ? rule_number(r, step->arg[LAB_ARG_UNTIL], now)
                                         : now + rule_number(r, step->arg[LAB_ARG_FOR], 0);
    int rule = rule_due(r, step);
    if (r->stopped || !id) return;
    if (rule < 0)
        rule_stop(r, arena_printf(r->s->scratch, "No rule goes on with “%s”.", step->due));
    else
        due_add(r->s, at > now + RULE_WAIT_MIN_MS ? at : now + RULE_WAIT_MIN_MS, DUE_RULE, DUE_WAIT,
                rule, id, data);
}

/* All rows of a query, first columns only. */
static const char **first_column(struct rule_run *r, const struct lab_statement *sql, int *count) {
    const char **list = NULL;
    *count = 0;
    sqlite3_stmt *q = rule_sql_begin(r, sql);
    if (!q) return NULL;
    while (*count < RULE_ROWS_MAX && rule_sql_row(r, q)) {
        list = list_more(r->s->scratch, list, (size_t)*count, sizeof *list);
        list[(*count)++] = rule_column(r, q, 0);
    }
    rule_sql_end(r, q);
    return list;
}

/* The next of the pool who is there; the one after them is asked first the next time. */
static void assign(struct rule_run *r, const struct lab_step *step) {
    int count, variables = r->variable_count;
    const char *id = rule_text(r, step->arg[LAB_ARG_RECORD]), *chosen = NULL;
    const char **pool = first_column(r, step->arg[LAB_ARG_POOL], &count);
    const char *of = rule_text(r, step->arg[LAB_ARG_TURN]);
    const char *key = arena_printf(r->s->scratch, "assign-%d%s%s", step->arg[LAB_ARG_POOL]->index,
                                   of ? "-" : "", of ? of : "");
    int64_t turn = state_meta(r->s, key);
    for (int i = 0; i < count && !chosen && !r->stopped; i++) {
        int at = (int)((turn + i) % count);
        rule_set_text(r, "member", "id", pool[at]);
        if (!step->arg[LAB_ARG_CALENDAR] || rule_true(r, step->arg[LAB_ARG_CALENDAR])) {
            chosen = pool[at];
            turn = at + 1;
        }
        r->variable_count = variables;
    }
    if (chosen && step->field) {
        state_meta_set(r->s, key, turn);
        change_one(r, step->at, id, step->field, chosen);
    }
    rule_set_text(r, step->as, "id", chosen);
}

static void raise(struct rule_run *r, const struct lab_step *step) {
    struct state_event e = {.kind = step->event};
    if (step->at.object) {
        e.connector = connector_of(r, step->at);
        e.object = step->at.object->id;
    }
    e.record_id = rule_text(r, step->arg[LAB_ARG_RECORD]);
    e.field = step->field ? step->field->id : NULL;
    e.old_value = rule_text(r, step->arg[LAB_ARG_OLD]);
    e.new_value = rule_text(r, step->arg[LAB_ARG_NEW]);
    e.detail = rule_text(r, step->arg[LAB_ARG_DETAIL]);
    if (!r->stopped) state_event(r->s, &e);
}

/* The first cell of what a learner's SQL finds, as a whole number; guarded like the console's. */
static void ask(struct rule_run *r, const struct lab_step *step) {
    struct lab_state *s = r->s;
    const char *sql = rule_text(r, step->arg[LAB_ARG_SQL]), *why = NULL, *cut, *fault = NULL;
    struct buf rows;
    if (r->stopped) return;
    buf_init(&rows, s->scratch);
    if (console_query(s, sql, true, RULE_ASK_OPERATIONS, &rows, &why, &cut)) {
        json_t *all = json_read(s->scratch, buf_text(&rows), rows.len, &why);
        json_t *cell = json_array_get(json_array_get(json_object_get(all, "rows"), 0), 0);
        double real = json_is_string(cell) ? strtod(json_string_value(cell), NULL) : 0;
        if (json_is_integer(cell)) rule_set_number(r, step->as, "number", json_integer_value(cell));
        else if (json_is_string(cell) && real > -1e15 && real < 1e15)
            rule_set_number(r, step->as, "number", (int64_t)real);
    } else fault = why;
    s->reads += s->asked / RULE_OPERATIONS_A_READ;
    rule_set_text(r, step->as, "fault", fault);
}

static void fail(struct rule_run *r, const struct lab_step *step) {
    const char *value = rule_text(r, step->arg[LAB_ARG_VALUE]);
    if (r->stopped) return;
    r->failed = true;
    r->failure = (struct rule_failure){step->problem, step->field, value};
}

#define EACH_LOOKS 100 /* rows until it is asked whether the run is full (RULE lab-full) */

/* ---- Control -------------------------------------------------------------------------------- */
struct rows {
    int columns, count;
    const char **names;
    struct rule_variable *cells;
};

static void read_rows(struct rule_run *r, const struct lab_step *step, struct rows *out) {
    memset(out, 0, sizeof *out);
    sqlite3_stmt *q = rule_sql_begin(r, step->arg[LAB_ARG_SQL]);
    if (!q) return;
    out->columns = sqlite3_column_count(q);
    out->names = NEW_ARRAY(r->s->scratch, const char *, (size_t)out->columns);
    for (int i = 0; i < out->columns; i++)
        out->names[i] = arena_printf(r->s->scratch, "%s_%s", step->as, sqlite3_column_name(q, i));
    size_t n = 0;
    while (out->count < RULE_ROWS_MAX && rule_sql_row(r, q)) {
        for (int i = 0; i < out->columns; i++, n++) {
            out->cells = list_more(r->s->scratch, out->cells, n, sizeof *out->cells);
            int type = sqlite3_column_type(q, i);
            bool number = type == SQLITE_INTEGER || type == SQLITE_FLOAT;
            out->cells[n] = (struct rule_variable){.text = number ? NULL : rule_column(r, q, i),
                                                   .is_number = number,
                                                   .number = number ? sqlite3_column_int64(q, i)
                                                                    : 0};
        }
        out->count++;
    }
    rule_sql_end(r, q);
    r->s->reads += out->count;
}

/* The steps for each row: the rows are those that were there before the first of them. */
static void each(struct rule_run *r, const struct lab_step *step) {
    struct rows rows;
    int before = r->variable_count;
    read_rows(r, step, &rows);
    for (int n = 0; n < rows.count && !r->stopped && !r->failed; n++) {
        if (n % EACH_LOOKS == EACH_LOOKS - 1 && world_full(r->s)) rule_stop(r, "The run is full.");
        for (int i = 0; i < rows.columns; i++) {
            struct rule_variable cell = rows.cells[n * rows.columns + i];
            cell.name = rows.names[i];
            rule_push(r, cell);
        }
        rule_steps(r, step->steps, step->step_count);
        r->variable_count = before;
    }
}

static void choose(struct rule_run *r, const struct lab_step *step) {
    for (int i = 0; i < step->step_count && !r->stopped; i++) {
        const struct lab_step *way = &step->steps[i];
        if (way->verb == LAB_WHEN && !rule_true(r, way->arg[LAB_ARG_SQL])) continue;
        if (!r->stopped) rule_steps(r, way->steps, way->step_count);
        return;
    }
}

static void run_step(struct rule_run *r, const struct lab_step *step) {
    switch (step->verb) {
    case LAB_EACH: each(r, step); break;
    case LAB_IF:
        if (rule_true(r, step->arg[LAB_ARG_SQL])) rule_steps(r, step->steps, step->step_count);
        break;
    case LAB_CHOOSE: choose(r, step); break;
    case LAB_WHEN:
    case LAB_OTHERWISE:
    case LAB_VERBS: break; /* parts of <choose> */
    case LAB_DO_SET: set(r, step); break;
    case LAB_DO_CREATE: create(r, step); break;
    case LAB_DO_UPDATE: update(r, step); break;
    case LAB_DO_PUT: put(r, step); break;
    case LAB_DO_DELETE: {
        const char *id = rule_text(r, step->arg[LAB_ARG_RECORD]);
        if (id && record_exists(r->s, step->at.object, id))
            record_delete(r->s, step->at.member, step->at.object, id);
        break;
    }
    case LAB_DO_MERGE: merge(r, step); break;
    case LAB_DO_MERGE_GROUPS: rule_merge_groups(r, step); break;
    case LAB_DO_FIND: find(r, step); break;
    case LAB_DO_MATCH: rule_match(r, step); break;
    case LAB_DO_SEND: send(r, step); break;
    case LAB_DO_WAIT: wait_for(r, step); break;
    case LAB_DO_ASSIGN: assign(r, step); break;
    case LAB_DO_RAISE: raise(r, step); break;
    case LAB_DO_ASK: ask(r, step); break;
    case LAB_DO_CHARGE:
        state_run(r->s, "UPDATE sim_quota SET day_used = day_used + $2 WHERE member = $1", "ii",
                  (int64_t)step->at.member, rule_number(r, step->arg[LAB_ARG_CALLS], 0));
        break;
    case LAB_DO_FAIL: fail(r, step); break;
    }
}

void rule_steps(struct rule_run *r, const struct lab_step *steps, int count) {
    for (int i = 0; i < count && !r->stopped && !r->failed; i++) run_step(r, &steps[i]);
}
