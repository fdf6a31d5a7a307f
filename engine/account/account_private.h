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
    struct queue_entry entry;    /* first: the queue casts back from it; `client` is set later */
    const char *password, *hash; /* hash NULL: unknown login, takes as long and never matches */
    const char *new_password;    /* NULL: nothing to hash */
    const char **issued;         /* passwords of account_random_password */
    size_t issued_count;
    bool make_unless;   /* hash when it does not match, instead of when it does */
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

/* ---- Guessing (account_throttle.c) ----------------------------------------------------------- */
#define THROTTLE_KNOWN_MS (30 * MS_DAY)
#define THROTTLE_CLIENT_COUNTED 1000 /* more failures of an address make no difference */
struct guess {
    const char *login; /* the account, by one name however it was typed */
    const char *client,
        *client_key; /* the address, and the key under which its failures are counted */
};
enum err account_throttle_of(struct db *db, const struct guess *g, int64_t now_ms,
                             struct login_throttle *out) MUST_USE;
/* In a job. */
enum err account_note_guess(struct db *db, struct arena *a, const struct guess *g, int64_t now_ms,
                            bool right) MUST_USE;

#define DELAY_MAX_MS 5000 /* a longer wait is answered at once, with the time */
#define DELAYS_MAX 1024   /* requests that are delayed at the same time */
struct delay {
    int64_t wait_ms; /* in */
    int64_t due_ms;  /* monotonic */
    struct request *request;
    struct delay *next;
};
/* For http_wait: wakes the request `wait_ms` later, or at once when DELAYS_MAX wait. Takes no
 * thread. */
void account_delay_start(struct request *r, void *delay);
/* NULL when no thread can be started. */
struct delay_queue *delay_queue_new(void);
void delay_queue_free(struct delay_queue *h); /* NULL is fine */

/* A cache of the sessions that were looked up last. NULL when there is no memory. */
struct session_cache *session_cache_new(void);
void session_cache_free(struct session_cache *s);

struct accounts {
    struct delay_queue *delays;
    struct hashers *hashers;
    struct session_cache *sessions;
};
/* The id of a session in the store: a hash of its token. Arena. */
const char *account_session_id(struct request *r, const char *token);

#define SESSION_COOKIE "gradus" /* "__Host-gradus" over https: http_host_cookie_out */
#define LOGIN_TYPED_MAX 254     /* bytes of a login or an address */
#define ACCOUNT_FIRST_PATH "/me/first-password"
#define ACCOUNT_CODE_PATH "/login/code"
#define ACCOUNT_FACTOR_PATH "/me/second-factor"
#define CODE_WAIT_MS (10 * MS_MINUTE) /* how long a sign-in may wait for its code */

struct new_session {
    const char *token, *id, *csrf; /* `token` is in the cookie, `id` and `csrf` are in the store */
    int64_t until_ms, now_ms;
    bool awaits_code; /* out: the second factor is asked for next */
};
/* In a job: a session of this person, as long as their roles allow. Audited. ERR_CONFLICT: their
 * second factor is not the one that was logged (RULE logged-factor), which the text
 * ACCOUNT_FACTOR_CHANGED says. */
#define ACCOUNT_FACTOR_CHANGED "factor_changed"
enum err account_session_begin(struct db *db, struct arena *a, int64_t now_ms,
                               const char *person_id, const char *client, bool code_given,
                               struct new_session *out) MUST_USE;
/* Whether the password of this session was given within the last ten minutes. ERR_NOT_FOUND: there
 * is no such session. */
enum err account_password_recent(struct db *db, const char *session_id, int64_t now_ms,
                                 bool *yes) MUST_USE;
/* A session for another, once the password was compared. */
struct session_renewal {
    struct guess guess;
    const char *person, *session;
    const char *hash; /* what the password was compared with: what counts may have changed since */
    bool matches;
    struct login_throttle throttle; /* out: with a wait, nothing was done */
    bool wrong;                     /* out: the guess was noted, and the session goes on */
    struct new_session fresh;       /* out */
};
/* A job. ERR_DENIED: the session has ended meanwhile. As account_session_begin. */
enum err account_renew_session(struct db *db, struct arena *a, void *renewal,
                               int64_t now_ms) MUST_USE;
/* RULE power-proven: goes on at once when the password was given within the last ten minutes; else
 * asks for it, and goes on when it comes with the same `fields` (names, NULL last), which the page
 * that asks carries along. */
enum err account_reauthenticate(struct request *r, const char *const *fields,
                                enum err (*next)(struct request *r, void *arg), void *arg) MUST_USE;
void account_session_cookie(struct request *r, const struct new_session *s);
/* RULE logged-sign-in: the hash of the password that counts, with which somebody signs in or gives
 * their password again; NULL when there is none, or when it is not the one whose setting the log
 * told last (RULE logged-password). Then no password is right, and the server's log says why. */
enum err account_latest_hash(struct db *db, struct arena *a, const char *person_id,
                             const char **hash) MUST_USE;
/* Whether the newest row of the log that tells this person's password is signed and is of `hash`:
 * `*problem` is a sentence without its subject, NULL when it is, or when no row tells it. */
enum err account_password_problem_logged(struct db *db, struct arena *a, const char *person_id,
                                         const char *hash, const char **problem) MUST_USE;
/* `next` when it is a path of ours, else "/". */
const char *account_safe_next(const char *next);
/* Adds a problem of a form field: at the field, and to the list above the form. */
void account_add_error(struct request *r, struct view *v, const char *field, const char *problem);
/* "… Wait 5 seconds …", by the key of an interface text; the answer gets Retry-After. */
const char *account_wait_text(struct request *r, const char *key, int64_t wait_ms);
/* The page of the first password, with a problem. */
enum err account_first_password_with(struct request *r, int status, const char *problem_field,
                                     const char *problem);

/* Whether it repeats one piece of up to four characters. */
bool account_password_repeats(const char *password);
/* Whether it is on the list of common passwords, once or repeated, in any case, without digits and
 * signs around it. */
bool account_password_common(const char *password);

/* A page of /me with notice or problem. */
enum err account_profile_with(struct request *r, int status, const char *problem_field,
                              const char *problem);

/* A job: makes the e-mail keys of the next 1,000 people after `after_id` ("" at first) who lack
 * one. */
#define EMAIL_KEYS_AT_ONCE 1000
struct email_keys {
    const char *after_id; /* in */
    const char *last_id;  /* out */
    size_t read;          /* out */
};
extern const struct find_table account_word_index; /* the word index by which people are found */
enum err account_make_email_keys(struct db *db, struct arena *a, void *arg,
                                 int64_t now_ms) MUST_USE;

#endif
