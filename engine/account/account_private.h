/* Private to account/. */
#ifndef GR_ACCOUNT_ACCOUNT_PRIVATE_H
#define GR_ACCOUNT_ACCOUNT_PRIVATE_H

#include "account/account.h"

/* Work for the hashing threads: check `password` against `hash`, and then (or when there is no `password`) hash
 * `new_password`. Lives in the request's arena. */
struct hash_job {
    const char *password, *hash; /* hash NULL: unknown login, takes as long and never matches */
    const char *new_password;    /* NULL: nothing to hash */
    bool matches;                /* out */
    char *made;                  /* out, arena; NULL when not asked or memory is short */
    struct request *request;
    struct hash_job *next;
};
/* The threads that hash. NULL when none can be started. */
struct hashers *hashers_new(void);
void hashers_free(struct hashers *h); /* finishes what is being hashed; NULL is fine */
/* For http_wait: queues the job; wakes with ERR_BUSY when too many wait. */
void account_hash_start(struct request *r, void *job);

/* The sessions that were looked up last. NULL when there is no memory. */
struct sessions *sessions_new(void);
void sessions_free(struct sessions *s);

struct accounts {
    struct hashers *hashers;
    struct sessions *sessions;
};
/* What names a session in the store: a hash of its token. Arena. */
const char *account_session_id(struct request *r, const char *token);

#define SESSION_COOKIE "gradus"
#define SESSION_DAYS 14

/* A page of /me with notice or problem. */
enum err account_profile_with(struct request *r, const char *problem_field, const char *problem);

/* One row of a CSV file (RFC 4180). Pure. */
struct csv_row {
    const char **cells;
    size_t count;
    int line; /* where the row begins, from 1 */
    const char
        *problem; /* why this is no row; then the next one begins a line further. NULL: it is one */
};
/* Splits a file into rows, empty lines left out. ERR_LIMIT when there are more than CSV_ROWS. */
#define CSV_ROWS 100000
enum err csv_parse(struct arena *a, const char *text, size_t len, struct csv_row **rows,
                   size_t *count) MUST_USE;

#endif
