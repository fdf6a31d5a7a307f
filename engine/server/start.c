/* The start page: what do I do next, how far am I, what is due? */
#include <string.h>

#include "base/clock.h"
#include "base/text.h"
#include "cert/cert.h"
#include "content/content.h"
#include "exam/exam.h"
#include "server/server.h"

/* What the page is made of, read once. */
struct start {
    struct request *r;
    const struct content_snapshot *content;
    struct content_progress progress;
    struct exam_open_attempt *attempts;
    size_t attempt_count;
    bool has_next; /* the card is taken */
    struct view *view;
};

static const char *text(struct request *r, const char *key) {
    return page_text(r->app->site, r->locale, key, NULL, r->arena);
}

static const char *link_to(struct request *r, const char *folder, const char *id) {
    return arena_printf(r->arena, "/%s/%s", folder, id);
}

/* ---- The one next step --------------------------------------------------------------------------- */

static struct view *next_card(struct start *s, const char *kind, const char *title,
                              const char *href, const char *action) {
    struct view *card = view_object(s->view, "next");
    s->has_next = true;
    view_text(card, "kind", text(s->r, kind));
    view_text(card, "title", title);
    view_text(card, "href", href);
    view_text(card, "action", text(s->r, action));
    return card;
}

/* An attempt whose clock runs comes before everything. */
static void next_attempt(struct start *s) {
    struct exam_summary exam;
    if (s->attempt_count == 0) return;
    const struct exam_open_attempt *a = &s->attempts[0];
    bool known = exam_find(s->r->app->exams, s->r->arena, a->exam_id, &exam) == OK;
    struct view *card = next_card(s, "home_kind_exam", known ? exam.title : a->exam_id,
                                  link_to(s->r, "attempts", a->attempt_id), "home_action_continue");
    int64_t left = (a->deadline_ms - s->r->now_ms) / MS_MINUTE;
    view_bool(card, "is_resume", true);
    view_text(card, "why", text(s->r, "home_why_attempt"));
    if (left > 0) view_int(card, "minutes", left);
}

static void next_module(struct start *s, const struct content_programme *p) {
    if (s->has_next) return;
    const struct content_module *m = content_next(s->content, &s->progress, p);
    if (!m) return;
    struct content_module_progress mine = content_progress_of(&s->progress, m);
    const struct content_module *shown = content_module_in(s->content, m->id, s->r->locale);
    const char *href = link_to(s->r, "modules", m->id);
    if (mine.last_section) href = arena_printf(s->r->arena, "%s#%s", href, mine.last_section);
    struct view *card = next_card(s, "home_kind_module", shown->title, href,
                                  mine.last_ms ? "home_action_continue" : "home_action_start");
    view_bool(card, "is_resume", mine.last_ms != 0);
    view_text(card, "why", shown->summary);
    view_int(card, "minutes", mine.minutes_left ? mine.minutes_left : m->minutes);
}

static void next_need(struct start *s, const struct cert_need_status *n) {
    if (s->has_next || n->state == CERT_MET || n->need->kind == CERT_MODULE) return;
    bool exam = n->need->kind == CERT_EXAM;
    struct view *card = next_card(
        s, exam ? "home_kind_exam" : "home_kind_lab", n->need->title, n->need->href,
        n->state == CERT_BEGUN && !exam ? "home_action_continue" : "home_action_start");
    view_bool(card, "is_resume", n->state == CERT_BEGUN && !exam);
    view_text(card, "why", text(s->r, exam ? "home_why_exam" : "home_why_lab"));
}

/* ---- Programmes ------------------------------------------------------------------------------------ */

static void path_step(struct start *s, struct view *path, const struct cert_need_status *n,
                      bool *current) {
    struct view *step = view_item(path);
    const struct content_module *m = n->need->kind == CERT_MODULE
                                         ? content_module(s->content, n->need->id)
                                         : NULL;
    const char *state = n->state == CERT_MET ? "done" : *current ? "open" : "current";
    if (n->state != CERT_MET) *current = true;
    view_text(step, "state", state);
    view_text(step, "state_text",
              text(s->r, n->state == CERT_MET     ? "home_state_done"
                         : n->state == CERT_BEGUN ? "home_state_begun"
                                                  : "home_state_open"));
    view_text(step, "title", n->need->title);
    view_text(step, "href", n->need->href);
    if (n->need->kind != CERT_MODULE)
        view_text(step, "kind",
                  text(s->r, n->need->kind == CERT_EXAM ? "cohort_kind_exam" : "cohort_kind_lab"));
    if (m) {
        struct content_module_progress mine = content_progress_of(&s->progress, m);
        if (n->state != CERT_MET)
            view_int(step, "minutes", mine.last_ms ? mine.minutes_left : m->minutes);
    }
}

static int64_t minutes_left(struct start *s, const struct cert_level_status *status) {
    int64_t sum = 0;
    for (size_t i = 0; i < status->count; i++) {
        const struct content_module *m = status->needs[i].need->kind == CERT_MODULE
                                             ? content_module(s->content, status->needs[i].need->id)
                                             : NULL;
        if (!m || status->needs[i].state == CERT_MET) continue;
        struct content_module_progress mine = content_progress_of(&s->progress, m);
        sum += mine.last_ms ? mine.minutes_left : m->minutes;
    }
    return sum;
}

/* A level with where the person stands in it. */
struct standing {
    const struct content_programme *programme;
    const struct content_level *level;
    struct cert_level_status status;
    bool touched;
};

static enum err read_standing(struct start *s, struct standing *x) {
    enum err e = cert_status_of(s->r->app, s->r->db, s->r->arena, s->content, x->level,
                                s->r->who->person_id, &x->status);
    for (size_t i = 0; e == OK && i < x->status.count; i++)
        x->touched |= x->status.needs[i].state != CERT_MISSING;
    return e;
}

static void add_level(struct start *s, struct view *list, const struct standing *x) {
    struct request *r = s->r;
    struct view *item = view_item(list), *path = view_list(item, "path");
    bool current = false;
    view_text(item, "id", x->programme->id);
    view_text(item, "title", x->programme->title);
    view_text(item, "href",
              arena_printf(r->arena, "/programmes/%s/levels/%s", x->programme->id, x->level->id));
    view_text(item, "level", x->level->title);
    view_bool(item, arena_printf(r->arena, "level_%d", x->level->number), true);
    view_int(item, "done", (int64_t)x->status.met);
    view_int(item, "total", (int64_t)x->status.count);
    content_time_left(item, minutes_left(s, &x->status));
    for (size_t i = 0; i < x->status.count; i++) path_step(s, path, &x->status.needs[i], &current);
    next_module(s, x->programme);
    for (size_t i = 0; i < x->status.count; i++) next_need(s, &x->status.needs[i]);
}

/* What the person has begun; whoever has begun nothing is invited to the first programme that certifies. */
static enum err add_programmes(struct start *s) {
    struct view *list = view_list(s->view, "programmes");
    struct standing *invitation = NULL;
    bool any = false;
    for (size_t i = 0; i < content_programme_count(s->content); i++) {
        const struct content_programme *p = content_programme_at(s->content, i);
        for (size_t j = 0; j < p->level_count; j++) {
            if (!p->levels[j].open) continue;
            struct standing *x = NEW(s->r->arena, struct standing);
            x->programme = p;
            x->level = &p->levels[j];
            enum err e = read_standing(s, x);
            if (e != OK) return e;
            if (x->touched) add_level(s, list, x);
            any |= x->touched;
            if (!invitation || (x->level->exam_count && !invitation->level->exam_count))
                invitation = x;
        }
    }
    if (!any && invitation) add_level(s, list, invitation);
    view_bool(s->view, "is_empty", !invitation);
    return OK;
}

/* ---- Desk, deadlines --------------------------------------------------------------------------------- */

static void desk_row(struct start *s, struct view *desk, const char *title, const char *href,
                     const char *about) {
    struct view *row = view_item(desk);
    view_text(row, "title", text(s->r, title));
    view_text(row, "href", href);
    view_text(row, "text", about);
}

static enum err add_desk(struct start *s) {
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
    if (http_has_role(r, ROLE_ADMIN))
        desk_row(s, desk, "home_desk_admin", "/admin", text(r, "home_desk_admin_text"));
    return OK;
}

static void add_due(struct start *s) {
    struct view *due = view_list(s->view, "due");
    for (size_t i = 0; i < s->attempt_count; i++) {
        struct view *row = view_item(due);
        struct exam_summary exam;
        bool known = exam_find(s->r->app->exams, s->r->arena, s->attempts[i].exam_id, &exam) == OK;
        view_text(row, "title", known ? exam.title : s->attempts[i].exam_id);
        view_text(row, "href", link_to(s->r, "attempts", s->attempts[i].attempt_id));
        view_time(row, "when", s->attempts[i].deadline_ms, s->r->locale, s->r->zone);
        view_bool(row, "is_soon", true);
    }
}

static enum err start_page(struct request *r) {
    struct start s = {.r = r, .content = content_of(r), .view = view_new(r->arena)};
    enum err e = content_progress(r->db, r->arena, s.content, r->who->person_id, &s.progress);
    if (e == OK)
        e = exam_open_attempts(r->db, r->arena, r->who->person_id, &s.attempts, &s.attempt_count);
    if (e != OK) return e;
    view_text(s.view, "title", text(r, "site_nav_home"));
    if (http_has_role(r, ROLE_LEARNER)) {
        next_attempt(&s);
        e = add_programmes(&s);
        add_due(&s);
        if (e == OK) e = cert_home(r, s.view);
    }
    if (e == OK) e = add_desk(&s);
    return e == OK ? http_page(r, "site_home", s.view) : e;
}

enum err home_page(struct request *r) {
    if (r->who) return start_page(r);
    struct view *v = view_new(r->arena);
    view_text(v, "title", text(r, "site_landing_title"));
    return http_page(r, "site_landing", v);
}
