/* HTTP: requests in, pages out. The only room that includes <microhttpd.h>.
 *
 * A route names a method, a path, the roles that may use it, and a handler. The dispatcher checks
 * role, CSRF token, content type and sizes before a handler runs; a handler cannot forget them.
 *
 * A handler fills the response and returns OK, or returns an error (with a sentence through
 * http_refuse) and the dispatcher makes the error page or JSON of it. A handler that writes returns
 * what http_write returns: the connection is suspended, the job runs on the writer thread, and
 * after COMMIT `then` runs on a pool thread and makes the response.
 *
 * Threads: a request belongs to one thread at a time: a pool thread for handlers and `then`, the
 * writer for a job, a thread of the offload for its `work`. All functions that take a request are
 * that thread's, and none of them may wait; http_wake alone may be called by any thread. Listening,
 * starting and stopping are the main thread's, offload_new and offload_free their owner's. */
#ifndef GR_HTTP_HTTP_H
#define GR_HTTP_HTTP_H

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"
#include "http/app.h"
#include "page/page.h"
#include "store/store.h"

enum role {
    ROLE_PUBLIC = 0, /* anybody, signed in or not */
    ROLE_LEARNER = 1,
    ROLE_INSTRUCTOR = 2,
    ROLE_ASSESSOR = 4,
    ROLE_ADMIN = 8,
    ROLE_ANY = 15, /* whoever is signed in */
};

/* Who makes a request; filled by the account room from the session cookie. Arena of the request. */
struct identity {
    const char *person_id, *name, *login;
    unsigned roles;         /* enum role, or-ed */
    const char *locale;     /* BCP 47, NULL = negotiate */
    const char *reading;    /* the language that they chose to read in, NULL = none */
    const char *session_id; /* hash of the token: names the session in the store */
    const char *csrf;       /* token that each form must carry */
    /* Not NULL: the sign-in is not finished, and only this path and routes with ROUTE_UNFINISHED
     * can be reached. */
    const char *only_path;
};

enum method {
    METHOD_GET,
    METHOD_POST,
    METHOD_PUT,
    METHOD_PATCH,
    METHOD_DELETE,
    METHOD_OPTIONS,
    METHOD_OTHER
};

enum route_flag {
    ROUTE_BEARER =
        1, /* the handler checks a bearer token of its own; no session, no CSRF (lab API) */
    ROUTE_NO_CSRF = 2,  /* a public form that changes nothing (verify) */
    ROUTE_JSON = 4,     /* errors are answered as JSON */
    ROUTE_CORS = 8,     /* Access-Control-Allow-Origin: * (public credentials) */
    ROUTE_METHODS = 16, /* every method reaches the handler (lab API) */
    ROUTE_UPLOAD = 32,  /* body up to 8 MiB instead of 256 KiB, multipart allowed */
    ROUTE_GUEST_FORM =
        64,           /* the page carries a form for people who are not signed in: CSRF by cookie */
    ROUTE_FILE = 512, /* as ROUTE_UPLOAD, up to 1 MiB */
    ROUTE_UNFINISHED =
        256,           /* also for people who have not finished signing in (identity.only_path) */
    ROUTE_PLAIN = 128, /* no session, no database: static files, health, metrics */
};

struct request;
typedef enum err (*handler_fn)(struct request *r);

/* `path`: segments, ":name" captures one segment, a last "*" captures the rest. GET serves HEAD
 * too. */
struct route {
    enum method method;
    const char *path;
    unsigned roles; /* any of these; ROLE_PUBLIC = everybody */
    handler_fn handler;
    unsigned flags;
};

#define REQUEST_PARAMS 4
#define REQUEST_ARENA_BYTES ((size_t)32 * 1024 * 1024)

struct request {
    struct arena *arena;
    struct app *app;
    struct db *db;              /* read-only snapshot; a new one after a write */
    const struct identity *who; /* NULL when nobody is signed in */
    const struct route *route;
    const char *id; /* request id, in the log line and on the error page */
    enum method method;
    const char *method_name;
    const char *path;                  /* decoded once, valid UTF-8, no NUL */
    const char *param[REQUEST_PARAMS]; /* captures, in order */
    const char *locale,
        *zone;          /* locale never NULL; zone (IANA) from the browser's cookie or NULL */
    const char *origin; /* "http://127.0.0.1:8080": configured, or from a trusted proxy or Host */
    const char *client; /* address of the client, behind a trusted proxy the forwarded one */
    bool secure;        /* the client came over https */
    bool fragment;      /* htmx asks for a part of the page (HX-Request) */
    int64_t now_ms;     /* read once when the request began (again after a write: the job's time) */
    const unsigned char *body; /* whole body, NUL-terminated; NULL when none */
    size_t body_len;
    const char *error;             /* sentence for the person */
    struct connection *connection; /* private to http/ */
};

/* ---- Asking --------------------------------------------------------------------------------- */
/* A query parameter or form field; NULL when absent. Given twice: 400 by the dispatcher before the
 * handler, unless its name ends in "[]" (then use http_fields). Valid UTF-8, no NUL. */
const char *http_query(struct request *r, const char *name);
const char *http_field(struct request *r, const char *name);
size_t http_fields(struct request *r, const char *name, const char *const **values);
/* The i-th query parameter, in the order of the address; false behind the last. For handlers that
 * speak an API of other people's making. */
bool http_query_at(struct request *r, size_t i, const char **name, const char **value);
/* An uploaded file of a multipart form; NULL when there is none. */
const unsigned char *http_file(struct request *r, const char *name, size_t *len,
                               const char **filename);
const char *http_header_in(struct request *r, const char *name);
const char *http_cookie_in(struct request *r, const char *name);
/* A cookie that http_host_cookie_out has set; NULL when absent. */
const char *http_host_cookie_in(struct request *r, const char *name);
bool http_has_role(struct request *r, unsigned roles);

/* ---- Answering ------------------------------------------------------------------------------ */
/* Renders template `name` with `v`. Adds what every page has: me, csrf, path, locale, dir, nav,
 * request_id, title stays the handler's. Returns OK. */
enum err http_page(struct request *r, const char *name, struct view *v);
enum err http_page_status(struct request *r, int status, const char *name, struct view *v);
/* 303 to a path of ours. What may not stand in an address is percent-encoded; the caller encodes
 * values of a query. */
enum err http_redirect(struct request *r, const char *path);
enum err http_json(struct request *r, int status, const char *json, size_t len);
/* Bytes are copied unless they live in r->arena or longer (`borrowed`). */
enum err http_bytes(struct request *r, int status, const char *type, const void *bytes, size_t len,
                    bool borrowed);
/* Sends a file without reading it into memory: whole, or the part that Range asks for (206, 416,
 * If-Range). `fd` is open at a regular file of `size` bytes; it is closed for the caller, whatever
 * is returned. `etag` as for http_etag. ERR_BUSY: too many files are on their way. */
#define HTTP_FILES_SHARE 4 /* one file at a time for each so many connections */
enum err http_send_file(struct request *r, const char *type, int fd, int64_t size,
                        const char *etag) MUST_USE;
/* An answer that grows with the academy: its bytes go to a file in the data folder that has no
 * name, and from there to the client, so that it takes no memory however long it is. An answer that
 * is refused after _begin leaves nothing behind. ERR_IO: the disk; ERR_BUSY as for http_send_file.
 */
struct http_spool {
    struct request *request;
    int64_t size;
    uint64_t hash; /* of all bytes, for the tag */
};
enum err http_spool_begin(struct http_spool *s, struct request *r) MUST_USE;
enum err http_spool_write(struct http_spool *s, const void *bytes, size_t len) MUST_USE;
enum err http_spool_send(struct http_spool *s, const char *type) MUST_USE;
/* The browser saves the answer under this name (UTF-8) instead of showing it. */
void http_save_as(struct request *r, const char *name);
/* A value's control characters become blanks; a name that is none, and a header beyond the 24th,
 * are left out (logged). */
void http_header_out(struct request *r, const char *name, const char *value);
/* HttpOnly, SameSite=Lax, Path=/, Secure behind TLS. max_age_s 0 = session, -1 = delete. */
void http_cookie_out(struct request *r, const char *name, const char *value, int64_t max_age_s);
/* The same for a cookie that only this server can set: over https its name gets the prefix
 * "__Host-", so that no other host of the domain and no page without TLS can set it (RFC 6265bis,
 * section 4.1.3.2). Browsers accept that prefix over https only. */
void http_host_cookie_out(struct request *r, const char *name, const char *value,
                          int64_t max_age_s);
/* Whether If-None-Match holds this tag, so that http_etag will answer 304. */
bool http_etag_matches(struct request *r, const char *etag);
/* Answers 304 (returns true) when If-None-Match has it; else sets the header. `etag` without
 * quotes. */
bool http_etag(struct request *r, const char *etag);
/* `return http_refuse(r, ERR_INVALID, "exam_form_broken", NULL);` The person reads the interface
 * text `key` in the reader's language, with parameters from `v` (may be NULL); an error in JSON
 * carries the same sentence. */
enum err http_refuse(struct request *r, enum err e, const char *key, struct view *v);
/* The same with a finished sentence. Not for sentences written in C, which no catalogue can
 * translate. */
enum err http_error(struct request *r, enum err e, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* The token that a form of this page must carry as `csrf` (masked anew at each call); "" when there
 * is no session and the route has no ROUTE_GUEST_FORM. http_page puts it into every view. */
const char *http_csrf(struct request *r);

/* ---- Waiting -------------------------------------------------------------------------------- */
typedef enum err (*then_fn)(struct request *r, void *arg, enum err result);
/* Writes: `run` on the writer thread with r->arena, then `then` on a pool thread. Return its result
 * at once and touch nothing of `arg` in between. A full queue answers 503 with Retry-After: `then`
 * is not called. */
enum err http_write(struct request *r, write_fn run, void *arg, then_fn then);
/* Suspends for work elsewhere (a lab worker): `start` is called once the connection is suspended
 * and must see to it that http_wake is called exactly once, from any thread. */
enum err http_wait(struct request *r, void (*start)(struct request *r, void *arg), void *arg,
                   then_fn then);
void http_wake(struct request *r, enum err result);

/* Work that takes long (drawing), on threads of its own: a queue of at most `queue`, of which one
 * address has `share`. NULL: no memory, or no thread. Free it after the server has stopped. */
struct offload;
typedef enum err (*offload_fn)(struct request *r, void *arg);
struct offload *offload_new(int threads, int queue, int share);
void offload_free(struct offload *o);
/* `work` on one of those threads with r->arena and without r->db, then `then` with its result on a
 * pool thread. A full queue, or a full arena: `then` gets ERR_BUSY. `work` must end within a
 * deadline of its own. */
enum err http_offload(struct request *r, struct offload *o, offload_fn work, void *arg,
                      then_fn then);

/* ---- Serving -------------------------------------------------------------------------------- */
struct http;
struct http_options {
    const char *listen;   /* address */
    int port;             /* 0 = any free one */
    int threads;          /* 0 = one per core, at least 2 */
    int connection_limit; /* 0 = 12,000, within the process's descriptors */
    bool has_socket;      /* set by http_listen */
    int socket;
    int timeout_s;     /* idle and slow clients; 0 = 30 */
    int share_percent; /* of the threads' time for one person (fair_share.h); 0 = 25 */
    /* For one request to arrive whole, however slowly; 0 = 60. Answers have ten times that. */
    int request_deadline_s;
    /* The address of the proxy whose X-Forwarded-For/-Proto/-Host are trusted; NULL = none. */
    const char *trust_proxy;
    /* Who else than programs on this machine may read /metrics: a client's address as inet_ntop
     * writes it, and a secret that comes as "Authorization: Bearer SECRET". NULL: nobody. Borrowed.
     */
    const char *metrics_address, *metrics_token;
    const struct route *routes;
    size_t route_count;
    /* Fills r->who (or leaves NULL) from the cookie. Runs inside the read snapshot. */
    enum err (*identify)(struct request *r);
    /* Adds to every page's view: navigation and the like. May be NULL. */
    void (*decorate)(struct request *r, struct view *v);
    /* Adds lines to /metrics. May be NULL. */
    void (*metrics)(struct app *app, struct buf *out);
};
/* Opens the port, so that clients that connect wait until http_start. ERR_INVALID, ERR_IO with a
 * sentence. */
enum err http_listen(struct http_options *options, struct arena *a, const char **why) MUST_USE;
/* Without http_listen before it, it listens itself. Takes over the socket, also when it fails. */
enum err http_start(struct http **out, struct app *app, const struct http_options *options,
                    struct arena *a, const char **why) MUST_USE;
int http_threads(const struct http_options *options); /* how many will answer */
int http_port(struct http *h);
/* Refuses new connections and requests, lets running requests end within `deadline_ms`, stops.
 * False when some did not: their threads still run and use whatever the app consists of, so that
 * the process must end without taking it apart. */
bool http_stop(struct http *h, int64_t deadline_ms) MUST_USE;

/* One sample of /metrics with its HELP and TYPE lines. `kind` is "counter" or "gauge". */
void metrics_sample(struct buf *out, const char *name, const char *kind, const char *help,
                    int64_t value);
/* /metrics; the route table names it. */
enum err http_metrics_page(struct request *r);
/* GET /static/ and what follows */
enum err http_static_page(struct request *r);

#endif
