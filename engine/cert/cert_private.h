/* Inside of the cert room: records as the store holds them, and the state of a running academy. */
#ifndef GR_CERT_PRIVATE_H
#define GR_CERT_PRIVATE_H

#include <pthread.h>

#include "cert/cert.h"
#include "cert/cert_credential.h"
#include "cert/cert_keys.h"
#include "cert/cert_paper.h"
#include "cert/cert_status.h"

#define CERT_REASON_MIN 10 /* characters of a reason or comment */
#define CERT_REASON_MAX 4000
#define CERT_STATEMENT_MIN 100                        /* of stated experience */
#define CERT_LIST_VALID_MS (6 * 3600 * (int64_t)1000) /* of a signed status list */
#define CERT_DRAWN 24                                 /* papers and badges kept in memory */

/* A signed status list, until its bits change or its end comes near. */
struct cert_signed_list {
    int64_t list_id, fact_count, signed_ms;
    char *json; /* malloc */
};

struct cert_drawn {
    char key[128];        /* credential and kind of file; "" = free */
    unsigned char *bytes; /* malloc */
    size_t len;
    uint64_t used; /* for the choice of what goes */
};

struct certs {
    struct app *app;
    struct cert_keys *keys; /* this and the links are read only after certs_open */
    char *profile_links;    /* malloc; text of DATA/profile-links.txt, or NULL */
    pthread_mutex_t lock;   /* holds for what follows */
    struct cert_signed_list list;
    struct cert_drawn drawn[CERT_DRAWN];
    uint64_t clock;
};

/* ---- Records (cert_store.c) -------------------------------------------------------------------- */
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
/* Oldest first. */
enum err cert_applications_waiting(struct db *db, struct arena *a, int limit,
                                   struct cert_application **out, size_t *count) MUST_USE;

struct cert_mark_row {
    const char *marker_id, *marker_name, *subject_kind, *subject_id, *verdict, *comment;
    int64_t at_ms;
};
enum err cert_marks(struct db *db, struct arena *a, const char *application_id,
                    struct cert_mark_row **out, size_t *count) MUST_USE;

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
    const char *last_status;           /* "revoked", "suspended", "reinstated" or NULL */
};
enum err cert_certificate_find(struct db *db, struct arena *a, const char *number,
                               struct cert_certificate *out) MUST_USE;
/* "valid", "expired", "suspended", "revoked". */
const char *cert_state_at(const char *last_status, int64_t valid_until_ms, int64_t now_ms);

struct cert_credential_row {
    const char *id, *credential_id, *json;
    int version;
    int64_t list_id, at_ms;
    uint32_t status_index;
};
/* `version` 0 = the newest. */
enum err cert_credential_find(struct db *db, struct arena *a, const char *certificate_id,
                              int version, struct cert_credential_row *out) MUST_USE;

struct cert_status_row {
    const char *kind, *reason, *actor_name;
    int64_t at_ms;
};
enum err cert_statuses(struct db *db, struct arena *a, const char *certificate_id,
                       struct cert_status_row **out, size_t *count) MUST_USE;
/* For checks: what the store says about a credential by the id inside it. */
enum cert_status_answer cert_credential_answer(struct db *db, struct arena *a,
                                               struct cert_status_question *q);
/* The keys that have signed, by name (multikey), and how much. Arena. */
struct used_key {
    const char *name;
    int64_t credentials;
};
enum err cert_used_keys(struct db *db, struct arena *a, struct used_key **keys,
                        size_t *count) MUST_USE;
/* The addresses that certificates name, and how many name each. Arena. */
struct used_origin {
    const char *origin;
    int64_t certificates;
};
enum err cert_used_origins(struct db *db, struct arena *a, struct used_origin **origins,
                           size_t *count) MUST_USE;
/* Sets the list's bits; `*count` facts did. */
enum err cert_list_read(struct db *db, int64_t list_id, unsigned char bits[CERT_STATUS_BYTES],
                        int64_t *count) MUST_USE;
/* Facts that set bits, and the origin under which the list is signed. ERR_NOT_FOUND: no such list. */
enum err cert_list_fact_count(struct db *db, struct arena *a, int64_t list_id, const char **origin,
                              int64_t *count) MUST_USE;

/* ---- Issuing, in jobs (cert_issue.c) ------------------------------------------------------------ */
/* A certificate with its first credential for a granted application. */
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
/* The next version of a certificate's credential, with a new id and index. */
enum err cert_reissue(struct db *db, struct arena *a, const struct certs *certs,
                      const struct cert_certificate *c, int64_t now_ms,
                      const char **row_id) MUST_USE;

/* ---- Facts of other rooms (cert_facts.c) --------------------------------------------------------- */
enum err cert_facts(struct app *app, struct db *db, struct arena *a,
                    const struct content_snapshot *content, const char *person_id,
                    const struct cert_need *needs, size_t need_count, struct cert_fact **out,
                    size_t *count) MUST_USE;
/* A lab run of a person, oldest first; what the evidence page shows of it. */
struct cert_lab_run {
    const char *run_id, *title, *dialects; /* dialects: sorted, one text */
    const char *version;                   /* of the scenario */
    int64_t started_ms, passed_ms;         /* passed 0 = not (yet) */
    int checks_passed, checks, actions;
};
enum err cert_lab_runs(struct app *app, struct db *db, struct arena *a, const char *person_id,
                       const char *lab_id, struct cert_lab_run **out, size_t *count) MUST_USE;
enum err cert_lab_run_is_of(struct db *db, struct arena *a, const char *person_id,
                            const char *run_id, bool *out) MUST_USE;
/* The systems of a run as people know them. Arena. */
const char *cert_lab_dialects(struct request *r, const struct cert_lab_run *run);
const char *cert_lab_title(struct app *app, struct arena *a,
                           const char *lab_id); /* the id when unknown */
/* The requirements as JSON: what was known at a step. Arena. */
char *cert_evidence_json(struct arena *a, const struct cert_level_status *s);

/* ---- Pages ---------------------------------------------------------------------------------------- */
/* An interface text of the reader's language. */
const char *cert_text(struct request *r, const char *key, struct view *v);
/* Sets `needs` [{title, href, is_met, is_begun, sentence, at…}], met, total, is_complete. */
void cert_view_status(struct request *r, struct view *v, const struct cert_level_status *s);
/* Badge of a certificate's state: state_text, is_valid, is_expired, is_suspended, is_revoked. */
void cert_view_state(struct request *r, struct view *v, const char *state);
/* What the credential's addresses begin with: configured, or the request's. */
const char *cert_origin(struct request *r);
/* The finder of keys and states of this academy. */
struct cert_checker cert_own_checker(struct request *r);

#endif
