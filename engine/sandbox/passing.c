/* Passes file descriptors through a socket (SCM_RIGHTS). */
#include "sandbox/passing.h"

#include <errno.h>
#include <poll.h>
#include <stdint.h>
#include <string.h>
#include <sys/socket.h>

#include "base/clock.h"
#include "sandbox/wire.h"

bool passing_send(int to, const struct reply *reply, const int fds[2]) {
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

bool passing_receive(int from, struct reply *reply, int fds[2]) {
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
    do n = recvmsg(from, &m, MSG_CMSG_CLOEXEC | MSG_DONTWAIT);
    while (n < 0 && errno == EINTR);
    if (n != (ssize_t)sizeof *reply || reply->descriptors < 0 || reply->descriptors > 2)
        return false;
    struct cmsghdr *c = CMSG_FIRSTHDR(&m);
    if (reply->descriptors == 0) return true;
    if (!c || c->cmsg_type != SCM_RIGHTS ||
        c->cmsg_len != CMSG_LEN((size_t)reply->descriptors * sizeof(int)))
        return false;
    memcpy(fds, CMSG_DATA(c), (size_t)reply->descriptors * sizeof(int));
    return true;
}

enum err passing_ask(int fd, const void *question, size_t len, int deadline_ms, struct reply *reply,
                     int fds[2]) {
    int64_t end_ms = clock_monotonic_ms() + deadline_ms;
    fds[0] = fds[1] = -1;
    if (!wire_wait(fd, POLLOUT, end_ms) ||
        send(fd, question, len, MSG_NOSIGNAL | MSG_DONTWAIT) != (ssize_t)len ||
        !wire_wait(fd, POLLIN, end_ms) || !passing_receive(fd, reply, fds))
        return ERR_IO;
    return OK;
}

enum err passing_made(const struct reply *reply) {
    return !reply->status ? OK : reply->status == PASSING_NOT_JAILED ? ERR_IO : ERR_LIMIT;
}
