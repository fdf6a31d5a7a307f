/* The data that a run begins with. */
#ifndef GR_LAB_SEED_H
#define GR_LAB_SEED_H

#include "labmodel/lab_pack.h"

/* RULE lab-seed: what a run begins with is what its model allows. Every row of every seed and
 * arrivals file of a stack that was read without a problem: values of picklists, numbers, truths,
 * times, keys, references. */
void lab_seed_check(const struct lab_stack *stack, const struct lab_files *files,
                    struct diag_list *diags);

#endif
