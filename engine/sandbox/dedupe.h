/* Finding and merging records of the same person inside one connector. */
#ifndef GR_SANDBOX_DEDUPE_H
#define GR_SANDBOX_DEDUPE_H

#include "sandbox/record.h"

/* The object of a connector that can be merged; NULL when it has none. */
const struct lab_object *dedupe_object(const struct lab_connector *c);
/* The id of the record that the connector's rule takes for the same as `r`; NULL for none or
 * without a rule. */
const char *dedupe_match(struct lab_state *s, int member, const struct lab_object *o,
                         const struct record *r);
struct dedupe_result {
    int groups, merged;
};
/* Merges every group of records with the same key into the survivor that the rule names. */
struct dedupe_result dedupe_run(struct lab_state *s, int member);
/* Does the rule say that a survivor's empty fields take the loser's value? */
bool dedupe_fills(struct lab_state *s, int member);

#endif
