/* Issues certificates and credentials, inside the write job of a decision. */
#include <string.h>

#include "account/account.h"
#include "audit/audit.h"
#include "base/buf.h"
#include "base/clock.h"
#include "base/codec.h"
#include "base/json.h"
#include "base/log.h"
#include "base/text.h"
#include "cert/cert_private.h"
#include "cert/cert_sql.h"

#define TRIES 64

/* Chooses the newest status list, or makes a new one once that is half full: a random free index is
 * then found in a few tries. */
static enum err choose_list(struct db *db, int64_t now_ms, const char *origin, int64_t *list_id) {
    for (int made = 0; made < 2; made++) {
        struct stmt *q;
        enum err e;
        int64_t used = CERT_STATUS_BITS;
        if (db_one(db, &q, &e, SQL_cert_list_newest, "t", origin)) {
            *list_id = stmt_int(q, 0);
            used = stmt_int(q, 1);
            e = stmt_end(q);
            if (e != OK || used < CERT_STATUS_BITS / 2) return e;
        } else if (e != ERR_NOT_FOUND) {
            return e;
        }
        e = db_run(db, SQL_cert_list_add, "ti", origin, now_ms);
        if (e != OK) return e;
    }
    log_say(LOG_ERROR, "certificate",
            "no status list of %s has room, and a new one is not found: damaged rows?", origin);
    return ERR_IO;
}

/* The index is random, so that neighbours on the list say nothing about who was certified when. */
static enum err choose_index(struct db *db, int64_t list_id, uint32_t *index) {
    for (int i = 0; i < TRIES; i++) {
        struct stmt *q;
        enum err e;
        *index = random_below(CERT_STATUS_BITS);
        if (!db_one(db, &q, &e, SQL_cert_index_taken, "ii", list_id, (int64_t)*index)) {
            if (e == ERR_NOT_FOUND) return OK;
            return e;
        }
        e = stmt_end(q);
        if (e != OK) return e;
    }
    log_say(LOG_ERROR, "certificate",
            "no free index was found on status list %lld, which is half empty", (long long)list_id);
    return ERR_IO;
}

static enum err choose_number(struct db *db, struct arena *a, int64_t now_ms, const char **number) {
    int64_t year = 1970;
    const char *today = time_iso_date(a, now_ms);
    if (strlen(today) != 10 || !parse_i64(arena_copy(a, today, 4), 1970, 9999, &year)) {
        log_say(LOG_ERROR, "certificate", "the clock says %s: no certificate can carry that year",
                today);
        return ERR_IO;
    }
    for (int i = 0; i < TRIES; i++) {
        struct stmt *q;
        enum err e;
        *number = cert_number_new(a, (int)year);
        if (!db_one(db, &q, &e, SQL_cert_number_taken, "t", *number))
            return e == ERR_NOT_FOUND ? OK : e;
        e = stmt_end(q);
        if (e != OK) return e;
    }
    log_say(LOG_ERROR, "certificate", "%d random numbers of %lld were all taken", TRIES,
            (long long)year);
    return ERR_BUSY;
}

static enum err sign_and_keep(struct db *db, struct arena *a, const struct certs *certs,
                              const char *certificate_id, json_t *doc, const char *credential_id,
                              int version, int64_t list_id, uint32_t index, const char *did,
                              int64_t now_ms) {
    const char *why = "", *id = id_new(a, now_ms);
    if (cert_keys_sign(certs->keys, a, doc, did, now_ms, &why) != OK) {
        log_say(LOG_ERROR, "cert", "a credential was not signed: %s", why);
        return ERR_IO;
    }
    return db_run(db, SQL_cert_credential_add, "ttitiitti", id, certificate_id, (int64_t)version,
                  credential_id, list_id, (int64_t)index, cert_keys_current(certs->keys),
                  cert_json(a, doc), now_ms);
}

static enum err new_credential(struct db *db, struct arena *a, const struct certs *certs,
                               const char *certificate_id, struct cert_credential_facts *f,
                               int64_t now_ms, int64_t *list_id) {
    enum err e = choose_list(db, now_ms, f->origin, list_id);
    if (e == OK) e = choose_index(db, *list_id, &f->status_index);
    if (e != OK) return e;
    f->status_list = arena_printf(a, "%s/status/%lld", f->origin, (long long)*list_id);
    json_t *doc = cert_credential_build(a, f);
    const char *credential_id = json_string_value(json_object_get(doc, "id"));
    return sign_and_keep(db, a, certs, certificate_id, doc, credential_id, f->version, *list_id,
                         f->status_index, f->did, now_ms);
}

static enum err keep_certificate(struct db *db, struct arena *a, const struct cert_issue *i,
                                 const char *id, const char *number, const char *holder,
                                 int64_t now_ms, int64_t until_ms) {
    const struct content_programme *p = i->programme;
    enum err e = db_run(
        db, SQL_cert_certificate_add, until_ms ? "ttttttiitttttttttii" : "ttttttiitttttttttin", id,
        number, i->application->id, i->application->person_id, p->id, i->level->id,
        (int64_t)i->level->number, (int64_t)p->level_count, i->origin, holder, p->body,
        p->scheme_version, p->title, i->level->title, i->level->scope ? i->level->scope : "",
        i->decided_by, i->decided_by_name, now_ms, until_ms);
    const char *const texts[FIND_TEXTS] = {holder, number};
    return e == OK ? find_put(db, a, &cert_find_table, id, texts) : e;
}

/* The latest status fact decides the state of a certificate: one that is recorded within the same
 * millisecond, or after the clock was set back, still gets a later time than the one before. */
enum err cert_status_fact(struct db *db, struct arena *a, const char *certificate_id,
                          const char *credential_row, const char *kind, const char *actor,
                          const char *reason, int64_t now_ms) {
    struct cert_status_row *before;
    size_t count;
    enum err e = cert_statuses(db, a, certificate_id, &before, &count);
    if (e != OK) return e;
    int64_t at_ms = count && before[count - 1].at_ms >= now_ms ? before[count - 1].at_ms + 1
                                                               : now_ms;
    return db_run(db, SQL_cert_status_add, "tttttti", id_new(a, at_ms), certificate_id,
                  credential_row, kind, actor, reason, at_ms);
}

const char *cert_change_detail(struct arena *a, const char *number, const char *member,
                               const char *text, const struct cert_credential_row *row) {
    struct buf b;
    buf_init(&b, a);
    buf_printf(&b, "{\"number\":\"%s\",\"%s\":", number, member);
    buf_json(&b, text);
    buf_printf(&b, ",\"list\":%lld,\"index\":%u}", (long long)row->list_id,
               (unsigned)row->status_index);
    return arena_dup(a, buf_text(&b));
}

/* RULE one-valid: ends what the person still holds of this level; `*from_ms` becomes its end. */
static enum err replace_held(struct db *db, struct arena *a, const struct cert_issue *i,
                             int64_t now_ms, const char *number, int64_t *from_ms) {
    struct cert_summary *held;
    struct cert_certificate c;
    struct cert_credential_row row;
    size_t count;
    enum err e = cert_list(db, a, i->application->person_id, now_ms, 1000, &held, &count);
    for (size_t k = 0; e == OK && k < count; k++) {
        if (!str_eq(held[k].programme_id, i->programme->id) ||
            !str_eq(held[k].level_id, i->level->id) || !str_eq(held[k].state, "valid"))
            continue;
        if (held[k].valid_until_ms > *from_ms) *from_ms = held[k].valid_until_ms;
        e = cert_certificate_find(db, a, held[k].number, &c);
        if (e == OK) e = cert_credential_find(db, a, c.id, 0, &row);
        if (e == OK)
            e = cert_status_fact(db, a, c.id, row.id, "replaced", i->decided_by, number, now_ms);
        if (e == OK)
            e = audit_append(db, a, now_ms, i->decided_by, "cert.replace", c.application_id,
                             cert_change_detail(a, c.number, "by", number, &row));
    }
    return e;
}

enum err cert_issue(struct db *db, struct arena *a, const struct cert_issue *i, int64_t now_ms,
                    const char **number) {
    const struct content_programme *p = i->programme;
    struct person holder;
    enum err e = account_find(db, a, i->application->person_id, &holder);
    if (e == OK) e = choose_number(db, a, now_ms, number);
    if (e != OK) return e;
    const char *did = cert_did_from_origin(a, i->origin), *id = id_new(a, now_ms);
    if (!did) {
        log_say(LOG_ERROR, "cert",
                "%s cannot be made into a did:web: give the server an --origin with a host name",
                i->origin);
        return ERR_IO;
    }
    int64_t from_ms = now_ms;
    e = replace_held(db, a, i, now_ms, *number, &from_ms);
    if (e != OK) return e;
    int64_t until_ms = i->level->valid_months ? time_add_months(from_ms, i->level->valid_months)
                                              : 0;
    e = keep_certificate(db, a, i, id, *number, holder.name, now_ms, until_ms);
    if (e != OK) return e;
    struct cert_credential_facts f = {
        .origin = i->origin,
        .did = did,
        .number = *number,
        .version = 1,
        .holder_name = holder.name,
        .email = holder.email && *holder.email ? holder.email : NULL,
        .salt = random_token(a, 12),
        .body = p->body,
        .scheme_version = p->scheme_version,
        .programme_id = p->id,
        .programme_title = p->title,
        .level_id = i->level->id,
        .level_title = i->level->title,
        .level_summary = i->level->summary ? i->level->summary : i->level->title,
        .scope = i->level->scope,
        .criteria = cert_criteria_text(a, i->status, p->body),
        .decider_name = i->decided_by_name,
        .awarded_ms = now_ms,
        .valid_from_ms = now_ms,
        .valid_until_ms = until_ms,
        .status_purpose = "suspension",
    };
    f.evidence = cert_evidence_of(a, i->status, i->application->basis, &f.evidence_count);
    int64_t list_id;
    e = new_credential(db, a, i->certs, id, &f, now_ms, &list_id);
    if (e != OK) return e;
    const char *detail = arena_printf(
        a, "{\"number\":\"%s\",\"version\":1,\"list\":%lld,\"index\":%u,\"step\":%d,\"steps\":%d}",
        *number, (long long)list_id, (unsigned)f.status_index, i->level->number,
        (int)p->level_count);
    return audit_append(db, a, now_ms, i->decided_by, "cert.issue", i->application->id, detail);
}

/* The same credential under a new id, index and signature: its facts are those of the version
 * before. */
enum err cert_reissue(struct db *db, struct arena *a, const struct certs *certs,
                      const struct cert_certificate *c, int64_t now_ms) {
    struct cert_credential_row old;
    const char *why = "";
    int64_t list_id;
    uint32_t index = 0;
    enum err e = cert_credential_find(db, a, c->id, 0, &old);
    if (e == OK) e = choose_list(db, now_ms, c->origin, &list_id);
    if (e == OK) e = choose_index(db, list_id, &index);
    if (e != OK) return e;
    json_t *doc = json_read(a, old.json, strlen(old.json), &why);
    const char *did = cert_did_from_origin(a, c->origin);
    if (!doc || !did) return ERR_IO;
    const char *list = arena_printf(a, "%s/status/%lld", c->origin, (long long)list_id);
    cert_credential_renew(a, doc, c->origin, c->number, old.version + 1, now_ms, list, index);
    const char *credential_id = json_string_value(json_object_get(doc, "id"));
    return sign_and_keep(db, a, certs, c->id, doc, credential_id, old.version + 1, list_id, index,
                         did, now_ms);
}
