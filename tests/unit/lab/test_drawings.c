/* Where boxes, arrows, bars and points stand. */
#include "unit/check.h"

#include "base/text.h"
#include "lab/lab_chart.h"
#include "lab/lab_diagram.h"
#include "labmodel/lab_random.h"

static struct diagram_node node(int next, int other) {
    return (struct diagram_node){.next = next, .other = other};
}

/* RULE lab-diagram: a node stands below all that lead to it. */
static void test_a_branch_that_meets_again(void **state) {
    struct diagram_node n[] = {node(1, 2), node(3, -1), node(1, -1), node(-1, -1)};
    struct diagram_size size = diagram_layout(n, 4);
    assert_int_equal(n[0].row, 0);
    assert_int_equal(n[2].row, 1);
    assert_int_equal(n[1].row, 2); /* not beside node 2, which leads to it */
    assert_int_equal(n[3].row, 3);
    assert_int_equal(size.rows, 4);
    assert_int_equal(n[0].column, 0);
    assert_int_equal(n[2].column, 1);
    assert_int_equal(n[1].column, 0);
    assert_true(n[0].next_lane > 0); /* it goes past a row */
    assert_int_equal(n[0].other_lane, 0);
    assert_string_equal(diagram_arrow(n, 1, false, *state), "M96 284V324");
}

static void test_arrows_back_and_what_nothing_leads_to(void **state) {
    (void)state;
    struct diagram_node n[] = {node(1, -1), node(2, -1), node(-1, 0), node(3, -1)};
    struct diagram_size size = diagram_layout(n, 4);
    assert_int_equal(n[2].row, 2);
    assert_true(n[2].other_lane > 0);
    assert_int_equal(n[3].row, 3); /* leads to itself, and nothing to it */
    assert_true(n[3].next_lane > 0);
    assert_int_equal(size.rows, 4);
    assert_int_equal(diagram_layout(n, 0).rows, 0);
}

static void test_no_two_at_one_place(void **state) {
    (void)state;
    struct diagram_node n[DIAGRAM_NODES];
    for (int64_t seed = 0; seed < 60; seed++) {
        int count = 1 + (int)(lab_hash64(seed, "count", "", 0) % DIAGRAM_NODES);
        for (int i = 0; i < count; i++)
            n[i] = node((int)(lab_hash64(seed, "next", "", i) % (uint64_t)(count + 1)) - 1,
                        (int)(lab_hash64(seed, "other", "", i) % (uint64_t)(count + 1)) - 1);
        struct diagram_size size = diagram_layout(n, count);
        for (int i = 0; i < count; i++) {
            assert_true(n[i].row >= 0 && n[i].row < size.rows);
            assert_true(n[i].column >= 0 && n[i].column < size.columns);
            for (int k = 0; k < i; k++)
                assert_false(n[i].row == n[k].row && n[i].column == n[k].column);
        }
    }
}

/* RULE lab-chart-zero: bars begin at 0, also where numbers are less. */
static void test_bars(void **state) {
    (void)state;
    const int64_t up[] = {5, 10, 0}, both[] = {-10, 30}, none[] = {0, 0};
    struct chart_scale s = chart_scale(up, 3, 100);
    assert_int_equal(s.zero, 0);
    assert_int_equal(chart_place(&s, 10, 100), 100);
    assert_int_equal(chart_place(&s, 5, 100), 50);
    s = chart_scale(both, 2, 100);
    assert_int_equal(s.zero, 25);
    assert_int_equal(chart_place(&s, -10, 100), 0);
    s = chart_scale(none, 2, 100);
    assert_int_equal(chart_place(&s, 0, 100), 0);
}

static void test_numbers_at_the_end(void **state) {
    (void)state;
    const int64_t wide[] = {INT64_MAX, INT64_MIN, 0};
    struct chart_scale s = chart_scale(wide, 3, 100);
    assert_int_equal(chart_place(&s, INT64_MAX, 100), 100);
    assert_int_equal(chart_place(&s, INT64_MIN, 100), 0);
    assert_in_range(s.zero, 49, 51);
}

static void test_a_line(void **state) {
    const int64_t values[] = {0, 10, 5};
    struct chart_scale s = chart_scale(values, 3, CHART_HEIGHT - 2 * CHART_EDGE);
    assert_string_equal(chart_line(&s, values, 3, *state), "12,188 240,12 468,100");
    assert_int_equal(chart_x(0, 1), CHART_EDGE);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(test_a_branch_that_meets_again), TEST(test_arrows_back_and_what_nothing_leads_to),
        TEST(test_no_two_at_one_place),       TEST(test_bars),
        TEST(test_numbers_at_the_end),        TEST(test_a_line)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
