/* Child processes that run a command of this program. */
#include "base/subprocess.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/text.h"
#include "base/wait.h"

#define PIECE ((size_t)64 * 1024)

/* What must be undone however the run ends, also through the arena's guard. */
struct running {
    pid_t pid;
    int to, from; /* pipes to its input and from its output; -1: closed */
};

static void end_running(void *arg) {
    struct running *r = arg;
    if (r->to >= 0) close(r->to);
    if (r->from >= 0) close(r->from);
    r->to = r->from = -1;
    if (r->pid <= 0) return;
    int status;
    kill(r->pid, SIGKILL);
    while (waitpid(r->pid, &status, 0) < 0 && errno == EINTR) continue;
    r->pid = 0;
}

static int spawn(const struct subprocess *work, int in, int out, pid_t *pid) {
    posix_spawn_file_actions_t actions;
    posix_spawnattr_t attributes;
    sigset_t none, usual;
    int failed = posix_spawn_file_actions_init(&actions);
    if (failed) return failed;
    if (posix_spawnattr_init(&attributes) != 0) {
        posix_spawn_file_actions_destroy(&actions);
        return ENOMEM;
    }
    sigemptyset(&none);
    sigemptyset(&usual);
    sigaddset(&usual, SIGTERM);
    sigaddset(&usual, SIGINT);
    sigaddset(&usual, SIGPIPE);
    failed = posix_spawn_file_actions_adddup2(&actions, in, STDIN_FILENO);
    if (!failed) failed = posix_spawn_file_actions_adddup2(&actions, out, STDOUT_FILENO);
    if (!failed) failed = posix_spawnattr_setsigmask(&attributes, &none);
    if (!failed) failed = posix_spawnattr_setsigdefault(&attributes, &usual);
    if (!failed)
        failed = posix_spawnattr_setflags(&attributes,
                                          POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
    char *const *argv = (char *const *)(uintptr_t)work->arguments;
    if (!failed) failed = posix_spawn(pid, "/proc/self/exe", &actions, &attributes, argv, environ);
    posix_spawnattr_destroy(&attributes);
    posix_spawn_file_actions_destroy(&actions);
    return failed;
}

static bool start(const struct subprocess *work, struct running *r, const char **why) {
    int in[2], out[2];
    *why = "no pipe";
    if (pipe2(in, O_CLOEXEC) != 0) return false;
    if (pipe2(out, O_CLOEXEC) != 0) {
        close(in[0]);
        close(in[1]);
        return false;
    }
    int failed = spawn(work, in[0], out[1], &r->pid);
    close(in[0]);
    close(out[1]);
    r->to = in[1];
    r->from = out[0];
    if (failed) {
        r->pid = 0;
        *why = strerrordesc_np(failed);
        return false;
    }
    return fcntl(r->to, F_SETFL, O_NONBLOCK) == 0 && fcntl(r->from, F_SETFL, O_NONBLOCK) == 0;
}

static bool give(struct running *r, const struct subprocess *work, size_t *given) {
    ssize_t n = write(r->to, (const char *)work->input + *given, work->input_len - *given);
    if (n < 0 && errno != EAGAIN && errno != EINTR && errno != EPIPE) return false;
    if (n > 0) *given += (size_t)n;
    if (*given == work->input_len || (n < 0 && errno == EPIPE)) {
        close(r->to);
        r->to = -1;
    }
    return true;
}

/* Returns 1 while more may come, 0 at the end, -1 on too much output or a fault. */
static int take(struct running *r, const struct subprocess *work, struct buf *out, char *piece) {
    ssize_t n = read(r->from, piece, PIECE);
    if (n < 0) return errno == EAGAIN || errno == EINTR ? 1 : -1;
    if ((size_t)n > work->output_max - out->len) return -1;
    buf_add(out, piece, (size_t)n);
    return n > 0;
}

static bool exchange(struct running *r, const struct subprocess *work, struct arena *a,
                     struct buf *out, const char **why) {
    int64_t end_ms = clock_monotonic_ms() + work->deadline_ms;
    char *piece = arena_raw(a, PIECE);
    size_t given = 0;
    for (int more = 1; more;) {
        struct pollfd f[2] = {{.fd = r->from, .events = POLLIN}, {.fd = r->to, .events = POLLOUT}};
        int ready = wait_ready(f, 2, end_ms);
        *why = ready < 0 ? "its pipe broke" : "it took too long";
        if (ready <= 0) return false;
        *why = "its pipe broke";
        if (f[1].revents && !give(r, work, &given)) return false;
        if (!f[0].revents) continue;
        more = take(r, work, out, piece);
        *why = "it said too much";
        if (more < 0) return false;
    }
    return true;
}

/* The child has closed its output: it has a second to end, else it is killed. */
static bool reap(struct running *r, int *status) {
    pid_t done;
    int64_t end_ms = clock_monotonic_ms() + 1000;
    while ((done = waitpid(r->pid, status, WNOHANG)) == 0 && wait_step(500, end_ms)) continue;
    if (done != r->pid) return false;
    r->pid = 0;
    return true;
}

enum err subprocess_run(const struct subprocess *work, struct arena *a, char **output, size_t *len,
                        const char **why) {
    struct running *r = NEW(a, struct running);
    struct buf out;
    int status = 0;
    r->to = r->from = -1;
    buf_init(&out, a);
    arena_defer(a, end_running, r);
    bool fine = start(work, r, why) && exchange(r, work, a, &out, why);
    if (fine && !reap(r, &status)) {
        *why = "it did not end";
        fine = false;
    }
    end_running(r);
    *output = out.data ? out.data : arena_alloc(a, 1);
    *len = out.len;
    if (!fine) return ERR_BUSY;
    if (WIFEXITED(status) && WEXITSTATUS(status) == 0) return OK;
    if (WIFEXITED(status) && WEXITSTATUS(status) == 1) return ERR_INVALID;
    *why = WIFSIGNALED(status) ? arena_printf(a, "it was ended by signal %d", WTERMSIG(status))
                               : arena_printf(a, "it ended with status %d", WEXITSTATUS(status));
    return ERR_BUSY;
}

/* ---- For the child -------------------------------------------------------------------------- */

static void limit(int what, rlim_t most) {
    struct rlimit l;
    if (getrlimit(what, &l) != 0 || l.rlim_max < most) return;
    l.rlim_cur = l.rlim_max = most;
    (void)setrlimit(what, &l);
}

void subprocess_confine(unsigned cpu_s, size_t memory) {
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
    (void)close_range(3, ~0U, 0);
    limit(RLIMIT_CPU, cpu_s);
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
    (void)memory; /* a sanitizer's shadow does not fit under any limit */
#else
    limit(RLIMIT_AS, memory);
#endif
    limit(RLIMIT_CORE, 0);
    limit(RLIMIT_NPROC, 0);
}

char *subprocess_read_input(struct arena *a, size_t max, size_t *len) {
    struct buf in;
    char *piece = arena_raw(a, PIECE);
    buf_init(&in, a);
    for (;;) {
        ssize_t n = read(STDIN_FILENO, piece, PIECE);
        if (n < 0 && errno == EINTR) continue;
        if (n < 0 || (size_t)n > max - in.len) return NULL;
        if (n == 0) break;
        buf_add(&in, piece, (size_t)n);
    }
    *len = in.len;
    return in.data ? in.data : arena_alloc(a, 1);
}

bool subprocess_write_output(const void *bytes, size_t len) {
    return write_whole(STDOUT_FILENO, bytes, len);
}
