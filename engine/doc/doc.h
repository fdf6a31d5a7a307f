/* Authored documents: Markdown with YAML front matter, read as syntax trees, with a place for each
 * error.
 *
 * content, exam and lab build on this: they ask for fields with their types, walk the tree of
 * blocks, and report into one list of diagnostics, so that an author sees all problems of a file at
 * once. */
#ifndef GR_DOC_DOC_H
#define GR_DOC_DOC_H

#include <cmark-gfm.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"

/* ---- Diagnostics --------------------------------------------------------------------------- */
enum severity { SEVERITY_ERROR, SEVERITY_WARNING };

struct diag {
    const char *file; /* as the author knows it: relative to the root */
    int line, column; /* from 1; 0 = the file as a whole */
    enum severity severity;
    const char *rule;    /* "alt-text" */
    const char *message; /* one sentence */
    bool hides;          /* because of it the file is not shown, see diag_hide_file */
    struct diag *next;
};

struct diag_list {
    struct arena *arena;
    struct diag *first, *last, **tail;
    int errors, warnings;
};

void diag_init(struct diag_list *l, struct arena *a);
void diag_add(struct diag_list *l, enum severity severity, const char *file, int line, int column,
              const char *rule, const char *format, ...) __attribute__((format(printf, 7, 8)));
/* Adds a copy of a diagnostic of another list. */
void diag_copy(struct diag_list *l, const struct diag *d);
/* "file:line:column", as editors read it; "file" when it is about the file as a whole. Arena. */
const char *diag_place(struct arena *a, const struct diag *d);
/* Marks the diagnostic that was added last: because of it the file is not shown to learners. Its
 * rule must be one of diag_hiding_rules; with all other errors the file is shown without what is
 * wrong. In exams every error hides the file (RULE exam-kept). */
void diag_hide_file(struct diag_list *l);
/* The rules that can hide a file, NULL at the end. The author's documentation has them as a table.
 */
extern const char *const diag_hiding_rules[];

/* ---- Documents ----------------------------------------------------------------------------- */
#define DOC_MAX_BYTES (2 * 1024 * 1024)

struct field; /* a node of the YAML front matter */

struct doc {
    struct arena *arena;
    const char *file;   /* relative to the root */
    const char *source; /* the whole text */
    size_t source_len;
    const char *version; /* 16 hex digits of SHA-256 over the source with line ends normalised */
    struct field *meta;  /* front matter's mapping; never NULL after OK */
    cmark_node *body;    /* syntax tree, owned by the arena */
    int body_line;       /* lines before the body: add to the tree's line numbers */
};

/* Parses `source`; problems go to `diags`. ERR_INVALID when there is no usable front matter or the
 * text is no UTF-8; even then all that could be found is reported. */
enum err doc_parse(struct doc *out, const char *file, const char *source, size_t len,
                   struct arena *a, struct diag_list *diags) MUST_USE;
/* Reads and parses root/file. ERR_NOT_FOUND, ERR_LIMIT (too large), ERR_INVALID. */
enum err doc_load(struct doc *out, const char *root, const char *file, struct arena *a,
                  struct diag_list *diags) MUST_USE;
/* The same for the front matter alone, at a tenth of the time: no body, no version. */
enum err doc_load_meta(struct doc *out, const char *root, const char *file, struct arena *a,
                       struct diag_list *diags) MUST_USE;

/* ---- Front matter -------------------------------------------------------------------------- */
/* A YAML text on its own (a fenced `item` block): `line` is the line before its first. NULL when
 * broken. */
struct field *field_parse(const char *file, const char *yaml, size_t len, int line, struct arena *a,
                          struct diag_list *diags);
bool field_is_map(struct field *f);
bool field_is_list(struct field *f);
struct field *field_get(struct field *map, const char *key); /* NULL when absent */
size_t field_count(struct field *f);                         /* of a list or a map */
struct field *field_at(struct field *f, size_t i); /* list item, or value of the i-th pair */
const char *field_key_at(struct field *map, size_t i, int *line, int *column);
const char *field_scalar(struct field *f); /* NULL when it is no scalar */
int field_line(struct field *f);
int field_column(struct field *f);

/* Typed reading with diagnostics ("missing field", "must be a whole number between …"). They return
 * NULL/false and report when the field is missing and required, or has the wrong type. */
const char *field_text(struct doc *d, struct diag_list *l, struct field *map, const char *key,
                       bool required);
const char *field_id(struct doc *d, struct diag_list *l, struct field *map, const char *key,
                     bool required);
bool field_int(struct doc *d, struct diag_list *l, struct field *map, const char *key, int64_t min,
               int64_t max, bool required, int64_t *out);
bool field_bool(struct doc *d, struct diag_list *l, struct field *map, const char *key,
                bool fallback);
/* The field `lang` of a text, canonical; NULL when there is none, or none that is a language: that
 * is reported at its place. Arena. */
const char *field_lang(struct doc *d, struct arena *a, struct diag_list *diags);
/* Reports every key of `map` that is not in the NULL-terminated list, with the nearest known one.
 */
void field_unknown(struct doc *d, struct diag_list *l, struct field *map, const char *const *known);

/* ---- The tree ------------------------------------------------------------------------------ */
int doc_line(struct doc *d, cmark_node *n);
int doc_column(struct doc *d, cmark_node *n);
/* The plain text of a node, without marks. Arena. */
char *doc_text(struct arena *a, cmark_node *n);
/* How many options the text or html of a stem asks to choose ("… Choose two."), 1 to 9; 0 when it
 * does not say. */
int doc_choose_count(const char *stem);
/* Whether the items of a list are definitions of the terms in the paragraph before it: `Term`, and
 * below it `: what it means`. */
bool doc_is_definitions(cmark_node *list);
/* Whether a list is a task list: all its items begin with [ ] or [x]. */
bool doc_is_task_list(cmark_node *list);
bool doc_task_checked(cmark_node *item);
/* Whether an item of a list was meant as a task but its mark is misspelt: `[ x ]`, `[]`, `[x]a`. */
bool doc_task_misspelt(cmark_node *item);
/* Makes a plain list of a task list: its marks, also misspelt ones, are not shown any more. */
void doc_unmark_tasks(struct arena *a, cmark_node *list);

/* Whether the text of a link is its address: a bare URL, or one in angle brackets. */
bool doc_bare_link(struct arena *a, cmark_node *link);
/* RULE reserved-address: such a link to an email address that is reserved (RFC 2606 and 6761: a
 * name in .example, .invalid, .localhost or .test, or of example.com, .net or .org) is shown as
 * text. */
bool doc_is_reserved_email(struct arena *a, cmark_node *link);

/* ---- HTML in Markdown ------------------------------------------------------------------------ */
enum html_kind { HTML_TEXT, HTML_OPEN, HTML_CLOSE, HTML_COMMENT, HTML_OTHER };
enum html_place { HTML_INLINE, HTML_BLOCK, HTML_VOID }; /* void: an inline one without an end */
struct html_element {
    const char *name, *shown; /* shown: the element that is written in its place */
    enum html_place place;
};
struct html_token {
    enum html_kind kind;
    const char *start; /* within what was read */
    size_t len;
    const struct html_element *element; /* of tags; NULL: not on the list */
    /* Values of attributes, character references undone; NULL when absent. Arena. */
    const char *src, *alt, *href, *title, *width, *height, *colspan, *rowspan, *align, *open, *name;
};
/* Reads the next token at `*at`, and moves `*at` behind it; false at the end. Pure. */
bool html_next(struct arena *a, const char **at, struct html_token *out);
/* Whether all tags of a piece of HTML are on the fixed list: then it is shown as HTML, else as
 * text. */
bool html_known(struct arena *a, const char *html);

/* ---- Anchors ------------------------------------------------------------------------------- */
struct anchor_entry;
struct doc_anchors { /* the anchors of one document so far */
    struct arena *arena;
    struct anchor_entry *entries;
    size_t count, room;
};
void doc_anchors_init(struct doc_anchors *s, struct arena *a);
/* The id of a heading with this text: its slug, “-2” for the second of a name, “-section” behind a
 * word that pages use as an id themselves. Arena. */
const char *doc_anchor(struct doc_anchors *s, const char *prefix, const char *heading);
/* The anchor that GitHub gives this heading ("foo-1" for the second Foo, "a--b"), which links in
 * texts from there use; in a set of its own. NULL when nothing of the heading is left. Arena. */
const char *doc_anchor_alias(struct doc_anchors *s, const char *prefix, const char *heading);
/* Whether `anchor` can be used beside those of the set. */
bool doc_anchor_free(const struct doc_anchors *s, const char *anchor);
/* What an author's `#fragment` means: percent-encoding undone, and the same rule for words that
 * pages use. Arena. */
const char *doc_fragment(struct arena *a, const char *fragment);

/* ---- Diagrams -------------------------------------------------------------------------------- */
/* Whether a block of code is a diagram as text: a fence with the word `mermaid`. */
bool doc_is_diagram(cmark_node *code_block);
/* What a diagram says of itself for those who do not see it, as Mermaid has it: its `accTitle` and
 * `accDescr`, "" when there is none. Pure; arena. */
const char *doc_diagram_title(struct arena *a, const char *source);
const char *doc_diagram_description(struct arena *a, const char *source);

/* ---- Rendering: the one place that makes HTML of what an author wrote ----------------------- */
struct render_track { /* captions */
    const char *address, *lang, *label;
    bool first; /* shown unless the reader chooses another track */
};
struct render_clip {
    bool audio;
    const char *address, *poster; /* poster: NULL = none */
    int width, height;            /* 0: unknown */
    struct render_track *tracks;
    size_t track_count;
    const char *transcript; /* html; NULL = none */
};
struct render_hooks {
    /* Rewrites a link or picture address; NULL = drop the link, keep its text. */
    const char *(*link)(void *context, struct arena *a, const char *url, bool picture);
    /* A term: link: its definition as inline HTML, and its title as text; NULL when unknown. */
    const char *(*term)(void *context, struct arena *a, const char *id, const char **title);
    /* Width and height of a picture in CSS pixels, so that the page does not jump; false when
     * unknown. */
    bool (*picture_size)(void *context, struct arena *a, const char *url, int *width, int *height);
    /* A picture whose address is that of a video or a sound: `out` (NULL: only whether it is one)
     * receives what is known of it. False: it is none, or it cannot be shown. */
    bool (*clip)(void *context, struct arena *a, const char *url, struct render_clip *out);
    /* What is said behind a link to a file that is to be saved ("PDF, 120 kB"); NULL: it leads to
     * no file. */
    const char *(*file_note)(void *context, struct arena *a, const char *url);
    /* Labels in the language of the interface, NULL for the English ones: the heading of a callout
     * without a title ("note", "tip", "warning", "example", "case"), "video", "audio",
     * "transcript", "diagram"; text. */
    const char *(*label)(void *context, struct arena *a, const char *kind);
    /* A block to be rendered by the caller (a checkpoint's task list): true when it wrote
     * something. */
    bool (*block)(void *context, cmark_node *block, struct buf *out);
    void *context;
    int heading_shift;     /* added to heading levels */
    const char *id_prefix; /* before generated ids, NULL = none */
};
struct heading {
    const char *id, *text;
    int level;
};
/* Safe mode: raw HTML is shown as text, addresses other than http, https, mailto and relative ones
 * are dropped. Appends to `out`; headings (may be NULL) receive anchors and titles in order. */
void doc_render(struct doc *d, cmark_node *from, cmark_node *until,
                const struct render_hooks *hooks, struct buf *out, struct heading **headings,
                size_t *heading_count);
/* What is inside one node, without the node itself: the inlines of a paragraph, the blocks of an
 * item. */
void doc_render_node(struct doc *d, cmark_node *node, const struct render_hooks *hooks,
                     struct buf *out);
/* Whether html that was made here (NULL: none) holds a formula: then its page needs the style and
 * the script for formulas, `has_math` in the view. Nothing else
 * that an author writes makes it so. */
bool doc_has_formula(const char *html);

#endif
