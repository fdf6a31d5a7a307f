/* The arena: its cap, its way out, what it defers, and every allocation failing in turn. */
#include "unit/check.h"

#include "base/buf.h"

static int released[8], released_count;

static void note_release(void *thing) { released[released_count++] = *(int *)thing; }

static void test_zeroed_and_aligned(void **state) {
    struct arena *a = *state;
    for (size_t size = 0; size < 300; size++) {
        char *p = arena_alloc(a, size);
        assert_int_equal((uintptr_t)p % _Alignof(max_align_t), 0);
        for (size_t i = 0; i < size; i++) assert_int_equal(p[i], 0);
        memset(p, 0xAA, size);
    }
}

/* Chunks are used again: what an earlier arena left in them may not show. */
static void test_reused_memory_is_zeroed(void **state) {
    (void)state;
    for (int round = 0; round < 4; round++) {
        struct arena a;
        arena_init(&a, 1 << 20);
        for (int i = 0; i < 100; i++) {
            unsigned char *p = arena_alloc(&a, 1000);
            for (int k = 0; k < 1000; k++) assert_int_equal(p[k], 0);
            memset(p, 0x5A, 1000);
        }
        arena_release(&a);
        assert_int_equal(a.used, 0);
    }
}

static void test_cap_leaves_through_guard(void **state) {
    (void)state;
    struct arena a;
    arena_init(&a, 100 * 1024);
    volatile int left = 0;
    if (ARENA_GUARD(&a) == 0) {
        for (int i = 0; i < 1000; i++) arena_alloc(&a, 1024);
        fail_msg("the cap of 100 KiB gave 1,000 KiB");
    } else left = 1;
    assert_int_equal(left, 1);
    assert_true(a.used <= 100 * 1024);
    assert_false(a.guarded);
    arena_release(&a);
    /* The arena can be used again. */
    assert_non_null(arena_alloc(&a, 10));
    arena_release(&a);
}

static void test_sizes_that_overflow(void **state) {
    (void)state;
    static const struct {
        size_t count, size;
    } cases[] = {{SIZE_MAX, 1},
                 {SIZE_MAX / 2, 3},
                 {2, SIZE_MAX / 2 + 1},
                 {1, SIZE_MAX - 8},
                 {1, SIZE_MAX / 2 + 1}};
    for (volatile size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct arena a;
        arena_init(&a, SIZE_MAX);
        if (ARENA_GUARD(&a) == 0) {
            (void)arena_array(&a, cases[i].count, cases[i].size);
            fail_msg("case %zu gave memory", i);
        }
        arena_release(&a);
    }
}

static void test_grow_keeps_bytes(void **state) {
    struct arena *a = *state;
    char *p = NULL;
    size_t size = 0;
    for (size_t next = 1; next < 300000; next = next * 3 + 7) {
        char *grown = arena_grow(a, p, size, next);
        for (size_t i = 0; i < size; i++) assert_int_equal((unsigned char)grown[i], i * 7 % 256);
        for (size_t i = size; i < next; i++) grown[i] = (char)(i * 7 % 256);
        p = grown;
        size = next;
    }
    /* In place when nothing came after, elsewhere when something did. */
    char *small = arena_alloc(a, 16), *same = arena_grow(a, small, 16, 64);
    assert_ptr_equal(small, same);
    arena_alloc(a, 1);
    memcpy(same, "sixteen bytes...", 16);
    char *moved = arena_grow(a, same, 64, 128);
    assert_ptr_not_equal(moved, same);
    assert_memory_equal(moved, "sixteen bytes...", 16);
}

static void test_defer_runs_newest_first(void **state) {
    (void)state;
    int things[] = {1, 2, 3};
    struct arena a;
    arena_init(&a, 1 << 20);
    released_count = 0;
    for (int i = 0; i < 3; i++) arena_defer(&a, note_release, &things[i]);
    arena_defer(&a, note_release, NULL);
    assert_int_equal(released_count, 0);
    arena_release(&a);
    assert_int_equal(released_count, 3);
    assert_int_equal(released[0], 3);
    assert_int_equal(released[2], 1);
    arena_release(&a);
    assert_int_equal(released_count, 3);
}

/* When the memory for the note itself is missing, the thing is released before control leaves. */
static void test_defer_that_fails_releases(void **state) {
    (void)state;
    int thing = 7;
    struct arena a;
    arena_init(&a, 1 << 20);
    released_count = 0;
    arena_fail_at(1);
    if (ARENA_GUARD(&a) == 0) {
        arena_defer(&a, note_release, &thing);
        fail_msg("the injected failure did not happen");
    }
    assert_true(arena_failed_as_asked());
    assert_int_equal(released_count, 1);
    arena_release(&a);
    assert_int_equal(released_count, 1);
}

/* A job of many small steps; each of its allocations fails once, and nothing leaks or stays half
 * done. */
static void work(struct arena *a, int *thing) {
    arena_defer(a, note_release, thing);
    struct buf b;
    buf_init(&b, a);
    for (int i = 0; i < 200; i++) buf_printf(&b, "%d,", i);
    char *copy = arena_dup(a, buf_text(&b));
    assert_int_equal(strlen(copy), b.len);
    assert_string_equal(arena_printf(a, "%s-%05d", "x", 42), "x-00042");
}

static void test_nth_allocation_fails(void **state) {
    (void)state;
    int thing = 1;
    volatile long n = 1;
    for (; n < 1000; n++) {
        struct arena a;
        arena_init(&a, 1 << 20);
        released_count = 0;
        arena_fail_at(n);
        volatile bool done = false;
        if (ARENA_GUARD(&a) == 0) {
            work(&a, &thing);
            done = true;
        }
        arena_fail_at(0);
        arena_release(&a);
        assert_int_equal(released_count, 1);
        if (done) break;
    }
    assert_in_range(n, 4, 999);
}

/* Who answers for an arena that was left says "too large" for the one and "memory is short" for the
 * other. */
static void test_starved_is_not_too_large(void **state) {
    (void)state;
    struct arena a;
    for (volatile int way = 0; way < 5; way++) {
        arena_init(&a, way == 3 ? SIZE_MAX : 64 * 1024);
        if (ARENA_GUARD(&a) == 0) {
            assert_false(a.starved);
            if (way == 1) arena_fail_at(1);
            if (way == 4) arena_starve(&a);
            if (way == 3) arena_raw(&a, SIZE_MAX / 2 - 64); /* no machine has that much */
            else arena_raw(&a, way == 0 ? 100 * 1024 : 8);
            if (way == 2) arena_fail(&a);
            fail_msg("case %d went on", way);
        }
        arena_fail_at(0);
        assert_int_equal(a.starved, way == 1 || way == 3 || way == 4);
        arena_release(&a);
    }
}

/* The inner memory goes with the outer one, also when control leaves through the outer guard; and
 * earlier when asked. */
static void test_scratch_goes_with_its_owner(void **state) {
    (void)state;
    static int things[2] = {1, 2};
    struct arena a;
    arena_init(&a, 1 << 20);
    released_count = 0;
    if (ARENA_GUARD(&a) == 0) {
        struct arena *early = arena_scratch(&a, 1 << 16), *late = arena_scratch(&a, 1 << 16);
        arena_defer(early, note_release, &things[0]);
        arena_defer(late, note_release, &things[1]);
        arena_release(early);
        assert_int_equal(released_count, 1);
        arena_fail(&a);
    }
    assert_int_equal(released_count, 1);
    arena_release(&a);
    assert_int_equal(released_count, 2);
    assert_int_equal(released[1], 2);
}

static void test_guard_within_a_guard(void **state) {
    (void)state;
    struct arena a;
    struct arena_guard outer;
    volatile int inner = 0;
    arena_init(&a, 1 << 20);
    if (ARENA_GUARD(&a) == 0) {
        arena_guard_save(&a, &outer);
        if (ARENA_GUARD(&a) == 0) arena_fail(&a);
        inner = 1;
        arena_guard_restore(&a, &outer);
        assert_true(a.guarded);
        arena_fail(&a);
    } else inner++;
    assert_int_equal(inner, 2);
    arena_release(&a);
}

static void test_copies(void **state) {
    struct arena *a = *state;
    assert_null(arena_dup(a, NULL));
    assert_string_equal(arena_dup(a, ""), "");
    char *copy = arena_copy(a, "a\0b", 3);
    assert_memory_equal(copy, "a\0b", 4);
    assert_string_equal(arena_copy(a, NULL, 0), "");
    if (ARENA_GUARD(a) == 0) {
        arena_copy(a, "x", SIZE_MAX);
        fail_msg("a copy of SIZE_MAX bytes");
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(test_zeroed_and_aligned),
        TEST(test_reused_memory_is_zeroed),
        TEST(test_cap_leaves_through_guard),
        TEST(test_sizes_that_overflow),
        TEST(test_grow_keeps_bytes),
        TEST(test_defer_runs_newest_first),
        TEST(test_defer_that_fails_releases),
        TEST(test_nth_allocation_fails),
        TEST(test_starved_is_not_too_large),
        TEST(test_copies),
        TEST(test_scratch_goes_with_its_owner),
        TEST(test_guard_within_a_guard),
        TEST(test_copies),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
