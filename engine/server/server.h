/* Private to server/: the commands of the one binary, and the pages that belong to no domain.
 * Every command returns the exit status: 0 fine, 1 problems were found, 2 could not run. */
#ifndef GR_SERVER_SERVER_H
#define GR_SERVER_SERVER_H

#include "http/http.h"

extern const struct route routes[];
extern const size_t route_count;

int serve_command(int argc, char **argv);
int demo_command(int argc, char **argv);
int check_command(int argc, char **argv);
int user_command(int argc, char **argv);
int lab_cli_command(int argc, char **argv);
int verify_command(int argc, char **argv);
int key_command(int argc, char **argv);
int draw_command(int argc, char **argv);
int audit_command(int argc, char **argv);
int backup_command(int argc, char **argv);
int restore_command(int argc, char **argv);
int stats_command(int argc, char **argv);
int keeping_command(int argc, char **argv);
int routes_command(int argc, char **argv);

/* memory.c: makes ICU, libxml2 and jansson allocate through the reserve (base/reserve.h). Must run
 * before any of them is used. False: a library refuses. */
bool memory_start(void);

/* The folder that holds content/, exams/ and labs/: the current one. */
const char *default_root(void);
const char *default_data(void);

/* serve.c: opens the rooms of an academy whose site and store are open. NULL, or a sentence; what
 * was open by then stays in `app`. `z` may be NULL: no labs. `labs`: of labs_open. */
struct zygote;
const char *academy_open(struct app *app, struct zygote *z, int labs, struct arena *a);
/* A job, at the start: rows are judged by their seals from here on, if they are not yet. `ours`, a
 * bool *: whether it is with the key that is here. May be NULL. */
enum err seals_begin(struct db *db, struct arena *a, void *ours, int64_t now_ms) MUST_USE;
/* A job, of gradus audit seal: the same by the word of somebody (audit_seal_anew). */
struct seals_reason {
    const char *by, *reason;
};
enum err seals_anew(struct db *db, struct arena *a, void *seals_reason, int64_t now_ms) MUST_USE;
/* Sets the routes and the functions that every page needs. */
void server_options(struct http_options *options);

/* Opens DATA/gradus.db; prints what is wrong and returns NULL when it cannot. Read-only, for a
 * command: it must be there. Otherwise for the one process that serves or fills the academy: it is
 * made when missing, and a second such process is refused. */
struct store *open_store(struct arena *a, const char *data, bool read_only);

/* Whether an academy is a demo: `gradus demo` leaves an entry in its audit log, and DATA/demo.json
 * (the accounts, to be shown). */
bool demo_present(const char *data, struct store *store);
/* Prints the accounts and addresses that demo.json lists. */
void demo_print(const char *data, const char *origin);
/* The same accounts as list `accounts` {role, login, password}, for the page where people sign in.
 */
void demo_accounts(struct arena *a, const char *data, struct view *v);

/* For content_set_steps: exams and labs on a programme's path. */
struct content_snapshot;
struct content_progress;
struct content_level;
struct content_programme;
struct content_stand;
struct content_step;
enum err level_steps(struct request *r, const struct content_snapshot *s,
                     const struct content_programme *p, const struct content_level *level,
                     struct content_step *steps, struct content_stand *stand);
/* About how long what `n` asks for still takes, an exam with its whole time and a lab once for each
 * dialect that is left; 0 when it is met, or nobody says. */
struct cert_need_status;
int64_t need_minutes_left(struct app *app, struct arena *a, const struct content_snapshot *s,
                          const struct content_progress *progress,
                          const struct cert_need_status *n);

/* Adds navigation to every page. */
void decorate_page(struct request *r, struct view *v);
void server_metrics(struct app *app, struct buf *out);
/* --metrics ADDRESS|FILE: lets the client with this address, or who sends the token in this file,
 * read /metrics. May be called once for each. False with a sentence when it is neither. */
bool server_allow_metrics(struct http_options *options, struct arena *a, const char *reader,
                          const char **why);

enum err home_page(struct request *r);
/* The card of the start page, of one programme alone; for content_set_next. */
enum err programme_next(struct request *r, const struct content_programme *p, struct view *v);
enum err cohort_page(struct request *r);         /* cohort_progress.c */
enum err cohort_learner_page(struct request *r); /* cohort_progress.c */
/* cohort_admin.c */
enum err cohorts_page(struct request *r);
enum err cohorts_post(struct request *r);
enum err cohorts_one_page(struct request *r);
enum err cohorts_join_post(struct request *r);
enum err cohorts_leave_post(struct request *r);
enum err guide_page(struct request *r);
enum err admin_page(struct request *r);
enum err health_page(struct request *r);
enum err admin_audit_page(struct request *r);
enum err audit_signed_page(struct request *r); /* audit_pages.c */

#endif
