/* Folders that people edit while the academy runs: watched, reloaded when they change, and
 * published as a whole.
 *
 * A room names its folders and gives a function that loads them into one value, a generation. The
 * tree calls it on a thread of its own, so that no request waits for the file system or a parser
 * longer than TREE_WAIT_MS. A generation is reference-counted: it is freed when nobody holds it and
 * a newer one is published. Files are read once they have been quiet for a moment, so that none is
 * read half written. Where inotify cannot report changes (no more watches, links to files
 * elsewhere, network file systems) the tree polls every TREE_POLL_MS.
 *
 * Passing problems (memory, descriptors, a disk) are retried: a load that fails with ERR_BUSY soon,
 * and a load that found new problems once more after TREE_RECHECK_MS.
 *
 * Threads: tree_open, tree_start, tree_stop and tree_close are called by the owner, one at a time,
 * and never by `load` or `published`. tree_hold, tree_release and tree_data may be called by any
 * thread between tree_open and tree_close. tree_problem is for `load`. */
#ifndef GR_TREE_TREE_H
#define GR_TREE_TREE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/err.h"

#define TREE_FOLDERS 5
#define TREE_WAIT_MS 500      /* how long a request waits for files that are being read */
#define TREE_QUIET_MS 10      /* how long files must be unchanged before they are read */
#define TREE_QUIET_MAX_MS 200 /* files that keep changing are read after this */
#define TREE_POLL_MS 2000
#define TREE_RECHECK_MS 1000
#define TREE_RETRY_MS 100 /* after ERR_BUSY; doubles up to TREE_POLL_MS */
#define TREE_PROBLEMS 200 /* problems that are reported of one load */

struct tree;

/* What has changed since the last load. */
struct tree_changes {
    bool all;          /* anything may have changed: check every file */
    bool retry_broken; /* read broken files once more, even if nothing has changed */
    /* Unless `all`: the changed files, relative to the root. Some may be gone or be listed twice.
     */
    const char *const *paths;
    size_t count;
    struct tree_problems *problems;
};

/* Reports a file that cannot be used: "content/x.md:7: …". It is logged when a second load reports
 * it too (at the start: at once), and not again as long as each load reports it. Past TREE_PROBLEMS
 * nothing more is kept. */
void tree_problem(struct tree_problems *problems, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

struct tree_source {
    const char *name; /* the event of log lines; borrowed for ever */
    /* Below the root, for example "exams"; a folder need not exist. */
    const char *folders[TREE_FOLDERS];
    /* Reads a new generation; never two at a time. `old` is the present one, NULL at first; it may
     * be given back as `*fresh` when nothing is different. ERR_BUSY: to be tried again soon; other
     * errors: when something changes. */
    enum err (*load)(void *context, void *old, const struct tree_changes *news, void **fresh);
    void (*free)(void *generation);
    void (*published)(void *context); /* after each exchange, on the tree's thread; may be NULL */
    void *context;
    bool poll_only; /* for tests: as if inotify were missing */
};

/* A fingerprint that changes when the name, time, size or inode of a file below these folders does;
 * for a `load` that reads only what changed. */
uint64_t tree_fingerprint(const char *root, const char *const folders[TREE_FOLDERS]);

/* Watches, then reads the first generation on the caller's thread: an error of `load` is given
 * back. */
enum err tree_open(struct tree **out, const char *root, const struct tree_source *source) MUST_USE;
/* Starts the thread that watches. False: it could not be started. */
bool tree_start(struct tree *t) MUST_USE;
/* Ends the thread: nothing is loaded and `published` is not called any more. May be called twice.
 */
void tree_stop(struct tree *t);
/* Stops, and releases the current generation. Generations that somebody holds live until they are
 * released. */
void tree_close(struct tree *t);

struct tree_generation {
    void *data; /* what `load` made; shared by all who hold it */
};
/* The newest generation, with what changed before this call if it can be read within TREE_WAIT_MS.
 * Any thread. */
const struct tree_generation *tree_hold(struct tree *t);
void tree_release(const struct tree_generation *g);
/* The newest one's data, held until `a` is released. */
void *tree_data(struct tree *t, struct arena *a);

#endif
