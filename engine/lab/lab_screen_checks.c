/* How a run stands: the checks with their hints on a part of their own, and the rail beside every
 * part, which has the brief, the tasks and each check as it stood when it was last made. */
#include <string.h>

#include "base/json.h"
#include "base/text.h"
#include "lab/lab_pages.h"
#include "labmodel/lab_words.h"

/* The last checking of the run. */
struct standing {
    bool checked;
    struct lab_checking_row last;
    json_t *verdicts;
};

static enum err read_standing(struct screen *s, struct standing *out) {
    const char *why;
    enum err e = lab_store_checking(s->r->db, s->r->arena, s->ask.run.id, &out->last);
    if (e && e != ERR_NOT_FOUND) return e;
    out->checked = e == OK;
    out->verdicts = out->checked ? json_read(s->r->arena, out->last.verdicts,
                                             strlen(out->last.verdicts), &why)
                                 : NULL;
    return OK;
}

static json_t *verdict_of(json_t *verdicts, const char *id) {
    json_t *each;
    size_t i;
    json_array_foreach (verdicts, i, each)
        if (str_eq(screen_text(each, "id"), id)) return each;
    return NULL;
}

static bool is_unknown(const struct standing *now, const struct lab_check *c) {
    return json_is_true(json_object_get(verdict_of(now->verdicts, c->id), "not_evaluated"));
}

/* A check and how it stood. Returns whether it was passed. */
static bool check_view(struct screen *s, struct view *item, const struct lab_check *c,
                       const struct standing *now) {
    json_t *verdict = verdict_of(now->verdicts, c->id);
    bool passed = json_is_true(json_object_get(verdict, "passed")), unknown = is_unknown(now, c);
    view_text(item, "id", c->id);
    view_text(item, "title", lab_words(s->stack, s->dialects, c->title, false, s->r->arena));
    view_bool(item, "is_checked", verdict != NULL);
    view_bool(item, "is_passed", passed);
    view_bool(item, "is_failed", verdict && !passed && !unknown);
    view_bool(item, "is_unknown", unknown);
    view_bool(item, "has_part", verdict && !passed && !unknown && c->partial);
    view_int(item, "part_points", screen_number(verdict, "points"));
    view_text(item, "sentence", screen_text(verdict, "sentence"));
    return passed;
}

/* ---- Checks --------------------------------------------------------------------------------- */
enum err screen_check_part(struct screen *s, struct view *v) {
    const struct lab_scenario *scenario = &s->version->scenario;
    const char *ids[LAB_CHECKS_MAX];
    int levels[LAB_CHECKS_MAX];
    struct standing now;
    bool certifying;
    struct request *r = s->r;
    for (int i = 0; i < scenario->check_count; i++) ids[i] = scenario->checks[i].id;
    enum err e = lab_store_hints(r->db, r->arena, s->ask.run.id, ids, (size_t)scenario->check_count,
                                 levels);
    if (!e) e = read_standing(s, &now);
    if (!e) e = lab_store_certifying(r->db, r->arena, s->ask.run.id, &certifying);
    if (e) return e;
    bool help = s->owner && (!certifying || scenario->certify_hints);
    view_bool(v, "checked", now.checked);
    view_int(v, "passed", now.checked ? now.last.passed : 0);
    view_int(v, "total", scenario->check_count);
    view_int(v, "points", now.checked ? now.last.points : 0);
    view_bool(v, "all_passed", now.checked && now.last.passed == now.last.total);
    view_bool(v, "stale", now.checked && now.last.seq < s->ask.seq);
    if (now.checked) view_time(v, "checked_at", now.last.at_ms, r->locale, r->zone);
    struct view *list = view_list(v, "checks");
    int reachable = scenario->points;
    for (int i = 0; i < scenario->check_count; i++) {
        const struct lab_check *c = &scenario->checks[i];
        struct view *item = view_item(list), *hints = view_list(item, "hints");
        bool passed = check_view(s, item, c, &now);
        view_bool(item, "never", c->never);
        view_int(item, "points", c->points);
        view_int(item, "hint_points", c->hint_points);
        view_bool(item, "hints_cost", c->hint_points > 0);
        if (is_unknown(&now, c)) reachable -= c->points;
        for (int k = 0; k < levels[i] && k < c->hint_count; k++)
            view_html(view_item(hints), "html",
                      lab_words(s->stack, s->dialects, c->hints[k], true, r->arena));
        view_bool(item, "more_hints", help && levels[i] < c->hint_count && !passed);
        view_int(item, "hints_left", c->hint_count - levels[i]);
    }
    view_int(v, "all_points", reachable);
    return OK;
}

/* ---- The rail ------------------------------------------------------------------------------- */
enum err screen_rail(struct screen *s, struct view *v) {
    const struct lab_scenario *scenario = &s->version->scenario;
    struct standing now;
    enum err e = read_standing(s, &now);
    if (e) return e;
    if (s->version->tasks)
        view_html(v, "tasks",
                  lab_words(s->stack, s->dialects, s->version->tasks, true, s->r->arena));
    view_bool(v, "rail_checked", now.checked);
    view_int(v, "rail_passed", now.checked ? now.last.passed : 0);
    view_int(v, "rail_total", scenario->check_count);
    view_bool(v, "rail_stale", now.checked && now.last.seq < s->ask.seq);
    view_text(v, "checks_href", screen_href(s, "?tab=check"));
    struct view *list = view_list(v, "rail_checks");
    for (int i = 0; i < scenario->check_count; i++) {
        struct view *item = view_item(list);
        (void)check_view(s, item, &scenario->checks[i], &now);
        view_text(item, "href",
                  screen_href(
                      s, arena_printf(s->r->arena, "?tab=check#check-%s", scenario->checks[i].id)));
    }
    return OK;
}

void screen_verdicts(struct screen *s, struct view *v) {
    const struct lab_scenario *scenario = &s->version->scenario;
    struct view *list = view_list(v, "verdicts");
    view_int(v, "passed", s->ask.passed);
    view_int(v, "total", scenario->check_count);
    for (int i = 0; s->ask.verdicts && i < scenario->check_count; i++) {
        const struct lab_verdict *verdict = &s->ask.verdicts[i];
        struct view *item = view_item(list);
        view_text(item, "title",
                  lab_words(s->stack, s->dialects, verdict->check->title, false, s->r->arena));
        view_text(item, "sentence", verdict->sentence);
        view_bool(item, "is_passed", verdict->passed);
        view_bool(item, "is_failed", !verdict->passed);
    }
}
