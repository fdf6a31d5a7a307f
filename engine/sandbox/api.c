/* Leads a request to its operation: outages, tokens, quotas, paths. */
#include "sandbox/api.h"

#include <string.h>

#include "base/clock.h"
#include "base/codec.h"
#include "base/text.h"
#include "sandbox/faults.h"
#include "sandbox/rules.h"
#include "sandbox/world.h"

void api_bind(struct api *x, struct lab_state *s, int member, struct arena *a) {
    memset(x, 0, sizeof *x);
    x->s = s;
    x->a = a;
    x->member = member;
    x->d = s->dialect[member];
    x->surface = (struct lab_surface){&s->stack, s->dialect, member};
}

bool api_problem(struct api *x, enum lab_problem what, const char *field, const char *value,
                 int64_t seconds) {
    struct buf body;
    buf_init(&body, x->a);
    x->out->status = lab_surface_problem(x->d, what, field, value, seconds, x->s->step,
                                         &x->out->type, &body);
    x->out->body = body;
    x->out->refused = true;
    x->out->problem = what;
    x->out->field = field;
    return false;
}

/* ---- Query ---------------------------------------------------------------------------------- */
bool api_param(struct api *x, int index, const char **name, const char **value) {
    const char *p = x->query ? x->query : "";
    for (; index > 0 && *p; index--) {
        p += strcspn(p, "&");
        if (*p) p++;
    }
    if (!*p) return false;
    size_t len = strcspn(p, "&"), key = strcspn(p, "=&");
    *name = percent_decode_leniently(x->a, p, key, true);
    *value = key < len ? percent_decode_leniently(x->a, p + key + 1, len - key - 1, true) : "";
    return true;
}

/* ---- Limits --------------------------------------------------------------------------------- */
static void limit_headers(struct api *x, int daily, int64_t day_used) {
    const struct lab_dialect *d = x->d;
    int64_t left = daily > day_used ? daily - day_used : 0;
    int64_t reset = (MS_DAY - x->s->now_ms % MS_DAY) / MS_SECOND;
    if (d->limit_header) step_header(x->out, d->limit_header, arena_printf(x->a, "%d", daily));
    if (d->remaining_header)
        step_header(x->out, d->remaining_header, arena_printf(x->a, "%lld", (long long)left));
    if (d->reset_header)
        step_header(x->out, d->reset_header, arena_printf(x->a, "%lld", (long long)reset));
}

/* The account's burst and daily quota, in fixed windows of simulated time. Refused calls count too,
 * as they do outside. */
static bool within_limits(struct api *x) {
    struct lab_state *s = x->s;
    int64_t window_length = x->d->burst_seconds * MS_SECOND,
            window = s->now_ms / window_length * window_length;
    int64_t day = s->now_ms / MS_DAY;
    state_run(s,
              "UPDATE sim_quota SET window_used = CASE WHEN window_ms = $2 THEN window_used + 1 "
              "ELSE 1 END, window_ms = $2, day_used = CASE WHEN day = $3 THEN day_used + 1 ELSE 1 "
              "END, day = $3 WHERE member = $1",
              "iii", (int64_t)x->member, window, day);
    sqlite3_stmt *q = state_query(s,
                                  "SELECT window_used, day_used FROM sim_quota WHERE member = $1",
                                  "i", (int64_t)x->member);
    state_row(s, q);
    int64_t window_used = sqlite3_column_int64(q, 0), day_used = sqlite3_column_int64(q, 1);
    state_end(q);
    int burst = x->d->burst, daily = x->d->daily;
    faults_limits(s, x->member, &burst, &daily);
    limit_headers(x, daily, day_used);
    int64_t seconds = 0;
    enum lab_problem what = LAB_PROBLEM_NONE;
    if (day_used > daily) {
        what = LAB_PROBLEM_DAILY;
        seconds = (MS_DAY - s->now_ms % MS_DAY + 999) / MS_SECOND;
    } else if (window_used > burst) {
        what = LAB_PROBLEM_BURST;
        seconds = (window + window_length - s->now_ms + 999) / MS_SECOND;
    }
    if (!what) return true;
    if (x->d->retry_after)
        step_header(x->out, "Retry-After", arena_printf(x->a, "%lld", (long long)seconds));
    /* RULE lab-limit-told: the log has the seconds that the client was told to wait, so that a
     * check can tell who came back too early. */
    state_event(s,
                &(struct state_event){.kind = "api.limited",
                                      .connector = x->d->connector_id,
                                      .new_value = arena_printf(x->a, "%lld", (long long)seconds),
                                      .detail = what == LAB_PROBLEM_DAILY ? "daily" : "burst"});
    return api_problem(x, what, NULL, NULL, seconds);
}

/* ---- Routes --------------------------------------------------------------------------------- */
static const char *after(const char *path, const char *prefix) {
    size_t len = strlen(prefix);
    return strncmp(path, prefix, len) == 0 && (path[len] == '/' || path[len] == '\0') ? path + len
                                                                                      : NULL;
}

static bool route(struct api *x, const char **id, bool *merge) {
    const char *rest = after(x->path, x->d->base);
    const struct lab_connector *c = x->s->stack.members[x->member].connector;
    *id = NULL;
    *merge = false;
    for (int i = 0; rest && i < c->object_count; i++) {
        const char *tail = after(rest, x->d->objects[i].path);
        if (!tail) continue;
        api_set_object(x, &c->objects[i]);
        if (!*tail) return true;
        tail++;
        size_t len = strcspn(tail, "/");
        *id = arena_copy(x->a, tail, len);
        if (len == 0 || len > 64) return false;
        if (!tail[len]) return true;
        *merge = x->d->merge_path && str_eq(tail + len + 1, x->d->merge_path);
        return *merge;
    }
    return false;
}

static enum lab_operation operation_of(struct api *x, const char *id, bool merge) {
    /* The body of an answer to HEAD is left out by whoever sends it. */
    bool reads = str_eq(x->method, "GET") || (x->d->head && str_eq(x->method, "HEAD"));
    if (merge) return str_eq(x->method, "POST") ? LAB_MERGE : 0;
    if (!id) return reads ? LAB_LIST : str_eq(x->method, "POST") ? LAB_CREATE : 0;
    if (reads) return LAB_GET;
    if (str_eq(x->method, "DELETE")) return LAB_DELETE;
    return str_eq(x->method, x->d->update_method) ? LAB_UPDATE : 0;
}

/* RULE lab-allow: what Allow names is done here, and nothing else; a method that is not is told
 * which are (RFC 9110, section 15.5.6). */
static void allow(struct api *x, const char *id, bool merge) {
    static const char *const methods[] = {"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"};
    const char *asked = x->method;
    struct buf b;
    buf_init(&b, x->a);
    for (size_t i = 0; i < COUNT_OF(methods); i++) {
        x->method = methods[i];
        if (operation_of(x, id, merge) & x->names->operations)
            buf_printf(&b, "%s%s", b.len ? ", " : "", methods[i]);
    }
    if (x->d->options) buf_puts(&b, b.len ? ", OPTIONS" : "OPTIONS");
    x->method = asked;
    step_header(x->out, "Allow", arena_dup(x->a, buf_text(&b)));
}

/* The dialect's own words for a status that a fault brings. */
static void fail_so(struct api *x, const struct lab_fault *f) {
    enum lab_problem what = f->status == 429   ? LAB_PROBLEM_BURST
                            : f->status == 401 ? LAB_PROBLEM_EXPIRED
                            : f->status == 409 ? LAB_PROBLEM_CONFLICT
                                               : LAB_PROBLEM_OUTAGE;
    api_problem(x, what, NULL, NULL, 60);
    if (f->kind == LAB_FAULT_STATUS) x->out->status = f->status;
    if (f->kind == LAB_FAULT_ERROR) x->out->status = 200;
}

/* What a call costs of the lab's clock. */
static void take_time(struct api *x) {
    int slow_ms = faults_latency(x->s, x->member);
    if (slow_ms) step_header(x->out, "Lab-Latency", arena_printf(x->a, "%d", slow_ms));
    world_advance(x->s, x->s->now_ms + x->d->latency_ms + slow_ms);
}

static void read_headers(struct api *x, json_t *action) {
    if (x->d->etag) {
        x->if_match = json_string_value(json_object_get(action, "if_match"));
        x->if_none_match = json_string_value(json_object_get(action, "if_none_match"));
    }
    if (x->d->once_header) x->once = json_string_value(json_object_get(action, "once"));
}

/* What follows a trait's path in that of the call; NULL: it is no call of this trait. */
static const char *below(struct api *x, const char *path) {
    const char *rest = path ? after(x->path, x->d->base) : NULL;
    return rest ? after(rest, path) : NULL;
}

/* A call of a trait with a path of its own; false: it is none. */
static bool call_trait(struct api *x) {
    const struct lab_dialect *d = x->d;
    const char *hooks = below(x, d->hooks ? d->hooks->path : NULL), *key = below(x, d->rotate_path),
               *bulk = below(x, d->bulk ? d->bulk->path : NULL),
               *composite = below(x, d->composite ? d->composite->path : NULL),
               *deleted = below(x, d->deleted ? d->deleted->path : NULL);
    bool rotates = key && !*key, composes = composite && !*composite;
    if (!hooks && !rotates && !bulk && !composes && !deleted) return false;
    if (x->nested && !deleted) api_problem(x, LAB_PROBLEM_NESTED, NULL, x->path, 0);
    else if (hooks) api_hooks(x, hooks);
    else if (rotates) api_rotate_key(x);
    else if (bulk) api_bulk(x, bulk);
    else if (composes) api_composite(x);
    else api_deleted(x, deleted);
    return true;
}

bool api_object_at(struct api *x, const char *path) {
    const struct lab_connector *c = x->s->stack.members[x->member].connector;
    for (int i = 0; i < c->object_count; i++)
        if (str_eq(path, x->d->objects[i].path)) api_set_object(x, &c->objects[i]);
    return x->object != NULL;
}

void api_set_object(struct api *x, const struct lab_object *o) {
    x->object = o;
    x->names = &x->d->objects[o->index];
}

void api_bad_method(struct api *x, const char *allowed) {
    step_header(x->out, "Allow", allowed);
    api_problem(x, LAB_PROBLEM_BAD_METHOD, NULL, x->method, 0);
}

void api_call(struct api *x) {
    const char *id;
    bool merge;
    if (call_trait(x)) return;
    if (!route(x, &id, &merge)) {
        api_problem(x, LAB_PROBLEM_UNKNOWN_PATH, NULL, x->path, 0);
        return;
    }
    enum lab_operation operation = operation_of(x, id, merge);
    if (x->d->options && str_eq(x->method, "OPTIONS")) {
        allow(x, id, merge);
        x->out->status = 204;
        x->out->type = "application/json";
        return;
    }
    if (!operation || !(x->names->operations & operation)) {
        allow(x, id, merge);
        api_problem(x, LAB_PROBLEM_BAD_METHOD, NULL, x->method, 0);
        return;
    }
    const struct lab_fault *fault = faults_strike(x->s, x->member, x->object, operation, x->screen);
    if (fault) {
        fail_so(x, fault);
        return;
    }
    bool writes = operation != LAB_LIST && operation != LAB_GET;
    if (!api_in_scope(x, writes)) return;
    if (writes && api_once_answered(x)) return;
    if (id && !api_conditions(x, operation, id)) return;
    switch (operation) {
    case LAB_LIST: api_list(x); break;
    case LAB_GET: api_get(x, id); break;
    case LAB_CREATE: api_create(x); break;
    case LAB_UPDATE: api_update(x, id); break;
    case LAB_DELETE: api_delete(x, id); break;
    case LAB_MERGE: api_merge(x, id); break;
    }
    if (writes) api_once_keep(x);
}

void api_step(struct lab_state *s, json_t *action, struct step_answer *out) {
    struct api x;
    int member = lab_member_find(&s->stack,
                                 json_string_value(json_object_get(action, "connector")));
    if (member < 0) {
        out->status = 404;
        out->type = "application/json";
        buf_puts(&out->body, "{\"error\":\"There is no such connector in this run.\"}");
        out->refused = true;
        return;
    }
    api_bind(&x, s, member, s->scratch);
    x.out = out;
    x.screen = str_eq(s->who.actor, "screen");
    if (!x.screen) take_time(&x);
    if (!x.screen) x.d = faults_dialect(s, member);
    int64_t down_ms = faults_outage(s, member);
    if (down_ms) {
        api_problem(&x, LAB_PROBLEM_OUTAGE, NULL, NULL, (down_ms - s->now_ms) / MS_SECOND);
        return;
    }
    if (str_eq(json_string_value(json_object_get(action, "kind")), "token")) {
        api_give_token(&x, action);
        return;
    }
    if (!x.screen && (!api_key_alive(&x, action) || !within_limits(&x))) return;
    x.method = json_string_value(json_object_get(action, "method"));
    x.path = json_string_value(json_object_get(action, "path"));
    x.query = json_string_value(json_object_get(action, "query"));
    x.body = json_string_value(json_object_get(action, "body"));
    read_headers(&x, action);
    if (!x.method || !x.path) {
        api_problem(&x, LAB_PROBLEM_UNKNOWN_PATH, NULL, "", 0);
        return;
    }
    api_call(&x);
    (void)rules_run(s);
}
