/* Makes the folder of a new scenario. */
#ifndef GR_LAB_NEW_H
#define GR_LAB_NEW_H

#include <stdio.h>

#include "base/arena.h"
#include "base/err.h"

/* Writes labs/scenarios/`id` below `root` from labs/new/, which is installed with the program, and
 * names each file on `out`. ERR_INVALID: this is no id; ERR_CONFLICT: the folder is there;
 * ERR_NOT_FOUND: labs/new/ or labs/ of `root` is not; ERR_IO: it could not be written. `*why`: a
 * sentence (arena). */
enum err lab_new(const char *root, const char *id, FILE *out, struct arena *a,
                 const char **why) MUST_USE;

#endif
