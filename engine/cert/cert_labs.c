/* What this room reads from the lab room: runs of a person, titles. */
#include "base/text.h"
#include "cert/cert_private.h"
#include "lab/lab.h"

static const char *title_of(struct app *app, struct arena *a, const char *lab_id) {
    const char *title = app->labs ? lab_title(app->labs, a, lab_id) : NULL;
    return title ? title : lab_id;
}

enum err cert_lab_runs(struct app *app, struct db *db, struct arena *a, const char *person_id,
                       const char *lab_id, struct cert_lab_run **out, size_t *count) {
    struct lab_result *results;
    enum err e = lab_results(db, a, person_id, lab_id, &results, count);
    if (e != OK) return e;
    *out = NEW_ARRAY(a, struct cert_lab_run, *count + 1);
    for (size_t i = 0; i < *count; i++) {
        const struct lab_result *r = &results[i];
        (*out)[i] = (struct cert_lab_run){
            .run_id = r->run_id,
            .title = r->title ? r->title : title_of(app, a, lab_id),
            .dialects = r->dialects,
            .version = r->version,
            .started_ms = r->started_ms,
            .passed_ms = r->passed_ms,
            .checks_passed = r->checks_passed,
            .checks = r->checks,
            .actions = r->actions,
            .hints = r->hints,
        };
    }
    return OK;
}

enum err cert_lab_record_problem(struct db *db, struct arena *a, const char *run_id,
                                 const char **problem) {
    return lab_record_problem(db, a, run_id, problem);
}

enum err cert_lab_run_is_of(struct db *db, struct arena *a, const char *person_id,
                            const char *run_id, bool *out) {
    struct lab_result *runs;
    size_t count;
    *out = false;
    enum err e = lab_results(db, a, person_id, NULL, &runs, &count);
    for (size_t i = 0; e == OK && i < count; i++)
        if (str_eq(runs[i].run_id, run_id)) *out = true;
    return e;
}

const char *cert_lab_dialects(struct request *r, const struct cert_lab_run *run) {
    return lab_dialect_titles(r->app->labs, r->db, r->arena, run->version, run->dialects);
}

/* ---- As a kind of evidence ----------------------------------------------------------------- */

static size_t requirements(const struct content_level *level, struct arena *a,
                           struct evidence_requirement **out) {
    *out = NEW_ARRAY(a, struct evidence_requirement, level->lab_count + 1);
    for (size_t i = 0; i < level->lab_count; i++)
        (*out)[i] = (struct evidence_requirement){level->labs[i].id, level->labs[i].dialects};
    return level->lab_count;
}

static bool for_renewal(const struct content_level *level) { return level->reapply.renew_labs; }

static const char *title(const struct evidence_asker *who, const char *id, const char **lang) {
    *lang = who->app->labs ? lab_title_lang(who->app->labs, who->arena, id) : NULL;
    return title_of(who->app, who->arena, id);
}

static int64_t minutes(const struct evidence_asker *who, const struct content_progress *progress,
                       const char *id, int left) {
    (void)progress;
    return (int64_t)lab_minutes(who->app->labs, id) * (left > 1 ? left : 1);
}

static enum err facts(const struct evidence_asker *who, struct db *db, const char *person_id,
                      const struct evidence_requirement *wanted, size_t count,
                      struct evidence_facts *out) {
    enum err e = OK;
    for (size_t w = 0; e == OK && w < count; w++) {
        struct cert_lab_run *runs;
        size_t n;
        e = cert_lab_runs(who->app, db, who->arena, person_id, wanted[w].id, &runs, &n);
        for (size_t i = 0; e == OK && i < n; i++)
            evidence_add(out,
                         (struct evidence_fact){.kind = &lab_evidence_kind,
                                                .id = wanted[w].id,
                                                .passed = runs[i].passed_ms != 0,
                                                .dialects = runs[i].dialects,
                                                .record = runs[i].run_id,
                                                .at_ms = runs[i].passed_ms ? runs[i].passed_ms
                                                                           : runs[i].started_ms});
    }
    return e;
}

const struct evidence_kind lab_evidence_kind = {.name = "lab",
                                                .path = "/labs/",
                                                .heading = "cert_needs_labs",
                                                .word = "cohort_kind_lab",
                                                .met = "cert_need_lab_met",
                                                .begun = "cert_need_lab_begun",
                                                .missing = "cert_need_lab_missing",
                                                .card = "home_kind_lab",
                                                .why = "home_why_lab",
                                                .why_again = "home_why_lab",
                                                .note = ": every check of the scenario held",
                                                .requirements = requirements,
                                                .for_renewal = for_renewal,
                                                .title = title,
                                                .minutes = minutes,
                                                .facts = facts,
                                                .record_problem = lab_record_problem};
