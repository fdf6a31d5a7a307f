/* Private to exam/: forms. Pure: the same unit, seed and seen items give the same form on every
 * machine.
 *
 * Chance is a counter-based generator: the draw (seed, stream, n) is the SplitMix64 finaliser
 * (Steele, Lea, Flood, "Fast splittable pseudorandom number generators", 2014) over the three,
 * so that one more draw for one purpose shifts no other. No floating point, no library's random
 * numbers. */
#ifndef GR_EXAM_FORM_H
#define GR_EXAM_FORM_H

#include "exam/exam_bank.h"

struct exam_slot {
    const char *item, *version, *domain;
    int level;
    bool scored; /* false: a pilot item */
    bool multiple;
    int option_count;
    /* order[what the page shows at i] = option as the author wrote them; both from 0. */
    unsigned char order[EXAM_OPTIONS];
};
struct exam_form {
    uint64_t seed;
    struct exam_slot *slots;
    int slot_count;
};

/* Which items a person has met in earlier attempts. */
struct exam_seen {
    const char **items;
    size_t count;
};

/* Draws a form: every cell of the blueprint exactly, no two enemies (pilot items included),
 * pilot items extra, items and options in a drawn order. Items that were seen are avoided as far
 * as the cells allow. ERR_INVALID, with a sentence in `*why` (arena), when the bank cannot meet
 * the blueprint. */
enum err exam_form_draw(struct exam_form *out, const struct exam_unit *unit, uint64_t seed,
                        const struct exam_seen *seen, struct arena *a, const char **why) MUST_USE;

/* The form as it is stored: JSON, and back. ERR_INVALID when it is no form. */
char *exam_form_write(const struct exam_form *form, struct arena *a);
enum err exam_form_read(struct exam_form *out, const char *json, struct arena *a) MUST_USE;

/* Two letters for each slot, option count and 's' (single) or 'm': enough to judge a response
 * while saving. */
char *exam_form_shape(const struct exam_form *form, struct arena *a);

/* The draw (seed, stream, n), and one below `bound` (unbiased, bound > 0; takes draws from *n
 * on). */
uint64_t exam_chance(uint64_t seed, uint64_t stream, uint64_t n);
uint32_t exam_chance_below(uint64_t seed, uint64_t stream, uint64_t *n, uint32_t bound);

/* How many items of a cell can stand on one form at most (enemies count once); pilot items are
 * not counted. */
int exam_cell_supply(const struct exam_unit *unit, const struct exam_cell *cell, struct arena *a);

#endif
