/* Modules as evidence: begun, completed, completed again. */
#include "base/text.h"
#include "content/content_private.h"
#include "content/evidence.h"

static size_t requirements(const struct content_level *level, struct arena *a,
                           struct evidence_requirement **out) {
    *out = NEW_ARRAY(a, struct evidence_requirement, level->module_count + 1);
    for (size_t i = 0; i < level->module_count; i++) (*out)[i].id = level->modules[i];
    return level->module_count;
}

static bool for_renewal(const struct content_level *level) { return level->reapply.renew_modules; }

static const char *title(const struct evidence_asker *who, const char *id, const char **lang) {
    const struct content_module *m = who->request
                                         ? content_module_for(who->request, who->content, id)
                                         : content_module(who->content, id);
    *lang = m ? content_module_lang(who->content, m) : NULL;
    return m ? m->title : id;
}

static int64_t minutes(const struct evidence_asker *who, const struct content_progress *progress,
                       const char *id, int left) {
    const struct content_module *m = content_module(who->content, id);
    (void)left;
    return m ? content_progress_of(progress, m).minutes_left : 0;
}

static enum err facts(const struct evidence_asker *who, struct db *db, const char *person_id,
                      const struct evidence_requirement *wanted, size_t count,
                      struct evidence_facts *out) {
    struct content_progress progress;
    (void)wanted;
    (void)count;
    enum err e = content_progress(db, who->arena, who->content, person_id, &progress);
    for (size_t i = 0; e == OK && i < progress.count; i++) {
        const struct content_module_progress *m = &progress.modules[i];
        struct evidence_fact fact = {.kind = &module_evidence,
                                     .id = m->module_id,
                                     .passed = m->completed_ms != 0,
                                     .at_ms = m->completed_ms ? m->completed_ms : m->last_ms};
        if (fact.at_ms) evidence_add(out, fact);
        fact.at_ms = m->redone_ms;
        if (m->completed_ms && m->redone_ms > m->completed_ms) evidence_add(out, fact);
    }
    return e;
}

const struct evidence_kind module_evidence = {.name = "module",
                                              .path = "/modules/",
                                              .training = true,
                                              .heading = "cert_needs_modules",
                                              .word = "cohort_kind_module",
                                              .met = "cert_need_module_met",
                                              .begun = "cert_need_module_begun",
                                              .missing = "cert_need_module_missing",
                                              .note = "",
                                              .requirements = requirements,
                                              .for_renewal = for_renewal,
                                              .title = title,
                                              .minutes = minutes,
                                              .facts = facts};
