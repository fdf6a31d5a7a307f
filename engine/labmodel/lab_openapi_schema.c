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

unsigned openapi_operations(const struct openapi *w, const struct lab_object *o) {
    return w->d->objects[o->index].operations;
}

/* ---- Names ---------------------------------------------------------------------------------- */
const char *openapi_name(struct openapi *w, const struct lab_object *o, const char *suffix) {
    char *name = arena_dup(w->b->arena, w->d->objects[o->index].title);
    for (char *p = name; *p; p++)
        if (!((*p >= 'a' && *p <= 'z') || (*p >= 'A' && *p <= 'Z') || (*p >= '0' && *p <= '9')))
            *p = '_';
    return arena_printf(w->b->arena, "%s%s", name, suffix);
}

const char *openapi_input(struct openapi *w, const struct lab_object *o,
                          enum lab_operation operation) {
    if (operation == LAB_CREATE) return openapi_name(w, o, ".new");
    return operation == LAB_UPDATE ? openapi_name(w, o, ".change") : NULL;
}

const char *openapi_output(struct openapi *w, const struct lab_object *o,
                           enum lab_operation operation) {
    bool writes = operation == LAB_CREATE || operation == LAB_UPDATE;
    enum lab_body_of of = operation == LAB_LIST     ? LAB_BODY_PAGE
                          : operation == LAB_GET    ? LAB_BODY_ONE
                          : writes && w->d->batch   ? LAB_BODY_BATCH
                          : operation == LAB_CREATE ? LAB_BODY_CREATED
                          : operation == LAB_UPDATE ? LAB_BODY_UPDATED
                                                    : LAB_BODY_MERGED;
    return openapi_body_name(w, o, of);
}

/* ---- Objects -------------------------------------------------------------------------------- */
void openapi_object_begin(struct openapi *w, struct openapi_members *m) {
    memset(m, 0, sizeof *m);
    buf_puts(w->b, "{\"type\":\"object\",\"properties\":{");
}

void openapi_member(struct openapi *w, struct openapi_members *m, const char *name, bool required) {
    if (m->any) buf_putc(w->b, ',');
    m->any = true;
    buf_json(w->b, name);
    buf_putc(w->b, ':');
    if (required) m->required[m->required_count++] = name;
}

void openapi_object_end(struct openapi *w, const struct openapi_members *m) {
    buf_puts(w->b, "},\"additionalProperties\":false");
    for (int i = 0; i < m->required_count; i++) {
        buf_puts(w->b, i ? "," : ",\"required\":[");
        buf_json(w->b, m->required[i]);
    }
    buf_puts(w->b, m->required_count ? "]}" : "}");
}

static void member_as(struct openapi *w, struct openapi_members *m, const char *name,
                      const char *schema) {
    openapi_member(w, m, name, true);
    buf_puts(w->b, schema);
}

void openapi_schema(struct openapi *w, const char *name) {
    buf_putc(w->b, ',');
    buf_json(w->b, name);
    buf_putc(w->b, ':');
}

void openapi_reference(struct openapi *w, const char *name) {
    buf_printf(w->b, "{\"$ref\":\"#/components/schemas/%s\"}", name);
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

void openapi_words(struct openapi *w, const char *const *words, int count) {
    bool any = false;
    buf_puts(w->b, "{\"type\":\"string\",\"enum\":[");
    for (int i = 0; i < count; i++) {
        if (!words[i]) continue;
        if (any) buf_putc(w->b, ',');
        any = true;
        buf_json(w->b, words[i]);
    }
    buf_puts(w->b, "]}");
}

void openapi_time(struct openapi *w, const char *what) {
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
    struct openapi_members m;
    bool chosen = w->d->query.fields_param != NULL; /* by the client */
    openapi_object_begin(w, &m);
    member_as(w, &m, n->id_as, "{\"type\":\"string\",\"readOnly\":true}");
    for (int i = 0; i < o->field_count; i++) {
        openapi_member(w, &m, n->fields[i].as, w->d->empty != LAB_EMPTY_OMIT && !chosen);
        field(w, o, &o->fields[i], false);
    }
    openapi_member(w, &m, n->created_as, !chosen);
    openapi_time(w, "When the record was created.");
    openapi_member(w, &m, n->updated_as, !chosen);
    openapi_time(w, "When the record was last changed.");
    openapi_object_end(w, &m);
}

static void taken(struct openapi *w, const struct lab_object *o, enum lab_operation operation) {
    struct openapi_members m;
    openapi_object_begin(w, &m);
    for (int i = 0; i < o->field_count; i++) {
        const struct lab_field *f = &o->fields[i];
        if (f->read_only) continue;
        openapi_member(w, &m, w->d->objects[o->index].fields[i].as,
                       f->required && operation == LAB_CREATE);
        field(w, o, f, true);
    }
    openapi_object_end(w, &m);
}

/* ---- Errors --------------------------------------------------------------------------------- */
static void errors(struct openapi *w) {
    struct openapi_members m;
    buf_json(w->b, OPENAPI_ERROR);
    buf_putc(w->b, ':');
    openapi_body(w, NULL, LAB_BODY_ERROR);
    openapi_schema(w, OPENAPI_LAB_ERROR);
    openapi_object_begin(w, &m);
    member_as(w, &m, "error", "{\"type\":\"string\"}");
    openapi_object_end(w, &m);
}

/* ---- All ------------------------------------------------------------------------------------ */
/* Bodies that are the bare record need no schema of their own. */
static void body_of(struct openapi *w, const struct lab_object *o, enum lab_body_of of) {
    if (lab_body_bare(&w->d->bodies[of])) return;
    openapi_schema(w, openapi_body_name(w, o, of));
    openapi_body(w, o, of);
}

static void schemas_of(struct openapi *w, const struct lab_object *o) {
    bool creates = openapi_operations(w, o) & LAB_CREATE,
         updates = openapi_operations(w, o) & LAB_UPDATE;
    openapi_schema(w, openapi_name(w, o, ""));
    shown(w, o);
    if (creates) {
        openapi_schema(w, openapi_input(w, o, LAB_CREATE));
        taken(w, o, LAB_CREATE);
    }
    if (updates) {
        openapi_schema(w, openapi_input(w, o, LAB_UPDATE));
        taken(w, o, LAB_UPDATE);
    }
    if (openapi_operations(w, o) & LAB_LIST) body_of(w, o, LAB_BODY_PAGE);
    if (openapi_operations(w, o) & LAB_GET) body_of(w, o, LAB_BODY_ONE);
    if ((creates || updates) && w->d->batch) body_of(w, o, LAB_BODY_BATCH);
    if (creates && !w->d->batch && w->d->create_status != 204) body_of(w, o, LAB_BODY_CREATED);
    if (updates && !w->d->batch && w->d->update_status != 204) body_of(w, o, LAB_BODY_UPDATED);
    if (openapi_operations(w, o) & LAB_MERGE) body_of(w, o, LAB_BODY_MERGED);
}

void openapi_schemas(struct openapi *w) {
    errors(w);
    for (int i = 0; i < w->c->object_count; i++) schemas_of(w, &w->c->objects[i]);
}
