/* Who forks workers: a small process with one thread, made at the program's start before there are threads
 * (forking a threaded server would copy locked locks). It is asked over a socket pair and hands back, for each
 * worker, a socket to it and a process descriptor to end it with. */
#ifndef GR_LAB_ZYGOTE_H
#define GR_LAB_ZYGOTE_H

#include "base/err.h"

struct zygote;

/* Call while the program has one thread. NULL with a sentence when workers cannot be made here. */
struct zygote *zygote_start(const char **why);
/* Ends the zygote; its workers die with it. */
void zygote_stop(struct zygote *z);

/* What runs the steps, as a run's record names it: "gradus-lab-1 sqlite-3.40.1". */
const char *worker_engine(void);

struct worker {
    int fd;     /* messages (wire.h) */
    int pid_fd; /* -1 when the kernel has none (before Linux 5.3): ended by closing fd then */
};
/* From any thread. ERR_LIMIT when no process can be made, ERR_IO when the zygote is gone. */
enum err zygote_spawn(struct zygote *z, struct worker *out) MUST_USE;
/* Kills at once; also safe when it has died already. */
void worker_end(struct worker *w);

#endif
