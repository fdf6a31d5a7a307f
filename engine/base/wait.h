/* Condition variables that wait by the monotonic clock. No thread of ours waits by the wall clock:
 * whoever sets that would stop it, or let it spin. */
#ifndef GR_BASE_WAIT_H
#define GR_BASE_WAIT_H

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

/* For wait_ms. 0, or an error number. */
int wait_init(pthread_cond_t *cond);
/* The moment `ms` from now, to be waited for more than once. */
struct timespec wait_until(int64_t ms);
/* Waits for a signal, with `lock` held; false when the moment has come. May wake early, as
 * conditions do. */
bool wait_for(pthread_cond_t *cond, pthread_mutex_t *lock, const struct timespec *until);

#endif
