/* Records for screens: one with all that belongs to it, rows of lists, what records are called. */
#ifndef GR_SANDBOX_VIEW_RECORD_H
#define GR_SANDBOX_VIEW_RECORD_H

#include <jansson.h>

#include "sandbox/api.h"

/* A row as JSON: its fields as the dialect shows them, as they are kept, and for references the
 * names of the records that they lead to. `key`: its place in an ordered list; may be NULL. */
void view_row(struct api *x, const struct lab_object *o, const struct record *r, const char *key,
              struct buf *out);
/* Answer {"view":"record", …}, "names", "events" and "since" of view.h. */
void view_record(struct lab_state *s, json_t *q, struct arena *a, struct buf *out);
void view_names(struct lab_state *s, json_t *q, struct arena *a, struct buf *out);
void view_events(struct lab_state *s, json_t *q, struct arena *a, struct buf *out);
void view_since(struct lab_state *s, json_t *q, struct arena *a, struct buf *out);

#endif
