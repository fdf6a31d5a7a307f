/* One arena for all tests of a file. Include it first. */
#ifndef GR_TEST_ACCOUNT_FIXTURE_H
#define GR_TEST_ACCOUNT_FIXTURE_H

#include "unit/check.h"

#include "base/codec.h"

static struct arena arena;

static int setup(void **state) {
    (void)state;
    codec_start();
    arena_init(&arena, (size_t)64 << 20);
    return 0;
}

static int teardown(void **state) {
    (void)state;
    arena_release(&arena);
    return 0;
}

#endif
