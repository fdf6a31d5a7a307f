/* From facts to progress. Pure: the same facts and modules give the same numbers. */
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/text.h"
#include "content/content_progress.h"

void progress_begin(struct progress_state *s, const struct content_module *m, struct arena *a) {
    *s = (struct progress_state){.module = m,
                                 .done = NEW_ARRAY(a, bool, m->section_count + 1),
                                 .answers = NEW_ARRAY(a, char, m->checkpoint_count + 1),
                                 .done_ms = NEW_ARRAY(a, int64_t, m->section_count + 1),
                                 .answered_ms = NEW_ARRAY(a, int64_t, m->checkpoint_count + 1)};
}

int progress_section(const struct content_module *m, const char *section) {
    for (size_t i = 0; i < m->section_count; i++)
        if (str_eq(m->sections[i].id, section)) return (int)i;
    return -1;
}

void progress_reading(struct progress_state *s, const char *section, int position_permille,
                      bool done, int64_t at_ms) {
    int i = progress_section(s->module, section);
    if (i < 0) return; /* a section of an older version that is no longer there */
    if (done) s->done[i] = true;
    if (done && at_ms > s->done_ms[i]) s->done_ms[i] = at_ms;
    if (at_ms < s->last_ms) return;
    s->last_ms = at_ms;
    s->last_section = i;
    s->has_section = true;
    s->position_permille = position_permille;
}

void progress_answer(struct progress_state *s, const char *checkpoint, bool right, int64_t at_ms) {
    for (size_t i = 0; i < s->module->checkpoint_count; i++)
        if (str_eq(s->module->checkpoints[i], checkpoint)) {
            s->answers[i] = right ? 2 : 1; /* in order of time: the last counts */
            s->answered_ms[i] = at_ms;
        }
    if (at_ms > s->last_ms) s->last_ms = at_ms;
}

void progress_completed(struct progress_state *s, int64_t at_ms) {
    if (!s->completed_ms || at_ms < s->completed_ms) s->completed_ms = at_ms;
    if (at_ms > s->last_ms) s->last_ms = at_ms;
}

/* RULE module-completed: of a module without sections and questions nothing was done. */
bool progress_all_done(const struct progress_state *s) {
    if (s->module->section_count + s->module->checkpoint_count == 0) return false;
    for (size_t i = 0; i < s->module->section_count; i++)
        if (!s->done[i]) return false;
    for (size_t i = 0; i < s->module->checkpoint_count; i++)
        if (!s->answers[i]) return false;
    return true;
}

bool progress_may_read_again(const struct progress_state *s, int64_t now_ms) {
    int64_t newest_ms = s->completed_ms;
    for (size_t i = 0; i < s->module->section_count; i++)
        if (s->done_ms[i] > newest_ms) newest_ms = s->done_ms[i];
    return s->completed_ms && now_ms - newest_ms >= MS_DAY;
}

/* The oldest of the newest facts; 0 when one is missing, or when there is nothing that could be
 * done. */
static int64_t all_redone_ms(const struct progress_state *s) {
    const struct content_module *m = s->module;
    int64_t oldest = m->section_count + m->checkpoint_count ? INT64_MAX : 0;
    for (size_t i = 0; i < m->section_count; i++)
        if (s->done_ms[i] < oldest) oldest = s->done_ms[i];
    for (size_t i = 0; i < m->checkpoint_count; i++)
        if (s->answered_ms[i] < oldest) oldest = s->answered_ms[i];
    return oldest;
}

static int minutes_left(const struct content_module_progress *p, int minutes) {
    if (p->completed_ms) return 0;
    if (p->sections_total == 0) return minutes;
    int left = p->sections_total - p->sections_done;
    if (left == 0) return 1; /* all is read, but something waits to be answered */
    return (minutes * left + p->sections_total - 1) / p->sections_total;
}

struct content_module_progress progress_end(const struct progress_state *s) {
    const struct content_module *m = s->module;
    struct content_module_progress p = {.module_id = m->id,
                                        .sections_total = (int)m->section_count,
                                        .checkpoints_total = (int)m->checkpoint_count,
                                        .last_ms = s->last_ms,
                                        .completed_ms = s->completed_ms,
                                        .redone_ms = all_redone_ms(s)};
    for (size_t i = 0; i < m->section_count; i++) p.sections_done += s->done[i];
    for (size_t i = 0; i < m->checkpoint_count; i++) {
        p.checkpoints_answered += s->answers[i] != 0;
        p.checkpoints_right += s->answers[i] == 2;
    }
    if (s->has_section) {
        p.last_section = m->sections[s->last_section].id;
        p.last_position_permille = s->position_permille;
    }
    p.minutes_left = minutes_left(&p, m->minutes);
    return p;
}

/* ---- Of a person
 * ------------------------------------------------------------------------------------------- */

static int compare_progress(const void *key, const void *at) {
    return strcmp(key, ((const struct content_module_progress *)at)->module_id);
}

struct content_module_progress content_progress_of(const struct content_progress *p,
                                                   const struct content_module *m) {
    const struct content_module_progress *found =
        p && p->count ? bsearch(m->id, p->modules, p->count, sizeof *p->modules, compare_progress)
                      : NULL;
    if (found) return *found;
    return (struct content_module_progress){.module_id = m->id,
                                            .sections_total = (int)m->section_count,
                                            .checkpoints_total = (int)m->checkpoint_count,
                                            .minutes_left = m->minutes};
}

static bool prerequisites_met(const struct content_snapshot *s, const struct content_progress *p,
                              const struct content_module *m) {
    for (size_t i = 0; i < m->prerequisite_count; i++) {
        const struct content_module *before = content_module(s, m->prerequisites[i]);
        if (before && !content_progress_of(p, before).completed_ms) return false;
    }
    return true;
}

static bool asks_for(const struct content_programme *programme, const char *module_id) {
    for (size_t i = 0; i < programme->level_count; i++)
        for (size_t j = 0; j < programme->levels[i].module_count; j++)
            if (str_eq(programme->levels[i].modules[j], module_id)) return true;
    return false;
}

const struct content_module *content_next(const struct content_snapshot *s,
                                          const struct content_progress *p,
                                          const struct content_programme *programme) {
    const struct content_module *best = NULL, *waiting = NULL;
    int64_t best_ms = 0;
    for (size_t i = 0; i < p->count; i++) {
        const struct content_module *m = content_module(s, p->modules[i].module_id);
        if (!m || p->modules[i].completed_ms || p->modules[i].last_ms <= best_ms ||
            !asks_for(programme, m->id))
            continue;
        best = m;
        best_ms = p->modules[i].last_ms;
    }
    if (best) return best;
    for (size_t i = 0; i < programme->level_count; i++) {
        const struct content_level *level = &programme->levels[i];
        for (size_t j = 0; level->open && j < level->module_count; j++) {
            const struct content_module *m = content_module(s, level->modules[j]);
            if (!m || content_progress_of(p, m).completed_ms) continue;
            if (prerequisites_met(s, p, m)) return m;
            if (!waiting) waiting = m;
        }
    }
    return waiting; /* prerequisites in a circle must not end a learner's path */
}
