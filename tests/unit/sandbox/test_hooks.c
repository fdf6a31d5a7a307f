/* Webhooks: handshake, signatures, attempts, rotation, what goes wrong on the way, and the rule of
 * a receiver. The state is asked without a worker, since faults come from the simulation itself. */
#include "unit/lab/lab_stacks.h"

#include <sodium.h>

#include "base/clock.h"
#include "sandbox/hooks.h"

#define ADDRESS HOOK_ADDRESS "in"
#define HOOKS "/v1/webhooks"
#define PEOPLE "/v1/people"

static struct lab_state *begin(struct arena *a) {
    static bool started;
    struct buf pack;
    const char *why;
    if (!started) {
        codec_start();
        state_engine_start();
        started = true;
    }
    buf_init(&pack, a);
    lab_pack_write(files_of(a, "crm"), &pack);
    struct lab_state *s = state_new(buf_text(&pack), pack.len, "crm=boreal", 1, a, &why);
    if (!s) fail_msg("%s", why);
    state_seed(s, a);
    return s;
}

static struct step_answer act(struct arena *a, struct lab_state *s, const char *kind,
                              const char *method, const char *path, const char *body) {
    struct step_answer answer;
    char *text = body ? arena_dup(a, body) : NULL;
    for (char *p = text; p && *p; p++)
        if (*p == '\'') *p = '"';
    json_t *action = json_adopt(a, json_pack("{s:s, s:s, s:s, s:s, s:s, s:s*}", "kind", kind, "via",
                                             "screen", "connector", "crm", "method", method, "path",
                                             path, "body", text));
    step(s, action, a, &answer);
    return answer;
}

static json_t *good(struct arena *a, struct lab_state *s, const char *kind, const char *method,
                    const char *path, const char *body) {
    struct step_answer answer = act(a, s, kind, method, path, body);
    const char *why;
    if (answer.status >= 300)
        fail_msg("%s %s: %d %s", method, path, answer.status, buf_text(&answer.body));
    return answer.status == 204 ? NULL
                                : json_read(a, buf_text(&answer.body), answer.body.len, &why);
}

static void refused(struct arena *a, struct lab_state *s, const char *kind, const char *method,
                    const char *path, const char *body, int status) {
    struct step_answer answer = act(a, s, kind, method, path, body);
    if (answer.status != status)
        fail_msg("%s %s %s: %d %s, not %d", method, path, body ? body : "", answer.status,
                 buf_text(&answer.body), status);
}

static void pass(struct arena *a, struct lab_state *s, int64_t ms) {
    struct step_answer answer;
    step(s, json_adopt(a, json_pack("{s:s, s:I}", "kind", "clock", "advance_ms", (json_int_t)ms)),
         a, &answer);
    assert_int_equal(answer.status, 200);
}

static int64_t count(struct lab_state *s, const char *sql) { return state_number(s, sql, ""); }
#define MESSAGES "SELECT count(*) FROM sim_hook_message"
#define LAST "SELECT max(n) FROM sim_hook_message"

static const char *text(struct arena *a, json_t *o, const char *key) {
    const char *value = json_string_value(json_object_get(o, key));
    assert_non_null(value);
    return arena_dup(a, value);
}

static void decide(struct arena *a, struct lab_state *s, const char *body) {
    good(a, s, "receiver", "POST", arena_printf(a, "/in/messages/%lld", (long long)count(s, LAST)),
         body);
}

struct hook {
    const char *id, *secret;
};

/* A receiver and a subscription whose challenge was echoed. */
static struct hook subscribed(struct arena *a, struct lab_state *s) {
    good(a, s, "receiver", "POST", "", "{'name':'in'}");
    json_t *made = good(a, s, "api", "POST", HOOKS, "{'url':'" ADDRESS "'}");
    struct hook h = {text(a, made, "id"), text(a, made, "secret")};
    pass(a, s, HOOK_DELAY_MS);
    sqlite3_stmt *q = state_query(s, "SELECT challenge FROM sim_hook", "");
    assert_true(state_row(s, q));
    char *challenge = state_column(q, 0, a);
    state_end(q);
    decide(a, s, arena_printf(a, "{'accept':true,'reply':'%s'}", challenge));
    assert_int_equal(count(s, "SELECT state = 'active' FROM sim_hook"), 1);
    return h;
}

static void make(struct arena *a, struct lab_state *s) {
    good(a, s, "api", "POST", PEOPLE, "{'family_name':'Ada'}");
}

/* Whether one of the last message's signatures is this secret's. */
static bool signs(struct arena *a, struct lab_state *s, const char *secret) {
    unsigned char mac[crypto_auth_hmacsha256_BYTES];
    crypto_auth_hmacsha256_state h;
    sqlite3_stmt *q = state_query(s,
                                  "SELECT id || '.' || stamp || '.' || body, signature FROM "
                                  "sim_hook_message ORDER BY n DESC LIMIT 1",
                                  "");
    assert_true(state_row(s, q));
    const char *signed_text = state_column(q, 0, a), *header = state_column(q, 1, a);
    state_end(q);
    crypto_auth_hmacsha256_init(&h, (const unsigned char *)secret, strlen(secret));
    crypto_auth_hmacsha256_update(&h, (const unsigned char *)signed_text, strlen(signed_text));
    crypto_auth_hmacsha256_final(&h, mac);
    return strstr(header, arena_printf(a, "v1=%s", hex_encode(a, mac, sizeof mac))) != NULL;
}

/* ---- Subscribing ---------------------------------------------------------------------------- */
static void test_nothing_is_sent_before_the_handshake(void **state) {
    struct lab_state *s = begin(*state);
    refused(*state, s, "api", "POST", HOOKS, "{'url':'" ADDRESS "'}", 422);
    good(*state, s, "receiver", "POST", "", "{'name':'in'}");
    good(*state, s, "api", "POST", HOOKS, "{'url':'" ADDRESS "'}");
    make(*state, s);
    pass(*state, s, HOOK_DELAY_MS - 1);
    assert_int_equal(count(s, MESSAGES), 0);
    pass(*state, s, 1);
    assert_int_equal(count(s, MESSAGES), 1); /* the challenge */
    /* Accepted without the echo, or with another: asked again after a minute, then after five. */
    decide(*state, s, "{'accept':true}");
    pass(*state, s, 59999);
    assert_int_equal(count(s, MESSAGES), 1);
    pass(*state, s, 1);
    assert_int_equal(count(s, MESSAGES), 2);
    decide(*state, s, "{'accept':true,'reply':'x'}");
    assert_int_equal(count(s, "SELECT state = 'pending' FROM sim_hook"), 1);
    make(*state, s);
    pass(*state, s, 300000);
    assert_int_equal(count(s, MESSAGES), 3);
    state_free(s);
}

/* RULE lab-hook-room. */
static void test_there_is_room_for_so_many(void **state) {
    struct lab_state *s = begin(*state);
    for (int i = 0; i < 20; i++)
        good(*state, s, "receiver", "POST", "", arena_printf(*state, "{'name':'r%d'}", i));
    refused(*state, s, "receiver", "POST", "", "{'name':'more'}", 422);
    const char *body = "{'url':'" HOOK_ADDRESS "r1'}";
    for (int i = 0; i < 10; i++) good(*state, s, "api", "POST", HOOKS, body);
    refused(*state, s, "api", "POST", HOOKS, body, 422);
    good(*state, s, "api", "DELETE", HOOKS "/wh_3", NULL);
    good(*state, s, "api", "POST", HOOKS, body);
    /* The five thousandth message is sent, the next one is not. */
    state_run(
        s,
        "WITH RECURSIVE i(n) AS (VALUES (100001) UNION ALL SELECT n + 1 FROM i WHERE n < "
        "104999) INSERT INTO sim_hook_message (n, receiver, member, hook, attempt, id, at_ms, "
        "stamp, signature, body, origin) SELECT n, 'r0', 0, 'x', 1, 'x', 0, 0, '', '', "
        "'forged' FROM i",
        "");
    assert_int_equal(count(s, MESSAGES), 4999);
    pass(*state, s, HOOK_DELAY_MS);
    assert_int_equal(count(s, MESSAGES), 5000);
    state_free(s);
}

static void test_calls_that_make_no_sense(void **state) {
    struct lab_state *s = begin(*state);
    struct hook h = subscribed(*state, s);
    static const struct {
        const char *kind, *method, *path, *body;
        int status;
    } cases[] = {
        {"api", "POST", HOOKS, "{'url':3}", 422},
        {"api", "POST", HOOKS, "{'address':'x'}", 422},
        {"api", "POST", HOOKS, "[]", 400},
        {"api", "POST", HOOKS, "", 400},
        {"api", "PUT", HOOKS, "{}", 405},
        {"api", "GET", HOOKS "/wh_9", NULL, 404},
        {"api", "POST", HOOKS "/wh_1", "{}", 405},
        {"api", "GET", HOOKS "/wh_1/rotate", NULL, 405},
        {"api", "GET", HOOKS "/wh_1/more", NULL, 404},
        {"api", "GET", HOOKS "/wh_1/rotate/x", NULL, 404},
        {"api", "GET", HOOKS "er", NULL, 404},
        {"receiver", "POST", "", "{'name':'In'}", 422},
        {"receiver", "POST", "", "{'name':''}", 422},
        {"receiver", "POST", "", "{'name':'in'}", 409},
        {"receiver", "POST", "", "{'name':'b','x':1}", 422},
        {"receiver", "POST", "", "{", 400},
        {"receiver", "PATCH", "", NULL, 405},
        {"receiver", "GET", "/out", NULL, 404},
        {"receiver", "GET", "x", NULL, 404},
        {"receiver", "POST", "/in/messages/9", "{'accept':true}", 404},
        {"receiver", "POST", "/in/messages/x", "{'accept':true}", 404},
        {"receiver", "POST", "/in/messages/1", "{'accept':true}", 409}, /* answered */
        {"receiver", "POST", "/in/messages/1", "{'accept':1}", 422},
        {"receiver", "POST", "/in/messages/1", "{}", 422},
        {"receiver", "PUT", "/in", "{'secrets':['x']}", 422},
        {"receiver", "PUT", "/in", "{'secrets':[''],'tolerance_seconds':1,'once':true}", 422},
        {"receiver", "PUT", "/in", "{'secrets':'x','tolerance_seconds':1,'once':true}", 422},
        {"receiver", "PUT", "/in", "{'secrets':[],'tolerance_seconds':86401,'once':true}", 422},
        {"receiver", "PUT", "/in", "{'secrets':[],'tolerance_seconds':-1,'once':true}", 422},
        {"receiver", "PUT", "/in",
         "{'secrets':['1','2','3','4','5','6'],'tolerance_seconds':1,'once':true}", 422},
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++)
        refused(*state, s, cases[i].kind, cases[i].method, cases[i].path, cases[i].body,
                cases[i].status);
    assert_non_null(h.id);
    /* A receiver that is closed takes nothing; the log says so. */
    good(*state, s, "receiver", "DELETE", "/in", NULL);
    make(*state, s);
    pass(*state, s, HOOK_DELAY_MS);
    assert_int_equal(count(s, MESSAGES), 1);
    assert_int_equal(count(s, "SELECT max(attempts) FROM sim_hook_delivery"), 1);
    state_free(s);
}

/* ---- Sending -------------------------------------------------------------------------------- */
/* RULE lab-hook-retry. */
static void test_what_is_refused_is_sent_again(void **state) {
    struct lab_state *s = begin(*state);
    subscribed(*state, s);
    make(*state, s);
    pass(*state, s, HOOK_DELAY_MS);
    static const int64_t waits[] = {60, 300, 1800, 7200};
    for (size_t i = 0; i < COUNT_OF(waits); i++) {
        int64_t before = count(s, MESSAGES);
        decide(*state, s, "{'accept':false}");
        pass(*state, s, waits[i] * MS_SECOND - 1);
        assert_int_equal(count(s, MESSAGES), before);
        pass(*state, s, 1);
        assert_int_equal(count(s, MESSAGES), before + 1);
    }
    assert_int_equal(count(s, "SELECT count(DISTINCT id) FROM sim_hook_message WHERE n > 1"), 1);
    assert_int_equal(count(s, "SELECT count(DISTINCT stamp) FROM sim_hook_message WHERE n > 1"), 5);
    decide(*state, s, "{'accept':false}");
    pass(*state, s, MS_DAY);
    assert_int_equal(count(s, MESSAGES), 6);
    assert_int_equal(count(s, "SELECT count(*) FROM event WHERE kind = 'hook.given_up'"), 1);
    state_free(s);
}

/* RULE lab-hook-retry: nobody answers. */
static void test_patience_ends(void **state) {
    struct lab_state *s = begin(*state);
    subscribed(*state, s);
    make(*state, s);
    pass(*state, s, HOOK_DELAY_MS);
    pass(*state, s, HOOK_PATIENCE_MS - 1);
    assert_int_equal(count(s, "SELECT count(*) FROM sim_hook_message WHERE verdict = 'late'"), 0);
    pass(*state, s, 1);
    assert_int_equal(count(s, "SELECT count(*) FROM sim_hook_message WHERE verdict = 'late'"), 1);
    refused(*state, s, "receiver", "POST", "/in/messages/2", "{'accept':true}", 409);
    pass(*state, s, 60000);
    decide(*state, s, "{'accept':true}");
    pass(*state, s, MS_DAY);
    assert_int_equal(count(s, MESSAGES), 3);
    assert_int_equal(count(s, "SELECT count(*) FROM sim_hook_delivery WHERE state = 'delivered'"),
                     2);
    state_free(s);
}

static void test_each_change_is_one_event(void **state) {
    struct lab_state *s = begin(*state);
    subscribed(*state, s);
    json_t *made = good(*state, s, "api", "POST", PEOPLE, "{'family_name':'Ada'}");
    const char *path = arena_printf(*state, PEOPLE "/%s", text(*state, made, "id"));
    good(*state, s, "api", "PUT", path, "{'family_name':'Bea','role':'Smith'}");
    good(*state, s, "api", "PUT", path, "{'family_name':'Bea','role':'Smith'}");
    good(*state, s, "api", "DELETE", path, NULL);
    pass(*state, s, HOOK_DELAY_MS);
    static const char *const words[] = {"created", "updated", "deleted"};
    assert_int_equal(count(s, MESSAGES), 4);
    for (size_t i = 0; i < COUNT_OF(words); i++)
        assert_int_equal(
            state_number(s, "SELECT count(*) FROM sim_hook_message WHERE n > 1 AND body LIKE $1",
                         "t",
                         arena_printf(*state, "{\"event\":\"Person.%s\",\"id\":%%}", words[i])),
            1);
    state_free(s);
}

/* RULE lab-hook-overlap. */
static void test_an_old_secret_signs_for_an_hour(void **state) {
    struct lab_state *s = begin(*state);
    struct hook h = subscribed(*state, s);
    make(*state, s);
    pass(*state, s, HOOK_DELAY_MS);
    assert_true(signs(*state, s, h.secret));
    decide(*state, s, "{'accept':true}");
    json_t *rotated = good(*state, s, "api", "POST", arena_printf(*state, HOOKS "/%s/rotate", h.id),
                           NULL);
    const char *fresh = text(*state, rotated, "secret");
    assert_string_not_equal(fresh, h.secret);
    pass(*state, s, MS_HOUR - HOOK_DELAY_MS - 1);
    make(*state, s);
    pass(*state, s, 1);
    make(*state, s);
    pass(*state, s, HOOK_DELAY_MS - 1);
    assert_true(signs(*state, s, fresh));
    assert_true(signs(*state, s, h.secret));
    pass(*state, s, 1);
    assert_true(signs(*state, s, fresh));
    assert_false(signs(*state, s, h.secret));
    state_free(s);
}

/* ---- Rules and faults ----------------------------------------------------------------------- */
static void rule(struct arena *a, struct lab_state *s, const char *secrets, int tolerance,
                 bool once) {
    good(a, s, "receiver", "PUT", "/in",
         arena_printf(a, "{'secrets':[%s],'tolerance_seconds':%d,'once':%s}", secrets, tolerance,
                      once ? "true" : "false"));
}

static const char *verdict(struct arena *a, struct lab_state *s) {
    sqlite3_stmt *q = state_query(
        s, "SELECT origin || ' ' || verdict FROM sim_hook_message ORDER BY n DESC LIMIT 1", "");
    assert_true(state_row(s, q));
    char *words = state_column(q, 0, a);
    state_end(q);
    return words ? words : "";
}

/* RULE lab-hook-judge, RULE lab-hook-forge. */
static void test_a_rule_accepts_the_genuine_set(void **state) {
    struct lab_state *s = begin(*state);
    struct hook h = subscribed(*state, s);
    const char *secret = arena_printf(*state, "'wrong','%s'", h.secret);
    s->scratch = *state;
    assert_int_equal(hooks_forge(s, 0, HOOK_FORGE_REPLAY), 0); /* there is nothing to replay */
    rule(*state, s, secret, 300, true);
    make(*state, s);
    pass(*state, s, HOOK_DELAY_MS);
    assert_string_equal(verdict(*state, s), "system accepted");
    static const struct {
        enum hook_forgery how;
        const char *words;
    } cases[] = {
        {HOOK_FORGE_SECRET, "forged refused"},
        {HOOK_FORGE_BODY, "forged refused"},
        {HOOK_FORGE_REPLAY, "replayed refused"},
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        s->scratch = *state;
        assert_int_equal(hooks_forge(s, 0, cases[i].how), 1);
        assert_string_equal(verdict(*state, s), cases[i].words);
    }
    assert_int_equal(hooks_forge(s, 0, HOOK_FORGE_OLD), 0); /* nothing was rotated */
    /* Who does not remember ids accepts a replay within the tolerance, and not beyond it. */
    rule(*state, s, secret, 300, false);
    pass(*state, s, 300 * MS_SECOND - s->now_ms % MS_SECOND);
    s->scratch = *state;
    assert_int_equal(hooks_forge(s, 0, HOOK_FORGE_REPLAY), 1);
    assert_string_equal(verdict(*state, s), "replayed accepted");
    pass(*state, s, MS_SECOND);
    s->scratch = *state;
    assert_int_equal(hooks_forge(s, 0, HOOK_FORGE_REPLAY), 1);
    assert_string_equal(verdict(*state, s), "replayed refused");
    /* A secret that was rotated away is nobody's any more, but for who still has it in the rule. */
    json_t *rotated = good(*state, s, "api", "POST", arena_printf(*state, HOOKS "/%s/rotate", h.id),
                           NULL);
    s->scratch = *state;
    assert_int_equal(hooks_forge(s, 0, HOOK_FORGE_OLD), 0);
    pass(*state, s, MS_HOUR);
    s->scratch = *state;
    assert_int_equal(hooks_forge(s, 0, HOOK_FORGE_OLD), 1);
    assert_string_equal(verdict(*state, s), "forged accepted");
    rule(*state, s, arena_printf(*state, "'%s'", text(*state, rotated, "secret")), 300, true);
    s->scratch = *state;
    assert_int_equal(hooks_forge(s, 0, HOOK_FORGE_OLD), 1);
    assert_string_equal(verdict(*state, s), "forged refused");
    state_free(s);
}

static void fault(struct arena *a, struct lab_state *s, const char *what, const char *time) {
    struct step_answer answer;
    const char *why,
        *action = arena_printf(a,
                               "{\"kind\":\"chaos\",\"fault\":{\"on\":\"crm\",\"kind\":\"hook\","
                               "\"for\":\"%s\",%s}}",
                               time, what);
    step(s, json_read(a, action, strlen(action), &why), a, &answer);
    if (answer.status != 200) fail_msg("%s", buf_text(&answer.body));
}

/* What the simulation's faults make of deliveries. */
static void test_faults_on_the_way(void **state) {
    struct lab_state *s = begin(*state);
    struct hook h = subscribed(*state, s);
    rule(*state, s, arena_printf(*state, "'%s'", h.secret), 300, true);
    fault(*state, s, "\"duplicate\":\"1000\"", "1m");
    make(*state, s);
    pass(*state, s, HOOK_DELAY_MS);
    assert_int_equal(count(s, MESSAGES), 3);
    assert_string_equal(verdict(*state, s), "duplicate refused"); /* the id was accepted */
    pass(*state, s, 60000);
    make(*state, s);
    pass(*state, s, HOOK_DELAY_MS);
    assert_int_equal(count(s, MESSAGES), 4);
    fault(*state, s, "\"drop\":\"1000\"", "1m");
    make(*state, s);
    pass(*state, s, HOOK_DELAY_MS);
    assert_int_equal(count(s, MESSAGES), 4);
    pass(*state, s, 60000); /* the fault is over, and the delivery comes again */
    assert_int_equal(count(s, MESSAGES), 5);
    assert_string_equal(verdict(*state, s), "system accepted");
    fault(*state, s, "\"forge\":\"1000\"", "1m");
    make(*state, s);
    pass(*state, s, HOOK_DELAY_MS);
    assert_int_equal(count(s, MESSAGES), 7);
    assert_string_equal(verdict(*state, s), "forged refused");
    pass(*state, s, 60000);
    fault(*state, s, "\"shuffle\":\"5\"", "1m");
    for (int i = 0; i < 20; i++) make(*state, s);
    pass(*state, s, HOOK_DELAY_MS + 5 * HOOK_BEHIND_MS);
    assert_int_equal(count(s, MESSAGES), 27);
    assert_true(count(s, "SELECT count(*) FROM sim_hook_message a JOIN sim_hook_message b ON b.n = "
                         "a.n + 1 WHERE b.delivery < a.delivery") > 0);
    state_free(s);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(test_nothing_is_sent_before_the_handshake),
        TEST(test_there_is_room_for_so_many),
        TEST(test_calls_that_make_no_sense),
        TEST(test_what_is_refused_is_sent_again),
        TEST(test_patience_ends),
        TEST(test_each_change_is_one_event),
        TEST(test_an_old_secret_signs_for_an_hour),
        TEST(test_a_rule_accepts_the_genuine_set),
        TEST(test_faults_on_the_way),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
