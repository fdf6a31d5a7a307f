/* What exams need to know of a programme (its domains, levels and objectives), and which files
 * there are. */
#include <dirent.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/codec.h"
#include "base/text.h"
#include "content/content.h"
#include "exam/exam_bank.h"
#include "page/page.h"

/* the same as content's limit: what is left out would be reported as missing */
#define FOLDER_LIMIT 20000

/* ---- Folders ------------------------------------------------------------------------------- */

/* "name.md", and neither hidden nor a translation ("name.ar.md"). */
static bool is_document(const char *name) {
    const char *dot = strchr(name, '.');
    return dot && dot != name && str_eq(dot, ".md") && !content_is_ignored_name(name);
}

static int by_name(const void *a, const void *b) {
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* Names in a folder, sorted; none when it cannot be read. */
static size_t list_folder(const char *path, bool folders, struct arena *a, const char ***out) {
    DIR *dir = dir_open(a, path);
    size_t n = 0;
    *out = NULL;
    for (struct dirent *e; dir && (e = readdir(dir)) && n < FOLDER_LIMIT;) {
        struct stat st;
        if (e->d_name[0] == '.' || fstatat(dirfd(dir), e->d_name, &st, 0) != 0) continue;
        if (!(folders ? S_ISDIR(st.st_mode) && id_valid(e->d_name)
                      : S_ISREG(st.st_mode) && is_document(e->d_name)))
            continue;
        *out = list_more(a, *out, n, sizeof **out);
        (*out)[n++] = arena_dup(a, e->d_name);
    }
    if (n) qsort(*out, n, sizeof **out, by_name);
    return n;
}

struct file_list {
    struct exam_file *files;
    size_t count;
    struct arena *arena;
};

static void add_file(struct file_list *l, const char *path, bool bank) {
    l->files = list_more(l->arena, l->files, l->count, sizeof *l->files);
    l->files[l->count++] = (struct exam_file){path, bank};
}

size_t exam_files(const char *root, struct arena *a, struct exam_file **out) {
    struct file_list l = {.arena = a};
    const char **programmes, **names;
    size_t count = list_folder(arena_printf(a, "%s/exams", root), true, a, &programmes);
    for (size_t i = 0; i < count; i++) {
        size_t n = list_folder(arena_printf(a, "%s/exams/%s", root, programmes[i]), false, a,
                               &names);
        for (size_t k = 0; k < n; k++)
            add_file(&l, arena_printf(a, "exams/%s/%s", programmes[i], names[k]), false);
        n = list_folder(arena_printf(a, "%s/exams/%s/bank", root, programmes[i]), false, a, &names);
        for (size_t k = 0; k < n; k++)
            add_file(&l, arena_printf(a, "exams/%s/bank/%s", programmes[i], names[k]), true);
    }
    *out = l.files;
    return l.count;
}

/* ---- A programme --------------------------------------------------------------------------- */

static void read_domains(struct exam_course *c, struct doc *d, struct arena *a) {
    struct field *domains = field_get(d->meta, "domains"), *levels = field_get(d->meta, "levels");
    c->lang = page_language(a, field_scalar(field_get(d->meta, "lang")));
    c->domains = NEW_ARRAY(a, const char *, field_count(domains) + 1);
    c->domain_titles = NEW_ARRAY(a, const char *, field_count(domains) + 1);
    c->levels = NEW_ARRAY(a, const char *, field_count(levels) + 1);
    for (size_t i = 0; i < field_count(domains); i++) {
        const char *id = field_scalar(field_get(field_at(domains, i), "id")),
                   *title = field_scalar(field_get(field_at(domains, i), "title"));
        if (!id) continue;
        c->domains[c->domain_count] = arena_dup(a, id);
        c->domain_titles[c->domain_count++] = arena_dup(a, title ? title : id);
    }
    for (size_t i = 0; i < field_count(levels); i++) {
        const char *id = field_scalar(field_get(field_at(levels, i), "id"));
        if (id) c->levels[c->level_count++] = arena_dup(a, id);
    }
}

static struct exam_objective *next_objective(struct exam_course *c, struct arena *a) {
    if (c->objective_count == c->objective_room) {
        size_t room = c->objective_room ? 2 * c->objective_room : 64;
        c->objectives = arena_grow(a, c->objectives, c->objective_room * sizeof *c->objectives,
                                   room * sizeof *c->objectives);
        c->objective_room = room;
    }
    return &c->objectives[c->objective_count++];
}

static void read_objectives(struct exam_course *c, struct doc *d, struct arena *a) {
    struct field *list = field_get(d->meta, "objectives");
    const char *file = field_count(list) ? arena_dup(a, d->file) : NULL;
    for (size_t i = 0; i < field_count(list); i++) {
        struct field *id = field_get(field_at(list, i), "id");
        if (!field_scalar(id)) continue;
        *next_objective(c, a) = (struct exam_objective){arena_dup(a, field_scalar(id)), file,
                                                        field_line(id), field_column(id)};
    }
}

/* `own` is this module's: of a large course only the objectives stay. */
static void read_module(struct exam_course *c, const char *root, const char *programme,
                        const char *name, struct arena *own, struct arena *a) {
    arena_init(own, 8 * DOC_MAX_BYTES);
    if (ARENA_GUARD(own) == 0) {
        struct diag_list ignored; /* the content room reports them */
        struct doc d;
        diag_init(&ignored, own);
        if (doc_load_meta(&d, root, arena_printf(own, "content/%s/modules/%s", programme, name),
                          own, &ignored) == OK)
            read_objectives(c, &d, a);
    }
    arena_release(own);
}

size_t exam_course_ids(const char *root, struct arena *a, const char ***out) {
    return list_folder(arena_printf(a, "%s/content", root), true, a, out);
}

static void release_own(void *own) { arena_release(own); }

bool exam_course_read(struct exam_course *out, const char *root, const char *programme,
                      struct arena *a) {
    struct diag_list ignored; /* the content room reports them */
    struct doc d;
    const char **names;
    memset(out, 0, sizeof *out);
    diag_init(&ignored, a);
    if (!id_valid(programme)) return false;
    if (doc_load(&d, root, arena_printf(a, "content/%s/programme.md", programme), a, &ignored) !=
        OK)
        return false;
    out->id = arena_dup(a, programme);
    read_domains(out, &d, a);
    size_t n = list_folder(arena_printf(a, "%s/content/%s/modules", root, programme), false, a,
                           &names);
    struct arena *own = NEW(a, struct arena);
    arena_defer(a, release_own, own); /* `a` may leave through its guard */
    for (size_t i = 0; i < n; i++) read_module(out, root, programme, names[i], own, a);
    out->objective_ids = NEW_ARRAY(a, const char *, out->objective_count + 1);
    for (size_t i = 0; i < out->objective_count; i++) out->objective_ids[i] = out->objectives[i].id;
    if (out->objective_count)
        qsort(out->objective_ids, out->objective_count, sizeof *out->objective_ids, by_name);
    return true;
}

const char *exam_domain_title(const struct exam_course *c, const char *domain) {
    for (size_t i = 0; domain && i < c->domain_count; i++)
        if (str_eq(c->domains[i], domain)) return c->domain_titles[i];
    return NULL;
}

bool exam_course_has_objective(const struct exam_course *c, const char *id) {
    return id && c->objective_count &&
           bsearch(&id, c->objective_ids, c->objective_count, sizeof *c->objective_ids, by_name);
}
