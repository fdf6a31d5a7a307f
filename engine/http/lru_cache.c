/* What was made before, by hash and by age. */
#include "http/lru_cache.h"

#include <string.h>
#include <xxhash.h>

#include "base/codec.h"

uint64_t lru_cache_hash(uint64_t seed, const char *text, size_t len) {
    return XXH3_64bits_withSeed(text, len, seed);
}

void lru_cache_init(struct lru_cache *s, size_t bytes, void (*release)(struct lru_entry *thing)) {
    memset(s, 0, sizeof *s);
    pthread_mutexattr_t spinning; /* what it guards takes less than going to sleep */
    pthread_mutexattr_init(&spinning);
    pthread_mutexattr_settype(&spinning, PTHREAD_MUTEX_ADAPTIVE_NP);
    pthread_mutex_init(&s->lock, &spinning);
    pthread_mutexattr_destroy(&spinning);
    s->bytes_most = bytes;
    s->seed = random_u64();
    s->release = release;
}

void lru_cache_drop(struct lru_cache *s, struct lru_entry *thing) {
    if (atomic_fetch_sub(&thing->holders, 1) == 1) s->release(thing);
}

static void unlink_age(struct lru_cache *s, struct lru_entry *e) {
    *(e->newer ? &e->newer->older : &s->newest) = e->older;
    *(e->older ? &e->older->newer : &s->oldest) = e->newer;
}

static void link_newest(struct lru_cache *s, struct lru_entry *e) {
    e->newer = NULL;
    e->older = s->newest;
    *(s->newest ? &s->newest->newer : &s->oldest) = e;
    s->newest = e;
}

static void evict(struct lru_cache *s, struct lru_entry *e) {
    struct lru_entry **at = &s->buckets[e->hash % LRU_CACHE_BUCKETS];
    while (*at != e) at = &(*at)->chain;
    *at = e->chain;
    unlink_age(s, e);
    s->bytes -= e->weight;
    lru_cache_drop(s, e);
}

static struct lru_entry *in_bucket(struct lru_cache *s, uint64_t hash,
                                   bool (*same)(const struct lru_entry *, const void *),
                                   const void *what) {
    struct lru_entry *e = s->buckets[hash % LRU_CACHE_BUCKETS];
    while (e && (e->hash != hash || (same && !same(e, what)))) e = e->chain;
    return e;
}

struct lru_entry *lru_cache_find(struct lru_cache *s, uint64_t hash, uint64_t seen_hash,
                                 bool (*same)(const struct lru_entry *, const void *),
                                 const void *what, bool *again) {
    pthread_mutex_lock(&s->lock);
    struct lru_entry *e = in_bucket(s, hash, same, what);
    if (e) {
        atomic_fetch_add(&e->holders, 1);
        if (s->newest != e) {
            unlink_age(s, e);
            link_newest(s, e);
        }
        s->hits++;
    } else {
        *again = s->seen[seen_hash % LRU_CACHE_SEEN] == seen_hash;
        s->seen[seen_hash % LRU_CACHE_SEEN] = seen_hash;
        s->misses++;
    }
    pthread_mutex_unlock(&s->lock);
    return e;
}

bool lru_cache_put(struct lru_cache *s, struct lru_entry *thing,
                   bool (*same)(const struct lru_entry *, const void *), const void *what) {
    pthread_mutex_lock(&s->lock);
    bool put = !in_bucket(s, thing->hash, same, what) && thing->weight <= LRU_CACHE_MOST(s);
    if (put) {
        struct lru_entry **bucket = &s->buckets[thing->hash % LRU_CACHE_BUCKETS];
        atomic_fetch_add(&thing->holders, 1);
        thing->chain = *bucket;
        *bucket = thing;
        link_newest(s, thing);
        s->bytes += thing->weight;
        while (s->bytes > s->bytes_most) evict(s, s->oldest);
    }
    pthread_mutex_unlock(&s->lock);
    return put;
}

void lru_cache_release(struct lru_cache *s) {
    while (s->oldest) evict(s, s->oldest);
    pthread_mutex_destroy(&s->lock);
}

void lru_cache_stats(struct lru_cache *s, struct lru_cache_stats *out) {
    pthread_mutex_lock(&s->lock);
    *out = (struct lru_cache_stats){
        .hits = s->hits, .misses = s->misses, .bytes = (int64_t)s->bytes};
    pthread_mutex_unlock(&s->lock);
}
