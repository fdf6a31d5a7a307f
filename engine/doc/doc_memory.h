/* Private to doc/: the memory of syntax trees.
 *
 * libcmark asks for each node on its own and counts nothing. While a tree is being built its nodes
 * come from an arena of the document's: faster, released at once, and capped, so that no file can
 * take the machine's memory. What other rooms have libcmark allocate later (iterators, changed
 * literals) comes from the heap. */
#ifndef GR_DOC_DOC_MEMORY_H
#define GR_DOC_DOC_MEMORY_H

#include <cmark-gfm.h>

#include "base/arena.h"

/* libcmark's functions; they serve whichever arena the thread has named. */
extern cmark_mem tree_memory;

/* From now on this thread's trees take their memory from `a` (NULL: from the heap). Returns the
 * arena that was used before. When `a` is used up, control leaves through its guard. */
struct arena *tree_memory_from(struct arena *a);

#endif
