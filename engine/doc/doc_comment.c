/* Comments that are never closed. */
#include "doc/doc_comment.h"

#include <string.h>

#include "base/text.h"

static size_t start_of_line(const char *text, size_t len, int line) {
    const char *at = text;
    for (; at && line > 1; line--) {
        at = memchr(at, '\n', len - (size_t)(at - text));
        if (at) at++;
    }
    return at ? (size_t)(at - text) : len;
}

static bool is_blank(const char *line) { return line[strspn(line, " \t>")] == '\n'; }

/* Replaces the text from `at` to the end of its paragraph by blanks; the marks of a quote stay. */
static void blank_paragraph(char *text, size_t len, size_t at) {
    for (; at < len && text[at] != '\n'; at++) text[at] = ' ';
    while (at < len && !is_blank(text + at + 1)) {
        at += 1 + strspn(text + at + 1, " \t>");
        for (; at < len && text[at] != '\n'; at++) text[at] = ' ';
    }
}

bool comment_close(struct doc *d, cmark_node *tree, char *text, size_t len,
                   struct diag_list *diags) {
    bool found = false;
    cmark_iter *iter = cmark_iter_new(tree);
    arena_defer(d->arena, (void (*)(void *))cmark_iter_free, iter);
    for (cmark_event_type event; !found && (event = cmark_iter_next(iter)) != CMARK_EVENT_DONE;) {
        cmark_node *n = cmark_iter_get_node(iter);
        if (event != CMARK_EVENT_ENTER || cmark_node_get_type(n) != CMARK_NODE_HTML_BLOCK) continue;
        const char *html = cmark_node_get_literal(n), *open = html + strspn(html, " \t");
        if (!str_has_prefix(open, "<!--") || strstr(open + 4, "-->")) continue;
        size_t line = start_of_line(text, len, cmark_node_get_start_line(n));
        const char *at = line < len ? strstr(text + line, "<!--") : NULL;
        if (!at) continue;
        diag_add(diags, SEVERITY_ERROR, d->file, doc_line(d, n),
                 (int)((size_t)(at - text) - line) + 1, "comment",
                 "this comment is never closed, and would hide all that follows: put --> behind "
                 "it; until then it ends with its paragraph");
        blank_paragraph(text, len, (size_t)(at - text));
        found = true;
    }
    return found;
}
