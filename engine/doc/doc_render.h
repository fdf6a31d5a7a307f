/* Private to doc/: the state of a rendering, and what its files share. */
#ifndef GR_DOC_DOC_RENDER_H
#define GR_DOC_DOC_RENDER_H

#include <string.h>

#include "doc/doc.h"

#define HTML_OPEN_TAGS 32

struct open_tag {
    const char *name; /* as it was written; static */
    int depth;        /* of containers around it */
};
struct heading_ids {
    cmark_node *node;
    const char *id, *alias; /* alias: GitHub's, where it differs and nobody has it; else NULL */
};

struct renderer {
    struct doc *doc;
    const struct render_hooks *hooks;
    struct buf *out;
    struct heading *headings;
    size_t heading_count;
    int footnote;   /* definitions written so far */
    int term;       /* terms explained so far: makes ids of popovers */
    bool in_header; /* of a table */
    bool body_open; /* <tbody> */
    int column;
    cmark_node *picture; /* the picture that is open, whose inner text becomes its alt; else NULL */
    struct buf alt;
    int depth; /* how many containers are open */
    int links; /* how many of them are links, or headings that are links */
    struct open_tag tags[HTML_OPEN_TAGS]; /* of what the author wrote as HTML */
    int tag_count;
    bool in_math;            /* a formula is open */
    cmark_node *terms;       /* the paragraph whose lines are terms that is open; else NULL */
    struct heading_ids *ids; /* of all headings, in order */
    size_t id_count, id_next;
    struct doc_anchors anchors,
        github_anchors;     /* of the headings: ours, and as GitHub makes them */
    const char *names[100]; /* of <a name>, so far */
    size_t name_count;
    unsigned *references; /* to each note, so far */
    size_t reference_room;
};

static inline void put(struct renderer *r, const char *html) { buf_puts(r->out, html); }
static inline void put_text(struct renderer *r, const char *text) {
    buf_html(r->out, text, strlen(text));
}
/* Writes the address as an attribute's value. */
void put_url(struct renderer *r, const char *url);
/* What the hooks make of an address; NULL when there is to be none. */
const char *render_address(struct renderer *r, const char *url, bool picture);
/* The word for this kind in the interface's language, see render_hooks.label. */
const char *render_label(struct renderer *r, const char *kind);
/* doc_clip.c: a paragraph that is nothing but a video or a sound; and one that is not alone in its
 * paragraph, a link then. False: it is none. */
bool render_clip_alone(struct renderer *r, cmark_node *paragraph);
bool render_clip(struct renderer *r, cmark_node *image, const char *source, const char *alt);
/* doc_diagram.c */
void render_diagram(struct renderer *r, cmark_node *code_block);
/* A picture, or what else the address leads to. */
void render_picture(struct renderer *r, const char *source, const char *alt, const char *title);

/* doc_html.c: HTML of the author's, made anew from the fixed list of elements; all else is text. */
void render_html_inline(struct renderer *r, const char *literal);
void render_html_block(struct renderer *r, const char *literal);
/* Closes what was opened inside of the container that ends. */
void render_html_leave(struct renderer *r, int depth);

#endif
