/* Characters in the names of people and things: what is printed on a certificate, and read aloud
 * from a page. */
#ifndef GR_BASE_NAME_H
#define GR_BASE_NAME_H

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"

/* RULE name-marks: every name that is stored goes through here, a person's and a cohort's, whoever
 * types it and wherever. Without white space at its ends, and without marks of direction (the
 * property Bidi_Control of Unicode Standard Annex 9, and U+FEFF): these are invisible, come along
 * when a name is copied, and change the order of the text around it. Takes any bytes. Arena. */
char *name_clean(struct arena *a, const char *text);

/* The first character that no name may hold, 0 when there is none: controls, the 66 noncharacters
 * (Unicode 15, section 23.7), halves of surrogate pairs, other characters that print nothing (so
 * that one name could look like another), marks of direction. The joiners that Arabic, Thai and
 * Indic names need stay. A byte that is no UTF-8 is NAME_BROKEN_BYTE plus its value. */
#define NAME_BROKEN_BYTE 0x80000000u
uint32_t name_bad_character(const char *text);
/* RULE name-shows: is there anything to see, or only blanks and characters that print nothing? Any
 * bytes. */
bool name_is_visible(const char *text);
/* What to call such a character: "U+FFFE", "byte FF". Arena. */
char *name_of_character(struct arena *a, uint32_t character);

#endif
