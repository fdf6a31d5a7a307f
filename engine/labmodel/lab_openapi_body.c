/* The schema of a body, made from the template that writes it: what is written out is constant, a
 * slot is of its own type, what can be left out is not required. */
#include "labmodel/lab_openapi_schema.h"

#include <string.h>

#include "base/err.h"
#include "base/text.h"

struct walk {
    struct openapi *w;
    const struct lab_object *o; /* NULL: none */
    const char *record;         /* the schema of a record */
    enum lab_body_of of;
    const char *p; /* in the template, which is known to be good (RULE lab-body) */
};

static void value(struct walk *k);

const char *openapi_body_name(struct openapi *w, const struct lab_object *o, enum lab_body_of of) {
    if (lab_body_bare(&w->d->bodies[of])) return openapi_name(w, o, "");
    return openapi_name(w, o, arena_printf(w->b->arena, ".%s", lab_body_names[of]));
}

/* ---- Slots ---------------------------------------------------------------------------------- */
static enum lab_slot slot_at(const char *p) {
    return *p == '{' ? lab_slot_named(p + 1, strcspn(p + 1, "}")) : LAB_SLOT_NONE;
}

static void skip_mark(struct walk *k) { k->p += strcspn(k->p, "}") + 1; }

/* Every code once, with what the template has before it. */
static void codes(struct openapi *w, const char *before) {
    bool first = true;
    buf_puts(w->b, "{\"type\":\"string\",\"enum\":[");
    for (int i = 1; i < LAB_PROBLEM_COUNT; i++) {
        bool again = !w->d->errors[i].code;
        for (int k = 1; k < i && !again; k++)
            again = str_eq(w->d->errors[k].code, w->d->errors[i].code);
        if (again) continue;
        if (!first) buf_putc(w->b, ',');
        first = false;
        buf_json(w->b, arena_printf(w->b->arena, "%s%s", before, w->d->errors[i].code));
    }
    buf_puts(w->b, "]}");
}

static void next_schema(struct openapi *w) {
    static const char *const next[] = {
        "The address of the next page, from the root of this API; null on the last page.",
        "The token of the next page; null on the last page.",
        "The cursor of the next page; null on the last page."};
    buf_puts(w->b, "{\"type\":[\"string\",\"null\"],");
    openapi_text(w, "description", next[w->d->paging]);
    buf_putc(w->b, '}');
}

static void slot(struct walk *k) {
    struct openapi *w = k->w;
    enum lab_slot which = slot_at(k->p);
    skip_mark(k);
    switch (which) {
    case LAB_SLOT_RECORD: openapi_reference(w, k->record); break;
    case LAB_SLOT_CODE: codes(w, ""); break;
    case LAB_SLOT_NEXT: next_schema(w); break;
    case LAB_SLOT_TOTAL:
        buf_puts(w->b, "{\"type\":\"integer\",\"minimum\":0,\"description\":"
                       "\"How many records there are on all pages.\"}");
        break;
    case LAB_SLOT_MORE:
        buf_puts(w->b, "{\"type\":\"boolean\",\"description\":"
                       "\"Whether there is a page after this one.\"}");
        break;
    case LAB_SLOT_STATE: openapi_words(w, w->d->bulk->states, LAB_BULK_STATES); break;
    case LAB_SLOT_OPERATION: openapi_words(w, w->d->bulk->operations, LAB_BULK_OPERATIONS); break;
    case LAB_SLOT_ROWS:
    case LAB_SLOT_DONE:
    case LAB_SLOT_FAILED:
    case LAB_SLOT_ROW: buf_puts(w->b, "{\"type\":\"integer\",\"minimum\":0}"); break;
    case LAB_SLOT_ANSWER:
        buf_puts(w->b, "{\"description\":\"What the operation answers as a call of its own; null "
                       "where that has no body.\"}");
        break;
    case LAB_SLOT_AT: openapi_time(w, "When, by the clock of this system."); break;
    case LAB_SLOT_CALL:
    case LAB_SLOT_STATUS: buf_puts(w->b, "{\"type\":\"integer\"}"); break;
    default: buf_puts(w->b, "{\"type\":\"string\"}"); break;
    }
}

/* ---- Values --------------------------------------------------------------------------------- */
static const char *string_end(const char *p) {
    for (p++; *p && *p != '"'; p++)
        if (*p == '\\' && p[1]) p++;
    return p;
}

static void string(struct walk *k) {
    struct buf *out = k->w->b;
    const char *end = string_end(k->p), *brace = k->p;
    while (brace < end && !slot_at(brace)) brace++;
    if (brace == end) {
        buf_puts(out, "{\"const\":");
        buf_add(out, k->p, (size_t)(end + 1 - k->p));
        buf_putc(out, '}');
    } else if (slot_at(brace) == LAB_SLOT_CODE && brace + strlen("{code}") == end)
        codes(k->w, arena_copy(out->arena, k->p + 1, (size_t)(brace - k->p - 1)));
    else buf_puts(out, "{\"type\":\"string\"}");
    k->p = end + 1;
}

static void blanks(struct walk *k) { k->p += strspn(k->p, " ,"); }

static void results_of_composite(struct walk *k) {
    openapi_body_around(k->w, NULL, LAB_BODY_COMPOSITE_ONE);
    buf_printf(k->w->b, ",\"minItems\":1,\"maxItems\":%d}", k->w->d->composite->max);
}

/* Lists: of records, results or fields; or of what is written out. */
static void results(struct walk *k) {
    static const enum lab_body_of bodies[] = {LAB_BODY_BATCH_CREATED, LAB_BODY_BATCH_UPDATED,
                                              LAB_BODY_BATCH_REFUSED};
    buf_puts(k->w->b, "{\"anyOf\":[");
    for (size_t i = 0; i < COUNT_OF(bodies); i++) {
        if (i) buf_putc(k->w->b, ',');
        openapi_body(k->w, k->o, bodies[i]);
    }
    buf_printf(k->w->b, "]},\"minItems\":1,\"maxItems\":%d}", k->w->d->batch_max);
}

/* A list that is written out, each member by itself. */
static void tuple(struct walk *k) {
    int count = 0;
    buf_puts(k->w->b, "{\"type\":\"array\",\"prefixItems\":[");
    for (; *k->p && *k->p != ']'; blanks(k)) {
        if (count++) buf_putc(k->w->b, ',');
        value(k);
    }
    buf_printf(k->w->b, "],\"items\":false,\"minItems\":%d}", count);
    if (*k->p) k->p++;
}

static void list(struct walk *k) {
    struct buf *out = k->w->b;
    k->p++;
    blanks(k);
    enum lab_slot of = slot_at(k->p);
    if (!of && *k->p != ']') {
        tuple(k);
        return;
    }
    buf_puts(out, "{\"type\":\"array\",\"items\":");
    if (of == LAB_SLOT_ITEMS || of == LAB_SLOT_FIELDS || of == LAB_SLOT_RESULTS) {
        skip_mark(k);
        if (of == LAB_SLOT_RESULTS && k->of == LAB_BODY_COMPOSITE) results_of_composite(k);
        else if (of == LAB_SLOT_RESULTS) results(k);
        else if (of == LAB_SLOT_FIELDS) buf_puts(out, "{\"type\":\"string\"},\"maxItems\":1}");
        else {
            openapi_reference(k->w, k->record);
            buf_printf(out, ",\"maxItems\":%d}", k->w->d->page_max);
        }
    } else if (of) {
        slot(k);
        buf_puts(out, ",\"minItems\":1,\"maxItems\":1}");
    } else buf_puts(out, "{},\"maxItems\":0}");
    k->p += strcspn(k->p, "]") + 1;
}

static const char *member_name(struct walk *k) {
    const char *end = string_end(k->p);
    const char *name = slot_at(k->p + 1) == LAB_SLOT_ID_NAME
                           ? k->w->d->objects[k->o->index].id_as
                           : arena_copy(k->w->b->arena, k->p + 1, (size_t)(end - k->p - 1));
    k->p = end + 1;
    k->p += strspn(k->p, " :");
    return name;
}

static void object(struct walk *k) {
    struct openapi_members m;
    bool required = true;
    openapi_object_begin(k->w, &m);
    for (k->p++, blanks(k); *k->p && *k->p != '}'; blanks(k)) {
        if (*k->p == '{') { /* {?field} or {/field} */
            required = k->p[1] == '/';
            skip_mark(k);
            continue;
        }
        openapi_member(k->w, &m, member_name(k), required);
        value(k);
    }
    if (*k->p) k->p++;
    openapi_object_end(k->w, &m);
}

static void value(struct walk *k) {
    blanks(k);
    if (slot_at(k->p)) slot(k);
    else if (*k->p == '{') object(k);
    else if (*k->p == '[') list(k);
    else if (*k->p == '"') string(k);
    else {
        size_t len = strcspn(k->p, " ,]}{");
        buf_puts(k->w->b, "{\"const\":");
        buf_add(k->w->b, k->p, len);
        buf_putc(k->w->b, '}');
        k->p += len;
    }
}

void openapi_body(struct openapi *w, const struct lab_object *o, enum lab_body_of of) {
    struct walk k = {w, o, o ? openapi_name(w, o, "") : NULL, of, w->d->bodies[of].text};
    value(&k);
}

void openapi_body_around(struct openapi *w, const char *record, enum lab_body_of of) {
    struct walk k = {w, NULL, record, of, w->d->bodies[of].text};
    value(&k);
}
