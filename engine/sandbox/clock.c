/* Actions that move the simulated clock. */
#include "base/clock.h"

#include "base/text.h"
#include "sandbox/console.h"
#include "sandbox/step.h"
#include "sandbox/world.h"

/* Where the action wants to go at most. RULE lab-clock-forward: the clock moves forward, by seven
 * days at most, and not beyond the run's calendar. */
static bool aim(struct lab_state *s, json_t *action, struct step_answer *out) {
    const int64_t most = LAB_ADVANCE_MAX_DAYS * MS_DAY,
                  left = s->stack.start_ms + LAB_HORIZON_DAYS * MS_DAY - s->now_ms;
    json_t *to = json_object_get(action, "to_ms");
    bool looks = json_object_get(action, "next") || json_object_get(action, "until");
    int64_t by = json_integer_value(json_object_get(action, "advance_ms"));
    if (to) by = json_integer_value(to) > 0 ? json_integer_value(to) - s->now_ms : 0;
    if (by <= 0 || by > most) {
        step_say(out, 422, "The clock moves forward, by seven days at most at a time.");
        return false;
    }
    if (looks && by > left && left > 0) by = left;
    if (by > left) {
        step_say(out, 422,
                 "This run has come to the end of its calendar. Reset it to start again.");
        return false;
    }
    s->walk = (struct world_walk){.until_ms = s->now_ms + by,
                                  .left = CLOCK_DUE,
                                  .to_event = json_is_true(json_object_get(action, "next")),
                                  .event_before = s->last_event,
                                  .operations = CONSOLE_UNTIL_OPERATIONS};
    return true;
}

bool clock_begin(struct lab_state *s, json_t *action, struct step_answer *out) {
    json_t *until = json_object_get(action, "until");
    const char *why = NULL;
    if (!aim(s, action, out)) return false;
    if (until)
        s->walk.condition = console_condition(s, json_string_value(until), out->body.arena, &why);
    if (!until || s->walk.condition) return true;
    step_say(out, 422, why);
    return false;
}

bool clock_go_on(struct lab_state *s, int64_t slice_ms, struct step_answer *out) {
    static const char *const why[] = {NULL,        "time",  "part",   "event",
                                      "condition", "steps", "failed", "full"};
    enum world_end end = world_walk(s, &s->walk, slice_ms);
    if (!end) return false;
    sqlite3_finalize(s->walk.condition);
    s->walk.condition = NULL;
    out->status = 200;
    out->type = "application/json";
    buf_printf(&out->body, "{\"now\":\"%s\",\"now_ms\":%lld,\"until_ms\":%lld,\"why\":\"%s\"}",
               time_iso(out->body.arena, s->now_ms), (long long)s->now_ms,
               (long long)s->walk.until_ms, why[end]);
    return true;
}
