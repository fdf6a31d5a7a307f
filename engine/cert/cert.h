/* Certification: applications, decisions, certificates, and what strangers verify.
 *
 * The workflow follows ISO/IEC 17024: application, eligibility, an independent decision,
 * certificate, suspension, withdrawal. Every step is a fact with actor, reason, time and evidence,
 * and enters the audit log in the same job. Certificates are Open Badges 3.0 credentials signed
 * with eddsa-rdfc-2022, a PDF, a badge picture and a public page.
 *
 * Threads: certs_open and certs_close are of whoever opens the academy, commands of a process of
 * their own. What takes a `struct db` is for the thread that leased it, what stands under "Jobs"
 * for jobs, handlers are the pool's. cert_records_check takes as long as the register is.
 *
 * Routes (see server/routes.c):
 *   GET  /programmes/:p/levels/:l      public                            cert_level_page
 *   POST /programmes/:p/levels/:l      learner                           cert_apply_post
 *   GET  /me/certificates              any                               cert_mine_page
 *   GET  /assess                       assessor|instructor               cert_queue_page
 *   GET  /assess/cases/:id             assessor|instructor               cert_case_page
 *   POST /assess/cases/:id/marks       assessor|instructor               cert_mark_post
 *   POST /assess/cases/:id/decision    assessor                          cert_decision_post
 *   GET  /assess/cases/:id/attempts/:a assessor                          cert_attempt_page
 *   GET  /assess/cases/:id/runs/:r     assessor|instructor               cert_run_page
 *   GET  /assess/cases/:id/runs/:r/replay assessor|instructor            cert_run_replay_page
 *   POST /assess/cases/:id/interest    assessor|instructor               cert_case_interest_post
 *   GET  /assess/interests             assessor|instructor|admin         cert_interests_page
 *   POST /assess/interests             assessor|instructor|admin         cert_interests_post
 *   GET  /assess/certificates          assessor|admin                    cert_certificates_page
 *   POST /assess/certificates/:n/status assessor|admin                   cert_status_post
 *   GET  /certificates/:n              public ROUTE_CORS                 cert_certificate_page,
 *                                                                        also :n.json, .pdf, .png
 *   GET  /status/:n                    public ROUTE_CORS|ROUTE_JSON      cert_status_list_page
 *   GET  /.well-known/did.json         public ROUTE_CORS|ROUTE_JSON      cert_did_page
 *   GET  /verify                       public                            cert_verify_page
 *   POST /verify                       public ROUTE_FILE|ROUTE_NO_CSRF   cert_verify_post */
#ifndef GR_CERT_CERT_H
#define GR_CERT_CERT_H

#include <stdatomic.h>

#include "cert/cert_level.h"
#include "cert/cert_origin.h"
#include "content/content.h"
#include "http/http.h"

/* What is missing on this machine to draw certificates, as a sentence; NULL: nothing. Needs no
 * database. Arena. */
const char *certs_problem(struct arena *a);
/* Reads the signing keys of app->data (makes the first one), and keeps caches of what was signed
 * and drawn. Lines "Name https://…/profile/add" in DATA/profile-links.txt become "add to profile"
 * links on certificates. `*why` is a sentence for the operator. `app` must live until certs_close.
 */
enum err certs_open(struct certs **out, struct app *app, struct arena *a,
                    const char **why) MUST_USE;
/* Ends the threads that draw and check; the keys go on to sign what the writer still has to do. */
void certs_stop(struct certs *c);
void certs_close(struct certs *c); /* NULL is fine. Behind store_close */
/* For audit_signer_on_demand and audit_signer_set: who signs with the keys beside this database,
 * until the process ends. False: they are not there, or cannot be read. */
struct audit_signer;
bool cert_signer(const char *database, struct arena *a, struct audit_signer *out);
/* Sets `*has` to whether the key is in DATA/keys. Anything but OK, with a sentence: the keys that
 * are there cannot be read, so that it cannot be told. */
enum err cert_has_key(const char *data, struct arena *a, const char *multikey, bool *has,
                      const char **why) MUST_USE;
/* Tells the operator, in the log, of certificates that name another address than the one under
 * which the academy now answers: did.json is then another issuer's, and nobody can verify them.
 * `served`: where visitors of this machine find it, when there is no app->origin; NULL when only
 * the visitors know. */
void certs_warn_of_origins(struct app *app, struct arena *a, const char *served);

/* ---- Where a person stands ------------------------------------------------------------------ */
/* The requirements of a level with their titles and places. Arena. */
enum err cert_needs(struct app *app, struct arena *a, const struct content_snapshot *content,
                    const struct content_level *level, struct cert_need **out,
                    size_t *count) MUST_USE;
/* Sets the view's member `name` to the title of the requirement, a module's in the language that
 * the reader reads; see content_view_text. */
void cert_need_say(struct request *r, struct view *v, const char *name,
                   const struct content_snapshot *content, const struct cert_need *need);
/* What is met of a level: of what the person did only what counts now (RULE new-evidence). May run
 * in a job. */
enum err cert_status_of(struct app *app, struct db *db, struct arena *a,
                        const struct content_snapshot *content, const char *programme_id,
                        const struct content_level *level, const char *person_id, int64_t now_ms,
                        struct cert_level_status *out) MUST_USE;

/* RULE exam-anew, for exams_set_anew: the last time at which a level that asks for the exam wanted
 * new evidence of this person (RULE new-evidence). */
struct exam_anew_ask; /* exam/exam.h */
enum err cert_exam_anew(struct db *db, struct arena *a, const struct exam_anew_ask *ask,
                        int64_t now_ms, int64_t *until_ms) MUST_USE;

/* A certificate as lists show it. */
struct cert_summary {
    const char *number, *person_id, *holder, *programme_id, *level_id,
        *title;                        /* "Marketing Operations: Associate" */
    int64_t issued_ms, valid_until_ms; /* 0 = without end */
    /* "valid", "expired", "suspended", "revoked", "replaced" at `now_ms` by the tables; "unchecked"
     * by RULE shown-state. */
    const char *state;
    const char *last_status, *application_id; /* by the tables; the first may be NULL */
};
/* Of one person, newest first. The state is that of the tables: pass each that is shown to
 * cert_show_state. */
enum err cert_list(struct db *db, struct arena *a, const char *person_id, int64_t now_ms,
                   size_t limit, struct cert_summary **out, size_t *count) MUST_USE;

/* For the start page of a learner. Sets `certificates` [{number, href, title, state, is_valid,
 * until…}] and `applications` [{title, href, at…}] of r->who that wait for a decision. */
enum err cert_home(struct request *r, struct view *v) MUST_USE;
/* Where r->who stands in a level. */
struct cert_own {
    struct cert_level_status status; /* as cert_status_of has it */
    int64_t modules_since_ms;        /* of modules, only what was completed later counts; 0 = all */
    const char *number; /* of the newest certificate of the level; NULL = none; arena */
    bool holds;         /* it is valid */
    /* RULE revocation-told: the newest certificate was revoked, when and why; NULL and 0: not. */
    const char *revoked_reason;
    int64_t revoked_ms;
    bool waits;                 /* for a decision */
    bool may_apply;             /* all is met, and nothing is in the way */
    const char *refused_reason; /* NULL: it was not refused; arena */
    int64_t refused_ms;         /* when it was refused */
    int64_t from_ms; /* from when on they may apply again; 0: nothing to wait for, or not known */
};
enum err cert_application_of(struct request *r, const struct content_snapshot *content,
                             const char *programme_id, const struct content_level *level,
                             struct cert_own *out) MUST_USE;
/* How many applications wait for a decision: for the start page of an assessor. */
enum err cert_waiting(struct db *db, int64_t *count) MUST_USE;

/* ---- Jobs ---------------------------------------------------------------------------------------
 * All are write_fn and check every rule themselves, whatever a page checked before. A refusal is
 * ERR_DENIED, ERR_CONFLICT, ERR_INVALID or ERR_NOT_FOUND, and `refusal` names the interface text
 * that says why ("cert_refusal_self"). */

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

/* An assessor decides (RULE four-eyes, cert_conflict). */
struct cert_decide {
    struct app *app;
    const struct content_snapshot *content; /* as above */
    const char *application_id, *actor_id;
    const char *origin; /* "https://academy.example": what the credential's addresses begin with */
    bool grant;
    bool accept_experience; /* grant although modules are missing, for the experience that was
                               stated */
    const char *reason;     /* 10 to 4,000 characters */
    const char *number;     /* out, when granted */
    const char *refusal;    /* out */
};
enum err cert_decide(struct db *db, struct arena *a, void *decide, int64_t now_ms) MUST_USE;

/* An assessor or administrator ends, suspends or restores a certificate (RULE four-eyes); takes
 * effect at COMMIT. */
enum cert_change { CERT_REVOKE, CERT_SUSPEND, CERT_REINSTATE };
struct cert_change_status {
    struct app *app;
    const char *number, *actor_id;
    enum cert_change change;
    const char *reason;  /* 10 to 4,000 characters */
    const char *refusal; /* out */
};
enum err cert_change_status(struct db *db, struct arena *a, void *change, int64_t now_ms) MUST_USE;

/* Somebody who may decide or mark declares an interest in a person, which counts at once and stays.
 * Declaring it twice changes nothing. */
struct cert_declare {
    const char *actor_id, *person_id;
    const char *note;    /* up to 1,000 characters; NULL or "": nobody has to say which interest */
    const char *refusal; /* out */
};
enum err cert_declare(struct db *db, struct arena *a, void *declare, int64_t now_ms) MUST_USE;

/* RULE look: may whoever asks look at what this person did? As cert_may_see has it, and neither
 * themselves nor with an interest in them. OK, or a refusal that is answered already. For
 * labs_set_may_see. */
enum err cert_may_view_evidence(struct request *r, const char *person_id) MUST_USE;
/* Why `actor` may not decide on `candidate`: "self", "interest", "taught", "marked"; NULL when
 * nothing is in the way. */
enum err cert_conflict(struct db *db, const char *actor_id, const char *candidate_id,
                       const char **conflict) MUST_USE;

/* ---- Records -------------------------------------------------------------------------------- */
/* RULE records: each application, decision, certificate and change of its state is as the audit log
 * says, and holder, number, title and dates are those of the signed credential. Reads all of them
 * and the log, whose chain audit_verify has found whole. */
#define CERT_RECORDS_LISTED 20
struct cert_records {
    int64_t certificates; /* that were compared */
    int64_t bad;          /* cases in which something differs */
    /* Cases in which nothing differs, but a signature could not be checked, because its key is not
     * there. */
    int64_t unchecked;
    const char
        *problem; /* a sentence about the first that differs, else that is unchecked; arena */
    /* What differs, a line each without a capital and a full stop: the first CERT_RECORDS_LISTED
     * cases. Arena. */
    const char *listed[CERT_RECORDS_LISTED];
    size_t listed_count;
};
/* RULE records. `keys_of`: data folder whose keys have signed; NULL: none are here. ERR_INVALID
 * with a filled `out` when something differs; OK with `unchecked` when that cannot be told of all.
 * Outside of a snapshot: it takes one for each step. RULE stop-soon: ERR_BUSY at the next record
 * once `stop` is set, which is NULL where nobody can ask. */
enum err cert_records_check(struct db *db, struct arena *a, const char *keys_of,
                            const atomic_bool *stop, struct cert_records *out) MUST_USE;

/* ---- Pages ---------------------------------------------------------------------------------- */
enum err cert_level_page(struct request *r);
enum err cert_apply_post(struct request *r);
enum err cert_mine_page(struct request *r);
enum err cert_queue_page(struct request *r);
enum err cert_case_page(struct request *r);
enum err cert_attempt_page(struct request *r);
enum err cert_run_page(struct request *r);
enum err cert_run_replay_page(struct request *r);
enum err cert_case_interest_post(struct request *r);
enum err cert_interests_page(struct request *r);
enum err cert_interests_post(struct request *r);
enum err cert_mark_post(struct request *r);
enum err cert_decision_post(struct request *r);
enum err cert_certificates_page(struct request *r);
enum err cert_status_post(struct request *r);
enum err cert_certificate_page(struct request *r);
enum err cert_status_list_page(struct request *r);
enum err cert_did_page(struct request *r);
enum err cert_verify_page(struct request *r);
enum err cert_verify_post(struct request *r);

/* ---- Command line ---------------------------------------------------------------------------- */
/* gradus verify FILE [--did FILE] [--status FILE] [--key z6Mk…] [--data DIR] [--format text|json]:
 * checks a JSON credential, a badge (PNG) or a certificate (PDF). 0 valid, 1 not valid, 2 not
 * decided or could not check. */
int cert_verify_command(int argc, char **argv);
/* gradus key list|add [--data DIR]: the signing keys; rotation adds. 0 fine, 2 could not. */
int cert_key_command(int argc, char **argv);
/* gradus draw: draws one certificate, in a process of its own that serve starts. */
int cert_draw_command(int argc, char **argv);

#endif
