/* The last bound on a query's processor time. SQLite looks at its own bounds only where a program
 * turns back: a row with a thousand calls in it, or the planning of a query, is one stretch to it.
 * A signal of the worker's processor clock does not wait for its end. What was interrupted cannot
 * be gone on with, so the worker says its last words and ends. */
#ifndef GR_SANDBOX_WATCH_H
#define GR_SANDBOX_WATCH_H

#include <stdint.h>

#include "base/buf.h"

/* Before the cell is locked: it takes a system call that the cell does not have. */
void watch_prepare(void);
/* From now on `cpu_ms` of processor time; then `words` go to `fd` as a good answer (wire.h) and the
 * process ends. They are borrowed until watch_stop. */
void watch_start(int64_t cpu_ms, int fd, struct buf *words);
void watch_stop(void);

#endif
