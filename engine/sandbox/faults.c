/* Faults in force. */
#include "sandbox/faults.h"

#include <string.h>

#include "base/clock.h"
#include "base/json.h"
#include "base/text.h"

static const char *connector_of(const struct lab_state *s, const struct lab_fault *f) {
    return s->stack.members[f->member].connector->id;
}

/* Nothing of the system can be reached. */
static bool whole_outage(const struct lab_fault *f) {
    return f->kind == LAB_FAULT_OUTAGE && !f->operations && !f->object && f->share == 1000;
}

/* ---- Beginning and ending ------------------------------------------------------------------- */
static const struct lab_dialect *drifted(struct lab_state *s, int member) {
    const struct lab_dialect *d = s->dialect[member];
    for (int i = 0; i < s->fault_count; i++) {
        const struct lab_fault *f = &s->faults[i].fault;
        if (f->kind == LAB_FAULT_SCHEMA && f->member == member)
            d = lab_dialect_renamed(d, s->stack.members[member].connector, f->object, f->field,
                                    f->as, &s->pack);
    }
    return d == s->dialect[member] ? NULL : d;
}

static void take_effect(struct lab_state *s, const struct lab_fault *f, int64_t until_ms) {
    if (f->kind == LAB_FAULT_SCHEMA) s->drifted[f->member] = drifted(s, f->member);
    if (f->kind == LAB_FAULT_EXPIRE)
        state_run(s,
                  "UPDATE sim_token SET expires_ms = min(expires_ms, $2) WHERE member = $1 AND "
                  "family >= 0",
                  "ii", (int64_t)f->member, s->now_ms);
    if (whole_outage(f))
        state_run(s,
                  "INSERT INTO sim_outage (connector, until_ms) VALUES ($1, $2) ON CONFLICT "
                  "(connector) DO UPDATE SET until_ms = max(until_ms, excluded.until_ms)",
                  "ti", connector_of(s, f), until_ms);
}

static int64_t tell(struct lab_state *s, const struct lab_fault *f, bool begins) {
    if (!whole_outage(f) && !f->told) return 0;
    const char *length = f->for_ms ? arena_printf(s->scratch, "%lld minutes",
                                                  (long long)(f->for_ms / MS_MINUTE))
                                   : NULL;
    return state_event(
        s, &(struct state_event){
               .kind = whole_outage(f) ? begins ? "outage.started" : "outage.ended"
                       : begins        ? "fault.started"
                                       : "fault.ended",
               .connector = connector_of(s, f),
               .object = f->object ? f->object->id : NULL,
               .detail = whole_outage(f) ? begins ? length : NULL : lab_fault_names[f->kind]});
}

bool faults_begin(struct lab_state *s, const struct lab_fault *f, const char *data) {
    if (s->fault_count == LAB_FAULTS_MAX) return false;
    int64_t end_ms = s->stack.start_ms + (LAB_HORIZON_DAYS + 1) * MS_DAY,
            until_ms = f->for_ms ? s->now_ms + f->for_ms : end_ms, n = state_next(s, "fault");
    struct fault_in_force *in = &s->faults[s->fault_count++];
    *in = (struct fault_in_force){.fault = *f, .n = n, .until_ms = until_ms};
    take_effect(s, f, until_ms);
    in->event = tell(s, f, true);
    state_run(s,
              "INSERT INTO sim_fault (n, id, kind, connector, from_ms, until_ms, event, data) "
              "VALUES ($1, $2, $3, $4, $5, $6, nullif($7, 0), $8)",
              "itttiiit", n, f->id, lab_fault_names[f->kind], connector_of(s, f), s->now_ms,
              until_ms, in->event, data);
    if (f->for_ms) due_add(s, until_ms, DUE_FIRST, DUE_FAULT_END, n, NULL, NULL);
    return true;
}

void faults_end(struct lab_state *s, int64_t n) {
    int at = 0;
    while (at < s->fault_count && s->faults[at].n != n) at++;
    if (at == s->fault_count) return;
    struct fault_in_force gone = s->faults[at];
    s->fault_count--;
    memmove(&s->faults[at], &s->faults[at + 1],
            (size_t)(s->fault_count - at) * sizeof s->faults[0]);
    state_run(s, "UPDATE sim_fault SET until_ms = $2 WHERE n = $1", "ii", n, s->now_ms);
    if (gone.fault.kind == LAB_FAULT_SCHEMA)
        s->drifted[gone.fault.member] = drifted(s, gone.fault.member);
    if (whole_outage(&gone.fault)) {
        if (faults_outage(s, gone.fault.member)) return; /* another one holds on */
        state_run(s, "DELETE FROM sim_outage WHERE connector = $1", "t",
                  connector_of(s, &gone.fault));
    }
    s->who.cause = gone.event;
    tell(s, &gone.fault, false);
}

static const char *json_attribute(void *from, const char *name) {
    return json_string_value(json_object_get(from, name));
}

/* The fault of a row of sim_fault. */
static bool fault_of_row(struct lab_state *s, const char *id, const char *data,
                         struct lab_fault *out) {
    const char *why;
    for (int i = 0; !data && i < s->stack.timeline->fault_count; i++)
        if (str_eq(s->stack.timeline->faults[i].id, id)) {
            *out = s->stack.timeline->faults[i];
            return true;
        }
    json_t *fault = data ? json_read(&s->pack, data, strlen(data), &why) : NULL;
    bool fine = fault && lab_fault_read(&s->stack, json_attribute, fault, out, &s->pack, &why);
    out->id = id;
    return fine;
}

void faults_load(struct lab_state *s) {
    s->fault_count = 0;
    memset(s->drifted, 0, sizeof s->drifted);
    sqlite3_stmt *q = state_query(s,
                                  "SELECT n, id, data, until_ms, coalesce(event, 0) FROM sim_fault "
                                  "WHERE until_ms > $1 ORDER BY n",
                                  "i", s->now_ms);
    while (s->fault_count < LAB_FAULTS_MAX && state_row(s, q)) {
        struct fault_in_force *in = &s->faults[s->fault_count];
        if (!fault_of_row(s, state_column(q, 1, &s->pack), state_column(q, 2, &s->pack),
                          &in->fault))
            continue;
        in->n = sqlite3_column_int64(q, 0);
        in->until_ms = sqlite3_column_int64(q, 3);
        in->event = sqlite3_column_int64(q, 4);
        s->fault_count++;
    }
    state_end(q);
    for (int i = 0; i < s->stack.member_count; i++) s->drifted[i] = drifted(s, i);
}

/* ---- Chaos ---------------------------------------------------------------------------------- */
static void end_named(struct lab_state *s, const char *id, struct step_answer *out) {
    for (int i = 0; i < s->fault_count; i++)
        if (str_eq(s->faults[i].fault.id, id)) {
            faults_end(s, s->faults[i].n);
            step_say(out, 200, "The fault is at its end.");
            return;
        }
    step_say(out, 422, "There is no such fault in force.");
}

void faults_chaos(struct lab_state *s, json_t *action, struct step_answer *out) {
    json_t *given = json_object_get(action, "fault"), *end = json_object_get(action, "end");
    struct lab_fault f;
    const char *why;
    s->who = (struct lab_who){.actor = "instructor", .human = true};
    if (end) {
        end_named(s, json_string_value(end), out);
        return;
    }
    if (!lab_fault_read(&s->stack, json_attribute, given, &f, &s->pack, &why)) {
        step_say(out, 422, why);
        return;
    }
    f.id = arena_printf(&s->pack, "chaos-%lld", (long long)state_meta(s, "fault") + 1);
    if (!faults_begin(s, &f, json_text(s->scratch, given))) {
        step_say(out, 422, "So many faults are in force that there is no room for another.");
        return;
    }
    out->status = 200;
    out->type = "application/json";
    buf_printf(&out->body, "{\"fault\":\"%s\"}", f.id);
}

/* ---- What is in force ----------------------------------------------------------------------- */
/* Goes through the faults of a kind that a member has: `*at` begins with 0. NULL at the end. */
static const struct fault_in_force *next_of(const struct lab_state *s, int member,
                                            enum lab_fault_kind kind, int *at) {
    for (; *at < s->fault_count; ++*at) {
        const struct fault_in_force *in = &s->faults[*at];
        if (in->fault.member != member || in->fault.kind != kind || in->until_ms <= s->now_ms)
            continue;
        ++*at;
        return in;
    }
    return NULL;
}

int64_t faults_outage(struct lab_state *s, int member) {
    const struct fault_in_force *in;
    int64_t until_ms = 0;
    for (int at = 0; (in = next_of(s, member, LAB_FAULT_OUTAGE, &at));)
        if (whole_outage(&in->fault) && in->until_ms > until_ms) until_ms = in->until_ms;
    return until_ms;
}

int faults_latency(const struct lab_state *s, int member) {
    const struct fault_in_force *in;
    int ms = 0;
    for (int at = 0; (in = next_of(s, member, LAB_FAULT_LATENCY, &at));) ms += in->fault.latency_ms;
    return ms;
}

void faults_limits(const struct lab_state *s, int member, int *burst, int *daily) {
    const struct fault_in_force *in;
    for (int at = 0; (in = next_of(s, member, LAB_FAULT_LIMIT, &at));) {
        if (in->fault.burst < *burst) *burst = in->fault.burst;
        if (in->fault.daily < *daily) *daily = in->fault.daily;
    }
}

enum lab_problem faults_key(const struct lab_state *s, int member) {
    int at = 0;
    if (next_of(s, member, LAB_FAULT_REVOKE, &at)) return LAB_PROBLEM_UNAUTHENTICATED;
    at = 0;
    if (s->dialect[member]->auth != LAB_AUTH_OAUTH && next_of(s, member, LAB_FAULT_EXPIRE, &at))
        return LAB_PROBLEM_EXPIRED;
    return LAB_PROBLEM_NONE;
}

static bool strikes(const struct lab_state *s, const struct fault_in_force *in,
                    const struct lab_object *o, enum lab_operation operation, bool screen) {
    const struct lab_fault *f = &in->fault;
    bool kind = f->kind == LAB_FAULT_OUTAGE ||
                (!screen && (f->kind == LAB_FAULT_STATUS || f->kind == LAB_FAULT_ERROR));
    if (!kind || (f->object && f->object != o) || (f->operations && !(f->operations & operation)))
        return false;
    return state_draw(s, "fault", f->id, s->step, 1000) < (uint32_t)f->share;
}

const struct lab_fault *faults_strike(struct lab_state *s, int member, const struct lab_object *o,
                                      enum lab_operation operation, bool screen) {
    for (int i = 0; i < s->fault_count; i++) {
        const struct fault_in_force *in = &s->faults[i];
        if (in->fault.member != member || in->until_ms <= s->now_ms ||
            !strikes(s, in, o, operation, screen))
            continue;
        struct lab_who who = s->who;
        s->who.cause = in->event;
        state_event(s, &(struct state_event){.kind = "api.failed",
                                             .connector = connector_of(s, &in->fault),
                                             .object = o->id,
                                             .detail = lab_fault_names[in->fault.kind]});
        s->who = who;
        return &in->fault;
    }
    return NULL;
}

int64_t faults_clock(const struct lab_state *s, int member) {
    const struct fault_in_force *in;
    int64_t ms = s->now_ms;
    for (int at = 0; (in = next_of(s, member, LAB_FAULT_SKEW, &at));) ms += in->fault.skew_ms;
    return ms;
}

const struct lab_dialect *faults_dialect(const struct lab_state *s, int member) {
    return s->drifted[member] ? s->drifted[member] : s->dialect[member];
}

static bool draws(const struct lab_state *s, const char *stream, const char *id, int64_t n,
                  int permille) {
    return state_draw(s, stream, id, n, 1000) < (uint32_t)permille;
}

struct fault_hook faults_hook(const struct lab_state *s, int member, int64_t n) {
    const struct fault_in_force *in;
    struct fault_hook out = {.delay = 0};
    for (int at = 0; (in = next_of(s, member, LAB_FAULT_HOOK, &at));) {
        const struct lab_fault *f = &in->fault;
        out.drop |= draws(s, "hook-drop", f->id, n, f->drop);
        out.duplicate |= draws(s, "hook-twice", f->id, n, f->duplicate);
        out.forge |= draws(s, "hook-forge", f->id, n, f->forge);
        if (f->shuffle)
            out.delay += (int)state_draw(s, "hook-order", f->id, n, (uint32_t)f->shuffle + 1);
    }
    return out;
}
