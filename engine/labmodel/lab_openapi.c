/* Makes an OpenAPI 3.1 document from connector and dialect. It describes what the API really does,
 * since both read the same data. */
#include "labmodel/lab_openapi.h"

#include <string.h>

#include "base/text.h"
#include "labmodel/lab_openapi_parts.h"

#define BIT(problem) LAB_PROBLEM_BIT(problem)

/* ---- Problems ------------------------------------------------------------------------------- */
/* What a condition of the call adds to that. */
static unsigned condition_problems(const struct lab_dialect *d, enum lab_operation operation) {
    bool changes = operation == LAB_UPDATE || operation == LAB_DELETE || operation == LAB_MERGE;
    if (!d->etag) return 0;
    /* A header that is too long is refused as a value. */
    unsigned all = operation == LAB_LIST || operation == LAB_CREATE ? 0 : BIT(INVALID_VALUE);
    if (changes) all |= BIT(CHANGED);
    return changes && d->etag == LAB_ETAG_REQUIRED ? all | BIT(UNCONDITIONAL) : all;
}

unsigned openapi_common_problems(const struct lab_dialect *d) {
    unsigned all = BIT(UNAUTHENTICATED) | BIT(BURST) | BIT(DAILY) | BIT(OUTAGE);
    return d->auth == LAB_AUTH_OAUTH || d->rotate_path ? all | BIT(EXPIRED) : all;
}

/* What can go wrong in a call that this document describes. */
static unsigned problems_of(const struct lab_dialect *d, enum lab_operation operation) {
    unsigned all = openapi_common_problems(d),
             record = BIT(UNKNOWN_FIELD) | BIT(INVALID_VALUE) | BIT(REQUIRED) | BIT(READ_ONLY) |
                      BIT(CONFLICT),
             /* An id that is too long is an unknown path. */
        item = BIT(UNKNOWN_RECORD) | BIT(UNKNOWN_PATH);
    all |= condition_problems(d, operation);
    if (d->scope_count) all |= BIT(SCOPE);
    if (d->once_header && operation != LAB_LIST && operation != LAB_GET)
        all |= BIT(KEY_REUSED) | BIT(INVALID_VALUE);
    switch (operation) {
    case LAB_LIST: return all | BIT(UNKNOWN_FIELD) | BIT(INVALID_VALUE) | BIT(TOO_MANY_FILTERS);
    case LAB_GET:
    case LAB_DELETE:
        return all | item |
               (operation == LAB_GET && d->query.fields_param ? BIT(UNKNOWN_FIELD) : 0);
    case LAB_MERGE: return all | item | BIT(BAD_JSON) | BIT(INVALID_VALUE);
    case LAB_CREATE:
    case LAB_UPDATE: break;
    }
    all |= BIT(BAD_JSON);
    if (operation == LAB_UPDATE) all |= d->batch ? BIT(UNKNOWN_PATH) : item;
    /* Problems of single records of a batch stand in their results. */
    if (d->batch) return all | BIT(REQUIRED) | BIT(TOO_MANY);
    return all | record | (operation == LAB_CREATE ? BIT(TOO_MANY) : 0);
}

static bool has_status(const struct lab_dialect *d, unsigned problems, int status) {
    for (int i = 1; i < LAB_PROBLEM_COUNT; i++)
        if ((problems >> i & 1) && d->errors[i].status == status) return true;
    return false;
}

/* The first problem of its status among these; one that the dialect has no words for never comes.
 */
static bool first_of_status(const struct lab_dialect *d, unsigned problems, int problem) {
    unsigned before = problems & ((1u << problem) - 1);
    return d->errors[problem].code && (problems >> problem & 1) &&
           !has_status(d, before, d->errors[problem].status);
}

/* ---- Answers -------------------------------------------------------------------------------- */
static void media(struct openapi *w, const char *type, const char *const *schemas, int count) {
    buf_json(w->b, type);
    buf_puts(w->b, count > 1 ? ":{\"schema\":{\"oneOf\":[" : ":{\"schema\":");
    for (int i = 0; i < count; i++)
        buf_printf(w->b, "%s{\"$ref\":\"#/components/schemas/%s\"}", i ? "," : "", schemas[i]);
    buf_puts(w->b, count > 1 ? "]}}" : "}");
}

/* The schemas of a body: a good answer (or NULL), the dialect's error, the lab's own error. */
static void content(struct openapi *w, const char *good, bool error, bool lab_error) {
    const char *plain[3];
    int count = 0;
    const char *error_type = w->d->bodies[LAB_BODY_ERROR].type;
    bool apart = error && !str_eq(error_type, "application/json");
    if (good) plain[count++] = good;
    if (error && !apart) plain[count++] = OPENAPI_ERROR;
    if (lab_error) plain[count++] = OPENAPI_LAB_ERROR;
    if (!count && !apart) return;
    buf_puts(w->b, ",\"content\":{");
    if (count) media(w, "application/json", plain, count);
    if (apart) {
        if (count) buf_putc(w->b, ',');
        media(w, error_type, &(const char *){OPENAPI_ERROR}, 1);
    }
    buf_putc(w->b, '}');
}

static void header(struct openapi *w, const char *name, const char *component, bool *first) {
    if (!name) return;
    buf_puts(w->b, *first ? ",\"headers\":{" : ",");
    *first = false;
    buf_json(w->b, name);
    buf_printf(w->b, ":{\"$ref\":\"#/components/headers/%s\"}", component);
}

/* Headers beside those that every answer has. */
struct beside {
    bool wait, authenticate;
    const char *more, *tag; /* NULL: none */
};

static void headers(struct openapi *w, struct beside b) {
    bool first = true;
    header(w, w->d->limit_header, "limit", &first);
    header(w, w->d->remaining_header, "remaining", &first);
    header(w, w->d->reset_header, "reset", &first);
    header(w, b.wait ? "Retry-After" : NULL, "wait", &first);
    header(w, b.authenticate ? "WWW-Authenticate" : NULL, "authenticate", &first);
    header(w, b.more, b.more ? str_lower(w->b->arena, b.more) : NULL, &first);
    header(w, b.tag, "tag", &first);
    header(w, "Lab-Latency", "latency", &first);
    header(w, "Lab-Clock", "clock", &first);
    buf_putc(w->b, '}');
}

void openapi_answers(struct openapi *w, const struct openapi_answer *good, unsigned problems) {
    bool mixed = has_status(w->d, problems, good->status);
    buf_printf(w->b, "\"responses\":{\"%d\":{", good->status);
    openapi_text(w, "description",
                 mixed ? arena_printf(w->b->arena,
                                      "%s Or a refusal: errors arrive with this status too.",
                                      good->what)
                       : good->what);
    headers(w, (struct beside){mixed && w->d->retry_after, false, good->more, good->tag});
    content(w, good->schema, mixed, false);
    buf_putc(w->b, '}');
    if (good->not_modified) {
        buf_puts(w->b, ",\"304\":{");
        openapi_text(w, "description", "The record is still the one with this tag.");
        headers(w, (struct beside){.tag = "ETag"});
        buf_putc(w->b, '}');
    }
    for (int i = 1; i < LAB_PROBLEM_COUNT; i++) {
        int other = w->d->errors[i].status;
        if (first_of_status(w->d, problems, i) && other != good->status)
            buf_printf(w->b, ",\"%d\":{\"$ref\":\"#/components/responses/error-%d\"}", other,
                       other);
    }
    buf_puts(w->b, ",\"default\":{\"$ref\":\"#/components/responses/lab\"}}");
}

static void responses(struct openapi *w, const struct lab_object *o, enum lab_operation operation,
                      int status, const char *what) {
    bool tagged = w->d->etag && operation != LAB_LIST && operation != LAB_DELETE &&
                  !(operation == LAB_CREATE && w->d->batch);
    const struct openapi_answer good = {.status = status,
                                        .what = what,
                                        .schema = status == 204 ? NULL
                                                                : openapi_output(w, o, operation),
                                        .more = operation == LAB_LIST && w->d->link ? "Link" : NULL,
                                        .tag = tagged ? "ETag" : NULL,
                                        .not_modified = w->d->etag && operation == LAB_GET};
    openapi_answers(w, &good, problems_of(w->d, operation));
}

/* Every problem of a status, in the dialect's own code and words. */
static void problem_list(struct openapi *w, int status) {
    struct buf text;
    buf_init(&text, w->b->arena);
    for (int i = 1; i < LAB_PROBLEM_COUNT; i++)
        if (w->d->errors[i].code && w->d->errors[i].status == status)
            buf_printf(&text, "%s- `%s` %s", text.len ? "\n" : "", w->d->errors[i].code,
                       w->d->errors[i].message);
    openapi_text(w, "description", buf_text(&text));
}

static void error_responses(struct openapi *w) {
    buf_puts(w->b, "\"responses\":{");
    for (int i = 1; i < LAB_PROBLEM_COUNT; i++) {
        int status = w->d->errors[i].status;
        /* The lab's own answers may have the same status as the system's. */
        bool lab = status == 413 || status == 500 || status == 503;
        if (!first_of_status(w->d, ~0u, i)) continue;
        buf_printf(w->b, "\"error-%d\":{", status);
        problem_list(w, status);
        headers(w, (struct beside){
                       status == 503 ||
                           (w->d->retry_after && has_status(w->d, BIT(BURST) | BIT(DAILY), status)),
                       status == 401 && w->d->auth != LAB_AUTH_KEY && w->d->auth != LAB_AUTH_QUERY,
                       has_status(w->d, BIT(BAD_METHOD), status) ? "Allow" : NULL, NULL});
        content(w, NULL, true, lab);
        buf_puts(w->b, "},");
    }
    buf_puts(w->b, "\"lab\":{");
    openapi_text(w, "description",
                 "The lab itself, not this system: the run is not there, or it cannot answer now.");
    buf_puts(w->b, ",\"headers\":{\"Retry-After\":{\"$ref\":\"#/components/headers/wait\"}}");
    content(w, NULL, false, true);
    buf_puts(w->b, "}}");
}

static void header_component(struct openapi *w, const char *name, const char *type,
                             const char *what) {
    buf_json(w->b, name);
    buf_puts(w->b, ":{");
    openapi_text(w, "description", what);
    buf_printf(w->b, ",\"schema\":{%s}}", type);
}

static void header_components(struct openapi *w) {
    const char *number = "\"type\":\"integer\",\"minimum\":0";
    buf_puts(w->b, "\"headers\":{");
    header_component(w, "clock", "\"type\":\"string\",\"format\":\"date-time\"",
                     "The time on the lab's clock.");
    buf_putc(w->b, ',');
    header_component(w, "latency", number,
                     "Milliseconds of the lab's clock that the call took beyond the usual, when "
                     "the system is slow. Nobody waits for them.");
    buf_putc(w->b, ',');
    header_component(w, "authenticate", "\"type\":\"string\"", "The scheme that is asked for.");
    buf_putc(w->b, ',');
    header_component(w, "allow", "\"type\":\"string\"", "The methods of this address.");
    buf_putc(w->b, ',');
    header_component(w, "wait", number, "Seconds to wait before the next call.");
    buf_putc(w->b, ',');
    header_component(w, "limit", number, "Calls that the account has in a day.");
    buf_putc(w->b, ',');
    header_component(w, "remaining", number, "Calls that are left today.");
    buf_putc(w->b, ',');
    header_component(w, "reset", number, "Seconds until the day's calls start anew.");
    if (w->d->link) {
        buf_putc(w->b, ',');
        header_component(w, "link", "\"type\":\"string\"",
                         "The next page, relative to this address: `<?…>; rel=\"next\"`.");
    }
    if (w->d->etag) {
        buf_putc(w->b, ',');
        header_component(w, "tag", "\"type\":\"string\"",
                         "The tag of the record as it is now, in quotes.");
    }
    buf_puts(w->b, "},");
}

/* ---- Operations ----------------------------------------------------------------------------- */
/* What an operation does, in a few words, and the object that it belongs to. */
static void summary(struct openapi *w, const struct lab_object *o, const char *does) {
    const struct lab_object_name *n = &w->d->objects[o->index];
    openapi_text(w, "summary", arena_printf(w->b->arena, "%s: %s", n->plural, does));
    buf_puts(w->b, ",\"tags\":[");
    buf_json(w->b, n->plural);
    buf_puts(w->b, "],");
}

/* ---- Methods beside the operations ---------------------------------------------------------- */
/* HEAD and OPTIONS: no body, whatever comes. */
static void bodiless(struct openapi *w, const char *verb, const char *id,
                     const struct lab_object *o, int status, const char *header, const char *what) {
    buf_printf(w->b, ",\"%s\":{\"operationId\":", verb);
    buf_json(w->b, arena_printf(w->b->arena, "%s_%s", id, o->id));
    buf_putc(w->b, ',');
    summary(w, o, verb);
    buf_printf(w->b, "\"responses\":{\"%d\":{", status);
    openapi_text(w, "description", what);
    headers(w, (struct beside){.more = header});
    buf_puts(w->b, "},\"default\":{\"description\":\"A problem.\"}}}");
}

static void other_methods(struct openapi *w, const struct lab_object *o, const char *of,
                          bool reads) {
    struct arena *a = w->b->arena;
    if (w->d->head && reads)
        bodiless(w, "head", arena_printf(a, "head_%s", of), o, 200,
                 w->d->link && str_eq(of, "list") ? "Link" : NULL, "As GET, without the body.");
    if (w->d->options)
        bodiless(w, "options", arena_printf(a, "options_%s", of), o, 204, "Allow",
                 "The methods of this address.");
}

/* ---- Paths ---------------------------------------------------------------------------------- */
static int status_of(const struct lab_dialect *d, enum lab_operation operation) {
    if (operation == LAB_DELETE) return 204;
    if (d->batch) return 200;
    return operation == LAB_CREATE   ? d->create_status
           : operation == LAB_UPDATE ? d->update_status
                                     : 200;
}

static const char *does(enum lab_operation which) {
    switch (which) {
    case LAB_LIST: return "a page of them";
    case LAB_GET: return "one";
    case LAB_CREATE: return "create";
    case LAB_UPDATE: return "change one";
    case LAB_DELETE: return "delete one";
    case LAB_MERGE: return "merge another into one";
    }
    return "";
}

static void operation(struct openapi *w, const struct lab_object *o, enum lab_operation which,
                      const char *verb, const char *id, const char *what, bool *first) {
    if (!(openapi_operations(w, o) & which)) return;
    if (!*first) buf_putc(w->b, ',');
    *first = false;
    buf_printf(w->b, "\"%s\":{\"operationId\":", verb);
    buf_json(w->b, arena_printf(w->b->arena, "%s_%s", id, o->id));
    buf_putc(w->b, ',');
    summary(w, o, does(which));
    openapi_scopes_needed(w, o, which != LAB_LIST && which != LAB_GET);
    openapi_parameters(w, o, which);
    if (which == LAB_CREATE || which == LAB_UPDATE || which == LAB_MERGE)
        openapi_request_body(w, o, which);
    responses(w, o, which, status_of(w->d, which), what);
    buf_putc(w->b, '}');
}

void openapi_item_path(struct openapi *w, const char *path) {
    buf_putc(w->b, ',');
    buf_json(w->b, path);
    bool any = false;
    buf_puts(w->b, ":{");
    openapi_parameter(w, &any, "id", "path", "\"type\":\"string\",\"maxLength\":64",
                      "The record's id.");
    buf_putc(w->b, ']');
}

static void paths(struct openapi *w, const struct lab_object *o) {
    const char *path = arena_printf(w->b->arena, "%s%s", w->d->base, w->d->objects[o->index].path),
               *update = str_lower(w->b->arena, w->d->update_method);
    bool first = true;
    buf_json(w->b, path);
    buf_puts(w->b, ":{");
    operation(w, o, LAB_LIST, "get", "list", "A page of records.", &first);
    operation(w, o, LAB_CREATE, "post", "create", "Created.", &first);
    if (!first) other_methods(w, o, "list", openapi_operations(w, o) & LAB_LIST);
    buf_putc(w->b, '}');
    if (openapi_operations(w, o) & (LAB_GET | LAB_UPDATE | LAB_DELETE)) {
        openapi_item_path(w, arena_printf(w->b->arena, "%s/{id}", path));
        first = false;
        operation(w, o, LAB_GET, "get", "get", "The record.", &first);
        operation(w, o, LAB_UPDATE, update, "update", "Updated.", &first);
        operation(w, o, LAB_DELETE, "delete", "delete", "Deleted.", &first);
        other_methods(w, o, "one", openapi_operations(w, o) & LAB_GET);
        buf_putc(w->b, '}');
    }
    if (openapi_operations(w, o) & LAB_MERGE) {
        openapi_item_path(w, arena_printf(w->b->arena, "%s/{id}/%s", path, w->d->merge_path));
        first = false;
        operation(w, o, LAB_MERGE, "post", "merge", "Merged; this cannot be undone.", &first);
        other_methods(w, o, "merge", false);
        buf_putc(w->b, '}');
    }
}

/* ---- The document --------------------------------------------------------------------------- */
static void security(struct openapi *w, const char *server) {
    buf_puts(w->b, "\"securitySchemes\":{\"account\":{");
    switch (w->d->auth) {
    case LAB_AUTH_BEARER: buf_puts(w->b, "\"type\":\"http\",\"scheme\":\"bearer\""); break;
    case LAB_AUTH_BASIC: buf_puts(w->b, "\"type\":\"http\",\"scheme\":\"basic\""); break;
    case LAB_AUTH_KEY:
        buf_puts(w->b, "\"type\":\"apiKey\",\"in\":\"header\",");
        openapi_text(w, "name", w->d->auth_header);
        break;
    case LAB_AUTH_QUERY:
        buf_puts(w->b, "\"type\":\"apiKey\",\"in\":\"query\",");
        openapi_text(w, "name", w->d->auth_param);
        break;
    case LAB_AUTH_OAUTH:
        /* An absolute address: a relative one would be resolved against the server's address, whose
         * last part it replaces. */
        buf_puts(w->b, "\"type\":\"oauth2\",\"flows\":{\"clientCredentials\":{");
        openapi_text(w, "tokenUrl", arena_printf(w->b->arena, "%s%s", server, w->d->auth_path));
        if (w->d->refresh_days) {
            buf_putc(w->b, ',');
            openapi_text(w, "refreshUrl",
                         arena_printf(w->b->arena, "%s%s", server, w->d->auth_path));
        }
        openapi_scopes(w);
        buf_puts(w->b, "}}");
        break;
    }
    buf_puts(w->b, "}},");
}

static void tags(struct openapi *w) {
    buf_puts(w->b, "\"tags\":[");
    for (int i = 0; i < w->c->object_count; i++) {
        if (i) buf_putc(w->b, ',');
        buf_putc(w->b, '{');
        openapi_text(w, "name", w->d->objects[i].plural);
        buf_putc(w->b, ',');
        openapi_text(w, "description", w->c->objects[i].about ? w->c->objects[i].about : "");
        buf_putc(w->b, '}');
    }
    openapi_trait_tags(w);
    buf_puts(w->b, "],");
}

/* The lab's own API stands beside the systems'. */
static const char *lab_document_of(const char *server, struct arena *a) {
    const char *slash = strrchr(server, '/');
    return arena_printf(a, "%.*s/lab/openapi.json", slash ? (int)(slash - server) : 0, server);
}

void lab_openapi(const struct lab_surface *s, const char *server, struct buf *out) {
    struct openapi w = {s, s->dialects[s->member], s->stack->members[s->member].connector, out};
    buf_puts(out, "{\"openapi\":\"3.1.0\",\"info\":{");
    openapi_text(&w, "title", w.d->title);
    buf_putc(out, ',');
    openapi_text(&w, "version", "1");
    buf_putc(out, ',');
    openapi_text(&w, "description",
                 arena_printf(out->arena,
                              "%s %d calls within %d seconds, %d a day, for the whole account; the "
                              "seconds are those of the lab's clock.",
                              w.d->about, w.d->burst, w.d->burst_seconds, w.d->daily));
    buf_puts(out, "},\"servers\":[{");
    openapi_text(&w, "url", server);
    buf_puts(out, "}],\"externalDocs\":{\"description\":\"The lab's own API: its clock, which this "
                  "system goes by, and receivers of webhooks.\",");
    openapi_text(&w, "url", lab_document_of(server, out->arena));
    buf_puts(out, "},\"security\":[{\"account\":[]}],");
    tags(&w);
    buf_puts(out, "\"paths\":{");
    for (int i = 0; i < w.c->object_count; i++) {
        if (i) buf_putc(out, ',');
        paths(&w, &w.c->objects[i]);
    }
    openapi_trait_paths(&w);
    buf_puts(out, "},");
    openapi_webhooks(&w);
    buf_puts(out, "\"components\":{");
    security(&w, server);
    header_components(&w);
    error_responses(&w);
    buf_puts(out, ",\"schemas\":{");
    openapi_schemas(&w);
    openapi_trait_schemas(&w);
    buf_puts(out, "}}}");
}
