/* Private to doc/: formulas between dollar signs, which Markdown knows nothing of.
 *
 * Before a text is parsed, the characters of a formula that mean something in Markdown are replaced
 * one by one by control characters, and its dollar signs by others: places stay right, and the
 * parser finds nothing to do in a formula. Afterwards they are what they were, and the signs say in
 * text where a formula begins and ends. */
#ifndef GR_DOC_DOC_MATH_H
#define GR_DOC_DOC_MATH_H

#include "doc/doc.h"

#define MATH_OPEN '\x01'
#define MATH_CLOSE '\x02'
#define MATH_BLOCK_OPEN '\x03' /* twice */
#define MATH_BLOCK_CLOSE '\x04'

/* In place. False when the text has no formula, or holds such control characters itself: then
 * nothing was changed. RULE math: `$` opens before a character that is no blank and behind a blank
 * or an opening sign, and closes in the same paragraph behind a character that is no blank and
 * before one that is no digit: prices are no formulas. `$$` opens and closes a block. */
bool math_hide(char *text, size_t len);
/* A literal of the tree, in place: hidden characters come back; with `signs` also the dollar signs.
 */
void math_show(char *literal, bool signs);
/* Why the browser's library cannot draw this formula, as a sentence: a brace, an environment or a
 * \left without its other half, a command that it does not know, or one with fewer arguments than
 * it needs (both: math_names.txt, which `make site` writes). NULL: nothing of this is wrong with
 * it. Arena. */
const char *math_problem(struct arena *a, const char *tex);
/* RULE formula: reports each formula of the document that cannot be drawn, and would be shown as it
 * is written. */
void math_check(struct doc *d, struct diag_list *diags);

#endif
