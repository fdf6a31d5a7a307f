/* Facts in the store: reading, answers, completion; and progress from them. */
#include <stdlib.h>
#include <string.h>

#include "audit/audit.h"
#include "base/codec.h"
#include "base/text.h"
#include "content/content_private.h"
#include "content/content_progress.h"
#include "content/content_sql.h"
#include "store/seal.h"

/* ---- Seals ----------------------------------------------------------------------------------- */

/* RULE completion-seal: a module is completed when this program has seen it so. A completion
 * without its seal counts for nothing, and the module can still be completed. */
#define SEALED_COMPLETION(person_id, module_id, version, at_ms)                                    \
    "content_completion", "ttti", person_id, module_id, version, (int64_t)(at_ms)
#define SEALED_AT_ONCE 500
#define SEALING_BYTES                                                                              \
    ((size_t)16 << 20) /* of memory for so many: an academy may have any number                    \
                        */

struct completion {
    const char *person, *module, *version;
    int64_t at_ms;
};

/* Seals those behind `last`, which becomes the last of them, in `a`; without a person at the end.
 */
static enum err seal_completions(struct db *db, struct arena *rows, struct arena *a,
                                 struct completion *last) {
    struct completion *list = NEW_ARRAY(rows, struct completion, SEALED_AT_ONCE);
    size_t count = 0;
    struct stmt *q = db_query(db, SQL_content_completions_behind, "ttti", last->person,
                              last->module, last->version, (int64_t)SEALED_AT_ONCE);
    while (stmt_row(q))
        list[count++] = (struct completion){stmt_text(q, 0, rows), stmt_text(q, 1, rows),
                                            stmt_text(q, 2, rows), stmt_int(q, 3)};
    enum err e = stmt_end(q);
    for (size_t i = 0; e == OK && i < count; i++) {
        const struct completion *c = &list[i];
        e = db_run(
            db, SQL_content_completion_seal, "tttt", c->person, c->module, c->version,
            seal_make(db, rows, SEALED_COMPLETION(c->person, c->module, c->version, c->at_ms)));
    }
    bool more = e == OK && count == SEALED_AT_ONCE;
    *last = more ? (struct completion){arena_dup(a, list[count - 1].person),
                                       arena_dup(a, list[count - 1].module),
                                       arena_dup(a, list[count - 1].version), 0}
                 : (struct completion){0};
    return e;
}

enum err content_seal_all(struct db *db, struct arena *a) {
    struct completion *last = NEW(a, struct completion);
    volatile enum err e = OK;
    for (*last = (struct completion){"", "", "", 0}; e == OK && last->person;) {
        struct arena *rows = arena_scratch(a, SEALING_BYTES);
        if (ARENA_GUARD(rows) == 0) e = seal_completions(db, rows, a, last);
        else e = rows->starved ? ERR_BUSY : ERR_LIMIT;
        arena_release(rows);
    }
    return e;
}

/* ---- One module
 * ---------------------------------------------------------------------------------------- */

enum err content_facts(struct db *db, struct arena *a, const char *person_id,
                       const struct content_module *m, struct module_facts *out) {
    memset(out, 0, sizeof *out);
    progress_begin(&out->state, m, a);
    int64_t sealed_from;
    enum err e = audit_sealed_from(db, a, &sealed_from);
    if (e != OK) return e;
    struct stmt *q = db_query(db, SQL_content_facts_of_module, "tt", person_id, m->id);
    while (stmt_row(q)) {
        int64_t at_ms = stmt_int(q, 5);
        const char *what = stmt_text(q, 1, a);
        switch (stmt_int(q, 0)) {
        case 1:
            progress_reading(&out->state, what, (int)stmt_int(q, 2), stmt_int(q, 3), at_ms);
            break;
        case 2:
            progress_answer(&out->state, what, stmt_int(q, 2), at_ms);
            out->answers = list_more(a, out->answers, out->answer_count, sizeof *out->answers);
            out->answers[out->answer_count++] = (struct given_answer){what, stmt_text(q, 4, a),
                                                                      stmt_int(q, 2)};
            break;
        default:
            if (!sealed_from || seal_holds(db, stmt_text(q, 4, a),
                                           SEALED_COMPLETION(person_id, m->id, what, at_ms)))
                progress_completed(&out->state, at_ms);
            break;
        }
    }
    return stmt_end(q);
}

const struct given_answer *facts_answer(const struct module_facts *f, const char *checkpoint) {
    for (size_t i = f->answer_count; i > 0; i--)
        if (str_eq(f->answers[i - 1].checkpoint, checkpoint)) return &f->answers[i - 1];
    return NULL;
}

/* ---- All modules of a person
 * ------------------------------------------------------------------------------ */

/* States by module id, in the order of the queries (which sort by it), looked up from the last. */
struct states {
    struct arena *arena;
    const struct content_snapshot *snapshot;
    struct progress_state **items;
    size_t count;
};

static struct progress_state *state_of(struct states *s, const char *module_id) {
    for (size_t i = s->count; i > 0; i--)
        if (str_eq(s->items[i - 1]->module->id, module_id)) return s->items[i - 1];
    const struct content_module *m = content_module(s->snapshot, module_id);
    if (!m) return NULL;
    s->items = list_more(s->arena, s->items, s->count, sizeof *s->items);
    struct progress_state *state = NEW(s->arena, struct progress_state);
    progress_begin(state, m, s->arena);
    s->items[s->count++] = state;
    return state;
}

static int by_module_id(const void *a, const void *b) {
    return strcmp(((const struct content_module_progress *)a)->module_id,
                  ((const struct content_module_progress *)b)->module_id);
}

enum err content_progress(struct db *db, struct arena *a, const struct content_snapshot *s,
                          const char *person_id, struct content_progress *out) {
    *out = (struct content_progress){0};
    int64_t sealed_from;
    enum err e = audit_sealed_from(db, a, &sealed_from);
    if (e != OK) return e;
    struct states states = {.arena = a, .snapshot = s};
    struct stmt *q = db_query(db, SQL_content_readings_of_person, "t", person_id);
    while (stmt_row(q)) {
        struct progress_state *state = state_of(&states, stmt_text(q, 0, a));
        if (state)
            progress_reading(state, stmt_text(q, 1, a), (int)stmt_int(q, 2), stmt_int(q, 3),
                             stmt_int(q, 4));
    }
    if ((e = stmt_end(q)) != OK) return e;
    q = db_query(db, SQL_content_answers_of_person, "t", person_id);
    while (stmt_row(q)) {
        struct progress_state *state = state_of(&states, stmt_text(q, 0, a));
        if (state) progress_answer(state, stmt_text(q, 1, a), stmt_int(q, 2), stmt_int(q, 3));
    }
    if ((e = stmt_end(q)) != OK) return e;
    q = db_query(db, SQL_content_completions_of_person, "t", person_id);
    while (stmt_row(q)) {
        const char *module = stmt_text(q, 0, a), *version = stmt_text(q, 1, a);
        int64_t at_ms = stmt_int(q, 2);
        if (sealed_from && !seal_holds(db, stmt_text(q, 3, a),
                                       SEALED_COMPLETION(person_id, module, version, at_ms)))
            continue;
        struct progress_state *state = state_of(&states, module);
        if (state && !state->completed_ms) progress_completed(state, at_ms);
    }
    if ((e = stmt_end(q)) != OK) return e;
    struct content_module_progress *list = NEW_ARRAY(a, struct content_module_progress,
                                                     states.count + 1);
    for (size_t i = 0; i < states.count; i++) list[i] = progress_end(states.items[i]);
    qsort(list, states.count, sizeof *list, by_module_id);
    out->modules = list;
    out->count = states.count;
    return OK;
}

/* Of answers that are kept of one person in one module: more than anybody gives. RULE
 * answers-limit: the next one is refused with a sentence, and never taken without being kept. */
#define ANSWERS_LIMIT 2000

/* ---- Recording
 * ---------------------------------------------------------------------------------------------- */

/* After each fact: whether it was the one that completes the module. */
static enum err complete_if_done(struct db *db, struct arena *a, int64_t now_ms,
                                 const char *person_id, const struct content_module *m) {
    struct module_facts facts;
    enum err e = content_facts(db, a, person_id, m, &facts);
    if (e != OK || facts.state.completed_ms || !progress_all_done(&facts.state)) return e;
    return db_run(db, SQL_content_completion_add, "tttit", person_id, m->id, m->version, now_ms,
                  seal_make(db, a, SEALED_COMPLETION(person_id, m->id, m->version, now_ms)));
}

static enum err count_answers(struct db *db, const char *person_id, const struct content_module *m,
                              int64_t *count) {
    struct stmt *q;
    enum err e;
    *count = 0;
    if (!db_one(db, &q, &e, SQL_content_answer_count, "tt", person_id, m->id)) return e;
    *count = stmt_int(q, 0);
    return stmt_end(q);
}

/* RULE reading-kept: every event is kept, however many there are. What pages and jobs read is the
 * place beside them, of which there is one a section, so that whoever sends events by the thousand
 * makes nobody wait. */
enum err content_record_reading(struct db *db, struct arena *a, int64_t now_ms,
                                const char *person_id, const struct content_module *m,
                                const char *section, int position_permille, bool done) {
    int i = progress_section(m, section);
    if (i < 0 || position_permille < 0 || position_permille > 1000) return ERR_INVALID;
    enum err e = db_run(db, SQL_content_reading_add, "tttttiii", id_new(a, now_ms), person_id,
                        m->id, m->version, section, (int64_t)position_permille, (int64_t)done,
                        now_ms);
    if (e == OK)
        e = db_run(db, SQL_content_place_put, "tttiii", person_id, m->id, section, (int64_t)done,
                   (int64_t)position_permille, now_ms);
    return e == OK && done ? complete_if_done(db, a, now_ms, person_id, m) : e;
}

enum err content_record_answer(struct db *db, struct arena *a, int64_t now_ms,
                               const char *person_id, const struct content_module *m, int number,
                               const char *choice, bool right) {
    if (number < 1 || (size_t)number > m->checkpoint_count) return ERR_INVALID;
    int64_t count;
    enum err e = count_answers(db, person_id, m, &count);
    if (e != OK || count >= ANSWERS_LIMIT) return e == OK ? ERR_LIMIT : e;
    e = db_run(db, SQL_content_answer_add, "ttttittii", id_new(a, now_ms), person_id, m->id,
               m->version, (int64_t)number, m->checkpoints[number - 1], choice, (int64_t)right,
               now_ms);
    return e == OK ? complete_if_done(db, a, now_ms, person_id, m) : e;
}
