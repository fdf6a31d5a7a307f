/* Intercepts recv() and epoll_wait() of libmicrohttpd: functions that the program defines take the
 * place of the C library's, in calls of shared libraries as well.
 *
 * The bytes of requests are checked before the library sees them. It (0.9.75, with every strictness
 * it offers) takes a CR alone and an LF alone for the end of a line, cuts at a NUL, joins folded
 * lines and drops blanks before a colon, and reports none of these. It has no hook between socket
 * and parser, but it reads with recv(). A library that reads or waits in another way is noticed at
 * the first request (http.c, first_call), and nothing is served unchecked. */
#include <errno.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>

#include "base/log.h"
#include "http/connection.h"

#define DRAIN_BYTES ((size_t)256 * 1024)

static const char *reason(enum framing_fault fault) {
    static const char *const reasons[] = {
        [FRAMING_START_LINE] = "no request line",
        [FRAMING_LINE_END] = "a line does not end with CR LF",
        [FRAMING_CONTROL] = "a control character",
        [FRAMING_NAME] = "a field without a name, or with a blank before its colon",
        [FRAMING_FOLD] = "a folded line",
        [FRAMING_LENGTH] = "no clear Content-Length",
        [FRAMING_CODING] = "no clear Transfer-Encoding",
        [FRAMING_HOST] = "no Host, or more than one",
        [FRAMING_VERSION] = "another version of HTTP",
        [FRAMING_LONG] = "a longer address than a request may have",
        [FRAMING_LARGE] = "more fields, cookies or arguments than a request may have",
        [FRAMING_CHUNK] = "a broken chunk",
    };
    return reasons[fault];
}

static const struct {
    int status;
    const char *phrase, *key;
} answers[FRAMING_ANSWERS] = {{400, "Bad Request", "http_framing"},
                              {414, "URI Too Long", "http_target_long"},
                              {431, "Request Header Fields Too Large", "http_fields_large"},
                              {505, "HTTP Version Not Supported", "http_version"}};

static size_t answer_of(enum framing_fault fault) {
    return fault == FRAMING_LONG      ? 1
           : fault == FRAMING_LARGE   ? 2
           : fault == FRAMING_VERSION ? 3
                                      : 0;
}

bool framing_answers_make(struct http *h) {
    struct arena a;
    bool all = true;
    arena_init(&a, 64 * 1024);
    if (ARENA_GUARD(&a) == 0) {
        for (size_t i = 0; i < FRAMING_ANSWERS; i++) {
            const char *text = page_text(h->app->site, "en", answers[i].key, NULL, &a);
            h->framing_answers[i] = strdup(
                arena_printf(&a,
                             "HTTP/1.1 %d %s\r\nContent-Type: text/plain; charset=utf-8\r\n"
                             "Content-Length: %zu\r\n"
                             "Connection: close\r\nCache-Control: no-store\r\n"
                             "X-Content-Type-Options: nosniff\r\n\r\n%s\n",
                             answers[i].status, answers[i].phrase, strlen(text) + 1, text));
        }
    }
    arena_release(&a);
    for (size_t i = 0; i < FRAMING_ANSWERS; i++) all = all && h->framing_answers[i];
    return all;
}

void framing_answers_free(struct http *h) {
    for (size_t i = 0; i < FRAMING_ANSWERS; i++) free(h->framing_answers[i]);
}

/* The library reads only when it has sent all, so no earlier answer is cut. What the client still
 * sends is read and discarded, since closing a socket with unread data would reset the connection
 * and lose the answer. */
static ssize_t refuse(struct peer *p) {
    struct http *h = p->http;
    char rest[4096];
    size_t which = answer_of(p->framing.fault), len = strlen(h->framing_answers[which]);
    if (send(p->fd, h->framing_answers[which], len, MSG_DONTWAIT | MSG_NOSIGNAL) > 0)
        (void)shutdown(p->fd, SHUT_WR);
    for (size_t dropped = 0; dropped < DRAIN_BYTES; dropped += sizeof rest)
        if (recvfrom(p->fd, rest, sizeof rest, MSG_DONTWAIT, NULL, NULL) <= 0) break;
    metrics_answer(&h->metrics, answers[which].status, 0, len);
    struct log_line l;
    log_begin(&l, LOG_INFO, "request");
    log_int(&l, "status", answers[which].status);
    log_text(&l, "error", reason(p->framing.fault));
    log_end(&l);
    errno = ECONNRESET;
    return -1;
}

ssize_t recv(int fd, void *buffer, size_t room, int flags) {
    struct peer *p = peer_of_descriptor(fd);
    if (p && p->framing.fault) return refuse(p);
    ssize_t n = recvfrom(fd, buffer, room, flags, NULL, NULL);
    if (!p || n <= 0) return n;
    size_t fine = framing_read(&p->framing, buffer, (size_t)n);
    if (p->framing.fault && fine == 0) return refuse(p);
    /* The complete requests before it are answered first. The library then reads again and hits the
     * end. */
    if (p->framing.fault) (void)shutdown(fd, SHUT_RD);
    peers_received(p->http->peers, p);
    return (ssize_t)fine;
}

/* ---- Waiting for events --------------------------------------------------------------------- */

static atomic_bool epoll_wait_called;

bool epoll_wait_intercepted(void) { return atomic_load(&epoll_wait_called); }

/* RULE events-at-once: the library takes events 128 at a time. When a call brings exactly as many,
 * it calls again before it has worked on any of them, and that call may wait for as long as a
 * connection may be idle: 128 requests that came together were not answered for half a minute. So
 * a call never brings as many as were asked for; what is left comes with the next one. */
int epoll_wait(int fd, struct epoll_event *events, int most, int timeout_ms) {
    atomic_store_explicit(&epoll_wait_called, true, memory_order_relaxed);
    return epoll_pwait(fd, events, most > 1 ? most - 1 : most, timeout_ms, NULL);
}
