/* The queue of what is to come: its order, and taking back what was put on it. */
#include "unit/check.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "sandbox/state.h"

/* All that is due, in its order: "ref@time". */
static const char *drained(struct lab_state *s, struct arena *a) {
    struct buf b;
    struct due d;
    buf_init(&b, a);
    while (due_take(s, INT64_MAX, &d)) {
        buf_printf(&b, "%s%lld@%lld", b.len ? " " : "", (long long)d.ref, (long long)d.at_ms);
        due_release(&d);
    }
    return buf_text(&b);
}

static struct lab_state *empty(struct arena *a) { return NEW(a, struct lab_state); }

static void add(struct lab_state *s, int64_t at_ms, enum due_priority priority, int64_t ref) {
    due_add(s, at_ms, priority, DUE_SCHEDULE, ref, "r1", NULL);
}

/* RULE lab-queue: time, then priority, then the order in which they came. */
static void test_order(void **state) {
    struct lab_state *s = empty(*state);
    struct due d;
    add(s, 20, DUE_FIRST, 1);
    add(s, 10, DUE_RULE, 2);
    add(s, 10, DUE_RULE, 3);
    add(s, 10, DUE_WORLD, 4);
    add(s, 10, DUE_FIRST, 5);
    add(s, 9, DUE_RULE, 6);
    assert_false(due_take(s, 8, &d));
    assert_true(due_take(s, 9, &d));
    assert_int_equal(d.ref, 6);
    due_release(&d);
    assert_false(due_take(s, 9, &d));
    assert_string_equal(drained(s, *state), "5@10 4@10 2@10 3@10 1@20");
    due_free(s);
}

/* Many, in any order, against the order of their sorting. */
static void test_many(void **state) {
    enum { COUNT = 3000 };
    struct lab_state *s = empty(*state);
    struct due d;
    int64_t last = -1;
    for (int i = 0; i < COUNT; i++)
        add(s, (int64_t)(lab_hash64(7, "time", "", i) % 500), DUE_RULE, i);
    for (int i = 0; i < COUNT; i += 3) due_drop(s, DUE_SCHEDULE, i);
    for (int i = 0; i < COUNT; i += 3) due_drop(s, DUE_WAIT, i + 1); /* of another kind: none */
    for (int i = 0; i < COUNT - COUNT / 3; i++) {
        assert_true(due_take(s, INT64_MAX, &d));
        assert_true(d.ref % 3 != 0);
        assert_true(d.at_ms * COUNT + d.ref > last); /* the refs ascend as the sequence does */
        last = d.at_ms * COUNT + d.ref;
        due_release(&d);
    }
    assert_false(due_take(s, INT64_MAX, &d));
    due_free(s);
}

/* What stands between savepoints is taken back, with what was dropped. */
static void test_undo(void **state) {
    for (int way = 0; way < 4; way++) {
        bool outer_undo = way & 1, inner_undo = way & 2;
        struct lab_state *s = empty(*state);
        add(s, 1, DUE_RULE, 1);
        add(s, 2, DUE_RULE, 2);
        int outer = due_savepoint(s);
        due_drop(s, DUE_SCHEDULE, 1);
        add(s, 3, DUE_RULE, 3);
        int inner = due_savepoint(s);
        due_drop(s, DUE_SCHEDULE, 3);
        due_drop(s, DUE_SCHEDULE, 2);
        add(s, 4, DUE_RULE, 4);
        due_settle(s, inner, inner_undo);
        due_settle(s, outer, outer_undo);
        assert_int_equal(s->due.change_count, 0);
        assert_string_equal(drained(s, *state), outer_undo   ? "1@1 2@2"
                                                : inner_undo ? "2@2 3@3"
                                                             : "4@4");
        due_free(s);
    }
}

static void test_the_first_of_a_kind(void **state) {
    struct lab_state *s = empty(*state);
    assert_int_equal(due_first_ms(s, DUE_SCHEDULE), 0);
    due_add(s, 5, DUE_RULE, DUE_WAIT, 0, NULL, NULL);
    add(s, 9, DUE_RULE, 1);
    add(s, 7, DUE_RULE, 2);
    assert_int_equal(due_first_ms(s, DUE_SCHEDULE), 7);
    due_free(s);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(test_order),
        TEST(test_many),
        TEST(test_undo),
        TEST(test_the_first_of_a_kind),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
