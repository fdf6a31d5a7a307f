/* A wall clock that is set, against time that passes: steps of every size, a machine that sleeps,
 * new starts. */
#include "unit/check.h"

#include "base/clock.h"
#include "base/clock_watch.h"

#define BOOT_A "11111111-2222-3333-4444-555555555555"
#define BOOT_B "99999999-2222-3333-4444-555555555555"
#define T0 ((int64_t)1708992000000) /* 2024-02-27T00:00:00Z: a leap year */

/* A machine: what its two clocks say. */
static struct clock_reading machine;
static void pass(int64_t ms) { machine.wall_ms += ms, machine.boot_ms += ms; }
static void step(int64_t ms) { machine.wall_ms += ms; }

static struct clock_watch begun(void) {
    struct clock_watch w;
    machine = (struct clock_reading){T0, 5000};
    clock_watch_begin(&w, NULL, BOOT_A, machine);
    return w;
}
static int64_t trusted(const struct clock_watch *w) {
    return clock_watch_trusted(w, machine.boot_ms);
}

static void test_nothing_happens(void **state) {
    (void)state;
    struct clock_watch w = begun();
    for (int i = 0; i < 100000; i++) {
        pass(500);
        assert_int_equal(clock_watch_look(&w, machine), CLOCK_SAME);
    }
    assert_int_equal(trusted(&w), machine.wall_ms);
}

/* RULE clock-tolerance */
static void test_tolerance(void **state) {
    (void)state;
    for (int sign = -1; sign <= 1; sign += 2) {
        struct clock_watch w = begun();
        step(sign * 2000);
        assert_int_equal(clock_watch_look(&w, machine), CLOCK_SAME);
        assert_int_equal(trusted(&w), T0);
        step(sign * 1);
        assert_int_equal(clock_watch_look(&w, machine), CLOCK_WRONG);
        assert_int_equal(w.off_ms, sign * 2001);
    }
}

static void test_steps_and_back(void **state) {
    (void)state;
    static const int64_t steps[] = {30 * MS_SECOND, -30 * MS_SECOND, 2 * MS_HOUR,    -2 * MS_HOUR,
                                    MS_DAY,         -MS_DAY,         -20000 * MS_DAY};
    for (size_t i = 0; i < sizeof steps / sizeof *steps; i++) {
        struct clock_watch w = begun();
        pass(MS_HOUR);
        step(steps[i]);
        assert_int_equal(clock_watch_look(&w, machine), CLOCK_WRONG);
        assert_true(w.wrong);
        assert_int_equal(w.off_ms, steps[i]);
        assert_int_equal(w.since_ms, T0 + MS_HOUR);
        pass(3 * MS_SECOND);
        assert_int_equal(clock_watch_look(&w, machine), CLOCK_SAME); /* told once */
        assert_int_equal(trusted(&w), T0 + MS_HOUR + 3 * MS_SECOND);
        step(-steps[i]);
        assert_int_equal(clock_watch_look(&w, machine), CLOCK_RIGHT);
        assert_false(w.wrong);
        assert_int_equal(trusted(&w), machine.wall_ms);
        assert_int_equal(clock_watch_look(&w, machine), CLOCK_SAME);
    }
}

/* RULE clock-follow */
static void test_follows_what_stays(void **state) {
    (void)state;
    struct clock_watch w = begun();
    step(-2 * MS_HOUR);
    assert_int_equal(clock_watch_look(&w, machine), CLOCK_WRONG);
    pass(10 * MS_MINUTE - 1);
    assert_int_equal(clock_watch_look(&w, machine), CLOCK_SAME);
    pass(1);
    assert_int_equal(clock_watch_look(&w, machine), CLOCK_FOLLOW);
    assert_int_equal(clock_watch_look(&w, machine), CLOCK_FOLLOW); /* until it was */
    int64_t before = trusted(&w);
    clock_watch_followed(&w, w.off_ms);
    assert_int_equal(trusted(&w), before - 2 * MS_HOUR);
    assert_int_equal(trusted(&w), machine.wall_ms);
    assert_int_equal(clock_watch_look(&w, machine), CLOCK_SAME);
}

static void test_another_step_waits_anew(void **state) {
    (void)state;
    struct clock_watch w = begun();
    step(MS_DAY);
    assert_int_equal(clock_watch_look(&w, machine), CLOCK_WRONG);
    pass(9 * MS_MINUTE);
    step(-MS_HOUR);
    assert_int_equal(clock_watch_look(&w, machine), CLOCK_WRONG);
    assert_int_equal(w.off_ms, 23 * MS_HOUR);
    assert_int_equal(w.since_ms, T0); /* wrong since the first */
    pass(9 * MS_MINUTE);
    assert_int_equal(clock_watch_look(&w, machine), CLOCK_SAME);
    pass(MS_MINUTE);
    assert_int_equal(clock_watch_look(&w, machine), CLOCK_FOLLOW);
}

/* A machine that sleeps: both clocks have gone on. */
static void test_suspended(void **state) {
    (void)state;
    struct clock_watch w = begun();
    pass(8 * MS_HOUR);
    assert_int_equal(clock_watch_look(&w, machine), CLOCK_SAME);
    assert_int_equal(trusted(&w), T0 + 8 * MS_HOUR);
    /* One that was frozen from outside, and put right by its host afterwards: time has stood still
     * for all in it. */
    step(8 * MS_HOUR);
    assert_int_equal(clock_watch_look(&w, machine), CLOCK_WRONG);
    assert_int_equal(trusted(&w), T0 + 8 * MS_HOUR);
}

static void test_leap_day_and_leap_second(void **state) {
    (void)state;
    struct clock_watch w = begun();
    struct arena a;
    arena_init(&a, 1 << 20);
    pass(2 * MS_DAY + 12 * MS_HOUR);
    assert_int_equal(clock_watch_look(&w, machine), CLOCK_SAME);
    assert_string_equal(time_iso(&a, trusted(&w)), "2024-02-29T12:00:00Z");
    pass(MS_DAY);
    assert_int_equal(clock_watch_look(&w, machine), CLOCK_SAME);
    assert_string_equal(time_iso(&a, trusted(&w)), "2024-03-01T12:00:00Z");
    step(-MS_SECOND); /* 23:59:59 twice */
    assert_int_equal(clock_watch_look(&w, machine), CLOCK_SAME);
    arena_release(&a);
}

/* ---- New starts
 * ------------------------------------------------------------------------------------- */

static struct clock_mark mark_now(const struct clock_watch *w, const char *boot) {
    struct clock_mark m = {.trusted_ms = trusted(w), .boot_ms = machine.boot_ms};
    snprintf(m.boot_id, sizeof m.boot_id, "%s", boot);
    return m;
}

static void test_restart_of_the_program(void **state) {
    (void)state;
    struct clock_watch w = begun(), next;
    struct clock_mark m = mark_now(&w, BOOT_A);
    pass(MS_MINUTE);
    step(MS_DAY); /* while nothing ran */
    clock_watch_begin(&next, &m, BOOT_A, machine);
    assert_int_equal(trusted(&next), T0 + MS_MINUTE);
    assert_false(clock_watch_settling(&next, machine.boot_ms));
    assert_int_equal(clock_watch_look(&next, machine), CLOCK_WRONG);
    assert_int_equal(next.off_ms, MS_DAY);
}

static void test_restart_of_the_machine(void **state) {
    (void)state;
    struct clock_watch w = begun(), next;
    struct clock_mark m = mark_now(&w, BOOT_A);
    machine = (struct clock_reading){T0 + MS_HOUR, 900};
    clock_watch_begin(&next, &m, BOOT_B, machine);
    assert_int_equal(trusted(&next), T0 + MS_HOUR); /* down for an hour */
    assert_true(clock_watch_settling(&next, machine.boot_ms + CLOCK_SETTLE_MS - 1));
    assert_false(clock_watch_settling(&next, machine.boot_ms + CLOCK_SETTLE_MS));
    /* RULE clock-settle: the clock of the board was half an hour ahead, NTP puts it right. */
    pass(CLOCK_SETTLE_MS - MS_SECOND);
    step(-MS_HOUR / 2);
    assert_int_equal(clock_watch_look(&next, machine), CLOCK_WRONG);
    assert_int_equal(clock_watch_look(&next, machine), CLOCK_FOLLOW);
    clock_watch_followed(&next, next.off_ms);
    pass(MS_SECOND);
    step(MS_DAY); /* settled: from now on a step is doubted */
    assert_int_equal(clock_watch_look(&next, machine), CLOCK_WRONG);
    assert_int_equal(clock_watch_look(&next, machine), CLOCK_SAME);
    /* A board without a battery says 1970: no time before what was already seen. */
    machine = (struct clock_reading){0, 900};
    clock_watch_begin(&next, &m, BOOT_B, machine);
    assert_int_equal(trusted(&next), T0);
    /* The same id with less time is no continuation; nor is an id that nobody knows. */
    machine = (struct clock_reading){T0 + MS_HOUR, 100};
    clock_watch_begin(&next, &m, BOOT_A, machine);
    assert_int_equal(trusted(&next), T0 + MS_HOUR);
    m.boot_id[0] = '\0';
    machine.boot_ms = 6000;
    clock_watch_begin(&next, &m, "", machine);
    assert_int_equal(trusted(&next), T0 + MS_HOUR);
}

/* RULE clock-floor: a board without a battery says 1970, for as long as no NTP server answers. */
static void test_never_before_the_mark(void **state) {
    (void)state;
    struct clock_watch w = begun(), next;
    struct clock_mark m = mark_now(&w, BOOT_A);
    machine = (struct clock_reading){0, 900};
    clock_watch_begin(&next, &m, BOOT_B, machine);
    assert_int_equal(clock_watch_look(&next, machine), CLOCK_WRONG);
    for (int i = 0; i < 2 * (int)(CLOCK_FOLLOW_AFTER_MS / 500); i++) {
        pass(500);
        assert_int_equal(clock_watch_look(&next, machine), CLOCK_SAME);
    }
    assert_int_equal(trusted(&next), T0 + machine.boot_ms - 900);
    /* When one does, long after the start: as any other clock that was set. */
    step(T0 + MS_HOUR);
    assert_int_equal(clock_watch_look(&next, machine), CLOCK_WRONG);
    pass(CLOCK_FOLLOW_AFTER_MS);
    assert_int_equal(clock_watch_look(&next, machine), CLOCK_FOLLOW);

    /* While settling: to the mark, and not to a moment before it. */
    for (int late = 0; late <= 1; late++) {
        machine = (struct clock_reading){T0 + MS_DAY, 900};
        clock_watch_begin(&next, &m, BOOT_B, machine);
        step(-MS_DAY - 1 + late);
        assert_int_equal(clock_watch_look(&next, machine), CLOCK_WRONG);
        assert_int_equal(clock_watch_look(&next, machine), late ? CLOCK_FOLLOW : CLOCK_SAME);
    }
}

static void test_this_machine(void **state) {
    (void)state;
    struct clock_reading r;
    char id[CLOCK_BOOT_ID_BYTES];
    clock_boot_id(id);
    assert_int_equal(strlen(id), 36);
    while (!clock_read(&r))
        ;
    assert_true(r.boot_ms >= clock_monotonic_ms() - MS_MINUTE);
    /* The academy's time is what was set, and passes; the wall clock stays the machine's. */
    clock_set(T0 - r.boot_ms);
    assert_in_range(clock_now_ms(), T0, T0 + MS_MINUTE);
    assert_true(clock_wall_ms() > T0 + MS_DAY);
    clock_unset();
    assert_true(clock_now_ms() > T0 + MS_DAY);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_nothing_happens),
        cmocka_unit_test(test_tolerance),
        cmocka_unit_test(test_steps_and_back),
        cmocka_unit_test(test_follows_what_stays),
        cmocka_unit_test(test_another_step_waits_anew),
        cmocka_unit_test(test_suspended),
        cmocka_unit_test(test_leap_day_and_leap_second),
        cmocka_unit_test(test_restart_of_the_program),
        cmocka_unit_test(test_restart_of_the_machine),
        cmocka_unit_test(test_never_before_the_mark),
        cmocka_unit_test(test_this_machine),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
