/* The scenario's timeline while a run goes on. */
#ifndef GR_SANDBOX_TIMELINE_H
#define GR_SANDBOX_TIMELINE_H

#include "sandbox/state.h"

/* Puts all that has a time on the queue. */
void timeline_start(struct lab_state *s);
/* The moment of the stack's timeline is there. */
void timeline_due(struct lab_state *s, int moment);
/* A message has come to something, "missed", "answered" or the choice that was made: what waits for
 * it is put on the queue. `say`: its id in the timeline; NULL: it is none of it. */
void timeline_happened(struct lab_state *s, const char *say, const char *what);

#endif
