/* What the people of the demo academy did: reading, exams, labs, certification, each at its moment
 * in the past and through the domains' own functions. */
#include <stdio.h>
#include <string.h>

#include "account/account.h"
#include "audit/audit.h"
#include "base/clock.h"
#include "base/program.h"
#include "base/text.h"
#include "cert/cert.h"
#include "content/content.h"
#include "exam/exam.h"
#include "lab/lab.h"
#include "server/demo.h"
#include "server/server.h"
#include "store/seal.h"

#define PROGRAMME "mops"
#define LEVEL "associate"
#define LAB "field-mapping-dedupe"

bool demo_open(struct demo *d) {
    const char *why = "out of memory";
    struct app *app = &d->app;
    if (labs_prepare(&d->zygote, NULL, d->arena, &why)) {
        fprintf(stderr, "gradus demo: labs: %s\n", why);
        return false;
    }
    app->store = open_store(d->arena, app->data, false);
    if (!app->store) return false;
    if (site_open(&app->site, program_root(app->root, "site/templates"), d->arena, &why) == OK &&
        content_open(&app->content, app->root, app->store, app->site, d->arena, &why) == OK &&
        certs_open(&app->certs, app, d->arena, &why) == OK &&
        store_write(app->store, audit_sign_begin, NULL, d->arena) == OK &&
        store_write(app->store, seals_begin, NULL, d->arena) == OK &&
        store_seal_key_use(app->store) && exams_open(&app->exams, app, d->arena, &why) == OK &&
        labs_open(&app->labs, app, d->zygote, 0, d->arena, &why) == OK &&
        content_wait_stored(app->content, MS_MINUTE))
        return true;
    fprintf(stderr, "gradus demo: %s\n", why);
    return false;
}

void demo_close(struct demo *d) {
    certs_stop(d->app.certs);
    if (d->app.labs) labs_close(d->app.labs);
    else labs_unprepare(d->zygote);
    if (d->app.exams) exams_close(d->app.exams);
    if (d->app.content) content_close(d->app.content);
    if (d->app.site) site_close(d->app.site);
    if (d->app.store) store_close(d->app.store, MS_MINUTE);
    certs_close(d->app.certs);
}

/* A pseudo-random number for the small differences between people, the same in every demo:
 * splitmix64 (Steele, Lea, Flood 2014). */
static uint64_t pseudo_random(size_t person, uint64_t what) {
    uint64_t z = (uint64_t)person * 0x9E3779B97F4A7C15u + what * 0xD1B54A32D192ED03u +
                 0x2545F4914F6CDD1Du;
    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9u;
    z = (z ^ (z >> 27)) * 0x94D049BB133111EBu;
    return z ^ (z >> 31);
}

/* ---- Reading --------------------------------------------------------------------------------- */

struct reading {
    struct demo *demo;
    size_t person;
    const struct content_level *level;
    const struct content_snapshot *snapshot;
};

/* When a person studies a module: in the evening, at 18 to 21 hours, between the day of joining and
 * yesterday. */
static int64_t study_time(const struct demo *d, size_t person, int module, int modules) {
    const struct demo_learner *l = &demo_learners[person];
    int days = l->joined_days > 45 ? 40 : l->joined_days - 2;
    int64_t day = d->today_ms - l->joined_days * MS_DAY +
                  (int64_t)days * MS_DAY * (module + 1) / (modules + 1);
    return day - day % MS_DAY + 18 * MS_HOUR +
           (int64_t)(pseudo_random(person, (uint64_t)module) % (3 * 60)) * MS_MINUTE;
}

static enum err read_module(struct db *db, const struct reading *x, const struct content_module *m,
                            int64_t at, size_t sections) {
    struct arena *a = x->demo->arena;
    const char *who = x->demo->learner[x->person];
    enum err e = OK;
    for (size_t i = 0; e == OK && i < sections; i++) {
        at += (int64_t)m->minutes * MS_MINUTE / (int64_t)m->section_count;
        e = content_record_reading(db, a, at, who, m, m->sections[i].id, 1000, true);
    }
    bool whole = sections == m->section_count;
    for (size_t i = 0; e == OK && whole && i < m->checkpoint_count; i++)
        e = content_demo_answer(db, a, at + (int64_t)(i + 1) * 20 * MS_SECOND, x->snapshot, who, m,
                                (int)i + 1, pseudo_random(x->person, 100 + i) % 100 < 80);
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
        if (m)
            e = read_module(db, x, m, study_time(x->demo, x->person, i, l->modules),
                            m->section_count);
    }
    /* Most have begun the next one: that is where they go on. */
    const struct content_module *next = (size_t)l->modules < x->level->module_count
                                            ? content_module(x->snapshot,
                                                             x->level->modules[l->modules])
                                            : NULL;
    if (e == OK && next && l->joined_days > 7)
        e = read_module(db, x, next, x->demo->today_ms - 26 * MS_HOUR, next->section_count / 2);
    return e;
}

/* ---- Exams ---------------------------------------------------------------------------------- */

static enum err sit(struct demo *d, size_t person, int days_ago, int ability_permille,
                    bool running) {
    int64_t start = d->today_ms - days_ago * MS_DAY - 3 * MS_HOUR;
    struct exam_demo_attempt x = {.exams = d->app.exams,
                                  .person_id = d->learner[person],
                                  .exam_id = DEMO_EXAM,
                                  .seed = pseudo_random(person, 7 + (uint64_t)days_ago),
                                  .start_ms = start,
                                  .submit_ms = start + 41 * MS_MINUTE,
                                  .answers = -1,
                                  .ability_permille = ability_permille};
    if (running) {
        x.start_ms = d->today_ms - 12 * MS_MINUTE;
        x.submit_ms = 0;
        x.answers = 13;
    }
    return store_write(d->app.store, exam_demo_attempt_job, &x, d->arena);
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

/* ---- Labs ----------------------------------------------------------------------------------- */

/* The reference solution, or one that stops half way as people do; in one of the four stacks. */
static enum err do_lab(struct demo *d, size_t person) {
    static const char *const stacks[] = {"crm=aurelia,map=heron", "crm=boreal,map=heron",
                                         "crm=aurelia,map=quillon", "crm=boreal,map=quillon"};
    const struct demo_learner *l = &demo_learners[person];
    if (l->lab == LAB_NONE) return OK;
    int days = l->joined_days > 46 ? l->joined_days - 45
                                   : 2; /* after the exam, before the application */
    const char *run;
    return lab_demo_run(d->app.labs, d->arena, d->learner[person], LAB,
                        stacks[pseudo_random(person, 31) % COUNT_OF(stacks)],
                        l->lab == LAB_PASSED ? "reference" : "exact-address",
                        d->today_ms - days * MS_DAY - 4 * MS_HOUR, &run);
}

/* ---- Certification --------------------------------------------------------------------------- */

struct certifying {
    struct demo *demo;
    size_t person;
    const struct content_snapshot *content;
    const char *application, *number, *refusal;
};

static enum err apply(struct db *db, struct arena *a, void *arg, int64_t now_ms) {
    (void)now_ms;
    struct certifying *c = arg;
    int days = demo_learners[c->person].joined_days > 45 ? demo_learners[c->person].joined_days - 46
                                                         : 0;
    struct cert_apply x = {.app = &c->demo->app,
                           .content = c->content,
                           .person_id = c->demo->learner[c->person],
                           .programme_id = PROGRAMME,
                           .level_id = LEVEL};
    enum err e = cert_apply(db, a, &x, c->demo->today_ms - days * MS_DAY - 2 * MS_HOUR);
    c->application = x.application_id;
    c->refusal = x.refusal;
    return e;
}

static enum err decide(struct db *db, struct arena *a, void *arg, int64_t now_ms) {
    (void)now_ms;
    struct certifying *c = arg;
    const struct demo_learner *l = &demo_learners[c->person];
    bool grant = l->cert != CERT_REFUSED;
    struct cert_decide x = {
        .app = &c->demo->app,
        .content = c->content,
        .application_id = c->application,
        .actor_id = c->demo->staff[c->person % 2 ? DEMO_ASSESSOR : DEMO_SECOND_ASSESSOR],
        .origin = c->demo->app.origin,
        .grant = grant,
        .reason = grant ? "Exam and lab evidence meet the level; the replay of the lab run agrees "
                          "with its log."
                        : "The lab run repeats the reference solution of another candidate action "
                          "for action. Please repeat the lab in another dialect."};
    int days = l->joined_days > 49 ? l->joined_days - 49 : 0;
    enum err e = cert_decide(db, a, &x, c->demo->today_ms - days * MS_DAY - MS_HOUR);
    c->number = x.number;
    c->refusal = x.refusal;
    return e;
}

static enum err revoke(struct db *db, struct arena *a, void *arg, int64_t now_ms) {
    (void)now_ms;
    struct certifying *c = arg;
    struct cert_change_status x = {.app = &c->demo->app,
                                   .number = c->number,
                                   .actor_id = c->demo->staff[DEMO_SECOND_ASSESSOR],
                                   .change = CERT_REVOKE,
                                   .reason = "The holder shared items of the live exam in public, "
                                             "against the rules that were signed."};
    return cert_change_status(db, a, &x, c->demo->today_ms - 9 * MS_DAY);
}

static enum err certify(struct demo *d, size_t person, const struct content_snapshot *content) {
    const struct demo_learner *l = &demo_learners[person];
    struct certifying c = {.demo = d, .person = person, .content = content};
    if (l->cert == CERT_NONE) return OK;
    enum err e = store_write(d->app.store, apply, &c, d->arena);
    if (e == OK && l->cert != CERT_APPLIED) e = store_write(d->app.store, decide, &c, d->arena);
    if (e == OK && l->cert == CERT_REVOKED) e = store_write(d->app.store, revoke, &c, d->arena);
    if (c.refusal) fprintf(stderr, "gradus demo: %s: %s\n", l->login, c.refusal);
    if (e != OK || !c.number) return e;
    d->certificate[d->certificate_count].state = l->cert == CERT_REVOKED ? "revoked" : "certified";
    d->certificate[d->certificate_count].number = c.number;
    d->certificate[d->certificate_count++].login = l->login;
    return OK;
}

/* ---- All of it ------------------------------------------------------------------------------- */

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
        if (e != OK) break;
        *step = "labs";
        e = do_lab(d, i);
        if (e != OK) break;
        *step = "certification";
        e = certify(d, i, s);
    }
    return e;
}

enum err demo_history(struct demo *d, const char **step) {
    const struct content_snapshot *s = content_hold(d->app.content);
    enum err e = histories(d, s, step);
    content_release(s);
    return e;
}
