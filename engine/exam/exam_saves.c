/* Whether the answers that were saved in an attempt are all on record (RULE saves-counted), and
 * whether it has ended, by the log (RULE exam-ended-once). */
#include "audit/audit.h"
#include "base/json.h"
#include "base/text.h"
#include "exam/exam_sql.h"
#include "exam/exam_store.h"
#include "store/seal.h"

#include <string.h>

#define ROWS 1000 /* of one attempt, which has a handful */

/* An answer that has no ordinal is sealed as it was before there were any. */
#define OF_ROW(s)                                                                                  \
    (s)->attempt_id, (s)->slot, (s)->seq, (s)->n, (s)->client, (s)->response, (s)->saved_ms

const char *exam_saved_seal(struct db *db, struct arena *a, const struct exam_saved *s) {
    return s->ordinal ? seal_make(db, a, "exam_response", "tiiittii", OF_ROW(s), s->ordinal)
                      : seal_make(db, a, "exam_response", "tiiitti", OF_ROW(s));
}

bool exam_saved_holds(struct db *db, const struct exam_saved *s, const char *seal) {
    return s->ordinal ? seal_holds(db, seal, "exam_response", "tiiittii", OF_ROW(s), s->ordinal)
                      : seal_holds(db, seal, "exam_response", "tiiitti", OF_ROW(s));
}

/* What the log tells of them; a number is -1 when it tells none. */
struct logged_saves {
    int64_t start_seq, begun, ended;
};

static int64_t saves_of(struct arena *a, const struct audit_row *row) {
    const char *why;
    const json_t *detail = row->detail ? json_read(a, row->detail, strlen(row->detail), &why)
                                       : NULL,
                 *saves = json_object_get(detail, "saves");
    return json_is_integer(saves) ? json_integer_value(saves) : -1;
}

static bool is_end(const char *action) {
    return str_eq(action, "exam.submit") || str_eq(action, "exam.deadline");
}

/* By signed rows alone. */
static enum err read_logged(struct db *db, struct arena *a, const char *id,
                            struct logged_saves *out) {
    struct audit_row *rows;
    size_t count;
    bool end_found = false;
    *out = (struct logged_saves){.begun = -1, .ended = -1};
    enum err e = audit_list(db, a, id, 0, ROWS, &rows, &count);
    for (size_t i = 0; e == OK && i < count; i++) { /* newest first */
        const char *action = rows[i].action, *key, *problem;
        bool start = str_eq(action, "exam.start"), end = is_end(action);
        if (!start && (!end || end_found)) continue;
        end_found |= end;
        e = audit_row_signed(db, a, &rows[i], &key, &problem);
        if (e != OK || problem) continue;
        if (end) out->ended = saves_of(a, &rows[i]);
        else out->begun = saves_of(a, &rows[i]);
        if (start) out->start_seq = rows[i].seq;
    }
    return e;
}

enum err exam_ends_logged(struct db *db, struct arena *a, const char *attempt_id,
                          struct exam_ends *out) {
    struct audit_row *rows;
    size_t count;
    bool found = false;
    *out = (struct exam_ends){.saves = -1};
    enum err e = audit_list(db, a, attempt_id, 0, ROWS, &rows, &count);
    for (size_t i = 0; e == OK && !found && i < count; i++) { /* newest first */
        const char *key, *problem;
        bool end = is_end(rows[i].action);
        if (!end && !str_eq(rows[i].action, "exam.reopen")) continue;
        e = audit_row_signed(db, a, &rows[i], &key, &problem);
        if (e != OK || problem) continue;
        if (end) out->saves = saves_of(a, &rows[i]);
        out->ended |= end && !out->reopened;
        out->reopened |= !end;
        found = end;
    }
    return e;
}

/* Which answers are on record. */
struct ordinals {
    int64_t rows, distinct, first, last; /* 0 among the ordinals: it is not known */
};

static enum err read_ordinals(struct db *db, const char *id, struct ordinals *out) {
    struct stmt *q;
    enum err e;
    if (!db_one(db, &q, &e, SQL_exam_saves_ordinals, "t", id)) return e;
    *out = (struct ordinals){stmt_int(q, 0), stmt_int(q, 1), stmt_int(q, 2), stmt_int(q, 3)};
    return stmt_end(q);
}

/* Whether they are the first to the last of so many saves, as many as are there. */
static bool are_all(const struct ordinals *o) {
    return !o->rows || (o->distinct == o->rows && o->first == 1 && o->last == o->rows);
}

enum err exam_saves_problem(struct db *db, struct arena *a, const char *attempt_id,
                            const char **problem) {
    struct logged_saves logged;
    struct stmt *q;
    int64_t from = 0;
    enum err e;
    if (!db_one(db, &q, &e, SQL_exam_saves_recorded, "t", attempt_id)) return e;
    bool ended = stmt_int(q, 0);
    int64_t saves = stmt_int(q, 1);
    const char *seal = stmt_text(q, 2, a);
    struct ordinals there = {0};
    e = stmt_end(q);
    if (e == OK) e = read_ordinals(db, attempt_id, &there);
    if (e == OK) e = read_logged(db, a, attempt_id, &logged);
    if (e == OK) e = audit_sealed_from(db, a, &from);
    if (e != OK || logged.begun < 0 || !from || logged.start_seq < from) return e;
    if (ended) saves = logged.ended;
    else if (saves < logged.ended || !seal_holds(db, seal, SEALED_SAVES(attempt_id, saves)))
        saves = -1; /* opened again it goes on with what its end told */
    if (saves < 0) *problem = "the number of its saved answers is not the one that was counted";
    else if (saves != there.rows)
        *problem = arena_printf(a, "%lld answers were saved in it, and %lld are on record",
                                (long long)saves, (long long)there.rows);
    else if (!are_all(&there))
        *problem = "its answers on record are not the ones that were counted, though as many";
    return OK;
}
