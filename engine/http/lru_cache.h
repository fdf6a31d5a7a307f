/* A cache of things that are found again by a hash: for all threads, bounded, what was used longest
 * ago goes first. A thing is worth keeping when it is asked for a second time. */
#ifndef GR_HTTP_LRU_CACHE_H
#define GR_HTTP_LRU_CACHE_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define LRU_CACHE_BUCKETS 1024
#define LRU_CACHE_SEEN 4096

/* The first member of what is kept; unchanged once it is. */
struct lru_entry {
    atomic_int holders; /* the cache, and each thread that uses it; 1 for who makes it */
    uint64_t hash;
    size_t weight;                   /* bytes, for the cache's limit */
    struct lru_entry *chain;         /* of its bucket */
    struct lru_entry *newer, *older; /* by last use */
};

struct lru_cache {
    pthread_mutex_t lock; /* all below, but not the contents */
    struct lru_entry *buckets[LRU_CACHE_BUCKETS];
    struct lru_entry *newest, *oldest;
    size_t bytes, bytes_most;
    uint64_t seen[LRU_CACHE_SEEN]; /* what was asked for once */
    uint64_t seed;                 /* of hashes: nobody outside can foresee which things meet */
    int64_t hits, misses;
    void (*release)(struct lru_entry *thing);
};

/* The most that one thing may weigh: a few large ones shall not push out all the others. */
#define LRU_CACHE_MOST(s) ((s)->bytes_most / 4)

void lru_cache_init(struct lru_cache *s, size_t bytes, void (*release)(struct lru_entry *thing));
/* No thread may still hold a thing. */
void lru_cache_release(struct lru_cache *s);

/* XXH3, 64 bits, of the whole text; equality must be decided by comparing. */
uint64_t lru_cache_hash(uint64_t seed, const char *text, size_t len);
/* Held, or NULL; then `*again` tells whether something of `seen_hash` was asked for before. `same`
 * (may be NULL) is called under the lock and must be quick. */
struct lru_entry *lru_cache_find(struct lru_cache *s, uint64_t hash, uint64_t seen_hash,
                                 bool (*same)(const struct lru_entry *thing, const void *what),
                                 const void *what, bool *again);
/* Puts it there, unless one of this hash that is the `same` lies there already or it is too large.
 * Who made it still holds it. */
bool lru_cache_put(struct lru_cache *s, struct lru_entry *thing,
                   bool (*same)(const struct lru_entry *thing, const void *what), const void *what);
void lru_cache_drop(struct lru_cache *s, struct lru_entry *thing);

struct lru_cache_stats {
    int64_t hits, misses, bytes;
};
void lru_cache_stats(struct lru_cache *s, struct lru_cache_stats *out);

#endif
