/* Who asks: from the session's cookie to a person and their powers.
 *
 * What was looked up is kept for a second, so that a page and what it fetches and saves ask the store once. A change made by
 * this process ends that at once: the store counts each commit that touches one of account_watched, and what was read
 * under an earlier count is not used. A change by another one (gradus user reset) is seen within that second. */
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "account/account_private.h"
#include "base/clock.h"
#include "base/codec.h"
#include "base/text.h"

#define SLOTS 1024 /* a session's place follows from its id: two that meet take turns */
#define KEPT_MS 1000
#define ID_CHARS 64
#define TEXT_BYTES 448 /* of one identity; a longer one is looked up each time */

const char *const account_watched[] = {"session", "person", "person_role", NULL};

/* Texts lie one behind the other in `text`, each with its NUL; offset 0 is an empty one for NULL. */
struct slot {
    pthread_mutex_t lock;
    char id[ID_CHARS + 1]; /* "": empty */
    uint64_t as_of;        /* db_watched */
    int64_t read_ms;       /* monotonic */
    int64_t expires_ms;
    unsigned roles;
    uint16_t person, csrf, name, login, locale;
    char text[TEXT_BYTES];
};

struct sessions {
    struct slot slots[SLOTS];
};

struct sessions *sessions_new(void) {
    struct sessions *s = calloc(1, sizeof *s);
    for (size_t i = 0; s && i < SLOTS; i++) pthread_mutex_init(&s->slots[i].lock, NULL);
    return s;
}

void sessions_free(struct sessions *s) {
    for (size_t i = 0; s && i < SLOTS; i++) pthread_mutex_destroy(&s->slots[i].lock);
    free(s);
}

const char *account_session_id(struct request *r, const char *token) {
    return sha256_hex(r->arena, token, strlen(token));
}

static struct slot *slot_of(struct request *r, const char *id) {
    unsigned at = 0;
    for (int i = 0; i < 4; i++) /* the id is a hash: any digits of it spread */
        at = at << 4 | (unsigned)(id[i] <= '9' ? id[i] - '0' : id[i] - 'a' + 10);
    return &r->app->accounts->sessions->slots[at % SLOTS];
}

/* `now_ms` is the monotonic clock's: a request may have begun a minute before its last byte came. */
static bool usable(const struct slot *s, struct request *r, const char *id, int64_t now_ms) {
    return str_eq(s->id, id) && s->as_of == store_watched(r->app->store) &&
           now_ms - s->read_ms < KEPT_MS && r->now_ms < s->expires_ms;
}

static const char *text_at(const struct slot *s, uint16_t offset, struct arena *a) {
    return offset ? arena_dup(a, s->text + offset) : NULL;
}

static const struct identity *kept(struct request *r, const char *id, int64_t now_ms) {
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
                             .locale = text_at(&copy, copy.locale, r->arena),
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

static void keep(struct request *r, const struct identity *who, int64_t read_ms,
                 int64_t expires_ms) {
    struct slot *s = slot_of(r, who->session_id);
    size_t len = 1;
    pthread_mutex_lock(&s->lock);
    bool fits = put_text(s, &len, who->person_id, &s->person) &&
                put_text(s, &len, who->csrf, &s->csrf) && put_text(s, &len, who->name, &s->name) &&
                put_text(s, &len, who->login, &s->login) &&
                put_text(s, &len, who->locale, &s->locale);
    s->as_of = db_watched(r->db);
    s->read_ms = read_ms;
    s->expires_ms = expires_ms;
    s->roles = who->roles;
    memcpy(s->id, fits ? who->session_id : "", fits ? ID_CHARS + 1 : 1);
    pthread_mutex_unlock(&s->lock);
}

enum err account_identify(struct request *r) {
    const char *token = http_cookie_in(r, SESSION_COOKIE);
    if (!token || strlen(token) != 43) return OK;
    const char *id = account_session_id(r, token);
    const int64_t now_ms = clock_monotonic_ms(); /* before the snapshot */
    r->who = kept(r, id, now_ms);
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
    who->session_id = id;
    int64_t expires_ms = stmt_int(q, 6);
    e = stmt_end(q);
    if (e != OK) return e;
    keep(r, who, now_ms, expires_ms);
    r->who = who;
    return OK;
}
