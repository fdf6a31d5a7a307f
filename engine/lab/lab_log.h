/* The record of a run: a list of actions, each chained to the one before by SHA-256. Pure.
 *
 * hash(n) = SHA-256 of the JSON array [run, n, at_ms, actor, action, status, answer_sha,
 * hash(n-1)], hash(0) = 64 zeros. {"kind":"rewind","to":k} takes back all but the first k actions
 * that count; what was taken back stays in the record. */
#ifndef GR_LAB_LOG_H
#define GR_LAB_LOG_H

#include "base/arena.h"
#include "base/err.h"

#define LAB_HASH_ZERO "0000000000000000000000000000000000000000000000000000000000000000"
/* RULE lab-record-bound: what people leave on the disk has an end, in bytes too: an action that is
 * refused, or that a dialect's limit answers, is on record like any other. A call of a screen has
 * some hundred bytes; 8 MB are 20,000 of them, and the state that they make fits into an image
 * (WIRE_MAX). Records that were made before there was a bound are read as any. */
#define LAB_ACTIONS_MAX 20000           /* of one run; then it must be begun anew */
#define LAB_ACTION_BYTES (64 * 1024)    /* of an action's JSON */
#define LAB_RUN_BYTES (8 * 1024 * 1024) /* of all actions of a run */
#define LAB_PERSON_BYTES (256 * 1024 * 1024)

struct lab_action {
    int64_t seq, at_ms;
    const char *actor_id, *action, *answer_sha, *hash;
    int status;
};

/* Hex. Arena. */
char *lab_log_hash(struct arena *a, const char *run_id, const struct lab_action *action,
                   const char *previous);
/* The state of reading a record, action by action: of each action only whether it counts is kept.
 */
struct lab_log {
    size_t count;
    int64_t bytes;    /* of the actions' JSON */
    int64_t *rewinds; /* of each action: how many it goes back to; -1: it counts */
    char head[65];    /* hash of the last */
    bool broken;      /* the action behind these does not fit the chain */
};
void lab_log_init(struct lab_log *log);
/* False when the action does not fit the chain. The list grows in `a`; `scratch` is for the hash.
 */
bool lab_log_add(struct lab_log *log, const char *run_id, const struct lab_action *action,
                 struct arena *a, struct arena *scratch);
/* Which actions count after all rewinds: positions from 0, in order. `indices` has room for
 * `count`. */
size_t lab_log_effective(const struct lab_log *log, size_t *indices);
/* Is it a rewind, and to how many? */
bool lab_log_rewind(const char *action, int64_t *to);
/* Is it a look through the learner's console? Nothing of the state depends on it, so a replay
 * passes it by; how long the query took, and whether it was cut off
 * ({"cut":"time","kind":"sql",…}), is told by the record alone. */
bool lab_log_query(const char *action);
/* Does it move the clock? */
bool lab_log_clock(const char *action);
/* May a state as of the first `seq` actions be continued to the end of the record? (No rewind after
 * it went behind it.)
 * `*from` receives how many of the effective actions that state already holds. */
bool lab_log_continues(const struct lab_log *log, int64_t seq, size_t *from);

#endif
