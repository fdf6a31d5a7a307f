/* How the server finds, executes and greets the program of the lab workers. */
#ifndef GR_SANDBOX_WORKER_PROGRAM_H
#define GR_SANDBOX_WORKER_PROGRAM_H

#include <sys/types.h>

#include "sandbox/sandbox.h"

#define PROGRAM_WHY_BYTES 1024 /* of a sentence that says why it does not work */

/* The path of the program beside the one that runs, or in ../libexec/gradus. NULL with a sentence.
 * Arena. */
const char *worker_program_find(struct arena *a, const char **why);

/* Executes it, as the leader of a process group of its own; it ends with the calling thread. `*fd`
 * (closes with an exec) and `*pid` are the caller's. 0, or an errno and nothing is left. */
int worker_program_execute(const char *path, int *fd, pid_t *pid) MUST_USE;

/* Waits at most SANDBOX_START_MS for its first message. RULE lab-program: ERR_CONFLICT, it is of
 * another build; ERR_IO, it does not start or says that it cannot confine workers. `why` is filled
 * unless OK. */
enum err worker_program_handshake(int fd, const char *path, char why[PROGRAM_WHY_BYTES]) MUST_USE;

#endif
