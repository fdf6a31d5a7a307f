/* A scripted browser: one keep-alive connection, a cookie jar, forms. For what happens before and
 * between measurements: signing in, starting attempts and runs. */
#ifndef GR_BENCH_CLIENT_H
#define GR_BENCH_CLIENT_H

#include "bench/reply.h"

#define CLIENT_COOKIES 8

struct client {
    int port, fd; /* fd -1: not connected */
    char cookie_name[CLIENT_COOKIES][64], cookie_value[CLIENT_COOKIES][256];
    int cookie_count;
    char csrf[128];     /* of the last page that had one; sent with each change */
    struct reply reply; /* of the last answer */
    char *body;         /* of the last answer, NUL-terminated; owned */
    size_t body_len, body_cap;
    int64_t took_us; /* the last request */
    char problem[512];
};

void client_init(struct client *c, int port);
void client_release(struct client *c);

/* One request; redirects are not followed. False (with `problem`) when no whole answer came. `type`
 * and `body` NULL: none. `extra` are further header lines, each with CR LF, or NULL. */
bool client_send(struct client *c, const char *method, const char *path, const char *extra,
                 const char *type, const char *body);
/* The same, and the answer must have that status. */
bool client_get(struct client *c, const char *path, int status);
/* A form with the page's CSRF token; `fields` is urlencoded. */
bool client_post(struct client *c, const char *path, const char *fields, int status);
/* Where the last answer redirects to; "" when nowhere. */
const char *client_location(struct client *c, char *out, size_t cap);
/* Signs in through the form. */
bool client_sign_in(struct client *c, const char *login, const char *password);

/* The Cookie line that this client sends, with CR LF; "" without cookies. */
size_t client_cookie_line(const struct client *c, char *out, size_t cap);
/* What stands in `text` between `before` and the next `end`; false when it is not there. */
bool text_between(const char *text, const char *before, const char *end, char *out, size_t cap);

#endif
