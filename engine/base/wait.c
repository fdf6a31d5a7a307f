/* Waiting by the monotonic clock. */
#include "base/wait.h"

#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <time.h>

#include "base/clock.h"

int wait_init(pthread_cond_t *cond) {
    pthread_condattr_t monotonic;
    int e = pthread_condattr_init(&monotonic);
    if (e != 0) return e;
    e = pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
    if (e == 0) e = pthread_cond_init(cond, &monotonic);
    pthread_condattr_destroy(&monotonic);
    return e;
}

struct timespec wait_until(int64_t ms) {
    struct timespec t;
    if (ms < 0) ms = 0; /* a negative tv_nsec would make each wait fail at once, for ever */
    clock_gettime(CLOCK_MONOTONIC, &t);
    t.tv_sec += (time_t)(ms / 1000);
    t.tv_nsec += (long)(ms % 1000) * 1000000L;
    if (t.tv_nsec >= 1000000000L) {
        t.tv_sec++;
        t.tv_nsec -= 1000000000L;
    }
    return t;
}

bool wait_for(pthread_cond_t *cond, pthread_mutex_t *lock, const struct timespec *until) {
    return pthread_cond_timedwait(cond, lock, until) == 0;
}

int wait_ready(struct pollfd *fds, size_t count, int64_t end_ms) {
    for (;;) {
        int64_t left = end_ms - clock_monotonic_ms();
        if (left <= 0) return 0;
        int n = poll(fds, (nfds_t)count, left > INT_MAX ? INT_MAX : (int)left);
        if (n > 0 || (n < 0 && errno != EINTR)) return n;
    }
}

bool wait_step(int64_t step_us, int64_t end_ms) {
    if (clock_monotonic_ms() >= end_ms) return false;
    struct timespec step = {(time_t)(step_us / 1000000), (long)(step_us % 1000000) * 1000};
    (void)nanosleep(&step, NULL); /* a signal only makes the caller check sooner */
    return true;
}
