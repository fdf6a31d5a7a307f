/* The confinement of a worker: no files, no network, no other processes, and bounded memory and
 * time.
 *
 * Order (each step needs what the next one takes away): death with the parent, not dumpable; the
 * socket to a fixed descriptor and all others closed, 0 to 2 too; when root, groups and ids
 * dropped; capabilities dropped; NO_NEW_PRIVS; Landlock, denying everything its version knows (its
 * absence is tolerated); limits, descriptors last; seccomp with a short list of calls. When any
 * other step fails, the worker must not run. RULE lab-jail: a worker that somebody has taken over
 * gets nothing more than a worker has, and harms neither the server nor other runs. */
#ifndef GR_SANDBOX_JAIL_H
#define GR_SANDBOX_JAIL_H

#include <stdbool.h>
#include <stddef.h>

#include "sandbox/sandbox.h"

#define JAIL_FD SANDBOX_FD
/* Processor time of a worker's whole life. RULE lab-reads bounds what a replay takes; this leaves
 * room for slow machines. */
#define JAIL_CPU_SECONDS 240
#define JAIL_MEMORY_BYTES                                                                          \
    ((size_t)512 * 1024 * 1024) /* of address space, on top of what the program has */

struct jail; /* the compiled seccomp filter */

/* Compiles the seccomp filter once, in a process that is not confined yet. NULL with a sentence. */
struct jail *jail_prepare(const char **why);
/* Confines the calling process for good. Only `fd` stays open, as JAIL_FD. On failure the process
 * must end. */
bool jail_enter(const struct jail *s, int fd, const char **why);
/* The Landlock version of this kernel; 0 = none. */
int jail_landlock_version(void);

#endif
