/* The save contract, flags and state: what the page's script talks to. JSON in, JSON out. */
#include <string.h>

#include "base/clock.h"
#include "base/json.h"
#include "base/text.h"
#include "exam/exam_pages.h"

/* ---- Reading requests ---------------------------------------------------------------------- */

bool exam_slot_param(const char *text, int *slot) {
    int64_t n;
    if (!parse_i64(text, 1, EXAM_ITEMS, &n)) return false;
    *slot = (int)n;
    return true;
}

static const json_t *read_body(struct request *r, enum err *e) {
    const char *why = NULL;
    const json_t *body = r->body ? json_read(r->arena, (const char *)r->body, r->body_len, &why)
                                 : NULL;
    *e = OK;
    if (!json_is_object(body)) {
        struct view *v = view_new(r->arena);
        view_text(v, "why", why);
        *e = http_refuse(r, ERR_INVALID, why ? "exam_api_no_json" : "exam_api_no_object", v);
    }
    return body;
}

static bool client_valid(const char *client) {
    size_t n = strlen(client);
    if (n > EXAM_CLIENT_LIMIT) return false;
    for (size_t i = 0; i < n; i++)
        if ((unsigned char)client[i] <= 0x20 || (unsigned char)client[i] >= 0x7f) return false;
    return true;
}

/* ---- Saving -------------------------------------------------------------------------------- */

enum err exam_refuse_over(struct request *r, int64_t ended_ms, bool by_deadline) {
    struct view *v = view_new(r->arena);
    view_time(v, "ended", ended_ms, r->locale, r->zone);
    return http_refuse(r, ERR_CONFLICT, by_deadline ? "exam_over_deadline" : "exam_over_submitted",
                       v);
}

enum err exam_refuse_response(struct request *r, const struct exam_saving *s) {
    struct view *v = view_new(r->arena);
    view_int(v, "options", s->options);
    return http_refuse(r, ERR_INVALID, s->why, v);
}

static enum err saved(struct request *r, void *arg, enum err result) {
    struct exam_saving *s = arg;
    if (result == ERR_CONFLICT && s->over && !s->submitted_ms && exam_clock_settling(r->app->exams))
        return http_refuse(r, ERR_BUSY, "exam_clock_settling", NULL);
    if (result == ERR_CONFLICT && s->over)
        return exam_refuse_over(r, s->submitted_ms ? s->submitted_ms : s->deadline_ms,
                                !s->submitted_ms || s->submitted_ms == s->deadline_ms);
    if (result == ERR_INVALID && s->why) return exam_refuse_response(r, s);
    if (result == ERR_NOT_FOUND) return http_refuse(r, result, "exam_api_unknown", NULL);
    if (result == ERR_LIMIT) return http_refuse(r, result, "exam_api_saves", NULL);
    if (result != OK) return result;
    struct buf b;
    const char *saved_at = time_iso(r->arena, s->saved_ms);
    buf_init(&b, r->arena);
    buf_printf(&b,
               "{\"seq\":%lld,\"saved_at\":\"%s\",\"receipt\":\"%s\",\"response\":%s,\"stale\":%s,"
               "\"newest\":{\"seq\":%lld,\"response\":%s},"
               "\"now\":\"%s\",\"deadline\":\"%s\"}\n",
               (long long)s->seq, saved_at,
               exam_receipt(exams_secret(r->app->exams), r->arena, s->attempt_id, s->slot, s->seq,
                            s->response, saved_at),
               s->response, s->stale ? "true" : "false", (long long)s->newest_seq, s->newest,
               time_iso(r->arena, r->now_ms), time_iso(r->arena, s->deadline_ms));
    return http_json(r, 200, buf_text(&b), b.len);
}

static enum err refuse_above(struct request *r, const char *key, int64_t limit) {
    struct view *v = view_new(r->arena);
    view_int(v, "limit", limit);
    return http_refuse(r, ERR_INVALID, key, v);
}

enum err exam_response_put(struct request *r) {
    struct exam_saving *s = NEW(r->arena, struct exam_saving);
    enum err e;
    if (!exam_slot_param(r->param[1], &s->slot))
        return http_refuse(r, ERR_NOT_FOUND, "exam_api_no_question", NULL);
    const json_t *body = read_body(r, &e), *seq, *client;
    if (e != OK) return e;
    seq = json_object_get(body, "seq");
    client = json_object_get(body, "client");
    s->value = json_object_get(body, "response");
    s->seq = json_is_integer(seq) ? json_integer_value(seq) : 0;
    if (s->seq < 1 || s->seq > EXAM_SEQ_MAX) return refuse_above(r, "exam_api_seq", EXAM_SEQ_MAX);
    if (!s->value) return http_refuse(r, ERR_INVALID, "exam_api_no_response", NULL);
    s->client = client ? json_string_value(client) : "";
    if (!s->client || !client_valid(s->client))
        return refuse_above(r, "exam_api_client", EXAM_CLIENT_LIMIT);
    s->attempt_id = r->param[0];
    s->person_id = r->who->person_id;
    return http_write(r, exam_save_job, s, saved);
}

/* ---- Flags --------------------------------------------------------------------------------- */

static enum err flagged(struct request *r, void *arg, enum err result) {
    struct exam_flagging *f = arg;
    if (result == ERR_CONFLICT && f->over)
        return http_refuse(r, result, "exam_api_flag_over", NULL);
    if (result == ERR_NOT_FOUND) return http_refuse(r, result, "exam_api_unknown", NULL);
    if (result != OK) return result;
    const char *json = f->flagged ? "{\"flagged\":true}\n" : "{\"flagged\":false}\n";
    return http_json(r, 200, json, strlen(json));
}

enum err exam_flag_put(struct request *r) {
    struct exam_flagging *f = NEW(r->arena, struct exam_flagging);
    enum err e;
    if (!exam_slot_param(r->param[1], &f->slot))
        return http_refuse(r, ERR_NOT_FOUND, "exam_api_no_question", NULL);
    const json_t *body = read_body(r, &e);
    if (e != OK) return e;
    const json_t *flag = json_object_get(body, "flagged");
    if (!json_is_boolean(flag)) return http_refuse(r, ERR_INVALID, "exam_api_flagged", NULL);
    f->flagged = json_is_true(flag);
    f->attempt_id = r->param[0];
    f->person_id = r->who->person_id;
    return http_write(r, exam_flag_job, f, flagged);
}

/* ---- State --------------------------------------------------------------------------------- */

/* When it was saved, and the receipt for it: also after the end, for whoever wants to prove it. */
static void view_save(struct buf *b, struct request *r, const struct exam_attempt *t,
                      const struct exam_save *s) {
    if (!s) {
        buf_puts(b, "null,\"receipt\":null");
        return;
    }
    const char *at = time_iso(r->arena, s->saved_ms);
    buf_printf(b, "\"%s\",\"receipt\":\"%s\"", at,
               exam_receipt(exams_secret(r->app->exams), r->arena, t->id, s->slot, s->seq,
                            s->response, at));
}

enum err exam_state_page(struct request *r) {
    struct exam_attempt t;
    struct exam_slot_state *states;
    enum err e = exam_attempt_load(r->db, r->arena, r->param[0], r->who->person_id, &t);
    if (e == ERR_NOT_FOUND) return http_refuse(r, e, "exam_api_no_attempt", NULL);
    if (e == OK) e = exam_slot_states(r->db, r->arena, &t, &states);
    if (e != OK) return e;
    struct buf b;
    buf_init(&b, r->arena);
    buf_printf(&b, "{\"open\":%s,\"now\":\"%s\",\"deadline\":\"%s\",\"slots\":[",
               exam_attempt_over(&t, r->now_ms) ? "false" : "true", time_iso(r->arena, r->now_ms),
               time_iso(r->arena, t.deadline_ms));
    for (int i = 0; i < t.form.slot_count; i++) {
        const struct exam_save *s = states[i].newest;
        buf_printf(&b, "%s{\"slot\":%d,\"seq\":%lld,\"response\":%s,\"saved_at\":", i ? "," : "",
                   i + 1, s ? (long long)s->seq : 0LL, s ? s->response : "null");
        view_save(&b, r, &t, s);
        buf_printf(&b, ",\"flagged\":%s}", states[i].flagged ? "true" : "false");
    }
    buf_puts(&b, "]}\n");
    http_header_out(r, "Cache-Control", "no-store");
    return http_json(r, 200, buf_text(&b), b.len);
}
