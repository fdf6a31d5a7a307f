/* From which row of the log on rows of other tables have to be sealed (RULE seal-begins). */
#include "audit/audit_private.h"
#include "audit/audit_sql.h"
#include "base/text.h"
#include "store/seal.h"

static const char *detail_of(struct db *db, struct arena *a) {
    return arena_printf(a, "{\"key\":\"%s\"}", seal_fingerprint(db));
}

enum err audit_sealed_from(struct db *db, struct arena *a, int64_t *seq) {
    struct stmt *q;
    enum err e;
    *seq = seal_begun(db);
    if (*seq || !seal_fingerprint(db)) return OK;
    if (!db_one(db, &q, &e, SQL_audit_seal_begins, "")) return e == ERR_NOT_FOUND ? OK : e;
    if (str_eq(stmt_text(q, 1, a), detail_of(db, a))) *seq = stmt_int(q, 0);
    return stmt_end(q);
}

enum err audit_seal_begin(struct db *db, struct arena *a, int64_t now_ms, bool *anew) {
    struct audit_head last;
    int64_t seq;
    *anew = false;
    enum err e = audit_sealed_from(db, a, &seq);
    if (e == OK && !seq) {
        *anew = true;
        e = audit_append(db, a, now_ms, "system", AUDIT_SEAL_BEGINS, AUDIT_SEAL_SUBJECT,
                         detail_of(db, a));
        if (e == OK) e = audit_last(db, a, &last);
        seq = last.seq;
    }
    if (e == OK) seal_begin(db, seq);
    return e;
}
