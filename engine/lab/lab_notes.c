/* What assessors note at the steps of a run: facts that are appended, shown in its replay and with
 * its case. */
#include <string.h>

#include "account/account.h"
#include "audit/audit.h"
#include "base/codec.h"
#include "base/text.h"
#include "lab/lab_pages.h"
#include "lab/lab_sql.h"
#include "lab/lab_store.h"

#define NOTE_CHARACTERS 2000
#define NOTES_MAX 200 /* of a run */

enum err lab_notes(struct db *db, struct arena *a, const char *run_id,
                   struct lab_evidence_note **out, size_t *count) {
    struct stmt *q = db_query(db, SQL_lab_notes, "ti", run_id, (int64_t)NOTES_MAX);
    *out = NULL;
    *count = 0;
    while (stmt_row(q)) {
        *out = list_more(a, *out, *count, sizeof **out);
        (*out)[(*count)++] = (struct lab_evidence_note){.seq = stmt_int(q, 0),
                                                        .at_ms = stmt_int(q, 1),
                                                        .author = stmt_text(q, 2, a),
                                                        .shown = stmt_int(q, 3) != 0,
                                                        .text = stmt_text(q, 4, a)};
    }
    enum err e = stmt_end(q);
    for (size_t i = 0; i < *count && e == OK; i++) {
        struct person author;
        e = account_find(db, a, (*out)[i].author, &author);
        if (e == OK) (*out)[i].author = author.name;
    }
    return e;
}

struct note {
    struct screen *s;
    int64_t seq, step;
    bool shown;
    const char *text;
};

static enum err add(struct db *db, struct arena *a, void *arg, int64_t now_ms) {
    const struct note *n = arg;
    const char *run_id = n->s->ask.run.id;
    struct lab_action action;
    struct stmt *q;
    int64_t count = 0;
    enum err e = lab_store_action(db, a, run_id, n->seq, &action);
    if (e == OK && db_one(db, &q, &e, SQL_lab_notes_count, "t", run_id)) {
        count = stmt_int(q, 0);
        e = stmt_end(q);
    }
    if (e == OK && count >= NOTES_MAX) e = ERR_LIMIT;
    if (e == OK)
        e = db_run(db, SQL_lab_note_add, "ttiitit", id_new(a, now_ms), run_id, n->seq, now_ms,
                   n->s->ask.actor_id, (int64_t)n->shown, n->text);
    /* The log has that there is a note, its digest and not its words. */
    return e == OK ? audit_append(db, a, now_ms, n->s->ask.actor_id, "lab.note", run_id,
                                  arena_printf(a, "{\"action\":%lld,\"shown\":%s,\"text\":\"%s\"}",
                                               (long long)n->seq, n->shown ? "true" : "false",
                                               sha256_hex(a, n->text, strlen(n->text))))
                   : e;
}

static enum err added(struct request *r, void *arg, enum err result) {
    const struct note *n = arg;
    if (result == ERR_LIMIT) return http_refuse(r, ERR_CONFLICT, "lab_note_full", NULL);
    if (result == ERR_NOT_FOUND) return http_refuse(r, ERR_INVALID, "lab_form_broken", NULL);
    if (result) return http_refuse(r, result, "lab_not_saved", NULL);
    return http_redirect(r, screen_href(n->s, arena_printf(r->arena, "/replay?step=%lld#state",
                                                           (long long)n->step)));
}

/* RULE lab-note: an assessor who may see the run, and does not own it, notes up to 2,000 characters
 * at an action of its record. A note is never changed. */
enum err lab_note_post(struct request *r) {
    struct note *n = NEW(r->arena, struct note);
    enum err e = screen_open(r, &n->s);
    if (e) return e;
    if (n->s->owner) return http_refuse(r, ERR_DENIED, "lab_note_own", NULL);
    const char *text = http_field(r, "text"), *seq = http_field(r, "seq"),
               *step = http_field(r, "step");
    if (!seq || !parse_i64(seq, 1, LAB_ACTIONS_MAX, &n->seq) || !step ||
        !parse_i64(step, 1, LAB_ACTIONS_MAX, &n->step))
        return http_refuse(r, ERR_INVALID, "lab_form_broken", NULL);
    n->text = text ? str_trim(r->arena, text) : "";
    n->shown = http_field(r, "shown") != NULL;
    if (!*n->text || utf8_count(n->text) > NOTE_CHARACTERS)
        return http_refuse(r, ERR_INVALID, "lab_note_wrong", NULL);
    return http_write(r, add, n, added);
}
