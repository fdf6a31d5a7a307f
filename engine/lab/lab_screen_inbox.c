/* The inbox of a run's page: what people of the company wrote to the learner, first what waits for
 * an answer, and the forms to answer and to write. */
#include <ctype.h>
#include <string.h>

#include "base/json.h"
#include "base/text.h"
#include "lab/lab_pages.h"
#include "labmodel/lab_timeline.h"

const char *screen_person(struct screen *s, const char *id) {
    if (!id || str_eq(id, "learner")) return lab_text(s->r, "lab_inbox_you", NULL);
    char *name = arena_dup(s->r->arena, id);
    for (char *p = name; *p; p++)
        if (*p == '-' || *p == '_') *p = ' ';
    *name = (char)toupper((unsigned char)*name);
    return name;
}

bool screen_has_inbox(const struct screen *s) {
    const struct lab_timeline *t = s->stack->timeline;
    return t->say_count || t->reply_count;
}

/* RULE lab-inbox-waits: a message waits when somebody else wrote it, a deadline or choices ask for
 * an answer, and there is none yet. What is too late may still be answered. */
static bool waits(json_t *m) {
    return str_eq(screen_text(m, "to"), "learner") && !json_object_get(m, "answered_ms") &&
           (json_object_get(m, "due_ms") || json_object_get(m, "choices"));
}

/* The answer by its choice's words, or as it was written. */
static const char *answer_of(json_t *m) {
    const char *chosen = screen_text(m, "choice");
    json_t *choice;
    size_t i;
    json_array_foreach (json_object_get(m, "choices"), i, choice)
        if (str_eq(screen_text(choice, "id"), chosen)) return screen_text(choice, "label");
    return chosen ? chosen : screen_text(m, "answer");
}

/* Whether the form of this message (0: of a new one) was refused. */
static bool refused(const struct screen *s, int64_t id) {
    int64_t given = 0;
    const char *message = s->typed ? http_field(s->r, "message") : NULL;
    if (message && !parse_i64(message, 1, INT64_MAX, &given)) given = 0;
    return s->typed && given == id;
}

static const char *worker_sentence(struct screen *s) {
    const char *why;
    json_t *body = json_read(s->r->arena, s->ask.answer.body, s->ask.answer.body_len, &why);
    const char *said = screen_text(body, "error");
    return said ? said : "";
}

static void message_view(struct screen *s, struct view *item, json_t *m, int64_t now_ms) {
    int64_t id = screen_number(m, "id"), due_ms = screen_number(m, "due_ms"),
            answered_ms = screen_number(m, "answered_ms");
    bool to_you = str_eq(screen_text(m, "to"), "learner");
    bool answered = answered_ms != 0, late = !answered && due_ms && due_ms <= now_ms;
    view_int(item, "id", id);
    view_text(item, "from", screen_person(s, screen_text(m, "from")));
    view_text(item, "to", to_you ? NULL : screen_person(s, screen_text(m, "to")));
    view_text(item, "subject", screen_text(m, "subject"));
    view_text(item, "body", screen_text(m, "body"));
    view_text(item, "by",
              lab_text(s->r,
                       arena_printf(s->r->arena, "lab_inbox_by_%s", screen_text(m, "channel")),
                       NULL));
    screen_time(item, "at", screen_number(m, "at_ms"), s->r);
    view_bool(item, "waits", waits(m));
    view_bool(item, "has_due", due_ms != 0);
    if (due_ms) screen_time(item, "due", due_ms, s->r);
    view_bool(item, "late", late);
    view_int(item, "minutes", due_ms > now_ms ? (due_ms - now_ms + 59999) / 60000 : 0);
    view_bool(item, "was_answered", answered);
    view_text(item, "answer", answered ? answer_of(m) : NULL);
    if (answered) screen_time(item, "answered", answered_ms, s->r);
    view_bool(item, "too_late", answered && json_object_get(m, "missed"));
    struct view *choices = view_list(item, "choices");
    json_t *choice;
    size_t i;
    bool has = json_array_size(json_object_get(m, "choices")) > 0, may = s->owner && to_you;
    view_bool(item, "may_choose", may && !answered && has);
    view_bool(item, "may_write", may && !answered && !has);
    json_array_foreach (json_object_get(m, "choices"), i, choice) {
        struct view *c = view_item(choices);
        view_text(c, "value", screen_text(choice, "id"));
        view_text(c, "label", screen_text(choice, "label"));
    }
    view_bool(item, "wrong", refused(s, id));
    view_text(item, "why", refused(s, id) ? worker_sentence(s) : NULL);
    view_text(item, "typed", refused(s, id) ? http_field(s->r, "text") : NULL);
}

/* Messages that wait stand first, those with the nearest deadline before the others. */
static bool before(json_t *a, json_t *b) {
    bool first = waits(a), second = waits(b);
    int64_t due = screen_number(a, "due_ms"), other = screen_number(b, "due_ms");
    if (first != second) return first;
    if (!first || due == other) return false;
    return due && (!other || due < other);
}

void screen_inbox_part(struct screen *s, struct view *v) {
    json_t *answer = screen_json(s, s->events_question), *rows = json_object_get(answer, "rows"),
           *person;
    int64_t now_ms = screen_number(screen_json(s, 0), "now_ms");
    size_t count = json_array_size(rows), i;
    json_t **order = NEW_ARRAY(s->r->arena, json_t *, count + 1);
    for (size_t n = 0; n < count; n++) { /* keeps the order of those that are alike */
        size_t at = n;
        json_t *m = json_array_get(rows, n);
        for (; at > 0 && before(m, order[at - 1]); at--) order[at] = order[at - 1];
        order[at] = m;
    }
    struct view *waiting = view_list(v, "waiting"), *done = view_list(v, "messages");
    for (size_t n = 0; n < count; n++)
        message_view(s, view_item(waits(order[n]) ? waiting : done), order[n], now_ms);
    view_bool(v, "has_messages", count > 0);
    struct view *people = view_list(v, "people");
    json_array_foreach (json_object_get(answer, "to"), i, person) {
        struct view *p = view_item(people);
        view_text(p, "value", json_string_value(person));
        view_text(p, "name", screen_person(s, json_string_value(person)));
        view_bool(p, "chosen",
                  refused(s, 0) && str_eq(http_field(s->r, "to"), json_string_value(person)));
    }
    view_bool(v, "may_write_to", s->owner && i > 0);
    view_bool(v, "new_wrong", refused(s, 0));
    view_text(v, "new_why", refused(s, 0) ? worker_sentence(s) : NULL);
    view_text(v, "new_text", refused(s, 0) ? http_field(s->r, "text") : NULL);
    view_text(v, "new_subject", refused(s, 0) ? http_field(s->r, "subject") : NULL);
}
