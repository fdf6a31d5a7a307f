/* The chain: how a row's hash is made, appended, and read again. */
#include "audit/audit_private.h"

#include <inttypes.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>

#include "audit/audit_sql.h"
#include "base/buf.h"
#include "base/log.h"
#include "base/text.h"

static const char no_hash[] = "0000000000000000000000000000000000000000000000000000000000000000";

static void put_text(struct buf *b, const char *text) {
    if (text) buf_json(b, text);
    else buf_puts(b, "null"); /* but for `detail`, of a damaged row alone */
}

static const char *row_hash(struct arena *a, const struct audit_row *row, const char *before) {
    struct buf b;
    buf_init(&b, a);
    buf_printf(&b, "[%" PRId64 ",%" PRId64 ",", row->seq, row->at_ms);
    put_text(&b, row->actor);
    buf_putc(&b, ',');
    put_text(&b, row->action);
    buf_putc(&b, ',');
    put_text(&b, row->subject);
    buf_putc(&b, ',');
    put_text(&b, row->detail);
    buf_printf(&b, ",\"%s\"]", before);
    return sha256_hex(a, b.data, b.len);
}

/* ---- Appending ------------------------------------------------------------------------------ */

/* RULE audit-head: a log that is behind its head has lost rows; to append would give their numbers
 * to others. */
static enum err check_behind(struct db *db, struct arena *a, int64_t last) {
    struct audit_head head;
    const char *path = audit_head_path(a, db_path(db)), *ignored;
    if (audit_head_read(a, path, &head, &ignored) != OK || head.seq <= last) return OK;
    log_say(LOG_ERROR, "audit_head",
            "the audit log ends with row %" PRId64 ", but row %" PRId64
            " was written (%s): nothing is appended",
            last, head.seq, path);
    return ERR_IO;
}

enum err audit_append(struct db *db, struct arena *a, int64_t now_ms, const char *actor,
                      const char *action, const char *subject, const char *detail) {
    struct audit_head last;
    enum err e = audit_last(db, a, &last);
    return e == OK ? audit_append_behind(db, a, &last, now_ms, actor, action, subject, detail) : e;
}

enum err audit_append_behind(struct db *db, struct arena *a, const struct audit_head *last,
                             int64_t now_ms, const char *actor, const char *action,
                             const char *subject, const char *detail) {
    if (!actor || !action || !subject) return ERR_INVALID; /* a damaged row may have lacked one */
    if (detail && strlen(detail) > AUDIT_DETAIL_MAX) return ERR_LIMIT;
    struct audit_row row = {
        .at_ms = now_ms, .actor = actor, .action = action, .subject = subject, .detail = detail};
    /* What is still to be written while the keys are closed is not done: nobody was told of it. */
    if (audit_must_be_signed(actor, action, true) && audit_signer_ended()) return ERR_BUSY;
    enum err e = check_behind(db, a, last->seq);
    if (e != OK) return e;
    row.seq = last->seq + 1;
    row.hash = row_hash(a, &row, last->hash);
    e = db_run(db, SQL_audit_add, "iittttt", row.seq, row.at_ms, actor, action, subject, detail,
               row.hash);
    if (e == OK) e = audit_sign_fact(db, a, &row);
    if (e != OK) return e;
    struct audit_head head = {.seq = row.seq};
    memcpy(head.hash, row.hash, sizeof head.hash);
    db_on_commit(db, audit_head_write, &head, sizeof head);
    return OK;
}

/* ---- Reading -------------------------------------------------------------------------------- */

struct audit_row audit_row_read(struct stmt *q, struct arena *a) {
    return (struct audit_row){.seq = stmt_int(q, 0),
                              .at_ms = stmt_int(q, 1),
                              .actor = stmt_text(q, 2, a),
                              .action = stmt_text(q, 3, a),
                              .subject = stmt_text(q, 4, a),
                              .detail = stmt_text(q, 5, a),
                              .hash = stmt_text(q, 6, a)};
}

enum err audit_list(struct db *db, struct arena *a, const char *subject, int64_t before_seq,
                    int limit, struct audit_row **rows, size_t *count) {
    BUG_IF(limit < 1 || limit > 1000); /* callers give constants */
    *rows = NEW_ARRAY(a, struct audit_row, (size_t)limit);
    *count = 0;
    int64_t before = before_seq > 0 ? before_seq : INT64_MAX;
    struct stmt *q = subject ? db_query(db, SQL_audit_newest_of_subject, "tii", subject, before,
                                        (int64_t)limit)
                             : db_query(db, SQL_audit_newest, "ii", before, (int64_t)limit);
    while (*count < (size_t)limit && stmt_row(q)) (*rows)[(*count)++] = audit_row_read(q, a);
    return stmt_end(q);
}

enum err audit_last(struct db *db, struct arena *a, struct audit_head *out) {
    struct stmt *q;
    enum err e;
    memset(out, 0, sizeof *out);
    memcpy(out->hash, no_hash, sizeof no_hash);
    if (!db_one(db, &q, &e, SQL_audit_last, "")) return e == ERR_NOT_FOUND ? OK : e;
    const char *hash = stmt_text(q, 1, a);
    out->seq = stmt_int(q, 0);
    snprintf(out->hash, sizeof out->hash, "%s", hash ? hash : "");
    return stmt_end(q);
}

enum err audit_hash_of(struct db *db, struct arena *a, int64_t seq, const char **hash) {
    struct stmt *q;
    enum err e;
    *hash = NULL;
    if (!db_one(db, &q, &e, SQL_audit_hash_of, "i", seq)) return e == ERR_NOT_FOUND ? OK : e;
    *hash = stmt_text(q, 0, a);
    return stmt_end(q);
}

/* The state of reading the chain. */
struct walk {
    struct stmt *q;
    const struct audit_head *head; /* NULL: none to compare with */
    struct audit_signed_walk signatures;
    struct audit_report *out;
    struct arena *arena;     /* of the report */
    const atomic_bool *stop; /* NULL: nobody can ask */
    enum err failure;        /* memory was short, or it was to stop: nothing can be said */
    bool begun;              /* signing has begun, so that facts need signed heads */
    bool all;                /* all of RULE audit-signed */
    int64_t expected;        /* number of the row that must come next */
    /* Hash of the row before, made anew from what stands in it, and so on the one before that. Up
     * to the first row that does not fit it is the hash that is kept. */
    char before[SHA256_HEX_BYTES];
    const char *problem;         /* of the first row that does not fit (static) */
    int64_t bad;                 /* its number */
    char fits[SHA256_HEX_BYTES]; /* hash of the row before it */
};

static void note_unsigned(struct walk *w, const struct audit_row *row) {
    struct audit_report *out = w->out;
    bool is_signed = w->signatures.found;
    w->all |= str_eq(row->action, AUDIT_SIGNS) && str_eq(row->subject, AUDIT_SIGNS_SUBJECT);
    w->begun |= is_signed || w->all || audit_row_implies_signing(row);
    if (is_signed || !w->begun || !audit_must_be_signed(row->actor, row->action, w->all)) return;
    if (out->unsigned_count < AUDIT_UNSIGNED_LISTED)
        out->unsigned_rows[out->unsigned_count] = row->seq;
    out->unsigned_count++;
}

/* "Row 7, 9 and 3 more of the audit log …" */
static const char *unsigned_sentence(struct arena *a, const struct audit_report *r) {
    struct buf b;
    buf_init(&b, a);
    for (int64_t i = 0; i < r->unsigned_count && i < AUDIT_UNSIGNED_LISTED; i++)
        buf_printf(&b, "%s%" PRId64, i ? ", " : "", r->unsigned_rows[i]);
    if (r->unsigned_count > AUDIT_UNSIGNED_LISTED)
        buf_printf(&b, " and %" PRId64 " more", r->unsigned_count - AUDIT_UNSIGNED_LISTED);
    return r->unsigned_count == 1
               ? arena_printf(a, "Row %s of the audit log " AUDIT_UNSIGNED ".", buf_text(&b))
               : arena_printf(a,
                              "Rows %s of the audit log are not signed by the academy: they were "
                              "written past the program.",
                              buf_text(&b));
}

/* What does not fit in this row, whose hash, made anew, is `hash`; `place`: where it stands. */
static const char *row_problem(struct walk *w, const struct audit_row *row, const char *hash,
                               const char *place) {
    const char *problem = audit_signed_walk_row(&w->signatures, w->arena, row->seq, row->hash,
                                                w->out);
    if (place) return place;
    if (!row->actor || !row->action || !row->subject || !str_eq(row->hash, hash))
        return "was changed, or put in another's place";
    if (w->head && w->head->seq == row->seq && !str_eq(w->head->hash, row->hash))
        return "is not the row that was written (its hash differs from the head file)";
    return problem;
}

/* RULE audit-accept: its hash rests on all that stood in the log when it was said, as it stood
 * there, so that what was changed afterwards is not accepted. Whoever has no key cannot say so. */
static bool accepts(const struct walk *w, const struct audit_row *row, const char *hash) {
    return str_eq(row->action, AUDIT_ACCEPT) && str_eq(row->hash, hash) &&
           (w->signatures.known || !w->begun);
}

static void check_row(struct walk *w, struct arena *scratch) {
    struct audit_row row = audit_row_read(w->q, scratch);
    const char *hash = row_hash(scratch, &row, w->before);
    const char *place = row.seq > w->expected   ? "is missing"
                        : row.seq < w->expected ? "stands where no row may stand"
                                                : NULL;
    const char *problem = row_problem(w, &row, hash, place);
    if (problem && !w->problem) {
        w->problem = problem;
        w->bad = w->expected;
        memcpy(w->fits, w->before, sizeof w->fits);
    }
    note_unsigned(w, &row);
    memcpy(w->before, hash, sizeof w->before);
    w->expected = row.seq + 1;
    if (!accepts(w, &row, hash)) return;
    w->problem = NULL;
    w->out->unsigned_count = 0;
}

/* A row in memory of its own, so that a log of any length can be read; a row that is too large
 * was not written by us. */
/* RULE stop-soon */
static void check_row_within(struct walk *w) {
    struct arena scratch;
    if (w->stop && atomic_load(w->stop)) {
        w->failure = ERR_BUSY;
        return;
    }
    arena_init(&scratch, 64 * AUDIT_DETAIL_MAX);
    if (ARENA_GUARD(&scratch) == 0) check_row(w, &scratch);
    else if (scratch.starved) w->failure = ERR_BUSY;
    else {
        if (!w->problem) {
            w->problem = "is larger than any that is written";
            w->bad = w->expected;
            memcpy(w->fits, w->before, sizeof w->fits);
        }
        w->expected++;
    }
    arena_release(&scratch);
}

/* In a snapshot the head may be ahead of the log, which has grown meanwhile. So this checks the
 * newest state: OK when the row of the head exists, ERR_INVALID when it does not. Another error
 * with a sentence: it could not be checked. */
static enum err find_head(struct arena *a, const char *database, const struct audit_head *head,
                          const char **why) {
    struct store *s = NULL;
    const char *hash = NULL;
    struct store_options options = {.path = database, .read_only = true};
    enum err e = store_open(&s, &options, a, why);
    if (e != OK) return e == ERR_INVALID || e == ERR_NOT_FOUND ? ERR_IO : e;
    struct db *db = store_reader(s);
    e = db ? audit_hash_of(db, a, head->seq, &hash) : ERR_IO;
    store_close(s, 0);
    if (e == OK) return str_eq(hash, head->hash) ? OK : ERR_INVALID;
    *why = "The newest rows of the audit log cannot be read.";
    return e;
}

static enum err walk_log(struct db *db, struct walk *w, bool newest_only, int64_t *unmet) {
    memcpy(w->before, no_hash, sizeof w->before);
    /* Both statements are open at once, so that they see one state. */
    audit_signed_walk_begin(&w->signatures, db, newest_only);
    /* From the smallest number there is: a row 0 or -1 would be somebody else's. */
    w->q = db_query(db, SQL_audit_chain, "i", INT64_MIN);
    while (w->failure == OK && w->signatures.failure == OK && stmt_row(w->q)) check_row_within(w);
    enum err e = stmt_end(w->q), signatures = audit_signed_walk_end(&w->signatures, unmet);
    return e != OK ? e : w->failure != OK ? w->failure : signatures;
}

/* The sentence for a log that ends before the row that the head file, or a signed head, names. */
static const char *cut_off_sentence(struct arena *a, const char *path, int64_t rows,
                                    int64_t further, const char *how) {
    return arena_printf(a,
                        "The audit log ends with row %" PRId64 ", but row %" PRId64
                        " was %s (%s): its end was cut off.",
                        rows, further, how, path);
}

/* RULE audit-stranger */
static enum err find_untrusted_key(struct db *db, struct arena *a, struct audit_report *out) {
    enum err e = OK;
    for (size_t i = 0; e == OK && !out->problem && i < out->key_count; i++) {
        bool untrusted;
        e = audit_key_untrusted(db, a, out->keys[i], out->key_rows[i], &untrusted);
        if (e != OK || !untrusted) continue;
        out->first_bad = out->key_rows[i];
        out->problem = arena_printf(a,
                                    "Row %" PRId64 " of the audit log " AUDIT_UNTRUSTED " (%.80s).",
                                    out->first_bad, out->keys[i]);
    }
    return e;
}

/* The newest signature rests on all rows before it, so that nobody has to look at the others to
 * know that none of these was changed. */
static enum err verify(struct db *db, struct arena *a, bool newest_only, const atomic_bool *stop,
                       struct walk *w, struct audit_report *out) {
    memset(out, 0, sizeof *out);
    struct audit_head head;
    const char *path = audit_head_path(a, db_path(db)), *why = NULL;
    int64_t unmet;
    enum err found = audit_head_read(a, path, &head, &why);
    out->head_checked = found == OK;
    *w = (struct walk){
        .head = found == OK ? &head : NULL, .stop = stop, .expected = 1, .out = out, .arena = a};
    enum err e = walk_log(db, w, newest_only, &unmet);
    if (e != OK) return e;
    out->rows = w->problem ? w->bad - 1 : w->expected - 1;
    memcpy(out->head, w->problem ? w->fits : w->before, sizeof out->head);
    if (w->problem)
        out->problem = arena_printf(a, "Row %" PRId64 " of the audit log %s.", w->bad, w->problem);
    else if (unmet) out->problem = cut_off_sentence(a, path, out->rows, unmet, "signed");
    else if (out->unsigned_count) {
        out->problem = unsigned_sentence(a, out);
        out->first_bad = out->unsigned_rows[0];
        return ERR_INVALID;
    } else if (found == OK && head.seq > out->rows) {
        e = find_head(a, db_path(db), &head, &out->problem);
        if (e == ERR_INVALID)
            out->problem = cut_off_sentence(a, path, out->rows, head.seq, "written");
        else if (e != OK) return e;
    } else if (found == ERR_NOT_FOUND || found == ERR_INVALID) {
        /* Checks the newest state, not the snapshot: without a readable head nothing else can be
         * said. */
        e = audit_head_problem(db, a, &out->problem);
        return e == OK && out->problem ? ERR_INVALID : e;
    } else if (found != OK) {
        out->problem = why;
        return found;
    }
    if (out->problem) {
        out->first_bad = w->problem ? w->bad : w->expected;
        return ERR_INVALID;
    }
    e = find_untrusted_key(db, a, out);
    return e == OK && out->problem ? ERR_INVALID : e;
}

enum err audit_verify(struct db *db, struct arena *a, struct audit_report *out) {
    return audit_verify_until(db, a, NULL, out);
}

enum err audit_verify_until(struct db *db, struct arena *a, const atomic_bool *stop,
                            struct audit_report *out) {
    struct walk w;
    return verify(db, a, false, stop, &w, out);
}

enum err audit_verify_newest(struct db *db, struct arena *a, struct audit_report *out) {
    struct walk w;
    return verify(db, a, true, NULL, &w, out);
}

enum err audit_stands(struct db *db, struct arena *a, struct audit_head *end,
                      struct audit_report *out) {
    struct walk w;
    enum err e = verify(db, a, false, NULL, &w, out);
    end->seq = w.expected - 1;
    memcpy(end->hash, w.before, sizeof end->hash);
    return e;
}

/* ---- Whether it can be believed now ---------------------------------------------------------- */

static atomic_bool broken;
static atomic_int_least64_t last_read;

void audit_found(bool holds, int64_t read_to) {
    atomic_store(&last_read, read_to);
    atomic_store(&broken, !holds);
}

bool audit_holds(void) { return !atomic_load(&broken); }

int64_t audit_read_to(void) { return atomic_load(&last_read); }
