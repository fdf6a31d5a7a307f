/* Messages between the server and a worker. A worker has plain read and write, and little else. */
#include "sandbox/wire.h"

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/wait.h"

bool wire_wait(int fd, short events, int64_t end_ms) {
    struct pollfd f = {.fd = fd, .events = events};
    return wait_ready(&f, 1, end_ms) > 0; /* a hang-up too: the call that follows says so */
}

static bool again(ssize_t n) {
    return n < 0 && (errno == EINTR || errno == EAGAIN || errno == EWOULDBLOCK);
}

static bool write_all(int fd, const char *p, size_t len, int64_t end_ms) {
    bool timed = end_ms != WIRE_NO_DEADLINE;
    while (len) {
        if (timed && !wire_wait(fd, POLLOUT, end_ms)) return false;
        ssize_t n = timed ? send(fd, p, len, MSG_DONTWAIT | MSG_NOSIGNAL) : write(fd, p, len);
        if (again(n)) continue;
        if (n <= 0) return false;
        p += n;
        len -= (size_t)n;
    }
    return true;
}

bool wire_send(int fd, unsigned operation, const void *payload, size_t len, int64_t end_ms) {
    unsigned char head[8];
    if (len > WIRE_MAX) return false;
    for (int i = 0; i < 4; i++) {
        head[i] = (unsigned char)(operation >> (8 * i));
        head[4 + i] = (unsigned char)(len >> (8 * i));
    }
    if (len > 8192)
        return write_all(fd, (const char *)head, sizeof head, end_ms) &&
               write_all(fd, payload, len, end_ms);
    char whole[8 + 8192]; /* small messages in one call */
    memcpy(whole, head, sizeof head);
    if (len) memcpy(whole + sizeof head, payload, len);
    return write_all(fd, whole, sizeof head + len, end_ms);
}

static bool read_all(int fd, char *p, size_t len, int64_t end_ms) {
    bool timed = end_ms != WIRE_NO_DEADLINE;
    while (len) {
        if (timed && !wire_wait(fd, POLLIN, end_ms)) return false;
        ssize_t n = timed ? recv(fd, p, len, MSG_DONTWAIT) : read(fd, p, len);
        if (again(n)) continue;
        if (n <= 0) return false;
        p += n;
        len -= (size_t)n;
    }
    return true;
}

bool wire_receive(int fd, unsigned *operation, char **payload, size_t *len, size_t max,
                  struct arena *a, int64_t end_ms) {
    unsigned char head[8];
    if (!read_all(fd, (char *)head, sizeof head, end_ms)) return false;
    size_t size = 0;
    *operation = 0;
    for (int i = 0; i < 4; i++) {
        *operation |= (unsigned)head[i] << (8 * i);
        size |= (size_t)head[4 + i] << (8 * i);
    }
    if (size > max) return false;
    *payload = arena_alloc(a, size + 1);
    *len = size;
    return read_all(fd, *payload, size, end_ms);
}

bool wire_quiet(int fd) {
    char byte;
    ssize_t n = recv(fd, &byte, 1, MSG_PEEK | MSG_DONTWAIT);
    return n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK);
}
