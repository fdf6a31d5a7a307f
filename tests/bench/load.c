/* The load generator: one epoll loop a thread, one request under way a connection. */
#include "bench/load.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "bench/reply.h"

#define RECEIVE_BYTES (64 * 1024)
#define EVENTS 128
#define FAILURE_LIMIT 1000 /* of a thread: after that it gives up */

struct link {
    int fd;
    int index; /* of the connection, over all threads */
    uint64_t number;
    int64_t sent_ns;
    size_t request_len, request_sent;
    char request[LOAD_REQUEST_LIMIT];
    struct reply reply;
};

struct worker {
    const struct load_plan *plan;
    struct link *links;
    int link_count;
    int epoll_fd;
    int64_t count_from_ns, end_ns;
    /* what was measured */
    uint32_t *times_us;
    size_t time_count, time_cap;
    uint64_t bytes, failures;
    char problem[LOAD_PROBLEM_BYTES];
    pthread_t thread;
};

static int64_t now_ns(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

static void fail(struct worker *w, const struct link *l, const char *what) {
    if (w->failures++ == 0)
        snprintf(w->problem, sizeof w->problem, "connection %d, request %llu: %s\n%.400s", l->index,
                 (unsigned long long)l->number, what, l->reply.head_len ? l->reply.head : "");
}

static void keep_time(struct worker *w, int64_t ns) {
    if (w->time_count == w->time_cap) {
        w->time_cap = w->time_cap ? w->time_cap * 2 : 65536;
        w->times_us = realloc(w->times_us, w->time_cap * sizeof *w->times_us);
        if (!w->times_us) abort();
    }
    w->times_us[w->time_count++] = (uint32_t)(ns / 1000);
}

/* ---- One connection ------------------------------------------------------------------------ */

static bool connect_link(struct worker *w, struct link *l) {
    struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons((uint16_t)w->plan->port)};
    to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    int on = 1;
    l->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (l->fd < 0 || connect(l->fd, (struct sockaddr *)&to, sizeof to) != 0) return false;
    setsockopt(l->fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    struct epoll_event e = {.events = EPOLLIN, .data.ptr = l};
    return epoll_ctl(w->epoll_fd, EPOLL_CTL_ADD, l->fd, &e) == 0;
}

/* False: the connection is lost. */
static bool send_request(struct worker *w, struct link *l) {
    while (l->request_sent < l->request_len) {
        ssize_t n = send(l->fd, l->request + l->request_sent, l->request_len - l->request_sent,
                         MSG_NOSIGNAL | MSG_DONTWAIT);
        if (n > 0) {
            l->request_sent += (size_t)n;
            continue;
        }
        if (errno == EINTR) continue;
        if (errno != EAGAIN) return false;
        struct epoll_event e = {.events = EPOLLIN | EPOLLOUT, .data.ptr = l};
        return epoll_ctl(w->epoll_fd, EPOLL_CTL_MOD, l->fd, &e) == 0;
    }
    return true;
}

static bool next_request(struct worker *w, struct link *l) {
    reply_reset(&l->reply);
    l->request_len = w->plan->next(w->plan->context, l->index, l->number, l->request);
    l->request_sent = 0;
    l->number++;
    l->sent_ns = now_ns();
    return send_request(w, l);
}

static void reconnect(struct worker *w, struct link *l, const char *why) {
    if (why) fail(w, l, why);
    close(l->fd);
    if (!connect_link(w, l) || !next_request(w, l)) {
        fail(w, l, "the server takes no more connections");
        w->failures += FAILURE_LIMIT;
    }
}

static void check_answer(struct worker *w, const struct link *l, int64_t ended_ns) {
    const struct load_plan *p = w->plan;
    const struct reply *r = &l->reply;
    char what[128];
    if (r->status != p->status) {
        snprintf(what, sizeof what, "status %d instead of %d", r->status, p->status);
        fail(w, l, what);
    } else if (p->body_max && (r->body_len < p->body_min || r->body_len > p->body_max)) {
        snprintf(what, sizeof what, "%zu bytes instead of %zu to %zu", r->body_len, p->body_min,
                 p->body_max);
        fail(w, l, what);
    } else if (ended_ns >= w->count_from_ns && ended_ns < w->end_ns) {
        keep_time(w, ended_ns - l->sent_ns);
        w->bytes += r->body_len;
    }
}

static void receive(struct worker *w, struct link *l, char *buffer) {
    for (;;) {
        ssize_t n = recv(l->fd, buffer, RECEIVE_BYTES, MSG_DONTWAIT);
        if (n < 0 && errno == EINTR) continue;
        if (n < 0 && errno == EAGAIN) return;
        if (n <= 0) {
            reconnect(w, l, n == 0 ? "the server closed the connection" : strerror(errno));
            return;
        }
        size_t used = reply_feed(&l->reply, buffer, (size_t)n);
        if (l->reply.state == REPLY_BROKEN) {
            reconnect(w, l, l->reply.why);
            return;
        }
        if (l->reply.state == REPLY_DONE) {
            if (used < (size_t)n) {
                reconnect(w, l, "more bytes than the answer has");
                return;
            }
            int64_t now = now_ns();
            check_answer(w, l, now);
            if (now >= w->end_ns) {
                epoll_ctl(w->epoll_fd, EPOLL_CTL_DEL, l->fd, NULL);
                l->request_len = 0;
            } else if (l->reply.closes || !next_request(w, l)) {
                reconnect(w, l,
                          l->reply.closes ? "the server does not keep the connection"
                                          : "cannot send");
            }
            return;
        }
        if (n < RECEIVE_BYTES) return; /* the rest is still on its way: epoll tells */
    }
}

/* ---- One thread ---------------------------------------------------------------------------- */

static int still_running(const struct worker *w) {
    int n = 0;
    for (int i = 0; i < w->link_count; i++) n += w->links[i].request_len != 0;
    return n;
}

static void *run(void *arg) {
    struct worker *w = arg;
    struct epoll_event events[EVENTS];
    char *buffer = malloc(RECEIVE_BYTES);
    if (!buffer) abort();
    for (int i = 0; i < w->link_count; i++)
        if (!next_request(w, &w->links[i])) reconnect(w, &w->links[i], "cannot send");
    /* Requests under way at the end are waited for: an answer that never comes is a failure, not
     * silence. */
    const int64_t give_up_ns = w->end_ns + 10 * (int64_t)1000000000;
    while (w->failures < FAILURE_LIMIT && (now_ns() < w->end_ns || still_running(w))) {
        if (now_ns() > give_up_ns) {
            for (int i = 0; i < w->link_count; i++)
                if (w->links[i].request_len) fail(w, &w->links[i], "no answer within ten seconds");
            break;
        }
        int n = epoll_wait(w->epoll_fd, events, EVENTS, 100);
        for (int i = 0; i < n; i++) {
            struct link *l = events[i].data.ptr;
            if (events[i].events & EPOLLOUT) {
                struct epoll_event e = {.events = EPOLLIN, .data.ptr = l};
                epoll_ctl(w->epoll_fd, EPOLL_CTL_MOD, l->fd, &e);
                if (!send_request(w, l)) {
                    reconnect(w, l, "cannot send");
                    continue;
                }
            }
            receive(w, l, buffer);
        }
    }
    free(buffer);
    return NULL;
}

static bool prepare(struct worker *w, const struct load_plan *plan, int first, int count) {
    *w = (struct worker){.plan = plan, .link_count = count};
    w->links = calloc((size_t)count, sizeof *w->links);
    w->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
    if (!w->links || w->epoll_fd < 0) return false;
    for (int i = 0; i < count; i++) w->links[i].fd = -1;
    for (int i = 0; i < count; i++) {
        struct link *l = &w->links[i];
        l->index = first + i;
        if (plan->first_number) l->number = plan->first_number[l->index];
        if (!connect_link(w, l)) {
            fail(w, l, strerror(errno));
            return false;
        }
    }
    return true;
}

static void release(struct worker *w) {
    for (int i = 0; w->links && i < w->link_count; i++) {
        if (w->plan->numbers) w->plan->numbers[w->links[i].index] = w->links[i].number;
        if (w->links[i].fd >= 0) close(w->links[i].fd);
    }
    if (w->epoll_fd >= 0) close(w->epoll_fd);
    free(w->links);
    free(w->times_us);
}

/* ---- All of them --------------------------------------------------------------------------- */

static int by_value(const void *a, const void *b) {
    uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;
    return (x > y) - (x < y);
}

static void sum_up(const struct worker *workers, int count, struct load_result *out) {
    size_t total = 0;
    uint64_t bytes = 0;
    for (int i = 0; i < count; i++) {
        total += workers[i].time_count;
        bytes += workers[i].bytes;
        if (workers[i].failures && !out->failures)
            memcpy(out->problem, workers[i].problem, sizeof out->problem);
        out->failures += workers[i].failures;
    }
    out->answers = total;
    if (!total) {
        if (!out->failures++)
            snprintf(out->problem, sizeof out->problem, "no answer in the measured time");
        return;
    }
    uint32_t *all = malloc(total * sizeof *all);
    if (!all) abort();
    size_t n = 0;
    for (int i = 0; i < count; i++) {
        if (workers[i].time_count)
            memcpy(all + n, workers[i].times_us, workers[i].time_count * sizeof *all);
        n += workers[i].time_count;
    }
    qsort(all, total, sizeof *all, by_value);
    out->p50_us = all[total / 2];
    out->p99_us = all[total - 1 - total / 100];
    out->max_us = all[total - 1];
    out->per_second = (double)total * 1000 / (double)workers[0].plan->measure_ms;
    out->body_bytes = (double)bytes / (double)total;
    free(all);
}

bool load_run(const struct load_plan *plan, struct load_result *out) {
    memset(out, 0, sizeof *out);
    int threads = plan->threads > 0 ? plan->threads : 1, made = 0;
    if (threads > plan->connections) threads = plan->connections;
    struct worker *workers = calloc((size_t)threads, sizeof *workers);
    if (!workers) abort();
    bool ready = true;
    for (int i = 0, first = 0; i < threads && ready; i++, made++) {
        int count = plan->connections / threads + (i < plan->connections % threads);
        ready = prepare(&workers[i], plan, first, count);
        first += count;
    }
    int64_t start = now_ns();
    for (int i = 0; i < made && ready; i++) {
        workers[i].count_from_ns = start + plan->warm_up_ms * 1000000;
        workers[i].end_ns = workers[i].count_from_ns + plan->measure_ms * 1000000;
        if (pthread_create(&workers[i].thread, NULL, run, &workers[i]) != 0) abort();
    }
    for (int i = 0; i < made && ready; i++) pthread_join(workers[i].thread, NULL);
    sum_up(workers, made, out);
    for (int i = 0; i < made; i++) release(&workers[i]);
    free(workers);
    return ready && out->failures == 0;
}
