/* Paths: their parts as text, and whether something has the name. */
#ifndef GR_BASE_PATH_H
#define GR_BASE_PATH_H

#include <stdbool.h>
#include <stddef.h>

#include "base/arena.h"

/* What stands behind the last '/', else the whole path. Borrowed, so that the characters before it
 * can be counted. */
const char *path_name(const char *path);
/* The folder that holds it: "." for a bare name, "/" for a name in the root. Arena. */
char *path_folder(struct arena *a, const char *path);
/* The same in `out`. False: it needs more than `room` bytes. */
bool path_folder_into(const char *path, char *out, size_t room);
/* Whether something has this name, be it a link that leads nowhere. */
bool path_exists(const char *path);

#endif
