/* What bulk jobs, composite calls and the feed of deleted records add to the OpenAPI document. */
#include "base/err.h"
#include "base/text.h"
#include "labmodel/lab_openapi_parts.h"

#define BULK_TAG "Bulk jobs"
#define COMPOSITE_TAG "Composite calls"
#define DELETED_TAG "Deleted records"
#define BIT(problem) LAB_PROBLEM_BIT(problem)

/* One operation of a trait. */
struct described {
    const char *verb, *id, *tag, *summary;
    struct openapi_use use; /* which scopes it needs */
    bool pages, once;       /* its parameters */
    const char *media, *input;
    struct openapi_answer answer;
    unsigned problems;
};

static void request_body(struct openapi *w, const char *type, const char *schema) {
    buf_puts(w->b, "\"requestBody\":{\"required\":true,\"content\":{");
    buf_json(w->b, type);
    buf_puts(w->b, ":{\"schema\":");
    openapi_reference(w, schema);
    buf_puts(w->b, "}}},");
}

static void describe(struct openapi *w, const struct described *o, bool first) {
    bool any = false;
    unsigned problems = o->problems | openapi_common_problems(w->d);
    buf_printf(w->b, "%s\"%s\":{\"operationId\":\"%s\",\"tags\":[\"%s\"],", first ? "" : ",",
               o->verb, o->id, o->tag);
    openapi_text(w, "summary", o->summary);
    buf_putc(w->b, ',');
    openapi_scopes_any(w, o->use);
    if (o->pages) openapi_page_parameters(w, &any);
    if (o->once) openapi_once_parameter(w, &any);
    if (any) buf_puts(w->b, "],");
    if (o->input) request_body(w, o->media, o->input);
    if (o->pages) problems |= BIT(INVALID_VALUE) | BIT(UNKNOWN_FIELD);
    if (w->d->once_header && o->once) problems |= BIT(KEY_REUSED) | BIT(INVALID_VALUE);
    if (w->d->scope_count) problems |= BIT(SCOPE);
    openapi_answers(w, &o->answer, problems);
    buf_putc(w->b, '}');
}

static void begin_path(struct openapi *w, const char *path) {
    buf_putc(w->b, ',');
    buf_json(w->b, path);
    buf_puts(w->b, ":{");
}

static struct openapi_answer good(int status, const char *what, const char *schema, bool link) {
    return (struct openapi_answer){
        .status = status, .what = what, .schema = schema, .more = link ? "Link" : NULL};
}

/* ---- Bulk jobs ------------------------------------------------------------------------------ */
#define READS                                                                                      \
    (struct openapi_use) { .read = true }
#define WRITES                                                                                     \
    (struct openapi_use) { .write = true }

static void jobs_path(struct openapi *w, const struct lab_bulk *b) {
    const struct described list = {.verb = "get",
                                   .id = "bulk_list",
                                   .tag = BULK_TAG,
                                   .summary = "Bulk jobs: all of them",
                                   .use = {true, true, true},
                                   .pages = true,
                                   .answer = good(200, "A page of jobs.", "bulk.page", w->d->link)};
    const struct described create = {
        .verb = "post",
        .id = "bulk_create",
        .tag = BULK_TAG,
        .summary = "Bulk jobs: open one",
        .use = WRITES,
        .once = true,
        .media = "application/json",
        .input = "bulk.new",
        .answer = good(201, "Open: rows can be sent.", "bulk.job", false),
        .problems = BIT(BAD_JSON) | BIT(UNKNOWN_FIELD) | BIT(REQUIRED) | BIT(INVALID_VALUE) |
                    BIT(OVER_LIMIT)};
    begin_path(w, arena_printf(w->b->arena, "%s%s", w->d->base, b->path));
    describe(w, &list, true);
    describe(w, &create, false);
    buf_putc(w->b, '}');
}

static void job_path(struct openapi *w, const char *path) {
    const struct described get = {.verb = "get",
                                  .id = "bulk_get",
                                  .tag = BULK_TAG,
                                  .summary = "Bulk jobs: one",
                                  .use = READS,
                                  .answer = good(200, "The job.", "bulk.job", false),
                                  .problems = BIT(UNKNOWN_RECORD)};
    const struct described end = {.verb = "delete",
                                  .id = "bulk_delete",
                                  .tag = BULK_TAG,
                                  .summary = "Bulk jobs: drop one that is not at work",
                                  .use = WRITES,
                                  .once = true,
                                  .answer = good(204, "Dropped.", NULL, false),
                                  .problems = BIT(UNKNOWN_RECORD) | BIT(JOB_STATE)};
    openapi_item_path(w, path);
    buf_putc(w->b, ',');
    describe(w, &get, true);
    describe(w, &end, false);
    buf_putc(w->b, '}');
}

static void below_job(struct openapi *w, const char *path, const char *last,
                      const struct described *o) {
    openapi_item_path(w, arena_printf(w->b->arena, "%s/%s", path, last));
    buf_putc(w->b, ',');
    describe(w, o, true);
    buf_putc(w->b, '}');
}

static const char *rows_summary(struct openapi *w, const struct lab_bulk *b) {
    return arena_printf(w->b->arena,
                        "Bulk jobs: send rows, %d bytes a part, %d part%s, %d rows in all",
                        b->part_bytes, b->max_parts, b->max_parts == 1 ? "" : "s", b->max_rows);
}

static void rows_paths(struct openapi *w, const struct lab_bulk *b, const char *path) {
    const unsigned of_job = BIT(UNKNOWN_RECORD) | BIT(JOB_STATE);
    const struct described send = {
        .verb = str_eq(b->method, "PUT") ? "put" : "post",
        .id = "bulk_rows",
        .tag = BULK_TAG,
        .summary = rows_summary(w, b),
        .use = WRITES,
        .once = true,
        .media = b->csv ? "text/csv" : "application/x-ndjson",
        .input = "bulk.rows",
        .answer = good(200, "The job with the rows of this part.", "bulk.job", false),
        .problems = of_job | BIT(BAD_JSON) | BIT(OVER_LIMIT) | BIT(UNKNOWN_FIELD) | BIT(REQUIRED) |
                    BIT(INVALID_VALUE)};
    const struct described close = {
        .verb = "post",
        .id = "bulk_close",
        .tag = BULK_TAG,
        .summary = arena_printf(w->b->arena,
                                "Bulk jobs: close, no rows come any more. %d rows in %d seconds of "
                                "the lab's clock",
                                b->slice_rows, b->slice_seconds),
        .use = WRITES,
        .once = true,
        .answer = good(200, "The job, which waits for its turn.", "bulk.job", false),
        .problems = of_job};
    struct described result = {.verb = "get",
                               .id = "bulk_done",
                               .tag = BULK_TAG,
                               .summary = "Bulk jobs: rows that were written",
                               .use = READS,
                               .pages = true,
                               .answer = good(200, "A page of rows.", "bulk.done-page", w->d->link),
                               .problems = of_job};
    below_job(w, path, b->rows, &send);
    below_job(w, path, b->close, &close);
    below_job(w, path, b->done, &result);
    result.id = "bulk_failed";
    result.summary = "Bulk jobs: rows that were refused, and why";
    result.answer.schema = "bulk.failed-page";
    below_job(w, path, b->failed, &result);
}

/* The titles of the objects that take one of the job's operations. */
static void object_words(struct openapi *w) {
    const char *titles[64];
    int count = 0;
    for (int i = 0; i < w->c->object_count && count < (int)COUNT_OF(titles); i++)
        if (w->d->objects[i].operations & (LAB_CREATE | LAB_UPDATE | LAB_DELETE))
            titles[count++] = w->d->objects[i].title;
    openapi_words(w, titles, count);
}

static void around(struct openapi *w, const char *name, const char *record, enum lab_body_of of) {
    openapi_schema(w, name);
    openapi_body_around(w, record, of);
}

static void bulk_schemas(struct openapi *w, const struct lab_bulk *b) {
    struct openapi_members m;
    openapi_schema(w, "bulk.new");
    openapi_object_begin(w, &m);
    openapi_member(w, &m, b->object_as, true);
    object_words(w);
    openapi_member(w, &m, b->operation_as, true);
    openapi_words(w, b->operations, LAB_BULK_OPERATIONS);
    openapi_object_end(w, &m);
    openapi_schema(w, "bulk.rows");
    buf_puts(w->b, "{\"type\":\"string\",");
    openapi_text(w, "description",
                 b->csv ? "CSV with commas. The first row of each part names the fields; changes "
                          "and deletions have the id's field as well. An empty cell empties the "
                          "field."
                        : "JSON, one object a line: fields as a call takes them; changes and "
                          "deletions have the id as well.");
    buf_putc(w->b, '}');
    around(w, "bulk.job", NULL, LAB_BODY_JOB);
    around(w, "bulk.page", "bulk.job", LAB_BODY_PAGE);
    around(w, "bulk.done", NULL, LAB_BODY_JOB_DONE);
    around(w, "bulk.done-page", "bulk.done", LAB_BODY_PAGE);
    around(w, "bulk.failed", NULL, LAB_BODY_JOB_FAILED);
    around(w, "bulk.failed-page", "bulk.failed", LAB_BODY_PAGE);
}

/* ---- Composite calls ------------------------------------------------------------------------ */
static void composite_path(struct openapi *w, const struct lab_composite *c) {
    const struct described call = {
        .verb = "post",
        .id = "composite",
        .tag = COMPOSITE_TAG,
        .summary = arena_printf(w->b->arena, "Composite calls: up to %d operations%s", c->max,
                                c->all      ? ", all or none"
                                : c->all_as ? ", all or none on request"
                                            : ", each by itself"),
        .use = {true, true, true},
        .once = true,
        .media = "application/json",
        .input = "composite.call",
        .answer = good(c->status, "An answer for each operation, in their order.",
                       "composite.answer", false),
        .problems = BIT(BAD_JSON) | BIT(UNKNOWN_FIELD) | BIT(REQUIRED) | BIT(INVALID_VALUE) |
                    BIT(OVER_LIMIT)};
    begin_path(w, arena_printf(w->b->arena, "%s%s", w->d->base, c->path));
    describe(w, &call, true);
    buf_putc(w->b, '}');
}

static void operation_schema(struct openapi *w, const struct lab_composite *c) {
    struct openapi_members m;
    const char *methods[] = {"GET", "POST", "DELETE",
                             str_eq(w->d->update_method, "POST") ? NULL : w->d->update_method};
    openapi_object_begin(w, &m);
    openapi_member(w, &m, c->method_as, true);
    openapi_words(w, methods, COUNT_OF(methods));
    openapi_member(w, &m, c->address_as, true);
    buf_puts(w->b, "{\"type\":\"string\",");
    openapi_text(w, "description",
                 arena_printf(w->b->arena, "A path of this document, such as %s%s, with its query.",
                              w->d->base, w->d->objects[0].path));
    buf_putc(w->b, '}');
    openapi_member(w, &m, c->body_as, false);
    buf_puts(w->b, "{\"description\":\"As the call itself would have it.\"}");
    openapi_object_end(w, &m);
}

static void composite_schemas(struct openapi *w, const struct lab_composite *c) {
    struct openapi_members m;
    openapi_schema(w, "composite.call");
    openapi_object_begin(w, &m);
    if (c->all_as) {
        openapi_member(w, &m, c->all_as, false);
        buf_puts(w->b, "{\"type\":\"boolean\",\"default\":false,\"description\":\"Whether "
                       "nothing is done when one operation fails.\"}");
    }
    openapi_member(w, &m, c->list_as, true);
    buf_printf(w->b, "{\"type\":\"array\",\"minItems\":1,\"maxItems\":%d,\"items\":", c->max);
    operation_schema(w, c);
    buf_putc(w->b, '}');
    openapi_object_end(w, &m);
    around(w, "composite.answer", NULL, LAB_BODY_COMPOSITE);
}

/* ---- Deleted records ------------------------------------------------------------------------ */
static bool listed(struct openapi *w, int i) { return w->d->objects[i].operations & LAB_LIST; }

static const char *page_name(struct openapi *w, const struct lab_object *o) {
    return openapi_name(w, o, ".deleted-page");
}

static void since_parameter(struct openapi *w, bool *any) {
    const struct lab_deleted *f = w->d->deleted;
    openapi_parameter(w, any, f->since_param, "query", "\"type\":\"string\"",
                      arena_printf(w->b->arena,
                                   "Only what was deleted at this time or later: a time of the "
                                   "last %d days, in this system's format. Without it all of them.",
                                   f->days));
}

static void deleted_path(struct openapi *w, const struct lab_object *o) {
    bool any = false;
    const struct lab_object_name *n = &w->d->objects[o->index];
    const struct openapi_answer answer = good(200, "A page of ids.", page_name(w, o), w->d->link);
    begin_path(w, arena_printf(w->b->arena, "%s%s%s", w->d->base, w->d->deleted->path, n->path));
    buf_printf(w->b, "\"get\":{\"operationId\":\"deleted_%s\",\"tags\":[\"" DELETED_TAG "\"],",
               o->id);
    openapi_text(w, "summary", arena_printf(w->b->arena, "%s: those that were deleted", n->plural));
    buf_putc(w->b, ',');
    openapi_scopes_needed(w, o, false);
    openapi_page_parameters(w, &any);
    since_parameter(w, &any);
    buf_puts(w->b, "],");
    openapi_answers(w, &answer,
                    openapi_common_problems(w->d) | BIT(INVALID_VALUE) | BIT(UNKNOWN_FIELD) |
                        (w->d->scope_count ? BIT(SCOPE) : 0));
    buf_puts(w->b, "}}");
}

static void deleted_schemas(struct openapi *w, const struct lab_object *o) {
    const char *one = openapi_body_name(w, o, LAB_BODY_DELETED);
    openapi_schema(w, one);
    openapi_body(w, o, LAB_BODY_DELETED);
    openapi_schema(w, page_name(w, o));
    openapi_body_around(w, one, LAB_BODY_PAGE);
}

/* ---- All ------------------------------------------------------------------------------------ */
void openapi_bulk_paths(struct openapi *w) {
    const struct lab_dialect *d = w->d;
    if (d->bulk) {
        const char *job = arena_printf(w->b->arena, "%s%s/{id}", d->base, d->bulk->path);
        jobs_path(w, d->bulk);
        job_path(w, job);
        rows_paths(w, d->bulk, job);
    }
    if (d->composite) composite_path(w, d->composite);
    for (int i = 0; d->deleted && i < w->c->object_count; i++)
        if (listed(w, i)) deleted_path(w, &w->c->objects[i]);
}

void openapi_bulk_tags(struct openapi *w) {
    if (w->d->bulk) openapi_tag(w, BULK_TAG, "Rows that are sent in parts and written later.");
    if (w->d->composite) openapi_tag(w, COMPOSITE_TAG, "Several operations in one call.");
    if (w->d->deleted) openapi_tag(w, DELETED_TAG, "What is gone, for who keeps a copy.");
}

void openapi_bulk_schemas(struct openapi *w) {
    if (w->d->bulk) bulk_schemas(w, w->d->bulk);
    if (w->d->composite) composite_schemas(w, w->d->composite);
    for (int i = 0; w->d->deleted && i < w->c->object_count; i++)
        if (listed(w, i)) deleted_schemas(w, &w->c->objects[i]);
}
