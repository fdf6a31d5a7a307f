/* Reading a request: who asks, from where, for what, and whether it may come in at all. */
#include <arpa/inet.h>
#include <netdb.h>
#include <netinet/in.h>
#include <sodium.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>

#include "base/clock.h"
#include "base/codec.h"
#include "base/text.h"
#include "http/connection.h"
#include "http/route.h"

#define GUEST_COOKIE "gradus_guest"
#define CSRF_BYTES 32
#define QUERY_LIMIT 100

static const struct {
    const char *name;
    enum method method;
} methods[] = {{"GET", METHOD_GET},        {"HEAD", METHOD_GET},    {"POST", METHOD_POST},
               {"PUT", METHOD_PUT},        {"PATCH", METHOD_PATCH}, {"DELETE", METHOD_DELETE},
               {"OPTIONS", METHOD_OPTIONS}};

const char *http_header_in(struct request *r, const char *name) {
    const char *value = MHD_lookup_connection_value(r->connection->mhd, MHD_HEADER_KIND, name);
    size_t n = value ? strlen(value) : 0;
    /* Blanks behind a value are no part of it (RFC 9112, section 5); the library leaves them. */
    return n && strchr(" \t", value[n - 1]) ? str_trim(r->arena, value) : value;
}

const char *http_cookie_in(struct request *r, const char *name) {
    return MHD_lookup_connection_value(r->connection->mhd, MHD_COOKIE_KIND, name);
}

const char *host_cookie_name(struct request *r, const char *name) {
    return r->secure ? arena_printf(r->arena, "__Host-%s", name) : name;
}

const char *http_host_cookie_in(struct request *r, const char *name) {
    return http_cookie_in(r, host_cookie_name(r, name));
}

static const char *find_field(const struct form *f, const char *name) {
    for (size_t i = 0; i < f->count; i++)
        if (!f->fields[i].filename && str_eq(f->fields[i].name, name)) return f->fields[i].value;
    return NULL;
}

const char *http_query(struct request *r, const char *name) {
    return find_field(&r->connection->query, name);
}

bool http_query_at(struct request *r, size_t i, const char **name, const char **value) {
    const struct form *q = &r->connection->query;
    if (i >= q->count) return false;
    *name = q->fields[i].name;
    *value = q->fields[i].value;
    return true;
}
const char *http_field(struct request *r, const char *name) {
    return find_field(&r->connection->form, name);
}

size_t http_fields(struct request *r, const char *name, const char *const **values) {
    const struct form *f = &r->connection->form;
    const char **found = NEW_ARRAY(r->arena, const char *, f->count);
    size_t n = 0;
    for (size_t i = 0; i < f->count; i++)
        if (!f->fields[i].filename && str_eq(f->fields[i].name, name))
            found[n++] = f->fields[i].value;
    *values = found;
    return n;
}

const unsigned char *http_file(struct request *r, const char *name, size_t *len,
                               const char **filename) {
    const struct form *f = &r->connection->form;
    for (size_t i = 0; i < f->count; i++) {
        if (!f->fields[i].filename || !str_eq(f->fields[i].name, name)) continue;
        *len = f->fields[i].len;
        if (filename) *filename = f->fields[i].filename;
        return (const unsigned char *)f->fields[i].value;
    }
    return NULL;
}

bool http_has_role(struct request *r, unsigned roles) { return r->who && (r->who->roles & roles); }

/* ---- Where the client is ------------------------------------------------------------------- */

static const char *peer_address(struct connection *c) {
    const union MHD_ConnectionInfo *info = MHD_get_connection_info(
        c->mhd, MHD_CONNECTION_INFO_CLIENT_ADDRESS);
    char text[INET6_ADDRSTRLEN] = "unknown";
    if (info && info->client_addr) {
        const struct sockaddr *sa = info->client_addr;
        if (sa->sa_family == AF_INET)
            inet_ntop(AF_INET, &((const struct sockaddr_in *)sa)->sin_addr, text, sizeof text);
        else if (sa->sa_family == AF_INET6) {
            const struct in6_addr *six = &((const struct sockaddr_in6 *)sa)->sin6_addr;
            if (IN6_IS_ADDR_V4MAPPED(six)) inet_ntop(AF_INET, six->s6_addr + 12, text, sizeof text);
            else inet_ntop(AF_INET6, six, text, sizeof text);
        }
    }
    return arena_dup(&c->arena, text);
}

static bool host_valid(const char *host) {
    size_t n = strlen(host);
    if (n == 0 || n > 255) return false;
    return strspn(host, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-:[]") == n;
}

/* The last address of a list: the one that the trusted proxy itself saw. */
static const char *last_address(struct arena *a, const char *list) {
    const char *comma = strrchr(list, ',');
    char *text = str_trim(a, comma ? comma + 1 : list);
    struct in_addr four;
    struct in6_addr six;
    return inet_pton(AF_INET, text, &four) == 1 || inet_pton(AF_INET6, text, &six) == 1 ? text
                                                                                        : NULL;
}

struct last_header {
    const char *name, *value;
};

static enum MHD_Result keep_last(void *cls, enum MHD_ValueKind kind, const char *key,
                                 const char *value) {
    (void)kind;
    struct last_header *h = cls;
    if (strcasecmp(key, h->name) == 0) h->value = value;
    return MHD_YES;
}

/* Some proxies add their line behind those of the client, which may be forged: so the last one
 * counts. */
static const char *last_header(struct connection *c, const char *name) {
    struct last_header h = {name, NULL};
    MHD_get_connection_values(c->mhd, MHD_HEADER_KIND, keep_last, &h);
    return h.value;
}

/* HTTP/1.0 may come without Host: then it is the address that the client reached. */
static const char *local_host(struct connection *c) {
    struct sockaddr_storage at;
    socklen_t len = sizeof at;
    char host[INET6_ADDRSTRLEN], port[8];
    if (getsockname(c->peer->fd, (struct sockaddr *)&at, &len) != 0 ||
        getnameinfo((struct sockaddr *)&at, len, host, sizeof host, port, sizeof port,
                    NI_NUMERICHOST | NI_NUMERICSERV) != 0)
        return NULL;
    return arena_printf(&c->arena, at.ss_family == AF_INET6 ? "[%s]:%s" : "%s:%s", host, port);
}

static enum err read_client(struct connection *c, bool http_1_0) {
    struct request *r = &c->request;
    const char *host = http_header_in(r, "Host"), *peer = peer_address(c);
    /* RFC 9112 section 3.2.2: the host of an address in full counts, whatever Host says. */
    if (c->authority) host = c->authority;
    if (!host && http_1_0) host = local_host(c);
    r->client = peer;
    r->secure = false;
    if (c->http->options.trust_proxy && str_eq(c->http->options.trust_proxy, peer)) {
        const char *header = last_header(c, "X-Forwarded-For");
        const char *client = header ? last_address(&c->arena, header) : NULL;
        if (client) r->client = client;
        c->client_forwarded = client != NULL;
        header = last_header(c, "X-Forwarded-Proto");
        r->secure = header && strcasecmp(header, "https") == 0;
        header = last_header(c, "X-Forwarded-Host");
        if (header) host = header;
    }
    if (r->app->origin) {
        r->origin = r->app->origin;
        r->secure = r->secure || str_has_prefix(r->origin, "https://");
        return OK;
    }
    if (!host || !host_valid(host)) {
        r->origin = "http://invalid.invalid";
        return http_refuse(r, ERR_INVALID, "http_no_host", NULL);
    }
    r->origin = arena_printf(&c->arena, "%s://%s", r->secure ? "https" : "http", host);
    return OK;
}

/* ---- CSRF ---------------------------------------------------------------------------------- */

const char *csrf_expected(struct connection *c) {
    if (c->request.who) return c->request.who->csrf;
    if (!c->guest_token) {
        const char *cookie = http_host_cookie_in(&c->request, GUEST_COOKIE);
        c->guest_token = cookie && strlen(cookie) == 43 ? arena_dup(&c->arena, cookie) : NULL;
    }
    return c->guest_token;
}

static bool same_site(struct request *r) {
    const char *site = http_header_in(r, "Sec-Fetch-Site");
    return !site || str_eq(site, "same-origin") || str_eq(site, "none");
}

/* A page's token is mask || (mask xor token), new for each page: what a compressed page leaks by
 * its size (BREACH) is of no use on the next one. */
bool csrf_check(struct connection *c) {
    struct request *r = &c->request;
    const char *sent = http_header_in(r, "X-CSRF-Token"), *expected = csrf_expected(c);
    if (!sent) sent = http_field(r, "csrf");
    if (!sent || !expected || !same_site(r)) return false;
    size_t sent_len, want_len;
    unsigned char *masked = base64url_decode(r->arena, sent, &sent_len);
    unsigned char *want = base64url_decode(r->arena, expected, &want_len);
    if (!masked || !want || want_len != CSRF_BYTES || sent_len != 2 * CSRF_BYTES) return false;
    for (size_t i = 0; i < CSRF_BYTES; i++) masked[CSRF_BYTES + i] ^= masked[i];
    return sodium_memcmp(masked + CSRF_BYTES, want, CSRF_BYTES) == 0;
}

const char *http_csrf(struct request *r) {
    struct connection *c = r->connection;
    const char *expected = csrf_expected(c);
    if (!expected) {
        if (!(r->route && r->route->flags & ROUTE_GUEST_FORM)) return "";
        c->guest_token = random_token(r->arena, CSRF_BYTES);
        expected = c->guest_token;
        http_host_cookie_out(r, GUEST_COOKIE, expected, 0);
    }
    size_t len;
    unsigned char *token = base64url_decode(r->arena, expected, &len), masked[2 * CSRF_BYTES];
    if (!token || len != CSRF_BYTES) return "";
    random_bytes(masked, CSRF_BYTES);
    for (size_t i = 0; i < CSRF_BYTES; i++) masked[CSRF_BYTES + i] = masked[i] ^ token[i];
    return base64url_encode(r->arena, masked, sizeof masked);
}

/* ---- Beginning ----------------------------------------------------------------------------- */

static enum MHD_Result add_query(void *cls, enum MHD_ValueKind kind, const char *key,
                                 const char *value) {
    (void)kind;
    struct connection *c = cls;
    if (c->query.count >= QUERY_LIMIT) {
        c->query_broken = true;
        return MHD_NO;
    }
    struct form *q = &c->query;
    q->fields = list_more(&c->arena, q->fields, q->count, sizeof *q->fields);
    struct form_field field = {0};
    field.name = percent_decode(&c->arena, key, strlen(key),
                                false); /* '+' is done by the library */
    field.value = value ? percent_decode(&c->arena, value, strlen(value), false) : "";
    if (!field.name || !field.value) c->query_broken = true;
    else {
        field.len = strlen(field.value);
        q->fields[q->count++] = field;
    }
    return MHD_YES;
}

static void read_preferences(struct connection *c) {
    struct request *r = &c->request;
    const char *zone = http_cookie_in(r, "tz"), *language = http_cookie_in(r, "lang");
    if (zone && strlen(zone) < 64 &&
        strspn(zone, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_+-/") ==
            strlen(zone))
        r->zone = arena_dup(&c->arena, zone);
    if (language && page_locale_known(r->app->site, language))
        r->locale = arena_dup(&c->arena, language);
    else r->locale = page_negotiate(r->app->site, http_header_in(r, "Accept-Language"));
}

/* `type` is what a Content-Type says, whatever parameters follow. */
static bool is_type(const char *content_type, const char *type) {
    size_t n = strlen(type);
    return content_type && strncasecmp(content_type, type, n) == 0 &&
           strchr("; \t", content_type[n]);
}

static enum err check_body_headers(struct connection *c) {
    struct request *r = &c->request;
    bool any = r->route->flags & ROUTE_METHODS;
    c->body_limit = r->route->flags & ROUTE_UPLOAD ? UPLOAD_LIMIT
                    : r->route->flags & ROUTE_FILE ? FILE_LIMIT
                                                   : BODY_LIMIT;
    c->content_type = http_header_in(r, "Content-Type");
    const char *length = http_header_in(r, "Content-Length");
    int64_t bytes = 0;
    if (length && !parse_i64(length, 0, INT64_MAX, &bytes))
        return http_refuse(r, ERR_INVALID, "http_length", NULL);
    c->refuse_unread = (size_t)bytes > c->body_limit;
    if (c->refuse_unread) {
        struct view *v = view_new(r->arena);
        view_int(v, "limit", (int64_t)c->body_limit / 1024);
        return http_refuse(r, ERR_LIMIT, "http_too_large", v);
    }
    bool carries = bytes > 0 || http_header_in(r, "Transfer-Encoding");
    if (!carries || any || r->method == METHOD_GET) return OK;
    bool form = is_type(c->content_type, "application/x-www-form-urlencoded");
    bool json = is_type(c->content_type, "application/json");
    bool multipart = is_type(c->content_type, "multipart/form-data");
    if (form || (json && r->route->flags & ROUTE_JSON) ||
        (multipart && r->route->flags & (ROUTE_UPLOAD | ROUTE_FILE)))
        return OK;
    c->refused_status = 415;
    return http_refuse(r, ERR_INVALID, "http_no_type", NULL);
}

static enum err refuse_twice(struct request *r, const char *key, const char *name) {
    struct view *v = view_new(r->arena);
    size_t len = 0, all = strlen(name);
    while (len < all && len < 40) len += utf8_length_at(name + len, all - len);
    view_text(v, "name", arena_copy(r->arena, name, len));
    return http_refuse(r, ERR_INVALID, key, v);
}

/* The path of the target. A target in absolute form ("http://academy.example/login") also sets the
 * connection's authority. */
static const char *path_of(struct connection *c, const char *url) {
    size_t scheme = strncasecmp(url, "http://", 7) == 0    ? 7
                    : strncasecmp(url, "https://", 8) == 0 ? 8
                                                           : 0;
    if (!scheme) return url;
    size_t n = strcspn(url + scheme, "/");
    c->authority = arena_copy(&c->arena, url + scheme, n);
    return url[scheme + n] ? url + scheme + n : "/";
}

enum err request_begin(struct connection *c, const char *url, const char *method,
                       const char *version) {
    struct request *r = &c->request;
    r->app = c->http->app;
    r->arena = &c->arena;
    r->connection = c;
    r->method = METHOD_OTHER;
    r->method_name = arena_dup(&c->arena, method);
    r->now_ms = clock_now_ms();
    r->locale = "en";
    unsigned char raw[8];
    random_bytes(raw, sizeof raw);
    r->id = hex_encode(&c->arena, raw, sizeof raw);
    c->url = url = arena_dup(&c->arena, path_of(c, url));
    for (size_t i = 0; i < COUNT_OF(methods); i++)
        if (str_eq(methods[i].name, method)) r->method = methods[i].method;
    r->path = percent_decode(&c->arena, url, strlen(url), false);
    if (!r->path || *r->path != '/') {
        r->path = "/";
        return http_refuse(r, ERR_INVALID, "http_address_broken", NULL);
    }
    read_preferences(c);
    enum err e = read_client(c, str_eq(version, "HTTP/1.0"));
    if (e != OK) return e;
    MHD_get_connection_values(c->mhd, MHD_GET_ARGUMENT_KIND, add_query, c);
    struct route_match match;
    if (c->query_broken || !route_find(c->http->options.routes, c->http->options.route_count,
                                       r->method, url, r->arena, &match))
        return http_refuse(r, ERR_INVALID, "http_address_broken", NULL);
    if (!match.route) {
        c->allowed = match.allowed;
        if (match.path_known) c->refused_status = 405;
        return http_refuse(r, ERR_NOT_FOUND, match.path_known ? "http_no_method" : "http_no_page",
                           NULL);
    }
    r->route = match.route;
    memcpy(r->param, match.param, sizeof r->param);
    r->fragment = http_header_in(r, "HX-Request") != NULL;
    const char *twice = form_repeated(&c->query);
    if (twice) return refuse_twice(r, "http_address_twice", twice);
    return check_body_headers(c);
}

/* The whole body is here: forms become fields. */
enum err request_body(struct connection *c) {
    struct request *r = &c->request;
    r->body = c->body;
    r->body_len = c->body_len;
    const char *type = c->content_type, *why = "http_form_broken";
    if (!c->body_len || !type || r->route->flags & ROUTE_METHODS) return OK;
    enum err e = OK;
    if (is_type(type, "application/x-www-form-urlencoded"))
        e = form_urlencoded(r->arena, (const char *)c->body, c->body_len, &c->form, &why);
    else if (is_type(type, "multipart/form-data"))
        e = form_multipart(r->arena, type, (const char *)c->body, c->body_len, &c->form, &why);
    if (e != OK) return http_refuse(r, e, why, NULL);
    const char *twice = form_repeated(&c->form);
    if (twice) return refuse_twice(r, "http_form_twice", twice);
    return OK;
}
