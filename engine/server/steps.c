/* A programme's path shows exams and labs too: what they are called, and how far the reader is. */
#include "cert/cert.h"
#include "base/text.h"
#include "server/server.h"

static struct content_step *step_of(const struct content_level *level, struct content_step *steps,
                                    const struct cert_need *need) {
    for (size_t i = 0; need->kind == CERT_EXAM && i < level->exam_count; i++)
        if (str_eq(level->exams[i], need->id)) return &steps[i];
    for (size_t i = 0; need->kind == CERT_LAB && i < level->lab_count; i++)
        if (str_eq(level->labs[i].id, need->id)) return &steps[level->exam_count + i];
    return NULL;
}

enum err level_steps(struct request *r, const struct content_snapshot *s,
                     const struct content_level *level, struct content_step *steps) {
    struct cert_need *needs;
    size_t count;
    enum err e = cert_needs(r->app, r->arena, s, level, &needs, &count);
    for (size_t i = 0; e == OK && i < count; i++) {
        struct content_step *step = step_of(level, steps, &needs[i]);
        if (step) step->title = needs[i].title;
    }
    if (e != OK || !r->who) return e;
    struct cert_level_status status;
    e = cert_status_of(r->app, r->db, r->arena, s, level, r->who->person_id, &status);
    for (size_t i = 0; e == OK && i < status.count; i++) {
        struct content_step *step = step_of(level, steps, status.needs[i].need);
        if (step)
            step->state = status.needs[i].state == CERT_MET     ? CONTENT_STEP_DONE
                          : status.needs[i].state == CERT_BEGUN ? CONTENT_STEP_BEGUN
                                                                : CONTENT_STEP_OPEN;
    }
    return e;
}
