/* The academy's clock: kept by the exams' thread, because it is exams that a wrong clock would end.
 * What is right is decided in base/clock_watch.h; here it is set, told, written down, and followed.
 */
#include <string.h>

#include "audit/audit.h"
#include "base/clock.h"
#include "base/log.h"
#include "exam/exam_live.h"
#include "exam/exam_sql.h"

/* The mark only bounds the time after a new start of the machine. */
#define MARK_EVERY_MS (10 * MS_MINUTE)

/* ---- Jobs ---------------------------------------------------------------------------------- */

static enum err set_mark(struct db *db, const char *boot_id, int64_t trusted_ms, int64_t boot_ms) {
    return db_run(db, SQL_exam_clock_mark_set, "iit", trusted_ms, boot_ms, boot_id);
}

struct event {
    const char *kind;
    int64_t off_ms, since_ms;
};

static enum err add_event(struct db *db, struct arena *a, const struct event *v, int64_t now_ms) {
    enum err e = db_run(db, SQL_exam_clock_event_add, "itii", now_ms, v->kind, v->off_ms,
                        v->since_ms);
    if (e != OK) return e;
    return audit_append(db, a, now_ms, "system", arena_printf(a, "clock.%s", v->kind), "clock",
                        arena_printf(a, "{\"off_ms\":%lld}", (long long)v->off_ms));
}

static enum err event_job(struct db *db, struct arena *a, void *event, int64_t now_ms) {
    return add_event(db, a, event, now_ms);
}

struct marking {
    const char *boot_id;
    int64_t base_ms;
};

static enum err mark_job(struct db *db, struct arena *a, void *marking, int64_t now_ms) {
    const struct marking *m = marking;
    (void)a;
    return set_mark(db, m->boot_id, now_ms, now_ms - m->base_ms);
}

static enum err write_mark(struct exams *e, struct arena *a) {
    struct marking m = {e->boot_id, e->watch.base_ms};
    return store_write(e->app->store, mark_job, &m, a);
}

/* On the writer's thread, behind the COMMIT with the new deadlines and before any other job. */
static void set_clock(const char *database_path, const void *base_ms, size_t len) {
    int64_t ms;
    (void)database_path;
    BUG_IF(len != sizeof ms);
    memcpy(&ms, base_ms, len);
    clock_set(ms);
}

enum err exam_clock_follow_job(struct db *db, struct arena *a, void *following, int64_t now_ms) {
    struct exam_clock_following *f = following;
    int64_t boot_ms = now_ms - f->base_ms, then_ms = now_ms + f->by_ms;
    enum err e = f->from_ms ? db_run(db, SQL_exam_open_move_since, "ii", f->by_ms, f->from_ms)
                            : db_run(db, SQL_exam_open_move, "i", f->by_ms);
    if (e == OK) e = set_mark(db, f->boot_id, then_ms, boot_ms);
    if (e == OK) e = add_event(db, a, &(struct event){"followed", f->by_ms, f->since_ms}, then_ms);
    if (e != OK) return e;
    int64_t base_ms = f->base_ms + f->by_ms;
    db_on_commit(db, set_clock, &base_ms, sizeof base_ms);
    return OK;
}

static enum err read_mark_job(struct db *db, struct arena *a, void *mark, int64_t now_ms) {
    struct clock_mark *out = mark;
    struct stmt *q;
    enum err e;
    (void)now_ms;
    if (!db_one(db, &q, &e, SQL_exam_clock_mark, "")) return e;
    out->trusted_ms = stmt_int(q, 0);
    out->boot_ms = stmt_int(q, 1);
    const char *id = stmt_text(q, 2, a);
    snprintf(out->boot_id, sizeof out->boot_id, "%s", id ? id : "");
    return stmt_end(q);
}

/* ---- Beginning ------------------------------------------------------------------------------ */

enum err exam_clock_begin(struct exams *e, struct arena *a) {
    struct clock_mark mark;
    struct clock_reading r;
    clock_boot_id(e->boot_id);
    enum err result = store_write(e->app->store, read_mark_job, &mark, a);
    if (result != OK && result != ERR_NOT_FOUND) return result;
    if (!clock_read(&r))
        log_say(LOG_WARN, "clock_read", "this machine is too busy to compare its clocks now");
    pthread_mutex_lock(&e->clock_lock);
    clock_watch_begin(&e->watch, result == OK ? &mark : NULL, e->boot_id, r);
    e->marked_boot_ms = r.boot_ms;
    pthread_mutex_unlock(&e->clock_lock);
    clock_set(e->watch.base_ms);
    /* A full disk keeps nobody from reading: the mark is tried again with the next look. */
    if (write_mark(e, a) == OK) return OK;
    log_say(LOG_WARN, "clock_mark", "the time of the academy's clock could not be written down");
    e->marked_boot_ms = r.boot_ms - MARK_EVERY_MS;
    return OK;
}

void exam_clock_end(struct exams *e) {
    (void)e;
    clock_unset();
}

/* ---- Looking -------------------------------------------------------------------------------- */

static void tell(struct exams *e, struct arena *a, const char *kind, const struct clock_watch *w,
                 struct clock_reading r) {
    struct event v = {kind, w->off_ms, w->since_ms};
    double seconds = (double)w->off_ms / 1000;
    const char *since = time_iso(a, w->since_ms);
    if (*kind == 'w')
        log_say(
            LOG_ERROR, "clock_wrong",
            "the machine's clock was set: it is %+.1f s from the time that was running, since %s. Exams go on by the "
            "time that passes. %s",
            seconds, since,
            r.wall_ms < CLOCK_EARLIEST_MS
                ? "It says a year long past, and is not followed: set it right"
                : arena_printf(a, "If the clock stays so for %d minutes it is followed",
                               (int)(CLOCK_FOLLOW_AFTER_MS / MS_MINUTE)));
    else
        log_say(LOG_WARN, "clock_right",
                "the machine's clock is right again; it was %+.1f s off, since %s", seconds, since);
    if (store_write(e->app->store, event_job, &v, a) != OK)
        log_say(LOG_ERROR, "clock_event", "what the clock did could not be written down");
}

static void follow(struct exams *e, struct arena *a, const struct clock_watch *w, int64_t boot_ms) {
    struct exam_clock_following f = {
        .by_ms = w->off_ms, .since_ms = w->since_ms, .base_ms = w->base_ms, .boot_id = e->boot_id};
    /* After a start the time itself was a guess: what ran before it has its deadlines by the right
     * one. */
    if (clock_watch_settling(w, boot_ms)) f.from_ms = w->base_ms + w->begun_boot_ms;
    if (store_write_last(e->app->store, exam_clock_follow_job, &f, a) != OK) {
        log_say(LOG_ERROR, "clock_follow",
                "the machine's clock cannot be followed, it is tried again");
        return;
    }
    pthread_mutex_lock(&e->clock_lock);
    clock_watch_followed(&e->watch, f.by_ms);
    pthread_mutex_unlock(&e->clock_lock);
    log_say(LOG_WARN, "clock_followed",
            "the machine's clock is followed by %+.1f s; deadlines of running exams moved with it",
            (double)f.by_ms / 1000);
}

void exam_clock_look(struct exams *e, struct arena *a) {
    struct clock_reading r;
    if (!clock_read(&r)) return;
    pthread_mutex_lock(&e->clock_lock);
    enum clock_news news = clock_watch_look(&e->watch, r);
    struct clock_watch w = e->watch;
    pthread_mutex_unlock(&e->clock_lock);
    if (news == CLOCK_WRONG) tell(e, a, "wrong", &w, r);
    else if (news == CLOCK_RIGHT) tell(e, a, "right", &w, r);
    else if (news == CLOCK_FOLLOW) follow(e, a, &w, r.boot_ms);
    if (r.boot_ms - e->marked_boot_ms < MARK_EVERY_MS) return;
    if (write_mark(e, a) == OK) e->marked_boot_ms = r.boot_ms;
}

void exam_clock_now(struct exams *e, struct exam_clock *out) {
    pthread_mutex_lock(&e->clock_lock);
    *out = (struct exam_clock){e->watch.wrong, e->watch.off_ms, e->watch.since_ms};
    pthread_mutex_unlock(&e->clock_lock);
}

bool exam_clock_settling(struct exams *e) {
    if (!e) return false;
    pthread_mutex_lock(&e->clock_lock);
    bool settling = clock_watch_settling(&e->watch, clock_boot_ms());
    pthread_mutex_unlock(&e->clock_lock);
    return settling;
}
