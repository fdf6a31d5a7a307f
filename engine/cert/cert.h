/* Certification: applications, decisions, certificates, and what strangers verify.
 *
 * The workflow follows ISO/IEC 17024: application, eligibility, an independent decision, certificate, suspension,
 * withdrawal. Every step is a fact with actor, reason, time and evidence, and enters the audit log in the same job.
 * Certificates are Open Badges 3.0 credentials signed with eddsa-rdfc-2022, a PDF, a badge picture and a public page.
 *
 * Routes (see server/routes.c):
 *   GET  /programmes/:p/levels/:l      public                            cert_level_page
 *   POST /programmes/:p/levels/:l      learner                           cert_apply_post
 *   GET  /me/certificates              any                               cert_mine_page
 *   GET  /assess                       assessor|instructor               cert_queue_page
 *   GET  /assess/cases/:id             assessor|instructor               cert_case_page
 *   POST /assess/cases/:id/marks       assessor|instructor               cert_mark_post
 *   POST /assess/cases/:id/decision    assessor                          cert_decision_post
 *   GET  /assess/certificates          assessor|admin                    cert_certificates_page
 *   POST /assess/certificates/:n/status assessor|admin                   cert_status_post
 *   GET  /certificates/:n              public ROUTE_CORS                 cert_certificate_page   also N.json, N.pdf, N.png
 *   GET  /status/:n                    public ROUTE_CORS|ROUTE_JSON      cert_status_list_page
 *   GET  /.well-known/did.json         public ROUTE_CORS|ROUTE_JSON      cert_did_page
 *   GET  /verify                       public                            cert_verify_page
 *   POST /verify                       public ROUTE_UPLOAD|ROUTE_NO_CSRF cert_verify_post */
#ifndef GR_CERT_CERT_H
#define GR_CERT_CERT_H

#include "cert/cert_level.h"
#include "cert/cert_origin.h"
#include "content/content.h"
#include "http/http.h"

/* Reads the signing keys of app->data (makes the first one), and keeps caches of what was signed and drawn. Lines
 * "Name https://…/profile/add" in DATA/profile-links.txt become "add to profile" links on certificates. `*why` is a sentence for the operator. `app` must live until certs_close. */
enum err certs_open(struct certs **out, struct app *app, struct arena *a,
                    const char **why) MUST_USE;
void certs_close(struct certs *c); /* NULL is fine */
/* Tells the operator, in the log, of certificates that name another address than the one under which the academy now answers:
 * did.json is then another issuer's, and nobody can verify them. `served`: where visitors of this machine find it, when
 * there is no app->origin; NULL when only the visitors know. */
void certs_tell_origins(struct app *app, struct arena *a, const char *served);

/* ---- Where a person stands -------------------------------------------------------------------- */
/* The requirements of a level with their titles and places. Arena. */
enum err cert_needs(struct app *app, struct arena *a, const struct content_snapshot *content,
                    const struct content_level *level, struct cert_need **out,
                    size_t *count) MUST_USE;
/* Gathers the facts and applies cert_level_status. May run in a job. */
enum err cert_status_of(struct app *app, struct db *db, struct arena *a,
                        const struct content_snapshot *content, const struct content_level *level,
                        const char *person_id, struct cert_level_status *out) MUST_USE;

/* A certificate as lists show it. */
struct cert_summary {
    const char *number, *person_id, *holder, *programme_id, *level_id,
        *title;                        /* "Marketing Operations: Associate" */
    int64_t issued_ms, valid_until_ms; /* 0 = without end */
    const char *state;                 /* "valid", "expired", "suspended", "revoked" at `now_ms` */
};
/* Of one person (NULL = of everybody whose name or number has `match`, which may be NULL), newest first. */
enum err cert_list(struct db *db, struct arena *a, const char *person_id, const char *match,
                   int64_t now_ms, int limit, int offset, struct cert_summary **out,
                   size_t *count) MUST_USE;

/* For the start page of a learner. Sets `certificates` [{number, href, title, state, is_valid, until…}] and
 * `applications` [{title, href, at…}] of r->who that wait for a decision. */
enum err cert_home(struct request *r, struct view *v) MUST_USE;
/* How many applications wait for a decision: for the start page of an assessor. */
enum err cert_waiting(struct db *db, int64_t *count) MUST_USE;

/* ---- Jobs ---------------------------------------------------------------------------------------
 * All are write_fn and check every rule themselves, whatever a page checked before. A refusal is ERR_DENIED, ERR_CONFLICT,
 * ERR_INVALID or ERR_NOT_FOUND, and `refusal` names the interface text that says why ("cert_refusal_self"). */

/* A learner applies for a level. */
struct cert_apply {
    struct app *app;
    const struct content_snapshot *content; /* held by the caller until the job is done */
    const char *person_id, *programme_id, *level_id;
    const char
        *statement; /* experience in place of modules; NULL or "" = all requirements are met */
    const char *application_id; /* out */
    const char *refusal;        /* out */
};
enum err cert_apply(struct db *db, struct arena *a, void *apply, int64_t now_ms) MUST_USE;

/* An assessor, or an instructor of the candidate, marks their work; whoever did may not decide. */
struct cert_mark {
    const char *application_id, *marker_id;
    const char *subject_kind,
        *subject_id; /* "application" and its id, or "lab_run" and the run's */
    bool sufficient;
    const char *comment; /* 10 to 4,000 characters */
    const char *refusal; /* out */
};
enum err cert_mark(struct db *db, struct arena *a, void *mark, int64_t now_ms) MUST_USE;

/* Four eyes: whoever decides is not the candidate, has neither taught nor marked them, and is an assessor. */
struct cert_decide {
    struct app *app;
    const struct content_snapshot *content; /* as above */
    const char *application_id, *actor_id;
    const char *origin; /* "https://academy.example": what the credential's addresses begin with */
    bool grant;
    bool
        accept_experience; /* grant although modules are missing, for the experience that was stated */
    const char *reason;    /* 10 to 4,000 characters */
    const char *number;    /* out, when granted */
    const char *refusal; /* out */
};
enum err cert_decide(struct db *db, struct arena *a, void *decide, int64_t now_ms) MUST_USE;

/* Ends, suspends or restores a certificate; takes effect at COMMIT. */
enum cert_change { CERT_REVOKE, CERT_SUSPEND, CERT_REINSTATE };
struct cert_change_status {
    struct app *app;
    const char *number, *actor_id;
    enum cert_change change;
    const char *reason;  /* 10 to 4,000 characters */
    const char *refusal; /* out */
};
enum err cert_change_status(struct db *db, struct arena *a, void *change, int64_t now_ms) MUST_USE;

/* Why `actor` may not decide on `candidate`: "self", "taught", "marked"; NULL when nothing is in the way. */
enum err cert_conflict(struct db *db, const char *actor_id, const char *candidate_id,
                       const char **conflict) MUST_USE;

/* ---- Pages ------------------------------------------------------------------------------------- */
enum err cert_level_page(struct request *r);
enum err cert_apply_post(struct request *r);
enum err cert_mine_page(struct request *r);
enum err cert_queue_page(struct request *r);
enum err cert_case_page(struct request *r);
enum err cert_mark_post(struct request *r);
enum err cert_decision_post(struct request *r);
enum err cert_certificates_page(struct request *r);
enum err cert_status_post(struct request *r);
enum err cert_certificate_page(struct request *r);
enum err cert_status_list_page(struct request *r);
enum err cert_did_page(struct request *r);
enum err cert_verify_page(struct request *r);
enum err cert_verify_post(struct request *r);

/* ---- Command line --------------------------------------------------------------------------------
 * gradus verify FILE [--did FILE] [--status FILE] [--key z6Mk…] [--data DIR] [--format text|json]
 * A JSON credential, a badge (PNG) or a certificate (PDF). 0 valid, 1 not valid, 2 not decided or could not check. */
int cert_verify_command(int argc, char **argv);
/* gradus key list|add [--data DIR]: the signing keys; rotation adds. 0 fine, 2 could not. */
int cert_key_command(int argc, char **argv);

#endif
