/* Reads the traits of a dialect: what it does beyond records and lists. A dialect without a trait
 * has neither its element nor the words for its problems. */
#include "labmodel/lab_read.h"
#include "labmodel/lab_xml.h"

static void read_etag(struct lab_dialect *d, xmlNode *n) {
    if (n) d->etag = lab_xml_true(n, "required") ? LAB_ETAG_REQUIRED : LAB_ETAG_OFFERED;
}

unsigned lab_dialect_problems(const struct lab_dialect *d) {
    unsigned all = LAB_PROBLEM_BIT(CHANGED) - 2; /* all before the first of a trait, but "none" */
    if (d->etag) all |= LAB_PROBLEM_BIT(CHANGED);
    if (d->etag == LAB_ETAG_REQUIRED) all |= LAB_PROBLEM_BIT(UNCONDITIONAL);
    if (d->once_header) all |= LAB_PROBLEM_BIT(KEY_REUSED);
    return all;
}

void lab_traits_read(struct lab_dialect *d, xmlNode *root, struct arena *a,
                     struct diag_list *diags) {
    (void)diags;
    xmlNode *once = lab_xml_child(root, "once");
    read_etag(d, lab_xml_child(root, "etag"));
    if (once) d->once_header = lab_xml_attr(once, "header", a);
}
