/* Replay: the record of a run step by step, the state after any step, and the proof that playing
 * the record again gives the same state. */
#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "base/text.h"
#include "lab/lab_pages.h"

#define REPLAY_STEPS 60 /* around the chosen one */
#define STEP_BYTES ((size_t)16 * 1024 * 1024)

struct replay {
    struct screen *s;
    struct lab_evidence_note *notes;
    size_t note_count;
    int64_t count, effective, step;
};

/* RULE lab-note-shown: assessors and instructors read all notes of a run, its learner those that
 * were marked for them. */
static void notes_view(struct replay *p, struct view *v, const char *name, int64_t seq) {
    struct view *list = view_list(v, name);
    for (size_t i = 0; i < p->note_count; i++) {
        const struct lab_evidence_note *n = &p->notes[i];
        if (n->seq != seq || (p->s->owner && !n->shown)) continue;
        struct view *item = view_item(list);
        view_text(item, "author", n->author);
        view_text(item, "text", n->text);
        view_bool(item, "is_shown", n->shown && !p->s->owner);
        view_time(item, "at", n->at_ms, p->s->r->locale, p->s->r->zone);
    }
}

static void step_view(struct replay *p, struct view *item, int64_t n,
                      const struct lab_action *action, struct arena *scratch) {
    struct request *r = p->s->r;
    const char *why;
    screen_action(p->s, item, json_read(scratch, action->action, strlen(action->action), &why));
    view_int(item, "n", n);
    view_int(item, "status", action->status);
    view_int(item, "seq", action->seq);
    notes_view(p, item, "notes", action->seq);
    view_bool(item, "refused", action->status >= 400);
    view_bool(item, "current", n == p->step);
    view_time(item, "at", action->at_ms, r->locale, r->zone);
    view_text(item, "hash", arena_printf(r->arena, "%.12s", action->hash));
    view_text(item, "href",
              screen_href(p->s, arena_printf(r->arena, "/replay?step=%lld#state", (long long)n)));
}

/* Reads each action into memory of its own: sixty of them may be more than a request has. */
static enum err step_item(struct replay *p, struct view *list, int64_t n, struct arena *scratch) {
    struct request *r = p->s->r;
    struct lab_action action;
    if (ARENA_GUARD(scratch) == 0) {
        int64_t seq = (int64_t)p->s->ask.indices[n - 1] + 1;
        enum err e = lab_store_action(r->db, scratch, p->s->ask.run.id, seq, &action);
        if (e == OK) step_view(p, view_item(list), n, &action, scratch);
        arena_release(scratch);
        return e;
    }
    enum err e = scratch->starved ? ERR_BUSY : ERR_LIMIT;
    arena_release(scratch);
    return e;
}

static enum err steps(struct replay *p, struct view *v) {
    struct request *r = p->s->r;
    struct view *list = view_list(v, "steps");
    struct arena *scratch = arena_scratch(r->arena, STEP_BYTES);
    int64_t from = p->step - REPLAY_STEPS / 2, to = p->step + REPLAY_STEPS / 2;
    enum err e = OK;
    if (from < 1) from = 1;
    if (to > p->effective) to = p->effective;
    for (int64_t n = from; n <= to && !e; n++) e = step_item(p, list, n, scratch);
    if (e) return e;
    if (p->step > 0)
        view_text(v, "back_href",
                  screen_href(p->s, arena_printf(r->arena, "/replay?step=%lld#state",
                                                 (long long)p->step - 1)));
    if (p->step < p->effective)
        view_text(v, "on_href",
                  screen_href(p->s, arena_printf(r->arena, "/replay?step=%lld#state",
                                                 (long long)p->step + 1)));
    return OK;
}

static void state_after(struct replay *p, struct view *v) {
    struct screen *s = p->s;
    json_t *summary = screen_json(s, 0), *rows = json_object_get(screen_json(s, 1), "rows");
    struct view *systems = view_list(v, "systems");
    view_time(v, "clock", json_integer_value(json_object_get(summary, "now_ms")), s->r->locale,
              NULL);
    for (int i = 0; i < s->stack->member_count; i++) {
        const struct lab_connector *c = s->stack->members[i].connector;
        json_t *counts = json_object_get(
            json_array_get(json_object_get(summary, "members"), (size_t)i), "objects");
        for (int o = 0; o < c->object_count; o++) {
            struct view *item = view_item(systems);
            view_text(item, "system", s->dialects[i]->title);
            view_text(item, "object", s->dialects[i]->objects[o].plural);
            view_int(item, "count", json_integer_value(json_array_get(counts, (size_t)o)));
        }
    }
    screen_events(s, v, "log", rows, false);
    view_bool(v, "has_log", json_array_size(rows) > 0);
}

static enum err incidents(struct replay *p, struct view *v) {
    struct lab_incident_row *rows;
    size_t count;
    enum err e = lab_store_incidents(p->s->r->db, p->s->r->arena, p->s->ask.run.id, &rows, &count);
    struct view *list = view_list(v, "incidents");
    for (size_t i = 0; !e && i < count; i++) {
        struct view *item = view_item(list);
        view_time(item, "at", rows[i].at_ms, p->s->r->locale, p->s->r->zone);
        view_text(item, "detail", rows[i].detail);
    }
    view_bool(v, "has_incidents", !e && count > 0);
    return e;
}

static enum err render(struct request *r, void *arg, enum err result) {
    struct screen *s = arg;
    struct replay *p = s->more;
    struct view *v = view_new(r->arena), *crumbs = view_list(v, "crumbs");
    if (result) return screen_refuse(s, result);
    p->count = s->ask.seq;
    p->effective = s->ask.effective;
    p->step = s->ask.replay_to;
    const char *links[][2] = {{"/labs", lab_text(r, "lab_index_title", NULL)},
                              {screen_href(s, ""), s->version->scenario.title},
                              {NULL, lab_text(r, "lab_replay", NULL)}};
    for (size_t i = 0; i < COUNT_OF(links); i++) view_crumb(crumbs, links[i][0], links[i][1]);
    view_text(v, "title", lab_text(r, "lab_replay", NULL));
    view_text(v, "lab", s->version->scenario.title);
    view_bool(v, "layout_wide", true);
    view_text(v, "run_href", screen_href(s, ""));
    view_bool(v, "owner", s->owner);
    view_int(v, "step", p->step);
    view_int(v, "count", p->effective);
    view_int(v, "recorded", p->count);
    view_int(v, "taken_back", p->count - p->effective);
    view_bool(v, "has_taken_back", p->count > p->effective);
    view_bool(v, "has_steps", p->effective > 0);
    view_bool(v, "at_start", p->step == 0);
    view_bool(v, "may_rewind", s->owner && p->step < p->effective);
    view_text(v, "head", p->count ? s->ask.head : "");
    view_bool(v, "verified", s->ask.verify);
    bool same = s->ask.verify && !s->ask.first_difference &&
                str_eq(s->ask.live_hash, s->ask.replay_hash);
    view_bool(v, "same", same);
    view_bool(v, "differs", s->ask.verify && !same);
    view_text(v, "state_hash", s->ask.replay_hash);
    view_text(v, "live_hash", s->ask.live_hash);
    state_after(p, v);
    screen_verdicts(s, v);
    if (!s->owner) screen_faults(s, v, 2, screen_number(screen_json(s, 0), "now_ms"));
    view_bool(v, "may_note",
              !s->owner && http_has_role(r, ROLE_ASSESSOR) && p->step > 0 && p->effective > 0);
    enum err e = lab_notes(r->db, r->arena, s->ask.run.id, &p->notes, &p->note_count);
    if (!e) e = steps(p, v);
    if (!e) e = incidents(p, v);
    if (e) return http_refuse(r, e, "lab_unreadable", NULL);
    return http_page(r, "lab_replay", v);
}

static enum err show(struct screen *s) {
    struct replay *p = s->more;
    const char *step = http_query(s->r, "step");
    /* A replay begins at the first step; how many there are is known on a lab's thread alone. */
    if (!step || !parse_i64(step, 0, LAB_ACTIONS_MAX, &p->step)) p->step = 1;
    s->ask.verify = http_query(s->r, "verify") != NULL;
    s->ask.replay_to = p->step;
    s->ask.check = true;
    s->ask.question[s->ask.questions++] = "{\"view\":\"summary\"}";
    s->ask.question[s->ask.questions++] = "{\"limit\":25,\"view\":\"events\"}";
    /* Whoever works in a run finds out for themselves what is wrong in it. */
    if (!s->owner) s->ask.question[s->ask.questions++] = screen_faults_question();
    return screen_wait(s, render);
}

enum err lab_replay_page(struct request *r) {
    struct replay *p = NEW(r->arena, struct replay);
    enum err e = screen_open(r, &p->s);
    if (e) return e;
    p->s->more = p;
    return screen_look(p->s, "lab.see_replay", show);
}
