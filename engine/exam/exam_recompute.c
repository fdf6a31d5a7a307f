/* Whether the result of an attempt is what its form and its answers give: computed again from what
 * is stored, with the scoring version of then. */
#include <string.h>

#include "audit/audit.h"
#include "base/codec.h"
#include "base/json.h"
#include "base/text.h"
#include "exam/exam_sql.h"
#include "exam/exam_store.h"
#include "store/seal.h"

#define ROWS 1000 /* of one attempt, which has a handful */

struct stored_result {
    const char *form;
    int attempt_cut, version, correct, total, permille, cut, scaled, steps;
    bool ended, scored, passed;
    const char *domains;
};

static enum err read_stored(struct db *db, struct arena *a, const char *id,
                            struct stored_result *out) {
    struct stmt *q;
    enum err e;
    if (!db_one(db, &q, &e, SQL_exam_recomputed, "t", id)) return e;
    *out = (struct stored_result){
        .form = stmt_text(q, 0, a),
        .attempt_cut = (int)stmt_int(q, 1),
        .ended = stmt_int(q, 2),
        .scored = !stmt_null(q, 3),
        .version = (int)stmt_int(q, 3),
        .correct = (int)stmt_int(q, 4),
        .total = (int)stmt_int(q, 5),
        .permille = (int)stmt_int(q, 6),
        .cut = (int)stmt_int(q, 7),
        .scaled = (int)stmt_int(q, 8),
        .passed = stmt_int(q, 9),
        .domains = stmt_text(q, 10, a),
        .steps = (int)stmt_int(q, 11),
    };
    return stmt_end(q);
}

/* ---- What was logged ------------------------------------------------------------------------- */
struct logged_digests {
    const char *form, *answers; /* NULL: an older log, or the attempt has not ended */
    bool waits;                 /* it ended again after its newest result */
    int64_t start_seq;          /* the row that tells its start; 0: none does */
};

static const char *text_of(struct arena *a, const struct audit_row *row, const char *member) {
    const char *why;
    const json_t *detail = row->detail ? json_read(a, row->detail, strlen(row->detail), &why)
                                       : NULL;
    return json_string_value(json_object_get(detail, member));
}

static enum err read_digests(struct db *db, struct arena *a, const char *id,
                             struct logged_digests *out) {
    struct audit_row *rows;
    size_t count;
    bool ended = false, scored = false;
    *out = (struct logged_digests){0};
    enum err e = audit_list(db, a, id, 0, ROWS, &rows, &count);
    for (size_t i = 0; e == OK && i < count; i++) { /* newest first */
        const char *action = rows[i].action;
        if (str_eq(action, "exam.result")) scored = true;
        if (str_eq(action, "exam.start")) {
            out->form = text_of(a, &rows[i], "form_sha256");
            out->start_seq = rows[i].seq;
        }
        if (ended || !(str_eq(action, "exam.submit") || str_eq(action, "exam.deadline"))) continue;
        ended = true;
        out->waits = !scored;
        out->answers = text_of(a, &rows[i], "answers_sha256");
    }
    return e;
}

/* RULE response-seal, for an attempt that began since rows are sealed (RULE seal-begins). */
static enum err seals_problem(struct db *db, struct arena *a, const char *id, int64_t start_seq,
                              const char **problem) {
    int64_t from;
    enum err e = audit_sealed_from(db, a, &from);
    if (e != OK || !from || (start_seq && start_seq < from)) return e;
    struct stmt *q = db_query(db, SQL_exam_saves_sealed, "t", id);
    while (!*problem && stmt_row(q)) {
        const struct exam_saved s = {id,
                                     stmt_int(q, 0),
                                     stmt_int(q, 1),
                                     stmt_int(q, 2),
                                     stmt_text(q, 3, a),
                                     stmt_text(q, 4, a),
                                     stmt_int(q, 5),
                                     stmt_int(q, 6)};
        if (!exam_saved_holds(db, &s, stmt_text(q, 7, a)))
            *problem = arena_printf(a, "an answer to question %lld was not saved by this program",
                                    (long long)s.slot);
    }
    return stmt_end(q);
}

/* ---- What is on record ----------------------------------------------------------------------- */
/* An item as it was when the form was drawn: its version is the digest of its text. */
static enum err read_item(struct db *db, struct arena *a, const struct exam_slot *slot,
                          const struct exam_item **out, const char **problem) {
    struct stmt *q;
    enum err e;
    *out = NULL;
    if (!db_one(db, &q, &e, SQL_exam_item_source, "tt", slot->item, slot->version)) {
        if (e != ERR_NOT_FOUND) return e;
        *problem = arena_printf(a, "the item %s of its form is not on record", slot->item);
        return OK;
    }
    const char *source = stmt_text(q, 0, a);
    e = stmt_end(q);
    if (e != OK) return e;
    if (!source || !str_eq(version_of(a, source, strlen(source)), slot->version))
        *problem = arena_printf(a, "the item %s is not the one that was asked", slot->item);
    else if (!exam_slot_fits(slot, source, a, out))
        *problem = arena_printf(a, "its form and the item %s do not fit each other", slot->item);
    return OK;
}

static bool response_fits(struct arena *a, const struct exam_slot *slot, const char *response) {
    const char *why;
    const json_t *value = json_read(a, response, strlen(response), &why);
    return value && str_eq(slot->type->canonical(value, slot->option_count, a, &why), response);
}

static enum err read_all(struct db *db, struct arena *a, const struct exam_attempt *t,
                         const struct exam_item **items, const char **responses,
                         const char **problem) {
    struct exam_slot_state *states;
    enum err e = exam_slot_states(db, a, t, &states);
    for (int i = 0; i < t->form.slot_count && e == OK && !*problem; i++) {
        e = read_item(db, a, &t->form.slots[i], &items[i], problem);
        responses[i] = e == OK && states[i].newest ? states[i].newest->response : NULL;
        if (e == OK && responses[i] && !response_fits(a, &t->form.slots[i], responses[i]))
            *problem = arena_printf(a, "its answer to question %d is none that could be given",
                                    i + 1);
    }
    return e;
}

/* ---- What differs ---------------------------------------------------------------------------- */
/* By name: their order is that of the exam that was open then. */
static bool same_domains(struct arena *a, const struct exam_score *s, const char *kept) {
    const char *why;
    const json_t *list = kept ? json_read(a, kept, strlen(kept), &why) : NULL;
    size_t count = json_array_size(list), same = 0;
    for (size_t i = 0; i < count; i++) {
        const json_t *row = json_array_get(list, i);
        for (size_t k = 0; k < s->domain_count; k++)
            same += str_eq(json_string_value(json_array_get(row, 0)), s->domains[k].id) &&
                    json_integer_value(json_array_get(row, 1)) == s->domains[k].correct &&
                    json_integer_value(json_array_get(row, 2)) == s->domains[k].total &&
                    json_integer_value(json_array_get(row, 3)) == s->domains[k].floor;
    }
    return json_is_array(list) && count == s->domain_count && same == count;
}

static const char *score_problem(struct arena *a, const struct stored_result *x,
                                 const struct exam_score *s) {
    if (s->correct != x->correct || s->total != x->total || s->steps != x->steps ||
        s->passed != x->passed)
        return arena_printf(
            a, "its form and its answers give %d of %d points%s, its result says %d of %d%s",
            s->correct / s->steps, s->total / s->steps, s->passed ? " (passed)" : "",
            x->correct / x->steps, x->total / x->steps, x->passed ? " (passed)" : "");
    if (x->cut != x->attempt_cut) return "its result was computed with another cut than it has";
    if (s->permille != x->permille || s->scaled != x->scaled)
        return "the share or the scaled score of its result is not what its points give";
    return same_domains(a, s, x->domains)
               ? NULL
               : "its form and its answers give other points by domain than its result says";
}

static enum err recompute(struct db *db, struct arena *a, const struct exam_attempt *t,
                          const struct stored_result *x, const char **problem) {
    struct exam_score score;
    size_t slots = (size_t)t->form.slot_count + 1;
    const struct exam_item **items = NEW_ARRAY(a, const struct exam_item *, slots);
    const char **responses = NEW_ARRAY(a, const char *, slots);
    enum err e = read_all(db, a, t, items, responses, problem);
    if (e != OK || *problem) return e;
    if (x->version < 1 || x->version > EXAM_SCORING_VERSION || x->steps < 1) {
        *problem = "its result is of a scoring version that there is not";
        return OK;
    }
    exam_score(&t->form, items, responses, x->version, x->attempt_cut, NULL, 0, a, &score);
    *problem = score_problem(a, x, &score);
    return OK;
}

static enum err ended_problem(struct db *db, struct arena *a, const char *attempt_id,
                              const struct stored_result *x, const struct logged_digests *logged,
                              struct exam_attempt *t, const char **problem) {
    char *answers = NULL;
    enum err e = exam_answers_digest(db, a, attempt_id, t->form.slot_count, &answers);
    if (e == OK && logged->answers && !str_eq(answers, logged->answers))
        *problem = "its answers are not those that were logged at its end";
    if (e == OK && !*problem) e = seals_problem(db, a, attempt_id, logged->start_seq, problem);
    if (e != OK || *problem || !x->scored || logged->waits) return e;
    return recompute(db, a, t, x, problem);
}

enum err exam_result_problem(struct db *db, struct arena *a, const char *attempt_id,
                             const char **problem) {
    struct stored_result x = {0};
    struct logged_digests logged = {0};
    struct exam_attempt t = {.id = attempt_id};
    *problem = NULL;
    enum err e = read_stored(db, a, attempt_id, &x);
    if (e == OK) e = read_digests(db, a, attempt_id, &logged);
    if (e != OK) return e;
    if (logged.form && (!x.form || !str_eq(sha256_hex(a, x.form, strlen(x.form)), logged.form)))
        *problem = "its form is not the one that was logged";
    else if (!x.form || exam_form_read(&t.form, x.form, a) != OK)
        *problem = "its form cannot be read";
    if (*problem) return OK;
    if (x.ended) e = ended_problem(db, a, attempt_id, &x, &logged, &t, problem);
    return e == OK && !*problem ? exam_saves_problem(db, a, attempt_id, problem) : e;
}
