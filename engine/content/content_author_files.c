/* The author's lists, sorted by urgency: hidden files, then files with errors, then the others in
 * the order in which a learner comes to them, by programme and module. */
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "content/content_private.h"

/* ---- The order ------------------------------------------------------------------------------ */

static void place(const struct content_snapshot *s, struct author_file *files,
                  const struct content_file *f, size_t *next) {
    if (!f) return;
    struct author_file *at = &files[snapshot_file_index(s, f)];
    if (at->order > *next) at->order = (*next)++; /* a module of two levels: in the first one */
}

static void place_module(const struct content_snapshot *s, struct author_file *files,
                         const char *id, size_t *next) {
    size_t count;
    const struct content_file *const *others = snapshot_translations(s, id, &count);
    place(s, files, snapshot_module(s, id), next);
    for (size_t i = 0; i < count; i++) place(s, files, others[i], next);
}

/* Files that no level names come last, by path. */
static void set_orders(const struct content_snapshot *s, struct author_file *files) {
    size_t next = 0;
    for (size_t i = 0; i < s->file_count; i++) files[i].order = SIZE_MAX - s->file_count + i;
    for (size_t p = 0; p < s->programme_count; p++) {
        const struct content_programme *programme = s->programmes[p];
        place(s, files, snapshot_file(s, programme->file), &next);
        for (size_t l = 0; l < programme->level_count; l++)
            for (size_t m = 0; m < programme->levels[l].module_count; m++)
                place_module(s, files, programme->levels[l].modules[m], &next);
    }
}

void author_count_problem(struct author_file *h, const struct diag *d) {
    bool error = d->severity == SEVERITY_ERROR;
    if (error) h->errors++;
    else h->warnings++;
    if (error && (!h->reason || (d->hides && !h->reason->hides))) h->reason = d;
}

static void count_problems(const struct content_snapshot *s, const struct diag_list *l,
                           struct author_file *files) {
    for (const struct diag *d = l ? l->first : NULL; d; d = d->next) {
        const struct content_file *f = snapshot_file(s, d->file);
        if (!f) continue;
        author_count_problem(&files[snapshot_file_index(s, f)], d);
    }
}

struct author_file *author_files(const struct content_snapshot *s, const struct diag_list *l,
                                 struct arena *a) {
    struct author_file *files = NEW_ARRAY(a, struct author_file, s->file_count + 1);
    for (size_t i = 0; i < s->file_count; i++) files[i].file = s->files[i];
    set_orders(s, files);
    count_problems(s, l, files);
    for (size_t i = 0; i < s->file_count; i++)
        files[i].need = files[i].file->broken && !files[i].file->version ? AUTHOR_HIDDEN
                        : files[i].file->broken || files[i].errors       ? AUTHOR_ERRORS
                                                                         : AUTHOR_REST;
    return files;
}

const char *author_head_field(const char *root, const char *path, const char *key,
                              struct arena *a) {
    const char *line = arena_printf(a, "\n%s:", key),
               *at = strstr(content_head(root, path, a), line);
    if (!at) return NULL;
    at += strlen(line);
    at += strspn(at, " \t\"'");
    size_t len = strcspn(at, "\n\"");
    return len ? str_trim(a, arena_copy(a, at, len)) : NULL;
}

const char *author_title(const char *root, const char *path, struct arena *a) {
    const char *title = author_head_field(root, path, "title", a);
    return title ? title : path;
}

/* ---- Problems ------------------------------------------------------------------------------- */

struct problem {
    const struct diag *diag;
    enum author_need need;
    size_t order, index;
};

static int by_need(const void *a, const void *b) {
    const struct problem *x = a, *y = b;
    if (x->need != y->need) return (int)x->need - (int)y->need;
    if (x->order != y->order) return x->order < y->order ? -1 : 1;
    return x->index < y->index ? -1 : x->index > y->index;
}

static struct problem problem_of(const struct content_snapshot *s, const struct author_file *files,
                                 const struct diag *d, size_t index, const struct problem *before) {
    const struct content_file *f = snapshot_file(s, d->file);
    if (f) {
        const struct author_file *h = &files[snapshot_file_index(s, f)];
        return (struct problem){d, h->need, h->order, index};
    }
    /* Of an exam or a lab: the list is by file, and one error in it is enough. */
    if (before && str_eq(before->diag->file, d->file))
        return (struct problem){d, before->need, SIZE_MAX, index};
    enum author_need need = AUTHOR_REST;
    for (const struct diag *at = d; at && str_eq(at->file, d->file); at = at->next)
        if (at->severity == SEVERITY_ERROR) need = AUTHOR_ERRORS;
    return (struct problem){d, need, SIZE_MAX, index};
}

static void problem_view(struct request *r, struct view *list, const struct diag *d) {
    struct view *v = view_item(list);
    view_text(v, "file", d->file);
    view_text(v, "place", diag_place(r->arena, d));
    view_text(v, "message", d->message);
    view_text(v, "rule", d->rule);
    view_bool(v, "is_error", d->severity == SEVERITY_ERROR);
    view_bool(v, "hides", d->hides);
    if (d->hides) author_kept_view(r, d->file, v);
}

size_t author_problems(struct request *r, const struct content_snapshot *s,
                       const struct author_file *files, const struct diag_list *l, const char *only,
                       size_t most, struct view *list) {
    struct problem *all = NEW_ARRAY(r->arena, struct problem,
                                    (size_t)(l->errors + l->warnings) + 1);
    size_t count = 0;
    for (const struct diag *d = l->first; d; d = d->next) {
        if (only && !str_eq(only, d->file)) continue;
        all[count] = problem_of(s, files, d, count, count ? &all[count - 1] : NULL);
        count++;
    }
    if (count) qsort(all, count, sizeof *all, by_need);
    if (count > most) count = most;
    for (size_t i = 0; i < count; i++) problem_view(r, list, all[i].diag);
    return count;
}

/* ---- Files ---------------------------------------------------------------------------------- */

static const char *preview_of(struct arena *a, const struct content_snapshot *s,
                              const struct content_file *f) {
    if (f->module)
        return arena_printf(a, "/modules/%s?lang=%s", f->module->id, snapshot_lang(s, f));
    if (f->programme) return arena_printf(a, "/programmes/%s", f->programme->id);
    if (f->glossary) return arena_printf(a, "/glossary?programme=%s", f->glossary->programme);
    return f->self ? "/self-assessment" : NULL;
}

static const char *stale_against(const struct content_snapshot *s, const struct content_file *f) {
    if (!f->module || !f->module->translates) return NULL;
    const struct content_module *original = content_module(s, f->module->id);
    return original && !str_eq(original->version, f->module->translates) ? original->version : NULL;
}

/* Why learners do not see the file as it stands. */
static void reason_view(struct view *v, const struct content_file *f, const struct diag *d) {
    if (!f->broken || !d) return;
    struct view *reason = view_object(v, "reason");
    if (d->line) view_int(reason, "line", d->line);
    view_text(reason, "message", d->message);
}

static void file_view(struct request *r, const struct content_snapshot *s,
                      const struct author_file *h, struct view *v) {
    const struct content_file *f = h->file;
    view_text(v, "path", f->path);
    content_view_text(r, v, "title",
                      f->module      ? f->module->title
                      : f->programme ? f->programme->title
                      : f->glossary  ? f->glossary->title
                      : f->self      ? f->self->title
                                     : author_title(s->content->root, f->path, r->arena),
                      f->version ? snapshot_lang(s, f) : NULL);
    view_text(v, "kind",
              content_text(r, f->kind == FILE_MODULE      ? "content_kind_module"
                              : f->kind == FILE_PROGRAMME ? "content_kind_programme"
                              : f->kind == FILE_GLOSSARY  ? "content_kind_glossary"
                                                          : "content_kind_self"));
    view_text(v, "version", f->version);
    view_bool(v, "broken", f->broken);
    view_bool(v, "shown", f->version != NULL);
    view_int(v, "errors", h->errors);
    view_int(v, "warnings", h->warnings);
    view_bool(v, "fine", !f->broken && h->errors == 0 && h->warnings == 0);
    view_text(v, "stale", stale_against(s, f));
    view_text(v, "preview", preview_of(r->arena, s, f));
    reason_view(v, f, h->reason);
}

/* content/mops/modules/x.md belongs to the course content/mops. */
static size_t course_length(const char *path) {
    const char *slash = strchr(path + strlen("content/"), '/');
    return slash ? (size_t)(slash - path) : strlen("content");
}

struct course {
    const char *folder, *title;
    enum author_need need;
    size_t order; /* of its first file */
    struct author_file *files;
    size_t count;
};

static int by_file(const void *a, const void *b) {
    const struct author_file *x = a, *y = b;
    if (x->need != y->need) return (int)x->need - (int)y->need;
    return x->order < y->order ? -1 : x->order > y->order;
}

static int by_course(const void *a, const void *b) {
    const struct course *x = a, *y = b;
    if (x->need != y->need) return (int)x->need - (int)y->need;
    int foreign = (x->files->foreign != NULL) - (y->files->foreign != NULL);
    if (foreign) return foreign; /* exams and labs come behind the courses of the same need */
    return x->order < y->order ? -1 : x->order > y->order;
}

static void put_in_order(struct course *all, size_t count) {
    for (size_t i = 0; i < count; i++)
        qsort(all[i].files, all[i].count, sizeof *all[i].files, by_file);
    if (count) qsort(all, count, sizeof *all, by_course);
}

static struct course *course_begin(struct course *all, size_t *count, const char *folder,
                                   struct author_file *files) {
    all[*count] = (struct course){
        .folder = folder, .need = AUTHOR_REST, .order = SIZE_MAX, .files = files};
    return &all[(*count)++];
}

static void course_add(struct course *course, const struct author_file *file) {
    course->files[course->count++] = *file;
    if (file->need < course->need) course->need = file->need;
    if (file->order < course->order) course->order = file->order;
}

static const char *programme_title(const struct content_snapshot *s, const char *folder,
                                   struct arena *a) {
    const struct content_file *file = snapshot_file(s, arena_printf(a, "%s/programme.md", folder));
    return file && file->programme ? file->programme->title : folder;
}

/* exams/mops/bank/data.md belongs to exams/mops; all of labs/ is together. */
static size_t foreign_length(const char *path) {
    const char *slash = str_has_prefix(path, "exams/") ? strchr(path + strlen("exams/"), '/')
                                                       : strchr(path, '/');
    return slash ? (size_t)(slash - path) : strlen(path);
}

static const char *foreign_title(struct request *r, const struct content_snapshot *s,
                                 const char *folder) {
    if (!str_has_prefix(folder, "exams/")) return content_text(r, "content_author_labs");
    const struct content_programme *p = content_programme(s, folder + strlen("exams/"));
    struct view *v = view_new(r->arena);
    view_text(v, "programme", p ? p->title : folder);
    return page_text(r->app->site, r->locale, "content_author_exams", v, r->arena);
}

static void add_foreign(struct request *r, const struct content_snapshot *s,
                        const struct author_file *foreign, size_t foreign_count, struct course *all,
                        size_t *count) {
    struct author_file *own = NEW_ARRAY(r->arena, struct author_file, foreign_count + 1);
    struct course *course = NULL;
    size_t length = 0;
    for (size_t i = 0; i < foreign_count; i++) {
        const char *path = foreign[i].foreign->path;
        if (!course || foreign_length(path) != length || strncmp(path, course->folder, length)) {
            length = foreign_length(path);
            course = course_begin(all, count, arena_copy(r->arena, path, length), own + i);
            course->title = foreign_title(r, s, course->folder);
        }
        course_add(course, &foreign[i]);
    }
}

static struct course *courses_of(struct request *r, const struct content_snapshot *s,
                                 const struct author_file *files, const struct author_file *foreign,
                                 size_t foreign_count, size_t *count) {
    struct arena *a = r->arena;
    struct course *all = NEW_ARRAY(a, struct course, s->file_count + foreign_count + 1),
                  *course = NULL;
    struct author_file *own = NEW_ARRAY(a, struct author_file, s->file_count + 1);
    size_t length = 0, used = 0;
    *count = 0;
    for (size_t i = 0; i < s->file_count; i++) {
        const char *path = s->files[i]->path;
        if (s->files[i]->kind == FILE_OTHER) continue;
        if (!course || course_length(path) != length || strncmp(path, course->folder, length)) {
            length = course_length(path);
            course = course_begin(all, count, arena_copy(a, path, length), own + used);
            course->title = programme_title(s, course->folder, a);
        }
        course_add(course, &files[i]);
        used++;
    }
    add_foreign(r, s, foreign, foreign_count, all, count);
    put_in_order(all, *count);
    return all;
}

void author_courses(struct request *r, const struct content_snapshot *s,
                    const struct author_file *files, const struct author_file *foreign,
                    size_t foreign_count, struct view *v) {
    size_t count, broken = 0, stale = 0;
    const struct course *all = courses_of(r, s, files, foreign, foreign_count, &count);
    struct view *courses = view_list(v, "courses");
    for (size_t i = 0; i < count; i++) {
        struct view *course = view_item(courses);
        view_text(course, "folder", all[i].folder);
        view_text(course, "title", all[i].title);
        struct view *list = view_list(course, "files");
        for (size_t k = 0; k < all[i].count; k++) {
            const struct author_file *h = &all[i].files[k];
            if (!h->file) {
                author_foreign_view(r, h, view_item(list));
                broken += h->reason && h->reason->hides;
                continue;
            }
            file_view(r, s, h, view_item(list));
            broken += h->file->broken;
            stale += stale_against(s, h->file) != NULL;
        }
    }
    view_int(v, "broken", (int64_t)broken);
    view_int(v, "stale", (int64_t)stale);
    view_int(v, "file_count", (int64_t)s->file_count);
}
