/* Whether an attempt and its result are what the audit log says. */
#include <string.h>

#include "audit/audit.h"
#include "base/json.h"
#include "base/text.h"
#include "exam/exam.h"
#include "exam/exam_sql.h"

#define ROWS 1000 /* of one attempt, which has a handful */

struct recorded {
    const char *person_id, *exam_id, *exam_version;
    bool practice, ended, scored, passed;
    int64_t start_ms, submitted_ms, recorded_ms, computed_ms;
    int64_t cut_permille, minutes, extra_permille;
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
    if (x->ended && (!end || end->at_ms != x->recorded_ms ||
                     (json_object_get(ended, "submitted_ms") &&
                      !number_is(ended, "submitted_ms", x->submitted_ms))))
        return "its end is not the one that was logged";
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
    const char *actor;
    int64_t at_ms;
    const json_t *detail;
    bool found;
};

static enum err read_logged_times(struct db *db, struct arena *a, const char *person_id,
                                  struct logged_time **out, size_t *count) {
    const char *why;
    *out = NULL;
    *count = 0;
    struct stmt *q = db_query(db, SQL_exam_time_logged, "t", person_id);
    while (stmt_row(q)) {
        const char *detail = stmt_text(q, 2, a);
        *out = list_more(a, *out, *count, sizeof **out);
        (*out)[(*count)++] = (struct logged_time){
            .actor = stmt_text(q, 0, a),
            .at_ms = stmt_int(q, 1),
            .detail = detail ? json_read(a, detail, strlen(detail), &why) : NULL};
    }
    return stmt_end(q);
}

enum err exam_time_problem(struct db *db, struct arena *a, const char *person_id,
                           const char **problem) {
    struct logged_time *logged;
    size_t count, found = 0, given = 0;
    enum err e = read_logged_times(db, a, person_id, &logged, &count);
    if (e != OK) return e;
    struct stmt *q = db_query(db, SQL_exam_time_recorded, "t", person_id);
    for (; stmt_row(q); given++) {
        const char *exam = stmt_text(q, 0, a), *who = stmt_text(q, 2, a);
        for (size_t i = 0; i < count; i++) {
            struct logged_time *l = &logged[i];
            if (l->found || l->at_ms != stmt_int(q, 3) || !str_eq(l->actor, who) ||
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

/* ---- An attempt ------------------------------------------------------------------------------ */
enum err exam_record_problem(struct db *db, struct arena *a, const char *attempt_id,
                             const char **problem) {
    struct recorded x = {0};
    struct audit_row *rows;
    size_t count;
    enum err e = read_recorded(db, a, attempt_id, &x);
    if (e == OK) e = audit_list(db, a, attempt_id, 0, ROWS, &rows, &count);
    if (e == OK) *problem = differs(a, &x, rows, count);
    return e == OK && !*problem ? reopened_problem(db, a, attempt_id, rows, count, problem) : e;
}
