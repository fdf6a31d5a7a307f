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
                     const struct content_programme *p, const struct content_level *level,
                     struct content_step *steps, struct content_stand *stand) {
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
    struct cert_own own;
    next = steps;
    e = cert_application_of(r, s, p->id, level, &own);
    for (size_t i = 0; e == OK && i < own.status.count; i++) {
        const struct cert_need_status *n = &own.status.needs[i];
        struct content_step *step = step_of(&next, n->need);
        if (!step) continue;
        step->minutes = (int)need_minutes_left(r->app, r->arena, s, NULL, n);
        step->state = n->state == CERT_MET     ? CONTENT_STEP_DONE
                      : n->before_ms           ? CONTENT_STEP_ANEW
                      : n->state != CERT_BEGUN ? CONTENT_STEP_OPEN
                      : n->need->kind->final   ? CONTENT_STEP_FAILED
                                               : CONTENT_STEP_BEGUN;
    }
    stand->modules_since_ms = own.modules_since_ms;
    stand->waits = own.waits;
    stand->may_apply = own.may_apply;
    stand->certificate = own.holds || own.revoked_ms ? own.number : NULL;
    stand->revoked_ms = own.revoked_ms;
    return e;
}
