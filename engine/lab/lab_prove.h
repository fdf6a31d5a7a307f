/* Proves scenarios with their solutions. A round is one choice of dialects with one seed; in each,
 * the untouched stack fails every check, the reference passes all, a wrong solution fails the
 * checks that it names and no other, no two solutions have the same effect, and a replay in another
 * worker is equal byte by byte. */
#ifndef GR_LAB_PROVE_H
#define GR_LAB_PROVE_H

#include <stdio.h>

#include "lab/lab_play.h"

/* A scenario to be proved, and how that went. */
struct lab_proof {
    const struct lab_scenario *s;
    const struct lab_solutions *solutions;
    int rounds, runs, actions, problems;
    int64_t work_ms; /* of all threads together */
};

/* A proof of several scenarios, whose rounds are done by as many threads as there are cores.
 * Writes problems to `out`, a line each, and a line for each scenario that is done; to `progress`
 * (NULL: not at all) how far it is, on one line that it overwrites. ERR_INVALID: there are
 * problems. */
enum err lab_prove(struct lab_proof *proofs, int count, struct zygote *z, int seeds, FILE *out,
                   FILE *progress) MUST_USE;

/* RULE lab-proof-choices: each seed is proved with so many choices of dialects that every dialect
 * is in one of them; how they go together changes from seed to seed. */
int lab_proof_choices(const struct lab_stack *s);
/* The nth of them (from 0), as "crm=aurelia,map=heron". `seed` counts from 0. Arena. */
const char *lab_proof_choice(const struct lab_stack *s, int seed, int n, struct arena *a);

/* All choices of dialects. Arena. */
size_t lab_choices(const struct lab_stack *s, const char ***choices, struct arena *a);

#endif
