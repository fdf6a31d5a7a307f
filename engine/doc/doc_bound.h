/* Private to doc/: a bound on the time that one text may take.
 *
 * libcmark-gfm needs the square of the length for some texts of a few lines (a table row of 30,000
 * cells, openings of HTML that nothing closes). All of them ask for memory on the way, so its
 * allocator is where a parse that takes too long is ended: control leaves through the arena's
 * guard, as when memory is used up. Measured is the time that this thread has computed, so that a
 * busy machine refuses nothing. */
#ifndef GR_DOC_DOC_BOUND_H
#define GR_DOC_DOC_BOUND_H

#include <cmark-gfm.h>

#include "base/arena.h"

/* libcmark's functions: those of tree_memory, within the time that bound_begin gave to this thread.
 */
extern cmark_mem bounded_memory;

/* From now on, until bound_end, this thread's trees may take the time that a text of `len` bytes
 * needs many times over; then control leaves through the guard of `a`. */
void bound_begin(struct arena *a, size_t len);
/* True when it was the time that ran out. */
bool bound_end(void);

/* The line (from 1) where the longest stretch of `text` without a blank line begins: where to look
 * first in a text that took too long, since what takes long lies within one block. */
int bound_suspect(const char *text, size_t len);

#endif
