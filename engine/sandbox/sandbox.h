/* Lab workers, seen from the server. They run in processes of a program of their own, gradus-labs:
 * what is in such a process is what the linker put there, not a copy of the server's memory; it has
 * an address layout of its own, no environment, and of the server's descriptors only its socket and
 * standard error.
 *
 * That program is a zygote: a small process with one thread that forks others. It is asked over a
 * socket pair and hands back, for each, a socket to it and a process descriptor to end it with.
 * What it forks are templates: each loads the pack of one version of a lab with one choice of
 * dialects, makes the tables, prepares the statements, and then forks workers, a run each, which
 * share all of that memory until they write to it.
 *
 * A zygote can hang or die like any process, and its workers die with it. A thread of the server,
 * the keeper, waits for its end and executes a fresh one; who asks and gets no answer in time kills
 * it. As long as that fails it is tried again, at growing intervals. */
#ifndef GR_SANDBOX_SANDBOX_H
#define GR_SANDBOX_SANDBOX_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/arena.h"
#include "base/err.h"

struct zygote;

/* The zygote's socket, and the descriptor that each worker has its messages on. */
#define SANDBOX_FD 3
#define SANDBOX_START_MS 10000 /* until a zygote that was started says what it is */

/* Starts the program and the thread that keeps it running, and waits until it has made a worker.
 * `program` is its path; NULL: the one that belongs to the program that runs, beside it (as built)
 * or in ../libexec/gradus (as installed). Except on OK `*why` is a sentence (arena, or constant).
 * RULE lab-program: ERR_NOT_FOUND, there is no such program; ERR_CONFLICT, it is of another build
 * than this one; ERR_IO, this machine does not start it or cannot confine workers. */
enum err zygote_start(struct zygote **out, const char *program, struct arena *a,
                      const char **why) MUST_USE;
/* Ends the zygote, its workers and the thread. Nobody may be asking. NULL is fine. */
void zygote_stop(struct zygote *z);
/* From any thread: the last start failed, and none has succeeded since. */
bool zygote_failing(struct zygote *z);

/* The name and version of the engine that runs the steps, as a run's record has it: "gradus-lab-7
 * sqlite-3.40.1". */
const char *worker_engine(void);
/* RULE lab-engine-old: whether a run that was begun with `engine` (such a name) can go on and be
 * played again. */
bool worker_plays(const char *engine);
/* That and a digest of the sources it was built from: the same in the server and in its workers. */
const char *worker_version(void);

#define ZYGOTE_DEADLINE_MS 3000 /* of one question to a zygote */

struct worker {
    int fd;     /* messages (wire.h) */
    int pid_fd; /* -1 when the kernel has none (before Linux 5.3): ended by closing fd then */
    int64_t deadline_ms; /* of a question; 0 = what lab_client.h says */
    pid_t pid;
    int64_t template; /* which one it was forked from */
};
#define WORKER_NONE ((struct worker){.fd = -1, .pid_fd = -1})
/* What the worker of a run begins with: a version's pack, and which dialects were chosen. */
struct worker_base {
    const char *pack;
    size_t pack_len;
    const char *choice; /* "crm=aurelia,map=heron" */
};
#define TEMPLATE_BOOT_MS 30000 /* what authors wrote, not what learners did, decides how long */
/* A worker that has its base in memory, and knows no run yet (WIRE_RUN). From any thread, and back
 * at once while none can be started. ERR_LIMIT when no process can be made, ERR_BUSY when too many
 * ask at once, ERR_IO when no zygote answers, ERR_INVALID with a sentence (arena) when the pack
 * cannot be loaded. */
enum err zygote_spawn(struct zygote *z, const struct worker_base *base, struct arena *a,
                      struct worker *out, const char **why) MUST_USE;
/* RULE lab-cause: which bound a worker ran into. */
enum worker_cause {
    WORKER_ENDED, /* by itself, or nobody knows */
    WORKER_FAULT,
    WORKER_MEMORY,
    WORKER_FORBIDDEN, /* seccomp */
    WORKER_KILLED,
    WORKER_CRASHED,
    WORKER_LATE, /* said by who asked */
};
enum worker_cause zygote_cause(struct zygote *z, const struct worker *w);
const char *worker_cause_words(enum worker_cause cause); /* half a sentence */
/* Kills the worker at once; also safe when it has died already. */
void worker_end(struct worker *w);

/* For tests: makes a process that confines itself and ends; ERR_… as above. */
enum err zygote_try(struct zygote *z) MUST_USE;
/* For tests: the zygote that runs now; 0: none. */
pid_t zygote_pid(struct zygote *z);

#endif
