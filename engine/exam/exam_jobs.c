/* Writes to the store: starts, saves, flags, ends, results. Each public function is a job of the
 * writer. */
#include <string.h>

#include "audit/audit.h"
#include "base/clock.h"
#include "base/codec.h"
#include "base/json.h"
#include "base/log.h"
#include "base/text.h"
#include "exam/exam_sql.h"
#include "exam/exam_store.h"
#include "store/seal.h"

/* ---- Starting ------------------------------------------------------------------------------ */

static enum err store_items(struct db *db, const struct exam_form *form,
                            const struct exam_unit *unit, int64_t now_ms) {
    enum err e = OK;
    for (int i = 0; i < form->slot_count && e == OK; i++) {
        const struct exam_item *item = exam_unit_item(unit, form->slots[i].item,
                                                      form->slots[i].version);
        e = db_run(db, SQL_exam_item_add, "ttti", item->id, item->version, item->source, now_ms);
    }
    return e;
}

static enum err store_attempt(struct db *db, struct arena *a, struct exam_starting *s,
                              const struct exam_form *form, int extra) {
    const struct exam_def *def = &s->unit->def;
    int64_t deadline_ms = s->start_ms + exam_time_ms(def->minutes, extra);
    const char *written = exam_form_write(form, a);
    s->id = id_new(a, s->start_ms);
    enum err e = db_run(db, SQL_exam_attempt_add, "ttttiiiiiiit", s->id, def->id, def->version,
                        s->person_id, (int64_t)def->practice, (int64_t)def->review_full,
                        (int64_t)def->cut_permille, (int64_t)def->minutes, (int64_t)extra,
                        s->start_ms, deadline_ms, written);
    if (e == OK)
        e = db_run(db, SQL_exam_open_add, "ttttit", s->id, s->person_id, def->id,
                   exam_form_shape(form, a), deadline_ms, seal_make(db, a, SEALED_SAVES(s->id, 0)));
    if (e != OK) return e;
    const char *detail = arena_printf(
        a,
        "{\"exam\":\"%s\",\"exam_version\":\"%s\",\"practice\":%s,\"cut_permille\":%d,"
        "\"minutes\":%d,\"extra_permille\":%d,\"form_sha256\":\"%s\",\"saves\":0}",
        def->id, def->version, def->practice ? "true" : "false", def->cut_permille, def->minutes,
        extra, sha256_hex(a, written, strlen(written)));
    return audit_append(db, a, s->start_ms, s->person_id, "exam.start", s->id, detail);
}

enum err exam_start_job(struct db *db, struct arena *a, void *starting, int64_t now_ms) {
    struct exam_starting *s = starting;
    struct exam_entry entry = {
        .unit = s->unit, .person_id = s->person_id, .exams = s->exams, .content = s->content};
    struct exam_seen seen;
    struct exam_form form;
    struct stmt *q;
    enum err e;
    if (!s->start_ms) s->start_ms = now_ms;
    if (db_one(db, &q, &e, SQL_exam_open_of, "tt", s->person_id, s->unit->def.id)) {
        s->id = stmt_text(q, 0, a); /* a second click, or another tab: the same attempt */
        s->state = EXAM_START_OPEN;
        return stmt_end(q);
    }
    if (e != ERR_NOT_FOUND) return e;
    e = exam_entry(db, a, &entry, s->start_ms, &seen);
    if (e != OK) return e;
    s->state = entry.state;
    s->when_ms = entry.when_ms;
    if (entry.problem)
        log_say(LOG_ERROR, "records_changed",
                "exam %s, person %s: not started: %s: see gradus "
                "audit verify",
                s->unit->def.id, s->person_id, entry.problem);
    if (s->state != EXAM_START_FREE) return ERR_CONFLICT;
    if (!s->unit->kept) e = exam_publish(db, a, s->unit, now_ms);
    if (e != OK) return e;
    e = exam_form_draw(&form, s->unit, s->seed, &seen, a, &s->why);
    if (e == OK) e = store_items(db, &form, s->unit, now_ms);
    return e == OK ? store_attempt(db, a, s, &form, entry.extra_permille) : e;
}

/* ---- Saving -------------------------------------------------------------------------------- */

/* The save that counts in this slot now. */
static enum err look_newest(struct db *db, struct arena *a, struct exam_saving *s,
                            struct exam_save *newest) {
    struct stmt *q;
    enum err e;
    memset(newest, 0, sizeof *newest);
    if (!db_one(db, &q, &e, SQL_exam_save_newest, "ti", s->attempt_id, (int64_t)s->slot))
        return e == ERR_NOT_FOUND ? OK : e;
    *newest = (struct exam_save){.slot = s->slot,
                                 .seq = stmt_int(q, 0),
                                 .client = stmt_text(q, 1, a),
                                 .response = stmt_text(q, 2, a),
                                 .saved_ms = stmt_int(q, 3),
                                 .n = stmt_int(q, 4)};
    return stmt_end(q);
}

/* Finds a save that is equal to this one. A repeated save is then answered with the time of the
 * first, and not stored again. */
static enum err look_same(struct db *db, struct exam_saving *s, int64_t *n) {
    struct stmt *q;
    enum err e;
    *n = 0;
    if (!db_one(db, &q, &e, SQL_exam_save_same, "tiitt", s->attempt_id, (int64_t)s->slot, s->seq,
                s->client, s->response))
        return e == ERR_NOT_FOUND ? OK : e;
    *n = stmt_int(q, 0);
    s->saved_ms = stmt_int(q, 1);
    return stmt_end(q);
}

static void tell_newest(struct exam_saving *s, const struct exam_save *newest, int64_t own_n) {
    s->newest_seq = newest->seq;
    s->newest = newest->response;
    s->stale = newest->seq != s->seq || newest->n != own_n;
}

/* The number of saves as an open attempt's row tells it; -1: it is not this program's, or was never
 * counted, and stays as it is. */
static int64_t counted_saves(struct db *db, struct arena *a, struct stmt *q, int column,
                             const char *attempt_id) {
    int64_t saves = stmt_int(q, column);
    return seal_holds(db, stmt_text(q, column + 1, a), SEALED_SAVES(attempt_id, saves)) ? saves
                                                                                        : -1;
}

/* RULE saves-counted */
static enum err count_save(struct db *db, struct arena *a, const char *attempt_id, int64_t saves) {
    if (saves < 0) return OK;
    return db_run(db, SQL_exam_saves_count, "tit", attempt_id, saves + 1,
                  seal_make(db, a, SEALED_SAVES(attempt_id, saves + 1)));
}

/* Stores it: `n` follows the newest's, so that it counts the saves that did count; one that
 * comes too late goes in among those of its own number. `counted`: the attempt's saves before it,
 * or -1. */
static enum err add_save(struct db *db, struct arena *a, struct exam_saving *s,
                         struct exam_save *newest, int64_t counted, int64_t now_ms) {
    int64_t n = newest->n + 1, saves = newest->n;
    enum err e = OK;
    if (s->seq < newest->seq) {
        struct stmt *q;
        if (!db_one(db, &q, &e, SQL_exam_save_older, "tii", s->attempt_id, (int64_t)s->slot,
                    s->seq))
            return e;
        saves = stmt_int(q, 0);
        n = stmt_int(q, 1) + 1;
        e = stmt_end(q);
    }
    if (e == OK && saves >= EXAM_SAVES_LIMIT) e = ERR_LIMIT;
    const struct exam_saved row = {s->attempt_id, s->slot,     s->seq, n,
                                   s->client,     s->response, now_ms, counted + 1};
    if (e == OK)
        e = db_run(db, SQL_exam_save_add, "tiiittiit", row.attempt_id, row.slot, row.seq, row.n,
                   row.client, row.response, row.saved_ms, row.ordinal,
                   exam_saved_seal(db, a, &row));
    s->saved_ms = now_ms;
    if (s->seq >= newest->seq)
        *newest = (struct exam_save){.seq = s->seq, .n = n, .response = s->response};
    tell_newest(s, newest, n);
    return e;
}

/* A save to an attempt that has ended: OK when the same save is stored already, else
 * ERR_CONFLICT. */
static enum err save_after_end(struct db *db, struct arena *a, struct exam_saving *s) {
    struct exam_attempt t;
    struct exam_save newest;
    int64_t same;
    enum err e = exam_attempt_load(db, a, s->attempt_id, s->person_id, &t);
    if (e != OK) return e;
    if (s->slot > t.form.slot_count) return ERR_NOT_FOUND;
    const struct exam_slot *slot = &t.form.slots[s->slot - 1];
    s->options = slot->option_count;
    s->response = slot->type->canonical(s->value, s->options, a, &s->why);
    if (!s->response) return ERR_INVALID;
    e = look_newest(db, a, s, &newest);
    if (e == OK) e = look_same(db, s, &same);
    if (e != OK) return e;
    s->deadline_ms = t.deadline_ms;
    if (same) {
        tell_newest(s, &newest, same);
        return OK;
    }
    s->over = true;
    s->submitted_ms = t.submitted_ms;
    return ERR_CONFLICT;
}

enum err exam_save_job(struct db *db, struct arena *a, void *saving, int64_t now_ms) {
    struct exam_saving *s = saving;
    struct exam_save newest;
    struct stmt *q;
    enum err e;
    if (!db_one(db, &q, &e, SQL_exam_save_look, "tt", s->attempt_id, s->person_id))
        return e == ERR_NOT_FOUND ? save_after_end(db, a, s) : e;
    s->deadline_ms = stmt_int(q, 0);
    const char *shape = stmt_text(q, 1, a);
    int64_t saves = counted_saves(db, a, q, 2, s->attempt_id);
    e = stmt_end(q);
    if (e != OK) return e;
    if (now_ms > s->deadline_ms + EXAM_GRACE_MS) return save_after_end(db, a, s);
    const struct exam_type *type;
    if (!exam_shape_slot(shape, s->slot, &type, &s->options)) return ERR_NOT_FOUND;
    s->response = type->canonical(s->value, s->options, a, &s->why);
    if (!s->response) return ERR_INVALID;
    e = look_newest(db, a, s, &newest);
    if (e == OK && newest.seq >= s->seq) { /* only then can it be a repeated one */
        int64_t same;
        e = look_same(db, s, &same);
        if (e == OK && same) {
            tell_newest(s, &newest, same);
            return OK;
        }
    }
    if (e != OK) return e;
    if (s->seq > newest.seq + EXAM_SEQ_STEP) {
        s->why = "exam_seq_ahead";
        return ERR_INVALID;
    }
    e = add_save(db, a, s, &newest, saves, now_ms);
    return e == OK ? count_save(db, a, s->attempt_id, saves) : e;
}

enum err exam_flag_job(struct db *db, struct arena *a, void *flagging, int64_t now_ms) {
    struct exam_flagging *f = flagging;
    struct stmt *q;
    enum err e;
    if (!db_one(db, &q, &e, SQL_exam_flag_look, "tt", f->attempt_id, f->person_id)) {
        struct exam_attempt t;
        if (e != ERR_NOT_FOUND) return e;
        e = exam_attempt_load(db, a, f->attempt_id, f->person_id, &t);
        f->over = e == OK;
        return e == OK ? ERR_CONFLICT : e;
    }
    f->over = now_ms > stmt_int(q, 0) + EXAM_GRACE_MS;
    bool known = f->slot <= exam_shape_slots(stmt_text(q, 1, a));
    int64_t last = stmt_int(q, 2);
    e = stmt_end(q);
    if (e != OK) return e;
    if (f->over) return ERR_CONFLICT;
    if (!known) return ERR_NOT_FOUND;
    if (last >= EXAM_SAVES_LIMIT) return ERR_LIMIT;
    return db_run(db, SQL_exam_flag_add, "tiiii", f->attempt_id, last + 1, (int64_t)f->slot,
                  (int64_t)f->flagged, now_ms);
}

/* ---- Ending -------------------------------------------------------------------------------- */

/* What ends. */
struct running {
    int64_t deadline_ms, saves; /* -1: not known */
    int slot_count;
};

static enum err end_attempt(struct db *db, struct arena *a, const struct exam_ending *end,
                            const struct running *x, int64_t at_ms, int64_t now_ms) {
    const char *actor = end->person_id;
    bool late = at_ms >= x->deadline_ms;
    int64_t submitted_ms = late ? x->deadline_ms : at_ms;
    const char *how = late || !actor ? "deadline" : "submitted";
    char *answers = NULL;
    enum err e = db_run(db, SQL_exam_open_remove, "t", end->attempt_id);
    if (e == OK)
        e = db_run(db, SQL_exam_end_add, "ttiii", end->attempt_id, how, submitted_ms, now_ms,
                   x->deadline_ms);
    if (e == OK) e = db_run(db, SQL_exam_unscored_add, "t", end->attempt_id);
    if (e == OK) e = exam_answers_digest(db, a, end->attempt_id, x->slot_count, &answers);
    if (e != OK) return e;
    const char *saves = x->saves < 0 ? "" : arena_printf(a, ",\"saves\":%lld", (long long)x->saves);
    return audit_append(db, a, now_ms, actor ? actor : "system",
                        late || !actor ? "exam.deadline" : "exam.submit", end->attempt_id,
                        arena_printf(a, "{\"submitted_ms\":%lld,\"answers_sha256\":\"%s\"%s}",
                                     (long long)submitted_ms, answers, saves));
}

/* RULE exam-ended-once: what says that it is open was put back past the program. */
static enum err refuse_second_end(struct db *db, const struct exam_ending *end) {
    log_say(LOG_ERROR, "records_changed",
            "attempt %s: not ended: it has ended by the audit log: see gradus audit verify",
            end->attempt_id);
    return end->person_id ? ERR_CONFLICT : db_run(db, SQL_exam_open_remove, "t", end->attempt_id);
}

enum err exam_end_job(struct db *db, struct arena *a, void *ending, int64_t now_ms) {
    struct exam_ending *end = ending;
    struct exam_attempt t;
    struct stmt *q;
    enum err e;
    if (!db_one(db, &q, &e, SQL_exam_open_deadline, "t", end->attempt_id))
        return e == ERR_NOT_FOUND ? exam_attempt_load(db, a, end->attempt_id, end->person_id, &t)
                                  : e;
    struct running x = {.deadline_ms = stmt_int(q, 0),
                        .slot_count = exam_shape_slots(stmt_text(q, 2, a)),
                        .saves = counted_saves(db, a, q, 3, end->attempt_id)};
    bool own = !end->person_id || str_eq(end->person_id, stmt_text(q, 1, a));
    e = stmt_end(q);
    if (e != OK) return e;
    if (!own) return ERR_NOT_FOUND;
    if (!end->person_id && now_ms <= x.deadline_ms + EXAM_GRACE_MS) return OK;
    struct exam_ends logged;
    if ((e = exam_ends_logged(db, a, end->attempt_id, &logged)) != OK) return e;
    if (logged.ended) return refuse_second_end(db, end);
    if (x.saves < logged.saves) x.saves = -1; /* RULE saves-counted */
    return end_attempt(db, a, end, &x, end->at_ms ? end->at_ms : now_ms, now_ms);
}

enum err exam_expire_job(struct db *db, struct arena *a, void *closed, int64_t now_ms) {
    const char *ids[EXAM_EXPIRE_BATCH];
    int n = 0;
    struct stmt *q = db_query(db, SQL_exam_expired, "ii", now_ms - EXAM_GRACE_MS - 1,
                              (int64_t)COUNT_OF(ids));
    while (stmt_row(q)) ids[n++] = stmt_text(q, 0, a);
    enum err e = stmt_end(q);
    for (int i = 0; i < n && e == OK; i++) {
        struct exam_ending end = {.attempt_id = ids[i]};
        e = exam_end_job(db, a, &end, now_ms);
    }
    *(int *)closed = e == OK ? n : 0;
    return e;
}

/* ---- Results ------------------------------------------------------------------------------- */

static const char *domains_json(struct arena *a, const struct exam_score *s) {
    struct buf b;
    buf_init(&b, a);
    buf_putc(&b, '[');
    for (size_t i = 0; i < s->domain_count; i++) {
        buf_puts(&b, i ? ",[" : "[");
        buf_json(&b, s->domains[i].id);
        buf_printf(&b, ",%d,%d", s->domains[i].correct, s->domains[i].total);
        if (s->domains[i].floor) buf_printf(&b, ",%d", s->domains[i].floor);
        buf_putc(&b, ']');
    }
    buf_putc(&b, ']');
    return buf_text(&b);
}

/* Whether the log says that the newest end of an attempt was scored already. Then its row in
 * exam_unscored was not written by this program, and a second result would hide changed answers. */
static enum err was_scored(struct db *db, struct arena *a, const char *attempt_id, bool *out) {
    struct audit_row *rows;
    size_t count;
    *out = false;
    enum err e = audit_list(db, a, attempt_id, 0, 1, &rows, &count);
    if (e == OK && count) *out = str_eq(rows[0].action, "exam.result");
    if (*out)
        log_say(LOG_ERROR, "exam_score",
                "attempt %s was scored already and is not scored again: see gradus audit verify",
                attempt_id);
    return e;
}

static enum err store_result(struct db *db, struct arena *a, const struct exam_scored *r,
                             int64_t now_ms) {
    enum err e = db_run(db, SQL_exam_unscored_remove, "t", r->attempt_id);
    if (e != OK || (!db_changed_rows(db) && !r->again))
        return e; /* somebody else was first, with the same score */
    bool scored = false;
    if (!r->again) e = was_scored(db, a, r->attempt_id, &scored);
    if (e != OK || scored) return e;
    const struct exam_score *s = &r->score;
    e = db_run(db, SQL_exam_result_add, "tiiiiiiiiti", r->attempt_id, (int64_t)EXAM_SCORING_VERSION,
               now_ms, (int64_t)s->correct, (int64_t)s->total, (int64_t)s->permille,
               (int64_t)r->cut_permille, (int64_t)s->scaled, (int64_t)s->passed, domains_json(a, s),
               (int64_t)s->steps);
    if (e != OK) return e;
    const char *steps = s->steps > 1 ? arena_printf(a, "\"steps\":%d,", s->steps) : "",
               *detail = arena_printf(a, "{\"correct\":%d,\"total\":%d,%s\"passed\":%s}",
                                      s->correct, s->total, steps, s->passed ? "true" : "false");
    return audit_append(db, a, now_ms, "system", "exam.result", r->attempt_id, detail);
}

enum err exam_result_job(struct db *db, struct arena *a, void *scored_list, int64_t now_ms) {
    struct exam_scored_list *list = scored_list;
    enum err e = OK;
    for (size_t i = 0; i < list->count && e == OK; i++)
        e = store_result(db, a, &list->scored[i], now_ms);
    return e;
}

/* ---- Accommodations ------------------------------------------------------------------------ */

/* Running attempts get their new deadline at once. It is never shortened below what was promised
 * at the start. */
static enum err stretch_open(struct db *db, struct arena *a, const char *person_id,
                             const char *exam_id, int factor_permille) {
    struct {
        const char *id;
        int64_t deadline_ms;
    } *open = NULL;
    size_t n = 0;
    struct stmt *q = db_query(db, SQL_exam_open_times, "tt", person_id, exam_id);
    while (stmt_row(q)) {
        open = list_more(a, open, n, sizeof *open);
        open[n].id = stmt_text(q, 0, a);
        open[n++].deadline_ms = stmt_int(q, 1) + exam_time_ms((int)stmt_int(q, 2), factor_permille);
    }
    enum err e = stmt_end(q);
    for (size_t i = 0; i < n && e == OK; i++) {
        struct exam_attempt t;
        e = exam_attempt_load(db, a, open[i].id, NULL, &t);
        if (e == OK && open[i].deadline_ms > t.deadline_ms)
            e = db_run(db, SQL_exam_open_stretch, "ti", open[i].id, open[i].deadline_ms);
    }
    return e;
}

enum err exam_accommodate(struct db *db, struct arena *a, int64_t now_ms, const char *person_id,
                          const char *exam_id, int factor_permille, const char *reason,
                          const char *approved_by) {
    if (factor_permille < 1000 || factor_permille > 4000 || !reason || !*reason) return ERR_INVALID;
    enum err e = db_run(db, SQL_exam_accommodation_add, "tttitti", id_new(a, now_ms), person_id,
                        exam_id, (int64_t)factor_permille, reason, approved_by, now_ms);
    if (e == OK) e = stretch_open(db, a, person_id, exam_id, factor_permille);
    if (e != OK) return e;
    /* The reason may be about health: it stays in the table and out of the log that many read. */
    const char *detail = arena_printf(a, "{\"exam\":%s%s%s,\"factor_permille\":%d}",
                                      exam_id ? "\"" : "", exam_id ? exam_id : "null",
                                      exam_id ? "\"" : "", factor_permille);
    return audit_append(db, a, now_ms, approved_by, "exam.accommodate", person_id, detail);
}
