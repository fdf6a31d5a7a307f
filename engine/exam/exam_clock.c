/* The academy's clock. It is watched by the exams' thread, because a wrong clock would end exams.
 * base/clock_watch.h decides whether the machine's clock is right; here that is logged and stored,
 * and the academy's clock is set.
 */
#include <sodium.h>
#include <string.h>
#include <unistd.h>

#include "audit/audit.h"
#include "base/clock.h"
#include "base/codec.h"
#include "base/log.h"
#include "base/text.h"
#include "exam/exam_loaded.h"
#include "exam/exam_sql.h"

/* The stored time is needed only after a restart of the machine, as a lower bound. */
#define MARK_EVERY_MS (10 * MS_MINUTE)

/* ---- Jobs ---------------------------------------------------------------------------------- */

static const char *seal_of(struct arena *a, const unsigned char *key, const char *boot_id,
                           int64_t trusted_ms, int64_t boot_ms) {
    unsigned char mac[crypto_auth_hmacsha256_BYTES];
    const char *text = arena_printf(a, "gradus-clock-mark/1 %lld %lld %s", (long long)trusted_ms,
                                    (long long)boot_ms, boot_id);
    char *hex = arena_alloc(a, 2 * sizeof mac + 1);
    crypto_auth_hmacsha256(mac, (const unsigned char *)text, strlen(text), key);
    return sodium_bin2hex(hex, 2 * sizeof mac + 1, mac, sizeof mac);
}

static enum err set_mark(struct db *db, struct arena *a, const unsigned char *key,
                         const char *boot_id, int64_t trusted_ms, int64_t boot_ms) {
    return db_run(db, SQL_exam_clock_mark_set, "iitt", trusted_ms, boot_ms, boot_id,
                  seal_of(a, key, boot_id, trusted_ms, boot_ms));
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
    const unsigned char *key;
    int64_t base_ms;
};

static enum err mark_job(struct db *db, struct arena *a, void *marking, int64_t now_ms) {
    const struct marking *m = marking;
    return set_mark(db, a, m->key, m->boot_id, now_ms, now_ms - m->base_ms);
}

static enum err write_mark(struct exams *e, struct arena *a) {
    struct marking m = {e->boot_id, e->clock_key, e->watch.base_ms};
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
    if (e == OK) e = set_mark(db, a, f->key, f->boot_id, then_ms, boot_ms);
    if (e == OK) e = add_event(db, a, &(struct event){"followed", f->by_ms, f->since_ms}, then_ms);
    if (e != OK) return e;
    int64_t base_ms = f->base_ms + f->by_ms;
    db_on_commit(db, set_clock, &base_ms, sizeof base_ms);
    return OK;
}

struct mark_reading {
    const unsigned char *key;
    bool key_is_new;        /* it has sealed nothing yet */
    struct clock_mark mark; /* of no boot and no time when it is not sealed */
    bool unsealed;
};

static enum err read_mark_job(struct db *db, struct arena *a, void *reading, int64_t now_ms) {
    struct mark_reading *r = reading;
    struct clock_mark *out = &r->mark;
    struct stmt *q;
    enum err e;
    if (!db_one(db, &q, &e, SQL_exam_clock_mark, "")) return e;
    out->trusted_ms = stmt_int(q, 0);
    out->boot_ms = stmt_int(q, 1);
    const char *id = stmt_text(q, 2, a);
    snprintf(out->boot_id, sizeof out->boot_id, "%s", id ? id : "");
    const char *seal = stmt_text(q, 3, a);
    e = stmt_end(q);
    r->unsealed = !str_eq(seal, seal_of(a, r->key, out->boot_id, out->trusted_ms, out->boot_ms));
    if (e != OK || !r->unsealed) return e;
    *out = (struct clock_mark){0};
    if (r->key_is_new) return OK;
    return audit_append(db, a, now_ms, "system", "clock.unsealed", "clock", NULL);
}

/* ---- Beginning ------------------------------------------------------------------------------ */

enum err exam_clock_begin(struct exams *e, struct arena *a, const char **why) {
    struct clock_reading r;
    const char *path = arena_printf(a, "%s/clock.key", e->app->data);
    struct mark_reading reading = {.key = e->clock_key, .key_is_new = access(path, F_OK) != 0};
    clock_boot_id(e->boot_id);
    *why = arena_printf(a, "The key of the clock, %s, cannot be read or written.", path);
    if (!key_file(a, path, e->clock_key, sizeof e->clock_key)) return ERR_IO;
    *why = "the exams cannot be opened: the clock cannot be read from the database";
    enum err result = store_write(e->app->store, read_mark_job, &reading, a);
    if (result != OK && result != ERR_NOT_FOUND) return result;
    if (reading.unsealed)
        log_say(reading.key_is_new ? LOG_WARN : LOG_ERROR, "clock_seal",
                "the mark of the academy's clock is not sealed by this academy, so that it does "
                "not count: the time is that of the machine");
    if (!clock_read(&r))
        log_say(LOG_WARN, "clock_read", "this machine is too busy to compare its clocks now");
    pthread_mutex_lock(&e->clock_lock);
    clock_watch_begin(&e->watch, result == OK ? &reading.mark : NULL, e->boot_id, r);
    e->marked_boot_ms = r.boot_ms;
    pthread_mutex_unlock(&e->clock_lock);
    clock_set(e->watch.base_ms);
    /* A full disk must not stop the academy: the mark is written again with the next check. */
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
        log_say(LOG_ERROR, "clock_wrong",
                "the machine's clock was set: it is %+.1f s from the time that was running, since "
                "%s. Exams go on by the time that passes. %s",
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
    struct exam_clock_following f = {.by_ms = w->off_ms,
                                     .since_ms = w->since_ms,
                                     .base_ms = w->base_ms,
                                     .boot_id = e->boot_id,
                                     .key = e->clock_key};
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

void exam_clock_check(struct exams *e, struct arena *a) {
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
