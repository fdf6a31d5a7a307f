/* Makes the tables of a run and fills them at its start. */
#ifndef GR_SANDBOX_SCHEMA_H
#define GR_SANDBOX_SCHEMA_H

#include "sandbox/state.h"

void schema_create(struct lab_state *s);
/* Fills the tables: seeds with their distortions, the people behind the records, the first due
 * events. */
void schema_fill(struct lab_state *s);
/* A row of a seed file as a record of `o`, distorted by chance when `distort`. Values starting with
 * '@' are keys of other rows. `person` receives the number of the person behind it, 0 = none. */
struct record;
void schema_row(struct lab_state *s, const struct lab_object *o, const char *path,
                const struct lab_csv *csv, int row, bool distort, struct record *out,
                int64_t *person);

#endif
