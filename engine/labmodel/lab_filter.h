/* Operators of filters: of the rows that learners write for a kind's <filter>, and of the lists on
 * their screens. */
#ifndef GR_LAB_FILTER_H
#define GR_LAB_FILTER_H

#include <stdbool.h>

#define LAB_FILTER_OPERATORS 13

/* `text` and `number` are SQL for fields of that sort: %1$s is the field, %2$s the value's
 * parameter, ?2 the time now. NULL: the operator says nothing of such a field. */
struct lab_filter_operator {
    const char *id, *text, *number;
};
extern const struct lab_filter_operator lab_filter_operators[LAB_FILTER_OPERATORS];

/* The SQL of the operator of this name; NULL when there is none, or none for such a field. */
const char *lab_filter_sql(const char *operator, bool number);
/* Whether such SQL asks for a value. */
bool lab_filter_asks(const char *sql);

#endif
