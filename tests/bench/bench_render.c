/* render.module: from a module's text to HTML, against cmark-gfm alone with the same extensions.
 *
 * Ours does more (front matter, encoding check, version hash, anchors, callouts, terms); the ratio
 * says how much more that costs. In process, in processor time of the thread. */
#include <cmark-gfm-core-extensions.h>
#include <cmark-gfm-extension_api.h>
#include <cmark-gfm.h>
#include <dirent.h>
#include <stdio.h>
#include <string.h>

#include "base/codec.h"
#include "base/text.h"
#include "bench/bench.h"
#include "doc/doc.h"

#define MODULES 64
#define PASSES 3 /* over all modules, a round */

struct text {
    char *source;
    size_t len, body; /* where the Markdown begins */
};

static volatile size_t sink; /* so that nothing is optimised away */

static size_t read_modules(struct arena *a, const char *root, struct text *texts) {
    char *folder = arena_printf(a, "%s/content/mops/modules", root);
    size_t count = 0;
    DIR *d = opendir(folder);
    for (struct dirent *e = d ? readdir(d) : NULL; e && count < MODULES; e = readdir(d)) {
        struct text *t = &texts[count];
        if (!str_has_suffix(e->d_name, ".md")) continue;
        t->source = file_read(a, arena_printf(a, "%s/%s", folder, e->d_name), DOC_MAX_BYTES,
                              &t->len);
        const char *end = t->source ? strstr(t->source, "\n---\n") : NULL;
        if (!end) continue;
        t->body = (size_t)(end - t->source) + 5;
        count++;
    }
    if (d) closedir(d);
    return count;
}

static const char *term(void *context, struct arena *a, const char *id, const char **title) {
    (void)context, (void)a, (void)id;
    *title = "A term of the trade";
    return "What it means, in one plain sentence.";
}

static bool render_ours(const struct text *t) {
    static const struct render_hooks hooks = {.term = term};
    struct arena a;
    struct diag_list diags;
    struct doc doc;
    struct heading *headings;
    size_t heading_count;
    struct buf out;
    arena_init(&a, (size_t)64 * 1024 * 1024);
    diag_init(&diags, &a);
    buf_init(&out, &a);
    bool ok = doc_parse(&doc, "module.md", t->source, t->len, &a, &diags) == OK;
    if (ok)
        doc_render(&doc, cmark_node_first_child(doc.body), NULL, &hooks, &out, &headings,
                   &heading_count);
    sink += out.len;
    arena_release(&a);
    return ok;
}

static bool render_bare(const struct text *t) {
    static const char *const names[] = {"table", "strikethrough", "tasklist"};
    cmark_parser *p = cmark_parser_new(CMARK_OPT_FOOTNOTES | CMARK_OPT_VALIDATE_UTF8);
    for (size_t i = 0; i < COUNT_OF(names); i++)
        cmark_parser_attach_syntax_extension(p, cmark_find_syntax_extension(names[i]));
    cmark_parser_feed(p, t->source + t->body, t->len - t->body);
    cmark_node *root = cmark_parser_finish(p);
    char *html = cmark_render_html(root, CMARK_OPT_FOOTNOTES,
                                   cmark_parser_get_syntax_extensions(p));
    sink += strlen(html);
    cmark_get_default_mem_allocator()->free(html);
    cmark_node_free(root);
    cmark_parser_free(p);
    return true;
}

/* Microseconds a module, or a negative number when one does not parse. */
static double pass(bool (*render)(const struct text *), const struct text *texts, size_t count) {
    int64_t began = bench_cpu_us();
    for (int k = 0; k < PASSES; k++)
        for (size_t i = 0; i < count; i++)
            if (!render(&texts[i])) return -1;
    return (double)(bench_cpu_us() - began) / (double)(count * PASSES);
}

void bench_render(const struct bench *b) {
    struct arena a;
    struct text texts[MODULES];
    double ours[ROUNDS_MAX], ratio[ROUNDS_MAX];
    arena_init(&a, (size_t)64 * 1024 * 1024);
    codec_start();
    cmark_gfm_core_extensions_ensure_registered();
    size_t count = read_modules(&a, b->root, texts);
    const int rounds = ROUNDS_MAX;
    bool ok = count > 0;
    for (int i = -1; i < rounds && ok; i++) { /* the first one warms up */
        double mine = pass(render_ours, texts, count), bare = pass(render_bare, texts, count);
        ok = mine > 0;
        if (i < 0) continue;
        ours[i] = mine;
        ratio[i] = bare / mine;
    }
    arena_release(&a);
    if (ok)
        bench_line("render.module", bench_median(ours, rounds), "us", bench_median(ratio, rounds));
    else
        bench_failed("render.module",
                     count ? "a module does not parse"
                           : "there are no modules in %s/content/mops/modules",
                     b->root);
}
