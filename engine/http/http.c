/* The server: runs the checks and the handler of each request, lets it wait, sends its answer. One
 * function a step, in the order in which they happen. */
#include "http/http.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/codec.h"
#include "base/log.h"
#include "base/reserve.h"
#include "base/text.h"
#include "base/wait.h"
#include "http/connection.h"
#include "http/fair_share.h"

/* ---- Waiting ------------------------------------------------------------------------------- */

enum err http_wait(struct request *r, void (*start)(struct request *r, void *arg), void *arg,
                   then_fn then) {
    struct connection *c = r->connection;
    BUG_IF(c->wants_wait);
    c->wants_wait = true;
    c->start = start;
    c->arg = arg;
    c->then = then;
    return OK;
}

void http_wake(struct request *r, enum err result) {
    struct connection *c = r->connection;
    c->result = result;
    MHD_resume_connection(c->mhd);
}

static void write_done(struct write_job *job, enum err result) { http_wake(job->context, result); }

static void write_start(struct request *r, void *arg) {
    struct connection *c = r->connection;
    (void)arg;
    if (store_submit(r->app->store, &c->job) == OK) return; /* `c` may be gone already */
    c->never_started = true;
    http_wake(r, ERR_BUSY);
}

enum err http_write(struct request *r, write_fn run, void *arg, then_fn then) {
    struct connection *c = r->connection;
    c->job = (struct write_job){
        .run = run, .arg = arg, .arena = r->arena, .done = write_done, .context = r};
    return http_wait(r, write_start, arg, then);
}

/* ---- From request to answer ---------------------------------------------------------------- */

static enum err check_role(struct connection *c) {
    struct request *r = &c->request;
    if (r->route->roles == ROLE_PUBLIC) return OK;
    if (r->who && r->who->roles & r->route->roles) return OK;
    if (r->who) {
        c->advice = "no_role";
        return http_refuse(r, ERR_DENIED, "http_no_role", NULL);
    }
    if (r->method != METHOD_GET || r->route->flags & ROUTE_JSON) {
        c->refused_status = 401;
        c->advice = "signed_out";
        return http_refuse(r, ERR_DENIED, "http_signed_out", NULL);
    }
    struct buf to;
    buf_init(&to, r->arena);
    buf_puts(&to, "/login");
    if (!str_eq(r->path, "/") && strlen(c->url) < 500) {
        buf_printf(&to, "?next=%s", percent_encode(r->arena, c->url, "/"));
    }
    return http_redirect(r, buf_text(&to));
}

static enum err check_csrf(struct connection *c) {
    struct request *r = &c->request;
    if (r->method == METHOD_GET || r->route->flags & (ROUTE_BEARER | ROUTE_NO_CSRF)) return OK;
    if (csrf_check(c)) return OK;
    c->advice = "form_old";
    return http_refuse(r, ERR_DENIED, "http_form_old", NULL);
}

/* RULE first-password: whoever has not finished signing in reaches nothing but the page that
 * finishes it. */
static enum err check_finished(struct connection *c) {
    struct request *r = &c->request;
    if (!r->who || !r->who->only_path || r->route->flags & ROUTE_UNFINISHED ||
        str_eq(r->path, r->who->only_path))
        return OK;
    if (r->method == METHOD_GET && !(r->route->flags & ROUTE_JSON))
        return http_redirect(r, r->who->only_path);
    return http_refuse(r, ERR_DENIED, "http_unfinished", NULL);
}

/* RULE fair-share (fair_share.h): whoever has used more than their share waits. */
static enum err check_share(struct connection *c) {
    struct request *r = &c->request;
    struct fair_share *s = c->http->shares;
    c->share = r->who ? fair_share_person(s, r->who->person_id) : fair_share_guest(s, r->client);
    if (fair_share_allows(s, c->share, clock_monotonic_us())) return OK;
    c->refused_status = 429;
    c->http->metrics.refused_share++;
    http_header_out(r, "Retry-After", "1");
    return http_refuse(r, ERR_BUSY, "http_share", NULL);
}

static enum err run_handler(struct connection *c) {
    struct request *r = &c->request;
    enum err e;
    if (c->phase == PHASE_WAITING) {
        c->phase = PHASE_READING;
        c->wants_wait = false;
        if (c->never_started) return ERR_BUSY;
        r->now_ms = clock_now_ms();
        return c->then(r, c->arg, c->result);
    }
    /* Identifies the person also for a page that does not exist, so that the error page shows them
     * signed in. */
    if (c->refused == ERR_NOT_FOUND && (e = c->http->options.identify(r)) != OK) return e;
    if (c->refused != OK) return c->refused;
    if ((e = request_body(c)) != OK) return e;
    if (!(r->route->flags & (ROUTE_PLAIN | ROUTE_BEARER)) &&
        ((e = c->http->options.identify(r)) != OK || (e = check_share(c)) != OK))
        return e;
    if (r->who && r->who->locale && page_locale_known(r->app->site, r->who->locale))
        r->locale = r->who->locale;
    if ((e = check_role(c)) != OK || c->answered) return e;
    if ((e = check_finished(c)) != OK || c->answered) return e;
    if ((e = check_csrf(c)) != OK) return e;
    return r->route->handler(r);
}

#define REFUSAL_BYTES ((size_t)128 * 1024)

/* Logs the sentence of the handler, or else the fault of the store. */
static void log_failure(struct request *r) {
    const char *why = r->error ? r->error : store_fault(r->app->store, r->arena);
    log_say(LOG_ERROR, "failure", "request %s: %s", r->id, why ? why : "no reason given");
}

/* Runs a handler inside a snapshot and the arena's guard. False: the request has to wait. */
static bool respond(struct connection *c) {
    struct request *r = &c->request;
    struct db *volatile db = NULL;
    enum err e;
    if (ARENA_GUARD(&c->arena) == 0) {
        bool plain = c->refused == OK ? r->route->flags & ROUTE_PLAIN : c->refused != ERR_NOT_FOUND;
        r->db = plain ? NULL : store_reader(r->app->store);
        e = OK;
        db = r->db;
        if (db) store_read_begin(db);
        else if (!plain)
            e = ERR_BUSY; /* no memory or descriptor for a read connection: a passing problem */
        if (e == OK) e = run_handler(c);
        if (e == OK && c->wants_wait) {
            c->arena.guarded = false;
            if (db) store_read_end(db);
            return false;
        }
        BUG_IF(e == OK && !c->answered);
        if (e != OK) {
            if (e == ERR_IO) log_failure(r);
            answer_failure(c, e, c->refused_status);
        }
    } else {
        /* The answers here need no arena, and sending them little. Without memory a retry may
         * succeed; a request that is too large would be so again. */
        static const char short_of[] = "The server has no memory left at the moment. Nothing was "
                                       "changed. Try again in a minute.\n";
        static const char too_much[] =
            "This request needs more memory than one request may have. Nothing was changed. Ask "
            "for less, or send less at a time.\n";
        c->out_count = 0;
        c->arena.cap = REQUEST_ARENA_BYTES + REFUSAL_BYTES;
        const char *text = c->arena.starved ? short_of : too_much;
        if (c->arena.starved) c->out[c->out_count++] = (struct out_header){"Retry-After", "60"};
        (void)http_bytes(r, c->arena.starved ? 503 : 413, "text/plain; charset=utf-8", text,
                         strlen(text), true);
    }
    c->arena.guarded = false;
    if (db) store_read_end(db);
    return true;
}

/* Processor time of this thread. */
static int64_t used_us(void) {
    struct timespec t = {0, 0};
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
    return (int64_t)t.tv_sec * 1000000 + t.tv_nsec / 1000;
}

static enum MHD_Result step(struct connection *c) {
    if (c->cut_off) return MHD_NO;
    peers_working(c->http->peers, c->peer);
    int64_t began_us = used_us();
    bool responded = respond(c);
    if (c->share)
        fair_share_used(c->http->shares, c->share, used_us() - began_us, clock_monotonic_us());
    if (!responded) {
        /* Suspend first; once started, the wake may come from another thread at once and `c`
         * belongs to the next step: nothing here touches it afterwards. */
        struct request *r = &c->request;
        void (*start)(struct request *, void *) = c->start;
        void *arg = c->arg;
        c->phase = PHASE_WAITING;
        MHD_suspend_connection(c->mhd);
        start(r, arg);
        return MHD_YES;
    }
    peers_answering(c->http->peers, c->peer);
    if (ARENA_GUARD(&c->arena) == 0) return answer_send(c);
    return MHD_NO;
}

/* ---- Callbacks of the library ---------------------------------------------------------------- */

static enum MHD_Result first_call(struct http *h, struct MHD_Connection *mhd, const char *url,
                                  const char *method, const char *version, void **slot) {
    struct connection *c = calloc(1, sizeof *c);
    if (!c) return MHD_NO;
    c->http = h;
    c->mhd = mhd;
    c->began_us = clock_monotonic_us();
    const union MHD_ConnectionInfo *info = MHD_get_connection_info(
        mhd, MHD_CONNECTION_INFO_SOCKET_CONTEXT);
    c->peer = info ? info->socket_context : NULL;
    /* Refuses to serve when the library does not read with recv(), so that framing.c sees no bytes,
     * or does not wait with epoll_wait(), so that requests could be left waiting. */
    if (!c->peer || !c->peer->framing.received || !epoll_wait_intercepted()) {
        log_say(LOG_ERROR, "http", "a request was dropped: %s",
                !c->peer                    ? "no memory for its connection"
                : c->peer->framing.received ? "the library waits without us"
                                            : "its bytes were not seen");
        free(c);
        return MHD_NO;
    }
    arena_init(&c->arena, REQUEST_ARENA_BYTES);
    h->requests_active++;
    *slot = c;
    if (ARENA_GUARD(&c->arena) != 0) return MHD_NO;
    c->refused = request_begin(c, url, method, version);
    /* While stopping, new requests on open connections are refused: clients could go on for ever.
     */
    if (h->stopping && c->refused == OK) {
        c->refuse_unread = true;
        c->refused = http_refuse(&c->request, ERR_BUSY, "http_closing", NULL);
    } else if (c->refused == OK && reserve_low())
        c->refused = http_refuse(&c->request, ERR_BUSY, "http_memory", NULL);
    c->arena.guarded = false;
    if (c->refuse_unread) return step(c);
    return MHD_YES;
}

static enum MHD_Result take_body(struct connection *c, const char *data, size_t *size) {
    size_t n = *size;
    *size = 0;
    if (c->refused != OK || c->body_len + n > c->body_limit) {
        c->body_discarded += n;
        if (c->body_discarded > 2 * DISCARD_LIMIT) return MHD_NO;
        if (c->body_discarded > DISCARD_LIMIT && !c->cut_off) answer_cut_off(c);
        if (c->refused == OK) c->refused = ERR_LIMIT;
        return MHD_YES;
    }
    if (c->body_len + n + 1 > c->body_cap) {
        size_t cap = c->body_cap ? c->body_cap * 2 : 4096;
        while (cap < c->body_len + n + 1) cap *= 2;
        if (cap > c->body_limit + 1) cap = c->body_limit + 1;
        if (!body_memory_grow(c->http->bodies, c->request.client, c->body_cap, cap)) {
            c->refused = ERR_BUSY;
            return MHD_YES;
        }
        unsigned char *grown = realloc(c->body, cap);
        if (!grown) {
            body_memory_release(c->http->bodies, c->request.client, cap);
            free(c->body);
            c->body = NULL;
            c->body_cap = 0;
            c->refused = ERR_BUSY;
            return MHD_YES;
        }
        c->body = grown;
        c->body_cap = cap;
    }
    memcpy(c->body + c->body_len, data, n);
    c->body_len += n;
    c->body[c->body_len] = '\0';
    return MHD_YES;
}

static enum MHD_Result on_request(void *cls, struct MHD_Connection *mhd, const char *url,
                                  const char *method, const char *version, const char *upload,
                                  size_t *upload_size, void **slot) {
    struct connection *c = *slot;
    if (!c) return first_call(cls, mhd, url, method, version, slot);
    if (*upload_size)
        return c->phase == PHASE_ANSWERED ? (*upload_size = 0, MHD_YES)
                                          : take_body(c, upload, upload_size);
    return step(c);
}

static void on_completed(void *cls, struct MHD_Connection *mhd, void **slot,
                         enum MHD_RequestTerminationCode why) {
    (void)mhd;
    (void)why;
    struct http *h = cls;
    struct connection *c = *slot;
    if (!c) return;
    *slot = NULL;
    peers_answered(h->peers, c->peer);
    body_memory_release(h->bodies, c->request.client, c->body_cap);
    file_end(c);
    free(c->body);
    arena_release(&c->arena);
    free(c);
    h->requests_active--;
}

static void *join_peers(struct http *h, struct MHD_Connection *mhd) {
    const union MHD_ConnectionInfo *info = MHD_get_connection_info(
        mhd, MHD_CONNECTION_INFO_CONNECTION_FD);
    if (!info) return NULL;
    /* Copied now, since libmicrohttpd 1.0 and later reuse the union for the next answer. */
    int fd = info->connect_fd;
    info = MHD_get_connection_info(mhd, MHD_CONNECTION_INFO_CLIENT_ADDRESS);
    return info ? peers_join(h->peers, h, fd, info->client_addr) : NULL;
}

static void on_connection(void *cls, struct MHD_Connection *mhd, void **context,
                          enum MHD_ConnectionNotificationCode code) {
    struct event_loop *loop = cls;
    struct http *h = loop->http;
    if (code == MHD_CONNECTION_NOTIFY_STARTED) {
        *context = join_peers(h, mhd);
        if (*context) {
            loop->connections++;
            h->metrics.connections++;
            h->metrics.connections_total++;
        }
        loop->taken++; /* after it is counted above: never in neither */
    } else if (*context) {
        peers_leave(h->peers, *context);
        *context = NULL;
        loop->connections--;
        h->metrics.connections--;
    }
}

/* The path is decoded by us: the library would turn %2F into a slash and let %00 cut the text. */
static size_t keep_escapes(void *cls, struct MHD_Connection *mhd, char *text) {
    (void)cls;
    (void)mhd;
    return strlen(text);
}

static void on_library_message(void *cls, const char *format, va_list args) {
    (void)cls;
    char text[512];
    vsnprintf(text, sizeof text, format, args);
    size_t n = strlen(text);
    while (n && text[n - 1] == '\n') text[--n] = '\0';
    log_say(LOG_DEBUG, "http", "%s", text);
}

/* ---- Start and stop ------------------------------------------------------------------------ */

static int descriptors_allowed(void) {
    struct rlimit limit;
    if (getrlimit(RLIMIT_NOFILE, &limit) != 0) return 1024;
    limit.rlim_cur = limit.rlim_max;
    (void)setrlimit(RLIMIT_NOFILE, &limit);
    (void)getrlimit(RLIMIT_NOFILE, &limit);
    return limit.rlim_cur > 1000000 ? 1000000 : (int)limit.rlim_cur;
}

static struct MHD_Daemon *loop_daemon(struct event_loop *loop) {
    struct http *h = loop->http;
    return MHD_start_daemon(
        MHD_USE_EPOLL_INTERNAL_THREAD | MHD_USE_NO_LISTEN_SOCKET | MHD_ALLOW_SUSPEND_RESUME |
            MHD_USE_ERROR_LOG | MHD_USE_ITC,
        0, NULL, NULL, on_request, h, MHD_OPTION_CONNECTION_LIMIT, (unsigned)INT_MAX,
        MHD_OPTION_CONNECTION_TIMEOUT, (unsigned)(h->options.timeout_s ? h->options.timeout_s : 30),
        MHD_OPTION_CONNECTION_MEMORY_LIMIT, POOL_BYTES, MHD_OPTION_NOTIFY_COMPLETED, on_completed,
        h, MHD_OPTION_NOTIFY_CONNECTION, on_connection, loop, MHD_OPTION_UNESCAPE_CALLBACK,
        keep_escapes, NULL, MHD_OPTION_EXTERNAL_LOGGER, on_library_message, NULL,
        MHD_OPTION_STRICT_FOR_CLIENT, 1, MHD_OPTION_END);
}

static long connection_limit(const struct http_options *options) {
    long there = descriptors_allowed() - 256;
    if (options->connection_limit)
        return options->connection_limit; /* checked by the caller (needs.h) */
    return there < 12000 ? there : 12000;
}

int http_threads(const struct http_options *options) {
    int threads = options->threads ? options->threads : (int)sysconf(_SC_NPROCESSORS_ONLN);
    return threads < 2 ? 2 : threads;
}

static bool start_loops(struct http *h) {
    int threads = http_threads(&h->options);
    h->loops = calloc((size_t)threads, sizeof *h->loops);
    if (!h->loops) return false;
    for (; h->loop_count < threads; h->loop_count++) {
        struct event_loop *loop = &h->loops[h->loop_count];
        loop->http = h;
        loop->daemon = loop_daemon(loop);
        if (!loop->daemon) return false;
    }
    return true;
}

static void stop_loops(struct http *h) {
    for (int i = 0; i < h->loop_count; i++) MHD_stop_daemon(h->loops[i].daemon);
    free(h->loops);
}

/* Releases all parts; some may be missing when the start failed. */
static void release(struct http *h) {
    acceptor_stop(h->acceptor);
    stop_loops(h);
    peers_stop(h->peers);
    framing_answers_free(h);
    body_memory_free(h->bodies);
    fair_share_free(h->shares);
    pieces_free(h->pieces);
    free(h);
}

enum err http_listen(struct http_options *options, struct arena *a, const char **why) {
    struct sockaddr_storage address;
    if (!address_read(options->listen, options->port, &address)) {
        *why = arena_printf(a, "“%s” is no address to listen on (an IPv4 or IPv6 address)",
                            options->listen);
        return ERR_INVALID;
    }
    options->socket = listen_at(&address);
    options->has_socket = options->socket >= 0;
    if (options->has_socket) return OK;
    *why = arena_printf(a, "cannot listen on %s port %d: %s", options->listen, options->port,
                        strerror(errno));
    return ERR_IO;
}

enum err http_start(struct http **out, struct app *app, const struct http_options *options,
                    struct arena *a, const char **why) {
    struct http_options own = *options;
    enum err e = own.has_socket ? OK : http_listen(&own, a, why);
    if (e != OK) return e;
    *why = "the threads that answer requests cannot start";
    struct http *h = calloc(1, sizeof *h);
    if (!h) {
        close(own.socket);
        return ERR_IO;
    }
    h->app = app;
    h->options = own;
    h->started_ms = clock_now_ms();
    h->connections_max = connection_limit(options);
    h->peers = peers_start((options->request_deadline_s ? options->request_deadline_s : 60) *
                               MS_SECOND,
                           h->connections_max);
    h->bodies = body_memory_new();
    h->shares = fair_share_new(http_threads(options),
                               options->share_percent ? options->share_percent : FAIR_PERCENT);
    h->pieces = pieces_new(PIECES_LIMIT);
    if (h->peers && h->bodies && h->shares && h->pieces && framing_answers_make(h) &&
        start_loops(h))
        h->acceptor = acceptor_start(h, own.socket);
    if (!h->acceptor) {
        close(own.socket);
        release(h);
        return ERR_IO;
    }
    *out = h;
    return OK;
}

int http_port(struct http *h) { return acceptor_port(h->acceptor); }

bool http_stop(struct http *h, int64_t deadline_ms) {
    h->stopping = true;
    acceptor_stop(h->acceptor);
    h->acceptor = NULL;
    int64_t until = clock_monotonic_ms() + deadline_ms;
    while (h->requests_active > 0 && wait_step(5000, until)) continue;
    if (h->requests_active > 0) {
        /* Stopping a daemon with suspended connections is forbidden. */
        log_say(LOG_WARN, "stop", "%ld requests did not end in time", (long)h->requests_active);
        return false;
    }
    release(h);
    return true;
}

/* ---- Static files ---------------------------------------------------------------------- */

enum err http_static_page(struct request *r) {
    struct static_file f;
    bool immutable = false;
    if (!site_static(r->app->site, r->param[0], &f, &immutable)) return ERR_NOT_FOUND;
    http_header_out(r, "Cache-Control",
                    immutable ? "public, max-age=31536000, immutable" : "public, max-age=300");
    http_header_out(r, "Vary", "Accept-Encoding");
    if (http_etag(r, f.etag)) return OK;
    if (f.gzip && http_accepts_gzip(r)) {
        http_header_out(r, "Content-Encoding", "gzip");
        return http_bytes(r, 200, f.type, f.gzip, f.gzip_len, true);
    }
    return http_bytes(r, 200, f.type, f.bytes, f.len, true);
}
