/* The simulated world: its clock, what falls due, forms that people fill in, edits that colleagues
 * make. */
#ifndef GR_SANDBOX_WORLD_H
#define GR_SANDBOX_WORLD_H

#include "sandbox/record.h"

/* Why a walk of the clock has ended. */
enum world_end {
    WORLD_GOES_ON,
    WORLD_TIME,      /* the clock stands where it was to go */
    WORLD_PART,      /* as much has happened as one walk lets */
    WORLD_EVENT,     /* the event log has got a line */
    WORLD_CONDITION, /* the condition holds */
    WORLD_STEPS,     /* the condition has used up its operations */
    WORLD_FAILED,    /* the condition could not be judged */
    WORLD_FULL,      /* RULE lab-full */
};

/* Notes that `r` is about `person`, and whether that person has opted out. */
void world_person(struct lab_state *s, const char *path, const struct lab_object *o,
                  const struct record *r, int64_t person);
void world_start(struct lab_state *s);
/* Lets time pass: what is due happens in the order of (time, priority, sequence). */
void world_advance(struct lab_state *s, int64_t until_ms);
/* Goes on with a walk for at most `slice_ms` (step.h); WORLD_GOES_ON: it is not at its end. */
enum world_end world_walk(struct lab_state *s, struct world_walk *w, int64_t slice_ms) MUST_USE;
/* RULE lab-full: with LAB_EVENTS_MAX events, or LAB_READS_MAX reads, a run is at its end; nothing
 * falls due any more, and the clock stands where it was when that came. A sentence, or NULL. */
const char *world_full(struct lab_state *s);

#endif
