/* The processes that fork templates and workers, seen from inside; sandbox.h is the server's end.
 */
#ifndef GR_SANDBOX_ZYGOTE_H
#define GR_SANDBOX_ZYGOTE_H

#include "sandbox/jail.h"
#include "sandbox/state.h"

/* Answers questions (passing.h) from `fd` until it closes; never returns. In a process with one
 * thread: what is forked has no locks that somebody else holds. `state`: what a template's workers
 * begin with; NULL: this is the zygote. */
_Noreturn void zygote_main(int fd, const struct jail *s, struct lab_state *state);

#endif
