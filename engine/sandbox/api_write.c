/* Writing through the API: create, update, delete, merge, and what the objects of the configuration
 * do. */
#include <string.h>

#include "base/json.h"
#include "base/text.h"
#include "sandbox/api.h"
#include "sandbox/faults.h"
#include "sandbox/rules.h"

static struct refusal problem(enum lab_problem what, const char *field, const char *value) {
    return (struct refusal){what, field, value};
}

/* The neutral name of a value that belongs to a field which another record names: that field's
 * picklist has it; other values stay as they are. */
static const char *named_value(struct api *x, const struct lab_object *o, const struct record *r,
                               int field) {
    struct lab_value_path path;
    const struct lab_field *f = api_named_field(x, o, r, field, &path);
    if (!f || f->type != LAB_PICKLIST || record_empty(r->value[field])) return r->value[field];
    const char *known = lab_surface_neutral(x->s->dialect[path.of_member], path.of, f,
                                            r->value[field]);
    return known ? known : r->value[field];
}

static const char *shown(struct api *x, json_t *value) {
    return json_is_string(value) ? json_string_value(value) : json_text(x->a, value);
}

/* Reads the client's object into `r`; `named` says which fields it named. */
static struct refusal read_body(struct api *x, json_t *body, struct record *r,
                                struct lab_fields *named) {
    const char *key;
    json_t *value;
    *named = (struct lab_fields){0};
    if (!json_is_object(body)) return problem(LAB_PROBLEM_BAD_JSON, NULL, "an object is expected");
    json_object_foreach (body, key, value) {
        const struct lab_field *f = lab_field_named(x->object, x->d, key);
        if (!f) return problem(LAB_PROBLEM_UNKNOWN_FIELD, key, NULL);
        if (f->read_only) return problem(LAB_PROBLEM_READ_ONLY, key, NULL);
        if (!lab_surface_read(&x->surface, x->object, f, value, x->a, &r->value[f->index]))
            return problem(LAB_PROBLEM_INVALID_VALUE, key, shown(x, value));
        lab_fields_add(named, f->index);
    }
    for (int i = 0; i < x->object->field_count; i++)
        if (x->object->fields[i].type == LAB_VALUE_NAME && lab_fields_has(named, i))
            r->value[i] = named_value(x, x->object, r, i);
    return problem(LAB_PROBLEM_NONE, NULL, NULL);
}

static struct refusal validated(struct api *x, const struct record *r,
                                const struct lab_fields *fields) {
    struct record_problem p = record_validate(x->s, x->object, r, fields);
    if (!p.what) return problem(LAB_PROBLEM_NONE, NULL, NULL);
    return problem(p.what, x->names->fields[p.field->index].as, p.value);
}

/* Runs the rules that listen to what was just written since the savepoint; where one of them
 * refuses it, it is taken back. */
static struct refusal settle(struct api *x, const struct state_savepoint *p, bool guarded) {
    struct rule_failure f = rules_run(x->s);
    if (guarded) state_settle(x->s, p, f.what != LAB_PROBLEM_NONE);
    if (!f.what) return problem(LAB_PROBLEM_NONE, NULL, NULL);
    return problem(f.what, f.field ? x->names->fields[f.field->index].as : NULL, f.value);
}

static bool guard(struct api *x, enum lab_trigger on, struct state_savepoint *p) {
    if (!rules_may_fail(x->s, on, x->object)) return false;
    state_savepoint(x->s, "written", p);
    return true;
}

struct refusal api_create_one(struct api *x, json_t *body, struct record *r) {
    struct lab_fields named, all = lab_fields_first(x->object->field_count);
    *r = record_blank(x->object, x->a);
    struct refusal p = read_body(x, body, r, &named);
    r->created_ms = r->updated_ms = faults_clock(x->s, x->member);
    if (p.what) return p;
    if (record_count(x->s, x->object) >= LAB_RECORDS_MAX)
        return problem(LAB_PROBLEM_TOO_MANY, NULL, NULL);
    p = validated(x, r, &all);
    if (p.what) return p;
    struct state_savepoint before;
    bool guarded = guard(x, LAB_ON_CREATE, &before);
    r->id = record_new_id(x->s, x->member, x->a);
    record_insert(x->s, x->member, x->object, r);
    p = settle(x, &before, guarded);
    if (!p.what) record_get(x->s, x->object, r->id, r, x->a);
    return p;
}

struct refusal api_update_one(struct api *x, const char *id, json_t *body, struct record *r) {
    struct lab_fields named;
    if (!record_get(x->s, x->object, id, r, x->a))
        return problem(LAB_PROBLEM_UNKNOWN_RECORD, NULL, id);
    struct refusal p = read_body(x, body, r, &named);
    if (!p.what) p = validated(x, r, &named);
    if (p.what) return p;
    struct state_savepoint before;
    bool guarded = guard(x, LAB_ON_UPDATE, &before);
    record_update(x->s, x->member, x->object, id, r, &named, true);
    p = settle(x, &before, guarded);
    if (!p.what) record_get(x->s, x->object, id, r, x->a);
    return p;
}

/* ---- Answers -------------------------------------------------------------------------------- */
static void report(struct api *x, struct refusal p) { api_problem(x, p.what, p.field, p.value, 0); }

static json_t *body_of(struct api *x) {
    const char *why = "the body is empty";
    json_t *body = x->body && *x->body ? json_read(x->a, x->body, strlen(x->body), &why) : NULL;
    if (!body) report(x, problem(LAB_PROBLEM_BAD_JSON, NULL, why));
    return body;
}

static void write_refused(struct api *x, const struct refusal *p) {
    struct lab_body_fill fill = {
        .code = x->d->errors[p->what].code,
        .message = lab_surface_sentence(x->d, p->what, p->field, p->value, 0, x->a),
        .field = p->field};
    lab_body_write(&x->d->bodies[LAB_BODY_BATCH_REFUSED], &fill, &x->out->body);
}

struct batch {
    struct api *x;
    const char *id; /* of the record that is changed; NULL: records are made */
    json_t *list;
};

static void write_results(void *context, enum lab_slot slot, struct buf *out) {
    const struct batch *b = context;
    struct api *x = b->x;
    size_t count = json_array_size(b->list);
    (void)slot;
    for (size_t i = 0; i < count; i++) {
        struct record r;
        struct refusal p = b->id ? api_update_one(x, b->id, json_array_get(b->list, i), &r)
                                 : api_create_one(x, json_array_get(b->list, i), &r);
        if (i) buf_putc(out, ',');
        if (p.what) write_refused(x, &p);
        else api_body(x, b->id ? LAB_BODY_BATCH_UPDATED : LAB_BODY_BATCH_CREATED, &r);
        if (!p.what && b->id) api_tag(x, &r);
        if (p.what && count == 1) {
            x->out->refused = true;
            x->out->problem = p.what;
            x->out->field = p.field;
        }
    }
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
    struct batch work = {x, id, list};
    const struct lab_body *around = &x->d->bodies[LAB_BODY_BATCH];
    x->out->status = 200;
    x->out->type = around->type;
    lab_body_write(
        around,
        &(struct lab_body_fill){.call = x->s->step, .write = write_results, .context = &work},
        &x->out->body);
}

void api_create(struct api *x) {
    json_t *body = body_of(x);
    struct record r;
    if (!body) return;
    if (x->d->batch) {
        batch(x, NULL, body);
        return;
    }
    struct refusal p = api_create_one(x, body, &r);
    if (p.what) report(x, p);
    else api_answer(x, LAB_BODY_CREATED, x->d->create_status, &r);
}

void api_update(struct api *x, const char *id) {
    json_t *body = body_of(x);
    struct record r;
    if (!body) return;
    if (x->d->batch) {
        batch(x, id, body);
        return;
    }
    struct refusal p = api_update_one(x, id, body, &r);
    if (p.what) report(x, p);
    else api_answer(x, LAB_BODY_UPDATED, x->d->update_status, &r);
}

struct refusal api_delete_one(struct api *x, const char *id) {
    if (!record_exists(x->s, x->object, id)) return problem(LAB_PROBLEM_UNKNOWN_RECORD, NULL, id);
    record_delete(x->s, x->member, x->object, id);
    return problem(LAB_PROBLEM_NONE, NULL, NULL);
}

void api_delete(struct api *x, const char *id) {
    struct refusal p = api_delete_one(x, id);
    if (p.what) {
        report(x, p);
        return;
    }
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
        struct lab_place at = {x->object, x->member};
        if (!rules_merge(x->s, at, id, loser))
            record_merge(x->s, x->member, x->object, id, loser, false);
        record_get(x->s, x->object, id, &r, x->a);
        api_answer(x, LAB_BODY_MERGED, 200, &r);
    }
}
