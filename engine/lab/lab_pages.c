/* The list of labs, the lobby, the start of a run, and the frame of a run's page. */
#include "lab/lab_pages.h"

#include <string.h>

#include "audit/audit.h"
#include "base/clock.h"
#include "base/codec.h"
#include "base/json.h"
#include "base/text.h"

const char *lab_words(struct request *r, const char *key, struct view *v) {
    return page_text(r->app->site, r->locale, key, v, r->arena);
}

static void crumb(struct view *crumbs, const char *href, const char *text) {
    struct view *c = view_item(crumbs);
    view_text(c, "href", href);
    view_text(c, "text", text);
}

static const char *choice_text(const struct lab_stack *s, const char *choice, struct arena *a) {
    const struct lab_dialect *dialects[LAB_CONNECTORS_MAX];
    struct buf b;
    if (!lab_choice_read(s, choice, dialects, a)) return choice;
    buf_init(&b, a);
    for (int i = 0; i < s->member_count; i++)
        buf_printf(&b, "%s%s", i ? " · " : "", dialects[i]->title);
    return buf_text(&b);
}

/* ---- Index ------------------------------------------------------------------------------------ */
static void past_runs(struct request *r, struct view *v, const char *scenario_id, enum err *e) {
    struct lab_result *results;
    size_t count;
    *e = lab_results(r->db, r->arena, r->who->person_id, scenario_id, &results, &count);
    struct view *list = view_list(v, "runs");
    view_bool(v, "has_runs", !*e && count > 0);
    for (size_t i = *e ? 0 : count; i-- > 0;) {
        struct view *item = view_item(list);
        const struct lab_held *held = shelf_version(r->app->labs, r->db, results[i].version,
                                                    r->arena);
        view_text(item, "href", arena_printf(r->arena, "/runs/%s", results[i].run_id));
        view_text(item, "title", results[i].title);
        view_text(item, "dialects",
                  held ? choice_text(&held->scenario.stack, results[i].dialects, r->arena)
                       : results[i].dialects);
        view_time(item, "started", results[i].started_ms, r->locale, r->zone);
        view_bool(item, "passed", results[i].passed_ms != 0);
        view_bool(item, "checked", results[i].checks > 0);
        view_int(item, "best", results[i].checks_passed);
        view_int(item, "checks", results[i].checks);
        view_int(item, "actions", results[i].actions);
    }
}

enum err lab_index_page(struct request *r) {
    struct view *v = view_new(r->arena), *list = view_list(v, "labs");
    const struct lab_held **all;
    if (!r->app->labs)
        return http_error(r, ERR_NOT_FOUND, "%s", lab_words(r, "lab_none_here", NULL));
    size_t count = shelf_all(r->app->labs, &all, r->arena);
    for (size_t i = 0; i < count; i++) {
        const struct lab_scenario *s = &all[i]->scenario;
        struct view *item = view_item(list);
        view_text(item, "href", arena_printf(r->arena, "/labs/%s", s->id));
        view_text(item, "title", s->title);
        view_text(item, "summary", s->summary);
        view_int(item, "minutes", s->minutes);
    }
    view_bool(v, "has_labs", count > 0);
    view_text(v, "title", lab_words(r, "lab_index_title", NULL));
    enum err e;
    past_runs(r, v, NULL, &e);
    return e ? http_error(r, e, "%s", lab_words(r, "lab_unreadable", NULL))
             : http_page(r, "lab_index", v);
}

/* ---- Lobby ------------------------------------------------------------------------------------ */
static void member_choices(struct view *v, const struct lab_stack *s, struct arena *a) {
    struct view *members = view_list(v, "members");
    for (int i = 0; i < s->member_count; i++) {
        const struct lab_member *m = &s->members[i];
        struct view *item = view_item(members), *list = view_list(item, "dialects");
        view_text(item, "title", m->title);
        view_text(item, "about", m->connector->about);
        view_text(item, "name", arena_printf(a, "dialect_%s", m->connector->id));
        for (int k = 0; k < m->dialect_count; k++) {
            struct view *d = view_item(list);
            view_text(d, "id", m->dialects[k]->id);
            view_text(d, "title", m->dialects[k]->title);
            view_text(d, "about", m->dialects[k]->about);
            view_bool(d, "chosen", k == 0);
        }
    }
}

static enum err lobby(struct request *r, const struct lab_held **held) {
    const char *problem = NULL;
    *held = r->app->labs ? shelf_current(r->app->labs, r->param[0], &problem) : NULL;
    if (*held) return OK;
    if (problem && http_has_role(r, ROLE_INSTRUCTOR | ROLE_ADMIN))
        return http_error(r, ERR_CONFLICT, "%s", problem);
    return http_error(r, ERR_NOT_FOUND, "%s", lab_words(r, "lab_unknown", NULL));
}

enum err lab_lobby_page(struct request *r) {
    const struct lab_held *held;
    enum err e = lobby(r, &held);
    if (e) return e;
    const struct lab_scenario *s = &held->scenario;
    struct view *v = view_new(r->arena), *crumbs = view_list(v, "crumbs"),
                *checks = view_list(v, "checks");
    crumb(crumbs, "/labs", lab_words(r, "lab_index_title", NULL));
    crumb(crumbs, NULL, s->title);
    view_text(v, "title", s->title);
    view_text(v, "summary", s->summary);
    view_int(v, "minutes", s->minutes);
    view_int(v, "count", s->check_count);
    view_html(v, "brief", held->brief);
    view_text(v, "start_href", arena_printf(r->arena, "/labs/%s/runs", s->id));
    view_bool(v, "may_start", http_has_role(r, ROLE_LEARNER));
    for (int i = 0; i < s->check_count; i++) {
        struct view *item = view_item(checks);
        view_text(item, "title", s->checks[i].title);
        view_bool(item, "never", s->checks[i].never);
        view_int(item, "points", s->checks[i].points);
    }
    member_choices(v, &s->stack, r->arena);
    past_runs(r, v, s->id, &e);
    return e ? http_error(r, e, "%s", lab_words(r, "lab_unreadable", NULL))
             : http_page(r, "lab_lobby", v);
}

/* ---- Start ------------------------------------------------------------------------------------ */
struct beginning {
    struct lab_run_row run;
    const struct lab_held *held;
};

static enum err add_run(struct db *db, struct arena *a, void *arg, int64_t now_ms) {
    struct beginning *b = arg;
    b->run.started_ms = now_ms;
    b->run.id = id_new(a, now_ms);
    return lab_store_run_add(db, &b->run, b->held->scenario.title, b->held->scenario.pack,
                             b->held->scenario.pack_len);
}

static enum err begun(struct request *r, void *arg, enum err result) {
    struct beginning *b = arg;
    return result ? http_error(r, result, "%s", lab_words(r, "lab_not_saved", NULL))
                  : http_redirect(r, arena_printf(r->arena, "/runs/%s", b->run.id));
}

enum err lab_start_post(struct request *r) {
    struct beginning *b = NEW(r->arena, struct beginning);
    struct buf choice;
    enum err e = lobby(r, &b->held);
    if (e) return e;
    const struct lab_stack *s = &b->held->scenario.stack;
    buf_init(&choice, r->arena);
    for (int i = 0; i < s->member_count; i++) {
        const char *id = s->members[i].connector->id,
                   *value = http_field(r, arena_printf(r->arena, "dialect_%s", id));
        buf_printf(&choice, "%s%s=%s", i ? "," : "", id, value ? value : "");
    }
    b->run = (struct lab_run_row){.person_id = r->who->person_id,
                                  .scenario_id = b->held->scenario.id,
                                  .version = b->held->scenario.version,
                                  .choice = lab_choice_normal(s, buf_text(&choice), r->arena),
                                  .engine = lab_engine(),
                                  .seed = random_u64() >> 1};
    if (!b->run.choice) return http_error(r, ERR_INVALID, "%s", lab_words(r, "lab_choose", NULL));
    return http_write(r, add_run, b, begun);
}

/* ---- A run's page: who, what, frame ------------------------------------------------------------- */
enum err screen_open(struct request *r, struct screen **out) {
    struct screen *s = NEW(r->arena, struct screen);
    struct labs *l = r->app->labs;
    *out = s;
    if (!l) return http_error(r, ERR_NOT_FOUND, "%s", lab_words(r, "lab_none_here", NULL));
    lab_ask_init(&s->ask, r->arena, r->now_ms);
    s->r = r;
    s->member = s->list_question = s->record_question = s->mapping_question = s->events_question =
        -1;
    enum err e = lab_store_run(r->db, r->arena, r->param[0], &s->ask.run);
    if (e && e != ERR_NOT_FOUND)
        return http_error(r, e, "%s", lab_words(r, "lab_unreadable", NULL));
    s->owner = !e && str_eq(s->ask.run.person_id, r->who->person_id);
    /* Somebody else's run and no run look the same to a learner. */
    if (e || (!s->owner && !http_has_role(r, LAB_SEERS)))
        return http_error(r, ERR_NOT_FOUND, "%s", lab_words(r, "lab_run_unknown", NULL));
    s->ask.actor_id = r->who->person_id;
    s->held = shelf_version(l, r->db, s->ask.run.version, r->arena);
    if (!s->held ||
        !lab_choice_read(&s->held->scenario.stack, s->ask.run.choice, s->dialects, r->arena))
        return http_error(r, ERR_IO, "%s", lab_words(r, "lab_version_gone", NULL));
    s->stack = &s->held->scenario.stack;
    s->tab = "brief";
    return OK;
}

enum err screen_own(struct screen *s) {
    return s->owner ? OK
                    : http_error(s->r, ERR_DENIED, "%s", lab_words(s->r, "lab_not_yours", NULL));
}

void screen_part(struct screen *s, const char *(*get)(struct request *, const char *)) {
    struct request *r = s->r;
    const char *tab = get(r, "tab"), *page = get(r, "page");
    s->find = get(r, "find");
    s->record = get(r, "record");
    s->adding = get(r, "add") != NULL;
    s->notice = get(r, "notice");
    s->page = 1;
    if (page && !parse_i64(page, 1, 100000, &s->page)) s->page = 1;
    if (s->find && (!*s->find || strlen(s->find) > 200)) s->find = NULL;
    if (s->record && (!*s->record || strlen(s->record) > 64)) s->record = NULL;
    static const char *const others[] = {"brief", "sql", "log", "check", "access"};
    for (size_t i = 0; tab && i < COUNT_OF(others); i++)
        if (str_eq(tab, others[i])) s->tab = others[i];
    s->member = tab ? lab_member_find(s->stack, tab) : -1;
    if (s->member < 0) return;
    const struct lab_connector *c = s->stack->members[s->member].connector;
    s->tab = c->id;
    s->object = get(r, "object") ? lab_object_find(c, get(r, "object")) : NULL;
    if (!s->object) s->object = lab_object_of_kind(c, LAB_RECORD);
    for (int i = 0; i < c->object_count && !get(r, "object"); i++)
        if (c->objects[i].kind == LAB_RECORD && c->objects[i].operations & LAB_CREATE)
            s->object = &c->objects[i];
}

const char *screen_href(const struct screen *s, const char *rest) {
    return arena_printf(s->r->arena, "/runs/%s%s", s->ask.run.id, rest);
}

static int question(struct screen *s, json_t *q) {
    s->ask.question[s->ask.questions] = json_text(s->r->arena, json_keep(s->r->arena, q));
    return s->ask.questions++;
}

static const char *path_of(const struct screen *s, const struct lab_object *o) {
    return arena_printf(s->r->arena, "%s.%s", s->stack->members[s->member].connector->id, o->id);
}

static void ask_member(struct screen *s) {
    if (s->record)
        s->record_question = question(s, json_pack("{s:s, s:s, s:s}", "view", "record", "object",
                                                   path_of(s, s->object), "id", s->record));
    else if (!s->adding)
        s->list_question = question(s, json_pack("{s:s, s:s, s:I, s:i, s:s}", "view", "list",
                                                 "object", path_of(s, s->object), "offset",
                                                 (json_int_t)((s->page - 1) * PAGE_ROWS), "limit",
                                                 PAGE_ROWS, "find", s->find ? s->find : ""));
    const struct lab_object *mapping = lab_object_of_kind(s->stack->members[s->member].connector,
                                                          LAB_FIELD_MAPPING);
    if (s->object->kind == LAB_VALUE_MAPPING && mapping)
        s->mapping_question = question(s, json_pack("{s:s, s:s, s:i}", "view", "list", "object",
                                                    path_of(s, mapping), "limit", 100));
}

static void begin(struct request *r, void *arg) {
    struct screen *s = arg;
    labs_ask(r->app->labs, &s->ask);
}
static void wake(struct lab_ask *ask) {
    struct screen *s = ask->context;
    http_wake(s->r, ask->result);
}
enum err screen_wait(struct screen *s, then_fn then) {
    s->ask.done = wake;
    s->ask.context = s;
    return http_wait(s->r, begin, s, then);
}

enum err screen_show(struct screen *s) {
    question(s, json_pack("{s:s}", "view", "summary"));
    if (s->member >= 0) ask_member(s);
    if (str_eq(s->tab, "log"))
        s->events_question = question(s,
                                      json_pack("{s:s, s:i, s:s, s:I}", "view", "events", "limit",
                                                100, "find", s->find ? s->find : "", "before",
                                                (json_int_t)(s->page > 1 ? s->page : 0)));
    return screen_wait(s, screen_render);
}

json_t *screen_json(struct screen *s, int q) {
    const char *why;
    if (q < 0 || !s->ask.view[q]) return NULL;
    return json_read(s->r->arena, s->ask.view[q], s->ask.view_len[q], &why);
}

static void tab(struct screen *s, struct view *tabs, const char *id, const char *title,
                const char *icon) {
    struct view *t = view_item(tabs);
    view_text(t, "href", screen_href(s, arena_printf(s->r->arena, "?tab=%s", id)));
    view_text(t, "title", title);
    view_bool(t, "current", str_eq(s->tab, id));
    view_bool(t, icon, true);
}

static void tabs(struct screen *s, struct view *v) {
    struct view *list = view_list(v, "tabs");
    tab(s, list, "brief", lab_words(s->r, "lab_tab_brief", NULL), "is_brief");
    for (int i = 0; i < s->stack->member_count; i++)
        tab(s, list, s->stack->members[i].connector->id, s->dialects[i]->title, "is_system");
    tab(s, list, "sql", lab_words(s->r, "lab_tab_sql", NULL), "is_sql");
    tab(s, list, "log", lab_words(s->r, "lab_tab_log", NULL), "is_log");
    tab(s, list, "access", lab_words(s->r, "lab_tab_access", NULL), "is_access");
    tab(s, list, "check", lab_words(s->r, "lab_tab_check", NULL), "is_check");
}

enum err screen_render(struct request *r, void *arg, enum err result) {
    struct screen *s = arg;
    struct view *v = view_new(r->arena), *crumbs = view_list(v, "crumbs");
    if (result)
        return http_error(r, result, "%s",
                          s->ask.error ? s->ask.error : lab_words(r, "lab_no_answer", NULL));
    const struct lab_scenario *scenario = &s->held->scenario;
    crumb(crumbs, "/labs", lab_words(r, "lab_index_title", NULL));
    crumb(crumbs, arena_printf(r->arena, "/labs/%s", scenario->id), scenario->title);
    crumb(crumbs, NULL, lab_words(r, "lab_run", NULL));
    view_text(v, "title", scenario->title);
    view_bool(v, "layout_wide", true);
    view_bool(v, "owner", s->owner);
    view_text(v, "run_href", screen_href(s, ""));
    view_text(v, "tab", s->tab);
    view_text(v, "object_id", s->object ? s->object->id : "");
    view_text(v, "dialects", choice_text(s->stack, s->ask.run.choice, r->arena));
    view_html(v, "brief", s->held->brief);
    view_bool(v, arena_printf(r->arena, "on_%s", s->member >= 0 ? "member" : s->tab), true);
    if (s->notice && id_valid(s->notice) && strlen(s->notice) < 20)
        view_text(v, "done",
                  lab_words(r, arena_printf(r->arena, "lab_notice_%s", s->notice), NULL));
    view_bool(v, "was_refused", str_eq(s->notice, "refused") || str_eq(s->notice, "calendar"));
    tabs(s, v);
    screen_clock(s, v);
    if (s->member >= 0) screen_member_part(s, v);
    if (str_eq(s->tab, "sql")) screen_sql_part(s, v);
    if (str_eq(s->tab, "log")) screen_log_part(s, v);
    if (str_eq(s->tab, "access")) screen_access_part(s, v);
    if (str_eq(s->tab, "check")) {
        enum err e = screen_check_part(s, v);
        if (e) return http_error(r, e, "%s", lab_words(r, "lab_unreadable", NULL));
    }
    screen_calls(s, v);
    return http_page(r, "lab_run", v);
}

enum err lab_run_page(struct request *r) {
    struct screen *s;
    enum err e = screen_open(r, &s);
    if (e) return e;
    screen_part(s, http_query);
    return screen_show(s);
}
