/* The public check of a credential: its text, a certificate's number, or a file. Nothing is stored.
 */
#include <string.h>

#include "base/buf.h"
#include "base/text.h"
#include "cert/cert_private.h"
#include "cert/cert_records.h"

#define VERIFY_MAX (256 * 1024) /* of a credential's text */
#define FIRST_YEAR 2000         /* of which a certificate can be */
#define YEAR_MS 31556952000
#define NUMBER_TYPED_MAX 60 /* bytes of what may be a number with blanks */

/* ---- Looking things up in this academy ------------------------------------------------------ */
/* What is known of the academy before a check begins, which runs on a thread without a database
 * connection. */
struct own {
    struct request *request;
    const char *did;   /* of the address that it has now; NULL: it has none */
    const char **dids; /* those that its certificates name */
    size_t did_count;
};

/* A verification method of ours is "DID#key" with a key that we hold. Whose DID it is, check_issuer
 * tells; the status of a credential is looked up by its own id. */
static bool find_own_key(void *context, const char *method, unsigned char key[CERT_PUBLIC_BYTES]) {
    const struct own *o = context;
    const char *hash = strchr(method, '#');
    return hash && str_has_prefix(method, "did:web:") &&
           cert_keys_find(o->request->app->certs->keys, hash + 1, key);
}

/* This academy under the address that it has now, or under one that its certificates name. */
static enum cert_known knows_own(void *context, const char *issuer) {
    const struct own *o = context;
    bool ours = o->did && str_eq(issuer, o->did);
    for (size_t i = 0; i < o->did_count; i++) ours |= str_eq(issuer, o->dids[i]);
    return ours ? CERT_OURS : CERT_STRANGER;
}

static enum cert_status_answer find_own_status(void *context, struct cert_status_question *q) {
    struct own *o = context;
    /* The records here say nothing about credentials of other issuers. */
    return knows_own(o, q->issuer) == CERT_OURS
               ? cert_credential_answer(o->request->db, o->request->arena, q)
               : CERT_STATUS_UNSEEN;
}

static const char *claims_ours(void *context, const struct cert_check_report *report) {
    struct request *r = ((struct own *)context)->request;
    const struct content_snapshot *content = content_of(r);
    size_t count = content ? content_programme_count(content) : 0;
    const char **bodies = NEW_ARRAY(r->arena, const char *, count + 1);
    for (size_t i = 0; i < count; i++) bodies[i] = content_programme_at(content, i)->body;
    return cert_false_claim(r->db, r->arena, bodies, count, report);
}

/* Fills a checker that looks things up in this academy. */
static enum err own_checker(struct request *r, struct cert_checker *out) {
    struct own *o = NEW(r->arena, struct own);
    o->request = r;
    o->did = cert_did_from_origin(r->arena, cert_origin(r));
    *out = (struct cert_checker){.find_key = find_own_key,
                                 .status = find_own_status,
                                 .context = o,
                                 .now_ms = r->now_ms,
                                 .knows = knows_own,
                                 .claims = claims_ours};
    return cert_issuers(r->db, r->arena, &o->dids, &o->did_count);
}

/* ---- The page ------------------------------------------------------------------------------- */
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
        view_text(
            item, "found",
            cert_text(r, arena_printf(r->arena, "cert_found_%s_%s", c->name, cert_outcome_name(c)),
                      NULL));
        if (c->code)
            view_text(item, "why",
                      cert_text(r, arena_printf(r->arena, "cert_why_%s", c->code), NULL));
        bool odd = (c->outcome == CERT_FAIL && str_eq(c->code, "form")) ||
                   (c->outcome == CERT_SKIP && c->code);
        if (odd) view_text(item, "detail", c->detail);
    }
    bool signature = report->checks[1].outcome == CERT_PASS;
    view_text(o, "did", report->issuer);
    view_bool(o, "signed_here", signature && report->ours);
    view_bool(o, "signed_elsewhere", signature && !report->ours);
    if (!signature) return; /* what it says cannot be trusted */
    view_text(o, "holder", report->holder ? report->holder : report->subject);
    view_text(o, "what", report->title);
    view_text(o, "issuer", report->issuer_name);
    view_text(o, "number", report->number);
    /* RULE known-issuer: what a stranger says leads to no certificate of ours. */
    if (report->ours && report->number)
        view_text(o, "href", arena_printf(r->arena, "/certificates/%s", report->number));
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

/* What somebody gave, and what came of it. */
struct verifying {
    const char *text; /* borrowed; of a picture or a paper, once it was read */
    size_t len;
    const unsigned char *file; /* a picture or a paper; NULL: none */
    bool picture, json;
    struct cert_checker checker;
    struct cert_check_report report;
};

static enum err answer_problem(struct request *r, const struct verifying *x, bool keep,
                               const char *key) {
    const char *problem = cert_text(r, key, NULL);
    bool unknown = str_eq(key, "cert_verify_no_number");
    if (x->json) return http_error(r, unknown ? ERR_NOT_FOUND : ERR_INVALID, "%s", problem);
    return show_form(r, unknown ? 404 : 422, problem, keep ? x->text : NULL, NULL);
}

/* RULE check-aside: what costs processor time is done where nobody else waits for it, in turn with
 * what others gave. */
static enum err look_aside(struct request *r, void *arg) {
    struct verifying *x = arg;
    const char *why = NULL;
    if (x->file) {
        x->text = x->picture ? cert_png_credential(r->arena, x->file, x->len, &why)
                             : cert_pdf_credential(r->arena, x->file, x->len, &why);
        x->len = x->text ? strlen(x->text) : 0;
    }
    if (x->text && x->len <= VERIFY_MAX)
        cert_credential_check_proof(r->arena, x->text, x->len, &x->checker, &x->report);
    return OK;
}

/* Whether the text does not even begin as a credential does: it gets a sentence instead of a
 * verdict. */
static bool is_neither(const struct verifying *x) {
    return !x->file && str_eq(x->report.checks[0].code, "no_json") &&
           x->text[strspn(x->text, " \t\r\n")] != '{';
}

static enum err answer_look(struct request *r, void *arg, enum err result) {
    struct verifying *x = arg;
    if (result != OK) return http_refuse(r, ERR_BUSY, "cert_error_not_checked", NULL);
    if (!x->text)
        return answer_problem(r, x, false,
                              x->picture ? "cert_verify_no_badge" : "cert_verify_no_paper");
    if (x->len > VERIFY_MAX) return answer_problem(r, x, false, "cert_verify_long");
    cert_credential_check_status(r->arena, &x->checker, &x->report);
    if (!x->json && is_neither(x))
        return answer_problem(r, x, utf8_valid(x->text, x->len), "cert_verify_neither");
    enum err e = cert_records_report(r->db, r->arena, r->app->certs->keys, &x->report);
    if (e != OK) return e;
    if (x->json) return answer_json(r, &x->report);
    bool again = !x->report.valid && utf8_valid(x->text, x->len);
    return show_form(r, 200, NULL, again ? x->text : NULL, &x->report);
}

/* Skips the byte order mark that some editors put in front. */
static void skip_mark(struct verifying *x) {
    if (x->text && x->len >= 3 && memcmp(x->text, "\xef\xbb\xbf", 3) == 0)
        x->text += 3, x->len -= 3;
}

/* Reads the file, or the pasted text. */
static void read_given(struct request *r, struct verifying *x) {
    const char *filename = NULL;
    const unsigned char *file = http_file(r, "file", &x->len, &filename);
    x->picture = begins(file, x->len, "\x89PNG");
    if (x->picture || begins(file, x->len, "%PDF")) {
        x->file = file;
        return;
    }
    x->text = (const char *)file;
    if (!file || !x->len) {
        x->text = http_field(r, "credential");
        x->len = x->text ? strlen(x->text) : 0;
    }
    skip_mark(x);
}

/* The one certificate whose number ends with what was typed. ERR_NOT_FOUND: none, or several. */
static enum err find_short(struct request *r, const char *typed, const char **number) {
    int until = 1971 + (int)(r->now_ms / YEAR_MS);
    *number = NULL;
    for (int year = FIRST_YEAR; year <= until; year++) {
        struct cert_certificate c;
        const char *candidate = cert_number_of_year(r->arena, typed, year);
        enum err e = candidate ? cert_certificate_find(r->db, r->arena, candidate, &c)
                               : ERR_NOT_FOUND;
        if (e == ERR_NOT_FOUND) continue;
        if (e != OK) return e;
        if (*number) return ERR_NOT_FOUND;
        *number = candidate;
    }
    return *number ? OK : ERR_NOT_FOUND;
}

enum err cert_verify_post(struct request *r) {
    const char *accept = http_header_in(r, "Accept");
    struct verifying *x = NEW(r->arena, struct verifying);
    x->json = accept && str_has_prefix(accept, "application/json");
    read_given(r, x);
    bool typed = x->text && x->len < NUMBER_TYPED_MAX && cert_number_meant(x->text);
    const char *number = typed ? cert_number_read(r->arena, x->text) : NULL;
    if (typed) {
        struct cert_certificate c;
        enum err e = number ? cert_certificate_find(r->db, r->arena, number, &c)
                            : find_short(r, x->text, &number);
        if (e == OK) return http_redirect(r, arena_printf(r->arena, "/certificates/%s", number));
        if (e != ERR_NOT_FOUND) return e;
    }
    if (typed) return answer_problem(r, x, true, "cert_verify_no_number");
    if (!x->file && (!x->text || !x->len || strspn(x->text, " \t\r\n") == x->len))
        return answer_problem(r, x, false, "cert_verify_empty");
    if (!x->file && x->len > VERIFY_MAX) return answer_problem(r, x, false, "cert_verify_long");
    enum err e = own_checker(r, &x->checker);
    if (e != OK) return e;
    return http_offload(r, r->app->certs->checkers, look_aside, x, answer_look);
}
