/* YAML as a tree of fields with places, built from libyaml's events. Anchors, aliases and tags are
 * refused: an author's few fields need none of them, and aliases can be made to explode. */
#include <stdlib.h>
#include <string.h>
#include <yaml.h>

#include "base/name.h"
#include "base/text.h"
#include "doc/doc_yaml.h"

#define YAML_DEPTH 16
#define YAML_NODES 5000 /* keys are compared with each other, which takes the square of this */

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
    const char *yaml; /* the text */
    int line;         /* lines before it */
    struct arena *arena;
    struct diag_list *diags;
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

/* Puts a value where it belongs: at the root, into the open list, or behind the key that was read.
 */
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

static void scalar(struct reader *r, const yaml_event_t *e, int line, int column) {
    size_t len = e->data.scalar.length;
    char *copy = arena_copy(r->arena, (const char *)e->data.scalar.value, len);
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

static void take(struct reader *r, const yaml_event_t *e) {
    int line = r->line + (int)e->start_mark.line + 1, column = (int)e->start_mark.column + 1;
    switch (e->type) {
    case YAML_SCALAR_EVENT:
        if (e->data.scalar.anchor || e->data.scalar.tag)
            refuse(r, line, column, "front-matter",
                   e->data.scalar.anchor ? "a value that begins with & stands in quotes"
                                         : "a value that begins with ! stands in quotes");
        else scalar(r, e, line, column);
        break;
    case YAML_SEQUENCE_START_EVENT:
        if (e->data.sequence_start.anchor || e->data.sequence_start.tag)
            refuse(r, line, column, "front-matter", "anchors and tags are not used here");
        else open_group(r, FIELD_LIST, line, column);
        break;
    case YAML_MAPPING_START_EVENT:
        if (e->data.mapping_start.anchor || e->data.mapping_start.tag)
            refuse(r, line, column, "front-matter", "anchors and tags are not used here");
        else open_group(r, FIELD_MAP, line, column);
        break;
    case YAML_SEQUENCE_END_EVENT:
    case YAML_MAPPING_END_EVENT:
        if (r->depth) r->depth--;
        break;
    case YAML_ALIAS_EVENT:
        refuse(r, line, column, "front-matter", "a value that begins with * stands in quotes");
        break;
    default: break;
    }
}

/* libyaml's state, and the event that is being taken: freed also when the arena is full. */
struct reading {
    yaml_parser_t parser;
    yaml_event_t event;
};

static void end_reading(void *thing) {
    struct reading *r = thing;
    yaml_event_delete(&r->event); /* an empty one, too */
    yaml_parser_delete(&r->parser);
    free(r);
}

static struct reading *begin_reading(struct arena *a, const char *yaml, size_t len) {
    struct reading *r = calloc(1, sizeof *r);
    if (!r || !yaml_parser_initialize(&r->parser)) {
        free(r);
        arena_starve(a);
    }
    arena_defer(a, end_reading, r);
    yaml_parser_set_encoding(&r->parser, YAML_UTF8_ENCODING);
    yaml_parser_set_input_string(&r->parser, (const unsigned char *)yaml, len);
    return r;
}

/* The library's own message is for those who know YAML. Only the first error is reported, since the
 * others would follow from it. */
static void report_syntax(struct reader *r, const yaml_parser_t *parser) {
    const yaml_mark_t *at = &parser->problem_mark;
    yaml_explain(r->file, r->yaml, r->line, (int)at->line + 1, (int)at->column + 1, r->diags);
    r->failed = true;
}

struct field *field_parse(const char *file, const char *yaml, size_t len, int line, struct arena *a,
                          struct diag_list *diags) {
    if (!utf8_valid(yaml, len)) {
        diag_add(diags, SEVERITY_ERROR, file, line + 1, 1, "encoding",
                 "this is not UTF-8, or holds a NUL character");
        return NULL;
    }
    struct reader r = {
        .file = file, .yaml = arena_copy(a, yaml, len), .line = line, .arena = a, .diags = diags};
    struct reading *reading = begin_reading(a, r.yaml, len);
    bool end = false;
    while (!r.failed && !end) {
        if (!yaml_parser_parse(&reading->parser, &reading->event)) {
            if (reading->parser.error == YAML_MEMORY_ERROR) arena_starve(a);
            report_syntax(&r, &reading->parser);
            break;
        }
        take(&r, &reading->event);
        end = reading->event.type == YAML_DOCUMENT_END_EVENT ||
              reading->event.type == YAML_STREAM_END_EVENT;
        yaml_event_delete(&reading->event);
    }
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

/* ---- Typed reading -------------------------------------------------------------------------- */

static struct field *wanted(struct doc *d, struct diag_list *l, struct field *map, const char *key,
                            bool required) {
    struct field *f = field_get(map, key);
    if (!f && required)
        diag_add(l, SEVERITY_ERROR, d->file, field_line(map), field_column(map), "missing-field",
                 "the field “%s” is missing", key);
    return f;
}

/* A title is a name: it is printed on certificates and stands in lists beside others (base/name.h).
 */
static const char *title_text(struct doc *d, struct diag_list *l, const struct field *f,
                              const char *text) {
    const char *clean = name_clean(d->arena, text);
    uint32_t bad = name_bad_character(clean);
    if (bad)
        diag_add(l, SEVERITY_ERROR, d->file, f->line, f->column, "field-type",
                 "“title” holds a character that cannot be printed (%s)",
                 name_of_character(d->arena, bad));
    return bad ? NULL : clean;
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
    return text && str_eq(key, "title") ? title_text(d, l, f, text) : text;
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

/* Levenshtein distance of words up to 32 letters, to suggest the field that was probably meant. */
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
