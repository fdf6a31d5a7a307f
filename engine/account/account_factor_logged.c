/* Whether a second factor is the one that the audit log tells (RULE logged-factor). */
#include <string.h>

#include "account/account_factor.h"
#include "account/account_sql.h"
#include "audit/audit.h"
#include "base/buf.h"
#include "base/codec.h"
#include "base/json.h"
#include "base/text.h"

static const char *text_of(struct arena *a, const struct audit_row *row, const char *member) {
    const char *why;
    const json_t *detail = row->detail ? json_read(a, row->detail, strlen(row->detail), &why)
                                       : NULL;
    return json_string_value(json_object_get(detail, member));
}

static enum err read_rows(struct db *db, struct arena *a, const char *person_id,
                          struct audit_row **rows, size_t *count) {
    struct stmt *q = db_query(db, SQL_account_factor_logged, "t", person_id);
    *rows = NULL;
    for (*count = 0; stmt_row(q); (*count)++) {
        *rows = list_more(a, *rows, *count, sizeof **rows);
        (*rows)[*count] = audit_row_read(q, a);
    }
    return stmt_end(q);
}

/* The newest row that begins or ends one; NULL: none does. */
static const struct audit_row *newest(const struct audit_row *rows, size_t count) {
    for (size_t i = count; i > 0; i--)
        if (!str_eq(rows[i - 1].action, "person.recovery")) return &rows[i - 1];
    return NULL;
}

static bool is_on(const struct audit_row *row) {
    return row && str_eq(row->action, "person.factor");
}

/* The used ones stay, so that it is the same as long as the factor is. */
static enum err codes_digest(struct db *db, struct arena *a, const char *factor_id, char **out) {
    struct buf b;
    buf_init(&b, a);
    struct stmt *q = db_query(db, SQL_account_recovery_hashes, "t", factor_id);
    while (stmt_row(q)) buf_printf(&b, "%s\n", stmt_text(q, 0, a));
    enum err e = stmt_end(q);
    *out = sha256_hex(a, b.data ? b.data : "", b.len);
    return e;
}

enum err factor_log(struct db *db, struct arena *a, int64_t now_ms, const char *person_id,
                    const struct factor *f) {
    char *codes;
    enum err e = codes_digest(db, a, f->id, &codes);
    if (e != OK) return e;
    return audit_append(
        db, a, now_ms, person_id, "person.factor", person_id,
        arena_printf(a, "{\"factor\":\"%s\",\"secret_sha256\":\"%s\",\"codes_sha256\":\"%s\"}",
                     f->id, sha256_hex(a, f->secret, f->secret_len), codes));
}

enum err factor_logged(struct db *db, struct arena *a, const char *person_id, bool *ever,
                       bool *on) {
    struct audit_row *rows;
    size_t count;
    enum err e = read_rows(db, a, person_id, &rows, &count);
    const struct audit_row *last = e == OK ? newest(rows, count) : NULL;
    *ever = last != NULL;
    *on = is_on(last);
    return e;
}

enum err factor_recovery_used(struct db *db, struct arena *a, const char *person_id,
                              const char *hash, bool *used) {
    struct audit_row *rows;
    size_t count;
    *used = false;
    enum err e = read_rows(db, a, person_id, &rows, &count);
    for (size_t i = 0; e == OK && i < count; i++)
        *used |= str_eq(rows[i].action, "person.recovery") &&
                 str_eq(text_of(a, &rows[i], "code_sha256"), hash);
    return e;
}

/* `f` NULL: there is none. */
static enum err differs(struct db *db, struct arena *a, const struct audit_row *row,
                        const struct factor *f, const char **problem) {
    bool there = f && f->confirmed_ms;
    char *codes;
    if (!is_on(row)) {
        if (there) *problem = "a second factor is on record that has ended by the log";
        return OK;
    }
    if (!there) {
        *problem = "the second factor that was logged is not on record";
        return OK;
    }
    enum err e = codes_digest(db, a, f->id, &codes);
    if (e == OK &&
        (!str_eq(text_of(a, row, "factor"), f->id) ||
         !str_eq(text_of(a, row, "secret_sha256"), sha256_hex(a, f->secret, f->secret_len)) ||
         !str_eq(text_of(a, row, "codes_sha256"), codes)))
        *problem = "the second factor is not the one that was logged";
    return e;
}

enum err factor_problem(struct db *db, struct arena *a, const char *person_id,
                        const char **problem) {
    struct audit_row *rows;
    struct factor f;
    size_t count;
    *problem = NULL;
    enum err e = read_rows(db, a, person_id, &rows, &count), found;
    const struct audit_row *last = e == OK ? newest(rows, count) : NULL;
    if (!last) return e; /* never, or by an older program */
    e = audit_rows_signed(db, a, rows, count, problem);
    if (e != OK || *problem) return e;
    found = factor_of(db, a, person_id, &f);
    if (found != OK && found != ERR_NOT_FOUND) return found;
    return differs(db, a, last, found == OK ? &f : NULL, problem);
}
