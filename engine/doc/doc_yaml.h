/* Private to doc/: what is wrong with fields that cannot be read, in the words of somebody who does
 * not know YAML. */
#ifndef GR_DOC_DOC_YAML_H
#define GR_DOC_DOC_YAML_H

#include "doc/doc.h"

/* Reports once why `yaml` cannot be read; `line` and `column` (from 1, within it) are where the
 * library gave up, `before` is the number of lines before it in the file. */
void yaml_explain(const char *file, const char *yaml, int before, int line, int column,
                  struct diag_list *diags);
/* Reports once why a file has no front matter. */
void yaml_explain_missing(const char *file, const char *source, struct diag_list *diags);

#endif
