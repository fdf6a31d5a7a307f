/* Videos and sounds: with the browser's own controls, their captions, and a transcript that is text
 * of the page. */
#include "base/text.h"
#include "doc/doc.h"
#include "doc/doc_render.h"

static bool is_clip(struct renderer *r, const char *url) {
    return url && r->hooks->clip && r->hooks->clip(r->hooks->context, r->out->arena, url, NULL);
}

bool render_clip_alone(struct renderer *r, cmark_node *paragraph) {
    cmark_node *image = cmark_node_first_child(paragraph);
    return image && !cmark_node_next(image) && cmark_node_get_type(image) == CMARK_NODE_IMAGE &&
           is_clip(r, cmark_node_get_url(image));
}

static void put_attribute(struct renderer *r, const char *name, const char *value) {
    put(r, " ");
    put(r, name);
    put(r, "=\"");
    put_text(r, value);
    put(r, "\"");
}

static void put_address(struct renderer *r, const char *name, const char *url) {
    put(r, " ");
    put(r, name);
    put(r, "=\"");
    put_url(r, url);
    put(r, "\"");
}

static void put_track(struct renderer *r, const struct render_track *t) {
    put(r, "<track kind=\"captions\"");
    put_address(r, "src", t->address);
    put_attribute(r, "srclang", t->lang);
    put_attribute(r, "label", t->label);
    put(r, t->first ? " default>" : ">");
}

/* A video of unknown size is given 16:9 and keeps it, so that the text below does not move when it
 * loads. */
static void put_player(struct renderer *r, const struct render_clip *clip, const char *alt) {
    const char *name = clip->audio ? "audio" : "video";
    bool known = clip->width > 0 && clip->height > 0;
    put(r, "<");
    put(r, name);
    put(r, " controls preload=\"metadata\"");
    if (!clip->audio)
        buf_printf(r->out, " playsinline width=\"%d\" height=\"%d\"%s", known ? clip->width : 1280,
                   known ? clip->height : 720, known ? "" : " class=\"shape-unknown\"");
    put_address(r, "src", clip->address);
    if (clip->poster) put_address(r, "poster", clip->poster);
    put_attribute(r, "aria-label", alt);
    put(r, ">");
    for (size_t i = 0; i < clip->track_count; i++) put_track(r, &clip->tracks[i]);
    buf_printf(r->out, "</%s>\n", name);
}

static void put_figure(struct renderer *r, const struct render_clip *clip, const char *alt) {
    put(r, "<figure class=\"clip\">");
    put_player(r, clip, alt);
    put(r, "<figcaption><span class=\"clip-kind\">");
    put_text(r, render_label(r, clip->audio ? "audio" : "video"));
    put(r, "</span> ");
    put_text(r, alt);
    put(r, "</figcaption>\n");
    if (clip->transcript) {
        put(r, "<details class=\"transcript\"><summary>");
        put_text(r, render_label(r, "transcript"));
        put(r, "</summary>\n<div>\n");
        put(r, clip->transcript);
        put(r, "</div></details>\n");
    }
    put(r, "</figure>\n");
}

static void put_link(struct renderer *r, const char *address, const char *alt) {
    bool link = r->links == 0;
    if (link) {
        put(r, "<a");
        put_address(r, "href", address);
        put(r, ">");
    }
    put_text(r, alt);
    if (link) put(r, "</a>");
}

/* A clip that cannot be shown is replaced by its description. */
bool render_clip(struct renderer *r, cmark_node *image, const char *source, const char *alt) {
    struct render_clip clip = {0};
    cmark_node *parent = image ? cmark_node_parent(image) : NULL;
    if (!is_clip(r, source)) return false;
    bool there = r->hooks->clip(r->hooks->context, r->out->arena, source, &clip),
         alone = parent && cmark_node_get_type(parent) == CMARK_NODE_PARAGRAPH &&
                 render_clip_alone(r, parent);
    if (!there) {
        put(r, alone ? "<p>" : "");
        put_text(r, alt);
        put(r, alone ? "</p>\n" : "");
    } else if (alone) put_figure(r, &clip, alt);
    else put_link(r, clip.address, alt);
    return true;
}
