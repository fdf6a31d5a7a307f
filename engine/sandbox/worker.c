/* What a worker answers. */
#include "sandbox/worker.h"

#include <string.h>

#include "base/json.h"
#include "base/text.h"
#include "sandbox/console.h"
#include "sandbox/step.h"
#include "sandbox/view.h"
#include "sandbox/watchdog.h"
#include "sandbox/wire.h"

/* The first slice of a step is short, so that the server learns soon that more is to come. */
#define FIRST_SLICE_MS 20
#define SLICE_MS 100

static struct lab_state *state;
static bool seeded;  /* it was told the run's seed */
static bool in_step; /* a step has slices to come */

static bool fine(int fd, const void *payload, size_t len) {
    return wire_send(fd, WIRE_FINE, payload, len, WIRE_NO_DEADLINE);
}
static bool failed(int fd, const char *why) {
    return wire_send(fd, WIRE_FAILED, why, strlen(why), WIRE_NO_DEADLINE);
}

/* The run's seed. Once: what has been drawn from one is no state of another. */
static bool take_seed(int fd, const char *payload) {
    int64_t seed;
    if (seeded || !parse_i64(payload, INT64_MIN, INT64_MAX, &seed))
        return failed(fd, "The worker was not told what to run.");
    state->seed = (uint64_t)seed;
    seeded = true;
    return fine(fd, "", 0);
}

static void write_answer(struct buf *out, const struct step_answer *answer, int64_t now_ms,
                         int64_t steps) {
    buf_printf(out, "{\"status\":%d,\"type\":\"%s\",\"now_ms\":%lld,\"step\":%lld,\"refused\":%s,",
               answer->status, answer->type, (long long)now_ms, (long long)steps,
               answer->refused ? "true" : "false");
    if (answer->problem) buf_printf(out, "\"problem\":\"%s\",", lab_problem_names[answer->problem]);
    if (answer->problem && answer->field) {
        buf_puts(out, "\"field\":");
        buf_json(out, answer->field);
        buf_putc(out, ',');
    }
    if (answer->cut) buf_printf(out, "\"cut\":\"%s\",", answer->cut);
    buf_puts(out, "\"headers\":[");
    for (int i = 0; i < answer->header_count; i++) {
        buf_puts(out, i ? ",[" : "[");
        buf_json(out, answer->headers[i].name);
        buf_putc(out, ',');
        buf_json(out, answer->headers[i].value);
        buf_putc(out, ']');
    }
    buf_puts(out, "]}");
    buf_putc(out, '\0');
}

/* RULE lab-watch: what a query's worker says when the query had to be ended with it. */
static void watch_query(int fd, struct arena *a) {
    struct step_answer late = {
        .status = 422, .type = "application/json", .refused = true, .cut = "time"};
    struct buf *words = NEW(a, struct buf);
    buf_init(words, a);
    write_answer(words, &late, state->now_ms, state->step + 1);
    buf_puts(words, "{\"error\":\"" CONSOLE_TOO_LONG "\"}");
    watchdog_start(CONSOLE_WATCH_MS, fd, words);
}

static bool answer_step(int fd, const struct step_answer *answer, struct arena *a) {
    struct buf out;
    buf_init(&out, a);
    write_answer(&out, answer, state->now_ms, state->step);
    buf_add(&out, buf_text((struct buf *)&answer->body), answer->body.len);
    return fine(fd, buf_text(&out), out.len);
}

static bool more(int fd) { return wire_send(fd, WIRE_MORE, "", 0, WIRE_NO_DEADLINE); }

static bool do_step(int fd, const char *payload, size_t len, struct arena *a) {
    const char *why = "";
    json_t *action = json_read(a, payload, len, &why);
    if (!action) return failed(fd, why);
    struct step_answer answer;
    bool query = str_eq(json_string_value(json_object_get(action, "kind")), "sql");
    if (query) watch_query(fd, a);
    in_step = !step_begin(state, action, FIRST_SLICE_MS, a, &answer);
    if (query) watchdog_stop();
    return in_step ? more(fd) : answer_step(fd, &answer, a);
}

static bool go_on(int fd, struct arena *a) {
    struct step_answer answer;
    in_step = !step_go_on(state, SLICE_MS, a, &answer);
    return in_step ? more(fd) : answer_step(fd, &answer, a);
}

static bool do_view(int fd, const char *payload, size_t len, struct arena *a) {
    const char *why = "";
    json_t *question = json_read(a, payload, len, &why);
    struct buf out;
    if (!question) return failed(fd, why);
    buf_init(&out, a);
    view_answer(state, question, a, &out);
    return fine(fd, buf_text(&out), out.len);
}

void worker_begin(struct lab_state *prepared) { state = prepared; }

bool worker_answer(int fd, unsigned operation, char *payload, size_t len, struct arena *a) {
    if (operation == WIRE_RUN) return take_seed(fd, payload);
    if (!seeded) return failed(fd, "The worker was not told what to run.");
    if (in_step != (operation == WIRE_GO_ON)) return failed(fd, "This is not its turn in a step.");
    switch (operation) {
    case WIRE_SEED: state_seed(state, a); return fine(fd, "", 0);
    case WIRE_LOAD:
        return state_load(state, (const unsigned char *)payload, len)
                   ? fine(fd, "", 0)
                   : failed(fd, "The snapshot does not belong to this run.");
    case WIRE_STEP: return do_step(fd, payload, len, a);
    case WIRE_GO_ON: return go_on(fd, a);
    case WIRE_VIEW: return do_view(fd, payload, len, a);
    case WIRE_HASH:
    case WIRE_EFFECT: {
        char *hash = operation == WIRE_HASH ? state_hash(state, a) : state_effect(state, a);
        return fine(fd, hash, strlen(hash));
    }
    case WIRE_SAVE: {
        unsigned char *image = state_save(state, a, &len);
        return fine(fd, image, len);
    }
    default: return failed(fd, "There is no such operation.");
    }
}
