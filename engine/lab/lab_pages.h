/* Private to the lab's pages. */
#ifndef GR_LAB_PAGES_H
#define GR_LAB_PAGES_H

#include "lab/lab_manager.h"
#include "labmodel/lab_surface.h"

#define PAGE_ROWS 25

#define SCREEN_FILTERS 4

/* What a list shows; of an address that says too much, what fits. */
struct screen_filter {
    const char *field, *operator, * value; /* `value` may be NULL */
};
struct screen_list {
    const char *find, *sort; /* NULL: all records; by their ids */
    bool down;
    const char *after, *before,
        *key; /* the place of a page: a record's id, and what it is ordered by */
    struct screen_filter filters[SCREEN_FILTERS];
    int filter_count;
};

/* What is tried in the console. */
struct screen_console {
    int member;
    const struct lab_object *object;
    enum lab_operation operation;
    const char *op; /* its name in addresses */
    bool sent;
    const char *path, *query, *body; /* as sent; query and body may be NULL */
};

/* One request for a run's page: who asks, for which part of it, and what the worker is asked. */
struct screen {
    struct lab_ask ask;
    struct request *r;
    bool owner; /* the reader owns the run, and may act */
    const struct lab_version *version;
    const struct lab_stack *stack;
    const struct lab_dialect *dialects[LAB_CONNECTORS_MAX];
    const char *tab; /* a connector's id, or brief, inbox, sql, log, check, access */
    int member;      /* of a connector's tab, else -1 */
    const struct lab_object *object;
    const char *record;
    struct screen_list list;
    struct screen_console console;
    int64_t page;
    bool adding;
    bool typed; /* the form is shown again with what was typed into it: it was refused, */
    bool held;  /* or another tab had changed what it changes */
    int list_question, record_question, naming_question, names_question, events_question,
        since_question, diagram_question, filters_question, charts_question;
    const char *sql; /* of the console */
    /* Of the clock: the event behind which is told what happened (-1: nothing is told), where a way
     * that is gone in parts began and is to end (0: there is none), what was wrong with the form.
     */
    int64_t since, from_ms, to_ms;
    const char *clock_said; /* of the panel of faults: what was wrong with its form */
    void *more;             /* data of pages other than the run's */
    const char *look;       /* the action under which the audit log has the look */
    enum err (*show)(struct screen *s);
    const char *notice; /* key of a text, without "lab_notice_" */
};

/* lab_api.c. RULE lab-headers: a worker runs what strangers wrote; of the headers of its answer
 * only those pass that this dialect is said to tell its limits with, and those of the traits that
 * it has. */
bool lab_api_may_set(const struct lab_dialect *d, const char *name);

/* lab_own_api.c. The action of an answer out of its members (sandbox/step.h); NULL with a sentence.
 */
json_t *lab_answer_action(json_t *given, const char **why);

/* lab_screen.c. Reads the run and its version, and checks who may see it. */
enum err screen_open(struct request *r, struct screen **out) MUST_USE;
/* Which part of the page, from the query or the form. */
void screen_part(struct screen *s, const char *(*get)(struct request *, const char *));
/* What was done, in words; NULL: nothing is said. */
const char *screen_notice(struct screen *s);
/* Address of a part. Arena. */
const char *screen_href(const struct screen *s, const char *rest);
/* Address of a record. Arena. */
const char *screen_record_href(const struct screen *s, int member, const struct lab_object *o,
                               const char *id);
/* Address of the record that a reference with this value leads to; NULL: `f` is no reference. */
const char *screen_reference_href(const struct screen *s, const struct lab_field *f,
                                  const char *id);
/* Refuses everybody but the owner: ERR_DENIED with a sentence. */
enum err screen_require_owner(struct screen *s) MUST_USE;
/* Shows the run; to others than its owner only after the audit log has that they looked (`action`:
 * "lab.see_…"). */
enum err screen_look(struct screen *s, const char *action,
                     enum err (*show)(struct screen *s)) MUST_USE;
enum err screen_wait(struct screen *s, then_fn then);
/* Says why the worker gave no answer. */
enum err screen_refuse(struct screen *s, enum err result);
/* The key of an interface text: why an ask failed. */
const char *lab_ask_refusal(const struct lab_ask *ask);

/* lab_show.c: a task that was shown stands among the hints under this word and its number. */
#define LAB_SHOWN "task:"
const char *lab_shown_id(struct arena *a, int64_t task);
/* lab_certify.c. Refuses help where a certifying run has none. */
enum err screen_require_help(struct screen *s) MUST_USE;
/* RULE lab-time-limit: where the scenario sets a limit, a run is checked until then, and not a
 * moment later. */
bool lab_time_over(const struct lab_scenario *s, int64_t started_ms, int64_t now_ms);
/* What the run's page says of certifying, limits, checkpoints and tasks that can be shown. */
enum err screen_terms_part(struct screen *s, struct view *v) MUST_USE;

json_t *screen_json(struct screen *s, int question);
/* The language of a scenario's texts. */
const char *lab_scenario_lang(struct request *r, const struct lab_scenario *s);
const char *lab_text(struct request *r, const char *key, struct view *v);
/* The dialects of a choice by their titles. Arena. */
const char *lab_choice_text(const struct lab_stack *s, const char *choice, struct arena *a);
/* Whether its pages may have to show formulas: its brief or a hint has one. */
bool lab_has_formula(const struct lab_version *version);

/* lab_run_page.c. Asks the worker for what the part shows; then renders it. */
enum err screen_show(struct screen *s) MUST_USE;
enum err screen_render(struct request *r, void *arg, enum err result);

/* lab_screen_checks.c */
enum err screen_check_part(struct screen *s, struct view *v) MUST_USE;
/* How each check stands in the state that the worker was asked about. */
void screen_verdicts(struct screen *s, struct view *v);
/* Beside every part: the tasks of the brief, and each check as it stood at the last checking. */
enum err screen_rail(struct screen *s, struct view *v) MUST_USE;

/* lab_screen_system.c */
void screen_member_part(struct screen *s, struct view *v);

/* lab_screen_ways.c */
int screen_diagram_of(const struct screen *s); /* of the shown object; -1: it has none */
bool screen_has_filters(const struct screen *s);
void screen_diagram_part(struct screen *s, struct view *v, int diagram);
void screen_filters_part(struct screen *s, struct view *v);

/* lab_screen_charts.c */
/* A result of a query as a table and, where that says something, as a chart; `form`: "line", "bar",
 * "table", …; NULL: as it fits. */
void screen_result(struct screen *s, struct view *v, json_t *result, const char *form);
int screen_chart_of(const struct screen *s, bool *board); /* of the shown object; -1: it has none */
void screen_charts_part(struct screen *s, struct view *v);

/* lab_screen_list.c */
void screen_list_read(struct screen *s, const char *(*get)(struct request *, const char *));
json_t *screen_list_question(struct screen *s, const char *path); /* new */
/* A value as it was typed, in neutral terms: a word of the dialect, a time as it or the world
 * writes it. What is neither stays as it is. */
const char *screen_neutral(struct screen *s, const struct lab_field *f, const char *typed);
void screen_list_part(struct screen *s, struct view *v);

/* lab_screen_console.c */
void screen_console_read(struct screen *s, const char *(*get)(struct request *, const char *));
void screen_console_part(struct screen *s, struct view *v);
/* The call as a command for a shell, with the run's secret as a variable. `query` may be NULL. */
const char *screen_curl(struct screen *s, int member, const struct lab_call *call,
                        const char *query);

/* lab_screen_events.c: an event of the log in words, with the names of the dialects. */
void screen_event(struct screen *s, struct view *item, json_t *e);
/* What such events say, in the words of the connector (may be NULL) that tells of them. */
const char *screen_event_words(struct screen *s, const char *connector, const char *kind);
void screen_events(struct screen *s, struct view *v, const char *name, json_t *rows,
                   bool of_one_record);

/* lab_screen_action.c: an action of the record in words. Sets `what`, `call` (as it was sent), and
 * `screen` or `api`. */
void screen_action(struct screen *s, struct view *v, json_t *action);

/* lab_screen_parts.c: the other parts, and what all of them read and show. */
const char *screen_text(json_t *o, const char *key); /* NULL when it is no text */
int64_t screen_number(json_t *o, const char *key);   /* 0 when it is no number */
/* Shows a time of the simulated world in UTC: such times are data, not appointments of the reader.
 */
void screen_time(struct view *v, const char *name, int64_t ms, struct request *r);
/* What the brief ends with: the way to the first system. */
void screen_brief_part(struct screen *s, struct view *v);
void screen_log_part(struct screen *s, struct view *v);
void screen_sql_part(struct screen *s, struct view *v);
void screen_access_part(struct screen *s, struct view *v);
void screen_calls(struct screen *s, struct view *v);
/* What a form of the shown object keeps of a field: a row of a list, or of a record. NULL: empty.
 */
const char *screen_stored(const struct lab_field *f, json_t *row);
/* Where the words of the shown object come from (lab_value_path); false: it has none. */
bool screen_naming(const struct screen *s, struct lab_value_path *path);

/* lab_screen_clock.c */
void screen_clock_read(struct screen *s, const char *(*get)(struct request *, const char *));
json_t *screen_since_question(struct screen *s); /* new */
void screen_clock(struct screen *s, struct view *v);

/* lab_chaos.c */
#define LAB_REASON_BYTES 500
enum err screen_chaos(struct screen *s) MUST_USE; /* the panel, again after a form was refused */
const char *screen_fault_words(struct screen *s, const char *kind);
const char *screen_faults_question(void);
/* Lists the faults in force at that time, and those that are over. */
void screen_faults(struct screen *s, struct view *v, int question, int64_t now_ms);

/* lab_notes.c */
enum err lab_notes(struct db *db, struct arena *a, const char *run_id,
                   struct lab_evidence_note **out, size_t *count) MUST_USE;

/* lab_screen_inbox.c */
bool screen_has_inbox(const struct screen *s); /* whether anybody writes in this scenario */
void screen_inbox_part(struct screen *s, struct view *v);
/* Somebody of a timeline, "head-of-sales", as a name. Arena. */
const char *screen_person(struct screen *s, const char *id);

#endif
