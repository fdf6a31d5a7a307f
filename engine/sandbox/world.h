/* The simulated world: its clock, what falls due, forms that people fill in, edits that colleagues
 * make. */
#ifndef GR_SANDBOX_WORLD_H
#define GR_SANDBOX_WORLD_H

#include "sandbox/record.h"

/* Notes that `r` is about `person`, and whether that person has opted out. */
void world_person(struct lab_state *s, const char *path, const struct lab_object *o,
                  const struct record *r, int64_t person);
void world_start(struct lab_state *s);
/* Lets time pass: what is due happens in the order of (time, priority, sequence). */
void world_advance(struct lab_state *s, int64_t until_ms);
/* The same for at most `slice_ms`: false when more is due (step.h). */
bool world_advance_some(struct lab_state *s, int64_t until_ms, int64_t slice_ms) MUST_USE;
/* RULE lab-full: with LAB_EVENTS_MAX events, or LAB_READS_MAX reads, a run is at its end; nothing
 * falls due any more, and the clock stands where it was when that came. A sentence, or NULL. */
const char *world_full(struct lab_state *s);
/* Puts something of a rule on the list of what is due (rules_due). */
void world_due(struct lab_state *s, int64_t at_ms, const char *kind, int64_t ref,
               const char *entity, const char *data);
/* Until when the member is down; 0 = it is up. */
int64_t world_outage(struct lab_state *s, int member);

#endif
