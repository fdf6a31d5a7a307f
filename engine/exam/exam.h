/* Exams: banks of items, definitions with a blueprint, forms, attempts, responses, results.
 *
 * Items and definitions are Markdown below exams/ (see exam_bank.h). A candidate gets a form:
 * fixed item versions and option orders, drawn from a stored seed. Responses are appended, never
 * changed. The score is a pure function of (form, responses, scoring version) and can be
 * computed again at any time. The server's clock decides; a thread submits what has run out,
 * whether or not a browser is there.
 *
 * Threads: exams_open and exams_close are called by the thread that opens the academy. Any thread
 * may call exam_find, exam_list and exam_check_tree. What takes a `struct db` is called by the
 * thread that leased it, in a job or outside of one unless it says so; handlers run on the pool's
 * threads.
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
 * "newest", "now", "deadline"}, only after COMMIT. `seq` is 1 to 2^53-1, counts per slot, and is at
 * most EXAM_SEQ_STEP ahead of the newest (else 400, and nothing is changed); R is what the type of
 * the item takes (docs/item-types.md): the number of an option as the page shows it (1 is the
 * first), a list of such numbers, a text that is a number, or null for "no answer"; C (optional)
 * names the tab or device. What counts is the highest seq; among equals the last to arrive. Every
 * save is kept: one that is older than the newest is acknowledged with "stale": true and does not
 * count. The same save again gives the same receipt, also after the attempt has ended.
 * RULE exam-grace: saves that reach the server up to EXAM_GRACE_MS after the deadline still count
 * (they were under way); later ones are refused with 409. GET /attempts/:attempt/state tells the
 * receipts of what counts, also after the end. */
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
/* A job, once, at the first start of a server: exams that older programs kept are published as they
 * are (RULE exam-published). */
enum err exam_publications_begin(struct db *db, struct arena *a, void *unused,
                                 int64_t now_ms) MUST_USE;
/* What is kept of an exam under this version, by RULE exam-published: a sentence in `*problem` when
 * it is not what was published; else it stays. */
enum err exam_publication_problem(struct db *db, struct arena *a, const char *version,
                                  const char **problem) MUST_USE;

/* RULE exam-anew: up to when a pass of the person in this exam is no evidence any more for a level
 * that asks for it; 0: each is evidence, or no level asks. May run in a job. */
struct content_snapshot;
struct exam_anew_ask {
    struct app *app;
    const struct content_snapshot *content;
    const char *person_id, *exam_id;
};
typedef enum err (*exam_anew_fn)(struct db *db, struct arena *a, const struct exam_anew_ask *ask,
                                 int64_t now_ms, int64_t *until_ms);
/* Who answers that: before serving. Nobody: each pass is evidence. */
void exams_set_anew(struct exams *e, exam_anew_fn ask);

/* For `gradus check`: every problem of items, banks and definitions below root/exams. */
void exam_check_tree(const char *root, struct diag_list *diags);

/* ---- For other rooms ------------------------------------------------------------------ */
struct exam_summary {
    const char *id, *version, *title, *summary, *programme, *level, *lang;
    int minutes, items; /* scored and pilot items together */
    bool practice;      /* counts for nothing, shows keys afterwards */
};
/* Whether there is one to be found; for content_set_exam_open. */
bool exam_is_open(struct request *r, const char *exam_id);
/* The exam that is open for new attempts now; strings in `a`. */
enum err exam_find(struct exams *e, struct arena *a, const char *exam_id,
                   struct exam_summary *out) MUST_USE;
/* Whether any exam that is open is for practice. */
bool exam_has_practice(struct exams *e, struct arena *a);
/* All exams that are open, by title. */
enum err exam_list(struct exams *e, struct arena *a, struct exam_summary **out,
                   size_t *count) MUST_USE;

/* For content_add_search_source: the texts of the lobbies, and nothing of the items. */
struct content_search_source;
void exam_search_source(struct exams *e, struct content_search_source *out);

struct exam_domain_result {
    const char *id, *title; /* the title as the definition gives it today, else the id */
    int correct, total;     /* in steps, as all points of a result */
    int floor;              /* the points that this domain needs, whatever the sum is; 0 = none */
};
struct exam_result {
    const char *attempt_id, *exam_id, *exam_version;
    int64_t start_ms, submitted_ms; /* of an attempt that ran out: the deadline */
    int minutes;                    /* of the exam, without extra time */
    bool by_deadline, passed, practice;
    int correct, total;         /* in steps */
    int steps;                  /* of one point: see exam_score.h, and exam_view_points */
    int permille, cut_permille; /* permille is rounded half up; passing compares exact numbers */
    int scaled;                 /* 200 to 800, the cut is 500: see exam_score.h */
    int scoring_version;
    struct exam_domain_result *domains;
    size_t domain_count;
};
/* Sets NAME to `count` steps as points: a whole number, or rounded half up to two decimals and
 * written as in the reader's language. */
void exam_view_points(struct request *r, struct view *v, const char *name, int count, int steps);
/* Ended and scored attempts of a person, oldest first. `exam_id` NULL = all exams. `e` may be
 * NULL (no titles). */
enum err exam_results(struct db *db, struct arena *a, struct exams *e, const char *person_id,
                      const char *exam_id, struct exam_result **out, size_t *count) MUST_USE;

/* Exams as a kind of evidence (content/evidence.h). */
extern const struct evidence_kind exam_evidence_kind;

/* RULE records: whether an attempt, its end and its result are what the audit log says. `*problem`:
 * a sentence without its subject, NULL when they are. ERR_NOT_FOUND: no such attempt. */
enum err exam_record_problem(struct db *db, struct arena *a, const char *attempt_id,
                             const char **problem) MUST_USE;
/* RULE records: whether each extra time that a person was given is what the log says, and each of
 * the log is on record; not why it was given, which no log holds. `*problem` as above, and left as
 * it is when nothing differs. */
enum err exam_time_problem(struct db *db, struct arena *a, const char *person_id,
                           const char **problem) MUST_USE;
/* RULE past-kept: each attempt that counts, and whose start by this person the log tells, is on
 * record and what was logged: what was taken out of the tables, to be rid of a wait or of a
 * failure, is missed. `exam_id`: those of one exam; NULL: all. `*problem` as above, with the
 * attempt. */
enum err exam_past_problem(struct db *db, struct arena *a, const char *person_id,
                           const char *exam_id, const char **problem) MUST_USE;
/* RULE exam-recomputed: the newest result of an attempt that has ended is what its form and its
 * answers give with the scoring version of that result; the items are those that were asked (their
 * versions are digests of their texts), and form and answers have the digests that the log tells of
 * them, where it does (older logs do not). `*problem` as above. It reads and scores the whole
 * attempt: for the reading of all records and for decisions, not for pages. */
enum err exam_result_problem(struct db *db, struct arena *a, const char *attempt_id,
                             const char **problem) MUST_USE;

/* An ended attempt as evidence: what happened in it and when. Items are given by their ids only,
 * since their texts and keys stay secret: the bank is used again. */
enum exam_event_kind {
    EXAM_EVENT_START,
    EXAM_EVENT_SAVE,
    EXAM_EVENT_FLAG,
    EXAM_EVENT_UNFLAG,
    EXAM_EVENT_END
};
struct exam_event {
    enum exam_event_kind kind;
    int64_t at_ms;
    int slot; /* from 1; 0 for START and END */
    /* SAVE: options by the letters that the page showed, "B" or "A, C", in the order given for an
     * ordering ("–": a place that is empty), or a number; "" = taken back */
    const char *response;
    const char *client; /* SAVE: the tab or device that sent it, as it named itself */
    bool counts;        /* SAVE: what the slot was scored by */
};
struct exam_evidence_slot {
    const char *item, *domain, *level; /* level: "apply" … */
    const char *response;              /* what counts, as in exam_event; "" = none */
    bool scored, right, flagged;
    int points, max;           /* right: all of them */
    int saves;                 /* how often an answer was given */
    int64_t first_ms, last_ms; /* of its saves; 0 = none */
};
struct exam_evidence {
    const char *attempt_id, *exam_id, *exam_version, *person_id;
    bool practice, by_deadline;
    int minutes, extra_permille;
    int64_t start_ms, deadline_ms, submitted_ms;
    struct exam_evidence_slot *slots;
    size_t slot_count;
    /* By time: the newest EXAM_EVENTS_SHOWN saves (`left_out`: the earlier ones), and as many
     * flags. */
    struct exam_event *events;
    size_t event_count;
    int64_t left_out;
};
#define EXAM_EVENTS_SHOWN 2000
/* ERR_NOT_FOUND: no such attempt, or it is still running. Arena. */
enum err exam_evidence(struct db *db, struct arena *a, struct exams *e, const char *attempt_id,
                       struct exam_evidence *out) MUST_USE;

/* Exceptions that were made for one person: reopenings of the attempt, and extra time that was
 * granted before it ended. First the reopenings, then extra time, each oldest first. Arena. */
struct exam_exception {
    bool reopened;           /* false: extra time */
    int64_t at_ms, given_ms; /* given_ms: of a reopening */
    int factor_permille;     /* of extra time; 1000: none any more */
    const char *who, *reason;
};
enum err exam_exceptions(struct db *db, struct arena *a, const char *attempt_id,
                         struct exam_exception **out, size_t *count) MUST_USE;

struct exam_open_attempt {
    const char *attempt_id, *exam_id;
    int64_t start_ms, deadline_ms;
    int answered, total;
};
/* Whether who asks may begin the exam now, and if not, from when on; 0 = never, as things are. Of
 * an exam that is not there: false and 0. */
enum err exam_open_to(struct request *r, const char *exam_id, bool *may, int64_t *when_ms) MUST_USE;
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

/* Adds to a page for administrators whether the machine's clock is wrong: clock_wrong, clock_off,
 * clock_since (template clock_state). */
void exam_clock_view(struct request *r, struct view *v);
/* GET /admin/clock: the clock, what it did, attempts that it ended.
 * GET and POST /admin/attempts/:attempt/reopen: opening one of them again. */
enum err exam_clock_page(struct request *r);
enum err exam_reopen_page(struct request *r);
enum err exam_reopen_post(struct request *r);

/* For the demo academy and load tests. Starts an attempt at `start_ms` with everything as it
 * would have been; answers `answers` of its items (-1 = all), each right with a chance of
 * `ability_permille`, by the seed; submits at `submit_ms` (0 = leaves it open). `id` receives
 * the attempt. */
struct exam_demo_attempt {
    struct exams *exams;
    const char *person_id, *exam_id;
    uint64_t seed;
    int64_t start_ms, submit_ms;
    int answers, ability_permille;
    const char *id;
};
enum err exam_demo_attempt_job(struct db *db, struct arena *a, void *demo_attempt,
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
