/* A set of names, each with a number from 0 in the order of adding. In an arena; grows, never
 * shrinks. */
#ifndef GR_PAGE_NAMES_H
#define GR_PAGE_NAMES_H

#include "base/arena.h"

struct names {
    struct arena *arena;
    const char **at; /* by number */
    uint32_t count;
    uint32_t *slots; /* number + 1, open addressing; 0 is free */
    uint32_t slot_count;
};

void names_init(struct names *n, struct arena *a);
int names_find(const struct names *n, const char *name); /* -1 when it is not there */
int names_add(struct names *n, const char *name); /* the number it has or gets; copies the name */

#endif
