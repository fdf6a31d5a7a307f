/* Private to audit/. */
#ifndef GR_AUDIT_PRIVATE_H
#define GR_AUDIT_PRIVATE_H

#include "audit/audit.h"

#define AUDIT_ACCEPT "audit.accept"
/* As audit_append, behind this row (the last one, or a number that is free). */
enum err audit_append_behind(struct db *db, struct arena *a, const struct audit_head *last,
                             int64_t now_ms, const char *actor, const char *action,
                             const char *subject, const char *detail) MUST_USE;
/* As audit_verify, and where the log ends: the hash is made anew from what stands in the rows, so
 * that it is another than the one that is kept when one does not fit. */
enum err audit_stands(struct db *db, struct arena *a, struct audit_head *end,
                      struct audit_report *out) MUST_USE;
/* Whether RULE audit-sign asks for a signature with this action. */
bool audit_is_important(const char *action);
#define AUDIT_UNSIGNED "is not signed by the academy: it was written past the program"
/* The row from which on all of RULE audit-signed holds. */
#define AUDIT_SIGNS "audit.signs"
#define AUDIT_SIGNS_SUBJECT "signing"
#define AUDIT_SEAL_BEGINS "seal.begins"
#define AUDIT_SEAL_SUBJECT "seals"
/* The number of the row AUDIT_SIGNS, 0 when there is none. */
enum err audit_signing_start(struct db *db, int64_t *seq) MUST_USE;
/* Whether this process had a signer and has none any more. */
bool audit_signer_ended(void);
/* Whether the signer has this key; `*anybody`: whether there is a signer that knows its keys. */
bool audit_signer_knows(const char *key, bool *anybody);
/* Caches the first row that one of the signer's keys signed: stores `seq` unless it is 0, and
 * returns what is stored; 0: nothing yet. */
int64_t audit_signer_first(int64_t seq);
/* Signs this row, which the same job has just added, when RULE audit-sign asks for it. ERR_DENIED:
 * it has to be signed, and there is no key. */
enum err audit_sign_fact(struct db *db, struct arena *a, const struct audit_row *row) MUST_USE;
/* Whether only a version that signs can have written this row. */
bool audit_row_implies_signing(const struct audit_row *row);
/* The last row, {0, zeros} of an empty log. */
enum err audit_last(struct db *db, struct arena *a, struct audit_head *out) MUST_USE;
/* Hash of row `seq` in `*hash` (arena), NULL when there is no such row. */
enum err audit_hash_of(struct db *db, struct arena *a, int64_t seq, const char **hash) MUST_USE;
/* Compares head and log: `*problem` is a sentence ("Row 7 … (head file)"), without advice, or NULL
 * when they agree. Not OK: they could not be compared, and `*problem` is NULL or says why. */
enum err audit_head_problem(struct db *db, struct arena *a, const char **problem) MUST_USE;
const char *audit_head_path(struct arena *a, const char *database);
/* After COMMIT: writes this head, unless the head file is as far already. */
void audit_head_write(const char *database, const void *bytes, size_t len);

/* Reads the signed heads in parallel with the log, in one pass; see audit_verify. */
struct audit_signed_walk {
    struct stmt *q;
    bool has;     /* `next` is filled */
    bool found;   /* the row that was walked last is signed */
    bool known;   /* and by a key that is here, or no key is */
    int64_t from; /* signatures before this row are not looked at */
    struct audit_signed_head next;
    struct arena arena;
    enum err failure; /* memory was short: nothing can be said */
};
void audit_signed_walk_begin(struct audit_signed_walk *w, struct db *db, bool newest_only);
/* The row `seq` has this hash: NULL, or what is wrong with the signed head of that row, or of one
 * between it and the row before (static). */
const char *audit_signed_walk_row(struct audit_signed_walk *w, struct arena *a, int64_t seq,
                                  const char *hash, struct audit_report *out);
/* Ends the walk. `*left` is the row of a signed head that the log does not have, else 0. */
enum err audit_signed_walk_end(struct audit_signed_walk *w, int64_t *left);

#endif
