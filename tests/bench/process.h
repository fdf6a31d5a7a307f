/* Servers as child processes: the engine and the ceilings run beside the generator, as they do in
 * life. */
#ifndef GR_BENCH_PROCESS_H
#define GR_BENCH_PROCESS_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

struct process {
    pid_t pid;  /* 0 = none */
    int input;  /* its standard input, -1 when closed */
    int output; /* its standard output */
};

/* Starts argv[0] (NULL-terminated list). Standard error goes to the file `log` (NULL: where ours
 * goes). */
bool process_start(struct process *p, const char *const *argv, const char *log);
/* Reads standard output up to a line that contains `word`; false when the process ends first or
 * after `timeout_ms`. The line is copied to `line`. */
bool process_wait_line(struct process *p, const char *word, int timeout_ms, char *line, size_t cap);
/* SIGTERM (or end of input for those that have one), then waits; SIGKILL after 15 s. The exit
 * status, -1 for a signal. */
int process_stop(struct process *p);
/* Runs to the end with `input` (may be NULL) on its standard input; its standard output goes to
 * `out` (cut at cap, NUL-terminated; may be NULL). The exit status, -1 for a signal. */
int process_run(const char *const *argv, const char *log, const char *input, char *out, size_t cap);
/* Proportional share of memory of a process and all that come from it, in MB (10^6 bytes); 0 when
 * it is gone. */
double process_memory_mb(pid_t pid);

#endif
