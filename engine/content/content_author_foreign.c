/* The author's lists, continued: exams with their banks, and labs. Their rooms check them; here
 * they are what their files say of themselves. */
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "content/content_private.h"

/* ---- Which files there are ------------------------------------------------------------------- */

static int by_path(const void *a, const void *b) {
    return strcmp(((const struct foreign_file *)a)->path, ((const struct foreign_file *)b)->path);
}

static bool is_foreign(const char *path) {
    return str_has_prefix(path, "exams/") || str_has_prefix(path, "labs/");
}

/* Adds other files in which there is a problem: a stack of a lab, a connector. */
static size_t with_problem(const struct diag_list *l, struct foreign_file *out, size_t count,
                           size_t room, struct arena *a) {
    const char *last = "";
    size_t known = count;
    for (const struct diag *d = l->first; d && count < room; d = d->next) {
        const struct foreign_file key = {.path = d->file};
        if (str_eq(last, d->file) || !is_foreign(d->file)) continue;
        last = d->file;
        if (!known || !bsearch(&key, out, known, sizeof *out, by_path))
            out[count++] = (struct foreign_file){.path = arena_dup(a, d->file)};
    }
    return count;
}

void author_foreign_find(const char *root, const struct diag_list *l, struct arena *a,
                         struct foreign_file **out, size_t *count) {
    struct found_file *found;
    size_t room;
    content_find_foreign(root, true, a, &found, &room);
    *count = room;
    room += (size_t)(l->errors + l->warnings);
    *out = NEW_ARRAY(a, struct foreign_file, room + 1);
    for (size_t i = 0; i < *count; i++) (*out)[i].path = found[i].path;
    *count = with_problem(l, *out, *count, room, a);
    if (*count) qsort(*out, *count, sizeof **out, by_path);
    for (size_t i = 0; i < *count; i++) {
        struct foreign_file *f = &(*out)[i];
        f->title = author_head_field(root, f->path, "title", a);
        f->id = author_head_field(root, f->path, "id", a);
    }
}

/* ---- What is wrong with them ----------------------------------------------------------------- */

struct author_file *author_foreign_files(const struct foreign_file *found, size_t count,
                                         const struct diag_list *l, struct arena *a) {
    struct author_file *files = NEW_ARRAY(a, struct author_file, count + 1);
    for (size_t i = 0; i < count; i++)
        files[i] = (struct author_file){.foreign = &found[i], .order = i, .need = AUTHOR_REST};
    for (const struct diag *d = l->first; d; d = d->next) {
        const struct foreign_file key = {.path = d->file};
        const struct foreign_file *f = count ? bsearch(&key, found, count, sizeof *found, by_path)
                                             : NULL;
        if (!f) continue;
        struct author_file *h = &files[f - found];
        author_count_problem(h, d);
        if (h->errors) h->need = AUTHOR_ERRORS;
    }
    return files;
}

/* ---- What is shown of them ------------------------------------------------------------------- */

static bool is_bank(const char *path) {
    return str_has_prefix(path, "exams/") && strstr(path, "/bank/");
}

static bool is_lab(const char *path) {
    return str_has_prefix(path, "labs/scenarios/") && str_has_suffix(path, "/scenario.md");
}

/* What is said of a folder as a whole: a connector that has no file. */
static bool is_folder(const char *path) {
    const char *name = strrchr(path, '/'); /* every path here has one: see is_foreign */
    return !strchr(name, '.');
}

static const char *kind_of(const char *path) {
    if (is_folder(path)) return "content_kind_folder";
    if (is_bank(path)) return "content_kind_bank";
    if (str_has_prefix(path, "exams/")) return "content_kind_exam";
    return is_lab(path) ? "content_kind_lab" : "content_kind_lab_file";
}

static bool is_exam(const char *path) { return str_has_prefix(path, "exams/") && !is_bank(path); }

static bool is_open(struct request *r, const char *exam_id) {
    content_exam_open_fn ask = r->app->content->exam_open;
    return ask && ask(r, exam_id);
}

void author_kept_view(struct request *r, const char *path, struct view *v) {
    if (!str_has_prefix(path, "exams/")) return;
    const char *id = is_exam(path) ? author_head_field(r->app->content->root, path, "id", r->arena)
                                   : NULL;
    /* Of a bank, or of an exam whose id cannot be read, nobody knows whether one is open. */
    bool known = id && id_valid(id);
    view_text(v, "kept",
              content_text(r, !known           ? "content_author_maybe_do"
                              : is_open(r, id) ? "content_author_kept_do"
                                               : "content_author_never_do"));
}

/* The address of the page. The id of a lab is the name of its folder. */
static const char *preview_of(struct request *r, const struct foreign_file *f) {
    struct arena *a = r->arena;
    if (is_lab(f->path)) {
        const char *id = f->path + strlen("labs/scenarios/");
        return arena_printf(a, "/labs/%.*s", (int)strcspn(id, "/"), id);
    }
    bool shown = is_exam(f->path) && f->id && id_valid(f->id) && is_open(r, f->id);
    return shown ? arena_printf(a, "/exams/%s", f->id) : NULL;
}

void author_foreign_view(struct request *r, const struct author_file *h, struct view *v) {
    const struct foreign_file *f = h->foreign;
    view_text(v, "path", f->path);
    content_view_text(r, v, "title", f->title ? f->title : f->path, NULL);
    view_text(v, "kind", content_text(r, kind_of(f->path)));
    view_text(v, "version", NULL);
    view_text(v, "stale", NULL);
    view_bool(v, "broken", false);
    view_int(v, "errors", h->errors);
    view_int(v, "warnings", h->warnings);
    view_bool(v, "fine", h->errors == 0 && h->warnings == 0);
    view_text(v, "preview", preview_of(r, f));
    if (h->reason && h->reason->hides) author_kept_view(r, f->path, v);
}
