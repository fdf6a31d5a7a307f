/* Before an exam: the list, the lobby, the start. */
#include <string.h>

#include "base/clock.h"
#include "base/codec.h"
#include "base/text.h"
#include "content/content.h"
#include "exam/exam_pages.h"

const char *exam_text(struct request *r, const char *key, struct view *v) {
    return page_text(r->app->site, r->locale, key, v, r->arena);
}

enum err exam_redirect(struct request *r, const char *attempt_id, const char *rest) {
    return http_redirect(r, arena_printf(r->arena, "/attempts/%s%s", attempt_id, rest));
}

static void add_crumb(struct view *crumbs, const char *href, const char *text) {
    struct view *c = view_item(crumbs);
    view_text(c, "href", href);
    view_text(c, "text", text);
}

/* ---- The list ------------------------------------------------------------------------------ */

enum err exam_index_page(struct request *r) {
    const struct exam_unit **units;
    struct exam_open_attempt *open;
    size_t open_count, count;
    count = exams_hold_all(r->app->exams, r->arena, &units);
    enum err e = exam_open_attempts(r->db, r->arena, r->who->person_id, &open, &open_count);
    if (e != OK) return e;
    struct view *v = view_new(r->arena), *list = view_list(v, "exams");
    view_text(v, "title", exam_text(r, "exam_index_title", NULL));
    view_bool(v, "has_exams", count > 0);
    for (size_t i = 0; i < count; i++) {
        const struct exam_def *d = &units[i]->def;
        struct view *row = view_item(list);
        view_text(row, "href", arena_printf(r->arena, "/exams/%s", d->id));
        content_view_text(r, row, "name", d->title, exam_unit_lang(units[i]));
        view_text(row, "summary", d->summary);
        view_bool(row, "is_practice", d->practice);
        view_int(row, "minutes", d->minutes);
        view_int(row, "count", d->scored_items + d->pilot_items);
        for (size_t k = 0; k < open_count; k++)
            if (str_eq(open[k].exam_id, d->id) && open[k].deadline_ms > r->now_ms)
                view_bool(row, "is_open", true);
    }
    return http_page(r, "exam_index", v);
}

/* ---- The lobby ----------------------------------------------------------------------------- */

static void view_blueprint(struct view *v, const struct exam_unit *u) {
    const struct exam_def *def = &u->def;
    struct view *rows = view_list(v, "blueprint");
    int sums[EXAM_LEVELS] = {0};
    for (size_t i = 0; i < def->domain_count; i++) {
        int counts[EXAM_LEVELS] = {0}, sum = 0;
        for (size_t k = 0; k < def->cell_count; k++)
            if (str_eq(def->cells[k].domain, def->domains[i])) {
                counts[def->cells[k].level] += def->cells[k].count;
                sums[def->cells[k].level] += def->cells[k].count;
                sum += def->cells[k].count;
            }
        struct view *row = view_item(rows);
        const char *title = exam_domain_title(&u->course, def->domains[i]);
        view_text(row, "domain", title ? title : def->domains[i]);
        for (int l = 0; l < EXAM_LEVELS; l++) view_int(row, exam_levels[l], counts[l]);
        view_int(row, "sum", sum);
        view_int(row, "share", 1000 * sum / (def->scored_items ? def->scored_items : 1));
    }
    for (int l = 0; l < EXAM_LEVELS; l++) {
        struct view *sum = view_object(v, exam_levels[l]);
        view_int(sum, "sum", sums[l]);
    }
}

static enum err view_past(struct request *r, struct view *v, const char *exam_id) {
    struct exam_result *results;
    size_t count;
    enum err e = exam_results(r->db, r->arena, r->app->exams, r->who->person_id, exam_id, &results,
                              &count);
    if (e != OK || !count) return e;
    view_bool(v, "has_past", true);
    struct view *list = view_list(v, "past");
    for (size_t i = count; i-- > 0;) {
        struct view *row = view_item(list);
        view_text(row, "href",
                  arena_printf(r->arena, "/attempts/%s/result", results[i].attempt_id));
        view_time(row, "submitted", results[i].submitted_ms, r->locale, r->zone);
        view_bool(row, "passed", results[i].passed);
        view_int(row, "scaled", results[i].scaled);
        view_int(row, "permille", results[i].permille);
    }
    return OK;
}

struct exam_entry exam_own_entry(struct request *r, const struct exam_unit *u) {
    return (struct exam_entry){.unit = u,
                               .person_id = r->who->person_id,
                               .exams = r->app->exams,
                               .content = content_of(r)};
}

/* What the reader can do: one of the sections of the template. */
static enum err view_start(struct request *r, struct view *v, const struct exam_unit *u) {
    static const char *const keys[] = {
        [EXAM_START_FREE] = "may_start",    [EXAM_START_OPEN] = "is_running",
        [EXAM_START_EARLY] = "is_early",    [EXAM_START_CLOSED] = "is_closed",
        [EXAM_START_WAIT] = "must_wait",    [EXAM_START_YEAR] = "used_up",
        [EXAM_START_PASSED] = "has_passed", [EXAM_START_CHANGED] = "is_changed"};
    struct exam_entry entry = exam_own_entry(r, u);
    struct exam_open_attempt *open;
    size_t open_count;
    if (!http_has_role(r, ROLE_LEARNER)) {
        view_bool(v, "no_learner", true);
        return OK;
    }
    enum err e = exam_entry(r->db, r->arena, &entry, r->now_ms, NULL);
    if (e == OK) e = exam_open_attempts(r->db, r->arena, r->who->person_id, &open, &open_count);
    if (e != OK) return e;
    view_bool(v, keys[entry.state], true);
    if (entry.when_ms > r->now_ms) {
        view_time(v, "when", entry.when_ms, r->locale, r->zone);
        view_bool(v, "has_when", true);
    }
    for (size_t i = 0; i < open_count && entry.state == EXAM_START_OPEN; i++)
        if (str_eq(open[i].exam_id, u->def.id)) {
            view_text(v, "continue_href",
                      arena_printf(r->arena, "/attempts/%s", open[i].attempt_id));
            view_time(v, "deadline", open[i].deadline_ms, r->locale, r->zone);
            view_int(v, "answered", open[i].answered);
            view_int(v, "total", open[i].total);
        }
    return OK;
}

enum err exam_open_to(struct request *r, const char *exam_id, bool *may, int64_t *when_ms) {
    const struct exam_unit *u = exams_hold(r->app->exams, r->arena, exam_id);
    *may = false;
    *when_ms = 0;
    if (!u) return OK;
    struct exam_entry entry = exam_own_entry(r, u);
    enum err e = exam_entry(r->db, r->arena, &entry, r->now_ms, NULL);
    *may = e == OK && entry.state == EXAM_START_FREE;
    *when_ms = entry.when_ms;
    return e;
}

static void view_floors(struct request *r, struct view *v, const struct exam_unit *u, bool parts) {
    struct view *list = view_list(v, "floors");
    for (size_t i = 0; i < u->def.floor_count; i++) {
        const struct exam_floor *floor = &u->def.floors[i];
        const char *title = exam_domain_title(&u->course, floor->domain);
        int total = 0;
        for (size_t k = 0; k < u->def.cell_count; k++)
            if (str_eq(u->def.cells[k].domain, floor->domain)) total += u->def.cells[k].count;
        struct view *row = view_item(list);
        view_text(row, "domain", title ? title : floor->domain);
        exam_view_least(r, row, "floor", total, floor->permille, parts);
        view_int(row, "total", total);
    }
}

static enum err lobby(struct request *r, const struct exam_unit *u, int status,
                      const char *problem) {
    const struct exam_def *def = &u->def;
    int extra = 1000;
    struct view *v = view_new(r->arena);
    enum err e = exam_extra_permille(r->db, r->who->person_id, def->id, &extra);
    if (e == OK) e = view_start(r, v, u);
    if (e == OK) e = view_past(r, v, def->id);
    if (e != OK) return e;
    struct view *crumbs = view_list(v, "crumbs");
    add_crumb(crumbs, "/exams", exam_text(r, "exam_index_title", NULL));
    content_view_text(r, view_item(crumbs), "text", def->title, exam_unit_lang(u));
    content_view_text(r, v, "title", def->title, exam_unit_lang(u));
    view_text(v, "summary", def->summary);
    view_text(v, "start_href", arena_printf(r->arena, "/exams/%s/start", def->id));
    view_text(v, "problem", problem);
    view_bool(v, "broken",
              http_has_role(r, ROLE_INSTRUCTOR | ROLE_ADMIN) &&
                  exams_shows_last_good(r->app->exams, r->arena, def->id));
    view_bool(v, "is_practice", def->practice);
    view_bool(v, "shows_keys", def->review_full);
    view_int(v, "count", def->scored_items + def->pilot_items);
    view_int(v, "pilots", def->pilot_items);
    view_bool(v, "has_pilots", def->pilot_items > 0);
    view_int(v, "scored", def->scored_items);
    view_int(v, "minutes", exam_time_ms(def->minutes, extra) / MS_MINUTE);
    view_bool(v, "has_extra", extra > 1000);
    view_int(v, "usual_minutes", def->minutes);
    view_int(v, "cut", def->cut_permille);
    bool parts = exam_unit_parts(u);
    exam_view_least(r, v, "points", def->scored_items, def->cut_permille, parts);
    view_int(v, "wait_days", def->wait_days);
    view_bool(v, "has_wait", def->wait_days > 0);
    view_int(v, "year", def->attempts_per_year);
    view_bool(v, "has_year", def->attempts_per_year > 0);
    if (def->opens_ms) view_time(v, "opens", def->opens_ms, r->locale, r->zone);
    if (def->closes_ms) view_time(v, "closes", def->closes_ms, r->locale, r->zone);
    view_bool(v, "has_opens", def->opens_ms > 0);
    view_bool(v, "has_closes", def->closes_ms > 0);
    view_html(v, "intro", def->intro);
    view_html(v, "rules", def->rules);
    view_bool(v, "has_math", doc_has_formula(def->intro) || doc_has_formula(def->rules));
    view_text(v, "now_iso", time_iso(r->arena, r->now_ms));
    view_blueprint(v, u);
    view_floors(r, v, u, parts);
    return http_page_status(r, status, "exam_lobby", v);
}

enum err exam_lobby_page(struct request *r) {
    const struct exam_unit *u = exams_hold(r->app->exams, r->arena, r->param[0]);
    return u ? lobby(r, u, 200, NULL)
             : content_hidden_page(r, "exams/", r->param[0], "exam_unknown");
}

/* ---- The start ----------------------------------------------------------------------------- */

static enum err started(struct request *r, void *arg, enum err result) {
    struct exam_starting *s = arg;
    if (result == ERR_CONFLICT)
        return lobby(r, s->unit, 409, exam_text(r, "exam_start_refused", NULL));
    if (result == ERR_INVALID) return http_refuse(r, ERR_IO, "exam_start_short", NULL);
    if (result != OK) return result;
    return exam_redirect(r, s->id, s->state == EXAM_START_OPEN ? "" : "/q/1");
}

enum err exam_start_post(struct request *r) {
    struct exam_starting *s = NEW(r->arena, struct exam_starting);
    s->unit = exams_hold(r->app->exams, r->arena, r->param[0]);
    if (!s->unit) return http_refuse(r, ERR_NOT_FOUND, "exam_unknown", NULL);
    s->person_id = r->who->person_id;
    s->exams = r->app->exams;
    s->content = content_of(r);
    s->seed = random_u64();
    return http_write(r, exam_start_job, s, started);
}
