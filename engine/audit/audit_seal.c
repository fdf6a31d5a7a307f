/* From which row of the log on rows of other tables have to be sealed (RULE seal-begins). */
#include <inttypes.h>
#include <string.h>

#include "audit/audit_private.h"
#include "audit/audit_sql.h"
#include "base/buf.h"
#include "base/json.h"
#include "base/text.h"
#include "store/seal.h"

/* What the log says of the key of seals. */
struct seals_logged {
    int64_t first;  /* the first signed row; 0: there is none */
    int64_t newest; /* the newest signed row */
    bool any;       /* there is a row, signed or not */
    bool ours;      /* the newest signed row names the key that is here */
};

static enum err note_row(struct db *db, struct arena *a, const struct audit_row *row,
                         struct seals_logged *out) {
    const char *key, *problem, *why;
    out->any = true;
    enum err e = audit_row_signed(db, a, row, &key, &problem);
    if (e != OK || problem) return e;
    const json_t *detail = row->detail ? json_read(a, row->detail, strlen(row->detail), &why)
                                       : NULL;
    const char *named = json_string_value(json_object_get(detail, "key"));
    if (!out->first) out->first = row->seq;
    out->newest = row->seq;
    out->ours = named && str_eq(named, seal_fingerprint(db));
    return OK;
}

static enum err read_logged(struct db *db, struct arena *a, struct seals_logged *out) {
    struct audit_row *rows = NULL;
    size_t count = 0;
    *out = (struct seals_logged){0};
    struct stmt *q = db_query(db, SQL_audit_seal_begins, "");
    while (stmt_row(q)) {
        rows = list_more(a, rows, count, sizeof *rows);
        rows[count++] = audit_row_read(q, a);
    }
    enum err e = stmt_end(q);
    for (size_t i = 0; e == OK && i < count; i++) e = note_row(db, a, &rows[i], out);
    return e;
}

enum err audit_sealed_from(struct db *db, struct arena *a, int64_t *seq) {
    struct seals_logged logged;
    *seq = seal_begun(db);
    if (*seq || !seal_fingerprint(db)) return OK;
    enum err e = read_logged(db, a, &logged);
    if (e != OK) return e;
    if (!logged.ours) return OK; /* audit_seal_problem says so */
    *seq = logged.newest;
    seal_begin(db, *seq); /* what comes behind it names no other key */
    return OK;
}

/* ---- Beginning ------------------------------------------------------------------------------- */

static enum err begin(struct db *db, struct arena *a, int64_t now_ms, const char *by,
                      const char *reason) {
    struct audit_head last;
    struct buf b;
    buf_init(&b, a);
    buf_printf(&b, "{\"key\":\"%s\"", seal_fingerprint(db));
    if (reason) {
        buf_puts(&b, ",\"by\":");
        buf_json(&b, by);
        buf_puts(&b, ",\"reason\":");
        buf_json(&b, reason);
    }
    buf_putc(&b, '}');
    enum err e = audit_append(db, a, now_ms, "system", AUDIT_SEAL_BEGINS, AUDIT_SEAL_SUBJECT,
                              buf_text(&b));
    if (e == OK) e = audit_last(db, a, &last);
    if (e == OK) seal_begin(db, last.seq);
    return e;
}

/* As a server reads it at its start, to its end. */
static bool log_holds(struct db *db, struct arena *a) {
    return audit_verify_newest(db, a, NEW(a, struct audit_report)) == OK;
}

static enum err was_accepted(struct db *db, bool *accepted) {
    struct stmt *q;
    enum err e;
    *accepted = db_one(db, &q, &e, SQL_audit_accepted, "");
    return *accepted ? stmt_end(q) : e == ERR_NOT_FOUND ? OK : e;
}

/* RULE seal-once: at a start rows are sealed as they stand when the log never told of a key, and
 * the key's file does not say that it was used. What may be missing in the log, or was put into it,
 * makes an academy that has had a key look so: then somebody has to say it. */
static enum err may_begin(struct db *db, struct arena *a, const struct seals_logged *logged,
                          bool *out) {
    bool accepted;
    *out = false;
    if (logged->any || seal_key_used(db)) return OK;
    enum err e = was_accepted(db, &accepted);
    *out = e == OK && !accepted && log_holds(db, a);
    return e;
}

enum err audit_seal_begin(struct db *db, struct arena *a, int64_t now_ms, bool *anew) {
    struct seals_logged logged;
    *anew = false;
    enum err e = read_logged(db, a, &logged);
    if (e == OK && logged.first) seal_begin(db, logged.ours ? logged.newest : logged.first);
    if (e == OK && !logged.ours) e = may_begin(db, a, &logged, anew);
    return e == OK && *anew ? begin(db, a, now_ms, NULL, NULL) : e;
}

enum err audit_seal_anew(struct db *db, struct arena *a, int64_t now_ms, const char *by,
                         const char *reason) {
    struct seals_logged logged;
    enum err e = read_logged(db, a, &logged);
    if (e != OK) return e;
    if (logged.ours) return ERR_CONFLICT;
    return log_holds(db, a) ? begin(db, a, now_ms, by, reason) : ERR_INVALID;
}

enum err audit_seal_problem(struct db *db, struct arena *a, const char **problem) {
    struct seals_logged logged;
    *problem = NULL;
    enum err e = read_logged(db, a, &logged);
    if (e != OK || logged.ours) return e;
    if (logged.first)
        *problem = arena_printf(a,
                                "The key of the rows' seals (seal.key) that row %" PRId64
                                " of the audit log names is not here, %s: what was sealed with it "
                                "cannot be checked. " AUDIT_SEAL_ADVICE,
                                logged.newest,
                                seal_fingerprint(db) ? "but another" : "or cannot be read");
    else if (logged.any)
        *problem = "The audit log names a key of the rows' seals (seal.key) only in rows that the "
                   "academy did not sign.";
    else if (seal_key_used(db))
        *problem = "Rows were sealed with the key that is here (seal.key), and the audit log does "
                   "not tell of it: the log, or some of its rows, were taken away. Restore a "
                   "backup, or, when what is on record is right, say so with gradus audit seal "
                   "--reason TEXT while no server runs";
    return e;
}
