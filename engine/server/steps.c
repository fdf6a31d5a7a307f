/* A programme's path shows exams and labs too: what they are called, and how far the reader is. */
#include "cert/cert.h"
#include "server/server.h"

/* The steps are those of the needs that are no training, in the same order. */
static struct content_step *step_of(struct content_step **next, const struct cert_need *need) {
    return need->kind->training ? NULL : (*next)++;
}

int64_t need_minutes_left(struct app *app, struct arena *a, const struct content_snapshot *s,
                          const struct content_progress *progress,
                          const struct cert_need_status *n) {
    const struct evidence_asker who = {.app = app, .arena = a, .content = s};
    if (n->state == CERT_MET) return 0;
    return n->need->kind->minutes(&who, progress, n->need->id, n->need->dialects - n->have);
}

enum err level_steps(struct request *r, const struct content_snapshot *s,
                     const struct content_level *level, struct content_step *steps) {
    struct cert_need *needs;
    struct content_step *next = steps;
    size_t count;
    enum err e = cert_needs(r->app, r->arena, s, level, &needs, &count);
    for (size_t i = 0; e == OK && i < count; i++) {
        struct content_step *step = step_of(&next, &needs[i]);
        struct cert_need_status untouched = {.need = &needs[i], .state = CERT_MISSING};
        if (!step) continue;
        step->title = needs[i].title;
        step->lang = needs[i].lang;
        step->minutes = (int)need_minutes_left(r->app, r->arena, s, NULL, &untouched);
    }
    if (e != OK || !r->who) return e;
    struct cert_level_status status;
    next = steps;
    e = cert_status_of(r->app, r->db, r->arena, s, level, r->who->person_id, &status);
    for (size_t i = 0; e == OK && i < status.count; i++) {
        struct content_step *step = step_of(&next, status.needs[i].need);
        if (!step) continue;
        step->minutes = (int)need_minutes_left(r->app, r->arena, s, NULL, &status.needs[i]);
        bool failed = status.needs[i].need->kind->final;
        step->state = status.needs[i].state == CERT_MET     ? CONTENT_STEP_DONE
                      : status.needs[i].state != CERT_BEGUN ? CONTENT_STEP_OPEN
                      : failed                              ? CONTENT_STEP_FAILED
                                                            : CONTENT_STEP_BEGUN;
    }
    return e;
}
