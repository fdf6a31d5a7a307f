/* Counting processor time: a bucket that leaks for each of those who used some of late. */
#include "http/fair_share.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "base/hash.h"

#define SLOTS 4096 /* those who used something of late; a power of two */
#define PROBES 8

/* What somebody has used, as a bucket that leaks. A bucket that is empty is nobody's. */
struct bucket {
    uint64_t who;
    int64_t level_us, at_us;
};

struct fair_share {
    struct hash_key key;  /* strangers choose their addresses */
    int64_t rate;         /* given back: thousandths of the time that passes; 0 = nobody waits */
    pthread_mutex_t lock; /* all below */
    struct bucket buckets[SLOTS];
    struct {
        uint64_t who;
        int64_t at_us;
    } last, other; /* the last two who asked for something */
};

struct fair_share *fair_share_new(int threads, int percent) {
    struct fair_share *s = calloc(1, sizeof *s);
    if (!s) return NULL;
    hash_key_new(&s->key);
    s->rate = percent < 100 ? (int64_t)threads * percent * 10 : 0;
    pthread_mutex_init(&s->lock, NULL);
    return s;
}

void fair_share_free(struct fair_share *s) {
    if (!s) return;
    pthread_mutex_destroy(&s->lock);
    free(s);
}

/* The lowest bit tells persons from addresses. */
uint64_t fair_share_person(const struct fair_share *s, const char *person_id) {
    return hash_keyed(&s->key, person_id, strlen(person_id)) | 1;
}

uint64_t fair_share_guest(const struct fair_share *s, const char *address) {
    uint64_t who = hash_keyed(&s->key, address, strlen(address)) & ~(uint64_t)1;
    return who ? who : 2;
}

static int64_t weight(uint64_t who) { return who & 1 ? 1 : FAIR_GUESTS; }

static void leak(const struct fair_share *s, struct bucket *b, int64_t now_us) {
    int64_t back = (now_us - b->at_us) * s->rate * weight(b->who) / 1000;
    if (back <= 0) return; /* time that is too short to count stays to be counted */
    b->level_us = back < b->level_us ? b->level_us - back : 0;
    b->at_us = now_us;
}

/* The bucket of `who`, or an empty one for them; NULL: all in reach are in use. */
static struct bucket *bucket_of(struct fair_share *s, uint64_t who, int64_t now_us) {
    struct bucket *empty = NULL;
    for (size_t i = 0; i < PROBES; i++) {
        struct bucket *b = &s->buckets[((who >> 1) + i) & (SLOTS - 1)];
        if (b->level_us) leak(s, b, now_us);
        if (b->who == who) return b;
        if (!b->level_us && !empty) empty = b;
    }
    if (empty) *empty = (struct bucket){who, 0, now_us};
    return empty;
}

bool fair_share_allows(struct fair_share *s, uint64_t who, int64_t now_us) {
    if (s->rate == 0) return true;
    pthread_mutex_lock(&s->lock);
    if (s->last.who != who) s->other = s->last;
    s->last.who = who;
    s->last.at_us = now_us;
    bool others = s->other.who && now_us - s->other.at_us < FAIR_OTHERS_US;
    const struct bucket *b = others ? bucket_of(s, who, now_us) : NULL;
    bool allows = !b || b->level_us < FAIR_BURST_US * weight(who);
    pthread_mutex_unlock(&s->lock);
    return allows;
}

void fair_share_used(struct fair_share *s, uint64_t who, int64_t used_us, int64_t now_us) {
    if (s->rate == 0) return;
    pthread_mutex_lock(&s->lock);
    struct bucket *b = bucket_of(s, who, now_us);
    if (b) b->level_us += used_us > 0 ? used_us : 1;
    pthread_mutex_unlock(&s->lock);
}
