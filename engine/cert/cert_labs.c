/* What this room takes from the lab room: runs of a person, titles. */
#include "base/text.h"
#include "cert/cert_private.h"
#include "lab/lab.h"

const char *cert_lab_title(struct app *app, struct arena *a, const char *lab_id) {
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
            .title = r->title ? r->title : cert_lab_title(app, a, lab_id),
            .dialects = r->dialects,
            .version = r->version,
            .started_ms = r->started_ms,
            .passed_ms = r->passed_ms,
            .checks_passed = r->checks_passed,
            .checks = r->checks,
            .actions = r->actions,
        };
    }
    return OK;
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
