/* Private to doc/. RULE definition-list: lines that begin with a colon and a blank, behind a
 * paragraph, say what its lines mean. Definition lists, as PHP Markdown Extra and Pandoc write
 * them, which the Markdown library knows nothing of.
 *
 *     Term
 *     : What it means.
 *
 * A text is parsed once; the tree says which lines of its paragraphs begin with a colon and a
 * blank, so that code and all else stays what it is. There the colon becomes the mark of a list
 * item, one character for one, and the text is parsed anew: places stay right, and what a
 * definition holds (paragraphs, lists, code) is found as in any item. */
#ifndef GR_DOC_DOC_DEFINITIONS_H
#define GR_DOC_DOC_DEFINITIONS_H

#include <cmark-gfm.h>
#include <stdbool.h>
#include <stddef.h>

#include "base/arena.h"

/* User data of a paragraph whose lines are terms, and of the list behind it whose items are
 * definitions. */
extern char definition_terms[1], definition_list[1];

/* Whether a line of the text could be a definition. Quick: it needs no tree. */
bool definitions_possible(const char *text, size_t len);

struct definitions;
/* The lines of `text` that may be definitions, by the tree that was made of it; NULL when there is
 * none. Their colons are now marks of items. Arena. */
struct definitions *definitions_begin(struct arena *a, cmark_node *tree, char *text, size_t len);
/* Checks what the parser made of these lines. True: all became items, and the tree is marked.
 * False: some did not; their colons are back in the text, which has to be parsed again. After a few
 * rounds all colons are put back, and the answer is true. */
bool definitions_settle(struct definitions *s, cmark_node *tree);

#endif
