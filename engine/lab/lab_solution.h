/* Solutions: what a learner would do, in neutral terms; turned into calls of the dialects at hand. */
#ifndef GR_LAB_SOLUTION_H
#define GR_LAB_SOLUTION_H

#include "lab/lab_client.h"
#include "lab/lab_surface.h"

#define SOLUTIONS_MAX 40

struct lab_solution {
    const char *name, *title, *file;
    const char **fails; /* ids of checks; none for the reference */
    int fail_count;
    struct _xmlNode *root;
};

struct lab_solutions {
    struct lab_solution solution[SOLUTIONS_MAX];
    int count;
};

/* Reads labs/scenarios/ID/solutions/NAME.xml; problems to `diags`. */
bool lab_solutions_load(struct lab_solutions *out, const char *root, const struct lab_scenario *s,
                        struct arena *a, struct diag_list *diags);
const struct lab_solution *lab_solution_find(const struct lab_solutions *all, const char *name);

struct lab_played {
    const char **actions; /* as sent: replaying them gives the same run */
    const char **answers; /* hashes */
    int *statuses;
    int count, refused;
    const char *first_refusal; /* body of the first answer that was an error */
};
/* Plays a solution on a worker. */
enum err lab_solution_play(const struct lab_solutions *all, const struct lab_solution *which,
                           const struct lab_scenario *s, const struct lab_dialect *const *dialects,
                           struct worker *w, struct arena *a, struct lab_played *out) MUST_USE;

#endif
