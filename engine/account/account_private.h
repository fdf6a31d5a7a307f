/* Private to account/. */
#ifndef GR_ACCOUNT_ACCOUNT_PRIVATE_H
#define GR_ACCOUNT_ACCOUNT_PRIVATE_H

#include "account/account.h"
#include "account/account_queue.h"
#include "base/clock.h"
#include "store/find.h"

/* Work for the hashing threads: check `password` against `hash`, and then (or when there is no
 * `password`) hash `new_password` and all of `issued`. Lives in the request's arena. */
struct hash_job {
    struct queue_entry entry;    /* first: the queue knows jobs by it; its client is filled in */
    const char *password, *hash; /* hash NULL: unknown login, takes as long and never matches */
    const char *new_password;    /* NULL: nothing to hash */
    const char **issued;         /* passwords of account_random_password */
    size_t issued_count;
    bool make_unless;   /* hash unless it matches, instead of when it does */
    bool matches;       /* out */
    char *made;         /* out, arena; NULL when not asked or memory is short */
    char **issued_made; /* out, likewise */
    struct request *request;
};
/* The threads that hash. NULL when none can be started. */
struct hashers *hashers_new(void);
void hashers_free(struct hashers *h); /* finishes what is being hashed; NULL is fine */
/* For http_wait: queues the job; wakes with ERR_BUSY when too many wait, with ERR_LIMIT when too
 * many guesses at this account do. */
void account_hash_start(struct request *r, void *job);

/* ---- Guessing (account_pace.c) -------------------------------------------------------------- */
#define PACE_KNOWN_MS (30 * MS_DAY)
#define PACE_CLIENT_COUNTED 1000 /* more failures of an address make no difference */
struct guess {
    const char *login; /* whose secret; an account has one, however its name was typed */
    const char *client, *client_key; /* the address, and what counts together with it */
};
enum err account_pace_of(struct db *db, const struct guess *g, int64_t now_ms,
                         struct login_pace *out) MUST_USE;
/* In a job. */
enum err account_note_guess(struct db *db, struct arena *a, const struct guess *g, int64_t now_ms,
                            bool right) MUST_USE;

#define HOLD_MOST_MS 5000 /* a longer wait is told, not waited */
#define HOLDS 1024        /* requests that wait at a time */
struct hold {
    int64_t wait_ms; /* in */
    int64_t due_ms;  /* monotonic */
    struct request *request;
    struct hold *next;
};
/* For http_wait: wakes `wait_ms` later, or at once when too many wait. No thread waits with it. */
void account_hold_start(struct request *r, void *hold);
/* NULL when no thread can be started. */
struct holder *holder_new(void);
void holder_free(struct holder *h); /* NULL is fine */

/* The sessions that were looked up last. NULL when there is no memory. */
struct sessions *sessions_new(void);
void sessions_free(struct sessions *s);

struct accounts {
    struct holder *holder;
    struct hashers *hashers;
    struct sessions *sessions;
};
/* What names a session in the store: a hash of its token. Arena. */
const char *account_session_id(struct request *r, const char *token);

#define SESSION_COOKIE "gradus" /* "__Host-gradus" over https: http_cookie_own */
#define LOGIN_TYPED_MAX 254     /* bytes of a login or an address */
#define ACCOUNT_FIRST_PATH "/me/first-password"
#define ACCOUNT_CODE_PATH "/login/code"
#define ACCOUNT_FACTOR_PATH "/me/second-factor"
#define CODE_WAIT_MS (10 * MS_MINUTE) /* so long may the code of a sign-in be awaited */

struct new_session {
    const char *token, *id, *csrf; /* what the cookie holds, what the store holds */
    int64_t until_ms, now_ms;
    bool awaits_code; /* out: the second factor is asked for next */
};
/* In a job: a session of this person, as long as their roles allow. Audited. */
enum err account_session_begin(struct db *db, struct arena *a, int64_t now_ms,
                               const char *person_id, const char *client, bool code_given,
                               struct new_session *out) MUST_USE;
/* RULE power-proven: goes on at once when the password was given within the last ten minutes; else
 * asks for it, and goes on when it comes with the same `fields` (names, NULL last), which the page
 * that asks carries along. */
enum err account_prove(struct request *r, const char *const *fields,
                       enum err (*go_on)(struct request *r, void *arg), void *arg) MUST_USE;
void account_session_cookie(struct request *r, const struct new_session *s);
/* The hash of the password that counts; NULL when there is none. */
enum err account_latest_hash(struct db *db, struct arena *a, const char *person_id,
                             const char **hash) MUST_USE;
/* `next` when it is a path of ours, else "/". */
const char *account_safe_next(const char *next);
/* What a form says about one of its fields: at the field, and in the list above it. */
void account_add_error(struct request *r, struct view *v, const char *field, const char *problem);
/* "… Wait 5 seconds …", by the key of an interface text; the answer gets Retry-After. */
const char *account_wait_text(struct request *r, const char *key, int64_t wait_ms);
/* The page of the first password, with a problem. */
enum err account_first_with(struct request *r, int status, const char *problem_field,
                            const char *problem);

/* Is it one piece of up to four characters, repeated? */
bool account_password_repeats(const char *password);
/* Is it, in any case and without digits and signs around it, on the list of common passwords, once
 * or repeated? */
bool account_password_common(const char *password);

/* A page of /me with notice or problem. */
enum err account_profile_with(struct request *r, int status, const char *problem_field,
                              const char *problem);

/* A job: of the people behind `after_id` ("" at first) the next 1,000 who lack the key of their
 * address get it. */
#define EMAIL_KEYS_AT_ONCE 1000
struct email_keys {
    const char *after_id; /* in */
    const char *last_id;  /* out */
    size_t read;          /* out */
};
extern const struct find_table account_words; /* what people are found by */
enum err account_make_keys(struct db *db, struct arena *a, void *arg, int64_t now_ms) MUST_USE;

#endif
