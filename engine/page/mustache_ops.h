/* The operations of a parsed template, shared by its parser and its renderer. */
#ifndef GR_PAGE_MUSTACHE_OPS_H
#define GR_PAGE_MUSTACHE_OPS_H

#include "page/mustache.h"

enum op_type {
    OP_TEXT,     /* text, len: goes out as it is */
    OP_LINE,     /* a line of the template begins here: the indentation of a partial (plain only) */
    OP_VALUE,    /* path; count 0 is {{.}} */
    OP_SECTION,  /* path, jump = its end */
    OP_INVERTED, /* path, jump = its end */
    OP_END,
    OP_PARTIAL, /* index; text, len = its indentation */
    OP_MESSAGE, /* index: {{t.key}} */
    OP_ASSET,   /* index: {{asset.name}} */
};

enum place {
    PLACE_CONTENT,   /* between tags: html as it is */
    PLACE_ATTRIBUTE, /* html is escaped too */
    PLACE_ADDRESS,   /* the start of an address: its scheme is looked at */
    PLACE_PLAIN,     /* plain mustache {{{ }}}: nothing is escaped */
    PLACE_FORBIDDEN,
};

struct op_name {
    const char *name;
    uint32_t hash;
};

struct op {
    uint8_t type, place;
    bool standalone; /* a partial alone on its line */
    uint32_t jump;
    int index;
    const char *text;
    size_t len;
    const struct op_name *path;
    uint32_t path_count;
};

struct mustache {
    const char *file;
    struct op *ops;
    uint32_t count;
};

/* ---- Place of a template tag within HTML (mustache_html.c) --------------------------- */
enum html_state {
    HTML_CONTENT,
    HTML_TAG_OPEN,
    HTML_TAG_NAME,
    HTML_IN_TAG,
    HTML_ATTR_NAME,
    HTML_AFTER_ATTR,
    HTML_BEFORE_VALUE,
    HTML_DOUBLE,
    HTML_SINGLE,
    HTML_UNQUOTED,
    HTML_COMMENT,
    HTML_RAW /* script, style, textarea, title */
};

struct html_scan {
    enum html_state state;
    char tag[16], attribute[32];
    size_t tag_len, attribute_len, value_len;
    bool closing, has_src;
    size_t matched; /* of "</tag" in raw text, of "--" in a comment */
};

/* Reads literal text. NULL, or a sentence about what is not allowed there (`*at`: byte offset). */
const char *html_scan_text(struct html_scan *h, const char *text, size_t len, size_t *at);
/* The place of a value at the current position. */
enum place html_scan_place(const struct html_scan *h);
/* Call it for each value at the current position. */
void html_scan_value(struct html_scan *h);

#endif
