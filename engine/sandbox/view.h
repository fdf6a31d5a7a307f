/* What screens show of a state, without changing it. Questions and answers are JSON:
 *
 *   {"view":"summary"}
 *   {"view":"list","object":"crm.contact","offset":0,"limit":25,"find":"text"}
 *   {"view":"record","object":"crm.contact","id":"…"}
 *   {"view":"events","before":seq,"limit":50,"find":"text"}
 *   {"view":"rows","sql":"SELECT …"}      an author's SQL, never a learner's
 *   {"view":"checks","checks":[{"id":"…","sql":"…"}]} */
#ifndef GR_SANDBOX_VIEW_H
#define GR_SANDBOX_VIEW_H

#include "sandbox/state.h"

/* Always writes a JSON object; {"error":"…"} when the question makes no sense. */
void view_answer(struct lab_state *s, json_t *question, struct arena *a, struct buf *out);

#endif
