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

/* ---- Scopes --------------------------------------------------------------------------------- */
/* Goes through the words of a list: the next one, NULL at the end. */
static const char *next_word(const char **at, struct arena *a) {
    size_t len = *at ? strcspn(*at, " ") : 0;
    if (!len) return NULL;
    const char *word = arena_copy(a, *at, len);
    *at += len;
    *at += strspn(*at, " ");
    return word;
}

static void read_scope(struct lab_dialect *d, struct lab_scope *scope,
                       const struct lab_connector *c, xmlNode *n, struct arena *a,
                       struct diag_list *diags) {
    const char *to = lab_xml_attr(n, "to", a), *of = lab_xml_attr(n, "of", a), *word;
    scope->as = lab_xml_attr(n, "as", a);
    scope->objects = of ? 0 : ~(uint64_t)0;
    while ((word = next_word(&to, a)))
        *(str_eq(word, "read")    ? &scope->read
          : str_eq(word, "write") ? &scope->write
                                  : &scope->hooks) = true;
    while ((word = next_word(&of, a))) {
        const struct lab_object *o = lab_object_find(c, word);
        if (o) scope->objects |= (uint64_t)1 << o->index;
        else
            lab_xml_problem(diags, d->file, lab_xml_at(n, "of"), "lab-unknown",
                            "The connector has no object “%s”.", word);
    }
}

static void read_scopes(struct lab_dialect *d, const struct lab_connector *c, xmlNode *auth,
                        struct arena *a, struct diag_list *diags) {
    int count = lab_xml_count(auth, "scope");
    struct lab_scope *scopes = NEW_ARRAY(a, struct lab_scope, (size_t)count);
    if (count > LAB_SCOPES_MAX) {
        lab_xml_problem(diags, d->file, auth, "lab-limit", "A dialect has %d scopes at most.",
                        LAB_SCOPES_MAX);
        return;
    }
    for (xmlNode *n = lab_xml_child(auth, "scope"); n; n = lab_xml_next(n, "scope")) {
        read_scope(d, &scopes[d->scope_count], c, n, a, diags);
        for (int i = 0; i < d->scope_count; i++)
            if (str_eq(scopes[i].as, scopes[d->scope_count].as))
                lab_xml_problem(diags, d->file, n, "lab-duplicate", "Two scopes are “%s”.",
                                scopes[i].as);
        d->scope_count++;
    }
    d->scopes = scopes;
}

/* ---- Webhooks ------------------------------------------------------------------------------- */
static void read_retries(struct lab_dialect *d, struct lab_hooks *h, xmlNode *n, struct arena *a,
                         struct diag_list *diags) {
    const char *at = lab_xml_attr(n, "retries", a), *word;
    while ((word = next_word(&at, a))) {
        if (h->retry_count == LAB_HOOK_RETRIES_MAX) {
            lab_xml_problem(diags, d->file, n, "lab-limit", "A webhook is sent again %d times.",
                            LAB_HOOK_RETRIES_MAX);
            return;
        }
        h->retry_seconds[h->retry_count++] = (int)strtol(word, NULL, 10); /* the schema knows it */
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

/* RULE lab-scope-all: where there are scopes, each object can be read and written with one. */
static void check_scopes(const struct lab_dialect *d, const struct lab_connector *c, xmlNode *root,
                         struct diag_list *diags) {
    const unsigned reads = LAB_LIST | LAB_GET;
    for (int i = 0; i < c->object_count && d->scope_count; i++) {
        unsigned open = 0;
        for (int k = 0; k < d->scope_count; k++)
            if (d->scopes[k].objects >> i & 1)
                open |= (d->scopes[k].read ? reads : 0) | (d->scopes[k].write ? ~reads : 0);
        if (d->objects[i].operations & ~open)
            lab_xml_problem(diags, d->file, lab_xml_child(root, "auth"), "lab-missing",
                            "No scope is for all that can be done with “%s”.", c->objects[i].id);
    }
    bool hooks = !d->hooks || !d->scope_count;
    for (int k = 0; k < d->scope_count; k++) hooks = hooks || d->scopes[k].hooks;
    if (!hooks)
        lab_xml_problem(diags, d->file, lab_xml_child(root, "auth"), "lab-missing",
                        "No scope is for webhooks.");
}

/* Whether one of the two is the other, or below it. */
static bool in_each_other(const char *one, const char *other) {
    size_t n = one ? strlen(one) : 0, m = other ? strlen(other) : 0, least = n < m ? n : m;
    return one && other && strncmp(one, other, least) == 0 &&
           (n == m || (n < m ? other : one)[least] == '/');
}

/* RULE lab-trait-path: a path of a trait is none of an object's or of another trait's, nor below
 * one. */
void lab_traits_check(const struct lab_dialect *d, const struct lab_connector *c, xmlNode *root,
                      struct diag_list *diags) {
    check_scopes(d, c, root, diags);
    const char *paths[] = {d->hooks ? d->hooks->path : NULL, d->rotate_path,
                           d->bulk ? d->bulk->path : NULL, d->composite ? d->composite->path : NULL,
                           d->deleted ? d->deleted->path : NULL};
    for (size_t i = 0; i < COUNT_OF(paths); i++) {
        for (int k = 0; k < c->object_count; k++)
            if (in_each_other(paths[i], d->objects[k].path))
                lab_xml_problem(diags, d->file, root, "lab-duplicate",
                                "“%s” is the path of an object and of something else.", paths[i]);
        for (size_t k = 0; k < i; k++)
            if (in_each_other(paths[i], paths[k]))
                lab_xml_problem(diags, d->file, root, "lab-duplicate",
                                "“%s” is the path of two traits.", paths[i]);
    }
}

/* ---- All ------------------------------------------------------------------------------------ */
unsigned lab_dialect_problems(const struct lab_dialect *d) {
    unsigned all = LAB_PROBLEM_BIT(CHANGED) - 2; /* all before the first of a trait, but "none" */
    if (d->etag) all |= LAB_PROBLEM_BIT(CHANGED);
    if (d->etag == LAB_ETAG_REQUIRED) all |= LAB_PROBLEM_BIT(UNCONDITIONAL);
    if (d->once_header) all |= LAB_PROBLEM_BIT(KEY_REUSED);
    if (d->scope_count) all |= LAB_PROBLEM_BIT(SCOPE);
    if (d->scope_count || d->refresh_days) all |= LAB_PROBLEM_BIT(GRANT);
    if (d->bulk) all |= LAB_PROBLEM_BIT(JOB_STATE);
    if (d->bulk || d->composite) all |= LAB_PROBLEM_BIT(OVER_LIMIT);
    if (d->composite) all |= LAB_PROBLEM_BIT(NESTED);
    if (d->composite && (d->composite->all || d->composite->all_as)) all |= LAB_PROBLEM_BIT(UNDONE);
    return all;
}

void lab_traits_read(struct lab_dialect *d, const struct lab_connector *c, xmlNode *root,
                     struct arena *a, struct diag_list *diags) {
    xmlNode *once = lab_xml_child(root, "once");
    read_etag(d, lab_xml_child(root, "etag"));
    if (once) d->once_header = lab_xml_attr(once, "header", a);
    read_scopes(d, c, lab_xml_child(root, "auth"), a, diags);
    read_hooks(d, lab_xml_child(root, "hooks"), a, diags);
    lab_traits_read_bulk(d, root, a, diags);
}
