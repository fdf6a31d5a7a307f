/* make bench: how fast the engine is, beside what its libraries could do at best.
 *
 * Prints lines `name value unit ratio`; see --help. Nothing here passes or fails by a time: numbers
 * from a busy machine are numbers from a busy machine. */
#include "bench/bench.h"

#include <getopt.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

static int failures;

static const struct {
    const char *names; /* what it prints */
    void (*run)(const struct bench *b);
} measures[] = {
    {"render.module", bench_render},
    {"page.cold page.module page.plain page.home page.programme page.exams page.glossary rss.serve",
     bench_pages},
    {"save.response rss.attempts", bench_saves},
    {"lab.start lab.memory lab.fair lab.action lab.api.list lab.api.create", bench_labs},
    {"lab.month", bench_month},
    {"check.tree search.query", bench_tree},
    {"growth.metrics growth.start growth.assess growth.register growth.admin growth.people growth.save",
     bench_growth},
};

/* ---- Saying what was found ----------------------------------------------------------------- */

void bench_line(const char *name, double value, const char *unit, double ratio) {
    int decimals = value >= 100 ? 0 : value >= 10 ? 1 : 2;
    char text[32] = "-";
    if (ratio >= 0) snprintf(text, sizeof text, "%.2f", ratio);
    printf("%-26s %12.*f  %-6s %6s\n", name, decimals, value, unit, text);
    fflush(stdout);
}

void bench_failed(const char *name, const char *format, ...) {
    va_list args;
    failures++;
    printf("%-26s %12s  %-6s %6s\n", name, "-", "-", "-");
    fflush(stdout);
    va_start(args, format);
    fprintf(stderr, "bench: %s: ", name);
    vfprintf(stderr, format, args);
    fputc('\n', stderr);
    va_end(args);
}

void bench_note(const struct bench *b, const char *format, ...) {
    if (!b->verbose) return;
    va_list args;
    va_start(args, format);
    fputs("  ", stderr);
    vfprintf(stderr, format, args);
    fputc('\n', stderr);
    va_end(args);
}

/* ---- Measuring ----------------------------------------------------------------------------- */

static int by_value(const void *a, const void *b) {
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

double bench_median(double *values, int count) {
    qsort(values, (size_t)count, sizeof *values, by_value);
    return count % 2 ? values[count / 2] : (values[count / 2 - 1] + values[count / 2]) / 2;
}

static int64_t clock_us(clockid_t clock) {
    struct timespec t;
    clock_gettime(clock, &t);
    return (int64_t)t.tv_sec * 1000000 + t.tv_nsec / 1000;
}

int64_t bench_now_us(void) { return clock_us(CLOCK_MONOTONIC); }
int64_t bench_cpu_us(void) { return clock_us(CLOCK_THREAD_CPUTIME_ID); }

int64_t bench_process_cpu_us(pid_t pid) {
    char path[64];
    long user = 0, system = 0;
    snprintf(path, sizeof path, "/proc/%d/stat", (int)pid);
    FILE *f = fopen(path, "re");
    if (!f) return 0;
    if (fscanf(f, "%*d (%*[^)]) %*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %ld %ld", &user,
               &system) != 2)
        user = system = 0;
    fclose(f);
    return (int64_t)(user + system) * 1000000 / sysconf(_SC_CLK_TCK);
}

static double cpu_per_answer(pid_t pid, int64_t before_us, const struct load_plan *p,
                             const struct load_result *r) {
    /* What was answered in the warm-up cost time, too. */
    double answers = (double)r->answers * (double)(p->warm_up_ms + p->measure_ms) /
                     (double)p->measure_ms;
    return answers > 0 ? (double)(bench_process_cpu_us(pid) - before_us) / answers : 0;
}

static bool one_round(const struct bench *b, const struct versus *v, bool ours, int round,
                      struct load_result *r) {
    struct load_plan plan = ours ? v->ours : v->ceiling;
    pid_t pid = ours ? v->our_pid : v->ceiling_pid;
    plan.warm_up_ms = round == 0 ? b->round_ms / 2 : b->round_ms / 10;
    plan.measure_ms = b->round_ms;
    int64_t before_us = bench_process_cpu_us(pid);
    if (!load_run(&plan, r)) {
        bench_failed(v->name, "%s, round %d: %llu failures; %s", ours ? "engine" : "ceiling",
                     round + 1, (unsigned long long)r->failures, r->problem);
        return false;
    }
    bench_note(
        b,
        "%s %-7s %9.0f/s  p50 %6.0f us  p99 %6.0f us  max %6.0f us  %6.0f bytes  %6.1f us processor each",
        v->name, ours ? "engine" : "ceiling", r->per_second, r->p50_us, r->p99_us, r->max_us,
        r->body_bytes, cpu_per_answer(pid, before_us, &plan, r));
    return true;
}

bool bench_versus(const struct bench *b, struct versus *v) {
    double rate[ROUNDS_MAX], ratio[ROUNDS_MAX], p50[ROUNDS_MAX], p99[ROUNDS_MAX];
    for (int i = 0; i < b->rounds; i++) {
        struct load_result ours, ceiling = {0};
        if (!one_round(b, v, true, i, &ours)) return false;
        if (!b->profile && !one_round(b, v, false, i, &ceiling)) return false;
        rate[i] = ours.per_second;
        p50[i] = ours.p50_us;
        p99[i] = ours.p99_us;
        ratio[i] = b->profile ? -1 : ours.per_second / ceiling.per_second;
    }
    v->per_second = bench_median(rate, b->rounds);
    v->p50_us = bench_median(p50, b->rounds);
    v->p99_us = bench_median(p99, b->rounds);
    v->ratio = bench_median(ratio, b->rounds);
    return true;
}

int bench_ceiling(const struct bench *b, struct process *p, const char *name,
                  const char *const *arguments) {
    const char *argv[8] = {b->ceiling};
    for (int i = 0; arguments[i] && i < 6; i++) argv[i + 1] = arguments[i];
    char line[64] = "";
    int port = 0;
    if (process_start(p, argv, NULL) && process_wait_line(p, "port ", 5000, line, sizeof line))
        port = atoi(line + 5);
    if (!port) {
        process_stop(p);
        bench_failed(name, "the ceiling does not start");
    }
    return port;
}

/* ---- The command line ---------------------------------------------------------------------- */

static const char usage[] =
    "bench [options] [NAME…]      measures these (“page” is all of page.…); without names everything\n"
    "  --gradus FILE   the program to measure          (build/gradus)\n"
    "  --ceiling FILE  the bare servers                (build/bench/ceiling)\n"
    "  --root DIR      the project                     (.)\n"
    "  --dir DIR       scratch, on the disk that is to be measured (build/bench/data)\n"
    "  --rounds N      of each side, in turn           (7)\n"
    "  --seconds S     a round                         (1)\n"
    "  --threads N     of the load generator           (2)\n"
    "  --modules N     in the generated tree           (10000)\n"
    "  --attempts N    open at once                    (10000)\n"
    "  --stored N      attempts, a tenth as many people and certificates: growth (1000000)\n"
    "  --verbose       each round, on standard error\n"
    "  --profile       without the ceilings: for a profiler\n";

bool bench_wanted(const struct bench *b, const char *name) {
    for (int i = 0; i < b->name_count; i++) {
        size_t n = strlen(b->names[i]);
        if (strncmp(name, b->names[i], n) == 0 && (name[n] == '\0' || name[n] == '.')) return true;
    }
    return b->name_count == 0;
}

static bool any_wanted(const struct bench *b, const char *names) {
    char copy[256];
    snprintf(copy, sizeof copy, "%s", names);
    for (char *save = NULL, *name = strtok_r(copy, " ", &save); name;
         name = strtok_r(NULL, " ", &save))
        if (bench_wanted(b, name)) return true;
    return false;
}

static bool read_options(struct bench *b, int argc, char **argv) {
    static const struct option options[] = {{"gradus", 1, NULL, 'g'},   {"ceiling", 1, NULL, 'c'},
                                            {"root", 1, NULL, 'r'},     {"dir", 1, NULL, 'd'},
                                            {"rounds", 1, NULL, 'n'},   {"seconds", 1, NULL, 's'},
                                            {"threads", 1, NULL, 't'},  {"modules", 1, NULL, 'm'},
                                            {"attempts", 1, NULL, 'a'}, {"stored", 1, NULL, 'o'},
                                            {"verbose", 0, NULL, 'v'},  {"profile", 0, NULL, 'p'},
                                            {"help", 0, NULL, 'h'},     {0}};
    for (int o; (o = getopt_long(argc, argv, "", options, NULL)) != -1;) {
        switch (o) {
        case 'g': b->gradus = optarg; break;
        case 'c': b->ceiling = optarg; break;
        case 'r': b->root = optarg; break;
        case 'd': b->dir = optarg; break;
        case 'n': b->rounds = atoi(optarg); break;
        case 's': b->round_ms = (int64_t)(atof(optarg) * 1000); break;
        case 't': b->threads = atoi(optarg); break;
        case 'm': b->modules = atoi(optarg); break;
        case 'a': b->attempts = atoi(optarg); break;
        case 'o': b->stored = atoi(optarg); break;
        case 'v': b->verbose = true; break;
        case 'p': b->profile = true; break;
        default: return false;
        }
    }
    return b->rounds >= 1 && b->rounds <= ROUNDS_MAX && b->round_ms >= 50 && b->modules >= 10 &&
           b->attempts >= 1 && b->stored > 1000 && b->threads >= 1;
}

int main(int argc, char **argv) {
    struct bench b = {.gradus = "build/gradus",
                      .ceiling = "build/bench/ceiling",
                      .root = ".",
                      .dir = "build/bench/data",
                      .rounds = 7,
                      .round_ms = 1000,
                      .threads = 2,
                      .connections = 64,
                      .modules = 10000,
                      .attempts = 10000,
                      .stored = 1000000};
    if (!read_options(&b, argc, argv)) {
        fputs(usage, stderr);
        return 2;
    }
    b.names = argv + optind;
    b.name_count = argc - optind;
    double load = 0;
    getloadavg(&load, 1);
    if (load > 1)
        fprintf(
            stderr,
            "bench: the machine is busy with other things (load %.1f); trust the ratios, not the values\n",
            load);
    for (size_t i = 0; i < sizeof measures / sizeof measures[0]; i++)
        if (any_wanted(&b, measures[i].names)) measures[i].run(&b);
    return failures ? 1 : 0;
}
