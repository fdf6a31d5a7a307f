/* Extra time for a person: what was granted and by whom, and granting it. The reason may be about
 * health: only administrators see it, and it stays out of the audit log. */
#include <string.h>

#include "account/account.h"
#include "base/text.h"
#include "exam/exam.h"
#include "exam/exam_pages.h"
#include "exam/exam_sql.h"

#define REASON_LEAST 10 /* characters: "dyslexia, certificate of 3 May" and not "ok" */
#define REASON_MOST 1000

struct granting {
    const char *person_id, *actor, *exam_id, *reason;
    const char *refusal; /* out */
    int64_t percent;
};

static enum err granted_list(struct request *r, struct view *v, const char *person_id) {
    struct view *list = view_list(v, "granted");
    struct stmt *q = db_query(r->db, SQL_exam_accommodations, "t", person_id);
    while (stmt_row(q)) {
        struct view *item = view_item(list);
        const char *exam_id = stmt_text(q, 0, r->arena);
        struct exam_summary exam;
        bool known = exam_id && exam_find(r->app->exams, r->arena, exam_id, &exam) == OK;
        view_text(item, "exam", known ? exam.title : exam_id);
        view_int(item, "percent", stmt_int(q, 1) / 10);
        view_text(item, "reason", stmt_text(q, 2, r->arena));
        view_text(item, "by", stmt_text(q, 3, r->arena));
        view_time(item, "at", stmt_int(q, 4), r->locale, r->zone);
    }
    return stmt_end(q);
}

/* `with`: what was typed, when `problem` sends it back. */
static enum err time_page(struct request *r, const struct granting *with, const char *problem) {
    struct person p;
    struct exam_summary *exams;
    size_t count;
    enum err e = account_find(r->db, r->arena, r->param[0], &p);
    if (e == OK) e = exam_list(r->app->exams, r->arena, &exams, &count);
    if (e != OK) return e;
    struct view *v = view_new(r->arena), *options = view_list(v, "exams");
    struct view *crumbs = view_list(v, "crumbs");
    view_crumb(crumbs, "/admin", exam_text(r, "admin_title", NULL));
    view_crumb(crumbs, "/admin/people", exam_text(r, "admin_people_title", NULL));
    view_crumb(crumbs, NULL, exam_text(r, "time_title", NULL));
    view_text(v, "title", exam_text(r, "time_title", NULL));
    view_text(v, "person_id", p.id);
    view_text(v, "name", p.name);
    view_int(v, "percent", with ? with->percent : 125);
    view_text(v, "reason", with ? with->reason : NULL);
    for (size_t i = 0; i < count; i++) {
        struct view *item = view_item(options);
        view_text(item, "id", exams[i].id);
        view_text(item, "title", exams[i].title);
        view_int(item, "minutes", exams[i].minutes);
        view_bool(item, "chosen", with && str_eq(with->exam_id, exams[i].id));
    }
    if (problem) {
        struct view *error = view_item(view_list(v, "errors"));
        view_text(error, "field", str_eq(problem, "time_reason_problem") ? "reason" : "percent");
        view_text(error, "text", exam_text(r, problem, NULL));
        view_text(v, problem, exam_text(r, problem, NULL));
    }
    view_text(v, "done", http_query(r, "done") ? exam_text(r, "time_done", NULL) : NULL);
    e = granted_list(r, v, p.id);
    if (e == OK) e = account_view_refusal(r, v, p.id);
    http_header_out(r, "Cache-Control", "no-store");
    return e == OK ? http_page_status(r, problem ? 400 : 200, "exam_time", v) : e;
}

enum err exam_time_page(struct request *r) { return time_page(r, NULL, NULL); }

static enum err grant(struct db *db, struct arena *a, void *arg, int64_t now_ms) {
    struct granting *g = arg;
    enum err e = account_may_change(db, a, g->actor, g->person_id, &g->refusal);
    return e == OK ? exam_accommodate(db, a, now_ms, g->person_id, g->exam_id, (int)g->percent * 10,
                                      g->reason, g->actor)
                   : e;
}

static enum err granted(struct request *r, void *arg, enum err result) {
    const struct granting *g = arg;
    return result == OK ? http_redirect(r, arena_printf(r->arena, "/admin/people/%s/time?done=1",
                                                        g->person_id))
                        : account_answer(r, result, g->refusal);
}

enum err exam_time_post(struct request *r) {
    struct granting *g = NEW(r->arena, struct granting);
    struct person p;
    struct exam_summary exam;
    enum err e = account_find(r->db, r->arena, r->param[0], &p);
    if (e != OK) return e;
    const char *percent = http_field(r, "percent"), *reason = http_field(r, "reason");
    g->person_id = p.id;
    g->actor = r->who->person_id;
    g->exam_id = http_field(r, "exam") && *http_field(r, "exam") ? http_field(r, "exam") : NULL;
    g->reason = reason ? str_trim(r->arena, reason) : "";
    if (!percent || !parse_i64(percent, 100, 400, &g->percent)) {
        g->percent = 125;
        return time_page(r, g, "time_percent_problem");
    }
    size_t len = utf8_count(g->reason);
    if (len < REASON_LEAST || len > REASON_MOST) return time_page(r, g, "time_reason_problem");
    if (g->exam_id && (e = exam_find(r->app->exams, r->arena, g->exam_id, &exam)) != OK) return e;
    return http_write(r, grant, g, granted);
}
