/* Collects the facts that a level is judged by from the other rooms. No other file of this room
 * asks them. */
#include <string.h>

#include "base/buf.h"
#include "base/json.h"
#include "base/text.h"
#include "cert/cert_private.h"
#include "exam/exam.h"

/* The one table of kinds. */
const struct evidence_kind *const cert_kinds[CERT_KINDS + 1] = {
    &module_evidence, &exam_evidence_kind, &lab_evidence_kind, NULL};

enum err cert_needs(struct app *app, struct arena *a, const struct content_snapshot *content,
                    const struct content_level *level, struct cert_need **out, size_t *count) {
    const struct evidence_asker who = {.app = app, .arena = a, .content = content};
    struct cert_need *needs = NULL;
    size_t n = 0;
    for (int k = 0; cert_kinds[k]; k++) {
        const struct evidence_kind *kind = cert_kinds[k];
        struct evidence_requirement *wants;
        size_t wanted = kind->requirements(level, a, &wants);
        for (size_t i = 0; i < wanted; i++) {
            needs = list_more(a, needs, n, sizeof *needs);
            needs[n] = (struct cert_need){.kind = kind,
                                          .id = wants[i].id,
                                          .href = arena_printf(a, "%s%s", kind->path, wants[i].id),
                                          .dialects = wants[i].dialects};
            needs[n].title = kind->title(&who, wants[i].id, &needs[n].lang);
            n++;
        }
    }
    *out = needs;
    *count = n;
    return OK;
}

void cert_need_say(struct request *r, struct view *v, const char *name,
                   const struct content_snapshot *content, const struct cert_need *need) {
    const struct evidence_asker who = {
        .app = r->app, .arena = r->arena, .content = content, .request = r};
    const char *lang = NULL, *title = need->kind->title(&who, need->id, &lang);
    content_view_text(r, v, name, title, lang);
}

/* RULE logged-evidence: what was passed counts when the log says so, too. */
static enum err compare_fact(struct db *db, struct arena *a, struct evidence_fact *f) {
    const char *problem = NULL;
    if (!f->passed || !f->record || !f->kind->record_problem) return OK;
    enum err e = f->kind->record_problem(db, a, f->record, &problem);
    f->changed = e == OK && problem;
    f->passed = e == OK && !problem;
    return e;
}

enum err cert_facts(struct app *app, struct db *db, struct arena *a,
                    const struct content_snapshot *content, const char *person_id,
                    const struct cert_need *needs, size_t need_count, struct evidence_fact **out,
                    size_t *count) {
    const struct evidence_asker who = {.app = app, .arena = a, .content = content};
    struct evidence_facts facts = {.arena = a};
    struct evidence_requirement *wants = NEW_ARRAY(a, struct evidence_requirement, need_count + 1);
    enum err e = OK;
    for (int k = 0; e == OK && cert_kinds[k]; k++) {
        size_t n = 0;
        for (size_t i = 0; i < need_count; i++)
            if (needs[i].kind == cert_kinds[k])
                wants[n++] = (struct evidence_requirement){needs[i].id, needs[i].dialects};
        e = cert_kinds[k]->facts(&who, db, person_id, wants, n, &facts);
    }
    for (size_t i = 0; e == OK && i < facts.count; i++) e = compare_fact(db, a, &facts.at[i]);
    *out = facts.at;
    *count = facts.count;
    return e;
}

static enum err status_since(struct app *app, struct db *db, struct arena *a,
                             const struct content_snapshot *content,
                             const struct content_level *level, const char *person_id,
                             const int64_t since_ms[CERT_KINDS], struct cert_level_status *out) {
    struct cert_need *needs;
    struct evidence_fact *facts;
    size_t need_count, fact_count;
    enum err e = cert_needs(app, a, content, level, &needs, &need_count);
    if (e == OK)
        e = cert_facts(app, db, a, content, person_id, needs, need_count, &facts, &fact_count);
    if (e != OK) return e;
    struct evidence_fact *kept = NEW_ARRAY(a, struct evidence_fact, fact_count + 1);
    memcpy(kept, facts, fact_count * sizeof *facts);
    size_t kept_count = cert_facts_since(kept, fact_count, since_ms);
    cert_level_status(a, level->open, needs, need_count, kept, kept_count, out);
    cert_level_before(out, facts, fact_count, since_ms);
    return OK;
}

/* RULE programme-published: by a programme that somebody else wrote no level is complete. */
static enum err judge_programme(struct db *db, struct arena *a,
                                const struct content_snapshot *content, const char *programme_id,
                                struct cert_level_status *status) {
    const char *problem = NULL;
    enum err e = content_programme_problem(db, a, content, programme_id, &problem);
    if (e != OK || !problem) return e;
    status->changed = true;
    status->complete = status->only_modules_missing = false;
    return OK;
}

/* ---- Applying again -------------------------------------------------------------------------- */
struct cert_rules cert_rules_of(const struct content_level *level) {
    const struct content_reapply_rules *x = &level->reapply;
    struct cert_rules rules = {.refusal_days = x->after_refusal_days,
                               .revocation_days = x->after_revocation_days,
                               .renewal_days = x->renewal_opens_days};
    for (int k = 0; cert_kinds[k]; k++) rules.anew[k] = cert_kinds[k]->for_renewal(level);
    return rules;
}

enum err cert_standing_of(struct app *app, struct db *db, struct arena *a,
                          const struct content_snapshot *content,
                          const struct cert_standing_query *asked, int64_t now_ms,
                          struct cert_standing *standing, struct cert_level_status *status) {
    struct cert_past past;
    struct cert_rules rules = cert_rules_of(asked->level);
    enum err e = cert_past_of(db, a, asked, now_ms, &past);
    if (e != OK) return e;
    cert_standing(&rules, &past, now_ms, standing);
    /* A certificate that is held is shown with what it was granted for. */
    static const int64_t whenever[CERT_KINDS];
    bool held = cert_is_held(standing);
    e = status_since(app, db, a, content, asked->level, asked->person_id,
                     held && !asked->application_id ? whenever : standing->since_ms, status);
    return e == OK ? judge_programme(db, a, content, asked->programme_id, status) : e;
}

static bool asks_exam(const struct content_level *level, const char *exam_id) {
    for (size_t i = 0; i < level->exam_count; i++)
        if (str_eq(level->exams[i], exam_id)) return true;
    return false;
}

enum err cert_exam_anew(struct db *db, struct arena *a, const struct exam_anew_ask *ask,
                        int64_t now_ms, int64_t *until_ms) {
    const int row = cert_kind_row(&exam_evidence_kind);
    enum err e = OK;
    *until_ms = 0;
    for (size_t i = 0; i < content_programme_count(ask->content); i++) {
        const struct content_programme *p = content_programme_at(ask->content, i);
        for (size_t k = 0; e == OK && k < p->level_count; k++) {
            if (!asks_exam(&p->levels[k], ask->exam_id)) continue;
            struct cert_standing_query asked = {ask->person_id, p->id, &p->levels[k], NULL, 0};
            struct cert_rules rules = cert_rules_of(&p->levels[k]);
            struct cert_past past;
            struct cert_standing standing;
            e = cert_past_of(db, a, &asked, now_ms, &past);
            if (e != OK) break;
            cert_standing(&rules, &past, now_ms, &standing);
            int64_t since_ms = cert_is_held(&standing) ? 0 : standing.since_ms[row];
            if (since_ms > *until_ms) *until_ms = since_ms;
        }
    }
    return e;
}

enum err cert_status_of(struct app *app, struct db *db, struct arena *a,
                        const struct content_snapshot *content, const char *programme_id,
                        const struct content_level *level, const char *person_id, int64_t now_ms,
                        struct cert_level_status *out) {
    struct cert_standing_query asked = {person_id, programme_id, level, NULL, 0};
    struct cert_standing standing;
    return cert_standing_of(app, db, a, content, &asked, now_ms, &standing, out);
}

char *cert_evidence_json(struct arena *a, const struct cert_level_status *s) {
    static const char *const states[] = {"met", "begun", "missing"};
    struct buf b;
    buf_init(&b, a);
    buf_puts(&b, "[");
    for (size_t i = 0; i < s->count; i++) {
        const struct cert_need_status *n = &s->needs[i];
        buf_printf(&b, "%s{\"kind\":\"%s\",\"id\":", i ? "," : "", n->need->kind->name);
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
