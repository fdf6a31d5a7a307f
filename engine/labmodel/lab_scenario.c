/* Scenarios: the brief out of Markdown, and all files together. */
#include "labmodel/lab_scenario.h"

#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/codec.h"
#include "base/program.h"
#include "base/text.h"
#include "labmodel/lab_checks.h"
#include "labmodel/lab_seed.h"
#include "labmodel/lab_xml.h"

static const char *const scenario_fields[] = {"id",    "title",      "summary",       "programme",
                                              "level", "minutes",    "persona",       "objectives",
                                              "lang",  "time-limit", "certify-hints", NULL};

/* ---- Brief ---------------------------------------------------------------------------------- */
static void read_brief(struct lab_scenario *s, struct diag_list *diags) {
    struct doc *d = &s->doc;
    s->id = field_id(d, diags, d->meta, "id", true);
    s->title = field_text(d, diags, d->meta, "title", true);
    s->summary = field_text(d, diags, d->meta, "summary", true);
    s->programme = field_id(d, diags, d->meta, "programme", true);
    s->level = field_id(d, diags, d->meta, "level", true);
    s->persona = field_text(d, diags, d->meta, "persona", false);
    s->lang = field_lang(d, d->arena, diags);
    field_int(d, diags, d->meta, "minutes", 5, 600, true, &s->minutes);
    field_int(d, diags, d->meta, "time-limit", 5, 1440, false, &s->limit_minutes);
    const char *hints = field_text(d, diags, d->meta, "certify-hints", false);
    struct field *at = hints ? field_get(d->meta, "certify-hints") : NULL;
    s->certify_hints = str_eq(hints, "counted");
    if (hints && !s->certify_hints && !str_eq(hints, "off"))
        diag_add(diags, SEVERITY_ERROR, d->file, field_line(at), field_column(at), "lab-hints",
                 "“%s” is not known here: hints of a certifying run are off or counted.", hints);
    field_unknown(d, diags, d->meta, scenario_fields);
    struct field *list = field_get(d->meta, "objectives");
    if (!list || !field_is_list(list) || field_count(list) == 0) {
        diag_add(diags, SEVERITY_ERROR, d->file, list ? field_line(list) : 1, 1, "lab-objectives",
                 "A lab names the objectives that it practises.");
        return;
    }
    s->objective_count = field_count(list);
    s->objectives = NEW_ARRAY(d->arena, const char *, s->objective_count);
    for (size_t i = 0; i < s->objective_count; i++)
        s->objectives[i] = field_scalar(field_at(list, i));
}

/* ---- From files to a scenario --------------------------------------------------------------- */
/* How much of a scenario is read. */
enum reading {
    TEXTS, /* only what Markdown says */
    ALL,   /* the stack, too: a version that has run before is run as it is */
    STRICT /* and each row of its data */
};

static enum err build(struct lab_scenario *s, const char *id, enum reading how, struct arena *a,
                      struct diag_list *diags) {
    int before = diags->errors;
    const struct lab_file *brief = lab_file_find(&s->files,
                                                 arena_printf(a, "scenarios/%s/scenario.md", id));
    const struct lab_file *checks = lab_file_find(&s->files,
                                                  arena_printf(a, "scenarios/%s/checks.md", id));
    const char *folder = arena_printf(a, "labs/scenarios/%s", id);
    struct doc *d = NEW(a, struct doc);
    if (!brief)
        diag_add(diags, SEVERITY_ERROR, folder, 0, 0, "lab-missing",
                 "The scenario has no scenario.md.");
    else if (doc_parse(&s->doc, arena_printf(a, "%s/scenario.md", folder), brief->text, brief->len,
                       a, diags) == OK)
        read_brief(s, diags);
    if (s->id && !str_eq(s->id, id))
        diag_add(diags, SEVERITY_ERROR, s->doc.file, 2, 1, "lab-id",
                 "The id is “%s”, but the folder is called “%s”.", s->id, id);
    if (!checks)
        diag_add(diags, SEVERITY_ERROR, folder, 0, 0, "lab-missing",
                 "The scenario has no checks.md.");
    else if (doc_parse(d, arena_printf(a, "%s/checks.md", folder), checks->text, checks->len, a,
                       diags) == OK)
        lab_checks_read(s, d, diags);
    if (how == TEXTS) return ERR_INVALID;
    bool read = lab_stack_read(&s->stack, &s->files, id, a, diags);
    if (how == STRICT && (read || s->stack.seed_count)) /* a fault elsewhere hides none of these */
        lab_seed_check(&s->stack, &s->files, diags);
    struct buf pack;
    buf_init(&pack, a);
    lab_pack_write(&s->files, &pack);
    s->pack = buf_text(&pack);
    s->pack_len = pack.len;
    s->version = lab_pack_version(a, s->pack, s->pack_len);
    if (pack.len > LAB_PACK_MAX)
        diag_add(diags, SEVERITY_ERROR, folder, 0, 0, "lab-limit",
                 "The files of the scenario are larger than 8 MB together.");
    return diags->errors == before ? OK : ERR_INVALID;
}

enum err lab_scenario_from_pack(struct lab_scenario *out, const char *pack, size_t len,
                                struct arena *a, struct diag_list *diags) {
    memset(out, 0, sizeof *out);
    if (!lab_pack_read(pack, len, a, &out->files)) return ERR_INVALID;
    for (int i = 0; i < out->files.count; i++) {
        const char *name = out->files.file[i].name;
        if (str_has_prefix(name, "scenarios/") && str_has_suffix(name, "/stack.xml"))
            return build(out, arena_copy(a, name + 10, strlen(name) - 20), ALL, a, diags);
    }
    return ERR_INVALID;
}

/* ---- From the tree -------------------------------------------------------------------------- */
struct loader {
    struct lab_scenario *s;
    const char *root;
    struct arena *a;
    struct diag_list *diags;
};

static const struct lab_file *add_file(struct loader *l, const char *name) {
    const struct lab_file *known = lab_file_find(&l->s->files, name);
    if (known) return known;
    size_t len;
    char *text = file_read(l->a, arena_printf(l->a, "%s/labs/%s", l->root, name), LAB_FILE_MAX,
                           &len);
    if (!text && errno == EFBIG)
        diag_add(l->diags, SEVERITY_ERROR, arena_printf(l->a, "labs/%s", name), 0, 0, "lab-limit",
                 "The file is larger than 2 MB.");
    if (text && l->s->files.count == LAB_FILES_MAX)
        diag_add(l->diags, SEVERITY_ERROR, arena_printf(l->a, "labs/%s", name), 0, 0, "lab-limit",
                 "A scenario is made of %d files at most, with those of its connectors and kinds; "
                 "this is one more.",
                 LAB_FILES_MAX);
    if (!text || l->s->files.count == LAB_FILES_MAX) return NULL;
    struct lab_file *f = &l->s->files.file[l->s->files.count++];
    *f = (struct lab_file){name, text, len};
    return f;
}

/* The root element, once the file follows its schema. */
static xmlNode *add_xml(struct loader *l, const char *name, const char *schema) {
    const struct lab_file *f = add_file(l, name);
    if (!f) return NULL;
    const char *file = arena_printf(l->a, "labs/%s", name);
    xmlDoc *doc = lab_xml_parse(file, f->text, f->len, l->a, l->diags);
    size_t len;
    const char *path = arena_printf(l->a, "labs/schema/%s.rng", schema);
    char *rules = file_read(l->a, arena_printf(l->a, "%s/%s", program_root(l->root, path), path),
                            LAB_FILE_MAX, &len);
    if (!doc) return NULL;
    if (!rules) {
        diag_add(l->diags, SEVERITY_ERROR, path, 0, 0, "lab-missing", "The schema is missing.");
        return NULL;
    }
    return lab_xml_validate(doc, file, rules, len, l->a, l->diags) ? xmlDocGetRootElement(doc)
                                                                   : NULL;
}

static void add_kinds(struct loader *l, xmlNode *parent) {
    for (xmlNode *n = parent ? lab_xml_child(parent, "bind") : NULL; n; n = lab_xml_next(n, "bind"))
        add_xml(l, arena_printf(l->a, "kinds/%s.xml", lab_xml_attr(n, "kind", l->a)), "kind");
}

static void add_connectors(struct loader *l, xmlNode *stack) {
    for (xmlNode *c = lab_xml_child(stack, "connector"); c; c = lab_xml_next(c, "connector")) {
        const char *id = lab_xml_attr(c, "id", l->a);
        add_kinds(l, add_xml(l, arena_printf(l->a, "connectors/%s.xml", id), "connector"));
        for (xmlNode *d = lab_xml_child(c, "dialect"); d; d = lab_xml_next(d, "dialect"))
            add_xml(l, arena_printf(l->a, "connectors/%s/%s.xml", id, lab_xml_attr(d, "id", l->a)),
                    "dialect");
    }
}

static void add_csv(struct loader *l, xmlNode *root, const char *attribute, const char *id) {
    for (xmlNode *n = root ? lab_xml_child(root, NULL) : NULL; n; n = lab_xml_next(n, NULL)) {
        const char *file = lab_xml_attr(n, attribute, l->a);
        if (file) add_file(l, arena_printf(l->a, "scenarios/%s/%s", id, file));
    }
}

enum err lab_scenario_load(struct lab_scenario *out, const char *root, const char *id,
                           struct arena *a, struct diag_list *diags) {
    struct loader l = {out, root, a, diags};
    int before = diags->errors;
    memset(out, 0, sizeof *out);
    if (!id_valid(id)) return ERR_NOT_FOUND;
    const char *stack_name = arena_printf(a, "scenarios/%s/stack.xml", id);
    const struct lab_file *brief = add_file(&l, arena_printf(a, "scenarios/%s/scenario.md", id));
    const struct lab_file *stack_file = add_file(&l, stack_name);
    if (!brief && !stack_file) return ERR_NOT_FOUND;
    add_file(&l, arena_printf(a, "scenarios/%s/checks.md", id));
    xmlNode *stack = stack_file ? add_xml(&l, stack_name, "stack") : NULL;
    if (stack) {
        add_connectors(&l, stack);
        add_kinds(&l, stack);
        add_csv(&l, stack, "file", id);
        xmlNode *world = lab_xml_child(stack, "world");
        if (world)
            add_xml(&l, arena_printf(a, "worlds/%s.xml", lab_xml_attr(world, "use", a)), "world");
    }
    const char *timeline = arena_printf(a, "scenarios/%s/timeline.xml", id);
    add_csv(&l, add_xml(&l, timeline, "timeline"), "import", id);
    /* What does not follow its schema is not read any further: follow-up errors would only confuse.
     */
    return build(out, id, diags->errors == before ? STRICT : TEXTS, a, diags);
}

static int by_text(const void *x, const void *y) {
    return strcmp(*(const char *const *)x, *(const char *const *)y);
}

size_t lab_scenario_ids(const char *root, const char ***ids, struct arena *a) {
    DIR *dir = dir_open(a, arena_printf(a, "%s/labs/scenarios", root));
    size_t count = 0, cap = 256;
    *ids = NEW_ARRAY(a, const char *, cap);
    for (struct dirent *e; dir && (e = readdir(dir)) && count < cap;)
        if (id_valid(e->d_name)) (*ids)[count++] = arena_dup(a, e->d_name);
    qsort(*ids, count, sizeof **ids, by_text);
    return count;
}

/* ---- Choices -------------------------------------------------------------------------------- */
bool lab_choice_read(const struct lab_stack *s, const char *choice,
                     const struct lab_dialect **dialects, struct arena *a) {
    for (int i = 0; i < s->member_count; i++) {
        const char *want = arena_printf(a, "%s=", s->members[i].connector->id), *at = choice;
        while (at && !str_has_prefix(at, want)) at = strchr(at, ',') ? strchr(at, ',') + 1 : NULL;
        dialects[i] = at ? lab_dialect_find(
                               &s->members[i],
                               arena_copy(a, at + strlen(want), strcspn(at + strlen(want), ",")))
                         : NULL;
        if (!dialects[i]) return false;
    }
    return true;
}

const char *lab_choice_normal(const struct lab_stack *s, const char *choice, struct arena *a) {
    const struct lab_dialect *dialects[LAB_CONNECTORS_MAX];
    if (!lab_choice_read(s, choice, dialects, a)) return NULL;
    struct buf b;
    buf_init(&b, a);
    for (int i = 0; i < s->member_count; i++)
        buf_printf(&b, "%s%s=%s", i ? "," : "", s->members[i].connector->id, dialects[i]->id);
    return buf_text(&b);
}
