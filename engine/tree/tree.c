/* The tree: a thread for each source loads and publishes generations; readers hold them. */
#include "tree/tree.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/wait.h"
#include "tree/tree_private.h"

#define CHANGES_BYTES ((size_t)32 * 1024 * 1024)

struct generation {
    struct tree_generation shown;
    atomic_int holders;
    void (*free)(void *data);
};

struct tree {
    struct tree_source source;
    char *root;
    struct tree_watch *watch;
    pthread_mutex_t lock; /* guards `current` and `read` */
    struct generation *current;
    pthread_cond_t read; /* signalled after each try to load */
    atomic_bool loading;
    atomic_bool runs; /* the thread does */
    /* the thread's own */
    pthread_t thread;
    int stop_fd;
    atomic_bool stop;
    struct tree_problems *found; /* by the last load */
    uint64_t fingerprint;
    int64_t retry_ms;      /* after a load that failed for now; 0: the last one did not */
    int64_t recheck_at_ms; /* when broken files are read once more; 0: never */
};

/* ---- Generations ----------------------------------------------------------------------------- */

void tree_release(const struct tree_generation *shown) {
    struct generation *g = (struct generation *)(uintptr_t)shown;
    if (!g || atomic_fetch_sub(&g->holders, 1) != 1) return;
    g->free(g->shown.data);
    free(g);
}

static void publish(struct tree *t, struct generation *fresh) {
    pthread_mutex_lock(&t->lock);
    struct generation *old = t->current;
    t->current = fresh;
    pthread_mutex_unlock(&t->lock);
    if (old) tree_release(&old->shown);
    if (t->source.published) t->source.published(t->source.context);
}

/* ---- Loading --------------------------------------------------------------------------------- */

static enum err load(struct tree *t, const struct tree_changes *news) {
    void *old = t->current ? t->current->shown.data : NULL, *data = NULL;
    struct generation *fresh = calloc(1, sizeof *fresh);
    if (!fresh) return ERR_BUSY;
    enum err e = t->source.load(t->source.context, old, news, &data);
    if (e || data == old) {
        free(fresh);
        return e;
    }
    fresh->shown.data = data;
    fresh->free = t->source.free;
    atomic_init(&fresh->holders, 1);
    publish(t, fresh);
    return OK;
}

/* Reads the events of inotify and loads. `loading` is set before the events are read from the
 * kernel: a reader that finds neither events nor `loading` knows that the current generation is the
 * newest. */
static enum err check_for_changes(struct tree *t, bool all, bool again) {
    struct arena a;
    struct tree_problems *problems = tree_problems_new();
    volatile enum err e = ERR_BUSY;
    volatile bool asked = false;
    atomic_store(&t->loading, true);
    arena_init(&a, CHANGES_BYTES);
    if (problems && ARENA_GUARD(&a) == 0) {
        struct tree_changes news = {.problems = problems};
        tree_watch_read(t->watch, &a, &news);
        news.all = news.all || all;
        news.retry_broken = again;
        asked = news.all || news.count || again;
        e = asked ? load(t, &news) : OK;
    }
    arena_release(&a);
    if (e != ERR_BUSY && asked) {
        bool doubtful = tree_problems_report(problems, t->found, t->source.name);
        tree_problems_free(t->found);
        t->found = problems;
        t->recheck_at_ms = doubtful ? clock_monotonic_ms() + TREE_RECHECK_MS : 0;
    } else tree_problems_free(problems);
    t->retry_ms = e != ERR_BUSY                    ? 0
                  : !t->retry_ms                   ? TREE_RETRY_MS
                  : t->retry_ms * 2 > TREE_POLL_MS ? TREE_POLL_MS
                                                   : t->retry_ms * 2;
    pthread_mutex_lock(&t->lock);
    atomic_store(&t->loading, false);
    pthread_cond_broadcast(&t->read);
    pthread_mutex_unlock(&t->lock);
    return e;
}

/* ---- The thread ------------------------------------------------------------------------------ */

/* Waits until the files are quiet, which they are when the bytes of waiting events do not grow. */
static void settle(struct tree *t) {
    int64_t end = clock_monotonic_ms() + TREE_QUIET_MAX_MS;
    for (int bytes = tree_watch_bytes(t->watch), more; wait_step(TREE_QUIET_MS * 1000, end);
         bytes = more) {
        more = tree_watch_bytes(t->watch);
        if (more == bytes) return;
    }
}

/* Milliseconds until the thread has to check without an event; -1: never. */
static int pause_ms(const struct tree *t) {
    int64_t pause = tree_watch_partial(t->watch) ? TREE_POLL_MS : -1;
    if (t->retry_ms) return (int)t->retry_ms;
    if (t->recheck_at_ms) {
        int64_t left = t->recheck_at_ms - clock_monotonic_ms();
        if (left < 0) left = 0;
        if (pause < 0 || left < pause) pause = left;
    }
    return (int)pause;
}

static void check_when_due(struct tree *t, bool told) {
    if (told || t->retry_ms) {
        if (told) settle(t);
        (void)check_for_changes(t, t->retry_ms != 0, false);
        return;
    }
    if (t->recheck_at_ms && clock_monotonic_ms() >= t->recheck_at_ms) {
        (void)check_for_changes(t, true, true);
        return;
    }
    if (!tree_watch_partial(t->watch)) return;
    uint64_t fingerprint = tree_watch_fingerprint(t->watch);
    if (fingerprint == t->fingerprint) return;
    t->fingerprint = fingerprint;
    (void)check_for_changes(t, true, false);
}

static void *watcher(void *arg) {
    struct tree *t = arg;
    while (!atomic_load(&t->stop)) {
        struct pollfd fds[2] = {{.fd = tree_watch_fd(t->watch), .events = POLLIN},
                                {.fd = t->stop_fd, .events = POLLIN}};
        int ready = poll(fds, 2, pause_ms(t));
        if (atomic_load(&t->stop)) break;
        if (ready < 0 && errno != EINTR) sleep(1);
        check_when_due(t, tree_watch_bytes(t->watch) > 0);
    }
    return NULL;
}

/* ---- Opening --------------------------------------------------------------------------------- */

enum err tree_open(struct tree **out, const char *root, const struct tree_source *source) {
    struct tree *t = calloc(1, sizeof *t);
    *out = NULL;
    if (!t) return ERR_BUSY;
    t->source = *source;
    t->stop_fd = -1;
    pthread_mutex_init(&t->lock, NULL);
    wait_init(&t->read);
    t->root = strdup(root);
    t->watch = t->root ? tree_watch_open(root, t->source.folders, source->poll_only) : NULL;
    enum err e = ERR_BUSY;
    if (t->watch) {
        t->fingerprint = tree_watch_fingerprint(t->watch);
        e = check_for_changes(t, true, false);
    }
    if (e == OK && t->current) {
        *out = t;
        return OK;
    }
    tree_close(t);
    return e ? e : ERR_BUSY;
}

bool tree_start(struct tree *t) {
    t->stop_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    t->runs = t->stop_fd >= 0 && pthread_create(&t->thread, NULL, watcher, t) == 0;
    return t->runs;
}

void tree_stop(struct tree *t) {
    uint64_t one = 1;
    if (!t || !t->runs) return;
    atomic_store(&t->stop, true);
    (void)!write(t->stop_fd, &one, sizeof one);
    pthread_join(t->thread, NULL);
    t->runs = false;
}

void tree_close(struct tree *t) {
    if (!t) return;
    tree_stop(t);
    if (t->stop_fd >= 0) close(t->stop_fd);
    if (t->current) tree_release(&t->current->shown);
    tree_watch_close(t->watch);
    tree_problems_free(t->found);
    pthread_cond_destroy(&t->read);
    pthread_mutex_destroy(&t->lock);
    free(t->root);
    free(t);
}

/* ---- Holding --------------------------------------------------------------------------------- */

static bool is_behind(struct tree *t) {
    return t->runs && (tree_watch_bytes(t->watch) > 0 || atomic_load(&t->loading));
}

const struct tree_generation *tree_hold(struct tree *t) {
    bool behind = is_behind(t);
    struct timespec end = wait_until(behind ? TREE_WAIT_MS : 0);
    pthread_mutex_lock(&t->lock);
    while (behind && is_behind(t))
        if (!wait_for(&t->read, &t->lock, &end)) break;
    struct generation *g = t->current;
    atomic_fetch_add(&g->holders, 1);
    pthread_mutex_unlock(&t->lock);
    return &g->shown;
}

static void release_held(void *g) { tree_release(g); }

void *tree_data(struct tree *t, struct arena *a) {
    const struct tree_generation *g = tree_hold(t);
    arena_defer(a, release_held, (void *)(uintptr_t)g);
    return g->data;
}
