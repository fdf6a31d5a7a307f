/* Scenarios in memory: the current versions of the files, and versions that older runs began with.
 * A version that is returned through an arena may be used until the arena is released; who needs it
 * longer holds it with registry_hold. From any thread. */
#ifndef GR_LABMODEL_REGISTRY_H
#define GR_LABMODEL_REGISTRY_H

#include <stdatomic.h>

#include "labmodel/lab_solution.h"

#define REGISTRY_VERSIONS_KEPT 8 /* for older runs */

/* A version of a scenario in memory. Immutable; freed when its last reference is released. */
struct lab_version {
    atomic_int references;
    struct lab_scenario scenario;
    const char *brief; /* scenario.md's body as HTML */
    const char *tasks; /* its first numbered list; NULL: it has none */
    /* Of the tree's version: the tasks that the reference can show. Others show none. */
    int shown_tasks[SOLUTION_TASKS_MAX], shown_task_count;
    struct arena arena;
};

struct lab_registry;

/* Reads the scenarios below root/labs, and again when files change (tree.h). `root` is borrowed.
 * ERR_BUSY: no memory, or no thread. */
enum err registry_open(struct lab_registry **out, const char *root) MUST_USE;
void registry_close(struct lab_registry *l); /* NULL: nothing happens */

const struct lab_version *registry_hold(const struct lab_version *version);
void registry_release(const struct lab_version *version); /* NULL: nothing happens */

/* The last good version of a scenario's files, NULL when there is none. `*problem` (may be NULL)
 * receives what is wrong with the present ones, NULL when nothing is. */
const struct lab_version *registry_current(struct lab_registry *l, struct arena *a, const char *id,
                                           const char **problem);
/* All current ones, by id. */
size_t registry_all(struct lab_registry *l, struct arena *a, const struct lab_version ***out);
/* How long the current version takes as its author says; 0 when there is none. */
int registry_minutes(struct lab_registry *l, const char *id);

/* A version that is in memory; NULL when it is not. */
const struct lab_version *registry_version(struct lab_registry *l, struct arena *a,
                                           const char *version);
/* Adds a version from the bytes of its pack, which the store kept. ERR_IO: it cannot be read any
 * more; ERR_BUSY: memory is short, it can be tried again. */
enum err registry_add(struct lab_registry *l, const char *bytes, size_t len, struct arena *a,
                      const struct lab_version **out) MUST_USE;

#endif
