/* The parts of a run's page: records and configuration of a system, console, log, checks, access. */
#include <string.h>

#include "base/clock.h"
#include "base/json.h"
#include "base/text.h"
#include "lab/lab_pages.h"

static const char *text_of(json_t *o, const char *key) {
    return json_string_value(json_object_get(o, key));
}
static int64_t number_of(json_t *o, const char *key) {
    return json_integer_value(json_object_get(o, key));
}
static const char *at(json_t *list, int i) {
    return json_string_value(json_array_get(list, (size_t)i));
}

static struct lab_surface surface_of(const struct screen *s) {
    return (struct lab_surface){s->stack, s->dialects, s->member};
}

/* ---- Clock ------------------------------------------------------------------------------------ */
/* The lab's world keeps UTC: its times are data, not appointments of the reader. */
static void sim_time(struct view *v, const char *name, int64_t ms, struct request *r) {
    view_time(v, name, ms, r->locale, NULL);
}

void screen_clock(struct screen *s, struct view *v) {
    json_t *summary = screen_json(s, 0);
    struct view *down = view_list(v, "outages");
    sim_time(v, "clock", number_of(summary, "now_ms"), s->r);
    view_int(v, "actions", s->ask.effective);
    view_int(v, "events", number_of(summary, "events"));
    view_bool(v, "has_next_sync", number_of(summary, "next_sync_ms") != 0);
    sim_time(v, "next_sync", number_of(summary, "next_sync_ms"), s->r);
    for (int i = 0; i < s->stack->member_count; i++) {
        json_t *m = json_array_get(json_object_get(summary, "members"), (size_t)i);
        if (!number_of(m, "outage_ms")) continue;
        struct view *item = view_item(down);
        view_text(item, "system", s->dialects[i]->title);
        sim_time(item, "until", number_of(m, "outage_ms"), s->r);
    }
}

/* ---- A system --------------------------------------------------------------------------------- */
static void objects(struct screen *s, struct view *v) {
    const struct lab_connector *c = s->stack->members[s->member].connector;
    json_t *counts = json_object_get(
        json_array_get(json_object_get(screen_json(s, 0), "members"), (size_t)s->member),
        "objects");
    struct view *list = view_list(v, "objects");
    for (int i = 0; i < c->object_count; i++) {
        struct view *item = view_item(list);
        view_text(item, "href",
                  screen_href(
                      s, arena_printf(s->r->arena, "?tab=%s&object=%s", c->id, c->objects[i].id)));
        view_text(item, "title", s->dialects[s->member]->objects[i].plural);
        view_int(item, "count", json_integer_value(json_array_get(counts, (size_t)i)));
        view_bool(item, "current", &c->objects[i] == s->object);
    }
}

/* What a list shows of an object: few columns of records, all of the configuration. */
static int column_count(const struct lab_object *o) {
    return o->kind == LAB_RECORD && o->field_count > 8 ? 8 : o->field_count;
}

static void list_part(struct screen *s, struct view *v) {
    const struct lab_object *o = s->object;
    const struct lab_object_name *names = &s->dialects[s->member]->objects[o->index];
    json_t *answer = screen_json(s, s->list_question), *row;
    struct view *columns = view_list(v, "columns"), *rows = view_list(v, "rows");
    size_t i;
    int64_t total = number_of(answer, "total"), pages = (total + PAGE_ROWS - 1) / PAGE_ROWS;
    view_text(view_item(columns), "title", names->id_as);
    for (int k = 0; k < column_count(o); k++)
        view_text(view_item(columns), "title", names->fields[k].title);
    json_array_foreach (json_object_get(answer, "rows"), i, row) {
        struct view *item = view_item(rows), *cells = view_list(item, "cells");
        view_text(item, "id", text_of(row, "id"));
        view_text(item, "href",
                  screen_href(s, arena_printf(s->r->arena, "?tab=%s&object=%s&record=%s", s->tab,
                                              o->id, text_of(row, "id"))));
        for (int k = 0; k < column_count(o); k++) {
            struct view *cell = view_item(cells);
            const char *text = at(json_object_get(row, "shown"), k);
            view_text(cell, "text", text);
            view_bool(cell, "empty", !text);
            view_bool(cell, "number", o->fields[k].type == LAB_INTEGER);
        }
    }
    view_bool(v, "is_list", true);
    view_int(v, "total", total);
    view_bool(v, "none", total == 0);
    view_text(v, "find", s->find);
    view_int(v, "page", s->page);
    view_int(v, "pages", pages);
    view_bool(v, "many_pages", pages > 1);
    const char *base = arena_printf(s->r->arena, "?tab=%s&object=%s&find=%s&page=", s->tab, o->id,
                                    s->find ? s->find : "");
    if (s->page > 1)
        view_text(
            v, "previous_href",
            screen_href(s, arena_printf(s->r->arena, "%s%lld", base, (long long)s->page - 1)));
    if (s->page < pages)
        view_text(
            v, "next_href",
            screen_href(s, arena_printf(s->r->arena, "%s%lld", base, (long long)s->page + 1)));
}

static void option(struct view *list, const char *value, const char *text, bool chosen) {
    struct view *o = view_item(list);
    view_text(o, "value", value);
    view_text(o, "text", text);
    view_bool(o, "chosen", chosen);
}

/* Mappings as "Industry__c → industry", to choose from. */
static void mapping_options(struct screen *s, struct view *list, const char *current) {
    json_t *row;
    size_t i;
    json_array_foreach (json_object_get(screen_json(s, s->mapping_question), "rows"), i, row) {
        json_t *shown = json_object_get(row, "shown");
        const char *id = text_of(row, "id");
        option(list, id,
               arena_printf(s->r->arena, "%s → %s", at(shown, 0) ? at(shown, 0) : "",
                            at(shown, 1) ? at(shown, 1) : ""),
               current ? str_eq(current, id)
                       : str_eq(at(json_object_get(row, "neutral"), 3), "value_map"));
    }
}

static void picklist_options(struct screen *s, struct view *list, const struct lab_object *o,
                             const struct lab_field *f, const char *current) {
    bool found = !current || !*current;
    for (int i = 0; i < f->value_count; i++) {
        option(list, f->values[i], lab_surface_value(s->dialects[s->member], o, f, f->values[i]),
               str_eq(current, f->values[i]));
        found = found || str_eq(current, f->values[i]);
    }
    /* What stands there although the field does not allow it any more must not change by looking at it. */
    if (!found) option(list, current, current, true);
}

static void field_options(struct screen *s, struct view *list, const struct lab_field *f,
                          const char *current) {
    int member = 0;
    const struct lab_object *o = lab_object_by_path(s->stack, f->of, &member);
    for (int i = 0; o && i < o->field_count; i++)
        option(list, o->fields[i].id, s->dialects[member]->objects[o->index].fields[i].as,
               str_eq(current, o->fields[i].id));
}

/* Values that a value mapping may pair: those of the fields that go through the map. */
static void word_options(struct screen *s, struct view *list, const struct lab_field *f) {
    const struct lab_sync *y = &s->stack->sync;
    bool left = str_eq(f->of, "left");
    const struct lab_object *side = left ? y->left : y->right;
    int member = left ? y->left_member : y->right_member;
    json_t *row;
    size_t i;
    json_array_foreach (json_object_get(screen_json(s, s->mapping_question), "rows"), i, row) {
        json_t *neutral = json_object_get(row, "neutral");
        const struct lab_field *mapped = str_eq(at(neutral, 3), "value_map")
                                             ? lab_field_find(side, at(neutral, left ? 0 : 1))
                                             : NULL;
        for (int k = 0; mapped && k < mapped->value_count; k++) {
            const char *name = lab_surface_value(s->dialects[member], side, mapped,
                                                 mapped->values[k]);
            option(list, name, name, false);
        }
    }
}

static void input(struct screen *s, struct view *list, const struct lab_object *o,
                  const struct lab_field *f, const char *neutral, const char *shown) {
    struct view *item = view_item(list);
    const char *stored = f->type == LAB_VALUE_NAME ? shown : neutral, *value = stored;
    const char *name = arena_printf(s->r->arena, "f_%s", f->id);
    if (s->typed && http_field(s->r, name)) value = http_field(s->r, name);
    view_text(item, "name", name);
    view_text(item, "was", arena_printf(s->r->arena, "o_%s", f->id));
    view_text(item, "id", arena_printf(s->r->arena, "field-%s", f->id));
    view_text(item, "title", s->dialects[s->member]->objects[o->index].fields[f->index].title);
    view_text(item, "value", value ? value : "");
    view_text(item, "stored", stored ? stored : "");
    view_bool(item, "required", f->required);
    struct view *options = view_list(item, "options");
    bool select = f->type == LAB_PICKLIST || f->type == LAB_BOOLEAN || f->type == LAB_FIELD_NAME ||
                  str_eq(f->id, "mapping_id");
    view_bool(item, "select", select);
    view_bool(item, "words", f->type == LAB_VALUE_NAME);
    view_bool(item, "plain", !select && f->type != LAB_VALUE_NAME);
    if (select && !f->required) option(options, "", "", !value);
    if (str_eq(f->id, "mapping_id")) mapping_options(s, options, value);
    else if (f->type == LAB_PICKLIST)
        picklist_options(s, options, o, f, value ? value : f->required ? f->values[0] : NULL);
    else if (f->type == LAB_FIELD_NAME) field_options(s, options, f, value);
    else if (f->type == LAB_VALUE_NAME) word_options(s, options, f);
    else if (f->type == LAB_BOOLEAN) {
        struct lab_surface surface = surface_of(s);
        option(options, "1", lab_surface_text(&surface, o, f, "1", s->r->arena),
               str_eq(value, "1"));
        option(options, "0", lab_surface_text(&surface, o, f, "0", s->r->arena),
               str_eq(value, "0"));
    }
}

static void form_part(struct screen *s, struct view *v, json_t *row) {
    const struct lab_object *o = s->object;
    struct view *inputs = view_list(v, "inputs"), *facts = view_list(v, "facts");
    bool may = s->owner && o->operations & (row ? LAB_UPDATE : LAB_CREATE);
    int editable = 0;
    for (int i = 0; i < o->field_count; i++) {
        const struct lab_field *f = &o->fields[i];
        const char *shown = at(json_object_get(row, "shown"), i);
        if (may && !f->read_only) {
            input(s, inputs, o, f, at(json_object_get(row, "neutral"), i), shown);
            editable++;
        } else {
            struct view *fact = view_item(facts);
            view_text(fact, "title", s->dialects[s->member]->objects[o->index].fields[i].title);
            view_text(fact, "text", shown);
            view_bool(fact, "empty", !shown);
        }
    }
    view_bool(v, "has_inputs", editable > 0);
    view_bool(v, "has_facts", editable < o->field_count);
    view_text(v, "operation", row ? "update" : "create");
}

static void history(struct screen *s, struct view *v, json_t *events) {
    struct view *list = view_list(v, "history");
    json_t *e;
    size_t i;
    json_array_foreach (events, i, e) {
        struct view *item = view_item(list);
        static const char *const keys[] = {"actor",     "kind",      "field",
                                           "old_value", "new_value", "detail"};
        sim_time(item, "at", number_of(e, "at_ms"), s->r);
        for (size_t k = 0; k < COUNT_OF(keys); k++) view_text(item, keys[k], text_of(e, keys[k]));
        view_bool(item, "changed", text_of(e, "field") != NULL);
    }
    view_bool(v, "has_history", json_array_size(events) > 0);
}

static void record_part(struct screen *s, struct view *v) {
    json_t *answer = screen_json(s, s->record_question), *row = json_object_get(answer, "row");
    view_bool(v, "is_record", true);
    view_text(v, "record_id", s->record);
    view_bool(v, "no_record", !row);
    if (!row) return;
    form_part(s, v, row);
    history(s, v, json_object_get(answer, "events"));
    view_bool(v, "may_delete", s->owner && s->object->operations & LAB_DELETE);
    view_bool(v, "may_merge", s->owner && s->object->operations & LAB_MERGE);
    if (s->typed) view_text(v, "loser", http_field(s->r, "loser"));
}

static bool only_runs(const struct lab_object *o) {
    return o->kind == LAB_SYNC_RUN || o->kind == LAB_DEDUPE_JOB;
}

void screen_member_part(struct screen *s, struct view *v) {
    const struct lab_object *o = s->object;
    const struct lab_object_name *names = &s->dialects[s->member]->objects[o->index];
    objects(s, v);
    view_text(v, "system", s->dialects[s->member]->title);
    view_text(v, "object_title", names->title);
    view_text(v, "object_plural", names->plural);
    view_text(v, "object_about", o->about);
    view_text(v, "list_href",
              screen_href(s, arena_printf(s->r->arena, "?tab=%s&object=%s", s->tab, o->id)));
    bool create = s->owner && o->operations & LAB_CREATE;
    view_bool(v, "may_add", create && !only_runs(o));
    view_bool(v, "may_run", create && only_runs(o));
    view_text(v, "add_href",
              screen_href(s, arena_printf(s->r->arena, "?tab=%s&object=%s&add=1", s->tab, o->id)));
    struct lab_surface surface = surface_of(s);
    struct lab_call call = lab_surface_call(&surface, o, s->record ? LAB_GET : LAB_LIST, s->record,
                                            NULL, NULL, 0, s->r->arena);
    view_text(v, "same_call", arena_printf(s->r->arena, "%s %s", call.method, call.path));
    if (s->adding && create) {
        view_bool(v, "is_adding", true);
        form_part(s, v, NULL);
    } else if (s->record) record_part(s, v);
    else list_part(s, v);
}

/* ---- Log -------------------------------------------------------------------------------------- */
void screen_log_part(struct screen *s, struct view *v) {
    static const char *const keys[] = {"actor", "kind",      "connector", "object", "record_id",
                                       "field", "old_value", "new_value", "detail"};
    json_t *rows = json_object_get(screen_json(s, s->events_question), "rows"), *e;
    struct view *list = view_list(v, "log");
    size_t i;
    int64_t last = 0;
    json_array_foreach (rows, i, e) {
        struct view *item = view_item(list);
        sim_time(item, "at", number_of(e, "at_ms"), s->r);
        for (size_t k = 0; k < COUNT_OF(keys); k++) view_text(item, keys[k], text_of(e, keys[k]));
        view_bool(item, "changed", text_of(e, "field") != NULL);
        last = number_of(e, "seq");
    }
    view_bool(v, "has_log", json_array_size(rows) > 0);
    view_text(v, "find", s->find);
    if (last > 1)
        view_text(v, "older_href",
                  screen_href(s, arena_printf(s->r->arena, "?tab=log&find=%s&page=%lld",
                                              s->find ? s->find : "", (long long)last)));
}

/* ---- Console ---------------------------------------------------------------------------------- */
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
    view_text(
        item, "columns",
        "seq, at_ms, actor, kind, connector, object, record_id, field, old_value, new_value, detail");
}

void screen_sql_part(struct screen *s, struct view *v) {
    const char *why;
    tables(s, v);
    view_text(
        v, "sql",
        s->sql
            ? s->sql
            : "SELECT lower(trim(email)) AS address, count(*) AS times\nFROM map_lead\nGROUP BY 1\nHAVING count(*) > 1\nORDER BY 2 DESC, 1");
    if (!s->ask.action || !s->ask.answer.body) return;
    json_t *result = json_read(s->r->arena, s->ask.answer.body, s->ask.answer.body_len, &why),
           *name, *row, *cell;
    view_text(v, "sql_error", text_of(result, "error"));
    if (text_of(result, "error") || !result) return;
    struct view *columns = view_list(v, "result_columns"), *rows = view_list(v, "result_rows");
    size_t i, k;
    json_array_foreach (json_object_get(result, "columns"), i, name)
        view_item_text(columns, json_string_value(name));
    json_array_foreach (json_object_get(result, "rows"), i, row) {
        struct view *cells = view_list(view_item(rows), "cells");
        json_array_foreach (row, k, cell) {
            struct view *c = view_item(cells);
            bool number = json_is_integer(cell);
            view_text(c, "text",
                      json_is_string(cell) ? json_string_value(cell)
                      : number             ? json_text(s->r->arena, cell)
                                           : NULL);
            view_bool(c, "number", number);
            view_bool(c, "empty", json_is_null(cell));
        }
    }
    view_bool(v, "has_result", true);
    view_int(v, "row_count", (int64_t)json_array_size(json_object_get(result, "rows")));
    view_bool(v, "truncated", json_is_true(json_object_get(result, "truncated")));
}

/* ---- Checks ----------------------------------------------------------------------------------- */
static json_t *verdict_of(json_t *verdicts, const char *id) {
    json_t *each;
    size_t i;
    json_array_foreach (verdicts, i, each)
        if (str_eq(text_of(each, "id"), id)) return each;
    return NULL;
}

enum err screen_check_part(struct screen *s, struct view *v) {
    const struct lab_scenario *scenario = &s->held->scenario;
    const char *ids[LAB_CHECKS_MAX], *why;
    int levels[LAB_CHECKS_MAX];
    struct lab_checking_row last;
    struct request *r = s->r;
    for (int i = 0; i < scenario->check_count; i++) ids[i] = scenario->checks[i].id;
    enum err e = lab_store_hints(r->db, r->arena, s->ask.run.id, ids, (size_t)scenario->check_count,
                                 levels);
    if (e) return e;
    e = lab_store_checking(r->db, r->arena, s->ask.run.id, &last);
    if (e && e != ERR_NOT_FOUND) return e;
    bool checked = e == OK;
    json_t *verdicts = checked ? json_read(r->arena, last.verdicts, strlen(last.verdicts), &why)
                               : NULL;
    view_bool(v, "checked", checked);
    view_int(v, "passed", checked ? last.passed : 0);
    view_int(v, "total", scenario->check_count);
    view_int(v, "points", checked ? last.points : 0);
    view_int(v, "all_points", scenario->points);
    view_bool(v, "all_passed", checked && last.passed == last.total);
    view_bool(v, "stale", checked && last.seq < s->ask.seq);
    if (checked) view_time(v, "checked_at", last.at_ms, r->locale, r->zone);
    struct view *list = view_list(v, "checks");
    for (int i = 0; i < scenario->check_count; i++) {
        const struct lab_check *c = &scenario->checks[i];
        struct view *item = view_item(list), *hints = view_list(item, "hints");
        json_t *verdict = verdict_of(verdicts, c->id);
        bool passed = json_is_true(json_object_get(verdict, "passed"));
        view_text(item, "id", c->id);
        view_text(item, "title", c->title);
        view_bool(item, "never", c->never);
        view_int(item, "points", c->points);
        view_bool(item, "is_checked", verdict != NULL);
        view_bool(item, "is_passed", passed);
        view_bool(item, "is_failed", verdict && !passed);
        view_text(item, "sentence", text_of(verdict, "sentence"));
        for (int k = 0; k < levels[i] && k < c->hint_count; k++)
            view_html(view_item(hints), "html", c->hints[k]);
        view_bool(item, "more_hints", s->owner && levels[i] < c->hint_count && !passed);
        view_int(item, "hints_left", c->hint_count - levels[i]);
    }
    return OK;
}

/* ---- Access ----------------------------------------------------------------------------------- */
void screen_access_part(struct screen *s, struct view *v) {
    struct request *r = s->r;
    const char *token = s->owner ? lab_run_token(r->app->labs, r->arena, s->ask.run.id) : "run_…",
               *run = s->ask.run.id;
    struct view *list = view_list(v, "apis");
    view_text(v, "token", token);
    view_text(
        v, "clock_call",
        arena_printf(
            r->arena,
            "curl -X POST %s/runs/%s/api/lab/clock \\\n  -H 'Authorization: Bearer %s' \\\n  -d '{\"advance_seconds\": 3600}'",
            r->origin, run, token));
    for (int i = 0; i < s->stack->member_count; i++) {
        const struct lab_dialect *d = s->dialects[i];
        struct view *item = view_item(list);
        const char *base = arena_printf(r->arena, "%s/runs/%s/api/%s", r->origin, run,
                                        d->connector_id),
                   *how = "";
        const struct lab_object *o = lab_object_of_kind(s->stack->members[i].connector, LAB_RECORD);
        const char *path = arena_printf(r->arena, "%s%s%s", base, d->base,
                                        d->objects[o->index].path);
        switch (d->auth) {
        case LAB_AUTH_BEARER:
            how = arena_printf(r->arena, "curl -H 'Authorization: Bearer %s' \\\n  '%s'", token,
                               path);
            break;
        case LAB_AUTH_KEY:
            how = arena_printf(r->arena, "curl -H '%s: %s' \\\n  '%s'", d->auth_header, token,
                               path);
            break;
        case LAB_AUTH_BASIC:
            how = arena_printf(r->arena, "curl -u 'account:%s' \\\n  '%s'", token, path);
            break;
        case LAB_AUTH_OAUTH:
            how = arena_printf(
                r->arena,
                "curl -d grant_type=client_credentials -d client_id=%s \\\n  -d client_secret=%s \\\n  '%s%s'\n\ncurl -H 'Authorization: Bearer ACCESS_TOKEN' \\\n  '%s'",
                run, token, base, d->auth_path, path);
            break;
        }
        view_text(item, "title", d->title);
        view_text(item, "about", d->about);
        view_text(item, "base", base);
        view_text(item, "openapi", arena_printf(r->arena, "%s/openapi.json", base));
        view_text(item, "curl", how);
        view_int(item, "burst", d->burst);
        view_int(item, "seconds", d->burst_seconds);
        view_int(item, "daily", d->daily);
    }
}

/* ---- Calls ------------------------------------------------------------------------------------ */
void screen_calls(struct screen *s, struct view *v) {
    struct view *list = view_list(v, "calls");
    view_bool(v, "has_calls", s->ask.call_count > 0);
    for (int i = 0; i < s->ask.call_count; i++) {
        const struct lab_called *c = &s->ask.calls[i];
        struct view *item = view_item(list);
        view_text(item, "method", c->method);
        view_text(item, "path", c->path);
        view_text(item, "body", c->body);
        view_text(item, "answer", *c->answer ? c->answer : NULL);
        view_int(item, "status", c->status);
        view_bool(item, "fine",
                  c->status < 400 && !strstr(c->answer, "\"success\":false") &&
                      !strstr(c->answer, "\"skipped\""));
        view_bool(item, "newest", i == 0);
        sim_time(item, "at", c->now_ms, s->r);
    }
}
