/* The audit log: certification and security facts, each row chained to the one before by
 * SHA-256. RULE audit-chain: a row that was changed, removed or put elsewhere is found.
 *
 * hash(n) = SHA-256 of the JSON array [n,at_ms,actor,action,subject,detail,hash(n-1)] without
 * blanks, in lower-case hex; strings as buf_json writes them, `detail` as one string or null;
 * hash(0) = 64 zeros. Behind a row that does not fit, "audit.accept" rests on the hashes as they
 * are made anew, and the chain goes on from its own. A changed, removed or reordered row breaks the
 * chain. A cut tail is found against the head, the file `<database>.audit-head`, which holds number
 * and hash of a row that was committed: "n hash\n". It is written after each COMMIT with audited
 * jobs and never goes down. A head that is behind the log (the process died in between) is fine;
 * one ahead of it means that rows are gone; a log without one cannot show that its end is whole, so
 * that it has to be accepted by somebody (audit_accept).
 *
 * Threads: audit_append in jobs alone. What reads takes the caller's own connection, on any thread;
 * audit_verify takes as long as the log is. audit_open and audit_accept wait for the disk: commands
 * and the start call them. */
#ifndef GR_AUDIT_AUDIT_H
#define GR_AUDIT_AUDIT_H

#include <stdatomic.h>

#include "audit/audit_signed.h"
#include "base/codec.h"
#include "store/store.h"

#define AUDIT_DETAIL_MAX ((size_t)64 * 1024) /* bytes */

/* Appends inside the caller's job, so that the fact and its audit row commit together. `actor`:
 * person id or "system"; `action`: dotted ("credential.grant"); `subject`: what it is about
 * (id); `detail`: JSON text without secrets or NULL. ERR_LIMIT when the detail is longer than
 * AUDIT_DETAIL_MAX. */
enum err audit_append(struct db *db, struct arena *a, int64_t now_ms, const char *actor,
                      const char *action, const char *subject, const char *detail) MUST_USE;

/* ---- Head and log ---------------------------------------------------------------------------- */
/* As store_open, for those who will write. Refuses (ERR_INVALID) a log that does not agree with its
 * head, and a folder that holds keys or a head but no database, where store_open would begin an
 * empty academy. `*why` says what to do. */
enum err audit_open(struct store **out, const struct store_options *options, struct arena *a,
                    const char **why) MUST_USE;
/* Whether head and log agree; reads two rows, however long the log is. ERR_INVALID with a sentence
 * that says what to do; another error: it could not be checked, and the sentence says why. Call it
 * outside of a snapshot, since the head may be newer than that. */
enum err audit_check_head(struct db *db, struct arena *a, const char **why) MUST_USE;

/* What a head file says. */
struct audit_head {
    int64_t seq;
    char hash[SHA256_HEX_BYTES];
};
/* False when the text is not what Gradus writes. */
bool audit_head_parse(const char *text, size_t len, struct audit_head *out) MUST_USE;
/* Reads a head. ERR_NOT_FOUND: none is there; ERR_INVALID: it is not one that Gradus wrote;
 * ERR_BUSY: memory or descriptors are short; ERR_IO: it cannot be read (whose it is, the disk).
 * With a sentence in `*why` (arena) for the last three. */
enum err audit_head_read(struct arena *a, const char *path, struct audit_head *out,
                         const char **why) MUST_USE;
/* Writes the head if that was not possible after its COMMIT. Called now and then, outside of a
 * snapshot. */
void audit_head_catch_up(struct db *db);
/* RULE audit-accept: after an inquiry, somebody (`by`: the user of this machine) says with a reason
 * that the log is to go on from where it ends, whether head and log do not agree or a row inside
 * does not fit. Appends "audit.accept" with what head and log said, and writes the head anew, alone
 * in being allowed to lower it. Its hash rests on what stands in the rows before it, whatever hash
 * they keep: of what is changed afterwards it says nothing. `people`: JSON object of the people
 * whose roles were never logged (account_unlogged); NULL: none. ERR_CONFLICT when there is nothing
 * to accept. */
enum err audit_accept(struct store *s, struct arena *a, const char *by, const char *reason,
                      const char *people, const char **why) MUST_USE;

/* RULE seal-begins: rows are judged by their seals (RULE row-seal) from the newest signed row
 * "seal.begins" on, which names the key. A server writes one at its start when the log never told
 * of a key: in a new academy, after an upgrade. What began before it was sealed with no key, and is
 * not judged. A row that is not signed names nothing.
 *
 * RULE seal-once: an academy that has had a key gets no seals anew by a start alone, which would
 * seal whatever somebody wrote into its tables. When the key is lost, or the log does not hold, or
 * was accepted without such a row, an administrator says so with a reason (`gradus audit seal`).
 * Until then a server judges rows from the first key on, and what the one that is here did not seal
 * counts for nothing; a command without the key that the log names cannot judge.
 *
 * `*seq`: the row from which on rows are judged; 0: none are. */
enum err audit_sealed_from(struct db *db, struct arena *a, int64_t *seq) MUST_USE;
/* In a job, at the start of a server. `*anew`: the row was written now, and what is on record is to
 * be sealed. */
enum err audit_seal_begin(struct db *db, struct arena *a, int64_t now_ms, bool *anew) MUST_USE;
/* In a job: the same by the word of `by` (the user of this machine). ERR_CONFLICT: the newest row
 * names the key that is here, and there is nothing to do; ERR_INVALID: the log does not hold. */
enum err audit_seal_anew(struct db *db, struct arena *a, int64_t now_ms, const char *by,
                         const char *reason) MUST_USE;
/* `*problem`: a sentence with what to do when the key that is here is not the one that the log
 * names, or none is; else NULL. Arena. */
enum err audit_seal_problem(struct db *db, struct arena *a, const char **problem) MUST_USE;
#define AUDIT_SEAL_ADVICE                                                                          \
    "Put its file back into the data folder, or, when it is lost, say so with gradus audit seal "  \
    "--reason TEXT while no server runs"

#define AUDIT_UNSIGNED_LISTED 10
struct audit_report {
    int64_t rows;
    int64_t first_bad;    /* sequence number of the first row that does not fit, 0 = none */
    const char *problem;  /* sentence, NULL when the chain holds (arena) */
    char head[65];        /* hash of the last row that fits, 64 zeros when there is none */
    bool head_checked;    /* false: the log is empty, or the head could not be read (a problem) */
    int64_t signed_heads; /* signed heads that were read; all are valid */
    /* Rows that need a signed head by RULE audit-signed and have none: how many, and the first of
     * them. */
    int64_t unsigned_count, unsigned_rows[AUDIT_UNSIGNED_LISTED];
    /* The keys that signed them, and the last row of each; arena. An untrusted key is a problem;
     * whether the others still exist, the caller knows. */
    const char *keys[AUDIT_KEYS_MAX];
    int64_t key_rows[AUDIT_KEYS_MAX];
    size_t key_count;
};
/* Reads the whole chain in the caller's snapshot. ERR_INVALID with a filled report when a row, the
 * head or a signed head is wrong. Another error: it could not be read whole, which says nothing
 * about the log; `problem` may say why. */
enum err audit_verify(struct db *db, struct arena *a, struct audit_report *out) MUST_USE;
/* The same, and ERR_BUSY at the next row once `stop` is set. */
enum err audit_verify_until(struct db *db, struct arena *a, const atomic_bool *stop,
                            struct audit_report *out) MUST_USE;
/* The same, but of the signatures only the newest is looked at. It rests on every row before it, so
 * that a row that was changed or removed is found all the same; a signature that somebody put in
 * another's place is not. A thirtieth of the time. */
enum err audit_verify_newest(struct db *db, struct arena *a, struct audit_report *out) MUST_USE;

/* RULE audit-read: what the last reading of a server found; true where nobody has read it. While
 * the log does not hold, nothing is certified, decided or called valid by it. Any thread. */
void audit_found(bool holds, int64_t read_to);
bool audit_holds(void);
int64_t audit_read_to(void); /* the last row that was read with its signature; 0: none */

/* Newest first, for the admin's page and for a case. `subject` NULL = all; `before_seq` 0 = from
 * the newest on; `limit` 1 to 1000. */
struct audit_row {
    int64_t seq, at_ms;
    const char *actor, *action, *subject, *detail, *hash; /* arena; detail may be NULL */
};
/* The row that a query answered with seq, at_ms, actor, action, subject, detail, hash. */
struct audit_row audit_row_read(struct stmt *q, struct arena *a);
enum err audit_list(struct db *db, struct arena *a, const char *subject, int64_t before_seq,
                    int limit, struct audit_row **rows, size_t *count) MUST_USE;

/* ---- What this academy published ------------------------------------------------------------- */
/* A version of something that counts, as a row of the log names it: the subject is the version, the
 * detail says of what, and what it holds. Whoever can write the database can keep a version of
 * their own under its digest; they cannot name it in a signed row. */
struct audit_publication {
    const char *action, *version, *detail;
};
/* Whether a signed row names just this. `before_seq` 0: anywhere in the log; else before that row.
 */
enum err audit_published(struct db *db, struct arena *a, const struct audit_publication *p,
                         int64_t before_seq, bool *out) MUST_USE;
/* In a job. Names it, unless a signed row does. */
enum err audit_publish(struct db *db, struct arena *a, const struct audit_publication *p,
                       int64_t now_ms) MUST_USE;
/* The row that the first start writes behind the names of what older programs kept; 0: there is
 * none, and nothing is judged by what is named. */
enum err audit_published_from(struct db *db, const char *action, const char *subject,
                              int64_t *seq) MUST_USE;

#endif
