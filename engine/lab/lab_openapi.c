/* OpenAPI 3.1 out of connector and dialect: what the API really does, since both read the same data. */
#include "lab/lab_openapi.h"

#include <string.h>

#include "base/text.h"

struct writer {
    const struct lab_surface *s;
    const struct lab_dialect *d;
    const struct lab_connector *c;
    struct buf *b;
};

static void text(struct writer *w, const char *key, const char *value) {
    buf_json(w->b, key);
    buf_putc(w->b, ':');
    buf_json(w->b, value);
}

static const char *schema_name(struct writer *w, const struct lab_object *o) {
    char *name = arena_dup(w->b->arena, w->d->objects[o->index].title);
    for (char *p = name; *p; p++)
        if (!((*p >= 'a' && *p <= 'z') || (*p >= 'A' && *p <= 'Z') || (*p >= '0' && *p <= '9')))
            *p = '_';
    return name;
}

static void values(struct writer *w, const struct lab_object *o, const struct lab_field *f) {
    buf_puts(w->b, ",\"enum\":[");
    for (int i = 0; i < f->value_count; i++) {
        if (i) buf_putc(w->b, ',');
        buf_json(w->b, lab_surface_value(w->d, o, f, f->values[i]));
    }
    buf_putc(w->b, ']');
}

static void field_names(struct writer *w, const struct lab_field *f) {
    int member = 0;
    const struct lab_object *o = lab_object_by_path(w->s->stack, f->of, &member);
    buf_puts(w->b, ",\"enum\":[");
    for (int i = 0; o && i < o->field_count; i++) {
        if (i) buf_putc(w->b, ',');
        buf_json(w->b, w->s->dialects[member]->objects[o->index].fields[i].as);
    }
    buf_putc(w->b, ']');
}

static const char *type_of(struct writer *w, const struct lab_field *f) {
    if (f->type == LAB_INTEGER) return "integer";
    if (f->type == LAB_BOOLEAN)
        return w->d->truth == LAB_TRUTH_JSON     ? "boolean"
               : w->d->truth == LAB_TRUTH_YES_NO ? "string"
                                                 : "integer";
    if (f->type == LAB_TIME)
        return w->d->date == LAB_DATE_SECONDS || w->d->date == LAB_DATE_MILLISECONDS ? "integer"
                                                                                     : "string";
    return "string";
}

static void field(struct writer *w, const struct lab_object *o, const struct lab_field *f) {
    const struct lab_field_name *n = &w->d->objects[o->index].fields[f->index];
    buf_json(w->b, n->as);
    /* A value may be there or not; OpenAPI 3.1 says so with a list of types. */
    buf_printf(w->b, ":{\"type\":[\"%s\",\"null\"]", type_of(w, f));
    if (f->type == LAB_BOOLEAN && w->d->truth == LAB_TRUTH_YES_NO)
        buf_puts(w->b, ",\"enum\":[\"Yes\",\"No\"]");
    if (f->type == LAB_BOOLEAN && w->d->truth == LAB_TRUTH_ONE_ZERO)
        buf_puts(w->b, ",\"enum\":[0,1]");
    if (f->type == LAB_EMAIL) buf_puts(w->b, ",\"format\":\"email\"");
    if (f->type == LAB_TIME && w->d->date == LAB_DATE_ISO)
        buf_puts(w->b, ",\"format\":\"date-time\"");
    if (f->type == LAB_TEXT || f->type == LAB_EMAIL) buf_printf(w->b, ",\"maxLength\":%d", f->max);
    if (f->type == LAB_PICKLIST) values(w, o, f);
    if (f->type == LAB_FIELD_NAME) field_names(w, f);
    if (f->read_only) buf_puts(w->b, ",\"readOnly\":true");
    buf_putc(w->b, ',');
    text(w, "title", n->title);
    buf_putc(w->b, '}');
}

static void schema(struct writer *w, const struct lab_object *o) {
    bool first = true;
    buf_json(w->b, schema_name(w, o));
    buf_puts(w->b, ":{\"type\":\"object\",");
    text(w, "description", o->about);
    buf_puts(w->b, ",\"properties\":{");
    buf_json(w->b, w->d->objects[o->index].id_as);
    buf_puts(w->b, ":{\"type\":\"string\",\"readOnly\":true}");
    for (int i = 0; i < o->field_count; i++) {
        buf_putc(w->b, ',');
        field(w, o, &o->fields[i]);
    }
    buf_putc(w->b, '}');
    for (int i = 0; i < o->field_count; i++) {
        if (!o->fields[i].required) continue;
        buf_puts(w->b, first ? ",\"required\":[" : ",");
        first = false;
        buf_json(w->b, w->d->objects[o->index].fields[i].as);
    }
    buf_puts(w->b, first ? "}" : "]}");
}

static void reference(struct writer *w, const struct lab_object *o) {
    buf_printf(w->b, "{\"$ref\":\"#/components/schemas/%s\"}", schema_name(w, o));
}

static void responses(struct writer *w, const struct lab_object *o, int status, const char *what,
                      bool list) {
    buf_printf(w->b, "\"responses\":{\"%d\":{", status);
    text(w, "description", what);
    if (status != 204) {
        buf_puts(w->b, ",\"content\":{\"application/json\":{\"schema\":");
        if (list) {
            buf_puts(w->b, "{\"type\":\"object\",\"properties\":{");
            buf_json(w->b, w->d->items_key);
            buf_puts(w->b, ":{\"type\":\"array\",\"items\":");
            reference(w, o);
            buf_puts(w->b, "}}}");
        } else if (w->d->echo) reference(w, o);
        else buf_puts(w->b, "{\"type\":\"object\"}");
        buf_puts(w->b, "}}");
    }
    buf_puts(w->b, "},\"default\":{");
    text(
        w, "description",
        w->d->error_style == LAB_ERRORS_ENVELOPE
            ? "Errors; most of them arrive with status 200: look at success and at the reasons of each record."
            : "An error in this vendor's form.");
    buf_puts(w->b, "}}");
}

static void request_body(struct writer *w, const struct lab_object *o) {
    buf_puts(w->b,
             "\"requestBody\":{\"required\":true,\"content\":{\"application/json\":{\"schema\":");
    if (w->d->batch) {
        buf_puts(w->b, "{\"type\":\"object\",\"properties\":{");
        buf_json(w->b, w->d->batch);
        buf_printf(w->b, ":{\"type\":\"array\",\"maxItems\":%d,\"items\":", w->d->batch_max);
        reference(w, o);
        buf_puts(w->b, "}}}");
    } else reference(w, o);
    buf_puts(w->b, "}}},");
}

static void parameter(struct writer *w, const char *name, const char *in, const char *type,
                      const char *what, bool first) {
    if (!first) buf_putc(w->b, ',');
    buf_putc(w->b, '{');
    text(w, "name", name);
    buf_printf(w->b, ",\"in\":\"%s\",\"required\":%s,\"schema\":{\"type\":\"%s\"},", in,
               str_eq(in, "path") ? "true" : "false", type);
    text(w, "description", what);
    buf_putc(w->b, '}');
}

static void list_operation(struct writer *w, const struct lab_object *o) {
    const char *positions[] = {"How many records to skip.", "The token of the page before.",
                               "The cursor of the page before."};
    buf_puts(w->b, "\"get\":{\"operationId\":");
    buf_json(w->b, arena_printf(w->b->arena, "list_%s", o->id));
    buf_puts(w->b, ",\"parameters\":[");
    parameter(w, w->d->size_param, "query", "integer",
              arena_printf(w->b->arena, "Records on a page, %d at most.", w->d->page_max), true);
    parameter(w, w->d->position_param, "query",
              w->d->paging == LAB_PAGE_OFFSET ? "integer" : "string", positions[w->d->paging],
              false);
    for (int i = 0; i < o->field_count; i++)
        parameter(w, w->d->objects[o->index].fields[i].as, "query", "string",
                  "Only records with exactly this value.", false);
    buf_puts(w->b, "],");
    responses(w, o, 200, "A page of records.", true);
    buf_putc(w->b, '}');
}

static void operation(struct writer *w, const struct lab_object *o, const char *verb,
                      const char *id, int status, const char *what, bool body) {
    char lower[8] = {0};
    for (size_t i = 0; i < sizeof lower - 1 && verb[i]; i++) lower[i] = (char)(verb[i] | 0x20);
    buf_printf(w->b, "\"%s\":{\"operationId\":", lower);
    buf_json(w->b, arena_printf(w->b->arena, "%s_%s", id, o->id));
    buf_putc(w->b, ',');
    if (body) request_body(w, o);
    responses(w, o, status, what, false);
    buf_putc(w->b, '}');
}

static void id_parameter(struct writer *w) {
    buf_puts(w->b, "\"parameters\":[");
    parameter(w, "id", "path", "string", "The record's id.", true);
    buf_putc(w->b, ']');
}

static void paths(struct writer *w, const struct lab_object *o, bool *first) {
    const char *path = arena_printf(w->b->arena, "%s%s", w->d->base, w->d->objects[o->index].path);
    if (!*first) buf_putc(w->b, ',');
    *first = false;
    buf_json(w->b, path);
    buf_puts(w->b, ":{");
    if (o->operations & LAB_LIST) list_operation(w, o);
    if (o->operations & LAB_CREATE) {
        if (o->operations & LAB_LIST) buf_putc(w->b, ',');
        operation(w, o, "POST", "create", w->d->batch ? 200 : w->d->create_status, "Created.",
                  true);
    }
    buf_puts(w->b, "},");
    buf_json(w->b, arena_printf(w->b->arena, "%s/{id}", path));
    buf_puts(w->b, ":{");
    id_parameter(w);
    if (o->operations & LAB_GET) {
        buf_putc(w->b, ',');
        operation(w, o, "GET", "get", 200, "The record.", false);
    }
    if (o->operations & LAB_UPDATE) {
        buf_putc(w->b, ',');
        operation(w, o, w->d->update_method, "update", w->d->batch ? 200 : w->d->update_status,
                  "Updated.", true);
    }
    if (o->operations & LAB_DELETE) {
        buf_putc(w->b, ',');
        operation(w, o, "DELETE", "delete", 204, "Deleted.", false);
    }
    buf_putc(w->b, '}');
    if (!(o->operations & LAB_MERGE)) return;
    buf_putc(w->b, ',');
    buf_json(w->b, arena_printf(w->b->arena, "%s/{id}/%s", path, w->d->merge_path));
    buf_puts(w->b, ":{");
    id_parameter(w);
    buf_printf(
        w->b,
        ",\"post\":{\"operationId\":\"merge_%s\",\"requestBody\":{\"content\":{\"application/json\":{\"schema\":{\"type\":\"object\",\"properties\":{",
        o->id);
    buf_json(w->b, w->d->merge_field);
    buf_puts(
        w->b,
        ":{\"type\":\"string\",\"description\":\"The record that goes into this one.\"}}}}}},");
    responses(w, o, 200, "Merged; this cannot be undone.", false);
    buf_puts(w->b, "}}");
}

static void security(struct writer *w) {
    buf_puts(w->b, "\"securitySchemes\":{\"account\":{");
    switch (w->d->auth) {
    case LAB_AUTH_BEARER: buf_puts(w->b, "\"type\":\"http\",\"scheme\":\"bearer\""); break;
    case LAB_AUTH_BASIC: buf_puts(w->b, "\"type\":\"http\",\"scheme\":\"basic\""); break;
    case LAB_AUTH_KEY:
        buf_puts(w->b, "\"type\":\"apiKey\",\"in\":\"header\",");
        text(w, "name", w->d->auth_header);
        break;
    case LAB_AUTH_OAUTH:
        buf_puts(w->b, "\"type\":\"oauth2\",\"flows\":{\"clientCredentials\":{");
        text(w, "tokenUrl", arena_printf(w->b->arena, ".%s", w->d->auth_path));
        buf_puts(w->b, ",\"scopes\":{}}}");
        break;
    }
    buf_puts(w->b, "}}");
}

void lab_openapi(const struct lab_surface *s, const char *server, struct buf *out) {
    struct writer w = {s, s->dialects[s->member], s->stack->members[s->member].connector, out};
    buf_puts(out, "{\"openapi\":\"3.1.0\",\"info\":{");
    text(&w, "title", w.d->title);
    buf_putc(out, ',');
    text(&w, "version", "1");
    buf_putc(out, ',');
    text(
        &w, "description",
        arena_printf(
            out->arena,
            "%s %d calls within %d seconds, %d a day, for the whole account; the seconds are those of the lab's clock.",
            w.d->about, w.d->burst, w.d->burst_seconds, w.d->daily));
    buf_puts(out, "},\"servers\":[{");
    text(&w, "url", server);
    buf_puts(out, "}],\"security\":[{\"account\":[]}],\"paths\":{");
    bool first = true;
    for (int i = 0; i < w.c->object_count; i++) paths(&w, &w.c->objects[i], &first);
    buf_puts(out, "},\"components\":{");
    security(&w);
    buf_puts(out, ",\"schemas\":{");
    for (int i = 0; i < w.c->object_count; i++) {
        if (i) buf_putc(out, ',');
        schema(&w, &w.c->objects[i]);
    }
    buf_puts(out, "}}}");
}
