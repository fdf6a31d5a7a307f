/* A scripted browser. */
#include "bench/client.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

#define ANSWER_TIMEOUT_S 60
#define HEAD_BYTES 8192

static int64_t now_us(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000000 + t.tv_nsec / 1000;
}

static void keep_body(void *context, const char *bytes, size_t len) {
    struct client *c = context;
    if (c->body_len + len + 1 > c->body_cap) {
        c->body_cap = (c->body_len + len + 1) * 2;
        c->body = realloc(c->body, c->body_cap);
        if (!c->body) abort();
    }
    memcpy(c->body + c->body_len, bytes, len);
    c->body_len += len;
    c->body[c->body_len] = '\0';
}

void client_init(struct client *c, int port) {
    memset(c, 0, sizeof *c);
    c->port = port;
    c->fd = -1;
    c->reply.sink = keep_body;
    c->reply.context = c;
    keep_body(c, "", 0);
}

void client_release(struct client *c) {
    if (c->fd >= 0) close(c->fd);
    free(c->body);
    c->fd = -1;
    c->body = NULL;
}

__attribute__((format(printf, 2, 3))) static bool problem(struct client *c, const char *format,
                                                          ...) {
    va_list args;
    va_start(args, format);
    vsnprintf(c->problem, sizeof c->problem, format, args);
    va_end(args);
    return false;
}

bool text_between(const char *text, const char *before, const char *end, char *out, size_t cap) {
    const char *from = strstr(text, before);
    if (!from) return false;
    from += strlen(before);
    const char *to = strstr(from, end);
    if (!to || (size_t)(to - from) >= cap) return false;
    snprintf(out, cap, "%.*s", (int)(to - from), from);
    return true;
}

/* ---- Cookies ------------------------------------------------------------------------------- */

static void take_cookie(struct client *c, const char *line) {
    size_t name_len = strcspn(line, "="), value_len = strcspn(line + name_len, ";");
    if (!line[name_len] || name_len >= sizeof c->cookie_name[0] ||
        value_len >= sizeof c->cookie_value[0])
        return;
    int at = 0;
    while (at < c->cookie_count &&
           (strncmp(c->cookie_name[at], line, name_len) != 0 || c->cookie_name[at][name_len]))
        at++;
    if (at == CLIENT_COOKIES) return;
    if (at == c->cookie_count) c->cookie_count++;
    snprintf(c->cookie_name[at], sizeof c->cookie_name[at], "%.*s", (int)name_len, line);
    snprintf(c->cookie_value[at], sizeof c->cookie_value[at], "%.*s", (int)value_len - 1,
             line + name_len + 1);
}

static void take_cookies(struct client *c) {
    char line[512];
    for (int i = 0; reply_header(&c->reply, "Set-Cookie", i, line, sizeof line); i++)
        take_cookie(c, line);
}

size_t client_cookie_line(const struct client *c, char *out, size_t cap) {
    size_t n = 0;
    if (cap) out[0] = '\0';
    for (int i = 0; i < c->cookie_count; i++)
        n += (size_t)snprintf(out + n, cap - n, "%s%s=%s", i ? "; " : "Cookie: ", c->cookie_name[i],
                              c->cookie_value[i]);
    if (n) n += (size_t)snprintf(out + n, cap - n, "\r\n");
    return n;
}

/* ---- One request --------------------------------------------------------------------------- */

static bool connect_client(struct client *c) {
    struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons((uint16_t)c->port)};
    struct timeval timeout = {.tv_sec = ANSWER_TIMEOUT_S};
    int on = 1;
    to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    c->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (c->fd < 0 || connect(c->fd, (struct sockaddr *)&to, sizeof to) != 0) {
        problem(c, "port %d: %s", c->port, strerror(errno));
        if (c->fd >= 0) close(c->fd);
        c->fd = -1;
        return false;
    }
    setsockopt(c->fd, SOL_SOCKET, SO_RCVTIMEO, &timeout, sizeof timeout);
    setsockopt(c->fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    return true;
}

static bool send_all(int fd, const char *bytes, size_t len) {
    while (len) {
        ssize_t n = send(fd, bytes, len, MSG_NOSIGNAL);
        if (n < 0 && errno == EINTR) continue;
        if (n <= 0) return false;
        bytes += n;
        len -= (size_t)n;
    }
    return true;
}

static bool receive_answer(struct client *c) {
    char buffer[16384];
    reply_reset(&c->reply);
    c->body_len = 0;
    c->body[0] = '\0';
    while (c->reply.state != REPLY_DONE) {
        ssize_t n = recv(c->fd, buffer, sizeof buffer, 0);
        if (n < 0 && errno == EINTR) continue;
        if (n <= 0)
            return problem(c, "%s", n ? strerror(errno) : "the server closed the connection");
        reply_feed(&c->reply, buffer, (size_t)n);
        if (c->reply.state == REPLY_BROKEN) return problem(c, "%s", c->reply.why);
    }
    return true;
}

static bool exchange(struct client *c, const char *head, size_t head_len, const char *body,
                     size_t body_len) {
    if (c->fd < 0 && !connect_client(c)) return false;
    if (!send_all(c->fd, head, head_len) || !send_all(c->fd, body, body_len))
        return problem(c, "cannot send: %s", strerror(errno));
    return receive_answer(c);
}

bool client_send(struct client *c, const char *method, const char *path, const char *extra,
                 const char *type, const char *body) {
    char head[HEAD_BYTES], cookies[CLIENT_COOKIES * 330];
    size_t body_len = body ? strlen(body) : 0;
    client_cookie_line(c, cookies, sizeof cookies);
    int n = snprintf(head, sizeof head, "%s %s HTTP/1.1\r\nHost: 127.0.0.1:%d\r\n%s%s", method,
                     path, c->port, cookies, extra ? extra : "");
    if (type) n += snprintf(head + n, sizeof head - (size_t)n, "Content-Type: %s\r\n", type);
    if (body) n += snprintf(head + n, sizeof head - (size_t)n, "Content-Length: %zu\r\n", body_len);
    if (strcmp(method, "GET") != 0 && c->csrf[0])
        n += snprintf(head + n, sizeof head - (size_t)n, "X-CSRF-Token: %s\r\n", c->csrf);
    n += snprintf(head + n, sizeof head - (size_t)n, "\r\n");
    reply_reset(&c->reply);
    int64_t began = now_us();
    bool reused = c->fd >= 0, ok = exchange(c, head, (size_t)n, body ? body : "", body_len);
    if (!ok && reused &&
        c->reply.head_len == 0) { /* an idle connection that the server had closed */
        close(c->fd);
        c->fd = -1;
        began = now_us();
        ok = exchange(c, head, (size_t)n, body ? body : "", body_len);
    }
    c->took_us = now_us() - began;
    if ((!ok || c->reply.closes) && c->fd >= 0) {
        close(c->fd);
        c->fd = -1;
    }
    if (!ok) return false;
    take_cookies(c);
    char token[sizeof c->csrf];
    if (text_between(c->body, "name=\"csrf\" value=\"", "\"", token, sizeof token) ||
        text_between(c->body, "name=\"csrf\" content=\"", "\"", token, sizeof token))
        memcpy(c->csrf, token, sizeof token);
    return true;
}

static bool with_status(struct client *c, const char *method, const char *path, int status) {
    return c->reply.status == status || problem(c, "%s %s: status %d instead of %d\n%.200s", method,
                                                path, c->reply.status, status, c->body);
}

bool client_get(struct client *c, const char *path, int status) {
    return client_send(c, "GET", path, NULL, NULL, NULL) && with_status(c, "GET", path, status);
}

bool client_post(struct client *c, const char *path, const char *fields, int status) {
    return client_send(c, "POST", path, NULL, "application/x-www-form-urlencoded", fields) &&
           with_status(c, "POST", path, status);
}

const char *client_location(struct client *c, char *out, size_t cap) {
    out[0] = '\0';
    reply_header(&c->reply, "Location", 0, out, cap);
    return out;
}

bool client_sign_in(struct client *c, const char *login, const char *password) {
    char fields[512];
    if (!client_get(c, "/login", 200)) return false;
    if (!c->csrf[0]) return problem(c, "the sign-in page has no form with a token");
    snprintf(fields, sizeof fields, "login=%s&password=%s", login, password);
    return client_post(c, "/login", fields, 303);
}
