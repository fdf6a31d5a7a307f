/* The words of a learner's dialect in texts of authors: a brief, a task, a check's title, sentence
 * or hint says {crm.contact.email}, and each reader reads what their system calls that field. */
#ifndef GR_LAB_WORDS_H
#define GR_LAB_WORDS_H

#include "labmodel/lab_model.h"

/* RULE lab-own-words: {system} is the title of the system, {system.object} the plural of the
 * object, {system.object.field} the title of the field and {system.object.field=value} the word for
 * the value, as the chosen dialects have them; without dialects (NULL), as the connectors do. What
 * else stands in braces stays as it is, and so does what stands in two of them.
 *
 * `html`: the text is markup, and what goes into it is escaped. Arena; the text itself when there
 * is nothing to replace. */
const char *lab_words(const struct lab_stack *s, const struct lab_dialect *const *dialects,
                      const char *text, bool html, struct arena *a);
/* The first name in the text that has a dot and leads nowhere, without its braces; NULL: none.
 * Arena. */
const char *lab_words_unknown(const struct lab_stack *s, const char *text, struct arena *a);

#endif
