/* Private to cert/: records as the store holds them, and the state of a running academy. */
#ifndef GR_CERT_PRIVATE_H
#define GR_CERT_PRIVATE_H

#include <pthread.h>

#include "account/account.h"
#include "cert/cert.h"
#include "cert/cert_credential.h"
#include "cert/cert_keys.h"
#include "cert/cert_standing.h"
#include "cert/cert_paper.h"
#include "cert/cert_status.h"
#include "store/find.h"

#define CERT_REASON_MIN 10 /* characters of a reason or comment */
#define CERT_REASON_MAX 4000
bool cert_reason_fits(const char *reason);
#define CERT_STATEMENT_MIN 100                        /* of stated experience */
#define CERT_LIST_VALID_MS (6 * 3600 * (int64_t)1000) /* of a signed status list */
#define CERT_DRAWN 24                                 /* papers and badges kept in memory */

/* A signed status list, until its bits change or its end comes near. */
struct cert_signed_list {
    int64_t list_id, fact_count, last_change, signed_ms;
    char *json; /* malloc */
};

struct cert_drawn {
    char key[128];        /* credential and kind of file; "" = free */
    unsigned char *bytes; /* malloc */
    size_t len;
    uint64_t used; /* the value of `clock` at the last use: the smallest is replaced */
};

struct certs {
    struct app *app;
    struct cert_keys *keys; /* keys and links are only read after certs_open */
    char *profile_links;    /* malloc; text of DATA/profile-links.txt, or NULL */
    pthread_mutex_t lock;   /* guards the members below */
    struct cert_signed_list list;
    struct offload *drawers;  /* threads that wait for the processes that draw */
    struct offload *checkers; /* threads that check what strangers give */
    struct cert_drawn drawn[CERT_DRAWN];
    uint64_t clock;
};

/* ---- Records (cert_store.c) ----------------------------------------------------------------- */
struct cert_application {
    const char *id, *person_id, *person_name, *programme_id, *level_id, *scheme_version,
        *programme_version;
    const char *basis; /* "training" or "experience" */
    const char *statement;
    int64_t at_ms;
    const char *admitted_by, *admitted_reason; /* NULL: not admitted yet */
    int64_t admitted_ms;
    const char *outcome, *decided_by, *decided_reason; /* NULL: waits */
    int64_t decided_ms;
    const char *number; /* of the certificate that came of it, or NULL */
};
enum err cert_application_find(struct db *db, struct arena *a, const char *id,
                               struct cert_application *out) MUST_USE;
enum err cert_applications_of(struct db *db, struct arena *a, const char *person_id,
                              struct cert_application **out, size_t *count) MUST_USE;
/* Oldest first; of those whom `taught_by` has taught (NULL: of everybody). `next`: pass it as
 * `after` to go on, NULL: there are no more. */
enum err cert_applications_waiting(struct db *db, struct arena *a, const char *taught_by,
                                   const char *after, size_t limit, struct cert_application **out,
                                   size_t *count, const char **next) MUST_USE;

/* The register: newest first, or (`match`, which may be NULL) those with words in name or number
 * that begin as it says, by those words. As with account_list, a page of what was found may hold
 * fewer and still have a `next`. */
struct cert_register {
    struct cert_summary *list;
    size_t count;
    const char *next;
};
enum err cert_register(struct db *db, struct arena *a, const char *match, const char *after,
                       int64_t now_ms, size_t limit, struct cert_register *out) MUST_USE;
/* RULE shown-state: a list calls a certificate valid, or anything else, when what is on record
 * about it is what was signed and logged (RULE records); its state is "unchecked" when not, or when
 * that cannot be told. For what a page shows. */
enum err cert_show_state(struct request *r, struct cert_summary *s) MUST_USE;
/* The same for files of any length: its issue and each change of its state, by the rows of the log.
 * Signatures up to audit_read_to are those of the last reading of the log; what else the credential
 * says is left to the comparison of all records. */
enum err cert_state_logged(struct db *db, struct arena *a, struct cert_summary *s) MUST_USE;
extern const struct find_table cert_find_table; /* what certificates are found by */

/* Of which person and level cert_standing_of tells the standing. */
struct cert_standing_query {
    const char *person_id, *programme_id;
    const struct content_level *level;
    /* The application that it is about, and when it was made: neither it nor what came of it nor
     * what came later is its past. NULL and 0: a new one. */
    const char *application_id;
    int64_t applied_ms;
};
enum err cert_past_of(struct db *db, struct arena *a, const struct cert_standing_query *asked,
                      int64_t now_ms, struct cert_past *out) MUST_USE;
/* How often certificates of a person, of any level, were revoked and suspended. */
enum err cert_withdrawn_of(struct db *db, struct arena *a, const char *person_id, int64_t *revoked,
                           int64_t *suspended) MUST_USE;

struct cert_mark_row {
    const char *marker_id, *marker_name, *subject_kind, *subject_id, *verdict, *comment;
    int64_t at_ms;
    const char *candidate_id;
};
enum err cert_marks(struct db *db, struct arena *a, const char *application_id,
                    struct cert_mark_row **out, size_t *count) MUST_USE;
/* In other applications of the same person, newest first. */
enum err cert_marks_on(struct db *db, struct arena *a, const char *person_id,
                       const char *but_application, struct cert_mark_row **out,
                       size_t *count) MUST_USE;

struct cert_teacher {
    const char *person_id, *name, *cohort;
};
enum err cert_teachers(struct db *db, struct arena *a, const char *learner,
                       struct cert_teacher **out, size_t *count) MUST_USE;

struct cert_certificate {
    const char *id, *number, *application_id, *person_id, *programme_id, *level_id;
    int level_number, level_count;
    const char *origin, *holder_name, *body, *scheme_version, *programme_title, *level_title,
        *scope;
    const char *decided_by, *decided_by_name;
    int64_t issued_ms, valid_until_ms; /* 0 = without end */
    /* "revoked", "suspended", "reinstated", "replaced" or NULL; "revoked" whatever came later */
    const char *last_status;
};
enum err cert_certificate_find(struct db *db, struct arena *a, const char *number,
                               struct cert_certificate *out) MUST_USE;
/* RULE status-step: which change of state can follow `before` (of last_status). What is revoked or
 * replaced stays so; only what is suspended is reinstated; what is suspended is neither suspended
 * again nor replaced. NULL: it can; else the id of the text that says why not. Pure. */
const char *cert_step_problem(const char *before, const char *kind);
/* "valid", "expired", "suspended", "revoked", "replaced". RULE suspension: what is suspended holds
 * again when it was reinstated, the credential in its holder's wallet, too. */
const char *cert_state_at(const char *last_status, int64_t valid_until_ms, int64_t now_ms);

struct cert_credential_row {
    const char *id, *credential_id, *json;
    const char *purpose;     /* of its status list: "suspension" or "revocation" */
    const char *list_origin; /* the address of its status list begins with it */
    const char *signing_key; /* multikey */
    int version;
    int64_t list_id, at_ms;
    uint32_t status_index;
};
/* `version` 0 = the newest. */
enum err cert_credential_find(struct db *db, struct arena *a, const char *certificate_id,
                              int version, struct cert_credential_row *out) MUST_USE;

/* All credentials of a certificate, by version. */
struct cert_credential_brief {
    const char *id, *purpose;
    int version;
    int64_t list_id, status_index;
};
enum err cert_credentials_of(struct db *db, struct arena *a, const char *certificate_id,
                             struct cert_credential_brief **out, size_t *count) MUST_USE;

struct cert_status_row {
    const char *kind, *reason, *actor_name;
    int64_t at_ms;
    const char *actor; /* person id */
    const char *credential_row;
    int64_t list_id; /* of that credential */
};
enum err cert_statuses(struct db *db, struct arena *a, const char *certificate_id,
                       struct cert_status_row **out, size_t *count) MUST_USE;
/* In a job. Adds a fact that is later than those before it. */
enum err cert_status_fact(struct db *db, struct arena *a, const char *certificate_id,
                          const char *credential_row, const char *kind, const char *actor,
                          const char *reason, int64_t now_ms) MUST_USE;
/* For checks: what the store says about a credential by the id inside it. */
enum cert_status_answer cert_credential_answer(struct db *db, struct arena *a,
                                               struct cert_status_question *q);
/* The keys that have signed, by name (multikey), and how many credentials each has. Arena. */
struct used_key {
    const char *name;
    int64_t credentials;
};
enum err cert_used_keys(struct db *db, struct arena *a, struct used_key **keys,
                        size_t *count) MUST_USE;
/* Whether certificates were issued here under this issuer's name, by the few lists that they stand
 * on. */
enum err cert_issued_as(struct db *db, struct arena *a, const char *issuer, bool *ours) MUST_USE;
/* The DIDs under which certificates were issued here. Arena. */
enum err cert_issuers(struct db *db, struct arena *a, const char ***dids, size_t *count) MUST_USE;
/* What this credential of another issuer says falsely about the academy: see cert_checker.
 * `bodies`: what its programmes call it now; the name that its newest certificate bears is another.
 */
const char *cert_false_claim(struct db *db, struct arena *a, const char *const *bodies,
                             size_t body_count, const struct cert_check_report *report);
/* The addresses that certificates name, and how many name each. Arena. */
struct used_origin {
    const char *origin;
    int64_t certificates;
};
enum err cert_used_origins(struct db *db, struct arena *a, struct used_origin **origins,
                           size_t *count) MUST_USE;
/* The list's bits as they are now. RULE list-logged: they are those of the log, which names the bit
 * of each change (of older changes, the signed credential does), so that a credential whose end or
 * suspension was logged does not hold whatever the tables say. `*differ` counts the bits that the
 * tables have otherwise. ERR_CONFLICT: the records were changed so that the list cannot be told. */
enum err cert_list_read(struct db *db, struct arena *a, struct cert_keys *keys, int64_t list_id,
                        const char *origin, const char *purpose,
                        unsigned char bits[CERT_STATUS_BYTES], size_t *differ) MUST_USE;
/* The last row of the log that changed a bit of any list; 0 = none. */
enum err cert_changes_last(struct db *db, int64_t *seq) MUST_USE;
/* The origin under which the list is signed, its purpose, and the number of facts that set or
 * cleared bits of it. ERR_NOT_FOUND: no such list. */
enum err cert_list_about(struct db *db, struct arena *a, int64_t list_id, const char **origin,
                         const char **purpose, int64_t *facts) MUST_USE;

/* ---- Issuing, in jobs (cert_issue.c) -------------------------------------------------------- */
/* A certificate with its first credential for a granted application. RULE one-valid: a certificate
 * of the same level that is still valid is replaced by it, and its time is added. */
struct cert_issue {
    const struct certs *certs;
    const struct cert_application *application;
    const struct content_programme *programme;
    const struct content_level *level;
    const struct cert_level_status *status;
    const char *origin, *decided_by, *decided_by_name;
};
enum err cert_issue(struct db *db, struct arena *a, const struct cert_issue *issue, int64_t now_ms,
                    const char **number) MUST_USE;
/* The next version of a certificate's credential, with a new id and index: for one whose bit, once
 * set, stays set. */
enum err cert_reissue(struct db *db, struct arena *a, const struct certs *certs,
                      const struct cert_certificate *c, int64_t now_ms) MUST_USE;
/* What the log keeps of a change of state: {"number": …, `member`: `text`, "list": …, "index": …},
 * the last two being the bit that it sets or clears (RULE list-logged). Arena. */
const char *cert_change_detail(struct arena *a, const char *number, const char *member,
                               const char *text, const struct cert_credential_row *row);

/* ---- Who may decide (cert_conflict.c) -------------------------------------------------------- */
/* RULE four-eyes, for everything that is decided about a person's certification: whoever decides is
 * active, has one of `roles`, is not the person, has neither taught nor marked them, and has
 * declared no interest (ISO/IEC 17024:2012, 5.2 and 9.4). ERR_DENIED with `*refusal`; ERR_CONFLICT
 * while the audit log does not hold (RULE audit-read); `actor` is filled on OK. In a job. */
enum err cert_may_decide(struct db *db, struct arena *a, const char *actor_id, unsigned roles,
                         const char *person_id, struct person *actor,
                         const char **refusal) MUST_USE;
struct cert_interest {
    const char *name, *login, *note;
    int64_t at_ms;
};
/* What this person declared, newest first. */
enum err cert_interests(struct db *db, struct arena *a, const char *actor_id,
                        struct cert_interest **out, size_t *count) MUST_USE;
/* The interface text that refuses for such a conflict. */
const char *cert_conflict_refusal(const char *conflict);

/* ---- Facts of other rooms (cert_facts.c) ----------------------------------------------------- */
struct cert_rules cert_rules_of(const struct content_level *level);
/* Where a person stands: may they apply, and what is met of what the level asks from them now. */
enum err cert_standing_of(struct app *app, struct db *db, struct arena *a,
                          const struct content_snapshot *content,
                          const struct cert_standing_query *asked, int64_t now_ms,
                          struct cert_standing *standing,
                          struct cert_level_status *status) MUST_USE;
enum err cert_facts(struct app *app, struct db *db, struct arena *a,
                    const struct content_snapshot *content, const char *person_id,
                    const struct cert_need *needs, size_t need_count, struct evidence_fact **out,
                    size_t *count) MUST_USE;
/* A lab run of a person, oldest first; what the evidence page shows of it. */
struct cert_lab_run {
    const char *run_id, *title, *dialects; /* dialects: sorted, one text */
    const char *version;                   /* of the scenario */
    int64_t started_ms, passed_ms;         /* passed 0 = not (yet) */
    int checks_passed, checks, actions, hints;
};
enum err cert_lab_runs(struct app *app, struct db *db, struct arena *a, const char *person_id,
                       const char *lab_id, struct cert_lab_run **out, size_t *count) MUST_USE;
/* Whether a run that counts as passed is what was logged: as exam_record_problem. */
enum err cert_lab_record_problem(struct db *db, struct arena *a, const char *run_id,
                                 const char **problem) MUST_USE;
enum err cert_lab_run_is_of(struct db *db, struct arena *a, const char *person_id,
                            const char *run_id, bool *out) MUST_USE;
/* The systems of a run as people know them. Arena. */
const char *cert_lab_dialects(struct request *r, const struct cert_lab_run *run);
/* Labs as a kind of evidence (content/evidence.h). */
extern const struct evidence_kind lab_evidence_kind;
/* The requirements as JSON: what was known at a step. Arena. */
char *cert_evidence_json(struct arena *a, const struct cert_level_status *s);

/* ---- Pages ----------------------------------------------------------------------------------- */
/* An interface text of the reader's language. */
const char *cert_text(struct request *r, const char *key, struct view *v);
/* The HTTP status of a page that says why an act was refused: 403 for who may not, 422 for what
 * cannot be read, else 409 for what stands in its way. */
int cert_refusal_status(enum err refusal);
/* What the list of cases is called for the reader: cases to decide or, for an instructor, to mark.
 */
const char *cert_queue_title(struct request *r);
/* Sets `needs` [{title, href, is_met, is_begun, sentence, at…}], met, total, is_complete. */
void cert_view_status(struct request *r, struct view *v, const struct cert_level_status *s);
/* Badge of a certificate's state: state_text, is_valid, is_expired, is_suspended, is_revoked. */
void cert_view_state(struct request *r, struct view *v, const char *state);
/* Sets number, href, title, holder, issued…, until…, and its state's badge. */
enum err cert_view_summary(struct request *r, struct view *v, struct cert_summary *c) MUST_USE;
/* A decision before it is made: `what` is "granted", "refused", "revoked", "suspended" or
 * "reinstated", sent again to `action` as the field `field`; `number` is NULL where there is no
 * certificate yet. */
struct cert_look {
    const char *action, *field, *what;
    const char *name, *title, *number, *reason;
};
/* RULE second-look: the forms of decisions lead to a page that says what happens, to whom and what
 * becomes public, and keeps the reason; what it sends decides, or leads back to the form. */
enum err cert_look_again(struct request *r, const struct cert_look *look) MUST_USE;
/* Sets name, comment, sufficient, of_run, at…. */
void cert_view_mark(struct request *r, struct view *v, const struct cert_mark_row *mark);
/* What the credential's addresses begin with: configured, or the request's. */
const char *cert_origin(struct request *r);
/* OK, or a refusal: assessors see every case, instructors those of people whom they taught. */
enum err cert_may_see(struct request *r, const struct cert_application *app) MUST_USE;
/* What else is on record about the candidate of a case: `past_applications`, `past_certificates`,
 * `past_marks`. */
enum err cert_view_past(struct request *r, struct view *v,
                        const struct cert_application *app) MUST_USE;
/* RULE exceptions: `exceptions` of an attempt (reopenings, extra time), each with who did it and
 * why. */
enum err cert_view_exceptions(struct request *r, struct view *v, const char *attempt_id) MUST_USE;
/* "Marketing Operations: Associate" of an application, or its ids when the programme is gone. */
const char *cert_level_title(struct request *r, const struct cert_application *app);

/* What the achievement asks, as Markdown. Arena. */
const char *cert_criteria_text(struct arena *a, const struct cert_level_status *s,
                               const char *body);
/* One piece of evidence for all modules, one for each exam and lab that is met; nothing that a
 * candidate scored. `basis` is the application's. Arena. */
const struct cert_evidence *cert_evidence_of(struct arena *a, const struct cert_level_status *s,
                                             const char *basis, size_t *count);

/* A cell of a file for spreadsheets, with `after` behind it. RFC 4180; what a spreadsheet would
 * take for a formula begins with an apostrophe. One that splits at another sign than the comma, and
 * pays no heed to quotes, finds cells within the text. */
void cert_csv_field(struct buf *b, const char *text, const char *after);

#endif
