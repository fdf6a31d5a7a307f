/* Who forks workers. */
#include "lab/sandbox/zygote.h"

#include <errno.h>
#include <fcntl.h>
#include <libxml/parser.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/codec.h"
#include "lab/sandbox/sandbox.h"
#include "lab/sandbox/state.h"
#include "lab/sandbox/worker.h"

struct zygote {
    int fd;
    pid_t pid;
    pthread_mutex_t lock; /* one question at a time */
};

struct reply {
    int status; /* 0, or an errno */
    int descriptors;
};

static bool send_descriptors(int to, const struct reply *reply, const int *fds) {
    union {
        struct cmsghdr align;
        char space[CMSG_SPACE(2 * sizeof(int))];
    } control;
    struct iovec io = {.iov_base = (void *)(uintptr_t)reply, .iov_len = sizeof *reply};
    struct msghdr m = {.msg_iov = &io, .msg_iovlen = 1};
    size_t bytes = (size_t)reply->descriptors * sizeof(int);
    if (bytes) {
        memset(&control, 0, sizeof control);
        m.msg_control = control.space;
        m.msg_controllen = CMSG_SPACE(bytes);
        struct cmsghdr *c = CMSG_FIRSTHDR(&m);
        c->cmsg_level = SOL_SOCKET;
        c->cmsg_type = SCM_RIGHTS;
        c->cmsg_len = CMSG_LEN(bytes);
        memcpy(CMSG_DATA(c), fds, bytes);
    }
    ssize_t n;
    do n = sendmsg(to, &m, MSG_NOSIGNAL);
    while (n < 0 && errno == EINTR);
    return n == (ssize_t)sizeof *reply;
}

static bool receive_descriptors(int from, struct reply *reply, int *fds) {
    union {
        struct cmsghdr align;
        char space[CMSG_SPACE(2 * sizeof(int))];
    } control;
    struct iovec io = {.iov_base = reply, .iov_len = sizeof *reply};
    struct msghdr m = {.msg_iov = &io,
                       .msg_iovlen = 1,
                       .msg_control = control.space,
                       .msg_controllen = sizeof control.space};
    ssize_t n;
    do n = recvmsg(from, &m, MSG_CMSG_CLOEXEC);
    while (n < 0 && errno == EINTR);
    if (n != (ssize_t)sizeof *reply) return false;
    struct cmsghdr *c = CMSG_FIRSTHDR(&m);
    if (reply->descriptors == 0) return true;
    if (!c || c->cmsg_type != SCM_RIGHTS ||
        c->cmsg_len != CMSG_LEN((size_t)reply->descriptors * sizeof(int)))
        return false;
    memcpy(fds, CMSG_DATA(c), (size_t)reply->descriptors * sizeof(int));
    return true;
}

static _Noreturn void become_worker(const struct sandbox *s, int fd, pid_t parent) {
    const char *why;
    /* The parent may have died between fork and the death signal. */
    if (!sandbox_enter(s, fd, &why)) _exit(71);
    (void)parent;
    worker_serve(SANDBOX_FD);
}

static bool answer(int fd, const struct sandbox *s) {
    struct reply reply = {0, 0};
    int ends[2], fds[2];
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) != 0) {
        reply.status = errno;
        return send_descriptors(fd, &reply, fds);
    }
    pid_t parent = getpid(), pid = fork();
    if (pid == 0) become_worker(s, ends[1], parent);
    close(ends[1]);
    if (pid < 0) {
        reply.status = errno;
        close(ends[0]);
        return send_descriptors(fd, &reply, fds);
    }
    fds[reply.descriptors++] = ends[0];
    int pid_fd = (int)syscall(SYS_pidfd_open, pid, 0);
    if (pid_fd >= 0) fds[reply.descriptors++] = pid_fd;
    bool sent = send_descriptors(fd, &reply, fds);
    for (int i = 0; i < reply.descriptors; i++) close(fds[i]);
    return sent;
}

/* Children are reaped between questions, after their descriptor was opened: a number cannot have changed hands. */
static _Noreturn void zygote_main(int fd, const struct sandbox *s) {
    for (;;) {
        struct pollfd p = {.fd = fd, .events = POLLIN};
        int ready = poll(&p, 1, 1000);
        while (waitpid(-1, NULL, WNOHANG) > 0) continue;
        if (ready <= 0) continue;
        char question;
        ssize_t n = recv(fd, &question, 1, 0);
        if (n < 0 && errno == EINTR) continue;
        if (n != 1 || !answer(fd, s)) _exit(0);
    }
}

static void close_others(int fd) {
    for (int i = 3; i < 1024; i++)
        if (i != fd) close(i);
}

struct zygote *zygote_start(const char **why) {
    int ends[2];
    struct sandbox *s = sandbox_prepare(why);
    if (!s) return NULL;
    *why = "Lab workers cannot be started: no process or socket is to be had.";
    struct zygote *z = calloc(1, sizeof *z);
    if (!z || socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) != 0) {
        free(s);
        free(z);
        return NULL;
    }
    pid_t server = getpid();
    z->pid = fork();
    if (z->pid == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
        if (getppid() != server) _exit(0);
        prctl(PR_SET_NAME, "gradus-labs", 0, 0, 0);
        /* Ctrl-C and a stop of the service go to the server; it closes our socket when it is done with runs. */
        signal(SIGINT, SIG_IGN);
        signal(SIGTERM, SIG_IGN);
        signal(SIGPIPE, SIG_IGN);
        close_others(ends[1]);
        setenv("TZ", "UTC0", 1);
        tzset();
        codec_start();
        xmlInitParser();
        state_engine_start();
        zygote_main(ends[1], s);
    }
    free(s);
    close(ends[1]);
    if (z->pid < 0) {
        close(ends[0]);
        free(z);
        return NULL;
    }
    z->fd = ends[0];
    pthread_mutex_init(&z->lock, NULL);
    *why = NULL;
    return z;
}

void zygote_stop(struct zygote *z) {
    if (!z) return;
    close(z->fd);
    kill(z->pid, SIGKILL);
    waitpid(z->pid, NULL, 0);
    pthread_mutex_destroy(&z->lock);
    free(z);
}

enum err zygote_spawn(struct zygote *z, struct worker *out) {
    struct reply reply;
    int fds[2] = {-1, -1};
    pthread_mutex_lock(&z->lock);
    bool fine = send(z->fd, "w", 1, MSG_NOSIGNAL) == 1 && receive_descriptors(z->fd, &reply, fds);
    pthread_mutex_unlock(&z->lock);
    if (!fine) return ERR_IO;
    if (reply.status) return ERR_LIMIT;
    *out = (struct worker){fds[0], reply.descriptors > 1 ? fds[1] : -1};
    return OK;
}

void worker_end(struct worker *w) {
    if (w->pid_fd >= 0) {
        syscall(SYS_pidfd_send_signal, w->pid_fd, SIGKILL, NULL, 0);
        close(w->pid_fd);
    }
    if (w->fd >= 0) close(w->fd);
    *w = (struct worker){-1, -1};
}
