/* The zygote: a process with one thread that forks a worker whenever it is asked for one. */
#include "sandbox/zygote.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "sandbox/passing.h"
#include "sandbox/worker.h"

/* Should the zygote have died before jail_enter ties the worker to it, the socket has no other end,
 * and the worker ends with that. */
static _Noreturn void become_worker(const struct jail *s, int fd) {
    const char *why;
    if (!jail_enter(s, fd, &why)) _exit(71);
    worker_serve(JAIL_FD);
}

static bool answer_trial(int fd, const struct jail *s) {
    struct reply reply = {0, 0, fork()};
    const char *why;
    int status = 0, fds[2], null = reply.pid == 0 ? open("/dev/null", O_RDWR | O_CLOEXEC) : -1;
    if (reply.pid == 0) _exit(jail_enter(s, null, &why) ? 0 : 71);
    if (reply.pid < 0) reply.status = errno;
    else if (waitpid(reply.pid, &status, 0) != reply.pid || status != 0)
        reply.status = PASSING_NOT_JAILED;
    return passing_send(fd, &reply, fds);
}

static bool answer(int fd, const struct jail *s) {
    struct reply reply = {0, 0, 0};
    int ends[2], fds[2];
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) != 0) {
        reply.status = errno;
        return passing_send(fd, &reply, fds);
    }
    reply.pid = fork();
    if (reply.pid == 0) become_worker(s, ends[1]);
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

static void child_ended(int number) { (void)number; }

/* Children are reaped as soon as they end, but between questions, after their descriptor was
 * opened: a number cannot have changed hands. At the end the server has ended all of them, and
 * nobody else reaps them. */
_Noreturn void zygote_main(int fd, const struct jail *s) {
    sigset_t none, child;
    sigemptyset(&none);
    sigemptyset(&child);
    sigaddset(&child, SIGCHLD);
    signal(SIGCHLD, child_ended);
    sigprocmask(SIG_BLOCK, &child, &none);
    for (;;) {
        struct pollfd p = {.fd = fd, .events = POLLIN};
        while (waitpid(-1, NULL, WNOHANG) > 0) continue;
        if (ppoll(&p, 1, NULL, &none) <= 0) continue;
        char question = PASSING_WORKER;
        ssize_t n = recv(fd, &question, 1, 0);
        if (n < 0 && errno == EINTR) continue;
        bool (*answered)(int, const struct jail *) = question == PASSING_TRIAL ? answer_trial
                                                                               : answer;
        if (n != 1 || !answered(fd, s)) break;
    }
    while (wait(NULL) > 0 || errno == EINTR) continue;
    _exit(0);
}
