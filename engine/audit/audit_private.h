/* Between the files of this room. */
#ifndef GR_AUDIT_PRIVATE_H
#define GR_AUDIT_PRIVATE_H

#include "audit/audit.h"

/* Whether RULE audit-sign asks for a signature with this action. */
bool audit_is_important(const char *action);
#define AUDIT_UNSIGNED "is not signed by the academy: it was written past the program"
/* The row from which on all of RULE audit-signed holds. */
#define AUDIT_SIGNS "audit.signs"
#define AUDIT_SIGNS_SUBJECT "signing"
/* Its number, 0 when there is none. */
enum err audit_signs_from(struct db *db, int64_t *seq) MUST_USE;
/* Whether somebody signed in this process and no longer does. */
bool audit_signer_ended(void);
/* Whether a key is here; `*anybody`: whether any is. */
bool audit_signer_knows(const char *key, bool *anybody);
/* The first row that one of the keys here signed, as it was told (`seq`, unless 0); 0: not yet. */
int64_t audit_signer_first(int64_t seq);
/* Signs this row, which the same job has just added, when RULE audit-sign asks for it. ERR_DENIED:
 * it has to be signed, and the keys are not here. */
enum err audit_sign_fact(struct db *db, struct arena *a, const struct audit_row *row) MUST_USE;
/* Whether this row is of a program that signs. */
bool audit_tells_signing(const struct audit_row *row);
/* The last row, {0, zeros} of an empty log. */
enum err audit_last(struct db *db, struct arena *a, struct audit_head *out) MUST_USE;
/* Hash of row `seq` in `*hash` (arena), NULL when there is no such row. */
enum err audit_hash_of(struct db *db, struct arena *a, int64_t seq, const char **hash) MUST_USE;
/* "Row 7 … (head file)": what is wrong between head and log, NULL when nothing is; a sentence
 * without the way on. Not OK: they could not be compared, and `*problem` is NULL or says why. */
enum err audit_head_problem(struct db *db, struct arena *a, const char **problem) MUST_USE;
const char *audit_head_path(struct arena *a, const char *database);
/* After COMMIT: brings the head file up to this head, unless it is further already. */
void audit_head_write(const char *database, const void *bytes, size_t len);

/* The signed heads, read beside the log in one pass; see audit_verify. */
struct audit_signed_walk {
    struct stmt *q;
    bool has;   /* `next` is filled */
    bool found; /* the row that was walked last is signed */
    struct audit_signed_head next;
    struct arena arena;
    enum err failure; /* memory was short: nothing can be said */
};
void audit_signed_walk_begin(struct audit_signed_walk *w, struct db *db);
/* The row `seq` has this hash: NULL, or what is wrong with the signed head of that row. */
const char *audit_signed_walk_row(struct audit_signed_walk *w, struct arena *a, int64_t seq,
                                  const char *hash, struct audit_report *out);
/* Whether a signed head is left that no row was there for; ends the walk. */
enum err audit_signed_walk_end(struct audit_signed_walk *w, int64_t *left);

#endif
