/* /runs/RUN/api/CONNECTOR/…: the systems of a run as real HTTP APIs. The credentials that a dialect
 * asks for are checked here, so that a request without them neither wakes a worker nor adds to a
 * record. */
#include <sodium.h>
#include <string.h>

#include "base/clock.h"
#include "base/codec.h"
#include "base/json.h"
#include "base/text.h"
#include "labmodel/lab_random.h"
#include "lab/lab_api.h"
#include "lab/lab_pages.h"
#include "labmodel/lab_openapi.h"

#define HEADER_IN_MAX 400

struct api_call {
    struct lab_ask ask;
    struct request *request;
    const struct lab_dialect *dialect; /* NULL: the lab's own API */
};

enum err api_plain(struct request *r, int status, const char *sentence) {
    struct buf b;
    buf_init(&b, r->arena);
    buf_puts(&b, "{\"error\":");
    buf_json(&b, sentence);
    buf_putc(&b, '}');
    return http_json(r, status, buf_text(&b), b.len);
}

/* The HTTP status of a failure; sets the header that belongs to it. */
static int answer_of(struct request *r, enum err e) {
    if (e == ERR_BUSY) http_header_out(r, "Retry-After", "2");
    return e == ERR_NOT_FOUND ? 404 : e == ERR_BUSY ? 503 : e == ERR_LIMIT ? 413 : 500;
}

/* ---- Waiting for the worker ----------------------------------------------------------------- */
static void wake(struct lab_ask *ask) {
    struct api_call *c = ask->context;
    http_wake(c->request, ask->result);
}

static void begin(struct request *r, void *arg) {
    struct api_call *c = arg;
    labs_ask(r->app->labs, &c->ask);
}

bool lab_api_may_set(const struct lab_dialect *d, const char *name) {
    if (str_eq(name, "Link")) return d->link;
    if (str_eq(name, "Lab-Latency")) return true;
    if (str_eq(name, "Allow")) return true;
    if (str_eq(name, "ETag")) return d->etag != LAB_ETAG_NONE;
    const char *const allowed[] = {"Retry-After", d->limit_header, d->remaining_header,
                                   d->reset_header};
    for (size_t i = 0; i < COUNT_OF(allowed); i++)
        if (str_eq(allowed[i], name)) return true;
    return false;
}

static enum err finish(struct request *r, void *arg, enum err result) {
    struct api_call *c = arg;
    const struct lab_answer *a = &c->ask.answer;
    if (result)
        return api_plain(r, answer_of(r, result), lab_text(r, lab_ask_refusal(&c->ask), NULL));
    for (int i = 0; i < a->header_count; i++)
        if (c->dialect && lab_api_may_set(c->dialect, a->headers[i].name))
            http_header_out(r, a->headers[i].name, a->headers[i].value);
    http_header_out(r, "Lab-Clock", time_iso(r->arena, a->now_ms));
    return http_bytes(r, a->status, a->type, a->body, a->body_len, true);
}

static struct api_call *call_new(struct request *r, const struct lab_run_row *run) {
    struct api_call *c = NEW(r->arena, struct api_call);
    lab_ask_init(&c->ask, r->arena, r->now_ms);
    c->request = r;
    c->ask.run = *run;
    c->ask.actor_id = run->person_id;
    c->ask.done = wake;
    c->ask.context = c;
    return c;
}

enum err api_send(struct request *r, const struct lab_run_row *run,
                  const struct lab_dialect *dialect, json_t *action, bool reads_only) {
    struct api_call *c = call_new(r, run);
    c->dialect = dialect;
    c->ask.action = json_text(r->arena, action);
    c->ask.reads_only = reads_only;
    c->ask.method = json_string_value(json_object_get(action, "method"));
    c->ask.path = json_string_value(json_object_get(action, "path"));
    c->ask.body = json_string_value(json_object_get(action, "body"));
    return http_wait(r, begin, c, finish);
}

static enum err viewed(struct request *r, void *arg, enum err result) {
    struct api_call *c = arg;
    if (result)
        return api_plain(r, answer_of(r, result), lab_text(r, lab_ask_refusal(&c->ask), NULL));
    return http_json(r, 200, c->ask.view[0], c->ask.view_len[0]);
}

enum err api_view(struct request *r, const struct lab_run_row *run, const char *question) {
    struct api_call *c = call_new(r, run);
    c->ask.question[c->ask.questions++] = question;
    return http_wait(r, begin, c, viewed);
}

/* ---- Keys ----------------------------------------------------------------------------------- */
const char *api_after_scheme(const char *header, const char *scheme) {
    size_t n = strlen(scheme);
    if (!header || strncasecmp(header, scheme, n) != 0 || header[n] != ' ') return NULL;
    return header + n + 1 + strspn(header + n + 1, " ");
}

static bool basic_is(struct request *r, const char *header, const char *secret) {
    const char *text = api_after_scheme(header, "Basic");
    size_t len = text ? strlen(text) : 0, bytes;
    unsigned char *pair = len && len < 400 ? arena_alloc(r->arena, len + 1) : NULL;
    if (!pair || sodium_base642bin(pair, len, text, len, NULL, &bytes, NULL,
                                   sodium_base64_VARIANT_ORIGINAL) != 0)
        return false;
    pair[bytes] = '\0';
    const char *colon = strchr((char *)pair, ':');
    return colon && secret_eq(colon + 1, secret);
}

/* A field of an urlencoded body; our secrets need no decoding. */
static bool form_has(const char *body, const char *name, const char *value) {
    size_t n = strlen(name), v = strlen(value);
    for (const char *p = body; p && *p; p = strchr(p, '&') ? strchr(p, '&') + 1 : NULL)
        if (strncmp(p, name, n) == 0 && p[n] == '=' && strncmp(p + n + 1, value, v) == 0 &&
            (p[n + 1 + v] == '&' || !p[n + 1 + v]))
            return true;
    return false;
}

/* The value of a field of an urlencoded body, decoded; NULL: it is not there. */
static const char *form_value(struct request *r, const char *body, const char *name) {
    size_t n = strlen(name);
    for (const char *p = body; p && *p; p = strchr(p, '&') ? strchr(p, '&') + 1 : NULL)
        if (strncmp(p, name, n) == 0 && p[n] == '=')
            return percent_decode_leniently(r->arena, p + n + 1, strcspn(p + n + 1, "&"), true);
    return NULL;
}

/* Whether it is the run's key, or one that took its place: `*token` is the number of such a one. */
static bool key_is(struct request *r, const struct lab_dialect *d, const struct lab_run_row *run,
                   int member, const char *given, const char *secret, int64_t *token) {
    if (!given) return false;
    if (secret_eq(given, secret)) return true;
    if (d->rotate_path && strlen(given) < 100)
        *token = lab_access_token_number(r->arena, run->seed, member, given);
    return *token > 0;
}

/* Whether the request carries the credentials that the dialect asks for; `*token` is the number of
 * an OAuth token, or of a key that is not the first. */
static bool authenticated(struct request *r, const struct lab_dialect *d,
                          const struct lab_run_row *run, int member, int64_t *token) {
    const char *secret = lab_run_token(r->app->labs, r->arena, run->id),
               *header = http_header_in(r, "Authorization"), *given;
    *token = 0;
    switch (d->auth) {
    case LAB_AUTH_BEARER:
        return key_is(r, d, run, member, api_after_scheme(header, "Bearer"), secret, token);
    case LAB_AUTH_KEY:
        return key_is(r, d, run, member, http_header_in(r, d->auth_header), secret, token);
    case LAB_AUTH_QUERY:
        return key_is(r, d, run, member, http_query(r, d->auth_param), secret, token);
    case LAB_AUTH_BASIC: return basic_is(r, header, secret);
    case LAB_AUTH_OAUTH:
        given = api_after_scheme(header, "Bearer");
        *token = given && strlen(given) < 100
                     ? lab_access_token_number(r->arena, run->seed, member, given)
                     : 0;
        return *token > 0;
    }
    return false;
}

static bool client_known(struct request *r, const struct lab_run_row *run) {
    const char *secret = lab_run_token(r->app->labs, r->arena, run->id),
               *body = r->body ? (const char *)r->body : "";
    if (basic_is(r, http_header_in(r, "Authorization"), secret)) return true;
    return form_has(body, "client_id", run->id) && form_has(body, "client_secret", secret);
}

static enum err refuse(struct request *r, const struct lab_dialect *d, enum lab_problem what,
                       const char *field, const char *value) {
    const char *type;
    struct buf b;
    buf_init(&b, r->arena);
    int status = lab_surface_problem(d, what, field, value, 0, 0, &type, &b);
    if (status == 401 && d->auth != LAB_AUTH_KEY && d->auth != LAB_AUTH_QUERY)
        http_header_out(r, "WWW-Authenticate",
                        d->auth == LAB_AUTH_BASIC ? "Basic realm=\"lab\"" : "Bearer realm=\"lab\"");
    return http_bytes(r, status, type, buf_text(&b), b.len, true);
}

/* ---- Requests ------------------------------------------------------------------------------- */
/* RULE lab-key-hidden: a key in the query does not enter the record. */
const char *api_query(struct request *r, const char *key) {
    struct buf b;
    const char *name, *value;
    buf_init(&b, r->arena);
    for (size_t i = 0; http_query_at(r, i, &name, &value); i++) {
        if (key && str_eq(name, key)) continue;
        buf_printf(&b, "%s%s=%s", b.len ? "&" : "", percent_encode(r->arena, name, ""),
                   percent_encode(r->arena, value, ""));
    }
    return b.len ? buf_text(&b) : NULL;
}

/* RULE lab-header-in: what goes into the record is a header that the dialect reads, in up to 400
 * printable characters. */
static bool may_be_kept(const char *value) {
    size_t len = strlen(value);
    for (size_t i = 0; i < len; i++)
        if ((unsigned char)value[i] < 0x20 || (unsigned char)value[i] > 0x7e) return false;
    return len <= HEADER_IN_MAX;
}

/* Adds a header to the action under `key`, when it was sent; false: it cannot be taken. */
static bool take_header(struct request *r, json_t *action, const char *name, const char *key) {
    const char *value = http_header_in(r, name);
    if (!value) return true;
    return may_be_kept(value) && json_object_set_new(action, key, json_string(value)) == 0;
}

/* The headers that the dialect reads; returns the name of one that cannot be taken, or NULL. */
static const char *take_headers(struct request *r, const struct lab_dialect *d, json_t *action) {
    const struct {
        const char *name, *key;
        bool read;
    } headers[] = {
        {"If-Match", "if_match", d->etag != LAB_ETAG_NONE},
        {"If-None-Match", "if_none_match", d->etag != LAB_ETAG_NONE},
        {d->once_header, "once", d->once_header != NULL},
    };
    for (size_t i = 0; i < COUNT_OF(headers); i++)
        if (headers[i].read && !take_header(r, action, headers[i].name, headers[i].key))
            return headers[i].name;
    return NULL;
}

/* Gives a token for the client's credentials, or for a refresh token with them. */
static enum err token_call(struct request *r, const struct lab_run_row *run,
                           const struct lab_dialect *d, const char *connector, int member) {
    const char *body = r->body ? (const char *)r->body : "";
    if (!client_known(r, run)) return refuse(r, d, LAB_PROBLEM_UNAUTHENTICATED, NULL, NULL);
    json_t *action = json_adopt(r->arena,
                                json_pack("{s:s, s:s}", "kind", "token", "connector", connector));
    const char *scope = d->scope_count ? form_value(r, body, "scope") : NULL;
    if (scope && !may_be_kept(scope)) return refuse(r, d, LAB_PROBLEM_GRANT, NULL, "scope");
    if (scope) json_object_set_new(action, "scope", json_string(scope));
    if (d->refresh_days && form_has(body, "grant_type", "refresh_token")) {
        const char *given = form_value(r, body, "refresh_token");
        int64_t n = given && strlen(given) < 100
                        ? lab_access_token_number(r->arena, run->seed, LAB_REFRESH_MEMBER(member),
                                                  given)
                        : 0;
        if (!n) return refuse(r, d, LAB_PROBLEM_GRANT, NULL, "refresh_token");
        json_object_set_new(action, "refresh", json_integer(n));
    }
    return api_send(r, run, d, action, false);
}

static enum err connector_call(struct request *r, const struct lab_run_row *run,
                               const struct lab_dialect *d, const char *connector, int member) {
    const char *path = arena_printf(r->arena, "/%s", r->param[2]),
               *body = r->body ? (const char *)r->body : NULL;
    int64_t token;
    if (d->auth == LAB_AUTH_OAUTH && str_eq(path, d->auth_path) && r->method == METHOD_POST)
        return token_call(r, run, d, connector, member);
    if (!authenticated(r, d, run, member, &token))
        return refuse(r, d, LAB_PROBLEM_UNAUTHENTICATED, NULL, NULL);
    if (body && (r->body_len > strlen(body) || !utf8_valid(body, r->body_len)))
        return refuse(r, d, LAB_PROBLEM_BAD_JSON, NULL, "it is not valid UTF-8");
    json_t *action = json_adopt(r->arena, json_pack("{s:s, s:s, s:s, s:s, s:s*, s:s*}", "kind",
                                                    "api", "connector", connector, "method",
                                                    r->method_name, "path", path, "query",
                                                    api_query(r, d->auth_param), "body", body));
    if (token) json_object_set_new(action, "token", json_integer(token));
    const char *bad = take_headers(r, d, action);
    if (bad) return refuse(r, d, LAB_PROBLEM_INVALID_VALUE, bad, http_header_in(r, bad));
    return api_send(r, run, d, action, r->method == METHOD_GET);
}

enum err lab_api(struct request *r) {
    struct labs *l = r->app->labs;
    struct lab_run_row run;
    const struct lab_dialect *dialects[LAB_CONNECTORS_MAX];
    if (!l) return api_plain(r, 503, "Labs are not available here.");
    enum err e = lab_store_run(r->db, r->arena, r->param[0], &run);
    if (e)
        return api_plain(r, answer_of(r, e),
                         e == ERR_NOT_FOUND ? "There is no such run."
                                            : "The run cannot be read just now.");
    if (str_eq(r->param[1], "lab")) return lab_own_call(r, &run);
    const struct lab_version *version;
    e = labs_version(l, r->db, run.version, r->arena, &version);
    if (e == ERR_BUSY) return api_plain(r, answer_of(r, e), "The run cannot be read just now.");
    if (e || !lab_choice_read(&version->scenario.stack, run.choice, dialects, r->arena))
        return api_plain(r, 500, "The version of this lab cannot be read any more.");
    int member = lab_member_find(&version->scenario.stack, r->param[1]);
    if (member < 0) return api_plain(r, 404, "There is no such connector in this run.");
    if (str_eq(r->param[2], "openapi.json") && r->method == METHOD_GET) {
        struct buf b;
        struct lab_surface surface = {&version->scenario.stack, dialects, member};
        buf_init(&b, r->arena);
        lab_openapi(&surface,
                    arena_printf(r->arena, "%s/runs/%s/api/%s", r->origin, run.id, r->param[1]),
                    &b);
        return http_json(r, 200, buf_text(&b), b.len);
    }
    return connector_call(r, &run, dialects[member], r->param[1], member);
}
