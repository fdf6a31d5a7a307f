/* Reads a connector: the neutral model of one kind of system. */
#include <string.h>

#include "base/text.h"
#include "labmodel/lab_read.h"
#include "labmodel/lab_xml.h"

static const char *const type_names[] = {"text",     "email",     "integer",    "boolean",   "time",
                                         "picklist", "reference", "field-name", "value-name"};
static const char *const operation_names[] = {"list", "get", "create", "update", "delete", "merge"};

const struct lab_object *lab_object_find(const struct lab_connector *c, const char *id) {
    for (int i = 0; i < c->object_count; i++)
        if (str_eq(c->objects[i].id, id)) return &c->objects[i];
    return NULL;
}

const struct lab_object *lab_object_first(const struct lab_connector *c) {
    for (int i = 0; i < c->object_count; i++)
        if (!c->objects[i].setup) return &c->objects[i];
    return NULL;
}

const struct lab_field *lab_object_name(const struct lab_object *o) {
    for (int i = 0; i < o->field_count && i < 4; i++)
        if (o->fields[i].type == LAB_TEXT || o->fields[i].type == LAB_EMAIL) return &o->fields[i];
    return NULL;
}

int lab_key_find(const struct lab_object *o, const char *id) {
    for (int i = 0; i < o->key_count; i++)
        if (str_eq(o->keys[i].id, id)) return i;
    return -1;
}

const struct lab_field *lab_field_find(const struct lab_object *o, const char *id) {
    for (int i = 0; i < o->field_count; i++)
        if (str_eq(o->fields[i].id, id)) return &o->fields[i];
    return NULL;
}

const struct lab_field *lab_column_find(const struct lab_object *o, const char *id) {
    static const struct lab_field every[] = {
        {.id = "id", .type = LAB_TEXT},
        {.id = "created_ms", .type = LAB_TIME},
        {.id = "updated_ms", .type = LAB_TIME},
    };
    for (size_t i = 0; i < COUNT_OF(every); i++)
        if (str_eq(every[i].id, id)) return &every[i];
    return lab_field_find(o, id);
}

bool lab_value_known(const struct lab_field *f, const char *value) {
    for (int i = 0; i < f->value_count; i++)
        if (strcmp(f->values[i], value) == 0) return true;
    return false;
}

int lab_name_index(const char *const *names, int count, const char *name) {
    for (int i = 0; i < count; i++)
        if (str_eq(names[i], name)) return i;
    return -1;
}

/* Names become table and column names: letters, digits and '_' only, so that no quoting is ever
 * needed. */
bool lab_name_valid(const char *name) {
    if (!name || *name < 'a' || *name > 'z' || strlen(name) > 40) return false;
    for (; *name; name++)
        if (!(*name >= 'a' && *name <= 'z') && !(*name >= '0' && *name <= '9') && *name != '_')
            return false;
    return true;
}

static void read_field(struct lab_field *f, xmlNode *n, const char *file, struct arena *a,
                       struct diag_list *diags) {
    f->id = lab_xml_attr(n, "id", a);
    f->title = lab_xml_attr(n, "title", a);
    f->help = lab_xml_attr(n, "help", a);
    f->of = lab_xml_attr(n, "of", a);
    f->type = (enum lab_type)lab_name_index(type_names, COUNT_OF(type_names),
                                            lab_xml_attr(n, "type", a));
    f->required = lab_xml_true(n, "required");
    f->read_only = lab_xml_true(n, "read-only");
    f->sticky = lab_xml_true(n, "sticky");
    f->indexed = lab_xml_true(n, "indexed");
    f->max = lab_xml_int(n, "max", 255);
    f->value_count = lab_xml_count(n, "value");
    f->values = NEW_ARRAY(a, const char *, (size_t)f->value_count);
    int i = 0;
    for (xmlNode *v = lab_xml_child(n, "value"); v; v = lab_xml_next(v, "value")) {
        f->values[i] = lab_xml_text(v, a);
        for (int k = 0; k < i; k++)
            if (str_eq(f->values[k], f->values[i]))
                lab_xml_problem(diags, file, v, "lab-duplicate",
                                "The value “%s” stands here twice.", f->values[i]);
        i++;
    }
    if (!lab_name_valid(f->id) || str_eq(f->id, "id") || str_eq(f->id, "created_ms") ||
        str_eq(f->id, "updated_ms"))
        lab_xml_problem(diags, file, n, "lab-name",
                        "A field's id is 1 to 40 of a-z, 0-9 and _, and none of id, created_ms and "
                        "updated_ms.");
    if (f->type == LAB_PICKLIST && f->value_count == 0)
        lab_xml_problem(diags, file, n, "lab-picklist", "The picklist “%s” has no values.", f->id);
    bool refers = f->type == LAB_REFERENCE || f->type == LAB_FIELD_NAME ||
                  f->type == LAB_VALUE_NAME;
    if (refers && !f->of)
        lab_xml_problem(diags, file, n, "lab-of", "The field “%s” must say of what: of=\"…\".",
                        f->id);
}

unsigned lab_operations_read(const char *text) {
    unsigned operations = 0;
    for (size_t i = 0; i < COUNT_OF(operation_names); i++) {
        const char *at = text ? strstr(text, operation_names[i]) : NULL;
        if (at) operations |= 1u << i;
    }
    return operations;
}

static void read_keys(struct lab_object *o, xmlNode *n, const struct lab_connector *c,
                      struct arena *a, struct diag_list *diags) {
    o->keys = NEW_ARRAY(a, struct lab_key, (size_t)lab_xml_count(n, "key"));
    for (xmlNode *k = lab_xml_child(n, "key"); k; k = lab_xml_next(k, "key")) {
        struct lab_key key = {lab_xml_attr(k, "id", a), lab_xml_attr(k, "sql", a)};
        if (lab_key_find(o, key.id) >= 0)
            lab_xml_problem(diags, c->file, k, "lab-duplicate", "The key “%s” stands here twice.",
                            key.id);
        o->keys[o->key_count++] = key;
    }
}

/* The child of that name behind the first `n`. */
static xmlNode *nth_child(xmlNode *parent, const char *name, int n) {
    xmlNode *child = lab_xml_child(parent, name);
    while (n-- > 0) child = lab_xml_next(child, name);
    return child;
}

static void read_object(struct lab_object *o, xmlNode *n, const struct lab_connector *c,
                        struct arena *a, struct diag_list *diags) {
    o->id = lab_xml_attr(n, "id", a);
    o->title = lab_xml_attr(n, "title", a);
    o->plural = lab_xml_attr(n, "plural", a);
    xmlNode *about = lab_xml_child(n, "about");
    o->about = about ? lab_xml_text(about, a) : "";
    o->setup = lab_xml_true(n, "setup");
    o->operations = lab_operations_read(lab_xml_attr(n, "operations", a));
    o->table = arena_printf(a, "%s_%s", c->id, o->id);
    if (!lab_name_valid(o->id))
        lab_xml_problem(diags, c->file, n, "lab-name",
                        "An object's id is 1 to 40 of a-z, 0-9 and _.");
    o->field_count = lab_xml_count(n, "field");
    if (o->field_count > LAB_FIELDS_MAX) {
        lab_xml_problem(diags, c->file, nth_child(n, "field", LAB_FIELDS_MAX), "lab-limit",
                        "An object may have %d fields at most; this is one more.", LAB_FIELDS_MAX);
        o->field_count = LAB_FIELDS_MAX;
    }
    o->fields = NEW_ARRAY(a, struct lab_field, (size_t)o->field_count);
    read_keys(o, n, c, a, diags);
    int i = 0;
    for (xmlNode *f = lab_xml_child(n, "field"); f && i < o->field_count;
         f = lab_xml_next(f, "field"), i++) {
        read_field(&o->fields[i], f, c->file, a, diags);
        o->fields[i].index = i;
        for (int k = 0; k < i; k++)
            if (str_eq(o->fields[k].id, o->fields[i].id))
                lab_xml_problem(diags, c->file, f, "lab-duplicate",
                                "The field “%s” stands here twice.", o->fields[i].id);
    }
}

bool lab_connector_read(struct lab_connector *c, xmlNode *root, const char *file, struct arena *a,
                        struct diag_list *diags) {
    int before = diags->errors;
    memset(c, 0, sizeof *c);
    c->file = file;
    c->root = root;
    c->id = lab_xml_attr(root, "id", a);
    c->title = lab_xml_attr(root, "title", a);
    xmlNode *about = lab_xml_child(root, "about");
    c->about = about ? lab_xml_text(about, a) : "";
    if (!lab_name_valid(c->id))
        lab_xml_problem(diags, file, root, "lab-name",
                        "A connector's id is 1 to 40 of a-z, 0-9 and _.");
    c->object_count = lab_xml_count(root, "object");
    if (c->object_count > LAB_OBJECTS_MAX) {
        lab_xml_problem(diags, file, nth_child(root, "object", LAB_OBJECTS_MAX), "lab-limit",
                        "A connector may have %d objects at most; this is one more.",
                        LAB_OBJECTS_MAX);
        c->object_count = LAB_OBJECTS_MAX;
    }
    c->objects = NEW_ARRAY(a, struct lab_object, (size_t)c->object_count);
    int i = 0;
    for (xmlNode *o = lab_xml_child(root, "object"); o && i < c->object_count;
         o = lab_xml_next(o, "object"), i++) {
        read_object(&c->objects[i], o, c, a, diags);
        c->objects[i].index = i;
        for (int k = 0; k < i; k++)
            if (str_eq(c->objects[k].id, c->objects[i].id))
                lab_xml_problem(diags, file, o, "lab-duplicate",
                                "The object “%s” stands here twice.", c->objects[i].id);
    }
    c->event_count = lab_xml_count(root, "event");
    c->events = NEW_ARRAY(a, struct lab_event, (size_t)c->event_count);
    i = 0;
    for (xmlNode *e = lab_xml_child(root, "event"); e; e = lab_xml_next(e, "event"), i++)
        c->events[i] = (struct lab_event){lab_xml_attr(e, "id", a), lab_xml_text(e, a)};
    return diags->errors == before;
}
