/* Reading what certification has recorded. */
#include <string.h>

#include "account/account.h"
#include "base/text.h"
#include "cert/cert_private.h"
#include "cert/cert_sql.h"

static void read_application(struct stmt *q, struct arena *a, struct cert_application *out) {
    *out = (struct cert_application){
        .id = stmt_text(q, 0, a),
        .person_id = stmt_text(q, 1, a),
        .person_name = stmt_text(q, 2, a),
        .programme_id = stmt_text(q, 3, a),
        .level_id = stmt_text(q, 4, a),
        .scheme_version = stmt_text(q, 5, a),
        .programme_version = stmt_text(q, 6, a),
        .basis = stmt_text(q, 7, a),
        .statement = stmt_text(q, 8, a),
        .at_ms = stmt_int(q, 9),
        .admitted_by = stmt_text(q, 10, a),
        .admitted_reason = stmt_text(q, 11, a),
        .admitted_ms = stmt_int(q, 12),
        .outcome = stmt_text(q, 13, a),
        .decided_by = stmt_text(q, 14, a),
        .decided_reason = stmt_text(q, 15, a),
        .decided_ms = stmt_int(q, 16),
        .number = stmt_text(q, 17, a),
    };
}

enum err cert_application_find(struct db *db, struct arena *a, const char *id,
                               struct cert_application *out) {
    struct stmt *q;
    enum err e;
    if (!db_one(db, &q, &e, SQL_cert_application, "t", id)) return e;
    read_application(q, a, out);
    return stmt_end(q);
}

static enum err read_applications(struct stmt *q, struct arena *a, struct cert_application **out,
                                  size_t *count) {
    *out = NULL;
    for (*count = 0; stmt_row(q); (*count)++) {
        *out = list_more(a, *out, *count, sizeof **out);
        read_application(q, a, &(*out)[*count]);
    }
    return stmt_end(q);
}

enum err cert_applications_of(struct db *db, struct arena *a, const char *person_id,
                              struct cert_application **out, size_t *count) {
    return read_applications(db_query(db, SQL_cert_applications_of, "t", person_id), a, out, count);
}

enum err cert_applications_waiting(struct db *db, struct arena *a, const char *taught_by,
                                   const char *after, size_t limit, struct cert_application **out,
                                   size_t *count, const char **next) {
    struct list_cursor at = list_cursor_parse(a, after);
    int64_t at_ms = INT64_MIN, most = (int64_t)limit + 1;
    if (*at.key && !parse_i64(at.key, INT64_MIN, INT64_MAX, &at_ms)) at.id = "";
    struct stmt *q = taught_by
                         ? db_query(db, SQL_cert_applications_waiting_taught, "itit", at_ms, at.id,
                                    most, taught_by)
                         : db_query(db, SQL_cert_applications_waiting, "iti", at_ms, at.id, most);
    enum err e = read_applications(q, a, out, count);
    *next = NULL;
    if (e != OK || *count <= limit) return e;
    const struct cert_application *last = &(*out)[--*count - 1];
    *next = list_cursor_format(a, arena_printf(a, "%lld", (long long)last->at_ms), last->id);
    return OK;
}

enum err cert_waiting(struct db *db, int64_t *count) {
    struct stmt *q;
    enum err e;
    if (!db_one(db, &q, &e, SQL_cert_waiting_count, "")) return e;
    *count = stmt_int(q, 0);
    return stmt_end(q);
}

static enum err read_marks(struct stmt *q, struct arena *a, struct cert_mark_row **out,
                           size_t *count) {
    *out = NULL;
    for (*count = 0; stmt_row(q); (*count)++) {
        *out = list_more(a, *out, *count, sizeof **out);
        (*out)[*count] = (struct cert_mark_row){
            stmt_text(q, 0, a), stmt_text(q, 1, a), stmt_text(q, 2, a), stmt_text(q, 3, a),
            stmt_text(q, 4, a), stmt_text(q, 5, a), stmt_int(q, 6),     stmt_text(q, 7, a)};
    }
    return stmt_end(q);
}

enum err cert_marks(struct db *db, struct arena *a, const char *application_id,
                    struct cert_mark_row **out, size_t *count) {
    return read_marks(db_query(db, SQL_cert_marks, "t", application_id), a, out, count);
}

enum err cert_marks_on(struct db *db, struct arena *a, const char *person_id,
                       const char *but_application, struct cert_mark_row **out, size_t *count) {
    struct stmt *q = db_query(db, SQL_cert_marks_on, "tt", person_id, but_application);
    return read_marks(q, a, out, count);
}

enum err cert_teachers(struct db *db, struct arena *a, const char *learner,
                       struct cert_teacher **out, size_t *count) {
    struct stmt *q = db_query(db, SQL_cert_teachers, "t", learner);
    *out = NULL;
    for (*count = 0; stmt_row(q); (*count)++) {
        *out = list_more(a, *out, *count, sizeof **out);
        (*out)[*count] = (struct cert_teacher){stmt_text(q, 0, a), stmt_text(q, 1, a),
                                               stmt_text(q, 2, a)};
    }
    return stmt_end(q);
}

/* ---- The past of an application ------------------------------------------------------------- */
static enum err past_refusals(struct db *db, const struct cert_standing_query *x, int64_t until_ms,
                              struct cert_past *out) {
    struct stmt *q;
    enum err e;
    if (!db_one(db, &q, &e, SQL_cert_past_refusals, "tttti", x->person_id, x->programme_id,
                x->level->id, x->application_id ? x->application_id : "", until_ms))
        return e;
    out->refused_ms = stmt_int(q, 0);
    out->refusals = stmt_int(q, 1);
    return stmt_end(q);
}

static enum err past_waits(struct db *db, struct arena *a, const struct cert_standing_query *x,
                           bool *waits) {
    struct stmt *q;
    enum err e;
    if (!db_one(db, &q, &e, SQL_cert_application_open, "ttt", x->person_id, x->programme_id,
                x->level->id))
        return e == ERR_NOT_FOUND ? OK : e;
    *waits = !str_eq(stmt_text(q, 0, a), x->application_id);
    return stmt_end(q);
}

enum err cert_past_of(struct db *db, struct arena *a, const struct cert_standing_query *x,
                      int64_t now_ms, struct cert_past *out) {
    int64_t until_ms = x->application_id ? x->applied_ms : now_ms;
    *out = (struct cert_past){0};
    enum err e = past_refusals(db, x, until_ms, out);
    if (e == OK) e = past_waits(db, a, x, &out->waits);
    if (e != OK) return e;
    struct stmt *q = db_query(db, SQL_cert_past_certificates, "tttti", x->person_id,
                              x->programme_id, x->level->id,
                              x->application_id ? x->application_id : "", until_ms);
    for (; stmt_row(q); out->held_count++) {
        out->held = list_more(a, out->held, out->held_count, sizeof *out->held);
        out->held[out->held_count] = (struct cert_held){
            .issued_ms = stmt_int(q, 0),
            .until_ms = stmt_int(q, 1),
            .state = cert_state_at(stmt_text(q, 3, a), stmt_int(q, 1), now_ms),
            .changed_ms = stmt_null(q, 4) ? 0 : stmt_int(q, 4),
            .number = stmt_text(q, 2, a),
            .reason = stmt_null(q, 5) ? NULL : stmt_text(q, 5, a),
        };
    }
    return stmt_end(q);
}

enum err cert_withdrawn_of(struct db *db, struct arena *a, const char *person_id, int64_t *revoked,
                           int64_t *suspended) {
    struct stmt *q = db_query(db, SQL_cert_withdrawn_of, "t", person_id);
    *revoked = *suspended = 0;
    while (stmt_row(q))
        *(str_eq(stmt_text(q, 0, a), "revoked") ? revoked : suspended) = stmt_int(q, 1);
    return stmt_end(q);
}

/* ---- Certificates ---------------------------------------------------------------------------- */
const char *cert_step_problem(const char *before, const char *kind) {
    bool suspended = str_eq(before, "suspended");
    if (str_eq(before, "revoked")) return "cert_refusal_revoked";
    if (str_eq(before, "replaced")) return "cert_refusal_replaced";
    if (str_eq(kind, "reinstated")) return suspended ? NULL : "cert_refusal_not_suspended";
    return suspended && !str_eq(kind, "revoked") ? "cert_refusal_is_suspended" : NULL;
}

const char *cert_state_at(const char *last_status, int64_t valid_until_ms, int64_t now_ms) {
    if (str_eq(last_status, "revoked") || str_eq(last_status, "suspended") ||
        str_eq(last_status, "replaced"))
        return last_status;
    return valid_until_ms && now_ms >= valid_until_ms ? "expired" : "valid";
}

enum err cert_certificate_find(struct db *db, struct arena *a, const char *number,
                               struct cert_certificate *out) {
    struct stmt *q;
    enum err e;
    if (!db_one(db, &q, &e, SQL_cert_certificate, "t", number)) return e;
    *out = (struct cert_certificate){
        .id = stmt_text(q, 0, a),
        .number = stmt_text(q, 1, a),
        .application_id = stmt_text(q, 2, a),
        .person_id = stmt_text(q, 3, a),
        .programme_id = stmt_text(q, 4, a),
        .level_id = stmt_text(q, 5, a),
        .level_number = (int)stmt_int(q, 6),
        .level_count = (int)stmt_int(q, 7),
        .origin = stmt_text(q, 8, a),
        .holder_name = stmt_text(q, 9, a),
        .body = stmt_text(q, 10, a),
        .scheme_version = stmt_text(q, 11, a),
        .programme_title = stmt_text(q, 12, a),
        .level_title = stmt_text(q, 13, a),
        .scope = stmt_text(q, 14, a),
        .decided_by = stmt_text(q, 15, a),
        .decided_by_name = stmt_text(q, 16, a),
        .issued_ms = stmt_int(q, 17),
        .valid_until_ms = stmt_int(q, 18),
        .last_status = stmt_text(q, 19, a),
    };
    return stmt_end(q);
}

static void read_summary(struct stmt *q, struct arena *a, int64_t now_ms,
                         struct cert_summary *out) {
    const char *last_status = stmt_text(q, 9, a);
    *out = (struct cert_summary){
        .number = stmt_text(q, 0, a),
        .person_id = stmt_text(q, 1, a),
        .holder = stmt_text(q, 2, a),
        .programme_id = stmt_text(q, 3, a),
        .level_id = stmt_text(q, 4, a),
        .title = arena_printf(a, "%s: %s", stmt_text(q, 5, a), stmt_text(q, 6, a)),
        .issued_ms = stmt_int(q, 7),
        .valid_until_ms = stmt_int(q, 8),
        .state = cert_state_at(last_status, stmt_int(q, 8), now_ms),
        .last_status = last_status,
        .application_id = stmt_text(q, 10, a),
    };
}

enum err cert_list(struct db *db, struct arena *a, const char *person_id, int64_t now_ms,
                   size_t limit, struct cert_summary **out, size_t *count) {
    struct stmt *q = db_query(db, SQL_cert_certificates_of, "ti", person_id, (int64_t)limit);
    *out = NULL;
    for (*count = 0; stmt_row(q); (*count)++) {
        *out = list_more(a, *out, *count, sizeof **out);
        read_summary(q, a, now_ms, &(*out)[*count]);
    }
    return stmt_end(q);
}

/* ---- The register ---------------------------------------------------------------------------- */
const struct find_table cert_find_table = {
    SQL_cert_find_count,  SQL_cert_find_range,   SQL_cert_find_first, SQL_cert_find_add,
    SQL_cert_find_forget, SQL_cert_find_unfound, SQL_cert_find_filled};

static enum err register_found(struct db *db, struct arena *a, const char *match, const char *after,
                               int64_t now_ms, size_t limit, struct cert_register *out) {
    struct found found;
    enum err e = find_rows(db, a, &cert_find_table, match, after, limit, &found);
    for (size_t i = 0; e == OK && i < found.count; i++) {
        struct stmt *q;
        if (!db_one(db, &q, &e, SQL_cert_certificate_listed, "t", found.ids[i])) break;
        read_summary(q, a, now_ms, &out->list[out->count++]);
        e = stmt_end(q);
    }
    out->next = found.next;
    return e;
}

enum err cert_register(struct db *db, struct arena *a, const char *match, const char *after,
                       int64_t now_ms, size_t limit, struct cert_register *out) {
    *out = (struct cert_register){.list = NEW_ARRAY(a, struct cert_summary, limit + 1)};
    if (match) return register_found(db, a, match, after, now_ms, limit, out);
    struct list_cursor at = list_cursor_parse(a, after);
    int64_t at_ms = INT64_MAX;
    if (*at.key && !parse_i64(at.key, INT64_MIN, INT64_MAX, &at_ms)) at.id = "";
    struct stmt *q = db_query(db, SQL_cert_certificates, "iti", at_ms, at.id, (int64_t)limit + 1);
    while (out->count <= limit && stmt_row(q)) read_summary(q, a, now_ms, &out->list[out->count++]);
    if (out->count > limit) {
        const struct cert_summary *last = &out->list[--out->count - 1];
        out->next = list_cursor_format(a, arena_printf(a, "%lld", (long long)last->issued_ms),
                                       last->number);
    }
    return stmt_end(q);
}

enum err cert_credential_find(struct db *db, struct arena *a, const char *certificate_id,
                              int version, struct cert_credential_row *out) {
    struct stmt *q;
    enum err e;
    bool found = version ? db_one(db, &q, &e, SQL_cert_credential_version, "ti", certificate_id,
                                  (int64_t)version)
                         : db_one(db, &q, &e, SQL_cert_credential_newest, "t", certificate_id);
    if (!found) return e;
    *out = (struct cert_credential_row){
        .id = stmt_text(q, 0, a),
        .version = (int)stmt_int(q, 1),
        .credential_id = stmt_text(q, 2, a),
        .list_id = stmt_int(q, 3),
        .status_index = (uint32_t)stmt_int(q, 4),
        .json = stmt_text(q, 5, a),
        .at_ms = stmt_int(q, 6),
        .purpose = stmt_text(q, 7, a),
        .signing_key = stmt_text(q, 8, a),
        .list_origin = stmt_text(q, 9, a),
    };
    return stmt_end(q);
}

enum err cert_credentials_of(struct db *db, struct arena *a, const char *certificate_id,
                             struct cert_credential_brief **out, size_t *count) {
    struct stmt *q = db_query(db, SQL_cert_credentials_of, "t", certificate_id);
    *out = NULL;
    for (*count = 0; stmt_row(q); (*count)++) {
        *out = list_more(a, *out, *count, sizeof **out);
        (*out)[*count] = (struct cert_credential_brief){.id = stmt_text(q, 0, a),
                                                        .version = (int)stmt_int(q, 1),
                                                        .list_id = stmt_int(q, 2),
                                                        .status_index = stmt_int(q, 3),
                                                        .purpose = stmt_text(q, 4, a)};
    }
    return stmt_end(q);
}

enum err cert_statuses(struct db *db, struct arena *a, const char *certificate_id,
                       struct cert_status_row **out, size_t *count) {
    struct stmt *q = db_query(db, SQL_cert_statuses, "t", certificate_id);
    *out = NULL;
    for (*count = 0; stmt_row(q); (*count)++) {
        *out = list_more(a, *out, *count, sizeof **out);
        (*out)[*count] = (struct cert_status_row){
            stmt_text(q, 0, a), stmt_text(q, 1, a), stmt_text(q, 3, a), stmt_int(q, 2),
            stmt_text(q, 4, a), stmt_text(q, 5, a), stmt_int(q, 6)};
    }
    return stmt_end(q);
}

/* ---- Status ---------------------------------------------------------------------------------- */
static bool column_is(struct stmt *q, int column, const char *text, struct arena *a) {
    return str_eq(stmt_text(q, column, a), text);
}

static enum cert_status_answer unseen(struct cert_status_question *q) {
    q->why = "whether it was revoked could not be read from the academy's database: try again, and "
             "look into the log";
    return CERT_STATUS_UNSEEN;
}

enum cert_status_answer cert_credential_answer(struct db *db, struct arena *a,
                                               struct cert_status_question *question) {
    struct stmt *q;
    enum err e;
    if (!db_one(db, &q, &e, SQL_cert_credential_status, "t", question->credential_id))
        return e == ERR_NOT_FOUND ? CERT_STATUS_UNKNOWN : unseen(question);
    enum cert_status_answer answer = CERT_STATUS_GOOD;
    if (!column_is(q, 0, question->list_url, a) || stmt_int(q, 1) != (int64_t)question->index)
        answer = CERT_STATUS_UNKNOWN;
    else if (stmt_int(q, 3) > 0 || column_is(q, 2, "revoked", a)) answer = CERT_STATUS_REVOKED;
    else if (column_is(q, 2, "replaced", a)) answer = CERT_STATUS_REPLACED;
    else if (!stmt_null(q, 2) && !column_is(q, 2, "reinstated", a)) answer = CERT_STATUS_SUSPENDED;
    return stmt_end(q) == OK ? answer : unseen(question);
}

enum err cert_list_about(struct db *db, struct arena *a, int64_t list_id, const char **origin,
                         const char **purpose, int64_t *facts) {
    struct stmt *q;
    enum err e;
    if (!db_one(db, &q, &e, SQL_cert_list, "i", list_id)) return e;
    *origin = stmt_text(q, 0, a);
    *purpose = stmt_text(q, 1, a);
    e = stmt_end(q);
    if (e != OK) return e;
    if (!db_one(db, &q, &e, SQL_cert_list_fact_count, "i", list_id)) return e;
    *facts = stmt_int(q, 0);
    return stmt_end(q);
}

enum err cert_used_keys(struct db *db, struct arena *a, struct used_key **keys, size_t *count) {
    struct stmt *q = db_query(db, SQL_cert_signing_keys, "");
    *keys = NULL;
    for (*count = 0; stmt_row(q); (*count)++) {
        *keys = list_more(a, *keys, *count, sizeof **keys);
        (*keys)[*count] = (struct used_key){stmt_text(q, 0, a), stmt_int(q, 1)};
    }
    return stmt_end(q);
}

enum err cert_issued_as(struct db *db, struct arena *a, const char *issuer, bool *ours) {
    const char **dids;
    size_t count;
    enum err e = cert_issuers(db, a, &dids, &count);
    *ours = false;
    for (size_t i = 0; e == OK && i < count; i++) *ours |= str_eq(issuer, dids[i]);
    return e;
}

enum err cert_issuers(struct db *db, struct arena *a, const char ***dids, size_t *count) {
    struct stmt *q = db_query(db, SQL_cert_issuer_origins, "");
    *dids = NULL;
    for (*count = 0; stmt_row(q);) {
        const char *did = cert_did_from_origin(a, stmt_text(q, 0, a));
        if (!did) continue;
        *dids = list_more(a, *dids, *count, sizeof **dids);
        (*dids)[(*count)++] = did;
    }
    return stmt_end(q);
}

/* Compares names as people read them, without regard to case, accents and blanks. */
static bool same_name(struct arena *a, const char *x, const char *y) {
    const char *const *of_x, *const *of_y;
    size_t n, m;
    if (find_words(a, &x, 1, &of_x, &n) != OK || find_words(a, &y, 1, &of_y, &m) != OK)
        return false;
    bool same = n == m && n > 0;
    for (size_t i = 0; same && i < n; i++) {
        same = false;
        for (size_t k = 0; k < m && !same; k++) same = str_eq(of_x[i], of_y[k]);
    }
    return same;
}

const char *cert_false_claim(struct db *db, struct arena *a, const char *const *bodies,
                             size_t body_count, const struct cert_check_report *r) {
    struct cert_certificate c;
    struct cert_register newest;
    const char *number = r->number ? cert_number_read(a, r->number) : NULL;
    if (number && cert_certificate_find(db, a, number, &c) == OK) return "claims_number";
    for (size_t i = 0; r->issuer_name && i < body_count; i++)
        if (same_name(a, r->issuer_name, bodies[i])) return "claims_name";
    if (r->issuer_name && cert_register(db, a, NULL, NULL, 0, 1, &newest) == OK && newest.count &&
        cert_certificate_find(db, a, newest.list[0].number, &c) == OK &&
        same_name(a, r->issuer_name, c.body))
        return "claims_name";
    return NULL;
}

enum err cert_used_origins(struct db *db, struct arena *a, struct used_origin **origins,
                           size_t *count) {
    struct stmt *q = db_query(db, SQL_cert_origins, "");
    *origins = NULL;
    for (*count = 0; stmt_row(q); (*count)++) {
        *origins = list_more(a, *origins, *count, sizeof **origins);
        (*origins)[*count] = (struct used_origin){stmt_text(q, 0, a), stmt_int(q, 1)};
    }
    return stmt_end(q);
}
