/* The sync between the stack's two objects, as the learner has configured it. */
#ifndef GR_SANDBOX_SYNC_H
#define GR_SANDBOX_SYNC_H

#include "sandbox/record.h"

/* Runs it once and stores a sync_run record, whose id it returns (scratch). `trigger`: manual or
 * schedule. */
const char *sync_run(struct lab_state *s, const char *trigger);

enum sync_direction { SYNC_TO_RIGHT, SYNC_TO_LEFT, SYNC_BOTH };
struct sync_value {
    const char *left, *right;
};
struct sync_mapping {
    const char *id, *transform;
    const struct lab_field *left, *right;
    enum sync_direction direction;
    const struct sync_value *values; /* of a value map */
    int value_count;
};
/* The value as the other side writes it (scratch); NULL for empty. A value that no table of values
 * has stays as it is. */
const char *sync_transform(struct lab_state *s, const struct sync_mapping *m, const char *value,
                           bool to_right);

/* Does the transform normalise text, so that doing it twice changes nothing (unlike a table of
 * values)? */
bool sync_tidies(const struct sync_mapping *m);

#endif
