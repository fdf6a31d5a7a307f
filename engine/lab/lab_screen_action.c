/* An action of the record in words: what was done to which object of which system, with the names
 * that the dialect has for them. What the plan does not know is told as the call that it was. */
#include <string.h>

#include "base/clock.h"
#include "base/json.h"
#include "base/text.h"
#include "lab/lab_pages.h"

/* A call, as far as the plan knows it. */
struct deed {
    int member;
    const struct lab_object *object;
    const char *id, *part; /* of the path, behind the object's; NULL: none */
    json_t *sent;          /* the (first) record of the body; may be NULL */
};

/* The object whose path the call's begins with; of two the longer one. */
static void find_object(struct screen *s, struct deed *deed, const char *path) {
    const struct lab_dialect *d = s->dialects[deed->member];
    const struct lab_connector *c = s->stack->members[deed->member].connector;
    size_t longest = 0, base = strlen(d->base);
    if (!str_has_prefix(path, d->base)) return;
    for (int i = 0; i < c->object_count; i++) {
        const char *own = d->objects[i].path;
        size_t n = strlen(own);
        char behind = str_has_prefix(path + base, own) ? path[base + n] : 'x';
        if (n <= longest || (behind && behind != '/' && behind != '?')) continue;
        longest = n;
        deed->object = &c->objects[i];
    }
    const char *rest = path + base + longest;
    size_t len = *rest == '/' ? strcspn(rest + 1, "/?") : 0;
    if (!deed->object || !len) return;
    deed->id = arena_copy(s->r->arena, rest + 1, len);
    if (rest[1 + len] == '/') deed->part = rest + 2 + len;
}

/* The body's record, without the array that some dialects put around it. */
static json_t *record_of(struct screen *s, const struct lab_dialect *d, const char *body) {
    const char *why;
    json_t *value = body ? json_read(s->r->arena, body, strlen(body), &why) : NULL,
           *many = d->batch ? json_object_get(value, d->batch) : NULL;
    return json_is_array(many) ? json_array_get(many, 0) : value;
}

/* What was sent for a field: names of fields by their titles. */
static const char *sent_value(struct screen *s, const struct lab_field *f, json_t *value) {
    int member = 0;
    const char *text = json_is_string(value) ? json_string_value(value)
                                             : json_text(s->r->arena, value);
    const struct lab_object *of = f->type == LAB_FIELD_NAME
                                      ? lab_object_by_path(s->stack, f->of, &member)
                                      : NULL;
    const struct lab_field *named = of ? lab_field_named(of, s->dialects[member], text) : NULL;
    return named ? s->dialects[member]->objects[of->index].fields[named->index].title : text;
}

/* The fields that were sent, "Role: Baker, Phone: 1"; but of two that name fields, which are the
 * two sides of a mapping, the values alone. Returns whether there are two such. */
static bool changes(struct screen *s, const struct deed *deed, struct view *v) {
    const struct lab_dialect *d = s->dialects[deed->member];
    const char *sides[2] = {NULL, NULL}, *key;
    int count = 0;
    json_t *value;
    struct buf b;
    buf_init(&b, s->r->arena);
    json_object_foreach (deed->sent, key, value) {
        const struct lab_field *f = lab_field_named(deed->object, d, key);
        const char *text = f ? sent_value(s, f, value) : NULL;
        if (f && f->type == LAB_FIELD_NAME && count < 2) sides[count++] = text;
        else if (f)
            buf_printf(&b, "%s%s: %s", b.len ? ", " : "",
                       d->objects[deed->object->index].fields[f->index].title, text);
    }
    view_text(v, "left", sides[0]);
    view_text(v, "right", sides[1]);
    view_text(v, "rest", buf_text(&b));
    return count == 2;
}

static const char *words_of(struct screen *s, const struct deed *deed, const char *method) {
    const struct lab_dialect *d = s->dialects[deed->member];
    const struct lab_object_name *names = &d->objects[deed->object->index];
    struct view *v = view_new(s->r->arena);
    const char *loser = deed->part && str_eq(deed->part, d->merge_path)
                            ? json_string_value(json_object_get(deed->sent, d->merge_field))
                            : NULL;
    bool maps = changes(s, deed, v);
    view_text(v, "object", deed->id ? names->title : names->plural);
    view_text(v, "one", names->title);
    view_text(v, "id", deed->id);
    view_text(v, "loser", loser);
    const char *key = str_eq(method, "GET")          ? deed->id ? "lab_did_get" : "lab_did_list"
                      : str_eq(method, "DELETE")     ? "lab_did_delete"
                      : loser                        ? "lab_did_merge"
                      : maps                         ? "lab_did_map"
                      : deed->id                     ? "lab_did_update"
                      : json_object_size(deed->sent) ? "lab_did_create"
                                                     : "lab_did_start";
    return lab_text(s->r, key, v);
}

static void call_view(struct screen *s, struct view *v, json_t *action) {
    const char *method = screen_text(action, "method"), *path = screen_text(action, "path"),
               *connector = screen_text(action, "connector");
    struct deed deed = {.member = connector ? lab_member_find(s->stack, connector) : -1};
    const char *call = arena_printf(s->r->arena, "%s %s", method, path ? path : "");
    if (deed.member >= 0 && path) {
        find_object(s, &deed, path);
        deed.sent = record_of(s, s->dialects[deed.member], screen_text(action, "body"));
        view_text(v, "system", s->dialects[deed.member]->title);
    }
    view_text(v, "what", deed.object ? words_of(s, &deed, method) : call);
    view_text(v, "call", deed.object ? call : NULL);
    view_bool(v, "screen", json_object_get(action, "via") != NULL);
    view_bool(v, "api", json_object_get(action, "via") == NULL);
}

/* How far the clock was to go. */
static void clock_view(struct screen *s, struct view *v, json_t *action) {
    int64_t to_ms = screen_number(action, "to_ms");
    const char *key = json_object_get(action, "until")  ? "lab_replay_clock_until"
                      : json_object_get(action, "next") ? "lab_replay_clock_next"
                      : to_ms                           ? "lab_replay_clock_to"
                                                        : "lab_replay_clock";
    if (to_ms) view_time(v, "to", to_ms, s->r->locale, NULL);
    else view_int(v, "minutes", screen_number(action, "advance_ms") / MS_MINUTE);
    view_text(v, "what", lab_text(s->r, key, v));
}

/* An instructor's fault; to others than the learner with what it is and why. */
static void chaos_view(struct screen *s, struct view *v, json_t *action) {
    json_t *fault = json_object_get(action, "fault");
    const char *on = screen_text(fault, "on"), *reason = screen_text(action, "reason");
    int member = on ? lab_member_find(s->stack, on) : -1;
    view_text(v, "what", lab_text(s->r, fault ? "lab_replay_chaos" : "lab_replay_chaos_end", NULL));
    if (s->owner) return;
    view_text(v, "system", member >= 0 ? s->dialects[member]->title : NULL);
    view_text(v, "call",
              arena_printf(s->r->arena, "%s%s%s",
                           fault ? screen_fault_words(s, screen_text(fault, "kind")) : "",
                           fault && reason ? ": " : "", reason ? reason : ""));
}

void screen_action(struct screen *s, struct view *v, json_t *action) {
    static const struct {
        const char *kind, *key;
    } plain[] = {{"token", "lab_replay_token"},
                 {"certify", "lab_certifying"},
                 {"answer", "lab_replay_answer"}};
    const char *kind = screen_text(action, "kind"), *name = screen_text(action, "name");
    if (str_eq(kind, "api") && screen_text(action, "method")) call_view(s, v, action);
    else if (str_eq(kind, "receiver") && screen_text(action, "method")) {
        view_text(v, "what",
                  arena_printf(s->r->arena, "%s /lab/receivers%s", screen_text(action, "method"),
                               screen_text(action, "path") ? screen_text(action, "path") : ""));
        view_bool(v, "api", true);
    } else if (str_eq(kind, "clock")) clock_view(s, v, action);
    else if (str_eq(kind, "chaos")) chaos_view(s, v, action);
    else if (str_eq(kind, "sql")) {
        view_text(v, "what", lab_text(s->r, "lab_did_ask", NULL));
        view_text(v, "call", screen_text(action, "sql"));
        view_bool(v, "cut", json_object_get(action, "cut") != NULL);
    } else if (str_eq(kind, "checkpoint")) {
        view_text(v, "name", name && *name ? name : NULL);
        view_text(v, "what", lab_text(s->r, "lab_replay_checkpoint", v));
    } else {
        view_text(v, "what", kind ? kind : "");
        for (size_t i = 0; i < COUNT_OF(plain); i++)
            if (str_eq(kind, plain[i].kind))
                view_text(v, "what", lab_text(s->r, plain[i].key, NULL));
    }
}
