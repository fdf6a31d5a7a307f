/* Programmes: the list, one programme as a path of levels, the glossary, and what the start page
 * shows. */
#include <stdio.h>
#include <string.h>

#include "base/text.h"
#include "content/content_private.h"

/* ---- The path of a level
 * ------------------------------------------------------------------------------------ */

struct path_totals {
    int64_t done, total, minutes_left;
};

void content_time_left(struct view *v, int64_t minutes) {
    bool hours = minutes >= 90;
    view_int(v, "minutes_left", hours ? 0 : minutes);
    view_int(v, "hours_left", hours ? (minutes + 30) / 60 : 0);
}

const char *content_left_text(struct request *r, const struct content_module_progress *p) {
    int sections = p->sections_total - p->sections_done,
        questions = p->checkpoints_total - p->checkpoints_answered;
    if (!p->last_ms || p->completed_ms || (!sections && !questions)) return NULL;
    struct view *v = view_new(r->arena);
    view_int(v, "sections", sections);
    view_int(v, "questions", questions);
    return page_text(r->app->site, r->locale,
                     !questions  ? "content_left_sections"
                     : !sections ? "content_left_questions"
                                 : "content_left_both",
                     v, r->arena);
}

static struct view *step(struct request *r, struct view *path, const char *href, const char *title,
                         const char *lang, const char *state, const char *state_text) {
    struct view *v = view_item(path);
    if (href) view_text(v, "href", href);
    content_view_text(r, v, "title", title, lang);
    view_text(v, "state", state);
    view_text(v, "state_text", state_text);
    return v;
}

static void module_step(struct request *r, const struct content_snapshot *s, const char *id,
                        const struct content_progress *progress, const struct content_module *next,
                        int64_t since_ms, struct view *path, struct path_totals *totals) {
    const struct content_module *m = content_module_for(r, s, id);
    if (!m) return;
    struct content_module_progress p = progress
                                           ? content_progress_of(progress, content_module(s, id))
                                           : (struct content_module_progress){0};
    bool current = next && str_eq(next->id, id), begun = p.last_ms && !p.completed_ms;
    bool done = p.completed_ms > since_ms || p.redone_ms > since_ms, anew = p.completed_ms && !done;
    const char *state = done ? "done" : current ? "current" : "open";
    const char *key = done               ? "content_state_done"
                      : anew             ? "content_state_anew"
                      : current && begun ? "content_state_begun"
                      : current          ? "content_state_next"
                      : begun            ? "content_state_begun"
                                         : "content_state_open";
    const char *left = done ? NULL : content_left_text(r, &p),
               *state_text = left ? left : content_text(r, key);
    struct view *v = step(r, path, arena_printf(r->arena, "/modules/%s", id), m->title,
                          content_module_lang(s, m), state, progress ? state_text : "");
    view_int(v, "minutes", begun ? p.minutes_left : m->minutes);
    view_text(v, "summary", m->summary);
    totals->total++;
    totals->done += done;
    totals->minutes_left += progress ? p.minutes_left : m->minutes;
}

static void other_link(struct request *r, const struct content_programme *p, bool exam,
                       const char *id, const struct content_step *known, struct view *link) {
    const char *lang = known->lang ? known->lang : p->lang ? p->lang : "en";
    const char *general = exam ? "content_step_exam" : "content_step_lab";
    view_text(link, "href", arena_printf(r->arena, "/%s/%s", exam ? "exams" : "labs", id));
    content_view_text(r, link, "title", known->title ? known->title : content_text(r, general),
                      known->title ? lang : NULL);
}

static void other_step(struct request *r, const struct content_programme *p, bool exam,
                       const char *id, const struct content_step *known, struct view *path,
                       struct path_totals *totals) {
    static const struct {
        const char *state, *key;
    } states[] = {[CONTENT_STEP_OPEN] = {"open", "content_state_open"},
                  [CONTENT_STEP_BEGUN] = {"current", "content_state_begun"},
                  [CONTENT_STEP_DONE] = {"done", "content_state_done"},
                  [CONTENT_STEP_LOCKED] = {"locked", "content_state_locked"},
                  [CONTENT_STEP_FAILED] = {"open", "content_state_failed"},
                  [CONTENT_STEP_ANEW] = {"open", "content_state_anew"}};
    struct view *v = view_item(path);
    other_link(r, p, exam, id, known, v);
    view_text(v, "state", states[known->state].state);
    view_text(v, "state_text", r->who ? content_text(r, states[known->state].key) : "");
    view_text(v, "kind", content_text(r, exam ? "content_kind_exam" : "content_kind_lab"));
    if (known->minutes) view_int(v, "minutes", known->minutes);
    totals->total++;
    totals->done += known->state == CONTENT_STEP_DONE;
    if (known->state != CONTENT_STEP_DONE) totals->minutes_left += known->minutes;
}

/* Exams and labs belong to other rooms: they say what they are called and how far the person is. */
static enum err ask_steps(struct request *r, const struct content_snapshot *s,
                          const struct content_programme *p, const struct content_level *level,
                          struct content_step **steps, struct content_stand *stand) {
    size_t count = level->exam_count + level->lab_count;
    content_steps_fn ask = r->app->content->steps;
    *steps = NEW_ARRAY(r->arena, struct content_step, count + 1);
    *stand = (struct content_stand){0};
    return ask ? ask(r, s, p, level, *steps, stand) : OK;
}

/* RULE revocation-told, RULE apply-told: what the reader has to know of the certificate. */
static void stand_view(struct request *r, struct view *v, const struct content_stand *stand) {
    view_bool(v, "may_apply", stand->may_apply);
    view_bool(v, "waits", stand->waits);
    if (!stand->certificate) return;
    bool revoked = stand->revoked_ms != 0;
    struct view *c = view_object(v, revoked ? "revoked" : "holds");
    view_text(c, "number", stand->certificate);
    view_text(c, "certificate_href",
              arena_printf(r->arena, "/certificates/%s", stand->certificate));
    if (revoked) view_time(c, "at", stand->revoked_ms, r->locale, r->zone);
}

static enum err path_view(struct request *r, const struct content_snapshot *s,
                          const struct content_programme *p, const struct content_level *level,
                          const struct content_progress *progress, struct view *v,
                          struct path_totals *totals) {
    const struct content_module *next = progress ? content_next(s, progress, p) : NULL;
    struct view *path = view_list(v, "path");
    struct content_step *steps;
    struct content_stand stand;
    *totals = (struct path_totals){0};
    enum err e = ask_steps(r, s, p, level, &steps, &stand);
    if (e != OK) return e;
    for (size_t i = 0; i < level->module_count; i++)
        module_step(r, s, level->modules[i], progress, next, stand.modules_since_ms, path, totals);
    for (size_t i = 0; i < level->exam_count; i++)
        other_step(r, p, true, level->exams[i], &steps[i], path, totals);
    for (size_t i = 0; i < level->lab_count; i++)
        other_step(r, p, false, level->labs[i].id, &steps[level->exam_count + i], path, totals);
    stand_view(r, v, &stand);
    view_bool(v, "has_modules", level->module_count > 0);
    view_int(v, "total", totals->total);
    view_int(v, "done", totals->done);
    content_time_left(v, totals->minutes_left);
    return OK;
}

enum err content_after_modules(struct request *r, const struct content_snapshot *s,
                               const struct content_programme *p, const struct content_level *level,
                               struct view *v) {
    struct content_step *steps;
    size_t i = 0, count = level->exam_count + level->lab_count;
    struct content_stand stand;
    if (!level->open) return OK;
    enum err e = ask_steps(r, s, p, level, &steps, &stand);
    if (e != OK) return e;
    struct view *next = view_object(v, "next");
    while (i < count && steps[i].state == CONTENT_STEP_DONE) i++;
    bool exam = i < level->exam_count;
    if (i < count) {
        const char *id = exam ? level->exams[i] : level->labs[i - level->exam_count].id;
        other_link(r, p, exam, id, &steps[i], next);
        view_text(next, "kind", content_text(r, exam ? "content_kind_exam" : "content_kind_lab"));
        return OK;
    }
    view_text(next, "href", arena_printf(r->arena, "/programmes/%s/levels/%s", p->id, level->id));
    content_view_text(r, next, "title", content_text(r, "content_level_certificate"), NULL);
    return OK;
}

static void badge_view(struct view *v, int number) {
    char name[24];
    snprintf(name, sizeof name, "level_%d", number < 1 ? 1 : number > 4 ? 4 : number);
    view_bool(v, name, true);
}

enum err content_levels_view(struct request *r, const struct content_snapshot *s,
                             const struct content_programme *p,
                             const struct content_progress *progress, struct view *v) {
    struct view *levels = view_list(v, "levels");
    for (size_t i = 0; i < p->level_count; i++) {
        const struct content_level *level = &p->levels[i];
        struct path_totals totals;
        struct view *item = view_item(levels);
        view_text(item, "id", level->id);
        content_view_text(r, item, "title", level->title, p->lang ? p->lang : "en");
        view_text(item, "summary", level->summary);
        view_text(item, "scope", level->scope);
        view_int(item, "number", level->number);
        badge_view(item, level->number);
        view_bool(item, "open", level->open);
        if (level->valid_months) view_int(item, "valid_months", level->valid_months);
        view_text(item, "href",
                  arena_printf(r->arena, "/programmes/%s/levels/%s", p->id, level->id));
        enum err e = path_view(r, s, p, level, progress, item, &totals);
        if (e != OK) return e;
        view_bool(item, "complete", totals.total > 0 && totals.done == totals.total);
    }
    return OK;
}

/* Progress of who is signed in; NULL for strangers. */
static enum err own_progress(struct request *r, const struct content_snapshot *s,
                             struct content_progress **out) {
    *out = NULL;
    if (!r->who) return OK;
    *out = NEW(r->arena, struct content_progress);
    return content_progress(r->db, r->arena, s, r->who->person_id, *out);
}

/* ---- Pages ---------------------------------------------------------------------------------- */

enum err content_programmes_page(struct request *r) {
    const struct content_snapshot *s = content_of(r);
    struct content_progress *progress;
    enum err e = own_progress(r, s, &progress);
    if (e != OK) return e;
    struct view *v = view_new(r->arena), *list = view_list(v, "programmes");
    view_text(v, "title", content_text(r, "content_programmes_title"));
    for (size_t i = 0; i < s->programme_count; i++) {
        const struct content_programme *p = s->programmes[i];
        struct view *item = view_item(list);
        view_text(item, "href", arena_printf(r->arena, "/programmes/%s", p->id));
        content_view_text(r, item, "title", p->title, content_lang(s, p->lang, p->id));
        view_text(item, "summary", p->summary);
        view_text(item, "body", p->body);
        e = content_levels_view(r, s, p, progress, item);
        if (e != OK) return e;
    }
    return http_page(r, "content_programmes", v);
}

enum err content_programme_page(struct request *r) {
    const struct content_snapshot *s = content_of(r);
    const struct content_programme *p = content_programme(s, r->param[0]);
    if (!p) return http_refuse(r, ERR_NOT_FOUND, "content_no_programme", NULL);
    struct content_progress *progress;
    enum err e = own_progress(r, s, &progress);
    if (e != OK) return e;
    struct view *v = view_new(r->arena);
    content_view_text(r, v, "title", p->title, content_lang(s, p->lang, p->id));
    view_text(v, "summary", p->summary);
    view_text(v, "body", p->body);
    view_text(v, "scheme_version", p->scheme_version);
    view_html(v, "about", p->html);
    view_bool(v, "has_math", doc_has_formula(p->html));
    view_int(v, "level_count", (int64_t)p->level_count);
    e = content_levels_view(r, s, p, progress, v);
    if (e != OK) return e;
    if (r->who && r->app->content->next) e = r->app->content->next(r, p, v);
    if (e != OK) return e;
    struct view *personas = view_list(v, "personas");
    for (size_t i = 0; i < p->persona_count; i++) {
        struct view *item = view_item(personas);
        view_text(item, "id", p->personas[i].id);
        view_text(item, "title", p->personas[i].title);
        view_text(item, "summary", p->personas[i].summary);
    }
    const struct reading reading = reading_of(r);
    const struct content_self *self = snapshot_self(s, &reading);
    view_bool(v, "has_self", self && str_eq(self->programme, p->id));
    view_bool(v, "has_glossary", snapshot_glossary(s, p->id, &reading) != NULL);
    struct view *crumbs = view_list(v, "crumbs"), *item = view_item(crumbs);
    view_text(item, "href", "/programmes");
    view_text(item, "text", content_text(r, "content_programmes_title"));
    content_view_text(r, view_item(crumbs), "text", p->title, content_lang(s, p->lang, p->id));
    return http_page(r, "content_programme", v);
}

enum err content_glossary_page(struct request *r) {
    const struct content_snapshot *s = content_of(r);
    const struct reading reading = reading_of(r);
    const struct content_glossary *g = snapshot_glossary(s, http_query(r, "programme"), &reading);
    const struct article *terms = g && g->term_count ? article_of_glossary(r, s, g) : NULL;
    const char *lang = g ? content_lang(s, g->lang, g->programme) : NULL;
    struct view *v = view_new(r->arena);
    content_view_text(r, v, "title", g ? g->title : content_text(r, "content_glossary_title"),
                      lang);
    if (terms) view_html_borrow(v, "terms", terms->html, terms->len);
    view_int(v, "term_count", terms ? (int64_t)g->term_count : 0);
    view_bool(v, "has_math", terms && terms->has_math);
    return http_page(r, "content_glossary", v);
}
