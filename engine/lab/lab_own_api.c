/* The lab's own API, for clients that work on a run without its pages: the clock, messages and
 * receivers of webhooks. */
#include <string.h>

#include "base/clock.h"
#include "base/codec.h"
#include "base/json.h"
#include "base/program.h"
#include "base/text.h"
#include "lab/lab_api.h"

/* Of the SELECT that a clock waits for. */
#define CLOCK_CONDITION_BYTES 20000

/* The action for the body of POST clock; NULL with a sentence. */
static json_t *clock_action(json_t *body, const char **why) {
    const int64_t most = 7 * MS_DAY / MS_SECOND;
    json_t *seconds = json_object_get(body, "advance_seconds"), *to = json_object_get(body, "to"),
           *until = json_object_get(body, "until");
    bool next = json_is_true(json_object_get(body, "next"));
    int64_t to_ms = 0;
    *why = NULL;
    if (seconds && (!json_is_integer(seconds) || json_integer_value(seconds) < 1 ||
                    json_integer_value(seconds) > most))
        *why = "Send {\"advance_seconds\": n}, n from 1 to 604800.";
    else if (to && (!json_is_string(to) || !time_parse_iso(json_string_value(to), &to_ms)))
        *why = "Send {\"to\": \"2026-03-02T08:00:00Z\"}, a time in UTC.";
    else if (until && (!json_is_string(until) || json_string_length(until) > CLOCK_CONDITION_BYTES))
        *why = "Send {\"until\": \"SELECT …\"}, one SELECT as the console has it.";
    else if ((seconds && to) || (next && until) || (!seconds && !to && !next && !until))
        *why = "Send {\"advance_seconds\": n} or {\"to\": \"…\"}, and with it or alone "
               "{\"next\": true} or {\"until\": \"SELECT …\"}.";
    if (*why) return NULL;
    json_t *action = json_pack("{s:s, s:O*}", "kind", "clock", "until", until);
    if (next) json_object_set_new(action, "next", json_true());
    if (to) json_object_set_new(action, "to_ms", json_integer(to_ms));
    else
        json_object_set_new(
            action, "advance_ms",
            json_integer((seconds ? json_integer_value(seconds) : most) * MS_SECOND));
    return action;
}

/* RULE lab-answer-members: of a message only these members go into the record. */
json_t *lab_answer_action(json_t *given, const char **why) {
    static const char *const members[] = {"choice", "message", "subject", "text", "to"};
    json_t *action = json_pack("{s:s}", "kind", "answer");
    for (size_t i = 0; i < COUNT_OF(members); i++) {
        json_t *value = json_object_get(given, members[i]);
        if (value) json_object_set(action, members[i], value);
    }
    if (json_object_size(action) > 1) return action;
    json_decref(action);
    *why = "Send {\"message\": n, \"choice\": \"…\"} or {\"to\": \"…\", \"text\": \"…\"}.";
    return NULL;
}

/* A call of the receivers of webhooks, which the worker answers (sandbox/receivers.c). */
static enum err receivers_call(struct request *r, const struct lab_run_row *run, const char *path) {
    const char *body = r->body ? (const char *)r->body : NULL;
    if (body && (r->body_len > strlen(body) || !utf8_valid(body, r->body_len)))
        return api_plain(r, 400, "The body is not valid UTF-8.");
    json_t *action = json_adopt(r->arena,
                                json_pack("{s:s, s:s, s:s, s:s*, s:s*}", "kind", "receiver",
                                          "method", r->method_name, "path", path, "query",
                                          api_query(r, NULL), "body", body));
    return api_send(r, run, NULL, action, r->method == METHOD_GET);
}

/* The document of the lab's own API is a file, labs/schema/lab-api.json; only where it stands is
 * this run's. */
static enum err document(struct request *r, const struct lab_run_row *run) {
    static const char path[] = "labs/schema/lab-api.json";
    size_t len = 0;
    const char *why, *root = program_root(r->app->root, path);
    char *text = file_read(r->arena, arena_printf(r->arena, "%s/%s", root, path), LAB_FILE_MAX,
                           &len);
    json_t *doc = text ? json_read(r->arena, text, len, &why) : NULL;
    if (!doc) return api_plain(r, 500, "The document cannot be read just now.");
    const char *url = arena_printf(r->arena, "%s/runs/%s/api/lab", r->origin, run->id);
    json_object_set_new(doc, "servers", json_pack("[{s:s}]", "url", url));
    text = json_text_as_built(r->arena, doc);
    return http_json(r, 200, text, strlen(text));
}

enum err lab_own_call(struct request *r, const struct lab_run_row *run) {
    const char *given = api_after_scheme(http_header_in(r, "Authorization"), "Bearer"),
               *why = "the body is empty";
    if (str_eq(r->param[2], "openapi.json") && r->method == METHOD_GET) return document(r, run);
    if (!given || !secret_eq(given, lab_run_token(r->app->labs, r->arena, run->id)))
        return api_plain(r, 401, "Send the run's token: Authorization: Bearer run_…");
    if (str_has_prefix(r->param[2], "receivers") && strchr("/", r->param[2][9]))
        return receivers_call(r, run, r->param[2] + 9);
    bool messages = str_eq(r->param[2], "messages");
    if (messages && r->method == METHOD_GET) return api_view(r, run, "{\"view\":\"messages\"}");
    if ((!messages && !str_eq(r->param[2], "clock")) || r->method != METHOD_POST)
        return api_plain(
            r, 404, "The lab's own API knows POST clock, GET and POST messages, and receivers.");
    json_t *body = r->body_len ? json_read(r->arena, (const char *)r->body, r->body_len, &why)
                               : NULL;
    json_t *action = messages ? lab_answer_action(body, &why) : clock_action(body, &why);
    return action ? api_send(r, run, NULL, json_adopt(r->arena, action), false)
                  : api_plain(r, 422, why);
}
