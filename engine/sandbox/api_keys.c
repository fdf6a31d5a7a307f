/* Keys and tokens: how long they are good, what for, and how others take their place. A token is a
 * number and its hash under the run's seed, so that the server can verify it without asking the
 * worker; a key that was rotated is one too. */
#include <string.h>

#include "base/clock.h"
#include "base/text.h"
#include "sandbox/api.h"
#include "sandbox/faults.h"

#define ALL_SCOPES (((int64_t)1 << LAB_SCOPES_MAX) - 1)
#define NEVER_MS ((int64_t)1 << 62)
/* In the place of a family: no token but a key, which no fault ends for good. */
#define FAMILY_KEY ((int64_t)-1)

/* ---- Keys ----------------------------------------------------------------------------------- */
/* Until when the key that the run began with is good; 0: to the end. */
static const char *first_key(struct api *x) {
    return arena_printf(x->a, "first-key-%d", x->member);
}

bool api_key_alive(struct api *x, json_t *action) {
    json_t *token = json_object_get(action, "token");
    enum lab_problem lost = faults_key(x->s, x->member);
    x->scopes = ALL_SCOPES;
    if (lost) return api_problem(x, lost, NULL, NULL, 0);
    if (!token) {
        int64_t until = x->d->rotate_path ? state_meta(x->s, first_key(x)) : 0;
        return until == 0 || x->s->now_ms < until ||
               api_problem(x, LAB_PROBLEM_EXPIRED, NULL, NULL, 0);
    }
    sqlite3_stmt *q = state_query(
        x->s, "SELECT expires_ms, scopes FROM sim_token WHERE n = $1 AND member = $2", "ii",
        (int64_t)json_integer_value(token), (int64_t)x->member);
    bool known = state_row(x->s, q);
    int64_t expires = known ? sqlite3_column_int64(q, 0) : 0;
    if (known) x->scopes = sqlite3_column_int64(q, 1);
    state_end(q);
    return expires > x->s->now_ms || api_problem(x, LAB_PROBLEM_EXPIRED, NULL, NULL, 0);
}

static int64_t add_token(struct api *x, int64_t expires_ms, int64_t scopes, int64_t family) {
    int64_t n = state_next(x->s, "token");
    state_run(x->s,
              "INSERT INTO sim_token (n, member, expires_ms, scopes, family) VALUES ($1, $2, $3, "
              "$4, $5)",
              "iiiii", n, (int64_t)x->member, expires_ms, scopes, family);
    return n;
}

void api_rotate_key(struct api *x) {
    struct lab_state *s = x->s;
    if (!str_eq(x->method, "POST")) {
        api_bad_method(x, "POST");
        return;
    }
    int64_t until = s->now_ms + x->d->rotate_minutes * MS_MINUTE;
    if (!state_meta(s, first_key(x))) state_meta_set(s, first_key(x), until);
    state_run(s, "UPDATE sim_token SET expires_ms = $2 WHERE member = $1 AND expires_ms > $2", "ii",
              (int64_t)x->member, until);
    int64_t n = add_token(x, NEVER_MS, ALL_SCOPES, FAMILY_KEY);
    x->out->status = 200;
    x->out->type = "application/json";
    buf_puts(&x->out->body, "{\"key\":");
    buf_json(&x->out->body, lab_access_token(x->a, s->seed, x->member, n));
    buf_puts(&x->out->body, ",\"old_key_until\":");
    lab_surface_time(x->d, until, &x->out->body);
    buf_putc(&x->out->body, '}');
}

/* ---- Scopes --------------------------------------------------------------------------------- */
enum use { READS, WRITES, HOOKS };

static bool is_for(const struct lab_scope *scope, const struct lab_object *o, enum use use) {
    if (use == HOOKS) return scope->hooks;
    return scope->objects >> o->index & 1 && (use == WRITES ? scope->write : scope->read);
}

/* Whether the token has a scope for this; where it has none, `*needed` is the first that is. */
static bool in_scope(struct api *x, const struct lab_object *o, enum use use, const char **needed) {
    *needed = NULL;
    if (x->screen || !x->d->scope_count) return true;
    for (int i = 0; i < x->d->scope_count; i++) {
        const struct lab_scope *scope = &x->d->scopes[i];
        if (!is_for(scope, o, use)) continue;
        if (x->scopes >> i & 1) return true;
        if (!*needed) *needed = scope->as;
    }
    return false;
}

static bool told_in_scope(struct api *x, const struct lab_object *o, enum use use) {
    const char *needed;
    return in_scope(x, o, use, &needed) ||
           api_problem(x, LAB_PROBLEM_SCOPE, NULL, needed ? needed : "", 0);
}

bool api_may(struct api *x, const struct lab_object *o, bool writes) {
    const char *needed;
    return in_scope(x, o, writes ? WRITES : READS, &needed);
}

bool api_in_scope(struct api *x, bool writes) {
    return told_in_scope(x, x->object, writes ? WRITES : READS);
}

bool api_in_scope_of_hooks(struct api *x) { return told_in_scope(x, NULL, HOOKS); }

/* Reads words with blanks between them; all scopes when there is none. False: one is unknown. */
static bool read_scopes(struct api *x, const char *words, int64_t *out) {
    *out = 0;
    for (const char *p = words ? words : ""; *p;) {
        size_t len = strcspn(p, " ");
        int i = 0;
        while (i < x->d->scope_count &&
               (strlen(x->d->scopes[i].as) != len || strncmp(x->d->scopes[i].as, p, len) != 0))
            i++;
        if (len && i == x->d->scope_count) return false;
        if (len) *out |= (int64_t)1 << i;
        p += len;
        p += strspn(p, " ");
    }
    if (*out == 0) *out = ALL_SCOPES;
    return true;
}

/* ---- Tokens --------------------------------------------------------------------------------- */
struct grant {
    int64_t scopes, family;
};

static bool no_grant(struct api *x, const char *value) {
    return api_problem(x, LAB_PROBLEM_GRANT, NULL, value, 0);
}

static void end_family(struct api *x, int64_t family) {
    state_run(x->s, "UPDATE sim_token SET expires_ms = 0 WHERE family = $1 AND member = $2", "ii",
              family, (int64_t)x->member);
    state_run(x->s, "UPDATE sim_refresh SET used = 1 WHERE family = $1 AND member = $2", "ii",
              family, (int64_t)x->member);
}

static bool use_refresh(struct api *x, int64_t n, int64_t wanted, struct grant *out) {
    sqlite3_stmt *q = state_query(
        x->s,
        "SELECT scopes, family, used, expires_ms FROM sim_refresh WHERE n = $1 AND member = $2",
        "ii", n, (int64_t)x->member);
    bool known = state_row(x->s, q), used = known && sqlite3_column_int(q, 2);
    int64_t expires = known ? sqlite3_column_int64(q, 3) : 0;
    if (known) *out = (struct grant){sqlite3_column_int64(q, 0), sqlite3_column_int64(q, 1)};
    state_end(q);
    if (used) end_family(x, out->family);
    if (used || expires <= x->s->now_ms) return no_grant(x, "refresh_token");
    if (wanted != ALL_SCOPES && (wanted & ~out->scopes)) return no_grant(x, "scope");
    if (wanted != ALL_SCOPES) out->scopes = wanted;
    state_run(x->s, "UPDATE sim_refresh SET used = 1 WHERE n = $1", "i", n);
    return true;
}

static void write_scopes(struct api *x, int64_t scopes, struct buf *b) {
    bool first = true;
    if (!x->d->scope_count) return;
    buf_puts(b, ",\"scope\":\"");
    for (int i = 0; i < x->d->scope_count; i++) {
        if (!(scopes >> i & 1)) continue;
        buf_printf(b, "%s%s", first ? "" : " ", x->d->scopes[i].as);
        first = false;
    }
    buf_putc(b, '"');
}

static void write_refresh(struct api *x, const struct grant *g, struct buf *b) {
    if (!x->d->refresh_days) return;
    int64_t n = state_next(x->s, "refresh"), family = g->family ? g->family : n;
    state_run(x->s,
              "INSERT INTO sim_refresh (n, member, expires_ms, scopes, family, used) VALUES ($1, "
              "$2, $3, $4, $5, 0)",
              "iiiii", n, (int64_t)x->member, x->s->now_ms + x->d->refresh_days * MS_DAY, g->scopes,
              family);
    buf_printf(b, ",\"refresh_token\":\"%s\"",
               lab_access_token(x->a, x->s->seed, LAB_REFRESH_MEMBER(x->member), n));
}

void api_give_token(struct api *x, json_t *action) {
    struct lab_state *s = x->s;
    const char *words = x->d->scope_count ? json_string_value(json_object_get(action, "scope"))
                                          : NULL;
    json_t *refresh = json_object_get(action, "refresh");
    struct grant g = {ALL_SCOPES, 0};
    if (!read_scopes(x, words, &g.scopes)) {
        (void)no_grant(x, "scope");
        return;
    }
    if (refresh && !use_refresh(x, json_integer_value(refresh), g.scopes, &g)) return;
    /* The family is that of the first refresh token, which is about to be made. */
    int64_t family = g.family ? g.family : x->d->refresh_days ? state_meta(s, "refresh") + 1 : 0;
    int64_t n = add_token(x, s->now_ms + x->d->token_minutes * MS_MINUTE, g.scopes, family);
    struct buf *b = &x->out->body;
    x->out->status = 200;
    x->out->type = "application/json";
    buf_printf(b, "{\"access_token\":\"%s\",\"token_type\":\"Bearer\",\"expires_in\":%d",
               lab_access_token(x->a, s->seed, x->member, n), x->d->token_minutes * 60);
    write_scopes(x, g.scopes, b);
    write_refresh(x, &g, b);
    buf_putc(b, '}');
}
