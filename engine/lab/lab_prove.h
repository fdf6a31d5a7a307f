/* Proves a scenario with its solutions: the untouched stack passes no check; the reference passes
 * all; each planted wrong solution fails the checks that it names; two replays are equal byte by
 * byte; with every allowed choice of dialects, on many seeds. */
#ifndef GR_LAB_PROVE_H
#define GR_LAB_PROVE_H

#include <stdio.h>

#include "lab/lab_play.h"

struct lab_proof {
    int runs, actions, problems;
    int64_t elapsed_ms;
};

/* Writes problems to `out`, a line each; `verbose`: also a line for each choice. */
enum err lab_prove(const struct lab_scenario *s, const struct lab_solutions *solutions,
                   struct zygote *z, int seeds, FILE *out, bool verbose,
                   struct lab_proof *proof) MUST_USE;
/* All choices of dialects ("crm=aurelia,map=heron"). Arena. */
size_t lab_choices(const struct lab_stack *s, const char ***choices, struct arena *a);

#endif
