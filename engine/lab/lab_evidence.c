/* A run as evidence for whoever decides on a certificate. Read only. */
#include <string.h>

#include "base/json.h"
#include "base/text.h"
#include "lab/lab_pages.h"
#include "lab/lab_sql.h"
#include "lab/lab_store.h"

static void read_verdicts(struct arena *a, const char *text, struct lab_evidence_check *out) {
    const char *why;
    const json_t *list = json_read(a, text, strlen(text), &why), *v;
    size_t i;
    out->verdicts = NEW_ARRAY(a, struct lab_evidence_verdict, json_array_size(list) + 1);
    json_array_foreach ((json_t *)list, i, v) {
        const char *id = json_string_value(json_object_get(v, "id")),
                   *sentence = json_string_value(json_object_get(v, "sentence"));
        out->verdicts[out->verdict_count++] = (struct lab_evidence_verdict){
            id ? id : "", sentence ? sentence : "", json_is_true(json_object_get(v, "passed")),
            json_is_true(json_object_get(v, "not_evaluated"))};
    }
}

/* Reverses a list in place: the queries give the newest first. */
static void reverse(void *list, size_t count, size_t size, struct arena *a) {
    char *items = list, *spare = arena_alloc(a, size);
    for (size_t i = 0; i < count / 2; i++) {
        char *x = items + i * size, *y = items + (count - 1 - i) * size;
        memcpy(spare, x, size);
        memcpy(x, y, size);
        memcpy(y, spare, size);
    }
}

static enum err read_checkings(struct db *db, struct arena *a, struct lab_evidence *out) {
    struct stmt *q = db_query(db, SQL_lab_evidence_checkings, "ti", out->run_id,
                              (int64_t)LAB_EVIDENCE_SHOWN);
    while (stmt_row(q)) {
        out->checkings = list_more(a, out->checkings, out->checking_count, sizeof *out->checkings);
        struct lab_evidence_check *c = &out->checkings[out->checking_count++];
        *c = (struct lab_evidence_check){.at_ms = stmt_int(q, 0),
                                         .after_action = stmt_int(q, 1),
                                         .passed = (int)stmt_int(q, 2),
                                         .total = (int)stmt_int(q, 3)};
        read_verdicts(a, stmt_text(q, 4, a), c);
    }
    reverse(out->checkings, out->checking_count, sizeof *out->checkings, a);
    return stmt_end(q);
}

static enum err read_hints(struct db *db, struct arena *a, struct lab_evidence *out) {
    struct stmt *q = db_query(db, SQL_lab_evidence_hints, "ti", out->run_id,
                              (int64_t)LAB_EVIDENCE_SHOWN);
    while (stmt_row(q)) {
        const char *id = stmt_text(q, 0, a);
        int64_t task = 0;
        if (str_has_prefix(id, LAB_SHOWN)) {
            (void)parse_i64(id + strlen(LAB_SHOWN), 1, SOLUTION_TASKS_MAX, &task);
            out->shown = list_more(a, out->shown, out->shown_count, sizeof *out->shown);
            out->shown[out->shown_count++] = (struct lab_evidence_shown){
                (int)task, (int)stmt_int(q, 1), stmt_int(q, 2)};
            continue;
        }
        out->hints = list_more(a, out->hints, out->hint_count, sizeof *out->hints);
        out->hints[out->hint_count++] = (struct lab_evidence_hint){id, (int)stmt_int(q, 1),
                                                                   stmt_int(q, 2)};
    }
    reverse(out->shown, out->shown_count, sizeof *out->shown, a);
    reverse(out->hints, out->hint_count, sizeof *out->hints, a);
    return stmt_end(q);
}

static enum err read_incidents(struct db *db, struct arena *a, struct lab_evidence *out) {
    struct lab_incident_row *rows;
    enum err e = lab_store_incidents(db, a, out->run_id, &rows, &out->incident_count);
    if (e != OK) return e;
    out->incidents = NEW_ARRAY(a, struct lab_evidence_incident, out->incident_count + 1);
    for (size_t i = 0; i < out->incident_count; i++)
        out->incidents[i] = (struct lab_evidence_incident){rows[i].at_ms, rows[i].detail};
    reverse(out->incidents, out->incident_count, sizeof *out->incidents, a);
    return OK;
}

enum err lab_evidence(struct labs *l, struct db *db, struct arena *a, const char *run_id,
                      struct lab_evidence *out) {
    struct lab_run_row run;
    struct stmt *q;
    enum err e = lab_store_run(db, a, run_id, &run);
    if (e != OK) return e;
    const char *title = l ? lab_title(l, a, run.scenario_id) : NULL;
    *out = (struct lab_evidence){.run_id = run.id,
                                 .person_id = run.person_id,
                                 .scenario_id = run.scenario_id,
                                 .version = run.version,
                                 .dialects = run.choice,
                                 .started_ms = run.started_ms,
                                 .title = title ? title : run.scenario_id};
    if (db_one(db, &q, &e, SQL_lab_action_head, "t", run_id)) {
        out->actions = stmt_int(q, 0);
        e = stmt_end(q);
    } else if (e == ERR_NOT_FOUND) e = OK;
    if (e == OK) e = lab_store_certifying(db, a, run_id, &out->certifying);
    if (e == OK) e = lab_store_resets(db, run_id, &out->backs, &out->resets);
    if (e == OK) e = read_checkings(db, a, out);
    if (e == OK) e = read_hints(db, a, out);
    if (e == OK) e = lab_notes(db, a, run_id, &out->notes, &out->note_count);
    return e == OK ? read_incidents(db, a, out) : e;
}
