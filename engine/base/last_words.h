/* How a process ends that may not write to standard error. */
#ifndef GR_BASE_LAST_WORDS_H
#define GR_BASE_LAST_WORDS_H

#include <stdbool.h>

/* Called before anything is said of a bug (false) or of memory that is used up (true), and does not
 * return. NULL, as at first: it is said on standard error, and the process aborts or exits. */
extern void (*err_end_silently)(bool memory);

#endif
