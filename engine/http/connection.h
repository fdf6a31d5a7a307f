/* Private to http/: one request on its connection, from the first header to the last byte of the answer. */
#ifndef GR_HTTP_CONNECTION_H
#define GR_HTTP_CONNECTION_H

#include <microhttpd.h>
#include <stdatomic.h>

#include "http/form.h"
#include "http/http.h"
#include "http/metrics.h"
#include "http/kept.h"

#define BODY_LIMIT ((size_t)256 * 1024)
#define UPLOAD_LIMIT ((size_t)8 * 1024 * 1024)
/* What is swallowed past a limit so that the refusal can be read. After that the refusal is sent in the middle of the
 * body, and after as much again the connection is closed. */
#define SWALLOW_LIMIT ((size_t)4 * 1024 * 1024)
/* All request bodies together: a crowd of uploads may not eat the machine. Half of it is for small ones: nobody's
 * saving waits until strangers have sent their files. */
#define BODIES_LIMIT ((size_t)256 * 1024 * 1024)
#define BODY_SMALL ((size_t)16 * 1024)
/* Of pages, compressed and not, that are kept for the next ones: their parts, and which parts make a page. */
#define PIECES_LIMIT ((size_t)6 * 1024 * 1024)
#define KEPT_LIMIT ((size_t)12 * 1024 * 1024)
#define OUT_HEADERS 24

/* One thread of the pool, with the connections that it has. */
struct lane {
    struct http *http;
    struct MHD_Daemon *daemon;
    atomic_int connections;
};

struct http {
    struct lane *lanes;
    int lane_count;
    long connections_most;
    struct acceptor *acceptor;
    struct app *app;
    struct http_options options;
    atomic_bool stopping;        /* what is being answered ends, nothing begins */
    atomic_long requests_active; /* between the first header and the end of the answer */
    atomic_size_t body_bytes;    /* held by all requests */
    struct metrics metrics;
    struct reaper *reaper;
    struct pieces *pieces;
    struct kept *kept;
    int64_t started_ms;
};

/* A client's socket. Written by its pool thread, read by the reaper. */
struct peer {
    int fd;
    _Atomic int64_t until_ms; /* monotonic: when the client must be through; 0 = it waits for us */
    struct peer *next, *prev; /* the reaper's list, under its lock */
};

struct out_header {
    const char *name, *value;
};

enum phase { PHASE_READING, PHASE_WAITING, PHASE_ANSWERED };

struct connection {
    struct request request;
    struct arena arena;
    struct http *http;
    struct MHD_Connection *mhd;
    struct peer *peer;
    enum phase phase;
    const char *url; /* raw path, arena */
    struct form query, form;
    bool query_broken;
    unsigned char *body; /* heap: may be large and short-lived */
    size_t body_len, body_cap, body_swallowed, body_limit;
    enum err refused;      /* decided before the body was read */
    int refused_status;    /* 0: from `refused` */
    bool refuse_unread;    /* without waiting for the body; the connection is closed then */
    bool client_forwarded; /* request.client is whom a trusted proxy names */
    bool cut_off; /* refused in the middle of an endless body: no answer of the library's */
    const char *content_type;
    unsigned allowed; /* for 405 */
    /* the answer */
    int status;
    const char *type;
    const void *bytes;
    size_t len;
    struct page_cuts cuts; /* of `bytes`, when they are a page */
    bool packed;           /* `bytes` are a gzip member already */
    bool answered;
    struct out_header out[OUT_HEADERS];
    size_t out_count;
    char *guest_token; /* of the guest cookie, existing or new */
    /* waiting */
    bool wants_wait, never_started;
    void (*start)(struct request *r, void *arg);
    then_fn then;
    void *arg;
    enum err result;
    struct write_job job;
    int64_t began_us;
};

/* http_answer.c */
enum MHD_Result answer_send(struct connection *c);
bool http_accepts_gzip(struct request *r);
void answer_failure(struct connection *c, enum err e, int status);
/* Refuses a body that does not end: the library takes no answer before its end, so this one goes past it. */
void answer_cut_off(struct connection *c);
/* http_request.c: fills request fields from headers; ERR_* with c->request.error on what must be refused. */
enum err request_begin(struct connection *c, const char *url, const char *method,
                       const char *version);
enum err request_body(struct connection *c);
const char *csrf_expected(struct connection *c);
bool csrf_check(struct connection *c);

/* http_accept.c: takes connections and hands them to the lanes. */
bool address_read(const char *listen_on, int port, struct sockaddr_storage *out);
/* NULL with errno. The lanes must be there. */
struct acceptor *acceptor_start(struct http *h, const struct sockaddr_storage *address);
int acceptor_port(struct acceptor *a);
void acceptor_stop(struct acceptor *a); /* from now on nobody can connect */

/* http_reaper.c: cuts clients that dribble. NULL when no thread can be started. */
#define ANSWER_DEADLINES 10 /* an answer may take a slow line ten times as long as a request */
struct reaper *reaper_start(int64_t deadline_ms);
/* From now on the client has `deadlines` times the deadline; or none, while we work. */
void reaper_expect(struct reaper *r, struct peer *p, int deadlines);
void reaper_leave(struct peer *p);
void reaper_stop(struct reaper *r);
void reaper_add(struct reaper *r, struct peer *p);
void reaper_remove(struct reaper *r, struct peer *p);

#endif
