/* Signed heads of the audit log. The chain is unkeyed and its head lies beside it: whoever can
 * write the folder can make both anew. So the newest row is signed with the academy's Ed25519 key,
 * the signature is kept, and is published where others can keep it: a chain that was made anew
 * afterwards does not fit what they hold.
 *
 * Signed in the transaction of each fact of importance (RULE audit-sign: certification "cert.…",
 * exams "exam.…", programmes "content.…", labs that were passed "lab.pass" and published
 * "lab.pack", people and their roles "person.…", cohorts "cohort.…", the clock "clock.…", the key
 * of seals "seal.…", and what happened to the academy itself "academy.…", "audit.…"), and at an
 * interval (AUDIT_SIGN_INTERVAL_MS) when the log has grown. Row and signature are one COMMIT:
 * whenever the process dies, there is no such row without its signature.
 *
 * As published (one line, members in this order, without blanks, then a newline):
 *   {"format":"gradus-audit-head/1","sequence":N,"hash":"HEX","time":"RFC
 * 3339","key":"z6Mk…","signature":"z…"} The signature (Ed25519, base58 with multibase z) is over
 * the text "gradus-audit-head/1\nN\nHASH\nTIME\n"; the key is the multikey of did.json that made
 * it. */
#ifndef GR_AUDIT_SIGNED_H
#define GR_AUDIT_SIGNED_H

#include "base/clock.h"
#include "store/store.h"

#define AUDIT_KEYS_MAX 64
#define AUDIT_SIGN_INTERVAL_MS MS_HOUR
#define AUDIT_SIGNATURE_BYTES 64

/* The signer of this process (`sign` NULL: nobody signs, but keys can be recognised). Both
 * functions may run on any thread until audit_signer_set replaces them; `key` is copied. */
struct audit_signer {
    void (*sign)(void *context, const void *bytes, size_t len,
                 unsigned char signature[AUDIT_SIGNATURE_BYTES]);
    bool (*knows)(void *context,
                  const char *key); /* whether this multikey belongs to the academy; may be NULL */
    void *context;
    const char *key; /* multikey */
};
void audit_signer_set(const struct audit_signer *signer); /* NULL: nobody */
/* For commands: `open` finds the signer for this database and is called when the first row has to
 * be signed. False: its keys are not here. */
void audit_signer_on_demand(bool (*open)(const char *database, struct arena *a,
                                         struct audit_signer *out));

/* RULE audit-signed: which rows have a signed head of their own, since they are only written by who
 * has the key. `begun`: behind the row "audit.signs", which a server writes at its first start,
 * these are all of RULE audit-sign but "audit.…", "academy.…" and "cert.key". Before it (older
 * programs): steps of certification "cert.…", and a change of roles by a person. Pure. */
bool audit_must_be_signed(const char *actor, const char *action, bool begun);

struct audit_signed_head {
    int64_t seq, at_ms;
    const char *hash, *key, *signature; /* arena */
};

/* A job: signs the newest row unless it is signed. OK also when nobody signs here or the log is
 * empty. A row that has to be signed by itself is left as it is: whoever wrote it had no key. */
enum err audit_sign(struct db *db, struct arena *a, void *unused, int64_t now_ms) MUST_USE;
/* A job, at the start of a server: writes "audit.signs" when the log has none; else as audit_sign.
 */
enum err audit_sign_begin(struct db *db, struct arena *a, void *unused, int64_t now_ms) MUST_USE;
/* Whether audit_sign is due: the log has grown since the last signature, which is older than the
 * interval. */
bool audit_sign_due(struct db *db, int64_t now_ms);
/* Finds the signed head of row `seq`, or the newest one (seq 0). ERR_NOT_FOUND when there is none.
 */
enum err audit_signed_find(struct db *db, struct arena *a, int64_t seq,
                           struct audit_signed_head *out) MUST_USE;
/* The JSON as it is published. The same head gives the same bytes. Arena. */
const char *audit_signed_text(struct arena *a, const struct audit_signed_head *head);
/* SHA-256 of that as multibase (base64url) multihash, as VC 2.0 wants `digestMultibase`. Arena. */
const char *audit_signed_digest(struct arena *a, const struct audit_signed_head *head);
/* RULE audit-signed: from the first signed head on, such a row that has no signed head, or one that
 * does not fit or is a stranger's, was written past the program, by somebody without the key.
 * `*problem`: a sentence without its subject, NULL when the row is as it has to be; `*key`: who
 * signed it, NULL when it need not be signed. Strangers are told apart where somebody signs. Arena.
 */
struct audit_row;
enum err audit_row_signed(struct db *db, struct arena *a, const struct audit_row *row,
                          const char **key, const char **problem) MUST_USE;
/* Checks each of these rows and returns the first problem. */
enum err audit_rows_signed(struct db *db, struct arena *a, const struct audit_row *rows,
                           size_t count, const char **problem) MUST_USE;
/* RULE audit-stranger: a key that is not here is lost, or a stranger's. It is a stranger's when it
 * signed row `seq` behind the first row that was signed with one that is here, and none of these
 * signed that it came ("cert.key", one of the ten newest rows about it). False where no key is here
 * at all. */
enum err audit_key_untrusted(struct db *db, struct arena *a, const char *key, int64_t seq,
                             bool *untrusted) MUST_USE;
#define AUDIT_UNTRUSTED "is signed with a key that is not the academy's"
/* RULE accepted-people: whether somebody accepted a log whose end was lost, when this person was on
 * record with these roles (account_roles_text) and without a row in the log, and had the key (or
 * did so before rows had to be signed). Whoever came later was not accepted. */
enum err audit_accepted(struct db *db, struct arena *a, const char *person_id, const char *roles,
                        bool *accepted) MUST_USE;
/* Whether its signature is that of its key. */
bool audit_signature_valid(struct arena *a, const struct audit_signed_head *head);

/* Compares the log with a head that somebody kept elsewhere: the published document itself, or a
 * status list that names it by its digest. OK with `*said` (which row, when) and `*key`.
 * ERR_INVALID when the log is not the one that was published, or the file is no signed head:
 * `*said` says which. */
enum err audit_compare_published(struct db *db, struct arena *a, const char *text, size_t len,
                                 const char **key, const char **said) MUST_USE;

#endif
