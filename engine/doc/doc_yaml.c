/* YAML as a tree of fields with places, built from libfyaml's events. Anchors, aliases and tags are refused: an
 * author's few fields need none of them, and aliases can be made to explode. */
#include <libfyaml.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "doc/doc.h"

#define YAML_DEPTH 16
#define YAML_NODES 5000 /* keys are compared one by one: this bounds the square */

enum field_kind { FIELD_SCALAR, FIELD_LIST, FIELD_MAP };

struct field {
    enum field_kind kind;
    int line, column;
    const char *text; /* scalar */
    const char *key;  /* in a map: this value's key */
    int key_line, key_column;
    struct field *children, *last, *next;
    size_t count;
};

struct reader {
    const char *file;
    int line; /* lines before the text */
    struct arena *arena;
    struct diag_list *diags;
    struct fy_parser *parser;
    struct field *stack[YAML_DEPTH];
    int depth;
    struct field *root;
    const char *key; /* read, waits for its value */
    int key_line, key_column;
    int nodes;
    bool failed;
};

static void refuse(struct reader *r, int line, int column, const char *rule, const char *sentence) {
    if (!r->failed) diag_add(r->diags, SEVERITY_ERROR, r->file, line, column, rule, "%s", sentence);
    r->failed = true;
}

static bool has_key(const struct field *map, const char *key) {
    for (const struct field *f = map->children; f; f = f->next)
        if (str_eq(f->key, key)) return true;
    return false;
}

/* Puts a value where it belongs: at the root, into the open list, or behind the key that was read. */
static struct field *place(struct reader *r, enum field_kind kind, int line, int column) {
    struct field *f = NEW(r->arena, struct field),
                 *parent = r->depth ? r->stack[r->depth - 1] : NULL;
    f->kind = kind;
    f->line = line;
    f->column = column;
    if (++r->nodes > YAML_NODES)
        refuse(r, line, column, "front-matter", "this holds too many values");
    if (!parent) {
        r->root = f;
        return f;
    }
    if (parent->kind == FIELD_MAP) {
        if (has_key(parent, r->key))
            diag_add(r->diags, SEVERITY_ERROR, r->file, r->key_line, r->key_column,
                     "duplicate-field", "the field “%s” is here twice", r->key);
        f->key = r->key;
        f->key_line = r->key_line;
        f->key_column = r->key_column;
        r->key = NULL;
    }
    if (parent->last) parent->last->next = f;
    else parent->children = f;
    parent->last = f;
    parent->count++;
    return f;
}

static bool expects_key(const struct reader *r) {
    return r->depth && r->stack[r->depth - 1]->kind == FIELD_MAP && !r->key;
}

static void scalar(struct reader *r, struct fy_event *e, int line, int column) {
    size_t len = 0;
    const char *text = e->scalar.value ? fy_token_get_text(e->scalar.value, &len) : "";
    char *copy = arena_copy(r->arena, text ? text : "", text ? len : 0);
    if (memchr(copy, '\0', len))
        refuse(r, line, column, "front-matter", "a value holds a NUL character");
    if (expects_key(r)) {
        r->key = copy;
        r->key_line = line;
        r->key_column = column;
        return;
    }
    place(r, FIELD_SCALAR, line, column)->text = copy;
}

static void open_group(struct reader *r, enum field_kind kind, int line, int column) {
    if (expects_key(r)) {
        refuse(r, line, column, "front-matter", "a key must be a plain word");
        return;
    }
    struct field *f = place(r, kind, line, column);
    if (r->depth == YAML_DEPTH) refuse(r, line, column, "front-matter", "this nests too deeply");
    else r->stack[r->depth++] = f;
}

static void take(struct reader *r, struct fy_event *e) {
    const struct fy_mark *m = fy_event_start_mark(e);
    int line = r->line + (m ? m->line + 1 : 1), column = m ? m->column + 1 : 1;
    switch (e->type) {
    case FYET_SCALAR:
        if (e->scalar.anchor || e->scalar.tag)
            refuse(r, line, column, "front-matter", "anchors and tags are not used here");
        else scalar(r, e, line, column);
        break;
    case FYET_SEQUENCE_START:
        if (e->sequence_start.anchor || e->sequence_start.tag)
            refuse(r, line, column, "front-matter", "anchors and tags are not used here");
        else open_group(r, FIELD_LIST, line, column);
        break;
    case FYET_MAPPING_START:
        if (e->mapping_start.anchor || e->mapping_start.tag)
            refuse(r, line, column, "front-matter", "anchors and tags are not used here");
        else open_group(r, FIELD_MAP, line, column);
        break;
    case FYET_SEQUENCE_END:
    case FYET_MAPPING_END:
        if (r->depth) r->depth--;
        break;
    case FYET_ALIAS:
        refuse(r, line, column, "front-matter", "aliases are not used here: write the value out");
        break;
    default: break;
    }
}

static void report_syntax(struct reader *r, struct fy_diag *diag) {
    void *at = NULL;
    bool any = false;
    for (struct fy_diag_error *e; (e = fy_diag_errors_iterate(diag, &at));) {
        if (e->type != FYET_ERROR) continue;
        diag_add(r->diags, SEVERITY_ERROR, r->file, r->line + (e->line > 0 ? e->line : 1),
                 e->column > 0 ? e->column : 1, "front-matter", "this is no YAML: %s",
                 e->msg ? e->msg : "syntax error");
        any = true;
    }
    if (!any)
        diag_add(r->diags, SEVERITY_ERROR, r->file, r->line + 1, 1, "front-matter",
                 "this is no YAML");
    r->failed = true;
}

/* The event that is being taken: libfyaml's, and freed also when the arena is full. */
struct reading {
    struct fy_parser *parser;
    struct fy_event *event;
};

static void free_event(void *reading) {
    struct reading *r = reading;
    if (r->event) fy_parser_event_free(r->parser, r->event);
    r->event = NULL;
}

struct field *field_parse(const char *file, const char *yaml, size_t len, int line, struct arena *a,
                          struct diag_list *diags) {
    if (!utf8_valid(yaml, len)) { /* the library loses memory over such text */
        diag_add(diags, SEVERITY_ERROR, file, line + 1, 1, "encoding",
                 "this is not UTF-8, or holds a NUL character");
        return NULL;
    }
    struct fy_diag_cfg diag_cfg;
    fy_diag_cfg_default(&diag_cfg);
    diag_cfg.fp = NULL;
    diag_cfg.colorize = false;
    struct fy_diag *diag = fy_diag_create(&diag_cfg);
    if (!diag) arena_fail(a);
    arena_defer(a, (void (*)(void *))fy_diag_destroy, diag);
    fy_diag_set_collect_errors(diag, true);
    struct fy_parse_cfg cfg = {.flags = FYPCF_QUIET | FYPCF_COLLECT_DIAG, .diag = diag};
    struct reader r = {.file = file, .line = line, .arena = a, .diags = diags};
    r.parser = fy_parser_create(&cfg);
    if (!r.parser) arena_fail(a);
    arena_defer(a, (void (*)(void *))fy_parser_destroy, r.parser);
    if (fy_parser_set_string(r.parser, yaml, len) != 0) arena_fail(a);
    struct reading *reading = NEW(a, struct reading);
    reading->parser = r.parser;
    arena_defer(a, free_event, reading); /* take() may leave through the guard */
    while (!r.failed && (reading->event = fy_parser_parse(r.parser))) {
        take(&r, reading->event);
        bool end = reading->event->type == FYET_DOCUMENT_END;
        free_event(reading);
        if (end) break;
    }
    if (!r.failed && (fy_parser_get_stream_error(r.parser) || r.depth || fy_diag_got_error(diag)))
        report_syntax(&r, diag);
    if (!r.failed && !r.root) refuse(&r, line + 1, 1, "front-matter", "there are no fields here");
    return r.failed ? NULL : r.root;
}

/* ---- Looking --------------------------------------------------------------------------------- */

bool field_is_map(struct field *f) { return f && f->kind == FIELD_MAP; }
bool field_is_list(struct field *f) { return f && f->kind == FIELD_LIST; }
size_t field_count(struct field *f) { return f ? f->count : 0; }
const char *field_scalar(struct field *f) { return f && f->kind == FIELD_SCALAR ? f->text : NULL; }
int field_line(struct field *f) { return f ? f->line : 0; }
int field_column(struct field *f) { return f ? f->column : 0; }

struct field *field_get(struct field *map, const char *key) {
    if (!field_is_map(map)) return NULL;
    for (struct field *f = map->children; f; f = f->next)
        if (str_eq(f->key, key)) return f;
    return NULL;
}

struct field *field_at(struct field *f, size_t i) {
    struct field *child = f ? f->children : NULL;
    while (child && i--) child = child->next;
    return child;
}

const char *field_key_at(struct field *map, size_t i, int *line, int *column) {
    struct field *f = field_at(map, i);
    if (!f || !f->key) return NULL;
    if (line) *line = f->key_line;
    if (column) *column = f->key_column;
    return f->key;
}

/* ---- Typed reading ----------------------------------------------------------------------------- */

static struct field *wanted(struct doc *d, struct diag_list *l, struct field *map, const char *key,
                            bool required) {
    struct field *f = field_get(map, key);
    if (!f && required)
        diag_add(l, SEVERITY_ERROR, d->file, field_line(map), field_column(map), "missing-field",
                 "the field “%s” is missing", key);
    return f;
}

const char *field_text(struct doc *d, struct diag_list *l, struct field *map, const char *key,
                       bool required) {
    struct field *f = wanted(d, l, map, key, required);
    if (!f) return NULL;
    const char *text = field_scalar(f);
    if (!text)
        diag_add(l, SEVERITY_ERROR, d->file, f->line, f->column, "field-type",
                 "“%s” must be a text", key);
    else if (required && !*str_trim(d->arena, text))
        diag_add(l, SEVERITY_ERROR, d->file, f->line, f->column, "field-type", "“%s” is empty",
                 key);
    return text;
}

const char *field_id(struct doc *d, struct diag_list *l, struct field *map, const char *key,
                     bool required) {
    const char *text = field_text(d, l, map, key, required);
    if (!text || id_valid(text)) return text;
    struct field *f = field_get(map, key);
    diag_add(l, SEVERITY_ERROR, d->file, f->line, f->column, "field-id",
             "“%.80s” is no id: use 1 to 64 lower-case letters, digits and hyphens", text);
    return NULL;
}

bool field_int(struct doc *d, struct diag_list *l, struct field *map, const char *key, int64_t min,
               int64_t max, bool required, int64_t *out) {
    struct field *f = wanted(d, l, map, key, required);
    if (!f) return false;
    if (parse_i64(field_scalar(f), min, max, out)) return true;
    diag_add(l, SEVERITY_ERROR, d->file, f->line, f->column, "field-type",
             "“%s” must be a whole number from %lld to %lld", key, (long long)min, (long long)max);
    return false;
}

bool field_bool(struct doc *d, struct diag_list *l, struct field *map, const char *key,
                bool fallback) {
    struct field *f = field_get(map, key);
    if (!f) return fallback;
    const char *text = field_scalar(f);
    if (str_eq(text, "true")) return true;
    if (str_eq(text, "false")) return false;
    diag_add(l, SEVERITY_ERROR, d->file, f->line, f->column, "field-type",
             "“%s” must be true or false", key);
    return fallback;
}

/* Levenshtein distance, cut at short words: enough to name what was probably meant. */
static size_t distance(const char *a, const char *b) {
    size_t n = strlen(a), m = strlen(b), row[33];
    if (n > 32 || m > 32) return 99;
    for (size_t j = 0; j <= m; j++) row[j] = j;
    for (size_t i = 1; i <= n; i++) {
        size_t diagonal = row[0];
        row[0] = i;
        for (size_t j = 1; j <= m; j++) {
            size_t change = diagonal + (a[i - 1] != b[j - 1]);
            diagonal = row[j];
            size_t best = row[j] < row[j - 1] ? row[j] + 1 : row[j - 1] + 1;
            row[j] = best < change ? best : change;
        }
    }
    return row[m];
}

void field_unknown(struct doc *d, struct diag_list *l, struct field *map,
                   const char *const *known) {
    if (!field_is_map(map)) return;
    for (struct field *f = map->children; f; f = f->next) {
        const char *near = NULL;
        size_t best = 3;
        bool found = false;
        for (const char *const *k = known; *k && !found; k++) {
            found = str_eq(*k, f->key);
            size_t far = distance(*k, f->key);
            if (far < best) {
                best = far;
                near = *k;
            }
        }
        if (found) continue;
        if (near)
            diag_add(l, SEVERITY_ERROR, d->file, f->key_line, f->key_column, "unknown-field",
                     "there is no field “%.80s” here; did you mean “%s”?", f->key, near);
        else
            diag_add(l, SEVERITY_ERROR, d->file, f->key_line, f->key_column, "unknown-field",
                     "there is no field “%.80s” here", f->key);
    }
}
