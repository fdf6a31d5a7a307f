/* Solutions: what a learner would do, in neutral terms. lab/lab_play.h turns them into calls. */
#ifndef GR_LAB_SOLUTION_H
#define GR_LAB_SOLUTION_H

#include "labmodel/lab_scenario.h"

#define SOLUTIONS_MAX 40
#define SOLUTION_TASKS_MAX 20
#define SOLUTIONS_WRONG 3 /* planted wrong ones that a scenario has at least */

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
/* Whether it names the check as one that it fails. */
bool lab_solution_fails(const struct lab_solution *one, const char *check);
const struct lab_solution *lab_solution_find(const struct lab_solutions *all, const char *name);

/* The tasks of the brief that the reference is divided into, each once, in order; read from its
 * file alone. 0 when it cannot be read. `tasks` has room for SOLUTION_TASKS_MAX. */
int lab_solution_tasks(const char *root, const char *scenario_id, int *tasks, struct arena *a);

#endif
