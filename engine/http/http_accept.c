/* Accepting connections: one thread accepts and hands each connection to the event loop that has
 * the fewest. In the library's own pool whichever thread wakes first would accept all that wait, so
 * that after a rush one thread works and the others sleep. */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"
#include "http/connection.h"

#define BACKLOG 4096
/* How long to pause without a free descriptor, or when no connection can be evicted; the kernel
 * queues new ones meanwhile. After an eviction a place is free soon. */
#define PAUSE_MS 20
#define EVICTED_PAUSE_MS 2
#define EVICT_AT_ONCE 64 /* connections, at most, in one round */
#define TAKEN_UP_MS 5000

struct acceptor {
    struct http *http;
    pthread_t thread;
    int next;            /* index of an event loop: those with equally many take turns */
    int64_t handed_ms;   /* when the last connection was handed over */
    int listening, stop; /* stop: an eventfd */
};

bool address_read(const char *listen_on, int port, struct sockaddr_storage *out) {
    memset(out, 0, sizeof *out);
    struct sockaddr_in *four = (struct sockaddr_in *)out;
    struct sockaddr_in6 *six = (struct sockaddr_in6 *)out;
    if (inet_pton(AF_INET, listen_on, &four->sin_addr) == 1) {
        four->sin_family = AF_INET;
        four->sin_port = htons((uint16_t)port);
        return true;
    }
    if (inet_pton(AF_INET6, listen_on, &six->sin6_addr) == 1) {
        six->sin6_family = AF_INET6;
        six->sin6_port = htons((uint16_t)port);
        return true;
    }
    return false;
}

/* With those that were handed to the event loop and not taken up yet. */
static long connections_of(struct event_loop *loop) {
    long taken = loop->taken;
    if (loop->handed < taken) loop->handed = taken; /* some were late, and forgotten too early */
    return loop->connections + loop->handed - taken;
}

static struct event_loop *least_busy(struct acceptor *a) {
    struct http *h = a->http;
    struct event_loop *best = &h->loops[a->next = (a->next + 1) % h->loop_count];
    for (int i = 1; i < h->loop_count; i++) {
        struct event_loop *other = &h->loops[(a->next + i) % h->loop_count];
        if (connections_of(other) < connections_of(best)) best = other;
    }
    return best;
}

/* The library drops a connection without a word when it has no memory for it: what has not been
 * taken up for so long never will be. */
static void forget_dropped(struct acceptor *a) {
    if (clock_monotonic_ms() - a->handed_ms < TAKEN_UP_MS) return;
    for (int i = 0; i < a->http->loop_count; i++)
        a->http->loops[i].handed = a->http->loops[i].taken;
}

static long all_connections(struct acceptor *a) {
    struct http *h = a->http;
    long n = 0;
    for (int i = 0; i < h->loop_count; i++) n += connections_of(&h->loops[i]);
    return n;
}

static bool hand_over(struct acceptor *a, int fd, const struct sockaddr *from, socklen_t len) {
    struct event_loop *loop = least_busy(a);
    a->handed_ms = clock_monotonic_ms();
    loop->handed++;
    if (MHD_add_connection(loop->daemon, fd, from, len) == MHD_YES) return true;
    loop->handed--; /* the library has closed it */
    return false;
}

/* RULE connections-exact: those that an event loop has not taken up yet count as well, so that a
 * burst brings no more connections than there may be. (At a limit of its own the library, 0.9.75,
 * returns with a lock held, and the event loop stands still for good: its limit is never
 * reached.) */
static bool has_room(struct acceptor *a) {
    if (all_connections(a) < a->http->connections_max) return true;
    forget_dropped(a);
    return all_connections(a) < a->http->connections_max;
}

/* Accepts all waiting connections. Returns for how many ms there is no room for more; 0 when all
 * were accepted. */
static int accept_waiting(struct acceptor *a) {
    struct sockaddr_storage from;
    for (;;) {
        socklen_t len = sizeof from;
        if (!has_room(a))
            return peers_make_room(a->http->peers, EVICT_AT_ONCE) ? EVICTED_PAUSE_MS : PAUSE_MS;
        int fd = accept4(a->listening, (struct sockaddr *)&from, &len,
                         SOCK_NONBLOCK | SOCK_CLOEXEC);
        if (fd < 0) {
            if (errno == EINTR || errno == ECONNABORTED) continue;
            return errno != EAGAIN ? PAUSE_MS : 0;
        }
        if (!hand_over(a, fd, (struct sockaddr *)&from, len)) return PAUSE_MS;
    }
}

static void *accept_all(void *arg) {
    struct acceptor *a = arg;
    int pause_ms = 0;
    for (;;) {
        struct pollfd fds[] = {{.fd = a->stop, .events = POLLIN},
                               {.fd = pause_ms ? -1 : a->listening, .events = POLLIN}};
        int n = poll(fds, 2, pause_ms ? pause_ms : -1);
        if (fds[0].revents) return NULL;
        if (n >= 0 || errno == EINTR) pause_ms = accept_waiting(a);
    }
}

int listen_at(const struct sockaddr_storage *address) {
    const int on = 1;
    bool six = address->ss_family == AF_INET6;
    int fd = socket(address->ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0) return -1;
    socklen_t len = six ? sizeof(struct sockaddr_in6) : sizeof(struct sockaddr_in);
    if (setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) == 0 &&
        (!six || setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof on) == 0) &&
        bind(fd, (const struct sockaddr *)address, len) == 0 && listen(fd, BACKLOG) == 0)
        return fd;
    int why = errno;
    close(fd);
    errno = why;
    return -1;
}

struct acceptor *acceptor_start(struct http *h, int listening) {
    struct acceptor *a = calloc(1, sizeof *a);
    if (!a) return NULL;
    a->http = h;
    a->listening = listening;
    a->stop = eventfd(0, EFD_CLOEXEC);
    if (a->stop >= 0) {
        errno = pthread_create(&a->thread, NULL, accept_all, a);
        if (errno == 0) return a;
        close(a->stop);
    }
    free(a);
    return NULL;
}

int acceptor_port(struct acceptor *a) {
    struct sockaddr_storage at;
    socklen_t len = sizeof at;
    if (getsockname(a->listening, (struct sockaddr *)&at, &len) != 0) return 0;
    return ntohs(at.ss_family == AF_INET6 ? ((struct sockaddr_in6 *)&at)->sin6_port
                                          : ((struct sockaddr_in *)&at)->sin_port);
}

void acceptor_stop(struct acceptor *a) {
    if (!a) return;
    const uint64_t one = 1;
    while (write(a->stop, &one, sizeof one) < 0 && errno == EINTR) continue;
    pthread_join(a->thread, NULL);
    close(a->listening);
    close(a->stop);
    free(a);
}
