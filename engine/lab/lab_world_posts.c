/* What people do to a run's world: the learner answers messages, an instructor lets something go
 * wrong. */
#include <string.h>

#include "audit/audit.h"
#include "base/codec.h"
#include "base/json.h"
#include "base/text.h"
#include "lab/lab_pages.h"

/* What the worker says was wrong. */
static const char *refusal(struct screen *s) {
    const char *why;
    json_t *body = json_read(s->r->arena, s->ask.answer.body, s->ask.answer.body_len, &why);
    const char *said = json_string_value(json_object_get(body, "error"));
    return said ? said : "";
}

/* Back to the run, or the worker's sentence. */
static enum err done(struct screen *s, enum err result, const char *notice) {
    struct request *r = s->r;
    if (result) return screen_refuse(s, result);
    if (!s->ask.answer.refused)
        return http_redirect(
            r, screen_href(s, arena_printf(r->arena, "?tab=%s&notice=%s", s->tab, notice)));
    struct view *v = view_new(r->arena);
    view_text(v, "why", refusal(s));
    return http_refuse(r, ERR_INVALID, "lab_not_done", v);
}

/* A member for each field of the form that is filled in. */
static void take_fields(struct request *r, json_t *out, const char *const *names, size_t count) {
    for (size_t i = 0; i < count; i++) {
        const char *value = http_field(r, names[i]);
        if (value && *value && strlen(value) <= LAB_CALL_BYTES)
            json_object_set_new(out, names[i], json_string(value));
    }
}

/* ---- Messages ------------------------------------------------------------------------------- */
/* What was refused is shown again in the inbox, with what was typed. */
static enum err answered(struct request *r, void *arg, enum err result) {
    struct screen *s = arg;
    (void)r;
    if (result || !s->ask.answer.refused || !screen_has_inbox(s))
        return done(s, result, "answered");
    s->tab = "inbox";
    s->typed = true;
    s->notice = "not_sent";
    s->ask.action = NULL; /* it has been run already */
    return screen_show(s);
}

enum err lab_answer_post(struct request *r) {
    static const char *const names[] = {"choice", "subject", "text", "to"};
    struct screen *s;
    const char *why, *message = http_field(r, "message");
    int64_t number;
    enum err e = screen_open(r, &s);
    if (!e) e = screen_require_owner(s);
    if (e) return e;
    screen_part(s, http_field);
    json_t *given = json_adopt(r->arena, json_object());
    take_fields(r, given, names, COUNT_OF(names));
    if (message && parse_i64(message, 1, INT64_MAX, &number))
        json_object_set_new(given, "message", json_integer(number));
    json_t *action = lab_answer_action(given, &why);
    if (!action) return http_refuse(r, ERR_INVALID, "lab_form_broken", NULL);
    s->ask.action = json_text(r->arena, json_adopt(r->arena, action));
    return screen_wait(s, answered);
}

/* ---- Chaos ---------------------------------------------------------------------------------- */
static enum err keep_entry(struct db *db, struct arena *a, void *arg, int64_t now_ms) {
    struct screen *s = arg;
    return audit_append(db, a, now_ms, s->ask.actor_id, "lab.chaos", s->ask.run.id, s->ask.action);
}

static enum err kept(struct request *r, void *arg, enum err result) {
    struct screen *s = arg;
    const char *notice = http_field(r, "end") ? "chaos_end" : "chaos";
    if (result) return http_refuse(r, result, "lab_not_saved", NULL);
    if (!http_field(r, "panel")) return done(s, OK, notice);
    return http_redirect(r, screen_href(s, arena_printf(r->arena, "/chaos?notice=%s", notice)));
}

static enum err panel_again(struct screen *s, const char *said) {
    s->typed = true;
    s->clock_said = said;
    s->ask.action = NULL; /* it has been run already, or not at all */
    return screen_chaos(s);
}

/* RULE lab-chaos-reason: whoever starts or ends a fault on the panel says why, in 500 bytes at
 * most; it stands in the record beside the fault. False: there is none. */
static bool take_reason(struct request *r, json_t *action) {
    const char *reason = http_field(r, "reason");
    reason = reason ? str_trim(r->arena, reason) : "";
    if (*reason && strlen(reason) <= LAB_REASON_BYTES)
        json_object_set_new(action, "reason", json_string(reason));
    return json_object_get(action, "reason") || !http_field(r, "panel");
}

/* RULE lab-chaos-audit: what an instructor did to a run stands in the audit log; what was refused
 * was not done. */
static enum err begun(struct request *r, void *arg, enum err result) {
    struct screen *s = arg;
    if (!result && s->ask.answer.refused && http_field(r, "panel"))
        return panel_again(s, refusal(s));
    if (result || s->ask.answer.refused) return done(s, result, "");
    return http_write(r, keep_entry, s, kept);
}

/* RULE lab-chaos: an instructor who may see the run lets something go wrong in it, or ends that; it
 * stands in the run's record as theirs. */
enum err lab_chaos_post(struct request *r) {
    static const char *const names[] = {
        "kind",  "on",    "op",      "object", "for", "share",     "told", "status", "ms",
        "burst", "daily", "seconds", "rename", "as",  "duplicate", "drop", "forge",  "shuffle"};
    struct screen *s;
    const char *end = http_field(r, "end");
    enum err e = screen_open(r, &s);
    if (e) return e;
    screen_part(s, http_field);
    json_t *fault = json_object(),
           *action = json_adopt(r->arena, json_pack("{s:s, s:o}", "kind", "chaos", "fault", fault));
    take_fields(r, fault, names, COUNT_OF(names));
    if (end && *end) {
        json_object_del(action, "fault");
        json_object_set_new(action, "end", json_string(end));
    }
    if (!take_reason(r, action)) return panel_again(s, lab_text(r, "lab_chaos_no_reason", NULL));
    s->ask.action = json_text(r->arena, action);
    return screen_wait(s, begun);
}
