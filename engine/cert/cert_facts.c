/* From other rooms' records to the facts that a level is judged by. The one place of this room that knows them. */
#include <string.h>

#include "base/buf.h"
#include "base/json.h"
#include "base/text.h"
#include "cert/cert_private.h"
#include "exam/exam.h"

static const char *exam_title(struct app *app, struct arena *a, const char *id) {
    struct exam_summary s;
    return app->exams && exam_find(app->exams, a, id, &s) == OK ? s.title : id;
}

enum err cert_needs(struct app *app, struct arena *a, const struct content_snapshot *content,
                    const struct content_level *level, struct cert_need **out, size_t *count) {
    size_t n = 0;
    struct cert_need *needs = NEW_ARRAY(
        a, struct cert_need, level->module_count + level->exam_count + level->lab_count + 1);
    for (size_t i = 0; i < level->module_count; i++) {
        const struct content_module *m = content_module(content, level->modules[i]);
        needs[n++] = (struct cert_need){CERT_MODULE, level->modules[i],
                                        m ? m->title : level->modules[i],
                                        arena_printf(a, "/modules/%s", level->modules[i]), 0};
    }
    for (size_t i = 0; i < level->exam_count; i++)
        needs[n++] = (struct cert_need){CERT_EXAM, level->exams[i],
                                        exam_title(app, a, level->exams[i]),
                                        arena_printf(a, "/exams/%s", level->exams[i]), 0};
    for (size_t i = 0; i < level->lab_count; i++)
        needs[n++] = (struct cert_need){
            CERT_LAB, level->labs[i].id, cert_lab_title(app, a, level->labs[i].id),
            arena_printf(a, "/labs/%s", level->labs[i].id), level->labs[i].dialects};
    *out = needs;
    *count = n;
    return OK;
}

/* Facts grow in steps; `facts->count` of them. */
struct fact_list {
    struct arena *arena;
    struct cert_fact *at;
    size_t count;
};

static void add_fact(struct fact_list *l, struct cert_fact f) {
    l->at = list_more(l->arena, l->at, l->count, sizeof *l->at);
    l->at[l->count++] = f;
}

static enum err add_modules(struct db *db, const struct content_snapshot *content,
                            const char *person_id, struct fact_list *l) {
    struct content_progress progress;
    enum err e = content_progress(db, l->arena, content, person_id, &progress);
    for (size_t i = 0; e == OK && i < progress.count; i++) {
        const struct content_module_progress *m = &progress.modules[i];
        if (m->last_ms || m->completed_ms)
            add_fact(l, (struct cert_fact){CERT_MODULE, m->module_id, m->completed_ms != 0, NULL,
                                           NULL, m->completed_ms ? m->completed_ms : m->last_ms});
    }
    return e;
}

/* Practice exams never count; nor does an attempt that is not scored yet. */
static enum err add_exam(struct app *app, struct db *db, const char *person_id, const char *exam_id,
                         struct fact_list *l) {
    struct exam_result *results;
    size_t count;
    enum err e = exam_results(db, l->arena, app->exams, person_id, exam_id, &results, &count);
    for (size_t i = 0; e == OK && i < count; i++)
        if (!results[i].practice)
            add_fact(l, (struct cert_fact){CERT_EXAM, exam_id, results[i].passed, NULL,
                                           results[i].attempt_id, results[i].submitted_ms});
    return e;
}

static enum err add_lab(struct app *app, struct db *db, const char *person_id, const char *lab_id,
                        struct fact_list *l) {
    struct cert_lab_run *runs;
    size_t count;
    enum err e = cert_lab_runs(app, db, l->arena, person_id, lab_id, &runs, &count);
    for (size_t i = 0; e == OK && i < count; i++)
        add_fact(l, (struct cert_fact){CERT_LAB, lab_id, runs[i].passed_ms != 0, runs[i].dialects,
                                       runs[i].run_id,
                                       runs[i].passed_ms ? runs[i].passed_ms : runs[i].started_ms});
    return e;
}

enum err cert_facts(struct app *app, struct db *db, struct arena *a,
                    const struct content_snapshot *content, const char *person_id,
                    const struct cert_need *needs, size_t need_count, struct cert_fact **out,
                    size_t *count) {
    struct fact_list l = {.arena = a};
    enum err e = add_modules(db, content, person_id, &l);
    for (size_t i = 0; e == OK && i < need_count; i++) {
        if (needs[i].kind == CERT_EXAM) e = add_exam(app, db, person_id, needs[i].id, &l);
        else if (needs[i].kind == CERT_LAB) e = add_lab(app, db, person_id, needs[i].id, &l);
    }
    *out = l.at;
    *count = l.count;
    return e;
}

enum err cert_status_of(struct app *app, struct db *db, struct arena *a,
                        const struct content_snapshot *content, const struct content_level *level,
                        const char *person_id, struct cert_level_status *out) {
    struct cert_need *needs;
    struct cert_fact *facts;
    size_t need_count, fact_count;
    enum err e = cert_needs(app, a, content, level, &needs, &need_count);
    if (e == OK)
        e = cert_facts(app, db, a, content, person_id, needs, need_count, &facts, &fact_count);
    if (e == OK) cert_level_status(a, level->open, needs, need_count, facts, fact_count, out);
    return e;
}

char *cert_evidence_json(struct arena *a, const struct cert_level_status *s) {
    static const char *const kinds[] = {"module", "exam", "lab"}, *const states[] = {"met", "begun",
                                                                                     "missing"};
    struct buf b;
    buf_init(&b, a);
    buf_puts(&b, "[");
    for (size_t i = 0; i < s->count; i++) {
        const struct cert_need_status *n = &s->needs[i];
        buf_printf(&b, "%s{\"kind\":\"%s\",\"id\":", i ? "," : "", kinds[n->need->kind]);
        buf_json(&b, n->need->id);
        buf_printf(&b, ",\"state\":\"%s\"", states[n->state]);
        if (n->record) {
            buf_puts(&b, ",\"record\":");
            buf_json(&b, n->record);
        }
        if (n->at_ms) buf_printf(&b, ",\"at_ms\":%lld", (long long)n->at_ms);
        buf_puts(&b, "}");
    }
    buf_puts(&b, "]");
    return arena_dup(a, buf_text(&b));
}
