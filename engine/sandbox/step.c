/* The pure step. */
#include "sandbox/step.h"

#include <string.h>

#include "base/clock.h"
#include "base/text.h"
#include "sandbox/vfs.h"
#include "sandbox/world.h"

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

/* Starts moving the clock; false when that is refused. */
static bool clock_begin(struct lab_state *s, int64_t by_ms, struct step_answer *out) {
    if (by_ms <= 0 || by_ms > LAB_ADVANCE_MAX_DAYS * MS_DAY) {
        say(out, 422, "The clock moves forward, by seven days at most at a time.");
        return false;
    }
    if (s->now_ms + by_ms > s->stack.start_ms + LAB_HORIZON_DAYS * MS_DAY) {
        say(out, 422, "This run has come to the end of its calendar. Reset it to start again.");
        return false;
    }
    s->until_ms = s->now_ms + by_ms;
    return true;
}

static void empty(struct lab_state *s, struct arena *a, struct step_answer *out) {
    memset(out, 0, sizeof *out);
    buf_init(&out->body, a);
    s->scratch = a;
}

static bool finish(struct lab_state *s) {
    state_meta_set(s, "now_ms", s->now_ms);
    state_meta_set(s, "step", s->step);
    if (s->reads) state_meta_set(s, "reads", state_meta(s, "reads") + s->reads);
    s->reads = 0;
    state_run(s, "COMMIT", "");
    return true;
}

bool step_go_on(struct lab_state *s, int64_t slice_ms, struct arena *a, struct step_answer *out) {
    empty(s, a, out);
    if (!world_advance_some(s, s->until_ms, slice_ms)) return false;
    out->status = 200;
    out->type = "application/json";
    buf_printf(&out->body, "{\"now\":\"%s\",\"now_ms\":%lld}", time_iso(out->body.arena, s->now_ms),
               (long long)s->now_ms);
    return finish(s);
}

bool step_begin(struct lab_state *s, json_t *action, int64_t slice_ms, struct arena *a,
                struct step_answer *out) {
    empty(s, a, out);
    s->step++;
    s->reads = 0;
    vfs_set(s->seed, s->step, s->now_ms);
    const char *kind = json_string_value(json_object_get(action, "kind")), *end = world_full(s);
    bool screen = str_eq(json_string_value(json_object_get(action, "via")), "screen");
    s->who = (struct lab_who){.actor = screen ? "screen" : "api", .human = true};
    state_run(s, "BEGIN", "");
    if (str_eq(kind, "sql") && json_is_true(json_object_get(action, "skip"))) say(out, 200, "");
    else if (str_eq(kind, "sql"))
        console_step(s, json_string_value(json_object_get(action, "sql")), out);
    else if (end) say(out, 507, end);
    else if (str_eq(kind, "api") || str_eq(kind, "token")) api_step(s, action, out);
    else if (str_eq(kind, "clock")) {
        if (clock_begin(s, json_integer_value(json_object_get(action, "advance_ms")), out))
            return step_go_on(s, slice_ms, a, out);
    } else say(out, 400, "There is no action of this kind.");
    return finish(s);
}

void step(struct lab_state *s, json_t *action, struct arena *a, struct step_answer *out) {
    if (!step_begin(s, action, STEP_WHOLE, a, out)) BUG("a whole step is not at its end");
}
