/* Reads from the store: attempts, the states of their slots, scores, results. */
#include <string.h>

#include "base/codec.h"
#include "base/json.h"
#include "base/text.h"
#include "exam/exam_sql.h"
#include "exam/exam_loaded.h"

enum err exam_attempt_load(struct db *db, struct arena *a, const char *attempt_id,
                           const char *person_id, struct exam_attempt *out) {
    struct stmt *q;
    enum err e;
    memset(out, 0, sizeof *out);
    if (!db_one(db, &q, &e, SQL_exam_attempt, "t", attempt_id)) return e;
    out->id = arena_dup(a, attempt_id);
    out->exam_id = stmt_text(q, 0, a);
    out->exam_version = stmt_text(q, 1, a);
    out->practice = stmt_int(q, 2);
    out->review_full = stmt_int(q, 3);
    out->cut_permille = (int)stmt_int(q, 4);
    out->minutes = (int)stmt_int(q, 5);
    out->extra_permille = (int)stmt_int(q, 6);
    out->start_ms = stmt_int(q, 7);
    out->deadline_ms = stmt_int(q, 8);
    const char *form = stmt_text(q, 9, a);
    out->open = stmt_int(q, 10);
    out->by_deadline = str_eq(stmt_text(q, 11, a), "deadline");
    out->submitted_ms = stmt_int(q, 12);
    out->person_id = stmt_text(q, 13, a);
    e = stmt_end(q);
    if (e != OK) return e;
    if (person_id && !str_eq(person_id, out->person_id))
        return ERR_NOT_FOUND; /* not even that it exists */
    return exam_form_read(&out->form, form, a) == OK ? OK : ERR_IO;
}

bool exam_attempt_over(const struct exam_attempt *t, int64_t now_ms) {
    return !t->open || now_ms > t->deadline_ms + EXAM_GRACE_MS;
}

/* ---- Slots --------------------------------------------------------------------------------- */

/* One query by the key for each slot: reading all saves would take long when a client has sent
 * thousands. */
static enum err read_saves(struct db *db, struct arena *a, const struct exam_attempt *t,
                           struct exam_save **out, size_t *count) {
    struct exam_save *saves = NEW_ARRAY(a, struct exam_save, t->form.slot_count + 1);
    size_t n = 0;
    enum err e = OK;
    for (int slot = 1; slot <= t->form.slot_count && e == OK; slot++) {
        struct stmt *q;
        if (!db_one(db, &q, &e, SQL_exam_save_newest, "ti", t->id, (int64_t)slot)) {
            if (e == ERR_NOT_FOUND) e = OK;
            continue;
        }
        saves[n++] = (struct exam_save){.slot = slot,
                                        .seq = stmt_int(q, 0),
                                        .client = stmt_text(q, 1, a),
                                        .response = stmt_text(q, 2, a),
                                        .saved_ms = stmt_int(q, 3),
                                        .n = stmt_int(q, 4)};
        e = stmt_end(q);
    }
    *out = saves;
    *count = n;
    return e;
}

static enum err newest_saves(struct db *db, struct arena *a, const struct exam_attempt *t,
                             const struct exam_save ***out) {
    struct exam_save *saves;
    size_t count;
    *out = NEW_ARRAY(a, const struct exam_save *, t->form.slot_count + 1);
    enum err e = read_saves(db, a, t, &saves, &count);
    if (e == OK) exam_saves_fold(saves, count, t->form.slot_count, *out);
    return e;
}

enum err exam_slot_states(struct db *db, struct arena *a, const struct exam_attempt *t,
                          struct exam_slot_state **out) {
    const struct exam_save **newest;
    enum err e = newest_saves(db, a, t, &newest);
    if (e != OK) return e;
    struct exam_slot_state *states = *out = NEW_ARRAY(a, struct exam_slot_state,
                                                      t->form.slot_count + 1);
    for (int i = 0; i < t->form.slot_count; i++) states[i].newest = newest[i];
    struct stmt *q = db_query(db, SQL_exam_flags, "t", t->id);
    while (stmt_row(q)) {
        int64_t slot = stmt_int(q, 0);
        if (slot >= 1 && slot <= t->form.slot_count) states[slot - 1].flagged = stmt_int(q, 1);
    }
    return stmt_end(q);
}

bool exam_slot_answered(const struct exam_slot_state *m) {
    return m->newest && exam_answered(m->newest->response);
}

enum err exam_answers_digest(struct db *db, struct arena *a, const char *attempt_id, int slot_count,
                             char **out) {
    const struct exam_attempt t = {.id = attempt_id, .form.slot_count = slot_count};
    const struct exam_save **newest;
    struct buf b;
    enum err e = newest_saves(db, a, &t, &newest);
    if (e != OK) return e;
    buf_init(&b, a);
    for (int i = 0; i < slot_count; i++) {
        const struct exam_save *s = newest[i];
        if (!s) continue;
        buf_printf(&b, "%s[%d,%lld,%lld,", b.len ? "," : "[", i + 1, (long long)s->seq,
                   (long long)s->n);
        buf_json(&b, s->client);
        buf_putc(&b, ',');
        buf_json(&b, s->response);
        buf_printf(&b, ",%lld]", (long long)s->saved_ms);
    }
    buf_puts(&b, b.len ? "]" : "[]");
    *out = sha256_hex(a, b.data, b.len);
    return OK;
}

bool exam_slot_fits(const struct exam_slot *slot, const char *source, struct arena *a,
                    const struct exam_item **out) {
    struct exam_item *item = NEW(a, struct exam_item);
    *out = item;
    return source && str_eq(version_of(a, source, strlen(source)), slot->version) &&
           exam_item_parse(item, source, slot->domain, a) == OK && item->type == slot->type &&
           (!slot->type->shuffled || item->option_count == slot->option_count);
}

enum err exam_slot_item(struct exams *e, struct db *db, struct arena *a, const char *exam_id,
                        const struct exam_slot *slot, const struct exam_item **out) {
    const struct exam_unit *unit = e ? exams_hold(e, a, exam_id) : NULL;
    if (unit && (*out = exam_unit_item(unit, slot->item, slot->version))) return OK;
    struct stmt *q;
    enum err result;
    if (!db_one(db, &q, &result, SQL_exam_item_source, "tt", slot->item, slot->version))
        return result == ERR_NOT_FOUND ? ERR_IO : result;
    const char *source = stmt_text(q, 0, a);
    result = stmt_end(q);
    return result == OK && !exam_slot_fits(slot, source, a, out) ? ERR_IO : result;
}

/* ---- Scores -------------------------------------------------------------------------------- */

enum err exam_attempt_score(struct exams *e, struct db *db, struct arena *a,
                            const struct exam_attempt *t, struct exam_score *out) {
    const struct exam_save **newest;
    size_t slots = (size_t)t->form.slot_count + 1;
    const struct exam_item **items = NEW_ARRAY(a, const struct exam_item *, slots);
    const char **responses = NEW_ARRAY(a, const char *, slots);
    const struct exam_unit *unit = e ? exams_hold(e, a, t->exam_id) : NULL;
    enum err result = newest_saves(db, a, t, &newest);
    for (int i = 0; i < t->form.slot_count && result == OK; i++) {
        const struct exam_slot *slot = &t->form.slots[i];
        if (unit) items[i] = exam_unit_item(unit, slot->item, slot->version);
        if (!items[i]) result = exam_slot_item(NULL, db, a, t->exam_id, slot, &items[i]);
        responses[i] = newest[i] ? newest[i]->response : NULL;
    }
    if (result != OK) return result;
    exam_score(&t->form, items, responses, EXAM_SCORING_VERSION, t->cut_permille,
               unit ? unit->def.domains : NULL, unit ? unit->def.domain_count : 0, a, out);
    return OK;
}

/* ---- A person's attempts ------------------------------------------------------------------- */

static void add_seen(struct exam_seen *seen, const struct exam_form *form, struct arena *a) {
    size_t size = sizeof *seen->items;
    seen->items = arena_grow(a, seen->items, seen->count * size,
                             (seen->count + (size_t)form->slot_count) * size);
    for (int i = 0; i < form->slot_count; i++) seen->items[seen->count++] = form->slots[i].item;
}

/* A practice exam may be taken any number of times, and a start runs on the writer's thread. So it
 * reads no more attempts than the rules need, and avoids only the items of the newest forms. */
#define PAST_LOOKED_AT 512
#define PAST_AVOIDED 20

enum err exam_past_list(struct db *db, struct arena *a, const char *person_id, const char *exam_id,
                        struct exam_past **out, size_t *count, struct exam_seen *seen) {
    struct exam_past *past = NULL;
    size_t n = 0;
    if (seen) memset(seen, 0, sizeof *seen);
    struct stmt *q = db_query(db, SQL_exam_past, "tti", person_id, exam_id,
                              (int64_t)PAST_LOOKED_AT);
    while (stmt_row(q)) {
        past = list_more(a, past, n, sizeof *past);
        past[n++] = (struct exam_past){
            .start_ms = stmt_int(q, 1), .end_ms = stmt_int(q, 2), .passed = stmt_int(q, 3)};
        struct exam_form form;
        if (seen && n <= PAST_AVOIDED && exam_form_read(&form, stmt_text(q, 4, a), a) == OK)
            add_seen(seen, &form, a);
    }
    for (size_t i = 0; i < n / 2; i++) { /* oldest first */
        struct exam_past newer = past[i];
        past[i] = past[n - 1 - i];
        past[n - 1 - i] = newer;
    }
    *out = past;
    *count = n;
    return stmt_end(q);
}

enum err exam_extra_permille(struct db *db, const char *person_id, const char *exam_id, int *out) {
    struct stmt *q;
    enum err e;
    *out = 1000;
    if (!db_one(db, &q, &e, SQL_exam_accommodation_of, "tt", person_id, exam_id))
        return e == ERR_NOT_FOUND ? OK : e;
    *out = (int)stmt_int(q, 0);
    return stmt_end(q);
}

enum err exam_entry(struct db *db, struct arena *a, struct exam_entry *x, int64_t now_ms,
                    struct exam_seen *seen) {
    const struct exam_def *def = &x->unit->def;
    struct exam_past *past;
    size_t count;
    int64_t anew_ms = 0;
    enum err e = exam_extra_permille(db, x->person_id, def->id, &x->extra_permille);
    if (e == OK) e = exam_past_list(db, a, x->person_id, def->id, &past, &count, seen);
    if (e == OK && x->exams && x->exams->anew) {
        struct exam_anew_ask ask = {x->exams->app, x->content, x->person_id, def->id};
        e = x->exams->anew(db, a, &ask, now_ms, &anew_ms);
    }
    if (e != OK) return e;
    x->state = exam_may_start(def, past, count, anew_ms, x->extra_permille, now_ms, &x->when_ms);
    if (x->state == EXAM_START_OPEN || def->practice) return OK;
    e = exam_unit_problem(db, a, x->unit, &x->problem);
    if (e == OK && !x->problem) e = exam_past_problem(db, a, x->person_id, def->id, &x->problem);
    if (e != OK || !x->problem) return e;
    x->state = EXAM_START_CHANGED;
    x->when_ms = 0;
    return OK;
}

static void read_domains(struct exam_result *r, const char *json, const struct exam_unit *unit,
                         struct arena *a) {
    const char *why;
    const json_t *list = json_read(a, json, strlen(json), &why);
    r->domain_count = json_array_size(list);
    r->domains = NEW_ARRAY(a, struct exam_domain_result, r->domain_count + 1);
    for (size_t i = 0; i < r->domain_count; i++) {
        const json_t *row = json_array_get(list, i);
        const char *id = json_string_value(json_array_get(row, 0)),
                   *title = unit ? exam_domain_title(&unit->course, id) : NULL;
        r->domains[i] = (struct exam_domain_result){
            .id = id ? id : "",
            .title = title ? title
                     : id  ? id
                           : "",
            .correct = (int)json_integer_value(json_array_get(row, 1)),
            .total = (int)json_integer_value(json_array_get(row, 2)),
            .floor = (int)json_integer_value(json_array_get(row, 3))};
    }
}

enum err exam_results(struct db *db, struct arena *a, struct exams *e, const char *person_id,
                      const char *exam_id, struct exam_result **out, size_t *count) {
    struct exam_result *list = NULL;
    size_t n = 0;
    struct stmt *q = db_query(db, SQL_exam_results, "tt", person_id, exam_id);
    while (stmt_row(q)) {
        list = list_more(a, list, n, sizeof *list);
        struct exam_result *r = &list[n++];
        *r = (struct exam_result){.attempt_id = stmt_text(q, 0, a),
                                  .exam_id = stmt_text(q, 1, a),
                                  .exam_version = stmt_text(q, 2, a),
                                  .start_ms = stmt_int(q, 3),
                                  .practice = stmt_int(q, 4),
                                  .submitted_ms = stmt_int(q, 5),
                                  .by_deadline = str_eq(stmt_text(q, 6, a), "deadline"),
                                  .scoring_version = (int)stmt_int(q, 7),
                                  .correct = (int)stmt_int(q, 8),
                                  .total = (int)stmt_int(q, 9),
                                  .permille = (int)stmt_int(q, 10),
                                  .cut_permille = (int)stmt_int(q, 11),
                                  .scaled = (int)stmt_int(q, 12),
                                  .passed = stmt_int(q, 13),
                                  .steps = (int)stmt_int(q, 15),
                                  .minutes = (int)stmt_int(q, 16)};
        read_domains(r, stmt_text(q, 14, a), e ? exams_hold(e, a, r->exam_id) : NULL, a);
    }
    *out = list;
    *count = n;
    return stmt_end(q);
}

enum err exam_open_attempts(struct db *db, struct arena *a, const char *person_id,
                            struct exam_open_attempt **out, size_t *count) {
    struct exam_open_attempt *list = NULL;
    size_t n = 0;
    struct stmt *q = db_query(db, SQL_exam_open_list, "t", person_id);
    while (stmt_row(q)) {
        list = list_more(a, list, n, sizeof *list);
        list[n++] = (struct exam_open_attempt){.attempt_id = stmt_text(q, 0, a),
                                               .exam_id = stmt_text(q, 1, a),
                                               .start_ms = stmt_int(q, 2),
                                               .deadline_ms = stmt_int(q, 3),
                                               .total = exam_shape_slots(stmt_text(q, 4, a))};
    }
    enum err e = stmt_end(q);
    for (size_t i = 0; i < n && e == OK; i++) {
        struct exam_attempt t = {.id = list[i].attempt_id, .form.slot_count = list[i].total};
        const struct exam_save **newest;
        e = newest_saves(db, a, &t, &newest);
        for (int k = 0; k < list[i].total && e == OK; k++)
            list[i].answered += newest[k] && exam_answered(newest[k]->response);
    }
    *out = list;
    *count = n;
    return e;
}
