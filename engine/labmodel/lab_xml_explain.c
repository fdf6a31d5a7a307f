/* libxml2 only says of a wrong attribute “Element auth failed to validate attributes”. This reads
 * from the schema what would be right. */
#include "labmodel/lab_xml_explain.h"

#include <libxml/xmlregexp.h>
#include <string.h>

#include "base/text.h"

#define NAMES_MAX 40
#define VALUES_MAX 40
#define DEPTH_MAX 20 /* of references in references */

struct known {
    const char *name;
    bool optional;
    const char *values[VALUES_MAX];
    int value_count;
    bool list; /* of one or more of the values, with blanks between */
    bool open; /* anything that `type` and `pattern` allow, beside the values */
    const char *type, *pattern, *documentation;
    int64_t min, max;
};

struct attributes {
    struct known at[NAMES_MAX];
    int count;
};

struct explainer {
    xmlNode *grammar;
    struct arena *a;
};

static bool is(xmlNode *n, const char *name) { return lab_xml_is(n, name); }

static xmlNode *define_of(const struct explainer *w, xmlNode *ref) {
    const char *name = lab_xml_attr(ref, "name", w->a);
    for (xmlNode *d = lab_xml_child(w->grammar, "define"); d; d = lab_xml_next(d, "define"))
        if (str_eq(lab_xml_attr(d, "name", w->a), name)) return d;
    return NULL;
}

/* ---- What an attribute may say -------------------------------------------------------------- */
static void read_params(const struct explainer *w, xmlNode *data, struct known *k) {
    k->open = true;
    k->type = lab_xml_attr(data, "type", w->a);
    for (xmlNode *p = lab_xml_child(data, "param"); p; p = lab_xml_next(p, "param")) {
        const char *name = lab_xml_attr(p, "name", w->a), *text = lab_xml_text(p, w->a);
        if (str_eq(name, "pattern")) k->pattern = text;
        if (str_eq(name, "minLength") && !k->pattern) k->pattern = "(.|\n)+";
        if (str_eq(name, "minInclusive")) parse_i64(text, INT64_MIN, INT64_MAX, &k->min);
        if (str_eq(name, "maxInclusive")) parse_i64(text, INT64_MIN, INT64_MAX, &k->max);
    }
}

static void read_content(const struct explainer *w, xmlNode *n, struct known *k, int depth) {
    xmlNode *first = lab_xml_child(n, NULL);
    if (!first && is(n, "attribute")) k->open = true; /* any text */
    for (xmlNode *c = first; c; c = lab_xml_next(c, NULL)) {
        if (is(c, "value") && k->value_count < VALUES_MAX)
            k->values[k->value_count++] = lab_xml_text(c, w->a);
        else if (is(c, "data")) read_params(w, c, k);
        else if (is(c, "text")) k->open = true;
        else if (is(c, "documentation")) k->documentation = lab_xml_text(c, w->a);
        else if (is(c, "ref") && depth < DEPTH_MAX && define_of(w, c))
            read_content(w, define_of(w, c), k, depth + 1);
        else if (is(c, "choice") || is(c, "list") || is(c, "oneOrMore")) {
            k->list = k->list || is(c, "list");
            read_content(w, c, k, depth);
        }
    }
}

static struct known *find(struct attributes *all, const char *name) {
    for (int i = 0; i < all->count; i++)
        if (str_eq(all->at[i].name, name)) return &all->at[i];
    return NULL;
}

/* An attribute of several branches may say what any of them allows. */
static void merge(struct attributes *all, const struct known *k) {
    struct known *old = find(all, k->name);
    if (!old) {
        if (all->count < NAMES_MAX) all->at[all->count++] = *k;
        return;
    }
    for (int i = 0; i < k->value_count && old->value_count < VALUES_MAX; i++)
        old->values[old->value_count++] = k->values[i];
    old->open = old->open || k->open;
    old->optional = old->optional && k->optional;
}

static void collect(const struct explainer *w, xmlNode *n, bool optional, struct attributes *out,
                    int depth);

/* Of a choice, an attribute is required only when every branch requires it. */
static void collect_choice(const struct explainer *w, xmlNode *choice, bool optional,
                           struct attributes *out, int depth) {
    struct attributes *one = NEW(w->a, struct attributes), *all = NEW(w->a, struct attributes);
    int branches = 0, needed[NAMES_MAX] = {0};
    for (xmlNode *b = lab_xml_child(choice, NULL); b; b = lab_xml_next(b, NULL), branches++) {
        one->count = 0;
        collect(w, b, false, one, depth);
        for (int i = 0; i < one->count; i++) {
            merge(all, &one->at[i]);
            struct known *k = find(all, one->at[i].name);
            if (k && !one->at[i].optional) needed[k - all->at]++;
        }
    }
    for (int i = 0; i < all->count; i++) {
        all->at[i].optional = optional || needed[i] < branches;
        merge(out, &all->at[i]);
    }
}

/* The attributes that pattern `n` describes. */
static void collect(const struct explainer *w, xmlNode *n, bool optional, struct attributes *out,
                    int depth) {
    if (is(n, "attribute")) {
        struct known k = {.name = lab_xml_attr(n, "name", w->a),
                          .optional = optional,
                          .min = INT64_MIN,
                          .max = INT64_MAX};
        read_content(w, n, &k, 0);
        merge(out, &k);
    } else if (is(n, "choice")) collect_choice(w, n, optional, out, depth);
    else if (is(n, "ref")) {
        xmlNode *d = depth < DEPTH_MAX ? define_of(w, n) : NULL;
        for (xmlNode *c = d ? lab_xml_child(d, NULL) : NULL; c; c = lab_xml_next(c, NULL))
            collect(w, c, optional, out, depth + 1);
    } else if (is(n, "optional") || is(n, "group") || is(n, "interleave") || is(n, "oneOrMore"))
        for (xmlNode *c = lab_xml_child(n, NULL); c; c = lab_xml_next(c, NULL))
            collect(w, c, optional || is(n, "optional"), out, depth);
}

/* ---- The pattern of an element -------------------------------------------------------------- */
static bool inside_of(xmlNode *pattern, const char *name, struct arena *a) {
    for (pattern = pattern->parent; pattern; pattern = pattern->parent)
        if (is(pattern, "element")) return str_eq(lab_xml_attr(pattern, "name", a), name);
    return false;
}

static void find_pattern(const struct explainer *w, xmlNode *n, const char *name,
                         const char *parent, xmlNode **best) {
    for (n = lab_xml_child(n, NULL); n; n = lab_xml_next(n, NULL)) {
        if (is(n, "element") && str_eq(lab_xml_attr(n, "name", w->a), name) &&
            (!*best || inside_of(n, parent, w->a)))
            *best = n;
        find_pattern(w, n, name, parent, best);
    }
}

static xmlNode *pattern_of(const struct explainer *w, xmlNode *n) {
    xmlNode *best = NULL;
    const char *parent = n->parent && n->parent->type == XML_ELEMENT_NODE
                             ? (const char *)n->parent->name
                             : NULL;
    find_pattern(w, w->grammar, (const char *)n->name, parent, &best);
    return best;
}

/* ---- Telling -------------------------------------------------------------------------------- */
static const char *listed(const char *const *names, int count, const char *last, struct arena *a) {
    struct buf b;
    buf_init(&b, a);
    for (int i = 0; i < count; i++) {
        bool seen = false;
        for (int k = 0; k < i; k++) seen = seen || str_eq(names[k], names[i]);
        if (seen) continue;
        buf_printf(&b, "%s%s", !b.len ? "" : i + 1 < count ? ", " : last, names[i]);
    }
    return buf_text(&b);
}

static bool matches(const char *pattern, const char *value) {
    xmlRegexpPtr r = xmlRegexpCompile((const xmlChar *)pattern);
    if (!r) return true;
    bool fine = xmlRegexpExec(r, (const xmlChar *)value) == 1;
    xmlRegFreeRegexp(r);
    return fine;
}

static bool is_value(const struct known *k, const char *value) {
    for (int i = 0; i < k->value_count; i++)
        if (str_eq(k->values[i], value)) return true;
    return false;
}

static bool all_known(const struct explainer *w, const struct known *k, const char *value) {
    size_t words = 0;
    for (const char *at = value + strspn(value, " "); *at; words++) {
        size_t len = strcspn(at, " ");
        if (!is_value(k, arena_copy(w->a, at, len))) return false;
        at += len + strspn(at + len, " ");
    }
    return words > 0;
}

/* What the value must be, as the end of a sentence; NULL: the value is right. */
static const char *wanted(const struct explainer *w, const struct known *k, const char *value) {
    int64_t n;
    if (k->list && !k->open && all_known(w, k, value)) return NULL;
    if (k->list && !k->open)
        return arena_printf(w->a, "write one or more of %s, with blanks between",
                            listed(k->values, k->value_count, " and ", w->a));
    if (is_value(k, value)) return NULL;
    if (!k->open)
        return arena_printf(w->a, "write %s", listed(k->values, k->value_count, " or ", w->a));
    if (str_eq(k->type, "integer") && !parse_i64(value, k->min, k->max, &n)) {
        if (k->min != INT64_MIN && k->max != INT64_MAX)
            return arena_printf(w->a, "write a whole number from %lld to %lld", (long long)k->min,
                                (long long)k->max);
        return "write a whole number";
    }
    if (k->pattern && !matches(k->pattern, value))
        return k->documentation ? arena_printf(w->a, "write %s", k->documentation)
                                : arena_printf(w->a, "it must follow the pattern %s", k->pattern);
    return NULL;
}

static int tell_each(const struct explainer *w, struct attributes *all, xmlNode *n,
                     const char *file, struct diag_list *diags) {
    int told = 0, unknown = 0;
    const char *names[NAMES_MAX];
    for (int i = 0; i < all->count; i++) names[i] = all->at[i].name;
    for (xmlAttr *p = n->properties; p; p = p->next) {
        const char *name = (const char *)p->name, *value = lab_xml_attr(n, name, w->a);
        const struct known *k = find(all, name);
        const char *want = k ? wanted(w, k, value ? value : "") : NULL;
        if (!k)
            lab_xml_problem(diags, file, lab_xml_at(n, name), "schema",
                            "<%s> has no attribute “%s”%s%s.", n->name, name,
                            all->count ? "; it may have " : "",
                            listed(names, all->count, " and ", w->a));
        else if (want)
            lab_xml_problem(diags, file, lab_xml_at(n, name), "schema",
                            "%s=\"%s\" is not known in <%s>: %s.", name, value ? value : "",
                            n->name, want);
        told += !k || want;
        unknown += !k;
    }
    /* A misspelt attribute is one fault: the one that it was meant to be is not called missing as
     * well. */
    for (int i = 0; i < all->count && !unknown; i++)
        if (!all->at[i].optional && !xmlHasProp(n, (const xmlChar *)all->at[i].name)) {
            lab_xml_problem(diags, file, n, "schema", "<%s> needs the attribute “%s”.", n->name,
                            all->at[i].name);
            told++;
        }
    return told;
}

/* Explains the branch that the element's values select: kind="oauth" needs the attributes of that
 * branch. */
static int tell_branch(const struct explainer *w, xmlNode *choice, xmlNode *n, const char *file,
                       struct diag_list *diags) {
    struct attributes *one = NEW(w->a, struct attributes), *all = NEW(w->a, struct attributes);
    collect_choice(w, choice, false, all, 0);
    for (xmlNode *b = lab_xml_child(choice, NULL); b; b = lab_xml_next(b, NULL)) {
        const struct known *named = NULL;
        int told = 0;
        one->count = 0;
        collect(w, b, false, one, 0);
        for (int i = 0; i < one->count; i++) {
            const struct known *k = &one->at[i];
            const char *value = lab_xml_attr(n, k->name, w->a);
            if (!k->open && value && !wanted(w, k, value)) named = k;
        }
        if (!named) continue;
        const char *said = lab_xml_attr(n, named->name, w->a);
        for (int i = 0; i < one->count; i++)
            if (!one->at[i].optional && !xmlHasProp(n, (const xmlChar *)one->at[i].name)) {
                lab_xml_problem(diags, file, n, "schema",
                                "<%s> with %s=\"%s\" needs the attribute “%s” too.", n->name,
                                named->name, said, one->at[i].name);
                told++;
            }
        for (int i = 0; i < all->count; i++)
            if (!find(one, all->at[i].name) && xmlHasProp(n, (const xmlChar *)all->at[i].name)) {
                lab_xml_problem(diags, file, n, "schema",
                                "<%s> with %s=\"%s\" has no attribute “%s”.", n->name, named->name,
                                said, all->at[i].name);
                told++;
            }
        return told;
    }
    return 0;
}

int lab_xml_explain_attributes(xmlDoc *grammar, xmlNode *n, const char *file, struct arena *a,
                               struct diag_list *diags) {
    struct explainer w = {grammar ? xmlDocGetRootElement(grammar) : NULL, a};
    xmlNode *pattern = w.grammar ? pattern_of(&w, n) : NULL;
    struct attributes *all = NEW(a, struct attributes);
    if (!pattern) return 0;
    for (xmlNode *c = lab_xml_child(pattern, NULL); c; c = lab_xml_next(c, NULL))
        collect(&w, c, false, all, 0);
    int told = tell_each(&w, all, n, file, diags);
    for (xmlNode *c = lab_xml_child(pattern, "choice"); c && !told; c = lab_xml_next(c, "choice"))
        told = tell_branch(&w, c, n, file, diags);
    return told;
}

static void collect_children(const struct explainer *w, xmlNode *n, const char **names, int *count,
                             int depth) {
    for (n = lab_xml_child(n, NULL); n; n = lab_xml_next(n, NULL)) {
        xmlNode *d = is(n, "ref") && depth < DEPTH_MAX ? define_of(w, n) : NULL;
        if (is(n, "element") && *count < NAMES_MAX)
            names[(*count)++] = arena_printf(w->a, "<%s>", lab_xml_attr(n, "name", w->a));
        else if (d) collect_children(w, d, names, count, depth + 1);
        else if (!is(n, "attribute") && !is(n, "element"))
            collect_children(w, n, names, count, depth);
    }
}

const char *lab_xml_children(xmlDoc *grammar, xmlNode *n, const char *not_this, struct arena *a) {
    struct explainer w = {grammar ? xmlDocGetRootElement(grammar) : NULL, a};
    xmlNode *pattern = w.grammar ? pattern_of(&w, n) : NULL;
    const char *names[NAMES_MAX];
    int count = 0;
    if (!pattern) return NULL;
    collect_children(&w, pattern, names, &count, 0);
    for (int i = 0; i < count; i++)
        if (str_eq(names[i], arena_printf(a, "<%s>", not_this))) return NULL;
    return count ? listed(names, count, " and ", a) : NULL;
}
