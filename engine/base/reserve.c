/* The reserve: a first-fit allocator over one region. Each piece begins with a header; free
 * neighbours are merged while searching. It is used so rarely that a linear search is cheap enough.
 */
#include "base/reserve.h"

#include <malloc.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"

#define ALIGN (_Alignof(max_align_t))
#define LOW_MS 5000

struct piece {
    size_t size; /* including this header */
    size_t used; /* bytes asked for; 0: free */
    _Alignas(max_align_t) char data[];
};

static _Alignas(max_align_t) char region[RESERVE_BYTES];
static bool started; /* set before there are threads */
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static atomic_size_t lent;
static _Atomic int64_t failed_ms;
static atomic_long pretended;

void reserve_start(void) {
    if (started) return;
    /* Writes to each page, so that the kernel has to provide it now. */
    memset(region, 1, sizeof region);
    *(struct piece *)(void *)region = (struct piece){.size = RESERVE_BYTES};
    started = true;
}

static bool is_ours(const void *p) {
    return (const char *)p >= region && (const char *)p < region + RESERVE_BYTES;
}

static struct piece *piece_of(void *data) {
    return (struct piece *)(void *)((char *)data - offsetof(struct piece, data));
}

static struct piece *next_of(struct piece *p) {
    char *next = (char *)p + p->size;
    return next < region + RESERVE_BYTES ? (struct piece *)(void *)next : NULL;
}

/* Under the lock. */
static struct piece *find_free(size_t whole) {
    for (struct piece *p = (struct piece *)(void *)region; p; p = next_of(p)) {
        if (p->used) continue;
        for (struct piece *n; (n = next_of(p)) && !n->used;) p->size += n->size;
        if (p->size >= whole) return p;
    }
    return NULL;
}

static void *lend(size_t size) {
    size_t whole;
    atomic_store(&failed_ms, clock_monotonic_ms());
    if (!started || __builtin_add_overflow(size, sizeof(struct piece) + ALIGN - 1, &whole))
        return NULL;
    whole = whole / ALIGN * ALIGN;
    pthread_mutex_lock(&lock);
    struct piece *p = find_free(whole);
    if (p) {
        if (p->size - whole > sizeof(struct piece)) {
            struct piece *rest = (struct piece *)(void *)((char *)p + whole);
            rest->size = p->size - whole;
            rest->used = 0;
            p->size = whole;
        }
        p->used = size ? size : 1;
        atomic_fetch_add(&lent, p->size);
    }
    pthread_mutex_unlock(&lock);
    return p ? p->data : NULL;
}

static bool pretends(void) {
    if (atomic_load_explicit(&pretended, memory_order_relaxed) <= 0) return false;
    return atomic_fetch_sub(&pretended, 1) > 0;
}

void *reserve_alloc(size_t size) {
    void *p = pretends() ? NULL : malloc(size ? size : 1);
    return p ? p : lend(size);
}

void *reserve_resize(void *old, size_t size) {
    if (!old) return reserve_alloc(size);
    if (!is_ours(old)) {
        void *p = pretends() ? NULL : realloc(old, size ? size : 1);
        if (p || !(p = lend(size))) return p;
        size_t held = malloc_usable_size(old);
        memcpy(p, old, held < size ? held : size);
        free(old);
        return p;
    }
    struct piece *piece = piece_of(old);
    if (size <= piece->size - sizeof *piece) {
        pthread_mutex_lock(&lock); /* others read `used` when they look for a free piece */
        piece->used = size ? size : 1;
        pthread_mutex_unlock(&lock);
        return old;
    }
    void *p = reserve_alloc(size);
    if (!p) return NULL;
    memcpy(p, old, piece->used);
    reserve_free(old);
    return p;
}

void reserve_free(void *p) {
    if (!is_ours(p)) {
        free(p);
        return;
    }
    struct piece *piece = piece_of(p);
    pthread_mutex_lock(&lock);
    atomic_fetch_sub(&lent, piece->size);
    piece->used = 0;
    pthread_mutex_unlock(&lock);
}

char *reserve_strdup(const char *text) {
    size_t bytes = strlen(text) + 1;
    char *copy = reserve_alloc(bytes);
    return copy ? memcpy(copy, text, bytes) : NULL;
}

size_t reserve_lent(void) { return atomic_load(&lent); }

bool reserve_low(void) {
    return atomic_load_explicit(&lent, memory_order_relaxed) > RESERVE_BYTES / 2 &&
           clock_monotonic_ms() - atomic_load(&failed_ms) < LOW_MS;
}

void reserve_pretend_empty(long count) { atomic_store(&pretended, count); }
