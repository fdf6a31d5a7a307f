/* Attempts as they would have been: for the demo academy and for load tests. */
#include <string.h>

#include "base/clock.h"
#include "base/json.h"
#include "exam/exam_store.h"

/* Streams of chance apart from those that draw forms. */
enum { STREAM_ABILITY = 1u << 20, STREAM_WRONG, STREAM_PACE };

/* The keys as this form shows them. */
static unsigned shown_keys(const struct exam_slot *slot, unsigned keys) {
    unsigned bits = 0;
    for (int i = 0; i < slot->option_count; i++)
        if (keys & 1u << slot->order[i]) bits |= 1u << i;
    return bits;
}

static unsigned answer_for(const struct exam_rehearsal *r, const struct exam_slot *slot,
                           unsigned keys, uint64_t slot_number) {
    uint64_t n = slot_number * 16;
    unsigned right = shown_keys(slot, keys);
    if (exam_chance_below(r->seed, STREAM_ABILITY, &n, 1000) < (uint32_t)r->ability_permille)
        return right;
    n = slot_number * 16;
    int wrong = (int)exam_chance_below(r->seed, STREAM_WRONG, &n, (uint32_t)slot->option_count);
    while (right & 1u << wrong) wrong = (wrong + 1) % slot->option_count;
    if (!slot->multiple) return 1u << wrong;
    unsigned one = right & -right; /* the usual mistake: one right, one wrong */
    return one | 1u << wrong;
}

static enum err answer_slot(struct db *db, struct arena *a, struct exam_rehearsal *r,
                            const struct exam_unit *unit, const struct exam_form *form, int i,
                            int64_t at_ms) {
    const struct exam_item *item = exam_unit_item(unit, form->slots[i].item,
                                                  form->slots[i].version);
    if (!item) return ERR_NOT_FOUND;
    unsigned bits = answer_for(r, &form->slots[i], exam_item_keys(item), (uint64_t)i);
    json_t *value = json_keep(a, json_array());
    for (int k = 0; k < form->slots[i].option_count; k++)
        if (bits & 1u << k) json_array_append_new(value, json_integer(k + 1));
    struct exam_saving s = {.attempt_id = r->id,
                            .person_id = r->person_id,
                            .client = "demo",
                            .slot = i + 1,
                            .seq = 1,
                            .value = value};
    return exam_save_job(db, a, &s, at_ms);
}

enum err exam_rehearse(struct db *db, struct arena *a, void *rehearsal, int64_t now_ms) {
    struct exam_rehearsal *r = rehearsal;
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
