/* A shelf of things that are found again by a hash: for all threads, bounded, what was used longest
 * ago goes first. A thing is worth keeping when it is asked for a second time. */
#ifndef GR_HTTP_SHELF_H
#define GR_HTTP_SHELF_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define SHELF_BUCKETS 1024
#define SHELF_SEEN 4096

/* The first member of what lies on a shelf; unchanged once it lies there. */
struct shelved {
    atomic_int holders; /* the shelf, and each thread that uses it; 1 for who makes it */
    uint64_t hash;
    size_t weight;                 /* bytes, for the shelf's limit */
    struct shelved *chain;         /* of its bucket */
    struct shelved *newer, *older; /* by last use */
};

struct shelf {
    pthread_mutex_t lock; /* all below, but not the contents */
    struct shelved *buckets[SHELF_BUCKETS];
    struct shelved *newest, *oldest;
    size_t bytes, bytes_most;
    uint64_t seen[SHELF_SEEN]; /* what was asked for once */
    uint64_t seed;             /* of hashes: nobody outside can foresee which things meet */
    int64_t hits, misses;
    void (*release)(struct shelved *thing);
};

/* The most that one thing may weigh: a few large ones shall not push out all the others. */
#define SHELF_MOST(s) ((s)->bytes_most / 4)

void shelf_init(struct shelf *s, size_t bytes, void (*release)(struct shelved *thing));
/* No thread may still hold a thing. */
void shelf_release(struct shelf *s);

/* XXH3, 64 bits, of the whole text; equality must be decided by comparing. */
uint64_t shelf_hash(uint64_t seed, const char *text, size_t len);
/* Held, or NULL; then `*again` tells whether something of `seen_hash` was asked for before. `same`
 * (may be NULL) is called under the lock and must be quick. */
struct shelved *shelf_find(struct shelf *s, uint64_t hash, uint64_t seen_hash,
                           bool (*same)(const struct shelved *thing, const void *what),
                           const void *what, bool *again);
/* Puts it there, unless one of this hash that is the `same` lies there already or it is too large.
 * Who made it still holds it. */
bool shelf_put(struct shelf *s, struct shelved *thing,
               bool (*same)(const struct shelved *thing, const void *what), const void *what);
void shelf_drop(struct shelf *s, struct shelved *thing);

struct shelf_stats {
    int64_t hits, misses, bytes;
};
void shelf_stats(struct shelf *s, struct shelf_stats *out);

#endif
