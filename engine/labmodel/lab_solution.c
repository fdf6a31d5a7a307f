/* Solutions of scenarios, read. */
#include "labmodel/lab_solution.h"

#include <dirent.h>
#include <stdlib.h>
#include <string.h>

#include "base/program.h"
#include "base/text.h"
#include "labmodel/lab_known.h"
#include "labmodel/lab_xml.h"

static const char *known_checks(const struct lab_scenario *s, struct arena *a) {
    const char *ids[LAB_CHECKS_MAX];
    for (int i = 0; i < s->check_count; i++) ids[i] = s->checks[i].id;
    return lab_known(ids, s->check_count, a);
}

static void read_fails(struct lab_solution *out, const char *text, const struct lab_scenario *s,
                       struct arena *a, struct diag_list *diags) {
    out->fails = NEW_ARRAY(a, const char *, LAB_CHECKS_MAX);
    while (text && *text) {
        text += strspn(text, " ");
        size_t len = strcspn(text, " ");
        const char *id = arena_copy(a, text, len);
        bool known = false;
        for (int i = 0; i < s->check_count; i++) known |= str_eq(s->checks[i].id, id);
        if (len && !known)
            lab_xml_problem(diags, out->file, lab_xml_at(out->root, "fails"), "lab-unknown",
                            "There is no check “%s”; there are %s.", id, known_checks(s, a));
        if (len && out->fail_count < LAB_CHECKS_MAX) out->fails[out->fail_count++] = id;
        text += len;
    }
}

static void load_one(struct lab_solutions *out, const char *root, const char *folder,
                     const char *name, const struct lab_scenario *s, struct arena *a,
                     struct diag_list *diags) {
    struct lab_solution *one = &out->solution[out->count];
    size_t len, schema_len;
    memset(one, 0, sizeof *one);
    one->name = arena_copy(a, name, strlen(name) - 4);
    one->file = arena_printf(a, "%s/%s", folder, name);
    char *text = file_read(a, arena_printf(a, "%s/%s", root, one->file), LAB_FILE_MAX, &len);
    static const char rules[] = "labs/schema/solution.rng";
    char *schema = file_read(a, arena_printf(a, "%s/%s", program_root(root, rules), rules),
                             LAB_FILE_MAX, &schema_len);
    if (!text)
        diag_add(diags, SEVERITY_ERROR, one->file, 0, 0, "xml-size",
                 "The file cannot be read, or is larger than 2 MB.");
    if (!schema)
        diag_add(diags, SEVERITY_ERROR, rules, 0, 0, "lab-missing", "The schema is missing.");
    xmlDoc *doc = text ? lab_xml_parse(one->file, text, len, a, diags) : NULL;
    if (!doc || !schema || !lab_xml_validate(doc, one->file, schema, schema_len, a, diags)) return;
    one->root = xmlDocGetRootElement(doc);
    one->title = lab_xml_attr(one->root, "title", a);
    read_fails(one, lab_xml_attr(one->root, "fails", a), s, a, diags);
    out->count++;
}

/* ---- The whole set -------------------------------------------------------------------------- */
static bool has_part(xmlNode *parent, const char *id, struct arena *a) {
    for (xmlNode *n = lab_xml_child(parent, NULL); n; n = lab_xml_next(n, NULL))
        if ((lab_xml_is(n, "part") && str_eq(lab_xml_attr(n, "id", a), id)) || has_part(n, id, a))
            return true;
    return false;
}

static const char *known_solutions(const struct lab_solutions *all, struct arena *a) {
    const char *names[SOLUTIONS_MAX];
    for (int i = 0; i < all->count; i++) names[i] = all->solution[i].name;
    return lab_known(names, all->count, a);
}

/* What is included has to be there, else a wrong solution is quietly another one. */
static void check_includes(const struct lab_solutions *all, const struct lab_solution *one,
                           xmlNode *parent, struct arena *a, struct diag_list *diags) {
    for (xmlNode *n = lab_xml_child(parent, NULL); n; n = lab_xml_next(n, NULL)) {
        check_includes(all, one, n, a, diags); /* the schema and libxml2 limit the depth */
        if (!lab_xml_is(n, "include")) continue;
        const char *name = lab_xml_attr(n, "solution", a), *part = lab_xml_attr(n, "except", a);
        const struct lab_solution *other = lab_solution_find(all, name);
        if (!part) part = lab_xml_attr(n, "only", a);
        if (!other)
            lab_xml_problem(diags, one->file, lab_xml_at(n, "solution"), "lab-unknown",
                            "There is no solution “%s”; there are %s.", name,
                            known_solutions(all, a));
        else if (part && !has_part(other->root, part, a))
            lab_xml_problem(diags, one->file, n, "lab-unknown",
                            "The solution “%s” has no part “%s”.", name, part);
    }
}

/* RULE lab-proof-cover: each check is failed by a wrong solution; one that none fails may be
 * passed by whatever is done. */
static void check_cover(const struct lab_solutions *all, const struct lab_scenario *s,
                        struct arena *a, struct diag_list *diags) {
    for (int i = 0; i < s->check_count; i++) {
        bool failed = false;
        for (int k = 0; k < all->count; k++)
            failed |= lab_solution_fails(&all->solution[k], s->checks[i].id);
        if (!failed)
            diag_add(diags, SEVERITY_ERROR, arena_printf(a, "labs/scenarios/%s/checks.md", s->id),
                     s->checks[i].line, 1, "lab-wrong",
                     "No wrong solution names the check “%s” in its fails=\"…\".", s->checks[i].id);
    }
}

bool lab_solution_fails(const struct lab_solution *one, const char *check) {
    for (int i = 0; i < one->fail_count; i++)
        if (str_eq(one->fails[i], check)) return true;
    return false;
}

static int by_name(const void *x, const void *y) {
    return strcmp(((const struct lab_solution *)x)->name, ((const struct lab_solution *)y)->name);
}

bool lab_solutions_load(struct lab_solutions *out, const char *root, const struct lab_scenario *s,
                        struct arena *a, struct diag_list *diags) {
    int before = diags->errors;
    const char *folder = arena_printf(a, "labs/scenarios/%s/solutions", s->id);
    DIR *dir = dir_open(a, arena_printf(a, "%s/%s", root, folder));
    memset(out, 0, sizeof *out);
    int broken = 0; /* they have errors of their own, and are not missing */
    bool reference = false;
    for (struct dirent *e; dir && (e = readdir(dir));) {
        if (!str_has_suffix(e->d_name, ".xml") || e->d_name[0] == '.') continue;
        if (out->count == SOLUTIONS_MAX) {
            diag_add(diags, SEVERITY_ERROR, folder, 0, 0, "lab-limit",
                     "A scenario has %d solutions at most, right and wrong.", SOLUTIONS_MAX);
            break;
        }
        int count = out->count;
        load_one(out, root, folder, e->d_name, s, a, diags);
        broken += out->count == count;
        reference |= str_eq(e->d_name, "reference.xml");
    }
    qsort(out->solution, (size_t)out->count, sizeof out->solution[0], by_name);
    if (!reference)
        diag_add(diags, SEVERITY_ERROR, folder, 0, 0, "lab-reference",
                 "The scenario has no reference solution (reference.xml).");
    int wrong = 0;
    for (int i = 0; i < out->count; i++) wrong += out->solution[i].fail_count > 0;
    if (wrong + broken < SOLUTIONS_WRONG)
        diag_add(diags, SEVERITY_ERROR, folder, 0, 0, "lab-wrong",
                 "A scenario needs at least %d planted wrong solutions; it has %d.",
                 SOLUTIONS_WRONG, wrong);
    if (broken) return false;
    for (int i = 0; i < out->count; i++)
        check_includes(out, &out->solution[i], out->solution[i].root, a, diags);
    check_cover(out, s, a, diags);
    return diags->errors == before;
}

const struct lab_solution *lab_solution_find(const struct lab_solutions *all, const char *name) {
    for (int i = 0; i < all->count; i++)
        if (str_eq(all->solution[i].name, name)) return &all->solution[i];
    return NULL;
}

static int by_number(const void *x, const void *y) { return *(const int *)x - *(const int *)y; }

int lab_solution_tasks(const char *root, const char *scenario_id, int *tasks, struct arena *a) {
    struct diag_list diags;
    size_t len;
    int count = 0;
    const char *file = arena_printf(a, "labs/scenarios/%s/solutions/reference.xml", scenario_id);
    char *text = file_read(a, arena_printf(a, "%s/%s", root, file), LAB_FILE_MAX, &len);
    diag_init(&diags, a);
    xmlDoc *doc = text ? lab_xml_parse(file, text, len, a, &diags) : NULL;
    xmlNode *parent = doc ? xmlDocGetRootElement(doc) : NULL;
    for (xmlNode *n = parent ? lab_xml_child(parent, "part") : NULL; n;
         n = lab_xml_next(n, "part")) {
        int task = lab_xml_int(n, "task", 0);
        bool known = task < 1;
        for (int i = 0; i < count; i++) known |= tasks[i] == task;
        if (!known && count < SOLUTION_TASKS_MAX) tasks[count++] = task;
    }
    qsort(tasks, (size_t)count, sizeof *tasks, by_number);
    return count;
}
