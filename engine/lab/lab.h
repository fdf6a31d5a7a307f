/* Labs: simulated stacks to work on. A run is one person's work on one scenario in chosen dialects; its state
 * is a database in memory of a sandboxed worker process, its record the hash-chained list of actions in the
 * store. See lab_model.h for what authors describe, sandbox/ for what runs it.
 *
 * Routes (see server/routes.c); L = ROLE_ANY, S = LAB_SEERS:
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
 *   GET  /runs/:run/replay              L   lab_replay_page
 *   any  /runs/:run/api/:connector/(rest)   public   lab_api, ROUTE_BEARER + ROUTE_METHODS + ROUTE_JSON
 * A run's pages are open to its owner, and to be looked at and replayed by instructors, assessors and
 * administrators; the handlers see to that. */
#ifndef GR_LAB_LAB_H
#define GR_LAB_LAB_H

#include "doc/doc.h"
#include "http/http.h"
#include "store/store.h"

struct labs;
struct zygote;

/* Step one, while the program has one thread: the process that workers are forked from. NULL with a sentence
 * when this machine cannot confine workers; an academy without labs can still be served. */
struct zygote *labs_prepare(const char **why);
/* Step two. Takes over `z` (may be NULL: then runs answer that labs are not available). `live_limit`: workers at a
 * time, 0 = 64; the longest unused one makes room. */
enum err labs_open(struct labs **out, struct app *app, struct zygote *z, int live_limit,
                   struct arena *a, const char **why) MUST_USE;
/* Keeps snapshots of live runs, ends all workers. Call after http_stop and before store_close. */
void labs_close(struct labs *l);
/* Lines for /metrics. */
void labs_metrics(struct labs *l, struct buf *out);

/* ---- For other rooms ---------------------------------------------------------------------------- */
struct lab_about {
    const char *id, *title, *summary, *level, *programme, *persona;
    int minutes;
    int dialects; /* combinations that may be chosen */
};
/* Labs of the tree that can be run, by id. Arena. */
enum err lab_list(struct labs *l, struct arena *a, struct lab_about **out, size_t *count) MUST_USE;
/* Title of a lab, NULL when there is none of this id. Arena. */
const char *lab_title(struct labs *l, struct arena *a, const char *lab_id);

/* For content_add_source: what the lobbies say of briefs and tasks; nothing of checks, hints and solutions. */
struct content_source;
void lab_search_source(struct labs *l, struct content_source *out);

/* The runs of a person: facts for a decision, oldest first. `scenario_id` NULL = all. */
struct lab_result {
    const char *run_id, *scenario_id, *version, *title;
    const char *dialects;          /* "crm=aurelia,map=heron", members always in the same order */
    int64_t started_ms, passed_ms; /* passed_ms: first time that all checks passed; 0 = not yet */
    int checks_passed, checks;     /* best checking; 0 of 0 when nobody has checked */
    int actions;
};
/* The systems of a run by the names that the learner saw: "Aurelia CRM · Heron". `dialects` as in lab_result, which is the
 * answer, too, when that version of the scenario is gone. Arena. */
const char *lab_dialect_titles(struct labs *l, struct db *db, struct arena *a, const char *version,
                               const char *dialects);
enum err lab_results(struct db *db, struct arena *a, const char *person_id, const char *scenario_id,
                     struct lab_result **out, size_t *count) MUST_USE;

/* A run with a solution's actions and a checking, as if the person had done it from `started_ms` on: for the demo
 * academy. Runs on the calling thread. */
enum err lab_demo_run(struct labs *l, struct arena *a, const char *person_id,
                      const char *scenario_id, const char *choice, const char *solution,
                      int64_t started_ms, const char **run_id) MUST_USE;

/* ---- Pages -------------------------------------------------------------------------------------- */
#define LAB_SEERS (ROLE_INSTRUCTOR | ROLE_ASSESSOR | ROLE_ADMIN)
enum err lab_index_page(struct request *r);
enum err lab_lobby_page(struct request *r);
enum err lab_start_post(struct request *r);
enum err lab_run_page(struct request *r);
enum err lab_call_post(struct request *r);
enum err lab_clock_post(struct request *r);
enum err lab_sql_post(struct request *r);
enum err lab_check_post(struct request *r);
enum err lab_hint_post(struct request *r);
enum err lab_rewind_post(struct request *r);
enum err lab_replay_page(struct request *r);
enum err lab_api(struct request *r);

/* ---- Command line ------------------------------------------------------------------------------- */
/* gradus lab test … and gradus lab run …; argv[0] is "test" or "run". Returns the exit code. */
int lab_command(int argc, char **argv, const char *root);
/* For `gradus check`: every problem of labs/ into `diags`. */
void lab_check_tree(const char *root, struct diag_list *diags);

/* ---- Bench -------------------------------------------------------------------------------------- */
struct lab_bench {
    int64_t start_us;  /* from nothing to a seeded run, mean */
    int64_t action_us; /* an update through a worker, mean */
    int64_t list_us;   /* a list of 20 records through a worker, mean */
    int64_t create_us;
};
/* Measures workers without HTTP and without the store: the ceiling of lab.action, lab.api.list and lab.api.create,
 * and lab.start itself. */
enum err lab_bench_workers(struct zygote *z, const char *root, int rounds,
                           struct lab_bench *out) MUST_USE;

#endif
