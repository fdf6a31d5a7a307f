/* What goes wrong in a run at this time: faults of the scenario's timeline, and of an instructor.
 * Learners cannot see them but by what they do. */
#ifndef GR_SANDBOX_FAULTS_H
#define GR_SANDBOX_FAULTS_H

#include "sandbox/state.h"
#include "sandbox/step.h"

/* False: there are LAB_FAULTS_MAX already. `data`: of an instructor's, as its action has it; NULL:
 * it is the stack's. */
bool faults_begin(struct lab_state *s, const struct lab_fault *f, const char *data);
/* `n`: its number in sim_fault. */
void faults_end(struct lab_state *s, int64_t n);
/* After an image: what is in force by the table. */
void faults_load(struct lab_state *s);
/* The action of an instructor: begins a fault, or ends one. */
void faults_chaos(struct lab_state *s, json_t *action, struct step_answer *out);

/* ---- What is in force ------------------------------------------------------------------------
 */
/* Until when the member cannot be reached; 0: it can. */
int64_t faults_outage(struct lab_state *s, int member);
/* RULE lab-latency: a slow call takes its time by the lab's clock, and nobody waits for it. */
int faults_latency(const struct lab_state *s, int member);
/* Shrinks the limits. */
void faults_limits(const struct lab_state *s, int member, int *burst, int *daily);
/* What becomes of the credentials of a call: NONE, EXPIRED, UNAUTHENTICATED. */
enum lab_problem faults_key(const struct lab_state *s, int member);
/* RULE lab-fault-share: of a thousand calls as many fail as the share says, by a draw of each. The
 * fault that makes this call fail, NULL: none; the event log has it then. */
const struct lab_fault *faults_strike(struct lab_state *s, int member, const struct lab_object *o,
                                      enum lab_operation operation, bool screen);
/* The time as the member's clock has it. */
int64_t faults_clock(const struct lab_state *s, int member);
/* The dialect as the member speaks it now. */
const struct lab_dialect *faults_dialect(const struct lab_state *s, int member);

/* What becomes of a webhook: asked once for each delivery (`n` numbers them). */
struct fault_hook {
    bool drop, duplicate, forge; /* forge: one that nobody sent comes with it */
    int delay;                   /* comes so many deliveries later */
};
struct fault_hook faults_hook(const struct lab_state *s, int member, int64_t n);

#endif
