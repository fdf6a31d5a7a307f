/* Parsing templates to operations. The rules about lines are those of the specification: a tag that
 * is alone on its line takes the line with it, unless it is a value. */
#include <string.h>

#include "base/text.h"
#include "page/mustache_ops.h"

#define DELIMITER_BYTES 16
#define NAME_BYTES 160
#define PROBLEMS_BYTES (64 * 1024)

struct open_section {
    uint32_t op;
    const char *name;
    size_t at;
};

struct parser {
    struct arena *arena;
    struct mustache *out;
    const char *source;
    size_t len, text_from; /* literal text not yet put out begins here */
    char open[DELIMITER_BYTES], close[DELIMITER_BYTES];
    size_t open_len, close_len;
    unsigned flags;
    const struct mustache_names *names;
    struct buf *problems;
    struct open_section sections[MUSTACHE_NESTING];
    size_t depth;
    struct html_scan html;
    bool line_begun; /* OP_LINE of this line is out */
    size_t tag_end;  /* where the last tag ended */
};

/* One tag as found in the source. */
struct tag {
    char kind;        /* 0 for a value, else one of # ^ / ! > = & { */
    size_t from, to;  /* with its delimiters */
    const char *name; /* trimmed; arena */
};

static void problem(struct parser *p, size_t at, const char *sentence, const char *name) {
    if (p->problems->len > PROBLEMS_BYTES) return;
    int line = 1, column = 1;
    for (size_t i = 0; i < at && i < p->len; i++) {
        column++;
        if (p->source[i] == '\n') line++, column = 1;
    }
    buf_printf(p->problems, "%s:%d:%d: error: %s%s%.80s%s [template]\n", p->out->file, line, column,
               sentence, name ? " \"" : "", name ? name : "", name ? "\"" : "");
}

static struct op *add_op(struct parser *p, enum op_type type) {
    struct mustache *m = p->out;
    m->ops = list_more(p->arena, m->ops, m->count, sizeof *m->ops);
    struct op *op = &m->ops[m->count++];
    memset(op, 0, sizeof *op);
    op->type = (uint8_t)type;
    op->index = -1;
    return op;
}

static void begin_line(struct parser *p) {
    if (p->flags & MUSTACHE_PAGE || p->line_begun) return;
    add_op(p, OP_LINE);
    p->line_begun = true;
}

static void add_text(struct parser *p, size_t from, size_t to) {
    if (p->flags & MUSTACHE_PAGE) {
        if (from == to) return;
        size_t at = 0;
        const char *why = html_scan_text(&p->html, p->source + from, to - from, &at);
        if (why) problem(p, from + at, why, NULL);
        struct op *op = add_op(p, OP_TEXT);
        op->text = p->source + from;
        op->len = to - from;
        return;
    }
    /* Line by line, so that a partial's indentation finds where lines begin. */
    while (from < to) {
        const char *newline = memchr(p->source + from, '\n', to - from);
        size_t end = newline ? (size_t)(newline - p->source) + 1 : to;
        begin_line(p);
        struct op *op = add_op(p, OP_TEXT);
        op->text = p->source + from;
        op->len = end - from;
        if (newline) p->line_begun = false;
        from = end;
    }
}

static bool is_blank(char c) { return c == ' ' || c == '\t'; }

/* True when only blanks stand beside the tag on its line; then *from and *to become the line's
 * bounds. */
static bool alone_on_line(const struct parser *p, size_t *from, size_t *to) {
    size_t begin = *from, end = *to;
    while (begin > p->tag_end && is_blank(p->source[begin - 1])) begin--;
    if (begin > 0 && p->source[begin - 1] != '\n') return false;
    while (end < p->len && is_blank(p->source[end])) end++;
    if (end < p->len && p->source[end] == '\r' && end + 1 < p->len && p->source[end + 1] == '\n')
        end++;
    if (end < p->len && p->source[end] != '\n') return false;
    *from = begin;
    *to = end < p->len ? end + 1 : end;
    return true;
}

/* a.b.c as names with their hashes; {{.}} has none. */
static void set_path(struct parser *p, struct op *op, const char *name, size_t at) {
    if (strcmp(name, ".") == 0) return;
    struct op_name parts[MUSTACHE_NAME_PARTS];
    uint32_t count = 0;
    for (const char *s = name;;) {
        size_t n = strcspn(s, ".");
        if (n == 0 || count == MUSTACHE_NAME_PARTS) {
            problem(p, at, "this is no name (words with dots between them, at most eight):", name);
            return;
        }
        parts[count++] = (struct op_name){arena_copy(p->arena, s, n), name_hash(s, n)};
        if (!s[n]) break;
        s += n + 1;
    }
    struct op_name *path = NEW_ARRAY(p->arena, struct op_name, count);
    memcpy(path, parts, count * sizeof *path);
    op->path = path;
    op->path_count = count;
}

static int look_up(struct parser *p, enum mustache_ref kind, const char *name, size_t at) {
    static const char *const sentences[] = {
        [REF_PARTIAL] = "there is no template of this name:",
        [REF_TEXT] = "site/locale/en has no text of this name:",
        [REF_ASSET] = "site/static has no file of this name:",
    };
    int index = p->names ? p->names->find(p->names->context, kind, name) : -1;
    if (index < 0 && p->flags & MUSTACHE_PAGE) problem(p, at, sentences[kind], name);
    return index;
}

static void add_value(struct parser *p, const struct tag *tag) {
    bool page = p->flags & MUSTACHE_PAGE, unescaped = tag->kind == '&' || tag->kind == '{';
    begin_line(p);
    enum place place = unescaped ? PLACE_PLAIN : PLACE_CONTENT;
    if (page) {
        place = html_scan_place(&p->html);
        html_scan_value(&p->html);
        if (place == PLACE_FORBIDDEN)
            problem(
                p, tag->from,
                "a value stands between tags or inside a quoted attribute, not here:", tag->name);
        if (unescaped)
            problem(
                p, tag->from,
                "pages have no unescaped values; markup comes from the engine as html:", tag->name);
    }
    struct op *op;
    if (page && str_has_prefix(tag->name, "t.")) {
        int index = look_up(p, REF_TEXT, tag->name + 2, tag->from);
        op = add_op(p, OP_MESSAGE);
        op->index = index;
        op->text = tag->name + 2;
    } else if (page && str_has_prefix(tag->name, "asset.")) {
        int index = look_up(p, REF_ASSET, tag->name + 6, tag->from);
        op = add_op(p, OP_ASSET);
        op->index = index;
    } else {
        op = add_op(p, OP_VALUE);
        set_path(p, op, tag->name, tag->from);
    }
    op->place = (uint8_t)place;
}

static void open_section(struct parser *p, const struct tag *tag) {
    if (p->depth == MUSTACHE_NESTING) {
        problem(p, tag->from, "sections are nested too deeply:", tag->name);
        return;
    }
    p->sections[p->depth++] = (struct open_section){p->out->count, tag->name, tag->from};
    struct op *op = add_op(p, tag->kind == '#' ? OP_SECTION : OP_INVERTED);
    set_path(p, op, tag->name, tag->from);
}

static void close_section(struct parser *p, const struct tag *tag) {
    if (p->depth == 0) {
        problem(p, tag->from, "this closes a section that is not open:", tag->name);
        return;
    }
    struct open_section *s = &p->sections[--p->depth];
    if (strcmp(s->name, tag->name) != 0)
        problem(p, tag->from, "this closes another section than the one that is open:", tag->name);
    add_op(p, OP_END);
    p->out->ops[s->op].jump = p->out->count - 1;
}

static void add_partial(struct parser *p, const struct tag *tag, bool alone, size_t line_from) {
    if (p->flags & MUSTACHE_PAGE && html_scan_place(&p->html) != PLACE_CONTENT)
        problem(p, tag->from, "a partial stands between tags, not here:", tag->name);
    if (!alone) begin_line(p);
    int index = look_up(p, REF_PARTIAL, tag->name, tag->from);
    struct op *op = add_op(p, OP_PARTIAL);
    op->index = index;
    op->standalone = alone;
    if (alone && !(p->flags & MUSTACHE_PAGE)) {
        op->text = p->source + line_from;
        op->len = tag->from - line_from;
    }
}

static bool set_delimiters(struct parser *p, const char *inside) {
    size_t open = strcspn(inside, " \t\r\n"), gap = open + strspn(inside + open, " \t\r\n");
    size_t close = strcspn(inside + gap, " \t\r\n");
    if (!open || !close || inside[gap + close] || open >= DELIMITER_BYTES ||
        close >= DELIMITER_BYTES || memchr(inside, '=', open) || memchr(inside + gap, '=', close))
        return false;
    memcpy(p->open, inside, open);
    memcpy(p->close, inside + gap, close);
    p->open_len = open;
    p->close_len = close;
    return true;
}

/* The next tag from `at` on; false at the end of the source or after reporting one that is not
 * closed. */
static bool find_tag(struct parser *p, size_t at, struct tag *tag) {
    const char *found = memmem(p->source + at, p->len - at, p->open, p->open_len);
    if (!found) return false;
    tag->from = (size_t)(found - p->source);
    size_t inside = tag->from + p->open_len;
    char c = inside < p->len ? p->source[inside] : 0;
    tag->kind = c && strchr("#^/!>=&{", c) ? c : 0;
    if (tag->kind) inside++;
    char end[DELIMITER_BYTES + 1];
    size_t end_len = p->close_len;
    memcpy(end + 1, p->close, p->close_len);
    const char *closing = end + 1;
    if (tag->kind == '=' || tag->kind == '{') {
        end[0] = tag->kind == '=' ? '=' : '}';
        closing = end;
        end_len++;
    }
    const char *stop = inside <= p->len
                           ? memmem(p->source + inside, p->len - inside, closing, end_len)
                           : NULL;
    if (!stop) {
        problem(p, tag->from, "this tag is not closed", NULL);
        return false;
    }
    size_t name_len = (size_t)(stop - p->source) - inside;
    tag->to = (size_t)(stop - p->source) + end_len;
    tag->name = tag->kind == '!'
                    ? ""
                    : str_trim(p->arena, arena_copy(p->arena, p->source + inside, name_len));
    return true;
}

static void check_name(struct parser *p, struct tag *tag) {
    if (tag->kind == '!' || tag->kind == '=') return;
    if (!*tag->name) problem(p, tag->from, "this tag has no name", NULL);
    else if (strlen(tag->name) >= NAME_BYTES || strpbrk(tag->name, " \t\r\n"))
        problem(p, tag->from, "a name has no blanks and fewer than 160 characters:", tag->name);
    else return;
    tag->name = "?";
}

static void take_tag(struct parser *p, struct tag *tag) {
    size_t from = tag->from, to = tag->to;
    bool alone = tag->kind && strchr("#^/!>=", tag->kind) && alone_on_line(p, &from, &to);
    add_text(p, p->text_from, alone ? from : tag->from);
    check_name(p, tag);
    switch (tag->kind) {
    case '#':
    case '^': open_section(p, tag); break;
    case '/': close_section(p, tag); break;
    case '>': add_partial(p, tag, alone, from); break;
    case '!': break;
    case '=':
        if (!set_delimiters(p, tag->name))
            problem(p, tag->from,
                    "new delimiters are two words of at most 15 characters without \"=\"", NULL);
        break;
    default: add_value(p, tag); break;
    }
    p->text_from = alone ? to : tag->to;
    p->tag_end = p->text_from;
}

struct mustache *mustache_parse(struct arena *a, const char *file, const char *source, size_t len,
                                unsigned flags, const struct mustache_names *names,
                                struct buf *problems) {
    struct parser p = {.arena = a,
                       .len = len,
                       .open = "{{",
                       .close = "}}",
                       .open_len = 2,
                       .close_len = 2,
                       .flags = flags,
                       .names = names,
                       .problems = problems};
    p.out = NEW(a, struct mustache);
    p.out->file = arena_dup(a, file);
    p.source = arena_copy(a, source, len);
    struct tag tag;
    if (!utf8_valid(p.source, len))
        problem(&p, 0, "the file is not valid UTF-8, or holds a NUL", NULL);
    else {
        while (find_tag(&p, p.text_from, &tag)) take_tag(&p, &tag);
        add_text(&p, p.text_from, len);
    }
    while (p.depth) {
        struct open_section *s = &p.sections[--p.depth];
        problem(&p, s->at, "this section is never closed:", s->name);
        add_op(&p, OP_END);
        p.out->ops[s->op].jump = p.out->count - 1;
    }
    if (flags & MUSTACHE_PAGE && p.html.state != HTML_CONTENT)
        problem(&p, len, "the template ends inside a tag, an attribute or a comment", NULL);
    return p.out;
}
