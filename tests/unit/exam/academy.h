/* Exams in a real store, with two learners and an administrator. Include it first. */
#ifndef GR_TEST_EXAM_ACADEMY_H
#define GR_TEST_EXAM_ACADEMY_H

#include "unit/exam/sample.h"

#include "account/account.h"
#include "base/clock.h"
#include "base/codec.h"
#include "base/log.h"

static char root[128], data[160];
static struct arena arena;
static struct store *store;
static struct exams *exams;
static struct app app;
static const char *ana, *bo, *boss;
/* Ahead of every clock: the exams' thread must leave these attempts alone. */
#define NOW (30000 * MS_DAY)

struct timed {
    write_fn run;
    void *arg;
    int64_t now_ms;
};

static inline enum err at_that_time(struct db *db, struct arena *a, void *arg, int64_t now_ms) {
    struct timed *t = arg;
    (void)now_ms;
    return t->run(db, a, t->arg, t->now_ms);
}

/* A job as if the writer's clock said `now_ms`. */
static inline enum err job(write_fn run, void *arg, int64_t now_ms) {
    struct timed t = {run, arg, now_ms};
    return store_write(store, at_that_time, &t, &arena);
}

static inline enum err add_people(struct db *db, struct arena *a, void *arg, int64_t now_ms) {
    (void)arg;
    enum err e = account_add(db, a, now_ms, "system", "ana", "Ana", "a@example.org", ROLE_LEARNER,
                             NULL, &ana);
    if (e == OK)
        e = account_add(db, a, now_ms, "system", "bo", "Bo", "b@example.org", ROLE_LEARNER, NULL,
                        &bo);
    return e == OK ? account_add(db, a, now_ms, "system", "boss", "Boss", "boss@example.org",
                                 ROLE_ADMIN, NULL, &boss)
                   : e;
}

/* `write_exam` writes the bank and the exam; the programme is the sample's. */
static inline int academy_open(void (*write_exam)(void)) {
    const char *why = "";
    log_threshold(LOG_ERROR + 1);
    codec_start();
    arena_init(&arena, 256 * 1024 * 1024);
    snprintf(root, sizeof root, "%s", sample_folder());
    snprintf(data, sizeof data, "%s/gradus.db", root);
    write_exam();
    sample_write(root, "content/p/programme.md", sample_programme);
    sample_write(root, "content/p/modules/m.md", sample_module);
    if (store_open(&store, &(struct store_options){.path = data}, &arena, &why) != OK) return -1;
    app = (struct app){.store = store, .root = root, .data = root};
    if (store_write(store, add_people, NULL, &arena) != OK ||
        exams_open(&exams, &app, &arena, &why) != OK)
        return -1;
    app.exams = exams;
    return 0;
}

static inline int academy_close(void **state) {
    (void)state;
    arena_release(&arena); /* first what it holds of the exams */
    exams_close(exams);
    store_close(store, 5000);
    sample_drop(root);
    return 0;
}

#endif
