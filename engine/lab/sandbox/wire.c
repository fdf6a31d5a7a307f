/* Messages between the server and a worker. Plain read and write: a worker may call little else. */
#include "lab/sandbox/wire.h"

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"

static bool write_all(int fd, const char *p, size_t len) {
    while (len) {
        ssize_t n = write(fd, p, len);
        if (n < 0 && errno == EINTR) continue;
        if (n <= 0) return false;
        p += n;
        len -= (size_t)n;
    }
    return true;
}

bool wire_send(int fd, unsigned operation, const void *payload, size_t len) {
    unsigned char head[8];
    if (len > WIRE_MAX) return false;
    for (int i = 0; i < 4; i++) {
        head[i] = (unsigned char)(operation >> (8 * i));
        head[4 + i] = (unsigned char)(len >> (8 * i));
    }
    if (len > 8192)
        return write_all(fd, (const char *)head, sizeof head) && write_all(fd, payload, len);
    char whole[8 + 8192]; /* small messages in one call */
    memcpy(whole, head, sizeof head);
    if (len) memcpy(whole + sizeof head, payload, len);
    return write_all(fd, whole, sizeof head + len);
}

static bool read_all(int fd, char *p, size_t len, int64_t end_ms) {
    while (len) {
        if (end_ms >= 0) {
            int64_t left = end_ms - clock_monotonic_ms();
            struct pollfd f = {.fd = fd, .events = POLLIN};
            if (left <= 0 || poll(&f, 1, (int)left) == 0) return false;
        }
        ssize_t n = read(fd, p, len);
        if (n < 0 && errno == EINTR) continue;
        if (n <= 0) return false;
        p += n;
        len -= (size_t)n;
    }
    return true;
}

bool wire_receive(int fd, unsigned *operation, char **payload, size_t *len, struct arena *a,
                  int64_t deadline_ms) {
    unsigned char head[8];
    int64_t end_ms = deadline_ms < 0 ? -1 : clock_monotonic_ms() + deadline_ms;
    if (!read_all(fd, (char *)head, sizeof head, end_ms)) return false;
    size_t size = 0;
    *operation = 0;
    for (int i = 0; i < 4; i++) {
        *operation |= (unsigned)head[i] << (8 * i);
        size |= (size_t)head[4 + i] << (8 * i);
    }
    if (size > WIRE_MAX) return false;
    *payload = arena_alloc(a, size + 1);
    *len = size;
    return read_all(fd, *payload, size, end_ms);
}
