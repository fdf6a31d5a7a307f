/* A stranger's check: paste a credential, a number, or give a file. Nothing is stored. */
#include <string.h>

#include "base/buf.h"
#include "base/text.h"
#include "cert/cert_private.h"

#define VERIFY_MAX (256 * 1024) /* of a credential's text */

/* ---- Looking things up in this academy --------------------------------------------------------- */
/* A method of ours is "DID#key" with a key that we hold. Whose DID it is, the check of the issuer tells; the state of a
 * credential is looked up by its own id. */
static bool find_own_key(void *context, const char *method, unsigned char key[CERT_PUBLIC_BYTES]) {
    struct request *r = context;
    const char *hash = strchr(method, '#');
    return hash && str_has_prefix(method, "did:web:") &&
           cert_keys_find(r->app->certs->keys, hash + 1, key);
}

static enum cert_status_answer find_own_status(void *context, struct cert_status_question *q) {
    struct request *r = context;
    return cert_credential_answer(r->db, r->arena, q);
}

struct cert_checker cert_own_checker(struct request *r) {
    return (struct cert_checker){find_own_key, find_own_status, r, r->now_ms};
}

/* ---- The page ----------------------------------------------------------------------------------- */
static void view_report(struct request *r, struct view *v, const struct cert_check_report *report) {
    struct view *o = view_object(v, "report"), *checks = view_list(o, "checks");
    view_bool(o, "valid", report->valid);
    view_bool(o, "undecided", report->undecided);
    view_bool(o, "not_valid", !report->valid && !report->undecided);
    for (int i = 0; i < CERT_CHECK_COUNT; i++) {
        const struct cert_check *c = &report->checks[i];
        struct view *item = view_item(checks);
        view_bool(item, cert_outcome_name(c), true);
        view_text(item, "name",
                  cert_text(r, arena_printf(r->arena, "cert_check_%s", c->name), NULL));
        if (c->code)
            view_text(item, "why",
                      cert_text(r, arena_printf(r->arena, "cert_why_%s", c->code), NULL));
        if (c->outcome == CERT_FAIL && str_eq(c->name, "form"))
            view_text(item, "detail", c->detail);
    }
    if (report->checks[1].outcome != CERT_PASS) return; /* what it says cannot be trusted */
    view_text(o, "holder", report->holder);
    view_text(o, "what", report->title);
    view_text(o, "issuer", report->issuer_name);
    view_text(o, "number", report->number);
    view_text(o, "href",
              report->number ? arena_printf(r->arena, "/certificates/%s", report->number) : NULL);
    if (report->valid_until_ms) view_time(o, "until", report->valid_until_ms, r->locale, r->zone);
}

static enum err answer_json(struct request *r, const struct cert_check_report *report) {
    struct buf b;
    buf_init(&b, r->arena);
    cert_report_json(report, &b);
    return http_json(r, 200, buf_text(&b), b.len);
}

static enum err show_form(struct request *r, int status, const char *problem, const char *given,
                          const struct cert_check_report *report) {
    struct view *v = view_new(r->arena);
    view_text(v, "title", cert_text(r, "cert_verify_title", NULL));
    view_bool(v, "layout_plain", true);
    view_text(v, "given", given ? given : "");
    if (problem) {
        struct view *e = view_item(view_list(v, "errors"));
        view_text(e, "field", "credential");
        view_text(e, "text", problem);
        view_text(v, "credential_error", problem);
    }
    if (report) view_report(r, v, report);
    http_header_out(r, "Cache-Control", "no-store");
    return http_page_status(r, status, "cert_verify", v);
}

enum err cert_verify_page(struct request *r) { return show_form(r, 200, NULL, NULL, NULL); }

static bool begins(const unsigned char *file, size_t len, const char *magic) {
    return file && len >= strlen(magic) && memcmp(file, magic, strlen(magic)) == 0;
}

/* The credential's text of what was given: the file, or the pasted text. A picture or a PDF carries one, or gets no verdict. */
static const char *given_credential(struct request *r, size_t *len, const char **problem) {
    const char *filename = NULL, *why = NULL, *text;
    const unsigned char *file = http_file(r, "file", len, &filename);
    bool picture = begins(file, *len, "\x89PNG");
    if (picture || begins(file, *len, "%PDF")) {
        text = picture ? cert_png_credential(r->arena, file, *len, &why)
                       : cert_pdf_credential(r->arena, file, *len, &why);
        *len = text ? strlen(text) : 0;
        if (!text)
            *problem = cert_text(r, picture ? "cert_verify_no_badge" : "cert_verify_no_paper",
                                 NULL);
        return text;
    }
    if (file && *len) return (const char *)file;
    text = http_field(r, "credential");
    *len = text ? strlen(text) : 0;
    return text;
}

enum err cert_verify_post(struct request *r) {
    const char *problem = NULL, *accept = http_header_in(r, "Accept");
    size_t len = 0;
    const char *text = given_credential(r, &len, &problem);
    const char *number = text && len < 40 ? cert_number_read(r->arena, text) : NULL;
    if (number) return http_redirect(r, arena_printf(r->arena, "/certificates/%s", number));
    if (!problem && (!text || !len || strspn(text, " \t\r\n") == len))
        problem = cert_text(r, "cert_verify_empty", NULL);
    if (!problem && len > VERIFY_MAX) problem = cert_text(r, "cert_verify_long", NULL);
    bool json = accept && str_has_prefix(accept, "application/json");
    if (problem && json) return http_error(r, ERR_INVALID, "%s", problem);
    if (problem) return show_form(r, 422, problem, NULL, NULL);
    struct cert_checker checker = cert_own_checker(r);
    struct cert_check_report report;
    cert_credential_check(r->arena, text, len, &checker, &report);
    if (json) return answer_json(r, &report);
    return show_form(r, 200, NULL, report.valid || !utf8_valid(text, len) ? NULL : text, &report);
}
