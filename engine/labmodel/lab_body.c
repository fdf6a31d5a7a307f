/* Templates of answers: read once, checked by writing them, and written part by part. */
#include "labmodel/lab_body.h"

#include <string.h>

#include "base/err.h"
#include "base/json.h"
#include "base/text.h"

#define BIT(slot) (1u << LAB_SLOT_##slot)

const char *const lab_body_names[LAB_BODY_COUNT] = {
    "error",    "page",          "one",           "created",       "updated", "merged",
    "batch",    "batch-created", "batch-updated", "batch-refused", "hook",    "job",
    "job-done", "job-failed",    "composite",     "composite-one", "deleted",
};

static const char *const slot_names[LAB_SLOT_COUNT] = {
    "",          "call",  "code",  "message", "status", "field",   "fields", "record", "id",
    "id-name",   "items", "total", "next",    "more",   "results", "event",  "object", "state",
    "operation", "rows",  "done",  "failed",  "row",    "line",    "answer", "at",
};

/* What a body may hold, one of which it must hold, and one that it must hold beside that. */
static const struct {
    unsigned may, must, too;
} slots_of[LAB_BODY_COUNT] = {
    [LAB_BODY_ERROR] = {.may = BIT(CALL) | BIT(CODE) | BIT(MESSAGE) | BIT(STATUS) | BIT(FIELD) |
                               BIT(FIELDS),
                        .must = BIT(CODE) | BIT(MESSAGE)},
    [LAB_BODY_PAGE] = {.may = BIT(CALL) | BIT(ITEMS) | BIT(TOTAL) | BIT(NEXT) | BIT(MORE),
                       .must = BIT(ITEMS)},
    [LAB_BODY_ONE] = {.may = BIT(CALL) | BIT(RECORD), .must = BIT(RECORD)},
    [LAB_BODY_CREATED] = {.may = BIT(CALL) | BIT(RECORD) | BIT(ID) | BIT(ID_NAME),
                          .must = BIT(RECORD) | BIT(ID)},
    [LAB_BODY_UPDATED] = {.may = BIT(CALL) | BIT(RECORD) | BIT(ID) | BIT(ID_NAME)},
    [LAB_BODY_MERGED] = {.may = BIT(CALL) | BIT(RECORD) | BIT(ID) | BIT(ID_NAME)},
    [LAB_BODY_BATCH] = {.may = BIT(CALL) | BIT(RESULTS), .must = BIT(RESULTS)},
    [LAB_BODY_BATCH_CREATED] = {.may = BIT(RECORD) | BIT(ID) | BIT(ID_NAME),
                                .must = BIT(RECORD) | BIT(ID)},
    [LAB_BODY_BATCH_UPDATED] = {.may = BIT(RECORD) | BIT(ID) | BIT(ID_NAME),
                                .must = BIT(RECORD) | BIT(ID)},
    [LAB_BODY_BATCH_REFUSED] = {.may = BIT(CODE) | BIT(MESSAGE) | BIT(FIELD) | BIT(FIELDS),
                                .must = BIT(CODE) | BIT(MESSAGE)},
    [LAB_BODY_HOOK] = {.may = BIT(EVENT) | BIT(OBJECT) | BIT(ID), .must = BIT(ID)},
    [LAB_BODY_JOB] = {.may = BIT(CALL) | BIT(ID) | BIT(OBJECT) | BIT(OPERATION) | BIT(STATE) |
                             BIT(ROWS) | BIT(DONE) | BIT(FAILED),
                      .must = BIT(ID),
                      .too = BIT(STATE)},
    [LAB_BODY_JOB_DONE] = {.may = BIT(ROW) | BIT(ID), .must = BIT(ID), .too = BIT(ROW)},
    [LAB_BODY_JOB_FAILED] = {.may = BIT(ROW) | BIT(LINE) | BIT(CODE) | BIT(MESSAGE) | BIT(FIELD) |
                                    BIT(FIELDS),
                             .must = BIT(CODE) | BIT(MESSAGE),
                             .too = BIT(ROW)},
    [LAB_BODY_COMPOSITE] = {.may = BIT(CALL) | BIT(RESULTS), .must = BIT(RESULTS)},
    [LAB_BODY_COMPOSITE_ONE] = {.may = BIT(STATUS) | BIT(ANSWER),
                                .must = BIT(STATUS),
                                .too = BIT(ANSWER)},
    [LAB_BODY_DELETED] = {.may = BIT(ID) | BIT(ID_NAME) | BIT(AT), .must = BIT(ID), .too = BIT(AT)},
};

enum lab_slot lab_slot_named(const char *name, size_t len) {
    for (int i = 1; i < LAB_SLOT_COUNT; i++)
        if (strlen(slot_names[i]) == len && strncmp(slot_names[i], name, len) == 0)
            return (enum lab_slot)i;
    return LAB_SLOT_NONE;
}

/* ---- Reading -------------------------------------------------------------------------------- */
/* The length of a slot's mark at `p`, 0 when there is none. In JSON a brace is followed by a quote,
 * by the other brace or by a blank, never by these. */
static size_t mark(const char *p) {
    if (*p != '{' || !((p[1] >= 'a' && p[1] <= 'z') || p[1] == '?' || p[1] == '/')) return 0;
    size_t len = strcspn(p, "}");
    return p[len] ? len + 1 : 0;
}

struct reading {
    struct lab_body *b;
    struct arena *a;
    unsigned seen;
    int open; /* the part that opened what is left out when its slot is absent, -1 */
};

static const char *read_mark(struct reading *r, enum lab_body_of of, const char *p, size_t len,
                             struct lab_body_part *part) {
    bool opens = p[1] == '?', closes = p[1] == '/';
    const char *name = p + 1 + (opens || closes);
    size_t name_len = (size_t)(p + len - 1 - name);
    enum lab_slot slot = lab_slot_named(name, name_len);
    int at = r->b->part_count;
    if (!slot || !(slots_of[of].may >> slot & 1))
        return arena_printf(r->a, "There is no {%.*s} in a body of “%s”.", (int)name_len, name,
                            lab_body_names[of]);
    if (opens || closes) {
        if (slot != LAB_SLOT_FIELD || part->quoted)
            return "Only {?field} … {/field} can be left out, outside of strings.";
        if (opens == (r->open >= 0))
            return "{?field} and {/field} stand in pairs, one after the other.";
        if (closes) r->b->parts[r->open].end = at;
        r->open = opens ? at : -1;
        part->opens = opens;
        part->slot = opens ? slot : LAB_SLOT_NONE;
        return NULL;
    }
    part->slot = slot;
    r->seen |= 1u << slot;
    return NULL;
}

static const char *read_parts(struct reading *r, enum lab_body_of of) {
    bool quoted = false;
    const char *begin = r->b->text;
    for (const char *p = begin;; p++) {
        size_t len = mark(p);
        if (!len && *p) {
            if (quoted && *p == '\\' && p[1]) p++;
            else if (*p == '"') quoted = !quoted;
            continue;
        }
        if (r->b->part_count == LAB_BODY_PARTS)
            return arena_printf(r->a, "A body has at most %d slots.", LAB_BODY_PARTS - 1);
        struct lab_body_part *part = &r->b->parts[r->b->part_count];
        *part = (struct lab_body_part){.text = begin, .len = (size_t)(p - begin), .quoted = quoted};
        const char *why = *p ? read_mark(r, of, p, len, part) : NULL;
        if (why) return why;
        r->b->part_count++;
        if (!*p) return r->open >= 0 ? "There is a {?field} without its {/field}." : NULL;
        begin = p + len;
        p = begin - 1;
    }
}

static void write_sample(void *context, enum lab_slot slot, struct buf *out) {
    (void)context;
    buf_puts(out, slot == LAB_SLOT_RECORD ? "{}" : "{},{}");
}

/* Whether the template is JSON with these in its slots. */
static bool is_json(const struct lab_body *b, const struct lab_body_fill *fill, struct arena *a) {
    struct buf out;
    const char *why;
    buf_init(&out, a);
    lab_body_write(b, fill, &out);
    return json_read(a, buf_text(&out), out.len, &why) != NULL;
}

static bool stands_well(const struct lab_body *b) {
    const unsigned in_strings = BIT(CALL) | BIT(CODE) | BIT(MESSAGE) | BIT(STATUS) | BIT(FIELD) |
                                BIT(ID) | BIT(ID_NAME) | BIT(TOTAL) | BIT(EVENT) | BIT(OBJECT) |
                                BIT(STATE) | BIT(OPERATION) | BIT(ROWS) | BIT(DONE) | BIT(FAILED) |
                                BIT(ROW) | BIT(LINE);
    for (int i = 0; i < b->part_count; i++) {
        const struct lab_body_part *p = &b->parts[i];
        if (p->quoted && p->slot && !(in_strings >> p->slot & 1)) return false;
        if (!p->quoted && p->slot == LAB_SLOT_ID_NAME) return false;
    }
    return true;
}

const char *lab_body_read(struct lab_body *out, enum lab_body_of of, const char *text,
                          const char *type, struct arena *a) {
    *out = (struct lab_body){.text = text, .type = type ? type : "application/json"};
    if (strlen(text) > LAB_BODY_BYTES)
        return arena_printf(a, "A body is at most %d bytes long.", LAB_BODY_BYTES);
    out->parts = NEW_ARRAY(a, struct lab_body_part, LAB_BODY_PARTS);
    struct reading r = {out, a, 0, -1};
    const char *why = read_parts(&r, of);
    if (why) return why;
    const unsigned musts[] = {slots_of[of].must, slots_of[of].too};
    for (size_t i = 0; i < COUNT_OF(musts); i++) {
        int first = 1;
        while (musts[i] && !(musts[i] >> first & 1)) first++;
        if (musts[i] && !(r.seen & musts[i]))
            return arena_printf(a, "A body of “%s” needs {%s}.", lab_body_names[of],
                                slot_names[first]);
    }
    struct lab_body_fill fill = {.code = "a\"b",
                                 .message = "a\"b",
                                 .field = "a\"b",
                                 .id = "a\"b",
                                 .id_name = "a\"b",
                                 .next = "a\"b",
                                 .event = "a\"b",
                                 .object = "a\"b",
                                 .state = "a\"b",
                                 .operation = "a\"b",
                                 .line = "a\"b",
                                 .answer = "{}",
                                 .at = "0",
                                 .status = 200,
                                 .write = write_sample};
    bool well = stands_well(out) && is_json(out, &fill, a);
    fill.field = fill.next = NULL;
    return well && is_json(out, &fill, a) ? NULL : "With its slots filled the body is no JSON.";
}

bool lab_body_has(const struct lab_body *b, enum lab_slot slot) {
    for (int i = 0; i < b->part_count; i++)
        if (b->parts[i].slot == slot && !b->parts[i].opens) return true;
    return false;
}

bool lab_body_bare(const struct lab_body *b) { return str_eq(b->text, "{record}"); }

/* ---- Writing -------------------------------------------------------------------------------- */
static void write_text(const char *text, bool quoted, struct buf *out) {
    struct buf json;
    if (!quoted) {
        buf_json(out, text);
        return;
    }
    buf_init(&json, out->arena);
    buf_json(&json, text);
    buf_add(out, buf_text(&json) + 1, json.len - 2);
}

static void write_slot(const struct lab_body_part *p, const struct lab_body_fill *fill,
                       struct buf *out) {
    switch (p->slot) {
    case LAB_SLOT_NONE:
    case LAB_SLOT_COUNT: break;
    case LAB_SLOT_CALL: buf_printf(out, "%lld", (long long)fill->call); break;
    case LAB_SLOT_TOTAL: buf_printf(out, "%lld", (long long)fill->total); break;
    case LAB_SLOT_STATUS: buf_printf(out, "%d", fill->status); break;
    case LAB_SLOT_MORE: buf_puts(out, fill->next ? "true" : "false"); break;
    case LAB_SLOT_CODE: write_text(fill->code, p->quoted, out); break;
    case LAB_SLOT_MESSAGE: write_text(fill->message, p->quoted, out); break;
    case LAB_SLOT_FIELD: write_text(fill->field ? fill->field : "", p->quoted, out); break;
    case LAB_SLOT_FIELDS:
        if (fill->field) buf_json(out, fill->field);
        break;
    case LAB_SLOT_EVENT: write_text(fill->event, p->quoted, out); break;
    case LAB_SLOT_OBJECT: write_text(fill->object, p->quoted, out); break;
    case LAB_SLOT_STATE: write_text(fill->state, p->quoted, out); break;
    case LAB_SLOT_OPERATION: write_text(fill->operation, p->quoted, out); break;
    case LAB_SLOT_LINE: write_text(fill->line, p->quoted, out); break;
    case LAB_SLOT_ROWS: buf_printf(out, "%lld", (long long)fill->rows); break;
    case LAB_SLOT_DONE: buf_printf(out, "%lld", (long long)fill->done); break;
    case LAB_SLOT_FAILED: buf_printf(out, "%lld", (long long)fill->failed); break;
    case LAB_SLOT_ROW: buf_printf(out, "%lld", (long long)fill->row); break;
    case LAB_SLOT_ANSWER: buf_puts(out, fill->answer ? fill->answer : "null"); break;
    case LAB_SLOT_AT: buf_puts(out, fill->at); break;
    case LAB_SLOT_ID: write_text(fill->id, p->quoted, out); break;
    case LAB_SLOT_ID_NAME: write_text(fill->id_name, p->quoted, out); break;
    case LAB_SLOT_NEXT:
        if (fill->next) buf_json(out, fill->next);
        else buf_puts(out, "null");
        break;
    case LAB_SLOT_RECORD:
    case LAB_SLOT_ITEMS:
    case LAB_SLOT_RESULTS: fill->write(fill->context, p->slot, out); break;
    }
}

void lab_body_write(const struct lab_body *b, const struct lab_body_fill *fill, struct buf *out) {
    for (int i = 0; i < b->part_count; i++) {
        const struct lab_body_part *p = &b->parts[i];
        buf_add(out, p->text, p->len);
        if (!p->opens) write_slot(p, fill, out);
        else if (!fill->field) i = p->end;
    }
}
