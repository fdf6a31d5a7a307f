/* Runs a command of this program in a child process, gives it its input and takes its output. Meant
 * for drawing and parsing with libraries that end the process when memory fails: only the child
 * dies then. */
#ifndef GR_BASE_SUBPROCESS_H
#define GR_BASE_SUBPROCESS_H

#include <stdint.h>

#include "base/arena.h"
#include "base/err.h"

struct subprocess {
    const char *const *arguments; /* argv of the command, NULL-terminated; the first is its name */
    const void *input;            /* its standard input */
    size_t input_len;
    size_t output_max;   /* bytes; RULE aside-output: one more is a failure */
    int64_t deadline_ms; /* counted from the start; the child is killed then */
};

/* Runs the child to its end while the calling thread waits. OK: `*output` is what it wrote
 * (NUL-terminated, arena). ERR_INVALID: it ended with status 1, and `*output` holds its
 * explanation. ERR_BUSY: it could not be started, died, took too long or wrote too much; `*why`
 * says which, for the log. Leaves through the arena's guard when that is full, with no process left
 * behind. */
enum err subprocess_run(const struct subprocess *work, struct arena *a, char **output, size_t *len,
                        const char **why) MUST_USE;

/* For the child, as its first call: closes all descriptors but the standard ones, makes it end with
 * its parent, and limits it to `cpu_s` seconds of processor time and `memory` bytes. It writes no
 * core file. */
void subprocess_confine(unsigned cpu_s, size_t memory);
/* For the child: the whole standard input, at most `max` bytes (arena); NULL when it is longer or
 * cannot be read. */
char *subprocess_read_input(struct arena *a, size_t max, size_t *len);
/* For the child: writes all of it to the standard output. */
bool subprocess_write_output(const void *bytes, size_t len);

#endif
