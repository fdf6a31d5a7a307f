/* What people do to a run's world: the learner answers messages, an instructor lets something go
 * wrong. */
#include <string.h>

#include "audit/audit.h"
#include "base/codec.h"
#include "base/json.h"
#include "base/text.h"
#include "lab/lab_pages.h"

/* Back to the run, or the worker's sentence. */
static enum err done(struct screen *s, enum err result, const char *notice) {
    struct request *r = s->r;
    const char *why;
    if (result) return screen_refuse(s, result);
    if (!s->ask.answer.refused)
        return http_redirect(
            r, screen_href(s, arena_printf(r->arena, "?tab=%s&notice=%s", s->tab, notice)));
    struct view *v = view_new(r->arena);
    json_t *body = json_read(r->arena, s->ask.answer.body, s->ask.answer.body_len, &why);
    why = json_string_value(json_object_get(body, "error"));
    view_text(v, "why", why ? why : "");
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
static enum err answered(struct request *r, void *arg, enum err result) {
    (void)r;
    return done(arg, result, "answered");
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
    if (result) return http_refuse(r, result, "lab_not_saved", NULL);
    return done(arg, result, http_field(r, "end") ? "chaos_end" : "chaos");
}

/* RULE lab-chaos-audit: what an instructor did to a run stands in the audit log; what was refused
 * was not done. */
static enum err begun(struct request *r, void *arg, enum err result) {
    struct screen *s = arg;
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
    s->ask.action = json_text(r->arena, action);
    return screen_wait(s, begun);
}
