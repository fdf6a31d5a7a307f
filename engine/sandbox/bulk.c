/* Bulk jobs at work. */
#include "sandbox/bulk.h"

#include <string.h>

#include "base/clock.h"
#include "base/json.h"
#include "base/text.h"
#include "sandbox/api.h"
#include "sandbox/faults.h"
#include "sandbox/rules.h"

/* ---- Jobs ----------------------------------------------------------------------------------- */
static int64_t slice_ms(struct lab_state *s, int member) {
    return s->dialect[member]->bulk->slice_seconds * MS_SECOND;
}

static const struct lab_object *object_named(struct lab_state *s, int member, const char *id) {
    return lab_object_find(s->stack.members[member].connector, id);
}

#define JOB_COLUMNS "n, id, object, operation, state, parts, rows, done, failed, bytes, event"

static void read_job(struct lab_state *s, int member, sqlite3_stmt *q, struct bulk_job *out) {
    *out = (struct bulk_job){
        .n = sqlite3_column_int64(q, 0),
        .id = state_column(q, 1, s->scratch),
        .object = object_named(s, member, (const char *)sqlite3_column_text(q, 2)),
        .operation = (enum lab_bulk_operation)sqlite3_column_int(q, 3),
        .state = (enum lab_bulk_state)sqlite3_column_int(q, 4),
        .parts = sqlite3_column_int64(q, 5),
        .rows = sqlite3_column_int64(q, 6),
        .done = sqlite3_column_int64(q, 7),
        .failed = sqlite3_column_int64(q, 8),
        .bytes = sqlite3_column_int64(q, 9),
        .event = sqlite3_column_int64(q, 10),
    };
}

bool bulk_find(struct lab_state *s, int member, const char *id, struct bulk_job *out) {
    sqlite3_stmt *q = state_query(
        s, "SELECT " JOB_COLUMNS " FROM sim_bulk WHERE id = $1 AND member = $2", "ti", id,
        (int64_t)member);
    bool found = state_row(s, q);
    *out = (struct bulk_job){.n = 0};
    if (found) read_job(s, member, q, out);
    state_end(q);
    return found;
}

const char *bulk_open(struct lab_state *s, int member, const struct lab_object *o,
                      enum lab_bulk_operation operation) {
    const char *id = record_new_id(s, member, s->scratch);
    state_run(s,
              "INSERT INTO sim_bulk (n, id, member, object, operation, state, parts, rows, done, "
              "failed, bytes) VALUES ($1, $2, $3, $4, $5, $6, 0, 0, 0, 0, $7)",
              "ititiii", state_next(s, "bulk"), id, (int64_t)member, o->id, (int64_t)operation,
              (int64_t)LAB_BULK_OPEN, (int64_t)BULK_JOB_BYTES);
    return id;
}

void bulk_drop(struct lab_state *s, int64_t n) {
    state_run(s, "DELETE FROM sim_bulk_row WHERE job = $1", "i", n);
    state_run(s, "DELETE FROM sim_bulk WHERE n = $1", "i", n);
}

bool bulk_make_room(struct lab_state *s, int64_t bytes) {
    while (state_number(s, "SELECT coalesce(sum(bytes), 0) FROM sim_bulk", "") + bytes >
           BULK_ROOM_BYTES) {
        int64_t oldest = state_number(s,
                                      "SELECT n FROM sim_bulk WHERE state = $1 ORDER BY n LIMIT 1",
                                      "i", (int64_t)LAB_BULK_FINISHED);
        if (!oldest) return false;
        bulk_drop(s, oldest);
    }
    return true;
}

void bulk_add(struct lab_state *s, const struct bulk_job *job, const char *const *lines,
              size_t count) {
    int64_t bytes = 0;
    for (size_t i = 0; i < count; i++) {
        state_run(s, "INSERT INTO sim_bulk_row (job, n, line) VALUES ($1, $2, $3)", "iit", job->n,
                  job->rows + (int64_t)i + 1, lines[i]);
        bytes += (int64_t)strlen(lines[i]) + BULK_ROW_BYTES;
    }
    state_run(s,
              "UPDATE sim_bulk SET parts = parts + 1, rows = rows + $2, bytes = bytes + $3 WHERE "
              "n = $1",
              "iii", job->n, (int64_t)count, bytes);
}

static int64_t tell(struct lab_state *s, int member, const struct bulk_job *job, const char *kind,
                    const char *detail) {
    return state_event(
        s, &(struct state_event){.kind = kind,
                                 .connector = s->stack.members[member].connector->id,
                                 .object = job->object->id,
                                 .detail = arena_printf(s->scratch, "%s: %s", job->id, detail)});
}

void bulk_close(struct lab_state *s, int member, const struct bulk_job *job) {
    int64_t seq = tell(s, member, job, "bulk.closed",
                       arena_printf(s->scratch, "%lld rows", (long long)job->rows));
    state_run(s, "UPDATE sim_bulk SET state = $2, event = $3 WHERE n = $1", "iii", job->n,
              (int64_t)LAB_BULK_WAITING, seq);
    due_add(s, s->now_ms + slice_ms(s, member), DUE_RULE, DUE_BULK, job->n, NULL, NULL);
}

/* ---- Rows ----------------------------------------------------------------------------------- */
static struct refusal refused(enum lab_problem what, const char *field, const char *value) {
    return (struct refusal){what, field, value};
}

/* Takes the id out of the row; what is left are fields. */
static const char *take_id(struct api *x, json_t *row) {
    json_t *id = json_object_get(row, x->names->id_as);
    const char *text = json_is_string(id) ? arena_dup(x->a, json_string_value(id)) : NULL;
    json_object_del(row, x->names->id_as);
    return text;
}

static struct refusal do_row(struct api *x, const struct bulk_job *job, const char *line,
                             struct record *r) {
    const char *why, *id = NULL, *other;
    json_t *row = json_read(x->a, line, strlen(line), &why), *value;
    if (row && !json_is_object(row)) why = "an object is expected";
    if (!json_is_object(row)) return refused(LAB_PROBLEM_BAD_JSON, NULL, why);
    if (job->operation == LAB_BULK_CREATE) return api_create_one(x, row, r);
    if (!(id = take_id(x, row))) return refused(LAB_PROBLEM_REQUIRED, x->names->id_as, NULL);
    r->id = id;
    if (job->operation == LAB_BULK_UPDATE) return api_update_one(x, id, row, r);
    json_object_foreach (row, other, value) return refused(LAB_PROBLEM_UNKNOWN_FIELD, other, NULL);
    return api_delete_one(x, id);
}

static void keep_row(struct lab_state *s, const struct bulk_job *job, int64_t n, size_t len,
                     const struct refusal *p, const char *record_id) {
    if (p->what)
        state_run(s,
                  "UPDATE sim_bulk_row SET problem = $3, field = $4, value = $5 WHERE job = $1 AND "
                  "n = $2",
                  "iittt", job->n, n, lab_problem_names[p->what], p->field, p->value);
    else
        state_run(s,
                  "UPDATE sim_bulk_row SET line = NULL, record_id = $3 WHERE job = $1 AND n = $2",
                  "iit", job->n, n, record_id);
    state_run(s,
              p->what ? "UPDATE sim_bulk SET failed = failed + 1, bytes = bytes + $2 WHERE n = $1"
                      : "UPDATE sim_bulk SET done = done + 1, bytes = bytes + $2 WHERE n = $1",
              "ii", job->n, p->what ? (int64_t)(p->value ? strlen(p->value) : 0) : -(int64_t)len);
}

static void next_row(struct api *x, const struct bulk_job *job, int64_t n) {
    struct lab_state *s = x->s;
    struct record r = {.id = NULL};
    sqlite3_stmt *q = state_query(s, "SELECT line FROM sim_bulk_row WHERE job = $1 AND n = $2",
                                  "ii", job->n, n);
    const char *line = state_row(s, q) ? state_column(q, 0, x->a) : NULL;
    state_end(q);
    BUG_IF(!line);
    struct refusal p = do_row(x, job, line, &r);
    (void)rules_run(s);
    keep_row(s, job, n, strlen(line), &p, r.id);
}

/* ---- Turns ---------------------------------------------------------------------------------- */
static int member_of(struct lab_state *s, int64_t n) {
    return (int)state_number(s, "SELECT member FROM sim_bulk WHERE n = $1", "i", n);
}

static bool read_number(struct lab_state *s, int64_t n, int member, struct bulk_job *out) {
    sqlite3_stmt *q = state_query(s, "SELECT " JOB_COLUMNS " FROM sim_bulk WHERE n = $1", "i", n);
    bool found = state_row(s, q);
    if (found) read_job(s, member, q, out);
    state_end(q);
    return found;
}

static void finish(struct lab_state *s, int member, const struct bulk_job *job) {
    state_run(s, "UPDATE sim_bulk SET state = $2 WHERE n = $1", "ii", job->n,
              (int64_t)LAB_BULK_FINISHED);
    tell(s, member, job, "bulk.finished",
         arena_printf(s->scratch, "%lld written, %lld refused", (long long)job->done,
                      (long long)job->failed));
}

/* Each row's memory is released after it. */
static void do_slice(struct lab_state *s, int member, const struct bulk_job *job, int64_t count) {
    struct arena *outer = s->scratch, inner;
    int64_t first = job->done + job->failed + 1;
    for (int64_t i = 0; i < count; i++) {
        struct api x;
        arena_init(&inner, (size_t)16 * 1024 * 1024);
        s->scratch = &inner;
        api_bind(&x, s, member, &inner);
        x.d = faults_dialect(s, member);
        api_set_object(&x, job->object);
        next_row(&x, job, first + i);
        arena_release(&inner);
    }
    s->scratch = outer;
}

void bulk_due(struct lab_state *s, int64_t n) {
    int member = member_of(s, n);
    struct bulk_job job;
    if (!read_number(s, n, member, &job)) return;
    /* A system that is down does nothing until it is back. */
    int64_t down_ms = faults_outage(s, member), left = job.rows - job.done - job.failed,
            most = s->dialect[member]->bulk->slice_rows;
    if (down_ms > s->now_ms) {
        due_add(s, down_ms, DUE_RULE, DUE_BULK, n, NULL, NULL);
        return;
    }
    s->who = (struct lab_who){.actor = "api", .human = true, .cause = job.event};
    state_run(s, "UPDATE sim_bulk SET state = $2 WHERE n = $1", "ii", n, (int64_t)LAB_BULK_RUNNING);
    do_slice(s, member, &job, left < most ? left : most);
    (void)read_number(s, n, member, &job);
    if (job.done + job.failed == job.rows) finish(s, member, &job);
    else due_add(s, s->now_ms + slice_ms(s, member), DUE_RULE, DUE_BULK, n, NULL, NULL);
}
