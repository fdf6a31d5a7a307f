/* A table that interns names: each gets a number, from 0 in the order of adding. In an arena;
 * grows, never shrinks. */
#ifndef GR_PAGE_NAME_TABLE_H
#define GR_PAGE_NAME_TABLE_H

#include "base/arena.h"

struct name_table {
    struct arena *arena;
    const char **at; /* the names, by number */
    uint32_t count;
    uint32_t *slots; /* number + 1, open addressing; 0 is free */
    uint32_t slot_count;
};

void name_table_init(struct name_table *n, struct arena *a);
int name_table_find(const struct name_table *n, const char *name); /* -1 when it is not there */
/* Returns the number that it has or gets; copies the name. */
int name_table_add(struct name_table *n, const char *name);

#endif
