/* An allocator that refuses one allocation: the nth from the moment when a test asked for it. A
 * unit test includes it and sets `order` itself; failing_memory.c makes it a library to be
 * preloaded into the engine.
 *
 * The file named by GRADUS_FAILING_MEMORY holds two int64 in the machine's order, mapped by every
 * process that inherits the variable: how many allocations are still to come until one is refused
 * (0: none), and how many have been refused. */
#ifndef GR_FAILING_MEMORY_H
#define GR_FAILING_MEMORY_H

#include <errno.h>
#include <fcntl.h>
#include <malloc.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

/* glibc's own, under their inner names: looking them up with dlsym would allocate. */
extern void *__libc_malloc(size_t size);
extern void *__libc_calloc(size_t count, size_t size);
extern void *__libc_realloc(void *old, size_t size);
extern void *__libc_memalign(size_t alignment, size_t size);

struct order {
    _Atomic long long left, refused;
};
static struct order nobody;
static struct order *order = &nobody;

__attribute__((constructor)) static void map_order(void) {
    const char *name = getenv("GRADUS_FAILING_MEMORY");
    int fd = name ? open(name, O_RDWR | O_CLOEXEC) : -1;
    if (fd < 0) return;
    void *p = mmap(NULL, sizeof *order, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    close(fd);
    if (p != MAP_FAILED) order = p;
}

static int is_refused(void) {
    if (atomic_load_explicit(&order->left, memory_order_relaxed) <= 0) return 0;
    if (atomic_fetch_sub(&order->left, 1) != 1) return 0;
    atomic_fetch_add(&order->refused, 1);
    errno = ENOMEM;
    return 1;
}

void *malloc(size_t size) { return is_refused() ? NULL : __libc_malloc(size); }
void *calloc(size_t count, size_t size) { return is_refused() ? NULL : __libc_calloc(count, size); }
void *realloc(void *old, size_t size) { return is_refused() ? NULL : __libc_realloc(old, size); }
void *memalign(size_t alignment, size_t size) {
    return is_refused() ? NULL : __libc_memalign(alignment, size);
}
void *aligned_alloc(size_t alignment, size_t size) {
    return is_refused() ? NULL : __libc_memalign(alignment, size);
}
int posix_memalign(void **out, size_t alignment, size_t size) {
    void *p = is_refused() ? NULL : __libc_memalign(alignment, size);
    if (!p) return ENOMEM;
    *out = p;
    return 0;
}

#endif
