/* For administrators: whether the clock is right and what it did, which attempts it ended, and
 * opening one of these again. */
#include <string.h>

#include "account/account.h"
#include "base/clock.h"
#include "base/codec.h"
#include "base/text.h"
#include "exam/exam_pages.h"
#include "exam/exam_sql.h"
#include "store/find.h"

#define EVENTS_SHOWN 20
#define ROWS_SHOWN 50
#define REASON_LEAST 10 /* characters */
#define REASON_MOST 1000

/* ---- How far, in words ---------------------------------------------------------------------- */

/* "1 day 2 h ahead": `name` gets the text, of `off_ms` as the machine's clock minus ours. */
static void view_off(struct request *r, struct view *v, const char *name, int64_t off_ms) {
    struct view *part = view_new(r->arena);
    int64_t s = ((off_ms < 0 ? -off_ms : off_ms) + MS_SECOND / 2) / MS_SECOND;
    view_int(part, "days", s / 86400);
    view_int(part, "hours", s / 3600 % 24);
    view_int(part, "minutes", s / 60 % 60);
    view_int(part, "seconds", s % 60);
    view_text(v, name, exam_text(r, off_ms < 0 ? "clock_off_behind" : "clock_off_ahead", part));
}

void exam_clock_view(struct request *r, struct view *v) {
    struct exam_clock now;
    exam_clock_now(r->app->exams, &now);
    view_bool(v, "clock_wrong", now.wrong);
    if (!now.wrong) return;
    view_off(r, v, "clock_off", now.off_ms);
    view_time(v, "clock_since", now.since_ms, r->locale, r->zone);
}

/* ---- The page
 * ------------------------------------------------------------------------------------ */

static enum err view_events(struct request *r, struct view *v) {
    static const struct {
        const char *kind, *key;
    } kinds[] = {{"wrong", "clock_event_wrong"},
                 {"right", "clock_event_right"},
                 {"followed", "clock_event_followed"}};
    struct view *list = view_list(v, "events");
    struct stmt *q = db_query(r->db, SQL_exam_clock_events, "i", (int64_t)EVENTS_SHOWN);
    while (stmt_row(q)) {
        struct view *item = view_item(list);
        const char *kind = stmt_text(q, 1, r->arena);
        view_time(item, "at", stmt_int(q, 0), r->locale, r->zone);
        for (size_t i = 0; i < COUNT_OF(kinds); i++)
            if (str_eq(kind, kinds[i].kind))
                view_text(item, "what", exam_text(r, kinds[i].key, NULL));
        view_off(r, item, "off", stmt_int(q, 2));
        view_time(item, "since", stmt_int(q, 3), r->locale, r->zone);
    }
    return stmt_end(q);
}

/* Attempts that ran out together have one time: the id tells where the next page begins. */
static enum err view_ended(struct request *r, struct view *v) {
    struct view *list = view_list(v, "ended");
    struct list_cursor at = list_cursor_parse(r->arena, http_query(r, "after"));
    int64_t at_ms = INT64_MAX;
    if (*at.key && !parse_i64(at.key, INT64_MIN, INT64_MAX, &at_ms)) at.id = "";
    struct stmt *q = db_query(r->db, SQL_exam_ended_by_clock, "iti", at_ms, at.id,
                              (int64_t)ROWS_SHOWN + 1);
    const char *last_id = NULL;
    int64_t last_ms = 0;
    int n = 0;
    for (; n < ROWS_SHOWN && stmt_row(q); n++) {
        struct view *item = view_item(list);
        last_id = stmt_text(q, 0, r->arena);
        last_ms = stmt_int(q, 4);
        view_text(item, "href", arena_printf(r->arena, "/admin/attempts/%s/reopen", last_id));
        view_text(item, "exam", exam_title_of(r, stmt_text(q, 1, r->arena)));
        view_text(item, "name", stmt_text(q, 2, r->arena));
        view_time(item, "start", stmt_int(q, 3), r->locale, r->zone);
        view_time(item, "end", last_ms, r->locale, r->zone);
    }
    if (n == ROWS_SHOWN && stmt_row(q))
        view_text(v, "older",
                  percent_encode(
                      r->arena,
                      list_cursor_format(
                          r->arena, arena_printf(r->arena, "%lld", (long long)last_ms), last_id),
                      ""));
    return stmt_end(q);
}

static enum err view_reopened(struct request *r, struct view *v) {
    struct view *list = view_list(v, "reopened");
    struct stmt *q = db_query(r->db, SQL_exam_reopened_list, "i", (int64_t)ROWS_SHOWN);
    while (stmt_row(q)) {
        struct view *item = view_item(list);
        view_text(item, "exam", exam_title_of(r, stmt_text(q, 1, r->arena)));
        view_text(item, "name", stmt_text(q, 2, r->arena));
        view_time(item, "at", stmt_int(q, 3), r->locale, r->zone);
        view_text(item, "by", stmt_text(q, 4, r->arena));
        view_text(item, "reason", stmt_text(q, 5, r->arena));
        view_int(item, "minutes", (stmt_int(q, 6) + MS_MINUTE - 1) / MS_MINUTE);
    }
    return stmt_end(q);
}

enum err exam_clock_page(struct request *r) {
    struct view *v = view_new(r->arena), *crumbs = view_list(v, "crumbs");
    view_crumb(crumbs, "/admin", exam_text(r, "admin_title", NULL));
    view_crumb(crumbs, NULL, exam_text(r, "clock_title", NULL));
    view_text(v, "title", exam_text(r, "clock_title", NULL));
    view_time(v, "now", r->now_ms, r->locale, r->zone);
    exam_clock_view(r, v);
    view_text(v, "done", http_query(r, "done") ? exam_text(r, "clock_reopen_done", NULL) : NULL);
    enum err e = view_events(r, v);
    if (e == OK) e = view_ended(r, v);
    if (e == OK) e = view_reopened(r, v);
    http_header_out(r, "Cache-Control", "no-store");
    return e == OK ? http_page(r, "admin_clock", v) : e;
}

/* ---- Opening one again
 * ---------------------------------------------------------------------------- */

/* The time that was probably lost: from the last answer to the deadline, or all of the time when
 * nothing was answered. */
static enum err lost_minutes(struct request *r, const struct exam_attempt *t, int64_t *lost,
                             int64_t *most) {
    struct exam_slot_state *states;
    int extra = 1000;
    enum err e = exam_slot_states(r->db, r->arena, t, &states);
    if (e == OK) e = exam_extra_permille(r->db, t->person_id, t->exam_id, &extra);
    if (e != OK) return e;
    int64_t whole_ms = exam_time_ms(t->minutes,
                                    extra < t->extra_permille ? t->extra_permille : extra);
    int64_t last_ms = t->start_ms;
    for (int i = 0; i < t->form.slot_count; i++)
        if (states[i].newest && states[i].newest->saved_ms > last_ms)
            last_ms = states[i].newest->saved_ms;
    int64_t left_ms = t->start_ms + whole_ms - last_ms;
    *most = whole_ms / MS_MINUTE;
    *lost = (left_ms + MS_MINUTE - 1) / MS_MINUTE;
    if (*lost < 1) *lost = 1;
    if (*lost > *most) *lost = *most;
    return OK;
}

static enum err reopen_page(struct request *r, const struct exam_reopening *with,
                            const char *problem) {
    struct exam_attempt t;
    struct person p;
    int64_t lost = 0, most = 0;
    enum err e = exam_attempt_load(r->db, r->arena, r->param[0], NULL, &t);
    if (e == ERR_NOT_FOUND) return http_refuse(r, e, "exam_attempt_unknown", NULL);
    if (e == OK) e = account_find(r->db, r->arena, t.person_id, &p);
    if (e == OK) e = lost_minutes(r, &t, &lost, &most);
    if (e != OK) return e;
    struct view *v = view_new(r->arena), *crumbs = view_list(v, "crumbs");
    view_crumb(crumbs, "/admin", exam_text(r, "admin_title", NULL));
    view_crumb(crumbs, "/admin/clock", exam_text(r, "clock_title", NULL));
    view_crumb(crumbs, NULL, exam_text(r, "clock_reopen_title", NULL));
    view_text(v, "title", exam_text(r, "clock_reopen_title", NULL));
    view_text(v, "attempt", t.id);
    view_text(v, "name", p.name);
    view_text(v, "exam", exam_title_of(r, t.exam_id));
    view_time(v, "start", t.start_ms, r->locale, r->zone);
    if (t.submitted_ms) view_time(v, "end", t.submitted_ms, r->locale, r->zone);
    view_bool(v, "has_end", t.submitted_ms);
    view_int(v, "most", most);
    view_int(v, "minutes", with ? with->given_ms / MS_MINUTE : lost);
    view_text(v, "reason", with ? with->reason : NULL);
    if (problem) {
        struct view *error = view_item(view_list(v, "errors"));
        view_text(error, "field",
                  str_eq(problem, "clock_reopen_reason_problem") ? "reason" : "minutes");
        view_text(error, "text", exam_text(r, problem, v));
    }
    e = account_view_refusal(r, v, t.person_id);
    http_header_out(r, "Cache-Control", "no-store");
    return e == OK ? http_page_status(r, problem ? 400 : 200, "admin_reopen", v) : e;
}

enum err exam_reopen_page(struct request *r) { return reopen_page(r, NULL, NULL); }

static enum err reopened(struct request *r, void *arg, enum err result) {
    const struct exam_reopening *o = arg;
    if (result == ERR_CONFLICT && o->why) return http_refuse(r, result, o->why, NULL);
    if (result == ERR_INVALID && o->why) return reopen_page(r, o, o->why);
    if (result == ERR_NOT_FOUND) return http_refuse(r, result, "exam_attempt_unknown", NULL);
    return result == OK ? http_redirect(r, "/admin/clock?done=1")
                        : account_answer(r, result, o->why);
}

enum err exam_reopen_post(struct request *r) {
    struct exam_reopening *o = NEW(r->arena, struct exam_reopening);
    const char *reason = http_field(r, "reason"), *minutes = http_field(r, "minutes");
    int64_t n = 0;
    o->attempt_id = r->param[0];
    o->actor = r->who->person_id;
    o->reason = reason ? str_trim(r->arena, reason) : "";
    if (minutes && parse_i64(minutes, 1, 10000, &n)) o->given_ms = n * MS_MINUTE;
    size_t len = utf8_count(o->reason);
    if (len < REASON_LEAST || len > REASON_MOST)
        return reopen_page(r, o, "clock_reopen_reason_problem");
    if (!n) return reopen_page(r, NULL, "clock_reopen_minutes_problem");
    return http_write(r, exam_reopen_job, o, reopened);
}
