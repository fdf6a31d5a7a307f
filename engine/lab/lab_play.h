/* Plays solutions on a worker, as calls of the dialects at hand. */
#ifndef GR_LAB_PLAY_H
#define GR_LAB_PLAY_H

#include "lab/lab_client.h"
#include "labmodel/lab_solution.h"
#include "labmodel/lab_surface.h"

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
/* Only its parts that belong to a task of the brief; 0: all. `now_ms`: the run's clock. */
enum err lab_solution_play_task(const struct lab_solutions *all, const struct lab_solution *which,
                                int task, int64_t now_ms, const struct lab_scenario *s,
                                const struct lab_dialect *const *dialects, struct worker *w,
                                struct arena *a, struct lab_played *out) MUST_USE;

#endif
