/* Reads the stack of a scenario, and through it the connectors and dialects that it names. */
#include <string.h>

#include "base/clock.h"
#include "base/text.h"
#include "labmodel/lab_known.h"
#include "labmodel/lab_pack.h"
#include "labmodel/lab_read.h"
#include "labmodel/lab_rules.h"
#include "labmodel/lab_timeline.h"
#include "labmodel/lab_world.h"
#include "labmodel/lab_xml.h"

struct reader {
    struct lab_stack *stack;
    const struct lab_files *files;
    const char *file;   /* stack.xml */
    const char *folder; /* "scenarios/x" */
    struct arena *a;
    struct diag_list *diags;
};

int lab_member_find(const struct lab_stack *s, const char *connector_id) {
    for (int i = 0; i < s->member_count; i++)
        if (str_eq(s->members[i].connector->id, connector_id)) return i;
    return -1;
}

const struct lab_dialect *lab_dialect_find(const struct lab_member *m, const char *id) {
    for (int i = 0; i < m->dialect_count; i++)
        if (str_eq(m->dialects[i]->id, id)) return m->dialects[i];
    return NULL;
}

const struct lab_object *lab_object_by_path(const struct lab_stack *s, const char *path,
                                            int *member) {
    const char *dot = path ? strchr(path, '.') : NULL;
    if (!dot) return NULL;
    for (int i = 0; i < s->member_count; i++) {
        const struct lab_connector *c = s->members[i].connector;
        if (strlen(c->id) != (size_t)(dot - path) ||
            strncmp(c->id, path, (size_t)(dot - path)) != 0)
            continue;
        if (member) *member = i;
        return lab_object_find(c, dot + 1);
    }
    return NULL;
}

bool lab_value_path(const struct lab_stack *s, const struct lab_object *o,
                    const struct lab_field *f, struct lab_value_path *out) {
    const char *dot = f->of ? strchr(f->of, '.') : NULL;
    memset(out, 0, sizeof *out);
    for (int i = 0; dot && i < o->field_count; i++)
        if (strlen(o->fields[i].id) == (size_t)(dot - f->of) &&
            strncmp(o->fields[i].id, f->of, (size_t)(dot - f->of)) == 0)
            out->reference = &o->fields[i];
    if (!out->reference || out->reference->type != LAB_REFERENCE) return false;
    out->naming = lab_object_by_path(s, out->reference->of, NULL);
    out->names = out->naming ? lab_field_find(out->naming, dot + 1) : NULL;
    if (!out->names || out->names->type != LAB_FIELD_NAME) return false;
    out->of = lab_object_by_path(s, out->names->of, &out->of_member);
    return out->of != NULL;
}

static xmlNode *root_of(struct reader *r, const char *name, const char *element, xmlNode *from) {
    const struct lab_file *f = lab_file_find(r->files, name);
    if (!f) {
        lab_xml_problem(r->diags, r->file, from ? lab_xml_at(from, "id") : NULL, "lab-missing",
                        "The file labs/%s does not exist.", name);
        return NULL;
    }
    xmlDoc *doc = lab_xml_parse(arena_printf(r->a, "labs/%s", name), f->text, f->len, r->a,
                                r->diags);
    if (!doc) return NULL;
    xmlNode *root = xmlDocGetRootElement(doc);
    if (!lab_xml_is(root, element)) {
        lab_xml_problem(r->diags, arena_printf(r->a, "labs/%s", name), root, "lab-root",
                        "The root element must be <%s>.", element);
        return NULL;
    }
    return root;
}

static void read_member(struct reader *r, xmlNode *n) {
    struct lab_stack *s = r->stack;
    if (s->member_count == LAB_CONNECTORS_MAX) {
        lab_xml_problem(r->diags, r->file, n, "lab-limit",
                        "A stack has %d connectors at most; this is one more.", LAB_CONNECTORS_MAX);
        return;
    }
    const char *id = lab_xml_attr(n, "id", r->a);
    const char *name = arena_printf(r->a, "connectors/%s.xml", id);
    xmlNode *root = root_of(r, name, "connector", n);
    struct lab_connector *c = NEW(r->a, struct lab_connector);
    if (!root || !lab_connector_read(c, root, arena_printf(r->a, "labs/%s", name), r->a, r->diags))
        return;
    struct lab_member *m = &s->members[s->member_count++];
    m->connector = c;
    m->title = lab_xml_attr(n, "title", r->a);
    if (!m->title) m->title = c->title;
    m->dialects = NEW_ARRAY(r->a, const struct lab_dialect *, (size_t)lab_xml_count(n, "dialect"));
    for (xmlNode *d = lab_xml_child(n, "dialect"); d; d = lab_xml_next(d, "dialect")) {
        name = arena_printf(r->a, "connectors/%s/%s.xml", id, lab_xml_attr(d, "id", r->a));
        root = root_of(r, name, "dialect", d);
        struct lab_dialect *dialect = NEW(r->a, struct lab_dialect);
        if (root &&
            lab_dialect_read(dialect, c, root, arena_printf(r->a, "labs/%s", name), r->a, r->diags))
            m->dialects[m->dialect_count++] = dialect;
    }
}

static const struct lab_object *object_attr(struct reader *r, xmlNode *n, const char *attr,
                                            int *member) {
    const char *path = lab_xml_attr(n, attr, r->a);
    const struct lab_object *o = lab_object_by_path(r->stack, path, member);
    if (!o)
        lab_xml_problem(r->diags, r->file, lab_xml_at(n, attr), "lab-unknown",
                        "There is no object “%s” in this stack; there are %s.", path ? path : "",
                        lab_known_objects(r->stack, r->a));
    return o;
}

static const struct lab_field *field_attr(struct reader *r, xmlNode *n, const struct lab_object *o,
                                          const char *attr) {
    const char *id = lab_xml_attr(n, attr, r->a);
    const struct lab_field *f = o ? lab_field_find(o, id) : NULL;
    if (o && !f)
        lab_xml_problem(r->diags, r->file, lab_xml_at(n, attr), "lab-unknown",
                        "The object “%s” has no field “%s”; it has %s.", o->id, id ? id : "",
                        lab_known_fields(o, r->a));
    return f;
}

static void check_value_names(struct reader *r) {
    struct lab_value_path path;
    for (int m = 0; m < r->stack->member_count; m++) {
        const struct lab_connector *c = r->stack->members[m].connector;
        for (int i = 0; i < c->object_count; i++)
            for (int k = 0; k < c->objects[i].field_count; k++) {
                const struct lab_field *f = &c->objects[i].fields[k];
                if (f->type != LAB_VALUE_NAME) continue;
                /* The object that is named may be of a connector that the stack lacks. */
                if (!lab_value_path(r->stack, &c->objects[i], f, &path) &&
                    !(path.names && path.names->type == LAB_FIELD_NAME))
                    lab_xml_problem(r->diags, c->file, c->root, "lab-of",
                                    "“%s” of the field “%s” must be a reference of the same object "
                                    "and a field-name of the object that it leads to, with a dot "
                                    "between.",
                                    f->of ? f->of : "", f->id);
            }
    }
}

static const char *file_attr(struct reader *r, xmlNode *n) {
    const char *name = arena_printf(r->a, "%s/%s", r->folder, lab_xml_attr(n, "file", r->a));
    if (!lab_file_find(r->files, name))
        lab_xml_problem(r->diags, r->file, lab_xml_at(n, "file"), "lab-missing",
                        "The file labs/%s does not exist.", name);
    return name;
}

void lab_columns_check(const struct lab_files *files, const char *name, const struct lab_object *o,
                       struct arena *a, struct diag_list *diags) {
    const struct lab_file *f = lab_file_find(files, name);
    struct lab_csv csv;
    const char *file = arena_printf(a, "labs/%s", name);
    if (!f || !lab_csv_read(&csv, file, f->text, f->len, a, diags)) return;
    for (int i = 0; i < csv.columns; i++) {
        const char *h = csv.header[i];
        bool known = str_eq(h, "key") || str_eq(h, "person") || str_eq(h, "created") ||
                     str_eq(h, "updated") || lab_field_find(o, h);
        if (!known)
            diag_add(diags, SEVERITY_ERROR, file, csv.header_places[i].line,
                     csv.header_places[i].column, "lab-unknown",
                     "The object “%s” has no field “%s”; a column may be key, person, created, "
                     "updated, %s.",
                     o->id, h, lab_known_fields(o, a));
    }
}

static void read_seeds(struct reader *r, xmlNode *root) {
    struct lab_stack *s = r->stack;
    s->seeds = NEW_ARRAY(r->a, struct lab_seed, (size_t)lab_xml_count(root, "seed"));
    for (xmlNode *n = lab_xml_child(root, "seed"); n; n = lab_xml_next(n, "seed")) {
        const struct lab_object *o = object_attr(r, n, "object", NULL);
        const char *name = file_attr(r, n);
        if (o) lab_columns_check(r->files, name, o, r->a, r->diags);
        s->seeds[s->seed_count++] = (struct lab_seed){lab_xml_attr(n, "object", r->a), name};
    }
}

/* Old words are what drift is for; what is chosen has to be what the field takes. */
static void check_chosen(struct reader *r, xmlNode *n, const struct lab_field *f,
                         const struct lab_distort *d) {
    int64_t number;
    if (d->value_count == 0)
        lab_xml_problem(r->diags, r->file, n, "lab-missing",
                        "A choice needs at least one <value>.");
    for (int i = 0; f && i < d->value_count; i++) {
        const char *v = d->values[i];
        bool fine = f->type == LAB_PICKLIST  ? lab_value_known(f, v)
                    : f->type == LAB_BOOLEAN ? str_eq(v, "0") || str_eq(v, "1")
                    : f->type == LAB_INTEGER || f->type == LAB_TIME
                        ? parse_i64(v, INT64_MIN, INT64_MAX, &number)
                        : f->type == LAB_TEXT || f->type == LAB_EMAIL;
        if (!fine)
            lab_xml_problem(r->diags, r->file, n, "lab-value",
                            "“%s” is no value that the field “%s” takes%s%s.", v, f->id,
                            f->value_count ? "; it takes " : "",
                            f->value_count ? lab_known_values(f, r->a) : "");
    }
}

static void read_distorts(struct reader *r, xmlNode *root) {
    static const char *const kinds[] = {"case", "pad", "blank", "drift", "choose"};
    struct lab_stack *s = r->stack;
    s->distorts = NEW_ARRAY(r->a, struct lab_distort, (size_t)lab_xml_count(root, "distort"));
    for (xmlNode *n = lab_xml_child(root, "distort"); n; n = lab_xml_next(n, "distort")) {
        struct lab_distort *d = &s->distorts[s->distort_count++];
        const struct lab_field *f = field_attr(r, n, object_attr(r, n, "object", NULL), "field");
        d->object = lab_xml_attr(n, "object", r->a);
        d->field = lab_xml_attr(n, "field", r->a);
        d->kind = (enum lab_distortion)lab_name_index(kinds, COUNT_OF(kinds),
                                                      lab_xml_attr(n, "kind", r->a));
        d->permille = lab_xml_int(n, "permille", 0);
        d->from = lab_xml_attr(n, "from", r->a);
        d->values = NEW_ARRAY(r->a, const char *, (size_t)lab_xml_count(n, "value"));
        for (xmlNode *v = lab_xml_child(n, "value"); v; v = lab_xml_next(v, "value"))
            d->values[d->value_count++] = lab_xml_text(v, r->a);
        if (f && d->kind == LAB_DRIFT && d->from && f->type == LAB_PICKLIST &&
            !lab_value_known(f, d->from))
            lab_xml_problem(r->diags, r->file, lab_xml_at(n, "from"), "lab-unknown",
                            "“%s” is no value of the field “%s”; it has %s.", d->from, f->id,
                            lab_known_values(f, r->a));
        if (d->kind == LAB_ONE_OF) check_chosen(r, n, f, d);
        bool written = d->kind == LAB_CASE || d->kind == LAB_PAD;
        if (f && written && f->type != LAB_TEXT && f->type != LAB_EMAIL)
            lab_xml_problem(r->diags, r->file, n, "lab-value",
                            "The field “%s” is no text, whose writing could be distorted.", f->id);
        if (f && d->kind == LAB_BLANK && f->required)
            lab_xml_problem(r->diags, r->file, n, "lab-required",
                            "The field “%s” must not be empty, so no row can lack it.", f->id);
        if (d->kind == LAB_DRIFT && (!d->from || d->value_count == 0))
            lab_xml_problem(r->diags, r->file, n, "lab-missing",
                            "A drift needs from=\"…\" and at least one <value>.");
    }
}

static void read_lookups(struct reader *r, xmlNode *root) {
    struct lab_stack *s = r->stack;
    s->lookups = NEW_ARRAY(r->a, struct lab_lookup, (size_t)lab_xml_count(root, "lookup"));
    for (xmlNode *n = lab_xml_child(root, "lookup"); n; n = lab_xml_next(n, "lookup")) {
        struct lab_lookup *l = &s->lookups[s->lookup_count++];
        l->id = lab_xml_attr(n, "id", r->a);
        l->pairs = NEW_ARRAY(r->a, struct lab_lookup_pair, (size_t)lab_xml_count(n, "pair"));
        for (xmlNode *p = lab_xml_child(n, "pair"); p; p = lab_xml_next(p, "pair"))
            l->pairs[l->pair_count++] = (struct lab_lookup_pair){lab_xml_attr(p, "left", r->a),
                                                                 lab_xml_attr(p, "right", r->a)};
    }
}

static void read_retypes(struct reader *r, xmlNode *parent, const struct lab_object *o,
                         struct lab_arrivals *out) {
    out->retypes = NEW_ARRAY(r->a, struct lab_retype, (size_t)lab_xml_count(parent, "retype"));
    for (xmlNode *n = lab_xml_child(parent, "retype"); n; n = lab_xml_next(n, "retype")) {
        field_attr(r, n, o, "field");
        bool blank = str_eq(lab_xml_attr(n, "kind", r->a), "blank");
        out->retypes[out->retype_count++] = (struct lab_retype){lab_xml_attr(n, "field", r->a),
                                                                blank ? LAB_BLANK : LAB_CAPITAL,
                                                                lab_xml_int(n, "permille", 1000)};
    }
}

static void read_world(struct reader *r, xmlNode *root) {
    struct lab_stack *s = r->stack;
    s->arrivals = NEW_ARRAY(r->a, struct lab_arrivals, (size_t)lab_xml_count(root, "arrivals"));
    for (xmlNode *n = lab_xml_child(root, "arrivals"); n; n = lab_xml_next(n, "arrivals")) {
        const struct lab_object *o = object_attr(r, n, "object", NULL);
        const char *name = file_attr(r, n);
        if (o) lab_columns_check(r->files, name, o, r->a, r->diags);
        struct lab_arrivals *each = &s->arrivals[s->arrivals_count++];
        each->object = lab_xml_attr(n, "object", r->a);
        each->file = name;
        each->per_day = lab_xml_int(n, "per-day", 0);
        each->returning_permille = lab_xml_int(n, "returning", 0);
        read_retypes(r, n, o, each);
    }
    s->edits = NEW_ARRAY(r->a, struct lab_edits, (size_t)lab_xml_count(root, "edits"));
    for (xmlNode *n = lab_xml_child(root, "edits"); n; n = lab_xml_next(n, "edits")) {
        field_attr(r, n, object_attr(r, n, "object", NULL), "field");
        s->edits[s->edits_count++] = (struct lab_edits){lab_xml_attr(n, "object", r->a),
                                                        lab_xml_attr(n, "field", r->a),
                                                        lab_xml_int(n, "per-day", 0)};
    }
}

bool lab_stack_read(struct lab_stack *out, const struct lab_files *files, const char *scenario_id,
                    struct arena *a, struct diag_list *diags) {
    memset(out, 0, sizeof *out);
    const char *folder = arena_printf(a, "scenarios/%s", scenario_id);
    const char *name = arena_printf(a, "%s/stack.xml", folder);
    struct reader r = {out, files, arena_printf(a, "labs/%s", name), folder, a, diags};
    int before = diags->errors;
    xmlNode *root = root_of(&r, name, "stack", NULL);
    if (!root) return false;
    if (!time_parse_iso(lab_xml_attr(root, "start", a), &out->start_ms))
        lab_xml_problem(diags, r.file, lab_xml_at(root, "start"), "lab-time",
                        "The start must be a time such as 2026-03-02T08:00:00Z.");
    for (xmlNode *n = lab_xml_child(root, "connector"); n; n = lab_xml_next(n, "connector"))
        read_member(&r, n);
    if (diags->errors == before) {
        check_value_names(&r);
        (void)lab_rules_read(out, files, root, r.file, a, diags);
        read_seeds(&r, root);
        read_distorts(&r, root);
        read_lookups(&r, root);
        read_world(&r, root);
        (void)lab_world_read(out, files, root, r.file, a, diags);
        (void)lab_timeline_read(out, files, folder, root, a, diags);
    }
    return diags->errors == before && out->member_count > 0;
}
