/* A run's page: its frame around the parts that lab_screen_parts.c shows. */
#include "lab/lab_pages.h"

#include <string.h>

#include "base/codec.h"
#include "base/json.h"
#include "base/text.h"
#include "content/content.h"
#include "labmodel/lab_words.h"

static int question(struct screen *s, json_t *q) {
    s->ask.question[s->ask.questions] = json_text(s->r->arena, json_adopt(s->r->arena, q));
    return s->ask.questions++;
}

static const char *path_of(const struct screen *s, const struct lab_object *o) {
    return arena_printf(s->r->arena, "%s.%s", s->stack->members[s->member].connector->id, o->id);
}

/* The names of what references of a form may lead to. */
static void ask_names(struct screen *s) {
    json_t *objects = json_array();
    for (int i = 0; i < s->object->field_count; i++)
        if (s->object->fields[i].type == LAB_REFERENCE && !s->object->fields[i].read_only)
            json_array_append_new(objects, json_string(s->object->fields[i].of));
    s->names_question = question(s, json_pack("{s:s, s:o}", "view", "names", "objects", objects));
}

/* The diagram, the charts and the filters of a record, where its object has them. */
static void ask_ways(struct screen *s) {
    int diagram = screen_diagram_of(s);
    if (diagram >= 0)
        s->diagram_question = question(s, json_pack("{s:s, s:i, s:s}", "view", "diagram", "diagram",
                                                    diagram, "record", s->record));
    bool board = false;
    int chart = screen_chart_of(s, &board);
    if (chart >= 0)
        s->charts_question = question(s,
                                      json_pack("{s:s, s:i, s:b, s:s}", "view", "charts", "chart",
                                                chart, "board", board, "record", s->record));
    if (screen_has_filters(s))
        s->filters_question = question(s, json_pack("{s:s, s:s, s:s}", "view", "filters", "object",
                                                    path_of(s, s->object), "record", s->record));
}

static void ask_member(struct screen *s) {
    if (s->owner && (s->record || s->adding)) ask_names(s);
    if (s->record) ask_ways(s);
    if (s->record)
        s->record_question = question(s, json_pack("{s:s, s:s, s:s}", "view", "record", "object",
                                                   path_of(s, s->object), "id", s->record));
    else if (!s->adding)
        s->list_question = question(s, screen_list_question(s, path_of(s, s->object)));
    struct lab_value_path path;
    if (screen_naming(s, &path))
        s->naming_question = question(s, json_pack("{s:s, s:s, s:i}", "view", "list", "object",
                                                   path.reference->of, "limit", 100));
}

enum err screen_show(struct screen *s) {
    question(s, json_pack("{s:s}", "view", "summary"));
    if (s->member >= 0) ask_member(s);
    if (str_eq(s->tab, "log"))
        s->events_question = question(s,
                                      json_pack("{s:s, s:i, s:s, s:I}", "view", "events", "limit",
                                                100, "find", s->list.find ? s->list.find : "",
                                                "before", (json_int_t)(s->page > 1 ? s->page : 0)));
    if (str_eq(s->tab, "inbox"))
        s->events_question = question(s, json_pack("{s:s}", "view", "messages"));
    if (s->since >= 0) s->since_question = question(s, screen_since_question(s));
    return screen_wait(s, screen_render);
}

static struct view *tab(struct screen *s, struct view *tabs, const char *id, const char *title,
                        const char *icon) {
    struct view *t = view_item(tabs);
    view_text(t, "href", screen_href(s, arena_printf(s->r->arena, "?tab=%s", id)));
    view_text(t, "title", title);
    view_bool(t, "current", str_eq(s->tab, id));
    view_bool(t, icon, true);
    return t;
}

/* A system by its dialect's name, with its state. */
static void system_tab(struct screen *s, struct view *tabs, int member) {
    const struct lab_dialect *d = s->dialects[member];
    json_t *m = json_array_get(json_object_get(screen_json(s, 0), "members"), (size_t)member);
    struct view *t = tab(s, tabs, s->stack->members[member].connector->id, d->title, "is_system");
    view_bool(t, "down", screen_number(m, "outage_ms") != 0);
    screen_time(t, "until", screen_number(m, "outage_ms"), s->r);
    view_int(t, "used", screen_number(m, "day_used"));
    view_int(t, "daily", d->daily);
}

static void tabs(struct screen *s, struct view *v) {
    struct view *list = view_list(v, "tabs");
    tab(s, list, "brief", lab_text(s->r, "lab_tab_brief", NULL), "is_brief");
    if (screen_has_inbox(s)) {
        struct view *t = tab(s, list, "inbox", lab_text(s->r, "lab_tab_inbox", NULL), "is_inbox");
        int64_t waiting = screen_number(screen_json(s, 0), "waiting");
        view_int(t, "waiting", waiting);
        view_bool(t, "has_waiting", waiting > 0);
    }
    for (int i = 0; i < s->stack->member_count; i++) system_tab(s, list, i);
    tab(s, list, "sql", lab_text(s->r, "lab_tab_sql", NULL), "is_sql");
    tab(s, list, "log", lab_text(s->r, "lab_tab_log", NULL), "is_log");
    tab(s, list, "access", lab_text(s->r, "lab_tab_access", NULL), "is_access");
    tab(s, list, "check", lab_text(s->r, "lab_tab_check", NULL), "is_check");
    view_text(tab(s, list, "replay", lab_text(s->r, "lab_replay", NULL), "is_replay"), "href",
              screen_href(s, "/replay"));
}

/* What stands around every part. */
static enum err frame(struct screen *s, struct view *v) {
    struct request *r = s->r;
    const struct lab_scenario *scenario = &s->version->scenario;
    content_view_text(r, v, "title", scenario->title, lab_scenario_lang(r, scenario));
    view_bool(v, "layout_desk", true);
    view_bool(v, "owner", s->owner);
    view_bool(v, "may_chaos", !s->owner && http_has_role(r, ROLE_INSTRUCTOR));
    view_text(v, "run_href", screen_href(s, ""));
    view_text(v, "lobby_href", arena_printf(r->arena, "/labs/%s", scenario->id));
    view_text(v, "tab", s->tab);
    view_text(v, "object_id", s->object ? s->object->id : "");
    view_html(v, "brief", lab_words(s->stack, s->dialects, s->version->brief, true, r->arena));
    view_bool(v, "has_math",
              lab_has_formula(s->version)); /* on every tab: the others replace a part */
    view_bool(v, arena_printf(r->arena, "on_%s", s->member >= 0 ? "member" : s->tab), true);
    view_text(v, "done", screen_notice(s));
    view_bool(v, "was_refused",
              str_eq(s->notice, "refused") || str_eq(s->notice, "calendar") ||
                  str_eq(s->notice, "held") || str_eq(s->notice, "toolate") ||
                  str_eq(s->notice, "clock_refused") || str_eq(s->notice, "not_sent"));
    view_bool(v, "has_raw", str_eq(s->notice, "refused"));
    tabs(s, v);
    screen_clock(s, v);
    return screen_rail(s, v);
}

enum err screen_render(struct request *r, void *arg, enum err result) {
    struct screen *s = arg;
    struct view *v = view_new(r->arena);
    if (result) return screen_refuse(s, result);
    enum err e = frame(s, v);
    if (s->member >= 0) screen_member_part(s, v);
    if (str_eq(s->tab, "brief")) screen_brief_part(s, v);
    if (str_eq(s->tab, "inbox")) screen_inbox_part(s, v);
    if (str_eq(s->tab, "sql")) screen_sql_part(s, v);
    if (str_eq(s->tab, "log")) screen_log_part(s, v);
    if (str_eq(s->tab, "access")) {
        screen_access_part(s, v);
        screen_console_part(s, v);
    }
    if (!e && str_eq(s->tab, "check")) e = screen_check_part(s, v);
    if (!e && (str_eq(s->tab, "brief") || str_eq(s->tab, "check"))) e = screen_terms_part(s, v);
    if (e) return http_refuse(r, e, "lab_unreadable", NULL);
    screen_calls(s, v);
    return http_page(r, "lab_run", v);
}

/* After a call the address is that of what is shown, and no longer that of the form that made the
 * call: whoever loads the page again does not get an empty form. */
static void replace_address(struct screen *s) {
    struct arena *a = s->r->arena;
    if (!s->r->fragment || !s->notice || !s->object) return;
    const char *record = s->record ? percent_encode(a, s->record, "") : NULL;
    http_header_out(s->r, "HX-Replace-Url",
                    screen_href(s, arena_printf(a, "?tab=%s&object=%s%s%s", s->tab, s->object->id,
                                                record ? "&record=" : "", record ? record : "")));
}

static enum err show_part(struct screen *s) {
    screen_part(s, http_query);
    replace_address(s);
    return screen_show(s);
}

enum err lab_run_page(struct request *r) {
    struct screen *s;
    enum err e = screen_open(r, &s);
    return e ? e : screen_look(s, "lab.see_run", show_part);
}
