/* The console on a run's page: any operation of any system is tried, with the form that its plan
 * gives, the request, the answer, and the same as a command for a shell. */
#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "base/text.h"
#include "lab/lab_pages.h"

#define ANSWER_SHOWN (256 * 1024)

static const struct {
    const char *id;
    enum lab_operation code;
} operations[] = {
    {"list", LAB_LIST},     {"get", LAB_GET},       {"create", LAB_CREATE},
    {"update", LAB_UPDATE}, {"delete", LAB_DELETE}, {"merge", LAB_MERGE},
};

void screen_console_read(struct screen *s, const char *(*get)(struct request *, const char *)) {
    struct screen_console *c = &s->console;
    const char *at = get(s->r, "at"), *object = get(s->r, "object"), *op = get(s->r, "op");
    int member = at ? lab_member_find(s->stack, at) : 0;
    c->member = member < 0 ? 0 : member;
    const struct lab_connector *connector = s->stack->members[c->member].connector;
    c->object = object ? lab_object_find(connector, object) : NULL;
    if (!c->object) c->object = lab_object_first(connector);
    c->operation = LAB_LIST;
    c->op = "list";
    for (size_t i = 0; i < COUNT_OF(operations); i++)
        if (str_eq(op, operations[i].id) &&
            s->dialects[c->member]->objects[c->object->index].operations & operations[i].code) {
            c->operation = operations[i].code;
            c->op = operations[i].id;
        }
}

static struct lab_surface surface_of(const struct screen *s) {
    return (struct lab_surface){s->stack, s->dialects, s->console.member};
}

/* ---- What is offered ------------------------------------------------------------------------ */
static const char *console_href(struct screen *s, int member, const struct lab_object *o,
                                const char *op) {
    return screen_href(s, arena_printf(s->r->arena, "?tab=access&at=%s&object=%s&op=%s#console",
                                       s->stack->members[member].connector->id, o->id, op));
}

static void offered(struct screen *s, struct view *v) {
    const struct screen_console *c = &s->console;
    const struct lab_connector *connector = s->stack->members[c->member].connector;
    struct view *systems = view_list(v, "console_systems"), *list = view_list(v, "resources");
    for (int i = 0; i < s->stack->member_count; i++) {
        struct view *item = view_item(systems);
        view_text(item, "title", s->dialects[i]->title);
        view_bool(item, "current", i == c->member);
        view_text(item, "href",
                  console_href(s, i, lab_object_first(s->stack->members[i].connector), "list"));
    }
    for (int i = 0; i < connector->object_count; i++) {
        const struct lab_object *o = &connector->objects[i];
        struct view *item = view_item(list), *all = view_list(item, "operations");
        view_text(item, "title", s->dialects[c->member]->objects[i].plural);
        for (size_t k = 0; k < COUNT_OF(operations); k++) {
            if (!(s->dialects[c->member]->objects[i].operations & operations[k].code)) continue;
            struct view *op = view_item(all);
            view_text(op, "name",
                      lab_text(s->r,
                               arena_printf(s->r->arena, "lab_operation_%s", operations[k].id),
                               NULL));
            view_text(op, "href", console_href(s, c->member, o, operations[k].id));
            view_bool(op, "current", o == c->object && operations[k].code == c->operation);
        }
    }
}

/* ---- The form ------------------------------------------------------------------------------- */
/* A value to begin with, such as the field may hold. */
static const char *sample(const struct lab_field *f) {
    switch (f->type) {
    case LAB_EMAIL: return "name@example.com";
    case LAB_INTEGER:
    case LAB_BOOLEAN: return "1";
    case LAB_TIME: return "1772438400000";
    case LAB_PICKLIST: return f->value_count ? f->values[0] : "";
    default: return "…";
    }
}

/* The call as its description gives it, with fields to begin with: those that must be there, or one
 * that may be changed. */
static struct lab_call described(struct screen *s) {
    const struct screen_console *c = &s->console;
    const char *names[LAB_FIELDS_MAX], *values[LAB_FIELDS_MAX];
    size_t count = 0;
    for (int i = 0; i < c->object->field_count; i++) {
        const struct lab_field *f = &c->object->fields[i];
        bool wanted = c->operation == LAB_CREATE ? f->required : count == 0;
        if (f->read_only || !wanted || f->type == LAB_VALUE_NAME || f->type == LAB_FIELD_NAME)
            continue;
        names[count] = f->id;
        values[count++] = sample(f);
    }
    if (c->operation == LAB_MERGE) {
        values[0] = "ID";
        count = 1;
    }
    bool one = c->operation != LAB_LIST && c->operation != LAB_CREATE;
    struct lab_surface surface = surface_of(s);
    return lab_surface_call(&surface, c->object, c->operation, one ? "ID" : NULL, names, values,
                            count, s->r->arena);
}

static const char *pretty(struct arena *a, const char *text, size_t len) {
    const char *why;
    json_t *value = len ? json_read(a, text, len, &why) : NULL;
    char *out = value ? json_dumps(value, JSON_INDENT(2) | JSON_ENCODE_ANY) : NULL;
    const char *shown = out ? arena_dup(a, out) : arena_copy(a, text, len);
    free(out);
    return shown;
}

/* What the operation takes: the fields of its body, or the parameters of a list. */
static void taken(struct screen *s, struct view *v) {
    const struct screen_console *c = &s->console;
    const struct lab_dialect *d = s->dialects[c->member];
    const struct lab_object_name *names = &d->objects[c->object->index];
    struct view *list = view_list(v, "takes");
    bool writes = c->operation == LAB_CREATE || c->operation == LAB_UPDATE,
         lists = c->operation == LAB_LIST;
    for (int i = 0; i < c->object->field_count && (writes || lists); i++) {
        const struct lab_field *f = &c->object->fields[i];
        if (writes && f->read_only) continue;
        struct view *item = view_item(list), *words = view_list(item, "words");
        view_text(item, "name", names->fields[i].as);
        view_text(item, "about", names->fields[i].title);
        view_bool(item, "required", c->operation == LAB_CREATE && f->required);
        for (int k = 0; k < f->value_count; k++)
            view_item_text(words, lab_surface_value(d, c->object, f, f->values[k]));
    }
    view_bool(v, "lists", lists);
    view_text(v, "size_param", d->size_param);
    view_text(v, "position_param", d->position_param);
    view_text(v, "sort_param", d->query.sort_param);
}

/* ---- The same for a shell ------------------------------------------------------------------- */
/* In single quotes, as a POSIX shell reads them. */
static void quoted(struct buf *b, const char *text) {
    buf_putc(b, '\'');
    for (; *text; text++)
        if (*text == '\'') buf_puts(b, "'\\''");
        else buf_putc(b, *text);
    buf_putc(b, '\'');
}

/* What follows the address; a key in the query ends it. */
static void credentials(const struct lab_dialect *d, struct buf *b) {
    if (d->auth != LAB_AUTH_QUERY) buf_puts(b, " \\\n  ");
    switch (d->auth) {
    case LAB_AUTH_BEARER: buf_puts(b, "-H \"Authorization: Bearer $RUN_TOKEN\""); break;
    case LAB_AUTH_KEY: buf_printf(b, "-H \"%s: $RUN_TOKEN\"", d->auth_header); break;
    case LAB_AUTH_QUERY: buf_puts(b, "\"$RUN_TOKEN\""); break;
    case LAB_AUTH_BASIC: buf_puts(b, "-u \"account:$RUN_TOKEN\""); break;
    case LAB_AUTH_OAUTH: buf_puts(b, "-H \"Authorization: Bearer $ACCESS_TOKEN\""); break;
    }
}

const char *screen_curl(struct screen *s, int member, const struct lab_call *call,
                        const char *query) {
    const struct lab_dialect *d = s->dialects[member];
    const char *base = arena_printf(s->r->arena, "%s/runs/%s/api/%s", s->r->origin, s->ask.run.id,
                                    d->connector_id);
    struct buf b;
    buf_init(&b, s->r->arena);
    if (d->auth == LAB_AUTH_OAUTH) {
        buf_printf(&b,
                   "ACCESS_TOKEN=$(curl -s -d grant_type=client_credentials -d client_id=%s \\\n"
                   "  -d client_secret=\"$RUN_TOKEN\" '%s%s' |\n"
                   "  sed 's/.*\"access_token\":\"\\([^\"]*\\)\".*/\\1/')\n\n",
                   s->ask.run.id, base, d->auth_path);
    }
    buf_printf(&b, "curl -X %s ", call->method);
    const char *key = d->auth == LAB_AUTH_QUERY
                          ? arena_printf(s->r->arena, "%s%s=", query ? "&" : "?", d->auth_param)
                          : "";
    quoted(&b, arena_printf(s->r->arena, "%s%s%s%s%s", base, call->path, query ? "?" : "",
                            query ? query : "", key));
    credentials(d, &b);
    if (call->if_match) buf_printf(&b, " \\\n  -H 'If-Match: %s'", call->if_match);
    if (call->body) {
        buf_puts(&b, " \\\n  -H 'Content-Type: application/json' \\\n  -d ");
        quoted(&b, call->body);
    }
    return buf_text(&b);
}

/* ---- The page ------------------------------------------------------------------------------- */
static void answered(struct screen *s, struct view *v) {
    const struct lab_answer *a = &s->ask.answer;
    size_t len = a->body_len > ANSWER_SHOWN ? ANSWER_SHOWN : a->body_len;
    view_bool(v, "was_called", s->console.sent && a->body);
    if (!s->console.sent || !a->body) return;
    view_int(v, "status", a->status);
    view_bool(v, "fine", a->status < 400 && !a->refused);
    view_text(v, "answer", len ? pretty(s->r->arena, a->body, len) : NULL);
    struct view *headers = view_list(v, "headers");
    for (int i = 0; i < a->header_count; i++)
        if (lab_api_may_set(s->dialects[s->console.member], a->headers[i].name)) {
            struct view *item = view_item(headers);
            view_text(item, "name", a->headers[i].name);
            view_text(item, "value", a->headers[i].value);
        }
}

void screen_console_part(struct screen *s, struct view *v) {
    const struct screen_console *c = &s->console;
    const struct lab_dialect *d = s->dialects[c->member];
    struct lab_call call = described(s);
    if (c->sent) {
        call.path = c->path;
        call.body = c->body;
    }
    const char *query = c->sent ? c->query
                        : c->operation == LAB_LIST
                            ? arena_printf(s->r->arena, "%s=5", d->size_param)
                            : NULL;
    offered(s, v);
    taken(s, v);
    view_text(v, "console_at", s->stack->members[c->member].connector->id);
    view_text(v, "console_object", c->object->id);
    view_text(v, "console_op", c->op);
    view_text(v, "console_title", d->objects[c->object->index].plural);
    view_text(v, "method", call.method);
    view_text(v, "call_path", call.path); /* `path` is the page's own */
    view_bool(v, "takes_query", c->operation == LAB_LIST || c->operation == LAB_GET);
    view_text(v, "query", query ? query : "");
    view_bool(v, "takes_body", call.body != NULL || c->operation == LAB_CREATE);
    view_text(v, "body", call.body ? pretty(s->r->arena, call.body, strlen(call.body)) : "");
    view_text(v, "curl", screen_curl(s, c->member, &call, query && *query ? query : NULL));
    answered(s, v);
}
