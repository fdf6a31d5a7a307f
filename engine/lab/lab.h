/* Labs: simulated stacks to work on. A run is one person's work on one scenario in chosen dialects;
 * its state is a database in memory of a sandboxed worker process, its record the hash-chained list
 * of actions in the store. See labmodel/ for what authors describe, sandbox/ for what runs it.
 *
 * Threads: preparing, opening and closing are of whoever opens the academy. Handlers are the
 * pool's: they ask the lab room's own threads, which alone talk to workers. Titles, lists and
 * labs_metrics are for any thread; what takes a `struct db` is for the thread that leased it.
 * lab_check_tree takes as long as its files do, on any thread; lab_demo_run, lab_bench_workers and
 * lab_command wait for workers: for commands.
 *
 * Routes (see server/routes.c); L = ROLE_ANY, S = LAB_VIEWERS:
 *   GET  /labs                          L   lab_index_page
 *   GET  /labs/:lab                     L   lab_lobby_page
 *   POST /labs/:lab/runs                ROLE_LEARNER   lab_start_post
 *   GET  /runs/:run                     L   lab_run_page
 *   POST /runs/:run/calls               L   lab_call_post
 *   POST /runs/:run/clock               L   lab_clock_post
 *   POST /runs/:run/sql                 L   lab_sql_post
 *   POST /runs/:run/check               L   lab_check_post
 *   POST /runs/:run/hints               L   lab_hint_post
 *   POST /runs/:run/rewind              L   lab_rewind_post
 *   POST /runs/:run/answers             L   lab_answer_post
 *   POST /runs/:run/chaos               ROLE_INSTRUCTOR   lab_chaos_post
 *   POST /runs/:run/checkpoint          L   lab_checkpoint_post
 *   POST /runs/:run/certify             L   lab_certify_post
 *   POST /runs/:run/show                L   lab_show_post
 *   GET  /runs/:run/show                L   lab_show_page
 *   GET  /runs/:run/replay              L   lab_replay_page
 *   any  /runs/:run/api/:connector/(rest)   public   lab_api
 *        with ROUTE_BEARER, ROUTE_METHODS and ROUTE_JSON
 *
 * RULE lab-see: a run's pages are open to its owner, and to be looked at and replayed by those of S
 * of whom labs_set_may_see says so; each look of theirs enters the audit log before anything is
 * shown. The handlers see to that. */
#ifndef GR_LAB_LAB_H
#define GR_LAB_LAB_H

#include "doc/doc.h"
#include "http/http.h"
#include "store/store.h"

struct labs;
struct zygote;

/* Workers that may run at a time, unless labs_open is told otherwise; each takes two descriptors.
 */
#define LAB_LIVE_DEFAULT 64
#define LAB_LIVE_MAX 20000
/* Step one of opening: starts the program that workers are forked from; `program` is its path,
 * NULL: the one that was built or installed with this program. ERR_NOT_FOUND, ERR_CONFLICT: there
 * is none, or one of another build; that is a mistake of whoever installed it. ERR_IO: this machine
 * cannot confine workers; an academy without labs can still be served. `*why`: a sentence (arena,
 * or constant). */
enum err labs_prepare(struct zygote **out, const char *program, struct arena *a,
                      const char **why) MUST_USE;
#define LAB_STARTERS 2 /* the thread and the process that run from then on */
/* Undoes step one when step two is not reached, or fails. NULL is fine. */
void labs_unprepare(struct zygote *z);
/* Step two. On OK it takes over `z` (may be NULL: then runs answer that labs are not available).
 * `live_limit`: workers at a time, 0 = 64 (RULE lab-places). */
enum err labs_open(struct labs **out, struct app *app, struct zygote *z, int live_limit,
                   struct arena *a, const char **why) MUST_USE;
/* Sets the function that says who may look at a person's runs: OK, or a refusal that is answered
 * already. Without one only the person may. */
typedef enum err (*lab_may_see_fn)(struct request *r, const char *person_id);
void labs_set_may_see(struct labs *l, lab_may_see_fn may_see);
/* Keeps snapshots of live runs, ends all workers. Call after http_stop and before store_close. */
void labs_close(struct labs *l);
/* A job, once, at the first start of a server: scenarios that older programs kept are published as
 * they are (RULE lab-published). */
enum err lab_packs_begin(struct db *db, struct arena *a, void *unused, int64_t now_ms) MUST_USE;
/* In a job, when rows begin to be sealed with a new key: each run, with its record as it stands
 * (RULE lab-seal). */
enum err lab_seal_all(struct db *db, struct arena *a) MUST_USE;
/* From any thread. LABS_FAILING: no worker can be started now; it is tried again all the time.
 * LABS_NONE: this machine could not confine workers when the labs were opened. */
enum labs_state { LABS_OK, LABS_FAILING, LABS_NONE };
enum labs_state labs_state(const struct labs *l);
/* Lines for /metrics. */
void labs_metrics(struct labs *l, struct buf *out);

/* ---- For other rooms ------------------------------------------------------------------------ */
struct lab_about {
    const char *id, *title, *summary, *level, *programme, *persona;
    int minutes;
    int dialects; /* combinations that may be chosen */
};
/* Labs of the tree that can be run, by id. Arena. */
enum err lab_list(struct labs *l, struct arena *a, struct lab_about **out, size_t *count) MUST_USE;
/* Title of a lab, NULL when there is none of this id. Arena. */
const char *lab_title(struct labs *l, struct arena *a, const char *lab_id);
/* The language that the title is in; NULL when there is no such lab. Arena. */
const char *lab_title_lang(struct labs *l, struct arena *a, const char *lab_id);
/* How long one run of it takes as its author says; 0 when there is none of this id. */
int lab_minutes(struct labs *l, const char *lab_id);

/* For content_add_source: makes the briefs and tasks of labs searchable, as their start pages show
 * them; nothing of checks, hints and solutions. */
struct content_search_source;
void lab_search_source(struct labs *l, struct content_search_source *out);

/* The runs of a person: facts for a decision, oldest first. `scenario_id` NULL = all. */
struct lab_result {
    const char *run_id, *scenario_id, *version, *title;
    const char *dialects;          /* "crm=aurelia,map=heron", members always in the same order */
    int64_t started_ms, passed_ms; /* passed_ms: first time that all checks passed; 0 = not yet */
    int checks_passed, checks;     /* best checking; 0 of 0 when nobody has checked */
    int actions, hints;            /* hints: how many were opened */
    int64_t last_ms;               /* its last action, or its start */
};
/* The systems of a run by the names that the learner saw: "Aurelia CRM · Heron". `dialects` as in
 * lab_result, which is the answer, too, when that version of the scenario is gone. Arena. */
const char *lab_dialect_titles(struct labs *l, struct db *db, struct arena *a, const char *version,
                               const char *dialects);
/* RULE records: whether what a run passed first is what the audit log says. `*problem`: a sentence
 * without its subject, NULL when it is, or nothing was passed. ERR_NOT_FOUND: no such run. */
enum err lab_record_problem(struct db *db, struct arena *a, const char *run_id,
                            const char **problem) MUST_USE;
/* RULE open-run: of the runs that are not passed, the one last worked in; NULL: none is open. */
const struct lab_result *lab_open_run(const struct lab_result *results, size_t count);
/* Oldest first. */
enum err lab_results(struct db *db, struct arena *a, const char *person_id, const char *scenario_id,
                     struct lab_result **out, size_t *count) MUST_USE;

/* A run as evidence: each checking with what it found, each hint that was opened, what went wrong
 * with the record. The newest LAB_EVIDENCE_SHOWN of each, oldest first. */
#define LAB_EVIDENCE_SHOWN 200
struct lab_evidence_verdict {
    const char *check, *sentence;
    bool passed, not_evaluated; /* neither: it failed */
};
struct lab_evidence_check {
    int64_t at_ms, after_action;
    int passed, total;
    struct lab_evidence_verdict *verdicts;
    size_t verdict_count;
};
struct lab_evidence_hint {
    const char *check;
    int level; /* from 1 */
    int64_t at_ms;
};
struct lab_evidence_shown {
    int task, time; /* of the brief; the how-manieth time, from 1 */
    int64_t at_ms;
};
struct lab_evidence_incident {
    int64_t at_ms;
    const char *detail;
};
struct lab_evidence_note {
    int64_t seq, at_ms; /* the action of the record that it is pinned to */
    const char *author, *text;
    bool shown; /* to the learner, too */
};
struct lab_evidence {
    const char *run_id, *person_id, *scenario_id, *version, *dialects, *title;
    int64_t started_ms, actions;
    struct lab_evidence_check *checkings;
    bool certifying;       /* begun as a run for a certificate */
    int64_t backs, resets; /* how often it went back, and of these to its begin */
    struct lab_evidence_hint *hints;
    struct lab_evidence_shown *shown; /* tasks that were shown */
    struct lab_evidence_incident *incidents;
    struct lab_evidence_note *notes;
    size_t checking_count, hint_count, shown_count, incident_count, note_count;
};
enum err lab_evidence(struct labs *l, struct db *db, struct arena *a, const char *run_id,
                      struct lab_evidence *out) MUST_USE;

/* A run with a solution's actions and a checking, as if the person had done it from `started_ms`
 * on: for the demo academy. Runs on the calling thread. */
enum err lab_demo_run(struct labs *l, struct arena *a, const char *person_id,
                      const char *scenario_id, const char *choice, const char *solution,
                      int64_t started_ms, const char **run_id) MUST_USE;

/* ---- Pages ---------------------------------------------------------------------------------- */
#define LAB_VIEWERS (ROLE_INSTRUCTOR | ROLE_ASSESSOR)
enum err lab_index_page(struct request *r);
enum err lab_lobby_page(struct request *r);
enum err lab_start_post(struct request *r);
enum err lab_run_page(struct request *r);
enum err lab_call_post(struct request *r);
enum err lab_console_post(struct request *r);
enum err lab_clock_post(struct request *r);
enum err lab_sql_post(struct request *r);
enum err lab_check_post(struct request *r);
enum err lab_hint_post(struct request *r);
enum err lab_rewind_post(struct request *r);
enum err lab_answer_post(struct request *r);
enum err lab_chaos_post(struct request *r);
enum err lab_chaos_page(struct request *r);
enum err lab_checkpoint_post(struct request *r);
enum err lab_certify_post(struct request *r);
enum err lab_show_post(struct request *r);
enum err lab_show_page(struct request *r);
enum err lab_note_post(struct request *r);
enum err lab_replay_page(struct request *r);
enum err lab_api(struct request *r);

/* ---- Command line --------------------------------------------------------------------------- */
/* gradus lab test …, gradus lab run … and gradus lab new …; argv[0] is the word behind "lab".
 * Returns the exit code. */
int lab_command(int argc, char **argv, const char *root);
/* For `gradus check`: every problem of labs/ into `diags`. */
void lab_check_tree(const char *root, struct diag_list *diags);

/* ---- Bench ---------------------------------------------------------------------------------- */
struct lab_bench {
    int64_t start_us;  /* from nothing to a seeded run, mean */
    int64_t action_us; /* an update through a worker, mean */
    int64_t list_us;   /* a list of 20 records through a worker, mean */
    int64_t create_us;
};
/* Measures workers of one scenario, without HTTP and without the store: the ceiling of lab.action,
 * lab.api.list and lab.api.create, and lab.start itself. */
enum err lab_bench_workers(struct zygote *z, const char *root, const char *scenario, int rounds,
                           struct lab_bench *out) MUST_USE;

/* Starts `count` runs of one lab, uses each a little, and calls `look` while all are alive. */
enum err lab_bench_crowd(struct zygote *z, const char *root, const char *scenario, int count,
                         void (*look)(void *context), void *context) MUST_USE;

/* 30 days of a scenario with a world, in a worker: events, and the worker's processor time. */
struct lab_bench_month {
    int64_t events, cpu_us;
    int actions;
};
enum err lab_bench_month(struct zygote *z, const char *root, const char *scenario,
                         struct lab_bench_month *out) MUST_USE;

#endif
