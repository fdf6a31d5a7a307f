/* A worker: one process, one run. */
#include "lab/sandbox/worker.h"

#include <string.h>
#include <unistd.h>

#include "base/json.h"
#include "base/text.h"
#include "lab/sandbox/state.h"
#include "lab/sandbox/step.h"
#include "lab/sandbox/view.h"
#include "lab/sandbox/wire.h"

#define MESSAGE_ARENA_BYTES ((size_t)192 * 1024 * 1024)

static struct lab_state *state;

static bool fine(int fd, const void *payload, size_t len) {
    return wire_send(fd, WIRE_FINE, payload, len);
}
static bool failed(int fd, const char *why) { return wire_send(fd, WIRE_FAILED, why, strlen(why)); }

/* "crm=a,map=b\n1234\n" and the pack. */
static bool boot(int fd, char *payload, size_t len, struct arena *a) {
    const char *why = "The worker was not told what to run.";
    char *line = memchr(payload, '\n', len),
         *second = line ? memchr(line + 1, '\n', len - (size_t)(line + 1 - payload)) : NULL;
    int64_t seed;
    if (!second || state) return failed(fd, why);
    *line = *second = '\0';
    if (!parse_i64(line + 1, INT64_MIN, INT64_MAX, &seed)) return failed(fd, why);
    state = state_new(second + 1, len - (size_t)(second + 1 - payload), payload, (uint64_t)seed, a,
                      &why);
    return state ? fine(fd, "", 0) : failed(fd, why);
}

static bool do_step(int fd, const char *payload, size_t len, struct arena *a) {
    const char *why = "";
    json_t *action = json_read(a, payload, len, &why);
    if (!action) return failed(fd, why);
    struct step_answer answer;
    step(state, action, a, &answer);
    struct buf out;
    buf_init(&out, a);
    buf_printf(
        &out,
        "{\"status\":%d,\"type\":\"%s\",\"now_ms\":%lld,\"step\":%lld,\"refused\":%s,\"headers\":[",
        answer.status, answer.type, (long long)state->now_ms, (long long)state->step,
        answer.refused ? "true" : "false");
    for (int i = 0; i < answer.header_count; i++) {
        buf_puts(&out, i ? ",[" : "[");
        buf_json(&out, answer.headers[i].name);
        buf_putc(&out, ',');
        buf_json(&out, answer.headers[i].value);
        buf_putc(&out, ']');
    }
    buf_puts(&out, "]}");
    buf_putc(&out, '\0');
    buf_add(&out, buf_text(&answer.body), answer.body.len);
    return fine(fd, buf_text(&out), out.len);
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

static bool serve(int fd, unsigned operation, char *payload, size_t len, struct arena *a) {
    if (operation == WIRE_BOOT) return boot(fd, payload, len, a);
    if (!state) return failed(fd, "The worker has not been booted.");
    switch (operation) {
    case WIRE_SEED: state_seed(state, a); return fine(fd, "", 0);
    case WIRE_LOAD:
        return state_load(state, (unsigned char *)payload, len)
                   ? fine(fd, "", 0)
                   : failed(fd, "The snapshot does not belong to this run.");
    case WIRE_STEP: return do_step(fd, payload, len, a);
    case WIRE_VIEW: return do_view(fd, payload, len, a);
    case WIRE_HASH: {
        char *hash = state_hash(state, a);
        return fine(fd, hash, strlen(hash));
    }
    case WIRE_SAVE: {
        unsigned char *image = state_save(state, a, &len);
        return fine(fd, image, len);
    }
    default: return failed(fd, "There is no such operation.");
    }
}

_Noreturn void worker_serve(int fd) {
    for (;;) {
        struct arena a;
        unsigned operation;
        char *payload;
        size_t len;
        arena_init(&a, MESSAGE_ARENA_BYTES);
        if (!wire_receive(fd, &operation, &payload, &len, &a, -1)) _exit(0);
        if (!serve(fd, operation, payload, len, &a)) _exit(0);
        arena_release(&a);
    }
}
