/* Answers: pages, JSON, bytes, errors, and the headers that all of them carry. */
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>

#include "base/clock.h"
#include "base/codec.h"
#include "base/log.h"
#include "base/text.h"
#include "http/connection.h"
#include "http/route.h"

#define GZIP_FROM_BYTES 1024

static const char content_policy[] =
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "
    "media-src 'self'; font-src 'self'; connect-src 'self'; manifest-src 'self'; "
    "form-action 'self'; frame-ancestors 'none'; base-uri 'none'";

/* RFC 9110 section 5.1: a token. */
static bool header_name_valid(const char *name) {
    size_t n = strlen(name);
    return n && strspn(name, "!#$%&'*+-.^_`|~0123456789abcdefghijklmnopqrstuvwxyz"
                             "ABCDEFGHIJKLMNOPQRSTUVWXYZ") == n;
}

/* RULE header-value: no line ends and no other control characters: each becomes a blank (RFC 9110
 * section 5.5). */
static char *header_value(struct arena *a, const char *value) {
    char *out = arena_dup(a, value);
    for (char *p = out; *p; p++)
        if ((unsigned char)*p < 0x20 || *p == 0x7f) *p = ' ';
    return out;
}

void http_header_out(struct request *r, const char *name, const char *value) {
    struct connection *c = r->connection;
    /* Names and values may come from a learner, a file or a lab's worker. */
    if (!header_name_valid(name)) {
        log_say(LOG_WARN, "header", "request %s: an answer's header was left out: not a name",
                r->id);
        return;
    }
    for (size_t i = 0; i < c->out_count; i++)
        if (strcasecmp(c->out[i].name, name) == 0 && strcasecmp(name, "Set-Cookie") != 0) {
            c->out[i].value = header_value(r->arena, value);
            return;
        }
    if (c->out_count == OUT_HEADERS) {
        log_say(LOG_WARN, "header", "request %s: an answer's header was left out: more than %d",
                r->id, OUT_HEADERS);
        return;
    }
    c->out[c->out_count++] = (struct out_header){arena_dup(r->arena, name),
                                                 header_value(r->arena, value)};
}

void http_cookie_out(struct request *r, const char *name, const char *value, int64_t max_age_s) {
    struct buf b;
    buf_init(&b, r->arena);
    buf_printf(&b, "%s=%s; Path=/; HttpOnly; SameSite=Lax", name, value);
    if (max_age_s) buf_printf(&b, "; Max-Age=%lld", (long long)(max_age_s < 0 ? 0 : max_age_s));
    if (r->secure) buf_puts(&b, "; Secure");
    http_header_out(r, "Set-Cookie", buf_text(&b));
}

void http_host_cookie_out(struct request *r, const char *name, const char *value,
                          int64_t max_age_s) {
    http_cookie_out(r, host_cookie_name(r, name), value, max_age_s);
}

bool http_etag_matches(struct request *r, const char *etag) {
    const char *match = http_header_in(r, "If-None-Match");
    return match && (strstr(match, arena_printf(r->arena, "\"%s\"", etag)) || str_eq(match, "*"));
}

bool http_etag(struct request *r, const char *etag) {
    http_header_out(r, "ETag", arena_printf(r->arena, "\"%s\"", etag));
    if (!http_etag_matches(r, etag)) return false;
    (void)http_bytes(r, 304, NULL, "", 0, true);
    return true;
}

enum err http_bytes(struct request *r, int status, const char *type, const void *bytes, size_t len,
                    bool borrowed) {
    struct connection *c = r->connection;
    c->status = status;
    c->type = type;
    c->bytes = borrowed ? bytes : arena_copy(r->arena, bytes, len);
    c->len = len;
    c->cuts = (struct page_cuts){0};
    file_drop(c);
    c->answered = true;
    return OK;
}

enum err http_json(struct request *r, int status, const char *json, size_t len) {
    return http_bytes(r, status, "application/json", json, len, false);
}

enum err http_redirect(struct request *r, const char *path) {
    /* Handlers give paths that begin with "/". Any other leads to the start page, never to another
     * site. */
    if (path[0] != '/' || path[1] == '/' || path[1] == '\\') path = "/";
    /* Control characters, blanks and bytes beyond ASCII that a value brought in are
     * percent-encoded. */
    http_header_out(r, "Location", percent_encode(r->arena, path, "/?#[]@!$&'()*+,;=:%"));
    return http_bytes(r, 303, "text/plain; charset=utf-8", "See the address in Location.\n", 29,
                      true);
}

static void common_view(struct request *r, struct view *v) {
    view_bool(v, "signed_in", r->who != NULL);
    if (r->who) {
        struct view *me = view_object(v, "me");
        view_token(me, "id", r->who->person_id);
        view_text_personal(me, "name", r->who->name);
        view_text_personal(me, "login", r->who->login);
        view_bool(me, "is_learner", r->who->roles & ROLE_LEARNER);
        view_bool(me, "is_instructor", r->who->roles & ROLE_INSTRUCTOR);
        view_bool(me, "is_assessor", r->who->roles & ROLE_ASSESSOR);
        view_bool(me, "is_admin", r->who->roles & ROLE_ADMIN);
    }
    const char *theme = http_cookie_in(r, "theme");
    view_text(v, "theme",
              theme && (str_eq(theme, "light") || str_eq(theme, "dark")) ? theme : "auto");
    view_token(v, "csrf", http_csrf(r));
    view_text(v, "path", r->path);
    view_text(v, "locale", r->locale);
    view_text(v, "dir", page_direction(r->locale));
    view_text(v, "zone", r->zone);
    view_token(v, "request_id", r->id);
    view_text(v, "origin", r->origin);
    view_bool(v, "demo", r->app->demo);
    if (r->connection->http->options.decorate) r->connection->http->options.decorate(r, v);
}

/* Whether the weight (q value) is zero, which refuses the coding. */
static bool refuses(const char *weight, size_t len) {
    const char *value = memchr(weight, '=', len);
    for (const char *p = value; p && p < weight + len; p++)
        if (*p >= '1' && *p <= '9') return false;
    return value != NULL;
}

/* RFC 9110 section 12.5.3: a list of codings, each of which may have a weight. */
bool http_accepts_gzip(struct request *r) {
    const char *p = http_header_in(r, "Accept-Encoding");
    while (p && *p) {
        p += strspn(p, ", \t");
        size_t name = strcspn(p, ",; \t"), len = strcspn(p, ",");
        if (name == 4 && strncasecmp(p, "gzip", 4) == 0) return !refuses(p + name, len - name);
        p += len;
    }
    return false;
}

enum err http_page_status(struct request *r, int status, const char *name, struct view *v) {
    common_view(r, v);
    http_header_out(r, "Content-Language", r->locale);
    struct buf out;
    struct page_cuts cuts = {0};
    buf_init(&out, r->arena);
    enum err e = page_render_cuts(r->app->site, name, r->locale, v, &out, &cuts);
    if (e != OK) {
        struct view *missing = view_new(r->arena);
        view_text(missing, "name", name);
        return http_refuse(r, ERR_IO, "http_no_template", missing);
    }
    (void)http_bytes(r, status, "text/html; charset=utf-8", buf_text(&out), out.len, true);
    r->connection->cuts = cuts;
    return OK;
}

enum err http_page(struct request *r, const char *name, struct view *v) {
    return http_page_status(r, 200, name, v);
}

enum err http_error(struct request *r, enum err e, const char *format, ...) {
    va_list args;
    va_start(args, format);
    r->error = arena_vprintf(r->arena, format, args);
    va_end(args);
    return e;
}

enum err http_refuse(struct request *r, enum err e, const char *key, struct view *v) {
    r->error = page_text(r->app->site, r->locale, key, v, r->arena);
    return e;
}

/* ---- Failures ------------------------------------------------------------------------------ */

/* The one place that maps an error to a status, a name in JSON and a text. */
static const struct {
    enum err e;
    int status;
    const char *key, *text;
} failures[] = {
    {ERR_NOT_FOUND, 404, "not_found", "http_no_page"},
    {ERR_DENIED, 403, "denied", "http_denied"},
    {ERR_INVALID, 400, "invalid", "http_invalid"},
    {ERR_CONFLICT, 409, "conflict", "http_conflict"},
    {ERR_LIMIT, 413, "limit", "http_too_much"},
    {ERR_BUSY, 503, "busy", "http_busy"},
    {ERR_IO, 500, "io", "http_failed"},
};

/* A save that failed since the disk is full or failing gets an answer of its own. */
static bool cannot_save(struct connection *c, enum err e) {
    return e == ERR_IO && c->request.method != METHOD_GET && !store_healthy(c->request.app->store);
}

static bool wants_json(struct connection *c) {
    struct request *r = &c->request;
    if (r->route && r->route->flags & ROUTE_JSON) return true;
    const char *accept = http_header_in(r, "Accept");
    return accept && str_has_prefix(accept, "application/json");
}

static void failure_json(struct connection *c, int status, const char *key) {
    struct buf b;
    buf_init(&b, c->request.arena);
    buf_printf(&b, "{\"error\":\"%s\",\"status\":%d,\"message\":", key, status);
    buf_json(&b, c->request.error);
    buf_puts(&b, ",\"request_id\":");
    buf_json(&b, c->request.id);
    buf_puts(&b, "}\n");
    (void)http_bytes(&c->request, status, "application/json", buf_text(&b), b.len, true);
}

/* RULE form-address: whoever opens an address that only takes forms is told so, and led to the
 * nearest page above it. */
static void view_form_address(struct connection *c, struct view *v) {
    struct request *r = &c->request;
    char *path = arena_dup(r->arena, r->path), *slash;
    struct route_match match;
    view_bool(v, "no_page", true);
    while ((slash = strrchr(path, '/')) && slash != path) {
        *slash = 0;
        const char *raw = percent_encode(r->arena, path, "/");
        if (route_find(c->http->options.routes, c->http->options.route_count, METHOD_GET, raw,
                       r->arena, &match) &&
            match.route) {
            view_text(v, "back_href", raw);
            return;
        }
    }
}

void answer_failure(struct connection *c, enum err e, int status) {
    struct request *r = &c->request;
    size_t i = 0;
    while (i < COUNT_OF(failures) - 1 && failures[i].e != e) i++;
    const char *key = failures[i].key;
    if (!status) status = failures[i].status;
    if (cannot_save(c, e)) {
        status = 503;
        key = "unsaved";
        (void)http_refuse(r, e, "http_unsaved", NULL);
        http_header_out(r, "Retry-After", "10");
    } else if (status == 503) {
        http_header_out(r, "Retry-After", "2");
        c->http->metrics.refused_busy++;
    }
    if (!r->error) (void)http_refuse(r, e, failures[i].text, NULL);
    if (status == 405) {
        static const char *const names[] = {"GET", "POST", "PUT", "PATCH", "DELETE"};
        struct buf b;
        buf_init(&b, r->arena);
        for (size_t m = 0; m < COUNT_OF(names); m++)
            if (c->allowed & 1u << m)
                buf_printf(&b, "%s%s%s", b.len ? ", " : "", names[m],
                           m == METHOD_GET ? ", HEAD" : "");
        http_header_out(r, "Allow", buf_text(&b));
    }
    if (wants_json(c)) {
        failure_json(c, status, key);
        return;
    }
    struct view *v = view_new(r->arena);
    view_int(v, "status", status);
    view_text(v, "message", r->error);
    if (status == 405 && r->method == METHOD_GET) view_form_address(c, v);
    else view_bool(v, key, true);
    if (c->advice) view_bool(v, c->advice, true);
    view_bool(v, "plainly", !c->advice);
    struct view *retry = view_object(v, "retry");
    view_text(retry, "path", r->path);
    if (http_page_status(r, status, "site_error", v) != OK) {
        char *text = arena_printf(r->arena, "%d %s\nRequest %s\n", status, r->error, r->id);
        (void)http_bytes(r, status, "text/plain; charset=utf-8", text, strlen(text), true);
    }
}

/* ---- Sending ------------------------------------------------------------------------------- */

static bool compressible(const char *type) {
    return type && (str_has_prefix(type, "text/") || strstr(type, "json") ||
                    strstr(type, "javascript") || strstr(type, "xml"));
}

static bool header_set(struct connection *c, const char *name) {
    for (size_t i = 0; i < c->out_count; i++)
        if (strcasecmp(c->out[i].name, name) == 0) return true;
    return false;
}

static void compress_body(struct connection *c) {
    if (c->has_file) return;
    if (c->len < GZIP_FROM_BYTES || !compressible(c->type) || header_set(c, "Content-Encoding"))
        return;
    http_header_out(&c->request, "Vary", "Accept-Encoding, Accept-Language, Cookie");
    if (!http_accepts_gzip(&c->request)) return;
    if (c->len > REQUEST_ARENA_BYTES / 4) return; /* compressing could fill the arena */
    const unsigned char *out;
    size_t len = pieces_gzip(c->http->pieces, &c->arena, c->bytes, c->len, c->cuts.cut,
                             c->cuts.count, &out);
    if (!len) return;
    c->bytes = out;
    c->len = len;
    http_header_out(&c->request, "Content-Encoding", "gzip");
}

static void log_answer(struct connection *c, int64_t duration_us) {
    struct request *r = &c->request;
    struct log_line l;
    log_begin(&l, c->status >= 500 ? LOG_ERROR : LOG_INFO, "request");
    log_text(&l, "id", r->id);
    log_text(&l, "method", r->method_name);
    log_text(&l, "path", r->path);
    log_int(&l, "status", c->status);
    log_int(&l, "us", duration_us);
    log_int(&l, "bytes", (int64_t)c->len);
    log_text(&l, "client", r->client);
    if (r->who) log_text(&l, "person", r->who->person_id);
    if (c->status >= 400 && r->error) log_text(&l, "error", r->error);
    log_end(&l);
}

static void add(struct MHD_Response *response, const char *name, const char *value) {
    (void)MHD_add_response_header(response, name, value);
}

void answer_cut_off(struct connection *c) {
    struct request *r = &c->request;
    char text[512];
    c->cut_off = true;
    c->status = 413;
    if (!r->error) r->error = "the request's body does not end"; /* for the log only */
    int n = snprintf(
        text, sizeof text,
        "HTTP/1.1 413 Content Too Large\r\nContent-Type: text/plain; charset=utf-8\r\n"
        "Content-Length: %zu\r\nConnection: close\r\nX-Content-Type-Options: nosniff\r\n"
        "X-Request-Id: %s\r\n\r\n413 Request %s\n",
        strlen("413 Request \n") + strlen(r->id), r->id, r->id);
    BUG_IF(n < 0 || (size_t)n >= sizeof text); /* an id has 16 figures */
    if (send(c->peer->fd, text, (size_t)n, MSG_DONTWAIT | MSG_NOSIGNAL) == n)
        (void)shutdown(c->peer->fd, SHUT_WR);
    int64_t duration_us = clock_monotonic_us() - c->began_us;
    metrics_answer(&c->http->metrics, c->status, duration_us, (size_t)n);
    log_answer(c, duration_us);
}

/* RULE no-store: what is made for one person stays nowhere, whatever its handler says: pages with
 * their name, and pages whose form holds their token. Pictures and files of modules are the same
 * for all, and may be asked about again. */
static bool is_personal(struct connection *c) {
    const struct request *r = &c->request;
    bool made = c->type && (str_has_prefix(c->type, "text/html") || strstr(c->type, "json"));
    if (r->who && made) return true;
    if (header_set(c, "Set-Cookie")) return true;
    return made && r->route && r->route->flags & ROUTE_GUEST_FORM;
}

/* The response closes the file. */
static struct MHD_Response *response_of(struct connection *c) {
    if (!c->has_file || c->len == 0)
        return MHD_create_response_from_buffer(c->len, (void *)c->bytes, MHD_RESPMEM_PERSISTENT);
    struct MHD_Response *response = MHD_create_response_from_fd_at_offset64(c->len, c->file,
                                                                            (uint64_t)c->file_from);
    c->has_file = !response;
    return response;
}

enum MHD_Result answer_send(struct connection *c) {
    struct request *r = &c->request;
    if (c->status != 304) compress_body(c);
    struct MHD_Response *response = response_of(c);
    if (!response) return MHD_NO;
    if (c->type) add(response, "Content-Type", header_value(r->arena, c->type));
    if (!header_set(c, "Content-Security-Policy"))
        add(response, "Content-Security-Policy", content_policy);
    if (is_personal(c)) http_header_out(r, "Cache-Control", "private, no-store");
    else if (!header_set(c, "Cache-Control"))
        add(response, "Cache-Control", r->who ? "private, no-cache" : "no-cache");
    add(response, "X-Content-Type-Options", "nosniff");
    add(response, "Referrer-Policy", "same-origin");
    add(response, "Cross-Origin-Opener-Policy", "same-origin");
    bool open = r->route && r->route->flags & ROUTE_CORS;
    add(response, "Cross-Origin-Resource-Policy", open ? "cross-origin" : "same-origin");
    add(response, "Permissions-Policy",
        "camera=(), microphone=(), geolocation=(), interest-cohort=()");
    if (open) add(response, "Access-Control-Allow-Origin", "*");
    if (r->secure) add(response, "Strict-Transport-Security", "max-age=31536000");
    add(response, "X-Request-Id", r->id);
    if (c->http->stopping && !header_set(c, "Connection")) add(response, "Connection", "close");
    for (size_t i = 0; i < c->out_count; i++) add(response, c->out[i].name, c->out[i].value);
    c->phase = PHASE_ANSWERED;
    int64_t duration_us = clock_monotonic_us() - c->began_us;
    metrics_answer(&c->http->metrics, c->status, duration_us, c->len);
    log_answer(c, duration_us);
    enum MHD_Result result = MHD_queue_response(c->mhd, (unsigned)c->status, response);
    MHD_destroy_response(response);
    return result;
}
