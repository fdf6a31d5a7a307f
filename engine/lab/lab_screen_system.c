/* A system's part of a run's page: its objects, lists of records, one record, forms. */
#include "base/codec.h"
#include "base/json.h"
#include "base/text.h"
#include "lab/lab_pages.h"

#define LINE_BYTES 250 /* longer texts have a field of several lines */

static const char *at(json_t *list, int i) {
    return json_string_value(json_array_get(list, (size_t)i));
}

static struct lab_surface surface_of(const struct screen *s) {
    return (struct lab_surface){s->stack, s->dialects, s->member};
}

static void objects(struct screen *s, struct view *v) {
    const struct lab_connector *c = s->stack->members[s->member].connector;
    json_t *counts = json_object_get(
        json_array_get(json_object_get(screen_json(s, 0), "members"), (size_t)s->member),
        "objects");
    struct view *records = view_list(v, "objects"), *setup = view_list(v, "setup");
    for (int i = 0; i < c->object_count; i++) {
        struct view *item = view_item(c->objects[i].setup ? setup : records);
        view_text(item, "href",
                  screen_href(
                      s, arena_printf(s->r->arena, "?tab=%s&object=%s", c->id, c->objects[i].id)));
        view_text(item, "title", s->dialects[s->member]->objects[i].plural);
        view_int(item, "count", json_integer_value(json_array_get(counts, (size_t)i)));
        view_bool(item, "current", &c->objects[i] == s->object);
    }
}

static void option(struct view *list, const char *value, const char *text, bool chosen) {
    struct view *o = view_item(list);
    view_text(o, "value", value);
    view_text(o, "text", text);
    view_bool(o, "chosen", chosen);
}

bool screen_naming(const struct screen *s, struct lab_value_path *path) {
    for (int i = 0; i < s->object->field_count; i++)
        if (s->object->fields[i].type == LAB_VALUE_NAME &&
            lab_value_path(s->stack, s->object, &s->object->fields[i], path))
            return true;
    return false;
}

/* Does the field say which record names the field that words of this object belong to? */
static bool names_words(const struct screen *s, const struct lab_field *f) {
    struct lab_value_path path;
    return screen_naming(s, &path) && path.reference == f;
}

/* Such records as "Industry_x → industry", to choose from. */
static void naming_options(struct screen *s, struct view *list, const char *current) {
    json_t *row;
    size_t i;
    json_array_foreach (json_object_get(screen_json(s, s->naming_question), "rows"), i, row) {
        json_t *shown = json_object_get(row, "shown");
        const char *id = screen_text(row, "id");
        option(list, id,
               arena_printf(s->r->arena, "%s → %s", at(shown, 0) ? at(shown, 0) : "",
                            at(shown, 1) ? at(shown, 1) : ""),
               str_eq(current, id));
    }
}

static void picklist_options(struct screen *s, struct view *list, const struct lab_object *o,
                             const struct lab_field *f, const char *current) {
    bool found = !current || !*current;
    for (int i = 0; i < f->value_count; i++) {
        option(list, f->values[i], lab_surface_value(s->dialects[s->member], o, f, f->values[i]),
               str_eq(current, f->values[i]));
        found = found || str_eq(current, f->values[i]);
    }
    /* A value that the picklist does not allow any more is offered as well, so that opening the
     * form does not change it. */
    if (!found) option(list, current, current, true);
}

static void field_options(struct screen *s, struct view *list, const struct lab_field *f,
                          const char *current) {
    int member = 0;
    const struct lab_object *o = lab_object_by_path(s->stack, f->of, &member);
    for (int i = 0; o && i < o->field_count; i++)
        option(list, o->fields[i].id, s->dialects[member]->objects[o->index].fields[i].as,
               str_eq(current, o->fields[i].id));
}

/* Words that the field may hold: those of the picklists that the naming records name. */
static void word_options(struct screen *s, struct view *list, const struct lab_field *f) {
    struct lab_value_path path;
    json_t *row;
    size_t i;
    if (!lab_value_path(s->stack, s->object, f, &path)) return;
    json_array_foreach (json_object_get(screen_json(s, s->naming_question), "rows"), i, row) {
        const struct lab_field *named = lab_field_find(
            path.of, at(json_object_get(row, "neutral"), path.names->index));
        for (int k = 0; named && k < named->value_count; k++) {
            const char *name = lab_surface_value(s->dialects[path.of_member], path.of, named,
                                                 named->values[k]);
            option(list, name, name, false);
        }
    }
}

/* Records that a reference may lead to, by their names. */
static void reference_options(struct screen *s, struct view *list, const struct lab_field *f) {
    json_t *all = json_object_get(screen_json(s, s->names_question), "objects"), *each;
    size_t n = 0, i;
    for (int k = 0; k < f->index; k++)
        n += s->object->fields[k].type == LAB_REFERENCE && !s->object->fields[k].read_only;
    json_array_foreach (json_array_get(all, n), i, each) {
        const char *name = screen_text(each, "name");
        option(list, screen_text(each, "id"), name ? name : "", false);
    }
}

const char *screen_stored(const struct lab_field *f, json_t *row) {
    bool as_shown = f->type == LAB_VALUE_NAME || f->type == LAB_TIME;
    return at(json_object_get(row, as_shown ? "shown" : "neutral"), f->index);
}

/* RULE lab-told: a field that another tab has changed since the form was shown is not overwritten:
 * whoever saves is told what it holds now, and may save again. */
static const char *meanwhile(struct screen *s, const struct lab_field *f, const char *stored,
                             const char *shown) {
    const char *typed = http_field(s->r, arena_printf(s->r->arena, "f_%s", f->id)),
               *was = http_field(s->r, arena_printf(s->r->arena, "o_%s", f->id));
    struct view *v = view_new(s->r->arena);
    if (!s->held || !typed || !was || str_eq(typed, was) || str_eq(was, stored ? stored : ""))
        return NULL;
    view_text(v, "now", shown ? shown : lab_text(s->r, "lab_empty", NULL));
    return lab_text(s->r, "lab_meanwhile", v);
}

/* What the system answered, in its own words, about a value that was typed; NULL when nothing was
 * refused. */
static const char *refusal(struct screen *s, const char *value) {
    const struct lab_answer *a = &s->ask.answer;
    if (!s->typed || !a->problem) return NULL;
    struct view *v = view_new(s->r->arena);
    view_text(v, "system", s->dialects[s->member]->title);
    view_text(
        v, "said",
        lab_surface_sentence(s->dialects[s->member], a->problem, a->field, value, 0, s->r->arena));
    return lab_text(s->r, "lab_says", v);
}

/* What the field takes, in our words. */
static const char *wanted(struct screen *s, const struct lab_field *f) {
    static const char *const by_type[] = {
        [LAB_TEXT] = "lab_want_text",           [LAB_EMAIL] = "lab_want_email",
        [LAB_INTEGER] = "lab_want_integer",     [LAB_BOOLEAN] = "lab_want_choice",
        [LAB_TIME] = "lab_want_time",           [LAB_PICKLIST] = "lab_want_choice",
        [LAB_REFERENCE] = "lab_want_reference", [LAB_FIELD_NAME] = "lab_want_choice",
        [LAB_VALUE_NAME] = "lab_want_word"};
    struct view *v = view_new(s->r->arena);
    enum lab_problem p = s->ask.answer.problem;
    view_int(v, "max", f->max);
    if (f->type == LAB_TIME) {
        struct lab_surface surface = surface_of(s);
        const char *start = arena_printf(s->r->arena, "%lld", (long long)s->stack->start_ms);
        view_text(v, "sample", lab_surface_text(&surface, s->object, f, start, s->r->arena));
    }
    if (p == LAB_PROBLEM_REQUIRED) return lab_text(s->r, "lab_want_something", NULL);
    return p == LAB_PROBLEM_INVALID_VALUE ? lab_text(s->r, by_type[f->type], v) : NULL;
}

static bool is_refused(const struct screen *s, const struct lab_field_name *name) {
    return s->typed && s->ask.answer.problem && str_eq(s->ask.answer.field, name->as);
}

/* What was typed into a field, when it was something else than the form showed; NULL: it was not.
 */
static const char *typed(struct screen *s, const struct lab_field *f) {
    const char *now = http_field(s->r, arena_printf(s->r->arena, "f_%s", f->id)),
               *was = http_field(s->r, arena_printf(s->r->arena, "o_%s", f->id));
    return s->typed && now && !(was && str_eq(now, was)) ? now : NULL;
}

static void input(struct screen *s, struct view *v, struct view *list, const struct lab_field *f,
                  json_t *row) {
    struct view *item = view_item(list);
    const struct lab_object *o = s->object;
    const char *stored = screen_stored(f, row), *value = typed(s, f) ? typed(s, f) : stored,
               *named = at(json_object_get(row, "named"), f->index),
               *shown = at(json_object_get(row, "shown"), f->index);
    const char *name = arena_printf(s->r->arena, "f_%s", f->id);
    view_text(item, "name", name);
    view_text(item, "was", arena_printf(s->r->arena, "o_%s", f->id));
    view_text(item, "id", arena_printf(s->r->arena, "field-%s", f->id));
    view_text(item, "title", s->dialects[s->member]->objects[o->index].fields[f->index].title);
    view_text(item, "value", value ? value : "");
    view_text(item, "stored", stored ? stored : "");
    view_bool(item, "required", f->required);
    const struct lab_field_name *names =
        &s->dialects[s->member]->objects[o->index].fields[f->index];
    if (is_refused(s, names)) {
        view_text(item, "wrong", refusal(s, value));
        view_text(item, "want", wanted(s, f));
        view_text(v, "wrong_href", arena_printf(s->r->arena, "#field-%s", f->id));
        view_text(v, "wrong_title", names->title);
    }
    const char *changed = meanwhile(s, f, stored, named ? named : shown);
    if (changed) view_text(item, "wrong", changed);
    view_text(item, "leads_to", named);
    view_text(item, "leads_href", shown ? screen_reference_href(s, f, shown) : NULL);
    view_text(item, "help", f->help);
    struct view *options = view_list(item, "options");
    bool select = f->type == LAB_PICKLIST || f->type == LAB_BOOLEAN || f->type == LAB_FIELD_NAME ||
                  names_words(s, f);
    view_bool(item, "select", select);
    bool chooses = f->type == LAB_VALUE_NAME || (f->type == LAB_REFERENCE && !select);
    view_bool(item, "words", chooses);
    view_bool(item, "long", !select && f->type == LAB_TEXT && f->max > LINE_BYTES);
    view_bool(item, "plain", !select && !chooses && !(f->type == LAB_TEXT && f->max > LINE_BYTES));
    view_int(item, "max", f->type == LAB_TEXT && f->max ? f->max : 400);
    if (select && !f->required) option(options, "", "", !value);
    if (names_words(s, f)) naming_options(s, options, value);
    else if (f->type == LAB_PICKLIST)
        picklist_options(s, options, o, f, value ? value : f->required ? f->values[0] : NULL);
    else if (f->type == LAB_FIELD_NAME) field_options(s, options, f, value);
    else if (f->type == LAB_VALUE_NAME) word_options(s, options, f);
    else if (f->type == LAB_REFERENCE) reference_options(s, options, f);
    else if (f->type == LAB_BOOLEAN) {
        struct lab_surface surface = surface_of(s);
        option(options, "1", lab_surface_text(&surface, o, f, "1", s->r->arena),
               str_eq(value, "1"));
        option(options, "0", lab_surface_text(&surface, o, f, "0", s->r->arena),
               str_eq(value, "0"));
    }
}

/* What the dialect lets be done with the object that is shown. */
static unsigned screen_operations(const struct screen *s) {
    return s->dialects[s->member]->objects[s->object->index].operations;
}

static void form_part(struct screen *s, struct view *v, json_t *row) {
    const struct lab_object *o = s->object;
    struct view *inputs = view_list(v, "inputs"), *facts = view_list(v, "facts");
    bool may = s->owner && screen_operations(s) & (row ? LAB_UPDATE : LAB_CREATE);
    int editable = 0;
    for (int i = 0; i < o->field_count; i++) {
        const struct lab_field *f = &o->fields[i];
        const char *shown = at(json_object_get(row, "shown"), i);
        if (may && !f->read_only) {
            input(s, v, inputs, f, row);
            editable++;
        } else {
            struct view *fact = view_item(facts);
            view_text(fact, "title", s->dialects[s->member]->objects[o->index].fields[i].title);
            const char *named = at(json_object_get(row, "named"), i);
            view_text(fact, "text", named ? named : shown);
            view_text(fact, "href", shown ? screen_reference_href(s, f, shown) : NULL);
            view_bool(fact, "empty", !shown);
        }
    }
    view_bool(v, "has_inputs", editable > 0);
    view_bool(v, "has_facts", editable < o->field_count);
    view_text(v, "operation", row ? "update" : "create");
}

/* Records of other objects that lead to this one, each as the list of them. */
static void related(struct screen *s, struct view *v, json_t *all) {
    struct view *list = view_list(v, "related");
    json_t *each;
    size_t i;
    json_array_foreach (all, i, each) {
        int member = lab_member_find(s->stack, screen_text(each, "connector"));
        const struct lab_object *o = lab_object_find(s->stack->members[member].connector,
                                                     screen_text(each, "object"));
        const struct lab_object_name *names = &s->dialects[member]->objects[o->index];
        const char *by = screen_text(each, "field");
        struct view *item = view_item(list);
        view_text(item, "title", names->plural);
        view_text(item, "by", names->fields[lab_field_find(o, by)->index].title);
        view_int(item, "count", screen_number(each, "count"));
        view_text(item, "href",
                  screen_href(s, arena_printf(s->r->arena, "?tab=%s&object=%s&f1=%s&o1=is&v1=%s",
                                              screen_text(each, "connector"), o->id, by,
                                              percent_encode(s->r->arena, s->record, ""))));
    }
}

static void record_part(struct screen *s, struct view *v) {
    json_t *answer = screen_json(s, s->record_question), *row = json_object_get(answer, "row");
    view_bool(v, "is_record", true);
    view_text(v, "record_id", s->record);
    view_text(v, "record_name", screen_text(answer, "name"));
    view_bool(v, "no_record", !row);
    if (!row) return;
    form_part(s, v, row);
    json_t *events = json_object_get(answer, "events");
    screen_events(s, v, "history", events, true);
    view_bool(v, "has_history", json_array_size(events) > 0);
    related(s, v, json_object_get(answer, "related"));
    if (s->diagram_question >= 0) screen_diagram_part(s, v, screen_diagram_of(s));
    if (s->charts_question >= 0) screen_charts_part(s, v);
    if (s->filters_question >= 0) screen_filters_part(s, v);
    view_bool(v, "may_delete", s->owner && screen_operations(s) & LAB_DELETE);
    view_bool(v, "may_merge", s->owner && screen_operations(s) & LAB_MERGE);
    const char *loser = s->typed ? http_field(s->r, "loser") : NULL;
    view_text(v, "loser", loser);
    if (loser) view_text(v, "loser_wrong", refusal(s, loser));
}

/* Nothing can be filled in: making one starts something. */
static bool only_runs(const struct lab_object *o) {
    for (int i = 0; i < o->field_count; i++)
        if (!o->fields[i].read_only) return false;
    return true;
}

void screen_member_part(struct screen *s, struct view *v) {
    const struct lab_object *o = s->object;
    const struct lab_object_name *names = &s->dialects[s->member]->objects[o->index];
    objects(s, v);
    view_text(v, "system", s->dialects[s->member]->title);
    view_text(v, "object_title", names->title);
    view_text(v, "object_plural", names->plural);
    view_text(v, "object_about", o->about);
    view_bool(v, "is_setup", o->setup);
    view_text(v, "list_href",
              screen_href(s, arena_printf(s->r->arena, "?tab=%s&object=%s", s->tab, o->id)));
    bool create = s->owner && screen_operations(s) & LAB_CREATE;
    view_bool(v, "may_add", create && !only_runs(o));
    view_bool(v, "may_run", create && only_runs(o));
    view_text(v, "add_href",
              screen_href(s, arena_printf(s->r->arena, "?tab=%s&object=%s&add=1", s->tab, o->id)));
    struct lab_surface surface = surface_of(s);
    struct lab_call call = lab_surface_call(&surface, o, s->record ? LAB_GET : LAB_LIST, s->record,
                                            NULL, NULL, 0, s->r->arena);
    view_text(v, "same_call", arena_printf(s->r->arena, "%s %s", call.method, call.path));
    /* A refusal that no field is to blame for stands above the form. */
    const char *said = refusal(s, s->record);
    if (said && !s->ask.answer.field && !http_field(s->r, "loser")) view_text(v, "refusal", said);
    if (s->adding && create) {
        view_bool(v, "is_adding", true);
        form_part(s, v, NULL);
    } else if (s->record) record_part(s, v);
    else screen_list_part(s, v);
}
