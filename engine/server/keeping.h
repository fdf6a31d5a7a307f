/* Data retention: how long the rows of each table are kept. One table of rules, which `gradus
 * keeping` prints, docs/keeping.md repeats for people, and a job carries out. */
#ifndef GR_SERVER_KEEPING_H
#define GR_SERVER_KEEPING_H

#include "store/store.h"

/* The rule for one table, or for all whose names begin alike ("exam_*"). */
struct keeping {
    const char *tables;
    int days; /* after `since`; KEPT_ALWAYS and KEPT_WHILE_IN_USE: nothing is deleted by time */
    const char *since, *why;
    int forget; /* the query that deletes rows older than $1, at most $2 of them; used when days > 0
                 */
};
enum { KEPT_ALWAYS = 0, KEPT_WHILE_IN_USE = -1 };

extern const struct keeping keepings[];
extern const size_t keeping_count;

/* Deletes rows that are past their time, some in each write job, until there are none, `stop`
 * returns true or the store is busy. Returns how many. Not for a thread of the HTTP pool. */
int64_t keeping_forget(struct store *s, int64_t now_ms, bool (*stop)(void *arg), void *arg);

#endif
