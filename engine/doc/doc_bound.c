/* The bound on a parse's time, kept by the allocator that the parser uses. */
#include "doc/doc_bound.h"

#include <string.h>
#include <time.h>

#include "doc/doc_memory.h"

/* A text of 2 MiB without tricks is parsed in a tenth of what it gets. */
#define BASE_NS ((int64_t)250 * 1000 * 1000)
#define BYTE_NS ((int64_t)500)
#define LOOK_EVERY 16 /* allocations: asking the clock costs more than most of them */

struct bound {
    struct arena *arena; /* NULL: no bound */
    int64_t end_ns;
    unsigned count;
    bool expired;
};

static _Thread_local struct bound bound;

static int64_t computed_ns(void) {
    struct timespec t = {0, 0};
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
    return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

void bound_begin(struct arena *a, size_t len) {
    bound = (struct bound){.arena = a, .end_ns = computed_ns() + BASE_NS + (int64_t)len * BYTE_NS};
}

bool bound_end(void) {
    bool expired = bound.expired;
    bound = (struct bound){.arena = NULL};
    return expired;
}

static void look(void) {
    if (!bound.arena || ++bound.count % LOOK_EVERY || computed_ns() < bound.end_ns) return;
    struct arena *a = bound.arena;
    bound.expired = true;
    bound.arena = NULL;
    arena_fail(a);
}

static void *allocate(size_t count, size_t size) {
    look();
    return tree_memory.calloc(count, size);
}

static void *resize(void *data, size_t size) {
    look();
    return tree_memory.realloc(data, size);
}

static void release(void *data) { tree_memory.free(data); }

cmark_mem bounded_memory = {.calloc = allocate, .realloc = resize, .free = release};

static bool is_blank(const char *line, size_t n) {
    for (size_t i = 0; i < n; i++)
        if (line[i] != ' ' && line[i] != '\t') return false;
    return true;
}

int bound_suspect(const char *text, size_t len) {
    int line = 1, first = 1, suspect = 1;
    size_t longest = 0, stretch = 0;
    for (size_t at = 0; at < len; line++) {
        const char *nl = memchr(text + at, '\n', len - at);
        size_t n = nl ? (size_t)(nl - text) - at : len - at;
        bool blank = is_blank(text + at, n);
        if (blank) {
            stretch = 0;
            first = line + 1;
        } else stretch += n + 1;
        if (stretch > longest) {
            longest = stretch;
            suspect = first;
        }
        at += n + 1;
    }
    return suspect;
}
