/* What strangers see: a certificate's page and files, the status list, the DID document. */
#include <string.h>
#include <strings.h>

#include "base/clock.h"
#include "base/codec.h"
#include "base/log.h"
#include "base/text.h"
#include "cert/cert_cache.h"
#include "cert/cert_drawer.h"
#include "cert/cert_records.h"

/* Revoking takes effect at once, so caches ask each time whether their copy still holds. */
#define ALWAYS_ASK "public, no-cache"

static bool accepts(struct request *r, const char *type) {
    const char *accept = http_header_in(r, "Accept");
    return accept && strcasestr(accept, type) != NULL;
}

/* The media type of a credential for this client: JSON for browsers, which would only store the
 * others. */
static const char *credential_type(struct request *r) {
    if (accepts(r, "application/vc")) return "application/vc";
    if (accepts(r, "application/ld+json")) return "application/ld+json";
    return accepts(r, "application/json") || accepts(r, "text/html") ? "application/json"
                                                                     : "application/vc";
}

static enum err answer_text(struct request *r, const char *type, const char *text,
                            const char *etag) {
    http_header_out(r, "Cache-Control", ALWAYS_ASK);
    http_header_out(r, "Vary", "Accept");
    if (http_etag(r, etag)) return OK;
    return http_bytes(r, 200, type, text, strlen(text), true);
}

/* As people call it: the programme as it was titled then, and the version of its scheme. */
static const char *scheme_of(struct request *r, const struct cert_certificate *c) {
    return arena_printf(r->arena, "%s %s", c->programme_title, c->scheme_version);
}

/* ---- Paper and badge ------------------------------------------------------------------------- */
static const char *paper_date(struct request *r, int64_t ms) {
    struct view *v = view_new(r->arena);
    view_time(v, "x", ms, "en", "UTC");
    return page_text(r->app->site, "en", "cert_paper_date", v, r->arena);
}

/* Always in English and in UTC: the paper is the same for whoever downloads it. */
static struct cert_paper paper_of(struct request *r, const struct cert_certificate *c,
                                  const char *credential) {
    struct site *site = r->app->site;
#define PAPER_TEXT(key) page_text(site, "en", key, NULL, r->arena)
    return (struct cert_paper){
        .language = "en",
        .body = c->body,
        .heading = PAPER_TEXT("cert_paper_heading"),
        .holder = c->holder_name,
        .holder_line = PAPER_TEXT("cert_paper_holder"),
        .title = arena_printf(r->arena, "%s: %s", c->programme_title, c->level_title),
        .title_line = PAPER_TEXT("cert_paper_title"),
        .scope = c->scope,
        .number = c->number,
        .number_label = PAPER_TEXT("cert_paper_number"),
        .facts = {{PAPER_TEXT("cert_paper_issued"), paper_date(r, c->issued_ms)},
                  {PAPER_TEXT("cert_paper_until"), c->valid_until_ms
                                                       ? paper_date(r, c->valid_until_ms)
                                                       : PAPER_TEXT("cert_paper_without_end")},
                  {PAPER_TEXT("cert_paper_scheme"), scheme_of(r, c)}},
        .signatory = c->decided_by_name,
        .signatory_label = PAPER_TEXT("cert_paper_signatory"),
        .url = arena_printf(r->arena, "%s/certificates/%s", c->origin, c->number),
        .url_line = PAPER_TEXT("cert_paper_check"),
        .programme = c->programme_title,
        .level = c->level_title,
        .step = c->level_number,
        .steps = c->level_count,
        .issued_ms = c->issued_ms,
        .credential = credential,
    };
#undef PAPER_TEXT
}

struct drawing {
    struct cert_paper paper;
    enum cert_drawing what;
    const char *key; /* of what is kept */
    unsigned char *bytes;
    size_t len;
};

static enum err draw(struct request *r, void *arg) {
    struct drawing *d = arg;
    enum err e = cert_draw_in_subprocess(r->arena, &d->paper, d->what, &d->bytes, &d->len);
    if (e == OK) cert_drawn_keep(r->app->certs, d->key, d->bytes, d->len);
    return e;
}

static enum err answer_drawing(struct request *r, void *arg, enum err result) {
    const struct drawing *d = arg;
    if (result != OK) return http_refuse(r, ERR_BUSY, "cert_error_not_drawn", NULL);
    bool pdf = d->what == CERT_DRAW_PDF;
    http_header_out(r, "Cache-Control", ALWAYS_ASK);
    if (http_etag(r, d->key)) return OK;
    if (!d->bytes) return ERR_BUSY;
    http_header_out(
        r, "Content-Disposition",
        arena_printf(r->arena, "inline; filename=\"%s.%s\"", d->paper.number, pdf ? "pdf" : "png"));
    return http_bytes(r, 200, pdf ? "application/pdf" : "image/png", d->bytes, d->len, true);
}

static enum err answer_drawn(struct request *r, const struct cert_certificate *c,
                             const struct cert_credential_row *row, bool pdf) {
    struct drawing *d = NEW(r->arena, struct drawing);
    d->what = pdf ? CERT_DRAW_PDF : CERT_DRAW_PNG;
    d->key = arena_printf(r->arena, "%s.%s", row->id, pdf ? "pdf" : "png");
    d->paper = paper_of(r, c, row->json);
    /* Whoever has it already gets a 304, for which nothing need be drawn. */
    if (http_etag_matches(r, d->key) ||
        cert_drawn_find(r->app->certs, r->arena, d->key, &d->bytes, &d->len))
        return answer_drawing(r, d, OK);
    return http_offload(r, r->app->certs->drawers, draw, d, answer_drawing);
}

/* ---- The page -------------------------------------------------------------------------------- */
/* The query that fills in the certification form of a professional network. */
static const char *profile_query(struct request *r, const struct cert_certificate *c) {
    const char *issued = time_iso_date(r->arena, c->issued_ms);
    struct buf b;
    buf_init(&b, r->arena);
    buf_puts(&b, "startTask=CERTIFICATION_NAME&name=");
    const char *parts[][2] = {
        {"", arena_printf(r->arena, "%s: %s", c->programme_title, c->level_title)},
        {"&organizationName=", c->body},
        {"&certUrl=", arena_printf(r->arena, "%s/certificates/%s", c->origin, c->number)},
        {"&certId=", c->number}};
    for (size_t i = 0; i < COUNT_OF(parts); i++) {
        buf_puts(&b, parts[i][0]);
        buf_puts(&b, percent_encode(r->arena, parts[i][1], ""));
    }
    buf_printf(&b, "&issueYear=%.4s&issueMonth=%d", issued,
               (issued[5] - '0') * 10 + issued[6] - '0');
    if (c->valid_until_ms) {
        const char *until = time_iso_date(r->arena, c->valid_until_ms);
        buf_printf(&b, "&expirationYear=%.4s&expirationMonth=%d", until,
                   (until[5] - '0') * 10 + until[6] - '0');
    }
    return buf_text(&b);
}

/* The academy's choice of networks: a name and an address a line. */
static void view_profile_links(struct request *r, struct view *v, const char *query) {
    const char *text = r->app->certs->profile_links;
    struct view *list = view_list(v, "profile_links");
    while (text && *text) {
        size_t len = strcspn(text, "\r\n");
        const char *line = arena_copy(r->arena, text, len), *url = strstr(line, " https://");
        if (url && !strpbrk(url + 1, " \t\"<>")) {
            struct view *item = view_item(list);
            view_text(item, "name", arena_copy(r->arena, line, (size_t)(url - line)));
            view_text(
                item, "href",
                arena_printf(r->arena, "%s%c%s", url + 1, strchr(url, '?') ? '&' : '?', query));
        }
        text += len;
        text += strspn(text, "\r\n");
    }
}

/* The caller has compared the certificate with what was signed: RULE records. */
static enum err show_certificate(struct request *r, const struct cert_certificate *c) {
    const char *state = cert_state_at(c->last_status, c->valid_until_ms, r->now_ms);
    struct cert_status_row *changes;
    size_t count;
    enum err e = cert_statuses(r->db, r->arena, c->id, &changes, &count);
    if (e != OK) return e;
    struct view *v = view_new(r->arena);
    view_text(v, "title", arena_printf(r->arena, "%s · %s", c->number, c->holder_name));
    view_text(v, "number", c->number);
    view_text(v, "holder", c->holder_name);
    view_text(v, "programme", c->programme_title);
    view_text(v, "level", c->level_title);
    view_text(v, "body", c->body);
    view_text(v, "scheme", scheme_of(r, c));
    view_text(v, "scope", c->scope);
    view_text(v, "decided_by", c->decided_by_name);
    view_text(v, "level_href",
              arena_printf(r->arena, "/programmes/%s/levels/%s", c->programme_id, c->level_id));
    view_bool(v, arena_printf(r->arena, "is_level_%d", c->level_number), true);
    view_time(v, "issued", c->issued_ms, r->locale, r->zone);
    if (c->valid_until_ms) view_time(v, "until", c->valid_until_ms, r->locale, r->zone);
    view_time(v, "now", r->now_ms, r->locale, r->zone);
    cert_view_state(r, v, state);
    bool ended = str_eq(state, "revoked") || str_eq(state, "suspended") ||
                 str_eq(state, "replaced");
    if (count && ended) view_time(v, "changed", changes[count - 1].at_ms, r->locale, r->zone);
    if (count && str_eq(state, "replaced")) view_text(v, "replaced_by", changes[count - 1].reason);
    view_text(v, "did", cert_did_from_origin(r->arena, c->origin));
    view_profile_links(r, v, profile_query(r, c));
    view_text(v, "url", arena_printf(r->arena, "%s/certificates/%s", c->origin, c->number));
    view_bool(v, "has_paper", str_eq(state, "valid") || str_eq(state, "expired"));
    view_bool(v, "is_mine", r->who && str_eq(r->who->person_id, c->person_id));
    http_header_out(r, "Cache-Control", ALWAYS_ASK);
    return http_page(r, "cert_certificate", v);
}

/* RULE records: what was changed behind the academy's back, or cannot be checked, is not shown,
 * printed or handed out as if it had been certified. */
static enum err refuse_changed(struct request *r, const struct cert_certificate *c,
                               const struct cert_credential_row *row) {
    struct cert_record_finding doubt;
    enum err e = cert_records_certificate(r->db, r->arena, r->app->certs->keys, c, row, &doubt);
    if (e != OK || !doubt.problem) return e;
    log_say(LOG_ERROR, doubt.undecided ? "certificate_unchecked" : "certificate_changed",
            "%s: %s: see gradus audit verify", c->number, doubt.problem);
    return http_error(r, ERR_CONFLICT, "%s",
                      cert_text(r,
                                doubt.log         ? "cert_error_log"
                                : doubt.undecided ? "cert_error_unchecked"
                                                  : "cert_error_records",
                                NULL));
}

/* "GR-2026-…", "….json", "….pdf", "….png" */
static const char *split_name(struct request *r, const char **extension) {
    const char *dot = strrchr(r->param[0], '.');
    *extension = dot ? dot + 1 : NULL;
    return cert_number_read(r->arena,
                            dot ? arena_copy(r->arena, r->param[0], (size_t)(dot - r->param[0]))
                                : r->param[0]);
}

enum err cert_certificate_page(struct request *r) {
    const char *extension, *number = split_name(r, &extension), *wanted = http_query(r, "version");
    struct cert_certificate c;
    struct cert_credential_row row;
    int64_t version = 0;
    enum err e = number ? cert_certificate_find(r->db, r->arena, number, &c) : ERR_NOT_FOUND;
    if (e == OK && wanted && !parse_i64(wanted, 1, 10000, &version)) e = ERR_NOT_FOUND;
    if (e == OK) e = cert_credential_find(r->db, r->arena, c.id, (int)version, &row);
    if (e == ERR_NOT_FOUND) return http_refuse(r, e, "cert_error_no_certificate", NULL);
    if (e != OK) return e;
    bool json = str_eq(extension, "json") ||
                (!extension &&
                 (accepts(r, "application/vc") || accepts(r, "application/ld+json")) &&
                 !accepts(r, "text/html"));
    e = refuse_changed(r, &c, &row);
    if (e != OK) return e;
    if (json)
        return answer_text(r, credential_type(r), row.json,
                           sha256_hex(r->arena, row.json, strlen(row.json)));
    if (!extension) return show_certificate(r, &c);
    bool pdf = str_eq(extension, "pdf");
    if (!pdf && !str_eq(extension, "png"))
        return http_refuse(r, ERR_NOT_FOUND, "cert_error_no_certificate", NULL);
    const char *state = cert_state_at(c.last_status, c.valid_until_ms, r->now_ms);
    if (str_eq(state, "revoked") || str_eq(state, "suspended") || str_eq(state, "replaced"))
        return http_refuse(r, ERR_CONFLICT, "cert_error_no_paper", NULL);
    return answer_drawn(r, &c, &row, pdf);
}

/* ---- What verifiers fetch -------------------------------------------------------------------- */
enum err cert_status_list_page(struct request *r) {
    int64_t list_id;
    const char *json, *etag;
    if (!parse_i64(r->param[0], 1, INT32_MAX, &list_id))
        return http_refuse(r, ERR_NOT_FOUND, "cert_error_no_list", NULL);
    enum err e = cert_signed_list(r->app->certs, r->db, r->arena, list_id, r->now_ms, &json, &etag);
    if (e == ERR_NOT_FOUND) return http_refuse(r, e, "cert_error_no_list", NULL);
    if (e == ERR_CONFLICT) return http_refuse(r, e, "cert_error_list_records", NULL);
    return e == OK ? answer_text(r, credential_type(r), json, etag) : e;
}

enum err cert_did_page(struct request *r) {
    const char *did = cert_did_from_origin(r->arena, cert_origin(r));
    if (!did) return http_refuse(r, ERR_NOT_FOUND, "cert_error_no_did", NULL);
    const char *text = cert_did_document(r->app->certs->keys, r->arena, did);
    const char *type = accepts(r, "application/did+ld+json") ? "application/did+ld+json"
                       : accepts(r, "application/did+json")  ? "application/did+json"
                                                             : "application/json";
    return answer_text(r, type, text, sha256_hex(r->arena, text, strlen(text)));
}
