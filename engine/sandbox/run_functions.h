/* SQL functions of rules that need the run.
 *
 * objection(to, a, b, c): why not? The first text with which an <objection to="…"> of the stack's
 * kinds answers, or NULL. Whoever asks need not know who objects: an email system asks, and a
 * consent system answers when the stack has one.
 *
 * tokens(text, fallbacks, path, id): the text with {{field}} replaced by the value of the record,
 * in the words of its dialect; `fallbacks` are lines of field=text. RULE lab-token: a token without
 * a value and without a fallback stays as it is written.
 *
 * chance(stream, entity): 0 to 999, the same for the same run, stream and entity.
 *
 * word(path, field, value): what the dialect calls a picklist's value. */
#ifndef GR_SANDBOX_RUN_FUNCTIONS_H
#define GR_SANDBOX_RUN_FUNCTIONS_H

#include "sandbox/rules.h"

#define OBJECTION_ARGUMENTS 3

bool run_functions_register(struct lab_state *s);

#endif
