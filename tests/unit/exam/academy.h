/* Exams in a real store, with two learners and an administrator. Include it first. */
#ifndef GR_TEST_EXAM_ACADEMY_H
#define GR_TEST_EXAM_ACADEMY_H

#include "unit/exam/sample.h"

#include "account/account.h"
#include "base/clock.h"
#include "base/codec.h"
#include "base/json.h"
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

/* A bank of six items and an exam that asks three of them. */
static inline void write_small_exam(void) {
    struct buf b;
    buf_init(&b, &arena);
    buf_puts(&b, SAMPLE_BANK_HEAD);
    for (int i = 1; i <= 6; i++)
        sample_item(&b, arena_printf(&arena, "keys-%d", i), "keys", "apply", "data", "");
    sample_write(root, "exams/p/bank/small.md", buf_text(&b));
    sample_write(root, "exams/p/small.md", sample_def(&arena, "", "| data | 0 | 3 |\n"));
}

/* cmocka's setup of the tests that need no more than this exam. */
static inline int academy_open_small(void **state) {
    (void)state;
    return academy_open(write_small_exam);
}

/* An attempt at the exam "small" that has ended and was scored: its id. */
static inline const char *sit_small(const char *person, int ability_permille) {
    struct exam_demo_attempt x = {.exams = exams,
                                  .person_id = person,
                                  .exam_id = "small",
                                  .seed = 3,
                                  .start_ms = NOW,
                                  .submit_ms = NOW + MS_MINUTE,
                                  .answers = -1,
                                  .ability_permille = ability_permille};
    assert_int_equal(job(exam_demo_attempt_job, &x, NOW + MS_HOUR), OK);
    return x.id;
}

/* The save of an option, as a browser sends it. */
static inline struct exam_saving saving_of(const char *attempt, const char *person, int slot,
                                           int64_t seq, int option) {
    const char *why, *text = arena_printf(&arena, "[%d]", option);
    return (struct exam_saving){.attempt_id = attempt,
                                .person_id = person,
                                .client = "t",
                                .slot = slot,
                                .seq = seq,
                                .value = json_read(&arena, text, strlen(text), &why)};
}

static inline struct exam_evidence evidence_of(const char *attempt) {
    struct exam_evidence x;
    struct db *db = store_reader(store);
    store_read_begin(db);
    assert_int_equal(exam_evidence(db, &arena, exams, attempt, &x), OK);
    store_read_end(db);
    return x;
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
