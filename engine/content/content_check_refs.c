/* Rules that need all files: duplicate ids, dead links and anchors, missing pictures, unknown
 * terms, circles. */
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/hash.h"
#include "base/text.h"
#include "content/content_attached.h"
#include "content/content_private.h"

/* ---- Tables by name
 * ------------------------------------------------------------------------------------- */

struct named_file {
    const char *name;
    struct checked_file *file;
    const struct content_place *place; /* of an objective */
    int state;                         /* of a walk: 0 not seen, 1 on the path, 2 done */
};
struct table {
    struct named_file *slots;
    size_t mask;
};

static void table_init(struct table *t, struct arena *a, size_t most) {
    size_t room = 64;
    while (room < most * 2) room *= 2;
    t->mask = room - 1;
    t->slots = NEW_ARRAY(a, struct named_file, room);
}

static struct named_file *table_slot(const struct table *t, const char *name) {
    size_t i = hash_text(HASH_START, name) & t->mask;
    while (t->slots[i].name && !str_eq(t->slots[i].name, name)) i = (i + 1) & t->mask;
    return &t->slots[i];
}

static struct checked_file *table_get(const struct table *t, const char *name) {
    return name ? table_slot(t, name)->file : NULL;
}

/* Returns who has the name already, NULL when it was free. */
static struct named_file *table_put(struct table *t, const char *name, struct checked_file *f,
                                    const struct content_place *place) {
    struct named_file *slot = table_slot(t, name);
    if (slot->name) return slot;
    *slot = (struct named_file){name, f, place, 0};
    return NULL;
}

struct course {
    const char *root;
    struct arena *arena;
    struct checked_file *files;
    size_t count;
    struct used_files *used;
    struct table paths, modules, stems, objectives, programmes, glossaries, ids, exams, labs,
        translations, led_to; /* modules that a level asks for or a text links to */
};

static bool is_translation(const struct checked_file *f) { return f->lang != NULL; }

/* ---- Ids ------------------------------------------------------------------------------------ */

static const char *id_of(const struct checked_file *f) {
    return f->module      ? f->module->id
           : f->programme ? f->programme->id
           : f->glossary  ? f->glossary->id
           : f->self      ? f->self->id
                          : NULL;
}

static void duplicate(struct checked_file *f, const char *what, const char *id,
                      const struct named_file *other, int line, int column) {
    diag_add(&f->diags, SEVERITY_ERROR, f->path, line, column, "duplicate-id",
             "the %s “%s” is also in %s: ids are unique in the whole academy", what, id,
             other->file->path);
}

static void enter_id(struct course *c, struct checked_file *f, const char *id) {
    const char *kind = content_kind_name(f->kind);
    struct named_file *other = table_put(&c->ids, arena_printf(c->arena, "%s %s", kind, id), f,
                                         NULL);
    if (other && f->module) {
        diag_add(&f->diags, SEVERITY_ERROR, f->path, f->outline.id_line, f->outline.id_column,
                 "duplicate-id",
                 "the module “%s” is also in %s, which is shown; this file is not: give it an id "
                 "of its own",
                 id, other->file->path);
        return;
    }
    if (other) duplicate(f, kind, id, other, f->outline.id_line, f->outline.id_column);
    if (f->module) (void)table_put(&c->modules, id, f, NULL);
    if (f->programme) (void)table_put(&c->programmes, id, f, NULL);
    for (size_t j = 0; j < f->outline.objective_count; j++) {
        const struct content_place *o = &f->outline.objectives[j];
        other = table_put(&c->objectives, o->id, f, o);
        if (other && other->file != f) duplicate(f, "objective", o->id, other, o->line, o->column);
    }
}

/* Those first that are named as their id says: a copy has to give way (RULE copied-id). */
static void enter_ids(struct course *c, bool named) {
    for (size_t i = 0; i < c->count; i++) {
        struct checked_file *f = &c->files[i];
        const char *id = f->room == ROOM_CONTENT && !is_translation(f) ? id_of(f) : NULL;
        if (id && content_named_after(f->path, id) == named) enter_id(c, f, id);
    }
}

static void fill_tables(struct course *c) {
    size_t objectives = 0;
    for (size_t i = 0; i < c->count; i++) objectives += c->files[i].outline.objective_count;
    table_init(&c->paths, c->arena, c->count);
    table_init(&c->modules, c->arena, c->count);
    table_init(&c->stems, c->arena, c->count);
    table_init(&c->programmes, c->arena, c->count);
    table_init(&c->glossaries, c->arena, c->count);
    table_init(&c->ids, c->arena, c->count);
    table_init(&c->objectives, c->arena, objectives);
    table_init(&c->exams, c->arena, c->count);
    table_init(&c->labs, c->arena, c->count);
    table_init(&c->translations, c->arena, c->count);
    for (size_t i = 0; i < c->count; i++) {
        struct checked_file *f = &c->files[i];
        if (f->room == ROOM_EXAM && f->foreign_id)
            (void)table_put(&c->exams, f->foreign_id, f, NULL);
        if (f->room == ROOM_LAB)
            (void)table_put(&c->labs, f->folder + strlen("labs/scenarios/"), f, NULL);
        if (f->room != ROOM_CONTENT) continue;
        (void)table_put(&c->paths, f->path, f, NULL);
        const char *id = id_of(f);
        if (is_translation(f)) {
            struct named_file *twin = id ? table_put(&c->translations,
                                                     arena_printf(c->arena, "%s %s %s", f->lang,
                                                                  content_kind_name(f->kind), id),
                                                     f, NULL)
                                         : NULL;
            if (twin)
                diag_add(&f->diags, SEVERITY_ERROR, f->path, 0, 0, "duplicate-id",
                         "%s is the same text in the same language", twin->file->path);
            continue;
        }
        if (f->kind == FILE_MODULE) {
            const char *name = f->path + strlen(f->folder) + 1;
            (void)table_put(&c->stems, arena_copy(c->arena, name, strcspn(name, ".")), f, NULL);
        }
        if (f->glossary) (void)table_put(&c->glossaries, f->glossary->programme, f, NULL);
    }
    enter_ids(c, true);
    enter_ids(c, false);
}

/* ---- Files that do not parse: one problem, one report
 * -------------------------------------------------------- */

/* Whether a broken file of this kind says `key: value`: what it would define is not missing. */
static bool claimed(struct course *c, enum file_room room, enum file_kind kind, const char *key,
                    const char *value) {
    for (size_t i = 0; i < c->count; i++) {
        struct checked_file *f = &c->files[i];
        if (f->known || f->room != room || f->kind != kind) continue;
        if (!f->head) f->head = content_head(c->root, f->path, c->arena);
        if (content_head_has_field(f->head, key, value)) return true;
    }
    return false;
}

static bool programme_claimed(struct course *c, const char *id) {
    return claimed(c, ROOM_CONTENT, FILE_PROGRAMME, "id", id);
}

static bool module_exists(struct course *c, const char *id) {
    const struct checked_file *stem = table_get(&c->stems, id);
    return table_get(&c->modules, id) || (stem && !stem->known) ||
           claimed(c, ROOM_CONTENT, FILE_MODULE, "id", id);
}

static bool exam_exists(struct course *c, const char *id) {
    return table_get(&c->exams, id) || claimed(c, ROOM_EXAM, FILE_OTHER, "id", id);
}

/* RULE practice-never-counts */
static bool exam_is_practice(struct course *c, const char *id) {
    const struct checked_file *exam = table_get(&c->exams, id);
    return exam && content_file_has_field(c->root, exam->path, "kind", "practice", c->arena);
}

/* ---- References
 * -------------------------------------------------------------------------------------------- */

static void dead(struct checked_file *f, const struct content_ref *ref, const char *rule,
                 const char *format, const char *what) {
    diag_add(&f->diags, SEVERITY_ERROR, f->path, ref->line, ref->column, rule, format, what);
}

/* "content/a/modules" + "../b.md" → "content/a/b.md"; NULL when it leaves the root. */
static const char *resolve(struct arena *a, const char *folder, const char *relative) {
    char *path = arena_printf(a, "%s/%s", folder, relative),
         *out = arena_alloc(a, strlen(path) + 2), *save = NULL;
    size_t n = 0;
    for (char *part = strtok_r(path, "/", &save); part; part = strtok_r(NULL, "/", &save)) {
        if (str_eq(part, ".")) continue;
        if (str_eq(part, "..")) {
            if (n == 0) return NULL;
            while (n > 0 && out[--n] != '/') continue;
            continue;
        }
        if (n) out[n++] = '/';
        size_t len = strlen(part);
        memcpy(out + n, part, len);
        n += len;
    }
    out[n] = '\0';
    return out;
}

static bool has_anchor(struct arena *a, const struct checked_file *f, const char *fragment) {
    if (f->glossary) return glossary_find(f->glossary, fragment) != NULL;
    const char *id = doc_fragment(a, fragment);
    for (size_t i = 0; i < f->outline.anchor_count; i++)
        if (str_eq(f->outline.anchors[i].id, id)) return true;
    return false;
}

/* ---- Addresses of the site ---- */

/* The first parts of all pages' addresses, as server/routes.c has them. */
static const char *const pages[] = {
    "admin", "assess", "author",  "certificates", "exams",  "glossary",        "guide", "labs",
    "login", "me",     "modules", "programmes",   "search", "self-assessment", "verify"};

struct address {
    char *part[5];
    size_t count;
    const char *fragment;
};

static bool split_address(struct arena *a, const char *url, struct address *out) {
    size_t n = strcspn(url, "#?");
    char *save = NULL, *path = arena_copy(a, url, n);
    const char *hash = strchr(url, '#');
    *out = (struct address){.fragment = hash ? hash + 1 : ""};
    for (char *p = strtok_r(path, "/", &save); p; p = strtok_r(NULL, "/", &save)) {
        if (out->count == COUNT_OF(out->part)) return false;
        out->part[out->count++] = p;
    }
    return true;
}

static void check_anchor(struct course *c, struct checked_file *f, const struct content_ref *ref,
                         const struct checked_file *to, const char *fragment) {
    if (*fragment && to && to->known && !has_anchor(c->arena, to, fragment))
        dead(f, ref, "anchor", "“%s”: there is no such heading", ref->target);
}

static void check_module_address(struct course *c, struct checked_file *f,
                                 const struct content_ref *ref, const struct address *to) {
    const char *id = to->count > 1 ? to->part[1] : "";
    const struct checked_file *module = table_get(&c->modules, id);
    struct attached file;
    const char *why;
    if (!module_exists(c, id)) dead(f, ref, "link", "“%s”: there is no such module", ref->target);
    else if (to->count == 4 && str_eq(to->part[2], "files")) {
        const char *name = attached_name(c->arena, to->part[3], "");
        if (module && name) {
            use_in(c->used, module, "img/", name);
            use_in(c->used, module, "files/", name);
        }
        if (module &&
            (!name ||
             !attached_check(c->arena, arena_printf(c->arena, "%s/%s", c->root, module->folder),
                             name, &file, &why)))
            dead(f, ref, "link", "“%s”: the module has no such file", ref->target);
    } else if (to->count > 2) dead(f, ref, "link", "“%s” is no page of the site", ref->target);
    else check_anchor(c, f, ref, module, to->fragment);
}

static void check_programme_address(struct course *c, struct checked_file *f,
                                    const struct content_ref *ref, const struct address *to) {
    const char *id = to->count > 1 ? to->part[1] : NULL;
    const struct checked_file *p = table_get(&c->programmes, id);
    if (!id || (!p && programme_claimed(c, id))) return;
    if (!p) dead(f, ref, "link", "“%s”: there is no such programme", ref->target);
    else if (to->count == 2) return;
    else if (to->count != 4 || !str_eq(to->part[2], "levels"))
        dead(f, ref, "link", "“%s” is no page of the site", ref->target);
    else if (!content_level(p->programme, to->part[3]))
        dead(f, ref, "link", "“%s”: the programme has no such level", ref->target);
}

/* An address that begins with a slash: what it names must be there. */
static void check_address(struct course *c, struct checked_file *f, const struct content_ref *ref) {
    struct address to;
    bool page = split_address(c->arena, ref->target, &to) && ref->target[1] != '/';
    if (page && to.count == 0) return; /* the start page */
    bool known = false;
    for (size_t i = 0; page && i < COUNT_OF(pages); i++) known |= str_eq(to.part[0], pages[i]);
    if (!known) dead(f, ref, "link", "“%s” is no page of the site", ref->target);
    else if (str_eq(to.part[0], "modules")) check_module_address(c, f, ref, &to);
    else if (str_eq(to.part[0], "programmes")) check_programme_address(c, f, ref, &to);
    else if (str_eq(to.part[0], "exams") && to.count > 1) {
        if (to.count > 2 || !exam_exists(c, to.part[1]))
            dead(f, ref, "link", "“%s”: there is no such exam", ref->target);
        else check_anchor(c, f, ref, table_get(&c->exams, to.part[1]), to.fragment);
    } else if (str_eq(to.part[0], "labs") && to.count > 1) {
        if (to.count > 2 || !content_lab_exists(c->root, c->arena, to.part[1]))
            dead(f, ref, "link", "“%s”: there is no such lab", ref->target);
        else check_anchor(c, f, ref, table_get(&c->labs, to.part[1]), to.fragment);
    }
}

static void check_picture(struct course *c, struct checked_file *f, const struct content_ref *ref);

static void check_link(struct course *c, struct checked_file *f, const struct content_ref *ref) {
    size_t n = strcspn(ref->target, "#?");
    const char *fragment = ref->target[n] == '#' ? ref->target + n + 1 : "";
    struct checked_file *to = f;
    if (ref->target[0] == '/') {
        check_address(c, f, ref);
        return;
    }
    if (n && f->room == ROOM_CONTENT && names_file(ref->target)) {
        if (attached_name(c->arena, ref->target, "img/")) check_picture(c, f, ref);
        else check_attached_file(c->used, f, ref);
        return;
    }
    if (n && f->room != ROOM_CONTENT) {
        dead(f, ref, "link",
             "“%s” leads nowhere: exams and labs name a page by its address, such as "
             "/modules/its-id",
             ref->target);
        return;
    }
    if (n) {
        const char *path = resolve(c->arena, f->folder, arena_copy(c->arena, ref->target, n));
        to = path ? table_get(&c->paths, path) : NULL;
        if (!to || to->kind == FILE_OTHER) {
            dead(f, ref, "link", "“%s” leads to no module, glossary, programme or self-assessment",
                 ref->target);
            return;
        }
    }
    /* Headings are found in any text, also below a front matter that does not parse. */
    if (*fragment && (to->known || to == f) && !has_anchor(c->arena, to, fragment))
        dead(f, ref, "anchor", "“%s”: there is no such heading", ref->target);
}

static void check_picture(struct course *c, struct checked_file *f, const struct content_ref *ref) {
    const char *path = resolve(c->arena, f->folder, ref->target);
    struct stat st;
    if (!str_has_prefix(ref->target, "img/") || strchr(ref->target + 4, '/')) {
        dead(f, ref, "picture", "“%s” must lie in the folder img beside this file", ref->target);
        return;
    }
    const char *full = arena_printf(c->arena, "%s/%s", c->root, path ? path : "");
    if (path) use_file(c->used, path);
    if (!path || stat(full, &st) != 0 || !S_ISREG(st.st_mode)) {
        dead(f, ref, "picture", "the picture “%s” does not exist", ref->target);
        return;
    }
    if (f->room != ROOM_CONTENT) {
        dead(f, ref, "picture",
             "“%s”: the pages of exams and labs show no pictures; put it into a module, and link "
             "to that",
             ref->target);
        return;
    }
    const char *problem = picture_problem(c->arena, full);
    struct attached file;
    if (!problem)
        (void)attached_check(c->arena, arena_printf(c->arena, "%s/%s", c->root, f->folder),
                             ref->target + 4, &file, &problem);
    if (problem)
        diag_add(&f->diags, SEVERITY_ERROR, f->path, ref->line, ref->column, "picture", "“%s” %s",
                 ref->target, problem);
}

static const char *programme_of(const struct checked_file *f) {
    return f->module      ? f->module->programme
           : f->glossary  ? f->glossary->programme
           : f->self      ? f->self->programme
           : f->programme ? f->programme->id
                          : f->foreign_programme;
}

static void check_term(struct course *c, struct checked_file *f, const struct content_ref *ref) {
    const char *programme = programme_of(f);
    const struct checked_file *glossary = table_get(&c->glossaries, programme);
    if (!programme) return; /* it has errors of its own */
    if (glossary && !glossary_find(glossary->glossary, ref->target))
        dead(f, ref, "term", "the glossary does not know “%s”", ref->target);
    else if (!glossary && !claimed(c, ROOM_CONTENT, FILE_GLOSSARY, "programme", programme))
        dead(f, ref, "term", "“%s” cannot be explained: the programme has no glossary",
             ref->target);
}

/* ---- What a lab names ---- */

static void check_level(struct course *c, struct checked_file *f, const struct content_ref *ref) {
    const struct checked_file *p = table_get(&c->programmes, f->foreign_programme);
    if (p && !content_level(p->programme, ref->target))
        diag_add(&f->diags, SEVERITY_ERROR, f->path, ref->line, ref->column, "unknown-level",
                 "the programme %s has no level “%s”", p->programme->id, ref->target);
}

static void check_objective(struct course *c, struct checked_file *f,
                            const struct content_ref *ref) {
    const struct checked_file *at = table_get(&c->objectives, ref->target);
    const char *programme = f->foreign_programme;
    if (!programme || !table_get(&c->programmes, programme)) return;
    if (at ? str_eq(programme_of(at), programme)
           : claimed(c, ROOM_CONTENT, FILE_MODULE, "id", ref->target))
        return;
    diag_add(&f->diags, SEVERITY_ERROR, f->path, ref->line, ref->column, "unknown-objective",
             "no module of %s has the objective “%s”", programme, ref->target);
}

static void check_ref(struct course *c, struct checked_file *f, const struct content_ref *ref) {
    const char *id = ref->target;
    switch (ref->kind) {
    case REF_LINK: check_link(c, f, ref); break;
    case REF_PICTURE: check_picture(c, f, ref); break;
    case REF_CLIP: check_attached_clip(c->used, f, ref); break;
    case REF_TERM: check_term(c, f, ref); break;
    case REF_PREREQUISITE:
    case REF_LEVEL_MODULE:
        if (!module_exists(c, id)) dead(f, ref, "prerequisite", "there is no module “%s”", id);
        break;
    case REF_LEVEL_EXAM:
        if (!exam_exists(c, id)) dead(f, ref, "level-exam", "there is no exam “%s”", id);
        else if (exam_is_practice(c, id))
            dead(f, ref, "level-exam",
                 "the exam “%s” is for practice: what is required is an exam of kind live", id);
        break;
    case REF_LEVEL_LAB:
        if (!content_lab_exists(c->root, c->arena, id))
            dead(f, ref, "level-lab", "there is no lab “%s”", id);
        break;
    case REF_PROGRAMME:
        if (!table_get(&c->programmes, id) && !programme_claimed(c, id))
            dead(f, ref, "unknown-programme", "there is no programme “%s”", id);
        break;
    case REF_LEVEL: check_level(c, f, ref); break;
    case REF_OBJECTIVE: check_objective(c, f, ref); break;
    }
}

/* ---- Modules and their programme
 * ------------------------------------------------------------------------------- */

/* The module that a reference from another text leads a reader to; NULL: none. */
static const char *module_led_to(const struct course *c, const struct checked_file *f,
                                 const struct content_ref *ref) {
    static const char address[] = "/modules/";
    size_t n = strcspn(ref->target, "#?");
    const char *target = arena_copy(c->arena, ref->target, n), *path;
    if (ref->kind == REF_LEVEL_MODULE) return target;
    if (ref->kind != REF_LINK) return NULL;
    if (str_has_prefix(target, address)) return target + strlen(address);
    path = n && *target != '/' ? resolve(c->arena, f->folder, target) : NULL;
    const struct checked_file *to = path ? table_get(&c->paths, path) : NULL;
    return to && to != f && to->module ? to->module->id : NULL;
}

static void find_readers(struct course *c) {
    size_t refs = 0;
    for (size_t i = 0; i < c->count; i++)
        for (const struct content_ref *r = c->files[i].outline.refs; r; r = r->next) refs++;
    table_init(&c->led_to, c->arena, refs);
    for (size_t i = 0; i < c->count; i++)
        for (const struct content_ref *r = c->files[i].outline.refs; r; r = r->next) {
            const char *id = module_led_to(c, &c->files[i], r);
            if (id) (void)table_put(&c->led_to, id, &c->files[i], NULL);
        }
}

static void check_module(struct course *c, struct checked_file *f) {
    const struct content_module *m = f->module;
    const struct checked_file *p = table_get(&c->programmes, m->programme);
    int line = f->outline.id_line;
    if (!p && programme_claimed(c, m->programme)) return;
    if (!p) {
        diag_add(&f->diags, SEVERITY_ERROR, f->path, line, 1, "programme",
                 "there is no programme “%s”", m->programme);
        return;
    }
    if (*m->level && !content_level(p->programme, m->level))
        diag_add(&f->diags, SEVERITY_ERROR, f->path, line, 1, "level",
                 "the programme %s has no level “%s”", m->programme, m->level);
    bool known = !*m->domain; /* a field that is missing is said already */
    for (size_t i = 0; i < p->programme->domain_count; i++)
        known = known || str_eq(p->programme->domains[i].id, m->domain);
    if (!known)
        diag_add(&f->diags, SEVERITY_ERROR, f->path, line, 1, "domain",
                 "the programme %s has no domain “%s”", m->programme, m->domain);
    if (!table_get(&c->led_to, m->id))
        diag_add(&f->diags, SEVERITY_WARNING, f->path, line, f->outline.id_column, "unlisted",
                 "no level lists this module and no text links to it, so no learner will find it: "
                 "name it in %s, below requires, modules",
                 p->path);
}

/* The same as content_lang, from what is being checked. */
static const char *lang_of(struct course *c, const struct checked_file *f) {
    const char *stated = f->module      ? f->module->lang
                         : f->glossary  ? f->glossary->lang
                         : f->self      ? f->self->lang
                         : f->programme ? f->programme->lang
                                        : NULL;
    const struct checked_file *p = table_get(&c->programmes, programme_of(f));
    return stated ? stated : p && p->programme->lang ? p->programme->lang : "en";
}

static void check_beside(struct course *c, struct checked_file *f) {
    const char *id = id_of(f), *stem = strrchr(f->path, '/');
    size_t n = stem ? (size_t)(stem - f->path) + strcspn(stem, ".") : 0;
    const struct checked_file *original = table_get(
        &c->paths, arena_printf(c->arena, "%.*s.md", (int)n, f->path));
    if (!original)
        diag_add(&f->diags, SEVERITY_ERROR, f->path, 0, 0, "translation",
                 "there is no original beside this translation");
    else if (id && id_of(original) && !str_eq(id, id_of(original)))
        diag_add(&f->diags, SEVERITY_ERROR, f->path, f->outline.id_line, f->outline.id_column,
                 "translation", "a translation has the id of its original, “%s”", id_of(original));
    else if (f->known) check_translation(f, original, lang_of(c, original));
}

/* A walk along prerequisites. The path is explicit: ten thousand in a row are no deep recursion. */
static void check_circles(struct course *c) {
    struct frame {
        struct named_file *at;
        size_t next;
    } *stack = NEW_ARRAY(c->arena, struct frame, c->count + 1);
    for (size_t i = 0; i < c->count; i++) {
        if (!c->files[i].module || is_translation(&c->files[i])) continue;
        size_t depth = 0;
        struct named_file *start = table_slot(&c->modules, c->files[i].module->id);
        if (start->state || start->file != &c->files[i]) continue;
        stack[depth++] = (struct frame){start, 0};
        start->state = 1;
        while (depth) {
            struct frame *top = &stack[depth - 1];
            const struct content_module *m = top->at->file->module;
            if (top->next == m->prerequisite_count) {
                top->at->state = 2;
                depth--;
                continue;
            }
            struct named_file *to = table_slot(&c->modules, m->prerequisites[top->next++]);
            if (!to->name || to->state == 2) continue;
            if (to->state == 1) {
                diag_add(&top->at->file->diags, SEVERITY_ERROR, top->at->file->path,
                         top->at->file->outline.id_line, 1, "prerequisite-circle",
                         "“%s” asks for “%s”, which asks for it in turn, perhaps through others: "
                         "nobody could begin",
                         m->id, to->name);
                continue;
            }
            to->state = 1;
            stack[depth++] = (struct frame){to, 0};
        }
    }
}

void check_references(const char *root, struct checked_file *files, size_t count,
                      struct used_files *used, struct arena *a) {
    struct course c = {.root = root, .arena = a, .files = files, .count = count, .used = used};
    fill_tables(&c);
    find_readers(&c);
    for (size_t i = 0; i < count; i++) {
        for (const struct content_ref *ref = files[i].outline.refs; ref; ref = ref->next)
            check_ref(&c, &files[i], ref);
        /* What a translation has otherwise than its original is said by check_translation. */
        if (files[i].module && !is_translation(&files[i])) check_module(&c, &files[i]);
        if (is_translation(&files[i])) check_beside(&c, &files[i]);
    }
    check_circles(&c);
}
