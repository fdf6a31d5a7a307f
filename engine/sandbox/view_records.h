/* Lists of records for screens. */
#ifndef GR_SANDBOX_VIEW_RECORDS_H
#define GR_SANDBOX_VIEW_RECORDS_H

#include <jansson.h>

#include "sandbox/state.h"

#define VIEW_FILTERS 4

/* Answers {"view":"list", …} of view.h. */
void view_records(struct lab_state *s, json_t *q, struct arena *a, struct buf *out);

#endif
