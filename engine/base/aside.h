/* Work in a process of its own, where its death harms nobody: a command of this very program is
 * started afresh, given its input, and its output is taken. For what draws or parses with libraries
 * that end the process when memory fails. */
#ifndef GR_BASE_ASIDE_H
#define GR_BASE_ASIDE_H

#include <stdint.h>

#include "base/arena.h"
#include "base/err.h"

struct aside {
    const char *const *arguments; /* of the command, NULL-terminated; the first is its name */
    const void *input;            /* its standard input */
    size_t input_len;
    size_t output_max;   /* bytes; RULE aside-output: one more is a failure */
    int64_t deadline_ms; /* from now; then it is killed */
};

/* Runs it to its end; the calling thread waits. On OK its output (NUL-terminated, arena). ERR_BUSY:
 * it could not be started, died, was too slow or said too much; `*why` tells for the log. Any other
 * failure is its exit status 1: ERR_INVALID, and the output is then what it has to say. Leaves
 * through the arena's guard when that is full, with no process left behind. */
enum err aside_run(const struct aside *work, struct arena *a, char **output, size_t *len,
                   const char **why) MUST_USE;

/* The other side, first thing in the command: no descriptor but the standard ones, ends with its
 * parent, `cpu_s` seconds of processor and `memory` bytes at the most, no core file. */
void aside_confine(unsigned cpu_s, size_t memory);
/* The whole standard input, at most `max` bytes (arena); NULL when it is longer or cannot be read.
 */
char *aside_input(struct arena *a, size_t max, size_t *len);
/* Writes all to the standard output. */
bool aside_answer(const void *bytes, size_t len);

#endif
