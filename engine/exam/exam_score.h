/* Private to exam/: scoring, responses, and who may start when. Pure.
 *
 * Scoring version 1. An item counts one point when exactly its keys are chosen, else none (all
 * or nothing); an unanswered item counts none; pilot items do not count. Passed: 1000 * correct
 * >= cut_permille * total, in whole numbers.
 *
 * Scaled score: 200 to 800, and the cut is 500 on every form. With c = the smallest number of
 * points that passes and n = all points: below the cut 200 + floor(300 * correct / c), from the
 * cut on 500 + floor(300 * (correct - c) / (n - c)), and 800 for all points. It is linear on
 * both sides, so equal steps on one side mean equal points; it does not make forms of different
 * difficulty comparable, and does not claim to. */
#ifndef GR_EXAM_SCORE_H
#define GR_EXAM_SCORE_H

#include "exam/exam.h"
#include "exam/exam_form.h"

#define EXAM_SCORING_VERSION 1

/* ---- Responses ----------------------------------------------------------------------------- */
/* What a candidate has chosen in one slot: bit i = what the page shows as number i + 1. */
struct exam_response {
    int slot; /* from 1 */
    unsigned chosen;
};

/* One saved response as it lies in the store. */
struct exam_save {
    int slot;
    int64_t n, seq, saved_ms;      /* n orders saves of the same seq by arrival */
    const char *client, *response; /* canonical */
};

/* Reads a response as clients send it (a number, a list of numbers, null): canonical text
 * "[1,3]", sorted, "[]" for none. NULL when it does not fit a slot of `options` options; `*why` is the
 * key of an interface text with the parameter `options`. */
struct json_t;
const char *exam_response_canonical(const struct json_t *value, int options, bool multiple,
                                    struct arena *a, const char **why);
/* The bits of canonical text. */
unsigned exam_response_bits(const char *canonical);
/* Which save of each slot counts: the highest seq, among equals the last to arrive. `saves` in
 * any order; `newest` has slot_count entries, NULL where nothing was saved. */
void exam_saves_fold(const struct exam_save *saves, size_t count, int slot_count,
                     const struct exam_save **newest);

/* ---- Scores -------------------------------------------------------------------------------- */
struct exam_score {
    int correct, total, permille, scaled;
    bool passed;
    struct exam_domain_result *domains; /* in the order of `domains`; titles are not set */
    size_t domain_count;
    unsigned char *points; /* for each slot, 0 or 1 */
};
/* `keys`: for each slot the bits of the item version's keys, as the author wrote them. `domains`
 * gives the order of the profile; others that the form holds come after it. */
void exam_score(const struct exam_form *form, const unsigned *keys,
                const struct exam_response *responses, size_t response_count, int cut_permille,
                const char *const *domains, size_t domain_count, struct arena *a,
                struct exam_score *out);
int exam_scaled(int correct, int total, int cut_permille);

/* ---- Starting ------------------------------------------------------------------------------ */
struct exam_past {            /* an earlier attempt at this exam */
    int64_t start_ms, end_ms; /* end 0 = still open */
    bool passed;
};
enum exam_start {
    EXAM_START_FREE,
    EXAM_START_OPEN,
    EXAM_START_EARLY,
    EXAM_START_CLOSED,
    EXAM_START_WAIT,
    EXAM_START_YEAR,
    EXAM_START_PASSED
};
/* Whether a new attempt may start at `now_ms`; `*when_ms`: from when on it may (0 = never, as
 * things are). `extra_permille` stretches the time in which the exam may be started, as it
 * stretches the time of an attempt. */
enum exam_start exam_may_start(const struct exam_def *def, const struct exam_past *past,
                               size_t count, int extra_permille, int64_t now_ms, int64_t *when_ms);
/* The time of an attempt, in ms. Rounded up to whole seconds. */
int64_t exam_time_ms(int minutes, int extra_permille);

#endif
