/* Private to tree/: what is watched, and what was said. */
#ifndef GR_TREE_TREE_PRIVATE_H
#define GR_TREE_TREE_PRIVATE_H

#include "tree/tree.h"

/* ---- Watching (tree_watch.c) ----------------------------------------------------------------- */
struct tree_watch;
/* NULL when there is no memory. Begins before anything is read, so that nothing falls between. */
struct tree_watch *tree_watch_open(const char *root, const char *const folders[TREE_FOLDERS],
                                   bool poll_only);
void tree_watch_close(struct tree_watch *w);
int tree_watch_fd(const struct tree_watch *w); /* for poll; -1 when the system cannot tell */
bool tree_watch_partial(
    const struct tree_watch *w); /* some changes are not told: look every TREE_POLL_MS */
int tree_watch_bytes(const struct tree_watch *w); /* of events that wait; one cheap system call */
/* Takes all events: fills `all`, `paths` and `count`. Arena. Leaves through the guard with `lost`
 * set in `w`, so that the next call says `all`. */
void tree_watch_take(struct tree_watch *w, struct arena *a, struct tree_news *news);
/* A number that differs when a file's name, time, size or inode does. 0 when there is no memory. */
uint64_t tree_watch_mark(const struct tree_watch *w);

/* ---- Problems (tree_problems.c) -------------------------------------------------------------- */
struct tree_problems *tree_problems_new(void); /* NULL when there is no memory */
void tree_problems_free(struct tree_problems *p);
/* Logs those that the load before found as well (NULL: there was none), unless they were logged
 * then. True when there are others: they may be gone at a second look. */
bool tree_problems_tell(struct tree_problems *now, const struct tree_problems *before,
                        const char *event);

#endif
