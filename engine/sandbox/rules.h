/* Runs the rules of a stack (labmodel/lab_rules.h): what listens to what, what waits for its turn,
 * and how far a rule may go.
 *
 * Rules do not run inside each other: what a rule or a caller does is written at once, and the
 * rules that listen to it are noted and run behind it, in the order in which they were noted.
 *
 * What is stopped by one of these bounds is an event, rule.stopped, with a sentence; the run goes
 * on.
 *
 * RULE lab-cascade: a rule that 16 others led to leads to no more.
 *
 * RULE lab-pending: one action, or one thing that falls due, runs 10,000 rules at most.
 *
 * RULE lab-rule-budget: a rule has 5,000,000 operations of SQLite's machine. */
#ifndef GR_SANDBOX_RULES_H
#define GR_SANDBOX_RULES_H

#include "labmodel/lab_rules.h"
#include "sandbox/record.h"

#define RULE_DEPTH 16
#define RULE_PENDING 10000
#define RULE_OPERATIONS 5000000
/* What a rule whose condition holds costs of a run's reads (RULE lab-reads), and how many
 * operations are one more, of any rule. */
#define RULE_READS 4
#define RULE_OPERATIONS_A_READ 300
#define RULE_WAIT_MIN_MS 1000      /* of <wait> */
#define RULE_INTERVAL_MIN_MS 60000 /* of a schedule */

/* Why a <fail> refused what was done. */
struct rule_failure {
    enum lab_problem what; /* LAB_PROBLEM_NONE: nothing was refused */
    const struct lab_field *field;
    const char *value;
};

/* Makes the index. Rules are silent until rules_start. */
void rules_open(struct lab_state *s);
/* Before the database goes or is replaced. */
void rules_drop_statements(struct lab_state *s);
/* RULE lab-start: a run that begins has what its rules make of its seeds, without an event: runs
 * <on start> for each record of its role. Waits that it plans count from then. */
void rules_begin(struct lab_state *s);
/* Plans the schedules of a run that begins. */
void rules_start(struct lab_state *s);

/* A run that goes on: its schedules stand in its queue. */
void rules_resume(struct lab_state *s);
/* Nothing is heard until rules_start or rules_resume, as at first. */
void rules_rest(struct lab_state *s);

/* ---- What rules listen to: called where it is written -------------------------------------- */
void rules_event(struct lab_state *s, const struct state_event *e, int64_t seq);
/* `on`: create, update or delete; `cause`: the event's seq. */
void rules_record(struct lab_state *s, enum lab_trigger on, struct lab_place at,
                  const struct record *r, int64_t cause);

/* ---- Running -------------------------------------------------------------------------------- */
/* Runs what has been noted. Where a rule refuses what the caller did, the rest is forgotten, and
 * the caller takes it back (record_guard). */
struct rule_failure rules_run(struct lab_state *s);
/* May a rule refuse that a record of `o` is made (or updated)? */
bool rules_may_fail(struct lab_state *s, enum lab_trigger on, const struct lab_object *o);
/* A rule merges the two; false: there is none for this object. */
bool rules_merge(struct lab_state *s, struct lab_place at, const char *survivor, const char *loser);
/* A rule stores the record that `person` (0 = nobody) brings; false: there is none. */
bool rules_arrive(struct lab_state *s, struct lab_place at, struct record *r, int64_t person);
/* Something of the queue is there: a schedule, or what <wait> has put off; `ref` is a rule. */
void rules_due(struct lab_state *s, bool schedule, int64_t ref, const char *entity,
               const char *data);

#endif
