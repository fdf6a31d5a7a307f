/* A hash table from names to numbers, by which templates, texts and static files are found. */
#include "page/name_table.h"

#include <string.h>

#include "page/view.h"

void name_table_init(struct name_table *n, struct arena *a) {
    memset(n, 0, sizeof *n);
    n->arena = a;
}

/* The slot that holds `name`, or the free one where it would go. */
static uint32_t slot_of(const struct name_table *n, const char *name) {
    uint32_t mask = n->slot_count - 1, at = name_hash(name, strlen(name)) & mask;
    while (n->slots[at] && strcmp(n->at[n->slots[at] - 1], name) != 0) at = (at + 1) & mask;
    return at;
}

int name_table_find(const struct name_table *n, const char *name) {
    if (n->slot_count == 0) return -1;
    return (int)n->slots[slot_of(n, name)] - 1;
}

static void widen(struct name_table *n) {
    n->slot_count = n->slot_count ? n->slot_count * 2 : 64;
    n->slots = NEW_ARRAY(n->arena, uint32_t, n->slot_count);
    for (uint32_t i = 0; i < n->count; i++) n->slots[slot_of(n, n->at[i])] = i + 1;
}

int name_table_add(struct name_table *n, const char *name) {
    int have = name_table_find(n, name);
    if (have >= 0) return have;
    if (2 * (n->count + 1) > n->slot_count) widen(n);
    n->at = list_more(n->arena, n->at, n->count, sizeof *n->at);
    n->at[n->count] = arena_dup(n->arena, name);
    n->slots[slot_of(n, name)] = n->count + 1;
    return (int)n->count++;
}
