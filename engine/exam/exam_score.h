/* Private to exam/: scoring, and who may start when. Pure.
 *
 * Scoring version 3. RULE exam-point: each scored item is worth one point. Its type says how many
 * of its parts an answer has earned, `points` of `max` (exam_type.h); a part is 1/max of a point.
 * An unanswered item earns none. RULE exam-pilot: pilot items do not count. Sums are exact: they
 * are counted in steps, and a point has as many steps as the least common multiple of the `max` of
 * all scored items of the form: 1 when each is all or nothing. RULE exam-cut: passed is 1000 *
 * correct >= cut_permille * total, in whole numbers, and in each domain with a floor likewise, of
 * the domain's own points.
 *
 * Earlier versions, which can still be computed: version 2 knew no parts, an answer earned its
 * point or none; version 1 knew no floors either. A form scores the same in all of them when it
 * holds nothing that they did not know. tests/golden/scoring holds a file for each version.
 *
 * RULE exam-scaled: the scaled score is 200 to 800, and the cut is 500 on every form. With c = the
 * smallest number of steps that reaches it and n = all of them: below the cut 200 + floor(300 *
 * correct / c), from the cut on 500 + floor(300 * (correct - c) / (n - c)), and 800 for all. It is
 * linear on both sides, so equal steps on one side mean equal points; it does not make forms of
 * different difficulty comparable, and does not claim to. Floors leave it as it is: who is below
 * one can have 500 and more and has not passed. */
#ifndef GR_EXAM_SCORE_H
#define GR_EXAM_SCORE_H

#include "exam/exam.h"
#include "exam/exam_type.h"

#define EXAM_SCORING_VERSION 3

/* ---- Responses ----------------------------------------------------------------------------- */
/* One saved response as it lies in the store. */
struct exam_save {
    int slot;
    int64_t n, seq, saved_ms;      /* n orders saves of the same seq by arrival */
    const char *client, *response; /* canonical */
};

/* RULE exam-newest: of each slot the save with the highest seq counts, among equals the last to
 * arrive. `saves` in any order; `newest` has slot_count entries, NULL where nothing was saved. */
void exam_saves_fold(const struct exam_save *saves, size_t count, int slot_count,
                     const struct exam_save **newest);

/* ---- Scores -------------------------------------------------------------------------------- */
struct exam_points {
    unsigned char points, max;
};
struct exam_score {
    int correct, total; /* in steps */
    int steps;          /* of one point; at least 1 */
    int permille, scaled;
    bool passed;
    struct exam_domain_result *domains; /* in the order of `domains`; titles are not set */
    size_t domain_count;
    struct exam_points *points; /* for each slot, by the scoring version */
};
/* `items` and `responses` (canonical, NULL = none) for each slot of the form. `domains` gives the
 * order of the profile; others that the form holds come after it. `version`: 1 to
 * EXAM_SCORING_VERSION. */
void exam_score(const struct exam_form *form, const struct exam_item *const *items,
                const char *const *responses, int version, int cut_permille,
                const char *const *domains, size_t domain_count, struct arena *a,
                struct exam_score *out);
/* `correct` and `total` are both in steps, or both in points. */
int exam_scaled(int correct, int total, int cut_permille);
/* The smallest number of steps that is at least this share of `total`. */
int exam_points_for(int total, int permille);
/* The share that a domain of the form asks of its own; 0 = none. */
int exam_floor_permille(const struct exam_form *form, const char *domain);

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
    EXAM_START_PASSED,
    EXAM_START_CHANGED /* RULE past-kept, by exam_entry */
};
/* RULE exam-retake: no second attempt beside an open one, none after a pass of an exam that counts
 * (practice is free) or outside of the dates, the next one only after the wait, and so many within
 * a year (365 days). Whether a new attempt may start at `now_ms`; `*when_ms`: from when on it may
 * (0 = never, as things are). `extra_permille` stretches the time in which the exam may be started,
 * as it stretches the time of an attempt. RULE exam-anew: a pass that ended at `anew_ms` or before
 * is no evidence any more for a level that asks for the exam, and no reason to refuse; 0 = all are.
 */
enum exam_start exam_may_start(const struct exam_def *def, const struct exam_past *past,
                               size_t count, int64_t anew_ms, int extra_permille, int64_t now_ms,
                               int64_t *when_ms);
/* RULE exam-time: the time of an attempt, in ms, is the exam's stretched by what the person is
 * given, rounded up to whole seconds. */
int64_t exam_time_ms(int minutes, int extra_permille);

#endif
