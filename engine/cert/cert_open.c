/* The room's state in a running academy: keys, the signed status list, drawn papers. */
#include <stdlib.h>
#include <string.h>

#include "audit/audit.h"
#include "base/codec.h"
#include "base/log.h"
#include "base/path.h"
#include "base/text.h"
#include "cert/cert_cache.h"
#include "cert/cert_draw.h"

/* Drawing takes some 0.2 s of processor time: two at once leave the other cores to everybody else,
 * and what would wait longer in the queue than clients wait is told to come back. */
#define DRAWERS 2
#define DRAWINGS_WAITING 64
#define DRAWINGS_WAITING_CLIENT 16

/* A check takes a few milliseconds at most (see cert_rdf.h). */
#define CHECKERS 1
#define CHECKS_WAITING 64
#define CHECKS_WAITING_CLIENT 8

/* A restored academy has its certificates but not its keys (a backup has them only with
 * --with-keys): then nobody can verify what it issued, and nobody would notice. */
static void warn_missing_keys(const struct cert_keys *keys, const struct used_key *used,
                              size_t count, const char *data) {
    unsigned char unused[CERT_PUBLIC_BYTES];
    for (size_t i = 0; i < count; i++)
        if (!cert_keys_find(keys, used[i].name, unused))
            log_say(LOG_ERROR, "signing_key_missing",
                    "%lld credentials were signed with the key %s, which is not in %s/keys: nobody "
                    "can verify them until its file is put back there. Restore it from the copy "
                    "that is kept apart from the backups.",
                    (long long)used[i].credentials, used[i].name, data);
}

static enum err open_keys(struct cert_keys **out, struct app *app, struct arena *a,
                          const char **why) {
    struct db *db = store_reader(app->store);
    struct used_key *used = NULL;
    size_t count = 0;
    enum err e = db ? cert_used_keys(db, a, &used, &count) : ERR_IO;
    if (e != OK) {
        *why = "the certificates cannot be read from the database";
        return e;
    }
    e = cert_keys_open(out, app->data, false, a, why);
    if (e == ERR_NOT_FOUND) {
        e = cert_keys_add(app->data, (int)count, a, why);
        if (e == OK) e = cert_keys_open(out, app->data, false, a, why);
    }
    if (e == OK) warn_missing_keys(*out, used, count, app->data);
    return e;
}

const char *certs_problem(struct arena *a) {
    const char *fonts = draw_fonts_missing(a);
    if (!fonts) return NULL;
    return arena_printf(
        a,
        "certificates cannot be drawn: fonts are missing (%s). On Debian, install the packages "
        "fonts-noto-core and fonts-noto-cjk",
        fonts);
}

enum err cert_has_key(const char *data, struct arena *a, const char *multikey, bool *has,
                      const char **why) {
    struct cert_keys *keys;
    unsigned char unused[CERT_PUBLIC_BYTES];
    *has = false;
    enum err e = cert_keys_open(&keys, data, false, a, why);
    if (e == ERR_NOT_FOUND) return OK; /* none at all */
    if (e != OK) return e;
    *has = cert_keys_find(keys, multikey, unused);
    cert_keys_close(keys);
    return OK;
}

static void fill_signer(struct audit_signer *out, struct cert_keys *keys) {
    *out = (struct audit_signer){.sign = cert_keys_sign_bytes,
                                 .knows = cert_keys_know,
                                 .context = keys,
                                 .key = cert_keys_current(keys)};
}

bool cert_signer(const char *database, struct arena *a, struct audit_signer *out) {
    static struct cert_keys *keys; /* one academy a process */
    const char *why;
    if (keys || cert_keys_open(&keys, path_folder(a, database), false, a, &why) != OK) return false;
    fill_signer(out, keys);
    return true;
}

enum err certs_open(struct certs **out, struct app *app, struct arena *a, const char **why) {
    struct certs *c = calloc(1, sizeof *c);
    if (!c) {
        *why = "no memory for the signing keys";
        return ERR_IO;
    }
    enum err e = find_fill(app->store, &cert_find_table);
    if (e != OK) *why = "the words by which certificates are found cannot be stored";
    else e = open_keys(&c->keys, app, a, why);
    if (e != OK) {
        free(c);
        return e;
    }
    size_t len;
    const char *links = file_read(a, arena_printf(a, "%s/profile-links.txt", app->data), 16 * 1024,
                                  &len);
    if (links && utf8_valid(links, len)) c->profile_links = strdup(links);
    c->app = app;
    pthread_mutex_init(&c->lock, NULL);
    c->drawers = offload_new(DRAWERS, DRAWINGS_WAITING, DRAWINGS_WAITING_CLIENT);
    c->checkers = offload_new(CHECKERS, CHECKS_WAITING, CHECKS_WAITING_CLIENT);
    if (!c->drawers || !c->checkers) {
        certs_close(c);
        *why = "no threads for the drawing and checking of certificates";
        return ERR_IO;
    }
    struct audit_signer signer;
    fill_signer(&signer, c->keys);
    audit_signer_set(&signer);
    *out = c;
    return OK;
}

/* The same issuer; on this machine, 127.0.0.1 and localhost are what a visitor happened to type. */
static bool same_issuer(struct arena *a, const char *used, const char *served, bool typed) {
    const char *x = cert_did_from_origin(a, used), *y = cert_did_from_origin(a, served);
    if (!x || !y) return false;
    if (str_eq(x, y)) return true;
    const char *port = strstr(y, "%3A");
    return typed && str_eq(x, arena_printf(a, "did:web:localhost%s", port ? port : ""));
}

void certs_warn_of_origins(struct app *app, struct arena *a, const char *served) {
    struct db *db = store_reader(app->store);
    struct used_origin *used = NULL;
    size_t count = 0;
    const char *now = app->origin ? app->origin : served;
    if (!db || cert_used_origins(db, a, &used, &count) != OK) {
        log_say(LOG_WARN, "certificate_origin",
                "which addresses the certificates name cannot be read from the database");
        return;
    }
    for (size_t i = 0; i < count; i++) {
        if (now && same_issuer(a, used[i].origin, now, !app->origin)) continue;
        const char *served_as = now ? arena_printf(a, "is served as %s", now)
                                    : "was started without --origin";
        log_say(LOG_WARN, "certificate_origin",
                "%lld %s the address %s, but this academy %s: where its did.json says otherwise, "
                "nobody can verify what it issued under that one. Start it with --origin %s and "
                "let that address lead here (on this machine: the same --port), or keep serving "
                "the academy there too.",
                (long long)used[i].certificates,
                used[i].certificates == 1 ? "certificate names" : "certificates name",
                used[i].origin, served_as, used[i].origin);
    }
}

void certs_stop(struct certs *c) {
    if (!c) return;
    offload_free(c->drawers);
    offload_free(c->checkers);
    c->drawers = c->checkers = NULL;
}

void certs_close(struct certs *c) {
    if (!c) return;
    certs_stop(c);
    audit_signer_set(NULL);
    cert_keys_close(c->keys);
    free(c->list.json);
    free(c->profile_links);
    for (size_t i = 0; i < CERT_DRAWN; i++) free(c->drawn[i].bytes);
    pthread_mutex_destroy(&c->lock);
    free(c);
}

/* ---- The status list ------------------------------------------------------------------------ */
static bool list_serves(const struct cert_signed_list *l, int64_t list_id, int64_t fact_count,
                        int64_t last_change, int64_t now_ms) {
    /* Facts and rows of the log are only ever added, so that the number of the ones and the last of
     * the others say whether the list is the same. */
    return l->json && l->list_id == list_id && l->fact_count == fact_count &&
           l->last_change == last_change && now_ms >= l->signed_ms &&
           now_ms - l->signed_ms < CERT_LIST_VALID_MS / 2;
}

/* Every verifier fetches and keeps the list: so each of them also holds a witness of how far the
 * audit log had come. */
static enum err name_audit_head(struct db *db, struct arena *a, json_t *doc, const char *origin) {
    struct audit_signed_head head;
    enum err e = audit_signed_find(db, a, 0, &head);
    if (e != OK) return e == ERR_NOT_FOUND ? OK : e;
    cert_status_name_resource(
        a, doc, arena_printf(a, "%s/.well-known/audit-head/%lld", origin, (long long)head.seq),
        audit_signed_digest(a, &head), "application/json");
    return OK;
}

static enum err sign_list(struct certs *c, struct db *db, struct arena *a, int64_t list_id,
                          const char *origin, const char *purpose, int64_t now_ms,
                          const char **json) {
    unsigned char *bits = arena_alloc(a, CERT_STATUS_BYTES);
    const char *why = "", *did = cert_did_from_origin(a, origin);
    size_t differ = 0;
    enum err e = did ? cert_list_read(db, a, c->keys, list_id, origin, purpose, bits, &differ)
                     : ERR_INVALID;
    if (e == ERR_CONFLICT)
        log_say(LOG_ERROR, "status_list",
                "list %lld is not signed: the records of its certificates are not what was signed "
                "and logged: see gradus audit verify",
                (long long)list_id);
    if (e != OK) return e;
    if (differ)
        log_say(LOG_ERROR, "status_list",
                "%zu changes of state are not on record as they were logged; list %lld tells what "
                "was logged all the same: see gradus audit verify",
                differ, (long long)list_id);
    json_t *doc = cert_status_credential_build(
        a, did, arena_printf(a, "%s/status/%lld", origin, (long long)list_id), purpose,
        cert_status_encode(a, bits), now_ms, CERT_LIST_VALID_MS);
    e = name_audit_head(db, a, doc, origin);
    if (e != OK) return e;
    if (cert_keys_sign(c->keys, a, doc, did, now_ms, &why) != OK) return ERR_IO;
    *json = cert_json(a, doc);
    return OK;
}

enum err cert_signed_list(struct certs *c, struct db *db, struct arena *a, int64_t list_id,
                          int64_t now_ms, const char **json, const char **etag) {
    int64_t fact_count, last_change = 0;
    const char *origin, *purpose;
    if (!audit_holds()) return ERR_CONFLICT;
    enum err e = cert_list_about(db, a, list_id, &origin, &purpose, &fact_count);
    if (e == OK) e = cert_changes_last(db, &last_change);
    if (e != OK) return e;
    *json = NULL;
    pthread_mutex_lock(&c->lock);
    bool serves = list_serves(&c->list, list_id, fact_count, last_change, now_ms);
    size_t len = serves ? strlen(c->list.json) : 0;
    pthread_mutex_unlock(&c->lock);
    if (serves) {
        char *copy = arena_alloc(
            a, len + 1); /* an arena may leave through its guard: it is not used under the lock */
        pthread_mutex_lock(&c->lock);
        serves = list_serves(&c->list, list_id, fact_count, last_change, now_ms) &&
                 strlen(c->list.json) == len;
        if (serves) memcpy(copy, c->list.json, len);
        pthread_mutex_unlock(&c->lock);
        if (serves) *json = copy;
    }
    if (!*json) {
        e = sign_list(c, db, a, list_id, origin, purpose, now_ms, json);
        if (e != OK) return e;
        char *copy = strdup(*json);
        pthread_mutex_lock(&c->lock);
        if (copy) {
            free(c->list.json);
            c->list = (struct cert_signed_list){.list_id = list_id,
                                                .fact_count = fact_count,
                                                .last_change = last_change,
                                                .signed_ms = now_ms,
                                                .json = copy};
        }
        pthread_mutex_unlock(&c->lock);
    }
    *etag = sha256_hex(a, *json, strlen(*json));
    return OK;
}

/* ---- Papers ---------------------------------------------------------------------------------- */
bool cert_drawn_find(struct certs *c, struct arena *a, const char *key, unsigned char **bytes,
                     size_t *len) {
    size_t found = CERT_DRAWN;
    *len = 0;
    pthread_mutex_lock(&c->lock);
    for (size_t i = 0; i < CERT_DRAWN; i++)
        if (c->drawn[i].bytes && str_eq(c->drawn[i].key, key)) {
            found = i;
            *len = c->drawn[i].len;
            c->drawn[i].used = ++c->clock;
        }
    pthread_mutex_unlock(&c->lock);
    if (found == CERT_DRAWN) return false;
    *bytes = arena_alloc(a, *len);
    pthread_mutex_lock(&c->lock);
    bool same = c->drawn[found].bytes && c->drawn[found].len == *len &&
                str_eq(c->drawn[found].key, key);
    if (same) memcpy(*bytes, c->drawn[found].bytes, *len);
    pthread_mutex_unlock(&c->lock);
    return same;
}

void cert_drawn_keep(struct certs *c, const char *key, const unsigned char *bytes, size_t len) {
    unsigned char *copy = malloc(len);
    if (!copy || strlen(key) >= sizeof c->drawn[0].key) {
        free(copy);
        return;
    }
    memcpy(copy, bytes, len);
    pthread_mutex_lock(&c->lock);
    struct cert_drawn *oldest = &c->drawn[0];
    for (size_t i = 0; i < CERT_DRAWN; i++)
        if (c->drawn[i].used < oldest->used) oldest = &c->drawn[i];
    free(oldest->bytes);
    *oldest = (struct cert_drawn){.bytes = copy, .len = len, .used = ++c->clock};
    memcpy(oldest->key, key, strlen(key) + 1);
    pthread_mutex_unlock(&c->lock);
}
