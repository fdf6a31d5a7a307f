/* What turns an author's addresses into ours, explains terms in place and finds the practice questions in a text. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "content/content_private.h"

static const char *last_segment(const char *path) {
    const char *slash = strrchr(path, '/');
    return slash ? slash + 1 : path;
}

static bool has_scheme(const char *url) {
    size_t n = strcspn(url, ":/?#");
    return url[n] == ':';
}

/* `the-stack.md#x` is /modules/the-stack#x wherever the file stands: names of modules are unique. */
static const char *document_link(struct body_context *c, struct arena *a, const char *path,
                                 const char *fragment) {
    const char *name = last_segment(path);
    char *id = arena_copy(a, name, strcspn(name, "."));
    const char *hash = *fragment ? arena_printf(a, "#%s", doc_fragment(a, fragment)) : "";
    if (str_eq(id, "glossary"))
        return arena_printf(a, "/glossary%s%s", *fragment ? "#page-" : "", fragment);
    if (str_eq(id, "self-assessment")) return "/self-assessment";
    if (str_eq(id, "programme"))
        return c->programme ? arena_printf(a, "/programmes/%s", c->programme) : "/programmes";
    if (strstr(path, "exams/") || strstr(path, "labs/"))
        return NULL; /* they are named on a programme's page */
    return id_valid(id) ? arena_printf(a, "/modules/%s%s", id, hash) : NULL;
}

static const char *link_hook(void *context, struct arena *a, const char *url, bool picture) {
    struct body_context *c = context;
    if (picture) {
        if (has_scheme(url) || !c->module_id || url[0] == '/')
            return NULL; /* pictures are ours: no reader is tracked */
        return arena_printf(a, "/modules/%s/files/%s", c->module_id, last_segment(url));
    }
    if (has_scheme(url)) return url;
    if (url[0] == '#') return arena_printf(a, "#%s", doc_fragment(a, url + 1));
    size_t n = strcspn(url, "#?");
    char *path = arena_copy(a, url, n);
    if (!str_has_suffix(path, ".md")) return url;
    return document_link(c, a, path, url[n] == '#' ? url + n + 1 : "");
}

static const char *term_hook(void *context, struct arena *a, const char *id, const char **title) {
    struct body_context *c = context;
    (void)a;
    const struct glossary_term *t = glossary_find(c->glossary, id);
    if (!t) return NULL;
    *title = t->title;
    return t->brief;
}

static const char *callout_hook(void *context, const char *kind) {
    static const struct {
        const char *kind, *key;
    } keys[] = {{"note", "content_callout_note"},
                {"tip", "content_callout_tip"},
                {"warning", "content_callout_warning"},
                {"example", "content_callout_example"},
                {"case", "content_callout_case"}};
    struct body_context *c = context;
    if (!c->content || !c->content->site || !c->split_out) return NULL;
    for (size_t i = 0; i < COUNT_OF(keys); i++)
        if (str_eq(keys[i].kind, kind))
            return page_text(c->content->site, c->lang, keys[i].key, NULL, c->split_out->arena);
    return NULL;
}

/* ---- Pictures ---------------------------------------------------------------------------------------------- */

static double number_after(const char *text, const char *name) {
    const char *at = strstr(text, name);
    return at ? strtod(at + strlen(name), NULL) : 0;
}

/* Of an SVG: width and height, or those of its viewBox. */
static bool svg_size(const char *text, int *width, int *height) {
    const char *open = strstr(text, "<svg"), *end = open ? strchr(open, '>') : NULL;
    if (!end) return false;
    char head[1024];
    size_t n = (size_t)(end - open) < sizeof head ? (size_t)(end - open) : sizeof head - 1;
    memcpy(head, open, n);
    head[n] = '\0';
    double w = number_after(head, " width=\""), h = number_after(head, " height=\"");
    const char *box = strstr(head, "viewBox=\"");
    double x, y, bw, bh;
    if ((w < 1 || h < 1 || strstr(head, "%\"")) && box &&
        sscanf(box + 9, "%lf%*[ ,]%lf%*[ ,]%lf%*[ ,]%lf", &x, &y, &bw, &bh) == 4) {
        w = bw;
        h = bh;
    }
    if (!(w >= 1 && w <= 20000 && h >= 1 && h <= 20000)) return false;
    *width = (int)w;
    *height = (int)h;
    return true;
}

/* Of a PNG (ISO/IEC 15948, 11.2.2): the first chunk holds them. */
static bool png_size(const unsigned char *bytes, size_t len, int *width, int *height) {
    if (len < 24 || memcmp(bytes, "\x89PNG\r\n\x1a\n", 8) != 0 || bytes[16] || bytes[20])
        return false;
    *width = bytes[17] << 16 | bytes[18] << 8 | bytes[19];
    *height = bytes[21] << 16 | bytes[22] << 8 | bytes[23];
    return *width > 0 && *height > 0;
}

static bool picture_size_hook(void *context, struct arena *a, const char *url, int *width,
                              int *height) {
    struct body_context *c = context;
    if (!c->root || !c->folder || strstr(url, "..")) return false;
    size_t len = 0;
    char *text = file_read(a, arena_printf(a, "%s/%s/%s", c->root, c->folder, url),
                           (size_t)2 * 1024 * 1024, &len);
    if (!text) return false;
    return png_size((const unsigned char *)text, len, width, height) ||
           svg_size(text, width, height);
}

/* The list leaves no html: what it becomes depends on who reads. The caller cuts the text here. */
static bool block_hook(void *context, cmark_node *block, struct buf *out) {
    struct body_context *c = context;
    if (!c->split_out || out != c->split_out || !doc_is_task_list(block)) return false;
    cmark_node *parent = cmark_node_parent(block);
    if (!parent || cmark_node_get_type(parent) != CMARK_NODE_DOCUMENT ||
        c->split_count == CHECKPOINT_LIMIT)
        return false;
    c->splits[c->split_count] = out->len;
    c->split_nodes[c->split_count++] = block;
    return true;
}

void content_hooks(struct render_hooks *hooks, struct body_context *context) {
    *hooks = (struct render_hooks){.link = link_hook,
                                   .term = term_hook,
                                   .picture_size = picture_size_hook,
                                   .callout_label = callout_hook,
                                   .block = block_hook,
                                   .context = context};
}
