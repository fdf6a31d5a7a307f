/* Waiting that ends when it should: not before its moment, and at once when there is nothing to
 * wait for. */
#include "unit/check.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <sys/time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/wait.h"

static void nothing(int signal) { (void)signal; }

static void test_ready(void **state) {
    (void)state;
    int ends[2];
    assert_int_equal(pipe(ends), 0);
    struct pollfd f[2] = {{.fd = ends[0], .events = POLLIN}, {.fd = ends[1], .events = POLLOUT}};
    assert_int_equal(wait_ready(f, 1, clock_monotonic_ms()), 0);
    assert_int_equal(wait_ready(f, 2, INT64_MAX), 1);
    assert_true(f[1].revents & POLLOUT);
    assert_int_equal(write(ends[1], "x", 1), 1);
    assert_int_equal(wait_ready(f, 2, INT64_MAX), 2);
    /* A moment that has come goes before what is there. */
    assert_int_equal(wait_ready(f, 1, 0), 0);
#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__) /* they look at each of them   \
                                                                     */
    assert_int_equal(wait_ready(f, SIZE_MAX, INT64_MAX), -1);
    assert_int_equal(errno, EINVAL);
#endif
    char byte;
    assert_int_equal(read(ends[0], &byte, 1), 1);
    close(ends[1]);
    assert_int_equal(wait_ready(f, 1, INT64_MAX), 1);
    assert_true(f[0].revents & POLLHUP);
    close(ends[0]);
}

/* A signal a millisecond, without SA_RESTART, does not cut a wait short. */
static void test_signals(void **state) {
    (void)state;
    int ends[2];
    struct sigaction quiet = {.sa_handler = nothing}, was;
    const struct itimerval each = {{0, 1000}, {0, 1000}}, none = {0};
    assert_int_equal(pipe(ends), 0);
    assert_int_equal(sigaction(SIGALRM, &quiet, &was), 0);
    assert_int_equal(setitimer(ITIMER_REAL, &each, NULL), 0);
    struct pollfd f = {.fd = ends[0], .events = POLLIN};
    int64_t end_ms = clock_monotonic_ms() + 30;
    assert_int_equal(wait_ready(&f, 1, end_ms), 0);
    assert_true(clock_monotonic_ms() >= end_ms);
    setitimer(ITIMER_REAL, &none, NULL);
    sigaction(SIGALRM, &was, NULL);
    close(ends[0]);
    close(ends[1]);
}

static void test_step(void **state) {
    (void)state;
    assert_false(wait_step(60 * 1000000, clock_monotonic_ms()));
    int64_t before_us = clock_monotonic_us();
    assert_true(wait_step(1500, INT64_MAX));
    assert_true(clock_monotonic_us() - before_us >= 1500);
}

int main(void) {
    const struct CMUnitTest tests[] = {TEST(test_ready), TEST(test_signals), TEST(test_step)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
