/* Signed heads of the audit log. The chain is unkeyed and its head lies beside it: whoever can
 * write the folder can make both anew. So the newest row is signed with the academy's Ed25519 key,
 * the signature is kept, and is published where others can keep it: a chain that was made anew
 * afterwards does not fit what they hold.
 *
 * Signed in the transaction of each fact of importance (RULE audit-sign: every action of
 * certification "cert.…", who may do what "person.roles", and what happened to the academy itself
 * "academy.…", "audit.…"), and at an interval (AUDIT_SIGN_INTERVAL_MS) when the log has grown.
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

/* Who signs in this process. `sign` may run on any thread, until audit_signer_set gives another;
 * both strings are copied. */
struct audit_signer {
    void (*sign)(void *context, const void *bytes, size_t len,
                 unsigned char signature[AUDIT_SIGNATURE_BYTES]);
    void *context;
    const char *key; /* multikey */
};
void audit_signer_set(const struct audit_signer *signer); /* NULL: nobody */

/* RULE audit-signed: which rows the server alone writes, so that each has a signed head of its own:
 * steps of certification "cert.…" (but "cert.key", which a command writes), and a change of roles
 * by a person (by a command: "system"). Pure. */
bool audit_must_be_signed(const char *actor, const char *action);

struct audit_signed_head {
    int64_t seq, at_ms;
    const char *hash, *key, *signature; /* arena */
};

/* A job: signs the newest row unless it is signed. OK also when nobody signs here or the log is
 * empty. */
enum err audit_sign(struct db *db, struct arena *a, void *unused, int64_t now_ms) MUST_USE;
/* Whether audit_sign is due: the log has grown since the last signature, which is older than the
 * interval. */
bool audit_sign_due(struct db *db, int64_t now_ms);
/* The newest (seq 0), or that of row `seq`. ERR_NOT_FOUND. */
enum err audit_signed_find(struct db *db, struct arena *a, int64_t seq,
                           struct audit_signed_head *out) MUST_USE;
/* As published. Arena; the same head gives the same bytes. */
const char *audit_signed_text(struct arena *a, const struct audit_signed_head *head);
/* SHA-256 of that as multibase (base64url) multihash, as VC 2.0 wants `digestMultibase`. Arena. */
const char *audit_signed_digest(struct arena *a, const struct audit_signed_head *head);
/* RULE audit-signed: from the first signed head on, such a row that has no signed head, or one that
 * does not fit, was written past the program, by somebody without the key. `*problem`: a sentence
 * without its subject, NULL when the row is as it has to be; `*key`: who signed it, NULL when it
 * need not be signed. Arena. */
struct audit_row;
enum err audit_row_signed(struct db *db, struct arena *a, const struct audit_row *row,
                          const char **key, const char **problem) MUST_USE;
/* Whether its signature is that of its key. */
bool audit_signed_fits(struct arena *a, const struct audit_signed_head *head);

/* Compares with a head that somebody kept elsewhere, as published: the document itself, or a status
 * list that names it by its digest. OK with `*said` (which row, of when, by which key `*key`);
 * ERR_INVALID when the log is not the one that was published, or the file is no head that was
 * signed: `*said` tells. */
enum err audit_against(struct db *db, struct arena *a, const char *text, size_t len,
                       const char **key, const char **said) MUST_USE;

#endif
