/* Operators of filters. */
#include "labmodel/lab_filter.h"

#include <string.h>

#include "base/text.h"

const struct lab_filter_operator lab_filter_operators[LAB_FILTER_OPERATORS] = {
    {"is", "tidy(%1$s) = tidy(%2$s)", "%1$s = %2$s"},
    {"is_not", "coalesce(tidy(%1$s), '') <> tidy(%2$s)", "%1$s IS NOT %2$s"},
    {"contains", "instr(tidy(%1$s), tidy(%2$s)) > 0", NULL},
    {"begins", "instr(tidy(%1$s), tidy(%2$s)) = 1", NULL},
    {"is_empty", "coalesce(%1$s, '') = ''", "%1$s IS NULL"},
    {"has_value", "coalesce(%1$s, '') <> ''", "%1$s IS NOT NULL"},
    {"greater", NULL, "%1$s > %2$s"},
    {"less", NULL, "%1$s < %2$s"},
    {"before", NULL, "%1$s < %2$s"},
    {"after", NULL, "%1$s > %2$s"},
    {"within_days", NULL, "%1$s BETWEEN ?2 - %2$s * 86400000 AND ?2"},
    {"within_next_days", NULL, "%1$s BETWEEN ?2 AND ?2 + %2$s * 86400000"},
    {"older_than_days", NULL, "%1$s < ?2 - %2$s * 86400000"},
};

const char *lab_filter_sql(const char *operator, bool number) {
    for (int i = 0; i < LAB_FILTER_OPERATORS; i++)
        if (str_eq(lab_filter_operators[i].id, operator))
            return number ? lab_filter_operators[i].number : lab_filter_operators[i].text;
    return NULL;
}

bool lab_filter_asks(const char *sql) { return strstr(sql, "%2$s") != NULL; }
