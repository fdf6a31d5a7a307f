/* Plays solutions: each of their elements becomes the call that a learner's client would make. */
#include "lab/lab_play.h"

#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/json.h"
#include "base/text.h"
#include "labmodel/lab_timeline.h"
#include "labmodel/lab_xml.h"

#define ACTIONS_MAX 5000

struct player {
    const struct lab_solutions *all;
    const struct lab_scenario *s;
    const struct lab_dialect *const *dialects;
    struct worker *w;
    struct arena *a;
    struct lab_played *out;
    const char *except, *only; /* of the innermost include */
    int task;                  /* only parts of this task; 0: all */
    json_t *columns, *row;     /* of the innermost each */
    int depth;
    int64_t now_ms;
};

/* How often a refused call is made again, and how long is waited before. */
struct patience {
    int64_t retries, wait_ms;
};

/* Replaces {name} by that column of the innermost <each>'s row. */
static const char *fill(struct player *p, const char *text) {
    struct buf b;
    if (!text || !p->row || !strchr(text, '{')) return text;
    buf_init(&b, p->a);
    while (*text) {
        size_t len = *text == '{' ? strcspn(text, "}") : 0, i;
        json_t *name;
        bool done = false;
        if (len)
            json_array_foreach (p->columns, i, name) {
                if (strncmp(json_string_value(name), text + 1, len - 1) != 0 ||
                    strlen(json_string_value(name)) != len - 1)
                    continue;
                json_t *v = json_array_get(p->row, i);
                if (json_is_string(v)) buf_puts(&b, json_string_value(v));
                else if (json_is_integer(v))
                    buf_printf(&b, "%lld", (long long)json_integer_value(v));
                done = true;
                break;
            }
        if (done) text += len + 1;
        else buf_putc(&b, *text++);
    }
    return buf_text(&b);
}

static enum err act_answered(struct player *p, json_t *action, struct lab_answer *out) {
    const char *text = json_text(p->a, action);
    if (p->out->count == ACTIONS_MAX) return ERR_LIMIT;
    enum err e = client_step(p->w, text, p->a, out);
    if (e) return e;
    struct lab_answer answer = *out;
    p->now_ms = answer.now_ms;
    p->out->answers[p->out->count] = answer.sha;
    p->out->statuses[p->out->count] = answer.status;
    p->out->actions[p->out->count++] = text;
    if (answer.refused) {
        if (!p->out->refused++)
            p->out->first_refusal = arena_printf(p->a, "%s → %.*s", text, (int)answer.body_len,
                                                 answer.body);
    }
    return OK;
}

static enum err act(struct player *p, json_t *action) {
    struct lab_answer answer;
    return act_answered(p, action, &answer);
}

/* RULE lab-retry: a call that is made again counts as refused only when the last try was. */
static enum err act_again(struct player *p, json_t *action, struct patience patience) {
    struct lab_answer answer;
    int refused = p->out->refused;
    const char *first_refusal = p->out->first_refusal;
    enum err e = act_answered(p, action, &answer);
    for (int64_t left = patience.retries; !e && answer.refused && left > 0; left--) {
        p->out->refused = refused;
        p->out->first_refusal = first_refusal;
        if (patience.wait_ms)
            e = act(p, json_adopt(p->a, json_pack("{s:s, s:I}", "kind", "clock", "advance_ms",
                                                  (json_int_t)patience.wait_ms)));
        if (!e) e = act_answered(p, action, &answer);
    }
    return e;
}

static enum err play_call(struct player *p, xmlNode *n) {
    static const char *const operations[] = {"list", "get", "create", "update", "delete", "merge"};
    static const enum lab_operation codes[] = {LAB_LIST,   LAB_GET,    LAB_CREATE,
                                               LAB_UPDATE, LAB_DELETE, LAB_MERGE};
    const char *names[LAB_FIELDS_MAX], *values[LAB_FIELDS_MAX];
    size_t count = 0;
    int member = 0;
    const struct lab_object *o = lab_object_by_path(&p->s->stack, lab_xml_attr(n, "object", p->a),
                                                    &member);
    const char *operation = lab_xml_attr(n, "operation", p->a);
    if (!o) return ERR_INVALID;
    for (xmlNode *set = lab_xml_child(n, "set"); set && count < LAB_FIELDS_MAX;
         set = lab_xml_next(set, "set")) {
        names[count] = lab_xml_attr(set, "field", p->a);
        values[count++] = fill(p, lab_xml_text(set, p->a));
    }
    size_t at = 0;
    while (!str_eq(operations[at], operation)) at++;
    const struct lab_dialect *now[LAB_CONNECTORS_MAX];
    lab_timeline_dialects(&p->s->stack, p->dialects, p->now_ms, now, p->a);
    struct lab_surface surface = {&p->s->stack, now, member};
    struct lab_call call = lab_surface_call(
        &surface, o, codes[at], fill(p, lab_xml_attr(n, "id", p->a)), names, values, count, p->a);
    json_t *action = json_adopt(
        p->a, json_pack("{s:s, s:s, s:s, s:s, s:s*, s:s*}", "kind", "api", "connector",
                        p->s->stack.members[member].connector->id, "method", call.method, "path",
                        call.path, "body", call.body, "if_match", call.if_match));
    return act_again(p, action,
                     (struct patience){.retries = lab_xml_int(n, "retry", 0),
                                       .wait_ms = lab_xml_int(n, "wait", 60) * MS_SECOND});
}

static enum err play_all(struct player *p, xmlNode *parent);

static enum err play_each(struct player *p, xmlNode *n) {
    const char *answer, *why;
    size_t len, i;
    json_t *question = json_adopt(
        p->a, json_pack("{s:s, s:s}", "view", "rows", "sql", lab_xml_attr(n, "sql", p->a)));
    enum err e = client_view(p->w, json_text(p->a, question), p->a, &answer, &len);
    if (e) return e;
    json_t *result = json_read(p->a, answer, len, &why), *row, *outer_columns = p->columns,
           *outer_row = p->row;
    json_t *rows = json_object_get(result, "rows");
    if (!rows) {
        p->out->refused++;
        p->out->first_refusal = arena_printf(p->a, "%s:%ld: %s", "each", xmlGetLineNo(n), answer);
        return ERR_INVALID;
    }
    json_array_foreach (rows, i, row) {
        p->columns = json_object_get(result, "columns");
        p->row = row;
        if ((e = play_all(p, n))) return e;
    }
    p->columns = outer_columns;
    p->row = outer_row;
    return OK;
}

static enum err play_include(struct player *p, xmlNode *n) {
    const struct lab_solution *other = lab_solution_find(p->all, lab_xml_attr(n, "solution", p->a));
    const char *outer_except = p->except, *outer_only = p->only;
    if (!other || p->depth == 8) return ERR_INVALID;
    p->except = lab_xml_attr(n, "except", p->a);
    p->only = lab_xml_attr(n, "only", p->a);
    p->depth++;
    enum err e = play_all(p, other->root);
    p->depth--;
    p->except = outer_except;
    p->only = outer_only;
    return e;
}

/* One action of the clock; `*goes_on`: it has gone a part of its way, to `*until_ms`. */
static enum err move_clock(struct player *p, json_t *action, bool *goes_on, int64_t *until_ms) {
    struct lab_answer answer;
    const char *why;
    enum err e = act_answered(p, json_adopt(p->a, action), &answer);
    if (e) return e;
    json_t *body = json_read(p->a, answer.body, answer.body_len, &why);
    *goes_on = str_eq(json_string_value(json_object_get(body, "why")), "part") ||
               str_eq(json_string_value(json_object_get(body, "why")), "steps");
    *until_ms = json_integer_value(json_object_get(body, "until_ms"));
    return OK;
}

/* A long way is a chain of actions. */
static enum err play_advance(struct player *p, xmlNode *n) {
    const char *until = lab_xml_attr(n, "until", p->a);
    bool next = lab_xml_true(n, "next"), goes_on = true;
    int64_t ms = lab_xml_int(n, "hours", 0) * MS_HOUR + lab_xml_int(n, "minutes", 0) * MS_MINUTE,
            to_ms = 0;
    enum err e = OK;
    for (int part = 0; goes_on && !e; part++) {
        json_t *action = json_pack("{s:s, s:s*}", "kind", "clock", "until", until);
        if (next) json_object_set_new(action, "next", json_true());
        if (part) json_object_set_new(action, "to_ms", json_integer(to_ms));
        else json_object_set_new(action, "advance_ms", json_integer(ms ? ms : 7 * MS_DAY));
        e = move_clock(p, action, &goes_on, &to_ms);
    }
    return e;
}

/* Answers the message that the timeline calls so, or writes to somebody. */
static enum err play_answer(struct player *p, xmlNode *n) {
    const char *say = lab_xml_attr(n, "message", p->a), *answer, *why;
    size_t len;
    json_t *action = json_adopt(p->a, json_pack("{s:s, s:s*, s:s*, s:s*}", "kind", "answer",
                                                "choice", lab_xml_attr(n, "choice", p->a), "to",
                                                lab_xml_attr(n, "to", p->a), "text",
                                                fill(p, lab_xml_text(n, p->a))));
    if (say) {
        json_t *question = json_adopt(
            p->a, json_pack("{s:s, s:s}", "view", "rows", "sql",
                            arena_printf(p->a, "SELECT id FROM message WHERE say = '%s'", say)));
        enum err e = client_view(p->w, json_text(p->a, question), p->a, &answer, &len);
        if (e) return e;
        json_t *rows = json_object_get(json_read(p->a, answer, len, &why), "rows");
        json_object_set_new(
            action, "message",
            json_integer(json_integer_value(json_array_get(json_array_get(rows, 0), 0))));
    }
    return act(p, action);
}

/* Whoever includes one part leaves out all else: what stands beside the parts, too. */
static enum err play_part(struct player *p, xmlNode *n) {
    const char *id = lab_xml_attr(n, "id", p->a), *only = p->only;
    int task = p->task;
    if (p->except && str_eq(p->except, id)) return OK;
    if (only && !str_eq(only, id)) return OK;
    if (task && lab_xml_int(n, "task", 0) != task) return OK;
    p->only = NULL;
    p->task = 0;
    enum err e = play_all(p, n);
    p->only = only;
    p->task = task;
    return e;
}

static enum err play_all(struct player *p, xmlNode *parent) {
    enum err e = OK;
    for (xmlNode *n = lab_xml_child(parent, NULL); n && !e; n = lab_xml_next(n, NULL)) {
        if (lab_xml_is(n, "part")) e = play_part(p, n);
        else if (p->only || p->task) continue;
        else if (lab_xml_is(n, "call")) e = play_call(p, n);
        else if (lab_xml_is(n, "each")) e = play_each(p, n);
        else if (lab_xml_is(n, "advance")) e = play_advance(p, n);
        else if (lab_xml_is(n, "answer")) e = play_answer(p, n);
        else if (lab_xml_is(n, "include")) e = play_include(p, n);
    }
    return e;
}

enum err lab_solution_play_task(const struct lab_solutions *all, const struct lab_solution *which,
                                int task, int64_t now_ms, const struct lab_scenario *s,
                                const struct lab_dialect *const *dialects, struct worker *w,
                                struct arena *a, struct lab_played *out) {
    struct player p = {.all = all,
                       .s = s,
                       .dialects = dialects,
                       .w = w,
                       .a = a,
                       .out = out,
                       .task = task,
                       .now_ms = now_ms};
    memset(out, 0, sizeof *out);
    out->actions = NEW_ARRAY(a, const char *, ACTIONS_MAX);
    out->answers = NEW_ARRAY(a, const char *, ACTIONS_MAX);
    out->statuses = NEW_ARRAY(a, int, ACTIONS_MAX);
    return play_all(&p, which->root);
}

enum err lab_solution_play(const struct lab_solutions *all, const struct lab_solution *which,
                           const struct lab_scenario *s, const struct lab_dialect *const *dialects,
                           struct worker *w, struct arena *a, struct lab_played *out) {
    return lab_solution_play_task(all, which, 0, s->stack.start_ms, s, dialects, w, a, out);
}
