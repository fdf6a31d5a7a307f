/* Calls that are made once, however often they are sent. */
#include <string.h>

#include "base/clock.h"
#include "base/codec.h"
#include "base/text.h"
#include "sandbox/api.h"

/* What has to be the same when a key comes again. */
static const char *request_of(struct api *x) {
    struct buf b;
    const char *parts[] = {x->method, x->path, x->query, x->body};
    buf_init(&b, x->a);
    for (size_t i = 0; i < COUNT_OF(parts); i++) {
        buf_puts(&b, parts[i] ? parts[i] : "");
        buf_putc(&b, '\0');
    }
    return sha256_hex(x->a, buf_text(&b), b.len);
}

static void forget_old(struct api *x) {
    state_run(x->s, "DELETE FROM sim_once WHERE member = $1 AND at_ms <= $2", "ii",
              (int64_t)x->member, x->s->now_ms - ONCE_MS);
}

bool api_once_answered(struct api *x) {
    if (!x->once) return false;
    size_t len = strlen(x->once);
    if (len == 0 || len > ONCE_KEY_BYTES)
        return !api_problem(x, LAB_PROBLEM_INVALID_VALUE, x->d->once_header, x->once, 0);
    forget_old(x);
    sqlite3_stmt *q = state_query(
        x->s,
        "SELECT request, status, type, tag, body FROM sim_once WHERE member = $1 AND key = $2",
        "it", (int64_t)x->member, x->once);
    bool known = state_row(x->s, q);
    const char *request = known ? state_column(q, 0, x->a) : NULL,
               *tag = known ? state_column(q, 3, x->a) : NULL;
    if (known && str_eq(request, request_of(x))) {
        x->out->status = sqlite3_column_int(q, 1);
        x->out->type = state_column(q, 2, x->a);
        buf_puts(&x->out->body, state_column(q, 4, x->a));
        if (tag) step_header(x->out, "ETag", tag);
        request = NULL;
    }
    state_end(q);
    if (request) api_problem(x, LAB_PROBLEM_KEY_REUSED, x->d->once_header, x->once, 0);
    return known;
}

static const char *tag_told(struct api *x) {
    for (int i = 0; i < x->out->header_count; i++)
        if (str_eq(x->out->headers[i].name, "ETag")) return x->out->headers[i].value;
    return NULL;
}

static bool too_much(struct api *x) {
    sqlite3_stmt *q = state_query(
        x->s, "SELECT count(*), sum(length(CAST(body AS BLOB))) FROM sim_once WHERE member = $1",
        "i", (int64_t)x->member);
    bool much = state_row(x->s, q) &&
                (sqlite3_column_int64(q, 0) > ONCE_MAX || sqlite3_column_int64(q, 1) > ONCE_BYTES);
    state_end(q);
    return much;
}

void api_once_keep(struct api *x) {
    if (!x->once || x->out->refused) return;
    state_run(x->s,
              "INSERT INTO sim_once (member, key, at_ms, request, status, type, tag, body) VALUES "
              "($1, $2, $3, $4, $5, $6, $7, $8)",
              "ititittt", (int64_t)x->member, x->once, x->s->now_ms, request_of(x),
              (int64_t)x->out->status, x->out->type, tag_told(x), buf_text(&x->out->body));
    while (too_much(x))
        state_run(x->s,
                  "DELETE FROM sim_once WHERE member = $1 AND key = (SELECT key FROM sim_once "
                  "WHERE member = $1 ORDER BY at_ms, key LIMIT 1)",
                  "i", (int64_t)x->member);
}
