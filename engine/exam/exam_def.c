/* Exam definitions: front matter, the text for candidates, the blueprint table. */
#include <string.h>

#include "base/clock.h"
#include "base/text.h"
#include "content/content.h"
#include "exam/exam_bank.h"

struct def_reader {
    struct doc *doc;
    struct arena *out;
    struct diag_list *diags;
    struct exam_def *def;
};

static bool node_is(cmark_node *n, const char *type) {
    return n && str_eq(cmark_node_get_type_string(n), type);
}

static void report(struct def_reader *r, cmark_node *at, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
static void report(struct def_reader *r, cmark_node *at, const char *format, ...) {
    va_list args;
    va_start(args, format);
    const char *sentence = arena_vprintf(r->doc->arena, format, args);
    va_end(args);
    diag_add(r->diags, SEVERITY_ERROR, r->doc->file, doc_line(r->doc, at), doc_column(r->doc, at),
             "blueprint", "%s", sentence);
}

static void report_field(struct def_reader *r, struct field *f, const char *rule,
                         const char *sentence) {
    diag_add(r->diags, SEVERITY_ERROR, r->doc->file, field_line(f), field_column(f), rule, "%s",
             sentence);
}

const char *const exam_def_fields[] = {"id",     "title",  "summary", "programme",   "level",
                                       "kind",   "banks",  "minutes", "pilot_items", "cut",
                                       "review", "retake", "opens",   "closes",      "essential",
                                       "lang",   NULL};
const char *const exam_cut_fields[] = {"method", "percent", "floors", NULL};
const char *const exam_retake_fields[] = {"wait_days", "attempts_per_year", "after_pass_months",
                                          NULL};

/* ---- Front matter -------------------------------------------------------------------------- */

/* One of two words; the first when the field is absent. */
static bool second_of(struct def_reader *r, const char *key, const char *first,
                      const char *second) {
    struct field *f = field_get(r->doc->meta, key);
    if (!f || str_eq(field_scalar(f), first)) return false;
    if (str_eq(field_scalar(f), second)) return true;
    report_field(r, f, "field-type",
                 arena_printf(r->doc->arena, "“%s” must be %s or %s", key, first, second));
    return false;
}

static void read_banks(struct def_reader *r) {
    struct field *list = field_get(r->doc->meta, "banks");
    if (!field_is_list(list) || !field_count(list)) {
        report_field(r, list ? list : r->doc->meta, "missing-field",
                     "“banks” must list the banks that the items come from");
        return;
    }
    r->def->banks = NEW_ARRAY(r->out, const char *, field_count(list));
    for (size_t i = 0; i < field_count(list); i++) {
        const char *id = field_scalar(field_at(list, i));
        if (id && id_valid(id)) r->def->banks[r->def->bank_count++] = arena_dup(r->out, id);
        else report_field(r, field_at(list, i), "field-id", "a bank must be named by its id");
    }
}

/* “floors: {privacy: 50}”: percent of the domain's points. That the blueprint asks for the domain
 * is known only when it has been read: see check_floors. */
static void read_floors(struct def_reader *r, struct field *floors) {
    int64_t percent;
    if (!floors) return;
    if (!field_is_map(floors) || !field_count(floors)) {
        report_field(r, floors, "field-type",
                     "“floors” must name domains with a percentage, for instance “{privacy: 50}”");
        return;
    }
    r->def->floors = NEW_ARRAY(r->out, struct exam_floor, field_count(floors));
    for (size_t i = 0; i < field_count(floors); i++) {
        const char *domain = field_key_at(floors, i, NULL, NULL);
        if (field_int(r->doc, r->diags, floors, domain, 1, 100, true, &percent))
            r->def->floors[r->def->floor_count++] = (struct exam_floor){arena_dup(r->out, domain),
                                                                        (int)percent * 10};
    }
}

/* RULE floor-domain: a floor stands on items; a domain of which a form asks nothing would meet
 * every floor. */
static void check_floors(struct def_reader *r) {
    struct field *floors = field_get(field_get(r->doc->meta, "cut"), "floors");
    for (size_t i = 0; i < r->def->floor_count && r->def->cell_count; i++) {
        bool asked = false;
        for (size_t k = 0; k < r->def->cell_count; k++)
            asked |= str_eq(r->def->cells[k].domain, r->def->floors[i].domain);
        if (!asked)
            report_field(
                r, field_get(floors, r->def->floors[i].domain), "blueprint",
                arena_printf(
                    r->doc->arena,
                    "the domain “%s” has a floor, and the blueprint asks for no items of it",
                    r->def->floors[i].domain));
    }
}

static void read_essential(struct def_reader *r) {
    struct field *list = field_get(r->doc->meta, "essential");
    struct exam_def *def = r->def;
    if (!list) return;
    if (!field_is_list(list)) {
        report_field(r, list, "field-type", "“essential” must list objectives");
        return;
    }
    def->essential = NEW_ARRAY(r->out, const char *, field_count(list) + 1);
    for (size_t i = 0; i < field_count(list); i++) {
        const char *id = field_scalar(field_at(list, i));
        bool twice = false;
        for (size_t k = 0; k < def->essential_count; k++) twice |= str_eq(def->essential[k], id);
        if (!id || !id_valid(id) || twice)
            report_field(r, field_at(list, i), "field-id",
                         twice ? "this objective stands twice in “essential”"
                               : "an essential objective must be named by its id");
        else def->essential[def->essential_count++] = arena_dup(r->out, id);
    }
}

static void read_cut(struct def_reader *r) {
    struct field *cut = field_get(r->doc->meta, "cut");
    int64_t percent;
    if (!field_is_map(cut)) {
        report_field(r, cut ? cut : r->doc->meta, "missing-field",
                     "“cut” must say method and percent");
        return;
    }
    field_unknown(r->doc, r->diags, cut, exam_cut_fields);
    const char *method = field_text(r->doc, r->diags, cut, "method", true);
    if (method && !str_eq(method, "fixed-percentage"))
        report_field(r, field_get(cut, "method"), "field-type",
                     "the method of the cut score must be fixed-percentage");
    if (field_int(r->doc, r->diags, cut, "percent", 1, 100, true, &percent))
        r->def->cut_permille = (int)percent * 10;
    read_floors(r, field_get(cut, "floors"));
}

static void read_retake(struct def_reader *r) {
    struct field *retake = field_get(r->doc->meta, "retake");
    int64_t n;
    if (!retake) return;
    if (!field_is_map(retake)) {
        report_field(r, retake, "field-type", "“retake” must be fields of the form “name: value”");
        return;
    }
    field_unknown(r->doc, r->diags, retake, exam_retake_fields);
    if (field_int(r->doc, r->diags, retake, "wait_days", 0, 3650, false, &n))
        r->def->wait_days = (int)n;
    if (field_int(r->doc, r->diags, retake, "attempts_per_year", 1, 365, false, &n))
        r->def->attempts_per_year = (int)n;
    if (field_int(r->doc, r->diags, retake, "after_pass_months", 1, 1200, false, &n))
        r->def->after_pass_months = (int)n;
}

static void read_time(struct def_reader *r, const char *key, int64_t *out) {
    struct field *f = field_get(r->doc->meta, key);
    if (!f) return;
    if (!field_scalar(f) || !time_parse_iso(field_scalar(f), out))
        report_field(
            r, f, "field-type",
            arena_printf(r->doc->arena,
                         "“%s” must be a time with zone, for instance 2027-01-15T09:00:00Z", key));
}

static void read_meta(struct def_reader *r) {
    struct exam_def *def = r->def;
    struct doc *d = r->doc;
    int64_t n;
    field_unknown(d, r->diags, d->meta, exam_def_fields);
    def->id = arena_dup(r->out, field_id(d, r->diags, d->meta, "id", true));
    def->title = arena_dup(r->out, field_text(d, r->diags, d->meta, "title", true));
    def->summary = arena_dup(r->out, field_text(d, r->diags, d->meta, "summary", true));
    def->programme = arena_dup(r->out, field_id(d, r->diags, d->meta, "programme", true));
    def->level = arena_dup(r->out, field_id(d, r->diags, d->meta, "level", true));
    def->lang = field_lang(d, r->out, r->diags);
    def->practice = second_of(r, "kind", "live", "practice");
    def->review_full = second_of(r, "review", "domains", "full");
    /* A `kind` that is neither word was reported already, and it is unknown what was meant. */
    const char *kind = field_scalar(field_get(d->meta, "kind"));
    bool live = !kind || str_eq(kind, "live");
    if (def->review_full && live)
        report_field(r, field_get(d->meta, "review"), "review-policy",
                     "only an exam of kind practice may show keys and rationales: items of a live "
                     "exam are used again");
    if (field_int(d, r->diags, d->meta, "minutes", 1, 1440, true, &n)) def->minutes = (int)n;
    if (field_int(d, r->diags, d->meta, "pilot_items", 0, 50, false, &n)) def->pilot_items = (int)n;
    read_banks(r);
    read_essential(r);
    read_cut(r);
    read_retake(r);
    read_time(r, "opens", &def->opens_ms);
    read_time(r, "closes", &def->closes_ms);
    if (def->opens_ms && def->closes_ms && def->opens_ms >= def->closes_ms)
        report_field(r, field_get(d->meta, "closes"), "field-type",
                     "“closes” is not after “opens”");
}

/* ---- Blueprint ----------------------------------------------------------------------------- */

static const char *cell_text(struct def_reader *r, cmark_node *cell) {
    return str_trim(r->doc->arena, doc_text(r->doc->arena, cell));
}

/* The columns' levels; false when the header cannot be used. */
static bool read_header(struct def_reader *r, cmark_node *header, int levels[EXAM_LEVELS],
                        int *count) {
    *count = 0;
    cmark_node *cell = cmark_node_first_child(header);
    for (cell = cell ? cmark_node_next(cell) : NULL; cell; cell = cmark_node_next(cell)) {
        const char *name = cell_text(r, cell);
        int level = 0;
        while (level < EXAM_LEVELS && !str_eq(name, exam_levels[level])) level++;
        bool twice = false;
        for (int i = 0; i < *count; i++) twice |= levels[i] == level;
        if (level == EXAM_LEVELS || twice) {
            report(r, cell,
                   twice ? "the level “%.40s” has two columns"
                         : "a column of the blueprint is remember, understand, apply or analyse, "
                           "not “%.40s”",
                   name);
            return false;
        }
        levels[(*count)++] = level;
    }
    if (!*count) report(r, header, "the blueprint has no columns for levels");
    return *count > 0;
}

static void read_row(struct def_reader *r, cmark_node *row, const int *levels, int columns) {
    struct exam_def *def = r->def;
    cmark_node *cell = cmark_node_first_child(row);
    const char *domain = cell ? cell_text(r, cell) : "";
    if (!id_valid(domain)) {
        report(r, row, "a row of the blueprint begins with the id of a domain, not “%.40s”",
               domain);
        return;
    }
    for (size_t i = 0; i < def->domain_count; i++)
        if (str_eq(def->domains[i], domain)) {
            report(r, row, "the domain “%.40s” has two rows", domain);
            return;
        }
    domain = def->domains[def->domain_count++] = arena_dup(r->out, domain);
    for (int i = 0; i < columns; i++) {
        cell = cell ? cmark_node_next(cell) : NULL;
        int64_t n = 0;
        if (!cell || !parse_i64(cell_text(r, cell), 0, EXAM_ITEMS, &n)) {
            report(r, cell ? cell : row,
                   "a cell of the blueprint is a number from 0 to %d (%s, %s)", EXAM_ITEMS, domain,
                   exam_levels[levels[i]]);
            continue;
        }
        if (n) def->cells[def->cell_count++] = (struct exam_cell){domain, levels[i], (int)n};
        def->scored_items += (int)n;
    }
}

static void read_blueprint(struct def_reader *r, cmark_node *table) {
    struct exam_def *def = r->def;
    int levels[EXAM_LEVELS], columns;
    size_t rows = 0;
    cmark_node *row = cmark_node_first_child(table);
    if (!row || !read_header(r, row, levels, &columns)) return;
    for (cmark_node *n = row; n; n = cmark_node_next(n)) rows++;
    def->domains = NEW_ARRAY(r->out, const char *, rows);
    def->cells = NEW_ARRAY(r->out, struct exam_cell, rows * EXAM_LEVELS);
    while ((row = cmark_node_next(row))) read_row(r, row, levels, columns);
    if (def->scored_items == 0) report(r, table, "the blueprint asks for no items");
    else if (def->scored_items + def->pilot_items > EXAM_ITEMS)
        report(r, table, "a form of %d items is more than the %d that are possible",
               def->scored_items + def->pilot_items, EXAM_ITEMS);
}

/* ---- Text ---------------------------------------------------------------------------------- */

static const char *markup(struct def_reader *r, cmark_node *from, cmark_node *until) {
    struct buf b;
    buf_init(&b, r->doc->arena);
    doc_render(r->doc, from, until, NULL, &b, NULL, NULL);
    return arena_dup(r->out, buf_text(&b));
}

static bool is_blueprint(struct def_reader *r, cmark_node *n) {
    return cmark_node_get_type(n) == CMARK_NODE_HEADING &&
           str_eq(slug_from(r->doc->arena, doc_text(r->doc->arena, n)), "blueprint");
}

static void read_body(struct def_reader *r) {
    cmark_node *first = cmark_node_first_child(r->doc->body), *heading = first;
    while (heading && !is_blueprint(r, heading)) heading = cmark_node_next(heading);
    r->def->intro = markup(r, first, heading);
    r->def->rules = "";
    cmark_node *table = heading ? cmark_node_next(heading) : NULL;
    r->def->blueprint_line = heading ? doc_line(r->doc, heading) : 1;
    if (!node_is(table, "table")) {
        report(r, heading ? heading : r->doc->body,
               "an exam has a section “Blueprint” that begins with a table: a row for each domain, "
               "a column for each level");
        return;
    }
    r->def->blueprint_line = doc_line(r->doc, table);
    read_blueprint(r, table);
    r->def->rules = markup(r, cmark_node_next(table), NULL);
}

void exam_def_parse(struct exam_def *out, struct doc *d, struct arena *out_arena,
                    struct diag_list *diags) {
    memset(out, 0, sizeof *out);
    out->file = arena_dup(out_arena, d->file);
    if (!d->meta || !d->body) return;
    out->source = arena_copy(out_arena, d->source, d->source_len);
    out->version = arena_dup(out_arena, d->version);
    struct def_reader r = {.doc = d, .out = out_arena, .diags = diags, .def = out};
    read_meta(&r);
    read_body(&r);
    check_floors(&r);
}

const char *exam_def_shared_bank(const struct exam_def *practice, const struct exam_def *live) {
    if (!practice->practice || live->practice) return NULL;
    for (size_t i = 0; i < practice->bank_count; i++)
        for (size_t k = 0; k < live->bank_count; k++)
            if (str_eq(practice->banks[i], live->banks[k])) return practice->banks[i];
    return NULL;
}
