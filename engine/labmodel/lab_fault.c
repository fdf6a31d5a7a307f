/* Reads faults: of a timeline, and of an instructor's action. */
#include <string.h>

#include "base/clock.h"
#include "base/text.h"
#include "labmodel/lab_read.h"
#include "labmodel/lab_timeline.h"

const char *const lab_fault_names[LAB_FAULT_KINDS] = {
    "outage", "status", "error", "latency", "limit", "expire", "revoke", "schema", "skew", "hook"};

struct reader {
    const struct lab_stack *stack;
    lab_attribute *attribute;
    void *from;
    struct lab_fault *out;
    struct arena *a;
    const char *why; /* the first problem */
};

static const char *get(struct reader *r, const char *name) { return r->attribute(r->from, name); }

static void problem(struct reader *r, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
static void problem(struct reader *r, const char *format, ...) {
    va_list args;
    if (r->why) return;
    va_start(args, format);
    r->why = arena_vprintf(r->a, format, args);
    va_end(args);
}

bool lab_duration_read(const char *text, int64_t *ms) {
    static const struct {
        char unit;
        int64_t ms;
    } units[] = {{'s', MS_SECOND}, {'m', MS_MINUTE}, {'h', MS_HOUR}, {'d', MS_DAY}};
    size_t len = text ? strspn(text, "0123456789") : 0;
    int64_t n = 0;
    if (len == 0 || len > 6 || strlen(text) != len + 1) return false;
    for (size_t i = 0; i < len; i++) n = n * 10 + (text[i] - '0');
    for (size_t i = 0; i < COUNT_OF(units); i++)
        if (units[i].unit == text[len]) {
            *ms = n * units[i].ms;
            return n > 0;
        }
    return false;
}

/* A whole number within bounds; `absent` when it is not given. */
static int number(struct reader *r, const char *name, int64_t min, int64_t max, int absent) {
    const char *text = get(r, name);
    int64_t n = absent;
    if (text && !parse_i64(text, min, max, &n))
        problem(r, "%s is “%s”; it must be a whole number from %lld to %lld.", name, text,
                (long long)min, (long long)max);
    return (int)n;
}

static unsigned operations(struct reader *r) {
    static const char *const names[] = {"list", "get", "create", "update", "delete", "merge"};
    const char *text = get(r, "op");
    unsigned out = 0;
    while (text && *text) {
        text += strspn(text, " ");
        size_t len = strcspn(text, " ");
        int at = lab_name_index(names, COUNT_OF(names), arena_copy(r->a, text, len));
        if (len && at < 0)
            problem(r,
                    "op is a list of list, get, create, update, delete and merge; “%.*s” is none "
                    "of them.",
                    (int)len, text);
        else if (len) out |= 1u << at;
        text += len;
    }
    return out;
}

static void read_where(struct reader *r) {
    const char *on = get(r, "on"), *object = get(r, "object"), *length = get(r, "for");
    struct lab_fault *f = r->out;
    f->member = on ? lab_member_find(r->stack, on) : -1;
    if (f->member < 0)
        problem(r, "on must name a connector of this stack; “%s” is none.", on ? on : "");
    else if (object) {
        f->object = lab_object_find(r->stack->members[f->member].connector, object);
        if (!f->object) problem(r, "The connector “%s” has no object “%s”.", on, object);
    }
    if (length && !lab_duration_read(length, &f->for_ms))
        problem(r, "for is “%s”; it must be a time such as 90s, 30m, 9h or 2d.", length);
    f->operations = operations(r);
    f->told = str_eq(get(r, "told"), "true");
    f->share = number(r, "share", 1, 1000, 1000);
}

/* Which attributes a kind must have. */
static void need(struct reader *r, const char *name) {
    if (!get(r, name))
        problem(r, "A fault of the kind “%s” needs %s=\"…\".", lab_fault_names[r->out->kind], name);
}

static void read_schema(struct reader *r) {
    struct lab_fault *f = r->out;
    const char *rename = get(r, "rename");
    need(r, "object");
    need(r, "rename");
    need(r, "as");
    f->as = arena_dup(r->a, get(r, "as"));
    if (r->why) return;
    f->field = lab_field_find(f->object, rename);
    if (!f->field) problem(r, "The object “%s” has no field “%s”.", f->object->id, rename);
    if (!*f->as || strlen(f->as) > 60) problem(r, "as must be a name of 1 to 60 characters.");
    const struct lab_member *m = &r->stack->members[f->member];
    for (int i = 0; i < m->dialect_count; i++)
        if (lab_field_named(f->object, m->dialects[i], f->as))
            problem(r, "“%s” is the name of a field in the dialect “%s” already.", f->as,
                    m->dialects[i]->id);
}

static void read_kind(struct reader *r) {
    struct lab_fault *f = r->out;
    switch (f->kind) {
    case LAB_FAULT_OUTAGE:
    case LAB_FAULT_ERROR:
    case LAB_FAULT_EXPIRE:
    case LAB_FAULT_REVOKE:
    case LAB_FAULT_KINDS: break;
    case LAB_FAULT_STATUS:
        need(r, "status");
        f->status = number(r, "status", 400, 599, 503);
        break;
    case LAB_FAULT_LATENCY:
        need(r, "ms");
        f->latency_ms = number(r, "ms", 1, 600000, 0);
        break;
    case LAB_FAULT_LIMIT:
        if (!get(r, "daily")) need(r, "burst");
        f->burst = number(r, "burst", 1, 1000000, 1000000);
        f->daily = number(r, "daily", 1, 1000000, 1000000);
        break;
    case LAB_FAULT_SCHEMA: read_schema(r); break;
    case LAB_FAULT_SKEW:
        need(r, "seconds");
        f->skew_ms = number(r, "seconds", -86400, 86400, 0) * MS_SECOND;
        break;
    case LAB_FAULT_HOOK:
        f->duplicate = number(r, "duplicate", 0, 1000, 0);
        f->drop = number(r, "drop", 0, 1000, 0);
        f->forge = number(r, "forge", 0, 1000, 0);
        f->shuffle = number(r, "shuffle", 0, 100, 0);
        if (!(f->duplicate || f->drop || f->forge || f->shuffle))
            problem(r, "A fault of the kind “hook” needs duplicate, drop, forge or shuffle.");
        break;
    }
}

bool lab_fault_read(const struct lab_stack *stack, lab_attribute *attribute, void *from,
                    struct lab_fault *out, struct arena *a, const char **why) {
    struct reader r = {stack, attribute, from, out, a, NULL};
    memset(out, 0, sizeof *out);
    const char *kind = get(&r, "kind");
    int at = kind ? lab_name_index(lab_fault_names, LAB_FAULT_KINDS, kind) : -1;
    if (at < 0)
        problem(&r,
                "kind is outage, status, error, latency, limit, expire, revoke, schema, skew or "
                "hook; “%s” is none of them.",
                kind ? kind : "");
    else out->kind = (enum lab_fault_kind)at;
    read_where(&r);
    if (!r.why) read_kind(&r);
    *why = r.why;
    return !r.why;
}

const struct lab_dialect *lab_dialect_renamed(const struct lab_dialect *d,
                                              const struct lab_connector *c,
                                              const struct lab_object *o, const struct lab_field *f,
                                              const char *as, struct arena *a) {
    struct lab_dialect *out = NEW(a, struct lab_dialect);
    *out = *d;
    out->objects = NEW_ARRAY(a, struct lab_object_name, (size_t)c->object_count);
    memcpy(out->objects, d->objects, (size_t)c->object_count * sizeof *out->objects);
    struct lab_object_name *names = &out->objects[o->index];
    struct lab_field_name *fields = NEW_ARRAY(a, struct lab_field_name, (size_t)o->field_count);
    memcpy(fields, names->fields, (size_t)o->field_count * sizeof *fields);
    fields[f->index].as = as;
    names->fields = fields;
    return out;
}
