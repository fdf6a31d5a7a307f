/* The program of the lab workers: finding, executing and meeting it, seen from the server. */
#ifndef GR_SANDBOX_PROGRAM_H
#define GR_SANDBOX_PROGRAM_H

#include <sys/types.h>

#include "sandbox/sandbox.h"

#define PROGRAM_WORDS 1024 /* of a sentence about it */

/* The path of the program beside the one that runs, or in ../libexec/gradus. NULL with a sentence.
 * Arena. */
const char *program_find(struct arena *a, const char **why);

/* Executes it, as the leader of a process group of its own; it ends with the calling thread. `*fd`
 * (closes with an exec) and `*pid` are the caller's. 0, or an errno and nothing is left. */
int program_execute(const char *path, int *fd, pid_t *pid) MUST_USE;

/* Waits at most SANDBOX_START_MS for its first words. RULE lab-program: ERR_CONFLICT, it is of
 * another build; ERR_IO, it does not start or says that it cannot confine workers. `why` is filled
 * unless OK. */
enum err program_meet(int fd, const char *path, char why[PROGRAM_WORDS]) MUST_USE;

#endif
