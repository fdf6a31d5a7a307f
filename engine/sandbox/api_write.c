/* Writing through the API: create, update, delete, merge, and what the objects of the configuration
 * do. */
#include <string.h>

#include "base/json.h"
#include "base/text.h"
#include "sandbox/api.h"
#include "sandbox/dedupe.h"
#include "sandbox/sync.h"
#include "sandbox/world.h"

struct problem {
    enum lab_problem what;
    const char *field, *value; /* as the client wrote them */
};

static struct problem problem(enum lab_problem what, const char *field, const char *value) {
    return (struct problem){what, field, value};
}

/* The neutral name of a value mapping's value: the side's picklist has it; other values stay as
 * they are. */
static const char *mapped_value(struct api *x, const struct lab_object *o, const struct record *r,
                                int field) {
    const struct lab_sync *y = &x->s->stack.sync;
    const char *mapping_id = record_value(o, r, "mapping_id");
    struct record mapping;
    if (!y->left || !mapping_id || record_empty(r->value[field]) ||
        !record_get(x->s, y->mapping, mapping_id, &mapping, x->a))
        return r->value[field];
    bool left = str_eq(o->fields[field].of, "left");
    const struct lab_object *side = left ? y->left : y->right;
    const struct lab_field *f = lab_field_find(
        side, record_value(y->mapping, &mapping, left ? "left_field" : "right_field"));
    if (!f || f->type != LAB_PICKLIST) return r->value[field];
    return lab_surface_neutral(x->s->dialect[left ? y->left_member : y->right_member], side, f,
                               r->value[field]);
}

static const char *shown(struct api *x, json_t *value) {
    return json_is_string(value) ? json_string_value(value) : json_text(x->a, value);
}

/* Reads the client's object into `r`; `mask` says which fields it named. */
static struct problem read_body(struct api *x, json_t *body, struct record *r, uint64_t *mask) {
    const char *key;
    json_t *value;
    *mask = 0;
    if (!json_is_object(body)) return problem(LAB_PROBLEM_BAD_JSON, NULL, "an object is expected");
    json_object_foreach (body, key, value) {
        const struct lab_field *f = lab_field_named(x->object, x->d, key);
        if (!f) return problem(LAB_PROBLEM_UNKNOWN_FIELD, key, NULL);
        if (f->read_only) return problem(LAB_PROBLEM_READ_ONLY, key, NULL);
        if (!lab_surface_read(&x->surface, x->object, f, value, x->a, &r->value[f->index]))
            return problem(LAB_PROBLEM_INVALID_VALUE, key, shown(x, value));
        *mask |= (uint64_t)1 << f->index;
    }
    for (int i = 0; i < x->object->field_count; i++)
        if (x->object->fields[i].type == LAB_VALUE_NAME && *mask >> i & 1)
            r->value[i] = mapped_value(x, x->object, r, i);
    return problem(LAB_PROBLEM_NONE, NULL, NULL);
}

static struct problem validated(struct api *x, const struct record *r, uint64_t mask) {
    struct record_problem p = record_validate(x->s, x->object, r, mask);
    if (!p.what) return problem(LAB_PROBLEM_NONE, NULL, NULL);
    return problem(p.what, x->names->fields[p.field->index].as, p.value);
}

/* Checks that a pair of fields stands in one mapping only. */
static struct problem mapping_fits(struct api *x, const struct record *r, const char *own_id) {
    const struct lab_object *o = x->object;
    int count;
    struct record *rows = record_all(x->s, o, x->a, &count);
    for (int i = 0; i < count; i++) {
        bool same =
            str_eq(record_value(o, &rows[i], "left_field"), record_value(o, r, "left_field")) &&
            str_eq(record_value(o, &rows[i], "right_field"), record_value(o, r, "right_field"));
        if (same && !str_eq(rows[i].id, own_id))
            return problem(LAB_PROBLEM_CONFLICT,
                           x->names->fields[lab_field_find(o, "right_field")->index].as,
                           rows[i].id);
    }
    return problem(LAB_PROBLEM_NONE, NULL, NULL);
}

/* Applies a change of an object of the configuration. */
static void take_effect(struct api *x) {
    if (x->object->kind == LAB_SYNC_SETTING) world_reschedule(x->s);
}

static struct problem run_job(struct api *x, struct record *r) {
    struct lab_who who = x->s->who;
    if (x->object->kind == LAB_SYNC_RUN) {
        if (!x->s->stack.sync.left) return problem(LAB_PROBLEM_CONFLICT, NULL, NULL);
        r->id = sync_run(x->s, "manual");
        record_get(x->s, x->object, r->id, r, x->a);
        return problem(LAB_PROBLEM_NONE, NULL, NULL);
    }
    x->s->who = (struct lab_who){.actor = "dedupe"};
    struct dedupe_result done = dedupe_run(x->s, x->member);
    x->s->who = who;
    const struct lab_field *groups = lab_field_find(x->object, "groups"),
                           *merged = lab_field_find(x->object, "merged");
    if (groups) r->value[groups->index] = arena_printf(x->a, "%d", done.groups);
    if (merged) r->value[merged->index] = arena_printf(x->a, "%d", done.merged);
    r->id = record_new_id(x->s, x->member, x->a);
    record_insert(x->s, x->member, x->object, r);
    return problem(LAB_PROBLEM_NONE, NULL, NULL);
}

static struct problem create_one(struct api *x, json_t *body, struct record *r) {
    uint64_t mask;
    memset(r, 0, sizeof *r);
    struct problem p = read_body(x, body, r, &mask);
    r->created_ms = r->updated_ms = x->s->now_ms;
    if (p.what) return p;
    if (record_count(x->s, x->object) >= LAB_RECORDS_MAX)
        return problem(LAB_PROBLEM_TOO_MANY, NULL, NULL);
    if (x->object->kind == LAB_SYNC_RUN || x->object->kind == LAB_DEDUPE_JOB) return run_job(x, r);
    p = validated(x, r, ((uint64_t)1 << x->object->field_count) - 1);
    if (!p.what && x->object->kind == LAB_FIELD_MAPPING) p = mapping_fits(x, r, "");
    if (p.what) return p;
    r->id = record_new_id(x->s, x->member, x->a);
    record_insert(x->s, x->member, x->object, r);
    take_effect(x);
    return p;
}

static struct problem update_one(struct api *x, const char *id, json_t *body, struct record *r) {
    struct record old;
    uint64_t mask;
    if (!record_get(x->s, x->object, id, &old, x->a))
        return problem(LAB_PROBLEM_UNKNOWN_RECORD, NULL, id);
    *r = old;
    struct problem p = read_body(x, body, r, &mask);
    if (!p.what) p = validated(x, r, mask);
    if (!p.what && x->object->kind == LAB_FIELD_MAPPING) p = mapping_fits(x, r, id);
    if (p.what) return p;
    record_update(x->s, x->member, x->object, id, r, mask, true);
    record_get(x->s, x->object, id, r, x->a);
    take_effect(x);
    return p;
}

/* ---- Answers -------------------------------------------------------------------------------- */
static void report(struct api *x, struct problem p) { api_problem(x, p.what, p.field, p.value, 0); }

static json_t *body_of(struct api *x) {
    const char *why = "the body is empty";
    json_t *body = x->body && *x->body ? json_read(x->a, x->body, strlen(x->body), &why) : NULL;
    if (!body) report(x, problem(LAB_PROBLEM_BAD_JSON, NULL, why));
    return body;
}

static void answer_one(struct api *x, int status, const struct record *r) {
    x->out->status = status;
    x->out->type = "application/json";
    if (status == 204) return;
    struct buf *b = &x->out->body;
    if (x->d->echo) {
        api_record(x, x->object, r, b);
        return;
    }
    buf_putc(b, '{');
    buf_json(b, x->names->id_as);
    buf_putc(b, ':');
    buf_json(b, r->id);
    buf_puts(b, ",\"done\":true,\"errors\":[]}");
}

static void batch_result(struct api *x, const struct problem *p, const struct record *r,
                         const char *done) {
    struct buf *b = &x->out->body;
    if (!p->what) {
        buf_putc(b, '{');
        buf_json(b, x->names->id_as);
        buf_putc(b, ':');
        buf_json(b, r->id);
        buf_printf(b, ",\"status\":\"%s\"}", done);
        return;
    }
    buf_puts(b, "{\"status\":\"refused\",\"because\":[{\"code\":");
    buf_json(b, x->d->errors[p->what].code);
    buf_puts(b, ",\"message\":");
    buf_json(b, lab_surface_sentence(x->d, p->what, p->field, p->value, 0, x->a));
    buf_puts(b, "}]}");
}

/* Writes a batch. Some vendors answer 200 in any case and report failures in the list: each record
 * has its own result. */
static void batch(struct api *x, const char *id, json_t *body) {
    json_t *list = json_object_get(body, x->d->batch);
    size_t count = json_array_size(list);
    if (!json_is_array(list) || count == 0) {
        report(x, problem(LAB_PROBLEM_REQUIRED, x->d->batch, NULL));
        return;
    }
    if (count > (size_t)x->d->batch_max || (id && count != 1)) {
        report(x, problem(LAB_PROBLEM_TOO_MANY, x->d->batch, NULL));
        return;
    }
    x->out->status = 200;
    x->out->type = "application/json";
    buf_printf(&x->out->body, "{\"callNo\":\"r%lld\",\"done\":true,\"%s\":[", (long long)x->s->step,
               x->d->items_key);
    for (size_t i = 0; i < count; i++) {
        struct record r;
        struct problem p = id ? update_one(x, id, json_array_get(list, i), &r)
                              : create_one(x, json_array_get(list, i), &r);
        if (i) buf_putc(&x->out->body, ',');
        batch_result(x, &p, &r, id ? "updated" : "created");
        if (p.what && count == 1) {
            x->out->refused = true;
            x->out->problem = p.what;
            x->out->field = p.field;
        }
    }
    buf_puts(&x->out->body, "]}");
}

void api_create(struct api *x) {
    json_t *body = body_of(x);
    struct record r;
    if (!body) return;
    if (x->d->batch) {
        batch(x, NULL, body);
        return;
    }
    struct problem p = create_one(x, body, &r);
    if (p.what) report(x, p);
    else answer_one(x, x->d->create_status, &r);
}

void api_update(struct api *x, const char *id) {
    json_t *body = body_of(x);
    struct record r;
    if (!body) return;
    if (x->d->batch) {
        batch(x, id, body);
        return;
    }
    struct problem p = update_one(x, id, body, &r);
    if (p.what) report(x, p);
    else answer_one(x, x->d->update_status, &r);
}

void api_delete(struct api *x, const char *id) {
    if (!record_exists(x->s, x->object, id)) {
        report(x, problem(LAB_PROBLEM_UNKNOWN_RECORD, NULL, id));
        return;
    }
    record_delete(x->s, x->member, x->object, id);
    take_effect(x);
    x->out->status = 204;
    x->out->type = "application/json";
}

void api_merge(struct api *x, const char *id) {
    json_t *body = body_of(x);
    if (!body) return;
    const char *loser = json_string_value(json_object_get(body, x->d->merge_field));
    struct record r;
    if (!loser || str_eq(loser, id))
        report(x, problem(LAB_PROBLEM_INVALID_VALUE, x->d->merge_field, loser));
    else if (!record_exists(x->s, x->object, id))
        report(x, problem(LAB_PROBLEM_UNKNOWN_RECORD, NULL, id));
    else if (!record_exists(x->s, x->object, loser))
        report(x, problem(LAB_PROBLEM_UNKNOWN_RECORD, NULL, loser));
    else {
        record_merge(x->s, x->member, x->object, id, loser, dedupe_fills(x->s, x->member));
        record_get(x->s, x->object, id, &r, x->a);
        answer_one(x, 200, &r);
    }
}
