/* Events of the log in words: who did what to which record, a person or software by itself, and
 * what led to it. Names of systems, objects, fields and values are the dialects'. */
#include <string.h>

#include "base/text.h"
#include "lab/lab_pages.h"

/* What an event is about, as far as the plan knows it. */
struct about {
    int member;
    const struct lab_object *object;
    const struct lab_field *field;
};

static struct about about_of(struct screen *s, json_t *e, const char *connector, const char *object,
                             const char *field) {
    struct about a = {.member = -1};
    if (screen_text(e, connector)) a.member = lab_member_find(s->stack, screen_text(e, connector));
    if (a.member < 0) return a;
    if (screen_text(e, object))
        a.object = lab_object_find(s->stack->members[a.member].connector, screen_text(e, object));
    if (a.object && field && screen_text(e, field))
        a.field = lab_field_find(a.object, screen_text(e, field));
    return a;
}

/* Who: people by where they work, software by the name of what it does. */
static const char *who(struct screen *s, const char *actor) {
    static const char *const known[] = {"screen", "api", "colleague", "world"};
    for (size_t i = 0; i < COUNT_OF(known); i++)
        if (str_eq(actor, known[i]))
            return lab_text(s->r, arena_printf(s->r->arena, "lab_actor_%s", actor), NULL);
    return actor ? actor : "";
}

/* Events that the engine itself tells of; any other by its kind. */
static const char *engine_event(struct screen *s, const char *kind) {
    static const char *const known[] = {
        "inbox.received", "inbox.missed",  "inbox.answered", "inbox.sent", "outage.started",
        "outage.ended",   "fault.started", "fault.ended",    "api.failed", "api.limited",
        "rule.stopped",   "rule.failed",   "record.refused"};
    for (size_t i = 0; i < COUNT_OF(known); i++) {
        if (!str_eq(kind, known[i])) continue;
        char *key = arena_printf(s->r->arena, "lab_event_%s", kind);
        *strchr(key, '.') = '_';
        return lab_text(s->r, key, NULL);
    }
    return kind;
}

/* What happened, in the words of the connector that tells of it. */
static const char *what(struct screen *s, const struct about *a, const char *kind) {
    if (!kind) return "";
    for (int m = 0; m < s->stack->member_count; m++) {
        const struct lab_connector *c = s->stack->members[m].connector;
        if (a->member >= 0 && m != a->member) continue;
        for (int i = 0; i < c->event_count; i++)
            if (str_eq(c->events[i].id, kind) && c->events[i].about) return c->events[i].about;
    }
    return engine_event(s, kind);
}

const char *screen_event_words(struct screen *s, const char *connector, const char *kind) {
    struct about a = {.member = connector ? lab_member_find(s->stack, connector) : -1};
    return what(s, &a, kind);
}

static const char *record_href(struct screen *s, const struct about *a, const char *id) {
    return a->object && id ? screen_record_href(s, a->member, a->object, id) : NULL;
}

static const char *value(struct screen *s, const struct about *a, const char *neutral) {
    struct lab_surface surface = {s->stack, s->dialects, a->member};
    if (!neutral || !a->field || a->field->type == LAB_VALUE_NAME) return neutral;
    return lab_surface_text(&surface, a->object, a->field, neutral, s->r->arena);
}

static const char *object_title(struct screen *s, const struct about *a) {
    return a->object ? s->dialects[a->member]->objects[a->object->index].title : NULL;
}

void screen_event(struct screen *s, struct view *item, json_t *e) {
    struct about a = about_of(s, e, "connector", "object", "field"),
                 cause = about_of(s, e, "cause_connector", "cause_object", NULL);
    const char *id = screen_text(e, "record_id"), *why = screen_text(e, "cause_kind"),
               *field = screen_text(e, "field"), *told = screen_text(e, "detail");
    bool human = json_is_true(json_object_get(e, "human"));
    screen_time(item, "at", screen_number(e, "at_ms"), s->r);
    view_text(item, "kind", screen_text(e, "kind"));
    view_text(item, "what", what(s, &a, screen_text(e, "kind")));
    view_text(item, "who", who(s, screen_text(e, "actor")));
    view_bool(item, "human", human);
    view_bool(item, "machine", !human);
    view_text(item, "system", a.member >= 0 ? s->dialects[a.member]->title : NULL);
    view_text(item, "object", object_title(s, &a));
    view_text(item, "record_id", id);
    view_text(item, "href", record_href(s, &a, id));
    view_bool(item, "changed", field != NULL);
    view_text(item, "field",
              a.field ? s->dialects[a.member]->objects[a.object->index].fields[a.field->index].title
                      : field);
    view_text(item, "old_value", value(s, &a, screen_text(e, "old_value")));
    view_text(item, "new_value", value(s, &a, screen_text(e, "new_value")));
    view_text(item, "detail", told);
    view_text(item, "because", why ? what(s, &cause, why) : NULL);
    view_text(item, "because_who", why ? who(s, screen_text(e, "cause_actor")) : NULL);
    view_text(item, "because_href", record_href(s, &cause, screen_text(e, "cause_record_id")));
    view_text(item, "because_record", screen_text(e, "cause_record_id"));
    view_text(item, "because_object", object_title(s, &cause));
}

void screen_events(struct screen *s, struct view *v, const char *name, json_t *rows,
                   bool of_one_record) {
    view_bool(v, "shows_record", !of_one_record);
    struct view *list = view_list(v, name);
    json_t *e;
    size_t i;
    json_array_foreach (rows, i, e) screen_event(s, view_item(list), e);
}
