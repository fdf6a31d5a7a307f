/* Receivers of webhooks, which learners open in the lab: its own API, and the rule that can answer
 * for a receiver. */
#include <string.h>

#include "base/clock.h"
#include "base/codec.h"
#include "base/json.h"
#include "base/text.h"
#include "sandbox/hooks.h"

#define SECRETS_MAX 5
#define SECRET_BYTES 100
#define NAME_BYTES 40
#define REPLY_BYTES 200
#define TOLERANCE_MAX_S 86400
#define MESSAGES_SHOWN 100

/* ---- The rule ------------------------------------------------------------------------------- */
struct receiver {
    json_t *secrets; /* NULL: calls answer */
    int64_t tolerance_ms;
    bool once;
};

static bool get(struct lab_state *s, const char *name, struct receiver *out) {
    const char *why;
    sqlite3_stmt *q = state_query(
        s, "SELECT secrets, tolerance_ms, once FROM sim_receiver WHERE name = $1", "t", name);
    bool found = state_row(s, q);
    const char *secrets = found ? state_column(q, 0, s->scratch) : NULL;
    if (found) *out = (struct receiver){NULL, sqlite3_column_int64(q, 1), sqlite3_column_int(q, 2)};
    state_end(q);
    if (secrets) out->secrets = json_read(s->scratch, secrets, strlen(secrets), &why);
    return found;
}

/* Whether one of the words of the header is the signature under this secret. */
static bool signed_with(const char *header, const char *signature) {
    size_t len = strlen(signature);
    for (const char *p = header; *p;) {
        p += strspn(p, " ");
        size_t word = strcspn(p, " ");
        if (word == len && strncmp(p, signature, len) == 0) return true;
        p += word;
    }
    return false;
}

/* RULE lab-hook-judge: a receiver's rule accepts what one of its secrets signed, whose timestamp is
 * no further from now than it tolerates, and, with "once", whose id it has not accepted before. */
bool receiver_judge(struct lab_state *s, int64_t message) {
    struct receiver r;
    sqlite3_stmt *q = state_query(
        s,
        "SELECT m.receiver, m.id, m.stamp, m.signature, m.body, m.member, coalesce(d.challenge, 0) "
        "FROM sim_hook_message m LEFT JOIN sim_hook_delivery d ON "
        "d.n = m.delivery WHERE m.n = $1",
        "i", message);
    bool found = state_row(s, q), challenge = found && sqlite3_column_int(q, 6);
    const char *name = found ? state_column(q, 0, s->scratch) : NULL,
               *id = found ? state_column(q, 1, s->scratch) : NULL,
               *signature = found ? state_column(q, 3, s->scratch) : NULL,
               *body = found ? state_column(q, 4, s->scratch) : NULL;
    int64_t stamp = found ? sqlite3_column_int64(q, 2) : 0;
    int member = found ? sqlite3_column_int(q, 5) : 0;
    state_end(q);
    if (!found || challenge || !get(s, name, &r) || !r.secrets) return false;
    bool good = false;
    size_t i;
    json_t *secret;
    json_array_foreach (r.secrets, i, secret)
        good = good || signed_with(signature,
                                   hooks_sign(s->dialect[member]->hooks, json_string_value(secret),
                                              id, stamp, body, s->scratch));
    int64_t age = s->now_ms / MS_SECOND * MS_SECOND - stamp * MS_SECOND;
    good = good && age <= r.tolerance_ms && -age <= r.tolerance_ms;
    if (good && r.once)
        good = state_number(s,
                            "SELECT count(*) FROM sim_hook_message WHERE receiver = $1 AND id = $2 "
                            "AND verdict = 'accepted'",
                            "tt", name, id) == 0;
    return hooks_decide(s, message, good ? HOOK_ACCEPTED : HOOK_REFUSED, NULL);
}

/* ---- Answers -------------------------------------------------------------------------------- */
static void refuse(struct step_answer *out, int status, const char *sentence) {
    out->status = status;
    out->refused = true;
    buf_puts(&out->body, "{\"error\":");
    buf_json(&out->body, sentence);
    buf_putc(&out->body, '}');
}

static void show(struct lab_state *s, const char *name, struct step_answer *out) {
    struct receiver r;
    struct buf *b = &out->body;
    if (!get(s, name, &r)) return;
    buf_puts(b, "{\"name\":");
    buf_json(b, name);
    buf_puts(b, ",\"address\":");
    buf_json(b, arena_printf(s->scratch, HOOK_ADDRESS "%s", name));
    buf_printf(b, ",\"secrets\":%s,\"tolerance_seconds\":%lld,\"once\":%s}",
               r.secrets ? json_text(s->scratch, r.secrets) : "null",
               (long long)(r.tolerance_ms / MS_SECOND), r.once ? "true" : "false");
}

static void list(struct lab_state *s, struct step_answer *out) {
    const char *names[HOOK_RECEIVERS_MAX];
    int count = 0;
    sqlite3_stmt *q = state_query(s, "SELECT name FROM sim_receiver ORDER BY name", "");
    while (count < HOOK_RECEIVERS_MAX && state_row(s, q))
        names[count++] = state_column(q, 0, s->scratch);
    state_end(q);
    buf_puts(&out->body, "{\"receivers\":[");
    for (int i = 0; i < count; i++) {
        if (i) buf_putc(&out->body, ',');
        show(s, names[i], out);
    }
    buf_puts(&out->body, "]}");
}

static void show_message(struct lab_state *s, sqlite3_stmt *q, struct buf *b) {
    const struct lab_hooks *h = s->dialect[sqlite3_column_int(q, 7)]->hooks;
    const char *verdict = state_column(q, 6, s->scratch);
    buf_printf(b, "{\"number\":%lld,\"at\":", (long long)sqlite3_column_int64(q, 0));
    buf_json(b, time_iso(s->scratch, sqlite3_column_int64(q, 1)));
    buf_puts(b, ",\"headers\":{");
    buf_json(b, h->id_header);
    buf_putc(b, ':');
    buf_json(b, state_column(q, 2, s->scratch));
    buf_putc(b, ',');
    buf_json(b, h->time_header);
    buf_printf(b, ":\"%lld\",", (long long)sqlite3_column_int64(q, 3));
    buf_json(b, h->signature_header);
    buf_putc(b, ':');
    buf_json(b, state_column(q, 4, s->scratch));
    buf_puts(b, "},\"body\":");
    buf_json(b, state_column(q, 5, s->scratch));
    buf_puts(b, ",\"verdict\":");
    if (verdict) buf_json(b, verdict);
    else buf_puts(b, "null");
    buf_putc(b, '}');
}

static void messages(struct lab_state *s, const char *name, const char *query,
                     struct step_answer *out) {
    int64_t after = 0;
    int count = 0;
    if (query && *query &&
        !(str_has_prefix(query, "after=") && parse_i64(query + 6, 0, INT64_MAX, &after))) {
        refuse(out, 422, "The only parameter is after=NUMBER: messages behind that one.");
        return;
    }
    sqlite3_stmt *q = state_query(
        s,
        "SELECT n, at_ms, id, stamp, signature, body, verdict, member FROM sim_hook_message "
        "WHERE receiver = $1 AND n > $2 ORDER BY n LIMIT $3",
        "tii", name, after, (int64_t)MESSAGES_SHOWN);
    buf_puts(&out->body, "{\"messages\":[");
    for (; state_row(s, q); count++) {
        if (count) buf_putc(&out->body, ',');
        show_message(s, q, &out->body);
    }
    state_end(q);
    buf_puts(&out->body, "]}");
}

/* ---- Calls ---------------------------------------------------------------------------------- */
static bool valid_name(const char *name) {
    size_t len = name ? strlen(name) : 0;
    return len > 0 && len <= NAME_BYTES &&
           strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789-") == len;
}

static void open_receiver(struct lab_state *s, json_t *body, struct step_answer *out) {
    const char *name = json_string_value(json_object_get(body, "name"));
    if (!valid_name(name) || json_object_size(body) != 1) {
        refuse(out, 422, "Send {\"name\":\"…\"}: 1 to 40 of a-z, 0-9 and -.");
        return;
    }
    if (hooks_receiver(s, arena_printf(s->scratch, HOOK_ADDRESS "%s", name))) {
        refuse(out, 409, "There is a receiver of this name.");
        return;
    }
    if (state_number(s, "SELECT count(*) FROM sim_receiver", "") >= HOOK_RECEIVERS_MAX) {
        refuse(out, 422, "A run has 20 receivers at most.");
        return;
    }
    state_run(s,
              "INSERT INTO sim_receiver (name, secrets, tolerance_ms, once) VALUES ($1, NULL, 0, "
              "0)",
              "t", name);
    out->status = 201;
    show(s, name, out);
}

static bool secrets_fit(json_t *secrets) {
    size_t i;
    json_t *one;
    if (json_is_null(secrets)) return true;
    if (!json_is_array(secrets) || json_array_size(secrets) > SECRETS_MAX) return false;
    json_array_foreach (secrets, i, one)
        if (!json_is_string(one) || json_string_length(one) == 0 ||
            json_string_length(one) > SECRET_BYTES)
            return false;
    return true;
}

static void set_rule(struct lab_state *s, const char *name, json_t *body, struct step_answer *out) {
    json_t *secrets = json_object_get(body, "secrets"),
           *tolerance = json_object_get(body, "tolerance_seconds"),
           *once = json_object_get(body, "once");
    json_int_t seconds = json_is_integer(tolerance) ? json_integer_value(tolerance) : -1;
    if (!secrets || !secrets_fit(secrets) || json_object_size(body) != 3 || seconds < 0 ||
        seconds > TOLERANCE_MAX_S || !json_is_boolean(once)) {
        refuse(out, 422,
               "Send {\"secrets\":[…],\"tolerance_seconds\":n,\"once\":true}: up to 5 secrets, or "
               "null when calls answer; n from 0 to 86400; once: an id is accepted once.");
        return;
    }
    state_run(s,
              "UPDATE sim_receiver SET secrets = $2, tolerance_ms = $3, once = $4 WHERE name = $1",
              "ttii", name, json_is_null(secrets) ? NULL : json_text(s->scratch, secrets),
              (int64_t)seconds * MS_SECOND, (int64_t)json_is_true(once));
    show(s, name, out);
}

static void answer(struct lab_state *s, const char *name, const char *number, json_t *body,
                   struct step_answer *out) {
    json_t *accept = json_object_get(body, "accept"), *reply = json_object_get(body, "reply");
    int64_t n;
    if (!json_is_boolean(accept) || (reply && !json_is_string(reply)) ||
        json_string_length(reply) > REPLY_BYTES ||
        json_object_size(body) != (reply ? (size_t)2 : (size_t)1)) {
        refuse(out, 422, "Send {\"accept\":true} or false, with \"reply\":\"…\" to a challenge.");
        return;
    }
    if (!parse_i64(number, 1, INT64_MAX, &n) ||
        !state_number(s, "SELECT count(*) FROM sim_hook_message WHERE n = $1 AND receiver = $2",
                      "it", n, name)) {
        refuse(out, 404, "This receiver has no such message.");
        return;
    }
    if (!hooks_decide(s, n, json_is_true(accept) ? HOOK_ACCEPTED : HOOK_REFUSED,
                      json_string_value(reply))) {
        refuse(out, 409, "This message was answered, or its time is over.");
        return;
    }
    buf_printf(&out->body, "{\"verdict\":\"%s\"}", json_is_true(accept) ? "accepted" : "refused");
}

static json_t *body_of(struct lab_state *s, json_t *action, struct step_answer *out) {
    const char *text = json_string_value(json_object_get(action, "body")), *why = NULL;
    json_t *body = text && *text ? json_read(s->scratch, text, strlen(text), &why) : NULL;
    if (!json_is_object(body)) refuse(out, 400, why ? why : "The body is no JSON object.");
    return json_is_object(body) ? body : NULL;
}

static void of_receiver(struct lab_state *s, json_t *action, const char *name, const char *rest,
                        struct step_answer *out) {
    const char *method = json_string_value(json_object_get(action, "method"));
    json_t *body = str_eq(method, "PUT") || str_eq(method, "POST") ? body_of(s, action, out) : NULL;
    if (out->refused) return;
    if (!*rest && str_eq(method, "GET")) show(s, name, out);
    else if (!*rest && str_eq(method, "PUT")) set_rule(s, name, body, out);
    else if (!*rest && str_eq(method, "DELETE")) {
        state_run(s, "DELETE FROM sim_receiver WHERE name = $1", "t", name);
        out->status = 204;
    } else if (str_eq(rest, "/messages") && str_eq(method, "GET"))
        messages(s, name, json_string_value(json_object_get(action, "query")), out);
    else if (str_has_prefix(rest, "/messages/") && str_eq(method, "POST"))
        answer(s, name, rest + strlen("/messages/"), body, out);
    else refuse(out, 404, "Receivers know no such call.");
}

void receiver_step(struct lab_state *s, json_t *action, struct step_answer *out) {
    const char *path = json_string_value(json_object_get(action, "path")),
               *method = json_string_value(json_object_get(action, "method"));
    out->status = 200;
    out->type = "application/json";
    if (!path || !*path) {
        json_t *body = str_eq(method, "POST") ? body_of(s, action, out) : NULL;
        if (body) open_receiver(s, body, out);
        else if (str_eq(method, "GET")) list(s, out);
        else if (!out->refused) refuse(out, 405, "Receivers are listed by GET and opened by POST.");
        return;
    }
    const char *name = arena_copy(s->scratch, path + 1, strcspn(path + 1, "/"));
    if (*path != '/' || !hooks_receiver(s, arena_printf(s->scratch, HOOK_ADDRESS "%s", name)))
        refuse(out, 404, "There is no such receiver.");
    else of_receiver(s, action, name, path + 1 + strlen(name), out);
}
