/* Whether the answers that were saved in an attempt are all on record (RULE saves-counted). */
#include "audit/audit.h"
#include "base/json.h"
#include "base/text.h"
#include "exam/exam_sql.h"
#include "exam/exam_store.h"
#include "store/seal.h"

#include <string.h>

#define ROWS 1000 /* of one attempt, which has a handful */

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
        bool start = str_eq(action, "exam.start"),
             end = str_eq(action, "exam.submit") || str_eq(action, "exam.deadline");
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

enum err exam_saves_told(struct db *db, struct arena *a, const char *attempt_id, int64_t *saves) {
    struct logged_saves logged;
    enum err e = read_logged(db, a, attempt_id, &logged);
    *saves = logged.ended;
    return e;
}

enum err exam_saves_problem(struct db *db, struct arena *a, const char *attempt_id,
                            const char **problem) {
    struct logged_saves logged;
    struct stmt *q;
    int64_t from = 0;
    enum err e;
    if (!db_one(db, &q, &e, SQL_exam_saves_recorded, "t", attempt_id)) return e;
    bool ended = stmt_int(q, 0);
    int64_t saves = stmt_int(q, 1), there = stmt_int(q, 3);
    const char *seal = stmt_text(q, 2, a);
    e = stmt_end(q);
    if (e == OK) e = read_logged(db, a, attempt_id, &logged);
    if (e == OK) e = audit_sealed_from(db, a, &from);
    if (e != OK || logged.begun < 0 || !from || logged.start_seq < from) return e;
    if (ended) saves = logged.ended;
    else if (!seal_holds(db, seal, SEALED_SAVES(attempt_id, saves))) saves = -1;
    if (saves < 0) *problem = "the number of its saved answers is not the one that was counted";
    else if (saves != there)
        *problem = arena_printf(a, "%lld answers were saved in it, and %lld are on record",
                                (long long)saves, (long long)there);
    return OK;
}
