/* The parts of a run's page: log, console, access, calls. A system's records and
 * configuration stand in lab_screen_system.c, checks and tasks in lab_screen_checks.c. */
#include <string.h>

#include "base/clock.h"
#include "base/codec.h"
#include "base/json.h"
#include "base/text.h"
#include "lab/lab_pages.h"

const char *screen_text(json_t *o, const char *key) {
    return json_string_value(json_object_get(o, key));
}
int64_t screen_number(json_t *o, const char *key) {
    return json_integer_value(json_object_get(o, key));
}
void screen_time(struct view *v, const char *name, int64_t ms, struct request *r) {
    view_time(v, name, ms, r->locale, NULL);
}

/* ---- Brief ---------------------------------------------------------------------------------- */
void screen_brief_part(struct screen *s, struct view *v) {
    view_text(v, "first_system", s->dialects[0]->title);
    view_text(
        v, "first_href",
        screen_href(s, arena_printf(s->r->arena, "?tab=%s", s->stack->members[0].connector->id)));
}

/* ---- Log ------------------------------------------------------------------------------------ */
/* Kinds of events to look for: the engine's own, and those that the connectors tell of. */
static void event_kinds(struct screen *s, struct view *v) {
    static const char *const always[] = {"outage.started", "api.limited", "rule.stopped",
                                         "rule.failed", "record.refused"};
    struct view *list = view_list(v, "kinds");
    const char *seen = " ";
    for (int m = 0; m < s->stack->member_count; m++) {
        const struct lab_connector *c = s->stack->members[m].connector;
        for (int i = 0; i < c->event_count; i++) {
            if (strstr(seen, arena_printf(s->r->arena, " %s ", c->events[i].id))) continue;
            seen = arena_printf(s->r->arena, "%s%s ", seen, c->events[i].id);
            view_item_text(list, c->events[i].id);
        }
    }
    for (size_t i = 0; i < COUNT_OF(always); i++) view_item_text(list, always[i]);
}

void screen_log_part(struct screen *s, struct view *v) {
    event_kinds(s, v);
    json_t *rows = json_object_get(screen_json(s, s->events_question), "rows");
    size_t count = json_array_size(rows);
    int64_t last = screen_number(json_array_get(rows, count ? count - 1 : 0), "seq");
    screen_events(s, v, "log", rows, false);
    view_bool(v, "has_log", count > 0);
    view_text(v, "find", s->list.find);
    if (last > 1)
        view_text(
            v, "older_href",
            screen_href(
                s, arena_printf(s->r->arena, "?tab=log&find=%s&page=%lld",
                                s->list.find ? percent_encode(s->r->arena, s->list.find, "") : "",
                                (long long)last)));
}

/* ---- Console -------------------------------------------------------------------------------- */
static void tables(struct screen *s, struct view *v) {
    struct view *list = view_list(v, "tables");
    for (int m = 0; m < s->stack->member_count; m++) {
        const struct lab_connector *c = s->stack->members[m].connector;
        for (int i = 0; i < c->object_count; i++) {
            struct view *item = view_item(list);
            struct buf b;
            buf_init(&b, s->r->arena);
            buf_puts(&b, "id, created_ms, updated_ms");
            for (int k = 0; k < c->objects[i].field_count; k++)
                buf_printf(&b, ", %s", c->objects[i].fields[k].id);
            view_text(item, "name", c->objects[i].table);
            view_text(item, "columns", buf_text(&b));
        }
    }
    struct view *item = view_item(list);
    view_text(item, "name", "event");
    view_text(item, "columns",
              "seq, at_ms, actor, human, cause, kind, connector, object, record_id, field, "
              "old_value, new_value, detail");
}

void screen_sql_part(struct screen *s, struct view *v) {
    const char *why;
    tables(s, v);
    view_text(v, "sql",
              s->sql ? s->sql
                     : arena_printf(s->r->arena, "SELECT *\nFROM %s\nORDER BY id\nLIMIT 20",
                                    lab_object_first(s->stack->members[0].connector)->table));
    if (!s->ask.action || !s->ask.answer.body) return;
    json_t *result = json_read(s->r->arena, s->ask.answer.body, s->ask.answer.body_len, &why);
    const char *cut = s->ask.answer.cut;
    view_text(v, "sql_error",
              cut ? lab_text(s->r, arena_printf(s->r->arena, "lab_cut_%s", cut), NULL)
                  : screen_text(result, "error"));
    if (screen_text(result, "error") || !result) return;
    screen_result(s, v, result, NULL);
}

/* ---- Access --------------------------------------------------------------------------------- */
void screen_access_part(struct screen *s, struct view *v) {
    struct request *r = s->r;
    const char *token = s->owner ? lab_run_token(r->app->labs, r->arena, s->ask.run.id) : "run_…",
               *run = s->ask.run.id;
    view_text(v, "token", token);
    view_text(v, "clock_call",
              arena_printf(r->arena,
                           "curl -X POST %s/runs/%s/api/lab/clock \\\n"
                           "  -H \"Authorization: Bearer $RUN_TOKEN\" \\\n"
                           "  -d '{\"advance_seconds\": 3600}'",
                           r->origin, run));
    const int m = s->console.member;
    const struct lab_dialect *d = s->dialects[m];
    const char *base = arena_printf(r->arena, "%s/runs/%s/api/%s", r->origin, run, d->connector_id);
    view_text(v, "system", d->title);
    view_text(v, "about", d->about);
    view_text(v, "base", base);
    view_text(v, "openapi", arena_printf(r->arena, "%s/openapi.json", base));
    view_int(v, "burst", d->burst);
    view_int(v, "seconds", d->burst_seconds);
    view_int(v, "daily", d->daily);
}

/* ---- Calls ---------------------------------------------------------------------------------- */
void screen_calls(struct screen *s, struct view *v) {
    struct view *list = view_list(v, "calls");
    view_bool(v, "has_calls", s->ask.call_count > 0);
    for (int i = 0; i < s->ask.call_count; i++) {
        const struct lab_past_call *c = &s->ask.calls[i];
        struct view *item = view_item(list);
        view_text(item, "method", c->method);
        view_text(item, "path", c->path);
        view_text(item, "body", c->body);
        view_text(item, "answer", *c->answer ? c->answer : NULL);
        view_int(item, "status", c->status);
        view_bool(item, "fine",
                  c->status < 400 && !strstr(c->answer, "\"done\":false") &&
                      !strstr(c->answer, "\"status\":\"refused\""));
        view_bool(item, "newest", i == 0 && !s->typed);
        screen_time(item, "at", c->now_ms, s->r);
    }
}
