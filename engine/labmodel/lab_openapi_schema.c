/* Schemas of records as they are sent and as they are shown, of pages and envelopes, and of errors.
 */
#include "labmodel/lab_openapi_schema.h"

#include <string.h>

#include "base/text.h"

void openapi_text(struct openapi *w, const char *key, const char *value) {
    buf_json(w->b, key);
    buf_putc(w->b, ':');
    buf_json(w->b, value);
}

/* ---- Names ---------------------------------------------------------------------------------- */
static const char *name_of(struct openapi *w, const struct lab_object *o, const char *suffix) {
    char *name = arena_dup(w->b->arena, w->d->objects[o->index].title);
    for (char *p = name; *p; p++)
        if (!((*p >= 'a' && *p <= 'z') || (*p >= 'A' && *p <= 'Z') || (*p >= '0' && *p <= '9')))
            *p = '_';
    return arena_printf(w->b->arena, "%s%s", name, suffix);
}

const char *openapi_input(struct openapi *w, const struct lab_object *o,
                          enum lab_operation operation) {
    if (operation == LAB_CREATE) return name_of(w, o, ".new");
    return operation == LAB_UPDATE ? name_of(w, o, ".change") : NULL;
}

const char *openapi_output(struct openapi *w, const struct lab_object *o,
                           enum lab_operation operation) {
    bool writes = operation == LAB_CREATE || operation == LAB_UPDATE;
    if (operation == LAB_LIST) return name_of(w, o, ".page");
    if (operation == LAB_GET)
        return name_of(w, o, w->d->error_style == LAB_ERRORS_ENVELOPE ? ".one" : "");
    if (writes && w->d->batch) return name_of(w, o, ".results");
    return name_of(w, o, w->d->echo ? "" : ".done");
}

/* ---- Objects -------------------------------------------------------------------------------- */
struct members {
    const char *required[LAB_FIELDS_MAX + 8];
    int required_count;
    bool any;
};

static void object_begin(struct openapi *w, struct members *m) {
    memset(m, 0, sizeof *m);
    buf_puts(w->b, "{\"type\":\"object\",\"properties\":{");
}

/* Writes a member's name and colon; the caller writes its schema. */
static void member(struct openapi *w, struct members *m, const char *name, bool required) {
    if (m->any) buf_putc(w->b, ',');
    m->any = true;
    buf_json(w->b, name);
    buf_putc(w->b, ':');
    if (required) m->required[m->required_count++] = name;
}

static void member_as(struct openapi *w, struct members *m, const char *name, const char *schema) {
    member(w, m, name, true);
    buf_puts(w->b, schema);
}

/* Members that are not declared are not allowed, neither in an answer nor in a request. */
static void object_end(struct openapi *w, const struct members *m) {
    buf_puts(w->b, "},\"additionalProperties\":false");
    for (int i = 0; i < m->required_count; i++) {
        buf_puts(w->b, i ? "," : ",\"required\":[");
        buf_json(w->b, m->required[i]);
    }
    buf_puts(w->b, m->required_count ? "]}" : "}");
}

static void reference(struct openapi *w, const char *name) {
    buf_printf(w->b, "{\"$ref\":\"#/components/schemas/%s\"}", name);
}

static void begin_schema(struct openapi *w, const char *name) {
    buf_putc(w->b, ',');
    buf_json(w->b, name);
    buf_putc(w->b, ':');
}

/* ---- Values --------------------------------------------------------------------------------- */
static bool numeric_time(const struct lab_dialect *d) {
    return d->date == LAB_DATE_SECONDS || d->date == LAB_DATE_MILLISECONDS;
}

static const char *type_of(struct openapi *w, const struct lab_field *f) {
    if (f->type == LAB_INTEGER) return "integer";
    if (f->type == LAB_BOOLEAN)
        return w->d->truth == LAB_TRUTH_JSON     ? "boolean"
               : w->d->truth == LAB_TRUTH_YES_NO ? "string"
                                                 : "integer";
    return f->type == LAB_TIME && numeric_time(w->d) ? "integer" : "string";
}

static void time_form(struct openapi *w) {
    if (w->d->date == LAB_DATE_ISO) buf_puts(w->b, ",\"format\":\"date-time\"");
    else if (!numeric_time(w->d))
        buf_puts(w->b, ",\"pattern\":\"^[0-9]{2}/[0-9]{2}/[0-9]{4} [0-9]{2}:[0-9]{2}$\"");
}

static void time_schema(struct openapi *w, const char *what) {
    buf_printf(w->b, "{\"type\":\"%s\"", numeric_time(w->d) ? "integer" : "string");
    time_form(w);
    buf_puts(w->b, ",\"readOnly\":true,");
    openapi_text(w, "description", what);
    buf_putc(w->b, '}');
}

/* Lists the values of a picklist, or of a field name: the fields of the other system, as its
 * dialect calls them. */
static void words(struct openapi *w, const struct lab_object *o, const struct lab_field *f,
                  const char *key, bool with_null) {
    int m = w->s->member;
    const struct lab_object *of = f->type == LAB_FIELD_NAME
                                      ? lab_object_by_path(w->s->stack, f->of, &m)
                                      : NULL;
    int count = f->type == LAB_FIELD_NAME ? (of ? of->field_count : 0) : f->value_count;
    buf_printf(w->b, ",\"%s\":[", key);
    for (int i = 0; i < count; i++) {
        if (i) buf_putc(w->b, ',');
        buf_json(w->b, of ? w->s->dialects[m]->objects[of->index].fields[i].as
                          : lab_surface_value(w->d, o, f, f->values[i]));
    }
    buf_puts(w->b, with_null ? ",null]" : "]");
}

/* How a value is written, in both directions. */
static void form(struct openapi *w, const struct lab_field *f, bool with_null) {
    const char *null = with_null ? ",null" : "";
    if (f->type == LAB_TIME) time_form(w);
    else if (f->type == LAB_BOOLEAN && w->d->truth == LAB_TRUTH_YES_NO)
        buf_printf(w->b, ",\"enum\":[\"Yes\",\"No\"%s]", null);
    else if (f->type == LAB_BOOLEAN && w->d->truth == LAB_TRUTH_ONE_ZERO)
        buf_printf(w->b, ",\"enum\":[0,1%s]", null);
}

/* What the API checks in a value that it is given. */
static void bounds(struct openapi *w, const struct lab_object *o, const struct lab_field *f,
                   bool with_null) {
    switch (f->type) {
    case LAB_PICKLIST:
    case LAB_FIELD_NAME: words(w, o, f, "enum", with_null); break;
    case LAB_INTEGER:
        buf_puts(w->b, ",\"minimum\":-1000000000000,\"maximum\":1000000000000");
        break;
    case LAB_EMAIL: buf_puts(w->b, ",\"format\":\"email\""); /* fall through */
    case LAB_TEXT:
    case LAB_VALUE_NAME:
        if (f->required) buf_puts(w->b, ",\"minLength\":1");
        buf_printf(w->b, ",\"maxLength\":%d", f->max);
        break;
    default: break;
    }
}

/* Whether any text is allowed, so that the empty one need not be allowed separately. */
static bool any_text(const struct lab_field *f, bool taken) {
    switch (f->type) {
    case LAB_TEXT:
    case LAB_REFERENCE:
    case LAB_VALUE_NAME: return true;
    case LAB_EMAIL:
    case LAB_PICKLIST:
    case LAB_FIELD_NAME: return !taken;
    default: return false;
    }
}

/* A field's schema. An empty value is null, an empty text, or a member that is not there. */
static void field(struct openapi *w, const struct lab_object *o, const struct lab_field *f,
                  bool taken) {
    enum lab_empty empty = w->d->empty;
    bool may_be_empty = taken ? !f->required : empty != LAB_EMPTY_OMIT,
         null = may_be_empty && empty != LAB_EMPTY_TEXT,
         text = may_be_empty && !null && !any_text(f, taken);
    if (text) buf_puts(w->b, "{\"anyOf\":[{\"type\":");
    else buf_puts(w->b, "{\"type\":");
    buf_printf(w->b, null ? "[\"%s\",\"null\"]" : "\"%s\"", type_of(w, f));
    form(w, f, null);
    if (taken) bounds(w, o, f, null);
    if (text) buf_puts(w->b, "},{\"const\":\"\"}]");
    /* The values are given as examples only: data older than the picklist holds others. */
    if (!taken && f->type == LAB_PICKLIST) words(w, o, f, "examples", false);
    if (!taken && f->read_only) buf_puts(w->b, ",\"readOnly\":true");
    buf_putc(w->b, ',');
    openapi_text(w, "title", w->d->objects[o->index].fields[f->index].title);
    buf_putc(w->b, '}');
}

/* ---- Records -------------------------------------------------------------------------------- */
static void shown(struct openapi *w, const struct lab_object *o) {
    const struct lab_object_name *n = &w->d->objects[o->index];
    struct members m;
    object_begin(w, &m);
    member_as(w, &m, n->id_as, "{\"type\":\"string\",\"readOnly\":true}");
    for (int i = 0; i < o->field_count; i++) {
        member(w, &m, n->fields[i].as, w->d->empty != LAB_EMPTY_OMIT);
        field(w, o, &o->fields[i], false);
    }
    member(w, &m, n->created_as, true);
    time_schema(w, "When the record was created.");
    member(w, &m, n->updated_as, true);
    time_schema(w, "When the record was last changed.");
    object_end(w, &m);
}

static void taken(struct openapi *w, const struct lab_object *o, enum lab_operation operation) {
    struct members m;
    object_begin(w, &m);
    for (int i = 0; i < o->field_count; i++) {
        const struct lab_field *f = &o->fields[i];
        if (f->read_only) continue;
        member(w, &m, w->d->objects[o->index].fields[i].as, f->required && operation == LAB_CREATE);
        field(w, o, f, true);
    }
    object_end(w, &m);
}

/* ---- Envelopes ------------------------------------------------------------------------------ */
static void envelope_begin(struct openapi *w, struct members *m) {
    object_begin(w, m);
    member_as(w, m, "callNo", "{\"type\":\"string\"}");
    member_as(w, m, "done", "{\"const\":true}");
}

static void items(struct openapi *w, struct members *m, const char *of, const char *more) {
    member(w, m, w->d->items_key, true);
    buf_puts(w->b, "{\"type\":\"array\",\"items\":");
    reference(w, of);
    buf_printf(w->b, "%s}", more);
}

static void page(struct openapi *w, const struct lab_object *o) {
    static const char *const next[] = {
        "The address of the next page, from the root of this API; null on the last page.",
        "The token of the next page; null on the last page.",
        "The cursor of the next page; null on the last page."};
    struct members m;
    if (w->d->error_style == LAB_ERRORS_ENVELOPE) envelope_begin(w, &m);
    else object_begin(w, &m);
    if (w->d->total_key) {
        member(w, &m, w->d->total_key, true);
        buf_puts(w->b, "{\"type\":\"integer\",\"minimum\":0,\"description\":"
                       "\"How many records there are on all pages.\"}");
    }
    items(w, &m, name_of(w, o, ""), arena_printf(w->b->arena, ",\"maxItems\":%d", w->d->page_max));
    if (w->d->next_key) {
        member(w, &m, w->d->next_key, true);
        buf_puts(w->b, "{\"type\":[\"string\",\"null\"],");
        openapi_text(w, "description", next[w->d->paging]);
        buf_putc(w->b, '}');
    }
    object_end(w, &m);
}

static void one(struct openapi *w, const struct lab_object *o) {
    struct members m;
    envelope_begin(w, &m);
    items(w, &m, name_of(w, o, ""), ",\"minItems\":1,\"maxItems\":1");
    object_end(w, &m);
}

static void codes(struct openapi *w, const char *prefix) {
    buf_puts(w->b, "{\"type\":\"string\",\"enum\":[");
    for (int i = 1; i < LAB_PROBLEM_COUNT; i++) {
        bool again = false;
        for (int k = 1; k < i; k++)
            again = again || str_eq(w->d->errors[k].code, w->d->errors[i].code);
        if (again) continue;
        if (i > 1) buf_putc(w->b, ',');
        buf_json(w->b, arena_printf(w->b->arena, "%s%s", prefix, w->d->errors[i].code));
    }
    buf_puts(w->b, "]}");
}

static void code_and_message(struct openapi *w) {
    struct members m;
    object_begin(w, &m);
    member(w, &m, "code", true);
    codes(w, "");
    member_as(w, &m, "message", "{\"type\":\"string\"}");
    object_end(w, &m);
}

/* The result of one record of a batch: its id and what became of it, or why it was refused. */
static void result(struct openapi *w, const struct lab_object *o) {
    struct members m;
    buf_puts(w->b, "{\"oneOf\":[");
    object_begin(w, &m);
    member_as(w, &m, w->d->objects[o->index].id_as, "{\"type\":\"string\"}");
    member_as(w, &m, "status", "{\"enum\":[\"created\",\"updated\"]}");
    object_end(w, &m);
    buf_putc(w->b, ',');
    object_begin(w, &m);
    member_as(w, &m, "status", "{\"const\":\"refused\"}");
    member(w, &m, "because", true);
    buf_puts(w->b, "{\"type\":\"array\",\"minItems\":1,\"items\":");
    code_and_message(w);
    buf_putc(w->b, '}');
    object_end(w, &m);
    buf_puts(w->b, "]}");
}

static void results(struct openapi *w, const struct lab_object *o) {
    struct members m;
    envelope_begin(w, &m);
    items(w, &m, name_of(w, o, ".result"),
          arena_printf(w->b->arena, ",\"minItems\":1,\"maxItems\":%d", w->d->batch_max));
    object_end(w, &m);
}

static void done(struct openapi *w, const struct lab_object *o) {
    struct members m;
    object_begin(w, &m);
    member_as(w, &m, w->d->objects[o->index].id_as, "{\"type\":\"string\"}");
    member_as(w, &m, "done", "{\"const\":true}");
    member_as(w, &m, "errors", "{\"type\":\"array\",\"items\":{},\"maxItems\":0}");
    object_end(w, &m);
}

/* ---- Errors --------------------------------------------------------------------------------- */
static void error_of_list(struct openapi *w) {
    struct members m;
    buf_puts(w->b, "{\"type\":\"array\",\"minItems\":1,\"items\":");
    object_begin(w, &m);
    member_as(w, &m, "message", "{\"type\":\"string\"}");
    member(w, &m, "why", true);
    codes(w, "");
    member_as(w, &m, "fields", "{\"type\":\"array\",\"items\":{\"type\":\"string\"}}");
    object_end(w, &m);
    buf_putc(w->b, '}');
}

static void error_of_object(struct openapi *w) {
    struct members m, inner;
    object_begin(w, &m);
    member(w, &m, "error", true);
    object_begin(w, &inner);
    member(w, &inner, "code", true);
    codes(w, "");
    member_as(w, &inner, "message", "{\"type\":\"string\"}");
    member(w, &inner, "field", false);
    buf_puts(w->b, "{\"type\":\"string\"}");
    object_end(w, &inner);
    object_end(w, &m);
}

static void error_of_envelope(struct openapi *w) {
    struct members m;
    object_begin(w, &m);
    member_as(w, &m, "callNo", "{\"type\":\"string\"}");
    member_as(w, &m, "done", "{\"const\":false}");
    member(w, &m, "errors", true);
    buf_puts(w->b, "{\"type\":\"array\",\"minItems\":1,\"items\":");
    code_and_message(w);
    buf_putc(w->b, '}');
    object_end(w, &m);
}

/* RFC 9457. */
static void error_of_problem(struct openapi *w) {
    struct members m;
    object_begin(w, &m);
    member(w, &m, "type", true);
    codes(w, "urn:problem:");
    member(w, &m, "title", true);
    codes(w, "");
    member_as(w, &m, "status", "{\"type\":\"integer\"}");
    member_as(w, &m, "detail", "{\"type\":\"string\"}");
    object_end(w, &m);
}

static void errors(struct openapi *w) {
    struct members m;
    buf_json(w->b, OPENAPI_ERROR);
    buf_putc(w->b, ':');
    switch (w->d->error_style) {
    case LAB_ERRORS_LIST: error_of_list(w); break;
    case LAB_ERRORS_OBJECT: error_of_object(w); break;
    case LAB_ERRORS_ENVELOPE: error_of_envelope(w); break;
    case LAB_ERRORS_PROBLEM: error_of_problem(w); break;
    }
    begin_schema(w, OPENAPI_LAB_ERROR);
    object_begin(w, &m);
    member_as(w, &m, "error", "{\"type\":\"string\"}");
    object_end(w, &m);
}

/* ---- All ------------------------------------------------------------------------------------ */
static void schemas_of(struct openapi *w, const struct lab_object *o) {
    bool creates = o->operations & LAB_CREATE, updates = o->operations & LAB_UPDATE;
    bool tells = (creates && w->d->create_status != 204) || (updates && w->d->update_status != 204);
    begin_schema(w, name_of(w, o, ""));
    shown(w, o);
    if (creates) {
        begin_schema(w, openapi_input(w, o, LAB_CREATE));
        taken(w, o, LAB_CREATE);
    }
    if (updates) {
        begin_schema(w, openapi_input(w, o, LAB_UPDATE));
        taken(w, o, LAB_UPDATE);
    }
    if (o->operations & LAB_LIST) {
        begin_schema(w, name_of(w, o, ".page"));
        page(w, o);
    }
    if ((o->operations & LAB_GET) && w->d->error_style == LAB_ERRORS_ENVELOPE) {
        begin_schema(w, name_of(w, o, ".one"));
        one(w, o);
    }
    if ((creates || updates) && w->d->batch) {
        begin_schema(w, name_of(w, o, ".result"));
        result(w, o);
        begin_schema(w, name_of(w, o, ".results"));
        results(w, o);
    }
    if (!w->d->echo && ((o->operations & LAB_MERGE) || (tells && !w->d->batch))) {
        begin_schema(w, name_of(w, o, ".done"));
        done(w, o);
    }
}

void openapi_schemas(struct openapi *w) {
    errors(w);
    for (int i = 0; i < w->c->object_count; i++) schemas_of(w, &w->c->objects[i]);
}
