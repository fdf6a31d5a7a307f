/* Which versions of what counts (exams, programmes, scenarios) this academy published: a row each.
 */
#include "audit/audit.h"
#include "audit/audit_sql.h"
#include "base/text.h"

#define ROWS_OF_A_VERSION 100 /* there are a few, unless somebody wrote past the program */

enum err audit_published(struct db *db, struct arena *a, const struct audit_publication *p,
                         int64_t before_seq, bool *out) {
    struct audit_row *rows;
    size_t count;
    *out = false;
    enum err e = audit_list(db, a, p->version, before_seq, ROWS_OF_A_VERSION, &rows, &count);
    for (size_t i = 0; e == OK && !*out && i < count; i++) {
        const char *problem;
        if (!str_eq(rows[i].action, p->action) || !str_eq(rows[i].detail, p->detail)) continue;
        e = audit_rows_signed(db, a, &rows[i], 1, &problem);
        *out = e == OK && !problem;
    }
    return e;
}

enum err audit_publish(struct db *db, struct arena *a, const struct audit_publication *p,
                       int64_t now_ms) {
    bool published;
    enum err e = audit_published(db, a, p, 0, &published);
    if (e != OK || published) return e;
    return audit_append(db, a, now_ms, "system", p->action, p->version, p->detail);
}

enum err audit_published_from(struct db *db, const char *action, const char *subject,
                              int64_t *seq) {
    struct stmt *q;
    enum err e;
    *seq = 0;
    if (!db_one(db, &q, &e, SQL_audit_published_from, "tt", subject, action))
        return e == ERR_NOT_FOUND ? OK : e;
    *seq = stmt_int(q, 0);
    return stmt_end(q);
}
