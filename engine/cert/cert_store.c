/* Reading what certification has recorded. */
#include <string.h>

#include "account/account.h"
#include "base/text.h"
#include "cert/cert_private.h"

#define GROW(arena, array, count)                                                                  \
    ((count) % 16 == 0 ? arena_grow((arena), (array), (count) * sizeof *(array),                   \
                                    ((count) + 16) * sizeof *(array))                              \
                       : (array))

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
        *out = GROW(a, *out, *count);
        read_application(q, a, &(*out)[*count]);
    }
    return stmt_end(q);
}

enum err cert_applications_of(struct db *db, struct arena *a, const char *person_id,
                              struct cert_application **out, size_t *count) {
    return read_applications(db_query(db, SQL_cert_applications_of, "t", person_id), a, out, count);
}

enum err cert_applications_waiting(struct db *db, struct arena *a, int limit,
                                   struct cert_application **out, size_t *count) {
    return read_applications(db_query(db, SQL_cert_applications_waiting, "i", (int64_t)limit), a,
                             out, count);
}

enum err cert_waiting(struct db *db, int64_t *count) {
    struct stmt *q;
    enum err e;
    if (!db_one(db, &q, &e, SQL_cert_waiting_count, "")) return e;
    *count = stmt_int(q, 0);
    return stmt_end(q);
}

enum err cert_marks(struct db *db, struct arena *a, const char *application_id,
                    struct cert_mark_row **out, size_t *count) {
    struct stmt *q = db_query(db, SQL_cert_marks, "t", application_id);
    *out = NULL;
    for (*count = 0; stmt_row(q); (*count)++) {
        *out = GROW(a, *out, *count);
        (*out)[*count] = (struct cert_mark_row){
            stmt_text(q, 0, a), stmt_text(q, 1, a), stmt_text(q, 2, a), stmt_text(q, 3, a),
            stmt_text(q, 4, a), stmt_text(q, 5, a), stmt_int(q, 6)};
    }
    return stmt_end(q);
}

enum err cert_teachers(struct db *db, struct arena *a, const char *learner,
                       struct cert_teacher **out, size_t *count) {
    struct stmt *q = db_query(db, SQL_cert_teachers, "t", learner);
    *out = NULL;
    for (*count = 0; stmt_row(q); (*count)++) {
        *out = GROW(a, *out, *count);
        (*out)[*count] = (struct cert_teacher){stmt_text(q, 0, a), stmt_text(q, 1, a),
                                               stmt_text(q, 2, a)};
    }
    return stmt_end(q);
}

enum err cert_conflict(struct db *db, const char *actor_id, const char *candidate_id,
                       const char **conflict) {
    struct stmt *q;
    enum err e;
    bool taught = false;
    *conflict = NULL;
    if (str_eq(actor_id, candidate_id)) {
        *conflict = "self";
        return OK;
    }
    e = account_taught(db, actor_id, candidate_id, &taught);
    if (e != OK) return e;
    if (taught) {
        *conflict = "taught";
        return OK;
    }
    if (!db_one(db, &q, &e, SQL_cert_marked, "tt", candidate_id, actor_id)) return e;
    if (stmt_int(q, 0) > 0) *conflict = "marked";
    return stmt_end(q);
}

/* ---- Certificates -------------------------------------------------------------------------------- */
const char *cert_state_at(const char *last_status, int64_t valid_until_ms, int64_t now_ms) {
    if (str_eq(last_status, "revoked") || str_eq(last_status, "suspended")) return last_status;
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

enum err cert_list(struct db *db, struct arena *a, const char *person_id, const char *match,
                   int64_t now_ms, int limit, int offset, struct cert_summary **out,
                   size_t *count) {
    struct stmt *q = db_query(db, person_id ? SQL_cert_certificates_of : SQL_cert_certificates,
                              "tii", person_id ? person_id : match, (int64_t)limit,
                              (int64_t)offset);
    *out = NULL;
    for (*count = 0; stmt_row(q); (*count)++) {
        *out = GROW(a, *out, *count);
        (*out)[*count] = (struct cert_summary){
            .number = stmt_text(q, 0, a),
            .person_id = stmt_text(q, 1, a),
            .holder = stmt_text(q, 2, a),
            .programme_id = stmt_text(q, 3, a),
            .level_id = stmt_text(q, 4, a),
            .title = arena_printf(a, "%s: %s", stmt_text(q, 5, a), stmt_text(q, 6, a)),
            .issued_ms = stmt_int(q, 7),
            .valid_until_ms = stmt_int(q, 8),
            .state = cert_state_at(stmt_text(q, 9, a), stmt_int(q, 8), now_ms),
        };
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
    };
    return stmt_end(q);
}

enum err cert_statuses(struct db *db, struct arena *a, const char *certificate_id,
                       struct cert_status_row **out, size_t *count) {
    struct stmt *q = db_query(db, SQL_cert_statuses, "t", certificate_id);
    *out = NULL;
    for (*count = 0; stmt_row(q); (*count)++) {
        *out = GROW(a, *out, *count);
        (*out)[*count] = (struct cert_status_row){stmt_text(q, 0, a), stmt_text(q, 1, a),
                                                  stmt_text(q, 3, a), stmt_int(q, 2)};
    }
    return stmt_end(q);
}

/* ---- Status ---------------------------------------------------------------------------------------- */
static bool column_is(struct stmt *q, int column, const char *text, struct arena *a) {
    return str_eq(stmt_text(q, column, a), text);
}

static enum cert_status_answer unseen(struct cert_status_question *q) {
    q->why =
        "whether it was revoked could not be read from the academy's database: try again, and look into the log";
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
    else if (!stmt_null(q, 2)) answer = CERT_STATUS_SUSPENDED;
    return stmt_end(q) == OK ? answer : unseen(question);
}

enum err cert_list_fact_count(struct db *db, struct arena *a, int64_t list_id, const char **origin,
                              int64_t *count) {
    struct stmt *q;
    enum err e;
    if (!db_one(db, &q, &e, SQL_cert_list, "i", list_id)) return e;
    *origin = stmt_text(q, 0, a);
    e = stmt_end(q);
    if (e != OK) return e;
    if (!db_one(db, &q, &e, SQL_cert_list_fact_count, "i", list_id)) return e;
    *count = stmt_int(q, 0);
    return stmt_end(q);
}

enum err cert_list_read(struct db *db, int64_t list_id, unsigned char bits[CERT_STATUS_BYTES],
                        int64_t *count) {
    struct stmt *q = db_query(db, SQL_cert_list_bits, "i", list_id);
    memset(bits, 0, CERT_STATUS_BYTES);
    for (*count = 0; stmt_row(q); (*count)++) cert_status_set(bits, (uint32_t)stmt_int(q, 0));
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
