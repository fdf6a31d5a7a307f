/* What a call takes: parameters, headers and bodies. */
#include <string.h>

#include "base/text.h"
#include "labmodel/lab_openapi_parts.h"
#include "labmodel/lab_pattern.h"

/* ---- Parameters ----------------------------------------------------------------------------- */
static void write_parameter(struct openapi *w, bool *any, const char *name, const char *in,
                            bool required, const char *schema, const char *what) {
    buf_puts(w->b, *any ? "," : "\"parameters\":[");
    *any = true;
    buf_putc(w->b, '{');
    openapi_text(w, "name", name);
    buf_printf(w->b, ",\"in\":\"%s\",\"required\":%s,\"schema\":{%s},", in,
               required ? "true" : "false", schema);
    openapi_text(w, "description", what);
    buf_putc(w->b, '}');
}

void openapi_parameter(struct openapi *w, bool *any, const char *name, const char *in,
                       const char *schema, const char *what) {
    write_parameter(w, any, name, in, str_eq(in, "path"), schema, what);
}

/* What a filter can do with a field of this type. */
static bool compares(enum lab_type type, enum lab_operator how) {
    bool number = type == LAB_INTEGER || type == LAB_TIME,
         text = type == LAB_TEXT || type == LAB_EMAIL || type == LAB_REFERENCE ||
                type == LAB_VALUE_NAME;
    if (how == LAB_NOT) return true;
    return how == LAB_CONTAINS || how == LAB_BEGINS ? text : number || text;
}

static const char *const comparisons[LAB_OPERATOR_COUNT] = {
    "not this value", "less than this",  "this or less",       "more than this",
    "this or more",   "with this in it", "beginning with this"};

static void operator_parameters(struct openapi *w, bool *any, const char *field,
                                enum lab_type type) {
    const struct lab_query *q = &w->d->query;
    struct arena *a = w->b->arena;
    for (int i = 0; i < LAB_OPERATOR_COUNT; i++)
        if (q->operators[i] && compares(type, (enum lab_operator)i))
            openapi_parameter(w, any,
                              lab_pattern_fill(lab_pattern_fill(q->filter_name, "field", field, a),
                                               "operator", q->operators[i], a),
                              "query", "\"type\":\"string\"",
                              arena_printf(a, "Only records: %s.", comparisons[i]));
}

/* What a plain filter takes; where operators stand in values, these too. */
static const char *same_or(struct openapi *w, enum lab_type type, const char *same) {
    const struct lab_query *q = &w->d->query;
    struct buf text;
    if (!q->filter_value) return same;
    buf_init(&text, w->b->arena);
    buf_puts(&text, same);
    for (int i = 0; i < LAB_OPERATOR_COUNT; i++)
        if (q->operators[i] && compares(type, (enum lab_operator)i))
            buf_printf(&text, " `%s`: %s.",
                       lab_pattern_fill(q->filter_value, "operator", q->operators[i], w->b->arena),
                       comparisons[i]);
    return buf_text(&text);
}

static void fields_parameter(struct openapi *w, bool *any) {
    if (w->d->query.fields_param)
        openapi_parameter(
            w, any, w->d->query.fields_param, "query", "\"type\":\"string\"",
            "The fields to show beside the id, with commas between; without it all of them.");
}

void openapi_page_parameters(struct openapi *w, bool *any) {
    static const char *const positions[] = {"How many records to skip.",
                                            "The token that the page before gave.",
                                            "The cursor that the page before gave."};
    openapi_parameter(
        w, any, w->d->size_param, "query",
        arena_printf(w->b->arena,
                     "\"type\":\"integer\",\"minimum\":1,\"maximum\":%d,\"default\":%d",
                     w->d->page_max, w->d->page_default),
        "Records on a page.");
    openapi_parameter(w, any, w->d->position_param, "query",
                      w->d->paging == LAB_PAGE_OFFSET
                          ? "\"type\":\"integer\",\"minimum\":0,\"maximum\":1000000"
                          : "\"type\":\"string\"",
                      positions[w->d->paging]);
}

static void list_parameters(struct openapi *w, const struct lab_object *o, bool *any) {
    const struct lab_object_name *n = &w->d->objects[o->index];
    const struct lab_query *q = &w->d->query;
    const char *text = "\"type\":\"string\"", *same = "Only records with exactly this value.";
    openapi_page_parameters(w, any);
    openapi_parameter(w, any, n->id_as, "query", text, same);
    for (int i = 0; i < o->field_count; i++) {
        /* Times are shown rounded, and the name of a mapped value depends on its row: neither can
         * be filtered by. */
        enum lab_type type = o->fields[i].type;
        if (type != LAB_TIME && type != LAB_VALUE_NAME)
            openapi_parameter(w, any, n->fields[i].as, "query", text, same_or(w, type, same));
        if (q->filter_name) operator_parameters(w, any, n->fields[i].as, type);
    }
    if (q->filter_name) {
        operator_parameters(w, any, n->created_as, LAB_TIME);
        operator_parameters(w, any, n->updated_as, LAB_TIME);
    }
    if (q->sort_param)
        openapi_parameter(w, any, q->sort_param, "query", text,
                          arena_printf(w->b->arena,
                                       "The order: up to three of %s and %s, with commas between.",
                                       q->ascending, q->descending));
    if (q->since_param)
        openapi_parameter(w, any, q->since_param, "query", text,
                          "Only records that were changed at this time or later.");
    fields_parameter(w, any);
}

/* Headers that make a call hold for one state of the record only. */
static void condition_parameters(struct openapi *w, enum lab_operation operation, bool *any) {
    const char *form = "\"type\":\"string\",\"maxLength\":400";
    if (!w->d->etag || operation == LAB_LIST || operation == LAB_CREATE) return;
    if (operation == LAB_GET)
        openapi_parameter(w, any, "If-None-Match", "header", form,
                          "Answers 304 without a body while the record still has this tag.");
    else
        write_parameter(w, any, "If-Match", "header", w->d->etag == LAB_ETAG_REQUIRED, form,
                        "Only if the record still has this tag, as the header `ETag` told it; `*` "
                        "for any.");
}

void openapi_once_parameter(struct openapi *w, bool *any) {
    if (w->d->once_header)
        openapi_parameter(w, any, w->d->once_header, "header",
                          "\"type\":\"string\",\"minLength\":1,\"maxLength\":100",
                          "A key of your own for this call. Sent again within 24 hours of the "
                          "lab's clock, the same call is answered as before and done once.");
}

void openapi_parameters(struct openapi *w, const struct lab_object *o,
                        enum lab_operation operation) {
    bool any = false;
    if (operation == LAB_LIST) list_parameters(w, o, &any);
    if (operation == LAB_GET) fields_parameter(w, &any);
    condition_parameters(w, operation, &any);
    if (operation != LAB_LIST && operation != LAB_GET) openapi_once_parameter(w, &any);
    if (any) buf_puts(w->b, "],");
}

/* ---- Bodies --------------------------------------------------------------------------------- */
void openapi_request_body(struct openapi *w, const struct lab_object *o,
                          enum lab_operation operation) {
    const char *input = openapi_input(w, o, operation);
    buf_puts(w->b,
             "\"requestBody\":{\"required\":true,\"content\":{\"application/json\":{\"schema\":");
    if (!input) {
        const char *member = w->d->merge_field;
        buf_puts(w->b, "{\"type\":\"object\",\"properties\":{");
        buf_json(w->b, member);
        buf_puts(w->b, ":{\"type\":\"string\",\"description\":"
                       "\"The record that goes into this one.\"}},\"required\":[");
        buf_json(w->b, member);
        buf_puts(w->b, "]}");
    } else if (w->d->batch) {
        buf_puts(w->b, "{\"type\":\"object\",\"properties\":{");
        buf_json(w->b, w->d->batch);
        buf_printf(w->b, ":{\"type\":\"array\",\"minItems\":1,\"maxItems\":%d,\"items\":",
                   operation == LAB_UPDATE ? 1 : w->d->batch_max);
        buf_printf(w->b, "{\"$ref\":\"#/components/schemas/%s\"}}},\"required\":[", input);
        buf_json(w->b, w->d->batch);
        buf_puts(w->b, "]}");
    } else buf_printf(w->b, "{\"$ref\":\"#/components/schemas/%s\"}", input);
    buf_puts(w->b, "}}},");
}
