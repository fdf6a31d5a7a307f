/* Definition lists: found in one tree, made in the next. */
#include "doc/doc_definitions.h"

#include <string.h>

#include "base/err.h"
#include "base/text.h"
#include "doc/doc_bound.h"

#define MARK '+'
#define ROUNDS 4 /* parses, when lines turn out to be no definitions; then none is one */

char definition_terms[1], definition_list[1];

struct line {
    size_t at; /* of its first byte; of a candidate: of the colon */
    bool candidate, seen;
};

struct definitions {
    char *text;
    struct line *lines; /* from 1 */
    size_t count;
    int rounds;
};

static bool is_blank(char c) { return c == ' ' || c == '\t'; }

/* Whether a colon is followed by a blank and by text on the same line. */
static bool says_more(const char *colon, const char *end) {
    const char *p = colon + 1;
    if (p >= end || !is_blank(*p)) return false;
    while (p < end && is_blank(*p)) p++;
    return p < end && *p != '\n';
}

/* The place after the blanks and quote marks at the start of a line. */
static const char *behind_marks(const char *line, const char *end) {
    while (line < end && (is_blank(*line) || *line == '>')) line++;
    return line;
}

bool definitions_possible(const char *text, size_t len) {
    const char *end = text + len;
    for (const char *line = text; line && line < end;) {
        const char *at = behind_marks(line, end);
        if (at < end && *at == ':' && says_more(at, end)) return true;
        line = memchr(line, '\n', (size_t)(end - line));
        if (line) line++;
    }
    return false;
}

static struct definitions *lines_of(struct arena *a, char *text, size_t len) {
    struct definitions *s = NEW(a, struct definitions);
    size_t n = 2;
    for (size_t i = 0; i < len; i++) n += text[i] == '\n';
    s->text = text;
    s->lines = NEW_ARRAY(a, struct line, n + 1);
    s->lines[s->count = 1].at = 0;
    for (size_t i = 0; i < len; i++)
        if (text[i] == '\n') s->lines[++s->count].at = i + 1;
    s->lines[s->count + 1].at = len;
    return s;
}

/* ---- Which lines ---------------------------------------------------------------------------- */

/* Whether the parser sees a colon and a blank here, written with a backslash or without. */
static bool starts_with_colon(cmark_node *n) {
    if (!n || cmark_node_get_type(n) != CMARK_NODE_TEXT) return false;
    const char *text = cmark_node_get_literal(n);
    return text[0] == ':' && is_blank(text[1]);
}

static size_t seen_in_tree(cmark_node *paragraph, bool first) {
    size_t n = first && starts_with_colon(cmark_node_first_child(paragraph));
    for (cmark_node *at = cmark_node_first_child(paragraph); at; at = cmark_node_next(at)) {
        cmark_node_type type = cmark_node_get_type(at);
        if (type == CMARK_NODE_SOFTBREAK || type == CMARK_NODE_LINEBREAK)
            n += starts_with_colon(cmark_node_next(at));
    }
    return n;
}

/* The lines of a paragraph as they were written, and as the parser has them: only where both agree
 * on their number is it known that none of them lies within code or a tag. */
static bool take_paragraph(struct definitions *s, cmark_node *n) {
    size_t from = (size_t)cmark_node_get_start_line(n), to = (size_t)cmark_node_get_end_line(n);
    bool first = cmark_node_previous(n) != NULL, any = false;
    size_t found = 0;
    if (from == 0 || to > s->count || to < from) return false;
    const char *end = s->text + s->lines[to + 1].at;
    for (int pass = 0; pass < 2; pass++) {
        for (size_t i = first ? from : from + 1; i <= to; i++) {
            const char *at = behind_marks(s->text + s->lines[i].at, end);
            bool escaped = at < end && *at == '\\';
            if (at + escaped >= end || at[escaped] != ':' || !says_more(at + escaped, end))
                continue;
            if (pass == 0) found++;
            else if (!escaped) {
                s->lines[i].at = (size_t)(at - s->text);
                s->lines[i].candidate = any = true;
            }
        }
        if (found == 0 || found != seen_in_tree(n, first)) return false;
    }
    return any;
}

/* `> [!NOTE]` and what stands in its paragraph is a title. */
static bool is_callout(cmark_node *n) {
    cmark_node *quote = cmark_node_parent(n), *first = cmark_node_first_child(n);
    return quote && cmark_node_get_type(quote) == CMARK_NODE_BLOCK_QUOTE &&
           !cmark_node_previous(n) && first && cmark_node_get_type(first) == CMARK_NODE_TEXT &&
           str_has_prefix(cmark_node_get_literal(first), "[!");
}

struct definitions *definitions_begin(struct arena *a, cmark_node *tree, char *text, size_t len) {
    struct definitions *s = lines_of(a, text, len);
    bool any = false;
    cmark_iter *iter = cmark_iter_new(tree);
    arena_defer(a, (void (*)(void *))cmark_iter_free, iter);
    for (cmark_event_type event; (event = cmark_iter_next(iter)) != CMARK_EVENT_DONE;) {
        cmark_node *n = cmark_iter_get_node(iter);
        if (event == CMARK_EVENT_ENTER && cmark_node_get_type(n) == CMARK_NODE_PARAGRAPH &&
            !is_callout(n))
            any |= take_paragraph(s, n);
    }
    for (size_t i = 1; any && i <= s->count; i++)
        if (s->lines[i].candidate) text[s->lines[i].at] = MARK;
    return any ? s : NULL;
}

/* ---- What became of them -------------------------------------------------------------------- */

static struct line *line_of(struct definitions *s, cmark_node *item) {
    size_t i = (size_t)cmark_node_get_start_line(item);
    return i >= 1 && i <= s->count && s->lines[i].candidate ? &s->lines[i] : NULL;
}

static cmark_node *list_behind(cmark_node *n) {
    cmark_node *list = cmark_node_next(n);
    return list && cmark_node_get_type(n) == CMARK_NODE_PARAGRAPH &&
                   cmark_node_get_type(list) == CMARK_NODE_LIST
               ? list
               : NULL;
}

/* Items that the author wrote with the same mark behind the definitions are a list of their own. */
static void split_list(cmark_node *list, cmark_node *first) {
    if (!first) return;
    cmark_node *rest = cmark_node_new_with_mem(CMARK_NODE_LIST, &bounded_memory);
    if (!rest) return;
    cmark_node_set_list_type(rest, CMARK_BULLET_LIST);
    cmark_node_set_list_tight(rest, cmark_node_get_list_tight(list));
    if (!cmark_node_insert_after(list, rest)) {
        cmark_node_free(rest);
        return;
    }
    for (cmark_node *next; first; first = next) {
        next = cmark_node_next(first);
        cmark_node_append_child(rest, first);
    }
}

/* Notes which candidate lines became items of the list after this paragraph; with `mark` the
 * paragraph and the list are marked as terms and definitions. */
static void look_at(struct definitions *s, cmark_node *paragraph, bool mark) {
    cmark_node *list = list_behind(paragraph), *item = list ? cmark_node_first_child(list) : NULL;
    if (!item || !line_of(s, item)) return;
    if (mark) {
        cmark_node_set_user_data(paragraph, definition_terms);
        cmark_node_set_user_data(list, definition_list);
    }
    for (; item && line_of(s, item); item = cmark_node_next(item)) line_of(s, item)->seen = true;
    if (mark) split_list(list, item);
}

static void look_at_all(struct definitions *s, cmark_node *tree, bool mark) {
    cmark_iter *iter = cmark_iter_new(tree);
    for (cmark_event_type event; (event = cmark_iter_next(iter)) != CMARK_EVENT_DONE;)
        if (event == CMARK_EVENT_ENTER) look_at(s, cmark_iter_get_node(iter), mark);
    cmark_iter_free(iter);
}

bool definitions_settle(struct definitions *s, cmark_node *tree) {
    bool all = true;
    for (size_t i = 1; i <= s->count; i++) s->lines[i].seen = false;
    look_at_all(s, tree, false);
    s->rounds++;
    for (size_t i = 1; i <= s->count; i++)
        all = all && (!s->lines[i].candidate || s->lines[i].seen);
    for (size_t i = 1; !all && i <= s->count; i++) {
        struct line *line = &s->lines[i];
        if (!line->candidate || (line->seen && s->rounds < ROUNDS)) continue;
        s->text[line->at] = ':';
        line->candidate = false;
    }
    if (all) look_at_all(s, tree, true);
    return all;
}
