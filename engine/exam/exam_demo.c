/* Makes attempts for the demo academy and for load tests, through the same jobs as real ones. */
#include <string.h>

#include "base/clock.h"
#include "base/json.h"
#include "exam/exam_store.h"

/* A stream of random numbers that no form is drawn from. */
enum { STREAM_ABILITY = 1u << 20 };

static enum err answer_slot(struct db *db, struct arena *a, struct exam_demo_attempt *r,
                            const struct exam_unit *unit, const struct exam_form *form, int i,
                            int64_t at_ms) {
    const struct exam_item *item = exam_unit_item(unit, form->slots[i].item,
                                                  form->slots[i].version);
    if (!item) return ERR_NOT_FOUND;
    uint64_t n = (uint64_t)i * 16, ability = n;
    bool right = exam_chance_below(r->seed, STREAM_ABILITY, &ability, 1000) <
                 (uint32_t)r->ability_permille;
    const struct exam_ask ask = {.slot = &form->slots[i], .item = item, .response = EXAM_NO_ANSWER};
    struct exam_saving s = {.attempt_id = r->id,
                            .person_id = r->person_id,
                            .client = "demo",
                            .slot = i + 1,
                            .seq = 1,
                            .value = item->type->demo_answer(&ask, right, r->seed, n, a)};
    return exam_save_job(db, a, &s, at_ms);
}

enum err exam_demo_attempt_job(struct db *db, struct arena *a, void *demo_attempt, int64_t now_ms) {
    struct exam_demo_attempt *r = demo_attempt;
    const struct exam_unit *unit = exams_hold(r->exams, a, r->exam_id);
    struct exam_attempt t;
    if (!unit) return ERR_NOT_FOUND;
    struct exam_starting s = {
        .unit = unit, .person_id = r->person_id, .seed = r->seed, .start_ms = r->start_ms};
    enum err e = exam_start_job(db, a, &s, now_ms);
    r->id = s.id;
    if (e == OK) e = exam_attempt_load(db, a, s.id, r->person_id, &t);
    if (e != OK) return e;
    int answers = r->answers < 0 || r->answers > t.form.slot_count ? t.form.slot_count : r->answers;
    int64_t end_ms = r->submit_ms ? r->submit_ms : now_ms < t.deadline_ms ? now_ms : t.deadline_ms;
    for (int i = 0; i < answers && e == OK; i++)
        e = answer_slot(db, a, r, unit, &t.form, i,
                        r->start_ms + (end_ms - r->start_ms) * (i + 1) / (answers + 1));
    if (e != OK || !r->submit_ms) return e;
    struct exam_ending end = {.attempt_id = t.id, .person_id = r->person_id, .at_ms = r->submit_ms};
    e = exam_end_job(db, a, &end, now_ms);
    struct exam_scored scored = {.attempt_id = t.id, .cut_permille = t.cut_permille};
    if (e == OK) e = exam_attempt_score(r->exams, db, a, &t, &scored.score);
    struct exam_scored_list list = {&scored, 1};
    return e == OK ? exam_result_job(db, a, &list, end.at_ms) : e;
}
