/* The last bound on a query's processor time. SQLite checks its own bounds only at loops of its
 * program: a row with a thousand calls in it, or the planning of a query, runs without a check. A
 * signal of the processor clock interrupts that. What was interrupted cannot be continued, so the
 * worker sends its last answer and ends. */
#ifndef GR_SANDBOX_WATCHDOG_H
#define GR_SANDBOX_WATCHDOG_H

#include <stdint.h>

#include "base/buf.h"

/* Installs the signal handler. Call it before jail_enter, which takes the system call away. */
void watchdog_prepare(void);
/* Gives the worker `cpu_ms` of processor time; then it sends `words` to `fd` as a good answer
 * (wire.h) and ends. They are borrowed until watchdog_stop. */
void watchdog_start(int64_t cpu_ms, int fd, struct buf *words);
void watchdog_stop(void);

#endif
