/* The author's page: courses and their health. What the check finds is kept until a file changes.
 */
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "content/content_private.h"

#define HEALTH_BYTES ((size_t)512 * 1024 * 1024)
#define SHOWN_PROBLEMS 200

struct content_health {
    struct arena arena;
    struct diag_list diags;
    int64_t serial;
    atomic_int refs;
};

void health_free(struct content_health *h) {
    if (!h || atomic_fetch_sub(&h->refs, 1) != 1) return;
    arena_release(&h->arena);
    free(h);
}

static void release_health(void *h) { health_free(h); }

void content_add_check(struct content *c,
                       void (*check)(const char *root, struct diag_list *diags)) {
    pthread_mutex_lock(&c->check_lock);
    BUG_IF(c->check_count == COUNT_OF(c->checks)); /* called by serve.c, once a room */
    c->checks[c->check_count++] = check;
    pthread_mutex_unlock(&c->check_lock);
}

/* By file and line, errors first within a line, then by column: an author goes through a file from
 * above. */
static int by_place(const void *a, const void *b) {
    const struct diag *x = *(const struct diag *const *)a, *y = *(const struct diag *const *)b;
    int order = strcmp(x->file, y->file);
    if (!order) order = (x->line > y->line) - (x->line < y->line);
    if (!order) order = (x->severity != SEVERITY_ERROR) - (y->severity != SEVERITY_ERROR);
    return order ? order : (x->column > y->column) - (x->column < y->column);
}

static void put_in_order(struct diag_list *l) {
    size_t count = (size_t)(l->errors + l->warnings), i = 0;
    struct diag **all = NEW_ARRAY(l->arena, struct diag *, count + 1);
    for (struct diag *d = l->first; d; d = d->next) all[i++] = d;
    if (count) qsort(all, count, sizeof *all, by_place);
    for (i = 0; i < count; i++) all[i]->next = all[i + 1];
    l->first = all[0];
}

static bool run_checks(struct content *c, struct content_health *h) {
    arena_init(&h->arena, HEALTH_BYTES);
    diag_init(&h->diags, &h->arena);
    volatile bool ok = false;
    if (ARENA_GUARD(&h->arena) == 0) {
        content_check_tree(c->root, &h->diags);
        for (size_t i = 0; i < c->check_count; i++) c->checks[i](c->root, &h->diags);
        put_in_order(&h->diags);
        ok = true;
    }
    h->arena.guarded = false;
    return ok;
}

/* What was found last, if it is of this state of the files; NULL: nothing is. The caller releases
 * it. */
static struct content_health *found_before(struct content *c, int64_t serial) {
    pthread_mutex_lock(&c->check_lock);
    struct content_health *h = c->health && c->health->serial == serial ? c->health : NULL;
    if (h) atomic_fetch_add(&h->refs, 1);
    pthread_mutex_unlock(&c->check_lock);
    return h;
}

struct asked {
    int64_t serial;
    bool again; /* files of other rooms are not watched: looked at anew */
    struct content_health *health;
};

/* RULE author-check: reading and checking every file takes as long as there are files. One thread
 * does it for all who ask, and no request is in its way. */
static enum err check_all(struct request *r, void *arg) {
    struct content *c = r->app->content;
    struct asked *x = arg;
    if (!x->again) x->health = found_before(c, x->serial); /* for whoever asked before */
    if (x->health) return OK;
    struct content_health *fresh = calloc(1, sizeof *fresh);
    if (!fresh) return ERR_BUSY;
    fresh->serial = x->serial;
    atomic_init(&fresh->refs, 2); /* this request's, and the one that is kept */
    if (!run_checks(c, fresh)) {
        atomic_store(&fresh->refs, 1);
        health_free(fresh);
        return ERR_BUSY;
    }
    pthread_mutex_lock(&c->check_lock);
    struct content_health *old = c->health;
    c->health = fresh;
    pthread_mutex_unlock(&c->check_lock);
    health_free(old);
    x->health = fresh;
    return OK;
}

static void problem_view(struct view *list, const struct diag *d) {
    struct view *v = view_item(list);
    view_text(v, "file", d->file);
    if (d->line) view_int(v, "line", d->line);
    view_int(v, "column", d->column);
    view_text(v, "message", d->message);
    view_text(v, "rule", d->rule);
    view_bool(v, "is_error", d->severity == SEVERITY_ERROR);
}

struct file_health {
    int errors, warnings;
};

static void count_problems(const struct content_snapshot *s, const struct diag_list *l,
                           struct file_health *out) {
    for (const struct diag *d = l ? l->first : NULL; d; d = d->next) {
        const struct content_file *f = snapshot_file(s, d->file);
        if (!f) continue;
        struct file_health *h = &out[snapshot_file_index(s, f)];
        if (d->severity == SEVERITY_ERROR) h->errors++;
        else h->warnings++;
    }
}

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

static void file_view(struct request *r, const struct content_snapshot *s,
                      const struct content_file *f, const struct file_health *h,
                      struct view *list) {
    struct view *v = view_item(list);
    view_text(v, "path", f->path);
    content_say(r, v, "title",
                f->module      ? f->module->title
                : f->programme ? f->programme->title
                : f->glossary  ? f->glossary->title
                : f->self      ? f->self->title
                               : f->path,
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
}

/* content/mops/modules/x.md belongs to the course content/mops. */
static size_t course_length(const char *path) {
    const char *slash = strchr(path + strlen("content/"), '/');
    return slash ? (size_t)(slash - path) : strlen("content");
}

static void courses_view(struct request *r, const struct content_snapshot *s,
                         const struct diag_list *l, struct view *v) {
    struct file_health *counts = NEW_ARRAY(r->arena, struct file_health, s->file_count + 1);
    count_problems(s, l, counts);
    struct view *courses = view_list(v, "courses"), *course = NULL, *files = NULL;
    size_t length = 0, broken = 0, stale = 0;
    const char *folder = NULL;
    for (size_t i = 0; i < s->file_count; i++) {
        const struct content_file *f = s->files[i];
        if (f->kind == FILE_OTHER) continue;
        if (!files || course_length(f->path) != length || strncmp(f->path, folder, length) != 0) {
            course = view_item(courses);
            length = course_length(f->path);
            folder = arena_copy(r->arena, f->path, length);
            const struct content_file *programme = snapshot_file(
                s, arena_printf(r->arena, "%s/programme.md", folder));
            view_text(course, "folder", folder);
            view_text(course, "title",
                      programme && programme->programme ? programme->programme->title : folder);
            files = view_list(course, "files");
        }
        file_view(r, s, f, &counts[i], files);
        broken += f->broken;
        stale += stale_against(s, f) != NULL;
    }
    view_int(v, "broken", (int64_t)broken);
    view_int(v, "stale", (int64_t)stale);
    view_int(v, "file_count", (int64_t)s->file_count);
}

static enum err show(struct request *r, void *arg, enum err result) {
    const struct content_snapshot *s = content_of(r);
    struct asked *x = arg;
    struct content_health *h = x->health;
    if (h) arena_defer(r->arena, release_health, h);
    if (result != OK) return result;
    struct view *v = view_new(r->arena), *problems = view_list(v, "problems");
    size_t shown = 0;
    const char *only = http_query(r, "file");
    for (const struct diag *d = h->diags.first; d && shown < SHOWN_PROBLEMS; d = d->next) {
        if (only && !str_eq(only, d->file)) continue;
        problem_view(problems, d);
        shown++;
    }
    view_text(v, "title", content_text(r, "content_author_title"));
    view_text(v, "only", only);
    view_int(v, "errors", h->diags.errors);
    view_int(v, "warnings", h->diags.warnings);
    view_bool(v, "healthy", h->diags.errors == 0 && h->diags.warnings == 0);
    view_bool(v, "cut", shown == SHOWN_PROBLEMS);
    courses_view(r, s, &h->diags, v);
    return http_page(r, "content_author", v);
}

enum err content_author_page(struct request *r) {
    struct content *c = r->app->content;
    struct asked *x = NEW(r->arena, struct asked);
    x->serial = content_of(r)->serial;
    x->again = http_query(r, "again") != NULL;
    if (!x->again) x->health = found_before(c, x->serial);
    return x->health ? show(r, x, OK) : http_offload(r, c->checker, check_all, x, show);
}
