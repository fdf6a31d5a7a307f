/* Forms that people fill in and edits that colleagues make. */
#ifndef GR_SANDBOX_WORLD_FORMS_H
#define GR_SANDBOX_WORLD_FORMS_H

#include "sandbox/state.h"

/* What an hour brings, by the stack's <arrivals> and <edits>; the next hour is put on the queue. */
void world_arrivals(struct lab_state *s, int index);
void world_edits(struct lab_state *s, int index);

#endif
