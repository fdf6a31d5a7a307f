/* What labs keep in the store. */
#include "lab/lab_store.h"

#include <string.h>

#include "audit/audit.h"
#include "base/clock.h"
#include "base/codec.h"
#include "base/json.h"
#include "base/text.h"
#include "lab/lab.h"
#include "lab/lab_sql.h"
#include "store/seal.h"

/* Memory for one action with its hash: a body of 256 KB, each byte of which may be six in JSON, and
 * that text in JSON once more. */
#define ACTION_ARENA_BYTES ((size_t)96 * 1024 * 1024)

enum err lab_store_run(struct db *db, struct arena *a, const char *run_id,
                       struct lab_run_row *out) {
    struct stmt *q;
    enum err e;
    memset(out, 0, sizeof *out);
    if (!db_one(db, &q, &e, SQL_lab_run, "t", run_id)) return e;
    *out = (struct lab_run_row){stmt_text(q, 0, a),       stmt_text(q, 1, a), stmt_text(q, 2, a),
                                stmt_text(q, 3, a),       stmt_text(q, 4, a), stmt_text(q, 6, a),
                                (uint64_t)stmt_int(q, 5), stmt_int(q, 7)};
    return stmt_end(q);
}

/* How far a record went when its run was sealed. */
struct sealed_to {
    int64_t seq; /* 0: from its beginning on each action is sealed */
    const char *hash, *seal;
};
#define SEALED_RUN(run, to)                                                                        \
    "lab_run", "tttttiiit", (run)->id, (run)->person_id, (run)->scenario_id, (run)->version,       \
        (run)->choice, (int64_t)(run)->seed, (run)->started_ms, (to)->seq, (to)->hash
#define SEALED_ACTION(run_id, action) "lab_action", "tit", run_id, (action)->seq, (action)->hash

enum err lab_store_run_add(struct db *db, struct arena *a, const struct lab_run_row *run,
                           const char *title, const char *pack, size_t pack_len) {
    enum err e = db_run(db, SQL_lab_pack_keep, "tttib", run->version, run->scenario_id, title,
                        run->started_ms, (const void *)pack, pack_len);
    if (!e) e = lab_pack_publish(db, a, run->version, run->scenario_id, run->started_ms);
    if (e) return e;
    const struct sealed_to nothing = {.hash = ""};
    return db_run(db, SQL_lab_run_add, "tttttitit", run->id, run->person_id, run->scenario_id,
                  run->version, run->choice, (int64_t)run->seed, run->engine, run->started_ms,
                  seal_make(db, a, SEALED_RUN(run, &nothing)));
}

/* When the `most`th newest of them is older than `span_ms`; 0: there are fewer. */
static enum err free_at(struct db *db, int query, const struct lab_run_row *of, int64_t span_ms,
                        int most, int64_t *out) {
    struct stmt *q = db_query(db, query, "ttii", of->person_id, of->scenario_id,
                              of->started_ms - span_ms, (int64_t)most);
    int64_t oldest_ms = 0;
    int count = 0;
    for (; stmt_row(q); count++) oldest_ms = stmt_int(q, 0);
    *out = count < most ? 0 : oldest_ms + span_ms;
    return stmt_end(q);
}

enum err lab_store_may_start(struct db *db, const char *person_id, const char *scenario_id,
                             int64_t now_ms, int64_t *until_ms, bool *open) {
    const struct lab_run_row of = {
        .person_id = person_id, .scenario_id = scenario_id, .started_ms = now_ms};
    int64_t open_ms = 0;
    enum err e = free_at(db, SQL_lab_starts, &of, MS_HOUR, LAB_STARTS_PER_HOUR, until_ms);
    if (e == OK)
        e = free_at(db, SQL_lab_open_starts, &of, LAB_OPEN_DAYS * MS_DAY, LAB_OPEN_RUNS, &open_ms);
    *open = open_ms > *until_ms;
    if (*open) *until_ms = open_ms;
    return e;
}

enum err lab_store_pack(struct db *db, struct arena *a, const char *version, const char **bytes,
                        size_t *len) {
    struct stmt *q;
    enum err e;
    if (!db_one(db, &q, &e, SQL_lab_pack, "t", version)) return e;
    *bytes = (const char *)stmt_blob(q, 0, a, len);
    return stmt_end(q);
}

static struct lab_action read_action(struct stmt *q, struct arena *a) {
    return (struct lab_action){.seq = stmt_int(q, 0),
                               .at_ms = stmt_int(q, 1),
                               .actor_id = stmt_text(q, 2, a),
                               .action = stmt_text(q, 3, a),
                               .status = (int)stmt_int(q, 4),
                               .answer_sha = stmt_text(q, 5, a),
                               .hash = stmt_text(q, 6, a)};
}

/* What a record is compared with while it is read. */
struct record_reading {
    struct db *db;
    const char *run_id;
    bool judged; /* rows are sealed by now */
    struct sealed_to sealed;
};

/* RULE lab-seal: a run is of the person, the lab and the seed that it was begun with, and of the
 * actions that this program recorded: a run or an action without its seal was copied or made past
 * it. What was recorded before rows were sealed, or with a key that is lost, is known by the hash
 * at which it stood then. */
static bool action_is_sealed(const struct record_reading *r, const struct lab_action *action,
                             const char *seal) {
    const struct sealed_to *to = &r->sealed;
    if (!r->judged || action->seq < to->seq) return true;
    if (action->seq == to->seq) return str_eq(action->hash, to->hash);
    return seal_holds(r->db, seal, SEALED_ACTION(r->run_id, action));
}

static enum err add_row(struct stmt *q, struct arena *a, struct arena *row,
                        const struct record_reading *r, struct lab_log *out) {
    if (ARENA_GUARD(row) == 0) {
        struct lab_action action = read_action(q, row);
        bool genuine = action_is_sealed(r, &action, stmt_text(q, 7, row));
        if (!genuine) out->broken = true;
        else (void)lab_log_add(out, r->run_id, &action, a, row);
        arena_release(row);
        return OK;
    }
    enum err e = row->starved ? ERR_BUSY : ERR_LIMIT;
    arena_release(row);
    return e;
}

/* Whether the run is sealed, and to where its record was then. A run that is not there is none. */
static enum err read_seal(struct db *db, struct arena *a, struct record_reading *r, bool *genuine) {
    struct lab_run_row run;
    struct stmt *q;
    int64_t from;
    *genuine = true;
    enum err e = audit_sealed_from(db, a, &from);
    r->judged = from != 0;
    if (e != OK || !r->judged) return e;
    *genuine = false;
    e = lab_store_run(db, a, r->run_id, &run);
    if (e != OK) return e == ERR_NOT_FOUND ? OK : e;
    if (!db_one(db, &q, &e, SQL_lab_run_seal, "t", r->run_id)) return e;
    r->sealed = (struct sealed_to){stmt_int(q, 0), stmt_text(q, 1, a), stmt_text(q, 2, a)};
    *genuine = seal_holds(db, r->sealed.seal, SEALED_RUN(&run, &r->sealed));
    return stmt_end(q);
}

enum err lab_store_record(struct db *db, struct arena *a, const char *run_id, struct lab_log *out) {
    struct record_reading r = {.db = db, .run_id = run_id};
    bool genuine;
    lab_log_init(out);
    enum err e = read_seal(db, a, &r, &genuine);
    if (e != OK) return e;
    out->broken = !genuine;
    struct arena *row = arena_scratch(a, ACTION_ARENA_BYTES);
    struct stmt *q = db_query(db, SQL_lab_actions, "t", run_id);
    while (!e && !out->broken && stmt_row(q)) e = add_row(q, a, row, &r, out);
    enum err ended = stmt_end(q);
    /* Of what was there when the run was sealed, nothing may be gone. */
    if ((int64_t)out->count < r.sealed.seq) out->broken = true;
    return e ? e : ended;
}

/* ---- Once a key ------------------------------------------------------------------------------ */
#define RUNS_AT_ONCE 500
#define SEALING_BYTES                                                                              \
    ((size_t)16 << 20) /* of memory for so many: an academy may have any number                    \
                        */

static enum err seal_run(struct db *db, struct arena *a, const char *id,
                         const struct sealed_to *to) {
    struct lab_run_row run;
    enum err e = lab_store_run(db, a, id, &run);
    if (e != OK) return e;
    return db_run(db, SQL_lab_run_seal_set, "titt", id, to->seq, to->hash,
                  seal_make(db, a, SEALED_RUN(&run, to)));
}

/* Seals the runs behind `*last`, which becomes the last of them, in `a`; NULL at the end. */
static enum err seal_runs(struct db *db, struct arena *rows, struct arena *a, const char **last) {
    const char **ids = NEW_ARRAY(rows, const char *, RUNS_AT_ONCE);
    struct sealed_to *to = NEW_ARRAY(rows, struct sealed_to, RUNS_AT_ONCE);
    size_t count = 0;
    struct stmt *q = db_query(db, SQL_lab_runs_behind, "ti", *last, (int64_t)RUNS_AT_ONCE);
    while (stmt_row(q)) {
        const char *hash = stmt_text(q, 2, rows);
        ids[count] = stmt_text(q, 0, rows);
        to[count++] = (struct sealed_to){.seq = stmt_int(q, 1), .hash = hash ? hash : ""};
    }
    enum err e = stmt_end(q);
    for (size_t i = 0; e == OK && i < count; i++) e = seal_run(db, rows, ids[i], &to[i]);
    *last = e == OK && count == RUNS_AT_ONCE ? arena_dup(a, ids[count - 1]) : NULL;
    return e;
}

enum err lab_seal_all(struct db *db, struct arena *a) {
    const char **last = NEW(a, const char *);
    volatile enum err e = OK;
    for (*last = ""; e == OK && *last;) {
        struct arena *rows = arena_scratch(a, SEALING_BYTES);
        if (ARENA_GUARD(rows) == 0) e = seal_runs(db, rows, a, last);
        else e = rows->starved ? ERR_BUSY : ERR_LIMIT;
        arena_release(rows);
    }
    return e;
}

enum err lab_store_action(struct db *db, struct arena *a, const char *run_id, int64_t seq,
                          struct lab_action *out) {
    struct stmt *q;
    enum err e;
    if (!db_one(db, &q, &e, SQL_lab_action, "ti", run_id, seq)) return e;
    *out = read_action(q, a);
    return stmt_end(q);
}

enum err lab_store_certifying(struct db *db, struct arena *a, const char *run_id, bool *out) {
    struct lab_action first;
    enum err e = lab_store_action(db, a, run_id, 1, &first);
    *out = !e && str_eq(first.action, LAB_CERTIFY);
    return e == ERR_NOT_FOUND ? OK : e;
}

enum err lab_store_checkpoints(struct db *db, struct arena *a, const char *run_id,
                               struct lab_checkpoint **out, size_t *count) {
    struct stmt *q = db_query(db, SQL_lab_checkpoints, "ti", run_id,
                              (int64_t)LAB_CHECKPOINTS_SHOWN);
    const char *why;
    *out = NEW_ARRAY(a, struct lab_checkpoint, LAB_CHECKPOINTS_SHOWN);
    *count = 0;
    while (*count < LAB_CHECKPOINTS_SHOWN && stmt_row(q)) {
        const char *action = stmt_text(q, 2, a);
        json_t *mark = json_read(a, action, strlen(action), &why);
        const char *name = json_string_value(json_object_get(mark, "name"));
        (*out)[(*count)++] = (struct lab_checkpoint){stmt_int(q, 0), stmt_int(q, 1),
                                                     name ? name : ""};
    }
    return stmt_end(q);
}

enum err lab_store_resets(struct db *db, const char *run_id, int64_t *all, int64_t *whole) {
    struct stmt *q;
    enum err e;
    *all = *whole = 0;
    if (!db_one(db, &q, &e, SQL_lab_resets, "t", run_id)) return e;
    *all = stmt_int(q, 0);
    *whole = stmt_int(q, 1);
    return stmt_end(q);
}

enum err lab_store_bytes(struct db *db, const char *person_id, int64_t enough, int64_t *out) {
    struct stmt *q = db_query(db, SQL_lab_bytes_of_person, "t", person_id);
    *out = 0;
    while (*out <= enough && stmt_row(q)) *out += stmt_int(q, 0);
    return stmt_end(q);
}

enum err lab_store_action_add(struct db *db, struct arena *a, const char *run_id,
                              const struct lab_action *action, const char *previous) {
    struct stmt *q;
    enum err e;
    int64_t last = 0;
    const char *hash = LAB_HASH_ZERO;
    if (db_one(db, &q, &e, SQL_lab_action_head, "t", run_id)) {
        last = stmt_int(q, 0);
        hash = stmt_text(q, 1, a);
        e = stmt_end(q);
    }
    if (e && e != ERR_NOT_FOUND) return e;
    /* Another process has written, or an action before this one has failed: either way our state is
     * not that of the record. */
    if (action->seq != last + 1 || !str_eq(hash, previous)) return ERR_CONFLICT;
    return db_run(db, SQL_lab_action_add, "tiittittt", run_id, action->seq, action->at_ms,
                  action->actor_id, action->action, (int64_t)action->status, action->answer_sha,
                  action->hash, seal_make(db, a, SEALED_ACTION(run_id, action)));
}

enum err lab_store_image(struct db *db, struct arena *a, const char *run_id,
                         struct lab_image *out) {
    struct stmt *q;
    enum err e;
    memset(out, 0, sizeof *out);
    if (!db_one(db, &q, &e, SQL_lab_snapshot, "t", run_id)) return e;
    out->seq = stmt_int(q, 0);
    out->seal = stmt_blob(q, 1, a, &out->seal_len);
    out->bytes = stmt_blob(q, 2, a, &out->len);
    return stmt_end(q);
}

enum err lab_store_image_keep(struct db *db, const char *run_id, const struct lab_image *image,
                              int64_t now_ms) {
    return db_run(db, SQL_lab_snapshot_keep, "tiibb", run_id, image->seq, now_ms,
                  (const void *)image->seal, image->seal_len, (const void *)image->bytes,
                  image->len);
}

enum err lab_store_checking_add(struct db *db, struct arena *a, const struct lab_run_row *run,
                                const char *head, const struct lab_checking_row *row) {
    /* Of no checks, nobody passed all. */
    bool all = row->total && row->passed >= row->total, published = true;
    enum err e = all ? lab_pack_published(db, a, run->version, run->scenario_id, 0, &published)
                     : OK;
    if (!e && !published) e = ERR_DENIED;
    if (!e)
        e = db_run(db, SQL_lab_checking_add, "ttiiiiit", id_new(a, row->at_ms), run->id, row->seq,
                   row->at_ms, (int64_t)row->passed, (int64_t)row->total, (int64_t)row->points,
                   row->verdicts);
    if (e || !all) return e;
    const char *detail = arena_printf(
        a,
        "{\"checks\":%d,\"dialects\":\"%s\",\"head\":\"%s\",\"lab\":\"%s\",\"started_ms\":%lld,"
        "\"version\":\"%s\"}",
        row->total, run->choice, head, run->scenario_id, (long long)run->started_ms, run->version);
    return audit_append(db, a, row->at_ms, run->person_id, "lab.pass", run->id, detail);
}

enum err lab_store_checking(struct db *db, struct arena *a, const char *run_id,
                            struct lab_checking_row *out) {
    struct stmt *q;
    enum err e;
    memset(out, 0, sizeof *out);
    if (!db_one(db, &q, &e, SQL_lab_checking_last, "t", run_id)) return e;
    *out = (struct lab_checking_row){stmt_int(q, 0),      stmt_int(q, 1),      (int)stmt_int(q, 2),
                                     (int)stmt_int(q, 3), (int)stmt_int(q, 4), stmt_text(q, 5, a)};
    return stmt_end(q);
}

enum err lab_store_hint_add(struct db *db, const char *run_id, const char *check_id, int level,
                            int64_t now_ms) {
    return db_run(db, SQL_lab_hint_add, "ttii", run_id, check_id, (int64_t)level, now_ms);
}

enum err lab_store_hints(struct db *db, struct arena *a, const char *run_id,
                         const char *const *checks, size_t count, int *levels) {
    for (size_t i = 0; i < count; i++) levels[i] = 0;
    struct stmt *q = db_query(db, SQL_lab_hints, "t", run_id);
    while (stmt_row(q)) {
        const char *id = stmt_text(q, 0, a);
        for (size_t i = 0; i < count; i++)
            if (str_eq(checks[i], id)) levels[i] = (int)stmt_int(q, 1);
    }
    return stmt_end(q);
}

enum err lab_store_incident_add(struct db *db, struct arena *a, const char *run_id,
                                const char *kind, const char *detail, int64_t now_ms) {
    return db_run(db, SQL_lab_incident_add, "ttitt", id_new(a, now_ms), run_id, now_ms, kind,
                  detail);
}

enum err lab_store_incidents(struct db *db, struct arena *a, const char *run_id,
                             struct lab_incident_row **out, size_t *count) {
    *out = NEW_ARRAY(a, struct lab_incident_row, 20);
    *count = 0;
    struct stmt *q = db_query(db, SQL_lab_incidents, "t", run_id);
    while (*count < 20 && stmt_row(q))
        (*out)[(*count)++] = (struct lab_incident_row){stmt_int(q, 0), stmt_text(q, 1, a),
                                                       stmt_text(q, 2, a)};
    return stmt_end(q);
}

/* ---- For other rooms ------------------------------------------------------------------------ */
const struct lab_result *lab_open_run(const struct lab_result *results, size_t count) {
    const struct lab_result *open = NULL;
    for (size_t i = 0; i < count; i++)
        if (!results[i].passed_ms && (!open || results[i].last_ms >= open->last_ms))
            open = &results[i];
    return open;
}

enum err lab_results(struct db *db, struct arena *a, const char *person_id, const char *scenario_id,
                     struct lab_result **out, size_t *count) {
    *out = NULL;
    *count = 0;
    struct stmt *q = db_query(db, SQL_lab_runs_of_person, "tt", person_id, scenario_id);
    while (stmt_row(q)) {
        *out = list_more(a, *out, *count, sizeof **out);
        (*out)[(*count)++] = (struct lab_result){.run_id = stmt_text(q, 0, a),
                                                 .scenario_id = stmt_text(q, 1, a),
                                                 .version = stmt_text(q, 2, a),
                                                 .dialects = stmt_text(q, 3, a),
                                                 .started_ms = stmt_int(q, 4),
                                                 .title = stmt_text(q, 5, a),
                                                 .actions = (int)stmt_int(q, 6),
                                                 .passed_ms = stmt_null(q, 7) ? 0 : stmt_int(q, 7),
                                                 .checks_passed = (int)stmt_int(q, 8),
                                                 .checks = (int)stmt_int(q, 9),
                                                 .hints = (int)stmt_int(q, 10),
                                                 .last_ms = stmt_int(q, 11)};
    }
    return stmt_end(q);
}
