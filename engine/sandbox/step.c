/* The pure step. */
#include "sandbox/step.h"

#include <string.h>

#include "base/text.h"
#include "sandbox/conversation.h"
#include "sandbox/faults.h"
#include "sandbox/hooks.h"
#include "sandbox/rules.h"
#include "sandbox/vfs.h"
#include "sandbox/world.h"

void step_header(struct step_answer *out, const char *name, const char *value) {
    if (out->header_count == STEP_HEADERS || !name || !*name) return;
    out->headers[out->header_count].name = name;
    out->headers[out->header_count++].value = value;
}

void step_say(struct step_answer *out, int status, const char *sentence) {
    out->status = status;
    out->type = "application/json";
    out->refused = status >= 400;
    buf_puts(&out->body, status >= 400 ? "{\"error\":" : "{\"message\":");
    buf_json(&out->body, sentence);
    buf_putc(&out->body, '}');
}

/* RULE lab-mark: what a learner marks in the record (a query of the console, a checkpoint, that the
 * run is for a certificate) is a step that does nothing. */
static bool only_marks(const char *kind, json_t *action) {
    return str_eq(kind, "checkpoint") || str_eq(kind, "certify") ||
           (str_eq(kind, "sql") && json_is_true(json_object_get(action, "skip")));
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
    return clock_go_on(s, slice_ms, out) && finish(s);
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
    if (only_marks(kind, action)) step_say(out, 200, "");
    else if (str_eq(kind, "sql"))
        console_step(s, json_string_value(json_object_get(action, "sql")), out);
    else if (end) step_say(out, 507, end);
    else if (str_eq(kind, "api") || str_eq(kind, "token")) api_step(s, action, out);
    else if (str_eq(kind, "receiver")) receiver_step(s, action, out);
    else if (str_eq(kind, "answer")) {
        conversation_answer(s, action, out);
        (void)rules_run(s);
    } else if (str_eq(kind, "chaos")) {
        faults_chaos(s, action, out);
        (void)rules_run(s);
    } else if (str_eq(kind, "clock")) {
        if (clock_begin(s, action, out)) return step_go_on(s, slice_ms, a, out);
    } else step_say(out, 400, "There is no action of this kind.");
    return finish(s);
}

void step(struct lab_state *s, json_t *action, struct arena *a, struct step_answer *out) {
    if (!step_begin(s, action, STEP_WHOLE, a, out)) BUG("a whole step is not at its end");
}
