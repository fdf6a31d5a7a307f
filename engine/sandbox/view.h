/* What screens show of a state, without changing it. Questions and answers are JSON:
 *
 *   {"view":"summary"}
 *   {"view":"list","object":"crm.contact","limit":25,"find":"text","sort":"email","down":true,
 *    "filters":[{"field":"email","operator":"contains","value":"…"}],"after":{"id":"…","key":"…"}}
 *      behind that place, or "before" it; `key` is the row's value of the same name, absent when
 *      that is null; values of filters are as they are kept
 *   {"view":"record","object":"crm.contact","id":"…"}
 *   {"view":"names","objects":["crm.account"]}   ids and names of the first records of each
 *   {"view":"events","before":seq,"limit":50,"find":"text"}
 *   {"view":"rows","sql":"SELECT …"}      an author's SQL, never a learner's
 *   {"view":"checks","checks":[{"id":"…","sql":"…"}]} */
#ifndef GR_SANDBOX_VIEW_H
#define GR_SANDBOX_VIEW_H

#include "sandbox/state.h"

/* Always writes a JSON object; {"error":"…"} when the question makes no sense. */
void view_answer(struct lab_state *s, json_t *question, struct arena *a, struct buf *out);

#endif
