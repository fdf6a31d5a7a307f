/* One learner's lab page while another is greedy. */
#ifndef GR_BENCH_FAIR_H
#define GR_BENCH_FAIR_H

#include "bench/academy.h"

/* `runs`: four runs of `greedy`, each an address; `page`: of a run of `other`. */
void bench_fair(struct academy *a, const struct client *greedy, const char *const *runs,
                struct client *other, const char *page);

#endif
