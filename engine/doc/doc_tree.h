/* Private to doc/: what the parser leaves on the tree for the renderer. */
#ifndef GR_DOC_DOC_TREE_H
#define GR_DOC_DOC_TREE_H

#include "doc/doc.h"

/* User data of a quote that is a callout. */
struct callout {
    const char *kind;  /* "note", "tip", "warning", "example", "case" */
    const char *title; /* "" when the author gave none */
};

/* User data of a list item that is a task although the library did not see it: behind a quote's
 * mark. */
extern char task_open[], task_done[];
/* Whether an item is a task, and whether it is done. */
bool tree_task(cmark_node *item, bool *done);

/* Nodes of extensions have no constant type; this compares the name of their type. */
bool tree_is(cmark_node *n, const char *type);

#endif
