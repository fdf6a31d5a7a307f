/* The record of a run. */
#include "lab/lab_log.h"

#include <string.h>

#include "base/buf.h"
#include "base/codec.h"
#include "base/text.h"

char *lab_log_hash(struct arena *a, const char *run_id, const struct lab_action *action,
                   const char *previous) {
    struct buf b;
    buf_init(&b, a);
    buf_putc(&b, '[');
    buf_json(&b, run_id);
    buf_printf(&b, ",%lld,%lld,", (long long)action->seq, (long long)action->at_ms);
    buf_json(&b, action->actor_id);
    buf_putc(&b, ',');
    buf_json(&b, action->action);
    buf_printf(&b, ",%d,", action->status);
    buf_json(&b, action->answer_sha);
    buf_putc(&b, ',');
    buf_json(&b, previous);
    buf_putc(&b, ']');
    return sha256_hex(a, buf_text(&b), b.len);
}

size_t lab_log_verify(struct arena *a, const char *run_id, const struct lab_action *actions,
                      size_t count) {
    const char *previous = LAB_HASH_ZERO;
    for (size_t i = 0; i < count; i++) {
        if (actions[i].seq != (int64_t)i + 1 ||
            strcmp(lab_log_hash(a, run_id, &actions[i], previous), actions[i].hash) != 0)
            return i;
        previous = actions[i].hash;
    }
    return count;
}

/* Actions are our own canonical JSON: keys sorted, no blanks. */
bool lab_log_rewind(const char *action, int64_t *to) {
    static const char head[] = "{\"kind\":\"rewind\",\"to\":";
    if (strncmp(action, head, sizeof head - 1) != 0) return false;
    int64_t n = 0;
    for (const char *p = action + sizeof head - 1; *p >= '0' && *p <= '9' && n <= LAB_ACTIONS_MAX;
         p++)
        n = n * 10 + (*p - '0');
    *to = n;
    return true;
}

size_t lab_log_effective(const struct lab_action *actions, size_t count, size_t *indices) {
    size_t kept = 0;
    for (size_t i = 0; i < count; i++) {
        int64_t to;
        if (!lab_log_rewind(actions[i].action, &to)) indices[kept++] = i;
        else if ((size_t)to < kept) kept = (size_t)to;
    }
    return kept;
}

bool lab_log_continues(const struct lab_action *actions, size_t count, int64_t seq, size_t *from) {
    size_t kept = 0, at_image = 0;
    bool holds = true;
    if (seq < 0 || (size_t)seq > count) return false;
    for (size_t i = 0; i < count; i++) {
        int64_t to;
        if (i == (size_t)seq) at_image = kept;
        if (!lab_log_rewind(actions[i].action, &to)) kept++;
        else {
            if ((size_t)to < kept) kept = (size_t)to;
            if (i >= (size_t)seq && kept < at_image) holds = false;
        }
    }
    if ((size_t)seq == count) at_image = kept;
    *from = at_image;
    return holds;
}
