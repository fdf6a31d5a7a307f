/* Whether what a lab run passed is what the audit log says. */
#include <string.h>

#include "audit/audit.h"
#include "base/json.h"
#include "base/text.h"
#include "lab/lab.h"
#include "lab/lab_sql.h"
#include "lab/lab_store.h"
#include "labmodel/lab_pack.h"

#define PAGE 200

struct recorded {
    const char *person_id, *scenario_id, *version, *choice;
    int64_t started_ms;
    int64_t actions; /* of the record when it was passed */
};

static bool text_is(const json_t *detail, const char *member, const char *text) {
    return str_eq(json_string_value(json_object_get(detail, member)), text);
}

/* Logs of older versions do not have when a run was begun. */
static bool start_agrees(const json_t *detail, int64_t started_ms) {
    const json_t *told = json_object_get(detail, "started_ms");
    return !told || (json_is_integer(told) && json_integer_value(told) == started_ms);
}

/* The version that was logged is the digest of what is kept of the scenario: an assessor's replay
 * rests on it. */
static enum err pack_problem(struct db *db, struct arena *a, const char *version,
                             const char **problem) {
    const char *bytes = NULL;
    size_t len = 0;
    enum err e = lab_store_pack(db, a, version, &bytes, &len);
    if (e == ERR_NOT_FOUND || (e == OK && !bytes)) *problem = "its scenario is not on record";
    else if (e == OK && !str_eq(lab_pack_version(a, bytes, len), version))
        *problem = "its scenario is not the one that was logged";
    return e == ERR_NOT_FOUND ? OK : e;
}

/* RULE lab-record: the signed row of a pass names the hash of the last action before it, and that
 * action stands in the record, which is whole up to its end. Older logs do not name it. */
static enum err record_problem(struct db *db, struct arena *a, const char *run_id,
                               const struct recorded *x, const json_t *detail,
                               const char **problem) {
    const json_t *head = json_object_get(detail, "head");
    const char *hash = LAB_HASH_ZERO;
    struct lab_action last;
    struct lab_log log;
    enum err e = lab_store_record(db, a, run_id, &log);
    if (e == OK && log.broken) *problem = "its record is not the one that was made with it";
    if (e != OK || *problem || !head) return e;
    if (x->actions) {
        e = lab_store_action(db, a, run_id, x->actions, &last);
        hash = e == OK ? last.hash : NULL;
    }
    if ((e == OK || e == ERR_NOT_FOUND) && !str_eq(json_string_value(head), hash))
        *problem = "its record does not have the actions that were logged when it was passed";
    return e == ERR_NOT_FOUND ? OK : e;
}

/* RULE lab-published, for a pass of row `seq`. */
static enum err published_problem(struct db *db, struct arena *a, const struct recorded *x,
                                  int64_t seq, const char **problem) {
    int64_t from;
    bool published = true;
    enum err e = lab_packs_from(db, &from);
    if (e == OK && from && seq > from)
        e = lab_pack_published(db, a, x->version, x->scenario_id, seq, &published);
    if (e == OK && !published) *problem = "its scenario is not one that this academy published";
    return e;
}

/* The run that was logged as passed, with all its checks, at `at_ms`. */
static enum err find_logged(struct db *db, struct arena *a, const char *run_id,
                            const struct recorded *x, int64_t at_ms, int64_t checks, bool *found,
                            const char **problem) {
    struct audit_row *rows;
    size_t count;
    int64_t before = 0;
    *found = false;
    do {
        enum err e = audit_list(db, a, run_id, before, PAGE, &rows, &count);
        if (e != OK) return e;
        for (size_t i = 0; i < count && !*found; i++) {
            const struct audit_row *row = &rows[i];
            const char *why;
            before = row->seq;
            if (!str_eq(row->action, "lab.pass") || row->at_ms != at_ms || !row->detail) continue;
            const json_t *detail = json_read(a, row->detail, strlen(row->detail), &why);
            *found = str_eq(row->actor, x->person_id) && text_is(detail, "lab", x->scenario_id) &&
                     text_is(detail, "version", x->version) &&
                     text_is(detail, "dialects", x->choice) &&
                     start_agrees(detail, x->started_ms) &&
                     json_integer_value(json_object_get(detail, "checks")) == checks;
            e = *found ? audit_rows_signed(db, a, row, 1, problem) : OK;
            if (e == OK && *found && !*problem) e = published_problem(db, a, x, row->seq, problem);
            if (e == OK && *found && !*problem)
                e = record_problem(db, a, run_id, x, detail, problem);
            if (e != OK) return e;
        }
    } while (count == PAGE && !*found);
    return OK;
}

enum err lab_record_problem(struct db *db, struct arena *a, const char *run_id,
                            const char **problem) {
    struct stmt *q;
    enum err e;
    bool found = true;
    *problem = NULL;
    if (!db_one(db, &q, &e, SQL_lab_recorded, "t", run_id)) return e;
    struct recorded x = {stmt_text(q, 0, a), stmt_text(q, 1, a), stmt_text(q, 2, a),
                         stmt_text(q, 3, a), stmt_int(q, 6),     stmt_int(q, 7)};
    bool passed = !stmt_null(q, 4);
    int64_t passed_ms = stmt_int(q, 4), checks = stmt_int(q, 5);
    e = stmt_end(q);
    if (e == OK && passed) e = find_logged(db, a, run_id, &x, passed_ms, checks, &found, problem);
    if (e == OK && !found)
        *problem = "that it was passed, by whom, in which systems or when is not what was logged";
    return e == OK && passed && !*problem ? pack_problem(db, a, x.version, problem) : e;
}
