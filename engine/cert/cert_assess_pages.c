/* An assessor's work: the queue, a case on one page, marks, decisions. */
#include <stdlib.h>
#include <string.h>

#include "account/account.h"
#include "audit/audit.h"
#include "base/clock.h"
#include "base/text.h"
#include "cert/cert_private.h"
#include "exam/exam.h"

#define QUEUE_LIMIT 200
#define OVERDUE_DAYS 14
#define CLOSE_PERMILLE 50 /* an exam passed by less than this is worth a second look */

static const struct content_level *level_of(struct request *r, const struct cert_application *app,
                                            const struct content_programme **programme) {
    *programme = content_programme(content_of(r), app->programme_id);
    return *programme ? content_level(*programme, app->level_id) : NULL;
}

static const char *case_title(struct request *r, const struct cert_application *app) {
    const struct content_programme *p;
    const struct content_level *level = level_of(r, app, &p);
    return level ? arena_printf(r->arena, "%s: %s", p->title, level->title)
                 : arena_printf(r->arena, "%s: %s", app->programme_id, app->level_id);
}

/* ---- The queue ---------------------------------------------------------------------------------- */
struct queued {
    const struct cert_application *app;
    const char *conflict;
    int days, risk;
    bool experience, close_exam, refused_before, insufficient;
};

static enum err count_refusals(struct db *db, const struct cert_application *app, bool *any) {
    struct stmt *q;
    enum err e;
    if (!db_one(db, &q, &e, SQL_cert_refusals_count, "ttt", app->person_id, app->programme_id,
                app->level_id))
        return e;
    *any = stmt_int(q, 0) > 0;
    return stmt_end(q);
}

/* What makes a case worth more care: each reason is shown, their number sorts. */
static enum err weigh(struct request *r, struct queued *c) {
    const struct content_programme *p;
    const struct content_level *level = level_of(r, c->app, &p);
    struct cert_mark_row *marks;
    size_t count;
    enum err e = cert_conflict(r->db, r->who->person_id, c->app->person_id, &c->conflict);
    if (e == OK) e = count_refusals(r->db, c->app, &c->refused_before);
    if (e == OK) e = cert_marks(r->db, r->arena, c->app->id, &marks, &count);
    for (size_t i = 0; e == OK && i < count; i++)
        if (str_eq(marks[i].verdict, "insufficient")) c->insufficient = true;
    for (size_t i = 0; e == OK && level && i < level->exam_count; i++) {
        struct exam_result *results;
        e = exam_results(r->db, r->arena, r->app->exams, c->app->person_id, level->exams[i],
                         &results, &count);
        for (size_t k = 0; e == OK && k < count; k++)
            if (results[k].passed && results[k].permille - results[k].cut_permille < CLOSE_PERMILLE)
                c->close_exam = true;
    }
    c->experience = str_eq(c->app->basis, "experience");
    c->days = (int)((r->now_ms - c->app->at_ms) / MS_DAY);
    c->risk = 2 * c->experience + 2 * c->insufficient + c->refused_before + c->close_exam;
    return e;
}

static int by_risk(const void *x, const void *y) {
    const struct queued *a = x, *b = y;
    if (a->risk != b->risk) return b->risk - a->risk;
    return a->app->at_ms < b->app->at_ms ? -1 : a->app->at_ms > b->app->at_ms;
}

static int by_name(const void *x, const void *y) {
    return strcmp(((const struct queued *)x)->app->person_name,
                  ((const struct queued *)y)->app->person_name);
}

static void view_queued(struct request *r, struct view *list, const struct queued *c) {
    struct view *item = view_item(list), *reasons = view_list(item, "reasons");
    const struct {
        bool there;
        const char *key;
    } all[] = {{c->experience, "cert_risk_experience"},
               {c->insufficient, "cert_risk_insufficient"},
               {c->refused_before, "cert_risk_refused"},
               {c->close_exam, "cert_risk_close"}};
    for (size_t i = 0; i < COUNT_OF(all); i++)
        if (all[i].there) view_item_text(reasons, cert_text(r, all[i].key, NULL));
    view_text(item, "href", arena_printf(r->arena, "/assess/cases/%s", c->app->id));
    view_text(item, "name", c->app->person_name);
    view_text(item, "title", case_title(r, c->app));
    view_time(item, "at", c->app->at_ms, r->locale, r->zone);
    view_int(item, "days", c->days);
    view_int(item, "risk", c->risk);
    view_bool(item, "overdue", c->days > OVERDUE_DAYS);
    if (c->conflict)
        view_text(item, "conflict",
                  cert_text(r, arena_printf(r->arena, "cert_conflict_%s", c->conflict), NULL));
}

enum err cert_queue_page(struct request *r) {
    struct cert_application *waiting;
    size_t all, count = 0;
    bool decides = http_has_role(r, ROLE_ASSESSOR);
    const char *sort = http_query(r, "sort");
    enum err e = cert_applications_waiting(r->db, r->arena, QUEUE_LIMIT, &waiting, &all);
    struct queued *cases = NEW_ARRAY(r->arena, struct queued, all + 1);
    for (size_t i = 0; e == OK && i < all; i++) {
        cases[count] = (struct queued){.app = &waiting[i]};
        e = weigh(r, &cases[count]);
        /* An instructor, who may mark, sees the cases of people whom they taught. */
        if (decides || str_eq(cases[count].conflict, "taught")) count++;
    }
    if (e != OK) return e;
    if (str_eq(sort, "risk")) qsort(cases, count, sizeof *cases, by_risk);
    else if (str_eq(sort, "name")) qsort(cases, count, sizeof *cases, by_name);
    else sort = "age"; /* the store's order */
    struct view *v = view_new(r->arena), *list = view_list(v, "cases");
    int64_t mine = 0;
    for (size_t i = 0; i < count; i++) {
        view_queued(r, list, &cases[i]);
        if (!cases[i].conflict) mine++;
    }
    view_text(v, "title", cert_text(r, "cert_queue_title", NULL));
    view_bool(v, "layout_wide", true);
    view_bool(v, "decides", decides);
    view_bool(v, arena_printf(r->arena, "sort_%s", sort), true);
    view_int(v, "waiting", (int64_t)count);
    view_int(v, "mine", mine);
    const char *done = http_query(r, "done");
    if (done && (str_eq(done, "granted") || str_eq(done, "refused")))
        view_text(v, "notice", cert_text(r, arena_printf(r->arena, "cert_done_%s", done), NULL));
    return http_page(r, "cert_queue", v);
}

/* ---- A case -------------------------------------------------------------------------------------- */
struct case_form {
    const char *problem, *outcome, *reason, *comment;
};

static void view_result(struct request *r, struct view *list, const struct exam_result *x) {
    struct view *item = view_item(list), *domains = view_list(item, "domains");
    struct exam_summary exam;
    bool known = r->app->exams && exam_find(r->app->exams, r->arena, x->exam_id, &exam) == OK;
    view_text(item, "title", known ? exam.title : x->exam_id);
    view_bool(item, "passed", x->passed);
    view_int(item, "scaled", x->scaled);
    view_int(item, "share", x->permille);
    view_int(item, "cut", x->cut_permille);
    view_int(item, "correct", x->correct);
    view_int(item, "total", x->total);
    view_int(item, "minutes", (x->submitted_ms - x->start_ms) / MS_MINUTE);
    view_bool(item, "by_deadline", x->by_deadline);
    view_time(item, "at", x->submitted_ms, r->locale, r->zone);
    for (size_t i = 0; i < x->domain_count; i++) {
        struct view *d = view_item(domains);
        view_text(d, "title", x->domains[i].title);
        view_int(d, "correct", x->domains[i].correct);
        view_int(d, "total", x->domains[i].total);
        view_int(d, "share",
                 x->domains[i].total ? x->domains[i].correct * 1000 / x->domains[i].total : 0);
    }
}

static enum err view_exams(struct request *r, struct view *v, const struct content_level *level,
                           const char *person_id) {
    struct view *list = view_list(v, "results");
    enum err e = OK;
    for (size_t i = 0; e == OK && level && i < level->exam_count; i++) {
        struct exam_result *results;
        size_t count;
        e = exam_results(r->db, r->arena, r->app->exams, person_id, level->exams[i], &results,
                         &count);
        for (size_t k = 0; e == OK && k < count; k++)
            if (!results[k].practice) view_result(r, list, &results[k]);
    }
    return e;
}

static enum err view_runs(struct request *r, struct view *v, const struct content_level *level,
                          const char *person_id) {
    struct view *list = view_list(v, "runs");
    enum err e = OK;
    for (size_t i = 0; e == OK && level && i < level->lab_count; i++) {
        struct cert_lab_run *runs;
        size_t count;
        e = cert_lab_runs(r->app, r->db, r->arena, person_id, level->labs[i].id, &runs, &count);
        for (size_t k = 0; e == OK && k < count; k++) {
            struct view *item = view_item(list);
            view_text(item, "run", runs[k].run_id);
            view_text(item, "href", arena_printf(r->arena, "/runs/%s/replay", runs[k].run_id));
            view_text(item, "title", runs[k].title);
            view_text(item, "dialects", cert_lab_dialects(r, &runs[k]));
            view_bool(item, "passed", runs[k].passed_ms != 0);
            view_int(item, "checks_passed", runs[k].checks_passed);
            view_int(item, "checks", runs[k].checks);
            view_int(item, "actions", runs[k].actions);
            view_time(item, "at", runs[k].passed_ms ? runs[k].passed_ms : runs[k].started_ms,
                      r->locale, r->zone);
        }
    }
    return e;
}

static enum err view_people(struct request *r, struct view *v, const struct cert_application *app) {
    struct cert_teacher *teachers;
    struct cert_mark_row *marks;
    struct audit_row *rows;
    size_t count;
    enum err e = cert_teachers(r->db, r->arena, app->person_id, &teachers, &count);
    struct view *list = view_list(v, "teachers");
    for (size_t i = 0; e == OK && i < count; i++) {
        struct view *item = view_item(list);
        view_text(item, "name", teachers[i].name);
        view_text(item, "cohort", teachers[i].cohort);
    }
    if (e == OK) e = cert_marks(r->db, r->arena, app->id, &marks, &count);
    list = view_list(v, "marks");
    for (size_t i = 0; e == OK && i < count; i++) {
        struct view *item = view_item(list);
        view_text(item, "name", marks[i].marker_name);
        view_text(item, "comment", marks[i].comment);
        view_bool(item, "sufficient", str_eq(marks[i].verdict, "sufficient"));
        view_bool(item, "of_run", str_eq(marks[i].subject_kind, "lab_run"));
        view_time(item, "at", marks[i].at_ms, r->locale, r->zone);
    }
    if (e == OK) e = audit_list(r->db, r->arena, app->id, 0, 50, &rows, &count);
    list = view_list(v, "history");
    for (size_t i = count; e == OK && i > 0; i--) { /* oldest first */
        struct view *item = view_item(list);
        struct person actor;
        bool known = account_find(r->db, r->arena, rows[i - 1].actor, &actor) == OK;
        const char *step = strchr(rows[i - 1].action, '.');
        view_text(item, "what",
                  cert_text(r, arena_printf(r->arena, "cert_step_%s", step ? step + 1 : ""), NULL));
        view_text(item, "who", known ? actor.name : cert_text(r, "cert_step_system", NULL));
        view_time(item, "at", rows[i - 1].at_ms, r->locale, r->zone);
    }
    return e;
}

/* Assessors see every case; an instructor, who may mark, only those of people whom they taught. */
static enum err may_see(struct request *r, const struct cert_application *app) {
    bool taught = false;
    if (http_has_role(r, ROLE_ASSESSOR)) return OK;
    enum err e = account_taught(r->db, r->who->person_id, app->person_id, &taught);
    if (e == OK && !taught)
        return http_error(r, ERR_DENIED, "%s", cert_text(r, "cert_error_not_yours", NULL));
    return e;
}

static enum err show_case(struct request *r, int status_code, const struct case_form *form) {
    struct cert_application app;
    struct cert_level_status status;
    const struct content_programme *p;
    const char *conflict;
    enum err e = cert_application_find(r->db, r->arena, r->param[0], &app);
    if (e == ERR_NOT_FOUND) return http_error(r, e, "%s", cert_text(r, "cert_error_no_case", NULL));
    if (e == OK) e = may_see(r, &app);
    if (e == OK) e = cert_conflict(r->db, r->who->person_id, app.person_id, &conflict);
    if (e != OK) return e;
    const struct content_level *level = level_of(r, &app, &p);
    struct view *v = view_new(r->arena), *crumbs = view_list(v, "crumbs"),
                *crumb = view_item(crumbs);
    view_text(crumb, "href", "/assess");
    view_text(crumb, "text", cert_text(r, "cert_queue_title", NULL));
    view_text(view_item(crumbs), "text", app.person_name);
    view_text(v, "title", arena_printf(r->arena, "%s · %s", app.person_name, case_title(r, &app)));
    view_text(v, "name", app.person_name);
    view_text(v, "level", case_title(r, &app));
    view_text(v, "id", app.id);
    view_text(v, "scheme_version", app.scheme_version);
    view_text(v, "statement", app.statement);
    view_bool(v, "experience", str_eq(app.basis, "experience"));
    view_time(v, "at", app.at_ms, r->locale, r->zone);
    view_bool(v, "layout_wide", true);
    view_bool(v, "no_level", !level);
    view_bool(v, "asks_exam", level && level->exam_count);
    view_bool(v, "asks_lab", level && level->lab_count);
    if (level) {
        e = cert_status_of(r->app, r->db, r->arena, content_of(r), level, app.person_id, &status);
        if (e != OK) return e;
        cert_view_status(r, v, &status);
        view_bool(v, "may_grant",
                  status.complete ||
                      (status.only_modules_missing && str_eq(app.basis, "experience")));
    }
    if (e == OK) e = view_exams(r, v, level, app.person_id);
    if (e == OK) e = view_runs(r, v, level, app.person_id);
    if (e == OK) e = view_people(r, v, &app);
    if (e != OK) return e;
    if (conflict)
        view_text(v, "conflict",
                  cert_text(r, arena_printf(r->arena, "cert_conflict_%s", conflict), NULL));
    view_bool(v, "is_self", str_eq(conflict, "self"));
    view_bool(v, "assessor", http_has_role(r, ROLE_ASSESSOR));
    view_bool(v, "may_decide", !conflict && !app.outcome && http_has_role(r, ROLE_ASSESSOR));
    view_bool(v, "may_mark", !app.outcome && !str_eq(conflict, "self"));
    if (app.outcome) {
        struct view *d = view_object(v, "decision");
        view_bool(d, "granted", str_eq(app.outcome, "granted"));
        view_text(d, "reason", app.decided_reason);
        view_text(d, "number", app.number);
        view_time(d, "at", app.decided_ms, r->locale, r->zone);
    }
    if (form) {
        view_text(v, "problem", form->problem);
        view_text(v, "reason", form->reason);
        view_text(v, "comment", form->comment);
        view_bool(v, "chose_grant", str_eq(form->outcome, "granted"));
        view_bool(v, "chose_refuse", str_eq(form->outcome, "refused"));
    } else if (http_query(r, "marked")) {
        view_text(v, "notice", cert_text(r, "cert_marked", NULL));
    }
    return http_page_status(r, status_code, "cert_case", v);
}

enum err cert_case_page(struct request *r) { return show_case(r, 200, NULL); }

static int status_of(enum err e) { return e == ERR_DENIED ? 403 : e == ERR_INVALID ? 422 : 409; }

static enum err after_mark(struct request *r, void *arg, enum err result) {
    struct cert_mark *mark = arg;
    if (result == OK)
        return http_redirect(
            r, arena_printf(r->arena, "/assess/cases/%s?marked=1#marks", mark->application_id));
    if (!mark->refusal) return result;
    struct case_form form = {.problem = cert_text(r, mark->refusal, NULL),
                             .comment = mark->comment};
    return show_case(r, status_of(result), &form);
}

enum err cert_mark_post(struct request *r) {
    const char *verdict = http_field(r, "verdict"), *run = http_field(r, "run");
    if (!str_eq(verdict, "sufficient") && !str_eq(verdict, "insufficient")) {
        struct case_form form = {.problem = cert_text(r, "cert_refusal_verdict", NULL),
                                 .comment = http_field(r, "comment")};
        return show_case(r, 422, &form);
    }
    struct cert_mark *mark = NEW(r->arena, struct cert_mark);
    bool of_run = run && *run;
    mark->application_id = r->param[0];
    mark->marker_id = r->who->person_id;
    mark->subject_kind = of_run ? "lab_run" : "application";
    mark->subject_id = of_run ? run : r->param[0];
    mark->sufficient = str_eq(verdict, "sufficient");
    mark->comment = http_field(r, "comment");
    return http_write(r, cert_mark, mark, after_mark);
}

static enum err after_decision(struct request *r, void *arg, enum err result) {
    struct cert_decide *d = arg;
    if (result == OK)
        return http_redirect(r, d->grant ? "/assess?done=granted" : "/assess?done=refused");
    if (!d->refusal) return result;
    struct case_form form = {cert_text(r, d->refusal, NULL), d->grant ? "granted" : "refused",
                             d->reason, NULL};
    return show_case(r, status_of(result), &form);
}

enum err cert_decision_post(struct request *r) {
    const char *outcome = http_field(r, "outcome");
    if (!str_eq(outcome, "granted") && !str_eq(outcome, "refused")) {
        struct case_form form = {.problem = cert_text(r, "cert_refusal_outcome", NULL),
                                 .reason = http_field(r, "reason")};
        return show_case(r, 422, &form);
    }
    struct cert_decide *d = NEW(r->arena, struct cert_decide);
    d->app = r->app;
    d->content = content_of(r);
    d->application_id = r->param[0];
    d->actor_id = r->who->person_id;
    d->origin = cert_origin(r);
    d->grant = str_eq(outcome, "granted");
    d->accept_experience = http_field(r, "accept_experience") != NULL;
    d->reason = http_field(r, "reason");
    return http_write(r, cert_decide, d, after_decision);
}
