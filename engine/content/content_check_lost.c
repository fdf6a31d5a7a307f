/* Warns of what Markdown drops or changes silently: surplus cells of a table, notes without a
 * reference, characters that mean something else. Pure. */
#include <ctype.h>
#include <string.h>

#include "base/text.h"
#include "content/content_private.h"

struct looker {
    struct doc *doc;
    struct diag_list *diags;
    const char *line; /* where line `at` of the file begins */
    int at;
};

static void warn(struct looker *k, int line, int column, const char *rule, const char *format,
                 const char *what) {
    diag_add(k->diags, SEVERITY_WARNING, k->doc->file, line, column, rule, format, what);
}

/* Nodes come in order: the place of the last line is kept. NULL behind the end. */
static const char *line_of(struct looker *k, int line) {
    if (line < k->at) {
        k->line = k->doc->source;
        k->at = 1;
    }
    while (k->line && k->at < line) {
        k->line = strchr(k->line, '\n');
        if (k->line) k->line++;
        k->at++;
    }
    return k->line;
}

/* ---- Tables ---- */

/* Cells as GitHub counts them: a bar divides also within code, unless a backslash stands before it.
 */
static int cells_in(const char *line) {
    int cells = 0;
    bool text = false;
    line += strspn(line, " \t>");
    if (*line == '|') line++;
    for (; *line && *line != '\n'; line++) {
        if (*line == '\\' && line[1] == '|') line++;
        else if (*line == '|') {
            cells++;
            text = false;
            continue;
        }
        text = text || !isspace((unsigned char)*line);
    }
    return cells + text;
}

static void check_table(struct looker *k, cmark_node *table) {
    int columns = 0;
    for (cmark_node *row = cmark_node_first_child(table); row; row = cmark_node_next(row)) {
        int line = doc_line(k->doc, row);
        const char *text = line_of(k, line);
        int cells = text ? cells_in(text) : 0;
        if (!columns) columns = cells;
        else if (cells > columns)
            warn(k, line, 1, "table-cells",
                 "this row has more cells than the table has columns, and what is too much is not "
                 "shown: a bar that belongs to the text is written \\|%s",
                 "");
    }
}

static void check_paragraph(struct looker *k, cmark_node *n) {
    int line = doc_line(k->doc, n);
    const char *first = line_of(k, line), *second = first ? line_of(k, line + 1) : NULL;
    if (cmark_node_get_end_line(n) == cmark_node_get_start_line(n) || !first || !second) return;
    if (cells_in(first) < 2 || cells_in(second) < 2) return;
    if (first[strspn(first, " \t>")] != '|' || second[strspn(second, " \t>")] != '|') return;
    warn(k, line, doc_column(k->doc, n), "table-separator",
         "this is no table yet: its second line must be hyphens between bars, as many as the first "
         "line has cells%s",
         "");
}

/* ---- Characters that mean something else ---- */

/* Of how many tildes its ends are tells the width of the whole: the line is not searched, since it
 * may hold thousands of struck texts. */
static void check_strike(struct looker *k, cmark_node *n) {
    const char *text = doc_text(k->doc->arena, n);
    size_t len = strlen(text);
    int width = cmark_node_get_end_column(n) - cmark_node_get_start_column(n) + 1;
    if (len > 3 || strchr(text, ' ') || width != (int)len + 2) return;
    warn(k, doc_line(k->doc, n), doc_column(k->doc, n), "struck",
         "“%s” is struck through by single tildes; small and low is <sub>…</sub>", text);
}

/* Code runs on to the end when nothing closes it, and everything behind it is code. */
static void check_fence(struct looker *k, cmark_node *n) {
    int length = 0, offset = 0;
    char c = 0;
    if (!cmark_node_get_fenced(n, &length, &offset, &c)) return;
    const char *last = line_of(k, k->doc->body_line + cmark_node_get_end_line(n));
    last = last ? last + strspn(last, " \t>") : "";
    char fence[] = {c, '\0'};
    if (cmark_node_get_end_line(n) > cmark_node_get_start_line(n) &&
        strspn(last, fence) >= (size_t)length)
        return;
    diag_add(k->diags, SEVERITY_ERROR, k->doc->file, doc_line(k->doc, n), doc_column(k->doc, n),
             "fence",
             "this block of code is never closed, and all that follows is shown as code: put a "
             "line of %d %s behind it",
             length, c == '~' ? "tildes (~)" : "backticks (`)");
}

static void check_text(struct looker *k, cmark_node *n) {
    const char *text = cmark_node_get_literal(n);
    for (const char *at = text; (at = strstr(at, "[^")); at += 2) {
        size_t len = strcspn(at, "] \n");
        if (at[len] != ']' || len < 3) continue;
        warn(k, doc_line(k->doc, n), doc_column(k->doc, n), "note",
             "“%s” has no note: put one anywhere in the file, on a line that begins with it and a "
             "colon",
             arena_copy(k->doc->arena, at, len + 1));
    }
}

/* ---- Notes that nobody refers to: the library takes them out of the tree ---- */

static bool starts_note(const char *line, size_t *len) {
    size_t blanks = strspn(line, " ");
    if (blanks > 3 || strncmp(line + blanks, "[^", 2) != 0) return false;
    *len = blanks + strcspn(line + blanks, "] \n");
    return line[*len] == ']' && line[*len + 1] == ':' && *len > blanks + 2;
}

static bool referred_to(const char *source, const char *mark, size_t len) {
    for (const char *at = source; (at = strstr(at, "[^")); at += 2)
        if (at != mark && strncmp(at, mark, len) == 0) return true;
    return false;
}

/* Line by line, outside of code: fences are followed as the tree has them. */
static void check_notes(struct looker *k) {
    const char *p = line_of(k, k->doc->body_line + 1);
    char fence = 0;
    int notes = 0;
    for (int line = k->doc->body_line + 1; p && *p && notes < 200; line++) {
        size_t indent = strspn(p, " "), len;
        bool marks = indent < 4 &&
                     (strncmp(p + indent, "```", 3) == 0 || strncmp(p + indent, "~~~", 3) == 0);
        if (marks && !fence) fence = p[indent];
        else if (marks && fence == p[indent]) fence = 0;
        if (!fence && starts_note(p, &len)) {
            const char *mark = p + indent;
            notes++;
            if (!referred_to(k->doc->source, mark, len + 1 - indent))
                warn(k, line, (int)indent + 1, "note",
                     "nothing refers to the note “%s”: it is not shown",
                     arena_copy(k->doc->arena, mark, len + 1 - indent));
        }
        p = strchr(p, '\n');
        if (p) p++;
    }
}

void content_check_lost(struct doc *d, struct diag_list *diags) {
    struct looker k = {.doc = d, .diags = diags, .line = d->source, .at = 1};
    cmark_iter *iter = cmark_iter_new(d->body);
    arena_defer(d->arena, (void (*)(void *))cmark_iter_free, iter);
    for (cmark_event_type event; (event = cmark_iter_next(iter)) != CMARK_EVENT_DONE;) {
        cmark_node *n = cmark_iter_get_node(iter);
        if (event != CMARK_EVENT_ENTER) continue;
        cmark_node_type type = cmark_node_get_type(n);
        if (type == CMARK_NODE_TEXT) check_text(&k, n);
        else if (type == CMARK_NODE_CODE_BLOCK) check_fence(&k, n);
        else if (type == CMARK_NODE_PARAGRAPH) check_paragraph(&k, n);
        else if (str_eq(cmark_node_get_type_string(n), "table")) check_table(&k, n);
        else if (str_eq(cmark_node_get_type_string(n), "strikethrough")) check_strike(&k, n);
    }
    check_notes(&k);
}
