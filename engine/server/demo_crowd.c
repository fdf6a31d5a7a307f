/* A crowd for load tests: learners candidate-1, candidate-2, …, each in an open attempt at the
 * exam. */
#include "account/account.h"
#include "exam/exam.h"
#include "server/demo.h"

#define AT_ONCE 100 /* learners added by one write job, whose memory is released after it */
#define JOB_BYTES ((size_t)512 * 1024 * 1024)

struct crowd {
    struct demo *demo;
    int64_t from, to; /* numbers of candidates: from ≤ n < to */
};

static enum err add_some(struct db *db, struct arena *a, void *arg, int64_t now_ms) {
    struct crowd *c = arg;
    struct demo *d = c->demo;
    enum err e = OK;
    for (int64_t n = c->from; e == OK && n < c->to; n++) {
        const char *login = arena_printf(a, "candidate-%lld", (long long)n), *id;
        e = account_add(db, a, now_ms, "system", login,
                        arena_printf(a, "Candidate %lld", (long long)n),
                        arena_printf(a, "%s@demo.example", login), ROLE_LEARNER, d->hash, &id);
        if (e != OK) break;
        struct exam_demo_attempt x = {.exams = d->app.exams,
                                      .person_id = id,
                                      .exam_id = DEMO_EXAM,
                                      .seed = (uint64_t)n,
                                      .start_ms = now_ms,
                                      .answers = 3,
                                      .ability_permille = 700};
        e = exam_demo_attempt_job(db, a, &x, now_ms);
    }
    return e;
}

enum err demo_crowd(struct demo *d) {
    enum err e = OK;
    for (int64_t n = 1; e == OK && n <= d->extra_attempts; n += AT_ONCE) {
        struct crowd c = {d, n,
                          n + AT_ONCE <= d->extra_attempts ? n + AT_ONCE : d->extra_attempts + 1};
        struct arena own;
        arena_init(&own, JOB_BYTES);
        e = store_write(d->app.store, add_some, &c, &own);
        arena_release(&own);
    }
    return e;
}
