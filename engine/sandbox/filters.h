/* Filters that learners make of rows: which field, which operator, which value. */
#ifndef GR_SANDBOX_FILTERS_H
#define GR_SANDBOX_FILTERS_H

#include "sandbox/rules.h"

#define FILTER_ROWS 50         /* of one filter; what is beyond them does not count */
#define FILTER_VALUE 200       /* bytes of a value */
#define FILTER_DAYS_MAX 100000 /* of an operator that counts days */
#define FILTER_STATEMENTS 64   /* that are kept prepared */

/* Registers holds(filter, owner, record): does the record pass the rows of `owner` for the <filter>
 * of that id, of the binding whose rule runs? Rows of a group hold together, one group is enough.
 *
 * RULE lab-filter-empty: a filter without rows holds for nobody.
 *
 * RULE lab-filter-names: a row names a field of the filtered object and a known operator, or it
 * holds for nobody; its value is bound, never written into SQL. A filter whose kind says who its
 * members are has the operators member_of and not_member_of.
 *
 * Also registers filter_fault(filter, owner): a sentence on the first row that says nothing, or
 * NULL. */
bool filters_register(struct lab_state *s);
/* How many of the records pass the rows of `owner`, and what is wrong with the first row that says
 * nothing (NULL: none is). Asked by screens; nothing of the state changes. */
struct filters_count {
    int64_t passed, of;
    const char *fault;
};
struct filters_count filters_count(struct lab_state *s, const struct lab_filter *f,
                                   const char *owner, struct arena *a);
/* Before a statement that may ask after something was written. */
void filters_forget(struct lab_state *s);
void filters_drop_statements(struct lab_state *s);

#endif
