/* The cell of a worker: no files, no network, no other processes, no more memory or time than it is
 * given.
 *
 * Order (each step needs what the next one takes away): death with the parent, not dumpable; the
 * socket to a fixed descriptor and all others closed, 0 to 2 too; when root, groups and ids
 * dropped; capabilities dropped; NO_NEW_PRIVS; Landlock, denying everything its version knows (its
 * absence is tolerated); limits, descriptors last; seccomp with a short list of calls. Anything
 * else that fails means: do not run. */
#ifndef GR_SANDBOX_CELL_H
#define GR_SANDBOX_CELL_H

#include <stdbool.h>
#include <stddef.h>

#include "sandbox/sandbox.h"

#define CELL_FD SANDBOX_FD
/* RULE lab-reads bounds a replay; this is for slow machines */
#define CELL_CPU_SECONDS 240
#define CELL_MEMORY_BYTES                                                                          \
    ((size_t)512 * 1024 * 1024) /* of address space, on top of what the program has */

struct cell; /* the compiled filter */

/* Compiles the filter once, in a process that may still do everything. NULL with a sentence. */
struct cell *cell_prepare(const char **why);
/* Locks the calling process in. Only `fd` stays open, as CELL_FD. On failure the process must
 * end. */
bool cell_enter(const struct cell *s, int fd, const char **why);
/* The Landlock version of this kernel; 0 = none. */
int cell_landlock_version(void);

#endif
