/* The server's end of a zygote: a thread that keeps one running, and the functions that ask it for
 * workers. */
#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/text.h"
#include "base/wait.h"
#include "sandbox/passing.h"
#include "sandbox/worker_program.h"
#include "sandbox/sandbox.h"
#include "sandbox/templates.h"

/* RULE lab-starts: after a start that failed, or that did not last so long, the next one waits, and
 * each time twice as long. */
#define LASTING_MS 10000
#define PAUSE_MS 100
#define PAUSE_MOST_MS 5000
#define STOP_MS 1000 /* for a zygote to reap its workers and end; then it is killed */

struct zygote {
    char *program; /* its path */
    struct templates *templates;
    pthread_t keeper;
    pthread_mutex_t lock;
    pthread_cond_t changed; /* what follows, which the lock guards */
    int fd;     /* the socket on which it is asked; -1: it is not there, or is about to end */
    pid_t pid;  /* not reaped yet, so that no other process has this number; 0: none */
    bool asked; /* one question at a time: somebody uses `fd` */
    bool stop;
    bool tried;    /* the first start is over */
    enum err last; /* how the last start went */
    char why[PROGRAM_WHY_BYTES];
};

/* ---- Asking --------------------------------------------------------------------------------- */
/* Waits for a zygote and for this caller's turn, but not while none can be started. A caller who
 * gets no answer kills the zygote; the keeper does the rest. */
static enum err ask_in_turn(struct zygote *z, char question, const struct timespec *until,
                            int fds[2]) {
    pthread_mutex_lock(&z->lock);
    while (!z->last && (z->asked || z->fd < 0) && wait_for(&z->changed, &z->lock, until)) continue;
    enum err e = z->fd < 0 ? ERR_IO : z->asked ? ERR_BUSY : OK;
    int fd = z->fd;
    if (!e) z->asked = true;
    pthread_mutex_unlock(&z->lock);
    if (e) return e;
    struct reply reply;
    e = passing_ask(fd, &question, 1, ZYGOTE_DEADLINE_MS, &reply, fds);
    if (!e) e = passing_made(&reply);
    pthread_mutex_lock(&z->lock);
    z->asked = false;
    if (e == ERR_IO && z->fd == fd) {
        z->fd = -1;
        kill(-z->pid, SIGKILL);
    }
    pthread_cond_broadcast(&z->changed);
    pthread_mutex_unlock(&z->lock);
    return e;
}

enum err zygote_ask(struct zygote *z, char question, int fds[2]) {
    const struct timespec until = wait_until(2 * (int64_t)ZYGOTE_DEADLINE_MS);
    enum err e = ask_in_turn(z, question, &until, fds);
    return e == ERR_IO ? ask_in_turn(z, question, &until, fds) : e;
}

enum err zygote_try(struct zygote *z) {
    int none[2];
    return zygote_ask(z, PASSING_TRIAL, none);
}

enum err zygote_spawn(struct zygote *z, const struct worker_base *base, struct arena *a,
                      struct worker *out, const char **why) {
    return templates_spawn(z->templates, z, base, a, out, why);
}

enum worker_cause zygote_cause(struct zygote *z, const struct worker *w) {
    int status;
    if (!templates_cause(z->templates, w, &status)) return WORKER_ENDED;
    if (WIFEXITED(status))
        return WEXITSTATUS(status) == PASSING_EXIT_BUG      ? WORKER_FAULT
               : WEXITSTATUS(status) == PASSING_EXIT_MEMORY ? WORKER_MEMORY
                                                            : WORKER_ENDED;
    switch (WTERMSIG(status)) {
    case SIGSYS: return WORKER_FORBIDDEN;
    case SIGXCPU:
    case SIGKILL: return WORKER_KILLED;
    default: return WORKER_CRASHED;
    }
}

const char *worker_cause_words(enum worker_cause cause) {
    switch (cause) {
    case WORKER_ENDED: break;
    case WORKER_FAULT: return "it found a fault of its own";
    case WORKER_MEMORY: return "its memory was used up";
    case WORKER_FORBIDDEN: return "it made a system call that is not allowed";
    case WORKER_KILLED: return "it was killed: its processor time was used up";
    case WORKER_CRASHED: return "it used memory in a way that is not allowed";
    case WORKER_LATE: return "it did not answer in time";
    }
    return "it ended by itself";
}

void worker_end(struct worker *w) {
    if (w->pid_fd >= 0) {
        syscall(SYS_pidfd_send_signal, w->pid_fd, SIGKILL, NULL, 0);
        close(w->pid_fd);
    }
    if (w->fd >= 0) close(w->fd);
    w->fd = w->pid_fd = -1;
}

/* ---- Keeping -------------------------------------------------------------------------------- */
/* Executes the program, and sets `pid` before anything is waited for: zygote_stop kills it by that.
 */
static enum err execute(struct zygote *z, int *fd, char why[PROGRAM_WHY_BYTES]) {
    int failed = 0;
    pthread_mutex_lock(&z->lock);
    if (!z->stop) failed = worker_program_execute(z->program, fd, &z->pid);
    bool there = z->pid != 0;
    pthread_mutex_unlock(&z->lock);
    if (there) return OK;
    snprintf(why, PROGRAM_WHY_BYTES, "The program of the lab workers, %s, cannot be executed: %s.",
             z->program, strerrordesc_np(failed));
    return ERR_IO;
}

/* Checks that the zygote works by making a worker that confines itself. ERR_LIMIT is not the
 * zygote's fault. */
static enum err check_worker_starts(int fd, const char *program, char why[PROGRAM_WHY_BYTES]) {
    struct reply reply;
    int none[2];
    enum err e = passing_ask(fd, (const char[]){PASSING_TRIAL}, 1, ZYGOTE_DEADLINE_MS, &reply,
                             none);
    if (!e && passing_made(&reply) != ERR_IO) return OK;
    snprintf(why, PROGRAM_WHY_BYTES, "The program of the lab workers, %s, starts no worker.",
             program);
    return ERR_IO;
}

/* Publishes how the start went. The log has the begin and the end of a time without workers; the
 * first start is reported by zygote_start. */
static void publish(struct zygote *z, int fd, enum err e, const char *why) {
    pthread_mutex_lock(&z->lock);
    bool begins = e && !z->last && z->tried && !z->stop, ends = !e && z->last;
    if (!e && !z->stop) z->fd = fd;
    z->tried = true;
    z->last = e;
    snprintf(z->why, sizeof z->why, "%s", why);
    pthread_cond_broadcast(&z->changed);
    pthread_mutex_unlock(&z->lock);
    if (begins)
        log_say(LOG_ERROR, "labs_failing", "no lab worker can be started; it is tried again: %s",
                why);
    if (ends) log_say(LOG_INFO, "labs_again", "lab workers can be started again");
}

/* Kills the zygote with its workers, and reaps them. Where the workers become our children then (in
 * a container whose first process we are), they are reaped as well. */
static void reap_zygote(struct zygote *z, int fd, bool worked) {
    pthread_mutex_lock(&z->lock);
    pid_t pid = z->pid;
    kill(-pid, SIGKILL);
    if (worked && !z->stop)
        log_say(LOG_ERROR, "lab_zygote", "process %d, which starts lab workers, %s: it is replaced",
                (int)pid, z->fd < 0 ? "did not answer" : "ended");
    z->fd = -1;
    pthread_cond_broadcast(&z->changed);
    while (z->asked)
        pthread_cond_wait(&z->changed, &z->lock); /* whoever asks gets no answer then */
    z->pid = 0;
    pthread_mutex_unlock(&z->lock);
    close(fd);
    while (waitpid(-pid, NULL, 0) > 0 || errno == EINTR) continue;
}

static enum err run_zygote(struct zygote *z) {
    char why[PROGRAM_WHY_BYTES] = "";
    int fd = -1;
    siginfo_t ended;
    enum err e = execute(z, &fd, why);
    if (!e) e = worker_program_handshake(fd, z->program, why);
    if (!e) e = check_worker_starts(fd, z->program, why);
    publish(z, fd, e, why);
    if (fd < 0) return e;
    /* Only this thread changes `pid`. */
    while (!e && waitid(P_PID, (id_t)z->pid, &ended, WEXITED | WNOWAIT) != 0 && errno == EINTR)
        continue;
    reap_zygote(z, fd, e == OK);
    return e;
}

/* Waits before the next start; false when the thread is to stop. */
static bool pause_before_start(struct zygote *z, int64_t pause_ms) {
    const struct timespec until = wait_until(pause_ms);
    pthread_mutex_lock(&z->lock);
    while (!z->stop && pause_ms && wait_for(&z->changed, &z->lock, &until)) continue;
    bool stop = z->stop;
    pthread_mutex_unlock(&z->lock);
    return !stop;
}

static void *keeper_thread(void *arg) {
    struct zygote *z = arg;
    int64_t pause_ms = 0;
    while (pause_before_start(z, pause_ms)) {
        int64_t began_ms = clock_monotonic_ms();
        bool lasted = run_zygote(z) == OK && clock_monotonic_ms() - began_ms >= LASTING_MS;
        pause_ms = lasted ? 0 : pause_ms ? 2 * pause_ms : PAUSE_MS;
        if (pause_ms > PAUSE_MOST_MS) pause_ms = PAUSE_MOST_MS;
    }
    return NULL;
}

/* ---- Starting and stopping ------------------------------------------------------------------ */
static enum err first_start(struct zygote *z, struct arena *a, const char **why) {
    pthread_mutex_lock(&z->lock);
    while (!z->tried) pthread_cond_wait(&z->changed, &z->lock);
    enum err e = z->last;
    char words[PROGRAM_WHY_BYTES]; /* an arena may leave through its guard: it is not used under the
                                      lock */
    memcpy(words, z->why, sizeof words);
    pthread_mutex_unlock(&z->lock);
    if (e) zygote_stop(z);
    *why = e ? arena_dup(a, words) : NULL;
    return e;
}

static struct zygote *zygote_new(const char *program) {
    struct zygote *z = calloc(1, sizeof *z);
    if (!z || !(z->program = strdup(program)) || !(z->templates = templates_new()) ||
        wait_init(&z->changed) != 0) {
        if (z) templates_free(z->templates);
        if (z) free(z->program);
        free(z);
        return NULL;
    }
    z->fd = -1;
    pthread_mutex_init(&z->lock, NULL);
    return z;
}

static void zygote_free(struct zygote *z) {
    pthread_cond_destroy(&z->changed);
    pthread_mutex_destroy(&z->lock);
    templates_free(z->templates);
    free(z->program);
    free(z);
}

enum err zygote_start(struct zygote **out, const char *program, struct arena *a, const char **why) {
    *out = NULL;
    if (!program) program = worker_program_find(a, why);
    if (!program) return ERR_NOT_FOUND;
    *why = arena_printf(a, "The program of the lab workers is missing: %s.", program);
    if (access(program, X_OK) != 0) return ERR_NOT_FOUND;
    *why = "Lab workers cannot be started: no memory or no thread is to be had.";
    struct zygote *z = zygote_new(program);
    if (!z) return ERR_IO;
    if (pthread_create(&z->keeper, NULL, keeper_thread, z) != 0) {
        zygote_free(z);
        return ERR_IO;
    }
    enum err e = first_start(z, a, why);
    if (!e) *out = z;
    return e;
}

void zygote_stop(struct zygote *z) {
    if (!z) return;
    const struct timespec until = wait_until(STOP_MS);
    templates_forget(z->templates); /* they end with that, and the zygote waits for them */
    pthread_mutex_lock(&z->lock);
    z->stop = true;
    pthread_cond_broadcast(&z->changed);
    if (z->fd >= 0) shutdown(z->fd, SHUT_RDWR);
    while (z->fd >= 0 && wait_for(&z->changed, &z->lock, &until)) continue;
    if (z->pid) kill(-z->pid, SIGKILL);
    pthread_mutex_unlock(&z->lock);
    pthread_join(z->keeper, NULL);
    zygote_free(z);
}

bool zygote_failing(struct zygote *z) {
    pthread_mutex_lock(&z->lock);
    bool failing = z->last != OK;
    pthread_mutex_unlock(&z->lock);
    return failing;
}

pid_t zygote_pid(struct zygote *z) {
    pthread_mutex_lock(&z->lock);
    pid_t pid = z->pid;
    pthread_mutex_unlock(&z->lock);
    return pid;
}
