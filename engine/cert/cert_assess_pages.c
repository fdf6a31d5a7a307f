/* An assessor's work: the queue, a case on one page, marks, decisions. */
#include <stdlib.h>
#include <string.h>

#include "account/account.h"
#include "audit/audit.h"
#include "base/clock.h"
#include "base/codec.h"
#include "base/text.h"
#include "cert/cert_drawer.h"
#include "cert/cert_records.h"
#include "exam/exam.h"
#include "lab/lab.h"

#define QUEUE_LIMIT 100 /* on a page; sorting by risk or name sorts one page */
#define OVERDUE_DAYS 14
#define CLOSE_PERMILLE 50 /* an exam passed by less than this is worth a second look */

static const struct content_level *level_of(struct request *r, const struct cert_application *app,
                                            const struct content_programme **programme) {
    *programme = content_programme(content_of(r), app->programme_id);
    return *programme ? content_level(*programme, app->level_id) : NULL;
}

/* ---- The queue ------------------------------------------------------------------------------ */
struct queued {
    const struct cert_application *app;
    const char *conflict;
    int days, risk;
    bool experience, close_exam, brief_exam, refused_before, insufficient, revoked_before,
        suspended_before, renewal;
};

/* Reads what was revoked, suspended or refused before for this person. */
static enum err weigh_past(struct request *r, struct queued *c, const struct content_level *level) {
    const struct content_level unknown = {.id = c->app->level_id};
    struct cert_standing_query asked = {c->app->person_id, c->app->programme_id,
                                        level ? level : &unknown, c->app->id, c->app->at_ms};
    struct cert_past past;
    int64_t revoked = 0, suspended = 0;
    enum err e = cert_past_of(r->db, r->arena, &asked, r->now_ms, &past);
    if (e == OK) e = cert_withdrawn_of(r->db, r->arena, c->app->person_id, &revoked, &suspended);
    if (e != OK) return e;
    c->refused_before = past.refusals > 0;
    c->revoked_before = revoked > 0;
    c->suspended_before = suspended > 0;
    for (size_t i = 0; i < past.held_count; i++)
        if (!str_eq(past.held[i].state, "revoked")) c->renewal = true;
    return OK;
}

/* RULE brief-exam */
static bool is_brief(const struct exam_result *x) {
    return x->passed && cert_is_brief(x->submitted_ms - x->start_ms, x->minutes);
}

/* Collects what makes a case need more attention: each reason is shown, and their weights are its
 * risk. */
static enum err weigh(struct request *r, struct queued *c) {
    const struct content_programme *p;
    const struct content_level *level = level_of(r, c->app, &p);
    struct cert_mark_row *marks;
    size_t count;
    enum err e = cert_conflict(r->db, r->who->person_id, c->app->person_id, &c->conflict);
    if (e == OK) e = weigh_past(r, c, level);
    if (e == OK) e = cert_marks(r->db, r->arena, c->app->id, &marks, &count);
    for (size_t i = 0; e == OK && i < count; i++)
        if (str_eq(marks[i].verdict, "insufficient")) c->insufficient = true;
    for (size_t i = 0; e == OK && level && i < level->exam_count; i++) {
        struct exam_result *results;
        e = exam_results(r->db, r->arena, r->app->exams, c->app->person_id, level->exams[i],
                         &results, &count);
        for (size_t k = 0; e == OK && k < count; k++) {
            if (!results[k].passed) continue;
            c->close_exam |= results[k].permille - results[k].cut_permille < CLOSE_PERMILLE;
            c->brief_exam |= is_brief(&results[k]);
        }
    }
    c->experience = str_eq(c->app->basis, "experience");
    c->days = (int)((r->now_ms - c->app->at_ms) / MS_DAY);
    c->risk = 3 * c->revoked_before + 2 * c->experience + 2 * c->insufficient +
              c->suspended_before + c->refused_before + c->close_exam + c->brief_exam;
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
    } all[] = {
        {c->revoked_before, "cert_risk_revoked"}, {c->suspended_before, "cert_risk_suspended"},
        {c->experience, "cert_risk_experience"},  {c->insufficient, "cert_risk_insufficient"},
        {c->refused_before, "cert_risk_refused"}, {c->close_exam, "cert_risk_close"},
        {c->brief_exam, "cert_risk_brief"}};
    for (size_t i = 0; i < COUNT_OF(all); i++)
        if (all[i].there) view_item_text(reasons, cert_text(r, all[i].key, NULL));
    view_text(item, "href", arena_printf(r->arena, "/assess/cases/%s", c->app->id));
    view_text(item, "name", c->app->person_name);
    view_text(item, "title", cert_level_title(r, c->app));
    view_time(item, "at", c->app->at_ms, r->locale, r->zone);
    view_int(item, "days", c->days);
    view_int(item, "risk", c->risk);
    view_bool(item, "overdue", c->days > OVERDUE_DAYS);
    view_bool(item, "renewal", c->renewal);
    if (c->conflict)
        view_text(item, "conflict",
                  cert_text(r, arena_printf(r->arena, "cert_conflict_%s", c->conflict), NULL));
}

/* Shows whose case was just decided, and the certificate that came of it: as it is on record,
 * whatever the address says. */
static enum err view_done(struct request *r, struct view *v) {
    const char *id = http_query(r, "case");
    struct cert_application app;
    if (!id) return OK;
    enum err e = cert_application_find(r->db, r->arena, id, &app);
    if (e == ERR_NOT_FOUND || (e == OK && !app.outcome)) return OK;
    if (e != OK) return e;
    struct view *done = view_object(v, "done");
    bool granted = str_eq(app.outcome, "granted");
    view_text(done, "name", app.person_name);
    view_text(done, "title", cert_level_title(r, &app));
    view_bool(done, "granted", granted);
    view_text(done, "number", granted ? app.number : NULL);
    if (app.number) view_text(done, "href", arena_printf(r->arena, "/certificates/%s", app.number));
    return OK;
}

enum err cert_queue_page(struct request *r) {
    struct cert_application *waiting;
    size_t count;
    bool decides = http_has_role(r, ROLE_ASSESSOR);
    const char *sort = http_query(r, "sort"), *after = http_query(r, "after"), *next;
    /* An instructor, who may mark, sees the cases of people whom they taught. */
    enum err e = cert_applications_waiting(r->db, r->arena, decides ? NULL : r->who->person_id,
                                           after, QUEUE_LIMIT, &waiting, &count, &next);
    struct queued *cases = NEW_ARRAY(r->arena, struct queued, count + 1);
    for (size_t i = 0; e == OK && i < count; i++) {
        cases[i] = (struct queued){.app = &waiting[i]};
        e = weigh(r, &cases[i]);
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
    view_text(v, "title", cert_queue_title(r));
    view_bool(v, "layout_wide", true);
    view_bool(v, "decides", decides);
    view_bool(v, arena_printf(r->arena, "sort_%s", sort), true);
    view_int(v, "waiting", (int64_t)count);
    view_int(v, "mine", mine);
    if (after) view_bool(v, "later", true);
    if (next) view_text(v, "next", percent_encode(r->arena, next, ""));
    view_text(v, "sort", sort);
    e = decides ? view_done(r, v) : OK;
    return e == OK ? http_page(r, "cert_queue", v) : e;
}

/* ---- A case ---------------------------------------------------------------------------------- */
struct case_form {
    const char *problem, *outcome, *reason, *comment;
    bool accepted; /* the stated experience */
};

static enum err view_result(struct request *r, struct view *list, const struct exam_result *x,
                            const char *case_id) {
    struct view *item = view_item(list), *domains = view_list(item, "domains");
    view_text(item, "href",
              arena_printf(r->arena, "/assess/cases/%s/attempts/%s", case_id, x->attempt_id));
    struct exam_summary exam;
    bool known = r->app->exams && exam_find(r->app->exams, r->arena, x->exam_id, &exam) == OK;
    content_view_text(r, item, "title", known ? exam.title : x->exam_id, known ? exam.lang : NULL);
    view_bool(item, "passed", x->passed);
    view_int(item, "scaled", x->scaled);
    view_int(item, "share", x->permille);
    view_int(item, "cut", x->cut_permille);
    exam_view_points(r, item, "correct", x->correct, x->steps);
    exam_view_points(r, item, "total", x->total, x->steps);
    view_int(item, "minutes", (x->submitted_ms - x->start_ms) / MS_MINUTE);
    view_int(item, "allowed", x->minutes);
    view_bool(item, "brief", is_brief(x));
    view_bool(item, "by_deadline", x->by_deadline);
    view_time(item, "at", x->submitted_ms, r->locale, r->zone);
    const char *domain_lang = known && exam.programme
                                  ? content_lang(content_of(r), NULL, exam.programme)
                                  : NULL;
    for (size_t i = 0; i < x->domain_count; i++) {
        struct view *d = view_item(domains);
        content_view_text(r, d, "title", x->domains[i].title, domain_lang);
        exam_view_points(r, d, "correct", x->domains[i].correct, x->steps);
        exam_view_points(r, d, "total", x->domains[i].total, x->steps);
        view_int(d, "share",
                 x->domains[i].total ? x->domains[i].correct * 1000 / x->domains[i].total : 0);
    }
    return http_has_role(r, ROLE_ASSESSOR) ? cert_view_exceptions(r, item, x->attempt_id) : OK;
}

static enum err view_exams(struct request *r, struct view *v, const struct content_level *level,
                           const char *person_id, const char *case_id) {
    struct view *list = view_list(v, "results");
    enum err e = OK;
    for (size_t i = 0; e == OK && level && i < level->exam_count; i++) {
        struct exam_result *results;
        size_t count;
        e = exam_results(r->db, r->arena, r->app->exams, person_id, level->exams[i], &results,
                         &count);
        for (size_t k = 0; e == OK && k < count; k++)
            if (!results[k].practice) e = view_result(r, list, &results[k], case_id);
    }
    return e;
}

static enum err view_runs(struct request *r, struct view *v, const struct content_level *level,
                          const char *person_id, const char *case_id) {
    struct view *list = view_list(v, "runs");
    enum err e = OK;
    for (size_t i = 0; e == OK && level && i < level->lab_count; i++) {
        struct cert_lab_run *runs;
        size_t count;
        e = cert_lab_runs(r->app, r->db, r->arena, person_id, level->labs[i].id, &runs, &count);
        for (size_t k = 0; e == OK && k < count; k++) {
            struct view *item = view_item(list);
            view_text(item, "run", runs[k].run_id);
            view_text(item, "href",
                      arena_printf(r->arena, "/assess/cases/%s/runs/%s", case_id, runs[k].run_id));
            view_int(item, "hints", runs[k].hints);
            content_view_text(r, item, "title", runs[k].title,
                              lab_title_lang(r->app->labs, r->arena, level->labs[i].id));
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
    for (size_t i = 0; e == OK && i < count; i++) cert_view_mark(r, view_item(list), &marks[i]);
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
enum err cert_may_see(struct request *r, const struct cert_application *app) {
    bool taught = false;
    if (http_has_role(r, ROLE_ASSESSOR)) return OK;
    enum err e = account_taught(r->db, r->who->person_id, app->person_id, &taught);
    if (e == OK && !taught) return http_refuse(r, ERR_DENIED, "cert_error_not_yours", NULL);
    return e;
}

static enum err show_case(struct request *r, int status_code, const struct case_form *form) {
    struct cert_application app;
    struct cert_level_status status = {0};
    const struct content_programme *p;
    const char *conflict, *problem = NULL;
    enum err e = cert_application_find(r->db, r->arena, r->param[0], &app);
    if (e == ERR_NOT_FOUND) return http_refuse(r, e, "cert_error_no_case", NULL);
    if (e == OK) e = cert_may_see(r, &app);
    if (e == OK) e = cert_conflict(r->db, r->who->person_id, app.person_id, &conflict);
    if (e != OK) return e;
    const struct content_level *level = level_of(r, &app, &p);
    struct view *v = view_new(r->arena), *crumbs = view_list(v, "crumbs"),
                *crumb = view_item(crumbs);
    view_text(crumb, "href", "/assess");
    view_text(crumb, "text", cert_queue_title(r));
    view_text(view_item(crumbs), "text", app.person_name);
    view_text(v, "title",
              arena_printf(r->arena, "%s · %s", app.person_name, cert_level_title(r, &app)));
    view_text(v, "name", app.person_name);
    view_text(v, "level", cert_level_title(r, &app));
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
        struct cert_standing_query asked = {app.person_id, app.programme_id, level, app.id,
                                            app.at_ms};
        struct cert_standing standing;
        e = cert_standing_of(r->app, r->db, r->arena, content_of(r), &asked, r->now_ms, &standing,
                             &status);
        if (e != OK) return e;
        view_bool(v, "is_renewal", standing.renewal && !standing.revoked);
        view_bool(v, "after_revocation", standing.revoked);
        cert_view_status(r, v, &status);
        view_bool(v, "may_grant",
                  status.complete ||
                      (status.only_modules_missing && str_eq(app.basis, "experience")));
    }
    e = cert_records_case(r->db, r->arena, &app, r->who->person_id, &problem);
    view_bool(v, "records_changed", problem || status.changed);
    /* Whoever is the candidate, or has an interest, sees only that the case is there and how far it
     * is. */
    bool recused = str_eq(conflict, "self") || str_eq(conflict, "interest");
    view_bool(v, "shows_evidence", !recused);
    if (e == OK && !recused) e = view_exams(r, v, level, app.person_id, app.id);
    if (e == OK && !recused) e = view_runs(r, v, level, app.person_id, app.id);
    if (e == OK && !recused) e = view_people(r, v, &app);
    if (e == OK && !recused) e = cert_view_past(r, v, &app);
    if (e != OK) return e;
    if (conflict)
        view_text(v, "conflict",
                  cert_text(r, arena_printf(r->arena, "cert_conflict_%s", conflict), NULL));
    view_bool(v, "is_self", str_eq(conflict, "self"));
    view_bool(v, "assessor", http_has_role(r, ROLE_ASSESSOR));
    view_bool(v, "may_decide", !conflict && !app.outcome && http_has_role(r, ROLE_ASSESSOR));
    view_bool(v, "may_mark", !app.outcome && !recused);
    view_bool(v, "may_declare", !recused);
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
        view_bool(v, "accepted", form->accepted);
    } else if (http_query(r, "marked")) {
        view_text(v, "notice", cert_text(r, "cert_marked", NULL));
    } else if (http_query(r, "declared")) {
        view_text(v, "notice", cert_text(r, "cert_declared", NULL));
    }
    return http_page_status(r, status_code, "cert_case", v);
}

enum err cert_case_page(struct request *r) { return show_case(r, 200, NULL); }

static enum err after_mark(struct request *r, void *arg, enum err result) {
    struct cert_mark *mark = arg;
    if (result == OK)
        return http_redirect(
            r, arena_printf(r->arena, "/assess/cases/%s?marked=1#marks", mark->application_id));
    if (!mark->refusal) return result;
    struct case_form form = {.problem = cert_text(r, mark->refusal, NULL),
                             .comment = mark->comment};
    return show_case(r, cert_refusal_status(result), &form);
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

/* The form as it was filled in, with what is wrong with it. */
static struct case_form decided_form(const struct cert_decide *d, const char *problem) {
    return (struct case_form){.problem = problem,
                              .outcome = d->grant ? "granted" : "refused",
                              .reason = d->reason,
                              .accepted = d->accept_experience};
}

static enum err after_decision(struct request *r, void *arg, enum err result) {
    struct cert_decide *d = arg;
    if (result == OK)
        return http_redirect(r, arena_printf(r->arena, "/assess?done=%s&case=%s",
                                             d->grant ? "granted" : "refused", d->application_id));
    if (!d->refusal) return result;
    struct case_form form = decided_form(d, cert_text(r, d->refusal, NULL));
    return show_case(r, cert_refusal_status(result), &form);
}

/* RULE drawable-name: no certificate is granted whose holder's name the installed fonts cannot
 * print. */
struct name_check {
    struct cert_decide *decision;
    const char *name, *missing;
};

static enum err check_name(struct request *r, void *arg) {
    struct name_check *check = arg;
    return cert_missing_in_subprocess(r->arena, check->name, &check->missing);
}

static enum err after_name(struct request *r, void *arg, enum err result) {
    const struct name_check *check = arg;
    struct cert_decide *d = check->decision;
    if (result == OK && !*check->missing) return http_write(r, cert_decide, d, after_decision);
    struct view *v = view_new(r->arena);
    view_text(v, "name", check->name);
    if (result == OK) view_text(v, "missing", check->missing);
    struct case_form form = decided_form(
        d, cert_text(r, result == OK ? "cert_refusal_fonts" : "cert_refusal_unchecked", v));
    return show_case(r, result == OK ? 409 : 503, &form);
}

static enum err look_at(struct request *r, const struct cert_decide *d,
                        const struct cert_application *app) {
    return cert_look_again(
        r, &(struct cert_look){
               .action = arena_printf(r->arena, "/assess/cases/%s/decision", d->application_id),
               .field = "outcome",
               .what = d->grant ? "granted" : "refused",
               .name = app->person_name,
               .title = cert_level_title(r, app),
               .reason = d->reason});
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
    struct cert_application app;
    enum err e = cert_application_find(r->db, r->arena, d->application_id, &app);
    if (e == ERR_NOT_FOUND) return http_refuse(r, e, "cert_error_no_case", NULL);
    if (e != OK) return e;
    if (http_field(r, "back")) {
        struct case_form form = decided_form(d, NULL);
        return show_case(r, 200, &form);
    }
    if (http_field(r, "look") && cert_reason_fits(d->reason)) return look_at(r, d, &app);
    if (!d->grant) return http_write(r, cert_decide, d, after_decision);
    struct name_check *check = NEW(r->arena, struct name_check);
    check->decision = d;
    check->name = app.person_name;
    return http_offload(r, r->app->certs->drawers, check_name, check, after_name);
}
