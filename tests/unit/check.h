/* What unit tests share: cmocka's header with what it needs, and an arena per test. */
#ifndef GR_TEST_CHECK_H
#define GR_TEST_CHECK_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"

/* For cmocka_unit_test_setup_teardown: *state is an arena of 64 MiB. */
static inline int arena_setup(void **state) {
    struct arena *a = malloc(sizeof *a);
    if (!a) return -1;
    arena_init(a, (size_t)64 << 20);
    *state = a;
    return 0;
}

static inline int arena_teardown(void **state) {
    arena_release(*state);
    free(*state);
    return 0;
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, arena_setup, arena_teardown)

#endif
