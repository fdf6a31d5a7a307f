/* Composite calls: several operations on records in one call, in their order. Each sees what those
 * before it did. */
#include <string.h>

#include "base/json.h"
#include "base/text.h"
#include "sandbox/api.h"
#include "sandbox/filters.h"
#include "sandbox/rules.h"

struct operation {
    const char *method, *address, *body; /* body: JSON or NULL */
    struct step_answer answer;
};

struct composite {
    struct api *x;
    struct operation *operations;
    size_t count;
    bool all;
};

/* ---- The request ---------------------------------------------------------------------------- */
static bool unknown(struct api *x, const char *key) {
    return api_problem(x, LAB_PROBLEM_UNKNOWN_FIELD, key, NULL, 0);
}

static bool invalid(struct api *x, const char *key, json_t *value) {
    return api_problem(x, LAB_PROBLEM_INVALID_VALUE, key, json_text(x->a, value), 0);
}

static bool read_operation(struct api *x, json_t *given, struct operation *out) {
    const struct lab_composite *c = x->d->composite;
    const char *key;
    json_t *value;
    if (!json_is_object(given)) return invalid(x, c->list_as, given);
    json_object_foreach (given, key, value) {
        bool text = str_eq(key, c->method_as) || str_eq(key, c->address_as);
        if (text && !json_is_string(value)) return invalid(x, key, value);
        if (str_eq(key, c->method_as)) out->method = json_string_value(value);
        else if (str_eq(key, c->address_as)) out->address = json_string_value(value);
        else if (!str_eq(key, c->body_as)) return unknown(x, key);
        else if (!json_is_null(value)) out->body = json_text_as_built(x->a, value);
    }
    if (!out->method) return api_problem(x, LAB_PROBLEM_REQUIRED, c->method_as, NULL, 0);
    return out->address || api_problem(x, LAB_PROBLEM_REQUIRED, c->address_as, NULL, 0);
}

/* RULE lab-composite-limit: a call has as many operations as the dialect says, and one at least. */
static bool read_list(struct api *x, json_t *list, struct composite *out) {
    const struct lab_composite *c = x->d->composite;
    if (!list) return api_problem(x, LAB_PROBLEM_REQUIRED, c->list_as, NULL, 0);
    if (!json_is_array(list) || !json_array_size(list)) return invalid(x, c->list_as, list);
    out->count = json_array_size(list);
    if (out->count > (size_t)c->max)
        return api_problem(x, LAB_PROBLEM_OVER_LIMIT, c->list_as, arena_printf(x->a, "%d", c->max),
                           0);
    out->operations = NEW_ARRAY(x->a, struct operation, out->count);
    for (size_t i = 0; i < out->count; i++)
        if (!read_operation(x, json_array_get(list, i), &out->operations[i])) return false;
    return true;
}

static bool read_request(struct api *x, struct composite *out) {
    const struct lab_composite *c = x->d->composite;
    const char *why = "the body is empty", *key;
    json_t *body = x->body && *x->body ? json_read(x->a, x->body, strlen(x->body), &why) : NULL,
           *value;
    if (body && !json_is_object(body)) why = "an object is expected";
    if (!json_is_object(body)) return api_problem(x, LAB_PROBLEM_BAD_JSON, NULL, why, 0);
    out->all = c->all;
    json_object_foreach (body, key, value) {
        if (c->all_as && str_eq(key, c->all_as)) {
            if (!json_is_boolean(value)) return invalid(x, key, value);
            out->all = json_is_true(value);
        } else if (!str_eq(key, c->list_as)) return unknown(x, key);
    }
    return read_list(x, json_object_get(body, c->list_as), out);
}

/* ---- The operations ------------------------------------------------------------------------- */
/* One operation, as a call of its own would be; what belongs to the call around it (its key, its
 * conditions) is not its own. */
static void do_one(struct api *x, struct operation *o) {
    struct api inner = *x;
    size_t len = strcspn(o->address, "?");
    buf_init(&o->answer.body, x->a);
    inner.out = &o->answer;
    inner.nested = true;
    inner.method = o->method;
    inner.path = arena_copy(x->a, o->address, len);
    inner.query = o->address[len] ? o->address + len + 1 : NULL;
    inner.body = o->body;
    inner.if_match = inner.if_none_match = inner.once = NULL;
    inner.object = NULL;
    inner.names = NULL;
    api_call(&inner);
    (void)rules_run(x->s);
}

/* How many were refused; where all or none are done, none comes behind the first. */
static size_t do_all(struct composite *c) {
    size_t refused = 0;
    for (size_t i = 0; i < c->count && !(c->all && refused); i++) {
        struct operation *o = &c->operations[i];
        do_one(c->x, o);
        if (!o->answer.refused) continue;
        if (!refused++) {
            c->x->out->problem = o->answer.problem;
            c->x->out->field = o->answer.field;
        }
    }
    return refused;
}

/* What was done, and what was not even tried, answers that nothing is left of it. */
static void answer_undone(struct composite *c) {
    for (size_t i = 0; i < c->count; i++) {
        struct operation *o = &c->operations[i];
        if (o->answer.refused) continue;
        struct api inner = *c->x;
        o->answer = (struct step_answer){.status = 0};
        inner.out = &o->answer;
        api_problem(&inner, LAB_PROBLEM_UNDONE, NULL, o->address, 0);
    }
}

static int64_t tell(struct api *x, const char *kind, const char *detail) {
    return state_event(x->s, &(struct state_event){
                                 .kind = kind, .connector = x->d->connector_id, .detail = detail});
}

static size_t run(struct composite *c) {
    struct lab_state *s = c->x->s;
    struct lab_who who = s->who;
    struct state_savepoint before;
    s->who.cause = tell(c->x, "api.composite", arena_printf(c->x->a, "%zu operations", c->count));
    if (c->all) state_savepoint(s, "composite", &before);
    size_t refused = do_all(c);
    if (c->all) {
        state_settle(s, &before, refused > 0);
        filters_forget(s);
    }
    if (c->all && refused) {
        tell(c->x, "api.undone", NULL);
        answer_undone(c);
    }
    s->who = who;
    return refused;
}

/* ---- The answer ----------------------------------------------------------------------------- */
static void write_results(void *context, enum lab_slot slot, struct buf *out) {
    const struct composite *c = context;
    (void)slot;
    for (size_t i = 0; i < c->count; i++) {
        struct step_answer *answer = &c->operations[i].answer;
        struct lab_body_fill fill = {.status = answer->status,
                                     .answer = answer->body.len ? buf_text(&answer->body) : NULL};
        if (i) buf_putc(out, ',');
        lab_body_write(&c->x->d->bodies[LAB_BODY_COMPOSITE_ONE], &fill, out);
    }
}

static void answer(struct composite *c, size_t refused) {
    struct api *x = c->x;
    const struct lab_body *body = &x->d->bodies[LAB_BODY_COMPOSITE];
    x->out->refused = refused == c->count || (c->all && refused);
    x->out->status = x->d->composite->status;
    x->out->type = body->type;
    lab_body_write(
        body, &(struct lab_body_fill){.call = x->s->step, .write = write_results, .context = c},
        &x->out->body);
}

void api_composite(struct api *x) {
    struct composite c = {.x = x};
    if (!str_eq(x->method, "POST")) {
        api_bad_method(x, "POST");
        return;
    }
    if (api_once_answered(x) || !read_request(x, &c)) return;
    answer(&c, run(&c));
    api_once_keep(x);
}
