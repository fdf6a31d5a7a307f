/* Exams: banks of items, definitions with a blueprint, forms, attempts, responses, results.
 *
 * Items and definitions are Markdown below exams/ (see exam_bank.h). A candidate gets a form:
 * fixed item versions and option orders, drawn from a stored seed. Responses are appended, never
 * changed. The score is a pure function of (form, responses, scoring version) and can be
 * computed again at any time. The server's clock decides; a thread submits what has run out,
 * whether or not a browser is there.
 *
 * Routes (see server/routes.c):
 *   GET  /exams                            any                exam_index_page
 *   GET  /exams/:exam                      any                exam_lobby_page
 *   POST /exams/:exam/start                learner            exam_start_post
 *   GET  /attempts/:attempt                learner            exam_attempt_page
 *   GET  /attempts/:attempt/q/:n           learner            exam_question_page
 *   POST /attempts/:attempt/q/:n           learner            exam_question_post
 *   PUT  /attempts/:attempt/responses/:slot learner ROUTE_JSON exam_response_put
 *   PUT  /attempts/:attempt/flags/:slot    learner ROUTE_JSON exam_flag_put
 *   GET  /attempts/:attempt/state          learner ROUTE_JSON exam_state_page
 *   GET  /attempts/:attempt/review         learner            exam_review_page
 *   POST /attempts/:attempt/submit         learner            exam_submit_post
 *   GET  /attempts/:attempt/result         learner            exam_result_page
 *
 * Saving: PUT {"seq": n, "response": R, "client": C} -> {"seq", "saved_at", "receipt", "stale",
 * "newest", "deadline"}, only after COMMIT. `seq` is 1 to 2^53-1 and counts per slot; R is the
 * number of an option as the page shows it (1 is the first), a list of such numbers, or null for
 * "no answer"; C (optional) names the tab or device. What counts is the highest seq; among
 * equals the last to arrive. Every save is kept: one that is older than the newest is
 * acknowledged with "stale": true and does not count. The same save again gives the same
 * receipt, also after the attempt has ended. Saves that reach the server up to EXAM_GRACE_MS
 * after the deadline still count (they were under way); later ones are refused with 409. GET
 * /attempts/:attempt/state tells the receipts of what counts, also after the end. */
#ifndef GR_EXAM_EXAM_H
#define GR_EXAM_EXAM_H

#include "doc/doc.h"
#include "http/http.h"

#define EXAM_GRACE_MS ((int64_t)5000)

/* Reads exams/ below app->root, keeps it current when files change, closes attempts that ran out
 * (also those that did while nothing was running) and scores them. A broken exam keeps its last
 * good version, also over a restart. `app->store` must be open, and stay so until exams_close. */
enum err exams_open(struct exams **out, struct app *app, struct arena *a,
                    const char **why) MUST_USE;
void exams_close(struct exams *e);

/* For `gradus check`: every problem of items, banks and definitions below root/exams. */
void exam_check_tree(const char *root, struct diag_list *diags);

/* ---- What others may know ------------------------------------------------------------------ */
struct exam_summary {
    const char *id, *version, *title, *summary, *programme, *level;
    int minutes, items; /* scored and pilot items together */
    bool practice;      /* counts for nothing, shows keys afterwards */
};
/* The exam that is open for new attempts now; strings in `a`. */
enum err exam_find(struct exams *e, struct arena *a, const char *exam_id,
                   struct exam_summary *out) MUST_USE;
/* All of them, by title. */
enum err exam_list(struct exams *e, struct arena *a, struct exam_summary **out,
                   size_t *count) MUST_USE;

/* For content_add_source: what the lobbies say; of items nothing. */
struct content_source;
void exam_search_source(struct exams *e, struct content_source *out);

struct exam_domain_result {
    const char *id, *title; /* the title as the definition gives it today, else the id */
    int correct, total;
};
struct exam_result {
    const char *attempt_id, *exam_id, *exam_version;
    int64_t start_ms, submitted_ms; /* of an attempt that ran out: the deadline */
    bool by_deadline, passed, practice;
    int correct, total, permille,
        cut_permille; /* permille is rounded half up; passing compares exact numbers */
    int scaled;       /* 200 to 800, the cut is 500: see exam_score.h */
    int scoring_version;
    struct exam_domain_result *domains;
    size_t domain_count;
};
/* Ended and scored attempts of a person, oldest first. `exam_id` NULL = all exams. `e` may be
 * NULL (no titles). */
enum err exam_results(struct db *db, struct arena *a, struct exams *e, const char *person_id,
                      const char *exam_id, struct exam_result **out, size_t *count) MUST_USE;

struct exam_open_attempt {
    const char *attempt_id, *exam_id;
    int64_t start_ms, deadline_ms;
    int answered, total;
};
/* Attempts that a person has not submitted. */
enum err exam_open_attempts(struct db *db, struct arena *a, const char *person_id,
                            struct exam_open_attempt **out, size_t *count) MUST_USE;

/* ---- In jobs ------------------------------------------------------------------------------- */
/* Extra time: `factor_permille` 1000 to 4000 stretches the time of this exam (NULL = every exam)
 * from now on, at once also for an attempt that is running. The last one that was granted
 * counts. Audited. */
enum err exam_accommodate(struct db *db, struct arena *a, int64_t now_ms, const char *person_id,
                          const char *exam_id, int factor_permille, const char *reason,
                          const char *approved_by) MUST_USE;

/* GET and POST /admin/people/:id/time: what was granted, and granting it. */
enum err exam_time_page(struct request *r);
enum err exam_time_post(struct request *r);

/* For the demo academy and load tests. Starts an attempt at `start_ms` with everything as it
 * would have been; answers `answers` of its items (-1 = all), each right with a chance of
 * `ability_permille`, by the seed; submits at `submit_ms` (0 = leaves it open). `id` receives
 * the attempt. */
struct exam_rehearsal {
    struct exams *exams;
    const char *person_id, *exam_id;
    uint64_t seed;
    int64_t start_ms, submit_ms;
    int answers, ability_permille;
    const char *id;
};
enum err exam_rehearse(struct db *db, struct arena *a, void *rehearsal,
                       int64_t now_ms) MUST_USE; /* a write_fn */

/* ---- Pages --------------------------------------------------------------------------------- */
enum err exam_index_page(struct request *r);
enum err exam_lobby_page(struct request *r);
enum err exam_start_post(struct request *r);
enum err exam_attempt_page(struct request *r);
enum err exam_question_page(struct request *r);
enum err exam_question_post(struct request *r);
enum err exam_response_put(struct request *r);
enum err exam_flag_put(struct request *r);
enum err exam_state_page(struct request *r);
enum err exam_review_page(struct request *r);
enum err exam_submit_post(struct request *r);
enum err exam_result_page(struct request *r);

#endif
