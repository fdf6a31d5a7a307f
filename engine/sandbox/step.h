/* The pure step: (state, action) → (state', response, events). Actions are JSON objects:
 *
 *   {"kind":"api","connector":"crm","method":"GET","path":"/v3/contacts","query":"limit=5",
 *    "body":"…","via":"screen" | absent,"token":n | absent}
 *       a call of a connector's API; "via":"screen" is a click in the browser, which costs neither
 *       quota nor time. Headers that a dialect reads: "if_match", "if_none_match", "once"
 *   {"kind":"token","connector":"crm","scope":"…" | absent,"refresh":n | absent}
 *       OAuth: the server has checked the client's credentials, and the refresh token's hash
 *   {"kind":"receiver","method":"POST","path":"/…","query":"…","body":"…"}
 *       a call of the lab's own API of webhook receivers (hooks.h); it costs no time
 *   {"kind":"clock","advance_ms":n}, {"kind":"clock","to_ms":t}
 *       time passes
 *       the same, with "next":true until the event log gets a line, with "until":"SELECT …" until
 *       that holds; it is a SELECT as the learner's console has it
 *   {"kind":"answer","message":n,"choice":"ID" | absent,"text":"…" | absent}
 *   {"kind":"answer","to":"support","subject":"…" | absent,"text":"…"}
 *       the learner answers a message, or writes to somebody
 *   {"kind":"chaos","fault":{"on":"crm","kind":"outage","for":"2h",…}}, {"kind":"chaos","end":"ID"}
 *       an instructor lets something go wrong (lab_timeline.h), or lets it be
 *   {"kind":"sql","sql":"SELECT …"}
 *       a query of the learner's console, read-only
 *   {"kind":"sql","skip":true}, {"kind":"checkpoint","name":"…"}, {"kind":"certify"}
 *       a place in the record where the console was used, that the learner marked, or from which on
 *       the run is for a certificate: nothing is run
 *
 * An action never fails: what goes wrong is a response. RULE lab-same-bytes: what comes out does
 * not depend on the machine, the compiler or the process: no floating point, no order of addresses,
 * no clock, no randomness but the run's. */
#ifndef GR_SANDBOX_STEP_H
#define GR_SANDBOX_STEP_H

#include "sandbox/state.h"

#define STEP_HEADERS 10
#define STEP_WHOLE INT64_MAX /* as a slice */

struct step_answer {
    int status;
    const char *type;
    struct {
        const char *name, *value;
    } headers[STEP_HEADERS];
    int header_count;
    struct buf body;
    bool refused; /* nothing was done (an error answer) */
    /* Why a dialect refused a call, and the field that is to blame, by its name there; NULL: none
     * is. */
    enum lab_problem problem;
    const char *field;
    const char *cut; /* a query was stopped before its end, by: "steps", "time", "memory", "size";
                        else NULL */
};

void step_header(struct step_answer *out, const char *name, const char *value);
/* RULE lab-slice: where slices end changes nothing of what comes out, and others are served between
 * them. Moving the clock takes as long as what falls due meanwhile, so it is done in slices: false
 * means that the step is not at its end and `out` is empty. Then step_go_on is called until it
 * returns true; nothing else may be asked of the state before. `slice_ms`: a slice ends after the
 * first event that is done later than that. */
bool step_begin(struct lab_state *s, json_t *action, int64_t slice_ms, struct arena *a,
                struct step_answer *out) MUST_USE;
bool step_go_on(struct lab_state *s, int64_t slice_ms, struct arena *a,
                struct step_answer *out) MUST_USE;
/* All of it. `a` is the step's scratch memory and holds the answer. */
void step(struct lab_state *s, json_t *action, struct arena *a, struct step_answer *out);

/* A plain answer: a sentence, as an error from status 400 on. */
void step_say(struct step_answer *out, int status, const char *sentence);

/* The actions of a step. */
/* RULE lab-clock-part: an action of the clock lets CLOCK_DUE things fall due, and says where it
 * stands; a longer way is a chain of such actions, each with its place in the record. The answer:
 * {"now":"…","now_ms":n,"until_ms":t,"why":"time" | "part" | "event" | "condition" | "steps" |
 * "failed" | "full"}. clock_begin: false when it is refused. */
#define CLOCK_DUE 2000
bool clock_begin(struct lab_state *s, json_t *action, struct step_answer *out) MUST_USE;
/* False: the slice is at its end, the action is not. */
bool clock_go_on(struct lab_state *s, int64_t slice_ms, struct step_answer *out) MUST_USE;
void api_step(struct lab_state *s, json_t *action, struct step_answer *out);
void console_step(struct lab_state *s, const char *sql, struct step_answer *out);

#endif
