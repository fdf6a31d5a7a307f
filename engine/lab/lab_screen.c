/* One request for a run's page: who asks, which part of it, what the worker answered. */
#include "lab/lab_pages.h"

#include <string.h>

#include "audit/audit.h"
#include "base/codec.h"
#include "base/json.h"
#include "base/text.h"

const char *lab_text(struct request *r, const char *key, struct view *v) {
    return page_text(r->app->site, r->locale, key, v, r->arena);
}

const char *lab_ask_refusal(const struct lab_ask *ask) {
    return ask->error ? ask->error : "lab_no_answer";
}

enum err screen_refuse(struct screen *s, enum err result) {
    return http_refuse(s->r, result, lab_ask_refusal(&s->ask), NULL);
}

const char *lab_scenario_lang(struct request *r, const struct lab_scenario *s) {
    return lab_lang(r->app->labs, r->arena, s->lang, s->programme);
}

const char *lab_choice_text(const struct lab_stack *s, const char *choice, struct arena *a) {
    const struct lab_dialect *dialects[LAB_CONNECTORS_MAX];
    struct buf b;
    if (!lab_choice_read(s, choice, dialects, a)) return choice;
    buf_init(&b, a);
    for (int i = 0; i < s->member_count; i++)
        buf_printf(&b, "%s%s", i ? " · " : "", dialects[i]->title);
    return buf_text(&b);
}

const char *lab_dialect_titles(struct labs *l, struct db *db, struct arena *a, const char *version,
                               const char *dialects) {
    const struct lab_version *known;
    return l && !labs_version(l, db, version, a, &known)
               ? lab_choice_text(&known->scenario.stack, dialects, a)
               : dialects;
}

/* ---- The request ---------------------------------------------------------------------------- */

void labs_set_may_see(struct labs *l, lab_may_see_fn may_see) { l->may_see = may_see; }

static enum err may_see(struct request *r, const char *person_id) {
    lab_may_see_fn ask = r->app->labs->may_see;
    return ask ? ask(r, person_id) : http_refuse(r, ERR_NOT_FOUND, "lab_run_unknown", NULL);
}

enum err screen_open(struct request *r, struct screen **out) {
    struct screen *s = NEW(r->arena, struct screen);
    struct labs *l = r->app->labs;
    *out = s;
    if (!l) return http_refuse(r, ERR_NOT_FOUND, "lab_none_here", NULL);
    lab_ask_init(&s->ask, r->arena, r->now_ms);
    s->r = r;
    s->member = s->list_question = s->record_question = s->naming_question = s->names_question =
        s->events_question = s->since_question = s->diagram_question = s->filters_question =
            s->charts_question = -1;
    s->since = -1;
    enum err e = lab_store_run(r->db, r->arena, r->param[0], &s->ask.run);
    if (e && e != ERR_NOT_FOUND) return http_refuse(r, e, "lab_unreadable", NULL);
    s->owner = !e && str_eq(s->ask.run.person_id, r->who->person_id);
    /* Somebody else's run and no run look the same to a learner. */
    if (e || (!s->owner && !http_has_role(r, LAB_VIEWERS)))
        return http_refuse(r, ERR_NOT_FOUND, "lab_run_unknown", NULL);
    if (!s->owner && (e = may_see(r, s->ask.run.person_id)) != OK) return e;
    s->ask.actor_id = r->who->person_id;
    if (!worker_plays(s->ask.run.engine))
        return http_refuse(r, ERR_CONFLICT, "lab_error_engine_old", NULL);
    e = labs_version(l, r->db, s->ask.run.version, r->arena, &s->version);
    if (e == ERR_BUSY) return http_refuse(r, e, "lab_unreadable", NULL);
    if (e ||
        !lab_choice_read(&s->version->scenario.stack, s->ask.run.choice, s->dialects, r->arena))
        return http_refuse(r, ERR_IO, "lab_version_gone", NULL);
    s->stack = &s->version->scenario.stack;
    s->tab = "brief";
    return OK;
}

/* Keys have small letters and _ only. */
const char *screen_notice(struct screen *s) {
    size_t len = s->notice ? strspn(s->notice, "abcdefghijklmnopqrstuvwxyz_") : 0;
    if (!len || len > 20 || s->notice[len]) return NULL;
    return lab_text(s->r, arena_printf(s->r->arena, "lab_notice_%s", s->notice), NULL);
}

enum err screen_require_owner(struct screen *s) {
    return s->owner ? OK : http_refuse(s->r, ERR_DENIED, "lab_not_yours", NULL);
}

void screen_part(struct screen *s, const char *(*get)(struct request *, const char *)) {
    struct request *r = s->r;
    const char *tab = get(r, "tab"), *page = get(r, "page");
    s->record = get(r, "record");
    s->adding = get(r, "add") != NULL;
    s->notice = get(r, "notice");
    s->page = 1;
    if (page && !parse_i64(page, 1, 100000, &s->page)) s->page = 1;
    screen_list_read(s, get);
    screen_clock_read(s, get);
    if (s->record && (!*s->record || strlen(s->record) > 64)) s->record = NULL;
    static const char *const others[] = {"brief", "inbox", "sql", "log", "check", "access"};
    for (size_t i = 0; tab && i < COUNT_OF(others); i++)
        if (str_eq(tab, others[i])) s->tab = others[i];
    screen_console_read(s, get);
    s->member = tab ? lab_member_find(s->stack, tab) : -1;
    if (s->member < 0) return;
    const struct lab_connector *c = s->stack->members[s->member].connector;
    s->tab = c->id;
    s->object = get(r, "object") ? lab_object_find(c, get(r, "object")) : NULL;
    if (!s->object) s->object = lab_object_first(c);
    for (int i = 0; i < c->object_count && !get(r, "object"); i++)
        if (!c->objects[i].setup && c->objects[i].operations & LAB_CREATE)
            s->object = &c->objects[i];
}

const char *screen_href(const struct screen *s, const char *rest) {
    return arena_printf(s->r->arena, "/runs/%s%s", s->ask.run.id, rest);
}

const char *screen_record_href(const struct screen *s, int member, const struct lab_object *o,
                               const char *id) {
    return screen_href(s, arena_printf(s->r->arena, "?tab=%s&object=%s&record=%s",
                                       s->stack->members[member].connector->id, o->id,
                                       percent_encode(s->r->arena, id, "")));
}

const char *screen_reference_href(const struct screen *s, const struct lab_field *f,
                                  const char *id) {
    int member = 0;
    const struct lab_object *of = f->type == LAB_REFERENCE
                                      ? lab_object_by_path(s->stack, f->of, &member)
                                      : NULL;
    return of ? screen_record_href(s, member, of, id) : NULL;
}

/* ---- A look ---------------------------------------------------------------------------------- */
static enum err note_look(struct db *db, struct arena *a, void *arg, int64_t now_ms) {
    const struct screen *s = arg;
    return audit_append(db, a, now_ms, s->ask.actor_id, s->look, s->ask.run.id, NULL);
}

static enum err noted(struct request *r, void *arg, enum err result) {
    struct screen *s = arg;
    if (result) return http_refuse(r, result, "lab_not_saved", NULL);
    http_header_out(r, "Cache-Control", "no-store");
    return s->show(s);
}

enum err screen_look(struct screen *s, const char *action, enum err (*show)(struct screen *s)) {
    if (s->owner) return show(s);
    s->look = action;
    s->show = show;
    return http_write(s->r, note_look, s, noted);
}

/* ---- The worker ----------------------------------------------------------------------------- */

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

json_t *screen_json(struct screen *s, int q) {
    const char *why;
    if (q < 0 || !s->ask.view[q]) return NULL;
    return json_read(s->r->arena, s->ask.view[q], s->ask.view_len[q], &why);
}
