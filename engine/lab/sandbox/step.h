/* The pure step: (state, action) → (state', response, events). Actions are JSON objects:
 *
 *   {"kind":"api","connector":"crm","method":"GET","path":"/v3/contacts","query":"limit=5","body":"…",
 *    "via":"screen" | absent, "token":n | absent}   a call of a connector's API; "via":"screen" is a click in the
 *                                                   browser: it costs no quota and no time
 *   {"kind":"token","connector":"crm"}              OAuth: the server has checked the client's credentials
 *   {"kind":"clock","advance_ms":n}                 time passes
 *   {"kind":"sql","sql":"SELECT …"}                 the learner's console, read-only
 *
 * An action never fails: what goes wrong is a response. */
#ifndef GR_LAB_STEP_H
#define GR_LAB_STEP_H

#include "lab/sandbox/state.h"

#define STEP_HEADERS 8

struct step_answer {
    int status;
    const char *type;
    struct {
        const char *name, *value;
    } headers[STEP_HEADERS];
    int header_count;
    struct buf body;
    bool refused; /* nothing was done (an error answer) */
};

void step_header(struct step_answer *out, const char *name, const char *value);
/* `a` is the step's scratch memory and holds the answer. */
void step(struct lab_state *s, json_t *action, struct arena *a, struct step_answer *out);

/* Parts of it. */
void api_step(struct lab_state *s, json_t *action, struct step_answer *out);
void console_step(struct lab_state *s, const char *sql, struct step_answer *out);

#endif
