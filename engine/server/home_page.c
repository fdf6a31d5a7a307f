/* The start page: what do I do next, how far am I, what is due? */
#include <string.h>

#include "base/clock.h"
#include "base/text.h"
#include "cert/cert.h"
#include "content/content.h"
#include "exam/exam.h"
#include "lab/lab.h"
#include "server/server.h"

/* What the page is made of, read once. */
struct home {
    struct request *r;
    const struct content_snapshot *content;
    struct content_progress progress;
    struct exam_open_attempt *attempts;
    size_t attempt_count;
    bool has_next; /* the card of the next step is filled */
    struct view *view;
};

static const char *text(struct request *r, const char *key) {
    return page_text(r->app->site, r->locale, key, NULL, r->arena);
}

static const char *link_to(struct request *r, const char *folder, const char *id) {
    return arena_printf(r->arena, "/%s/%s", folder, id);
}

/* ---- The one next step ----------------------------------------------------------------------- */

static struct view *next_card(struct home *s, const char *kind, const char *title, const char *lang,
                              const char *href, const char *action) {
    struct view *card = view_object(s->view, "next");
    s->has_next = true;
    view_text(card, "kind", text(s->r, kind));
    content_view_text(s->r, card, "title", title, lang);
    view_text(card, "href", href);
    view_text(card, "action", text(s->r, action));
    return card;
}

/* An attempt whose clock runs comes before everything. */
static void next_attempt(struct home *s) {
    struct exam_summary exam;
    if (s->attempt_count == 0) return;
    const struct exam_open_attempt *a = &s->attempts[0];
    bool known = exam_find(s->r->app->exams, s->r->arena, a->exam_id, &exam) == OK;
    struct view *card = next_card(s, "home_kind_exam", known ? exam.title : a->exam_id,
                                  known ? exam.lang : NULL,
                                  link_to(s->r, "attempts", a->attempt_id), "home_action_continue");
    int64_t left = (a->deadline_ms - s->r->now_ms) / MS_MINUTE;
    view_bool(card, "is_resume", true);
    view_text(card, "why", text(s->r, "home_why_attempt"));
    if (left > 0) view_int(card, "minutes", left);
}

/* RULE resume-lab: a run that is not passed and was worked in later than any module is where the
 * person left off; its card leads into it. */
static enum err next_run(struct home *s) {
    struct request *r = s->r;
    struct lab_result *results;
    size_t count;
    enum err e = lab_results(r->db, r->arena, r->who->person_id, NULL, &results, &count);
    const struct lab_result *run = e == OK ? lab_open_run(results, count) : NULL;
    if (s->has_next || !run || !lab_title(r->app->labs, r->arena, run->scenario_id)) return e;
    for (size_t i = 0; i < s->progress.count; i++)
        if (s->progress.modules[i].last_ms >= run->last_ms) return OK;
    struct view *card = next_card(s, "home_kind_lab", run->title, NULL,
                                  link_to(r, "runs", run->run_id), "home_action_continue");
    view_bool(card, "is_resume", true);
    view_text(card, "why", text(r, "home_why_open_run"));
    return OK;
}

static void next_module(struct home *s, const struct content_module *m) {
    struct content_module_progress mine = content_progress_of(&s->progress, m);
    const struct content_module *shown = content_module_for(s->r, s->content, m->id);
    const char *href = link_to(s->r, "modules", m->id);
    if (mine.last_section) href = arena_printf(s->r->arena, "%s#%s", href, mine.last_section);
    struct view *card = next_card(s, "home_kind_module", shown->title,
                                  content_module_lang(s->content, shown), href,
                                  mine.last_ms ? "home_action_continue" : "home_action_start");
    view_bool(card, "is_resume", mine.last_ms != 0);
    view_text(card, "left", content_left_text(s->r, &mine));
    view_text(card, "why", shown->summary);
    view_int(card, "minutes", mine.minutes_left ? mine.minutes_left : m->minutes);
}

static int64_t need_left(struct home *s, const struct cert_need_status *n) {
    return need_minutes_left(s->r->app, s->r->arena, s->content, &s->progress, n);
}

/* ---- Where a person stands in a level ------------------------------------------------------- */

/* Of an exam that was not passed: whether it may be repeated now, or from when on; when_ms 0:
 * never, as things are. */
struct retake {
    bool may;
    int64_t when_ms;
};

struct standing {
    const struct content_programme *programme;
    const struct content_level *level;
    struct retake *again; /* by need */
    int64_t last_ms;      /* when the person last did something here; 0: never */
    struct cert_own own;
    const struct cert_need_status *step; /* the one to do next; NULL: none is left */
};

static bool is_failed(const struct cert_need_status *n) {
    return n->need->kind->final && n->state == CERT_BEGUN;
}

static bool is_running(const struct home *s, const struct cert_need_status *n) {
    return n->need->kind == &exam_evidence_kind && s->attempt_count &&
           str_eq(s->attempts[0].exam_id, n->need->id);
}

/* What the card offers and the path highlights: an attempt whose clock runs, the module that comes
 * next, an exam or a lab that can be begun now, or else whatever is missing first. */
static const struct cert_need_status *step_of(const struct home *s, const struct standing *x) {
    const struct content_module *m = content_next(s->content, &s->progress, x->programme);
    const struct cert_need_status *first = NULL, *now = NULL;
    bool modules = false;
    for (size_t i = 0; i < x->own.status.count; i++) {
        const struct cert_need_status *n = &x->own.status.needs[i];
        if (is_running(s, n)) return n;
    }
    for (size_t i = 0; i < x->own.status.count; i++) {
        const struct cert_need_status *n = &x->own.status.needs[i];
        bool module = n->need->kind->training;
        if (n->state == CERT_MET) continue;
        if (module && m && str_eq(m->id, n->need->id)) return n;
        modules |= module;
        if (!first) first = n;
        if (!now && !module && (!is_failed(n) || x->again[i].may)) now = n;
    }
    return modules || !now ? first : now;
}

static enum err read_standing(struct home *s, struct standing *x) {
    struct request *r = s->r;
    enum err e = cert_application_of(r, s->content, x->programme->id, x->level, &x->own);
    if (e != OK) return e;
    x->again = NEW_ARRAY(r->arena, struct retake, x->own.status.count + 1);
    for (size_t i = 0; e == OK && i < x->own.status.count; i++) {
        const struct cert_need_status *n = &x->own.status.needs[i];
        const struct content_module *m = n->need->kind->training
                                             ? content_module(s->content, n->need->id)
                                             : NULL;
        int64_t at_ms = m              ? content_progress_of(&s->progress, m).last_ms
                        : n->before_ms ? n->before_ms
                                       : n->at_ms;
        if (is_running(s, n)) at_ms = r->now_ms;
        else if (n->state == CERT_MISSING && !n->before_ms) continue;
        if (at_ms > x->last_ms) x->last_ms = at_ms;
        if (is_failed(n)) e = exam_open_to(r, n->need->id, &x->again[i].may, &x->again[i].when_ms);
    }
    x->step = step_of(s, x);
    return e;
}

static void next_need(struct home *s, const struct standing *x, const struct cert_need_status *n) {
    const struct retake *again = &x->again[n - x->own.status.needs];
    const struct evidence_kind *kind = n->need->kind;
    bool failed = is_failed(n), resume = n->state == CERT_BEGUN && !kind->final;
    struct view *card = next_card(s, kind->card, n->need->title, n->need->lang, n->need->href,
                                  failed && !again->may ? "home_action_lobby"
                                  : resume              ? "home_action_continue"
                                                        : "home_action_start");
    view_bool(card, "is_resume", resume);
    view_text(card, "why", text(s->r, failed ? kind->why_again : kind->why));
    if (need_left(s, n)) view_int(card, "minutes", need_left(s, n));
}

static void next_apply(struct home *s, const struct standing *x) {
    const char *lang = content_lang(s->content, x->programme->lang, x->programme->id);
    struct view *card = next_card(
        s, "home_kind_apply", x->level->title, lang,
        arena_printf(s->r->arena, "/programmes/%s/levels/%s#apply", x->programme->id, x->level->id),
        "home_apply_button");
    view_text(card, "why", text(s->r, "home_apply_text"));
}

/* RULE next-step: the card is the step of the level, from its modules to its exam and its lab; then
 * the application; then a module of a later level of the same programme. The start page and the
 * page of a programme take it from here. */
static void next_in(struct home *s, const struct standing *x) {
    const struct content_module *m = content_next(s->content, &s->progress, x->programme);
    const struct cert_need_status *n = x->step;
    if (s->has_next) return;
    if (!n && x->own.may_apply) next_apply(s, x);
    else if (n && !n->need->kind->training) next_need(s, x, n);
    else if (n && content_module(s->content, n->need->id))
        next_module(s, content_module(s->content, n->need->id));
    else if (!n && m) next_module(s, m);
}

/* ---- Programmes ------------------------------------------------------------------------------ */

static const char *state_text(struct home *s, struct view *step, const struct cert_need_status *n,
                              const struct retake *again) {
    struct request *r = s->r;
    if (n->state == CERT_MET) return text(r, "home_state_done");
    if (is_running(s, n)) return text(r, "home_state_begun");
    const struct content_module *m = n->need->kind->training
                                         ? content_module(s->content, n->need->id)
                                         : NULL;
    if (m && !n->before_ms) {
        struct content_module_progress mine = content_progress_of(&s->progress, m);
        const char *left = content_left_text(r, &mine);
        if (left) return left;
    }
    if (n->before_ms) return text(r, "home_state_anew");
    if (!is_failed(n))
        return text(r, n->state == CERT_BEGUN ? "home_state_begun" : "home_state_open");
    if (again->may) return text(r, "home_state_failed");
    if (!again->when_ms) return text(r, "home_state_failed_last");
    view_time(step, "again", again->when_ms, r->locale, r->zone);
    return page_text(r->app->site, r->locale, "home_state_failed_until", step, r->arena);
}

static void path_step(struct home *s, struct view *path, const struct standing *x, size_t i) {
    const struct cert_need_status *n = &x->own.status.needs[i];
    struct view *step = view_item(path);
    int64_t minutes = need_left(s, n);
    view_text(step, "state", n == x->step ? "current" : n->state == CERT_MET ? "done" : "open");
    view_text(step, "state_text", state_text(s, step, n, &x->again[i]));
    cert_need_say(s->r, step, "title", s->content, n->need);
    view_text(step, "href", n->need->href);
    if (!n->need->kind->training) view_text(step, "kind", text(s->r, n->need->kind->word));
    if (minutes) view_int(step, "minutes", minutes);
}

static int64_t minutes_left(struct home *s, const struct cert_level_status *status) {
    int64_t sum = 0;
    for (size_t i = 0; i < status->count; i++) sum += need_left(s, &status->needs[i]);
    return sum;
}

/* RULE refusal-told: the start page tells a refusal, its reason, and from when on one may apply
 * again. */
static void add_refusal(struct request *r, struct view *item, const struct cert_own *own) {
    struct view *refused = view_object(item, "refused");
    view_text(refused, "reason", own->refused_reason);
    view_time(refused, "at", own->refused_ms, r->locale, r->zone);
    if (own->from_ms) view_time(refused, "from", own->from_ms, r->locale, r->zone);
}

/* RULE revocation-told: so does it a revocation, and that what was done before counts no more. */
static void add_revocation(struct request *r, struct view *item, const struct cert_own *own) {
    struct view *revoked = view_object(item, "revoked");
    view_text(revoked, "reason", own->revoked_reason);
    view_time(revoked, "at", own->revoked_ms, r->locale, r->zone);
    if (own->from_ms) view_time(revoked, "from", own->from_ms, r->locale, r->zone);
}

static void add_level(struct home *s, struct view *list, const struct standing *x) {
    struct request *r = s->r;
    next_in(s, x);
    struct view *item = view_item(list), *path = view_list(item, "path");
    view_text(item, "id", x->programme->id);
    view_text(item, "level_id", x->level->id);
    const char *lang = content_lang(s->content, x->programme->lang, x->programme->id);
    content_view_text(r, item, "title", x->programme->title, lang);
    view_text(item, "href",
              arena_printf(r->arena, "/programmes/%s/levels/%s", x->programme->id, x->level->id));
    content_view_text(r, item, "level", x->level->title, lang);
    view_bool(item, arena_printf(r->arena, "level_%d", x->level->number), true);
    view_int(item, "done", (int64_t)x->own.status.met);
    view_int(item, "total", (int64_t)x->own.status.count);
    view_bool(item, "waits", x->own.waits);
    view_bool(item, "may_apply", x->own.may_apply);
    if (x->own.refused_reason) add_refusal(r, item, &x->own);
    if (x->own.revoked_ms) add_revocation(r, item, &x->own);
    content_time_left(item, minutes_left(s, &x->own.status));
    for (size_t i = 0; i < x->own.status.count; i++) path_step(s, path, x, i);
}

/* Sorts the level first in which the person did something last; the others keep the programmes'
 * order. */
static void put_in_order(struct standing **all, size_t count) {
    for (size_t i = 1; i < count; i++)
        for (size_t j = i; j && all[j]->last_ms > all[j - 1]->last_ms; j--) {
            struct standing *later = all[j];
            all[j] = all[j - 1];
            all[j - 1] = later;
        }
}

/* Where the person stands: in what was begun, the newest first; whoever has begun nothing is
 * invited to the first level that certifies. */
struct standings {
    struct standing **begun, *invitation; /* NULL: no level is open */
    size_t count;
};

static enum err read_programme(struct home *s, const struct content_programme *p,
                               struct standings *out) {
    for (size_t j = 0; j < p->level_count; j++) {
        if (!p->levels[j].open) continue;
        struct standing *x = NEW(s->r->arena, struct standing);
        x->programme = p;
        x->level = &p->levels[j];
        enum err e = read_standing(s, x);
        if (e != OK) return e;
        if (!out->invitation || (x->level->exam_count && !out->invitation->level->exam_count))
            out->invitation = x;
        if (!x->last_ms) continue;
        out->begun = list_more(s->r->arena, out->begun, out->count, sizeof *out->begun);
        out->begun[out->count++] = x;
    }
    return OK;
}

static enum err add_programmes(struct home *s) {
    struct view *list = view_list(s->view, "programmes");
    struct standings all = {0};
    enum err e = OK;
    for (size_t i = 0; e == OK && i < content_programme_count(s->content); i++)
        e = read_programme(s, content_programme_at(s->content, i), &all);
    if (e != OK) return e;
    put_in_order(all.begun, all.count);
    for (size_t i = 0; i < all.count; i++) add_level(s, list, all.begun[i]);
    if (!all.count && all.invitation) {
        add_level(s, list, all.invitation);
        view_bool(s->view, "is_first", true);
    }
    view_bool(s->view, "is_empty", !all.invitation);
    return OK;
}

/* ---- Practice, desk, deadlines --------------------------------------------------------------- */

static struct view *link_row(struct view *list, const char *href, const char *about) {
    struct view *row = view_item(list);
    view_text(row, "href", href);
    view_text(row, "text", about);
    return row;
}

static void desk_row(struct home *s, struct view *desk, const char *title, const char *href,
                     const char *about) {
    view_text(link_row(desk, href, about), "title", text(s->r, title));
}

/* What may be done as often as one likes. */
static enum err add_practice(struct home *s) {
    struct request *r = s->r;
    struct view *list = view_list(s->view, "practice");
    struct lab_about *labs;
    size_t lab_count;
    enum err e = lab_list(r->app->labs, r->arena, &labs, &lab_count);
    if (e == OK && lab_count)
        desk_row(s, list, "lab_index_title", "/labs", text(r, "home_practice_labs"));
    if (e == OK && exam_has_practice(r->app->exams, r->arena))
        desk_row(s, list, "exam_index_title", "/exams", text(r, "home_practice_exams"));
    return e;
}

/* The programme that teaches the program itself, where an academy has it. */
static void add_guide(struct home *s, struct view *desk) {
    const struct content_programme *p = content_programme(s->content, "gradus");
    if (!p) return;
    struct view *row = link_row(desk, link_to(s->r, "programmes", p->id),
                                text(s->r, "home_desk_guide_text"));
    content_view_text(s->r, row, "title", p->title, content_lang(s->content, p->lang, p->id));
}

static enum err add_desk(struct home *s) {
    struct request *r = s->r;
    struct view *desk = view_list(s->view, "desk");
    if (http_has_role(r, ROLE_ASSESSOR)) {
        int64_t waiting = 0;
        enum err e = cert_waiting(r->db, &waiting);
        if (e != OK) return e;
        struct view *v = view_new(r->arena);
        view_int(v, "waiting", waiting);
        desk_row(s, desk, "home_desk_assess", "/assess",
                 page_text(r->app->site, r->locale, "home_desk_waiting", v, r->arena));
    }
    if (http_has_role(r, ROLE_INSTRUCTOR) && !http_has_role(r, ROLE_ASSESSOR))
        desk_row(s, desk, "home_desk_assess", "/assess", text(r, "home_desk_mark_text"));
    if (http_has_role(r, ROLE_INSTRUCTOR))
        desk_row(s, desk, "cohort_desk", "/author/cohort", text(r, "cohort_desk_text"));
    if (http_has_role(r, ROLE_INSTRUCTOR))
        desk_row(s, desk, "home_desk_author", "/author", text(r, "home_desk_author_text"));
    if (http_has_role(r, ROLE_INSTRUCTOR | ROLE_ASSESSOR)) add_guide(s, desk);
    if (http_has_role(r, ROLE_ADMIN))
        desk_row(s, desk, "home_desk_admin", "/admin", text(r, "home_desk_admin_text"));
    return OK;
}

static void add_due(struct home *s) {
    struct view *due = view_list(s->view, "due");
    for (size_t i = 0; i < s->attempt_count; i++) {
        struct view *row = view_item(due);
        struct exam_summary exam;
        bool known = exam_find(s->r->app->exams, s->r->arena, s->attempts[i].exam_id, &exam) == OK;
        content_view_text(s->r, row, "title", known ? exam.title : s->attempts[i].exam_id,
                          known ? exam.lang : NULL);
        view_text(row, "href", link_to(s->r, "attempts", s->attempts[i].attempt_id));
        view_time(row, "when", s->attempts[i].deadline_ms, s->r->locale, s->r->zone);
        view_bool(row, "is_soon", true);
    }
}

static enum err read_home(struct home *s) {
    struct request *r = s->r;
    s->content = content_of(r);
    enum err e = content_progress(r->db, r->arena, s->content, r->who->person_id, &s->progress);
    return e == OK ? exam_open_attempts(r->db, r->arena, r->who->person_id, &s->attempts,
                                        &s->attempt_count)
                   : e;
}

enum err programme_next(struct request *r, const struct content_programme *p, struct view *v) {
    struct home s = {.r = r, .view = v};
    struct standings all = {0};
    enum err e = read_home(&s);
    if (e == OK) e = read_programme(&s, p, &all);
    if (e != OK) return e;
    put_in_order(all.begun, all.count);
    for (size_t i = 0; i < all.count; i++)
        if (all.begun[i]->step && is_running(&s, all.begun[i]->step)) next_attempt(&s);
    for (size_t i = 0; i < all.count; i++) next_in(&s, all.begun[i]);
    if (!all.count && all.invitation) next_in(&s, all.invitation);
    return OK;
}

static enum err person_home_page(struct request *r) {
    struct home s = {.r = r, .view = view_new(r->arena)};
    enum err e = read_home(&s);
    if (e != OK) return e;
    view_text(s.view, "title", text(r, "site_nav_home"));
    if (http_has_role(r, ROLE_LEARNER)) {
        next_attempt(&s);
        e = next_run(&s);
        if (e == OK) e = add_programmes(&s);
        add_due(&s);
        if (e == OK) e = add_practice(&s);
        if (e == OK) e = cert_home(r, s.view);
    }
    if (e == OK) e = add_desk(&s);
    return e == OK ? http_page(r, "site_home", s.view) : e;
}

enum err home_page(struct request *r) {
    if (r->who) return person_home_page(r);
    struct view *v = view_new(r->arena);
    view_text(v, "title", text(r, "site_landing_title"));
    return http_page(r, "site_landing", v);
}
