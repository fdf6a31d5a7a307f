/* Private to exam/: forms. Pure. RULE exam-draw: the same unit, seed and seen items give the same
 * form on every machine and in every version.
 *
 * Random numbers come from a counter-based generator: the draw (seed, stream, n) is the SplitMix64
 * finaliser (Steele, Lea, Flood, "Fast splittable pseudorandom number generators", 2014) over the
 * three, so that one more draw for one purpose shifts no other. No floating point, no library's
 * random numbers. */
#ifndef GR_EXAM_FORM_H
#define GR_EXAM_FORM_H

#include "exam/exam_bank.h"

struct exam_slot {
    const char *item, *version, *domain;
    const char *lang; /* BCP 47, when the form was drawn; NULL: English (older forms state none) */
    int level;
    bool scored; /* false: a pilot item */
    const struct exam_type *type;
    int option_count; /* 0: its type shows no options in a drawn order */
    /* order[what the page shows at i] = option as the author wrote them; both from 0. */
    unsigned char order[EXAM_OPTIONS];
};
struct exam_form {
    uint64_t seed;
    const struct exam_floor *floors; /* as the definition asked when the form was drawn */
    int floor_count;
    struct exam_slot *slots;
    int slot_count;
};

/* The items of a person's earlier attempts. */
struct exam_seen {
    const char **items;
    size_t count;
};

/* Draws a form. RULE exam-blueprint: every cell of the blueprint exactly, pilot items extra, no
 * item twice. RULE exam-enemies: no two enemies on one form (pilot items included). A scored item
 * of each essential objective, items and options in a drawn order. RULE exam-seen: items that were
 * seen are avoided as far as the cells allow. ERR_INVALID, with a sentence in
 * `*why` (arena), when the bank cannot meet the blueprint. */
enum err exam_form_draw(struct exam_form *out, const struct exam_unit *unit, uint64_t seed,
                        const struct exam_seen *seen, struct arena *a, const char **why) MUST_USE;

/* The form as it is stored: JSON, and back. ERR_INVALID when it is no form. Written is version 2,
 * in which a slot names its type; read is version 1 as well, which knew "multiple": true or false
 * and nothing else. */
char *exam_form_write(const struct exam_form *form, struct arena *a);
enum err exam_form_read(struct exam_form *out, const char *json, struct arena *a) MUST_USE;

/* The option count and the letter of its type for each slot ("4s5m0n"): enough to judge a response
 * while saving. */
char *exam_form_shape(const struct exam_form *form, struct arena *a);
/* How many slots a shape has. */
int exam_shape_slots(const char *shape);
/* The slot (from 1) of a shape; false when it has none of that number, or of no type that is
 * known. */
bool exam_shape_slot(const char *shape, int slot, const struct exam_type **type, int *options);

/* The draw (seed, stream, n), and one below `bound` (unbiased, bound > 0; takes draws from *n
 * on). */
uint64_t exam_chance(uint64_t seed, uint64_t stream, uint64_t n);
uint32_t exam_chance_below(uint64_t seed, uint64_t stream, uint64_t *n, uint32_t bound);

/* How many items of a cell can stand on one form at most (enemies count once); pilot items are
 * not counted. */
int exam_cell_supply(const struct exam_unit *unit, const struct exam_cell *cell, struct arena *a);
/* Whether a form can hold a scored item of which a part of its point can be earned. */
bool exam_unit_parts(const struct exam_unit *unit);

#endif
