/* Whether an attempt and its result are what the audit log says. */
#include <string.h>

#include "audit/audit.h"
#include "base/json.h"
#include "base/text.h"
#include "exam/exam.h"
#include "exam/exam_score.h"
#include "exam/exam_sql.h"
#include "exam/exam_store.h"

#define ROWS 1000 /* of one attempt, which has a handful */

struct recorded {
    const char *person_id, *exam_id, *exam_version, *how;
    bool practice, open, ended, scored, passed;
    int64_t start_ms, submitted_ms, recorded_ms, computed_ms;
    int64_t cut_permille, minutes, extra_permille, deadline_ms, saved_ms;
    int correct, total;
};

static enum err read_recorded(struct db *db, struct arena *a, const char *id,
                              struct recorded *out) {
    struct stmt *q;
    enum err e;
    if (!db_one(db, &q, &e, SQL_exam_recorded, "t", id)) return e;
    *out = (struct recorded){
        .person_id = stmt_text(q, 0, a),
        .exam_id = stmt_text(q, 1, a),
        .exam_version = stmt_text(q, 2, a),
        .practice = stmt_int(q, 3),
        .start_ms = stmt_int(q, 4),
        .ended = !stmt_null(q, 5),
        .submitted_ms = stmt_int(q, 5),
        .recorded_ms = stmt_int(q, 6),
        .scored = !stmt_null(q, 7),
        .computed_ms = stmt_int(q, 7),
        .correct = (int)stmt_int(q, 8),
        .total = (int)stmt_int(q, 9),
        .passed = stmt_int(q, 10),
        .cut_permille = stmt_int(q, 11),
        .minutes = stmt_int(q, 12),
        .extra_permille = stmt_int(q, 13),
        .how = stmt_text(q, 14, a),
        .deadline_ms = stmt_int(q, 15),
        .saved_ms = stmt_int(q, 16),
        .open = stmt_int(q, 17),
    };
    return stmt_end(q);
}

static bool text_is(const json_t *detail, const char *member, const char *text) {
    return str_eq(json_string_value(json_object_get(detail, member)), text);
}

static bool number_is(const json_t *detail, const char *member, int64_t number) {
    const json_t *told = json_object_get(detail, member);
    return json_is_integer(told) && json_integer_value(told) == number;
}

static bool truth_is(const json_t *detail, const char *member, bool truth) {
    const json_t *told = json_object_get(detail, member);
    return json_is_boolean(told) && json_is_true(told) == truth;
}

/* A number that the log tells, or (of older rows) does not. */
static bool number_agrees(const json_t *detail, const char *member, int64_t number) {
    return !json_object_get(detail, member) || number_is(detail, member, number);
}

/* The newest row of an attempt with this action, or the other. */
static const struct audit_row *newest(const struct audit_row *rows, size_t count,
                                      const char *action, const char *or_action) {
    for (size_t i = 0; i < count; i++)
        if (str_eq(rows[i].action, action) || str_eq(rows[i].action, or_action)) return &rows[i];
    return NULL;
}

static const json_t *detail_of(struct arena *a, const struct audit_row *row) {
    const char *why;
    return row && row->detail ? json_read(a, row->detail, strlen(row->detail), &why) : NULL;
}

/* Older logs do not tell whether an attempt was for practice, its cut and its time, nor when it was
 * submitted. */
static const char *differs(struct arena *a, const struct recorded *x, const struct audit_row *rows,
                           size_t count) {
    const struct audit_row *start = newest(rows, count, "exam.start", "exam.start"),
                           *end = newest(rows, count, "exam.submit", "exam.deadline"),
                           *result = newest(rows, count, "exam.result", "exam.result");
    const json_t *started = detail_of(a, start), *ended = detail_of(a, end),
                 *scored = detail_of(a, result);
    if (!start || !str_eq(start->actor, x->person_id) || start->at_ms != x->start_ms ||
        !text_is(started, "exam", x->exam_id) || !text_is(started, "exam_version", x->exam_version))
        return "it is not the attempt whose start was logged";
    if (json_object_get(started, "practice") && !truth_is(started, "practice", x->practice))
        return "whether it is for practice is not what was logged";
    if (!number_agrees(started, "cut_permille", x->cut_permille) ||
        !number_agrees(started, "minutes", x->minutes) ||
        !number_agrees(started, "extra_permille", x->extra_permille))
        return "its cut, its minutes or its extra time is not what was logged";
    const struct audit_row *reopened = newest(rows, count, "exam.reopen", "exam.reopen");
    if (!x->ended && end && !(reopened && reopened->seq > end->seq))
        return "its end that was logged is not on record";
    /* RULE exam-open-kept: without the row that it is open by, it could be neither gone on with nor
     * ended. */
    if (!x->ended && !x->open) return "it has not ended by the log, and is not on record as open";
    if (x->ended && (!end || end->at_ms != x->recorded_ms ||
                     (json_object_get(ended, "submitted_ms") &&
                      !number_is(ended, "submitted_ms", x->submitted_ms))))
        return "its end is not the one that was logged";
    if (x->ended && str_eq(x->how, "submitted") != str_eq(end->action, "exam.submit"))
        return "how it ended is not what was logged";
    if (x->scored != (result != NULL)) return "its result is not the one that was logged";
    if (x->scored &&
        (result->at_ms != x->computed_ms || !number_is(scored, "correct", x->correct) ||
         !number_is(scored, "total", x->total) || !truth_is(scored, "passed", x->passed)))
        return "its result is not the one that was logged";
    return NULL;
}

/* Each reopening has its row in the log, and each row its reopening, in order. */
static enum err reopened_problem(struct db *db, struct arena *a, const char *attempt_id,
                                 const struct audit_row *rows, size_t count, const char **problem) {
    size_t left = count; /* rows are newest first */
    struct stmt *q = db_query(db, SQL_exam_reopened_recorded, "t", attempt_id);
    bool same = true;
    while (same && stmt_row(q)) {
        while (left && !str_eq(rows[left - 1].action, "exam.reopen")) left--;
        const struct audit_row *row = left ? &rows[--left] : NULL;
        const json_t *detail = detail_of(a, row);
        same = row && row->at_ms == stmt_int(q, 0) && str_eq(row->actor, stmt_text(q, 1, a)) &&
               number_is(detail, "given_ms", stmt_int(q, 2)) &&
               number_is(detail, "ended_ms", stmt_int(q, 3));
    }
    enum err e = stmt_end(q);
    while (left && same) same = !str_eq(rows[--left].action, "exam.reopen");
    if (e == OK && !same) *problem = "its being opened again is not what was logged";
    return e;
}

/* ---- Extra time ------------------------------------------------------------------------------ */
struct logged_time {
    const json_t *detail;
    bool found;
};

static enum err read_logged_times(struct db *db, struct arena *a, const char *person_id,
                                  struct audit_row **rows, size_t *count) {
    *rows = NULL;
    *count = 0;
    struct stmt *q = db_query(db, SQL_exam_time_logged, "t", person_id);
    while (stmt_row(q)) {
        *rows = list_more(a, *rows, *count, sizeof **rows);
        (*rows)[(*count)++] = audit_row_read(q, a);
    }
    return stmt_end(q);
}

enum err exam_time_problem(struct db *db, struct arena *a, const char *person_id,
                           const char **problem) {
    struct audit_row *rows;
    size_t count, found = 0, given = 0;
    enum err e = read_logged_times(db, a, person_id, &rows, &count);
    if (e == OK) e = audit_rows_signed(db, a, rows, count, problem);
    if (e != OK || *problem) return e;
    struct logged_time *logged = NEW_ARRAY(a, struct logged_time, count + 1);
    for (size_t i = 0; i < count; i++) logged[i].detail = detail_of(a, &rows[i]);
    struct stmt *q = db_query(db, SQL_exam_time_recorded, "t", person_id);
    for (; stmt_row(q); given++) {
        const char *exam = stmt_text(q, 0, a), *who = stmt_text(q, 2, a);
        for (size_t i = 0; i < count; i++) {
            struct logged_time *l = &logged[i];
            if (l->found || rows[i].at_ms != stmt_int(q, 3) || !str_eq(rows[i].actor, who) ||
                !number_is(l->detail, "factor_permille", stmt_int(q, 1)) ||
                (exam ? !text_is(l->detail, "exam", exam)
                      : !json_is_null(json_object_get(l->detail, "exam"))))
                continue;
            l->found = true;
            found++;
            break;
        }
    }
    e = stmt_end(q);
    if (e == OK && (found != given || found != count))
        *problem = "the extra time in exams is not what was logged";
    return e;
}

/* ---- Time given ------------------------------------------------------------------------------ */

/* The longest time that was logged for this exam, in permille of its minutes. */
static enum err longest_permille(struct db *db, struct arena *a, const struct recorded *x,
                                 int64_t *out, const char **problem) {
    struct audit_row *rows;
    size_t count;
    *out = x->extra_permille;
    enum err e = read_logged_times(db, a, x->person_id, &rows, &count);
    if (e == OK) e = audit_rows_signed(db, a, rows, count, problem);
    for (size_t i = 0; e == OK && i < count; i++) {
        const json_t *detail = detail_of(a, &rows[i]), *exam = json_object_get(detail, "exam");
        int64_t factor = json_integer_value(json_object_get(detail, "factor_permille"));
        if ((json_is_null(exam) || text_is(detail, "exam", x->exam_id)) && factor > *out)
            *out = factor;
    }
    return e;
}

/* By how much the clock was moved behind this row of the log, in either direction. */
static enum err clock_moves(struct db *db, struct arena *a, int64_t behind, int64_t *moved_ms,
                            const char **problem) {
    struct audit_row *rows = NULL;
    size_t count = 0;
    *moved_ms = 0;
    struct stmt *q = db_query(db, SQL_exam_clock_logged, "i", behind);
    while (stmt_row(q)) {
        rows = list_more(a, rows, count, sizeof *rows);
        rows[count++] = audit_row_read(q, a);
    }
    enum err e = stmt_end(q);
    if (e == OK) e = audit_rows_signed(db, a, rows, count, problem);
    for (size_t i = 0; e == OK && i < count; i++) {
        int64_t off = json_integer_value(json_object_get(detail_of(a, &rows[i]), "off_ms"));
        *moved_ms += off < 0 ? -off : off;
    }
    return e;
}

/* RULE exam-time-given: an attempt has the minutes that were logged: from its start, or from its
 * being opened again, with the extra time and the moves of the clock that the log tells. A deadline
 * or an answer that is later was not given by this program. */
static enum err time_problem(struct db *db, struct arena *a, const struct recorded *x,
                             const struct audit_row *rows, size_t count, const char **problem) {
    const struct audit_row *start = newest(rows, count, "exam.start", "exam.start"),
                           *again = newest(rows, count, "exam.reopen", "exam.reopen");
    int64_t permille, moved_ms = 0, last_ms = x->deadline_ms;
    enum err e = longest_permille(db, a, x, &permille, problem);
    if (e == OK && !*problem) e = clock_moves(db, a, start->seq, &moved_ms, problem);
    if (e != OK || *problem) return e;
    int64_t minutes_ms = exam_time_ms((int)x->minutes, (int)permille), end_ms;
    if (again) {
        int64_t given_ms = json_integer_value(json_object_get(detail_of(a, again), "given_ms"));
        end_ms = again->at_ms + given_ms + minutes_ms -
                 exam_time_ms((int)x->minutes, (int)x->extra_permille);
    } else end_ms = x->start_ms + minutes_ms;
    if (x->ended && x->submitted_ms > last_ms) last_ms = x->submitted_ms;
    if (x->saved_ms - EXAM_GRACE_MS > last_ms) last_ms = x->saved_ms - EXAM_GRACE_MS;
    if (last_ms > end_ms + moved_ms) *problem = "it had more time than was given by the log";
    return OK;
}

/* ---- An attempt ------------------------------------------------------------------------------ */
enum err exam_record_problem(struct db *db, struct arena *a, const char *attempt_id,
                             const char **problem) {
    struct recorded x = {0};
    struct audit_row *rows;
    size_t count;
    enum err e = read_recorded(db, a, attempt_id, &x);
    if (e == OK) e = audit_list(db, a, attempt_id, 0, ROWS, &rows, &count);
    if (e == OK) e = audit_rows_signed(db, a, rows, count, problem);
    if (e == OK && !*problem) *problem = differs(a, &x, rows, count);
    if (e == OK && !*problem && !x.practice)
        e = exam_version_problem(db, a, x.exam_version,
                                 newest(rows, count, "exam.start", "exam.start")->seq, problem);
    if (e == OK && !*problem) e = reopened_problem(db, a, attempt_id, rows, count, problem);
    return e == OK && !*problem ? time_problem(db, a, &x, rows, count, problem) : e;
}

enum err exam_past_problem(struct db *db, struct arena *a, const char *person_id,
                           const char *exam_id, const char **problem) {
    const char **ids = NULL, *found = NULL;
    size_t count = 0;
    struct stmt *q = db_query(db, SQL_exam_starts_logged, "tt", person_id, exam_id ? exam_id : "");
    while (stmt_row(q)) {
        if (exam_id && !stmt_int(q, 1)) continue;
        ids = list_more(a, ids, count, sizeof *ids);
        ids[count++] = stmt_text(q, 0, a);
    }
    enum err e = stmt_end(q);
    for (size_t i = 0; e == OK && !found && i < count; i++) {
        e = exam_record_problem(db, a, ids[i], &found);
        if (e == ERR_NOT_FOUND) {
            found = "it was logged and is not on record";
            e = OK;
        }
        if (e == OK && found) *problem = arena_printf(a, "the attempt %s: %s", ids[i], found);
    }
    return e;
}
