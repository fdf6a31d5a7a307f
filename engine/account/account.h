/* Accounts: people, roles, passwords, sessions, throttling of sign-ins, cohorts.
 *
 * Session tokens are 256 random bits; the store keeps only their SHA-256. Passwords are Argon2id
 * (libsodium) and are hashed on threads of their own, so that no request waits behind them.
 *
 * Threads: accounts_open and accounts_close are of whoever opens the academy; handlers and
 * account_identify of the pool. What takes a `struct db` is for the thread that leased it, and what
 * says "in a job" for jobs. The rest is pure and for any thread, account_hash for one that may
 * wait.
 *
 * Routes (see server/routes.c):
 *   GET  /login                    public   ROUTE_GUEST_FORM   account_login_page
 *   POST /login                    public   ROUTE_GUEST_FORM   account_login_post
 *   POST /logout                   any                         account_logout_post
 *   GET  /me                       any                         account_profile_page
 *   POST /me/password              any                         account_password_post
 *   GET  /me/first-password        any                         account_first_password_page
 *   POST /me/first-password        any                         account_first_password_post
 *   GET  /login/code               any                         account_code_page
 *   POST /login/code               any                         account_code_post
 *   GET  /me/second-factor         any                         account_factor_page
 *   POST /me/second-factor         any                         account_factor_post
 *   POST /me/language              any                         account_language_post
 *   POST /me/reading               any                         account_reading_post
 *   POST /me/sessions/end          any                         account_end_sessions_post
 *   GET  /admin/people             admin                       account_people_page
 *   POST /admin/people             admin                       account_add_post
 *   POST /admin/people/:id/roles   admin                       account_roles_post
 *   GET  /admin/people/:id/reset   admin                       account_reset_page
 *   POST /admin/people/:id/reset   admin                       account_reset_post
 *   POST /admin/people/:id/second-factor  admin                account_factor_end_post
 *   GET  /admin/people/:id/name    admin                       account_name_page
 *   POST /admin/people/:id/name    admin                       account_name_post
 *   GET  /admin/people/import      admin                       account_import_page
 *   POST /admin/people/import      admin   ROUTE_UPLOAD        account_import_post */
#ifndef GR_ACCOUNT_ACCOUNT_H
#define GR_ACCOUNT_ACCOUNT_H

#include "http/http.h"

struct accounts; /* the hashing threads, and the sessions that were looked up last */
/* For store_options.watched; without it no session is cached in memory. */
extern const char *const account_watched[];

/* Also makes what migrations in SQL could not: the keys of e-mail addresses that are not ASCII. */
enum err accounts_open(struct accounts **out, struct store *store) MUST_USE;
/* Finishes what is being hashed. */
void accounts_close(struct accounts *a);

/* For http_options.identify: fills r->who from the session cookie. */
enum err account_identify(struct request *r);

/* ---- People ---------------------------------------------------------------------------------- */
#define ACCOUNT_LOGIN_MIN 2 /* characters */
#define ACCOUNT_LOGIN_MAX 64
#define ACCOUNT_NAME_LIMIT 200  /* characters of a name */
#define ACCOUNT_PASSWORD_MIN 10 /* characters */
#define ACCOUNT_PASSWORD_MAX 200

struct person {
    const char *id, *login, *name, *email, *locale;
    unsigned roles;
    int64_t created_ms, deactivated_ms; /* 0 = active */
};

/* What is wrong with something that a person or a file gave. */
struct account_problem {
    const char *key; /* of an interface text, for account_problem_text */
    /* The character that is refused (base/name.h), 0 when the problem is another. */
    uint32_t character;
};
/* How the store keeps what was typed: a login in lower case (Unicode's full case folding), a name
 * and an address without marks of direction and white space around them. NULL stays NULL. Arena. */
const char *account_login_clean(struct arena *a, const char *typed);
const char *account_name_clean(struct arena *a, const char *typed);
const char *account_email_clean(struct arena *a, const char *typed);
/* Two addresses are the same when these are equal: canonical caseless matching (Unicode 15,
 * section 3.13, D145), composed. Arena; NULL for what is no UTF-8 or when memory is short. */
const char *account_email_key(struct arena *a, const char *email);
/* What may be wrong with a person's fields, once they are clean; NULL when all is well. Pure. */
const struct account_problem *account_person_problem(struct arena *a, const char *login,
                                                     const char *name, const char *email);
const struct account_problem *account_password_problem(const char *password, const char *login);
/* Such a problem as a sentence in the reader's language. */
const char *account_problem_text(struct request *r, const struct account_problem *problem);

/* In a job. Adds a person with roles; `id` receives the new id (arena). `actor` is who does it
 * ("system" for the command line). ERR_CONFLICT when the login or the address is taken:
 * account_taken says which. `password_hash` may be NULL: cannot sign in yet. */
enum err account_add(struct db *db, struct arena *a, int64_t now_ms, const char *actor,
                     const char *login, const char *name, const char *email, unsigned roles,
                     const char *password_hash, const char **id) MUST_USE;
enum err account_set_password(struct db *db, struct arena *a, int64_t now_ms, const char *actor,
                              const char *person_id, const char *password_hash) MUST_USE;
/* Roles become exactly `roles`. */
enum err account_set_roles(struct db *db, struct arena *a, int64_t now_ms, const char *actor,
                           const char *person_id, unsigned roles) MUST_USE;
/* Name and address become these (clean or not); `was` is the person as found. Audited by what
 * changed. ERR_CONFLICT when somebody else has the address. */
enum err account_set_fields(struct db *db, struct arena *a, int64_t now_ms, const char *actor,
                            const struct person *was, const char *name, const char *email) MUST_USE;
enum err account_find(struct db *db, struct arena *a, const char *person_id,
                      struct person *out) MUST_USE;
/* Finds a person by what they type: login or e-mail address, in any case. */
enum err account_find_login(struct db *db, struct arena *a, const char *login,
                            struct person *out) MUST_USE;
/* Finds who else (than `except`, an id or NULL) has this login or this address. ERR_NOT_FOUND when
 * nobody has. Both may be NULL. */
enum err account_taken(struct db *db, struct arena *a, const char *login, const char *email,
                       const char *except, struct person *out) MUST_USE;
/* For jobs: a request may have waited since its sender was let in. ERR_DENIED when the person is
 * gone or has none of `roles` any more. RULE logged-power: nor does anybody use a power by roles
 * that are not those that were logged (account_record_problem). */
enum err account_recheck_roles(struct db *db, struct arena *a, const char *person_id,
                               unsigned roles) MUST_USE;
/* RULE four-eyes: who has power decides neither about themselves nor about somebody in whom they
 * declared an interest. "self", "interest", or NULL in `*conflict`. What more binds those who
 * certify: cert_conflict. */
enum err account_conflict(struct db *db, const char *actor_id, const char *person_id,
                          const char **conflict) MUST_USE;
/* The key of the interface text that explains such a conflict. */
const char *account_refusal(const char *conflict);
/* For jobs of administrators that decide about a person: account_recheck_roles and RULE four-eyes.
 * ERR_DENIED with `*refusal` (the key of a text) when somebody else has to decide. */
enum err account_may_change(struct db *db, struct arena *a, const char *actor_id,
                            const char *person_id, const char **refusal) MUST_USE;
/* For the page with the form of such a decision: sets `refusal` in the view when the reader may not
 * decide. */
enum err account_view_refusal(struct request *r, struct view *v, const char *person_id) MUST_USE;
/* Answers the result of such a job: with the refusal when there is one, else returns `result`. */
enum err account_answer(struct request *r, enum err result, const char *refusal) MUST_USE;
struct people {
    struct person *list;
    size_t count;
    const char *next; /* pass it as `after` to go on; NULL: there are no more */
};
/* Up to `limit` people (at least 1) by name, or (`match`, which may be NULL) those with words in
 * name, login or e-mail that begin as it says, by those words. Of what was found a page may hold
 * fewer and still have a `next` (store/find.h). */
enum err account_list(struct db *db, struct arena *a, const char *match, const char *after,
                      size_t limit, struct people *out) MUST_USE;

/* Roles as text and back: "learner,assessor". Unknown words: false. */
bool account_roles_parse(const char *text, unsigned *roles);
/* RULE records: whether a person's roles, who gave them, name and password are those that the audit
 * log told last, it is deactivated by nobody, and each cohort and each interest in them that it
 * told is on record. `*problem`: a sentence without its subject, NULL (as it came) when they are.
 * ERR_NOT_FOUND: no such person. */
enum err account_record_problem(struct db *db, struct arena *a, const char *person_id,
                                const char **problem) MUST_USE;

/* Whoever has more than the learner's role and no row in the log that tells it: a JSON object of
 * their roles by id, NULL when there is nobody. For audit_accept. Arena. */
enum err account_unlogged(struct db *db, struct arena *a, const char **out) MUST_USE;

const char *account_roles_text(struct arena *a, unsigned roles);

/* Argon2id of a password (arena). Slow on purpose (some 30 ms): not on HTTP threads. NULL when
 * memory is short. */
char *account_hash(struct arena *a, const char *password);
/* Hash of a password from account_random_password: quick, since a random password needs no slow
 * hash. */
char *account_hash_issued(struct arena *a, const char *password);
/* A password to hand over on paper: 4 groups of 5 easy letters and digits, 99 bits. Arena. */
char *account_random_password(struct arena *a);

/* In a job, after account_add or account_set_password: this password was made or typed by somebody
 * else. Its owner reaches nothing but a page to choose another one. */
enum err account_password_issued(struct db *db, const char *person_id) MUST_USE;

/* ---- Sessions ------------------------------------------------------------------------------- */
/* RULE session-end: who learns is signed out after 3 days without a request and after 14 days in
 * any case; who teaches, assesses or administers after one hour, and after 12 hours. The store
 * notes the use of a session every twelfth of that. Pure. */
int64_t account_session_idle_ms(unsigned roles);
int64_t account_session_until(unsigned roles, int64_t began_ms, int64_t used_ms);

/* ---- Teaching -------------------------------------------------------------------------------- */
#define ACCOUNT_COHORT_NAME_LIMIT 120 /* characters */
/* In jobs, audited: who taught whom decides who may not certify whom. */
enum err account_cohort_add(struct db *db, struct arena *a, int64_t now_ms, const char *actor,
                            const char *name, const char *programme, const char **id) MUST_USE;
/* Also for somebody who has left and comes back. */
enum err account_cohort_join(struct db *db, struct arena *a, int64_t now_ms, const char *actor,
                             const char *cohort_id, const char *person_id,
                             bool instructor) MUST_USE;
/* The store still knows that they were in it. ERR_NOT_FOUND when they are not. */
enum err account_cohort_leave(struct db *db, struct arena *a, int64_t now_ms, const char *actor,
                              const char *cohort_id, const char *person_id,
                              bool instructor) MUST_USE;
struct cohort_summary {
    const char *id, *name, *programme_id;
    int64_t created_ms, learners, instructors; /* who are in it now */
};
/* The newest 500; or the one of this id (then `*count` is 0 or 1). */
enum err account_cohorts(struct db *db, struct arena *a, const char *id,
                         struct cohort_summary **list, size_t *count) MUST_USE;
struct cohort_member {
    const char *person_id, *name, *login;
    bool instructor;
    int64_t joined_ms;
};
/* Who is in it now: instructors, then learners, each by name. */
enum err account_cohort_members(struct db *db, struct arena *a, const char *cohort_id,
                                struct cohort_member **list, size_t *count) MUST_USE;
/* Has `teacher` ever been an instructor of a cohort that `learner` has ever been in? */
enum err account_taught(struct db *db, const char *teacher, const char *learner,
                        bool *taught) MUST_USE;
struct cohort_learner {
    const char *person_id, *name, *cohort_id, *cohort, *programme_id;
};
/* The learners of all cohorts that this instructor teaches now; the newest cohort first, each one's
 * learners together. */
enum err account_learners_of(struct db *db, struct arena *a, const char *instructor,
                             struct cohort_learner **learners, size_t *count) MUST_USE;

/* ---- The throttle (pure) --------------------------------------------------------------------- */
/* The address whose failures count together: an IPv6 network of 64 bits belongs to one subscriber,
 * who has as many addresses in it as wanted (RFC 6177). Arena, or `client` itself. */
const char *account_client_key(struct arena *a, const char *client);
/* RULE sign-in-pace: an account is guessed at fewer than ten times a minute, by everybody together.
 */
/* Wrong guesses at one account within a minute, after which further ones have to wait: */
#define THROTTLE_UNKNOWN 4 /* by anybody: stops clients from which it was not used lately */
#define THROTTLE_KNOWN 5   /* by one client from which it was used lately: stops that client */
#define THROTTLE_ALL 9     /* by anybody: stops everybody */
#define THROTTLE_MINUTE_MS (60 * (int64_t)1000)
#define THROTTLE_WINDOW_MS (15 * THROTTLE_MINUTE_MS)
/* Wrong guesses from one address within THROTTLE_WINDOW_MS, after which unknown clients there are
 * delayed. */
#define THROTTLE_CLIENT 60
struct recent_failures { /* the newest wrong guesses of the last minute, newest first (ms) */
    int count;
    int64_t at_ms[THROTTLE_ALL];
};
/* Call it with the newest first; what does not fit is ignored. */
void account_throttle_add(struct recent_failures *r, int64_t at_ms);
struct login_history {
    struct recent_failures login; /* at this account from anywhere */
    struct recent_failures pair;  /* ... from this address */
    int64_t pair_failures,
        pair_last_ms;        /* of the pair in THROTTLE_WINDOW_MS, since it last signed in */
    int64_t client_failures; /* of any account from this address in THROTTLE_WINDOW_MS */
    bool known_client;       /* this account has been signed in to from this address lately */
};
struct login_throttle {
    int64_t wait_ms; /* until a guess may be checked; 0: now */
    /* How long this guess is delayed before it is checked, whatever others do meanwhile. */
    int64_t hold_ms;
    bool known;
};
/* Pure. The wait of a pair also doubles with each failure from the fifth on, from 1 second to 15
 * minutes. An address from which many accounts are tried is never refused for that: strangers there
 * wait 250 ms, at each doubling twice as long, at most 4 s. */
struct login_throttle account_throttle(const struct login_history *h, int64_t now_ms);

/* ---- Pages ---------------------------------------------------------------------------------- */
enum err account_login_page(struct request *r);
enum err account_login_post(struct request *r);
enum err account_logout_post(struct request *r);
enum err account_profile_page(struct request *r);
enum err account_password_post(struct request *r);
enum err account_first_password_page(struct request *r);
enum err account_first_password_post(struct request *r);
enum err account_code_page(struct request *r);
enum err account_code_post(struct request *r);
enum err account_factor_page(struct request *r);
enum err account_factor_post(struct request *r);
enum err account_factor_end_post(struct request *r);
enum err account_language_post(struct request *r);
enum err account_reading_post(struct request *r);
enum err account_end_sessions_post(struct request *r);
enum err account_people_page(struct request *r);
enum err account_add_post(struct request *r);
enum err account_roles_post(struct request *r);
enum err account_reset_page(struct request *r);
enum err account_reset_post(struct request *r);
enum err account_name_page(struct request *r);
enum err account_name_post(struct request *r);
enum err account_import_page(struct request *r);
enum err account_import_post(struct request *r);

/* ---- Command line: gradus user add|list|reset|import ----------------------------------------- */
int account_command(int argc, char **argv, const char *data);

#endif
