/* Validates with RELAX NG through libxml2 and places its messages: libxml2 names an element without
 * its position when there are several ways through a pattern, and reports everything around a fault
 * as well. Here each fault has one report, at the line of its own element. */
#include <libxml/relaxng.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "labmodel/lab_xml.h"
#include "labmodel/lab_xml_explain.h"
#include "labmodel/lab_xml_schema.h"

#define FAULTS_MAX 50    /* a broken document can give thousands */
#define ALIKE_MAX 2000   /* elements of one name that are looked through */
#define CULPRITS_MAX 20  /* for one complaint */
#define TRIES_MAX 20     /* for a sound element */
#define CHILDREN_MAX 300 /* that are left out in turn */

struct fault {
    xmlNode *node; /* the element; NULL: not known */
    int code;
    const char *message, *name; /* name: the element's, as the message has it */
};
struct faults {
    struct arena *arena;
    struct fault list[FAULTS_MAX];
    size_t count;
};
struct rules {
    xmlRelaxNGPtr schema;
    xmlDoc *doc;
    struct arena *arena;
    xmlDoc *grammar; /* the schema as it is written */
};

static void on_fault(void *context, xmlErrorPtr e) {
    struct faults *f = context;
    if (!e || f->count == FAULTS_MAX) return;
    xmlNode *node = e->node;
    while (node && node->type != XML_ELEMENT_NODE)
        node = node->parent; /* attributes know no line */
    /* “Extra content” is told of the first child that was left over, which need not be the fault.
     */
    if (e->code == XML_RELAXNG_ERR_EXTRACONTENT && node && e->str1 && node->parent &&
        strcmp((const char *)node->name, e->str1) != 0)
        node = node->parent->type == XML_ELEMENT_NODE ? node->parent : node;
    /* Wrong attributes of an element are told of its first child as well. */
    if (e->code == XML_RELAXNG_ERR_ATTRVALID && node && e->str1 && node->parent &&
        strcmp((const char *)node->name, e->str1) != 0 && lab_xml_is(node->parent, e->str1))
        node = node->parent;
    size_t len = e->message ? strlen(e->message) : 0;
    while (len && (e->message[len - 1] == '\n' || e->message[len - 1] == ' ')) len--;
    f->list[f->count++] = (struct fault){
        node, e->code, arena_copy(f->arena, e->message ? e->message : "", len > 300 ? 300 : len),
        e->str1 ? arena_dup(f->arena, e->str1) : NULL};
}

static bool validate(const struct rules *r, struct faults *out) {
    out->arena = r->arena;
    out->count = 0;
    xmlRelaxNGValidCtxtPtr valid = xmlRelaxNGNewValidCtxt(r->schema);
    if (!valid) arena_starve(r->arena);
    xmlRelaxNGSetValidStructuredErrors(valid, on_fault, out);
    int result = xmlRelaxNGValidateDoc(valid, r->doc);
    xmlRelaxNGFreeValidCtxt(valid);
    return result == 0;
}

/* ---- Which of several elements of one name --------------------------------------------------- */

struct alike {
    const struct rules *rules;
    xmlNode *at[ALIKE_MAX], *clone[ALIKE_MAX]; /* clone: of a sound one, to stand in */
    bool swapped[ALIKE_MAX], culprit[ALIKE_MAX];
    size_t count;
};

static void collect(struct alike *k, xmlNode *n, const char *name) {
    for (; n; n = n->next) {
        if (n->type != XML_ELEMENT_NODE) continue;
        if (k->count < ALIKE_MAX && strcmp((const char *)n->name, name) == 0) k->at[k->count++] = n;
        collect(k, n->children, name); /* libxml2 reads 256 levels at most */
    }
}

static void swap(struct alike *k, size_t i, bool away) {
    if (k->swapped[i] == away) return;
    k->swapped[i] = away;
    (void)xmlReplaceNode(away ? k->at[i] : k->clone[i], away ? k->clone[i] : k->at[i]);
}

/* Whether the complaint is still made when the first `n`, and the culprits so far, are replaced by
 * a sound one. */
static bool complains(struct alike *k, size_t n, const struct fault *about) {
    struct faults now;
    for (size_t i = 0; i < k->count; i++) swap(k, i, i < n || k->culprit[i]);
    (void)validate(k->rules, &now);
    for (size_t i = 0; i < now.count; i++)
        if (now.list[i].code == about->code && str_eq(now.list[i].message, about->message))
            return true;
    return false;
}

static void drop_clones(struct alike *k) {
    for (size_t i = 0; i < k->count; i++) {
        if (k->clone[i]) swap(k, i, false);
        xmlFreeNode(k->clone[i]);
        k->clone[i] = NULL;
    }
}

/* Finds a valid element: one that silences the complaint when it replaces all others of its name.
 */
static bool find_sound(struct alike *k, const struct fault *about) {
    for (size_t g = 0; g < k->count && g < TRIES_MAX; g++) {
        bool made = true;
        for (size_t i = 0; i < k->count; i++)
            made = (k->clone[i] = xmlDocCopyNode(k->at[g], k->rules->doc, 1)) && made;
        if (made && !complains(k, k->count, about)) return true;
        drop_clones(k);
    }
    return false;
}

static void place(const struct rules *r, const struct fault *about, struct faults *out) {
    struct alike *k = NEW(r->arena, struct alike);
    k->rules = r;
    if (about->name) collect(k, xmlDocGetRootElement(r->doc), about->name);
    struct fault found = *about;
    /* One only, or none of them is sound: then the first is as good as any. */
    if (!found.node && k->count) found.node = k->at[0];
    if (k->count < 2 || !find_sound(k, about)) {
        if (out->count < FAULTS_MAX) out->list[out->count++] = found;
        return;
    }
    for (int n = 0; n < CULPRITS_MAX && complains(k, 0, about); n++) {
        size_t low = 0, high = k->count; /* it complains with `low` replaced, not with `high` */
        while (high - low > 1) {
            size_t middle = (low + high) / 2;
            if (complains(k, middle, about)) low = middle;
            else high = middle;
        }
        k->culprit[low] = true;
    }
    for (size_t i = 0; i < k->count; i++) {
        found.node = k->at[i];
        if (k->culprit[i] && out->count < FAULTS_MAX) out->list[out->count++] = found;
    }
    drop_clones(k);
}

/* ---- One report for one fault ---------------------------------------------------------------- */

/* Says only that something in or about the element is wrong. */
static bool is_general(const struct fault *f) {
    return f->code == XML_RELAXNG_ERR_INTERSEQ || f->code == XML_RELAXNG_ERR_INTEREXTRA ||
           f->code == XML_RELAXNG_ERR_ATTRVALID || f->code == XML_RELAXNG_ERR_CONTENTVALID ||
           f->code == XML_RELAXNG_ERR_EXTRACONTENT;
}

static bool is_above(const xmlNode *n, const xmlNode *below) {
    for (below = below ? below->parent : NULL; below; below = below->parent)
        if (below == n) return true;
    return false;
}

/* A general complaint says nothing new beside another one of the same element or of one inside. */
static bool follows(const struct faults *all, size_t i) {
    const struct fault *f = &all->list[i];
    for (size_t k = 0; k < all->count; k++) {
        const struct fault *other = &all->list[k];
        if (k == i || !other->node) continue;
        if (k < i && other->node == f->node && str_eq(other->message, f->message)) return true;
        if (!is_general(f)) continue;
        if (!f->node || is_above(f->node, other->node)) return true;
        if (f->node == other->node && (!is_general(other) || k < i)) return true;
    }
    return false;
}

/* Finds the child without which the document would be valid. */
static xmlNode *unexpected_child(const struct rules *r, xmlNode *parent) {
    int tries = 0;
    for (xmlNode *n = parent ? lab_xml_child(parent, NULL) : NULL; n && tries++ < CHILDREN_MAX;
         n = lab_xml_next(n, NULL)) {
        xmlNode *gap = xmlNewDocComment(r->doc, (const xmlChar *)"");
        struct faults now;
        if (!gap) arena_starve(r->arena);
        (void)xmlReplaceNode(n, gap);
        bool right = validate(r, &now);
        (void)xmlReplaceNode(gap, n);
        xmlFreeNode(gap);
        if (right) return n;
    }
    return NULL;
}

static bool told_before(const struct faults *all, const bool *told, size_t i) {
    for (size_t k = 0; k < i; k++)
        if (told[k] && all->list[k].node == all->list[i].node) return true;
    return false;
}

static void report_unexpected_child(const struct rules *r, const char *file, xmlNode *odd,
                                    struct diag_list *diags) {
    const char *known = lab_xml_children(r->grammar, odd->parent, (const char *)odd->name,
                                         r->arena);
    if (known)
        lab_xml_problem(diags, file, odd, "schema",
                        "<%s> is not known inside <%s>; it may hold %s.", odd->name,
                        odd->parent->name, known);
    else
        lab_xml_problem(diags, file, odd, "schema",
                        "Did not expect element %s there, or not as it stands", odd->name);
}

static void report(const struct rules *r, const char *file, const struct faults *all,
                   struct diag_list *diags) {
    bool told[FAULTS_MAX] = {false};
    for (size_t i = 0; i < all->count; i++) {
        const struct fault *f = &all->list[i];
        if (follows(all, i)) continue;
        /* The schema explains all wrong attributes of an element at once. */
        if (told_before(all, told, i)) continue;
        told[i] = f->node &&
                  lab_xml_explain_attributes(r->grammar, f->node, file, r->arena, diags) > 0;
        if (told[i]) continue;
        /* That an element is missing may be said of one that nobody knows, too. */
        bool of_children = is_general(f) || f->code == XML_RELAXNG_ERR_NOELEM;
        xmlNode *odd = of_children && f->code != XML_RELAXNG_ERR_ATTRVALID
                           ? unexpected_child(r, f->node)
                           : NULL;
        if (!odd && f->code == XML_RELAXNG_ERR_ELEMWRONG && f->node &&
            f->node->parent->type == XML_ELEMENT_NODE)
            odd = f->node;
        if (odd) report_unexpected_child(r, file, odd, diags);
        else lab_xml_problem(diags, file, f->node, "schema", "%s", f->message);
    }
}

/* Tells what is wrong with a document that does not follow its schema. */
static void explain(struct rules *r, const char *file, const struct faults *first,
                    struct diag_list *diags) {
    struct faults placed = {.arena = r->arena};
    for (size_t i = 0; i < first->count; i++) {
        /* After the first element that is wrong in this way it does not look at the others. */
        if (!first->list[i].node || first->list[i].code == XML_RELAXNG_ERR_ATTRVALID)
            place(r, &first->list[i], &placed);
        else if (placed.count < FAULTS_MAX) placed.list[placed.count++] = first->list[i];
    }
    int before = diags->errors;
    report(r, file, &placed, diags);
    if (diags->errors == before)
        diag_add(diags, SEVERITY_ERROR, file, 1, 1, "schema",
                 "The file does not follow its schema.");
}

bool lab_xml_validate(xmlDoc *doc, const char *file, const char *schema, size_t schema_len,
                      struct arena *a, struct diag_list *diags) {
    struct faults first;
    struct lab_xml_schema **lease = lab_xml_schema_take(schema, schema_len, a);
    if (!lease) {
        diag_add(diags, SEVERITY_ERROR, file, 0, 0, "schema",
                 "The schema for this file cannot be read.");
        return false;
    }
    struct rules r = {lab_xml_schema_rules(lease), doc, a, NULL};
    bool valid = validate(&r, &first);
    if (!valid) {
        struct diag_list unheard;
        diag_init(&unheard, a);
        r.grammar = lab_xml_parse("schema", schema, schema_len, a, &unheard);
        explain(&r, file, &first, diags);
    }
    lab_xml_schema_give_back(lease);
    return valid;
}
