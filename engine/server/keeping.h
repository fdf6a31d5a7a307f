/* What is kept how long: one table, which `gradus keeping` prints, docs/keeping.md repeats for
 * people, and a job carries out. */
#ifndef GR_SERVER_KEEPING_H
#define GR_SERVER_KEEPING_H

#include "store/store.h"

/* Of one table, or of all whose names begin with "room_" ("exam_*"). */
struct keeping {
    const char *tables;
    int days; /* after `since`; KEPT_ALWAYS, KEPT_WHILE: nothing is deleted by time */
    const char *since, *why;
    int forget; /* deletes what is older than $1, at most $2 rows; used when days > 0 */
};
enum { KEPT_ALWAYS = 0, KEPT_WHILE = -1 };

extern const struct keeping keepings[];
extern const size_t keeping_count;

/* Deletes what is past its time, a slice a job, until nothing is left, `stop` says so or the store
 * is busy. How many rows. Never on a thread of the HTTP pool. */
int64_t keeping_forget(struct store *s, int64_t now_ms, bool (*stop)(void *arg), void *arg);

#endif
