/* Diagrams as text: they are shown as code, below their title and description. */
#include <string.h>

#include "base/text.h"
#include "doc/doc.h"
#include "doc/doc_render.h"

bool doc_is_diagram(cmark_node *code_block) {
    const char *info = cmark_node_get_fence_info(code_block);
    return info && strcspn(info, " \t{") == 7 && strncmp(info, "mermaid", 7) == 0;
}

/* The colon or brace after `name` at the start of a line; NULL when no line has it. */
static const char *find_keyword(const char *source, const char *name) {
    for (const char *line = source; line; line = strchr(line, '\n')) {
        if (*line == '\n') line++;
        const char *p = line + strspn(line, " \t");
        if (!str_has_prefix(p, name)) continue;
        p += strlen(name);
        p += strspn(p, " \t");
        if (*p == ':' || *p == '{') return p;
    }
    return NULL;
}

const char *doc_diagram_title(struct arena *a, const char *source) {
    const char *p = find_keyword(source, "accTitle");
    return p && *p == ':' ? str_trim(a, arena_copy(a, p + 1, strcspn(p + 1, "\n"))) : "";
}

/* `accDescr: one line`, or `accDescr { several }`. */
const char *doc_diagram_description(struct arena *a, const char *source) {
    const char *p = find_keyword(source, "accDescr");
    if (!p) return "";
    size_t len = strcspn(p + 1, *p == ':' ? "\n" : "}");
    char *text = arena_copy(a, p + 1, len), *to = text;
    for (const char *from = text; *from; from++) /* lines and their indentation become blanks */
        if (!strchr(" \t\n", *from)) *to++ = *from;
        else if (to > text && to[-1] != ' ') *to++ = ' ';
    *to = '\0';
    return str_trim(a, text);
}

/* The source as it is shown: without the lines that stand above it as its title and description. */
static void put_source(struct renderer *r, const char *source) {
    for (const char *line = source, *end; *line; line = end) {
        const char *p = find_keyword(line, "accTitle"),
                   *of = p ? p : find_keyword(line, "accDescr");
        size_t len = strcspn(line, "\n");
        end = line + len + (line[len] == '\n');
        if (!of || of > line + len || (p && *p != ':')) {
            buf_html(r->out, line, (size_t)(end - line));
            continue;
        }
        if (*of != '{') continue;
        const char *close = of + strcspn(of, "}"); /* several lines: to the one with the brace */
        end = close + strcspn(close, "\n");
        end += *end == '\n';
    }
}

void render_diagram(struct renderer *r, cmark_node *code_block) {
    struct arena *a = r->out->arena;
    const char *source = cmark_node_get_literal(code_block), *title = doc_diagram_title(a, source),
               *description = doc_diagram_description(a, source);
    put(r, "<figure class=\"diagram\"><figcaption><span class=\"clip-kind\">");
    put_text(r, render_label(r, "diagram"));
    put(r, "</span>");
    if (*title) {
        put(r, " <strong>");
        put_text(r, title);
        put(r, "</strong>");
    }
    if (*description) {
        put(r, " <span class=\"diagram-text\">");
        put_text(r, description);
        put(r, "</span>");
    }
    put(r, "</figcaption>\n<pre class=\"code\" tabindex=\"0\"><code class=\"language-mermaid\" "
           "translate=\"no\">");
    put_source(r, source);
    put(r, "</code></pre></figure>\n");
}
