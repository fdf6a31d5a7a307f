/* The page of an instructor's cohorts: who is where, who has fallen silent, and at which step a
 * cohort loses people. All of it is derived from the facts that also decide about a level. */
#include <stdlib.h>
#include <string.h>

#include "account/account.h"
#include "base/clock.h"
#include "base/text.h"
#include "cert/cert.h"
#include "exam/exam.h"
#include "server/server.h"

#define LEARNERS_SHOWN 500
/* A person who is on the way is quiet after this time without any fact: a working week and a
 * weekend. */
#define QUIET_DAYS 7

struct learner {
    const struct cohort_learner *who;
    struct cert_level_status status;
    const struct cert_need_status *now; /* the requirement that they work on: the one begun last,
                                           else the first that is missing; NULL when all are met */
    int64_t last_ms;                    /* of any fact, 0 = never */
    int64_t days;                       /* since then */
    bool quiet;
};

struct cohort {
    const struct content_snapshot *content;
    const struct cohort_learner *who; /* of the instructor's list */
    size_t count;
    struct learner *learners;
    const struct content_programme *programme;
    const struct content_level *level;
};

/* ---- Where everyone is ----------------------------------------------------------------------- */

static const struct cert_need_status *where_now(const struct cert_level_status *s) {
    const struct cert_need_status *now = NULL;
    for (size_t i = 0; i < s->count; i++) {
        const struct cert_need_status *n = &s->needs[i];
        if (n->state == CERT_MET) continue;
        if (n->state == CERT_BEGUN && (!now || now->state != CERT_BEGUN || n->at_ms > now->at_ms))
            now = n;
        if (!now) now = n;
    }
    return now;
}

static enum err read_learner(struct request *r, const struct content_snapshot *s,
                             const struct content_programme *p, const struct content_level *level,
                             struct learner *l) {
    struct content_progress progress;
    struct exam_open_attempt *open;
    size_t open_count;
    const char *id = l->who->person_id;
    enum err e = cert_status_of(r->app, r->db, r->arena, s, p->id, level, id, r->now_ms,
                                &l->status);
    if (e == OK) e = content_progress(r->db, r->arena, s, id, &progress);
    if (e == OK) e = exam_open_attempts(r->db, r->arena, id, &open, &open_count);
    if (e != OK) return e;
    l->last_ms = 0;
    for (size_t i = 0; i < l->status.count; i++)
        if (l->status.needs[i].at_ms > l->last_ms) l->last_ms = l->status.needs[i].at_ms;
    for (size_t i = 0; i < progress.count; i++)
        if (progress.modules[i].last_ms > l->last_ms) l->last_ms = progress.modules[i].last_ms;
    for (size_t i = 0; i < open_count; i++)
        if (open[i].start_ms > l->last_ms) l->last_ms = open[i].start_ms;
    l->now = where_now(&l->status);
    l->days = l->last_ms ? (r->now_ms - l->last_ms) / MS_DAY : 0;
    l->quiet = l->now && l->last_ms && l->days >= QUIET_DAYS;
    return OK;
}

/* The first open level that somebody of the cohort has not got through; the last one when all have.
 */
static enum err read_level(struct request *r, const struct content_snapshot *s, struct cohort *c) {
    for (size_t i = 0; i < c->programme->level_count; i++) {
        const struct content_level *level = &c->programme->levels[i];
        if (!level->open) continue;
        c->level = level;
        bool all = true;
        for (size_t k = 0; k < c->count; k++) {
            enum err e = read_learner(r, s, c->programme, level, &c->learners[k]);
            if (e != OK) return e;
            all = all && c->learners[k].status.complete;
        }
        if (!all) return OK;
    }
    return OK;
}

/* Sorts by who needs attention: the longest silence first, then the least progress. */
static int by_need(const void *x, const void *y) {
    const struct learner *a = x, *b = y;
    if (a->quiet != b->quiet) return a->quiet ? -1 : 1;
    if (a->quiet && a->days != b->days) return a->days > b->days ? -1 : 1;
    if (a->status.met != b->status.met) return a->status.met < b->status.met ? -1 : 1;
    return strcmp(a->who->name, b->who->name);
}

/* ---- What is shown --------------------------------------------------------------------------- */

static void learner_view(struct request *r, struct view *list, const struct content_snapshot *s,
                         const struct learner *l) {
    struct view *v = view_item(list);
    view_text(v, "name", l->who->name);
    view_text(v, "href", arena_printf(r->arena, "/author/cohort/%s", l->who->person_id));
    view_int(v, "met", (int64_t)l->status.met);
    view_int(v, "total", (int64_t)l->status.count);
    view_bool(v, "is_done", !l->now);
    view_bool(v, "is_new", !l->last_ms);
    view_bool(v, "is_quiet", l->quiet);
    view_int(v, "days", l->days);
    if (l->last_ms) view_time(v, "last", l->last_ms, r->locale, r->zone);
    if (!l->now) return;
    cert_need_say(r, v, "now", s, l->now->need);
    view_text(v, "now_href", l->now->need->href);
}

/* Shows one step: how many have met it, how many are at it, and how many of these have fallen
 * silent. */
static void step_view(struct request *r, struct view *list, const struct cohort *c, size_t step) {
    const struct cert_need *need = c->learners[0].status.needs[step].need;
    int64_t met = 0, here = 0, silent = 0;
    for (size_t i = 0; i < c->count; i++) {
        const struct learner *l = &c->learners[i];
        met += l->status.needs[step].state == CERT_MET;
        bool now = l->now == &l->status.needs[step] && l->last_ms;
        here += now;
        silent += now && l->quiet;
    }
    struct view *v = view_item(list);
    cert_need_say(r, v, "title", c->content, need);
    view_text(v, "href", need->href);
    view_text(v, "kind", page_text(r->app->site, r->locale, need->kind->word, NULL, r->arena));
    view_int(v, "met", met);
    view_int(v, "total", (int64_t)c->count);
    view_int(v, "here", here);
    view_int(v, "silent", silent);
}

static void cohort_view(struct request *r, struct view *list, struct cohort *c) {
    struct view *v = view_item(list), *learners, *steps;
    int64_t complete = 0, quiet = 0;
    for (size_t i = 0; i < c->count; i++) {
        complete += c->learners[i].status.complete;
        quiet += c->learners[i].quiet;
    }
    view_text(v, "id", c->who->cohort_id);
    view_text(v, "name", c->who->cohort);
    view_text(v, "programme", c->programme ? c->programme->title : c->who->programme_id);
    view_int(v, "count", (int64_t)c->count);
    if (!c->level) return;
    view_text(v, "level", c->level->title);
    view_int(v, "complete", complete);
    view_int(v, "quiet", quiet);
    qsort(c->learners, c->count, sizeof *c->learners, by_need);
    /* Sorting has moved the learners, but `now` points into each one's own status, which has not
     * moved. */
    learners = view_list(v, "learners");
    for (size_t i = 0; i < c->count; i++) learner_view(r, learners, c->content, &c->learners[i]);
    steps = view_list(v, "steps");
    for (size_t i = 0; i < c->learners[0].status.count; i++) step_view(r, steps, c, i);
}

enum err cohort_page(struct request *r) {
    struct cohort_learner *all;
    size_t count;
    enum err e = account_learners_of(r->db, r->arena, r->who->person_id, &all, &count);
    if (e != OK) return e;
    const struct content_snapshot *s = content_of(r);
    struct view *v = view_new(r->arena), *list = view_list(v, "cohorts");
    size_t shown = count < LEARNERS_SHOWN ? count : LEARNERS_SHOWN;
    view_bool(v, "several", shown && !str_eq(all[0].cohort_id, all[shown - 1].cohort_id));
    for (size_t i = 0, end; i < shown; i = end) {
        for (end = i; end < shown && str_eq(all[end].cohort_id, all[i].cohort_id);) end++;
        struct cohort c = {.content = s,
                           .who = &all[i],
                           .count = end - i,
                           .learners = NEW_ARRAY(r->arena, struct learner, end - i),
                           .programme = content_programme(s, all[i].programme_id)};
        for (size_t k = 0; k < c.count; k++) c.learners[k].who = &all[i + k];
        e = c.programme ? read_level(r, s, &c) : OK;
        if (e != OK) return e;
        cohort_view(r, list, &c);
    }
    view_text(v, "title", page_text(r->app->site, r->locale, "cohort_title", NULL, r->arena));
    view_int(v, "quiet_days", QUIET_DAYS);
    view_bool(v, "cut", count > shown);
    view_int(v, "shown", (int64_t)shown);
    view_bool(v, "layout_wide", true);
    return http_page(r, "site_cohort", v);
}

/* ---- One learner ----------------------------------------------------------------------------- */

static const char *state_of(struct request *r, struct cohort *c,
                            const struct content_progress *progress,
                            const struct cert_need_status *n) {
    static const char *const keys[] = {[CERT_MET] = "content_state_done",
                                       [CERT_BEGUN] = "content_state_begun",
                                       [CERT_MISSING] = "content_state_open"};
    const struct content_module *m = n->need->kind->training
                                         ? content_module(c->content, n->need->id)
                                         : NULL;
    struct content_module_progress of = m ? content_progress_of(progress, m)
                                          : (struct content_module_progress){0};
    const char *left = n->state == CERT_BEGUN ? content_left_text(r, &of) : NULL;
    const char *key = n->state == CERT_BEGUN && n->need->kind->final ? "content_state_failed"
                      : n->before_ms                                 ? "content_state_anew"
                                                                     : keys[n->state];
    return left ? left : page_text(r->app->site, r->locale, key, NULL, r->arena);
}

static enum err level_of_learner_view(struct request *r, struct view *list, struct cohort *c) {
    struct content_progress progress;
    enum err e = c->programme ? read_level(r, c->content, c) : OK;
    if (e == OK) e = content_progress(r->db, r->arena, c->content, c->who->person_id, &progress);
    if (e != OK || !c->level) return e;
    const struct learner *l = &c->learners[0];
    struct view *v = view_item(list), *steps = view_list(v, "steps");
    view_text(v, "id", c->who->cohort_id);
    view_text(v, "cohort", c->who->cohort);
    view_text(v, "programme", c->programme->title);
    view_text(v, "level", c->level->title);
    view_int(v, "met", (int64_t)l->status.met);
    view_int(v, "total", (int64_t)l->status.count);
    view_bool(v, "is_quiet", l->quiet);
    view_int(v, "days", l->days);
    if (l->last_ms) view_time(v, "last", l->last_ms, r->locale, r->zone);
    for (size_t i = 0; i < l->status.count; i++) {
        const struct cert_need_status *n = &l->status.needs[i];
        struct view *step = view_item(steps);
        cert_need_say(r, step, "title", c->content, n->need);
        view_text(step, "href", n->need->href);
        view_text(step, "state", n->state == CERT_MET ? "done" : n == l->now ? "current" : "open");
        view_text(step, "state_text", state_of(r, c, &progress, n));
    }
    return OK;
}

/* RULE own-learners: an instructor sees the learners of their own cohorts as they are now, and
 * nobody else. */
enum err cohort_learner_page(struct request *r) {
    struct cohort_learner *all;
    struct person person;
    size_t count, found = 0;
    struct view *v = view_new(r->arena), *list = view_list(v, "levels");
    const struct content_snapshot *s = content_of(r);
    enum err e = account_learners_of(r->db, r->arena, r->who->person_id, &all, &count);
    for (size_t i = 0; e == OK && i < count; i++) {
        if (!str_eq(all[i].person_id, r->param[0])) continue;
        struct learner learner = {.who = &all[i]};
        struct cohort c = {.content = s,
                           .who = &all[i],
                           .count = 1,
                           .learners = &learner,
                           .programme = content_programme(s, all[i].programme_id)};
        found++;
        e = level_of_learner_view(r, list, &c);
    }
    if (e == OK && !found) return http_refuse(r, ERR_NOT_FOUND, "cohort_no_learner", NULL);
    if (e == OK) e = account_find(r->db, r->arena, r->param[0], &person);
    if (e != OK) return e;
    struct view *crumbs = view_list(v, "crumbs");
    view_crumb(crumbs, "/author/cohort",
               page_text(r->app->site, r->locale, "cohort_title", NULL, r->arena));
    view_crumb(crumbs, NULL, person.name);
    view_text(v, "title", person.name);
    view_text(v, "email", person.email);
    return http_page(r, "site_cohort_learner", v);
}
