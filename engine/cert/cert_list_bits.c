/* The bits of a status list: what the audit log says was revoked, suspended, reinstated and
 * replaced. The log names the bit itself; of changes that were logged before it did, the signed
 * credential names it. */
#include <stdio.h>
#include <string.h>

#include "audit/audit.h"
#include "base/json.h"
#include "base/log.h"
#include "base/text.h"
#include "cert/cert_records.h"
#include "cert/cert_sql.h"

/* The state of reading one list. */
struct listing {
    struct db *db;
    struct arena *a;
    struct cert_keys *keys;
    int64_t list_id;
    bool suspension; /* its bits can be cleared */
    unsigned char *bits;
    unsigned char *ended; /* bits that stay set: RULE status-step */
};

struct change {
    int64_t seq;
    const char *subject; /* NULL: the log names the bit */
    long long list, index;
    bool reinstates, ends;
};

/* The end of a detail is `,"list":1,"index":5}`, which no text within it can look like: its quotes
 * would have a backslash in front. */
static struct change read_change(struct stmt *q, struct arena *a) {
    struct change c = {
        .seq = stmt_int(q, 0), .reinstates = stmt_int(q, 2) == 1, .ends = stmt_int(q, 2) == 2};
    const char *tail = stmt_text(q, 3, a), *at = tail ? strstr(tail, ",\"list\":") : NULL;
    if (!at || sscanf(at, ",\"list\":%lld,\"index\":%lld}", &c.list, &c.index) != 2)
        c.subject = stmt_text(q, 1, a);
    return c;
}

static void apply(struct listing *l, const struct change *c) {
    if (c->list != l->list_id || c->index < 0 || c->index >= CERT_STATUS_BITS) return;
    if (c->ends) cert_status_set(l->ended, (uint32_t)c->index);
    if (!c->reinstates) cert_status_set(l->bits, (uint32_t)c->index);
    else if (l->suspension && !cert_status_get(l->ended, (uint32_t)c->index))
        cert_status_clear(l->bits, (uint32_t)c->index);
}

/* Which version was in force before row `seq`: on a list of revocations each reinstatement began
 * the next one. */
static enum err version_at(struct listing *l, const char *certificate_id, const char *subject,
                           int64_t seq, bool began, int *version) {
    struct cert_credential_brief *made;
    struct audit_row *rows;
    size_t count, n, reinstated = 0;
    enum err e = cert_credentials_of(l->db, l->a, certificate_id, &made, &n);
    if (e == OK) e = audit_list(l->db, l->a, subject, seq + began, 1000, &rows, &count);
    if (e != OK) return e;
    for (size_t i = 0; i < count; i++)
        if (str_eq(rows[i].action, "cert.reinstate")) reinstated++;
    *version = 1;
    for (size_t i = 0; i < reinstated && i < n && !str_eq(made[i].purpose, "suspension"); i++)
        ++*version;
    return OK;
}

/* Finds the bit in the signed credential. ERR_CONFLICT: what was signed cannot be told any more. */
static enum err find_signed(struct listing *l, struct change *c) {
    struct cert_certificate of;
    struct cert_credential_row row;
    struct stmt *q;
    enum err e;
    bool undecided;
    int version = 1;
    if (!db_one(l->db, &q, &e, SQL_cert_number_of, "t", c->subject))
        return e == ERR_NOT_FOUND ? ERR_CONFLICT : e;
    const char *number = stmt_text(q, 0, l->a);
    e = stmt_end(q);
    if (e == OK) e = cert_certificate_find(l->db, l->a, number, &of);
    if (e == OK) e = version_at(l, of.id, c->subject, c->seq, c->reinstates, &version);
    if (e == OK) e = cert_credential_find(l->db, l->a, of.id, version, &row);
    if (e != OK) return e == ERR_NOT_FOUND ? ERR_CONFLICT : e;
    const char *problem = cert_signed_problem(l->a, l->keys, &of, &row, &undecided);
    if (problem && !undecided) return ERR_CONFLICT;
    c->list = row.list_id;
    c->index = row.status_index;
    return OK;
}

/* Adds the bits of the tables: a change that only they know is in the list as well, until somebody
 * has looked into it. */
static enum err compare_tables(struct listing *l, size_t *differ) {
    unsigned char *told = arena_alloc(l->a, CERT_STATUS_BYTES);
    memset(told, 0, CERT_STATUS_BYTES);
    struct stmt *q = db_query(l->db, SQL_cert_list_bits, "i", l->list_id);
    while (stmt_row(q)) cert_status_set(told, (uint32_t)stmt_int(q, 0));
    enum err e = stmt_end(q);
    for (size_t i = 0; e == OK && i < CERT_STATUS_BYTES; i++) {
        *differ += (size_t)__builtin_popcount(told[i] ^ l->bits[i]);
        l->bits[i] |= told[i];
    }
    return e;
}

/* Compares the list's address and purpose with those in a signed credential of it. */
static enum err check_signed(struct listing *l, const char *origin, const char *purpose) {
    struct stmt *q;
    const char *why;
    enum err e;
    if (!db_one(l->db, &q, &e, SQL_cert_list_sample, "i", l->list_id))
        return e == ERR_NOT_FOUND ? OK : e;
    const char *text = stmt_text(q, 0, l->a);
    e = stmt_end(q);
    if (e != OK) return e;
    const json_t *doc = text ? json_read(l->a, text, strlen(text), &why) : NULL,
                 *status = json_object_get(doc, "credentialStatus");
    const char *address = arena_printf(l->a, "%s/status/%lld", origin, (long long)l->list_id);
    return str_eq(json_string_value(json_object_get(status, "statusPurpose")), purpose) &&
                   str_eq(json_string_value(json_object_get(status, "statusListCredential")),
                          address)
               ? OK
               : ERR_CONFLICT;
}

enum err cert_list_read(struct db *db, struct arena *a, struct cert_keys *keys, int64_t list_id,
                        const char *origin, const char *purpose,
                        unsigned char bits[CERT_STATUS_BYTES], size_t *differ) {
    struct listing l = {.db = db,
                        .a = a,
                        .keys = keys,
                        .list_id = list_id,
                        .suspension = str_eq(purpose, "suspension"),
                        .bits = bits,
                        .ended = arena_alloc(a, CERT_STATUS_BYTES)};
    struct change *changes = NULL;
    size_t count = 0;
    *differ = 0;
    memset(bits, 0, CERT_STATUS_BYTES);
    memset(l.ended, 0, CERT_STATUS_BYTES);
    enum err e = check_signed(&l, origin, purpose);
    if (e != OK) return e;
    struct stmt *q = db_query(db, SQL_cert_changes_logged, "");
    while (stmt_row(q)) {
        changes = list_more(a, changes, count, sizeof *changes);
        changes[count++] = read_change(q, a);
    }
    e = stmt_end(q);
    for (size_t i = 0; e == OK && i < count; i++) {
        if (changes[i].subject) e = find_signed(&l, &changes[i]);
        if (e == OK) apply(&l, &changes[i]);
    }
    return e == OK ? compare_tables(&l, differ) : e;
}

enum err cert_changes_last(struct db *db, int64_t *seq) {
    struct stmt *q;
    enum err e;
    *seq = 0;
    if (!db_one(db, &q, &e, SQL_cert_changes_last, "")) return e == ERR_NOT_FOUND ? OK : e;
    *seq = stmt_int(q, 0);
    return stmt_end(q);
}
