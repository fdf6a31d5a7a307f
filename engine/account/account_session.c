/* Identifies the person of a request by the session cookie.
 *
 * Identities are cached for a second, so that a page and the requests that it makes query the store
 * once. A change by this process ends that at once: store_watched_version counts each commit that
 * touches one of account_watched, and what was cached under an earlier version is not used. A
 * change by another process (gradus user reset) is seen within that second. */
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "account/account_factor.h"
#include "account/account_sql.h"
#include "audit/audit.h"
#include "base/clock.h"
#include "base/codec.h"
#include "base/log.h"
#include "base/text.h"
#include "store/seal.h"

#define SLOTS                                                                                      \
    1024 /* direct-mapped by the session id: two with the same slot replace each other             \
          */
#define CACHED_MS 1000
#define ID_CHARS 64
#define TEXT_BYTES 448 /* of one identity; a longer one is not cached */

const char *const account_watched[] = {"session",  "person",        "person_role",
                                       "password", "second_factor", NULL};

/* The strings stand one after the other in `text`, each with its NUL; an offset of 0 is NULL. */
struct slot {
    pthread_mutex_t lock;
    char id[ID_CHARS + 1]; /* "": empty */
    uint64_t as_of;        /* db_watched_version */
    int64_t read_ms;       /* monotonic */
    int64_t expires_ms;
    unsigned roles;
    const char *only_path; /* a constant */
    uint16_t person, csrf, name, login, locale, reading;
    char text[TEXT_BYTES];
};

struct session_cache {
    struct slot slots[SLOTS];
};

struct session_cache *session_cache_new(void) {
    struct session_cache *s = calloc(1, sizeof *s);
    for (size_t i = 0; s && i < SLOTS; i++) pthread_mutex_init(&s->slots[i].lock, NULL);
    return s;
}

void session_cache_free(struct session_cache *s) {
    for (size_t i = 0; s && i < SLOTS; i++) pthread_mutex_destroy(&s->slots[i].lock);
    free(s);
}

const char *account_session_id(struct request *r, const char *token) {
    return sha256_hex(r->arena, token, strlen(token));
}

static struct slot *slot_of(struct request *r, const char *id) {
    unsigned at = 0;
    for (int i = 0; i < 4; i++) /* the id is a hash, so any of its digits are well spread */
        at = at << 4 | (unsigned)(id[i] <= '9' ? id[i] - '0' : id[i] - 'a' + 10);
    return &r->app->accounts->sessions->slots[at % SLOTS];
}

/* `now_ms` is the monotonic clock's: a request may have begun a minute before its last byte came.
 */
static bool usable(const struct slot *s, struct request *r, const char *id, int64_t now_ms) {
    return str_eq(s->id, id) && s->as_of == store_watched_version(r->app->store) &&
           now_ms - s->read_ms < CACHED_MS && r->now_ms < s->expires_ms;
}

static const char *text_at(const struct slot *s, uint16_t offset, struct arena *a) {
    return offset ? arena_dup(a, s->text + offset) : NULL;
}

static const struct identity *cached_identity(struct request *r, const char *id, int64_t now_ms) {
    struct slot *place = slot_of(r, id), copy;
    pthread_mutex_lock(&place->lock);
    bool good = usable(place, r, id, now_ms);
    if (good) copy = *place;
    pthread_mutex_unlock(&place->lock);
    if (!good) return NULL;
    struct identity *who = NEW(r->arena, struct identity);
    *who = (struct identity){.person_id = text_at(&copy, copy.person, r->arena),
                             .name = text_at(&copy, copy.name, r->arena),
                             .login = text_at(&copy, copy.login, r->arena),
                             .roles = copy.roles,
                             .only_path = copy.only_path,
                             .locale = text_at(&copy, copy.locale, r->arena),
                             .reading = text_at(&copy, copy.reading, r->arena),
                             .session_id = id,
                             .csrf = text_at(&copy, copy.csrf, r->arena)};
    return who;
}

/* False when there is no room. */
static bool put_text(struct slot *s, size_t *len, const char *text, uint16_t *offset) {
    size_t n = text ? strlen(text) + 1 : 0;
    if (n > TEXT_BYTES - *len) return false;
    *offset = text ? (uint16_t)*len : 0;
    if (text) memcpy(s->text + *len, text, n);
    *len += n;
    return true;
}

static void cache_identity(struct request *r, const struct identity *who, int64_t read_ms,
                           int64_t expires_ms) {
    struct slot *s = slot_of(r, who->session_id);
    size_t len = 1;
    pthread_mutex_lock(&s->lock);
    bool fits = put_text(s, &len, who->person_id, &s->person) &&
                put_text(s, &len, who->csrf, &s->csrf) && put_text(s, &len, who->name, &s->name) &&
                put_text(s, &len, who->login, &s->login) &&
                put_text(s, &len, who->locale, &s->locale) &&
                put_text(s, &len, who->reading, &s->reading);
    s->as_of = db_watched_version(r->db);
    s->read_ms = read_ms;
    s->expires_ms = expires_ms;
    s->roles = who->roles;
    s->only_path = who->only_path;
    memcpy(s->id, fits ? who->session_id : "", fits ? ID_CHARS + 1 : 1);
    pthread_mutex_unlock(&s->lock);
}

/* ---- Last use -------------------------------------------------------------------------------- */

struct use {
    struct write_job job;
    struct arena arena;
    char id[ID_CHARS + 1];
};

static enum err store_use(struct db *db, struct arena *a, void *arg, int64_t now_ms) {
    const struct use *u = arg;
    (void)a;
    return db_run(db, SQL_account_session_used, "ti", u->id, now_ms);
}

static void free_use(struct use *u) {
    arena_release(&u->arena);
    free(u);
}

static void use_stored(struct write_job *job, enum err result) {
    (void)result; /* the next request tries again */
    free_use(job->context);
}

/* Nobody waits for this job: when it fails, the session ends a little earlier. */
static void note_use(struct request *r, const char *id) {
    struct use *u = calloc(1, sizeof *u);
    if (!u) return;
    arena_init(&u->arena, 64 * 1024);
    memcpy(u->id, id, ID_CHARS);
    u->job = (struct write_job){
        .run = store_use, .arg = u, .arena = &u->arena, .done = use_stored, .context = u};
    if (store_submit(r->app->store, &u->job) != OK) free_use(u);
}

/* ---- New sessions ---------------------------------------------------------------------------- */

/* RULE session-seal: a session that does not carry the seal of these facts is none: whoever can
 * write the database could else sign in as anybody. Whoever had it signs in again.
 * RULE session-ended: whatever ends a session takes its seal away with it, so that its row without
 * the end is no session either. */
struct sealed_session {
    const char *id, *person_id, *csrf;
    int64_t created_ms, expires_ms, awaits_code;
};
#define SEALED_SESSION(s)                                                                          \
    "session", "tttiii", (s)->id, (s)->person_id, (s)->csrf, (s)->created_ms, (s)->expires_ms,     \
        (s)->awaits_code

/* ERR_CONFLICT: RULE logged-factor. */
static enum err factor_holds(struct db *db, struct arena *a, const char *person_id) {
    const char *problem;
    enum err e = factor_problem(db, a, person_id, &problem);
    if (e != OK || !problem) return e;
    log_say(LOG_ERROR, "records_changed",
            "the person %s cannot sign in: %s: see gradus audit verify", person_id, problem);
    return ERR_CONFLICT;
}

enum err account_session_begin(struct db *db, struct arena *a, int64_t now_ms,
                               const char *person_id, const char *client, bool code_given,
                               struct new_session *out) {
    struct person p;
    struct factor f;
    enum err e = account_find(db, a, person_id, &p);
    if (e == OK) e = factor_holds(db, a, person_id);
    if (e != OK) return e;
    e = factor_of(db, a, person_id, &f);
    if (e != OK && e != ERR_NOT_FOUND) return e;
    out->awaits_code = e == OK && f.confirmed_ms && !code_given;
    out->token = random_token(a, 32);
    out->id = sha256_hex(a, out->token, strlen(out->token));
    out->now_ms = now_ms;
    /* The latest end, reached while the session is used. */
    out->until_ms = account_session_until(p.roles, now_ms, INT64_MAX / 2);
    if (out->awaits_code) out->until_ms = now_ms + CODE_WAIT_MS;
    out->csrf = random_token(a, 32);
    struct sealed_session sealed = {out->id, person_id,     out->csrf,
                                    now_ms,  out->until_ms, out->awaits_code};
    e = db_run(db, SQL_account_session_add, "tttiitit", out->id, person_id, out->csrf, now_ms,
               out->until_ms, client, (int64_t)out->awaits_code,
               seal_make(db, a, SEALED_SESSION(&sealed)));
    return e == OK ? audit_append(db, a, now_ms, person_id, "session.begin", person_id, NULL) : e;
}

void account_session_cookie(struct request *r, const struct new_session *s) {
    http_host_cookie_out(r, SESSION_COOKIE, s->token, (s->until_ms - s->now_ms) / MS_SECOND);
}

/* ---- Identity ------------------------------------------------------------------------------- */

/* RULE second-factor: first the code, then a password of one's own, then the second factor where
 * the academy asks for one. */
static const char *unfinished(struct request *r, unsigned roles, bool awaits_code, bool issued,
                              bool has_factor) {
    if (awaits_code) return ACCOUNT_CODE_PATH;
    if (issued) return ACCOUNT_FIRST_PATH;
    bool asked = r->app->factor_required && roles & (ROLE_INSTRUCTOR | ROLE_ASSESSOR | ROLE_ADMIN);
    return asked && !has_factor ? ACCOUNT_FACTOR_PATH : NULL;
}

enum err account_identify(struct request *r) {
    const char *token = http_host_cookie_in(r, SESSION_COOKIE);
    if (!token || strlen(token) != 43) return OK;
    const char *id = account_session_id(r, token);
    const int64_t now_ms = clock_monotonic_ms(); /* before the snapshot */
    r->who = cached_identity(r, id, now_ms);
    if (r->who) return OK;
    struct stmt *q;
    enum err e;
    if (!db_one(r->db, &q, &e, SQL_account_session, "ti", id, r->now_ms))
        return e == ERR_NOT_FOUND ? OK : e;
    struct identity *who = NEW(r->arena, struct identity);
    who->person_id = stmt_text(q, 0, r->arena);
    who->csrf = stmt_text(q, 1, r->arena);
    who->name = stmt_text(q, 2, r->arena);
    who->login = stmt_text(q, 3, r->arena);
    who->locale = stmt_text(q, 4, r->arena);
    who->roles = (unsigned)stmt_int(q, 5);
    who->reading = stmt_text(q, 12, r->arena);
    who->session_id = id;
    const struct sealed_session sealed = {id,
                                          who->person_id,
                                          who->csrf,
                                          .created_ms = stmt_int(q, 7),
                                          .expires_ms = stmt_int(q, 6),
                                          .awaits_code = stmt_int(q, 10)};
    bool genuine = seal_holds(r->db, stmt_text(q, 13, r->arena), SEALED_SESSION(&sealed));
    int64_t expires_ms = sealed.expires_ms, used_ms = stmt_int(q, 8);
    int64_t until_ms = account_session_until(who->roles, sealed.created_ms, used_ms);
    if (until_ms < expires_ms) expires_ms = until_ms;
    who->only_path = unfinished(r, who->roles, sealed.awaits_code != 0, stmt_int(q, 9) != 0,
                                stmt_int(q, 11) != 0);
    e = stmt_end(q);
    if (e != OK || !genuine || expires_ms <= r->now_ms) return e;
    if (r->now_ms - used_ms > account_session_idle_ms(who->roles) / 12) note_use(r, id);
    cache_identity(r, who, now_ms, expires_ms);
    r->who = who;
    return OK;
}
