/* Private to http/: one request on its connection, from the first header to the last byte of the
 * answer. */
#ifndef GR_HTTP_CONNECTION_H
#define GR_HTTP_CONNECTION_H

#include <microhttpd.h>
#include <stdatomic.h>

#include "http/body_memory.h"
#include "http/form.h"
#include "http/http.h"
#include "http/metrics.h"
#include "http/pieces.h"
#include "http/peers.h"

#define BODY_LIMIT ((size_t)256 * 1024)
#define FILE_LIMIT ((size_t)1024 * 1024)
#define UPLOAD_LIMIT ((size_t)8 * 1024 * 1024)
/* How much of a body past its limit is read and discarded, so that the client can read the refusal.
 * After that the refusal is sent in the middle of the body, and after as much again the connection
 * is closed. */
#define DISCARD_LIMIT ((size_t)4 * 1024 * 1024)
/* Memory for compressed parts of pages, which later pages use again. */
#define PIECES_LIMIT ((size_t)6 * 1024 * 1024)
#define OUT_HEADERS 24
/* Memory that the library has for one request: half of it for received bytes, the rest for its
 * lists and the head of the answer. The limits in framing.h follow from it. */
#define POOL_BYTES ((size_t)2 * HEAD_LIMIT)
#define FRAMING_ANSWERS 4

/* A thread of the pool: a daemon of the library with its epoll loop. */
struct event_loop {
    struct http *http;
    struct MHD_Daemon *daemon;
    atomic_int connections; /* that its thread serves */
    atomic_long taken;      /* of those handed over, ever, by the acceptor: what it has taken up */
    long handed;            /* ever; by the acceptor's thread only */
};

struct http {
    struct event_loop *loops;
    int loop_count;
    long connections_max;
    struct acceptor *acceptor;
    struct app *app;
    struct http_options options;
    atomic_bool stopping;        /* running requests end, no new one begins */
    atomic_long requests_active; /* between the first header and the end of the answer */
    atomic_long files_sending;   /* files that are being sent */
    struct metrics metrics;
    struct peers *peers;
    struct body_memory *bodies;
    struct fair_share *shares;
    char *framing_answers[FRAMING_ANSWERS]; /* to requests with framing faults, which never reach
                                               the library; heap */
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
    const char *authority; /* the host of a target in absolute form; else NULL */
    struct form query, form;
    bool query_broken;
    unsigned char *body; /* heap: may be large and short-lived */
    size_t body_len, body_cap, body_discarded, body_limit;
    enum err refused;   /* decided before the body was read */
    int refused_status; /* 0: from `refused` */
    /* The flag of the error page's template that selects its advice; NULL: general advice. */
    const char *advice;
    bool refuse_unread;    /* refuse without reading the body; the connection is closed then */
    bool client_forwarded; /* request.client was named by the trusted proxy */
    bool cut_off; /* refused in the middle of the body, past the library, which must not answer
                     again */
    const char *content_type;
    unsigned allowed; /* for 405 */
    uint64_t share;   /* who this request counts for (fair_share.h); 0 = nobody */
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
/* Refuses a body that does not end. The library takes no answer before the end of the body, so this
 * one is sent directly on the socket. */
void answer_cut_off(struct connection *c);
/* http_file.c: the file becomes the connection's, which closes it; false when too many are on their
 * way. Closes a file that is not to be sent after all; and at the end of the request. */
bool file_take(struct connection *c, int fd) MUST_USE;
void file_drop(struct connection *c);
void file_end(struct connection *c);
/* http_request.c: fills request fields from headers; ERR_* with c->request.error on what must be
 * refused. */
enum err request_begin(struct connection *c, const char *url, const char *method,
                       const char *version);
enum err request_body(struct connection *c);
const char *csrf_expected(struct connection *c);
/* The name of a host cookie on this connection, see http_host_cookie_out. */
const char *host_cookie_name(struct request *r, const char *name);
bool csrf_check(struct connection *c);

/* http_accept.c: accepts connections and hands them to the event loops. */
bool address_read(const char *listen_on, int port, struct sockaddr_storage *out);
int listen_at(const struct sockaddr_storage *address); /* -1 with errno */
/* Takes over the listening socket; NULL (then it stays the caller's) without memory or thread. The
 * loops must be there. */
struct acceptor *acceptor_start(struct http *h, int listening);
int acceptor_port(struct acceptor *a);
void acceptor_stop(struct acceptor *a); /* closes the listening socket */

/* http_socket.c */
/* Makes the answers to framing faults, once; they are the same for everybody. */
bool framing_answers_make(struct http *h);
void framing_answers_free(struct http *h);
/* Whether the library has called the epoll_wait() of http_socket.c. */
bool epoll_wait_intercepted(void);

#endif
