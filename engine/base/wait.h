/* Waiting by the monotonic clock: for conditions, for descriptors, and for what nobody signals. No
 * thread of ours waits by the wall clock: whoever sets that would stop it, or let it spin. */
#ifndef GR_BASE_WAIT_H
#define GR_BASE_WAIT_H

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct pollfd;

/* For wait_for. 0, or an error number. */
int wait_init(pthread_cond_t *cond);
/* The moment `ms` from now, to be waited for more than once. */
struct timespec wait_until(int64_t ms);
/* Waits for a signal, with `lock` held; false when the moment has come. May wake early, as
 * conditions do. */
bool wait_for(pthread_cond_t *cond, pthread_mutex_t *lock, const struct timespec *until);

/* Until one of the descriptors has what poll(2) is asked for there: how many have, 0 when
 * clock_monotonic_ms has come to `end_ms`, -1 with errno. A signal does not end it. */
int wait_ready(struct pollfd *fds, size_t count, int64_t end_ms);
/* Sleeps `step_us`, to look again then; false without sleeping when clock_monotonic_ms has come to
 * `end_ms`. */
bool wait_step(int64_t step_us, int64_t end_ms);

#endif
