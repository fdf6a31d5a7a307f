/* Reads the traits of a dialect that do more than one thing at once: bulk jobs and composite calls;
 * and what it tells of deleted records. */
#include "base/text.h"
#include "labmodel/lab_read.h"
#include "labmodel/lab_xml.h"

struct attribute {
    const char *name;
    const char **to;
};

static void read_texts(xmlNode *n, const struct attribute *texts, size_t count, struct arena *a) {
    for (size_t i = 0; i < count; i++) *texts[i].to = lab_xml_attr(n, texts[i].name, a);
}

/* Words that a client tells apart. */
static void check_words(const struct lab_dialect *d, const char *const *words, size_t count,
                        xmlNode *n, struct diag_list *diags) {
    for (size_t i = 0; i < count; i++)
        for (size_t k = 0; k < i && words[i]; k++)
            if (str_eq(words[i], words[k]))
                lab_xml_problem(diags, d->file, n, "lab-duplicate", "Two names are “%s”.",
                                words[i]);
}

static void read_bulk(struct lab_dialect *d, xmlNode *n, struct arena *a, struct diag_list *diags) {
    struct lab_bulk *b = n ? NEW(a, struct lab_bulk) : NULL;
    if (!b) return;
    const struct attribute texts[] = {
        {"path", &b->path},
        {"object-as", &b->object_as},
        {"operation-as", &b->operation_as},
        {"create", &b->operations[LAB_BULK_CREATE]},
        {"update", &b->operations[LAB_BULK_UPDATE]},
        {"delete", &b->operations[LAB_BULK_DELETE]},
        {"open", &b->states[LAB_BULK_OPEN]},
        {"waiting", &b->states[LAB_BULK_WAITING]},
        {"running", &b->states[LAB_BULK_RUNNING]},
        {"finished", &b->states[LAB_BULK_FINISHED]},
        {"method", &b->method},
        {"rows", &b->rows},
        {"close", &b->close},
        {"done", &b->done},
        {"failed", &b->failed},
    };
    read_texts(n, texts, COUNT_OF(texts), a);
    b->csv = str_eq(lab_xml_attr(n, "format", a), "csv");
    b->max_rows = lab_xml_int(n, "max-rows", 10000);
    b->max_parts = lab_xml_int(n, "max-parts", 1);
    b->part_bytes = lab_xml_int(n, "part-bytes", 40000);
    b->max_open = lab_xml_int(n, "max-open", 5);
    b->slice_rows = lab_xml_int(n, "slice-rows", 200);
    b->slice_seconds = lab_xml_int(n, "slice-seconds", 30);
    const char *members[] = {b->object_as, b->operation_as},
               *parts[] = {b->rows, b->close, b->done, b->failed};
    check_words(d, members, COUNT_OF(members), n, diags);
    check_words(d, parts, COUNT_OF(parts), n, diags);
    check_words(d, b->operations, COUNT_OF(b->operations), n, diags);
    check_words(d, b->states, COUNT_OF(b->states), n, diags);
    d->bulk = b;
}

static void read_composite(struct lab_dialect *d, xmlNode *n, struct arena *a,
                           struct diag_list *diags) {
    struct lab_composite *c = n ? NEW(a, struct lab_composite) : NULL;
    if (!c) return;
    const struct attribute texts[] = {
        {"path", &c->path},           {"list-as", &c->list_as},
        {"method-as", &c->method_as}, {"address-as", &c->address_as},
        {"body-as", &c->body_as},     {"all-as", &c->all_as},
    };
    read_texts(n, texts, COUNT_OF(texts), a);
    c->all = lab_xml_true(n, "all");
    c->max = lab_xml_int(n, "max", 25);
    c->status = lab_xml_int(n, "status", 200);
    const char *around[] = {c->list_as, c->all_as},
               *members[] = {c->method_as, c->address_as, c->body_as};
    check_words(d, around, COUNT_OF(around), n, diags);
    check_words(d, members, COUNT_OF(members), n, diags);
    d->composite = c;
}

/* The time has a parameter of its own, as those of a place on a page do. */
static void read_deleted(struct lab_dialect *d, xmlNode *n, struct arena *a,
                         struct diag_list *diags) {
    struct lab_deleted *f = n ? NEW(a, struct lab_deleted) : NULL;
    if (!f) return;
    f->path = lab_xml_attr(n, "path", a);
    f->since_param = lab_xml_attr(n, "since", a);
    f->days = lab_xml_int(n, "days", 30);
    const char *params[] = {d->size_param, d->position_param, d->auth_param, f->since_param};
    check_words(d, params, COUNT_OF(params), n, diags);
    d->deleted = f;
}

void lab_traits_read_bulk(struct lab_dialect *d, xmlNode *root, struct arena *a,
                          struct diag_list *diags) {
    read_bulk(d, lab_xml_child(root, "bulk"), a, diags);
    read_composite(d, lab_xml_child(root, "composite"), a, diags);
    read_deleted(d, lab_xml_child(root, "deleted"), a, diags);
}
