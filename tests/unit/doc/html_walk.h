/* Is this html harmless? Parsed by libxml2's HTML parser, held against a list of what the renderer
 * may write. */
#ifndef GR_TEST_HTML_WALK_H
#define GR_TEST_HTML_WALK_H

#include <stdbool.h>
#include <stddef.h>

/* NULL when every element and attribute is on the list; else what is not (static buffer). */
const char *html_problem(const char *html, size_t len);

#endif
