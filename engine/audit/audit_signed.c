/* Signing heads of the log, storing and publishing them. */
#include "audit/audit_signed.h"

#include <inttypes.h>
#include <pthread.h>
#include <sodium.h>
#include <string.h>

#include "audit/audit_private.h"
#include "audit/audit_sql.h"
#include "base/buf.h"
#include "base/json.h"
#include "base/log.h"
#include "base/text.h"

#define FORMAT "gradus-audit-head/1"
_Static_assert(AUDIT_SIGNATURE_BYTES == crypto_sign_BYTES, "Ed25519");

/* ---- Who signs ------------------------------------------------------------------------------- */

static struct {
    pthread_mutex_t lock;
    struct audit_signer
        who; /* guarded by the lock, as is the key; sign is NULL when nobody signs */
    char key[MULTIKEY_MAX + 1];
    bool ended; /* somebody signed in this process, and no longer does */
    bool (*open)(const char *database, struct arena *a, struct audit_signer *out); /* or NULL */
    int64_t first; /* the first row that one of these keys signed; 0: not looked up yet */
} signer = {.lock = PTHREAD_MUTEX_INITIALIZER};

static void set_locked(const struct audit_signer *s) {
    signer.ended = !s && (signer.ended || signer.who.sign);
    signer.who = s ? *s : (struct audit_signer){0};
    size_t len = s ? strlen(s->key) : 0;
    BUG_IF(len > MULTIKEY_MAX); /* made by multikey_encode */
    if (len) memcpy(signer.key, s->key, len);
    signer.key[len] = '\0';
    signer.first = 0;
}

void audit_signer_set(const struct audit_signer *s) {
    pthread_mutex_lock(&signer.lock);
    set_locked(s);
    pthread_mutex_unlock(&signer.lock);
}

void audit_signer_on_demand(bool (*open)(const char *database, struct arena *a,
                                         struct audit_signer *out)) {
    pthread_mutex_lock(&signer.lock);
    signer.open = open;
    pthread_mutex_unlock(&signer.lock);
}

/* Calls the `open` of audit_signer_on_demand once, and not under the lock, since the arena may
 * leave. */
static void ask_once(const char *database, struct arena *a) {
    struct audit_signer found;
    pthread_mutex_lock(&signer.lock);
    bool (*open)(const char *, struct arena *, struct audit_signer *) = signer.open;
    signer.open = NULL;
    pthread_mutex_unlock(&signer.lock);
    if (open && open(database, a, &found)) audit_signer_set(&found);
}

bool audit_signer_knows(const char *key, bool *anybody) {
    pthread_mutex_lock(&signer.lock);
    *anybody = signer.who.knows != NULL;
    bool known = key && *anybody && signer.who.knows(signer.who.context, key);
    pthread_mutex_unlock(&signer.lock);
    return known;
}

int64_t audit_signer_first(int64_t seq) {
    pthread_mutex_lock(&signer.lock);
    if (seq) signer.first = seq;
    seq = signer.first;
    pthread_mutex_unlock(&signer.lock);
    return seq;
}

bool audit_signer_ended(void) {
    pthread_mutex_lock(&signer.lock);
    bool ended = signer.ended;
    pthread_mutex_unlock(&signer.lock);
    return ended;
}

static const char *signed_text(struct arena *a, const struct audit_signed_head *head) {
    return arena_printf(a, FORMAT "\n%" PRId64 "\n%s\n%s\n", head->seq, head->hash,
                        time_iso(a, head->at_ms));
}

static enum err sign_row(struct db *db, struct arena *a, int64_t seq, const char *hash,
                         int64_t now_ms, bool *here) {
    struct audit_signed_head head = {.seq = seq, .at_ms = now_ms, .hash = hash};
    const char *text = signed_text(a, &head);
    char key[MULTIKEY_MAX + 1];
    unsigned char signature[AUDIT_SIGNATURE_BYTES];
    ask_once(db_path(db), a);
    pthread_mutex_lock(&signer.lock);
    *here = signer.who.sign != NULL;
    if (*here) signer.who.sign(signer.who.context, text, strlen(text), signature);
    if (signer.first == INT64_MAX) signer.first = 0; /* this one may be the first */
    memcpy(key, signer.key, sizeof key);
    pthread_mutex_unlock(&signer.lock);
    if (!*here) return OK;
    return db_run(db, SQL_audit_signed_add, "ititt", head.seq, head.hash, head.at_ms, key,
                  arena_printf(a, "z%s", base58_encode(a, signature, sizeof signature)));
}

enum err audit_sign_fact(struct db *db, struct arena *a, const struct audit_row *row) {
    int64_t from = 0;
    bool here;
    if (!audit_is_important(row->action)) return OK;
    enum err e = sign_row(db, a, row->seq, row->hash, row->at_ms, &here);
    if (e != OK || here || !audit_must_be_signed(row->actor, row->action, true)) return e;
    e = audit_signing_start(db, &from);
    if (e != OK || !from) return e;
    log_say(LOG_ERROR, "audit_sign",
            "%s is not done: it has to be signed with the academy's key, which is not in its "
            "folder keys/, or cannot be read",
            row->action);
    return ERR_DENIED;
}

/* RULE audit-signed: a fact that came here without its signature does not get one afterwards. */
enum err audit_sign(struct db *db, struct arena *a, void *unused, int64_t now_ms) {
    (void)unused;
    struct audit_row *last;
    size_t count;
    bool here;
    enum err e = audit_list(db, a, NULL, 0, 1, &last, &count);
    if (e != OK || !count || !last->hash || audit_must_be_signed(last->actor, last->action, true))
        return e;
    return sign_row(db, a, last->seq, last->hash, now_ms, &here);
}

enum err audit_sign_begin(struct db *db, struct arena *a, void *unused, int64_t now_ms) {
    int64_t from;
    enum err e = audit_signing_start(db, &from);
    if (e != OK || from) return e == OK ? audit_sign(db, a, unused, now_ms) : e;
    return audit_append(db, a, now_ms, "system", AUDIT_SIGNS, AUDIT_SIGNS_SUBJECT, NULL);
}

bool audit_sign_due(struct db *db, int64_t now_ms) {
    struct arena a;
    struct audit_head last;
    struct audit_signed_head head = {0};
    volatile bool due = false;
    arena_init(&a, 64 * 1024);
    if (ARENA_GUARD(&a) == 0 && audit_last(db, &a, &last) == OK && last.seq) {
        enum err e = audit_signed_find(db, &a, 0, &head);
        due = e == ERR_NOT_FOUND ||
              (e == OK && head.seq < last.seq && now_ms - head.at_ms >= AUDIT_SIGN_INTERVAL_MS);
    }
    arena_release(&a);
    return due;
}

/* ---- Reading and publishing ------------------------------------------------------------------ */

static struct audit_signed_head read_row(struct stmt *q, struct arena *a) {
    return (struct audit_signed_head){.seq = stmt_int(q, 0),
                                      .hash = stmt_text(q, 1, a),
                                      .at_ms = stmt_int(q, 2),
                                      .key = stmt_text(q, 3, a),
                                      .signature = stmt_text(q, 4, a)};
}

enum err audit_signed_find(struct db *db, struct arena *a, int64_t seq,
                           struct audit_signed_head *out) {
    struct stmt *q;
    enum err e;
    bool found = seq ? db_one(db, &q, &e, SQL_audit_signed_of, "i", seq)
                     : db_one(db, &q, &e, SQL_audit_signed_last, "");
    if (!found) return e;
    *out = read_row(q, a);
    return stmt_end(q);
}

const char *audit_signed_text(struct arena *a, const struct audit_signed_head *head) {
    return arena_printf(a,
                        "{\"format\":\"" FORMAT "\",\"sequence\":%" PRId64
                        ",\"hash\":\"%s\",\"time\":\"%s\",\"key\":\"%s\",\"signature\":\"%s\"}\n",
                        head->seq, head->hash, time_iso(a, head->at_ms), head->key,
                        head->signature);
}

const char *audit_signed_digest(struct arena *a, const struct audit_signed_head *head) {
    const char *text = audit_signed_text(a, head);
    unsigned char multihash[2 + SHA256_BYTES] = {0x12, SHA256_BYTES}; /* sha2-256 */
    sha256(text, strlen(text), multihash + 2);
    return arena_printf(a, "u%s", base64url_encode(a, multihash, sizeof multihash));
}

/* A cache of valid signatures by digest. Without it the page of a certificate takes half as long
 * again. */
#define VERIFIED_SLOTS 4096
static struct {
    pthread_mutex_t lock;
    unsigned char digest[VERIFIED_SLOTS][SHA256_BYTES];
} verified = {.lock = PTHREAD_MUTEX_INITIALIZER};

static unsigned char *slot_of(const unsigned char digest[SHA256_BYTES]) {
    return verified.digest[(digest[0] | digest[1] << 8) % VERIFIED_SLOTS];
}

static bool is_verified(const unsigned char digest[SHA256_BYTES]) {
    pthread_mutex_lock(&verified.lock);
    bool known = memcmp(slot_of(digest), digest, SHA256_BYTES) == 0;
    pthread_mutex_unlock(&verified.lock);
    return known;
}

static void remember_verified(const unsigned char digest[SHA256_BYTES]) {
    pthread_mutex_lock(&verified.lock);
    memcpy(slot_of(digest), digest, SHA256_BYTES);
    pthread_mutex_unlock(&verified.lock);
}

static bool verify(struct arena *a, const struct audit_signed_head *head, const char *text) {
    unsigned char key[MULTIKEY_BYTES];
    size_t len = 0;
    if (!multikey_decode(a, head->key, key)) return false;
    const unsigned char *signature = base58_decode(a, head->signature + 1, &len);
    return signature && len == AUDIT_SIGNATURE_BYTES &&
           crypto_sign_verify_detached(signature, (const unsigned char *)text, strlen(text), key) ==
               0;
}

bool audit_signature_valid(struct arena *a, const struct audit_signed_head *head) {
    unsigned char digest[SHA256_BYTES];
    if (!head->hash || !head->key || !head->signature || head->signature[0] != 'z' ||
        strlen(head->signature) > 100)
        return false;
    const char *text = signed_text(a, head), *all = arena_printf(a, "%zu\n%s%s\n%s", strlen(text),
                                                                 text, head->key, head->signature);
    sha256(all, strlen(all), digest);
    if (is_verified(digest)) return true;
    if (!verify(a, head, text)) return false;
    remember_verified(digest);
    return true;
}

/* ---- Reading in parallel with the log -------------------------------------------------------- */

/* A row that does not fit into the arena was not written by us: it is reported as a signed head
 * whose row is missing. */
static void walk_next(struct audit_signed_walk *w) {
    arena_release(&w->arena);
    w->next = (struct audit_signed_head){.seq = INT64_MIN};
    w->has = stmt_row(w->q);
    if (!w->has) return;
    if (ARENA_GUARD(&w->arena) == 0) w->next = read_row(w->q, &w->arena);
    else if (w->arena.starved) {
        w->failure = ERR_BUSY;
        w->has = false;
    }
}

void audit_signed_walk_begin(struct audit_signed_walk *w, struct db *db, bool newest_only) {
    struct stmt *q;
    enum err e;
    arena_init(&w->arena, 256 * 1024);
    w->failure = OK;
    w->from = 0;
    w->q = db_query(db, SQL_audit_signed_all, "");
    walk_next(w);
    if (!newest_only || !db_one(db, &q, &e, SQL_audit_signed_last, "")) return;
    w->from = stmt_int(q, 0);
    if (stmt_end(q) != OK) w->from = 0;
}

static void note_key(struct audit_report *out, struct arena *a, const char *key, int64_t seq) {
    size_t i = 0;
    while (i < out->key_count && !str_eq(out->keys[i], key)) i++;
    if (i == AUDIT_KEYS_MAX) return;
    if (i == out->key_count) out->keys[out->key_count++] = arena_dup(a, key);
    out->key_rows[i] = seq;
}

const char *audit_signed_walk_row(struct audit_signed_walk *w, struct arena *a, int64_t seq,
                                  const char *hash, struct audit_report *out) {
    const char *problem = NULL;
    bool anybody;
    w->found = w->known = false;
    for (; w->has && w->next.seq < seq; walk_next(w))
        problem = "follows a signed head of a row that is not there";
    if (!w->has || w->next.seq > seq) return problem;
    if (!str_eq(w->next.hash, hash))
        problem = "is not the row that was signed (its hash differs from the signed head)";
    else if (seq >= w->from && !audit_signature_valid(a, &w->next))
        problem = "has a signed head whose signature does not fit";
    else {
        note_key(out, a, w->next.key, seq);
        out->signed_heads++;
        w->found = true;
        w->known = audit_signer_knows(w->next.key, &anybody) || !anybody;
    }
    walk_next(w);
    return problem;
}

enum err audit_signed_walk_end(struct audit_signed_walk *w, int64_t *left) {
    *left = w->has ? w->next.seq : 0;
    enum err e = stmt_end(w->q);
    arena_release(&w->arena);
    return e == OK ? w->failure : e;
}

/* ---- Comparing with a published head --------------------------------------------------------- */

static const char *member(const json_t *object, const char *name) {
    return json_string_value(json_object_get(object, name));
}

static enum err say(const char **said, enum err e, const char *text) {
    *said = text;
    return e;
}

/* A status list names the head by its address and digest. */
static enum err compare_digest(struct db *db, struct arena *a, const json_t *resource,
                               const char **key, const char **said) {
    const char *id = member(resource, "id"), *digest = member(resource, "digestMultibase");
    const char *slash = id ? strrchr(id, '/') : NULL;
    struct audit_signed_head head;
    int64_t seq;
    if (!digest || !slash || !parse_i64(slash + 1, 1, INT64_MAX, &seq))
        return say(said, ERR_INVALID, "The file names no head of an audit log.");
    enum err e = audit_signed_find(db, a, seq, &head);
    if (e == OK && str_eq(audit_signed_digest(a, &head), digest)) {
        *key = head.key;
        return say(said, OK,
                   arena_printf(a, "row %" PRId64 " is as it was published at %s", seq,
                                time_iso(a, head.at_ms)));
    }
    if (e != OK && e != ERR_NOT_FOUND) return e;
    return say(said, ERR_INVALID,
               arena_printf(a,
                            "The head of row %" PRId64
                            " that was published is not the one that is here: the audit log is not "
                            "the one that was published.",
                            seq));
}

static enum err compare_head(struct db *db, struct arena *a, const json_t *doc, const char **key,
                             const char **said) {
    const json_t *seq = json_object_get(doc, "sequence");
    struct audit_signed_head head = {.seq = json_integer_value(seq),
                                     .hash = member(doc, "hash"),
                                     .key = member(doc, "key"),
                                     .signature = member(doc, "signature")};
    const char *time = member(doc, "time"), *hash;
    if (!str_eq(member(doc, "format"), FORMAT) || head.seq < 1 || !time ||
        !time_parse_iso(time, &head.at_ms) || !audit_signature_valid(a, &head))
        return say(said, ERR_INVALID,
                   "The file is not a head as Gradus publishes it: it was changed, or its "
                   "signature does not fit.");
    *key = head.key;
    enum err e = audit_hash_of(db, a, head.seq, &hash);
    if (e != OK) return e;
    if (str_eq(hash, head.hash))
        return say(said, OK,
                   arena_printf(a, "row %" PRId64 " is as it was published at %s", head.seq, time));
    return say(
        said, ERR_INVALID,
        arena_printf(a,
                     "Row %" PRId64
                     " of the audit log %s: the log is not the one that was published at %s.",
                     head.seq, hash ? "is not the row that was signed" : "is missing", time));
}

enum err audit_compare_published(struct db *db, struct arena *a, const char *text, size_t len,
                                 const char **key, const char **said) {
    const char *why;
    const json_t *doc = json_read(a, text, len, &why);
    *key = NULL;
    if (!json_is_object(doc)) return say(said, ERR_INVALID, "The file is no JSON object.");
    const json_t *resource = json_object_get(doc, "relatedResource");
    if (json_is_array(resource)) resource = json_array_get(resource, 0);
    return resource ? compare_digest(db, a, resource, key, said)
                    : compare_head(db, a, doc, key, said);
}
