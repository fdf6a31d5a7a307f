/* Reads a dialect: names, formats, limits and error messages of one fictional vendor. */
#include <string.h>

#include "base/text.h"
#include "labmodel/lab_known.h"
#include "labmodel/lab_pattern.h"
#include "labmodel/lab_read.h"
#include "labmodel/lab_xml.h"

const char *const lab_problem_names[LAB_PROBLEM_COUNT] = {
    "none",
    "unauthenticated",
    "expired",
    "unknown-path",
    "unknown-record",
    "bad-method",
    "bad-json",
    "unknown-field",
    "invalid-value",
    "required",
    "read-only",
    "conflict",
    "burst",
    "daily",
    "outage",
    "too-many",
    "too-many-filters",
    "changed",
    "unconditional",
    "key-reused",
    "grant",
    "scope",
    "job-state",
    "over-limit",
    "nested",
    "undone",
};

const char *const lab_operator_names[LAB_OPERATOR_COUNT] = {
    "not", "less", "at-most", "more", "at-least", "contains", "begins",
};

static const char *const auth_names[] = {"bearer", "key", "query", "basic", "oauth"};
static const char *const paging_names[] = {"offset", "page-token", "cursor"};
static const char *const date_names[] = {"iso", "seconds", "milliseconds", "day-first",
                                         "month-first"};
static const char *const truth_names[] = {"json", "yes-no", "one-zero"};
static const char *const empty_names[] = {"null", "text", "omit"};

static int choice(xmlNode *n, const char *attr, const char *const *names, int count,
                  struct arena *a) {
    int i = lab_name_index(names, count, lab_xml_attr(n, attr, a));
    return i < 0 ? 0 : i;
}

const struct lab_field *lab_field_named(const struct lab_object *o, const struct lab_dialect *d,
                                        const char *as) {
    const struct lab_object_name *names = &d->objects[o->index];
    for (int i = 0; i < o->field_count; i++)
        if (str_eq(names->fields[i].as, as)) return &o->fields[i];
    return NULL;
}

static void read_api(struct lab_dialect *d, xmlNode *n, struct arena *a) {
    d->base = lab_xml_attr(n, "base", a);
    d->update_method = lab_xml_attr(n, "update", a);
    d->create_status = lab_xml_int(n, "created", 201);
    d->update_status = lab_xml_int(n, "updated", 200);
    d->batch = lab_xml_attr(n, "batch", a);
    d->batch_max = lab_xml_int(n, "batch-max", 100);
    d->head = lab_xml_true(n, "head");
    d->options = lab_xml_true(n, "options");
    d->merge_path = lab_xml_attr(n, "merge", a);
    d->merge_field = lab_xml_attr(n, "merge-field", a);
    d->id_prefix = lab_xml_attr(n, "id-prefix", a);
}

static void read_auth(struct lab_dialect *d, xmlNode *n, struct arena *a) {
    d->auth = (enum lab_auth)choice(n, "kind", auth_names, COUNT_OF(auth_names), a);
    d->auth_header = lab_xml_attr(n, "header", a);
    d->auth_scheme = lab_xml_attr(n, "scheme", a);
    d->auth_path = lab_xml_attr(n, "path", a);
    d->auth_param = lab_xml_attr(n, "param", a);
    d->token_minutes = lab_xml_int(n, "minutes", 60);
    d->refresh_days = lab_xml_int(n, "refresh-days", 0);
    d->rotate_path = lab_xml_attr(n, "rotate", a);
    d->rotate_minutes = lab_xml_int(n, "overlap", 0);
}

static void read_paging(struct lab_dialect *d, xmlNode *n, struct arena *a) {
    d->paging = (enum lab_paging)choice(n, "kind", paging_names, COUNT_OF(paging_names), a);
    d->size_param = lab_xml_attr(n, "size", a);
    d->position_param = lab_xml_attr(n, "position", a);
    d->link = lab_xml_true(n, "link");
    d->page_default = lab_xml_int(n, "default", 50);
    d->page_max = lab_xml_int(n, "max", 200);
}

/* A pattern in which each of these stands exactly once. */
static const char *read_pattern(struct lab_dialect *d, xmlNode *n, const char *attr,
                                const char *first, const char *second, struct arena *a,
                                struct diag_list *diags) {
    const char *pattern = lab_xml_attr(n, attr, a);
    if (pattern &&
        (!lab_pattern_once(pattern, first, a) || (second && !lab_pattern_once(pattern, second, a))))
        lab_xml_problem(diags, d->file, n, "lab-pattern", "“%s” needs {%s}%s%s%s once.", pattern,
                        first, second ? " and {" : "", second ? second : "", second ? "}" : "");
    return pattern;
}

static void read_operators(struct lab_dialect *d, xmlNode *n, struct arena *a,
                           struct diag_list *diags) {
    struct lab_query *q = &d->query;
    q->filter_name = read_pattern(d, n, "name", "field", "operator", a, diags);
    q->filter_value = read_pattern(d, n, "value", "value", "operator", a, diags);
    for (xmlNode *o = lab_xml_child(n, "operator"); o; o = lab_xml_next(o, "operator")) {
        int of = lab_name_index(lab_operator_names, LAB_OPERATOR_COUNT, lab_xml_attr(o, "of", a));
        const char *as = lab_xml_attr(o, "as", a);
        if (of < 0) continue; /* the schema refuses it */
        for (int i = 0; i < LAB_OPERATOR_COUNT; i++)
            if (i == of ? q->operators[i] != NULL : str_eq(q->operators[i], as))
                lab_xml_problem(diags, d->file, o, "lab-duplicate", "Two operators are “%s”.", as);
        q->operators[of] = as;
    }
}

static void read_query(struct lab_dialect *d, xmlNode *n, struct arena *a,
                       struct diag_list *diags) {
    struct lab_query *q = &d->query;
    if (!n) return;
    q->sort_param = lab_xml_attr(n, "sort", a);
    q->ascending = read_pattern(d, n, "ascending", "field", NULL, a, diags);
    q->descending = read_pattern(d, n, "descending", "field", NULL, a, diags);
    q->fields_param = lab_xml_attr(n, "fields", a);
    q->since_param = lab_xml_attr(n, "since", a);
    if (lab_xml_child(n, "filter")) read_operators(d, lab_xml_child(n, "filter"), a, diags);
}

/* The parameters of lists that are no filters have names that no field has, and each its own. */
static void check_parameters(struct lab_dialect *d, const struct lab_connector *c, xmlNode *root,
                             struct diag_list *diags) {
    const char *names[] = {d->size_param,         d->position_param,    d->query.sort_param,
                           d->query.fields_param, d->query.since_param, d->auth_param};
    for (size_t i = 0; i < COUNT_OF(names); i++) {
        bool taken = false;
        for (size_t k = 0; k < i && names[i]; k++) taken = taken || str_eq(names[k], names[i]);
        for (int o = 0; o < c->object_count && names[i]; o++)
            taken = taken ||
                    (d->objects[o].fields && (lab_field_named(&c->objects[o], d, names[i]) ||
                                              str_eq(d->objects[o].id_as, names[i])));
        if (taken)
            lab_xml_problem(diags, d->file, root, "lab-duplicate",
                            "“%s” is a parameter of lists and something else.", names[i]);
    }
}

static void read_limits(struct lab_dialect *d, xmlNode *n, struct arena *a) {
    d->burst = lab_xml_int(n, "burst", 100);
    d->burst_seconds = lab_xml_int(n, "seconds", 10);
    d->daily = lab_xml_int(n, "daily", 10000);
    d->latency_ms = lab_xml_int(n, "latency", 150);
    d->limit_header = lab_xml_attr(n, "limit-header", a);
    d->remaining_header = lab_xml_attr(n, "remaining-header", a);
    d->reset_header = lab_xml_attr(n, "reset-header", a);
    d->retry_after = lab_xml_true(n, "retry-after");
}

static void read_formats(struct lab_dialect *d, xmlNode *n, struct arena *a) {
    d->date = (enum lab_date)choice(n, "date", date_names, COUNT_OF(date_names), a);
    d->date_offset_minutes = lab_xml_int(n, "offset", 0);
    d->truth = (enum lab_truth)choice(n, "boolean", truth_names, COUNT_OF(truth_names), a);
    d->empty = (enum lab_empty)choice(n, "empty", empty_names, COUNT_OF(empty_names), a);
}

static void read_body(struct lab_dialect *d, enum lab_body_of of, xmlNode *n, struct arena *a,
                      struct diag_list *diags) {
    if (d->bodies[of].text)
        lab_xml_problem(diags, d->file, n, "lab-duplicate", "The body of “%s” is there twice.",
                        lab_body_names[of]);
    const char *why = lab_body_read(&d->bodies[of], of, lab_xml_text(n, a),
                                    lab_xml_attr(n, "type", a), a);
    if (why) lab_xml_problem(diags, d->file, n, "lab-body", "%s", why);
}

/* Records alone are what most answers hold; the others have to be written. */
static void need_bodies(struct lab_dialect *d, xmlNode *root, struct arena *a,
                        struct diag_list *diags) {
    for (int i = 0; i < LAB_BODY_COUNT; i++) {
        bool of_batch = i >= LAB_BODY_BATCH && i <= LAB_BODY_BATCH_REFUSED,
             of_hook = i == LAB_BODY_HOOK, of_job = i >= LAB_BODY_JOB && i <= LAB_BODY_JOB_FAILED,
             of_composite = i == LAB_BODY_COMPOSITE || i == LAB_BODY_COMPOSITE_ONE,
             of_deleted = i == LAB_BODY_DELETED,
             written = i == LAB_BODY_ERROR || i == LAB_BODY_PAGE || of_batch || of_hook || of_job ||
                       of_composite || of_deleted;
        if (d->bodies[i].text || (of_batch && !d->batch) || (of_hook && !d->hooks) ||
            (of_job && !d->bulk) || (of_composite && !d->composite) || (of_deleted && !d->deleted))
            continue;
        if (written)
            lab_xml_problem(diags, d->file, root, "lab-missing",
                            "The dialect has no body for “%s”.", lab_body_names[i]);
        else (void)lab_body_read(&d->bodies[i], (enum lab_body_of)i, "{record}", NULL, a);
    }
}

/* RULE lab-next-page: whoever cannot count to the next page is told of it. */
static void check_next_page(const struct lab_dialect *d, xmlNode *root, struct diag_list *diags) {
    const struct lab_body *page = &d->bodies[LAB_BODY_PAGE];
    if (page->text && d->paging != LAB_PAGE_OFFSET && !d->link &&
        !lab_body_has(page, LAB_SLOT_NEXT))
        lab_xml_problem(diags, d->file, root, "lab-missing",
                        "Neither {next} in the body of “page” nor link=\"true\" leads on.");
}

static void read_bodies(struct lab_dialect *d, xmlNode *root, struct arena *a,
                        struct diag_list *diags) {
    for (xmlNode *n = lab_xml_child(root, "body"); n; n = lab_xml_next(n, "body"))
        for (const char *of = lab_xml_attr(n, "of", a); of && *of;) {
            size_t len = strcspn(of, " ");
            int which = lab_name_index(lab_body_names, LAB_BODY_COUNT, arena_copy(a, of, len));
            if (which >= 0) read_body(d, (enum lab_body_of)which, n, a, diags);
            of += len + strspn(of + len, " ");
        }
    need_bodies(d, root, a, diags);
    check_next_page(d, root, diags);
}

static void read_errors(struct lab_dialect *d, xmlNode *n, struct arena *a,
                        struct diag_list *diags) {
    for (xmlNode *e = lab_xml_child(n, "error"); e; e = lab_xml_next(e, "error")) {
        int when = lab_name_index(lab_problem_names, LAB_PROBLEM_COUNT, lab_xml_attr(e, "when", a));
        if (when < 0) continue; /* the schema refuses it */
        d->errors[when] = (struct lab_error){lab_xml_int(e, "status", 400),
                                             lab_xml_attr(e, "code", a), lab_xml_text(e, a)};
    }
    unsigned needed = lab_dialect_problems(d);
    for (int i = 1; i < LAB_PROBLEM_COUNT; i++)
        if ((needed >> i & 1) && !d->errors[i].code)
            lab_xml_problem(diags, d->file, n, "lab-missing",
                            "The dialect does not say its error for “%s”.", lab_problem_names[i]);
}

static bool renames(const struct lab_field_name *f, const char *value) {
    for (int i = 0; i < f->value_count; i++)
        if (str_eq(f->values[i].neutral, value)) return true;
    return false;
}

static void read_values(struct lab_field_name *f, const struct lab_field *neutral, xmlNode *n,
                        const char *file, struct arena *a, struct diag_list *diags) {
    f->value_count = lab_xml_count(n, "value");
    f->values = NEW_ARRAY(a, struct lab_value_name, (size_t)f->value_count);
    int i = 0;
    for (xmlNode *v = lab_xml_child(n, "value"); v; v = lab_xml_next(v, "value"), i++) {
        f->values[i] = (struct lab_value_name){lab_xml_attr(v, "of", a), lab_xml_attr(v, "as", a)};
        if (!lab_value_known(neutral, f->values[i].neutral))
            lab_xml_problem(diags, file, lab_xml_at(v, "of"), "lab-unknown",
                            "The connector's field “%s” has no value “%s”; it has %s.", neutral->id,
                            f->values[i].neutral, lab_known_values(neutral, a));
        for (int k = 0; k < i; k++)
            if (str_eq(f->values[k].as, f->values[i].as))
                lab_xml_problem(diags, file, lab_xml_at(v, "as"), "lab-duplicate",
                                "Two values are called “%s”.", f->values[i].as);
    }
    for (int k = 0; k < neutral->value_count; k++)
        for (i = 0; i < f->value_count && !renames(f, neutral->values[k]); i++)
            if (str_eq(f->values[i].as, neutral->values[k]))
                lab_xml_problem(diags, file, n, "lab-duplicate", "Two values are called “%s”.",
                                f->values[i].as);
}

/* RULE lab-verbs: a dialect does with an object what it says, and no more than the connector can.
 */
static void read_operations(struct lab_dialect *d, const struct lab_object *o, xmlNode *n,
                            struct arena *a, struct diag_list *diags) {
    unsigned said = lab_operations_read(lab_xml_attr(n, "operations", a));
    d->objects[o->index].operations = said ? said : o->operations;
    if (said & ~o->operations)
        lab_xml_problem(diags, d->file, n, "lab-unknown",
                        "The connector's object “%s” has not all of these operations.", o->id);
}

static void read_object(struct lab_dialect *d, const struct lab_object *o, xmlNode *n,
                        struct arena *a, struct diag_list *diags) {
    struct lab_object_name *names = &d->objects[o->index];
    read_operations(d, o, n, a, diags);
    names->path = lab_xml_attr(n, "path", a);
    names->title = lab_xml_attr(n, "title", a);
    names->plural = lab_xml_attr(n, "plural", a);
    names->id_as = lab_xml_attr(n, "id-as", a);
    names->created_as = lab_xml_attr(n, "created-as", a);
    names->updated_as = lab_xml_attr(n, "updated-as", a);
    names->fields = NEW_ARRAY(a, struct lab_field_name, (size_t)o->field_count);
    for (xmlNode *f = lab_xml_child(n, "field"); f; f = lab_xml_next(f, "field")) {
        const char *id = lab_xml_attr(f, "id", a);
        const struct lab_field *neutral = lab_field_find(o, id);
        if (!neutral) {
            lab_xml_problem(diags, d->file, lab_xml_at(f, "id"), "lab-unknown",
                            "The connector's object “%s” has no field “%s”; it has %s.", o->id, id,
                            lab_known_fields(o, a));
            continue;
        }
        struct lab_field_name *name = &names->fields[neutral->index];
        name->as = lab_xml_attr(f, "as", a);
        name->title = lab_xml_attr(f, "title", a);
        if (!name->title) name->title = name->as;
        read_values(name, neutral, f, d->file, a, diags);
        for (int k = 0; k < o->field_count; k++)
            if (k != neutral->index && str_eq(names->fields[k].as, name->as))
                lab_xml_problem(diags, d->file, lab_xml_at(f, "as"), "lab-duplicate",
                                "Two fields are called “%s”.", name->as);
    }
    for (int i = 0; i < o->field_count; i++)
        if (!names->fields[i].as)
            lab_xml_problem(diags, d->file, n, "lab-missing", "The dialect has no name for %s.%s.",
                            o->id, o->fields[i].id);
}

bool lab_dialect_read(struct lab_dialect *d, const struct lab_connector *c, xmlNode *root,
                      const char *file, struct arena *a, struct diag_list *diags) {
    int before = diags->errors;
    memset(d, 0, sizeof *d);
    d->file = file;
    d->id = lab_xml_attr(root, "id", a);
    d->connector_id = lab_xml_attr(root, "connector", a);
    d->title = lab_xml_attr(root, "title", a);
    d->about = lab_xml_text(lab_xml_child(root, "about"), a);
    if (!str_eq(d->connector_id, c->id))
        lab_xml_problem(diags, file, root, "lab-unknown",
                        "The dialect speaks for “%s”, not for “%s”.", d->connector_id, c->id);
    read_api(d, lab_xml_child(root, "api"), a);
    read_auth(d, lab_xml_child(root, "auth"), a);
    read_paging(d, lab_xml_child(root, "paging"), a);
    read_query(d, lab_xml_child(root, "query"), a, diags);
    lab_traits_read(d, c, root, a, diags);
    read_limits(d, lab_xml_child(root, "limits"), a);
    read_formats(d, lab_xml_child(root, "formats"), a);
    read_bodies(d, root, a, diags);
    read_errors(d, lab_xml_child(root, "errors"), a, diags);
    d->objects = NEW_ARRAY(a, struct lab_object_name, (size_t)c->object_count);
    for (xmlNode *n = lab_xml_child(root, "object"); n; n = lab_xml_next(n, "object")) {
        const struct lab_object *o = lab_object_find(c, lab_xml_attr(n, "id", a));
        if (!o)
            lab_xml_problem(diags, file, n, "lab-unknown",
                            "The connector has no object of this id.");
        else read_object(d, o, n, a, diags);
    }
    for (int i = 0; i < c->object_count; i++)
        if (!d->objects[i].path)
            lab_xml_problem(diags, file, root, "lab-missing",
                            "The dialect has no name for the object “%s”.", c->objects[i].id);
    check_parameters(d, c, root, diags);
    lab_traits_check(d, c, root, diags);
    return diags->errors == before;
}
