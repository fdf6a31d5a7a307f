/* Subscriptions to webhooks, in a dialect's own words. */
#include <string.h>

#include "base/json.h"
#include "base/text.h"
#include "sandbox/api.h"
#include "sandbox/hooks.h"

#define LOG_ROWS 50 /* of the log of a subscription, the latest first */

struct listed {
    struct api *x;
    const char *const *ids;
    int count;
    bool secret; /* it is told: when it is made, and never again */
    const char *log_of;
};

static void member(struct buf *b, const char *name, const char *value, bool first) {
    if (!first) buf_putc(b, ',');
    buf_json(b, name);
    buf_putc(b, ':');
    buf_json(b, value);
}

static void write_hook(struct api *x, const char *id, bool secret, struct buf *b) {
    const struct lab_hooks *h = x->d->hooks;
    sqlite3_stmt *q = state_query(x->s, "SELECT address, state, secret FROM sim_hook WHERE id = $1",
                                  "t", id);
    if (state_row(x->s, q)) {
        buf_putc(b, '{');
        member(b, h->id_as, id, true);
        member(b, h->address_as, state_column(q, 0, x->a), false);
        member(b, h->state_as, state_column(q, 1, x->a), false);
        if (secret)
            member(b, h->secret_as, hooks_secret(x->s, id, sqlite3_column_int64(q, 2)), false);
        buf_putc(b, '}');
    }
    state_end(q);
}

static void write_attempts(struct api *x, int64_t delivery, struct buf *b) {
    sqlite3_stmt *q = state_query(x->s,
                                  "SELECT at_ms, coalesce(verdict, 'open') FROM sim_hook_message "
                                  "WHERE delivery = $1 AND origin = 'system' ORDER BY n",
                                  "i", delivery);
    for (bool first = true; state_row(x->s, q); first = false) {
        buf_puts(b, first ? "{\"at\":" : ",{\"at\":");
        lab_surface_time(x->d, sqlite3_column_int64(q, 0), b);
        member(b, "answer", state_column(q, 1, x->a), false);
        buf_putc(b, '}');
    }
    state_end(q);
}

static void write_log(struct api *x, const char *id, struct buf *b) {
    sqlite3_stmt *q = state_query(x->s,
                                  "SELECT n, state, body, attempts FROM sim_hook_delivery WHERE "
                                  "hook = $1 ORDER BY n DESC LIMIT $2",
                                  "ti", id, (int64_t)LOG_ROWS);
    for (bool first = true; state_row(x->s, q); first = false) {
        int64_t n = sqlite3_column_int64(q, 0);
        if (!first) buf_putc(b, ',');
        buf_putc(b, '{');
        member(b, "id", arena_printf(x->a, "evt_%lld", (long long)n), true);
        member(b, "state", state_column(q, 1, x->a), false);
        member(b, "body", state_column(q, 2, x->a), false);
        buf_printf(b, ",\"tries\":%lld,\"arrived\":[", (long long)sqlite3_column_int64(q, 3));
        write_attempts(x, n, b);
        buf_puts(b, "]}");
    }
    state_end(q);
}

static void write_slot(void *context, enum lab_slot slot, struct buf *out) {
    const struct listed *l = context;
    (void)slot;
    if (l->log_of) write_log(l->x, l->log_of, out);
    for (int i = 0; i < l->count; i++) {
        if (i) buf_putc(out, ',');
        write_hook(l->x, l->ids[i], l->secret, out);
    }
}

static void respond(struct listed *l, enum lab_body_of of, int status) {
    struct api *x = l->x;
    struct lab_body_fill fill = {
        .call = x->s->step, .total = l->count, .status = status, .write = write_slot, .context = l};
    x->out->status = status;
    x->out->type = x->d->bodies[of].type;
    lab_body_write(&x->d->bodies[of], &fill, &x->out->body);
}

static void respond_one(struct api *x, const char *id, bool secret, int status) {
    respond(&(struct listed){x, &id, 1, secret, NULL}, LAB_BODY_ONE, status);
}

static void list(struct api *x) {
    const char *ids[HOOKS_MAX];
    struct listed l = {x, ids, 0, false, NULL};
    sqlite3_stmt *q = state_query(x->s, "SELECT id FROM sim_hook WHERE member = $1 ORDER BY id",
                                  "i", (int64_t)x->member);
    while (l.count < HOOKS_MAX && state_row(x->s, q)) ids[l.count++] = state_column(q, 0, x->a);
    state_end(q);
    respond(&l, LAB_BODY_PAGE, 200);
}

static void subscribe(struct api *x) {
    const char *why = "the body is empty", *key, *address = NULL;
    json_t *body = x->body && *x->body ? json_read(x->a, x->body, strlen(x->body), &why) : NULL,
           *value;
    if (body && !json_is_object(body)) why = "an object is expected";
    if (!json_is_object(body)) {
        api_problem(x, LAB_PROBLEM_BAD_JSON, NULL, why, 0);
        return;
    }
    json_object_foreach (body, key, value) {
        if (!str_eq(key, x->d->hooks->address_as)) {
            api_problem(x, LAB_PROBLEM_UNKNOWN_FIELD, key, NULL, 0);
            return;
        }
        address = json_is_string(value) ? json_string_value(value) : json_text(x->a, value);
    }
    if (!address) {
        api_problem(x, LAB_PROBLEM_REQUIRED, x->d->hooks->address_as, NULL, 0);
        return;
    }
    if (!hooks_receiver(x->s, address)) {
        api_problem(x, LAB_PROBLEM_INVALID_VALUE, x->d->hooks->address_as, address, 0);
        return;
    }
    if (state_number(x->s, "SELECT count(*) FROM sim_hook WHERE member = $1", "i",
                     (int64_t)x->member) >= HOOKS_MAX) {
        api_problem(x, LAB_PROBLEM_TOO_MANY, NULL, NULL, 0);
        return;
    }
    respond_one(x, hooks_subscribe(x->s, x->member, address), true, 201);
}

static void of_hook(struct api *x, const char *id, const char *rest) {
    const struct lab_hooks *h = x->d->hooks;
    bool known = state_number(x->s, "SELECT count(*) FROM sim_hook WHERE id = $1 AND member = $2",
                              "ti", id, (int64_t)x->member) > 0,
         one = !*rest, get = str_eq(x->method, "GET");
    if (!one && !str_eq(rest, h->rotate) && !str_eq(rest, h->log)) {
        api_problem(x, LAB_PROBLEM_UNKNOWN_PATH, NULL, x->path, 0);
        return;
    }
    bool rotate = str_eq(rest, h->rotate) && str_eq(x->method, "POST"),
         remove = one && str_eq(x->method, "DELETE");
    if (!rotate && !remove && !(get && !str_eq(rest, h->rotate)))
        api_bad_method(x, one ? "GET, DELETE" : str_eq(rest, h->rotate) ? "POST" : "GET");
    else if (!known) api_problem(x, LAB_PROBLEM_UNKNOWN_RECORD, NULL, id, 0);
    else if (rotate) {
        hooks_rotate(x->s, id);
        respond_one(x, id, true, 200);
    } else if (remove) {
        hooks_unsubscribe(x->s, id);
        x->out->status = 204;
        x->out->type = "application/json";
    } else if (one) respond_one(x, id, false, 200);
    else respond(&(struct listed){x, NULL, 0, false, id}, LAB_BODY_PAGE, 200);
}

void api_hooks(struct api *x, const char *rest) {
    if (!api_in_scope_of_hooks(x)) return;
    if (*rest) {
        size_t len = strcspn(rest + 1, "/");
        const char *id = arena_copy(x->a, rest + 1, len), *tail = rest + 1 + len;
        of_hook(x, id, *tail ? tail + 1 : tail);
    } else if (str_eq(x->method, "GET")) list(x);
    else if (str_eq(x->method, "POST")) subscribe(x);
    else api_bad_method(x, "GET, POST");
}
