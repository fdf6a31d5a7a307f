/* What the server needs, counted before it begins: a server that starts and then cannot answer is
 * worse than one that says why it does not start. */
#include "server/requirements.h"

#include <inttypes.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "base/log.h"
#include "cert/cert.h"
#include "lab/lab.h"

/* Threads besides those that answer requests: main, accepting, deadlines, the writer, exams,
 * upkeep, one for content's versions, one that checks all files for authors, one each that watches
 * the files of the site, of content, of exams and of labs, three more that read content, two for
 * passwords and one for those who wait to try one, two that draw certificates, one that checks what
 * strangers give, four for labs. */
#define OTHER_THREADS 25
/* Limits of threads count processes as well: one lab, and what starts its worker (LAB_STARTERS),
 * which runs by now. More labs at a time come when there is room. */
#define LAB_PROCESSES 1
/* Descriptors. Each thread that reads has a connection to the database and that one's write-ahead
 * log; each that answers also an epoll and an eventfd. The rest: standard streams, the listening
 * socket, locks, files while they are read, the fonts' files, a spare for each kind. */
#define FILES_OF_THREAD 4
#define FILES_OF_WORKER 2
#define OTHER_FILES 64
/* RULE least-places: 40 browsers with 6 connections each are 240, and one address has seven eighths
 * of the places. */
#define LEAST_PLACES 280
#define PLACES 12000
/* Measured with the demo academy and two threads that answer: 47 MiB when it has started, 54 after
 * pages and a certificate, and up to 24 KiB more for each connection. Of address space, which
 * counts what is only reserved (8 MiB for each thread's stack), 525 MiB and 745. */
#define MEMORY_MB 256
#define SPACE_MB 640
#define STACK_MB 8

#define MB ((uint64_t)1024 * 1024)

/* ---- Open files ------------------------------------------------------------------------------ */

static uint64_t files_allowed(void) {
    struct rlimit limit;
    if (getrlimit(RLIMIT_NOFILE, &limit) != 0) return 1024;
    limit.rlim_cur = limit.rlim_max;
    (void)setrlimit(RLIMIT_NOFILE, &limit);
    (void)getrlimit(RLIMIT_NOFILE, &limit);
    return limit.rlim_cur;
}

static bool enough_files(struct http_options *o, int labs, struct arena *a, const char **why) {
    uint64_t allowed = files_allowed();
    uint64_t own = OTHER_FILES + FILES_OF_WORKER * (uint64_t)labs +
                   FILES_OF_THREAD * (uint64_t)(http_threads(o) + OTHER_THREADS);
    uint64_t places = (uint64_t)(o->connection_limit ? o->connection_limit : LEAST_PLACES);
    uint64_t sent = places / HTTP_FILES_SHARE; /* files on their way to clients */
    uint64_t least = own + sent + places;
    if (allowed < least) {
        *why = arena_printf(a,
                            "it needs %" PRIu64 " open files (%" PRIu64 " of its own and %" PRIu64
                            " for connections), and may have %" PRIu64
                            ". Raise the limit: ulimit -n, or LimitNOFILE= of its systemd unit",
                            least, own + sent, places, allowed);
        return false;
    }
    if (!o->connection_limit) {
        uint64_t room = (allowed - own) * HTTP_FILES_SHARE / (HTTP_FILES_SHARE + 1);
        o->connection_limit = room < PLACES ? (int)room : PLACES;
        if (o->connection_limit < PLACES)
            log_say(LOG_WARN, "start",
                    "only %d connections at a time: %" PRIu64 " open files are allowed, %" PRIu64
                    " would be enough for %d",
                    o->connection_limit, allowed, own + PLACES + PLACES / HTTP_FILES_SHARE, PLACES);
    }
    return true;
}

/* ---- Threads --------------------------------------------------------------------------------- */

struct trial {
    pthread_mutex_t lock;
    pthread_cond_t end;
    bool over;
};

static void *stay(void *arg) {
    struct trial *t = arg;
    pthread_mutex_lock(&t->lock);
    while (!t->over) pthread_cond_wait(&t->end, &t->lock);
    pthread_mutex_unlock(&t->lock);
    return NULL;
}

/* The limits of users, of control groups and of memory all bound the number of threads, each in its
 * own way: so as many are started to see whether they can be. */
static bool enough_threads(const struct http_options *o, bool labs, struct arena *a,
                           const char **why) {
    size_t there = labs ? 1 + LAB_STARTERS : 1, started = 0;
    size_t wanted = (size_t)(http_threads(o) + OTHER_THREADS - 1) + (labs ? LAB_PROCESSES : 0);
    pthread_t *ids = NEW_ARRAY(a, pthread_t, wanted);
    struct trial t = {.lock = PTHREAD_MUTEX_INITIALIZER, .end = PTHREAD_COND_INITIALIZER};
    while (started < wanted && pthread_create(&ids[started], NULL, stay, &t) == 0) started++;
    pthread_mutex_lock(&t.lock);
    t.over = true;
    pthread_cond_broadcast(&t.end);
    pthread_mutex_unlock(&t.lock);
    for (size_t i = 0; i < started; i++) pthread_join(ids[i], NULL);
    if (started == wanted) return true;
    *why = arena_printf(
        a,
        "it needs %zu threads, and this machine lets it have %zu. Raise the limit (ulimit -u, "
        "TasksMax= of its systemd unit, ulimit -v), or give fewer --threads",
        wanted + there, started + there);
    return false;
}

/* ---- Memory ---------------------------------------------------------------------------------- */

/* The limit of this process's control group (version 2), or of one above it; UINT64_MAX when there
 * is none. */
static uint64_t group_limit(void) {
    char line[2048], path[2400];
    uint64_t least = UINT64_MAX;
    FILE *f = fopen("/proc/self/cgroup", "re");
    bool found = f && fgets(line, sizeof line, f) && strncmp(line, "0::", 3) == 0;
    if (f) fclose(f);
    if (!found) return least;
    line[strcspn(line, "\n")] = '\0';
    for (char *group = line + 3, *slash; (slash = strrchr(group, '/')); *slash = '\0') {
        uint64_t bytes;
        snprintf(path, sizeof path, "/sys/fs/cgroup%s/memory.max", group);
        if (!(f = fopen(path, "re"))) continue;
        if (fscanf(f, "%" SCNu64, &bytes) == 1 && bytes < least) least = bytes; /* else "max" */
        fclose(f);
    }
    return least;
}

static bool within(uint64_t limit, uint64_t need, const char *what, struct arena *a,
                   const char **why) {
    if (limit >= need * MB) return true;
    *why = arena_printf(a, "it needs %" PRIu64 " MiB of %s, and may have %" PRIu64 " MiB", need,
                        what, limit / MB);
    return false;
}

static uint64_t process_limit(int resource) {
    struct rlimit limit;
    return getrlimit((__rlimit_resource_t)resource, &limit) != 0 || limit.rlim_cur == RLIM_INFINITY
               ? UINT64_MAX
               : limit.rlim_cur;
}

static bool enough_memory(const struct http_options *o, struct arena *a, const char **why) {
    uint64_t space = SPACE_MB + STACK_MB * (uint64_t)(http_threads(o) + OTHER_THREADS);
    uint64_t machine = (uint64_t)sysconf(_SC_PHYS_PAGES) * (uint64_t)sysconf(_SC_PAGESIZE);
    return within(process_limit(RLIMIT_AS), space, "address space (ulimit -v)", a, why) &&
           within(process_limit(RLIMIT_DATA), space, "memory for data (ulimit -d)", a, why) &&
           within(group_limit(), MEMORY_MB, "memory (the control group's memory.max)", a, why) &&
           within(machine, MEMORY_MB, "memory", a, why);
}

bool requirements_met(struct http_options *options, int labs, struct arena *a, const char **why) {
    if (!enough_files(options, labs, a, why) || !enough_memory(options, a, why) ||
        !enough_threads(options, labs > 0, a, why))
        return false;
    if ((*why = page_icu_problem())) return false;
    return !(*why = certs_problem(a));
}
