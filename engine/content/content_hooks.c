/* What turns an author's addresses into ours, explains terms in place and finds the practice
 * questions in a text. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/path.h"
#include "base/text.h"
#include "base/codec.h"
#include "content/content_attached.h"
#include "content/content_private.h"

#include <unicode/uloc.h>
#include <unicode/ustring.h>
#include <unistd.h>

static bool has_scheme(const char *url) {
    size_t n = strcspn(url, ":/?#");
    return url[n] == ':';
}

/* `the-stack.md#x` is /modules/the-stack#x wherever the file stands: names of modules are unique.
 */
static const char *document_link(struct body_context *c, struct arena *a, const char *path,
                                 const char *fragment) {
    const char *name = path_name(path);
    char *id = arena_copy(a, name, strcspn(name, "."));
    const char *hash = *fragment ? arena_printf(a, "#%s", doc_fragment(a, fragment)) : "";
    if (str_eq(id, "glossary"))
        return arena_printf(a, "/glossary%s%s", *fragment ? "#page-" : "",
                            doc_fragment(a, fragment));
    if (str_eq(id, "self-assessment")) return "/self-assessment";
    if (str_eq(id, "programme"))
        return c->programme ? arena_printf(a, "/programmes/%s", c->programme) : "/programmes";
    if (strstr(path, "exams/") || strstr(path, "labs/"))
        return NULL; /* they are named on a programme's page */
    return id_valid(id) ? arena_printf(a, "/modules/%s%s", id, hash) : NULL;
}

/* Only pictures of the module itself are shown: another site could track the readers. */
static const char *picture_link(struct body_context *c, struct arena *a, const char *url) {
    if (has_scheme(url) || !c->module_id || url[0] == '/' || attached_is_clip(url)) return NULL;
    return arena_printf(a, "/modules/%s/files/%s", c->module_id, path_name(url));
}

/* A file of the module's own that is there; NULL when it is none. */
static const char *own_file(struct body_context *c, struct arena *a, const char *url,
                            struct attached *out) {
    const char *name = attached_name(a, url, "files/"), *why;
    if (!name) name = attached_name(a, url, "img/");
    if (!name || !c->module_id || !c->root || !c->folder) return NULL;
    return attached_check(a, arena_printf(a, "%s/%s", c->root, c->folder), name, out, &why) ? name
                                                                                            : NULL;
}

static const char *file_link(struct body_context *c, struct arena *a, const char *name) {
    return arena_printf(a, "/modules/%s/files/%s", c->module_id, percent_encode(a, name, ""));
}

static const char *link_hook(void *context, struct arena *a, const char *url, bool picture) {
    struct body_context *c = context;
    struct attached file;
    if (picture) return picture_link(c, a, url);
    if (has_scheme(url)) return url;
    if (url[0] == '#') return arena_printf(a, "#%s", doc_fragment(a, url + 1));
    const char *name = own_file(c, a, url, &file);
    if (name) return file_link(c, a, name);
    size_t n = strcspn(url, "#?");
    char *path = arena_copy(a, url, n);
    if (str_has_prefix(path, "files/") ||
        (url[0] != '/' && !str_has_suffix(path, ".md") && strchr(path_name(path), '.')))
        return NULL; /* it would lead nowhere */
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

static const char *label_hook(void *context, struct arena *a, const char *kind) {
    static const struct {
        const char *kind, *key;
    } keys[] = {{"note", "content_callout_note"},       {"tip", "content_callout_tip"},
                {"warning", "content_callout_warning"}, {"important", "content_callout_important"},
                {"caution", "content_callout_caution"}, {"example", "content_callout_example"},
                {"case", "content_callout_case"},       {"video", "content_clip_video"},
                {"audio", "content_clip_audio"},        {"transcript", "content_clip_transcript"},
                {"diagram", "content_diagram"}};
    struct body_context *c = context;
    if (!c->content || !c->content->site || !c->lang) return NULL;
    for (size_t i = 0; i < COUNT_OF(keys); i++)
        if (str_eq(keys[i].kind, kind))
            return page_text(c->content->site, c->lang, keys[i].key, NULL, a);
    return NULL;
}

/* ---- Videos, sounds, files
 * ------------------------------------------------------------------------------------ */

#define TRANSCRIPT_BYTES ((size_t)512 * 1024)
#define TRANSCRIPT_MEMORY ((size_t)64 * 1024 * 1024)

/* The language's own name for itself: "العربية" for "ar". */
static const char *language_name(struct arena *a, const char *lang) {
    UChar name[100];
    char text[300];
    UErrorCode status = U_ZERO_ERROR;
    uloc_getDisplayName(lang, lang, name, COUNT_OF(name), &status);
    u_strToUTF8(text, sizeof text, NULL, name, -1, &status);
    return U_SUCCESS(status) && *text ? arena_dup(a, text) : lang;
}

/* Markdown as any text is, without fields at the top; clips and questions have no place in it. On
 * the heap. */
static char *transcript_html(struct body_context *c, const char *path, const char *id_prefix) {
    struct arena scratch;
    char *volatile html = NULL;
    arena_init(&scratch, TRANSCRIPT_MEMORY);
    if (ARENA_GUARD(&scratch) == 0) {
        size_t len = 0;
        const char *text = file_read(&scratch, path, TRANSCRIPT_BYTES, &len);
        struct diag_list ignored;
        struct render_hooks hooks;
        struct doc d;
        struct buf out;
        diag_init(&ignored, &scratch);
        buf_init(&out, &scratch);
        if (text) text = arena_printf(&scratch, "---\nid: transcript\n---\n%s", text);
        if (text && doc_parse(&d, path, text, strlen(text), &scratch, &ignored) == OK) {
            content_hooks(&hooks, c);
            hooks.clip = NULL;
            hooks.block = NULL;
            hooks.heading_shift = 2;
            hooks.id_prefix = id_prefix;
            doc_render(&d, cmark_node_first_child(d.body), NULL, &hooks, &out, NULL, NULL);
            html = strdup(buf_text(&out));
        }
    }
    arena_release(&scratch);
    return html;
}

static void add_captions(struct body_context *c, struct arena *a, const char *folder,
                         const struct attached_beside *beside, struct render_clip *out) {
    const char *lang = c->lang ? c->lang : "en";
    bool chosen = false;
    out->tracks = NEW_ARRAY(a, struct render_track, beside->caption_count + 1);
    for (size_t i = 0; i < beside->caption_count; i++) {
        const struct attached_captions *from = &beside->captions[i];
        struct attached file;
        const char *why;
        if (!attached_check(a, folder, from->name, &file, &why)) continue;
        struct render_track *t = &out->tracks[out->track_count++];
        t->address = file_link(c, a, from->name);
        t->lang = from->lang ? from->lang : "en"; /* of the original */
        t->label = language_name(a, t->lang);
        t->first = !chosen && str_eq(t->lang, lang);
        chosen = chosen || t->first;
    }
    if (out->track_count && !chosen) out->tracks[0].first = true;
}

static bool clip_hook(void *context, struct arena *a, const char *url, struct render_clip *out) {
    struct body_context *c = context;
    if (!attached_is_clip(url)) return false;
    if (!out) return true;
    const char *name = attached_name(a, url, "files/"), *why;
    struct attached file;
    if (!name || !c->module_id || !c->root || !c->folder) return false;
    const char *folder = arena_printf(a, "%s/%s", c->root, c->folder);
    if (!attached_open(a, folder, name, &file, &why)) return false;
    out->audio = file.kind->use == ATTACHED_AUDIO;
    if (!out->audio &&
        !attached_video_size(file.fd, file.size, file.kind, &out->width, &out->height))
        out->width = out->height = 0;
    close(file.fd);
    out->address = file_link(c, a, name);
    struct attached_beside beside;
    attached_beside(a, folder, name, &beside);
    add_captions(c, a, folder, &beside, out);
    if (beside.poster && attached_check(a, folder, beside.poster, &file, &why))
        out->poster = file_link(c, a, beside.poster);
    if (beside.transcript && attached_check(a, folder, beside.transcript, &file, &why)) {
        char *html = transcript_html(c, arena_printf(a, "%s/files/%s", folder, beside.transcript),
                                     arena_printf(a, "transcript-%zu-", ++c->clip_count));
        if (html) arena_defer(a, free, html);
        out->transcript = html;
    }
    return true;
}

/* The note behind a link: kind and size of the file, in kB or MB of 1,000 and 1,000,000 bytes. */
static const char *file_note_hook(void *context, struct arena *a, const char *url) {
    struct body_context *c = context;
    struct attached file;
    if (!attached_name(a, url, "files/") || !own_file(c, a, url, &file)) return NULL;
    bool large = file.size >= 10 * 1000 * 1000;
    int64_t unit = large ? 1000 * 1000 : 1000, size = (file.size + unit - 1) / unit;
    if (!c->content || !c->content->site)
        return arena_printf(a, "%s, %lld %s", file.kind->label, (long long)size,
                            large ? "MB" : "kB");
    struct view *v = view_new(a);
    view_text(v, "kind", file.kind->label);
    view_int(v, "size", size);
    return page_text(c->content->site, c->lang, large ? "content_file_mb" : "content_file_kb", v,
                     a);
}

/* ---- Pictures
 * ---------------------------------------------------------------------------------------------- */

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

/* A question leaves no html, since its html depends on the reader. The caller splits the text here.
 */
static bool block_hook(void *context, cmark_node *block, struct buf *out) {
    struct body_context *c = context;
    if (!c->split_out || out != c->split_out) return false;
    for (size_t i = 0; i < c->question_count; i++) {
        if (c->questions[i].list != block) continue;
        if (c->questions[i].plain) return false;
        if (c->questions[i].usable) c->splits[c->split_count++] = out->len;
        return true;
    }
    return false;
}

void content_hooks(struct render_hooks *hooks, struct body_context *context) {
    *hooks = (struct render_hooks){.link = link_hook,
                                   .term = term_hook,
                                   .picture_size = picture_size_hook,
                                   .clip = clip_hook,
                                   .file_note = file_note_hook,
                                   .label = label_hook,
                                   .block = block_hook,
                                   .context = context};
}
