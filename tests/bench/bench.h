/* What the measures share: where things are, how long to measure, how to say what was found.
 *
 * A ratio is ours divided by the library's own ceiling (for times: the ceiling's divided by ours),
 * so 1.0 means that the engine adds nothing. Both are measured in turn, A B A B …, and the median
 * of the pairs' ratios is printed: what else the machine does then hits both. */
#ifndef GR_BENCH_BENCH_H
#define GR_BENCH_BENCH_H

#include <stdbool.h>
#include <stdint.h>

#include "bench/load.h"
#include "bench/process.h"

#define ROUNDS_MAX 51

struct bench {
    const char *gradus;  /* the program that is measured */
    const char *ceiling; /* the bare servers */
    const char *root;    /* the project: content/, site/, … */
    const char *dir;     /* scratch, on the project's disk; emptied at start */
    int rounds;          /* of each side */
    int64_t round_ms;
    int threads; /* of the load generator */
    int connections;
    int modules;    /* in the generated tree */
    int attempts;   /* open at once, for rss.attempts */
    int stored;     /* attempts, for growth */
    bool verbose;   /* each round on standard error */
    char **names;   /* that were asked for: exact, or all that begin with one and a full stop */
    int name_count; /* 0: all */
    bool profile;   /* leave the ceiling out: for a profiler that watches the engine */
};

bool bench_wanted(const struct bench *b, const char *name);
/* One line of the result. `ratio` < 0: there is none. */
void bench_line(const char *name, double value, const char *unit, double ratio);
/* A measure that could not be taken: the line says so, the run fails at its end. */
void bench_failed(const char *name, const char *format, ...) __attribute__((format(printf, 2, 3)));
void bench_note(const struct bench *b, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

double bench_median(double *values, int count); /* sorts them */
int64_t bench_now_us(void);
int64_t bench_cpu_us(void);              /* of this thread */
int64_t bench_process_cpu_us(pid_t pid); /* of a process with its children that have ended */

/* Ours against a ceiling, in turn. False after bench_failed(name). `value` is the median of ours.
 */
struct versus {
    const char *name;
    struct load_plan ours, ceiling;
    pid_t our_pid, ceiling_pid; /* for the note on processor time */
    double per_second, p99_us, p50_us, ratio;
};
bool bench_versus(const struct bench *b, struct versus *v);
/* Starts the ceiling with these arguments (NULL-terminated); its port, or 0 after
 * bench_failed(name). */
int bench_ceiling(const struct bench *b, struct process *p, const char *name,
                  const char *const *arguments);

/* The measures, a file each. */
void bench_render(const struct bench *b);
void bench_pages(const struct bench *b);
void bench_saves(const struct bench *b);
void bench_growth(const struct bench *b);
void bench_tree(const struct bench *b);
void bench_labs(const struct bench *b);
void bench_month(const struct bench *b);

/* generate.c: a course of `modules` modules under dir/content and dir/exams that passes the check.
 */
bool generate_tree(const char *dir, int modules);

#endif
