/* The record of a run: a list of actions, each chained to the one before by SHA-256. Pure.
 *
 * hash(n) = SHA-256 of the JSON array [run, n, at_ms, actor, action, status, answer_sha, hash(n-1)], hash(0) = 64
 * zeros. {"kind":"rewind","to":k} takes back all but the first k actions that count; what was taken back stays
 * in the record. */
#ifndef GR_LAB_LOG_H
#define GR_LAB_LOG_H

#include "base/arena.h"
#include "base/err.h"

#define LAB_HASH_ZERO "0000000000000000000000000000000000000000000000000000000000000000"
#define LAB_ACTIONS_MAX 20000 /* of one run; then it must be begun anew */

struct lab_action {
    int64_t seq, at_ms;
    const char *actor_id, *action, *answer_sha, *hash;
    int status;
};

/* Hex. Arena. */
char *lab_log_hash(struct arena *a, const char *run_id, const struct lab_action *action,
                   const char *previous);
/* The first action that does not fit its chain (by position), or `count` when all do. */
size_t lab_log_verify(struct arena *a, const char *run_id, const struct lab_action *actions,
                      size_t count);
/* Which actions count after all rewinds: indices into `actions`, in order. `indices` has room for `count`. */
size_t lab_log_effective(const struct lab_action *actions, size_t count, size_t *indices);
/* Is it a rewind, and to how many? */
bool lab_log_rewind(const char *action, int64_t *to);
/* May a state as of the first `seq` actions be continued to the end of the list? (No rewind after it went behind it.)
 * `*from` receives how many of the effective actions that state already holds. */
bool lab_log_continues(const struct lab_action *actions, size_t count, int64_t seq, size_t *from);

#endif
