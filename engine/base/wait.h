/* Waiting by the monotonic clock: for condition variables, for descriptors, and by polling. No
 * thread waits by the wall clock: setting that would stop it or make it spin. */
#ifndef GR_BASE_WAIT_H
#define GR_BASE_WAIT_H

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct pollfd;

/* Initialises a condition variable for wait_for. 0, or an error number. */
int wait_init(pthread_cond_t *cond);
/* The moment `ms` from now, as a deadline for several calls of wait_for. */
struct timespec wait_until(int64_t ms);
/* Waits for a signal, with `lock` held; false when the moment has come. May wake early, as
 * conditions do. */
bool wait_for(pthread_cond_t *cond, pthread_mutex_t *lock, const struct timespec *until);

/* Waits until poll(2) reports one of the descriptors. Returns how many are ready, 0 when
 * clock_monotonic_ms has reached `end_ms`, -1 with errno. A signal does not end the wait. */
int wait_ready(struct pollfd *fds, size_t count, int64_t end_ms);
/* For polling: sleeps `step_us`; false without sleeping when clock_monotonic_ms has reached
 * `end_ms`. */
bool wait_step(int64_t step_us, int64_t end_ms);

#endif
