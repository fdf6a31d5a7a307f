/* What a run is for and how far it may go back: runs for a certificate, time limits, checkpoints.
 */
#include <string.h>

#include "base/clock.h"
#include "base/json.h"
#include "base/text.h"
#include "lab/lab_pages.h"

#define NAME_BYTES 80 /* of a checkpoint */

bool lab_time_over(const struct lab_scenario *s, int64_t started_ms, int64_t now_ms) {
    return s->limit_minutes && now_ms > started_ms + s->limit_minutes * MS_MINUTE;
}

enum err screen_require_help(struct screen *s) {
    bool certifying;
    enum err e = lab_store_certifying(s->r->db, s->r->arena, s->ask.run.id, &certifying);
    if (e) return http_refuse(s->r, e, "lab_unreadable", NULL);
    if (!certifying || s->version->scenario.certify_hints) return OK;
    return http_refuse(s->r, ERR_DENIED, "lab_no_help", NULL);
}

/* ---- Marks in the record -------------------------------------------------------------------- */
static enum err marked(struct request *r, void *arg, enum err result) {
    struct screen *s = arg;
    if (result) return screen_refuse(s, result);
    const char *notice = s->ask.seq == 1 && str_eq(s->ask.action, LAB_CERTIFY) ? "certify"
                         : str_eq(s->ask.action, LAB_CERTIFY)                  ? "toolate"
                                                                               : "checkpoint";
    return http_redirect(r, screen_href(s, arena_printf(r->arena, "?notice=%s", notice)));
}

static enum err mark(struct request *r, const char *action) {
    struct screen *s;
    enum err e = screen_open(r, &s);
    if (!e) e = screen_require_owner(s);
    if (e) return e;
    s->ask.action = action;
    return screen_wait(s, marked);
}

enum err lab_certify_post(struct request *r) { return mark(r, LAB_CERTIFY); }

enum err lab_checkpoint_post(struct request *r) {
    const char *name = http_field(r, "name");
    name = name ? str_trim(r->arena, name) : "";
    if (strlen(name) > NAME_BYTES) return http_refuse(r, ERR_INVALID, "lab_form_broken", NULL);
    return mark(r,
                json_text(r->arena, json_adopt(r->arena, json_pack("{s:s, s:s}", "kind",
                                                                   "checkpoint", "name", name))));
}

/* ---- On the run's page ---------------------------------------------------------------------- */
static enum err checkpoints(struct screen *s, struct view *v) {
    struct lab_checkpoint *points;
    size_t count;
    enum err e = lab_store_checkpoints(s->r->db, s->r->arena, s->ask.run.id, &points, &count);
    struct view *list = view_list(v, "checkpoints");
    for (size_t i = 0; !e && i < count; i++) {
        struct view *item = view_item(list);
        view_int(item, "seq", points[i].seq);
        view_text(item, "name", *points[i].name ? points[i].name : NULL);
        view_time(item, "at", points[i].at_ms, s->r->locale, s->r->zone);
    }
    view_bool(v, "has_checkpoints", !e && count > 0);
    return e;
}

enum err screen_terms_part(struct screen *s, struct view *v) {
    struct request *r = s->r;
    const struct lab_scenario *scenario = &s->version->scenario;
    bool certifying;
    int64_t backs, resets;
    enum err e = lab_store_certifying(r->db, r->arena, s->ask.run.id, &certifying);
    if (!e) e = lab_store_resets(r->db, s->ask.run.id, &backs, &resets);
    if (!e) e = checkpoints(s, v);
    if (e) return e;
    bool help = !certifying || scenario->certify_hints;
    view_bool(v, "certifying", certifying);
    view_bool(v, "help_counts", certifying && help);
    view_bool(v, "may_certify", s->owner && s->ask.seq == 0);
    view_int(v, "backs", backs);
    view_int(v, "resets", resets);
    view_bool(v, "has_backs", backs > 0);
    view_bool(v, "has_limit", scenario->limit_minutes > 0);
    view_time(v, "limit", s->ask.run.started_ms + scenario->limit_minutes * MS_MINUTE, r->locale,
              r->zone);
    struct view *list = view_list(v, "show_tasks");
    for (int i = 0; s->owner && help && i < s->version->shown_task_count; i++)
        view_int(view_item(list), "task", s->version->shown_tasks[i]);
    view_bool(v, "has_show_tasks", s->owner && help && s->version->shown_task_count > 0);
    return OK;
}
