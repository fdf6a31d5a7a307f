/* Sends what webhooks send. */
#include "sandbox/hooks.h"

#include <sodium.h>
#include <string.h>

#include "base/clock.h"
#include "base/codec.h"
#include "base/text.h"
#include "labmodel/lab_pattern.h"
#include "sandbox/due.h"
#include "sandbox/faults.h"

struct hook {
    const char *id, *address, *state, *challenge;
    int member;
    int64_t secret, old_until_ms;
};

static bool get(struct lab_state *s, const char *id, struct hook *out) {
    sqlite3_stmt *q = state_query(s,
                                  "SELECT id, address, state, challenge, member, secret, "
                                  "old_until_ms FROM sim_hook WHERE id = $1",
                                  "t", id);
    bool found = state_row(s, q);
    if (found)
        *out = (struct hook){state_column(q, 0, s->scratch), state_column(q, 1, s->scratch),
                             state_column(q, 2, s->scratch), state_column(q, 3, s->scratch),
                             sqlite3_column_int(q, 4),       sqlite3_column_int64(q, 5),
                             sqlite3_column_int64(q, 6)};
    state_end(q);
    return found;
}

void hooks_resume(struct lab_state *s) {
    s->hooks = state_number(s, "SELECT count(*) FROM sim_hook", "");
}

const char *hooks_receiver(struct lab_state *s, const char *address) {
    if (!address || !str_has_prefix(address, HOOK_ADDRESS)) return NULL;
    const char *name = address + strlen(HOOK_ADDRESS);
    return state_number(s, "SELECT count(*) FROM sim_receiver WHERE name = $1", "t", name) ? name
                                                                                           : NULL;
}

/* ---- Secrets and signatures ----------------------------------------------------------------- */
static const char *random_text(struct lab_state *s, const char *stream, const char *id, int64_t n) {
    return arena_printf(s->scratch, "%016llx%016llx",
                        (unsigned long long)lab_hash64(s->seed, stream, id, 2 * n),
                        (unsigned long long)lab_hash64(s->seed, stream, id, 2 * n + 1));
}

const char *hooks_secret(struct lab_state *s, const char *id, int64_t n) {
    return arena_printf(s->scratch, "hs_%s", random_text(s, "hook-secret", id, n));
}

const char *hooks_sign(const struct lab_hooks *h, const char *secret, const char *id, int64_t stamp,
                       const char *body, struct arena *a) {
    unsigned char mac[crypto_auth_hmacsha256_BYTES];
    crypto_auth_hmacsha256_state hmac;
    const char *head = arena_printf(a, "%s.%lld.", id, (long long)stamp);
    crypto_auth_hmacsha256_init(&hmac, (const unsigned char *)secret, strlen(secret));
    crypto_auth_hmacsha256_update(&hmac, (const unsigned char *)head, strlen(head));
    crypto_auth_hmacsha256_update(&hmac, (const unsigned char *)body, strlen(body));
    crypto_auth_hmacsha256_final(&hmac, mac);
    return lab_pattern_fill(h->signature, "signature", hex_encode(a, mac, sizeof mac), a);
}

/* ---- Messages ------------------------------------------------------------------------------- */
struct message {
    const char *id, *signature, *body, *origin;
    int64_t stamp, delivery, attempt; /* delivery: 0 when no system sent it */
};

/* Puts a message before the receiver. Its own rule answers at once; a person has five minutes. */
static bool put(struct lab_state *s, const struct hook *h, const struct message *m) {
    const char *receiver = hooks_receiver(s, h->address);
    if (!receiver ||
        state_number(s, "SELECT count(*) FROM sim_hook_message", "") >= HOOK_MESSAGES_MAX)
        return false;
    int64_t n = state_next(s, "hook-message");
    state_run(
        s,
        "INSERT INTO sim_hook_message (n, receiver, member, hook, delivery, attempt, id, at_ms, "
        "stamp, signature, body, origin) VALUES ($1, $2, $3, $4, nullif($5, 0), $6, $7, $8, "
        "$9, $10, $11, $12)",
        "ititiitiittt", n, receiver, (int64_t)h->member, h->id, m->delivery, m->attempt, m->id,
        s->now_ms, m->stamp, m->signature, m->body, m->origin);
    if (!receiver_judge(s, n))
        due_add(s, s->now_ms + HOOK_PATIENCE_MS, DUE_RULE, DUE_HOOK_LATE, n, NULL, NULL);
    return true;
}

static bool old_signs(struct lab_state *s, const struct hook *h) {
    return h->secret > 1 && s->now_ms < h->old_until_ms;
}

static const char *signatures(struct lab_state *s, const struct hook *h, const char *id,
                              int64_t stamp, const char *body) {
    const struct lab_hooks *d = s->dialect[h->member]->hooks;
    const char *first = hooks_sign(d, hooks_secret(s, h->id, h->secret), id, stamp, body,
                                   s->scratch);
    if (!old_signs(s, h)) return first;
    return arena_printf(
        s->scratch, "%s %s", first,
        hooks_sign(d, hooks_secret(s, h->id, h->secret - 1), id, stamp, body, s->scratch));
}

/* What a fault makes of an attempt; the first is 1, and 0 asks when the delivery is made. */
static struct fault_hook fault_of(struct lab_state *s, int member, int64_t n, int64_t attempt) {
    return faults_hook(s, member, n * 16 + attempt);
}

/* ---- Forgeries ------------------------------------------------------------------------------ */
/* The last genuine message about a record. */
static bool earlier(struct lab_state *s, const char *hook, struct message *out) {
    sqlite3_stmt *q = state_query(
        s,
        "SELECT m.id, m.signature, m.body, m.stamp, m.attempt FROM sim_hook_message m JOIN "
        "sim_hook_delivery d ON d.n = m.delivery WHERE m.hook = $1 AND d.challenge = 0 AND "
        "m.origin = 'system' ORDER BY m.n DESC LIMIT 1",
        "t", hook);
    bool found = state_row(s, q);
    if (found)
        *out = (struct message){.id = state_column(q, 0, s->scratch),
                                .signature = state_column(q, 1, s->scratch),
                                .body = state_column(q, 2, s->scratch),
                                .stamp = sqlite3_column_int64(q, 3),
                                .attempt = sqlite3_column_int64(q, 4)};
    state_end(q);
    return found;
}

static bool forge(struct lab_state *s, const struct hook *h, enum hook_forgery how) {
    struct message m;
    bool known = earlier(s, h->id, &m), anew = how == HOOK_FORGE_SECRET || how == HOOK_FORGE_OLD;
    if (!known || (how == HOOK_FORGE_OLD && (h->secret < 2 || old_signs(s, h)))) return false;
    int64_t n = state_next(s, "hook-forgery");
    if (anew) {
        const char *secret = how == HOOK_FORGE_OLD ? hooks_secret(s, h->id, h->secret - 1)
                                                   : random_text(s, "hook-forgery", h->id, n);
        m.id = arena_printf(s->scratch, "evt_%lld", (long long)(state_next(s, "hook-delivery")));
        m.stamp = s->now_ms / MS_SECOND;
        m.signature = hooks_sign(s->dialect[h->member]->hooks, secret, m.id, m.stamp, m.body,
                                 s->scratch);
    }
    if (how == HOOK_FORGE_BODY) m.body = arena_printf(s->scratch, "%s ", m.body);
    m.origin = how == HOOK_FORGE_REPLAY ? "replayed" : "forged";
    return put(s, h, &m);
}

/* ---- Deliveries ----------------------------------------------------------------------------- */
static void hook_due(struct lab_state *s, int64_t at_ms, int64_t delivery) {
    due_add(s, at_ms, DUE_RULE, DUE_HOOK, delivery, NULL, NULL);
}

static const char *public_id(struct lab_state *s, int64_t delivery) {
    return arena_printf(s->scratch, "evt_%lld", (long long)delivery);
}

static void deliver(struct lab_state *s, const struct hook *h, bool challenge, int64_t seq,
                    const char *body) {
    int64_t n = state_next(s, "hook-delivery");
    state_run(s,
              "INSERT INTO sim_hook_delivery (n, hook, challenge, event_seq, at_ms, body, state, "
              "attempts) VALUES ($1, $2, $3, nullif($4, 0), $5, $6, 'waiting', 0)",
              "itiiit", n, h->id, (int64_t)challenge, seq, s->now_ms, body);
    int64_t wait = fault_of(s, h->member, n, 0).delay * (int64_t)HOOK_BEHIND_MS;
    hook_due(s, s->now_ms + HOOK_DELAY_MS + wait, n);
}

static void end_delivery(struct lab_state *s, int64_t n, const char *state) {
    state_run(s, "UPDATE sim_hook_delivery SET state = $2 WHERE n = $1", "it", n, state);
}

/* After an attempt that failed. */
static void again(struct lab_state *s, const struct hook *h, int64_t n, int64_t attempts) {
    const struct lab_hooks *d = s->dialect[h->member]->hooks;
    if (attempts <= d->retry_count) {
        hook_due(s, s->now_ms + d->retry_seconds[attempts - 1] * MS_SECOND, n);
        return;
    }
    end_delivery(s, n, "given up");
    state_event(s, &(struct state_event){.kind = "hook.given_up",
                                         .connector = s->dialect[h->member]->connector_id,
                                         .detail = public_id(s, n)});
}

struct delivery {
    struct hook hook;
    const char *body, *state;
    int64_t attempts;
    bool challenge;
};

static bool get_delivery(struct lab_state *s, int64_t n, struct delivery *out) {
    sqlite3_stmt *q = state_query(
        s, "SELECT hook, body, state, attempts, challenge FROM sim_hook_delivery WHERE n = $1", "i",
        n);
    bool found = state_row(s, q);
    const char *hook = found ? state_column(q, 0, s->scratch) : NULL;
    if (found) {
        out->body = state_column(q, 1, s->scratch);
        out->state = state_column(q, 2, s->scratch);
        out->attempts = sqlite3_column_int64(q, 3);
        out->challenge = sqlite3_column_int(q, 4) == 1;
    }
    state_end(q);
    return found && get(s, hook, &out->hook);
}

static void attempt(struct lab_state *s, int64_t n) {
    struct delivery d;
    if (!get_delivery(s, n, &d) || !str_eq(d.state, "waiting")) return;
    state_run(s, "UPDATE sim_hook_delivery SET attempts = attempts + 1 WHERE n = $1", "i", n);
    d.attempts++;
    struct fault_hook f = fault_of(s, d.hook.member, n, d.attempts);
    int64_t stamp = s->now_ms / MS_SECOND;
    struct message m = {.id = public_id(s, n),
                        .body = d.body,
                        .origin = "system",
                        .stamp = stamp,
                        .delivery = n,
                        .attempt = d.attempts};
    m.signature = signatures(s, &d.hook, m.id, stamp, d.body);
    if (f.drop || !put(s, &d.hook, &m)) {
        again(s, &d.hook, n, d.attempts);
        return;
    }
    m.origin = "duplicate";
    if (f.duplicate) (void)put(s, &d.hook, &m);
    if (f.forge) (void)forge(s, &d.hook, HOOK_FORGE_SECRET);
}

/* The receiver's answer to a message that the system sent. */
static void answered(struct lab_state *s, int64_t n, enum hook_verdict verdict, const char *reply) {
    struct delivery d;
    if (!get_delivery(s, n, &d) || !str_eq(d.state, "waiting")) return;
    bool echoed = !d.challenge || str_eq(reply, d.hook.challenge);
    if (verdict != HOOK_ACCEPTED || !echoed) {
        again(s, &d.hook, n, d.attempts);
        return;
    }
    end_delivery(s, n, "delivered");
    if (!d.challenge) return;
    state_run(s, "UPDATE sim_hook SET state = 'active' WHERE id = $1", "t", d.hook.id);
}

bool hooks_decide(struct lab_state *s, int64_t message, enum hook_verdict verdict,
                  const char *reply) {
    static const char *const words[] = {"accepted", "refused", "late"};
    sqlite3_stmt *q = state_query(
        s,
        "SELECT coalesce(delivery, 0), origin = 'system' FROM sim_hook_message WHERE n = $1 AND "
        "verdict IS NULL",
        "i", message);
    bool open = state_row(s, q), sent = open && sqlite3_column_int(q, 1);
    int64_t delivery = open ? sqlite3_column_int64(q, 0) : 0;
    state_end(q);
    if (!open) return false;
    state_run(s, "UPDATE sim_hook_message SET verdict = $2, decided_ms = $3 WHERE n = $1", "iti",
              message, words[verdict], s->now_ms);
    if (sent) answered(s, delivery, verdict, reply);
    return true;
}

void hooks_send(struct lab_state *s, int64_t delivery) {
    s->who = (struct lab_who){.actor = "hook"};
    attempt(s, delivery);
}

void hooks_late(struct lab_state *s, int64_t message) {
    s->who = (struct lab_who){.actor = "hook"};
    (void)hooks_decide(s, message, HOOK_LATE, NULL);
}

/* ---- Subscriptions -------------------------------------------------------------------------- */
static int ids_of(struct lab_state *s, int member, const char *out[HOOKS_MAX]) {
    int count = 0;
    sqlite3_stmt *q = state_query(
        s, "SELECT id FROM sim_hook WHERE member = $1 AND state = 'active' ORDER BY id", "i",
        (int64_t)member);
    while (count < HOOKS_MAX && state_row(s, q)) out[count++] = state_column(q, 0, s->scratch);
    state_end(q);
    return count;
}

void hooks_record(struct lab_state *s, enum lab_trigger on, struct lab_place at, const char *id,
                  int64_t seq) {
    const struct lab_dialect *d = s->dialect[at.member];
    const char *ids[HOOKS_MAX];
    if (!s->hooks || !d->hooks) return;
    struct lab_body_fill fill = {.id = id,
                                 .object = d->objects[at.object->index].title,
                                 .event = on == LAB_ON_CREATE   ? d->hooks->created
                                          : on == LAB_ON_UPDATE ? d->hooks->changed
                                                                : d->hooks->deleted};
    struct buf body;
    buf_init(&body, s->scratch);
    lab_body_write(&d->bodies[LAB_BODY_HOOK], &fill, &body);
    int count = ids_of(s, at.member, ids);
    for (int i = 0; i < count; i++) {
        struct hook h;
        if (get(s, ids[i], &h)) deliver(s, &h, false, seq, buf_text(&body));
    }
}

const char *hooks_subscribe(struct lab_state *s, int member, const char *address) {
    int64_t n = state_next(s, "hook");
    const char *id = arena_printf(s->scratch, "wh_%lld", (long long)n);
    struct hook h = {id, address, "pending", random_text(s, "hook-challenge", id, 0), member, 1, 0};
    struct buf body;
    state_run(s,
              "INSERT INTO sim_hook (id, member, address, state, challenge, secret, old_until_ms) "
              "VALUES ($1, $2, $3, 'pending', $4, 1, 0)",
              "titt", id, (int64_t)member, address, h.challenge);
    s->hooks++;
    buf_init(&body, s->scratch);
    buf_putc(&body, '{');
    buf_json(&body, s->dialect[member]->hooks->challenge_as);
    buf_putc(&body, ':');
    buf_json(&body, h.challenge);
    buf_putc(&body, '}');
    deliver(s, &h, true, 0, buf_text(&body));
    return id;
}

void hooks_rotate(struct lab_state *s, const char *id) {
    struct hook h;
    if (!get(s, id, &h)) return;
    int64_t overlap = s->dialect[h.member]->hooks->overlap_minutes * MS_MINUTE;
    state_run(s, "UPDATE sim_hook SET secret = secret + 1, old_until_ms = $2 WHERE id = $1", "ti",
              id, s->now_ms + overlap);
}

void hooks_unsubscribe(struct lab_state *s, const char *id) {
    state_run(s, "DELETE FROM sim_hook WHERE id = $1", "t", id);
    state_run(
        s, "UPDATE sim_hook_delivery SET state = 'given up' WHERE hook = $1 AND state = 'waiting'",
        "t", id);
    hooks_resume(s);
}

/* ---- Forgeries of all subscriptions ---------------------------------------------------------- */
int hooks_forge(struct lab_state *s, int member, enum hook_forgery how) {
    const char *ids[HOOKS_MAX];
    int count = s->dialect[member]->hooks ? ids_of(s, member, ids) : 0, sent = 0;
    for (int i = 0; i < count; i++) {
        struct hook h;
        if (get(s, ids[i], &h)) sent += forge(s, &h, how);
    }
    return sent;
}
