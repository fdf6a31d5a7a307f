/* Solutions of scenarios, read. */
#include "labmodel/lab_solution.h"

#include <dirent.h>
#include <stdlib.h>
#include <string.h>

#include "base/program.h"
#include "base/text.h"
#include "labmodel/lab_xml.h"

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
            lab_xml_problem(diags, out->file, out->root, "lab-unknown", "There is no check “%s”.",
                            id);
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
    xmlDoc *doc = text ? lab_xml_parse(one->file, text, len, a, diags) : NULL;
    if (!doc || !schema || !lab_xml_validate(doc, one->file, schema, schema_len, a, diags)) return;
    one->root = xmlDocGetRootElement(doc);
    one->title = lab_xml_attr(one->root, "title", a);
    read_fails(one, lab_xml_attr(one->root, "fails", a), s, a, diags);
    out->count++;
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
    for (struct dirent *e; dir && (e = readdir(dir)) && out->count < SOLUTIONS_MAX;) {
        if (!str_has_suffix(e->d_name, ".xml") || e->d_name[0] == '.') continue;
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
    if (wrong + broken < 4)
        diag_add(diags, SEVERITY_ERROR, folder, 0, 0, "lab-wrong",
                 "A scenario needs at least four planted wrong solutions; it has %d.", wrong);
    return diags->errors == before;
}

const struct lab_solution *lab_solution_find(const struct lab_solutions *all, const char *name) {
    for (int i = 0; i < all->count; i++)
        if (str_eq(all->solution[i].name, name)) return &all->solution[i];
    return NULL;
}
