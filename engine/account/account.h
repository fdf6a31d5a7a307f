/* Accounts: people, roles, passwords, sessions, the throttle of sign-ins, cohorts.
 *
 * Session tokens are 256 random bits; the store keeps only their SHA-256. Passwords are Argon2id
 * (libsodium) and are hashed on threads of their own, so that no request waits behind them.
 *
 * Routes (see server/routes.c):
 *   GET  /login                    public   ROUTE_GUEST_FORM   account_login_page
 *   POST /login                    public   ROUTE_GUEST_FORM   account_login_post
 *   POST /logout                   any                         account_logout_post
 *   GET  /me                       any                         account_profile_page
 *   POST /me/password              any                         account_password_post
 *   POST /me/language              any                         account_language_post
 *   POST /me/sessions/end          any                         account_end_sessions_post
 *   GET  /admin/people             admin                       account_people_page
 *   POST /admin/people             admin                       account_add_post
 *   POST /admin/people/:id/roles   admin                       account_roles_post
 *   POST /admin/people/:id/reset   admin                       account_reset_post
 *   GET  /admin/people/:id/name    admin                       account_name_page
 *   POST /admin/people/:id/name    admin                       account_name_post */
#ifndef GR_ACCOUNT_ACCOUNT_H
#define GR_ACCOUNT_ACCOUNT_H

#include "http/http.h"

struct accounts; /* the hashing threads, and the sessions that were looked up last */
/* For store_options.watched: without it no session is kept in memory. */
extern const char *const account_watched[];

enum err accounts_open(struct accounts **out) MUST_USE;
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

/* What may be wrong with a new person's fields: the key of an interface text, for account_problem_text; NULL when
 * all is well. Pure. */
const char *account_person_problem(struct arena *a, const char *login, const char *name,
                                   const char *email);
const char *account_password_problem(const char *password, const char *login);
/* Such a problem as a sentence in the reader's language. */
const char *account_problem_text(struct request *r, const char *problem);

/* In a job. Adds a person with roles; `id` receives the new id (arena). `actor` is who does it ("system" for
 * the command line). ERR_CONFLICT when the login is taken. `password_hash` may be NULL: cannot sign in yet. */
enum err account_add(struct db *db, struct arena *a, int64_t now_ms, const char *actor,
                     const char *login, const char *name, const char *email, unsigned roles,
                     const char *password_hash, const char **id) MUST_USE;
enum err account_set_password(struct db *db, struct arena *a, int64_t now_ms, const char *actor,
                              const char *person_id, const char *password_hash) MUST_USE;
/* Roles become exactly `roles`. */
enum err account_set_roles(struct db *db, struct arena *a, int64_t now_ms, const char *actor,
                           const char *person_id, unsigned roles) MUST_USE;
enum err account_find(struct db *db, struct arena *a, const char *person_id,
                      struct person *out) MUST_USE;
enum err account_find_login(struct db *db, struct arena *a, const char *login,
                            struct person *out) MUST_USE;
/* For jobs: a request may have waited since its sender was let in. ERR_DENIED when the person is gone or has none of `roles`
 * any more. */
enum err account_still(struct db *db, struct arena *a, const char *person_id,
                       unsigned roles) MUST_USE;
/* By name. `match` (may be NULL) filters by a part of name, login or e-mail. */
enum err account_list(struct db *db, struct arena *a, const char *match, int limit, int offset,
                      struct person **people, size_t *count) MUST_USE;

/* Roles as text and back: "learner,assessor". Unknown words: false. */
bool account_roles_parse(const char *text, unsigned *roles);
const char *account_roles_text(struct arena *a, unsigned roles);

/* Argon2id of a password (arena). Slow on purpose (some 30 ms): not on HTTP threads. NULL when memory is short. */
char *account_hash(struct arena *a, const char *password);
/* A password to hand over on paper: 4 groups of 5 easy letters and digits, about 92 bits. Arena. */
char *account_random_password(struct arena *a);

/* ---- Teaching -------------------------------------------------------------------------------- */
#define ACCOUNT_COHORT_NAME_LIMIT 120 /* characters */
/* In jobs, audited: who taught whom decides who may not certify whom. */
enum err account_cohort_add(struct db *db, struct arena *a, int64_t now_ms, const char *actor,
                            const char *name, const char *programme, const char **id) MUST_USE;
/* Also brings back somebody who has left. */
enum err account_cohort_join(struct db *db, struct arena *a, int64_t now_ms, const char *actor,
                             const char *cohort_id, const char *person_id,
                             bool instructor) MUST_USE;
/* It stays known that they were in it. ERR_NOT_FOUND when they are not. */
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
/* The learners of all cohorts that this instructor teaches now; the newest cohort first, each one's learners together. */
enum err account_learners_of(struct db *db, struct arena *a, const char *instructor,
                             struct cohort_learner **learners, size_t *count) MUST_USE;

/* ---- The throttle (pure) --------------------------------------------------------------------- */
/* The address whose failures count together: an IPv6 network of 64 bits belongs to one subscriber, who has as many
 * addresses in it as wanted (RFC 6177). Arena, or `client` itself. */
const char *account_client_key(struct arena *a, const char *client);
struct
    login_history { /* failures in the last 15 minutes, and when the last of them was (ms, 0 = never) */
    int64_t pair_failures, pair_last_ms;     /* this account from this address */
    int64_t login_failures, login_last_ms;   /* this account from anywhere */
    int64_t client_failures, client_last_ms; /* any account from this address */
    bool known_client; /* this account has been signed in to from this address lately */
};
/* Milliseconds to wait before the next try, 0 = now. Doubles with each failure of the same pair after the fifth, up
 * to 15 minutes; an account attacked from elsewhere waits 10 seconds at most, and not at all where its owner is known,
 * so that nobody who tries without a pause can keep the owner out. */
int64_t account_throttle_ms(const struct login_history *h, int64_t now_ms);

/* ---- Pages ------------------------------------------------------------------------------------ */
enum err account_login_page(struct request *r);
enum err account_login_post(struct request *r);
enum err account_logout_post(struct request *r);
enum err account_profile_page(struct request *r);
enum err account_password_post(struct request *r);
enum err account_language_post(struct request *r);
enum err account_end_sessions_post(struct request *r);
enum err account_people_page(struct request *r);
enum err account_add_post(struct request *r);
enum err account_roles_post(struct request *r);
enum err account_reset_post(struct request *r);
enum err account_name_page(struct request *r);
enum err account_name_post(struct request *r);

/* ---- Command line: gradus user add|list|reset|import --------------------------------------------- */
int account_command(int argc, char **argv, const char *data);

#endif
