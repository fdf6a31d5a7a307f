/* The process that forks workers, seen from inside; sandbox.h is the server's end. */
#ifndef GR_SANDBOX_ZYGOTE_H
#define GR_SANDBOX_ZYGOTE_H

#include "sandbox/jail.h"

/* Answers questions (passing.h) from `fd` until it closes; never returns. In a process with one
 * thread: what is forked has no locks that somebody else holds. */
_Noreturn void zygote_main(int fd, const struct jail *s);

#endif
