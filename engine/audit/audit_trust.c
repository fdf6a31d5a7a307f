/* Which rows of the log have to be signed, whether they are, and whether the key is the academy's.
 */
#include <inttypes.h>
#include <string.h>

#include "audit/audit_private.h"
#include "audit/audit_sql.h"
#include "base/json.h"
#include "base/text.h"

/* ---- What has to be signed ------------------------------------------------------------------- */

static bool has_prefix_of(const char *action, const char *const *prefixes, size_t count) {
    for (size_t i = 0; i < count; i++)
        if (str_has_prefix(action, prefixes[i])) return true;
    return false;
}

/* Actions that decisions, pages or certificates are based on. */
static bool is_fact(const char *action) {
    static const char *const facts[] = {"cert.",   "exam.",  "lab.pass", "lab.pack", "person.",
                                        "cohort.", "clock.", "content.", "seal."};
    return has_prefix_of(action, facts, COUNT_OF(facts));
}

/* RULE audit-sign */
bool audit_is_important(const char *action) {
    static const char *const academy[] = {"academy.", "audit."};
    return is_fact(action) || has_prefix_of(action, academy, COUNT_OF(academy));
}

bool audit_must_be_signed(const char *actor, const char *action, bool begun) {
    if (!actor || !action) return false;          /* a damaged row: its hash shows that */
    if (str_eq(action, "cert.key")) return false; /* the old key may be lost */
    if (begun ? is_fact(action) : str_has_prefix(action, "cert.")) return true;
    return str_eq(action, AUDIT_SIGNS) ||
           (str_eq(action, "person.roles") && !str_eq(actor, "system"));
}

/* The versions that sign also log the index on the status list. So a log does not pass for one that
 * was never signed when somebody removes all signed heads. */
bool audit_row_implies_signing(const struct audit_row *row) {
    return row->action && row->detail && str_has_prefix(row->action, "cert.") &&
           strstr(row->detail, ",\"index\":");
}

enum err audit_signing_start(struct db *db, int64_t *seq) {
    struct stmt *q;
    enum err e;
    *seq = 0;
    if (!db_one(db, &q, &e, SQL_audit_signs, "")) return e == ERR_NOT_FOUND ? OK : e;
    *seq = stmt_int(q, 0);
    return stmt_end(q);
}

/* Whether this row, which has to be signed once signing has begun, has to be by its place in the
 * log. */
static enum err has_to_be(struct db *db, const struct audit_row *row, bool *must) {
    struct stmt *q;
    enum err e;
    int64_t from;
    *must = false;
    e = audit_signing_start(db, &from);
    if (e != OK) return e;
    bool begun = from && row->seq > from;
    *must = audit_must_be_signed(row->actor, row->action, begun);
    if (!*must || begun || audit_row_implies_signing(row)) return OK;
    *must = from == row->seq;
    if (*must) return OK;
    if (!db_one(db, &q, &e, SQL_audit_signed_first, "")) return e == ERR_NOT_FOUND ? OK : e;
    *must = row->seq > stmt_int(q, 0);
    return stmt_end(q);
}

enum err audit_row_signed(struct db *db, struct arena *a, const struct audit_row *row,
                          const char **key, const char **problem) {
    struct audit_signed_head head;
    bool must = false, untrusted = false;
    *key = *problem = NULL;
    if (!audit_must_be_signed(row->actor, row->action, true)) return OK;
    enum err e = audit_signed_find(db, a, row->seq, &head);
    if (e == ERR_NOT_FOUND) {
        e = has_to_be(db, row, &must);
        if (e == OK && must) *problem = AUDIT_UNSIGNED;
        return e;
    }
    if (e != OK) return e;
    if (!str_eq(head.hash, row->hash) || !audit_signature_valid(a, &head))
        *problem = AUDIT_UNSIGNED;
    else e = audit_key_untrusted(db, a, head.key, row->seq, &untrusted);
    if (untrusted) *problem = AUDIT_UNTRUSTED;
    if (!*problem) *key = head.key;
    return e;
}

enum err audit_rows_signed(struct db *db, struct arena *a, const struct audit_row *rows,
                           size_t count, const char **problem) {
    enum err e = OK;
    const char *key;
    *problem = NULL;
    for (size_t i = 0; e == OK && !*problem && i < count; i++) {
        e = audit_row_signed(db, a, &rows[i], &key, problem);
        if (e == OK && *problem)
            *problem = arena_printf(a, "row %" PRId64 " of the audit log %s", rows[i].seq,
                                    *problem);
    }
    return e;
}

/* ---- Whose key it is ------------------------------------------------------------------------- */

/* The first row that one of the academy's keys signed, INT64_MAX when there is none. Looked up
 * once. */
static enum err first_known(struct db *db, struct arena *a, int64_t *seq) {
    bool anybody;
    *seq = audit_signer_first(0);
    if (*seq) return OK;
    *seq = INT64_MAX;
    struct stmt *q = db_query(db, SQL_audit_signed_keys, "");
    while (stmt_row(q))
        if (stmt_int(q, 0) < *seq && audit_signer_knows(stmt_text(q, 1, a), &anybody))
            *seq = stmt_int(q, 0);
    enum err e = stmt_end(q);
    if (e == OK) audit_signer_first(*seq);
    return e;
}

/* Whether the row has a signed head, valid and by one of the academy's keys. */
static enum err signed_here(struct db *db, struct arena *a, const struct audit_row *row,
                            bool *is_signed) {
    struct audit_signed_head head;
    bool anybody;
    enum err e = audit_signed_find(db, a, row->seq, &head);
    *is_signed = e == OK && audit_signer_knows(head.key, &anybody) &&
                 str_eq(head.hash, row->hash) && audit_signature_valid(a, &head);
    return e == ERR_NOT_FOUND ? OK : e;
}

enum err audit_key_untrusted(struct db *db, struct arena *a, const char *key, int64_t seq,
                             bool *untrusted) {
    struct audit_row *rows;
    size_t count;
    int64_t first;
    bool anybody, known = audit_signer_knows(key, &anybody), announced = false;
    *untrusted = false;
    if (known || !anybody) return OK;
    enum err e = first_known(db, a, &first);
    if (e != OK || seq <= first) return e;
    e = audit_list(db, a, key ? key : "", 0, 10, &rows, &count);
    for (size_t i = 0; e == OK && !announced && i < count; i++)
        if (str_eq(rows[i].action, "cert.key")) e = signed_here(db, a, &rows[i], &announced);
    *untrusted = e == OK && !announced;
    return e;
}

enum err audit_accepted(struct db *db, struct arena *a, const char *person_id, const char *roles,
                        bool *accepted) {
    struct audit_row *rows;
    size_t count;
    int64_t from, before = 0;
    *accepted = false;
    enum err e = audit_signing_start(db, &from);
    do {
        if (e == OK) e = audit_list(db, a, "audit", before, 100, &rows, &count);
        for (size_t i = 0; e == OK && !*accepted && i < count; i++) {
            const char *why;
            before = rows[i].seq;
            if (!str_eq(rows[i].action, AUDIT_ACCEPT) || !rows[i].detail) continue;
            const json_t *people = json_object_get(
                json_read(a, rows[i].detail, strlen(rows[i].detail), &why), "people");
            if (!str_eq(json_string_value(json_object_get(people, person_id)), roles)) continue;
            *accepted = !from || rows[i].seq < from;
            if (!*accepted) e = signed_here(db, a, &rows[i], accepted);
        }
    } while (e == OK && !*accepted && count == 100);
    return e;
}
