/* Folders that people write while the academy runs: watched, read again when they change, published
 * whole.
 *
 * A room names its folders and gives a function that reads them into one value, a generation. The
 * tree calls it on a thread of its own, so no request ever waits for a file system or a parser
 * longer than TREE_WAIT_MS. Who holds a generation keeps it alive; the last one goes when nobody
 * holds it. Files are read when they have been quiet for a moment, so that a file is not read half
 * written. Where the system cannot tell of changes (no more watches, links to files elsewhere,
 * folders of another machine) the tree looks every TREE_POLL_MS.
 *
 * What goes wrong by itself (memory, descriptors, a disk) is tried again: a load that fails with
 * ERR_BUSY soon, and a load that found new problems once more after TREE_AGAIN_MS.
 *
 * Threads: tree_open, tree_start, tree_stop and tree_close are the owner's, one at a time, and
 * never called by `load` or `published`. tree_hold, tree_release and tree_data are for any thread,
 * between the first and the last of those. tree_problem is for `load`. */
#ifndef GR_TREE_TREE_H
#define GR_TREE_TREE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/err.h"

#define TREE_FOLDERS 4
#define TREE_WAIT_MS 500     /* a request, for files that are being read */
#define TREE_QUIET_MS 10     /* without a change, before files are read */
#define TREE_RESTLESS_MS 200 /* changes that do not end are read after this */
#define TREE_POLL_MS 2000
#define TREE_AGAIN_MS 1000
#define TREE_RETRY_MS 100 /* after ERR_BUSY; doubles up to TREE_POLL_MS */
#define TREE_PROBLEMS 200 /* lines that are told of one load */

struct tree;

/* What has changed since the last load. */
struct tree_news {
    bool all;   /* anything may have: look at every file */
    bool again; /* nothing need have: what was broken is to be read once more */
    const char *const
        *paths; /* unless `all`: the files, from the root; some may be gone, or stand here twice */
    size_t count;
    struct tree_problems *problems;
};

/* Tells of a file that cannot be used: "content/x.md:7: …". Logged when a second look finds it, too
 * (at the start: at once), and once only as long as it is told at each load. Past TREE_PROBLEMS
 * nothing more is kept. */
void tree_problem(struct tree_problems *problems, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

struct tree_source {
    const char *name; /* the event of log lines; borrowed for ever */
    const char *
        folders[TREE_FOLDERS]; /* below the root, for example "exams"; a folder need not be there */
    /* Reads a new generation; never two at a time. `old` is the present one, NULL at first; it may
     * be given back as `*fresh` when nothing is different. ERR_BUSY: to be tried again soon; other
     * errors: when something changes. */
    enum err (*load)(void *context, void *old, const struct tree_news *news, void **fresh);
    void (*free)(void *generation);
    void (*published)(void *context); /* after each exchange, on the tree's thread; may be NULL */
    void *context;
    bool poll_only; /* for tests: as if the system told of no change */
};

/* A number that changes when the name, time, size or inode of a file below these folders does; for
 * a `load` that reads only what changed. */
uint64_t tree_mark(const char *root, const char *const folders[TREE_FOLDERS]);

/* Watches, then reads the first generation on the caller's thread: an error of `load` is given
 * back. */
enum err tree_open(struct tree **out, const char *root, const struct tree_source *source) MUST_USE;
/* From now on changes are seen. False: no thread could be started. */
bool tree_start(struct tree *t) MUST_USE;
/* Ends the thread: nothing is loaded and `published` is not called any more. May be called twice.
 */
void tree_stop(struct tree *t);
/* Stops, and lets go of the present generation. Generations that somebody holds stay until they are
 * released. */
void tree_close(struct tree *t);

struct tree_generation {
    void *data; /* what `load` gave; belongs to all who hold it */
};
/* The newest generation, with what changed before this call if it can be read within TREE_WAIT_MS.
 * Any thread. */
const struct tree_generation *tree_hold(struct tree *t);
void tree_release(const struct tree_generation *g);
/* The newest one's data, held until `a` is released. */
void *tree_data(struct tree *t, struct arena *a);

#endif
