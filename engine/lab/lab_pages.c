/* The list of labs, the lobby and the start of a run. */
#include "lab/lab_pages.h"

#include <string.h>

#include "base/clock.h"
#include "base/codec.h"
#include "base/text.h"
#include "content/content.h"
#include "labmodel/lab_words.h"

/* ---- Index ---------------------------------------------------------------------------------- */
static void run_view(struct request *r, struct view *item, const struct lab_result *run) {
    view_text(item, "href", arena_printf(r->arena, "/runs/%s", run->run_id));
    view_text(item, "title", run->title);
    view_text(item, "dialects",
              lab_dialect_titles(r->app->labs, r->db, r->arena, run->version, run->dialects));
    view_time(item, "started", run->started_ms, r->locale, r->zone);
    view_time(item, "last", run->last_ms, r->locale, r->zone);
    view_bool(item, "passed", run->passed_ms != 0);
    view_bool(item, "checked", run->checks > 0);
    view_int(item, "best", run->checks_passed);
    view_int(item, "checks", run->checks);
    view_int(item, "actions", run->actions);
}

static void past_runs(struct request *r, struct view *v, const char *scenario_id, enum err *e) {
    struct lab_result *results;
    size_t count;
    *e = lab_results(r->db, r->arena, r->who->person_id, scenario_id, &results, &count);
    struct view *list = view_list(v, "runs");
    view_bool(v, "has_runs", !*e && count > 0);
    const struct lab_result *open = *e ? NULL : lab_open_run(results, count);
    if (open) run_view(r, view_object(v, "open_run"), open);
    for (size_t i = *e ? 0 : count; i-- > 0;) run_view(r, view_item(list), &results[i]);
}

enum err lab_index_page(struct request *r) {
    struct view *v = view_new(r->arena), *list = view_list(v, "labs");
    const struct lab_version **all;
    if (!r->app->labs) return http_refuse(r, ERR_NOT_FOUND, "lab_none_here", NULL);
    size_t count = registry_all(r->app->labs->registry, r->arena, &all);
    for (size_t i = 0; i < count; i++) {
        const struct lab_scenario *s = &all[i]->scenario;
        struct view *item = view_item(list);
        view_text(item, "href", arena_printf(r->arena, "/labs/%s", s->id));
        content_view_text(r, item, "title", s->title, lab_scenario_lang(r, s));
        view_text(item, "summary", s->summary);
        view_int(item, "minutes", s->minutes);
    }
    view_bool(v, "has_labs", count > 0);
    view_text(v, "title", lab_text(r, "lab_index_title", NULL));
    enum err e;
    past_runs(r, v, NULL, &e);
    if (e) return http_refuse(r, e, "lab_unreadable", NULL);
    return http_page(r, "lab_index", v);
}

/* ---- Lobby ---------------------------------------------------------------------------------- */
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

static enum err lobby(struct request *r, const struct lab_version **version) {
    const char *problem = NULL;
    *version = r->app->labs
                   ? registry_current(r->app->labs->registry, r->arena, r->param[0], &problem)
                   : NULL;
    if (*version) return OK;
    if (problem && http_has_role(r, ROLE_INSTRUCTOR | ROLE_ADMIN))
        return http_error(r, ERR_CONFLICT, "%s", problem);
    return http_refuse(r, ERR_NOT_FOUND, "lab_unknown", NULL);
}

bool lab_has_formula(const struct lab_version *version) {
    bool has = doc_has_formula(version->brief);
    for (int i = 0; i < version->scenario.check_count && !has; i++)
        for (int k = 0; k < version->scenario.checks[i].hint_count && !has; k++)
            has = doc_has_formula(version->scenario.checks[i].hints[k]);
    return has;
}

static enum err show_lobby(struct request *r, const struct lab_version *version, int status,
                           const char *problem) {
    enum err e;
    const struct lab_scenario *s = &version->scenario;
    struct view *v = view_new(r->arena), *crumbs = view_list(v, "crumbs"),
                *checks = view_list(v, "checks");
    view_crumb(crumbs, "/labs", lab_text(r, "lab_index_title", NULL));
    content_view_text(r, view_item(crumbs), "text", s->title, lab_scenario_lang(r, s));
    content_view_text(r, v, "title", s->title, lab_scenario_lang(r, s));
    view_text(v, "problem", problem);
    view_text(v, "summary", s->summary);
    view_int(v, "minutes", s->minutes);
    view_int(v, "count", s->check_count);
    view_html(v, "brief", lab_words(&s->stack, NULL, version->brief, true, r->arena));
    view_bool(v, "has_math", lab_has_formula(version));
    view_text(v, "start_href", arena_printf(r->arena, "/labs/%s/runs", s->id));
    view_bool(v, "may_start", http_has_role(r, ROLE_LEARNER));
    for (int i = 0; i < s->check_count; i++) {
        struct view *item = view_item(checks);
        view_text(item, "title", lab_words(&s->stack, NULL, s->checks[i].title, false, r->arena));
        view_bool(item, "never", s->checks[i].never);
        view_int(item, "points", s->checks[i].points);
    }
    member_choices(v, &s->stack, r->arena);
    past_runs(r, v, s->id, &e);
    if (e) return http_refuse(r, e, "lab_unreadable", NULL);
    return http_page_status(r, status, "lab_lobby", v);
}

enum err lab_lobby_page(struct request *r) {
    const struct lab_version *version;
    enum err e = lobby(r, &version);
    return e ? e : show_lobby(r, version, 200, NULL);
}

/* ---- Start ---------------------------------------------------------------------------------- */
struct beginning {
    struct lab_run_row run;
    const struct lab_version *version;
    int64_t wait_ms; /* out, of ERR_LIMIT */
    bool open;       /* out: for runs that are not passed */
};

static enum err add_run(struct db *db, struct arena *a, void *arg, int64_t now_ms) {
    struct beginning *b = arg;
    int64_t until_ms;
    enum err e = lab_store_may_start(db, b->run.person_id, b->run.scenario_id, now_ms, &until_ms,
                                     &b->open);
    if (e) return e;
    b->wait_ms = until_ms - now_ms;
    if (until_ms) return ERR_LIMIT;
    b->run.started_ms = now_ms;
    b->run.id = id_new(a, now_ms);
    return lab_store_run_add(db, a, &b->run, b->version->scenario.title, b->version->scenario.pack,
                             b->version->scenario.pack_len);
}

static enum err too_many(struct request *r, const struct beginning *b) {
    struct view *v = view_new(r->arena);
    const int64_t minutes = (b->wait_ms + MS_MINUTE - 1) / MS_MINUTE;
    view_int(v, "runs", b->open ? LAB_OPEN_RUNS : LAB_STARTS_PER_HOUR);
    view_int(v, "minutes", minutes);
    view_int(v, "hours", (minutes + 59) / 60);
    http_header_out(r, "Retry-After", arena_printf(r->arena, "%lld", (long long)minutes * 60));
    return show_lobby(r, b->version, 429,
                      lab_text(r, b->open ? "lab_open_limit" : "lab_starts_limit", v));
}

static enum err begun(struct request *r, void *arg, enum err result) {
    struct beginning *b = arg;
    if (result == ERR_LIMIT) return too_many(r, b);
    if (result) return http_refuse(r, result, "lab_not_saved", NULL);
    return http_redirect(r, arena_printf(r->arena, "/runs/%s", b->run.id));
}

enum err lab_start_post(struct request *r) {
    struct beginning *b = NEW(r->arena, struct beginning);
    struct buf choice;
    enum err e = lobby(r, &b->version);
    if (e) return e;
    const struct lab_stack *s = &b->version->scenario.stack;
    buf_init(&choice, r->arena);
    for (int i = 0; i < s->member_count; i++) {
        const char *id = s->members[i].connector->id,
                   *value = http_field(r, arena_printf(r->arena, "dialect_%s", id));
        buf_printf(&choice, "%s%s=%s", i ? "," : "", id, value ? value : "");
    }
    b->run = (struct lab_run_row){.person_id = r->who->person_id,
                                  .scenario_id = b->version->scenario.id,
                                  .version = b->version->scenario.version,
                                  .choice = lab_choice_normal(s, buf_text(&choice), r->arena),
                                  .engine = worker_engine(),
                                  .seed = random_u64() >> 1};
    if (!b->run.choice) return http_refuse(r, ERR_INVALID, "lab_choose", NULL);
    return http_write(r, add_run, b, begun);
}
