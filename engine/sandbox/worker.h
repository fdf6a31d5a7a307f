/* A worker: one process, one run. It answers messages until its socket closes. */
#ifndef GR_SANDBOX_WORKER_H
#define GR_SANDBOX_WORKER_H

/* Serves fd until it ends; never returns. Call jail_enter first. */
_Noreturn void worker_serve(int fd);

#endif
