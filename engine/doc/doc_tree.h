/* Private to doc/: what the parser leaves on the tree for the renderer. */
#ifndef GR_DOC_DOC_TREE_H
#define GR_DOC_DOC_TREE_H

#include "doc/doc.h"

/* User data of a quote that is a callout. */
struct callout {
    const char *kind;  /* "note", "tip", "warning", "example", "case" */
    const char *title; /* "" when the author gave none */
};

/* Extension nodes have no constant type: they are known by name. */
bool tree_is(cmark_node *n, const char *type);

#endif
