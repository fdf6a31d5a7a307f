/* What fuzz targets share. A target defines fuzz_one(arena, data, size) and includes this; it may
 * leave through the arena's guard. `data` is exactly `size` bytes on the heap: a byte read beyond
 * them is a crash. */
#ifndef GR_FUZZ_H
#define GR_FUZZ_H

#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/err.h"

static void fuzz_one(struct arena *a, const char *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    struct arena a;
    char *copy = malloc(size ? size : 1);
    if (!copy) return 0;
    memcpy(copy, data, size);
    arena_init(&a, (size_t)64 << 20);
    if (ARENA_GUARD(&a) == 0) fuzz_one(&a, copy, size);
    arena_release(&a);
    free(copy);
    return 0;
}

#endif
