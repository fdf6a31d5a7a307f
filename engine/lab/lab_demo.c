/* Makes a run as if somebody had done it, for the demo academy, which has only real records. */
#include <string.h>

#include "base/clock.h"
#include "base/codec.h"
#include "lab/lab_manager.h"
#include "lab/lab_play.h"
#include "labmodel/lab_words.h"

struct demo {
    struct lab_run_row run;
    const struct lab_scenario *scenario;
    struct lab_played played;
    struct lab_checking_row checking;
};

static enum err write_demo(struct db *db, struct arena *a, void *arg, int64_t now_ms) {
    struct demo *d = arg;
    const char *previous = LAB_HASH_ZERO;
    (void)now_ms;
    enum err e = lab_store_run_add(db, a, &d->run, d->scenario->title, d->scenario->pack,
                                   d->scenario->pack_len);
    for (int i = 0; i < d->played.count && !e; i++) {
        struct lab_action action = {.seq = i + 1,
                                    .at_ms = d->run.started_ms + (i + 1) * 40 * MS_SECOND,
                                    .actor_id = d->run.person_id,
                                    .action = d->played.actions[i],
                                    .status = d->played.statuses[i],
                                    .answer_sha = d->played.answers[i]};
        action.hash = lab_log_hash(a, d->run.id, &action, previous);
        e = lab_store_action_add(db, a, d->run.id, &action, previous);
        previous = action.hash;
    }
    return e ? e : lab_store_checking_add(db, a, &d->run, previous, &d->checking);
}

static void judge(struct demo *d, const struct lab_dialect *const *dialects, const char *answer,
                  size_t len, struct arena *a) {
    struct lab_verdict verdicts[LAB_CHECKS_MAX];
    struct buf b;
    int passed = lab_verdicts_read(d->scenario, dialects, answer, len, verdicts, a);
    buf_init(&b, a);
    d->checking = (struct lab_checking_row){.seq = d->played.count,
                                            .at_ms = d->run.started_ms +
                                                     (d->played.count + 2) * 40 * MS_SECOND,
                                            .passed = passed,
                                            .total = d->scenario->check_count};
    d->checking.points = lab_verdicts_write(verdicts, d->scenario->check_count, NULL, &b);
    d->checking.verdicts = buf_text(&b);
}

enum err lab_demo_run(struct labs *l, struct arena *a, const char *person_id,
                      const char *scenario_id, const char *choice, const char *solution,
                      int64_t started_ms, const char **run_id) {
    struct demo *d = NEW(a, struct demo);
    struct diag_list diags;
    struct worker w;
    const struct lab_dialect *dialects[LAB_CONNECTORS_MAX];
    const char *why, *answer;
    size_t len;
    diag_init(&diags, a);
    const struct lab_version *version = registry_current(l->registry, a, scenario_id, NULL);
    if (!version || !l->zygote) return ERR_NOT_FOUND;
    d->scenario = &version->scenario;
    struct lab_solutions *solutions = NEW(a, struct lab_solutions);
    lab_solutions_load(solutions, l->app->root, d->scenario, a, &diags);
    const struct lab_solution *which = lab_solution_find(solutions, solution);
    const char *normal = lab_choice_normal(&d->scenario->stack, choice, a);
    if (!which || !normal || !lab_choice_read(&d->scenario->stack, normal, dialects, a))
        return ERR_NOT_FOUND;
    d->run = (struct lab_run_row){.id = id_new(a, started_ms),
                                  .person_id = person_id,
                                  .scenario_id = d->scenario->id,
                                  .version = d->scenario->version,
                                  .choice = normal,
                                  .engine = worker_engine(),
                                  .seed = random_u64() >> 1,
                                  .started_ms = started_ms};
    enum err e = client_start(&w, l->zygote, d->scenario->pack, d->scenario->pack_len, normal,
                              d->run.seed, NULL, 0, a, &why);
    if (e) return e;
    e = lab_solution_play(solutions, which, d->scenario, dialects, &w, a, &d->played);
    if (!e) e = client_view(&w, lab_checks_question(d->scenario, a), a, &answer, &len);
    if (!e) judge(d, dialects, answer, len, a);
    worker_end(&w);
    *run_id = d->run.id;
    return e ? e : store_write(l->app->store, write_demo, d, a);
}
