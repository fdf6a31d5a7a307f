/* Private to http/: one request on its connection, from the first header to the last byte of the
 * answer. */
#ifndef GR_HTTP_CONNECTION_H
#define GR_HTTP_CONNECTION_H

#include <microhttpd.h>
#include <stdatomic.h>

#include "http/bodies.h"
#include "http/form.h"
#include "http/http.h"
#include "http/metrics.h"
#include "http/pieces.h"
#include "http/peers.h"

#define BODY_LIMIT ((size_t)256 * 1024)
#define FILE_LIMIT ((size_t)1024 * 1024)
#define UPLOAD_LIMIT ((size_t)8 * 1024 * 1024)
/* What is swallowed past a limit so that the refusal can be read. After that the refusal is sent in
 * the middle of the body, and after as much again the connection is closed. */
#define SWALLOW_LIMIT ((size_t)4 * 1024 * 1024)
/* Of parts of pages, with what they are compressed, that are kept for the next ones. */
#define PIECES_LIMIT ((size_t)6 * 1024 * 1024)
#define OUT_HEADERS 24
/* What the library has for one request: half of it for bytes as they come, some of the rest for the
 * answer's head. What a request's head may take is bounded accordingly (framing.h). */
#define POOL_BYTES ((size_t)2 * HEAD_LIMIT)
#define BROKEN_ANSWERS 4

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
    atomic_long files_sending;   /* on their way to clients */
    struct metrics metrics;
    struct peers *peers;
    struct bodies *bodies;
    char *broken_answers[BROKEN_ANSWERS]; /* to requests that never reach the library; heap */
    struct pieces *pieces;
    int64_t started_ms;
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
    const char *url;       /* raw path, arena */
    const char *authority; /* of an address in full; else NULL */
    struct form query, form;
    bool query_broken;
    unsigned char *body; /* heap: may be large and short-lived */
    size_t body_len, body_cap, body_swallowed, body_limit;
    enum err refused;   /* decided before the body was read */
    int refused_status; /* 0: from `refused` */
    const char
        *advice; /* what a page that says no advises: a flag of its template; NULL: in general */
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
    bool has_file;         /* instead of `bytes`: `len` bytes of `file` from `file_from` on */
    bool counts_file;      /* in http.files_sending */
    int file;
    int64_t file_from;
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
/* Refuses a body that does not end: the library takes no answer before its end, so this one goes
 * past it. */
void answer_cut_off(struct connection *c);
/* http_file.c: closes a file that is not to be sent after all; and at the end of the request. */
void file_drop(struct connection *c);
void file_end(struct connection *c);
/* http_request.c: fills request fields from headers; ERR_* with c->request.error on what must be
 * refused. */
enum err request_begin(struct connection *c, const char *url, const char *method,
                       const char *version);
enum err request_body(struct connection *c);
const char *csrf_expected(struct connection *c);
/* The name under which this server's own cookie goes on this connection. */
const char *cookie_own_name(struct request *r, const char *name);
bool csrf_check(struct connection *c);

/* http_accept.c: takes connections and hands them to the lanes. */
bool address_read(const char *listen_on, int port, struct sockaddr_storage *out);
int listen_at(const struct sockaddr_storage *address); /* -1 with errno */
/* Takes over the listening socket; NULL (then it stays the caller's) without memory or thread. The
 * lanes must be there. */
struct acceptor *acceptor_start(struct http *h, int listening);
int acceptor_port(struct acceptor *a);
void acceptor_stop(struct acceptor *a); /* from now on nobody can connect */

/* http_socket.c */
/* What a request that breaks the frame is answered, whoever sent it; made once. */
bool broken_answers_make(struct http *h);
void broken_answers_free(struct http *h);
/* Whether the library waits for events with the epoll_wait() that stands there. */
bool epoll_seen(void);

#endif
