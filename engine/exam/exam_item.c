/* Items and banks from the syntax tree. */
#include <ctype.h>
#include <string.h>
#include <strings.h>

#include "base/codec.h"
#include "base/text.h"
#include "content/content.h"
#include "exam/exam_read.h"

const char *const exam_levels[EXAM_LEVELS + 1] = {"remember", "understand", "apply", "analyse",
                                                  NULL};

static void report_at(struct exam_reader *r, int line, int column, const char *rule,
                      const char *format, va_list args) {
    const char *sentence = arena_vprintf(r->doc->arena, format, args);
    diag_add(r->diags, SEVERITY_ERROR, r->doc->file, line, column, rule, "%s", sentence);
}

void exam_report(struct exam_reader *r, cmark_node *at, const char *rule, const char *format, ...) {
    va_list args;
    va_start(args, format);
    report_at(r, doc_line(r->doc, at), doc_column(r->doc, at), rule, format, args);
    va_end(args);
}

void exam_report_field(struct exam_reader *r, struct field *at, const char *rule,
                       const char *format, ...) {
    va_list args;
    va_start(args, format);
    report_at(r, field_line(at), field_column(at), rule, format, args);
    va_end(args);
}

/* ---- The item's own text ------------------------------------------------------------------- */

/* `lines` further on. */
static const char *skip_lines(const char *p, int lines) {
    while (lines-- > 0) {
        const char *nl = strchr(p, '\n');
        if (!nl) return p + strlen(p);
        p = nl + 1;
    }
    return p;
}

/* From line `first` to before line `end` (0 = the end of the file), without blank lines at its
 * end. Items come in order: the place of the last one is kept, so that a long bank is not read
 * from its start for each. */
static char *own_text(struct exam_reader *r, int first, int end) {
    struct arena *a = r->out;
    if (!r->at || first < r->at_line) {
        r->at = r->doc->source;
        r->at_line = 1;
    }
    const char *from = skip_lines(r->at, first - r->at_line),
               *to = end ? skip_lines(from, end - first) : from + strlen(from);
    r->at = from;
    r->at_line = first;
    while (to > from && isspace((unsigned char)to[-1])) to--;
    return arena_printf(a, "%.*s\n", (int)(to - from), from);
}

/* ---- Markup -------------------------------------------------------------------------------- */

/* A link would lead out of the exam; its text stays. */
static const char *no_links(void *context, struct arena *a, const char *url, bool picture) {
    (void)context;
    (void)a;
    (void)url;
    (void)picture;
    return NULL;
}

static const struct render_hooks item_hooks = {.link = no_links, .heading_shift = 1};

static void refuse_links_and_pictures(struct exam_reader *r, cmark_node *from, cmark_node *until) {
    for (cmark_node *top = from; top && top != until; top = cmark_node_next(top)) {
        cmark_iter *iter = cmark_iter_new(top);
        arena_defer(r->doc->arena, (void (*)(void *))cmark_iter_free, iter);
        cmark_event_type event;
        while ((event = cmark_iter_next(iter)) != CMARK_EVENT_DONE) {
            cmark_node *n = cmark_iter_get_node(iter);
            if (event != CMARK_EVENT_ENTER) continue;
            if (cmark_node_get_type(n) == CMARK_NODE_LINK && !doc_bare_link(r->doc->arena, n))
                exam_report(r, n, "item-link",
                            "an item cannot hold a link: it would lead out of the exam");
            if (cmark_node_get_type(n) == CMARK_NODE_IMAGE)
                exam_report(r, n, "item-picture",
                            "an item cannot hold a picture: say it in words or in a table");
        }
    }
}

const char *exam_markup(struct exam_reader *r, cmark_node *from, cmark_node *until) {
    struct buf b;
    buf_init(&b, r->doc->arena);
    refuse_links_and_pictures(r, from, until);
    doc_render(r->doc, from, until, &item_hooks, &b, NULL, NULL);
    return arena_dup(r->out, buf_text(&b));
}

const char *exam_read_reason(struct exam_reader *r, cmark_node *quote) {
    struct buf b;
    refuse_links_and_pictures(r, quote, cmark_node_next(quote));
    buf_init(&b, r->doc->arena);
    doc_render_node(r->doc, quote, &item_hooks, &b);
    return *str_trim(r->doc->arena, buf_text(&b)) ? arena_dup(r->out, buf_text(&b)) : NULL;
}

/* ---- Options ------------------------------------------------------------------------------- */

static void read_option(struct exam_reader *r, cmark_node *node, bool reasons) {
    struct exam_option *o = &r->item->options[r->item->option_count++];
    cmark_node *first = cmark_node_first_child(node), *last = cmark_node_last_child(node),
               *end = NULL;
    o->key = doc_task_checked(node);
    r->item->key_count += o->key;
    if (last && cmark_node_get_type(last) == CMARK_NODE_BLOCK_QUOTE) {
        end = last;
        o->rationale = exam_read_reason(r, last);
    }
    /* Only a warning: the item can be asked and scored without it. */
    if (reasons && !o->rationale)
        diag_add(r->diags, SEVERITY_WARNING, r->doc->file, doc_line(r->doc, node),
                 doc_column(r->doc, node), "item-rationale",
                 "this option of %s has no rationale: put a quote under it that says why",
                 r->item->id);
    bool plain = first && first != end && cmark_node_get_type(first) == CMARK_NODE_PARAGRAPH &&
                 cmark_node_next(first) == end;
    if (plain) {
        refuse_links_and_pictures(r, first, end);
        struct buf b;
        buf_init(&b, r->doc->arena);
        doc_render_node(r->doc, first, &item_hooks, &b);
        o->html = arena_dup(r->out, buf_text(&b));
    } else o->html = exam_markup(r, first, end);
    struct buf text;
    buf_init(&text, r->out);
    for (cmark_node *n = first; n && n != end; n = cmark_node_next(n))
        buf_puts(&text, doc_text(r->doc->arena, n));
    o->text = buf_text(&text);
    if (!*str_trim(r->doc->arena, o->text))
        exam_report(r, node, "item-options", "this option of %s is empty", r->item->id);
}

/* Equal for a reader: the same words, whatever their case and spacing. */
static bool same_words(const char *a, const char *b) {
    for (;;) {
        while (isspace((unsigned char)*a)) a++;
        while (isspace((unsigned char)*b)) b++;
        if (tolower((unsigned char)*a) != tolower((unsigned char)*b)) return false;
        if (!*a) return true;
        a++;
        b++;
        if (isspace((unsigned char)*a) != isspace((unsigned char)*b) && *a && *b) return false;
    }
}

void exam_read_options(struct exam_reader *r, cmark_node *list, int least, bool reasons) {
    static const char *const words[] = {"", "", "two", "three"};
    struct exam_item *item = r->item;
    /* A box in front of an option would show its key. */
    if (doc_is_task_list(list)) doc_unmark_tasks(r->doc->arena, list);
    for (cmark_node *n = cmark_node_first_child(list); n; n = cmark_node_next(n)) {
        if (item->option_count == EXAM_OPTIONS) {
            exam_report(r, n, "item-options", "%s has more than %d options", item->id,
                        EXAM_OPTIONS);
            return;
        }
        read_option(r, n, reasons);
        for (int i = 0; i < item->option_count - 1; i++)
            if (same_words(item->options[i].text, item->options[item->option_count - 1].text))
                exam_report(r, n, "item-options", "options %d and %d of %s are equal", i + 1,
                            item->option_count, item->id);
    }
    if (item->option_count < least)
        exam_report(r, list, "item-options", "%s needs at least %s options", item->id,
                    words[least]);
}

cmark_node *exam_find_tasks(struct exam_reader *r, cmark_node *heading, cmark_node *from,
                            cmark_node *until) {
    for (cmark_node *at = from; at && at != until; at = cmark_node_next(at))
        if (doc_is_task_list(at)) return at;
    for (cmark_node *at = from; at && at != until; at = cmark_node_next(at))
        for (cmark_node *o = cmark_node_first_child(at); o; o = cmark_node_next(o))
            if (cmark_node_get_type(at) == CMARK_NODE_LIST && doc_task_misspelt(o)) {
                exam_report(r, o, "task-mark",
                            "an option of %s begins with [ ] or [x], one character inside and a "
                            "space behind",
                            r->item->id);
                return NULL;
            }
    exam_report(r, heading, "item-options", "%s has no options: a list with [ ] and [x]",
                r->item->id);
    return NULL;
}

/* ---- The block ----------------------------------------------------------------------------- */

static void read_enemies(struct exam_reader *r, struct field *map) {
    struct field *list = field_get(map, "enemies");
    if (!list) return;
    if (!field_is_list(list)) {
        diag_add(r->diags, SEVERITY_ERROR, r->doc->file, field_line(list), field_column(list),
                 "field-type", "“enemies” must be a list of items, for instance [%s]", r->item->id);
        return;
    }
    r->item->enemies = NEW_ARRAY(r->out, const char *, field_count(list) + 1);
    for (size_t i = 0; i < field_count(list); i++) {
        struct field *f = field_at(list, i);
        const char *id = field_scalar(f);
        if (id && id_valid(id)) r->item->enemies[r->item->enemy_count++] = arena_dup(r->out, id);
        else
            diag_add(r->diags, SEVERITY_ERROR, r->doc->file, field_line(f), field_column(f),
                     "field-id", "an enemy must be an item's id");
    }
}

static void read_type(struct exam_reader *r) {
    struct field *field = field_get(r->block, "type");
    const char *name = field ? field_scalar(field) : NULL;
    const struct exam_type *type = name ? exam_type_named(name) : NULL;
    if (type) r->item->type = type;
    else if (field)
        exam_report_field(r, field, "item-type", "there is no type “%.40s”; use %s",
                          name ? name : "", exam_type_names(r->doc->arena));
}

/* Those of all items, and those of its type. */
static const char *const *known_fields(struct exam_reader *r) {
    static const char *const of_all[] = {"objective", "level", "enemies", "pilot",
                                         "domain",    "type",  NULL};
    const char *const *own = r->item->type->fields;
    const char **known = NEW_ARRAY(r->doc->arena, const char *, 16);
    size_t n = 0;
    for (size_t i = 0; of_all[i]; i++) known[n++] = of_all[i];
    for (size_t i = 0; own && own[i] && n < 15; i++) known[n++] = own[i];
    known[n] = NULL;
    return known;
}

static void read_block(struct exam_reader *r, cmark_node *block, const char *bank_domain) {
    struct exam_item *item = r->item;
    struct doc *d = r->doc;
    const char *yaml = cmark_node_get_literal(block);
    struct field *map = field_parse(d->file, yaml, strlen(yaml), doc_line(d, block), d->arena,
                                    r->diags);
    item->domain = arena_dup(r->out, bank_domain);
    if (!map) return;
    if (!field_is_map(map)) {
        exam_report(r, block, "item-block",
                    "the item block of %s must be fields of the form “name: value”", item->id);
        return;
    }
    r->block = map;
    read_type(r);
    field_unknown(d, r->diags, map, known_fields(r));
    item->objective = arena_dup(r->out, field_id(d, r->diags, map, "objective", true));
    item->pilot = field_bool(d, r->diags, map, "pilot", false);
    const char *domain = field_id(d, r->diags, map, "domain", false),
               *level = field_text(d, r->diags, map, "level", true);
    if (domain) item->domain = arena_dup(r->out, domain);
    for (int i = 0; level && i < EXAM_LEVELS; i++)
        if (str_eq(level, exam_levels[i])) item->level = i;
    if (level && item->level < 0) {
        struct field *f = field_get(map, "level");
        diag_add(r->diags, SEVERITY_ERROR, d->file, field_line(f), field_column(f), "unknown-level",
                 "there is no level “%.40s”; use remember, understand, apply or analyse", level);
    }
    read_enemies(r, map);
}

static bool is_item_block(cmark_node *n) {
    return n && cmark_node_get_type(n) == CMARK_NODE_CODE_BLOCK &&
           str_eq(cmark_node_get_fence_info(n), "item");
}

static bool is_item_heading(cmark_node *n) {
    return cmark_node_get_type(n) == CMARK_NODE_HEADING && cmark_node_get_heading_level(n) <= 2;
}

/* ---- One item: from its heading to the next ------------------------------------------------ */

/* The stem as html, as its author wrote it and as plain text. */
static const char *read_stem(struct exam_reader *r, cmark_node *heading, cmark_node *from,
                             cmark_node *list) {
    struct doc *d = r->doc;
    struct buf stem;
    buf_init(&stem, d->arena);
    r->item->stem = exam_markup(r, from, list);
    if (from != list) r->item->asked = own_text(r, doc_line(d, from), doc_line(d, list));
    for (cmark_node *at = from; at != list; at = cmark_node_next(at)) {
        buf_puts(&stem, doc_text(d->arena, at));
        buf_putc(&stem, '\n');
    }
    if (!*str_trim(d->arena, buf_text(&stem)))
        exam_report(r, heading, "item-stem", "%s has no stem: nothing is asked", r->item->id);
    return buf_text(&stem);
}

static void read_asking(struct exam_reader *r, cmark_node *heading, cmark_node *from,
                        cmark_node *end) {
    struct exam_item *item = r->item;
    for (cmark_node *at = from; at && at != end; at = cmark_node_next(at))
        if (is_item_block(at))
            exam_report(r, at, "item-block",
                        "%s has a second item block: does a heading above it fail?", item->id);
    cmark_node *list = item->type->find(r, heading, from, end);
    if (!list) return;
    const char *stem = read_stem(r, heading, from, list);
    item->type->parse(r, heading, list, stem);
    cmark_node *tail = cmark_node_next(list);
    if (item->rationale) tail = cmark_node_next(tail);
    if (tail != end)
        exam_report(r, tail, "item-tail",
                    "this comes after the options of %s; a stem stands before them", item->id);
}

static cmark_node *read_item(struct exam_reader *r, cmark_node *heading, const char *bank_domain) {
    struct exam_item *item = r->item;
    struct doc *d = r->doc;
    cmark_node *end = cmark_node_next(heading);
    while (end && !is_item_heading(end)) end = cmark_node_next(end);
    item->level = -1;
    item->type = &exam_type_single;
    item->file = arena_dup(r->out, d->file);
    item->line = doc_line(d, heading);
    item->column = doc_column(d, heading);
    item->id = str_trim(r->out, doc_text(d->arena, heading));
    item->source = own_text(r, item->line, end ? doc_line(d, end) : 0);
    item->version = version_of(r->out, item->source, strlen(item->source));
    item->stem = item->asked = "";
    r->block = NULL;
    if (cmark_node_get_heading_level(heading) != 2)
        exam_report(r, heading, "item-heading", "an item's heading has two number signs: ## id");
    if (!id_valid(item->id))
        exam_report(r, heading, "item-id",
                    "“%.80s” is no id: an item's heading is its id, for instance data-dedupe-1",
                    item->id);
    cmark_node *n = cmark_node_next(heading);
    if (n != end && is_item_block(n)) {
        read_block(r, n, bank_domain);
        n = cmark_node_next(n);
    } else
        exam_report(
            r, heading, "item-block",
            "%s has no item block: after the heading comes ```item with objective and level",
            item->id);
    read_asking(r, heading, n, end);
    return end;
}

/* ---- A bank -------------------------------------------------------------------------------- */

void exam_bank_parse(struct exam_bank *out, struct doc *d, struct arena *out_arena,
                     struct diag_list *diags) {
    static const char *const known[] = {"id", "title", "programme", "domain", "lang", NULL};
    memset(out, 0, sizeof *out);
    out->file = arena_dup(out_arena, d->file);
    if (!d->meta || !d->body) return;
    field_unknown(d, diags, d->meta, known);
    out->id = arena_dup(out_arena, field_id(d, diags, d->meta, "id", true));
    out->title = arena_dup(out_arena, field_text(d, diags, d->meta, "title", true));
    out->programme = arena_dup(out_arena, field_id(d, diags, d->meta, "programme", true));
    out->domain = arena_dup(out_arena, field_id(d, diags, d->meta, "domain", false));
    out->lang = field_lang(d, out_arena, diags);
    size_t count = 0;
    for (cmark_node *n = cmark_node_first_child(d->body); n; n = cmark_node_next(n))
        count += is_item_heading(n);
    out->items = NEW_ARRAY(out_arena, struct exam_item, count + 1);
    cmark_node *n = cmark_node_first_child(d->body);
    struct exam_reader r = {.doc = d, .out = out_arena, .diags = diags};
    if (n && !is_item_heading(n))
        exam_report(&r, n, "bank-text", "a bank begins with an item: a heading ## id");
    while (n && !is_item_heading(n)) n = cmark_node_next(n);
    while (n) {
        r.item = &out->items[out->item_count++];
        n = read_item(&r, n, out->domain);
        r.item->lang = out->lang;
    }
    if (count == 0)
        diag_add(diags, SEVERITY_WARNING, d->file, 0, 0, "bank-empty", "this bank holds no items");
}

enum err exam_item_parse(struct exam_item *out, const char *source, const char *domain,
                         struct arena *a) {
    static const char front[] = "---\nid: item\n---\n";
    struct doc d;
    struct diag_list diags;
    diag_init(&diags, a);
    memset(out, 0, sizeof *out);
    const char *whole = arena_printf(a, "%s%s", front, source);
    if (doc_parse(&d, "item", whole, strlen(whole), a, &diags) != OK) return ERR_INVALID;
    cmark_node *heading = cmark_node_first_child(d.body);
    if (!heading || !is_item_heading(heading)) return ERR_INVALID;
    struct exam_reader r = {.doc = &d, .out = a, .diags = &diags, .item = out};
    cmark_node *end = read_item(&r, heading, domain);
    return end || diags.errors ? ERR_INVALID : OK;
}
