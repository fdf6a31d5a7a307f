/* The zygote: a process with one thread that forks a template whenever it is asked for one, and the
 * templates, which fork workers. */
#include "sandbox/zygote.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <malloc.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/last_words.h"
#include "sandbox/passing.h"
#include "sandbox/wire.h"
#include "sandbox/worker.h"

#define BOOT_ARENA_BYTES ((size_t)192 * 1024 * 1024)

/* The filter ends whoever writes to standard error. */
static void end_silently(bool memory) { _exit(memory ? PASSING_EXIT_MEMORY : PASSING_EXIT_BUG); }

/* Should the template have died before jail_enter ties the worker to it, the socket has no other
 * end, and the worker ends with that. */
static _Noreturn void become_worker(const struct jail *s, int fd, struct lab_state *state) {
    const char *why;
    if (!jail_enter(s, fd, &why)) _exit(71);
    err_end_silently = end_silently;
    worker_serve(JAIL_FD, state);
}

/* "crm=a,map=b\n" and the pack. */
static struct lab_state *boot(char *payload, size_t len, struct arena *a, const char **why) {
    char *line = memchr(payload, '\n', len);
    *why = "The template was not told what to load.";
    if (!line) return NULL;
    *line = '\0';
    struct lab_state *s = state_new(line + 1, len - (size_t)(line + 1 - payload), payload, 0, a,
                                    why);
    if (s) state_prepare(s, a);
    return s;
}

/* A worker that writes into a hole between things that it shares copies their page. So the holes
 * are filled here, never to be freed, and what workers need comes from the end of the heap. */
static void fill_heap(void) {
#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
    char *end = malloc(64 * 1024);
    for (size_t size = 32 * 1024; end && size >= 24; size -= size > 64 ? size / 4 : 8)
        for (char *p; (p = malloc(size)) != NULL;)
            if (p >= end) {
                free(p);
                break;
            }
    free(end);
#endif
}

/* Loads what all runs of one version and choice share, and forks workers that have it in memory. It
 * is not confined, as the zygote is not: it reads what authors wrote, and nothing of a learner. */
static _Noreturn void become_template(const struct jail *s, int fd) {
    struct arena a;
    unsigned operation;
    char *payload;
    size_t len;
    const char *why;
    prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
    if (dup2(fd, SANDBOX_FD) != SANDBOX_FD) _exit(72);
    syscall(SYS_close_range, (unsigned)SANDBOX_FD + 1, ~0u, 0u);
    arena_init(&a, BOOT_ARENA_BYTES);
    if (!wire_receive(SANDBOX_FD, &operation, &payload, &len, WIRE_MAX, &a, WIRE_NO_DEADLINE) ||
        operation != WIRE_BOOT)
        _exit(72);
    struct lab_state *state = boot(payload, len, &a, &why);
    if (!wire_send(SANDBOX_FD, state ? WIRE_FINE : WIRE_FAILED, state ? "" : why,
                   state ? 0 : strlen(why), WIRE_NO_DEADLINE) ||
        !state)
        _exit(0);
    /* What is free here would be written, and so copied, by each worker. */
    arena_release(&a);
    arena_forget_spare();
    malloc_trim(0);
    fill_heap();
    zygote_main(SANDBOX_FD, s, state);
}

static bool answer_trial(int fd, const struct jail *s, struct lab_state *state) {
    (void)state;
    struct reply reply = {0, 0, fork()};
    const char *why;
    int status = 0, fds[2], null = reply.pid == 0 ? open("/dev/null", O_RDWR | O_CLOEXEC) : -1;
    if (reply.pid == 0) _exit(jail_enter(s, null, &why) ? 0 : 71);
    if (reply.pid < 0) reply.status = errno;
    else if (waitpid(reply.pid, &status, 0) != reply.pid || status != 0)
        reply.status = PASSING_NOT_JAILED;
    return passing_send(fd, &reply, fds);
}

/* A zygote makes templates, a template workers. */
static bool answer(int fd, const struct jail *s, struct lab_state *state) {
    struct reply reply = {0, 0, 0};
    int ends[2], fds[2];
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) != 0) {
        reply.status = errno;
        return passing_send(fd, &reply, fds);
    }
    reply.pid = fork();
    if (reply.pid == 0 && state) become_worker(s, ends[1], state);
    if (reply.pid == 0) become_template(s, ends[1]);
    close(ends[1]);
    if (reply.pid < 0) {
        reply.status = errno;
        close(ends[0]);
        return passing_send(fd, &reply, fds);
    }
    fds[reply.descriptors++] = ends[0];
    int pid_fd = (int)syscall(SYS_pidfd_open, reply.pid, 0);
    if (pid_fd >= 0) fds[reply.descriptors++] = pid_fd;
    bool sent = passing_send(fd, &reply, fds);
    for (int i = 0; i < reply.descriptors; i++) close(fds[i]);
    return sent;
}

/* ---- How workers ended ----------------------------------------------------------------------- */
#define ENDED_KEPT 64
#define ENDING_MS 500 /* a worker whose socket has closed is about to end */

static struct {
    pid_t pid;
    int status;
} ended[ENDED_KEPT];
static unsigned ended_next;

static bool reap(pid_t pid) {
    int status;
    pid_t gone = waitpid(pid, &status, WNOHANG);
    if (gone <= 0) return false;
    ended[ended_next % ENDED_KEPT].pid = gone;
    ended[ended_next++ % ENDED_KEPT].status = status;
    return true;
}

static bool answer_cause(int fd) {
    struct reply reply = {0, 0, 0};
    int pid, fds[2];
    if (recv(fd, &pid, sizeof pid, MSG_WAITALL) != sizeof pid) return false;
    for (int ms = 0; ms < ENDING_MS && kill(pid, 0) == 0 && !reap(pid); ms++) usleep(1000);
    for (unsigned k = ENDED_KEPT; k > 0; k--) { /* the newest last: numbers come again */
        unsigned i = (ended_next - k) % ENDED_KEPT;
        if (ended[i].pid == pid) reply = (struct reply){ended[i].status, 0, pid};
    }
    return passing_send(fd, &reply, fds);
}

static void child_ended(int number) { (void)number; }

/* Children are reaped as soon as they end, but between questions, after their descriptor was
 * opened: a number cannot have changed hands. At the end the server has ended all of them, and
 * nobody else reaps them. */
_Noreturn void zygote_main(int fd, const struct jail *s, struct lab_state *state) {
    sigset_t none, child;
    sigemptyset(&none);
    sigemptyset(&child);
    sigaddset(&child, SIGCHLD);
    signal(SIGCHLD, child_ended);
    sigprocmask(SIG_BLOCK, &child, &none);
    sigdelset(&none, SIGCHLD); /* a template has it blocked from the zygote */
    for (;;) {
        struct pollfd p = {.fd = fd, .events = POLLIN};
        while (reap(-1)) continue;
        if (ppoll(&p, 1, NULL, &none) <= 0) continue;
        char question = PASSING_MAKE;
        ssize_t n = recv(fd, &question, 1, 0);
        if (n < 0 && errno == EINTR) continue;
        if (n == 1 && state && question == PASSING_CAUSE) {
            if (answer_cause(fd)) continue;
            break;
        }
        bool (*answered)(int, const struct jail *,
                         struct lab_state *) = question == PASSING_TRIAL ? answer_trial : answer;
        if (n != 1 || !answered(fd, s, state)) break;
    }
    while (wait(NULL) > 0 || errno == EINTR) continue;
    _exit(0);
}
