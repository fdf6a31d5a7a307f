/* Shows how a task is done: the reference solution of it on a copy of the run, and what each step
 * was answered. */
#include <string.h>

#include "base/clock.h"
#include "base/json.h"
#include "base/text.h"
#include "lab/lab_pages.h"
#include "labmodel/lab_words.h"

#define SHOWN_STEPS 200

/* ---- On a lab thread ------------------------------------------------------------------------ */
static enum err play_and_judge(struct labs *l, struct lab_live *live, struct worker *copy,
                               struct lab_ask *ask) {
    struct arena *a = ask->arena;
    const struct lab_scenario *s = &live->version->scenario;
    struct lab_solutions *solutions = NEW(a, struct lab_solutions);
    struct lab_played *played = NEW(a, struct lab_played);
    struct diag_list diags;
    const char *answer, *why;
    size_t len;
    diag_init(&diags, a);
    (void)lab_solutions_load(solutions, l->app->root, s, a, &diags);
    const struct lab_solution *reference = lab_solution_find(solutions, "reference");
    if (!reference) return live_fail(ask, ERR_NOT_FOUND, "lab_show_none");
    enum err e = client_view(copy, "{\"view\":\"summary\"}", a, &answer, &len);
    if (e) return live_fail(ask, e, "lab_error_show");
    json_t *summary = json_read(a, answer, len, &why);
    e = lab_solution_play_task(solutions, reference, ask->show_task,
                               screen_number(summary, "now_ms"), s, live->dialects, copy, a,
                               played);
    if (!e) e = client_view(copy, lab_checks_question(s, a), a, &answer, &len);
    if (e) return live_fail(ask, e, "lab_error_show");
    ask->verdicts = NEW_ARRAY(a, struct lab_verdict, (size_t)s->check_count);
    ask->passed = lab_verdicts_read(s, live->dialects, answer, len, ask->verdicts, a);
    ask->shown = played;
    return OK;
}

enum err live_show(struct labs *l, struct lab_live *live, struct lab_ask *ask) {
    const unsigned char *image;
    const char *why;
    size_t len;
    struct worker copy;
    const struct lab_scenario *s = &live->version->scenario;
    if (client_save(&live->w, ask->arena, &image, &len))
        return live_fail(ask, ERR_BUSY, "lab_error_show");
    if (client_start(&copy, l->zygote, s->pack, s->pack_len, ask->run.choice, ask->run.seed, image,
                     len, ask->arena, &why))
        return live_fail(ask, ERR_BUSY, "lab_error_start");
    enum err e = play_and_judge(l, live, &copy, ask);
    worker_end(&copy);
    return e;
}

/* ---- Pages ---------------------------------------------------------------------------------- */
struct showing {
    struct screen *s;
    const char *id; /* as it stands among the hints */
    int64_t task;
    int times;
};

const char *lab_shown_id(struct arena *a, int64_t task) {
    return arena_printf(a, LAB_SHOWN "%lld", (long long)task);
}

/* The task that is asked for, and how often it was shown. */
static enum err open_showing(struct request *r, const char *task, struct showing **out) {
    struct showing *x = NEW(r->arena, struct showing);
    *out = x;
    enum err e = screen_open(r, &x->s);
    if (e) return e;
    if (!task || !parse_i64(task, 1, SOLUTION_TASKS_MAX, &x->task))
        return http_refuse(r, ERR_INVALID, "lab_form_broken", NULL);
    bool there = false;
    for (int i = 0; i < x->s->version->shown_task_count; i++)
        there |= x->s->version->shown_tasks[i] == x->task;
    if (!there) return http_refuse(r, ERR_NOT_FOUND, "lab_show_none", NULL);
    x->id = lab_shown_id(r->arena, x->task);
    e = lab_store_hints(r->db, r->arena, x->s->ask.run.id, &x->id, 1, &x->times);
    return e ? http_refuse(r, e, "lab_unreadable", NULL) : OK;
}

static enum err keep_showing(struct db *db, struct arena *a, void *arg, int64_t now_ms) {
    struct showing *x = arg;
    (void)a;
    return lab_store_hint_add(db, x->s->ask.run.id, x->id, x->times + 1, now_ms);
}

static enum err showing_kept(struct request *r, void *arg, enum err result) {
    struct showing *x = arg;
    if (result) return http_refuse(r, result, "lab_not_saved", NULL);
    return http_redirect(
        r, screen_href(x->s, arena_printf(r->arena, "/show?task=%lld", (long long)x->task)));
}

/* RULE lab-shown: each time that a task is shown is on record before anything is seen of it. */
enum err lab_show_post(struct request *r) {
    struct showing *x;
    enum err e = open_showing(r, http_field(r, "task"), &x);
    if (!e) e = screen_require_owner(x->s);
    if (!e) e = screen_require_help(x->s);
    return e ? e : http_write(r, keep_showing, x, showing_kept);
}

static void step_view(struct request *r, struct view *item, const char *action, int status) {
    const char *why;
    json_t *a = json_read(r->arena, action, strlen(action), &why);
    const char *method = screen_text(a, "method");
    view_int(item, "status", status);
    view_bool(item, "refused", status >= 400);
    view_text(item, "body", screen_text(a, "body"));
    if (method) {
        view_text(item, "what", arena_printf(r->arena, "%s %s", method, screen_text(a, "path")));
        view_text(item, "connector", screen_text(a, "connector"));
        return;
    }
    view_int(item, "minutes", screen_number(a, "advance_ms") / MS_MINUTE);
    view_text(item, "what", lab_text(r, "lab_replay_clock", item));
}

static enum err render(struct request *r, void *arg, enum err result) {
    struct screen *s = arg;
    struct showing *x = s->more;
    struct view *v = view_new(r->arena), *crumbs = view_list(v, "crumbs"),
                *steps = view_list(v, "steps"), *checks = view_list(v, "checks");
    if (result) return screen_refuse(s, result);
    const struct lab_played *shown = s->ask.shown;
    const struct lab_scenario *scenario = &s->version->scenario;
    view_int(v, "task", x->task);
    view_int(v, "times", x->times);
    const char *title = lab_text(r, "lab_show_title", v);
    view_crumb(crumbs, "/labs", lab_text(r, "lab_index_title", NULL));
    view_crumb(crumbs, screen_href(s, ""), scenario->title);
    view_crumb(crumbs, NULL, title);
    view_text(v, "title", title);
    view_text(v, "lab", scenario->title);
    view_text(v, "run_href", screen_href(s, ""));
    view_bool(v, "owner", s->owner);
    view_bool(v, "has_steps", shown->count > 0);
    view_int(v, "count", shown->count);
    for (int i = 0; i < shown->count && i < SHOWN_STEPS; i++)
        step_view(r, view_item(steps), shown->actions[i], shown->statuses[i]);
    for (int i = 0; i < scenario->check_count; i++) {
        const struct lab_verdict *verdict = &s->ask.verdicts[i];
        struct view *item = view_item(checks);
        view_text(item, "title",
                  lab_words(s->stack, s->dialects, verdict->check->title, false, r->arena));
        view_text(item, "sentence", verdict->sentence);
        view_bool(item, "is_passed", verdict->passed);
        view_bool(item, "is_failed", !verdict->passed && !verdict->error);
    }
    return http_page(r, "lab_show", v);
}

static enum err show(struct screen *s) { return screen_wait(s, render); }

/* Only what was shown before is shown again: whoever looks at an address adds nothing to the
 * record. */
enum err lab_show_page(struct request *r) {
    struct showing *x;
    enum err e = open_showing(r, http_query(r, "task"), &x);
    if (e) return e;
    if (!x->times) return http_refuse(r, ERR_NOT_FOUND, "lab_show_none", NULL);
    x->s->more = x;
    x->s->ask.show_task = (int)x->task;
    return screen_look(x->s, "lab.see_run", show);
}
