/* Reads the traits of a dialect: what it does beyond records and lists. A dialect without a trait
 * has neither its element nor the words for its problems. */
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "labmodel/lab_pattern.h"
#include "labmodel/lab_read.h"
#include "labmodel/lab_xml.h"

static void read_etag(struct lab_dialect *d, xmlNode *n) {
    if (n) d->etag = lab_xml_true(n, "required") ? LAB_ETAG_REQUIRED : LAB_ETAG_OFFERED;
}

/* ---- Webhooks ------------------------------------------------------------------------------- */
static void read_retries(struct lab_dialect *d, struct lab_hooks *h, xmlNode *n, struct arena *a,
                         struct diag_list *diags) {
    for (const char *p = lab_xml_attr(n, "retries", a); p && *p;) {
        if (h->retry_count == LAB_HOOK_RETRIES_MAX) {
            lab_xml_problem(diags, d->file, n, "lab-limit", "A webhook is sent again %d times.",
                            LAB_HOOK_RETRIES_MAX);
            return;
        }
        h->retry_seconds[h->retry_count++] = (int)strtol(p, NULL, 10); /* the schema knows it */
        p += strcspn(p, " ");
        p += strspn(p, " ");
    }
}

static void check_words(const struct lab_dialect *d, const struct lab_hooks *h, xmlNode *n,
                        struct diag_list *diags) {
    const char *words[] = {h->id_as, h->address_as, h->state_as, h->secret_as, h->rotate, h->log};
    for (size_t i = 0; i < COUNT_OF(words); i++)
        for (size_t k = 0; k < i; k++)
            if (str_eq(words[i], words[k]))
                lab_xml_problem(diags, d->file, n, "lab-duplicate", "Two names are “%s”.",
                                words[i]);
}

static void read_hooks(struct lab_dialect *d, xmlNode *n, struct arena *a,
                       struct diag_list *diags) {
    struct lab_hooks *h = n ? NEW(a, struct lab_hooks) : NULL;
    if (!h) return;
    const struct {
        const char *name;
        const char **to;
    } texts[] = {
        {"path", &h->path},
        {"id-as", &h->id_as},
        {"address-as", &h->address_as},
        {"state-as", &h->state_as},
        {"secret-as", &h->secret_as},
        {"challenge-as", &h->challenge_as},
        {"rotate", &h->rotate},
        {"log", &h->log},
        {"id-header", &h->id_header},
        {"time-header", &h->time_header},
        {"signature-header", &h->signature_header},
        {"signature", &h->signature},
        {"created", &h->created},
        {"changed", &h->changed},
        {"deleted", &h->deleted},
    };
    for (size_t i = 0; i < COUNT_OF(texts); i++) *texts[i].to = lab_xml_attr(n, texts[i].name, a);
    h->overlap_minutes = lab_xml_int(n, "overlap", 60);
    read_retries(d, h, n, a, diags);
    check_words(d, h, n, diags);
    if (!lab_pattern_once(h->signature, "signature", a) || strchr(h->signature, ' '))
        lab_xml_problem(diags, d->file, n, "lab-pattern",
                        "“%s” needs {signature} once, and no blank.", h->signature);
    d->hooks = h;
}

/* RULE lab-trait-path: a path of a trait is none of an object's, nor below one. */
void lab_traits_check(const struct lab_dialect *d, const struct lab_connector *c, xmlNode *root,
                      struct diag_list *diags) {
    for (int i = 0; i < c->object_count && d->hooks; i++) {
        const char *one = d->hooks->path, *other = d->objects[i].path;
        size_t n = strlen(one), m = other ? strlen(other) : 0, least = n < m ? n : m;
        if (other && strncmp(one, other, least) == 0 &&
            (n == m || (n < m ? other : one)[least] == '/'))
            lab_xml_problem(diags, d->file, root, "lab-duplicate",
                            "“%s” is the path of an object and of something else.", one);
    }
}

/* ---- All ------------------------------------------------------------------------------------ */
unsigned lab_dialect_problems(const struct lab_dialect *d) {
    unsigned all = LAB_PROBLEM_BIT(CHANGED) - 2; /* all before the first of a trait, but "none" */
    if (d->etag) all |= LAB_PROBLEM_BIT(CHANGED);
    if (d->etag == LAB_ETAG_REQUIRED) all |= LAB_PROBLEM_BIT(UNCONDITIONAL);
    if (d->once_header) all |= LAB_PROBLEM_BIT(KEY_REUSED);
    return all;
}

void lab_traits_read(struct lab_dialect *d, xmlNode *root, struct arena *a,
                     struct diag_list *diags) {
    xmlNode *once = lab_xml_child(root, "once");
    read_etag(d, lab_xml_child(root, "etag"));
    if (once) d->once_header = lab_xml_attr(once, "header", a);
    read_hooks(d, lab_xml_child(root, "hooks"), a, diags);
}
