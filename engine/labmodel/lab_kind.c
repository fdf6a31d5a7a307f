/* Reads the rules of a stack: binds the roles of kinds to objects and fields, and writes their
 * names into the SQL. */
#include <string.h>

#include "base/buf.h"
#include "base/text.h"
#include "labmodel/lab_known.h"
#include "labmodel/lab_read.h"
#include "labmodel/lab_rules.h"
#include "labmodel/lab_xml.h"

const char *const lab_trigger_names[LAB_TRIGGERS] = {
    "create", "update", "delete", "event", "merge", "arrive", "schedule", "due", "start"};
const char *const lab_verb_names[LAB_VERBS] = {
    "each",   "if",   "choose", "when",  "otherwise",    "set",    "create",
    "update", "put",  "delete", "merge", "merge-groups", "find",   "match",
    "send",   "wait", "assign", "raise", "ask",          "charge", "fail"};
static const char *const argument_names[LAB_ARGUMENTS] = {
    "sql",      "record",    "loser",  "fill",        "key",          "rank",
    "mappings", "overwrite", "winner", "create-left", "create-right", "allowed",
    "for",      "until",     "data",   "pool",        "calendar",     "turn",
    "old",      "new",       "detail", "value",       "calls"};

struct role {
    const char *id;
    struct lab_place at;
    const char *fields[LAB_FIELDS_MAX]; /* roles, by the field's index; NULL: it plays none */
};

/* A kind that has been read; NULL root: it cannot be. */
struct kind_file {
    const char *id;
    xmlNode *root;
};

struct reader {
    struct lab_stack *stack;
    const struct lab_files *files;
    struct arena *a;
    struct diag_list *diags;
    const char *file; /* of the kind or the connector that is read */
    const char *kind, *binding;
    struct role roles[LAB_ROLES_MAX];
    int role_count;
    struct kind_file *kinds;
    size_t kind_count;
    struct lab_transforms *transforms; /* by member */
    bool fails;                        /* the rule that is read has a <fail> */
};

/* ---- Names ---------------------------------------------------------------------------------- */
static struct role *role_find(struct reader *r, const char *id, size_t len) {
    for (int i = 0; i < r->role_count; i++)
        if (strlen(r->roles[i].id) == len && strncmp(r->roles[i].id, id, len) == 0)
            return &r->roles[i];
    return NULL;
}

static const struct lab_field *role_field(const struct role *role, const char *id, size_t len) {
    for (int i = 0; i < role->at.object->field_count; i++) {
        const char *name = role->fields[i];
        if (name && strlen(name) == len && strncmp(name, id, len) == 0)
            return &role->at.object->fields[i];
    }
    return NULL;
}

static bool is_column(const char *name, size_t len) {
    static const char *const own[] = {"id", "created_ms", "updated_ms"};
    for (size_t i = 0; i < COUNT_OF(own); i++)
        if (strlen(own[i]) == len && strncmp(own[i], name, len) == 0) return true;
    return false;
}

/* Writes what `{name}` stands for; false when it stands for nothing. */
static bool write_name(struct reader *r, const char *name, size_t len, struct buf *out) {
    size_t role_len = strcspn(name, ".:}");
    const struct role *role = role_find(r, name, role_len);
    if (!role) return false;
    const struct lab_object *o = role->at.object;
    const char *connector = r->stack->members[role->at.member].connector->id;
    if (role_len == len) {
        buf_puts(out, o->table);
        return true;
    }
    const char *rest = name + role_len + 1;
    size_t rest_len = len - role_len - 1;
    if (name[role_len] == ':') {
        bool path = rest_len == 4 && strncmp(rest, "path", 4) == 0;
        if (!path && !(rest_len == 9 && strncmp(rest, "connector", 9) == 0)) return false;
        if (path) buf_printf(out, "'%s.%s'", connector, o->id);
        else buf_printf(out, "'%s'", connector);
        return true;
    }
    if (rest_len == 1 && *rest == '*') {
        for (int i = 0; i < o->field_count; i++)
            buf_printf(out, "%s%s", i ? ", " : "", o->fields[i].id);
        return true;
    }
    const struct lab_field *f = role_field(role, rest, rest_len);
    if (f) buf_puts(out, f->id);
    else if (is_column(rest, rest_len)) buf_add(out, rest, rest_len);
    else return false;
    return true;
}

/* The SQL with names for roles. */
static const char *fill(struct reader *r, xmlNode *n, const char *text) {
    struct buf b;
    buf_init(&b, r->a);
    while (*text) {
        size_t len = strcspn(text, "{");
        buf_add(&b, text, len);
        text += len;
        if (!*text) break;
        size_t name = strcspn(text + 1, "}");
        if (text[1 + name] != '}' || !write_name(r, text + 1, name, &b)) {
            lab_xml_problem(r->diags, r->file, n, "lab-role",
                            "The SQL names “{%.*s}”: no role of the kind, or none of its fields.",
                            (int)(name < 60 ? name : 60), text + 1);
            return "NULL";
        }
        text += name + 2;
    }
    return buf_text(&b);
}

static const struct lab_statement *add_sql(struct reader *r, xmlNode *n, const char *text) {
    struct lab_stack *s = r->stack;
    struct lab_statement *sql = NEW(r->a, struct lab_statement);
    *sql = (struct lab_statement){text, r->file, lab_xml_line(n), s->statement_count};
    s->statements = list_more(r->a, s->statements, (size_t)s->statement_count,
                              sizeof *s->statements);
    s->statements[s->statement_count++] = sql;
    return sql;
}

/* A value or a condition: an expression, or a SELECT of one value. */
static const struct lab_statement *sql_attr(struct reader *r, xmlNode *n, const char *name,
                                            bool expression) {
    const char *text = lab_xml_attr(n, name, r->a);
    if (!text) return NULL;
    text = fill(r, lab_xml_at(n, name), text);
    return add_sql(r, n, expression ? arena_printf(r->a, "SELECT (%s)", text) : text);
}

/* `format` with each key's SQL in place of `%1$s`, and `%2$s` as it is given. */
static const struct lab_statement *for_keys(struct reader *r, xmlNode *n,
                                            const struct lab_object *o, const char *format,
                                            const char *more) {
    struct lab_statement *list = NEW_ARRAY(r->a, struct lab_statement, (size_t)o->key_count);
    for (int i = 0; i < o->key_count; i++)
        list[i] = *add_sql(r, n, arena_printf(r->a, format, o->keys[i].sql, o->table, more));
    return list;
}

/* ---- Bindings ------------------------------------------------------------------------------- */
static void bind_fields(struct reader *r, struct role *role, xmlNode *declared, xmlNode *bind,
                        xmlNode *bound) {
    for (xmlNode *n = lab_xml_child(declared, "part"); n; n = lab_xml_next(n, "part")) {
        const char *id = lab_xml_attr(n, "id", r->a), *is = id;
        for (xmlNode *b = bound ? lab_xml_child(bound, "part") : NULL; b;
             b = lab_xml_next(b, "part"))
            if (str_eq(lab_xml_attr(b, "id", r->a), id)) is = lab_xml_attr(b, "is", r->a);
        const struct lab_field *f = lab_field_find(role->at.object, is);
        if (f) role->fields[f->index] = id;
        else
            lab_xml_problem(r->diags, r->file, bound ? bound : bind, "lab-role",
                            "The object “%s” has no field “%s”, which the kind “%s” needs; it has "
                            "%s.",
                            role->at.object->id, is, r->kind,
                            lab_known_fields(role->at.object, r->a));
    }
}

static struct lab_place place_of(struct reader *r, const char *name, int fallback) {
    struct lab_place at = {NULL, 0};
    if (strchr(name, '.')) at.object = lab_object_by_path(r->stack, name, &at.member);
    else if (fallback >= 0) {
        at.member = fallback;
        at.object = lab_object_find(r->stack->members[fallback].connector, name);
    }
    return at;
}

/* Finds an object for each role: the one that the binding names, or the one that is called like it.
 */
static bool bind_roles(struct reader *r, xmlNode *kind, xmlNode *bind, int connector) {
    int before = r->diags->errors;
    r->role_count = 0;
    for (xmlNode *n = lab_xml_child(kind, "role"); n; n = lab_xml_next(n, "role")) {
        const char *id = lab_xml_attr(n, "id", r->a), *is = id;
        xmlNode *bound = NULL;
        for (xmlNode *b = lab_xml_child(bind, "role"); b; b = lab_xml_next(b, "role"))
            if (str_eq(lab_xml_attr(b, "id", r->a), id)) bound = b;
        if (bound && lab_xml_attr(bound, "is", r->a)) is = lab_xml_attr(bound, "is", r->a);
        if (r->role_count == LAB_ROLES_MAX) {
            lab_xml_problem(r->diags, r->file, bind, "lab-limit",
                            "A kind has %d roles at most; “%s” has more.", LAB_ROLES_MAX, r->kind);
            return false;
        }
        struct role *role = &r->roles[r->role_count];
        *role = (struct role){.id = id, .at = place_of(r, is, connector)};
        if (!role->at.object) {
            lab_xml_problem(r->diags, r->file, bound ? bound : bind, "lab-role",
                            "The kind “%s” needs an object for “%s”, and there is no “%s”; there "
                            "are %s.",
                            r->kind, id, is, lab_known_objects(r->stack, r->a));
            continue;
        }
        r->role_count++;
        bind_fields(r, role, n, bind, bound);
    }
    return r->diags->errors == before;
}

/* ---- Steps ---------------------------------------------------------------------------------- */
static const char *known_roles(struct reader *r) {
    const char *ids[LAB_ROLES_MAX];
    for (int i = 0; i < r->role_count; i++) ids[i] = r->roles[i].id;
    return lab_known(ids, r->role_count, r->a);
}

static struct lab_place role_attr(struct reader *r, xmlNode *n, const char *attr) {
    const char *id = lab_xml_attr(n, attr, r->a);
    const struct role *role = id ? role_find(r, id, strlen(id)) : NULL;
    if (id && !role)
        lab_xml_problem(r->diags, r->file, lab_xml_at(n, attr), "lab-role",
                        "The kind has no role “%s”; it has %s.", id, known_roles(r));
    return role ? role->at : (struct lab_place){NULL, 0};
}

static const struct lab_field *field_in(struct reader *r, xmlNode *n, const char *id,
                                        const struct lab_object *o) {
    for (int i = 0; i < r->role_count; i++) {
        if (r->roles[i].at.object != o) continue;
        const struct lab_field *f = role_field(&r->roles[i], id, strlen(id));
        if (f) return f;
    }
    lab_xml_problem(r->diags, r->file, n, "lab-role", "The role has no field “%s”.", id);
    return NULL;
}

static struct lab_fields fields_attr(struct reader *r, xmlNode *n, const char *attr,
                                     const struct lab_object *o) {
    const char *text = lab_xml_attr(n, attr, r->a);
    struct lab_fields fields = {0};
    while (text && o && *text) {
        size_t len = strcspn(text, " ");
        const struct lab_field *f = field_in(r, n, arena_copy(r->a, text, len), o);
        if (f) lab_fields_add(&fields, f->index);
        text += len + strspn(text + len, " ");
    }
    return fields;
}

/* The row that is looked for, as a table of one row: its key is computed by the same expression. */
static const char *row_as_table(struct reader *r, const struct lab_object *o) {
    struct buf b;
    buf_init(&b, r->a);
    buf_puts(&b,
             "SELECT :row_id AS id, :row_created_ms AS created_ms, :row_updated_ms AS updated_ms");
    for (int i = 0; i < o->field_count; i++)
        buf_printf(&b, ", :row_%s AS %s", o->fields[i].id, o->fields[i].id);
    return buf_text(&b);
}

static void read_keyed(struct reader *r, xmlNode *n, struct lab_step *step) {
    const struct lab_object *o = step->at.object;
    if (!o) return;
    if (step->verb == LAB_DO_FIND)
        step->by_key = for_keys(
            r, n, o,
            "SELECT id FROM %2$s WHERE (%1$s) = (SELECT %1$s FROM (%3$s)) ORDER BY id LIMIT 1",
            row_as_table(r, o));
    if (step->verb == LAB_DO_MERGE_GROUPS) {
        const char *rank = lab_xml_attr(n, "rank", r->a);
        step->by_key = for_keys(
            r, n, o, "SELECT id, %1$s, %3$s FROM %2$s WHERE (%1$s) IS NOT NULL ORDER BY 2, 1",
            fill(r, n, rank ? rank : "0"));
    }
    if (step->verb == LAB_DO_MATCH) {
        static const char one[] = "SELECT %1$s FROM %2$s WHERE id = :this_id";
        step->by_key = for_keys(r, n, o, one, "");
        step->all_by_key = for_keys(r, n, o, "SELECT %1$s FROM %2$s ORDER BY id", "");
        if (step->right.object) step->right_by_key = for_keys(r, n, step->right.object, one, "");
    }
}

static void read_steps(struct reader *r, xmlNode *parent, struct lab_place at, int depth,
                       struct lab_step **out, int *count);

/* `at`: what a step works on that does not say so. */
static void read_step(struct reader *r, xmlNode *n, struct lab_place at, int depth,
                      struct lab_step *step) {
    step->verb = (enum lab_verb)lab_name_index(lab_verb_names, LAB_VERBS, (const char *)n->name);
    step->as = lab_xml_attr(n, "as", r->a);
    step->event = lab_xml_attr(n, "event", r->a);
    step->rejected = lab_xml_attr(n, "rejected", r->a);
    step->full = lab_xml_attr(n, "full", r->a);
    step->due = lab_xml_attr(n, "due", r->a);
    step->from_row = str_eq(lab_xml_attr(n, "from", r->a), "row");
    step->at = role_attr(r, n, step->verb == LAB_DO_MATCH ? "left" : "object");
    if (!step->at.object) step->at = at;
    step->right = role_attr(r, n, "right");
    if (step->from_row && step->at.object != at.object)
        lab_xml_problem(r->diags, r->file, n, "lab-role",
                        "from=\"row\" takes over the record in hand, which is of another object.");
    step->except = fields_attr(r, n, "except", step->at.object);
    const char *field = lab_xml_attr(n, step->verb == LAB_DO_MATCH ? "link" : "field", r->a);
    const struct lab_object *of = step->verb == LAB_DO_MATCH ? step->right.object : step->at.object;
    if (field && of) step->field = field_in(r, n, field, of);
    int problem = lab_name_index(lab_problem_names, LAB_PROBLEM_COUNT,
                                 lab_xml_attr(n, "problem", r->a));
    step->problem = problem > 0 ? (enum lab_problem)problem : LAB_PROBLEM_CONFLICT;
    if (step->verb == LAB_DO_FAIL) r->fails = true;
    struct lab_place mapping = role_attr(r, n, "transforms");
    if (mapping.object) step->transforms = &r->transforms[mapping.member];
    for (int i = 0; i < LAB_ARGUMENTS; i++) {
        bool rows = i == LAB_ARG_MAPPINGS || i == LAB_ARG_POOL ||
                    (i == LAB_ARG_SQL && step->verb == LAB_EACH);
        if (i != LAB_ARG_RANK) step->arg[i] = sql_attr(r, n, argument_names[i], !rows);
    }
    read_keyed(r, n, step);
    read_steps(r, n, step->at, depth + 1, &step->steps, &step->step_count);
}

static void read_steps(struct reader *r, xmlNode *parent, struct lab_place at, int depth,
                       struct lab_step **out, int *count) {
    int n = lab_xml_count(parent, NULL);
    *count = 0;
    if (n == 0) return;
    if (depth > LAB_STEPS_DEPTH) {
        lab_xml_problem(r->diags, r->file, parent, "lab-limit",
                        "Steps stand %d deep inside each other at most.", LAB_STEPS_DEPTH);
        return;
    }
    *out = NEW_ARRAY(r->a, struct lab_step, (size_t)n);
    for (xmlNode *c = lab_xml_child(parent, NULL); c; c = lab_xml_next(c, NULL))
        read_step(r, c, at, depth, &(*out)[(*count)++]);
}

/* ---- Rules ---------------------------------------------------------------------------------- */
/* A rule that listens to several kinds of events is one for each. */
static void add_rules(struct reader *r, xmlNode *n, struct lab_rule rule) {
    struct lab_stack *s = r->stack;
    const char *event = rule.event ? rule.event : "";
    do {
        size_t len = strcspn(event, " ");
        if (s->rule_count == LAB_RULES_MAX) {
            lab_xml_problem(
                r->diags, r->file, n, "lab-limit",
                "A stack has %d rules at most, with all its bindings; this is one more, "
                "of “%s”.",
                LAB_RULES_MAX, r->binding);
            return;
        }
        if (rule.event) rule.event = arena_copy(r->a, event, len);
        rule.index = s->rule_count;
        s->rules = list_more(r->a, s->rules, (size_t)s->rule_count, sizeof *s->rules);
        s->rules[s->rule_count++] = rule;
        event += len + strspn(event + len, " ");
    } while (*event);
}

static void read_rule(struct reader *r, xmlNode *n) {
    struct lab_rule rule = {.kind = r->kind, .binding = r->binding};
    for (int i = 0; i < LAB_TRIGGERS; i++) {
        const char *value = lab_xml_attr(n, lab_trigger_names[i], r->a);
        if (!value) continue;
        rule.on = (enum lab_trigger)i;
        bool named = i == LAB_ON_EVENT || i == LAB_ON_DUE;
        if (named) rule.event = value;
        rule.at = role_attr(r, n, named ? "object" : lab_trigger_names[i]);
        break;
    }
    const char *field = lab_xml_attr(n, "field", r->a);
    if (field && rule.at.object) rule.field = field_in(r, n, field, rule.at.object);
    rule.when = sql_attr(r, n, "if", true);
    rule.every = sql_attr(r, n, "every", true);
    r->fails = false;
    read_steps(r, n, rule.at, 1, &rule.steps, &rule.step_count);
    rule.fails = r->fails;
    add_rules(r, n, rule);
}

static void read_filter(struct reader *r, xmlNode *n) {
    struct lab_stack *s = r->stack;
    struct lab_filter f = {.id = lab_xml_attr(n, "id", r->a),
                           .binding = r->binding,
                           .over = role_attr(r, n, "over"),
                           .rows = role_attr(r, n, "rows")};
    struct {
        const char *name;
        const struct lab_field **field;
    } parts[] = {{"of", &f.of}, {"group", &f.group}, {"field", &f.field},
                 {"operator", &f.operator}, {"value", &f.value}};
    for (size_t i = 0; f.rows.object && i < COUNT_OF(parts); i++)
        *parts[i].field = field_in(r, n, lab_xml_attr(n, parts[i].name, r->a), f.rows.object);
    f.members = role_attr(r, n, "members");
    if (f.members.object) {
        f.member_of = field_in(r, n, lab_xml_attr(n, "member-of", r->a), f.members.object);
        f.member_record = field_in(r, n, lab_xml_attr(n, "member-record", r->a), f.members.object);
    }
    s->filters = list_more(r->a, s->filters, (size_t)s->filter_count, sizeof *s->filters);
    s->filters[s->filter_count++] = f;
}

/* The field of this attribute; NULL: it is not given. */
static const struct lab_field *field_attr(struct reader *r, xmlNode *n, const char *name,
                                          const struct lab_object *o) {
    const char *part = lab_xml_attr(n, name, r->a);
    return part && o ? field_in(r, n, part, o) : NULL;
}

static void read_diagram(struct reader *r, xmlNode *n) {
    struct lab_stack *s = r->stack;
    struct lab_diagram d = {.over = role_attr(r, n, "over"), .nodes = role_attr(r, n, "nodes")};
    const struct lab_object *o = d.nodes.object;
    d.of = field_attr(r, n, "of", o);
    d.order = field_attr(r, n, "order", o);
    d.label = field_attr(r, n, "label", o);
    d.next = field_attr(r, n, "next", o);
    d.other = field_attr(r, n, "other", o);
    d.last = lab_xml_attr(n, "last", r->a);
    d.stands = role_attr(r, n, "stands");
    d.stands_at = field_attr(r, n, "stands-at", d.stands.object);
    d.stands_while = field_attr(r, n, "stands-while", d.stands.object);
    d.stands_values = lab_xml_attr(n, "stands-values", r->a);
    const char *tells = lab_xml_attr(n, "tells", r->a);
    for (tells = tells ? tells : ""; o && *tells && d.tell_count < LAB_DIAGRAM_TELLS;) {
        size_t len = strcspn(tells, " ");
        d.tells[d.tell_count] = field_in(r, n, arena_copy(r->a, tells, len), o);
        d.tell_count += d.tells[d.tell_count] != NULL;
        tells += len + strspn(tells + len, " ");
    }
    if (!d.over.object || !d.of || !d.order || !d.label || !d.next) return; /* said already */
    s->diagrams = list_more(r->a, s->diagrams, (size_t)s->diagram_count, sizeof *s->diagrams);
    s->diagrams[s->diagram_count++] = d;
}

static void read_chart(struct reader *r, xmlNode *n) {
    struct lab_stack *s = r->stack;
    struct lab_chart c = {.query = role_attr(r, n, "query"),
                          .board = role_attr(r, n, "board"),
                          .tiles = role_attr(r, n, "tiles")};
    const struct {
        const char *name;
        const struct lab_field **field;
        const struct lab_object *object;
    } parts[] = {{"title", &c.title, c.query.object}, {"sql", &c.sql, c.query.object},
                 {"unit", &c.unit, c.query.object},   {"of", &c.of, c.tiles.object},
                 {"order", &c.order, c.tiles.object}, {"tile-title", &c.tile_title, c.tiles.object},
                 {"draws", &c.form, c.tiles.object},  {"shows", &c.shows, c.tiles.object}};
    for (size_t i = 0; i < COUNT_OF(parts); i++) {
        *parts[i].field = field_attr(r, n, parts[i].name, parts[i].object);
        if (!*parts[i].field) return; /* said already */
    }
    s->charts = list_more(r->a, s->charts, (size_t)s->chart_count, sizeof *s->charts);
    s->charts[s->chart_count++] = c;
}

static void read_objection(struct reader *r, xmlNode *n) {
    struct lab_stack *s = r->stack;
    s->objections = list_more(r->a, s->objections, (size_t)s->objection_count,
                              sizeof *s->objections);
    s->objections[s->objection_count++] = (struct lab_objection){lab_xml_attr(n, "to", r->a),
                                                                 sql_attr(r, n, "sql", true)};
}

static xmlNode *read_kind(struct reader *r, xmlNode *bind) {
    const char *name = arena_printf(r->a, "kinds/%s.xml", r->kind);
    const struct lab_file *f = lab_file_find(r->files, name);
    if (!f) {
        lab_xml_problem(r->diags, r->file, bind, "lab-missing",
                        "There is no kind “%s”: the file labs/%s does not exist.", r->kind, name);
        return NULL;
    }
    xmlDoc *doc = lab_xml_parse(arena_printf(r->a, "labs/%s", name), f->text, f->len, r->a,
                                r->diags);
    xmlNode *root = doc ? xmlDocGetRootElement(doc) : NULL;
    return root && lab_xml_is(root, "kind") ? root : NULL;
}

static xmlNode *kind_root(struct reader *r, xmlNode *bind) {
    for (size_t i = 0; i < r->kind_count; i++)
        if (str_eq(r->kinds[i].id, r->kind)) return r->kinds[i].root;
    r->kinds = list_more(r->a, r->kinds, r->kind_count, sizeof *r->kinds);
    r->kinds[r->kind_count] = (struct kind_file){r->kind, read_kind(r, bind)};
    return r->kinds[r->kind_count++].root;
}

/* `connector`: where roles that the binding does not name are looked for, -1 = nowhere. */
static void read_binding(struct reader *r, xmlNode *bind, const char *file, int connector) {
    r->file = file;
    r->kind = lab_xml_attr(bind, "kind", r->a);
    r->binding = lab_xml_attr(bind, "id", r->a);
    if (!r->binding)
        r->binding = connector < 0
                         ? r->kind
                         : arena_printf(r->a, "%s.%s", r->stack->members[connector].connector->id,
                                        r->kind);
    xmlNode *kind = kind_root(r, bind);
    if (!kind || !bind_roles(r, kind, bind, connector)) return;
    r->file = arena_printf(r->a, "labs/kinds/%s.xml", r->kind);
    for (xmlNode *n = lab_xml_child(kind, "filter"); n; n = lab_xml_next(n, "filter"))
        read_filter(r, n);
    for (xmlNode *n = lab_xml_child(kind, "diagram"); n; n = lab_xml_next(n, "diagram"))
        read_diagram(r, n);
    for (xmlNode *n = lab_xml_child(kind, "chart"); n; n = lab_xml_next(n, "chart"))
        read_chart(r, n);
    for (xmlNode *n = lab_xml_child(kind, "objection"); n; n = lab_xml_next(n, "objection"))
        read_objection(r, n);
    for (xmlNode *n = lab_xml_child(kind, "on"); n; n = lab_xml_next(n, "on")) read_rule(r, n);
}

static struct lab_transform read_transform(struct reader *r, xmlNode *n) {
    struct lab_transform t = {.id = lab_xml_attr(n, "id", r->a),
                              .keeps = lab_xml_attr(n, "keeps", r->a)};
    t.to_right = t.to_left = sql_attr(r, n, "sql", true);
    t.tidies = t.to_right != NULL;
    if (!t.tidies) {
        t.to_right = sql_attr(r, n, "to-right", true);
        t.to_left = sql_attr(r, n, "to-left", true);
    }
    return t;
}

static void read_transforms(struct reader *r, int member) {
    const struct lab_connector *c = r->stack->members[member].connector;
    struct lab_transforms *all = &r->transforms[member];
    r->file = c->file;
    r->role_count = 0; /* a connector names its own tables */
    all->list = NEW_ARRAY(r->a, struct lab_transform, (size_t)lab_xml_count(c->root, "transform"));
    for (xmlNode *n = lab_xml_child(c->root, "transform"); n; n = lab_xml_next(n, "transform"))
        all->list[all->count++] = read_transform(r, n);
}

bool lab_rules_read(struct lab_stack *stack, const struct lab_files *files, xmlNode *root,
                    const char *file, struct arena *a, struct diag_list *diags) {
    struct reader *r = NEW(a, struct reader);
    int before = diags->errors;
    *r = (struct reader){.stack = stack, .files = files, .a = a, .diags = diags};
    r->transforms = NEW_ARRAY(a, struct lab_transforms, (size_t)stack->member_count);
    for (int m = 0; m < stack->member_count; m++) read_transforms(r, m);
    for (int m = 0; m < stack->member_count; m++) {
        const struct lab_connector *c = stack->members[m].connector;
        for (xmlNode *n = lab_xml_child(c->root, "bind"); n; n = lab_xml_next(n, "bind"))
            read_binding(r, n, c->file, m);
    }
    for (xmlNode *n = lab_xml_child(root, "bind"); n; n = lab_xml_next(n, "bind")) {
        const char *in = lab_xml_attr(n, "in", a);
        int member = in ? lab_member_find(stack, in) : -1;
        if (in && member < 0)
            lab_xml_problem(diags, file, n, "lab-unknown",
                            "There is no connector “%s” in this stack.", in);
        read_binding(r, n, file, member);
    }
    return diags->errors == before;
}
