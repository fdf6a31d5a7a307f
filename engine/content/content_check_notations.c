/* Warns of notations that other systems understand and this one shows as they are written, and says
 * what to write instead. Pure. */
#include <ctype.h>
#include <stdint.h>
#include <string.h>

#include "base/text.h"
#include "content/content_private.h"

#define SHOWN 40 /* characters of the text that a message repeats */

struct finder {
    struct doc *doc;
    struct diag_list *diags;
};

static void warn(struct finder *k, cmark_node *n, const char *rule, const char *format,
                 const char *from, size_t len) {
    size_t shown = 0;
    for (size_t i = 0; i < SHOWN && shown < len; i++)
        shown += utf8_length_at(from + shown, len - shown);
    char *text = arena_printf(k->doc->arena, "%.*s%s", (int)shown, from, shown < len ? "…" : "");
    for (char *p = text; *p; p++)
        if (*p == '\n') *p = ' '; /* a report has a line for each */
    diag_add(k->diags, SEVERITY_WARNING, k->doc->file, doc_line(k->doc, n), doc_column(k->doc, n),
             rule, format, text);
}

static bool is_type(cmark_node *n, cmark_node_type type) {
    return n && cmark_node_get_type(n) == type;
}

/* The length of what begins at `from` and ends with `end`, both within one line; 0: it does not
 * end there. */
static size_t until(const char *from, const char *end) {
    const char *to = strstr(from, end);
    size_t line = strcspn(from, "\n");
    return to && (size_t)(to - from) < line ? (size_t)(to - from) + strlen(end) : 0;
}

/* ` =200x`, ` =x100`, ` =200x100` at the end of a target. */
static bool ends_with_size(const char *target, size_t len) {
    size_t at = len, digits = 0;
    while (at && (isdigit((unsigned char)target[at - 1]) || target[at - 1] == 'x'))
        digits += target[--at] != 'x';
    return digits && len - at == digits + 1 && at >= 2 && target[at - 1] == '=' &&
           target[at - 2] == ' ';
}

/* RULE link-target: an address ends at its first blank. RULE picture-size: nothing behind an
 * address says how large a picture is. */
static void find_targets(struct finder *k, cmark_node *n, const char *text) {
    for (const char *p = text; (p = strstr(p, "](")); p += 2) {
        size_t len = until(p + 2, ")");
        const char *target = p + 2;
        if (len < 2 || !memchr(text, '[', (size_t)(p - text)) || *target == ' ') continue;
        len--;
        if (!memchr(target, ' ', len)) continue;
        if (ends_with_size(target, len))
            warn(k, n, "picture-size",
                 "“%s” is shown as text: a picture with a size is written <img src=\"…\" alt=\"…\" "
                 "width=\"200\">",
                 target, len);
        else if (strcspn(target, "/.#") < len && !memchr(target, '"', len))
            warn(k, n, "link-target",
                 "an address ends at a blank, and “%s” is shown as text: put it between < and >, "
                 "or write %%20 for each blank",
                 target, len);
    }
}

/* RULE attributes: what stands in braces behind a picture, a link or a heading. */
static void find_attributes(struct finder *k, cmark_node *n, const char *text) {
    cmark_node *before = cmark_node_previous(n);
    bool heading = is_type(cmark_node_parent(n), CMARK_NODE_HEADING) && !cmark_node_next(n);
    const char *at = before &&
                             (is_type(before, CMARK_NODE_IMAGE) ||
                              is_type(before, CMARK_NODE_LINK) || is_type(before, CMARK_NODE_CODE))
                         ? text
                         : NULL;
    if (heading && (at = strrchr(text, '{')) && at > text && at[-1] != ' ') at = NULL;
    size_t len = at && *at == '{' ? until(at, "}") : 0;
    if (len < 3 || (heading && at[len]) || (!memchr(at, '=', len) && !strchr("#.:", at[1]))) return;
    if (heading)
        warn(k, n, "attributes",
             "“%s” is shown as text: a heading is linked to by its words, and <a name=\"…\"></a> "
             "in it gives it another name",
             at, len);
    else
        warn(k, n, "attributes",
             "“%s” is shown as text: there are no attributes in braces; a picture with a size is "
             "written <img src=\"…\" alt=\"…\" width=\"200\">",
             at, len);
}

/* RULE template: instructions of a program that makes pages. */
static void find_templates(struct finder *k, cmark_node *n, const char *text) {
    static const char *const pairs[][2] = {{"{%", "%}"}, {"{{<", ">}}"}, {"{{%", "%}}"}};
    for (size_t i = 0; i < COUNT_OF(pairs); i++)
        for (const char *p = text; (p = strstr(p, pairs[i][0])); p += 2) {
            size_t len = until(p, pairs[i][1]);
            if (!len || (i == 0 && p > text && p[-1] == '{')) continue;
            warn(k, n, "template",
                 "“%s” is shown as text: pages hold no instructions of this kind; a note begins "
                 "with > [!NOTE]",
                 p, len);
        }
}

/* RULE inline-note: a note does not stand where it is referred to. */
static void find_inline_notes(struct finder *k, cmark_node *n, const char *text) {
    for (const char *p = text; (p = strstr(p, "^[")); p += 2) {
        size_t len = until(p, "]");
        if (p == text || p[-1] == '[' || !memchr(p, ' ', len)) continue;
        warn(k, n, "inline-note",
             "“%s” is shown as text: write [^1] here, and on a line of its own [^1]: with the note "
             "behind it",
             p, len);
    }
}

static bool is_grid(const char *text) {
    size_t n = strspn(text, "+-=:");
    return n >= 5 && text[0] == '+' && text[1] == '-' && text[n - 1] == '+' &&
           (text[n] == '\0' || text[n] == ' ');
}

/* One # alone is also how people write numbers and key words. */
static bool is_heading(const char *text, bool alone) {
    size_t n = strspn(text, "#");
    unsigned char c = (unsigned char)text[n];
    return n >= 1 && n <= 6 && c && c != ' ' && (isalpha(c) || c >= 0x80) &&
           (n > 1 || (alone && (isupper(c) || c >= 0x80)));
}

/* What stands at the start of a paragraph. RULE heading-blank: a heading has a blank behind its #.
 * RULE admonition: a note is a quote. RULE grid-table: a table is not drawn with + and -. */
static void find_starts(struct finder *k, cmark_node *paragraph) {
    cmark_node *n = cmark_node_first_child(paragraph);
    if (!is_type(n, CMARK_NODE_TEXT)) return;
    const char *text = cmark_node_get_literal(n);
    bool marks = (str_has_prefix(text, "!!! ") || str_has_prefix(text, "??? ")) &&
                 isalpha((unsigned char)text[4]);
    if (is_heading(text, !cmark_node_next(n)))
        warn(k, n, "heading-blank",
             "“%s” is no heading: put a blank behind the last #, or a backslash before the first",
             text, strlen(text));
    else if (marks || str_has_prefix(text, ":::"))
        warn(k, n, "admonition",
             "“%s” is shown as text: a note is a quote that begins with > [!NOTE], TIP or WARNING",
             text, strlen(text));
    else if (is_grid(text))
        warn(k, n, "grid-table",
             "“%s” is no table: put bars between the cells, and hyphens between bars below the "
             "first row",
             text, strlen(text));
}

/* RULE round-options: `( )` and `(x)` are no boxes. */
static void find_options(struct finder *k, cmark_node *list) {
    bool open = false;
    size_t count = 0;
    for (cmark_node *item = cmark_node_first_child(list); item; item = cmark_node_next(item)) {
        cmark_node *paragraph = cmark_node_first_child(item),
                   *n = paragraph ? cmark_node_first_child(paragraph) : NULL;
        if (!is_type(paragraph, CMARK_NODE_PARAGRAPH) || !is_type(n, CMARK_NODE_TEXT)) return;
        const char *text = cmark_node_get_literal(n);
        if (str_has_prefix(text, "( ) ")) open = true;
        else if (!str_has_prefix(text, "(x) ") && !str_has_prefix(text, "(X) ")) return;
        count++;
    }
    if (count > 1 && open)
        diag_add(k->diags, SEVERITY_WARNING, k->doc->file, doc_line(k->doc, list),
                 doc_column(k->doc, list), "round-options",
                 "this is shown as a plain list: options of a question are written - [ ], and - "
                 "[x] for a key");
}

/* ---- What the parser has taken away: the source is looked at ---- */

/* An operator between short names and numbers, or a digit between letters: “x = 5”, “n-1”, “a2b”.
 * Not “e-mail”, “3-5”, “see A + B”. */
static bool looks_like_formula(const char *text, size_t len) {
    size_t letters = 0;
    bool any = false, sign = false, minus = false, inside = false;
    for (size_t i = 0; i < len; i++) {
        unsigned char c = (unsigned char)text[i];
        letters = isalpha(c) ? letters + 1 : 0;
        if (letters > 2 || c >= 0x80) return false;
        any |= letters > 0;
        sign |= c && strchr("=+<>", c);
        minus |= c == '-';
        inside |= isdigit(c) && i && i + 1 < len && isalpha((unsigned char)text[i - 1]) &&
                  isalpha((unsigned char)text[i + 1]);
    }
    return sign || (any && minus) || inside;
}

static bool looks_like_tex(const char *text, size_t len) {
    if (looks_like_formula(text, len)) return true;
    for (size_t i = 0; i + 1 < len; i++)
        if (text[i] == '^' || text[i] == '_' ||
            (text[i] == '\\' && isalpha((unsigned char)text[i + 1])))
            return true;
    return false;
}

/* The length of what begins at `from` and ends with `end` before `stop`; 0: it does not. */
static size_t until_before(const char *from, const char *end, const char *stop) {
    const char *to = strstr(from, end);
    return to && to < stop ? (size_t)(to - from) + strlen(end) : 0;
}

static const char *behind_lines(const char *p, int lines) {
    for (; lines > 0 && *p; lines--) {
        p += strcspn(p, "\n");
        if (*p) p++;
    }
    return p;
}

/* RULE tex-brackets: a formula between \( and \), or \[ and \]; outside of code, the second one
 * also over several lines. They are not drawn: in Markdown they are escaped brackets, which people
 * put around words. What holds a command, ^ or _, or looks like short names and numbers with an
 * operator, is told; words are not. */
static void find_tex(struct finder *k, cmark_node *paragraph, const char *line) {
    int lines = cmark_node_get_end_line(paragraph) - cmark_node_get_start_line(paragraph);
    const char *stop = behind_lines(line, lines + 1);
    bool code = false;
    for (const char *p = line; p < stop; p++) {
        if (*p == '`') code = !code;
        else if (*p == '\\') {
            bool round = p[1] == '(', opens = (round || p[1] == '[') && !code;
            size_t len = !opens ? 0 : round ? until(p, "\\)") : until_before(p, "\\]", stop);
            if (len > 4 && looks_like_tex(p + 2, len - 4)) {
                warn(k, paragraph, "tex-brackets",
                     round ? "“%s” is shown as text: write $ for each of its two brackets, with no "
                             "blank inside of them, and it is a formula"
                           : "“%s” is shown as text: write $$ for each of its two brackets, and it "
                             "is a formula",
                     p, len);
                p += len - 1;
            } else if (p[1] && p[1] != '\n') p++;
        }
    }
}

/* Of `n` bytes that are known to be UTF-8. */
static uint32_t character(const char *p, size_t n) {
    uint32_t c = (unsigned char)p[0] & (n == 1 ? 0x7fu : 0xffu >> (n + 1));
    for (size_t i = 1; i < n; i++) c = c << 6 | ((unsigned char)p[i] & 0x3fu);
    return c;
}

/* RULE character: controls and noncharacters, which no font shows and some programs refuse. */
static void find_characters(struct finder *k) {
    int line = 1, column = 1;
    const char *p = k->doc->source, *end = p + k->doc->source_len;
    for (size_t n; p < end; p += n) {
        n = utf8_length_at(p, (size_t)(end - p));
        uint32_t c = character(p, n);
        bool control = (c < 0x20 && c != '\n' && c != '\t' && c != '\f') || (c >= 0x7f && c < 0xa0);
        bool none = (c & 0xfffe) == 0xfffe || (c >= 0xfdd0 && c <= 0xfdef);
        if (control || none) {
            diag_add(k->diags, SEVERITY_WARNING, k->doc->file, line, column, "character",
                     "U+%04X stands here, which is no character of a text: remove it", (unsigned)c);
            return;
        }
        column = c == '\n' ? 1 : column + 1;
        line += c == '\n';
    }
}

void content_check_notations(struct doc *d, struct diag_list *diags) {
    struct finder k = {d, diags};
    cmark_iter *iter = cmark_iter_new(d->body);
    arena_defer(d->arena, (void (*)(void *))cmark_iter_free, iter);
    const char *line = d->source;
    int at = 1;
    for (cmark_event_type event; (event = cmark_iter_next(iter)) != CMARK_EVENT_DONE;) {
        cmark_node *n = cmark_iter_get_node(iter);
        cmark_node_type type = cmark_node_get_type(n);
        if (event != CMARK_EVENT_ENTER) continue;
        if (type == CMARK_NODE_TEXT) {
            const char *text = cmark_node_get_literal(n);
            find_targets(&k, n, text);
            find_attributes(&k, n, text);
            find_templates(&k, n, text);
            find_inline_notes(&k, n, text);
        } else if (type == CMARK_NODE_LIST) find_options(&k, n);
        else if (type == CMARK_NODE_PARAGRAPH) {
            find_starts(&k, n);
            if (doc_line(d, n) < at) { /* notes come last */
                line = d->source;
                at = 1;
            }
            for (int wanted = doc_line(d, n); at < wanted && line; at++) {
                line = strchr(line, '\n');
                if (line) line++;
            }
            if (line && at == doc_line(d, n)) find_tex(&k, n, line);
        }
    }
    find_characters(&k);
}
