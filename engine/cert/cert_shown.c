/* The state of a certificate as lists show it: what the signed log says, or that it cannot be told.
 */
#include "audit/audit.h"
#include "base/text.h"
#include "cert/cert_records.h"
#include "cert/cert_sql.h"

#define ONE_BYTES ((size_t)8 << 20) /* of memory for one certificate */

static const char unchecked[] = "unchecked";

/* ---- On pages -------------------------------------------------------------------------------- */

static enum err check_one(struct request *r, struct arena *a, const struct cert_summary *s,
                          struct cert_record_finding *out) {
    struct cert_certificate c;
    struct cert_credential_row row;
    enum err e = cert_certificate_find(r->db, a, s->number, &c);
    if (e == OK) e = cert_credential_find(r->db, a, c.id, 0, &row);
    if (e == OK) e = cert_records_certificate(r->db, a, r->app->certs->keys, &c, &row, out);
    if (e == ERR_BUSY || e == ERR_IO) return e;
    if (e != OK) out->problem = "what belongs to it is not on record";
    return OK;
}

enum err cert_show_state(struct request *r, struct cert_summary *s) {
    struct cert_record_finding found = {0};
    struct arena *one = arena_scratch(r->arena, ONE_BYTES);
    volatile enum err e = OK;
    if (ARENA_GUARD(one) == 0) {
        e = check_one(r, one, s, &found);
        if (found.problem) s->state = unchecked;
    } else if (one->starved) e = ERR_BUSY;
    else {
        s->state = unchecked;  /* larger than any that is written */
        store_read_end(r->db); /* resets what was being read */
        store_read_begin(r->db);
    }
    arena_release(one);
    return e;
}

/* ---- In files -------------------------------------------------------------------------------- */

/* Whether this row, which is newer than the last reading of the log, is signed. */
static enum err is_signed(struct db *db, struct arena *a, int64_t seq, bool *yes) {
    struct audit_row *row;
    size_t count;
    const char *problem = NULL;
    enum err e = audit_list(db, a, NULL, seq + 1, 1, &row, &count);
    if (e == OK && count) e = audit_rows_signed(db, a, row, 1, &problem);
    *yes = e == OK && count && row->seq == seq && !problem;
    return e;
}

enum err cert_state_logged(struct db *db, struct arena *a, struct cert_summary *s) {
    enum { ISSUED, SUSPENDED, REINSTATED, REPLACED, REVOKED };
    static const char *const kinds[] = {NULL, "suspended", "reinstated", "replaced", "revoked"};
    int64_t issues = 0, last = ISSUED, newest = 0;
    bool agrees = audit_holds(), yes = true;
    struct stmt *q = db_query(db, SQL_cert_state_logged, "tit", s->application_id, s->issued_ms,
                              s->number);
    while (agrees && stmt_row(q)) {
        int64_t kind = stmt_int(q, 1);
        newest = stmt_int(q, 0);
        if (kind != ISSUED) last = last == REVOKED ? REVOKED : kind;
        else if (++issues > 1 || !stmt_int(q, 2)) agrees = false;
    }
    enum err e = stmt_end(q);
    if (e == OK && agrees && newest > audit_read_to()) e = is_signed(db, a, newest, &yes);
    if (e != OK) return e;
    if (!agrees || !yes || issues != 1 || !str_eq(kinds[last], s->last_status))
        s->state = unchecked;
    return OK;
}
