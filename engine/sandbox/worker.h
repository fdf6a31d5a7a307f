/* A worker: one process, one run. It answers messages until its socket closes. */
#ifndef GR_SANDBOX_WORKER_H
#define GR_SANDBOX_WORKER_H

#include "sandbox/state.h"

/* Serves fd until it ends; never returns. `prepared`: by state_prepare, in the process that this
 * one was forked from. Call jail_enter first. */
_Noreturn void worker_serve(int fd, struct lab_state *prepared);

/* worker.c, of which worker_serve consists. */
void worker_begin(struct lab_state *prepared);
/* Answers one message. False: nobody reads the answer any more. */
bool worker_answer(int fd, unsigned operation, char *payload, size_t len, struct arena *a);

#endif
