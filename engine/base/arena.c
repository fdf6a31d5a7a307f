/* The arena: a list of chunks from malloc, a cap, and a guard to leave through. */
#include "base/arena.h"

#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "base/last_words.h"

#define CHUNK_SIZE ((size_t)32 * 1024)
#define ALIGN (_Alignof(max_align_t))

struct arena_chunk {
    struct arena_chunk *next;
    size_t size, used; /* of data */
    _Alignas(max_align_t) char data[];
};

struct arena_deferred {
    struct arena_deferred *next;
    void (*release)(void *);
    void *thing;
};

static _Thread_local long fail_countdown;
static _Thread_local bool failed_as_asked;

void arena_fail_at(long nth) {
    fail_countdown = nth;
    failed_as_asked = false;
}

bool arena_failed_as_asked(void) { return failed_as_asked; }

/* ---- Chunks --------------------------------------------------------------------------------- */

/* Each thread keeps some released chunks for its next request: malloc would return their pages to
 * the kernel, and the next request would fault them in again. Not under the address sanitizer,
 * which has to see each use after release. */
#if defined(__has_feature) /* GCC defines __SANITIZE_ADDRESS__ itself */
#if __has_feature(address_sanitizer)
#define __SANITIZE_ADDRESS__ 1
#endif
#endif
#ifdef __SANITIZE_ADDRESS__
#define SPARE_CHUNKS_MAX 0
#else
#define SPARE_CHUNKS_MAX 16
#endif

static _Thread_local struct arena_chunk *spare_chunks;
static _Thread_local int spare_count;
static pthread_key_t spare_key;
static pthread_once_t spare_once = PTHREAD_ONCE_INIT;

void arena_forget_spare(void) {
    while (spare_chunks) {
        struct arena_chunk *next = spare_chunks->next;
        free(spare_chunks);
        spare_chunks = next;
    }
    spare_count = 0;
}

static void free_spare_chunks(void *arg) {
    (void)arg;
    arena_forget_spare();
    /* An arena that is released after this, at the end of the thread, keeps no chunk. */
    spare_count = SPARE_CHUNKS_MAX;
}

/* Cannot fail: glibc has 1,024 keys (PTHREAD_KEYS_MAX), and this process makes a handful, each
 * once. */
static void make_spare_key(void) { BUG_IF(pthread_key_create(&spare_key, free_spare_chunks) != 0); }

static struct arena_chunk *chunk_get(size_t bytes) {
    struct arena_chunk *c = spare_chunks;
    if (!c || bytes != CHUNK_SIZE) return malloc(bytes);
    spare_chunks = c->next;
    spare_count--;
    return c;
}

static void chunk_put(struct arena_chunk *c) {
    if (c->size + sizeof *c != CHUNK_SIZE || spare_count >= SPARE_CHUNKS_MAX) {
        free(c);
        return;
    }
    if (!spare_chunks) {
        pthread_once(&spare_once, make_spare_key);
        /* Any value but NULL makes the end of the thread call free_spare_chunks. */
        pthread_setspecific(spare_key, &spare_chunks);
    }
    c->next = spare_chunks;
    spare_chunks = c;
    spare_count++;
}

/* ---- The arena ------------------------------------------------------------------------------ */

void arena_init(struct arena *a, size_t cap) {
    memset(a, 0, sizeof *a);
    a->cap = cap;
}

void arena_release(struct arena *a) {
    while (a->deferred) {
        struct arena_deferred *d = a->deferred;
        a->deferred = d->next;
        d->release(d->thing);
        free(d);
    }
    for (struct arena_chunk *c = a->chunks; c;) {
        struct arena_chunk *next = c->next;
        chunk_put(c);
        c = next;
    }
    a->chunks = NULL;
    a->used = 0;
    a->guarded = false;
    a->last = NULL;
}

void arena_guard_save(const struct arena *a, struct arena_guard *outer) {
    memcpy(&outer->guard, &a->guard, sizeof outer->guard);
    outer->guarded = a->guarded;
}

void arena_guard_restore(struct arena *a, const struct arena_guard *outer) {
    memcpy(&a->guard, &outer->guard, sizeof a->guard);
    a->guarded = outer->guarded;
}

_Noreturn void arena_fail(struct arena *a) {
    if (!a->guarded) {
        if (err_end_silently) err_end_silently(true);
        fprintf(stderr, "gradus: out of memory (%zu of %zu bytes in use)\n", a->used, a->cap);
        exit(2);
    }
    a->guarded = false;
    longjmp(a->guard, 1);
}

_Noreturn void arena_starve(struct arena *a) {
    a->starved = true;
    arena_fail(a);
}

static struct arena_chunk *new_chunk(struct arena *a, size_t size) {
    size_t want = size > CHUNK_SIZE / 2 ? size : CHUNK_SIZE - sizeof(struct arena_chunk);
    if (want > a->cap || a->used > a->cap - want) arena_fail(a);
    struct arena_chunk *c = chunk_get(sizeof *c + want);
    if (!c) arena_starve(a);
    c->size = want;
    c->used = 0;
    /* A large block goes behind the current chunk, so that the room left there still serves. */
    if (a->chunks && want == size) {
        c->next = a->chunks->next;
        a->chunks->next = c;
    } else {
        c->next = a->chunks;
        a->chunks = c;
    }
    a->used += want;
    return c;
}

void *arena_raw(struct arena *a, size_t size) {
    if (fail_countdown > 0 && --fail_countdown == 0) {
        failed_as_asked = true;
        arena_starve(a);
    }
    if (size > SIZE_MAX / 2) arena_fail(a);
    size = (size + ALIGN - 1) / ALIGN * ALIGN;
    if (size == 0) size = ALIGN;
    struct arena_chunk *c = a->chunks;
    if (!c || c->size - c->used < size) c = new_chunk(a, size);
    char *p = c->data + c->used;
    c->used += size;
    a->last = p;
    return p;
}

void *arena_alloc(struct arena *a, size_t size) { return memset(arena_raw(a, size), 0, size); }

void *arena_array(struct arena *a, size_t count, size_t size) {
    size_t total;
    if (__builtin_mul_overflow(count, size, &total)) arena_fail(a);
    return arena_alloc(a, total);
}

void *arena_grow(struct arena *a, void *old, size_t old_size, size_t new_size) {
    struct arena_chunk *c = a->chunks;
    if (old && old == a->last && c && (char *)old >= c->data && (char *)old < c->data + c->size) {
        size_t start = (size_t)((char *)old - c->data);
        size_t want = (new_size + ALIGN - 1) / ALIGN * ALIGN;
        if (want >= new_size && want <= c->size - start) {
            if (start + want > c->used) {
                memset(c->data + c->used, 0, start + want - c->used);
                c->used = start + want;
            }
            return old;
        }
    }
    char *p = arena_raw(a, new_size);
    size_t same = !old ? 0 : old_size < new_size ? old_size : new_size;
    if (same) memcpy(p, old, same);
    memset(p + same, 0, new_size - same);
    return p;
}

char *arena_copy(struct arena *a, const char *text, size_t len) {
    if (len == SIZE_MAX) arena_fail(a);
    char *p = arena_raw(a, len + 1);
    if (len) memcpy(p, text, len);
    p[len] = '\0';
    return p;
}

char *arena_dup(struct arena *a, const char *text) {
    return text ? arena_copy(a, text, strlen(text)) : NULL;
}

char *arena_vprintf(struct arena *a, const char *format, va_list args) {
    va_list again;
    va_copy(again, args);
    /* Most texts fit into what is left of the chunk: then it is formatted only once. */
    struct arena_chunk *c = a->chunks;
    size_t room = c ? c->size - c->used : 0;
    char *here = room ? c->data + c->used : NULL;
    int n = vsnprintf(here, room, format, args);
    char *p = n < 0 ? NULL : arena_raw(a, (size_t)n + 1);
    if (p && (p != here || (size_t)n >= room)) vsnprintf(p, (size_t)n + 1, format, again);
    va_end(again);
    if (!p && errno == ENOMEM) arena_starve(a); /* vsnprintf itself found no memory */
    if (!p) arena_fail(a);                      /* the text is longer than INT_MAX */
    return p;
}

char *arena_printf(struct arena *a, const char *format, ...) {
    va_list args;
    va_start(args, format);
    char *p = arena_vprintf(a, format, args);
    va_end(args);
    return p;
}

void arena_defer(struct arena *a, void (*release)(void *), void *thing) {
    if (!thing) return;
    /* The record comes from malloc: an arena that is full would leave before `thing` is released.
     */
    bool asked = fail_countdown > 0 && --fail_countdown == 0;
    struct arena_deferred *d = asked ? NULL : malloc(sizeof *d);
    if (!d) {
        failed_as_asked = asked;
        release(thing);
        arena_starve(a);
    }
    d->release = release;
    d->thing = thing;
    d->next = a->deferred;
    a->deferred = d;
}

static void release_scratch(void *scratch) { arena_release(scratch); }

struct arena *arena_scratch(struct arena *owner, size_t cap) {
    struct arena *scratch = NEW(owner, struct arena);
    arena_init(scratch, cap);
    arena_defer(owner, release_scratch, scratch);
    return scratch;
}
