/* The attempt and the lab run behind a case, for whoever decides or marks: read only. Each look is
 * a fact in the audit log, and is shown in the case. */
#include <string.h>

#include "audit/audit.h"
#include "base/clock.h"
#include "base/text.h"
#include "cert/cert_private.h"
#include "exam/exam.h"
#include "lab/lab.h"

/* ---- Who may look, and that they did --------------------------------------------------------- */
struct look {
    const char *action, *kind, *id; /* of what is looked at */
    const char *viewer_id;
    struct cert_application app;
    enum err (*show)(struct request *r, struct look *look);
    struct exam_evidence exam;
    struct lab_evidence lab;
};

static enum err no_evidence(struct request *r) {
    return http_refuse(r, ERR_NOT_FOUND, "cert_error_no_evidence", NULL);
}

enum err cert_may_view_evidence(struct request *r, const char *person_id) {
    const char *conflict = NULL;
    const struct cert_application of = {.person_id = person_id};
    enum err e = cert_may_see(r, &of);
    if (e == OK) e = cert_conflict(r->db, r->who->person_id, person_id, &conflict);
    if (e == OK && (str_eq(conflict, "self") || str_eq(conflict, "interest")))
        return http_refuse(r, ERR_DENIED, arena_printf(r->arena, "cert_look_%s", conflict), NULL);
    return e;
}

/* RULE look: only in a case that is open to the viewer, who is not the candidate and has no
 * interest in them. */
static enum err open_case(struct request *r, struct look *look) {
    enum err e = cert_application_find(r->db, r->arena, r->param[0], &look->app);
    if (e == ERR_NOT_FOUND) return no_evidence(r);
    if (e == OK) e = cert_may_view_evidence(r, look->app.person_id);
    look->viewer_id = r->who->person_id;
    return e;
}

static enum err note_look(struct db *db, struct arena *a, void *arg, int64_t now_ms) {
    const struct look *look = arg;
    return audit_append(db, a, now_ms, look->viewer_id, look->action, look->app.id,
                        arena_printf(a, "{\"%s\":\"%s\"}", look->kind, look->id));
}

static enum err noted(struct request *r, void *arg, enum err result) {
    struct look *look = arg;
    return result == OK ? look->show(r, look) : result;
}

/* Crumbs, title and headers of all these pages. `lang`: of the title; NULL: the reader's. */
static void view_head(struct request *r, struct view *v, const struct look *look, const char *title,
                      const char *lang) {
    const char *links[][2] = {
        {"/assess", cert_queue_title(r)},
        {arena_printf(r->arena, "/assess/cases/%s", look->app.id), look->app.person_name}};
    struct view *crumbs = view_list(v, "crumbs");
    for (size_t i = 0; i < COUNT_OF(links); i++) view_crumb(crumbs, links[i][0], links[i][1]);
    content_view_text(r, view_item(crumbs), "text", title, lang);
    view_text(v, "title", arena_printf(r->arena, "%s · %s", title, look->app.person_name));
    content_view_text(r, v, "what", title, lang);
    view_text(v, "name", look->app.person_name);
    view_text(v, "back", links[1][0]);
    view_bool(v, "layout_wide", true);
    http_header_out(r, "Cache-Control", "no-store");
}

/* ---- An attempt ------------------------------------------------------------------------------ */
static void view_slots(struct request *r, struct view *v, const struct exam_evidence *x) {
    struct view *list = view_list(v, "slots");
    for (size_t i = 0; i < x->slot_count; i++) {
        const struct exam_evidence_slot *s = &x->slots[i];
        struct view *item = view_item(list);
        view_int(item, "number", (int64_t)i + 1);
        view_text(item, "item", s->item);
        view_text(item, "domain", s->domain);
        view_text(item, "level", s->level);
        view_text(item, "response", s->response);
        view_bool(item, "is_open", !*s->response);
        view_bool(item, "pilot", !s->scored);
        view_bool(item, "is_right", s->right);
        view_bool(item, "is_partly", s->points > 0 && !s->right);
        view_int(item, "points", s->points);
        view_int(item, "max", s->max);
        view_bool(item, "flagged", s->flagged);
        view_int(item, "saves", s->saves);
        view_bool(item, "changed", s->saves > 1);
        if (s->last_ms) view_time(item, "last", s->last_ms, r->locale, r->zone);
    }
}

/* The pages (browser tabs, devices) that saved answers, numbered in the order of their first
 * answer. */
struct pages {
    const char **ids;
    size_t count;
};

static size_t page_number(struct arena *a, struct pages *p, const char *id) {
    for (size_t i = 0; i < p->count; i++)
        if (str_eq(p->ids[i], id)) return i + 1;
    p->ids = list_more(a, p->ids, p->count, sizeof *p->ids);
    p->ids[p->count++] = id;
    return p->count;
}

/* Which page an answer came from is said where there was more than one. */
static struct pages pages_of(struct arena *a, const struct exam_evidence *x) {
    struct pages p = {0};
    for (size_t i = 0; i < x->event_count; i++)
        if (x->events[i].kind == EXAM_EVENT_SAVE) (void)page_number(a, &p, x->events[i].client);
    return p;
}

static void view_events(struct request *r, struct view *v, const struct exam_evidence *x) {
    static const char *const keys[] = {
        [EXAM_EVENT_START] = "cert_event_start",   [EXAM_EVENT_SAVE] = "cert_event_save",
        [EXAM_EVENT_FLAG] = "cert_event_flag",     [EXAM_EVENT_UNFLAG] = "cert_event_unflag",
        [EXAM_EVENT_END] = "cert_event_submitted",
    };
    struct pages pages = pages_of(r->arena, x);
    view_bool(v, "has_pages", pages.count > 1);
    struct view *list = view_list(v, "events");
    for (size_t i = 0; i < x->event_count; i++) {
        const struct exam_event *event = &x->events[i];
        struct view *item = view_item(list);
        int64_t after = event->at_ms - x->start_ms;
        bool taken_back = event->kind == EXAM_EVENT_SAVE && !*event->response;
        const char *key = taken_back ? "cert_event_cleared" : keys[event->kind];
        if (event->kind == EXAM_EVENT_END && x->by_deadline) key = "cert_event_deadline";
        view_int(item, "slot", event->slot);
        view_text(item, "response", event->response);
        view_text(item, "what", cert_text(r, key, item));
        view_time(item, "at", event->at_ms, r->locale, r->zone);
        view_text(item, "after",
                  arena_printf(r->arena, "%lld:%02lld", (long long)(after / MS_MINUTE),
                               (long long)(after % MS_MINUTE / MS_SECOND)));
        if (pages.count > 1 && event->kind == EXAM_EVENT_SAVE)
            view_int(item, "page", (int64_t)page_number(r->arena, &pages, event->client));
        view_bool(item, "counts", event->counts);
    }
}

enum err cert_view_exceptions(struct request *r, struct view *v, const char *attempt_id) {
    struct exam_exception *list;
    size_t count;
    enum err e = exam_exceptions(r->db, r->arena, attempt_id, &list, &count);
    struct view *items = view_list(v, "exceptions");
    for (size_t i = 0; e == OK && i < count; i++) {
        struct view *item = view_item(items);
        view_text(item, "who", list[i].who);
        view_text(item, "reason", list[i].reason);
        view_int(item, "minutes", list[i].given_ms / MS_MINUTE);
        view_int(item, "percent", (list[i].factor_permille - 1000) / 10);
        view_time(item, "at", list[i].at_ms, r->locale, r->zone);
        view_text(item, "what",
                  cert_text(r, list[i].reopened ? "cert_exception_reopened" : "cert_exception_time",
                            item));
    }
    return e;
}

static enum err show_attempt(struct request *r, struct look *look) {
    const struct exam_evidence *x = &look->exam;
    struct exam_summary exam;
    struct view *v = view_new(r->arena);
    bool known = r->app->exams && exam_find(r->app->exams, r->arena, x->exam_id, &exam) == OK;
    view_head(r, v, look, known ? exam.title : x->exam_id, known ? exam.lang : NULL);
    view_text(v, "version", x->exam_version);
    view_time(v, "start", x->start_ms, r->locale, r->zone);
    view_time(v, "deadline", x->deadline_ms, r->locale, r->zone);
    view_time(v, "submitted", x->submitted_ms, r->locale, r->zone);
    view_int(v, "minutes", (x->submitted_ms - x->start_ms) / MS_MINUTE);
    view_int(v, "allowed", (x->deadline_ms - x->start_ms) / MS_MINUTE);
    view_bool(v, "by_deadline", x->by_deadline);
    view_bool(v, "extra_time", x->extra_permille > 1000);
    view_int(v, "left_out", x->left_out);
    view_slots(r, v, x);
    view_events(r, v, x);
    enum err e = cert_view_exceptions(r, v, x->attempt_id);
    if (e != OK) return e;
    return http_page(r, "cert_attempt", v);
}

enum err cert_attempt_page(struct request *r) {
    struct look *look = NEW(r->arena, struct look);
    *look = (struct look){.action = "cert.see_attempt", .kind = "attempt", .show = show_attempt};
    enum err e = open_case(r, look);
    if (e != OK) return e;
    e = exam_evidence(r->db, r->arena, r->app->exams, r->param[1], &look->exam);
    if (e == ERR_NOT_FOUND ||
        (e == OK && (!str_eq(look->exam.person_id, look->app.person_id) || look->exam.practice)))
        return no_evidence(r);
    if (e != OK) return e;
    look->id = look->exam.attempt_id;
    return http_write(r, note_look, look, noted);
}

/* ---- A lab run ------------------------------------------------------------------------------- */
static void view_checkings(struct request *r, struct view *v, const struct lab_evidence *x,
                           const char *lang) {
    struct view *list = view_list(v, "checkings");
    for (size_t i = 0; i < x->checking_count; i++) {
        const struct lab_evidence_check *c = &x->checkings[i];
        struct view *item = view_item(list), *verdicts = view_list(item, "verdicts");
        view_time(item, "at", c->at_ms, r->locale, r->zone);
        view_int(item, "after_action", c->after_action);
        view_int(item, "passed", c->passed);
        view_int(item, "total", c->total);
        view_bool(item, "all", c->total > 0 && c->passed == c->total);
        for (size_t k = 0; k < c->verdict_count; k++) {
            struct view *verdict = view_item(verdicts);
            view_text(verdict, "check", c->verdicts[k].check);
            content_view_text(r, verdict, "sentence", c->verdicts[k].sentence, lang);
            view_bool(verdict, "passed", c->verdicts[k].passed);
            view_bool(verdict, "unknown", c->verdicts[k].not_evaluated);
        }
    }
}

static enum err show_run(struct request *r, struct look *look) {
    const struct lab_evidence *x = &look->lab;
    struct view *v = view_new(r->arena), *list;
    const char *lang = lab_title_lang(r->app->labs, r->arena, x->scenario_id);
    view_head(r, v, look, x->title, lang);
    view_text(v, "version", x->version);
    view_text(v, "dialects",
              lab_dialect_titles(r->app->labs, r->db, r->arena, x->version, x->dialects));
    view_time(v, "start", x->started_ms, r->locale, r->zone);
    view_int(v, "actions", x->actions);
    view_text(v, "replay",
              arena_printf(r->arena, "/assess/cases/%s/runs/%s/replay", look->app.id, x->run_id));
    view_checkings(r, v, x, lang);
    list = view_list(v, "hints");
    for (size_t i = 0; i < x->hint_count; i++) {
        struct view *item = view_item(list);
        view_text(item, "check", x->hints[i].check);
        view_int(item, "level", x->hints[i].level);
        view_time(item, "at", x->hints[i].at_ms, r->locale, r->zone);
    }
    list = view_list(v, "shown");
    for (size_t i = 0; i < x->shown_count; i++) {
        struct view *item = view_item(list);
        view_int(item, "task", x->shown[i].task);
        view_int(item, "time", x->shown[i].time);
        view_time(item, "at", x->shown[i].at_ms, r->locale, r->zone);
    }
    view_bool(v, "certifying", x->certifying);
    view_int(v, "backs", x->backs);
    view_int(v, "resets", x->resets);
    list = view_list(v, "incidents");
    for (size_t i = 0; i < x->incident_count; i++) {
        struct view *item = view_item(list);
        view_time(item, "at", x->incidents[i].at_ms, r->locale, r->zone);
        view_text(item, "detail", x->incidents[i].detail);
    }
    list = view_list(v, "notes");
    for (size_t i = 0; i < x->note_count; i++) {
        struct view *item = view_item(list);
        view_int(item, "action", x->notes[i].seq);
        view_text(item, "author", x->notes[i].author);
        view_text(item, "text", x->notes[i].text);
        view_bool(item, "shown", x->notes[i].shown);
        view_time(item, "at", x->notes[i].at_ms, r->locale, r->zone);
    }
    return http_page(r, "cert_run", v);
}

static enum err show_replay(struct request *r, struct look *look) {
    return http_redirect(r, arena_printf(r->arena, "/runs/%s/replay", look->lab.run_id));
}

static enum err look_at_run(struct request *r, const char *action,
                            enum err (*show)(struct request *r, struct look *look)) {
    struct look *look = NEW(r->arena, struct look);
    *look = (struct look){.action = action, .kind = "run", .show = show};
    enum err e = open_case(r, look);
    if (e != OK) return e;
    e = lab_evidence(r->app->labs, r->db, r->arena, r->param[1], &look->lab);
    if (e == ERR_NOT_FOUND || (e == OK && !str_eq(look->lab.person_id, look->app.person_id)))
        return no_evidence(r);
    if (e != OK) return e;
    look->id = look->lab.run_id;
    return http_write(r, note_look, look, noted);
}

enum err cert_run_page(struct request *r) { return look_at_run(r, "cert.see_run", show_run); }

enum err cert_run_replay_page(struct request *r) {
    return look_at_run(r, "cert.see_replay", show_replay);
}
