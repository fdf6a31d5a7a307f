/* Private to exam/: decimal numbers as people write them, exact. Pure, no floating point.
 *
 * What is read: an optional sign, digits of any script (Arabic-Indic, Thai, …; Unicode category
 * Nd), at most one decimal sign (. , or the Arabic ٫), and between groups of three digits a blank,
 * an apostrophe or the Arabic ٬. Marks of writing direction are passed over. A comma before exactly
 * three last digits ("1,234") is refused when it can be read in two ways: as thousands and as a
 * decimal sign. A point is always a decimal sign. */
#ifndef GR_EXAM_EXAM_DECIMAL_H
#define GR_EXAM_EXAM_DECIMAL_H

#include <stdbool.h>

#include "base/arena.h"

#define EXAM_DECIMAL_DIGITS                                                                        \
    30 /* on each side of the decimal sign, leading and trailing zeros not counted                 \
        */

/* Normalised: no zeros in front of `whole` ("0" alone stays), none behind `part`, no negative
 * zero. Equal numbers are equal texts. */
struct exam_decimal {
    bool negative;
    char whole[EXAM_DECIMAL_DIGITS + 1], part[EXAM_DECIMAL_DIGITS + 1];
};

/* Reads the number at the beginning of `text`, blanks before it apart. Gives where it ends, or NULL
 * with the key of an interface text in `*why` when there is none. */
const char *exam_decimal_scan(const char *text, struct exam_decimal *out, const char **why);
/* Reads a text that is a number and nothing else. */
bool exam_decimal_read(const char *text, struct exam_decimal *out, const char **why);
/* "-1234.5": the canonical text. Arena. */
char *exam_decimal_text(const struct exam_decimal *d, struct arena *a);
/* Below, equal or above 0 as `a` is to `b`. */
int exam_decimal_compare(const struct exam_decimal *a, const struct exam_decimal *b);
/* a + b, or a - b. False when one of them has more than 12 digits before or 6 digits behind the
 * decimal sign. */
bool exam_decimal_add(const struct exam_decimal *a, const struct exam_decimal *b, bool subtract,
                      struct exam_decimal *out);

#endif
