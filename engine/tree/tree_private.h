/* Private to tree/: watching folders, and reporting problems once. */
#ifndef GR_TREE_TREE_PRIVATE_H
#define GR_TREE_TREE_PRIVATE_H

#include "tree/tree.h"

/* ---- Watching (tree_watch.c) ----------------------------------------------------------------- */
struct tree_watch;
/* Starts watching, before anything is read, so that no change is missed. NULL when there is no
 * memory. */
struct tree_watch *tree_watch_open(const char *root, const char *const folders[TREE_FOLDERS],
                                   bool poll_only);
void tree_watch_close(struct tree_watch *w);
int tree_watch_fd(const struct tree_watch *w); /* for poll(2); -1 without inotify */
/* Some changes are not reported: poll every TREE_POLL_MS. */
bool tree_watch_partial(const struct tree_watch *w);
int tree_watch_bytes(
    const struct tree_watch *w); /* size of the waiting events; one cheap system call */
/* Reads all events and fills `all`, `paths` and `count` (arena). When it leaves through the guard,
 * the next call says `all`, so that no event is lost. */
void tree_watch_read(struct tree_watch *w, struct arena *a, struct tree_changes *news);
/* A fingerprint of names, times, sizes and inodes. 0 when there is no memory. */
uint64_t tree_watch_fingerprint(const struct tree_watch *w);

/* ---- Problems (tree_problems.c) -------------------------------------------------------------- */
struct tree_problems *tree_problems_new(void); /* NULL when there is no memory */
void tree_problems_free(struct tree_problems *p);
/* Logs the problems that the load before had found as well (`before` NULL: all), unless they were
 * logged then. True when there are others, which a second load may not find. */
bool tree_problems_report(struct tree_problems *now, const struct tree_problems *before,
                          const char *event);

#endif
