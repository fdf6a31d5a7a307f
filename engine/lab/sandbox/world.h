/* The simulated world: its clock, what falls due, forms that people fill in, edits that colleagues make. */
#ifndef GR_LAB_WORLD_H
#define GR_LAB_WORLD_H

#include "lab/sandbox/record.h"

/* Notes that `r` is about `person`, and whether that person has opted out. */
void world_person(struct lab_state *s, const char *path, const struct lab_object *o,
                  const struct record *r, int64_t person);
void world_start(struct lab_state *s);
/* Lets time pass: what is due happens in the order of (time, priority, sequence). */
void world_advance(struct lab_state *s, int64_t until_ms);
/* The schedule of the sync changed: the next run is one interval from now. */
void world_reschedule(struct lab_state *s);
/* Until when the member is down; 0 = it is up. */
int64_t world_outage(struct lab_state *s, int member);

#endif
