/* Which rules listen to what happens, and their turn. */
#include "sandbox/rules.h"

#include <string.h>

#include "base/hash.h"
#include "base/text.h"
#include "sandbox/rule_run.h"
#include "sandbox/rules_index.h"
#include "sandbox/world.h"

/* ---- Index ---------------------------------------------------------------------------------- */
static uint64_t hash_of(enum lab_trigger on, const char *event, const char *table,
                        const char *field) {
    char text[256];
    int len = snprintf(text, sizeof text, "%d|%s|%s|%s", (int)on, event ? event : "",
                       table ? table : "", field ? field : "");
    uint64_t h = hash_bytes(text, len < (int)sizeof text ? (size_t)len : sizeof text - 1);
    return h ? h : 1;
}

static struct rule_slot *slot_of(const struct rules *x, uint64_t hash) {
    unsigned at = (unsigned)hash & (x->slot_count - 1);
    while (x->slots[at].hash && x->slots[at].hash != hash) at = (at + 1) & (x->slot_count - 1);
    return &x->slots[at];
}

static int first_rule(const struct rules *x, enum lab_trigger on, const char *event,
                      const char *table, const char *field) {
    const struct rule_slot *slot = slot_of(x, hash_of(on, event, table, field));
    return slot->hash ? slot->first : -1;
}

void rules_open(struct lab_state *s) {
    int count = s->stack.rule_count;
    struct rules *x = s->rules = NEW(&s->pack, struct rules);
    x->silent = true;
    x->run = NEW(&s->pack, struct rule_run);
    for (x->slot_count = 16; x->slot_count < (unsigned)count * 2; x->slot_count *= 2) continue;
    x->slots = NEW_ARRAY(&s->pack, struct rule_slot, x->slot_count);
    x->next = NEW_ARRAY(&s->pack, int, (size_t)count);
    x->statements = NEW_ARRAY(&s->pack, sqlite3_stmt *, (size_t)s->stack.statement_count);
    for (int i = 0; i < count; i++) {
        const struct lab_rule *rule = &s->stack.rules[i];
        uint64_t hash = hash_of(rule->on, rule->event,
                                rule->at.object ? rule->at.object->table : NULL,
                                rule->field ? rule->field->id : NULL);
        struct rule_slot *slot = slot_of(x, hash);
        x->next[i] = -1;
        if (slot->hash) x->next[slot->last] = i;
        else *slot = (struct rule_slot){hash, i, i};
        slot->last = i;
    }
}

void rules_drop_statements(struct lab_state *s) {
    if (!s->rules) return;
    filters_drop_statements(s);
    for (int i = 0; i < s->stack.statement_count; i++) {
        sqlite3_finalize(s->rules->statements[i]);
        s->rules->statements[i] = NULL;
    }
}

/* ---- What waits for its turn ---------------------------------------------------------------- */
static void tell_stopped(struct lab_state *s, const struct lab_rule *rule, const char *record_id,
                         const char *why) {
    state_event(s, &(struct state_event){
                       .kind = "rule.stopped",
                       .connector =
                           rule->at.object ? s->stack.members[rule->at.member].connector->id : NULL,
                       .object = rule->at.object ? rule->at.object->id : NULL,
                       .record_id = record_id,
                       .detail = arena_printf(s->scratch, "%s: %s", rule->binding, why)});
}

static void note(struct lab_state *s, int rule, const struct record *row,
                 const struct state_event *event, int64_t cause) {
    struct rules *x = s->rules;
    const struct lab_rule *which = &s->stack.rules[rule];
    const char *id = row ? row->id : event ? event->record_id : NULL;
    if (x->full) return;
    if (x->depth >= RULE_DEPTH || x->pending_count == RULE_PENDING) {
        bool silent = x->silent;
        x->silent = true; /* nobody listens to this: it would not end */
        x->full = x->pending_count == RULE_PENDING;
        tell_stopped(s, which, id,
                     x->full ? "so many rules followed that no more are run."
                             : "it is the end of a chain of 16 rules.");
        x->silent = silent;
        return;
    }
    x->pending = list_more(s->scratch, x->pending, (size_t)x->pending_count, sizeof *x->pending);
    struct rule_pending *p = &x->pending[x->pending_count++];
    *p = (struct rule_pending){.rule = which, .cause = cause, .depth = x->depth + 1};
    p->has_row = row != NULL;
    if (row) p->row = record_copy(which->at.object, row, s->scratch);
    if (event) {
        struct state_event *copy = NEW(s->scratch, struct state_event);
        *copy = *event;
        copy->actor = s->who.actor;
        copy->human = s->who.human;
        p->event = copy;
    }
}

void rules_event(struct lab_state *s, const struct state_event *e, int64_t seq) {
    struct rules *x = s->rules;
    if (!x || x->silent || s->stack.rule_count == 0) return;
    const char *table = e->connector && e->object
                            ? arena_printf(s->scratch, "%s_%s", e->connector, e->object)
                            : NULL;
    for (int general = e->field ? 0 : 1; general < 3; general++) {
        if (general == 1 && !table) continue;
        int rule = first_rule(x, LAB_ON_EVENT, e->kind, general < 2 ? table : NULL,
                              general == 0 ? e->field : NULL);
        for (; rule >= 0; rule = x->next[rule]) note(s, rule, NULL, e, seq);
    }
}

/* Plans the next run of a schedule anew; the record that says when has changed, or it has run. */
static void plan(struct lab_state *s, int rule);

void rules_record(struct lab_state *s, enum lab_trigger on, struct lab_place at,
                  const struct record *r, int64_t cause) {
    struct rules *x = s->rules;
    if (!x || x->silent) return;
    int rule = first_rule(x, on, NULL, at.object->table, NULL);
    for (; rule >= 0; rule = x->next[rule]) note(s, rule, r, NULL, cause);
    rule = first_rule(x, LAB_ON_SCHEDULE, NULL, at.object->table, NULL);
    for (; rule >= 0; rule = x->next[rule]) plan(s, rule);
}

/* ---- A rule's run --------------------------------------------------------------------------- */
static void run_reset(struct rule_run *r, struct lab_state *s, const struct lab_rule *rule) {
    *r = (struct rule_run){.s = s, .rule = rule, .left = RULE_OPERATIONS};
}

static struct rule_run *run_new(struct lab_state *s, const struct lab_rule *rule) {
    struct rule_run *r = NEW(s->scratch, struct rule_run);
    run_reset(r, s, rule);
    return r;
}

/* Runs a rule; what it did is taken back when it fails. */
static void run_rule(struct rule_run *r) {
    struct lab_state *s = r->s;
    const struct lab_rule *rule = r->rule;
    struct state_savepoint before;
    bool holds = !rule->when || rule_true(r, rule->when);
    if (holds && rule->fails) state_savepoint(s, "rule", &before);
    if (holds) rule_steps(r, rule->steps, rule->step_count);
    if (holds && rule->fails) state_settle(s, &before, r->failed);
    s->reads += (holds ? RULE_READS : 0) + (RULE_OPERATIONS - r->left) / RULE_OPERATIONS_A_READ;
    if (r->stopped) tell_stopped(s, rule, r->row.id, r->stopped);
}

static void by_itself(struct lab_state *s, const struct lab_rule *rule, int64_t cause) {
    s->who = (struct lab_who){.actor = rule->kind, .cause = cause};
}

/* Thousands may wait whose condition asks nothing of the record and does not hold: they cost
 * neither memory nor a look at it. */
static bool out_of_question(struct rule_run *r) {
    const struct lab_statement *when = r->rule->when;
    return when && !strstr(when->text, ":row_") && !rule_true(r, when) && !r->stopped;
}

static void run_pending(struct lab_state *s, struct rule_pending p, struct rule_failure *failure) {
    struct rules *x = s->rules;
    struct rule_run *r = x->run;
    run_reset(r, s, p.rule);
    by_itself(s, p.rule, p.cause);
    x->depth = p.depth;
    r->event = p.event;
    if (out_of_question(r)) return;
    r->row = p.row;
    r->has_row = p.has_row;
    /* Whatever ran before may have changed the record, or removed it. */
    const char *id = p.has_row ? p.row.id : p.event ? p.event->record_id : NULL;
    if (p.rule->on != LAB_ON_DELETE && p.rule->at.object && id)
        r->has_row = record_get(s, p.rule->at.object, id, &r->row, s->scratch);
    if (p.rule->on != LAB_ON_DELETE && p.has_row && !r->has_row) return;
    run_rule(r);
    if (!r->failed) return;
    if (p.depth == 1) *failure = r->failure;
    else
        state_event(
            s, &(struct state_event){.kind = "rule.failed",
                                     .connector = s->stack.members[p.rule->at.member].connector->id,
                                     .object = p.rule->at.object->id,
                                     .record_id = id,
                                     .field = r->failure.field ? r->failure.field->id : NULL,
                                     .new_value = r->failure.value,
                                     .detail = p.rule->binding});
}

struct rule_failure rules_run(struct lab_state *s) {
    struct rules *x = s->rules;
    struct rule_failure failure = {LAB_PROBLEM_NONE, NULL, NULL};
    struct lab_who who = s->who;
    while (x->pending_at < x->pending_count && !failure.what && !world_full(s))
        run_pending(s, x->pending[x->pending_at++], &failure);
    x->pending = NULL;
    x->pending_count = x->pending_at = x->depth = 0;
    x->full = false;
    s->who = who;
    return failure;
}

bool rules_may_fail(struct lab_state *s, enum lab_trigger on, const struct lab_object *o) {
    int rule = first_rule(s->rules, on, NULL, o->table, NULL);
    for (; rule >= 0; rule = s->rules->next[rule])
        if (s->stack.rules[rule].fails) return true;
    return false;
}

/* ---- At once -------------------------------------------------------------------------------- */
/* The rule for what somebody does, in whose name it is done. */
static struct rule_run *of_somebody(struct lab_state *s, enum lab_trigger on, struct lab_place at) {
    int rule = first_rule(s->rules, on, NULL, at.object->table, NULL);
    return rule < 0 ? NULL : run_new(s, &s->stack.rules[rule]);
}

bool rules_merge(struct lab_state *s, struct lab_place at, const char *survivor,
                 const char *loser) {
    struct rule_run *r = of_somebody(s, LAB_ON_MERGE, at);
    if (!r) return false;
    r->has_row = record_get(s, at.object, survivor, &r->row, s->scratch);
    rule_set_text(r, "loser", "id", loser);
    run_rule(r);
    return true;
}

bool rules_arrive(struct lab_state *s, struct lab_place at, struct record *record, int64_t person) {
    struct rule_run *r = of_somebody(s, LAB_ON_ARRIVE, at);
    if (!r) return false;
    struct lab_who who = s->who;
    s->who = (struct lab_who){.actor = r->rule->kind, .human = true};
    r->row = *record;
    r->row.id = NULL; /* it has none yet */
    r->has_row = true;
    r->person = person;
    run_rule(r);
    s->who = who;
    return true;
}

/* RULE lab-schedule: a change of its records never puts off a run that is planned: it brings it
 * forward, or ends it. */
static void plan(struct lab_state *s, int rule) {
    struct rule_run *r = run_new(s, &s->stack.rules[rule]);
    int64_t every = rule_number(r, r->rule->every, 0), planned = due_ms(s, DUE_SCHEDULE, rule);
    int64_t at = s->now_ms + (every > RULE_INTERVAL_MIN_MS ? every : RULE_INTERVAL_MIN_MS);
    if (planned && (every <= 0 || at < planned)) due_drop(s, DUE_SCHEDULE, rule);
    if (every > 0 && (!planned || at < planned))
        due_add(s, at, DUE_RULE, DUE_SCHEDULE, rule, NULL, NULL);
    if (r->stopped) tell_stopped(s, r->rule, NULL, r->stopped);
}

static void begin(struct lab_state *s, const struct lab_rule *rule) {
    struct arena *outer = s->scratch, inner;
    int count;
    const struct record *all = record_all(s, rule->at.object, outer, &count);
    for (int i = 0; i < count; i++) {
        arena_init(&inner, (size_t)64 * 1024 * 1024);
        s->scratch = &inner;
        struct rule_run *r = run_new(s, rule);
        r->row = all[i];
        r->has_row = true;
        run_rule(r);
        arena_release(&inner);
    }
    s->scratch = outer;
}

void rules_begin(struct lab_state *s) {
    struct lab_who who = s->who;
    for (int i = 0; i < s->stack.rule_count; i++) {
        if (s->stack.rules[i].on != LAB_ON_START) continue;
        by_itself(s, &s->stack.rules[i], 0);
        begin(s, &s->stack.rules[i]);
    }
    s->who = who;
}

void rules_start(struct lab_state *s) {
    s->rules->silent = false;
    for (int i = 0; i < s->stack.rule_count; i++)
        if (s->stack.rules[i].on == LAB_ON_SCHEDULE) plan(s, i);
}

void rules_resume(struct lab_state *s) { s->rules->silent = false; }
void rules_rest(struct lab_state *s) { s->rules->silent = true; }

void rules_due(struct lab_state *s, bool schedule, int64_t ref, const char *entity,
               const char *data) {
    if (ref < 0 || ref >= s->stack.rule_count) return;
    struct rule_run *r = run_new(s, &s->stack.rules[ref]);
    by_itself(s, r->rule, 0);
    if (entity && r->rule->at.object)
        r->has_row = record_get(s, r->rule->at.object, entity, &r->row, s->scratch);
    r->data = data;
    if (schedule || r->has_row) run_rule(r);
    if (schedule) plan(s, (int)ref);
}
