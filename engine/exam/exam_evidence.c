/* An attempt as evidence for whoever decides on a certificate: answers with their times, the time
 * line, flags. Read only. */
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "exam/exam_sql.h"
#include "exam/exam_store.h"

static void add(struct arena *a, struct exam_evidence *x, struct exam_event event) {
    x->events = list_more(a, x->events, x->event_count, sizeof *x->events);
    x->events[x->event_count++] = event;
}

static int by_time(const void *x, const void *y) {
    const struct exam_event *a = x, *b = y;
    if (a->at_ms != b->at_ms) return a->at_ms < b->at_ms ? -1 : 1;
    if (a->kind == EXAM_EVENT_END || b->kind == EXAM_EVENT_START) return 1;
    if (b->kind == EXAM_EVENT_END || a->kind == EXAM_EVENT_START) return -1;
    return a->slot - b->slot;
}

static struct exam_evidence_slot *slot_of(struct exam_evidence *x, int64_t slot) {
    return slot >= 1 && slot <= (int64_t)x->slot_count ? &x->slots[slot - 1] : NULL;
}

/* Reads how many saves each slot has and when, and the newest saves as events. */
static enum err read_saves(struct db *db, struct arena *a, const struct exam_form *form,
                           struct exam_evidence *x) {
    struct stmt *q = db_query(db, SQL_exam_evidence_slots, "t", x->attempt_id);
    while (stmt_row(q)) {
        struct exam_evidence_slot *s = slot_of(x, stmt_int(q, 0));
        if (!s) continue;
        s->saves = (int)stmt_int(q, 1);
        s->first_ms = stmt_int(q, 2);
        s->last_ms = stmt_int(q, 3);
        x->left_out += s->saves;
    }
    enum err e = stmt_end(q);
    if (e != OK) return e;
    q = db_query(db, SQL_exam_evidence_saves, "ti", x->attempt_id, (int64_t)EXAM_EVENTS_SHOWN);
    while (stmt_row(q)) {
        int64_t slot = stmt_int(q, 0);
        if (!slot_of(x, slot)) continue;
        x->left_out--;
        add(a, x,
            (struct exam_event){.kind = EXAM_EVENT_SAVE,
                                .at_ms = stmt_int(q, 1),
                                .slot = (int)slot,
                                .response = form->slots[slot - 1].type->say(stmt_text(q, 2, a), a),
                                .client = stmt_text(q, 3, a)});
    }
    return stmt_end(q);
}

static enum err read_flags(struct db *db, struct arena *a, struct exam_evidence *x) {
    struct stmt *q = db_query(db, SQL_exam_flags, "t", x->attempt_id);
    while (stmt_row(q)) {
        struct exam_evidence_slot *s = slot_of(x, stmt_int(q, 0));
        if (s) s->flagged = stmt_int(q, 1);
    }
    enum err e = stmt_end(q);
    if (e != OK) return e;
    q = db_query(db, SQL_exam_evidence_flags, "ti", x->attempt_id, (int64_t)EXAM_EVENTS_SHOWN);
    while (stmt_row(q)) {
        int64_t slot = stmt_int(q, 0);
        if (!slot_of(x, slot)) continue;
        add(a, x,
            (struct exam_event){.kind = stmt_int(q, 1) ? EXAM_EVENT_FLAG : EXAM_EVENT_UNFLAG,
                                .slot = (int)slot,
                                .at_ms = stmt_int(q, 2)});
    }
    return stmt_end(q);
}

/* What counts in each slot, by the same rule and the same facts as the score. */
static enum err read_answers(struct db *db, struct arena *a, struct exams *e,
                             const struct exam_attempt *t, struct exam_evidence *x) {
    struct exam_slot_state *states;
    struct exam_score score;
    enum err result = exam_slot_states(db, a, t, &states);
    if (result == OK) result = exam_attempt_score(e, db, a, t, &score);
    for (size_t i = 0; result == OK && i < x->slot_count; i++) {
        struct exam_evidence_slot *s = &x->slots[i];
        s->points = score.points[i].points;
        s->max = score.points[i].max;
        s->right = s->points == s->max;
        if (!states[i].newest) continue;
        s->response = t->form.slots[i].type->say(states[i].newest->response, a);
        for (size_t k = 0; k < x->event_count; k++) {
            struct exam_event *event = &x->events[k];
            if (event->kind != EXAM_EVENT_SAVE || event->slot != (int)i + 1) continue;
            event->counts = event->at_ms == states[i].newest->saved_ms &&
                            str_eq(event->response, s->response);
        }
    }
    return result;
}

enum err exam_evidence(struct db *db, struct arena *a, struct exams *e, const char *attempt_id,
                       struct exam_evidence *out) {
    struct exam_attempt t;
    enum err result = exam_attempt_load(db, a, attempt_id, NULL, &t);
    if (result == OK && !t.submitted_ms) result = ERR_NOT_FOUND; /* it is open */
    if (result != OK) return result;
    *out = (struct exam_evidence){.attempt_id = t.id,
                                  .exam_id = t.exam_id,
                                  .exam_version = t.exam_version,
                                  .person_id = t.person_id,
                                  .practice = t.practice,
                                  .by_deadline = t.by_deadline,
                                  .minutes = t.minutes,
                                  .extra_permille = t.extra_permille,
                                  .start_ms = t.start_ms,
                                  .deadline_ms = t.deadline_ms,
                                  .submitted_ms = t.submitted_ms,
                                  .slot_count = (size_t)t.form.slot_count};
    out->slots = NEW_ARRAY(a, struct exam_evidence_slot, out->slot_count + 1);
    for (size_t i = 0; i < out->slot_count; i++) {
        const struct exam_slot *slot = &t.form.slots[i];
        out->slots[i] = (struct exam_evidence_slot){.item = slot->item,
                                                    .domain = slot->domain,
                                                    .level = exam_levels[slot->level],
                                                    .scored = slot->scored,
                                                    .response = ""};
    }
    add(a, out, (struct exam_event){.kind = EXAM_EVENT_START, .at_ms = t.start_ms});
    add(a, out, (struct exam_event){.kind = EXAM_EVENT_END, .at_ms = t.submitted_ms});
    result = read_saves(db, a, &t.form, out);
    if (result == OK) result = read_flags(db, a, out);
    if (result == OK) result = read_answers(db, a, e, &t, out);
    if (result == OK) qsort(out->events, out->event_count, sizeof *out->events, by_time);
    return result;
}

/* ---- Exceptions ----------------------------------------------------- */
static enum err read_exceptions(struct stmt *q, struct arena *a, bool reopened,
                                struct exam_exception **out, size_t *count) {
    for (; stmt_row(q); (*count)++) {
        *out = list_more(a, *out, *count, sizeof **out);
        int64_t given = stmt_int(q, 1);
        (*out)[*count] = (struct exam_exception){.reopened = reopened,
                                                 .at_ms = stmt_int(q, 0),
                                                 .given_ms = reopened ? given : 0,
                                                 .factor_permille = reopened ? 0 : (int)given,
                                                 .reason = stmt_text(q, 2, a),
                                                 .who = stmt_text(q, 3, a)};
    }
    return stmt_end(q);
}

enum err exam_exceptions(struct db *db, struct arena *a, const char *attempt_id,
                         struct exam_exception **out, size_t *count) {
    *out = NULL;
    *count = 0;
    enum err e = read_exceptions(db_query(db, SQL_exam_exceptions_reopened, "t", attempt_id), a,
                                 true, out, count);
    if (e != OK) return e;
    return read_exceptions(db_query(db, SQL_exam_exceptions_time, "t", attempt_id), a, false, out,
                           count);
}
