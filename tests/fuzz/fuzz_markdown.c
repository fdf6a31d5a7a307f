/* A module's text: parsed, read, checked, rendered. What comes out must be harmless html, and the
 * same each time. */
#include "fuzz/fuzz.h"

#include <libxml/HTMLparser.h>

#include "base/codec.h"
#include "content/content_private.h"
#include "../unit/doc/html_walk.c"

static const char *term(void *context, struct arena *a, const char *id, const char **title) {
    (void)context, (void)a, (void)id;
    *title = "Term";
    return "What it is.";
}

static const char *render(struct doc *d, struct arena *a) {
    struct body_context context = {.module_id = "a", .programme = "p", .lang = "en"};
    struct render_hooks hooks;
    struct buf out;
    struct heading *headings;
    size_t count;
    buf_init(&out, a);
    content_hooks(&hooks, &context);
    hooks.term = term;
    doc_render(d, cmark_node_first_child(d->body), NULL, &hooks, &out, &headings, &count);
    return buf_text(&out);
}

static void fuzz_one(struct arena *a, const char *data, size_t size) {
    struct buf source;
    struct diag_list diags;
    struct doc d;
    struct content_outline outline = {0};
    codec_start();
    buf_init(&source, a);
    buf_puts(
        &source,
        "---\nid: a\ntitle: T\nsummary: S\nprogramme: p\nlevel: l\ndomain: d\nminutes: 5\nobjectives:\n  - {id: o, text: t}\n---\n");
    buf_add(&source, data, size);
    diag_init(&diags, a);
    if (doc_parse(&d, "content/p/modules/a.md", buf_text(&source), source.len, a, &diags) != OK) {
        BUG_IF(diags.errors == 0);
        return;
    }
    content_check_body(&d, a, &diags, &outline);
    (void)content_read_module(&d, NULL, a, &diags, &outline);
    struct content_part *parts;
    size_t count;
    content_parts(a, cmark_node_first_child(d.body), NULL, false, &parts, &count);
    const char *html = render(&d, a);
    BUG_IF(strcmp(html, render(&d, a)) != 0);
    BUG_IF(html_problem(html, strlen(html)) != NULL);
}
