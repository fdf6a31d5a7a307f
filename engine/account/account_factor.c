/* The second factor: codes, and what the store keeps of them. */
#include "account/account_factor.h"

#include <liboath/oath.h>
#include <qrencode.h>
#include <stdlib.h>
#include <string.h>

#include "account/account_sql.h"
#include "audit/audit.h"
#include "base/codec.h"
#include "base/text.h"

#define DIGITS 6

/* ---- Codes ---------------------------------------------------------------------------------- */

char *factor_code_clean(struct arena *a, const char *typed) {
    char *out = arena_dup(a, typed), *to = out;
    for (const char *p = out; *p; p++)
        if (*p != ' ' && *p != '-' && *p != '\t') *to++ = ascii_lower(*p);
    *to = '\0';
    return out;
}

bool factor_code_matches(const unsigned char *secret, size_t len, int64_t now_ms, const char *code,
                         int64_t *step) {
    if (strlen(code) != DIGITS || strspn(code, "0123456789") != DIGITS) return false;
    uint64_t counter = 0;
    int position = 0;
    int found = oath_totp_validate3((const char *)secret, len, (time_t)(now_ms / MS_SECOND),
                                    FACTOR_STEP_S, 0, 1, &position, &counter, code);
    *step = (int64_t)counter;
    return found >= 0;
}

static const char *recovery_hash(struct arena *a, const char *factor_id, const char *code) {
    const char *text = arena_printf(a, "%s %s", factor_id, code);
    return sha256_hex(a, text, strlen(text));
}

/* ---- The store ------------------------------------------------------------------------------ */

enum err factor_of(struct db *db, struct arena *a, const char *person_id, struct factor *out) {
    struct stmt *q;
    enum err e;
    if (!db_one(db, &q, &e, SQL_account_factor, "t", person_id)) return e;
    out->id = stmt_text(q, 0, a);
    out->secret = stmt_blob(q, 1, a, &out->secret_len);
    out->made_ms = stmt_int(q, 2);
    out->confirmed_ms = stmt_int(q, 3);
    out->last_step = stmt_int(q, 4);
    out->codes_left = stmt_int(q, 5);
    return stmt_end(q);
}

enum err factor_begin(struct db *db, struct arena *a, int64_t now_ms, const char *person_id) {
    struct factor f;
    bool ever, on;
    enum err e = factor_logged(db, a, person_id, &ever, &on);
    if (e == OK && on) return ERR_CONFLICT;
    if (e == OK) e = factor_of(db, a, person_id, &f);
    if (e == OK && f.confirmed_ms) return ERR_CONFLICT;
    if (e == OK) e = db_run(db, SQL_account_factor_end, "ti", person_id, now_ms);
    if (e != OK && e != ERR_NOT_FOUND) return e;
    unsigned char secret[FACTOR_SECRET_BYTES];
    random_bytes(secret, sizeof secret);
    return db_run(db, SQL_account_factor_add, "ttbi", id_new(a, now_ms), person_id, secret,
                  sizeof secret, now_ms);
}

static enum err add_codes(struct db *db, struct arena *a, const char *factor_id,
                          const char **codes) {
    enum err e = OK;
    for (int i = 0; e == OK && i < FACTOR_RECOVERY; i++) {
        codes[i] = account_random_password(a);
        e = db_run(db, SQL_account_recovery_add, "tt", factor_id,
                   recovery_hash(a, factor_id, factor_code_clean(a, codes[i])));
    }
    return e;
}

enum err factor_confirm(struct db *db, struct arena *a, int64_t now_ms, const char *person_id,
                        const char *code, bool *right, const char **codes) {
    struct factor f;
    int64_t step;
    enum err e = factor_of(db, a, person_id, &f);
    *right = false;
    if (e == OK && f.confirmed_ms) e = ERR_CONFLICT;
    if (e != OK) return e;
    *right = factor_code_matches(f.secret, f.secret_len, now_ms, factor_code_clean(a, code), &step);
    if (!*right) return OK;
    e = db_run(db, SQL_account_factor_confirm, "tii", f.id, now_ms, step);
    if (e == OK) e = add_codes(db, a, f.id, codes);
    return e == OK ? factor_log(db, a, now_ms, person_id, &f) : e;
}

/* RULE logged-factor: one that an older program set up. */
static enum err log_older(struct db *db, struct arena *a, int64_t now_ms, const char *person_id,
                          const struct factor *f) {
    bool ever, on;
    enum err e = factor_logged(db, a, person_id, &ever, &on);
    return e == OK && !ever ? factor_log(db, a, now_ms, person_id, f) : e;
}

static enum err use_recovery(struct db *db, struct arena *a, int64_t now_ms, const char *person_id,
                             const char *hash, const struct factor *f, bool *right) {
    bool used;
    enum err e = factor_recovery_used(db, a, person_id, hash, &used);
    if (e != OK || used) return e;
    e = db_run(db, SQL_account_recovery_use, "tti", f->id, hash, now_ms);
    *right = e == OK && db_changed_rows(db) == 1;
    if (!*right) return e;
    e = log_older(db, a, now_ms, person_id, f);
    return e == OK ? audit_append(db, a, now_ms, person_id, "person.recovery", person_id,
                                  arena_printf(a, "{\"code_sha256\":\"%s\"}", hash))
                   : e;
}

enum err factor_use_code(struct db *db, struct arena *a, int64_t now_ms, const char *person_id,
                         const char *code, bool *right) {
    struct factor f;
    int64_t step;
    enum err e = factor_of(db, a, person_id, &f);
    *right = false;
    if (e == OK && !f.confirmed_ms) e = ERR_NOT_FOUND;
    if (e != OK) return e;
    const char *clean = factor_code_clean(a, code);
    if (factor_code_matches(f.secret, f.secret_len, now_ms, clean, &step)) {
        *right = step > f.last_step;
        if (!*right) return OK;
        e = db_run(db, SQL_account_factor_step, "ti", f.id, step);
        return e == OK ? log_older(db, a, now_ms, person_id, &f) : e;
    }
    return use_recovery(db, a, now_ms, person_id, recovery_hash(a, f.id, clean), &f, right);
}

enum err factor_end(struct db *db, struct arena *a, int64_t now_ms, const char *actor,
                    const char *person_id) {
    bool ever, on = false;
    enum err e = db_run(db, SQL_account_factor_end, "ti", person_id, now_ms);
    bool ended = e == OK && db_changed_rows(db);
    if (e == OK && !ended) e = factor_logged(db, a, person_id, &ever, &on);
    if (e == OK && (ended || on))
        e = audit_append(db, a, now_ms, actor, "person.factor_end", person_id, NULL);
    /* RULE factor-lost: whoever holds the telephone now may have signed in with it. */
    if (e == OK && !str_eq(actor, person_id))
        e = db_run(db, SQL_account_sessions_end, "tit", person_id, now_ms, "");
    return e;
}

/* ---- Setting up an authenticator ------------------------------------------------------------- */

const char *factor_secret_base32(struct arena *a, const struct factor *f, bool grouped) {
    char *letters = NULL;
    size_t len = 0;
    if (oath_base32_encode((const char *)f->secret, f->secret_len, &letters, &len) != OATH_OK)
        return NULL;
    struct buf b;
    buf_init(&b, a);
    for (size_t i = 0; i < len && letters[i] != '='; i++) {
        if (grouped && i && i % 4 == 0) buf_putc(&b, ' ');
        buf_putc(&b, letters[i]);
    }
    free(letters);
    return buf_text(&b);
}

/* The key URI that authenticator apps read. A login needs no escapes; the host tells academies
 * apart. */
const char *factor_uri(struct arena *a, const struct factor *f, const char *login,
                       const char *origin) {
    const char *host = strstr(origin, "://"), *letters = factor_secret_base32(a, f, false);
    host = host ? host + 3 : origin;
    return letters
               ? arena_printf(a, "otpauth://totp/Gradus%%20%.*s:%s?secret=%s&issuer=Gradus%%20%.*s",
                              (int)strcspn(host, ":/["), host, login, letters,
                              (int)strcspn(host, ":/["), host)
               : NULL;
}

const char *factor_qr_svg(struct arena *a, const char *uri) {
    QRcode *code = QRcode_encodeString8bit(uri, 0, QR_ECLEVEL_M);
    if (!code) return NULL;
    struct buf b;
    buf_init(&b, a);
    int width = code->width;
    buf_printf(
        &b,
        "<svg class=\"qr\" viewBox=\"0 0 %d %d\" width=\"220\" height=\"220\" aria-hidden=\"true\" "
        "shape-rendering=\"crispEdges\"><path fill=\"#fff\" d=\"M0 0h%dv%dH0z\"/>"
        "<path fill=\"#000\" d=\"",
        width + 8, width + 8, width + 8, width + 8);
    for (int y = 0; y < width; y++)
        for (int x = 0; x < width; x++)
            if (code->data[y * width + x] & 1) buf_printf(&b, "M%d %dh1v1h-1z", x + 4, y + 4);
    buf_puts(&b, "\"/></svg>");
    QRcode_free(code);
    return buf_text(&b);
}
