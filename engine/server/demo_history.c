/* What the people of the demo academy did: reading, exams, labs, certification, each at its moment in the past and
 * through the domains' own functions. */
#include <stdio.h>
#include <string.h>

#include "account/account.h"
#include "base/clock.h"
#include "base/text.h"
#include "cert/cert.h"
#include "content/content.h"
#include "exam/exam.h"
#include "server/demo.h"
#include "server/server.h"

#define PROGRAMME "mops"
#define LEVEL "associate"

bool demo_open(struct demo *d) {
    const char *why = "out of memory";
    struct app *app = &d->app;
    app->store = open_store(d->arena, app->data, false);
    if (!app->store) return false;
    if (site_open(&app->site, app->root, d->arena, &why) == OK && content_open(&app->content, app->root, app->store, app->site, d->arena, &why) == OK &&
        exams_open(&app->exams, app, d->arena, &why) == OK &&
        certs_open(&app->certs, app, d->arena, &why) == OK && content_settle(app->content, MS_MINUTE))
        return true;
    fprintf(stderr, "gradus demo: %s\n", why);
    return false;
}

void demo_close(struct demo *d) {
    certs_close(d->app.certs);
    if (d->app.exams) exams_close(d->app.exams);
    if (d->app.content) content_close(d->app.content);
    if (d->app.site) site_close(d->app.site);
    if (d->app.store) store_close(d->app.store, MS_MINUTE);
}

/* A person's small differences, the same in every demo: splitmix64 (Steele, Lea, Flood 2014). */
static uint64_t drawn(size_t person, uint64_t what) {
    uint64_t z = (uint64_t)person * 0x9E3779B97F4A7C15u + what * 0xD1B54A32D192ED03u + 0x2545F4914F6CDD1Du;
    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9u;
    z = (z ^ (z >> 27)) * 0x94D049BB133111EBu;
    return z ^ (z >> 31);
}

/* ---- Reading ------------------------------------------------------------------------------------------ */

struct reading {
    struct demo *demo;
    size_t person;
    const struct content_level *level;
    const struct content_snapshot *snapshot;
};

/* The evenings of somebody with a job: between the day of joining and yesterday, at 18 to 21 hours. */
static int64_t study_time(const struct demo *d, size_t person, int module, int modules) {
    const struct demo_learner *l = &demo_learners[person];
    int days = l->joined_days > 45 ? 40 : l->joined_days - 2;
    int64_t day = d->today_ms - l->joined_days * MS_DAY + (int64_t)days * MS_DAY * (module + 1) / (modules + 1);
    return day - day % MS_DAY + 18 * MS_HOUR + (int64_t)(drawn(person, (uint64_t)module) % (3 * 60)) * MS_MINUTE;
}

static enum err read_module(struct db *db, const struct reading *x, const struct content_module *m, int64_t at, size_t sections) {
    struct arena *a = x->demo->arena;
    const char *who = x->demo->learner[x->person];
    enum err e = OK;
    for (size_t i = 0; e == OK && i < sections; i++) {
        at += (int64_t)m->minutes * MS_MINUTE / (int64_t)m->section_count;
        e = content_record_reading(db, a, at, who, m, m->sections[i].id, 1000, true);
    }
    bool whole = sections == m->section_count;
    for (size_t i = 0; e == OK && whole && i < m->checkpoint_count; i++)
        e = content_rehearse_answer(db, a, at + (int64_t)(i + 1) * 20 * MS_SECOND, x->snapshot, who, m, (int)i + 1, drawn(x->person, 100 + i) % 100 < 80);
    return e;
}

static enum err read_all(struct db *db, struct arena *a, void *arg, int64_t now_ms) {
    (void)a;
    (void)now_ms;
    struct reading *x = arg;
    const struct demo_learner *l = &demo_learners[x->person];
    enum err e = OK;
    for (int i = 0; e == OK && i < l->modules && (size_t)i < x->level->module_count; i++) {
        const struct content_module *m = content_module(x->snapshot, x->level->modules[i]);
        if (m) e = read_module(db, x, m, study_time(x->demo, x->person, i, l->modules), m->section_count);
    }
    /* Most have begun the next one: that is where they go on. */
    const struct content_module *next = (size_t)l->modules < x->level->module_count ? content_module(x->snapshot, x->level->modules[l->modules]) : NULL;
    if (e == OK && next && l->joined_days > 7) e = read_module(db, x, next, x->demo->today_ms - 26 * MS_HOUR, next->section_count / 2);
    return e;
}

/* ---- Exams ------------------------------------------------------------------------------------------------ */

static enum err sit(struct demo *d, size_t person, int days_ago, int ability_permille, bool running) {
    int64_t start = d->today_ms - days_ago * MS_DAY - 3 * MS_HOUR;
    struct exam_rehearsal x = {.exams = d->app.exams, .person_id = d->learner[person], .exam_id = DEMO_EXAM, .seed = drawn(person, 7 + (uint64_t)days_ago),
                               .start_ms = start, .submit_ms = start + 41 * MS_MINUTE, .answers = -1, .ability_permille = ability_permille};
    if (running) {
        x.start_ms = d->today_ms - 12 * MS_MINUTE;
        x.submit_ms = 0;
        x.answers = 13;
    }
    return store_write(d->app.store, exam_rehearse, &x, d->arena);
}

static enum err sit_exams(struct demo *d, size_t person) {
    const struct demo_learner *l = &demo_learners[person];
    int days = l->joined_days > 45 ? l->joined_days - 44 : 1;
    switch (l->exam) {
    case EXAM_PASSED: return sit(d, person, days, 930, false);
    case EXAM_FAILED: return sit(d, person, days, 450, false);
    case EXAM_FAILED_THEN_PASSED: {
        enum err e = sit(d, person, days + 12, 450, false);
        return e == OK ? sit(d, person, days, 940, false) : e;
    }
    case EXAM_RUNNING: return sit(d, person, 0, 850, true);
    case EXAM_NONE: break;
    }
    return OK;
}

/* ---- All of it ---------------------------------------------------------------------------------------------- */

static enum err histories(struct demo *d, const struct content_snapshot *s, const char **step) {
    const struct content_programme *p = content_programme(s, PROGRAMME);
    const struct content_level *level = p ? content_level(p, LEVEL) : NULL;
    *step = "programme " PROGRAMME "/" LEVEL;
    if (!level) return ERR_NOT_FOUND;
    enum err e = OK;
    for (size_t i = 0; e == OK && i < demo_learner_count; i++) {
        struct reading x = {d, i, level, s};
        *step = "reading";
        e = store_write(d->app.store, read_all, &x, d->arena);
        if (e != OK) break;
        *step = "exams";
        e = sit_exams(d, i);
    }
    return e;
}

enum err demo_history(struct demo *d, const char **step) {
    const struct content_snapshot *s = content_hold(d->app.content);
    enum err e = histories(d, s, step);
    content_release(s);
    return e;
}
