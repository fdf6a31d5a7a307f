/* The pure step. */
#include "lab/sandbox/step.h"

#include <string.h>

#include "base/clock.h"
#include "base/text.h"
#include "lab/sandbox/vfs.h"
#include "lab/sandbox/world.h"

void step_header(struct step_answer *out, const char *name, const char *value) {
    if (out->header_count == STEP_HEADERS || !name || !*name) return;
    out->headers[out->header_count].name = name;
    out->headers[out->header_count++].value = value;
}

static void say(struct step_answer *out, int status, const char *sentence) {
    out->status = status;
    out->type = "application/json";
    out->refused = status >= 400;
    buf_puts(&out->body, status >= 400 ? "{\"error\":" : "{\"message\":");
    buf_json(&out->body, sentence);
    buf_putc(&out->body, '}');
}

static void clock_step(struct lab_state *s, int64_t by_ms, struct step_answer *out) {
    if (by_ms <= 0 || by_ms > LAB_ADVANCE_MAX_DAYS * MS_DAY) {
        say(out, 422, "The clock moves forward, by seven days at most at a time.");
        return;
    }
    if (s->now_ms + by_ms > s->stack.start_ms + LAB_HORIZON_DAYS * MS_DAY) {
        say(out, 422, "This run has come to the end of its calendar. Reset it to start again.");
        return;
    }
    world_advance(s, s->now_ms + by_ms);
    out->status = 200;
    out->type = "application/json";
    buf_printf(&out->body, "{\"now\":\"%s\",\"now_ms\":%lld}", time_iso(out->body.arena, s->now_ms),
               (long long)s->now_ms);
}

static bool full(struct lab_state *s) {
    return state_number(s, "SELECT seq FROM event ORDER BY seq DESC LIMIT 1", "") >= LAB_EVENTS_MAX;
}

void step(struct lab_state *s, json_t *action, struct arena *a, struct step_answer *out) {
    memset(out, 0, sizeof *out);
    buf_init(&out->body, a);
    s->scratch = a;
    s->step++;
    vfs_set(s->seed, s->step, s->now_ms);
    const char *kind = json_string_value(json_object_get(action, "kind"));
    s->actor = str_eq(json_string_value(json_object_get(action, "via")), "screen") ? "screen"
                                                                                   : "api";
    state_run(s, "BEGIN", "");
    if (str_eq(kind, "sql"))
        console_step(s, json_string_value(json_object_get(action, "sql")), out);
    else if (full(s))
        say(out, 507,
            "This run's event log is full. Reset the run to go on; the record of what you did is kept.");
    else if (str_eq(kind, "api") || str_eq(kind, "token")) api_step(s, action, out);
    else if (str_eq(kind, "clock"))
        clock_step(s, json_integer_value(json_object_get(action, "advance_ms")), out);
    else say(out, 400, "There is no action of this kind.");
    state_meta_set(s, "now_ms", s->now_ms);
    state_meta_set(s, "step", s->step);
    state_run(s, "COMMIT", "");
}
