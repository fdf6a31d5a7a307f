/* Opening an attempt again that the clock has ended, with the time that was lost. A job of the
 * writer. */
#include "account/account.h"
#include "audit/audit.h"
#include "base/clock.h"
#include "base/text.h"
#include "exam/exam_sql.h"
#include "exam/exam_store.h"
#include "store/seal.h"

static enum err refuse(struct exam_reopening *r, const char *why) {
    r->why = why;
    return ERR_CONFLICT;
}

static enum err none_open(struct db *db, struct exam_reopening *r, const struct exam_attempt *t) {
    struct stmt *q;
    enum err e;
    if (!db_one(db, &q, &e, SQL_exam_open_of, "tt", t->person_id, t->exam_id))
        return e == ERR_NOT_FOUND ? OK : e;
    e = stmt_end(q);
    return e == OK ? refuse(r, "clock_reopen_other_open") : e;
}

static enum err not_passed(struct db *db, struct exam_reopening *r, const struct exam_attempt *t) {
    struct stmt *q;
    enum err e;
    if (!db_one(db, &q, &e, SQL_exam_result_of, "t", t->id)) return e == ERR_NOT_FOUND ? OK : e;
    bool passed = stmt_int(q, 6);
    e = stmt_end(q);
    return e == OK && passed ? refuse(r, "clock_reopen_passed") : e;
}

static enum err open_again(struct db *db, struct arena *a, const struct exam_reopening *r,
                           const struct exam_attempt *t, int extra, int64_t now_ms) {
    int64_t deadline_ms = now_ms + r->given_ms;
    int64_t moved_ms = deadline_ms - t->start_ms - exam_time_ms(t->minutes, extra);
    struct exam_ends logged;
    enum err e = exam_ends_logged(db, a, t->id, &logged);
    if (e != OK) return e;
    const int64_t saves = logged.saves;
    e = db_run(db, SQL_exam_end_undone, "titti", t->id, now_ms, r->actor, r->reason, r->given_ms);
    if (e == OK) e = db_run(db, SQL_exam_end_remove, "t", t->id);
    if (e == OK) e = db_run(db, SQL_exam_unscored_remove, "t", t->id);
    if (e == OK)
        e = db_run(db, SQL_exam_open_again, "ttttiiit", t->id, t->person_id, t->exam_id,
                   exam_form_shape(&t->form, a), deadline_ms, moved_ms, saves < 0 ? 0 : saves,
                   saves < 0 ? NULL : seal_make(db, a, SEALED_SAVES(t->id, saves)));
    return e;
}

enum err exam_reopen_job(struct db *db, struct arena *a, void *reopening, int64_t now_ms) {
    struct exam_reopening *r = reopening;
    struct exam_attempt t;
    int extra = 1000;
    enum err e = exam_attempt_load(db, a, r->attempt_id, NULL, &t);
    if (e == OK) e = account_may_change(db, a, r->actor, t.person_id, &r->why);
    if (e != OK) return e;
    if (t.open) return refuse(r, "clock_reopen_is_open");
    if (!t.by_deadline) return refuse(r, "clock_reopen_submitted");
    e = not_passed(db, r, &t);
    if (e == OK) e = none_open(db, r, &t);
    if (e == OK) e = exam_extra_permille(db, t.person_id, t.exam_id, &extra);
    if (e != OK) return e;
    if (extra < t.extra_permille) extra = t.extra_permille;
    if (r->given_ms < MS_MINUTE || r->given_ms > exam_time_ms(t.minutes, extra)) {
        r->why = "clock_reopen_minutes_problem";
        return ERR_INVALID;
    }
    e = open_again(db, a, r, &t, extra, now_ms);
    if (e != OK) return e;
    const char *detail = arena_printf(a, "{\"given_ms\":%lld,\"ended_ms\":%lld}",
                                      (long long)r->given_ms, (long long)t.submitted_ms);
    return audit_append(db, a, now_ms, r->actor, "exam.reopen", t.id, detail);
}
