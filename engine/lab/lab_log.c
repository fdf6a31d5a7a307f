/* The record of a run. */
#include "lab/lab_log.h"

#include <stdio.h>
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

void lab_log_init(struct lab_log *log) { *log = (struct lab_log){.head = LAB_HASH_ZERO}; }

bool lab_log_add(struct lab_log *log, const char *run_id, const struct lab_action *action,
                 struct arena *a, struct arena *scratch) {
    int64_t to = -1;
    if (action->seq != (int64_t)log->count + 1 ||
        !str_eq(lab_log_hash(scratch, run_id, action, log->head), action->hash)) {
        log->broken = true;
        return false;
    }
    (void)lab_log_rewind(action->action, &to);
    log->rewinds = list_more(a, log->rewinds, log->count, sizeof *log->rewinds);
    log->rewinds[log->count++] = to;
    log->bytes += (int64_t)strlen(action->action);
    snprintf(log->head, sizeof log->head, "%s", action->hash);
    return true;
}

/* Actions are canonical JSON that we wrote: keys sorted, no blanks. */
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

bool lab_log_query(const char *action) {
    return str_has_prefix(action, "{\"kind\":\"sql\",") || str_has_prefix(action, "{\"cut\":");
}

/* Keys stand in the order of the alphabet (json_text). */
bool lab_log_clock(const char *action) {
    return str_has_prefix(action, "{\"advance_ms\":") ||
           str_has_prefix(action, "{\"kind\":\"clock\"");
}

size_t lab_log_effective(const struct lab_log *log, size_t *indices) {
    size_t kept = 0;
    for (size_t i = 0; i < log->count; i++) {
        int64_t to = log->rewinds[i];
        if (to < 0) indices[kept++] = i;
        else if ((size_t)to < kept) kept = (size_t)to;
    }
    return kept;
}

bool lab_log_continues(const struct lab_log *log, int64_t seq, size_t *from) {
    size_t kept = 0, at_image = 0;
    bool holds = true;
    if (seq < 0 || (size_t)seq > log->count) return false;
    for (size_t i = 0; i < log->count; i++) {
        int64_t to = log->rewinds[i];
        if (i == (size_t)seq) at_image = kept;
        if (to < 0) kept++;
        else {
            if ((size_t)to < kept) kept = (size_t)to;
            if (i >= (size_t)seq && kept < at_image) holds = false;
        }
    }
    if ((size_t)seq == log->count) at_image = kept;
    *from = at_image;
    return holds;
}
