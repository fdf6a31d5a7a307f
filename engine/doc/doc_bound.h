/* Private to doc/: a bound on the time that one text may take.
 *
 * libcmark-gfm needs the square of the length for some texts of a few lines (a table row of 30,000
 * cells, openings of HTML that nothing closes). Most of them ask for memory on the way, so its
 * allocator, and the end of each piece of text, are where a parse that takes too long is ended:
 * control leaves through the arena's guard, as when memory is used up. What is measured is
 * the processor time of this thread, so that a busy machine does not refuse a text. */
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

/* Ends the parse when its time is over. The allocator does so itself; this is for work that asks
 * for no memory. */
void bound_check(void);

/* RULE text-links: a text in which the search for bare links would read more than 4 Mi + 8 n
 * characters (n its bytes) is refused before it is parsed. From each `@` behind a character of an
 * address the library reads to the end of the address, and for each `)` at the end of a link the
 * whole link, without asking for memory: the square of the length for `a@a@a@` or `www.a.b))))`.
 * Returns the line (from 1) where the bound is passed, or 0. An entity or a backslash
 * that could stand for such a character counts as one. */
int bound_links(const char *text, size_t len);

/* The line (from 1) where the longest stretch of `text` without a blank line begins: where to look
 * first in a text that took too long, since what takes long lies within one block. */
int bound_longest_block(const char *text, size_t len);

#endif
