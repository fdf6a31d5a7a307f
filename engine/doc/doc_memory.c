/* Memory of syntax trees: each block comes from the thread's arena or from the heap (and its
 * reserve), and knows from which. */
#include "doc/doc_memory.h"

#include <string.h>

#include "base/err.h"
#include "base/reserve.h"

struct block {
    size_t size;
    bool on_heap;
    _Alignas(max_align_t) char data[];
};

static _Thread_local struct arena *current;

struct arena *tree_memory_from(struct arena *a) {
    struct arena *before = current;
    current = a;
    return before;
}

static struct block *block_of(void *data) {
    return (struct block *)((char *)data - offsetof(struct block, data));
}

static void *allocate(size_t count, size_t size) {
    size_t total, whole;
    BUG_IF(__builtin_mul_overflow(count, size, &total) ||
           __builtin_add_overflow(total, sizeof(struct block), &whole));
    struct block *b = current ? arena_alloc(current, whole) : reserve_alloc(whole);
    /* The library cannot be told that memory is out. Outside of an arena it asks for single nodes
     * only, and the server takes no new requests while the reserve runs low. */
    if (!b) BUG("out of memory, and the reserve is used up");
    if (!current) memset(b, 0, whole);
    b->size = total;
    b->on_heap = !current;
    return b->data;
}

static void release(void *data) {
    if (data && block_of(data)->on_heap) reserve_free(block_of(data));
}

static void *resize(void *data, size_t size) {
    if (!data) return allocate(1, size);
    struct block *b = block_of(data);
    if (!b->on_heap && current && size < SIZE_MAX / 2) {
        b = arena_grow(current, b, sizeof *b + b->size, sizeof *b + size);
        b->size = size;
        return b->data;
    }
    void *moved = allocate(1, size);
    memcpy(moved, data, b->size < size ? b->size : size);
    release(data);
    return moved;
}

cmark_mem tree_memory = {.calloc = allocate, .realloc = resize, .free = release};
