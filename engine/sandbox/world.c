/* The simulated world. */
#include "sandbox/world.h"

#include <limits.h>

#include "base/clock.h"
#include "base/text.h"
#include "sandbox/bulk.h"
#include "sandbox/console.h"
#include "sandbox/conversation.h"
#include "sandbox/faults.h"
#include "sandbox/hooks.h"
#include "sandbox/people.h"
#include "sandbox/rules.h"
#include "sandbox/timeline.h"
#include "sandbox/vfs.h"
#include "sandbox/world_forms.h"

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
    timeline_start(s);
    for (int i = 0; i < s->stack.arrivals_count; i++)
        due_add(s, s->now_ms + MS_HOUR, DUE_WORLD, DUE_ARRIVALS, i, NULL, NULL);
    for (int i = 0; i < s->stack.edits_count; i++)
        due_add(s, s->now_ms + MS_HOUR, DUE_WORLD, DUE_EDITS, i, NULL, NULL);
}

static int64_t number(const char *text) {
    int64_t n = 0;
    return text && parse_i64(text, 0, INT64_MAX, &n) ? n : 0;
}

static void run_due(struct lab_state *s, const struct due *d) {
    switch (d->kind) {
    case DUE_TIMELINE: timeline_due(s, (int)d->ref); break;
    case DUE_FAULT_END:
        s->who = (struct lab_who){.actor = "world"};
        faults_end(s, d->ref);
        break;
    case DUE_ANSWER: conversation_missed(s, d->ref); break;
    case DUE_REPLY: conversation_reply(s, (int)d->ref, number(d->entity)); break;
    case DUE_PERSON: people_act(s, d->ref, d->at_ms); break;
    case DUE_REACTION: people_react(s, (int)d->ref, d->entity, d->data); break;
    case DUE_ARRIVALS: world_arrivals(s, (int)d->ref); break;
    case DUE_EDITS: world_edits(s, (int)d->ref); break;
    case DUE_SCHEDULE:
    case DUE_WAIT: rules_due(s, d->kind == DUE_SCHEDULE, d->ref, d->entity, d->data); break;
    case DUE_HOOK: hooks_send(s, d->ref); break;
    case DUE_HOOK_LATE: hooks_late(s, d->ref); break;
    case DUE_BULK: bulk_due(s, d->ref); break;
    case DUE_KINDS: break;
    }
    (void)rules_run(s);
}

/* Takes what is due next off the queue and lets it happen; false when nothing is. */
static bool next(struct lab_state *s, int64_t until_ms) {
    struct due d;
    if (!due_take(s, until_ms, &d)) return false;
    if (d.at_ms > s->now_ms) s->now_ms = d.at_ms;
    run_due(s, &d);
    due_release(&d);
    return true;
}

const char *world_full(struct lab_state *s) {
    if (s->last_event >= LAB_EVENTS_MAX)
        return "This run's event log is full. Reset the run to go on; the record of what you did "
               "is kept.";
    if (state_meta(s, "reads") + s->reads >= LAB_READS_MAX)
        return "The syncs and merges of this run have read eight million records, which is all "
               "that a run may. Reset the run to go on, with fewer records or a sync that runs "
               "less often; the record of what you did is kept.";
    return NULL;
}

/* ---- Walks ---------------------------------------------------------------------------------- */
static bool at_a_due_time(const struct lab_state *s) {
    return !s->due.count || s->due.heap[0].at_ms > s->now_ms;
}

/* Why the walk ends where the clock stands; WORLD_GOES_ON: it does not. */
static enum world_end ends_here(struct lab_state *s, struct world_walk *w) {
    if (world_full(s)) return WORLD_FULL;
    if (w->to_event && s->last_event > w->event_before && at_a_due_time(s)) return WORLD_EVENT;
    if (w->condition && at_a_due_time(s)) {
        vfs_set(s->seed, s->step, s->now_ms);
        switch (console_holds(s, w->condition, &w->operations)) {
        case CONSOLE_HOLDS: return WORLD_CONDITION;
        case CONSOLE_HOLDS_NOT: break;
        case CONSOLE_HOLDS_STEPS: return WORLD_STEPS;
        case CONSOLE_HOLDS_ERROR: return WORLD_FAILED;
        }
    }
    return w->left > 0 ? WORLD_GOES_ON : WORLD_PART;
}

static enum world_end one(struct lab_state *s, struct world_walk *w) {
    if (!w->looked) {
        w->looked = true;
        enum world_end end = ends_here(s, w);
        if (end) return end;
    }
    if (!next(s, w->until_ms)) {
        s->now_ms = w->until_ms;
        enum world_end end = w->condition ? ends_here(s, w) : WORLD_TIME;
        return end == WORLD_CONDITION || end == WORLD_STEPS || end == WORLD_FAILED ? end
                                                                                   : WORLD_TIME;
    }
    w->left--;
    return ends_here(s, w);
}

enum world_end world_walk(struct lab_state *s, struct world_walk *w, int64_t slice_ms) {
    struct lab_who who = s->who;
    struct arena *outer = s->scratch, inner;
    int64_t began_ms = clock_monotonic_ms();
    enum world_end end = WORLD_GOES_ON;
    bool slice = true;
    /* A week has 168 syncs, so each event's memory is released after it. */
    while (!end && slice) {
        arena_init(&inner, (size_t)64 * 1024 * 1024);
        s->scratch = &inner;
        end = one(s, w);
        arena_release(&inner);
        slice = clock_monotonic_ms() - began_ms < slice_ms;
    }
    s->scratch = outer;
    s->who = who;
    return end;
}

void world_advance(struct lab_state *s, int64_t until_ms) {
    struct world_walk w = {.until_ms = until_ms, .left = INT_MAX};
    if (!world_walk(s, &w, INT64_MAX)) BUG("time has not passed");
}
