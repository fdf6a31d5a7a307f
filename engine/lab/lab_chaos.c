/* The panel for instructors: which faults are in force in a run, the catalogue of those that can be
 * started, each with what it needs, and how one is ended. What is in force is told to assessors in
 * the replay as well. */
#include <string.h>

#include "base/clock.h"
#include "base/json.h"
#include "base/text.h"
#include "lab/lab_pages.h"
#include "labmodel/lab_timeline.h"

#define FAULT_ROWS                                                                                 \
    "{\"sql\":\"SELECT id, kind, connector, from_ms, until_ms FROM sim_fault ORDER BY n DESC "     \
    "LIMIT 60\",\"view\":\"rows\"}"

/* What a fault of each kind is made with. A place begins its words: "object" is one of the system's
 * objects; the others are numbers and names, with what the form proposes. */
struct particular {
    const char *name, *proposed;
};
static const struct particular particulars[LAB_FAULT_KINDS][5] = {
    [LAB_FAULT_STATUS] = {{"status", "503"}, {"share", "1000"}, {"object", ""}},
    [LAB_FAULT_ERROR] = {{"share", "1000"}, {"object", ""}},
    [LAB_FAULT_LATENCY] = {{"ms", "2500"}},
    [LAB_FAULT_LIMIT] = {{"burst", "5"}, {"daily", "1000"}},
    [LAB_FAULT_SCHEMA] = {{"object", ""}, {"rename", ""}, {"as", ""}},
    [LAB_FAULT_SKEW] = {{"seconds", "420"}},
    [LAB_FAULT_HOOK] = {{"duplicate", "200"}, {"drop", "0"}, {"forge", "0"}, {"shuffle", "8"}},
};

const char *screen_fault_words(struct screen *s, const char *kind) {
    for (int i = 0; i < LAB_FAULT_KINDS; i++)
        if (str_eq(kind, lab_fault_names[i]))
            return lab_text(s->r, arena_printf(s->r->arena, "lab_fault_%s", kind), NULL);
    return kind ? kind : "";
}

/* ---- In force ------------------------------------------------------------------------------- */
const char *screen_faults_question(void) { return FAULT_ROWS; }

static const char *text_at(json_t *row, size_t i) {
    return json_string_value(json_array_get(row, i));
}

void screen_faults(struct screen *s, struct view *v, int question, int64_t now_ms) {
    json_t *rows = json_object_get(screen_json(s, question), "rows"), *row;
    struct view *now = view_list(v, "faults"), *over = view_list(v, "past_faults");
    const int64_t end_ms = s->stack->start_ms + LAB_HORIZON_DAYS * MS_DAY;
    size_t i;
    int in_force = 0;
    json_array_foreach (rows, i, row) {
        int64_t until_ms = json_integer_value(json_array_get(row, 4));
        int member = lab_member_find(s->stack, text_at(row, 2));
        struct view *item = view_item(until_ms > now_ms ? now : over);
        in_force += until_ms > now_ms;
        view_text(item, "id", text_at(row, 0));
        view_text(item, "what", screen_fault_words(s, text_at(row, 1)));
        view_text(item, "system", member >= 0 ? s->dialects[member]->title : text_at(row, 2));
        screen_time(item, "from", json_integer_value(json_array_get(row, 3)), s->r);
        view_bool(item, "to_end", until_ms > end_ms);
        screen_time(item, "until", until_ms, s->r);
    }
    view_bool(v, "has_faults", in_force > 0);
}

/* ---- The catalogue -------------------------------------------------------------------------- */
/* What was typed into the form of this kind, when that was refused; else what is proposed. */
static const char *typed(struct screen *s, const char *kind, const char *name,
                         const char *proposed) {
    const char *given = s->typed && str_eq(http_field(s->r, "kind"), kind) ? http_field(s->r, name)
                                                                           : NULL;
    return given ? given : proposed;
}

static void systems(struct screen *s, struct view *item, const char *kind) {
    struct view *list = view_list(item, "systems");
    for (int m = 0; m < s->stack->member_count; m++) {
        struct view *o = view_item(list);
        const char *id = s->stack->members[m].connector->id;
        view_text(o, "value", id);
        view_text(o, "text", s->dialects[m]->title);
        view_bool(o, "chosen", str_eq(typed(s, kind, "on", NULL), id));
    }
}

/* The objects of all systems; those of another system than the chosen one are refused in words. */
static void objects(struct screen *s, struct view *item, const char *kind) {
    struct view *list = view_list(item, "objects");
    for (int m = 0; m < s->stack->member_count; m++) {
        const struct lab_connector *c = s->stack->members[m].connector;
        for (int i = 0; i < c->object_count; i++) {
            struct view *o = view_item(list);
            view_text(o, "value", c->objects[i].id);
            view_text(o, "text",
                      arena_printf(s->r->arena, "%s: %s", s->dialects[m]->title,
                                   s->dialects[m]->objects[i].plural));
            view_bool(o, "chosen", str_eq(typed(s, kind, "object", NULL), c->objects[i].id));
        }
    }
}

static void catalogue(struct screen *s, struct view *v) {
    struct view *list = view_list(v, "catalogue");
    for (int k = 0; k < LAB_FAULT_KINDS; k++) {
        const char *kind = lab_fault_names[k];
        struct arena *a = s->r->arena;
        struct view *item = view_item(list), *fields = view_list(item, "fields");
        view_text(item, "kind", kind);
        view_text(item, "title", screen_fault_words(s, kind));
        view_text(item, "about", lab_text(s->r, arena_printf(a, "lab_fault_about_%s", kind), NULL));
        bool wrong = s->typed && str_eq(http_field(s->r, "kind"), kind);
        view_bool(item, "open", wrong);
        view_text(item, "wrong", wrong ? s->clock_said : NULL);
        view_text(item, "length", typed(s, kind, "for", "2h"));
        view_text(item, "reason", typed(s, kind, "reason", ""));
        systems(s, item, kind);
        for (size_t i = 0; i < COUNT_OF(particulars[k]) && particulars[k][i].name; i++) {
            const char *name = particulars[k][i].name;
            struct view *f = view_item(fields);
            bool object = str_eq(name, "object");
            view_text(f, "name", name);
            view_text(f, "id", arena_printf(a, "%s-%s", kind, name));
            view_text(f, "label",
                      lab_text(s->r, arena_printf(a, "lab_fault_field_%s", name), NULL));
            view_text(f, "value", typed(s, kind, name, particulars[k][i].proposed));
            view_bool(f, "is_object", object);
            view_bool(f, "any", object && k != LAB_FAULT_SCHEMA);
            if (object) objects(s, f, kind);
        }
    }
}

/* ---- The page ------------------------------------------------------------------------------- */
static enum err render(struct request *r, void *arg, enum err result) {
    struct screen *s = arg;
    struct view *v = view_new(r->arena), *crumbs = view_list(v, "crumbs");
    if (result) return screen_refuse(s, result);
    int64_t now_ms = screen_number(screen_json(s, 0), "now_ms");
    view_crumb(crumbs, "/labs", lab_text(r, "lab_index_title", NULL));
    view_crumb(crumbs, screen_href(s, ""), s->version->scenario.title);
    view_crumb(crumbs, NULL, lab_text(r, "lab_chaos", NULL));
    view_text(v, "title", lab_text(r, "lab_chaos", NULL));
    view_text(v, "lab", s->version->scenario.title);
    view_text(v, "run_href", screen_href(s, ""));
    view_text(v, "chaos_href", screen_href(s, "/chaos"));
    screen_time(v, "clock", now_ms, r);
    view_text(v, "done", screen_notice(s));
    view_bool(v, "was_refused", s->typed);
    view_text(v, "said", s->typed ? s->clock_said : NULL);
    screen_faults(s, v, 1, now_ms);
    catalogue(s, v);
    return http_page_status(r, s->typed ? 422 : 200, "lab_chaos", v);
}

enum err screen_chaos(struct screen *s) {
    s->ask.question[s->ask.questions++] = "{\"view\":\"summary\"}";
    s->ask.question[s->ask.questions++] = FAULT_ROWS;
    return screen_wait(s, render);
}

static enum err show(struct screen *s) {
    s->notice = http_query(s->r, "notice");
    return screen_chaos(s);
}

enum err lab_chaos_page(struct request *r) {
    struct screen *s;
    enum err e = screen_open(r, &s);
    return e ? e : screen_look(s, "lab.see_run", show);
}
