/* Private to doc/: comments that are never closed. */
#ifndef GR_DOC_DOC_COMMENT_H
#define GR_DOC_DOC_COMMENT_H

#include "doc/doc.h"

/* RULE comment: a comment that is never closed ends with its paragraph. CommonMark lets it swallow
 * all that follows; here one is reported at its place, and blanked in `text` (the body of `d`, in
 * place) up to the next blank line, so that what stands behind it can be parsed again. True when
 * `tree`, which was parsed from `text`, had one. */
bool comment_close(struct doc *d, cmark_node *tree, char *text, size_t len,
                   struct diag_list *diags);

#endif
